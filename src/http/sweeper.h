#ifndef HTTP_SWEEPER_H
#define HTTP_SWEEPER_H
/*
 * sweeper: cuts connections that drip.
 *
 * The library's timeout counts idleness only: a client that sends one byte of its headers every few seconds
 * stays as long as it likes, and a thousand of them hold all places. So every second a thread looks at each
 * connection: what is it doing, and for how long. Headers and bodies have a time for their whole, a reply for
 * each MiB that it has: a long download is none the worse, and who reads a byte now and then is cut. Between two requests nothing is limited here: that is idleness, and the library's.
 *
 * The worker tells what a connection is doing with one relaxed store and no clock; the sweeper notes when it
 * first saw that. When headers begin to arrive nobody tells, so it asks the kernel how many bytes the
 * connection has received.
 *
 * sweeper_watch() after accept; watch_phase() by the worker that owns the connection; sweeper_forget() before
 * the descriptor is closed: under the lock that a cut takes, so a cut can never hit a descriptor that has
 * become somebody else's.
 */
#include "base/clock.h"
#include "base/err.h"
#include <stdatomic.h>

enum watch_phase {
	WATCH_IDLE,  /* between requests, or in the headers of one */
	WATCH_BODY,  /* a body is arriving */
	WATCH_BUSY,  /* we are working on it */
	WATCH_REPLY, /* the reply is being sent */
};

struct watch { /* a connection; the caller's memory */
	int fd;
	atomic_uint state; /* enum watch_phase in the low two bits; above them a count of changes */
	/* the sweeper's, under its lock: */
	unsigned seen;
	int64_t since; /* steady ms */
	uint64_t base; /* bytes received when it became idle; or that the peer had taken of a reply */
	bool in_headers;
	struct watch *prev, *next;
};

struct sweeper_options {
	const struct clock *clock;
	int64_t header_ms,
		body_ms; /* for the whole of the headers; of a body, and of a MiB of a reply, or of a body that is taken as it comes */
};

struct sweeper;
MUST_CHECK enum err_code sweeper_start(const struct sweeper_options *o, struct sweeper **ret, struct err *e);
void sweeper_stop(struct sweeper *s);
void sweeper_pass(struct sweeper *s); /* what its thread does every second */
void sweeper_watch(struct sweeper *s, struct watch *w, int fd);
static inline void watch_phase(struct watch *w, enum watch_phase p)
{
	unsigned old = atomic_load_explicit(&w->state, memory_order_relaxed);

	atomic_store_explicit(&w->state, (old & ~3u) + 4 + p, memory_order_relaxed);
}
/* linger: the connection was answered before its request was read: keep a copy of the descriptor and drain it
 * (http/linger.h). */
void sweeper_forget(struct sweeper *s, struct watch *w, bool linger);

#endif
