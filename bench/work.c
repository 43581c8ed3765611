/*
 * work: build output from a seed. Lines of five shapes, with file names put together from words, so that they
 * repeat as much as those of a real build and no more.
 */
#include "work.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES (WORK_JSON_BYTES - 320) /* the rest is fields, and escapes of line ends and quotes */
#define LINE_MAX_BYTES 200

static uint64_t seed = 0x9e3779b97f4a7c15;

static unsigned draw(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 33) % n);
}

static const char *word(void)
{
	static const char *const words[] = { "parse", "header", "index", "queue", "timer", "socket", "buffer",
		"arena", "token", "frame", "cursor", "lookup", "retry", "commit", "stream", "digest",
		"policy", "cache", "worker", "journal", "signal", "layout", "render", "filter", "packet",
		"lease", "schema", "column", "ledger", "window" };

	return words[draw(sizeof words / sizeof *words)];
}

/* One line, its line end included. Returns its length. */
static int line(char *out)
{
	static const char *const dirs[] = { "base", "net", "store", "text", "http" };
	const char *dir = dirs[draw(5)];
	unsigned n = draw(100);

	if (n < 40)
		return snprintf(out, LINE_MAX_BYTES,
			"cc -O2 -g -Wall -Wextra -Isrc -MMD -c src/%s/%s_%s.c -o build/%s/%s_%s.o\n", dir,
			word(), word(), dir, word(), word());
	if (n < 60)
		return snprintf(out, LINE_MAX_BYTES, "[%3u%%] Building C object src/%s/%s_%s.c.o\n",
			draw(101), dir, word(), word());
	if (n < 75)
		return snprintf(out, LINE_MAX_BYTES, "ok %u - %s_%s_survives_a_%s_of_%s (%u.%03u s)\n",
			draw(900), word(), word(), word(), word(), draw(3), draw(1000));
	if (n < 90)
		return snprintf(out, LINE_MAX_BYTES,
			"2026-11-20T14:%02u:%02u.%07uZ INFO %s.%s: %s %u of %u done in %u ms\n", draw(60),
			draw(60), draw(10000000), dir, word(), word(), draw(500), draw(5000), draw(2000));
	return snprintf(out, LINE_MAX_BYTES,
		"src/%s/%s_%s.c:%u:%u: error: '%s_%s' undeclared (first use in this function)\n", dir, word(),
		word(), draw(900), draw(80), word(), word());
}

struct str work_text(uint64_t i)
{
	static char texts[WORK_TEXTS][TEXT_BYTES + LINE_MAX_BYTES];
	static size_t lens[WORK_TEXTS];

	for (size_t t = 0; t < WORK_TEXTS && lens[WORK_TEXTS - 1] == 0; t++) {
		size_t n_lines = 0;

		/* In JSON a line end takes two bytes: count it twice. */
		while (lens[t] + n_lines < TEXT_BYTES - LINE_MAX_BYTES / 2) {
			lens[t] += (size_t)line(texts[t] + lens[t]);
			n_lines++;
		}
	}
	return (struct str){ texts[i % WORK_TEXTS], lens[i % WORK_TEXTS] };
}

struct work_key work_key(uint64_t i, unsigned width)
{
	uint64_t mine = i / width, of_run = mine % (WORK_JOBS * WORK_STEPS);

	return (struct work_key){
		.run = 1 + i % width + width * (mine / (WORK_JOBS * WORK_STEPS)),
		.job = (unsigned)(of_run / WORK_STEPS),
		.step = (unsigned)(of_run % WORK_STEPS),
	};
}

struct step_facts work_facts(struct work_key k, struct work_names *names)
{
	/* Digits spread over the whole: commits do not come in order. */
	snprintf(names->sha, sizeof names->sha, "%016" PRIx64 "%016" PRIx64 "00000000",
		k.run * 0x9e3779b97f4a7c15, ~k.run);
	snprintf(names->run_id, sizeof names->run_id, "%012" PRIu64, k.run);
	snprintf(names->job, sizeof names->job, "build %u", k.job);
	snprintf(names->step, sizeof names->step, "Run step %02u", k.step + 10);
	return (struct step_facts){
		.repo = STR(WORK_REPO),
		.forge = STR("default"),
		.head_sha = str_z(names->sha),
		.external_run_id = str_z(names->run_id),
		.attempt = 1,
		.job_name = str_z(names->job),
		.step_name = str_z(names->step),
		.step_index = k.step + 10,
		.workflow = STR("ci.yml"),
		.branch = STR("main"),
		.platform = STR("linux"),
		.url = STR("https://forge.example/acme/widget/actions/runs/1"),
		.conclusion = CONCLUSION_FAILURE,
		.has_exit_code = true,
		.exit_code = 2,
	};
}
