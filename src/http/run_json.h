#ifndef HTTP_RUN_JSON_H
#define HTTP_RUN_JSON_H
/* run_json: a run as the document's schema Run has it. */
#include "base/json.h"
#include "model/run.h"

/* At most 100 characters, as the results API has it; a forge may have given more. */
struct str branch_told(struct str branch);
void run_json(struct json_out *j, const char *name, const struct run *r, int64_t now);

#endif
