/*
 * step: how a step ended, and what follows for its run.
 *
 * The list of conclusions lives in the header; everything here reads it. The status of a run is derived
 * each time and stored nowhere, so that it cannot disagree with the steps.
 */
#include "model/step.h"

#include <assert.h>

static const struct {
	const char *name;
	bool failed;
} conclusions[CONCLUSION_N] = {
#define X(name, text, failed) [CONCLUSION_##name] = { text, failed },
	CONCLUSIONS(X)
#undef X
};

const char *conclusion_name(enum conclusion c)
{
	assert(c < CONCLUSION_N);
	return conclusions[c].name;
}

bool conclusion_find(struct str name, enum conclusion *ret_conclusion)
{
	for (unsigned i = 0; i < CONCLUSION_N; i++) {
		if (str_eq(name, str_z(conclusions[i].name))) {
			*ret_conclusion = (enum conclusion)i;
			return true;
		}
	}
	return false;
}

bool conclusion_failed(enum conclusion c)
{
	assert(c < CONCLUSION_N);
	return conclusions[c].failed;
}

static const char *const status_names[RUN_N_STATUSES] = {
	[RUN_QUEUED] = "queued",
	[RUN_RUNNING] = "running",
	[RUN_PASS] = "pass",
	[RUN_FAIL] = "fail",
	[RUN_CANCELED] = "canceled",
	[RUN_INCOMPLETE] = "incomplete",
};

const char *run_status_name(enum run_status s)
{
	assert(s < RUN_N_STATUSES);
	return status_names[s];
}

bool run_status_find(struct str name, enum run_status *ret)
{
	for (unsigned i = 0; i < RUN_N_STATUSES; i++)
		if (str_eq(name, str_z(status_names[i]))) {
			*ret = (enum run_status)i;
			return true;
		}
	return false;
}

static enum run_status derive_of_forge(const struct run_tally *t, int64_t now)
{
	if (t->n_failed + t->n_bad > t->n_lost)
		return RUN_FAIL;
	if (t->n_running > 0)
		return RUN_RUNNING;
	if (t->n_lost > 0)
		return RUN_INCOMPLETE;
	if (t->n_cancelled > 0)
		return RUN_CANCELED;
	return now - t->newest_at < RUN_QUIET_MS || t->n_steps + t->n_results == 0 ? RUN_RUNNING : RUN_PASS;
}

/* A log that broke off takes nothing from the result that was told of it. */
static enum run_status derive_done(const struct run_tally *t)
{
	bool by_steps = t->n_results == 0;

	if (t->n_failed + t->n_bad > t->n_lost)
		return RUN_FAIL;
	if (t->n_open > 0 || (by_steps && t->n_steps == 0) || (by_steps && t->n_lost + t->n_running > 0))
		return RUN_INCOMPLETE;
	return RUN_PASS;
}

enum run_status run_status_derive(const struct run_tally *t, int64_t now)
{
	assert(t->n_failed >= 0 && t->n_failed <= t->n_steps && t->n_lost <= t->n_failed);
	switch (t->stage) {
	case STAGE_QUEUED:
		return RUN_QUEUED;
	case STAGE_WORKING:
		return RUN_RUNNING;
	case STAGE_LOST:
	case STAGE_FAILED:
		return RUN_INCOMPLETE;
	case STAGE_CANCELED:
		return RUN_CANCELED;
	case STAGE_DONE:
		return derive_done(t);
	case STAGE_NONE:
	case STAGE_N:
		break;
	}
	return derive_of_forge(t, now);
}

enum run_status run_status_worse(enum run_status a, enum run_status b)
{
	static const int rank[RUN_N_STATUSES] = {
		[RUN_FAIL] = 5,
		[RUN_RUNNING] = 4,
		[RUN_QUEUED] = 3,
		[RUN_INCOMPLETE] = 2,
		[RUN_CANCELED] = 1,
		[RUN_PASS] = 0,
	};

	return rank[a] >= rank[b] ? a : b;
}

const char *run_reason(const struct run_tally *t, int64_t now)
{
	if (run_status_derive(t, now) != RUN_INCOMPLETE)
		return NULL;
	if (t->stage == STAGE_LOST)
		return "worker_lost";
	if (t->stage == STAGE_FAILED)
		return "worker_failed";
	if (t->stage == STAGE_DONE && t->n_results + t->n_steps == 0)
		return "no_results";
	if (t->stage == STAGE_DONE && t->n_open > 0)
		return "missing_results";
	return "runner_lost";
}
