/* explain with structured inputs: they are found in a log that rules say nothing of, and folders of rules may hold matchers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain/explain.h"
#include "tests/unit/help/place.h"
#include "tests/unit/help/told.h"

#include <string.h>

static void explained(struct rules *rules, const char *log, struct findings *f)
{
	struct explain_input in = { .rules = rules, .log = str_z(log) };
	struct err e = { 0 };

	if (rules_add(rules, "own",
		    STR("rules:\n- id: own.never\n  class: unknown\n  weight: 50\n  match: '^never$'\n"),
		    &e) != ERR_OK)
		fail_msg("%s", e.text);
	if (rules_compile(rules, NULL, &e) != ERR_OK || explain_log(&in, f, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void a_report_in_a_log_is_explained_when_no_rule_matches(void **state)
{
	struct rules *rules = rules_new();
	AUTO_FINDINGS f;

	(void)state;
	findings_init(&f);
	explained(rules,
		"start\n<testsuite><testcase name='a'><failure message='m'/></testcase></testsuite>\nend\n",
		&f);
	assert_findings_told(&f, "error test {a} m @1-2\n");
	rules_free(rules);
}

static void a_folder_of_rules_may_hold_problem_matchers(void **state)
{
	struct rules *rules = rules_new();
	struct err e;
	AUTO_FINDINGS f;

	(void)state;
	findings_init(&f);
	place_put("rules/own.json",
		STR("{\"problemMatcher\":[{\"owner\":\"own\",\"pattern\":[{\"regexp\":"
		    "\"^oops in (\\\\S+) at (\\\\d+): (.*)$\",\"file\":1,\"line\":2,\"message\":3}]}]}"));
	assert_int_equal(rules_add_folder(rules, "rules", &e), ERR_OK);
	explained(rules, "x\noops in /__w/app/app/a.z at 7: bad\n", &f);
	assert_findings_told(&f, "error lint a.z:7 bad @1-2\n");
	assert_true(str_eq(f.v[0].rule, STR("matcher:own")));
	rules_free(rules);
}

static void a_matcher_that_is_wrong_is_refused_with_its_file(void **state)
{
	struct rules *rules = rules_new();
	struct err e = { 0 };

	(void)state;
	place_put("rules/own.json",
		STR("{\"problemMatcher\":[{\"owner\":\"own\",\"pattern\":[{\"regexp\":\"(?i)x\"}]}]}"));
	assert_int_equal(rules_add_folder(rules, "rules", &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "rules/own.json: problem matcher 1 (own): pattern 1"));
	rules_free(rules);
}

/* Compiling one such took minutes. */
static void a_rule_of_a_folder_that_would_compile_for_minutes_is_refused_at_once(void **state)
{
	struct rules *rules = rules_new();
	struct err e = { 0 };
	AUTO_BUF text;

	(void)state;
	buf_init(&text, 10000);
	buf_z(&text, "rules:\n- id: own.slow\n  class: test\n  match: ['");
	for (int i = 0; i < 80; i++)
		buf_z(&text, ".*\\b");
	buf_z(&text, "']\n");
	place_put("rules/own.yaml", buf_view(&text));
	assert_int_equal(rules_add_folder(rules, "rules", &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "rules/own.yaml: rule own.slow, pattern 1 of match"));
	rules_free(rules);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_in_a_log_is_explained_when_no_rule_matches),
		cmocka_unit_test_setup_teardown(
			a_folder_of_rules_may_hold_problem_matchers, place_make, place_remove),
		cmocka_unit_test_setup_teardown(
			a_matcher_that_is_wrong_is_refused_with_its_file, place_make, place_remove),
		cmocka_unit_test_setup_teardown(
			a_rule_of_a_folder_that_would_compile_for_minutes_is_refused_at_once, place_make,
			place_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
