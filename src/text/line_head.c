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
#include <string.h>

#define BRACKET_MAX 64 /* bytes from its beginning to its end */

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
 * row's, 0 ends it. The first eight bytes of a row are one word, with a mask of those that there are, because a part of a line is nearly
 * always none of them.
 */
#define CHAINS 1024
static uint8_t first_start[CHAINS], next_start[N_STARTS + 1];
static struct {
	uint64_t word, mask;
} heads[N_STARTS];

static size_t chain_of(const char *p)
{
	return ((size_t)(uint8_t)p[0] * 31 + (uint8_t)p[1] * 5u) % CHAINS;
}

static uint64_t head_of(struct str s)
{
	uint64_t word = 0;

	memcpy(&word, s.p, s.len < sizeof word ? s.len : sizeof word);
	return word;
}

void line_head_init(void)
{
	for (size_t row = N_STARTS; row > 0; row--) {
		struct str text = starts[row - 1].text;
		uint8_t *first = &first_start[chain_of(text.p)];

		next_start[row] = *first;
		*first = (uint8_t)row;
		heads[row - 1].word = head_of(text);
		memset(&heads[row - 1].mask, 0xff, text.len < sizeof(uint64_t) ? text.len : sizeof(uint64_t));
	}
}

static struct str token_before(const struct line_head *h, size_t end)
{
	size_t n = h->i;

	while (n < end && !line_is_blank(h->s.p[n]))
		n++;
	return (struct str){ h->s.p + h->i, n - h->i };
}

struct str line_head_token(const struct line_head *h)
{
	return token_before(h, h->s.len);
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

	if (s.len < 3 || s.p[0] != 't' || (s.p[1] != 'i' && s.p[1] != 's'))
		return 0;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (str_starts(s, keys[i]))
			return keys[i].len;
	return 0;
}

static bool take_time(struct line_head *h)
{
	char c = line_head_char(h, h->i);
	int64_t ms;
	size_t key, n;

	if (c != 't' && !line_time_begins(c))
		return false;
	key = time_key_len(line_head_rest(h));
	n = line_time(str_from(h->s, h->i + key), &ms);
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
	uint64_t head;
	size_t row;

	if (s.len < 2) /* no row is so short */
		return false;
	row = first_start[chain_of(s.p)];
	if (row == 0)
		return false;
	for (head = head_of(s); row > 0; row = next_start[row]) {
		const struct start *x = &starts[row - 1];

		if ((head & heads[row - 1].mask) != heads[row - 1].word || !str_starts(s, x->text))
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
	struct str look = line_head_rest(h);
	enum line_level level;

	if (look.len > BRACKET_MAX + 1)
		look.len = BRACKET_MAX + 1;
	size_t end = h->i + str_find(look, close);
	if (end == h->i + look.len)
		return false;
	for (h->i++; h->i < end; line_head_skip_blanks(h)) {
		struct str token, word;

		if (take_time(h))
			continue;
		token = token_before(h, end);
		word = line_word_at(token);
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

static bool klog_level(char letter, enum line_level *ret)
{
	switch (letter) {
	case 'I':
		*ret = LINE_INFO;
		return true;
	case 'W':
		*ret = LINE_WARNING;
		return true;
	case 'E':
		*ret = LINE_ERROR;
		return true;
	case 'F':
		*ret = LINE_CRITICAL;
		return true;
	default:
		return false;
	}
}

/* Glog and klog: I0102 15:04:05.000000 1 file.go:12] message. */
static bool take_klog(struct line_head *h)
{
	struct str s = line_head_rest(h);
	int64_t ms;
	enum line_level level;

	if (s.len < 14 || s.p[5] != ' ' || !klog_level(s.p[0], &level))
		return false;
	for (size_t i = 1; i < 5; i++)
		if (!line_is_digit(s.p[i]))
			return false;
	if (line_time(str_from(s, 6), &ms) == 0)
		return false;
	line_head_state(h, level);
	h->i += str_find(s, ']') + 1;
	return true;
}

bool line_head_part(struct line_head *h)
{
	char c = line_head_char(h, h->i);

	if (take_time(h) || take_start(h))
		return true;
	if (c == '[' || c == '<' || c == '(')
		return take_bracket(h);
	if (line_is_letter(c))
		return line_head_level(h) || take_klog(h);
	return take_separator(h);
}
