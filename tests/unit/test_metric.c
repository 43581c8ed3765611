#include "tests/test.h"

#include "base/metric.h"

#include <pthread.h>
#include <string.h>

static void numbers_add_up_and_gauges_go_down(void **state)
{
	(void)state;

	metric_set(METRIC_POSTS, 0);
	metric_add(METRIC_POSTS, 2);
	metric_add(METRIC_POSTS, 3);
	assert_int_equal(metric_get(METRIC_POSTS), 5);
	metric_set(METRIC_HTTP_CONNECTIONS, 7);
	metric_add(METRIC_HTTP_CONNECTIONS, -2);
	assert_int_equal(metric_get(METRIC_HTTP_CONNECTIONS), 5);
}

static void the_text_has_help_type_and_value_of_every_row(void **state)
{
	size_t n = 0;
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	metric_set(METRIC_STORE_BYTES, INT64_C(5000000000));
	metric_write(&out);
	assert_false(out.full);
	assert_non_null(strstr(buf_cstr(&out), "# HELP sluice_store_bytes Size of the database file"));
	assert_non_null(
		strstr(buf_cstr(&out), "\n# TYPE sluice_store_bytes gauge\nsluice_store_bytes 5000000000\n"));
	assert_non_null(strstr(buf_cstr(&out), "# TYPE sluice_http_requests_total counter\n"));
	for (const char *p = buf_cstr(&out); (p = strchr(p, '\n')); p++)
		n++;
	assert_int_equal(n, 3 * METRIC_N);
}

/* Prometheus refuses a page on which a name stands twice or a help text has a line end. */
static void names_differ_and_are_well_formed(void **state)
{
	static const char *const names[] = {
#define METRIC(name, kind, text, help) text,
#include "base/metric.tbl"
#undef METRIC
	};
	(void)state;

	for (size_t i = 0; i < METRIC_N; i++) {
		assert_int_equal(strspn(names[i], "abcdefghijklmnopqrstuvwxyz_"), strlen(names[i]));
		assert_int_equal(strncmp(names[i], "sluice_", 7), 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(names[i], names[k]);
	}
}

static void *add_many(void *arg)
{
	for (int i = 0; i < 10000; i++)
		metric_add(METRIC_WRITE_OPS, 1);
	return arg;
}

static void no_addition_of_any_thread_is_lost(void **state)
{
	pthread_t threads[4];
	(void)state;

	metric_set(METRIC_WRITE_OPS, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(metric_get(METRIC_WRITE_OPS), 40000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_add_up_and_gauges_go_down),
		cmocka_unit_test(the_text_has_help_type_and_value_of_every_row),
		cmocka_unit_test(names_differ_and_are_well_formed),
		cmocka_unit_test(no_addition_of_any_thread_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
