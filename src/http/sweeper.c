/*
 * sweeper: one thread, one pass a second over a list, and the lingering connections in between.
 *
 * TCP_INFO's count of received bytes tells idle from dripping: an idle connection's does not move; its count of
 * acknowledged bytes tells a reader that is slow from one that holds a place. A thousand
 * getsockopt calls a second are half a millisecond. Where the kernel does not tell, a connection counts as in
 * its headers from the start.
 *
 * Only shutdown() is called on a connection: its worker then sees the end and closes it, as if the peer had
 * gone.
 */
#include "http/sweeper.h"

#include "base/arena.h"
#include "base/metric.h"
#include "http/linger.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define TICK_MS 1000
#define REPLY_STEP (1024 * 1024) /* bytes of a reply that a peer must take in its time */

struct sweeper {
	struct sweeper_options o;
	struct linger_list *linger;
	pthread_t thread;
	int wake; /* eventfd: stop, or a new guest */
	atomic_bool stop;
	pthread_mutex_t lock; /* guards the list and the sweeper's part of each watch */
	struct watch *first;
	int64_t last, lived; /* steady ms of the latest pass; ms in which passes were made */
};

/* Bytes that the kernel has seen from the peer, and those of ours that the peer has acknowledged. */
static bool counted(int fd, uint64_t *ret_received, uint64_t *ret_taken)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof info;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
		len < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
		return false;
	*ret_received = info.tcpi_bytes_received;
	*ret_taken = info.tcpi_bytes_acked;
	return true;
}

static void first_sight(struct watch *w, unsigned state, int64_t now)
{
	bool unused = state == WATCH_IDLE; /* no change counted: nothing but this can have arrived */
	uint64_t in = 0, taken = 0;
	bool known = counted(w->fd, &in, &taken);

	w->seen = state;
	w->since = now;
	w->in_headers = (state & 3) == WATCH_IDLE && !unused && !known;
	w->base = (state & 3) == WATCH_REPLY ? taken : unused ? 0 : in;
}

/* Has the peer taken the next piece of the reply? Then its time begins again. */
static bool goes_on(struct watch *w, int64_t now)
{
	uint64_t in, taken;

	if (!counted(w->fd, &in, &taken) || taken - w->base < REPLY_STEP)
		return false;
	w->base = taken;
	w->since = now;
	return true;
}

static bool is_over(const struct sweeper *s, struct watch *w, int64_t now)
{
	uint64_t in, taken;

	switch ((enum watch_phase)(w->seen & 3)) {
	case WATCH_IDLE:
		if (!w->in_headers && (!counted(w->fd, &in, &taken) || in != w->base)) {
			w->in_headers = true;
			w->since = now;
		}
		return w->in_headers && now - w->since > s->o.header_ms;
	case WATCH_BODY:
		return now - w->since > s->o.body_ms;
	case WATCH_REPLY:
		return now - w->since > s->o.body_ms && !goes_on(w, now);
	case WATCH_BUSY:
		break;
	}
	return false;
}

/*
 * The time that connections are judged by. A machine that slept or a process that was stopped has let nobody
 * send: of a time without passes only one tick counts.
 */
static int64_t advance(struct sweeper *s, int64_t steady)
{
	int64_t passed = steady - s->last;

	s->last = steady;
	s->lived += passed <= 2 * TICK_MS ? passed : TICK_MS;
	return s->lived;
}

void sweeper_pass(struct sweeper *s)
{
	int64_t now;

	pthread_mutex_lock(&s->lock);
	now = advance(s, clock_steady_ms(s->o.clock));
	for (struct watch *w = s->first; w; w = w->next) {
		unsigned state = atomic_load_explicit(&w->state, memory_order_relaxed);

		if (state != w->seen)
			first_sight(w, state, now);
		if (is_over(s, w, now)) {
			shutdown(w->fd, SHUT_RDWR);
			metric_add(METRIC_HTTP_CUT, 1);
			w->since = now; /* it will be gone by then */
		}
	}
	pthread_mutex_unlock(&s->lock);
}

static void *run(void *arg)
{
	struct sweeper *s = arg;
	struct pollfd fds[LINGER_MAX + 1];
	int64_t next = 0, now;
	uint64_t n_wakes;
	size_t n;

	while (!atomic_load(&s->stop)) {
		now = clock_steady_ms(s->o.clock);
		if (now >= next) {
			sweeper_pass(s);
			next = now + TICK_MS;
		}
		linger_drain(s->linger, now);
		fds[0] = (struct pollfd){ .fd = s->wake, .events = POLLIN };
		n = linger_poll(s->linger, fds + 1);
		poll(fds, n + 1, TICK_MS);
		if (fds[0].revents && read(s->wake, &n_wakes, sizeof n_wakes) < 0)
			continue; /* somebody else's wake was taken: fine */
	}
	return NULL;
}

enum err_code sweeper_start(const struct sweeper_options *o, struct sweeper **ret, struct err *e)
{
	struct sweeper *s = mem_alloc(sizeof *s);
	int failed;

	s->o = *o;
	s->last = clock_steady_ms(o->clock);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->linger = linger_new();
	pthread_mutex_init(&s->lock, NULL);
	failed = s->wake < 0 ? -1 : pthread_create(&s->thread, NULL, run, s);
	if (failed) {
		if (s->wake >= 0)
			close(s->wake);
		linger_free(s->linger);
		pthread_mutex_destroy(&s->lock);
		free(s);
		return err_set(e, ERR_INTERNAL, "the thread that cuts slow connections cannot be started");
	}
	*ret = s;
	return ERR_OK;
}

static void wake(struct sweeper *s)
{
	uint64_t one = 1;

	if (write(s->wake, &one, sizeof one) < 0)
		return; /* the counter is full: it is awake */
}

void sweeper_stop(struct sweeper *s)
{
	if (!s)
		return;
	atomic_store(&s->stop, true);
	wake(s);
	pthread_join(s->thread, NULL);
	linger_free(s->linger);
	close(s->wake);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void sweeper_watch(struct sweeper *s, struct watch *w, int fd)
{
	w->fd = fd;
	w->seen = UINT32_MAX; /* not yet */
	w->prev = NULL;
	atomic_init(&w->state, WATCH_IDLE);
	pthread_mutex_lock(&s->lock);
	w->next = s->first;
	if (s->first)
		s->first->prev = w;
	s->first = w;
	pthread_mutex_unlock(&s->lock);
}

void sweeper_forget(struct sweeper *s, struct watch *w, bool linger)
{
	int copy = -1;

	pthread_mutex_lock(&s->lock);
	if (w->prev)
		w->prev->next = w->next;
	else
		s->first = w->next;
	if (w->next)
		w->next->prev = w->prev;
	pthread_mutex_unlock(&s->lock);
	if (linger)
		copy = fcntl(w->fd, F_DUPFD_CLOEXEC, 0);
	if (copy >= 0) {
		linger_add(s->linger, copy, clock_steady_ms(s->o.clock));
		wake(s);
	}
}
