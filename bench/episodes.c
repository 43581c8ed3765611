/*
 * episodes: many small episodes, as hosts of a fleet ship them.
 *
 *	episodes --port P --token T --file ARCHIVE --commit HEX [--connections 8] [--count 1000] [--first N] [--times FILE]
 *
 * Each connection is a host, and has a thread that sends one episode after the other, all of the same bytes under new names: --first is the number of the first,
 * another run against the same server begins behind this one. Prints one line: seconds=, rate= (a second), p50_us=, p99_us=, max_us=. --times: how long each answer took is written behind what
 * is in FILE, microseconds, a line each. An answer that is not 2xx ends it with exit code 1.
 */
#include "ask.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARCHIVE_MAX ((size_t)1 << 20)

struct options {
	int port;
	const char *token, *file, *commit, *times;
	size_t connections, count;
	unsigned long long first;
};

struct host {
	const struct options *o;
	size_t number;
	struct str archive;
	char headers[400];
	struct ask ask;
	pthread_t thread;
	uint64_t *times_us; /* of all hosts; this one has every connections-th, from its number on */
};

static void *main_of_host(void *arg)
{
	struct host *h = arg;
	const struct options *o = h->o;
	char path[100];

	for (size_t i = h->number; i < o->count; i += o->connections) {
		uint64_t begun = ask_now_us();

		snprintf(path, sizeof path, "/v1/episodes/lab-%02zu/e%llu.tar.zst", h->number, o->first + i);
		ask(&h->ask, "PUT", path, h->headers, h->archive);
		h->times_us[i] = ask_now_us() - begun;
	}
	return NULL;
}

static void write_headers(struct host *h, const struct buf *archive)
{
	struct sha256 digest = sha256_of(buf_view(archive));
	AUTO_BUF hex;

	buf_init(&hex, 100);
	hex_encode(digest.b, sizeof digest.b, &hex);
	snprintf(h->headers, sizeof h->headers,
		"X-Content-SHA256: %s\r\nX-Schema-Version: 1\r\nX-Sluice-Code-Commit: %s\r\n", buf_cstr(&hex),
		h->o->commit);
}

static void write_times(const struct options *o, const uint64_t *times_us)
{
	FILE *f = fopen(o->times, "a");

	if (!f)
		ask_die(o->times);
	for (size_t i = 0; i < o->count; i++)
		fprintf(f, "%llu\n", (unsigned long long)times_us[i]);
	if (fclose(f) != 0)
		ask_die(o->times);
}

static void report(const struct options *o, uint64_t *times_us, uint64_t took_us)
{
	double seconds = (double)took_us / 1e6;

	qsort(times_us, o->count, sizeof *times_us, ask_by_value);
	printf("seconds=%.4f rate=%.1f p50_us=%llu p99_us=%llu max_us=%llu\n", seconds,
		(double)o->count / seconds, (unsigned long long)times_us[(o->count - 1) / 2],
		(unsigned long long)times_us[(o->count - 1) * 99 / 100],
		(unsigned long long)times_us[o->count - 1]);
}

static struct options options(int argc, char **argv)
{
	struct options o = { .connections = 8, .count = 1000 };

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *name = argv[i], *value = argv[i + 1];

		if (strcmp(name, "--port") == 0)
			o.port = (int)strtol(value, NULL, 10);
		else if (strcmp(name, "--token") == 0)
			o.token = value;
		else if (strcmp(name, "--file") == 0)
			o.file = value;
		else if (strcmp(name, "--commit") == 0)
			o.commit = value;
		else if (strcmp(name, "--times") == 0)
			o.times = value;
		else if (strcmp(name, "--connections") == 0)
			o.connections = strtoull(value, NULL, 10);
		else if (strcmp(name, "--count") == 0)
			o.count = strtoull(value, NULL, 10);
		else if (strcmp(name, "--first") == 0)
			o.first = strtoull(value, NULL, 10);
	}
	if (!o.port || !o.token || !o.file || !o.commit || !o.connections || !o.count) {
		fprintf(stderr, "usage: episodes --port P --token T --file ARCHIVE --commit HEX "
				"[--connections N] [--count N] [--first N] [--times FILE]\n");
		exit(2);
	}
	return o;
}

int main(int argc, char **argv)
{
	struct options o = options(argc, argv);
	struct host *hosts = mem_alloc(o.connections * sizeof *hosts);
	uint64_t *times_us = mem_alloc(o.count * sizeof *times_us), begun;
	struct err e;
	AUTO_BUF archive;

	buf_init(&archive, ARCHIVE_MAX);
	if (file_read(o.file, ARCHIVE_MAX, &archive, &e) != ERR_OK) {
		fprintf(stderr, "episodes: %s\n", e.text);
		return 1;
	}
	for (size_t i = 0; i < o.connections; i++) {
		hosts[i] = (struct host){
			.o = &o, .number = i, .archive = buf_view(&archive), .times_us = times_us
		};
		write_headers(&hosts[i], &archive);
		ask_connect(&hosts[i].ask, o.port, o.token);
	}
	begun = ask_now_us();
	for (size_t i = 0; i < o.connections; i++)
		if (pthread_create(&hosts[i].thread, NULL, main_of_host, &hosts[i]) != 0)
			ask_die("start a thread");
	for (size_t i = 0; i < o.connections; i++)
		pthread_join(hosts[i].thread, NULL);
	begun = ask_now_us() - begun;
	if (o.times)
		write_times(&o, times_us);
	report(&o, times_us, begun);
	return 0;
}
