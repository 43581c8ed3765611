/*
 * get: how long an answer takes that is asked for again and again.
 *
 *	get --port P --token T --path PATH [--numbers N] [--times 2000]
 *
 * A "@" in the path is a number from 1 to N, another one each time, so that no answer is just the one before. Prints one line: p50_us=, p99_us=, bytes= (of the
 * last answer).
 */
#include "ask.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
	int port;
	const char *token, *path;
	uint64_t numbers;
	size_t times;
};

static struct options options(int argc, char **argv)
{
	struct options o = { .numbers = 1, .times = 2000 };

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *name = argv[i], *value = argv[i + 1];

		if (strcmp(name, "--port") == 0)
			o.port = (int)strtol(value, NULL, 10);
		else if (strcmp(name, "--token") == 0)
			o.token = value;
		else if (strcmp(name, "--path") == 0)
			o.path = value;
		else if (strcmp(name, "--numbers") == 0)
			o.numbers = strtoull(value, NULL, 10);
		else if (strcmp(name, "--times") == 0)
			o.times = strtoull(value, NULL, 10);
	}
	if (!o.port || !o.token || !o.path || !o.numbers || !o.times) {
		fprintf(stderr, "usage: get --port P --token T --path PATH [--numbers N] [--times N]\n");
		exit(2);
	}
	return o;
}

/* Where i of all times looks: spread over 1..numbers, in no order. */
static uint64_t number_of(const struct options *o, size_t i)
{
	return 1 + i * UINT64_C(7919) % o->numbers;
}

static void write_path(const struct options *o, size_t i, struct buf *out)
{
	buf_reset(out);
	for (const char *p = o->path; *p; p++)
		if (*p == '@')
			buf_fmt(out, "%llu", (unsigned long long)number_of(o, i));
		else
			buf_char(out, *p);
}

int main(int argc, char **argv)
{
	struct options o = options(argc, argv);
	uint64_t *took = mem_alloc(o.times * sizeof *took);
	struct ask a;
	AUTO_BUF path;

	buf_init(&path, 4096);
	ask_connect(&a, o.port, o.token);
	for (size_t i = 0; i < o.times; i++) {
		uint64_t begun;

		write_path(&o, i, &path);
		begun = ask_now_us();
		ask(&a, "GET", buf_cstr(&path), "", STR(""));
		took[i] = ask_now_us() - begun;
	}
	qsort(took, o.times, sizeof *took, ask_by_value);
	printf("p50_us=%llu p99_us=%llu bytes=%zu\n", (unsigned long long)took[(o.times - 1) / 2],
		(unsigned long long)took[(o.times - 1) * 99 / 100], a.answer.len - a.body_at);
	buf_done(&a.answer);
	free(took);
	return 0;
}
