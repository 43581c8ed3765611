/*
 * ship_options: see the header. Numbers that were not said are INT64_MIN, texts NULL, so that it is known who goes before whom; what is checked is what came
 * of all three.
 */
#include "agent/ship_options.h"

#include "base/command.h"
#include "base/file.h"
#include "base/gitconf.h"
#include "model/episode.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define SLOWEST 16384  /* bytes a second: below that, a piece takes so long that it looks like silence */
#define TEXT_MAX 4000  /* of a value in the file */
#define HEADER_MAX 200 /* of a name or a value in the head of a request */
#define SECTION "ship."

struct row { /* text or value is set */
	const char *name, *none;
	int64_t number, least, most;
	const char **text;
	int64_t *value;
};

static void rows_of(struct ship_options *o, struct row ret[static SHIP_N_OPTIONS])
{
	const struct row rows[] = {
#define TEXT(field, name, arg, none, help) { name, none, 0, 0, 0, &o->field, NULL },
#define NUMBER(field, name, arg, none, least, most, help) { name, NULL, none, least, most, NULL, &o->field },
#include "agent/ship_options.tbl"
#undef TEXT
#undef NUMBER
	};

	memcpy(ret, rows, sizeof rows);
}

void ship_options_init(struct ship_options *o)
{
	struct row rows[SHIP_N_OPTIONS];

	*o = (struct ship_options){ 0 };
	rows_of(o, rows);
	for (size_t i = 0; i < SHIP_N_OPTIONS; i++)
		if (rows[i].value)
			*rows[i].value = INT64_MIN;
}

void ship_options_rows(struct ship_options *o, struct opt *opts, size_t *n)
{
	const struct opt rows[] = {
#define TEXT(field, name, arg, none, help)                                                                   \
	{ name, 0, OPT_STRING, arg, sizeof(none) > 1 ? help " (" none ")" : help, &o->field },
#define NUMBER(field, name, arg, none, least, most, help)                                                    \
	{ name, 0, OPT_INT, arg, help " (" #none ")", &o->field },
#include "agent/ship_options.tbl"
#undef TEXT
#undef NUMBER
	};

	memcpy(opts + *n, rows, sizeof rows);
	*n += SHIP_N_OPTIONS;
}

/* ---- the file ---- */

struct reading {
	struct row *rows;
	bool said[SHIP_N_OPTIONS]; /* on the command line */
	struct arena *a;
};

static enum err_code take_entry(void *arg, const struct gitconf_entry *entry, struct err *e)
{
	struct reading *r = arg;
	struct str name = str_z(entry->name), value = str_z(entry->value);

	if (!str_starts(name, STR(SECTION)))
		return err_set(e, ERR_CONFIG, "there is no setting %.100s; all are in [ship]", entry->name);
	name = str_from(name, sizeof SECTION - 1);
	for (size_t i = 0; i < SHIP_N_OPTIONS; i++) {
		struct row *row = &r->rows[i];

		if (!str_eq(name, str_z(row->name)))
			continue;
		if (!entry->has_value || value.len > TEXT_MAX)
			return err_set(
				e, ERR_CONFIG, "%s needs a value of at most %d bytes", entry->name, TEXT_MAX);
		if (r->said[i])
			return ERR_OK;
		if (row->text)
			*row->text = arena_cstr(r->a, value);
		else if (!str_to_int(value, row->value))
			return err_set(e, ERR_CONFIG, "%s is a whole number, not \"%.60s\"", entry->name,
				entry->value);
		return ERR_OK;
	}
	return err_set(
		e, ERR_CONFIG, "there is no setting %.100s; `sluice ship --help` has the names", entry->name);
}

static enum err_code read_file(struct row *rows, const char *file, struct arena *a, struct err *e)
{
	struct reading r = { .rows = rows, .a = a };
	enum err_code code;

	for (size_t i = 0; i < SHIP_N_OPTIONS; i++)
		r.said[i] = rows[i].text ? *rows[i].text != NULL : *rows[i].value != INT64_MIN;
	code = gitconf_each(file, take_entry, &r, e);
	return code == ERR_OK ? ERR_OK : err_in(e, "%s", file);
}

/* ---- what holds ---- */

static enum err_code fill(const struct row *row, struct err *e)
{
	if (row->text) {
		if (!*row->text)
			*row->text = row->none;
		if (**row->text == '\0')
			*row->text = *row->none ? row->none : NULL;
		return ERR_OK;
	}
	if (*row->value == INT64_MIN)
		*row->value = row->number;
	if (*row->value < row->least || *row->value > row->most)
		return err_set(e, ERR_INVALID, "--%s is a number from %lld to %lld", row->name,
			(long long)row->least, (long long)row->most);
	return ERR_OK;
}

static enum err_code find_host(struct ship_options *o, struct arena *a, struct err *e)
{
	char name[HOST_NAME_MAX + 1] = "";

	if (!o->host) {
		if (gethostname(name, sizeof name - 1) != 0)
			return err_set(e, ERR_INVALID, "this machine has no name; give one with --host NAME");
		o->host = arena_cstr(a, str_z(name));
	}
	return host_name_check(str_z(o->host), e) == ERR_OK ? ERR_OK
							    : err_in(e, "--host \"%.100s\"", o->host);
}

/* A token of RFC 9110, or letters of a path: both without what would end them. */
static bool is_made_of(const char *text, const char *marks)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

	while (text[n] != '\0' && strchr(marks, text[n]))
		n += 1 +
		     strspn(text + n + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
	return text[0] != '\0' && text[n] == '\0' && n <= HEADER_MAX;
}

static size_t count(struct str text, struct str word)
{
	size_t n = 0, at;

	while ((at = str_find_str(text, word)) < text.len) {
		n++;
		text = str_from(text, at + word.len);
	}
	return n;
}

static enum err_code check_path(const struct ship_options *o, struct err *e)
{
	struct str path = str_z(o->path);
	size_t hosts = count(path, STR("{host}")), ids = count(path, STR("{id}"));

	if (o->path[0] != '/' || ids == 0 || !is_made_of(o->path, "/{}.-_~%:@!$&'()*+,;=?") ||
		count(path, STR("{")) != hosts + ids || count(path, STR("}")) != hosts + ids)
		return err_set(e, ERR_INVALID,
			"--path begins with / and has {id} in it, {host} if need be, and nothing that a URL "
			"has not");
	return ERR_OK;
}

static enum err_code check_readable(const char *name, const char *file, struct err *e)
{
	AUTO_BUF bytes;

	buf_init(&bytes, (size_t)1 << 20);
	if (!file)
		return ERR_OK;
	return file_read(file, (size_t)1 << 20, &bytes, e) == ERR_OK ? ERR_OK : err_in(e, "--%s", name);
}

static enum err_code check(const struct ship_options *o, struct err *e)
{
	if (strcmp(o->keep, "keep") != 0 && strcmp(o->keep, "remove") != 0)
		return err_set(e, ERR_INVALID, "--keep is keep or remove");
	if (!is_made_of(o->header, "-_"))
		return err_set(
			e, ERR_INVALID, "--header is the name of a header, of letters, digits, '-' and '_'");
	if (o->schema_version && !is_made_of(o->schema_version, ".-_+"))
		return err_set(
			e, ERR_INVALID, "--schema-version is of letters, digits, '.', '-', '_' and '+'");
	if (o->bytes_per_second != 0 && o->bytes_per_second < SLOWEST)
		return err_set(
			e, ERR_INVALID, "--bytes-per-second is 0 (as many as go), or %d or more", SLOWEST);
	if (o->retry_first_ms > o->retry_most_ms)
		return err_set(e, ERR_INVALID, "--retry-first is not more than --retry-most");
	if (o->key && !o->certificate)
		return err_set(e, ERR_INVALID, "--key belongs to a --certificate");
	TRY(check_path(o, e));
	TRY(check_readable("ca", o->ca, e));
	TRY(check_readable("certificate", o->certificate, e));
	return check_readable("key", o->key, e);
}

enum err_code ship_options_end(struct ship_options *o, const char *file, struct arena *a, struct err *e)
{
	struct row rows[SHIP_N_OPTIONS];

	rows_of(o, rows);
	if (file)
		TRY(read_file(rows, file, a, e));
	for (size_t i = 0; i < SHIP_N_OPTIONS; i++)
		TRY(fill(&rows[i], e));
	TRY(find_host(o, a, e));
	return check(o, e);
}

struct str ship_options_path(const struct ship_options *o, const char *id, struct arena *a)
{
	struct str rest = str_z(o->path);
	AUTO_BUF out;

	buf_init(&out, 64 * 1024);
	while (rest.len > 0) {
		bool host = str_starts(rest, STR("{host}")), name = str_starts(rest, STR("{id}"));

		if (host || name)
			buf_z(&out, host ? o->host : id);
		else
			buf_char(&out, rest.p[0]);
		rest = str_from(rest, host ? sizeof "{host}" - 1 : name ? sizeof "{id}" - 1 : 1);
	}
	return arena_str(a, buf_view(&out));
}
