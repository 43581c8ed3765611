#ifndef MODEL_DISPATCH_H
#define MODEL_DISPATCH_H
/*
 * dispatch: one handing-over of a failure to a fixer, with its guard's verdict (0012-dispatch.sql). dispatch.tbl has its words.
 */
#include "base/str.h"

#define DISPATCH_STATE(name, ...) DISPATCH_##name,
#define DISPATCH_OUTCOME(name, ...) OUTCOME_##name,
enum dispatch_state {
#define STATE DISPATCH_STATE
#include "model/dispatch.tbl"
	DISPATCH_N_STATES
};
enum dispatch_outcome {
	OUTCOME_NONE, /* not known yet; '' */
#define OUTCOME DISPATCH_OUTCOME
#include "model/dispatch.tbl"
	DISPATCH_N_OUTCOMES
};
#undef DISPATCH_STATE
#undef DISPATCH_OUTCOME

const char *dispatch_state_name(enum dispatch_state s);
bool dispatch_state_find(struct str name, enum dispatch_state *ret);
bool dispatch_state_is_open(enum dispatch_state s); /* nothing else is dispatched for the same failure */
const char *dispatch_outcome_name(enum dispatch_outcome o);
bool dispatch_outcome_find(struct str name, enum dispatch_outcome *ret); /* of '' too */

struct dispatch { /* strings live in the arena that it was read into; empty or 0: not told, or not yet. Times in ms */
	int64_t id, repo_id;
	struct str forge, repo;
	struct str head_sha;
	int64_t attempt; /* of the run, from 1 */
	struct str external_run_id;
	int64_t run_id; /* Sluice's */
	struct str workflow, branch;
	int64_t pull_request;
	struct str line; /* 'pull:NUMBER', else 'branch:NAME' */
	struct str url, author;
	int64_t group_id; /* of its first cause, with that's class and message */
	struct str class, message;
	enum dispatch_state state;
	enum dispatch_outcome outcome;
	struct str note, fixed_sha;
	struct str refused_by, reason;
	struct str verdicts; /* JSON */
	int64_t created_at, due_at, decided_at, handed_at, over_at;
	int64_t n_claims;
	struct str agent;
	int64_t lease_until;
	int64_t n_retries;
	int64_t step_id;
};

#endif
