/* errands: see errands.h. */
#include "service/errands.h"

#include "base/arena.h"
#include "base/metric.h"

#include <pthread.h>
#include <stdlib.h>

struct errands {
	pthread_t *threads;
	unsigned n_threads;
	pthread_mutex_t lock; /* guards all below, and the next of those that wait */
	pthread_cond_t more;  /* there is one, or the end */
	struct errand *first, **last;
	size_t n_waiting, max_waiting;
	bool stop;
};

static struct errand *take(struct errands *s)
{
	struct errand *x;

	while (!s->first && !s->stop)
		pthread_cond_wait(&s->more, &s->lock);
	x = s->first;
	if (!x)
		return NULL;
	s->first = x->next;
	if (!s->first)
		s->last = &s->first;
	s->n_waiting--;
	metric_add(METRIC_ERRANDS, -1);
	return x;
}

static void *main_of_thread(void *arg)
{
	struct errands *s = arg;
	struct errand *x;

	pthread_mutex_lock(&s->lock);
	while ((x = take(s))) {
		pthread_mutex_unlock(&s->lock);
		x->run(x);
		pthread_mutex_lock(&s->lock);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

enum err_code errands_start(unsigned n_threads, size_t n_waiting, struct errands **ret, struct err *e)
{
	struct errands *s = mem_alloc(sizeof *s);

	s->threads = mem_alloc(n_threads * sizeof *s->threads);
	s->last = &s->first;
	s->max_waiting = n_waiting;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->more, NULL);
	for (; s->n_threads < n_threads; s->n_threads++) {
		int errnum = pthread_create(&s->threads[s->n_threads], NULL, main_of_thread, s);

		if (errnum != 0) {
			errands_free(s);
			return err_errno(e, ERR_UNAVAILABLE, errnum, "start a thread for errands");
		}
	}
	*ret = s;
	return ERR_OK;
}

void errands_stop(struct errands *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_broadcast(&s->more);
	pthread_mutex_unlock(&s->lock);
	for (unsigned i = 0; i < s->n_threads; i++)
		pthread_join(s->threads[i], NULL);
	s->n_threads = 0;
}

void errands_free(struct errands *s)
{
	if (!s)
		return;
	errands_stop(s);
	pthread_cond_destroy(&s->more);
	pthread_mutex_destroy(&s->lock);
	free(s->threads);
	free(s);
}

enum err_code errands_submit(struct errands *s, struct errand *x, struct err *e)
{
	enum err_code code = ERR_OK;

	pthread_mutex_lock(&s->lock);
	if (s->stop || s->n_waiting == s->max_waiting) {
		code = err_set(e, ERR_UNAVAILABLE,
			"%zu others wait for the same kind of work; try again in a moment", s->n_waiting);
	} else {
		x->next = NULL;
		*s->last = x;
		s->last = &x->next;
		s->n_waiting++;
		metric_add(METRIC_ERRANDS, 1);
		pthread_cond_signal(&s->more);
	}
	pthread_mutex_unlock(&s->lock);
	return code;
}
