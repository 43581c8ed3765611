/*
 * explain: how long it takes to say what broke, rules compiled already.
 *
 *	explain LOG[:PASS]...
 *
 * Reads all logs, then explains each three times, one after the other on one thread, with the log that passed where there is one, and prints a line: logs=,
 * text= (bytes, those that passed counted too: they are read through as well), cpu= (seconds, of the quickest time of each), median_ms=, most_ms= (of one log).
 */
#include "explain/explain.h"
#include "base/clock.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMES 3
#define LOG_MAX ((size_t)LINES_TEXT_MAX)

static void must(enum err_code code, const struct err *e)
{
	if (code == ERR_OK)
		return;
	fprintf(stderr, "explain: %s\n", e->text);
	exit(1);
}

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static double explain_once(struct rules *rules, struct str log, struct str pass, bool has_pass)
{
	struct explain_input in = { .rules = rules, .log = log, .baseline = pass, .has_baseline = has_pass };
	double begun = cpu_ms();
	struct err e;
	AUTO_FINDINGS found;

	findings_init(&found);
	must(explain_log(&in, &found, &e), &e);
	return cpu_ms() - begun;
}

static double explain_pair(struct rules *rules, const char *arg, size_t *text)
{
	const char *colon = strchr(arg, ':');
	double best = 0;
	struct err e;
	AUTO_BUF path, log, pass;

	buf_init(&path, 4096);
	buf_init(&log, LOG_MAX);
	buf_init(&pass, LOG_MAX);
	buf_add(&path, arg, colon ? (size_t)(colon - arg) : strlen(arg));
	must(file_read(buf_cstr(&path), LOG_MAX, &log, &e), &e);
	if (colon)
		must(file_read(colon + 1, LOG_MAX, &pass, &e), &e);
	*text += log.len + pass.len;
	for (int i = 0; i < TIMES; i++) {
		double ms = explain_once(rules, buf_view(&log), buf_view(&pass), colon != NULL);

		if (i == 0 || ms < best)
			best = ms;
	}
	return best;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	struct rules *rules = rules_new();
	double *ms = calloc((size_t)argc, sizeof *ms), all = 0;
	size_t text = 0, n = (size_t)argc - 1;
	struct err e;

	if (argc < 2) {
		fprintf(stderr, "usage: explain LOG[:PASS]...\n");
		return 2;
	}
	must(rules_add_default(rules, &e), &e);
	must(rules_compile(rules, NULL, &e), &e);
	for (size_t i = 0; i < n; i++) {
		ms[i] = explain_pair(rules, argv[i + 1], &text);
		all += ms[i];
	}
	qsort(ms, n, sizeof *ms, by_size);
	printf("logs=%zu text=%zu cpu=%.4f median_ms=%.2f most_ms=%.2f\n", n, text, all / 1000, ms[n / 2],
		ms[n - 1]);
	rules_free(rules);
	free(ms);
	return 0;
}
