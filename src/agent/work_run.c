/* work_run: one run, from when it is claimed until it is finished, taken away, or left to the next worker. */
#include "agent/work.h"

#include "agent/lease.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

struct run {
	struct work *w;
	const struct work_claim *c;
	pthread_mutex_t lock; /* of what is below */
	size_t next;
	struct err why; /* code is not ERR_OK: nobody begins another test */
};

/* NULL: there is none, or no more is to be begun. */
static const struct work_test *take_next(struct run *r)
{
	const struct work_test *t = NULL;

	pthread_mutex_lock(&r->lock);
	while (r->next < r->c->n_tests && r->c->tests[r->next].done)
		r->next++;
	if (r->next < r->c->n_tests && r->why.code == ERR_OK && !work_stop_is_set(&r->w->stop))
		t = &r->c->tests[r->next++];
	pthread_mutex_unlock(&r->lock);
	return t;
}

static void note(struct run *r, const struct err *why)
{
	pthread_mutex_lock(&r->lock);
	if (r->why.code == ERR_OK)
		r->why = *why;
	pthread_mutex_unlock(&r->lock);
	if (why->code == ERR_CONFLICT)
		work_stop_lose(&r->w->stop); /* whoever has another test of it stops as well */
}

struct shift { /* of one hand */
	struct run *r;
	struct work_hand *hand;
	pthread_t thread;
};

static void *work_on(void *arg)
{
	struct shift *s = arg;
	const struct work_test *t;
	struct err e;

	while ((t = take_next(s->r)))
		if (work_test(s->hand, s->r->c, t, &e) != ERR_OK)
			note(s->r, &e);
	return NULL;
}

/* Signals are for the main thread, which works with the first hand. A thread that cannot be had is done without. */
static void do_tests(struct run *r)
{
	size_t n = (size_t)r->w->n_jobs, n_begun = 1;
	struct shift *shifts;
	sigset_t all, before;
	AUTO_ARENA a;

	arena_init(&a);
	shifts = arena_array(&a, n, sizeof *shifts);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (size_t i = 0; i < n; i++)
		shifts[i] = (struct shift){ .r = r, .hand = &r->w->hands[i] };
	while (n_begun < n && pthread_create(&shifts[n_begun].thread, NULL, work_on, &shifts[n_begun]) == 0)
		n_begun++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	work_on(&shifts[0]);
	for (size_t i = 1; i < n_begun; i++)
		pthread_join(shifts[i].thread, NULL);
}

static enum err_code tell_begin(struct work *w, const struct work_claim *c, struct err *e)
{
	size_t n_done = 0;
	enum err_code code;
	char message[80];

	for (size_t i = 0; i < c->n_tests; i++)
		n_done += c->tests[i].done;
	snprintf(message, sizeof message, "%zu of %zu tests are to be done", c->n_tests - n_done, c->n_tests);
	command_say("work", "run %lld of %.*s at %.12s: %s", (long long)c->run_id, STR_FMT(c->repo),
		c->head_sha.p, message);
	code = work_api_progress(&w->hands[0].api, c, "testing", str_z(message), e);
	return code == ERR_TOO_LARGE ? ERR_OK : code; /* it has had so much to say already */
}

/* message empty: all went well. */
static enum err_code finish(struct work *w, const struct work_claim *c, struct str message, struct err *e)
{
	char status[32];

	TRY(work_api_finish(&w->hands[0].api, c, message, status, e));
	command_say("work", "run %lld: %s", (long long)c->run_id, status);
	return ERR_OK;
}

/* Something that no test can be run with, but the server will hear: the run is over. */
static bool is_to_be_told(enum err_code code)
{
	return code != ERR_OK && code != ERR_CONFLICT && code != ERR_UNAVAILABLE &&
	       code != ERR_UNAUTHORIZED && code != ERR_FORBIDDEN && code != ERR_CLOSED;
}

static enum err_code end(struct run *r, struct err *e)
{
	if (work_stop_is_ending(&r->w->stop))
		return err_set(e, ERR_UNAVAILABLE, "told to stop");
	if (r->why.code == ERR_OK) {
		work_log_send_left(r->w, r->c);
		return finish(r->w, r->c, STR(""), e);
	}
	*e = r->why;
	if (!is_to_be_told(e->code))
		return e->code;
	command_say("work", "run %lld: %s", (long long)r->c->run_id, e->text);
	return finish(r->w, r->c, str_z(r->why.text), e);
}

static enum err_code renew(struct ask *ask, const void *claim, int ms, int64_t *ret_lease_s, struct err *e)
{
	return work_api_renew(ask, claim, ms, ret_lease_s, e);
}

enum err_code work_run(struct work *w, const struct work_claim *c, struct err *e)
{
	struct run r = { .w = w, .c = c };
	struct lease_terms terms = { .lease_s = c->lease_s, .renew = renew, .claim = c };
	struct lease *lease = NULL;

	TRY(tell_begin(w, c, e));
	TRY(lease_begin("work", &w->peer, &w->stop, &terms, &lease, e));
	pthread_mutex_init(&r.lock, NULL);
	do_tests(&r);
	pthread_mutex_destroy(&r.lock);
	/* Before the end, after which the run is nobody's. What of the lease is left is enough to say so; and if not, all is told and the next worker does. */
	lease_end(lease, &r.why);
	return end(&r, e);
}
