/* members: what forges said about who may read which repo, until it is asked again. */
#include "store/access_nouns.h"
#include "store/rows.h"

enum err_code members_put(
	struct db *db, int64_t user_id, int64_t repo_id, bool allowed, int64_t checked_at, struct err *e)
{
	enum err_code code = db_run(db,
		"INSERT INTO member (user_id, repo_id, allowed, checked_at) VALUES ($1, $2, $3, $4)"
		" ON CONFLICT (user_id, repo_id) DO UPDATE SET allowed = excluded.allowed, checked_at = "
		"excluded.checked_at"
		" WHERE member.checked_at <= excluded.checked_at",
		DB_ARGS(DB_I(user_id), DB_I(repo_id), DB_I(allowed), DB_I(checked_at)), NULL, e);

	if (code == ERR_CONFLICT)
		return err_set(e, code, "there is no such user or repo any more");
	return code;
}

struct found {
	bool there, allowed;
	int64_t checked_at;
};

static enum err_code take_member(void *arg, const struct db_row *row, struct err *e)
{
	(void)e;
	*(struct found *)arg = (struct found){ true, row_int(row, 0) != 0, row_int(row, 1) };
	return ERR_OK;
}

enum err_code members_get(struct db *db, int64_t user_id, int64_t repo_id, bool *ret_allowed,
	int64_t *ret_checked_at, struct err *e)
{
	struct found found = { 0 };

	TRY(db_each(db, "SELECT allowed, checked_at FROM member WHERE user_id = $1 AND repo_id = $2",
		DB_ARGS(DB_I(user_id), DB_I(repo_id)), take_member, &found, e));
	if (!found.there)
		return err_set(e, ERR_NOT_FOUND, "the forge was not asked yet");
	*ret_allowed = found.allowed;
	*ret_checked_at = found.checked_at;
	return ERR_OK;
}

enum err_code members_forget(struct db *db, int64_t user_id, int64_t repo_id, struct err *e)
{
	return db_run(db, "DELETE FROM member WHERE user_id = $1 AND ($2 = 0 OR repo_id = $2)",
		DB_ARGS(DB_I(user_id), DB_I(repo_id)), NULL, e);
}
