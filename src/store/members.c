/* members: what forges said about who may read which repo, until it is asked again. */
#include "store/access_nouns.h"
#include "store/rows.h"
#include "store/visible.h"

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

static enum err_code take_member_repo(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct member_repo *r = rows_add(rows);

	(void)e;
	*r = (struct member_repo){ row_int(row, 0), row_str(row, 1, rows->a) };
	return ERR_OK;
}

enum err_code members_repos(struct db *db, struct arena *a, int64_t user_id, struct str forge, int64_t limit,
	struct member_repo **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT repo.id, repo.name FROM repo LEFT JOIN member ON member.repo_id = repo.id"
		" AND member.user_id = $1 WHERE lower(repo.forge) = lower($2) AND repo.visibility = 'members'"
		" AND repo.fork_of = 0" /* a fork is seen as its repo is: visible.h */
		" ORDER BY coalesce(member.checked_at, 0), repo.id LIMIT $3",
		DB_ARGS(DB_I(user_id), DB_T(forge), DB_I(limit)), take_member_repo, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code members_deny(struct db *db, int64_t user_id, struct str forge, int64_t now, struct err *e)
{
	return db_run(db,
		"UPDATE member SET allowed = 0, checked_at = $3 WHERE user_id = $1 AND repo_id IN"
		" (SELECT id FROM repo WHERE lower(forge) = lower($2))",
		DB_ARGS(DB_I(user_id), DB_T(forge), DB_I(now)), NULL, e);
}

enum err_code members_oldest(struct db *db, int64_t user_id, int64_t *ret, struct err *e)
{
	return db_int(db,
		"SELECT coalesce(min(checked_at), 0) FROM member WHERE user_id = $1 AND allowed = 1",
		DB_ARGS(DB_I(user_id)), ret, e);
}

enum err_code members_forget_old(struct db *db, int64_t user_id, int64_t before, struct err *e)
{
	return db_run(db, "DELETE FROM member WHERE user_id = $1 AND checked_at < $2",
		DB_ARGS(DB_I(user_id), DB_I(before)), NULL, e);
}

enum err_code members_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e)
{
	if (dry)
		return db_int(db, "SELECT count(*) FROM member WHERE checked_at < $1", DB_ARGS(DB_I(before)),
			ret_rows, e);
	return db_run(db,
		"DELETE FROM member WHERE (user_id, repo_id) IN"
		" (SELECT user_id, repo_id FROM member WHERE checked_at < $1 LIMIT $2)",
		DB_ARGS(DB_I(before), DB_I(limit)), ret_rows, e);
}

static enum err_code is_there(
	struct db *db, const char *sql, int64_t id, int64_t viewer, bool *ret, struct err *e)
{
	int64_t n = 0;

	if (viewer == 0) {
		*ret = true;
		return ERR_OK;
	}
	TRY(db_int(db, sql, DB_ARGS(DB_I(id), DB_I(viewer)), &n, e));
	*ret = n > 0;
	return ERR_OK;
}

enum err_code repo_is_visible(struct db *db, int64_t repo_id, int64_t viewer, bool *ret, struct err *e)
{
	return is_there(db, "SELECT count(*) FROM repo WHERE repo.id = $1 AND " VISIBLE_TO("$2"), repo_id,
		viewer, ret, e);
}

enum err_code run_is_visible(struct db *db, int64_t run_id, int64_t viewer, bool *ret, struct err *e)
{
	return is_there(db,
		"SELECT count(*) FROM run JOIN repo ON repo.id = run.repo_id WHERE run.id = $1 "
		"AND " VISIBLE_TO("$2"),
		run_id, viewer, ret, e);
}

struct repos_found {
	int64_t n, repo_id;
};

static enum err_code take_repo(void *arg, const struct db_row *row, struct err *e)
{
	struct repos_found *f = arg;

	(void)e;
	f->n++;
	f->repo_id = row_int(row, 0);
	return ERR_OK;
}

enum err_code runs_repos_visible(struct db *db, struct str external_run_id, int64_t viewer, int64_t *ret_n,
	int64_t *ret_repo_id, struct err *e)
{
	struct repos_found f = { 0 };

	TRY(db_each(db,
		"SELECT DISTINCT repo.id FROM run JOIN repo ON repo.id = run.repo_id"
		" WHERE run.external_run_id = $1 AND " VISIBLE_TO("$2") " LIMIT 2",
		DB_ARGS(DB_T(external_run_id), DB_I(viewer)), take_repo, &f, e));
	*ret_n = f.n;
	*ret_repo_id = f.repo_id;
	return ERR_OK;
}
