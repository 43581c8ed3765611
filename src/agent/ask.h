#ifndef AGENT_ASK_H
#define AGENT_ASK_H
/*
 * ask: questions to a server by somebody who can wait for it: the worker of a suite (work_api.h), the agent that hands failures to a fixer (fix_api.h).
 *
 * A server that is away, or says "not now", is asked again, after waits that double from ASK_FIRST_MS to ASK_MOST_MS, drawn evenly from their upper half, so that
 * those who lost one server do not come back together. There is no end to that but a stop (work_stop.h), or n_tries: what took an hour to find out is not thrown away
 * because a server is being mended. That it is waited for is said once, on stderr. A 500 may be about the one request and is tried ASK_FAULTS times.
 *
 * Errors of all: what peer_error() makes of an answer; ERR_NETWORK; ERR_UNAVAILABLE: told to stop meanwhile, and it is not known whether the server heard us.
 *
 * One connection, for one thread.
 */
#include "agent/work_stop.h"
#include "base/json.h"
#include "net/peer.h"

#define ASK_FIRST_MS 250
#define ASK_MOST_MS 10000
#define ASK_FAULTS 10
#define ASK_BODY_MAX (64 * 1024) /* bytes of what is told at once */

struct ask {
	const char *command; /* "work" or "fix", for messages */
	const struct peer *peer;
	const struct work_stop *stop; /* NULL: nothing but n_tries ends it */
	struct http_client *http;
	int n_tries;    /* after which it is given up; 0: never */
	int n_failures; /* in a row */
	int64_t retry_after_s;
};

void ask_init(struct ask *a, const char *command, const struct peer *peer, const struct work_stop *stop);
void ask_done(struct ask *a);
/* How long to wait when it is the n-th time, from 0; at most most_ms. */
int64_t ask_wait_ms(int n, int64_t most_ms);
/* After one more failure: waits, true; or false: it is no use, or told to stop. */
bool ask_again(struct ask *a, enum err_code code, const struct err *why);

/* r is whole but for its URL and token. *ret: the answer; an empty object when it is 204. */
MUST_CHECK enum err_code ask_once(
	struct ask *a, struct http_request *r, const char *path, struct json_doc **ret, struct err *e);
MUST_CHECK enum err_code ask_until(
	struct ask *a, struct http_request *r, const char *path, struct json_doc **ret, struct err *e);
struct http_request ask_post_of(const struct buf *body); /* of JSON */
/* ask_until() of it. */
MUST_CHECK enum err_code ask_post(
	struct ask *a, const char *path, const struct buf *body, struct json_doc **ret, struct err *e);
/* What an answer's status means; its Retry-After is heeded by ask_again(). */
MUST_CHECK enum err_code ask_status(struct ask *a, const struct http_answer *answer, struct err *e);

/* ---- what was claimed ---- */

/* A body that begins with the number of the claim; to be closed. */
void ask_open_claim(struct json_out *j, struct buf *body, int64_t claim);
/* What is not there any more is lost as what is somebody else's: ERR_CONFLICT. */
enum err_code ask_lost(enum err_code code, struct err *e);
/* Says once, and within ms, that we are there. *ret_lease_s is untouched when the server does not say it. */
MUST_CHECK enum err_code ask_renew(
	struct ask *a, const char *path, int64_t claim, int ms, int64_t *ret_lease_s, struct err *e);

/* ---- reading ---- */

struct arena;
struct str ask_text(const struct json *object, const char *key, struct arena *a); /* empty when it is none */
int64_t ask_number(const struct json *object, const char *key);                   /* 0 when it is none */

#endif
