/*
 * line_prefix: parts are taken off as long as one fits, at most PARTS_MAX. Most lines have none, so each part is
 * refused by its first character.
 *
 * A level in a column (`    INFO - `) counts only behind a time stamp: "ERROR - x" at the start of a line is
 * something that a tool says.
 */
#include "explain/line_prefix.h"

#include <stdlib.h>

#define PARTS_MAX 8
#define NAME_MAX_LEN 40 /* of a job or a container */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
	       c == '.';
}

static size_t skip(struct str s, size_t i, char c)
{
	while (i < s.len && s.p[i] == c)
		i++;
	return i;
}

/* Does s look like the shape: 0 for a digit, T for T or a blank, all else itself? */
static bool has_shape(struct str s, const char *shape)
{
	for (size_t i = 0; shape[i]; i++) {
		if (i == s.len)
			return false;
		if (shape[i] == '0'       ? !is_digit(s.p[i])
			: shape[i] == 'T' ? s.p[i] != 'T' && s.p[i] != ' '
					  : s.p[i] != shape[i])
			return false;
	}
	return true;
}

/* 12:34:56, 12:34:56.789, and the zone. */
static size_t clock_len(struct str s)
{
	size_t i;

	if (!has_shape(s, "00:00:00"))
		return 0;
	i = 8;
	if (i + 1 < s.len && (s.p[i] == '.' || s.p[i] == ',') && is_digit(s.p[i + 1]))
		for (i++; i < s.len && is_digit(s.p[i]);)
			i++;
	if (i < s.len && s.p[i] == 'Z')
		return i + 1;
	if (has_shape(str_from(s, i), "+00:00") || has_shape(str_from(s, i), "-00:00"))
		return i + 6;
	return i;
}

static size_t stamp_len(struct str s)
{
	size_t n;

	if (s.len == 0 || !is_digit(s.p[0]))
		return 0;
	if (!has_shape(s, "0000-00-00T"))
		return clock_len(s);
	n = clock_len(str_from(s, 11));
	return n > 0 ? 11 + n : 0;
}

/* GitLab: "2024-01-02T03:04:05.000000Z 00O ", a + at the end when the line goes on. */
static size_t stream_mark_len(struct str s)
{
	if (s.len >= 4 && is_digit(s.p[0]) && is_digit(s.p[1]) && (s.p[2] == 'O' || s.p[2] == 'E') &&
		(s.p[3] == ' ' || s.p[3] == '+'))
		return 4;
	return 0;
}

/* A stamp and what holds it apart from the line: one blank, so that indentation stays. */
static size_t take_stamp(struct str s)
{
	size_t n = stamp_len(s);

	if (n == 0)
		return 0;
	if (n < s.len && s.p[n] != ' ' && s.p[n] != '\t')
		return 0;
	if (n < 11 && str_starts(str_from(s, n), STR("  "))) /* Jenkins: a time and two blanks */
		return n + 2;
	n += n < s.len;
	return n + stream_mark_len(str_from(s, n));
}

/* TeamCity: "[Step 1/2] ". */
static size_t take_step(struct str s)
{
	size_t i = 6;

	if (!str_starts(s, STR("[Step ")))
		return 0;
	while (i < s.len && (is_digit(s.p[i]) || s.p[i] == '/'))
		i++;
	return i > 6 && str_starts(str_from(s, i), STR("] ")) ? i + 2 : 0;
}

/* [2024-01-02T..Z], [task 2024-..], [taskcluster 2024-.. ..Z], [12:34:56]. */
static size_t take_bracket(struct str s)
{
	size_t end, i = 1, n;

	if (s.len < 10 || s.p[0] != '[')
		return 0;
	n = take_step(s);
	if (n > 0)
		return n;
	while (i < s.len && i < NAME_MAX_LEN && is_name(s.p[i]) && !is_digit(s.p[i]))
		i++;
	if (i > 1 && i < s.len && s.p[i] == ' ')
		i++;
	n = stamp_len(str_from(s, i));
	end = i + n;
	if (n == 0 || end >= s.len || s.p[end] != ']')
		return 0;
	end++;
	return end < s.len && s.p[end] == ' ' ? end + 1 : end;
}

/* The column of a level behind a stamp: "     INFO - ", "WARNING - ". */
static size_t take_level(struct str s, enum line_level *ret)
{
	static const struct {
		struct str word;
		enum line_level level;
	} words[] = { { { "INFO", 4 }, LINE_INFO }, { { "WARNING", 7 }, LINE_WARNING },
		{ { "ERROR", 5 }, LINE_ERROR }, { { "CRITICAL", 8 }, LINE_CRITICAL },
		{ { "FATAL", 5 }, LINE_CRITICAL }, { { "DEBUG", 5 }, LINE_DEBUG } };
	size_t i = skip(s, 0, ' ');

	for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
		struct str rest = str_from(s, i);

		if (!str_starts(rest, words[k].word))
			continue;
		rest = str_from(rest, words[k].word.len);
		if (!str_starts(rest, STR(" - ")) && !str_eq(rest, STR(" -")))
			return 0;
		*ret = words[k].level;
		i += words[k].word.len + 3;
		/* mozharness puts one blank in front of what the programs that it runs say. */
		i += i < s.len && s.p[i] == ' ';
		return i < s.len ? i : s.len;
	}
	return 0;
}

/* mach: minutes, seconds and hundredths since it began, " 0:12.34 ". */
static size_t take_elapsed(struct str s)
{
	size_t i = skip(s, 0, ' '), digits = i;

	while (i < s.len && is_digit(s.p[i]))
		i++;
	if (i == digits || i - digits > 4 || !has_shape(str_from(s, i), ":00.00 "))
		return 0;
	return i + 7;
}

/* "PID 123 | ", "GECKO(123) | ". */
static size_t take_process(struct str s)
{
	size_t i, digits;

	if (str_starts(s, STR("PID ")))
		i = 4;
	else if (str_starts(s, STR("GECKO(")))
		i = 6;
	else
		return 0;
	for (digits = i; i < s.len && is_digit(s.p[i]);)
		i++;
	i += i > digits && i < s.len && s.p[i] == ')';
	return i > digits && str_starts(str_from(s, i), STR(" | ")) ? i + 3 : 0;
}

/* gh: "job<TAB>step<TAB>2024-01-02T..Z ". */
static size_t take_fields(struct str s)
{
	size_t first, second;

	if (s.len < 30)
		return 0;
	first = str_find((struct str){ s.p, s.len < 120 ? s.len : 120 }, '\t');
	if (first == 0 || first >= 120 || first == s.len)
		return 0;
	second = first + 1 + str_find(str_from(s, first + 1), '\t');
	if (second > 240 || second >= s.len || stamp_len(str_from(s, second + 1)) < 19)
		return 0;
	return second + 1;
}

/* BuildKit: "#12 0.345 "; compose: "web-1  | ". */
static size_t take_container(struct str s)
{
	size_t i = 0, digits;

	if (s.len > 1 && s.p[0] == '#' && is_digit(s.p[1])) {
		for (i = 1; i < s.len && is_digit(s.p[i]);)
			i++;
		if (i == s.len || s.p[i] != ' ')
			return 0;
		for (digits = ++i; i < s.len && (is_digit(s.p[i]) || s.p[i] == '.');)
			i++;
		if (i > digits && i < s.len && s.p[i] == ' ')
			return i + 1;
		/* "#12 [2/5] RUN", "#12 ERROR: "; "#1 main () at" is a debugger's. */
		return i == digits && i < s.len && (s.p[i] == '[' || (s.p[i] >= 'A' && s.p[i] <= 'Z'))
			       ? digits
			       : 0;
	}
	while (i < s.len && i < NAME_MAX_LEN && is_name(s.p[i]))
		i++;
	if (i < 3 || !is_digit(s.p[i - 1]) || s.p[i - 2] != '-')
		return 0;
	digits = skip(s, i, ' ');
	return digits > i && str_starts(str_from(s, digits), STR("| ")) ? digits + 2 : 0;
}

/* The name of a script that runs in each package of a repository: the word, and what is behind a colon in it. */
static size_t script_len(struct str s)
{
	static const char *const words[] = { "build", "test", "lint", "check", "typecheck", "type-check",
		"check-types", "compile", "format", "generate", "e2e", "prepare", "postinstall", "install" };
	size_t n = 0;

	while (n < s.len && n < NAME_MAX_LEN &&
		(is_name(s.p[n]) || (s.p[n] == ':' && n + 1 < s.len && is_name(s.p[n + 1]))))
		n++;
	for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
		struct str word = str_z(words[k]);

		if (str_starts(s, word) && (n == word.len || (n > word.len && s.p[word.len] == ':')))
			return n;
	}
	return 0;
}

/*
 * Those who run a script in many packages at once: turbo's "@scope/web:build: ", pnpm's "packages/web build: ",
 * lerna's "@scope/web: ". And what a build script of Rust lets cargo say.
 */
static size_t take_package(struct str s)
{
	bool scoped = s.len > 0 && s.p[0] == '@', path = false;
	size_t i = scoped, n;

	if (str_starts(s, STR("cargo:warning=")))
		return 14;
	while (i < s.len && i < 2 * NAME_MAX_LEN && (is_name(s.p[i]) || s.p[i] == '/')) {
		path |= s.p[i] == '/';
		i++;
	}
	if (i <= scoped || i + 1 >= s.len)
		return 0;
	if (scoped && path && str_starts(str_from(s, i), STR(": ")))
		return i + 2;
	if ((s.p[i] != ':' || (path && !scoped)) &&
		(s.p[i] != ' ' || !(path || str_eq((struct str){ s.p, i }, STR(".")))))
		return 0;
	n = script_len(str_from(s, i + 1));
	if (n == 0)
		return 0;
	i += 1 + n;
	if (i + 1 == s.len && s.p[i] == ':')
		return s.len;
	return str_starts(str_from(s, i), STR(": ")) ? i + 2 : 0;
}

size_t line_prefix(struct str line, enum line_level *ret_level)
{
	size_t at = take_fields(line);
	bool stamped = false, only_stamps = true;

	for (int part = 0; part < PARTS_MAX && at < line.len; part++) {
		struct str s = str_from(line, at);
		size_t n = take_stamp(s);

		if (n == 0)
			n = take_bracket(s);
		if (n > 0)
			stamped = true;
		else if (stamped)
			n = take_level(s, ret_level);
		if (n == 0 && only_stamps) {
			only_stamps = false;
			n = take_container(s);
			if (n == 0)
				n = take_package(s);
		}
		if (n == 0)
			n = take_process(s);
		if (n == 0)
			n = take_elapsed(s);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}
