/* blobs: the rows of the files that are kept by their content. */
#include "store/rows.h"
#include "store/suite_nouns.h"

#define COLUMNS "digest, n_bytes, added_at, checked_at, state"
/* Whatever names a blob is named here. */
#define IS_UNUSED                                                                                            \
	"NOT EXISTS (SELECT 1 FROM sample WHERE sample.digest = blob.digest)"                                \
	" AND NOT EXISTS (SELECT 1 FROM baseline WHERE baseline.digest = blob.digest)"                       \
	" AND NOT EXISTS (SELECT 1 FROM approval WHERE approval.digest = blob.digest)"                       \
	" AND NOT EXISTS (SELECT 1 FROM result_output AS o WHERE o.digest = blob.digest AND o.kept = 1"      \
	" AND o.digest <> '')"

static const char *const state_names[] = { "ok", "degraded", "missing" };

const char *blob_state_name(enum blob_state state)
{
	return state_names[state];
}

bool blob_state_find(struct str name, enum blob_state *ret)
{
	for (unsigned i = 0; i < BLOB_N_STATES; i++)
		if (str_eq(name, str_z(state_names[i]))) {
			*ret = (enum blob_state)i;
			return true;
		}
	return false;
}

static enum err_code take_blob(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	enum blob_state state;

	if (!blob_state_find(row->v[4].s, &state))
		return err_set(e, ERR_STORAGE, "a blob has a state unknown to this program");
	*(struct blob *)rows_add(rows) = (struct blob){ .digest = row_str(row, 0, rows->a),
		.n_bytes = row_int(row, 1),
		.added_at = row_int(row, 2),
		.checked_at = row_int(row, 3),
		.state = state };
	return ERR_OK;
}

static void give(const struct rows *rows, struct blob **ret, size_t *ret_n)
{
	*ret = rows->first;
	*ret_n = rows->n;
}

enum err_code blobs_put(struct db *db, struct str digest, int64_t n_bytes, int64_t now, struct err *e)
{
	return db_run(db,
		"INSERT INTO blob (digest, n_bytes, added_at, checked_at, state) VALUES ($1, $2, $3, $3, "
		"'ok')"
		" ON CONFLICT (digest) DO UPDATE SET checked_at = excluded.checked_at, state = 'ok'",
		DB_ARGS(DB_T(digest), DB_I(n_bytes), DB_I(now)), NULL, e);
}

enum err_code blobs_get(struct db *db, struct arena *a, struct str digest, struct blob *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, "SELECT " COLUMNS " FROM blob WHERE digest = $1", DB_ARGS(DB_T(digest)), take_blob,
		&rows, e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no file with the SHA-256 %.*s", STR_FMT(digest));
	*ret = *(const struct blob *)rows.first;
	return ERR_OK;
}

enum err_code blobs_set_state(
	struct db *db, struct str digest, enum blob_state state, int64_t now, struct err *e)
{
	return db_run(db, "UPDATE blob SET state = $2, checked_at = $3 WHERE digest = $1",
		DB_ARGS(DB_T(digest), DB_T(str_z(blob_state_name(state))), DB_I(now)), NULL, e);
}

enum err_code blobs_unchecked(struct db *db, struct arena *a, int64_t before, int64_t limit,
	struct blob **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT " COLUMNS " FROM blob WHERE checked_at < $1 ORDER BY checked_at, digest LIMIT $2",
		DB_ARGS(DB_I(before), DB_I(limit)), take_blob, &rows, e));
	give(&rows, ret, ret_n);
	return ERR_OK;
}

enum err_code blobs_unused(struct db *db, struct arena *a, int64_t before, int64_t limit, struct blob **ret,
	size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT " COLUMNS " FROM blob WHERE added_at < $1 AND checked_at < $1 AND " IS_UNUSED
		" ORDER BY digest LIMIT $2",
		DB_ARGS(DB_I(before), DB_I(limit)), take_blob, &rows, e));
	give(&rows, ret, ret_n);
	return ERR_OK;
}

enum err_code blobs_remove(struct db *db, struct str digest, bool *ret_gone, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db, "DELETE FROM blob WHERE digest = $1 AND " IS_UNUSED, DB_ARGS(DB_T(digest)), &n, e));
	*ret_gone = n > 0;
	return ERR_OK;
}
