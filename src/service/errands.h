#ifndef SERVICE_ERRANDS_H
#define SERVICE_ERRANDS_H
/*
 * errands: work that takes too long for a thread that answers requests: the check of a password, a question to a forge. The call is deferred, an errand
 * does the work on a thread of its own, and finishes the call. So few run at once (n_threads, which bounds their memory too), few wait, and
 * who comes beyond that is told to come again; no other request is held up.
 */
#include "base/err.h"

#include <stddef.h>

struct errand { /* the first member of what is to be done; the caller's until run was called */
	void (*run)(struct errand *x); /* once, on a thread of the errands; it may free what holds x */
	struct errand *next;           /* the errands' */
};

struct errands;

/* n_waiting: beside those that run. */
MUST_CHECK enum err_code errands_start(
	unsigned n_threads, size_t n_waiting, struct errands **ret, struct err *e);
/* What was taken is run, then the threads end; nothing is taken any more. Again, or NULL: fine. */
void errands_stop(struct errands *s);
void errands_free(struct errands *s); /* stops them first. NULL is fine */
/* ERR_UNAVAILABLE: too many wait, or it was stopped. */
MUST_CHECK enum err_code errands_submit(struct errands *s, struct errand *x, struct err *e);

#endif
