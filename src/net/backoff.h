#ifndef NET_BACKOFF_H
#define NET_BACKOFF_H
/*
 * backoff: how long to wait before something is tried again.
 *
 * Exponential with full jitter: the n-th wait is drawn evenly from 0 to min(cap, first * 2^n), so that a thousand hosts that failed together are spread over the
 * whole of it; waits that are alike would bring them back together (Brooker, "Exponential Backoff And Jitter", 2015).
 *
 * A server that says Retry-After knows more than we do: that is a floor for the next wait, held to the same cap, so that no answer silences a host for a day.
 *
 * Life cycle: backoff_init(), then backoff_next() after each failure and backoff_reset() after a success. It has no clock, and the random number is the caller's, so
 * that a test says what will happen. Not for two threads at once.
 */
#include <stdint.h>

struct backoff {
	int64_t first_ms, cap_ms;
	unsigned n_failures; /* in a row; does not wrap */
};

void backoff_init(
	struct backoff *b, int64_t first_ms, int64_t cap_ms); /* 0 < first_ms <= cap_ms < 2^31, asserted */
void backoff_reset(struct backoff *b);
/* The wait in ms after one more failure, 0 to cap_ms. random: evenly drawn from all 32-bit values. retry_after_ms: 0 when nothing was asked for. */
int64_t backoff_next(struct backoff *b, uint32_t random, int64_t retry_after_ms);

/* first_ms * 2^n, at most cap_ms: for who draws in another way. */
int64_t backoff_ceiling_ms(unsigned n, int64_t first_ms, int64_t cap_ms);

#endif
