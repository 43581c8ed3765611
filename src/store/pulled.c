/*
 * pulled: what was fetched makes room for what is told.
 *
 * Whose step is whose cannot be said: a runner knows its job by the key in the workflow, the forge by the name that is shown and an id of its own. But logs are fetched only where no runner
 * told anything, and so whatever is told later stands for all of that attempt. What goes is deleted: a row that is there and does not count would have to be left out by every statement that
 * reads steps. The files of its logs have no row then, and are what the janitor calls leftovers.
 */
#include "store/pulled.h"

#include "store/errors.h"
#include "store/nouns.h"
#include "store/rows.h"

static enum err_code take_id(void *arg, const struct db_row *row, struct err *e)
{
	(void)e;
	*(int64_t *)rows_add(arg) = row_int(row, 0);
	return ERR_OK;
}

static enum err_code drop_errors(struct db *db, const struct rows *steps, struct err *e)
{
	const int64_t *ids = steps->first;

	for (size_t i = 0; i < steps->n; i++)
		TRY(errors_drop(db, ids[i], e));
	return ERR_OK;
}

static enum err_code drop(struct db *db, int64_t run_id, int64_t attempt, struct err *e)
{
	struct rows steps = { .size = sizeof(int64_t) };
	int64_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	steps.a = &a;
	TRY(db_each(db,
		"SELECT step.id FROM job JOIN step ON step.job_id = job.id"
		" WHERE job.run_id = $1 AND job.attempt = $2 AND job.source = 'pull'",
		DB_ARGS(DB_I(run_id), DB_I(attempt)), take_id, &steps, e));
	TRY(drop_errors(db, &steps, e));
	TRY(db_run(db, "DELETE FROM job WHERE run_id = $1 AND attempt = $2 AND source = 'pull'",
		DB_ARGS(DB_I(run_id), DB_I(attempt)), &n, e));
	return n > 0 ? runs_count_again(db, run_id, e) : ERR_OK;
}

static enum err_code refuse_if_told(struct db *db, int64_t run_id, int64_t attempt, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db, "SELECT count(*) FROM job WHERE run_id = $1 AND attempt = $2 AND source <> 'pull'",
		DB_ARGS(DB_I(run_id), DB_I(attempt)), &n, e));
	if (n > 0)
		return err_set(e, ERR_CONFLICT, "a runner has told of this attempt of the run itself");
	return ERR_OK;
}

enum err_code pulled_make_room(struct db *db, int64_t run_id, const struct step_facts *f, struct err *e)
{
	return f->pulled ? refuse_if_told(db, run_id, f->attempt, e) : drop(db, run_id, f->attempt, e);
}

enum err_code pulled_is_told(struct db *db, int64_t repo_id, struct str head_sha, struct str external_run_id,
	int64_t attempt, bool *ret, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db,
		"SELECT count(*) FROM run JOIN job ON job.run_id = run.id WHERE run.repo_id = $1"
		" AND run.head_sha = $2 AND run.external_run_id = $3 AND job.attempt = $4 AND job.source <> "
		"'pull'",
		DB_ARGS(DB_I(repo_id), DB_T(head_sha), DB_T(external_run_id), DB_I(attempt)), &n, e));
	*ret = n > 0;
	return ERR_OK;
}

/* ---- which runs ---- */

enum err_code pulls_want(struct db *db, int64_t forge_run_id, int64_t at, struct err *e)
{
	return db_run(db,
		"UPDATE forge_run SET pull_state = 'wanted', pull_at = $2, pull_tries = 0 WHERE id = $1 AND "
		"pull_state = ''",
		DB_ARGS(DB_I(forge_run_id), DB_I(at)), NULL, e);
}

enum err_code pulls_due(struct db *db, struct arena *a, struct str forge, int64_t now, int64_t limit,
	int64_t **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT f.id FROM forge_run AS f JOIN repo ON repo.id = f.repo_id WHERE f.pull_state = "
		"'wanted' AND f.pull_at <= $1 AND repo.forge = $3 ORDER BY f.pull_at, f.id "
		"LIMIT $2",
		DB_ARGS(DB_I(now), DB_I(limit), DB_T(forge)), take_id, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code pulls_note(
	struct db *db, int64_t forge_run_id, const char *state, int64_t tries, int64_t at, struct err *e)
{
	return db_run(db, "UPDATE forge_run SET pull_state = $2, pull_tries = $3, pull_at = $4 WHERE id = $1",
		DB_ARGS(DB_I(forge_run_id), DB_T(str_z(state)), DB_I(tries), DB_I(at)), NULL, e);
}
