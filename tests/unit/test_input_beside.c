/* input_beside: a test in a report and in a log is one test, however the two spell it, and nothing is told twice. */
#include "tests/test.h"

#include "explain/input_beside.h"
#include "tests/unit/help/told.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- names ---- */

static void spellings_of_one_test_are_the_same(void **state)
{
	static const char *const pairs[][2] = {
		/* pytest: the summary, JUnit's classname.name, the heading of a failure */
		{ "tests/test_a.py::test_b", "tests.test_a.test_b" },
		{ "tests/test_a.py::TestA::test_b", "tests.test_a.TestA.test_b" },
		{ "TestA.test_b", "tests.test_a.TestA.test_b" },
		{ "test_b", "tests.test_a.test_b" },
		{ "TestA::c", "tests.test_a.TestA.c" },
		{ "c", "a.b.c" },
		{ "tests/unit/test_a.py::test_b[1-x]", "tests.unit.test_a.test_b[1-x]" },
		{ "test_b[a/b.c::d]", "tests.test_a.test_b[a/b.c::d]" },
		/* Maven, Gradle */
		{ "org.acme.FooTest.works", "FooTest.works" },
		{ "FooTest.works", "works" },
		{ "org.acme.FooTest > works", "org.acme.FooTest.works" },
		{ "org.acme.FooTest#works", "org.acme.FooTest.works" },
		{ "org.acme.Outer$Inner.works", "Outer.Inner.works" },
		/* Go: --- FAIL, go-junit-report, gotestsum */
		{ "TestSum", "acme.org/pump/sums.TestSum" },
		{ "TestSum/negative_numbers", "acme.org/pump/sums.TestSum/negative_numbers" },
		/* Jest, Vitest, Mocha */
		{ "math \xe2\x80\xba adds two numbers", "math adds two numbers" },
		{ "math \xe2\x80\xba adds two numbers", "adds two numbers" },
		{ "math > adds two numbers", "math adds two numbers" },
		{ "src/math.test.js > math > adds", "math > adds" },
		{ "math.test.ts > adds", "math > adds" },
		/* Rust: libtest, nextest */
		{ "tests::adds", "pump::tests::adds" },
		{ "sums::tests::adds", "pump.sums.tests.adds" },
		/* CTest, gtest */
		{ "sums_add", "sums_add" },
		{ "SumsTest.Adds", "tests.SumsTest.Adds" },
		{ "Params/SumsTest.Adds/2", "SumsTest.Adds/2" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (!test_is_same(str_z(pairs[i][0]), str_z(pairs[i][1])) ||
			!test_is_same(str_z(pairs[i][1]), str_z(pairs[i][0])))
			fail_msg("\"%s\" and \"%s\" are one test", pairs[i][0], pairs[i][1]);
}

static void other_tests_are_not(void **state)
{
	static const char *const pairs[][2] = {
		{ "tests/test_a.py::test_b", "tests/test_a.py::test_c" },
		{ "tests/test_a.py::test_b", "tests.test_x.test_b" },
		{ "test_b[1]", "tests.test_a.test_b[2]" },
		{ "test_b", "test_b[2]" },
		{ "FooTest.works", "BarTest.works" },
		{ "org.acme.FooTest.works", "org.other.FooTest.works" },
		{ "TestSum", "TestSum/negative" },
		{ "TestSum/negative", "TestOther/negative" },
		{ "math > adds", "math > adds twice" },
		{ "tests::adds", "other::adds" },
		{ "sums_add", "add" },
		{ "adds", "never adds" },
		{ "math adds two", "math adds twofold" },
		{ "a.b", "ab" },
		{ "", "" },
		{ "", "x" },
		{ "::", "x" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (test_is_same(str_z(pairs[i][0]), str_z(pairs[i][1])) ||
			test_is_same(str_z(pairs[i][1]), str_z(pairs[i][0])))
			fail_msg("\"%s\" and \"%s\" are two tests", pairs[i][0], pairs[i][1]);
}

/* ---- findings ---- */

static struct finding *of_log(struct findings *f, size_t line, int score, const char *message)
{
	struct finding *x = findings_add(f);

	*x = (struct finding){ .from = line,
		.to = line + 1,
		.head = line,
		.score = score,
		.severity = SEVERITY_ERROR,
		.by = FOUND_BY_RULE,
		.message = str_z(message) };
	return x;
}

static struct finding *of_report(struct findings *f, const char *test, const char *file, const char *message)
{
	struct finding *x = findings_add(f);

	*x = (struct finding){ .severity = SEVERITY_ERROR,
		.by = FOUND_BY_INPUT,
		.class = CLASS_ASSERTION,
		.rule = STR("junit"),
		.test = str_z(test),
		.file = str_z(file),
		.line = *file ? 7 : 0,
		.message = str_z(message) };
	return x;
}

static void what_log_and_report_tell_is_told_once_with_what_each_knows(void **state)
{
	AUTO_FINDINGS log, reports;
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	of_log(&log, 3, 900, "by log")->test = STR("FooTest.works");
	of_report(&reports, "org.acme.FooTest.works", "src/FooTest.java", "by report")->reruns = 2;
	input_beside(&reports, &log);
	assert_findings_told(
		&log, "error assertion src/FooTest.java:7 {FooTest.works} by log @3-4 reruns=2\n");
	assert_true(log.v[0].fingerprint.len > 0);
}

static void a_test_that_jest_spells_in_two_ways_is_one(void **state)
{
	AUTO_FINDINGS log, reports;
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	of_log(&log, 3, 900, "by log")->test = STR("math \xe2\x80\xba adds two numbers");
	of_report(&reports, "math adds two numbers", "", "by report");
	input_beside(&reports, &log);
	assert_int_equal(log.n, 1);
}

static void one_place_in_one_file_is_the_same_where_one_of_them_knows_no_test(void **state)
{
	AUTO_FINDINGS log, reports;
	struct finding *x;
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	x = of_log(&log, 3, 900, "by log");
	x->file = STR("src/a.c");
	x->line = 7;
	x = of_log(&log, 4, 900, "elsewhere");
	x->file = STR("src/a.c");
	x->line = 8;
	of_report(&reports, "sums.adds", "src/a.c", "by report");
	of_report(&reports, "", "src/b.c", "another file");
	input_beside(&reports, &log);
	assert_findings_told(&log, "error assertion src/a.c:7 {sums.adds} by log @3-4\n"
				   "error unknown src/a.c:8 elsewhere @4-5\n"
				   "error assertion src/b.c:7 another file\n");
}

static void two_tests_that_fail_in_one_line_are_two(void **state)
{
	AUTO_FINDINGS log, reports;
	struct finding *x;
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	x = of_log(&log, 3, 900, "helper says no");
	x->file = STR("helper.py");
	x->line = 7;
	x->test = STR("test_a");
	of_report(&reports, "tests.test_b", "helper.py", "helper says no");
	input_beside(&reports, &log);
	assert_int_equal(log.n, 2);
}

static void context_of_the_log_is_no_place_for_it(void **state)
{
	AUTO_FINDINGS log, reports;
	struct finding *x;
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	of_log(&log, 1, 900, "cause");
	x = of_log(&log, 3, 900, "a warning");
	x->role = ERROR_CONTEXT;
	x->test = STR("works");
	of_report(&reports, "FooTest.works", "", "by report");
	input_beside(&reports, &log);
	assert_findings_told(&log, "error unknown cause @1-2\nerror unknown {works} a warning @3-4\n"
				   "error assertion {FooTest.works} by report\n");
}

static void what_nobody_found_comes_in_by_its_score(void **state)
{
	AUTO_FINDINGS log, reports;
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	of_log(&log, 0, INPUT_MERGE_SCORE + 1, "sure");
	of_log(&log, 5, INPUT_MERGE_SCORE - 1, "unsure");
	of_report(&reports, "a.b", "", "first");
	of_report(&reports, "a.c", "", "second");
	of_report(&reports, "a.d", "", "a warning")->role = ERROR_CONTEXT;
	input_beside(&reports, &log);
	assert_findings_told(&log, "error unknown sure @0-1\nerror assertion {a.b} first\n"
				   "error assertion {a.c} second\nerror unknown unsure @5-6\n");
	assert_int_equal(log.v[1].score, INPUT_MERGE_SCORE);
}

static void what_two_reports_tell_is_told_once(void **state)
{
	AUTO_FINDINGS log, reports;
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	of_report(&reports, "tests.test_a.test_b", "", "assert 1 == 2");
	of_report(&reports, "test_a.test_b", "", "assert 1 == 2");
	of_report(&reports, "tests.test_a.test_b", "", "and in its teardown");
	of_report(&reports, "tests.test_a.test_c", "", "assert 1 == 2");
	of_report(&reports, "", "a.c", "bad");
	of_report(&reports, "", "a.c", "bad");
	input_beside(&reports, &log);
	assert_int_equal(log.n, 4);
}

static void one_that_passed_when_it_was_tried_again_is_no_cause_but_marks_that_of_the_log(void **state)
{
	AUTO_FINDINGS log, reports;
	struct err e;
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	of_log(&log, 3, 900, "by log")->test = STR("FooTest.shaky");
	if (input_report(STR("<testsuite><testcase classname='org.acme.FooTest' name='shaky'><flakyFailure "
			     "message='m'/>"
			     "</testcase><testcase classname='org.acme.FooTest' name='other'><flakyError "
			     "message='m'/></testcase>"
			     "<testcase classname='org.acme.FooTest' name='retried'><failure "
			     "message='m'/></testcase>"
			     "<testcase classname='org.acme.FooTest' name='retried'/></testsuite>"),
		    &reports, NULL, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(reports.n, 3);
	input_beside(&reports, &log);
	assert_findings_told(&log, "error test {FooTest.shaky} by log @3-4 flaky reruns=1\n");
}

static void strings_of_the_reports_may_go(void **state)
{
	AUTO_FINDINGS log, reports;
	char test[] = "FooTest.works";
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	of_report(&reports, test, "", "m");
	input_beside(&reports, &log);
	memset(test, 'x', sizeof test - 1);
	findings_done(&reports);
	assert_findings_told(&log, "error assertion {FooTest.works} m\n");
}

static void at_most_so_many_come_in(void **state)
{
	AUTO_FINDINGS log, reports;
	char names[3 * INPUT_MERGE_MAX][20];
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(names[i], sizeof names[i], "t.test_%zu", i);
		of_report(&reports, names[i], "", "m");
	}
	input_beside(&reports, &log);
	assert_int_equal(log.n, INPUT_MERGE_MAX);
}

/* All have one last part, so that they can only be told apart by looking; a square of them would take minutes. */
static void as_many_as_there_can_be_of_each_do_not_stall_it(void **state)
{
	static char names[2 * FINDINGS_MAX][24];
	clock_t begun = clock();
	AUTO_FINDINGS log, reports;
	(void)state;

	findings_init(&log);
	findings_init(&reports);
	for (size_t i = 0; i < FINDINGS_MAX; i++) {
		snprintf(names[2 * i], sizeof names[0], "log_%zu.works", i);
		snprintf(names[2 * i + 1], sizeof names[0], "report_%zu.works", i);
		of_log(&log, i, 900, "m")->test = str_z(names[2 * i]);
		of_report(&reports, names[2 * i + 1], "", "m");
	}
	input_beside(&reports, &log);
	assert_true(clock() - begun < 10 * CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings_of_one_test_are_the_same),
		cmocka_unit_test(other_tests_are_not),
		cmocka_unit_test(what_log_and_report_tell_is_told_once_with_what_each_knows),
		cmocka_unit_test(a_test_that_jest_spells_in_two_ways_is_one),
		cmocka_unit_test(one_place_in_one_file_is_the_same_where_one_of_them_knows_no_test),
		cmocka_unit_test(two_tests_that_fail_in_one_line_are_two),
		cmocka_unit_test(context_of_the_log_is_no_place_for_it),
		cmocka_unit_test(what_nobody_found_comes_in_by_its_score),
		cmocka_unit_test(what_two_reports_tell_is_told_once),
		cmocka_unit_test(
			one_that_passed_when_it_was_tried_again_is_no_cause_but_marks_that_of_the_log),
		cmocka_unit_test(strings_of_the_reports_may_go),
		cmocka_unit_test(at_most_so_many_come_in),
		cmocka_unit_test(as_many_as_there_can_be_of_each_do_not_stall_it),
	};

	return cmocka_run_group_tests_name("input_beside", tests, NULL, NULL);
}
