/*
 * stream: the log of a step, sent as a runner sends it, from one thread and connection a step.
 *
 *	stream --port P --token T --file LOG [--chunk 1048576] [--zstd 0] [--streams 1] [--first N]
 *
 * Opens a step, sends LOG in chunks, each when the one before was answered, and finishes it. What can be made before is made
 * before: with --zstd 1 the chunks lie compressed in memory when time begins, so that the sender takes as little as can be
 * of the two cores that it shares with the server. --first: number of the first step; another run against the same
 * server begins far from where this one did. Prints one line: bytes= (of all streams), seconds= (from the first
 * opening to the last answer that a step has ended), mb_s=, finish_ms= (the longest), p50_us=, p99_us= (of a chunk's answer).
 * An answer other than 200, 201 or 204, or an end that is not where the log ends, makes it fail.
 */
#include "work.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/zst.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 1024
#define ANSWER_MAX 4096

struct options {
	int port;
	const char *token, *file;
	size_t chunk;
	bool zstd;
	unsigned streams;
	uint64_t first;
};

struct piece {
	struct str body;
	size_t at; /* in the log */
};

struct job { /* what all streams send */
	struct options o;
	struct str log;
	struct piece *pieces;
	size_t n;
};

struct stream {
	const struct job *job;
	pthread_t thread;
	unsigned number;
	int fd;
	uint64_t finish_us, *times_us;
	char answer[ANSWER_MAX];
	size_t answer_len;
};

static void die(const char *what)
{
	fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* ---- what is sent ---- */

static struct str map_file(const char *path)
{
	struct stat st;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	void *p = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		die(path);
	return (struct str){ p, (size_t)st.st_size };
}

static struct str compressed(struct str text)
{
	struct buf b;
	struct err e;
	size_t len;

	buf_init(&b, SIZE_MAX);
	if (zst_compress(text, 1, &b, &e) != ERR_OK) {
		fprintf(stderr, "stream: %s\n", e.text);
		exit(1);
	}
	len = b.len;
	return (struct str){ mem_grow(buf_take(&b), len), len };
}

static void cut(struct job *j)
{
	j->pieces = mem_grow(NULL, (j->log.len / j->o.chunk + 1) * sizeof *j->pieces);
	for (size_t at = 0; at < j->log.len; at += j->o.chunk, j->n++) {
		struct str piece = str_from(j->log, at);

		if (piece.len > j->o.chunk)
			piece.len = j->o.chunk;
		j->pieces[j->n] = (struct piece){ j->o.zstd ? compressed(piece) : piece, at };
	}
}

/* ---- HTTP ---- */

static void connect_to(struct stream *s)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)s->job->o.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1;

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&to, sizeof to) != 0)
		die("connect");
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void send_all(const struct stream *s, struct str head, struct str body)
{
	for (size_t sent = 0, whole = head.len + body.len; sent < whole;) {
		struct str h = str_from(head, sent), b = str_from(body, sent - (head.len - h.len));
		struct iovec iov[2] = { { (void *)(uintptr_t)h.p, h.len },
			{ (void *)(uintptr_t)b.p, b.len } };
		ssize_t n = writev(s->fd, iov, 2);

		if (n < 0)
			die("send");
		sent += (size_t)n;
	}
}

/* The number behind `name: ` in the head of the answer; -1: it is not there. */
static int64_t header(const struct stream *s, const char *name)
{
	for (const char *line = strchr(s->answer, '\n'); line; line = strchr(line + 1, '\n'))
		if (strncasecmp(line + 1, name, strlen(name)) == 0)
			return strtoll(line + 1 + strlen(name) + 1, NULL, 10);
	return -1;
}

/* The whole answer, to its last byte. */
static void receive(struct stream *s)
{
	const char *body = NULL;
	int64_t body_len = 0;

	s->answer_len = 0;
	while (!body || s->answer + s->answer_len < body + body_len) {
		ssize_t n = recv(s->fd, s->answer + s->answer_len, sizeof s->answer - 1 - s->answer_len, 0);

		if (n <= 0)
			die(n == 0 ? "the server closed a connection" : "recv");
		s->answer_len += (size_t)n;
		s->answer[s->answer_len] = '\0';
		body = strstr(s->answer, "\r\n\r\n");
		if (body) {
			body += 4;
			body_len = header(s, "Content-Length");
		}
	}
	if (s->answer_len < 12 || s->answer[9] != '2') {
		fprintf(stderr, "stream: the answer was: %s\n", s->answer);
		exit(1);
	}
}

static void ask(struct stream *s, const char *method, const char *path, const char *more, struct str body)
{
	char head[HEAD_MAX];
	int n = snprintf(head, sizeof head,
		"%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer %s\r\n%sContent-Length: "
		"%zu\r\n\r\n",
		method, path, s->job->o.port, s->job->o.token, more, body.len);

	send_all(s, (struct str){ head, (size_t)n }, body);
	receive(s);
}

/* ---- a stream ---- */

static int64_t open_step(struct stream *s)
{
	uint64_t i = s->job->o.first + s->number;
	struct work_names names;
	struct step_facts f = work_facts(work_key(i, 1), &names);
	char body[HEAD_MAX];
	int n = snprintf(body, sizeof body,
		"{\"repo\":\"%s\",\"head_sha\":\"%s\",\"run_id\":\"%s\",\"attempt\":1,\"job_name\":\"%s\","
		"\"step_name\":\"%s\",\"step_index\":%d,\"workflow\":\"ci.yml\",\"branch\":\"main\","
		"\"platform\":\"linux\",\"url\":\"%.*s\"}",
		WORK_REPO, names.sha, names.run_id, names.job, names.step, (int)f.step_index, STR_FMT(f.url));
	const char *id;

	ask(s, "POST", "/internal/steps", "Content-Type: application/json\r\n",
		(struct str){ body, (size_t)n });
	id = strstr(s->answer, "\"step_id\":");
	if (!id || header(s, "Upload-Offset") != 0) {
		fprintf(stderr, "stream: the step is no new one: %s\n", s->answer);
		exit(1);
	}
	return strtoll(id + strlen("\"step_id\":"), NULL, 10);
}

static void send_pieces(struct stream *s, int64_t step_id)
{
	const struct job *j = s->job;
	char path[64], more[160];

	snprintf(path, sizeof path, "/internal/steps/%lld/log", (long long)step_id);
	for (size_t i = 0; i < j->n; i++) {
		uint64_t begun = now_us();

		snprintf(more, sizeof more,
			"Content-Type: application/octet-stream\r\nUpload-Offset: %zu\r\n%s", j->pieces[i].at,
			j->o.zstd ? "Content-Encoding: zstd\r\n" : "");
		ask(s, "PATCH", path, more, j->pieces[i].body);
		s->times_us[i] = now_us() - begun;
	}
}

static void finish(struct stream *s, int64_t step_id)
{
	uint64_t begun = now_us();
	char path[64], body[128];
	int n = snprintf(body, sizeof body, "{\"conclusion\":\"failure\",\"exit_code\":1,\"bytes\":%zu}",
		s->job->log.len);

	snprintf(path, sizeof path, "/internal/steps/%lld/finish", (long long)step_id);
	ask(s, "POST", path, "Content-Type: application/json\r\n", (struct str){ body, (size_t)n });
	s->finish_us = now_us() - begun;
	if (header(s, "Upload-Offset") != (int64_t)s->job->log.len) {
		fprintf(stderr, "stream: the end is elsewhere: %s\n", s->answer);
		exit(1);
	}
}

static void *main_of_stream(void *arg)
{
	struct stream *s = arg;
	int64_t step_id = open_step(s);

	send_pieces(s, step_id);
	finish(s, step_id);
	return NULL;
}

/* ---- all of them ---- */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void report(const struct job *j, const struct stream *s, uint64_t took_us)
{
	size_t n = 0;
	uint64_t *all = mem_grow(NULL, j->n * j->o.streams * sizeof *all), finish_us = 0;
	double bytes = (double)j->log.len * j->o.streams, seconds = (double)took_us / 1e6;

	for (unsigned i = 0; i < j->o.streams; i++) {
		memcpy(all + n, s[i].times_us, j->n * sizeof *all);
		n += j->n;
		if (s[i].finish_us > finish_us)
			finish_us = s[i].finish_us;
	}
	qsort(all, n, sizeof *all, by_value);
	printf("bytes=%.0f seconds=%.4f mb_s=%.1f finish_ms=%.1f p50_us=%llu p99_us=%llu\n", bytes, seconds,
		bytes / seconds / 1e6, (double)finish_us / 1000, (unsigned long long)all[n / 2],
		(unsigned long long)all[n - 1 - n / 100]);
	free(all);
}

static struct options options(int argc, char **argv)
{
	struct options o = { .chunk = 1 << 20, .streams = 1 };

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *name = argv[i], *value = argv[i + 1];

		if (strcmp(name, "--port") == 0)
			o.port = (int)strtol(value, NULL, 10);
		else if (strcmp(name, "--token") == 0)
			o.token = value;
		else if (strcmp(name, "--file") == 0)
			o.file = value;
		else if (strcmp(name, "--chunk") == 0)
			o.chunk = strtoull(value, NULL, 10);
		else if (strcmp(name, "--zstd") == 0)
			o.zstd = strcmp(value, "0") != 0;
		else if (strcmp(name, "--streams") == 0)
			o.streams = (unsigned)strtoul(value, NULL, 10);
		else if (strcmp(name, "--first") == 0)
			o.first = strtoull(value, NULL, 10);
	}
	if (!o.port || !o.token || !o.file || !o.chunk || !o.streams) {
		fprintf(stderr,
			"usage: stream --port P --token T --file LOG [--chunk N] [--zstd 0|1] [--streams N] "
			"[--first N]\n");
		exit(2);
	}
	return o;
}

int main(int argc, char **argv)
{
	struct job j = { .o = options(argc, argv) };
	struct stream *s = mem_alloc(j.o.streams * sizeof *s);
	uint64_t begun;

	j.log = map_file(j.o.file);
	cut(&j);
	for (unsigned i = 0; i < j.o.streams; i++) {
		s[i].job = &j;
		s[i].number = i;
		s[i].times_us = mem_alloc(j.n * sizeof *s[i].times_us);
		connect_to(&s[i]);
	}
	begun = now_us();
	for (unsigned i = 0; i < j.o.streams; i++)
		if (pthread_create(&s[i].thread, NULL, main_of_stream, &s[i]) != 0)
			die("start a thread");
	for (unsigned i = 0; i < j.o.streams; i++)
		pthread_join(s[i].thread, NULL);
	report(&j, s, now_us() - begun);
	return 0;
}
