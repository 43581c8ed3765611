/*
 * rate: a sliding window of one minute, exact.
 *
 * Each key has a ring of the times of its last allowed requests. A request is allowed when the ring has a
 * free place or when its oldest time is a whole window ago. A fixed window would let twice the limit through
 * around its edge; a pair of weighted windows is only right on average.
 *
 * Keys live in an open table by hash and in a list by last use. When there are RATE_KEYS_MAX of them the one
 * that was quiet longest goes. An attacker who brings that many addresses a minute can so make room for
 * himself in another's window, but not memory for himself.
 */
#include "service/rate.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/metric.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define N_BUCKETS (2 * RATE_KEYS_MAX) /* a power of two */

struct window {
	struct sha256 key; /* digest of the key: of one length, and no token in memory */
	int64_t *times;    /* a ring of `limit` places */
	int64_t limit, n, oldest;
	struct window *chain;         /* in its bucket */
	struct window *older, *newer; /* by last use */
};

struct rate {
	pthread_mutex_t lock; /* guards all below */
	struct window *bucket[N_BUCKETS];
	struct window *oldest, *newest;
	size_t n_keys;
};

struct rate *rate_new(void)
{
	struct rate *r = mem_alloc(sizeof *r);

	pthread_mutex_init(&r->lock, NULL);
	return r;
}

static void window_free(struct window *w)
{
	free(w->times);
	free(w);
}

void rate_free(struct rate *r)
{
	if (!r)
		return;
	for (struct window *w = r->oldest, *next; w; w = next) {
		next = w->newer;
		window_free(w);
	}
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static struct window **bucket_of(struct rate *r, const struct sha256 *key)
{
	uint32_t h;

	memcpy(&h, key->b, sizeof h);
	return &r->bucket[h & (N_BUCKETS - 1)];
}

static void unlink_age(struct rate *r, struct window *w)
{
	if (w->older)
		w->older->newer = w->newer;
	else
		r->oldest = w->newer;
	if (w->newer)
		w->newer->older = w->older;
	else
		r->newest = w->older;
	w->older = w->newer = NULL;
}

static void link_newest(struct rate *r, struct window *w)
{
	w->older = r->newest;
	if (r->newest)
		r->newest->newer = w;
	else
		r->oldest = w;
	r->newest = w;
}

static void forget_oldest(struct rate *r)
{
	struct window *w = r->oldest;
	struct window **at = bucket_of(r, &w->key);

	while (*at != w)
		at = &(*at)->chain;
	*at = w->chain;
	unlink_age(r, w);
	window_free(w);
	r->n_keys--;
}

static struct window *find(struct rate *r, const struct sha256 *key)
{
	struct window *w = *bucket_of(r, key);

	while (w && memcmp(w->key.b, key->b, sizeof key->b) != 0)
		w = w->chain;
	return w;
}

static struct window *add(struct rate *r, const struct sha256 *key)
{
	struct window *w = mem_alloc(sizeof *w);
	struct window **at = bucket_of(r, key);

	if (r->n_keys == RATE_KEYS_MAX)
		forget_oldest(r);
	w->key = *key;
	w->chain = *at;
	*at = w;
	link_newest(r, w);
	r->n_keys++;
	metric_set(METRIC_RATE_KEYS, (int64_t)r->n_keys);
	return w;
}

/* A changed limit (SIGHUP) keeps the newest times that fit. */
static void resize(struct window *w, int64_t limit)
{
	int64_t *times = mem_alloc((size_t)limit * sizeof *times);
	int64_t keep = w->n < limit ? w->n : limit;

	for (int64_t i = 0; i < keep; i++)
		times[i] = w->times[(w->oldest + (w->n - keep) + i) % w->limit];
	free(w->times);
	w->times = times;
	w->limit = limit;
	w->n = keep;
	w->oldest = 0;
}

static void drop_expired(struct window *w, int64_t now)
{
	while (w->n > 0 && w->times[w->oldest] <= now - RATE_WINDOW_MS) {
		w->oldest = (w->oldest + 1) % w->limit;
		w->n--;
	}
}

static struct rate_verdict verdict(const struct window *w, int64_t limit, bool allowed, int64_t now)
{
	int64_t wait_ms = w && w->n > 0 ? w->times[w->oldest] + RATE_WINDOW_MS - now : 0;
	int64_t n = w ? w->n : 0;

	return (struct rate_verdict){ .allowed = allowed,
		.limit = limit,
		.remaining = n < limit ? limit - n : 0,
		.reset_s = (wait_ms + 999) / 1000 };
}

static struct rate_verdict look(struct rate *r, struct str key, int64_t limit, int64_t now, bool count)
{
	struct sha256 digest;
	struct rate_verdict v;
	struct window *w;
	bool allowed;

	if (limit <= 0)
		return (struct rate_verdict){ .allowed = true };
	digest = sha256_of(key);
	pthread_mutex_lock(&r->lock);
	w = find(r, &digest);
	if (!w && count)
		w = add(r, &digest);
	if (w && w->limit != limit)
		resize(w, limit);
	if (w)
		drop_expired(w, now);
	allowed = !w || w->n < limit;
	if (count && allowed) {
		w->times[(w->oldest + w->n) % w->limit] = now;
		w->n++;
	}
	if (count) { /* a refused key is not quiet: it must not be forgotten for it */
		unlink_age(r, w);
		link_newest(r, w);
	}
	v = verdict(w, limit, allowed, now);
	pthread_mutex_unlock(&r->lock);
	return v;
}

struct rate_verdict rate_take(struct rate *r, struct str key, int64_t limit, int64_t steady_ms)
{
	return look(r, key, limit, steady_ms, true);
}

struct rate_verdict rate_peek(struct rate *r, struct str key, int64_t limit, int64_t steady_ms)
{
	return look(r, key, limit, steady_ms, false);
}
