/* part: what is not understood is as if it were not there. */
#include "http/part.h"

/* The next member of a list between commas, trimmed. */
static struct str next_member(struct str *list)
{
	struct str one = { list->p, str_find(*list, ',') };

	*list = str_from(*list, one.len + 1);
	return str_trim(one);
}

bool part_is_known(const struct call *c, const char *tag)
{
	struct str list = call_header(c, "If-None-Match");

	while (list.len > 0) {
		struct str one = next_member(&list);

		if (str_starts(one, STR("W/"))) /* compared weakly, RFC 9110, 13.1.2 */
			one = str_from(one, 2);
		if (str_eq(one, str_z(tag)) || str_eq(one, STR("*")))
			return true;
	}
	return false;
}

/* ";q=0", ";q=0.000": not this one. */
static bool is_refused(struct str parameters)
{
	struct str q = str_trim(str_from(parameters, str_find(parameters, '=') + 1));

	if (q.len == 0)
		return false;
	for (size_t i = 0; i < q.len; i++)
		if (q.p[i] != '0' && q.p[i] != '.')
			return false;
	return true;
}

bool part_takes_coding(const struct call *c, const char *coding)
{
	struct str list = call_header(c, "Accept-Encoding");

	while (list.len > 0) {
		struct str one = next_member(&list);
		size_t at = str_find(one, ';');

		if (str_eq_nocase(str_trim((struct str){ one.p, at }), str_z(coding)))
			return !is_refused(str_from(one, at + 1));
	}
	return false;
}

/* "bytes=FIRST-LAST", "bytes=FIRST-", "bytes=-LENGTH". -1: not there. */
static bool read_range(struct str s, int64_t *first, int64_t *last)
{
	size_t at = str_find(s, '=');
	struct str range = str_trim(str_from(s, at + 1)), a, b;

	if (!str_eq_nocase(str_trim((struct str){ s.p, at }), STR("bytes")))
		return false;
	at = str_find(range, '-');
	a = str_trim((struct str){ range.p, at });
	b = str_trim(str_from(range, at + 1));
	*first = *last = -1;
	if (at == range.len || (a.len == 0 && b.len == 0))
		return false;
	return (a.len == 0 || (str_to_int(a, first) && *first >= 0)) &&
	       (b.len == 0 || (str_to_int(b, last) && *last >= 0)) &&
	       (a.len == 0 || b.len == 0 || *first <= *last);
}

enum part_wanted part_of_range(
	const struct call *c, const char *tag, int64_t size, int64_t *from, int64_t *len)
{
	struct str only_if = str_trim(call_header(c, "If-Range"));
	int64_t first, last;

	if (!read_range(call_header(c, "Range"), &first, &last))
		return PART_ALL;
	if (only_if.len > 0 && (!tag || !str_eq(only_if, str_z(tag))))
		return PART_ALL;
	if (first < 0) { /* the last so many */
		first = last < size ? size - last : 0;
		last = size - 1;
	} else if (last < 0 || last >= size) {
		last = size - 1;
	}
	if (first >= size)
		return PART_NONE;
	*from = first;
	*len = last - first + 1;
	return PART_PIECE;
}

enum err_code part_choose(struct call *c, const char *tag, int64_t size, const char *what,
	struct part_piece *ret, struct err *e)
{
	struct part_piece p = { .len = size };
	enum part_wanted wanted = part_of_range(c, tag, size, &p.from, &p.len);

	if (wanted == PART_NONE) {
		reply_keep_header(
			c, "Content-Range", arena_fmt(&c->arena, "bytes */%lld", (long long)size).p);
		return err_set(e, ERR_RANGE, "%s has %lld bytes", what, (long long)size);
	}
	p.ranged = wanted == PART_PIECE;
	if (p.ranged)
		reply_header(c, "Content-Range",
			arena_fmt(&c->arena, "bytes %lld-%lld/%lld", (long long)p.from,
				(long long)(p.from + p.len - 1), (long long)size)
				.p);
	*ret = p;
	return ERR_OK;
}
