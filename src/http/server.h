#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H
/*
 * server: the listener, and if it is asked for a second one, with TLS, for hosts that show a certificate. mhd.c and mhd_head.c know libmicrohttpd, and nobody else.
 *
 * Both have the same app, the same sweeper and the same end; each has threads and places for connections of its own.
 */
#include "http/call.h"
#include "http/tls_files.h"

struct server_options {
	const char *listen;           /* "127.0.0.1:4500", "[::1]:0", "0.0.0.0:80"; port 0: any */
	unsigned n_threads;           /* 0: as many as there are processors, 2 at least */
	unsigned max_connections;     /* 0: 4096, or what the limit on descriptors allows */
	int header_timeout_s;         /* for the whole of the headers, however they drip; 0: 10 */
	int body_timeout_s;           /* for the whole of a body; 0: 60 */
	int idle_timeout_s;           /* keep-alive; 0: 60 */
	const struct server_tls *tls; /* the listener of hosts; NULL: there is none */
};

struct server;
/* One at a time in a process. What the options point to is not needed any more when it is started. */
MUST_CHECK enum err_code server_start(
	const struct server_options *o, struct app *app, struct server **ret, struct err *e);
int server_port(const struct server *s);
const char *server_address(const struct server *s); /* "127.0.0.1:41234" */
/* Of the listener of hosts; 0 and "" when there is none. */
int server_tls_port(const struct server *s);
const char *server_tls_address(const struct server *s);
void server_drain(struct server *s, int seconds); /* no new connections; those under way are answered */
void server_stop(struct server *s);

#endif
