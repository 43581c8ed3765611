#include "tests/test.h"

#include "base/clock.h"

#include <time.h>

static void times_are_written_in_utc_with_milliseconds(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ INT64_C(1767366245006), "2026-01-02T15:04:05.006Z" },
		{ INT64_C(951782400999), "2000-02-29T00:00:00.999Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ -1000, "1969-12-31T23:59:59.000Z" },
		{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
		{ INT64_C(-62167219200000), "0000-01-01T00:00:00.000Z" },
	};
	char out[CLOCK_RFC3339_LEN], date[CLOCK_DATE_LEN];
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_string_equal(clock_rfc3339(rows[i].ms, out), rows[i].text);
		assert_memory_equal(clock_date(rows[i].ms, date), rows[i].text, 10);
		assert_int_equal(date[10], 0);
	}
}

static void no_time_at_all_leaves_its_field(void **state)
{
	char out[CLOCK_RFC3339_LEN];
	(void)state;

	clock_rfc3339(INT64_MIN, out);
	assert_int_equal(out[sizeof out - 1], 0);
	clock_rfc3339(INT64_MAX, out);
	assert_int_equal(out[sizeof out - 1], 0);
}

static void the_systems_clocks_go_forward(void **state)
{
	int64_t wall = clock_wall_ms(&clock_system), steady = clock_steady_ms(&clock_system);
	struct timespec now; /* and not time(), which is up to a tick behind */
	(void)state;

	clock_gettime(CLOCK_REALTIME, &now);
	assert_true(wall / 1000 >= (int64_t)now.tv_sec - 2 && wall / 1000 <= (int64_t)now.tv_sec);
	assert_true(clock_steady_ms(&clock_system) >= steady);
}

static int64_t read_it(void *arg)
{
	return *(int64_t *)arg;
}

static void a_test_sets_the_time(void **state)
{
	int64_t now = 5 * DAY_MS;
	struct clock c = { .wall_ms = read_it, .steady_ms = read_it, .arg = &now };
	(void)state;

	assert_int_equal(clock_wall_ms(&c), 432000000);
	now++;
	assert_int_equal(clock_steady_ms(&c), 432000001);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
		cmocka_unit_test(no_time_at_all_leaves_its_field),
		cmocka_unit_test(the_systems_clocks_go_forward),
		cmocka_unit_test(a_test_sets_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
