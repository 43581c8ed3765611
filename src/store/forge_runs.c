/*
 * forge_runs: what forges say of runs and branches, as it comes: hooks in any order, some of them lost, and answers when they are asked.
 *
 * So a row is not what was heard last, but what is best known. What is so later stands, by the forge's own clock where it told that; a run that is over stays over within its attempt, because a
 * delivery that was held up is likelier than a run that begins anew without saying so; and what is not told takes nothing away. Of a push there is no clock to go by. But each says where the branch
 * stood before, so that of two that come in the wrong order the second is seen to be what the first one began from.
 *
 * Rows are read, put together here, and written: all on the writer's connection, where nobody else can be between.
 */
#include "store/dispatch_nouns.h"
#include "store/rows.h"

/* ---- deliveries ---- */

enum err_code deliveries_take(
	struct db *db, struct str hook, struct str delivery, int64_t now, bool *ret_new, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db,
		"INSERT INTO hook_delivery (hook, delivery, received_at) VALUES ($1, $2, $3) ON CONFLICT DO "
		"NOTHING",
		DB_ARGS(DB_T(hook), DB_T(delivery), DB_I(now)), &n, e));
	*ret_new = n > 0;
	return ERR_OK;
}

enum err_code deliveries_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e)
{
	if (dry)
		return db_int(db, "SELECT count(*) FROM hook_delivery WHERE received_at < $1",
			DB_ARGS(DB_I(before)), ret_rows, e);
	return db_run(db,
		"DELETE FROM hook_delivery WHERE (hook, delivery) IN"
		" (SELECT hook, delivery FROM hook_delivery WHERE received_at < $1 LIMIT $2)",
		DB_ARGS(DB_I(before), DB_I(limit)), ret_rows, e);
}

/* ---- runs ---- */

#define COLUMNS                                                                                              \
	"id, repo_id, head_sha, external_run_id, attempt, workflow, branch, target_branch, url, author,"     \
	" pull_request, conclusion, said_at, heard_at, heard_by, due, pull_state, pull_tries, pull_at"

static enum err_code take_run(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct heard_run *)rows_add(rows) = (struct heard_run){ .id = row_int(row, 0),
		.repo_id = row_int(row, 1),
		.head_sha = row_str(row, 2, rows->a),
		.external_run_id = row_str(row, 3, rows->a),
		.attempt = row_int(row, 4),
		.workflow = row_str(row, 5, rows->a),
		.branch = row_str(row, 6, rows->a),
		.target_branch = row_str(row, 7, rows->a),
		.url = row_str(row, 8, rows->a),
		.author = row_str(row, 9, rows->a),
		.pull_request = row_int(row, 10),
		.conclusion = row_str(row, 11, rows->a),
		.said_at = row_int(row, 12),
		.heard_at = row_int(row, 13),
		.heard_by = row_str(row, 14, rows->a),
		.due = row_int(row, 15) != 0,
		.pull_state = row_str(row, 16, rows->a),
		.pull_tries = row_int(row, 17),
		.pull_at = row_int(row, 18) };
	return ERR_OK;
}

static enum err_code first_of(const struct rows *rows, struct heard_run *ret, struct err *e)
{
	if (rows->n == 0)
		return err_set(e, ERR_NOT_FOUND, "nothing was heard of such a run");
	*ret = *(const struct heard_run *)rows->first;
	return ERR_OK;
}

enum err_code forge_runs_get(struct db *db, struct arena *a, int64_t id, struct heard_run *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, "SELECT " COLUMNS " FROM forge_run WHERE id = $1", DB_ARGS(DB_I(id)), take_run, &rows,
		e));
	return first_of(&rows, ret, e);
}

enum err_code forge_runs_find(struct db *db, struct arena *a, int64_t repo_id, struct str external_run_id,
	int64_t attempt, struct heard_run *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db,
		"SELECT " COLUMNS
		" FROM forge_run WHERE repo_id = $1 AND external_run_id = $2 AND (attempt = $3 OR $3 = 0)"
		" ORDER BY attempt DESC LIMIT 1",
		DB_ARGS(DB_I(repo_id), DB_T(external_run_id), DB_I(attempt)), take_run, &rows, e));
	return first_of(&rows, ret, e);
}

enum err_code forge_runs_due(
	struct db *db, struct arena *a, int64_t limit, struct heard_run **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db, "SELECT " COLUMNS " FROM forge_run WHERE due = 1 ORDER BY heard_at, id LIMIT $1",
		DB_ARGS(DB_I(limit)), take_run, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

static bool is_over(struct str conclusion)
{
	return !str_eq(conclusion, STR("running"));
}

bool forge_run_is_anew(const struct heard_run *known, const struct heard_run *told)
{
	return told->attempt == 0 && is_over(known->conclusion) && known->said_at > 0 &&
	       told->began_at > known->said_at;
}

/* What was told takes the place of what was told before, or of nothing when it is stale. */
static struct str better(struct str known, struct str told, bool stale)
{
	return told.len > 0 && (known.len == 0 || !stale) ? told : known;
}

static struct heard_run merged(const struct heard_run *known, const struct heard_run *told)
{
	bool stale = told->said_at > 0 && told->said_at < known->said_at;
	struct heard_run x = *known;

	x.head_sha = better(known->head_sha, told->head_sha, stale);
	x.workflow = better(known->workflow, told->workflow, stale);
	x.branch = better(known->branch, told->branch, stale);
	x.target_branch = better(known->target_branch, told->target_branch, stale);
	x.url = better(known->url, told->url, stale);
	x.author = better(known->author, told->author, stale);
	if (told->pull_request > 0 && (known->pull_request == 0 || !stale))
		x.pull_request = told->pull_request;
	if (stale)
		return x;
	x.said_at = told->said_at > known->said_at ? told->said_at : known->said_at;
	if (str_eq(told->conclusion, known->conclusion) ||
		(is_over(known->conclusion) && !is_over(told->conclusion)))
		return x;
	x.conclusion = told->conclusion;
	x.heard_at = told->heard_at;
	x.heard_by = told->heard_by;
	x.due = true; /* running becomes over, or over becomes something else: never running */
	return x;
}

static enum err_code add_run(struct db *db, const struct heard_run *x, int64_t *ret_id, struct err *e)
{
	return db_int(db,
		"INSERT INTO forge_run (repo_id, head_sha, external_run_id, attempt, workflow, branch, "
		"target_branch,"
		" url, author, pull_request, conclusion, said_at, heard_at, heard_by, due)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id",
		DB_ARGS(DB_I(x->repo_id), DB_T(x->head_sha), DB_T(x->external_run_id), DB_I(x->attempt),
			DB_T(x->workflow), DB_T(x->branch), DB_T(x->target_branch), DB_T(x->url),
			DB_T(x->author), DB_I(x->pull_request), DB_T(x->conclusion), DB_I(x->said_at),
			DB_I(x->heard_at), DB_T(x->heard_by), DB_I(is_over(x->conclusion))),
		ret_id, e);
}

static enum err_code change_run(struct db *db, const struct heard_run *x, struct err *e)
{
	return db_run(db,
		"UPDATE forge_run SET head_sha = $2, workflow = $3, branch = $4, target_branch = $5, url = "
		"$6,"
		" author = $7, pull_request = $8, conclusion = $9, said_at = $10, heard_at = $11, heard_by = "
		"$12,"
		" due = $13 WHERE id = $1",
		DB_ARGS(DB_I(x->id), DB_T(x->head_sha), DB_T(x->workflow), DB_T(x->branch),
			DB_T(x->target_branch), DB_T(x->url), DB_T(x->author), DB_I(x->pull_request),
			DB_T(x->conclusion), DB_I(x->said_at), DB_I(x->heard_at), DB_T(x->heard_by),
			DB_I(x->due)),
		NULL, e);
}

enum err_code forge_runs_put(
	struct db *db, const struct heard_run *x, int64_t *ret_id, bool *ret_due, struct err *e)
{
	struct heard_run told = *x, known = { 0 };
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	code = forge_runs_find(db, &a, x->repo_id, x->external_run_id, x->attempt, &known, e);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (code == ERR_NOT_FOUND || forge_run_is_anew(&known, x)) {
		told.attempt = x->attempt > 0 ? x->attempt : known.attempt + 1;
		TRY(add_run(db, &told, ret_id, e));
		*ret_due = is_over(told.conclusion);
		return ERR_OK;
	}
	known = merged(&known, &told);
	TRY(change_run(db, &known, e));
	*ret_id = known.id;
	*ret_due = known.due;
	return ERR_OK;
}

enum err_code forge_runs_settle(struct db *db, const struct heard_run *x, struct err *e)
{
	return db_run(db, "UPDATE forge_run SET due = 0 WHERE id = $1 AND conclusion = $2 AND heard_at = $3",
		DB_ARGS(DB_I(x->id), DB_T(x->conclusion), DB_I(x->heard_at)), NULL, e);
}

enum err_code forge_runs_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e)
{
	if (dry)
		return db_int(db, "SELECT count(*) FROM forge_run WHERE heard_at < $1", DB_ARGS(DB_I(before)),
			ret_rows, e);
	return db_run(db,
		"DELETE FROM forge_run WHERE id IN (SELECT id FROM forge_run WHERE heard_at < $1 LIMIT $2)",
		DB_ARGS(DB_I(before), DB_I(limit)), ret_rows, e);
}

/* ---- heads ---- */

static struct str name_of(struct arena *a, struct str branch, int64_t pull_request)
{
	return branch.len > 0 ? arena_fmt(a, "branch:%.*s", STR_FMT(branch))
			      : arena_fmt(a, "pull:%lld", (long long)pull_request);
}

struct found {
	struct arena *a;
	struct forge_head head;
	bool there;
};

static enum err_code take_head(void *arg, const struct db_row *row, struct err *e)
{
	struct found *f = arg;

	(void)e;
	f->there = true;
	f->head = (struct forge_head){ .head_sha = row_str(row, 0, f->a),
		.before_sha = row_str(row, 1, f->a),
		.author = row_str(row, 2, f->a),
		.said_at = row_int(row, 3),
		.heard_at = row_int(row, 4) };
	return ERR_OK;
}

static enum err_code find_head(
	struct db *db, int64_t repo_id, struct str name, struct found *f, struct err *e)
{
	return db_each(db,
		"SELECT head_sha, before_sha, author, said_at, heard_at FROM forge_head WHERE repo_id = $1 "
		"AND name = $2",
		DB_ARGS(DB_I(repo_id), DB_T(name)), take_head, f, e);
}

enum err_code forge_heads_get(struct db *db, struct arena *a, int64_t repo_id, struct str branch,
	int64_t pull_request, struct forge_head *ret, struct err *e)
{
	struct found f = { .a = a };

	TRY(find_head(db, repo_id, name_of(a, branch, pull_request), &f, e));
	if (!f.there)
		return err_set(e, ERR_NOT_FOUND, "nothing was heard of where it stands");
	f.head.branch = arena_str(a, branch);
	f.head.pull_request = pull_request;
	*ret = f.head;
	return ERR_OK;
}

/* A push that leads to where the one that stands began, and does not begin where that one leads to. That a branch was made, and that it is gone, begin and lead nowhere, and prove nothing. */
static bool is_before(const struct forge_head *told, const struct forge_head *known)
{
	if (told->branch.len == 0)
		return told->said_at > 0 && told->said_at < known->said_at;
	return told->head_sha.len > 0 && str_eq(told->head_sha, known->before_sha) &&
	       !str_eq(told->before_sha, known->head_sha);
}

enum err_code forge_heads_put(
	struct db *db, int64_t repo_id, const struct forge_head *x, bool *ret_changed, struct err *e)
{
	struct found known = { 0 };
	struct str name;
	AUTO_ARENA a;

	arena_init(&a);
	known.a = &a;
	name = name_of(&a, x->branch, x->pull_request);
	TRY(find_head(db, repo_id, name, &known, e));
	if (known.there && is_before(x, &known.head)) {
		*ret_changed = false;
		return ERR_OK;
	}
	TRY(db_run(db,
		"INSERT INTO forge_head (repo_id, name, head_sha, before_sha, author, said_at, heard_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (repo_id, name) DO UPDATE SET"
		" head_sha = excluded.head_sha, before_sha = excluded.before_sha,"
		" author = CASE WHEN excluded.author = '' THEN forge_head.author ELSE excluded.author END,"
		" said_at = excluded.said_at, heard_at = excluded.heard_at",
		DB_ARGS(DB_I(repo_id), DB_T(name), DB_T(x->head_sha), DB_T(x->before_sha), DB_T(x->author),
			DB_I(x->said_at), DB_I(x->heard_at)),
		NULL, e));
	*ret_changed = !known.there || !str_eq(known.head.head_sha, x->head_sha);
	return ERR_OK;
}

enum err_code forge_heads_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e)
{
	if (dry)
		return db_int(db, "SELECT count(*) FROM forge_head WHERE heard_at < $1 AND head_sha = ''",
			DB_ARGS(DB_I(before)), ret_rows, e);
	return db_run(db,
		"DELETE FROM forge_head WHERE (repo_id, name) IN"
		" (SELECT repo_id, name FROM forge_head WHERE heard_at < $1 AND head_sha = '' LIMIT $2)",
		DB_ARGS(DB_I(before), DB_I(limit)), ret_rows, e);
}
