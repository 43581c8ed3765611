/*
 * settings_doc: the settings told to people: what is in force, the example file, the manual's list.
 */
#include "daemon/settings_table.h"

#include <string.h>

static const char *kind_name(enum setting_kind kind)
{
	switch (kind) {
	case KIND_NUMBER:
		return "number";
	case KIND_SIZE:
		return "size";
	case KIND_TIME:
		return "time";
	case KIND_ENDPOINT:
		return "address and port";
	case KIND_URL:
		return "URL";
	case KIND_PATH:
		return "path";
	case KIND_TEXT:
		return "text";
	case KIND_LIST:
		return "text, may be given many times";
	case KIND_PATHS:
		return "path, may be given many times";
	case KIND_CHOICE:
		return "one of";
	case KIND_SWITCH:
		return "true or false";
	case KIND_SECRET:
		return "secret";
	case KIND_SECRET_LIST:
		return "secret, may be given many times";
	}
	return "";
}

static bool is_secret(const struct setting_row *row)
{
	return row->kind == KIND_SECRET || row->kind == KIND_SECRET_LIST;
}

static bool is_list(const struct setting_row *row)
{
	return row->kind == KIND_LIST || row->kind == KIND_PATHS || row->kind == KIND_SECRET_LIST ||
	       strchr(row->name, '*');
}

static void show_entry(const struct setting_entry *x, struct buf *out)
{
	const struct setting_row *row = &setting_rows[x->id];
	const char *star = strchr(row->name, '*');

	if (star)
		buf_fmt(out, "%.*s%.*s%s", (int)(star - row->name), row->name, STR_FMT(x->sub), star + 1);
	else
		buf_z(out, row->name);
	buf_fmt(out, " = %.*s  # %s\n", is_secret(row) ? 5 : (int)x->text.len,
		is_secret(row) ? "(set)" : x->text.p, x->from);
}

void settings_show(const struct settings *s, struct buf *out)
{
	for (enum setting i = 0; i < SET_N; i++) {
		const struct setting_row *row = &setting_rows[i];
		const struct setting_entry *last = setting_last(s, i);
		struct str text = setting_text(s, i);

		if (is_list(row)) {
			for (const struct setting_entry *x = s->first; x; x = x->next)
				if (x->id == i)
					show_entry(x, out);
		} else if (last) {
			show_entry(last, out);
		} else {
			buf_fmt(out, "%s = %.*s  # default\n", row->name, STR_FMT(text));
		}
	}
}

/* Prose as comments, at most 78 columns wide. */
static void comment(struct str text, struct buf *out)
{
	while (text.len > 0) {
		size_t n = text.len;

		if (n > 74) {
			n = 74;
			while (n > 0 && text.p[n] != ' ')
				n--;
			if (n == 0)
				n = 74;
		}
		buf_fmt(out, "\t# %.*s\n", (int)n, text.p);
		text = str_trim(str_from(text, n));
	}
}

static void range(const struct setting_row *row, struct buf *out)
{
	buf_z(out, kind_name(row->kind));
	if (row->kind == KIND_CHOICE)
		buf_fmt(out, ": %s", row->def);
	else if (row->max > 0)
		buf_fmt(out, ", %lld to %lld", (long long)row->min, (long long)row->max);
	buf_z(out, row->reload ? "; re-read at SIGHUP" : "; at a restart");
}

static void section_of(const char *name, struct str *ret_section, const char **ret_key)
{
	const char *dot = strchr(name, '.');

	*ret_section = (struct str){ name, (size_t)(dot - name) };
	*ret_key = strrchr(name, '.') + 1;
}

/* git-config's quoting: a backslash before a quote and before itself. */
static void live_line(const char *key, struct str value, struct buf *out)
{
	buf_fmt(out, "\t%s = \"", key);
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '"' || value.p[i] == '\\')
			buf_char(out, '\\');
		buf_char(out, value.p[i]);
	}
	buf_z(out, "\"\n\n");
}

static void example_setting(const struct setting_row *row, const char *key, struct str live, struct buf *out)
{
	struct str def = str_z(row->def);
	AUTO_BUF facts;

	buf_init(&facts, 1000);
	range(row, &facts);
	if (row->kind == KIND_CHOICE)
		def.len = str_find(def, ' ');
	comment(str_z(row->prose), out);
	buf_fmt(out, "\t# (%s)\n", buf_cstr(&facts));
	if (live.len > 0)
		live_line(key, live, out);
	else
		buf_fmt(out, "\t# %s =%s%.*s\n\n", key, def.len ? " " : "", STR_FMT(def));
}

void settings_example(struct str data, struct buf *out)
{
	struct str before = STR("");

	buf_z(out, "# sluice.conf: every setting, commented out, with its default.\n"
		   "# The syntax is that of git-config(1); `git config -f sluice.conf` edits it.\n"
		   "# `sluice config` shows what is in force; sluice.conf(5) tells more.\n\n");
	for (enum setting i = 0; i < SET_N; i++) {
		const struct setting_row *row = &setting_rows[i];
		struct str section;
		const char *key;

		section_of(row->name, &section, &key);
		if (!str_eq(section, before)) {
			bool sub = strchr(row->name, '*') != NULL;

			buf_fmt(out, "%s[%.*s%s]\n", sub ? "# " : "", STR_FMT(section),
				sub ? " \"NAME\"" : "");
			before = section;
		}
		example_setting(row, key, i == SET_DATA ? data : STR(""), out);
	}
	buf_cut(out, out->len - 1); /* the empty line behind the last one */
}

/* Backslashes and leading dots mean something to mandoc. */
static void mdoc_text(const char *text, struct buf *out)
{
	for (const char *p = text; *p; p++) {
		if (*p == '\\')
			buf_z(out, "\\e");
		else if (*p == '.' && p[1] == ' ')
			buf_z(out, ".\n"), p++;
		else
			buf_char(out, *p);
	}
}

void settings_mdoc(struct buf *out)
{
	buf_z(out, ".Bl -tag -width Ds\n");
	for (enum setting i = 0; i < SET_N; i++) {
		const struct setting_row *row = &setting_rows[i];
		AUTO_BUF facts;

		buf_init(&facts, 1000);
		range(row, &facts);
		buf_fmt(out, ".It Cm %s\n", row->name);
		mdoc_text(row->prose, out);
		buf_z(out, "\n(");
		mdoc_text(buf_cstr(&facts), out);
		if (row->def[0] && row->kind != KIND_CHOICE) {
			buf_z(out, "; default ");
			mdoc_text(row->def, out);
		}
		buf_z(out, ".)\n");
	}
	buf_z(out, ".El\n");
}
