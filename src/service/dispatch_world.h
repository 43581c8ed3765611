#ifndef SERVICE_DISPATCH_WORLD_H
#define SERVICE_DISPATCH_WORLD_H
/*
 * dispatch_world: the world as dispatches speak to it: webhooks, and the forges of the configuration.
 *
 * A webhook is a POST of JSON: {"event": "dispatch", "delivery", "dispatch": {..}, "prompt", "page_url"}, with X-Sluice-Event: dispatch, X-Sluice-Delivery, and X-Sluice-Signature-256:
 * sha256=HMAC-SHA256(secret, body) where a secret is configured. The delivery is the number of the dispatch and how often people asked for it again, "12-0": the same for all tries of one handing-over, so
 * that a receiver knows one it has had. It is tried again when nothing of it can have got through (no connection), or the receiver said that it did not take it (429, 503, which may say when to come again): three times in all. One
 * that was sent and not answered is unknown; so is one that any other 5xx came to: it broke while it was looked at, or a gateway has passed it on.
 *
 * For one thread at a time.
 */
#include "service/dispatch_outside.h"

#include <stdatomic.h>

struct dispatch_world;
/* What is under way ends when *stop becomes true. */
struct dispatch_world *dispatch_world_new(const struct clock *clock, const atomic_bool *stop);
void dispatch_world_free(struct dispatch_world *w); /* NULL is fine */
/* Good while w is. */
struct dispatch_outside dispatch_world_outside(struct dispatch_world *w);

#endif
