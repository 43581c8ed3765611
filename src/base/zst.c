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

enum err_code zst_compress(struct str bytes, int level, struct buf *out, struct err *e)
{
	size_t bound = ZSTD_compressBound(bytes.len), n;
	ZSTD_CCtx *c = contexts()->c;
	enum err_code code = ERR_OK;
	char *frame;

	if (ZSTD_isError(bound))
		return err_set(e, ERR_TOO_LARGE, "a text of %zu bytes is too long to compress", bytes.len);
	frame = mem_grow(NULL, bound);
	ZSTD_CCtx_reset(c, ZSTD_reset_session_and_parameters);
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	n = ZSTD_compress2(c, frame, bound, bytes.len ? bytes.p : "", bytes.len);
	if (ZSTD_isError(n)) {
		code = err_set(e, ERR_INTERNAL, "zstd: %s", ZSTD_getErrorName(n));
	} else {
		buf_add(out, frame, n);
		code = buf_check(out, "compressed text", e);
	}
	free(frame);
	return code;
}

static enum err_code damaged(struct err *e, const char *how)
{
	return err_set(e, ERR_STORAGE, "a compressed text is damaged: %s", how);
}

/* libzstd reads a row of frames, and skippable ones as nothing; here a text is one frame that says its size.
 */
static enum err_code check_frame(struct str frame, unsigned long long *ret_size, struct err *e)
{
	static const char magic[4] = { '\x28', '\xB5', '\x2F', '\xFD' };
	unsigned long long size;
	size_t len;

	if (frame.len < sizeof magic || memcmp(frame.p, magic, sizeof magic) != 0)
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
	enum err_code code = ERR_OK;
	unsigned long long size = 0;
	char *text;
	size_t n;

	TRY(check_frame(frame, &size, e));
	if (size > max)
		return err_set(e, ERR_TOO_LARGE, "a compressed text has %llu bytes; at most %zu are read",
			size, max);
	text = mem_grow(NULL, (size_t)size);
	n = ZSTD_decompressDCtx(contexts()->d, text, (size_t)size, frame.p, frame.len);
	if (ZSTD_isError(n)) {
		code = damaged(e, ZSTD_getErrorName(n));
	} else if (n != size) {
		code = damaged(e, "it is shorter than it says");
	} else {
		buf_add(out, text, n);
		code = buf_check(out, "text", e);
	}
	free(text);
	return code;
}
