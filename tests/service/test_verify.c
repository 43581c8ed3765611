/* Stored text that is damaged in every way that can be thought of is found, and mended without losing what is sound. */
#include "tests/test.h"

#include "base/file.h"
#include "service/log_view.h"
#include "service/verify.h"
#include "tests/service/streaming.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct verify_sum sum;
static struct buf told; /* all lines of the last look */

static void tell(void *arg, enum verify_kind kind, const char *of, int64_t id, const char *what)
{
	static const char *const names[] = { "wrong", "mended", "left" };

	(void)arg;
	buf_fmt(&told, "%s %lld %s: %s\n", of, (long long)id, names[kind], what);
}

static void look(bool mend)
{
	struct err e = { 0 };

	buf_reset(&told);
	if (verify_all(fx.store, mend, NOW + 5, tell, NULL, &sum, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void all_is_well(void)
{
	look(false);
	if (sum.n_wrong > 0)
		fail_msg("%s", buf_cstr(&told));
}

static void is_wrong(const char *with)
{
	look(false);
	assert_int_equal(sum.n_wrong, 1);
	if (!strstr(buf_cstr(&told), with))
		fail_msg("no \"%s\" in: %s", with, buf_cstr(&told));
}

static void is_mended(const char *with)
{
	look(true);
	if (sum.n_mended != 1 || !strstr(buf_cstr(&told), with))
		fail_msg("no \"%s\" in: %s", with, buf_cstr(&told));
	all_is_well();
}

static int up(void **state)
{
	buf_init(&told, SIZE_MAX);
	return streaming_up(state);
}

static int down(void **state)
{
	buf_done(&told);
	return streaming_down(state);
}

/* ---- doing damage ---- */

static void run_sql(const char *sql)
{
	const struct db_options o = { .where = arena_fmt(&fx.arena, "%s/sluice.db", fx.folder).p,
		.busy_ms = 5000 };
	struct db *db = NULL;
	struct err e = { 0 };

	if (db_open(&db_sqlite, &o, &db, &e) != ERR_OK || db_run(db, sql, NULL, 0, NULL, &e) != ERR_OK)
		fail_msg("%s", e.text);
	db_close(db);
}

static struct str file_of(const char *path)
{
	struct err e = { 0 };
	struct str bytes;
	AUTO_BUF b;

	buf_init(&b, SIZE_MAX);
	if (file_read(path, SIZE_MAX, &b, &e) != ERR_OK)
		fail_msg("%s", e.text);
	bytes = arena_str(&fx.arena, buf_view(&b));
	return bytes;
}

static void write_file(const char *path, struct str bytes)
{
	struct err e = { 0 };

	assert_int_equal(file_write_atomic(path, bytes, 0600, &e), ERR_OK);
}

/* One byte is another. */
static void flip(const char *path, int64_t at)
{
	int fd = open(path, O_RDWR);
	char c = 0;

	assert_true(fd >= 0 && pread(fd, &c, 1, at) == 1);
	c = (char)(c ^ 0x55);
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

/* ---- looking ---- */

static struct frame *frames_of(int64_t step_id, size_t *ret_n)
{
	struct err e = { 0 };
	struct frame *frames;
	AUTO_LOG_VIEW v = { 0 };

	if (log_view_open(fx.store, step_id, false, &fx.arena, &v, &e) != ERR_OK)
		fail_msg("%s", e.text);
	frames = v.frames;
	*ret_n = v.n;
	return frames;
}

/* The text of the frames from i on. */
static struct str text_from(struct str text, const struct frame *frames, size_t i)
{
	return str_from(text, (size_t)frames[i].text_at);
}

static struct str joined(struct str a, const char *line, struct str b)
{
	struct str all;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	buf_str(&out, a);
	buf_z(&out, line);
	buf_str(&out, b);
	all = arena_str(&fx.arena, buf_view(&out));
	return all;
}

static void has_text(int64_t step_id, struct str want)
{
	struct str text = streamed_text(step_id);

	assert_int_equal(text.len, want.len);
	assert_memory_equal(text.p, want.p, want.len);
}

/* Seven frames, sealed, and the streams are over. */
static int64_t a_sealed_log(struct str *ret_text)
{
	int64_t id;

	*ret_text = streamed_lines(1700000);
	id = streamed_log("build", "1", *ret_text, CONCLUSION_FAILURE);
	streaming_stop();
	return id;
}

/* ---- sound ---- */

static void what_is_sound_is_well_in_every_state(void **state)
{
	int64_t open;
	(void)state;

	post_text("posted", "some text of a log");
	streamed_log("short", "1", STR("one\ntwo\nno end"), CONCLUSION_FAILURE);
	streamed_log("empty", "1", STR(""), CONCLUSION_SUCCESS);
	streamed_log("long", "1", streamed_lines(3000000), CONCLUSION_FAILURE);
	open = stream_of_run("open", "1");
	append_text(open, 0, streamed_lines(300000));
	all_is_well();
	assert_int_equal(sum.n_logs, 4);
	assert_int_equal(sum.n_tails, 1);
	assert_int_equal(sum.n_ended, 0);
	assert_int_equal(sum.n_strays, 0);
	assert_true(sum.bytes > 1000000);
	look(true);
	assert_int_equal(told.len, 0);
}

static void a_log_over_its_limit_is_well_with_its_gap(void **state)
{
	int64_t id;
	(void)state;

	fx.cfg->step_bytes = 500000;
	id = stream_of_run("long", "1");
	for (int64_t at = 0; at < 2000000; at += 100000)
		append_text(id, at, streamed_lines(100000));
	all_is_well();
	end_stream(id, CONCLUSION_FAILURE);
	assert_true(streamed_row(id).gap_bytes > 0);
	all_is_well();
}

/* ---- sealed files ---- */

static void a_damaged_frame_becomes_a_line_and_all_others_stay(void **state)
{
	struct str text;
	int64_t id = a_sealed_log(&text);
	char line[100];
	struct frame *f, *now;
	size_t n = 0, n_now = 0;
	(void)state;

	f = frames_of(id, &n);
	assert_true(n > 4);
	flip(streamed_path(id, true), f[2].file_at + 500);
	is_wrong("frame 2: ");
	is_mended("1 pieces of it were lost");
	snprintf(line, sizeof line, "[sluice: %u lines were lost here: the stored frame was damaged]\n",
		f[2].n_line_ends);
	has_text(id, joined((struct str){ text.p, (size_t)f[2].text_at }, line, text_from(text, f, 3)));
	now = frames_of(id, &n_now);
	assert_int_equal(n_now, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(now[i].line_at, f[i].line_at);
	assert_true(frame_time_of(&now[3], 0) == frame_time_of(&f[3], 0));
	assert_int_equal(streamed_row(id).file_bytes, streamed_row(id).stored_bytes);
}

static void first_and_last_frame_and_two_in_a_row_may_be_lost_too(void **state)
{
	struct str text;
	int64_t id = a_sealed_log(&text);
	struct frame *f;
	size_t n = 0;
	char first[100], last[100];
	(void)state;

	f = frames_of(id, &n);
	flip(streamed_path(id, true), f[0].file_at + 100);
	flip(streamed_path(id, true), f[1].file_at + 100);
	flip(streamed_path(id, true), f[n - 1].file_at + 100);
	is_mended("2 pieces of it were lost");
	snprintf(first, sizeof first, "[sluice: %u lines were lost here: the stored frame was damaged]\n",
		f[0].n_line_ends + f[1].n_line_ends);
	snprintf(last, sizeof last, "[sluice: %u lines were lost here: the stored frame was damaged]\n",
		f[n - 1].n_line_ends);
	has_text(id, joined(joined(STR(""), first,
				    (struct str){ text.p + f[2].text_at,
					    (size_t)(f[n - 1].text_at - f[2].text_at) }),
			     last, STR("")));
}

static void of_one_long_line_only_the_damaged_part_is_lost(void **state)
{
	size_t len = 1000000, n = 0;
	char *line = arena_alloc(&fx.arena, len);
	struct frame *f;
	int64_t id;
	(void)state;

	memset(line, 'x', len);
	memcpy(line, "begin\n", 6);
	memcpy(line + len - 5, "\nend\n", 5);
	id = streamed_log("build", "1", (struct str){ line, len }, CONCLUSION_FAILURE);
	streaming_stop();
	f = frames_of(id, &n);
	assert_true(n >= 4 && f[2].in_line && f[2].unended);
	flip(streamed_path(id, true), f[2].file_at + f[2].zstd_len / 2);
	is_mended("1 pieces of it were lost");
	has_text(id, joined((struct str){ line, (size_t)f[2].text_at },
			     "[sluice: a part of this line was lost here: the stored frame was damaged]",
			     text_from((struct str){ line, len }, f, 3)));
	assert_int_equal(streamed_row(id).n_line_ends, 3);
}

static void without_its_seek_table_a_file_becomes_what_it_was(void **state)
{
	struct str text, was;
	int64_t id = a_sealed_log(&text);
	const char *path = streamed_path(id, true);
	(void)state;

	was = file_of(path);
	flip(path, (int64_t)was.len - 1);
	is_wrong("seek table");
	is_mended("its index was made anew");
	assert_true(str_eq(file_of(path), was));
	assert_int_equal(truncate(path, (off_t)was.len - 30), 0);
	is_mended("its index was made anew");
	assert_true(str_eq(file_of(path), was));
}

static void without_its_index_a_file_is_made_anew_from_its_frames(void **state)
{
	struct str text, was;
	int64_t id = a_sealed_log(&text);
	const char *path = streamed_path(id, true);
	struct frame *f, *now;
	size_t n = 0, n_now = 0;
	(void)state;

	was = file_of(path);
	f = frames_of(id, &n);
	flip(path, f[n - 1].file_at + f[n - 1].zstd_len + 30);
	is_mended("its index was made anew");
	has_text(id, text);
	now = frames_of(id, &n_now);
	assert_int_equal(n_now, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(now[i].line_at, f[i].line_at);
		assert_int_equal(now[i].levels, f[i].levels);
		assert_int_equal(now[i].group_line, f[i].group_line);
	}
	assert_true(str_starts(
		file_of(path), (struct str){ was.p, (size_t)(f[n - 1].file_at + f[n - 1].zstd_len) }));
}

static void a_file_that_was_cut_off_keeps_what_there_is_and_counts_what_is_missing(void **state)
{
	struct str text;
	int64_t id = a_sealed_log(&text);
	struct frame *f;
	size_t n = 0;
	char line[100];
	(void)state;

	f = frames_of(id, &n);
	assert_int_equal(truncate(streamed_path(id, true), (off_t)(f[3].file_at + 1000)), 0);
	is_mended("1 pieces of it were lost");
	snprintf(line, sizeof line, "[sluice: %lld lines were lost here: the stored frame was damaged]\n",
		(long long)(f[n - 1].line_at + f[n - 1].n_line_ends - f[3].line_at));
	has_text(id, joined((struct str){ text.p, (size_t)f[3].text_at }, line, STR("")));
}

static void without_index_and_a_frame_the_lines_behind_keep_their_numbers(void **state)
{
	struct str text;
	int64_t id = a_sealed_log(&text);
	struct frame *f, *now;
	size_t n = 0, n_now = 0;
	(void)state;

	f = frames_of(id, &n);
	flip(streamed_path(id, true), f[1].file_at + 50);
	flip(streamed_path(id, true), f[n - 1].file_at + f[n - 1].zstd_len + 30);
	is_mended("1 pieces of it were lost");
	now = frames_of(id, &n_now);
	assert_int_equal(n_now, n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(now[i].line_at, f[i].line_at);
}

static void a_file_that_is_missing_or_rubbish_is_a_text_that_has_expired(void **state)
{
	struct str text;
	int64_t gone = streamed_log("gone", "1", STR("x\n"), CONCLUSION_FAILURE), rubbish;
	(void)state;

	rubbish = a_sealed_log(&text);
	assert_int_equal(unlink(streamed_path(gone, true)), 0);
	is_wrong("its file is missing");
	is_mended("counts as expired");
	assert_int_equal(streamed_row(gone).log_expired_at, NOW + 5);
	assert_int_equal(streamed_row(gone).conclusion, CONCLUSION_FAILURE);
	write_file(streamed_path(rubbish, true), STR("this is no log, and never was"));
	is_mended("counts as expired");
	assert_int_equal(streamed_row(rubbish).state, LOG_NONE);
	assert_false(file_exists(streamed_path(rubbish, true)));
}

static void rows_that_differ_from_a_sound_file_are_put_right(void **state)
{
	static const char *const wrong[] = { "UPDATE log SET file_bytes = file_bytes + 1",
		"UPDATE log SET text_bytes = text_bytes - 7", "UPDATE log SET n_line_ends = 3",
		"UPDATE step SET stored_bytes = 5" };
	struct str text, was;
	int64_t id = a_sealed_log(&text);
	struct log l = streamed_row(id);
	(void)state;

	was = file_of(streamed_path(id, true));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		run_sql(wrong[i]);
		is_wrong("");
		is_mended("the database says now");
		assert_int_equal(streamed_row(id).file_bytes, l.file_bytes);
		assert_int_equal(streamed_row(id).text_bytes, l.text_bytes);
		assert_int_equal(streamed_row(id).n_line_ends, l.n_line_ends);
		assert_int_equal(streamed_row(id).stored_bytes, l.stored_bytes);
	}
	assert_true(str_eq(file_of(streamed_path(id, true)), was));
}

/* What is left is the lines there were, in order, with lines of ours between them. */
static void is_what_is_left_of(struct str left, struct str text)
{
	while (left.len > 0) {
		struct str line = { left.p, str_find(left, '\n') };

		left = str_from(left, line.len + 1);
		if (str_find_str(line, STR("[sluice:")) < line.len)
			continue;
		while (text.len > 0 && !str_eq((struct str){ text.p, str_find(text, '\n') }, line))
			text = str_from(text, str_find(text, '\n') + 1);
		assert_true(text.len > 0);
		text = str_from(text, line.len + 1);
	}
}

static void whatever_bytes_are_damaged_what_is_left_is_of_the_log_and_well(void **state)
{
	struct str text, was;
	int64_t id = a_sealed_log(&text);
	const char *path = streamed_path(id, true);
	uint32_t seed = 5;
	size_t n_left = 0;
	(void)state;

	was = file_of(path);
	for (int round = 0; round < 60; round++) {
		char *bytes = arena_alloc(&fx.arena, was.len);
		size_t len = was.len;

		memcpy(bytes, was.p, was.len);
		for (int i = 0; i <= round % 4; i++) {
			seed = seed * 1664525u + 1013904223u;
			/* Half of them in the last few kilobytes, where index and seek table are. */
			size_t from = i % 2 ? was.len - 20000 : 0;

			bytes[from + seed % (was.len - from)] ^= (char)(1 + (seed >> 24) % 255);
		}
		if (round % 7 == 6)
			len -= seed % 30000;
		write_file(path, (struct str){ bytes, len });
		look(true);
		if (sum.n_wrong != sum.n_mended)
			fail_msg("round %d: %s", round, buf_cstr(&told));
		all_is_well();
		if (streamed_row(id).state == LOG_NONE)
			break;
		is_what_is_left_of(streamed_text(id), text);
		n_left++;
		/* As it was, for the next round. */
		write_file(path, was);
		look(true);
		all_is_well();
		has_text(id, text);
	}
	assert_int_equal(n_left, 60);
}

/* ---- open logs ---- */

/* Of which a part is in the file: so many bytes of text, with the streams stopped. */
static int64_t an_open_log(struct str *ret_text)
{
	int64_t id = stream_of_run("build", "1");
	struct log l;

	*ret_text = streamed_lines(9000000);
	for (size_t at = 0; at < ret_text->len; at += 1000000)
		append_text(id, (int64_t)at, (struct str){ ret_text->p + at, 1000000 });
	streaming_stop(); /* what the keeper has to do is done */
	l = streamed_row(id);
	assert_int_equal(l.state, LOG_OPEN);
	assert_true(l.file_bytes > 0 && l.text_bytes > 0);
	return id;
}

static void a_damaged_chunk_of_an_open_log_becomes_a_line_and_the_stream_goes_on(void **state)
{
	int64_t id = stream_of_run("build", "1");
	(void)state;

	for (int i = 0; i < 4; i++)
		append_text(id, 8 * i, STR("one\ntwo\n"));
	streaming_stop();
	run_sql("UPDATE chunk SET zstd = 'no frame' WHERE number = 1");
	is_wrong("chunk 1: ");
	is_mended("1 pieces of it were lost");
	has_text(id, STR("one\ntwo\n[sluice: 2 lines were lost here: the stored frame was damaged]\n"
			 "one\ntwo\none\ntwo\n"));
	streaming_start();
	append_text(id, 32, STR("three\n"));
	end_stream(id, CONCLUSION_FAILURE);
	all_is_well();
	has_text(id, STR("one\ntwo\n[sluice: 2 lines were lost here: the stored frame was damaged]\n"
			 "one\ntwo\none\ntwo\nthree\n"));
	assert_int_equal(streamed_row(id).n_line_ends, 9);
}

static void a_damaged_entry_of_a_chunk_is_made_anew(void **state)
{
	int64_t id = stream_of_run("build", "1");
	(void)state;

	for (int i = 0; i < 4; i++)
		append_text(id, 8 * i, STR("one\ntwo\n"));
	streaming_stop();
	run_sql("UPDATE chunk SET entry = 'no entry' WHERE number = 2");
	is_wrong("chunk 2: its entry is damaged");
	is_mended("its index was made anew");
	has_text(id, STR("one\ntwo\none\ntwo\none\ntwo\none\ntwo\n"));
	streaming_start();
	end_stream(id, CONCLUSION_FAILURE);
	all_is_well();
}

static void a_damaged_frame_of_an_open_log_leaves_its_file_and_the_stream_goes_on(void **state)
{
	struct str text;
	int64_t id = an_open_log(&text);
	struct frame *f;
	size_t n = 0;
	char line[100];
	struct str want;
	(void)state;

	f = frames_of(id, &n);
	flip(streamed_path(id, false), f[3].file_at + 200);
	is_wrong("frame 3: ");
	is_mended("1 pieces of it were lost");
	snprintf(line, sizeof line, "[sluice: %u lines were lost here: the stored frame was damaged]\n",
		f[3].n_line_ends);
	want = joined((struct str){ text.p, (size_t)f[3].text_at }, line, text_from(text, f, 4));
	has_text(id, want);
	assert_int_equal(streamed_row(id).n_line_ends, f[n - 1].line_at + f[n - 1].n_line_ends);
	streaming_start();
	append_text(id, (int64_t)text.len, STR("and on\n"));
	end_stream(id, CONCLUSION_FAILURE);
	all_is_well();
	has_text(id, joined(want, "and on\n", STR("")));
}

static void an_open_log_without_its_file_keeps_its_chunks(void **state)
{
	struct str text;
	int64_t id = an_open_log(&text);
	struct str left;
	(void)state;

	assert_int_equal(unlink(streamed_path(id, false)), 0);
	is_wrong("its file is missing");
	is_mended("1 pieces of it were lost");
	left = streamed_text(id);
	assert_true(str_starts(left, STR("[sluice: ")));
	assert_true(str_ends(text, str_from(left, str_find(left, '\n') + 1)));
	assert_int_equal(streamed_row(id).file_bytes, 0);
	streaming_start();
	append_text(id, (int64_t)text.len, STR("and on\n"));
	end_stream(id, CONCLUSION_FAILURE);
	all_is_well();
}

static void an_index_that_is_lost_from_the_rows_is_made_anew_from_the_file(void **state)
{
	struct str text;
	int64_t id = an_open_log(&text);
	struct frame *f, *now;
	size_t n = 0, n_now = 0;
	(void)state;

	f = frames_of(id, &n);
	run_sql("UPDATE part SET entries = 'nothing'");
	is_wrong("the index of its file is damaged");
	is_mended("its index was made anew");
	has_text(id, text);
	now = frames_of(id, &n_now);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(now[i].line_at, f[i].line_at);
	streaming_start();
	end_stream(id, CONCLUSION_FAILURE);
	all_is_well();
	has_text(id, text);
}

static void what_cannot_be_told_is_left_as_it_is(void **state)
{
	int64_t id = stream_of_run("build", "1");
	(void)state;

	append_text(id, 0, STR("one\n"));
	append_text(id, 4, STR("two\n"));
	streaming_stop();
	run_sql("UPDATE chunk SET entry = 'no entry', zstd = 'no frame' WHERE number = 0");
	look(true);
	assert_int_equal(sum.n_wrong, 1);
	assert_int_equal(sum.n_mended, 0);
	assert_non_null(strstr(buf_cstr(&told), "1 left: "));
	is_wrong("chunk 0");
	assert_int_equal(streamed_row(id).n_chunks, 2);
}

static void a_log_that_ended_and_was_not_sealed_is_no_fault_and_is_sealed(void **state)
{
	int64_t id = stream_of_run("build", "1");
	(void)state;

	append_text(id, 0, STR("one\ntwo\n"));
	streaming_stop();
	run_sql("UPDATE log SET state = 'ended'");
	all_is_well();
	assert_int_equal(sum.n_ended, 1);
	look(true);
	assert_int_equal(sum.n_ended, 0);
	assert_int_equal(streamed_row(id).state, LOG_SEALED);
	has_text(id, STR("one\ntwo\n"));
	all_is_well();
}

/* ---- tails, files ---- */

static void a_damaged_tail_is_told_and_expires(void **state)
{
	(void)state;
	post_text("a", "some text of a log");
	post_text("b", "some text of a log");
	run_sql("UPDATE tail SET zstd = 'not a frame at all' WHERE step_id = 1");
	is_wrong("its tail: ");
	is_mended("expired");
	assert_int_equal(sum.n_tails, 1);
	assert_int_equal(streamed_row(1).log_expired_at, NOW + 5);
	run_sql("UPDATE step SET stored_bytes = 1, n_bytes = 1 WHERE id = 2");
	is_wrong("its tail has 18 bytes of text, and the database says 1");
	is_mended("the database says now");
}

static void files_that_no_log_counts_are_no_fault_and_go_with_the_rest(void **state)
{
	struct str text;
	int64_t id = a_sealed_log(&text);
	(void)state;

	write_file(streamed_path(id, false), STR("left by a crash"));
	write_file(streamed_path(77, true), STR("of a repo that is gone"));
	all_is_well();
	assert_int_equal(sum.n_strays, 2);
	assert_true(file_exists(streamed_path(77, true)));
	look(true);
	assert_int_equal(sum.n_strays, 2);
	assert_false(file_exists(streamed_path(77, true)) || file_exists(streamed_path(id, false)));
	has_text(id, text);
}

static void a_run_of_which_something_wrong_is_kept_is_told_and_counted_again(void **state)
{
	(void)state;
	post_text("a", "some text of a log");
	all_is_well();
	assert_int_equal(sum.n_runs, 1);
	run_sql("UPDATE run SET n_failed = 4");
	is_wrong("run 1 wrong: the database keeps 1 steps of it, 4 failed, and it has 1, ");
	is_mended("run 1 mended: its steps were counted again");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_sound_is_well_in_every_state),
		TEST(a_log_over_its_limit_is_well_with_its_gap),
		TEST(a_damaged_frame_becomes_a_line_and_all_others_stay),
		TEST(first_and_last_frame_and_two_in_a_row_may_be_lost_too),
		TEST(of_one_long_line_only_the_damaged_part_is_lost),
		TEST(without_its_seek_table_a_file_becomes_what_it_was),
		TEST(without_its_index_a_file_is_made_anew_from_its_frames),
		TEST(a_file_that_was_cut_off_keeps_what_there_is_and_counts_what_is_missing),
		TEST(without_index_and_a_frame_the_lines_behind_keep_their_numbers),
		TEST(a_file_that_is_missing_or_rubbish_is_a_text_that_has_expired),
		TEST(rows_that_differ_from_a_sound_file_are_put_right),
		TEST(whatever_bytes_are_damaged_what_is_left_is_of_the_log_and_well),
		TEST(a_damaged_chunk_of_an_open_log_becomes_a_line_and_the_stream_goes_on),
		TEST(a_damaged_entry_of_a_chunk_is_made_anew),
		TEST(a_damaged_frame_of_an_open_log_leaves_its_file_and_the_stream_goes_on),
		TEST(an_open_log_without_its_file_keeps_its_chunks),
		TEST(an_index_that_is_lost_from_the_rows_is_made_anew_from_the_file),
		TEST(what_cannot_be_told_is_left_as_it_is),
		TEST(a_log_that_ended_and_was_not_sealed_is_no_fault_and_is_sealed),
		TEST(a_damaged_tail_is_told_and_expires),
		TEST(files_that_no_log_counts_are_no_fault_and_go_with_the_rest),
		TEST(a_run_of_which_something_wrong_is_kept_is_told_and_counted_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
