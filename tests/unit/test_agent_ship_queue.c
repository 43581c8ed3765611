/* Who is next, when, and how many archives there are meanwhile. */
#include "tests/test.h"

#include "agent/ship_queue.h"

#include <stdio.h>
#include <string.h>

static struct ship_queue q;
static int64_t at;

static int set_up(void **state)
{
	(void)state;
	ship_queue_init(&q, 1000, 300000, 2, 0);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ship_queue_done(&q);
	return 0;
}

static struct ship_item *add(const char *id, int64_t done_ms)
{
	bool is_new;

	return ship_queue_add(&q, id, done_ms, &is_new);
}

static const char *next(int64_t now)
{
	const struct ship_item *item = ship_queue_next(&q, now, &at);

	return item ? item->id : "";
}

/* The longest wait. */
static void fails(const char *id, bool of_all, int64_t now)
{
	ship_queue_failed(&q, ship_queue_find(&q, id), of_all, UINT32_MAX, 0, now);
}

static void the_oldest_goes_first(void **state)
{
	(void)state;
	add("b", 2);
	add("a", 3);
	add("c", 1);
	assert_string_equal(next(0), "c");
	ship_queue_find(&q, "c")->under_way = true;
	assert_string_equal(next(0), "b");
	ship_queue_remove(&q, ship_queue_find(&q, "b"));
	assert_string_equal(next(0), "a");
}

static void what_a_scan_does_not_find_is_forgotten_unless_it_is_under_way(void **state)
{
	bool is_new;
	(void)state;

	add("a", 1);
	add("b", 1);
	add("c", 1);
	ship_queue_find(&q, "b")->under_way = true;
	ship_queue_scan_begin(&q);
	assert_non_null(ship_queue_add(&q, "c", 1, &is_new));
	assert_false(is_new);
	assert_non_null(ship_queue_add(&q, "d", 1, &is_new));
	assert_true(is_new);
	ship_queue_scan_end(&q);
	assert_null(ship_queue_find(&q, "a"));
	assert_non_null(ship_queue_find(&q, "b"));
	assert_non_null(ship_queue_find(&q, "c"));
	assert_non_null(ship_queue_find(&q, "d"));
	assert_int_equal(q.n, 3);
}

static void what_is_finished_anew_is_new(void **state)
{
	bool is_new;
	(void)state;

	add("a", 1);
	ship_queue_add(&q, "a", 2, &is_new);
	assert_true(is_new);
	ship_queue_find(&q, "a")->under_way = true;
	ship_queue_add(&q, "a", 3, &is_new);
	assert_false(is_new);
}

static void only_so_many_are_known(void **state)
{
	char id[20];
	(void)state;

	for (int i = 0; i < SHIP_QUEUE_MAX; i++) {
		snprintf(id, sizeof id, "e%05d", i);
		assert_non_null(add(id, i));
	}
	assert_null(add("x", 1));
	assert_int_equal(q.n_beyond, 1);
	assert_non_null(add("e00000", 1)); /* this one is known */
	assert_int_equal(q.n_beyond, 1);
}

static void one_that_fails_alone_lets_the_others_pass(void **state)
{
	(void)state;
	add("a", 1);
	add("b", 2);
	fails("a", false, 0);
	assert_string_equal(next(0), "b");
	ship_queue_remove(&q, ship_queue_find(&q, "b"));
	assert_string_equal(next(999), "");
	assert_int_equal(at, 1000);
	assert_string_equal(next(1000), "a");
}

static void what_may_be_the_receivers_fault_is_waited_for_by_all(void **state)
{
	(void)state;
	add("a", 1);
	add("b", 2);
	fails("a", true, 0);
	assert_string_equal(next(999), "");
	assert_int_equal(at, 1000);
	assert_string_equal(next(1000), "b"); /* which did not fail yet */
	fails("b", true, 1000);
	assert_string_equal(next(2999), "");
	ship_queue_answered(&q); /* to somebody else's */
	assert_string_equal(next(2000), "a");
}

static void waits_double_up_to_the_cap(void **state)
{
	int64_t now = 0;
	(void)state;

	add("a", 1);
	for (int i = 0; i < 12; i++) {
		int64_t want = 1000 << i < 300000 ? 1000 << i : 300000;

		fails("a", true, now);
		assert_string_equal(next(now), "");
		assert_int_equal(at - now, want);
		now = at;
	}
}

static void what_the_receiver_asks_for_is_obeyed(void **state)
{
	(void)state;
	add("a", 1);
	ship_queue_failed(&q, ship_queue_find(&q, "a"), true, 0, 7000, 0);
	assert_string_equal(next(6999), "");
	assert_int_equal(at, 7000);
	ship_queue_failed(&q, ship_queue_find(&q, "a"), true, 0, INT64_C(86400000), 7000);
	assert_string_equal(next(7000), "");
	assert_int_equal(at, 307000);
}

static void a_receiver_that_is_away_does_not_fill_the_disk(void **state)
{
	char id[20];
	size_t n_packed = 0;
	int64_t now = 0;
	(void)state;

	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof id, "e%05d", i);
		add(id, i);
	}
	for (int i = 0; i < 100; i++) { /* failures in a row */
		struct ship_item *item = ship_queue_next(&q, now, &at);

		if (!item) {
			now = at;
			item = ship_queue_next(&q, now, &at);
		}
		assert_non_null(item);
		n_packed += !item->packed;
		item->packed = true;
		ship_queue_failed(&q, item, true, UINT32_MAX, 0, now);
	}
	assert_in_range(n_packed, 2, 2 + 100 / 8);
}

/* But when it is those that are packed whose fault it is, the others get their turn. */
static void those_that_always_fail_do_not_hold_up_the_others(void **state)
{
	int64_t now = 0;
	(void)state;

	add("bad1", 1);
	add("bad2", 2);
	add("bad3", 3);
	add("good", 4);
	for (int i = 0; i < 100; i++) {
		struct ship_item *item = ship_queue_next(&q, now, &at);

		if (!item) {
			now = at;
			continue;
		}
		item->packed = true;
		if (strcmp(item->id, "good") == 0)
			return;
		ship_queue_failed(&q, item, true, UINT32_MAX, 0, now);
	}
	fail_msg("%s", "good was never tried");
}

static void what_is_barred_waits_for_somebody(void **state)
{
	(void)state;
	add("a", 1)->barred = true;
	assert_string_equal(next(INT64_MAX), "");
	assert_int_equal(at, INT64_MAX);
	assert_true(ship_queue_is_idle(&q));
	ship_queue_find(&q, "a")->barred = false;
	assert_false(ship_queue_is_idle(&q));
}

static void what_is_wrong_is_news_once(void **state)
{
	struct ship_item *a = add("a", 1);
	(void)state;

	assert_true(ship_item_hold(a, "no commit"));
	assert_false(ship_item_hold(a, "no commit"));
	assert_true(ship_item_hold(a, "no meta.json"));
	assert_false(ship_item_hold(a, NULL));
	assert_null(a->held);
	assert_true(ship_item_hold(a, "no meta.json"));
}

static void with_a_number_of_tries_it_is_given_up(void **state)
{
	(void)state;
	q.n_tries = 3;
	add("a", 1);
	add("b", 2);
	for (int i = 0; i < 3; i++) {
		assert_false(ship_queue_is_idle(&q));
		fails("a", false, 0);
	}
	assert_string_equal(next(INT64_MAX), "b");
	for (int i = 0; i < 2; i++)
		fails("b", true, 0);
	ship_queue_answered(&q);
	fails("b", true, 0); /* it has had its three */
	assert_true(ship_queue_is_idle(&q));
}

static void what_is_under_way_is_not_over(void **state)
{
	(void)state;
	assert_true(ship_queue_is_idle(&q));
	add("a", 1)->under_way = true;
	assert_false(ship_queue_is_idle(&q));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_oldest_goes_first),
		TEST(what_a_scan_does_not_find_is_forgotten_unless_it_is_under_way),
		TEST(what_is_finished_anew_is_new),
		TEST(only_so_many_are_known),
		TEST(one_that_fails_alone_lets_the_others_pass),
		TEST(what_may_be_the_receivers_fault_is_waited_for_by_all),
		TEST(waits_double_up_to_the_cap),
		TEST(what_the_receiver_asks_for_is_obeyed),
		TEST(a_receiver_that_is_away_does_not_fill_the_disk),
		TEST(those_that_always_fail_do_not_hold_up_the_others),
		TEST(what_is_barred_waits_for_somebody),
		TEST(what_is_wrong_is_news_once),
		TEST(with_a_number_of_tries_it_is_given_up),
		TEST(what_is_under_way_is_not_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
