#ifndef TESTS_UNIT_HELP_STEADY_SERVER_H
#define TESTS_UNIT_HELP_STEADY_SERVER_H
/*
 * steady_server: somebody on a free port of the loopback who keeps a connection for one request after another,
 * bare or through TLS, with certificates made on the spot. To every request it says 200 and, as the body, how
 * many bytes the request's body had. Asked to CONNECT it takes the part of the proxy and of the server behind
 * it. One connection at a time.
 */
#include "base/str.h"

struct steady_options {
	const char
		*cert_for; /* "DNS:s.example" or "IP:127.0.0.1": TLS with a certificate for it; NULL: bare */
	bool expired;      /* the certificate is of yesterday */
	bool hangs;        /* the TLS handshake is never answered */
	const char
		*cut_answer; /* said in place of an answer; then the connection ends without TLS's goodbye */
	int leaves_after;   /* the first connection is closed when another request than these many has come */
	bool refuses_early; /* 413 as soon as the head is there; the body is read afterwards, and dropped */
	const char *connect_answer; /* to CONNECT; NULL: 200 */
};

struct steady_server;
/* folder: gets ca.pem, the authority of the certificate, and other.pem, one that has nothing to do with it. */
struct steady_server *steady_server_new(struct steady_options o, const char *folder);
void steady_server_free(struct steady_server *s); /* NULL is fine */
int steady_server_port(const struct steady_server *s);
size_t steady_server_n_connections(struct steady_server *s);
size_t steady_server_n_requests(struct steady_server *s); /* that were read in whole, not CONNECT */
/* The head of the i-th of all, CONNECT too; borrowed until the server is freed. */
const char *steady_server_head(struct steady_server *s, size_t i);

#endif
