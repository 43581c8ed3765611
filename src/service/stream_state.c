/*
 * stream_state: from held bytes to a change of rows.
 *
 * The limit on a log's text: up to its head's share all is kept, where it came. Beyond, new chunks are `late`, and of these only the newest
 * are kept: the oldest fall into a gap that grows. So a log over its limit has its beginning and its end, and the cost of a
 * flood is that of its newest bytes.
 */
#include "service/stream_state.h"

#include "base/metric.h"
#include "service/log_view.h"
#include "text/settle.h"

#include <stdlib.h>
#include <string.h>

#define MOVE_TEXT ((int64_t)4 << 20)     /* so much text in chunks is worth a move */
#define LATE_TEXT_MAX ((int64_t)4 << 20) /* kept of the end of a log over its limit, */
#define LATE_SHARE 4                     /* or this part of the limit */

struct stream *stream_new(int64_t step_id)
{
	struct stream *st = mem_alloc(sizeof *st);

	st->step_id = step_id;
	buf_init(&st->saved, SIZE_MAX);
	buf_init(&st->held, SIZE_MAX);
	return st;
}

void stream_forget(struct streams *s, struct stream *st)
{
	if (st->loaded)
		run_names_release(s->names, st->log.run_id);
	st->loaded = false;
	flow_free(st->flow);
	st->flow = NULL;
	buf_done(&st->saved);
	buf_init(&st->saved, SIZE_MAX);
	buf_done(&st->held);
	buf_init(&st->held, SIZE_MAX);
	st->n_late = 0;
	st->loose_text = 0;
}

void stream_free(struct streams *s, struct stream *st)
{
	stream_forget(s, st);
	free(st->late);
	buf_done(&st->saved);
	buf_done(&st->held);
	free(st);
}

static void add_late(struct stream *st, const struct late_chunk *c)
{
	if (st->n_late == st->late_cap) {
		st->late_cap = st->late_cap ? 2 * st->late_cap : 16;
		st->late = mem_grow(st->late, st->late_cap * sizeof *st->late);
	}
	st->late[st->n_late++] = *c;
}

/* The last lines of a log, as many as a terminal's cursor can reach. */
static enum err_code read_last_lines(const struct log_view *v, struct buf *out, struct err *e)
{
	size_t first = v->n;
	int64_t lines = 0, bytes = 0;

	while (first > 0 && lines <= SETTLE_BACK && bytes <= SETTLE_BACK_BYTES) {
		first--;
		lines += v->frames[first].n_line_ends;
		bytes += v->frames[first].text_len;
	}
	for (size_t i = first; i < v->n; i++)
		TRY(log_view_text(v, i, out, e));
	return ERR_OK;
}

/* Not more than settle wants, and whole lines at its beginning. */
static struct str only_last(struct str text)
{
	size_t from = text.len > SETTLE_BACK_BYTES ? text.len - SETTLE_BACK_BYTES : 0;

	if (from > 0)
		from += str_find(str_from(text, from), '\n') + 1;
	return str_from(text, from);
}

static void note_chunks_of(struct stream *st, const struct log_view *v)
{
	for (size_t i = v->n_in_file; i < v->n; i++) {
		const struct frame *f = &v->frames[i];

		if (v->numbers[i] < 0)
			continue;
		st->loose_text += f->text_len;
		if (i >= v->late_from)
			add_late(st, &(struct late_chunk){ v->numbers[i], f->text_len, f->n_line_ends });
	}
}

static enum err_code load_open(struct streams *s, struct stream *st, struct err *e)
{
	AUTO_ARENA a;
	AUTO_BUF last;
	AUTO_LOG_VIEW v = { 0 };

	arena_init(&a);
	buf_init(&last, SIZE_MAX);
	TRY(log_view_open(s->store, st->step_id, false, &a, &v, e));
	TRY(read_last_lines(&v, &last, e));
	st->log = v.log;
	buf_str(&st->saved, v.log.saved);
	st->log.saved = buf_view(&st->saved);
	st->in_line = v.n > 0 && v.frames[v.n - 1].unended;
	note_chunks_of(st, &v);
	st->flow = flow_resume(only_last(buf_view(&last)), st->log.saved);
	return ERR_OK;
}

enum err_code stream_load(struct streams *s, struct stream *st, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;
	struct log log;
	AUTO_ARENA a;

	arena_init(&a);
	if (st->loaded)
		return ERR_OK;
	TRY(store_reader_get(s->store, &db, e));
	code = logs_get(db, &a, st->step_id, &log, e);
	store_reader_put(s->store, db);
	TRY(code);
	st->log = log;
	st->log.saved = STR("");
	if (log.state == LOG_NONE && log.log_expired_at > 0)
		return err_set(e, ERR_GONE, "the text of step %lld is gone", (long long)st->step_id);
	if (log.state == LOG_NONE)
		return err_set(
			e, ERR_NOT_FOUND, "step %lld has no stream; open one first", (long long)st->step_id);
	if (log.state == LOG_OPEN)
		TRY(load_open(s, st, e));
	TRY(run_names_hold(s->names, log.run_id, e));
	st->loaded = true;
	return ERR_OK;
}

enum err_code stream_hold(struct stream *st, int64_t offset, struct str bytes, struct err *e)
{
	int64_t have = st->log.sent_bytes + (int64_t)st->held.len;

	if (offset < st->log.sent_bytes || offset > have)
		return err_set(e, ERR_CONFLICT, "the log of step %lld goes on at offset %lld, not %lld",
			(long long)st->step_id, (long long)st->log.sent_bytes, (long long)offset);
	if (bytes.len == 0) /* a heartbeat; what is held stays */
		return ERR_OK;
	buf_cut(&st->held, (size_t)(offset - st->log.sent_bytes));
	buf_str(&st->held, bytes);
	return ERR_OK;
}

/* ---- a change ---- */

static struct log_end end_of(const struct stream *st)
{
	return (struct log_end){ .text_bytes = st->log.text_bytes,
		.n_line_ends = st->log.n_line_ends,
		.group_line = st->log.group_line,
		.n_chunks = st->log.n_chunks,
		.in_line = st->in_line };
}

/* Where in text its last n lines begin. */
static size_t start_of_last_lines(struct str text, size_t n)
{
	size_t at = text.len;

	for (; n > 0 && at > 0; n--) {
		const char *lf = at > 1 ? memrchr(text.p, '\n', at - 1) : NULL;

		at = lf ? (size_t)(lf - text.p) + 1 : 0;
	}
	return at;
}

/*
 * The last n lines that were put down are void: the chunks that hold them are replaced by what is left of the first of them, in `kept`, which
 * goes before what is put down now. Chunks in the file are out of reach (the keeper leaves the newest alone), and then nothing is undone.
 */
static enum err_code undo_lines(struct streams *s, struct stream *st, size_t n, struct log_end *end,
	struct stream_put *p, struct buf *kept, struct err *e)
{
	AUTO_ARENA a;
	AUTO_BUF text;
	AUTO_LOG_VIEW v = { 0 };
	int64_t bytes = 0, lines = 0;
	size_t first, at;

	arena_init(&a);
	buf_init(&text, SIZE_MAX);
	TRY(log_view_open(s->store, st->step_id, false, &a, &v, e));
	for (first = v.n; first > v.n_in_file && v.numbers[first - 1] >= 0 && lines < (int64_t)n;) {
		first--;
		bytes += v.frames[first].text_len;
		lines += v.frames[first].n_line_ends;
	}
	if (first == v.n)
		return ERR_OK;
	for (size_t i = first; i < v.n; i++)
		TRY(log_view_text(&v, i, &text, e));
	at = start_of_last_lines(buf_view(&text), n);
	buf_add(kept, text.p, at);
	p->from = v.numbers[first];
	p->undone_bytes = (int64_t)(text.len - at);
	end->text_bytes -= bytes;
	end->n_line_ends -= lines;
	end->group_line = v.frames[first].group_line;
	end->n_chunks = p->from;
	end->in_line = v.frames[first].in_line;
	while (st->n_late > 0 && st->late[st->n_late - 1].number >= p->from)
		st->n_late--;
	if (p->log.gap_at >
		end->text_bytes) /* nothing fell into it: its line would have stopped the undoing */
		p->log.gap_at = -1;
	return ERR_OK;
}

static enum err_code add_chunks(struct streams *s, struct stream_put *p, struct log_end *end, struct str text,
	size_t max, int64_t now, struct err *e)
{
	struct chunk *chunks = NULL, *both;
	size_t n = 0;

	TRY(log_make_chunks(end, s->crew, text, max, now, &p->arena, &chunks, &n, e));
	both = arena_array(&p->arena, p->n_chunks + n, sizeof *both);
	if (p->n_chunks > 0)
		memcpy(both, p->chunks, p->n_chunks * sizeof *both);
	if (n > 0)
		memcpy(both + p->n_chunks, chunks, n * sizeof *both);
	p->chunks = both;
	p->n_chunks += n;
	return ERR_OK;
}

/* The oldest late chunks fall into the gap until no more than `max` bytes are left of them. */
static void drop_late(struct stream *st, int64_t max, struct stream_put *p)
{
	int64_t text = 0;
	size_t n = 0;

	for (size_t i = 0; i < st->n_late; i++)
		text += st->late[i].text_len;
	for (; n + 1 < st->n_late && text > max; n++) {
		const struct late_chunk *c = &st->late[n];

		text -= c->text_len;
		p->log.gap_bytes += c->text_len;
		p->log.gap_line_ends += c->n_line_ends;
		if (p->drop_below == 0)
			p->drop_from = c->number;
		p->drop_below = c->number + 1;
		metric_add(METRIC_LOG_DROPPED_BYTES, c->text_len);
	}
	memmove(st->late, st->late + n, (st->n_late - n) * sizeof *st->late);
	st->n_late -= n;
}

static enum err_code note_late(
	struct stream *st, struct stream_put *p, const struct chunk *chunks, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		struct frame *f = NULL;
		size_t n_entries = 0;

		TRY(frame_index_decode(chunks[i].entry, &p->arena, &f, &n_entries, e));
		add_late(st, &(struct late_chunk){ chunks[i].number, f->text_len, f->n_line_ends });
	}
	return ERR_OK;
}

/* Chunks that are new and fell into the gap already are not written. */
static void leave_out_dropped(struct stream_put *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_chunks; i++)
		if (p->chunks[i].number < p->drop_from || p->chunks[i].number >= p->drop_below)
			p->chunks[n++] = p->chunks[i];
	p->n_chunks = n;
}

/* Behind the last line end of the first n bytes at p. */
static size_t start_of_last_line(const char *p, size_t n)
{
	const char *lf = memrchr(p, '\n', n);

	return lf ? (size_t)(lf - p) + 1 : 0;
}

static enum err_code put_down(struct streams *s, const struct config *cfg, struct stream *st,
	struct log_end *end, struct str text, int64_t now, struct stream_put *p, struct err *e)
{
	int64_t share = cfg->step_bytes / LATE_SHARE,
		late_max = share < LATE_TEXT_MAX ? share : LATE_TEXT_MAX;
	int64_t room = cfg->step_bytes - late_max - end->text_bytes;
	size_t late_chunk =
		late_max / LATE_SHARE < FRAME_TEXT ? (size_t)(late_max / LATE_SHARE) + 1 : FRAME_TEXT;
	size_t head = text.len, n_head;

	if (p->log.gap_at >= 0 || (int64_t)text.len > room)
		head = p->log.gap_at >= 0 || room <= 0 ? 0 : start_of_last_line(text.p, (size_t)room);
	TRY(add_chunks(s, p, end, (struct str){ text.p, head }, FRAME_TEXT, now, e));
	n_head = p->n_chunks;
	if (head == text.len)
		return ERR_OK;
	if (p->log.gap_at < 0)
		p->log.gap_at = end->text_bytes;
	TRY(add_chunks(s, p, end, str_from(text, head), late_chunk, now, e));
	TRY(note_late(st, p, p->chunks + n_head, p->n_chunks - n_head, e));
	drop_late(st, late_max, p);
	leave_out_dropped(p);
	return ERR_OK;
}

/* What the run asks for and is not on disk: a value whose commit failed goes with the next one. */
static void seal_masks(struct streams *s, int64_t run_id, struct stream_put *p)
{
	struct mask_names *names = run_names_get(s->names, run_id);
	size_t had = run_names_saved(s->names, run_id), n = mask_names_count(names) - had;
	AUTO_BUF sealed;

	buf_init(&sealed, SIZE_MAX);
	p->masks = arena_array(&p->arena, n + 1, sizeof *p->masks);
	for (size_t i = 0; i < n; i++) {
		buf_reset(&sealed);
		run_names_seal(s->names, mask_names_value(names, had + i), &sealed);
		p->masks[i] = arena_str(&p->arena, buf_view(&sealed));
	}
	p->n_masks = n;
	p->masks_upto = had + n;
	mask_names_unref(names);
}

/* Through the flow, and what the bytes ask to be masked is known to the run. Returns with the lines in out. */
static void flow_held(struct streams *s, const struct config *cfg, struct stream *st, bool last,
	struct stream_put *p, struct buf *out, struct flow_taken *ret)
{
	struct mask_names *before = run_names_get(s->names, st->log.run_id), *now = mask_names_ref(before);
	AUTO_BUF saved;

	buf_init(&saved, SIZE_MAX);
	flow_add(st->flow, s->crew, cfg->mask, &now, buf_view(&st->held), last, out, ret);
	flow_save(st->flow, cfg->mask, now, &saved);
	p->log.saved = arena_str(&p->arena, buf_view(&saved));
	if (now != before)
		run_names_tell(s->names, st->log.run_id, before, now);
	seal_masks(s, st->log.run_id, p);
	mask_names_unref(before);
	mask_names_unref(now);
	metric_add(METRIC_SECRETS_MASKED, (int64_t)ret->n_masked);
	metric_add(METRIC_NAMES_LOST, (int64_t)ret->n_lost);
}

/* What is new, for who follows; kept are lines that stay as they were. */
static void note_change(struct streams *s, const struct stream *st, const struct log_end *end,
	struct str kept, struct str fresh, int64_t now, struct stream_put *p)
{
	struct follow_change *c = &p->change;

	*c = (struct follow_change){ .step_id = st->step_id,
		.line = end->n_line_ends,
		.in_line = end->in_line,
		.rewrites = p->from != INT64_MAX,
		.at_ms = now };
	for (; kept.len > 0; c->line++) {
		kept = str_from(kept, str_find(kept, '\n') + 1);
		c->in_line = false;
	}
	c->has_text = follow_is_wanted(s->followers, st->step_id);
	if (c->has_text)
		c->text = arena_str(&p->arena, fresh);
}

enum err_code stream_put_make(struct streams *s, const struct config *cfg, struct stream *st, bool last,
	int64_t now, struct stream_put *ret, struct err *e)
{
	struct log_end end = end_of(st);
	struct flow_taken t = { 0 };
	struct str text;
	AUTO_BUF out;
	AUTO_BUF joined;

	buf_init(&out, SIZE_MAX);
	buf_init(&joined, SIZE_MAX);
	*ret = (struct stream_put){ .log = st->log, .sent_before = st->log.sent_bytes, .from = INT64_MAX };
	arena_init(&ret->arena);
	ret->made = true;
	flow_held(s, cfg, st, last, ret, &out, &t);
	text = buf_view(&out);
	if (t.undo > 0)
		TRY(undo_lines(s, st, t.undo, &end, ret, &joined, e));
	note_change(s, st, &end, buf_view(&joined), text, now, ret);
	if (joined.len > 0) {
		buf_str(&joined, text);
		text = buf_view(&joined);
	}
	TRY(put_down(s, cfg, st, &end, text, now, ret, e));
	ret->log.sent_bytes += (int64_t)t.used;
	ret->log.text_bytes = end.text_bytes;
	ret->log.n_line_ends = end.n_line_ends;
	ret->log.group_line = end.group_line;
	ret->log.n_chunks = end.n_chunks;
	ret->in_line = end.in_line;
	ret->text_len = text.len;
	ret->bytes = ret->arena.used;
	return ERR_OK;
}

bool stream_put_is_empty(const struct stream_put *p)
{
	return p->text_len == 0 && p->log.sent_bytes == p->sent_before && p->n_masks == 0;
}

enum err_code stream_put_apply(const struct stream_put *p, struct db *db, struct err *e)
{
	TRY(logs_append(db, &p->log, p->sent_before, p->from, p->chunks, p->n_chunks, e));
	if (p->drop_below > 0)
		TRY(logs_drop_chunks(db, p->log.step_id, p->drop_from, p->drop_below, e));
	for (size_t i = 0; i < p->n_masks; i++)
		TRY(run_masks_add(db, p->log.run_id, p->masks[i], e));
	return ERR_OK;
}

/* Of what came all but a little has gone: a thousand streams must not each keep the memory of a whole piece. */
static void drop_held(struct stream *st, size_t n)
{
	struct buf rest;

	buf_drop(&st->held, n);
	if (st->held.cap <= 2 * MASK_HOLD || st->held.len > MASK_HOLD)
		return;
	buf_init(&rest, SIZE_MAX);
	buf_str(&rest, buf_view(&st->held));
	buf_done(&st->held);
	st->held = rest;
}

void stream_put_take(struct stream *st, const struct stream_put *p)
{
	drop_held(st, (size_t)(p->log.sent_bytes - st->log.sent_bytes));
	st->log = p->log;
	buf_reset(&st->saved);
	buf_str(&st->saved, p->log.saved);
	st->log.saved = buf_view(&st->saved);
	st->in_line = p->in_line;
}

void stream_put_done(struct stream_put *p)
{
	if (p->made)
		arena_done(&p->arena);
}

void stream_note_chunks(struct streams *s, struct stream *st, const struct stream_put *p)
{
	if (st->log.gap_at >= 0 || st->log.state != LOG_OPEN)
		return;
	st->loose_text += (int64_t)p->text_len;
	if (st->loose_text < MOVE_TEXT)
		return;
	st->loose_text = 0;
	keeper_move(s->keeper, st->step_id, INT64_MAX);
}
