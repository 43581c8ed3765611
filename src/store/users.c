/*
 * users: people. The first one is the admin that `sluice init` makes.
 *
 * There is always an admin who can come in: whoever would take the last one away is told so, in the statement itself, because two of them at once
 * would each see the other.
 */
#include "store/access_nouns.h"
#include "store/rows.h"

#define SELECT "SELECT id, email, password, role, created_at, disabled_at FROM users"
#define ADMIN DB_T(str_z(role_name(ROLE_ADMIN)))

static enum err_code take_user(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct user u = {
		.id = row_int(row, 0),
		.email = row_str(row, 1, rows->a),
		.password = row_str(row, 2, rows->a),
		.created_at = row_int(row, 4),
		.disabled_at = row_int(row, 5),
	};

	if (!role_find(row_str(row, 3, rows->a), &u.role))
		return err_set(e, ERR_STORAGE, "user %lld in the database has a role unknown to this program",
			(long long)u.id);
	*(struct user *)rows_add(rows) = u;
	return ERR_OK;
}

static enum err_code no_user(struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "there is no such user; `sluice user list` shows them");
}

enum err_code users_add(struct db *db, struct str email, struct str password, enum role role, int64_t now,
	int64_t *ret_id, struct err *e)
{
	int64_t id = 0;
	enum err_code code = db_int(db, "SELECT id FROM users WHERE email_key = lower($1)",
		DB_ARGS(DB_T(email)), &id, e); /* looked for first: a refused INSERT would use a number up */

	if (code == ERR_OK)
		return err_set(e, ERR_CONFLICT, "there is a user with this e-mail address already");
	if (code != ERR_NOT_FOUND)
		return code;
	return db_int(db,
		"INSERT INTO users (email, email_key, password, role, created_at) VALUES ($1, lower($2), $3, "
		"$4, $5) "
		"RETURNING id",
		DB_ARGS(DB_T(email), DB_T(email), DB_T(password), DB_T(str_z(role_name(role))), DB_I(now)),
		ret_id, e);
}

enum err_code users_first_admin(struct db *db, int64_t *ret_id, struct err *e)
{
	enum err_code code = db_int(db, "SELECT min(id) FROM users WHERE role = $1 AND disabled_at = 0",
		DB_ARGS(ADMIN), ret_id, e);

	if (code == ERR_NOT_FOUND)
		return err_set(e, code, "there is no admin yet; `sluice init` makes one");
	return code;
}

static enum err_code first_of(const struct rows *rows, struct user *ret, struct err *e)
{
	if (rows->n == 0)
		return no_user(e);
	*ret = *(const struct user *)rows->first;
	return ERR_OK;
}

enum err_code users_get(struct db *db, struct arena *a, int64_t id, struct user *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, SELECT " WHERE id = $1", DB_ARGS(DB_I(id)), take_user, &rows, e));
	return first_of(&rows, ret, e);
}

enum err_code users_by_email(
	struct db *db, struct arena *a, struct str email, struct user *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, SELECT " WHERE email_key = lower($1)", DB_ARGS(DB_T(email)), take_user, &rows, e));
	return first_of(&rows, ret, e);
}

#define WANTED                                                                                               \
	" WHERE ($1 = '' OR email_key = lower($1)) AND ($2 = '' OR role = $2)"                               \
	" AND ($3 = 0 OR ($3 = 1) = (disabled_at = 0))"

enum err_code users_list(struct db *db, struct arena *a, const struct user_query *q, struct user **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	struct db_value email = DB_T(q->email),
			role = DB_T(q->role < ROLE_N ? str_z(role_name(q->role)) : STR("")),
			state = DB_I(q->state);
	int64_t total = 0;

	TRY(rows_total(db, "SELECT count(*) FROM (SELECT 1 FROM users" WANTED " LIMIT 10001) AS x",
		DB_ARGS(email, role, state), &total, e));
	TRY(db_each(db, SELECT WANTED " ORDER BY id LIMIT $4 OFFSET $5",
		DB_ARGS(email, role, state, DB_I(q->limit), DB_I(q->offset)), take_user, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}

enum err_code users_set_password(struct db *db, int64_t id, struct str password, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db, "UPDATE users SET password = $2 WHERE id = $1", DB_ARGS(DB_I(id), DB_T(password)), &n,
		e));
	return n > 0 ? ERR_OK : no_user(e);
}

/* True for a row that is not the last admin who can come in. $1: the id, $2: the word for admin. */
#define NOT_THE_LAST                                                                                         \
	"(role <> $2 OR disabled_at <> 0 OR EXISTS (SELECT 1 FROM users AS other WHERE other.id <> $1"       \
	" AND other.role = $2 AND other.disabled_at = 0))"

/* Nothing was changed: because there is no such user, or because it is the last admin. */
static enum err_code why_not(struct db *db, int64_t id, const char *what, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db, "SELECT count(*) FROM users WHERE id = $1", DB_ARGS(DB_I(id)), &n, e));
	if (n == 0)
		return no_user(e);
	return err_set(e, ERR_CONFLICT,
		"this is the last admin who can come in, and so cannot be %s; make another user an admin "
		"first",
		what);
}

enum err_code users_set_role(struct db *db, int64_t id, enum role role, struct err *e)
{
	int64_t n = 0;

	db_access_changed(db);
	TRY(db_run(db, "UPDATE users SET role = $3 WHERE id = $1 AND ($3 = $2 OR " NOT_THE_LAST ")",
		DB_ARGS(DB_I(id), ADMIN, DB_T(str_z(role_name(role)))), &n, e));
	return n > 0 ? ERR_OK : why_not(db, id, "anything else", e);
}

enum err_code users_disable(struct db *db, int64_t id, int64_t now, struct err *e)
{
	int64_t n = 0;

	db_access_changed(db);
	TRY(db_run(db,
		"UPDATE users SET disabled_at = CASE WHEN disabled_at = 0 THEN $3 ELSE disabled_at END"
		" WHERE id = $1 AND " NOT_THE_LAST,
		DB_ARGS(DB_I(id), ADMIN, DB_I(now)), &n, e));
	if (n == 0)
		return why_not(db, id, "disabled", e);
	TRY(db_run(db, "UPDATE token SET revoked_at = $2 WHERE user_id = $1 AND revoked_at = 0",
		DB_ARGS(DB_I(id), DB_I(now)), NULL, e));
	return db_run(db, "UPDATE session SET revoked_at = $2 WHERE user_id = $1 AND revoked_at = 0",
		DB_ARGS(DB_I(id), DB_I(now)), NULL, e);
}

enum err_code users_enable(struct db *db, int64_t id, struct err *e)
{
	int64_t n = 0;

	db_access_changed(db);
	TRY(db_run(db, "UPDATE users SET disabled_at = 0 WHERE id = $1", DB_ARGS(DB_I(id)), &n, e));
	return n > 0 ? ERR_OK : no_user(e);
}
