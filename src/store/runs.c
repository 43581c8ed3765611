/*
 * runs: runs as lists of them are asked for, and the logs that one has.
 *
 * The status of a run is in no column. Without a filter by it the page is found first, by an index, and what its runs are derived from is counted for those alone. With
 * one, every run that the rest of the query finds, and that may have it, has to be counted: what that costs grows with them.
 */
#include "store/nouns.h"
#include "store/rows.h"
#include "store/same_step.h"
#include "store/tally.h"

#include <assert.h>

/* $1 run, $2 repo, $3 branch, $4 commit, $5 repo's name, $6 platform, $7 and $8 time, $9 now, $10 status, $11 limit, $12 offset. */
#define MORE                                                                                                 \
	" AND ($2 = 0 OR run.repo_id = $2) AND ($3 = '' OR run.branch = $3)"                                 \
	" AND ($5 = '' OR repo.name_key = lower($5))"                                                        \
	" AND ($6 = '' OR EXISTS (SELECT 1 FROM job WHERE job.run_id = run.id AND job.platform = $6))"       \
	" AND run.created_at >= $7 AND ($8 = 0 OR run.created_at <= $8)"
#define ANY "$1 = 0 AND $4 = ''" MORE
#define BY_ID "run.id = $1 AND $4 = ''" MORE
#define BY_COMMIT "$1 = 0 AND run.head_sha = lower($4)" MORE
#define FROM_RUN " FROM run JOIN repo ON repo.id = run.repo_id WHERE "

/* Most runs went well, and have not to be counted to know that they did not fail. */
#define MAY_HAVE_STATUS                                                                                      \
	" AND ($10 IN ('pass', 'running') OR run.id IN (SELECT job.run_id FROM step JOIN job"                \
	" ON job.id = step.job_id WHERE step.conclusion NOT IN ('success', 'skipped', 'running')))"

/* There is always one row, because total has one. */
#define SELECT_PAGE(order)                                                                                   \
	" SELECT total.n, counted.n_steps, counted.n_failed, counted.n_lost, counted.n_running,"             \
	" counted.n_cancelled, counted.newest_at, counted.began, run.id, run.head_sha, run.external_run_id," \
	" run.workflow, run.branch, run.pull_request, run.url, run.created_at, repo.id, repo.forge,"         \
	" repo.name, (SELECT job.platform FROM job WHERE job.run_id = run.id ORDER BY job.id LIMIT 1)"       \
	" FROM total LEFT JOIN page ON 1 = 1 LEFT JOIN run ON run.id = page.id"                              \
	" LEFT JOIN counted ON counted.run_id = run.id LEFT JOIN repo ON repo.id = run.repo_id"              \
	" ORDER BY " order

#define PAGE(condition, order)                                                                               \
	"WITH page AS (SELECT run.id" FROM_RUN condition " AND $10 = '' ORDER BY " order                     \
	" LIMIT $11 OFFSET $12)," COUNTED("page", "$9") " total AS (SELECT 0 AS n)" SELECT_PAGE(order)

#define FOUND(condition) "WITH found AS (SELECT run.id" FROM_RUN condition MAY_HAVE_STATUS "),"
#define PAGE_OF_STATUS(condition, order)                                                                     \
	FOUND(condition)                                                                                     \
	COUNTED("found", "$9")                                                                               \
	" kept AS MATERIALIZED (SELECT run.id, run.created_at FROM counted JOIN run ON"                      \
	" run.id = counted.run_id WHERE " RUN_STATUS " = $10),"                                              \
	" total AS (SELECT count(*) AS n FROM kept),"                                                        \
	" page AS (SELECT run.id FROM kept AS run ORDER BY " order                                           \
	" LIMIT $11 OFFSET $12)" SELECT_PAGE(order)

#define TOTAL(condition) "SELECT count(*) FROM (SELECT 1" FROM_RUN condition " LIMIT 10001) AS x"

#define ORDERS(page, condition)                                                                              \
	{                                                                                                    \
		[RUNS_NEWEST] = page(condition, "run.created_at DESC, run.id DESC"),                         \
		[RUNS_OLDEST] = page(condition, "run.created_at, run.id"),                                   \
		[RUNS_BY_ID] = page(condition, "run.id"),                                                    \
		[RUNS_BY_ID_DOWN] = page(condition, "run.id DESC"),                                          \
	}

static const struct way {
	const char *page[4], *page_of_status[4], *total;
} ways[] = {
	{ ORDERS(PAGE, ANY), ORDERS(PAGE_OF_STATUS, ANY), TOTAL(ANY) },
	{ ORDERS(PAGE, BY_COMMIT), ORDERS(PAGE_OF_STATUS, BY_COMMIT), TOTAL(BY_COMMIT) },
	{ ORDERS(PAGE, BY_ID), ORDERS(PAGE_OF_STATUS, BY_ID), TOTAL(BY_ID) },
};

struct listing {
	struct rows rows; /* of struct run */
	int64_t total, now;
};

static enum err_code take_run(void *arg, const struct db_row *row, struct err *e)
{
	struct listing *l = arg;
	struct arena *a = l->rows.a;
	struct run r = { .tally = tally_of(row, 1) };

	(void)e;
	l->total = row_int(row, 0);
	if (row->v[8].kind == DB_NULL)
		return ERR_OK; /* the one row of an empty page */
	r.began_at = row_int(row, 7);
	r.id = row_int(row, 8);
	r.head_sha = row_str(row, 9, a);
	r.external_run_id = row_str(row, 10, a);
	r.workflow = row_str(row, 11, a);
	r.branch = row_str(row, 12, a);
	r.pull_request = row_int(row, 13);
	r.url = row_str(row, 14, a);
	r.created_at = row_int(row, 15);
	r.repo_id = row_int(row, 16);
	r.forge = row_str(row, 17, a);
	r.repo = row_str(row, 18, a);
	r.platform = row_str(row, 19, a);
	r.status = run_status_derive(&r.tally, l->now);
	*(struct run *)rows_add(&l->rows) = r;
	return ERR_OK;
}

enum err_code runs_list(struct db *db, struct arena *a, const struct run_query *q, struct run **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct listing l = { .rows = { .a = a, .size = sizeof **ret }, .now = q->now };
	const struct way *way = &ways[q->run_id > 0 ? 2 : q->head_sha.len > 0];
	const struct db_value args[] = { DB_I(q->run_id), DB_I(q->repo_id), DB_T(q->branch),
		DB_T(q->head_sha), DB_T(q->repo), DB_T(q->platform), DB_I(q->created_from),
		DB_I(q->created_to), DB_I(q->now), DB_T(q->status), DB_I(q->limit), DB_I(q->offset) };
	size_t n = sizeof args / sizeof *args;

	assert((unsigned)q->order < 4);
	if (q->status.len > 0) {
		TRY(db_each(db, way->page_of_status[q->order], args, n, take_run, &l, e));
		l.total = l.total > ROWS_TOTAL_MAX ? -1 : l.total;
	} else {
		TRY(db_each(db, way->page[q->order], args, n, take_run, &l, e));
		TRY(rows_total(db, way->total, args, 8, &l.total, e));
	}
	*ret = l.rows.first;
	*ret_n = l.rows.n;
	*ret_total = l.total;
	return ERR_OK;
}

/* ---- logs of a run ---- */

static enum err_code take_log(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct run_log *)rows_add(rows) = (struct run_log){ .step_id = row_int(row, 0),
		.received_at = row_int(row, 1),
		.has_text = row->v[2].kind != DB_NULL || row->v[3].kind != DB_NULL };
	return ERR_OK;
}

/* A step gets its number when it begins: the order of numbers is that of beginnings, and nothing is put in between later. */
enum err_code runs_logs(struct db *db, struct arena *a, int64_t run_id, int64_t limit, int64_t offset,
	struct run_log **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT step.id, step.received_at, log.step_id, tail.step_id FROM job"
		" JOIN step ON step.job_id = job.id LEFT JOIN log ON log.step_id = step.id"
		" LEFT JOIN tail ON tail.step_id = step.id WHERE job.run_id = $1"
		" ORDER BY step.id LIMIT $2 OFFSET $3",
		DB_ARGS(DB_I(run_id), DB_I(limit), DB_I(offset)), take_log, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

struct run_texts {
	int64_t n, expired_at;
};

static enum err_code take_texts(void *arg, const struct db_row *row, struct err *e)
{
	struct run_texts *t = arg;

	(void)e;
	*t = (struct run_texts){ row_int(row, 0), row_int(row, 1) };
	return ERR_OK;
}

enum err_code runs_texts(
	struct db *db, int64_t run_id, int64_t *ret_n_texts, int64_t *ret_expired_at, struct err *e)
{
	struct run_texts t = { 0 };

	TRY(db_each(db,
		"SELECT count(*) FILTER (WHERE log.step_id IS NOT NULL OR tail.step_id IS NOT NULL),"
		" coalesce(max(step.log_expired_at), 0) FROM job"
		" JOIN step ON step.job_id = job.id LEFT JOIN log ON log.step_id = step.id"
		" LEFT JOIN tail ON tail.step_id = step.id WHERE job.run_id = $1",
		DB_ARGS(DB_I(run_id)), take_texts, &t, e));
	*ret_n_texts = t.n;
	*ret_expired_at = t.expired_at;
	return ERR_OK;
}
