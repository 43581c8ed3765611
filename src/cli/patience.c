/* patience: see the header. */
#include "cli/patience.h"

int64_t patience_next(struct patience *p, enum err_code code, int64_t retry_after_s, uint32_t random)
{
	int64_t top = PATIENCE_FIRST_MS, wait, asked;

	if (!err_may_retry(code) || p->n_failures >= PATIENCE_TRIES)
		return -1;
	for (int i = 0; i < p->n_failures && top < PATIENCE_MAX_MS; i++)
		top *= 2;
	if (top > PATIENCE_MAX_MS)
		top = PATIENCE_MAX_MS;
	p->n_failures++;
	wait = top / 2 + (int64_t)random % (top / 2 + 1);
	asked = retry_after_s < PATIENCE_ASKED_MAX_S ? retry_after_s : PATIENCE_ASKED_MAX_S;
	return wait > 1000 * asked ? wait : 1000 * asked;
}

void patience_reset(struct patience *p)
{
	p->n_failures = 0;
}
