/*
 * mend: see the header.
 *
 * A sealed log is written anew beside itself, as a .part, and renamed over itself. Of a log that is not sealed, the file is kept as far as it is sound, and
 * all behind that goes into chunks again, from where it is moved to the file and sealed as ever: so no state comes about that is not
 * one of an ordinary log.
 */
#include "service/mend.h"

#include "base/file.h"
#include "service/keeper.h"
#include "service/log_stray.h"
#include "service/mend_pieces.h"
#include "store/log_file.h"
#include "text/frame_salvage.h"

#define WRITE_BYTES ((size_t)8 << 20)

struct mend {
	struct store *store;
	struct log log; /* as it will be */
	struct arena a;
	int fd; /* of what there is; -1: none */
	struct pieces pieces;
	struct buf *did;
	/* what comes of them */
	struct frame *frames;
	size_t n;
	int64_t delta; /* bytes of text that were added by it, mostly less than none */
	int64_t gap_was;
};

static enum err_code left(struct err *e, const char *why)
{
	return err_set(e, ERR_UNPROCESSABLE, "%s", why);
}

static void tell(struct mend *m, const char *what)
{
	buf_fmt(m->did, "%s%s", m->did->len > 0 ? "; " : "", what);
}

static void tell_pieces(struct mend *m)
{
	size_t n_lost = m->pieces.n - m->pieces.n_sound;

	if (n_lost == 0)
		tell(m, "its index was made anew");
	else
		buf_fmt(m->did, "%zu pieces of it were lost and have a line in their place", n_lost);
}

/* ---- nothing is left ---- */

struct lose_op {
	struct store_op op;
	int64_t step_id, now;
};

static enum err_code apply_lose(struct store_op *op, struct db *db, struct err *e)
{
	struct lose_op *w = (struct lose_op *)(void *)op;

	return logs_drop(db, w->step_id, w->now, e);
}

enum err_code mend_lost_text(struct store *s, int64_t step_id, int64_t now, struct err *e)
{
	const struct log_stray files[] = { { .step_id = step_id }, { .step_id = step_id, .sealed = true } };
	struct lose_op w = {
		.op = { .apply = apply_lose, .bytes = sizeof w }, .step_id = step_id, .now = now
	};
	int64_t bytes = 0;
	size_t n = 0;

	TRY(store_write(s, &w.op, e));
	return log_stray_remove(s, files, 2, INT64_MAX, &n, &bytes, e);
}

/* ---- pieces, as they will be ---- */

/* The text and the entry of the line in place of a lost piece. */
static void make_line(struct mend *m, const struct piece *p, struct buf *text, struct frame *ret)
{
	struct log_end end = {
		.n_line_ends = p->f.line_at, .group_line = p->f.group_line, .in_line = p->f.in_line
	};

	piece_lost_line(p, text);
	log_make_look(&end, buf_view(text), &m->a, ret);
	ret->times = p->f.times;
	if (m->log.lost_bytes >= p->f.text_at)
		m->log.lost_bytes = -1; /* its runner could not go on from there */
	m->delta += (int64_t)text->len - (p->text_before < 0 ? 0 : p->text_before);
}

/* Behind the one before it: lines do not go backwards, and what follows on a line that has an end begins one. */
static void place(struct mend *m, struct frame *f)
{
	const struct frame *before = m->n > 0 ? &m->frames[m->n - 1] : NULL;
	int64_t first = 0;

	if (before && !before->unended)
		f->in_line = false;
	if (before)
		first = f->in_line ? before->line_at + before->n_line_ends : frame_line_end(before);
	if (f->line_at < first)
		f->line_at = first;
	if (f->group_line > f->line_at)
		f->group_line = -1;
	m->frames[m->n++] = *f;
}

static void count(struct mend *m)
{
	const struct frame *last = m->n > 0 ? &m->frames[m->n - 1] : NULL;
	int64_t text = 0;
	AUTO_BUF line;

	buf_init(&line, LOG_GAP_LINE);
	log_make_gap_line(m->log.gap_bytes, m->log.gap_line_ends, &line);
	for (size_t i = 0; i < m->n; i++)
		text += m->frames[i].text_len;
	m->log.text_bytes = text + m->log.gap_bytes;
	if (m->log.state == LOG_SEALED && m->log.gap_at >= 0)
		m->log.text_bytes -= (int64_t)line.len;
	m->log.n_line_ends = last ? last->line_at + last->n_line_ends : 0;
}

struct mend_op {
	struct store_op op;
	const struct log *log;
	struct str parts;
	int64_t from;
	const struct chunk *chunks;
	size_t n;
};

static enum err_code apply_mend(struct store_op *op, struct db *db, struct err *e)
{
	struct mend_op *w = (struct mend_op *)(void *)op;

	return logs_mend(db, w->log, w->parts, w->from, w->chunks, w->n, e);
}

/* ---- sealed ---- */

struct output {
	struct buf bytes;
	int64_t written;
	uint32_t *sums;
};

static enum err_code write_out(struct mend *m, struct output *o, size_t keep, struct err *e)
{
	if (o->bytes.len <= keep)
		return ERR_OK;
	TRY(log_file_append(m->store, m->log.step_id, o->written, buf_view(&o->bytes), e));
	o->written += (int64_t)o->bytes.len;
	buf_reset(&o->bytes);
	return ERR_OK;
}

static enum err_code put_piece(struct mend *m, struct output *o, const struct piece *p, struct err *e)
{
	const struct frame *before = m->n > 0 ? &m->frames[m->n - 1] : NULL;
	size_t at = o->bytes.len;
	struct frame f = p->f, made;
	AUTO_BUF text;

	buf_init(&text, FRAME_TEXT_MAX);
	if (p->lost) {
		make_line(m, p, &text, &f);
		TRY(frame_make(buf_view(&text), &m->a, &made, &o->bytes, e));
	} else {
		if (!frame_read_text(m->fd, &p->f, &text))
			return left(e, "its file is being damaged while it is read");
		TRY(fd_read_at(m->fd, p->f.file_at, p->f.zstd_len, &o->bytes, e));
		frame_look(buf_view(&text), &m->a, &made);
	}
	f.grams = made.grams;
	f.zstd_len = (uint32_t)(o->bytes.len - at);
	f.text_at = before ? before->text_at + before->text_len : 0;
	f.file_at = before ? before->file_at + before->zstd_len : 0;
	TRY(frame_checksum((struct str){ o->bytes.p + at, f.zstd_len }, &o->sums[m->n], e));
	place(m, &f);
	return write_out(m, o, WRITE_BYTES, e);
}

static enum err_code write_sealed(struct mend *m, struct output *o, struct err *e)
{
	o->sums = arena_array(&m->a, m->pieces.n + 1, sizeof *o->sums);
	for (size_t i = 0; i < m->pieces.n; i++)
		TRY(put_piece(m, o, &m->pieces.p[i], e));
	TRY(frame_seal(m->frames, o->sums, m->n, &o->bytes, e));
	TRY(write_out(m, o, 0, e));
	return log_file_seal(m->store, m->log.step_id, e);
}

static enum err_code rewrite_sealed(struct mend *m, struct err *e)
{
	struct output o = { 0 };
	enum err_code code;

	TRY(pieces_of_sealed(m->fd, &m->log, &m->a, &m->pieces, e));
	m->frames = arena_array(&m->a, m->pieces.n + 1, sizeof *m->frames);
	if (m->pieces.n_sound == 0 && m->pieces.n > 0)
		return ERR_OK;
	buf_init(&o.bytes, SIZE_MAX);
	code = write_sealed(m, &o, e);
	m->log.file_bytes = o.written;
	buf_done(&o.bytes);
	return code;
}

static void note_wrong(void *arg, size_t frame, const char *what)
{
	(void)frame;
	(void)what;
	*(bool *)arg = true;
}

/* Is the file sound? Then it is believed, and only the row is to be put right. */
static bool is_sound(struct mend *m)
{
	struct frame_file file;
	bool wrong = false;

	if (frame_file_open(m->fd, &m->a, &file, NULL) != ERR_OK ||
		frame_file_verify(&file, note_wrong, &wrong, NULL) != ERR_OK || wrong)
		return false;
	m->frames = file.frames;
	m->n = file.n;
	m->log.file_bytes = file.bytes;
	return true;
}

static enum err_code mend_sealed(struct mend *m, int64_t now, struct err *e)
{
	struct mend_op w = { .op = { .apply = apply_mend, .bytes = sizeof w },
		.log = &m->log,
		.parts = STR(""),
		.from = INT64_MAX };
	bool sound;

	if (m->fd >= 0) {
		sound = is_sound(m);
		if (!sound)
			TRY(rewrite_sealed(m, e));
		if (sound || m->n > 0 || m->pieces.n == 0) {
			count(m);
			m->log.stored_bytes = m->log.file_bytes;
			if (sound)
				tell(m, "the database says now what is in the file");
			else
				tell_pieces(m);
			return store_write(m->store, &w.op, e);
		}
	}
	tell(m, "nothing of its text is left, and it counts as expired now");
	return mend_lost_text(m->store, m->log.step_id, now, e);
}

/* ---- not sealed ---- */

/* The first piece whose entry or text is not as it is stored; n: all are. */
static size_t first_changed(const struct pieces *ps)
{
	size_t i = 0;

	while (i < ps->n && !ps->p[i].changed)
		i++;
	return i;
}

/* Its bytes, and its bitmap if it is large enough to be kept as the frame that it is. */
static enum err_code take_sound(
	struct mend *m, const struct piece *p, struct buf *zstd, struct frame *f, struct err *e)
{
	struct frame made;
	AUTO_BUF text;

	buf_init(&text, FRAME_TEXT_MAX);
	if (p->number < 0)
		TRY(fd_read_at(m->fd, f->file_at, f->zstd_len, zstd, e));
	else
		buf_str(zstd, p->zstd);
	TRY(frame_text(f, buf_view(zstd), &text, e));
	frame_look(buf_view(&text), &m->a, &made);
	f->grams = text.len < LOG_MAKE_GRAMS_FROM ? STR("") : made.grams;
	return ERR_OK;
}

static enum err_code make_lost(
	struct mend *m, const struct piece *p, struct buf *zstd, struct frame *f, struct err *e)
{
	int64_t before = m->delta;
	struct frame made;
	AUTO_BUF text;

	buf_init(&text, FRAME_TEXT_MAX);
	make_line(m, p, &text, f);
	if (m->gap_was > p->f.text_at)
		m->log.gap_at += m->delta - before;
	TRY(frame_make(buf_view(&text), &m->a, &made, zstd, e));
	f->zstd_len = made.zstd_len;
	f->grams = STR("");
	return ERR_OK;
}

/* A piece becomes a chunk. Places in the text move by what was lost before it. */
static enum err_code make_chunk(
	struct mend *m, const struct piece *p, int64_t number, struct chunk *ret, struct err *e)
{
	int64_t text_at = p->f.text_at + m->delta;
	struct frame f = p->f;
	AUTO_BUF zstd, entry;

	buf_init(&zstd, SIZE_MAX);
	buf_init(&entry, SIZE_MAX);
	if (p->lost)
		TRY(make_lost(m, p, &zstd, &f, e));
	else
		TRY(take_sound(m, p, &zstd, &f, e));
	f.text_at = text_at;
	f.file_at = 0;
	place(m, &f);
	TRY(frame_index_encode(&m->frames[m->n - 1], 1, &entry, e));
	*ret = (struct chunk){ .number = number,
		.entry = arena_str(&m->a, buf_view(&entry)),
		.zstd = arena_str(&m->a, buf_view(&zstd)) };
	return ERR_OK;
}

/* Frames that leave the file take numbers below that of the first chunk: there were at least as many chunks that they were made of. */
static bool number_of_first(const struct mend *m, size_t k, int64_t *ret)
{
	int64_t n_in_file = 0, first_chunk = m->log.n_chunks;

	for (size_t i = k; i < m->pieces.n; i++) {
		n_in_file += m->pieces.p[i].number < 0;
		if (m->pieces.p[i].number >= 0 && m->pieces.p[i].number < first_chunk)
			first_chunk = m->pieces.p[i].number;
	}
	*ret = first_chunk - n_in_file;
	return *ret >= 0;
}

static enum err_code rewrite_rows(struct mend *m, size_t k, struct err *e)
{
	const struct pieces *ps = &m->pieces;
	struct mend_op w = { .op = { .apply = apply_mend, .bytes = sizeof w }, .log = &m->log };
	struct chunk *chunks = arena_array(&m->a, ps->n + 1, sizeof *chunks);
	int64_t number = 0;
	size_t n_in_file = 0;
	AUTO_BUF parts;

	buf_init(&parts, SIZE_MAX);
	m->frames = arena_array(&m->a, ps->n + 1, sizeof *m->frames);
	if (!number_of_first(m, k, &number))
		return left(e, "there are no numbers for what would leave its file");
	for (size_t i = 0; i < k; i++) {
		n_in_file += ps->p[i].number < 0;
		m->frames[m->n++] = ps->p[i].f;
	}
	if (n_in_file > 0)
		TRY(frame_index_encode(m->frames, n_in_file, &parts, e));
	m->log.file_bytes =
		n_in_file > 0 ? m->frames[n_in_file - 1].file_at + m->frames[n_in_file - 1].zstd_len : 0;
	for (size_t i = k; i < ps->n; i++)
		TRY(make_chunk(
			m, &ps->p[i], ps->p[i].number < 0 ? number++ : ps->p[i].number, &chunks[w.n++], e));
	count(m);
	m->log.stored_bytes = 0;
	w.parts = buf_view(&parts);
	w.chunks = chunks;
	w.from = k < ps->n ? (ps->p[k].number < 0 ? 0 : ps->p[k].number) : INT64_MAX;
	w.op.bytes += m->a.used;
	return store_write(m->store, &w.op, e);
}

static enum err_code mend_unsealed(struct mend *m, struct err *e)
{
	size_t k;

	TRY(pieces_of_unsealed(m->store, m->fd, &m->log, &m->a, &m->pieces, e));
	if (m->pieces.hopeless)
		return left(e, "it cannot be told what its damaged rows were of; it stays as it is");
	k = first_changed(&m->pieces);
	TRY(rewrite_rows(m, k, e));
	if (k < m->pieces.n)
		tell_pieces(m);
	else
		tell(m, "the database says now what is there");
	return ERR_OK;
}

/* The keeper puts the file back under its name first, should a crash have come in the midst of sealing. */
static enum err_code open_file(struct mend *m, struct err *e)
{
	enum err_code code = log_file_open(m->store, m->log.step_id, m->log.state == LOG_SEALED, &m->fd, e);

	if (code == ERR_NOT_FOUND && m->log.state == LOG_ENDED &&
		log_file_exists(m->store, m->log.step_id, true)) {
		TRY(log_file_unseal(m->store, m->log.step_id, m->log.file_bytes, e));
		code = log_file_open(m->store, m->log.step_id, false, &m->fd, e);
	}
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

enum err_code mend_log(struct store *s, const struct log *l, int64_t now, struct buf *did, struct err *e)
{
	struct mend m = { .store = s, .log = *l, .did = did, .fd = -1, .gap_was = l->gap_at };
	enum err_code code;

	arena_init(&m.a);
	code = open_file(&m, e);
	if (code == ERR_OK)
		code = l->state == LOG_SEALED ? mend_sealed(&m, now, e) : mend_unsealed(&m, e);
	fd_close(&m.fd);
	arena_done(&m.a);
	return code;
}
