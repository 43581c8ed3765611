/* outcome: how a step ended is a cause where the log says nothing surer, and stands in front. */
#include "tests/test.h"

#include "explain/outcome.h"
#include "tests/unit/help/told.h"

static struct step_facts ended(enum conclusion c, int64_t exit_code)
{
	return (struct step_facts){
		.conclusion = c, .has_exit_code = exit_code >= 0, .exit_code = exit_code
	};
}

static struct finding *add(struct findings *f, enum error_role role, enum error_by by)
{
	struct finding *x = findings_add(f);

	*x = (struct finding){ .from = 1,
		.to = 2,
		.head = 1,
		.role = role,
		.by = by,
		.severity = SEVERITY_ERROR,
		.message = STR("m") };
	return x;
}

static void a_lost_runner_and_a_timeout_stand_in_front_of_whatever_the_log_says(void **state)
{
	const struct step_facts lost = ended(CONCLUSION_RUNNER_LOST, -1),
				slow = ended(CONCLUSION_TIMED_OUT, 2);
	AUTO_FINDINGS a, b;
	(void)state;

	findings_init(&a);
	findings_init(&b);
	add(&a, ERROR_CAUSE, FOUND_BY_RULE);
	add(&b, ERROR_CAUSE, FOUND_BY_RULE);
	outcome_add(&a, &lost, 10, 90, 100);
	outcome_add(&b, &slow, 10, 90, 100);
	assert_int_equal(a.n, 2);
	assert_int_equal(a.v[0].class, CLASS_RUNNER_LOST);
	assert_int_equal(a.v[0].by, FOUND_BY_OUTCOME);
	assert_int_equal(a.v[0].role, ERROR_CAUSE);
	assert_true(a.v[0].fingerprint.len > 0);
	assert_int_equal(b.v[0].class, CLASS_TIMEOUT);
	assert_int_equal(b.v[1].by, FOUND_BY_RULE);
}

static void it_stands_at_the_last_line_and_in_an_empty_log_nowhere(void **state)
{
	const struct step_facts lost = ended(CONCLUSION_RUNNER_LOST, -1);
	AUTO_FINDINGS a, b;
	(void)state;

	findings_init(&a);
	findings_init(&b);
	outcome_add(&a, &lost, 10, 90, 100);
	outcome_add(&b, &lost, 0, 0, 0);
	assert_int_equal(a.v[0].from, 9);
	assert_int_equal(a.v[0].head, 9);
	assert_int_equal(a.v[0].to, 10);
	assert_int_equal(a.v[0].start_byte, 90);
	assert_int_equal(a.v[0].end_byte, 100);
	assert_int_equal(b.v[0].from, 0);
	assert_int_equal(b.v[0].to, 0);
}

static void exit_codes_that_mean_something_are_told(void **state)
{
	static const struct {
		int64_t code;
		enum error_class class;
	} known[] = { { 124, CLASS_TIMEOUT }, { 126, CLASS_PERMISSION }, { 127, CLASS_DEPENDENCY },
		{ 134, CLASS_CRASH }, { 137, CLASS_OUT_OF_MEMORY }, { 139, CLASS_CRASH },
		{ 143, CLASS_CANCELLED } };
	(void)state;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const struct step_facts f = ended(CONCLUSION_FAILURE, known[i].code);
		AUTO_FINDINGS found;

		findings_init(&found);
		outcome_add(&found, &f, 1, 0, 5);
		assert_int_equal(found.n, 1);
		assert_int_equal(found.v[0].class, known[i].class);
	}
}

static void other_exit_codes_and_none_say_nothing(void **state)
{
	static const int64_t codes[] = { -1, 0, 1, 2, 128, 255 };
	(void)state;

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		const struct step_facts f = ended(CONCLUSION_FAILURE, codes[i]);
		AUTO_FINDINGS found;

		findings_init(&found);
		outcome_add(&found, &f, 1, 0, 5);
		assert_int_equal(found.n, 0);
	}
}

static void an_exit_code_is_silent_where_the_log_has_a_cause_and_not_where_that_is_a_guess(void **state)
{
	const struct step_facts f = ended(CONCLUSION_FAILURE, 137);
	AUTO_FINDINGS sure, guess, context;
	(void)state;

	findings_init(&sure);
	findings_init(&guess);
	findings_init(&context);
	add(&sure, ERROR_CAUSE, FOUND_BY_INPUT);
	add(&guess, ERROR_CAUSE, FOUND_BY_LAST);
	add(&context, ERROR_CONTEXT, FOUND_BY_RULE);
	outcome_add(&sure, &f, 3, 0, 5);
	outcome_add(&guess, &f, 3, 0, 5);
	outcome_add(&context, &f, 3, 0, 5);
	assert_int_equal(sure.n, 1);
	assert_int_equal(guess.n, 2);
	assert_int_equal(guess.v[0].by, FOUND_BY_OUTCOME);
	assert_int_equal(context.n, 2);
}

static void a_full_list_stays_as_it_is(void **state)
{
	const struct step_facts lost = ended(CONCLUSION_RUNNER_LOST, -1);
	AUTO_FINDINGS f;
	(void)state;

	findings_init(&f);
	while (findings_add(&f))
		;
	outcome_add(&f, &lost, 1, 0, 1);
	assert_int_equal(f.n, FINDINGS_MAX);
	assert_int_equal(f.v[0].by, (enum error_by)0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lost_runner_and_a_timeout_stand_in_front_of_whatever_the_log_says),
		cmocka_unit_test(it_stands_at_the_last_line_and_in_an_empty_log_nowhere),
		cmocka_unit_test(exit_codes_that_mean_something_are_told),
		cmocka_unit_test(other_exit_codes_and_none_say_nothing),
		cmocka_unit_test(
			an_exit_code_is_silent_where_the_log_has_a_cause_and_not_where_that_is_a_guess),
		cmocka_unit_test(a_full_list_stays_as_it_is),
	};

	return cmocka_run_group_tests_name("outcome", tests, NULL, NULL);
}
