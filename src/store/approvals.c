/*
 * approvals: what a run wrote becomes what is expected, and back again.
 *
 * What is accepted of an output follows from what was said of it, in order: suites add contents, an approval adds one, perhaps in the place of all before it. So nothing is undone
 * step by step: an approval that is taken back is left out, and the rest is said again.
 */
#include "store/result_nouns.h"
#include "store/rows.h"

/* ---- what is accepted ---- */

struct said {
	struct str digest, by;
	int64_t at, run_id;
	bool alone;
};

static enum err_code take_said(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct said *)rows_add(rows) = (struct said){ .digest = row_str(row, 0, rows->a),
		.at = row_int(row, 1),
		.by = row_str(row, 2, rows->a),
		.run_id = row_int(row, 3),
		.alone = row_int(row, 4) != 0 };
	return ERR_OK;
}

/* A suite that was imported in the same moment was there first. */
#define SAID                                                                                                 \
	"SELECT digest, at, by_whom, run_id, alone FROM (SELECT digest, imported_at AS at,"                  \
	" imported_by AS by_whom, 0 AS run_id, 0 AS alone, 0 AS place FROM baseline"                         \
	" WHERE output_id = $1 AND imported_at > 0"                                                          \
	" UNION ALL SELECT digest, at, by_whom, run_id, remove_others, id FROM approval"                     \
	" WHERE output_id = $1 AND over_at = 0) AS said ORDER BY at, place, digest"

static enum err_code accept(struct db *db, int64_t output_id, const struct said *s, struct err *e)
{
	return db_run(db,
		"INSERT INTO baseline (output_id, digest, approved_at, approved_by, run_id, removed_at, "
		"imported_at)"
		" VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT (output_id, digest) DO UPDATE SET"
		" approved_at = excluded.approved_at, approved_by = excluded.approved_by,"
		" run_id = excluded.run_id, removed_at = 0 WHERE baseline.removed_at > 0",
		DB_ARGS(DB_I(output_id), DB_T(s->digest), DB_I(s->at), DB_T(s->by), DB_I(s->run_id)), NULL,
		e);
}

/* More no suite could say (model/suite.h), so that none that is exported could be imported. */
static enum err_code check_accepted(struct db *db, int64_t output_id, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db, "SELECT count(*) FROM baseline WHERE output_id = $1 AND removed_at = 0",
		DB_ARGS(DB_I(output_id)), &n, e));
	if (n <= SUITE_BASELINES_MAX)
		return ERR_OK;
	return err_set(e, ERR_UNPROCESSABLE,
		"of output %lld %lld contents would be accepted, and %d may be: approve with remove_variants,"
		" take approvals back, or import a suite that is all",
		(long long)output_id, (long long)n, SUITE_BASELINES_MAX);
}

enum err_code approvals_settle(struct db *db, int64_t output_id, int64_t now, struct err *e)
{
	const struct said *said;
	size_t first = 0;
	AUTO_ARENA a;

	arena_init(&a);
	struct rows rows = { .a = &a, .size = sizeof *said };
	TRY(db_each(db, SAID, DB_ARGS(DB_I(output_id)), take_said, &rows, e));
	said = rows.first;
	for (size_t i = 0; i < rows.n; i++)
		first = said[i].alone ? i : first;
	TRY(db_run(db, "UPDATE baseline SET removed_at = $2 WHERE output_id = $1 AND removed_at = 0",
		DB_ARGS(DB_I(output_id), DB_I(now)), NULL, e));
	for (size_t i = first; i < rows.n; i++)
		TRY(accept(db, output_id, &said[i], e));
	return check_accepted(db, output_id, e);
}

static enum err_code settle_and_judge(
	struct db *db, const struct output_place *at, int64_t now, struct err *e)
{
	TRY(approvals_settle(db, at->output_id, now, e));
	TRY(results_judge_again(db, at->run_id, at->test_id, e));
	return results_count(db, at->run_id, e);
}

/* ---- approving ---- */

static enum err_code find_written(
	struct db *db, struct arena *a, const struct output_place *at, struct str *ret_digest, struct err *e)
{
	struct output_pair pair;

	TRY(outputs_get(db, a, at, &pair, e));
	if (pair.output.digest.len == 0)
		return err_set(e, ERR_UNPROCESSABLE,
			"run %lld wrote nothing there: there is nothing to accept", (long long)at->run_id);
	if (!pair.actual.here || pair.actual.state != BLOB_OK)
		return err_set(e, ERR_UNPROCESSABLE,
			"the file that run %lld wrote there is not here (any more): run it again and approve "
			"that",
			(long long)at->run_id);
	*ret_digest = pair.output.digest;
	return ERR_OK;
}

/* The last word of its output already? */
static enum err_code is_said(struct db *db, const struct output_place *at, struct str digest,
	bool remove_others, bool *ret, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db,
		"SELECT count(*) FROM approval WHERE output_id = $1 AND run_id = $2 AND digest = $3 AND "
		"over_at = 0"
		" AND remove_others >= $4 AND id = (SELECT max(id) FROM approval WHERE output_id = $1 AND "
		"over_at = 0)",
		DB_ARGS(DB_I(at->output_id), DB_I(at->run_id), DB_T(digest), DB_I(remove_others)), &n, e));
	*ret = n > 0;
	return ERR_OK;
}

#define STANDING_MAX 1000 /* approvals of an output: all are read whenever one more is said */

static enum err_code check_standing(struct db *db, int64_t output_id, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db, "SELECT count(*) FROM approval WHERE output_id = $1 AND over_at = 0",
		DB_ARGS(DB_I(output_id)), &n, e));
	if (n < STANDING_MAX)
		return ERR_OK;
	return err_set(e, ERR_UNPROCESSABLE,
		"of output %lld %d approvals stand already: export the suite and import that as all there is,"
		" in their place",
		(long long)output_id, STANDING_MAX);
}

enum err_code approvals_add(struct db *db, const struct output_place *at, struct str by, bool remove_others,
	int64_t now, struct err *e)
{
	struct str digest;
	bool said = false;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(find_written(db, &a, at, &digest, e));
	TRY(is_said(db, at, digest, remove_others, &said, e));
	if (said)
		return ERR_OK;
	TRY(check_standing(db, at->output_id, e));
	TRY(db_run(db,
		"INSERT INTO approval (output_id, digest, run_id, at, by_whom, remove_others, over_at)"
		" VALUES ($1, $2, $3, $4, $5, $6, 0)",
		DB_ARGS(DB_I(at->output_id), DB_T(digest), DB_I(at->run_id), DB_I(now), DB_T(by),
			DB_I(remove_others)),
		NULL, e));
	return settle_and_judge(db, at, now, e);
}

enum err_code approvals_revert(struct db *db, const struct output_place *at, int64_t now, struct err *e)
{
	struct output_pair pair;
	int64_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(outputs_get(db, &a, at, &pair, e));
	TRY(db_run(db,
		"UPDATE approval SET over_at = $3 WHERE id = (SELECT max(id) FROM approval"
		" WHERE output_id = $1 AND run_id = $2 AND over_at = 0)",
		DB_ARGS(DB_I(at->output_id), DB_I(at->run_id), DB_I(now)), &n, e));
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND,
			"no approval of run %lld stands for output %lld: there was none, it was taken back "
			"already,"
			" or a suite that was all took its place",
			(long long)at->run_id, (long long)at->output_id);
	return settle_and_judge(db, at, now, e);
}
