/*
 * crew: a list of work that has parts left, and threads that wait for there to be any.
 *
 * Work lies on its caller's stack and is in the list while parts of it are to be taken. Taking one is a number that goes up under the lock: parts
 * are large, so that an atomic number would gain nothing. The caller waits only for parts that others have begun.
 */
#include "base/crew.h"

#include "base/arena.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

struct work {
	crew_part_fn *part;
	void *arg;
	size_t n, n_taken, n_done;
	struct work *next;
};

struct crew {
	pthread_t *threads;
	unsigned n_threads;
	pthread_mutex_t lock;    /* guards all below, and work in the list */
	pthread_cond_t more;     /* there is work, or the end */
	pthread_cond_t one_done; /* all parts of some work */
	struct work *first, **last;
	bool stop;
};

static void remove_work(struct crew *c, const struct work *w)
{
	struct work **at = &c->first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (!*at)
		c->last = at;
}

/* Takes a part of w, which is in the list and has one, and does it. The lock is held before and after. */
static void do_part(struct crew *c, struct work *w)
{
	size_t i = w->n_taken++;

	if (w->n_taken == w->n)
		remove_work(c, w);
	pthread_mutex_unlock(&c->lock);
	w->part(w->arg, i);
	pthread_mutex_lock(&c->lock);
	w->n_done++;
	if (w->n_done == w->n)
		pthread_cond_broadcast(&c->one_done);
}

static void *main_of_thread(void *arg)
{
	struct crew *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->stop) {
		if (c->first)
			do_part(c, c->first);
		else
			pthread_cond_wait(&c->more, &c->lock);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

void crew_each(struct crew *c, size_t n, crew_part_fn *part, void *arg)
{
	struct work w = { .part = part, .arg = arg, .n = n };

	if (!c || c->n_threads == 0 || n < 2) {
		for (size_t i = 0; i < n; i++)
			part(arg, i);
		return;
	}
	pthread_mutex_lock(&c->lock);
	*c->last = &w;
	c->last = &w.next;
	pthread_cond_broadcast(&c->more);
	while (w.n_taken < n)
		do_part(c, &w);
	while (w.n_done < n)
		pthread_cond_wait(&c->one_done, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

unsigned crew_size_for_here(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

	return n <= 1 ? 0 : n - 1 < CREW_MAX ? (unsigned)n - 1 : CREW_MAX;
}

enum err_code crew_start(unsigned n_threads, struct crew **ret, struct err *e)
{
	struct crew *c = mem_alloc(sizeof *c);

	c->last = &c->first;
	c->threads = mem_alloc((n_threads + 1) * sizeof *c->threads);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->more, NULL);
	pthread_cond_init(&c->one_done, NULL);
	for (; c->n_threads < n_threads; c->n_threads++) {
		int errnum = pthread_create(&c->threads[c->n_threads], NULL, main_of_thread, c);

		if (errnum != 0) {
			crew_stop(c);
			return err_errno(e, ERR_UNAVAILABLE, errnum, "start a thread of the crew");
		}
	}
	*ret = c;
	return ERR_OK;
}

void crew_stop(struct crew *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_broadcast(&c->more);
	pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->n_threads; i++)
		pthread_join(c->threads[i], NULL);
	pthread_cond_destroy(&c->one_done);
	pthread_cond_destroy(&c->more);
	pthread_mutex_destroy(&c->lock);
	free(c->threads);
	free(c);
}
