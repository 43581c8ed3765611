/* dispatcher: see the header. */
#include "service/dispatcher.h"

#include "base/diag.h"
#include "service/dispatch_pass.h"
#include "service/dispatch_world.h"
#include "service/pull.h"
#include "service/reconcile.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define TICK_MS 5000   /* at most so late is what comes by time */
#define AGAIN_MS 2000  /* after a failure of the machine */
#define TELL_MS 600000 /* how often that is told */
#define PULLS_AT_ONCE 2
#define PULL_MS 20000 /* a slow forge keeps decisions waiting no longer than about this */

struct dispatcher {
	struct store *store;
	struct config_box *box;
	const struct clock *clock;
	struct streams *streams;
	struct dispatch_world *world;
	struct reconciler *reconciler;
	int64_t reconcile_at; /* the thread's own: wall ms */
	pthread_t thread;
	atomic_bool stop;
	int64_t told_at;       /* the thread's own: steady ms */
	bool begun;            /* and this */
	bool broke_off;        /* .. dispatch_pass's */
	struct pull_mark mark; /* .. pull's */

	pthread_mutex_t lock; /* guards below */
	pthread_cond_t changed;
	bool woken;
};

static void deadline(int64_t ms, struct timespec *ret)
{
	int64_t until = clock_steady_ms(&clock_system) + ms;

	*ret = (struct timespec){ .tv_sec = (time_t)(until / 1000),
		.tv_nsec = (long)(until % 1000) * 1000000 };
}

/* Until it is woken, or ms have passed. False: it is to stop. */
static bool wait_for_work(struct dispatcher *d, int64_t ms)
{
	struct timespec until;

	deadline(ms, &until);
	pthread_mutex_lock(&d->lock);
	while (!d->woken && !atomic_load(&d->stop) &&
		pthread_cond_timedwait(&d->changed, &d->lock, &until) == 0)
		;
	d->woken = false;
	pthread_mutex_unlock(&d->lock);
	return !atomic_load(&d->stop);
}

static void tell_unasked(
	void *arg, const struct forge_config *forge, const struct repo *repo, const struct err *why)
{
	(void)arg;
	diag(DIAG_WARNING, "forge %.*s could not be asked for the runs of %.*s: %s", STR_FMT(forge->name),
		STR_FMT(repo ? repo->name : STR("its repos")), why->text);
}

static enum err_code hear(struct dispatcher *d, const struct config *cfg, struct err *e)
{
	const struct reconcile r = {
		.store = d->store, .cfg = cfg, .clock = d->clock, .stop = &d->stop, .told = tell_unasked
	};
	const struct pull p = { .store = d->store,
		.streams = d->streams,
		.cfg = cfg,
		.clock = d->clock,
		.stop = &d->stop,
		.until = clock_steady_ms(d->clock) + PULL_MS,
		.mark = &d->mark };
	size_t n = 0;

	if (clock_wall_ms(d->clock) >= d->reconcile_at)
		TRY(reconcile_tick(d->reconciler, &r, &n, &d->reconcile_at, e));
	return d->streams ? pull_due(&p, PULLS_AT_ONCE, &n, e) : ERR_OK;
}

static enum err_code look(struct dispatcher *d, const struct config *cfg, struct err *e)
{
	const struct dispatch_outside outside = dispatch_world_outside(d->world);
	const struct dispatch_pass p = { .store = d->store,
		.cfg = cfg,
		.outside = &outside,
		.now = clock_wall_ms(d->clock),
		.stop = &d->stop,
		.broke_off = &d->broke_off };

	if (!d->begun)
		TRY(dispatch_pass_begin(&p, e));
	d->begun = true;
	TRY(dispatch_pass(&p, e));
	return hear(d, cfg, e);
}

/* False: it is to be tried again soon. */
static bool work(struct dispatcher *d)
{
	const struct config *cfg = config_get(d->box);
	int64_t now = clock_steady_ms(d->clock);
	struct err e = { .code = ERR_OK };
	bool well = look(d, cfg, &e) == ERR_OK;

	config_put(d->box, cfg);
	if (well || (d->told_at > 0 && now - d->told_at < TELL_MS))
		return well;
	diag(DIAG_ERROR, "dispatches wait: %s", e.text);
	d->told_at = now;
	return false;
}

static void *main_of_thread(void *arg)
{
	struct dispatcher *d = arg;
	int64_t wait_ms = 0;

	while (wait_for_work(d, wait_ms))
		wait_ms = work(d) ? TICK_MS : AGAIN_MS;
	return NULL;
}

static void free_all(struct dispatcher *d)
{
	dispatch_world_free(d->world);
	reconciler_free(d->reconciler);
	pthread_cond_destroy(&d->changed);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

enum err_code dispatcher_start(struct store *s, struct config_box *box, const struct clock *clock,
	struct streams *streams, struct dispatcher **ret, struct err *e)
{
	struct dispatcher *d = mem_alloc(sizeof *d);
	pthread_condattr_t attr;
	int errnum;

	d->store = s;
	d->box = box;
	d->clock = clock;
	d->streams = streams;
	d->world = dispatch_world_new(clock, &d->stop);
	d->reconciler = reconciler_new();
	pthread_mutex_init(&d->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&d->changed, &attr);
	pthread_condattr_destroy(&attr);
	errnum = pthread_create(&d->thread, NULL, main_of_thread, d);
	if (errnum != 0) {
		free_all(d);
		return err_errno(e, ERR_UNAVAILABLE, errnum, "start a thread for dispatches");
	}
	*ret = d;
	return ERR_OK;
}

void dispatcher_wake(struct dispatcher *d)
{
	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	d->woken = true;
	pthread_cond_signal(&d->changed);
	pthread_mutex_unlock(&d->lock);
}

void dispatcher_stop(struct dispatcher *d)
{
	if (!d)
		return;
	pthread_mutex_lock(&d->lock);
	atomic_store(&d->stop, true);
	pthread_cond_signal(&d->changed);
	pthread_mutex_unlock(&d->lock);
	pthread_join(d->thread, NULL);
	free_all(d);
}
