/*
 * load: posts from many runners at once, over HTTP/1.1 keep-alive connections, from one thread with epoll.
 *
 *	load --port P --token T [--clients 128] [--seconds 3] [--warm 0.5] [--first N]
 *
 * Each connection has one request under way; when its answer is there it sends the next. What can be made
 * before is made before: the text of a post is one of WORK_TEXTS that lie ready as JSON, and only some 500
 * bytes in front of it are printed anew, so that the generator takes as little as can be of the two cores that
 * it shares with the server. Time runs from the send to the last byte of the answer.
 * --first: number of the first post, a multiple of the number of clients: another run against the same server
 * begins far from where this one did. Prints one line: posts=, rate= (a second), p50_us=, p99_us=, max_us=. An
 * answer that is not 204 ends it with exit code 1.
 */
#include "work.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 2048
#define ANSWER_MAX 4096

struct options {
	int port;
	const char *token;
	unsigned clients;
	double seconds, warm;
	uint64_t first;
};

struct client {
	int fd;
	uint64_t post; /* number of the one under way */
	uint64_t mine; /* how many it has sent */
	char head[HEAD_MAX];
	size_t head_len, sent;
	struct str text; /* JSON, from the opening quote to the closing brace */
	char answer[ANSWER_MAX];
	size_t answer_len;
	uint64_t begun_us;
	bool wants_out;
};

struct load {
	struct options o;
	int epoll;
	struct client *clients;
	struct str texts[WORK_TEXTS];
	uint32_t *times_us;
	size_t n_times, cap_times;
	uint64_t measure_from_us, until_us, first_us, last_us;
};

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* The texts hold nothing that JSON escapes but line ends. */
static struct str json_of(struct str text)
{
	char *p = malloc(2 * text.len + 8);
	size_t n = 0;

	if (!p)
		die("malloc");
	p[n++] = '"';
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\n') {
			p[n++] = '\\';
			p[n++] = 'n';
		} else {
			p[n++] = text.p[i];
		}
	}
	p[n++] = '"';
	p[n++] = '}';
	return (struct str){ p, n };
}

static void print_head(const struct load *l, struct client *c)
{
	struct work_names names;
	struct step_facts f = work_facts(work_key(c->post, l->o.clients), &names);
	char fields[HEAD_MAX];
	int n = snprintf(fields, sizeof fields,
		"{\"repo\":\"%s\",\"head_sha\":\"%s\",\"run_id\":\"%s\",\"attempt\":1,\"job_name\":\"%s\","
		"\"step_name\":\"%s\","
		"\"step_index\":%d,\"workflow\":\"ci.yml\",\"branch\":\"main\",\"platform\":\"linux\",\"exit_"
		"code\":2,"
		"\"conclusion\":\"failure\",\"url\":\"%.*s\",\"log_tail\":",
		WORK_REPO, names.sha, names.run_id, names.job, names.step, (int)f.step_index, STR_FMT(f.url));

	c->head_len = (size_t)snprintf(c->head, sizeof c->head,
		"POST /internal/ci-log HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		l->o.port, l->o.token, (size_t)n + c->text.len, fields);
}

static void watch(const struct load *l, struct client *c, int op, bool out)
{
	struct epoll_event ev = { .events = EPOLLIN | (out ? (uint32_t)EPOLLOUT : 0), .data.ptr = c };

	if (epoll_ctl(l->epoll, op, c->fd, &ev) != 0)
		die("epoll_ctl");
	c->wants_out = out;
}

static void send_on(const struct load *l, struct client *c)
{
	size_t whole = c->head_len + c->text.len;

	while (c->sent < whole) {
		size_t in_head = c->sent < c->head_len ? c->head_len - c->sent : 0;
		size_t in_text = c->sent > c->head_len ? c->sent - c->head_len : 0;
		struct iovec iov[2] = { { c->head + c->head_len - in_head, in_head },
			{ (void *)(uintptr_t)(c->text.p + in_text), c->text.len - in_text } };
		ssize_t n = writev(c->fd, iov, 2);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			die("send");
		c->sent += (size_t)n;
	}
	if ((c->sent < whole) != c->wants_out)
		watch(l, c, EPOLL_CTL_MOD, c->sent < whole);
}

static void next_post(const struct load *l, struct client *c, uint64_t at_us)
{
	c->post = l->o.first + (uint64_t)(c - l->clients) + (uint64_t)l->o.clients * c->mine++;
	c->text = l->texts[c->post % WORK_TEXTS];
	c->sent = c->answer_len = 0;
	c->begun_us = at_us;
	print_head(l, c);
	send_on(l, c);
}

/* A 204 has no body; anything else ends the run anyway. */
static bool is_answered(struct client *c)
{
	ssize_t n = recv(c->fd, c->answer + c->answer_len, sizeof c->answer - 1 - c->answer_len, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0)
		die(n == 0 ? "the server closed a connection" : "recv");
	c->answer_len += (size_t)n;
	c->answer[c->answer_len] = '\0';
	if (!strstr(c->answer, "\r\n\r\n"))
		return false;
	if (c->answer_len < 12 || memcmp(c->answer + 9, "204", 3) != 0) {
		fprintf(stderr, "load: post %llu was answered: %s\n", (unsigned long long)c->post, c->answer);
		exit(1);
	}
	return true;
}

static void record(struct load *l, const struct client *c, uint64_t at_us)
{
	if (c->begun_us < l->measure_from_us)
		return;
	if (l->n_times == l->cap_times) {
		l->cap_times = l->cap_times ? 2 * l->cap_times : 65536;
		l->times_us = realloc(l->times_us, l->cap_times * sizeof *l->times_us);
		if (!l->times_us)
			die("realloc");
	}
	l->times_us[l->n_times++] = (uint32_t)(at_us - c->begun_us);
	l->last_us = at_us;
}

static void connect_all(struct load *l)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)l->o.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	for (unsigned i = 0; i < l->o.clients; i++) {
		struct client *c = &l->clients[i];

		c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0)
			die("connect");
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		fcntl(c->fd, F_SETFL, O_NONBLOCK);
		watch(l, c, EPOLL_CTL_ADD, false);
	}
}

static void drive(struct load *l)
{
	unsigned under_way = l->o.clients;
	struct epoll_event ev[256];

	l->measure_from_us = now_us() + (uint64_t)(l->o.warm * 1e6);
	l->until_us = l->measure_from_us + (uint64_t)(l->o.seconds * 1e6);
	for (unsigned i = 0; i < l->o.clients; i++)
		next_post(l, &l->clients[i], now_us());
	while (under_way > 0) {
		int n = epoll_wait(l->epoll, ev, 256, -1);
		uint64_t at = now_us();

		for (int i = 0; i < n; i++) {
			struct client *c = ev[i].data.ptr;

			if (ev[i].events & EPOLLOUT)
				send_on(l, c);
			if (!(ev[i].events & ~(uint32_t)EPOLLOUT) || !is_answered(c))
				continue;
			record(l, c, at);
			if (at < l->until_us)
				next_post(l, c, at);
			else
				under_way--;
		}
	}
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void report(struct load *l)
{
	double seconds = (double)(l->last_us - l->measure_from_us) / 1e6;

	if (l->n_times == 0) {
		fprintf(stderr, "load: nothing was answered in the time measured\n");
		exit(1);
	}
	qsort(l->times_us, l->n_times, sizeof *l->times_us, by_value);
	printf("posts=%zu rate=%.1f p50_us=%u p99_us=%u max_us=%u\n", l->n_times,
		(double)l->n_times / seconds, l->times_us[l->n_times / 2],
		l->times_us[l->n_times - 1 - l->n_times / 100], l->times_us[l->n_times - 1]);
}

static struct options options(int argc, char **argv)
{
	struct options o = { .clients = 128, .seconds = 3, .warm = 0.5 };

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *name = argv[i], *value = argv[i + 1];

		if (strcmp(name, "--port") == 0)
			o.port = (int)strtol(value, NULL, 10);
		else if (strcmp(name, "--token") == 0)
			o.token = value;
		else if (strcmp(name, "--clients") == 0)
			o.clients = (unsigned)strtoul(value, NULL, 10);
		else if (strcmp(name, "--seconds") == 0)
			o.seconds = atof(value);
		else if (strcmp(name, "--warm") == 0)
			o.warm = atof(value);
		else if (strcmp(name, "--first") == 0)
			o.first = strtoull(value, NULL, 10);
	}
	if (!o.port || !o.token || !o.clients) {
		fprintf(stderr, "usage: load --port P --token T [--clients N] [--seconds S] [--warm S] "
				"[--first N]\n");
		exit(2);
	}
	return o;
}

int main(int argc, char **argv)
{
	struct load l = { .o = options(argc, argv), .epoll = epoll_create1(EPOLL_CLOEXEC) };

	l.clients = calloc(l.o.clients, sizeof *l.clients);
	if (!l.clients || l.epoll < 0)
		die("start");
	for (size_t t = 0; t < WORK_TEXTS; t++)
		l.texts[t] = json_of(work_text(t));
	connect_all(&l);
	drive(&l);
	report(&l);
	return 0;
}
