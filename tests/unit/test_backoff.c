#include "tests/test.h"

#include "net/backoff.h"

#include <stdint.h>

static struct backoff b;

static void the_first_wait_is_drawn_from_nothing_to_the_first(void **state)
{
	(void)state;
	backoff_init(&b, 1000, 60000);
	assert_int_equal(backoff_next(&b, 0, 0), 0);
	backoff_init(&b, 1000, 60000);
	assert_int_equal(backoff_next(&b, UINT32_MAX, 0), 1000);
	backoff_init(&b, 1000, 60000);
	assert_int_equal(backoff_next(&b, UINT32_MAX / 2, 0), 500);
}

static void the_ceiling_doubles_up_to_the_cap_and_stays(void **state)
{
	static const int64_t want[] = { 1000, 2000, 4000, 5000, 5000 };
	(void)state;

	backoff_init(&b, 1000, 5000);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		assert_int_equal(backoff_next(&b, UINT32_MAX, 0), want[i]);
}

static void ten_thousand_failures_do_not_overflow(void **state)
{
	(void)state;
	backoff_init(&b, 1, INT32_MAX);
	for (int i = 0; i < 10000; i++)
		assert_in_range(backoff_next(&b, UINT32_MAX, 0), 1, INT32_MAX);
}

static void a_success_starts_over(void **state)
{
	(void)state;
	backoff_init(&b, 1000, 60000);
	backoff_next(&b, UINT32_MAX, 0);
	backoff_next(&b, UINT32_MAX, 0);
	backoff_reset(&b);
	assert_int_equal(backoff_next(&b, UINT32_MAX, 0), 1000);
}

static void what_the_server_asks_for_is_a_floor_held_to_the_cap(void **state)
{
	(void)state;
	backoff_init(&b, 1000, 60000);
	assert_int_equal(backoff_next(&b, 0, 7000), 7000);
	assert_int_equal(backoff_next(&b, 0, INT64_MAX), 60000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_wait_is_drawn_from_nothing_to_the_first),
		cmocka_unit_test(the_ceiling_doubles_up_to_the_cap_and_stays),
		cmocka_unit_test(ten_thousand_failures_do_not_overflow),
		cmocka_unit_test(a_success_starts_over),
		cmocka_unit_test(what_the_server_asks_for_is_a_floor_held_to_the_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
