/*
 * settle_row: cells that point into a pool of characters and a list of looks. Both only grow while the row is
 * written; when they are much longer than a row can be, the row is stored and loaded again, which leaves what is used.
 *
 * The length of a row's text is kept exact after each change, sequences included, by looking at the two places where
 * the look may change around the cells that changed. It is what bounds a row, and it must not depend on how the row
 * came about: a row that was stored and loaded again has to be full at the same character.
 */
#include "text/settle_row.h"

#include "base/utf8.h"
#include "text/escape.h"

#include <stdlib.h>
#include <string.h>

#define POOL_MAX (16 * SETTLE_ROW_MAX)
#define PENS_MAX SETTLE_ROW_MAX
#define LINKS_MAX (64 * SETTLE_ROW_MAX)

/* Ascending. Of a block that holds marks for the most part the whole is here. */
static const struct {
	uint32_t first, last;
} marks[] = {
	{ 0x0300, 0x036f },
	{ 0x0483, 0x0489 },
	{ 0x0591, 0x05bd }, /* Latin and Greek, Cyrillic, Hebrew */
	{ 0x0610, 0x061a },
	{ 0x064b, 0x065f },
	{ 0x06d6, 0x06dc }, /* Arabic */
	{ 0x093c, 0x093c },
	{ 0x0941, 0x0948 },
	{ 0x094d, 0x094d }, /* Devanagari */
	{ 0x0e31, 0x0e31 },
	{ 0x0e34, 0x0e3a },
	{ 0x0e47, 0x0e4e }, /* Thai */
	{ 0x1ab0, 0x1aff },
	{ 0x1dc0, 0x1dff },
	{ 0x200b, 0x200f }, /* more of them; joiners, directions */
	{ 0x202a, 0x202e },
	{ 0x2060, 0x206f },
	{ 0x20d0, 0x20ff }, /* directions; for symbols */
	{ 0x302a, 0x302d },
	{ 0x3099, 0x309a },
	{ 0xfe00, 0xfe0f }, /* Japanese; selectors */
	{ 0xfe20, 0xfe2f },
	{ 0xfeff, 0xfeff },
	{ 0x1f3fb, 0x1f3ff }, /* halves; no-break; skin */
	{ 0xe0000, 0xe01ef },
};

bool settle_row_is_mark(uint32_t code)
{
	if (code < marks[0].first)
		return false;
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (code <= marks[i].last)
			return code >= marks[i].first;
	return false;
}

size_t settle_row_char(struct str text, uint32_t *ret_code)
{
	size_t n;

	*ret_code = (uint8_t)text.p[0];
	if (*ret_code < 0x80)
		return 1;
	n = utf8_decode(text.p, text.len, ret_code);
	if (n > 0)
		return n;
	*ret_code = 0xfffd; /* text is valid, says who calls */
	return 1;
}

void settle_row_init(struct settle_row *r)
{
	*r = (struct settle_row){ 0 };
	buf_init(&r->pool, SIZE_MAX);
	arena_init(&r->links);
}

void settle_row_done(struct settle_row *r)
{
	free(r->cells);
	free(r->pens);
	buf_done(&r->pool);
	arena_done(&r->links);
}

static void clear(struct settle_row *r)
{
	arena_done(&r->links);
	arena_init(&r->links);
	buf_reset(&r->pool);
	buf_char(&r->pool, ' '); /* all blanks are this one */
	r->n = r->n_pens = r->size = 0;
}

static void *make_room(void *p, size_t n, size_t *cap, size_t size)
{
	if (n <= *cap)
		return p;
	*cap = n < 128 ? 128 : 2 * n;
	return mem_grow(p, *cap * size);
}

static uint32_t add_pen(struct settle_row *r, const struct settle_pen *pen)
{
	if (r->n_pens > 0 && settle_pen_is_default(pen))
		return 0;
	if (r->n_pens > 0 && settle_pen_eq(&r->pens[r->n_pens - 1], pen))
		return (uint32_t)(r->n_pens - 1);
	r->pens = make_room(r->pens, r->n_pens + 1, &r->pens_cap, sizeof *r->pens);
	r->pens[r->n_pens] = *pen;
	r->pens[r->n_pens].link = arena_str(&r->links, pen->link);
	return (uint32_t)r->n_pens++;
}

static uint32_t add_chars(struct settle_row *r, struct str chars)
{
	uint32_t at = (uint32_t)r->pool.len;

	buf_str(&r->pool, chars);
	return at;
}

static size_t change(const struct settle_row *r, uint32_t from, uint32_t to)
{
	return from == to ? 0 : settle_pen_change(&r->pens[from], &r->pens[to], NULL);
}

/* The look of the cell in front of i: in front of the first and behind the last one it is the default. */
static uint32_t pen_before(const struct settle_row *r, size_t i)
{
	return i > 0 && i <= r->n ? r->cells[i - 1].pen : 0;
}

/* Bytes of cells from..to-1, and of the changes of look in front of each of them and behind the last. */
static size_t bytes_of(const struct settle_row *r, size_t from, size_t to)
{
	uint32_t pen = pen_before(r, from);
	size_t n = 0;

	for (size_t i = from; i < to; i++) {
		n += change(r, pen, r->cells[i].pen) + r->cells[i].len;
		pen = r->cells[i].pen;
	}
	return n + change(r, pen, to < r->n ? r->cells[to].pen : 0);
}

static void add_cell(struct settle_row *r, struct settle_cell c)
{
	r->cells = make_room(r->cells, r->n + 1, &r->cells_cap, sizeof *r->cells);
	r->cells[r->n++] = c;
}

static void add_blanks(struct settle_row *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_cell(r, (struct settle_cell){ .len = 1 });
}

/* A sequence of a stored line: only looks and links are in one. */
static void load_sequence(struct settle_pen *pen, struct str seq)
{
	struct str link;

	if (seq.len >= 3 && seq.p[1] == '[')
		settle_pen_sgr(pen, (struct str){ seq.p + 2, seq.len - 3 });
	else if (seq.len >= 4 && settle_pen_link((struct str){ seq.p + 2, seq.len - 4 }, &link))
		pen->link = link;
}

void settle_row_load(struct settle_row *r, struct str text)
{
	struct settle_pen pen = { 0 };
	uint32_t at_pen;

	clear(r);
	at_pen = add_pen(r, &pen);
	for (size_t i = 0, n; i < text.len; i += n) {
		uint32_t code;

		if (text.p[i] == ESCAPE_FIRST) {
			n = escape_end(text, i) - i;
			load_sequence(&pen, (struct str){ text.p + i, n });
			at_pen = add_pen(r, &pen);
			continue;
		}
		n = settle_row_char(str_from(text, i), &code);
		uint32_t at = add_chars(r, (struct str){ text.p + i, n });
		if (r->n > 0 && settle_row_is_mark(code))
			r->cells[r->n - 1].len += (uint32_t)n;
		else
			add_cell(r, (struct settle_cell){ at, (uint32_t)n, at_pen });
	}
	r->size = bytes_of(r, 0, r->n);
}

void settle_row_store(const struct settle_row *r, struct buf *out)
{
	uint32_t pen = 0;

	for (size_t i = 0; i < r->n; i++) {
		const struct settle_cell *c = &r->cells[i];

		if (c->pen != pen)
			settle_pen_change(&r->pens[pen], &r->pens[c->pen], out);
		pen = c->pen;
		buf_add(out, r->pool.p + c->at, c->len);
	}
	settle_pen_change(&r->pens[pen], &r->pens[0], out);
}

/* Forgets what no cell uses any more. */
static void tidy(struct settle_row *r)
{
	if (r->pool.len <= POOL_MAX && r->n_pens <= PENS_MAX && r->links.used <= LINKS_MAX)
		return;

	AUTO_BUF text;
	buf_init(&text, SIZE_MAX);
	settle_row_store(r, &text);
	settle_row_load(r, buf_view(&text));
}

/* Changes of look from the cell in front of col over one of pen to the one behind. */
static size_t changes_around(const struct settle_row *r, size_t col, uint32_t pen)
{
	return change(r, pen_before(r, col), pen) +
	       change(r, pen, col + 1 < r->n ? r->cells[col + 1].pen : 0);
}

/* Over a cell that looks the same and is as long, which is the usual case: nothing else changes. The blank at 0 is not its alone. */
static bool write_over(struct settle_row *r, size_t col, struct str chars, const struct settle_pen *pen)
{
	const struct settle_cell *c = col < r->n ? &r->cells[col] : NULL;

	if (!c || c->at == 0 || c->len != chars.len || !settle_pen_eq(&r->pens[c->pen], pen))
		return false;
	memcpy(r->pool.p + c->at, chars.p, chars.len);
	return true;
}

bool settle_row_write(struct settle_row *r, size_t col, struct str chars, const struct settle_pen *pen)
{
	if (write_over(r, col, chars, pen))
		return true;
	tidy(r);
	uint32_t p = add_pen(r, pen);
	size_t gap = col > r->n ? col - r->n : 0;
	size_t size = r->size + gap + chars.len;

	if (col < r->n)
		size += changes_around(r, col, p) - r->cells[col].len -
			changes_around(r, col, r->cells[col].pen);
	else if (gap > 0)
		size += change(r, 0, p) + change(r, p, 0);
	else
		size += changes_around(r, col, p) - change(r, pen_before(r, col), 0);
	if (size > SETTLE_ROW_MAX)
		return false;

	struct settle_cell c = { add_chars(r, chars), (uint32_t)chars.len, p };
	add_blanks(r, gap);
	if (col < r->n)
		r->cells[col] = c;
	else
		add_cell(r, c);
	r->size = size;
	return true;
}

bool settle_row_mark(struct settle_row *r, size_t col, struct str mark)
{
	struct settle_cell *c;

	tidy(r);
	c = &r->cells[col];
	if (r->size + mark.len > SETTLE_ROW_MAX)
		return false;
	if (c->at + c->len != r->pool.len) { /* something else stands behind it: begin anew at the end */
		size_t at = r->pool.len;

		for (size_t i = 0; i < c->len; i++)
			buf_char(&r->pool, r->pool.p[c->at + i]);
		c->at = (uint32_t)at;
	}
	add_chars(r, mark);
	c->len += (uint32_t)mark.len;
	r->size += mark.len;
	return true;
}

void settle_row_erase(struct settle_row *r, size_t from, size_t to)
{
	if (from >= r->n)
		return;
	if (to >= r->n) {
		r->size -= bytes_of(r, from, r->n);
		r->n = from;
		r->size += bytes_of(r, from, from);
		return;
	}
	r->size -= bytes_of(r, from, to);
	for (size_t i = from; i < to; i++)
		r->cells[i] = (struct settle_cell){ .len = 1 };
	r->size += bytes_of(r, from, to);
}

void settle_row_delete(struct settle_row *r, size_t col, size_t n)
{
	if (col >= r->n)
		return;
	if (n > r->n - col)
		n = r->n - col;
	r->size -= bytes_of(r, col, col + n);
	memmove(r->cells + col, r->cells + col + n, (r->n - col - n) * sizeof *r->cells);
	r->n -= n;
	r->size += bytes_of(r, col, col);
}

/*
 * A mark that stands alone, which is in the first cell, would stick to the blank in front of it: it is one
 * character with it from now on.
 */
static void settle_first_mark(struct settle_row *r)
{
	uint32_t code;
	struct settle_cell c = r->cells[0];
	struct str chars = { r->pool.p + c.at, c.len };

	settle_row_char(chars, &code);
	if (!settle_row_is_mark(code))
		return;
	uint32_t at = (uint32_t)r->pool.len;
	buf_char(&r->pool, ' ');
	for (size_t i = 0; i < c.len; i++)
		buf_char(&r->pool, r->pool.p[c.at + i]);
	r->cells[0].at = at;
	r->cells[0].len++;
	r->size++;
}

void settle_row_insert(struct settle_row *r, size_t col, size_t n)
{
	if (col >= r->n)
		return;
	tidy(r);
	if (col == 0)
		settle_first_mark(r);
	r->size -= bytes_of(r, col, col);
	add_blanks(r, n);
	memmove(r->cells + col + n, r->cells + col, (r->n - n - col) * sizeof *r->cells);
	for (size_t i = col; i < col + n; i++)
		r->cells[i] = (struct settle_cell){ .len = 1 };
	r->size += bytes_of(r, col, col + n);
	while (r->size > SETTLE_ROW_MAX)
		settle_row_erase(r, r->n - 1, r->n);
}

size_t settle_row_cells(struct str text)
{
	size_t cells = 0;

	for (size_t i = 0, n; i < text.len; i += n) {
		uint32_t code;

		if (text.p[i] == ESCAPE_FIRST) {
			n = escape_end(text, i) - i;
			continue;
		}
		n = settle_row_char(str_from(text, i), &code);
		if (cells == 0 || !settle_row_is_mark(code))
			cells++;
	}
	return cells;
}
