/*
 * mask_view: a copy of the text with pieces left out or replaced, and a list of these, by which a place in the
 * copy is found in the text.
 */
#include "text/mask_view.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "text/escape.h"

#include <stdlib.h>
#include <string.h>

void view_init(struct view *v, struct str text)
{
	*v = (struct view){ 0 };
	buf_init(&v->text, text.len);
}

void view_reset(struct view *v)
{
	buf_reset(&v->text);
	v->n = 0;
}

void view_done(struct view *v)
{
	buf_done(&v->text);
	free(v->cuts);
	*v = (struct view){ 0 };
}

/* What comes next in the view is at `end` in the text; what came last ended at `from`. */
static void cut(struct view *v, size_t from, size_t end)
{
	size_t at = v->text.len;

	if (v->n > 0 && v->cuts[v->n - 1].at == at) {
		v->cuts[v->n - 1].end = end;
		return;
	}
	if (v->n == v->cap) {
		v->cap = v->cap ? 2 * v->cap : 64;
		v->cuts = mem_grow(v->cuts, v->cap * sizeof *v->cuts);
	}
	v->cuts[v->n++] = (struct view_cut){ at, from, end };
}

/* Where the next of two bytes is; each is looked for only once. */
struct next {
	struct str text;
	char bytes[2];
	size_t at[2];
};

static size_t next_from(struct next *n, size_t i)
{
	for (unsigned k = 0; k < 2; k++)
		if (n->at[k] < i)
			n->at[k] = i + str_find(str_from(n->text, i), n->bytes[k]);
	return n->at[0] < n->at[1] ? n->at[0] : n->at[1];
}

static struct next next_of(struct str text, char one, char other)
{
	return (struct next){ text, { one, other }, { str_find(text, one), str_find(text, other) } };
}

bool view_plain(struct view *v, struct str text)
{
	struct next n = next_of(text, ESCAPE_FIRST, ESCAPE_FIRST_C1);
	size_t done = 0;

	for (size_t i = next_from(&n, 0); i < text.len; i = next_from(&n, i)) {
		size_t end = escape_end(text, i);

		if (end == i) {
			i++;
			continue;
		}
		buf_add(&v->text, text.p + done, i - done);
		cut(v, i, end);
		done = i = end;
	}
	if (v->n > 0)
		buf_add(&v->text, text.p + done, text.len - done);
	return v->n > 0;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character of ASCII whose two hexadecimal digits are at i, or -1. */
static int ascii_at(struct str text, size_t i)
{
	int high = hex_value(text.p[i]), low = hex_value(text.p[i + 1]);

	return high < 0 || high > 7 || low < 0 ? -1 : high << 4 | low;
}

/* How many bytes at i are an escape, and of what. 0: none. */
static size_t escaped_at(struct str text, size_t i, char *ret)
{
	size_t left = text.len - i, len = 0;
	int c = -1;

	if (text.p[i] == '%' && left >= 3) {
		c = ascii_at(text, i + 1);
		len = 3;
	} else if (text.p[i] == '\\' && left >= 2 && text.p[i + 1] == '/') {
		c = '/';
		len = 2;
	} else if (text.p[i] == '\\' && left >= 6 && memcmp(text.p + i + 1, "u00", 3) == 0) {
		c = ascii_at(text, i + 4);
		len = 6;
	}
	*ret = (char)c;
	return c < 0 ? 0 : len;
}

bool view_unescaped(struct view *v, struct str text)
{
	struct next n = next_of(text, '%', '\\');
	size_t done = 0;

	for (size_t i = next_from(&n, 0); i < text.len; i = next_from(&n, i)) {
		char c;
		size_t len = escaped_at(text, i, &c);

		if (len == 0) {
			i++;
			continue;
		}
		buf_add(&v->text, text.p + done, i - done);
		buf_char(&v->text, c);
		done = i += len;
		cut(v, i, i);
	}
	if (v->n > 0)
		buf_add(&v->text, text.p + done, text.len - done);
	return v->n > 0;
}

#define REFERENCE_MAX 12 /* bytes: "&#x0010FFFF;" */

static bool named_reference(struct str name, uint32_t *ret)
{
	static const struct {
		struct str name;
		uint32_t c;
	} named[] = { { { "amp", 3 }, '&' }, { { "lt", 2 }, '<' }, { { "gt", 2 }, '>' },
		{ { "quot", 4 }, '"' }, { { "apos", 4 }, '\'' } };

	for (size_t i = 0; i < sizeof named / sizeof *named; i++)
		if (str_eq(name, named[i].name)) {
			*ret = named[i].c;
			return true;
		}
	return false;
}

/* "#60" or "#x3C". */
static bool numbered_reference(struct str name, uint32_t *ret)
{
	bool hex = name.len > 2 && (name.p[1] == 'x' || name.p[1] == 'X');
	uint32_t c = 0;

	if (name.len < 2 || name.p[0] != '#')
		return false;
	for (size_t i = hex ? 2 : 1; i < name.len; i++) {
		int digit = hex_value(name.p[i]);

		if (digit < 0 || (!hex && digit > 9))
			return false;
		c = c * (hex ? 16 : 10) + (uint32_t)digit;
	}
	*ret = c;
	return c > 0 && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
}

/* How many bytes at i are a reference, and to what. 0: none. */
static size_t reference_at(struct str text, size_t i, uint32_t *ret)
{
	struct str rest = str_from(text, i + 1);
	size_t n;

	rest.len = rest.len < REFERENCE_MAX ? rest.len : REFERENCE_MAX;
	n = str_find(rest, ';');
	if (n == rest.len)
		return 0;
	rest.len = n;
	return named_reference(rest, ret) || numbered_reference(rest, ret) ? n + 2 : 0;
}

bool view_references(struct view *v, struct str text)
{
	size_t done = 0;

	for (size_t i = str_find(text, '&'); i < text.len; i += str_find(str_from(text, i), '&')) {
		uint32_t c = 0;
		size_t len = reference_at(text, i, &c);

		if (len == 0) {
			i++;
			continue;
		}
		buf_add(&v->text, text.p + done, i - done);
		utf8_encode(c, &v->text);
		done = i += len;
		cut(v, i, i);
	}
	if (v->n > 0)
		buf_add(&v->text, text.p + done, text.len - done);
	return v->n > 0;
}

/* The last cut at or before `at`, or NULL. */
static const struct view_cut *cut_before(const struct view *v, size_t at)
{
	size_t low = 0, high = v->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (v->cuts[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? &v->cuts[low - 1] : NULL;
}

static size_t start_in_text(const struct view *v, size_t at)
{
	const struct view_cut *c = cut_before(v, at);

	return c ? c->end + (at - c->at) : at;
}

/* Without what is cut right behind. */
static size_t end_in_text(const struct view *v, size_t end)
{
	const struct view_cut *c = cut_before(v, end);

	if (!c)
		return end;
	return c->at == end ? c->from : c->end + (end - c->at);
}

void view_add_spans(const struct view *v, const struct spans *found, struct spans *ret_spans)
{
	for (size_t i = 0; i < found->n; i++)
		spans_add(ret_spans, start_in_text(v, found->p[i].at), end_in_text(v, found->p[i].end));
}
