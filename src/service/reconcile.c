/*
 * reconcile: what a forge has, beside what was heard.
 *
 * All that is heard of a repo is put down in one operation, which looks at each run anew: a hook may have come while the forge was asked, and then there is nothing to say.
 */
#include "service/reconcile.h"

#include "forge/hook.h"
#include "service/forge_open.h"

#include <stdlib.h>

#define LOOK_AGAIN_MS (60 * 1000) /* at the settings */
#define REPOS_MAX 10000

/* ---- a repo ---- */

struct put_op {
	struct store_op op; /* first */
	const struct repo *repo;
	const struct forge_run *runs;
	size_t n, n_new;
	int64_t now;
	struct arena *a;
};

/* A forge that tells of tasks does not tell the ids of their runs: then it is the number that people call it by. */
static struct str id_of(const struct forge_run *run, struct arena *a)
{
	return run->id.len > 0 ? run->id : arena_fmt(a, "number:%lld", (long long)run->number);
}

static struct heard_run heard_of(const struct put_op *p, const struct forge_run *run)
{
	return (struct heard_run){ .repo_id = p->repo->id,
		.head_sha = run->head_sha,
		.external_run_id = id_of(run, p->a),
		.attempt = run->attempt,
		.workflow = run->workflow,
		.branch = run->branch,
		.target_branch = run->target_branch,
		.url = run->url,
		.author = run->author,
		.pull_request = run->pull_request,
		.conclusion = str_z(forge_conclusion_name(run->conclusion)),
		.said_at = run->said_at,
		.began_at = run->began_at,
		.heard_at = p->now,
		.heard_by = STR("reconcile") };
}

static bool is_old(const struct put_op *p, const struct forge_run *run)
{
	return run->said_at > 0 && run->said_at < p->now - RECONCILE_AGE_MS;
}

/* One that was heard of as over stays as it was heard, until it begins anew. */
static enum err_code put_one(struct put_op *p, struct db *db, const struct forge_run *run, struct err *e)
{
	struct heard_run x = heard_of(p, run), known = { 0 };
	struct err none = { 0 };
	bool due = false;
	int64_t id = 0;
	enum err_code code =
		forge_runs_find(db, p->a, p->repo->id, x.external_run_id, x.attempt, &known, &none);

	if (code != ERR_OK && code != ERR_NOT_FOUND) {
		*e = none;
		return code;
	}
	if (code == ERR_OK ? !str_eq(known.conclusion, STR("running")) && !forge_run_is_anew(&known, &x)
			   : is_old(p, run))
		return ERR_OK;
	TRY(forge_runs_put(db, &x, &id, &due, e));
	p->n_new += due;
	return ERR_OK;
}

static enum err_code apply_put(struct store_op *op, struct db *db, struct err *e)
{
	struct put_op *p = (struct put_op *)(void *)op;

	p->n_new = 0;                   /* it may be applied more than once */
	for (size_t i = p->n; i-- > 0;) /* the oldest first */
		if (p->runs[i].conclusion != FORGE_RUNNING)
			TRY(put_one(p, db, &p->runs[i], e));
	return ERR_OK;
}

enum err_code reconcile_repo(const struct reconcile *r, struct forge_api *f, const struct repo *repo,
	size_t *ret_new, struct err *e)
{
	struct put_op put = { .op = { .apply = apply_put, .bytes = sizeof put },
		.repo = repo,
		.now = clock_wall_ms(r->clock) };
	struct forge_run *runs;
	AUTO_ARENA a;

	arena_init(&a);
	put.a = &a;
	TRY(forge_runs(f, repo->name, RECONCILE_RUNS, &a, &runs, &put.n, e));
	put.runs = runs;
	if (put.n > 0)
		TRY(store_write(r->store, &put.op, e));
	*ret_new = put.n_new;
	return ERR_OK;
}

/* ---- a forge ---- */

struct asked { /* when it is next */
	char *name;
	int64_t next; /* wall, ms */
};

struct reconciler {
	struct asked *v;
	size_t n;
};

struct reconciler *reconciler_new(void)
{
	return mem_alloc(sizeof(struct reconciler));
}

void reconciler_free(struct reconciler *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->n; i++)
		free(x->v[i].name);
	free(x->v);
	free(x);
}

static struct asked *asked_of(struct reconciler *x, struct str name)
{
	for (size_t i = 0; i < x->n; i++)
		if (str_eq(str_z(x->v[i].name), name))
			return &x->v[i];
	x->v = mem_grow(x->v, (x->n + 1) * sizeof *x->v);
	x->v[x->n] = (struct asked){ .name = mem_dup(name) };
	return &x->v[x->n++];
}

static void say(const struct reconcile *r, const struct forge_config *forge, const struct repo *repo,
	const struct err *why)
{
	if (r->told)
		r->told(r->arg, forge, repo, why);
}

static bool is_stopped(const struct reconcile *r)
{
	return r->stop && atomic_load(r->stop);
}

/* Does it concern one repo, and the others may be well? */
static bool is_of_repo(enum err_code code)
{
	return code == ERR_NOT_FOUND || code == ERR_FORBIDDEN || code == ERR_INVALID ||
	       code == ERR_CONFLICT || code == ERR_GONE;
}

static bool is_of_forge(enum err_code code)
{
	return code == ERR_NETWORK || code == ERR_RATE_LIMITED || code == ERR_UNAUTHORIZED ||
	       code == ERR_METHOD || code == ERR_CONFIG || code == ERR_UNPROCESSABLE || code == ERR_TOO_LARGE;
}

static enum err_code list_repos(const struct reconcile *r, struct str forge, struct arena *a,
	struct repo **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	int64_t total;
	enum err_code code;

	TRY(store_reader_get(r->store, &db, e));
	code = repos_list(db, a, forge, STR(""), REPOS_MAX, 0, ret, ret_n, &total, e);
	store_reader_put(r->store, db);
	return code;
}

/* An error of the forge is said, and ends it. */
static enum err_code ask_repos(const struct reconcile *r, const struct forge_config *forge,
	struct forge_api *f, const struct repo *repos, size_t n, size_t *n_new, struct err *e)
{
	for (size_t i = 0; i < n && !is_stopped(r); i++) {
		size_t new = 0;
		struct err why = { 0 };
		enum err_code code =
			repos[i].fork_of > 0 ? ERR_OK : reconcile_repo(r, f, &repos[i], &new, &why);

		if (code != ERR_OK && !is_of_repo(code) && !is_of_forge(code)) {
			*e = why;
			return code;
		}
		if (code != ERR_OK)
			say(r, forge, is_of_repo(code) ? &repos[i] : NULL, &why);
		if (is_of_forge(code))
			return ERR_OK;
		*n_new += new;
	}
	return ERR_OK;
}

/* *ret_wait_s: it wants to be left alone so long; -1: nobody watches anything there. */
static enum err_code ask_forge(const struct reconcile *r, const struct forge_config *forge, size_t *n_new,
	int64_t *ret_wait_s, struct err *e)
{
	struct forge_api *f = NULL;
	struct repo *repos = NULL;
	size_t n = 0;
	struct err why = { 0 };
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(list_repos(r, forge->name, &a, &repos, &n, e));
	if (n == 0) {
		*ret_wait_s = -1;
		return ERR_OK;
	}
	if (forge_open(forge, r->clock, &f, &why) != ERR_OK) {
		say(r, forge, NULL, &why);
		return ERR_OK;
	}
	forge_api_watch(f, r->stop);
	code = ask_repos(r, forge, f, repos, n, n_new, e);
	*ret_wait_s = forge_api_retry_after_s(f);
	forge_api_free(f);
	return code;
}

static bool can_be_asked(const struct forge_config *forge)
{
	return forge->reconcile_ms > 0 && forge->has_kind && forge->url.len > 0;
}

/* The first repo that is watched there is to be asked for soon. */
static int64_t next_of(int64_t now, int64_t wait_s, const struct forge_config *forge)
{
	if (wait_s < 0)
		return now + (forge->reconcile_ms < LOOK_AGAIN_MS ? forge->reconcile_ms : LOOK_AGAIN_MS);
	return now + (wait_s * 1000 > forge->reconcile_ms ? wait_s * 1000 : forge->reconcile_ms);
}

enum err_code reconcile_tick(
	struct reconciler *x, const struct reconcile *r, size_t *ret_new, int64_t *ret_next, struct err *e)
{
	int64_t now = clock_wall_ms(r->clock), next = now + LOOK_AGAIN_MS;
	size_t n_new = 0;

	for (size_t i = 0; i < r->cfg->n_forges && !is_stopped(r); i++) {
		const struct forge_config *forge = &r->cfg->forges[i];
		struct asked *asked = asked_of(x, forge->name);
		int64_t wait_s = 0;

		if (!can_be_asked(forge))
			continue;
		/* Clocks go back: nobody is to wait longer than is set. */
		if (asked->next <= now || asked->next > now + forge->reconcile_ms + RECONCILE_AGE_MS) {
			TRY(ask_forge(r, forge, &n_new, &wait_s, e));
			asked->next = next_of(now, wait_s, forge);
		}
		next = asked->next < next ? asked->next : next;
	}
	*ret_new = n_new;
	*ret_next = next;
	return ERR_OK;
}
