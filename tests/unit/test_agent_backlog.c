#include "tests/test.h"

#include "agent/backlog.h"
#include "base/file.h"
#include "tests/unit/help/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIMIT (1024 * 1024)

static struct arena arena;
static struct stream_file file;
static struct backlog b;
static struct buf got;

static int set_up(void **state)
{
	struct spool s;
	struct err e;
	int n_lost;

	if (place_make(state) != 0)
		return -1;
	arena_init(&arena);
	spool_init(&s, (char *const[]){ "SLUICE_SPOOL=spool", NULL }, 1, &arena);
	stream_file_create(&s, STR("http://s.example"), STR("{}"), LIMIT, &file, &n_lost, &e);
	backlog_init(&b, &file, LIMIT);
	buf_init(&got, 64 * LIMIT);
	return e.code == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	backlog_done(&b);
	stream_file_leave(&file);
	arena_done(&arena);
	buf_done(&got);
	return place_remove(state);
}

/* What a server would get from `at` on; it has it then. */
static void get_rest(void)
{
	size_t n = (size_t)(b.end - b.front);
	char *p = malloc(n + 1);

	assert_int_equal(backlog_read(&b, b.front, p, n, NULL), ERR_OK);
	buf_add(&got, p, n);
	free(p);
	backlog_ack(&b, b.end);
}

static void add_line(int i)
{
	char line[1010];

	snprintf(line, sizeof line, "line %06d %0987d\n", i, 0);
	backlog_add(&b, str_z(line));
}

static void bytes_come_out_as_they_went_in(void **state)
{
	(void)state;
	backlog_add(&b, STR("one\n"));
	backlog_add(&b, STR(""));
	backlog_add(&b, STR("two\n"));
	get_rest();
	backlog_add(&b, STR("three"));
	assert_int_equal(backlog_end(&b, NULL), ERR_OK);
	get_rest();
	assert_string_equal(buf_cstr(&got), "one\ntwo\nthree");
	assert_int_equal(b.n_dropped, 0);
}

static void any_amount_passes_while_the_server_takes_it(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		add_line(i);
		if (i % 500 == 0)
			get_rest();
	}
	assert_int_equal(backlog_end(&b, NULL), ERR_OK);
	get_rest();
	assert_int_equal(got.len, 20000 * 1000);
	assert_int_equal(b.n_dropped, 0);
}

/* The beginning, the end, whole lines, and a line between them that tells the truth. */
static void assert_gap(int n_lines)
{
	size_t gap = str_find_str(buf_view(&got), STR("[sluice: ")), lines = 0;
	struct str behind = str_from(buf_view(&got), gap);
	int64_t n_dropped;

	assert_true(gap < got.len);
	assert_int_equal(gap % 1000, 0);
	assert_int_equal(got.p[gap - 1], '\n');
	n_dropped = strtoll(behind.p + STR("[sluice: ").len, NULL, 10);
	behind = str_from(behind, str_find(behind, '\n') + 1);
	assert_true(str_starts(behind, STR("line ")));
	assert_int_equal(behind.len % 1000, 0);
	for (size_t at = 0; at + 1000 <= behind.len; at += 1000)
		lines += str_starts(str_from(behind, at), STR("line "));
	assert_int_equal(lines, behind.len / 1000);
	assert_int_equal(n_dropped + (int64_t)gap + (int64_t)behind.len, (int64_t)n_lines * 1000);
	assert_int_equal(n_dropped, b.n_dropped);
	assert_int_equal(strtol(behind.p + behind.len - 1000 + 5, NULL, 10), n_lines - 1);
}

static void beyond_the_limit_the_middle_is_dropped_and_that_is_said(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++)
		add_line(i);
	assert_true(b.end <= LIMIT);
	assert_int_equal(backlog_end(&b, NULL), ERR_OK);
	get_rest();
	assert_gap(5000);
	assert_true(got.len > LIMIT);
	assert_true(got.len <= LIMIT + BACKLOG_LAST + 1200);
}

static void when_there_is_room_again_it_goes_on_behind_the_gap(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++)
		add_line(i);
	get_rest();
	assert_false(b.over);
	for (int i = 5000; i < 5100; i++)
		add_line(i);
	assert_int_equal(backlog_end(&b, NULL), ERR_OK);
	get_rest();
	assert_gap(5100);
}

static void what_was_over_for_a_moment_and_still_fits_leaves_no_gap(void **state)
{
	(void)state;
	for (int i = 0; i < LIMIT / 1000 + 100; i++)
		add_line(i);
	assert_true(b.over);
	get_rest();
	assert_int_equal(backlog_end(&b, NULL), ERR_OK);
	get_rest();
	assert_int_equal(b.n_dropped, 0);
	assert_int_equal(got.len, (LIMIT / 1000 + 100) * 1000);
}

static void the_line_about_the_gap_is_a_line_of_its_own(void **state)
{
	static char piece[LIMIT];
	(void)state;

	memset(piece, 'x', sizeof piece);
	for (int i = 0; i < 4; i++)
		backlog_add(&b, (struct str){ piece, sizeof piece });
	assert_int_equal(backlog_end(&b, NULL), ERR_OK);
	get_rest();
	assert_true(str_find_str(buf_view(&got), STR("x\n[sluice: ")) < got.len);
	assert_true(str_find_str(buf_view(&got), STR("full]\nxxx")) < got.len);
}

/* A file that cannot be written is as a full one. */
static void a_disk_that_refuses_loses_no_more_than_it_must(void **state)
{
	char path[100];
	int writable;
	(void)state;

	backlog_add(&b, STR("first\n"));
	writable = dup(file.fd);
	snprintf(path, sizeof path, "/proc/self/fd/%d", file.fd);
	assert_true(dup2(open(path, O_RDONLY | O_CLOEXEC), file.fd) >= 0);
	backlog_add(&b, STR("second\n"));
	assert_true(b.over);
	assert_int_equal(backlog_end(&b, NULL), ERR_STORAGE);
	dup2(writable, file.fd);
	close(writable);
	assert_int_equal(backlog_end(&b, NULL), ERR_OK);
	get_rest();
	assert_string_equal(buf_cstr(&got), "first\nsecond\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(bytes_come_out_as_they_went_in),
		TEST(any_amount_passes_while_the_server_takes_it),
		TEST(beyond_the_limit_the_middle_is_dropped_and_that_is_said),
		TEST(when_there_is_room_again_it_goes_on_behind_the_gap),
		TEST(what_was_over_for_a_moment_and_still_fits_leaves_no_gap),
		TEST(the_line_about_the_gap_is_a_line_of_its_own),
		TEST(a_disk_that_refuses_loses_no_more_than_it_must),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
