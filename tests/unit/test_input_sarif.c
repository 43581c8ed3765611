/* input_sarif: what counts as a problem, where its level and its message come from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain/input_sarif.h"
#include "tests/unit/help/told.h"

#define RUN(rules, results)                                                                                  \
	"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"ESLint\",\"rules\":[" rules      \
	"]}},"                                                                                               \
	"\"results\":[" results "]}]}"

static void a_result_gives_code_level_message_and_place(void **state)
{
	(void)state;
	assert_report_told(
		RUN("", "{\"ruleId\":\"no-x\",\"level\":\"error\",\"message\":{\"text\":\"bad\"},"
			"\"locations\":[{\"physicalLocation\":"
			"{\"artifactLocation\":{\"uri\":\"file:///home/runner/work/app/app/src/a%20b.js\"},"
			"\"region\":{\"startLine\":3,\"startColumn\":4}}}]}"),
		"error lint src/a b.js:3:4 [no-x] bad\n");
}

static void the_level_is_the_results_then_its_rules_then_warning(void **state)
{
	(void)state;
	assert_report_told(RUN("{\"id\":\"a\",\"defaultConfiguration\":{\"level\":\"error\"}},{\"id\":\"b\"}",
				   "{\"ruleId\":\"a\",\"message\":{\"text\":\"1\"}},"
				   "{\"ruleIndex\":0,\"message\":{\"text\":\"2\"}},"
				   "{\"rule\":{\"id\":\"a/sub/x\"},\"message\":{\"text\":\"3\"}},"
				   "{\"ruleId\":\"a\",\"level\":\"note\",\"message\":{\"text\":\"4\"}},"
				   "{\"ruleId\":\"b\",\"ruleIndex\":-1,\"message\":{\"text\":\"5\"}},"
				   "{\"ruleIndex\":99,\"message\":{\"text\":\"6\"}}"),
		"error lint [a] 1\nerror lint [a] 2\nerror lint [a/sub/x] 3\nnote lint [a] 4\nwarning lint "
		"[b] 5\n"
		"warning lint 6\n");
}

static void what_is_no_problem_now_is_not_told(void **state)
{
	(void)state;
	assert_report_told(
		RUN("", "{\"kind\":\"pass\",\"message\":{\"text\":\"1\"}},"
			"{\"baselineState\":\"absent\",\"message\":{\"text\":\"2\"}},"
			"{\"suppressions\":[{\"kind\":\"inSource\"}],\"message\":{\"text\":\"3\"}},"
			"{\"suppressions\":[{\"kind\":\"external\",\"status\":\"rejected\"}],\"message\":{"
			"\"text\":\"4\"}},"
			"{\"kind\":\"fail\",\"baselineState\":\"new\",\"message\":{\"text\":\"5\"}}"),
		"warning lint 4\nwarning lint 5\n");
}

static void a_message_may_stand_in_the_rule_with_arguments(void **state)
{
	(void)state;
	assert_report_told(
		RUN("{\"id\":\"a\",\"messageStrings\":{\"m\":{\"text\":\"{0} is not {{{1}}} {9} {x\"}}}",
			"{\"ruleId\":\"a\",\"message\":{\"id\":\"m\",\"arguments\":[\"x\",\"y\"]}}"),
		"warning lint [a] x is not {y}  {x\n");
}

static void rules_of_extensions_artifacts_by_index_and_compilers_are_known(void **state)
{
	(void)state;
	assert_report_told("{\"runs\":[{\"tool\":{\"driver\":{\"name\":\"GNU "
			   "C17\"},\"extensions\":[{\"rules\":[{\"id\":\"-Wx\","
			   "\"defaultConfiguration\":{\"level\":\"error\"}}]}]},\"artifacts\":[{\"location\":"
			   "{\"uri\":\"src/a.c\"}}],"
			   "\"invocations\":[{\"toolExecutionNotifications\":[{\"level\":\"error\","
			   "\"message\":{\"text\":\"cannot read\"}},"
			   "{\"level\":\"note\",\"message\":{\"text\":\"x\"}}]}],"
			   "\"results\":[{\"rule\":{\"index\":0,\"toolComponent\":{\"index\":0}},\"message\":"
			   "{\"text\":\"m\"},"
			   "\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"index\":0},"
			   "\"region\":{\"startLine\":7}}}]}]}]}",
		"error compile src/a.c:7 [-Wx] m\nerror unknown cannot read\n");
}

static void wrong_types_anywhere_are_as_if_absent(void **state)
{
	(void)state;
	assert_report_told("{\"runs\":[1,{\"results\":[[],{\"message\":3,\"locations\":{},\"level\":[]}]},{"
			   "\"tool\":\"x\",\"results\":{}}]}",
		"warning lint \nwarning lint \n");
}

static void what_is_no_sarif_is_refused(void **state)
{
	struct err e;
	AUTO_FINDINGS f;

	(void)state;
	findings_init(&f);
	assert_int_equal(input_report(STR("{\"runs\":{}}"), &f, NULL, &e), ERR_MEDIA);
	assert_int_equal(input_report(STR("{\"runs\":[}"), &f, NULL, &e), ERR_INVALID);
	assert_int_equal(f.n, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_gives_code_level_message_and_place),
		cmocka_unit_test(the_level_is_the_results_then_its_rules_then_warning),
		cmocka_unit_test(what_is_no_problem_now_is_not_told),
		cmocka_unit_test(a_message_may_stand_in_the_rule_with_arguments),
		cmocka_unit_test(rules_of_extensions_artifacts_by_index_and_compilers_are_known),
		cmocka_unit_test(wrong_types_anywhere_are_as_if_absent),
		cmocka_unit_test(what_is_no_sarif_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
