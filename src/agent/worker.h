#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H
/*
 * worker: what `sluice work` and `sluice fix` have in common: a process that asks a server for something to do, does it, and asks again, until it is told to stop.
 */
#include "agent/ask.h"
#include "base/arena.h"

#define WORKER_ONCE_TRIES 10 /* to ask for something, for who does not want to wait for a server either */

/* ERR_INVALID: --NAME is out of range. */
MUST_CHECK enum err_code worker_check_range(
	const char *name, int64_t value, int64_t least, int64_t most, struct err *e);

/* ERR_UNAUTHORIZED: no token. ret is initialised in any case. */
MUST_CHECK enum err_code worker_find_peer(
	const char *url, const char *token_file, struct peer *ret, struct err *e);
/* HOST-PID: two of one machine have two. */
const char *worker_name(struct arena *a);
/* $TMPDIR where it will do, else /tmp. */
const char *worker_folder(void);

struct worker {
	const char *command; /* for messages */
	const struct work_stop *stop;
	bool once;      /* end when there is nothing to do */
	int64_t wait_s; /* between two questions, at most */
	/*
	 * Asks and does. *found: there was something, also when it then failed. What has failed with an error for which nothing else would go better either (the
	 * token) ends it all; so does a question that failed.
	 */
	enum err_code (*next)(void *arg, bool *found, struct err *e);
	void *arg;
};
/* ERR_OK: there is nothing more to do, or it was told to stop. */
MUST_CHECK enum err_code worker_go(const struct worker *w, struct err *e);

#endif
