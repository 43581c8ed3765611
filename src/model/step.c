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

const char *run_status_name(enum run_status s)
{
	static const char *const names[] = {
		[RUN_QUEUED] = "queued",
		[RUN_RUNNING] = "running",
		[RUN_PASS] = "pass",
		[RUN_FAIL] = "fail",
		[RUN_CANCELED] = "canceled",
		[RUN_INCOMPLETE] = "incomplete",
	};

	assert(s < sizeof names / sizeof names[0]);
	return names[s];
}

enum run_status run_status_derive(const struct run_tally *t, int64_t now)
{
	int64_t n_steps = t->n_steps, n_failed = t->n_failed, n_lost = t->n_lost, n_running = t->n_running,
		n_cancelled = t->n_cancelled, quiet_ms = now - t->newest_at;

	assert(n_failed >= 0 && n_failed <= n_steps && n_lost <= n_failed);
#define X(status, text, rule)                                                                                \
	if (rule)                                                                                            \
		return RUN_##status;
	RUN_RULE(X)
#undef X
	return RUN_RUNNING;
}
