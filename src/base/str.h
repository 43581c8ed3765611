#ifndef BASE_STR_H
#define BASE_STR_H
/*
 * str: a borrowed view of bytes with a length. Not NUL-terminated, never owned, copied by value.
 * Text from outside is held in these: it may hold NULs and invalid UTF-8.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *p; /* may be NULL only when len is 0 */
	size_t len;
};

#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* For printf("%.*s", STR_FMT(s)). */
#define STR_FMT(s) (int)(s).len, (s).p

struct str str_z(const char *z); /* view of a NUL-terminated string; NULL gives an empty view */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
struct str str_from(struct str s, size_t at); /* s without its first at bytes; at beyond the end: empty */
struct str str_trim(struct str s);            /* without ASCII white space at both ends */
/* Offset of the first c, or s.len. */
size_t str_find(struct str s, char c);
/* Offset of the first occurrence of needle, or s.len. */
size_t str_find_str(struct str s, struct str needle);
/* The whole of s as a decimal integer (optional '-', no blanks, no overflow). False: ret untouched. */
bool str_to_int(struct str s, int64_t *ret_value);

#endif
