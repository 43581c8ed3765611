#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H
/* request: what the transport tells of a request before its body. */
#include "base/str.h"

/* Of the transport: value of a request header by name without case; empty when absent. */
struct header_lookup {
	struct str (*get)(void *arg, const char *name);
	void *arg;
};

struct request_head {                   /* its strings must live until router_free() */
	struct str method, path, query; /* as sent, not decoded; query without "?" */
	struct str peer;                /* address without port, as limits count it */
	bool peer_is_loopback;
	struct header_lookup headers;
	bool has_length, chunked;
	bool bad_framing; /* where the body ends cannot be told for certain: refused */
	uint64_t length;
};

#endif
