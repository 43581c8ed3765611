/*
 * frame_seal: what follows the frames of a sealed file, made while their entries pass by.
 *
 * The bitmaps are by far the most of an index: 2 KiB a frame, 8 MiB of a log of 1 GiB. So only those of one block are held, and
 * what becomes of a block goes to the end of the file's bytes at once. What stands in front of them (the head, the entries, the table of the bitmaps' parts) is
 * known last and put in its place at the end.
 */
#include "text/frame_seal.h"

#include "text/frame_grams.h"
#include "text/frame_index.h"
#include "text/frame_rows.h"

#include <stdlib.h>
#include <string.h>

static enum err_code damaged(struct err *e, const char *how)
{
	return err_set(e, ERR_STORAGE, "a sealed log is damaged: %s", how);
}

void frame_sealer_init(struct frame_sealer *s, struct buf *out)
{
	*s = (struct frame_sealer){ .out = out, .start = out->len };
	buf_init(&s->entries, UINT32_MAX);
	buf_init(&s->table, UINT32_MAX);
	buf_init(&s->seek, UINT32_MAX);
}

void frame_sealer_done(struct frame_sealer *s)
{
	buf_done(&s->entries);
	buf_done(&s->table);
	buf_done(&s->seek);
	free(s->block);
	free(s->bitmaps);
	s->block = NULL;
	s->bitmaps = NULL;
}

static void put_row(struct buf *out, uint32_t zstd_len, uint32_t text_len, uint32_t checksum)
{
	frame_put_u32(out, zstd_len);
	frame_put_u32(out, text_len);
	frame_put_u32(out, checksum);
}

static enum err_code flush_block(struct frame_sealer *s, struct err *e)
{
	size_t n = s->n_in_block;

	s->n_in_block = 0;
	return n > 0 ? frame_rows_put_block(s->block, n, &s->table, s->out, e) : ERR_OK;
}

/* Its bitmap is the caller's for this call only. */
static void keep_in_block(struct frame_sealer *s, const struct frame *f)
{
	struct frame *mine;
	char *bitmap;

	if (!s->block) {
		s->block = mem_alloc(FRAME_ROWS_BLOCK * sizeof *s->block);
		s->bitmaps = mem_alloc(FRAME_ROWS_BLOCK * FRAME_GRAMS_LEN);
	}
	bitmap = s->bitmaps + s->n_in_block * FRAME_GRAMS_LEN;
	mine = &s->block[s->n_in_block++];
	*mine = (struct frame){ 0 };
	if (f->grams.len == 0)
		return;
	memcpy(bitmap, f->grams.p, FRAME_GRAMS_LEN);
	mine->grams = (struct str){ bitmap, FRAME_GRAMS_LEN };
	s->has_grams = true;
}

enum err_code frame_sealer_add(
	struct frame_sealer *s, const struct frame *f, uint32_t checksum, struct err *e)
{
	const struct frame *before = s->n > 0 ? &s->before : NULL;
	const char *fault = frame_index_fault(f, before);

	if (fault || (!before && (f->text_at != 0 || f->file_at != 0)))
		return damaged(e, fault ? fault : "its first frame is not at its beginning");
	if (s->n == FRAMES_MAX)
		return err_set(e, ERR_TOO_LARGE, "a log of more than %d frames cannot be sealed", FRAMES_MAX);
	frame_index_put_entry(&s->entries, f, before);
	put_row(&s->seek, f->zstd_len, f->text_len, checksum);
	keep_in_block(s, f);
	s->before = *f;
	s->n++;
	return s->n_in_block == FRAME_ROWS_BLOCK ? flush_block(s, e) : ERR_OK;
}

/* A search of a few frames is not made quicker by bitmaps, but the file of a short log would be twice as large. */
static enum err_code finish_bitmaps(struct frame_sealer *s, struct err *e)
{
	if (s->has_grams && s->n >= FRAMES_SKIPPED_MIN)
		return flush_block(s, e);
	buf_cut(s->out, s->start);
	buf_reset(&s->table);
	return ERR_OK;
}

/* What stands in front of the bitmaps' parts. */
static enum err_code make_front(struct frame_sealer *s, struct buf *front, struct err *e)
{
	size_t parts_len = s->out->len - s->start, grams_len = s->table.len + parts_len, index_len = 0;
	AUTO_BUF entries;

	buf_init(&entries, UINT32_MAX);
	if (s->n > 0) {
		TRY(frame_index_pack_entries(buf_view(&s->entries), &entries, e));
		index_len = FRAME_INDEX_HEAD_LEN + entries.len + grams_len;
	}
	if (index_len > UINT32_MAX - FRAME_SKIP_LEN)
		return err_set(e, ERR_TOO_LARGE, "the index of a log is over its limit");
	frame_put_u32(front, FRAME_INDEX_MAGIC);
	frame_put_u32(front, (uint32_t)index_len);
	if (s->n > 0)
		frame_index_put_head(front, &(struct frame_index_head){ (uint32_t)s->n, (uint32_t)entries.len,
						    (uint32_t)grams_len });
	buf_str(front, buf_view(&entries));
	buf_str(front, buf_view(&s->table));
	return buf_check(front, "the index of a log", e);
}

static enum err_code insert(struct buf *b, size_t at, struct str bytes, struct err *e)
{
	if (buf_room(b, bytes.len)) {
		memmove(b->p + at + bytes.len, b->p + at, b->len - at);
		memcpy(b->p + at, bytes.p, bytes.len);
		buf_wrote(b, bytes.len);
	}
	return buf_check(b, "the index of a log", e);
}

static enum err_code put_seek_table(struct frame_sealer *s, struct err *e)
{
	uint32_t index_len = (uint32_t)(s->out->len - s->start);

	put_row(&s->seek, index_len, 0, XXH64_OF_NOTHING);
	frame_put_u32(s->out, FRAME_TABLE_MAGIC);
	frame_put_u32(s->out, (uint32_t)s->seek.len + FOOTER_LEN);
	buf_str(s->out, buf_view(&s->seek));
	frame_put_u32(s->out, (uint32_t)s->n + 1);
	buf_char(s->out, (char)HAS_CHECKSUMS);
	frame_put_u32(s->out, SEEKABLE_MAGIC);
	return buf_check(s->out, "the index of a log", e);
}

enum err_code frame_sealer_finish(struct frame_sealer *s, struct err *e)
{
	AUTO_BUF front;

	buf_init(&front, UINT32_MAX);
	TRY(finish_bitmaps(s, e));
	TRY(make_front(s, &front, e));
	TRY(insert(s->out, s->start, buf_view(&front), e));
	return put_seek_table(s, e);
}

enum err_code frame_seal(
	const struct frame *f, const uint32_t *checksums, size_t n, struct buf *out, struct err *e)
{
	AUTO_FRAME_SEALER s;
	enum err_code code = ERR_OK;

	frame_sealer_init(&s, out);
	for (size_t i = 0; i < n && code == ERR_OK; i++)
		code = frame_sealer_add(&s, &f[i], checksums[i], e);
	if (code == ERR_OK)
		code = frame_sealer_finish(&s, e);
	if (code != ERR_OK)
		buf_cut(out, s.start);
	return code;
}
