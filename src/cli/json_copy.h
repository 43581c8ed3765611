#ifndef CLI_JSON_COPY_H
#define CLI_JSON_COPY_H
/* json_copy: what a server answered, written again as it is: so that --json has all of an item without a command knowing its members. */
#include "base/json.h"

/* key as of json_put_str(). Of numbers integers alone are copied; others become null. */
void json_copy(struct json_out *j, const char *key, struct json *node);

#endif
