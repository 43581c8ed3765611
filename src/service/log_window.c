/*
 * log_window: frames from the front and from the back, whole ones. A log may move while it is read, from rows to its file: then it is read again.
 */
#include "service/log_window.h"

#define TRIES 5

/* The first `front` and the last `back` frames. */
struct choice {
	size_t front, back;
};

static int64_t cost(const struct frame *f)
{
	return f->text_len + LOG_WINDOW_LINE * (int64_t)f->n_line_ends;
}

static struct choice choose(const struct log_view *v, int64_t max_bytes)
{
	struct choice c = { 0 };
	int64_t all = 0, front = 0, back = 0;

	for (size_t i = 0; i < v->n; i++)
		all += cost(&v->frames[i]);
	if (all <= max_bytes)
		return (struct choice){ .front = v->n };
	for (; c.front < v->n; c.front++) { /* the first, if it is not too much with the last */
		int64_t more = cost(&v->frames[c.front]);

		if (front + more > (c.front > 0 ? max_bytes / 4 : max_bytes - cost(&v->frames[v->n - 1])))
			break;
		front += more;
	}
	while (c.back < v->n - c.front) {
		int64_t more = cost(&v->frames[v->n - c.back - 1]);

		if (back + more > max_bytes - front)
			break;
		back += more;
		c.back++;
	}
	if (c.front + c.back == 0 && v->n > 0) /* the end is looked at in any case, be it the only thing */
		c.back = 1;
	return c;
}

/* Frame f comes behind what is there, which has n_lines line ends. */
static void note_piece(struct log_window *w, const struct frame *f, size_t n_lines)
{
	const struct window_piece *last = w->n_pieces > 0 ? &w->pieces[w->n_pieces - 1] : NULL;
	int64_t lines = last ? (int64_t)(n_lines - last->line) : 0;
	int64_t bytes = last ? (int64_t)(w->text.len - last->byte) : 0;

	if (last && last->line_at + lines == f->line_at && last->text_at + bytes == f->text_at)
		return;
	w->pieces[w->n_pieces++] = (struct window_piece){
		.line = n_lines, .byte = w->text.len, .line_at = f->line_at, .text_at = f->text_at
	};
}

/* Counted in the text, not taken from what the index says of it. */
static void note_line_ends(struct log_window *w, struct arena *a)
{
	struct str text = buf_view(&w->text);
	size_t n = 0;

	for (size_t at = 0; (at += str_find(str_from(text, at), '\n')) < text.len; at++)
		n++;
	w->line_ends = arena_array(a, n + 1, sizeof *w->line_ends);
	for (size_t at = 0; (at += str_find(str_from(text, at), '\n')) < text.len; at++)
		w->line_ends[w->n_line_ends++] = (uint32_t)at;
}

static enum err_code read_frames(
	const struct log_view *v, struct choice c, struct log_window *w, struct arena *a, struct err *e)
{
	size_t n_lines = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct frame *f = &v->frames[i];

		if (i >= c.front && i < v->n - c.back) {
			w->skipped_bytes += f->text_len;
			continue;
		}
		/* What was skipped was in the middle of a line, or is behind one without an end. */
		if (w->skipped_bytes > 0 && i == v->n - c.back && w->text.len > 0 &&
			w->text.p[w->text.len - 1] != '\n') {
			buf_char(&w->text, '\n');
			n_lines++;
		}
		note_piece(w, f, n_lines);
		TRY(log_view_text(v, i, &w->text, e));
		n_lines += f->n_line_ends;
	}
	note_line_ends(w, a);
	return ERR_OK;
}

static enum err_code read_once(struct store *s, int64_t step_id, int64_t max_bytes, struct arena *a,
	struct log_window *w, struct err *e)
{
	AUTO_LOG_VIEW v = { 0 };

	TRY(log_view_open(s, step_id, false, a, &v, e));
	w->pieces = arena_array(a, v.n + 1, sizeof *w->pieces);
	return read_frames(&v, choose(&v, max_bytes), w, a, e);
}

enum err_code log_window_read(struct store *s, int64_t step_id, int64_t max_bytes, struct arena *a,
	struct log_window *ret, struct err *e)
{
	enum err_code code = ERR_CONFLICT;

	for (int i = 0; i < TRIES && code == ERR_CONFLICT; i++) {
		struct log_window w = { 0 };

		buf_init(&w.text, SIZE_MAX);
		code = read_once(s, step_id, max_bytes, a, &w, e);
		if (code == ERR_OK)
			*ret = w;
		else
			log_window_done(&w);
	}
	return code;
}

void log_window_done(struct log_window *w)
{
	buf_done(&w->text);
	*w = (struct log_window){ 0 };
}

/* How many line ends are in front of the byte. */
static size_t line_of(const struct log_window *w, size_t byte)
{
	size_t low = 0, high = w->n_line_ends;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (w->line_ends[middle] < byte)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int64_t log_window_line(const struct log_window *w, size_t byte)
{
	size_t i = w->n_pieces, line = line_of(w, byte);

	while (i > 1 && w->pieces[i - 1].byte > byte)
		i--;
	return i > 0 ? w->pieces[i - 1].line_at + (int64_t)(line - w->pieces[i - 1].line) : (int64_t)line;
}

int64_t log_window_byte(const struct log_window *w, size_t byte)
{
	size_t i = w->n_pieces;

	while (i > 1 && w->pieces[i - 1].byte > byte)
		i--;
	return i > 0 ? w->pieces[i - 1].text_at + (int64_t)(byte - w->pieces[i - 1].byte) : (int64_t)byte;
}
