/*
 * result_outputs: what tests wrote, beside what they were expected to write; and all that there is of a run to be fetched.
 *
 * Whether a file is here is what its blob's row says (the last write or scrub found it); who sends it looks again.
 */
#include "store/result_nouns.h"
#include "store/rows.h"

/* ---- one output ---- */

static enum err_code find_file(
	struct db *db, struct arena *a, struct str digest, struct output_file *ret, struct err *e)
{
	struct output_file f = { .digest = digest, .state = BLOB_MISSING };
	enum err_code code;
	struct blob blob;

	if (digest.len > 0) {
		code = blobs_get(db, a, digest, &blob, e);
		if (code != ERR_OK && code != ERR_NOT_FOUND)
			return code;
		if (code == ERR_OK) {
			f.n_bytes = blob.n_bytes;
			f.state = blob.state;
			f.here = blob.state != BLOB_MISSING;
		}
	}
	*ret = f;
	return ERR_OK;
}

struct finding {
	struct arena *a;
	struct output_pair pair;
	bool found;
};

static enum err_code take_pair(void *arg, const struct db_row *row, struct err *e)
{
	struct finding *f = arg;
	struct output *o = &f->pair.output;

	f->found = true;
	o->output_id = row_int(row, 0);
	o->filename = row_str(row, 1, f->a);
	o->digest = row_str(row, 3, f->a);
	o->expected = row_str(row, 4, f->a);
	o->n_bytes = row_int(row, 5);
	f->pair.output_type = row_str(row, 6, f->a);
	if (!output_status_find(row->v[2].s, &o->status))
		return err_set(e, ERR_STORAGE, "an output has a status unknown to this program");
	return ERR_OK;
}

enum err_code outputs_get(
	struct db *db, struct arena *a, const struct output_place *at, struct output_pair *ret, struct err *e)
{
	struct finding f = { .a = a };

	TRY(db_each(db,
		"SELECT o.output_id, f.filename, o.status, o.digest, o.expected, o.n_bytes, t.output_type"
		" FROM result_output AS o JOIN result AS r ON r.run_id = o.run_id AND r.test_id = o.test_id"
		" JOIN test_output AS f ON f.id = o.output_id JOIN regression_test AS t ON t.id = o.test_id"
		" WHERE o.run_id = $1 AND o.test_id = $2 AND o.output_id = $3 AND r.sample_id = $4",
		DB_ARGS(DB_I(at->run_id), DB_I(at->test_id), DB_I(at->output_id), DB_I(at->sample_id)),
		take_pair, &f, e));
	if (!f.found)
		return err_set(e, ERR_NOT_FOUND,
			"run %lld has no output %lld of test %lld over sample %lld, or not yet",
			(long long)at->run_id, (long long)at->output_id, (long long)at->test_id,
			(long long)at->sample_id);
	TRY(find_file(db, a, f.pair.output.digest, &f.pair.actual, e));
	TRY(find_file(db, a, f.pair.output.expected, &f.pair.expected, e));
	*ret = f.pair;
	return ERR_OK;
}

/* ---- all there is of a run ---- */

/* $1 run. */
#define LOGS_OF(tests)                                                                                       \
	" FROM job CROSS JOIN step LEFT JOIN result AS r ON r.run_id = job.run_id"                           \
	" AND r.test_id = job.test_id LEFT JOIN log ON log.step_id = step.id"                                \
	" LEFT JOIN tail ON tail.step_id = step.id WHERE job.run_id = $1 AND step.job_id = job.id"           \
	" AND " tests " AND (log.step_id IS NOT NULL OR tail.step_id IS NOT NULL)"
#define LOG_COLUMNS                                                                                          \
	"SELECT step.id, coalesce(r.sample_id, 0), job.test_id, 0, CASE WHEN job.test_id > 0"                \
	" THEN job.job_name ELSE step.name END, '', coalesce(log.text_bytes, step.n_bytes), 'ok'"
#define FILES_OF(condition)                                                                                  \
	" FROM result_output AS o CROSS JOIN result AS r CROSS JOIN test_output AS f"                        \
	" WHERE o.run_id = $1 AND r.run_id = o.run_id AND r.test_id = o.test_id"                             \
	" AND f.id = o.output_id AND " condition
#define FILE_COLUMNS(digest)                                                                                 \
	"SELECT 0, r.sample_id, o.test_id, o.output_id, f.filename, " digest ","                             \
	" coalesce((SELECT n_bytes FROM blob WHERE blob.digest = " digest "), -1),"                          \
	" coalesce((SELECT state FROM blob WHERE blob.digest = " digest "), 'missing')"
/* Of a difference: it is as well as the worse of its two sides. */
#define WORSE                                                                                                \
	"SELECT 0, r.sample_id, o.test_id, o.output_id, f.filename, o.digest, -1,"                           \
	" CASE WHEN (SELECT count(*) FROM blob WHERE blob.digest IN (o.digest, o.expected)"                  \
	" AND blob.state <> 'missing') < 2 THEN 'missing' WHEN EXISTS (SELECT 1 FROM blob"                   \
	" WHERE blob.digest IN (o.digest, o.expected) AND blob.state = 'degraded') THEN 'degraded' ELSE "    \
	"'ok' END"
#define TOTAL(of) "SELECT count(*) FROM (SELECT 1" of " LIMIT 10001) AS x"
#define FILES(digest, condition)                                                                             \
	{                                                                                                    \
		TOTAL(FILES_OF(condition)),                                                                  \
			FILE_COLUMNS(digest)                                                                 \
				FILES_OF(condition) " ORDER BY o.test_id, o.output_id LIMIT $2 OFFSET $3"    \
	}
#define LOGS(tests)                                                                                          \
	{                                                                                                    \
		TOTAL(LOGS_OF(tests)), LOG_COLUMNS LOGS_OF(tests) " ORDER BY step.id LIMIT $2 OFFSET $3"     \
	}

static const struct {
	const char *total, *page;
} kinds[ARTIFACT_N_KINDS] = {
	[ARTIFACT_LOG] = LOGS("job.test_id = 0"),
	[ARTIFACT_STDOUT] = LOGS("job.test_id > 0"),
	[ARTIFACT_ACTUAL] = FILES("o.digest", "o.digest <> ''"),
	[ARTIFACT_EXPECTED] = FILES("o.expected", "o.expected <> ''"),
	[ARTIFACT_DIFF] = { TOTAL(FILES_OF("o.status = 'fail'")),
		WORSE FILES_OF("o.status = 'fail'") " ORDER BY o.test_id, o.output_id LIMIT $2 OFFSET $3" },
};

static enum err_code take_artifact(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct artifact x = { .step_id = row_int(row, 0),
		.sample_id = row_int(row, 1),
		.test_id = row_int(row, 2),
		.output_id = row_int(row, 3),
		.filename = row_str(row, 4, rows->a),
		.digest = row_str(row, 5, rows->a),
		.n_bytes = row_int(row, 6) };

	if (!blob_state_find(row->v[7].s, &x.state))
		return err_set(e, ERR_STORAGE, "a blob has a state unknown to this program");
	x.here = x.state != BLOB_MISSING;
	*(struct artifact *)rows_add(rows) = x;
	return ERR_OK;
}

enum err_code artifacts_list(struct db *db, struct arena *a, int64_t run_id, enum artifact_kind kind,
	int64_t limit, int64_t offset, struct artifact **ret, size_t *ret_n, int64_t *ret_total,
	struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(rows_total(db, kinds[kind].total, DB_ARGS(DB_I(run_id)), ret_total, e));
	if (limit > 0)
		TRY(db_each(db, kinds[kind].page, DB_ARGS(DB_I(run_id), DB_I(limit), DB_I(offset)),
			take_artifact, &rows, e));
	for (size_t i = 0; i < rows.n; i++)
		((struct artifact *)rows.first)[i].kind = kind;
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

/* ---- going ---- */

#define OLD                                                                                                  \
	"SELECT run_id, test_id, output_id FROM result_output WHERE kept = 1 AND digest <> '' AND "          \
	"written_at < $1"

enum err_code outputs_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e)
{
	if (dry)
		return db_int(
			db, "SELECT count(*) FROM (" OLD ") AS old", DB_ARGS(DB_I(before)), ret_rows, e);
	return db_run(db,
		"UPDATE result_output SET kept = 0 WHERE (run_id, test_id, output_id) IN (SELECT run_id, "
		"test_id,"
		" output_id FROM (" OLD " ORDER BY written_at LIMIT $2) AS old)",
		DB_ARGS(DB_I(before), DB_I(limit)), ret_rows, e);
}
