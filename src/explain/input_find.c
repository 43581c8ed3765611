/*
 * input_find: which format a text is in, and where in a log there is one.
 *
 * A whole text is told by its first bytes, and JSON by what its root has. In a log a report begins at a line that
 * begins as one does; where it ends its own grammar says. To look is cheap, to try is not: a report in a log may have
 * INPUT_PIECE_MAX bytes, and INPUT_JOINED_MAX in all are tried, so that a log full of beginnings does not stall it.
 */
#include "explain/input.h"

#include "base/json.h"
#include "explain/input_command.h"
#include "explain/input_junit.h"
#include "explain/input_rdjson.h"
#include "explain/input_sarif.h"
#include "explain/input_tap.h"
#include "explain/line_prefix.h"
#include "text/escape.h"

#include <assert.h>
#include <string.h>

#define INPUT_PIECE_MAX ((size_t)16 * 1024 * 1024)
#define INPUT_JOINED_MAX ((size_t)128 * 1024 * 1024)

static const char *const kind_names[INPUT_N_KINDS] = {
	[INPUT_NONE] = "none",
	[INPUT_JUNIT] = "junit",
	[INPUT_SARIF] = "sarif",
	[INPUT_TAP] = "tap",
	[INPUT_RDJSON] = "rdjson",
	[INPUT_RDJSONL] = "rdjsonl",
};

const char *input_kind_name(enum input_kind k)
{
	assert(k < INPUT_N_KINDS);
	return kind_names[k];
}

/* ---- a whole text ---- */

static struct str without_bom(struct str s)
{
	return str_from(s, str_starts(s, STR("\xef\xbb\xbf")) ? 3 : 0);
}

static struct str first_line(struct str s)
{
	s = str_trim(s);
	return str_trim((struct str){ s.p, str_find(s, '\n') });
}

/* The first of these names that stands in the text as a key. */
static enum input_kind kind_of_json(struct str text)
{
	size_t sarif = str_find_str(text, STR("\"runs\"")),
	       rdjson = str_find_str(text, STR("\"diagnostics\""));

	if (input_rdjsonl_looks(first_line(text)) && sarif == text.len &&
		str_find_str(first_line(text), STR("\"diagnostics\"")) == first_line(text).len)
		return INPUT_RDJSONL;
	if (sarif == text.len && rdjson == text.len)
		return INPUT_NONE;
	return sarif <= rdjson ? INPUT_SARIF : INPUT_RDJSON;
}

/* A plan or a test in the first lines, behind comments at most. */
static bool looks_like_tap(struct str text)
{
	for (int i = 0; i < 20 && text.len > 0; i++) {
		struct str line = first_line(text);

		if (str_starts(line, STR("TAP version ")) || str_starts(line, STR("1..")) ||
			str_starts(line, STR("ok 1")) || str_starts(line, STR("not ok 1")))
			return true;
		if (line.len > 0 && line.p[0] != '#')
			return false;
		text = str_from(text, (size_t)(line.p - text.p) + line.len);
	}
	return false;
}

enum input_kind input_sniff(struct str text)
{
	struct str s = str_trim(without_bom(text));

	if (s.len == 0)
		return INPUT_NONE;
	if (s.p[0] == '<')
		return str_find_str(s, STR("<testsuite")) < s.len ? INPUT_JUNIT : INPUT_NONE;
	if (s.p[0] == '{')
		return kind_of_json(s);
	return looks_like_tap(s) ? INPUT_TAP : INPUT_NONE;
}

static enum err_code read_json(struct input *in, struct str text, struct err *e)
{
	struct json_doc *doc;
	enum err_code code;

	TRY(json_parse(text, JSON_REPAIR_TEXT, &doc, e));
	if (json_kind(json_get(json_root(doc), "runs")) == JSON_ARRAY)
		code = input_sarif(in, json_root(doc), e);
	else
		code = input_rdjson(in, json_root(doc), e);
	json_free(doc);
	return code;
}

static enum err_code read_rdjsonl(struct input *in, struct str text, struct err *e)
{
	size_t n = 0, n_bad = 0, first_bad = 0, at = 0;

	for (size_t end; text.len > 0; text = str_from(text, end + 1), at++) {
		end = str_find(text, '\n');
		struct str line = str_trim((struct str){ text.p, end });

		if (line.len == 0)
			continue;
		if (input_rdjsonl_line(in, line, at))
			n++;
		else if (n_bad++ == 0)
			first_bad = at + 1;
	}
	if (n_bad > 0)
		return err_set(e, ERR_INVALID,
			"line %zu is no diagnostic of rdjsonl; so are %zu of %zu lines", first_bad, n_bad,
			n + n_bad);
	return ERR_OK;
}

static enum err_code read_tap(struct input *in, struct str text, struct err *e)
{
	size_t n_points;
	AUTO_LINES l = { 0 };

	TRY(lines_init(&l, text, e));
	input_tap(in, &l, 0, &n_points);
	return ERR_OK;
}

enum err_code input_report(struct str text, struct findings *out, enum input_kind *ret_kind, struct err *e)
{
	return input_report_cases(text, out, NULL, ret_kind, e);
}

enum err_code input_report_cases(struct str text, struct findings *out, struct input_cases *cases,
	enum input_kind *ret_kind, struct err *e)
{
	struct input in = { .out = out, .cases = cases };
	enum input_kind kind = input_sniff(text);

	if (text.len > INPUT_REPORT_MAX)
		return err_set(
			e, ERR_TOO_LARGE, "has %zu bytes; a report may have %zu", text.len, INPUT_REPORT_MAX);
	if (ret_kind)
		*ret_kind = kind;
	text = without_bom(text);
	switch (kind) {
	case INPUT_JUNIT:
		return input_junit(&in, text, NULL, e);
	case INPUT_SARIF:
	case INPUT_RDJSON:
		return read_json(&in, text, e);
	case INPUT_RDJSONL:
		return read_rdjsonl(&in, text, e);
	case INPUT_TAP:
		return read_tap(&in, text, e);
	case INPUT_NONE:
	case INPUT_N_KINDS:
		break;
	}
	return err_set(e, ERR_MEDIA, "is none of JUnit XML, SARIF, TAP, rdjson, rdjsonl");
}

/* ---- in a log ---- */

struct finder {
	const struct lines *log;
	struct findings *out;
	struct buf piece; /* lines of the log, as the tool wrote them */
	size_t joined;    /* bytes that went through it */
	struct input rdjsonl;
};

/* The whole of a line, also of one that is longer than what lines.h keeps of it. */
static void add_line(struct finder *d, size_t i)
{
	const struct lines_line *l = &d->log->v[i];
	enum line_level level;

	if (l->len <= LINES_LOOK) {
		buf_str(&d->piece, lines_text(d->log, i));
	} else {
		size_t from = d->piece.len;

		escape_take_out((struct str){ d->log->log.p + l->start, l->len }, &d->piece);
		size_t prefix = line_prefix(str_from(buf_view(&d->piece), from), &level);
		memmove(d->piece.p + from, d->piece.p + from + prefix, d->piece.len - from - prefix);
		buf_cut(&d->piece, d->piece.len - prefix);
	}
	buf_char(&d->piece, '\n');
}

/* Lines from `from` to the one that is_last, or until the piece is full; the number of them. */
static size_t join(struct finder *d, size_t from, bool (*is_last)(struct str line))
{
	size_t i = from, n_lines = d->log->n;
	bool done = false;

	buf_reset(&d->piece);
	for (; !done && i < n_lines && d->piece.len + d->log->v[i].len < INPUT_PIECE_MAX; i++) {
		add_line(d, i);
		done = is_last(lines_text(d->log, i));
	}
	d->joined += d->piece.len;
	return i - from;
}

static bool may_try(struct finder *d)
{
	return d->joined < INPUT_JOINED_MAX;
}

static bool begins_junit(struct str s)
{
	return str_starts(s, STR("<testsuite")) ||
	       (str_starts(s, STR("<?xml")) && str_find_str(s, STR("?>")) < s.len);
}

static bool ends_junit(struct str s)
{
	return str_find_str(s, STR("</testsuites>")) < s.len;
}

/* XML at line i: how many lines of it were read; 0: it is none. One that is cut or broken is read up to there. */
static size_t try_junit(struct finder *d, size_t i)
{
	struct input in = { .out = d->out, .log = d->log, .line_at = i };
	size_t end = 0;
	enum err_code code;

	join(d, i, ends_junit);
	code = input_junit(&in, buf_view(&d->piece), &end, NULL);
	return code == ERR_MEDIA ? 0 : end;
}

/* The brace in the first column that closes an object printed over many lines. */
static bool is_closing_brace(struct str s)
{
	return str_eq(s, STR("}"));
}

static bool is_first(struct str s)
{
	(void)s;
	return true;
}

static size_t try_json(struct finder *d, size_t i)
{
	struct str s = str_trim(lines_text(d->log, i));
	struct input in = { .out = d->out, .log = d->log, .line_at = i };
	bool one_line = d->log->v[i].len > LINES_LOOK || str_ends(s, STR("}"));
	size_t n;
	enum input_kind kind;

	if (!one_line && s.len > 1 && str_find(s, '"') == s.len)
		return 0;
	n = join(d, i, one_line ? is_first : is_closing_brace);
	kind = input_sniff(buf_view(&d->piece));
	if (kind != INPUT_SARIF && kind != INPUT_RDJSON)
		return 0;
	return read_json(&in, buf_view(&d->piece), NULL) == ERR_OK ? n : 0;
}

static bool try_rdjsonl(struct finder *d, size_t i)
{
	struct str s = str_trim(lines_text(d->log, i));

	if (!input_rdjsonl_looks(s) && d->log->v[i].len <= LINES_LOOK)
		return false;
	buf_reset(&d->piece);
	add_line(d, i);
	return input_rdjsonl_line(&d->rdjsonl, str_trim(buf_view(&d->piece)), i);
}

/* Lines that a report takes which begins at line i; 0: none does. */
static size_t try_line(struct finder *d, size_t i)
{
	struct str s = lines_text(d->log, i);

	if (s.len == 0 || !may_try(d))
		return 0;
	if (s.p[0] == '<' && begins_junit(s))
		return try_junit(d, i);
	if (s.p[0] != '{')
		return 0;
	return try_rdjsonl(d, i) ? 1 : try_json(d, i);
}

void input_log(const struct lines *log, struct findings *out)
{
	struct finder d = { .log = log, .out = out, .rdjsonl = { .out = out, .log = log } };
	struct input command = { .out = out, .log = log }, tap = command;
	size_t from, n_points;

	buf_init(&d.piece, INPUT_PIECE_MAX + 1);
	for (size_t i = 0, n; i<log->n; i += n> 0 ? n : 1)
		n = try_line(&d, i);
	buf_done(&d.piece);
	input_command(&command);
	if (input_tap_find(log, &from))
		input_tap(&tap, log, from, &n_points);
}
