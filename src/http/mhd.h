#ifndef HTTP_MHD_H
#define HTTP_MHD_H
/*
 * mhd: what server.c, which starts and ends listeners, and mhd.c, which serves what comes to them, share.
 *
 * A listener's socket is opened by server.c; from mhd_start() on it is the library's, which closes it in mhd_stop().
 */
#include "http/listen.h"
#include "http/server.h"
#include "http/tally.h"
#include <pthread.h>
#include <stdatomic.h>

struct MHD_Daemon;
struct sweeper;
struct request;

struct listener {
	struct server *server;
	struct MHD_Daemon *daemon;
	bool is_fleet; /* with TLS, for hosts */
	char address[LISTEN_ADDRESS_LEN];
	int port;
	int fd;        /* the library closes it, once it is started; -1: not open */
	bool refusing; /* the silent descriptor has taken its place */
};

enum { LISTENER_ALL, LISTENER_FLEET, LISTENERS };

struct server {
	struct listener listeners[LISTENERS];
	struct app *app;
	struct sweeper *sweeper;
	int silent_fd;   /* takes the place of what listens when the server drains */
	bool has_router; /* its patterns are ours to free */
	atomic_bool draining;
	struct tally tally;
	pthread_mutex_t lock;    /* guards the list */
	struct request *sources; /* those whose reply is read while it is sent */
};

/* files: NULL: without TLS. ERR_INTERNAL: no memory, threads or descriptors; the socket may be closed then. */
MUST_CHECK enum err_code mhd_start(
	struct listener *l, const struct server_options *o, const struct tls_files *files, struct err *e);
void mhd_stop(struct listener *l); /* a listener that is started; no connection of it may be suspended */
/* Replies that are read while they are sent and have nothing to say end; whoever comes later sees that the server drains. */
void mhd_end_sources(struct server *s);

#endif
