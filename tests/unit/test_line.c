/* line: levels by word and position, sources, marks and time stamps, as real tools write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "text/line.h"

#include <stdio.h>
#include <string.h>

static struct line look(const char *text)
{
	struct line l;

	line_look(str_z(text), &l);
	return l;
}

static void assert_level(const char *const *lines, enum line_level want)
{
	for (; *lines; lines++) {
		enum line_level got = look(*lines).level;

		if (got != want)
			fail_msg("\"%s\" is %s, not %s", *lines, line_level_name(got), line_level_name(want));
	}
}

static void assert_source(const char *const *lines, enum line_source want)
{
	for (; *lines; lines++) {
		enum line_source got = look(*lines).source;

		if (got != want)
			fail_msg("\"%s\" is of %s, not %s", *lines, line_source_name(got),
				line_source_name(want));
	}
}

static void names_are_those_of_the_api_and_ascend(void **state)
{
	enum line_level level = LINE_ERROR;
	enum line_source source = LINE_WEB;

	(void)state;
	assert_true(LINE_DEBUG < LINE_INFO && LINE_INFO < LINE_WARNING && LINE_WARNING < LINE_ERROR &&
		    LINE_ERROR < LINE_CRITICAL);
	for (unsigned i = 0; i < LINE_N_LEVELS; i++) {
		assert_true(line_level_find(str_z(line_level_name((enum line_level)i)), &level));
		assert_int_equal(level, i);
	}
	for (unsigned i = 0; i < LINE_N_SOURCES; i++) {
		assert_true(line_source_find(str_z(line_source_name((enum line_source)i)), &source));
		assert_int_equal(source, i);
	}
	assert_string_equal(line_source_name(LINE_TEST_RUNNER), "test_runner");
	assert_false(line_level_find(STR("ERROR"), &level));
	assert_false(line_level_find(STR("err"), &level));
	assert_false(line_source_find(STR(""), &source));
	assert_int_equal(level, LINE_CRITICAL);
}

static void errors_are_known_however_tools_write_them(void **state)
{
	static const char *const lines[] = { "ERROR: x", "error: x", "Error: x", "[ERROR] x", "[error] x",
		"ERROR x", "ERROR", "<error> x", "error[E0308]: mismatched types",
		"error TS2304: Cannot find name 'x'.", "  error: indented", "a.c:1:2: error: x",
		"a.c:1:2: fatal error: x.h: No such file or directory", "ld: error: x",
		"collect2: error: ld returned 1 exit status", "a.cs(1,2): error CS1002: ; expected",
		"C:\\My Files\\a.cs(75,27): error CS0649: Field", "1>a.cpp(3): error C2065: 'x': undeclared",
		"LINK : fatal error LNK1120: 1 unresolved externals", "src/a.ts:1:2 - error TS2304: x",
		"src/a.ts(1,2): error TS2304: x", "/p/main.php:258:4:error - InvalidGlobal: x",
		"/path/to/eslint.js: line 3, col 3, Error - Expected indentation",
		"  3:9  error  Missing semicolon  semi", "/m/image.pp - ERROR: not in autoload module layout",
		"a.py:1:80: E501 line too long",
		"a.py:1:0: E0602: Undefined variable 'x' (undefined-variable)", "app/v.haml:1 [E] Syntax",
		"remote: error: x", "stderr: error: x", "error: could not compile `x`",
		"internal compiler error: in f, at x.c:1", "a.c:1:2: runtime error: signed integer overflow",
		"PHP Fatal error:  Uncaught x", "npm ERR! code 1", "npm error code 1",
		"error Command failed with exit code 1.", "make: *** [Makefile:10: all] Error 2",
		"make[2]: *** No rule to make target 'x'.  Stop.", "gmake[1]: *** [x] Error 1", "##[error]x",
		"::error file=a.c,line=1::x",
		"2026-01-02T15:04:05.0000000Z ##[error]Process completed with exit code 1.",
		"2026-01-02T15:04:05.000Z ERROR x", "2026-01-02 15:04:05,123 - app.db - ERROR - x",
		"2026-01-02 15:04:05.123 ERROR 4711 --- [main] c.f.Bar : x",
		"15:04:05.123 [main] ERROR c.f.Bar - x", "[2026-01-02T15:04:05Z ERROR app::db] x",
		"[2026-01-02 15:04:05,123: ERROR/MainProcess] x",
		"2026-01-02T15:04:05.000Z\tERROR\tapp/main.go:12\tx",
		"2026/01/02 15:04:05 [error] 123#0: *1 x",
		"[task 2026-01-02T15:04:05.000Z] 15:04:05    ERROR - x", "[main] ERROR com.foo.Bar - x",
		"ERROR:root:x", "E0102 15:04:05.000000       1 file.go:12] x",
		"Jan  2 15:04:05 host prog[12]: error: x",
		"time=\"2026-01-02T15:04:05Z\" level=error msg=\"x\"", "ts=1 lvl=eror level=error msg=x",
		"{\"level\":\"error\",\"msg\":\"x\"}",
		"{\"time\":1,\"severity\": \"ERROR\",\"message\":\"x\"}",
		"{\"name\":\"a\",\"level\":50,\"msg\":\"x\"}", "TypeError: x is not a function",
		"java.lang.IllegalStateException: x", "java.lang.RuntimeException", "AssertionError",
		"Uncaught TypeError: x", "Caused by: java.io.IOException: x",
		"Exception in thread \"main\" x",
		"Traceback (most recent call last):", "==123==ERROR: AddressSanitizer: heap-use-after-free",
		"==123== ERROR: x",
		"CMake Error at CMakeLists.txt:3 (find_package):", "E: Unable to locate package x",
		"BUILD FAILED", "[INFO] BUILD FAILURE", "FAILURE: Build failed with an exception.",
		"FAILED: src/a.o", "> Task :compileJava FAILED", "--- FAIL: TestX (0.00s)",
		"    --- FAIL: TestX/y (0.00s)", "FAIL\tpkg\t0.1s", "FAIL", "FAIL src/a.test.js",
		"FAIL: test_x (m.T)", "FAILED tests/a.py::t - assert 1 == 2", "E       assert 1 == 2",
		"=================================== FAILURES ===================================",
		"[  FAILED  ] A.b (1 ms)", "not ok 3 - x", "test a::b ... FAILED", "test_x (m.T) ... ERROR",
		"test result: FAILED. 1 passed; 1 failed",
		"Tests run: 5, Failures: 1 <<< FAILURE! - in org.x.T", "[ERROR] Tests run: 5, Failures: 1",
		"\u2715 adds", "TEST-UNEXPECTED-FAIL | a | b",
		"15:04:05     INFO - TEST-UNEXPECTED-FAIL | a | b", "Finished: FAILURE",
		"\x1b[31mERROR\x1b[0m x", "[\x1b[1;31mERROR\x1b[m] x",
		"\x1b[1m\x1b[31merror\x1b[0m\x1b[1m: x\x1b[0m",
		"\x1b[1ma.c:1:2: \x1b[0m\x1b[31merror: \x1b[0mx",
		"\xef\xbb\xbf"
		"ERROR: x",
		"#12 0.345 error: x", NULL };

	(void)state;
	assert_level(lines, LINE_ERROR);
}

static void warnings_are_known(void **state)
{
	static const char *const lines[] = { "warning: x", "WARNING: x", "[WARNING] x", "[WARN] x", "WARN x",
		"Warning: x", "a.c:1:2: warning: x [-Wx]", "a.cs(1,2): warning CS0649: x", "##[warning]x",
		"::warning::x", "npm WARN deprecated x", "npm warn deprecated x",
		"2026-01-02T15:04:05Z WARN x", "W0102 15:04:05.000000 1 f.go:1] x",
		"[main] WARN spoon.Launcher - x", "a.py:12: DeprecationWarning: x", "DeprecationWarning: x",
		"CMake Warning (dev) at x", "W: x", "a.rb:1:2: W: x", "v.haml:1 [W] x",
		" 33:3  warning Incorrect indent", "15:04:05     INFO -  warning: unused variable",
		"make: *** [x] Error 1 (ignored)", "level=warn msg=x", "{\"level\":40,\"msg\":\"x\"}",
		"[\x1b[1;33mWARNING\x1b[m] ", "\u26a0 x", NULL };

	(void)state;
	assert_level(lines, LINE_WARNING);
}

static void what_ends_a_program_is_critical(void **state)
{
	static const char *const lines[] = { "panic: runtime error: index out of range",
		"fatal: not a git repository", "remote: fatal: x", "FATAL x", "[FATAL] x", "CRITICAL: x",
		"2026-01-02 15:04:05,123 - a.b - CRITICAL - x", "F0102 15:04:05.000000 1 f.go:1] x",
		"Segmentation fault (core dumped)", "PROCESS-CRASH | x",
		"terminate called after throwing an instance of 'x'", "{\"level\":\"fatal\"}",
		"2026-01-02T15:04:05Z\tFATAL\tx", NULL };

	(void)state;
	assert_level(lines, LINE_CRITICAL);
}

static void debug_is_known(void **state)
{
	static const char *const lines[] = { "DEBUG: x", "[DEBUG] x", "debug: x", "::debug::x", "##[debug]x",
		"TRACE x", "2026-01-02T15:04:05Z DEBUG a::b: x", "level=debug msg=x", "{\"level\":20}",
		"VERBOSE: x", NULL };

	(void)state;
	assert_level(lines, LINE_DEBUG);
}

static void prose_counts_names_and_settings_are_no_errors(void **state)
{
	static const char *const lines[] = { "", " ", "INFORMATION about x", "INFO x", "[INFO] 0 errors",
		"0 errors", "rebuild_errors=0", "Errors: 0", "errors: 3", "error: 0", "Error: 0, Warnings: 0",
		"error: null", "  error: false", "debugging is on", "we found an error in the middle",
		"This is an ERROR in prose", "If an error: occurs, see", "error handling is tested",
		"errors are shown", "error-prone 2.3", "error_log: /var/log/x", "no error: fine",
		"-Werror=format: on", "/src/error.c", "gcc -Werror -c error.c", "+ echo error: x",
		"ERROR SUMMARY: 0 errors from 0 contexts", "==1== ERROR SUMMARY: 0 errors", "warnings: 2",
		"warning_level=3", "std::error::Error", "error::Kind", "::std::error::Kind::x", "fatalistic",
		"FAILSAFE mode", "PASSED", "ok 1 - error: handled", "--- PASS: TestError (0.00s)",
		"=== RUN   TestFail/error:_x", "test error ... ok", "5 passed, 0 FAILED",
		"Downloading error-1.0.jar", "[INFO] Running org.x.error.FailTest",
		"2026-01-02T15:04:05Z the error was found", "Tests run: 5, Failures: 0, Errors: 0", "E", "W",
		"F", "E0102", "note: required by `x`", "a.c:1:2: note: declared here",
		"{\"error\":null,\"level\":\"info\"}", "{\"level\":30,\"msg\":\"error\"}",
		"level=info msg=\"error: x\"", "TEST-PASS | error | x", "throw new Error('x')",
		"    raise ValueError('x')", "ErrorHandler.java", "Set error: handler",
		"##[group]Run error: x", NULL };

	(void)state;
	assert_level(lines, LINE_INFO);
}

static void a_source_is_known_by_its_lines_and_build_is_the_default(void **state)
{
	static const char *const tests[] = { "=== RUN   TestX", "--- PASS: TestX (0.00s)", "ok  \tpkg\t0.1s",
		"ok 1 - x", "not ok 2 - x", "TAP version 13", "[ RUN      ] a", "[       OK ] a",
		"[  FAILED  ] a", "PASS src/a.test.js", "[INFO] Tests run: 5, Failures: 0",
		"test a::b ... FAILED", "E       assert 1 == 2", "\u2713 adds",
		"15:04:05     INFO - TEST-PASS | a | b", "==== test session starts ====", NULL };
	static const char *const runner[] = { "##[group]x", "##[endgroup]", "::group::x",
		"::endgroup::", "##[error]x", "[command]/usr/bin/git version", "section_start:1700000000:a",
		"Set up job", "Current runner version: '2.1'",
		"2026-01-02T15:04:05.0000000Z Requested labels: x", "Running with gitlab-runner 16.1",
		"[Pipeline] stage", "Finished: SUCCESS", "[taskcluster 2026-01-02 15:04:05.000Z] Task ID: x",
		NULL };
	static const char *const web[] = {
		"127.0.0.1 - - [10/Oct/2026:13:55:36 +0000] \"GET / HTTP/1.0\" 200 2326",
		"::1 - bob [10/Oct/2026:13:55:36 +0200] \"GET /error: HTTP/1.1\" 500 12", NULL
	};
	static const char *const build[] = { "", "gcc -c a.c", "error: x", "okay", "FAILURES of mine",
		"PASSWORD=x", "test it", "Set up jobs", "127.0.0.1 is here", NULL };

	(void)state;
	assert_source(tests, LINE_TEST_RUNNER);
	assert_source(runner, LINE_ORCHESTRATOR);
	assert_source(web, LINE_WEB);
	assert_source(build, LINE_BUILD);
	assert_int_equal(look("Worker ID: 7").source, LINE_WORKER);
}

static void assert_mark(const char *text, enum line_mark mark, const char *title)
{
	struct line l = look(text);

	if (l.mark != mark || l.title.len != strlen(title) ||
		(l.title.len > 0 && memcmp(l.title.p, title, l.title.len) != 0))
		fail_msg("\"%s\": mark %d, \"%.*s\"", text, l.mark, STR_FMT(l.title));
	assert_true(
		l.title.len == 0 || (l.title.p >= text && l.title.p + l.title.len <= text + strlen(text)));
}

static void marks_are_known_with_their_titles(void **state)
{
	(void)state;
	assert_mark("::group::Install", LINE_GROUP, "Install");
	assert_mark("##[group]Run make check", LINE_GROUP, "Run make check");
	assert_mark("2026-01-02T15:04:05.1234567Z ##[group] Run x ", LINE_GROUP, "Run x");
	assert_mark("\xef\xbb\xbf"
		    "2026-01-02T15:04:05.1234567Z ##[group]x",
		LINE_GROUP, "x");
	assert_mark("\x1b[36m##[group]\x1b[0mRun \x1b[1mx", LINE_GROUP, "Run \x1b[1mx");
	assert_mark("::endgroup::", LINE_END_GROUP, "");
	assert_mark("##[endgroup]", LINE_END_GROUP, "");
	assert_mark("section_start:1700000000:build_it[collapsed=true]Build it", LINE_GROUP, "Build it");
	assert_mark("section_start:1700000000:build_it[hide_duration=true,collapsed=true]\r\x1b[0KBuild it",
		LINE_GROUP, "Build it");
	assert_mark("section_start:1700000000:build_it", LINE_GROUP, "build_it");
	assert_mark("section_start:1700000000:build_it Build it", LINE_GROUP, "Build it");
	assert_mark("\x1b[0Ksection_start:1700000000:build_it\x1b[0m", LINE_GROUP, "build_it\x1b[0m");
	assert_mark("section_end:1700000000:build_it", LINE_END_GROUP, "build_it");
	assert_mark("::error file=a.c,line=1,title=x::message", LINE_COMMAND, "message");
	assert_mark("::set-output name=x::y", LINE_COMMAND, "y");
	assert_mark("##[section]Starting: x", LINE_COMMAND, "Starting: x");
	assert_mark("[command]/usr/bin/git", LINE_COMMAND, "/usr/bin/git");
}

static void what_only_looks_like_a_mark_is_plain(void **state)
{
	static const char *const lines[] = { "::", "::::", "::std::vector::x", "::group", "::group:x", "##[",
		"##[group", "##[nothing]x", "## [group]x", "x ::group::y", "echo ::group::y",
		"section_start:", "section_start:1:", "section_start:x:y", "section_end:1", "sections",
		"[command", "[commands]x", "a ##[endgroup]", NULL };

	(void)state;
	for (const char *const *l = lines; *l; l++)
		if (look(*l).mark != LINE_PLAIN)
			fail_msg("\"%s\" is no mark", *l);
}

static void assert_time(const char *text, const char *want)
{
	char got[CLOCK_RFC3339_LEN] = "none";
	struct line l = look(text);

	if (l.at_ms != 0)
		clock_rfc3339(l.at_ms, got);
	if (strcmp(got, want) != 0)
		fail_msg("\"%s\": %s, not %s", text, got, want);
}

static void time_stamps_with_a_zone_are_read(void **state)
{
	(void)state;
	assert_time("2026-01-02T15:04:05Z x", "2026-01-02T15:04:05.000Z");
	assert_time("2026-01-02T15:04:05.678Z", "2026-01-02T15:04:05.678Z");
	assert_time("2026-01-02T15:04:05.6789999Z x", "2026-01-02T15:04:05.678Z");
	assert_time("\xef\xbb\xbf"
		    "2026-01-02T15:04:05.6789999Z x",
		"2026-01-02T15:04:05.678Z");
	assert_time("[2026-01-02T15:04:05Z] x", "2026-01-02T15:04:05.000Z");
	assert_time("[task 2026-01-02T15:04:05.678Z] 15:04:05 x", "2026-01-02T15:04:05.678Z");
	assert_time("[2026-01-02T15:04:05Z ERROR x] y", "2026-01-02T15:04:05.000Z");
	assert_time("2026-01-02T15:04:05+02:00 x", "2026-01-02T13:04:05.000Z");
	assert_time("2026-01-02T15:04:05.5-0330 x", "2026-01-02T18:34:05.500Z");
	assert_time("2026-01-02 15:04:05 +0200 x", "2026-01-02T13:04:05.000Z");
	assert_time("2026/01/02 15:04:05 UTC x", "2026-01-02T15:04:05.000Z");
	assert_time("\x1b[2m2026-01-02T15:04:05Z\x1b[0m x", "2026-01-02T15:04:05.000Z");
	assert_time("2024-02-29T23:59:60Z x", "2024-03-01T00:00:00.000Z");
	assert_time("1969-12-31T23:59:59Z x", "1969-12-31T23:59:59.000Z");
	assert_time("0000-03-01T00:00:00Z x", "0000-03-01T00:00:00.000Z");
	assert_time("time=\"2026-01-02T15:04:05Z\" level=info msg=x", "2026-01-02T15:04:05.000Z");
}

static void a_stamp_without_date_or_zone_gives_no_time(void **state)
{
	static const char *const lines[] = { "2026-01-02T15:04:05 x", "2026-01-02 15:04:05,123 x",
		"15:04:05 x", "15:04:05Z x", "Jan  2 15:04:05 x", "x 2026-01-02T15:04:05Z",
		"2026-13-02T15:04:05Z x", "2026-01-32T15:04:05Z x", "2026-01-02T25:04:05Z x",
		"2026-01-02T15:60:05Z x", "2026-01-02T15:04:05Zulu", "12026-01-02T15:04:05Z x",
		"2026-1-2T15:04:05Z", "2026-01-02T15:04Z", "2026-01-02T15:04:05+99:00 x", "2026-01-02", "",
		NULL };

	(void)state;
	for (const char *const *l = lines; *l; l++)
		assert_time(*l, "none");
}

static void a_time_stamp_is_the_same_for_every_day_of_400_years(void **state)
{
	(void)state;
	for (int64_t day = -150000; day < 150000; day++) {
		char text[CLOCK_RFC3339_LEN];
		int64_t ms = day * DAY_MS + 12345678;

		clock_rfc3339(ms, text);
		assert_int_equal(look(text).at_ms, ms);
	}
}

static void only_the_front_of_a_long_line_is_looked_at(void **state)
{
	static char text[5 * LINE_LOOK];

	(void)state;
	memset(text, 'x', sizeof text);
	memcpy(text, "##[error]", 9);
	memcpy(text + sizeof text - 7, " FAILED", 7);

	struct line l;
	line_look((struct str){ text, sizeof text }, &l);
	assert_int_equal(l.level, LINE_ERROR);
	assert_int_equal(l.title.len, sizeof text - 9); /* but a title is whole */

	line_look((struct str){ text + 9, sizeof text - 9 }, &l);
	assert_int_equal(l.level, LINE_INFO);
}

static void escapes_change_nothing_wherever_they_stand(void **state)
{
	static const char *const lines[] = { "a.c:1:2: error: x", "2026-01-02T15:04:05.678Z ##[group]Run x",
		"[WARNING] x y", "--- FAIL: TestX (0.00s)", "section_start:1700000000:a[b=c]T", "plain text",
		NULL };

	(void)state;
	for (const char *const *l = lines; *l; l++) {
		struct line want = look(*l);

		for (size_t at = 0; at <= strlen(*l); at++) {
			char text[200];

			snprintf(text, sizeof text, "%.*s\x1b[1;31m%s", (int)at, *l, *l + at);
			struct line got = look(text);
			if (got.level != want.level || got.source != want.source || got.mark != want.mark ||
				got.at_ms != want.at_ms)
				fail_msg("an escape at %zu of \"%s\"", at, *l);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_the_api_and_ascend),
		cmocka_unit_test(errors_are_known_however_tools_write_them),
		cmocka_unit_test(warnings_are_known),
		cmocka_unit_test(what_ends_a_program_is_critical),
		cmocka_unit_test(debug_is_known),
		cmocka_unit_test(prose_counts_names_and_settings_are_no_errors),
		cmocka_unit_test(a_source_is_known_by_its_lines_and_build_is_the_default),
		cmocka_unit_test(marks_are_known_with_their_titles),
		cmocka_unit_test(what_only_looks_like_a_mark_is_plain),
		cmocka_unit_test(time_stamps_with_a_zone_are_read),
		cmocka_unit_test(a_stamp_without_date_or_zone_gives_no_time),
		cmocka_unit_test(a_time_stamp_is_the_same_for_every_day_of_400_years),
		cmocka_unit_test(only_the_front_of_a_long_line_is_looked_at),
		cmocka_unit_test(escapes_change_nothing_wherever_they_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
