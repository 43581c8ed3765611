#ifndef EXPLAIN_CONTEXT_JSON_ERROR_H
#define EXPLAIN_CONTEXT_JSON_ERROR_H
/*
 * context_json_error: an error, with its group, as JSON. Internal to context_json.c.
 */
#include "base/json.h"
#include "explain/context_plan.h"

/* x: what the error is; shown: its lines. Lines that are not at hand are null, as are those of a cause that is told elsewhere. */
void json_put_error(struct json_out *j, const struct context_input *in, const struct piece *x,
	const struct plan_shown *shown);

/* Made visible and cut; null when that leaves nothing. */
void json_put_name(struct json_out *j, const char *key, struct str name, size_t max);

#endif
