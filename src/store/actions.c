/*
 * actions: what the janitor did or would have done. A list of fixed length: what is added pushes the oldest
 * out.
 */
#include "store/nouns.h"
#include "store/rows.h"

static enum err_code take_action(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct action *x = rows_add(rows);

	(void)e;
	*x = (struct action){
		.id = row_int(row, 0),
		.at = row_int(row, 1),
		.chore = row_str(row, 2, rows->a),
		.mode = row_str(row, 3, rows->a),
		.rows = row_int(row, 4),
		.bytes = row_int(row, 5),
		.message = row_str(row, 6, rows->a),
	};
	return ERR_OK;
}

enum err_code actions_add(struct db *db, const struct action *x, int64_t keep, struct err *e)
{
	TRY(db_run(db,
		"INSERT INTO action (at, chore, mode, n_rows, n_bytes, message) VALUES ($1, $2, $3, $4, $5, "
		"$6)",
		DB_ARGS(DB_I(x->at), DB_T(x->chore), DB_T(x->mode), DB_I(x->rows), DB_I(x->bytes),
			DB_T(x->message)),
		NULL, e));
	/* While there are fewer the inner SELECT has no row, which is NULL, and less than that is nothing. */
	return db_run(db,
		"DELETE FROM action WHERE id <= (SELECT id FROM action ORDER BY id DESC LIMIT 1 OFFSET $1)",
		DB_ARGS(DB_I(keep)), NULL, e);
}

enum err_code actions_list(struct db *db, struct arena *a, int64_t limit, int64_t offset, struct action **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	int64_t total = 0;

	TRY(rows_total(
		db, "SELECT count(*) FROM (SELECT 1 FROM action LIMIT 10001) AS x", NULL, 0, &total, e));
	TRY(db_each(db,
		"SELECT id, at, chore, mode, n_rows, n_bytes, message FROM action ORDER BY id DESC LIMIT $1 "
		"OFFSET $2",
		DB_ARGS(DB_I(limit), DB_I(offset)), take_action, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}
