

#include "tests/test.h"

#include "tests/service/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void post_of_day(const char *step, int64_t day)
{
	struct ingest_post p = a_post(step, STR("some text of a log"));

	assert_int_equal(post_at(&p, NOW + day * DAY_MS), ERR_OK);
}

static struct chore_report pass(bool dry, int64_t day)
{
	struct chore_report reports[CHORE_N];
	struct err e = { 0 };
	size_t n = 0;

	if (janitor_pass(fx.store, fx.cfg, dry, NOW + day * DAY_MS, reports, &n, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(n, CHORE_N);
	return reports[CHORE_LOG_RETENTION];
}

static void old_rows_go_and_young_stay_once_a_pass(void **state)
{
	struct chore_report r;
	char *text;
	(void)state;

	post_of_day("old", 0);
	post_of_day("young", 10);
	r = pass(false, 15);
	assert_int_equal(r.rows, 1);
	assert_true(r.bytes > 0);
	text = context_of(ACCOUNT_MARKDOWN);
	assert_non_null(strstr(text, "`old` · exit code 2 · 1 line, expired on 2026-"));
	assert_non_null(strstr(text, "`young` · exit code 2 · 1 line\n"));
	free(text);
	assert_int_equal(pass(false, 15).rows, 0);
	assert_int_equal(pass(false, 25).rows, 1);
}

static void a_row_goes_only_after_the_last_day_is_over(void **state)
{
	(void)state;
	post_of_day("s", 0);
	assert_int_equal(pass(false, 14).rows, 0);
	fx.cfg->log_days = 13;
	assert_int_equal(pass(false, 14).rows, 1);
}

static void a_dry_run_deletes_nothing_and_says_what_would_go(void **state)
{
	struct chore_report dry, healed;
	(void)state;

	post_of_day("a", 0);
	post_of_day("b", 0);
	dry = pass(true, 20);
	assert_int_equal(dry.rows, 2);
	assert_true(dry.dry);
	assert_non_null(strstr(dry.message, "would delete"));
	assert_int_equal(pass(true, 20).rows, 2);
	healed = pass(false, 20);
	assert_int_equal(healed.rows, dry.rows);
	assert_int_equal(healed.bytes, dry.bytes);
}

static void more_than_one_transaction_is_one_pass(void **state)
{
	char step[20];
	(void)state;

	for (int i = 0; i < 450; i++) {
		snprintf(step, sizeof step, "step %d", i);
		post_of_day(step, 0);
	}
	assert_int_equal(pass(false, 20).rows, 450);
}

static void zero_days_keep_for_ever_and_say_so(void **state)
{
	struct chore_report r;
	(void)state;

	post_of_day("s", 0);
	fx.cfg->log_days = 0;
	r = pass(false, 10000);
	assert_int_equal(r.rows, 0);
	assert_non_null(strstr(r.message, "for ever"));
}

static void a_chore_is_switched_off_alone(void **state)
{
	struct chore_report reports[CHORE_N];
	struct err e;
	size_t n = 99;
	(void)state;

	post_of_day("s", 0);
	fx.cfg->chores_off = 1u << CHORE_LOG_RETENTION;
	assert_int_equal(janitor_pass(fx.store, fx.cfg, false, NOW + 20 * DAY_MS, reports, &n, &e), ERR_OK);
	assert_int_equal(n, CHORE_N - 1);
	fx.cfg->chores_off = 0;
	assert_int_equal(pass(false, 20).rows, 1);
}

static void what_was_done_can_be_read(void **state)
{
	struct action *actions = NULL;
	int64_t total;
	struct err e;
	size_t n;
	(void)state;

	post_of_day("s", 0);
	pass(true, 20);
	pass(false, 20);
	assert_int_equal(janitor_actions(fx.store, 50, 0, &fx.arena, &actions, &n, &total, &e), ERR_OK);
	assert_int_equal(n, 2 * CHORE_N);
	assert_int_equal(total, 2 * CHORE_N);
	for (size_t i = 0; i < n; i++) { /* the newest first */
		enum chore chore = (enum chore)(CHORE_N - 1 - i % CHORE_N);

		assert_true(str_eq(actions[i].mode, i < CHORE_N ? STR("heal") : STR("dry-run")));
		assert_true(str_eq(actions[i].chore, str_z(chore_name(chore))));
		assert_int_equal(actions[i].rows, chore == CHORE_LOG_RETENTION);
	}
}

static int64_t far_ahead(void *arg)
{
	(void)arg;
	return NOW + 20 * DAY_MS;
}

static void the_thread_passes_at_its_start_and_stops_when_told(void **state)
{
	const struct clock ahead = { .wall_ms = far_ahead, .steady_ms = far_ahead };
	struct config_box *box;
	struct janitor *j;
	struct err e;
	struct action *actions;
	int64_t total = 0;
	size_t n = 0;
	(void)state;

	post_of_day("s", 0);
	fx.cfg->janitor_interval_ms = 3600 * 1000;
	box = config_box_new(fx.cfg);
	j = janitor_start(fx.store, box, &ahead);
	while (n == 0)
		assert_int_equal(
			janitor_actions(fx.store, 100, 0, &fx.arena, &actions, &n, &total, &e), ERR_OK);
	janitor_stop(j);
	assert_int_equal(actions[n - 1].rows, 1);
	config_box_free(box); /* and the configuration with it */
	fx.cfg = fixture_config();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_up, fixture_down)
int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(old_rows_go_and_young_stay_once_a_pass),
		TEST(a_row_goes_only_after_the_last_day_is_over),
		TEST(a_dry_run_deletes_nothing_and_says_what_would_go),
		TEST(more_than_one_transaction_is_one_pass),
		TEST(zero_days_keep_for_ever_and_say_so),
		TEST(a_chore_is_switched_off_alone),
		TEST(what_was_done_can_be_read),
		TEST(the_thread_passes_at_its_start_and_stops_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
