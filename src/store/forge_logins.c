/*
 * forge_logins: the accounts on forges that users signed in with. An account is known by the forge's own number for it and belongs to one user for
 * good: whoever gets its name on the forge later has another number, and so is somebody else here.
 */
#include "store/access_nouns.h"
#include "store/rows.h"

#define SELECT "SELECT id, user_id, provider, forge_user_id, login, token, stored_at FROM forge_login"

static enum err_code take_login(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct forge_login *l = rows_add(rows);

	(void)e;
	*l = (struct forge_login){
		.id = row_int(row, 0),
		.user_id = row_int(row, 1),
		.provider = row_str(row, 2, rows->a),
		.forge_user_id = row_str(row, 3, rows->a),
		.login = row_str(row, 4, rows->a),
		.token = row_str(row, 5, rows->a),
		.stored_at = row_int(row, 6),
	};
	return ERR_OK;
}

enum err_code forge_logins_put(struct db *db, struct forge_login *l, struct err *e)
{
	enum err_code code = db_int(db,
		"INSERT INTO forge_login (user_id, provider, forge_user_id, login, token, stored_at)"
		" VALUES ($1, lower($2), $3, $4, $5, $6)"
		" ON CONFLICT (provider, forge_user_id) DO UPDATE SET"
		" login = CASE WHEN excluded.login = '' THEN forge_login.login ELSE excluded.login END,"
		" token = CASE WHEN length(excluded.token) = 0 THEN forge_login.token ELSE excluded.token "
		"END,"
		" stored_at = excluded.stored_at WHERE forge_login.user_id = excluded.user_id RETURNING id",
		DB_ARGS(DB_I(l->user_id), DB_T(l->provider), DB_T(l->forge_user_id), DB_T(l->login),
			DB_B(l->token), DB_I(l->stored_at)),
		&l->id, e);

	if (code == ERR_NOT_FOUND)
		return err_set(e, ERR_CONFLICT, "this account on %.*s is tied to another user",
			STR_FMT(l->provider));
	return code;
}

enum err_code forge_logins_find(struct db *db, struct arena *a, struct str provider, struct str forge_user_id,
	struct forge_login *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, SELECT " WHERE provider = lower($1) AND forge_user_id = $2",
		DB_ARGS(DB_T(provider), DB_T(forge_user_id)), take_login, &rows, e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND, "nobody has signed in with this account");
	*ret = *(const struct forge_login *)rows.first;
	return ERR_OK;
}

enum err_code forge_logins_of(struct db *db, struct arena *a, int64_t user_id, struct forge_login **ret,
	size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db, SELECT " WHERE user_id = $1 ORDER BY id LIMIT 100", DB_ARGS(DB_I(user_id)),
		take_login, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code forge_logins_between(struct db *db, struct arena *a, int64_t from, int64_t to,
	struct forge_login **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT id, user_id, provider, forge_user_id, login, NULL, stored_at FROM forge_login"
		" WHERE user_id BETWEEN $1 AND $2 ORDER BY user_id, id LIMIT 1000",
		DB_ARGS(DB_I(from), DB_I(to)), take_login, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}
