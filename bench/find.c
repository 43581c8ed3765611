/*
 * find: how long it takes to count the lines of a sealed log that contain a string or match a regex.
 *
 *	find LOG contains|regex WORDS [THREADS [FRAMES]]
 *
 * LOG as bench/frames writes it; of it FRAMES are looked at. Opens it, asks its bitmaps, reads and searches the frames that may match, as a reader over HTTP would. Prints
 * one line: lines= (that match), frames=, read= (frames that were read), text= (bytes of them), compile_ms= (processor time), seconds= (all
 * together), cpu= (seconds of the processors).
 * A regex that is refused is no failure: refused=1, and compile_ms= until then.
 */
#include "base/crew.h"
#include "text/frame.h"
#include "text/search.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct job {
	struct frame_file f;
	struct search *search;
	const bool *may; /* NULL: all */
	atomic_llong n_lines, n_read, n_text;
};

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(enum err_code code, const struct err *e)
{
	if (code == ERR_OK)
		return;
	fprintf(stderr, "find: %s\n", e->text);
	exit(1);
}

static void search_frame(void *arg, size_t i)
{
	static _Thread_local struct buf zstd,
		text; /* for their memory; the threads live as long as the program */
	struct job *j = arg;
	const struct frame *f = &j->f.frames[i];
	int64_t n = 0;
	struct err e;

	if (j->may && !j->may[i])
		return;
	if (zstd.ceiling == 0) {
		buf_init(&zstd, 2 * FRAME_TEXT_MAX);
		buf_init(&text, FRAME_TEXT_MAX);
	}
	buf_reset(&zstd);
	buf_reset(&text);
	must(frame_file_read(&j->f, i, &zstd, &e), &e);
	must(frame_text(f, buf_view(&zstd), &text, &e), &e);
	must(search_count(j->search, buf_view(&text), f->has_escapes, &n, &e), &e);
	atomic_fetch_add(&j->n_lines, n);
	atomic_fetch_add(&j->n_read, 1);
	atomic_fetch_add(&j->n_text, f->text_len);
}

static void open_log(struct job *j, int fd, struct arena *a)
{
	struct str literal = search_literal(j->search);
	bool *may = NULL;
	struct err e;

	must(frame_file_open(fd, a, &j->f, &e), &e);
	if (literal.len > 0)
		must(frame_file_may_contain(&j->f, literal, a, &may, &e), &e);
	j->may = may;
}

int main(int argc, char **argv)
{
	double begun = seconds(CLOCK_MONOTONIC), compiled = seconds(CLOCK_PROCESS_CPUTIME_ID);
	bool is_regex = argc > 2 && strcmp(argv[2], "regex") == 0;
	struct crew *crew = NULL;
	struct job j = { 0 };
	struct err e;
	AUTO_ARENA a;

	arena_init(&a);
	if (argc < 4) {
		fprintf(stderr, "usage: find LOG contains|regex WORDS [THREADS [FRAMES]]\n");
		return 2;
	}
	int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	struct str words = str_z(argv[3]), none = STR("");
	enum err_code code = search_new(is_regex ? none : words, is_regex ? words : none, &j.search, &e);
	compiled = seconds(CLOCK_PROCESS_CPUTIME_ID) - compiled;
	if (code == ERR_INVALID) {
		printf("refused=1 compile_ms=%.2f\n", compiled * 1000);
		return 0;
	}
	must(code, &e);
	must(crew_start(argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) - 1 : 0, &crew, &e), &e);
	open_log(&j, fd, &a);
	size_t most = argc > 5 ? strtoull(argv[5], NULL, 10) : j.f.n;
	crew_each(crew, most < j.f.n ? most : j.f.n, search_frame, &j);
	printf("lines=%lld frames=%zu read=%lld text=%lld compile_ms=%.2f seconds=%.4f cpu=%.4f\n",
		(long long)j.n_lines, j.f.n, (long long)j.n_read, (long long)j.n_text, compiled * 1000,
		seconds(CLOCK_MONOTONIC) - begun, seconds(CLOCK_PROCESS_CPUTIME_ID));
	crew_stop(crew);
	search_free(j.search);
	close(fd);
	return 0;
}
