#ifndef NET_SSE_H
#define NET_SSE_H
/*
 * sse: the events of a text/event-stream, out of bytes that come in any pieces (HTML Living Standard, 9.2 "Server-sent
 * events": https://html.spec.whatwg.org/multipage/server-sent-events.html).
 *
 * Of an event its name, its data and the last id are told. Comments and unknown fields are passed over. `retry` is not
 * heeded: who reconnects here has a back-off of its own. An event that is not ended by an empty line is none: what a
 * cut connection left of one is dropped by sse_reset().
 *
 * Life cycle: sse_init(), sse_feed() for what comes, sse_reset() before another connection (the last id stays),
 * sse_done().
 */
#include "base/buf.h"

#define SSE_EVENT_MAX (1024 * 1024) /* bytes of one event; a server of ours sends some 30 KiB at most */
#define SSE_ID_MAX 100

struct sse_event {
	struct str name; /* "message" when it was not said */
	struct str data; /* lines joined by LF */
	struct str id;   /* the last one that was said, by this event or one before it; empty: none was */
};

/* The views are valid for the call. An error ends sse_feed() and is returned. */
typedef enum err_code sse_fn(void *arg, const struct sse_event *event, struct err *e);

struct sse {
	sse_fn *each;
	void *arg;
	struct buf line, name, data, id;
	struct buf last_id; /* of the last event that was ended */
	bool after_cr, has_data, begun;
};

void sse_init(struct sse *s, sse_fn *each, void *arg);
void sse_done(struct sse *s); /* also of a zeroed one */
/* ERR_TOO_LARGE: an event that has no end. */
MUST_CHECK enum err_code sse_feed(struct sse *s, struct str bytes, struct err *e);
void sse_reset(struct sse *s);

#endif
