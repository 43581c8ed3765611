/*
 * line_word: what makes a word a level is what stands behind it.
 *
 * A colon nearly always does, but for "Errors: 0", "error: null" and their like, which are reports and
 * settings. Capitals do without (the column of a logger), lower case needs a code behind it ("error TS2304:
 * .."). In front, only words that make kinds of errors may stand ("fatal error:", "internal compiler
 * error:"): "no error:" is none.
 */
#include "text/line_word.h"

#include <string.h>

/* The usual ones first. */
static const struct {
	struct str word;
	enum line_level level;
} words[] = {
	{ { "error", 5 }, LINE_ERROR },
	{ { "warning", 7 }, LINE_WARNING },
	{ { "info", 4 }, LINE_INFO },
	{ { "debug", 5 }, LINE_DEBUG },
	{ { "warn", 4 }, LINE_WARNING },
	{ { "fatal", 5 }, LINE_CRITICAL },
	{ { "trace", 5 }, LINE_DEBUG },
	{ { "verbose", 7 }, LINE_DEBUG },
	{ { "notice", 6 }, LINE_INFO },
	{ { "note", 4 }, LINE_INFO },
	{ { "err", 3 }, LINE_ERROR },
	{ { "severe", 6 }, LINE_ERROR },
	{ { "critical", 8 }, LINE_CRITICAL },
	{ { "panic", 5 }, LINE_CRITICAL },
	{ { "crit", 4 }, LINE_CRITICAL },
	{ { "alert", 5 }, LINE_CRITICAL },
	{ { "emergency", 9 }, LINE_CRITICAL },
	{ { "emerg", 5 }, LINE_CRITICAL },
};

/* Words in front of "error:" or "warning:" that leave it one. */
static const struct str kinds[] = {
	{ "fatal", 5 },
	{ "internal", 8 },
	{ "compiler", 8 },
	{ "compilation", 11 },
	{ "runtime", 7 },
	{ "syntax", 6 },
	{ "parse", 5 },
	{ "linker", 6 },
	{ "build", 5 },
	{ "php", 3 },
	{ "python", 6 },
	{ "javascript", 10 },
	{ "uncaught", 8 },
	{ "unhandled", 9 },
	{ "unexpected", 10 },
	{ "user", 4 },
	{ "deprecation", 11 },
};

#define KINDS_MAX 3 /* "Fatal Python error:", "internal compiler error:" */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_upper(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < 'A' || s.p[i] > 'Z')
			return false;
	return s.len > 0;
}

static char char_at(struct str s, size_t i)
{
	return i < s.len ? s.p[i] : '\0';
}

/*
 * By first letter, which lengths there are: nearly all words of a log fail at that. Letters are numbered by their low five bits, in any case.
 */
struct lengths {
	uint16_t of[32];
};

static struct lengths word_lengths, kind_lengths;

static void add_length(struct lengths *l, struct str word)
{
	l->of[word.p[0] & 31] |= (uint16_t)(1u << word.len);
}

static bool may_be(const struct lengths *l, struct str word)
{
	return word.len > 0 && word.len < 16 && l->of[word.p[0] & 31] >> word.len & 1;
}

void line_word_init(void)
{
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		add_length(&word_lengths, words[i].word);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		add_length(&kind_lengths, kinds[i]);
}

/* Most are told apart by their length and first letter. */
static bool is_word(struct str known, struct str word)
{
	return known.len == word.len && known.p[0] == (word.p[0] | 0x20) && str_eq_nocase(known, word);
}

bool line_word_level(struct str word, enum line_level *ret)
{
	if (!may_be(&word_lengths, word))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (is_word(words[i].word, word)) {
			*ret = words[i].level;
			return true;
		}
	}
	return false;
}

/* Is what stands behind "error:" a count or a setting, and nothing more? */
static bool is_value(struct str s)
{
	static const struct str values[] = {
		{ "null", 4 },
		{ "none", 4 },
		{ "nil", 3 },
		{ "true", 4 },
		{ "false", 5 },
		{ "yes", 3 },
		{ "no", 2 },
		{ "undefined", 9 },
	};
	size_t n = 0;

	s = str_trim(s);
	while (n < s.len && is_digit(s.p[n]))
		n++;
	if (n > 0 && (n == s.len || s.p[n] == ',' || s.p[n] == ';'))
		return true;
	n = line_word_at(s).len;
	if (n < s.len && s.p[n] != ',')
		return false;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (str_eq_nocase(values[i], (struct str){ s.p, n }))
			return true;
	return false;
}

/* TS2304, C2065, LNK1120, E0308: capitals and digits. Length, or 0. */
static size_t code_len(struct str s)
{
	size_t n = 0, letters;

	while (n < s.len && n < 8 && s.p[n] >= 'A' && s.p[n] <= 'Z')
		n++;
	letters = n;
	while (n < s.len && is_digit(s.p[n]))
		n++;
	return letters > 0 && n > letters ? n : 0;
}

/*
 * "ERROR x" but not "ERROR SUMMARY", which is a title; yarn's "error Command failed" but not "error
 * handling".
 */
static bool is_column(struct str word, struct str behind)
{
	struct str next = line_word_at(behind);

	if (is_upper(word))
		return next.len < 3 || !is_upper(next);
	return word.p[0] >= 'a' && next.len > 1 && is_upper((struct str){ next.p, 1 }) && !is_upper(next);
}

/*
 * How far a level that ends in front of `behind` goes on, if what stands there makes it one; SIZE_MAX: it
 * does not.
 */
static size_t meant_by(struct str word, struct str behind)
{
	size_t n;

	switch (char_at(behind, 0)) {
	case ':':
		return is_value(str_from(behind, 1)) || char_at(behind, 1) == ':' ? SIZE_MAX : 1;
	case '!':
		return 1;
	case '[':
		n = str_find(behind, ']');
		return char_at(behind, n + 1) == ':' ? n + 2 : SIZE_MAX;
	case '\0':
		return is_upper(word) ? 0 : SIZE_MAX;
	case ' ':
	case '\t':
		n = code_len(str_from(behind, 1));
		if (n > 0 && char_at(behind, 1 + n) == ':')
			return 2 + n;
		return is_column(word, str_from(behind, 1)) ? 1 : SIZE_MAX;
	default:
		return SIZE_MAX;
	}
}

static bool is_kind(struct str word)
{
	if (!may_be(&kind_lengths, word))
		return false;
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (is_word(kinds[i], word))
			return true;
	return false;
}

static bool is_in_name(char c)
{
	return line_is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '$';
}

/* TypeError:, java.lang.IllegalStateException: or one of these alone. n: of its letters at least so many are known. */
static size_t class_name(struct str s, size_t n, enum line_level *ret)
{
	static const struct {
		struct str end;
		enum line_level level;
	} ends[] = {
		{ { "Error", 5 }, LINE_ERROR },
		{ { "Exception", 9 }, LINE_ERROR },
		{ { "Warning", 7 }, LINE_WARNING },
	};

	while (n < s.len && is_in_name(s.p[n]))
		n++;
	if (n < s.len && s.p[n] != ':')
		return 0;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		if (n > ends[i].end.len && str_ends((struct str){ s.p, n }, ends[i].end)) {
			*ret = ends[i].level;
			return n;
		}
	}
	return 0;
}

size_t line_word_stated(struct str s, enum line_level *ret)
{
	size_t i = 0, letters = 0;

	for (int k = 0; k <= KINDS_MAX; k++) {
		struct str word = line_word_at(str_from(s, i));
		enum line_level level;

		letters = word.len;
		if (word.len == 0)
			return 0;
		if (line_word_level(word, &level)) {
			size_t more = meant_by(word, str_from(s, i + word.len));
			if (more != SIZE_MAX) {
				*ret = k > 0 && level == LINE_CRITICAL ? LINE_ERROR : level;
				return i + word.len + more;
			}
		}
		if (!is_kind(word) || char_at(s, i + word.len) != ' ')
			break;
		i += word.len + 1;
		letters = 0;
	}

	size_t n = class_name(str_from(s, i), letters, ret);
	return n > 0 ? i + n : 0;
}

size_t line_word_letter(struct str s, enum line_level *ret)
{
	bool bracket = char_at(s, 0) == '[';
	size_t i = bracket, n;
	char letter = char_at(s, i);

	if (letter == '\0' || !strchr("EFWCRNIH", letter))
		return 0;
	for (n = i + 1; is_digit(char_at(s, n)); n++)
		;
	char behind = char_at(s, n);
	if (bracket ? behind != ']' : behind != ':' && (behind != ' ' || n == i + 1))
		return 0;
	*ret = letter == 'E' || letter == 'F' ? LINE_ERROR : letter == 'W' ? LINE_WARNING : LINE_INFO;
	return n + 1;
}
