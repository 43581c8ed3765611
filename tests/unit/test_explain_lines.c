/* lines and line_prefix: what a tool said, without what runners put in front, and where it stands. */
#include "tests/test.h"

#include "explain/line_prefix.h"
#include "explain/lines.h"

#include <stdlib.h>
#include <string.h>

static void assert_left(const char *line, const char *want)
{
	enum line_level level = LINE_INFO;
	struct str s = str_z(line), left = str_from(s, line_prefix(s, &level));

	if (!str_eq(left, str_z(want)))
		fail_msg("\"%s\": \"%.*s\"", line, STR_FMT(left));
}

static void what_runners_write_in_front_is_taken_off(void **state)
{
	(void)state;
	assert_left("2024-01-02T03:04:05.1234567Z   x", "  x");
	assert_left("2024-01-02T03:04:05.123456Z 00O x", "x");
	assert_left("2024-01-02T03:04:05.123456Z 01E+x", "x");
	assert_left("[2024-01-02T03:04:05.123Z] x", "x");
	assert_left("12:34:56  x", "x");
	assert_left("12:34:56    x", "  x");
	assert_left("[task 2024-01-02T03:04:05.123Z] 03:04:05     INFO -  x", "x");
	assert_left("[task 2024-01-02T03:04:05.123Z] 03:04:05     INFO -    x", "  x");
	assert_left("[task 2024-01-02T03:04:05.123Z] 03:04:05    ERROR - PID 12 | x", "x");
	assert_left("[task 2024-01-02T03:04:05.123Z] 03:04:05     INFO -  1:02.33 x", "x");
	assert_left("[taskcluster 2024-01-02 03:04:05.123Z] x", "x");
	assert_left("job\tstep name\t2024-01-02T03:04:05.1234567Z x", "x");
	assert_left("#12 0.345 x", "x");
	assert_left("#12 [2/5] RUN x", "[2/5] RUN x");
	assert_left("web-1  | x", "x");
	assert_left("2024-01-02T03:04:05.1234567Z #12 0.345 x", "x");
	assert_left("2024-01-02T03:04:05.1234567Z web-1  | x", "x");
	assert_left("[03:04:05] [Step 1/2] x", "x");
	assert_left("web:build: x", "x");
	assert_left("2024-01-02T03:04:05.1234567Z @a/web:test:unit:   x", "  x");
	assert_left("packages/web build: x", "x");
	assert_left(". lint: x", "x");
	assert_left("@a/web: x", "x");
	assert_left("cargo:warning=a.c:1:2: error: x", "a.c:1:2: error: x");
}

static void what_a_tool_says_itself_stays(void **state)
{
	(void)state;
	assert_left("", "");
	assert_left("[ERROR] x", "[ERROR] x");
	assert_left("ERROR - x", "ERROR - x");
	assert_left("  --> a.rs:1:2", "  --> a.rs:1:2");
	assert_left("#include <x>", "#include <x>");
	assert_left("#1  0x55 in main ()", "#1  0x55 in main ()");
	assert_left("#1 main () at a.c:1", "#1 main () at a.c:1");
	assert_left("a-b | c", "a-b | c");
	assert_left("1:02 x", "1:02 x");
	assert_left("2024-01-02", "2024-01-02");
	assert_left("12:34:56x", "12:34:56x");
	assert_left("a\tb\tc", "a\tb\tc");
	assert_left("make: x", "make: x");
	assert_left("a.go:12: x", "a.go:12: x");
	assert_left("error: build: x", "error: build: x");
	assert_left("src/a.c:build: x", "src/a.c:build: x");
	assert_left("to build: x", "to build: x");
	assert_left("@a/web@1.0.0 build: x", "@a/web@1.0.0 build: x");
	assert_left("[Step x] y", "[Step x] y");
}

static void a_level_in_the_runners_column_is_kept(void **state)
{
	enum line_level level = LINE_INFO;

	(void)state;
	line_prefix(STR("03:04:05    ERROR - x"), &level);
	assert_int_equal(level, LINE_ERROR);
	line_prefix(STR("03:04:05 CRITICAL - x"), &level);
	assert_int_equal(level, LINE_CRITICAL);
	level = LINE_INFO;
	line_prefix(STR("ERROR - x"), &level);
	assert_int_equal(level, LINE_INFO);
}

static void assert_line(const struct lines *l, size_t i, const char *text, size_t start, size_t len)
{
	if (!str_eq(lines_text(l, i), str_z(text)))
		fail_msg("line %zu: \"%.*s\"", i, STR_FMT(lines_text(l, i)));
	assert_int_equal(l->v[i].start, start);
	assert_int_equal(l->v[i].len, len);
}

static void bytes_are_those_of_the_log_as_given_whatever_ends_its_lines(void **state)
{
	struct lines l;
	struct err e;

	(void)state;
	assert_int_equal(
		lines_init(&l, STR("one\r\n10%\r20%\r\n\r\n\x1b[31mred\x1b[m \n\xff end"), &e), ERR_OK);
	assert_int_equal(l.n, 6);
	assert_line(&l, 0, "one", 0, 3);
	assert_line(&l, 1, "10%", 5, 3);
	assert_line(&l, 2, "20%", 9, 3);
	assert_line(&l, 3, "", 14, 0);
	assert_line(&l, 4, "red", 16, 12);
	assert_line(&l, 5, "\xff end", 29, 5);
	for (size_t i = 0; i < l.n; i++)
		assert_int_equal(lines_at(&l, l.v[i].at), i);
	lines_done(&l);
	lines_done(&l);
}

static void a_long_line_is_looked_at_as_far_as_the_bound(void **state)
{
	size_t n = 3 * LINES_LOOK;
	char *text = malloc(n);
	struct lines l;
	struct err e;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', n);
	assert_int_equal(lines_init(&l, (struct str){ text, n }, &e), ERR_OK);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.v[0].len, n);
	assert_int_equal(l.v[0].kept, LINES_LOOK);
	lines_done(&l);
	free(text);
}

static void a_script_that_the_runner_shows_is_marked_and_what_it_says_is_not(void **state)
{
	struct lines l;
	struct err e;

	(void)state;
	assert_int_equal(
		lines_init(&l, STR("##[group]Run make\necho error\n##[endgroup]\nerror\n"), &e), ERR_OK);
	assert_true(l.v[0].echoed && l.v[1].echoed);
	assert_false(l.v[2].echoed || l.v[3].echoed);
	lines_done(&l);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_runners_write_in_front_is_taken_off),
		cmocka_unit_test(what_a_tool_says_itself_stays),
		cmocka_unit_test(a_level_in_the_runners_column_is_kept),
		cmocka_unit_test(bytes_are_those_of_the_log_as_given_whatever_ends_its_lines),
		cmocka_unit_test(a_long_line_is_looked_at_as_far_as_the_bound),
		cmocka_unit_test(a_script_that_the_runner_shows_is_marked_and_what_it_says_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
