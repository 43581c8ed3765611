/*
 * membership: see the header. Whom it was asked about lately is kept in memory alone: after a start everybody is asked about once more.
 */
#include "service/membership.h"

#include "base/diag.h"
#include "base/digest.h"
#include "base/metric.h"
#include "service/errands.h"
#include "service/forge_token.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define THREADS 2
#define WAITING 100
#define TOTAL_MS                                                                                             \
	10000 /* for all questions about one user to one forge; so long the end of the server may take */
#define LATELY 1024 /* users; with more in AGAIN_MS some are asked about more often */

struct membership {
	struct store *store;
	struct config_box *box;
	const struct clock *clock;
	struct errands *errands;
	struct seal_key key;
	atomic_bool stopping;
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
	if (!m)
		return;
	atomic_store(&m->stopping, true); /* those that wait are dropped: it is asked again another time */
	errands_stop(m->errands);
}

void membership_free(struct membership *m)
{
	if (!m)
		return;
	membership_stop(m);
	errands_free(m->errands);
	secret_wipe(&m->key, sizeof m->key);
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
	struct arena *of_tokens; /* theirs outlive the asking */
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
	if (l.stored_at > w->ask->now) /* they have signed in anew meanwhile */
		return ERR_OK;
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
	TRY(oauth_refresh(k->provider, k->at, k->tokens->refresh, k->caller, k->of_tokens, &t, e));
	*k->tokens = t;
	forge_token_seal(&k->m->key, &t, &sealed);
	keep.token = buf_view(&sealed);
	return store_write(k->m->store, &keep.op, e);
}

static enum err_code ask_one(struct ask *k, struct str repo, enum oauth_may *ret, struct err *e)
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

struct deny_op {
	struct store_op op;
	const struct ask *ask;
};

static enum err_code apply_deny(struct store_op *op, struct db *db, struct err *e)
{
	const struct ask *k = ((struct deny_op *)(void *)op)->ask;

	return members_deny(db, k->user_id, k->provider->name, k->now, e);
}

/*
 * The token was taken back, its owner locked out, or gone: whoever cannot ask any more may read nothing, until they sign in again. A forge that is away is no
 * such thing.
 */
static enum err_code deny_all(const struct ask *k, struct err *e)
{
	struct deny_op w = { .op = { .apply = apply_deny, .bytes = sizeof w }, .ask = k };

	return store_write(k->m->store, &w.op, e);
}

static enum err_code ask_all(struct ask *k, struct err *e)
{
	struct put_op put = { .op = { .apply = apply_put, .bytes = sizeof put }, .ask = k };
	struct member_repo *repos = NULL, *answered;
	enum err_code code = ERR_OK;
	bool *allowed;
	size_t n = 0;

	TRY(find_repos(k, &repos, &n, e));
	answered = arena_array(k->a, n + 1, sizeof *answered);
	allowed = arena_array(k->a, n + 1, sizeof *allowed);
	for (size_t i = 0; i < n && code == ERR_OK && !atomic_load(&k->m->stopping); i++) {
		enum oauth_may may = OAUTH_UNSURE;

		code = ask_one(k, repos[i].name, &may, e);
		if (code != ERR_OK || may == OAUTH_UNSURE)
			continue; /* of that one nothing is said anew; the others are asked about */
		answered[put.n] = repos[i];
		allowed[put.n++] = may == OAUTH_MAY;
	}
	metric_add(METRIC_MEMBERSHIPS, (int64_t)put.n);
	if (code != ERR_OK)
		metric_add(METRIC_MEMBERSHIPS_FAILED, 1);
	put.repos = answered;
	put.allowed = allowed;
	if (put.n > 0)
		TRY(store_write(k->m->store, &put.op, code == ERR_OK ? e : NULL));
	if (code == ERR_UNAUTHORIZED || code == ERR_INVALID)
		TRY(deny_all(k, NULL));
	return code;
}

enum err_code membership_ask(struct membership *m, const struct oauth_config *o, int64_t user_id,
	struct oauth_tokens *tokens, struct arena *of_tokens, const struct oauth_caller *caller,
	struct err *e)
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
		.of_tokens = of_tokens,
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
		code = membership_ask(m, o, user_id, &tokens, &a, &caller, &e);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		diag(DIAG_WARNING, "what user %lld may read is not known anew: %s", (long long)user_id,
			e.text);
	http_client_free(http);
}

static void run_look(struct errand *errand)
{
	struct look *w = (struct look *)(void *)errand;
	const struct config *cfg = config_get(w->m->box);

	for (size_t i = 0; i < cfg->n_oauths && !atomic_load(&w->m->stopping); i++)
		if (cfg->oauths[i].members)
			look_at(w->m, &cfg->oauths[i], w->user_id);
	config_put(w->m->box, cfg);
	free(w);
}

static bool was_asked_lately(struct membership *m, int64_t user_id, int64_t now)
{
	bool found = false;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < LATELY && !found; i++)
		found = m->lately[i].user_id == user_id && now - m->lately[i].at < MEMBERSHIP_AGAIN_MS;
	pthread_mutex_unlock(&m->lock);
	return found;
}

static void note_asked(struct membership *m, int64_t user_id, int64_t now)
{
	pthread_mutex_lock(&m->lock);
	m->lately[m->next].user_id = user_id;
	m->lately[m->next].at = now;
	m->next = (m->next + 1) % LATELY;
	pthread_mutex_unlock(&m->lock);
}

void membership_note(struct membership *m, int64_t user_id)
{
	note_asked(m, user_id, clock_steady_ms(m->clock));
}

void membership_ask_anew(struct membership *m)
{
	if (!m)
		return;
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < LATELY; i++)
		m->lately[i].user_id = 0;
	pthread_mutex_unlock(&m->lock);
}

struct forget_op {
	struct store_op op;
	int64_t user_id, before;
};

static enum err_code apply_forget(struct store_op *op, struct db *db, struct err *e)
{
	struct forget_op *w = (struct forget_op *)(void *)op;

	return members_forget_old(db, w->user_id, w->before, e);
}

/* Whatever becomes of the janitor. */
static enum err_code forget_old(struct membership *m, int64_t user_id, struct err *e)
{
	struct forget_op w = { .op = { .apply = apply_forget, .bytes = sizeof w },
		.user_id = user_id,
		.before = clock_wall_ms(m->clock) - MEMBERSHIP_HOLDS_MS };
	struct db *db = NULL;
	int64_t oldest = 0;
	enum err_code code;

	TRY(store_reader_get(m->store, &db, e));
	code = members_oldest(db, user_id, &oldest, e);
	store_reader_put(m->store, db);
	TRY(code);
	return oldest > 0 && oldest < w.before ? store_write(m->store, &w.op, e) : ERR_OK;
}

static bool asks_anybody(const struct config *cfg)
{
	for (size_t i = 0; i < cfg->n_oauths; i++)
		if (cfg->oauths[i].members)
			return true;
	return false;
}

/* Beyond what may wait it is put off until they come again: it changes nothing at once. */
static bool send_look(struct membership *m, int64_t user_id)
{
	struct look *w = mem_alloc(sizeof *w);

	*w = (struct look){ .errand = { .run = run_look }, .m = m, .user_id = user_id };
	if (errands_submit(m->errands, &w->errand, NULL) == ERR_OK)
		return true;
	free(w);
	return false;
}

enum err_code membership_look(struct membership *m, const struct config *cfg, int64_t user_id, struct err *e)
{
	int64_t now;

	if (!m || user_id == 0)
		return ERR_OK;
	now = clock_steady_ms(m->clock);
	if (was_asked_lately(m, user_id, now))
		return ERR_OK;
	TRY(forget_old(m, user_id, e));
	if (!asks_anybody(cfg) || send_look(m, user_id))
		note_asked(m, user_id, now);
	return ERR_OK;
}
