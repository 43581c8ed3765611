/*
 * runs: runs as lists of them are asked for, and the logs that one has.
 *
 * A list is asked for by any of many filters, in one of four orders. The statement is put together for what is asked, so that the database sees
 * the conditions that are there and no others and finds them in an index (0007-run-tally.sql). What a page costs is bounded:
 *
 * - The total is counted first, by the narrowest index, to 10,000.
 * - When the index that finds the runs has them in the order that is asked, the page is read from it.
 * - Else, of at most 10,000 runs, all are found by the index and sorted: NARROW.
 * - Of more, every so many runs in order is one: they are walked through in order until the page is full: WALK. A "+" in front of a
 *   column keeps its index out of it, and "'' ||" in front of one of text.
 *
 * A platform has no index: it is looked at on the way, and what it leaves out is walked over. So, in an index, is what a status leaves out of a branch
 * when no repo is named, and the runs of repos that are not for whoever asks.
 *
 * Which runs are `running` is two questions, of `settled` and of the time (0007-run-tally.sql): two arms of a union. No condition asks for the time
 * otherwise, but the one by which `pass` leaves out those of the second arm.
 */
#include "store/nouns.h"
#include "store/rows.h"
#include "store/tally.h"
#include "store/visible.h"

#include <assert.h>
#include <string.h>

enum way { NARROW, WALK };
enum arm { ONLY, SAID_RUNNING, HEARD_JUST_NOW };

struct list {
	const struct run_query *q;
	int64_t repo_id;        /* the one it is of; 0: of any */
	bool some_repos;        /* several have the name that is asked for */
	enum run_status status; /* when q->status is not empty */
	struct db_value args[13];
	int64_t n; /* runs there are, to ROWS_TOTAL_MAX + 1 */

	struct rows rows; /* of struct run */
};

static bool by_id(const struct list *l)
{
	return l->q->order == RUNS_BY_ID || l->q->order == RUNS_BY_ID_DOWN;
}

static bool by_status(const struct list *l)
{
	return l->q->status.len > 0;
}

/* ---- the text of a statement ---- */

/*
 * $1 run, $2 repo, $3 branch, $4 commit, $5 repo's name, $6 platform, $7 and $8 time, $9 what was heard of later runs still, $10 the minute of
 * that, $11 limit, $12 offset, $13 who sees them.
 */
static const char *of_text(const char *free)
{
	return *free ? "'' || " : "";
}

static void write_status(const struct list *l, enum arm arm, const char *free, struct buf *out)
{
	if (arm == HEARD_JUST_NOW)
		buf_z(out,
			" AND run.heard_minute >= $10 AND '' || run.settled = 'pass' AND run.newest_at > $9");
	else if (arm == ONLY && l->status == RUN_RUNNING)
		buf_z(out, " AND ('' || run.settled = 'running' OR ('' || run.settled = 'pass' AND "
			   "run.heard_minute >= $10 AND run.newest_at > $9))");
	else
		buf_fmt(out, " AND %srun.settled = '%s'", of_text(free), run_status_name(l->status));
	if (l->status == RUN_PASS)
		buf_z(out, " AND NOT (+run.heard_minute >= $10 AND run.newest_at > $9)");
}

/* What is free of its index: all but what the statement is to go by. */
static void write_conditions(const struct list *l, enum way way, enum arm arm, struct buf *out)
{
	const struct run_query *q = l->q;
	bool by_commit = q->head_sha.len > 0, narrow = way == NARROW && arm != HEARD_JUST_NOW;
	bool in_time = narrow || (way == WALK && !by_id(l));
	const char *free = narrow && !by_commit ? "" : "+";
	const char *free_in_time = in_time && !by_commit ? "" : "+";

	buf_z(out, " FROM run WHERE 1 = 1");
	if (q->run_id > 0)
		buf_z(out, " AND run.id = $1");
	if (l->repo_id > 0)
		buf_fmt(out, " AND %srun.repo_id = $2", free_in_time);
	if (l->some_repos)
		buf_fmt(out, " AND %srun.repo_id IN (SELECT id FROM repo WHERE name_key = lower($5))", free);
	if (q->branch.len > 0)
		buf_fmt(out, " AND %srun.branch = $3", of_text(free));
	if (by_commit)
		buf_fmt(out, " AND %srun.head_sha = lower($4)", of_text(narrow ? "" : "+"));
	if (q->created_from > 0)
		buf_fmt(out, " AND %srun.created_at >= $7", free_in_time);
	if (q->created_to > 0)
		buf_fmt(out, " AND %srun.created_at <= $8", free_in_time);
	if (by_status(l))
		write_status(l, arm, free, out);
	if (q->viewer > 0)
		buf_z(out, " AND +run.repo_id IN (SELECT repo.id FROM repo WHERE " VISIBLE_TO("$13") ")");
	if (q->platform.len > 0)
		buf_z(out, " AND (run.platform = $6 OR EXISTS (SELECT 1 FROM job WHERE job.run_id = run.id"
			   " AND job.platform = $6))");
}

/* A commit has few runs: they are looked at one by one. */
static bool has_two_arms(const struct list *l, enum way way)
{
	return way == NARROW && by_status(l) && l->status == RUN_RUNNING && l->q->head_sha.len == 0 &&
	       l->q->run_id == 0;
}

static void write_select(
	const struct list *l, enum way way, const char *columns, const char *free_columns, struct buf *out)
{
	bool two = has_two_arms(l, way);

	buf_fmt(out, "SELECT %s", columns);
	write_conditions(l, way, two ? SAID_RUNNING : ONLY, out);
	if (!two)
		return;
	buf_fmt(out, " UNION ALL SELECT %s", free_columns);
	write_conditions(l, way, HEARD_JUST_NOW, out);
}

static void write_order(const struct list *l, const char *of, struct buf *out)
{
	const char *down = l->q->order == RUNS_NEWEST || l->q->order == RUNS_BY_ID_DOWN ? " DESC" : "";

	buf_z(out, " ORDER BY ");
	if (!by_id(l))
		buf_fmt(out, "%screated_at%s, ", of, down);
	buf_fmt(out, "%sid%s", of, down);
}

/* The index that finds the runs has them in the order that is asked, whatever their number. */
static bool is_in_order(const struct list *l)
{
	const struct run_query *q = l->q;

	if (q->head_sha.len > 0 || l->some_repos || (by_status(l) && l->status == RUN_RUNNING))
		return false;
	if (by_id(l))
		return l->repo_id == 0 && !by_status(l) && q->branch.len == 0 && q->created_from == 0 &&
		       q->created_to == 0;
	return q->branch.len == 0 || (l->repo_id > 0 && by_status(l));
}

static enum way choose_way(const struct list *l)
{
	bool few = l->n <= ROWS_TOTAL_MAX || l->q->run_id > 0 || l->q->head_sha.len > 0;

	return few || is_in_order(l) ? NARROW : WALK;
}

static void write_page(const struct list *l, struct buf *out)
{
	static const char columns[] = "run.id AS id, run.created_at AS created_at";
	static const char free_columns[] = "+run.id AS id, +run.created_at AS created_at";
	enum way way = choose_way(l);
	bool in_order = way == WALK || is_in_order(l);

	buf_z(out, "WITH page AS (");
	write_select(l, way, in_order ? columns : free_columns, free_columns, out);
	write_order(l, "", out);
	buf_z(out, " LIMIT $11 OFFSET $12)"
		   " SELECT " RUN_TALLY ", " RUN_COLUMNS ", " RUN_PLATFORM
		   " FROM page CROSS JOIN run CROSS JOIN repo WHERE run.id = page.id"
		   " AND repo.id = run.repo_id");
	write_order(l, "run.", out);
}

static void write_total(const struct list *l, struct buf *out)
{
	buf_z(out, "SELECT count(*) FROM (");
	write_select(l, NARROW, "1", "1", out);
	buf_z(out, " LIMIT 10001) AS x");
}

/* ---- asking ---- */

static enum err_code take_total(void *arg, const struct db_row *row, struct err *e)
{
	struct list *l = arg;

	(void)e;
	l->n = row_int(row, 0);
	return ERR_OK;
}

static enum err_code take_run(void *arg, const struct db_row *row, struct err *e)
{
	struct list *l = arg;
	struct arena *a = l->rows.a;
	struct run r = run_of(row, 0, a);

	r.platform = row_str(row, RUN_TALLY_N + RUN_COLUMNS_N, a);
	if (!tally_can_be(&r.tally))
		return err_set(e, ERR_STORAGE,
			"what the database says of the steps of run %lld cannot be; `sluice verify --repair` "
			"counts them again",
			(long long)r.id);
	r.status = run_status_derive(&r.tally, l->q->now);
	*(struct run *)rows_add(&l->rows) = r;
	return ERR_OK;
}

struct repos_found {
	int64_t id, n;
};

static enum err_code take_repo(void *arg, const struct db_row *row, struct err *e)
{
	struct repos_found *f = arg;

	(void)e;
	f->id = row_int(row, 0);
	f->n++;
	return ERR_OK;
}

/* *ret_none: no repo of that name may be seen. */
static enum err_code find_repo(struct db *db, struct list *l, bool *ret_none, struct err *e)
{
	const struct run_query *q = l->q;
	struct repos_found f = { 0 };

	*ret_none = false;
	l->repo_id = q->repo_id;
	if (q->repo.len == 0)
		return ERR_OK;
	TRY(db_each(db, "SELECT id FROM repo WHERE name_key = lower($1) AND ($2 = 0 OR id = $2) LIMIT 2",
		DB_ARGS(DB_T(q->repo), DB_I(q->repo_id)), take_repo, &f, e));
	*ret_none = f.n == 0;
	l->repo_id = f.n == 1 ? f.id : 0;
	l->some_repos = f.n > 1;
	return ERR_OK;
}

/* What the name of a status is of. */
static bool find_status(struct list *l)
{
	return !by_status(l) || run_status_find(l->q->status, &l->status);
}

static enum err_code read_page(struct db *db, struct list *l, struct err *e)
{
	size_t n_args = sizeof l->args / sizeof *l->args;
	AUTO_BUF sql;

	buf_init(&sql, SIZE_MAX);
	write_total(l, &sql);
	TRY(db_each_once(db, buf_cstr(&sql), l->args, n_args, take_total, l, e));
	buf_reset(&sql);
	write_page(l, &sql);
	return db_each_once(db, buf_cstr(&sql), l->args, n_args, take_run, l, e);
}

enum err_code runs_list(struct db *db, struct arena *a, const struct run_query *q, struct run **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct list l = { .q = q, .rows = { .a = a, .size = sizeof **ret } };
	int64_t quiet_since = q->now - RUN_QUIET_MS;
	bool no_repo;

	assert((unsigned)q->order < 4);
	TRY(find_repo(db, &l, &no_repo, e));
	if (!no_repo && find_status(&l)) {
		const struct db_value args[] = { DB_I(q->run_id), DB_I(l.repo_id), DB_T(q->branch),
			DB_T(q->head_sha), DB_T(q->repo), DB_T(q->platform), DB_I(q->created_from),
			DB_I(q->created_to), DB_I(quiet_since), DB_I(quiet_since / TALLY_MINUTE_MS),
			DB_I(q->limit), DB_I(q->offset), DB_I(q->viewer) };

		static_assert(sizeof args == sizeof l.args, "one for each parameter");
		memcpy(l.args, args, sizeof args);
		TRY(read_page(db, &l, e));
	}
	*ret = l.rows.first;
	*ret_n = l.rows.n;
	*ret_total = l.n > ROWS_TOTAL_MAX ? -1 : l.n;
	return ERR_OK;
}

/* ---- of a pull request ---- */

struct pull_sha {
	struct arena *a;
	struct str sha;
};

static enum err_code take_sha(void *arg, const struct db_row *row, struct err *e)
{
	struct pull_sha *p = arg;

	(void)e;
	p->sha = row_str(row, 0, p->a);
	return ERR_OK;
}

/* A pull request has no index: it is a look at a bounded number of rows, in their order. */
enum err_code runs_pull_sha(struct db *db, struct arena *a, int64_t repo_id, int64_t pull_request,
	struct str *ret_sha, struct err *e)
{
	struct pull_sha p = { .a = a };

	TRY(db_each(db,
		"SELECT x.head_sha FROM (SELECT run.head_sha, run.pull_request, run.created_at, run.id FROM "
		"run"
		" WHERE run.repo_id = $1 ORDER BY run.created_at DESC, run.id DESC LIMIT $3) AS x"
		" WHERE x.pull_request = $2 ORDER BY x.created_at DESC, x.id DESC LIMIT 1",
		DB_ARGS(DB_I(repo_id), DB_I(pull_request), DB_I(RUNS_OF_PULL_LOOKED_AT)), take_sha, &p, e));
	if (p.sha.len == 0)
		return err_set(e, ERR_NOT_FOUND,
			"no run of pull request %lld is among the newest %d of its repo",
			(long long)pull_request, RUNS_OF_PULL_LOOKED_AT);
	*ret_sha = p.sha;
	return ERR_OK;
}

/* ---- logs of a run ---- */

static enum err_code take_log(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct run_log *)rows_add(rows) = (struct run_log){ .step_id = row_int(row, 0),
		.received_at = row_int(row, 1),
		.sample_id = row_int(row, 4),
		.has_text = row->v[2].kind != DB_NULL || row->v[3].kind != DB_NULL };
	return ERR_OK;
}

/* $1 run, $2 sample. */
#define LOGS                                                                                                 \
	" FROM job JOIN step ON step.job_id = job.id LEFT JOIN log ON log.step_id = step.id"                 \
	" LEFT JOIN tail ON tail.step_id = step.id LEFT JOIN result AS r ON r.run_id = job.run_id"           \
	" AND r.test_id = job.test_id WHERE job.run_id = $1 AND ($2 = 0 OR r.sample_id = $2)"

/* A step gets its number when it begins: the order of numbers is that of beginnings, and nothing is put in between later. */
enum err_code runs_logs(struct db *db, struct arena *a, int64_t run_id, int64_t sample_id, int64_t limit,
	int64_t offset, struct run_log **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT step.id, step.received_at, log.step_id, tail.step_id, coalesce(r.sample_id, 0)" LOGS
		" ORDER BY step.id LIMIT $3 OFFSET $4",
		DB_ARGS(DB_I(run_id), DB_I(sample_id), DB_I(limit), DB_I(offset)), take_log, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

static enum err_code take_texts(void *arg, const struct db_row *row, struct err *e)
{
	(void)e;
	*(struct run_texts *)arg = (struct run_texts){ row_int(row, 0), row_int(row, 1), row_int(row, 2) };
	return ERR_OK;
}

enum err_code runs_texts(
	struct db *db, int64_t run_id, int64_t sample_id, struct run_texts *ret, struct err *e)
{
	return db_each(db,
		"SELECT count(*) FILTER (WHERE log.step_id IS NOT NULL OR tail.step_id IS NOT NULL),"
		" coalesce(max(step.log_expired_at), 0), (SELECT count(*) FROM result AS t"
		" WHERE t.run_id = $1 AND ($2 = 0 OR t.sample_id = $2))" LOGS,
		DB_ARGS(DB_I(run_id), DB_I(sample_id)), take_texts, ret, e);
}
