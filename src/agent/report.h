#ifndef AGENT_REPORT_H
#define AGENT_REPORT_H
/*
 * report: what `run` and `post` do alike: read the server's address, know what is secret, and make a post of
 * a captured text.
 */
#include "agent/capture.h"
#include "agent/env.h"
#include "net/peer.h"

struct report {
	const char *command; /* "run" or "post", for messages */
	char *const *env;
	const struct flags *flags;
	struct arena arena;
	struct peer peer;
	struct err no_peer; /* code is not ERR_OK: why there is no server to speak to */
	struct step_facts facts;
	size_t name_max;
	struct capture capture;
};

/* argv: the command that is run, or NULL. Does not fail: what is wrong is told when there is something to
 * send. */
void report_init(struct report *r, const char *command, const struct flags *flags, char *const *env,
	char *const *argv);
void report_done(struct report *r);
/* Sends the captured text, in whatever way is possible; tells on stderr what was not. ERR_OK: stored.
 * facts.conclusion and exit code are set by the caller. */
enum err_code report_send(struct report *r);
/* Nothing to report: what earlier calls left in the spool is sent, if anything is there. */
void report_flush(struct report *r);

#endif
