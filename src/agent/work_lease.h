#ifndef AGENT_WORK_LEASE_H
#define AGENT_WORK_LEASE_H
/*
 * work_lease: the thread that keeps a run ours while it is worked at: every third of the lease it says that we are there. A test may take hours, in which nothing
 * else is said.
 *
 * When the server says that the run is not ours any more, work_stop_lose() tells all who work at it. A server that is away is asked again and again, also beyond the
 * lease: nobody can say that the run was given to another but the server.
 */
#include "agent/work_api.h"

struct work_lease;
/* All that is given lives until work_lease_end(). ERR_UNAVAILABLE: no thread. */
MUST_CHECK enum err_code work_lease_begin(const struct peer *peer, const struct work_stop *stop,
	const struct work_claim *claim, struct work_lease **ret, struct err *e);
/* *ret_why: what the server said when it took the run away; untouched if it did not. NULL is fine. */
void work_lease_end(struct work_lease *l, struct err *ret_why);

#endif
