/*
 * stream_revive: a runner that was given up comes back.
 *
 * Its log was sealed with what had come, and perhaps with an end that was put down only for that. What counts is copied into a new file of
 * an open log, the rest of the frame that lies across becomes a chunk again, and a commit says so; the sealed file goes
 * after that. So a crash leaves the one or the other.
 */
#include "service/log_view.h"
#include "service/stream_state.h"
#include "store/log_file.h"

struct revive_op {
	struct store_op op;
	struct log log;
	struct str parts;
	struct chunk *chunk; /* NULL: none */
};

static enum err_code apply_revive(struct store_op *op, struct db *db, struct err *e)
{
	struct revive_op *r = (struct revive_op *)(void *)op;

	return logs_revive(db, &r->log, r->parts, r->chunk, e);
}

/* The text of frame `at` that counts becomes a chunk. */
static enum err_code cut_frame(const struct log_view *v, size_t at, int64_t text_bytes, int64_t now,
	struct arena *a, struct revive_op *r, struct err *e)
{
	const struct frame *f = &v->frames[at];
	struct log_end end = { .text_bytes = f->text_at,
		.n_line_ends = f->line_at,
		.group_line = f->group_line,
		.n_chunks = r->log.n_chunks,
		.in_line = f->in_line };
	size_t n = 0;
	AUTO_BUF text;

	buf_init(&text, FRAME_TEXT_MAX);
	TRY(log_view_text(v, at, &text, e));
	TRY(log_make_chunks(&end, NULL, (struct str){ text.p, (size_t)(text_bytes - f->text_at) }, FRAME_TEXT,
		now, a, &r->chunk, &n, e));
	r->log.n_line_ends = end.n_line_ends;
	r->log.group_line = end.group_line;
	r->log.n_chunks = end.n_chunks;
	return ERR_OK;
}

static enum err_code make(
	const struct log_view *v, int64_t now, struct arena *a, struct revive_op *r, struct err *e)
{
	int64_t text_bytes = v->log.lost_bytes;
	size_t at = frame_of_byte(v->frames, v->n, text_bytes);
	AUTO_BUF parts;

	buf_init(&parts, SIZE_MAX);
	if (at > 0)
		TRY(frame_index_encode(v->frames, at, &parts, e));
	r->parts = arena_str(a, buf_view(&parts));
	r->log = v->log;
	r->log.text_bytes = text_bytes;
	r->log.n_line_ends = at < v->n ? v->frames[at].line_at : v->n_lines;
	r->log.group_line = at < v->n ? v->frames[at].group_line : v->log.group_line;
	r->log.file_bytes = 0;
	if (at > 0)
		r->log.file_bytes = v->frames[at - 1].file_at + v->frames[at - 1].zstd_len;
	if (at < v->n && text_bytes > v->frames[at].text_at)
		return cut_frame(v, at, text_bytes, now, a, r, e);
	return ERR_OK;
}

enum err_code stream_revive(struct streams *s, struct stream *st, struct err *e)
{
	struct revive_op r = { .op = { .apply = apply_revive, .bytes = sizeof r } };
	AUTO_ARENA a;
	AUTO_LOG_VIEW v = { 0 };

	arena_init(&a);
	if (st->log.state == LOG_ENDED)
		return err_set(e, ERR_UNAVAILABLE, "the log of step %lld is being sealed; try again",
			(long long)st->step_id);
	if (st->log.gap_at >= 0)
		return err_set(e, ERR_CONFLICT, "the log of step %lld has ended: its middle is gone",
			(long long)st->step_id);
	TRY(log_view_open(s->store, st->step_id, true, &a, &v, e));
	TRY(make(&v, clock_wall_ms(s->clock), &a, &r, e));
	if (r.log.file_bytes > 0)
		TRY(log_file_copy_back(s->store, st->step_id, r.log.file_bytes, e));
	TRY(store_write(s->store, &r.op, e));
	stream_forget(s, st);
	TRY(stream_load(s, st, e));
	return log_file_remove_sealed(s->store, st->step_id, e);
}
