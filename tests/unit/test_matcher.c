/* matcher: problem matchers do what they do on GitHub, and what is not supported is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "explain/matcher.h"
#include "tests/unit/help/told.h"

#include <string.h>

static struct matchers *made(const char *json)
{
	struct matchers *m = matchers_new();
	struct err e = { 0 };

	if (matchers_add(m, str_z(json), &e) != ERR_OK)
		fail_msg("%s", e.text);
	return m;
}

static void assert_matched(const char *json, const char *log, const char *want)
{
	struct matchers *m = made(json);
	struct err e;
	AUTO_FINDINGS f;
	AUTO_LINES l = { 0 };
	struct input in = { .out = &f, .log = &l };

	findings_init(&f);
	assert_int_equal(lines_init(&l, str_z(log), &e), ERR_OK);
	matchers_run(m, &in);
	matchers_free(m);
	assert_findings_told(&f, want);
}

static void one_pattern_gives_all_its_groups(void **state)
{
	(void)state;
	assert_matched("{\"problemMatcher\":[{\"owner\":\"gcc\",\"pattern\":[{\"regexp\":"
		       "\"^(.*?):(\\\\d+):(\\\\d*):?\\\\s+(?:fatal )?(warning|error):\\\\s+(.*?)(?: "
		       "\\\\[(.*)\\\\])?$\","
		       "\"file\":1,\"line\":2,\"column\":3,\"severity\":4,\"message\":5,\"code\":6}]}]}",
		"cc a.c\n\x1b[1m/__w/app/app/a.c:1:2: error: bad thing [-Wx]\x1b[0m\na.c:3:4: warning: hm\n",
		"error compile a.c:1:2 [-Wx] bad thing @1-2\nwarning compile a.c:3:4 hm @2-3\n");
}

#define STYLISH                                                                                              \
	"{\"problemMatcher\":[{\"owner\":\"eslint\",\"severity\":\"warning\",\"pattern\":["                  \
	"{\"regexp\":\"^([^\\\\s].*)$\",\"file\":1},"                                                        \
	"{\"regexp\":\"^\\\\s+(\\\\d+):(\\\\d+)\\\\s+(?:(error)|warning)\\\\s+(.*?)\\\\s\\\\s+(\\\\S+)$\","  \
	"\"line\":1,\"column\":2,\"severity\":3,\"message\":4,\"code\":5,\"loop\":true}]}]}"

static void a_last_pattern_loops_until_a_line_does_not_match(void **state)
{
	(void)state;
	assert_matched(STYLISH,
		"src/a.js\n  1:2  error  no x  no-x\n  3:4  warning  no y  no-y\n\n  5:6  error  lost  "
		"no-z\nsrc/b.js\n"
		"  7:8  error  z  r\n",
		"error lint src/a.js:1:2 [no-x] no x @1-2\nwarning lint src/a.js:3:4 [no-y] no y @2-3\n"
		"error lint src/b.js:7:8 [r] z @6-7\n");
}

static void patterns_that_do_not_follow_each_other_find_nothing(void **state)
{
	static const char three[] =
		"{\"problemMatcher\":[{\"owner\":\"x\",\"pattern\":[{\"regexp\":\"^A (.*)$\",\"file\":1},"
		"{\"regexp\":\"^B (.*)$\",\"line\":1},{\"regexp\":\"^C (.*)$\",\"message\":1}]}]}";

	(void)state;
	assert_matched(three, "A f\nB 1\nC m\nC n\n", "error lint f:1 m @0-3\n");
	assert_matched(three, "A f\nx\nB 1\nC m\nA f\nB 1\nA g\nB 2\nC o\n", "error lint g:2 o @6-9\n");
}

static void a_file_is_relative_to_the_folder_of_from_path(void **state)
{
	(void)state;
	assert_matched("{\"problemMatcher\":[{\"owner\":\"csc\",\"pattern\":[{\"regexp\":\"^(\\\\S+): (.+) "
		       "\\\\[(.+)\\\\]$\","
		       "\"file\":1,\"message\":2,\"fromPath\":3}]}]}",
		"a.cs: bad [D:\\a\\app\\app\\src\\p.csproj]\n/abs/a.cs: bad [lib/p.csproj]\nb.cs: x "
		"[p.csproj]\n",
		"error compile src/a.cs bad @0-1\nerror compile /abs/a.cs bad @1-2\nerror compile b.cs x "
		"@2-3\n");
}

static void a_later_matcher_of_the_same_owner_takes_the_place(void **state)
{
	struct matchers *m = made("{\"problemMatcher\":[{\"owner\":\"a\",\"pattern\":{\"regexp\":\"x\"}},"
				  "{\"owner\":\"b\",\"pattern\":[{\"regexp\":\"x\"}]}]}");
	struct err e;

	(void)state;
	assert_int_equal(matchers_count(m), 2);
	assert_int_equal(
		matchers_add(m,
			STR("{\"problemMatcher\":[{\"owner\":\"a\",\"pattern\":[{\"regexp\":\"y\"}]}]}"), &e),
		ERR_OK);
	assert_int_equal(matchers_count(m), 2);
	matchers_free(m);
}

static void assert_refused(const char *json, const char *part)
{
	struct matchers *m =
		made("{\"problemMatcher\":[{\"owner\":\"a\",\"pattern\":[{\"regexp\":\"x\"}]}]}");
	struct err e = { 0 };

	assert_int_not_equal(matchers_add(m, str_z(json), &e), ERR_OK);
	if (!strstr(e.text, part))
		fail_msg("\"%s\" does not say \"%s\"", e.text, part);
	assert_int_equal(matchers_count(m), 1);
	matchers_free(m);
}

static void what_is_wrong_is_refused_whole_and_said_with_owner_and_pattern(void **state)
{
	(void)state;
	assert_refused("[]", "problemMatcher");
	assert_refused("{\"problemMatcher\":[{\"pattern\":[]}]}", "owner");
	assert_refused("{\"problemMatcher\":[{\"owner\":\"o\",\"pattern\":[]}]}", "patterns");
	assert_refused("{\"problemMatcher\":[{\"owner\":\"o\",\"severity\":\"loud\",\"pattern\":[{\"regexp\":"
		       "\"x\"}]}]}",
		"severity");
	assert_refused("{\"problemMatcher\":[{\"owner\":\"ok\",\"pattern\":[{\"regexp\":\"x\"}]},"
		       "{\"owner\":\"o\",\"pattern\":[{\"regexp\":\"x\"},{\"regexp\":\"(?i)x\"}]}]}",
		"problem matcher 2 (o): pattern 2");
	assert_refused(
		"{\"problemMatcher\":[{\"owner\":\"o\",\"pattern\":[{\"regexp\":\"(x)\",\"file\":2}]}]}",
		"file");
	assert_refused(
		"{\"problemMatcher\":[{\"owner\":\"o\",\"pattern\":[{\"regexp\":\"x\",\"loop\":true}]}]}",
		"loop");
	assert_refused("{\"problemMatcher\":[{\"owner\":\"o\",\"pattern\":[{\"regexp\":\"x\",\"loop\":true},{"
		       "\"regexp\":\"x\"}]}]}",
		"loop");
}

static void a_matcher_that_backtracks_without_end_is_put_aside(void **state)
{
	struct matchers *m =
		made("{\"problemMatcher\":[{\"owner\":\"slow\",\"pattern\":[{\"regexp\":\"^(a+)+$\"}]},"
		     "{\"owner\":\"fine\",\"pattern\":[{\"regexp\":\"^end$\"}]}]}");
	struct err e;
	AUTO_BUF log;
	AUTO_FINDINGS f;
	AUTO_LINES l = { 0 };
	struct input in = { .out = &f, .log = &l };

	(void)state;
	findings_init(&f);
	buf_init(&log, SIZE_MAX);
	for (int i = 0; i < 2 * MATCHER_GIVE_UPS; i++)
		buf_z(&log, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\n");
	buf_z(&log, "aaa\nend\n");
	assert_int_equal(lines_init(&l, buf_view(&log), &e), ERR_OK);
	matchers_run(m, &in);
	assert_findings_told(&f, "error lint end @201-202\n");
	assert_true(str_eq(matchers_given_up(m, 0), STR("slow")));
	assert_int_equal(matchers_given_up(m, 1).len, 0);
	matchers_free(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_pattern_gives_all_its_groups),
		cmocka_unit_test(a_last_pattern_loops_until_a_line_does_not_match),
		cmocka_unit_test(patterns_that_do_not_follow_each_other_find_nothing),
		cmocka_unit_test(a_file_is_relative_to_the_folder_of_from_path),
		cmocka_unit_test(a_later_matcher_of_the_same_owner_takes_the_place),
		cmocka_unit_test(what_is_wrong_is_refused_whole_and_said_with_owner_and_pattern),
		cmocka_unit_test(a_matcher_that_backtracks_without_end_is_put_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
