/* result_account: the results of the runs that a context is of: those that are not well, and what is counted of all. */
#include "store/nouns.h"
#include "store/result_nouns.h"
#include "store/rows.h"

/* $1 repo, $2 what it is asked by. */
#define BY_COMMIT "run.head_sha = lower($2) AND ($1 = 0 OR run.repo_id = $1)"
#define BY_RUN "run.id = $2 AND ($1 = 0 OR run.repo_id = $1)"
#define BY_EXTERNAL "run.external_run_id = $2 AND ($1 = 0 OR run.repo_id = $1)"

#define COUNTS(by) "SELECT n_results, n_bad, n_open, stage, settled FROM run WHERE " by
#define UNWELL(by)                                                                                           \
	"SELECT r.run_id, r.test_id, r.sample_id, t.name, sample.name, r.cause, r.exit_code, r.expected_rc," \
	" r.message, coalesce(o.output_id, 0), coalesce(f.filename, ''), coalesce(o.expected, ''),"          \
	" coalesce(o.n_bytes, -1) FROM run CROSS JOIN result AS r CROSS JOIN regression_test AS t"           \
	" CROSS JOIN sample LEFT JOIN result_output AS o ON o.run_id = r.run_id AND o.test_id = r.test_id"   \
	" AND o.output_id = (SELECT min(x.output_id) FROM result_output AS x WHERE x.run_id = r.run_id"      \
	" AND x.test_id = r.test_id AND x.status <> 'pass')"                                                 \
	" LEFT JOIN test_output AS f ON f.id = o.output_id"                                                  \
	" WHERE " by " AND run.n_bad > 0 AND r.run_id = run.id"                                              \
	" AND r.status IN ('fail', 'missing_output') AND t.id = r.test_id AND sample.id = r.sample_id"       \
	" ORDER BY r.run_id DESC, r.test_id LIMIT $3"

static const struct {
	const char *counts, *unwell;
} ways[] = {
	{ COUNTS(BY_COMMIT), UNWELL(BY_COMMIT) },
	{ COUNTS(BY_RUN), UNWELL(BY_RUN) },
	{ COUNTS(BY_EXTERNAL), UNWELL(BY_EXTERNAL) },
};

static enum err_code take_counts(void *arg, const struct db_row *row, struct err *e)
{
	struct result_account *acc = arg;
	enum run_status status;

	acc->n_results += row_int(row, 0);
	acc->n_bad += row_int(row, 1);
	acc->n_open += row_int(row, 2);
	if (row_int(row, 3) == STAGE_NONE) {
		acc->n_of_forge++;
		return ERR_OK;
	}
	if (!run_status_find(row->v[4].s, &status))
		return err_set(e, ERR_STORAGE, "a run has a status unknown to this program");
	acc->suites = acc->n_of_suite++ == 0 ? status : run_status_worse(acc->suites, status);
	return ERR_OK;
}

static enum err_code take_unwell(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct result_error x = { .run_id = row_int(row, 0),
		.test_id = row_int(row, 1),
		.sample_id = row_int(row, 2),
		.test_name = row_str(row, 3, rows->a),
		.sample_name = row_str(row, 4, rows->a),
		.has_exit_code = row->v[6].kind != DB_NULL,
		.exit_code = row_int(row, 6),
		.expected_rc = row_int(row, 7),
		.message = row_str(row, 8, rows->a),
		.output_id = row_int(row, 9),
		.filename = row_str(row, 10, rows->a),
		.has_expected = row->v[11].s.len > 0,
		.n_bytes = row_int(row, 12) };

	if (!error_type_find(row->v[5].s, &x.type))
		return err_set(e, ERR_STORAGE, "a result has a cause unknown to this program");
	*(struct result_error *)rows_add(rows) = x;
	return ERR_OK;
}

enum err_code results_account(struct db *db, struct arena *a, const struct step_query *q, int64_t limit,
	struct result_account *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret->unwell };
	struct result_account acc = { 0 };
	size_t way = q->head_sha.len > 0 ? 0 : q->run_id > 0 ? 1 : 2;
	struct db_value by = way == 0   ? DB_T(q->head_sha)
			     : way == 1 ? DB_I(q->run_id)
					: DB_T(q->external_run_id);

	TRY(db_each(db, ways[way].counts, DB_ARGS(DB_I(q->repo_id), by), take_counts, &acc, e));
	if (acc.n_bad > 0)
		TRY(db_each(db, ways[way].unwell, DB_ARGS(DB_I(q->repo_id), by, DB_I(limit)), take_unwell,
			&rows, e));
	acc.unwell = rows.first;
	acc.n = rows.n;
	*ret = acc;
	return ERR_OK;
}
