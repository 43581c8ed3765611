#include "tests/test.h"

#include "service/rate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define MINUTE INT64_C(60000)

static struct rate_verdict take(struct rate *r, struct str key, int64_t limit, int64_t now)
{
	return rate_take(r, RATE_OF_ADDRESS, key, (struct rate_limit){ limit, MINUTE }, now);
}

static struct rate_verdict peek(struct rate *r, struct str key, int64_t limit, int64_t now)
{
	return rate_peek(r, RATE_OF_ADDRESS, key, (struct rate_limit){ limit, MINUTE }, now);
}

static void exactly_the_limit_passes_in_a_window(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 20; i++)
		assert_true(take(r, STR("k"), 20, i).allowed);
	for (int i = 0; i < 100; i++)
		assert_false(take(r, STR("k"), 20, 100 + i).allowed);
	rate_free(r);
}

static void window_slides_and_never_lets_twice_the_limit_through(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 5; i++)
		assert_true(take(r, STR("k"), 10, 0).allowed);
	for (int i = 0; i < 5; i++)
		assert_true(take(r, STR("k"), 10, 59000).allowed);
	assert_false(take(r, STR("k"), 10, 59999).allowed);
	/* At 60 s the first five are out, the second five are not. */
	for (int i = 0; i < 5; i++)
		assert_true(take(r, STR("k"), 10, 60000).allowed);
	assert_false(take(r, STR("k"), 10, 60001).allowed);
	rate_free(r);
}

static void verdict_says_what_is_left_and_when(void **state)
{
	struct rate *r = rate_new();
	struct rate_verdict v;
	(void)state;

	v = take(r, STR("k"), 2, 1000);
	assert_int_equal(v.limit, 2);
	assert_int_equal(v.remaining, 1);
	assert_int_equal(v.reset_s, 60);
	v = take(r, STR("k"), 2, 2000);
	assert_int_equal(v.remaining, 0);
	v = take(r, STR("k"), 2, 31000);
	assert_false(v.allowed);
	assert_int_equal(v.reset_s, 30);
	rate_free(r);
}

static void keys_do_not_share(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	assert_true(take(r, STR("a"), 1, 0).allowed);
	assert_true(take(r, STR("b"), 1, 0).allowed);
	assert_false(take(r, STR("a"), 1, 0).allowed);
	rate_free(r);
}

static void looking_does_not_count(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 10; i++)
		assert_true(peek(r, STR("a"), 1, 0).allowed);
	assert_true(take(r, STR("a"), 1, 0).allowed);
	assert_false(peek(r, STR("a"), 1, 0).allowed);
	rate_free(r);
}

static void no_limit_lets_all_through(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 1000; i++)
		assert_true(take(r, STR("a"), 0, 0).allowed);
	rate_free(r);
}

static void changed_limit_keeps_the_newest_requests(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 10; i++)
		take(r, STR("a"), 10, i * 1000);
	assert_false(take(r, STR("a"), 3, 10000).allowed);
	/* The three newest were at 7, 8 and 9 s. */
	assert_true(take(r, STR("a"), 3, 67000).allowed);
	assert_false(take(r, STR("a"), 3, 67000).allowed);
	assert_int_equal(peek(r, STR("a"), 20, 67001).remaining, 17);
	rate_free(r);
}

static void a_window_is_as_long_as_is_asked_for(void **state)
{
	const struct rate_limit limit = { 2, 15 * MINUTE };
	struct rate *r = rate_new();
	(void)state;

	assert_true(rate_take(r, RATE_OF_ADDRESS, STR("a"), limit, 0).allowed);
	assert_true(rate_take(r, RATE_OF_ADDRESS, STR("a"), limit, 10 * MINUTE).allowed);
	assert_int_equal(rate_take(r, RATE_OF_ADDRESS, STR("a"), limit, 14 * MINUTE).reset_s, 60);
	assert_true(rate_take(r, RATE_OF_ADDRESS, STR("a"), limit, 15 * MINUTE).allowed);
	assert_false(rate_take(r, RATE_OF_ADDRESS, STR("a"), limit, 24 * MINUTE).allowed);
	rate_free(r);
}

static void a_large_limit_is_exact_too(void **state)
{
	struct rate *r = rate_new();
	(void)state;

	for (int i = 0; i < 100000; i++)
		assert_true(take(r, STR("a"), 100000, i / 10).allowed);
	assert_false(take(r, STR("a"), 100000, 10000).allowed);
	assert_int_equal(peek(r, STR("a"), 100000, MINUTE + 99).remaining, 1000);
	rate_free(r);
}

/* However many addresses come: the table holds so many, and the one that has used its limit up stays. */
static void a_flood_of_addresses_forgives_nobody_who_has_used_theirs_up(void **state)
{
	struct rate *r = rate_new();
	char key[40];
	(void)state;

	for (int i = 0; i < 20; i++)
		assert_true(take(r, STR("offender"), 20, 0).allowed);
	for (int i = 0; i < 10 * RATE_KEYS_MAX; i++) {
		int n = snprintf(key, sizeof key, "address %d", i);

		assert_true(take(r, (struct str){ key, (size_t)n }, 20, 1).allowed);
	}
	assert_false(take(r, STR("offender"), 20, MINUTE - 1).allowed);
	rate_free(r);
}

/* To be forgiven one must bring so many others that these could have asked in one's place. */
static void forgiveness_costs_more_than_it_gives(void **state)
{
	const int64_t limit = 5;
	struct rate *r = rate_new();
	int64_t spent = 0;
	char key[40];
	(void)state;

	for (int64_t i = 0; i < limit; i++)
		take(r, STR("offender"), limit, 0);
	for (int i = 0; !peek(r, STR("offender"), limit, 1).allowed; i++) {
		int n = snprintf(key, sizeof key, "address %d", i);

		for (int64_t k = 0; k < limit; k++)
			spent += take(r, (struct str){ key, (size_t)n }, limit, 1).allowed;
		assert_true(i < 100 * RATE_KEYS_MAX);
	}
	assert_true(spent > 100 * limit);
	rate_free(r);
}

static void addresses_take_no_room_from_tokens(void **state)
{
	const struct rate_limit limit = { 100, MINUTE };
	struct rate *r = rate_new();
	char key[40];
	(void)state;

	rate_take(r, RATE_OF_TOKEN, STR("token"), limit, 0);
	for (int i = 0; i < 10 * RATE_KEYS_MAX; i++) {
		int n = snprintf(key, sizeof key, "address %d", i);

		take(r, (struct str){ key, (size_t)n }, 1, 0); /* each is worth more than the token */
	}
	assert_int_equal(rate_peek(r, RATE_OF_TOKEN, STR("token"), limit, 1).remaining, 99);
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
		if (take(c->rate, STR("shared"), 100, 5).allowed)
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
		cmocka_unit_test(a_window_is_as_long_as_is_asked_for),
		cmocka_unit_test(a_large_limit_is_exact_too),
		cmocka_unit_test(a_flood_of_addresses_forgives_nobody_who_has_used_theirs_up),
		cmocka_unit_test(forgiveness_costs_more_than_it_gives),
		cmocka_unit_test(addresses_take_no_room_from_tokens),
		cmocka_unit_test(sixty_four_threads_are_admitted_exactly_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
