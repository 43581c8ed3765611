#ifndef PACK_TAR_PIPE_H
#define PACK_TAR_PIPE_H
/*
 * tar_pipe: what one thread makes, a second one hashes and writes; between them a few pieces of memory, and no more.
 *
 *	tar_pipe_start(); tar_pipe_room(), fill it, tar_pipe_send() ..; tar_pipe_end() in any case
 *
 * When writing fails the second thread stops, and the first is told at its next tar_pipe_room(). All but the second thread's work is for one thread.
 */
#include "base/digest.h"
#include "base/err.h"
#include "base/zst_stream.h"

struct tar_pipe;
/* out stays the caller's. */
MUST_CHECK enum err_code tar_pipe_start(int out, struct tar_pipe **ret, struct err *e);
/* One to fill, empty; the same until it is sent. Waits. Errors: those of writing. */
MUST_CHECK enum err_code tar_pipe_room(struct tar_pipe *p, struct zst_room **ret, struct err *e);
void tar_pipe_send(struct tar_pipe *p);
/* Waits until all that was sent is written, and ends. Outputs of a success only. p is gone. */
MUST_CHECK enum err_code tar_pipe_end(
	struct tar_pipe *p, struct sha256 *ret_digest, int64_t *ret_bytes, struct err *e);

#endif
