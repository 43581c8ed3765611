/*
 * stream: the log of a step, sent as a runner sends it, from one thread and connection a step.
 *
 *	stream --port P --token T --file LOG [--chunk 1048576] [--zstd 0] [--streams 1] [--first N]
 *
 * Opens a step, sends LOG in chunks, each when the one before was answered, and finishes it. What can be made before is made
 * before: with --zstd 1 the chunks lie compressed in memory when time begins, so that the sender takes as little as can be
 * of the two cores that it shares with the server. --first: number of the first step; another run against the same
 * server begins far from where this one did. Prints one line: bytes= (of all streams), seconds= (from the first
 * opening to the last answer that a step has ended), mb_s=, finish_ms= (the longest), p50_us=, p99_us= (of a chunk's answer), step= (the id of
 * the first).
 * An answer other than 200, 201 or 204, or an end that is not where the log ends, makes it fail.
 */
#include "ask.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/zst.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

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
	struct ask ask;
	int64_t step_id;
	uint64_t finish_us, *times_us;
};

/* ---- what is sent ---- */

static struct str map_file(const char *path)
{
	struct stat st;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	void *p = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED)
		ask_die(path);
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

static void *main_of_stream(void *arg)
{
	struct stream *s = arg;
	const struct job *j = s->job;
	int64_t step_id = ask_open_step(&s->ask, j->o.first + s->number);
	uint64_t begun;

	for (size_t i = 0; i < j->n; i++) {
		begun = ask_now_us();
		ask_append(&s->ask, step_id, j->pieces[i].at, j->pieces[i].body, j->o.zstd ? "zstd" : NULL);
		s->times_us[i] = ask_now_us() - begun;
	}
	begun = ask_now_us();
	ask_finish(&s->ask, step_id, j->log.len);
	s->finish_us = ask_now_us() - begun;
	s->step_id = step_id;
	return NULL;
}

/* ---- all of them ---- */

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
	qsort(all, n, sizeof *all, ask_by_value);
	printf("bytes=%.0f seconds=%.4f mb_s=%.1f finish_ms=%.1f p50_us=%llu p99_us=%llu step=%lld\n", bytes,
		seconds, bytes / seconds / 1e6, (double)finish_us / 1000, (unsigned long long)all[n / 2],
		(unsigned long long)all[n - 1 - n / 100], (long long)s[0].step_id);
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
		ask_connect(&s[i].ask, j.o.port, j.o.token);
	}
	begun = ask_now_us();
	for (unsigned i = 0; i < j.o.streams; i++)
		if (pthread_create(&s[i].thread, NULL, main_of_stream, &s[i]) != 0)
			ask_die("start a thread");
	for (unsigned i = 0; i < j.o.streams; i++)
		pthread_join(s[i].thread, NULL);
	report(&j, s, ask_now_us() - begun);
	return 0;
}
