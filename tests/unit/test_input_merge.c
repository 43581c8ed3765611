/* input_merge: what both see is told once and best, what only the input knows is put in by its score. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain/input_merge.h"
#include "tests/unit/help/told.h"

static struct finding *rule_finding(
	struct findings *f, size_t from, size_t to, int score, const char *message)
{
	struct finding *x = findings_add(f);

	*x = (struct finding){ .from = from,
		.to = to,
		.head = from,
		.score = score,
		.severity = SEVERITY_ERROR,
		.by = FOUND_BY_RULE,
		.message = str_z(message) };
	return x;
}

static struct finding *input_finding(struct findings *f, size_t from, const char *file, const char *message)
{
	struct finding *x = findings_add(f);

	*x = (struct finding){ .from = from,
		.to = from + 1,
		.head = from,
		.severity = SEVERITY_ERROR,
		.by = FOUND_BY_INPUT,
		.class = CLASS_TEST,
		.file = str_z(file),
		.line = 7,
		.message = str_z(message) };
	return x;
}

static void what_both_see_is_told_once_with_what_each_knows(void **state)
{
	AUTO_FINDINGS rules, inputs;

	(void)state;
	findings_init(&rules);
	findings_init(&inputs);
	rule_finding(&rules, 2, 5, 900, "by rule");
	rule_finding(&rules, 8, 9, 700, "has a place")->file = STR("own.c");
	input_finding(&inputs, 4, "a.c", "by input")->flaky = true;
	input_finding(&inputs, 8, "a.c", "elsewhere");
	input_merge(&inputs, &rules);
	assert_findings_told(
		&rules, "error test a.c:7 by rule @2-5 flaky\nerror test own.c has a place @8-9\n");
	assert_true(rules.v[0].fingerprint.len > 0);
}

static void what_only_the_input_knows_is_put_in_behind_what_is_surer(void **state)
{
	AUTO_FINDINGS rules, inputs;

	(void)state;
	findings_init(&rules);
	findings_init(&inputs);
	rule_finding(&rules, 0, 1, INPUT_MERGE_SCORE + 1, "sure");
	rule_finding(&rules, 1, 2, INPUT_MERGE_SCORE + 1, "its context")->role = ERROR_CONTEXT;
	rule_finding(&rules, 5, 6, INPUT_MERGE_SCORE - 1, "unsure");
	input_finding(&inputs, 7, "b.c", "first");
	input_finding(&inputs, 7, "c.c", "of the same line");
	input_finding(&inputs, 7, "b.c", "the same in other words");
	input_finding(&inputs, 8, "d.c", "warning")->role = ERROR_CONTEXT;
	input_finding(&inputs, 9, "e.c", "exit code")->role = ERROR_CONSEQUENCE;
	input_finding(&inputs, 1, "f.c", "shown already");
	input_merge(&inputs, &rules);
	assert_findings_told(&rules, "error unknown sure @0-1\nerror unknown its context @1-2\n"
				     "error test b.c:7 first @7-8\nerror test c.c:7 of the same line @7-8\n"
				     "error unknown unsure @5-6\n");
	assert_int_equal(rules.v[2].score, INPUT_MERGE_SCORE);
}

static void of_very_many_the_first_are_put_in(void **state)
{
	AUTO_FINDINGS rules, inputs;

	(void)state;
	findings_init(&rules);
	findings_init(&inputs);
	for (size_t i = 0; i < 3 * INPUT_MERGE_MAX; i++)
		input_finding(&inputs, i, "a.c", "m");
	input_merge(&inputs, &rules);
	assert_int_equal(rules.n, INPUT_MERGE_MAX);
	assert_int_equal(rules.v[INPUT_MERGE_MAX - 1].from, INPUT_MERGE_MAX - 1);
}

static void diagnostics_are_context_unless_nothing_is_a_cause(void **state)
{
	AUTO_FINDINGS rules, none, rows;

	(void)state;
	findings_init(&rules);
	findings_init(&none);
	findings_init(&rows);
	rule_finding(&rules, 0, 2, 900, "of no file");
	input_finding(&rows, 0, "a.c", "gives it");
	input_finding(&rows, 1, "b.c", "of another file");
	input_finding(&rows, 5, "c.c", "warning")->severity = SEVERITY_WARNING;
	input_append(&rows, &rules);
	assert_findings_told(&rules,
		"error test a.c:7 of no file @0-2\nerror test b.c:7 of another file @1-2\n"
		"warning test c.c:7 warning @5-6\n");
	assert_int_equal(rules.v[1].role, ERROR_CONTEXT);
	input_append(&rows, &none);
	assert_int_equal(none.n, 3);
	assert_int_equal(none.v[0].role, ERROR_CAUSE);
	assert_int_equal(none.v[2].role, ERROR_CONTEXT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_both_see_is_told_once_with_what_each_knows),
		cmocka_unit_test(what_only_the_input_knows_is_put_in_behind_what_is_surer),
		cmocka_unit_test(diagnostics_are_context_unless_nothing_is_a_cause),
		cmocka_unit_test(of_very_many_the_first_are_put_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
