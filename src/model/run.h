#ifndef MODEL_RUN_H
#define MODEL_RUN_H
/* run: one CI run of a commit, as it is read back. Its strings live in the arena it was read into. */
#include "model/step.h"

struct run {
	int64_t id, repo_id;
	struct str forge, repo, head_sha, external_run_id, workflow, branch, url; /* empty: not told */
	struct str platform;                    /* of its first job; of the suite: that it was asked for */
	int64_t pull_request;                   /* 0: none */
	int64_t created_at, began_at;           /* ms */
	int64_t queued_at, started_at, over_at; /* of the suite, ms; 0: not, or not yet */
	struct run_tally tally;
	enum run_status status;
};

#endif
