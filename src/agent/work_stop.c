/* work_stop: see the header. */
#include "agent/work_stop.h"

#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static const int ending[] = { SIGTERM, SIGINT, SIGHUP };
static volatile sig_atomic_t heard;
static volatile sig_atomic_t bell = -1;

static void ring(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof one) < 0)
		return; /* it rings already: nothing else can go wrong with it */
}

static void hear(int signal)
{
	int before = errno;

	if (heard)
		_exit(128 + signal);
	heard = 1;
	ring(bell);
	errno = before;
}

static enum err_code watch(const struct work_stop *s, int fd, struct err *e)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(s->either, EPOLL_CTL_ADD, fd, &event) == 0
		       ? ERR_OK
		       : err_errno(e, ERR_UNAVAILABLE, errno, "epoll");
}

static void set_handlers(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
		sigaction(ending[i], &action, NULL);
}

enum err_code work_stop_init(struct work_stop *s, struct err *e)
{
	*s = (struct work_stop){ eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), epoll_create1(EPOLL_CLOEXEC) };
	if (s->signal < 0 || s->lost < 0 || s->either < 0)
		return err_errno(e, ERR_UNAVAILABLE, errno, "no descriptor to be had");
	TRY(watch(s, s->signal, e));
	TRY(watch(s, s->lost, e));
	heard = 0;
	bell = s->signal;
	set_handlers(hear);
	signal(SIGPIPE, SIG_IGN); /* who reads what we say may be started again */
	return ERR_OK;
}

void work_stop_done(struct work_stop *s)
{
	set_handlers(SIG_DFL);
	bell = -1;
	fd_close(&s->either);
	fd_close(&s->lost);
	fd_close(&s->signal);
}

int work_stop_fd(const struct work_stop *s)
{
	return s->either;
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

bool work_stop_is_ending(const struct work_stop *s)
{
	return is_readable(s->signal);
}

bool work_stop_is_lost(const struct work_stop *s)
{
	return is_readable(s->lost);
}

bool work_stop_is_set(const struct work_stop *s)
{
	return is_readable(s->either);
}

void work_stop_lose(const struct work_stop *s)
{
	ring(s->lost);
}

void work_stop_forget(const struct work_stop *s)
{
	uint64_t n;

	if (read(s->lost, &n, sizeof n) < 0)
		return; /* it did not ring */
}

bool work_stop_wait(const struct work_stop *s, int64_t ms)
{
	int64_t until = clock_steady_ms(&clock_system) + ms;
	struct pollfd p = { .fd = s->either, .events = POLLIN };

	for (;;) {
		int64_t left = until - clock_steady_ms(&clock_system);

		if (left <= 0)
			return work_stop_is_set(s);
		if (poll(&p, 1, left < INT_MAX ? (int)left : INT_MAX) > 0)
			return true;
	}
}
