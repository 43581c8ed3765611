#ifndef STORE_DISPATCH_NOUNS_H
#define STORE_DISPATCH_NOUNS_H
/*
 * dispatch_nouns: what forges said, and the dispatches that follow, in the manner of nouns.h. 0012-dispatch.sql is the essay on them.
 */
#include "store/db.h"

/* ---- forge_runs.c: deliveries ---- */

/* W. Was it here before? *ret_new: it was not, and is remembered now. */
MUST_CHECK enum err_code deliveries_take(
	struct db *db, struct str hook, struct str delivery, int64_t now, bool *ret_new, struct err *e);
/* W, or a reader when dry. Those received before then, at most limit; dry: counts without limit. */
MUST_CHECK enum err_code deliveries_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

/* ---- forge_runs.c: runs ---- */

struct heard_run { /* a row of forge_run */
	int64_t id, repo_id;
	struct str head_sha, external_run_id;
	int64_t attempt; /* from 1 */
	struct str workflow, branch, target_branch, url, author;
	int64_t pull_request;
	struct str conclusion; /* running, success, failure, cancelled, other */
	int64_t said_at, heard_at;
	struct str heard_by; /* hook, reconcile */
	bool due;
	struct str pull_state;
	int64_t pull_tries, pull_at;
};

/*
 * W. What was heard of a run; new if need be. Of x id, due and pull_* are not looked at; attempt 0 is 1.
 * - What was so earlier by the forge's clock than what stands (said_at, where both have one) fills in what is not known, and changes nothing else.
 * - What is over does not run again in the same attempt. Empty texts and 0 take nothing away.
 * - Another conclusion than before that is not running makes it due.
 */
MUST_CHECK enum err_code forge_runs_put(
	struct db *db, const struct heard_run *x, int64_t *ret_id, bool *ret_due, struct err *e);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err_code forge_runs_get(
	struct db *db, struct arena *a, int64_t id, struct heard_run *ret, struct err *e);
/* Of the forge's own id and an attempt. ERR_NOT_FOUND: it was not heard of. */
MUST_CHECK enum err_code forge_runs_find(struct db *db, struct arena *a, int64_t repo_id,
	struct str external_run_id, int64_t attempt, struct heard_run *ret, struct err *e);
/* Those that nobody has looked at yet, the one that was heard of first in front. */
MUST_CHECK enum err_code forge_runs_due(
	struct db *db, struct arena *a, int64_t limit, struct heard_run **ret, size_t *ret_n, struct err *e);
/* W. x was looked at, as it was read. If something else was heard since, it stays due. */
MUST_CHECK enum err_code forge_runs_settle(struct db *db, const struct heard_run *x, struct err *e);
/* W, or a reader when dry. As deliveries_expire, by heard_at; whether due or not. */
MUST_CHECK enum err_code forge_runs_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

/* ---- forge_runs.c: where branches and pull requests stand ---- */

struct forge_head {
	struct str branch;    /* empty: of a pull request */
	int64_t pull_request; /* 0: of a branch */
	struct str head_sha;  /* empty: it is gone, or closed */
	struct str before_sha, author;
	int64_t said_at, heard_at;
};
/* W. *ret_changed: it stands where it did not. What was so before what stands (said_at; the chain of pushes) changes nothing. */
MUST_CHECK enum err_code forge_heads_put(
	struct db *db, int64_t repo_id, const struct forge_head *x, bool *ret_changed, struct err *e);
/* Of a branch, or of a pull request (branch empty). ERR_NOT_FOUND: nothing was heard of it. */
MUST_CHECK enum err_code forge_heads_get(struct db *db, struct arena *a, int64_t repo_id, struct str branch,
	int64_t pull_request, struct forge_head *ret, struct err *e);
/* W, or a reader when dry. As deliveries_expire, of those that are gone or closed. */
MUST_CHECK enum err_code forge_heads_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

#endif
