#ifndef BASE_ZST_STREAM_H
#define BASE_ZST_STREAM_H
/*
 * zst_stream: zstd (RFC 8878) of texts that are too long to be held, in bounded memory. What it reads and what it writes are the caller's, in pieces of any size.
 *
 * Packing makes one frame, with a checksum and without its size, for nobody knows it before the end. The same text is the same bytes however it is cut in pieces.
 *
 * Unpacking takes frames in a row, skippable ones among them, each whole and nothing else between or behind them. What a frame asks for in memory is held to ZST_WINDOW_MAX, what it
 * unpacks to is for the caller to count.
 */
#include "base/buf.h"

#define ZST_WINDOW_MAX                                                                                       \
	((size_t)8 << 20) /* what RFC 8878, 3.1.1.1.2, asks all decoders to take; zstd -19 needs no more */

/* Where the bytes go: len of them are there, more than that are not touched. */
struct zst_room {
	char *p;
	size_t size, len;
};

struct zst_packer;
struct zst_packer *zst_packer_new(int level); /* 1 to 19; 1 is the house's */
void zst_packer_free(struct zst_packer *z);   /* NULL is fine */
/* Takes from the front of *in until that is empty or the room full. */
MUST_CHECK enum err_code zst_pack(struct zst_packer *z, struct str *in, struct zst_room *out, struct err *e);
/* Nothing more comes. *ret_done false: the room is full and there is more to write, so it is to be called again. After that nothing may be packed. */
MUST_CHECK enum err_code zst_pack_end(
	struct zst_packer *z, struct zst_room *out, bool *ret_done, struct err *e);

struct zst_unpacker;
struct zst_unpacker *zst_unpacker_new(void);
void zst_unpacker_free(struct zst_unpacker *z); /* NULL is fine */
/* Takes from the front of *in until that is empty or the room full. ERR_UNPROCESSABLE: it is no zstd, or damaged, or wants a window over ZST_WINDOW_MAX. After an error nothing may be
 * unpacked. */
MUST_CHECK enum err_code zst_unpack(
	struct zst_unpacker *z, struct str *in, struct zst_room *out, struct err *e);
/* What was taken ends where a frame ends, and all of it is in the room. False also before the first frame. */
bool zst_unpacked_whole(const struct zst_unpacker *z);

#endif
