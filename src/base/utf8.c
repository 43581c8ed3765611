/*
 * utf8: the table of well-formed byte sequences (Unicode Standard, table 3-7), read as a small decoder.
 */
#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* What may follow a first byte: how many bytes in all, and the bounds of the second. The others are 80..BF.
 */
static size_t sequence(unsigned char first, unsigned char *ret_low, unsigned char *ret_high)
{
	*ret_low = 0x80;
	*ret_high = 0xBF;
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first <= 0xDF)
		return 2;
	if (first >= 0xE0 && first <= 0xEF) {
		if (first == 0xE0)
			*ret_low = 0xA0; /* shorter forms exist */
		if (first == 0xED)
			*ret_high = 0x9F; /* surrogates */
		return 3;
	}
	if (first >= 0xF0 && first <= 0xF4) {
		if (first == 0xF0)
			*ret_low = 0x90;
		if (first == 0xF4)
			*ret_high = 0x8F; /* beyond U+10FFFF */
		return 4;
	}
	return 0;
}

/* Length of the longest prefix of a well-formed sequence at p (at least 1); whole: it is a whole one. */
static size_t subpart(const unsigned char *p, size_t len, bool *ret_whole)
{
	unsigned char low, high;
	size_t n = sequence(p[0], &low, &high), i;

	*ret_whole = false;
	if (n == 0)
		return 1;
	for (i = 1; i < n && i < len; i++) {
		if (p[i] < low || p[i] > high)
			return i;
		low = 0x80;
		high = 0xBF;
	}
	*ret_whole = i == n;
	return i;
}

size_t utf8_decode(const char *p, size_t len, uint32_t *ret_code)
{
	static const unsigned char first_bits[5] = { 0, 0x7F, 0x1F, 0x0F, 0x07 };
	const unsigned char *u = (const unsigned char *)p;
	uint32_t code;
	bool whole;
	size_t n;

	if (len == 0)
		return 0;
	n = subpart(u, len, &whole);
	if (!whole)
		return 0;
	code = u[0] & first_bits[n];
	for (size_t i = 1; i < n; i++)
		code = code << 6 | (u[i] & 0x3F);
	*ret_code = code;
	return n;
}

size_t utf8_bad_len(struct str s)
{
	bool whole;

	return subpart((const unsigned char *)s.p, s.len, &whole);
}

/* Offset of the first byte at or after i that is not plain ASCII, eight at a time. */
static size_t skip_ascii(struct str s, size_t i)
{
	uint64_t word;

	for (; i + 8 <= s.len; i += 8) {
		memcpy(&word, s.p + i, 8);
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < s.len && (unsigned char)s.p[i] < 0x80)
		i++;
	return i;
}

size_t utf8_valid(struct str s)
{
	size_t i = 0;

	for (;;) {
		bool whole;
		size_t n;

		i = skip_ascii(s, i);
		if (i == s.len)
			return i;
		n = subpart((const unsigned char *)s.p + i, s.len - i, &whole);
		if (!whole)
			return i;
		i += n;
	}
}

/* Each of the two next offenders is looked for again only when it was passed, so that it all stays linear. */
void utf8_clean(struct str s, struct buf *out)
{
	size_t at = 0, nul = str_find(s, '\0'), bad = utf8_valid(s);

	for (;;) {
		size_t stop = nul < bad ? nul : bad;

		buf_str(out, (struct str){ str_from(s, at).p, stop - at });
		if (stop == s.len)
			return;
		buf_z(out, REPLACEMENT);
		if (stop == nul) {
			at = nul + 1;
			nul = at + str_find(str_from(s, at), '\0');
		} else {
			at = bad + utf8_bad_len(str_from(s, bad));
			bad = at + utf8_valid(str_from(s, at));
		}
	}
}

static bool inside(struct str s, size_t at)
{
	return at > 0 && at < s.len && ((unsigned char)s.p[at] & 0xC0) == 0x80;
}

size_t utf8_floor(struct str s, size_t at)
{
	if (at > s.len)
		at = s.len;
	while (inside(s, at))
		at--;
	return at;
}

size_t utf8_ceil(struct str s, size_t at)
{
	if (at > s.len)
		at = s.len;
	while (inside(s, at))
		at++;
	return at;
}

void utf8_encode(uint32_t code, struct buf *out)
{
	char c[4];
	size_t n = 0;

	if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
		code = 0xFFFD;
	if (code < 0x80) {
		c[n++] = (char)code;
	} else if (code < 0x800) {
		c[n++] = (char)(0xC0 | code >> 6);
		c[n++] = (char)(0x80 | (code & 0x3F));
	} else if (code < 0x10000) {
		c[n++] = (char)(0xE0 | code >> 12);
		c[n++] = (char)(0x80 | (code >> 6 & 0x3F));
		c[n++] = (char)(0x80 | (code & 0x3F));
	} else {
		c[n++] = (char)(0xF0 | code >> 18);
		c[n++] = (char)(0x80 | (code >> 12 & 0x3F));
		c[n++] = (char)(0x80 | (code >> 6 & 0x3F));
		c[n++] = (char)(0x80 | (code & 0x3F));
	}
	buf_add(out, c, n);
}
