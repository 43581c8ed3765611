/*
 * settings: from the file and the command line to checked entries.
 *
 * What was given is kept as a list in the order given; a reader takes the last of a name, or all of a list.
 * Checks are made as each is read, so that the message can name the place.
 */
#include "daemon/settings_table.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/gitconf.h"
#include "http/listen.h"
#include "model/repo.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct setting_row setting_rows[SET_N] = {
#define SETTING(id, name, kind, def, min, max, reload, prose)                                                \
	{ name, KIND_##kind, def, min, max, reload, prose },
#include "daemon/settings.tbl"
#undef SETTING
};

/* ---- values ---- */

/* "64k" with units "bkmg" and factors; a bare number has factor 1. */
static bool parse_units(struct str text, const char *units, const int64_t *factors, int64_t *ret)
{
	const char *unit = text.len > 0 ? strchr(units, text.p[text.len - 1] | 0x20) : NULL;
	int64_t n;

	if (unit && *unit)
		text.len--;
	else
		unit = NULL;
	if (!str_to_int(text, &n) || n < 0)
		return false;
	return !__builtin_mul_overflow(n, unit ? factors[unit - units] : 1, ret);
}

static enum err_code parse_number(const struct setting_row *row, struct str text, int64_t *ret, struct err *e)
{
	static const int64_t sizes[] = { INT64_C(1) << 10, INT64_C(1) << 20, INT64_C(1) << 30 };
	static const int64_t times[] = { 1, 60, 3600, 86400 };
	const char *what = "a whole number";
	int64_t n = 0;
	bool good;

	if (row->kind == KIND_SIZE) {
		what = "a size in bytes (k, m and g may follow)";
		good = parse_units(text, "kmg", sizes, &n);
	} else if (row->kind == KIND_TIME) {
		what = "a time in seconds (s, m, h and d may follow)";
		good = parse_units(text, "smhd", times, &n);
	} else {
		good = str_to_int(text, &n);
	}
	if (!good || n < row->min || n > row->max)
		return err_set(e, ERR_CONFIG, "\"%.*s\" is not %s from %lld to %lld; the default is %s",
			(int)(text.len < 60 ? text.len : 60), text.p, what, (long long)row->min,
			(long long)row->max, row->def);
	*ret = n;
	return ERR_OK;
}

static enum err_code parse_choice(const struct setting_row *row, struct str text, struct err *e)
{
	for (struct str rest = str_z(row->def); rest.len > 0;) {
		struct str word = { rest.p, str_find(rest, ' ') };

		if (str_eq(word, text))
			return ERR_OK;
		rest = str_trim(str_from(rest, word.len));
	}
	return err_set(e, ERR_CONFIG, "\"%.*s\" is not one of: %s", (int)(text.len < 60 ? text.len : 60),
		text.p, row->def);
}

static enum err_code parse_switch(struct str text, int64_t *ret, struct err *e)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eq_nocase(text, str_z(words[i]))) {
			*ret = i % 2;
			return ERR_OK;
		}
	return err_set(e, ERR_CONFIG, "\"%.*s\" is neither true nor false",
		(int)(text.len < 60 ? text.len : 60), text.p);
}

static enum err_code parse_url(struct str text, struct err *e)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (str_starts(text, str_z(schemes[i])) && text.len > strlen(schemes[i]))
			return ERR_OK;
	return err_set(e, ERR_CONFIG,
		"\"%.*s\" is no address of a server; write it as https://git.example.org",
		(int)(text.len < 80 ? text.len : 80), text.p);
}

/* A secret's text never appears in a message. */
static enum err_code parse_secret(const struct setting_row *row, struct str text, struct err *e)
{
	bool is_mask = row->kind == KIND_SECRET_LIST;

	if (str_trim(text).len == 0)
		return err_set(e, ERR_CONFIG, "the value is empty");
	if (is_mask && (str_trim(text).len < MASK_VALUE_MIN || text.len > MASK_VALUE_MAX))
		return err_set(e, ERR_CONFIG, "the value has %zu bytes; a secret to be masked has %d to %d",
			text.len, MASK_VALUE_MIN, MASK_VALUE_MAX);
	return ERR_OK;
}

enum err_code setting_parse(
	const struct setting_row *row, struct str text, int64_t *ret_number, struct err *e)
{
	switch (row->kind) {
	case KIND_NUMBER:
	case KIND_SIZE:
	case KIND_TIME:
		return parse_number(row, text, ret_number, e);
	case KIND_CHOICE:
		return parse_choice(row, text, e);
	case KIND_SWITCH:
		return parse_switch(text, ret_number, e);
	case KIND_SECRET:
	case KIND_SECRET_LIST:
		return parse_secret(row, text, e);
	case KIND_ENDPOINT:
		return listen_check(text, e);
	case KIND_URL:
		return parse_url(text, e);
	case KIND_PATH:
	case KIND_TEXT:
	case KIND_LIST:
		if (text.len == 0)
			return err_set(
				e, ERR_CONFIG, "the value is empty; leave the line out for the default");
		return ERR_OK;
	case KIND_PATHS:
		return ERR_OK;
	}
	return ERR_OK;
}

/* ---- names ---- */

/* "forge.NAME.key" against "forge.*.key"; anything else must be equal. ret_sub: NAME. */
static bool name_matches(const char *row, struct str name, struct str *ret_sub)
{
	const char *star = strchr(row, '*');
	struct str head, tail;

	*ret_sub = STR("");
	if (!star)
		return str_eq(str_z(row), name);
	head = (struct str){ row, (size_t)(star - row) };
	tail = str_z(star + 1);
	if (!str_starts(name, head) || !str_ends(name, tail) || name.len <= head.len + tail.len)
		return false;
	*ret_sub = (struct str){ name.p + head.len, name.len - head.len - tail.len };
	return true;
}

static bool find_row(struct str name, enum setting *ret_id, struct str *ret_sub)
{
	for (enum setting i = 0; i < SET_N; i++)
		if (name_matches(setting_rows[i].name, name, ret_sub)) {
			*ret_id = i;
			return true;
		}
	return false;
}

/* Levenshtein, two rows; names longer than this are not near anything. */
#define NEAR_MAX 64
static size_t distance(struct str a, struct str b)
{
	size_t row[NEAR_MAX + 1];

	if (a.len > NEAR_MAX || b.len > NEAR_MAX)
		return NEAR_MAX;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = diagonal + (a.p[i - 1] != b.p[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[b.len];
}

static const char *nearest(struct str name)
{
	const char *best = setting_rows[0].name;
	size_t least = SIZE_MAX;

	for (enum setting i = 0; i < SET_N; i++) {
		size_t d = distance(name, str_z(setting_rows[i].name));

		if (d < least) {
			least = d;
			best = setting_rows[i].name;
		}
	}
	return best;
}

/* ---- reading ---- */

/* NAME of a section is that of a forge and the like; of [dispatch] a repo's. */
static enum err_code check_sub(enum setting id, struct str sub, struct err *e)
{
	if (sub.len == 0)
		return ERR_OK;
	if (strncmp(setting_rows[id].name, "dispatch.", 9) == 0)
		return repo_name_check(sub, e);
	return forge_name_check(sub, e);
}

static enum err_code add(
	struct settings *s, struct str name, struct str text, const char *from, struct err *e)
{
	struct setting_entry *x = arena_alloc(&s->arena, sizeof *x);
	struct str sub;

	if (!find_row(name, &x->id, &sub))
		return err_set(e, ERR_CONFIG, "%s: there is no setting \"%.*s\"; the nearest is %s", from,
			(int)(name.len < 80 ? name.len : 80), name.p, nearest(name));
	if (setting_parse(&setting_rows[x->id], text, &x->number, e) != ERR_OK)
		return err_in(e, "%s: %.*s", from, STR_FMT(name));
	if (check_sub(x->id, sub, e) != ERR_OK) {
		err_in(e, "%s: [%.*s \"%.*s\"]", from, (int)str_find(name, '.'), name.p,
			(int)(sub.len < 80 ? sub.len : 80), sub.p);
		return e ? (e->code = ERR_CONFIG) : ERR_CONFIG;
	}
	x->sub = arena_str(&s->arena, sub);
	x->text = arena_str(&s->arena, text);
	x->from = from;
	if (s->last)
		s->last->next = x;
	else
		s->first = x;
	s->last = x;
	return ERR_OK;
}

static enum err_code add_entry(void *arg, const struct gitconf_entry *entry, struct err *e)
{
	struct settings *s = arg;
	/* A key without "=" is git's way of saying true. */
	struct str text = entry->has_value ? str_z(entry->value) : STR("true");

	return add(s, str_z(entry->name), text, s->file, e);
}

static bool is_secret(struct str name)
{
	enum setting id;
	struct str sub;

	return find_row(name, &id, &sub) &&
	       (setting_rows[id].kind == KIND_SECRET || setting_rows[id].kind == KIND_SECRET_LIST);
}

static enum err_code add_set(struct settings *s, const char *set, struct err *e)
{
	struct str whole = str_z(set);
	size_t eq = str_find(whole, '=');
	struct str name = { set, eq };

	if (eq == whole.len)
		return err_set(e, ERR_CONFIG, "--set %s: write it as section.key=value", set);
	if (is_secret(name))
		return err_set(e, ERR_CONFIG,
			"--set %.*s: a command line is read by everybody on the machine; write a secret into "
			"the file",
			STR_FMT(name));
	return add(s, name, str_from(whole, eq + 1), "--set", e);
}

const char *settings_path(const char *config)
{
	const char *env = getenv("SLUICE_CONFIG");

	if (config)
		return config;
	return env && *env ? env : NULL;
}

enum err_code settings_load(const struct settings_source *from, struct settings **ret, struct err *e)
{
	struct settings *s = mem_alloc(sizeof *s);
	const char *path = settings_path(from->config);
	enum err_code code = ERR_OK;

	arena_init(&s->arena);
	if (!path && file_exists("/etc/sluice/sluice.conf"))
		path = "/etc/sluice/sluice.conf";
	if (path) {
		s->file = arena_cstr(&s->arena, str_z(path));
		code = gitconf_each(path, add_entry, s, e);
		if (code == ERR_NOT_FOUND)
			code = err_set(e, ERR_CONFIG,
				"%s: there is no such file; `sluice init --config %s` makes one", path, path);
	}
	for (size_t i = 0; i < from->n_sets && code == ERR_OK; i++)
		code = add_set(s, from->sets[i], e);
	if (code != ERR_OK) {
		settings_free(s);
		return code;
	}
	*ret = s;
	return ERR_OK;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	arena_done(&s->arena);
	free(s);
}

const char *settings_file(const struct settings *s)
{
	return s->file;
}

const struct setting_entry *setting_last(const struct settings *s, enum setting id)
{
	const struct setting_entry *found = NULL;

	for (const struct setting_entry *x = s->first; x; x = x->next)
		if (x->id == id)
			found = x;
	return found;
}

const struct setting_entry *setting_last_of(const struct settings *s, enum setting id, struct str sub)
{
	const struct setting_entry *found = NULL;

	for (const struct setting_entry *x = s->first; x; x = x->next)
		if (x->id == id && str_eq_nocase(x->sub, sub))
			found = x;
	return found;
}

size_t setting_count_of(const struct settings *s, enum setting id, struct str sub)
{
	size_t n = 0;

	for (const struct setting_entry *x = s->first; x; x = x->next)
		n += x->id == id && str_eq_nocase(x->sub, sub);
	return n;
}

int64_t setting_number(const struct settings *s, enum setting id)
{
	const struct setting_entry *x = setting_last(s, id);
	enum err_code code;
	int64_t n = 0;

	if (x)
		return x->number;
	code = setting_parse(&setting_rows[id], str_z(setting_rows[id].def), &n, NULL);
	assert(code == ERR_OK); /* a default that is wrong is ours */
	return n;
}

struct str setting_text(const struct settings *s, enum setting id)
{
	const struct setting_entry *x = setting_last(s, id);
	struct str def = str_z(setting_rows[id].def);

	if (x)
		return x->text;
	if (setting_rows[id].kind == KIND_CHOICE)
		def.len = str_find(def, ' ');
	return def;
}

enum err_code settings_data(const struct settings *s, struct arena *a, struct str *ret, struct err *e)
{
	const char *state = getenv("STATE_DIRECTORY"), *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	struct str set = setting_text(s, SET_DATA);

	if (set.len > 0)
		*ret = arena_str(a, set);
	else if (state && *state) /* systemd separates several by colons; the first is ours */
		*ret = arena_str(a, (struct str){ state, str_find(str_z(state), ':') });
	else if (xdg && *xdg)
		*ret = arena_fmt(a, "%s/sluice", xdg);
	else if (home && *home)
		*ret = arena_fmt(a, "%s/.local/share/sluice", home);
	else
		return err_set(e, ERR_CONFIG,
			"store.data is not set and there is no $HOME to derive it from; set [store] data");
	return ERR_OK;
}
