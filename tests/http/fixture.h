#ifndef TESTS_HTTP_FIXTURE_H
#define TESTS_HTTP_FIXTURE_H
/*
 * fixture: everything behind the edge for real (a store in a folder of its own, the services, tokens), a
 * clock that tests set, and the router asked in process.
 */
#include "http/router.h"
#include "service/manage.h"
#include "store/nouns.h"

#include <stdatomic.h>

#define NOW INT64_C(1790000000000) /* some day in 2026 */
#define SHA "0123456789abcdef0123456789abcdef01234567"
#define INTERNAL "the internal token of the tests"
#define REPO "Acme/Pump"

struct fixture {
	char folder[64];
	struct app app;
	struct clock clock;
	atomic_llong wall, steady;
	atomic_bool ready;
	struct arena arena;
	struct str admin; /* text of a token with all scopes */
	int64_t admin_user;
};
extern struct fixture fx;
extern const struct identity fixture_server; /* who does what the tests set up */
extern bool fixture_time_runs;               /* the steady clock goes on by itself; set before fixture_up */

struct config *fixture_config(int64_t reads, int64_t writes);
int fixture_up(void **state);
int fixture_down(void **state);
/* For those who ask in process: a server does this by itself. */
int router_up(void **state);
int router_down(void **state);
/* A token of these scopes, of the admin, bound to no repo. Its text lives in the fixture's arena. */
struct str token_with(scope_set scopes, enum role role);
/* One of all scopes that is bound to a repo, which is watched from now on. */
struct str token_of_repo(const char *repo);

/* --- asking the router in process */

struct ask {
	const char *method, *target; /* path?query */
	const char *token;           /* of Authorization: Bearer; NULL: none */
	const char *authorization;   /* the whole header, instead */
	const char *type;            /* Content-Type; NULL: application/json if there is a body */
	const char *header[2];       /* one more: name, value */
	const char *more[2];         /* and another */
	const char *const *headers;  /* and as many as these: name, value, .., NULL; or NULL */
	const char *body;            /* NULL: none */
	size_t body_len;             /* 0: strlen */
	bool chunked;                /* no Content-Length; the body comes in pieces of 1000 bytes */
	uint64_t length;             /* claim this Content-Length, and send nothing */
	const char *peer;            /* NULL: 192.0.2.1 */
	bool loopback, bad_framing;
	bool fleet;            /* it comes to the listener of hosts */
	const char *host;      /* whose certificate it shows there; NULL: none */
	void (*between)(void); /* NULL, or what happens when the body has come, before its end is told */
	const struct op_table *table; /* NULL: the document's */
};

struct answer {
	int status;
	char *body;
	size_t len;
	struct {
		char name[40], value[300];
	} headers[16];
	size_t n_headers;
	bool before_body; /* the reply was ready before any of the body was fed */
	struct json_doc *doc;
};

struct answer ask(struct ask a);
void answer_done(struct answer *r);
#define AUTO_ANSWER __attribute__((cleanup(answer_done))) struct answer

const char *header_of(const struct answer *r, const char *name);
struct json *json_of(struct answer *r);
/* The one shape of every error. */
void assert_error(struct answer *r, int status, const char *code);
/* What is said to be wrong with a field; empty: nothing. */
struct str wrong_with(struct answer *r, const char *field);
void assert_wrong_field(struct answer *r, const char *field);

#endif
