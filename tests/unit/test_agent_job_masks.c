#include "tests/test.h"

#include "agent/job_masks.h"
#include "base/arena.h"
#include "tests/unit/help/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "sluice-masks"
#define ENV(...) ((char *const[]){ __VA_ARGS__, NULL })
#define HERE ENV("RUNNER_TEMP=.")

/* text as a later step of the job would mask it; borrowed until the next call. */
static const char *masked(char *const *env, const char *text)
{
	static char shown[1000];
	struct mask *mask = mask_new();
	AUTO_BUF out;

	buf_init(&out, sizeof shown - 1);
	job_masks_read(env, mask);
	mask_literals(mask, str_z(text), 0, &out);
	snprintf(shown, sizeof shown, "%s", buf_cstr(&out));
	mask_free(mask);
	return shown;
}

static void a_value_of_one_step_is_known_to_the_next(void **state)
{
	(void)state;
	job_masks_add(HERE, STR("::add-mask::swordfish-7\n"));
	job_masks_add(HERE, STR("12:00 ::add-mask a=b::other-value\r\n"));
	assert_string_equal(masked(HERE, "swordfish-7 and other-value and more"), "*** and *** and more");
}

static void a_value_with_line_ends_and_percent_signs_comes_back_as_it_was(void **state)
{
	(void)state;
	job_masks_add(HERE, STR("::add-mask::100%25 of%0Atwo lines\n"));
	assert_string_equal(masked(HERE, "100% of\ntwo lines"), "***");
	job_masks_add(HERE, STR("::add-mask::as it %is written\n"));
	assert_string_equal(masked(HERE, "as it %is written"), "***");
}

static void the_file_is_for_its_owner_alone(void **state)
{
	struct stat st;
	(void)state;

	umask(0);
	job_masks_add(HERE, STR("::add-mask::swordfish-7\n"));
	umask(022);
	assert_int_equal(stat(FILE_NAME, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void what_others_may_read_or_have_put_there_is_left_alone(void **state)
{
	struct stat st;
	(void)state;

	place_put("theirs", STR("::add-mask::swordfish-7\n"));
	assert_int_equal(symlink("theirs", FILE_NAME), 0);
	assert_string_equal(masked(HERE, "swordfish-7"), "swordfish-7");
	job_masks_add(HERE, STR("::add-mask::other-value\n"));
	assert_int_equal(stat("theirs", &st), 0);
	assert_int_equal(st.st_size, 24);

	assert_int_equal(unlink(FILE_NAME), 0);
	place_put(FILE_NAME, STR("::add-mask::swordfish-7\n"));
	assert_string_equal(masked(HERE, "swordfish-7"), "***");
	assert_int_equal(chmod(FILE_NAME, 0644), 0);
	assert_string_equal(masked(HERE, "swordfish-7"), "swordfish-7");

	assert_int_equal(unlink(FILE_NAME), 0);
	assert_int_equal(mkfifo(FILE_NAME, 0600), 0);
	assert_string_equal(masked(HERE, "swordfish-7"), "swordfish-7");
	job_masks_add(HERE, STR("::add-mask::other-value\n"));
}

static void the_same_value_is_kept_once_and_all_within_a_bound(void **state)
{
	struct stat st;
	char line[100];
	(void)state;

	for (int i = 0; i < 100; i++)
		job_masks_add(HERE, STR("::add-mask::swordfish-7\n"));
	assert_int_equal(stat(FILE_NAME, &st), 0);
	assert_int_equal(st.st_size, 24);
	for (int i = 0; i < 2000; i++) {
		snprintf(line, sizeof line, "::add-mask::a-value-that-is-rather-long-%d\n", i);
		job_masks_add(HERE, str_z(line));
	}
	assert_int_equal(stat(FILE_NAME, &st), 0);
	assert_in_range(st.st_size, JOB_MASKS_MAX - 100, JOB_MASKS_MAX);
	assert_string_equal(masked(HERE, "swordfish-7"), "***");
}

static void without_a_folder_of_the_job_nothing_is_kept(void **state)
{
	(void)state;
	job_masks_add(ENV("HOME=."), STR("::add-mask::swordfish-7\n"));
	job_masks_add(ENV("RUNNER_TEMP=nowhere"), STR("::add-mask::swordfish-7\n"));
	assert_int_equal(place_n_files("."), 0);
	assert_string_equal(masked(ENV("HOME=."), "swordfish-7"), "swordfish-7");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_value_of_one_step_is_known_to_the_next),
		TEST(a_value_with_line_ends_and_percent_signs_comes_back_as_it_was),
		TEST(the_file_is_for_its_owner_alone),
		TEST(what_others_may_read_or_have_put_there_is_left_alone),
		TEST(the_same_value_is_kept_once_and_all_within_a_bound),
		TEST(without_a_folder_of_the_job_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
