/* job_log: the steps of a job, out of its log: by the runner's own lines, with what the forge knows of them, and never a byte more or less. */
#include "tests/test.h"

#include "text/job_log.h"

#include <stdio.h>

#define T "2026-01-02T15:04:05.0000000Z "
#define BOM "\xef\xbb\xbf"
#define STAR "\xe2\xad\x90 Run "

static struct arena a;
static struct job_log_part *parts;
static size_t n;

static const char github[] = BOM T
	"Current runner version: '2.328.0'\n" T "##[group]Runner Image\n" T "##[endgroup]\n" T
	"##[group]Run actions/checkout@v4\n" T "with:\n" T "##[endgroup]\n" T
	"Syncing repository: acme/rig\n" BOM T "##[group]Run make test\n" T "make test\n" T "##[endgroup]\n" T
	"cc -c a.c\n" T "a.c:1:1: error: x\n" T "##[error]Process completed with exit code 2.\n" T
	"Post job cleanup.\n" T "Cleaning up orphan processes\n";

static const char act[] = T
	"host(version:v6.0.0) received task 12 of job test\n" T STAR "Main actions/checkout@v4\n" T
	"::group::Run something of its own\n" T "  \xe2\x9c\x85  Success - Main actions/checkout@v4\n" T STAR
	"Main make test\n" T "##[group]Run x\n" T "a.c:1:1: error: x\n" T "exitcode '2': failure\n" T
	"  \xe2\x9d\x8c  Failure - Main make test\n" T STAR "Post actions/checkout@v4\n" T "Job failed\n";

/* Gitea's own runner, from 1.0 on: a step's own group is written in the same way. */
static const char gitea[] = T
	"real(version:v1.0.8) received task 10 of job build, be triggered by event: push\n" T
	"workflow prepared\n" T "Run Main fetch\n" T "::group::Run git fetch\n" T "git fetch\n" T
	"git checkout -q main\n" T "shell: bash -e {0}\n" T "::endgroup::\n" T "::group::Run make test\n" T
	"make test\n" T "shell: bash -e {0}\n" T "env:\n" T "  CFLAGS: -O1\n" T "::endgroup::\n" T
	"::group::Run my tests\n" T "1 passed\n" T "::endgroup::\n" T "a.c:1:1: error: x\n" T
	"##[error]Process completed with exit code 2.\n" T "::group::Run acme/tidy@v1\n" T "well\n" T
	"::endgroup::\n" T "Cleaning up container for job build\n" T "Job failed\n" T "Job 'build' failed\n";

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

static void split(const char *log, const struct job_log_step *known, size_t n_known, bool failed)
{
	struct str text = str_z(log);
	size_t at = 0;

	job_log_split(text, known, n_known, failed, &a, &parts, &n);
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(parts[i].text.p, text.p + at);
		at += parts[i].text.len;
		assert_int_equal(parts[i].index, i);
	}
	assert_int_equal(at, text.len);
}

static void is(struct str got, const char *wanted)
{
	if (!str_eq(got, str_z(wanted)))
		fail_msg("\"%.*s\" instead of \"%s\"", STR_FMT(got), wanted);
}

static void a_log_of_github_is_split_where_it_says_run(void **state)
{
	(void)state;
	split(github, NULL, 0, true);
	assert_int_equal(n, 4);
	is(parts[0].name, "Set up job");
	is(parts[1].name, "Run actions/checkout@v4");
	is(parts[2].name, "Run make test");
	is(parts[3].name, "Post job cleanup");
	assert_int_equal(parts[1].conclusion, CONCLUSION_SUCCESS);
	assert_int_equal(parts[2].conclusion, CONCLUSION_FAILURE);
	assert_true(parts[2].has_exit_code);
	assert_int_equal(parts[2].exit_code, 2);
	assert_int_equal(parts[3].conclusion, CONCLUSION_SUCCESS);
	assert_true(str_starts(parts[2].text, STR(BOM T "##[group]Run make test\n")));
}

static void steps_that_are_as_many_have_the_names_of_the_forge(void **state)
{
	const struct job_log_step known[] = {
		{ STR("Set up job"), true, CONCLUSION_SUCCESS },
		{ STR("Checkout"), true, CONCLUSION_SUCCESS },
		{ STR("Only on main"), true, CONCLUSION_SKIPPED },
		{ STR("Tests"), true, CONCLUSION_FAILURE },
		{ STR("Post Checkout"), true, CONCLUSION_SUCCESS },
		{ STR("Complete job"), true, CONCLUSION_SUCCESS },
	};
	(void)state;

	split(github, known, 6, true);
	assert_int_equal(n, 4);
	is(parts[1].name, "Checkout");
	is(parts[2].name, "Tests");
	is(parts[3].name, "Post job cleanup");
	split(github, known, 3, true); /* one step less than there are */
	is(parts[1].name, "Run actions/checkout@v4");
	is(parts[2].name, "Run make test");
}

static void a_step_that_the_forge_says_went_on_is_no_failure(void **state)
{
	const struct job_log_step known[] = {
		{ STR("Checkout"), true, CONCLUSION_SUCCESS },
		{ STR("May fail"), true, CONCLUSION_SUCCESS },
	};
	(void)state;

	split(github, known, 2, false);
	assert_int_equal(parts[2].conclusion, CONCLUSION_SUCCESS);
	assert_false(parts[2].has_exit_code);
}

static void a_log_of_act_is_split_at_its_stars_alone(void **state)
{
	(void)state;
	split(act, NULL, 0, true);
	assert_int_equal(n, 4);
	is(parts[0].name, "Set up job");
	is(parts[1].name, "actions/checkout@v4");
	is(parts[2].name, "make test");
	is(parts[3].name, "Post actions/checkout@v4");
	assert_int_equal(parts[1].conclusion, CONCLUSION_SUCCESS);
	assert_int_equal(parts[2].conclusion, CONCLUSION_FAILURE);
	assert_int_equal(parts[2].exit_code, 2);
	assert_int_equal(parts[3].conclusion, CONCLUSION_SUCCESS);
}

static void a_log_of_giteas_runner_is_split_at_groups_that_say_how(void **state)
{
	const struct job_log_step known[] = {
		{ STR("fetch"), false, CONCLUSION_FAILURE },
		{ STR("test"), false, CONCLUSION_FAILURE },
		{ STR("tidy"), false, CONCLUSION_FAILURE },
	};
	(void)state;

	split(gitea, NULL, 0, true);
	assert_int_equal(n, 5);
	is(parts[0].name, "Set up job");
	is(parts[1].name, "Run git fetch");
	is(parts[2].name, "Run make test");
	is(parts[3].name, "Run acme/tidy@v1");
	is(parts[4].name, "Complete job");
	assert_int_equal(parts[1].conclusion, CONCLUSION_SUCCESS);
	assert_int_equal(parts[2].conclusion, CONCLUSION_FAILURE);
	assert_int_equal(parts[2].exit_code, 2);
	assert_int_equal(parts[3].conclusion, CONCLUSION_SUCCESS);
	split(gitea, known, 3, true);
	is(parts[2].name, "test");
	assert_int_equal(parts[1].conclusion, CONCLUSION_SUCCESS); /* whatever the forge says of each */
	split(gitea, known, 2, true); /* one was left out, and nobody says which */
	is(parts[2].name, "Run make test");
}

static void one_star_is_of_all_steps(void **state)
{
	static const char log[] =
		T "received task 1\n" T STAR "Main actions/checkout@v4\n" T "checked out\n" T
		  "a.c:1:1: error: x\n" T "  \xe2\x9d\x8c  Failure - Main make\n" T STAR
		  "Post actions/checkout@v4\n" T "Job failed\n";
	const struct job_log_step known[] = { { STR("Checkout"), false, CONCLUSION_FAILURE },
		{ STR("make"), false, CONCLUSION_FAILURE } };
	(void)state;

	split(log, known, 2, true);
	assert_int_equal(n, 3);
	is(parts[1].name, "job");
	assert_int_equal(parts[1].conclusion, CONCLUSION_FAILURE);
	split(log, NULL, 0, true);
	is(parts[1].name, "job");
	split(log, known, 1, true);
	is(parts[1].name, "Checkout");
}

static void what_an_action_is_made_of_is_not_a_step(void **state)
{
	(void)state;
	split("::group::Run acme/tools@v1\nwith:\n  a: b\n::group::Run make\nmake\nshell: "
	      "sh\n::endgroup::\nmade\n::endgroup::\n"
	      "::group::Run make test\nmake test\nshell: sh\n::endgroup::\nwell\n",
		NULL, 0, false);
	assert_int_equal(n, 2);
	is(parts[0].name, "Run acme/tools@v1");
	is(parts[1].name, "Run make test");
}

static void what_cannot_be_split_is_one_step(void **state)
{
	(void)state;
	split("just text\nwithout an end", NULL, 0, true);
	assert_int_equal(n, 1);
	is(parts[0].name, "job");
	assert_int_equal(parts[0].conclusion, CONCLUSION_FAILURE);
	split("x", NULL, 0, false);
	assert_int_equal(parts[0].conclusion, CONCLUSION_SUCCESS);
	split("", NULL, 0, true);
	assert_int_equal(n, 0);
}

static void a_job_that_failed_has_a_step_that_failed(void **state)
{
	(void)state;
	split("##[group]Run a\n##[error]only a warning in red\n##[group]Run b\nkilled\n", NULL, 0, true);
	assert_int_equal(n, 2);
	is(parts[0].name, "Run a");
	assert_int_equal(parts[0].conclusion, CONCLUSION_SUCCESS);
	assert_int_equal(parts[1].conclusion, CONCLUSION_FAILURE);
}

static void what_the_runner_does_in_the_end_is_not_to_blame(void **state)
{
	(void)state;
	split("::group::Run acme/tools@v1\n##[error]it did not go well\n::endgroup::\nCleaning up container "
	      "for job build\nJob failed\n",
		NULL, 0, true);
	assert_int_equal(n, 2);
	assert_int_equal(parts[0].conclusion, CONCLUSION_FAILURE);
	assert_int_equal(parts[1].conclusion, CONCLUSION_SUCCESS);
	split("##[group]Run a\nkilled\nPost job cleanup.\n", NULL, 0, true);
	assert_int_equal(parts[0].conclusion, CONCLUSION_FAILURE);
	assert_int_equal(parts[1].conclusion, CONCLUSION_SUCCESS);
	split("Starting\nPost job cleanup.\n", NULL, 0, true); /* there is nothing but that */
	assert_int_equal(parts[n - 1].conclusion, CONCLUSION_FAILURE);
}

static void marks_count_at_the_beginning_of_a_line_only(void **state)
{
	(void)state;
	split("x ##[group]Run a\necho '##[group]Run b'\nSay " STAR
	      "Main c\n ##[error]Process completed with exit code 1.\n",
		NULL, 0, false);
	assert_int_equal(n, 1);
	assert_int_equal(parts[0].conclusion, CONCLUSION_SUCCESS);
}

static void there_are_so_many_parts_and_no_more(void **state)
{
	AUTO_BUF log;
	(void)state;

	buf_init(&log, SIZE_MAX);
	for (int i = 0; i < JOB_LOG_PARTS_MAX + 50; i++)
		buf_fmt(&log, "##[group]Run %d\n", i);
	buf_z(&log, "##[error]Process completed with exit code 3.\n");
	split(buf_cstr(&log), NULL, 0, true);
	assert_true(n <= JOB_LOG_PARTS_MAX && n >= JOB_LOG_PARTS_MAX - 1);
	assert_int_equal(parts[n - 1].exit_code, 3);
}

static void names_are_short_and_printable(void **state)
{
	AUTO_BUF log;
	(void)state;

	buf_init(&log, SIZE_MAX);
	buf_z(&log, "##[group]Run \x1b[31mred\xff ");
	for (int i = 0; i < 300; i++)
		buf_z(&log, "\xc3\xa4");
	buf_z(&log, "\n");
	split(buf_cstr(&log), NULL, 0, false);
	assert_int_equal(n, 1);
	assert_true(parts[0].name.len <= JOB_LOG_NAME_MAX && parts[0].name.len > 190);
	assert_true(str_starts(parts[0].name, STR("Run  [31mred\xef\xbf\xbd ")));
}

static void boms_go_and_nothing_else(void **state)
{
	AUTO_BUF out;
	(void)state;

	buf_init(&out, SIZE_MAX);
	job_log_clean(STR(BOM BOM T "a\r\n" BOM "b" BOM "c\n\n" BOM), &out);
	is(buf_view(&out), T "a\r\nb" BOM "c\n\n");
}

static void stamps_of_runners_go_and_no_others(void **state)
{
	AUTO_BUF out;
	(void)state;

	buf_init(&out, SIZE_MAX);
	job_log_unstamp(
		STR(T "one\n" T "\n2026-01-02T15:04:05.000Z two\n" T T "three\n2026-01-02T15:04:05.0000000Z"),
		&out);
	is(buf_view(&out), "one\n\n2026-01-02T15:04:05.000Z two\n" T "three\n2026-01-02T15:04:05.0000000Z");
}

static void the_log_of_one_step_says_how_it_went(void **state)
{
	struct job_log_part part;
	(void)state;

	job_log_one(STR(T STAR "Main make\n" T "exitcode '7': failure\n"), &a, &part);
	is(part.name, "make");
	assert_int_equal(part.conclusion, CONCLUSION_FAILURE);
	assert_int_equal(part.exit_code, 7);
	job_log_one(STR("##[group]Run a\n##[group]Run b\n"), &a, &part);
	is(part.name, "Run a");
	assert_int_equal(part.conclusion, CONCLUSION_SUCCESS);
	job_log_one(STR("nothing"), &a, &part);
	is(part.name, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_log_of_github_is_split_where_it_says_run),
		TEST(steps_that_are_as_many_have_the_names_of_the_forge),
		TEST(a_step_that_the_forge_says_went_on_is_no_failure),
		TEST(a_log_of_act_is_split_at_its_stars_alone),
		TEST(a_log_of_giteas_runner_is_split_at_groups_that_say_how),
		TEST(a_log_of_giteas_runner_is_split_at_groups_that_say_how),
		TEST(one_star_is_of_all_steps),
		TEST(what_an_action_is_made_of_is_not_a_step),
		TEST(what_cannot_be_split_is_one_step),
		TEST(a_job_that_failed_has_a_step_that_failed),
		TEST(what_the_runner_does_in_the_end_is_not_to_blame),
		TEST(marks_count_at_the_beginning_of_a_line_only),
		TEST(there_are_so_many_parts_and_no_more),
		TEST(names_are_short_and_printable),
		TEST(boms_go_and_nothing_else),
		TEST(stamps_of_runners_go_and_no_others),
		TEST(the_log_of_one_step_says_how_it_went),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
