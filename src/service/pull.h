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
 * For one thread a forge. It takes as long as the forge does, unless it is stopped, or its time is over (until): then at most the call that is under way is waited for.
 */
#include "forge/forge_api.h"
#include "service/stream.h"
#include "store/dispatch_nouns.h"

#include <stdatomic.h>

/* How far a run was pulled whose time was over: the caller's, to keep from one call to the next. 0 at first. */
struct pull_mark {
	int64_t run_id; /* forge_run's */
	size_t n_jobs;
};

struct pull {
	struct store *store;
	struct streams *streams;
	const struct config *cfg;
	const struct clock *clock;
	const atomic_bool *stop; /* ends it, the call that is under way too; may be NULL */
	int64_t until;           /* steady ms, looked at between two jobs; 0: there is no hurry */
	struct pull_mark *mark;  /* may be NULL, where there is no hurry */
};

enum pull_outcome {
	PULL_DONE, /* what there is, is here; perhaps nothing */
	PULL_TOLD, /* a runner told of this attempt: nothing is to be fetched */
	PULL_NONE, /* the forge hands out no logs */
	PULL_MORE, /* the time was over; one job at least was pulled, and the mark says how far it is */
};

#define PULL_JOBS_MAX 100 /* of a run: those that failed first */

/*
 * ERR_UNAVAILABLE: it was stopped. ERR_NETWORK, ERR_RATE_LIMITED, ERR_UNAUTHORIZED, ERR_FORBIDDEN: the forge (forge_api.h); some jobs may be here by then. What is wrong with one job alone (its log is gone, too long) is passed over.
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
 * What is due of forge_run (pulls_due) at a forge, at most limit: tried, and noted how it went. When it is stopped, or the time is over, the rest stays due as it
 * is. What a forge does not give today is tried again in a minute, then in two, .. an hour,
 * PULL_TRIES_MAX times. *ret_n: runs that were tried. An error is the store's.
 */
#define PULL_TRIES_MAX 8
MUST_CHECK enum err_code pull_due(
	const struct pull *p, const struct forge_config *forge, int64_t limit, size_t *ret_n, struct err *e);

static inline bool pull_is_stopped(const struct pull *p)
{
	return p->stop && atomic_load(p->stop);
}

static inline bool pull_is_late(const struct pull *p)
{
	return p->until > 0 && clock_steady_ms(p->clock) >= p->until;
}

#endif
