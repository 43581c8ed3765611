#ifndef TEXT_FRAME_INDEX_H
#define TEXT_FRAME_INDEX_H
/*
 * frame_index: a piece of an index in its parts, for who reads them one by one. Internal to frame_*.c.
 *
 * A piece is a head, the entries, and the bitmaps (frame_rows.h). A sealed file has one piece, or none when it has no frames.
 */
#include "text/frame.h"

#define FRAME_INDEX_HEAD_LEN 16

/* The skippable frames behind the frames of a sealed file: its index and its seek table. */
#define FRAME_INDEX_MAGIC 0x184D2A50u /* the first of sixteen for skippable frames */
#define FRAME_TABLE_MAGIC 0x184D2A5Eu
#define FRAME_SKIP_LEN 8 /* magic number and length of a skippable frame */

struct frame_index_head {
	uint32_t n, entries_len, grams_len; /* lengths in bytes, as they stand in the piece */
};

/* ---- to write ---- */

/* The entry of a frame behind `before` (NULL: it is the first), not compressed, appended. */
void frame_index_put_entry(struct buf *out, const struct frame *f, const struct frame *before);
/* Entries compressed as they stand in a piece, appended. */
MUST_CHECK enum err_code frame_index_pack_entries(struct str entries, struct buf *out, struct err *e);
void frame_index_put_head(struct buf *out, const struct frame_index_head *h);

/* ---- to read ---- */

/* Of a piece that begins at bytes; what is behind the head is not looked at. n is 1 to FRAMES_MAX. */
MUST_CHECK enum err_code frame_index_head(struct str bytes, struct frame_index_head *ret, struct err *e);
/* The n entries in bytes, without bitmaps (times: memory of a), appended to list, an array of struct frame, each
 * checked against the one before it. */
MUST_CHECK enum err_code frame_index_entries(
	struct str bytes, size_t n, struct arena *a, struct buf *list, struct err *e);

/* NULL when the entry can follow on before (NULL: nothing is known of that), else why not. */
const char *frame_index_fault(const struct frame *f, const struct frame *before);

/* The content of a zstd frame that has at most max bytes of it, appended. ERR_STORAGE when it has more, too. */
MUST_CHECK enum err_code frame_unpack(struct str zstd, size_t max, struct buf *out, struct err *e);

void frame_put_u32(struct buf *out, uint32_t v); /* little-endian */
uint32_t frame_get_u32(const char *p);
void frame_put_varint(struct buf *out, uint64_t v); /* LEB128 */
/* Takes one off the front of *s. False: none is there. */
bool frame_take_varint(struct str *s, uint64_t *ret);

#endif
