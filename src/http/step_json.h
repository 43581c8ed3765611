#ifndef HTTP_STEP_JSON_H
#define HTTP_STEP_JSON_H
/* step_json: a step as the document's schema Step has it. */
#include "base/json.h"
#include "service/facts.h"

void step_json(struct json_out *j, const struct step_view *v);
/* The schema ListedStep: without what would have to be asked of each step's log. */
void step_json_listed(struct json_out *j, const struct step *s);

#endif
