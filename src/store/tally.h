#ifndef STORE_TALLY_H
#define STORE_TALLY_H
/*
 * tally: what the status of a run is derived from (model/step.h): how it is counted in SQL, and how the columns of a run that have it are kept
 * up to date. Internal to the files of nouns.
 *
 * Everything that changes a step's conclusion, received_at or began_at, or makes a step, does it between two calls:
 *
 *	tally_before(db, step_id, &c, e)	or tally_before_put(), of a step that may not be there yet
 *	..
 *	tally_after(db, step_id, &c, e)
 */
#include "model/run.h"
#include "store/rows.h"
#include "store/same_step.h"

/* Which conclusions count as failed, from the one list of them. Of `step`. */
#define WHEN_CONCLUSION(name, text, failed) " WHEN '" text "' THEN " #failed
#define STEP_FAILED "CASE step.conclusion" CONCLUSIONS(WHEN_CONCLUSION) " END"

/* The same, but that the log of a test of the suite that broke off says nothing: the result does, or that its worker was lost. Of `step` and `job`. */
#define STEP_SPEAKS                                                                                          \
	"(CASE WHEN job.test_id > 0 AND step.conclusion = 'runner_lost' THEN false ELSE " STEP_FAILED " END" \
	")"

/* When it began; one that was posted, when it was told. Of `step`. */
#define STEP_BEGAN "CASE WHEN step.began_at > 0 THEN step.began_at ELSE step.received_at END"

/* Over rows with failed, conclusion and received_at (when it ended, of one that streams). */
#define TALLY_COLUMNS                                                                                        \
	"count(*) AS n_steps, count(*) FILTER (WHERE failed) AS n_failed,"                                   \
	" count(*) FILTER (WHERE conclusion = 'runner_lost') AS n_lost,"                                     \
	" count(*) FILTER (WHERE conclusion = 'running') AS n_running,"                                      \
	" count(*) FILTER (WHERE conclusion = 'cancelled') AS n_cancelled,"                                  \
	" coalesce(max(received_at), 0) AS newest_at"

/*
 * What is counted of the steps of the runs in a table `of`: tables seen and counted, and a comma behind them. first_failed: the step of
 * the newest attempts that failed first. In this order: SQLite takes that of a cross join as it is written.
 */
#define COUNTED(of)                                                                                          \
	" seen AS (SELECT job.run_id, step.id, step.conclusion, step.received_at, " STEP_FAILED              \
	" AS failed, " STEP_BEGAN " AS began,"                                                               \
	" job.attempt, max(job.attempt) OVER (PARTITION BY job.run_id, " SAME_JOB ", " SAME_LEG              \
	") AS newest"                                                                                        \
	" FROM " of " CROSS JOIN job CROSS JOIN step"                                                        \
	" WHERE job.run_id = " of ".id AND step.job_id = job.id),"                                           \
	" counted AS (SELECT run_id, " TALLY_COLUMNS ", min(began) AS began,"                                \
	" coalesce(min(id) FILTER (WHERE failed), 0) AS first_failed"                                        \
	" FROM seen WHERE attempt = newest GROUP BY run_id),"

/* What a run has of it, in columns at.. of tally_of(). */
#define RUN_TALLY                                                                                            \
	"run.n_steps, run.n_failed, run.n_lost, run.n_running, run.n_cancelled, run.newest_at,"              \
	" run.n_results, run.n_bad, run.n_open, run.stage"
#define RUN_TALLY_N 10

/* Of steps alone: columns at.. as TALLY_COLUMNS names them. */
static inline struct run_tally tally_of_steps(const struct db_row *row, size_t at)
{
	return (struct run_tally){
		.n_steps = row_int(row, at),
		.n_failed = row_int(row, at + 1),
		.n_lost = row_int(row, at + 2),
		.n_running = row_int(row, at + 3),
		.n_cancelled = row_int(row, at + 4),
		.newest_at = row_int(row, at + 5),
	};
}

/* Columns at.. as RUN_TALLY names them. */
static inline struct run_tally tally_of(const struct db_row *row, size_t at)
{
	struct run_tally t = tally_of_steps(row, at);

	t.n_results = row_int(row, at + 6);
	t.n_bad = row_int(row, at + 7);
	t.n_open = row_int(row, at + 8);
	t.stage = (enum run_stage)row_int(row, at + 9);
	return t;
}

/* Of a run and its repo, behind RUN_TALLY. */
#define RUN_COLUMNS                                                                                          \
	"run.began_at, run.id, run.head_sha, run.external_run_id, run.workflow, run.branch,"                 \
	" run.pull_request, run.url, run.created_at, repo.id, repo.forge, repo.name, run.queued_at,"         \
	" run.started_at, run.over_at"
#define RUN_COLUMNS_N 15
/* That it was asked for, or that of its first job. */
#define RUN_PLATFORM                                                                                         \
	"CASE WHEN run.platform <> '' THEN run.platform ELSE"                                                \
	" (SELECT job.platform FROM job WHERE job.run_id = run.id ORDER BY job.id LIMIT 1) END"
static inline struct run run_of(const struct db_row *row, size_t at, struct arena *a)
{
	size_t k = at + RUN_TALLY_N;

	return (struct run){ .tally = tally_of(row, at),
		.began_at = row_int(row, k),
		.id = row_int(row, k + 1),
		.head_sha = row_str(row, k + 2, a),
		.external_run_id = row_str(row, k + 3, a),
		.workflow = row_str(row, k + 4, a),
		.branch = row_str(row, k + 5, a),
		.pull_request = row_int(row, k + 6),
		.url = row_str(row, k + 7, a),
		.created_at = row_int(row, k + 8),
		.repo_id = row_int(row, k + 9),
		.forge = row_str(row, k + 10, a),
		.repo = row_str(row, k + 11, a),
		.queued_at = row_int(row, k + 12),
		.started_at = row_int(row, k + 13),
		.over_at = row_int(row, k + 14) };
}

/* Kept by itself, it may have been changed by others. */
static inline bool tally_can_be(const struct run_tally *t)
{
	return t->n_lost >= 0 && t->n_lost <= t->n_failed && t->n_failed <= t->n_steps && t->n_bad >= 0 &&
	       t->n_bad <= t->n_results && t->n_open >= 0 && (unsigned)t->stage < STAGE_N;
}

/* Of run.heard_minute; of a run of the suite it is 0, for that says itself when it is over. */
#define TALLY_MINUTE_MS 60000

/* What a run counts of one of its steps. */
struct tally_step {
	bool there;
	enum conclusion conclusion;
	int64_t received_at, began_at;
};
struct tally_change {
	int64_t run_id;
	struct tally_step before;
};

MUST_CHECK enum err_code tally_before(
	struct db *db, int64_t step_id, struct tally_change *ret, struct err *e);
MUST_CHECK enum err_code tally_before_put(
	struct db *db, int64_t job_id, struct str step_key, struct tally_change *ret, struct err *e);
/* W. In the transaction of the change. A step that is not there (any more) changes nothing. */
MUST_CHECK enum err_code tally_after(
	struct db *db, int64_t step_id, const struct tally_change *c, struct err *e);
/* W. The stage of the run, or what is kept of its results, has changed: the words for indexes follow. */
MUST_CHECK enum err_code tally_settle(struct db *db, int64_t run_id, struct err *e);
/* W. Results of the run have changed. */
MUST_CHECK enum err_code tally_results(struct db *db, int64_t run_id, struct err *e);

#endif
