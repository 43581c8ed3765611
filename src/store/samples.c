/*
 * samples: the input files of the suite.
 *
 * A page is one statement for the samples and one for their tags, both of the same page: so a list costs two, however long it is.
 */
#include "store/like.h"
#include "store/suite_nouns.h"

/* ---- writing ---- */

static enum err_code put_tags(struct db *db, int64_t id, const struct suite_words *tags, struct err *e)
{
	TRY(db_run(db, "DELETE FROM sample_tag WHERE sample_id = $1", DB_ARGS(DB_I(id)), NULL, e));
	for (size_t i = 0; i < tags->n; i++)
		TRY(db_run(db, "INSERT INTO sample_tag (sample_id, tag) VALUES ($1, $2)",
			DB_ARGS(DB_I(id), DB_T(tags->v[i])), NULL, e));
	return ERR_OK;
}

enum err_code samples_put(
	struct db *db, const struct suite_sample *s, int64_t now, int64_t *ret_id, struct err *e)
{
	int64_t id = 0;
	enum err_code code = db_int(db,
		"INSERT INTO sample (digest, name, extension, active, added_at) VALUES ($1, $2, $3, $4, $5)"
		" ON CONFLICT (digest) DO UPDATE SET name = excluded.name, extension = excluded.extension,"
		" active = excluded.active RETURNING id",
		DB_ARGS(DB_T(suite_digest(s->file)), DB_T(s->name), DB_T(s->extension), DB_I(s->active),
			DB_I(now)),
		&id, e);

	if (code == ERR_CONFLICT)
		return err_set(e, ERR_NOT_FOUND, "the file of the sample is not here");
	TRY(code);
	TRY(put_tags(db, id, &s->tags, e));
	*ret_id = id;
	return ERR_OK;
}

enum err_code samples_add(
	struct db *db, const struct suite_sample *s, int64_t now, int64_t *ret_id, struct err *e)
{
	enum err_code code = db_int(db, "SELECT id FROM sample WHERE digest = $1",
		DB_ARGS(DB_T(suite_digest(s->file))), ret_id, e);

	return code == ERR_NOT_FOUND ? samples_put(db, s, now, ret_id, e) : code;
}

/* ---- reading ---- */

static enum err_code take_sample(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct sample *)rows_add(rows) = (struct sample){ .id = row_int(row, 0),
		.digest = row_str(row, 1, rows->a),
		.name = row_str(row, 2, rows->a),
		.extension = row_str(row, 3, rows->a),
		.active = row_int(row, 4) != 0,
		.n_tests = row_int(row, 5) };
	return ERR_OK;
}

struct tagging {
	struct sample *samples;
	size_t n, at;
	struct rows words;
};

/* Tags come in the order of the samples. */
static enum err_code take_tag(void *arg, const struct db_row *row, struct err *e)
{
	struct tagging *t = arg;
	int64_t id = row_int(row, 0);
	struct suite_words *tags;

	(void)e;
	while (t->at < t->n && t->samples[t->at].id < id) {
		t->at++;
		t->words = (struct rows){ .a = t->words.a, .size = sizeof(struct str) };
	}
	if (t->at == t->n)
		return ERR_OK;
	*(struct str *)rows_add(&t->words) = row_str(row, 1, t->words.a);
	tags = &t->samples[t->at].tags;
	*tags = (struct suite_words){ t->words.first, t->words.n };
	return ERR_OK;
}

#define COLUMNS                                                                                              \
	"sample.id, sample.digest, sample.name, sample.extension, sample.active,"                            \
	" (SELECT count(*) FROM regression_test WHERE regression_test.sample_id = sample.id AND active = 1)"

enum err_code samples_get(struct db *db, struct arena *a, int64_t id, struct sample *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };
	struct tagging t = { .words = { .a = a, .size = sizeof(struct str) } };

	TRY(db_each(db, "SELECT " COLUMNS " FROM sample WHERE id = $1", DB_ARGS(DB_I(id)), take_sample, &rows,
		e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no sample %lld", (long long)id);
	t.samples = rows.first;
	t.n = rows.n;
	TRY(db_each(db, "SELECT sample_id, tag FROM sample_tag WHERE sample_id = $1 ORDER BY tag",
		DB_ARGS(DB_I(id)), take_tag, &t, e));
	*ret = *t.samples;
	return ERR_OK;
}

/* $1 active, $2 a pattern, $3 tag, $4 digest, $5 extension, $6 of the suite alone. */
#define OF_QUERY                                                                                             \
	" FROM sample WHERE ($1 = -1 OR sample.active = $1) AND ($2 = '' OR lower(sample.name) LIKE $2 "     \
	"ESCAPE '!')"                                                                                        \
	" AND ($3 = '' OR EXISTS (SELECT 1 FROM sample_tag WHERE sample_id = sample.id AND lower(tag) = "    \
	"lower($3)))"                                                                                        \
	" AND ($4 = '' OR sample.digest = lower($4)) AND ($5 = '' OR lower(sample.extension) = lower($5))"   \
	" AND ($6 = 0 OR sample.active = 1 OR NOT EXISTS (SELECT 1 FROM regression_test AS t"                \
	" WHERE t.sample_id = sample.id AND t.elsewhere = 1) OR EXISTS (SELECT 1 FROM regression_test AS t"  \
	" WHERE t.sample_id = sample.id AND t.elsewhere = 0))"
#define PAGE " ORDER BY sample.id LIMIT $7 OFFSET $8"

enum err_code samples_list(struct db *db, struct arena *a, const struct sample_query *q, struct sample **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	struct tagging t = { .words = { .a = a, .size = sizeof(struct str) } };
	struct db_value args[] = { DB_I(q->active), DB_T(like_part(q->name, a)), DB_T(q->tag),
		DB_T(q->digest), DB_T(q->extension), DB_I(q->of_suite), DB_I(q->limit), DB_I(q->offset) };
	int64_t total = 0;

	TRY(rows_total(
		db, "SELECT count(*) FROM (SELECT 1" OF_QUERY " LIMIT 10001) AS x", args, 6, &total, e));
	TRY(db_each(db, "SELECT " COLUMNS OF_QUERY PAGE, args, 8, take_sample, &rows, e));
	t.samples = rows.first;
	t.n = rows.n;
	TRY(db_each(db,
		"SELECT sample_id, tag FROM sample_tag WHERE sample_id IN (SELECT sample.id" OF_QUERY PAGE
		") ORDER BY sample_id, tag",
		args, 8, take_tag, &t, e));
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}
