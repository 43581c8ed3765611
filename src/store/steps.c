/*
 * steps: one post put down, and the failed steps of a commit read back.
 *
 * A post names a run, a job and a step by their keys, which the forge gave. Each is one upsert by that key
 * that returns the row's id, so that a retry finds what is there, changes no id and adds no row. Most posts tell nothing
 * new of their run and job: then these are looked up and not written. What a retry does not tell (a job's name, a branch) keeps what an earlier post told, because callers differ in what they
 * know; what is the step's own is replaced as a whole.
 *
 * The account of a commit is one statement, whatever the number of steps: so that what it counts and what it
 * lists are of one moment.
 */
#include "base/digest.h"
#include "base/zst.h"
#include "store/nouns.h"
#include "store/pulled.h"
#include "store/rows.h"
#include "store/same_step.h"
#include "store/tally.h"

#include <string.h>

#define TEXT_MAX ((size_t)4 << 20) /* of one step, decompressed: four times the largest setting */
#define KEY_MAX 4096

/* ---- putting ---- */

/* "id:17", or "name:build" when there is no id. */
static void write_job_key(const struct step_facts *f, struct buf *out)
{
	buf_z(out, f->job_id.len > 0 ? "id:" : "name:");
	buf_str(out, f->job_id.len > 0 ? f->job_id : f->job_name);
}

static void write_step_key(const struct step_facts *f, struct buf *out)
{
	if (f->step_index >= 0) {
		buf_fmt(out, "index:%lld", (long long)f->step_index);
	} else {
		buf_z(out, "name:");
		buf_str(out, f->step_name);
	}
}

/* One that is there and knows all of this already, as nearly always: nothing is written, and no index has to follow. ERR_NOT_FOUND. */
static enum err_code find_run(
	struct db *db, int64_t repo_id, const struct step_facts *f, int64_t *ret_id, struct err *e)
{
	return db_int(db,
		"SELECT id FROM run WHERE repo_id = $1 AND head_sha = $2 AND external_run_id = $3"
		" AND $4 IN ('', workflow) AND $5 IN ('', branch) AND (pull_request = $6 OR $6 = 0)"
		" AND $7 IN ('', url) AND $8 IN ('', target_branch)",
		DB_ARGS(DB_I(repo_id), DB_T(f->head_sha), DB_T(f->external_run_id), DB_T(f->workflow),
			DB_T(f->branch), DB_I(f->pull_request), DB_T(f->url), DB_T(f->target_branch)),
		ret_id, e);
}

static enum err_code put_run(struct db *db, int64_t repo_id, const struct step_facts *f, int64_t now,
	int64_t *ret_id, struct err *e)
{
	enum err_code code = find_run(db, repo_id, f, ret_id, e);

	if (code != ERR_NOT_FOUND)
		return code;
	return db_int(db,
		"INSERT INTO run (repo_id, head_sha, external_run_id, workflow, branch, pull_request, url, "
		"created_at, target_branch)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
		" ON CONFLICT (repo_id, head_sha, external_run_id) DO UPDATE SET"
		" workflow = CASE WHEN excluded.workflow <> '' THEN excluded.workflow ELSE run.workflow END,"
		" branch = CASE WHEN excluded.branch <> '' THEN excluded.branch ELSE run.branch END,"
		" pull_request = CASE WHEN excluded.pull_request <> 0 THEN excluded.pull_request ELSE "
		"run.pull_request END,"
		" url = CASE WHEN excluded.url <> '' THEN excluded.url ELSE run.url END,"
		" target_branch = CASE WHEN excluded.target_branch <> '' THEN excluded.target_branch ELSE "
		"run.target_branch END"
		" RETURNING id",
		DB_ARGS(DB_I(repo_id), DB_T(f->head_sha), DB_T(f->external_run_id), DB_T(f->workflow),
			DB_T(f->branch), DB_I(f->pull_request), DB_T(f->url), DB_I(now),
			DB_T(f->target_branch)),
		ret_id, e);
}

enum err_code runs_open(struct db *db, int64_t repo_id, const struct step_facts *f, int64_t now,
	int64_t *ret_run_id, struct err *e)
{
	return put_run(db, repo_id, f, now, ret_run_id, e);
}

static struct str source_of(const struct step_facts *f)
{
	return f->pulled ? STR("pull") : STR("push");
}

static enum err_code find_job(struct db *db, int64_t run_id, const struct step_facts *f, struct str key,
	int64_t *ret_id, struct err *e)
{
	return db_int(db,
		"SELECT id FROM job WHERE run_id = $1 AND attempt = $2 AND job_key = $3 AND leg = $4"
		" AND $5 IN ('', job_name) AND $6 IN ('', platform) AND source = $7",
		DB_ARGS(DB_I(run_id), DB_I(f->attempt), DB_T(key), DB_T(f->leg), DB_T(f->job_name),
			DB_T(f->platform), DB_T(source_of(f))),
		ret_id, e);
}

static enum err_code put_job(
	struct db *db, int64_t run_id, const struct step_facts *f, int64_t *ret_id, struct err *e)
{
	enum err_code code;
	AUTO_BUF key;

	buf_init(&key, KEY_MAX);
	write_job_key(f, &key);
	TRY(buf_check(&key, "job_id or job_name", e));
	code = find_job(db, run_id, f, buf_view(&key), ret_id, e);
	if (code != ERR_NOT_FOUND)
		return code;
	TRY(pulled_make_room(db, run_id, f, e));
	return db_int(db,
		"INSERT INTO job (run_id, attempt, job_key, leg, job_id, job_name, platform, source, test_id)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, coalesce((SELECT t.id FROM regression_test AS t"
		" JOIN result ON result.test_id = t.id AND result.run_id = $1 WHERE t.name = $6), 0))"
		" ON CONFLICT (run_id, attempt, job_key, leg) DO UPDATE SET"
		" job_name = CASE WHEN excluded.job_name <> '' THEN excluded.job_name ELSE job.job_name END,"
		" platform = CASE WHEN excluded.platform <> '' THEN excluded.platform ELSE job.platform END"
		" RETURNING id",
		DB_ARGS(DB_I(run_id), DB_I(f->attempt), DB_T(buf_view(&key)), DB_T(f->leg), DB_T(f->job_id),
			DB_T(f->job_name), DB_T(f->platform), DB_T(source_of(f))),
		ret_id, e);
}

/*
 * What is the same step in another attempt or run has the same number (0005-errors.sql): made-up legs are one, and a job is known by its name.
 * By what this sender told: steps that are told in two ways are two series.
 */
static int64_t series_of(int64_t repo_id, const struct step_facts *f, struct str step_key)
{
	struct str leg = str_starts(f->leg, STR(LEG_MADE_UP)) ? STR("") : f->leg;
	struct str job = f->job_name.len > 0 ? f->job_name : f->job_id;
	struct sha256 digest;
	uint64_t number = 0;
	AUTO_BUF b;

	buf_init(&b, SIZE_MAX);
	buf_fmt(&b, "%lld\n%zu\n%zu\n%zu\n", (long long)repo_id, f->workflow.len, job.len, leg.len);
	buf_str(&b, f->workflow);
	buf_str(&b, job);
	buf_str(&b, leg);
	buf_str(&b, step_key);
	digest = sha256_of(buf_view(&b));
	memcpy(&number, digest.b, sizeof number);
	return (int64_t)(number >> 1) + 1;
}

/* A step that streams, or has, knows this better than a post. */
#define POSTED(column)                                                                                       \
	" " column " = CASE WHEN step.began_at = 0 THEN excluded." column " ELSE step." column " END"
#define ALL_POSTED                                                                                           \
	POSTED("conclusion")                                                                                 \
	"," POSTED("received_at") "," POSTED("n_lines") "," POSTED("n_bytes") "," POSTED(                    \
		"n_dropped_lines") "," POSTED("n_dropped_bytes") "," POSTED("stored_bytes") "," POSTED("log" \
												       "_ex" \
												       "pir" \
												       "ed_" \
												       "at")

static enum err_code put_step(struct db *db, int64_t repo_id, int64_t job_id, const struct step_facts *f,
	struct str key, const struct tail_size *size, int64_t stored_bytes, int64_t now, int64_t *ret_id,
	struct err *e)
{
	return db_int(db,
		"INSERT INTO step (job_id, step_key, name, step_index, conclusion, exit_code, received_at,"
		" n_lines, n_bytes, n_dropped_lines, n_dropped_bytes, stored_bytes, log_expired_at, series, "
		"explain_due)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, 1)"
		" ON CONFLICT (job_id, step_key) DO UPDATE SET"
		" name = excluded.name, step_index = excluded.step_index, " ALL_POSTED
		"," POSTED("series") ","
				     " explain_due = step.explain_due + CASE WHEN step.began_at = 0 THEN 1 "
				     "ELSE 0 END,"
				     " exit_code = CASE WHEN step.began_at = 0 THEN excluded.exit_code"
				     " ELSE coalesce(step.exit_code, excluded.exit_code) END"
				     " RETURNING id",
		DB_ARGS(DB_I(job_id), DB_T(key), DB_T(f->step_name), DB_I(f->step_index),
			DB_T(str_z(conclusion_name(f->conclusion))),
			f->has_exit_code ? DB_I(f->exit_code) : DB_NONE, DB_I(now), DB_I(size->n_lines),
			DB_I(size->n_bytes), DB_I(size->n_dropped_lines), DB_I(size->n_dropped_bytes),
			DB_I(stored_bytes), DB_I(series_of(repo_id, f, key))),
		ret_id, e);
}

static enum err_code open_step(struct db *db, int64_t repo_id, int64_t job_id, const struct step_facts *f,
	struct str key, int64_t now, int64_t *ret_id, struct err *e)
{
	return db_int(db,
		"INSERT INTO step (job_id, step_key, name, step_index, conclusion, exit_code, received_at,"
		" n_lines, n_bytes, n_dropped_lines, n_dropped_bytes, log_expired_at, began_at, series)"
		" VALUES ($1, $2, $3, $4, 'running', NULL, $5, 0, 0, 0, 0, 0, $5, $6)"
		" ON CONFLICT (job_id, step_key) DO UPDATE SET name = excluded.name,"
		" step_index = excluded.step_index"
		" RETURNING id",
		DB_ARGS(DB_I(job_id), DB_T(key), DB_T(f->step_name), DB_I(f->step_index), DB_I(now),
			DB_I(series_of(repo_id, f, key))),
		ret_id, e);
}

enum err_code steps_open(struct db *db, int64_t repo_id, const struct step_facts *f, int64_t now,
	int64_t *ret_step_id, int64_t *ret_run_id, struct err *e)
{
	int64_t run_id = 0, job_id = 0, step_id = 0;
	struct tally_change change;
	AUTO_BUF key;

	buf_init(&key, KEY_MAX);
	write_step_key(f, &key);
	TRY(buf_check(&key, "step_name", e));
	TRY(put_run(db, repo_id, f, now, &run_id, e));
	TRY(put_job(db, run_id, f, &job_id, e));
	TRY(tally_before_put(db, job_id, buf_view(&key), &change, e));
	TRY(open_step(db, repo_id, job_id, f, buf_view(&key), now, &step_id, e));
	TRY(tally_after(db, step_id, &change, e));
	*ret_step_id = step_id;
	*ret_run_id = run_id;
	return ERR_OK;
}

enum err_code steps_find(
	struct db *db, int64_t repo_id, const struct step_facts *f, int64_t *ret_step_id, struct err *e)
{
	AUTO_BUF job_key, step_key;
	enum err_code code;

	buf_init(&job_key, KEY_MAX);
	buf_init(&step_key, KEY_MAX);
	write_job_key(f, &job_key);
	write_step_key(f, &step_key);
	TRY(buf_check(&job_key, "job_id or job_name", e));
	TRY(buf_check(&step_key, "step_name", e));
	code = db_int(db,
		"SELECT step.id FROM run JOIN job ON job.run_id = run.id JOIN step ON step.job_id = job.id"
		" WHERE run.repo_id = $1 AND run.head_sha = $2 AND run.external_run_id = $3"
		" AND job.attempt = $4 AND job.job_key = $5 AND job.leg = $6"
		" AND (step.step_key = $7 OR ($8 < 0 AND step.name = $9))"
		" ORDER BY (step.step_key = $7) DESC, step.received_at DESC, step.id DESC LIMIT 1",
		DB_ARGS(DB_I(repo_id), DB_T(f->head_sha), DB_T(f->external_run_id), DB_I(f->attempt),
			DB_T(buf_view(&job_key)), DB_T(f->leg), DB_T(buf_view(&step_key)),
			DB_I(f->step_index), DB_T(f->step_name)),
		ret_step_id, e);
	if (code == ERR_NOT_FOUND)
		return err_set(
			e, ERR_NOT_FOUND, "no such step is known in this job, leg and attempt of the run");
	return code;
}

enum err_code steps_put(struct db *db, int64_t repo_id, const struct step_facts *f,
	const struct tail_size *size, struct str text_zst, int64_t now, int64_t *ret_step_id, struct err *e)
{
	int64_t run_id = 0, job_id = 0, step_id = 0, bytes = (int64_t)text_zst.len;
	struct tally_change change;
	AUTO_BUF key;

	buf_init(&key, KEY_MAX);
	write_step_key(f, &key);
	TRY(buf_check(&key, "step_name", e));
	TRY(put_run(db, repo_id, f, now, &run_id, e));
	TRY(put_job(db, run_id, f, &job_id, e));
	TRY(tally_before_put(db, job_id, buf_view(&key), &change, e));
	TRY(put_step(db, repo_id, job_id, f, buf_view(&key), size, bytes, now, &step_id, e));
	TRY(tally_after(db, step_id, &change, e));
	TRY(db_run(db,
		"INSERT INTO tail (step_id, zstd) SELECT id, $2 FROM step WHERE id = $1 AND began_at = 0"
		" ON CONFLICT (step_id) DO UPDATE SET zstd = excluded.zstd",
		DB_ARGS(DB_I(step_id), DB_B(text_zst)), NULL, e));
	*ret_step_id = step_id;
	return ERR_OK;
}

/* ---- reading back ---- */

/* Of a step, its job, run and repo, as take_columns() reads them. */
#define STEP_COLUMNS                                                                                         \
	"step.id, step.name, step.step_index, step.conclusion, step.exit_code, step.received_at,"            \
	" step.n_lines, step.n_bytes, step.n_dropped_lines, step.n_dropped_bytes, step.log_expired_at,"      \
	" step.began_at, step.ended_at, step.duration_ms, step.pinned_at,"                                   \
	" job.id, job.attempt, job.job_id, job.job_name, job.leg, job.platform,"                             \
	" run.id, run.head_sha, run.external_run_id, run.workflow, run.branch, run.pull_request, run.url,"   \
	" repo.id, repo.forge, repo.name, log.step_id, job.source"

/*
 * seen: each step that the condition names, with its job's newest attempt beside its own; $1 is a repo, $2 what it is asked
 * by. A job is the same in two attempts by its name, as ids differ from attempt to attempt on some forges.
 */
#define SEEN_OF(condition)                                                                                   \
	"WITH seen AS (SELECT step.id, step.received_at, step.log_expired_at, " STEP_FAILED " AS failed,"    \
	" " STEP_SPEAKS " AS speaks,"                                                                        \
	" " STEP_BEGAN " AS began, run.repo_id,"                                                             \
	" step.conclusion,"                                                                                  \
	" job.attempt, max(job.attempt) OVER (PARTITION BY job.run_id,"                                      \
	" " SAME_JOB ", " SAME_LEG ") AS newest"                                                             \
	" FROM run JOIN job ON job.run_id = run.id JOIN step ON step.job_id = job.id WHERE " condition "),"

/*
 * The statement, but for the condition that says whose steps; $3 is the limit. told: those of the newest attempts; total:
 * what there is of them; failed: the ones to be listed, and where the limit leaves some out, these are the ones
 * without text and the old ones: last night's failure must not hide behind last month's. There is always one
 * row, because total has one.
 */
#define ACCOUNT_OF(condition)                                                                                \
	SEEN_OF(condition)                                                                                   \
	" told AS (SELECT id, received_at, log_expired_at, failed, speaks, conclusion FROM seen"             \
	" WHERE attempt = newest),"                                                                          \
	" total AS (SELECT " TALLY_COLUMNS ", coalesce(max(log_expired_at), 0) AS expired_at FROM told),"    \
	" failed AS (SELECT id FROM told WHERE speaks"                                                       \
	" ORDER BY (log_expired_at = 0) DESC, received_at DESC, id DESC LIMIT $3)"                           \
	" SELECT total.n_steps, total.n_failed, total.n_lost, total.n_running, total.n_cancelled,"           \
	" total.newest_at, total.expired_at, tail.zstd, " STEP_COLUMNS                                       \
	" FROM total LEFT JOIN failed ON 1 = 1 LEFT JOIN step ON step.id = failed.id"                        \
	" LEFT JOIN job ON job.id = step.job_id LEFT JOIN run ON run.id = job.run_id"                        \
	" LEFT JOIN repo ON repo.id = run.repo_id LEFT JOIN tail ON tail.step_id = step.id"                  \
	" LEFT JOIN log ON log.step_id = step.id ORDER BY step.received_at, step.id"

/* The same for a list: $3 is 1 for those alone that failed, $4 the limit and $5 the offset. */
#define LIST_OF(condition)                                                                                   \
	SEEN_OF(condition)                                                                                   \
	" told AS (SELECT id, failed, began, repo_id FROM seen WHERE attempt = newest AND (failed OR $3 = "  \
	"0)),"                                                                                               \
	" total AS (SELECT count(*) AS n_steps, count(DISTINCT repo_id) AS n_repos FROM told),"              \
	" page AS (SELECT id, failed, began FROM told ORDER BY failed DESC, began, id LIMIT $4 OFFSET $5)"   \
	" SELECT total.n_steps, total.n_repos, " STEP_COLUMNS                                                \
	" FROM total LEFT JOIN page ON 1 = 1 LEFT JOIN step ON step.id = page.id"                            \
	" LEFT JOIN job ON job.id = step.job_id LEFT JOIN run ON run.id = job.run_id"                        \
	" LEFT JOIN repo ON repo.id = run.repo_id LEFT JOIN log ON log.step_id = step.id"                    \
	" ORDER BY page.failed DESC, page.began, page.id"

/* Each way to ask whose. */
#define BY_SHA "run.repo_id = $1 AND run.head_sha = lower($2)"
#define BY_RUN "run.id = $2 AND ($1 = 0 OR run.repo_id = $1)"
#define BY_EXTERNAL_RUN "run.external_run_id = $2 AND ($1 = 0 OR run.repo_id = $1)"

static const struct way {
	const char *account, *list;
} ways[] = {
	{ ACCOUNT_OF(BY_SHA), LIST_OF(BY_SHA) },
	{ ACCOUNT_OF(BY_RUN), LIST_OF(BY_RUN) },
	{ ACCOUNT_OF(BY_EXTERNAL_RUN), LIST_OF(BY_EXTERNAL_RUN) },
};

/* And $2 of it. */
static enum err_code choose_way(
	const struct step_query *q, const struct way **ret, struct db_value *ret_by, struct err *e)
{
	if (q->head_sha.len > 0) {
		*ret = &ways[0];
		*ret_by = DB_T(q->head_sha);
	} else if (q->run_id > 0) {
		*ret = &ways[1];
		*ret_by = DB_I(q->run_id);
	} else if (q->external_run_id.len > 0) {
		*ret = &ways[2];
		*ret_by = DB_T(q->external_run_id);
	} else {
		return err_set(e, ERR_INVALID, "a commit, a run or a forge's run must be named");
	}
	return ERR_OK;
}

struct account {
	struct rows rows; /* of struct step */
	struct run_tally tally;
	int64_t expired_at;
};

static enum err_code read_text(const struct db_value *zstd, struct arena *a, struct step *step, struct err *e)
{
	AUTO_BUF text;

	buf_init(&text, TEXT_MAX);
	if (zstd->kind == DB_NULL)
		return ERR_OK;
	if (zst_decompress(zstd->s, TEXT_MAX, &text, e) != ERR_OK)
		return err_set(e, ERR_STORAGE,
			"the kept text of step %lld is damaged; send the step again, or restore a backup",
			(long long)step->id);
	step->text = arena_str(a, buf_view(&text));
	step->has_text = true;
	return ERR_OK;
}

/* at: column of step.id. */
static struct step_facts facts_of(const struct db_row *row, size_t at, struct arena *a)
{
	return (struct step_facts){
		.step_name = row_str(row, at + 1, a),
		.step_index = row_int(row, at + 2),
		.has_exit_code = row->v[at + 4].kind != DB_NULL,
		.exit_code = row_int(row, at + 4),
		.attempt = row_int(row, at + 16),
		.job_id = row_str(row, at + 17, a),
		.job_name = row_str(row, at + 18, a),
		.leg = row_str(row, at + 19, a),
		.platform = row_str(row, at + 20, a),
		.head_sha = row_str(row, at + 22, a),
		.external_run_id = row_str(row, at + 23, a),
		.workflow = row_str(row, at + 24, a),
		.branch = row_str(row, at + 25, a),
		.pull_request = row_int(row, at + 26),
		.url = row_str(row, at + 27, a),
		.forge = row_str(row, at + 29, a),
		.repo = row_str(row, at + 30, a),
		.pulled = str_eq(row->v[at + 32].s, STR("pull")),
	};
}

static enum err_code take_columns(
	const struct db_row *row, size_t at, struct arena *a, struct step *ret, struct err *e)
{
	*ret = (struct step){
		.id = row_int(row, at),
		.job_id = row_int(row, at + 15),
		.run_id = row_int(row, at + 21),
		.repo_id = row_int(row, at + 28),
		.facts = facts_of(row, at, a),
		.size = { .n_lines = row_int(row, at + 6),
			.n_bytes = row_int(row, at + 7),
			.n_dropped_lines = row_int(row, at + 8),
			.n_dropped_bytes = row_int(row, at + 9) },
		.received_at = row_int(row, at + 5),
		.log_expired_at = row_int(row, at + 10),
		.began_at = row_int(row, at + 11),
		.ended_at = row_int(row, at + 12),
		.duration_ms = row_int(row, at + 13),
		.pinned_at = row_int(row, at + 14),
		.has_log = row->v[at + 31].kind != DB_NULL,
	};
	if (!conclusion_find(row->v[at + 3].s, &ret->facts.conclusion))
		return err_set(e, ERR_STORAGE, "step %lld has a conclusion unknown to this program",
			(long long)ret->id);
	return ERR_OK;
}

static enum err_code take_step(void *arg, const struct db_row *row, struct err *e)
{
	struct account *acc = arg;
	struct step s;

	acc->tally = tally_of_steps(row, 0);
	acc->expired_at = row_int(row, 6);
	if (row->v[8].kind == DB_NULL)
		return ERR_OK; /* the one row of no failed step */
	TRY(take_columns(row, 8, acc->rows.a, &s, e));
	TRY(read_text(&row->v[7], acc->rows.a, &s, e));
	*(struct step *)rows_add(&acc->rows) = s;
	return ERR_OK;
}

enum err_code steps_failed(struct db *db, struct arena *a, const struct step_query *q, size_t limit,
	struct step **ret, size_t *ret_n, struct run_tally *ret_tally, int64_t *ret_expired_at, struct err *e)
{
	struct account acc = { .rows = { .a = a, .size = sizeof **ret } };
	const struct way *way = NULL;
	struct db_value by = DB_NONE;

	TRY(choose_way(q, &way, &by, e));
	TRY(db_each(
		db, way->account, DB_ARGS(DB_I(q->repo_id), by, DB_I((int64_t)limit)), take_step, &acc, e));
	*ret = acc.rows.first;
	*ret_n = acc.rows.n;
	*ret_tally = acc.tally;
	*ret_expired_at = acc.expired_at;
	return ERR_OK;
}

struct list {
	struct rows rows; /* of struct step */
	int64_t n_steps, n_repos;
};

static enum err_code take_listed(void *arg, const struct db_row *row, struct err *e)
{
	struct list *list = arg;
	struct step s;

	list->n_steps = row_int(row, 0);
	list->n_repos = row_int(row, 1);
	if (row->v[2].kind == DB_NULL)
		return ERR_OK; /* the one row of an empty page */
	TRY(take_columns(row, 2, list->rows.a, &s, e));
	*(struct step *)rows_add(&list->rows) = s;
	return ERR_OK;
}

enum err_code steps_list(
	struct db *db, struct arena *a, const struct step_query *q, struct steps_page *page, struct err *e)
{
	struct list list = { .rows = { .a = a, .size = sizeof(struct step) } };
	const struct way *way = NULL;
	struct db_value by = DB_NONE;

	TRY(choose_way(q, &way, &by, e));
	TRY(db_each(db, way->list,
		DB_ARGS(DB_I(q->repo_id), by, DB_I(page->failed), DB_I(page->limit), DB_I(page->offset)),
		take_listed, &list, e));
	page->steps = list.rows.first;
	page->n = list.rows.n;
	page->total = list.n_steps > ROWS_TOTAL_MAX ? -1 : list.n_steps;
	page->n_repos = list.n_repos;
	return ERR_OK;
}

struct one_step {
	struct arena *a;
	struct step *step;
	int64_t stored_bytes;
	bool found;
};

static enum err_code take_one(void *arg, const struct db_row *row, struct err *e)
{
	struct one_step *one = arg;

	one->found = true;
	one->stored_bytes = row_int(row, 0);
	return take_columns(row, 1, one->a, one->step, e);
}

enum err_code steps_get(struct db *db, struct arena *a, int64_t step_id, struct step *ret,
	int64_t *ret_stored_bytes, struct err *e)
{
	struct step step;
	struct one_step one = { .a = a, .step = &step };

	TRY(db_each(db,
		"SELECT coalesce(log.file_bytes + (SELECT CAST(coalesce(sum(length(chunk.zstd)), 0) AS "
		"BIGINT)"
		" FROM chunk WHERE chunk.step_id = step.id), length(tail.zstd), -1), " STEP_COLUMNS
		" FROM step JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id"
		" JOIN repo ON repo.id = run.repo_id LEFT JOIN log ON log.step_id = step.id"
		" LEFT JOIN tail ON tail.step_id = step.id WHERE step.id = $1",
		DB_ARGS(DB_I(step_id)), take_one, &one, e));
	if (!one.found)
		return err_set(e, ERR_NOT_FOUND, "there is no step %lld", (long long)step_id);
	*ret = step;
	*ret_stored_bytes = one.stored_bytes;
	return ERR_OK;
}

struct tail_row {
	struct arena *a;
	struct step step; /* id and text only */
	int64_t n_dropped;
};

static enum err_code take_tail(void *arg, const struct db_row *row, struct err *e)
{
	struct tail_row *t = arg;

	t->n_dropped = row_int(row, 0);
	return read_text(&row->v[1], t->a, &t->step, e);
}

enum err_code steps_tail(struct db *db, struct arena *a, int64_t step_id, struct str *ret_text,
	int64_t *ret_n_dropped, struct err *e)
{
	struct tail_row t = { .a = a, .step = { .id = step_id } };

	TRY(db_each(db,
		"SELECT step.n_dropped_lines, tail.zstd FROM step LEFT JOIN tail ON tail.step_id = step.id"
		" WHERE step.id = $1",
		DB_ARGS(DB_I(step_id)), take_tail, &t, e));
	*ret_text = t.step.text;
	*ret_n_dropped = t.n_dropped;
	return ERR_OK;
}
