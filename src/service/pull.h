#ifndef SERVICE_PULL_H
#define SERVICE_PULL_H
/*
 * pull: the logs of a run that no runner told of, fetched from the forge.
 *
 * A pull request from a fork has no secrets, so its runner has no token and sends nothing; where the forge hands out the logs of jobs, they are fetched, split into steps (text/job_log.h) and fed
 * through the same way in as what runners stream, as whole logs: masked, stored, explained. The steps say that they were pulled, and go as soon as a runner tells of that attempt (store/pulled.h).
 *
 * Again is no harm: what is here is not fed again, and what is here in part goes on.
 *
 * For one thread; it takes as long as the forge does.
 */
#include "forge/forge_api.h"
#include "service/stream.h"
#include "store/dispatch_nouns.h"

struct pull {
	struct store *store;
	struct streams *streams;
	const struct config *cfg;
	const struct clock *clock;
};

enum pull_outcome {
	PULL_DONE, /* what there is, is here; perhaps nothing */
	PULL_TOLD, /* a runner told of this attempt: nothing is to be fetched */
	PULL_NONE, /* the forge hands out no logs */
};

#define PULL_JOBS_MAX 100 /* of a run: those that failed first */

/*
 * ERR_NETWORK, ERR_RATE_LIMITED, ERR_UNAUTHORIZED, ERR_FORBIDDEN: the forge (forge_api.h); some jobs may be here by then. What is wrong with one job alone (its log is gone, too long) is passed over.
 */
MUST_CHECK enum err_code pull_run(const struct pull *p, struct forge_api *f, const struct repo *repo,
	const struct heard_run *run, enum pull_outcome *ret, struct err *e);

/* The same of one log that is at hand: split, and fed. ERR_CONFLICT: a runner told. */
struct pull_job {
	const struct repo *repo;
	const struct heard_run *run;
	const struct forge_job *job;
};
MUST_CHECK enum err_code pull_feed(
	const struct pull *p, const struct pull_job *job, struct str log, struct err *e);

/*
 * What is due of forge_run (pulls_due), at most limit: tried, and noted how it went. stop: ends it between two. What a forge does not give today is tried again in a minute, then in two, .. an hour,
 * PULL_TRIES_MAX times. *ret_n: runs that were tried. An error is the store's.
 */
#define PULL_TRIES_MAX 8
MUST_CHECK enum err_code pull_due(
	const struct pull *p, int64_t limit, const atomic_bool *stop, size_t *ret_n, struct err *e);

#endif
