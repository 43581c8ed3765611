#include "tests/test.h"

#include "agent/capture.h"
#include "base/arena.h"
#include "base/utf8.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "hunter2-correct-horse"

static struct capture c;
static struct captured text;
static char shown[TAIL_BYTES + 1];

static int set_up(void **state)
{
	struct mask *mask = mask_new();

	(void)state;
	text = (struct captured){ 0 };
	capture_init(&c, mask);
	return mask_add(mask, STR(SECRET), NULL) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	captured_done(&text);
	capture_done(&c);
	return 0;
}

static void add(int stream, const char *z)
{
	capture_add(&c, stream, str_z(z));
}

static void add_times(int stream, size_t n, const char *z)
{
	for (size_t i = 0; i < n; i++)
		add(stream, z);
}

/* The text that would be posted. */
static const char *end(void)
{
	capture_end(&c, &text);
	assert_true(text.text.len <= TAIL_BYTES);
	assert_int_equal(utf8_valid(text.text), text.text.len);
	memcpy(shown, text.text.p, text.text.len);
	shown[text.text.len] = '\0';
	return shown;
}

/* No piece of SECRET of six bytes or more. */
static void assert_no_secret(const char *z)
{
	for (size_t at = 0; at + 6 <= strlen(SECRET); at++) {
		char part[7] = { 0 };

		memcpy(part, &SECRET[at], 6);
		if (strstr(z, part))
			fail_msg("\"%s\" is left of the secret", part);
	}
}

/* --- ring --- */

static void a_ring_gives_back_the_last_bytes_however_they_came(void **state)
{
	static char all[1000];
	(void)state;

	for (size_t i = 0; i < sizeof all; i++)
		all[i] = i % 10 == 9 ? '\n' : (char)('a' + i % 26);
	for (size_t piece = 1; piece < 40; piece++) {
		struct ring r;
		size_t n = 0;

		ring_init(&r, 16);
		for (; n < sizeof all; n += piece) {
			size_t len = sizeof all - n < piece ? sizeof all - n : piece;
			struct ring_view v;
			size_t kept;

			ring_add(&r, (struct str){ all + n, len });
			v = ring_view(&r);
			kept = n + len < 16 ? n + len : 16;
			assert_int_equal(v.text.len, kept);
			assert_memory_equal(v.text.p, all + n + len - kept, kept);
			assert_int_equal(v.gone_bytes, n + len - kept);
			assert_int_equal(v.gone_lines, (n + len - kept) / 10);
			assert_int_equal(v.in_line, (n + len - kept) % 10 != 0);
		}
		ring_done(&r);
	}
}

static void a_ring_counts_past_four_gigabytes(void **state)
{
	struct ring r;
	(void)state;

	ring_init(&r, 4);
	r.gone_bytes = r.gone_lines = INT64_C(0xFFFFFFFF); /* as after so many line ends */
	r.last_gone = '\n';
	ring_add(&r, STR("\n\n\n\nabcd"));
	assert_int_equal(ring_view(&r).gone_bytes, INT64_C(0x100000003));
	assert_int_equal(ring_view(&r).gone_lines, INT64_C(0x100000003));
	assert_false(ring_view(&r).in_line);
	ring_done(&r);
}

/* --- capture --- */

static void what_is_short_is_kept_as_it_came(void **state)
{
	(void)state;
	add(0, "one\ntwo\r\n\xC3\xA9\n\n");
	assert_string_equal(end(), "one\ntwo\n\xC3\xA9\n");
	assert_int_equal(text.dropped_bytes, 0);
	assert_int_equal(text.dropped_lines, 0);
}

static void nothing_is_a_text_too(void **state)
{
	(void)state;
	capture_add(&c, 0, (struct str){ NULL, 0 });
	assert_string_equal(end(), "");
	assert_int_equal(text.dropped_lines, 0);
}

static void two_streams_are_merged_by_whole_lines(void **state)
{
	(void)state;
	add(0, "out 1 ");
	add(1, "err 1 ");
	add(0, "out 2\nout 3");
	add(1, "err 2\n");
	add(0, "\n");
	add(1, "no end");
	add(0, "none either");
	assert_string_equal(end(), "out 1 out 2\nerr 1 err 2\nout 3\nnone either\nno end");
}

static void the_last_200_lines_are_kept_and_the_others_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 2140; i++) {
		char line[40];

		snprintf(line, sizeof line, "line %d\n", i);
		add(i % 2, line);
	}
	assert_int_equal(strncmp(end(), "line 1940\n", 10), 0);
	assert_true(str_ends(text.text, STR("\nline 2139")));
	assert_int_equal(text.dropped_lines, 1940);
}

static void lines_that_have_left_the_ring_are_counted_too(void **state)
{
	static char line[1001];
	(void)state;

	memset(line, 'x', 999);
	line[999] = '\n';
	add_times(0, 5000, line);
	add(0, "last\n");
	assert_true(str_ends(str_z(end()), STR("\nlast")));
	assert_int_equal(text.text.len, 32 * 1000 + 4);
	assert_int_equal(text.dropped_lines, 5000 - 32);
	assert_int_equal(text.dropped_bytes, INT64_C(1000) * (5000 - 32));
}

static void what_is_no_utf8_and_what_is_zero_is_shown_as_such(void **state)
{
	(void)state;
	capture_add(&c, 0, STR("a\0b\xff"));
	capture_add(&c, 0, STR("\xC3"));
	capture_add(&c, 0, STR("\xA9\n"));
	assert_string_equal(end(), "a\xEF\xBF\xBD"
				   "b\xEF\xBF\xBD\xC3\xA9");
}

static void a_secret_is_masked_wherever_a_read_cuts_it(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < strlen(SECRET); cut++) {
		capture_add(&c, 0, STR("key="));
		capture_add(&c, 0, (struct str){ SECRET, cut });
		add(1, "between\n");
		capture_add(&c, 0, str_from(STR(SECRET "\n"), cut));
	}
	for (size_t i = 0; i < strlen(SECRET); i++)
		capture_add(&c, 1, (struct str){ &SECRET[i], 1 });
	assert_no_secret(end());
	assert_non_null(strstr(shown, "between\nkey=***\n"));
	assert_true(str_ends(text.text, STR("\n***")));
}

/* The other stream writes while the line is taken in pieces. */
static void a_secret_is_masked_wherever_a_long_line_is_cut(void **state)
{
	static char pad[MERGE_LINE_MAX];

	memset(pad, '.', sizeof pad);
	for (size_t back = 1; back < 2 * strlen(SECRET); back++) {
		capture_add(&c, 0, (struct str){ pad, MERGE_LINE_MAX - back });
		add(0, SECRET);
		add(0, "...............................................");
		add(1, "between\n");
		add(0, ".....................\n");
		assert_no_secret(end());
		assert_non_null(strstr(shown, "between"));
		tear_down(state);
		set_up(state);
	}
}

/* Masking makes this text so short that what is posted begins where the ring does. */
static void a_secret_that_left_the_ring_in_part_leaves_no_half(void **state)
{
	for (size_t shift = 0; shift <= strlen(SECRET); shift++) {
		add_times(0, 4200, SECRET " ");
		add_times(0, shift, ".");
		assert_no_secret(end());
		assert_true(str_starts(text.text, STR(" ***")) || str_starts(text.text, STR("*** ")));
		assert_true(text.dropped_bytes > 0);
		assert_int_equal(text.dropped_lines, 1);
		tear_down(state);
		set_up(state);
	}
}

static void a_secret_across_the_cut_of_the_tail_leaves_no_half(void **state)
{
	static char pad[TAIL_BYTES];

	memset(pad, '.', sizeof pad);
	for (size_t left = 0; left <= strlen(SECRET); left++) {
		add(0, SECRET);
		capture_add(&c, 0, (struct str){ pad, TAIL_BYTES - left });
		assert_no_secret(end());
		tear_down(state);
		set_up(state);
	}
}

static void a_value_named_by_the_build_is_masked_before_and_behind(void **state)
{
	(void)state;
	add(0, "early swordfish-7\n");
	add(0, "::add-ma");
	add(0, "sk::swordfish-7");
	add(0, "\nlate swordfish-7 c3dvcmRmaXNoLTc=\n");
	assert_string_equal(end(), "early ***\n::add-mask::***\nlate *** ***c=");
}

static void a_value_named_long_ago_is_still_masked(void **state)
{
	(void)state;
	add(1, "::add-mask::swordfish-7\n");
	add_times(0, 4000, "a line that pushes the others out of what is kept\n");
	add(0, "swordfish-7\n");
	assert_true(str_ends(str_z(end()), STR("\n***")));
}

static void known_shapes_of_tokens_are_masked_here_already(void **state)
{
	(void)state;
	add(0, "remote: https://bot:s3cr3tpass@forge.example/x.git\n");
	assert_null(strstr(end(), "s3cr3tpass"));
	assert_non_null(strstr(shown, "forge.example"));
}

/* 48 MiB over both streams, with and without line ends: as little is held as of one. */
static void memory_does_not_grow_with_the_output(void **state)
{
	char *piece = mem_alloc(1024 * 1024);
	size_t before;
	(void)state;

	memset(piece, 'x', 1024 * 1024);
	capture_add(&c, 0, (struct str){ piece, 1024 * 1024 });
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (int i = 0; i < 16; i++) {
		capture_add(&c, 0, (struct str){ piece, 1024 * 1024 });
		capture_add(&c, 1, (struct str){ piece, 1024 * 1024 });
	}
	for (size_t i = 0; i < 1024 * 1024; i += 80)
		piece[i] = '\n';
	for (int i = 0; i < 16; i++)
		capture_add(&c, i % 2, (struct str){ piece, 1024 * 1024 });
	assert_int_equal(mallinfo2().uordblks + mallinfo2().hblkhd, before);
	free(piece);
	end();
	assert_true(text.dropped_bytes > INT64_C(48) * 1024 * 1024);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_gives_back_the_last_bytes_however_they_came),
		cmocka_unit_test(a_ring_counts_past_four_gigabytes),
		TEST(what_is_short_is_kept_as_it_came),
		TEST(nothing_is_a_text_too),
		TEST(two_streams_are_merged_by_whole_lines),
		TEST(the_last_200_lines_are_kept_and_the_others_counted),
		TEST(lines_that_have_left_the_ring_are_counted_too),
		TEST(what_is_no_utf8_and_what_is_zero_is_shown_as_such),
		TEST(a_secret_is_masked_wherever_a_read_cuts_it),
		TEST(a_secret_is_masked_wherever_a_long_line_is_cut),
		TEST(a_secret_that_left_the_ring_in_part_leaves_no_half),
		TEST(a_secret_across_the_cut_of_the_tail_leaves_no_half),
		TEST(a_value_named_by_the_build_is_masked_before_and_behind),
		TEST(a_value_named_long_ago_is_still_masked),
		TEST(known_shapes_of_tokens_are_masked_here_already),
		TEST(memory_does_not_grow_with_the_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
