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

/*
 * $1 repo, $2 steps looked at, $3 limit, $4 who sees them. Of a run of the suite that failed no step needs to have failed: they have an index of their own.
 */
#define OF_WHOM "($1 = 0 OR run.repo_id = $1) AND " VISIBLE_TO("$4")
#define FOUND                                                                                                \
	"WITH by_steps AS (SELECT run.id FROM"                                                               \
	" (SELECT step.job_id, " STEP_FAILED " AS failed FROM step"                                          \
	" WHERE step.conclusion NOT IN ('success', 'skipped', 'running')"                                    \
	" ORDER BY step.job_id DESC LIMIT $2) AS unwell"                                                     \
	" JOIN job ON job.id = unwell.job_id JOIN run ON run.id = job.run_id"                                \
	" JOIN repo ON repo.id = run.repo_id WHERE unwell.failed AND " OF_WHOM                               \
	" GROUP BY run.id ORDER BY max(job.id) DESC LIMIT 4 * $3),"                                          \
	" by_results AS (SELECT run.id FROM (SELECT id FROM run WHERE stage IN (1, 4, 6)"                    \
	" ORDER BY over_at DESC, id DESC LIMIT $2) AS over"                                                  \
	" CROSS JOIN run JOIN repo ON repo.id = run.repo_id WHERE run.id = over.id"                          \
	" AND run.settled IN ('fail', 'incomplete') AND " OF_WHOM                                            \
	" ORDER BY run.over_at DESC, run.id DESC LIMIT 4 * $3),"                                             \
	" found AS (SELECT id FROM by_steps UNION SELECT id FROM by_results),"                               \
	" page AS (SELECT run.id, CASE WHEN run.over_at > run.newest_at THEN run.over_at"                    \
	" ELSE run.newest_at END AS last FROM found CROSS JOIN run WHERE run.id = found.id"                  \
	" AND run.settled IN ('fail', 'incomplete') ORDER BY last DESC, run.id DESC LIMIT $3),"
#define NEWEST                                                                                               \
	FOUND COUNTED("page") " first AS (SELECT run_id, first_failed FROM counted)"                         \
			      " SELECT " RUN_TALLY ", " RUN_COLUMNS ", step.id, step.name, job.job_name"     \
			      " FROM page JOIN run ON run.id = page.id JOIN repo ON repo.id = run.repo_id"   \
			      " LEFT JOIN first ON first.run_id = run.id"                                    \
			      " LEFT JOIN step ON step.id = first.first_failed LEFT JOIN job ON job.id = "   \
			      "step.job_id"                                                                  \
			      " ORDER BY page.last DESC, run.id DESC"

struct listing {
	struct rows rows; /* of struct failure */
	int64_t now;
};

static enum err_code take_failure(void *arg, const struct db_row *row, struct err *e)
{
	enum { STEP = RUN_TALLY_N + RUN_COLUMNS_N };
	struct listing *l = arg;
	struct arena *a = l->rows.a;
	struct run r = run_of(row, 0, a);
	(void)e;

	r.status = run_status_derive(&r.tally, l->now);
	*(struct failure *)rows_add(&l->rows) = (struct failure){ .run = r,
		.step_id = row_int(row, STEP),
		.step_name = row_str(row, STEP + 1, a),
		.job_name = row_str(row, STEP + 2, a) };
	return ERR_OK;
}

enum err_code failures_newest(struct db *db, struct arena *a, int64_t repo_id, int64_t viewer, int64_t now,
	int64_t limit, struct failure **ret, size_t *ret_n, struct err *e)
{
	struct listing l = { .rows = { .a = a, .size = sizeof **ret }, .now = now };

	TRY(db_each(db, NEWEST,
		DB_ARGS(DB_I(repo_id),
			DB_I(viewer == 0 && repo_id == 0 ? FAILURES_LOOKED_AT : FAILURES_LOOKED_AT_OF_SOME),
			DB_I(limit), DB_I(viewer)),
		take_failure, &l, e));
	*ret = l.rows.first;
	*ret_n = l.rows.n;
	return ERR_OK;
}
