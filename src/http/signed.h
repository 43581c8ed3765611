#ifndef HTTP_SIGNED_H
#define HTTP_SIGNED_H
/*
 * signed: requests that show no token but a signature over their body (x-auth: signature): deliveries of a forge's hook. The path's {kind} says whose.
 */
#include "http/call.h"
#include "service/hooks.h"

/* What its headers say, and its body as far as that has come. */
struct hook_delivery signed_delivery(const struct call *c);
/* With the headers. ERR_INVALID: the path's kind is none; ERR_CLOSED, ERR_UNAUTHORIZED: see hooks_open(). */
MUST_CHECK enum err_code signed_admit(struct call *c, struct err *e);
/* With the body, before anything else is done with it. ERR_UNAUTHORIZED. */
MUST_CHECK enum err_code signed_check(struct call *c, struct err *e);

#endif
