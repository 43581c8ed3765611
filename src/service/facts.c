/* facts: rows of the database, and who may see them. */
#include "service/facts.h"

#include "store/access_nouns.h"
#include "store/nouns.h"

/*
 * What somebody knows of: of the one repo that their token is bound to (0: of any), and of these, the ones that access_viewer() sees. Whatever lists
 * or shows rows of repos asks for both.
 */
static int64_t bound_repo(const struct identity *id)
{
	return id->token.repo_id;
}

static enum err_code not_there(int64_t step_id, struct err *e)
{
	return err_set(
		e, ERR_NOT_FOUND, "there is no step %lld, or it is not for this token", (long long)step_id);
}

static enum err_code read_step(
	struct db *db, int64_t step_id, struct arena *a, struct step_view *ret, struct err *e)
{
	int64_t stored = 0;

	TRY(steps_get(db, a, step_id, &ret->step, &stored, e));
	TRY(logs_get(db, a, step_id, &ret->log, e));
	ret->has_text = stored >= 0;
	ret->stored_bytes = stored >= 0 ? stored : 0;
	return ERR_OK;
}

enum err_code facts_step(struct store *s, const struct identity *id, int64_t step_id, struct arena *a,
	struct step_view *ret, struct err *e)
{
	struct step_view v = { 0 };
	struct db *db = NULL;
	bool visible = false;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = read_step(db, step_id, a, &v, e);
	if (code == ERR_OK)
		code = repo_is_visible(db, v.step.repo_id, access_viewer(id), &visible, e);
	store_reader_put(s, db);
	if (code == ERR_NOT_FOUND ||
		(code == ERR_OK && (!visible || (bound_repo(id) != 0 && bound_repo(id) != v.step.repo_id))))
		return not_there(step_id, e);
	TRY(code);
	*ret = v;
	return ERR_OK;
}

enum err_code facts_text(const struct step_view *v, struct err *e)
{
	char date[CLOCK_DATE_LEN];

	if (v->step.log_expired_at > 0)
		return err_set(e, ERR_GONE, "the text of step %lld expired on %s; its facts are kept",
			(long long)v->step.id, clock_date(v->step.log_expired_at, date));
	if (!v->has_text)
		return err_set(e, ERR_NOT_FOUND, "no text of step %lld was kept", (long long)v->step.id);
	return ERR_OK;
}

/* A run of the suite has no steps at first. */
static enum err_code find_run(
	struct db *db, const struct identity *id, int64_t run_id, struct arena *a, struct err *e)
{
	const struct run_query q = {
		.run_id = run_id, .repo_id = bound_repo(id), .viewer = access_viewer(id), .limit = 1
	};
	struct run *runs = NULL;
	int64_t total;
	size_t n = 0;

	TRY(runs_list(db, a, &q, &runs, &n, &total, e));
	if (n > 0)
		return ERR_OK;
	return err_set(e, ERR_NOT_FOUND, "there is no run %lld, or the token is not for its repo",
		(long long)run_id);
}

static enum err_code list_steps(struct db *db, const struct config *cfg, const struct identity *id,
	const struct subject *subject, struct steps_page *page, struct arena *a, struct err *e)
{
	struct step_query q;
	bool watched;

	TRY(subject_find(db, a, cfg, id, subject, &q, &watched, e));
	if (!watched)
		return ERR_OK;
	TRY(steps_list(db, a, &q, page, e));
	if (page->total == 0 && subject->run_id > 0)
		return find_run(db, id, subject->run_id, a, e);
	if (page->n_repos > 1)
		return err_field(e, "repo", "is needed: runs of several repos have this id");
	return ERR_OK;
}

enum err_code facts_steps(struct store *s, const struct config *cfg, const struct identity *id,
	const struct subject *subject, bool failed, int64_t limit, int64_t offset, struct arena *a,
	struct step **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct steps_page page = { .failed = failed, .limit = limit, .offset = offset };
	struct db *db = NULL;
	enum err_code code;

	TRY(subject_check(subject, e));
	TRY(store_reader_get(s, &db, e));
	code = list_steps(db, cfg, id, subject, &page, a, e);
	store_reader_put(s, db);
	TRY(code);
	*ret = page.steps;
	*ret_n = page.n;
	*ret_total = page.total;
	return ERR_OK;
}

static enum err_code list_runs(struct db *db, const struct identity *id, const struct run_query *q,
	struct arena *a, struct run **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct run_query mine = *q;

	mine.repo_id = bound_repo(id);
	mine.viewer = access_viewer(id);
	return runs_list(db, a, &mine, ret, ret_n, ret_total, e);
}

enum err_code facts_runs(struct store *s, const struct identity *id, const struct run_query *q,
	struct arena *a, struct run **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = list_runs(db, id, q, a, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}

enum err_code facts_run_in(struct db *db, const struct identity *id, int64_t run_id, int64_t now,
	struct arena *a, struct run *ret, struct err *e)
{
	struct run_query q = { .run_id = run_id, .now = now, .limit = 1 };
	struct run *runs = NULL;
	int64_t total;
	size_t n = 0;

	TRY(list_runs(db, id, &q, a, &runs, &n, &total, e));
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no run %lld, or the token is not for its repo",
			(long long)run_id);
	*ret = runs[0];
	return ERR_OK;
}

enum err_code facts_run(struct store *s, const struct identity *id, int64_t run_id, int64_t now,
	struct arena *a, struct run *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = facts_run_in(db, id, run_id, now, a, ret, e);
	store_reader_put(s, db);
	return code;
}

enum err_code facts_failures(struct store *s, const struct identity *id, int64_t now, int64_t limit,
	struct arena *a, struct failure **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = failures_newest(db, a, bound_repo(id), access_viewer(id), now, limit, ret, ret_n, e);
	store_reader_put(s, db);
	return code;
}

static enum err_code failures_of(struct db *db, const struct config *cfg, const struct identity *id,
	struct str repo, struct str forge, int64_t now, int64_t limit, struct arena *a, struct failure **ret,
	size_t *ret_n, struct err *e)
{
	int64_t repo_id = 0;
	bool watched;

	TRY(subject_find_repo(db, a, cfg, id, repo, forge, &repo_id, &watched, e));
	if (watched)
		return failures_newest(db, a, repo_id, access_viewer(id), now, limit, ret, ret_n, e);
	*ret = NULL;
	*ret_n = 0;
	return ERR_OK;
}

enum err_code facts_failures_of(struct store *s, const struct config *cfg, const struct identity *id,
	struct str repo, struct str forge, int64_t now, int64_t limit, struct arena *a, struct failure **ret,
	size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = failures_of(db, cfg, id, repo, forge, now, limit, a, ret, ret_n, e);
	store_reader_put(s, db);
	return code;
}

static enum err_code pull_sha(struct db *db, const struct config *cfg, const struct identity *id,
	struct str repo, struct str forge, int64_t pull_request, struct arena *a, struct str *ret_sha,
	struct err *e)
{
	int64_t repo_id = 0;
	bool watched;

	TRY(subject_find_repo(db, a, cfg, id, repo, forge, &repo_id, &watched, e));
	if (!watched)
		return err_set(
			e, ERR_NOT_FOUND, "there is no such repo that is watched, or not for this token");
	return runs_pull_sha(db, a, repo_id, pull_request, ret_sha, e);
}

enum err_code facts_pull_sha(struct store *s, const struct config *cfg, const struct identity *id,
	struct str repo, struct str forge, int64_t pull_request, struct arena *a, struct str *ret_sha,
	struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = pull_sha(db, cfg, id, repo, forge, pull_request, a, ret_sha, e);
	store_reader_put(s, db);
	return code;
}
