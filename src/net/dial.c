/*
 * dial: look a name up, race the addresses.
 *
 * getaddrinfo() has no time-out, and a name server that does not answer holds it for half a minute. So it runs
 * on a thread of its own; whoever is tired of waiting leaves, and the thread lets go of what both shared when
 * it comes back. Addresses need no look-up and no thread.
 *
 * In a static program getaddrinfo() would load the modules that /etc/nsswitch.conf names, of whatever libc the
 * machine has, into ours. Those that we need, files and DNS, are built in; so the file is overruled and names
 * are looked for in /etc/hosts and over DNS.
 */
#include "net/dial.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nss.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define ADDRESSES_MAX 8
#define NEXT_AFTER_MS 250 /* RFC 8305, 5 */

struct lookup {               /* shared by who asks and the thread that looks */
	pthread_mutex_t lock; /* guards what is below */
	pthread_cond_t done;
	int n_users; /* the last one frees */
	bool is_done;
	int result; /* of getaddrinfo */
	struct addrinfo *list;

	struct addrinfo hints; /* not changed while the thread runs */
	char *host, port[6];
};

static void lookup_put(struct lookup *l)
{
	bool is_last;

	pthread_mutex_lock(&l->lock);
	is_last = --l->n_users == 0;
	pthread_mutex_unlock(&l->lock);
	if (!is_last)
		return;
	if (l->list)
		freeaddrinfo(l->list);
	pthread_cond_destroy(&l->done);
	pthread_mutex_destroy(&l->lock);
	free(l->host);
	free(l);
}

static struct lookup *lookup_new(struct str host, int port)
{
	struct lookup *l = mem_alloc(sizeof *l);
	pthread_condattr_t attr;

	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->done, &attr);
	pthread_condattr_destroy(&attr);
	l->hints =
		(struct addrinfo){ .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	l->host = mem_dup(host);
	l->n_users = 1;
	snprintf(l->port, sizeof l->port, "%d", port);
	return l;
}

static void *look(void *arg)
{
	struct lookup *l = arg;
	struct addrinfo *list = NULL;
	int result = getaddrinfo(l->host, l->port, &l->hints, &list);

	pthread_mutex_lock(&l->lock);
	l->result = result;
	l->list = result == 0 ? list : NULL;
	l->is_done = true;
	pthread_cond_signal(&l->done);
	pthread_mutex_unlock(&l->lock);
	lookup_put(l);
	return NULL;
}

/* The thread is to see no signal: they are for those of the program. */
static bool start_thread(struct lookup *l)
{
	sigset_t all, before;
	pthread_t thread;
	bool started;

	l->n_users++;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&thread, NULL, look, l) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (started)
		pthread_detach(thread);
	else
		l->n_users--;
	return started;
}

static bool wait_done(struct lookup *l, int64_t until)
{
	struct timespec ts = { .tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000 };
	bool done;

	pthread_mutex_lock(&l->lock);
	while (!l->is_done && pthread_cond_timedwait(&l->done, &l->lock, &ts) != ETIMEDOUT)
		;
	done = l->is_done;
	pthread_mutex_unlock(&l->lock);
	return done;
}

static pthread_once_t configured = PTHREAD_ONCE_INIT;

static void configure(void)
{
	__nss_configure_lookup("hosts", "files dns");
}

static enum err_code look_up(struct lookup *l, int64_t until, struct err *e)
{
	if (getaddrinfo(l->host, l->port, &l->hints, &l->list) == 0)
		return ERR_OK;
	l->hints.ai_flags = AI_NUMERICSERV;
	pthread_once(&configured, configure);
	if (!start_thread(l))
		return err_set(e, ERR_NETWORK, "no thread can be made to look up its address");
	if (!wait_done(l, until))
		return err_set(e, ERR_NETWORK, "timed out looking up its address");
	if (l->result != 0)
		return err_set(e, ERR_NETWORK, "its address is not found: %s", gai_strerror(l->result));
	return ERR_OK;
}

/* --- the race */

struct race {
	const struct addrinfo *order[ADDRESSES_MAX];
	size_t n, next; /* how many; which is to be tried next */
	struct pollfd open[ADDRESSES_MAX];
	size_t n_open;
	int last_errno;
};

/* Families in turns, beginning with the one that the system would take: if one of them leads nowhere, the
 * second try is the other. */
static void order_addresses(struct race *r, const struct addrinfo *list)
{
	const struct addrinfo *own = list, *other = list;

	while (r->n < ADDRESSES_MAX && (own || other)) {
		while (own && own->ai_family != list->ai_family)
			own = own->ai_next;
		if (own) {
			r->order[r->n++] = own;
			own = own->ai_next;
		}
		while (other && other->ai_family == list->ai_family)
			other = other->ai_next;
		if (other && r->n < ADDRESSES_MAX) {
			r->order[r->n++] = other;
			other = other->ai_next;
		}
	}
}

static void try_next(struct race *r)
{
	const struct addrinfo *a = r->order[r->next++];
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && (connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)) {
		r->open[r->n_open++] = (struct pollfd){ .fd = fd, .events = POLLOUT };
		return;
	}
	r->last_errno = errno;
	fd_close(&fd);
}

/* One of those that poll has found: connected, or failed and given up. */
static bool is_winner(struct race *r, size_t i)
{
	int error = 0;
	socklen_t len = sizeof error;

	getsockopt(r->open[i].fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error == 0)
		return true;
	r->last_errno = error;
	fd_close(&r->open[i].fd);
	r->open[i] = r->open[--r->n_open];
	return false;
}

static int winner(struct race *r)
{
	for (size_t i = r->n_open; i-- > 0;)
		if (r->open[i].revents && is_winner(r, i)) {
			int fd = r->open[i].fd;

			r->open[i] = r->open[--r->n_open];
			return fd;
		}
	return -1;
}

static int min_ms(int64_t a, int64_t b)
{
	int64_t least = a < b ? a : b;

	return least < 0 ? 0 : least < 60000 ? (int)least : 60000;
}

static enum err_code run_race(struct race *r, int64_t until, int *ret_fd, struct err *e)
{
	int64_t next_at = 0;
	int fd = -1;

	while (fd < 0) {
		int64_t now = clock_steady_ms(&clock_system);

		if (now >= until)
			return err_set(e, ERR_NETWORK, "timed out connecting");
		if (r->next < r->n && (r->n_open == 0 || now >= next_at)) {
			try_next(r);
			next_at = now + NEXT_AFTER_MS;
			continue;
		}
		if (r->n_open == 0)
			return err_errno(e, ERR_NETWORK, r->last_errno, "cannot connect");
		if (poll(r->open, r->n_open,
			    min_ms(until - now, r->next < r->n ? next_at - now : until - now)) > 0)
			fd = winner(r);
	}
	*ret_fd = fd;
	return ERR_OK;
}

enum err_code dial(struct str host, int port, int64_t until, int *ret_fd, struct err *e)
{
	struct lookup *l = lookup_new(host, port);
	enum err_code code = look_up(l, until, e);
	struct race r = { 0 };
	int on = 1, fd = -1;

	if (code == ERR_OK) {
		order_addresses(&r, l->list);
		code = run_race(&r, until, &fd, e);
	}
	for (size_t i = 0; i < r.n_open; i++)
		fd_close(&r.open[i].fd);
	lookup_put(l);
	if (code != ERR_OK)
		return code;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a head and its body are two writes */
	*ret_fd = fd;
	return ERR_OK;
}
