/*
 * dispatch_actions: what is done outside for a dispatch, and what it made.
 *
 * That something is tried is written down and committed before it is. So after a crash it is known what was under way, and whether it may be done again.
 */
#include "store/dispatch_nouns.h"
#include "store/rows.h"

/* Nothing goes out while it is paused, and nothing for what is over. */
#define PAUSED                                                                                               \
	"EXISTS (SELECT 1 FROM dispatch AS d JOIN dispatch_pause AS p ON p.repo_id IN (0, d.repo_id)"        \
	" WHERE d.id = dispatch_action.dispatch_id)"
#define ENDED                                                                                                \
	"EXISTS (SELECT 1 FROM dispatch AS d WHERE d.id = dispatch_action.dispatch_id"                       \
	" AND d.state IN ('canceled', 'over'))"

#define COLUMNS "dispatch_id, action, state, ref, n_tries, due_at, error"

static enum err_code take_deed(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct dispatch_deed *)rows_add(rows) = (struct dispatch_deed){ .dispatch_id = row_int(row, 0),
		.action = row_str(row, 1, rows->a),
		.state = row_str(row, 2, rows->a),
		.ref = row_str(row, 3, rows->a),
		.n_tries = row_int(row, 4),
		.due_at = row_int(row, 5),
		.error = row_str(row, 6, rows->a),
		.perhaps = str_starts(row->v[6].s, STR(DEED_PERHAPS)) };
	return ERR_OK;
}

enum err_code dispatch_deeds_add(
	struct db *db, int64_t dispatch_id, struct str action, int64_t now, struct err *e)
{
	return db_run(db,
		"INSERT INTO dispatch_action (dispatch_id, action, state, ref, n_tries, due_at, error)"
		" VALUES ($1, $2, 'wanted', '', 0, $3, '') ON CONFLICT (dispatch_id, action) DO NOTHING",
		DB_ARGS(DB_I(dispatch_id), DB_T(action), DB_I(now)), NULL, e);
}

enum err_code dispatch_deeds_of(struct db *db, struct arena *a, int64_t dispatch_id,
	struct dispatch_deed **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db, "SELECT " COLUMNS " FROM dispatch_action WHERE dispatch_id = $1 ORDER BY action",
		DB_ARGS(DB_I(dispatch_id)), take_deed, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code dispatch_deeds_due(struct db *db, struct arena *a, int64_t now, int64_t limit,
	struct dispatch_deed **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT " COLUMNS
		" FROM dispatch_action WHERE state = 'wanted' AND due_at <= $1 AND NOT " PAUSED
		" ORDER BY due_at, dispatch_id, action LIMIT $2",
		DB_ARGS(DB_I(now), DB_I(limit)), take_deed, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

/* What is wanted for one that was called off, or is over, is not done; what is paused stays wanted. */
enum err_code dispatch_deeds_try(struct db *db, const struct dispatch_deed *d, bool *ret, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db,
		"UPDATE dispatch_action SET state = 'trying', n_tries = n_tries + 1"
		" WHERE dispatch_id = $1 AND action = $2 AND state = 'wanted' AND NOT " ENDED
		" AND NOT " PAUSED,
		DB_ARGS(DB_I(d->dispatch_id), DB_T(d->action)), &n, e));
	*ret = n > 0;
	if (n > 0)
		return ERR_OK;
	return db_run(db,
		"UPDATE dispatch_action SET state = 'failed', error = 'its dispatch was called off, or was "
		"over'"
		" WHERE dispatch_id = $1 AND action = $2 AND state = 'wanted' AND " ENDED,
		DB_ARGS(DB_I(d->dispatch_id), DB_T(d->action)), NULL, e);
}

enum err_code dispatch_deeds_tried(struct db *db, const struct dispatch_deed *d, struct err *e)
{
	return db_run(db,
		"UPDATE dispatch_action SET state = $3, ref = CASE WHEN $4 <> '' THEN $4 ELSE ref END, error "
		"= $5,"
		" due_at = $6 WHERE dispatch_id = $1 AND action = $2 AND state = 'trying'",
		DB_ARGS(DB_I(d->dispatch_id), DB_T(d->action), DB_T(d->state), DB_T(d->ref), DB_T(d->error),
			DB_I(d->due_at)),
		NULL, e);
}

#define BROKE_OFF DEED_PERHAPS "it broke off while it was being done"

/* A status of a commit is what it is, however often it is set; a comment and an issue are looked for before they are made. */
enum err_code dispatch_deeds_broken_off(struct db *db, int64_t now, int64_t *ret, struct err *e)
{
	TRY(db_run(db,
		"UPDATE dispatch_action SET state = 'wanted', due_at = $1, error = '" BROKE_OFF
		"' WHERE state = 'trying' AND action IN ('status', 'comment', 'issue')",
		DB_ARGS(DB_I(now)), NULL, e));
	return db_run(db,
		"UPDATE dispatch_action SET state = 'unknown', error = '" BROKE_OFF
		"' WHERE state = 'trying'",
		NULL, 0, ret, e);
}

/* ---- what it made ---- */

struct text {
	struct arena *a;
	struct str s;
};

static enum err_code take_text(void *arg, const struct db_row *row, struct err *e)
{
	struct text *t = arg;

	(void)e;
	t->s = row_str(row, 0, t->a);
	return ERR_OK;
}

enum err_code dispatch_issue_of(
	struct db *db, struct arena *a, int64_t group_id, struct str *ret, struct err *e)
{
	struct text t = { .a = a };

	if (group_id > 0)
		TRY(db_each(db,
			"SELECT x.ref FROM dispatch AS d JOIN dispatch_action AS x ON x.dispatch_id = d.id"
			" WHERE d.group_id = $1 AND d.group_id > 0 AND x.action = 'issue' AND x.ref <> ''"
			" ORDER BY d.id DESC LIMIT 1",
			DB_ARGS(DB_I(group_id)), take_text, &t, e));
	*ret = t.s;
	return ERR_OK;
}

enum err_code dispatch_was_rerun(
	struct db *db, int64_t repo_id, struct str head_sha, bool *ret, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db,
		"SELECT count(*) FROM dispatch AS d JOIN dispatch_action AS x ON x.dispatch_id = d.id"
		" WHERE d.repo_id = $1 AND d.head_sha = $2 AND x.action = 'rerun'",
		DB_ARGS(DB_I(repo_id), DB_T(head_sha)), &n, e));
	*ret = n > 0;
	return ERR_OK;
}

enum err_code forge_comment_get(
	struct db *db, struct arena *a, int64_t repo_id, int64_t pull_request, struct str *ret, struct err *e)
{
	struct text t = { .a = a };

	TRY(db_each(db, "SELECT comment_id FROM forge_comment WHERE repo_id = $1 AND pull_request = $2",
		DB_ARGS(DB_I(repo_id), DB_I(pull_request)), take_text, &t, e));
	*ret = t.s;
	return ERR_OK;
}

enum err_code forge_comment_put(
	struct db *db, int64_t repo_id, int64_t pull_request, struct str comment_id, struct err *e)
{
	return db_run(db,
		"INSERT INTO forge_comment (repo_id, pull_request, comment_id) VALUES ($1, $2, $3)"
		" ON CONFLICT (repo_id, pull_request) DO UPDATE SET comment_id = excluded.comment_id",
		DB_ARGS(DB_I(repo_id), DB_I(pull_request), DB_T(comment_id)), NULL, e);
}
