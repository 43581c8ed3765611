#ifndef SERVICE_STREAM_H
#define SERVICE_STREAM_H
/*
 * stream: the logs of steps while they come.
 *
 * A step is opened, its bytes are appended at offsets, and it is ended. Offsets count bytes as they were sent. What is told back is the offset up to
 * which the text of what came is durable: masked, settled and committed. What came beyond it is held back in memory, at most MASK_HOLD bytes
 * (text/mask_flow.h), and the sender keeps it until it is told a higher offset. It may go on behind what it sent, or
 * from the durable offset again: the bytes are the same. After a restart only the latter is possible, and it is told so.
 *
 * A stream has one change at a time; a second one meanwhile is told ERR_CONFLICT and where the log stands.
 *
 * A stream that is silent for [stream] lost-after is given up: its step fails as runner_lost, with what has come. Should it go on after all,
 * it is alive again, and what was put down only because it was given up is taken back.
 *
 * Limits: [limits] step-bytes of text a log, beyond which the middle is dropped; [limits] streams.
 */
#include "service/config.h"
#include "store/nouns.h"
#include "store/store.h"

struct explainer;
struct streams;

/* box: the limits and the mask are taken from there at each call. explainer: is woken when a step has ended; NULL: nobody is. */
MUST_CHECK enum err_code streams_start(struct store *s, struct config_box *box, const struct clock *clock,
	struct explainer *explainer, struct streams **ret, struct err *e);
void streams_stop(struct streams *s); /* NULL is fine. After the last answer, before the store is closed */

/* Where a log stands, as its sender is told. */
struct stream_place {
	int64_t step_id, run_id;
	int64_t offset; /* up to here it is durable */
	enum log_state state;
	bool is_new;
};

/*
 * Those below that take a stream_call start something and tell its outcome later: `done` is called once, on another thread perhaps before they return, if ERR_OK is returned; not
 * otherwise. place is filled in then, and with an ERR_CONFLICT that is returned at once too: it lives in the caller's memory until done.
 */
typedef void stream_done_fn(void *arg, const struct err *result);
struct stream_call {
	stream_done_fn *done;
	void *arg;
	struct stream_place *place;
	int64_t now; /* wall, ms */
};

/* ERR_UNAVAILABLE: too many are open. Views of facts live until done. Names are masked as ingest does. */
MUST_CHECK enum err_code stream_open(struct streams *s, const struct config *cfg, int64_t repo_id,
	const struct step_facts *facts, const struct stream_call *call, struct err *e);
/*
 * Where the log of a step stands that facts name, if there is such a step (steps_find); nothing is opened. At once. state LOG_NONE: it was never
 * streamed. ERR_NOT_FOUND.
 */
MUST_CHECK enum err_code stream_find(struct streams *s, const struct config *cfg, int64_t repo_id,
	const struct step_facts *facts, struct stream_place *ret, struct err *e);
/*
 * bytes at offset; none is a heartbeat. repo_id: the one the caller may write to, 0: any. ERR_NOT_FOUND: no such step, or of another
 * repo, or never opened. ERR_CONFLICT: not there, see place; or it has ended (place->state). ERR_GONE: its text has expired.
 */
MUST_CHECK enum err_code stream_append(struct streams *s, const struct config *cfg, int64_t repo_id,
	int64_t step_id, int64_t offset, struct str bytes, const struct stream_call *call, struct err *e);
struct stream_end {
	struct step_end step; /* at is not looked at */
	int64_t bytes;        /* sent in all; -1: not told */
	bool drop;            /* the text is not kept, if the step succeeded */
};
/* What is held back is put down, and the log is sealed. Again is no error. ERR_CONFLICT: bytes are missing, see place. */
MUST_CHECK enum err_code stream_finish(struct streams *s, const struct config *cfg, int64_t repo_id,
	int64_t step_id, const struct stream_end *end, const struct stream_call *call, struct err *e);

/* What the steps of a run have asked to be masked up to now, with a reference that is the caller's; NULL: nothing. */
struct mask_names;
MUST_CHECK enum err_code streams_run_names(
	struct streams *s, int64_t run_id, struct mask_names **ret, struct err *e);

/* Who follows a log while it comes. */
struct follow_table *streams_followers(struct streams *s);

/* Silent streams are given up, as the keeper's thread does it: for tests too. */
void streams_give_up_silent(struct streams *s, int64_t steady_now);

#endif
