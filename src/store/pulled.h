#ifndef STORE_PULLED_H
#define STORE_PULLED_H
/*
 * pulled: steps that no runner told of, whose logs were fetched from the forge (job.source), beside those that runners tell of: of an attempt of a run there are only ever those or
 * these. In the manner of nouns.h.
 */
#include "model/step.h"
#include "store/db.h"

/*
 * W. A job of f that is not there yet is about to come. Told by a runner: what was pulled of that attempt of the run goes, with all that was found in it. Pulled itself: ERR_CONFLICT when a runner
 * has told of that attempt.
 */
MUST_CHECK enum err_code pulled_make_room(
	struct db *db, int64_t run_id, const struct step_facts *f, struct err *e);
/* Has a runner told of any step of that attempt? */
MUST_CHECK enum err_code pulled_is_told(struct db *db, int64_t repo_id, struct str head_sha,
	struct str external_run_id, int64_t attempt, bool *ret, struct err *e);

/* ---- which runs are to be pulled: forge_run.pull_* ---- */

/* W. Its logs are wanted, from then on; of no effect when they were wanted before, or are here. */
MUST_CHECK enum err_code pulls_want(struct db *db, int64_t forge_run_id, int64_t at, struct err *e);
/* Those of a forge that are to be tried now, the longest due first: ids of forge_run. */
MUST_CHECK enum err_code pulls_due(struct db *db, struct arena *a, struct str forge, int64_t now,
	int64_t limit, int64_t **ret, size_t *ret_n, struct err *e);
/* W. How it went. state: wanted (again at `at`), done, none (the forge has none), failed. */
MUST_CHECK enum err_code pulls_note(
	struct db *db, int64_t forge_run_id, const char *state, int64_t tries, int64_t at, struct err *e);

#endif
