/* visible: nothing that a log holds moves, hides or colours what a reader sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "text/visible.h"

#include <stdlib.h>
#include <string.h>

static void assert_shown_bytes(struct str text, const char *want)
{
	AUTO_BUF b;

	buf_init(&b, 100000);
	buf_z(&b, "before\nit:");
	text_visible(text, &b);
	assert_true(str_starts(buf_view(&b), STR("before\nit:")));
	assert_string_equal(buf_cstr(&b) + 10, want);
}

static void assert_shown(const char *text, const char *want)
{
	assert_shown_bytes(str_z(text), want);
}

static void plain_text_stays_as_it_is(void **state)
{
	(void)state;
	assert_shown("", "");
	assert_shown("a b\tc\n\nd", "a b\tc\n\nd");
	assert_shown("h\xc3\xa9llo \xe4\xb8\x96\xe7\x95\x8c \xf0\x9f\x98\x80",
		"h\xc3\xa9llo \xe4\xb8\x96\xe7\x95\x8c \xf0\x9f\x98\x80");
	assert_shown("\xe2\x9a\xa0\xef\xb8\x8f warning",
		"\xe2\x9a\xa0\xef\xb8\x8f warning"); /* an emoji with its selector */
}

static void colours_and_cursor_moves_go(void **state)
{
	(void)state;
	assert_shown("\x1b[31mred\x1b[0m", "red");
	assert_shown("\x1b[1;38;5;196mx\x1b[m", "x");
	assert_shown("\x1b[2Ka\x1b[1A\x1b[?25lb", "ab");
	assert_shown("\x1b[38:2::1:2:3mx", "x");
	assert_shown("\x1b[>4;1m\x1b[ qx", "x");
}

static void a_hyperlink_keeps_its_text_and_loses_its_address(void **state)
{
	(void)state;
	assert_shown("\x1b]8;;https://evil.example/\x1b\\click\x1b]8;;\x1b\\!", "click!");
	assert_shown("\x1b]8;id=1;https://evil.example/\aclick\x1b]8;;\a!", "click!");
}

static void titles_and_other_strings_go_with_what_they_hold(void **state)
{
	(void)state;
	assert_shown("\x1b]0;title\ax", "x");
	assert_shown("\x1b]52;c;ZXZpbA==\x1b\\x", "x");
	assert_shown("\x1bPq#0;2;0;0;0\x1b\\x", "x");
	assert_shown("\x1bXsos\x1b\\\x1b^pm\x1b\\\x1b_apc\x1b\\x", "x");
}

static void charsets_and_two_byte_escapes_go(void **state)
{
	(void)state;
	assert_shown("\x1b(B\x1b)0x\x1b"
		     "7y\x1b"
		     "8\x1b=\x1b>\x1b"
		     "cz\x1bM",
		"xyz");
	assert_shown("\x1b#8\x1b%Gx", "x");
}

static void one_character_introducers_are_escapes_too(void **state)
{
	(void)state;
	assert_shown("\xc2\x9b"
		     "31mred",
		"red");
	assert_shown("\xc2\x9d"
		     "0;title\xc2\x9cx",
		"x");
	assert_shown("\xc2\x90q\x1b\\x", "x");
}

static void an_unfinished_escape_at_the_end_goes(void **state)
{
	static const char *const ends[] = { "\x1b", "\x1b[", "\x1b[31", "\x1b[31;", "\x1b]", "\x1b]8;;http",
		"\x1bP", "\x1b(", "\x1b#", "\xc2\x9b", "\xc2\x9b\x33", "\x1b]0;t\x1b" };

	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		char text[64] = "x";

		strcat(text, ends[i]);
		assert_shown(text, "x");
	}
}

static void an_unfinished_escape_never_swallows_a_line_end(void **state)
{
	(void)state;
	assert_shown("a\x1b[12\nb", "a\nb");
	assert_shown("a\x1b]0;never ends\nb", "a\nb");
	assert_shown("a\x1bPnever ends\nb\x1b\\", "a\nb");
	assert_shown("a\x1b\nb", "a\nb");
	assert_shown("a\x1b(\nb", "a\nb");
}

static void an_escape_that_breaks_off_gives_way_to_what_follows(void **state)
{
	(void)state;
	assert_shown("\x1b[31\x1b[32mx", "x");
	assert_shown("\x1b\x1b[32mx", "x");
	assert_shown("\x1b]0;t\x1b[32mx", "x");
	assert_shown("\x1b[3\xc3\xa9x", "\xc3\xa9x");
	assert_shown("\x1b\xc3\xa9x", "\xc3\xa9x");
	assert_shown("\x1b[3\x01x", "\\u{1}x");
}

static void control_characters_are_shown(void **state)
{
	(void)state;
	assert_shown("a\x01"
		     "b\x07"
		     "c\x08"
		     "d\x0b"
		     "e\x0c"
		     "f\x7f",
		"a\\u{1}b\\u{7}c\\u{8}d\\u{b}e\\u{c}f\\u{7f}");
	assert_shown_bytes((struct str){ "a\0b", 3 }, "a\\u{0}b");
	assert_shown("a\xc2\x85"
		     "b\xc2\x80",
		"a\\u{85}b\\u{80}");
	assert_shown("a\xc2\x9c", "a\\u{9c}");
}

static void bidi_controls_are_shown(void **state)
{
	(void)state;
	assert_shown("\xe2\x80\xae"
		     "evil",
		"\\u{202e}evil");
	assert_shown("\xe2\x81\xa6x\xe2\x81\xa9", "\\u{2066}x\\u{2069}");
	assert_shown("\xd8\x9c\xe2\x80\x8e\xe2\x80\x8f", "\\u{61c}\\u{200e}\\u{200f}");
}

static void invisible_characters_are_shown(void **state)
{
	(void)state;
	assert_shown("a\xe2\x80\x8b"
		     "b\xe2\x80\x8d"
		     "c\xef\xbb\xbf",
		"a\\u{200b}b\\u{200d}c\\u{feff}");
	assert_shown("\xe2\x80\xa8\xe2\x80\xa9\xc2\xad", "\\u{2028}\\u{2029}\\u{ad}");
	assert_shown("\xe2\x81\xa0\xe2\x81\xa4", "\\u{2060}\\u{2064}");
	assert_shown("\xf3\xa0\x81\xa9\xf3\xa0\x84\x80",
		"\\u{e0069}\\u{e0100}"); /* tags; a supplementary selector */
	assert_shown("\xe1\x85\x9f\xe3\x85\xa4", "\\u{115f}\\u{3164}");
}

static void only_one_variation_selector_belongs_to_a_character(void **state)
{
	(void)state;
	assert_shown("x\xef\xb8\x8f\xef\xb8\x81\xef\xb8\x82y", "x\xef\xb8\x8f\\u{fe01}\\u{fe02}y");
	assert_shown("x\xef\xb8\x8f\x1b[m\xef\xb8\x81", "x\xef\xb8\x8f\\u{fe01}");
}

static void invalid_bytes_become_replacement_characters(void **state)
{
	(void)state;
	assert_shown("a\xff\xfe", "a\xef\xbf\xbd\xef\xbf\xbd");
	assert_shown("a\xe2\x82", "a\xef\xbf\xbd\xef\xbf\xbd");
	assert_shown("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void a_carriage_return_starts_the_line_again(void **state)
{
	(void)state;
	assert_shown("10%\r20%\r100%", "100%");
	assert_shown("a\n10%\r20%\nb", "a\n20%\nb");
	assert_shown("10%\r\x1b[K20%", "20%");
	assert_shown("10%\r\x01", "\\u{1}");
	assert_shown("10%\r\r\r20%", "20%");
}

/* As a terminal would: what is shorter covers only so much of what stood there. */
static void what_is_shorter_leaves_the_rest_of_what_it_is_written_over(void **state)
{
	(void)state;
	assert_shown("fatal: cannot open pump.h\r \n", " atal: cannot open pump.h\n");
	assert_shown("error: no\rok\nnext", "okror: no\nnext");
	assert_shown("a\nabcdef\rxy\rz", "a\nzycdef");
	assert_shown("abc\rxyz", "xyz");
	assert_shown("abc\rwxyz!", "wxyz!");
	assert_shown("\rabc\n\rdef", "abc\ndef");
	assert_shown("abc\rx\n\ndef\ry", "xbc\n\nyef");
}

static void a_column_is_a_character_however_many_bytes_it_has(void **state)
{
	(void)state;
	assert_shown("10%\r\xc3\xa9", "\xc3\xa9"
				      "0%");
	assert_shown("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!\rab", "ab\xf0\x9f\x98\x80!");
	assert_shown("ab\r\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"
					     "b");
	assert_shown(
		"\xe2\x9a\xa0\xef\xb8\x8f warning\rx", "x warning"); /* the emoji goes with its selector */
	assert_shown("ab\xef\xb8\x8f\rx\xef\xb8\x8f", "x\xef\xb8\x8f"
						      "b\xef\xb8\x8f");
	assert_shown(
		"abcdefgh\r\x01", "\\u{1}fgh"); /* what is shown in its place has as many as it has letters */
}

static void an_erase_takes_the_rest_of_a_line_that_is_written_over(void **state)
{
	(void)state;
	assert_shown("10 of 20\r\x1b[Kdone\n", "done\n");
	assert_shown("10 of 20\x1b[2K\rdone\n", "done\n");
	assert_shown("10 of 20\r\x1b[0K\x1b[32mdone\n", "done\n");
	assert_shown("10 of 20\r\xc2\x9bKdone\n", "done\n");
	assert_shown("10 of 20\rdone\x1b[K\nnext", "done\nnext");
	assert_shown("10 of 20\rdone\x1b[1K\n", "donef 20\n"); /* another one: not done */
}

/* A bar that takes itself away leaves what it said last: this is an account, and nothing came in its place. */
static void an_erase_that_nothing_follows_changes_nothing(void **state)
{
	(void)state;
	assert_shown("10 of 20\r\x1b[K\nnext", "10 of 20\nnext");
	assert_shown("10 of 20\x1b[2K\r", "10 of 20");
	assert_shown("10 of 20\x1b[K more", "10 of 20 more");
	assert_shown("a\x1b[2K\nb\rc", "a\nc");
	assert_shown("a\x1b[2Kbcd\re", "ebcd"); /* of a line that goes on it is forgotten */
}

/* Whoever moves the rest of the line for each character that is written does not come back from this. */
static void a_long_line_is_written_over_a_million_times_in_linear_time(void **state)
{
	size_t n = 1 << 20;
	char *text = malloc(3 * n);
	AUTO_BUF out;

	(void)state;
	buf_init(&out, 4 * n);
	memset(text, 'a', n);
	for (size_t i = 0; i < n; i++)
		memcpy(text + n + 2 * i, "\rb", 2);
	text_visible((struct str){ text, 3 * n }, &out);
	assert_int_equal(out.len, n);
	assert_true(out.p[0] == 'b' && out.p[1] == 'a' && out.p[n - 1] == 'a');

	buf_reset(&out);
	text[n] = '\r';
	for (size_t i = 0; i < n - 2; i += 2)
		memcpy(text + n + 1 + i, "\xc3\xa9", 2);
	text_visible((struct str){ text, 2 * n - 1 }, &out);
	assert_int_equal(out.len, n - 2 + (n - (n - 2) / 2));
	free(text);
}

static void a_carriage_return_at_the_end_of_a_line_changes_nothing(void **state)
{
	(void)state;
	assert_shown("done\r\nnext", "done\nnext");
	assert_shown("done\r\r\nnext\r", "done\nnext");
	assert_shown("done\r\x1b[0m\nnext", "done\nnext");
}

static void what_was_in_the_buffer_before_is_not_overwritten(void **state)
{
	AUTO_BUF b;

	(void)state;
	buf_init(&b, 100);
	buf_z(&b, "kept: ");
	text_visible(STR("gone\rshown"), &b);
	assert_string_equal(buf_cstr(&b), "kept: shown");
}

static void assert_name(const char *name, size_t max, const char *want)
{
	AUTO_BUF b;

	buf_init(&b, 10000);
	text_visible_name(str_z(name), max, &b);
	assert_string_equal(buf_cstr(&b), want);
	assert_true(b.len <= max);
}

static void a_name_stays_on_its_line(void **state)
{
	(void)state;
	assert_name("build", 100, "build");
	assert_name("a\nb\tc\rd", 100, "a\\u{a}b\\u{9}c\\u{d}d");
	assert_name("\x1b[31mred\x1b[0m", 100, "red");
	assert_name("", 100, "");
}

static void a_long_name_is_cut_between_characters_and_says_so(void **state)
{
	(void)state;
	assert_name("abcdefgh", 8, "abcdefgh");
	assert_name("abcdefghi", 8, "abcde...");
	assert_name("\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac", 11, "\xe2\x82\xac\xe2\x82\xac...");
	assert_name("abcdefgh", 3, "...");
	assert_name("abcdefgh", 1, ".");
	assert_name("abcdefgh", 0, "");
}

static void the_longest_run_is_found_wherever_it_is(void **state)
{
	(void)state;
	assert_int_equal(text_longest_run(STR(""), '`'), 0);
	assert_int_equal(text_longest_run(STR("abc"), '`'), 0);
	assert_int_equal(text_longest_run(STR("```a``"), '`'), 3);
	assert_int_equal(text_longest_run(STR("`a``b````"), '`'), 4);
}

/* Every byte string of three out of the bytes that mean something: no state of the reader is left out. */
static void whatever_comes_is_shown_as_valid_text_without_controls(void **state)
{
	static const unsigned char some[] = { 0x1b, '[', ']', '\\', 'm', '0', '\n', '\r', 7, 0x18, ' ', 0xc2,
		0x9b, 0x9d, 0x9c, 0xe2, 0x80, 0xae, 0, 'x', '(' };
	size_t n = sizeof some;

	(void)state;
	for (size_t i = 0; i < n * n * n * n; i++) {
		char t[4] = { (char)some[i % n], (char)some[i / n % n], (char)some[i / n / n % n],
			(char)some[i / n / n / n] };
		AUTO_BUF b;

		buf_init(&b, 100);
		text_visible((struct str){ t, 4 }, &b);
		assert_int_equal(utf8_valid(buf_view(&b)), b.len);
		assert_true(b.len <= 24);
		for (size_t k = 0; k < b.len; k++)
			assert_true(b.p[k] == '\n' || (unsigned char)b.p[k] >= 0x20);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_stays_as_it_is),
		cmocka_unit_test(colours_and_cursor_moves_go),
		cmocka_unit_test(a_hyperlink_keeps_its_text_and_loses_its_address),
		cmocka_unit_test(titles_and_other_strings_go_with_what_they_hold),
		cmocka_unit_test(charsets_and_two_byte_escapes_go),
		cmocka_unit_test(one_character_introducers_are_escapes_too),
		cmocka_unit_test(an_unfinished_escape_at_the_end_goes),
		cmocka_unit_test(an_unfinished_escape_never_swallows_a_line_end),
		cmocka_unit_test(an_escape_that_breaks_off_gives_way_to_what_follows),
		cmocka_unit_test(control_characters_are_shown),
		cmocka_unit_test(bidi_controls_are_shown),
		cmocka_unit_test(invisible_characters_are_shown),
		cmocka_unit_test(only_one_variation_selector_belongs_to_a_character),
		cmocka_unit_test(invalid_bytes_become_replacement_characters),
		cmocka_unit_test(a_carriage_return_starts_the_line_again),
		cmocka_unit_test(what_is_shorter_leaves_the_rest_of_what_it_is_written_over),
		cmocka_unit_test(a_column_is_a_character_however_many_bytes_it_has),
		cmocka_unit_test(an_erase_takes_the_rest_of_a_line_that_is_written_over),
		cmocka_unit_test(an_erase_that_nothing_follows_changes_nothing),
		cmocka_unit_test(a_long_line_is_written_over_a_million_times_in_linear_time),
		cmocka_unit_test(a_carriage_return_at_the_end_of_a_line_changes_nothing),
		cmocka_unit_test(what_was_in_the_buffer_before_is_not_overwritten),
		cmocka_unit_test(a_name_stays_on_its_line),
		cmocka_unit_test(a_long_name_is_cut_between_characters_and_says_so),
		cmocka_unit_test(the_longest_run_is_found_wherever_it_is),
		cmocka_unit_test(whatever_comes_is_shown_as_valid_text_without_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
