#ifndef AGENT_STREAM_H
#define AGENT_STREAM_H
/*
 * stream: the log of one step from its command to the server, or to the spool; and what earlier calls left there.
 *
 *	bytes -> mask_stream -> backlog (a file) -> sender (a thread) -> server
 *
 * stream_add() never waits for the network. stream_end() does: at most STREAM_TOTAL_MS while the server makes progress
 * and STREAM_QUIET_MS without; not at all for a server that hung within the last minute (hung.h) or that refuses the
 * connection and never answered. What is not durable by then stays in the spool, and one line on stderr says so. When
 * all was sent, what others have left goes too, for DELIVER_OLD_MS at most.
 *
 * A log that was left by a killed call is sent as far as it goes; how its step ended is not known, so it is left open,
 * and the server finds that its runner was lost.
 */
#include "agent/sending.h"

#define STREAM_TOTAL_MS 15000
#define STREAM_QUIET_MS 5000

/* How many bytes of one log may wait ($SLUICE_SPOOL_BYTES). */
int64_t stream_spool_limit(const struct sending *to);

struct stream;

/* Always succeeds: what stands in the way is said at the end. Takes over the mask of what is sent until stream_end(). */
struct stream *stream_begin(struct sending *to);
/* stream: 0 or 1. */
void stream_add(struct stream *s, int stream, struct str bytes);
/* For who can wait: until there is room for more. */
void stream_wait_for_room(struct stream *s);

struct stream_end {
	bool keep;       /* is the text wanted, although the step succeeded? */
	bool patient;    /* wait for as long as there is progress */
	int64_t step_id; /* set: of the step, as the server knows it, if all was sent; else 0 */
	bool running; /* set: a thread still hangs in a request. End by _exit(2) or a signal; nothing may be freed */
};
/* There was no command after all: as if it had never begun. For who becomes another program next. */
void stream_cancel(struct stream *s);
/* The facts' conclusion and exit code are set. Frees s. The mask is given back, with what the text named. ERR_OK: all is stored. */
enum err_code stream_end(struct stream *s, struct stream_end *end);

#endif
