/* frame: a log in pieces, sealed, found again, and what damage does to it. */
#include "tests/test.h"
#include "tests/unit/help/place.h"

#include "base/file.h"
#include "text/frame.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ZSTD "/usr/bin/zstd"
#define FRAMES 300 /* more than one block of bitmaps */
#define FILE_MAX (8u << 20)

/* A log of FRAMES frames, as a writer would make it. */
struct log {
	struct arena a;
	struct buf text, bytes; /* of the frames; frame_seal's behind */
	struct frame frames[FRAMES];
	uint32_t checksums[FRAMES];
};

/* Words that no other frame has, so that a search can tell them apart. */
static void add_lines(struct buf *text, unsigned frame)
{
	for (unsigned i = 0; i < 10 + frame % 50; i++)
		buf_fmt(text, "2026-01-02T15:04:%02u.%03uZ step %u: compile unit_%c%c.c\n", i % 60, i, i,
			'a' + (char)(frame % 26), 'a' + (char)(frame / 26));
	if (frame == 3)
		buf_z(text, "\x1b[1mNeed\x1b[0mle in red\n");
}

static void add_frame(struct log *l, unsigned i)
{
	struct frame *f = &l->frames[i];
	size_t text_at = l->text.len, file_at = l->bytes.len;
	int64_t last_line = 0, last_ms = 0;
	AUTO_BUF times;
	struct err e;

	buf_init(&times, 1000);
	add_lines(&l->text, i);
	assert_int_equal(frame_make(str_from(buf_view(&l->text), text_at), &l->a, f, &l->bytes, &e), ERR_OK);
	frame_times_add(&times, 0, 1000 * (int64_t)i + 1, &last_line, &last_ms);
	frame_times_add(&times, 5, 1000 * (int64_t)i + 900, &last_line, &last_ms);
	f->times = arena_str(&l->a, buf_view(&times));
	f->text_at = (int64_t)text_at;
	f->file_at = (int64_t)file_at;
	f->line_at = i > 0 ? frame_line_end(&l->frames[i - 1]) + (i == 40 ? 1000 : 0) : 0;
	f->levels = (uint8_t)(i % 32);
	f->sources = 4;
	f->group_line = i % 3 ? f->line_at - i : -1;
	assert_int_equal(
		frame_checksum(str_from(buf_view(&l->bytes), file_at), &l->checksums[i], &e), ERR_OK);
}

static void log_init(struct log *l)
{
	memset(l, 0, sizeof *l);
	arena_init(&l->a);
	buf_init(&l->text, FILE_MAX);
	buf_init(&l->bytes, FILE_MAX);
	for (unsigned i = 0; i < FRAMES; i++)
		add_frame(l, i);
}

static void log_done(struct log *l)
{
	arena_done(&l->a);
	buf_done(&l->text);
	buf_done(&l->bytes);
}

#define AUTO_LOG __attribute__((cleanup(log_done))) struct log

static int put(const char *path, struct str bytes)
{
	int fd;

	place_put(path, bytes);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void assert_same_frame(const struct frame *a, const struct frame *b, bool grams)
{
	assert_int_equal(a->text_at, b->text_at);
	assert_int_equal(a->line_at, b->line_at);
	assert_int_equal(a->file_at, b->file_at);
	assert_int_equal(a->text_len, b->text_len);
	assert_int_equal(a->zstd_len, b->zstd_len);
	assert_int_equal(a->n_line_ends, b->n_line_ends);
	assert_int_equal(a->in_line, b->in_line);
	assert_int_equal(a->unended, b->unended);
	assert_int_equal(a->has_escapes, b->has_escapes);
	assert_int_equal(a->levels, b->levels);
	assert_int_equal(a->sources, b->sources);
	assert_int_equal(a->group_line, b->group_line);
	assert_true(str_eq(a->times, b->times));
	if (grams)
		assert_true(str_eq(a->grams, b->grams));
}

/* ---- one frame ---- */

static void assert_made(const char *text, uint32_t line_ends, bool unended, bool has_escapes)
{
	struct frame f;
	AUTO_ARENA a;
	AUTO_BUF zstd;
	AUTO_BUF back;

	arena_init(&a);
	buf_init(&zstd, 1000);
	buf_init(&back, 1000);
	assert_int_equal(frame_make(str_z(text), &a, &f, &zstd, NULL), ERR_OK);
	assert_int_equal(f.text_len, strlen(text));
	assert_int_equal(f.zstd_len, zstd.len);
	assert_int_equal(f.n_line_ends, line_ends);
	assert_int_equal(f.unended, unended);
	assert_int_equal(f.has_escapes, has_escapes);
	assert_int_equal(f.group_line, -1);
	assert_int_equal(frame_text(&f, buf_view(&zstd), &back, NULL), ERR_OK);
	assert_string_equal(buf_cstr(&back), text);
}

static void a_frame_knows_its_lines_and_escapes(void **state)
{
	(void)state;
	assert_made("one\n", 1, false, false);
	assert_made("\n\n", 2, false, false);
	assert_made("one\ntwo", 1, true, false);
	assert_made("\x1b[1mone\n", 1, false, true);
	assert_made("one \xc2\x9b"
		    "1m\n",
		1, false, true);                     /* CSI as one character */
	assert_made("\xc2\xb5s\n", 1, false, false); /* its first byte is no escape by itself */
}

static void a_text_over_the_limit_is_no_frame(void **state)
{
	struct str text = { mem_alloc(FRAME_TEXT_MAX + 1), FRAME_TEXT_MAX + 1 };
	struct frame f;
	struct err e;
	AUTO_ARENA a;
	AUTO_BUF out;
	(void)state;

	arena_init(&a);
	buf_init(&out, 2 * FRAME_TEXT_MAX);
	assert_int_equal(frame_make(text, &a, &f, &out, &e), ERR_TOO_LARGE);
	assert_int_equal(out.len, 0);
	text.len--;
	assert_int_equal(frame_make(text, &a, &f, &out, &e), ERR_OK);
	free((char *)text.p);
}

static void a_frame_that_is_not_what_its_entry_says_is_damage(void **state)
{
	struct frame f, other;
	struct err e;
	AUTO_ARENA a;
	AUTO_BUF zstd;
	AUTO_BUF out;
	(void)state;

	arena_init(&a);
	buf_init(&zstd, 1000);
	buf_init(&out, 1000);
	buf_z(&out, "before");
	assert_int_equal(frame_make(STR("one\ntwo\n"), &a, &f, &zstd, NULL), ERR_OK);
	other = f;
	other.text_len++;
	assert_int_equal(frame_text(&other, buf_view(&zstd), &out, &e), ERR_STORAGE);
	other = f;
	other.zstd_len--;
	assert_int_equal(frame_text(&other, buf_view(&zstd), &out, &e), ERR_STORAGE);
	zstd.p[zstd.len - 1] ^= 1;
	assert_int_equal(frame_text(&f, buf_view(&zstd), &out, &e), ERR_STORAGE);
	assert_string_equal(buf_cstr(&out), "before");
}

/* ---- searching ---- */

static bool may(const char *text, const char *needle)
{
	struct frame f;
	AUTO_ARENA a;

	arena_init(&a);
	frame_look(str_z(text), &a, &f);
	return frame_may_contain(&f, str_z(needle));
}

static void what_is_there_may_be_there(void **state)
{
	static const char text[] = "alpha Beta\ngamma \xc3\xa9t\xc3\xa9 [x] ~~~{}\n\tdelta";
	char needle[sizeof text];
	(void)state;

	for (size_t at = 0; at < sizeof text - 1; at++) {
		for (size_t len = 0; at + len < sizeof text; len++) {
			memcpy(needle, text + at, len);
			needle[len] = '\0';
			if (!strchr(needle, '\n'))
				assert_true(may(text, needle));
		}
	}
}

/* Long texts are gone through in pieces; nothing may fall between two. */
static void what_is_anywhere_in_a_long_text_may_be_there(void **state)
{
	uint32_t seed = 1;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 100000);
	for (size_t i = 0; i < 20000; i++) {
		seed = seed * 1664525 + 1013904223;
		buf_char(&text, (char)('a' + (seed >> 24) % 26));
	}
	for (size_t len = 0; len <= text.len; len += len < 20 ? 1 : 997) {
		struct frame f;
		AUTO_ARENA a;

		arena_init(&a);
		frame_look((struct str){ text.p, len }, &a, &f);
		for (size_t at = 0; at + 4 <= len; at++)
			assert_true(frame_may_contain(&f, (struct str){ text.p + at, 4 }));
	}
}

static void what_is_not_there_is_passed_by(void **state)
{
	(void)state;
	assert_false(may("alpha beta\n", "gamma"));
	assert_false(may("alpha beta\n", "alphabet"));
	assert_false(may("alpha\nbeta\n", "alphabeta")); /* not across lines */
	assert_false(may("\n", "abcd"));
	assert_false(may("abc", "abcd"));
}

static void case_does_not_matter(void **state)
{
	(void)state;
	assert_true(may("Fatal ERROR: x\n", "fatal error"));
	assert_true(may("fatal error: x\n", "FATAL Error"));
	assert_true(may("\xc3\x89tat: x\n", "\xc3\xa9tat:"));  /* É, é: looked for from "tat" on */
	assert_true(may("[@]^_ `{}~\x7f\n", "@]^_ `{}~\x7f")); /* signs next to letters */
}

static void a_needle_may_lie_on_both_sides_of_an_escape(void **state)
{
	(void)state;
	assert_true(may("\x1b[31mfat\x1b[0mal\n", "fatal"));
	assert_true(may("fat\xc2\x9b"
			"0mal\n",
		"fatal"));
	assert_false(may("\x1b[31mfatal\x1b[0m\n", "[31m"));
	assert_true(may("a\x1b]8;;http://x\n/b\n", "/b"));
	assert_true(may("one\x1b", "one"));
}

static void what_is_not_known_may_be_there(void **state)
{
	const struct frame f = { .text_len = 10 };
	(void)state;

	assert_true(frame_may_contain(&f, STR("anything")));
	assert_true(may("alpha\n", "xyz"));
	assert_true(may("alpha\n", ""));
	assert_true(frame_may_contain(&f, (struct str){ NULL, 0 }));
}

/* ---- times ---- */

static void a_line_has_the_time_of_the_last_mark_before_it(void **state)
{
	int64_t line = 0, ms = 0;
	struct frame f = { 0 };
	AUTO_BUF times;
	(void)state;

	buf_init(&times, 1000);
	assert_int_equal(frame_time_of(&f, 0), 0);
	frame_times_add(&times, 2, 1700000000000, &line, &ms);
	frame_times_add(&times, 2, 1700000000300, &line, &ms);
	frame_times_add(&times, 4, 1700000000300, &line, &ms); /* tells nothing */
	frame_times_add(&times, 6, 1700000000100, &line, &ms); /* a clock that was put back */
	frame_times_add(&times, 5000, 1700000099000, &line, &ms);
	f.times = buf_view(&times);
	assert_int_equal(frame_time_of(&f, 0), 0);
	assert_int_equal(frame_time_of(&f, 1), 0);
	assert_int_equal(frame_time_of(&f, 2), 1700000000300);
	assert_int_equal(frame_time_of(&f, 4999), 1700000000300);
	assert_int_equal(frame_time_of(&f, 5000), 1700000099000);
	assert_int_equal(frame_time_of(&f, UINT32_MAX), 1700000099000);
}

static void times_that_are_damaged_end_where_they_make_no_sense(void **state)
{
	struct frame f = { .times = STR("\x01\x05\x02") };
	(void)state;

	assert_int_equal(frame_time_of(&f, 9), 5);
	f.times = STR("\x01\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01");
	assert_int_equal(frame_time_of(&f, 9), 5);
	f.times = STR("\x01\x05\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	assert_int_equal(frame_time_of(&f, 9), 5);
	f.times = STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
	assert_int_equal(frame_time_of(&f, 9), 0);
}

/* ---- finding ---- */

static void a_line_is_found_in_the_frame_it_begins_in(void **state)
{
	const struct frame f[] = {
		{ .line_at = 0, .n_line_ends = 3, .text_len = 9 },
		{ .line_at = 3, .n_line_ends = 2, .text_at = 9, .text_len = 9, .unended = true },
		{ .line_at = 5, .text_at = 18, .text_len = 9, .in_line = true, .unended = true },
		{ .line_at = 5, .n_line_ends = 1, .text_at = 27, .text_len = 9, .in_line = true },
		{ .line_at = 100, .n_line_ends = 2, .text_at = 36, .text_len = 9 }, /* 6 to 99 were dropped */
	};
	static const struct {
		int64_t line;
		size_t frame;
	} want[] = { { 0, 0 }, { 2, 0 }, { 3, 1 }, { 4, 1 }, { 5, 1 }, { 6, 4 }, { 99, 4 }, { 101, 4 },
		{ 102, 5 }, { INT64_MAX, 5 } };
	(void)state;

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		assert_int_equal(frame_of_line(f, 5, want[i].line), want[i].frame);
	assert_int_equal(frame_of_line(f, 0, 0), 0);
	for (int64_t at = 0; at < 45; at++)
		assert_int_equal(frame_of_byte(f, 5, at), at / 9);
	assert_int_equal(frame_of_byte(f, 5, 45), 5);
}

/* ---- the index ---- */

static void pieces_of_an_index_join(void **state)
{
	struct frame *back = NULL;
	size_t n = 0;
	struct err e;
	AUTO_ARENA a;
	AUTO_BUF bytes;
	AUTO_LOG l;
	(void)state;

	log_init(&l);
	arena_init(&a);
	buf_init(&bytes, FILE_MAX);
	assert_int_equal(frame_index_encode(l.frames, 1, &bytes, &e), ERR_OK);
	assert_int_equal(frame_index_encode(l.frames + 1, 3, &bytes, &e), ERR_OK);
	assert_int_equal(frame_index_decode(buf_view(&bytes), &a, &back, &n, &e), ERR_OK);
	assert_int_equal(n, 4);
	buf_reset(&bytes);
	assert_int_equal(frame_index_encode(l.frames + 4, FRAMES - 4, &bytes, &e), ERR_OK);
	assert_int_equal(frame_index_decode(buf_view(&bytes), &a, &back, &n, &e), ERR_OK);
	assert_int_equal(n, FRAMES);
	memset(bytes.p, 0xff, bytes.len); /* nothing points into it */
	for (size_t i = 0; i < n; i++)
		assert_same_frame(&back[i], &l.frames[i], true);
}

static void frames_without_bitmaps_stay_without(void **state)
{
	struct frame *back = NULL;
	size_t n = 0;
	AUTO_ARENA a;
	AUTO_BUF bytes;
	AUTO_LOG l;
	(void)state;

	log_init(&l);
	arena_init(&a);
	buf_init(&bytes, FILE_MAX);
	l.frames[0].grams = l.frames[5].grams = (struct str){ 0 };
	assert_int_equal(frame_index_encode(l.frames, 6, &bytes, NULL), ERR_OK);
	assert_int_equal(frame_index_decode(buf_view(&bytes), &a, &back, &n, NULL), ERR_OK);
	for (size_t i = 0; i < n; i++)
		assert_same_frame(&back[i], &l.frames[i], true);
}

static void every_damage_to_an_index_is_noticed(void **state)
{
	struct frame *back = NULL;
	size_t n = 0;
	struct err e;
	AUTO_BUF bytes;
	AUTO_LOG l;
	(void)state;

	log_init(&l);
	buf_init(&bytes, FILE_MAX);
	assert_int_equal(frame_index_encode(l.frames, 4, &bytes, NULL), ERR_OK);
	for (size_t i = 1; i < bytes.len; i++) {
		AUTO_ARENA a;
		enum err_code code;

		arena_init(&a);
		assert_int_equal(
			frame_index_decode((struct str){ bytes.p, i }, &a, &back, &n, &e), ERR_STORAGE);
		bytes.p[i] ^= 0x10;
		code = frame_index_decode(buf_view(&bytes), &a, &back, &n, &e);
		/* A bit in the head of a zstd frame may mean nothing. */
		if (code == ERR_OK)
			for (size_t k = 0; k < 4; k++)
				assert_same_frame(&back[k], &l.frames[k], true);
		assert_true(code == ERR_OK || code == ERR_STORAGE);
		bytes.p[i] ^= 0x10;
		back = NULL;
		n = 0;
	}
}

/* What is wrong with the second of two entries that are sound by themselves. */
static enum err_code decode_two(struct frame first, struct frame second)
{
	struct frame two[2] = { first, second }, *back = NULL;
	size_t n = 0;
	AUTO_ARENA a;
	AUTO_BUF bytes;

	arena_init(&a);
	buf_init(&bytes, FILE_MAX);
	assert_int_equal(frame_index_encode(two, 2, &bytes, NULL), ERR_OK);
	return frame_index_decode(buf_view(&bytes), &a, &back, &n, NULL);
}

static void entries_that_do_not_follow_on_each_other_are_damage(void **state)
{
	const struct frame a = { .text_len = 10, .zstd_len = 8, .n_line_ends = 2, .group_line = -1 };
	const struct frame b = { .text_at = 10,
		.file_at = 8,
		.line_at = 2,
		.text_len = 5,
		.zstd_len = 4,
		.unended = true,
		.group_line = -1 };
	struct frame x, y;
	(void)state;

	assert_int_equal(decode_two(a, b), ERR_OK);
#define WRONG(field, value) (x = b, x.field = (value), assert_int_equal(decode_two(a, x), ERR_STORAGE))
	WRONG(text_at, 9);
	WRONG(text_at, 11);
	WRONG(file_at, 7);
	WRONG(file_at, -8);
	WRONG(line_at, 1);
	WRONG(line_at, INT64_MAX);
	WRONG(text_len, 0);
	WRONG(text_len, FRAME_TEXT_MAX + 1);
	WRONG(zstd_len, 0);
	WRONG(zstd_len, UINT32_MAX);
	WRONG(n_line_ends, 6);
	WRONG(n_line_ends, 5);
	WRONG(n_line_ends, UINT32_MAX);
	WRONG(unended, false); /* no line, then */
	WRONG(group_line, 3);
	WRONG(group_line, -2);
#undef WRONG
	x = a;
	x.n_line_ends = 1;
	x.unended = true; /* line 1, which b may go on with but not begin behind */
	y = b;
	y.line_at = 1;
	assert_int_equal(decode_two(x, y), ERR_STORAGE);
	y.in_line = true;
	assert_int_equal(decode_two(x, y), ERR_OK);
	x = b;
	x.line_at = 200; /* the middle of a log was dropped */
	assert_int_equal(decode_two(a, x), ERR_OK);
}

/* ---- the sealed file ---- */

static void a_sealed_log_is_read_back(void **state)
{
	struct frame_file f;
	struct err e;
	AUTO_ARENA a;
	AUTO_BUF out;
	AUTO_LOG l;
	AUTO_FD fd;
	(void)state;

	log_init(&l);
	arena_init(&a);
	buf_init(&out, FILE_MAX);
	assert_int_equal(frame_seal(l.frames, l.checksums, FRAMES, &l.bytes, &e), ERR_OK);
	fd = put("log.zst", buf_view(&l.bytes));
	assert_int_equal(frame_file_open(fd, &a, &f, &e), ERR_OK);
	assert_int_equal(f.n, FRAMES);
	for (size_t i = 0; i < f.n; i++) {
		AUTO_BUF zstd;

		buf_init(&zstd, FILE_MAX);
		assert_same_frame(&f.frames[i], &l.frames[i], false);
		assert_int_equal(f.frames[i].grams.len, 0);
		assert_int_equal(frame_file_read(&f, i, &zstd, &e), ERR_OK);
		assert_int_equal(frame_text(&f.frames[i], buf_view(&zstd), &out, &e), ERR_OK);
	}
	assert_true(str_eq(buf_view(&out), buf_view(&l.text)));

	assert_int_equal(frame_file_grams(&f, &a, &e), ERR_OK);
	for (size_t i = 0; i < f.n; i++)
		assert_same_frame(&f.frames[i], &l.frames[i], true);
}

/* The first n frames of it. */
static void assert_search_asks_as_frames(size_t n)
{
	static const char *const needles[] = { "needle in red", "unit_ca.c", "UNIT_CB", "step 12: compile",
		"nowhere", "abc", "", "15:04:09.009Z step 9: compile unit_zz.c" };
	struct frame_file f;
	AUTO_ARENA a;
	AUTO_LOG l;
	AUTO_FD fd;
	bool *may;

	log_init(&l);
	arena_init(&a);
	l.frames[4].grams = (struct str){ 0 };
	if (n < FRAMES)
		buf_cut(&l.bytes, (size_t)l.frames[n].file_at);
	assert_int_equal(frame_seal(l.frames, l.checksums, n, &l.bytes, NULL), ERR_OK);
	fd = put("log.zst", buf_view(&l.bytes));
	assert_int_equal(frame_file_open(fd, &a, &f, NULL), ERR_OK);
	for (size_t k = 0; k < sizeof needles / sizeof needles[0]; k++) {
		struct str needle = str_z(needles[k]);

		assert_int_equal(frame_file_may_contain(&f, needle, &a, &may, NULL), ERR_OK);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(may[i], frame_may_contain(&l.frames[i], needle));
	}
	assert_int_equal(frame_file_may_contain(&f, STR("needle in red"), &a, &may, NULL), ERR_OK);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(may[i], i == 3 || i == 4);
	assert_int_equal(frame_file_grams(&f, &a, NULL), ERR_OK);
	for (size_t i = 0; i < n; i++)
		assert_true(str_eq(f.frames[i].grams, l.frames[i].grams));
}

static void a_search_asks_a_sealed_log_as_it_asks_its_frames(void **state)
{
	(void)state;
	assert_search_asks_as_frames(FRAMES);
	assert_search_asks_as_frames(5);       /* bitmaps as they are */
	assert_search_asks_as_frames(256 + 5); /* the same in the second block */
	assert_search_asks_as_frames(256);
}

static void a_short_log_is_sealed_without_bitmaps(void **state)
{
	struct frame_file f;
	bool *may;
	AUTO_ARENA a;
	AUTO_LOG l;
	AUTO_FD fd;
	(void)state;

	log_init(&l);
	arena_init(&a);
	buf_cut(&l.bytes, (size_t)l.frames[2].file_at);
	assert_int_equal(frame_seal(l.frames, l.checksums, 2, &l.bytes, NULL), ERR_OK);
	assert_true(l.bytes.len < (size_t)l.frames[2].file_at + 300);
	fd = put("log.zst", buf_view(&l.bytes));
	assert_int_equal(frame_file_open(fd, &a, &f, NULL), ERR_OK);
	assert_int_equal(frame_file_grams(&f, &a, NULL), ERR_OK);
	assert_int_equal(f.frames[1].grams.len, 0);
	assert_int_equal(frame_file_may_contain(&f, STR("nowhere"), &a, &may, NULL), ERR_OK);
	assert_true(may[0] && may[1]);
}

static void a_log_without_frames_can_be_sealed(void **state)
{
	struct frame_file f;
	AUTO_ARENA a;
	AUTO_BUF bytes;
	AUTO_FD fd;
	(void)state;

	arena_init(&a);
	buf_init(&bytes, 1000);
	assert_int_equal(frame_seal(NULL, NULL, 0, &bytes, NULL), ERR_OK);
	fd = put("empty.zst", buf_view(&bytes));
	assert_int_equal(frame_file_open(fd, &a, &f, NULL), ERR_OK);
	assert_int_equal(f.n, 0);
	assert_int_equal(frame_file_grams(&f, &a, NULL), ERR_OK);
}

static uint32_t u32_at(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* By the format's own document, and not by our reader. */
static void the_seek_table_leads_to_each_frame(void **state)
{
	size_t table_at, zstd_at = 0, text_at = 0;
	AUTO_LOG l;
	(void)state;

	log_init(&l);
	assert_int_equal(frame_seal(l.frames, l.checksums, FRAMES, &l.bytes, NULL), ERR_OK);

	const char *end = l.bytes.p + l.bytes.len;
	assert_int_equal(u32_at(end - 4), 0x8F92EAB1);
	assert_int_equal((uint8_t)end[-5], 0x80);
	assert_int_equal(u32_at(end - 9), FRAMES + 1); /* the skippable one is one of them */
	table_at = l.bytes.len - 9 - 12 * (FRAMES + 1);
	assert_int_equal(u32_at(l.bytes.p + table_at - 4), 12 * (FRAMES + 1) + 9);
	assert_int_equal(u32_at(l.bytes.p + table_at - 8), 0x184D2A5E);
	for (size_t i = 0; i < FRAMES; i++) {
		const char *row = l.bytes.p + table_at + 12 * i;
		struct frame f = { .zstd_len = u32_at(row), .text_len = u32_at(row + 4) };
		AUTO_BUF out;

		buf_init(&out, FILE_MAX);
		assert_int_equal(
			frame_text(&f, (struct str){ l.bytes.p + zstd_at, f.zstd_len }, &out, NULL), ERR_OK);
		assert_memory_equal(out.p, l.text.p + text_at, out.len);
		assert_int_equal(u32_at(row + 8), u32_at(l.bytes.p + zstd_at + f.zstd_len - 4));
		zstd_at += f.zstd_len;
		text_at += f.text_len;
	}
	assert_int_equal(text_at, l.text.len);
	assert_int_equal(u32_at(l.bytes.p + zstd_at), 0x184D2A50);
	assert_int_equal(u32_at(l.bytes.p + table_at + 12 * FRAMES) + zstd_at, table_at - 8);
	assert_int_equal(u32_at(l.bytes.p + table_at + 12 * FRAMES + 4), 0);
	/* Low half of the XXH64 of nothing, seed 0: EF46DB37 51D8E999. */
	assert_int_equal(u32_at(l.bytes.p + table_at + 12 * FRAMES + 8), 0x51D8E999);
}

static void run_zstd(const char *from, const char *to)
{
	const char *argv[] = { "zstd", "-q", "-d", from, "-o", to, NULL };
	int status;
	pid_t pid;

	assert_int_equal(posix_spawn(&pid, ZSTD, NULL, NULL, (char **)argv, environ), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void zstd_reads_a_sealed_log(void **state)
{
	AUTO_BUF text;
	AUTO_LOG l;
	(void)state;

	if (access(ZSTD, X_OK) != 0) {
		print_message("SKIP: zstd is not installed (tools/deps check)\n");
		skip();
	}
	log_init(&l);
	buf_init(&text, FILE_MAX);
	assert_int_equal(frame_seal(l.frames, l.checksums, FRAMES, &l.bytes, NULL), ERR_OK);
	place_put("log.zst", buf_view(&l.bytes));
	run_zstd("log.zst", "log");
	place_get("log", &text);
	assert_true(str_eq(buf_view(&text), buf_view(&l.text)));
}

/* ---- damage to it ---- */

static int n_wrong;
static size_t wrong_frame;

static void count_wrong(void *arg, size_t frame, const char *what)
{
	(void)arg;
	assert_true(strlen(what) > 10);
	n_wrong++;
	wrong_frame = frame;
}

/* How many things are wrong; -1: it cannot be opened. */
static int verify(struct str bytes)
{
	struct frame_file f;
	AUTO_ARENA a;
	AUTO_FD fd = put("damaged.zst", bytes);

	arena_init(&a);
	n_wrong = 0;
	if (frame_file_open(fd, &a, &f, NULL) != ERR_OK)
		return -1;
	assert_int_equal(frame_file_verify(&f, count_wrong, NULL, NULL), ERR_OK);
	return n_wrong;
}

static void assert_same_log(struct str bytes, const struct log *l)
{
	struct frame_file f;
	AUTO_ARENA a;
	AUTO_BUF text;
	AUTO_FD fd = put("damaged.zst", bytes);

	arena_init(&a);
	buf_init(&text, FILE_MAX);
	assert_int_equal(frame_file_open(fd, &a, &f, NULL), ERR_OK);
	assert_int_equal(frame_file_grams(&f, &a, NULL), ERR_OK);
	assert_int_equal(f.n, FRAMES);
	for (size_t i = 0; i < f.n; i++) {
		AUTO_BUF zstd;

		buf_init(&zstd, FILE_MAX);
		assert_same_frame(&f.frames[i], &l->frames[i], true);
		assert_int_equal(frame_file_read(&f, i, &zstd, NULL), ERR_OK);
		assert_int_equal(frame_text(&f.frames[i], buf_view(&zstd), &text, NULL), ERR_OK);
	}
	assert_true(str_eq(buf_view(&text), buf_view(&l->text)));
}

static void every_damage_to_a_sealed_log_is_noticed(void **state)
{
	const size_t step = 1009; /* a prime, so that all kinds of places come */
	AUTO_LOG l;
	(void)state;

	log_init(&l);
	assert_int_equal(frame_seal(l.frames, l.checksums, FRAMES, &l.bytes, NULL), ERR_OK);
	assert_int_equal(verify(buf_view(&l.bytes)), 0);
	for (size_t i = 0; i < l.bytes.len; i += i + 1000 < l.bytes.len ? step : 13) {
		l.bytes.p[i] ^= 0x04;
		/* Some bits of a zstd frame mean nothing. */
		if (verify(buf_view(&l.bytes)) == 0)
			assert_same_log(buf_view(&l.bytes), &l);
		l.bytes.p[i] ^= 0x04;
	}
	for (size_t len = 0; len < l.bytes.len; len += step)
		assert_int_equal(verify((struct str){ l.bytes.p, len }), -1);
}

static void what_is_wrong_is_said_of_its_frame(void **state)
{
	AUTO_LOG l;
	(void)state;

	log_init(&l);
	l.frames[7].n_line_ends--;
	l.frames[8].line_at--;
	l.frames[7].has_escapes = true;
	l.frames[7].grams = l.frames[6].grams;
	l.checksums[7]++;
	for (size_t i = 9; i < FRAMES; i++)
		l.frames[i].line_at--;
	assert_int_equal(frame_seal(l.frames, l.checksums, FRAMES, &l.bytes, NULL), ERR_OK);
	assert_int_equal(verify(buf_view(&l.bytes)), 4);
	assert_int_equal(wrong_frame, 7);
}

static void what_does_not_follow_cannot_be_sealed(void **state)
{
	struct err e;
	AUTO_BUF out;
	AUTO_LOG l;
	(void)state;

	log_init(&l);
	buf_init(&out, FILE_MAX);
	assert_int_equal(frame_seal(l.frames + 1, l.checksums + 1, 3, &out, &e), ERR_STORAGE);
	l.frames[2].text_at++;
	assert_int_equal(frame_seal(l.frames, l.checksums, 4, &out, &e), ERR_STORAGE);
	assert_int_equal(out.len, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_knows_its_lines_and_escapes),
		cmocka_unit_test(a_text_over_the_limit_is_no_frame),
		cmocka_unit_test(a_frame_that_is_not_what_its_entry_says_is_damage),
		cmocka_unit_test(what_is_there_may_be_there),
		cmocka_unit_test(what_is_anywhere_in_a_long_text_may_be_there),
		cmocka_unit_test(what_is_not_there_is_passed_by),
		cmocka_unit_test(case_does_not_matter),
		cmocka_unit_test(a_needle_may_lie_on_both_sides_of_an_escape),
		cmocka_unit_test(what_is_not_known_may_be_there),
		cmocka_unit_test(a_line_has_the_time_of_the_last_mark_before_it),
		cmocka_unit_test(times_that_are_damaged_end_where_they_make_no_sense),
		cmocka_unit_test(a_line_is_found_in_the_frame_it_begins_in),
		cmocka_unit_test(pieces_of_an_index_join),
		cmocka_unit_test(frames_without_bitmaps_stay_without),
		cmocka_unit_test(every_damage_to_an_index_is_noticed),
		cmocka_unit_test(entries_that_do_not_follow_on_each_other_are_damage),
		cmocka_unit_test_setup_teardown(a_sealed_log_is_read_back, place_make, place_remove),
		cmocka_unit_test_setup_teardown(
			a_search_asks_a_sealed_log_as_it_asks_its_frames, place_make, place_remove),
		cmocka_unit_test_setup_teardown(
			a_short_log_is_sealed_without_bitmaps, place_make, place_remove),
		cmocka_unit_test_setup_teardown(a_log_without_frames_can_be_sealed, place_make, place_remove),
		cmocka_unit_test(the_seek_table_leads_to_each_frame),
		cmocka_unit_test_setup_teardown(zstd_reads_a_sealed_log, place_make, place_remove),
		cmocka_unit_test_setup_teardown(
			every_damage_to_a_sealed_log_is_noticed, place_make, place_remove),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_said_of_its_frame, place_make, place_remove),
		cmocka_unit_test(what_does_not_follow_cannot_be_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
