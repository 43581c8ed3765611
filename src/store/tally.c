/*
 * tally: what is counted of a run's steps is kept with the run; 0007-run-tally.sql is the essay on why.
 *
 * Whoever changes a step brackets the change: tally_before() notes what the step counts for, tally_after() puts the difference into the
 * run, in the same transaction. A difference is enough while all jobs of a run are of one attempt, as of nearly every run: then every step
 * counts, and a post costs the same whatever the number of steps before it. With several attempts a post may also
 * decide which of the other steps count (a job's first step in a new attempt, a job that tells its name at last). And when the step that was heard of last
 * is now older, or the one that began first began later, the others have to be asked. Then all of the run is counted again.
 *
 * The counting itself is COUNTED of tally.h, and the rule that of model/step.h: here is neither.
 */
#include "store/tally.h"

#include "store/nouns.h"

#include <string.h>

/* ---- of one step ---- */

static enum err_code take_step(void *arg, const struct db_row *row, struct err *e)
{
	struct tally_change *c = arg;
	struct tally_step s = { .there = true, .received_at = row_int(row, 1), .began_at = row_int(row, 2) };

	if (!conclusion_find(row->v[0].s, &s.conclusion))
		return err_set(e, ERR_STORAGE, "a step of run %lld has a conclusion unknown to this program",
			(long long)row_int(row, 3));
	c->before = s;
	c->run_id = row_int(row, 3);
	return ERR_OK;
}

#define STEP                                                                                                 \
	"SELECT step.conclusion, step.received_at, " STEP_BEGAN ", job.run_id"                               \
	" FROM step JOIN job ON job.id = step.job_id WHERE "

enum err_code tally_before(struct db *db, int64_t step_id, struct tally_change *ret, struct err *e)
{
	struct tally_change c = { 0 };

	TRY(db_each(db, STEP "step.id = $1", DB_ARGS(DB_I(step_id)), take_step, &c, e));
	*ret = c;
	return ERR_OK;
}

enum err_code tally_before_put(
	struct db *db, int64_t job_id, struct str step_key, struct tally_change *ret, struct err *e)
{
	struct tally_change c = { 0 };

	TRY(db_each(db, STEP "step.job_id = $1 AND step.step_key = $2", DB_ARGS(DB_I(job_id), DB_T(step_key)),
		take_step, &c, e));
	*ret = c;
	return ERR_OK;
}

/* ---- of a run ---- */

struct kept { /* as the run has it now */
	struct run_tally tally;
	struct str settled;
	int64_t heard_minute;
	char settled_text[16];
	bool found;
};

static enum err_code take_kept(void *arg, const struct db_row *row, struct err *e)
{
	struct kept *k = arg;
	struct str settled = row->v[RUN_TALLY_N].s;

	(void)e;
	k->tally = tally_of(row, 0);
	k->settled.p = k->settled_text;
	k->settled.len = settled.len < sizeof k->settled_text ? settled.len : sizeof k->settled_text;
	memcpy(k->settled_text, settled.p, k->settled.len);
	k->heard_minute = row_int(row, RUN_TALLY_N + 1);
	k->found = true;
	return ERR_OK;
}

#define KEPT RUN_TALLY ", run.settled, run.heard_minute"
#define RETURNING_KEPT " RETURNING " KEPT

static struct run_tally counts_of(const struct tally_step *s)
{
	if (!s->there)
		return (struct run_tally){ 0 };
	return (struct run_tally){ .n_steps = 1,
		.n_failed = conclusion_failed(s->conclusion),
		.n_lost = s->conclusion == CONCLUSION_RUNNER_LOST,
		.n_running = s->conclusion == CONCLUSION_RUNNING,
		.n_cancelled = s->conclusion == CONCLUSION_CANCELLED };
}

/* Of a run that has to be counted again nothing is changed, and k->found stays false. */
static enum err_code add_difference(struct db *db, int64_t run_id, const struct tally_step *before,
	const struct tally_step *after, struct kept *k, struct err *e)
{
	struct run_tally was = counts_of(before), is = counts_of(after);

	return db_each(db,
		"UPDATE run SET n_steps = n_steps + $2, n_failed = n_failed + $3, n_lost = n_lost + $4,"
		" n_running = n_running + $5, n_cancelled = n_cancelled + $6,"
		" newest_at = CASE WHEN newest_at > $7 THEN newest_at ELSE $7 END,"
		" began_at = CASE WHEN n_steps > 0 AND began_at < $8 THEN began_at ELSE $8 END"
		" WHERE id = $1 AND ($7 >= CAST($9 AS BIGINT) OR newest_at > $9)"
		" AND ($8 <= CAST($10 AS BIGINT) OR began_at < $10)"
		" AND (SELECT min(attempt) FROM job WHERE job.run_id = $1)"
		" = (SELECT max(attempt) FROM job WHERE job.run_id = $1)" RETURNING_KEPT,
		DB_ARGS(DB_I(run_id), DB_I(is.n_steps - was.n_steps), DB_I(is.n_failed - was.n_failed),
			DB_I(is.n_lost - was.n_lost), DB_I(is.n_running - was.n_running),
			DB_I(is.n_cancelled - was.n_cancelled), DB_I(after->received_at),
			DB_I(after->began_at), DB_I(before->there ? before->received_at : 0),
			DB_I(before->there ? before->began_at : INT64_MAX)),
		take_kept, k, e);
}

/* A run without steps counts too: zeros. */
#define COUNTED_ONE                                                                                          \
	"WITH one AS (SELECT id FROM run WHERE id = $1)," COUNTED(                                           \
		"one") " now AS (SELECT one.id, counted.* FROM one LEFT JOIN counted ON counted.run_id = "   \
		       "one.id)"

static enum err_code count_again(struct db *db, int64_t run_id, struct kept *k, struct err *e)
{
	static const char sql[] = COUNTED_ONE
		" UPDATE run SET n_steps = coalesce(now.n_steps, 0), n_failed = coalesce(now.n_failed, 0),"
		" n_lost = coalesce(now.n_lost, 0), n_running = coalesce(now.n_running, 0),"
		" n_cancelled = coalesce(now.n_cancelled, 0), newest_at = coalesce(now.newest_at, 0),"
		" began_at = coalesce(now.began, 0) FROM now WHERE run.id = now.id" RETURNING_KEPT;

	return db_each(db, sql, DB_ARGS(DB_I(run_id)), take_kept, k, e);
}

/* The status once nothing is heard of the run any more. */
static struct str settled_of(const struct run_tally *t)
{
	return str_z(run_status_name(run_status_derive(t, t->newest_at + RUN_QUIET_MS)));
}

static int64_t heard_minute_of(const struct run_tally *t)
{
	return t->stage == STAGE_NONE ? t->newest_at / TALLY_MINUTE_MS : 0;
}

/* Only when they change, because indexes have to follow. */
static enum err_code settle(struct db *db, int64_t run_id, const struct kept *k, struct err *e)
{
	const struct run_tally *t = &k->tally;

	if (!k->found || (str_eq(settled_of(t), k->settled) && k->heard_minute == heard_minute_of(t)))
		return ERR_OK;
	return db_run(db, "UPDATE run SET settled = $2, heard_minute = $3 WHERE id = $1",
		DB_ARGS(DB_I(run_id), DB_T(settled_of(t)), DB_I(heard_minute_of(t))), NULL, e);
}

enum err_code tally_settle(struct db *db, int64_t run_id, struct err *e)
{
	struct kept k = { .found = false };

	TRY(db_each(db, "SELECT " KEPT " FROM run WHERE id = $1", DB_ARGS(DB_I(run_id)), take_kept, &k, e));
	return settle(db, run_id, &k, e);
}

enum err_code tally_after(struct db *db, int64_t step_id, const struct tally_change *c, struct err *e)
{
	struct tally_change after = { 0 };
	struct kept k = { .found = false };

	TRY(tally_before(db, step_id, &after, e));
	if (!after.before.there)
		return ERR_OK;
	TRY(add_difference(db, after.run_id, &c->before, &after.before, &k, e));
	if (!k.found)
		TRY(count_again(db, after.run_id, &k, e));
	return settle(db, after.run_id, &k, e);
}

/* ---- results ---- */

/* What was skipped of the suite could not be run: it is open still. What something else ran and skipped is as it is to be. */
#define IS_OPEN "(status IN ('not_started', 'running') OR (status = 'skipped' AND run.stage > 0))"
#define RESULTS_OF_RUN                                                                                       \
	" (SELECT count(*) FROM result WHERE result.run_id = run.id AND NOT " IS_OPEN "),"                   \
	" (SELECT count(*) FROM result WHERE result.run_id = run.id"                                         \
	" AND status IN ('fail', 'missing_output')),"                                                        \
	" (SELECT count(*) FROM result WHERE result.run_id = run.id AND " IS_OPEN ")"

/* A run has some hundred results, which come in batches: they are counted again. */
enum err_code tally_results(struct db *db, int64_t run_id, struct err *e)
{
	TRY(db_run(db, "UPDATE run SET (n_results, n_bad, n_open) = (SELECT" RESULTS_OF_RUN ") WHERE id = $1",
		DB_ARGS(DB_I(run_id)), NULL, e));
	return tally_settle(db, run_id, e);
}

/* ---- all runs, for verify ---- */

static bool same_tally(const struct run_tally *a, const struct run_tally *b)
{
	return a->n_steps == b->n_steps && a->n_failed == b->n_failed && a->n_lost == b->n_lost &&
	       a->n_running == b->n_running && a->n_cancelled == b->n_cancelled &&
	       a->newest_at == b->newest_at && a->n_results == b->n_results && a->n_bad == b->n_bad &&
	       a->n_open == b->n_open;
}

/* As BOTH has them: the steps counted, the results counted, what is kept, and of each of what follows what is counted and what is kept. */
enum { COUNTED_STEPS = 1, COUNTED_RESULTS = 7, KEPT_TALLY = 10, BEGAN = KEPT_TALLY + RUN_TALLY_N };

static enum err_code take_both(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct run_kept r = { .run_id = row_int(row, 0),
		.counted = tally_of_steps(row, COUNTED_STEPS),
		.kept = tally_of(row, KEPT_TALLY) };

	(void)e;
	r.counted.n_results = row_int(row, COUNTED_RESULTS);
	r.counted.n_bad = row_int(row, COUNTED_RESULTS + 1);
	r.counted.n_open = row_int(row, COUNTED_RESULTS + 2);
	r.counted.stage = r.kept.stage;
	r.same = same_tally(&r.counted, &r.kept) && row_int(row, BEGAN) == row_int(row, BEGAN + 1) &&
		 row_int(row, BEGAN + 2) == heard_minute_of(&r.kept) &&
		 str_eq(row->v[BEGAN + 3].s, settled_of(&r.counted));
	*(struct run_kept *)rows_add(rows) = r;
	return ERR_OK;
}

#define BOTH                                                                                                 \
	"WITH page AS (SELECT id FROM run WHERE id > $1 ORDER BY id LIMIT $2)," COUNTED(                     \
		"page") " now AS (SELECT page.id, counted.* FROM page LEFT JOIN counted ON counted.run_id "  \
			"= page.id)"                                                                         \
			" SELECT run.id, now.n_steps, now.n_failed, now.n_lost, now.n_running, "             \
			"now.n_cancelled,"                                                                   \
			" now.newest_at," RESULTS_OF_RUN ", " RUN_TALLY                                      \
			", now.began, run.began_at, run.heard_minute, run.settled"                           \
			" FROM now JOIN run ON run.id = now.id ORDER BY run.id"

enum err_code runs_kept(struct db *db, struct arena *a, int64_t after, int64_t limit, struct run_kept **ret,
	size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db, BOTH, DB_ARGS(DB_I(after), DB_I(limit)), take_both, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code runs_count_again(struct db *db, int64_t run_id, struct err *e)
{
	struct kept k = { .found = false };

	TRY(count_again(db, run_id, &k, e));
	TRY(settle(db, run_id, &k, e));
	return tally_results(db, run_id, e);
}
