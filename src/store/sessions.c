/*
 * sessions: browsers that have signed in, by the SHA-256 of their cookie. Whether one is good is asked by the caller, who has the time; what a row
 * says of its user is read with it, in the same statement.
 */
#include "store/access_nouns.h"
#include "store/rows.h"

#include "base/utf8.h"

#include <string.h>

#define SELECT                                                                                               \
	"SELECT session.id, session.user_id, session.digest, session.csrf, session.created_at,"              \
	" session.seen_at, session.expires_at, session.revoked_at, session.address, session.agent,"          \
	" users.email, users.role, users.disabled_at"                                                        \
	" FROM session JOIN users ON users.id = session.user_id"

static struct str bytes_of(const struct sha256 *digest)
{
	return (struct str){ (const char *)digest->b, SHA256_LEN };
}

static enum err_code take_session(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct str digest = row_str(row, 2, rows->a), csrf = row_str(row, 3, rows->a);
	struct session s = {
		.id = row_int(row, 0),
		.user_id = row_int(row, 1),
		.created_at = row_int(row, 4),
		.seen_at = row_int(row, 5),
		.expires_at = row_int(row, 6),
		.revoked_at = row_int(row, 7),
		.address = row_str(row, 8, rows->a),
		.agent = row_str(row, 9, rows->a),
		.email = row_str(row, 10, rows->a),
		.disabled_at = row_int(row, 12),
	};

	if (!role_find(row_str(row, 11, rows->a), &s.role) || digest.len != SHA256_LEN ||
		csrf.len != SESSION_CSRF_LEN)
		return err_set(e, ERR_STORAGE, "session %lld in the database is damaged", (long long)s.id);
	memcpy(s.digest.b, digest.p, SHA256_LEN);
	memcpy(s.csrf, csrf.p, SESSION_CSRF_LEN);
	*(struct session *)rows_add(rows) = s;
	return ERR_OK;
}

enum err_code sessions_add(struct db *db, struct session *s, struct err *e)
{
	struct str agent = { s->agent.p, utf8_floor(s->agent, SESSION_AGENT_MAX) };
	enum err_code code = db_int(db,
		"INSERT INTO session (user_id, digest, csrf, created_at, seen_at, expires_at, revoked_at, "
		"address, agent)"
		" SELECT id, $2, $3, $4, $5, $6, 0, $7, $8 FROM users WHERE id = $1 AND disabled_at = 0 "
		"RETURNING id",
		DB_ARGS(DB_I(s->user_id), DB_B(bytes_of(&s->digest)),
			DB_B(((struct str){ (const char *)s->csrf, SESSION_CSRF_LEN })), DB_I(s->created_at),
			DB_I(s->seen_at), DB_I(s->expires_at), DB_T(s->address), DB_T(agent)),
		&s->id, e);

	if (code == ERR_NOT_FOUND)
		return err_set(e, ERR_FORBIDDEN, "the user is disabled");
	return code;
}

enum err_code sessions_by_digest(
	struct db *db, struct arena *a, const struct sha256 *digest, struct session *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, SELECT " WHERE session.digest = $1", DB_ARGS(DB_B(bytes_of(digest))), take_session,
		&rows, e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND, "no such session");
	*ret = *(const struct session *)rows.first;
	return ERR_OK;
}

enum err_code sessions_get(struct db *db, struct arena *a, int64_t id, struct session *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, SELECT " WHERE session.id = $1", DB_ARGS(DB_I(id)), take_session, &rows, e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND, "no such session");
	*ret = *(const struct session *)rows.first;
	return ERR_OK;
}

#define WANTED                                                                                               \
	" WHERE session.user_id = $1 AND ($2 = 0 OR (session.revoked_at = 0 AND session.expires_at > $2))"

enum err_code sessions_list(struct db *db, struct arena *a, int64_t user_id, int64_t now, int64_t limit,
	int64_t offset, struct session **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	int64_t total = 0;

	TRY(rows_total(db, "SELECT count(*) FROM (SELECT 1 FROM session" WANTED " LIMIT 10001) AS x",
		DB_ARGS(DB_I(user_id), DB_I(now)), &total, e));
	TRY(db_each(db, SELECT WANTED " ORDER BY session.id DESC LIMIT $3 OFFSET $4",
		DB_ARGS(DB_I(user_id), DB_I(now), DB_I(limit), DB_I(offset)), take_session, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}

enum err_code sessions_touch(struct db *db, int64_t id, int64_t seen_at, int64_t expires_at, struct err *e)
{
	return db_run(db,
		"UPDATE session SET seen_at = $2, expires_at = $3"
		" WHERE id = $1 AND revoked_at = 0 AND expires_at > $2 AND seen_at <= $2",
		DB_ARGS(DB_I(id), DB_I(seen_at), DB_I(expires_at)), NULL, e);
}

enum err_code sessions_revoke(struct db *db, int64_t id, int64_t user_id, int64_t now, struct err *e)
{
	int64_t n = 0;

	db_access_changed(db);
	TRY(db_run(db,
		"UPDATE session SET revoked_at = CASE WHEN revoked_at = 0 THEN $3 ELSE revoked_at END"
		" WHERE id = $1 AND ($2 = 0 OR user_id = $2)",
		DB_ARGS(DB_I(id), DB_I(user_id), DB_I(now)), &n, e));
	return n > 0 ? ERR_OK : err_set(e, ERR_NOT_FOUND, "there is no such session");
}

enum err_code sessions_revoke_others(
	struct db *db, int64_t user_id, int64_t but_id, int64_t now, struct err *e)
{
	db_access_changed(db);
	return db_run(db,
		"UPDATE session SET revoked_at = $3 WHERE user_id = $1 AND id <> $2 AND revoked_at = 0",
		DB_ARGS(DB_I(user_id), DB_I(but_id), DB_I(now)), NULL, e);
}

/* One that was revoked waits for the end it would have had: that is at most some days more, and one index serves both. */
enum err_code sessions_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e)
{
	if (dry)
		return db_int(db, "SELECT count(*) FROM session WHERE expires_at < $1", DB_ARGS(DB_I(before)),
			ret_rows, e);
	return db_run(db,
		"DELETE FROM session WHERE id IN (SELECT id FROM session WHERE expires_at < $1 ORDER BY "
		"expires_at LIMIT $2)",
		DB_ARGS(DB_I(before), DB_I(limit)), ret_rows, e);
}
