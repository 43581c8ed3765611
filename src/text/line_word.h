#ifndef TEXT_LINE_WORD_H
#define TEXT_LINE_WORD_H
/*
 * line_word: the words that mean a level, and the forms in which tools write them.
 */
#include "base/str.h"
#include "text/line.h"

#include <endian.h>

/* Makes the tables that the others look into: once, before any of them. */
void line_word_init(void);
/* A whole word, in any case: "ERROR", "warn", "severe". */
bool line_word_level(struct str word, enum line_level *ret);

/*
 * The level that s begins with, written so that it is meant: "error:", "error[E0308]:", "error TS2304:",
 * "ERROR ", "ERR!", "fatal error:", "TypeError:", "DeprecationWarning:". Returns its length, 0: there is
 * none.
 */
size_t line_word_stated(struct str s, enum line_level *ret);
/* A level by letter, as linters write behind a location: "E:", "W0611:", "[W]", "E501 ". Length, or 0. */
size_t line_word_letter(struct str s, enum line_level *ret);

/* ---- asked at each token; calls would take as long as the rest ---- */

static inline bool line_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/*
 * Of eight bytes the high bits of those that are no letters (Warren, "Hacker's Delight", 6-1). Words are short, and their ends hard
 * for a processor to guess, which byte by byte costs more than the bytes.
 */
static inline uint64_t line_no_letters(uint64_t eight)
{
	const uint64_t each = UINT64_C(0x0101010101010101), high = 0x80 * each;
	uint64_t lower = eight | 0x20 * each, seven_bits = lower & ~high;

	return ~((seven_bits + (0x80 - 'a') * each) & ~(seven_bits + (0x80 - 'z' - 1) * each) & ~lower) &
	       high;
}

/* The word that s begins with: letters of ASCII only. */
static inline struct str line_word_at(struct str s)
{
	size_t n = 0;

	for (uint64_t eight; n + sizeof eight <= s.len; n += sizeof eight) {
		memcpy(&eight, s.p + n, sizeof eight);
		eight = line_no_letters(le64toh(eight));
		if (eight)
			return (struct str){ s.p, n + (size_t)__builtin_ctzll(eight) / 8 };
	}
	while (n < s.len && line_is_letter(s.p[n]))
		n++;
	return (struct str){ s.p, n };
}

#endif
