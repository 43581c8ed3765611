#ifndef NET_HTTP_H
#define NET_HTTP_H
/*
 * http: one request to a server and its answer (RFC 9110), with time-outs always. Only http and https;
 * redirects are not followed (a token must not be sent elsewhere); proxies from the environment as curl has
 * them. TLS: the system's authorities, or the file named by SSL_CERT_FILE. Not for threads to share one
 * client.
 *
 * There are two of it: http.c over libcurl, which nobody else knows, and http_small.c for the program that is
 * linked statically. The same tests hold for both.
 */
#include "base/buf.h"
#include "net/url.h"

#include <stdatomic.h>

#define HTTP_CONNECT_MS 5000
#define HTTP_TOTAL_MS 15000

struct http_header {
	const char *name, *value;
};

struct http_told { /* a header of the answer that is wanted */
	const char *name;
	struct buf
		value; /* initialised by the caller, whose it is; empty: it did not come, or is over the ceiling */
};

struct http_request {
	const char *method; /* "GET", ... */
	const char *url;
	const char *bearer;       /* token, or NULL; never in an error or a message */
	const char *content_type; /* NULL when there is no body */
	struct str body;
	const struct http_header *headers; /* more of them */
	size_t n_headers;
	int connect_ms, total_ms; /* 0: the defaults above */
	size_t max_answer;        /* bytes; 0: 16 MiB */
	/* Files in PEM; NULL: the authorities of the system, no certificate, a key that is in the certificate's file. In http.c alone. */
	const char *authorities, *certificate, *key;
	struct http_told *told; /* in http.c alone */
	size_t n_told;
};

struct http_answer {
	int status;            /* 100-599 */
	struct buf body;       /* http_answer_done frees */
	int64_t retry_after_s; /* 0: not said */
	int64_t upload_offset; /* the header Upload-Offset; -1: not said, or not a number of bytes */
	int64_t date_s;        /* the header Date, wall seconds; 0: not said. In http.c alone */
	char content_type[100];
};

struct http_client; /* keeps its connection between calls */
struct http_client *http_client_new(void);
void http_client_free(struct http_client *c);
/* When *stop becomes true, whatever is under way ends within a second or so, as ERR_NETWORK. In http.c alone. NULL: nothing is looked at. */
void http_client_watch(struct http_client *c, const atomic_bool *stop);
/*
 * ERR_OK: the server answered, whatever the status. ERR_NETWORK: it did not (could not connect, TLS, cut,
 * time-out), text says which and the host, never the token nor a password in the URL. ERR_TOO_LARGE: the
 * answer.
 */
MUST_CHECK enum err_code http_send(
	struct http_client *c, const struct http_request *r, struct http_answer *ret, struct err *e);
void http_answer_done(struct http_answer *a);
/*
 * After ERR_NETWORK: may any of the last request have got there? False only when it is certain that no connection was made. In http.c alone.
 */
bool http_client_reached(const struct http_client *c);

/* What a long answer brings, a piece at a time. An error ends the request and is returned by it. */
typedef enum err_code http_take_fn(void *arg, struct str bytes, struct err *e);
/*
 * http_send for an answer that is long, or has no end: the body of an answer of the status wanted goes to take as it comes,
 * decompressed, and what that takes its time for is not counted; the body of another is in *ret as ever. total_ms is how long nothing may
 * come, and not a limit for the whole; max_answer does not count what was taken. ERR_NETWORK: also when the answer was cut, in whatever
 * way HTTP tells of it. In http.c alone: what runs on runners reads no logs.
 */
MUST_CHECK enum err_code http_fetch(struct http_client *c, const struct http_request *r, int wanted,
	http_take_fn *take, void *arg, struct http_answer *ret, struct err *e);

/* A body that stands in a file, and how it is sent. */
struct http_upload {
	int fd; /* the caller's; read with pread(2), so that its place does not move */
	int64_t at, bytes;
	int silence_ms; /* how long nothing may move in either direction; 0: HTTP_TOTAL_MS */
	int expect_ms; /* how long "100 Continue" is waited for before the body goes out all the same; 0: 3 s */
	const atomic_bool *stop; /* looked at at least once a second: ERR_UNAVAILABLE. NULL: never */
	/*
	 * Called at least once a second, and when something was sent, with the bytes of the body that went out. Gives the bytes a second that may go out from now
	 * on, 0: as many as do. NULL: no limit.
	 */
	int64_t (*progress)(void *arg, int64_t sent);
	void *arg;
};
/*
 * http_send with the body of a file, of which no more is in memory than a piece: r->body and r->total_ms are not looked at. The head is sent first, with
 * Content-Length and "Expect: 100-continue": an answer that comes then costs no body, and one that comes while the body goes out ends it. ERR_STORAGE: the file could not be
 * read, or is shorter than was said. In http.c alone.
 */
MUST_CHECK enum err_code http_upload(struct http_client *c, const struct http_request *r,
	const struct http_upload *u, struct http_answer *ret, struct err *e);

#endif
