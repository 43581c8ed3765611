#ifndef HTTP_CALL_H
#define HTTP_CALL_H
/*
 * call: one request and its reply, as a handler sees them.
 *
 * The router has matched the route, checked size, rate, token, scope, repo and every field before a handler
 * runs (api/openapi.yaml is where all that is written). A handler reads parameters and body fields by their
 * names in the document, calls one service, and writes a reply. It returns an error for the router to turn
 * into an ErrorResponse. What it allocates lives in c->arena and dies with the call.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "http/viewer.h"
#include "service/account.h"
#include "service/downloads.h"
#include "service/episodes.h"
#include "service/errands.h"
#include "service/gate.h"
#include "service/hooks.h"
#include "service/ingest.h"
#include "service/janitor.h"
#include "service/rate.h"
#include "service/signin.h"
#include "service/stream.h"

#include <sys/types.h>

struct op; /* a row of the generated table, http/op.h */

struct app { /* what handlers work on; made by the daemon, lives as long as the server */
	struct store *store;
	struct config_box *config;
	struct rate *rate;
	struct access *access;
	struct errands *passwords; /* where passwords are looked at */
	struct errands *files;     /* where files are synced */
	struct errands
		*archives;      /* where archives are read: whoever waits for one keeps nobody from sending */
	struct errands *forges; /* where forges are asked for somebody who waits */
	struct signin *signin;
	struct membership *membership;
	struct streams *streams;
	struct explainer *explainer; /* NULL: nothing is explained */
	struct downloads *downloads;
	struct gates *gates;           /* NULL: nothing is known of any */
	struct dispatcher *dispatcher; /* NULL: nothing is dispatched */
	struct hook_ear ear;           /* who is told what forges say */
	struct episodes *episodes;
	const struct clock *clock;
	bool (*ready)(void *arg); /* false while starting or draining */
	void *ready_arg;
};

struct reply_file { /* a piece of a regular file */
	int fd;
	int64_t offset, length;
};

/* An answer that is made while it is sent. */
struct reply_source {
	/*
	 * Fills room with at most max bytes (max > 0) and returns how many: on a worker's thread, when the peer has taken those before. Or REPLY_END: that
	 * was all. REPLY_BROKEN: it cannot go on, and must not look whole. REPLY_LATER: there is nothing now; call_wake() will tell.
	 */
	ssize_t (*read)(void *arg, char *room, size_t max);
	void (*free)(void *arg); /* once, when the call is over, or the source is not wanted */
	void *arg;
	int64_t length; /* of all of it; -1: not known before */
};
#define REPLY_LATER 0
#define REPLY_END (-1)
#define REPLY_BROKEN (-2)

/* What takes a body as it comes (x-body-stream), on the thread that receives it. */
struct call_sink {
	enum err_code (*write)(
		void *arg, struct str bytes, struct err *e); /* an error ends the call with it */
	void (*free)(void *arg);                             /* once, when the call is over */
	void *arg;
};

struct call {
	struct app *app;
	const struct config *cfg; /* snapshot of this call */
	const struct op *op;
	struct arena arena;
	struct identity identity;
	struct viewer viewer; /* of a page that needs one (x-auth: session) */
	struct str address;   /* of the client; behind our own proxies, what they say */
	int64_t now;          /* wall, ms */
	struct repo repo;  /* when the operation names one (x-repo-field): watched, allowed for the token */
	struct json *body; /* root of the checked body, or NULL */
	struct str raw;    /* a body of bytes, decoded */
	struct str
		rpc_id; /* of x-json-rpc: the id of the request, as JSON, for errors; empty: not known yet */
	struct call_sink sink;

	/* reply */
	int status;
	const char *content_type; /* a literal */
	struct buf reply;
	struct reply_file file;     /* in place of reply, when its fd is not -1 */
	struct reply_source source; /* in place of both, when it has a read */
	void *state;                /* of the router and transport */
};

/* Parameters, typed and checked; defaults of the document filled in. has: was it given or has a default. */
bool arg_has(const struct call *c, const char *name);
struct str arg_str(const struct call *c, const char *name);
int64_t arg_int(const struct call *c, const char *name);
bool arg_bool(const struct call *c, const char *name);
int64_t arg_time(const struct call *c, const char *name); /* a date-time in ms; 0: absent */

/* A header of the request by its name, without case; empty when absent. */
struct str call_header(const struct call *c, const char *name);
/* It came more than once: others may have read another one of them. */
bool call_header_again(const struct call *c, const char *name);

/* Where we are reached, without a final slash: [server] public-url, else what the client calls us. In the call's arena. */
struct str call_base_url(struct call *c);

/*
 * Authentication failed after all (e says how): counted for the address, which may turn it into ERR_RATE_LIMITED. Returns e's code.
 */
enum err_code guard_failed(struct call *c, struct err *e);
/* This call needs more than its operation does: a 403 tells these as required too. Who refuses is the service. */
void call_needs(struct call *c, scope_set scopes, unsigned roles);

/* Details of the error that this call ends with, if it ends with one: told with it. name: a literal; text: one, or in the call's arena. */
void call_detail_int(struct call *c, const char *name, int64_t value);
void call_detail(struct call *c, const char *name, const char *text);
/* If it ends with a 5xx: its text is made for who asks, and is told in place of a general one. */
void call_tell(struct call *c);
/* A header that is sent with the answer even if it is an error. */
void reply_keep_header(struct call *c, const char *name, const char *value);

/* Start a JSON reply of that status; the caller writes to the returned writer. */
struct json_out reply_json(struct call *c, int status);
/* A page of a list: writes {"pagination":{limit,offset,total,next_offset},"data":[ and leaves it open for the
 * caller's items. n: items on this page; total -1: more than are counted. */
struct json_out reply_page(struct call *c, int64_t limit, int64_t offset, size_t n, int64_t total);
void reply_page_end(struct json_out *j);
void reply_text(struct call *c, int status, const char *content_type, struct str text);
/*
 * length bytes of the regular file fd from offset on: what is too large for memory is read while it is sent,
 * with a Content-Length. fd is taken, also when the call then fails. The caller has made sure that the bytes
 * are there: of a file that is shortened meanwhile the answer stops, and the sweeper cuts the connection, for
 * an answer that ends early must not look whole. With HEAD nothing is read.
 */
void reply_file(struct call *c, int status, const char *content_type, int fd, int64_t offset, int64_t length);
/*
 * What a source gives, which is taken with what it owns, also when the call then fails. With HEAD nothing is read. Without a length the answer is
 * chunked.
 */
void reply_source(struct call *c, int status, const char *content_type, const struct reply_source *source);
/*
 * The source said REPLY_LATER and has something now, or may have: it is read again. From any thread, from the moment it is a source's until its free has
 * returned; never lost, whenever it comes. A server that drains ends an answer whose source says REPLY_LATER.
 */
void call_wake(struct call *c);
/* The peer takes too little: the connection ends at once. As call_wake(). */
void call_cut(struct call *c);
void reply_empty(struct call *c, int status);                           /* 204 */
void reply_header(struct call *c, const char *name, const char *value); /* few; copied */

/*
 * The answer comes later, from another thread: the handler calls call_defer() before it starts the work,
 * returns ERR_OK, and touches the call no more. Then call_finish() is called exactly once: result not ERR_OK
 * becomes an ErrorResponse, else the reply as it stands goes out. If the work could not be started the
 * handler calls call_undefer() and returns the error. on_free frees what the work owned, when the call is
 * over.
 */
void call_defer(struct call *c, void (*on_free)(void *arg), void *arg);
void call_undefer(struct call *c);
void call_finish(struct call *c, const struct err *result);

#endif
