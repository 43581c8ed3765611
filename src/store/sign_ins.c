/*
 * sign_ins: those that were sent to a provider and have not come back. What is asked and what is changed is one statement, so that of two who
 * bring the same state one gets it.
 */
#include "store/access_nouns.h"
#include "store/rows.h"

static struct str bytes_of(const struct sha256 *digest)
{
	return (struct str){ (const char *)digest->b, SHA256_LEN };
}

enum err_code sign_ins_add(struct db *db, struct sign_in *s, struct err *e)
{
	return db_int(db,
		"INSERT INTO sign_in (state, browser, provider, secret, return_path, created_at, expires_at, "
		"used_at, user_id)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8) RETURNING id",
		DB_ARGS(DB_B(bytes_of(&s->state)), DB_B(bytes_of(&s->browser)), DB_T(s->provider),
			DB_B(s->secret), DB_T(s->return_path), DB_I(s->created_at), DB_I(s->expires_at),
			DB_I(s->user_id)),
		&s->id, e);
}

static enum err_code take_sign_in(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct sign_in *s = rows_add(rows);

	(void)e;
	*s = (struct sign_in){
		.id = row_int(row, 0),
		.provider = row_str(row, 1, rows->a),
		.secret = row_str(row, 2, rows->a),
		.return_path = row_str(row, 3, rows->a),
		.created_at = row_int(row, 4),
		.expires_at = row_int(row, 5),
		.user_id = row_int(row, 6),
	};
	return ERR_OK;
}

enum err_code sign_ins_take(struct db *db, struct arena *a, const struct sha256 *state,
	const struct sha256 *browser, int64_t now, struct sign_in *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db,
		"UPDATE sign_in SET used_at = $3 WHERE state = $1 AND browser = $2 AND used_at = 0 AND "
		"expires_at > $3"
		" RETURNING id, provider, secret, return_path, created_at, expires_at, user_id",
		DB_ARGS(DB_B(bytes_of(state)), DB_B(bytes_of(browser)), DB_I(now)), take_sign_in, &rows, e));
	if (rows.n == 0)
		return err_set(
			e, ERR_NOT_FOUND, "this sign-in was not begun here, is over, or was used already");
	*ret = *(const struct sign_in *)rows.first;
	ret->state = *state;
	ret->browser = *browser;
	return ERR_OK;
}

enum err_code sign_ins_count(struct db *db, int64_t now, int64_t *ret, struct err *e)
{
	return db_int(db, "SELECT count(*) FROM sign_in WHERE expires_at > $1", DB_ARGS(DB_I(now)), ret, e);
}

enum err_code sign_ins_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e)
{
	if (dry)
		return db_int(db, "SELECT count(*) FROM sign_in WHERE expires_at < $1", DB_ARGS(DB_I(before)),
			ret_rows, e);
	return db_run(db,
		"DELETE FROM sign_in WHERE id IN (SELECT id FROM sign_in WHERE expires_at < $1 ORDER BY "
		"expires_at LIMIT $2)",
		DB_ARGS(DB_I(before), DB_I(limit)), ret_rows, e);
}
