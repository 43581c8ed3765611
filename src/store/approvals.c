/* approvals: what a run wrote becomes what is expected, and back again. */
#include "store/result_nouns.h"
#include "store/rows.h"

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

static enum err_code count_again(struct db *db, const struct output_place *at, struct err *e)
{
	TRY(results_judge_again(db, at->run_id, at->test_id, e));
	return results_count(db, at->run_id, e);
}

enum err_code approvals_add(struct db *db, const struct output_place *at, struct str by, bool remove_others,
	int64_t now, struct err *e)
{
	struct str digest;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(find_written(db, &a, at, &digest, e));
	TRY(db_run(db,
		"INSERT INTO baseline (output_id, digest, approved_at, approved_by, run_id, removed_at, "
		"removed_in)"
		" VALUES ($1, $2, $3, $4, $5, 0, 0) ON CONFLICT (output_id, digest) DO UPDATE SET"
		" approved_at = excluded.approved_at, approved_by = excluded.approved_by,"
		" run_id = excluded.run_id, removed_at = 0, removed_in = 0 WHERE baseline.removed_at > 0",
		DB_ARGS(DB_I(at->output_id), DB_T(digest), DB_I(now), DB_T(by), DB_I(at->run_id)), NULL, e));
	if (remove_others)
		TRY(db_run(db,
			"UPDATE baseline SET removed_at = $3, removed_in = $4"
			" WHERE output_id = $1 AND digest <> $2 AND removed_at = 0",
			DB_ARGS(DB_I(at->output_id), DB_T(digest), DB_I(now), DB_I(at->run_id)), NULL, e));
	return count_again(db, at, e);
}

enum err_code approvals_revert(struct db *db, const struct output_place *at, int64_t now, struct err *e)
{
	struct output_pair pair;
	int64_t n_taken = 0, n_back = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(outputs_get(db, &a, at, &pair, e));
	TRY(db_run(db,
		"UPDATE baseline SET removed_at = $3 WHERE output_id = $1 AND run_id = $2 AND removed_at = 0",
		DB_ARGS(DB_I(at->output_id), DB_I(at->run_id), DB_I(now)), &n_taken, e));
	TRY(db_run(db,
		"UPDATE baseline SET removed_at = 0, removed_in = 0 WHERE output_id = $1 AND removed_in = $2",
		DB_ARGS(DB_I(at->output_id), DB_I(at->run_id)), &n_back, e));
	if (n_taken + n_back == 0)
		return err_set(e, ERR_NOT_FOUND,
			"nothing of run %lld is accepted for output %lld, or it was taken back already",
			(long long)at->run_id, (long long)at->output_id);
	return count_again(db, at, e);
}
