/*
 * tokens: bearer tokens, by the SHA-256 of their text. Those that are revoked or have expired stay, so that a
 * person can see what there was; whether one is good is asked by the caller, who has the time.
 */
#include "store/access_nouns.h"
#include "store/rows.h"

#include <string.h>

#define SELECT                                                                                               \
	"SELECT token.id, token.user_id, token.name, token.scopes, users.role, token.repo_id, repo.name,"    \
	" token.created_at, token.expires_at, token.revoked_at, token.digest, token.host, token.machine,"    \
	" token.last_used_at, users.email, users.disabled_at"                                                \
	" FROM token JOIN users ON users.id = token.user_id LEFT JOIN repo ON repo.id = token.repo_id"

static enum err_code take_token(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct token t = {
		.id = row_int(row, 0),
		.user_id = row_int(row, 1),
		.name = row_str(row, 2, rows->a),
		.repo_id = row_int(row, 5),
		.repo = row_str(row, 6, rows->a),
		.created_at = row_int(row, 7),
		.expires_at = row_int(row, 8),
		.revoked_at = row_int(row, 9),
		.host = row_str(row, 11, rows->a),
		.machine = row_int(row, 12) != 0,
		.last_used_at = row_int(row, 13),
		.email = row_str(row, 14, rows->a),
		.disabled_at = row_int(row, 15),
	};
	struct str digest = row_str(row, 10, rows->a);

	/* A word that this program does not know must not become a right: such a token is refused. */
	if (!role_find(row_str(row, 4, rows->a), &t.role) || digest.len != SHA256_LEN)
		return err_set(e, ERR_STORAGE, "token %lld in the database is damaged", (long long)t.id);
	if (scope_parse(row_str(row, 3, rows->a), &t.scopes, e) != ERR_OK)
		return err_set(e, ERR_STORAGE,
			"token %lld in the database has a scope unknown to this program", (long long)t.id);
	memcpy(t.digest.b, digest.p, SHA256_LEN);
	*(struct token *)rows_add(rows) = t;
	return ERR_OK;
}

enum err_code tokens_add(struct db *db, struct token *t, struct err *e)
{
	enum err_code code;
	AUTO_BUF scopes;

	buf_init(&scopes, 4096);
	scope_write(t->scopes, &scopes);
	TRY(buf_check(&scopes, "scopes", e));
	/* Whoever was disabled a moment ago must not come in with a token that is made in this one. */
	code = db_int(db,
		"INSERT INTO token (user_id, name, digest, scopes, repo_id, host, machine, created_at, "
		"expires_at, revoked_at)"
		" SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, 0 FROM users WHERE id = $1 AND disabled_at = 0 "
		"RETURNING id",
		DB_ARGS(DB_I(t->user_id), DB_T(t->name),
			DB_B(((struct str){ (const char *)t->digest.b, SHA256_LEN })),
			DB_T(buf_view(&scopes)), DB_I(t->repo_id), DB_T(t->host), DB_I(t->machine),
			DB_I(t->created_at), DB_I(t->expires_at)),
		&t->id, e);
	if (code == ERR_NOT_FOUND)
		return err_set(e, ERR_FORBIDDEN, "the user is disabled");
	return code;
}

enum err_code tokens_by_digest(
	struct db *db, struct arena *a, const struct sha256 *digest, struct token *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, SELECT " WHERE token.digest = $1",
		DB_ARGS(DB_B(((struct str){ (const char *)digest->b, SHA256_LEN }))), take_token, &rows, e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND, "no such token");
	*ret = *(const struct token *)rows.first;
	return ERR_OK;
}

enum err_code tokens_get(struct db *db, struct arena *a, int64_t id, struct token *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, SELECT " WHERE token.id = $1", DB_ARGS(DB_I(id)), take_token, &rows, e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such token");
	*ret = *(const struct token *)rows.first;
	return ERR_OK;
}

/* $1 user, $2 repo, $3 host, $4 when they are good. */
#define OF_QUERY                                                                                             \
	" WHERE ($1 = 0 OR token.user_id = $1) AND ($2 = 0 OR token.repo_id = $2) AND ($3 = '' OR "          \
	"token.host = $3)"                                                                                   \
	" AND ($4 = 0 OR (token.revoked_at = 0 AND (token.expires_at = 0 OR token.expires_at > $4)))"

enum err_code tokens_list(struct db *db, struct arena *a, const struct token_query *q, struct token **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	struct db_value args[] = { DB_I(q->user_id), DB_I(q->repo_id), DB_T(q->host), DB_I(q->good_at),
		DB_I(q->limit), DB_I(q->offset) };
	int64_t total = 0;

	TRY(rows_total(db, "SELECT count(*) FROM (SELECT 1 FROM token" OF_QUERY " LIMIT 10001) AS x", args, 4,
		&total, e));
	TRY(db_each(db, SELECT OF_QUERY " ORDER BY token.id DESC LIMIT $5 OFFSET $6", args, 6, take_token,
		&rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}

enum err_code tokens_revoke(struct db *db, int64_t id, int64_t user_id, int64_t now, struct err *e)
{
	int64_t n = 0;

	db_access_changed(db);
	TRY(db_run(db,
		"UPDATE token SET revoked_at = CASE WHEN revoked_at = 0 THEN $3 ELSE revoked_at END"
		" WHERE id = $1 AND ($2 = 0 OR user_id = $2)",
		DB_ARGS(DB_I(id), DB_I(user_id), DB_I(now)), &n, e));
	return n > 0 ? ERR_OK : err_set(e, ERR_NOT_FOUND, "there is no such token");
}

enum err_code tokens_touch(struct db *db, int64_t id, int64_t at, struct err *e)
{
	return db_run(db, "UPDATE token SET last_used_at = $2 WHERE id = $1 AND last_used_at < $2",
		DB_ARGS(DB_I(id), DB_I(at)), NULL, e);
}
