/* str: the few questions one asks of a view. */
#include "base/str.h"

#include <string.h>
#include <strings.h>

struct str str_z(const char *z)
{
	return (struct str){ z ? z : "", z ? strlen(z) : 0 };
}

static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool str_eq_nocase(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (fold(a.p[i]) != fold(b.p[i]))
			return false;
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_space(s.p[0])) {
		s.p++;
		s.len--;
	}
	while (s.len > 0 && is_space(s.p[s.len - 1]))
		s.len--;
	return s;
}

#define SHORT_TEXT 400 /* memmem(3) makes a table first, which takes longer than looking through so little */

static size_t find_in_short(struct str s, struct str needle)
{
	for (size_t at = str_find(s, needle.p[0]); s.len - at >= needle.len; at++) {
		if (memcmp(s.p + at, needle.p, needle.len) == 0)
			return at;
		at += str_find(str_from(s, at + 1), needle.p[0]);
	}
	return s.len;
}

size_t str_find_str(struct str s, struct str needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	if (s.len <= SHORT_TEXT)
		return find_in_short(s, needle);
	at = s.len ? memmem(s.p, s.len, needle.p, needle.len) : NULL;
	return at ? (size_t)(at - s.p) : s.len;
}

bool str_to_int(struct str s, int64_t *ret_value)
{
	bool negative = s.len > 0 && s.p[0] == '-';
	int64_t value = 0;
	size_t i = negative;

	if (i == s.len)
		return false;
	for (; i < s.len; i++) {
		int digit = s.p[i] - '0';

		if (digit < 0 || digit > 9)
			return false;
		/* Downwards when negative, so that INT64_MIN fits. */
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, negative ? -digit : digit, &value))
			return false;
	}
	*ret_value = value;
	return true;
}
