/* patience: how long a reader waits before it asks again. */
#include "tests/test.h"

#include "cli/patience.h"

static void waits_double_to_a_most_and_are_never_less_than_half_of_it(void **state)
{
	static const int64_t tops[] = { 200, 400, 800, 1600, 3200, 6400, 12800, 20000, 20000, 20000 };
	struct patience least = { 0 }, most = { 0 };
	(void)state;

	assert_int_equal(sizeof tops / sizeof *tops, PATIENCE_TRIES);
	for (int i = 0; i < PATIENCE_TRIES; i++) {
		assert_int_equal(patience_next(&least, ERR_NETWORK, 0, 0), tops[i] / 2);
		assert_int_equal(patience_next(&most, ERR_NETWORK, 0, (uint32_t)tops[i] / 2), tops[i]);
	}
}

static void it_ends_after_so_many_failures_in_a_row(void **state)
{
	struct patience p = { 0 };
	(void)state;

	for (int i = 0; i < PATIENCE_TRIES; i++)
		assert_true(patience_next(&p, ERR_UNAVAILABLE, 0, 7) >= 0);
	assert_int_equal(patience_next(&p, ERR_UNAVAILABLE, 0, 7), -1);
	patience_reset(&p);
	assert_true(patience_next(&p, ERR_UNAVAILABLE, 0, 7) >= 0);
}

static void what_cannot_succeed_later_is_not_waited_for(void **state)
{
	static const enum err_code final[] = { ERR_INVALID, ERR_UNAUTHORIZED, ERR_NOT_FOUND, ERR_GONE,
		ERR_CLOSED };
	struct patience p = { 0 };
	(void)state;

	for (size_t i = 0; i < sizeof final / sizeof *final; i++)
		assert_int_equal(patience_next(&p, final[i], 5, 7), -1);
	assert_int_equal(p.n_failures, 0);
}

static void what_the_server_asks_for_is_the_least_but_not_without_an_end(void **state)
{
	struct patience p = { 0 };
	(void)state;

	assert_int_equal(patience_next(&p, ERR_RATE_LIMITED, 17, UINT32_MAX), 17000);
	assert_int_equal(patience_next(&p, ERR_RATE_LIMITED, 86400, 0), 1000 * PATIENCE_ASKED_MAX_S);
	assert_int_equal(patience_next(&p, ERR_RATE_LIMITED, INT64_MAX, 0), 1000 * PATIENCE_ASKED_MAX_S);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_to_a_most_and_are_never_less_than_half_of_it),
		cmocka_unit_test(it_ends_after_so_many_failures_in_a_row),
		cmocka_unit_test(what_cannot_succeed_later_is_not_waited_for),
		cmocka_unit_test(what_the_server_asks_for_is_the_least_but_not_without_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
