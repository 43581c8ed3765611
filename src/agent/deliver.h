#ifndef AGENT_DELIVER_H
#define AGENT_DELIVER_H
/*
 * deliver: a post to the server, or into the spool; and what earlier calls had to leave there, first.
 *
 * What is worth trying again is kept: no answer, 5xx, 429, and also 401 and 403, for tokens are forgotten to
 * be renewed and logs should outlive that. Any other refusal is about the post itself and would be the same
 * tomorrow: it is told and dropped. Not so when an old post is of another repo and the server knows none
 * such: several repos may share a runner and its spool, and their tokens be good for one repo each. That post
 * is left to a call of its own repo.
 *
 * How long this may take is bounded whatever the server does: DELIVER_OLD_MS for all that is old, then one
 * request. The first failure to send ends the sending, but for a 500, which may be about that one post. What
 * went wrong is said in one line on stderr.
 */
#include "agent/spool.h"
#include "base/clock.h"
#include "net/peer.h"

#define DELIVER_OLD_MS 10000
#define DELIVER_QUIET_CONNECT_MS 2000
#define DELIVER_QUIET_MS 5000

struct deliver {
	const char *command; /* for messages: "run" */
	const struct peer *peer;
	struct spool *spool;
	const struct clock *clock;
	struct str repo; /* for which the token is meant; empty: not known */
};

/* ERR_OK: stored. Else why not; it has been told on stderr, and whether the post is kept. */
enum err_code deliver(const struct deliver *d, struct str body);
/* Nothing new to send: try the old ones, for a short while, and silently if the server is still down. */
void deliver_old(const struct deliver *d);

#endif
