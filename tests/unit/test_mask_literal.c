/* mask_literal: a value that is known is found in every spelling, and nothing of it is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/digest.h"
#include "text/mask.h"

#include <stdlib.h>
#include <string.h>

#define CEILING (1 << 20)

static struct mask *mask_of(const char *value)
{
	struct mask *m = mask_new();

	if (value)
		assert_int_equal(mask_add(m, str_z(value), NULL), ERR_OK);
	return m;
}

static void assert_masked_skip(
	const struct mask *m, const char *text, size_t skip, const char *want, size_t n)
{
	AUTO_BUF out;

	buf_init(&out, CEILING);
	assert_int_equal(mask_literals(m, str_z(text), skip, &out), n);
	assert_string_equal(buf_cstr(&out), want);
}

static void assert_masked(const struct mask *m, const char *text, const char *want, size_t n)
{
	assert_masked_skip(m, text, 0, want, n);
}

/* One value, one text. */
static void check(const char *value, const char *text, const char *want)
{
	struct mask *m = mask_of(value);
	AUTO_BUF out;

	buf_init(&out, CEILING);
	mask_literals(m, str_z(text), 0, &out);
	assert_string_equal(buf_cstr(&out), want);
	mask_free(m);
}

static void a_value_is_replaced_wherever_it_is(void **state)
{
	struct mask *m = mask_of("hunter2");

	(void)state;
	assert_masked(m, "pw=hunter2, again hunter2!", "pw=***, again ***!", 2);
	assert_masked(m, "hunter2", "***", 1);
	assert_masked(m, "hunter", "hunter", 0);
	assert_masked(m, "xhunter2x", "x***x", 1);
	assert_masked(m, "", "", 0);
	mask_free(m);
}

static void values_that_overlap_or_touch_are_one_replacement(void **state)
{
	struct mask *m = mask_of("abcdef");

	(void)state;
	assert_int_equal(mask_add(m, STR("defghi"), NULL), ERR_OK);
	assert_int_equal(mask_add(m, STR("cde"), NULL), ERR_OK);
	assert_masked(m, "-abcdefghi-", "-***-", 1);
	assert_masked(m, "-abcdefabcdef-", "-***-", 1);
	assert_masked(m, "-abcdef-defghi-", "-***-***-", 2);
	assert_masked(m, "-cde-", "-***-", 1);
	mask_free(m);
}

static void white_space_around_is_not_part_of_a_value(void **state)
{
	(void)state;
	check(" hunter2\n", "a hunter2 b", "a *** b");
}

static void a_value_that_is_too_short_or_long_is_refused_with_its_length(void **state)
{
	struct mask *m = mask_new();
	char *big = malloc(MASK_VALUE_MAX + 1);
	struct err e;

	(void)state;
	memset(big, 'x', MASK_VALUE_MAX + 1);
	assert_int_equal(mask_add(m, STR("ab"), &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "3 to 4096"));
	assert_int_equal(mask_add(m, STR("  a "), NULL), ERR_INVALID);
	assert_int_equal(mask_add(m, (struct str){ big, MASK_VALUE_MAX + 1 }, NULL), ERR_INVALID);
	assert_int_equal(mask_longest(m), 0);
	assert_int_equal(mask_add(m, (struct str){ big, MASK_VALUE_MAX }, NULL), ERR_OK);
	mask_free(m);
	free(big);
}

static void a_value_of_control_characters_only_does_not_break_the_bounds(void **state)
{
	struct mask *m = mask_new();
	char *big = malloc(MASK_VALUE_MAX);

	(void)state;
	memset(big, '\x01', MASK_VALUE_MAX);
	assert_int_equal(mask_add(m, (struct str){ big, MASK_VALUE_MAX }, NULL), ERR_OK);
	memset(big, '\n', MASK_VALUE_MAX);
	big[0] = big[MASK_VALUE_MAX - 1] = 'x';
	assert_int_equal(mask_add(m, (struct str){ big, MASK_VALUE_MAX }, NULL), ERR_OK);
	assert_true(mask_longest(m) >= MASK_VALUE_MAX);
	mask_free(m);
	free(big);
}

/* In base64, at any distance from the start and with anything around it. */
static void base64_is_found_at_every_shift_in_both_alphabets(void **state)
{
	static const char value[] = "s3cr\xff\xfb\xef-to?ken~~>>";
	struct mask *m = mask_of(value);

	(void)state;
	for (size_t i = 0; i < 2 * 7 * 4; i++) {
		size_t before = i / 2 % 7, after = i / 14;
		AUTO_BUF plain;
		AUTO_BUF encoded;
		AUTO_BUF out;

		buf_init(&plain, 1000);
		buf_add(&plain, "user:pw", before);
		buf_z(&plain, value);
		buf_add(&plain, "@hos", after);
		buf_init(&encoded, 1000);
		(i % 2 ? base64url_encode : base64_encode)(buf_view(&plain), &encoded);
		buf_init(&out, 1000);
		assert_int_equal(mask_literals(m, buf_view(&encoded), 0, &out), 1);
		/* All but the characters that share bits with what stands around it, and the padding. */
		assert_true(out.len <= 3 + (before * 4 + 2) / 3 + (after * 4 + 2) / 3 + 4);
	}
	mask_free(m);
}

static void a_short_base64_is_not_looked_for(void **state)
{
	(void)state;
	check("abc", "YWJj is in every other picture", "YWJj is in every other picture");
}

static void a_url_may_spell_it_in_upper_or_lower_hex_with_plus_or_without(void **state)
{
	static const char value[] = "p@ss w/rd+%~";

	(void)state;
	check(value, "?p=p%40ss%20w%2Frd%2B%25~&", "?p=***&");
	check(value, "?p=p%40ss%20w%2frd%2b%25~&", "?p=***&");
	check(value, "?p=p%40ss+w%2Frd%2B%25~&", "?p=***&");
	check(value, "?p=p%40ss+w%2Frd%2B%25%7E&", "?p=***&"); /* a form */
	check(value, "?p=p%40ss%20w/rd%2B%25~&", "?p=***&");   /* Python's quote() */
	check(value, "?p=p@ss%20w/rd+%25~&", "?p=***&");       /* encodeURI() */
	check("it's(1)*", "x=it's(1)*&", "x=***&");            /* encodeURIComponent() */
	check("it's(1)*", "x=it%27s%281%29%2A&", "x=***&");
}

static void json_may_escape_more_or_less(void **state)
{
	static const char value[] = "a\"b\\c/d\te\x01"
				    "f\xc3\xa9g\xf0\x9f\x98\x80";

	(void)state;
	check(value, "{\"k\":\"a\\\"b\\\\c/d\\te\\u0001f\xc3\xa9g\xf0\x9f\x98\x80\"}", "{\"k\":\"***\"}");
	check(value, "{\"k\":\"a\\\"b\\\\c\\/d\\te\\u0001f\\u00e9g\\ud83d\\ude00\"}", "{\"k\":\"***\"}");
	check(value, "{\"k\":\"a\\\"b\\\\c/d\\u0009e\\u0001f\\u00E9g\\uD83D\\uDE00\"}", "{\"k\":\"***\"}");
	check("<a>&b", "\"\\u003ca\\u003e\\u0026b\"", "\"***\""); /* Go */
}

static void a_shell_prints_quotes_in_its_own_way(void **state)
{
	(void)state;
	check("it's me", "+ echo 'it'\\''s me'", "+ echo '***'");
	check("it's me", "['echo', 'it'\"'\"'s me']", "['echo', '***']");
}

static void the_lines_of_a_value_of_several_are_values(void **state)
{
	static const char value[] = "first line of it\nsecond line of it\n  indented line\nshort\n";

	(void)state;
	check(value, "2026 first line of it\n2026 second line of it.\n> indented line\nshort",
		"2026 ***\n2026 ***.\n> ***\nshort");
	check(value, "[first line of it\nsecond line of it\n  indented line\nshort]", "[***]");
}

static void line_ends_may_have_become_others(void **state)
{
	(void)state;
	check("one1\ntwo2", "one1\r\ntwo2", "***");
	check("one1\r\ntwo2", "one1\ntwo2", "***");
	check("one1\r\ntwo2", "one1\r\ntwo2", "***");
	check("one1\ntwo2", "\"one1\\ntwo2\" \"one1\\r\\ntwo2\" one1%0Atwo2 one1%0d%0atwo2",
		"\"***\" \"***\" *** ***");
}

static void secrets_of_an_environment_are_those_with_telling_names(void **state)
{
	static char *environ_[] = { "GITHUB_TOKEN=value-number-1", "my_secret=value-number-2",
		"DbPassword=value-number-3", "API_KEY=value-number-4", "BASIC_AUTH=value-number-5",
		"GOOGLE_CREDENTIALS=value-number-6", "HOME=value-number-7", "SHORT_KEY=1234567",
		"EMPTY_KEY=", "KEY", "=TOKEN=odd-entry-here", NULL };
	struct mask *m = mask_new();

	(void)state;
	mask_add_environ(m, environ_);
	for (int i = 1; i <= 6; i++) {
		char text[] = "value-number-0";

		text[13] = (char)('0' + i);
		assert_masked(m, text, "***", 1);
	}
	assert_masked(m, "value-number-7 1234567", "value-number-7 1234567", 0);
	mask_free(m);
}

static void a_long_value_of_an_environment_is_masked_as_far_as_can_be(void **state)
{
	char *entry = malloc(3 * MASK_VALUE_MAX), *entries[] = { entry, NULL };
	struct mask *m = mask_new();
	AUTO_BUF out;

	(void)state;
	memset(entry, 'x', 3 * MASK_VALUE_MAX);
	memcpy(entry, "KEY=", 4);
	entry[3 * MASK_VALUE_MAX - 1] = '\0';
	mask_add_environ(m, entries);
	buf_init(&out, CEILING);
	assert_true(mask_literals(m, str_z(entry + 4), 0, &out) > 0);
	assert_true(out.len < MASK_VALUE_MAX);
	mask_free(m);
	free(entry);
}

/* Or whoever takes the escapes out puts it together again. */
static void a_value_with_escape_sequences_inside_is_masked_with_them(void **state)
{
	struct mask *m = mask_of("secret-value");

	(void)state;
	assert_masked(m, "a \x1b[31msec\x1b[0mret-\x1b[1;32mvalue\x1b[0m b", "a \x1b[31m***\x1b[0m b", 1);
	assert_masked(m, "secret\x1b]8;;http://x\x1b\\-value", "***", 1);
	assert_masked(m,
		"secret\xc2\x9b"
		"1m-value, \x1b(Bsecret-value",
		"***, \x1b(B***", 2);
	assert_masked(m, "\x1b]0;secret-value\x07", "\x1b]0;***\x07", 1);
	assert_masked(m, "secret\x1b[31m-valve", "secret\x1b[31m-valve", 0);
	assert_masked_skip(m, "sec\x1b[mret-value secret-\x1b[mvalue", 3, " ***", 1);
	mask_free(m);
}

static void add_mask_commands_name_values(void **state)
{
	struct mask *m = mask_new();

	(void)state;
	assert_int_equal(
		mask_add_commands(m, STR("x\n::add-mask::value one\n##[add-mask]value two\n"
					 "2026-01-01T00:00:00Z ::ADD-MASK::value three\r\n"
					 "::add-mask::\n::add-mask::xy\nadd-mask::no\n::add-mask::last one")),
		4);
	assert_masked(m, "value one, value two, value three, last one, no", "***, ***, ***, ***, no", 4);
	mask_free(m);
}

static void a_command_may_have_properties(void **state)
{
	struct mask *m = mask_new();

	(void)state;
	assert_int_equal(mask_add_commands(m, STR("::add-mask a=b,c=d::value one\n##[add-mask a=b]value two\n"
						  "::add-mask ::value three\n::add-mask a=b\n::value four\n"
						  "::add-masked::value five\n")),
		3);
	assert_masked(m, "value one, value two, value three, value four, value five",
		"***, ***, ***, value four, value five", 3);
	mask_free(m);
}

static void a_line_has_one_command(void **state)
{
	struct mask *m = mask_new();

	(void)state;
	assert_int_equal(mask_add_commands(m, STR("::add-mask::one::add-mask::two\n")), 1);
	assert_masked(m, "one::add-mask::two, two", "***, two", 1);
	mask_free(m);
}

static void escapes_of_a_command_are_decoded(void **state)
{
	struct mask *m = mask_new();

	(void)state;
	assert_int_equal(mask_add_commands(m, STR("::add-mask::100%25 sure%0Asecond line")), 1);
	assert_masked(m, "100% sure\nsecond line", "***", 1);
	assert_masked(m, "::add-mask::100%25 sure%0Asecond line", "::add-mask::***", 1);
	assert_masked(m, "> second line", "> ***", 1);
	mask_free(m);
}

static void whether_there_is_a_command_is_told_at_once(void **state)
{
	(void)state;
	assert_true(text_has_mask_command(STR("::add-mask::x")));
	assert_true(text_has_mask_command(STR("a\nb ##[Add-Mask]x")));
	assert_false(text_has_mask_command(STR("")));
	assert_false(text_has_mask_command(STR("add-mask")));
	assert_false(text_has_mask_command(STR("-mask::")));
	assert_false(text_has_mask_command(STR("--- add-mask --- :add-mask::")));
}

static void what_a_runner_masked_already_is_no_value(void **state)
{
	struct mask *m = mask_new();

	(void)state;
	mask_add_commands(m, STR("::add-mask::***\n"));
	assert_int_equal(mask_longest(m), 0);
	assert_masked(m, "***", "***", 0);
	mask_free(m);
}

static void strangers_can_name_so_many_values_and_no_more(void **state)
{
	struct mask *m = mask_new();
	AUTO_BUF text;

	(void)state;
	buf_init(&text, CEILING);
	for (int i = 0; i < 3000; i++)
		buf_fmt(&text, "::add-mask::aaaa%d\n", i);
	assert_int_equal(mask_add_commands(m, buf_view(&text)), 1000);
	mask_free(m);
}

static void what_is_skipped_is_seen_but_not_put_out(void **state)
{
	struct mask *m = mask_of("secret");

	(void)state;
	assert_masked_skip(m, "secret and more", 3, " and more", 0); /* its beginning is gone */
	assert_masked_skip(m, "..secret", 2, "***", 1);
	assert_masked_skip(m, "a secret b secret", 10, " ***", 1);
	mask_free(m);
}

static void skip_may_be_anywhere(void **state)
{
	static const char text[] = "a secret b secret c";
	struct mask *m = mask_of("secret");

	(void)state;
	for (size_t skip = 0; skip < sizeof text + 3; skip++) {
		AUTO_BUF out;

		buf_init(&out, 100);
		mask_literals(m, str_z(text), skip, &out);
		assert_null(strstr(buf_cstr(&out), "secret"));
		assert_null(strstr(buf_cstr(&out), "ecret"));
		assert_true(out.len <= sizeof text - 1);
	}
	assert_masked_skip(m, text, 11, "*** c", 1);
	assert_masked_skip(m, text, 12, " c", 0);
	mask_free(m);
}

static void a_copy_can_be_added_to_without_the_original(void **state)
{
	struct mask *m = mask_of("shared"), *copy = mask_copy(m);

	(void)state;
	assert_int_equal(mask_add(copy, STR("added"), NULL), ERR_OK);
	assert_masked(m, "shared added", "*** added", 1);
	assert_masked(copy, "shared added", "*** ***", 2);
	mask_free(m);
	assert_masked(copy, "shared added", "*** ***", 2);
	mask_free(copy);
	mask_free(NULL);
}

static void the_longest_spelling_is_told(void **state)
{
	struct mask *m = mask_of("abcdefgh");

	(void)state;
	assert_int_equal(mask_longest(m), 10); /* its base64 without what it shares with neighbours */
	mask_free(m);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_replaced_wherever_it_is),
		cmocka_unit_test(values_that_overlap_or_touch_are_one_replacement),
		cmocka_unit_test(white_space_around_is_not_part_of_a_value),
		cmocka_unit_test(a_value_that_is_too_short_or_long_is_refused_with_its_length),
		cmocka_unit_test(a_value_of_control_characters_only_does_not_break_the_bounds),
		cmocka_unit_test(base64_is_found_at_every_shift_in_both_alphabets),
		cmocka_unit_test(a_short_base64_is_not_looked_for),
		cmocka_unit_test(a_url_may_spell_it_in_upper_or_lower_hex_with_plus_or_without),
		cmocka_unit_test(json_may_escape_more_or_less),
		cmocka_unit_test(a_shell_prints_quotes_in_its_own_way),
		cmocka_unit_test(the_lines_of_a_value_of_several_are_values),
		cmocka_unit_test(line_ends_may_have_become_others),
		cmocka_unit_test(secrets_of_an_environment_are_those_with_telling_names),
		cmocka_unit_test(a_long_value_of_an_environment_is_masked_as_far_as_can_be),
		cmocka_unit_test(a_value_with_escape_sequences_inside_is_masked_with_them),
		cmocka_unit_test(add_mask_commands_name_values),
		cmocka_unit_test(a_command_may_have_properties),
		cmocka_unit_test(a_line_has_one_command),
		cmocka_unit_test(escapes_of_a_command_are_decoded),
		cmocka_unit_test(whether_there_is_a_command_is_told_at_once),
		cmocka_unit_test(what_a_runner_masked_already_is_no_value),
		cmocka_unit_test(strangers_can_name_so_many_values_and_no_more),
		cmocka_unit_test(what_is_skipped_is_seen_but_not_put_out),
		cmocka_unit_test(skip_may_be_anywhere),
		cmocka_unit_test(a_copy_can_be_added_to_without_the_original),
		cmocka_unit_test(the_longest_spelling_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
