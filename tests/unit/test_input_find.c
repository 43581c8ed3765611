/* input_find: what a text is, and the reports that stand in a log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "tests/unit/help/told.h"

static void a_text_is_told_by_its_beginning(void **state)
{
	(void)state;
	assert_int_equal(input_sniff(STR("\xef\xbb\xbf<?xml version='1.0'?>\n<testsuites/>")), INPUT_JUNIT);
	assert_int_equal(input_sniff(STR(" \n<testsuite/>")), INPUT_JUNIT);
	assert_int_equal(input_sniff(STR("<html/>")), INPUT_NONE);
	assert_int_equal(input_sniff(STR("{\"version\":\"2.1.0\",\"runs\":[]}")), INPUT_SARIF);
	assert_int_equal(
		input_sniff(STR("{\"diagnostics\":[{\"message\":\"\",\"location\":{}}]}")), INPUT_RDJSON);
	assert_int_equal(input_sniff(STR("{\"message\":\"m\",\"location\":{}}\n{}")), INPUT_RDJSONL);
	assert_int_equal(input_sniff(STR("{\"a\":1}")), INPUT_NONE);
	assert_int_equal(input_sniff(STR("# from\n\nTAP version 14\n")), INPUT_TAP);
	assert_int_equal(input_sniff(STR("1..2\nok 1\n")), INPUT_TAP);
	assert_int_equal(input_sniff(STR("ok then\n")), INPUT_NONE);
	assert_int_equal(input_sniff(STR("")), INPUT_NONE);
	assert_string_equal(input_kind_name(INPUT_RDJSONL), "rdjsonl");
}

static void a_report_beside_the_log_has_no_place_in_it(void **state)
{
	(void)state;
	assert_report_told(
		"\n\n\n<testsuite>\n<testcase name='a'>\n<failure message='m'/></testcase></testsuite>",
		"error test {a} m\n");
	assert_report_told("1..1\nnot ok 1 - a\n", "error test {a} a\n");
}

static void xml_that_was_printed_is_found_behind_time_stamps(void **state)
{
	(void)state;
	assert_log_told("2024-05-01T10:00:00.1234567Z cat report.xml\n"
			"2024-05-01T10:00:00.1234567Z <?xml version=\"1.0\"?>\n"
			"2024-05-01T10:00:00.1234567Z <testsuites><testsuite name=\"s\">\n"
			"2024-05-01T10:00:00.1234567Z <testcase name=\"a\">\n"
			"2024-05-01T10:00:00.1234567Z <failure message=\"m\">x\n"
			"2024-05-01T10:00:00.1234567Z y</failure>\n"
			"2024-05-01T10:00:00.1234567Z </testcase></testsuite></testsuites>\n"
			"2024-05-01T10:00:00.1234567Z ::error::after\n",
		"error test {a} m @4-6\nerror unknown after @7-8\n");
}

static void a_report_that_is_broken_or_cut_is_read_once_and_up_to_there(void **state)
{
	(void)state;
	assert_log_told(
		"<?xml version='1.0'?>\n<testsuites>\n<testsuite name='s'>\n"
		"<testcase name='a'><failure message='m'/></testcase>\nwarning: <interleaved & wrong\n"
		"<testcase name='b'><failure message='m'/></testcase>\n</testsuite>\n</testsuites>\n",
		"error test {a} m @3-4\n");
	assert_log_told("<testsuite>\n<testcase name='a'><failure message='m'/></testcase>\n",
		"error test {a} m @1-2\n");
	assert_log_told("<?xml version='1.0'?><project>\n</project>\n<testsuite>\n<testcase "
			"name='a'><error/></testcase></testsuite>\n",
		"error test {a} failed @3-4\n");
}

static void two_reports_one_after_the_other_are_both_found(void **state)
{
	(void)state;
	assert_log_told("<testsuite><testcase name='a'><failure message='m'/></testcase></testsuite>\nother\n"
			"<testsuite><testcase name='b'><failure message='n'/></testcase></testsuite>\n",
		"error test {a} m @0-1\nerror test {b} n @2-3\n");
}

static void json_that_was_printed_is_found_on_one_line_and_on_many(void **state)
{
	(void)state;
	assert_log_told("{\"runs\":[{\"results\":[{\"message\":{\"text\":\"one\"}}]}]}\n"
			"{\n  \"a\": 1\n}\n"
			"{\n  \"runs\": [\n    {\"results\": [{\"message\": {\"text\": \"many\"}}]}\n  ]\n}\n"
			"{\"diagnostics\":[{\"message\":\"r\",\"location\":{\"path\":\"a.c\"}}]}\n"
			"{ not json\n{\n",
		"warning lint one\nwarning lint many\nerror lint a.c r\n");
}

static void a_report_on_one_long_line_is_read_in_whole(void **state)
{
	AUTO_BUF log;

	(void)state;
	buf_init(&log, SIZE_MAX);
	buf_z(&log, "2024-05-01T10:00:00.1234567Z <testsuite>");
	for (int i = 0; i < 1000; i++)
		buf_fmt(&log, "<testcase name='ok%d'/>", i);
	buf_z(&log, "<testcase name='a'><failure message='m'/></testcase></testsuite>\n");
	buf_z(&log, "2024-05-01T10:00:00.1234567Z {\"location\":{\"path\":\"");
	for (int i = 0; i < 5000; i++)
		buf_char(&log, 'x');
	buf_z(&log, "\"},\"message\":\"long\"}\n");
	assert_log_told(buf_cstr(&log), "error test {a} m @0-1\nerror lint long @1-2\n");
}

static void a_log_full_of_beginnings_is_read_to_its_end(void **state)
{
	AUTO_BUF log;

	(void)state;
	buf_init(&log, SIZE_MAX);
	for (int i = 0; i < 20000; i++)
		buf_z(&log, i % 2 ? "<testsuite <\n" : "{\n");
	buf_z(&log, "::error::last\n");
	assert_log_told(buf_cstr(&log), "error unknown last @20000-20001\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_told_by_its_beginning),
		cmocka_unit_test(a_report_beside_the_log_has_no_place_in_it),
		cmocka_unit_test(xml_that_was_printed_is_found_behind_time_stamps),
		cmocka_unit_test(a_report_that_is_broken_or_cut_is_read_once_and_up_to_there),
		cmocka_unit_test(two_reports_one_after_the_other_are_both_found),
		cmocka_unit_test(json_that_was_printed_is_found_on_one_line_and_on_many),
		cmocka_unit_test(a_report_on_one_long_line_is_read_in_whole),
		cmocka_unit_test(a_log_full_of_beginnings_is_read_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
