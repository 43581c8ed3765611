/* linger: a small array under a lock. */
#include "http/linger.h"

#include "base/arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct guest {
	int fd;
	int64_t until;
	size_t left; /* bytes that are still taken */
};

struct linger_list {
	pthread_mutex_t lock;            /* guards all below */
	struct guest guests[LINGER_MAX]; /* oldest first */
	size_t n;
};

struct linger_list *linger_new(void)
{
	struct linger_list *l = mem_alloc(sizeof *l);

	pthread_mutex_init(&l->lock, NULL);
	return l;
}

static void drop(struct linger_list *l, size_t i)
{
	close(l->guests[i].fd);
	memmove(&l->guests[i], &l->guests[i + 1], (l->n - i - 1) * sizeof l->guests[0]);
	l->n--;
}

void linger_free(struct linger_list *l)
{
	if (!l)
		return;
	while (l->n > 0)
		drop(l, l->n - 1);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

void linger_add(struct linger_list *l, int fd, int64_t now_ms)
{
	pthread_mutex_lock(&l->lock);
	if (l->n == LINGER_MAX)
		drop(l, 0);
	l->guests[l->n++] = (struct guest){ .fd = fd, .until = now_ms + LINGER_MS, .left = LINGER_BYTES };
	pthread_mutex_unlock(&l->lock);
}

size_t linger_poll(struct linger_list *l, struct pollfd *fds)
{
	size_t n;

	pthread_mutex_lock(&l->lock);
	n = l->n;
	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){ .fd = l->guests[i].fd, .events = POLLIN };
	pthread_mutex_unlock(&l->lock);
	return n;
}

/* False: the peer has closed, or is over its bounds. */
static bool drain(struct guest *g, int64_t now)
{
	static char sink[16 * 1024]; /* of the thread that drains; nobody reads it */
	ssize_t n;

	if (now >= g->until)
		return false;
	while (g->left > 0) {
		n = recv(g->fd, sink, sizeof sink, MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		g->left -= (size_t)n < g->left ? (size_t)n : g->left;
	}
	return false;
}

void linger_drain(struct linger_list *l, int64_t now_ms)
{
	pthread_mutex_lock(&l->lock);
	for (size_t i = l->n; i-- > 0;)
		if (!drain(&l->guests[i], now_ms))
			drop(l, i);
	pthread_mutex_unlock(&l->lock);
}
