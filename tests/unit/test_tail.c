/* tail: where a text is cut, and what is said about what went. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "text/tail.h"

#include <stdlib.h>
#include <string.h>

static void assert_settled(const char *text, const char *want)
{
	AUTO_BUF b;

	buf_init(&b, 1000);
	text_settle_line_ends(str_z(text), &b);
	assert_string_equal(buf_cstr(&b), want);
}

static void crlf_becomes_lf_and_a_lone_cr_stays(void **state)
{
	(void)state;
	assert_settled("", "");
	assert_settled("a\r\nb\r\n", "a\nb\n");
	assert_settled("\r\n", "\n");
	assert_settled("10%\r20%\r\n", "10%\r20%\n");
	assert_settled("a\r\r\nb", "a\r\nb");
	assert_settled("a\r", "a\r");
	assert_settled("a\n\rb", "a\n\rb");
}

static void assert_final(const char *text, const char *want)
{
	struct str s = text_without_final_line_end(str_z(text));

	assert_int_equal(s.len, strlen(want));
	assert_memory_equal(s.p, want, s.len);
}

static void one_final_line_end_is_taken_off_and_only_one(void **state)
{
	(void)state;
	assert_final("a\n", "a");
	assert_final("a\n\n\n", "a\n\n");
	assert_final("a\r\n", "a");
	assert_final("a\r\n\r\n", "a\r\n");
	assert_final("a", "a");
	assert_final("a\r", "a\r");
	assert_final("\n", "");
	assert_final("", "");
}

static void lines_are_counted_as_an_editor_would(void **state)
{
	(void)state;
	assert_int_equal(text_count_lines(STR("")), 0);
	assert_int_equal(text_count_lines(STR("a")), 1);
	assert_int_equal(text_count_lines(STR("a\n")), 1);
	assert_int_equal(text_count_lines(STR("a\nb")), 2);
	assert_int_equal(text_count_lines(STR("a\n\n")), 2);
	assert_int_equal(text_count_lines(STR("\n")), 1);
	assert_int_equal(text_count_lines(STR("10%\r20%\r\n")), 1);
}

static void assert_tail(
	const char *text, int64_t lines, size_t bytes, const char *want, int64_t dropped_lines)
{
	struct tail t = text_tail(str_z(text), lines, bytes);

	if (t.text.len != strlen(want) || memcmp(t.text.p, want, t.text.len) != 0)
		fail_msg("\"%s\" to %d lines, %zu bytes: \"%.*s\"", text, (int)lines, bytes, STR_FMT(t.text));
	assert_int_equal(t.dropped_lines, dropped_lines);
	assert_int_equal(t.dropped_bytes, (int64_t)(strlen(text) - strlen(want)));
	assert_int_equal(t.in_line,
		*want && strlen(text) > strlen(want) && text[strlen(text) - strlen(want) - 1] != '\n');
}

static void what_is_within_the_limits_is_kept_whole(void **state)
{
	(void)state;
	assert_tail("", 10, 10, "", 0);
	assert_tail("a\nb\nc", 3, 5, "a\nb\nc", 0);
	assert_tail("a", 1, 1, "a", 0);
}

static void the_last_lines_are_kept(void **state)
{
	(void)state;
	assert_tail("a\nb\nc", 2, 100, "b\nc", 1);
	assert_tail("a\nb\nc", 1, 100, "c", 2);
	assert_tail("\n\n\nx", 2, 100, "\nx", 2);
	assert_tail(
		"a\nb\n", 2, 100, "b\n", 1); /* of a text that ended in two line ends: b, and an empty line */
}

static void bytes_cut_at_a_line_start(void **state)
{
	(void)state;
	assert_tail("aaa\nbbb\nccc", 100, 10, "bbb\nccc", 1);
	assert_tail("aaa\nbbb\nccc", 100, 7, "bbb\nccc", 1);
	assert_tail("aaa\nbbb\nccc", 100, 6, "ccc", 2);
	assert_tail("aaa\nbbb\nccc", 100, 3, "ccc", 2);
}

static void a_line_that_is_too_long_by_itself_is_cut_inside_and_is_not_dropped(void **state)
{
	(void)state;
	assert_tail("aaa\nbbbccc", 100, 3, "ccc", 1);
	assert_tail("abcdef", 100, 3, "def", 0);
	assert_tail("abcdef", 1, 3, "def", 0);
}

static void empty_lines_behind_a_long_line_are_not_all_that_is_kept(void **state)
{
	(void)state;
	assert_tail("abcdefgh\n\n", 100, 6, "efgh\n\n", 0);
	assert_tail("abcdefgh\n\n\n", 100, 3, "\n\n\n", 0);
	assert_tail("abc\n\n\n", 2, 100, "\n", 2); /* but asked for two lines it gives two */
}

static void no_limit_leaves_anything_without_lines_or_bytes(void **state)
{
	(void)state;
	assert_tail("a\nb", 0, 100, "", 2);
	assert_tail("abc", 100, 0, "", 1);
	assert_tail("", 0, 0, "", 0);
}

static void a_cut_never_splits_a_character(void **state)
{
	static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";

	(void)state;
	for (size_t bytes = 0; bytes <= sizeof text; bytes++) {
		struct tail t = text_tail(STR("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z"), 1, bytes);

		assert_true(t.text.len <= bytes);
		assert_int_equal(utf8_valid(t.text), t.text.len);
		assert_true(bytes - t.text.len < 4 || t.text.len == sizeof text - 1);
	}
}

static void lines_of_what_is_kept_are_counted_with_an_empty_last_one(void **state)
{
	(void)state;
	assert_int_equal(text_tail(STR("a\nb\nc"), 2, 100).n_lines, 2);
	assert_int_equal(text_tail(STR("a\n"), 9, 100).n_lines, 2);
	assert_int_equal(text_tail(STR(""), 9, 100).n_lines, 0);
	assert_int_equal(text_tail(STR("abc"), 9, 2).n_lines, 1);
	assert_int_equal(text_tail(STR("xy\n\n"), 9, 1).n_lines,
		2); /* the line that was cut off whole is not counted */
}

static void limits_hold_and_nothing_is_lost_for_every_limit(void **state)
{
	static const char text[] = "one\ntwo two\n\nthree three three\n\xe2\x82\xac\xe2\x82\xac\nfive\n\nsix";
	struct str s = { text, sizeof text - 1 };

	(void)state;
	for (int64_t lines = 0; lines < 12; lines++) {
		for (size_t bytes = 0; bytes < sizeof text + 3; bytes++) {
			struct tail t = text_tail(s, lines, bytes);

			assert_true(t.text.len <= bytes);
			assert_true(t.n_lines <= lines);
			assert_int_equal(t.dropped_bytes + (int64_t)t.text.len, (int64_t)s.len);
			assert_int_equal(t.dropped_lines + t.n_lines, text_count_lines(s));
			assert_true(str_ends(s, t.text));
			assert_int_equal(utf8_valid(t.text), t.text.len);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(crlf_becomes_lf_and_a_lone_cr_stays),
		cmocka_unit_test(one_final_line_end_is_taken_off_and_only_one),
		cmocka_unit_test(lines_are_counted_as_an_editor_would),
		cmocka_unit_test(what_is_within_the_limits_is_kept_whole),
		cmocka_unit_test(the_last_lines_are_kept),
		cmocka_unit_test(bytes_cut_at_a_line_start),
		cmocka_unit_test(a_line_that_is_too_long_by_itself_is_cut_inside_and_is_not_dropped),
		cmocka_unit_test(empty_lines_behind_a_long_line_are_not_all_that_is_kept),
		cmocka_unit_test(no_limit_leaves_anything_without_lines_or_bytes),
		cmocka_unit_test(a_cut_never_splits_a_character),
		cmocka_unit_test(lines_of_what_is_kept_are_counted_with_an_empty_last_one),
		cmocka_unit_test(limits_hold_and_nothing_is_lost_for_every_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
