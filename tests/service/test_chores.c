/* Chores over logs that were streams, their files, and what is left behind. */
#include "tests/test.h"

#include "base/file.h"
#include "tests/service/streaming.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct chore_report reports[CHORE_N];

static struct chore_report pass_at(enum chore chore, bool dry, int64_t now)
{
	struct err e = { 0 };
	size_t n = 0;

	fx.cfg->chores_off = ~(1u << chore);
	if (janitor_pass(fx.store, fx.cfg, dry, now, reports, &n, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(n, 1);
	assert_int_equal(reports[0].chore, chore);
	return reports[0];
}

static struct chore_report pass(enum chore chore, bool dry)
{
	return pass_at(chore, dry, NOW);
}

static struct chore_report passed_well(enum chore chore, int64_t now)
{
	struct chore_report r = pass_at(chore, false, now);

	if (r.failed != ERR_OK)
		fail_msg("%s", r.message);
	return r;
}

static void must_pin(int64_t step_id, bool on)
{
	struct identity id = { .kind = IDENTITY_NONE };
	struct err e = { 0 };

	if (manage_pin(fx.store, &id, step_id, on, NOW, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static bool is_there(int64_t step_id)
{
	return file_exists(streamed_path(step_id, true));
}

/* ---- age ---- */

static void an_old_log_loses_rows_and_file_and_keeps_its_facts(void **state)
{
	int64_t old = streamed_log("old", "1", STR("some text\n"), CONCLUSION_FAILURE), young, bytes;
	struct chore_report dry, heal;
	(void)state;

	streaming_wall = NOW + 10 * DAY_MS;
	young = streamed_log("young", "1", STR("some text\n"), CONCLUSION_FAILURE);
	bytes = streamed_row(old).file_bytes;
	dry = pass_at(CHORE_LOG_RETENTION, true, NOW + 15 * DAY_MS);
	assert_int_equal(dry.rows, 1);
	assert_int_equal(dry.bytes, bytes);
	assert_true(is_there(old));
	assert_int_equal(streamed_row(old).state, LOG_SEALED);

	heal = passed_well(CHORE_LOG_RETENTION, NOW + 15 * DAY_MS);
	assert_int_equal(heal.rows, 1);
	assert_int_equal(heal.bytes, bytes);
	assert_false(is_there(old));
	assert_int_equal(streamed_row(old).state, LOG_NONE);
	assert_int_equal(streamed_row(old).conclusion, CONCLUSION_FAILURE);
	assert_int_equal(streamed_row(old).log_expired_at, NOW + 15 * DAY_MS);
	assert_true(is_there(young));
	assert_true(str_eq(streamed_text(young), STR("some text\n")));
}

static void a_log_that_still_streams_is_not_touched_however_old_it_is(void **state)
{
	int64_t id = stream_of_run("build", "1");
	(void)state;

	append_text(id, 0, STR("one\n"));
	fx.cfg->log_bytes = 1;
	assert_int_equal(passed_well(CHORE_LOG_RETENTION, NOW + 1000 * DAY_MS).rows, 0);
	assert_int_equal(passed_well(CHORE_LOG_BYTES, NOW + 1000 * DAY_MS).rows, 0);
	append_text(id, 4, STR("two\n"));
	assert_true(str_eq(streamed_text(id), STR("one\ntwo\n")));
	end_stream(id, CONCLUSION_FAILURE);
	assert_true(is_there(id));
}

static void a_step_streamed_again_after_its_log_expired_has_the_new_one(void **state)
{
	int64_t id = streamed_log("build", "1", STR("first\n"), CONCLUSION_FAILURE);
	(void)state;

	assert_int_equal(passed_well(CHORE_LOG_RETENTION, NOW + 20 * DAY_MS).rows, 1);
	assert_int_equal(streamed_log("build", "1", STR("second\n"), CONCLUSION_FAILURE), id);
	assert_true(str_eq(streamed_text(id), STR("second\n")));
	assert_true(is_there(id));
}

static void a_hundred_logs_are_more_than_one_transaction_and_one_pass(void **state)
{
	char step[20];
	(void)state;

	for (int i = 0; i < 120; i++) {
		snprintf(step, sizeof step, "step %d", i);
		streamed_log(step, "1", STR("x\n"), CONCLUSION_FAILURE);
	}
	assert_int_equal(passed_well(CHORE_LOG_RETENTION, NOW + 20 * DAY_MS).rows, 120);
	for (int64_t id = 1; id <= 120; id++)
		assert_false(is_there(id));
}

/* ---- budgets ---- */

static void beyond_log_bytes_the_oldest_go_until_it_fits(void **state)
{
	int64_t id[4], each;
	char step[20];
	(void)state;

	for (int i = 0; i < 4; i++) {
		streaming_wall = NOW + i;
		snprintf(step, sizeof step, "step %d", i);
		id[i] = streamed_log(step, "1", streamed_lines(10000), CONCLUSION_FAILURE);
	}
	each = streamed_row(id[0]).file_bytes;
	fx.cfg->log_bytes = 2 * each + each / 2;
	assert_int_equal(pass(CHORE_LOG_BYTES, true).rows, 2);
	assert_int_equal(pass(CHORE_LOG_BYTES, true).bytes, 2 * each);
	assert_int_equal(passed_well(CHORE_LOG_BYTES, NOW).rows, 2);
	assert_false(is_there(id[0]) || is_there(id[1]));
	assert_true(is_there(id[2]) && is_there(id[3]));
	assert_int_equal(passed_well(CHORE_LOG_BYTES, NOW).rows, 0);
}

static void tails_and_logs_are_one_budget(void **state)
{
	int64_t id;
	(void)state;

	post_text("posted", "some text of a log");
	streaming_wall = NOW + 1;
	id = streamed_log("streams", "1", STR("some text\n"), CONCLUSION_FAILURE);
	fx.cfg->log_bytes = streamed_row(id).file_bytes;
	assert_int_equal(passed_well(CHORE_LOG_BYTES, NOW).rows, 1);
	assert_true(is_there(id));
	fx.cfg->log_bytes--;
	assert_int_equal(passed_well(CHORE_LOG_BYTES, NOW).rows, 1);
	assert_false(is_there(id));
}

static void green_logs_have_a_budget_of_their_own(void **state)
{
	int64_t green = streamed_log("green", "1", streamed_lines(20000), CONCLUSION_SUCCESS), red;
	(void)state;

	streaming_wall = NOW + 1;
	red = streamed_log("red", "1", streamed_lines(20000), CONCLUSION_FAILURE);
	fx.cfg->log_bytes = streamed_row(red).file_bytes;
	assert_int_equal(passed_well(CHORE_LOG_BYTES, NOW).rows, 0);
	fx.cfg->green_bytes = 1;
	assert_int_equal(passed_well(CHORE_LOG_BYTES, NOW).rows, 1);
	assert_false(is_there(green));
	assert_true(is_there(red));
}

static void pins_stay_and_the_report_says_when_they_alone_are_too_much(void **state)
{
	int64_t id = streamed_log("build", "1", STR("kept\n"), CONCLUSION_FAILURE);
	struct chore_report r;
	(void)state;

	must_pin(id, true);
	fx.cfg->log_bytes = 1;
	r = passed_well(CHORE_LOG_BYTES, NOW);
	assert_int_equal(r.rows, 0);
	assert_non_null(strstr(r.message, "pinned"));
	assert_non_null(strstr(r.message, "log-bytes"));
	assert_int_equal(passed_well(CHORE_LOG_RETENTION, NOW + 1000 * DAY_MS).rows, 0);
	assert_true(str_eq(streamed_text(id), STR("kept\n")));
	must_pin(id, false);
	r = passed_well(CHORE_LOG_BYTES, NOW);
	assert_int_equal(r.rows, 1);
	assert_null(strstr(r.message, "pinned"));
}

static void of_green_logs_the_newest_three_of_a_step_stay(void **state)
{
	int64_t id[5];
	char run[20];
	(void)state;

	for (int i = 0; i < 5; i++) {
		streaming_wall = NOW + i;
		snprintf(run, sizeof run, "%d", i);
		id[i] = streamed_log("build", run, STR("fine\n"), CONCLUSION_SUCCESS);
		streamed_log("test", run, STR("red\n"), CONCLUSION_FAILURE);
	}
	fx.cfg->green_logs = 3;
	assert_int_equal(pass(CHORE_GREEN_LOGS, true).rows, 2);
	assert_int_equal(passed_well(CHORE_GREEN_LOGS, NOW).rows, 2);
	for (int i = 0; i < 5; i++)
		assert_int_equal(is_there(id[i]), i >= 2);
	fx.cfg->green_logs = 0;
	assert_int_equal(passed_well(CHORE_GREEN_LOGS, NOW).rows, 0);
}

/* ---- files ---- */

static void make_file(const char *path, int64_t age_ms)
{
	int64_t at = NOW - age_ms;
	const struct timespec times[2] = { { at / 1000, 0 }, { at / 1000, 0 } };
	struct err e = { 0 };
	int fd;

	assert_int_equal(dir_make(arena_fmt(&fx.arena, "%s/logs/000", fx.folder).p, 0700, &e), ERR_OK);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0 && write(fd, "12345", 5) == 5);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

#define HOUR_MS ((int64_t)3600 * 1000)

static void files_that_no_row_knows_are_removed_when_they_are_an_hour_old(void **state)
{
	const char *old = streamed_path(900, true), *part = streamed_path(901, false),
		   *young = streamed_path(902, true);
	struct chore_report r;
	(void)state;

	make_file(old, HOUR_MS + 60000);
	make_file(part, HOUR_MS + 60000);
	make_file(young, HOUR_MS - 60000);
	r = pass(CHORE_LOG_FILES, true);
	assert_int_equal(r.rows, 2);
	assert_int_equal(r.bytes, 10);
	assert_true(file_exists(old));
	r = passed_well(CHORE_LOG_FILES, NOW);
	assert_int_equal(r.rows, 2);
	assert_int_equal(r.bytes, 10);
	assert_false(file_exists(old) || file_exists(part));
	assert_true(file_exists(young));
	assert_int_equal(passed_well(CHORE_LOG_FILES, NOW).rows, 0);
}

static void the_file_that_a_row_counts_stays_and_the_one_beside_it_goes(void **state)
{
	int64_t sealed = streamed_log("sealed", "1", STR("one\n"), CONCLUSION_FAILURE),
		open = stream_of_run("open", "1");
	(void)state;

	append_text(open, 0, STR("two\n"));
	make_file(streamed_path(sealed, false), 2 * HOUR_MS);
	make_file(streamed_path(open, true), 2 * HOUR_MS);
	make_file(streamed_path(open, false), 2 * HOUR_MS);
	assert_int_equal(passed_well(CHORE_LOG_FILES, NOW + 1000 * DAY_MS).rows, 2);
	assert_true(is_there(sealed));
	assert_true(file_exists(streamed_path(open, false)));
	assert_false(file_exists(streamed_path(sealed, false)) || is_there(open));
	assert_true(str_eq(streamed_text(sealed), STR("one\n")));
}

static void files_of_a_removed_repo_go(void **state)
{
	int64_t id = streamed_log("build", "1", STR("x\n"), CONCLUSION_FAILURE);
	struct err e = { 0 };
	(void)state;

	assert_int_equal(manage_repo_remove(fx.store, &fixture_server, fx.repo.id, NOW, &e), ERR_OK);
	assert_true(is_there(id));
	assert_int_equal(passed_well(CHORE_LOG_FILES, NOW + 1000 * DAY_MS).rows, 1);
	assert_false(is_there(id));
}

static void a_row_whose_file_is_missing_is_told_with_its_step(void **state)
{
	int64_t id = streamed_log("build", "1", STR("x\n"), CONCLUSION_FAILURE);
	struct chore_report r;
	(void)state;

	assert_int_equal(unlink(streamed_path(id, true)), 0);
	r = pass(CHORE_LOG_FILES, false);
	assert_int_equal(r.failed, ERR_STORAGE);
	assert_non_null(strstr(r.message, "missing"));
	assert_non_null(strstr(r.message, "step 1"));
}

static void what_is_no_log_in_the_folder_is_left_alone(void **state)
{
	const char *other = arena_fmt(&fx.arena, "%s/logs/000/notes.txt", fx.folder).p;
	const char *elsewhere = arena_fmt(&fx.arena, "%s/logs/000/1234.zst", fx.folder).p;
	(void)state;

	make_file(other, 2 * HOUR_MS);
	make_file(elsewhere, 2 * HOUR_MS);
	assert_int_equal(passed_well(CHORE_LOG_FILES, NOW).rows, 0);
	assert_true(file_exists(other) && file_exists(elsewhere));
}

/* ---- masks ---- */

static void masks_go_three_days_after_the_last_step_of_their_run(void **state)
{
	struct chore_report r;
	(void)state;

	streamed_log("build", "1", STR("::add-mask::hunter2hunter2\nx\n"), CONCLUSION_FAILURE);
	assert_int_equal(passed_well(CHORE_RUN_MASKS, NOW + 2 * DAY_MS).rows, 0);
	assert_int_equal(pass_at(CHORE_RUN_MASKS, true, NOW + 4 * DAY_MS).rows, 1);
	r = passed_well(CHORE_RUN_MASKS, NOW + 4 * DAY_MS);
	assert_int_equal(r.rows, 1);
	assert_true(r.bytes > 0);
	assert_int_equal(passed_well(CHORE_RUN_MASKS, NOW + 4 * DAY_MS).rows, 0);
}

/* ---- pins ---- */

static void a_bound_token_pins_in_its_repo_only(void **state)
{
	int64_t id = streamed_log("build", "1", STR("x\n"), CONCLUSION_FAILURE);
	struct identity other = { .kind = IDENTITY_NONE, .token = { .repo_id = fx.repo.id + 1 } };
	struct identity own = { .kind = IDENTITY_NONE, .token = { .repo_id = fx.repo.id } };
	struct err e = { 0 };
	(void)state;

	assert_int_equal(manage_pin(fx.store, &other, id, true, NOW, &e), ERR_NOT_FOUND);
	assert_int_equal(manage_pin(fx.store, &own, id, true, NOW, &e), ERR_OK);
	assert_int_equal(manage_pin(fx.store, &other, id, false, NOW, &e), ERR_NOT_FOUND);
	assert_int_equal(passed_well(CHORE_LOG_RETENTION, NOW + 1000 * DAY_MS).rows, 0);
	assert_int_equal(manage_pin(fx.store, &own, id + 1, true, NOW, &e), ERR_NOT_FOUND);
}

static void what_has_expired_cannot_be_pinned_and_the_answer_says_since_when(void **state)
{
	int64_t id = streamed_log("build", "1", STR("x\n"), CONCLUSION_FAILURE);
	struct identity any = { .kind = IDENTITY_NONE };
	struct err e = { 0 };
	(void)state;

	passed_well(CHORE_LOG_RETENTION, NOW + 20 * DAY_MS);
	assert_int_equal(manage_pin(fx.store, &any, id, true, NOW + 21 * DAY_MS, &e), ERR_GONE);
	assert_non_null(strstr(e.text, "expired on 2026-10-"));
	assert_int_equal(manage_pin(fx.store, &any, id, false, NOW + 21 * DAY_MS, &e), ERR_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, streaming_up, streaming_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_old_log_loses_rows_and_file_and_keeps_its_facts),
		TEST(a_log_that_still_streams_is_not_touched_however_old_it_is),
		TEST(a_step_streamed_again_after_its_log_expired_has_the_new_one),
		TEST(a_hundred_logs_are_more_than_one_transaction_and_one_pass),
		TEST(beyond_log_bytes_the_oldest_go_until_it_fits),
		TEST(tails_and_logs_are_one_budget),
		TEST(green_logs_have_a_budget_of_their_own),
		TEST(pins_stay_and_the_report_says_when_they_alone_are_too_much),
		TEST(of_green_logs_the_newest_three_of_a_step_stay),
		TEST(files_that_no_row_knows_are_removed_when_they_are_an_hour_old),
		TEST(the_file_that_a_row_counts_stays_and_the_one_beside_it_goes),
		TEST(files_of_a_removed_repo_go),
		TEST(a_row_whose_file_is_missing_is_told_with_its_step),
		TEST(what_is_no_log_in_the_folder_is_left_alone),
		TEST(masks_go_three_days_after_the_last_step_of_their_run),
		TEST(a_bound_token_pins_in_its_repo_only),
		TEST(what_has_expired_cannot_be_pinned_and_the_answer_says_since_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
