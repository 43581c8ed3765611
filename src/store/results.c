/*
 * results: what was told of a test of a run, and the verdict.
 *
 * A row is there from when the run was asked for. What is told replaces what was told before, so that a retry changes nothing; then it is judged (model/result.h) by
 * what is accepted at that moment, and the verdict is kept with what it was made of: with each output the content that it was compared with.
 */
#include "store/result_nouns.h"
#include "store/rows.h"
#include "store/tally.h"

/* ---- judging ---- */

struct judged {
	struct result r;
	struct rows outputs;
	bool found;
};

static enum err_code take_result(void *arg, const struct db_row *row, struct err *e)
{
	struct judged *j = arg;

	(void)e;
	j->found = true;
	j->r.has_exit_code = row->v[0].kind != DB_NULL;
	j->r.exit_code = row_int(row, 0);
	j->r.expected_rc = row_int(row, 1);
	return ERR_OK;
}

static enum err_code take_output(void *arg, const struct db_row *row, struct err *e)
{
	struct judged *j = arg;

	(void)e;
	*(struct output *)rows_add(&j->outputs) =
		(struct output){ .output_id = row_int(row, 0), .digest = row_str(row, 1, j->outputs.a) };
	return ERR_OK;
}

static enum err_code take_text(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct str *)rows_add(rows) = row_str(row, 0, rows->a);
	return ERR_OK;
}

/* Any content that is accepted will do; the newest is what another is compared with. */
static enum err_code judge_output(struct db *db, struct arena *a, struct output *o, struct err *e)
{
	struct rows accepted = { .a = a, .size = sizeof(struct str) };

	TRY(db_each(db,
		"SELECT digest FROM baseline WHERE output_id = $1 AND removed_at = 0"
		" ORDER BY CASE WHEN digest = $2 THEN 0 ELSE 1 END, approved_at DESC, digest LIMIT 1",
		DB_ARGS(DB_I(o->output_id), DB_T(o->digest)), take_text, &accepted, e));
	o->expected = accepted.n > 0 ? *(const struct str *)accepted.first : STR("");
	if (o->digest.len == 0)
		o->status = OUTPUT_MISSING;
	else if (accepted.n == 0)
		o->status = OUTPUT_UNEXPECTED;
	else
		o->status = str_eq(o->expected, o->digest) ? OUTPUT_PASS : OUTPUT_FAIL;
	return ERR_OK;
}

static enum err_code judge_outputs(
	struct db *db, int64_t run_id, int64_t test_id, struct judged *j, struct err *e)
{
	TRY(db_each(db,
		"SELECT output_id, digest FROM result_output WHERE run_id = $1 AND test_id = $2"
		" ORDER BY output_id",
		DB_ARGS(DB_I(run_id), DB_I(test_id)), take_output, j, e));
	j->r.outputs = j->outputs.first;
	j->r.n_outputs = j->outputs.n;
	for (size_t i = 0; i < j->r.n_outputs; i++) {
		struct output *o = &j->r.outputs[i];

		TRY(judge_output(db, j->outputs.a, o, e));
		TRY(db_run(db,
			"UPDATE result_output SET status = $4, expected = $5"
			" WHERE run_id = $1 AND test_id = $2 AND output_id = $3",
			DB_ARGS(DB_I(run_id), DB_I(test_id), DB_I(o->output_id),
				DB_T(str_z(output_status_name(o->status))), DB_T(o->expected)),
			NULL, e));
	}
	return ERR_OK;
}

static enum err_code say(struct db *db, int64_t run_id, int64_t test_id, const struct verdict *v,
	struct str signature, struct err *e)
{
	struct str cause = v->status == RESULT_FAIL || v->status == RESULT_MISSING_OUTPUT
				   ? str_z(error_type_name(v->cause))
				   : STR("");

	return db_run(db,
		"UPDATE result SET status = $3, cause = $4, signature = $5 WHERE run_id = $1 AND test_id = "
		"$2",
		DB_ARGS(DB_I(run_id), DB_I(test_id), DB_T(str_z(result_status_name(v->status))), DB_T(cause),
			DB_T(signature)),
		NULL, e);
}

enum err_code results_judge_again(struct db *db, int64_t run_id, int64_t test_id, struct err *e)
{
	struct verdict v;
	AUTO_ARENA a;

	arena_init(&a);
	struct judged j = { .outputs = { .a = &a, .size = sizeof(struct output) } };
	TRY(db_each(db,
		"SELECT exit_code, expected_rc FROM result WHERE run_id = $1 AND test_id = $2 AND tested_at "
		"> 0"
		" AND status <> 'skipped'",
		DB_ARGS(DB_I(run_id), DB_I(test_id)), take_result, &j, e));
	if (!j.found)
		return ERR_OK;
	TRY(judge_outputs(db, run_id, test_id, &j, e));
	v = result_judge(&j.r);
	return say(db, run_id, test_id, &v, result_signature(&j.r, &v, &a), e);
}

/* ---- what is told ---- */

static enum err_code has_test(struct db *db, int64_t run_id, int64_t test_id, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db, "SELECT count(*) FROM result WHERE run_id = $1 AND test_id = $2",
		DB_ARGS(DB_I(run_id), DB_I(test_id)), &n, e));
	return n > 0 ? ERR_OK
		     : err_set(e, ERR_UNPROCESSABLE,
			       "test %lld is none of run %lld (its config says which are)",
			       (long long)test_id, (long long)run_id);
}

static enum err_code put_content(struct db *db, int64_t run_id, int64_t test_id, const struct output_told *o,
	int64_t now, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db,
		"UPDATE result_output SET digest = $4, n_bytes = $5, written_at = $6, kept = 1"
		" WHERE run_id = $1 AND test_id = $2 AND output_id = (SELECT id FROM test_output"
		" WHERE test_id = $2 AND ($3 = 0 OR id = $3) AND ($7 = '' OR filename = $7))",
		DB_ARGS(DB_I(run_id), DB_I(test_id), DB_I(o->output_id), DB_T(o->digest), DB_I(o->n_bytes),
			DB_I(now), DB_T(o->filename)),
		&n, e));
	if (n > 0)
		return ERR_OK;
	return err_set(e, ERR_UNPROCESSABLE,
		"test %lld is not expected to write \"%.*s\": only what is expected is told",
		(long long)test_id, STR_FMT(o->filename));
}

/* What is expected and is not told was not written. */
static enum err_code put_outputs(
	struct db *db, int64_t run_id, const struct result_told *r, int64_t now, struct err *e)
{
	if (r->has_outputs)
		TRY(db_run(db,
			"UPDATE result_output SET digest = '', n_bytes = -1 WHERE run_id = $1 AND test_id = "
			"$2",
			DB_ARGS(DB_I(run_id), DB_I(r->test_id)), NULL, e));
	for (size_t i = 0; i < r->n_outputs; i++)
		TRY(put_content(db, run_id, r->test_id, &r->outputs[i], now, e));
	return ERR_OK;
}

static enum err_code put_facts(
	struct db *db, int64_t run_id, const struct result_told *r, int64_t now, struct err *e)
{
	return db_run(db,
		"UPDATE result SET exit_code = $3, runtime_ms = $4, message = $5, status = 'fail',"
		" tested_at = CASE WHEN tested_at > 0 THEN tested_at ELSE $6 END"
		" WHERE run_id = $1 AND test_id = $2",
		DB_ARGS(DB_I(run_id), DB_I(r->test_id), r->has_exit_code ? DB_I(r->exit_code) : DB_NONE,
			DB_I(r->runtime_ms), DB_T(r->message), DB_I(now)),
		NULL, e);
}

/* What a report says, or that it was passed by: nothing is to be judged. */
static enum err_code take_word(struct db *db, int64_t run_id, const struct result_told *r, struct err *e)
{
	struct verdict v = { .status = r->status, .cause = TYPE_TEST_FAILURE };
	struct result as_told = { .message = r->message };
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	code = say(db, run_id, r->test_id, &v, result_signature(&as_told, &v, &a), e);
	return code;
}

enum err_code results_put(
	struct db *db, int64_t run_id, const struct result_told *r, int64_t now, struct err *e)
{
	TRY(has_test(db, run_id, r->test_id, e));
	if (r->status == RESULT_RUNNING)
		return db_run(db,
			"UPDATE result SET status = 'running' WHERE run_id = $1 AND test_id = $2"
			" AND status = 'not_started'",
			DB_ARGS(DB_I(run_id), DB_I(r->test_id)), NULL, e);
	TRY(put_facts(db, run_id, r, now, e));
	if (r->status != RESULT_NOT_STARTED)
		return take_word(db, run_id, r, e);
	TRY(put_outputs(db, run_id, r, now, e));
	return results_judge_again(db, run_id, r->test_id, e);
}

/* ---- bytes that come ---- */

struct told_before {
	int64_t test_id;
	struct str digest;
	struct arena *a;
	bool found;
};

static enum err_code take_told(void *arg, const struct db_row *row, struct err *e)
{
	struct told_before *t = arg;

	(void)e;
	t->found = true;
	t->test_id = row_int(row, 0);
	t->digest = row_str(row, 1, t->a);
	return ERR_OK;
}

enum err_code results_put_output(struct db *db, int64_t run_id, int64_t output_id, struct str digest,
	int64_t n_bytes, bool told_only, int64_t now, struct err *e)
{
	struct output_told o = { .output_id = output_id, .digest = digest, .n_bytes = n_bytes };
	AUTO_ARENA a;

	arena_init(&a);
	struct told_before t = { .a = &a };
	TRY(db_each(db,
		"SELECT o.test_id, told.digest FROM test_output AS o JOIN result_output AS told"
		" ON told.run_id = $1 AND told.test_id = o.test_id AND told.output_id = o.id WHERE o.id = $2",
		DB_ARGS(DB_I(run_id), DB_I(output_id)), take_told, &t, e));
	if (!t.found)
		return err_set(e, ERR_NOT_FOUND, "run %lld has no output %lld", (long long)run_id,
			(long long)output_id);
	if (t.digest.len == 0 && told_only)
		return err_set(e, ERR_CONFLICT,
			"run %lld is finished: only bytes of what its results told are taken still",
			(long long)run_id);
	if (t.digest.len > 0 && !str_eq(t.digest, digest))
		return err_set(e, ERR_UNPROCESSABLE,
			"the result says that output %lld is %.*s: send that, or the result again first",
			(long long)output_id, STR_FMT(t.digest));
	TRY(put_content(db, run_id, t.test_id, &o, now, e));
	return t.digest.len > 0 ? ERR_OK : results_judge_again(db, run_id, t.test_id, e);
}

static enum err_code take_id(void *arg, const struct db_row *row, struct err *e)
{
	(void)e;
	*(int64_t *)rows_add(arg) = row_int(row, 0);
	return ERR_OK;
}

enum err_code results_wanted(struct db *db, struct arena *a, int64_t run_id, int64_t test_id, int64_t **ret,
	size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT o.output_id FROM result_output AS o LEFT JOIN blob ON blob.digest = o.digest"
		" AND blob.state = 'ok' WHERE o.run_id = $1 AND o.test_id = $2 AND o.digest <> ''"
		" AND o.kept = 1 AND blob.digest IS NULL ORDER BY o.output_id",
		DB_ARGS(DB_I(run_id), DB_I(test_id)), take_id, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code results_count(struct db *db, int64_t run_id, struct err *e)
{
	return tally_results(db, run_id, e);
}

/* ---- tests that are run elsewhere ---- */

#define ELSEWHERE "(run elsewhere)"

static enum err_code find_foreign(struct db *db, struct str name, int64_t sample_id, int64_t now,
	int64_t *ret_id, bool *ret_new, struct err *e)
{
	int64_t n = 0;
	enum err_code code;

	TRY(db_run(db,
		"INSERT INTO regression_test (name, sample_id, command, shell, input_type, output_type,"
		" expected_rc, timeout_ms, description, active, added_at, elsewhere)"
		" VALUES ($1, $2, '" ELSEWHERE
		"', 0, '', '', 0, 0, '', 0, $3, 1) ON CONFLICT (name) DO NOTHING",
		DB_ARGS(DB_T(name), DB_I(sample_id), DB_I(now)), &n, e));
	code = db_int(db, "SELECT id FROM regression_test WHERE name = $1 AND elsewhere = 1",
		DB_ARGS(DB_T(name)), ret_id, e);
	*ret_new = n > 0;
	return code == ERR_NOT_FOUND
		       ? err_set(e, ERR_UNPROCESSABLE,
				 "the suite has a test \"%.*s\" of its own: give yours another name",
				 STR_FMT(name))
		       : code;
}

enum err_code results_put_foreign(struct db *db, int64_t run_id, struct str name, int64_t sample_id,
	const struct result_told *r, int64_t now, bool *ret_new, struct err *e)
{
	struct result_told told = *r;

	TRY(find_foreign(db, name, sample_id, now, &told.test_id, ret_new, e));
	TRY(db_run(db,
		"INSERT INTO result (run_id, test_id, sample_id, status, cause, exit_code, expected_rc, "
		"runtime_ms,"
		" tested_at, message, signature) VALUES ($1, $2, $3, 'not_started', '', NULL, 0, -1, 0, '', "
		"'')"
		" ON CONFLICT (run_id, test_id) DO NOTHING",
		DB_ARGS(DB_I(run_id), DB_I(told.test_id), DB_I(sample_id)), NULL, e));
	return results_put(db, run_id, &told, now, e);
}

enum err_code results_may_import(struct db *db, int64_t run_id, struct err *e)
{
	int64_t stage = 0;

	TRY(db_int(db, "SELECT stage FROM run WHERE id = $1", DB_ARGS(DB_I(run_id)), &stage, e));
	if (stage == STAGE_NONE)
		return ERR_OK;
	return err_set(e, ERR_CONFLICT, "run %lld is of the suite: what became of its tests its worker tells",
		(long long)run_id);
}
