/*
 * frames: what a sealed log costs, and what its bitmaps save.
 *
 *	frames FILE OUT
 *
 * Seals the text FILE as OUT, as the server would but for masking, and searches it for words that it may not have.
 * Prints one line:
 *	text=, sealed=, without_grams= (bytes); make_mb_s= (frames made, bitmaps too, on one thread, no writing);
 *	open_us=, ask_us= (median over the words), read_mb_s= (frames read and decompressed);
 *	all times are those of the processor, so that a busy machine does not count;
 *	passed= of a hundred frames those that have to be read for a word that is in none, mean over such words;
 *	passed8= the same for words of eight letters.
 */
#include "base/file.h"
#include "text/frame.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define EACH_NTH 8 /* frame is looked through for the words */

/* What people look for in logs. Most are in no frame of a given log; those that are do not count. */
static const char *const words[] = { "deadlock", "segfault", "sanitize", "firewall", "kerberos", "psycopg2",
	"livelock", "overrun!", "mutexes ", "quorum=2", "raceway ", "halfopen", "unmapped", "watchdog",
	"zombies ", "backoff=", "use-after-free", "OutOfMemoryError", "disk quota", "handshake",
	"undefined reference", "segmentation fault", "stack smashing", "assertion `", "Bad Gateway",
	"connection reset", "rebase --continue", "zygomorphic", "ModuleNotFoundError", "SIGKILL received",
	"exceeded quota", "flaky_test", "race detected", "ECONNREFUSED", "ETIMEDOUT", "too many open files",
	"No space left", "core dumped", "double free", "heap-buffer-overflow", "CrashLoopBackOff",
	"ImagePullBackOff", "x509: certificate", "toolchain missing", "unexpected EOF", "bisecting" };
#define N_WORDS (sizeof words / sizeof words[0])

struct made {
	struct arena a;
	struct frame *frames;
	uint32_t *checksums;
	size_t n;
	double seconds;
};

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(enum err_code code, const struct err *e)
{
	if (code == ERR_OK)
		return;
	fprintf(stderr, "frames: %s\n", e->text);
	exit(1);
}

static struct str map_file(const char *path)
{
	struct stat st;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	void *p = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (p == MAP_FAILED) {
		fprintf(stderr, "frames: cannot read %s, or it is empty\n", path);
		exit(1);
	}
	return (struct str){ p, (size_t)st.st_size };
}

/* The length of the next frame: up to the last line end that fits. */
static size_t frame_len(struct str text)
{
	const char *lf = text.len > FRAME_TEXT ? memrchr(text.p, '\n', FRAME_TEXT) : NULL;

	return text.len <= FRAME_TEXT ? text.len : lf ? (size_t)(lf - text.p) + 1 : FRAME_TEXT;
}

static void make_frame(struct made *m, struct str text, struct buf *out)
{
	struct frame *f = &m->frames[m->n], *before = m->n > 0 ? f - 1 : NULL;
	size_t file_at = out->len;
	double begun = cpu_seconds();
	struct err e;

	must(frame_make(text, &m->a, f, out, &e), &e);
	m->seconds += cpu_seconds() - begun;
	if (before) {
		f->text_at = before->text_at + before->text_len;
		f->line_at = before->line_at + before->n_line_ends;
		f->file_at = before->file_at + before->zstd_len;
		f->in_line = before->unended;
	}
	must(frame_checksum(str_from(buf_view(out), file_at), &m->checksums[m->n], &e), &e);
	m->n++;
}

static size_t sealed_len(const struct made *m, bool grams)
{
	struct frame *copy = mem_grow(NULL, m->n * sizeof *copy);
	struct err e;
	size_t len;
	AUTO_BUF b;

	buf_init(&b, UINT32_MAX);
	memcpy(copy, m->frames, m->n * sizeof *copy);
	for (size_t i = 0; i < m->n && !grams; i++)
		copy[i].grams = (struct str){ 0 };
	must(frame_seal(copy, m->checksums, m->n, &b, &e), &e);
	len = (size_t)copy[m->n - 1].file_at + copy[m->n - 1].zstd_len + b.len;
	free(copy);
	return len;
}

static void seal(struct str text, const char *path, struct made *m)
{
	size_t most = text.len / (FRAME_TEXT / 2) + 2;
	struct err e;
	AUTO_BUF out;
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	*m = (struct made){ 0 };
	arena_init(&m->a);
	m->frames = arena_array(&m->a, most, sizeof *m->frames);
	m->checksums = arena_array(&m->a, most, sizeof *m->checksums);
	buf_init(&out, SIZE_MAX);
	for (size_t at = 0, len; at < text.len; at += len) {
		len = frame_len(str_from(text, at));
		if (m->n == most) {
			fprintf(stderr, "frames: lines that long make too many frames\n");
			exit(1);
		}
		make_frame(m, (struct str){ text.p + at, len }, &out);
		must(fd_write_all(fd, buf_view(&out), &e), &e);
		buf_reset(&out);
	}
	must(frame_seal(m->frames, m->checksums, m->n, &out, &e), &e);
	must(fd_write_all(fd, buf_view(&out), &e), &e);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_ask_us(const struct frame_file *f)
{
	double took[N_WORDS];
	struct err e;

	for (size_t i = 0; i < N_WORDS; i++) {
		double begun = cpu_seconds();
		bool *may;
		AUTO_ARENA a;

		arena_init(&a);
		must(frame_file_may_contain(f, str_z(words[i]), &a, &may, &e), &e);
		took[i] = (cpu_seconds() - begun) * 1e6;
	}
	qsort(took, N_WORDS, sizeof took[0], by_value);
	return took[N_WORDS / 2];
}

struct tally {         /* of one word */
	size_t with;   /* frames that have it, of those looked through */
	size_t passed; /* frames that have to be read for it */
};

static void lower(char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] | 0x20 : p[i]);
}

static void tally_frame(struct str text, size_t frame, bool *const may[N_WORDS], struct tally *t)
{
	for (size_t i = 0; i < N_WORDS; i++) {
		char word[64];
		size_t len = strlen(words[i]);

		memcpy(word, words[i], len);
		lower(word, len);
		t[i].with += memmem(text.p, text.len, word, len) != NULL;
		t[i].passed += may[i][frame];
	}
}

/* Returns how many frames were looked through. */
static size_t tally_file(const struct frame_file *f, struct tally t[N_WORDS], double *ret_read_mb_s)
{
	bool *may[N_WORDS];
	double seconds = 0, bytes = 0;
	size_t n = 0;
	struct err e;
	AUTO_ARENA a;
	AUTO_BUF zstd;
	AUTO_BUF text;

	arena_init(&a);
	buf_init(&zstd, 2 * FRAME_TEXT_MAX);
	buf_init(&text, FRAME_TEXT_MAX);
	for (size_t i = 0; i < N_WORDS; i++)
		must(frame_file_may_contain(f, str_z(words[i]), &a, &may[i], &e), &e);
	for (size_t i = 0; i < f->n; i += EACH_NTH, n++) {
		double begun = cpu_seconds();

		buf_reset(&zstd);
		buf_reset(&text);
		must(frame_file_read(f, i, &zstd, &e), &e);
		must(frame_text(&f->frames[i], buf_view(&zstd), &text, &e), &e);
		seconds += cpu_seconds() - begun;
		bytes += (double)text.len;
		lower(text.p, text.len);
		tally_frame(buf_view(&text), i, may, t);
	}
	*ret_read_mb_s = bytes / seconds / 1e6;
	return n;
}

/* Of words that no frame has, with len letters or (0) any number: how many of a hundred frames are read for one. */
static double percent(const struct tally t[N_WORDS], size_t n_frames, size_t len)
{
	size_t n = 0, passed = 0;

	for (size_t i = 0; i < N_WORDS; i++) {
		if (t[i].with > 0 || (len > 0 && strlen(words[i]) != len))
			continue;
		n++;
		passed += t[i].passed;
	}
	return n ? 100.0 * (double)passed / (double)(n * n_frames) : 0;
}

int main(int argc, char **argv)
{
	struct tally t[N_WORDS] = { 0 };
	double begun, open_us, read_mb_s;
	struct frame_file f;
	struct str text;
	struct made m;
	size_t n;
	struct err e;
	AUTO_ARENA a;
	AUTO_FD fd = -1;

	arena_init(&a);
	if (argc != 3) {
		fprintf(stderr, "usage: frames FILE OUT\n");
		return 2;
	}
	text = map_file(argv[1]);
	seal(text, argv[2], &m);
	fd = open(argv[2], O_RDONLY | O_CLOEXEC);
	begun = cpu_seconds();
	must(frame_file_open(fd, &a, &f, &e), &e);
	open_us = (cpu_seconds() - begun) * 1e6;
	n = tally_file(&f, t, &read_mb_s);
	printf("text=%zu sealed=%zu without_grams=%zu make_mb_s=%.0f open_us=%.0f ask_us=%.0f read_mb_s=%.0f "
	       "passed=%.2f "
	       "passed8=%.2f\n",
		text.len, sealed_len(&m, true), sealed_len(&m, false), (double)text.len / m.seconds / 1e6,
		open_us, median_ask_us(&f), read_mb_s, percent(t, n, 0), percent(t, n, 8));
	arena_done(&m.a);
	return 0;
}
