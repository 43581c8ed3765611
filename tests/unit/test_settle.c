/* settle: what a terminal would show, whatever the calls, and with bounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/utf8.h"
#include "text/escape.h"
#include "text/settle.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- how the tests look at it ---- */

/* The last n lines of all that was put out are void. */
static void undo(struct buf *all, size_t n)
{
	for (; n > 0; n--) {
		assert_true(all->len > 0 && all->p[all->len - 1] == '\n');
		const char *lf = all->len > 1 ? memrchr(all->p, '\n', all->len - 1) : NULL;
		buf_cut(all, lf ? (size_t)(lf - all->p) + 1 : 0);
	}
}

static void add(struct settle *s, struct str text, struct buf *all)
{
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	undo(all, settle_add(s, text, &out));
	buf_str(all, buf_view(&out));
}

static void end(struct settle *s, struct buf *all)
{
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	undo(all, settle_end(s, &out));
	buf_str(all, buf_view(&out));
	settle_free(s);
}

static struct settle *go_on(struct settle *s, const struct buf *all)
{
	AUTO_BUF saved;

	buf_init(&saved, 40 * 1024);
	settle_save(s, &saved);
	assert_false(saved.full);
	assert_int_equal(str_find(buf_view(&saved), '\n'), saved.len);
	settle_free(s);
	return settle_resume(buf_view(all), buf_view(&saved));
}

/* In pieces of step bytes; resume: each by a new one. */
static void settle(struct str text, size_t step, bool resume, struct buf *all)
{
	struct settle *s = settle_new();

	for (size_t at = 0, to; at < text.len; at = to) {
		to = step < text.len - at ? utf8_ceil(text, at + step) : text.len;
		add(s, (struct str){ text.p + at, to - at }, all);
		if (resume)
			s = go_on(s, all);
	}
	end(s, all);
}

static void assert_settled(const char *text, const char *want)
{
	static const size_t steps[] = { SIZE_MAX, 1, 2, 3, 7 };

	for (size_t i = 0; i < 2 * sizeof steps / sizeof steps[0]; i++) {
		AUTO_BUF all;

		buf_init(&all, SIZE_MAX);
		settle(str_z(text), steps[i / 2], i % 2, &all);
		assert_string_equal(buf_cstr(&all), want);
	}
}

/* ---- lines ---- */

static void plain_text_comes_out_as_the_bytes_that_went_in(void **state)
{
	(void)state;
	assert_settled("", "");
	assert_settled("a", "a");
	assert_settled("a \n\n\tb  \nc", "a \n\n\tb  \nc");
	assert_settled("h\xc3\xa9llo \xc2\xa0 \xe4\xb8\x96\xe7\x95\x8c \xf0\x9f\x98\x80\n",
		"h\xc3\xa9llo \xc2\xa0 \xe4\xb8\x96\xe7\x95\x8c \xf0\x9f\x98\x80\n");
	assert_settled("e\xcc\x81 \xe2\x9a\xa0\xef\xb8\x8f\n", "e\xcc\x81 \xe2\x9a\xa0\xef\xb8\x8f\n");
}

static void a_line_is_put_out_by_the_call_that_ends_it(void **state)
{
	struct settle *s = settle_new();
	AUTO_BUF out;

	(void)state;
	buf_init(&out, 100);
	assert_int_equal(settle_add(s, STR("one\ntw"), &out), 0);
	assert_string_equal(buf_cstr(&out), "one\n");
	assert_int_equal(settle_add(s, STR("o\n"), &out), 0);
	assert_string_equal(buf_cstr(&out), "one\ntwo\n");
	assert_int_equal(settle_add(s, STR("three"), &out), 0);
	assert_int_equal(settle_end(s, &out), 0);
	assert_string_equal(buf_cstr(&out), "one\ntwo\nthree");
	settle_free(s);
}

static void line_ends_of_all_kinds_are_one_each(void **state)
{
	(void)state;
	assert_settled("a\r\nb\r\n\r\nc\r\r\nd", "a\nb\n\nc\nd");
	assert_settled("a\vb\fc", "a\nb\nc");
	assert_settled("a\x1b"
		       "Eb\xc2\x85"
		       "c",
		"a\nb\nc");
	assert_settled("ab\x1b"
		       "Dc",
		"ab\n  c");
}

static void plain_is_what_would_just_be_copied(void **state)
{
	(void)state;
	assert_true(settle_is_plain(STR("")));
	assert_true(settle_is_plain(STR("a\tb\n\n caf\xc3\xa9 \xc2\xb0\xc2\xa0 \xe4\xb8\x96")));
	assert_false(settle_is_plain(STR("a\r\n")));
	assert_false(settle_is_plain(STR("a\x7f")));
	assert_false(settle_is_plain(STR("a\xc2\x9b"
					 "1A")));
	/* Wherever it stands; the text is looked at in blocks. */
	for (size_t i = 0; i < 200; i++) {
		char text[200];

		memset(text, 'x', sizeof text);
		text[i] = '\b';
		assert_false(settle_is_plain((struct str){ text, sizeof text }));
		assert_true(settle_is_plain((struct str){ text, i }));
	}
}

/* ---- the cursor in its line ---- */

static void a_carriage_return_writes_over_column_by_column(void **state)
{
	(void)state;
	assert_settled("10%\r20%\n", "20%\n");
	assert_settled("fatal: it\r \n", " atal: it\n");
	assert_settled("1\xc3\xa9\xc3\xa9\rab\n", "ab\xc3\xa9\n");
	assert_settled("abc\rx", "xbc");
	assert_settled("abc\r", "abc");
	assert_settled("long line\r\x1b[2Kshort\n", "short\n");
	assert_settled("long line\r\x1b[Kshort\n", "short\n");
	assert_settled("long line\rshort\x1b[K\n", "short\n");
}

static void a_backspace_goes_back_and_deletes_nothing(void **state)
{
	(void)state;
	assert_settled("ab\bc", "ac");
	assert_settled("ab\b", "ab");
	assert_settled("|\b/\b-\b", "-");
	assert_settled("\b\ba", "a");
	assert_settled("a\n\bb", "a\nb");
}

static void columns_are_moved_to(void **state)
{
	(void)state;
	assert_settled("\x1b[3Ca", "   a");
	assert_settled("abcdef\x1b[3Dx\x1b[Cy", "abcxey");
	assert_settled("abcdef\x1b[99Dx", "xbcdef");
	assert_settled("abc\x1b[Gx\x1b[5Gy", "xbc y");
	assert_settled("abc\x1b[0Gx\x1b[0Cy", "xby");
	assert_settled("abc\x1b[6`x", "abc  x");
}

static void parts_of_a_line_are_erased(void **state)
{
	(void)state;
	assert_settled("abcdef\x1b[3D\x1b[K", "abc");
	assert_settled("abcdef\x1b[3D\x1b[1K", "    ef");
	assert_settled("abcdef\x1b[3D\x1b[2K", "");
	assert_settled("abcdef\x1b[1K", "");
	assert_settled("abcdef\x1b[3D\x1b[2Kx", "   x");
	assert_settled("abcdef\x1b[9K", "abcdef");
	assert_settled("abcdef\r\x1b[2X", "  cdef");
	assert_settled("abcdef\r\x1b[2P", "cdef");
	assert_settled("abcdef\r\x1b[99P", "");
	assert_settled("abcdef\r\x1b[2@", "  abcdef");
}

static void a_mark_stays_with_its_character(void **state)
{
	(void)state;
	assert_settled("e\xcc\x81x\ry", "yx");
	assert_settled("ex\x1b[D\xcc\x81y", "e\xcc\x81y");
	assert_settled("\xcc\x81x\r\x1b[@", "  \xcc\x81x");
	assert_settled("\x1b[2C\xcc\x81x", "  \xcc\x81x");
}

/* ---- the cursor among lines ---- */

static void lines_that_were_put_out_are_written_again(void **state)
{
	struct settle *s = settle_new();
	AUTO_BUF out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(settle_add(s, STR("a: wait\nb: wait\nc: wait\n"), &out), 0);
	buf_reset(&out);
	assert_int_equal(settle_add(s, STR("\x1b[2A\x1b[2Kb: done\r\x1b[2B"), &out), 2);
	assert_string_equal(buf_cstr(&out), "b: done\nc: wait\n");
	buf_reset(&out);
	assert_int_equal(settle_add(s, STR("\x1b[3A\x1b[3B"), &out), 0);
	assert_int_equal(settle_add(s, STR("\x1b[3Aa: wait\x1b[3B"), &out), 0); /* the same as was there */
	assert_string_equal(buf_cstr(&out), "");
	assert_int_equal(settle_add(s, STR("\rend"), &out), 0);
	assert_int_equal(settle_end(s, &out), 0);
	assert_string_equal(buf_cstr(&out), "end");
	settle_free(s);
}

static void what_changes_within_a_call_is_put_out_once(void **state)
{
	struct settle *s = settle_new();
	AUTO_BUF out;

	(void)state;
	buf_init(&out, 1000);
	settle_add(s, STR("old\n"), &out);
	buf_reset(&out);
	assert_int_equal(settle_add(s, STR("a\nb\n\x1b[2A1\x1b[2B"), &out), 0);
	assert_string_equal(buf_cstr(&out), "1\nb\n");
	buf_reset(&out);
	assert_int_equal(settle_add(s, STR("\rc\nd\n\x1b[5A2\x1b[5B"), &out), 3);
	assert_string_equal(buf_cstr(&out), "2ld\n1\nb\nc\nd\n");
	settle_free(s);
}

static void the_cursor_goes_up_and_down(void **state)
{
	(void)state;
	assert_settled("a\nb\nc\x1b[2Ax\x1b[By", "ax\nb y\nc");
	assert_settled("a\nbcd\x1b[Fx\x1b[Ey", "x\nycd");
	assert_settled("ab\x1b[2Bc", "ab\n\n  c");
	assert_settled("ab\x1b[2B", "ab");
	assert_settled("ab\x1b[2B\x1b[2Ac", "abc");
	assert_settled("ab\x1b[2B\nc", "ab\n\n\nc");
	assert_settled("a\nb\x1bMx", "ax\nb");
	assert_settled("a\n\x1b[0Ab", "b\n");
	assert_settled("a\nb\x1b[Ax\ny", "ax\ny");
}

static void a_move_to_an_absolute_line_begins_a_new_one(void **state)
{
	(void)state;
	assert_settled("ab\x1b[1;1Hcd\x1b[1;1H\x1b[1;1Hef", "ab\ncd\nef");
	assert_settled("\x1b[H\x1b[2;3fab", "  ab");
	assert_settled("ab\x1b[1dc", "ab\n  c");
	assert_settled("ab\x1b"
		       "cd",
		"ab\nd");
}

static void an_erased_screen_becomes_empty_lines(void **state)
{
	(void)state;
	assert_settled("a\nb\nc\x1b[2J", "\n\n");
	assert_settled("a\nb\nc\x1b[3J\rd", "\n\nd");
	assert_settled("a\nbcd\ne\x1b[A\x1b[J", "a\nb\n");
	assert_settled("a\nbcd\ne\x1b[A\x1b[1J", "\n  d\ne");
	assert_settled("a\nb\x1b[2B\x1b[1J", "\n");
	assert_settled("a\nb\x1b[4J", "a\nb");
}

static void a_saved_cursor_is_gone_back_to(void **state)
{
	(void)state;
	assert_settled("ab\x1b"
		       "7c\nd\x1b"
		       "8x",
		"abx\nd");
	assert_settled("ab\x1b[sc\nd\x1b[ux\x1b[uy", "aby\nd");
	assert_settled("ab\x1b"
		       "8c\x1b[ud",
		"abcd");
	assert_settled("ab\x1b[2B\x1b[s\x1b[A\x1b[uc", "ab\n\n  c");
}

/* ---- sequences ---- */

static void colours_are_kept_in_one_short_form(void **state)
{
	static const struct {
		const char *in, *out;
	} forms[] = {
		{ "31", "31" },
		{ "1;31", "1;31" },
		{ "31;1", "1;31" },
		{ "01;031", "1;31" },
		{ "0;1;4;9;3;2;5;7;8", "1;2;3;4;5;7;8;9" },
		{ "6;21", "4;5" },
		{ "97;107", "97;107" },
		{ "38;5;1", "38;5;1" },
		{ "38:5:196;48:5:7", "38;5;196;48;5;7" },
		{ "38;2;1;22;255", "38;2;1;22;255" },
		{ "38:2:1:2:3", "38;2;1;2;3" },
		{ "38:2::1:2:3", "38;2;1;2;3" },
		{ "58;5;9;4:3", "4" },
		{ "58:2::1:2:3;48;2;9;8;7", "48;2;9;8;7" },
		{ "38;5;999;1", "1" },
		{ "38;2;1;31", "" },
		{ "31;39", "" },
		{ "1;2;22;3;23;4;24;5;25;7;27;8;28;9;29;41;49", "" },
		{ "4;4:0", "" },
		{ "31;", "" },
		{ "", "" },
		{ "99999999999999999999", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
		char in[100], want[100];

		snprintf(in, sizeof in, "\x1b[%smx", forms[i].in);
		snprintf(want, sizeof want, forms[i].out[0] ? "\x1b[%smx\x1b[0m" : "%sx", forms[i].out);
		assert_settled(in, want);
	}
	assert_settled("\x1b[31ma\x1b[1mb\x1b[32mc\x1b[md", "\x1b[31ma\x1b[0;1;31mb\x1b[0;1;32mc\x1b[0md");
	assert_settled("\x1b[31ma\x1b[0m\x1b[31mb\x1b[1;22mc", "\x1b[31mabc\x1b[0m");
	assert_settled("\x1b[>4;2ma\x1b[?4mb", "ab");
}

static void each_line_stands_alone(void **state)
{
	(void)state;
	assert_settled("\x1b[31ma\n\nb\n\x1b[0mc\n", "\x1b[31ma\x1b[0m\n\n\x1b[31mb\x1b[0m\nc\n");
	assert_settled("\x1b]8;;http://a/\x1b\\x\ny\x1b]8;;\x1b\\z",
		"\x1b]8;;http://a/\x1b\\x\x1b]8;;\x1b\\\n\x1b]8;;http://a/\x1b\\y\x1b]8;;\x1b\\z");
}

static void what_is_written_over_leaves_no_colour_behind(void **state)
{
	(void)state;
	assert_settled("\x1b[31mabc\x1b[0m\rxyz", "xyz");
	assert_settled("\x1b[31mabc\x1b[0m\r\x1b[Cx", "\x1b[31ma\x1b[0mx\x1b[31mc\x1b[0m");
	assert_settled("\x1b[31mabc\x1b[2D\x1b[X", "\x1b[31ma\x1b[0m \x1b[31mc\x1b[0m");
	assert_settled("\x1b[41ma\x1b[3Cb", "\x1b[41ma\x1b[0m   \x1b[41mb\x1b[0m");
}

static void links_are_kept_without_what_no_address_has(void **state)
{
	(void)state;
	assert_settled("\x1b]8;id=1;http://a/;b\ax\x1b]8;;\ay", "\x1b]8;;http://a/;b\x1b\\x\x1b]8;;\x1b\\y");
	assert_settled("\x1b]8;;http://a/\ax\x1b]8;;http://a/\ay\x1b]8;;\a",
		"\x1b]8;;http://a/\x1b\\xy\x1b]8;;\x1b\\");
	assert_settled("\x1b]8;;http://a\x01/\ax", "x");
	assert_settled("\x1b]8;;http://a/\xc2\x9d/\ax", "x");
	assert_settled("\x1b]8\ax\x1b]80;;u\ay", "xy");
}

static void other_sequences_are_taken_out(void **state)
{
	(void)state;
	assert_settled("a\x1b(Bb\x1b[?25lc\x1b[6nd\x1b=e\x1b>f\x1b[?1049hg", "abcdefg");
	assert_settled("\x1b_bk;t=1726012176445\aa\x1bP1;2q..\x1b\\b\x1b^p\x1b\\c\x1bXs\xc2\x9c"
		       "d",
		"abcd");
	assert_settled("\x1b]0;title\aa\x1b]1337;File=x:YQ==\ab", "ab");
	assert_settled("\x1b[1$Aa\x1b[!pb\x1b[1;2;3;4Wc", "abc");
	assert_settled("a\ab\x01\x7f\x0e"
		       "c\xc2\x84"
		       "d",
		"abc\n   d");
	assert_settled("\xc2\x9b"
		       "31ma\xc2\x9d"
		       "0;t\ab",
		"\x1b[31mab\x1b[0m");
}

static void an_unfinished_sequence_hides_no_line(void **state)
{
	(void)state;
	assert_settled("a\x1b", "a");
	assert_settled("a\x1b[31", "a");
	assert_settled("a\x1b[31\nb", "a\nb");
	assert_settled("a\x1b]8;;http://x\nb", "a\nb");
	assert_settled("a\x1b]8;;http://x\x1b[31mb", "a\x1b[31mb\x1b[0m");
	assert_settled("a\x1b\x1b[31mb", "a\x1b[31mb\x1b[0m");
	assert_settled("a\x1b_bk\x18"
		       "b",
		"ab");
	assert_settled("a\x1b[3\xc3\xa9", "a\xc3\xa9");
}

static void a_sequence_without_end_takes_no_memory(void **state)
{
	struct settle *s = settle_new();
	AUTO_BUF all;
	AUTO_BUF text;

	(void)state;
	buf_init(&all, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 10000; i++)
		buf_char(&text, '1');
	add(s, STR("a\x1b[1;"), &all);
	for (int i = 0; i < 10; i++) {
		add(s, buf_view(&text), &all);
		s = go_on(s, &all); /* looks at the size */
	}
	add(s, STR("Ab\x1b]8;;"), &all);
	for (int i = 0; i < 10; i++) {
		add(s, buf_view(&text), &all);
		s = go_on(s, &all);
	}
	add(s, STR("\x1b\\c\n"), &all);
	end(s, &all);
	assert_string_equal(buf_cstr(&all), "abc\n");
}

/* ---- bounds ---- */

static void no_parameter_makes_a_line_or_a_log_long(void **state)
{
	AUTO_BUF all;
	AUTO_BUF text;

	(void)state;
	buf_init(&all, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 1000; i++)
		buf_z(&text, "\x1b[999999999999C\x1b[999999999999@\x1b[99999Bx\x1b[99999Ay");
	settle(buf_view(&text), SIZE_MAX, false, &all);
	assert_true(all.len < (size_t)SETTLE_BACK * 300);
}

static void only_so_many_lines_change(void **state)
{
	AUTO_BUF all;
	AUTO_BUF text;

	(void)state;
	buf_init(&all, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 300; i++)
		buf_fmt(&text, "%d\n", 1000 + i);
	buf_z(&text, "\x1b[2000Ax");
	settle(buf_view(&text), 1, true, &all);
	assert_non_null(strstr(buf_cstr(&all), "1199\nx200\n1201\n"));
}

static void only_so_many_bytes_change(void **state)
{
	AUTO_BUF all;
	AUTO_BUF text;

	(void)state;
	buf_init(&all, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 40; i++)
		buf_fmt(&text, "%d%0*d\n", i % 10, 1022, 0); /* 1 KiB each */
	buf_z(&text, "\x1b[100Ax");
	settle(buf_view(&text), SIZE_MAX, false, &all);
	assert_int_equal(all.p[24 * 1024], 'x');
	assert_int_equal(all.p[23 * 1024], '3');
}

static void a_long_line_comes_in_pieces_and_stays(void **state)
{
	struct settle *s = settle_new();
	AUTO_BUF all;
	AUTO_BUF text;

	(void)state;
	buf_init(&all, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 3 * SETTLE_LINE; i++)
		buf_char(&text, 'x');
	add(s, STR("first\n"), &all);
	add(s, buf_view(&text), &all);
	assert_true(all.len >= 2 * SETTLE_LINE);
	add(s, STR("yz\ra\x1b[9Ab\nlast\x1b[Ac\n"), &all);
	end(s, &all);
	/* "a" and "b" are where the last piece begins; the cursor never leaves for what is final. */
	assert_int_equal(all.len, strlen("first\n") + 3 * SETTLE_LINE + strlen("ab\nlastc\n"));
	assert_true(str_starts(buf_view(&all), STR("first\nx")));
	assert_true(str_ends(buf_view(&all), STR("xab\nlastc\n")));
}

static void a_line_further_up_that_gets_too_long_goes_on_at_the_end(void **state)
{
	AUTO_BUF all;
	AUTO_BUF text;

	(void)state;
	buf_init(&all, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	buf_z(&text, "a\nb\nc\x1b[2A");
	for (int i = 0; i < SETTLE_LINE + 10; i++)
		buf_char(&text, 'x');
	buf_z(&text, "y\nz");
	settle(buf_view(&text), SIZE_MAX, false, &all);
	assert_int_equal(str_find(buf_view(&all), '\n'), SETTLE_LINE);
	assert_true(str_ends(buf_view(&all), STR("x\nb\nc\nxxxxxxxxxxxy\nz")));
}

/* ---- between processes ---- */

static void nothing_is_saved_when_nothing_is_pending(void **state)
{
	static const char *const texts[] = { "", "a\n", "a\r\nb\n", "\x1b[31ma\x1b[0m\n",
		"a\n\x1b[Ab\x1b[B\r" };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct settle *s = settle_new();
		AUTO_BUF all;
		AUTO_BUF saved;

		buf_init(&all, 100);
		buf_init(&saved, 100);
		add(s, str_z(texts[i]), &all);
		settle_save(s, &saved);
		assert_string_equal(buf_cstr(&saved), "");
		settle_free(s);
	}
}

static void the_newest_lines_are_enough_to_go_on(void **state)
{
	struct settle *s = settle_new();
	AUTO_BUF all;
	AUTO_BUF saved;

	(void)state;
	buf_init(&all, SIZE_MAX);
	buf_init(&saved, 1000);
	for (int i = 0; i < 200; i++) {
		AUTO_BUF line;

		buf_init(&line, 100);
		buf_fmt(&line, "\x1b[3%dm%d\n", i % 8, i);
		add(s, buf_view(&line), &all);
	}
	add(s, STR("\x1b[s\x1b[30A\x1b[4C"), &all);
	settle_save(s, &saved);
	settle_free(s);

	size_t at = all.len;
	for (int i = 0; i < SETTLE_BACK; i++)
		at = (size_t)((char *)memrchr(all.p, '\n', at - 1) - all.p);
	s = settle_resume(str_from(buf_view(&all), at + 1), buf_view(&saved));
	add(s, STR("x\x1b[uy"), &all);
	end(s, &all);
	assert_non_null(strstr(buf_cstr(&all), "\x1b[32m170\x1b[0m \x1b[37mx\x1b[0m\n\x1b[33m171"));
	assert_true(str_ends(buf_view(&all), STR("\x1b[37m199\x1b[0m\n\x1b[37my\x1b[0m")));
}

static void whatever_was_saved_does_no_harm(void **state)
{
	static const char *const saved[] = { "\x1b[=", "\x1b[=9", "\x1b[=9;9;9;9S", "\x1b[=;;;;;S",
		"\x1b[=99999999999999999999;1;1;99999999;99999;99999Sx", "\x1b[=x;1Sy",
		"\x1b[=1;0;0;0Sa\rb\x1b[A", "\x1b[5Aa", "a\nb\n" };

	(void)state;
	for (size_t i = 0; i < sizeof saved / sizeof saved[0]; i++) {
		struct settle *s = settle_resume(i % 2 ? STR("a\nb\n") : STR(""), str_z(saved[i]));
		AUTO_BUF out;

		buf_init(&out, SIZE_MAX);
		settle_add(s, STR("z\x1b[Ay\x1b[uw\n"), &out);
		settle_end(s, &out);
		assert_true(out.len < 100 * 1024);
		settle_free(s);
	}
}

/* ---- properties ---- */

static uint32_t rnd(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (*seed >> 8) % n;
}

/* Output of a program that does everything, often the same thing again. */
static void make_output(uint32_t seed, struct buf *text)
{
	static const char *const parts[] = { "\n", "\n", "\r", "\r\n", "\b", "\t", "word ", "x", "\xc3\xa9",
		"e\xcc\x81", "\xcc\x81", "\xe4\xb8\x96", "\xf0\x9f\x98\x80\xe2\x80\x8d", "\x1b[A", "\x1b[3A",
		"\x1b[B", "\x1b[4B", "\x1b[99A", "\x1b[7C", "\x1b[2D", "\x1b[170G", "\x1b[G", "\x1b[1;1H",
		"\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[1J", "\x1b[2J", "\x1b[2@", "\x1b[3P",
		"\x1b[2X", "\x1b[31m", "\x1b[1;42m", "\x1b[m", "\x1b[38;5;9m", "\x1b]8;;http://a/\a",
		"\x1b]8;;\x1b\\",
		"\x1b"
		"7",
		"\x1b"
		"8",
		"\x1bM", "\x1b(B", "\x1b_bk;t=1\a", "\x1b[31", "\x1b]8;;unfinished",
		"\xc2\x9b"
		"2A",
		"\x1b" };
	uint32_t n_parts = sizeof parts / sizeof parts[0], usual = 2 + rnd(&seed, n_parts - 2);
	int n = 400 + (int)rnd(&seed, 600);

	for (int i = 0; i < n; i++) {
		uint32_t kind = rnd(&seed, 1000);
		uint32_t times = kind < 3 ? 100 + rnd(&seed, 9000) : kind < 20 ? rnd(&seed, 150) : 1;
		uint32_t which = kind < 3    ? 6 + rnd(&seed, 6)
				 : kind < 12 ? 0
					     : rnd(&seed, kind % 2 ? n_parts : usual);

		for (; times > 0; times--)
			buf_z(text, parts[which]);
	}
}

static void assert_same(const struct buf *a, const struct buf *b, uint32_t seed, size_t step)
{
	if (!str_eq(buf_view(a), buf_view(b)))
		fail_msg("seed %u in steps of %zu", seed, step);
}

static void the_result_depends_on_the_bytes_and_not_on_the_calls(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 40; seed++) {
		size_t step = 100 + seed * seed % 2000;
		AUTO_BUF text;
		AUTO_BUF whole;
		AUTO_BUF other;

		buf_init(&text, SIZE_MAX);
		buf_init(&whole, SIZE_MAX);
		buf_init(&other, SIZE_MAX);
		make_output(seed, &text);
		settle(buf_view(&text), SIZE_MAX, false, &whole);
		for (int i = 0; i < 6; i++, step = step / 3 + 1) {
			buf_reset(&other);
			settle(buf_view(&text), step + (i < 2 ? 0 : 150), i % 2, &other);
			assert_same(&whole, &other, seed, step);
		}
	}
}

static void what_was_settled_is_left_alone_and_clean(void **state)
{
	(void)state;
	for (uint32_t seed = 1000; seed < 1060; seed++) {
		AUTO_BUF text;
		AUTO_BUF once;
		AUTO_BUF twice;

		buf_init(&text, SIZE_MAX);
		buf_init(&once, SIZE_MAX);
		buf_init(&twice, SIZE_MAX);
		make_output(seed, &text);
		settle(buf_view(&text), SIZE_MAX, false, &once);
		assert_int_equal(utf8_valid(buf_view(&once)), once.len);
		for (size_t i = 0; i < once.len; i++) {
			size_t behind = escape_end(buf_view(&once), i);
			uint8_t b = (uint8_t)once.p[i];

			if (behind == i)
				assert_true(b >= 0x20 || b == '\n' || b == '\t');
			else
				assert_true(once.p[behind - 1] == 'm' ||
					    str_starts(str_from(buf_view(&once), i), STR("\x1b]8;;")));
			i = behind > i ? behind - 1 : i;
		}
		if (once.len < SETTLE_LINE) { /* else pieces may begin elsewhere */
			settle(buf_view(&once), 100, false, &twice);
			assert_same(&once, &twice, seed, 100);
		}
	}
}

static void only_so_much_is_ever_void(void **state)
{
	(void)state;
	for (uint32_t seed = 2000; seed < 2020; seed++) {
		struct settle *s = settle_new();
		AUTO_BUF text;
		AUTO_BUF out;
		AUTO_BUF all;

		buf_init(&text, SIZE_MAX);
		buf_init(&out, SIZE_MAX);
		buf_init(&all, SIZE_MAX);
		make_output(seed, &text);
		for (size_t at = 0, to; at < text.len; at = to) {
			to = utf8_ceil(buf_view(&text), at + 300);
			buf_reset(&out);
			size_t n = settle_add(s, (struct str){ text.p + at, to - at }, &out),
			       before = all.len;
			assert_true(n <= SETTLE_BACK);
			undo(&all, n);
			assert_true(before - all.len <= SETTLE_BACK_BYTES + SETTLE_LINE + 1);
			buf_str(&all, buf_view(&out));
		}
		settle_free(s);
	}
}

/* ---- what another makes of real output ---- */

static struct str tag_end(struct str s)
{
	return str_from(s, str_find(s, '>') + 1);
}

static size_t entity(struct str s, struct buf *out)
{
	static const struct {
		const char *name, *text;
	} known[] = { { "&lt;", "<" }, { "&gt;", ">" }, { "&amp;", "&" }, { "&quot;", "\"" },
		{ "&nbsp;", "" } };
	size_t len = str_find(s, ';') + 1;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (str_starts(s, str_z(known[i].name))) {
			buf_z(out, known[i].text);
			return len;
		}
	}
	assert_true(str_starts(s, STR("&#")));
	utf8_encode((uint32_t)strtoul(s.p + (s.p[2] == 'x' ? 3 : 2), NULL, s.p[2] == 'x' ? 16 : 10), out);
	return len;
}

static void text_of_html(struct str s, struct buf *out)
{
	while (s.len > 0) {
		if (str_starts(s, STR("<time")))
			s = tag_end(str_from(s, str_find_str(s, STR("</time"))));
		else if (s.p[0] == '<')
			s = tag_end(s);
		else if (s.p[0] == '&')
			s = str_from(s, entity(s, out));
		else {
			buf_char(out, s.p[0]);
			s = str_from(s, 1);
		}
	}
}

/* Without sequences, blanks at the end of lines, and empty lines at the end. */
static void bare(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.len;) {
		size_t behind = escape_end(s, i);

		if (behind == i && s.p[i] == '\n')
			while (out->len > 0 && out->p[out->len - 1] == ' ')
				buf_cut(out, out->len - 1);
		if (behind == i)
			buf_char(out, s.p[i]);
		i = behind > i ? behind : i + 1;
	}
	while (out->len > 0 && (out->p[out->len - 1] == ' ' || out->p[out->len - 1] == '\n'))
		buf_cut(out, out->len - 1);
}

static void read_corpus(const char *folder, const char *name, const char *suffix, struct buf *out)
{
	char path[4096];
	struct err e;

	snprintf(path, sizeof path, "%s/%.*s.%s", folder, (int)(strlen(name) - strlen(".raw")), name, suffix);
	if (file_read(path, 10 << 20, out, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void assert_rendered(const char *folder, const char *name)
{
	AUTO_BUF raw;
	AUTO_BUF html;
	AUTO_BUF text;
	AUTO_BUF want;
	AUTO_BUF all;
	AUTO_BUF got;

	buf_init(&raw, 10 << 20);
	buf_init(&html, 10 << 20);
	buf_init(&text, 10 << 20);
	buf_init(&want, 10 << 20);
	buf_init(&all, 10 << 20);
	buf_init(&got, 10 << 20);
	read_corpus(folder, name, "raw", &raw);
	read_corpus(folder, name, "rendered", &html);
	text_of_html(buf_view(&html), &text);
	bare(buf_view(&text), &want);
	settle(buf_view(&raw), 1000, true, &all);
	bare(buf_view(&all), &got);
	if (!str_eq(buf_view(&got), buf_view(&want)))
		fail_msg("%s:\n%s\nis to be\n%s", name, buf_cstr(&got), buf_cstr(&want));
}

static void real_output_reads_as_its_rendering_does(void **state)
{
	const char *corpus = getenv("SLUICE_CORPUS");
	char folder[4000];
	int n = 0;

	(void)state;
	snprintf(folder, sizeof folder, "%s/terminal", corpus ? corpus : SOURCE_ROOT "/../shared/corpus");
	DIR *dir = opendir(folder);
	if (!dir) {
		print_message("no pairs to compare in %s (SLUICE_CORPUS names another folder): %s\n", folder,
			strerror(errno));
		skip();
	}
	for (struct dirent *d; (d = readdir(dir)) != NULL;) {
		if (!str_ends(str_z(d->d_name), STR(".raw")))
			continue;
		assert_rendered(folder, d->d_name);
		n++;
	}
	closedir(dir);
	assert_true(n > 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_comes_out_as_the_bytes_that_went_in),
		cmocka_unit_test(a_line_is_put_out_by_the_call_that_ends_it),
		cmocka_unit_test(line_ends_of_all_kinds_are_one_each),
		cmocka_unit_test(plain_is_what_would_just_be_copied),
		cmocka_unit_test(a_carriage_return_writes_over_column_by_column),
		cmocka_unit_test(a_backspace_goes_back_and_deletes_nothing),
		cmocka_unit_test(columns_are_moved_to),
		cmocka_unit_test(parts_of_a_line_are_erased),
		cmocka_unit_test(a_mark_stays_with_its_character),
		cmocka_unit_test(lines_that_were_put_out_are_written_again),
		cmocka_unit_test(what_changes_within_a_call_is_put_out_once),
		cmocka_unit_test(the_cursor_goes_up_and_down),
		cmocka_unit_test(a_move_to_an_absolute_line_begins_a_new_one),
		cmocka_unit_test(an_erased_screen_becomes_empty_lines),
		cmocka_unit_test(a_saved_cursor_is_gone_back_to),
		cmocka_unit_test(colours_are_kept_in_one_short_form),
		cmocka_unit_test(each_line_stands_alone),
		cmocka_unit_test(what_is_written_over_leaves_no_colour_behind),
		cmocka_unit_test(links_are_kept_without_what_no_address_has),
		cmocka_unit_test(other_sequences_are_taken_out),
		cmocka_unit_test(an_unfinished_sequence_hides_no_line),
		cmocka_unit_test(a_sequence_without_end_takes_no_memory),
		cmocka_unit_test(no_parameter_makes_a_line_or_a_log_long),
		cmocka_unit_test(only_so_many_lines_change),
		cmocka_unit_test(only_so_many_bytes_change),
		cmocka_unit_test(a_long_line_comes_in_pieces_and_stays),
		cmocka_unit_test(a_line_further_up_that_gets_too_long_goes_on_at_the_end),
		cmocka_unit_test(nothing_is_saved_when_nothing_is_pending),
		cmocka_unit_test(the_newest_lines_are_enough_to_go_on),
		cmocka_unit_test(whatever_was_saved_does_no_harm),
		cmocka_unit_test(the_result_depends_on_the_bytes_and_not_on_the_calls),
		cmocka_unit_test(what_was_settled_is_left_alone_and_clean),
		cmocka_unit_test(only_so_much_is_ever_void),
		cmocka_unit_test(real_output_reads_as_its_rendering_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
