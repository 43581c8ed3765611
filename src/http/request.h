#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H
/* request: what the transport tells of a request before its body. */
#include "base/str.h"

/* Of the transport: value of a request header by name without case; empty when absent. */
struct header_lookup {
	struct str (*get)(void *arg, const char *name);
	/* Of a header that came several times, the one that came i-th from the end (0: the last). False: there are not so many. NULL: get has the only one. */
	bool (*from_end)(void *arg, const char *name, size_t i, struct str *ret);
	void *arg;
};

struct request_head {                   /* its strings must live until router_free() */
	struct str method, path, query; /* as sent, not decoded; query without "?" */
	struct str peer;                /* address without port */
	bool peer_is_loopback;
	bool is_fleet;       /* it came to the listener of hosts */
	struct str tls_host; /* there: who the certificate says it is; empty: nobody */
	struct header_lookup headers;
	bool has_length, chunked;
	bool bad_framing; /* where the body ends cannot be told for certain: refused */
	uint64_t length;
};

#endif
