/* dispatch_guard: each check refuses alone, none refuses what may go, and what is asked for by hand is held to the few that say so. */
#include "tests/test.h"

#include "service/dispatch_guard.h"

#define NOW INT64_C(1790000000000)
#define MINUTE INT64_C(60000)

static struct str branches[] = { { "main", 4 }, { "release/*", 9 } };
static struct str ignored[] = { { "renovate*", 9 }, { "*[bot]", 6 } };
static const struct dispatch_config config = { .enabled = true,
	.max_attempts = 3,
	.cooldown_ms = 10 * MINUTE,
	.daily = 20,
	.branches = { branches, 2 },
	.ignored = { ignored, 2 } };
static const struct dispatch_config off = { .max_attempts = 3, .daily = 20 };

static struct guard_facts good(void)
{
	return (struct guard_facts){ .config = &config,
		.over = true,
		.failed = true,
		.branch = STR("main"),
		.author = STR("kim"),
		.head = GUARD_HEAD_SAME,
		.has_class = true,
		.class = CLASS_COMPILE,
		.now = NOW };
}

static void what_nothing_speaks_against_goes(void **state)
{
	struct guard_facts f = good();
	struct guard_verdicts v;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	guard_judge(&f, &a, &v);
	assert_true(v.goes);
	assert_false(v.waits);
	for (enum guard_check c = 0; c < GUARD_N; c++) {
		assert_true(v.of[c].says == GUARD_PASSES || v.of[c].says == GUARD_DOES_NOT_APPLY);
		assert_true(v.of[c].text.len > 0);
	}
}

static void what_is_not_known_refuses_nothing(void **state)
{
	static const struct dispatch_config open = { .enabled = true, .max_attempts = 1 };
	struct guard_facts f = { .config = &open, .over = true, .failed = true, .now = NOW };
	struct guard_verdicts v;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	guard_judge(&f, &a, &v);
	assert_true(v.goes);
	assert_true(str_eq(v.of[GUARD_HEAD].text, STR("where its branch stands is not known")));
}

/* ---- each alone ---- */

static void not_configured(struct guard_facts *f)
{
	f->config = NULL;
}
static void not_enabled(struct guard_facts *f)
{
	f->config = &off;
}
static void is_paused(struct guard_facts *f)
{
	f->paused = true;
}
static void goes_on(struct guard_facts *f)
{
	f->over = f->failed = false;
}
static void is_green(struct guard_facts *f)
{
	f->failed = false;
}
static void other_branch(struct guard_facts *f)
{
	f->branch = STR("wip");
}
static void no_branch(struct guard_facts *f)
{
	f->branch = STR("");
}
static void a_bot(struct guard_facts *f)
{
	f->author = STR("Dependa[BOT]");
}
static void has_moved(struct guard_facts *f)
{
	f->head = GUARD_HEAD_MOVED;
}
static void is_gone(struct guard_facts *f)
{
	f->head = GUARD_HEAD_GONE;
}
static void of_the_network(struct guard_facts *f)
{
	f->class = CLASS_NETWORK;
}
static void of_the_runner(struct guard_facts *f)
{
	f->class = CLASS_RUNNER_LOST;
}
static void was_cancelled(struct guard_facts *f)
{
	f->class = CLASS_CANCELLED;
}
static void is_flaky(struct guard_facts *f)
{
	f->flaky = true;
}
static void no_fix(struct guard_facts *f)
{
	f->no_fix_id = 7;
	f->no_fix_at = NOW - DAY_MS;
}
static void is_open(struct guard_facts *f)
{
	f->open_id = 7;
}
static void tried_often(struct guard_facts *f)
{
	f->n_attempts = 3;
}
static void group_tried_often(struct guard_facts *f)
{
	f->n_of_group = 3;
}
static void many_today(struct guard_facts *f)
{
	f->n_today = 20;
	f->failed_at = NOW - DAY_MS;
}

static const struct {
	enum guard_check check;
	void (*make)(struct guard_facts *f);
	bool by_hand; /* holds then too */
} refusals[] = {
	{ GUARD_ENABLED, not_configured, true },
	{ GUARD_ENABLED, not_enabled, true },
	{ GUARD_PAUSED, is_paused, true },
	{ GUARD_FAILED, goes_on, false },
	{ GUARD_FAILED, is_green, false },
	{ GUARD_BRANCH, other_branch, false },
	{ GUARD_BRANCH, no_branch, false },
	{ GUARD_AUTHOR, a_bot, false },
	{ GUARD_HEAD, has_moved, true },
	{ GUARD_HEAD, is_gone, true },
	{ GUARD_CLASS, of_the_network, false },
	{ GUARD_CLASS, of_the_runner, false },
	{ GUARD_CLASS, was_cancelled, false },
	{ GUARD_FLAKY, is_flaky, false },
	{ GUARD_NO_FIX, no_fix, false },
	{ GUARD_OPEN, is_open, true },
	{ GUARD_ATTEMPTS, tried_often, false },
	{ GUARD_ATTEMPTS, group_tried_often, false },
	{ GUARD_DAILY, many_today, false },
};

static void each_check_refuses_alone_and_is_the_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct guard_facts f = good();
		struct guard_verdicts v;
		AUTO_ARENA a;

		arena_init(&a);
		refusals[i].make(&f);
		guard_judge(&f, &a, &v);
		if (v.goes || v.waits || v.first != refusals[i].check)
			fail_msg("row %zu: %s", i, guard_check_name(v.first));
		for (enum guard_check c = 0; c < GUARD_N; c++)
			if ((v.of[c].says == GUARD_REFUSES) != (c == refusals[i].check))
				fail_msg("row %zu: %s says %s", i, guard_check_name(c), v.of[c].text.p);
	}
}

static void what_is_asked_for_by_hand_is_held_to_those_that_say_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct guard_facts f = good();
		struct guard_verdicts v;
		AUTO_ARENA a;

		arena_init(&a);
		refusals[i].make(&f);
		f.by_hand = true;
		guard_judge(&f, &a, &v);
		if (v.goes == refusals[i].by_hand)
			fail_msg("row %zu", i);
		assert_int_equal(
			v.of[refusals[i].check].says, refusals[i].by_hand ? GUARD_REFUSES : GUARD_WAIVED);
	}
}

static void of_each_class_it_is_said_whether_code_can_fix_it(void **state)
{
	static const bool goes[ERROR_N_CLASSES] = { [CLASS_UNKNOWN] = true, /* nobody knows what it is */
		[CLASS_COMPILE] = true,
		[CLASS_LINK] = true,
		[CLASS_TEST] = true,
		[CLASS_ASSERTION] = true,
		[CLASS_CRASH] = true,
		[CLASS_SANITIZER] = true,
		[CLASS_LINT] = true,
		[CLASS_DEPENDENCY] = true,
		[CLASS_CONFIG] = true };
	(void)state;

	for (enum error_class c = 0; c < ERROR_N_CLASSES; c++) {
		struct guard_facts f = good();
		struct guard_verdicts v;
		AUTO_ARENA a;

		arena_init(&a);
		f.class = c;
		guard_judge(&f, &a, &v);
		if (v.goes != goes[c] || guard_is_for_rerun(&v) == goes[c])
			fail_msg("%s", error_class_name(c));
	}
}

static void every_check_is_in_the_table_of_refusals_or_waits(void **state)
{
	bool seen[GUARD_N] = { [GUARD_COOLDOWN] = true };
	(void)state;

	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		seen[refusals[i].check] = true;
	for (enum guard_check c = 0; c < GUARD_N; c++)
		if (!seen[c])
			fail_msg("%s", guard_check_name(c));
}

static void of_several_the_first_in_the_table_is_the_reason_and_all_are_told(void **state)
{
	struct guard_facts f = good();
	struct guard_verdicts v;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	for (size_t i = sizeof refusals / sizeof *refusals; i-- > 2;)
		refusals[i].make(&f);
	guard_judge(&f, &a, &v);
	assert_int_equal(v.first, GUARD_PAUSED);
	assert_int_equal(v.of[GUARD_DAILY].says, GUARD_REFUSES);
}

/* ---- the cool-down ---- */

static void the_cool_down_waits_and_doubles(void **state)
{
	static const int64_t minutes[] = { 0, 10, 20 }; /* after so many attempts */
	(void)state;

	for (int64_t n = 1; n < 3; n++) {
		struct guard_facts f = good();
		struct guard_verdicts v;
		AUTO_ARENA a;

		arena_init(&a);
		f.n_attempts = n;
		f.last_attempt_at = NOW - minutes[n] * MINUTE + 1;
		guard_judge(&f, &a, &v);
		assert_false(v.goes);
		assert_true(v.waits);
		assert_int_equal(v.first, GUARD_COOLDOWN);
		assert_int_equal(v.again_at, NOW + 1);
		f.now++;
		guard_judge(&f, &a, &v);
		assert_true(v.goes);
	}
}

static void the_daily_cap_waits_for_a_day(void **state)
{
	struct guard_facts f = good();
	struct guard_verdicts v;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	f.n_today = 20;
	f.failed_at = NOW - DAY_MS + 1;
	f.oldest_today_at = NOW - DAY_MS + MINUTE;
	guard_judge(&f, &a, &v);
	assert_true(v.waits);
	assert_int_equal(v.first, GUARD_DAILY);
	assert_int_equal(v.again_at, NOW + MINUTE);
	f.n_attempts = 1; /* it waits for both */
	f.last_attempt_at = NOW;
	guard_judge(&f, &a, &v);
	assert_int_equal(v.again_at, NOW + 10 * MINUTE);
	f.failed_at--;
	guard_judge(&f, &a, &v);
	assert_false(v.waits);
	assert_int_equal(v.of[GUARD_DAILY].says, GUARD_REFUSES);
}

static void what_is_refused_for_good_does_not_wait(void **state)
{
	struct guard_facts f = good();
	struct guard_verdicts v;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	f.n_attempts = 1;
	f.last_attempt_at = NOW;
	f.head = GUARD_HEAD_MOVED;
	guard_judge(&f, &a, &v);
	assert_false(v.goes || v.waits);
	assert_int_equal(v.first, GUARD_HEAD);
}

/* ---- the rest ---- */

static void only_what_code_cannot_fix_is_for_another_run(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		struct guard_facts f = good();
		struct guard_verdicts v;
		AUTO_ARENA a;

		arena_init(&a);
		refusals[i].make(&f);
		guard_judge(&f, &a, &v);
		assert_int_equal(guard_is_for_rerun(&v),
			refusals[i].check == GUARD_CLASS || refusals[i].check == GUARD_FLAKY);
		of_the_network(&f);
		guard_judge(&f, &a, &v);
		assert_int_equal(guard_is_for_rerun(&v),
			refusals[i].check == GUARD_CLASS || refusals[i].check == GUARD_FLAKY);
	}
}

static void a_star_stands_for_any_characters(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool nocase, matches;
	} rows[] = { { "main", "main", false, true }, { "main", "Main", false, false },
		{ "main", "MAIN", true, true }, { "main", "mai", false, false },
		{ "main", "main2", false, false }, { "*", "", false, true }, { "", "", false, true },
		{ "", "x", false, false }, { "release/*", "release/", false, true },
		{ "release/*", "release/1/2", false, true }, { "*/x", "a/b/x", false, true },
		{ "a*b*c", "a-b-b-c", false, true }, { "a*b*c", "a-c-b", false, false },
		{ "**a**", "bab", false, true }, { "*[bot]", "x[bot]", false, true } };
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (guard_matches(str_z(rows[i].pattern), str_z(rows[i].text), rows[i].nocase) !=
			rows[i].matches)
			fail_msg("%s and %s", rows[i].pattern, rows[i].text);
}

static void verdicts_are_json_in_the_order_of_the_table(void **state)
{
	struct guard_facts f = good();
	struct guard_verdicts v;
	struct json_doc *doc = NULL;
	struct json_out j;
	struct err e;
	AUTO_ARENA a;
	AUTO_BUF out;
	(void)state;

	arena_init(&a);
	buf_init(&out, SIZE_MAX);
	f.branch = STR("\"\\\xff\n");
	guard_judge(&f, &a, &v);
	json_out_init(&j, &out);
	guard_json(&v, &j, NULL);
	assert_int_equal(json_parse(buf_view(&out), 0, &doc, &e), ERR_OK);
	assert_int_equal(json_len(json_root(doc)), GUARD_N);
	for (enum guard_check c = 0; c < GUARD_N; c++)
		assert_true(str_eq(
			json_str(json_get(json_at(json_root(doc), c), "check")), str_z(guard_check_name(c))));
	json_free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_nothing_speaks_against_goes),
		cmocka_unit_test(what_is_not_known_refuses_nothing),
		cmocka_unit_test(each_check_refuses_alone_and_is_the_reason),
		cmocka_unit_test(what_is_asked_for_by_hand_is_held_to_those_that_say_so),
		cmocka_unit_test(of_each_class_it_is_said_whether_code_can_fix_it),
		cmocka_unit_test(every_check_is_in_the_table_of_refusals_or_waits),
		cmocka_unit_test(of_several_the_first_in_the_table_is_the_reason_and_all_are_told),
		cmocka_unit_test(the_cool_down_waits_and_doubles),
		cmocka_unit_test(the_daily_cap_waits_for_a_day),
		cmocka_unit_test(what_is_refused_for_good_does_not_wait),
		cmocka_unit_test(only_what_code_cannot_fix_is_for_another_run),
		cmocka_unit_test(a_star_stands_for_any_characters),
		cmocka_unit_test(verdicts_are_json_in_the_order_of_the_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
