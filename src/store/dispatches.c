/*
 * dispatches: made once, listed, counted. What becomes of them is dispatch_states.c.
 *
 * A list is put together for what is asked, as that of runs is, so that the usual questions have their index: those of a repo by time, of a group, of all by number.
 */
#include "store/dispatch_rows.h"

#include "base/buf.h"
#include "store/visible.h"

#include <assert.h>

#define FROM " FROM dispatch JOIN repo ON repo.id = dispatch.repo_id"

static bool words_of(const struct db_row *row, struct dispatch *d)
{
	return dispatch_state_find(row->v[19].s, &d->state) &&
	       dispatch_outcome_find(row->v[20].s, &d->outcome);
}

enum err_code dispatch_take(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct arena *a = rows->a;
	struct dispatch d = { .id = row_int(row, 0),
		.repo_id = row_int(row, 1),
		.forge = row_str(row, 2, a),
		.repo = row_str(row, 3, a),
		.head_sha = row_str(row, 4, a),
		.attempt = row_int(row, 5),
		.external_run_id = row_str(row, 6, a),
		.run_id = row_int(row, 7),
		.workflow = row_str(row, 8, a),
		.branch = row_str(row, 9, a),
		.pull_request = row_int(row, 10),
		.line = row_str(row, 11, a),
		.url = row_str(row, 12, a),
		.author = row_str(row, 13, a),
		.group_id = row_int(row, 14),
		.class = row_str(row, 15, a),
		.message = row_str(row, 16, a),
		.note = row_str(row, 17, a),
		.fixed_sha = row_str(row, 18, a),
		.refused_by = row_str(row, 21, a),
		.reason = row_str(row, 22, a),
		.verdicts = row_str(row, 23, a),
		.created_at = row_int(row, 24),
		.due_at = row_int(row, 25),
		.decided_at = row_int(row, 26),
		.handed_at = row_int(row, 27),
		.over_at = row_int(row, 28),
		.n_claims = row_int(row, 29),
		.agent = row_str(row, 30, a),
		.lease_until = row_int(row, 31),
		.n_retries = row_int(row, 32),
		.step_id = row_int(row, 33) };

	if (!words_of(row, &d))
		return err_set(
			e, ERR_STORAGE, "dispatch %lld has words unknown to this program", (long long)d.id);
	*(struct dispatch *)rows_add(rows) = d;
	return ERR_OK;
}

/* ---- made ---- */

/* What nobody has yet, of a commit that is not the newest of its line any more. */
static enum err_code supersede(struct db *db, const struct dispatch *d, int64_t now, struct err *e)
{
	if (d->line.len == 0)
		return ERR_OK;
	return db_run(db,
		"UPDATE dispatch SET state = 'over', outcome = 'superseded', over_at = $4, due_at = 0"
		" WHERE repo_id = $1 AND line = $2 AND head_sha <> $3 AND workflow = $5 AND state IN "
		"('waiting', 'offered')"
		" AND NOT EXISTS (SELECT 1 FROM forge_head WHERE forge_head.repo_id = $1 AND forge_head.name "
		"= $2"
		" AND forge_head.head_sha = dispatch.head_sha)",
		DB_ARGS(DB_I(d->repo_id), DB_T(d->line), DB_T(d->head_sha), DB_I(now), DB_T(d->workflow)),
		NULL, e);
}

/* Why this run was none says nothing of another workflow that failed at the same commit. A wanted run again was of the run before. */
static enum err_code take_over(
	struct db *db, const struct dispatch *d, int64_t id, int64_t now, bool *ret, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db,
		"UPDATE dispatch SET state = 'waiting', external_run_id = $2, run_id = $3, workflow = $4,"
		" url = $5, due_at = $6, group_id = 0, class = '', message = '', verdicts = '', refused_by = "
		"'',"
		" reason = '', prompt = $7, decided_at = 0, over_at = 0"
		" WHERE id = $1 AND external_run_id <> $2 AND " DISPATCH_REFUSED_ITSELF("dispatch"),
		DB_ARGS(DB_I(id), DB_T(d->external_run_id), DB_I(d->run_id), DB_T(d->workflow), DB_T(d->url),
			DB_I(d->due_at), DB_B(STR(""))),
		&n, e));
	*ret = n > 0;
	if (n == 0)
		return ERR_OK;
	TRY(db_run(db, "DELETE FROM dispatch_action WHERE dispatch_id = $1 AND state = 'wanted'",
		DB_ARGS(DB_I(id)), NULL, e));
	return supersede(db, d, now, e);
}

static enum err_code add_to(struct db *db, const struct dispatch *d, int64_t id, int64_t now,
	enum dispatch_added *ret, struct err *e)
{
	bool taken = false;
	int64_t n = 0;

	TRY(take_over(db, d, id, now, &taken, e));
	TRY(db_int(db,
		"SELECT count(*) FROM dispatch WHERE id = $1 AND state = 'waiting' AND decided_at = 0"
		" AND external_run_id <> $2",
		DB_ARGS(DB_I(id), DB_T(d->external_run_id)), &n, e));
	*ret = taken ? DISPATCH_ADDED : n > 0 ? DISPATCH_ADD_LATER : DISPATCH_IS_THERE;
	return ERR_OK;
}

enum err_code dispatches_add(struct db *db, const struct dispatch *d, int64_t now, int64_t *ret_id,
	enum dispatch_added *ret_added, struct err *e)
{
	int64_t id = 0;
	enum err_code code;

	/* Looked for first: an INSERT that finds it there would use a number up. */
	code = db_int(db, "SELECT id FROM dispatch WHERE repo_id = $1 AND head_sha = $2 AND attempt = $3",
		DB_ARGS(DB_I(d->repo_id), DB_T(d->head_sha), DB_I(d->attempt)), &id, e);
	if (code == ERR_OK) {
		*ret_id = id;
		return add_to(db, d, id, now, ret_added, e);
	}
	if (code != ERR_NOT_FOUND)
		return code;
	*ret_added = DISPATCH_ADDED;
	TRY(supersede(db, d, now, e));
	return db_int(db,
		"INSERT INTO dispatch (repo_id, head_sha, attempt, external_run_id, run_id, workflow, branch,"
		" pull_request, line, url, author, group_id, class, message, state, outcome, note, fixed_sha,"
		" verdicts, refused_by, reason, prompt, created_at, due_at, decided_at, handed_at, over_at,"
		" n_claims, agent, lease_until, n_retries)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, '', '', 'waiting', '', '', '', "
		"'', '', '',"
		" $12, $13, $14, 0, 0, 0, 0, '', 0, 0) RETURNING id",
		DB_ARGS(DB_I(d->repo_id), DB_T(d->head_sha), DB_I(d->attempt), DB_T(d->external_run_id),
			DB_I(d->run_id), DB_T(d->workflow), DB_T(d->branch), DB_I(d->pull_request),
			DB_T(d->line), DB_T(d->url), DB_T(d->author), DB_B(STR("")), DB_I(now),
			DB_I(d->due_at)),
		ret_id, e);
}

/* ---- one ---- */

struct prompt {
	struct arena *a;
	struct str zstd;
};

static enum err_code take_prompt(void *arg, const struct db_row *row, struct err *e)
{
	struct prompt *p = arg;

	(void)e;
	p->zstd = row_str(row, 0, p->a);
	return ERR_OK;
}

enum err_code dispatches_get(struct db *db, struct arena *a, int64_t id, int64_t repo_id, int64_t viewer,
	struct dispatch *ret, struct str *prompt, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };
	struct prompt p = { .a = a };

	TRY(db_each(db,
		"SELECT " DISPATCH_COLUMNS FROM
		" WHERE dispatch.id = $1 AND ($2 = 0 OR dispatch.repo_id = $2) AND " VISIBLE_TO("$3"),
		DB_ARGS(DB_I(id), DB_I(repo_id), DB_I(viewer)), dispatch_take, &rows, e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND,
			"there is no dispatch %lld, or the token is not for its repo", (long long)id);
	if (prompt)
		TRY(db_each(db, "SELECT prompt FROM dispatch WHERE id = $1", DB_ARGS(DB_I(id)), take_prompt,
			&p, e));
	if (prompt)
		*prompt = p.zstd;
	*ret = *(struct dispatch *)rows.first;
	return ERR_OK;
}

enum err_code dispatches_of_commit(struct db *db, struct arena *a, int64_t repo_id, struct str head_sha,
	struct dispatch *ret, bool *ret_found, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db,
		"SELECT " DISPATCH_COLUMNS FROM
		" WHERE dispatch.repo_id = $1 AND dispatch.head_sha = lower($2)"
		" ORDER BY dispatch.attempt DESC LIMIT 1",
		DB_ARGS(DB_I(repo_id), DB_T(head_sha)), dispatch_take, &rows, e));
	*ret_found = rows.n > 0;
	if (rows.n > 0)
		*ret = *(struct dispatch *)rows.first;
	return ERR_OK;
}

/* ---- lists ---- */

/* $1 repo, $2 state, $3 outcome, $4 branch, $5 group, $6 since, $7 commit, $8 repo's name, $9 forge, $10 who sees them, $11 limit, $12 offset. */
static void write_conditions(const struct dispatch_query *q, struct buf *out)
{
	buf_z(out, FROM " WHERE 1 = 1");
	if (q->repo_id > 0)
		buf_z(out, " AND dispatch.repo_id = $1");
	if (q->state.len > 0)
		buf_z(out, " AND dispatch.state = $2");
	if (q->outcome.len > 0)
		buf_z(out, " AND dispatch.outcome = $3");
	if (q->branch.len > 0)
		buf_z(out, " AND dispatch.branch = $4");
	if (q->group_id > 0)
		buf_z(out, " AND dispatch.group_id = $5 AND dispatch.group_id > 0");
	if (q->since > 0)
		buf_z(out, " AND dispatch.created_at >= $6");
	if (q->head_sha.len > 0)
		buf_z(out, " AND dispatch.head_sha = lower($7)");
	if (q->repo.len > 0)
		buf_z(out, " AND dispatch.repo_id IN (SELECT id FROM repo WHERE name_key = lower($8))");
	if (q->forge.len > 0)
		buf_z(out, " AND lower(repo.forge) = lower($9)");
	if (q->viewer > 0)
		buf_z(out, " AND " VISIBLE_TO("$10"));
}

#define LIST_ARGS(q)                                                                                         \
	DB_ARGS(DB_I(q->repo_id), DB_T(q->state), DB_T(q->outcome), DB_T(q->branch), DB_I(q->group_id),      \
		DB_I(q->since), DB_T(q->head_sha), DB_T(q->repo), DB_T(q->forge), DB_I(q->viewer),           \
		DB_I(q->limit), DB_I(q->offset))

static enum err_code take_int(void *arg, const struct db_row *row, struct err *e)
{
	(void)e;
	*(int64_t *)arg = row_int(row, 0);
	return ERR_OK;
}

static enum err_code count(struct db *db, const struct dispatch_query *q, int64_t *ret, struct err *e)
{
	int64_t n = 0;
	AUTO_BUF sql;

	buf_init(&sql, SIZE_MAX);
	buf_z(&sql, "SELECT count(*) FROM (SELECT 1");
	write_conditions(q, &sql);
	buf_z(&sql, " LIMIT 10001) AS x");
	TRY(db_each_once(db, buf_cstr(&sql), LIST_ARGS(q), take_int, &n, e));
	*ret = n > ROWS_TOTAL_MAX ? -1 : n;
	return ERR_OK;
}

enum err_code dispatches_list(struct db *db, struct arena *a, const struct dispatch_query *q,
	struct dispatch **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	int64_t total = 0;
	AUTO_BUF sql;

	buf_init(&sql, SIZE_MAX);
	TRY(count(db, q, &total, e));
	buf_z(&sql, "SELECT " DISPATCH_COLUMNS);
	write_conditions(q, &sql);
	buf_z(&sql, " ORDER BY dispatch.id DESC LIMIT $11 OFFSET $12");
	TRY(db_each_once(db, buf_cstr(&sql), LIST_ARGS(q), dispatch_take, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}

enum err_code dispatches_open(struct db *db, struct arena *a, int64_t after, int64_t unknown_since,
	int64_t limit, struct dispatch **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT " DISPATCH_COLUMNS FROM
		" WHERE dispatch.id IN (SELECT id FROM dispatch WHERE state IN " DISPATCH_OPEN
		" AND id > $1 UNION ALL SELECT id FROM dispatch WHERE state = 'unknown' AND over_at >= $2 "
		"AND id > $1)"
		" ORDER BY dispatch.id LIMIT $3",
		DB_ARGS(DB_I(after), DB_I(unknown_since), DB_I(limit)), dispatch_take, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code dispatches_earlier(struct db *db, struct arena *a, const struct dispatch *d, int64_t limit,
	struct dispatch **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT " DISPATCH_COLUMNS FROM " WHERE dispatch.id IN ("
		"SELECT id FROM dispatch WHERE repo_id = $1 AND line = $2 AND line <> '' AND handed_at > 0 "
		"AND id <> $4"
		" UNION SELECT id FROM dispatch WHERE group_id = $3 AND group_id > 0 AND handed_at > 0 AND "
		"id <> $4)"
		" ORDER BY dispatch.id DESC LIMIT $5",
		DB_ARGS(DB_I(d->repo_id), DB_T(d->line), DB_I(d->group_id), DB_I(d->id), DB_I(limit)),
		dispatch_take, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

/* ---- figures ---- */

static enum err_code take_figures(void *arg, const struct db_row *row, struct err *e)
{
	struct dispatch_figures *f = arg;

	(void)e;
	f->n = row_int(row, 0);
	f->handed = row_int(row, 1);
	f->waiting = row_int(row, 2);
	f->unknown = row_int(row, 3);
	f->canceled = row_int(row, 4);
	for (int i = 0; i + 1 < DISPATCH_N_OUTCOMES; i++)
		f->outcomes[i + 1] = row_int(row, (size_t)i + 5);
	return ERR_OK;
}

static enum err_code take_refusals(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct dispatch_refusals *)rows_add(rows) =
		(struct dispatch_refusals){ row_str(row, 0, rows->a), row_int(row, 1) };
	return ERR_OK;
}

static void write_outcomes(struct buf *out)
{
	for (enum dispatch_outcome o = OUTCOME_NONE + 1; o < DISPATCH_N_OUTCOMES; o++)
		buf_fmt(out, ", count(*) FILTER (WHERE dispatch.outcome = '%s')", dispatch_outcome_name(o));
}

/* Runs that a forge told of as failed, and those that only were sent. */
static void write_red(const struct dispatch_query *q, struct buf *out)
{
	buf_z(out, "SELECT (SELECT count(*) FROM forge_run AS f JOIN repo ON repo.id = f.repo_id"
		   " WHERE f.conclusion = 'failure' AND f.heard_at >= $6");
	buf_z(out, q->repo_id > 0 ? " AND f.repo_id = $1" : "");
	buf_z(out, q->repo.len > 0 ? " AND repo.name_key = lower($8)" : "");
	buf_z(out, q->forge.len > 0 ? " AND lower(repo.forge) = lower($9)" : "");
	buf_z(out, " AND " VISIBLE_TO(
			   "$10") ") + (SELECT count(*) FROM run JOIN repo ON repo.id = run.repo_id"
				  " WHERE run.settled = 'fail' AND run.stage = 0 AND run.created_at >= $6 "
				  "AND " NOT_OF_AGENT("run") " AND NOT EXISTS (SELECT 1 FROM forge_run AS f "
							     "WHERE f.repo_id = run.repo_id"
							     " AND f.head_sha = run.head_sha AND "
							     "f.external_run_id = run.external_run_id)");
	buf_z(out, q->repo_id > 0 ? " AND run.repo_id = $1" : "");
	buf_z(out, q->repo.len > 0 ? " AND repo.name_key = lower($8)" : "");
	buf_z(out, q->forge.len > 0 ? " AND lower(repo.forge) = lower($9)" : "");
	buf_z(out, " AND " VISIBLE_TO("$10") ")");
}

enum err_code dispatch_figures(struct db *db, struct arena *a, const struct dispatch_query *q,
	struct dispatch_figures *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret->refused };
	struct dispatch_figures f = { 0 };
	AUTO_BUF sql;

	buf_init(&sql, SIZE_MAX);
	buf_z(&sql, "SELECT count(*), count(*) FILTER (WHERE dispatch.handed_at > 0),"
		    " count(*) FILTER (WHERE dispatch.state IN " DISPATCH_OPEN "),"
		    " count(*) FILTER (WHERE dispatch.state = 'unknown'),"
		    " count(*) FILTER (WHERE dispatch.state = 'canceled')");
	write_outcomes(&sql);
	write_conditions(q, &sql);
	TRY(db_each_once(db, buf_cstr(&sql), LIST_ARGS(q), take_figures, &f, e));
	buf_reset(&sql);
	buf_z(&sql, "SELECT dispatch.refused_by, count(*) AS n");
	write_conditions(q, &sql);
	buf_z(&sql, " AND dispatch.state = 'refused' GROUP BY dispatch.refused_by ORDER BY n DESC, "
		    "dispatch.refused_by LIMIT 50");
	TRY(db_each_once(db, buf_cstr(&sql), LIST_ARGS(q), take_refusals, &rows, e));
	buf_reset(&sql);
	write_red(q, &sql);
	TRY(db_each_once(db, buf_cstr(&sql), LIST_ARGS(q), take_int, &f.red_runs, e));
	f.refused = rows.first;
	f.n_refused = rows.n;
	*ret = f;
	return ERR_OK;
}
