/*
 * frame_file: a sealed log.
 *
 *	frames    as frame_make() made them
 *	index     a skippable frame (RFC 8878, 3.1.2) that holds one piece of frame_index.c
 *	seek table  a skippable frame: for each frame in front of it, the index too, its lengths in the file and in
 *	          the text and its checksum; how many those are, and a magic number that ends the file
 *
 * The seek table is for others: with it any reader of zstd's seekable format finds its way. We read it to find the
 * index, which is its last entry, and hold it against our entries: where they differ, the file is damaged.
 *
 * To open a log reads the seek table and the entries, to search it the bitmaps too.
 */
#include "text/frame_index.h"

#include "base/file.h"
#include "text/frame_grams.h"
#include "text/frame_rows.h"
#include "text/frame_seal.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define RESERVED_BITS 0x7c
#define INDEX_MAX (256u * 1024 * 1024) /* of its entries or its bitmaps, in the file */

static enum err_code damaged(struct err *e, const char *how)
{
	return err_set(e, ERR_STORAGE, "a sealed log is damaged: %s", how);
}

/* ---- reading ---- */

/* The rows of the seek table, appended to rows; the table begins at *ret_at. */
static enum err_code read_table(int fd, int64_t bytes, struct buf *rows, int64_t *ret_at, struct err *e)
{
	size_t n_rows, len;
	AUTO_BUF b;

	buf_init(&b, FRAME_SKIP_LEN + FOOTER_LEN);
	if (bytes < FRAME_SKIP_LEN + FOOTER_LEN)
		return damaged(e, "it is too short to be one");
	TRY(fd_read_at(fd, bytes - FOOTER_LEN, FOOTER_LEN, &b, e));
	if (frame_get_u32(b.p + 5) != SEEKABLE_MAGIC)
		return damaged(e, "it does not end in a seek table");
	if (!((uint8_t)b.p[4] & HAS_CHECKSUMS) || b.p[4] & RESERVED_BITS)
		return damaged(e, "its seek table is of another kind");
	n_rows = frame_get_u32(b.p);
	len = n_rows * ROW_LEN;
	if (n_rows == 0 || n_rows > FRAMES_MAX + 1 || (int64_t)len > bytes - FRAME_SKIP_LEN - FOOTER_LEN)
		return damaged(e, "its seek table has an impossible length");

	*ret_at = bytes - FOOTER_LEN - (int64_t)len - FRAME_SKIP_LEN;
	buf_reset(&b);
	TRY(fd_read_at(fd, *ret_at, FRAME_SKIP_LEN, &b, e));
	if (frame_get_u32(b.p) != FRAME_TABLE_MAGIC || frame_get_u32(b.p + 4) != len + FOOTER_LEN)
		return damaged(e, "its seek table has no beginning");
	return fd_read_at(fd, *ret_at + FRAME_SKIP_LEN, len, rows, e);
}

/* Where the index is and what is in it: head is untouched when the log has no frames. */
static enum err_code read_head(int fd, struct str rows, int64_t table_at, int64_t *ret_at,
	struct frame_index_head *ret, struct err *e)
{
	size_t n = rows.len / ROW_LEN - 1;
	const char *row = rows.p + n * ROW_LEN;
	uint32_t len = frame_get_u32(row);
	AUTO_BUF b;

	buf_init(&b, FRAME_SKIP_LEN + FRAME_INDEX_HEAD_LEN);
	if (frame_get_u32(row + 4) != 0 || frame_get_u32(row + 8) != XXH64_OF_NOTHING)
		return damaged(e, "its seek table does not end in an index");
	if (len < FRAME_SKIP_LEN + (n > 0 ? FRAME_INDEX_HEAD_LEN : 0) || len > table_at)
		return damaged(e, "its index has an impossible length");
	TRY(fd_read_at(fd, table_at - len, FRAME_SKIP_LEN + (n > 0 ? FRAME_INDEX_HEAD_LEN : 0), &b, e));
	if (frame_get_u32(b.p) != FRAME_INDEX_MAGIC || frame_get_u32(b.p + 4) != len - FRAME_SKIP_LEN)
		return damaged(e, "its index has no beginning");
	*ret_at = table_at - len + FRAME_SKIP_LEN;
	if (n == 0)
		return len == FRAME_SKIP_LEN ? ERR_OK : damaged(e, "it has an index of nothing");
	TRY(frame_index_head(str_from(buf_view(&b), FRAME_SKIP_LEN), ret, e));
	if (ret->n != n)
		return damaged(e, "its index and its seek table have different lengths");
	if (FRAME_SKIP_LEN + FRAME_INDEX_HEAD_LEN + (uint64_t)ret->entries_len + ret->grams_len != len)
		return damaged(e, "its index has another length than its parts");
	return ERR_OK;
}

static enum err_code check_rows(
	const struct frame *f, size_t n, struct str rows, int64_t index_at, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *row = rows.p + i * ROW_LEN;

		if (frame_get_u32(row) != f[i].zstd_len || frame_get_u32(row + 4) != f[i].text_len)
			return damaged(e, "its index and its seek table differ");
	}
	if (n > 0 && (f[0].text_at != 0 || f[0].file_at != 0))
		return damaged(e, "its first frame is not at its beginning");
	if (n > 0 && f[n - 1].file_at + f[n - 1].zstd_len != index_at - FRAME_SKIP_LEN)
		return damaged(e, "its last frame does not end where the index begins");
	return ERR_OK;
}

static const uint32_t *checksums_of(struct str rows, size_t n, struct arena *a)
{
	uint32_t *c = arena_array(a, n, sizeof *c);

	for (size_t i = 0; i < n; i++)
		c[i] = frame_get_u32(rows.p + i * ROW_LEN + 8);
	return c;
}

enum err_code frame_file_open(int fd, struct arena *a, struct frame_file *ret, struct err *e)
{
	struct frame_index_head h = { 0 };
	int64_t table_at = 0, index_at = 0;
	struct stat st;
	AUTO_BUF rows;
	AUTO_BUF bytes;
	AUTO_BUF list;

	buf_init(&rows, (FRAMES_MAX + 1) * ROW_LEN);
	buf_init(&bytes, INDEX_MAX);
	buf_init(&list, FRAMES_MAX * sizeof(struct frame));
	if (fstat(fd, &st) != 0)
		return err_errno(e, ERR_STORAGE, errno, "open a sealed log");
	TRY(read_table(fd, st.st_size, &rows, &table_at, e));
	TRY(read_head(fd, buf_view(&rows), table_at, &index_at, &h, e));
	if (h.n > 0) {
		TRY(fd_read_at(fd, index_at + FRAME_INDEX_HEAD_LEN, h.entries_len, &bytes, e));
		TRY(frame_index_entries(buf_view(&bytes), h.n, a, &list, e));
	}

	struct frame *frames = arena_array(a, h.n, sizeof *frames);
	if (h.n > 0)
		memcpy(frames, list.p, list.len);
	TRY(check_rows(frames, h.n, buf_view(&rows), index_at, e));
	*ret = (struct frame_file){
		.fd = fd,
		.bytes = st.st_size,
		.frames = frames,
		.n = h.n,
		.grams_at = index_at + FRAME_INDEX_HEAD_LEN + h.entries_len,
		.grams_len = h.grams_len,
		.checksums = checksums_of(buf_view(&rows), h.n, a),
	};
	return ERR_OK;
}

enum err_code frame_file_grams(struct frame_file *f, struct arena *a, struct err *e)
{
	AUTO_BUF bytes;

	buf_init(&bytes, INDEX_MAX);
	if (f->grams_len > 0 && !f->has_grams) {
		TRY(fd_read_at(f->fd, f->grams_at, (size_t)f->grams_len, &bytes, e));
		TRY(frame_rows_get(buf_view(&bytes), a, f->frames, f->n, e));
	}
	f->has_grams = true;
	return ERR_OK;
}

static enum err_code read_rows(void *arg, size_t at, size_t len, struct buf *out, struct err *e)
{
	const struct frame_file *f = arg;

	return fd_read_at(f->fd, f->grams_at + (int64_t)at, len, out, e);
}

enum err_code frame_file_may_contain(
	const struct frame_file *f, struct str needle, struct arena *a, bool **ret, struct err *e)
{
	uint16_t hashes[FRAME_ASKED_MAX];
	size_t n_hashes = frame_grams_ask(needle, hashes);
	bool *may = arena_array(a, f->n, sizeof *may);

	memset(may, true, f->n * sizeof *may);
	if (f->grams_len > 0 && n_hashes > 0)
		TRY(frame_rows_ask(read_rows, (void *)(uintptr_t)f, (size_t)f->grams_len, f->n, hashes,
			n_hashes, may, e));
	*ret = may;
	return ERR_OK;
}

enum err_code frame_file_read(const struct frame_file *f, size_t i, struct buf *out, struct err *e)
{
	assert(i < f->n);
	return fd_read_at(f->fd, f->frames[i].file_at, f->frames[i].zstd_len, out, e);
}

/* ---- verifying ---- */

static void compare(
	const struct frame_file *f, size_t i, const struct frame *made, frame_wrong_fn *wrong, void *arg)
{
	const struct frame *said = &f->frames[i];

	if (made->n_line_ends != said->n_line_ends || made->unended != said->unended)
		wrong(arg, i, "its entry counts other lines than it has");
	if (made->has_escapes != said->has_escapes)
		wrong(arg, i, "its entry is wrong about escape sequences");
	if (said->grams.len > 0 && !str_eq(made->grams, said->grams))
		wrong(arg, i, "its bitmap is of another text");
}

static void verify_frame(const struct frame_file *f, size_t i, frame_wrong_fn *wrong, void *arg)
{
	struct frame made;
	uint32_t checksum;
	struct err e;
	AUTO_ARENA a;
	AUTO_BUF zstd;
	AUTO_BUF text;

	arena_init(&a);
	buf_init(&zstd, f->frames[i].zstd_len);
	buf_init(&text, FRAME_TEXT_MAX);
	if (frame_file_read(f, i, &zstd, &e) != ERR_OK ||
		frame_text(&f->frames[i], buf_view(&zstd), &text, &e) != ERR_OK) {
		wrong(arg, i, e.text);
		return;
	}
	if (frame_checksum(buf_view(&zstd), &checksum, &e) != ERR_OK)
		wrong(arg, i, e.text);
	else if (checksum != f->checksums[i])
		wrong(arg, i, "the seek table has another checksum");
	frame_look(buf_view(&text), &a, &made);
	compare(f, i, &made, wrong, arg);
}

enum err_code frame_file_verify(const struct frame_file *f, frame_wrong_fn *wrong, void *arg, struct err *e)
{
	struct frame_file again;
	struct err why;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(frame_file_open(f->fd, &a, &again, e));
	if (frame_file_grams(&again, &a, &why) != ERR_OK)
		wrong(arg, again.n, why.text);
	for (size_t i = 0; i < again.n; i++)
		verify_frame(&again, i, wrong, arg);
	return ERR_OK;
}
