/* regex: captures, the dialect of JavaScript, and limits that hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/regex.h"

#include <string.h>

static struct regex *made(const char *pattern, enum regex_dialect dialect)
{
	struct err e = { 0 };
	struct regex *r = NULL;

	if (regex_new(str_z(pattern), dialect, &r, &e) != ERR_OK)
		fail_msg("%s: %s", pattern, e.text);
	return r;
}

static bool matches(const char *pattern, enum regex_dialect dialect, const char *line)
{
	struct regex *r = made(pattern, dialect);
	bool yes = regex_match(r, str_z(line), NULL, 0);

	regex_free(r);
	return yes;
}

static void assert_refused(const char *pattern, enum regex_dialect dialect, const char *part)
{
	struct err e = { 0 };
	struct regex *r = NULL;

	assert_int_equal(regex_new(str_z(pattern), dialect, &r, &e), ERR_INVALID);
	assert_null(r);
	if (!strstr(e.text, part))
		fail_msg("%s: \"%s\" does not say \"%s\"", pattern, e.text, part);
}

static void groups_are_views_of_the_line_by_number_and_name(void **state)
{
	struct regex *r = made("(?<file>[^:]+):(\\d+)(x)?: (?<what>.*)$", REGEX_PERL);
	struct str g[6];

	(void)state;
	assert_int_equal(regex_n_groups(r), 4);
	assert_int_equal(regex_group(r, "what"), 4);
	assert_int_equal(regex_group(r, "no"), 0);
	assert_true(regex_match(r, STR("at a.c:12: no \xe2\x82\xac"), g, 6));
	assert_true(str_eq(g[1], STR("at a.c")));
	assert_true(str_eq(g[2], STR("12")));
	assert_int_equal(g[3].len, 0);
	assert_true(str_eq(g[4], STR("no \xe2\x82\xac")));
	assert_int_equal(g[5].len, 0);
	assert_false(regex_match(r, STR("nothing"), g, 6));
	assert_false(regex_match(r, (struct str){ NULL, 0 }, g, 6));
	regex_free(r);
}

static void a_line_that_is_no_utf8_is_matched_by_bytes(void **state)
{
	(void)state;
	assert_true(matches("^a.b (\\d+)$", REGEX_PERL,
		"a\xff"
		"b 7"));
	assert_false(matches("\\x{20ac}", REGEX_PERL, "\xff"));
}

static void what_javascript_means_is_matched(void **state)
{
	(void)state;
	assert_true(matches("^\\s*(?:at|in) \\u0041[^]b[^:]$", REGEX_ECMASCRIPT, "  at A\tbx"));
	assert_true(matches("^(?:error|warning)\\/[A-Z]+\\d{1,3}$", REGEX_ECMASCRIPT, "error/TS12"));
	assert_true(matches("(a)|\\1b", REGEX_ECMASCRIPT, "b"));
	assert_true(matches("[\\]+*(?A]+\\++", REGEX_ECMASCRIPT, "]+"));
	assert_true(matches("^(?<x>a+?)$", REGEX_ECMASCRIPT, "aa"));
	assert_false(matches("a[]", REGEX_ECMASCRIPT, "a]"));
}

static void what_pcre_would_read_otherwise_is_refused_by_name(void **state)
{
	(void)state;
	assert_refused("\\Astart", REGEX_ECMASCRIPT, "at 0");
	assert_refused("a\\Kb", REGEX_ECMASCRIPT, "not an escape");
	assert_refused("a++b", REGEX_ECMASCRIPT, "possessive");
	assert_refused("\\\\*+", REGEX_ECMASCRIPT, "possessive");
	assert_refused("(?>a)", REGEX_ECMASCRIPT, "(?:");
	assert_refused("(?i)a", REGEX_ECMASCRIPT, "(?:");
	assert_refused("(*UTF)a", REGEX_ECMASCRIPT, "(*");
	assert_refused("[[:alpha:]]", REGEX_ECMASCRIPT, "POSIX");
	assert_refused("(?<=a+)b", REGEX_ECMASCRIPT, "lookbehind");
	assert_refused("a\\", REGEX_ECMASCRIPT, "backslash");
}

static void what_is_no_pattern_is_refused(void **state)
{
	char longest[REGEX_PATTERN_MAX + 2];

	(void)state;
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	assert_refused("", REGEX_PERL, "bytes");
	assert_refused("(", REGEX_PERL, "at 1");
	assert_refused("\xff", REGEX_PERL, "UTF-8");
	assert_refused(longest, REGEX_PERL, "bytes");
	assert_refused(
		"()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()()", REGEX_PERL, "groups");
}

static void a_match_that_would_never_end_is_given_up_and_counted(void **state)
{
	static char line[REGEX_LINE_MAX * 2];
	struct regex *r = made("^(a+)+$", REGEX_ECMASCRIPT);

	(void)state;
	memset(line, 'a', sizeof line);
	line[30] = 'b';
	assert_false(regex_match(r, (struct str){ line, sizeof line }, NULL, 0));
	assert_int_equal(regex_n_given_up(r), 1);
	assert_true(regex_match(r, (struct str){ line, 9 }, NULL, 0));
	assert_int_equal(regex_n_given_up(r), 1);
	regex_free(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_are_views_of_the_line_by_number_and_name),
		cmocka_unit_test(a_line_that_is_no_utf8_is_matched_by_bytes),
		cmocka_unit_test(what_javascript_means_is_matched),
		cmocka_unit_test(what_pcre_would_read_otherwise_is_refused_by_name),
		cmocka_unit_test(what_is_no_pattern_is_refused),
		cmocka_unit_test(a_match_that_would_never_end_is_given_up_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
