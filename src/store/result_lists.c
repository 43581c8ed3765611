/*
 * result_lists: results as they are asked for: those of a run, the history of a sample, and what went wrong with them.
 *
 * Filters, order and totals are the database's; a page costs a number of statements that is the same for any length.
 */
#include "store/like.h"
#include "store/result_nouns.h"
#include "store/tally.h"
#include "store/visible.h"

/* ---- of a run ---- */

/* $1 run, $2 test, $3 status, $4 a part of the sample's name, $5 tag, $6 category, $7 limit, $8 offset. */
#define OF_QUERY                                                                                             \
	" FROM result AS r CROSS JOIN regression_test AS t CROSS JOIN sample"                                \
	" WHERE r.run_id = $1 AND t.id = r.test_id AND sample.id = r.sample_id"                              \
	" AND ($2 = 0 OR r.test_id = $2) AND ($3 = '' OR r.status = $3)"                                     \
	" AND ($4 = '' OR lower(sample.name) LIKE $4 ESCAPE '!')"                                            \
	" AND ($5 = '' OR EXISTS (SELECT 1 FROM sample_tag WHERE sample_tag.sample_id = sample.id"           \
	" AND lower(sample_tag.tag) = lower($5)))"                                                           \
	" AND ($6 = '' OR EXISTS (SELECT 1 FROM test_category WHERE test_category.test_id = t.id"            \
	" AND lower(test_category.category) = lower($6)))"
#define PAGE " ORDER BY r.test_id LIMIT $7 OFFSET $8"
#define PAGE_TESTS "(SELECT r.test_id" OF_QUERY PAGE ")"

static enum err_code take_result(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct result r = { .run_id = row_int(row, 0),
		.test_id = row_int(row, 1),
		.sample_id = row_int(row, 2),
		.test_name = row_str(row, 3, rows->a),
		.sample_name = row_str(row, 4, rows->a),
		.command = row_str(row, 5, rows->a),
		.has_exit_code = row->v[7].kind != DB_NULL,
		.exit_code = row_int(row, 7),
		.expected_rc = row_int(row, 8),
		.runtime_ms = row_int(row, 9),
		.tested_at = row_int(row, 10),
		.message = row_str(row, 11, rows->a),
		.cause = row_str(row, 12, rows->a) };

	if (!result_status_find(row->v[6].s, &r.status))
		return err_set(e, ERR_STORAGE, "a result has a status unknown to this program");
	*(struct result *)rows_add(rows) = r;
	return ERR_OK;
}

/* What belongs to results comes in their order. */
struct belonging {
	struct result *results;
	size_t n, at;
	struct rows rows; /* of the result at `at` */
};

static struct result *result_of(struct belonging *b, int64_t test_id, size_t size)
{
	while (b->at < b->n && b->results[b->at].test_id < test_id) {
		b->at++;
		b->rows = (struct rows){ .a = b->rows.a };
	}
	b->rows.size = size;
	return b->at < b->n && b->results[b->at].test_id == test_id ? &b->results[b->at] : NULL;
}

static enum err_code take_category(void *arg, const struct db_row *row, struct err *e)
{
	struct belonging *b = arg;
	struct result *r = result_of(b, row_int(row, 0), sizeof(struct str));

	(void)e;
	if (!r)
		return ERR_OK;
	*(struct str *)rows_add(&b->rows) = row_str(row, 1, b->rows.a);
	r->categories = (struct suite_words){ b->rows.first, b->rows.n };
	return ERR_OK;
}

static enum err_code take_output(void *arg, const struct db_row *row, struct err *e)
{
	struct belonging *b = arg;
	struct result *r = result_of(b, row_int(row, 0), sizeof(struct output));
	struct output o = { .output_id = row_int(row, 1), .n_bytes = row_int(row, 6) };

	if (!output_status_find(row->v[3].s, &o.status))
		return err_set(e, ERR_STORAGE, "an output has a status unknown to this program");
	if (!r)
		return ERR_OK;
	o.filename = row_str(row, 2, b->rows.a);
	o.digest = row_str(row, 4, b->rows.a);
	o.expected = row_str(row, 5, b->rows.a);
	*(struct output *)rows_add(&b->rows) = o;
	r->outputs = b->rows.first;
	r->n_outputs = b->rows.n;
	return ERR_OK;
}

enum err_code results_list(struct db *db, struct arena *a, const struct result_query *q, struct result **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct str status =
		q->status < 0 ? STR("") : str_z(result_status_name((enum result_status)q->status));
	const struct db_value args[] = { DB_I(q->run_id), DB_I(q->test_id), DB_T(status),
		DB_T(like_part(q->name, a)), DB_T(q->tag), DB_T(q->category), DB_I(q->limit),
		DB_I(q->offset) };
	struct rows rows = { .a = a, .size = sizeof **ret };
	struct belonging categories = { .rows = { .a = a } }, outputs = categories;
	int64_t total = 0;

	TRY(rows_total(
		db, "SELECT count(*) FROM (SELECT 1" OF_QUERY " LIMIT 10001) AS x", args, 6, &total, e));
	TRY(db_each(db,
		"SELECT r.run_id, r.test_id, r.sample_id, t.name, sample.name, t.command, r.status, "
		"r.exit_code,"
		" r.expected_rc, r.runtime_ms, r.tested_at, r.message, r.cause" OF_QUERY PAGE,
		args, 8, take_result, &rows, e));
	categories.results = outputs.results = rows.first;
	categories.n = outputs.n = rows.n;
	TRY(db_each(db,
		"SELECT test_id, category FROM test_category WHERE test_id IN " PAGE_TESTS
		" ORDER BY test_id, category",
		args, 8, take_category, &categories, e));
	TRY(db_each(db,
		"SELECT o.test_id, o.output_id, f.filename, o.status, o.digest, o.expected, o.n_bytes"
		" FROM result_output AS o JOIN test_output AS f ON f.id = o.output_id"
		" JOIN result AS tested ON tested.run_id = o.run_id AND tested.test_id = o.test_id"
		" AND tested.tested_at > 0 WHERE o.run_id = $1 AND o.test_id IN " PAGE_TESTS
		" ORDER BY o.test_id, o.output_id",
		args, 8, take_output, &outputs, e));
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}

static enum err_code take_count(void *arg, const struct db_row *row, struct err *e)
{
	enum result_status status;
	int64_t *counts = arg;

	if (!result_status_find(row->v[0].s, &status))
		return err_set(e, ERR_STORAGE, "a result has a status unknown to this program");
	counts[status] = row_int(row, 1);
	return ERR_OK;
}

enum err_code results_summary(
	struct db *db, int64_t run_id, int64_t ret[static RESULT_N_STATUSES], struct err *e)
{
	for (unsigned i = 0; i < RESULT_N_STATUSES; i++)
		ret[i] = 0;
	return db_each(db, "SELECT status, count(*) FROM result WHERE run_id = $1 GROUP BY status",
		DB_ARGS(DB_I(run_id)), take_count, ret, e);
}

static enum err_code take_test(void *arg, const struct db_row *row, struct err *e)
{
	(void)e;
	*(int64_t *)rows_add(arg) = row_int(row, 0);
	return ERR_OK;
}

enum err_code results_tests(
	struct db *db, struct arena *a, int64_t run_id, int64_t **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db, "SELECT test_id FROM result WHERE run_id = $1 ORDER BY test_id LIMIT $2",
		DB_ARGS(DB_I(run_id), DB_I(RUN_TESTS_MAX)), take_test, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

/* ---- for the worker ---- */

static enum err_code take_to_do(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct arena *a = rows->a;
	enum result_status status;

	if (!result_status_find(row->v[10].s, &status))
		return err_set(e, ERR_STORAGE, "a result has a status unknown to this program");
	*(struct run_test *)rows_add(rows) = (struct run_test){ .test_id = row_int(row, 0),
		.sample_id = row_int(row, 1),
		.name = row_str(row, 2, a),
		.command = row_str(row, 3, a),
		.shell = row_int(row, 4) != 0,
		.expected_rc = row_int(row, 5),
		.timeout_ms = row_int(row, 6),
		.digest = row_str(row, 7, a),
		.sample_name = row_str(row, 8, a),
		.extension = row_str(row, 9, a),
		.done = result_is_verdict(status) && row_int(row, 11) == 0 };
	return ERR_OK;
}

/* A worker that is killed between a result and the bytes of what was written leaves a verdict that nobody can look into. */
#define OUTPUTS_TO_COME                                                                                      \
	"(SELECT count(*) FROM result_output AS w LEFT JOIN blob ON blob.digest = w.digest"                  \
	" AND blob.state = 'ok' WHERE w.run_id = r.run_id AND w.test_id = r.test_id AND w.digest <> ''"      \
	" AND w.kept = 1 AND blob.digest IS NULL)"

struct expecting {
	struct run_test *tests;
	size_t n, at;
	struct rows outputs; /* of the test at `at` */
};

static enum err_code take_expected(void *arg, const struct db_row *row, struct err *e)
{
	struct expecting *x = arg;
	int64_t test_id = row_int(row, 0);

	(void)e;
	while (x->at < x->n && x->tests[x->at].test_id < test_id) {
		x->at++;
		x->outputs = (struct rows){ .a = x->outputs.a, .size = sizeof(struct output) };
	}
	if (x->at == x->n)
		return ERR_OK;
	*(struct output *)rows_add(&x->outputs) =
		(struct output){ .output_id = row_int(row, 1), .filename = row_str(row, 2, x->outputs.a) };
	x->tests[x->at].outputs = x->outputs.first;
	x->tests[x->at].n_outputs = x->outputs.n;
	return ERR_OK;
}

enum err_code results_to_do(
	struct db *db, struct arena *a, int64_t run_id, struct run_test **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	struct expecting x = { .outputs = { .a = a, .size = sizeof(struct output) } };

	TRY(db_each(db,
		"SELECT r.test_id, r.sample_id, t.name, t.command, t.shell, r.expected_rc, t.timeout_ms,"
		" sample.digest, sample.name, sample.extension, r.status, " OUTPUTS_TO_COME
		" FROM result AS r"
		" JOIN regression_test AS t ON t.id = r.test_id JOIN sample ON sample.id = r.sample_id"
		" WHERE r.run_id = $1 ORDER BY r.test_id LIMIT $2",
		DB_ARGS(DB_I(run_id), DB_I(RUN_TESTS_MAX)), take_to_do, &rows, e));
	x.tests = rows.first;
	x.n = rows.n;
	TRY(db_each(db,
		"SELECT o.test_id, o.output_id, f.filename FROM result_output AS o CROSS JOIN test_output AS "
		"f"
		" WHERE o.run_id = $1 AND f.id = o.output_id ORDER BY o.test_id, o.output_id",
		DB_ARGS(DB_I(run_id)), take_expected, &x, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

/* ---- of a sample ---- */

/*
 * $1 sample, $2 repo, $3 branch, $4 platform, $5 status of the run, $6 and $7 time, $8 who sees them; $9 and $10: a run of a forge that would have passed is running
 * still when something was heard of it since. In this order: SQLite takes that of a cross join as it is written.
 */
#define RUN_STATUS_NOW                                                                                       \
	"CASE WHEN run.settled = 'pass' AND run.heard_minute >= $10 AND run.newest_at > $9"                  \
	" THEN 'running' ELSE run.settled END"
#define OF_SAMPLE                                                                                            \
	" FROM result AS r CROSS JOIN run CROSS JOIN repo"                                                   \
	" WHERE r.sample_id = $1 AND run.id = r.run_id AND repo.id = run.repo_id"                            \
	" AND ($2 = 0 OR run.repo_id = $2) AND ($3 = '' OR run.branch = $3)"                                 \
	" AND ($4 = '' OR $4 = " RUN_PLATFORM ") AND ($5 = '' OR $5 = " RUN_STATUS_NOW ")"                   \
	" AND ($6 = 0 OR run.created_at >= $6) AND ($7 = 0 OR run.created_at <= $7)"                         \
	" AND " VISIBLE_TO("$8")

static enum err_code take_history(void *arg, const struct db_row *row, struct err *e)
{
	enum { RUN = RUN_TALLY_N + RUN_COLUMNS_N };
	struct rows *rows = arg;
	struct history h = { .run = run_of(row, 0, rows->a),
		.test_id = row_int(row, RUN + 1),
		.tested_at = row_int(row, RUN + 2),
		.signature = row_str(row, RUN + 4, rows->a) };

	h.run.platform = row_str(row, RUN, rows->a);
	if (!result_status_find(row->v[RUN + 3].s, &h.status))
		return err_set(e, ERR_STORAGE, "a result has a status unknown to this program");
	*(struct history *)rows_add(rows) = h;
	return ERR_OK;
}

static bool is_of_all(const struct history_query *q)
{
	return q->repo_id == 0 && q->viewer == 0 && q->branch.len == 0 && q->platform.len == 0 &&
	       q->status.len == 0 && q->created_from == 0 && q->created_to == 0;
}

enum err_code results_history(struct db *db, struct arena *a, const struct history_query *q,
	struct history **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	int64_t quiet_since = q->now - RUN_QUIET_MS;
	const struct db_value args[] = { DB_I(q->sample_id), DB_I(q->repo_id), DB_T(q->branch),
		DB_T(q->platform), DB_T(q->status), DB_I(q->created_from), DB_I(q->created_to),
		DB_I(q->viewer), DB_I(quiet_since), DB_I(quiet_since / TALLY_MINUTE_MS), DB_I(q->limit),
		DB_I(q->offset) };
	struct rows rows = { .a = a, .size = sizeof **ret };

	if (is_of_all(q)) /* the index alone says how many */
		TRY(rows_total(db,
			"SELECT count(*) FROM (SELECT 1 FROM result WHERE sample_id = $1 LIMIT 10001) AS x",
			args, 1, ret_total, e));
	else
		TRY(rows_total(db, "SELECT count(*) FROM (SELECT 1" OF_SAMPLE " LIMIT 10001) AS x", args, 10,
			ret_total, e));
	TRY(db_each(db,
		"SELECT " RUN_TALLY ", " RUN_COLUMNS ", " RUN_PLATFORM ", r.test_id, r.tested_at, r.status,"
		" r.signature" OF_SAMPLE " ORDER BY r.run_id DESC, r.test_id DESC LIMIT $11 OFFSET $12",
		args, 12, take_history, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

/* ---- what went wrong ---- */

void result_error_write(const struct result_error *x, struct buf *out)
{
	if (x->type == TYPE_EXIT_CODE_MISMATCH)
		buf_fmt(out, "exit code %lld where %lld was expected", (long long)x->exit_code,
			(long long)x->expected_rc);
	else if (x->type == TYPE_MISSING_OUTPUT)
		buf_fmt(out, "%.*s was not written", STR_FMT(x->filename));
	else if (x->type == TYPE_DIFF_MISMATCH)
		buf_fmt(out, "%.*s %s", STR_FMT(x->filename),
			x->has_expected ? "is not as expected" : "has no accepted content yet");
	else
		buf_z(out, "the test failed");
	if (x->message.len > 0)
		buf_fmt(out, ": %.*s", STR_FMT(x->message));
}

/* $1 run, $2 sample, $3 types. */
#define WRONG                                                                                                \
	" FROM result AS r LEFT JOIN result_output AS o ON o.run_id = r.run_id AND o.test_id = r.test_id"    \
	" AND ((r.cause = 'missing_output' AND o.status = 'missing_output')"                                 \
	" OR (r.cause = 'diff_mismatch' AND o.status IN ('fail', 'missing_expected')))"                      \
	" WHERE r.run_id = $1 AND r.status IN ('fail', 'missing_output')"                                    \
	" AND ($2 = 0 OR r.sample_id = $2) AND $3 LIKE '%,' || r.cause || ',%'"

static enum err_code take_error(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct result_error x = { .run_id = row_int(row, 12),
		.test_id = row_int(row, 0),
		.sample_id = row_int(row, 1),
		.output_id = row_int(row, 2),
		.occurred_at = row_int(row, 4),
		.has_exit_code = row->v[5].kind != DB_NULL,
		.exit_code = row_int(row, 5),
		.expected_rc = row_int(row, 6),
		.sample_name = row_str(row, 7, rows->a),
		.test_name = row_str(row, 8, rows->a),
		.filename = row_str(row, 9, rows->a),
		.message = row_str(row, 10, rows->a),
		.has_expected = row->v[11].s.len > 0 };

	if (!error_type_find(row->v[3].s, &x.type))
		return err_set(e, ERR_STORAGE, "a result has a cause unknown to this program");
	*(struct result_error *)rows_add(rows) = x;
	return ERR_OK;
}

enum err_code result_errors_list(struct db *db, struct arena *a, const struct result_error_query *q,
	struct result_error **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	AUTO_BUF types;

	buf_init(&types, SIZE_MAX);
	like_types(q->types, &types);
#define WANTED DB_I(q->run_id), DB_I(q->sample_id), DB_T(buf_view(&types))
	TRY(rows_total(db, "SELECT count(*) FROM (SELECT 1" WRONG " LIMIT 10001) AS x", DB_ARGS(WANTED),
		ret_total, e));
	TRY(db_each(db,
		"SELECT x.test_id, x.sample_id, x.output_id, x.cause, x.tested_at, x.exit_code, "
		"x.expected_rc,"
		" sample.name, t.name, coalesce(f.filename, ''), x.message, x.expected, x.run_id FROM"
		" (SELECT r.run_id, r.test_id, r.sample_id, coalesce(o.output_id, 0) AS output_id, r.cause, "
		"r.tested_at,"
		" r.exit_code, r.expected_rc, r.message, coalesce(o.expected, '') AS expected" WRONG
		" ORDER BY r.test_id, o.output_id LIMIT $4 OFFSET $5) AS x"
		" JOIN regression_test AS t ON t.id = x.test_id JOIN sample ON sample.id = x.sample_id"
		" LEFT JOIN test_output AS f ON f.id = x.output_id ORDER BY x.test_id, x.output_id",
		DB_ARGS(WANTED, DB_I(q->limit), DB_I(q->offset)), take_error, &rows, e));
#undef WANTED
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

static enum err_code take_error_count(void *arg, const struct db_row *row, struct err *e)
{
	struct result_error_count *c = rows_add(arg);

	*c = (struct result_error_count){ .sample_id = row_int(row, 1),
		.test_id = row_int(row, 2),
		.n = row_int(row, 3),
		.first_at = row_int(row, 4),
		.last_at = row_int(row, 4) };
	if (!error_type_find(row->v[0].s, &c->type))
		return err_set(e, ERR_STORAGE, "a result has a cause unknown to this program");
	return ERR_OK;
}

enum err_code result_errors_count(struct db *db, struct arena *a, int64_t run_id,
	struct result_error_count **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT r.cause, r.sample_id, r.test_id, count(*), max(r.tested_at)" WRONG
		" GROUP BY r.cause, r.sample_id, r.test_id ORDER BY r.test_id",
		DB_ARGS(DB_I(run_id), DB_I(0),
			DB_T(STR(",exit_code_mismatch,missing_output,diff_mismatch,test_failure,"))),
		take_error_count, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}
