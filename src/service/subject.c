/* subject: see the header. */
#include "service/subject.h"

#include "store/access_nouns.h"

#define NO_REPO (-1) /* no repo has this number */

enum err_code subject_check(const struct subject *s, struct err *e)
{
	int ways = (s->head_sha.len > 0) + (s->run_id > 0) + (s->external_run_id.len > 0);

	if (ways != 1)
		return err_set(e, ERR_INVALID,
			"give exactly one of sha (with repo), run_id or external_run_id, to say whose "
			"steps are meant");
	if (s->head_sha.len > 0 && s->repo.len == 0)
		return err_field(e, "repo", "is needed with sha: owner/name");
	if (s->forge.len > 0 && s->repo.len == 0)
		return err_field(e, "forge", "goes with repo only");
	return ERR_OK;
}

static struct step_query query_of(const struct subject *s, int64_t repo_id)
{
	return (struct step_query){ .repo_id = repo_id,
		.head_sha = s->head_sha,
		.run_id = s->run_id,
		.external_run_id = s->external_run_id };
}

static enum err_code was_sent(
	struct db *db, struct arena *a, const struct subject *s, int64_t repo_id, bool *ret, struct err *e)
{
	struct step_query sq = query_of(s, repo_id);
	struct step *steps;
	size_t n;
	struct run_tally tally;
	int64_t expired_at;

	TRY(steps_failed(db, a, &sq, 0, &steps, &n, &tally, &expired_at, e));
	*ret = tally.n_steps > 0;
	return ERR_OK;
}

/* No forge is named, and the default one has not got the repo. Of the others that have, a bound token's own is
 * meant, else the first from which something was sent, else the first. */
static enum err_code find_elsewhere(struct db *db, struct arena *a, const struct config *cfg,
	const struct identity *id, const struct subject *s, struct repo *ret, struct err *e)
{
	struct repo found, first = { 0 };
	bool sent = false;

	for (size_t i = 1; i < cfg->n_forges; i++) {
		enum err_code code = repos_find(db, a, cfg->forges[i].name, s->repo, &found, e);

		if (code == ERR_NOT_FOUND)
			continue;
		TRY(code);
		if (found.id == id->token.repo_id) {
			*ret = found;
			return ERR_OK;
		}
		if (sent)
			continue;
		TRY(was_sent(db, a, s, found.id, &sent, e));
		if (sent || first.id == 0)
			first = found;
	}
	if (first.id == 0)
		return err_set(e, ERR_NOT_FOUND, "no forge has a watched repo of that name");
	*ret = first;
	return ERR_OK;
}

static enum err_code resolve_repo(struct db *db, struct arena *a, const struct config *cfg,
	const struct identity *id, const struct subject *s, struct repo *ret, bool *ret_watched,
	struct err *e)
{
	struct str forge;
	enum err_code code;

	*ret_watched = true;
	if (s->repo.len == 0)
		return ERR_OK;
	TRY(config_forge(cfg, s->forge, &forge, e));
	code = repos_find(db, a, forge, s->repo, ret, e);
	if (code == ERR_NOT_FOUND && s->forge.len == 0)
		code = find_elsewhere(db, a, cfg, id, s, ret, e);
	if (code == ERR_NOT_FOUND) {
		*ret_watched = false;
		return ERR_OK;
	}
	return code;
}

/* Of other repos a bound token learns nothing, not even whether they are watched. */
static enum err_code check_binding(
	const struct identity *id, const struct subject *s, const struct repo *repo, struct err *e)
{
	if (id->token.repo_id != 0 && s->repo.len > 0 && repo->id != id->token.repo_id)
		return err_set(e, ERR_NOT_FOUND, "the token is not for this repo");
	return ERR_OK;
}

/* No repo is named: of those that have such a run, only what the viewer sees is asked. */
static enum err_code narrow(
	struct db *db, int64_t viewer, const struct subject *s, struct step_query *q, struct err *e)
{
	int64_t n = 0;
	bool visible = false;

	if (s->run_id > 0) {
		TRY(run_is_visible(db, s->run_id, viewer, &visible, e));
		q->repo_id = visible ? q->repo_id : NO_REPO;
		return ERR_OK;
	}
	TRY(runs_repos_visible(db, s->external_run_id, viewer, &n, &q->repo_id, e));
	if (n > 1)
		return err_field(e, "repo", "is needed: runs of several repos have this id");
	if (n == 0)
		q->repo_id = NO_REPO;
	return ERR_OK;
}

enum err_code subject_find(struct db *db, struct arena *a, const struct config *cfg,
	const struct identity *id, const struct subject *s, struct step_query *ret, bool *ret_watched,
	struct err *e)
{
	int64_t viewer = access_viewer(id);
	struct repo repo = { 0 };
	bool visible = true;

	TRY(resolve_repo(db, a, cfg, id, s, &repo, ret_watched, e));
	TRY(check_binding(id, s, &repo, e));
	*ret = query_of(s, id->token.repo_id != 0 ? id->token.repo_id : repo.id);
	if (viewer == 0)
		return ERR_OK;
	if (ret->repo_id == 0)
		return narrow(db, viewer, s, ret, e);
	TRY(repo_is_visible(db, ret->repo_id, viewer, &visible, e));
	if (!visible && repo.id != 0)
		*ret_watched = false;
	else if (!visible)
		ret->repo_id = NO_REPO;
	return ERR_OK;
}

/* No commit has this name, so from nowhere was anything sent for it. */
#define NO_COMMIT STR("0")

enum err_code subject_find_repo(struct db *db, struct arena *a, const struct config *cfg,
	const struct identity *id, struct str repo, struct str forge, int64_t *ret_repo_id, bool *ret_watched,
	struct err *e)
{
	const struct subject s = { .repo = repo, .forge = forge, .head_sha = NO_COMMIT };
	struct step_query q = { 0 };
	bool watched = false;

	TRY(subject_find(db, a, cfg, id, &s, &q, &watched, e));
	*ret_repo_id = watched ? q.repo_id : 0;
	*ret_watched = watched;
	return ERR_OK;
}
