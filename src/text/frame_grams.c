/*
 * frame_grams: a bit for each hash of three bytes that occurs.
 *
 * A text that contains a needle contains all three-byte sequences of it; so when the bit of one of them is not set,
 * the frame need not be read. Upper case counts as lower, line ends take part in nothing, and escape sequences are
 * taken out first, for that is how lines are searched.
 *
 * One byte a hash is set while the text is gone through, for a store is cheaper than a read, an or and a store. The
 * bytes become bits at the end, and then the bitmap is folded in half for as long as it stays sparse enough: hashes
 * are folded by leaving out their highest bit, so a bitmap of any size is asked with the same hash.
 */
#include "text/frame_grams.h"

#include "text/escape.h"
#include "text/frame.h"

#include <string.h>

#define HASHES (FRAME_GRAMS_MAX * 8u)

static inline uint8_t folded(char c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* The multiplier is 2^32 over the golden ratio (Knuth's multiplicative hash). */
static inline uint32_t hash_of(uint32_t three)
{
	return (three * 0x9e3779b1u) >> 16;
}

static inline uint32_t three_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

static void mark_run(struct str run, uint8_t *marks)
{
	uint32_t three;

	if (run.len < 3)
		return;
	three = (uint32_t)folded(run.p[0]) << 8 | (uint32_t)folded(run.p[1]) << 16;
	for (size_t i = 2; i < run.len; i++) {
		three = three >> 8 | (uint32_t)folded(run.p[i]) << 16;
		marks[hash_of(three)] = 1;
	}
}

static void mark_lines(struct str text, uint8_t *marks)
{
	while (text.len > 0) {
		size_t len = str_find(text, '\n');

		mark_run((struct str){ text.p, len }, marks);
		text = str_from(text, len + 1);
	}
}

static void without_escapes(struct str text, struct buf *out)
{
	size_t done = 0;

	for (size_t i = 0; i < text.len; i++) {
		size_t end;

		if (text.p[i] != ESCAPE_FIRST && text.p[i] != ESCAPE_FIRST_C1)
			continue;
		end = escape_end(text, i);
		if (end == i)
			continue;
		buf_add(out, text.p + done, i - done);
		done = end;
		i = end - 1;
	}
	buf_add(out, text.p + done, text.len - done);
}

static size_t fold(uint8_t *bits, size_t len)
{
	for (;;) {
		size_t n_set = 0;

		for (size_t i = 0; i < len; i++)
			n_set += (unsigned)__builtin_popcount(bits[i]);
		if (len == FRAME_GRAMS_MIN || n_set * 4 > len * 8)
			return len;
		len /= 2;
		for (size_t i = 0; i < len; i++)
			bits[i] |= bits[len + i];
	}
}

struct str frame_grams_make(struct str text, bool has_escapes, struct arena *a)
{
	uint8_t marks[HASHES] = { 0 }, bits[FRAME_GRAMS_MAX] = { 0 };
	AUTO_BUF plain;

	buf_init(&plain, text.len);
	if (has_escapes)
		without_escapes(text, &plain);
	mark_lines(has_escapes ? buf_view(&plain) : text, marks);
	for (size_t i = 0; i < HASHES; i++)
		bits[i / 8] = (uint8_t)(bits[i / 8] | marks[i] << i % 8);
	return arena_str(a, (struct str){ (const char *)bits, fold(bits, sizeof bits) });
}

static bool is_ascii(const char *p)
{
	return !((p[0] | p[1] | p[2]) & 0x80);
}

bool frame_may_contain(const struct frame *f, struct str needle)
{
	size_t mask = f->grams.len * 8 - 1;

	if (memchr(needle.p ? needle.p : "", '\n', needle.len))
		return false;
	if (f->grams.len == 0)
		return true;
	for (size_t i = 0; i + 3 <= needle.len; i++) {
		uint8_t three[3] = { folded(needle.p[i]), folded(needle.p[i + 1]), folded(needle.p[i + 2]) };
		size_t h = hash_of(three_at(three)) & mask;

		if (is_ascii(needle.p + i) && !((uint8_t)f->grams.p[h / 8] >> h % 8 & 1))
			return false;
	}
	return true;
}
