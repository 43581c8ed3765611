/* input_junit: every dialect gives the same findings, marks are kept, what is hostile is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain/input_junit.h"
#include "tests/unit/help/told.h"

#include <string.h>

static void surefire_marks_of_reruns_are_kept(void **state)
{
	(void)state;
	assert_report_told(
		"<?xml version='1.0'?>\n"
		"<testsuite name='com.example.CalcTest' tests='4'>\n"
		"<testcase name='adds' classname='com.example.CalcTest'>\n"
		"<failure message='expected: &lt;3&gt; but was: &lt;4&gt;' "
		"type='org.opentest4j.AssertionFailedError'>"
		"<![CDATA[org.opentest4j.AssertionFailedError: x\n"
		"\tat org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)\n"
		"\tat com.example.CalcTest.adds(CalcTest.java:12)\n]]></failure>\n"
		"<rerunFailure message='again'>x</rerunFailure><rerunFailure message='again'/>\n"
		"</testcase>\n"
		"<testcase name='sometimes' classname='com.example.CalcTest'>"
		"<flakyFailure message='not yet' type='java.lang.IllegalStateException'/></testcase>\n"
		"<testcase name='off' classname='com.example.CalcTest'><skipped message='no'/></testcase>\n"
		"<testcase name='throws' classname='com.example.CalcTest'>"
		"<error message='boom' type='java.io.IOException'/></testcase>\n"
		"</testsuite>\n",
		"error assertion CalcTest.java:12 {com.example.CalcTest.adds} expected: <3> but was: <4> "
		"reruns=2\n"
		"warning test {com.example.CalcTest.sometimes} not yet flaky reruns=1\n"
		"error test {com.example.CalcTest.throws} boom\n");
}

static void gradle_tells_a_retry_by_a_second_testcase(void **state)
{
	(void)state;
	assert_report_told(
		"<testsuite name='s'><testcase name='a' classname='C'><failure message='m'/></testcase>"
		"<testcase name='a' classname='C'/><testcase name='b' classname='C'/></testsuite>",
		"error test {C.a} m flaky reruns=1\n");
	assert_report_told(
		"<testsuites><testsuite name='s'><testcase name='a' classname='C'><failure "
		"message='m'/></testcase>"
		"</testsuite><testsuite name='t'><testcase name='a' classname='C'/></testsuite></testsuites>",
		"error test {C.a} m\n");
}

static void pytest_writes_all_on_one_line(void **state)
{
	(void)state;
	assert_report_told(
		"<?xml version=\"1.0\" encoding=\"utf-8\"?><testsuites><testsuite name=\"pytest\" "
		"errors=\"0\">"
		"<testcase classname=\"tests.test_a\" name=\"test_x[1]\" time=\"0.1\">"
		"<failure message=\"AssertionError: assert 1 == 2&#10; +  where 1 = f()\">def test_x(n):\n"
		"&gt;       assert f() == 2\nE       assert 1 == 2\n\ntests/test_a.py:12: "
		"AssertionError</failure>"
		"</testcase></testsuite></testsuites>",
		"error assertion tests/test_a.py:12 {tests.test_a.test_x[1]} AssertionError: assert 1 == 2/ "
		"+  where 1 = f()\n");
}

static void go_says_only_failed_so_the_text_is_the_message(void **state)
{
	(void)state;
	assert_report_told(
		"<testsuites><testsuite name='example.org/m/calc'>"
		"<testcase classname='example.org/m/calc' name='TestAdd'>"
		"<failure message='Failed'><![CDATA[    calc_test.go:9: got 4, want 3]]></failure></testcase>"
		"</testsuite></testsuites>",
		"error test calc_test.go:9 {example.org/m/calc.TestAdd} calc_test.go:9: got 4, want 3\n");
}

static void jest_repeats_the_class_in_the_name(void **state)
{
	(void)state;
	assert_report_told("<testsuites name='jest tests'><testsuite name='math'>"
			   "<testcase classname='math adds' name='math adds' file='src/math.test.js'>"
			   "<failure>Error: expect(received).toBe(expected)\n"
			   "    at Object.&lt;anonymous&gt; "
			   "(/home/runner/work/app/app/src/math.test.js:5:19)</failure></testcase>"
			   "<testcase classname='other thing' name='works'><failure message='no'/></testcase>"
			   "</testsuite></testsuites>",
		"error assertion src/math.test.js:5:19 {math adds} Error: expect(received).toBe(expected)/"
		"    at Object.<anonymous> (/home/runner/work/app/app/src/math.test.js:5:19)\n"
		"error test {other thing > works} no\n");
}

static void nested_suites_attributes_and_suite_errors_are_read(void **state)
{
	(void)state;
	assert_report_told(
		"<testsuites><testsuite name='a'><testsuite name='b'>"
		"<testcase name='t' class='C' file='/builds/o/r/tests/CTest.php' line='7'>"
		"<system-out>&lt;failure/&gt; <![CDATA[]]></system-out>"
		"<failure type='E'>C::t\nFailed asserting that 1 is 2.</failure></testcase></testsuite>"
		"<error message='could not start'/></testsuite></testsuites>",
		"error assertion tests/CTest.php:7 {C.t} C::t/Failed asserting that 1 is 2.\n"
		"error test {a} could not start\n");
	assert_report_told(
		"<testsuite name='(empty)' tests='1'><testcase name='slow' classname='slow' status='fail'>"
		"<failure message='Test timed out after 10 s'/></testcase></testsuite>",
		"error timeout {slow} Test timed out after 10 s\n");
}

static void a_test_that_is_skipped_did_not_fail_unless_it_could_not_run(void **state)
{
	(void)state;
	assert_report_told(
		"<testsuite><testcase name='later'><skipped type='todo'/><failure message='m'/></testcase>"
		"<testcase name='lost'><skipped message='Unable to find executable'/></testcase>"
		"<testcase name='quiet' classname='quiet'><failure message=''/></testcase></testsuite>",
		"error dependency {lost} Unable to find executable\nerror test {quiet} failed\n");
}

static void what_is_no_report_of_tests_is_refused(void **state)
{
	struct findings f;
	struct err e;

	(void)state;
	findings_init(&f);
	assert_int_equal(input_report(STR("<a><testsuite/></a>"), &f, NULL, &e), ERR_MEDIA);
	assert_int_equal(input_report(STR("<a/>"), &f, NULL, &e), ERR_MEDIA);
	assert_int_equal(input_report(STR("<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite/>"), &f, NULL, &e),
		ERR_UNPROCESSABLE);
	assert_int_equal(f.n, 0);
	findings_done(&f);
}

static void a_report_that_was_cut_gives_what_is_there(void **state)
{
	struct findings f;
	struct err e;

	(void)state;
	findings_init(&f);
	assert_int_equal(
		input_report(
			STR("<testsuite><testcase name='a'><failure message='m'/></testcase><testcase na"),
			&f, NULL, &e),
		ERR_INVALID);
	assert_findings_told(&f, "error test {a} m\n");
	findings_done(&f);
}

static void findings_have_a_limit_that_flaky_ones_do_not_use_up(void **state)
{
	struct findings f;
	struct err e;
	AUTO_BUF b;

	(void)state;
	findings_init(&f);
	buf_init(&b, SIZE_MAX);
	buf_z(&b, "<testsuite>");
	for (int i = 0; i < INPUT_FINDINGS_MAX; i++)
		buf_fmt(&b, "<testcase name='f%d'><flakyFailure/></testcase>", i);
	for (int i = 0; i < 2 * INPUT_FINDINGS_MAX; i++)
		buf_fmt(&b, "<testcase name='e%d'><failure message='m'/></testcase>", i);
	buf_z(&b, "</testsuite>");
	assert_int_equal(input_report(buf_view(&b), &f, NULL, &e), ERR_OK);
	assert_int_equal(f.n, INPUT_FINDINGS_MAX);
	assert_int_equal(f.v[INPUT_FINDINGS_MAX / 4 - 1].severity, SEVERITY_WARNING);
	assert_int_equal(f.v[INPUT_FINDINGS_MAX / 4].severity, SEVERITY_ERROR);
	findings_done(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(surefire_marks_of_reruns_are_kept),
		cmocka_unit_test(gradle_tells_a_retry_by_a_second_testcase),
		cmocka_unit_test(pytest_writes_all_on_one_line),
		cmocka_unit_test(go_says_only_failed_so_the_text_is_the_message),
		cmocka_unit_test(jest_repeats_the_class_in_the_name),
		cmocka_unit_test(nested_suites_attributes_and_suite_errors_are_read),
		cmocka_unit_test(a_test_that_is_skipped_did_not_fail_unless_it_could_not_run),
		cmocka_unit_test(what_is_no_report_of_tests_is_refused),
		cmocka_unit_test(a_report_that_was_cut_gives_what_is_there),
		cmocka_unit_test(findings_have_a_limit_that_flaky_ones_do_not_use_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
