#ifndef BASE_STR_H
#define BASE_STR_H
/*
 * str: a borrowed view of bytes with a length. Not NUL-terminated, never owned, copied by value.
 * Text from outside is held in these: it may hold NULs and invalid UTF-8.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p; /* may be NULL only when len is 0 */
	size_t len;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* For printf("%.*s", STR_FMT(s)). */
#define STR_FMT(s) (int)(s).len, (s).p

struct str str_z(const char *z); /* view of a NUL-terminated string; NULL gives an empty view */
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
struct str str_trim(struct str s);              /* without ASCII white space at both ends */
/* Offset of the first occurrence of needle, or s.len. */
size_t str_find_str(struct str s, struct str needle);
/* The whole of s as a decimal integer (optional '-', no blanks, no overflow). False: ret untouched. */
bool str_to_int(struct str s, int64_t *ret_value);

/* ---- asked for every character of a text, or nearly: calls would take as long as the rest ---- */

/* s without its first at bytes; at beyond the end: empty. */
static inline struct str str_from(struct str s, size_t at)
{
	return at < s.len ? (struct str){ s.p + at, s.len - at } : STR("");
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

/* The first bytes alone settle nearly all that are not so. */
static inline bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len &&
	       (prefix.len == 0 || (s.p[0] == prefix.p[0] && memcmp(s.p, prefix.p, prefix.len) == 0));
}

static inline bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_eq(str_from(s, s.len - suffix.len), suffix);
}

/* Offset of the first c, or s.len. */
static inline size_t str_find(struct str s, char c)
{
	const char *at = s.len ? (const char *)memchr(s.p, c, s.len) : NULL;

	return at ? (size_t)(at - s.p) : s.len;
}

#endif
