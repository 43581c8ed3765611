/*
 * queue: runs of the suite, from when they are asked for until they are over.
 *
 * A run is in one stage at a time (model/step.h), and each change of it is one statement that says from which stage it goes: whoever comes late changes nothing. A
 * worker is known by the number of its claim. So one that was given up, and is not dead after all, is refused when it comes back (a fencing token).
 */
#include "store/result_nouns.h"
#include "store/rows.h"
#include "store/tally.h"
#include "store/visible.h"

#define WORKFLOW "regression tests"
/* $1 run: nobody runs its tests any more. */
#define NOT_RUNNING "UPDATE result SET status = 'not_started' WHERE run_id = $1 AND status = 'running'"
#define CLAIMS_MAX 2 /* of a run: a second worker gets it when the first was lost, and no third */

/* ---- asking for one ---- */

static enum err_code is_there_room(struct db *db, int64_t max_waiting, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db, "SELECT count(*) FROM run WHERE stage IN (2, 3) AND stage = 3", NULL, 0, &n, e));
	if (n < max_waiting)
		return ERR_OK;
	return err_set(e, ERR_UNAVAILABLE,
		"%lld runs wait already ([suite] queue): wait until workers have done some, or cancel one",
		(long long)n);
}

#define TEST_OF_RUN                                                                                          \
	"INSERT INTO result (run_id, test_id, sample_id, status, cause, exit_code, expected_rc, runtime_ms," \
	" tested_at, message, signature)"                                                                    \
	" SELECT $1, t.id, t.sample_id, 'not_started', '', NULL, t.expected_rc, -1, 0, '', ''"               \
	" FROM regression_test AS t JOIN sample ON sample.id = t.sample_id"                                  \
	" WHERE t.active = 1 AND sample.active = 1"

static enum err_code choose_all(struct db *db, int64_t run_id, int64_t *ret_test, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db, TEST_OF_RUN " ORDER BY t.id LIMIT 501", DB_ARGS(DB_I(run_id)), &n, e));
	*ret_test = n > RUN_TESTS_MAX ? -1 : 0;
	if (n == 0)
		return err_set(e, ERR_UNPROCESSABLE,
			"the suite has no active test: import one first (`sluice suite import`)");
	if (n > RUN_TESTS_MAX)
		return err_set(e, ERR_UNPROCESSABLE,
			"the suite has more than %d active tests, which is what one run may have: choose "
			"some "
			"(regression_test_ids)",
			RUN_TESTS_MAX);
	return ERR_OK;
}

static enum err_code choose_some(
	struct db *db, int64_t run_id, const struct run_request *q, int64_t *ret_test, struct err *e)
{
	for (size_t i = 0; i < q->n_tests; i++) {
		int64_t n = 0;

		TRY(db_run(db, TEST_OF_RUN " AND t.id = $2", DB_ARGS(DB_I(run_id), DB_I(q->test_ids[i])), &n,
			e));
		if (n == 1)
			continue;
		*ret_test = q->test_ids[i];
		return err_set(e, ERR_UNPROCESSABLE,
			"there is no active test %lld (GET /api/v1/regression-tests lists those that there "
			"are)",
			(long long)q->test_ids[i]);
	}
	return ERR_OK;
}

/* What is expected now is what this run is held to, whatever a suite says that is imported meanwhile. */
static enum err_code expect_outputs(struct db *db, int64_t run_id, int64_t now, struct err *e)
{
	return db_run(db,
		"INSERT INTO result_output (run_id, test_id, output_id, status, digest, n_bytes, expected, "
		"kept,"
		" written_at) SELECT $1, o.test_id, o.id, 'missing_output', '', -1, '', 1, $2 FROM result AS "
		"r"
		" CROSS JOIN test_output AS o WHERE r.run_id = $1 AND o.test_id = r.test_id AND o.active = 1"
		" ORDER BY o.test_id, o.id",
		DB_ARGS(DB_I(run_id), DB_I(now)), NULL, e);
}

enum err_code queue_add(struct db *db, const struct run_request *q, int64_t max_waiting, int64_t now,
	int64_t *ret_run_id, int64_t *ret_test, struct err *e)
{
	int64_t id = 0;

	TRY(is_there_room(db, max_waiting, e));
	TRY(db_int(db,
		"INSERT INTO run (repo_id, head_sha, external_run_id, workflow, branch, pull_request, url,"
		" created_at, stage, platform, asked_by, queued_at)"
		" VALUES ($1, $2, $3, '" WORKFLOW "', $4, $5, '', $6, 3, $7, $8, $6) RETURNING id",
		DB_ARGS(DB_I(q->repo_id), DB_T(q->head_sha), DB_T(q->external_run_id), DB_T(q->branch),
			DB_I(q->pull_request), DB_I(now), DB_T(q->platform), DB_T(q->asked_by)),
		&id, e));
	if (q->test_ids)
		TRY(choose_some(db, id, q, ret_test, e));
	else
		TRY(choose_all(db, id, ret_test, e));
	TRY(expect_outputs(db, id, now, e));
	TRY(tally_results(db, id, e));
	*ret_run_id = id;
	return ERR_OK;
}

/* ---- claiming ---- */

struct claiming {
	struct arena *a;
	struct claim claim;
	bool found;
};

static enum err_code take_claim(void *arg, const struct db_row *row, struct err *e)
{
	struct claiming *c = arg;

	(void)e;
	c->found = true;
	c->claim = (struct claim){ .run_id = row_int(row, 0),
		.number = row_int(row, 1),
		.repo = row_str(row, 2, c->a),
		.forge = row_str(row, 3, c->a),
		.head_sha = row_str(row, 4, c->a),
		.external_run_id = row_str(row, 5, c->a),
		.branch = row_str(row, 6, c->a),
		.pull_request = row_int(row, 7) };
	return ERR_OK;
}

#define CLAIM                                                                                                \
	"SELECT run.id, run.n_claims, repo.name, repo.forge, run.head_sha, run.external_run_id, run.branch," \
	" run.pull_request FROM run JOIN repo ON repo.id = run.repo_id WHERE run.stage IN (2, 3)"

enum err_code queue_take(struct db *db, struct arena *a, struct str platform, struct str worker,
	int64_t repo_id, int64_t viewer, int64_t now, int64_t lease_until, struct claim *ret, bool *ret_found,
	struct err *e)
{
	struct claiming c = { .a = a };

	*ret_found = false;
	TRY(db_each(db,
		CLAIM
		" AND run.stage = 2 AND run.platform = $1 AND run.worker = $2 AND ($3 = 0 OR run.repo_id "
		"= $3) AND " VISIBLE_TO("$4") " ORDER BY run.queued_at, run.id LIMIT 1",
		DB_ARGS(DB_T(platform), DB_T(worker), DB_I(repo_id), DB_I(viewer)), take_claim, &c, e));
	c.claim.again = c.found;
	if (!c.found)
		TRY(db_each(db,
			CLAIM " AND run.stage = 3 AND run.platform = $1 AND ($2 = 0 OR run.repo_id = $2)"
			      " AND " VISIBLE_TO("$3") " ORDER BY run.queued_at, run.id LIMIT 1",
			DB_ARGS(DB_T(platform), DB_I(repo_id), DB_I(viewer)), take_claim, &c, e));
	if (!c.found)
		return ERR_OK;
	c.claim.number += !c.claim.again;
	TRY(db_run(db,
		"UPDATE run SET stage = 2, n_claims = $2, worker = $3, lease_until = $4,"
		" started_at = CASE WHEN started_at > 0 THEN started_at ELSE $5 END WHERE id = $1",
		DB_ARGS(DB_I(c.claim.run_id), DB_I(c.claim.number), DB_T(worker), DB_I(lease_until),
			DB_I(now)),
		NULL, e));
	TRY(tally_settle(db, c.claim.run_id, e));
	*ret = c.claim;
	*ret_found = true;
	return ERR_OK;
}

/* ---- while a worker has it ---- */

struct standing {
	enum run_stage stage;
	int64_t n_claims;
	bool found;
};

static enum err_code take_standing(void *arg, const struct db_row *row, struct err *e)
{
	(void)e;
	*(struct standing *)arg = (struct standing){ (enum run_stage)row_int(row, 0), row_int(row, 1), true };
	return ERR_OK;
}

static bool is_finished(enum run_stage stage)
{
	return stage == STAGE_DONE || stage == STAGE_FAILED;
}

static enum err_code find_standing(
	struct db *db, const struct claim_key *k, struct standing *ret, struct err *e)
{
	TRY(db_each(db,
		"SELECT run.stage, run.n_claims FROM run JOIN repo ON repo.id = run.repo_id WHERE run.id = $1"
		" AND ($2 = 0 OR run.repo_id = $2) AND run.stage > 0 AND " VISIBLE_TO("$3"),
		DB_ARGS(DB_I(k->run_id), DB_I(k->repo_id), DB_I(k->viewer)), take_standing, ret, e));
	return ret->found ? ERR_OK
			  : err_set(e, ERR_NOT_FOUND,
				    "there is no run %lld of the suite, or the token is not for its repo",
				    (long long)k->run_id);
}

static enum err_code not_yours(int64_t run_id, const struct standing *s, int64_t number, struct err *e)
{
	static const char *const why[STAGE_N] = { [STAGE_DONE] = "is finished",
		[STAGE_FAILED] = "is finished",
		[STAGE_QUEUED] = "was given back to the queue, for nothing was heard of its worker",
		[STAGE_LOST] = "was given up, for nothing was heard of its worker",
		[STAGE_CANCELED] = "was canceled" };

	if (s->stage == STAGE_WORKING)
		return err_set(e, ERR_CONFLICT, "run %lld is claim %lld's now, not claim %lld's",
			(long long)run_id, (long long)s->n_claims, (long long)number);
	return err_set(e, ERR_CONFLICT, "run %lld %s", (long long)run_id, why[s->stage]);
}

enum err_code queue_stands(struct db *db, const struct claim_key *k, enum run_stage *ret_stage, struct err *e)
{
	struct standing s = { .found = false };

	TRY(find_standing(db, k, &s, e));
	*ret_stage = s.stage;
	if (s.n_claims == k->number && (s.stage == STAGE_WORKING || (k->done_too && is_finished(s.stage))))
		return ERR_OK;
	return not_yours(k->run_id, &s, k->number, e);
}

enum err_code queue_renew(struct db *db, const struct claim_key *k, int64_t lease_until,
	enum run_stage *ret_stage, struct err *e)
{
	TRY(queue_stands(db, k, ret_stage, e));
	return db_run(db, "UPDATE run SET lease_until = $2 WHERE id = $1",
		DB_ARGS(DB_I(k->run_id), DB_I(lease_until)), NULL, e);
}

static enum err_code end(struct db *db, int64_t run_id, enum run_stage stage, int64_t now, struct err *e)
{
	TRY(db_run(db, NOT_RUNNING, DB_ARGS(DB_I(run_id)), NULL, e));
	TRY(db_run(db, "UPDATE run SET stage = $2, over_at = $3 WHERE id = $1",
		DB_ARGS(DB_I(run_id), DB_I(stage), DB_I(now)), NULL, e));
	return tally_settle(db, run_id, e);
}

enum err_code queue_end(struct db *db, int64_t run_id, bool failed, int64_t now, struct err *e)
{
	return end(db, run_id, failed ? STAGE_FAILED : STAGE_DONE, now, e);
}

enum err_code queue_drop(struct db *db, int64_t run_id, int64_t now, enum run_stage *ret_stage, struct err *e)
{
	struct standing s = { .found = false };

	TRY(db_each(db, "SELECT stage, n_claims FROM run WHERE id = $1", DB_ARGS(DB_I(run_id)), take_standing,
		&s, e));
	if (!s.found)
		return err_set(e, ERR_NOT_FOUND, "there is no run %lld", (long long)run_id);
	*ret_stage = s.stage;
	return s.stage == STAGE_QUEUED || s.stage == STAGE_WORKING ? end(db, run_id, STAGE_CANCELED, now, e)
								   : ERR_OK;
}

/* ---- workers that are lost ---- */

enum err_code queue_extend(struct db *db, int64_t lease_until, struct err *e)
{
	return db_run(db,
		"UPDATE run SET lease_until = $1 WHERE stage IN (2, 3) AND stage = 2 AND lease_until < $1",
		DB_ARGS(DB_I(lease_until)), NULL, e);
}

static enum err_code take_lost(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct lost_claim *)rows_add(rows) =
		(struct lost_claim){ row_int(row, 0), row_int(row, 1), row_str(row, 2, rows->a) };
	return ERR_OK;
}

enum err_code queue_lost(struct db *db, struct arena *a, int64_t now, int64_t limit, struct lost_claim **ret,
	size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT id, n_claims, worker FROM run WHERE stage IN (2, 3) AND stage = 2 AND lease_until < "
		"$1"
		" ORDER BY queued_at, id LIMIT $2",
		DB_ARGS(DB_I(now), DB_I(limit)), take_lost, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code queue_give_back(
	struct db *db, const struct lost_claim *l, int64_t now, enum run_stage *ret_stage, struct err *e)
{
	enum run_stage stage = l->number < CLAIMS_MAX ? STAGE_QUEUED : STAGE_LOST;
	int64_t n = 0;

	TRY(db_run(db,
		"UPDATE run SET stage = $3, over_at = CASE WHEN $3 = 4 THEN $4 ELSE 0 END"
		" WHERE id = $1 AND stage = 2 AND n_claims = $2 AND lease_until < $4",
		DB_ARGS(DB_I(l->run_id), DB_I(l->number), DB_I(stage), DB_I(now)), &n, e));
	*ret_stage = n > 0 ? stage : STAGE_WORKING;
	if (n == 0)
		return ERR_OK;
	TRY(db_run(db, NOT_RUNNING, DB_ARGS(DB_I(l->run_id)), NULL, e));
	return tally_settle(db, l->run_id, e);
}

/* ---- the list ---- */

/*
 * $1 repo, $2 platform, $3 stage, $4 who sees them. A place is told among all that wait for the platform, also those that are not for whoever asks.
 */
#define JOBS                                                                                                 \
	"SELECT run.id, run.queued_at, run.started_at, run.platform, run.worker, run.repo_id, run.stage,"    \
	" CASE WHEN run.stage = 3 THEN row_number() OVER (PARTITION BY run.stage, run.platform"              \
	" ORDER BY run.queued_at, run.id) ELSE 0 END AS place FROM run WHERE run.stage IN (2, 3)"
#define OF_QUERY                                                                                             \
	" FROM (" JOBS ") AS waiting JOIN repo ON repo.id = waiting.repo_id"                                 \
	" WHERE ($1 = 0 OR waiting.repo_id = $1) AND ($2 = '' OR waiting.platform = $2)"                     \
	" AND ($3 = 0 OR waiting.stage = $3) AND " VISIBLE_TO("$4")

static enum err_code take_job(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct queue_job *)rows_add(rows) = (struct queue_job){ .run_id = row_int(row, 0),
		.queued_at = row_int(row, 1),
		.started_at = row_int(row, 2),
		.platform = row_str(row, 3, rows->a),
		.worker = row_str(row, 4, rows->a),
		.position = row_int(row, 5) };
	return ERR_OK;
}

enum err_code queue_list(struct db *db, struct arena *a, const struct queue_query *q, struct queue_job **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	const struct db_value args[] = { DB_I(q->repo_id), DB_T(q->platform), DB_I(q->stage), DB_I(q->viewer),
		DB_I(q->limit), DB_I(q->offset) };

	TRY(rows_total(
		db, "SELECT count(*) FROM (SELECT 1" OF_QUERY " LIMIT 10001) AS x", args, 4, ret_total, e));
	TRY(db_each(db,
		"SELECT waiting.id, waiting.queued_at, waiting.started_at, waiting.platform, waiting.worker,"
		" waiting.place" OF_QUERY
		" ORDER BY waiting.stage, waiting.queued_at, waiting.id LIMIT $5 OFFSET $6",
		args, 6, take_job, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}
