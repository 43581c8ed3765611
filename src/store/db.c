/*
 * db: the half of the interface that is the same for every driver.
 *
 * Transactions are plain statements here, so that they are prepared once like any other. Only how one begins
 * is the driver's: SQLite has to be told that it is for writing, or two writers meet half way.
 */
#include "store/db.h"

#include <assert.h>

enum err_code db_open(
	const struct db_driver *driver, const struct db_options *o, struct db **ret, struct err *e)
{
	return driver->open(o, ret, e);
}

void db_close(struct db *db)
{
	if (db)
		db->driver->close(db);
}

enum err_code db_run(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
	int64_t *ret_changed, struct err *e)
{
	return db->driver->query(db, sql, args, n_args, NULL, NULL, ret_changed, e);
}

enum err_code db_each(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
	db_each_fn *each, void *arg, struct err *e)
{
	return db->driver->query(db, sql, args, n_args, each, arg, NULL, e);
}

enum err_code db_each_once(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
	db_each_fn *each, void *arg, struct err *e)
{
	return db->driver->query_once(db, sql, args, n_args, each, arg, e);
}

struct first_int {
	bool seen;
	int64_t value;
};

/* Takes the first row and lets the others pass: an INSERT .. RETURNING must run to its end. */
static enum err_code take_first_int(void *arg, const struct db_row *row, struct err *e)
{
	struct first_int *f = arg;

	(void)e;
	assert(row->n >= 1);
	if (!f->seen && row->v[0].kind == DB_INT) {
		f->seen = true;
		f->value = row->v[0].i;
	}
	return ERR_OK;
}

enum err_code db_int(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
	int64_t *ret_value, struct err *e)
{
	struct first_int f = { 0 };

	TRY(db_each(db, sql, args, n_args, take_first_int, &f, e));
	if (!f.seen)
		return ERR_NOT_FOUND;
	*ret_value = f.value;
	return ERR_OK;
}

enum err_code db_script(struct db *db, const char *sql, struct err *e)
{
	return db->driver->script(db, sql, e);
}

enum err_code db_has_table(struct db *db, const char *name, bool *ret, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db, db->driver->table_count_sql, DB_ARGS(DB_T(str_z(name))), &n, e));
	*ret = n > 0;
	return ERR_OK;
}

enum err_code db_begin(struct db *db, struct err *e)
{
	return db_run(db, db->driver->begin_sql, NULL, 0, NULL, e);
}

enum err_code db_commit(struct db *db, struct err *e)
{
	return db_run(db, "COMMIT", NULL, 0, NULL, e);
}

void db_rollback(struct db *db)
{
	/* An error here leaves the transaction open, which db_in_transaction tells: there is nothing else to
	 * do. */
	if (db_in_transaction(db) && db_run(db, "ROLLBACK", NULL, 0, NULL, NULL) != ERR_OK)
		return;
}

enum err_code db_savepoint(struct db *db, struct err *e)
{
	return db_run(db, "SAVEPOINT op", NULL, 0, NULL, e);
}

enum err_code db_release(struct db *db, struct err *e)
{
	return db_run(db, "RELEASE SAVEPOINT op", NULL, 0, NULL, e);
}

enum err_code db_rollback_to(struct db *db, struct err *e)
{
	return db_run(db, "ROLLBACK TO SAVEPOINT op", NULL, 0, NULL, e);
}

bool db_in_transaction(struct db *db)
{
	return db->driver->in_transaction(db);
}
