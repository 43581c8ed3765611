/* wire: what is common to bare connections and those with TLS: one descriptor, and the waiting on it. */
#include "net/wire.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/tls.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

void wire_close(struct wire *w)
{
	tls_free(w->tls);
	w->tls = NULL;
	fd_close(&w->fd);
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

enum wire_state wire_fd_read(int fd, void *p, size_t n, size_t *ret_n)
{
	ssize_t got;

	do
		got = recv(fd, p, n, MSG_DONTWAIT);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return would_block() ? WIRE_WANTS_READ : WIRE_BROKEN;
	*ret_n = (size_t)got;
	return got > 0 ? WIRE_OK : WIRE_END;
}

enum wire_state wire_fd_write(int fd, const void *p, size_t n, size_t *ret_n)
{
	ssize_t put;

	do
		put = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	if (put < 0)
		return would_block() ? WIRE_WANTS_WRITE : WIRE_BROKEN;
	*ret_n = (size_t)put;
	return WIRE_OK;
}

enum wire_state wire_read(struct wire *w, void *p, size_t n, size_t *ret_n)
{
	return w->tls ? tls_read(w->tls, p, n, ret_n) : wire_fd_read(w->fd, p, n, ret_n);
}

enum wire_state wire_write(struct wire *w, const void *p, size_t n, size_t *ret_n)
{
	return w->tls ? tls_write(w->tls, p, n, ret_n) : wire_fd_write(w->fd, p, n, ret_n);
}

bool wire_wait(const struct wire *w, enum wire_state wants, bool also_read, int64_t until)
{
	struct pollfd p = { .fd = w->fd };

	if (wants == WIRE_WANTS_WRITE)
		p.events |= POLLOUT;
	if (wants == WIRE_WANTS_READ || also_read)
		p.events |= POLLIN;
	for (;;) {
		int64_t left = until - clock_steady_ms(&clock_system);

		if (left <= 0)
			return false;
		if (poll(&p, 1, left < 60000 ? (int)left : 60000) > 0)
			return true;
	}
}

bool wire_is_quiet(const struct wire *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };

	return w->fd >= 0 && poll(&p, 1, 0) == 0;
}
