#ifndef BASE_UTF8_H
#define BASE_UTF8_H
/*
 * utf8: RFC 3629, no surrogates, no overlong forms, at most U+10FFFF.
 * Invalid input is replaced as the Unicode Standard recommends (ch. 3.9, "U+FFFD substitution of
 * maximal subparts"): one U+FFFD for each maximal prefix of a well-formed sequence, else for each byte.
 */
#include "base/buf.h"

/* Length in bytes (1-4) of the well-formed character at p, or 0 when it is not one. Writes the code point. */
size_t utf8_decode(const char *p, size_t len, uint32_t *ret_code);
/* Bytes at the start of s that one U+FFFD replaces; s is not empty, and utf8_decode() gave 0 for it. */
size_t utf8_bad_len(struct str s);
/* Offset of the first byte that does not belong to well-formed UTF-8, or s.len. */
size_t utf8_valid(struct str s);
/* s with invalid bytes and NULs as U+FFFD, appended to out. The fast path is one copy. */
void utf8_clean(struct str s, struct buf *out);
/* The largest offset <= at that does not lie inside a character of the valid text s. */
size_t utf8_floor(struct str s, size_t at);
/* The smallest offset >= at that does not lie inside a character of the valid text s. */
size_t utf8_ceil(struct str s, size_t at);
void utf8_encode(uint32_t code, struct buf *out);

#endif
