/*
 * rate: a sliding window, exact.
 *
 * Each key has a ring of the times of its last allowed requests. A request is allowed when the ring has a
 * free place or when its oldest time is a whole window ago. A fixed window would let twice the limit through
 * around its edge; a pair of weighted windows is only right on average.
 *
 * Where the keys live, and which one makes room, is slots.h's; what a key is worth is said here.
 */
#include "service/rate.h"

#include "base/arena.h"
#include "base/metric.h"
#include "service/slots.h"

#include <stdlib.h>

struct window {
	struct slot slot;
	int64_t *times; /* a ring */
	int64_t cap;    /* its places: as many as were needed, at most limit */
	int64_t limit, window_ms;
	int64_t n, oldest;
	int64_t newest; /* time of the last request, refused or not */
};

struct rate {
	struct slots *keys[RATE_OF_N];
};

static const struct window *window_of(const struct slot *s)
{
	return (const struct window *)(const void *)s;
}

static void drop_expired(struct window *w, int64_t now)
{
	while (w->n > 0 && w->times[w->oldest] <= now - w->window_ms) {
		w->oldest = (w->oldest + 1) % w->cap;
		w->n--;
	}
}

/* The part of its limit that is used, in thousandths; then how new it is. Nothing, when its window is empty. */
static int64_t worth(const struct slot *s, int64_t now)
{
	struct window w = *window_of(s); /* the ring is only read */

	drop_expired(&w, now);
	if (w.n == 0)
		return -1;
	return ((w.n * 1000 / w.limit) << 48) + w.newest;
}

static void drop(struct slot *s)
{
	free(window_of(s)->times);
}

struct rate *rate_new(void)
{
	static const struct slots_kind kind = { .size = sizeof(struct window), .worth = worth, .drop = drop };
	struct rate *r = mem_alloc(sizeof *r);

	for (enum rate_of of = 0; of < RATE_OF_N; of++)
		r->keys[of] = slots_new(&kind, RATE_KEYS_MAX);
	return r;
}

void rate_free(struct rate *r)
{
	if (!r)
		return;
	for (enum rate_of of = 0; of < RATE_OF_N; of++)
		slots_free(r->keys[of]);
	free(r);
}

/* The ring has cap places from now on, and keeps the newest times that fit. */
static void resize(struct window *w, int64_t cap)
{
	int64_t *times = mem_alloc((size_t)cap * sizeof *times);
	int64_t keep = w->n < cap ? w->n : cap;

	for (int64_t i = 0; i < keep; i++)
		times[i] = w->times[(w->oldest + (w->n - keep) + i) % w->cap];
	free(w->times);
	w->times = times;
	w->cap = cap;
	w->n = keep;
	w->oldest = 0;
}

#define FIRST_CAP 8

static void set_limit(struct window *w, struct rate_limit limit)
{
	w->limit = limit.n;
	w->window_ms = limit.window_ms;
	if (w->n > limit.n) /* it was changed (SIGHUP) */
		resize(w, limit.n);
}

static void add(struct window *w, int64_t now)
{
	if (w->n == w->cap) {
		int64_t cap = w->cap ? 2 * w->cap : FIRST_CAP;

		resize(w, cap < w->limit ? cap : w->limit);
	}
	w->times[(w->oldest + w->n) % w->cap] = now;
	w->n++;
}

static struct rate_verdict verdict(const struct window *w, struct rate_limit limit, bool allowed, int64_t now)
{
	int64_t wait_ms = w && w->n > 0 ? w->times[w->oldest] + limit.window_ms - now : 0;
	int64_t n = w ? w->n : 0;

	return (struct rate_verdict){ .allowed = allowed,
		.limit = limit.n,
		.remaining = n < limit.n ? limit.n - n : 0,
		.reset_s = (wait_ms + 999) / 1000 };
}

struct rate_verdict rate_take(
	struct rate *r, enum rate_of of, struct str key, struct rate_limit limit, int64_t steady_ms)
{
	struct rate_verdict v;
	struct window *w;
	bool allowed;

	if (limit.n <= 0)
		return (struct rate_verdict){ .allowed = true };
	w = slots_take(r->keys[of], key, steady_ms);
	set_limit(w, limit);
	drop_expired(w, steady_ms);
	allowed = w->n < limit.n;
	if (allowed)
		add(w, steady_ms);
	w->newest = steady_ms;
	v = verdict(w, limit, allowed, steady_ms);
	slots_release(r->keys[of], w);
	metric_set(METRIC_RATE_KEYS,
		(int64_t)(slots_n_used(r->keys[RATE_OF_TOKEN]) + slots_n_used(r->keys[RATE_OF_ADDRESS])));
	return v;
}

struct rate_verdict rate_peek(
	struct rate *r, enum rate_of of, struct str key, struct rate_limit limit, int64_t steady_ms)
{
	struct rate_verdict v;
	struct window *w;

	if (limit.n <= 0)
		return (struct rate_verdict){ .allowed = true };
	w = slots_find(r->keys[of], key);
	if (!w)
		return verdict(NULL, limit, true, steady_ms);
	set_limit(w, limit);
	drop_expired(w, steady_ms);
	v = verdict(w, limit, w->n < limit.n, steady_ms);
	slots_release(r->keys[of], w);
	return v;
}
