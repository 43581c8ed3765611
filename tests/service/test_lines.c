/* lines: pages of a log, held against what sed and grep cut out of its text. */
#include "tests/test.h"

#include "base/file.h"
#include "service/lines.h"
#include "store/log_file.h"
#include "tests/service/streaming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines as builds print them, empty ones, colours, groups, and some that are longer than a frame. */
static void make_text(struct buf *b, size_t about, bool long_lines)
{
	for (int i = 0; b->len < about; i++) {
		switch (rand() % 14) {
		case 0:
			buf_char(b, '\n');
			break;
		case 1:
			buf_fmt(b, "error: %d cannot be done\n", i);
			break;
		case 2:
			buf_fmt(b, "\x1b[33mwarning\x1b[0m: unused %d\n", i);
			break;
		case 3:
			buf_fmt(b, "::group::part %d\n", i);
			break;
		case 4:
			buf_z(b, "::endgroup::\n");
			break;
		case 5:
			if (long_lines && rand() % 60 == 0)
				for (int k = rand() % 60000; k > 0; k--)
					buf_fmt(b, "%d words of a long line \xc3\xa9 ", k);
			buf_z(b, "Needle in it\n");
			break;
		case 6:
			buf_fmt(b, "2026-10-05T12:00:%02d.000Z std::move of a thing\n", i % 60);
			break;
		default:
			buf_fmt(b, "line %d of it, with some words\n", i);
		}
	}
}

static struct lines_query a_query(int64_t step_id)
{
	return (struct lines_query){ .step_id = step_id,
		.to = INT64_MAX,
		.limit = 100,
		.cursor = -1,
		.scan_bytes = 64 << 20,
		.scan_ms = 10000,
		.clock = &still };
}

static struct lines_page read_page(const struct lines_query *q, struct arena *a)
{
	struct lines_page p;
	struct err e = { 0 };

	if (lines_read(fx.store, q, a, &p, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_true(p.n <= q->limit);
	return p;
}

/* All pages of a query, a line each: number, ':' or '-' (as grep has it), text. */
static void write_pages(struct lines_query q, struct buf *out)
{
	int pages = 0;

	do {
		struct lines_page p;
		AUTO_ARENA a;

		arena_init(&a);
		p = read_page(&q, &a);
		for (size_t i = 0; i < p.n; i++)
			buf_fmt(out, "%lld%c%.*s\n", (long long)p.lines[i].number + 1,
				p.lines[i].match ? ':' : '-', STR_FMT(p.lines[i].text));
		q.cursor = p.next;
		assert_true(++pages < 100000);
	} while (q.cursor >= 0);
}

static void text_file(int64_t id, char path[100])
{
	struct err e;
	AUTO_ARENA a;
	AUTO_BUF text;
	AUTO_LOG_VIEW v = { 0 };

	arena_init(&a);
	buf_init(&text, SIZE_MAX);
	assert_int_equal(log_view_open(fx.store, id, false, &a, &v, &e), ERR_OK);
	for (size_t i = 0; i < v.n; i++)
		assert_int_equal(log_view_text(&v, i, &text, &e), ERR_OK);
	snprintf(path, 100, "%s/text-%lld", fx.folder, (long long)id);
	assert_int_equal(file_write_atomic(path, buf_view(&text), 0600, &e), ERR_OK);
}

/* What a command prints: of each line no more characters than are shown. */
static void printed(const char *command, struct buf *out)
{
	static char line[4 << 20];
	FILE *f = popen(command, "r");

	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		size_t number = strspn(line, "0123456789") + 1, at = number, n = 0;

		if (strcmp(line, "--\n") == 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		for (; line[at] && n < LINE_TEXT_MAX; n++)
			for (at++; ((unsigned char)line[at] & 0xc0) == 0x80; at++)
				;
		buf_fmt(out, "%.*s\n", (int)at, line);
	}
	pclose(f);
}

static void same(const struct buf *got, const struct buf *want, const char *what)
{
	if (got->len == want->len && memcmp(got->p ? got->p : "", want->p ? want->p : "", got->len) == 0)
		return;
	for (size_t i = 0; i < got->len; i++)
		if (i >= want->len || got->p[i] != want->p[i])
			fail_msg("%s: differs at %zu: got \"%.80s\", not \"%.80s\"", what, i, got->p + i,
				i < want->len ? want->p + i : "");
	fail_msg("%s: ends after %zu of %zu bytes", what, got->len, want->len);
}

/* The logs that all of this is tried on: sealed, growing, in one frame, in many. */
static size_t make_logs(int64_t ids[4])
{
	for (size_t i = 0; i < 4; i++) {
		static const char *const names[] = { "sealed", "growing", "small", "no end" };
		AUTO_BUF text;

		buf_init(&text, SIZE_MAX);
		make_text(&text, i == 2 ? 3000 : 1500000, i != 2);
		if (i == 3)
			buf_z(&text, "a last line without its end");
		ids[i] = streamed(names[i], buf_view(&text), i == 1 ? 20000 : 900000, i != 1);
	}
	return 4;
}

static void a_page_is_what_sed_cuts_out(void **state)
{
	int64_t ids[4];
	size_t n = make_logs(ids);
	(void)state;

	for (size_t i = 0; i < n; i++) {
		char path[100], command[300];

		text_file(ids[i], path);
		for (int round = 0; round < 30; round++) {
			struct lines_query q = a_query(ids[i]);
			AUTO_BUF got, want;

			buf_init(&got, SIZE_MAX);
			buf_init(&want, SIZE_MAX);
			q.from = rand() % (round % 2 ? 40000 : 100);
			q.to = q.from + rand() % 1200;
			q.limit = 1 + (size_t)rand() % 500;
			q.descending = round % 3 == 0;
			write_pages(q, &got);
			snprintf(command, sizeof command, "grep -n '' %s | sed -n '%lld,%lldp' %s", path,
				(long long)q.from + 1, (long long)q.to + 1, q.descending ? "| tac" : "");
			printed(command, &want);
			same(&got, &want, command);
		}
	}
}

static void matches_and_the_lines_around_them_are_what_grep_finds(void **state)
{
	static const struct {
		const char *contains, *regex, *options;
	} cases[] = {
		{ "needle", "", "-iF needle" },
		{ "NEEDLE IN", "", "-iF 'needle in'" },
		{ "cannot be", "", "-F 'cannot be'" },
		{ "no such word at all", "", "-F 'no such word at all'" },
		{ "", "^error: [0-9]*5 ", "-E '^error: [0-9]*5 '" },
		{ "", "ne[^ ] [0-9]", "-E 'ne[^ ] [0-9]'" },
		{ "", "^$", "-E '^$'" },
		{ "1 words of a long line", "", "-F '1 words of a long line'" },
	};
	int64_t ids[4];
	size_t n = make_logs(ids);
	(void)state;

	for (size_t i = 0; i < n; i++) {
		char path[100], command[300];

		text_file(ids[i], path);
		for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
			struct lines_query q = a_query(ids[i]);
			AUTO_BUF got, want;

			buf_init(&got, SIZE_MAX);
			buf_init(&want, SIZE_MAX);
			q.contains = str_z(cases[k].contains);
			q.regex = str_z(cases[k].regex);
			q.before = rand() % 3 ? rand() % 9 : 0;
			q.after = rand() % 3 ? rand() % 9 : 0;
			q.limit = 1 + (size_t)rand() % 300;
			q.descending = rand() % 2;
			if (rand() % 2)
				q.scan_bytes = 1; /* over after each frame */
			write_pages(q, &got);
			snprintf(command, sizeof command, "LC_ALL=C.UTF-8 grep -n -a %s -B%d -A%d %s %s",
				cases[k].options, (int)q.before, (int)q.after, path,
				q.descending ? "| grep -av '^--$' | tac" : "");
			printed(command, &want);
			same(&got, &want, command);
		}
	}
}

static void a_page_whose_scan_was_over_says_so_and_goes_on(void **state)
{
	struct lines_query q;
	AUTO_BUF text;
	AUTO_ARENA a;
	int pages = 0;
	struct lines_page p;
	(void)state;

	buf_init(&text, SIZE_MAX);
	arena_init(&a);
	while (text.len < 2000000)
		buf_fmt(&text, "%d some words %d\n", rand(), rand());
	buf_z(&text, "the zebra\n");
	q = a_query(streamed("budget", buf_view(&text), 900000, true));
	q.regex = STR("[z]ebra"); /* of which the index knows nothing */
	q.scan_bytes = 500000;
	for (p = read_page(&q, &a); !p.complete; p = read_page(&q, &a)) {
		assert_int_equal(p.n, 0);
		assert_true(p.scanned_bytes >= 500000 && p.scanned_bytes < 800000);
		assert_true(p.next > q.cursor);
		q.cursor = p.next;
		pages++;
	}
	assert_true(pages >= 2);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.next, -1);
}

static void what_cannot_match_is_not_read(void **state)
{
	struct lines_query q;
	struct lines_page p;
	AUTO_BUF text;
	AUTO_ARENA a;
	(void)state;

	buf_init(&text, SIZE_MAX);
	arena_init(&a);
	while (text.len < 3000000)
		buf_fmt(&text, "%d some words %d\n", rand(), rand());
	buf_z(&text, "error: the zebra\n");
	q = a_query(streamed("index", buf_view(&text), 900000, true));
	q.contains = STR("Zebra");
	p = read_page(&q, &a);
	assert_int_equal(p.n, 1);
	assert_true(p.scanned_bytes < 600000);
	q.contains = STR("");
	q.levels = 1u << LINE_ERROR;
	p = read_page(&q, &a);
	assert_int_equal(p.n, 1);
	assert_true(p.scanned_bytes < 300000);
}

static void levels_and_sources_are_those_that_lines_say(void **state)
{
	static const char text[] =
		"plain\nerror: one\nwarning: two\n2026-10-05T12:00:01.500Z DEBUG three\nFATAL: four\n";
	struct lines_query q = a_query(streamed("levels", str_z(text), 1000, true));
	struct lines_page p;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	p = read_page(&q, &a);
	assert_int_equal(p.n, 5);
	assert_int_equal(p.lines[0].level, LINE_INFO);
	assert_int_equal(p.lines[1].level, LINE_ERROR);
	assert_int_equal(p.lines[2].level, LINE_WARNING);
	assert_int_equal(p.lines[3].level, LINE_DEBUG);
	assert_int_equal(p.lines[0].source, LINE_BUILD);
	assert_int_equal(p.lines[3].at_ms, INT64_C(1791201601500));
	assert_int_equal(p.lines[0].at_ms, NOW);
	q.levels = 1u << LINE_WARNING | 1u << LINE_ERROR;
	p = read_page(&q, &a);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.lines[0].number, 1);
	assert_int_equal(p.lines[1].number, 2);
	q.sources = 1u << LINE_WEB;
	assert_int_equal(read_page(&q, &a).n, 0);
}

static void a_line_has_the_time_at_which_its_chunk_came(void **state)
{
	int64_t id = open_stream("times"), at = 0;
	(void)state;

	for (int i = 0; i < 5; i++, streaming_wall += 1000)
		at = append_text(id, at, STR("a line\nand another\n"));
	for (int sealed = 0; sealed < 2; sealed++) {
		struct lines_query q = a_query(id);
		struct lines_page p;
		AUTO_ARENA a;

		arena_init(&a);
		p = read_page(&q, &a);
		assert_int_equal(p.n, 10);
		for (int i = 0; i < 10; i++)
			assert_int_equal(p.lines[i].at_ms, NOW + i / 2 * 1000);
		if (!sealed)
			end_stream(id, CONCLUSION_FAILURE);
	}
}

static void a_line_knows_its_group_wherever_it_is_read(void **state)
{
	AUTO_BUF text;
	struct lines_query q;
	(void)state;

	buf_init(&text, SIZE_MAX);
	buf_z(&text, "before\n##[group]compile it\n");
	for (int i = 0; i < 60000; i++)
		buf_fmt(&text, "a::b line %d\n", i);
	buf_z(&text, "##[endgroup]\nbetween\n2026-10-05T12:00:01.000Z ::group::test\nin "
		     "it\n::endgroup::\nafter\n");
	q = a_query(streamed("groups", buf_view(&text), 900000, true));
	for (int desc = 0; desc < 2; desc++) {
		static const struct {
			int64_t number;
			const char *group;
		} cases[] = { { 0, "" }, { 1, "compile it" }, { 2, "compile it" }, { 30000, "compile it" },
			{ 60001, "compile it" }, { 60002, "compile it" }, { 60003, "" }, { 60004, "test" },
			{ 60005, "test" }, { 60006, "test" }, { 60007, "" } };

		for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
			struct lines_page p;
			AUTO_ARENA a;

			arena_init(&a);
			q.descending = desc;
			q.cursor = cases[i].number;
			p = read_page(&q, &a);
			assert_int_equal(p.lines[0].number, cases[i].number);
			assert_int_equal(p.lines[0].group.len, strlen(cases[i].group));
			assert_memory_equal(p.lines[0].group.p, cases[i].group, strlen(cases[i].group));
		}
	}
}

static void a_long_line_is_cut_and_says_so_and_is_searched_to_its_end(void **state)
{
	struct lines_query q;
	struct lines_page p;
	AUTO_ARENA a;
	AUTO_BUF text;
	(void)state;

	arena_init(&a);
	buf_init(&text, SIZE_MAX);
	buf_z(&text, "first\n");
	for (int i = 0; i < 500000; i++)
		buf_z(&text, "\xe2\x82\xac word ");
	buf_z(&text, "zebra at its end\nlast\n");
	q = a_query(streamed("long", buf_view(&text), 900000, true));
	p = read_page(&q, &a);
	assert_int_equal(p.n, 3);
	assert_true(p.lines[1].truncated);
	assert_int_equal(p.lines[1].text.len, 4000 / 7 * 9 + (4000 % 7) + 2);
	assert_false(p.lines[0].truncated || p.lines[2].truncated);
	q.contains = STR("word ZEBRA");
	q.before = q.after = 1;
	p = read_page(&q, &a);
	assert_int_equal(p.n, 3);
	assert_false(p.lines[0].match);
	assert_true(p.lines[1].match);
	q.descending = true;
	p = read_page(&q, &a);
	assert_int_equal(p.n, 3);
	assert_int_equal(p.lines[0].number, 2);
}

static void any_number_is_a_good_cursor(void **state)
{
	struct lines_query q = a_query(streamed("cursors", STR("0\n1\n2\n"), 100, true));
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	q.cursor = 3;
	assert_int_equal(read_page(&q, &a).n, 0);
	q.cursor = INT64_MAX;
	assert_int_equal(read_page(&q, &a).n, 0);
	q.descending = true;
	assert_int_equal(read_page(&q, &a).n, 3);
	q.cursor = 0;
	assert_int_equal(read_page(&q, &a).n, 1);
	q.from = 5;
	assert_int_equal(read_page(&q, &a).n, 0);
}

static void an_empty_log_is_an_empty_page_and_a_tail_counts_from_what_was_dropped(void **state)
{
	struct lines_query q = a_query(open_stream("empty"));
	struct ingest_post post = a_post("posted", STR("one\ntwo"));
	struct lines_page p;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	p = read_page(&q, &a);
	assert_int_equal(p.n, 0);
	assert_int_equal(p.next, -1);
	assert_true(p.complete);
	post.dropped_lines = 10;
	assert_int_equal(post_at(&post, NOW), ERR_OK);
	q.step_id++;
	p = read_page(&q, &a);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.lines[0].number, 10);
	q.descending = true;
	q.limit = 1;
	assert_int_equal(read_page(&q, &a).lines[0].number, 11);
}

static void the_gap_of_a_log_over_its_limit_is_jumped_over(void **state)
{
	int64_t id = open_stream("flood"), at = 0;
	(void)state;

	fx.cfg->step_bytes = 64 * 1024;
	for (int i = 0; i < 20000; i += 100) {
		AUTO_BUF line;

		buf_init(&line, SIZE_MAX);
		for (int k = i; k < i + 100; k++)
			buf_fmt(&line, "line %05d\n", k);
		append_text(id, at, buf_view(&line));
		at += (int64_t)line.len;
	}
	for (int k = 0; k < 4; k++) {
		struct lines_query q = a_query(id);
		int64_t before = -1, gap = 0;
		struct lines_page p = { 0 };
		AUTO_ARENA a;

		arena_init(&a);
		q.descending = k % 2;
		q.limit = 50;
		q.contains = STR("line");
		q.before = q.after = k / 2 ? 3 : 0;
		do {
			p = read_page(&q, &a);
			for (size_t i = 0; i < p.n; i++) {
				int64_t number = p.lines[i].number;

				if (before >= 0 && number != before + (q.descending ? -1 : 1))
					gap++;
				before = number;
				if (str_starts(p.lines[i].text, STR("[sluice: ")))
					continue;
				assert_int_equal(atoll(p.lines[i].text.p + 5), number);
			}
			q.cursor = p.next;
		} while (p.next >= 0 && p.n > 0);
		assert_int_equal(before, q.descending ? 0 : 19999);
		assert_int_equal(gap, 1);
		if (k == 1)
			end_stream(id, CONCLUSION_FAILURE);
	}
}

static void a_bad_regex_names_its_field(void **state)
{
	struct lines_query q = a_query(open_stream("regex"));
	struct lines_page p;
	struct err e = { 0 };
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	q.regex = STR("(a{60}){60}");
	assert_int_equal(lines_read(fx.store, &q, &a, &p, &e), ERR_INVALID);
	assert_string_equal(e.field, "regex");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, streaming_up, streaming_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_page_is_what_sed_cuts_out),
		TEST(matches_and_the_lines_around_them_are_what_grep_finds),
		TEST(a_page_whose_scan_was_over_says_so_and_goes_on),
		TEST(what_cannot_match_is_not_read),
		TEST(levels_and_sources_are_those_that_lines_say),
		TEST(a_line_has_the_time_at_which_its_chunk_came),
		TEST(a_line_knows_its_group_wherever_it_is_read),
		TEST(a_long_line_is_cut_and_says_so_and_is_searched_to_its_end),
		TEST(any_number_is_a_good_cursor),
		TEST(an_empty_log_is_an_empty_page_and_a_tail_counts_from_what_was_dropped),
		TEST(the_gap_of_a_log_over_its_limit_is_jumped_over),
		TEST(a_bad_regex_names_its_field),
	};

	srand(20);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
