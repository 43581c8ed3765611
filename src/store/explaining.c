/*
 * explaining: which steps wait to be explained, and what they are compared with.
 *
 * That a step waits is said where it ends or changes (steps.c, logs.c, reports.c), in the same transaction: so a crash forgets none. How often it
 * was said since it was last looked at is a number, and who has looked gives it back: a step that changed meanwhile goes on waiting.
 */
#include "store/errors.h"
#include "store/rows.h"
#include "store/tally.h"
#include "store/visible.h"

static enum err_code take_due(void *arg, const struct db_row *row, struct err *e)
{
	struct due_step *d = rows_add(arg);

	(void)e;
	*d = (struct due_step){ .step_id = row_int(row, 0), .due = row_int(row, 1) };
	return ERR_OK;
}

enum err_code explaining_due(
	struct db *db, struct arena *a, int64_t limit, struct due_step **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT id, explain_due FROM step WHERE explain_due <> 0 ORDER BY received_at DESC LIMIT $1",
		DB_ARGS(DB_I(limit)), take_due, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code explaining_count(struct db *db, int64_t *ret, struct err *e)
{
	return rows_total(db,
		"SELECT count(*) FROM (SELECT 1 FROM step WHERE explain_due <> 0 LIMIT 10001) AS x", NULL, 0,
		ret, e);
}

struct text_row {
	struct arena *a;
	struct str text;
};

static enum err_code take_text(void *arg, const struct db_row *row, struct err *e)
{
	struct text_row *t = arg;

	(void)e;
	t->text = row_str(row, 0, t->a);
	return ERR_OK;
}

enum err_code explaining_rules(struct db *db, struct arena *a, struct str *ret, struct err *e)
{
	struct text_row t = { .a = a };

	TRY(db_each(db, "SELECT rules FROM explainer WHERE id = 1", NULL, 0, take_text, &t, e));
	*ret = t.text;
	return ERR_OK;
}

enum err_code explaining_set_rules(struct db *db, struct str digest, struct err *e)
{
	return db_run(db,
		"INSERT INTO explainer (id, rules) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET rules = "
		"excluded.rules",
		DB_ARGS(DB_T(digest)), NULL, e);
}

#define NEXT_FAILED                                                                                          \
	"SELECT id FROM step WHERE id > $1 AND log_expired_at = 0 AND " STEP_FAILED " ORDER BY id LIMIT $2"

enum err_code explaining_again(struct db *db, int64_t after, int64_t limit, int64_t *ret_last, struct err *e)
{
	int64_t last = 0;
	enum err_code code = db_int(db, "SELECT max(id) FROM (" NEXT_FAILED ") AS x",
		DB_ARGS(DB_I(after), DB_I(limit)), &last, e);

	if (code == ERR_NOT_FOUND) {
		*ret_last = 0;
		return ERR_OK;
	}
	TRY(code);
	*ret_last = last;
	return db_run(db, "UPDATE step SET explain_due = explain_due + 1 WHERE id IN (" NEXT_FAILED ")",
		DB_ARGS(DB_I(after), DB_I(limit)), NULL, e);
}

enum err_code explaining_mark(struct db *db, int64_t step_id, struct err *e)
{
	return db_run(db, "UPDATE step SET explain_due = explain_due + 1 WHERE id = $1",
		DB_ARGS(DB_I(step_id)), NULL, e);
}

enum err_code explaining_baseline(
	struct db *db, int64_t step_id, bool log, int64_t *ret_step_id, struct err *e)
{
	int64_t id = 0;
	enum err_code code = db_int(db,
		"SELECT green.id FROM step JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id"
		" JOIN step AS green ON green.series = step.series AND green.conclusion = 'success'"
		" AND green.log_expired_at = 0 AND green.stored_bytes > 0"
		" JOIN job AS green_job ON green_job.id = green.job_id"
		" JOIN run AS green_run ON green_run.id = green_job.run_id"
		" WHERE step.id = $1 AND step.series <> 0 AND green.id <> step.id"
		" AND EXISTS (SELECT 1 FROM log WHERE log.step_id = green.id) = ($2 = 1)"
		" ORDER BY (run.target_branch <> '' AND green_run.branch = run.target_branch) DESC,"
		" (green_run.branch = run.branch) DESC, green.received_at DESC LIMIT 1",
		DB_ARGS(DB_I(step_id), DB_I(log)), &id, e);

	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	*ret_step_id = code == ERR_OK ? id : 0;
	return ERR_OK;
}

#define TEXT_OF_STEPS                                                                                        \
	"SELECT step.id FROM (SELECT id, job_id, received_at FROM step"                                      \
	" WHERE log_expired_at = 0 AND stored_bytes > 0 AND "
#define OF_A_REPO                                                                                            \
	" ORDER BY received_at DESC LIMIT $3) AS step JOIN job ON job.id = step.job_id"                      \
	" JOIN run ON run.id = job.run_id JOIN repo ON repo.id = run.repo_id"                                \
	" WHERE (run.repo_id = $1 OR $1 = 0) AND " VISIBLE_TO(                                               \
		"$4") " ORDER BY step.received_at DESC, step.id DESC LIMIT $2"

static enum err_code take_id(void *arg, const struct db_row *row, struct err *e)
{
	(void)e;
	*(int64_t *)rows_add(arg) = row_int(row, 0);
	return ERR_OK;
}

enum err_code explaining_newest(struct db *db, struct arena *a, int64_t repo_id, int64_t viewer, bool failed,
	int64_t limit, int64_t **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		failed ? TEXT_OF_STEPS STEP_FAILED OF_A_REPO
		       : TEXT_OF_STEPS "conclusion = 'success'" OF_A_REPO,
		DB_ARGS(DB_I(repo_id), DB_I(limit), DB_I(EXPLAINING_NEWEST_MAX), DB_I(viewer)), take_id,
		&rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}
