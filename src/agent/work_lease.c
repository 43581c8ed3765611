/* work_lease: see the header. */
#include "agent/work_lease.h"

#include "base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_MS 2000
#define ASK_MOST_MS 10000 /* of a request */

struct work_lease {
	const struct work_claim *claim;
	struct work_api api; /* the thread's alone */
	int64_t lease_s;
	struct err why; /* code is not ERR_OK: the run was taken away; read when the thread has ended */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t bell;
	bool over;
};

/* False: it is over. */
static bool wait_for(struct work_lease *l, int64_t ms)
{
	int64_t at = clock_steady_ms(&clock_system) + ms;
	struct timespec until = { .tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000) * 1000000 };
	bool over;

	pthread_mutex_lock(&l->lock);
	while (!l->over && pthread_cond_timedwait(&l->bell, &l->lock, &until) == 0)
		;
	over = l->over;
	pthread_mutex_unlock(&l->lock);
	return !over;
}

static int64_t third_ms(const struct work_lease *l)
{
	return l->lease_s > 0 ? l->lease_s * 1000 / 3 : 1000;
}

static int ask_ms(const struct work_lease *l)
{
	int64_t ms = third_ms(l);

	return ms < ASK_MOST_MS ? (int)ms : ASK_MOST_MS;
}

static void *keep(void *arg)
{
	struct work_lease *l = arg;
	int64_t ms = third_ms(l);

	while (wait_for(l, ms)) {
		struct err e;
		enum err_code code = work_api_renew(&l->api, l->claim, ask_ms(l), &l->lease_s, &e);

		if (code == ERR_CONFLICT) {
			l->why = e;
			work_stop_lose(l->api.stop);
			break;
		}
		ms = code == ERR_OK || third_ms(l) < RETRY_MS ? third_ms(l) : RETRY_MS;
	}
	return NULL;
}

static void destroy(struct work_lease *l)
{
	work_api_done(&l->api);
	pthread_cond_destroy(&l->bell);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static int start(struct work_lease *l)
{
	pthread_condattr_t steady;
	sigset_t all, before;
	int no;

	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&l->bell, &steady);
	pthread_condattr_destroy(&steady);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	no = pthread_create(&l->thread, NULL, keep, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return no;
}

enum err_code work_lease_begin(const struct peer *peer, const struct work_stop *stop,
	const struct work_claim *claim, struct work_lease **ret, struct err *e)
{
	struct work_lease *l = mem_alloc(sizeof *l);
	int no;

	l->claim = claim;
	l->lease_s = claim->lease_s;
	work_api_init(&l->api, peer, stop);
	no = start(l);
	if (no != 0) {
		destroy(l);
		return err_errno(e, ERR_UNAVAILABLE, no, "no thread");
	}
	*ret = l;
	return ERR_OK;
}

void work_lease_end(struct work_lease *l, struct err *ret_why)
{
	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->over = true;
	pthread_cond_signal(&l->bell);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	if (l->why.code != ERR_OK)
		*ret_why = l->why;
	destroy(l);
}
