/*
 * forge_asker: see the header.
 *
 * Threads come with their forges, and stay when a forge leaves the configuration: then there is nothing to ask, and they wait.
 */
#include "service/forge_asker.h"

#include "base/diag.h"
#include "base/wake.h"
#include "service/pull.h"
#include "service/reconcile.h"

#include <stdlib.h>
#include <string.h>

#define TICK_MS 5000   /* at most so late is what comes by time */
#define TELL_MS 600000 /* how often a failure of the machine is told */
#define SOON_MS 3000   /* what ends together is asked for together */
#define SOON_MAX 100   /* repos; beyond, all of the forge are asked for */
#define PULLS_AT_ONCE 2
#define PULL_MS 20000 /* then it is looked at what else there is to ask */

struct asked { /* a forge, and its thread */
	struct forge_asker *of;
	char *name;
	pthread_t thread;
	struct wake wake; /* its lock guards soon, n_soon, soon_at and all_soon as well */
	int64_t soon[SOON_MAX];
	size_t n_soon;
	int64_t soon_at; /* steady ms, of the first of them */
	bool all_soon;

	/* the thread's own */
	struct reconcile_mark mark;
	struct pull_mark pulled;
	int64_t told_at; /* steady ms; 0: never */
};

struct forge_asker {
	struct store *store;
	struct config_box *box;
	const struct clock *clock;
	struct streams *streams;
	struct dispatcher *dispatcher;
	atomic_bool stop;
	pthread_mutex_t lock; /* guards below */
	struct asked **v;
	size_t n;
};

/* ---- what was heard of ---- */

static void remember(struct asked *f, int64_t repo_id)
{
	pthread_mutex_lock(&f->wake.lock);
	if (f->n_soon == 0)
		f->soon_at = clock_steady_ms(f->of->clock) + SOON_MS;
	for (size_t i = 0; i < f->n_soon; i++)
		if (f->soon[i] == repo_id) {
			pthread_mutex_unlock(&f->wake.lock);
			return;
		}
	if (f->n_soon < SOON_MAX)
		f->soon[f->n_soon++] = repo_id;
	else
		f->all_soon = true;
	pthread_mutex_unlock(&f->wake.lock);
	wake_up(&f->wake);
}

/* Those whose time has come. *ret_all: of the whole forge. */
static size_t take_soon(struct asked *f, int64_t ret[SOON_MAX], bool *ret_all)
{
	size_t n = 0;

	*ret_all = false;
	pthread_mutex_lock(&f->wake.lock);
	if (f->n_soon > 0 && clock_steady_ms(f->of->clock) >= f->soon_at) {
		n = f->n_soon;
		*ret_all = f->all_soon;
		memcpy(ret, f->soon, n * sizeof *ret);
		f->n_soon = 0;
		f->all_soon = false;
	}
	pthread_mutex_unlock(&f->wake.lock);
	return n;
}

static int64_t wait_of(struct asked *f)
{
	int64_t ms = TICK_MS;

	pthread_mutex_lock(&f->wake.lock);
	if (f->n_soon > 0)
		ms = f->soon_at - clock_steady_ms(f->of->clock);
	pthread_mutex_unlock(&f->wake.lock);
	return ms < 0 ? 0 : ms < TICK_MS ? ms : TICK_MS;
}

/* ---- asking ---- */

static void tell_unasked(
	void *arg, const struct forge_config *forge, const struct repo *repo, const struct err *why)
{
	(void)arg;
	diag(DIAG_WARNING, "forge %.*s could not be asked for the runs of %.*s: %s", STR_FMT(forge->name),
		STR_FMT(repo ? repo->name : STR("its repos")), why->text);
}

static enum err_code ask_runs(
	struct asked *f, const struct forge_config *forge, size_t *ret_new, struct err *e)
{
	const struct forge_asker *x = f->of;
	const struct reconcile r = {
		.store = x->store, .forge = forge, .clock = x->clock, .stop = &x->stop, .told = tell_unasked
	};
	int64_t soon[SOON_MAX];
	bool all;
	size_t n = take_soon(f, soon, &all), n_some = 0, n_all = 0;

	if (all)
		f->mark.next = 0;
	else if (n > 0)
		TRY(reconcile_some(&r, &f->mark, soon, n, &n_some, e));
	TRY(reconcile_forge(&r, &f->mark, &n_all, e));
	*ret_new = n_some + n_all;
	return ERR_OK;
}

static enum err_code fetch_logs(struct asked *f, const struct config *cfg, const struct forge_config *forge,
	size_t *ret_n, struct err *e)
{
	const struct forge_asker *x = f->of;
	const struct pull p = { .store = x->store,
		.streams = x->streams,
		.cfg = cfg,
		.clock = x->clock,
		.stop = &x->stop,
		.until = clock_steady_ms(x->clock) + PULL_MS,
		.mark = &f->pulled };

	return pull_due(&p, forge, PULLS_AT_ONCE, ret_n, e);
}

static enum err_code ask(struct asked *f, const struct config *cfg, struct err *e)
{
	const struct forge_config *forge = config_forge_of(cfg, str_z(f->name));
	size_t n_new = 0, n_pulled = 0;

	if (!forge || !reconcile_can(forge))
		return ERR_OK;
	TRY(ask_runs(f, forge, &n_new, e));
	if (n_new > 0)
		dispatcher_wake(f->of->dispatcher);
	TRY(fetch_logs(f, cfg, forge, &n_pulled, e));
	if (n_pulled > 0)
		dispatcher_wake(f->of->dispatcher);
	return ERR_OK;
}

static void tell_failure(struct asked *f, const struct err *why)
{
	int64_t now = clock_steady_ms(f->of->clock);

	if (f->told_at > 0 && now - f->told_at < TELL_MS)
		return;
	diag(DIAG_ERROR, "what forge %s says cannot be kept: %s", f->name, why->text);
	f->told_at = now;
}

static void *main_of_thread(void *arg)
{
	struct asked *f = arg;

	while (!atomic_load(&f->of->stop)) {
		const struct config *cfg = config_get(f->of->box);
		struct err why = { .code = ERR_OK };

		if (ask(f, cfg, &why) != ERR_OK)
			tell_failure(f, &why);
		config_put(f->of->box, cfg);
		wake_wait(&f->wake, wait_of(f));
	}
	return NULL;
}

/* ---- the threads ---- */

static void free_asked(struct asked *f)
{
	wake_done(&f->wake);
	free(f->name);
	free(f);
}

static struct asked *find(const struct forge_asker *x, struct str name)
{
	for (size_t i = 0; i < x->n; i++)
		if (str_eq(str_z(x->v[i]->name), name))
			return x->v[i];
	return NULL;
}

static enum err_code add(struct forge_asker *x, struct str name, struct err *e)
{
	struct asked *f = mem_alloc(sizeof *f);
	int errnum;

	*f = (struct asked){ .of = x, .name = mem_dup(name) };
	wake_init(&f->wake);
	errnum = pthread_create(&f->thread, NULL, main_of_thread, f);
	if (errnum != 0) {
		free_asked(f);
		return err_errno(e, ERR_UNAVAILABLE, errnum, "start a thread for a forge");
	}
	x->v = mem_grow(x->v, (x->n + 1) * sizeof *x->v);
	x->v[x->n++] = f;
	return ERR_OK;
}

/* A thread for each forge that can be asked and has none. */
static enum err_code add_all(struct forge_asker *x, struct err *e)
{
	const struct config *cfg = config_get(x->box);
	enum err_code code = ERR_OK;

	pthread_mutex_lock(&x->lock);
	for (size_t i = 0; i < cfg->n_forges && code == ERR_OK; i++)
		if (reconcile_can(&cfg->forges[i]) && !find(x, cfg->forges[i].name))
			code = add(x, cfg->forges[i].name, e);
	pthread_mutex_unlock(&x->lock);
	config_put(x->box, cfg);
	return code;
}

enum err_code forge_asker_start(struct store *s, struct config_box *box, const struct clock *clock,
	struct streams *streams, struct dispatcher *dispatcher, struct forge_asker **ret, struct err *e)
{
	struct forge_asker *x = mem_alloc(sizeof *x);
	enum err_code code;

	x->store = s;
	x->box = box;
	x->clock = clock;
	x->streams = streams;
	x->dispatcher = dispatcher;
	pthread_mutex_init(&x->lock, NULL);
	code = add_all(x, e);
	if (code != ERR_OK) {
		forge_asker_stop(x);
		return code;
	}
	*ret = x;
	return ERR_OK;
}

void forge_asker_stop(struct forge_asker *x)
{
	if (!x)
		return;
	atomic_store(&x->stop, true);
	for (size_t i = 0; i < x->n; i++)
		wake_up(&x->v[i]->wake);
	for (size_t i = 0; i < x->n; i++) {
		pthread_join(x->v[i]->thread, NULL);
		free_asked(x->v[i]);
	}
	pthread_mutex_destroy(&x->lock);
	free(x->v);
	free(x);
}

void forge_asker_reload(struct forge_asker *x)
{
	struct err why;

	if (add_all(x, &why) != ERR_OK)
		diag(DIAG_ERROR, "a forge is not asked: %s", why.text);
	pthread_mutex_lock(&x->lock);
	for (size_t i = 0; i < x->n; i++)
		wake_up(&x->v[i]->wake);
	pthread_mutex_unlock(&x->lock);
}

void forge_asker_heard(struct forge_asker *x, const struct hook_heard *what)
{
	const struct forge_event *event = &what->event;
	struct asked *f;

	if ((event->kind != EVENT_JOB && event->kind != EVENT_STATUS) || event->conclusion == FORGE_RUNNING)
		return;
	pthread_mutex_lock(&x->lock);
	f = find(x, what->forge);
	pthread_mutex_unlock(&x->lock);
	if (f)
		remember(f, what->repo_id);
}
