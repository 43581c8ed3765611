#include "tests/test.h"

#include "base/diag.h"

#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int pipe_fds[2];

static int open_pipe(void **state)
{
	(void)state;

	assert_int_equal(pipe(pipe_fds), 0);
	diag_set_fd(pipe_fds[1]);
	diag_set_level(DIAG_INFO);
	unsetenv("JOURNAL_STREAM");
	return 0;
}

static int close_pipe(void **state)
{
	(void)state;

	diag_set_fd(2);
	fd_close(&pipe_fds[0]);
	fd_close(&pipe_fds[1]);
	return 0;
}

/* All that was said so far, after which nothing more can be. */
static const char *said(struct buf *out)
{
	char piece[4096];
	ssize_t n;

	buf_init(out, 1 << 20);
	fd_close(&pipe_fds[1]);
	while ((n = read(pipe_fds[0], piece, sizeof piece)) > 0)
		buf_add(out, piece, (size_t)n);
	return buf_cstr(out);
}

static void a_message_is_a_line_with_time_and_level(void **state)
{
	const char *text;
	AUTO_BUF out;
	(void)state;

	diag(DIAG_WARNING, "disk is %d %% full", 97);
	text = said(&out);
	assert_int_equal(text[10], 'T');
	assert_string_equal(text + 24, " warning: disk is 97 % full\n");
}

static void under_the_journal_a_line_has_a_priority_and_no_time(void **state)
{
	AUTO_BUF out;
	(void)state;

	setenv("JOURNAL_STREAM", "8:1", 1);
	diag(DIAG_ERROR, "x");
	assert_string_equal(said(&out), "<3>x\n");
	unsetenv("JOURNAL_STREAM");
}

static void what_is_above_the_level_is_not_said(void **state)
{
	AUTO_BUF out;
	(void)state;

	setenv("JOURNAL_STREAM", "8:1", 1);
	diag(DIAG_DEBUG, "no");
	diag_set_level(DIAG_ERROR);
	diag(DIAG_WARNING, "no");
	diag(DIAG_ERROR, "yes");
	assert_string_equal(said(&out), "<3>yes\n");
	unsetenv("JOURNAL_STREAM");
}

static void nothing_from_outside_can_forge_a_line(void **state)
{
	AUTO_BUF out;
	(void)state;

	setenv("JOURNAL_STREAM", "8:1", 1);
	diag(DIAG_INFO, "%s", "a\n<3>b\r\x1b[2J\x7f\t\xC2\x9B\xFF caf\xC3\xA9");
	assert_string_equal(said(&out), "<6>a\\x0a<3>b\\x0d\\x1b[2J\\x7f\\x09\\xc2\\x9b\\xff caf\xC3\xA9\n");
	unsetenv("JOURNAL_STREAM");
}

static void a_long_message_is_cut_and_still_a_line(void **state)
{
	const char *text;
	char big[5000];
	AUTO_BUF out;
	(void)state;

	memset(big, 1, sizeof big - 1);
	big[sizeof big - 1] = '\0';
	diag(DIAG_INFO, "%s", big);
	text = said(&out);
	assert_in_range(strlen(text), 4000, 4300);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void errno_of_the_caller_stays(void **state)
{
	(void)state;

	diag_set_fd(-1);
	errno = ENOENT;
	diag(DIAG_ERROR, "nobody hears this");
	assert_int_equal(errno, ENOENT);
}

static void *say_a_hundred(void *arg)
{
	for (int i = 0; i < 100; i++)
		diag(DIAG_INFO, "%s", (const char *)arg);
	return NULL;
}

static void lines_of_several_threads_do_not_mix(void **state)
{
	static char a[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		    b[] = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
	pthread_t threads[2];
	struct str rest;
	size_t n = 0;
	AUTO_BUF out;
	(void)state;

	setenv("JOURNAL_STREAM", "8:1", 1);
	assert_int_equal(pthread_create(&threads[0], NULL, say_a_hundred, a), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, say_a_hundred, b), 0);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	unsetenv("JOURNAL_STREAM");
	said(&out);
	for (rest = buf_view(&out); rest.len > 0; n++) {
		struct str line = { rest.p, str_find(rest, '\n') };

		assert_true(str_eq(str_from(line, 3), str_z(a)) || str_eq(str_from(line, 3), str_z(b)));
		rest = str_from(rest, line.len + 1);
	}
	assert_int_equal(n, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_pipe, close_pipe)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_message_is_a_line_with_time_and_level),
		TEST(under_the_journal_a_line_has_a_priority_and_no_time),
		TEST(what_is_above_the_level_is_not_said),
		TEST(nothing_from_outside_can_forge_a_line),
		TEST(a_long_message_is_cut_and_still_a_line),
		TEST(errno_of_the_caller_stays),
		TEST(lines_of_several_threads_do_not_mix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
