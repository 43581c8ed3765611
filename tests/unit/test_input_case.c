/* Every test of a report, those that passed too. */
#include "explain/input_case.h"

#include "tests/test.h"

#include <stdio.h>

static void read_cases(const char *text, struct input_cases *c)
{
	struct err e = { .code = ERR_OK };

	input_cases_init(c);
	if (input_cases_read(str_z(text), c, NULL, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void is_case(const struct input_case *c, const char *name, enum input_outcome outcome, int64_t ms,
	const char *message)
{
	assert_int_equal(c->outcome, outcome);
	assert_true(str_eq(c->name, str_z(name)));
	assert_int_equal(c->runtime_ms, ms);
	assert_true(str_eq(c->message, str_z(message)));
}

static void junit_tells_what_passed_failed_and_was_skipped(void **state)
{
	AUTO_CASES c;
	(void)state;

	read_cases("<testsuites><testsuite name=\"s\">"
		   "<testcase classname=\"a\" name=\"x\" time=\"0.5\"/>"
		   "<testcase classname=\"a\" name=\"y\" time=\"1,001.25\"><failure message=\"1 != "
		   "2\"/></testcase>"
		   "<testcase classname=\"a\" name=\"z\"><skipped message=\"no net\"/></testcase>"
		   "<testcase classname=\"a\" name=\"f\"><flakyFailure message=\"once\"/></testcase>"
		   "<testcase classname=\"a\" name=\"g\"/></testsuite></testsuites>",
		&c);
	assert_int_equal(c.n, 5);
	is_case(&c.v[0], "a.x", CASE_PASSED, 500, "");
	is_case(&c.v[1], "a.y", CASE_FAILED, 1001250, "1 != 2");
	is_case(&c.v[2], "a.z", CASE_SKIPPED, -1, "no net");
	is_case(&c.v[3], "a.f", CASE_PASSED, -1, "");
	is_case(&c.v[4], "a.g", CASE_PASSED, -1, "");
}

static void the_worst_of_one_name_decides(void **state)
{
	AUTO_CASES c;
	(void)state;

	read_cases("<testsuite><testcase name=\"x\" time=\"1\"/><testcase name=\"x\" time=\"2\"><error "
		   "message=\"no\"/>"
		   "</testcase><testcase name=\"x\"/><testcase name=\"w\"/></testsuite>",
		&c);
	assert_int_equal(c.n, 2);
	is_case(&c.v[0], "x", CASE_FAILED, 3000, "no");
	is_case(&c.v[1], "w", CASE_PASSED, -1, "");
}

static void subtests_of_tap_bear_the_names_of_their_parents(void **state)
{
	AUTO_CASES c;
	(void)state;

	read_cases("1..4\nok 1 - one\nnot ok 2 - two\n# got: 1\n# Subtest: p\n    ok 1 - c1\n    not ok 2 - "
		   "c2\n    1..2\n"
		   "not ok 3 - p\nnot ok 4 - later # TODO soon\n",
		&c);
	assert_int_equal(c.n, 5);
	is_case(&c.v[0], "one", CASE_PASSED, -1, "");
	is_case(&c.v[1], "two", CASE_FAILED, -1, "got: 1");
	is_case(&c.v[2], "p > c1", CASE_PASSED, -1, "");
	is_case(&c.v[3], "p > c2", CASE_FAILED, -1, "");
	is_case(&c.v[4], "later", CASE_SKIPPED, -1, "");
}

static void rules_of_sarif_fail_where_there_is_a_problem(void **state)
{
	AUTO_CASES c;
	(void)state;

	read_cases("{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"lint\",\"rules\":[{"
		   "\"id\":\"A1\"},"
		   "{\"id\":\"B2\"},{\"id\":\"C3\"}]}},\"results\":[{\"ruleId\":\"B2\",\"level\":\"error\","
		   "\"message\":"
		   "{\"text\":\"bad\"}},{\"ruleId\":\"C3\",\"level\":\"note\",\"message\":{\"text\":\"hm\"}}]"
		   "}]}",
		&c);
	assert_int_equal(c.n, 3);
	is_case(&c.v[0], "lint A1", CASE_PASSED, -1, "");
	is_case(&c.v[1], "lint B2", CASE_FAILED, -1, "bad");
	is_case(&c.v[2], "lint C3", CASE_PASSED, -1, "");
}

static void failures_beyond_what_findings_hold_are_failures_still(void **state)
{
	AUTO_CASES c;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	buf_z(&text, "<testsuite>");
	for (int i = 0; i < INPUT_FINDINGS_MAX + 500; i++)
		buf_fmt(&text, "<testcase name=\"t%d\"><failure message=\"m\"/></testcase>", i);
	buf_z(&text, "</testsuite>");
	read_cases(buf_cstr(&text), &c);
	assert_int_equal(c.n, INPUT_FINDINGS_MAX + 500);
	for (size_t i = 0; i < c.n; i++)
		assert_int_equal(c.v[i].outcome, CASE_FAILED);
}

static void long_names_that_differ_at_their_ends_stay_two(void **state)
{
	char long_name[400];
	AUTO_CASES c;
	AUTO_BUF text;
	(void)state;

	memset(long_name, 'n', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	buf_init(&text, SIZE_MAX);
	buf_fmt(&text, "<testsuite><testcase name=\"%s1\"/><testcase name=\"%s2\"/></testsuite>", long_name,
		long_name);
	read_cases(buf_cstr(&text), &c);
	assert_int_equal(c.n, 2);
	assert_true(c.v[0].name.len <= INPUT_CASE_NAME_MAX);
}

static void seconds_are_read_as_reports_write_them(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = { { "0", 0 }, { "1.5", 1500 }, { "0.0004", 0 }, { "12,345.678", 12345678 }, { "", -1 },
		{ "x", -1 }, { "-1", -1 }, { "1.5s", -1 }, { "99999999999999999999", -1 } };
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(input_seconds_ms(str_z(cases[i].text)), cases[i].ms);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(junit_tells_what_passed_failed_and_was_skipped),
		cmocka_unit_test(the_worst_of_one_name_decides),
		cmocka_unit_test(subtests_of_tap_bear_the_names_of_their_parents),
		cmocka_unit_test(rules_of_sarif_fail_where_there_is_a_problem),
		cmocka_unit_test(failures_beyond_what_findings_hold_are_failures_still),
		cmocka_unit_test(long_names_that_differ_at_their_ends_stay_two),
		cmocka_unit_test(seconds_are_read_as_reports_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
