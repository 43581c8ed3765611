/*
 * server: the listeners from their sockets to their end.
 *
 * The one of hosts is started first: when the other says that it listens, both do.
 */
#include "http/mhd.h"

#include "base/diag.h"
#include "base/file.h"
#include "base/metric.h"
#include "http/router.h"
#include "http/sweeper.h"
#include "http/tls_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TOLD_PER_MINUTE 10

/* Who makes connections is not to fill the diag. */
static bool is_told(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards the two below */
	static int64_t until;
	static int n;
	int64_t now = clock_steady_ms(&clock_system);
	bool told;

	pthread_mutex_lock(&lock);
	if (now >= until) {
		until = now + 60000;
		n = 0;
	}
	told = n < TOLD_PER_MINUTE;
	n += told;
	pthread_mutex_unlock(&lock);
	return told;
}

/* The host is told an alert of one word; the story is here, for the keeper of the fleet. */
static void on_refused(int fd, const struct err *why)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof sa;
	char peer[LISTEN_ADDRESS_LEN];

	metric_add(METRIC_CERTIFICATES_REFUSED, 1);
	getpeername(fd, (struct sockaddr *)&sa, &len);
	peer_text((const struct sockaddr *)&sa, peer);
	diag(is_told() ? DIAG_WARNING : DIAG_DEBUG, "a host at %s is refused: %s", peer, why->text);
}

static enum err_code start_fleet(struct server *s, const struct server_options *o, struct err *e)
{
	struct listener *l = &s->listeners[LISTENER_FLEET];
	AUTO_TLS_FILES files = { 0 };

	TRY(tls_files_read(o->tls, &files, e));
	TRY(listen_open("fleet.listen", o->tls->listen, &l->fd, l->address, &l->port, e));
	tls_peer_tell(on_refused);
	return mhd_start(l, o, &files, e);
}

static enum err_code start(struct server *s, const struct server_options *o, struct err *e)
{
	struct listener *all = &s->listeners[LISTENER_ALL];
	struct sweeper_options sweep = {
		.clock = s->app->clock,
		.header_ms = 1000 * (int64_t)(o->header_timeout_s ? o->header_timeout_s : 10),
		.body_ms = 1000 * (int64_t)(o->body_timeout_s ? o->body_timeout_s : 60),
	};

	TRY(listen_open("server.listen", o->listen, &all->fd, all->address, &all->port, e));
	s->silent_fd = eventfd(0, EFD_CLOEXEC);
	if (s->silent_fd < 0)
		return err_errno(e, ERR_INTERNAL, errno, "eventfd");
	TRY(router_init(&router_api, e));
	s->has_router = true;
	TRY(sweeper_start(&sweep, &s->sweeper, e));
	if (o->tls)
		TRY(start_fleet(s, o, e));
	return mhd_start(all, o, NULL, e);
}

enum err_code server_start(
	const struct server_options *o, struct app *app, struct server **ret, struct err *e)
{
	struct server *s = mem_alloc(sizeof *s);
	enum err_code code;

	s->app = app;
	for (size_t i = 0; i < LISTENERS; i++)
		s->listeners[i] = (struct listener){ .server = s, .fd = -1, .is_fleet = i == LISTENER_FLEET };
	s->silent_fd = -1;
	tally_init(&s->tally);
	pthread_mutex_init(&s->lock, NULL);
	code = start(s, o, e);
	if (code != ERR_OK)
		server_stop(s);
	else
		*ret = s;
	return code;
}

int server_port(const struct server *s)
{
	return s->listeners[LISTENER_ALL].port;
}

const char *server_address(const struct server *s)
{
	return s->listeners[LISTENER_ALL].address;
}

int server_tls_port(const struct server *s)
{
	return s->listeners[LISTENER_FLEET].port;
}

const char *server_tls_address(const struct server *s)
{
	return s->listeners[LISTENER_FLEET].address;
}

/*
 * Nobody listens any more, and no worker hears of it: in the place of the socket is now a descriptor on which nothing ever happens.
 * MHD_quiesce_daemon() is for this, but both it and the workers take the socket out of their epoll sets, and whichever
 * comes second aborts the program (0.9.75).
 */
static void stop_accepting(struct server *s)
{
	for (struct listener *l = s->listeners; l < s->listeners + LISTENERS; l++)
		if (l->daemon && !l->refusing)
			l->refusing = dup3(s->silent_fd, l->fd, O_CLOEXEC) >= 0;
}

void server_drain(struct server *s, int seconds)
{
	stop_accepting(s);
	mhd_end_sources(s);
	tally_drain(&s->tally, seconds);
}

/* The library must not be stopped while a connection is suspended: those are waited for. The writer tells
 * each in the end. */
void server_stop(struct server *s)
{
	if (!s)
		return;
	stop_accepting(s);
	tally_stop(&s->tally);
	mhd_end_sources(s);
	for (struct listener *l = s->listeners; l < s->listeners + LISTENERS; l++)
		if (l->daemon)
			mhd_stop(l);
		else
			fd_close(&l->fd);
	fd_close(&s->silent_fd);
	sweeper_stop(s->sweeper);
	tally_done(&s->tally);
	if (s->has_router)
		router_done(&router_api);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
