/*
 * failures: the newest runs that failed, for the page that one opens first.
 *
 * A list of runs by their status (runs.c) counts every run that may have it, because it tells how many there are. Here nobody asks how many: the few
 * steps that did not go well have an index in the order of their jobs, which is that of time, and from its end back a bounded number is
 * looked at. A run that was run again and went well is among them and not shown.
 */
#include "store/nouns.h"
#include "store/rows.h"
#include "store/tally.h"
#include "store/visible.h"

/* $1 repo, $2 now, $3 steps looked at, $4 limit, $5 who sees them. */
#define FOUND                                                                                                \
	"WITH found AS (SELECT run.id FROM"                                                                  \
	" (SELECT step.job_id, " STEP_FAILED " AS failed FROM step"                                          \
	" WHERE step.conclusion NOT IN ('success', 'skipped', 'running')"                                    \
	" ORDER BY step.job_id DESC LIMIT $3) AS unwell"                                                     \
	" JOIN job ON job.id = unwell.job_id JOIN run ON run.id = job.run_id"                                \
	" JOIN repo ON repo.id = run.repo_id"                                                                \
	" WHERE unwell.failed AND ($1 = 0 OR run.repo_id = $1) AND " VISIBLE_TO(                             \
		"$5") ""                                                                                     \
		      " GROUP BY run.id ORDER BY max(job.id) DESC LIMIT 4 * $4),"
#define PAGE                                                                                                 \
	" page AS (SELECT run_id FROM counted WHERE " RUN_STATUS " IN ('fail', 'incomplete')"                \
	" ORDER BY newest_at DESC, run_id DESC LIMIT $4)"
#define SELECT                                                                                               \
	" SELECT counted.n_steps, counted.n_failed, counted.n_lost, counted.n_running,"                      \
	" counted.n_cancelled, counted.newest_at, counted.began, run.id, run.head_sha,"                      \
	" run.external_run_id, run.workflow, run.branch, run.pull_request, run.url, run.created_at,"         \
	" repo.id, repo.forge, repo.name, step.id, step.name, job.job_name"                                  \
	" FROM page JOIN counted ON counted.run_id = page.run_id"                                            \
	" JOIN run ON run.id = page.run_id JOIN repo ON repo.id = run.repo_id"                               \
	" LEFT JOIN step ON step.id = counted.first_failed LEFT JOIN job ON job.id = step.job_id"            \
	" ORDER BY counted.newest_at DESC, run.id DESC"
#define NEWEST FOUND COUNTED("found", "$2") PAGE SELECT

struct listing {
	struct rows rows; /* of struct failure */
	int64_t now;
};

static enum err_code take_failure(void *arg, const struct db_row *row, struct err *e)
{
	struct listing *l = arg;
	struct arena *a = l->rows.a;
	struct run r = { .tally = tally_of(row, 0),
		.began_at = row_int(row, 6),
		.id = row_int(row, 7),
		.head_sha = row_str(row, 8, a),
		.external_run_id = row_str(row, 9, a),
		.workflow = row_str(row, 10, a),
		.branch = row_str(row, 11, a),
		.pull_request = row_int(row, 12),
		.url = row_str(row, 13, a),
		.created_at = row_int(row, 14),
		.repo_id = row_int(row, 15),
		.forge = row_str(row, 16, a),
		.repo = row_str(row, 17, a) };
	(void)e;

	r.status = run_status_derive(&r.tally, l->now);
	*(struct failure *)rows_add(&l->rows) = (struct failure){ .run = r,
		.step_id = row_int(row, 18),
		.step_name = row_str(row, 19, a),
		.job_name = row_str(row, 20, a) };
	return ERR_OK;
}

enum err_code failures_newest(struct db *db, struct arena *a, int64_t repo_id, int64_t viewer, int64_t now,
	int64_t limit, struct failure **ret, size_t *ret_n, struct err *e)
{
	struct listing l = { .rows = { .a = a, .size = sizeof **ret }, .now = now };

	TRY(db_each(db, NEWEST,
		DB_ARGS(DB_I(repo_id), DB_I(now),
			DB_I(viewer == 0 && repo_id == 0 ? FAILURES_LOOKED_AT : FAILURES_LOOKED_AT_OF_SOME),
			DB_I(limit), DB_I(viewer)),
		take_failure, &l, e));
	*ret = l.rows.first;
	*ret_n = l.rows.n;
	return ERR_OK;
}
