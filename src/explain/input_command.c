/*
 * input_command: four grammars of one line, told apart by their first bytes.
 *
 * Each is cut into a command, properties and a message, undone of its escapes, and then they are one: what a property
 * is called differs (file, sourcepath), so a table says which is which. A property that nobody knows is passed over.
 */
#include "explain/input_command.h"

#include "base/utf8.h"
#include "explain/place.h"

#include <string.h>

/* A line has no more to say than this. */
#define VALUE_MAX ((size_t)4096)

enum prop {
	PROP_FILE,
	PROP_LINE,
	PROP_COL,
	PROP_TITLE,
	PROP_CODE,
	PROP_TYPE,
	PROP_NAME,
	PROP_MESSAGE,
	PROP_DETAILS,
	PROP_STATUS,
	N_PROPS
};

static const struct {
	struct str name;
	enum prop prop;
} props[] = {
	{ { "file", 4 }, PROP_FILE },
	{ { "sourcepath", 10 }, PROP_FILE },
	{ { "line", 4 }, PROP_LINE },
	{ { "linenumber", 10 }, PROP_LINE },
	{ { "col", 3 }, PROP_COL },
	{ { "columnnumber", 12 }, PROP_COL },
	{ { "title", 5 }, PROP_TITLE },
	{ { "code", 4 }, PROP_CODE },
	{ { "typeId", 6 }, PROP_CODE },
	{ { "type", 4 }, PROP_TYPE },
	{ { "SEVERITY", 8 }, PROP_TYPE },
	{ { "name", 4 }, PROP_NAME },
	{ { "message", 7 }, PROP_MESSAGE },
	{ { "description", 11 }, PROP_MESSAGE },
	{ { "text", 4 }, PROP_MESSAGE },
	{ { "details", 7 }, PROP_DETAILS },
	{ { "errorDetails", 12 }, PROP_DETAILS },
	{ { "status", 6 }, PROP_STATUS },
};

/* What a runner says by itself. Not the step's words, but the last that a log has. */
static const struct {
	const char *begins;
	enum error_role role;
	enum error_class class;
} runner_says[] = {
	{ "Process completed with exit code", ERROR_CONSEQUENCE, CLASS_UNKNOWN },
	{ "Bash exited with code", ERROR_CONSEQUENCE, CLASS_UNKNOWN },
	{ "PowerShell exited with code", ERROR_CONSEQUENCE, CLASS_UNKNOWN },
	{ "Cmd.exe exited with code", ERROR_CONSEQUENCE, CLASS_UNKNOWN },
	{ "The process '", ERROR_CONSEQUENCE, CLASS_UNKNOWN },
	{ "The operation was canceled", ERROR_CAUSE, CLASS_CANCELLED },
	{ "The operation was cancelled", ERROR_CAUSE, CLASS_CANCELLED },
	{ "The run was canceled by", ERROR_CAUSE, CLASS_CANCELLED },
	{ "The action '", ERROR_CAUSE, CLASS_TIMEOUT }, /* .. has timed out after 5 minutes */
	{ "The job running on runner", ERROR_CAUSE, CLASS_TIMEOUT },
	{ "The job has exceeded the maximum execution time", ERROR_CAUSE, CLASS_TIMEOUT },
	{ "The runner has received a shutdown signal", ERROR_CAUSE, CLASS_RUNNER_LOST },
	{ "The hosted runner", ERROR_CAUSE, CLASS_RUNNER_LOST },
	{ "The self-hosted runner", ERROR_CAUSE, CLASS_RUNNER_LOST },
	{ "No space left on device", ERROR_CAUSE, CLASS_DISK },
};

/* A command, cut up. */
struct command {
	enum error_severity severity;
	enum error_class class;
	struct str tool;
	struct str message;        /* undone of its escapes */
	struct str props[N_PROPS]; /* the same */
};

struct reader {
	struct input *in;
	struct arena line;     /* memory of one line */
	struct str stop_token; /* GitHub's commands are off until it comes; empty: they are on */
	struct arena token;
};

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* ---- GitHub and Azure ---- */

/* %0A as in URLs, but of these few only: any other % is meant. Azure writes %AZP25 for %25. */
static struct str undo_percent(struct reader *r, struct str s)
{
	static const struct {
		struct str escape;
		char c;
	} escapes[] = { { { "%25", 3 }, '%' }, { { "%0A", 3 }, '\n' }, { { "%0D", 3 }, '\r' },
		{ { "%3A", 3 }, ':' }, { { "%2C", 3 }, ',' }, { { "%3B", 3 }, ';' }, { { "%5D", 3 }, ']' },
		{ { "%AZP25", 6 }, '%' } };
	size_t n = 0, k, n_escapes = sizeof escapes / sizeof escapes[0];

	if (s.len > VALUE_MAX)
		s.len = VALUE_MAX;
	if (str_find(s, '%') == s.len)
		return s;
	char *out = arena_alloc(&r->line, s.len);
	for (size_t i = 0; i < s.len; n++) {
		for (k = 0; k < n_escapes && !str_starts(str_from(s, i), escapes[k].escape); k++)
			;
		out[n] = k < n_escapes ? escapes[k].c : s.p[i];
		i += k < n_escapes ? escapes[k].escape.len : 1;
	}
	return (struct str){ out, n };
}

static void set_prop(struct command *c, struct str name, struct str value)
{
	for (size_t i = 0; i < sizeof props / sizeof props[0]; i++)
		if (str_eq(props[i].name, name))
			c->props[props[i].prop] = value;
}

/* "file=a.c,line=1": separated by one of these characters. */
static void read_pairs(struct reader *r, struct str s, char between, struct command *c)
{
	for (size_t end; s.len > 0; s = str_from(s, end + 1)) {
		end = str_find(s, between);
		struct str pair = str_trim((struct str){ s.p, end });
		size_t eq = str_find(pair, '=');

		if (eq < pair.len)
			set_prop(c, (struct str){ pair.p, eq }, undo_percent(r, str_from(pair, eq + 1)));
	}
}

/* While commands are off only the token counts. True: the line is used up. */
static bool heed_stop(struct reader *r, struct str word, struct str message)
{
	if (r->stop_token.len > 0) {
		if (str_eq(word, r->stop_token))
			r->stop_token = STR("");
		return true;
	}
	if (!str_eq(word, STR("stop-commands")))
		return false;
	arena_done(&r->token);
	r->stop_token = arena_str(&r->token, str_trim(message));
	return true;
}

/* ::error file=a.c,line=1::message */
static bool read_github(struct reader *r, struct str s, struct command *c)
{
	struct str rest = str_from(s, 2);
	size_t close = str_find_str(rest, STR("::")), blank = str_find(rest, ' ');
	struct str word = { rest.p, blank < close ? blank : close }, message = str_from(rest, close + 2);

	if (close == rest.len || word.len == 0 || heed_stop(r, word, message))
		return false;
	if (!str_eq(word, STR("error")) && !str_eq(word, STR("warning")) && !str_eq(word, STR("notice")))
		return false;
	input_severity(word, &c->severity);
	read_pairs(r, str_from((struct str){ rest.p, close }, word.len), ',', c);
	c->message = undo_percent(r, message);
	return true;
}

/* ##[error]message */
static bool read_bracket(struct reader *r, struct str s, struct command *c)
{
	size_t close = str_find(s, ']');
	struct str word = { s.p + 3, close - 3 };

	(void)r;
	if (close == s.len || !(str_eq_nocase(word, STR("error")) || str_eq_nocase(word, STR("warning"))))
		return false;
	input_severity(word, &c->severity);
	c->message = str_from(s, close + 1);
	return true;
}

/* ##vso[task.logissue type=error;sourcepath=a.c]message */
static bool read_azure(struct reader *r, struct str s, struct command *c)
{
	size_t close = str_find(s, ']');
	struct str inner = { s.p + 6, close - 6 };
	size_t blank = str_find(inner, ' ');

	if (close == s.len || !str_eq((struct str){ inner.p, blank }, STR("task.logissue")))
		return false;
	read_pairs(r, str_from(inner, blank + 1), ';', c);
	c->tool = STR("azure");
	c->message = undo_percent(r, str_from(s, close + 1));
	return input_severity(c->props[PROP_TYPE], &c->severity);
}

/* ---- TeamCity ---- */

/* The value that begins behind the quote at i: *ret_end is behind its closing quote. */
static struct str teamcity_value(struct reader *r, struct str s, size_t i, size_t *ret_end)
{
	AUTO_BUF out;
	uint32_t code = 0;

	buf_init(&out, 2 * VALUE_MAX);
	for (i++; i < s.len && s.p[i] != '\''; i++) {
		char c = s.p[i];
		if (c == '|' && i + 1 < s.len) {
			c = s.p[++i];
			if (c == '0' && i + 5 < s.len && s.p[i + 1] == 'x') { /* |0x2764 */
				code = 0;
				for (size_t k = 2; k < 6; k++)
					code = code << 4 | (uint32_t)(hex(s.p[i + k]) & 15);
				utf8_encode(code >= 0xd800 && code < 0xe000 ? 0xfffd : code, &out);
				i += 5;
				continue;
			}
			c = c == 'n' ? '\n' : c == 'r' ? '\r' : c;
		}
		if (out.len < VALUE_MAX)
			buf_char(&out, c);
	}
	*ret_end = i < s.len ? i + 1 : i;
	return arena_str(&r->line, buf_view(&out));
}

static void teamcity_pairs(struct reader *r, struct str s, struct command *c)
{
	size_t i = 0;

	while (i < s.len && s.p[i] != ']') {
		size_t eq = i + str_find(str_from(s, i), '=');
		struct str name = str_trim((struct str){ s.p + i, eq - i });

		if (eq + 1 >= s.len || s.p[eq + 1] != '\'')
			return;
		set_prop(c, name, teamcity_value(r, s, eq + 1, &i));
	}
}

static const struct {
	struct str word;
	enum error_class class;
} teamcity_words[] = {
	{ { "testFailed", 10 }, CLASS_TEST },
	{ { "buildProblem", 12 }, CLASS_UNKNOWN },
	{ { "message", 7 }, CLASS_UNKNOWN },
	{ { "inspection", 10 }, CLASS_LINT },
};

/* ##teamcity[testFailed name='n' message='m'] */
static bool read_teamcity(struct reader *r, struct str s, struct command *c)
{
	struct str inner = str_from(s, 11);
	size_t blank = str_find(inner, ' ');
	struct str word = { inner.p, blank };

	for (size_t i = 0; i < sizeof teamcity_words / sizeof teamcity_words[0]; i++) {
		if (!str_eq(teamcity_words[i].word, word))
			continue;
		teamcity_pairs(r, str_from(inner, blank), c);
		c->tool = STR("teamcity");
		c->severity = SEVERITY_ERROR;
		c->class = teamcity_words[i].class;
		c->message = c->props[PROP_MESSAGE];
		if (c->class == CLASS_TEST && str_eq(c->props[PROP_TYPE], STR("comparisonFailure")))
			c->class = CLASS_ASSERTION;
		else if (c->class == CLASS_LINT)
			input_severity(c->props[PROP_TYPE], &c->severity);
		else if (str_eq(word, STR("message")))
			return input_severity(c->props[PROP_STATUS], &c->severity);
		return true;
	}
	return false;
}

/* ---- all ---- */

static void heed_runner(struct finding *f)
{
	for (size_t i = 0; i < sizeof runner_says / sizeof runner_says[0]; i++) {
		if (str_starts(f->message, str_z(runner_says[i].begins))) {
			f->role = f->role == ERROR_CONTEXT ? ERROR_CONTEXT : runner_says[i].role;
			f->class = runner_says[i].class;
			return;
		}
	}
}

/* Where no property says it, the message itself may begin with the place, or the details have a trace. */
static void set_where(struct input *in, const struct command *c, struct finding *f)
{
	struct place p;

	f->file = input_keep_path(in, c->props[PROP_FILE]);
	f->line = input_number(c->props[PROP_LINE]);
	f->col = input_number(c->props[PROP_COL]);
	if (f->file.len > 0)
		return;
	if (!place_at_start(c->message, &p) && !place_in_trace(c->props[PROP_DETAILS], f->test, &p))
		return;
	f->file = input_keep_path(in, p.file);
	f->line = p.line;
	f->col = p.col;
}

static void tell(struct input *in, const struct command *c, size_t line)
{
	struct finding *f = input_add(in, c->severity, line, line + 1);
	struct str title = c->props[PROP_TITLE];

	if (!f)
		return;
	f->class = c->class;
	f->tool = c->tool;
	f->code = input_keep(in, c->props[PROP_CODE]);
	f->test = input_keep(in, c->props[PROP_NAME]);
	f->message = input_keep(in, c->message.len > 0 ? c->message : c->props[PROP_DETAILS]);
	if (title.len > 0 && str_find_str(c->message, title) == c->message.len)
		f->message = input_keep_fmt(in, "%.*s: %.*s", STR_FMT(title), STR_FMT(c->message));
	set_where(in, c, f);
	heed_runner(f);
}

static bool read_line(struct reader *r, struct str s, struct command *c)
{
	if (s.len < 5)
		return false;
	if (s.p[0] == ':')
		return s.p[1] == ':' && read_github(r, s, c);
	if (s.p[0] != '#' || s.p[1] != '#')
		return false;
	if (s.p[2] == '[')
		return read_bracket(r, s, c);
	if (str_starts(s, STR("##vso[")))
		return read_azure(r, s, c);
	return str_starts(s, STR("##teamcity[")) && read_teamcity(r, s, c);
}

void input_command(struct input *in)
{
	struct reader r = { .in = in };

	in->name = STR("command");
	for (size_t i = 0; i < in->log->n; i++) {
		struct command c = { .class = CLASS_UNKNOWN };

		if (read_line(&r, str_trim(lines_text(in->log, i)), &c))
			tell(in, &c, i);
		if (r.line.head)
			arena_done(&r.line);
	}
	arena_done(&r.token);
}
