#ifndef SERVICE_KEEPER_H
#define SERVICE_KEEPER_H
/*
 * keeper: one thread that puts the text of logs where it is to stay: chunks into the file while a log grows, all of it into a sealed
 * file when it has ended.
 *
 * Each thing it does leaves the log as readable as it was before, and may be cut off anywhere: file first, synced, then one
 * commit. What fails (disk full) is left as it is and tried again at the next occasion, or within a minute.
 */
#include "base/clock.h"
#include "store/store.h"

struct keeper;

MUST_CHECK enum err_code keeper_start(struct store *s, const struct clock *clock, void (*tick)(void *arg),
	void *arg, struct keeper **ret, struct err *e);
/* Does what is queued already, then ends. NULL is fine. */
void keeper_stop(struct keeper *k);

/* The chunks of this log are worth moving: those below number `below`. */
void keeper_move(struct keeper *k, int64_t step_id, int64_t below);
/* This log has ended. done (may be NULL) is called once when it is sealed, or why not; all of its text is durable in any case. */
void keeper_seal(
	struct keeper *k, int64_t step_id, void (*done)(void *arg, const struct err *result), void *arg);
/* The file of a log that is no more. */
void keeper_remove(struct keeper *k, int64_t step_id);

/* The same at once, on the caller's thread; not beside the others. */
MUST_CHECK enum err_code keeper_move_now(struct store *s, int64_t step_id, int64_t below, struct err *e);
MUST_CHECK enum err_code keeper_seal_now(struct store *s, int64_t step_id, struct err *e);

#endif
