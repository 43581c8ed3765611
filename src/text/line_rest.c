/*
 * line_rest: places, fields, ends.
 *
 * A place, or a name with a colon, says that what follows is about it, so that a level behind it is meant;
 * even a bare one in lower case behind "3:9", or a linter's single letter. Names without a colon are passed
 * over only in a record. Looked for in the first PLACE_MAX bytes: tools write these things early, and lines
 * may be long.
 */
#include "text/line_rest.h"

#include "text/line_word.h"

#include <string.h>

#define NAMES_MAX 3   /* of threads, loggers, processes in a row */
#define PLACE_MAX 300 /* bytes */

/* What counts of a character in a token; OPENS is one bit above DIGIT. */
enum { DIGIT = 1, OPENS = 2, DOT = 4, EQUALS = 8, BLANK = 16 };
static const uint8_t kinds[256] = {
	['0'] = DIGIT,
	['1'] = DIGIT,
	['2'] = DIGIT,
	['3'] = DIGIT,
	['4'] = DIGIT,
	['5'] = DIGIT,
	['6'] = DIGIT,
	['7'] = DIGIT,
	['8'] = DIGIT,
	['9'] = DIGIT,
	[':'] = OPENS,
	['('] = OPENS,
	['['] = OPENS,
	['.'] = DOT,
	['='] = EQUALS,
	[' '] = BLANK,
	['\t'] = BLANK,
	['\r'] = BLANK,
};

/* Up to the next blank, as line_head_token(), with what is asked about it: looked at once, for it may be long. */
struct token {
	struct str s;
	bool place; /* a.c:1:2: or a.cs(1,2): or 3:9: or A.java:[1,2]: a number behind a colon or an opening bracket */
	bool opens; /* has a colon or an opening bracket */
	bool dot, equals;
};

static struct token token_here(const struct line_head *h)
{
	struct str rest = line_head_rest(h);
	uint8_t all = 0, opened_digits = 0, before = 0;
	size_t n = 0;

	for (; n < rest.len; n++) {
		uint8_t kind = kinds[(uint8_t)rest.p[n]];

		if (kind & BLANK)
			break;
		all |= kind;
		opened_digits |= (uint8_t)(before >> 1 & kind);
		before = kind;
	}
	return (struct token){ { rest.p, n }, opened_digits & DIGIT, all & OPENS, all & DOT, all & EQUALS };
}

/* "line 3, col 11, " of ESLint's compact form. */
static bool take_line_and_column(struct line_head *h)
{
	if (!str_starts(line_head_rest(h), STR("line ")))
		return false;
	for (int k = 0; k < 4; k++) {
		h->i += line_head_token(h).len;
		line_head_skip_blanks(h);
	}
	return true;
}

/* A level in lower case that no colon follows: only where the place in front says that it is one. */
static bool take_bare_level(struct line_head *h)
{
	struct str word = line_word_at(line_head_rest(h));
	enum line_level level;

	if (!line_is_blank(line_head_char(h, h->i + word.len)) || !line_word_level(word, &level))
		return false;
	line_head_state(h, level);
	h->i += word.len;
	return true;
}

/* main.php:258:4:error */
static bool take_glued_level(struct line_head *h, struct str token)
{
	const char *colon = memrchr(token.p, ':', token.len);
	enum line_level level;

	if (!colon || colon == token.p || !line_is_digit(colon[-1]))
		return false;
	if (!line_word_level((struct str){ colon + 1, (size_t)(token.p + token.len - colon) - 1 }, &level))
		return false;
	line_head_state(h, level);
	return true;
}

/* make: *** [Makefile:10: all] Error 2 */
static bool take_stars(struct line_head *h)
{
	if (line_head_char(h, h->i) != '*' || !str_starts(line_head_rest(h), STR("*** ")))
		return false;
	line_head_state(h, str_ends(h->s, STR("(ignored)")) ? LINE_WARNING : LINE_ERROR);
	return true;
}

static bool take_letter(struct line_head *h)
{
	enum line_level level;
	size_t n = line_word_letter(line_head_rest(h), &level);

	if (n == 0)
		return false;
	line_head_state(h, level);
	h->i += n;
	return true;
}

/* What stands between a name and what it says: "- " of loggers, " : " of Microsoft's tools. */
static bool take_dash_or_colon(struct line_head *h, const struct token *token, bool *ret_colon)
{
	char c = line_head_char(h, h->i);

	if ((c != ':' && c != '-') || line_head_char(h, h->i + 1) != ' ')
		return false;
	if (c == '-' && !h->record && !token->dot)
		return false;
	*ret_colon = *ret_colon || c == ':';
	h->i += 2;
	line_head_skip_blanks(h);
	return true;
}

/* Places, programs and names, one after the other, and what is stated behind them. */
static void look_behind_names(struct line_head *h, struct token first)
{
	for (int k = 0; k < NAMES_MAX && h->i < h->s.len; k++) {
		struct token token = k == 0 ? first : token_here(h);
		bool place = token.place;
		bool colon = token.s.len > 0 && token.s.p[token.s.len - 1] == ':';

		if (token.opens && take_glued_level(h, token.s))
			return;
		h->i += token.s.len;
		line_head_skip_blanks(h);
		if (!take_dash_or_colon(h, &token, &colon) && !h->record && !colon && !place)
			return;
		if (colon)
			place = take_line_and_column(h) || place;
		if (h->i >= h->s.len || line_head_level(h) || (colon && take_stars(h)))
			return;
		if (place && (take_letter(h) || take_bare_level(h)))
			return;
	}
}

/* C:\My Files\a.cs(1,2): error CS1002: a path with blanks in it. */
static void look_behind_parenthesis(struct line_head *h)
{
	size_t end = h->s.len < PLACE_MAX ? h->s.len : PLACE_MAX;
	struct str s = { h->s.p, end };
	enum line_level level;

	for (size_t at = h->i; at + 3 < end; at++) {
		at += str_find(str_from(s, at), ')');
		if (at + 3 >= end || s.p[at + 1] != ':' || s.p[at + 2] != ' ' ||
			!line_is_digit(s.p[at - (at > 0)]))
			continue;
		if (line_word_stated(str_from(h->s, at + 3), &level) > 0)
			line_head_state(h, level);
		return;
	}
}

/* ---- records that name their level ---- */

static bool level_of_value(struct str s, enum line_level *ret)
{
	static const enum line_level by_number[] = { LINE_DEBUG, LINE_DEBUG, LINE_INFO, LINE_WARNING,
		LINE_ERROR, LINE_CRITICAL };

	while (s.len > 0 && (line_is_blank(s.p[0]) || s.p[0] == '"' || s.p[0] == ':'))
		s = str_from(s, 1);
	if (line_word_level(line_word_at(s), ret))
		return true;
	/* bunyan and pino: 10 trace to 60 fatal. */
	if (s.len < 3 || s.p[0] < '1' || s.p[0] > '6' || s.p[1] != '0' || line_is_word(s.p[2]))
		return false;
	*ret = by_number[s.p[0] - '1'];
	return true;
}

/* level=error msg=.. and {"level":"error","msg":..}. */
static void look_at_fields(struct line_head *h, bool equals)
{
	static const struct str json[] = { { "\"level\":", 8 }, { "\"severity\":", 11 },
		{ "\"levelname\":", 12 }, { "\"lvl\":", 6 }, { "\"log.level\":", 12 }, { "\"@level\":", 9 } };
	static const struct str logfmt[] = { { "level=", 6 }, { "lvl=", 4 }, { "severity=", 9 } };
	struct str s = line_head_rest(h);
	bool is_json = line_head_char(h, h->i) == '{';
	const struct str *keys = is_json ? json : logfmt;
	size_t n = is_json ? sizeof json / sizeof json[0] : sizeof logfmt / sizeof logfmt[0];
	enum line_level level;

	if (!is_json && !equals)
		return;
	if (s.len > PLACE_MAX)
		s.len = PLACE_MAX;
	for (size_t i = 0; i < n; i++) {
		size_t at = str_find_str(s, keys[i]);

		if (at == s.len || (at > 0 && !is_json && !line_is_blank(s.p[at - 1])))
			continue;
		if (level_of_value(str_from(s, at + keys[i].len), &level)) {
			line_head_state(h, level);
			return;
		}
	}
}

/* ---- at the end ---- */

/*
 * compileJava FAILED; test_x ... ERROR; surefire's Tests run: 3, Time elapsed: 1 s <<< FAILURE! - in
 * org.x.T.
 */
static void look_at_end(struct line_head *h)
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
	struct str s = line_head_rest(h);

	if (h->line->source == LINE_TEST_RUNNER && memchr(s.p, '<', s.len) &&
		str_find_str(s, STR("<<< ")) < s.len)
		line_head_state(h, LINE_ERROR);
	char last = s.p[s.len - 1];

	if (last != 'D' && last != 'L' && last != 'R' &&
		last != '!') /* of all that is in the list, one of these is the last */
		return;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		size_t len = ends[i].text.len;

		if (!str_ends(s, ends[i].text))
			continue;
		if (ends[i].source != LINE_BUILD)
			h->line->source = ends[i].source;
		/* "0 FAILED" is a count. */
		if (s.len == len || !line_is_digit(s.p[s.len - len - 1]))
			line_head_state(h, LINE_ERROR);
		return;
	}
}

/* 127.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.0" 200 2326: the common log format. */
static bool is_access(struct str s)
{
	if (s.len < 40 || (!line_is_digit(s.p[0]) && s.p[0] != ':'))
		return false;

	struct str rest = str_from(s, str_find(s, '[') + 1);
	return rest.len > 32 && rest.p[2] == '/' && rest.p[6] == '/' && rest.p[11] == ':' &&
	       str_starts(str_from(rest, 26), STR("] \""));
}

void line_rest_look(struct line_head *h)
{
	struct token first;

	if (is_access(h->s)) {
		h->line->source = LINE_WEB;
		return;
	}
	first = token_here(h);
	look_at_fields(h, first.equals);
	if (!h->settled)
		look_behind_parenthesis(h);
	if (!h->settled)
		look_at_end(h);
	if (!h->settled)
		look_behind_names(h, first);
}
