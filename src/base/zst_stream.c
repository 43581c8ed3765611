/*
 * zst_stream: see the header.
 *
 * libzstd may be built to read formats older than RFC 8878, whose readers know no limit on the window. So the first four bytes of each frame are looked at here, before it sees them.
 */
#include "base/zst_stream.h"

#include "base/arena.h"

#include <stdlib.h>
#include <zstd.h>

#define MAGIC_LEN 4
#define WINDOW_LOG_MAX 23

_Static_assert((size_t)1 << WINDOW_LOG_MAX == ZST_WINDOW_MAX, "two names of one limit");

struct zst_packer {
	ZSTD_CCtx *c;
};

struct zst_unpacker {
	ZSTD_DCtx *d;
	bool whole;
	uint8_t magic[MAGIC_LEN]; /* of the frame that begins */
	size_t n_magic, n_given;  /* of them: seen, and passed on to libzstd */
};

/* ---- packing ---- */

struct zst_packer *zst_packer_new(int level)
{
	struct zst_packer *z = mem_alloc(sizeof *z);

	z->c = mem_must(ZSTD_createCCtx());
	ZSTD_CCtx_setParameter(z->c, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(z->c, ZSTD_c_checksumFlag, 1);
	return z;
}

void zst_packer_free(struct zst_packer *z)
{
	if (!z)
		return;
	ZSTD_freeCCtx(z->c);
	free(z);
}

static enum err_code pack(struct zst_packer *z, struct str *in, struct zst_room *out, ZSTD_EndDirective how,
	size_t *ret_left, struct err *e)
{
	ZSTD_inBuffer from = { in->p, in->len, 0 };
	ZSTD_outBuffer to = { out->p, out->size, out->len };
	size_t left = ZSTD_compressStream2(z->c, &to, &from, how);

	if (ZSTD_isError(left))
		return err_set(e, ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(left));
	*in = str_from(*in, from.pos);
	out->len = to.pos;
	*ret_left = left;
	return ERR_OK;
}

enum err_code zst_pack(struct zst_packer *z, struct str *in, struct zst_room *out, struct err *e)
{
	size_t left = 0;

	while (in->len > 0 && out->len < out->size)
		TRY(pack(z, in, out, ZSTD_e_continue, &left, e));
	return ERR_OK;
}

enum err_code zst_pack_end(struct zst_packer *z, struct zst_room *out, bool *ret_done, struct err *e)
{
	struct str nothing = STR("");
	size_t left = 0;

	TRY(pack(z, &nothing, out, ZSTD_e_end, &left, e));
	*ret_done = left == 0;
	return ERR_OK;
}

/* ---- unpacking ---- */

struct zst_unpacker *zst_unpacker_new(void)
{
	struct zst_unpacker *z = mem_alloc(sizeof *z);

	z->d = mem_must(ZSTD_createDCtx());
	ZSTD_DCtx_setParameter(z->d, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	return z;
}

void zst_unpacker_free(struct zst_unpacker *z)
{
	if (!z)
		return;
	ZSTD_freeDCtx(z->d);
	free(z);
}

bool zst_unpacked_whole(const struct zst_unpacker *z)
{
	return z->whole;
}

static uint32_t magic_of(const uint8_t p[MAGIC_LEN])
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* As much of a frame as one call takes: libzstd returns where a frame ends, though more follows. */
static enum err_code unpack(struct zst_unpacker *z, struct str *in, struct zst_room *out, struct err *e)
{
	ZSTD_inBuffer from = { in->p, in->len, 0 };
	ZSTD_outBuffer to = { out->p, out->size, out->len };
	size_t left = ZSTD_decompressStream(z->d, &to, &from);

	if (ZSTD_isError(left))
		return err_set(e, ERR_UNPROCESSABLE,
			"it is no whole zstd stream: %s (windows may have %zu MiB)", ZSTD_getErrorName(left),
			ZST_WINDOW_MAX >> 20);
	*in = str_from(*in, from.pos);
	out->len = to.pos;
	z->whole = left == 0;
	if (z->whole)
		z->n_magic = z->n_given = 0;
	return ERR_OK;
}

/* Of a frame that begins: its first bytes are looked at, then libzstd gets them. */
static enum err_code begin_frame(struct zst_unpacker *z, struct str *in, struct zst_room *out, struct err *e)
{
	struct str magic = { (const char *)z->magic, MAGIC_LEN };
	uint32_t number;

	if (in->len == 0)
		return ERR_OK;
	z->whole = false;
	while (z->n_magic < MAGIC_LEN && in->len > 0) {
		z->magic[z->n_magic++] = (uint8_t)in->p[0];
		*in = str_from(*in, 1);
	}
	if (z->n_magic < MAGIC_LEN)
		return ERR_OK;
	number = magic_of(z->magic);
	if (number != ZSTD_MAGICNUMBER && (number & ZSTD_MAGIC_SKIPPABLE_MASK) != ZSTD_MAGIC_SKIPPABLE_START)
		return err_set(
			e, ERR_UNPROCESSABLE, "it is no zstd stream, or something else follows a frame");
	TRY(unpack(z, &magic, out, e));
	z->n_given = MAGIC_LEN;
	return ERR_OK;
}

enum err_code zst_unpack(struct zst_unpacker *z, struct str *in, struct zst_room *out, struct err *e)
{
	do {
		if (z->n_given < MAGIC_LEN)
			TRY(begin_frame(z, in, out, e));
		else
			TRY(unpack(z, in, out, e));
	} while (in->len > 0 && out->len < out->size);
	return ERR_OK;
}
