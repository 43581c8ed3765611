/*
 * log_view: where the frames of a log are.
 *
 * The row of a log, its index and its file are three looks at something that moves. It moves in one direction, from rows to the file and
 * on to the sealed file: so a look that comes too late finds nothing where something must be, and all three are taken again.
 */
#include "service/log_view.h"

#include "base/file.h"
#include "service/log_make.h"
#include "store/log_file.h"
#include "store/nouns.h"
#include "text/tail.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct opening {
	struct log_view *v;
	struct arena *a;
	struct db *db;
	size_t cap;
};

static struct frame *add_frame(struct opening *o, const struct frame *f, int64_t number, struct str text)
{
	struct log_view *v = o->v;

	if (v->n == o->cap) {
		size_t cap = o->cap ? 2 * o->cap : 16;
		struct frame *frames = arena_array(o->a, cap, sizeof *frames);
		int64_t *numbers = arena_array(o->a, cap, sizeof *numbers);
		struct str *texts = arena_array(o->a, cap, sizeof *texts);

		if (v->n > 0) {
			memcpy(frames, v->frames, v->n * sizeof *frames);
			memcpy(numbers, v->numbers, v->n * sizeof *numbers);
			memcpy(texts, v->texts, v->n * sizeof *texts);
		}
		v->frames = frames;
		v->numbers = numbers;
		v->texts = texts;
		o->cap = cap;
	}
	v->frames[v->n] = *f;
	v->numbers[v->n] = number;
	v->texts[v->n] = text;
	return &v->frames[v->n++];
}

/* A frame that is no text of anybody's: the tail, or the line in place of a gap. */
static void add_text(struct opening *o, struct str text, int64_t line_at)
{
	struct frame f;

	if (text.len == 0)
		return;
	frame_look(text, o->a, &f);
	f.line_at = line_at;
	f.levels = f.sources = 0xff; /* not looked at */
	add_frame(o, &f, -1, text);
}

static enum err_code add_parts(struct opening *o, struct str entries, struct err *e)
{
	struct frame *frames = NULL;
	size_t n = 0;

	if (entries.len > 0)
		TRY(frame_index_decode(entries, o->a, &frames, &n, e));
	for (size_t i = 0; i < n; i++)
		add_frame(o, &frames[i], -1, STR(""));
	o->v->n_in_file = o->v->n;
	return ERR_OK;
}

static void add_gap(struct opening *o, const struct log *l)
{
	AUTO_BUF line;

	buf_init(&line, LOG_GAP_LINE);
	log_make_gap_line(l->gap_bytes, l->gap_line_ends, &line);
	add_text(o, arena_str(o->a, buf_view(&line)),
		o->v->n > 0 ? frame_line_end(&o->v->frames[o->v->n - 1]) : 0);
}

static enum err_code add_chunks(struct opening *o, const struct chunk *chunks, size_t n, struct err *e)
{
	const struct log *l = &o->v->log;
	for (size_t i = 0; i < n; i++) {
		struct frame *f = NULL;
		size_t n_entries = 0;

		TRY(frame_index_decode(chunks[i].entry, o->a, &f, &n_entries, e));
		if (n_entries != 1)
			return err_set(e, ERR_STORAGE, "chunk %lld of step %lld is damaged",
				(long long)chunks[i].number, (long long)l->step_id);
		if (l->gap_at >= 0 && f->text_at >= l->gap_at && o->v->late_from == SIZE_MAX) {
			if (l->gap_bytes > 0)
				add_gap(o, l);
			o->v->late_from = o->v->n;
		}
		add_frame(o, f, chunks[i].number, STR(""));
	}
	return ERR_OK;
}

static enum err_code open_sealed(struct opening *o, bool grams, struct err *e)
{
	struct log_view *v = o->v;
	enum err_code code = log_file_open(v->store, v->log.step_id, true, &v->fd, e);

	if (code == ERR_NOT_FOUND)
		return err_set(e, ERR_STORAGE, "the file of the log of step %lld is missing",
			(long long)v->log.step_id);
	TRY(code);
	TRY(frame_file_open(v->fd, o->a, &v->file, e));
	if (grams && v->file.has_grams)
		TRY(frame_file_grams(&v->file, o->a, e));
	v->frames = v->file.frames;
	v->n = v->n_in_file = v->file.n;
	return ERR_OK;
}

static enum err_code being_sealed(const struct log_view *v, struct err *e)
{
	return err_set(e, ERR_CONFLICT, "the log of step %lld is being sealed", (long long)v->log.step_id);
}

static enum err_code open_unsealed(struct opening *o, struct err *e)
{
	struct log_view *v = o->v;
	struct str parts = STR("");
	struct chunk *chunks = NULL;
	size_t n = 0;
	enum err_code code;

	TRY(logs_index(o->db, o->a, v->log.step_id, &parts, &chunks, &n, e));
	TRY(add_parts(o, parts, e));
	if (v->n_in_file == 0 && n == 0 && v->log.text_bytes > 0)
		return being_sealed(v, e);
	if (v->n_in_file > 0) {
		code = log_file_open(v->store, v->log.step_id, false, &v->fd, e);
		if (code == ERR_NOT_FOUND)
			return being_sealed(v, e);
		TRY(code);
	}
	return add_chunks(o, chunks, n, e);
}

static enum err_code open_tail(struct opening *o, struct err *e)
{
	struct str text = STR("");
	int64_t n_dropped = 0;

	TRY(steps_tail(o->db, o->a, o->v->log.step_id, &text, &n_dropped, e));
	add_text(o, text, n_dropped);
	return ERR_OK;
}

/* Bytes are counted through what is there, whatever the numbers of lines do. */
static void place(struct log_view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		v->frames[i].text_at = v->text_bytes;
		v->text_bytes += v->frames[i].text_len;
	}
	v->n_lines = v->n > 0 ? frame_line_end(&v->frames[v->n - 1]) : 0;
}

static enum err_code expired(const struct log *l, struct err *e)
{
	char date[CLOCK_DATE_LEN];

	return err_set(e, ERR_GONE, "the text of step %lld expired on %s; its facts are kept",
		(long long)l->step_id, clock_date(l->log_expired_at, date));
}

static enum err_code open_log(struct opening *o, int64_t step_id, bool grams, struct err *e)
{
	struct log_view *v = o->v;

	TRY(logs_get(o->db, o->a, step_id, &v->log, e));
	if (v->log.log_expired_at > 0)
		return expired(&v->log, e);
	switch (v->log.state) {
	case LOG_SEALED:
		return open_sealed(o, grams, e);
	case LOG_OPEN:
	case LOG_ENDED:
		return open_unsealed(o, e);
	case LOG_NONE:
		break;
	}
	return open_tail(o, e);
}

enum err_code log_view_open(
	struct store *s, int64_t step_id, bool grams, struct arena *a, struct log_view *ret, struct err *e)
{
	enum err_code code = ERR_CONFLICT;

	/* A log that is being sealed is soon a sealed one. */
	for (int try = 0; try < 5 && code == ERR_CONFLICT; try++) {
		struct opening o = { .v = ret, .a = a };

		*ret = (struct log_view){ .store = s, .fd = -1, .late_from = SIZE_MAX };
		TRY(store_reader_get(s, &o.db, e));
		code = open_log(&o, step_id, grams, e);
		store_reader_put(s, o.db);
		if (code != ERR_OK)
			log_view_close(ret);
	}
	if (code == ERR_CONFLICT)
		return err_set(
			e, ERR_UNAVAILABLE, "the log of step %lld is being sealed", (long long)step_id);
	TRY(code);
	place(ret);
	return ERR_OK;
}

void log_view_close(struct log_view *v)
{
	if (v->store)
		fd_close(&v->fd);
}

static enum err_code moved_on(const struct log_view *v, size_t i, struct err *e)
{
	return err_set(e, ERR_CONFLICT, "the log of step %lld has moved on, or its chunk %lld is damaged",
		(long long)v->log.step_id, (long long)v->numbers[i]);
}

static enum err_code read_chunk(const struct log_view *v, size_t i, struct buf *out, struct err *e)
{
	struct db *db = NULL;
	struct str zstd = STR("");
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(v->store, &db, e));
	code = logs_chunk(db, &a, v->log.step_id, v->numbers[i], &zstd, e);
	store_reader_put(v->store, db);
	if (code == ERR_NOT_FOUND || (code == ERR_OK && zstd.len != v->frames[i].zstd_len))
		return moved_on(v, i, e);
	TRY(code);
	buf_str(out, zstd);
	return buf_check(out, "a frame of a log", e);
}

enum err_code log_view_zstd(const struct log_view *v, size_t i, struct buf *out, struct err *e)
{
	const struct frame *f = &v->frames[i];

	if (i < v->n_in_file)
		return fd_read_at(v->fd, f->file_at, f->zstd_len, out, e);
	if (v->numbers[i] >= 0)
		return read_chunk(v, i, out, e);
	return err_set(e, ERR_NOT_FOUND, "this part of the log is no frame");
}

enum err_code log_view_text(const struct log_view *v, size_t i, struct buf *out, struct err *e)
{
	enum err_code code;
	AUTO_BUF zstd;

	buf_init(&zstd, 2 * FRAME_TEXT_MAX);
	if (i >= v->n_in_file && v->numbers[i] < 0) {
		buf_str(out, v->texts[i]);
		return buf_check(out, "a frame of a log", e);
	}
	TRY(log_view_zstd(v, i, &zstd, e));
	code = frame_text(&v->frames[i], buf_view(&zstd), out, e);
	if (code == ERR_STORAGE &&
		i >= v->n_in_file) /* a chunk is replaced when a program rewrites its last lines */
		return moved_on(v, i, e);
	return code;
}

/* The first frame of those that hold so many lines, or so many bytes, at the end. */
static size_t first_of_tail(const struct log_view *v, int64_t max_lines, size_t max_bytes)
{
	int64_t lines = 0;
	size_t first = v->n, bytes = 0;

	while (first > 0 && lines <= max_lines && bytes <= max_bytes) {
		first--;
		lines += v->frames[first].n_line_ends;
		bytes += v->frames[first].text_len;
	}
	return first;
}

enum err_code log_view_tail(const struct log_view *v, int64_t max_lines, size_t max_bytes, struct buf *out,
	struct tail_size *ret, struct err *e)
{
	size_t first = first_of_tail(v, max_lines, max_bytes);
	struct tail t;
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	for (size_t i = first; i < v->n; i++)
		TRY(log_view_text(v, i, &text, e));
	t = text_tail(text_without_final_line_end(buf_view(&text)), max_lines, max_bytes);
	buf_str(out, t.text);
	*ret = (struct tail_size){
		.n_lines = t.n_lines,
		.n_bytes = (int64_t)t.text.len,
		.n_dropped_lines = t.dropped_lines + (first < v->n ? v->frames[first].line_at : 0),
		.n_dropped_bytes = t.dropped_bytes + (first < v->n ? v->frames[first].text_at : 0),
	};
	return ERR_OK;
}
