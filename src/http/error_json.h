#ifndef HTTP_ERROR_JSON_H
#define HTTP_ERROR_JSON_H
/* error_json: errors and their groups, as the document's schemas StepError, ErrorItem and Group have them. */
#include "base/json.h"
#include "service/errors.h"
#include "service/run_errors.h"

/* A StepError; group: its group, or NULL. head_sha: the commit of its run. */
void error_json(struct json_out *j, const struct error *f, const struct group *group, struct str head_sha);
/* The same in the words of the results API, an ErrorItem; stack: its lines, or NULL. */
void error_json_item(struct json_out *j, const struct error *f, const struct error_stack *stack);
/* The same of one of a run, whatever tells it. */
void error_json_of_run(
	struct json_out *j, int64_t run_id, const struct run_error *x, const struct error_stack *stack);
/* What the results API calls a severity. */
const char *error_json_severity(enum error_severity s);

/* The members of a Group, into an object that is open. */
void group_json(struct json_out *j, const struct group *g);
/* And of a GroupDetail: why these are one, and the newest errors. */
void group_json_detail(
	struct json_out *j, const struct group *g, const struct error *newest, size_t n_newest);

#endif
