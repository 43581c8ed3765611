#ifndef SERVICE_DISPATCH_PASS_H
#define SERVICE_DISPATCH_PASS_H
/*
 * dispatch_pass: one look at all that has to do with dispatches, on the caller's thread:
 *
 *	taken	a run of which a forge told, or that was sent, and that failed for good, becomes a dispatch that waits
 *	given up	agents of which nothing was heard
 *	settled	of what went out it is seen what came of it: a later green run, a later red one, too long a silence
 *	decided	what waits, once its logs are in or the wait is over: by the guard (dispatch_guard.h)
 *	handed over	what is wanted outside is done: written down first as being tried, then tried, then written down how that went
 *
 * All of it can be cut off anywhere and be done again: what was decided is one transaction with what is to be done of it, and what was being tried when the server stopped, or a write failed, is known
 * (dispatch_pass_begin, broke_off).
 */
#include "service/dispatch_outside.h"
#include "store/store.h"

#include <stdatomic.h>

struct dispatch_pass {
	struct store *store;
	const struct config *cfg;
	const struct dispatch_outside *outside;
	int64_t now;
	const atomic_bool *stop; /* ends it between two things; may be NULL */
	bool *broke_off; /* the caller's to keep from one to the next, false at first: the last ended with an error */
};
/* Once, when the server starts: nobody could be heard while it was away, and what it was doing broke off. */
MUST_CHECK enum err_code dispatch_pass_begin(const struct dispatch_pass *p, struct err *e);
/* What fails for one dispatch is told to diag, and the others go on. An error is the store's. */
MUST_CHECK enum err_code dispatch_pass(const struct dispatch_pass *p, struct err *e);

/* dispatch_hand.c: what is wanted outside, and of which the time has come. */
MUST_CHECK enum err_code dispatch_hand_over(const struct dispatch_pass *p, struct err *e);
/* .. and of one that is being handed over: is that over? */
MUST_CHECK enum err_code dispatch_hand_end(
	const struct dispatch_pass *p, const struct dispatch *d, struct err *e);
/* Is any action of a configuration done for it, but that an agent may have it? */
bool dispatch_hand_can(const struct dispatch *d, const struct dispatch_config *config);
/* These actions, in words: W, with the decision that it goes. */
MUST_CHECK enum err_code dispatch_hand_want(struct db *db, const struct dispatch *d,
	const struct dispatch_config *config, int64_t now, struct err *e);

static inline bool dispatch_pass_is_stopped(const struct dispatch_pass *p)
{
	return p->stop && atomic_load(p->stop);
}

#endif
