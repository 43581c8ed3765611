/*
 * settle_screen: one buffer of text, and of it one line at most as cells.
 *
 * Nearly all output only ever appends, and much of it is plain. So a line becomes cells only when something is
 * written into the middle of it, and is text again when the cursor leaves it; what is appended to the bottom line goes
 * straight to the buffer, and whole plain lines go to the output first and then to the buffer, as far as they matter.
 *
 * What comes out must not depend on how the input was cut into calls. Three things would break that, and a reader who
 * changes something here should have them in mind:
 * - The window may be computed only where the input says so (the cursor leaves the bottom line, or a line further
 *   up), never where a call ends. While the cursor is at the bottom it may be computed any time: lines that are
 *   outside then are so later.
 * - A line in cells and the same line as text must be full at the same character, and be written the same.
 * - A line is full by the bytes of its text, not by what was read to make it.
 */
#include "text/settle_screen.h"

#include "base/utf8.h"
#include "text/escape.h"

#include <assert.h>
#include <string.h>

#define TRIM_AT (4 * SETTLE_BACK_BYTES) /* the lines are cut to the window when they have so many bytes */

static const struct settle_pen plain = { 0 };

void settle_screen_init(struct settle_screen *s)
{
	*s = (struct settle_screen){ .appending = true };
	settle_lines_init(&s->lines);
	buf_init(&s->pen_link, SIZE_MAX);
	buf_init(&s->tail_link, SIZE_MAX);
	settle_row_init(&s->row);
}

void settle_screen_done(struct settle_screen *s)
{
	settle_lines_done(&s->lines);
	buf_done(&s->pen_link);
	buf_done(&s->tail_link);
	settle_row_done(&s->row);
}

/* Lines outside of the window go; the cursor stays inside. */
static void trim(struct settle_screen *s)
{
	settle_lines_drop(&s->lines, settle_lines_window(&s->lines));
	if (s->up > 0) {
		size_t n = settle_lines_count(settle_lines_part(&s->lines, 0, s->lines.bottom));

		if (s->up > n)
			s->up = n;
	}
}

/* ---- the line the cursor is on ---- */

/* Where it is in text, without its line end. The cursor is not below the bottom. */
static void find_line(const struct settle_screen *s, size_t *ret_start, size_t *ret_end)
{
	size_t start = s->lines.bottom, end = s->lines.text.len;

	for (size_t i = 0; i < s->up; i++) {
		end = start - 1;
		start = settle_lines_start(&s->lines, start);
	}
	*ret_start = start;
	*ret_end = end;
}

static bool at_bottom(const struct settle_screen *s)
{
	return s->up == 0 && s->below == 0;
}

static void begin_bottom(struct settle_screen *s)
{
	s->appending = true;
	s->n_cols = 0;
	s->tail = plain;
}

/* The bottom line gets its return to the default look. */
static void finish_bottom(struct settle_screen *s)
{
	if (s->appending)
		settle_pen_change(&s->tail, &plain, &s->lines.text);
	s->appending = false;
}

static void open_line(struct settle_screen *s)
{
	size_t start, end;

	if (s->open)
		return;
	if (s->up == 0)
		finish_bottom(s);
	find_line(s, &start, &end);
	settle_row_load(&s->row, settle_lines_part(&s->lines, start, end));
	s->open = true;
}

static void close_line(struct settle_screen *s)
{
	size_t start, end;

	if (!s->open)
		return;

	AUTO_BUF text;
	buf_init(&text, SIZE_MAX);
	settle_row_store(&s->row, &text);
	find_line(s, &start, &end);
	settle_lines_replace(&s->lines, start, end, buf_view(&text));
	s->open = false;
	if (s->lines.text.len == s->lines.bottom)
		begin_bottom(s);
}

static size_t cells_of_line(struct settle_screen *s)
{
	if (s->below > 0)
		return 0;
	if (s->up == 0 && s->appending)
		return s->n_cols;
	open_line(s);
	return s->row.n;
}

bool settle_screen_line_is_empty(struct settle_screen *s)
{
	return cells_of_line(s) == 0;
}

/* ---- line ends ---- */

/* The bottom line is ended. One that was put out in pieces is final, and so is all above it. */
static void end_line(struct settle_screen *s)
{
	finish_bottom(s);
	buf_char(&s->lines.text, '\n');
	s->lines.bottom = s->lines.text.len;
	if (s->n_ends < SETTLE_BACK)
		s->n_ends++;
	if (s->piece > 0) {
		size_t bytes = s->piece + s->lines.text.len;

		settle_lines_drop(&s->lines, s->lines.bottom);
		s->lines.front = bytes;
		s->piece = 0;
	} else if (s->lines.text.len >= TRIM_AT) {
		trim(s);
	}
	begin_bottom(s);
}

/* Lines that a cursor below the bottom has passed by come to be. */
static void reach_cursor(struct settle_screen *s)
{
	if (s->below > 0)
		close_line(s);
	for (; s->below > 0; s->below--)
		end_line(s);
}

void settle_screen_line_feed(struct settle_screen *s)
{
	close_line(s);
	s->col = 0;
	if (s->up > 0) {
		s->up--;
		return;
	}
	reach_cursor(s);
	end_line(s);
}

/* The line is full. The bottom one is put out as a piece; one further up goes on as a new last line. */
static void overflow(struct settle_screen *s)
{
	close_line(s);
	s->col = 0;
	if (s->up > 0) {
		s->up = 0;
		if (s->lines.text.len > s->lines.bottom)
			end_line(s);
		return;
	}
	if (s->lines.text.len == s->lines.bottom)
		return; /* it was full of what is missing in front of the cursor */
	finish_bottom(s);
	s->piece += s->lines.text.len - s->lines.bottom;
	settle_lines_put(&s->lines, s->lines.text.len);
	buf_reset(&s->lines.text);
	s->lines.bottom = s->lines.put = 0;
	begin_bottom(s);
}

/* ---- writing ---- */

/* How many bytes at the start of text are ASCII, at least nearly all of them. */
static size_t ascii_len(struct str text)
{
	size_t i = 0;
	uint64_t eight;

	for (; i + sizeof eight <= text.len; i += sizeof eight) {
		memcpy(&eight, text.p + i, sizeof eight);
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	return i;
}

/* Bytes at the start of text that are characters with a cell of their own; the first one is, whatever it is. */
static size_t own_cells(struct str text)
{
	size_t i = ascii_len(text);

	while (i < text.len) {
		uint32_t code;
		size_t n = settle_row_char(str_from(text, i), &code);

		if (i > 0 && settle_row_is_mark(code))
			break;
		i += n;
	}
	return i;
}

static size_t count_chars(struct str text)
{
	size_t n = ascii_len(text);

	for (size_t i = n; i < text.len; i++)
		n += (text.p[i] & 0xc0) != 0x80;
	return n;
}

/* Bytes that the bottom line would have with its return to the default from `from`. */
static size_t bottom_bytes(const struct settle_screen *s, const struct settle_pen *from)
{
	return s->lines.text.len - s->lines.bottom + settle_pen_change(from, &plain, NULL);
}

/*
 * Appends as much of chars, which have a cell each, as the bottom line takes, with the blanks that are missing in
 * front of it. Returns how many bytes it took; 0: the line is full.
 */
static size_t append(struct settle_screen *s, struct str chars, const struct settle_pen *pen)
{
	size_t gap = s->col - s->n_cols;
	const struct settle_pen *before = gap > 0 ? &plain : &s->tail;
	size_t used = (gap > 0 ? bottom_bytes(s, &s->tail) + gap : s->lines.text.len - s->lines.bottom) +
		      settle_pen_change(before, pen, NULL) + settle_pen_change(pen, &plain, NULL);
	size_t n = used < SETTLE_LINE ? utf8_floor(chars, SETTLE_LINE - used) : 0;

	if (n == 0)
		return 0;
	if (gap > 0) {
		settle_pen_change(&s->tail, &plain, &s->lines.text);
		for (size_t i = 0; i < gap; i++)
			buf_char(&s->lines.text, ' ');
	}
	settle_pen_change(before, pen, &s->lines.text);
	settle_pen_copy(&s->tail, pen, &s->tail_link);
	buf_add(&s->lines.text, chars.p, n);
	s->col += count_chars((struct str){ chars.p, n });
	s->n_cols = s->col;
	return n;
}

static bool can_append(const struct settle_screen *s)
{
	return at_bottom(s) && s->appending && s->col >= s->n_cols;
}

/* Writes some of chars, which have a cell each, at the cursor. Returns how many bytes it took; 0: full. */
static size_t write_some(struct settle_screen *s, struct str chars, const struct settle_pen *pen)
{
	uint32_t code;

	if (can_append(s))
		return append(s, chars, pen);
	open_line(s);
	size_t n = settle_row_char(chars, &code);
	if (!settle_row_write(&s->row, s->col, (struct str){ chars.p, n }, pen))
		return 0;
	s->col++;
	return n;
}

/* The same for a mark that sticks to the cell in front of the cursor. */
static bool write_mark(struct settle_screen *s, struct str mark)
{
	if (s->col > cells_of_line(s)) {
		s->col--;
		if (write_some(s, STR(" "), &plain) == 0)
			return false;
	}
	if (!can_append(s)) {
		open_line(s);
		return settle_row_mark(&s->row, s->col - 1, mark);
	}
	if (bottom_bytes(s, &s->tail) + mark.len > SETTLE_LINE)
		return false;
	buf_str(&s->lines.text, mark);
	return true;
}

static bool is_ascii(const char *p, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= (uint8_t)p[i];
	return all < 0x80;
}

/*
 * Would text, at the start of the bottom line, leave nothing of it? So do progress bars, at each of their states. Both have no looks, so that
 * the line would not be full on the way either.
 */
static bool covers_line(const struct settle_screen *s, struct str text)
{
	struct str line = settle_lines_part(&s->lines, s->lines.bottom, s->lines.text.len);

	return s->col == 0 && s->appending && at_bottom(s) && s->n_cols > 0 && text.len >= s->n_cols &&
	       settle_pen_is_default(&s->pen) && is_ascii(text.p, s->n_cols) &&
	       str_find(line, ESCAPE_FIRST) == line.len;
}

/* text: within a line. */
static void write_text(struct settle_screen *s, struct str text)
{
	reach_cursor(s);
	if (covers_line(s, text))
		settle_screen_erase_line(s);
	while (text.len > 0) {
		uint32_t code;
		size_t n = settle_row_char(text, &code);

		if (s->col > 0 && settle_row_is_mark(code)) {
			if (!write_mark(s, (struct str){ text.p, n }))
				n = 0;
		} else {
			if (can_append(s))
				n = own_cells((struct str){ text.p, utf8_floor(text, SETTLE_LINE) });
			n = write_some(s, (struct str){ text.p, n }, &s->pen);
		}
		if (n == 0)
			overflow(s);
		text = str_from(text, n);
	}
}

/* Whole lines that nothing stands in front of, and that are put out: of them is kept what may still change. */
static void keep_lines(struct settle_screen *s, struct str lines)
{
	struct str last = lines;

	if (lines.len >= TRIM_AT) {
		size_t from = lines.len - TRIM_AT / 2;

		last = str_from(lines, from + 1 + str_find(str_from(lines, from), '\n'));
		buf_reset(&s->lines.text);
		s->lines.front =
			SETTLE_BACK_BYTES + 1; /* it, or it with those that are kept, has more than that */
	}
	for (const char *p = lines.p; s->n_ends < SETTLE_BACK && p < lines.p + lines.len; s->n_ends++)
		p = (const char *)memchr(p, '\n', (size_t)(lines.p + lines.len - p)) + 1;
	buf_str(&s->lines.text, last);
	s->lines.bottom = s->lines.put = s->lines.text.len;
	if (s->lines.text.len >= TRIM_AT)
		trim(s);
}

/* The same, and they are put out, as they are. */
static void write_lines(struct settle_screen *s, struct str lines)
{
	settle_lines_put(&s->lines, s->lines.bottom);
	buf_str(s->lines.out, lines);
	keep_lines(s, lines);
}

static bool is_fresh(const struct settle_screen *s)
{
	return at_bottom(s) && !s->open && s->lines.text.len == s->lines.bottom && s->col == 0 &&
	       s->piece == 0 && settle_pen_is_default(&s->pen);
}

bool settle_screen_pass(struct settle_screen *s, struct str text)
{
	if (text.len == 0 || text.p[text.len - 1] != '\n' || !is_fresh(s))
		return false;
	keep_lines(s, text);
	return true;
}

void settle_screen_write(struct settle_screen *s, struct str text)
{
	while (text.len > 0) {
		const char *last = is_fresh(s) ? memrchr(text.p, '\n', text.len) : NULL;

		if (last) {
			size_t n = (size_t)(last - text.p) + 1;

			write_lines(s, (struct str){ text.p, n });
			text = str_from(text, n);
			continue;
		}
		size_t n = str_find(text, '\n');
		write_text(s, (struct str){ text.p, n });
		if (n < text.len)
			settle_screen_line_feed(s);
		text = str_from(text, n < text.len ? n + 1 : n);
	}
}

void settle_screen_set_link(struct settle_screen *s, struct str link)
{
	buf_reset(&s->pen_link);
	buf_str(&s->pen_link, link);
	s->pen.link = buf_view(&s->pen_link);
}

/* ---- moving ---- */

void settle_screen_up(struct settle_screen *s, size_t n)
{
	size_t from_below = n < s->below ? n : s->below;

	close_line(s);
	s->below -= from_below;
	s->up += n - from_below;
	trim(s);
	settle_screen_column(s, s->col);
}

size_t settle_screen_lines_below_max(const struct settle_screen *s)
{
	return s->n_ends < SETTLE_BACK - 1 ? SETTLE_BACK - 1 - s->n_ends : 0;
}

void settle_screen_down(struct settle_screen *s, size_t n)
{
	size_t to_bottom, max = settle_screen_lines_below_max(s);

	close_line(s);
	trim(s);
	to_bottom = n < s->up ? n : s->up;
	s->up -= to_bottom;
	s->below += n - to_bottom;
	if (s->below > max)
		s->below = max;
	settle_screen_column(s, s->col);
}

void settle_screen_column(struct settle_screen *s, size_t col)
{
	size_t n;

	if (col >= SETTLE_COLUMNS) {
		n = cells_of_line(s);
		if (n < SETTLE_COLUMNS - 1)
			n = SETTLE_COLUMNS - 1;
		if (col > n)
			col = n;
	}
	s->col = col;
}

/* The bottom line's number on the terminal, which scrolls when it has SETTLE_BACK lines. */
static size_t bottom_line(const struct settle_screen *s)
{
	return s->n_ends < SETTLE_BACK - 1 ? s->n_ends : SETTLE_BACK - 1;
}

void settle_screen_save_cursor(struct settle_screen *s)
{
	size_t line = bottom_line(s) + s->below;

	s->has_saved = true;
	s->saved_line = line > s->up ? line - s->up : 0;
	s->saved_col = s->col;
}

void settle_screen_restore_cursor(struct settle_screen *s)
{
	size_t line = bottom_line(s) + s->below;

	if (!s->has_saved)
		return;
	line = line > s->up ? line - s->up : 0;
	if (line >= s->saved_line)
		settle_screen_up(s, line - s->saved_line);
	else
		settle_screen_down(s, s->saved_line - line);
	settle_screen_column(s, s->saved_col);
}

/* ---- erasing ---- */

void settle_screen_erase_line(struct settle_screen *s)
{
	size_t start, end;

	if (s->below > 0)
		return;
	s->open = false;
	find_line(s, &start, &end);
	settle_lines_replace(&s->lines, start, end, STR(""));
	if (s->up == 0)
		begin_bottom(s);
}

void settle_screen_erase_chars(struct settle_screen *s, size_t from, size_t to)
{
	size_t n = cells_of_line(s);

	if (from >= n)
		return;
	if (from == 0 && to >= n) {
		settle_screen_erase_line(s);
		return;
	}
	open_line(s);
	settle_row_erase(&s->row, from, to);
}

void settle_screen_delete_chars(struct settle_screen *s, size_t n)
{
	if (s->col >= cells_of_line(s))
		return;
	open_line(s);
	settle_row_delete(&s->row, s->col, n);
}

void settle_screen_insert_chars(struct settle_screen *s, size_t n)
{
	if (s->col >= cells_of_line(s))
		return;
	open_line(s);
	settle_row_insert(&s->row, s->col, n < SETTLE_COLUMNS ? n : SETTLE_COLUMNS);
}

void settle_screen_erase_above(struct settle_screen *s)
{
	size_t start, end, below = s->below;

	close_line(s);
	trim(s);
	if (below > 0) {
		s->below = 0;
		settle_screen_erase_line(s);
		s->below = below;
	}
	find_line(s, &start, &end);
	settle_lines_blank(&s->lines, 0, start);
}

void settle_screen_erase_below(struct settle_screen *s)
{
	size_t start, end;

	if (s->up == 0)
		return;
	close_line(s);
	find_line(s, &start, &end);
	settle_lines_blank(&s->lines, end + 1, s->lines.text.len);
	begin_bottom(s);
}

/* ---- a call, and between calls ---- */

void settle_screen_begin(struct settle_screen *s, struct buf *out)
{
	settle_lines_begin(&s->lines, out);
}

size_t settle_screen_flush(struct settle_screen *s)
{
	close_line(s);
	settle_lines_put(&s->lines, s->lines.bottom);
	return settle_lines_end(&s->lines);
}

void settle_screen_bottom(const struct settle_screen *s, struct buf *out)
{
	assert(!s->open);
	buf_str(out, settle_lines_part(&s->lines, s->lines.bottom, s->lines.text.len));
	if (s->appending)
		settle_pen_change(&s->tail, &plain, out);
}

/* More than the window: how long the line in front of it is matters as well. */
#define LOAD_LINES (SETTLE_BACK + 1)

void settle_screen_load(struct settle_screen *s, struct str lines)
{
	const char *lf = lines.len > 0 ? memrchr(lines.p, '\n', lines.len) : NULL;
	size_t bottom = lf ? (size_t)(lf - lines.p) + 1 : 0, at = bottom, n = 0;

	for (; n < LOAD_LINES && at > 0; n++) {
		lf = at > 1 ? memrchr(lines.p, '\n', at - 1) : NULL;
		at = lf ? (size_t)(lf - lines.p) + 1 : 0;
	}
	s->n_ends = n < SETTLE_BACK ? n : SETTLE_BACK;
	s->piece = lines.len - bottom;
	if (s->piece > 0)
		return; /* and all in front of it is final */
	buf_str(&s->lines.text, str_from(lines, at));
	s->lines.bottom = s->lines.put = s->lines.text.len;
}

void settle_screen_keep(struct settle_screen *s, size_t n_lines)
{
	size_t at = s->lines.bottom;

	for (size_t i = 0; i < n_lines && at > 0; i++)
		at = settle_lines_start(&s->lines, at);
	settle_lines_drop(&s->lines, at);
}
