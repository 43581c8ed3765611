#ifndef EXPLAIN_CONTEXT_RESULTS_H
#define EXPLAIN_CONTEXT_RESULTS_H
/*
 * context_results: in a context, the tests of the suite that did not pass, after the steps that failed. Internal to context_*.c.
 *
 * They have a quarter of the budget where there are steps, for these say more; all of it where there are none. What of them does not fit is counted. The writers of steps
 * get what is left, which is CONTEXT_BUDGET_MIN at least.
 */
#include "base/json.h"
#include "explain/context.h"

/* The section, or the member "results" with what is between two members: appended, at most what they may take. */
void context_results_markdown(const struct context_input *in, struct buf *out);
void context_results_json(const struct context_input *in, struct json_out *j);
/* Bytes that the member takes. */
size_t context_results_json_size(const struct context_input *in);

#endif
