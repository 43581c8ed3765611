/*
 * line: from the left, part by part, as a person skims a log.
 *
 * What stands in front of a message are time stamps, brackets, names of threads and loggers, and sooner or later a level, a known start
 * (line_starts.tbl) or a place in a file with a level behind it. Parts are passed over as long as they are of such kinds;
 * the first that is none ends the head, and in what follows an "error" is prose. Some say how it went at the end ("... FAILED"),
 * and records in logfmt or JSON say it by name.
 *
 * What a reader would get wrong: names and numbers are passed over only in a record, that is behind a time stamp or a level.
 * Without one a line of prose would do ("Use flag ERROR to ..").
 */
#include "text/line.h"

#include "text/escape.h"
#include "text/line_mark.h"
#include "text/line_time.h"
#include "text/line_word.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#define PARTS_MAX 12  /* of a head */
#define NAMES_MAX 3   /* of threads, loggers, processes in a row */
#define PLACE_MAX 300 /* bytes in which a place in a file, or a field, is looked for */

#define LINE_NAME(name, slug) slug,
static const char *const level_names[] = { LINE_LEVELS(LINE_NAME) };
static const char *const source_names[] = { LINE_SOURCES(LINE_NAME) };
#undef LINE_NAME

static const struct start {
	struct str text;
	enum line_level level;
	enum line_source source;
} starts[] = {
#define START(text, level, source) { { text, sizeof(text) - 1 }, LINE_##level, LINE_##source },
#include "text/line_starts.tbl"
#undef START
};

#define N_STARTS (sizeof starts / sizeof starts[0])
static_assert(N_STARTS < UINT8_MAX, "the chains below are of bytes");

/* Rows that begin with the same byte are a chain, in their order; numbers are one more than the row's, 0 ends it. */
static uint8_t first_start[256], next_start[N_STARTS + 1];
static pthread_once_t starts_once = PTHREAD_ONCE_INIT;

static void chain_starts(void)
{
	for (size_t row = N_STARTS; row > 0; row--) {
		uint8_t *first = &first_start[(uint8_t)starts[row - 1].text.p[0]];

		next_start[row] = *first;
		*first = (uint8_t)row;
	}
}

const char *line_level_name(enum line_level l)
{
	return level_names[l];
}

const char *line_source_name(enum line_source s)
{
	return source_names[s];
}

bool line_level_find(struct str name, enum line_level *ret)
{
	for (unsigned i = 0; i < LINE_N_LEVELS; i++) {
		if (str_eq(str_z(level_names[i]), name)) {
			*ret = (enum line_level)i;
			return true;
		}
	}
	return false;
}

bool line_source_find(struct str name, enum line_source *ret)
{
	for (unsigned i = 0; i < LINE_N_SOURCES; i++) {
		if (str_eq(str_z(source_names[i]), name)) {
			*ret = (enum line_source)i;
			return true;
		}
	}
	return false;
}

/* ---- the head of a line ---- */

struct head {
	struct str s; /* without escapes */
	size_t i;
	bool record;  /* a time stamp or a level was seen */
	bool settled; /* a level was seen that nothing behind it changes */
	struct line *line;
};

static struct str rest_of(const struct head *h)
{
	return str_from(h->s, h->i);
}

static char char_at(const struct head *h, size_t i)
{
	return i < h->s.len ? h->s.p[i] : '\0';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_';
}

static void skip_blanks(struct head *h)
{
	while (is_blank(char_at(h, h->i)))
		h->i++;
}

/* Up to the next blank. */
static struct str token_at(const struct head *h)
{
	size_t n = h->i;

	while (n < h->s.len && !is_blank(h->s.p[n]))
		n++;
	return (struct str){ h->s.p + h->i, n - h->i };
}

/* The line says so. What a wrapper calls info may be worse. */
static void state(struct head *h, enum line_level level)
{
	if (!h->settled)
		h->line->level = level;
	h->settled = h->settled || level >= LINE_WARNING;
	h->record = true;
}

/* time="2026-01-02T15:04:05Z" of logfmt: what stands in front of the stamp. */
static size_t time_key_len(struct str s)
{
	static const struct str keys[] = { { "time=\"", 6 }, { "time=", 5 }, { "ts=\"", 4 }, { "ts=", 3 } };

	if (s.len == 0 || s.p[0] != 't')
		return 0;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (str_starts(s, keys[i]))
			return keys[i].len;
	return 0;
}

static bool take_time(struct head *h)
{
	size_t key = time_key_len(rest_of(h));
	int64_t ms;
	size_t n = line_time(str_from(h->s, h->i + key), &ms);

	if (n == 0)
		return false;
	if (h->line->at_ms == 0)
		h->line->at_ms = ms;
	h->record = true;
	h->i += key + n;
	h->i += char_at(h, h->i) == '"';
	return true;
}

/* A start of the table ends the head. */
static bool take_start(struct head *h)
{
	struct str s = rest_of(h);

	for (size_t row = first_start[(uint8_t)s.p[0]]; row > 0; row = next_start[row]) {
		const struct start *x = &starts[row - 1];

		if (!str_starts(s, x->text))
			continue;
		if (is_word(x->text.p[x->text.len - 1]) && s.len > x->text.len && is_word(s.p[x->text.len]))
			continue;
		if (x->source != LINE_BUILD)
			h->line->source = x->source;
		if (x->level != LINE_INFO)
			state(h, x->level);
		h->i += x->text.len;
		return true;
	}
	return false;
}

static bool take_level(struct head *h)
{
	enum line_level level;
	size_t n = line_word_stated(rest_of(h), &level);

	if (n == 0)
		return false;
	state(h, level);
	h->i += n;
	return true;
}

/* [ERROR], [main], [task 2026-01-02T15:04:05.000Z], [2026-01-02T15:04:05Z WARN app]: whatever is in it, up to its end. */
static bool take_bracket(struct head *h)
{
	char open = char_at(h, h->i), close = open == '[' ? ']' : open == '<' ? '>' : ')';
	size_t end = h->i + str_find(rest_of(h), close);
	enum line_level level;

	if (end == h->s.len || end - h->i > 64)
		return false;
	for (h->i++; h->i < end; skip_blanks(h)) {
		struct str token = token_at(h);
		size_t room = end - h->i;

		if (take_time(h))
			continue;
		if (token.len > room)
			token.len = room;
		struct str word = line_word_at(token);
		if (word.len == token.len || token.p[word.len] == '/' || token.p[word.len] == ':')
			if (line_word_level(word, &level))
				state(h, level);
		h->i += token.len > 0 ? token.len : 1;
	}
	h->i = end + 1;
	return true;
}

/* The ==123== of valgrind, and the ==== in front of a heading. */
static bool take_equals(struct head *h)
{
	size_t i = h->i, digits;

	while (char_at(h, i) == '=')
		i++;
	for (digits = i; is_digit(char_at(h, i));)
		i++;
	if (digits - h->i < 2 || (i > digits && !str_starts(str_from(h->s, i), STR("=="))))
		return false;
	h->i = i > digits ? i + 2 : i;
	return true;
}

/* The #12 of BuildKit, which makes what follows a record. */
static bool take_step_number(struct head *h)
{
	size_t i = h->i + 1;

	while (is_digit(char_at(h, i)))
		i++;
	if (i == h->i + 1 || !is_blank(char_at(h, i)))
		return false;
	h->record = true;
	h->i = i;
	return true;
}

/* What holds the parts of a line together. */
static bool take_separator(struct head *h)
{
	switch (char_at(h, h->i)) {
	case '=':
		return take_equals(h);
	case '#':
		return take_step_number(h);
	case '-':
	case '|':
	case ':':
		h->i += h->record;
		return h->record;
	default:
		return false;
	}
}

/* Glog and klog: I0102 15:04:05.000000 1 file.go:12] message. */
static bool take_klog(struct head *h)
{
	struct str s = rest_of(h);
	int64_t ms;
	const char *letters = "IWEF", *letter = strchr(letters, s.p[0]);
	static const enum line_level levels[] = { LINE_INFO, LINE_WARNING, LINE_ERROR, LINE_CRITICAL };

	if (!letter || s.len < 14 || s.p[5] != ' ')
		return false;
	for (size_t i = 1; i < 5; i++)
		if (!is_digit(s.p[i]))
			return false;
	if (line_time(str_from(s, 6), &ms) == 0)
		return false;
	state(h, levels[letter - letters]);
	h->i += str_find(s, ']') + 1;
	return true;
}

/* One part of a head. False: it is over. */
static bool take_part(struct head *h)
{
	char c = char_at(h, h->i);

	if (take_time(h) || take_start(h))
		return true;
	if (c == '[' || c == '<' || c == '(')
		return take_bracket(h);
	return take_level(h) || take_separator(h) || take_klog(h);
}

/* ---- behind a place or a program ---- */

/* a.c:1:2: or a.cs(1,2): or 3:9: or A.java:[1,2]: a number behind a colon or an opening bracket. */
static bool is_place(struct str token)
{
	for (size_t i = 0; i + 1 < token.len; i++)
		if (is_digit(token.p[i + 1]) && (token.p[i] == ':' || token.p[i] == '(' || token.p[i] == '['))
			return true;
	return false;
}

/* "line 3, col 11, " of ESLint's compact form. */
static bool take_line_and_column(struct head *h)
{
	if (!str_starts(rest_of(h), STR("line ")))
		return false;
	for (int k = 0; k < 4; k++) {
		h->i += token_at(h).len;
		skip_blanks(h);
	}
	return true;
}

/* A level in lower case that no colon follows: only where the place in front says that it is one. */
static bool take_bare_level(struct head *h)
{
	struct str word = line_word_at(rest_of(h));
	enum line_level level;

	if (!is_blank(char_at(h, h->i + word.len)) || !line_word_level(word, &level))
		return false;
	state(h, level);
	h->i += word.len;
	return true;
}

/* main.php:258:4:error */
static bool take_glued_level(struct head *h, struct str token)
{
	const char *colon = memrchr(token.p, ':', token.len);
	enum line_level level;

	if (!colon || colon == token.p || !is_digit(colon[-1]))
		return false;
	if (!line_word_level((struct str){ colon + 1, (size_t)(token.p + token.len - colon) - 1 }, &level))
		return false;
	state(h, level);
	return true;
}

/* make: *** [Makefile:10: all] Error 2 */
static bool take_stars(struct head *h)
{
	if (!str_starts(rest_of(h), STR("*** ")))
		return false;
	state(h, str_ends(h->s, STR("(ignored)")) ? LINE_WARNING : LINE_ERROR);
	return true;
}

static bool take_letter(struct head *h)
{
	enum line_level level;
	size_t n = line_word_letter(rest_of(h), &level);

	if (n == 0)
		return false;
	state(h, level);
	h->i += n;
	return true;
}

/* What stands between a name and what it says: "- " of loggers, " : " of Microsoft's tools. */
static bool take_dash_or_colon(struct head *h, struct str token, bool *ret_colon)
{
	struct str s = rest_of(h);

	if (str_starts(s, STR(": ")))
		*ret_colon = true;
	else if (!str_starts(s, STR("- ")) || !(h->record || str_find(token, '.') < token.len))
		return false;
	h->i += 2;
	skip_blanks(h);
	return true;
}

/* Places, programs and names, one after the other, and what is stated behind them. */
static void look_behind_names(struct head *h)
{
	for (int k = 0; k < NAMES_MAX && h->i < h->s.len; k++) {
		struct str token = token_at(h);
		bool colon = str_ends(token, STR(":")), place = is_place(token);

		if (take_glued_level(h, token))
			return;
		h->i += token.len;
		skip_blanks(h);
		if (!take_dash_or_colon(h, token, &colon) && !h->record && !colon && !place)
			return;
		if (colon)
			place = take_line_and_column(h) || place;
		if (h->i >= h->s.len || take_level(h) || (colon && take_stars(h)))
			return;
		if (place && (take_letter(h) || take_bare_level(h)))
			return;
	}
}

/* C:\My Files\a.cs(1,2): error CS1002: a path with blanks in it. */
static void look_behind_parenthesis(struct head *h)
{
	size_t end = h->s.len < PLACE_MAX ? h->s.len : PLACE_MAX;
	struct str s = { h->s.p, end };
	enum line_level level;

	for (size_t at = h->i; at + 3 < end; at++) {
		at += str_find(str_from(s, at), ')');
		if (at + 3 >= end || s.p[at + 1] != ':' || s.p[at + 2] != ' ' ||
			!is_digit(s.p[at - (at > 0)]))
			continue;
		if (line_word_stated(str_from(h->s, at + 3), &level) > 0)
			state(h, level);
		return;
	}
}

/* ---- records that name their level ---- */

static bool level_of_value(struct str s, enum line_level *ret)
{
	static const enum line_level by_number[] = { LINE_DEBUG, LINE_DEBUG, LINE_INFO, LINE_WARNING,
		LINE_ERROR, LINE_CRITICAL };

	while (s.len > 0 && (is_blank(s.p[0]) || s.p[0] == '"' || s.p[0] == ':'))
		s = str_from(s, 1);
	if (line_word_level(line_word_at(s), ret))
		return true;
	/* bunyan and pino: 10 trace to 60 fatal. */
	if (s.len < 3 || s.p[0] < '1' || s.p[0] > '6' || s.p[1] != '0' || is_word(s.p[2]))
		return false;
	*ret = by_number[s.p[0] - '1'];
	return true;
}

/* level=error msg=.. and {"level":"error","msg":..}. */
static void look_at_fields(struct head *h)
{
	static const struct str json[] = { { "\"level\":", 8 }, { "\"severity\":", 11 },
		{ "\"levelname\":", 12 }, { "\"lvl\":", 6 }, { "\"log.level\":", 12 }, { "\"@level\":", 9 } };
	static const struct str logfmt[] = { { "level=", 6 }, { "lvl=", 4 }, { "severity=", 9 } };
	struct str s = rest_of(h), token = token_at(h);
	bool is_json = char_at(h, h->i) == '{';
	const struct str *keys = is_json ? json : logfmt;
	size_t n = is_json ? sizeof json / sizeof json[0] : sizeof logfmt / sizeof logfmt[0];
	enum line_level level;

	if (!is_json && str_find(token, '=') == token.len)
		return;
	if (s.len > PLACE_MAX)
		s.len = PLACE_MAX;
	for (size_t i = 0; i < n; i++) {
		size_t at = str_find_str(s, keys[i]);

		if (at == s.len || (at > 0 && !is_json && !is_blank(s.p[at - 1])))
			continue;
		if (level_of_value(str_from(s, at + keys[i].len), &level)) {
			state(h, level);
			return;
		}
	}
}

/* ---- at the end ---- */

/* compileJava FAILED; test_x ... ERROR; surefire's Tests run: 3, Time elapsed: 1 s <<< FAILURE! - in org.x.T. */
static void look_at_end(struct head *h)
{
	static const struct {
		struct str text;
		enum line_source source;
	} ends[] = {
		{ { "... FAILED", 10 }, LINE_TEST_RUNNER },
		{ { "... FAIL", 8 }, LINE_TEST_RUNNER },
		{ { "... ERROR", 9 }, LINE_TEST_RUNNER },
		{ { "<<< FAILURE!", 12 }, LINE_TEST_RUNNER },
		{ { "<<< ERROR!", 10 }, LINE_TEST_RUNNER },
		{ { " FAILED", 7 }, LINE_BUILD },
	};
	struct str s = rest_of(h);

	if (h->line->source == LINE_TEST_RUNNER && str_find_str(s, STR("<<< ")) < s.len)
		state(h, LINE_ERROR);
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		size_t len = ends[i].text.len;

		if (!str_ends(s, ends[i].text))
			continue;
		if (ends[i].source != LINE_BUILD)
			h->line->source = ends[i].source;
		/* "0 FAILED" is a count. */
		if (s.len == len || !is_digit(s.p[s.len - len - 1]))
			state(h, LINE_ERROR);
		return;
	}
}

/* 127.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.0" 200 2326: the common log format. */
static bool is_access(struct str s)
{
	if (s.len < 40 || (!is_digit(s.p[0]) && s.p[0] != ':'))
		return false;

	struct str rest = str_from(s, str_find(s, '[') + 1);
	return rest.len > 32 && rest.p[2] == '/' && rest.p[6] == '/' && rest.p[11] == ':' &&
	       str_starts(str_from(rest, 26), STR("] \""));
}

/* ---- the whole line ---- */

/* The line is `s` where nothing is to be taken out of it. */
static void look(struct head *h, const uint16_t *from, struct str text)
{
	struct line_mark_found found;

	skip_blanks(h);
	for (int k = 0; k < PARTS_MAX && h->i < h->s.len; k++) {
		if (line_mark_read(rest_of(h), &found)) {
			size_t at = h->i + found.title, end = h->i + found.title_end;

			h->line->mark = found.mark;
			h->line->level = found.level;
			h->line->source = LINE_ORCHESTRATOR;
			h->line->title = str_from(text, from ? from[at] : at);
			if (end < h->s.len)
				h->line->title.len = from ? (size_t)(from[end] - from[at]) : end - at;
			h->line->title = str_trim(h->line->title);
			return;
		}
		if (!take_part(h))
			break;
		skip_blanks(h);
	}
	if (h->settled || h->i >= h->s.len)
		return;
	if (is_access(h->s)) {
		h->line->source = LINE_WEB;
		return;
	}
	look_at_fields(h);
	if (!h->settled)
		look_behind_parenthesis(h);
	if (!h->settled)
		look_at_end(h);
	if (!h->settled)
		look_behind_names(h);
}

/* text without escapes, as far as it is looked at; from: where each byte comes from, and behind the last where the rest begins. */
static size_t without_escapes(struct str text, char *plain, uint16_t *from)
{
	size_t n = 0, i = 0;

	while (i < text.len && n < LINE_LOOK && i < UINT16_MAX) {
		size_t end = escape_end(text, i);

		if (end > i) {
			i = end;
			continue;
		}
		from[n] = (uint16_t)i;
		plain[n++] = text.p[i++];
	}
	from[n] = (uint16_t)(i < UINT16_MAX ? i : UINT16_MAX);
	return n;
}

static bool has_escapes(struct str s)
{
	return s.len > 0 && (memchr(s.p, ESCAPE_FIRST, s.len) || memchr(s.p, ESCAPE_FIRST_C1, s.len));
}

void line_look(struct str text, struct line *ret)
{
	char plain[LINE_LOOK];
	uint16_t from[LINE_LOOK + 1];
	struct str front = text;

	pthread_once(&starts_once, chain_starts);
	*ret = (struct line){ .level = LINE_INFO, .source = LINE_BUILD };
	if (front.len > LINE_LOOK)
		front.len = LINE_LOOK;
	bool escapes = has_escapes(front);
	struct head h = { .s = front, .line = ret };
	if (escapes)
		h.s = (struct str){ plain, without_escapes(text, plain, from) };
	if (str_starts(h.s, STR("\xef\xbb\xbf")))
		h.i = 3;
	look(&h, escapes ? from : NULL, text);
}
