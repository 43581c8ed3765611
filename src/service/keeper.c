/*
 * keeper: a queue and what is done with each entry. How a log is moved and sealed is in keeper_log.c.
 *
 * Every second `tick` is called, on this thread: it is where silent streams are given up.
 */
#include "service/keeper.h"

#include "base/arena.h"
#include "base/diag.h"
#include "base/metric.h"
#include "service/log_stray.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define TICK_MS 1000
#define AGAIN_MS 60000

enum job_kind { JOB_MOVE, JOB_SEAL, JOB_REMOVE };

struct job {
	enum job_kind kind;
	int64_t step_id, below;
	int64_t not_before; /* steady ms; 0: at once */
	void (*done)(void *arg, const struct err *result);
	void *arg;
	struct job *next;
};

struct keeper {
	struct store *store;
	const struct clock *clock;
	void (*tick)(void *arg);
	void *arg;
	pthread_t thread;
	pthread_mutex_t lock; /* guards below */
	pthread_cond_t changed;
	struct job *first, **last;
	bool stop;
};

static void add(struct keeper *k, const struct job *job)
{
	struct job *j = mem_alloc(sizeof *j);

	*j = *job;
	j->next = NULL;
	pthread_mutex_lock(&k->lock);
	*k->last = j;
	k->last = &j->next;
	metric_add(METRIC_KEEPER_QUEUE, 1);
	pthread_cond_signal(&k->changed);
	pthread_mutex_unlock(&k->lock);
}

void keeper_move(struct keeper *k, int64_t step_id, int64_t below)
{
	add(k, &(struct job){ .kind = JOB_MOVE, .step_id = step_id, .below = below });
}

void keeper_seal(
	struct keeper *k, int64_t step_id, void (*done)(void *arg, const struct err *result), void *arg)
{
	add(k, &(struct job){ .kind = JOB_SEAL, .step_id = step_id, .done = done, .arg = arg });
}

void keeper_remove(struct keeper *k, int64_t step_id)
{
	add(k, &(struct job){ .kind = JOB_REMOVE, .step_id = step_id });
}

/* If it has been opened again meanwhile, its files are that log's. */
static enum err_code remove_files(struct store *s, int64_t step_id, struct err *e)
{
	const struct log_stray both[] = { { .step_id = step_id }, { .step_id = step_id, .sealed = true } };
	size_t n = 0;
	int64_t bytes = 0;

	return log_stray_remove(s, both, 2, INT64_MAX, &n, &bytes, e);
}

static enum err_code run(struct keeper *k, const struct job *j, struct err *e)
{
	switch (j->kind) {
	case JOB_MOVE:
		return keeper_move_now(k->store, j->step_id, j->below, e);
	case JOB_SEAL:
		return keeper_seal_now(k->store, j->step_id, e);
	case JOB_REMOVE:
		break;
	}
	return remove_files(k->store, j->step_id, e);
}

/* A move has other occasions; what else was not done is done later. */
static void try_again(struct keeper *k, const struct job *job)
{
	struct job again = *job;
	bool stop;

	pthread_mutex_lock(&k->lock);
	stop = k->stop;
	pthread_mutex_unlock(&k->lock);
	if (job->kind == JOB_MOVE || stop)
		return;
	again.not_before = clock_steady_ms(k->clock) + AGAIN_MS;
	again.done = NULL;
	add(k, &again);
}

static void run_and_tell(struct keeper *k, struct job *j)
{
	static const char *const names[] = { "moved", "sealed", "removed" };
	struct err e = { .code = ERR_OK };
	enum err_code code = run(k, j, &e);

	if (code != ERR_OK && code != ERR_NOT_FOUND) {
		diag(DIAG_ERROR, "the log of step %lld could not be %s, it stays as it is: %s",
			(long long)j->step_id, names[j->kind], e.text);
		metric_add(METRIC_KEEPER_FAILED, 1);
		try_again(k, j);
	}
	if (j->done)
		j->done(j->arg, &e);
	metric_add(METRIC_KEEPER_QUEUE, -1);
	free(j);
}

/* The first job that may be done now, taken out. */
static struct job *take(struct keeper *k, int64_t now)
{
	for (struct job **at = &k->first; *at; at = &(*at)->next) {
		struct job *j = *at;

		if (j->not_before > now && !k->stop)
			continue;
		*at = j->next;
		if (!*at)
			k->last = at;
		return j;
	}
	return NULL;
}

static void wait_a_tick(struct keeper *k)
{
	int64_t until = clock_steady_ms(&clock_system) + TICK_MS;
	struct timespec ts = { .tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000 };

	pthread_cond_timedwait(&k->changed, &k->lock, &ts);
}

static void *main_of_thread(void *arg)
{
	struct keeper *k = arg;
	int64_t next_tick = 0;

	pthread_mutex_lock(&k->lock);
	for (;;) {
		int64_t now = clock_steady_ms(&clock_system);
		struct job *j = take(k, clock_steady_ms(k->clock));

		if (!j && k->stop)
			break;
		if (!j && now < next_tick) {
			wait_a_tick(k);
			continue;
		}
		pthread_mutex_unlock(&k->lock);
		if (j)
			run_and_tell(k, j);
		if (now >= next_tick) {
			k->tick(k->arg);
			next_tick = now + TICK_MS;
		}
		pthread_mutex_lock(&k->lock);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

enum err_code keeper_start(struct store *s, const struct clock *clock, void (*tick)(void *arg), void *arg,
	struct keeper **ret, struct err *e)
{
	struct keeper *k = mem_alloc(sizeof *k);
	pthread_condattr_t attr;

	*k = (struct keeper){ .store = s, .clock = clock, .tick = tick, .arg = arg };
	k->last = &k->first;
	pthread_mutex_init(&k->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&k->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&k->thread, NULL, main_of_thread, k) != 0) {
		pthread_cond_destroy(&k->changed);
		pthread_mutex_destroy(&k->lock);
		free(k);
		return err_set(e, ERR_UNAVAILABLE, "the thread that keeps logs cannot be started");
	}
	*ret = k;
	return ERR_OK;
}

void keeper_stop(struct keeper *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	pthread_cond_signal(&k->changed);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	pthread_cond_destroy(&k->changed);
	pthread_mutex_destroy(&k->lock);
	free(k);
}
