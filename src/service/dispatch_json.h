#ifndef SERVICE_DISPATCH_JSON_H
#define SERVICE_DISPATCH_JSON_H
/* dispatch_json: a dispatch as the API and the webhook tell it (the schema Dispatch of api/openapi.yaml). */
#include "base/json.h"
#include "service/dispatch.h"

void dispatch_json(struct json_out *j, const char *key, const struct dispatch *d);
/* Its members alone, into an object that is open. */
void dispatch_json_members(struct json_out *j, const struct dispatch *d);
/* {"try","tries_max","page_url","earlier":[..]} */
void dispatch_json_facts(struct json_out *j, const char *key, const struct dispatch_claimed *x);

#endif
