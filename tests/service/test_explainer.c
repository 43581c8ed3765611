/* explainer: what is read of a log, and what is kept of what was found in it. The thread and the whole way are in tests/e2e/test_explainer.py. */
#include "tests/test.h"

#include "service/explain_step.h"
#include "service/explainer.h"
#include "service/log_window.h"
#include "store/errors.h"
#include "tests/service/streaming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- windows ---- */

static void read_window(int64_t step_id, int64_t max_bytes, struct arena *a, struct log_window *ret)
{
	struct err e = { 0 };

	if (log_window_read(fx.store, step_id, max_bytes, a, ret, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void a_window_that_is_wide_enough_is_the_whole_text(void **state)
{
	struct str text = streamed_lines(3 << 20);
	int64_t id = streamed("whole", text, 700000, true);
	AUTO_LOG_WINDOW w = { 0 };
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	read_window(id, 2 * (int64_t)text.len, &a, &w);
	assert_true(str_eq(buf_view(&w.text), text));
	assert_int_equal(w.skipped_bytes, 0);
	assert_int_equal(log_window_line(&w, 0), 0);
	assert_int_equal(log_window_line(&w, text.len - 1), streamed_row(id).n_line_ends - 1);
	assert_int_equal(log_window_byte(&w, 12345), 12345);
}

/* Each line of the window that is whole in it is the line of that number in the log, and stands there. */
static void lines_are_where_the_log_has_them(const struct log_window *w, struct str log)
{
	struct str text = buf_view(&w->text);
	size_t at = 0, log_line = 0, log_at = 0;

	while (at < text.len) {
		size_t len = str_find(str_from(text, at), '\n');
		size_t want = (size_t)log_window_line(w, at);

		for (; log_line < want; log_line++)
			log_at += str_find(str_from(log, log_at), '\n') + 1;
		assert_true(log_at + len <= log.len);
		assert_int_equal(log_window_byte(w, at), log_at);
		assert_memory_equal(text.p + at, log.p + log_at, len);
		at += len + 1;
	}
}

static void lines_of_a_narrow_window_have_the_numbers_and_places_of_the_log(void **state)
{
	struct str text = streamed_lines(5 << 20);
	int64_t id = streamed("narrow", text, 500000, true);
	(void)state;

	for (int i = 0; i < 20; i++) {
		int64_t max_bytes = 400000 + rand() % (5 << 20);
		AUTO_LOG_WINDOW w = { 0 };
		AUTO_ARENA a;

		arena_init(&a);
		read_window(id, max_bytes, &a, &w);
		assert_true((int64_t)w.text.len <= max_bytes + 1);
		assert_int_equal(w.skipped_bytes + (int64_t)w.text.len, text.len);
		assert_true(w.n_line_ends * LOG_WINDOW_LINE + w.text.len <= (size_t)max_bytes + 1);
		lines_are_where_the_log_has_them(&w, text);
		assert_true(w.text.p[w.text.len - 1] == text.p[text.len - 1]);
	}
}

static void a_window_that_is_too_narrow_for_any_frame_has_the_last_one(void **state)
{
	struct str text = streamed_lines(1 << 20);
	int64_t id = streamed("very narrow", text, 1 << 20, true);
	AUTO_LOG_WINDOW w = { 0 };
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	read_window(id, 1000, &a, &w);
	assert_true(w.text.len > 0 && str_ends(text, buf_view(&w.text)));
	lines_are_where_the_log_has_them(&w, text);
}

static void a_window_of_a_long_line_goes_on_behind_it(void **state)
{
	struct buf b;
	AUTO_LOG_WINDOW w = { 0 };
	AUTO_ARENA a;
	int64_t id;
	(void)state;

	arena_init(&a);
	buf_init(&b, SIZE_MAX);
	buf_z(&b, "first\n");
	while (b.len < 2 << 20)
		buf_fmt(&b, "%x ", rand());
	buf_z(&b, "\nthe last\n");
	id = streamed("long line", buf_view(&b), 300000, true);
	read_window(id, 700000, &a, &w);
	assert_true(w.skipped_bytes > 0);
	assert_true(str_ends(buf_view(&w.text), STR("\nthe last\n")));
	assert_int_equal(log_window_line(&w, w.text.len - 2), 2);
	buf_done(&b);
}

static void a_log_of_empty_lines_is_cut_for_its_lines_not_its_bytes(void **state)
{
	AUTO_LOG_WINDOW w = { 0 };
	AUTO_ARENA a;
	AUTO_BUF b;
	int64_t id;
	(void)state;

	arena_init(&a);
	buf_init(&b, SIZE_MAX);
	for (int i = 0; i < 4 << 20; i++)
		buf_char(&b, '\n');
	id = streamed("empty lines", buf_view(&b), 1 << 20, true);
	read_window(id, 16 << 20, &a, &w);
	assert_true(w.skipped_bytes > 0);
	assert_true(w.n_line_ends <= (16 << 20) / LOG_WINDOW_LINE);
	assert_int_equal(log_window_line(&w, w.text.len - 1), (4 << 20) - 1);
}

/* ---- steps ---- */

static struct rules *rules;

static int rules_up(void **state)
{
	struct err e = { 0 };

	if (streaming_up(state) != 0)
		return -1;
	fx.cfg->explain_bytes = 1 << 20;
	fx.cfg->errors = 5;
	if (explainer_rules(fx.store, fx.cfg, &rules, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return 0;
}

static int rules_down(void **state)
{
	rules_free(rules);
	return streaming_down(state);
}

static size_t pass(void)
{
	struct err e = { 0 };
	size_t n = 0;

	if (explainer_pass(fx.store, rules, fx.cfg, NOW + 1, 100, &n, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return n;
}

static struct error *errors_of(int64_t step_id, size_t *ret_n)
{
	struct error_query q = { .step_id = step_id, .limit = 100 };
	struct error *errors = NULL;
	struct db *db = NULL;
	struct err e = { 0 };
	int64_t total;

	if (store_reader_get(fx.store, &db, &e) != ERR_OK ||
		errors_list(db, &fx.arena, &q, &errors, ret_n, &total, &e) != ERR_OK)
		fail_msg("%s", e.text);
	store_reader_put(fx.store, db);
	return errors;
}

struct mark_op {
	struct store_op op; /* first */
	int64_t step_id;
};

static enum err_code apply_mark(struct store_op *op, struct db *db, struct err *e)
{
	return explaining_mark(db, ((struct mark_op *)(void *)op)->step_id, e);
}

static void mark(int64_t step_id)
{
	struct mark_op w = { .op = { .apply = apply_mark, .bytes = sizeof w }, .step_id = step_id };
	struct err e = { 0 };

	if (store_write(fx.store, &w.op, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

#define BROKEN                                                                                               \
	"a.c:3:9: error: 'x' undeclared (first use in this function)\nmake: *** [Makefile:2: a.o] Error 1\n"

static void what_was_explained_waits_no_more_and_again_gives_the_same(void **state)
{
	int64_t id = streamed_log("build", "1", STR("cc a.c\n" BROKEN), CONCLUSION_FAILURE);
	struct error *first, *second;
	size_t n, again;
	(void)state;

	assert_int_equal(pass(), 1);
	assert_int_equal(pass(), 0);
	first = errors_of(id, &n);
	assert_true(n >= 1);
	assert_int_equal(first[0].class, CLASS_COMPILE);
	assert_int_equal(first[0].from_line, 1);
	assert_string_equal(first[0].file.p, "a.c");
	assert_true(first[0].group_id > 0);
	mark(id);
	assert_int_equal(pass(), 1);
	second = errors_of(id, &again);
	assert_int_equal(again, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(second[i].group_id, first[i].group_id);
		assert_int_equal(second[i].from_line, first[i].from_line);
		assert_true(str_eq(second[i].fingerprint, first[i].fingerprint));
	}
}

static void no_more_errors_are_kept_than_are_allowed_the_best(void **state)
{
	struct error *errors;
	size_t n = 0;
	int64_t id;
	AUTO_BUF b;
	(void)state;

	buf_init(&b, SIZE_MAX);
	for (int i = 0; i < 40; i++)
		buf_fmt(&b, "a.c:%d:1: error: unknown type name 'v%c'\n", i + 1, 'a' + i % 26);
	id = streamed_log("many", "1", buf_view(&b), CONCLUSION_FAILURE);
	pass();
	errors = errors_of(id, &n);
	assert_int_equal(n, 5);
	for (size_t i = 1; i < n; i++)
		assert_true(errors[i - 1].score >= errors[i].score);
}

static void a_step_whose_text_has_gone_is_explained_by_how_it_ended(void **state)
{
	int64_t id = open_stream("gone");
	struct error *errors;
	size_t n = 0;
	(void)state;

	end_stream(id, CONCLUSION_TIMED_OUT);
	pass();
	errors = errors_of(id, &n);
	assert_int_equal(n, 1);
	assert_int_equal(errors[0].class, CLASS_TIMEOUT);
	assert_int_equal(errors[0].by, FOUND_BY_OUTCOME);
	assert_int_equal(errors[0].to_line, 0);
}

/* A post keeps a lone CR, at which the explainer begins a line and a log does not. */
static void errors_behind_a_lone_carriage_return_have_the_numbers_of_the_log(void **state)
{
	struct error *errors;
	size_t n = 0;
	(void)state;

	post_text("bars", "one\n 10%\r 50%\r100%\n" BROKEN);
	pass();
	errors = errors_of(1, &n);
	assert_true(n > 0);
	assert_int_equal(errors[0].from_line, 2);
	assert_int_equal(errors[0].head_line, 2);
	assert_int_equal(errors[0].to_line, 3);
}

/* All of the file but its end, where the index is. */
static void damage(int64_t step_id)
{
	FILE *f = fopen(streamed_path(step_id, true), "r+");

	assert_non_null(f);
	for (int i = 0; i < 30; i++)
		assert_int_equal(fputc('x', f), 'x');
	assert_int_equal(fclose(f), 0);
}

static struct error_state state_of(int64_t step_id)
{
	struct error_state s = { 0 };
	struct db *db = NULL;
	struct err e = { 0 };

	if (store_reader_get(fx.store, &db, &e) != ERR_OK ||
		errors_state(db, &fx.arena, step_id, &s, &e) != ERR_OK)
		fail_msg("%s", e.text);
	store_reader_put(fx.store, db);
	return s;
}

static void a_damaged_log_is_told_on_its_step_and_holds_up_no_other(void **state)
{
	int64_t whole = streamed_log("whole", "1", STR(BROKEN), CONCLUSION_FAILURE);
	int64_t damaged = streamed_log("damaged", "1", STR(BROKEN), CONCLUSION_FAILURE);
	size_t n = 0;
	(void)state;

	damage(damaged);
	assert_int_equal(pass(), 2);
	errors_of(whole, &n);
	assert_true(n > 0);
	assert_int_equal(state_of(whole).failed.len, 0);
	assert_false(state_of(damaged).due);
	assert_true(str_find_str(state_of(damaged).failed, STR("damaged")) < state_of(damaged).failed.len);
}

static void a_damaged_baseline_is_none(void **state)
{
	int64_t green = streamed_log("build", "1", STR("cc a.c\n"), CONCLUSION_SUCCESS);
	int64_t red = streamed_log("build", "2", STR("cc a.c\n" BROKEN), CONCLUSION_FAILURE);
	size_t n = 0;
	(void)state;

	damage(green);
	assert_int_equal(pass(), 2);
	errors_of(red, &n);
	assert_true(n > 0);
	assert_int_equal(state_of(red).failed.len, 0);
}

static void the_newest_is_explained_first_and_looked_up_for_each(void **state)
{
	struct err e = { 0 };
	size_t n = 0;
	int64_t old, new;
	(void)state;

	old = streamed_log("old", "1", STR(BROKEN), CONCLUSION_FAILURE);
	streaming_wall = NOW + 1000;
	new = streamed_log("new", "1", STR(BROKEN), CONCLUSION_FAILURE);
	assert_int_equal(explainer_pass(fx.store, rules, fx.cfg, NOW + 1, 1, &n, &e), ERR_OK);
	assert_int_equal(n, 1);
	assert_true(state_of(old).due);
	assert_false(state_of(new).due);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_window_that_is_wide_enough_is_the_whole_text, streaming_up, streaming_down),
		cmocka_unit_test_setup_teardown(
			lines_of_a_narrow_window_have_the_numbers_and_places_of_the_log, streaming_up,
			streaming_down),
		cmocka_unit_test_setup_teardown(a_window_that_is_too_narrow_for_any_frame_has_the_last_one,
			streaming_up, streaming_down),
		cmocka_unit_test_setup_teardown(
			a_window_of_a_long_line_goes_on_behind_it, streaming_up, streaming_down),
		cmocka_unit_test_setup_teardown(a_log_of_empty_lines_is_cut_for_its_lines_not_its_bytes,
			streaming_up, streaming_down),
		cmocka_unit_test_setup_teardown(
			what_was_explained_waits_no_more_and_again_gives_the_same, rules_up, rules_down),
		cmocka_unit_test_setup_teardown(
			errors_behind_a_lone_carriage_return_have_the_numbers_of_the_log, rules_up,
			rules_down),
		cmocka_unit_test_setup_teardown(
			no_more_errors_are_kept_than_are_allowed_the_best, rules_up, rules_down),
		cmocka_unit_test_setup_teardown(
			a_damaged_log_is_told_on_its_step_and_holds_up_no_other, rules_up, rules_down),
		cmocka_unit_test_setup_teardown(a_damaged_baseline_is_none, rules_up, rules_down),
		cmocka_unit_test_setup_teardown(
			the_newest_is_explained_first_and_looked_up_for_each, rules_up, rules_down),
		cmocka_unit_test_setup_teardown(
			a_step_whose_text_has_gone_is_explained_by_how_it_ended, rules_up, rules_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
