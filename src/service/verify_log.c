/*
 * verify_log: one log against its rows.
 *
 * A sealed log is a file that says itself what is in it (text/frame.h); the row counts what is in it once more. A log that is not sealed
 * is as much of its .part as the rows say, with its entries in rows, and then chunks.
 *
 * The counts: `text_bytes` and `n_line_ends` are of all text that was ever put down, with what fell into the gap of a log
 * over its limit, in whose place there is a line. Lines keep their numbers through a gap, and so the number behind the last line is told by the
 * last frame.
 */
#include "service/verify.h"

#include "base/file.h"
#include "service/log_make.h"
#include "store/log_file.h"
#include "store/nouns.h"

#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

struct check {
	struct store *store;
	const struct log *l;
	struct buf *wrong;
	struct arena a;
	struct frame *frames; /* of all of it, in order */
	size_t n, cap, n_in_file;
	int fd;
};

static void note(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct check *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(c->wrong, fmt, ap);
	va_end(ap);
	buf_char(c->wrong, '\n');
}

/* ---- counts ---- */

static int64_t text_of(const struct check *c)
{
	int64_t text = 0;

	for (size_t i = 0; i < c->n; i++)
		text += c->frames[i].text_len;
	return text;
}

static int64_t gap_line_len(const struct log *l)
{
	AUTO_BUF line;

	buf_init(&line, LOG_GAP_LINE);
	log_make_gap_line(l->gap_bytes, l->gap_line_ends, &line);
	return (int64_t)line.len;
}

static void check_counts(struct check *c)
{
	const struct frame *last = c->n > 0 ? &c->frames[c->n - 1] : NULL;
	int64_t lines = last ? last->line_at + last->n_line_ends : 0, text = text_of(c);
	int64_t want = c->l->text_bytes - c->l->gap_bytes;
	bool gap_is_there = c->l->gap_at >= 0 && text != want;

	if (gap_is_there)
		want += gap_line_len(c->l);
	if (text != want)
		note(c, "it has %lld bytes of text, and the database says %lld", (long long)text,
			(long long)want);
	if (lines != c->l->n_line_ends && !(gap_is_there && last->text_len == gap_line_len(c->l)))
		note(c, "it has %lld lines, and the database says %lld", (long long)lines,
			(long long)c->l->n_line_ends);
}

static void check_stored_bytes(struct check *c, int64_t want)
{
	if (c->l->stored_bytes != want)
		note(c, "its step counts %lld bytes for it, and it takes %lld", (long long)c->l->stored_bytes,
			(long long)want);
}

/* ---- sealed ---- */

static void wrong_in_file(void *arg, size_t frame, const char *what)
{
	struct check *c = arg;

	if (frame < c->n)
		note(c, "frame %zu: %s", frame, what);
	else
		note(c, "%s", what);
}

static enum err_code check_sealed(struct check *c, struct err *e)
{
	enum err_code code = log_file_open(c->store, c->l->step_id, true, &c->fd, e);
	struct frame_file file;
	struct err why;

	if (code == ERR_NOT_FOUND) {
		note(c, "its file is missing");
		return ERR_OK;
	}
	TRY(code);
	check_stored_bytes(c, c->l->file_bytes);
	if (frame_file_open(c->fd, &c->a, &file, &why) != ERR_OK) {
		note(c, "%s", why.text);
		return ERR_OK;
	}
	c->frames = file.frames;
	c->n = file.n;
	if (file.bytes != c->l->file_bytes)
		note(c, "its file has %lld bytes, and the database says %lld", (long long)file.bytes,
			(long long)c->l->file_bytes);
	if (frame_file_verify(&file, wrong_in_file, c, &why) != ERR_OK)
		note(c, "%s", why.text);
	check_counts(c);
	return ERR_OK;
}

/* ---- not sealed ---- */

static void check_text(
	struct check *c, const struct frame *said, struct str zstd, const char *name, int64_t number)
{
	struct frame made;
	struct err why;
	AUTO_ARENA a;
	AUTO_BUF text;

	arena_init(&a);
	buf_init(&text, FRAME_TEXT_MAX);
	if (frame_text(said, zstd, &text, &why) != ERR_OK) {
		note(c, "%s %lld: %s", name, (long long)number, why.text);
		return;
	}
	frame_look(buf_view(&text), &a, &made);
	if (made.n_line_ends != said->n_line_ends || made.unended != said->unended)
		note(c, "%s %lld: its entry counts other lines than it has", name, (long long)number);
}

/* A crash may have come between the renaming and the commit: then the beginning of the .zst is what was the .part. */
static enum err_code open_part(struct check *c, struct err *e)
{
	enum err_code code = log_file_open(c->store, c->l->step_id, false, &c->fd, e);

	if (code == ERR_NOT_FOUND && c->l->state == LOG_ENDED)
		code = log_file_open(c->store, c->l->step_id, true, &c->fd, e);
	return code;
}

static enum err_code check_part(struct check *c, struct err *e)
{
	enum err_code code;
	struct stat st;
	struct err why;
	AUTO_BUF zstd;

	buf_init(&zstd, 2 * FRAME_TEXT_MAX);
	if (c->n_in_file == 0)
		return ERR_OK;
	code = open_part(c, e);
	if (code == ERR_NOT_FOUND) {
		note(c, "its file is missing");
		return ERR_OK;
	}
	TRY(code);
	if (fstat(c->fd, &st) == 0 && st.st_size < c->l->file_bytes)
		note(c, "its file has %lld bytes, and the database says %lld", (long long)st.st_size,
			(long long)c->l->file_bytes);
	for (size_t i = 0; i < c->n_in_file; i++) {
		const struct frame *f = &c->frames[i];

		buf_reset(&zstd);
		if (fd_read_at(c->fd, f->file_at, f->zstd_len, &zstd, &why) != ERR_OK)
			note(c, "frame %zu: %s", i, why.text);
		else
			check_text(c, f, buf_view(&zstd), "frame", (int64_t)i);
	}
	return ERR_OK;
}

static void add_frame(struct check *c, const struct frame *f)
{
	if (c->n >= c->cap) {
		size_t cap = 2 * c->n + 16;
		struct frame *more = arena_array(&c->a, cap, sizeof *more);

		if (c->n > 0)
			memcpy(more, c->frames, c->n * sizeof *more);
		c->frames = more;
		c->cap = cap;
	}
	c->frames[c->n++] = *f;
}

static enum err_code check_chunk(struct check *c, const struct chunk *k, struct err *e)
{
	struct frame *f = NULL;
	struct str zstd = STR("");
	struct db *db = NULL;
	size_t n = 0;
	enum err_code code;
	struct err why;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(c->store, &db, e));
	code = logs_chunk(db, &a, c->l->step_id, k->number, &zstd, e);
	store_reader_put(c->store, db);
	TRY(code);
	if (frame_index_decode(k->entry, &a, &f, &n, &why) != ERR_OK || n != 1) {
		note(c, "chunk %lld: its entry is damaged", (long long)k->number);
		return ERR_OK;
	}
	if (k->number >= c->l->n_chunks)
		note(c, "chunk %lld: there were only %lld", (long long)k->number, (long long)c->l->n_chunks);
	check_text(c, f, zstd, "chunk", k->number);
	add_frame(c, f); /* its times and bitmap are not looked at, and go with this arena */
	return ERR_OK;
}

/* ERR_NOT_FOUND: a chunk has moved on meanwhile. */
static enum err_code check_unsealed(struct check *c, struct err *e)
{
	struct str parts = STR("");
	struct chunk *chunks = NULL;
	struct db *db = NULL;
	enum err_code code;
	size_t n = 0;
	struct err why;
	int64_t end;

	TRY(store_reader_get(c->store, &db, e));
	code = logs_index(db, &c->a, c->l->step_id, &parts, &chunks, &n, e);
	store_reader_put(c->store, db);
	TRY(code);
	check_stored_bytes(c, 0);
	if (parts.len > 0 && frame_index_decode(parts, &c->a, &c->frames, &c->n, &why) != ERR_OK) {
		note(c, "the index of its file is damaged: %s", why.text);
		return ERR_OK;
	}
	c->n_in_file = c->n;
	end = c->n > 0 ? c->frames[c->n - 1].file_at + c->frames[c->n - 1].zstd_len : 0;
	if (end != c->l->file_bytes)
		note(c, "the index of its file ends at byte %lld, and the database says %lld", (long long)end,
			(long long)c->l->file_bytes);
	TRY(check_part(c, e));
	for (size_t i = 0; i < n; i++)
		TRY(check_chunk(c, &chunks[i], e));
	check_counts(c);
	return ERR_OK;
}

/* ---- */

static bool same(const struct log *a, const struct log *b)
{
	return a->state == b->state && a->sent_bytes == b->sent_bytes && a->text_bytes == b->text_bytes &&
	       a->n_chunks == b->n_chunks && a->file_bytes == b->file_bytes &&
	       a->stored_bytes == b->stored_bytes;
}

static enum err_code has_changed(struct check *c, bool *ret, struct err *e)
{
	struct db *db = NULL;
	struct log now;
	enum err_code code;

	TRY(store_reader_get(c->store, &db, e));
	code = logs_get(db, &c->a, c->l->step_id, &now, e);
	store_reader_put(c->store, db);
	if (code == ERR_NOT_FOUND)
		*ret = true;
	else
		*ret = code == ERR_OK && !same(&now, c->l);
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

enum err_code verify_log(
	struct store *s, const struct log *l, struct buf *wrong, bool *ret_changed, struct err *e)
{
	struct check c = { .store = s, .l = l, .wrong = wrong, .fd = -1 };
	enum err_code code = ERR_OK;

	*ret_changed = false;
	if (l->state == LOG_NONE)
		return ERR_OK;
	arena_init(&c.a);
	code = l->state == LOG_SEALED ? check_sealed(&c, e) : check_unsealed(&c, e);
	if (code == ERR_NOT_FOUND)
		*ret_changed = true, code = ERR_OK;
	else if (code == ERR_OK && wrong->len > 0)
		code = has_changed(&c, ret_changed, e);
	fd_close(&c.fd);
	arena_done(&c.a);
	return code;
}
