/* little_server: a thread, a list of answers, a list of requests. */
#include "tests/test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "tests/unit/help/little_server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWERS_MAX 100
#define REQUESTS_MAX 200
#define REQUEST_MAX (1024 * 1024)

struct little_server {
	int fd, port;
	bool over;
	int with; /* the connection that is being served, or -1 */
	char url[60];
	pthread_t thread;
	pthread_mutex_t lock; /* over, with, and all below */
	struct {
		enum little_kind kind;
		const char *text;
	} answers[ANSWERS_MAX];
	size_t n_answers;
	little_answer_fn *ask;
	void *ask_arg;
	struct buf requests[REQUESTS_MAX];
	size_t n_requests;
	struct arena arena;
};

static size_t body_len(const char *head)
{
	const char *at = strcasestr(head, "\r\nContent-Length:");

	return at ? strtoul(at + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

static bool is_whole(const struct buf *request)
{
	const char *end = strstr(buf_cstr(request), "\r\n\r\n");

	return end && request->len >= (size_t)(end + 4 - request->p) + body_len(request->p);
}

static void read_request(int fd, struct buf *out)
{
	char piece[4096];
	ssize_t n;

	buf_init(out, REQUEST_MAX);
	while (!is_whole(out) && (n = recv(fd, piece, sizeof piece, 0)) > 0)
		buf_add(out, piece, (size_t)n);
}

static bool send_all(int fd, const char *text)
{
	for (size_t len = strlen(text); len > 0;) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static void answer(int fd, enum little_kind kind, const char *text)
{
	char byte;

	if (kind == LITTLE_BYTES)
		send_all(fd, text);
	else if (kind == LITTLE_ENDLESS)
		while (send_all(fd, text))
			;
	/* A close with something unread would be a reset, and what was said be lost. */
	if (kind != LITTLE_SILENCE)
		shutdown(fd, SHUT_WR);
	while (recv(fd, &byte, 1, 0) > 0)
		;
}

static void ask(int fd, little_answer_fn *fn, void *arg, struct buf *request)
{
	char *text = NULL;
	enum little_kind kind = fn(arg, buf_view(request), &text);

	answer(fd, kind, text ? text : "");
	free(text);
	buf_done(request);
}

/* False: the server is to end. */
static bool set_with(struct little_server *s, int fd)
{
	bool goes_on;

	pthread_mutex_lock(&s->lock);
	s->with = fd;
	goes_on = !s->over;
	pthread_mutex_unlock(&s->lock);
	return goes_on;
}

static void *serve(void *arg)
{
	struct little_server *s = arg;

	for (;;) {
		AUTO_FD fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
		enum little_kind kind = LITTLE_BYTES;
		const char *text = "";
		struct buf request;
		size_t n;

		if (fd < 0 || !set_with(s, fd))
			return NULL;
		read_request(fd, &request);
		pthread_mutex_lock(&s->lock);
		if (s->ask) {
			little_answer_fn *fn = s->ask;
			void *fn_arg = s->ask_arg;

			pthread_mutex_unlock(&s->lock);
			ask(fd, fn, fn_arg, &request);
			set_with(s, -1);
			continue;
		}
		if (s->n_requests == REQUESTS_MAX)
			abort(); /* cmocka's assertions are not for threads */
		n = s->n_requests++;
		s->requests[n] = request;
		if (s->n_answers > 0) {
			size_t which = n < s->n_answers ? n : s->n_answers - 1;

			kind = s->answers[which].kind;
			text = s->answers[which].text;
		}
		pthread_mutex_unlock(&s->lock);
		answer(fd, kind, text);
		set_with(s, -1);
	}
}

/* A socket bound to a free port of the loopback. */
static int bound(int *ret_port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	*ret_port = ntohs(sa.sin_port);
	return fd;
}

int nobody_listens(int *ret_port)
{
	return bound(ret_port);
}

struct little_server *little_server_new(void)
{
	struct little_server *s = mem_alloc(sizeof *s);

	arena_init(&s->arena);
	pthread_mutex_init(&s->lock, NULL);
	s->fd = bound(&s->port);
	s->with = -1;
	assert_int_equal(listen(s->fd, 10), 0);
	snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", s->port);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
	return s;
}

void little_server_free(struct little_server *s)
{
	if (!s)
		return;
	shutdown(s->fd, SHUT_RDWR); /* wakes accept(2) */
	pthread_mutex_lock(&s->lock);
	s->over = true;
	if (s->with >= 0)
		shutdown(s->with, SHUT_RDWR); /* and whoever hangs */
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	close(s->fd);
	for (size_t i = 0; i < s->n_requests; i++)
		buf_done(&s->requests[i]);
	pthread_mutex_destroy(&s->lock);
	arena_done(&s->arena);
	free(s);
}

const char *little_server_url(const struct little_server *s)
{
	return s->url;
}

int little_server_port(const struct little_server *s)
{
	return s->port;
}

void little_server_say(struct little_server *s, enum little_kind kind, const char *text)
{
	pthread_mutex_lock(&s->lock);
	assert_true(s->n_answers < ANSWERS_MAX);
	s->answers[s->n_answers].kind = kind;
	s->answers[s->n_answers].text = arena_cstr(&s->arena, str_z(text));
	s->n_answers++;
	pthread_mutex_unlock(&s->lock);
}

void little_server_ask(struct little_server *s, little_answer_fn *fn, void *arg)
{
	pthread_mutex_lock(&s->lock);
	s->ask = fn;
	s->ask_arg = arg;
	pthread_mutex_unlock(&s->lock);
}

void little_server_status(struct little_server *s, int status, const char *body)
{
	AUTO_BUF text;

	buf_init(&text, REQUEST_MAX);
	buf_fmt(&text, "HTTP/1.1 %d Status\r\nConnection: close\r\n", status);
	if (status != 204)
		buf_fmt(&text, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
	buf_fmt(&text, "\r\n%s", body);
	little_server_say(s, LITTLE_BYTES, buf_cstr(&text));
}

size_t little_server_n(struct little_server *s)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = s->n_requests;
	pthread_mutex_unlock(&s->lock);
	return n;
}

const char *little_server_request(struct little_server *s, size_t i)
{
	const char *text;

	pthread_mutex_lock(&s->lock);
	assert_true(i < s->n_requests);
	text = buf_cstr(&s->requests[i]);
	pthread_mutex_unlock(&s->lock);
	return text;
}
