/* explain: what broke, best first; and the same thing known again elsewhere. */
#include "tests/test.h"

#include "base/json.h"
#include "base/utf8.h"
#include "explain/explain.h"

#include <stdlib.h>
#include <string.h>

static struct rules *rules;

static int load_rules(void **state)
{
	struct err e;

	(void)state;
	rules = rules_new();
	return rules_add_default(rules, &e) == ERR_OK && rules_compile(rules, NULL, &e) == ERR_OK ? 0 : 1;
}

static int free_rules(void **state)
{
	(void)state;
	rules_free(rules);
	return 0;
}

static void explain(const char *log, const char *baseline, struct findings *ret)
{
	struct explain_input in = {
		.rules = rules, .log = str_z(log), .baseline = str_z(baseline), .has_baseline = baseline
	};
	struct err e;

	findings_init(ret);
	if (explain_log(&in, ret, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

/* The best one is of this rule and these lines (from 0, end excluded). */
static void assert_best(const char *log, const char *baseline, const char *rule, size_t from, size_t to)
{
	AUTO_FINDINGS f;

	explain(log, baseline, &f);
	if (f.n == 0)
		fail_msg("nothing in \"%s\"", log);
	if (!str_eq(f.v[0].rule, str_z(rule)) || f.v[0].from != from || f.v[0].to != to)
		fail_msg("\"%s\": %.*s, %zu-%zu", log, STR_FMT(f.v[0].rule), f.v[0].from, f.v[0].to);
}

static void the_first_cause_comes_before_the_others_and_before_its_consequences(void **state)
{
	(void)state;
	assert_best("make: *** [a] Error 1\na.c:1:2: error: x\nb.c:1:2: error: y\nmake: *** [b] Error 1\n",
		NULL, "gcc.error", 1, 2);
	assert_best("make: *** [a] Error 1\nwell\n", NULL, "make.stopped", 0, 1);
}

static void how_near_the_end_a_block_is_is_told_by_where_it_ends(void **state)
{
	(void)state;
	assert_best("+ git diff --exit-code\ndiff --git a/x.go b/x.go\nindex 111..222 100644\n--- a/x.go\n"
		    "+++ b/x.go\n@@ -1,3 +1,3 @@\n package api\n-// v1.30\n+// v1.31\n"
		    "Error: Process completed with exit code 1.\n",
		NULL, "git.diff", 1, 9);
}

static void what_is_not_needed_is_left_out(void **state)
{
	AUTO_FINDINGS f;

	(void)state;
	explain("the error log is open\na.c:1:2: error: x\ncould not find a hat\nmake: *** [b] Error 1\n",
		NULL, &f);
	assert_int_equal(f.n, 1);
}

static void a_log_in_which_nothing_failed_has_nothing(void **state)
{
	AUTO_FINDINGS f;

	(void)state;
	explain("all is well\n0 errors, 0 warnings\n[INFO] BUILD SUCCESS\n", NULL, &f);
	for (size_t i = 0; i < f.n; i++)
		assert_int_equal(f.v[i].role, ERROR_CONTEXT);
	findings_done(&f);
	explain("", NULL, &f);
	assert_int_equal(f.n, 0);
}

static void what_the_log_that_passed_has_too_is_no_cause(void **state)
{
	const char *passed = "12:00:01 ERROR: no cache at /tmp/a1b2c3d4e5\nok\n";

	(void)state;
	assert_best("12:30:07 ERROR: no cache at /tmp/ffee001122\nok\nERROR: disk on fire\n", passed,
		"any.error-line", 2, 3);
}

static void a_known_line_that_comes_more_often_counts(void **state)
{
	AUTO_FINDINGS f;

	(void)state;
	explain("a\nFAIL\tx/y\t0.1s\nb\nFAIL\tx/y\t0.2s\n", "a\nFAIL\tx/y\t0.1s\nb\n", &f);
	assert_true(f.n > 0);
	assert_int_equal(f.v[0].head, 3);
}

static void where_no_rule_knows_a_cause_what_was_said_right_before_is_shown(void **state)
{
	static const char log[] = "start\nsteady\nthe hat is too small\nmake: *** [wear] Error 1\n";
	AUTO_FINDINGS f;

	(void)state;
	explain(log, "start\nsteady\nfits\n", &f);
	assert_int_equal(f.v[0].by, FOUND_BY_NOVELTY);
	assert_int_equal(f.v[0].from, 2);
	assert_int_equal(f.v[0].to, 3);
	findings_done(&f);
	explain(log, NULL, &f);
	assert_int_equal(f.v[0].by, FOUND_BY_LAST);
	assert_int_equal(f.v[0].to, 3);
}

static void what_a_tool_said_before_it_ran_once_more_is_tolerated(void **state)
{
	(void)state;
	assert_best("[ERROR] /w/A.java:[1,2] old\n[INFO] BUILD FAILURE\nagain\n"
		    "[ERROR] /w/B.java:[1,2] new\n[INFO] BUILD FAILURE\n",
		NULL, "maven.compile", 3, 4);
}

static void of_a_rule_with_a_limit_so_many_are_told(void **state)
{
	AUTO_FINDINGS f;
	AUTO_BUF log;

	(void)state;
	buf_init(&log, SIZE_MAX);
	for (int i = 0; i < 300; i++)
		buf_fmt(&log, "TEST-UNEXPECTED-FAIL | a/b%d.js | no\n", i);
	explain(buf_cstr(&log), NULL, &f);
	assert_int_equal(f.n, rules_find(rules, STR("moz.unexpected"))->limit);
}

static void what_the_runner_calls_no_error_is_shown_with_an_error_and_does_not_count(void **state)
{
	AUTO_FINDINGS f;

	(void)state;
	explain("10:00:01    ERROR -  a.c:1:2: error: x\n10:00:01     INFO -      1 | x\n"
		"10:00:01    ERROR -      2 | bad\n",
		NULL, &f);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.v[0].to, 1);
	assert_int_equal(f.v[1].role, ERROR_CONTEXT);
	assert_int_equal(f.v[2].from, 2);
	findings_done(&f);
	/* Where no line but the first has a level, all of them count. */
	explain("10:00:01    ERROR -  a.c:1:2: error: x\n    1 | x\n", NULL, &f);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.v[0].to, 2);
}

static void a_block_ends_where_the_runner_speaks(void **state)
{
	(void)state;
	assert_best("error during build:\nx\n##[error]Process completed with exit code 1.\ny\n", NULL,
		"vite.build", 0, 2);
	assert_best("error during build:\nx\nPost job cleanup.\ny\n", NULL, "vite.build", 0, 2);
	assert_best("error during build:\n##[error]x\ny\n##[endgroup]\n", NULL, "vite.build", 0, 3);
}

static void nothing_is_guessed_where_a_consequence_has_the_message(void **state)
{
	AUTO_FINDINGS f;

	(void)state;
	explain("checking\n[ERROR] Failed to execute goal org.x:y:1:check (default) on project a: no\n", NULL,
		&f);
	assert_int_equal(f.n, 1);
	assert_int_equal(f.v[0].by, FOUND_BY_RULE);
}

static void why_it_ranks_where_it_does_is_said(void **state)
{
	AUTO_FINDINGS f;

	(void)state;
	explain("ERROR: a\nERROR: b\n", "ERROR: a\n", &f);
	assert_true(str_eq(f.v[0].why, STR("weight 42, not in the baseline")));
}

static void bytes_are_offsets_into_the_log_as_given(void **state)
{
	static const char log[] = "\xff\xfe\r\n2024-01-02T03:04:05.0000000Z a.c:1:2: error: \xff\r\nend\r\n";
	AUTO_FINDINGS f;

	(void)state;
	explain(log, NULL, &f);
	assert_true(f.n > 0);
	assert_int_equal(f.v[0].start_byte, 4);
	assert_memory_equal(log + f.v[0].end_byte, "\r\nend", 5);
	assert_true(str_eq(f.v[0].file, STR("a.c")));
	assert_int_equal(f.v[0].line, 1);
	assert_int_equal(f.v[0].col, 2);
	assert_int_equal(utf8_valid(f.v[0].message), f.v[0].message.len);
}

static void the_json_is_whole_whatever_the_log(void **state)
{
	static const char log[] = "a.c:1:2: error: \xff\"\\\x01 <b>\nx\n";
	struct json_doc *doc = NULL;
	AUTO_FINDINGS f;
	AUTO_BUF out;
	struct err e;

	(void)state;
	buf_init(&out, SIZE_MAX);
	explain(log, NULL, &f);
	explain_json(&f, str_z(log), &out);
	assert_int_equal(json_parse(str_trim(buf_view(&out)), 0, &doc, &e), ERR_OK);

	const struct json *block = json_at(json_get(json_root(doc), "blocks"), 0);
	int64_t start = -1, line = -1;
	assert_true(json_int(json_get(block, "start_byte"), &start) && start == 0);
	assert_true(json_int(json_get(block, "start_line"), &line) && line == 1);
	assert_true(str_eq(json_str(json_get(block, "role")), STR("cause")));
	assert_true(str_eq(json_str(json_get(block, "class")), STR("compile")));
	json_free(doc);
}

static void hostile_text_is_shown_harmless(void **state)
{
	static const char log[] = "a.c:1:2: error: ```` \x1b[31m\xe2\x80\xae x\n```\nend\n";
	AUTO_FINDINGS f;
	AUTO_BUF out;

	(void)state;
	buf_init(&out, SIZE_MAX);
	explain(log, NULL, &f);
	explain_text(&f, str_z(log), 10, &out);
	assert_null(strchr(buf_cstr(&out), '\x1b'));
	assert_null(strstr(buf_cstr(&out), "\xe2\x80\xae"));
	buf_reset(&out);
	explain_markdown(&f, str_z(log), 10, &out);
	assert_non_null(strstr(buf_cstr(&out), "\n`````\n"));
	assert_null(strstr(buf_cstr(&out), "\xe2\x80\xae"));
}

static void a_failed_test_is_told_by_what_it_asserted(void **state)
{
	AUTO_FINDINGS f;

	(void)state;
	explain("___________ test_add ___________\n\n    def test_add():\n>       assert add(1, 2) == 4\n"
		"E       assert 3 == 4\nE        +  where 3 = add(1, 2)\n\ntests/test_add.py:4: "
		"AssertionError\n",
		NULL, &f);
	assert_true(f.n > 0);
	assert_true(str_eq(f.v[0].message, STR("assert 3 == 4")));
	assert_true(str_eq(f.v[0].test, STR("test_add")));
}

/* The same failure on two machines, in each row; no two rows are the same failure. */
static const struct {
	const char *here, *there;
} twins[] = {
	{ "/home/a/x/src/a.c:3:5: error: 'foo' undeclared",
		"/builds/x/src/a.c:9:1: error: 'foo' undeclared" },
	{ "/home/a/x/src/a.c:3:5: error: 'bar' undeclared",
		"/builds/x/src/a.c:9:1: error: 'bar' undeclared" },
	{ "src/b.c:3:5: error: 'foo' undeclared", "/w/src/b.c:33:5: error: 'foo' undeclared" },
	{ "a.c:1: undefined reference to `f'", "a.c:7: undefined reference to `f'" },
	{ "a.c:1: undefined reference to `g'", "a.c:2: undefined reference to `g'" },
	{ "error[E0308]: mismatched types\n  --> src/m.rs:3:1",
		"error[E0308]: mismatched types\n  --> src/m.rs:5:2" },
	{ "error[E0425]: cannot find value `x`\n  --> src/m.rs:3:1",
		"error[E0425]: cannot find value `x`\n  --> src/m.rs:3:9" },
	{ "2024-01-02T03:04:05.1234567Z ./a.go:3:4: undefined: T",
		"[2023-02-01T00:00:00.000Z] ./a.go:5:6: undefined: T" },
	{ "--- FAIL: TestA (0.01s)\n    a_test.go:7: no", "--- FAIL: TestA (1.21s)\n    a_test.go:9: no" },
	{ "--- FAIL: TestB (0.01s)\n    a_test.go:7: no", "--- FAIL: TestB (1.21s)\n    a_test.go:9: no" },
	{ "panic: boom at 0x4a3b2c1d", "panic: boom at 0x1122aabbcc" },
	{ "[ERROR] /w/src/A.java:[3,9] cannot find symbol",
		"[ERROR] /home/j/src/A.java:[4,1] cannot find symbol" },
	{ "[ERROR] /w/src/B.java:[3,9] cannot find symbol",
		"[ERROR] /home/j/src/B.java:[4,1] cannot find symbol" },
	{ "src/a.ts(3,5): error TS2322: no", "/x/src/a.ts(8,5): error TS2322: no" },
	{ "src/a.ts(3,5): error TS2345: no", "/x/src/a.ts(8,5): error TS2345: no" },
	{ "FAILED a_test.py::test_a - assert 1 == 2", "FAILED a_test.py::test_a - assert 17 == 25" },
	{ "FAILED a_test.py::test_b - assert 1 == 2", "FAILED a_test.py::test_b - assert 17 == 25" },
	{ "a.py:3: error: Bad  [return-value]", "a.py:44: error: Bad  [return-value]" },
	{ "cp: error writing '/tmp/a/x': No space left on device",
		"cp: error writing '/var/b/x': No space left on device" },
	{ "curl: (6) Could not resolve host: example.org",
		"03:04:05  curl: (6) Could not resolve host: example.org" },
	{ "bash: line 3: cmake: command not found", "bash: line 77: cmake: command not found" },
	{ "bash: line 3: ninja: command not found", "bash: line 77: ninja: command not found" },
	{ "make: *** No rule to make target 'a.h', needed by 'b.o'.  Stop.",
		"make: *** No rule to make target 'a.h', needed by 'b.o'.  Stop." },
	{ "fatal: not a git repository: /home/a/r", "fatal: not a git repository: /builds/q/r" },
	{ "CMake Error at CMakeLists.txt:5 (find_package):",
		"CMake Error at CMakeLists.txt:9 (find_package):" },
	{ "==12==ERROR: AddressSanitizer: heap-use-after-free on address 0x512000dacef0",
		"==345==ERROR: AddressSanitizer: heap-use-after-free on address 0x61200000bf40" },
	{ "==12==ERROR: AddressSanitizer: stack-overflow on address 0x512000dacef0",
		"==9==ERROR: AddressSanitizer: stack-overflow on address 0x7ffe1234abcd" },
	{ "E: Unable to locate package foo", "12:01:02 E: Unable to locate package foo" },
	{ "TEST-UNEXPECTED-FAIL | a/b.js | x is 1", "[task 2024-01-02T03:04:05.123Z] 03:04:05     INFO - "
						    "TEST-UNEXPECTED-FAIL | a/b.js | x is 22" },
	{ "TEST-UNEXPECTED-TIMEOUT | a/b.js | x is 1", "TEST-UNEXPECTED-TIMEOUT | a/b.js | x is 22" },
	{ "Traceback (most recent call last):\n  File \"/home/a/x/m.py\", line 3, in f\n    g()\nValueError: "
	  "bad value 17",
		"Traceback (most recent call last):\n  File \"/builds/x/m.py\", line 9, in f\n    "
		"g()\nValueError: bad value 23" },
	{ "Traceback (most recent call last):\n  File \"/home/a/x/m.py\", line 3, in f\n    g()\nKeyError: "
	  "'name'",
		"Traceback (most recent call last):\n  File \"/builds/x/m.py\", line 9, in f\n    "
		"g()\nKeyError: 'name'" },
	{ "ModuleNotFoundError: No module named 'yaml'",
		"2024-01-02T03:04:05.1234567Z ModuleNotFoundError: No module named 'yaml'" },
	{ "ERROR: Could not find a version that satisfies the requirement foo==9.1 (from versions: 1.0, 2.0)",
		"ERROR: Could not find a version that satisfies the requirement foo==9.1 (from versions: "
		"1.0, 2.0, 2.1)" },
	{ "thread 'main' panicked at src/main.rs:4:5:\nno such file: /tmp/.tmpAbC12/x",
		"thread 'main' panicked at src/main.rs:40:9:\nno such file: /tmp/.tmpZz9Qw/x" },
	{ "thread 'tests::adds' panicked at src/lib.rs:4:5:\nassertion `left == right` failed\n  left: 3\n "
	  "right: 4",
		"thread 'tests::adds' panicked at src/lib.rs:7:5:\nassertion `left == right` failed\n  left: "
		"5\n right: 6" },
	{ "Exception in thread \"main\" java.lang.IllegalStateException: pool 3 is closed\n\tat "
	  "a.B.c(B.java:3)",
		"Exception in thread \"main\" java.lang.IllegalStateException: pool 8 is closed\n\tat "
		"a.B.c(B.java:17)" },
	{ "[ERROR] a.FooTest.works -- Time elapsed: 0.012 s <<< "
	  "FAILURE!\norg.opentest4j.AssertionFailedError: expected: <1> but was: <2>",
		"[ERROR] a.FooTest.works -- Time elapsed: 1.7 s <<< "
		"FAILURE!\norg.opentest4j.AssertionFailedError: expected: <1> but was: <3>" },
	{ "npm ERR! 404 Not Found - GET https://r.example.org/left-pad - Not found",
		"03:04:05 npm ERR! 404 Not Found - GET https://r.example.org/left-pad - Not found" },
	{ "Error: Cannot find module 'left-pad'\nRequire stack:\n- /home/a/x/index.js",
		"Error: Cannot find module 'left-pad'\nRequire stack:\n- /builds/x/index.js" },
	{ "  3:5  error  'x' is not defined  no-undef", "  7:1  error  'x' is not defined  no-undef" },
	{ "/usr/bin/ld: cannot find -lfoo: No such file or directory",
		"/usr/bin/ld.bfd: cannot find -lfoo: No such file or directory" },
	{ "/usr/bin/ld: /tmp/ccAbCdEf.o: in function `main':\na.c:(.text+0x9): undefined reference to `frob'",
		"/usr/bin/ld: /tmp/ccQqRrSs.o: in function `main':\na.c:(.text+0x1f): undefined reference to "
		"`frob'" },
	{ "Error: Reference to undeclared resource\n\n  on main.tf line 3, in resource \"a\" \"b\":",
		"Error: Reference to undeclared resource\n\n  on main.tf line 30, in resource \"a\" \"b\":" },
	{ "docker: Error response from daemon: manifest for a/b:1 not found: manifest unknown",
		"[task 2024-01-02T03:04:05.123Z] docker: Error response from daemon: manifest for a/b:1 not "
		"found: manifest unknown" },
	{ "CONFLICT (content): Merge conflict in src/a.c",
		"2024-01-02T03:04:05.1234567Z CONFLICT (content): Merge conflict in src/a.c" },
	{ "Out of memory: Killed process 1234 (cc1plus) total-vm:123456kB, anon-rss:9999kB",
		"[ 7345.123456] Out of memory: Killed process 99 (cc1plus) total-vm:7654321kB, "
		"anon-rss:1kB" },
	{ "The following tests FAILED:\n\t  3 - parser.works (Failed)",
		"The following tests FAILED:\n\t 17 - parser.works (Failed)" },
	{ "a.cpp:3:1: warning: unused variable 'q' [-Werror,-Wunused-variable]\na.cpp:3:1: error: unused "
	  "variable 'q' [-Werror,-Wunused-variable]",
		"/b/a.cpp:4:1: error: unused variable 'q' [-Werror,-Wunused-variable]" },
	{ "==77== Invalid read of size 4\n==77==    at 0x109187: f (a.c:3)",
		"==9== Invalid read of size 4\n==9==    at 0x40110A: f (a.c:5)" },
	{ "./run.sh: line 7:  4321 Segmentation fault      (core dumped) ./prog",
		"/w/run.sh: line 9:   77 Segmentation fault      (core dumped) ./prog" },
};
#define N_TWINS (sizeof twins / sizeof twins[0])

static void fingerprint_of(const char *log, char ret[64])
{
	AUTO_FINDINGS f;

	explain(log, NULL, &f);
	if (f.n == 0)
		fail_msg("nothing in \"%s\"", log);
	assert_true(f.v[0].fingerprint.len < 64);
	memcpy(ret, f.v[0].fingerprint.p, f.v[0].fingerprint.len + 1);
}

static void a_failure_has_one_fingerprint_on_all_machines_and_no_other_has_it(void **state)
{
	char here[N_TWINS][64], there[64];

	(void)state;
	for (size_t i = 0; i < N_TWINS; i++) {
		fingerprint_of(twins[i].here, here[i]);
		fingerprint_of(twins[i].there, there);
		if (strcmp(here[i], there) != 0)
			fail_msg("\"%s\" and \"%s\" are two groups", twins[i].here, twins[i].there);
		assert_memory_equal(here[i], "v1:", 3);
		for (size_t k = 0; k < i; k++)
			if (strcmp(here[i], here[k]) == 0)
				fail_msg("\"%s\" and \"%s\" are one group", twins[i].here, twins[k].here);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_cause_comes_before_the_others_and_before_its_consequences),
		cmocka_unit_test(how_near_the_end_a_block_is_is_told_by_where_it_ends),
		cmocka_unit_test(what_is_not_needed_is_left_out),
		cmocka_unit_test(a_log_in_which_nothing_failed_has_nothing),
		cmocka_unit_test(what_the_log_that_passed_has_too_is_no_cause),
		cmocka_unit_test(a_known_line_that_comes_more_often_counts),
		cmocka_unit_test(where_no_rule_knows_a_cause_what_was_said_right_before_is_shown),
		cmocka_unit_test(what_a_tool_said_before_it_ran_once_more_is_tolerated),
		cmocka_unit_test(of_a_rule_with_a_limit_so_many_are_told),
		cmocka_unit_test(what_the_runner_calls_no_error_is_shown_with_an_error_and_does_not_count),
		cmocka_unit_test(a_block_ends_where_the_runner_speaks),
		cmocka_unit_test(nothing_is_guessed_where_a_consequence_has_the_message),
		cmocka_unit_test(why_it_ranks_where_it_does_is_said),
		cmocka_unit_test(bytes_are_offsets_into_the_log_as_given),
		cmocka_unit_test(the_json_is_whole_whatever_the_log),
		cmocka_unit_test(hostile_text_is_shown_harmless),
		cmocka_unit_test(a_failed_test_is_told_by_what_it_asserted),
		cmocka_unit_test(a_failure_has_one_fingerprint_on_all_machines_and_no_other_has_it),
	};

	return cmocka_run_group_tests(tests, load_rules, free_rules);
}
