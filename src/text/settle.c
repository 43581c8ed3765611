/*
 * settle: finds what is no plain text, and turns it into something that the screen can do.
 *
 * The parts: settle_seq.c collects escape sequences, settle_screen.c has the cursor, settle_lines.c the lines, settle_row.c
 * a line as cells, settle_pen.c colours and links. Here is what each control character and sequence means.
 *
 * Where terminals and viewers of CI logs differ, this does what reads best in a log that nobody watches live: a
 * move to an absolute line begins a new one, and a screen that is erased becomes empty lines (as in Buildkite's
 * terminal-to-html, whose test data this agrees with); LF returns to the first column, VT and FF are line
 * feeds. Not known here: inserting and deleting lines, scrolling regions, the alternate screen, tab stops.
 */
#include "text/settle.h"

#include "base/arena.h"
#include "text/escape.h"
#include "text/settle_screen.h"
#include "text/settle_seq.h"

#include <stdlib.h>
#include <string.h>

#define PARAM_MAX 9999
#define N_PARAMS 2
#define SAVED_HEAD "\x1b[=" /* and numbers, and "S": in front of what settle_save() writes */

struct settle {
	struct settle_screen screen;
	struct settle_seq seq;
};

/* ---- plain text ---- */

/* Bytes that are not copied, or, U+0080-9F and some letters beginning with 0xc2, may not be. */
static bool is_special(uint8_t b)
{
	return (b < 0x20 && b != '\n' && b != '\t') || b == 0x7f || b == 0xc2;
}

/* Of n bytes, a multiple of 16, in a form that compilers turn into vector instructions. */
static inline bool has_special(const char *p, size_t n)
{
	uint8_t found = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t b = (uint8_t)p[i];

		found |= (uint8_t)((b < 0x20) & (b != '\n') & (b != '\t')) | (uint8_t)(b == 0x7f) |
			 (uint8_t)(b == 0xc2);
	}
	return found;
}

static bool is_c1(struct str text, size_t i)
{
	uint8_t next = i + 1 < text.len ? (uint8_t)text.p[i + 1] : 0;

	return (uint8_t)text.p[i] == 0xc2 && next >= 0x80 && next <= 0x9f;
}

/* The first character at or after i that is not just copied. */
static size_t find_special(struct str text, size_t i)
{
	for (;; i++) {
		while (i + 64 <= text.len && !has_special(text.p + i, 64))
			i += 64;
		while (i + 16 <= text.len && !has_special(text.p + i, 16))
			i += 16;
		while (i < text.len && !is_special((uint8_t)text.p[i]))
			i++;
		if (i == text.len || (uint8_t)text.p[i] != 0xc2 || is_c1(text, i))
			return i;
	}
}

bool settle_is_plain(struct str text)
{
	return find_special(text, 0) == text.len;
}

/* ---- control sequences ---- */

/* n: its first two parameters, 0 when not given. */
typedef void csi_fn(struct settle_screen *s, const size_t *n);

static size_t at_least_1(size_t n)
{
	return n > 0 ? n : 1;
}

static void cursor_up(struct settle_screen *s, const size_t *n)
{
	settle_screen_up(s, at_least_1(n[0]));
}

static void cursor_down(struct settle_screen *s, const size_t *n)
{
	settle_screen_down(s, at_least_1(n[0]));
}

static void cursor_right(struct settle_screen *s, const size_t *n)
{
	settle_screen_column(s, s->col + at_least_1(n[0]));
}

static void cursor_left(struct settle_screen *s, const size_t *n)
{
	size_t by = at_least_1(n[0]);

	s->col -= by < s->col ? by : s->col;
}

static void next_line(struct settle_screen *s, const size_t *n)
{
	s->col = 0;
	cursor_down(s, n);
}

static void previous_line(struct settle_screen *s, const size_t *n)
{
	s->col = 0;
	cursor_up(s, n);
}

static void column(struct settle_screen *s, const size_t *n)
{
	settle_screen_column(s, at_least_1(n[0]) - 1);
}

static void line(struct settle_screen *s, const size_t *n)
{
	size_t col = s->col;

	(void)n; /* of which screen? */
	if (!settle_screen_line_is_empty(s))
		settle_screen_line_feed(s);
	settle_screen_column(s, col);
}

static void position(struct settle_screen *s, const size_t *n)
{
	line(s, n);
	column(s, n + 1);
}

static void erase_in_line(struct settle_screen *s, const size_t *n)
{
	if (n[0] == 0)
		settle_screen_erase_chars(s, s->col, SIZE_MAX);
	else if (n[0] == 1)
		settle_screen_erase_chars(s, 0, s->col + 1);
	else if (n[0] == 2)
		settle_screen_erase_line(s);
}

static void erase_in_display(struct settle_screen *s, const size_t *n)
{
	if (n[0] > 3)
		return;
	if (n[0] != 0)
		settle_screen_erase_above(s);
	if (n[0] != 1)
		settle_screen_erase_below(s);
	erase_in_line(s, n[0] == 3 ? (const size_t[]){ 2 } : n);
}

static void erase_chars(struct settle_screen *s, const size_t *n)
{
	settle_screen_erase_chars(s, s->col, s->col + at_least_1(n[0]));
}

static void delete_chars(struct settle_screen *s, const size_t *n)
{
	settle_screen_delete_chars(s, at_least_1(n[0]));
}

static void insert_chars(struct settle_screen *s, const size_t *n)
{
	settle_screen_insert_chars(s, at_least_1(n[0]));
}

static void save_cursor(struct settle_screen *s, const size_t *n)
{
	(void)n;
	settle_screen_save_cursor(s);
}

static void restore_cursor(struct settle_screen *s, const size_t *n)
{
	(void)n;
	settle_screen_restore_cursor(s);
}

static const struct {
	char final;
	csi_fn *fn;
} csi[] = {
	{ 'A', cursor_up },        /* CUU */
	{ 'B', cursor_down },      /* CUD */
	{ 'C', cursor_right },     /* CUF */
	{ 'D', cursor_left },      /* CUB */
	{ 'E', next_line },        /* CNL */
	{ 'F', previous_line },    /* CPL */
	{ 'G', column },           /* CHA */
	{ 'H', position },         /* CUP */
	{ 'J', erase_in_display }, /* ED */
	{ 'K', erase_in_line },    /* EL */
	{ 'P', delete_chars },     /* DCH */
	{ 'X', erase_chars },      /* ECH */
	{ '@', insert_chars },     /* ICH */
	{ '`', column },           /* HPA */
	{ 'a', cursor_right },     /* HPR */
	{ 'd', line },             /* VPA */
	{ 'e', cursor_down },      /* VPR */
	{ 'f', position },         /* HVP */
	{ 's', save_cursor },      /* SCOSC */
	{ 'u', restore_cursor },   /* SCORC */
};

/* Numbers with ";" between; false: private ones or others that we know nothing about. */
static bool read_params(struct str body, size_t *n, size_t max)
{
	size_t at = 0;

	memset(n, 0, max * sizeof *n);
	for (size_t i = 0; i < body.len; i++) {
		char c = body.p[i];

		if (c == ';')
			at++;
		else if (c < '0' || c > '9')
			return false;
		else if (at < max && n[at] < PARAM_MAX)
			n[at] = 10 * n[at] + (size_t)(c - '0');
	}
	return true;
}

static bool is_sgr(struct str body)
{
	for (size_t i = 0; i < body.len; i++)
		if (body.p[i] < '0' || body.p[i] > ';')
			return false;
	return true;
}

static void do_csi(struct settle_screen *s, char final, struct str body)
{
	size_t n[N_PARAMS];

	if (final == 'm' && is_sgr(body))
		settle_pen_sgr(&s->pen, body);
	if (final == 'm' || !read_params(body, n, N_PARAMS))
		return;
	for (size_t i = 0; i < sizeof csi / sizeof csi[0]; i++)
		if (csi[i].final == final)
			csi[i].fn(s, n);
}

static void reset(struct settle_screen *s)
{
	s->pen = (struct settle_pen){ 0 };
	position(s, (const size_t[]){ 1, 1 });
}

static void index_down(struct settle_screen *s)
{
	size_t col = s->col;

	settle_screen_line_feed(s);
	settle_screen_column(s, col);
}

static void do_sequence(struct settle_screen *s, const struct settle_seq_got *got)
{
	struct str link;

	switch (got->kind) {
	case '[':
		do_csi(s, got->final, got->body);
		break;
	case ']':
		if (settle_pen_link(got->body, &link))
			settle_screen_set_link(s, link);
		break;
	case '7': /* DECSC */
		settle_screen_save_cursor(s);
		break;
	case '8': /* DECRC */
		settle_screen_restore_cursor(s);
		break;
	case 'D': /* IND */
		index_down(s);
		break;
	case 'E': /* NEL */
		settle_screen_line_feed(s);
		break;
	case 'M': /* RI */
		settle_screen_up(s, 1);
		break;
	case 'c': /* RIS */
		reset(s);
		break;
	default:
		break;
	}
}

/* ---- the input ---- */

/* A control character at i that begins no sequence. Returns the place behind it. */
static size_t control(struct settle_screen *s, struct str text, size_t i)
{
	switch (text.p[i]) {
	case '\r':
		s->col = 0;
		break;
	case '\b':
		s->col -= s->col > 0;
		break;
	case '\v':
	case '\f':
		settle_screen_line_feed(s);
		break;
	case ESCAPE_FIRST_C1: /* U+0084, 85, 8D are ESC D, E, M */
		do_sequence(s, &(struct settle_seq_got){ .kind = (char)(text.p[i + 1] - 0x40) });
		return i + 2;
	default:
		break;
	}
	return i + 1;
}

/* special: text is known to be plain up to here. */
static void run(struct settle *s, struct str text, size_t special)
{

	for (size_t i = 0; i < text.len;) {
		if (s->seq.state != SETTLE_SEQ_NONE) {
			struct settle_seq_got got;

			i = settle_seq_take(&s->seq, text, i, &got);
			do_sequence(&s->screen, &got);
			continue;
		}
		if (i >= special)
			special = find_special(text, i);
		if (i < special) {
			settle_screen_write(&s->screen, (struct str){ text.p + i, special - i });
			i = special;
			continue;
		}
		size_t behind = settle_seq_begin(&s->seq, text, i);
		i = behind > i ? behind : control(&s->screen, text, i);
	}
}

struct settle *settle_new(void)
{
	struct settle *s = mem_alloc(sizeof *s);

	settle_screen_init(&s->screen);
	settle_seq_init(&s->seq);
	return s;
}

void settle_free(struct settle *s)
{
	if (!s)
		return;
	settle_screen_done(&s->screen);
	settle_seq_done(&s->seq);
	free(s);
}

size_t settle_add(struct settle *s, struct str text, struct buf *out)
{
	settle_screen_begin(&s->screen, out);
	run(s, text, 0);
	return settle_screen_flush(&s->screen);
}

bool settle_pass(struct settle *s, struct str text)
{
	return s->seq.state == SETTLE_SEQ_NONE && settle_screen_pass(&s->screen, text);
}

size_t settle_add_plain(struct settle *s, struct str text, struct buf *out)
{
	settle_screen_begin(&s->screen, out);
	run(s, text, text.len);
	return settle_screen_flush(&s->screen);
}

size_t settle_end(struct settle *s, struct buf *out)
{
	settle_screen_begin(&s->screen, out);
	size_t n_undo = settle_screen_flush(&s->screen);
	settle_screen_bottom(&s->screen, out);
	return n_undo;
}

/* ---- between processes ---- */

/* How many lines can be changed. */
static size_t n_window(const struct settle_screen *s, size_t from)
{
	return settle_lines_count(str_from((struct str){ s->lines.text.p, s->lines.bottom }, from));
}

/*
 * Would a new one, given the lines that were put out, have this window? It does not when a line in it became shorter
 * after others had left it.
 */
static bool has_usual_window(const struct settle_screen *s)
{
	return s->lines.front == 0 || s->piece > 0 || settle_lines_window(&s->lines) > 0 ||
	       n_window(s, 0) == SETTLE_BACK || s->lines.bottom + s->lines.front > SETTLE_BACK_BYTES;
}

void settle_save(const struct settle *s, struct buf *out)
{
	const struct settle_screen *c = &s->screen;
	AUTO_BUF line_text;

	buf_init(&line_text, SIZE_MAX);
	settle_screen_bottom(c, &line_text);
	if (c->up > 0 || c->below > 0 || c->has_saved || c->col != settle_row_cells(buf_view(&line_text)) ||
		!has_usual_window(c)) {
		buf_fmt(out, SAVED_HEAD "%zu;%zu;%zu;%zu",
			n_window(c, c->up > 0 ? 0 : settle_lines_window(&c->lines)), c->up, c->below, c->col);
		if (c->has_saved)
			buf_fmt(out, ";%zu;%zu", c->saved_line + 1, c->saved_col);
		buf_char(out, 'S');
	}
	buf_str(out, buf_view(&line_text));
	settle_pen_change(&(struct settle_pen){ 0 }, &c->pen, out);
	settle_seq_save(&s->seq, out);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void place(struct settle_screen *s, const size_t *n)
{
	s->up = smaller(n[1], n_window(s, 0));
	s->below = s->up > 0 ? 0 : smaller(n[2], settle_screen_lines_below_max(s));
	s->col = smaller(n[3], SETTLE_LINE);
	s->has_saved = n[4] > 0;
	if (s->has_saved) {
		s->saved_line = smaller(n[4] - 1, SETTLE_BACK - 1);
		s->saved_col = smaller(n[5], SETTLE_LINE);
	}
}

struct settle *settle_resume(struct str last_lines, struct str saved)
{
	struct settle *s = settle_new();
	struct str head = { saved.p, 0 };
	size_t n[6];
	AUTO_BUF none;

	if (str_starts(saved, STR(SAVED_HEAD)))
		head = (struct str){ saved.p, str_find(saved, 'S') };
	bool has_head = head.len > 0 && head.len < saved.len &&
			read_params(str_from(head, strlen(SAVED_HEAD)), n, sizeof n / sizeof n[0]);

	settle_screen_load(&s->screen, last_lines);
	settle_screen_keep(&s->screen, has_head ? n[0] : SETTLE_BACK);

	/* Nothing is put out: saved has no line end, and its line is not too long. */
	buf_init(&none, SIZE_MAX);
	settle_screen_begin(&s->screen, &none);
	run(s, has_head ? str_from(saved, head.len + 1) : saved, 0);
	settle_screen_flush(&s->screen);
	if (has_head)
		place(&s->screen, n);
	return s;
}
