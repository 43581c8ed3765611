/* file_diff and line_changes: the hunks lead from one file to the other, whatever the files hold, within bounds. */
#include "tests/test.h"

#include "forge/file_diff.h"
#include "forge/line_changes.h"

#include <git2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct arena a;
static struct buf text, expected, actual;
static struct err e;
static struct file_diff_limits limits;

static int set_up(void **state)
{
	(void)state;
	arena_init(&a);
	buf_init(&text, SIZE_MAX);
	buf_init(&expected, SIZE_MAX);
	buf_init(&actual, SIZE_MAX);
	limits = FILE_DIFF_LIMITS;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&a);
	buf_done(&text);
	buf_done(&expected);
	buf_done(&actual);
	return 0;
}

static struct file_diff diff_of(struct str x, struct str y)
{
	struct file_diff d = { 0 };

	if (file_diff_make(x, y, &limits, &a, &d, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return d;
}

static void assert_unified(struct str x, struct str y, const char *want)
{
	struct file_diff d = diff_of(x, y);

	buf_reset(&text);
	file_diff_write_unified(&d, STR("a"), STR("b"), FILE_DIFF_UNIFIED_MAX, &text);
	assert_string_equal(buf_cstr(&text), want);
}

#define HEAD "--- a\n+++ b\n"

/* ---- small files ---- */

static void a_changed_line_stands_between_its_context(void **state)
{
	(void)state;
	limits.context_lines = 1;
	assert_unified(STR("1\n2\n3\n4\n5\n"), STR("1\n2\nthree\n4\n5\n"),
		HEAD "@@ -2,3 +2,3 @@\n 2\n-3\n+three\n 4\n");
}

static void identical_files_have_no_hunks_and_no_text(void **state)
{
	struct file_diff d = diff_of(STR("a\nb"), STR("a\nb"));
	(void)state;

	assert_true(d.identical && !d.truncated && d.n == 0 && d.n_hunks == 0);
	assert_true(diff_of(STR(""), STR("")).identical);
	assert_unified(STR("a\n"), STR("a\n"), "");
}

static void a_file_may_be_empty(void **state)
{
	(void)state;
	assert_unified(STR(""), STR("a\nb\n"), HEAD "@@ -0,0 +1,2 @@\n+a\n+b\n");
	assert_unified(STR("a\n"), STR(""), HEAD "@@ -1 +0,0 @@\n-a\n");
	assert_unified(STR(""), STR("\n"), HEAD "@@ -0,0 +1 @@\n+\n");
}

static void a_line_without_an_end_is_marked_where_it_stands(void **state)
{
	(void)state;
	assert_unified(STR("a\nb"), STR("a\nb\n"),
		HEAD "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n");
	assert_unified(STR("a\nb\n"), STR("a\nb"),
		HEAD "@@ -1,2 +1,2 @@\n a\n-b\n+b\n\\ No newline at end of file\n");
	assert_unified(
		STR("a\nb"), STR("x\nb"), HEAD "@@ -1,2 +1,2 @@\n-a\n+x\n b\n\\ No newline at end of file\n");
	assert_unified(STR("a\nb"), STR("a\nb\nc"),
		HEAD "@@ -1,2 +1,3 @@\n a\n-b\n\\ No newline at end of file\n+b\n+c\n\\ No newline at end of "
		     "file\n");
}

static void a_carriage_return_is_a_part_of_its_line(void **state)
{
	(void)state;
	assert_unified(STR("a\r\nb\r\n"), STR("a\r\nb\n"), HEAD "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+b\n");
	assert_unified(STR("a\rb\n"), STR("a\rc\n"), HEAD "@@ -1 +1 @@\n-a\rb\n+a\rc\n");
}

static void empty_lines_are_lines(void **state)
{
	(void)state;
	assert_unified(STR("\n\n"), STR("\n\n\n"), HEAD "@@ -1,2 +1,3 @@\n \n \n+\n");
	assert_unified(
		STR("\n"), STR("\n\nx"), HEAD "@@ -1 +1,3 @@\n \n+\n+x\n\\ No newline at end of file\n");
}

static void hunks_meet_when_their_contexts_do(void **state)
{
	(void)state;
	limits.context_lines = 1;
	assert_unified(
		STR("a\n1\n2\nb\n"), STR("A\n1\n2\nB\n"), HEAD "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n-b\n+B\n");
	assert_unified(STR("a\n1\n2\n3\nb\n"), STR("A\n1\n2\n3\nB\n"),
		HEAD "@@ -1,2 +1,2 @@\n-a\n+A\n 1\n@@ -4,2 +4,2 @@\n 3\n-b\n+B\n");
}

static void numbers_are_those_of_each_file(void **state)
{
	struct file_diff d = diff_of(STR("1\n2\n3\n"), STR("0\n1\n3\n"));
	const struct file_diff_line *x;
	(void)state;

	assert_int_equal(d.added, 1);
	assert_int_equal(d.removed, 1);
	assert_int_equal(d.n_hunks, 1);
	assert_int_equal(d.hunks[0].n, 4);
	x = d.hunks[0].lines;
	assert_true(x[0].kind == DIFF_ADDED && x[0].expected_line == 0 && x[0].actual_line == 1);
	assert_true(x[1].kind == DIFF_CONTEXT && x[1].expected_line == 1 && x[1].actual_line == 2);
	assert_true(x[2].kind == DIFF_REMOVED && x[2].expected_line == 2 && x[2].actual_line == 0);
	assert_true(x[3].kind == DIFF_CONTEXT && x[3].expected_line == 3 && x[3].actual_line == 3);
}

static void invalid_bytes_and_nuls_are_shown_as_replacements(void **state)
{
	char nul_late[9000];
	struct file_diff d = diff_of(STR("\xFF\xC3\xA4\xE2\x82\n"), STR("x\n"));
	(void)state;

	assert_string_equal(d.hunks[0].lines[0].text.p, "\xEF\xBF\xBD\xC3\xA4\xEF\xBF\xBD");
	memset(nul_late, '\n', sizeof nul_late);
	nul_late[8500] = '\0';
	d = diff_of((struct str){ nul_late, sizeof nul_late }, STR("\n"));
	assert_false(d.binary);
	assert_int_equal(
		d.removed, 9000 - 2); /* the NUL is on a line with the end behind it; the first is common */
}

static void lines_that_look_alike_but_are_not_are_different(void **state)
{
	struct file_diff d = diff_of(STR("\xFE\n"), STR("\xFF\n"));
	(void)state;

	assert_int_equal(d.removed, 1);
	assert_string_equal(d.hunks[0].lines[0].text.p, d.hunks[0].lines[1].text.p);
}

static void a_nul_near_the_beginning_makes_a_file_binary(void **state)
{
	struct file_diff d = diff_of(STR("a\0b"), STR("a\n"));
	(void)state;

	assert_true(d.binary && !d.identical && d.n == 0);
	assert_unified(STR("a"), STR("\0"), "Binary files a and b differ\n");
	assert_true(diff_of(STR("\0"), STR("\0")).identical);
	assert_unified(STR("\0"), STR("\0"), "");
}

static void names_cannot_break_a_line(void **state)
{
	struct file_diff d = diff_of(STR("a\0b"), STR("a\n"));
	(void)state;

	file_diff_write_unified(&d, STR("x\n+y"), STR("\xFF\t"), 1000, &text);
	assert_string_equal(
		buf_cstr(&text), "Binary files x\xEF\xBF\xBD+y and \xEF\xBF\xBD\xEF\xBF\xBD differ\n");
}

/* ---- limits ---- */

static void fill(struct buf *out, int from, int to, const char *fmt_end)
{
	for (int i = from; i < to; i++)
		buf_fmt(out, "%d%s\n", i, fmt_end);
}

static void a_line_of_the_limit_is_whole_and_a_longer_one_is_cut_with_a_mark(void **state)
{
	struct file_diff d;
	(void)state;

	limits.max_line_chars = 3;
	d = diff_of(STR("\xC3\xA4\xC3\xA4\xC3\xA4\n"), STR("\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\n"));
	assert_string_equal(d.hunks[0].lines[0].text.p, "\xC3\xA4\xC3\xA4\xC3\xA4");
	assert_false(d.hunks[0].lines[0].cut);
	assert_string_equal(d.hunks[0].lines[1].text.p, "\xC3\xA4\xC3\xA4\xE2\x80\xA6");
	assert_true(d.hunks[0].lines[1].cut);
	d = diff_of(
		STR("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xF0\x9F\n"), STR(""));
	assert_string_equal(d.hunks[0].lines[0].text.p, "\xEF\xBF\xBD\xEF\xBF\xBD\xE2\x80\xA6");
}

static void a_long_hunk_shows_the_beginnings_of_both_sides(void **state)
{
	struct file_diff d;
	int64_t removed = 0, added = 0;
	(void)state;

	fill(&expected, 0, 1000, "x");
	fill(&actual, 0, 700, "y");
	d = diff_of(buf_view(&expected), buf_view(&actual));
	assert_true(d.n == 1 && d.hunks[0].cut && d.truncated && !d.partial);
	assert_int_equal(d.removed, 1000);
	assert_int_equal(d.added, 700);
	assert_int_equal(d.hunks[0].expected_lines, 1000);
	assert_int_equal(d.hunks[0].n, 500);
	for (size_t i = 0; i < d.hunks[0].n; i++) {
		removed += d.hunks[0].lines[i].kind == DIFF_REMOVED;
		added += d.hunks[0].lines[i].kind == DIFF_ADDED;
	}
	assert_int_equal(removed, 250);
	assert_int_equal(added, 250);
	file_diff_write_unified(&d, STR("a"), STR("b"), FILE_DIFF_UNIFIED_MAX, &text);
	assert_non_null(strstr(
		buf_cstr(&text), "+249y\n\\ left out from this hunk: 750 lines of 1000, and 450 of 700\n"));
}

static void hunks_beyond_the_limit_are_counted(void **state)
{
	struct file_diff d;
	(void)state;

	for (int i = 0; i < 10000; i++) {
		buf_fmt(&expected, "%d\n", i);
		buf_fmt(&actual, i % 10 == 0 ? "x%d\n" : "%d\n", i);
	}
	d = diff_of(buf_view(&expected), buf_view(&actual));
	assert_int_equal(d.n, 500);
	assert_int_equal(d.n_hunks, 1000);
	assert_int_equal(d.added, 1000);
	assert_true(d.truncated && !d.partial && !d.hunks[499].cut);
	assert_int_equal(d.hunks[499].lines[3].expected_line, 4991);
	file_diff_write_unified(&d, STR("a"), STR("b"), FILE_DIFF_UNIFIED_MAX, &text);
	assert_true(str_ends(buf_view(&text), STR("\\ left out: 500 more hunks\n")));
}

static void the_text_of_all_lines_together_is_bounded(void **state)
{
	struct file_diff d;
	size_t n = 0;
	(void)state;

	fill(&expected, 0, 200, "x");
	limits.max_text_bytes = 100;
	d = diff_of(buf_view(&expected), STR("y"));
	assert_true(d.truncated && d.hunks[0].cut && d.removed == 200);
	for (size_t i = 0; i < d.hunks[0].n; i++)
		n += d.hunks[0].lines[i].text.len;
	assert_in_range(n, 50, 100);
}

static void a_unified_text_is_cut_at_a_line_end_and_says_so(void **state)
{
	struct file_diff d;
	(void)state;

	fill(&expected, 0, 100, "x");
	d = diff_of(buf_view(&expected), STR("y"));
	for (size_t max = 0; max < 700; max++) {
		buf_reset(&text);
		buf_z(&text, "before\n");
		file_diff_write_unified(&d, STR("a"), STR("b"), max, &text);
		assert_in_range(text.len, 7, max + 7);
		assert_int_equal(text.p[text.len - 1], '\n');
		if (text.len > 7)
			assert_true(str_ends(buf_view(&text),
					    STR("\n\\ the rest is left out: the text is too long\n")) ||
				    str_ends(buf_view(&text), STR("+y\n\\ No newline at end of file\n")));
	}
}

/* ---- large files ---- */

static void of_large_files_that_differ_in_a_line_only_that_is_compared(void **state)
{
	struct file_diff d;
	(void)state;

	fill(&expected, 0, 1000000, "");
	fill(&actual, 0, 700000, "");
	fill(&actual, 700000, 700001, "!");
	fill(&actual, 700001, 1000000, "");
	d = diff_of(buf_view(&expected), buf_view(&actual));
	assert_true(d.n == 1 && !d.truncated && d.hunks[0].n == 8);
	assert_int_equal(d.hunks[0].lines[3].expected_line, 700001);
	assert_string_equal(d.hunks[0].lines[2].text.p, "699999");
	assert_string_equal(d.hunks[0].lines[4].text.p, "700000!");
	assert_string_equal(d.hunks[0].lines[7].text.p, "700003");
	assert_int_equal(d.hunks[0].actual_start, 699998);
}

static void any_number_of_lines_may_only_be_there_in_one_file(void **state)
{
	struct file_diff d;
	(void)state;

	fill(&expected, 0, 10, "");
	fill(&actual, 0, 5, "");
	fill(&actual, 0, 400000, "new");
	fill(&actual, 5, 10, "");
	d = diff_of(buf_view(&expected), buf_view(&actual));
	assert_true(!d.partial && d.n == 1 && d.hunks[0].cut);
	assert_int_equal(d.added, 400000);
	assert_int_equal(d.removed, 0);
	assert_int_equal(d.hunks[0].actual_lines, 400006);
}

static void lines_that_are_only_shifted_are_never_said_to_be_changed(void **state)
{
	struct file_diff d;
	(void)state;

	fill(&actual, 0, 10, "new");
	fill(&expected, 0, 200000, "");
	fill(&actual, 0, 200000, "");
	buf_z(&expected, "the end\n");
	d = diff_of(buf_view(&expected), buf_view(&actual));
	assert_true(d.partial && d.truncated && d.n_hunks == 1);
	assert_int_equal(d.added, 10);
	assert_int_equal(d.removed, 0);
	assert_int_equal(d.hunks[0].n, 13);
	assert_int_equal(d.hunks[0].lines[12].actual_line, 13);
}

static void of_large_files_without_a_common_line_the_beginning_is_shown(void **state)
{
	struct file_diff d;
	(void)state;

	fill(&expected, 0, 200000, "x");
	fill(&actual, 0, 200000, "y");
	d = diff_of(buf_view(&expected), buf_view(&actual));
	assert_true(d.partial && d.n == 1 && d.hunks[0].cut);
	assert_int_equal(d.removed, LINE_LIST_MAX_LINES);
	file_diff_write_unified(&d, STR("a"), STR("b"), FILE_DIFF_UNIFIED_MAX, &text);
	assert_true(str_ends(buf_view(&text), STR("the rest was not compared\n")));
}

static void a_line_larger_than_all_that_is_compared_is_a_line(void **state)
{
	size_t n = LINE_LIST_MAX_BYTES + 100;
	char *x = malloc(n), *y = malloc(n);
	struct file_diff d;
	(void)state;

	memset(x, 'x', n);
	memset(y, 'x', n);
	x[n - 1] = y[n - 1] = '\n';
	y[n - 2] = 'y';
	d = diff_of((struct str){ x, n }, (struct str){ y, n });
	assert_true(d.n == 1 && d.hunks[0].n == 2 && !d.partial);
	assert_true(d.hunks[0].lines[0].cut && d.hunks[0].lines[1].kind == DIFF_ADDED);
	free(x);
	free(y);
}

/* Two pairs of characters that lead from this value of xdiff's hash (h * 33 ^ byte) to the same other. */
static void find_collision(uint64_t *hash, char ret_pairs[2][2])
{
	for (uint64_t i = ' '; i < 127; i++) {
		for (uint64_t k = i + 1; k < 127; k++) {
			uint64_t x = (*hash * 33 ^ i) * 33, y = (*hash * 33 ^ k) * 33, last = x ^ 'a' ^ y;

			if (last <= ' ' || last >= 127)
				continue;
			memcpy(ret_pairs[0], (char[2]){ (char)i, 'a' }, 2);
			memcpy(ret_pairs[1], (char[2]){ (char)k, (char)last }, 2);
			*hash = x ^ 'a';
			return;
		}
	}
	fail_msg("there is none");
}

/* libgit2 alone compares each of these lines to all others: 16 seconds, and four times as long for twice as many. */
static void lines_made_to_collide_take_no_longer(void **state)
{
	char pairs[17][2][2];
	uint64_t hash = 5381;
	struct file_diff d;
	(void)state;

	for (size_t i = 0; i < 17; i++)
		find_collision(&hash, pairs[i]);
	for (size_t i = 0; i < 100000; i++) {
		struct buf *out = i % 2 ? &expected : &actual;

		for (size_t bit = 0; bit < 17; bit++)
			buf_add(out, pairs[bit][i >> bit & 1], 2);
		buf_char(out, '\n');
	}
	d = diff_of(buf_view(&expected), buf_view(&actual));
	assert_int_equal(d.removed, 50000);
}

/* ---- any files ---- */

static uint32_t seed;

static uint32_t draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * below >> 28);
}

static void draw_file(struct buf *out)
{
	static const char *const lines[] = { "a", "b", "", "c\r", "a ", "dd" };
	uint32_t n = draw(12), alike = 1 + draw(6);

	buf_reset(out);
	for (uint32_t i = 0; i < n; i++) {
		buf_z(out, lines[draw(alike)]);
		if (i + 1 < n || draw(3) > 0)
			buf_char(out, '\n');
	}
}

static struct str next_line(struct str *rest)
{
	size_t end = str_find(*rest, '\n');
	struct str line = { rest->p, end < rest->len ? end + 1 : end };

	*rest = str_from(*rest, line.len);
	return line;
}

static void add_shown(struct buf *out, const struct file_diff_line *x)
{
	buf_str(out, x->text);
	if (!x->no_newline)
		buf_char(out, '\n');
}

/* Lines of x that no hunk has go over; each line of a hunk must be where it says that it is. */
static void apply(const struct file_diff *d, struct str x, struct buf *out)
{
	int64_t line = 1, made = 1;

	for (size_t i = 0; i < d->n; i++) {
		const struct file_diff_hunk *h = &d->hunks[i];

		assert_false(h->cut);
		for (; line < h->expected_start + (h->expected_lines == 0); line++, made++)
			buf_str(out, next_line(&x));
		assert_int_equal(made, h->actual_start + (h->actual_lines == 0));
		for (size_t k = 0; k < h->n; k++) {
			const struct file_diff_line *l = &h->lines[k];
			AUTO_BUF shown;

			buf_init(&shown, 1000);
			add_shown(&shown, l);
			if (l->kind != DIFF_ADDED) {
				assert_int_equal(l->expected_line, line++);
				assert_true(str_eq(next_line(&x), buf_view(&shown)));
			}
			if (l->kind != DIFF_REMOVED) {
				assert_int_equal(l->actual_line, made++);
				buf_str(out, buf_view(&shown));
			}
		}
		assert_int_equal(line, h->expected_start + h->expected_lines + (h->expected_lines == 0));
		assert_int_equal(made, h->actual_start + h->actual_lines + (h->actual_lines == 0));
	}
	buf_str(out, x);
}

static void the_hunks_of_any_two_files_make_the_one_of_the_other(void **state)
{
	(void)state;
	assert_true(git_libgit2_init() > 0); /* once, for it takes longer than a comparison */
	seed = 1;
	for (int i = 0; i < 20000; i++) {
		struct file_diff d;

		draw_file(&expected);
		draw_file(&actual);
		limits.context_lines = 1 + draw(4);
		d = diff_of(buf_view(&expected), buf_view(&actual));
		assert_int_equal(d.identical, str_eq(buf_view(&expected), buf_view(&actual)));
		assert_int_equal(d.identical, d.n == 0);
		buf_reset(&text);
		apply(&d, buf_view(&expected), &text);
		assert_string_equal(buf_cstr(&text), buf_cstr(&actual));
		arena_done(&a);
	}
	git_libgit2_shutdown();
}

/* Gives how often it went wrong. */
static void *compare_often(void *arg)
{
	const struct file_diff_limits l = FILE_DIFF_LIMITS;
	intptr_t n_wrong = 0;

	(void)arg;
	for (int i = 0; i < 50; i++) {
		struct file_diff d = { 0 };
		AUTO_ARENA mine;

		arena_init(&mine);
		n_wrong +=
			file_diff_make(STR("a\nb\nc\n"), STR("a\nx\nc\n"), &l, &mine, &d, NULL) != ERR_OK ||
			d.added != 1;
	}
	return (void *)n_wrong;
}

static void threads_do_not_disturb_each_other(void **state)
{
	pthread_t threads[4];
	void *wrong;
	(void)state;

	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, compare_often, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_changed_line_stands_between_its_context),
		TEST(identical_files_have_no_hunks_and_no_text),
		TEST(a_file_may_be_empty),
		TEST(a_line_without_an_end_is_marked_where_it_stands),
		TEST(a_carriage_return_is_a_part_of_its_line),
		TEST(empty_lines_are_lines),
		TEST(hunks_meet_when_their_contexts_do),
		TEST(numbers_are_those_of_each_file),
		TEST(invalid_bytes_and_nuls_are_shown_as_replacements),
		TEST(lines_that_look_alike_but_are_not_are_different),
		TEST(a_nul_near_the_beginning_makes_a_file_binary),
		TEST(names_cannot_break_a_line),
		TEST(a_line_of_the_limit_is_whole_and_a_longer_one_is_cut_with_a_mark),
		TEST(a_long_hunk_shows_the_beginnings_of_both_sides),
		TEST(hunks_beyond_the_limit_are_counted),
		TEST(the_text_of_all_lines_together_is_bounded),
		TEST(a_unified_text_is_cut_at_a_line_end_and_says_so),
		TEST(of_large_files_that_differ_in_a_line_only_that_is_compared),
		TEST(any_number_of_lines_may_only_be_there_in_one_file),
		TEST(lines_that_are_only_shifted_are_never_said_to_be_changed),
		TEST(of_large_files_without_a_common_line_the_beginning_is_shown),
		TEST(a_line_larger_than_all_that_is_compared_is_a_line),
		TEST(lines_made_to_collide_take_no_longer),
		TEST(the_hunks_of_any_two_files_make_the_one_of_the_other),
		TEST(threads_do_not_disturb_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
