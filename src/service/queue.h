#ifndef SERVICE_QUEUE_H
#define SERVICE_QUEUE_H
/*
 * queue: runs of the suite: asked for by people and programs, done by workers.
 *
 *	queue_ask()	it waits
 *	queue_claim()	a worker has it, under a lease: until [suite] lease after it was last heard of
 *	queue_told()	.. and says how far it is, which renews the lease; as results do (service/results.h)
 *	queue_finish()	it is over
 *	queue_cancel()	somebody does not want it any more: the worker is told with its next call
 *	queue_tick()	workers that are not heard of are given up: the run waits again, once; then it is incomplete
 *
 * A claim has a number, which the worker names with all that it sends: what comes of a claim that was given up is refused (ERR_CONFLICT). All may be said twice.
 *
 * Who works speaks for every repo that it may claim runs of: the internal token, or a token of a contributor or an admin (ERR_FORBIDDEN; queue_may_work()). Runs of
 * repos that are for members are given to who sees these.
 *
 * All of these wait for the writer. Errors besides those that are named: ERR_NOT_FOUND: no such run, or not for this token; those of the store.
 */
#include "service/config.h"
#include "service/signin.h"
#include "store/result_nouns.h"
#include "store/store.h"

/* ---- asking (queue_ask.c) ---- */

struct run_asking {
	struct str repository, branch, head_sha, platform; /* sha in any case */
	int64_t pull_request;
	const int64_t *test_ids; /* NULL: all that are active */
	size_t n_tests;
	const struct identity *by;
	const struct config *cfg;
	struct str login; /* that its user has on the forge; empty: was not asked */
	int64_t now;
};
/*
 * May they? Of a watched repo a contributor or an admin may ask for a run; of a fork of one (somebody else's repo of the same name) its owner too, who is known by the
 * login that they have on the forge. *ret_provider: the login has to be asked of this [oauth] first (signin_who), and put into q->login; empty: it need not.
 * ERR_UNPROCESSABLE: the repo is none of these. ERR_FORBIDDEN: the text says who may.
 */
MUST_CHECK enum err_code queue_may_ask(struct store *s, const struct run_asking *q, struct arena *a,
	struct str *ret_provider, struct err *e);
/*
 * It asks again who may, in the transaction. *ret, in the arena, is read in it too: who asks again because reading failed would have two.
 * ERR_UNPROCESSABLE also: *ret_test, a test that there is not (queue_add).
 */
MUST_CHECK enum err_code queue_ask(struct store *s, const struct run_asking *q, struct arena *a,
	struct run *ret, int64_t *ret_test, struct err *e);

/* ---- doing ---- */

MUST_CHECK enum err_code queue_may_work(const struct identity *by, struct err *e);
/* *ret_found false: none waits for this platform. */
MUST_CHECK enum err_code queue_claim(struct store *s, const struct config *cfg, const struct identity *by,
	struct str platform, struct str worker, int64_t now, struct arena *a, struct claim *ret,
	bool *ret_found, struct err *e);
/* What its worker needs to know of its tests, in their order. */
MUST_CHECK enum err_code queue_tests(struct store *s, int64_t run_id, struct arena *a, struct run_test **ret,
	size_t *ret_n, struct err *e);

struct telling {
	int64_t run_id, claim;
	const struct identity *by;
	const struct config *cfg;
	int64_t now;
};
/* p NULL: it is there, and has nothing to say. What tells an error is classified here. */
MUST_CHECK enum err_code queue_told(
	struct store *s, const struct telling *t, const struct progress *p, struct err *e);
/* p: what is to be said of it at the end; of PROGRESS_ERROR the run could not be done, and is incomplete. */
MUST_CHECK enum err_code queue_finish(
	struct store *s, const struct telling *t, const struct progress *p, struct err *e);
/* W, in apply: the worker of t is there, and may write to its run. done_too as queue_renew() has it. */
MUST_CHECK enum err_code queue_hold(
	struct db *db, const struct telling *t, bool done_too, enum run_stage *ret_stage, struct err *e);

/* Asked before a long body is read; queue_hold() asks again. */
MUST_CHECK enum err_code queue_may_tell(struct store *s, const struct telling *t, struct err *e);

/* reason: may be empty. *ret_stage: what it was: of STAGE_QUEUED and STAGE_WORKING it is canceled now. */
MUST_CHECK enum err_code queue_cancel(struct store *s, const struct config *cfg, const struct identity *by,
	int64_t run_id, struct str reason, int64_t now, enum run_stage *ret_stage, struct err *e);
MUST_CHECK enum err_code queue_jobs(struct store *s, const struct identity *by, const struct queue_query *q,
	struct arena *a, struct queue_job **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* When the server starts: nobody could be heard while it was away, so every worker has a whole lease more. */
MUST_CHECK enum err_code queue_resume(struct store *s, const struct config *cfg, int64_t now, struct err *e);
/* Every second or so, from one thread. */
void queue_tick(struct store *s, int64_t now);

#endif
