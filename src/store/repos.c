/*
 * repos: the watched repos.
 *
 * Names are compared by a column of their own that holds them in lower case: they are ASCII (model/repo.h),
 * where both databases agree on what that is.
 */
#include "store/like.h"
#include "store/nouns.h"

#define COLUMNS "id, forge, name, added_at, visibility, fork_of"

static enum err_code take_repo(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct repo r = {
		.id = row_int(row, 0),
		.forge = row_str(row, 1, rows->a),
		.name = row_str(row, 2, rows->a),
		.added_at = row_int(row, 3),
		.fork_of = row_int(row, 5),
	};

	/* A word that is not known here must not come to mean "all". */
	if (!visibility_find(row_str(row, 4, rows->a), &r.visibility))
		return err_set(e, ERR_STORAGE,
			"repo %lld in the database has a visibility unknown to this program",
			(long long)r.id);
	*(struct repo *)rows_add(rows) = r;
	return ERR_OK;
}

static enum err_code first_of(const struct rows *rows, struct repo *ret, struct err *e)
{
	if (rows->n == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such repo; `sluice repo list` shows them");
	*ret = *(const struct repo *)rows->first;
	return ERR_OK;
}

enum err_code repos_find(
	struct db *db, struct arena *a, struct str forge, struct str name, struct repo *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, "SELECT " COLUMNS " FROM repo WHERE forge = $1 AND name_key = lower($2)",
		DB_ARGS(DB_T(forge), DB_T(name)), take_repo, &rows, e));
	return first_of(&rows, ret, e);
}

enum err_code repos_get(struct db *db, struct arena *a, int64_t id, struct repo *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(
		db, "SELECT " COLUMNS " FROM repo WHERE id = $1", DB_ARGS(DB_I(id)), take_repo, &rows, e));
	return first_of(&rows, ret, e);
}

enum err_code repos_add(struct db *db, struct str forge, struct str name, int64_t now, int64_t *ret_id,
	bool *ret_new, struct err *e)
{
	enum err_code code;
	int64_t id = 0, n_forks = 0;

	/* Looked for first: an INSERT that finds it there would use a number up. */
	code = db_int(db, "SELECT id FROM repo WHERE forge = $1 AND name_key = lower($2)",
		DB_ARGS(DB_T(forge), DB_T(name)), &id, e);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_NOT_FOUND)
		TRY(db_int(db,
			"INSERT INTO repo (forge, name, name_key, added_at) VALUES ($1, $2, lower($3), $4) "
			"RETURNING id",
			DB_ARGS(DB_T(forge), DB_T(name), DB_T(name), DB_I(now)), &id, e));
	/* One that was there as somebody's fork is watched itself now. */
	TRY(db_run(db, "UPDATE repo SET fork_of = 0 WHERE id = $1 AND fork_of > 0", DB_ARGS(DB_I(id)),
		&n_forks, e));
	*ret_id = id;
	*ret_new = code == ERR_NOT_FOUND || n_forks > 0;
	return ERR_OK;
}

/* The same name behind another owner's; where several are watched, one that is for members comes first. */
enum err_code repos_find_main(
	struct db *db, struct arena *a, struct str forge, struct str fork, struct repo *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };
	size_t slash = str_find(fork, '/');

	TRY(db_each(db,
		"SELECT " COLUMNS " FROM repo WHERE forge = $1 AND fork_of = 0"
		" AND name_key LIKE lower($2) ESCAPE '!' ORDER BY visibility, id LIMIT 1",
		DB_ARGS(DB_T(forge), DB_T(like_end(str_from(fork, slash), a))), take_repo, &rows, e));
	return first_of(&rows, ret, e);
}

enum err_code repos_add_fork(
	struct db *db, const struct repo *of, struct str name, int64_t now, int64_t *ret_id, struct err *e)
{
	return db_int(db,
		"INSERT INTO repo (forge, name, name_key, added_at, visibility, fork_of)"
		" VALUES ($1, $2, lower($2), $3, $4, $5) RETURNING id",
		DB_ARGS(DB_T(of->forge), DB_T(name), DB_I(now), DB_T(str_z(visibility_name(of->visibility))),
			DB_I(of->id)),
		ret_id, e);
}

/*
 * What belongs to it goes by cascade, each child found by an index. One transaction, whatever its size: a
 * repo is removed by a person who waits, and half of one must not be seen.
 */
enum err_code repos_remove(struct db *db, int64_t id, int64_t now, struct err *e)
{
	int64_t n = 0;

	db_access_changed(db);
	TRY(db_run(db,
		"UPDATE token SET revoked_at = $2 WHERE revoked_at = 0"
		" AND (repo_id = $1 OR repo_id IN (SELECT id FROM repo WHERE fork_of = $1))",
		DB_ARGS(DB_I(id), DB_I(now)), NULL, e));
	TRY(db_run(db, "DELETE FROM repo WHERE fork_of = $1", DB_ARGS(DB_I(id)), NULL, e));
	TRY(db_run(db, "DELETE FROM repo WHERE id = $1", DB_ARGS(DB_I(id)), &n, e));
	return n > 0 ? ERR_OK : err_set(e, ERR_NOT_FOUND, "there is no repo %lld", (long long)id);
}

enum err_code repos_set_visibility(struct db *db, int64_t id, enum visibility visibility, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db, "UPDATE repo SET visibility = $2 WHERE id = $1 OR fork_of = $1",
		DB_ARGS(DB_I(id), DB_T(str_z(visibility_name(visibility)))), &n, e));
	return n > 0 ? ERR_OK : err_set(e, ERR_NOT_FOUND, "there is no repo %lld", (long long)id);
}

enum err_code repos_list(struct db *db, struct arena *a, struct str forge, struct str name, int64_t limit,
	int64_t offset, struct repo **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	int64_t total = 0;

	TRY(rows_total(db,
		"SELECT count(*) FROM (SELECT 1 FROM repo"
		" WHERE ($1 = '' OR lower(forge) = lower($1)) AND ($2 = '' OR name_key = lower($2)) LIMIT "
		"10001) AS x",
		DB_ARGS(DB_T(forge), DB_T(name)), &total, e));
	TRY(db_each(db,
		"SELECT " COLUMNS " FROM repo"
		" WHERE ($1 = '' OR lower(forge) = lower($1)) AND ($2 = '' OR name_key = lower($2))"
		" ORDER BY name_key, forge LIMIT $3 OFFSET $4",
		DB_ARGS(DB_T(forge), DB_T(name), DB_I(limit), DB_I(offset)), take_repo, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}
