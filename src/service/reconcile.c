/*
 * reconcile: what a forge has, beside what was heard.
 *
 * All that is heard of a repo is put down in one operation, which looks at each run anew: a hook may have come while the forge was asked, and then there is nothing to say.
 */
#include "service/reconcile.h"

#include "forge/hook.h"
#include "service/forge_open.h"

#define LOOK_AGAIN_MS (60 * 1000) /* at the settings */
#define REPOS_MAX 10000

/* ---- a repo ---- */

struct put_op {
	struct store_op op; /* first */
	const struct repo *repo;
	const struct forge_run *runs;
	size_t n, n_new;
	bool oldest_is_new;
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

	p->n_new = 0; /* it may be applied more than once */
	p->oldest_is_new = false;
	for (size_t i = p->n; i-- > 0;) { /* the oldest first */
		if (p->runs[i].conclusion != FORGE_RUNNING)
			TRY(put_one(p, db, &p->runs[i], e));
		p->oldest_is_new = p->oldest_is_new || (i + 1 == p->n && p->n_new > 0);
	}
	return ERR_OK;
}

static enum err_code put_runs(
	const struct reconcile *r, struct forge_api *f, size_t max, struct put_op *put, struct err *e)
{
	struct forge_run *runs;

	TRY(forge_runs(f, put->repo->name, max, put->a, &runs, &put->n, e));
	put->runs = runs;
	return put->n > 0 ? store_write(r->store, &put->op, e) : ERR_OK;
}

enum err_code reconcile_repo(const struct reconcile *r, struct forge_api *f, const struct repo *repo,
	size_t *ret_new, struct err *e)
{
	struct put_op put = { .op = { .apply = apply_put, .bytes = sizeof put },
		.repo = repo,
		.now = clock_wall_ms(r->clock) };
	size_t n_new;
	AUTO_ARENA a;

	arena_init(&a);
	put.a = &a;
	TRY(put_runs(r, f, RECONCILE_RUNS, &put, e));
	n_new = put.n_new;
	if (put.oldest_is_new && put.n == RECONCILE_RUNS) { /* behind it there may be more */
		TRY(put_runs(r, f, RECONCILE_RUNS_MAX, &put, e));
		n_new += put.n_new;
	}
	*ret_new = n_new;
	return ERR_OK;
}

/* ---- a forge ---- */

static bool is_stopped(const struct reconcile *r)
{
	return r->stop && atomic_load(r->stop);
}

/* What broke off because it was stopped says nothing of the forge. */
static void say(const struct reconcile *r, const struct repo *repo, const struct err *why)
{
	if (r->told && !is_stopped(r))
		r->told(r->arg, r->forge, repo, why);
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

/* Repos of a forge that are to be asked for. */
struct round {
	const struct reconcile *r;
	struct forge_api *f;
	const struct repo *repos;
	size_t n, n_asked; /* n_asked: so many of them were */
	int64_t until;     /* steady ms */
	size_t n_new;
	bool gave_up; /* the forge is of no use now */
};

static enum err_code ask_one(struct round *x, const struct repo *repo, struct err *e)
{
	size_t new = 0;
	struct err why = { 0 };
	enum err_code code = repo->fork_of > 0 ? ERR_OK : reconcile_repo(x->r, x->f, repo, &new, &why);

	if (code != ERR_OK && !is_of_repo(code) && !is_of_forge(code)) {
		*e = why;
		return code;
	}
	if (code != ERR_OK)
		say(x->r, is_of_repo(code) ? repo : NULL, &why);
	x->gave_up = is_of_forge(code);
	x->n_new += new;
	return ERR_OK;
}

/* One at least, however slow it is: it comes to an end. */
static enum err_code ask_each(struct round *x, struct err *e)
{
	do {
		if (x->n_asked >= x->n || is_stopped(x->r))
			return ERR_OK;
		TRY(ask_one(x, &x->repos[x->n_asked++], e));
	} while (!x->gave_up && clock_steady_ms(x->r->clock) < x->until);
	return ERR_OK;
}

static enum err_code go_round(struct round *x, struct reconcile_mark *m, struct err *e)
{
	const struct reconcile *r = x->r;
	struct err why = { 0 };
	int64_t wait_s;
	enum err_code code;

	x->until = clock_steady_ms(r->clock) + RECONCILE_TURN_MS;
	if (forge_open(r->forge, r->clock, &x->f, &why) != ERR_OK) {
		say(r, NULL, &why);
		x->gave_up = true;
		return ERR_OK;
	}
	forge_api_watch(x->f, r->stop);
	code = ask_each(x, e);
	wait_s = forge_api_retry_after_s(x->f);
	forge_api_free(x->f);
	m->not_before = x->gave_up && wait_s > 0 ? clock_wall_ms(r->clock) + wait_s * 1000 : 0;
	return code;
}

static enum err_code list_repos(
	const struct reconcile *r, struct arena *a, struct repo **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	int64_t total;
	enum err_code code;

	TRY(store_reader_get(r->store, &db, e));
	code = repos_list(db, a, r->forge->name, STR(""), REPOS_MAX, 0, ret, ret_n, &total, e);
	store_reader_put(r->store, db);
	return code;
}

bool reconcile_can(const struct forge_config *forge)
{
	return forge->has_kind && forge->url.len > 0;
}

/* The first repo that is watched there is to be asked for soon. */
static void set_next(const struct reconcile *r, struct reconcile_mark *m, bool any)
{
	int64_t every = r->forge->reconcile_ms, now = clock_wall_ms(r->clock);

	m->n_asked = 0;
	m->next = now + (!any && every > LOOK_AGAIN_MS ? LOOK_AGAIN_MS : every);
}

/* It said so, not so long ago that the clock must have gone back. */
static bool is_left_alone(const struct reconcile *r, const struct reconcile_mark *m)
{
	int64_t now = clock_wall_ms(r->clock);

	return m->not_before > now && m->not_before <= now + RECONCILE_AGE_MS;
}

/* Clocks go back, and settings change: nobody is to wait longer than is set. */
static bool is_due(const struct reconcile *r, const struct reconcile_mark *m)
{
	int64_t now = clock_wall_ms(r->clock), every = r->forge->reconcile_ms;

	return reconcile_can(r->forge) && every > 0 && !is_left_alone(r, m) &&
	       (m->next <= now || m->next > now + every);
}

enum err_code reconcile_forge(
	const struct reconcile *r, struct reconcile_mark *m, size_t *ret_new, struct err *e)
{
	struct round x = { .r = r, .n_asked = m->n_asked };
	struct repo *repos = NULL;
	enum err_code code = ERR_OK;
	AUTO_ARENA a;

	arena_init(&a);
	*ret_new = 0;
	if (!is_due(r, m))
		return ERR_OK;
	TRY(list_repos(r, &a, &repos, &x.n, e));
	x.repos = repos;
	if (x.n > 0)
		code = go_round(&x, m, e);
	m->n_asked = x.n_asked;
	if (code == ERR_OK && (x.gave_up || x.n_asked >= x.n))
		set_next(r, m, x.n > 0);
	*ret_new = x.n_new;
	return code;
}

static enum err_code read_repos(const struct reconcile *r, const int64_t *ids, size_t n, struct arena *a,
	struct repo **ret, size_t *ret_n, struct err *e)
{
	struct repo *v = arena_array(a, n + 1, sizeof *v);
	struct db *db = NULL;
	enum err_code code = ERR_OK;
	size_t found = 0;

	TRY(store_reader_get(r->store, &db, e));
	for (size_t i = 0; i < n && (code == ERR_OK || code == ERR_NOT_FOUND); i++) {
		code = repos_get(db, a, ids[i], &v[found], e);
		found += code == ERR_OK;
	}
	store_reader_put(r->store, db);
	*ret = v;
	*ret_n = found;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

enum err_code reconcile_some(const struct reconcile *r, struct reconcile_mark *m, const int64_t *repo_ids,
	size_t n, size_t *ret_new, struct err *e)
{
	struct round x = { .r = r };
	struct repo *repos = NULL;
	enum err_code code = ERR_OK;
	AUTO_ARENA a;

	arena_init(&a);
	*ret_new = 0;
	if (!reconcile_can(r->forge) || is_left_alone(r, m))
		return ERR_OK;
	TRY(read_repos(r, repo_ids, n, &a, &repos, &x.n, e));
	x.repos = repos;
	if (x.n > 0)
		code = go_round(&x, m, e);
	*ret_new = x.n_new;
	return code;
}
