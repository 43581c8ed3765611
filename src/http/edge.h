#ifndef HTTP_EDGE_H
#define HTTP_EDGE_H
/*
 * edge: what the router's own files share about a call; handlers see struct call only. It is c->state.
 */
#include "http/call.h"
#include "http/op.h"
#include "http/request.h"
#include "http/router.h"

#define EDGE_HEADERS_MAX 16
#define EDGE_DETAILS_MAX 8
#define EDGE_PROBLEMS_MAX 32 /* told in one answer */
#define EDGE_REPLY_MAX (4 * 1024 * 1024)

struct arg { /* a parameter, as arg_...() give it */
	bool has;
	bool boolean;
	int64_t integer;
	struct str text;
};

struct problem { /* something wrong with a field */
	struct str field;
	struct str message;
};

struct edge {
	struct request_head head;
	const struct op_table *table;
	struct call_events events;

	/* routing */
	struct str path_args[8]; /* in the order of the {names} in the path, as sent */
	const char *allow;       /* methods of the path, when the one asked for is not among them */
	bool is_page;            /* the path is one of a page: its errors are pages */

	/* limits */
	struct rate_verdict verdict;
	bool is_limited;       /* verdict holds something to tell */
	bool is_ingest;        /* counted among those in flight */
	uint64_t access_epoch; /* store_access_epoch() before it was looked at who asks */
	scope_set need_scopes; /* what a 403 tells as required */
	unsigned need_roles;   /* ROLE_BITs */
	int64_t retry_after_s; /* 0: not said */

	/* body */
	char *body;
	size_t body_len, body_cap, body_limit;
	struct json_doc *doc;

	struct buf decoded; /* of a body that came with a Content-Encoding */

	/* told with an error: a text, or a number where it is NULL */
	struct {
		const char *name, *text;
		int64_t number;
	} details[EDGE_DETAILS_MAX];
	size_t n_details;
	bool told; /* the text of a 5xx is for the client */
	struct {
		const char *name, *value;
	} kept_headers[EDGE_DETAILS_MAX]; /* with an error too */
	size_t n_kept_headers;

	struct arg *args; /* n_params of the operation; NULL: not read yet */
	struct problem problems[EDGE_PROBLEMS_MAX];
	size_t n_problems;

	/* reply */
	struct {
		const char *name, *value;
	} headers[EDGE_HEADERS_MAX];
	size_t n_headers;
	char request_id[17];
	bool replied, deferred;
	void (*on_free)(void *arg);
	void *on_free_arg;
};

static inline struct edge *edge_of(const struct call *c)
{
	return c->state;
}

/* Notes that a field is wrong. The first word about a field stands; beyond EDGE_PROBLEMS_MAX nothing is
 * noted. */
void edge_problem(struct call *c, struct str field, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* ERR_INVALID, with the names of the fields, if there is a problem. */
MUST_CHECK enum err_code edge_problems_check(const struct call *c, struct err *e);

/* route.c: finds c->op and path_args. ERR_NOT_FOUND, ERR_METHOD (allow is set). */
MUST_CHECK enum err_code route_find(struct call *c, struct err *e);
/* guard.c: authentication, rate, scope. */
MUST_CHECK enum err_code guard_admit(struct call *c, struct err *e);
/* At the end of the body: when tokens or sessions have changed since guard_admit(), whether this one is still good, as it was. */
MUST_CHECK enum err_code guard_again(struct call *c, struct err *e);
/* For an answer that no limit was looked at for: what the limit stands at, without counting. */
void guard_look(struct call *c);
/* Once, at the end of the call. */
void guard_done(struct call *c);
/* client.c: from where the request came: the peer, or what a proxy of ours says of it. */
struct str client_address(struct call *c);
/* args.c: parameters of path and query. What is wrong is noted. */
void args_read(struct call *c);
/* False: a % without two hexadecimal digits behind it. */
bool args_decode(struct arena *a, struct str s, bool plus_is_blank, struct str *ret);
/* form.c: the body of a form as a document whose root is an object, typed as the operation's fields are. ERR_INVALID. */
MUST_CHECK enum err_code form_parse(struct call *c, struct str text, struct json_doc **ret, struct err *e);
/* check.c: the members of a body. What is wrong is noted. */
void check_body(struct call *c, const struct json *body);
/* One value against its row; returns what is wrong with it in *ret_wrong (memory of the arena), false then.
 */
bool check_value(struct arena *a, const struct field *f, const struct json *value, struct str *ret_wrong);
bool check_text(struct arena *a, const struct field *f, struct str text, struct str *ret_wrong);
bool check_integer(struct arena *a, const struct field *f, int64_t value, struct str *ret_wrong);
MUST_CHECK enum err_code patterns_compile(struct pattern *patterns, struct err *e);
void patterns_free(struct pattern *patterns);

/* reply.c */
void reply_drop_source(struct call *c);
void reply_error(struct call *c, const struct err *e); /* in place of what the reply may hold so far */
const char *reply_told(const struct err *e);           /* what a client is told of it, unless call_tell() */
void reply_seal(struct call *c); /* the headers that every answer has; metrics. The reply is ready then */

#endif
