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

static void a_time_of_rfc_3339_is_read_to_the_millisecond(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-09-21T14:13:20Z", INT64_C(1790000000000) },
		{ "2026-09-21T14:13:20.5Z", INT64_C(1790000000500) },
		{ "2026-09-21t14:13:20.123456789z", INT64_C(1790000000123) },
		{ "2026-09-21T16:13:20+02:00", INT64_C(1790000000000) },
		{ "2026-09-21T08:43:20.001-05:30", INT64_C(1790000000001) },
		{ "1969-12-31T23:59:59.999Z", -1 },
		{ "2024-02-29T00:00:00Z", INT64_C(1709164800000) },
		{ "2016-12-31T23:59:60Z", INT64_C(1483228800000) },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ms = 4711;

		assert_true(clock_parse(str_z(cases[i].text), &ms));
		assert_int_equal(ms, cases[i].ms);
	}
}

static void what_is_no_time_is_not_read(void **state)
{
	static const char *const cases[] = { "", "2026-09-21", "2026-09-21T14:13:20", "2026-09-21T14:13Z",
		"2026-09-21 14:13:20Z", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
		"2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z",
		"2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0200", "2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00Zx", "26-01-01T00:00:00Z", "2026\r01-01T00:00:00Z" };
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ms = 4711;

		if (clock_parse(str_z(cases[i]), &ms))
			fail_msg("\"%s\" is read", cases[i]);
		assert_int_equal(ms, 4711);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_of_rfc_3339_is_read_to_the_millisecond),
		cmocka_unit_test(what_is_no_time_is_not_read),
		cmocka_unit_test(times_are_written_in_utc_with_milliseconds),
		cmocka_unit_test(no_time_at_all_leaves_its_field),
		cmocka_unit_test(the_systems_clocks_go_forward),
		cmocka_unit_test(a_test_sets_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
