

#include "tests/test.h"

#include "service/rate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static void exactly_the_limit_passes_in_a_window(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 20; i++)
		assert_true(rate_take(r, STR("k"), 20, i).allowed);
	for (int i = 0; i < 100; i++)
		assert_false(rate_take(r, STR("k"), 20, 100 + i).allowed);
	rate_free(r);
}

static void window_slides_and_never_lets_twice_the_limit_through(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 5; i++)
		assert_true(rate_take(r, STR("k"), 10, 0).allowed);
	for (int i = 0; i < 5; i++)
		assert_true(rate_take(r, STR("k"), 10, 59000).allowed);
	assert_false(rate_take(r, STR("k"), 10, 59999).allowed);
	/* At 60 s the first five are out, the second five are not. */
	for (int i = 0; i < 5; i++)
		assert_true(rate_take(r, STR("k"), 10, 60000).allowed);
	assert_false(rate_take(r, STR("k"), 10, 60001).allowed);
	rate_free(r);
}

static void verdict_says_what_is_left_and_when(void **state)
{
	struct rate *r = rate_new();
	struct rate_verdict v;
	(void)state;

	v = rate_take(r, STR("k"), 2, 1000);
	assert_int_equal(v.limit, 2);
	assert_int_equal(v.remaining, 1);
	assert_int_equal(v.reset_s, 60);
	v = rate_take(r, STR("k"), 2, 2000);
	assert_int_equal(v.remaining, 0);
	v = rate_take(r, STR("k"), 2, 31000);
	assert_false(v.allowed);
	assert_int_equal(v.reset_s, 30);
	rate_free(r);
}

static void keys_do_not_share(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	assert_true(rate_take(r, STR("a"), 1, 0).allowed);
	assert_true(rate_take(r, STR("b"), 1, 0).allowed);
	assert_false(rate_take(r, STR("a"), 1, 0).allowed);
	rate_free(r);
}

static void looking_does_not_count(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 10; i++)
		assert_true(rate_peek(r, STR("a"), 1, 0).allowed);
	assert_true(rate_take(r, STR("a"), 1, 0).allowed);
	assert_false(rate_peek(r, STR("a"), 1, 0).allowed);
	rate_free(r);
}

static void no_limit_lets_all_through(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 1000; i++)
		assert_true(rate_take(r, STR("a"), 0, 0).allowed);
	rate_free(r);
}

static void changed_limit_keeps_the_newest_requests(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 10; i++)
		rate_take(r, STR("a"), 10, i * 1000);
	assert_false(rate_take(r, STR("a"), 3, 10000).allowed);
	/* The three newest were at 7, 8 and 9 s. */
	assert_true(rate_take(r, STR("a"), 3, 67000).allowed);
	assert_false(rate_take(r, STR("a"), 3, 67000).allowed);
	assert_int_equal(rate_peek(r, STR("a"), 20, 67001).remaining, 17);
	rate_free(r);
}

/* However many addresses come: the table holds so many, and the busy one stays. */
static void memory_is_bounded_whatever_keys_come(void **state)
{
	struct rate *r = rate_new();
	char key[40];
	(void)state;

	for (int i = 0; i < 10 * RATE_KEYS_MAX; i++) {
		int n = snprintf(key, sizeof key, "address %d", i);

		rate_take(r, STR("busy"), 1, 0);
		assert_true(rate_take(r, (struct str){ key, (size_t)n }, 5, 0).allowed);
	}
	assert_false(rate_take(r, STR("busy"), 1, 1).allowed);
	rate_free(r);
}

struct crowd {
	struct rate *rate;
	atomic_int allowed;
};

static void *ask_often(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < 50; i++)
		if (rate_take(c->rate, STR("shared"), 100, 5).allowed)
			atomic_fetch_add(&c->allowed, 1);
	return NULL;
}

static void sixty_four_threads_are_admitted_exactly_the_limit(void **state)
{
	struct crowd c = { .rate = rate_new() };
	pthread_t t[64];
	(void)state;

	for (size_t i = 0; i < 64; i++)
		assert_int_equal(pthread_create(&t[i], NULL, ask_often, &c), 0);
	for (size_t i = 0; i < 64; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(c.allowed, 100);
	rate_free(c.rate);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_the_limit_passes_in_a_window),
		cmocka_unit_test(window_slides_and_never_lets_twice_the_limit_through),
		cmocka_unit_test(verdict_says_what_is_left_and_when),
		cmocka_unit_test(keys_do_not_share),
		cmocka_unit_test(looking_does_not_count),
		cmocka_unit_test(no_limit_lets_all_through),
		cmocka_unit_test(changed_limit_keeps_the_newest_requests),
		cmocka_unit_test(memory_is_bounded_whatever_keys_come),
		cmocka_unit_test(sixty_four_threads_are_admitted_exactly_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
