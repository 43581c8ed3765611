/* step: conclusions and the status that follows from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/step.h"

static void every_conclusion_has_a_name_that_finds_it(void **state)
{
	enum conclusion c;

	(void)state;
	for (unsigned i = 0; i < CONCLUSION_N; i++) {
		assert_true(conclusion_find(str_z(conclusion_name((enum conclusion)i)), &c));
		assert_int_equal(c, i);
	}
	assert_false(conclusion_find(STR("failed"), &c));
	assert_false(conclusion_find(STR("Failure"), &c));
	assert_false(conclusion_find(STR(""), &c));
}

static void failure_and_timeout_are_failed_and_no_other(void **state)
{
	(void)state;
	assert_true(conclusion_failed(CONCLUSION_FAILURE));
	assert_true(conclusion_failed(CONCLUSION_TIMED_OUT));
	assert_false(conclusion_failed(CONCLUSION_SUCCESS));
	assert_false(conclusion_failed(CONCLUSION_CANCELLED));
	assert_false(conclusion_failed(CONCLUSION_SKIPPED));
}

#define NOW INT64_C(1790000000000)

/* Of nine steps, when so much was heard last. */
static enum run_status derived(struct run_tally t, int64_t quiet_ms)
{
	t.n_steps = 9;
	t.newest_at = NOW - quiet_ms;
	return run_status_derive(&t, NOW);
}

static void one_failed_step_fails_the_run(void **state)
{
	(void)state;
	assert_int_equal(derived((struct run_tally){ .n_failed = 1 }, 0), RUN_FAIL);
	assert_int_equal(
		derived((struct run_tally){ .n_failed = 1, .n_running = 3, .n_cancelled = 2 }, 0), RUN_FAIL);
	assert_int_equal(derived((struct run_tally){ .n_failed = 2, .n_lost = 1 }, 0), RUN_FAIL);
}

static void a_run_without_a_failed_step_passed_when_nothing_was_heard_for_long(void **state)
{
	(void)state;
	assert_int_equal(run_status_derive(&(struct run_tally){ 0 }, NOW), RUN_RUNNING);
	assert_int_equal(derived((struct run_tally){ 0 }, 0), RUN_RUNNING);
	assert_int_equal(derived((struct run_tally){ 0 }, RUN_QUIET_MS - 1), RUN_RUNNING);
	assert_int_equal(derived((struct run_tally){ 0 }, RUN_QUIET_MS), RUN_PASS);
	assert_int_equal(derived((struct run_tally){ .n_running = 1 }, RUN_QUIET_MS), RUN_RUNNING);
	assert_int_equal(derived((struct run_tally){ .n_cancelled = 1 }, 0), RUN_CANCELED);
	assert_int_equal(derived((struct run_tally){ .n_cancelled = 1, .n_running = 1 }, 0), RUN_RUNNING);
}

static void a_run_whose_runner_was_lost_is_incomplete_and_never_a_pass(void **state)
{
	(void)state;
	assert_int_equal(
		derived((struct run_tally){ .n_failed = 2, .n_lost = 2 }, RUN_QUIET_MS), RUN_INCOMPLETE);
	assert_int_equal(
		derived((struct run_tally){ .n_failed = 1, .n_lost = 1, .n_running = 1 }, 0), RUN_RUNNING);
}

static void statuses_have_the_names_of_the_results_api(void **state)
{
	(void)state;
	assert_string_equal(run_status_name(RUN_QUEUED), "queued");
	assert_string_equal(run_status_name(RUN_RUNNING), "running");
	assert_string_equal(run_status_name(RUN_PASS), "pass");
	assert_string_equal(run_status_name(RUN_FAIL), "fail");
	assert_string_equal(run_status_name(RUN_CANCELED), "canceled");
	assert_string_equal(run_status_name(RUN_INCOMPLETE), "incomplete");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_conclusion_has_a_name_that_finds_it),
		cmocka_unit_test(failure_and_timeout_are_failed_and_no_other),
		cmocka_unit_test(one_failed_step_fails_the_run),
		cmocka_unit_test(a_run_without_a_failed_step_passed_when_nothing_was_heard_for_long),
		cmocka_unit_test(a_run_whose_runner_was_lost_is_incomplete_and_never_a_pass),
		cmocka_unit_test(statuses_have_the_names_of_the_results_api),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
