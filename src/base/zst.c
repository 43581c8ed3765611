/*
 * zst: frames with libzstd. Setting up a context costs more than compressing 8 KiB, so each thread keeps one
 * of each kind; they are freed when the thread ends (pthread_key_create(3)).
 */
#include "base/zst.h"

#include "base/arena.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define MAGIC STR("\x28\xB5\x2F\xFD")

struct contexts {
	ZSTD_CCtx *c;
	ZSTD_DCtx *d;
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_contexts(void *p)
{
	struct contexts *x = p;

	ZSTD_freeCCtx(x->c);
	ZSTD_freeDCtx(x->d);
	free(x);
}

static void make_key(void)
{
	if (pthread_key_create(&key, free_contexts) != 0)
		abort();
}

static struct contexts *contexts(void)
{
	struct contexts *x;

	pthread_once(&once, make_key);
	x = pthread_getspecific(key);
	if (x)
		return x;
	x = mem_alloc(sizeof *x);
	x->c = ZSTD_createCCtx();
	x->d = ZSTD_createDCtx();
	if (!x->c || !x->d || pthread_setspecific(key, x) != 0)
		abort();
	return x;
}

static enum err_code compress_into(
	struct buf *out, char *room, size_t bound, struct str bytes, int level, struct err *e)
{
	ZSTD_CCtx *c = contexts()->c;
	size_t n;

	ZSTD_CCtx_reset(c, ZSTD_reset_session_and_parameters);
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(c, room, bound, bytes.len ? bytes.p : "", bytes.len);
	if (ZSTD_isError(n)) {
		buf_wrote(out, 0);
		return err_set(e, ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(n));
	}
	buf_wrote(out, n);
	return ERR_OK;
}

enum err_code zst_compress(struct str bytes, int level, struct buf *out, struct err *e)
{
	size_t bound = ZSTD_compressBound(bytes.len);
	AUTO_BUF apart;

	buf_init(&apart, SIZE_MAX);
	if (ZSTD_isError(bound))
		return err_set(e, ERR_TOO_LARGE, "a text of %zu bytes is too long to compress", bytes.len);
	TRY(buf_check(out, "compressed text", e));
	if (bound <= out->ceiling - out->len)
		return compress_into(out, buf_room(out, bound), bound, bytes, level, e);

	/* What zstd asks for would not fit, but what it writes is likely to. */
	TRY(compress_into(&apart, buf_room(&apart, bound), bound, bytes, level, e));
	buf_str(out, buf_view(&apart));
	return buf_check(out, "compressed text", e);
}

static enum err_code damaged(struct err *e, const char *how)
{
	return err_set(e, ERR_STORAGE, "a compressed text is damaged: %s", how);
}

bool zst_frame_len(struct str bytes, size_t *ret_len)
{
	size_t len;

	if (!str_starts(bytes, MAGIC))
		return false;
	len = ZSTD_findFrameCompressedSize(bytes.p, bytes.len);
	if (ZSTD_isError(len))
		return false;
	*ret_len = len;
	return true;
}

/* libzstd reads a row of frames, and skippable ones as nothing; here a text is one frame that says its size.
 */
static enum err_code check_frame(struct str frame, unsigned long long *ret_size, struct err *e)
{
	unsigned long long size;
	size_t len;

	if (!str_starts(frame, MAGIC))
		return damaged(e, "it is no zstd frame");
	size = ZSTD_getFrameContentSize(frame.p, frame.len);
	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
		return damaged(e, "it does not say its size");
	len = ZSTD_findFrameCompressedSize(frame.p, frame.len);
	if (ZSTD_isError(len))
		return damaged(e, ZSTD_getErrorName(len));
	if (len != frame.len)
		return damaged(e, "something follows it");
	*ret_size = size;
	return ERR_OK;
}

enum err_code zst_decompress(struct str frame, size_t max, struct buf *out, struct err *e)
{
	unsigned long long size = 0;
	char *room;
	size_t n;

	TRY(check_frame(frame, &size, e));
	if (size > max)
		return err_set(e, ERR_TOO_LARGE, "a compressed text has %llu bytes; at most %zu are read",
			size, max);
	room = buf_room(out, (size_t)size);
	if (!room)
		return buf_check(out, "text", e);
	n = ZSTD_decompressDCtx(contexts()->d, room, (size_t)size, frame.p, frame.len);
	if (ZSTD_isError(n) || n != size) {
		buf_wrote(out, 0);
		return damaged(e, ZSTD_isError(n) ? ZSTD_getErrorName(n) : "it is shorter than it says");
	}
	buf_wrote(out, n);
	return ERR_OK;
}

bool zst_checksum(struct str frame, uint32_t *ret_checksum)
{
	const uint8_t *p;

	if (frame.len < 9 || !(frame.p[4] & 0x04)) /* RFC 8878, 3.1.1.1.1: Content_Checksum_Flag */
		return false;
	p = (const uint8_t *)frame.p + frame.len - 4;
	*ret_checksum = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
	return true;
}
