/* ask: see the header. */
#include "ask.h"

#include "work.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#define HEAD_MAX 1024
#define ANSWER_MAX ((size_t)4 << 20)
#define ROOM 65536

void ask_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

uint64_t ask_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

int ask_by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void ask_connect(struct ask *a, int port, const char *token)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	*a = (struct ask){ .port = port, .token = token };
	buf_init(&a->answer, ANSWER_MAX);
	a->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (a->fd < 0 || connect(a->fd, (struct sockaddr *)&to, sizeof to) != 0)
		ask_die("connect");
	setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void send_all(const struct ask *a, struct str head, struct str body)
{
	for (size_t sent = 0, whole = head.len + body.len; sent < whole;) {
		struct str h = str_from(head, sent), b = str_from(body, sent - (head.len - h.len));
		struct iovec iov[2] = { { (void *)(uintptr_t)h.p, h.len },
			{ (void *)(uintptr_t)b.p, b.len } };
		ssize_t n = writev(a->fd, iov, 2);

		if (n < 0)
			ask_die("send");
		sent += (size_t)n;
	}
}

int64_t ask_header(const struct ask *a, const char *name)
{
	const char *line = buf_cstr(&a->answer);

	while ((line = strchr(line, '\n'))) {
		line++;
		if (strncasecmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
			return strtoll(line + strlen(name) + 1, NULL, 10);
	}
	return -1;
}

static bool is_whole(struct ask *a)
{
	struct str answer = buf_view(&a->answer);

	if (a->body_at == 0) {
		size_t end = str_find_str(answer, STR("\r\n\r\n"));

		if (end == answer.len)
			return false;
		a->body_at = end + 4;
	}
	return answer.len >=
	       a->body_at +
		       (size_t)(ask_header(a, "Content-Length") < 0 ? 0 : ask_header(a, "Content-Length"));
}

static void receive(struct ask *a)
{
	buf_reset(&a->answer);
	a->body_at = 0;
	while (!is_whole(a)) {
		char *room = buf_room(&a->answer, ROOM);
		ssize_t n = room ? recv(a->fd, room, ROOM, 0) : -1;

		if (n <= 0)
			ask_die(n == 0 ? "the server closed a connection" : "recv");
		buf_wrote(&a->answer, (size_t)n);
	}
	if (a->answer.len < 12 || a->answer.p[9] != '2') {
		fprintf(stderr, "%s: the answer was: %s\n", program_invocation_short_name,
			buf_cstr(&a->answer));
		exit(1);
	}
}

void ask(struct ask *a, const char *method, const char *path, const char *more, struct str body)
{
	char head[HEAD_MAX];
	int n = snprintf(head, sizeof head,
		"%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n%s"
		"Content-Length: %zu\r\n\r\n",
		method, path, a->port, a->token, more, body.len);

	send_all(a, (struct str){ head, (size_t)n }, body);
	receive(a);
}

int64_t ask_open_step(struct ask *a, uint64_t i)
{
	struct work_names names;
	struct step_facts f = work_facts(work_key(i, 1), &names);
	char body[HEAD_MAX];
	int n = snprintf(body, sizeof body,
		"{\"repo\":\"%s\",\"head_sha\":\"%s\",\"run_id\":\"%s\",\"attempt\":1,\"job_name\":\"%s\","
		"\"step_name\":\"%s\",\"step_index\":%d,\"workflow\":\"ci.yml\",\"branch\":\"main\","
		"\"platform\":\"linux\",\"url\":\"%.*s\"}",
		WORK_REPO, names.sha, names.run_id, names.job, names.step, (int)f.step_index, STR_FMT(f.url));
	const char *id;

	ask(a, "POST", "/internal/steps", "Content-Type: application/json\r\n",
		(struct str){ body, (size_t)n });
	id = strstr(a->answer.p, "\"step_id\":");
	if (!id || ask_header(a, "Upload-Offset") != 0) {
		fprintf(stderr, "%s: the step is no new one: %s\n", program_invocation_short_name,
			buf_cstr(&a->answer));
		exit(1);
	}
	return strtoll(id + strlen("\"step_id\":"), NULL, 10);
}

void ask_append(struct ask *a, int64_t step_id, size_t offset, struct str bytes, const char *coding)
{
	char path[64], more[192];

	snprintf(path, sizeof path, "/internal/steps/%lld/log", (long long)step_id);
	snprintf(more, sizeof more, "Content-Type: application/octet-stream\r\nUpload-Offset: %zu\r\n%s%s%s",
		offset, coding ? "Content-Encoding: " : "", coding ? coding : "", coding ? "\r\n" : "");
	ask(a, "PATCH", path, more, bytes);
}

void ask_finish(struct ask *a, int64_t step_id, size_t bytes)
{
	char path[64], body[128];
	int n = snprintf(
		body, sizeof body, "{\"conclusion\":\"failure\",\"exit_code\":1,\"bytes\":%zu}", bytes);

	snprintf(path, sizeof path, "/internal/steps/%lld/finish", (long long)step_id);
	ask(a, "POST", path, "Content-Type: application/json\r\n", (struct str){ body, (size_t)n });
	if (ask_header(a, "Upload-Offset") != (int64_t)bytes) {
		fprintf(stderr, "%s: the end is elsewhere: %s\n", program_invocation_short_name,
			buf_cstr(&a->answer));
		exit(1);
	}
}
