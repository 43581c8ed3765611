#ifndef AGENT_LEASE_H
#define AGENT_LEASE_H
/*
 * lease: the thread that keeps what was claimed ours while it is worked at: every third of the lease it says that we are there. A test, or a fix, may take hours, in
 * which nothing else is said.
 *
 * When the server says that it is not ours any more, work_stop_lose() tells all who work at it. A server that is away is asked again and again, also beyond the
 * lease: nobody can say that it was given to another but the server.
 */
#include "agent/ask.h"

/* Once, and within ms: it is come again in any case. ERR_CONFLICT: it is not ours any more. *ret_lease_s is untouched when the server does not say it. */
typedef enum err_code lease_renew_fn(
	struct ask *ask, const void *claim, int ms, int64_t *ret_lease_s, struct err *e);

struct lease_terms {
	int64_t lease_s; /* to begin with */
	lease_renew_fn *renew;
	const void *claim;
};

struct lease;
/* All that is given lives until lease_end(). ERR_UNAVAILABLE: no thread. */
MUST_CHECK enum err_code lease_begin(const char *command, const struct peer *peer,
	const struct work_stop *stop, const struct lease_terms *terms, struct lease **ret, struct err *e);
/* *ret_why: what the server said when it took it away; untouched if it did not. NULL is fine. */
void lease_end(struct lease *l, struct err *ret_why);

#endif
