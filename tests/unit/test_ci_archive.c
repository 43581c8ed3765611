/* ci_archive: which logs of GitHub's archive are sent, as what, and in which order. */
#include "tests/test.h"

#include "agent/ci_archive.h"

static struct arena a;
static struct ci_log *logs;
static size_t n;

static void plan(const char *const *files, size_t n_files)
{
	struct str names[20];

	for (size_t i = 0; i < n_files; i++)
		names[i] = str_z(files[i]);
	ci_archive_plan(names, n_files, &a, &logs, &n);
}

static void is(size_t i, const char *job, const char *step, int64_t number)
{
	assert_true(i < n);
	if (!str_eq(logs[i].job, str_z(job)) || !str_eq(logs[i].step, str_z(step)) ||
		logs[i].number != number)
		fail_msg("%zu: %.*s, %.*s, %d", i, STR_FMT(logs[i].job), STR_FMT(logs[i].step),
			(int)logs[i].number);
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&a);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&a);
	return 0;
}

static void steps_come_in_order_and_in_place_of_their_job(void **state)
{
	static const char *const files[] = { "0_test (gcc).txt", "1_lint.txt", "test (gcc)/10_Post_x.txt",
		"test (gcc)/2_Run make.txt", "test (gcc)/system.txt", "test (gcc)/1_Set up job.txt" };
	(void)state;

	plan(files, sizeof files / sizeof *files);
	assert_int_equal(n, 4);
	is(0, "lint", "", 1);
	is(1, "test (gcc)", "Set up job", 1);
	is(2, "test (gcc)", "Run make", 2);
	is(3, "test (gcc)", "Post_x", 10);
}

static void whole_jobs_are_taken_where_there_are_no_steps(void **state)
{
	static const char *const files[] = { "0_b.txt", "1_a.txt", "a/system.txt" };
	(void)state;

	plan(files, 3);
	assert_int_equal(n, 2);
	is(0, "a", "", 1);
	is(1, "b", "", 0);
}

static void other_files_are_let_lie(void **state)
{
	static const char *const files[] = { "", "/", "/1_x.txt", "x/y/1_z.txt", "_x.txt", "1_.txt", ".txt",
		"1x.txt", "1_x.log", "-1_x.txt", "9999999999_x.txt", "../1_x.txt/", "x/" };
	(void)state;

	plan(files, sizeof files / sizeof *files);
	assert_int_equal(n, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(steps_come_in_order_and_in_place_of_their_job),
		TEST(whole_jobs_are_taken_where_there_are_no_steps),
		TEST(other_files_are_let_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
