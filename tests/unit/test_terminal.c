/* terminal: of what a log holds, colours and links reach a terminal, and nothing else that one acts upon. */
#include "tests/test.h"

#include "text/terminal.h"

#include <stdio.h>
#include <string.h>

#define RESET "\x1b[0m"
#define NO_LINK "\x1b]8;;\x1b\\"

static const char *shown_of(struct str line, bool colours)
{
	static struct buf b;

	buf_done(&b);
	buf_init(&b, 1000000);
	text_terminal(line, colours, &b);
	assert_false(b.full);
	assert_int_equal(strlen(buf_cstr(&b)), b.len);
	return buf_cstr(&b);
}

static void assert_shown(const char *line, const char *want)
{
	assert_string_equal(shown_of(str_z(line), true), want);
}

static void text_without_escapes_is_as_it_was(void **state)
{
	(void)state;
	assert_shown("", "");
	assert_shown("plain\ttext, ~100%", "plain\ttext, ~100%");
	assert_shown("r\xc3\xa9sum\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
		"r\xc3\xa9sum\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void colours_and_styles_are_kept(void **state)
{
	(void)state;
	assert_shown("\x1b[31mred\x1b[0m plain", "\x1b[31mred" RESET " plain");
	assert_shown("\x1b[1;38;5;208mbold\x1b[m.", "\x1b[1;38;5;208mbold" RESET ".");
	assert_shown("\x1b[48;2;1;2;3mx\x1b[0m", "\x1b[48;2;1;2;3mx" RESET);
	assert_shown("\xc2\x9b"
		     "32mgreen",
		"\x1b[32mgreen" RESET);
}

static void a_line_ends_as_it_began(void **state)
{
	(void)state;
	assert_shown("\x1b[31mred", "\x1b[31mred" RESET);
	assert_shown("\x1b]8;;https://a.example/\x1b\\link", "\x1b]8;;https://a.example/\x1b\\link" NO_LINK);
	/* What colours nothing is not worth a sequence. */
	assert_shown("a\x1b[31m", "a");
	assert_shown("\x1b[31m\x1b[0ma", "a");
}

static void without_colours_no_escape_is_left(void **state)
{
	(void)state;
	assert_string_equal(
		shown_of(STR("\x1b[31mred\x1b[0m \x1b]8;;http://a.example\x07link\x1b]8;;\x07."), false),
		"red link.");
}

static void links_to_pages_are_kept_and_written_in_one_form(void **state)
{
	(void)state;
	assert_shown("\x1b]8;;http://a.example/x\x07"
		     "here\x1b]8;;\x07.",
		"\x1b]8;;http://a.example/x\x1b\\here" NO_LINK ".");
	assert_shown("\xc2\x9d"
		     "8;id=7;https://a.example/?a=1;2\xc2\x9c"
		     "here" NO_LINK,
		"\x1b]8;;https://a.example/?a=1;2\x1b\\here" NO_LINK);
}

static void links_to_elsewhere_are_text(void **state)
{
	static const char *const links[] = { "file:///etc/passwd", "javascript:alert(1)", "ssh://h",
		"HTTPS://a b", "https://a\xe2\x80\xae.example", "http:", "x-man-page://1/ls", "" };
	char line[200];
	(void)state;

	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		snprintf(line, sizeof line, "\x1b]8;;%s\x1b\\text" NO_LINK, links[i]);
		assert_shown(line, "text");
	}
	/* It does not become part of the link before it either. */
	assert_shown("\x1b]8;;http://a.example\x07"
		     "a\x1b]8;;file:///b\x07"
		     "b",
		"\x1b]8;;http://a.example\x1b\\a" NO_LINK "b");
}

static void nothing_else_that_a_terminal_acts_upon_gets_through(void **state)
{
	static const char *const lines[] = {
		"\x1b]0;title\x07",
		"\x1b]2;title\x1b\\",
		"\x1b]52;c;cm0gLXJmIC8=\x07",
		"\x1b]1337;File=inline=1:AAAA\x07",
		"\x1b[2J",
		"\x1b[H",
		"\x1b[5;5H",
		"\x1b[6n",
		"\x1b[c",
		"\x1b[>4;2m",
		"\x1b[?1049h",
		"\x1b[?25l",
		"\x1b[21t",
		"\x1bP$q\"p\x1b\\",
		"\x1bPtmux;x\x1b\\",
		"\x1b_Gf=100;AAAA\x1b\\",
		"\x1b^pm\x1b\\",
		"\x1bXsos\x1b\\",
		"\x1b"
		"c",
		"\x1b(0",
		"\x1b#8",
		"\x1b"
		"7",
		"\x1b=",
		"\x1b[31 m",
		"\x1b[31!m",
		"\x1b[3",
		"\x1b]8;;http://a.example",
		"\xc2\x9b"
		"2J",
		"\xc2\x9d"
		"0;title\xc2\x9c",
		"\xc2\x90q\xc2\x9c",
		"\x1b",
	};
	(void)state;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (strcmp(shown_of(str_z(lines[i]), true), "") != 0)
			fail_msg("line %zu: \"%s\" became something", i, lines[i] + 1);
}

static void control_bidi_and_invisible_characters_are_shown(void **state)
{
	(void)state;
	assert_shown("a\x07"
		     "b\x08"
		     "c\x7f",
		"a\\u{7}b\\u{8}c\\u{7f}");
	assert_shown("\xc2\x84", "\\u{84}");
	assert_shown("\xe2\x80\xae"
		     "gpj.exe",
		"\\u{202e}gpj.exe");
	assert_shown("\x1b[31ma\xe2\x80\x8b"
		     "b",
		"\x1b[31ma\\u{200b}b" RESET);
	assert_string_equal(shown_of((struct str){ "a\0b", 3 }, true), "a\\u{0}b");
	assert_shown("\xff", "\xef\xbf\xbd");
}

static void text_that_is_hidden_by_its_style_is_shown(void **state)
{
	(void)state;
	assert_shown("\x1b[8mrm -rf /\x1b[0m ls", "rm -rf / ls");
	assert_shown("\x1b[1;8mx", "\x1b[1mx" RESET);
}

static void what_was_written_over_is_not_seen_and_the_rest_is(void **state)
{
	(void)state;
	assert_shown("10%\r20%", "20%");
	assert_shown("\x1b[31m10%\r\x1b[32m20%", "20%");
	assert_shown("\x1b[31mred\r", "\x1b[31mred" RESET);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_without_escapes_is_as_it_was),
		cmocka_unit_test(colours_and_styles_are_kept),
		cmocka_unit_test(a_line_ends_as_it_began),
		cmocka_unit_test(without_colours_no_escape_is_left),
		cmocka_unit_test(links_to_pages_are_kept_and_written_in_one_form),
		cmocka_unit_test(links_to_elsewhere_are_text),
		cmocka_unit_test(nothing_else_that_a_terminal_acts_upon_gets_through),
		cmocka_unit_test(control_bidi_and_invisible_characters_are_shown),
		cmocka_unit_test(text_that_is_hidden_by_its_style_is_shown),
		cmocka_unit_test(what_was_written_over_is_not_seen_and_the_rest_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
