#ifndef AGENT_SENDER_H
#define AGENT_SENDER_H
/*
 * sender: the thread that brings a backlog to the server while its command runs, and owns the network.
 *
 *	open (at the first bytes, or after a second) -> chunks, when there are 256 KiB or half a second has passed ->
 *	a sign of life after 15 s without -> when the command has ended: the rest, then the finish
 *
 * Who adds bytes never waits for the network: both sides hold the lock for memory and page cache only, never during
 * a request. What fails is tried again after 0.5 to 10 s (or when the server says), for as long as the command runs.
 *
 * At the end sender_finish() waits: for as long as the server makes progress, but not longer than total_ms, and
 * quiet_ms without any. A server that never answered and now refuses the connection is not waited for. Who has waited
 * enough takes the backlog back from the thread, which may hang in a request for some seconds more: it touches nothing
 * any more, but the process must then end without running exit handlers (*ret_running: _exit(2)), for libraries would
 * be torn down under it.
 *
 * All signals are blocked in the thread: they are for the one that runs the command.
 */
#include "agent/backlog.h"
#include "agent/upload.h"

struct sender_pace {
	int open_ms, flush_ms, heartbeat_ms;
	int retry_first_ms, retry_most_ms;
	int slow_ms;              /* who has not answered by then hangs */
	int connect_ms, total_ms; /* of a request */
};
#define SENDER_PACE                                                                                          \
	{                                                                                                    \
		.open_ms = 1000, .flush_ms = 500, .heartbeat_ms = 15000, .retry_first_ms = 500,              \
		.retry_most_ms = 10000, .slow_ms = 2000, .connect_ms = HTTP_CONNECT_MS,                      \
		.total_ms = HTTP_TOTAL_MS                                                                    \
	}

struct sender_wait {
	int total_ms; /* INT_MAX: for as long as there is progress */
	int quiet_ms;
	bool if_answered; /* not at all for a server that has not answered in this call so far */
};

enum sender_end {
	SENDER_SENT,
	SENDER_KEEP,    /* not now: worth another call */
	SENDER_REFUSED, /* nothing of it will ever be taken, or no more of it */
};

struct sender_result {
	enum sender_end end;
	struct err why;    /* where it is not SENDER_SENT */
	int64_t step_id;   /* as the server knows it; 0: it was never asked */
	bool answered;     /* the server did, at least once */
	bool hung;         /* the server takes requests and answers none, or does not even refuse them */
	int64_t n_dropped; /* bytes of the middle, for want of room */
};

struct sender;
struct sender_job {
	const struct peer *peer;
	struct stream_file *file; /* the sender's from now on, until sender_finish */
	int64_t limit;            /* of the backlog */
	struct sender_pace pace;
	/* For a new log: facts under other names, to be tried in turn when the server has another log of that name. */
	const struct str *other_opens;
	size_t n_other_opens;
};

/*
 * Starts the thread; the facts are file->open. All that is pointed to is borrowed until sender_free, or for ever if the
 * thread is still running. ERR_UNAVAILABLE: no thread.
 */
MUST_CHECK enum err_code sender_start(const struct sender_job *job, struct sender **ret, struct err *e);
void sender_add(struct sender *s, struct str bytes);
/* For who can wait: until less than half of the limit waits, or the server makes no progress for quiet_ms. */
void sender_wait_for_room(struct sender *s, int quiet_ms);
/* How many bytes the stream has; no more will come. ERR_STORAGE: what was in memory could not be written. */
MUST_CHECK enum err_code sender_close(struct sender *s, int64_t *ret_total, struct err *e);
/* Written beside the log, for whoever sends it on should we not come to it. */
MUST_CHECK enum err_code sender_set_finish(struct sender *s, struct str finish_json, struct err *e);
/* After sender_close. finish_json: empty when it is not known how the step ended; then it is left open. */
void sender_finish(
	struct sender *s, struct str finish_json, struct sender_wait wait, struct sender_result *ret);
/* Waits for the thread. True at once when it is gone already, else false and nothing is freed unless `wait`. */
bool sender_free(struct sender *s, bool wait);

#endif
