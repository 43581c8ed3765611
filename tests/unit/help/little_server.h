#ifndef TESTS_UNIT_HELP_LITTLE_SERVER_H
#define TESTS_UNIT_HELP_LITTLE_SERVER_H
/*
 * little_server: somebody on a free port of the loopback who takes one connection after another, reads one
 * request from each, remembers it, and answers with exactly the bytes the test says.
 */
#include "base/str.h"

enum little_kind {
	LITTLE_BYTES,   /* text, then the connection is closed */
	LITTLE_SILENCE, /* nothing, until the client goes */
	LITTLE_ENDLESS, /* text over and over, until the client goes */
};

struct little_server;
struct little_server *little_server_new(void);
void little_server_free(struct little_server *s); /* NULL is fine */
/* "http://127.0.0.1:PORT" */
const char *little_server_url(const struct little_server *s);
int little_server_port(const struct little_server *s);
/* The answers, in this order; the last one again and again. text lives as long as the server. */
void little_server_say(struct little_server *s, enum little_kind kind, const char *text);
/* The same for an answer of this status with this JSON body. */
void little_server_status(struct little_server *s, int status, const char *body);

/*
 * From now on it is asked what to answer, in the server's thread: request is head and body, *ret_text what to say, to
 * be free()d. These requests are not remembered.
 */
typedef enum little_kind little_answer_fn(void *arg, struct str request, char **ret_text);
void little_server_ask(struct little_server *s, little_answer_fn *answer, void *arg);

size_t little_server_n(struct little_server *s); /* requests that came */
/* The i-th, head and body; borrowed until the server is freed. */
const char *little_server_request(struct little_server *s, size_t i);

/* A port of the loopback on which nobody listens: bound, so that nobody else gets it, until it is closed. */
int nobody_listens(int *ret_port);

#endif
