/* log_diff: which lines are shown, for any context and from any line on. */
#include "tests/test.h"

#include "explain/log_diff.h"

#include <string.h>

#define PASSED "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"
#define FAILED "one\ntwo\nthree\nnew\nfour\nfive\nsix\nseven\nnew\n"

/* A letter a line: its kind when it is shown, else a dot. */
static void shows(const char *log, const char *passed, size_t context, size_t from, const char *want)
{
	AUTO_LOG_DIFF d = { 0 };
	char got[50] = "";
	struct err e;

	if (log_diff_make(str_z(log), str_z(passed), &d, &e) != ERR_OK)
		fail_msg("%s", e.text);
	memset(got, '.', d.lines.n);
	for (size_t i = log_diff_next(&d, from, context); i < d.lines.n;
		i = log_diff_next(&d, i + 1, context))
		got[i] = novelty_name(d.kinds[i])[0];
	assert_string_equal(got, want);
}

static void lines_that_are_new_are_shown_with_those_around(void **state)
{
	(void)state;
	shows(FAILED, PASSED, 0, 0, "...n....n");
	shows(FAILED, PASSED, 1, 0, "..knk..kn");
	shows(FAILED, PASSED, 2, 0, ".kknkkkkn");
	shows(FAILED, PASSED, 10, 0, "kkknkkkkn");
	shows(PASSED, PASSED, 3, 0, ".......");
	shows("", PASSED, 3, 0, "");
	shows("a\nb\n", "", 0, 0, "nn");
}

static void from_any_line_on_it_is_the_same_list(void **state)
{
	(void)state;
	shows(FAILED, PASSED, 1, 3, "...nk..kn");
	shows(FAILED, PASSED, 1, 4, "....k..kn");
	shows(FAILED, PASSED, 1, 5, ".......kn");
	shows(FAILED, PASSED, 1, 8, "........n");
	shows(FAILED, PASSED, 1, 9, ".........");
}

static void what_stands_elsewhere_is_moved_and_what_stands_more_often_is_more(void **state)
{
	(void)state;
	shows("two\nthree\none\n", "one\ntwo\nthree\n", 0, 0, "..m");
	shows("one\ntwo\none\n", "one\ntwo\n", 0, 0, "..m");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_are_new_are_shown_with_those_around),
		cmocka_unit_test(from_any_line_on_it_is_the_same_list),
		cmocka_unit_test(what_stands_elsewhere_is_moved_and_what_stands_more_often_is_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
