/* diagnostic: each form is read, and lines that only look alike are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain/diagnostic.h"
#include "tests/unit/help/told.h"

static void assert_read(const char *log, const char *want)
{
	struct err e;
	AUTO_FINDINGS f;
	AUTO_LINES l = { 0 };
	struct input in = { .out = &f, .log = &l };

	findings_init(&f);
	assert_int_equal(lines_init(&l, str_z(log), &e), ERR_OK);
	diagnostics_find(&in);
	assert_findings_told(&f, want);
}

static void forms_of_one_line_are_read(void **state)
{
	(void)state;
	assert_read("src/a.c:1:2: warning: unused x\n", "warning lint src/a.c:1:2 unused x @0-1\n");
	assert_read("a.go:7: self-assignment\n", "error lint a.go:7 self-assignment @0-1\n");
	assert_read("a.go:4:2: Error return value is bad\n",
		"error lint a.go:4:2 Error return value is bad @0-1\n");
	assert_read("[a.proto:11:5] wrong case\n", "error lint a.proto:11:5 wrong case @0-1\n");
	assert_read("v/a.haml:33 [W] ImplicitDiv: no\n", "warning lint v/a.haml:33 ImplicitDiv: no @0-1\n");
	assert_read("lib/a.rb:4:1: C: extra line\n", "warning lint lib/a.rb:4:1 extra line @0-1\n");
	assert_read("C:\\x\\a.cs(2,3): error CS06: gone\n", "error lint C:/x/a.cs:2:3 [CS06] gone @0-1\n");
	assert_read("a/b.ts[418, 38]: use quotes\n", "error lint a/b.ts:418:38 use quotes @0-1\n");
	assert_read("/p/a.js: line 2, col 10, Error - bad x\n", "error lint /p/a.js:2:10 bad x @0-1\n");
	assert_read("/m/i.pp - ERROR: not there on line 7\n", "error lint /m/i.pp:7 not there @0-1\n");
	assert_read(
		"ERROR: /app/main.py Imports are bad\n", "error lint /app/main.py Imports are bad @0-1\n");
	assert_read("error file=/a.scala message=Too long line=6 column=7\n",
		"error lint /a.scala:6:7 Too long @0-1\n");
	assert_read("/a/p.rb\t13\tInjection\tx\n", "error lint /a/p.rb:13 Injection\tx @0-1\n");
	assert_read("/a/p.rb      13      Bad Thing  x\n", "error lint /a/p.rb:13 Bad Thing  x @0-1\n");
	assert_read(".env:1 Leading space\n", "error lint .env:1 Leading space @0-1\n");
}

static void forms_of_more_lines_are_read(void **state)
{
	(void)state;
	assert_read("error[E0308]: mismatched\n  --> src/a.rs:3:9\n   |\n",
		"error lint src/a.rs:3:9 [E0308] mismatched @0-2\n");
	assert_read("a.py:18 in class `x`:\n        D101: Docstring missing\n",
		"error lint a.py:18 D101: Docstring missing @0-2\n");
	assert_read("src/a.js\n  1:2  error  no x  no-x\n  3:4  warning  no y  no-y\n\nb.js\n  5:6  error  "
		    "zzz  r\n",
		"error lint src/a.js:1:2 no x  no-x @1-2\nwarning lint src/a.js:3:4 no y  no-y @2-3\n"
		"error lint b.js:5:6 zzz  r @5-6\n");
}

static void what_only_looks_alike_is_none(void **state)
{
	(void)state;
	assert_read("12:30:05 INFO a.c:1:2 is fine\n", "");
	assert_read("    at f (src/a.js:1:2)\n", "");
	assert_read("a.c:1:2: note: declared here\n", "");
	assert_read("a.c:12\na.c:13:\n", "");
	assert_read("  1:2  error  without a path\n", "");
	assert_read("example.org:443: connection refused\n", "");
	assert_read("INFO: /app/main.py read\n", "");
	assert_read("src/a.js   80   75.5\n", "");
	assert_read("[1/2] Compiling a.c\n", "");
}

static void of_very_many_the_first_are_kept(void **state)
{
	struct err e;
	AUTO_BUF log;
	AUTO_FINDINGS f;
	AUTO_LINES l = { 0 };
	struct input in = { .out = &f, .log = &l };

	(void)state;
	findings_init(&f);
	buf_init(&log, SIZE_MAX);
	for (int i = 1; i < 2 * DIAGNOSTICS_MAX; i++)
		buf_fmt(&log, "a.c:%d: bad thing\n", i);
	assert_int_equal(lines_init(&l, buf_view(&log), &e), ERR_OK);
	diagnostics_find(&in);
	assert_int_equal(f.n, DIAGNOSTICS_MAX);
	assert_int_equal(f.v[f.n - 1].line, DIAGNOSTICS_MAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_one_line_are_read),
		cmocka_unit_test(forms_of_more_lines_are_read),
		cmocka_unit_test(what_only_looks_alike_is_none),
		cmocka_unit_test(of_very_many_the_first_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
