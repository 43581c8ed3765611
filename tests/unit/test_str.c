#include "tests/test.h"

#include "base/str.h"

static void an_empty_view_may_have_no_address(void **state)
{
	struct str none = { NULL, 0 };
	(void)state;

	assert_int_equal(str_z(NULL).len, 0);
	assert_true(str_eq(none, STR("")));
	assert_true(str_eq_nocase(none, none));
	assert_true(str_starts(none, none) && str_ends(none, none));
	assert_int_equal(str_from(none, 3).len, 0);
	assert_int_equal(str_trim(none).len, 0);
	assert_int_equal(str_find(none, 'x'), 0);
	assert_int_equal(str_find_str(none, STR("x")), 0);
	assert_int_equal(str_find_str(none, none), 0);
}

static void bytes_are_compared_with_their_nuls(void **state)
{
	(void)state;

	assert_true(str_eq(STR("a\0b"), STR("a\0b")));
	assert_false(str_eq(STR("a\0b"), STR("a\0c")));
	assert_false(str_eq(STR("a"), STR("a\0")));
}

static void case_is_ignored_in_ascii_letters_only(void **state)
{
	(void)state;

	assert_true(str_eq_nocase(STR("Owner/Name-9"), STR("oWNER/nAME-9")));
	assert_false(str_eq_nocase(STR("@"), STR("`")));
	assert_false(str_eq_nocase(STR("["), STR("{")));
	assert_false(str_eq_nocase(STR("\xC4"), STR("\xE4")));
	assert_false(str_eq_nocase(STR("a"), STR("ab")));
}

static void beginnings_ends_and_rests(void **state)
{
	struct str s = STR("refs/heads/main");
	(void)state;

	assert_true(str_starts(s, STR("refs/")));
	assert_false(str_starts(STR("ref"), STR("refs/")));
	assert_true(str_ends(s, STR("/main")));
	assert_false(str_ends(STR("ain"), STR("main")));
	assert_true(str_eq(str_from(s, 11), STR("main")));
	assert_int_equal(str_from(s, s.len).len, 0);
	assert_int_equal(str_from(s, SIZE_MAX).len, 0);
}

static void trimming_takes_ascii_white_space_at_both_ends(void **state)
{
	(void)state;

	assert_true(str_eq(str_trim(STR(" \t\r\n\v\fa b\n")), STR("a b")));
	assert_int_equal(str_trim(STR(" \n ")).len, 0);
	assert_true(str_eq(str_trim(STR("\xC2\xA0x")), STR("\xC2\xA0x")));
}

static void finding_gives_the_first_place_or_the_length(void **state)
{
	(void)state;

	assert_int_equal(str_find(STR("a:b:c"), ':'), 1);
	assert_int_equal(str_find(STR("abc"), ':'), 3);
	assert_int_equal(str_find(STR("a\0b"), 'b'), 2);
	assert_int_equal(str_find_str(STR("a\0bcbc"), STR("bc")), 2);
	assert_int_equal(str_find_str(STR("abc"), STR("abcd")), 3);
	assert_int_equal(str_find_str(STR("abc"), STR("")), 0);
}

static void integers_are_the_whole_view_and_never_overflow(void **state)
{
	const struct str wrong[] = { STR(""), STR("-"), STR("+1"), STR(" 1"), STR("1 "), STR("1x"),
		STR("0x1"), STR("1.0"), STR("--1"), STR("9223372036854775808"), STR("-9223372036854775809"),
		STR("99999999999999999999999999"), STR("1\0") };
	int64_t v = 42;
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(str_to_int(wrong[i], &v));
	assert_int_equal(v, 42);
	assert_true(str_to_int(STR("9223372036854775807"), &v) && v == INT64_MAX);
	assert_true(str_to_int(STR("-9223372036854775808"), &v) && v == INT64_MIN);
	assert_true(str_to_int(STR("-0"), &v) && v == 0);
	assert_true(str_to_int(STR("007"), &v) && v == 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_view_may_have_no_address),
		cmocka_unit_test(bytes_are_compared_with_their_nuls),
		cmocka_unit_test(case_is_ignored_in_ascii_letters_only),
		cmocka_unit_test(beginnings_ends_and_rests),
		cmocka_unit_test(trimming_takes_ascii_white_space_at_both_ends),
		cmocka_unit_test(finding_gives_the_first_place_or_the_length),
		cmocka_unit_test(integers_are_the_whole_view_and_never_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
