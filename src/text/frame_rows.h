#ifndef TEXT_FRAME_ROWS_H
#define TEXT_FRAME_ROWS_H
/*
 * frame_rows: the bitmaps of many frames as bytes, of which a search reads few. Internal to frame_*.c.
 */
#include "text/frame.h"

#define FRAME_ROWS_BLOCK 256u

/* The bitmaps of n frames, appended. */
MUST_CHECK enum err_code frame_rows_put(const struct frame *f, size_t n, struct buf *out, struct err *e);
/*
 * The same a block at a time: FRAME_ROWS_BLOCK frames, but fewer in the last one, go to table and to parts, which one behind the other are
 * what frame_rows_put() appends.
 */
MUST_CHECK enum err_code frame_rows_put_block(
	const struct frame *f, size_t n, struct buf *table, struct buf *parts, struct err *e);
/* All of them back, into f; memory of a. */
MUST_CHECK enum err_code frame_rows_get(
	struct str bytes, struct arena *a, struct frame *f, size_t n, struct err *e);

/* Reads len bytes that begin at `at` (of what frame_rows_put appended), appended to out. */
typedef enum err_code frame_rows_read_fn(void *arg, size_t at, size_t len, struct buf *out, struct err *e);
/* ret[i] becomes false for those of n frames that have not all of these hashes. len: of all bytes. */
MUST_CHECK enum err_code frame_rows_ask(frame_rows_read_fn *read, void *arg, size_t len, size_t n,
	const uint16_t *hashes, size_t n_hashes, bool *ret, struct err *e);

#endif
