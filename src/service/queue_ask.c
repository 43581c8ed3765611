/*
 * queue_ask: who may ask for a run, and asking.
 *
 * What a worker runs for a main repo speaks for that repo, so few may ask for it. A fork is its owner's: who that is, the forge says. Whoever is a contributor may ask
 * for both.
 */
#include "service/queue.h"

#include "base/digest.h"
#include "base/metric.h"
#include "service/audit.h"
#include "service/facts.h"
#include "service/ingest.h"
#include "store/access_nouns.h"

#include <strings.h>

/* ---- who may ---- */

struct ground {           /* what is asked for */
	struct repo repo; /* the repo itself, or the one that it is a fork of */
	bool is_fork, is_there;
};

static enum err_code no_repo(const struct run_asking *q, struct err *e)
{
	return err_set(e, ERR_UNPROCESSABLE,
		"%.*s is not watched, and no fork of a repo that is, or the token is not for it; `sluice "
		"repo list` "
		"shows what is",
		STR_FMT(q->repository));
}

static bool is_bound_elsewhere(const struct run_asking *q, const struct ground *g)
{
	int64_t bound = q->by->token.repo_id;

	return bound != 0 && bound != (g->is_there ? g->repo.id : 0);
}

static enum err_code find_ground(
	struct db *db, const struct run_asking *q, struct arena *a, struct ground *ret, struct err *e)
{
	struct ground g = { .is_there = true };
	bool visible = false;
	struct str forge;
	enum err_code code;

	TRY(repo_name_check(q->repository, e));
	TRY(config_forge(q->cfg, STR(""), &forge, e));
	code = repos_find(db, a, forge, q->repository, &g.repo, e);
	if (code == ERR_NOT_FOUND) {
		g.is_there = false;
		code = repos_find_main(db, a, forge, q->repository, &g.repo, e);
	}
	if (code == ERR_NOT_FOUND)
		return no_repo(q, e);
	TRY(code);
	g.is_fork = !g.is_there || g.repo.fork_of != 0;
	TRY(repo_is_visible(db, g.repo.id, access_viewer(q->by), &visible, e));
	if (!visible || is_bound_elsewhere(q, &g))
		return no_repo(q, e);
	*ret = g;
	return ERR_OK;
}

static bool is_owner(struct str login, struct str repository)
{
	size_t slash = str_find(repository, '/');

	return login.len > 0 && login.len == slash && strncasecmp(login.p, repository.p, slash) == 0;
}

static enum err_code judge(const struct run_asking *q, const struct ground *g, struct err *e)
{
	if (access_allow(q->by, 0, ROLE_BIT(ROLE_ADMIN) | ROLE_BIT(ROLE_CONTRIBUTOR), e) == ERR_OK)
		return ERR_OK;
	if (!g->is_fork)
		return err_set(e, ERR_FORBIDDEN,
			"a run of %.*s may be asked for by a contributor or an admin; a fork of it by its "
			"owner",
			STR_FMT(q->repository));
	if (is_owner(q->login, q->repository))
		return ERR_OK;
	if (q->login.len > 0)
		return err_set(e, ERR_FORBIDDEN,
			"%.*s is not a fork of %.*s, who this token's user is on the forge; its owner, a "
			"contributor or "
			"an admin may ask for a run of it",
			STR_FMT(q->repository), STR_FMT(q->login));
	return err_set(e, ERR_FORBIDDEN,
		"who this token's user is on the forge is not known: sign in once in a browser (/login, with "
		"the account that owns %.*s), or tie that account under /account; then ask again",
		STR_FMT(q->repository));
}

static enum err_code read_ground(
	struct store *s, const struct run_asking *q, struct arena *a, struct ground *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = find_ground(db, q, a, ret, e);
	store_reader_put(s, db);
	return code;
}

enum err_code queue_may_ask(
	struct store *s, const struct run_asking *q, struct arena *a, struct str *ret_provider, struct err *e)
{
	const struct oauth_config *o;
	struct ground g;
	struct err why;

	TRY(read_ground(s, q, a, &g, e));
	*ret_provider = STR("");
	if (judge(q, &g, &why) == ERR_OK)
		return ERR_OK;
	o = config_oauth(q->cfg, g.repo.forge);
	if (!g.is_fork || q->login.len > 0 || q->by->user_id == 0 || !o)
		return judge(q, &g, e);
	*ret_provider = o->provider.name;
	return ERR_OK;
}

/* ---- asking ---- */

struct ask_op {
	struct store_op op;
	const struct run_asking *in;
	struct run_request request;
	int64_t run_id, test;
	struct arena *a;
	struct run run;
};

static struct str lower(struct str s, struct arena *a)
{
	char *p = arena_cstr(a, s);

	for (char *c = p; *c; c++)
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c + 32);
	return (struct str){ p, s.len };
}

static enum err_code note(struct db *db, const struct ask_op *w, struct arena *a, struct err *e)
{
	const struct run_asking *q = w->in;
	struct progress p = { .at = q->now, .step = -1, .status = PROGRESS_QUEUED };
	struct deed_done done = { .deed = DEED_RUN_ASK, .subject_id = w->run_id, .at = q->now };

	p.message = arena_fmt(a, "asked for by %.*s", STR_FMT(w->request.asked_by));
	done.subject = arena_fmt(a, "%.*s %.*s", STR_FMT(q->repository), STR_FMT(w->request.head_sha));
	TRY(progress_note(db, w->run_id, &p, e));
	return audit_deed(db, q->by, &done, e);
}

static enum err_code apply_ask(struct store_op *op, struct db *db, struct err *e)
{
	struct ask_op *w = (struct ask_op *)(void *)op;
	const struct run_asking *q = w->in;
	struct ground g;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(access_still(db, q->by, q->now, e));
	TRY(find_ground(db, q, &a, &g, e));
	TRY(judge(q, &g, e));
	w->request.repo_id = g.repo.id;
	if (!g.is_there)
		TRY(repos_add_fork(db, &g.repo, q->repository, q->now, &w->request.repo_id, e));
	TRY(queue_add(db, &w->request, q->cfg->suite_queue, q->now, &w->run_id, &w->test, e));
	TRY(note(db, w, &a, e));
	return facts_run_in(db, q->by, w->run_id, q->now, w->a, &w->run, e);
}

/* By which its steps know it: drawn, so that it is no number of a forge's. */
static struct str draw_id(struct arena *a)
{
	unsigned char bytes[12];
	AUTO_BUF hex;

	buf_init(&hex, 2 * sizeof bytes);
	random_bytes(bytes, sizeof bytes);
	hex_encode(bytes, sizeof bytes, &hex);
	return arena_fmt(a, "suite-%s", buf_cstr(&hex));
}

enum err_code queue_ask(struct store *s, const struct run_asking *q, struct arena *ret_a, struct run *ret,
	int64_t *ret_test, struct err *e)
{
	struct ask_op w = {
		.op = { .apply = apply_ask, .bytes = sizeof w + 8 * q->n_tests }, .in = q, .a = ret_a
	};
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	w.request = (struct run_request){ .head_sha = lower(q->head_sha, &a),
		.external_run_id = draw_id(&a),
		.branch = q->branch,
		.platform = q->platform,
		.pull_request = q->pull_request,
		.asked_by = q->by->email.len > 0 ? q->by->email : STR("server"),
		.test_ids = q->test_ids,
		.n_tests = q->n_tests };
	ingest_mask_text(q->cfg->mask, &a, &w.request.branch);
	code = store_write(s, &w.op, e);
	*ret_test = w.test;
	TRY(code);
	metric_add(METRIC_RUNS_ASKED, 1);
	*ret = w.run;
	return ERR_OK;
}
