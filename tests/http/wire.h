#ifndef TESTS_HTTP_WIRE_H
#define TESTS_HTTP_WIRE_H
/* wire: a client that says exactly the bytes it is told, and a server to say them to. */
#include "http/server.h"
#include "tests/http/fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 30

static struct server *server;

/* Connections are cut by a clock that runs. Said before there is a thread. */
static int wire_up(void **state)
{
	fixture_time_runs = true;
	return fixture_up(state);
}

static void serve(struct server_options o)
{
	struct err e;

	o.listen = o.listen ? o.listen : "127.0.0.1:0";
	if (server_start(&o, &fx.app, &server, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static int stop_serving(void **state)
{
	(void)state;
	if (server)
		server_stop(server);
	server = NULL;
	return 0;
}

static int dial(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)server_port(server)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* False: the peer does not take it any more. */
static bool say_bytes(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool say(int fd, const char *text)
{
	return say_bytes(fd, text, strlen(text));
}

struct heard {
	int status; /* 0: the connection ended before an answer; -1: it was reset */
	char head[4096];
	char body[100 * 1024];
	size_t body_len;
};

/* One byte at a time where the end is not known: what belongs to the next answer stays in the socket. */
static bool hear_head(int fd, struct heard *h)
{
	size_t n = 0;
	ssize_t got;

	while (n + 1 < sizeof h->head) {
		got = recv(fd, h->head + n, 1, 0);
		if (got <= 0) {
			h->status = got < 0 ? -1 : 0;
			return false;
		}
		h->head[++n] = '\0';
		if (n >= 4 && strcmp(h->head + n - 4, "\r\n\r\n") == 0)
			return sscanf(h->head, "HTTP/1.1 %d", &h->status) == 1;
	}
	return false;
}

static const char *said(const struct heard *h, const char *name)
{
	static char value[300];
	size_t len = strlen(name);

	for (const char *p = strstr(h->head, "\r\n"); p && p[2]; p = strstr(p + 2, "\r\n"))
		if (strncasecmp(p + 2, name, len) == 0 && p[2 + len] == ':') {
			snprintf(value, sizeof value, "%.*s", (int)strcspn(p + 4 + len, "\r"), p + 4 + len);
			return value;
		}
	return "";
}

static const struct heard *hear_of(int fd, bool body)
{
	static struct heard h;
	size_t want, n = 0;

	h = (struct heard){ 0 };
	if (!hear_head(fd, &h))
		return &h;
	want = body ? (size_t)atoi(said(&h, "Content-Length")) : 0;
	assert_true(want < sizeof h.body);
	while (n < want) {
		ssize_t got = recv(fd, h.body + n, want - n, 0);

		if (got <= 0) {
			h.status = got < 0 ? -1 : 0;
			return &h;
		}
		n += (size_t)got;
	}
	h.body_len = n;
	return &h;
}

static const struct heard *hear(int fd)
{
	return hear_of(fd, true);
}

/* Does the connection end (and not by a reset)? Waits for it. */
static bool has_ended(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) == 0;
}

/* The connection ends, somehow, within the patience. */
__attribute__((unused)) static bool is_gone(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char c;

	return poll(&p, 1, PATIENCE_S * 1000) == 1 && recv(fd, &c, 1, 0) <= 0;
}

#define POST_LINE "POST /internal/ci-log HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
#define POST_HEAD POST_LINE "Authorization: Bearer " INTERNAL "\r\n"

__attribute__((unused)) static void say_post(int fd, const char *step)
{
	char body[400], head[100];

	snprintf(body, sizeof body,
		"{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
		"\",\"run_id\":7,\"step_name\":\"%s\",\"log_tail\":\"boom\\n\"}",
		step);
	snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n", strlen(body));
	assert_true(say(fd, POST_HEAD) && say(fd, head) && say(fd, body));
}

#endif
