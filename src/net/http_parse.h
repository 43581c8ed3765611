#ifndef NET_HTTP_PARSE_H
#define NET_HTTP_PARSE_H
/*
 * http_parse: the bytes of an HTTP/1.1 answer (RFC 9112), fed as they come, become a struct http_answer.
 *
 * http_parse_init, http_parse_feed with every piece until it says other than HTTP_MORE, http_parse_end when
 * the connection has ended before that. The body goes to a->body, whose ceiling is the limit on it. Interim
 * answers (1xx) are passed over. What is behind the answer is left alone: a server that says more than it was
 * asked is not to be kept.
 */
#include "net/http.h"

#define HTTP_HEAD_MAX (64 * 1024) /* bytes of all heads of an answer, interim ones and trailers too */

enum http_parse_state {
	HTTP_MORE,      /* go on */
	HTTP_WHOLE,     /* the answer is there */
	HTTP_CUT,       /* it ended too early */
	HTTP_WRONG,     /* this is no HTTP/1.x */
	HTTP_TOO_LARGE, /* the body is over its ceiling */
};

struct http_parse {
	struct http_answer *answer;
	bool no_body;    /* of HEAD and CONNECT: what the head says of a body is not about this answer */
	bool keep_alive; /* when it is whole: the connection may carry the next request */

	/* its own */
	enum {
		PARSE_STATUS,
		PARSE_HEADERS,
		PARSE_LENGTH,
		PARSE_CHUNK_SIZE,
		PARSE_CHUNK,
		PARSE_CHUNK_END,
		PARSE_TRAILERS,
		PARSE_TO_END,
		PARSE_DONE
	} at;
	struct buf line; /* what has come of the current line */
	size_t n_head;   /* bytes of heads so far */
	int64_t left;    /* bytes of the body or chunk that are still to come */
	int64_t length;  /* Content-Length; -1: not said */
	bool chunked, other_coding;
};

/* a: its body is initialised, the rest zero; borrowed until http_parse_done. */
void http_parse_init(struct http_parse *p, struct http_answer *a, bool no_body);
void http_parse_done(struct http_parse *p);
enum http_parse_state http_parse_feed(struct http_parse *p, struct str bytes);
enum http_parse_state http_parse_end(struct http_parse *p); /* the connection ended */

#endif
