#ifndef AGENT_SENDING_H
#define AGENT_SENDING_H
/*
 * sending: what `run`, `post`, `report` and `work` have to know before they can send anything to a server: where it is, what is secret,
 * which step this is, and where to keep what cannot be sent.
 */
#include "agent/capture.h"
#include "agent/env.h"
#include "agent/spool.h"
#include "net/peer.h"

struct sending {
	const char *command; /* "run", "post", "report" or "work", for messages */
	char *const *env;
	const struct flags *flags;
	struct arena arena;
	struct peer peer;
	struct err no_peer; /* code is not ERR_OK: why there is no server to speak to */
	struct spool spool;
	struct step_facts facts;
	struct mask *mask; /* NULL when somebody else has taken it over */
};

/*
 * argv: the command that is run, or NULL. The facts are whole but for the outcome, their names masked. Does not fail:
 * sending_check says what is wrong.
 */
void sending_init(struct sending *to, const char *command, const struct flags *flags, char *const *env,
	char *const *argv);
/* The same for who knows all of it: the peer is copied, the facts are taken as they are, and what they view lives as long as `to`. */
void sending_init_as(struct sending *to, const char *command, const struct flags *flags, char *const *env,
	const struct peer *peer, const struct step_facts *facts);
void sending_done(struct sending *to);
/* Is all known without which nothing can be sent? */
MUST_CHECK enum err_code sending_check(const struct sending *to, struct err *e);
/* Sends the tail of a captured text in one post, in whatever way is possible; tells on stderr what was not. ERR_OK:
 * stored. */
enum err_code sending_tail(struct sending *to, struct capture *c);

#endif
