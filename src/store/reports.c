/* reports: what tools wrote for machines and was sent beside a log. A report makes its step wait to be explained. */
#include "store/errors.h"
#include "store/rows.h"

struct place {
	int64_t expired_at, n_others;
	bool found;
};

static enum err_code take_place(void *arg, const struct db_row *row, struct err *e)
{
	struct place *p = arg;

	(void)e;
	*p = (struct place){ .expired_at = row_int(row, 0), .n_others = row_int(row, 1), .found = true };
	return ERR_OK;
}

enum err_code reports_put(struct db *db, int64_t step_id, const struct report *r, int64_t max, struct err *e)
{
	struct place p = { 0 };

	TRY(db_each(db,
		"SELECT log_expired_at, (SELECT count(*) FROM report WHERE step_id = $1 AND name <> $2)"
		" FROM step WHERE id = $1",
		DB_ARGS(DB_I(step_id), DB_T(r->name)), take_place, &p, e));
	if (!p.found)
		return err_set(e, ERR_NOT_FOUND, "there is no step %lld", (long long)step_id);
	if (p.expired_at > 0)
		return err_set(e, ERR_GONE, "the text of this step has expired, so no report of it is taken");
	if (p.n_others >= max)
		return err_set(e, ERR_TOO_LARGE,
			"this step has %lld reports already ([limits] reports); send one under the name of "
			"another to replace it",
			(long long)p.n_others);
	TRY(db_run(db,
		"INSERT INTO report (step_id, name, kind, received_at, n_bytes, zstd) VALUES ($1, $2, $3, "
		"$4, "
		"$5, $6)"
		" ON CONFLICT (step_id, name) DO UPDATE SET kind = excluded.kind, received_at = "
		"excluded.received_at,"
		" n_bytes = excluded.n_bytes, zstd = excluded.zstd",
		DB_ARGS(DB_I(step_id), DB_T(r->name), DB_T(r->kind), DB_I(r->received_at), DB_I(r->n_bytes),
			DB_B(r->zstd)),
		NULL, e));
	return explaining_mark(db, step_id, e);
}

static enum err_code take_report(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct report *r = rows_add(rows);

	(void)e;
	*r = (struct report){ .name = row_str(row, 0, rows->a),
		.kind = row_str(row, 1, rows->a),
		.received_at = row_int(row, 2),
		.n_bytes = row_int(row, 3),
		.zstd = row_str(row, 4, rows->a) };
	return ERR_OK;
}

enum err_code reports_list(
	struct db *db, struct arena *a, int64_t step_id, struct report **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT name, kind, received_at, n_bytes, zstd FROM report WHERE step_id = $1 ORDER BY name",
		DB_ARGS(DB_I(step_id)), take_report, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}
