#ifndef SERVICE_RATE_H
#define SERVICE_RATE_H
/*
 * rate: at most so many requests in any window of so long, a key. Exact: for each key the times of its last
 * requests are kept in a ring of as many as are allowed, so a window slides and never doubles at an edge; and what is counted is counted
 * under a lock, so that a hundred threads let through what one would.
 *
 * Memory is bounded whatever keys come: there are RATE_KEYS_MAX places for tokens and as many for addresses, apart, so that a flood of addresses
 * forgets no token. When there is no room the key that has used the smallest part of its limit goes, and of those the one that was
 * quiet for longest. So who has used theirs up is forgotten last: to be forgiven they would have to bring thousands of keys, each with as many
 * requests as their own, which gains nothing. A ring grows with the requests that were let through. Safe from any thread.
 *
 * A key is whatever bytes tell one from another, with a letter in front that says of what class the requests are: r, w reading and writing of a
 * token; p public reading, f failed authentication, l logins of an address. Others take letters of their own.
 */
#include "base/str.h"

#define RATE_KEYS_MAX 8192

struct rate;

enum rate_of { RATE_OF_TOKEN, RATE_OF_ADDRESS, RATE_OF_N };

struct rate_limit {
	int64_t n; /* 0 and less: no limit */
	int64_t window_ms;
};

struct rate_verdict {
	bool allowed;
	int64_t limit, remaining;
	int64_t reset_s; /* seconds until a place is free (when refused) or until the window is empty of the
			    oldest */
};

struct rate *rate_new(void);
void rate_free(struct rate *r); /* NULL is fine */
/* Counts one request of key if it is within the limit; refused ones are not counted. */
struct rate_verdict rate_take(
	struct rate *r, enum rate_of of, struct str key, struct rate_limit limit, int64_t steady_ms);
/* Looks without counting. */
struct rate_verdict rate_peek(
	struct rate *r, enum rate_of of, struct str key, struct rate_limit limit, int64_t steady_ms);

#endif
