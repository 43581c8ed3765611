#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H
/*
 * router: from a request to the handler that the document names, and from an error to an ErrorResponse.
 *
 * Knows no sockets: the transport (mhd.c, or a test in process) feeds it. Life of a call, on one thread but
 * for `ready`:
 *
 *	router_begin()  with the headers: route (404, 405), listener (403), size (413), authentication (401, 503),
 *	                rate (429), scope (403), host (403). If any of these refuses, the reply is ready and the body need not be read.
 *	                Of an operation with x-body-stream what takes the body begins here, all that can be told without it being told.
 *	router_body()   for each piece of the body. Over the limit: the reply (413) is ready, and the rest need
 *	                not be read.
 *	router_end()    signature of the body (401), content type (415), JSON (400), repo (404), fields (400), handler. Then the reply is
 *	                ready, or it is deferred: `ready` will be called once, perhaps from another thread and
 *	                perhaps before router_end() returns.
 *	router_free()   after the reply was sent. Never while it is deferred and `ready` was not called.
 */
#include "http/op.h"
#include "http/request.h"

extern const struct op_table router_api; /* of the document; in api_table.c */

/* ERR_INTERNAL names the pattern that does not compile. Once, before the first call. */
MUST_CHECK enum err_code router_init(const struct op_table *t, struct err *e);
void router_done(const struct op_table *t);

/* What a call tells its transport. */
struct call_events {
	void (*ready)(void *arg, struct call *c);
	void (*wake)(void *arg); /* what call_wake() and call_cut() become; NULL: nobody listens */
	void (*cut)(void *arg);
	void *arg;
};

struct call *router_begin(const struct op_table *t, struct app *app, const struct request_head *head,
	const struct call_events *events);
/* Is the reply ready? Of a deferred call: ask only after `ready`. */
bool router_replied(const struct call *c);
bool router_deferred(const struct call *c); /* did the handler defer */
void router_body(struct call *c, struct str piece);
bool router_streams(const struct call *c); /* is the body taken as it comes, however long it is */
void router_end(struct call *c);
void router_free(struct call *c);
/* Is the reply a piece of a file? Then its fd becomes the caller's. Else it is c->reply. */
bool router_take_file(struct call *c, struct reply_file *ret);
/* Is the reply read while it is sent? The source stays the call's; NULL: there is none. */
const struct reply_source *router_source(const struct call *c);
/* Reply headers in turn: false when there are no more. */
bool router_header(const struct call *c, size_t i, const char **ret_name, const char **ret_value);

#endif
