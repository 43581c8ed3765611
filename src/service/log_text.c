/*
 * log_text: a frame is read, made into what is asked for, and handed out in pieces as large as there is room.
 *
 * Where to go on is known by the line, because bytes in front of it may go (the gap of a log over its limit grows); inside a line that is longer than a
 * frame, which nothing falls out of, by the byte.
 *
 * A line over FRAME_LINE may be cut inside an escape. What may be the beginning of one at the end of such a frame is kept for the
 * next.
 */
#include "service/log_text.h"

#include "base/zst.h"
#include "text/escape.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 5               /* to open a log again that moves on */
#define ESCAPE_MAX (4 * 1024) /* a link may be long */

struct log_text {
	struct store *store;
	int64_t step_id;
	struct arena arena; /* of the view */
	struct log_view view;
	enum log_text_form form;
	int64_t at, left; /* in the text: what is read next, and how much of it is wanted */
	int64_t line;     /* that begins at `at`; -1: none does, or it is not known */
	struct buf text;  /* of one frame */
	struct buf begun; /* what may be the beginning of an escape */
	struct buf out;
	size_t out_at;
};

enum err_code log_text_open(struct store *s, int64_t step_id, struct log_text **ret, struct err *e)
{
	struct log_text *t = mem_alloc(sizeof *t);
	enum err_code code;

	t->store = s;
	t->step_id = step_id;
	arena_init(&t->arena);
	buf_init(&t->text, 2 * FRAME_TEXT_MAX);
	buf_init(&t->begun, 2 * FRAME_TEXT_MAX);
	buf_init(&t->out, 2 * FRAME_TEXT_MAX);
	code = log_view_open(s, step_id, false, &t->arena, &t->view, e);
	if (code != ERR_OK)
		log_text_free(t);
	else
		*ret = t;
	return code;
}

void log_text_free(struct log_text *t)
{
	if (!t)
		return;
	log_view_close(&t->view);
	arena_done(&t->arena);
	buf_done(&t->text);
	buf_done(&t->begun);
	buf_done(&t->out);
	free(t);
}

const struct log_view *log_text_view(const struct log_text *t)
{
	return &t->view;
}

bool log_text_is_final(const struct log_text *t)
{
	return t->view.log.state == LOG_SEALED || t->view.log.state == LOG_NONE;
}

int64_t log_text_size(const struct log_text *t, enum log_text_form form)
{
	int64_t size = 0;

	if (!log_text_is_final(t))
		return -1;
	switch (form) {
	case LOG_TEXT_PLAIN:
		return t->view.text_bytes;
	case LOG_TEXT_ZSTD:
		for (size_t i = 0; i < t->view.n; i++)
			size += t->view.frames[i].zstd_len;
		return t->view.log.state == LOG_SEALED ? size : -1; /* a tail is compressed when it is read */
	case LOG_TEXT_STRIPPED:
		break;
	}
	return -1;
}

void log_text_start(struct log_text *t, enum log_text_form form, int64_t from, int64_t len)
{
	assert(from >= 0 && len >= 0 && from + len <= t->view.text_bytes);
	t->form = form;
	t->at = from;
	t->left = len;
	t->line = -1;
}

/* ---- going on after the log has moved ---- */

/* Where line number `line` begins, which frame i has; its text is in t->text. */
static int64_t place_of_line(const struct log_text *t, size_t i, int64_t line)
{
	const struct frame *f = &t->view.frames[i];
	struct str rest = buf_view(&t->text);

	for (int64_t n = f->line_at; n < line && rest.len > 0; n++)
		rest = str_from(rest, str_find(rest, '\n') + 1);
	return f->text_at + f->text_len - (int64_t)rest.len;
}

static enum err_code find_line(struct log_text *t, struct err *e)
{
	size_t i = frame_of_line(t->view.frames, t->view.n, t->line);

	if (i == t->view.n) {
		t->at = t->view.text_bytes;
		return ERR_OK;
	}
	buf_reset(&t->text);
	TRY(log_view_text(&t->view, i, &t->text, e));
	t->at = place_of_line(t, i, t->line);
	return ERR_OK;
}

static enum err_code open_again(struct log_text *t, struct err *e)
{
	log_view_close(&t->view);
	t->view = (struct log_view){ 0 };
	arena_done(&t->arena);
	arena_init(&t->arena);
	TRY(log_view_open(t->store, t->step_id, false, &t->arena, &t->view, e));
	return t->line >= 0 ? find_line(t, e) : ERR_OK;
}

enum err_code log_text_place(struct log_text *t, int64_t line, int64_t *ret_at, struct err *e)
{
	enum err_code code;

	t->line = line;
	code = find_line(t, e);
	for (int try = 0; try < TRIES && code == ERR_CONFLICT; try++)
		code = open_again(t, e);
	if (code == ERR_OK)
		*ret_at = t->at;
	return code;
}

/* ---- one frame ---- */

/* How much of s is surely no beginning of an escape that goes on behind it. */
static size_t without_begun(struct str s)
{
	size_t from = s.len > ESCAPE_MAX ? s.len - ESCAPE_MAX : 0;

	for (size_t i = from; i < s.len; i++)
		if ((s.p[i] == ESCAPE_FIRST || s.p[i] == ESCAPE_FIRST_C1) && escape_end(s, i) == s.len)
			return i;
	return s.len;
}

static void strip(struct log_text *t, struct str s, bool unended)
{
	size_t n;
	AUTO_BUF both;

	buf_init(&both, SIZE_MAX);
	if (t->begun.len > 0) {
		buf_str(&both, buf_view(&t->begun));
		buf_str(&both, s);
		s = buf_view(&both);
		buf_reset(&t->begun);
	}
	n = unended ? without_begun(s) : s.len;
	buf_str(&t->begun, str_from(s, n));
	escape_take_out((struct str){ s.p, n }, &t->out);
}

/* The next n bytes of the text, of frame i, read and made into what is asked for. */
static enum err_code make_piece(struct log_text *t, size_t i, int64_t n, struct err *e)
{
	const struct frame *f = &t->view.frames[i];
	struct str s;

	buf_reset(&t->text);
	TRY(log_view_text(&t->view, i, &t->text, e));
	s = str_from(buf_view(&t->text), (size_t)(t->at - f->text_at));
	s.len = (size_t)n;
	switch (t->form) {
	case LOG_TEXT_PLAIN:
		buf_str(&t->out, s);
		return ERR_OK;
	case LOG_TEXT_STRIPPED:
		strip(t, s, f->unended && n < t->left);
		return ERR_OK;
	case LOG_TEXT_ZSTD:
		break;
	}
	return zst_compress(s, 1, &t->out, e);
}

/* The next frame, or what is wanted of it, into t->out. ERR_CONFLICT: the log has moved on. */
static enum err_code read_frame(struct log_text *t, struct err *e)
{
	size_t i = frame_of_byte(t->view.frames, t->view.n, t->at);
	enum err_code code = ERR_NOT_FOUND;
	const struct frame *f;
	int64_t n;

	if (i == t->view.n) { /* lines at its end are void, and it has not grown again */
		t->left = 0;
		return ERR_OK;
	}
	f = &t->view.frames[i];
	n = f->text_at + f->text_len - t->at;
	n = n < t->left ? n : t->left;
	if (t->form == LOG_TEXT_ZSTD && n == f->text_len)
		code = log_view_zstd(&t->view, i, &t->out, e);
	if (code == ERR_NOT_FOUND)
		code = make_piece(t, i, n, e);
	TRY(code);
	t->at += n;
	t->left -= n;
	t->line = f->unended || t->at < f->text_at + f->text_len ? -1 : frame_line_end(f);
	return ERR_OK;
}

static enum err_code read_next(struct log_text *t, struct err *e)
{
	enum err_code code = read_frame(t, e);

	for (int try = 0; try < TRIES && code == ERR_CONFLICT; try++) {
		code = open_again(t, e);
		if (code == ERR_OK)
			code = read_frame(t, e);
	}
	return code;
}

ssize_t log_text_read(struct log_text *t, char *room, size_t max, struct err *e)
{
	size_t n;

	while (t->out_at == t->out.len) {
		buf_reset(&t->out);
		t->out_at = 0;
		if (t->left == 0)
			return 0;
		if (read_next(t, e) != ERR_OK)
			return -1;
	}
	n = t->out.len - t->out_at < max ? t->out.len - t->out_at : max;
	memcpy(room, t->out.p + t->out_at, n);
	t->out_at += n;
	return (ssize_t)n;
}
