/*
 * line_head: each part is known by its first character, so that most are passed by at once.
 *
 * A level in a bracket counts wherever in it it stands ("[2026-01-02T15:04:05Z WARN app]"); elsewhere it
 * has to be written as line_word_stated() knows. "-", "|" and ":" hold parts together only in a record: at
 * the start of a line they begin lists.
 */
#include "text/line_head.h"

#include "text/line_time.h"
#include "text/line_word.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

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

/*
 * Rows whose first two bytes are alike, or nearly so, are a chain, in their order; numbers are one more than the
 * row's, 0 ends it.
 */
static uint8_t first_start[256], next_start[N_STARTS + 1];
static pthread_once_t starts_once = PTHREAD_ONCE_INIT;

static uint8_t chain_of(const char *p)
{
	return (uint8_t)((uint8_t)p[0] * 31 + (uint8_t)p[1]);
}

static void chain_starts(void)
{
	for (size_t row = N_STARTS; row > 0; row--) {
		uint8_t *first = &first_start[chain_of(starts[row - 1].text.p)];

		next_start[row] = *first;
		*first = (uint8_t)row;
	}
}

void line_head_skip_blanks(struct line_head *h)
{
	while (line_is_blank(line_head_char(h, h->i)))
		h->i++;
}

struct str line_head_token(const struct line_head *h)
{
	size_t n = h->i;

	while (n < h->s.len && !line_is_blank(h->s.p[n]))
		n++;
	return (struct str){ h->s.p + h->i, n - h->i };
}

void line_head_state(struct line_head *h, enum line_level level)
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

static bool take_time(struct line_head *h)
{
	size_t key = time_key_len(line_head_rest(h));
	int64_t ms;
	size_t n = line_time(str_from(h->s, h->i + key), &ms);

	if (n == 0)
		return false;
	if (h->line->at_ms == 0)
		h->line->at_ms = ms;
	h->record = true;
	h->i += key + n;
	h->i += line_head_char(h, h->i) == '"';
	return true;
}

/* A start of the table ends the head. */
static bool take_start(struct line_head *h)
{
	struct str s = line_head_rest(h);

	if (s.len < 2) /* no row is so short */
		return false;
	for (size_t row = first_start[chain_of(s.p)]; row > 0; row = next_start[row]) {
		const struct start *x = &starts[row - 1];

		if (!str_starts(s, x->text))
			continue;
		if (line_is_word(x->text.p[x->text.len - 1]) && s.len > x->text.len &&
			line_is_word(s.p[x->text.len]))
			continue;
		if (x->source != LINE_BUILD)
			h->line->source = x->source;
		if (x->level != LINE_INFO)
			line_head_state(h, x->level);
		h->i += x->text.len;
		return true;
	}
	return false;
}

bool line_head_level(struct line_head *h)
{
	enum line_level level;
	size_t n = line_word_stated(line_head_rest(h), &level);

	if (n == 0)
		return false;
	line_head_state(h, level);
	h->i += n;
	return true;
}

/*
 * [ERROR], [main], [task 2026-01-02T15:04:05.000Z], [2026-01-02T15:04:05Z WARN app]: whatever is in it, up
 * to its end.
 */
static bool take_bracket(struct line_head *h)
{
	char open = line_head_char(h, h->i), close = open == '[' ? ']' : open == '<' ? '>' : ')';
	size_t end = h->i + str_find(line_head_rest(h), close);
	enum line_level level;

	if (end == h->s.len || end - h->i > 64)
		return false;
	for (h->i++; h->i < end; line_head_skip_blanks(h)) {
		struct str token = line_head_token(h);
		size_t room = end - h->i;

		if (take_time(h))
			continue;
		if (token.len > room)
			token.len = room;
		struct str word = line_word_at(token);
		if (word.len == token.len || token.p[word.len] == '/' || token.p[word.len] == ':')
			if (line_word_level(word, &level))
				line_head_state(h, level);
		h->i += token.len > 0 ? token.len : 1;
	}
	h->i = end + 1;
	return true;
}

/* The ==123== of valgrind, and the ==== in front of a heading. */
static bool take_equals(struct line_head *h)
{
	size_t i = h->i, digits;

	while (line_head_char(h, i) == '=')
		i++;
	for (digits = i; line_is_digit(line_head_char(h, i));)
		i++;
	if (digits - h->i < 2 || (i > digits && !str_starts(str_from(h->s, i), STR("=="))))
		return false;
	h->i = i > digits ? i + 2 : i;
	return true;
}

/* The #12 of BuildKit, which makes what follows a record. */
static bool take_step_number(struct line_head *h)
{
	size_t i = h->i + 1;

	while (line_is_digit(line_head_char(h, i)))
		i++;
	if (i == h->i + 1 || !line_is_blank(line_head_char(h, i)))
		return false;
	h->record = true;
	h->i = i;
	return true;
}

/* What holds the parts of a line together. */
static bool take_separator(struct line_head *h)
{
	switch (line_head_char(h, h->i)) {
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
static bool take_klog(struct line_head *h)
{
	struct str s = line_head_rest(h);
	int64_t ms;
	static const char letters[] = "IWEF";
	static const enum line_level levels[] = { LINE_INFO, LINE_WARNING, LINE_ERROR, LINE_CRITICAL };
	const char *letter = memchr(letters, s.p[0], sizeof letters - 1);

	if (!letter || s.len < 14 || s.p[5] != ' ')
		return false;
	for (size_t i = 1; i < 5; i++)
		if (!line_is_digit(s.p[i]))
			return false;
	if (line_time(str_from(s, 6), &ms) == 0)
		return false;
	line_head_state(h, levels[letter - letters]);
	h->i += str_find(s, ']') + 1;
	return true;
}

bool line_head_part(struct line_head *h)
{
	pthread_once(&starts_once, chain_starts);

	char c = line_head_char(h, h->i);

	if (take_time(h) || take_start(h))
		return true;
	if (c == '[' || c == '<' || c == '(')
		return take_bracket(h);
	return line_head_level(h) || take_separator(h) || take_klog(h);
}
