/*
 * account: which failed steps a context is of, and if there are none, why.
 *
 * That no log arrived is told with its reasons and is no error: silence would hide a dead pipe. Only what the
 * token may not see is.
 */
#include "service/account.h"

#include "explain/context.h"
#include "service/log_view.h"
#include "store/nouns.h"

#include <string.h>

#define STEPS_MAX 200 /* of one context: the newest; what is beyond is counted */

static enum err_code check_query(const struct account_query *q, struct err *e)
{
	int ways = (q->head_sha.len > 0) + (q->run_id > 0) + (q->external_run_id.len > 0);

	if (ways != 1)
		return err_set(e, ERR_INVALID,
			"give exactly one of sha (with repo), run_id or external_run_id, to say whose "
			"context it is");
	if (q->head_sha.len > 0 && q->repo.len == 0)
		return err_field(e, "repo", "is needed with sha: owner/name");
	if (q->forge.len > 0 && q->repo.len == 0)
		return err_field(e, "forge", "goes with repo only");
	return ERR_OK;
}

/* A reader that is given back on every way out. */
static void put_reader(struct store *const *store, struct db **db)
{
	store_reader_put(*store, *db);
	*db = NULL;
}

static enum err_code was_sent(struct db *db, struct arena *a, const struct account_query *q, int64_t repo_id,
	bool *ret, struct err *e)
{
	struct step_query sq = { .repo_id = repo_id,
		.head_sha = q->head_sha,
		.run_id = q->run_id,
		.external_run_id = q->external_run_id };
	struct step *steps;
	size_t n;
	int64_t n_steps, n_failed, expired_at;

	TRY(steps_failed(db, a, &sq, 0, &steps, &n, &n_steps, &n_failed, &expired_at, e));
	*ret = n_steps > 0;
	return ERR_OK;
}

/* No forge is named, and the default one has not got the repo. Of the others that have, a bound token's own is
 * meant, else the first from which something was sent, else the first. */
static enum err_code find_elsewhere(struct db *db, struct arena *a, const struct config *cfg,
	const struct identity *id, const struct account_query *q, struct repo *ret, struct err *e)
{
	struct repo found, first = { 0 };
	bool sent = false;

	for (size_t i = 1; i < cfg->n_forges; i++) {
		enum err_code code = repos_find(db, a, cfg->forges[i].name, q->repo, &found, e);

		if (code == ERR_NOT_FOUND)
			continue;
		TRY(code);
		if (found.id == id->token.repo_id) {
			*ret = found;
			return ERR_OK;
		}
		if (sent)
			continue;
		TRY(was_sent(db, a, q, found.id, &sent, e));
		if (sent || first.id == 0)
			first = found;
	}
	if (first.id == 0)
		return err_set(e, ERR_NOT_FOUND, "no forge has a watched repo of that name");
	*ret = first;
	return ERR_OK;
}

static enum err_code resolve_repo(struct db *db, struct arena *a, const struct config *cfg,
	const struct identity *id, const struct account_query *q, struct repo *ret, bool *ret_watched,
	struct err *e)
{
	struct str forge;
	enum err_code code;

	*ret_watched = true;
	if (q->repo.len == 0)
		return ERR_OK;
	TRY(config_forge(cfg, q->forge, &forge, e));
	code = repos_find(db, a, forge, q->repo, ret, e);
	if (code == ERR_NOT_FOUND && q->forge.len == 0)
		code = find_elsewhere(db, a, cfg, id, q, ret, e);
	if (code == ERR_NOT_FOUND) {
		*ret_watched = false;
		return ERR_OK;
	}
	return code;
}

/* Of other repos a bound token learns nothing, not even whether they are watched. */
static enum err_code check_binding(
	const struct identity *id, const struct account_query *q, const struct repo *repo, struct err *e)
{
	if (id->token.repo_id != 0 && q->repo.len > 0 && repo->id != id->token.repo_id)
		return err_set(e, ERR_NOT_FOUND, "the token is not for this repo");
	return ERR_OK;
}

struct found {
	struct step *steps;
	size_t n;
	int64_t n_steps, n_failed, expired_at;
};

static enum err_code find_steps(struct db *db, struct arena *a, const struct identity *id,
	const struct account_query *q, int64_t repo_id, struct found *ret, struct err *e)
{
	struct step_query sq = { .repo_id = repo_id,
		.head_sha = q->head_sha,
		.run_id = q->run_id,
		.external_run_id = q->external_run_id };

	if (id->token.repo_id != 0)
		sq.repo_id = id->token.repo_id;
	return steps_failed(db, a, &sq, STEPS_MAX, &ret->steps, &ret->n, &ret->n_steps, &ret->n_failed,
		&ret->expired_at, e);
}

/*
 * The ends of the logs that were streamed, the newest first, until there is more than the account has room for: of the others it is
 * told how long they are.
 */
static enum err_code read_logs(struct store *store, const struct config *cfg, const struct account_query *q,
	struct found *f, struct arena *a, struct err *e)
{
	size_t bytes = 0;

	for (size_t i = f->n; i-- > 0;) {
		struct step *s = &f->steps[i];
		enum err_code code;
		AUTO_LOG_VIEW v = { 0 };
		AUTO_BUF text;

		buf_init(&text, SIZE_MAX);
		if (!s->has_log || s->log_expired_at > 0)
			continue;
		s->has_text = true;
		if (bytes >= 2 * q->budget) {
			s->size.n_dropped_lines += s->size.n_lines;
			s->size.n_dropped_bytes += s->size.n_bytes;
			s->size.n_lines = s->size.n_bytes = 0;
			continue;
		}
		code = log_view_open(store, s->id, false, a, &v, e);
		if (code == ERR_GONE || code == ERR_NOT_FOUND) { /* since it was found */
			s->has_text = false;
			continue;
		}
		TRY(code);
		TRY(log_view_tail(&v, cfg->tail_lines, (size_t)cfg->tail_bytes, &text, &s->size, e));
		s->text = arena_str(a, buf_view(&text));
		bytes += s->text.len;
	}
	return ERR_OK;
}

/* Ids of a forge's runs are its own: runs of two repos with the same one have nothing to do with each other, and
 * one account of both would blame the one for the other. */
static enum err_code check_one_repo(const struct found *f, struct err *e)
{
	for (size_t i = 1; i < f->n; i++)
		if (f->steps[i].repo_id != f->steps[0].repo_id)
			return err_field(e, "repo", "is needed: runs of several repos have this id");
	return ERR_OK;
}

static unsigned absence_of(const struct found *f, bool watched)
{
	bool failed_expired = f->n_failed > 0;

	if (!watched)
		return CONTEXT_NOT_WATCHED;
	if (f->n_steps == 0)
		return CONTEXT_NOTHING_POSTED;
	return failed_expired ? CONTEXT_EXPIRED : CONTEXT_NOT_FAILED;
}

/* A step whose text has expired is told beside those that have theirs. Where none has, that is the whole story:
 * and none has, because those that have come first into the list. */
static void forget_if_no_text(struct found *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->steps[i].has_text)
			return;
	f->n = 0;
}

static void write(const struct config *cfg, const struct account_query *q, const struct found *f,
	bool watched, struct buf *out)
{
	struct context_input in = {
		.query = { .repo = q->repo,
			.head_sha = q->head_sha,
			.external_run_id = q->external_run_id,
			.run_id = q->run_id },
		.steps = f->steps,
		.n_steps = f->n,
		.n_beyond = f->n > 0 ? f->n_failed - (int64_t)f->n : 0,
		.status = run_status_derive(f->n_steps, f->n_failed),
		.absence = f->n == 0 ? absence_of(f, watched) : 0,
		.expired_at = f->expired_at,
		.log_days = cfg->log_days,
		.budget = q->budget,
	};

	if (f->n == 0 && q->silent_when_empty)
		return;
	if (q->format == ACCOUNT_JSON)
		context_json(&in, out);
	else
		context_markdown(&in, out);
}

enum err_code account_write(struct store *store, const struct config *cfg, const struct identity *id,
	const struct account_query *q, struct buf *out, struct err *e)
{
	struct found f = { 0 };
	struct repo repo = { 0 };
	struct db *db = NULL;
	bool watched = true;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(check_query(q, e));
	TRY(store_reader_get(store, &db, e));
	code = resolve_repo(db, &a, cfg, id, q, &repo, &watched, e);
	if (code == ERR_OK)
		code = check_binding(id, q, &repo, e);
	if (code == ERR_OK && watched)
		code = find_steps(db, &a, id, q, repo.id, &f, e);
	put_reader(&store, &db);
	TRY(code);
	TRY(check_one_repo(&f, e));
	if (q->run_id > 0 && f.n_steps == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no run %lld, or the token is not for its repo",
			(long long)q->run_id);
	TRY(read_logs(store, cfg, q, &f, &a, e));
	forget_if_no_text(&f);
	write(cfg, q, &f, watched, out);
	return buf_check(out, "context", e);
}
