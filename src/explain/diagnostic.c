/*
 * diagnostic: by hand rather than by patterns, because every line of a log is asked: most are settled by their first
 * characters, the others by one scan for a place.
 */
#include "explain/diagnostic.h"

#include "explain/place.h"

#include <string.h>

#define MESSAGE_MIN 3

/* What a line says. */
struct said {
	struct str file, code, message;
	int64_t line, col;
	enum error_severity severity;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static struct str skip(struct str s, const char *set)
{
	while (s.len > 0 && strchr(set, s.p[0]))
		s = str_from(s, 1);
	return s;
}

/* Digits at the start of *s, which moves behind them; 0: none. */
static int64_t take_number(struct str *s)
{
	size_t n = 0;

	while (n < s->len && n < 9 && is_digit(s->p[n]))
		n++;
	int64_t value = input_number((struct str){ s->p, n });
	*s = str_from(*s, n);
	return value;
}

/* A severity in front of the message: "error:", "warning CS1:", "Error -", "[W]", "C:"; *s moves behind it. */
static void take_severity(struct str *s, struct said *d)
{
	static const char letters[] = "EWCIRF"; /* error, warning, convention, info, refactor, fatal */
	size_t n = 0;
	bool bracket = s->len > 2 && s->p[0] == '[' && s->p[2] == ']',
	     colon = s->len > 2 && s->p[1] == ':' && s->p[2] == ' ';
	char letter = bracket ? s->p[1] : s->len > 0 ? s->p[0] : '\0';

	d->severity = SEVERITY_ERROR;
	if ((bracket || colon) && letter != '\0' && strchr(letters, letter)) {
		d->severity = letter == 'E' || letter == 'F' ? SEVERITY_ERROR : SEVERITY_WARNING;
		*s = skip(str_from(*s, bracket ? 3 : 2), " ");
		return;
	}
	while (n < s->len && ((s->p[n] | 0x20) >= 'a' && (s->p[n] | 0x20) <= 'z'))
		n++;
	if (n == s->len || !strchr(": [-\t", s->p[n]) ||
		!input_severity((struct str){ s->p, n }, &d->severity))
		return;
	struct str rest = str_trim(str_from(*s, n)), code = { rest.p, str_find(rest, ':') };
	if (s->p[n] == ' ' && code.len < rest.len && code.len < 20 && code.len > 0 && is_upper(code.p[0]) &&
		str_find(code, ' ') == code.len) { /* "CS1: m" */
		d->code = code;
		rest = str_from(rest, code.len);
	} else if (s->p[n] == ' ' && rest.len > 0 && rest.p[0] != '-') {
		d->severity = SEVERITY_ERROR; /* "Error return value of f" is a message */
		return;
	}
	*s = skip(rest, ":- ");
}

static bool has_letters(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && n < MESSAGE_MIN; i++)
		n += ((s.p[i] | 0x20) >= 'a' && (s.p[i] | 0x20) <= 'z') || (uint8_t)s.p[i] >= 0x80;
	return n >= MESSAGE_MIN;
}

/* s is what stands behind the place. */
static bool take_message(struct str s, struct said *d)
{
	s = skip(s, "]): ,\t");
	take_severity(&s, d);
	d->message = str_trim(s);
	return has_letters(d->message);
}

/* "a.c:1:2: m", "[a.c:1:2] m", "a.c(1,2): m", "a.c[1, 2]: m", "a.c: line 2, col 10, m", "a.c <TAB> 13 <TAB> m" */
static bool starts_with_place(struct str line, struct said *d)
{
	struct str s = skip(line, " \t[");
	struct place p;
	size_t end;

	if (place_at_start(s, &p)) {
		d->file = p.file;
		d->line = p.line;
		d->col = p.col;
		s = str_from(s, p.end);
		if (d->col == 0 && str_starts(s, STR(", col "))) {
			s = str_from(s, 6);
			d->col = take_number(&s);
		}
		return s.len > 0 && strchr(": ]\t,", s.p[0]) && take_message(s, d);
	}
	for (end = 0; end < s.len && !strchr(" [\t:", s.p[end]); end++)
		;
	struct str rest = str_from(s, end);
	bool table =
		str_starts(rest, STR("\t")) || str_starts(rest, STR("  ")); /* a tab, or what it became */
	if (rest.len < 3 || !(table || rest.p[0] == '[') || !memchr(s.p, '.', end))
		return false;
	d->file = (struct str){ s.p, end };
	rest = table ? skip(rest, " \t") : str_from(rest, 1);
	d->line = take_number(&rest);
	if (str_starts(rest, STR(", "))) {
		rest = str_from(rest, 2);
		d->col = take_number(&rest);
	}
	return d->line > 0 && rest.len > 0 && (rest.p[0] == ']' || (table && strchr("\t ", rest.p[0]))) &&
	       take_message(rest, d);
}

/* A path with an extension and nothing else in it. */
static bool is_path(struct str s)
{
	const char *dot = s.len > 2 ? memrchr(s.p, '.', s.len) : NULL;

	if (!dot || dot == s.p + s.len - 1 || s.len > 300)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (strchr(" \t:()[]{}<>\"'`,;|=*?", s.p[i]))
			return false;
	return !is_digit(dot[1]) && !memchr(dot, '/', (size_t)(s.p + s.len - dot));
}

/* "ERROR: a.py m"; "a.pp - ERROR: m on line 7" */
static bool says_line_elsewhere(struct str line, struct said *d)
{
	size_t colon = str_find(line, ':'), dash = str_find_str(line, STR(" - ")), at;
	enum error_severity severity;
	struct str rest;

	if (colon < 10 && input_severity((struct str){ line.p, colon }, &severity) && is_upper(line.p[1])) {
		rest = str_trim(str_from(line, colon + 1));
		at = str_find(rest, ' ');
		d->file = (struct str){ rest.p, at };
		d->severity = severity;
		d->message = str_trim(str_from(rest, at));
		return is_path(d->file) && memchr(d->file.p, '/', d->file.len) && has_letters(d->message);
	}
	if (dash >= line.len || dash > 300 || !is_path((struct str){ line.p, dash }))
		return false;
	rest = str_from(line, dash + 3);
	const char *on = rest.len > 0 ? memmem(rest.p, rest.len, " on line ", 9) : NULL;
	if (!on)
		return false;
	struct str number = str_from(rest, (size_t)(on - rest.p) + 9);
	d->file = (struct str){ line.p, dash };
	d->line = take_number(&number);
	return d->line > 0 && take_message((struct str){ rest.p, (size_t)(on - rest.p) }, d);
}

/* The value of key= up to the next of these keys; "error file=a.scala message=m line=6 column=7" */
static struct str value_of(struct str line, struct str key, struct str next)
{
	struct str s = str_from(line, str_find_str(line, key));

	s = str_from(s, key.len);
	return str_trim((struct str){ s.p, str_find_str(s, next) });
}

static bool says_pairs(struct str line, struct said *d)
{
	struct str word = { line.p, str_find(line, ' ') };

	if (!str_starts(str_from(line, word.len), STR(" file=")) || !input_severity(word, &d->severity))
		return false;
	d->file = value_of(line, STR(" file="), STR(" message="));
	d->message = value_of(line, STR(" message="), STR(" line="));
	d->line = input_number(value_of(line, STR(" line="), STR(" ")));
	d->col = input_number(value_of(line, STR(" column="), STR(" ")));
	return has_letters(d->message);
}

/* "error[E1]: m" with "  --> a.rs:1:2" on the next line. */
static bool is_above_arrow(struct str line, struct str next, struct said *d)
{
	struct str arrow = str_trim(next);
	struct place p;
	size_t colon = str_find(line, ':'), bracket = str_find(line, '[');

	if (!str_starts(arrow, STR("--> ")) || !place_in_line(str_from(arrow, 4), &p) || colon == line.len)
		return false;
	if (!input_severity((struct str){ line.p, bracket < colon ? bracket : colon }, &d->severity))
		return false;
	if (bracket < colon)
		d->code = (struct str){ line.p + bracket + 1, colon - bracket - 2 };
	d->file = p.file;
	d->line = p.line;
	d->col = p.col;
	d->message = str_trim(str_from(line, colon + 1));
	return true;
}

static bool is_indented(struct str s)
{
	return s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t');
}

/* " 25:3  warning m", below a line with the path alone. */
static bool is_below_path(struct str line, struct str path, struct said *d)
{
	struct str s = skip(line, " \t");

	if (path.len == 0 || !is_indented(line) || s.len == 0 || !is_digit(s.p[0]))
		return false;
	d->file = path;
	d->line = take_number(&s);
	if (d->line == 0 || !str_starts(s, STR(":")))
		return false;
	s = str_from(s, 1);
	d->col = take_number(&s);
	s = skip(s, " \t");
	size_t word = str_find(s, ' ');
	if (d->col == 0 || !input_severity((struct str){ s.p, word }, &d->severity))
		return false;
	d->message = str_trim(str_from(s, word));
	return has_letters(d->message);
}

static void tell(struct input *in, const struct said *d, size_t from, size_t to)
{
	struct finding *f;

	if (in->n_errors + in->n_others >= DIAGNOSTICS_MAX || d->severity == SEVERITY_NOTE)
		return;
	f = input_add(in, d->severity, from, to);
	if (!f)
		return;
	f->role = ERROR_CONTEXT;
	f->class = CLASS_LINT;
	f->file = input_keep_path(in, d->file);
	f->line = d->line;
	f->col = d->col;
	f->code = input_keep(in, d->code);
	f->message = input_keep(in, d->message);
}

/* What the lines from i on say: of how many; 0: nothing. */
static size_t read_at(const struct lines *l, size_t i, struct str path, struct said *d)
{
	struct str line = lines_text(l, i), next = i + 1 < l->n ? lines_text(l, i + 1) : STR("");

	*d = (struct said){ .severity = SEVERITY_ERROR };
	if (is_below_path(line, path, d))
		return 1;
	*d = (struct said){ .severity = SEVERITY_ERROR };
	if (starts_with_place(line, d)) {
		/* What ends in a colon only says where, and the next line what. */
		bool heads = str_ends(d->message, STR(":")) && is_indented(next) && !is_indented(line) &&
			     d->col == 0;

		if (heads)
			d->message = str_trim(next);
		return heads ? 2 : 1;
	}
	*d = (struct said){ .severity = SEVERITY_ERROR };
	if (says_line_elsewhere(line, d) || says_pairs(line, d))
		return 1;
	*d = (struct said){ .severity = SEVERITY_ERROR };
	return is_above_arrow(line, next, d) ? 2 : 0;
}

void diagnostics_find(struct input *in)
{
	struct str path = STR("");
	struct said d;

	in->name = STR("diagnostic");
	for (size_t i = 0, n; i<in->log->n; i += n> 0 ? n : 1) {
		struct str line = lines_text(in->log, i);

		n = line.len >= 5 ? read_at(in->log, i, path, &d) : 0;
		if (n > 0)
			tell(in, &d, i, i + n);
		else if (!is_indented(line))
			path = is_path(line) ? line : STR("");
	}
}
