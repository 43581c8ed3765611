/* backoff: see the header. */
#include "net/backoff.h"

#include <assert.h>
#include <limits.h>

void backoff_init(struct backoff *b, int64_t first_ms, int64_t cap_ms)
{
	assert(first_ms > 0 && cap_ms >= first_ms && cap_ms <= INT32_MAX);
	*b = (struct backoff){ .first_ms = first_ms, .cap_ms = cap_ms };
}

void backoff_reset(struct backoff *b)
{
	b->n_failures = 0;
}

int64_t backoff_ceiling_ms(unsigned n, int64_t first_ms, int64_t cap_ms)
{
	int64_t ms = first_ms;

	for (; n > 0 && ms < cap_ms; n--)
		ms = ms > cap_ms / 2 ? cap_ms : ms * 2;
	return ms < cap_ms ? ms : cap_ms;
}

int64_t backoff_next(struct backoff *b, uint32_t random, int64_t retry_after_ms)
{
	int64_t top = backoff_ceiling_ms(b->n_failures, b->first_ms, b->cap_ms);
	/* Multiplied and shifted, not divided: even over 0 to top but for one part in 2^32. A cap has at most 31 bits. */
	int64_t wait = (int64_t)(((uint64_t)random * ((uint64_t)top + 1)) >> 32);

	if (b->n_failures < UINT_MAX)
		b->n_failures++;
	if (wait < retry_after_ms)
		wait = retry_after_ms;
	return wait < b->cap_ms ? wait : b->cap_ms;
}
