/* dispatch: see the header. What agents say is dispatch_claim.c. */
#include "service/dispatch.h"

#include "service/audit.h"
#include "service/dispatch_facts.h"
#include "service/dispatch_op.h"
#include "service/ingest.h"
#include "store/nouns.h"

/* ---- called off, and once more ---- */

struct change {
	const struct dispatch_asker *q;
	int64_t id;
	struct arena *a;
	struct dispatch of;
};

static enum err_code find(struct change *w, struct db *db, struct err *e)
{
	TRY(access_still(db, w->q->by, w->q->now, e));
	return dispatches_get(
		db, w->a, w->id, dispatch_bound_repo(w->q->by), access_viewer(w->q->by), &w->of, NULL, e);
}

static enum err_code audit(struct change *w, struct db *db, enum deed deed, struct err *e)
{
	const struct deed_done done = { .deed = deed,
		.subject_id = w->id,
		.subject = arena_fmt(w->a, "%.*s at %.*s", STR_FMT(w->of.repo), STR_FMT(w->of.head_sha)),
		.at = w->q->now };

	TRY(audit_deed(db, w->q->by, &done, e));
	return dispatches_get(db, w->a, w->id, 0, 0, &w->of, NULL, e);
}

static enum err_code apply_cancel(void *arg, struct db *db, struct err *e)
{
	struct change *w = arg;
	struct dispatch_word word = { .id = w->id, .to = DISPATCH_CANCELED };
	bool done = false;

	TRY(find(w, db, e));
	word.from = w->of.state;
	word.claim = w->of.n_claims;
	if (dispatch_state_is_open(w->of.state))
		TRY(dispatches_set(db, &word, w->q->now, &done, e));
	if (!done)
		return err_set(e, ERR_CONFLICT, "dispatch %lld is %s", (long long)w->id,
			dispatch_state_name(w->of.state));
	return audit(w, db, DEED_DISPATCH_CANCEL, e);
}

static enum err_code apply_retry(void *arg, struct db *db, struct err *e)
{
	struct change *w = arg;
	bool done = false;

	TRY(find(w, db, e));
	TRY(dispatches_retry(db, w->id, w->q->now, &done, e));
	if (!done)
		return err_set(e, ERR_CONFLICT, "dispatch %lld is %s: it is open still; cancel it first",
			(long long)w->id, dispatch_state_name(w->of.state));
	return audit(w, db, DEED_DISPATCH_RETRY, e);
}

static enum err_code change(const struct dispatch_asker *q, dispatch_op_fn *fn, int64_t id, struct arena *a,
	struct dispatch *ret, struct err *e)
{
	struct change w = { .q = q, .id = id, .a = a };

	TRY(dispatch_write(q->store, fn, &w, sizeof w, e));
	*ret = w.of;
	return ERR_OK;
}

enum err_code dispatch_cancel(
	const struct dispatch_asker *q, int64_t id, struct arena *a, struct dispatch *ret, struct err *e)
{
	return change(q, apply_cancel, id, a, ret, e);
}

enum err_code dispatch_retry(
	const struct dispatch_asker *q, int64_t id, struct arena *a, struct dispatch *ret, struct err *e)
{
	return change(q, apply_retry, id, a, ret, e);
}

/* ---- the switch ---- */

static enum err_code find_repo(const struct dispatch_asker *q, struct str repo, struct str forge,
	struct arena *a, struct repo *ret, struct err *e)
{
	struct db *db = NULL;
	bool visible = false;
	enum err_code code;

	TRY(ingest_find_repo(q->store, q->cfg, q->by, forge, repo, STR(""), a, ret, e));
	TRY(store_reader_get(q->store, &db, e));
	code = repo_is_visible(db, ret->id, access_viewer(q->by), &visible, e);
	store_reader_put(q->store, db);
	TRY(code);
	if (visible)
		return ERR_OK;
	return err_set(e, ERR_NOT_FOUND, "%.*s is not watched, or not for this token", STR_FMT(repo));
}

struct pause {
	const struct dispatch_asker *q;
	int64_t repo_id;
	struct str repo;
	bool paused, changed;
};

static enum err_code apply_pause(void *arg, struct db *db, struct err *e)
{
	struct pause *w = arg;
	const struct deed_done done = { .deed = w->paused ? DEED_DISPATCH_PAUSE : DEED_DISPATCH_RESUME,
		.subject_id = w->repo_id,
		.subject = w->repo.len > 0 ? w->repo : STR("all repos"),
		.at = w->q->now };

	TRY(access_still(db, w->q->by, w->q->now, e));
	TRY(dispatch_pause_set(db, w->repo_id, w->paused, w->q->by->email, w->q->now, &w->changed, e));
	return w->changed ? audit_deed(db, w->q->by, &done, e) : ERR_OK;
}

enum err_code dispatch_pause(const struct dispatch_asker *q, struct str repo, struct str forge, bool paused,
	bool *ret_changed, struct err *e)
{
	struct pause w = { .q = q, .paused = paused };
	struct repo found = { .id = 0 };
	AUTO_ARENA a;

	arena_init(&a);
	if (repo.len == 0 && dispatch_bound_repo(q->by) != 0)
		return err_set(e, ERR_FORBIDDEN,
			"this token is bound to a repo: it pauses that one alone, by its name");
	if (repo.len > 0)
		TRY(find_repo(q, repo, forge, &a, &found, e));
	w.repo_id = found.id;
	w.repo = repo.len > 0 ? found.name : STR("");
	TRY(dispatch_write(q->store, apply_pause, &w, sizeof w, e));
	*ret_changed = w.changed;
	return ERR_OK;
}

/* ---- read ---- */

static struct dispatch_query mine(const struct dispatch_asker *q, const struct dispatch_query *which)
{
	struct dispatch_query m = *which;

	m.repo_id = dispatch_bound_repo(q->by);
	m.viewer = access_viewer(q->by);
	return m;
}

enum err_code dispatch_list(const struct dispatch_asker *q, const struct dispatch_query *which,
	struct arena *a, struct dispatch **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct dispatch_query m = mine(q, which);
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(q->store, &db, e));
	code = dispatches_list(db, a, &m, ret, ret_n, ret_total, e);
	store_reader_put(q->store, db);
	return code;
}

enum err_code dispatch_get(const struct dispatch_asker *q, int64_t id, struct arena *a,
	struct dispatch_detail *ret, struct err *e)
{
	struct dispatch_detail d = { .n_deeds = 0 };
	struct str zstd = STR("");
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(q->store, &db, e));
	code = dispatches_get(db, a, id, dispatch_bound_repo(q->by), access_viewer(q->by), &d.of, &zstd, e);
	if (code == ERR_OK)
		code = dispatch_deeds_of(db, a, id, &d.deeds, &d.n_deeds, e);
	store_reader_put(q->store, db);
	TRY(code);
	TRY(dispatch_unpack(zstd, a, &d.prompt, e));
	*ret = d;
	return ERR_OK;
}

/* Where no dispatch is there it is as if one had just been made. */
static enum err_code look_up(struct db *db, const struct dispatch_asker *q, const struct repo *repo,
	struct str head_sha, struct arena *a, struct dispatch_facts *ret, struct err *e)
{
	struct red_run run = { .over = false };
	bool is_there = false, found = false;
	struct dispatch d;

	TRY(dispatches_of_commit(db, a, repo->id, head_sha, &d, &is_there, e));
	TRY(red_run_of_commit(db, a, repo->id, head_sha, &run, &found, e));
	if (!is_there && !found)
		return err_set(e, ERR_NOT_FOUND,
			"nothing is known of %.*s in %.*s: no forge told of a run of it, and nothing was "
			"sent",
			STR_FMT(head_sha), STR_FMT(repo->name));
	return dispatch_facts_gather(db, q->cfg, is_there ? &d : &run.of, !found || run.over,
		found ? run.failed : is_there, q->now, a, ret, e);
}

enum err_code dispatch_preview(const struct dispatch_asker *q, struct str repo, struct str forge,
	struct str head_sha, struct arena *a, struct dispatch_previewed *ret, struct err *e)
{
	struct dispatch_facts f;
	struct db *db = NULL;
	struct repo found;
	enum err_code code;

	TRY(find_repo(q, repo, forge, a, &found, e));
	TRY(store_reader_get(q->store, &db, e));
	code = look_up(db, q, &found, head_sha, a, &f, e);
	store_reader_put(q->store, db);
	TRY(code);
	TRY(dispatch_facts_prompt(q->store, q->cfg, &f, q->now, a, &ret->prompt, e));
	guard_judge(&f.guard, a, &ret->verdicts);
	ret->of = f.of;
	return ERR_OK;
}

enum err_code dispatch_figure(const struct dispatch_asker *q, const struct dispatch_query *which,
	struct arena *a, struct dispatch_figures *ret, bool *ret_paused, struct err *e)
{
	struct dispatch_query m = mine(q, which);
	struct repo repo = { .id = m.repo_id };
	struct db *db = NULL;
	enum err_code code;

	if (m.repo.len > 0)
		TRY(find_repo(q, m.repo, m.forge, a, &repo, e));
	TRY(store_reader_get(q->store, &db, e));
	code = dispatch_figures(db, a, &m, ret, e);
	if (code == ERR_OK)
		code = dispatch_paused(db, repo.id, ret_paused, e);
	store_reader_put(q->store, db);
	return code;
}
