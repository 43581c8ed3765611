/* place: files and lines as tools write them, and numbers that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "explain/place.h"

static void assert_place(const char *line, const char *want)
{
	struct place p;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	if (place_in_line(str_z(line), &p))
		buf_fmt(&out, "%.*s|%d|%d", STR_FMT(p.file), (int)p.line, (int)p.col);
	assert_string_equal(buf_cstr(&out), want);
}

static void places_are_found_as_each_tool_writes_them(void **state)
{
	(void)state;
	assert_place("src/a.c:12:5: error: x", "src/a.c|12|5");
	assert_place("tests/test_a.py:12: AssertionError", "tests/test_a.py|12|0");
	assert_place("    at f (src/a.test.js:12:5)", "src/a.test.js|12|5");
	assert_place("    at file:///home/x/a.mjs:3:4", "file:///home/x/a.mjs|3|4");
	assert_place("\tat a.b.CTest.m(CTest.java:12)", "CTest.java|12|0");
	assert_place("  File \"my dir/a.py\", line 12, in f", "my dir/a.py|12|0");
	assert_place("#   at t/a.t line 12.", "t/a.t|12|0");
	assert_place("# (in test file t/a.bats, line 12)", "t/a.bats|12|0");
	assert_place("src/a.ts(12,5): error TS1: x", "src/a.ts|12|5");
	assert_place("C:\\x\\a.cs(12): error", "C:\\x\\a.cs|12|0");
	assert_place("   at N.M() in C:\\x\\a.cs:line 7", "C:\\x\\a.cs|7|0");
	assert_place("D:/x/a.c:1:2: error", "D:/x/a.c|1|2");
	assert_place("bin/tool:3:1: bad", "bin/tool|3|1");
	assert_place("Makefile:12: *** missing separator.", "Makefile|12|0");
	assert_place("thread 'main' panicked at src/lib.rs:4:9:", "src/lib.rs|4|9");
}

static void times_hosts_and_versions_are_no_places(void **state)
{
	(void)state;
	assert_place("12:30:05 started", "");
	assert_place("2024-01-02T12:30:05.123Z", "");
	assert_place("connect localhost:8080", "");
	assert_place("GET http://a.example/x.html:80", "");
	assert_place("db.internal:5432 refused", "");
	assert_place("version 1.2.3:4", "");
	assert_place("f(12) of 5", "");
	assert_place("a.c:0: x", "");
	assert_place("a.c:99999999999: x", "");
	assert_place("a.c: line", "");
	assert_place("", "");
	assert_place("12:30:05 src/a.c:7 x", "src/a.c|7|0");
}

static void only_the_start_counts_when_it_is_asked_for(void **state)
{
	struct place p;

	(void)state;
	assert_true(place_at_start(STR("  a.c:1:2: x"), &p));
	assert_int_equal(p.end, 9);
	assert_false(place_at_start(STR("in a.c:1:2: x"), &p));
}

static void of_a_trace_the_frame_in_the_tests_own_file_is_taken(void **state)
{
	struct place p;

	(void)state;
	assert_true(place_in_trace(STR("java.lang.AssertionError: x\n"
				       "\tat org.junit.Assert.fail(Assert.java:89)\n"
				       "\tat a.b.Help.check(Help.java:7)\n"
				       "\tat a.b.CTest.m(CTest.java:12)\n"
				       "\tat java.lang.reflect.Method.invoke(Method.java:5)\n"),
		STR("a.b.CTest.m"), &p));
	assert_true(str_eq(p.file, STR("CTest.java")) && p.line == 12);
	assert_true(
		place_in_trace(STR("Error: x\n    at f (/x/node_modules/y/z.js:1:2)\n    at src/a.js:3:4\n"),
			STR("adds"), &p));
	assert_true(str_eq(p.file, STR("src/a.js")) && p.col == 4);
	assert_true(place_in_trace(
		STR("Error: x\n    at node:internal/test:255:12\n    at T (file:///x/a.mjs:2:36)\n"),
		STR("test.inner"), &p));
	assert_true(str_eq(p.file, STR("file:///x/a.mjs")));
	assert_false(place_in_trace(STR("nothing\nhere"), STR("x"), &p));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_are_found_as_each_tool_writes_them),
		cmocka_unit_test(times_hosts_and_versions_are_no_places),
		cmocka_unit_test(only_the_start_counts_when_it_is_asked_for),
		cmocka_unit_test(of_a_trace_the_frame_in_the_tests_own_file_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
