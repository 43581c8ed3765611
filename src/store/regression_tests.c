/*
 * regression_tests: commands over samples, what they are expected to write, and the whole suite as a document.
 *
 * Nothing is deleted here: a result of long ago speaks of its test. What a document leaves out is not active any more, where it says that it is all.
 */
#include "store/rows.h"
#include "store/suite_nouns.h"

/* ---- writing ---- */

static enum err_code put_test(struct db *db, const struct suite_test *t, int64_t sample_id, int64_t now,
	int64_t *ret_id, struct err *e)
{
	return db_int(db,
		"INSERT INTO regression_test (name, sample_id, command, shell, input_type, output_type, "
		"expected_rc,"
		" timeout_ms, description, active, added_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
		"$10, $11)"
		" ON CONFLICT (name) DO UPDATE SET sample_id = excluded.sample_id, command = "
		"excluded.command,"
		" shell = excluded.shell, input_type = excluded.input_type, output_type = "
		"excluded.output_type,"
		" expected_rc = excluded.expected_rc, timeout_ms = excluded.timeout_ms,"
		" description = excluded.description, active = excluded.active, elsewhere = 0 RETURNING id",
		DB_ARGS(DB_T(t->name), DB_I(sample_id), DB_T(t->command), DB_I(t->shell), DB_T(t->input_type),
			DB_T(t->output_type), DB_I(t->expected_rc), DB_I(t->timeout_ms), DB_T(t->description),
			DB_I(t->active), DB_I(now)),
		ret_id, e);
}

static enum err_code put_categories(struct db *db, int64_t id, const struct suite_words *w, struct err *e)
{
	TRY(db_run(db, "DELETE FROM test_category WHERE test_id = $1", DB_ARGS(DB_I(id)), NULL, e));
	for (size_t i = 0; i < w->n; i++)
		TRY(db_run(db, "INSERT INTO test_category (test_id, category) VALUES ($1, $2)",
			DB_ARGS(DB_I(id), DB_T(w->v[i])), NULL, e));
	return ERR_OK;
}

/* What is said again that does not count any more is said now: after what took its place. */
static enum err_code put_baseline(
	struct db *db, int64_t output_id, struct str digest, struct str by, int64_t now, struct err *e)
{
	enum err_code code = db_run(db,
		"INSERT INTO baseline AS b (output_id, digest, approved_at, approved_by, run_id, removed_at,"
		" imported_at, imported_by) VALUES ($1, $2, $3, $4, 0, 0, $3, $4)"
		" ON CONFLICT (output_id, digest) DO UPDATE SET imported_at = excluded.imported_at,"
		" imported_by = excluded.imported_by WHERE b.imported_at = 0 OR b.removed_at > 0",
		DB_ARGS(DB_I(output_id), DB_T(digest), DB_I(now), DB_T(by)), NULL, e);

	return code == ERR_CONFLICT ? err_set(e, ERR_NOT_FOUND, "what is accepted of an output is not here")
				    : code;
}

static enum err_code put_output(struct db *db, int64_t test_id, const struct suite_output *o, struct str by,
	int64_t now, struct err *e)
{
	int64_t id = 0;

	TRY(db_int(db,
		"INSERT INTO test_output (test_id, filename, active) VALUES ($1, $2, 1)"
		" ON CONFLICT (test_id, filename) DO UPDATE SET active = 1 RETURNING id",
		DB_ARGS(DB_I(test_id), DB_T(o->file)), &id, e));
	for (size_t i = 0; i < o->accepted.n; i++)
		TRY(put_baseline(db, id, suite_digest(o->accepted.v[i]), by, now, e));
	return approvals_settle(db, id, now, e);
}

/* Outputs of which the document says nothing are not expected any more. */
enum err_code regression_tests_put(struct db *db, const struct suite_test *t, int64_t sample_id,
	struct str by, int64_t now, int64_t *ret_id, struct err *e)
{
	int64_t id = 0;

	TRY(put_test(db, t, sample_id, now, &id, e));
	TRY(put_categories(db, id, &t->categories, e));
	TRY(db_run(db, "UPDATE test_output SET active = 0 WHERE test_id = $1", DB_ARGS(DB_I(id)), NULL, e));
	for (size_t i = 0; i < t->n_outputs; i++)
		TRY(put_output(db, id, &t->outputs[i], by, now, e));
	*ret_id = id;
	return ERR_OK;
}

enum err_code suite_clear(struct db *db, int64_t now, struct err *e)
{
	TRY(db_run(db, "UPDATE sample SET active = 0 WHERE active = 1", NULL, 0, NULL, e));
	TRY(db_run(db, "UPDATE regression_test SET active = 0 WHERE active = 1", NULL, 0, NULL, e));
	TRY(db_run(db, "UPDATE test_output SET active = 0 WHERE active = 1", NULL, 0, NULL, e));
	TRY(db_run(
		db, "UPDATE baseline SET removed_at = $1 WHERE removed_at = 0", DB_ARGS(DB_I(now)), NULL, e));
	TRY(db_run(db, "UPDATE baseline SET imported_at = 0 WHERE imported_at > 0", NULL, 0, NULL, e));
	return db_run(db, "UPDATE approval SET over_at = $1 WHERE over_at = 0", DB_ARGS(DB_I(now)), NULL, e);
}

/* ---- lists ---- */

#define COLUMNS                                                                                              \
	"regression_test.id, regression_test.sample_id, regression_test.name, sample.name,"                  \
	" regression_test.command, regression_test.shell, regression_test.input_type,"                       \
	" regression_test.output_type, regression_test.expected_rc, regression_test.timeout_ms,"             \
	" regression_test.description, regression_test.active"

static enum err_code take_test(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct regression_test *)rows_add(rows) = (struct regression_test){ .id = row_int(row, 0),
		.sample_id = row_int(row, 1),
		.name = row_str(row, 2, rows->a),
		.sample_name = row_str(row, 3, rows->a),
		.command = row_str(row, 4, rows->a),
		.shell = row_int(row, 5) != 0,
		.input_type = row_str(row, 6, rows->a),
		.output_type = row_str(row, 7, rows->a),
		.expected_rc = row_int(row, 8),
		.timeout_ms = row_int(row, 9),
		.description = row_str(row, 10, rows->a),
		.active = row_int(row, 11) != 0 };
	return ERR_OK;
}

struct sorting { /* of words under the tests that they are of, which come in the order of ids */
	struct regression_test *tests;
	size_t n, at;
	struct rows words;
};

static enum err_code take_category(void *arg, const struct db_row *row, struct err *e)
{
	struct sorting *s = arg;
	int64_t id = row_int(row, 0);

	(void)e;
	while (s->at < s->n && s->tests[s->at].id < id) {
		s->at++;
		s->words = (struct rows){ .a = s->words.a, .size = sizeof(struct str) };
	}
	if (s->at == s->n)
		return ERR_OK;
	*(struct str *)rows_add(&s->words) = row_str(row, 1, s->words.a);
	s->tests[s->at].categories = (struct suite_words){ s->words.first, s->words.n };
	return ERR_OK;
}

/* $1 active, $2 category, $3 tag, $4 sample. */
#define OF_QUERY                                                                                             \
	" FROM regression_test JOIN sample ON sample.id = regression_test.sample_id"                         \
	" WHERE ($1 = -1 OR regression_test.active = $1)"                                                    \
	" AND ($2 = '' OR EXISTS (SELECT 1 FROM test_category WHERE test_id = regression_test.id"            \
	" AND lower(category) = lower($2)))"                                                                 \
	" AND ($3 = '' OR EXISTS (SELECT 1 FROM sample_tag WHERE sample_tag.sample_id = sample.id"           \
	" AND lower(tag) = lower($3)))"                                                                      \
	" AND ($4 = 0 OR regression_test.sample_id = $4)"
#define PAGE " ORDER BY regression_test.id LIMIT $5 OFFSET $6"

enum err_code regression_tests_list(struct db *db, struct arena *a, const struct regression_test_query *q,
	struct regression_test **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	struct sorting s = { .words = { .a = a, .size = sizeof(struct str) } };
	struct db_value args[] = { DB_I(q->active), DB_T(q->category), DB_T(q->tag), DB_I(q->sample_id),
		DB_I(q->limit), DB_I(q->offset) };
	int64_t total = 0;

	TRY(rows_total(
		db, "SELECT count(*) FROM (SELECT 1" OF_QUERY " LIMIT 10001) AS x", args, 4, &total, e));
	TRY(db_each(db, "SELECT " COLUMNS OF_QUERY PAGE, args, 6, take_test, &rows, e));
	s.tests = rows.first;
	s.n = rows.n;
	TRY(db_each(db,
		"SELECT test_id, category FROM test_category WHERE test_id IN (SELECT "
		"regression_test.id" OF_QUERY PAGE ") ORDER BY test_id, category",
		args, 6, take_category, &s, e));
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}

enum err_code regression_tests_count(struct db *db, int64_t max, int64_t *ret, struct err *e)
{
	return db_int(db, "SELECT count(*) FROM (SELECT 1 FROM regression_test LIMIT $1) AS x",
		DB_ARGS(DB_I(max)), ret, e);
}

enum err_code suite_count(struct db *db, struct suite_counts *ret, struct err *e)
{
	struct suite_counts c = { 0 };

	TRY(db_int(db, "SELECT count(*) FROM sample WHERE active = 1", NULL, 0, &c.samples, e));
	TRY(db_int(db, "SELECT count(*) FROM regression_test WHERE active = 1", NULL, 0, &c.tests, e));
	*ret = c;
	return ERR_OK;
}

/* ---- the document ---- */

/* Rows of several tables that come in the order of the tests' ids, put under these. */
struct document {
	struct arena *a;
	struct rows ids, tests, outputs;
	size_t at; /* of the tests */
	int64_t output_id;
	struct rows accepted;
};

static struct str file_of(struct str digest, struct arena *a)
{
	return arena_fmt(a, "sha256:%.*s", STR_FMT(digest));
}

static enum err_code take_document_test(void *arg, const struct db_row *row, struct err *e)
{
	struct document *d = arg;

	(void)e;
	*(int64_t *)rows_add(&d->ids) = row_int(row, 0);
	*(struct suite_test *)rows_add(&d->tests) = (struct suite_test){ .name = row_str(row, 1, d->a),
		.sample = file_of(row->v[2].s, d->a),
		.command = row_str(row, 3, d->a),
		.shell = row_int(row, 4) != 0,
		.input_type = row_str(row, 5, d->a),
		.output_type = row_str(row, 6, d->a),
		.expected_rc = row_int(row, 7),
		.timeout_ms = row_int(row, 8),
		.description = row_str(row, 9, d->a),
		.active = row_int(row, 10) != 0 };
	return ERR_OK;
}

/* The test of that id, if it is in the document. */
static struct suite_test *go_on_to(struct document *d, int64_t id, bool *ret_new)
{
	const int64_t *ids = d->ids.first;

	*ret_new = false;
	while (d->at < d->ids.n && ids[d->at] < id) {
		d->at++;
		*ret_new = true;
	}
	return d->at < d->ids.n && ids[d->at] == id ? &((struct suite_test *)d->tests.first)[d->at] : NULL;
}

static enum err_code take_document_category(void *arg, const struct db_row *row, struct err *e)
{
	struct document *d = arg;
	bool new;
	struct suite_test *t = go_on_to(d, row_int(row, 0), &new);

	(void)e;
	if (new)
		d->outputs = (struct rows){ .a = d->a, .size = sizeof(struct str) };
	if (!t)
		return ERR_OK;
	*(struct str *)rows_add(&d->outputs) = row_str(row, 1, d->a);
	t->categories = (struct suite_words){ d->outputs.first, d->outputs.n };
	return ERR_OK;
}

/* A row a baseline; one without, where an output has none. */
static enum err_code take_document_output(void *arg, const struct db_row *row, struct err *e)
{
	struct document *d = arg;
	bool new;
	struct suite_test *t = go_on_to(d, row_int(row, 0), &new);
	struct suite_output *o;

	(void)e;
	if (new)
		d->outputs = (struct rows){ .a = d->a, .size = sizeof(struct suite_output) };
	if (!t)
		return ERR_OK;
	if (d->output_id != row_int(row, 1)) {
		o = rows_add(&d->outputs);
		o->file = row_str(row, 2, d->a);
		d->output_id = row_int(row, 1);
		d->accepted = (struct rows){ .a = d->a, .size = sizeof(struct str) };
	}
	o = &((struct suite_output *)d->outputs.first)[d->outputs.n - 1];
	if (row->v[3].kind != DB_NULL) {
		*(struct str *)rows_add(&d->accepted) = file_of(row->v[3].s, d->a);
		o->accepted = (struct suite_words){ d->accepted.first, d->accepted.n };
	}
	t->outputs = d->outputs.first;
	t->n_outputs = d->outputs.n;
	return ERR_OK;
}

static enum err_code read_samples(struct db *db, struct arena *a, struct suite *s, struct err *e)
{
	struct sample_query q = { .active = -1, .of_suite = true, .limit = INT32_MAX };
	struct sample *samples = NULL;
	int64_t total;
	size_t n = 0;

	TRY(samples_list(db, a, &q, &samples, &n, &total, e));
	s->samples = arena_array(a, n + 1, sizeof *s->samples);
	for (size_t i = 0; i < n; i++)
		s->samples[i] = (struct suite_sample){ .file = file_of(samples[i].digest, a),
			.name = samples[i].name,
			.extension = samples[i].extension,
			.tags = samples[i].tags,
			.active = samples[i].active };
	s->n_samples = n;
	return ERR_OK;
}

enum err_code suite_read_all(struct db *db, struct arena *a, struct suite *ret, struct err *e)
{
	struct document d = { .a = a,
		.ids = { .a = a, .size = sizeof(int64_t) },
		.tests = { .a = a, .size = sizeof(struct suite_test) },
		.outputs = { .a = a, .size = sizeof(struct str) } };
	struct suite s = { 0 };

	TRY(read_samples(db, a, &s, e));
	TRY(db_each(db,
		"SELECT t.id, t.name, sample.digest, t.command, t.shell, t.input_type, t.output_type, "
		"t.expected_rc,"
		" t.timeout_ms, t.description, t.active FROM regression_test AS t"
		" JOIN sample ON sample.id = t.sample_id WHERE t.elsewhere = 0 ORDER BY t.id",
		NULL, 0, take_document_test, &d, e));
	TRY(db_each(db, "SELECT test_id, category FROM test_category ORDER BY test_id, category", NULL, 0,
		take_document_category, &d, e));
	d.at = 0;
	d.outputs = (struct rows){ .a = a, .size = sizeof(struct suite_output) };
	TRY(db_each(db,
		"SELECT o.test_id, o.id, o.filename, baseline.digest FROM test_output AS o"
		" LEFT JOIN baseline ON baseline.output_id = o.id AND baseline.removed_at = 0"
		" WHERE o.active = 1 ORDER BY o.test_id, o.id, baseline.approved_at, baseline.digest",
		NULL, 0, take_document_output, &d, e));
	s.tests = d.tests.first;
	s.n_tests = d.tests.n;
	*ret = s;
	return ERR_OK;
}
