/*
 * keeping: which text goes, and how it goes.
 *
 * A text that may go is one that is all there (a tail, a sealed log), has not expired and is not pinned. Which of these go is one of
 * four questions, each one statement that names the oldest first and never more than it is asked for: so that whoever asks works in
 * batches, on a reader's connection, while posts go on. What was named goes later, in the writer's transaction, and only if it is still
 * what it was then: a step that was sent again meanwhile has another time of receipt, and stays.
 *
 * The facts of a step stay for ever; here goes its text.
 */
#include "store/nouns.h"
#include "store/rows.h"
#include "store/same_step.h"

#include <assert.h>

/* The words of the index step_with_text, so that it is used. */
#define HAS_TEXT "step.log_expired_at = 0 AND step.stored_bytes > 0"
#define MAY_GO HAS_TEXT " AND step.pinned_at = 0"

/* $1: what the pick goes by. $2: how many at most. */
#define PICK_OLD                                                                                             \
	"SELECT id, received_at, stored_bytes FROM step WHERE " MAY_GO " AND received_at < $1"               \
	" ORDER BY received_at LIMIT $2"

/* `older` is what goes before it: as long as that is not enough, it goes too. */
#define PICK_OVER(is)                                                                                        \
	"SELECT id, received_at, stored_bytes FROM ("                                                        \
	"SELECT id, received_at, stored_bytes,"                                                              \
	" sum(stored_bytes) OVER (ORDER BY received_at, id) - stored_bytes AS older FROM ("                  \
	"SELECT id, received_at, stored_bytes FROM step WHERE " MAY_GO " AND conclusion " is " 'success'"    \
	" ORDER BY received_at, id LIMIT $2) AS oldest) AS counted WHERE older < $1"

#define PICK_SURPLUS                                                                                         \
	"SELECT id, received_at, stored_bytes FROM ("                                                        \
	"SELECT step.id, step.received_at, step.stored_bytes, row_number() OVER (PARTITION BY run.repo_id,"  \
	" run.workflow, " SAME_JOB ", " SAME_LEG ", step.step_key"                                           \
	" ORDER BY step.received_at DESC, step.id DESC) AS place"                                            \
	" FROM step JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id"                        \
	" WHERE " MAY_GO " AND step.conclusion = 'success') AS ranked WHERE place > $1"                      \
	" ORDER BY received_at LIMIT $2"

#define COUNT(pick)                                                                                          \
	"SELECT count(*), CAST(coalesce(sum(stored_bytes), 0) AS BIGINT) FROM (" pick ") AS picked"

static const struct {
	const char *find, *count;
} picks[] = {
	[TEXTS_OLD] = { PICK_OLD, COUNT(PICK_OLD) },
	[TEXTS_OVER] = { PICK_OVER("<>"), COUNT(PICK_OVER("<>")) },
	[TEXTS_OVER_GREEN] = { PICK_OVER("="), COUNT(PICK_OVER("=")) },
	[TEXTS_SURPLUS_GREEN] = { PICK_SURPLUS, COUNT(PICK_SURPLUS) },
};

static enum err_code take_text(void *arg, const struct db_row *row, struct err *e)
{
	struct text *t = rows_add(arg);

	(void)e;
	*t = (struct text){
		.step_id = row_int(row, 0), .received_at = row_int(row, 1), .bytes = row_int(row, 2)
	};
	return ERR_OK;
}

enum err_code texts_find(struct db *db, struct arena *a, enum texts which, int64_t number, int64_t limit,
	struct text **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db, picks[which].find, DB_ARGS(DB_I(number), DB_I(limit)), take_text, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

static enum err_code take_tail(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct stored_tail *)rows_add(rows) = (struct stored_tail){ .step_id = row_int(row, 0),
		.n_bytes = row_int(row, 1),
		.stored_bytes = row_int(row, 2),
		.zstd = row_str(row, 3, rows->a) };
	return ERR_OK;
}

enum err_code tails_list(struct db *db, struct arena *a, int64_t after, int64_t limit,
	struct stored_tail **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT tail.step_id, step.n_bytes, step.stored_bytes, tail.zstd FROM tail"
		" JOIN step ON step.id = tail.step_id WHERE tail.step_id > $1 ORDER BY tail.step_id LIMIT $2",
		DB_ARGS(DB_I(after), DB_I(limit)), take_tail, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code tails_mend(struct db *db, int64_t step_id, int64_t n_bytes, int64_t stored_bytes, struct err *e)
{
	return db_run(db, "UPDATE step SET n_bytes = $2, stored_bytes = $3 WHERE id = $1",
		DB_ARGS(DB_I(step_id), DB_I(n_bytes), DB_I(stored_bytes)), NULL, e);
}

static enum err_code take_both(void *arg, const struct db_row *row, struct err *e)
{
	int64_t *both = arg;

	(void)e;
	both[0] = row_int(row, 0);
	both[1] = row_int(row, 1);
	return ERR_OK;
}

enum err_code texts_count(
	struct db *db, enum texts which, int64_t number, int64_t *ret_rows, int64_t *ret_bytes, struct err *e)
{
	int64_t both[2] = { 0 };

	TRY(db_each(db, picks[which].count, DB_ARGS(DB_I(number), DB_I(INT64_MAX)), take_both, both, e));
	*ret_rows = both[0];
	*ret_bytes = both[1];
	return ERR_OK;
}

static enum err_code take_budget(void *arg, const struct db_row *row, struct err *e)
{
	struct text_totals *t = arg;
	struct text_total *of = row_int(row, 0) ? &t->green : &t->other;

	(void)e;
	of->bytes += row_int(row, 1);
	of->pinned += row_int(row, 2);
	return ERR_OK;
}

enum err_code texts_total(struct db *db, struct text_totals *ret, struct err *e)
{
	struct text_totals t = { 0 };

	TRY(db_each(db,
		"SELECT CASE WHEN conclusion = 'success' THEN 1 ELSE 0 END AS green,"
		" CAST(sum(stored_bytes) AS BIGINT),"
		" CAST(sum(CASE WHEN pinned_at > 0 THEN stored_bytes ELSE 0 END) AS BIGINT)"
		" FROM step WHERE " HAS_TEXT " GROUP BY 1",
		NULL, 0, take_budget, &t, e));
	TRY(db_int(db,
		"SELECT CAST(coalesce((SELECT sum(file_bytes) FROM log WHERE state <> 'sealed'), 0)"
		" + coalesce((SELECT sum(length(entry) + length(zstd)) FROM chunk), 0) AS BIGINT)",
		NULL, 0, &t.unsealed, e));
	*ret = t;
	return ERR_OK;
}

/* ---- going ---- */

static enum err_code expire(struct db *db, struct text *t, int64_t now, struct err *e)
{
	int64_t changed = 0, logs = 0;

	t->expired = t->had_log = false;
	TRY(db_run(db,
		"UPDATE step SET log_expired_at = $3, stored_bytes = 0"
		" WHERE id = $1 AND received_at = $2 AND " MAY_GO,
		DB_ARGS(DB_I(t->step_id), DB_I(t->received_at), DB_I(now)), &changed, e));
	if (changed == 0)
		return ERR_OK;
	TRY(db_run(db, "DELETE FROM tail WHERE step_id = $1", DB_ARGS(DB_I(t->step_id)), NULL, e));
	TRY(db_run(db, "DELETE FROM report WHERE step_id = $1", DB_ARGS(DB_I(t->step_id)), NULL, e));
	TRY(db_run(db, "DELETE FROM log WHERE step_id = $1", DB_ARGS(DB_I(t->step_id)), &logs, e));
	t->expired = true;
	t->had_log = logs > 0;
	return ERR_OK;
}

enum err_code texts_expire(struct db *db, struct text *texts, size_t n, int64_t now, struct err *e)
{
	assert(now > 0);
	for (size_t i = 0; i < n; i++)
		TRY(expire(db, &texts[i], now, e));
	return ERR_OK;
}

/* ---- pins ---- */

enum err_code texts_pin(struct db *db, int64_t step_id, int64_t repo_id, int64_t now, int64_t *ret_expired_at,
	bool *ret_changed, struct err *e)
{
	struct log l;
	int64_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(logs_get(db, &a, step_id, &l, e));
	if (repo_id != 0 && l.repo_id != repo_id)
		return err_set(e, ERR_NOT_FOUND, "there is no step %lld", (long long)step_id);
	*ret_expired_at = l.log_expired_at;
	if (now > 0 && l.log_expired_at > 0)
		return ERR_OK;
	/* The first time stays. */
	TRY(db_run(db, "UPDATE step SET pinned_at = $2 WHERE id = $1 AND (pinned_at = 0) = ($2 <> 0)",
		DB_ARGS(DB_I(step_id), DB_I(now)), &n, e));
	*ret_changed = n > 0;
	return ERR_OK;
}

/* ---- what runs asked to be masked ---- */

static enum err_code count_mask(void *arg, const struct db_row *row, struct err *e)
{
	int64_t *both = arg;

	(void)e;
	both[0]++;
	both[1] += row_int(row, 0);
	return ERR_OK;
}

/* A run in which a step streams is not old, however long ago that step began. */
#define OLD_RUNS                                                                                             \
	"(SELECT run_id FROM (SELECT DISTINCT run_id FROM run_mask) AS masked WHERE NOT EXISTS"              \
	" (SELECT 1 FROM job JOIN step ON step.job_id = job.id LEFT JOIN log ON log.step_id = step.id"       \
	" WHERE job.run_id = masked.run_id AND (step.received_at >= $1 OR log.state <> 'sealed'))"           \
	" ORDER BY run_id LIMIT $2)"

enum err_code run_masks_expire(struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows,
	int64_t *ret_bytes, struct err *e)
{
	int64_t both[2] = { 0 };

	if (dry)
		TRY(db_each(db, "SELECT length(value) FROM run_mask WHERE run_id IN " OLD_RUNS,
			DB_ARGS(DB_I(before), DB_I(INT64_MAX)), count_mask, both, e));
	else
		TRY(db_each(db, "DELETE FROM run_mask WHERE run_id IN " OLD_RUNS " RETURNING length(value)",
			DB_ARGS(DB_I(before), DB_I(limit)), count_mask, both, e));
	*ret_rows = both[0];
	*ret_bytes = both[1];
	return ERR_OK;
}
