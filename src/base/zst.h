#ifndef BASE_ZST_H
#define BASE_ZST_H
/*
 * zst: one zstd frame at a time (RFC 8878), with content size and checksum. The only file that knows
 * libzstd. A compression context is kept a thread, so that small texts cost no set-up.
 */
#include "base/buf.h"

/* Appends one frame. Level 1 is the house's. */
MUST_CHECK enum err_code zst_compress(struct str bytes, int level, struct buf *out, struct err *e);
/* Appends the content of one frame, at most max bytes (ERR_TOO_LARGE); ERR_STORAGE when it is damaged. */
MUST_CHECK enum err_code zst_decompress(struct str frame, size_t max, struct buf *out, struct err *e);
/* How long the frame at the front of bytes is, told from its headers alone. False: there is none, or bytes end before it does. */
bool zst_frame_len(struct str bytes, size_t *ret_len);
/* The checksum that a frame ends with: the low half of the XXH64 of its content. False: it has none. */
bool zst_checksum(struct str frame, uint32_t *ret_checksum);

#endif
