/*
 * keeper_log: how chunks become frames of a file.
 *
 * Large chunks are frames already and are copied as they are. Small ones, a line or a few each, are put together until they have the size of a
 * frame. Where the middle of a log was dropped, a line that says so becomes a frame of its own.
 *
 * A log is sealed by moving all that is left and writing the index behind it. Both are one write when what is left fits into one
 * batch, as nearly always.
 */
#include "service/keeper.h"

#include "base/file.h"
#include "base/metric.h"
#include "service/log_make.h"
#include "store/log_file.h"
#include "store/nouns.h"

#include <malloc.h>
#include <string.h>

#define BATCH_BYTES ((int64_t)8 << 20) /* of zstd, moved at once */
#define FRAME_ALREADY (FRAME_TEXT / 2) /* a chunk of so much text is one */
#define TRIM_BYTES ((int64_t)32 << 20)
#define KEEP_TEXT (64 * 1024) /* of the newest text stays in chunks: a terminal's last lines may change */

struct packing {
	struct log log;
	struct arena a;
	struct frame *frames; /* of the file: those that were moved last, and new ones */
	size_t n, n_old, cap;
	struct buf bytes; /* of the new ones */
	int64_t text_at;
	bool gap_told;
	/* small chunks that wait for company */
	struct frame *parts;
	size_t n_parts, parts_cap;
	struct buf text;
};

static void packing_init(struct packing *p)
{
	*p = (struct packing){ 0 };
	arena_init(&p->a);
	buf_init(&p->bytes, SIZE_MAX);
	buf_init(&p->text, FRAME_TEXT_MAX);
}

static void packing_done(struct packing *p)
{
	buf_done(&p->bytes);
	buf_done(&p->text);
	arena_done(&p->a);
}

static struct frame *grow(struct arena *a, struct frame *list, size_t n, size_t *cap)
{
	struct frame *larger;

	if (n < *cap)
		return list;
	*cap = *cap ? 2 * *cap : 64;
	larger = arena_array(a, *cap, sizeof *larger);
	if (n > 0)
		memcpy(larger, list, n * sizeof *larger);
	return larger;
}

/* A frame whose zstd bytes have just been added. */
static void add_frame(struct packing *p, struct frame f)
{
	f.file_at = p->log.file_bytes + (int64_t)p->bytes.len - f.zstd_len;
	f.text_at = p->text_at;
	p->text_at += f.text_len;
	p->frames = grow(&p->a, p->frames, p->n, &p->cap);
	p->frames[p->n++] = f;
}

static enum err_code flush(struct packing *p, struct err *e)
{
	struct frame f;

	if (p->n_parts == 0)
		return ERR_OK;
	TRY(log_make_merged(p->parts, p->n_parts, buf_view(&p->text), &p->a, &f, &p->bytes, e));
	add_frame(p, f);
	p->n_parts = 0;
	buf_reset(&p->text);
	return ERR_OK;
}

static enum err_code add_gap(struct packing *p, struct err *e)
{
	struct frame f;
	AUTO_BUF line;

	buf_init(&line, LOG_GAP_LINE);
	p->gap_told = true;
	if (p->log.gap_bytes == 0)
		return ERR_OK;
	TRY(flush(p, e));
	log_make_gap_line(p->log.gap_bytes, p->log.gap_line_ends, &line);
	TRY(frame_make(buf_view(&line), &p->a, &f, &p->bytes, e));
	f.line_at = p->n > 0 ? frame_line_end(&p->frames[p->n - 1]) : 0;
	add_frame(p, f);
	return ERR_OK;
}

/* In a frame lines are numbered through: where some were lost (service/mend.h) another begins. */
static bool numbers_jump(const struct packing *p, const struct frame *next)
{
	const struct frame *last = p->n_parts > 0 ? &p->parts[p->n_parts - 1] : NULL;

	return last && next->line_at != last->line_at + last->n_line_ends;
}

static enum err_code add_chunk(struct packing *p, const struct chunk *c, struct err *e)
{
	struct frame *f = NULL;
	size_t n = 0;

	TRY(frame_index_decode(c->entry, &p->a, &f, &n, e));
	if (n != 1)
		return err_set(e, ERR_STORAGE, "chunk %lld of step %lld is damaged", (long long)c->number,
			(long long)p->log.step_id);
	if (p->log.gap_at >= 0 && f->text_at >= p->log.gap_at && !p->gap_told)
		TRY(add_gap(p, e));
	if (f->text_len >= FRAME_ALREADY || p->text.len + f->text_len > FRAME_TEXT || numbers_jump(p, f))
		TRY(flush(p, e));
	if (f->text_len >= FRAME_ALREADY) {
		buf_str(&p->bytes, c->zstd);
		add_frame(p, *f);
		return ERR_OK;
	}
	TRY(frame_text(f, c->zstd, &p->text, e));
	p->parts = grow(&p->a, p->parts, p->n_parts, &p->parts_cap);
	p->parts[p->n_parts++] = *f;
	return ERR_OK;
}

/* What is in the file already. */
static enum err_code read_old(struct packing *p, struct str parts, struct err *e)
{
	const struct frame *last;

	if (parts.len > 0)
		TRY(frame_index_decode(parts, &p->a, &p->frames, &p->n, e));
	p->n_old = p->cap = p->n;
	if (p->n > 0) {
		last = &p->frames[p->n - 1];
		p->text_at = last->text_at + last->text_len;
	}
	p->gap_told = p->log.gap_at >= 0 && p->text_at > p->log.gap_at;
	return ERR_OK;
}

/* The chunks below `below` that are far enough from the end to change no more. */
static enum err_code settled_below(
	struct arena *a, const struct chunk *chunks, size_t n, int64_t *below, struct err *e)
{
	int64_t text = 0;

	while (n > 0 && text < KEEP_TEXT) {
		struct frame *f = NULL;
		size_t n_entries = 0;

		n--;
		TRY(frame_index_decode(chunks[n].entry, a, &f, &n_entries, e));
		text += n_entries > 0 ? f->text_len : 0;
		if (chunks[n].number < *below)
			*below = chunks[n].number;
	}
	return ERR_OK;
}

struct batch {
	struct chunk *chunks;
	size_t n;
	bool more;
};

/* The log, the end of its index, and the next chunks. for_all: also those that may still change. */
static enum err_code read_batch(struct store *s, int64_t step_id, int64_t below, bool for_all,
	struct packing *p, struct batch *b, struct err *e)
{
	struct str parts = STR("");
	struct chunk *chunks = NULL;
	struct db *db = NULL;
	enum err_code code;
	size_t n = 0;

	TRY(store_reader_get(s, &db, e));
	code = logs_get(db, &p->a, step_id, &p->log, e);
	if (code == ERR_OK)
		code = logs_index_end(db, &p->a, step_id, &parts, &chunks, &n, e);
	if (code == ERR_OK && !for_all)
		code = settled_below(&p->a, chunks, n, &below, e);
	if (code == ERR_OK)
		code = logs_chunks(db, &p->a, step_id, below, BATCH_BYTES, &b->chunks, &b->n, &b->more, e);
	store_reader_put(s, db);
	TRY(code);
	TRY(read_old(p, parts, e));
	for (size_t i = 0; i < b->n; i++)
		TRY(add_chunk(p, &b->chunks[i], e));
	return flush(p, e);
}

/* ---- moving ---- */

struct move_op {
	struct store_op op;
	int64_t step_id, below, file_at, file_bytes;
	struct str entries;
};

static enum err_code apply_move(struct store_op *op, struct db *db, struct err *e)
{
	struct move_op *m = (struct move_op *)(void *)op;

	return logs_move(db, m->step_id, m->below, m->file_at, m->entries, m->file_bytes, e);
}

static enum err_code move_batch(struct store *s, struct packing *p, const struct batch *b, struct err *e)
{
	struct move_op m = { .op = { .apply = apply_move },
		.step_id = p->log.step_id,
		.below = b->chunks[b->n - 1].number + 1,
		.file_at = p->log.file_bytes,
		.file_bytes = p->log.file_bytes + (int64_t)p->bytes.len };
	AUTO_BUF entries;

	buf_init(&entries, SIZE_MAX);
	TRY(frame_index_encode(p->frames + p->n_old, p->n - p->n_old, &entries, e));
	m.entries = buf_view(&entries);
	m.op.bytes = sizeof m + entries.len;
	TRY(log_file_append(s, p->log.step_id, p->log.file_bytes, buf_view(&p->bytes), e));
	return store_write(s, &m.op, e);
}

static enum err_code move_once(
	struct store *s, int64_t step_id, int64_t below, struct packing *p, bool *ret_more, struct err *e)
{
	struct batch b = { 0 };

	TRY(read_batch(s, step_id, below, false, p, &b, e));
	*ret_more = false;
	if (p->log.state != LOG_OPEN || p->log.gap_at >= 0 || b.n == 0)
		return ERR_OK; /* ended meanwhile, or its chunks may yet fall into the gap */
	*ret_more = b.more;
	return move_batch(s, p, &b, e);
}

enum err_code keeper_move_now(struct store *s, int64_t step_id, int64_t below, struct err *e)
{
	enum err_code code;
	bool more = true;

	for (code = ERR_OK; code == ERR_OK && more;) {
		struct packing p;

		packing_init(&p);
		code = move_once(s, step_id, below, &p, &more, e);
		packing_done(&p);
	}
	return code;
}

/* ---- sealing ---- */

struct seal_op {
	struct store_op op;
	int64_t step_id, file_bytes;
};

static enum err_code apply_seal(struct store_op *op, struct db *db, struct err *e)
{
	struct seal_op *x = (struct seal_op *)(void *)op;

	return logs_seal(db, x->step_id, x->file_bytes, e);
}

static uint32_t little_endian(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* The index of a file, made of those of its moves. The checksum of each frame ends it (RFC 8878, 3.1.1). */
struct sealing {
	struct frame_sealer *sealer;
	int fd;
};

static enum err_code add_old(struct sealing *x, const struct frame *f, struct err *e)
{
	AUTO_BUF end;

	buf_init(&end, 4);
	TRY(fd_read_at(x->fd, f->file_at + f->zstd_len - 4, 4, &end, e));
	return frame_sealer_add(x->sealer, f, little_endian(end.p), e);
}

static enum err_code add_part(void *arg, struct str entries, struct err *e)
{
	struct sealing *x = arg;
	struct frame *f = NULL;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(frame_index_decode(entries, &a, &f, &n, e));
	for (size_t i = 0; i < n; i++)
		TRY(add_old(x, &f[i], e));
	return ERR_OK;
}

static enum err_code add_moved(struct store *s, int64_t step_id, struct frame_sealer *sealer, struct err *e)
{
	struct sealing x = { .sealer = sealer };
	struct db *db = NULL;
	enum err_code code;
	AUTO_FD fd = -1;

	TRY(log_file_open(s, step_id, false, &fd, e));
	x.fd = fd;
	TRY(store_reader_get(s, &db, e));
	code = logs_parts_each(db, step_id, add_part, &x, e);
	store_reader_put(s, db);
	return code;
}

static enum err_code add_new(const struct packing *p, struct frame_sealer *sealer, struct err *e)
{
	for (size_t i = p->n_old; i < p->n; i++) {
		const struct frame *f = &p->frames[i];
		int64_t end = f->file_at + f->zstd_len - p->log.file_bytes;

		TRY(frame_sealer_add(sealer, f, little_endian(p->bytes.p + end - 4), e));
	}
	return ERR_OK;
}

static enum err_code seal_rest(struct store *s, struct packing *p, struct err *e)
{
	struct seal_op x = { .op = { .apply = apply_seal, .bytes = sizeof x }, .step_id = p->log.step_id };
	AUTO_FRAME_SEALER sealer;

	/* The index of a long log is some MiB, on top of what its stream took and has given back to the allocator alone. */
	if (p->log.file_bytes > TRIM_BYTES)
		malloc_trim(0);
	frame_sealer_init(&sealer, &p->bytes);
	if (p->n_old > 0)
		TRY(add_moved(s, p->log.step_id, &sealer, e));
	TRY(add_new(p, &sealer, e));
	TRY(frame_sealer_finish(&sealer, e));
	TRY(log_file_append(s, p->log.step_id, p->log.file_bytes, buf_view(&p->bytes), e));
	TRY(log_file_seal(s, p->log.step_id, e));
	x.file_bytes = p->log.file_bytes + (int64_t)p->bytes.len;
	TRY(store_write(s, &x.op, e));
	metric_add(METRIC_LOGS_SEALED, 1);
	return ERR_OK;
}

static enum err_code seal_once(
	struct store *s, int64_t step_id, struct packing *p, bool *ret_more, struct err *e)
{
	struct batch b = { 0 };

	TRY(read_batch(s, step_id, INT64_MAX, true, p, &b, e));
	*ret_more = b.more;
	if (p->log.state != LOG_ENDED) {
		*ret_more = false;
		return ERR_OK;
	}
	return b.more ? move_batch(s, p, &b, e) : seal_rest(s, p, e);
}

/*
 * A crash between renaming and the commit has left the sealed file under a row that says it is not: back to where the row is, and once
 * more. But where both files are, the sealed one is what a revived log was before.
 */
static enum err_code undo_half_seal(struct store *s, int64_t step_id, struct err *e)
{
	struct log log;
	struct db *db = NULL;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(s, &db, e));
	code = logs_get(db, &a, step_id, &log, e);
	store_reader_put(s, db);
	TRY(code);
	if (log.state != LOG_ENDED || !log_file_exists(s, step_id, true))
		return ERR_OK;
	if (log.file_bytes == 0 || log_file_exists(s, step_id, false))
		return log_file_remove_sealed(s, step_id, e);
	return log_file_unseal(s, step_id, log.file_bytes, e);
}

enum err_code keeper_seal_now(struct store *s, int64_t step_id, struct err *e)
{
	enum err_code code = undo_half_seal(s, step_id, e);
	bool more = true;

	while (code == ERR_OK && more) {
		struct packing p;

		packing_init(&p);
		code = seal_once(s, step_id, &p, &more, e);
		packing_done(&p);
	}
	return code;
}
