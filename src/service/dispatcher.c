/* dispatcher: see the header. */
#include "service/dispatcher.h"

#include "base/diag.h"
#include "base/wake.h"
#include "service/dispatch_pass.h"
#include "service/dispatch_world.h"

#include <pthread.h>
#include <stdlib.h>

#define TICK_MS 5000   /* at most so late is what comes by time */
#define AGAIN_MS 2000  /* after a failure of the machine */
#define TELL_MS 600000 /* how often that is told */

struct dispatcher {
	struct store *store;
	struct config_box *box;
	const struct clock *clock;
	struct dispatch_world *world;
	pthread_t thread;
	atomic_bool stop;
	int64_t told_at; /* the thread's own: steady ms */
	bool begun;      /* and this */
	bool broke_off;  /* .. dispatch_pass's */
	struct wake wake;
};

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
	return dispatch_pass(&p, e);
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

	while (!atomic_load(&d->stop)) {
		wake_wait(&d->wake, wait_ms);
		if (!atomic_load(&d->stop))
			wait_ms = work(d) ? TICK_MS : AGAIN_MS;
	}
	return NULL;
}

static void free_all(struct dispatcher *d)
{
	dispatch_world_free(d->world);
	wake_done(&d->wake);
	free(d);
}

enum err_code dispatcher_start(struct store *s, struct config_box *box, const struct clock *clock,
	struct dispatcher **ret, struct err *e)
{
	struct dispatcher *d = mem_alloc(sizeof *d);
	int errnum;

	d->store = s;
	d->box = box;
	d->clock = clock;
	d->world = dispatch_world_new(clock, &d->stop);
	wake_init(&d->wake);
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
	if (d)
		wake_up(&d->wake);
}

void dispatcher_stop(struct dispatcher *d)
{
	if (!d)
		return;
	atomic_store(&d->stop, true);
	wake_up(&d->wake);
	pthread_join(d->thread, NULL);
	free_all(d);
}
