#ifndef SERVICE_RATE_H
#define SERVICE_RATE_H
/*
 * rate: at most `limit` requests in any window of a minute, a key. Exact: for each key the times of its last
 * requests are kept in a ring of `limit`, so a window slides and never doubles at an edge. Memory is bounded
 * by keys: when the table is full, the key that was quiet for longest makes room. One lock; safe from any
 * thread.
 */
#include "base/str.h"

#define RATE_WINDOW_MS 60000
#define RATE_KEYS_MAX 4096

struct rate;

struct rate_verdict {
	bool allowed;
	int64_t limit, remaining;
	int64_t reset_s; /* seconds until a place is free (when refused) or until the window is empty of the
			    oldest */
};

struct rate *rate_new(void);
void rate_free(struct rate *r);
/* Counts one request of key (any bytes: class and token digest or address) if it is within the limit; refused
 * ones are not counted. limit <= 0: no limit. */
struct rate_verdict rate_take(struct rate *r, struct str key, int64_t limit, int64_t steady_ms);
/* Looks without counting. */
struct rate_verdict rate_peek(struct rate *r, struct str key, int64_t limit, int64_t steady_ms);

#endif
