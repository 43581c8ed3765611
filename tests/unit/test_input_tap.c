/* input_tap: leaves are told by their full names, what is expected is not told, what follows a test is its message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain/input_tap.h"
#include "tests/unit/help/told.h"

static void tests_that_fail_are_told_and_todo_and_skip_are_not(void **state)
{
	(void)state;
	assert_log_told(
		"TAP version 13\n1..5\nok 1 - a\nnot ok 2 - b # TODO later\nnot ok 3 - c\nok 4 # skip no\n"
		"not ok 5 d \\# TODO is a part of it\n",
		"error test {c} c @4-5\nerror test {d \\# TODO is a part of it} d \\# TODO is a part of it "
		"@6-7\n");
}

static void a_yaml_block_gives_message_and_place(void **state)
{
	(void)state;
	assert_log_told("TAP version 13\n"
			"not ok 1 - adds\n"
			"  ---\n"
			"  duration_ms: 1.5\n"
			"  location: '/home/runner/work/app/app/test/a.test.js:3:1'\n"
			"  failureType: 'testCodeFailure'\n"
			"  error: |-\n"
			"    Expected values to be strictly equal:\n"
			"    \n"
			"    4 !== 3\n"
			"  code: 'ERR_ASSERTION'\n"
			"  expected: 3\n"
			"  ...\n"
			"ok 2 - fine\n"
			"  ---\n"
			"  message: nothing\n"
			"  ...\n"
			"1..2\n",
		"error assertion test/a.test.js:3:1 [ERR_ASSERTION] {adds} "
		"Expected values to be strictly equal://4 !== 3 @1-13\n");
	assert_log_told("TAP version 13\nnot ok 1 - t\n  ---\n  operator: equal\n  expected: 1\n  actual: 2\n"
			"  at:\n    file: lib/a.js\n    line: 7\n    column: 2\n  ...\n1..1\n",
		"error assertion lib/a.js:7:2 {t} expected: 1/actual: 2 @1-11\n");
}

static void a_parent_that_fails_through_its_child_is_only_a_part_of_the_name(void **state)
{
	(void)state;
	assert_log_told("TAP version 14\n"
			"# Subtest: outer\n"
			"    # Subtest: inner\n"
			"        ok 1 - fine\n"
			"        not ok 2 - leaf\n"
			"        1..2\n"
			"    not ok 1 - inner\n"
			"    1..1\n"
			"not ok 1 - outer\n"
			"not ok 2 - other\n"
			"1..2\n",
		"error test {outer > inner > leaf} leaf @4-5\nerror test {other} other @9-10\n");
}

static void subtests_in_braces_and_expected_ones_are_known(void **state)
{
	(void)state;
	assert_log_told(
		"TAP version 13\nok 1 - fine {\n    ok 1 - x\n    1..1\n}\n"
		"not ok 2 - later # TODO\n    not ok 1 - child\n    1..1\nnot ok 3 - gone # TODO x\n1..3\n",
		"");
}

static void comments_behind_a_test_are_its_message(void **state)
{
	(void)state;
	assert_log_told("1..2\n"
			"not ok 1 - sum\n"
			"#   Failed test 'sum'\n"
			"#   at t/a.t line 12.\n"
			"#          got: '4'\n"
			"#     expected: '3'\n"
			"ok 2 - fine\n"
			"# Looks like you failed 1 test of 2.\n",
		"error assertion t/a.t:12 {sum} Failed test 'sum'/at t/a.t line 12./got: '4'/expected: '3' "
		"@1-6\n");
	assert_log_told("1..1\nnot ok 1 greets\n# (in test file test/a.bats, line 5)\n#   `false' failed\n",
		"error test test/a.bats:5 {greets} (in test file test/a.bats, line 5)/`false' failed @1-4\n");
}

static void a_stream_that_ends_too_early_is_a_failure(void **state)
{
	(void)state;
	assert_log_told("TAP version 13\n1..3\nok 1\nsegfault\n",
		"error test planned 3 tests, but saw only 1 @1-2\n");
	assert_log_told("1..9\nok 1\nBail out! no database\n", "fatal test no database @2-3\n");
	assert_log_told("1..0 # SKIP not here\nok 1\n", "");
}

static void other_output_is_passed_over_and_does_not_make_a_stream(void **state)
{
	size_t from, n = 0;
	AUTO_LINES l = { 0 };
	AUTO_FINDINGS f;
	struct err e;
	struct input in = { .out = &f, .log = &l };

	(void)state;
	assert_log_told("ok  \texample.org/a\t0.01s\nnot ok\nok\n", "");
	assert_log_told("1..4 of them\nnot ok 1 - x\n", "");
	findings_init(&f);
	assert_int_equal(
		lines_init(&l, STR("make: x\n2024-05-01T10:00:00.1234567Z not ok 1 - a\nnoise\n1..1\n"), &e),
		ERR_OK);
	assert_true(input_tap_find(&l, &from));
	assert_int_equal(from, 1);
	input_tap(&in, &l, from, &n);
	assert_int_equal(n, 1);
	assert_findings_told(&f, "error test {a} a @1-2\n");
}

static void what_never_ends_does_not_swallow_what_follows(void **state)
{
	(void)state;
	assert_log_told("TAP version 13\nnot ok 1 - a\n  ---\n  message: m\nnot ok 2 - b\n1..2\n",
		"error test {a} m @1-4\nerror test {b} b @4-5\n");
	assert_log_told("TAP version 13\nnot ok 1 - a\nx\nx\nx\nx\nx\nx\n# much later\n1..1\n",
		"error test {a} a @1-2\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tests_that_fail_are_told_and_todo_and_skip_are_not),
		cmocka_unit_test(a_yaml_block_gives_message_and_place),
		cmocka_unit_test(a_parent_that_fails_through_its_child_is_only_a_part_of_the_name),
		cmocka_unit_test(subtests_in_braces_and_expected_ones_are_known),
		cmocka_unit_test(comments_behind_a_test_are_its_message),
		cmocka_unit_test(a_stream_that_ends_too_early_is_a_failure),
		cmocka_unit_test(other_output_is_passed_over_and_does_not_make_a_stream),
		cmocka_unit_test(what_never_ends_does_not_swallow_what_follows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
