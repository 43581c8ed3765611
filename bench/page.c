/*
 * page: how long a page of lines takes, at the beginning of a log and far behind it.
 *
 *	page --port P --token T --step ID --line N [--pages 500]
 *
 * Pages of 100 lines over HTTP, in turns: one at the beginning, one at line N or somewhat behind it, each pair a page further, so that
 * the two are as likely to be in a frame that was just read. Prints one line: first_p50_us=, first_p99_us=, far_p50_us=, far_p99_us=. A
 * page that does not have 100 lines from the one that was asked for on makes it fail.
 */
#include "ask.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES_A_PAGE 100

struct options {
	int port;
	const char *token;
	long long step, line;
	size_t pages;
};

static void check(const struct ask *a, long long line)
{
	char first[48], last[48];

	snprintf(first, sizeof first, "\"number\":%lld,", line);
	snprintf(last, sizeof last, "\"number\":%lld,", line + LINES_A_PAGE - 1);
	if (strstr(a->answer.p, first) && strstr(a->answer.p, last))
		return;
	fprintf(stderr, "page: lines are missing from line %lld on: %.400s\n", line,
		a->answer.p + a->body_at);
	exit(1);
}

static uint64_t page_us(struct ask *a, const struct options *o, long long line)
{
	uint64_t begun = ask_now_us(), took;
	char path[128];

	snprintf(path, sizeof path, "/api/v1/steps/%lld/lines?limit=%d&cursor=%lld", o->step, LINES_A_PAGE,
		line);
	ask(a, "GET", path, "", STR(""));
	took = ask_now_us() - begun;
	check(a, line);
	return took;
}

static unsigned long long part(uint64_t *times, size_t n, size_t percent)
{
	qsort(times, n, sizeof *times, ask_by_value);
	return times[(n - 1) * percent / 100];
}

static struct options options(int argc, char **argv)
{
	struct options o = { .pages = 500 };

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *name = argv[i], *value = argv[i + 1];

		if (strcmp(name, "--port") == 0)
			o.port = (int)strtol(value, NULL, 10);
		else if (strcmp(name, "--token") == 0)
			o.token = value;
		else if (strcmp(name, "--step") == 0)
			o.step = strtoll(value, NULL, 10);
		else if (strcmp(name, "--line") == 0)
			o.line = strtoll(value, NULL, 10);
		else if (strcmp(name, "--pages") == 0)
			o.pages = strtoull(value, NULL, 10);
	}
	if (!o.port || !o.token || !o.step || !o.line || !o.pages) {
		fprintf(stderr, "usage: page --port P --token T --step ID --line N [--pages N]\n");
		exit(2);
	}
	return o;
}

int main(int argc, char **argv)
{
	struct options o = options(argc, argv);
	uint64_t *first = mem_alloc(o.pages * sizeof *first), *far = mem_alloc(o.pages * sizeof *far);
	struct ask a;

	ask_connect(&a, o.port, o.token);
	for (size_t i = 0; i < o.pages; i++) {
		first[i] = page_us(&a, &o, 1 + (long long)i * LINES_A_PAGE);
		far[i] = page_us(&a, &o, o.line + (long long)i * LINES_A_PAGE);
	}
	printf("first_p50_us=%llu first_p99_us=%llu ", part(first, o.pages, 50), part(first, o.pages, 99));
	printf("far_p50_us=%llu far_p99_us=%llu\n", part(far, o.pages, 50), part(far, o.pages, 99));
	free(first);
	free(far);
	buf_done(&a.answer);
	return 0;
}
