#ifndef NET_WIRE_H
#define NET_WIRE_H
/*
 * wire: a connection over which bytes go, bare or through TLS, and which is never waited for without an end.
 *
 * Reading and writing give back what can be done at once; when that is nothing they say what to wait for, and
 * wire_wait() waits until a moment of the steady clock. With TLS a read may have to wait for room to write and
 * the other way round, so the answer is to be looked at. SIGPIPE is not raised.
 */
#include "base/err.h"
#include "base/str.h"

enum wire_state {
	WIRE_OK,
	WIRE_WANTS_READ,
	WIRE_WANTS_WRITE,
	WIRE_END,    /* the other side has said that it is done */
	WIRE_BROKEN, /* reset, or cut inside TLS */
};

struct tls; /* net/tls.h */

struct wire {
	int fd;          /* -1: closed */
	struct tls *tls; /* or NULL */
};

void wire_close(struct wire *w); /* may be called twice */
enum wire_state wire_read(struct wire *w, void *p, size_t n, size_t *ret_n);
enum wire_state wire_write(struct wire *w, const void *p, size_t n, size_t *ret_n);
/* Until what a state wants may be there, or something can be read if also_read. False: `until` has come. */
bool wire_wait(const struct wire *w, enum wire_state wants, bool also_read, int64_t until);
/* Has the other side neither closed nor said anything, so that a next request may be sent? */
bool wire_is_quiet(const struct wire *w);

/* Of a bare descriptor, for tls.c. */
enum wire_state wire_fd_read(int fd, void *p, size_t n, size_t *ret_n);
enum wire_state wire_fd_write(int fd, const void *p, size_t n, size_t *ret_n);

#endif
