/*
 * visible: one pass over the text, copying runs of harmless characters and stopping at the others.
 *
 * A lone CR is remembered, and so is the erasing of a line; they are acted upon when something visible comes, so
 * that a CR before the line end or at the end of the text changes nothing. Then the line is taken apart into
 * columns, which are overwritten, and put together at its end: each line at most once, so that the whole stays
 * linear, however often a progress bar goes back. Cursor moves are removed, not done.
 *
 * A variation selector (U+FE00-F) after a character is what makes an emoji one, and stays; more than one in
 * a row spells hidden text, and is shown.
 */
#include "text/visible.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "text/escape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT STR("\xef\xbf\xbd")

/* Invisible, or changing the order of what is around them. In order. */
static const struct {
	uint32_t first, last;
} hidden[] = {
	{ 0x80, 0x9f },       /* C1 controls */
	{ 0xad, 0xad },       /* soft hyphen */
	{ 0x34f, 0x34f },     /* combining grapheme joiner */
	{ 0x61c, 0x61c },     /* Arabic letter mark (bidi) */
	{ 0x115f, 0x1160 },   /* Hangul fillers */
	{ 0x17b4, 0x17b5 },   /* Khmer inherent vowels */
	{ 0x180b, 0x180f },   /* Mongolian variation selectors, vowel separator */
	{ 0x200b, 0x200f },   /* zero-width space, joiners, bidi marks */
	{ 0x2028, 0x202e },   /* line and paragraph separator, bidi embeddings and overrides */
	{ 0x2060, 0x206f },   /* word joiner, invisible operators, bidi isolates, deprecated controls */
	{ 0x3164, 0x3164 },   /* Hangul filler */
	{ 0xfeff, 0xfeff },   /* byte order mark */
	{ 0xffa0, 0xffa0 },   /* halfwidth Hangul filler */
	{ 0xfff9, 0xfffb },   /* interlinear annotation */
	{ 0x1d173, 0x1d17a }, /* musical formatting */
	{ 0xe0000, 0xe0fff }, /* tags, variation selectors supplement */
};

/* A character, and the variation selector behind it if there is one. NULs fill up: they are no text here. */
struct column {
	char utf8[8];
};

struct line { /* that is written over */
	struct column *columns;
	size_t n, cap;
	size_t at; /* where the next character goes */
	bool open; /* its start is in columns, and not in out */
};

struct view {
	struct buf *out;
	size_t base;        /* length of out before this text */
	bool name;          /* line ends, tabs and CRs are shown as well */
	bool after_variant; /* the character before was a variation selector */
	bool returned;      /* a CR was seen, and nothing visible since */
	bool erased;        /* the line was erased, and nothing visible came since */
	struct line line;
};

static bool is_hidden(uint32_t c)
{
	for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
		if (c <= hidden[i].last)
			return c >= hidden[i].first;
	return false;
}

static bool is_variant(uint32_t c)
{
	return c >= 0xfe00 && c <= 0xfe0f;
}

/* Characters over what stands there, one a column. */
static void line_put(struct line *l, const char *p, size_t n)
{
	uint32_t c;

	for (size_t len; n > 0; p += len, n -= len) {
		len = utf8_decode(p, n, &c);
		assert(len > 0);
		if (is_variant(c) && l->at > 0) {
			memcpy(l->columns[l->at - 1].utf8 + 4, p, len);
			continue;
		}
		if (l->at == l->cap) {
			l->cap = l->cap ? 2 * l->cap : 256;
			l->columns = mem_grow(l->columns, l->cap * sizeof *l->columns);
		}
		l->columns[l->at] = (struct column){ 0 };
		memcpy(l->columns[l->at++].utf8, p, len);
		if (l->n < l->at)
			l->n = l->at;
	}
}

static void line_close(struct line *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_add(out, l->columns[i].utf8, strnlen(l->columns[i].utf8, 4));
		buf_add(out, l->columns[i].utf8 + 4, strnlen(l->columns[i].utf8 + 4, 4));
	}
	l->n = l->at = 0;
	l->open = false;
}

/* Something visible comes, behind a CR: the line is taken apart if it is not yet, and begun again. */
static void line_return(struct view *v)
{
	size_t len = v->out->len - v->base;
	const char *lf = len > 0 ? memrchr(v->out->p + v->base, '\n', len) : NULL;
	size_t start = lf ? (size_t)(lf - v->out->p) + 1 : v->base;

	if (!v->line.open) {
		struct str line = str_from(buf_view(v->out), start);

		v->line.open = true;
		line_put(&v->line, line.p, line.len);
		buf_cut(v->out, start);
	}
	v->line.at = 0;
	if (v->erased)
		v->line.n = 0;
	v->returned = false;
}

static void put(struct view *v, const char *p, size_t n)
{
	while (n > 0 && (v->returned || v->line.open)) {
		size_t len = str_find((struct str){ p, n }, '\n');

		if (len > 0 && v->returned)
			line_return(v);
		if (v->line.open)
			line_put(&v->line, p, len);
		if (len < n) {
			line_close(&v->line, v->out);
			v->returned = false;
		}
		v->erased = false;
		p += len;
		n -= len;
	}
	if (n > 0)
		v->erased = false;
	buf_add(v->out, p, n);
}

/* Of all escapes only EL, the erasing of a line, is looked at: a progress bar that becomes shorter has it. */
static void heed_escape(struct view *v, struct str escape)
{
	struct str rest = str_from(escape, escape.p[0] == ESCAPE_FIRST ? 1 : 0);
	bool all;

	if (!str_starts(rest, STR("[")) && !str_starts(rest, STR("\xc2\x9b")))
		return;
	rest = str_from(rest, rest.p[0] == '[' ? 1 : 2);
	all = str_eq(rest, STR("2K"));
	if (!all && !str_eq(rest, STR("K")) && !str_eq(rest, STR("0K")))
		return;
	if (all || v->returned)
		v->erased = true;
	if (!v->returned && v->line.open)
		v->line.n = v->line.at;
}

static void put_code(struct view *v, uint32_t c)
{
	char text[12] = "\\u{";
	size_t n = 3;
	unsigned shift = 20;

	/* By hand: a text may be of nothing else, and printf takes five times as long. */
	while (shift > 0 && c >> shift == 0)
		shift -= 4;
	for (;; shift -= 4) {
		text[n++] = "0123456789abcdef"[c >> shift & 15];
		if (shift == 0)
			break;
	}
	text[n++] = '}';
	put(v, text, n);
}

static bool in(uint8_t b, uint8_t first, uint8_t last)
{
	return b >= first && b <= last;
}

/* One character at i that is not plain ASCII. Returns how far it went; *ret_keep: these bytes stay as they
 * are. */
static size_t special(struct view *v, struct str s, size_t i, bool *ret_keep)
{
	uint8_t b = (uint8_t)s.p[i];
	uint32_t c;

	*ret_keep = false;
	if (escape_end(s, i) > i) {
		size_t end = escape_end(s, i);

		heed_escape(v, (struct str){ s.p + i, end - i });
		return end;
	}
	if (b == '\r' && !v->name) {
		v->returned = true;
		return i + 1;
	}
	if (b < 0x20 || b == 0x7f) {
		put_code(v, b);
		return i + 1;
	}

	size_t n = utf8_decode(s.p + i, s.len - i, &c);
	if (n == 0) {
		put(v, REPLACEMENT.p, REPLACEMENT.len);
		return i + 1;
	}
	bool variant = is_variant(c);
	if (is_hidden(c) || (variant && v->after_variant))
		put_code(v, c);
	else
		*ret_keep = true;
	v->after_variant = variant;
	return i + n;
}

static bool is_plain(const struct view *v, uint8_t b)
{
	return in(b, 0x20, 0x7e) || (!v->name && (b == '\n' || b == '\t'));
}

static void make_visible(struct view *v, struct str s)
{
	size_t done = 0, i = 0; /* s[done..i) is waiting to be put as it is */

	while (i < s.len) {
		if (is_plain(v, (uint8_t)s.p[i])) {
			v->after_variant = false;
			i++;
			continue;
		}

		/* What waits goes first, because a CR or an escape behind it may look back at it. */
		bool keep;
		put(v, s.p + done, i - done);
		done = i;
		i = special(v, s, i, &keep);
		if (!keep)
			done = i;
	}
	put(v, s.p + done, i - done);
	line_close(&v->line, v->out);
	free(v->line.columns);
}

void text_visible(struct str text, struct buf *out)
{
	struct view v = { .out = out, .base = out->len };

	make_visible(&v, text);
}

void text_visible_name(struct str name, size_t max_bytes, struct buf *out)
{
	struct view v = { .out = out, .base = out->len, .name = true };

	make_visible(&v, name);
	if (out->len - v.base <= max_bytes)
		return;

	size_t room = max_bytes > 3 ? max_bytes - 3 : 0;
	struct str made = str_from(buf_view(out), v.base);
	buf_cut(out, v.base + utf8_floor(made, room));
	buf_add(out, "...", max_bytes < 3 ? max_bytes : 3);
}

size_t text_longest_run(struct str text, char c)
{
	size_t longest = 0, run = 0;

	for (size_t i = 0; i < text.len; i++) {
		run = text.p[i] == c ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	return longest;
}
