/* lease: see the header. */
#include "agent/lease.h"

#include "base/arena.h"
#include "base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_MS 2000
#define ASK_MOST_MS 10000 /* of a request */

struct lease {
	const struct lease_terms *terms;
	struct ask ask; /* the thread's alone */
	int64_t lease_s;
	struct err why; /* code is not ERR_OK: the run was taken away; read when the thread has ended */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t bell;
	bool over;
};

/* False: it is over. */
static bool wait_for(struct lease *l, int64_t ms)
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

static int64_t third_ms(const struct lease *l)
{
	return l->lease_s > 0 ? l->lease_s * 1000 / 3 : 1000;
}

static int ask_ms(const struct lease *l)
{
	int64_t ms = third_ms(l);

	return ms < ASK_MOST_MS ? (int)ms : ASK_MOST_MS;
}

static void *keep(void *arg)
{
	struct lease *l = arg;
	int64_t ms = third_ms(l);

	while (wait_for(l, ms)) {
		struct err e;
		enum err_code code = l->terms->renew(&l->ask, l->terms->claim, ask_ms(l), &l->lease_s, &e);

		if (code == ERR_CONFLICT) {
			l->why = e;
			work_stop_lose(l->ask.stop);
			break;
		}
		ms = code == ERR_OK || third_ms(l) < RETRY_MS ? third_ms(l) : RETRY_MS;
	}
	return NULL;
}

static void destroy(struct lease *l)
{
	ask_done(&l->ask);
	pthread_cond_destroy(&l->bell);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

static int start(struct lease *l)
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

enum err_code lease_begin(const char *command, const struct peer *peer, const struct work_stop *stop,
	const struct lease_terms *terms, struct lease **ret, struct err *e)
{
	struct lease *l = mem_alloc(sizeof *l);
	int no;

	l->terms = terms;
	l->lease_s = terms->lease_s;
	ask_init(&l->ask, command, peer, stop);
	no = start(l);
	if (no != 0) {
		destroy(l);
		return err_errno(e, ERR_UNAVAILABLE, no, "no thread");
	}
	*ret = l;
	return ERR_OK;
}

void lease_end(struct lease *l, struct err *ret_why)
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
