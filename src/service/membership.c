/*
 * membership: see the header. Whom it was asked about lately is kept in memory alone: after a start everybody is asked about once more.
 */
#include "service/membership.h"

#include "base/diag.h"
#include "base/metric.h"
#include "service/errands.h"
#include "service/forge_token.h"

#include <pthread.h>
#include <stdlib.h>

#define THREADS 2
#define WAITING 100
#define TOTAL_MS 30000 /* for all questions about one user to one forge */
#define LATELY 1024    /* users; with more in AGAIN_MS some are asked about more often */

struct membership {
	struct store *store;
	struct config_box *box;
	const struct clock *clock;
	struct errands *errands;
	struct seal_key key;
	pthread_mutex_t lock; /* guards below */
	struct {
		int64_t user_id, at; /* steady ms */
	} lately[LATELY];
	size_t next;
};

enum err_code membership_start(struct store *store, struct config_box *box, const struct clock *clock,
	struct membership **ret, struct err *e)
{
	struct membership *m = mem_alloc(sizeof *m);
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	m->store = store;
	m->box = box;
	m->clock = clock;
	pthread_mutex_init(&m->lock, NULL);
	code = seal_key_load(arena_fmt(&a, "%s/access.key", store_folder(store)).p, &m->key, e);
	if (code == ERR_OK)
		code = errands_start(THREADS, WAITING, &m->errands, e);
	if (code == ERR_OK)
		*ret = m;
	else
		membership_free(m);
	return code;
}

void membership_stop(struct membership *m)
{
	if (m)
		errands_stop(m->errands);
}

void membership_free(struct membership *m)
{
	if (!m)
		return;
	errands_free(m->errands);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* ---- asking ---- */

struct ask { /* about one user at one provider */
	struct membership *m;
	const struct oauth_provider *provider;
	const struct oauth_endpoints *at;
	const struct oauth_caller *caller;
	int64_t user_id, now;
	struct oauth_tokens *tokens;
	bool refreshed;
	struct arena *a;
};

struct put_op {
	struct store_op op;
	const struct ask *ask;
	const struct member_repo *repos;
	const bool *allowed;
	size_t n;
};

/* A user or a repo that has gone meanwhile is nobody's loss. */
static enum err_code apply_put(struct store_op *op, struct db *db, struct err *e)
{
	struct put_op *w = (struct put_op *)(void *)op;

	for (size_t i = 0; i < w->n; i++) {
		enum err_code code =
			members_put(db, w->ask->user_id, w->repos[i].repo_id, w->allowed[i], w->ask->now, e);

		if (code != ERR_OK && code != ERR_CONFLICT)
			return code;
	}
	return ERR_OK;
}

struct keep_op {
	struct store_op op;
	const struct ask *ask;
	struct str token;
};

static enum err_code apply_keep(struct store_op *op, struct db *db, struct err *e)
{
	struct keep_op *w = (struct keep_op *)(void *)op;
	struct forge_login l;

	TRY(forge_token_login(db, w->ask->a, w->ask->user_id, w->ask->provider->name, &l, e));
	l.token = w->token;
	l.stored_at = w->ask->now;
	return forge_logins_put(db, &l, e);
}

/* The tokens that are replaced are good no more: so the new ones are kept at once. */
static enum err_code refresh(struct ask *k, struct err *e)
{
	struct keep_op keep = { .op = { .apply = apply_keep, .bytes = 65536 }, .ask = k };
	struct oauth_tokens t;
	AUTO_BUF sealed;

	buf_init(&sealed, SIZE_MAX);
	k->refreshed = true;
	TRY(oauth_refresh(k->provider, k->at, k->tokens->refresh, k->caller, k->a, &t, e));
	*k->tokens = t;
	forge_token_seal(&k->m->key, &t, &sealed);
	keep.token = buf_view(&sealed);
	return store_write(k->m->store, &keep.op, e);
}

static enum err_code ask_one(struct ask *k, struct str repo, bool *ret, struct err *e)
{
	enum err_code code =
		oauth_may_read(k->provider, k->at, k->tokens->access, repo, k->caller, k->a, ret, e);

	if (code != ERR_UNAUTHORIZED || k->refreshed || k->tokens->refresh.len == 0)
		return code;
	TRY(refresh(k, e));
	return oauth_may_read(k->provider, k->at, k->tokens->access, repo, k->caller, k->a, ret, e);
}

static enum err_code find_repos(const struct ask *k, struct member_repo **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(k->m->store, &db, e));
	code = members_repos(db, k->a, k->user_id, k->provider->name, MEMBERSHIP_REPOS_MAX, ret, ret_n, e);
	store_reader_put(k->m->store, db);
	return code;
}

static enum err_code ask_all(struct ask *k, struct err *e)
{
	struct put_op put = { .op = { .apply = apply_put, .bytes = sizeof put }, .ask = k };
	struct member_repo *repos = NULL;
	enum err_code code = ERR_OK;
	bool *allowed;
	size_t n = 0;

	TRY(find_repos(k, &repos, &n, e));
	allowed = arena_array(k->a, n + 1, sizeof *allowed);
	while (put.n < n && code == ERR_OK) {
		code = ask_one(k, repos[put.n].name, &allowed[put.n], e);
		put.n += code == ERR_OK;
	}
	metric_add(METRIC_MEMBERSHIPS, (int64_t)put.n);
	if (code != ERR_OK)
		metric_add(METRIC_MEMBERSHIPS_FAILED, 1);
	put.repos = repos;
	put.allowed = allowed;
	if (put.n > 0)
		TRY(store_write(k->m->store, &put.op, code == ERR_OK ? e : NULL));
	return code;
}

enum err_code membership_ask(struct membership *m, const struct oauth_config *o, int64_t user_id,
	struct oauth_tokens *tokens, const struct oauth_caller *caller, struct err *e)
{
	struct oauth_endpoints at;
	AUTO_ARENA a;
	struct ask k = { .m = m,
		.provider = &o->provider,
		.at = &at,
		.caller = caller,
		.user_id = user_id,
		.now = clock_wall_ms(m->clock),
		.tokens = tokens,
		.a = &a };

	arena_init(&a);
	if (!o->members || !oauth_endpoints_known(&o->provider, &a, &at))
		return ERR_OK;
	return ask_all(&k, e);
}

/* ---- when they come ---- */

struct look {
	struct errand errand; /* first */
	struct membership *m;
	int64_t user_id;
};

static enum err_code find_tokens(struct membership *m, struct str provider, int64_t user_id, struct arena *a,
	struct oauth_tokens *ret, struct err *e)
{
	struct forge_login l;
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(m->store, &db, e));
	code = forge_token_login(db, a, user_id, provider, &l, e);
	store_reader_put(m->store, db);
	return code == ERR_OK ? forge_token_open(&m->key, &l, a, ret, e) : code;
}

static void look_at(struct membership *m, const struct oauth_config *o, int64_t user_id)
{
	struct http_client *http = http_client_new();
	struct oauth_caller caller = { http, m->clock, clock_steady_ms(m->clock) + TOTAL_MS };
	struct oauth_tokens tokens = { 0 };
	enum err_code code;
	struct err e;
	AUTO_ARENA a;

	arena_init(&a);
	code = find_tokens(m, o->provider.name, user_id, &a, &tokens, &e);
	if (code == ERR_OK)
		code = membership_ask(m, o, user_id, &tokens, &caller, &e);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		diag(DIAG_WARNING, "what user %lld may read is not known anew: %s", (long long)user_id,
			e.text);
	http_client_free(http);
}

static void run_look(struct errand *errand)
{
	struct look *w = (struct look *)(void *)errand;
	const struct config *cfg = config_get(w->m->box);

	for (size_t i = 0; i < cfg->n_oauths; i++)
		if (cfg->oauths[i].members)
			look_at(w->m, &cfg->oauths[i], w->user_id);
	config_put(w->m->box, cfg);
	free(w);
}

static bool was_asked_lately(struct membership *m, int64_t user_id)
{
	int64_t now = clock_steady_ms(m->clock);
	bool found = false;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < LATELY && !found; i++)
		found = m->lately[i].user_id == user_id && now - m->lately[i].at < MEMBERSHIP_AGAIN_MS;
	if (!found) {
		m->lately[m->next].user_id = user_id;
		m->lately[m->next].at = now;
		m->next = (m->next + 1) % LATELY;
	}
	pthread_mutex_unlock(&m->lock);
	return found;
}

static bool asks_anybody(const struct config *cfg)
{
	for (size_t i = 0; i < cfg->n_oauths; i++)
		if (cfg->oauths[i].members)
			return true;
	return false;
}

/* Beyond what may wait it is put off until they come again: it changes nothing at once. */
void membership_look(struct membership *m, const struct config *cfg, int64_t user_id)
{
	struct look *w;

	if (!m || user_id == 0 || !asks_anybody(cfg) || was_asked_lately(m, user_id))
		return;
	w = mem_alloc(sizeof *w);
	*w = (struct look){ .errand = { .run = run_look }, .m = m, .user_id = user_id };
	if (errands_submit(m->errands, &w->errand, NULL) != ERR_OK)
		free(w);
}
