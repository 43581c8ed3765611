#ifndef CLI_PATIENCE_H
#define CLI_PATIENCE_H
/*
 * patience: when a request that failed is sent again, and after how long.
 *
 * Only for what may succeed later (base/err.tbl). The n-th wait is drawn evenly from the upper half of what doubles from PATIENCE_FIRST_MS to
 * PATIENCE_MAX_MS: so that readers who lost the same server do not come back together. What the server asked for with Retry-After is the least, to PATIENCE_ASKED_MAX_S. After
 * PATIENCE_TRIES failures in a row it ends; whoever got something in between says so with patience_reset().
 */
#include "base/err.h"

#include <stdint.h>

#define PATIENCE_FIRST_MS 200
#define PATIENCE_MAX_MS 20000
#define PATIENCE_ASKED_MAX_S 120
#define PATIENCE_TRIES 10

struct patience { /* all zero at first */
	int n_failures;
};

/* How long to wait now, ms; -1: it is not worth it. random: any value, evenly drawn. */
int64_t patience_next(struct patience *p, enum err_code code, int64_t retry_after_s, uint32_t random);
void patience_reset(struct patience *p);

#endif
