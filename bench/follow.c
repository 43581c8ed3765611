/*
 * follow: how long a line takes from its append to those who follow the log.
 *
 *	follow --port P --token WRITER --reader READER [--readers 100] [--rate 1000] [--seconds 3] [--first N]
 *
 * Opens a step; so many readers follow it (server-sent events); then lines are appended, so many a second: each has the time in it at which
 * it was due, and goes with the next PATCH, which carries what came due while the one before was answered. One thread sends, another one reads
 * from all readers. Prints one line: lines= (sent), received= (by all readers), p50_us=, p99_us=, max_us= (from when a line was due to when a
 * reader has it), lost= (lines that a reader did not get, of all). A reader that is cut off makes it fail.
 */
#include "ask.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MARK "due "
#define ROOM 65536
#define LAST_LINES_US 2000000 /* how long is waited for what was sent last */

struct options {
	int port;
	const char *token, *reader;
	unsigned readers, rate;
	double seconds;
	uint64_t first;
};

struct reader {
	struct ask ask;
	struct buf bytes; /* that have come, from the last line end on */
	size_t n;
};

struct follow {
	struct options o;
	struct reader *readers;
	int epoll;
	atomic_size_t n_sent;
	atomic_bool all_sent;
	uint64_t *times_us;
	size_t n_times;
	struct ask sender;
	int64_t step_id;
};

/* ---- readers ---- */

static void begin_to_follow(struct follow *f, struct reader *r)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = r };
	char head[512];
	int n;

	ask_connect(&r->ask, f->o.port, f->o.reader);
	buf_init(&r->bytes, (size_t)16 << 20);
	n = snprintf(head, sizeof head,
		"GET /api/v1/steps/%lld/tail?from=1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
		"Authorization: Bearer %s\r\n\r\n",
		(long long)f->step_id, f->o.port, f->o.reader);
	if (send(r->ask.fd, head, (size_t)n, 0) != n)
		ask_die("send");
	if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, r->ask.fd, &ev) != 0)
		ask_die("epoll_ctl");
}

/* Events may be cut by the chunks of the answer; what is looked for lies within one line, and those are sent whole nearly always. */
static void take_lines(struct follow *f, struct reader *r, uint64_t at)
{
	struct str rest = buf_view(&r->bytes);
	size_t done = 0;

	for (;;) {
		size_t lf = str_find(str_from(rest, done), '\n'), mark;
		struct str line = { rest.p + done, lf };

		if (done + lf >= rest.len)
			break;
		mark = str_find_str(line, STR(MARK));
		if (mark < line.len && r->n < atomic_load(&f->n_sent)) {
			uint64_t due = strtoull(line.p + mark + strlen(MARK), NULL, 10);

			f->times_us[f->n_times++] = at - due;
			r->n++;
		}
		done += lf + 1;
	}
	buf_drop(&r->bytes, done);
}

static void read_some(struct follow *f, struct reader *r)
{
	char *room = buf_room(&r->bytes, ROOM);
	ssize_t n = room ? recv(r->ask.fd, room, ROOM, MSG_DONTWAIT) : -1;

	if (n < 0 && errno == EAGAIN) {
		buf_wrote(&r->bytes, 0);
		return;
	}
	if (n <= 0)
		ask_die(n == 0 ? "a reader was cut off" : "recv");
	buf_wrote(&r->bytes, (size_t)n);
	if (r->n == 0 && r->bytes.len > 12 && str_starts(buf_view(&r->bytes), STR("HTTP/1.1 ")) &&
		r->bytes.p[9] != '2') {
		fprintf(stderr, "follow: a reader was answered: %s\n", buf_cstr(&r->bytes));
		exit(1);
	}
	take_lines(f, r, ask_now_us());
}

static bool all_have_all(const struct follow *f)
{
	return atomic_load(&f->all_sent) && f->n_times == atomic_load(&f->n_sent) * f->o.readers;
}

static void *read_all(void *arg)
{
	struct follow *f = arg;
	struct epoll_event ev[64];
	uint64_t quiet_since = ask_now_us();

	while (!all_have_all(f)) {
		int n = epoll_wait(f->epoll, ev, 64, 100);

		for (int i = 0; i < n; i++)
			read_some(f, ev[i].data.ptr);
		if (n > 0 || !atomic_load(&f->all_sent))
			quiet_since = ask_now_us();
		else if (ask_now_us() - quiet_since > LAST_LINES_US)
			break;
	}
	return NULL;
}

/* ---- the sender ---- */

static void wait_until(uint64_t at_us)
{
	struct timespec ts = { .tv_sec = (time_t)(at_us / 1000000),
		.tv_nsec = (long)(at_us % 1000000) * 1000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static uint64_t due_us(const struct follow *f, uint64_t begun, size_t line)
{
	return begun + (uint64_t)line * 1000000 / f->o.rate;
}

static void send_lines(struct follow *f)
{
	size_t n = (size_t)(f->o.seconds * f->o.rate), offset = 0;
	uint64_t begun = ask_now_us();
	AUTO_BUF lines;

	buf_init(&lines, (size_t)1 << 20);
	for (size_t i = 0; i < n;) {
		wait_until(due_us(f, begun, i));
		buf_reset(&lines);
		for (uint64_t now = ask_now_us(); i < n && due_us(f, begun, i) <= now; i++)
			buf_fmt(&lines, "step %zu of the build, " MARK "%llu us, and it goes on\n", i,
				(unsigned long long)due_us(f, begun, i));
		atomic_store(&f->n_sent, i);
		ask_append(&f->sender, f->step_id, offset, buf_view(&lines), NULL);
		offset += lines.len;
	}
	atomic_store(&f->all_sent, true);
}

static struct options options(int argc, char **argv)
{
	struct options o = { .readers = 100, .rate = 1000, .seconds = 3 };

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *name = argv[i], *value = argv[i + 1];

		if (strcmp(name, "--port") == 0)
			o.port = (int)strtol(value, NULL, 10);
		else if (strcmp(name, "--token") == 0)
			o.token = value;
		else if (strcmp(name, "--reader") == 0)
			o.reader = value;
		else if (strcmp(name, "--readers") == 0)
			o.readers = (unsigned)strtoul(value, NULL, 10);
		else if (strcmp(name, "--rate") == 0)
			o.rate = (unsigned)strtoul(value, NULL, 10);
		else if (strcmp(name, "--seconds") == 0)
			o.seconds = atof(value);
		else if (strcmp(name, "--first") == 0)
			o.first = strtoull(value, NULL, 10);
	}
	if (!o.port || !o.token || !o.reader || !o.readers || !o.rate) {
		fprintf(stderr,
			"usage: follow --port P --token WRITER --reader READER [--readers N] [--rate N] "
			"[--seconds S] [--first N]\n");
		exit(2);
	}
	return o;
}

static void report(struct follow *f)
{
	size_t all = atomic_load(&f->n_sent) * f->o.readers;

	if (f->n_times == 0) {
		fprintf(stderr, "follow: no reader got a line\n");
		exit(1);
	}
	qsort(f->times_us, f->n_times, sizeof *f->times_us, ask_by_value);
	printf("lines=%zu received=%zu p50_us=%llu p99_us=%llu max_us=%llu lost=%zu\n",
		atomic_load(&f->n_sent), f->n_times, (unsigned long long)f->times_us[f->n_times / 2],
		(unsigned long long)f->times_us[f->n_times - 1 - f->n_times / 100],
		(unsigned long long)f->times_us[f->n_times - 1], all - f->n_times);
}

int main(int argc, char **argv)
{
	struct follow f = { .o = options(argc, argv), .epoll = epoll_create1(EPOLL_CLOEXEC) };
	size_t n_lines = (size_t)(f.o.seconds * f.o.rate) + 1;
	pthread_t thread;

	f.readers = mem_alloc(f.o.readers * sizeof *f.readers);
	f.times_us = mem_alloc(n_lines * f.o.readers * sizeof *f.times_us);
	ask_connect(&f.sender, f.o.port, f.o.token);
	f.step_id = ask_open_step(&f.sender, f.o.first);
	for (unsigned i = 0; i < f.o.readers; i++)
		begin_to_follow(&f, &f.readers[i]);
	if (pthread_create(&thread, NULL, read_all, &f) != 0)
		ask_die("start a thread");
	send_lines(&f);
	pthread_join(thread, NULL);
	report(&f);
	return 0;
}
