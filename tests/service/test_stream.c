/* Streams from the first byte to the sealed file, with restarts, silences and limits in between. */
#include "tests/test.h"

#include "service/log_view.h"
#include "service/stream.h"
#include "store/log_file.h"
#include "tests/service/fixture.h"
#include "text/flow.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct streams *streams;
static struct config_box *box;

/* A clock that stands still until it is told to go on. */
static atomic_llong steady_now;

static int64_t wall_of(void *arg)
{
	(void)arg;
	return NOW;
}

static int64_t steady_of(void *arg)
{
	(void)arg;
	return atomic_load(&steady_now);
}

/* Time passes, and the keeper looks. */
static void pass(int64_t ms)
{
	streams_give_up_silent(streams, atomic_fetch_add(&steady_now, ms) + ms);
}

static const struct clock still = { wall_of, steady_of, NULL };

static void start_streams(void)
{
	struct err e = { 0 };

	if (streams_start(fx.store, box, &still, NULL, &streams, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static int up(void **state)
{
	if (fixture_up(state) != 0)
		return -1;
	atomic_store(&steady_now, 1000000);
	box = config_box_new(fixture_config());
	start_streams();
	return 0;
}

static int down(void **state)
{
	streams_stop(streams);
	config_box_free(box);
	return fixture_down(state);
}

/* All that is in memory is forgotten, as after a crash. */
static void restart(void)
{
	struct store_options o = { .data = fx.folder };
	struct err e;

	streams_stop(streams);
	store_close(fx.store);
	assert_int_equal(store_open(&o, &fx.store, &e), ERR_OK);
	start_streams();
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t told;
	bool done;
	struct err result;
};

static void tell(void *arg, const struct err *result)
{
	struct waiter *w = arg;

	pthread_mutex_lock(&w->lock);
	w->done = true;
	w->result = *result;
	pthread_cond_signal(&w->told);
	pthread_mutex_unlock(&w->lock);
}

static enum err_code wait_for(struct waiter *w, enum err_code code)
{
	if (code != ERR_OK)
		return code;
	pthread_mutex_lock(&w->lock);
	while (!w->done)
		pthread_cond_wait(&w->told, &w->lock);
	pthread_mutex_unlock(&w->lock);
	return w->result.code;
}

#define CALL(w, place)                                                                                       \
	{                                                                                                    \
		.done = tell, .arg = &(w), .place = &(place), .now = NOW                                     \
	}
#define WAITER                                                                                               \
	{                                                                                                    \
		.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER                          \
	}

static struct stream_place place; /* of the last call */
static struct err last;

static enum err_code open_step(const char *name)
{
	struct waiter w = WAITER;
	struct stream_call call = CALL(w, place);
	struct ingest_post p = a_post(name, STR(""));

	return wait_for(&w, stream_open(streams, fx.cfg, fx.repo.id, &p.facts, &call, &last));
}

static enum err_code append(int64_t step_id, int64_t offset, struct str bytes)
{
	struct waiter w = WAITER;
	struct stream_call call = CALL(w, place);

	return wait_for(&w, stream_append(streams, fx.cfg, 0, step_id, offset, bytes, &call, &last));
}

static enum err_code finish_as(int64_t repo_id, int64_t step_id, const struct stream_end *end)
{
	struct waiter w = WAITER;
	struct stream_call call = CALL(w, place);

	return wait_for(&w, stream_finish(streams, fx.cfg, repo_id, step_id, end, &call, &last));
}

static enum err_code finish(int64_t step_id, enum conclusion conclusion, int64_t bytes)
{
	struct stream_end end = { .step = { .conclusion = conclusion, .duration_ms = 5 }, .bytes = bytes };

	return finish_as(0, step_id, &end);
}

static int64_t a_step(const char *name)
{
	assert_int_equal(open_step(name), ERR_OK);
	assert_true(place.step_id > 0);
	return place.step_id;
}

/* All text of a step's log; free() it. */
static char *text_of(int64_t step_id)
{
	struct err e = { 0 };
	struct buf out;
	AUTO_ARENA a;
	AUTO_LOG_VIEW v = { 0 };

	arena_init(&a);
	buf_init(&out, SIZE_MAX);
	if (log_view_open(fx.store, step_id, true, &a, &v, &e) != ERR_OK)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < v.n; i++)
		if (log_view_text(&v, i, &out, &e) != ERR_OK)
			fail_msg("%s", e.text);
	assert_int_equal(out.len, v.text_bytes);
	return buf_take(&out);
}

static void has_text(int64_t step_id, const char *want)
{
	char *text = text_of(step_id);

	assert_string_equal(text, want);
	free(text);
}

static struct log log_of(int64_t step_id)
{
	struct db *db = NULL;
	struct log l;
	struct err e;

	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	assert_int_equal(logs_get(db, &fx.arena, step_id, &l, &e), ERR_OK);
	store_reader_put(fx.store, db);
	return l;
}

/* ---- */

static void what_was_sent_is_read_back_while_it_grows_and_when_it_is_sealed(void **state)
{
	int64_t id = a_step("build");
	(void)state;

	assert_true(place.is_new);
	assert_int_equal(place.offset, 0);
	assert_int_equal(append(id, 0, STR("one\ntwo\nthr")), ERR_OK);
	assert_int_equal(place.offset, 8); /* the line that has not ended is held back */
	has_text(id, "one\ntwo\n");
	assert_int_equal(append(id, 11, STR("ee\n")), ERR_OK);
	assert_int_equal(place.offset, 14);
	has_text(id, "one\ntwo\nthree\n");
	assert_int_equal(append(id, 14, STR("no end")), ERR_OK);
	assert_int_equal(append(id, 14, STR("")), ERR_OK); /* a heartbeat */
	assert_int_equal(finish(id, CONCLUSION_FAILURE, 20), ERR_OK);
	assert_int_equal(place.offset, 20);
	has_text(id, "one\ntwo\nthree\nno end");
	assert_int_equal(log_of(id).state, LOG_SEALED);
	assert_int_equal(log_of(id).conclusion, CONCLUSION_FAILURE);
	assert_false(log_file_exists(fx.store, id, false));
	assert_true(log_file_exists(fx.store, id, true));
}

static void opening_again_finds_the_step_and_tells_its_offset(void **state)
{
	int64_t id = a_step("build");
	(void)state;

	assert_int_equal(append(id, 0, STR("one\n")), ERR_OK);
	assert_int_equal(open_step("build"), ERR_OK);
	assert_int_equal(place.step_id, id);
	assert_false(place.is_new);
	assert_int_equal(place.offset, 4);
	assert_int_equal(place.state, LOG_OPEN);
	assert_int_equal(finish(id, CONCLUSION_SUCCESS, -1), ERR_OK);
	assert_int_equal(open_step("build"), ERR_OK);
	assert_int_equal(place.state, LOG_SEALED);
}

static void a_wrong_offset_is_told_the_right_one_and_changes_nothing(void **state)
{
	int64_t id = a_step("build");
	(void)state;

	assert_int_equal(append(id, 0, STR("one\ntw")), ERR_OK);
	assert_int_equal(append(id, 7, STR("x\n")), ERR_CONFLICT);
	assert_int_equal(place.offset, 4);
	assert_int_equal(append(id, 0, STR("one\ntwo\n")), ERR_CONFLICT); /* the answer to this was lost */
	assert_int_equal(place.offset, 4);
	assert_int_equal(append(id, 4, STR("two\n")), ERR_OK);
	has_text(id, "one\ntwo\n");
}

static void bytes_that_come_after_the_end_are_refused_and_ending_again_is_fine(void **state)
{
	int64_t id = a_step("build");
	(void)state;

	assert_int_equal(append(id, 0, STR("one\n")), ERR_OK);
	assert_int_equal(finish(id, CONCLUSION_SUCCESS, 4), ERR_OK);
	assert_int_equal(finish(id, CONCLUSION_FAILURE, 4), ERR_OK);
	assert_int_equal(log_of(id).conclusion, CONCLUSION_SUCCESS);
	assert_int_equal(append(id, 4, STR("two\n")), ERR_CONFLICT);
	assert_int_equal(place.state, LOG_SEALED);
	has_text(id, "one\n");
}

static void ending_again_is_fine_also_where_the_text_was_not_kept(void **state)
{
	struct stream_end end = {
		.step = { .conclusion = CONCLUSION_SUCCESS, .duration_ms = 5 }, .bytes = 4, .drop = true
	};
	int64_t id = a_step("green");
	(void)state;

	assert_int_equal(append(id, 0, STR("one\n")), ERR_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(finish_as(fx.repo.id, id, &end), ERR_OK);
		assert_int_equal(place.step_id, id);
		assert_int_equal(place.offset, 4);
	}
	assert_int_equal(finish_as(fx.repo.id + 1, id, &end), ERR_NOT_FOUND);
	assert_int_equal(append(id, 4, STR("two\n")), ERR_GONE);
	assert_int_equal(log_of(id).log_expired_at, NOW);
}

static void a_restart_asks_for_what_was_held_back(void **state)
{
	int64_t id = a_step("build");
	(void)state;

	assert_int_equal(append(id, 0, STR("one\ntwo")), ERR_OK);
	restart();
	assert_int_equal(finish(id, CONCLUSION_FAILURE, 7), ERR_CONFLICT);
	assert_int_equal(place.offset, 4);
	assert_int_equal(append(id, 7, STR("x")), ERR_CONFLICT);
	assert_int_equal(append(id, 4, STR("two")), ERR_OK);
	assert_int_equal(finish(id, CONCLUSION_FAILURE, 7), ERR_OK);
	has_text(id, "one\ntwo");
}

static void an_empty_log_is_a_log(void **state)
{
	int64_t id = a_step("quiet");
	(void)state;

	assert_int_equal(append(id, 0, STR("")), ERR_OK); /* a heartbeat */
	has_text(id, "");
	assert_int_equal(finish(id, CONCLUSION_SUCCESS, 0), ERR_OK);
	assert_int_equal(log_of(id).state, LOG_SEALED);
	has_text(id, "");
}

static void a_step_that_was_never_opened_takes_no_bytes(void **state)
{
	(void)state;
	assert_int_equal(append(4711, 0, STR("x")), ERR_NOT_FOUND);
	post_text("posted", "a line");
	assert_int_equal(append(1, 0, STR("x")), ERR_NOT_FOUND);
}

static void a_token_of_another_repo_writes_nothing(void **state)
{
	int64_t id = a_step("build");
	struct waiter w = WAITER;
	struct stream_call call = CALL(w, place);
	(void)state;

	assert_int_equal(stream_append(streams, fx.cfg, fx.repo.id + 1, id, 0, STR("x\n"), &call, &last),
		ERR_NOT_FOUND);
	assert_int_equal(append(id, 0, STR("mine\n")), ERR_OK);
	has_text(id, "mine\n");
}

/* ---- a post and a stream of one step ---- */

static void a_stream_replaces_a_tail_and_a_post_leaves_a_stream_alone(void **state)
{
	struct ingest_post p = a_post("build", STR("the tail"));
	int64_t id;
	(void)state;

	post_text("build", "the tail");
	id = a_step("build");
	has_text(id, "");
	assert_int_equal(append(id, 0, STR("the whole\n")), ERR_OK);
	assert_int_equal(post_at(&p, NOW + 1), ERR_OK);
	has_text(id, "the whole\n");
	assert_int_equal(log_of(id).conclusion, CONCLUSION_RUNNING);
	assert_int_equal(finish(id, CONCLUSION_TIMED_OUT, -1), ERR_OK);
	assert_int_equal(post_at(&p, NOW + 2), ERR_OK);
	has_text(id, "the whole\n");
	assert_int_equal(log_of(id).conclusion, CONCLUSION_TIMED_OUT);
}

/* ---- any split ---- */

static void make_log(struct buf *b, size_t about)
{
	while (b->len < about) {
		switch (rand() % 12) {
		case 0:
			buf_z(b, "\xc3\xa9\xff\xfe bad bytes \0 here\r\n");
			break;
		case 1:
			for (int k = rand() % 200; k > 0; k--)
				buf_fmt(b, "\r%d %%", k);
			buf_char(b, '\n');
			break;
		case 2:
			buf_z(b, "\x1b[31merror: red\nstill red\x1b[0m and not\n");
			break;
		case 3:
			buf_z(b, "token ghp_0123456789abcdefghijABCDEFGHIJ012345 x\n");
			break;
		case 4:
			buf_z(b, "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n"
				 "-----END PRIVATE KEY-----\n");
			break;
		case 5:
			for (int k = rand() % 3000; k > 0; k--)
				buf_z(b, "long line ");
			buf_char(b, '\n');
			break;
		case 6:
			buf_z(b, "a: wait\nb: wait\n\x1b[2A\x1b[2Ka: done\r\x1b[2B");
			break;
		default:
			buf_fmt(b, "line %d of it, with some words\n", rand());
		}
	}
}

/* What the stream must become, from the bytes at once. */
static void flow_at_once(struct str raw, struct buf *out)
{
	struct flow *f = flow_new();
	struct mask_names *names = NULL;
	struct flow_taken t;

	buf_init(out, SIZE_MAX);
	flow_add(f, NULL, fx.cfg->mask, &names, raw, true, out, &t);
	assert_int_equal(t.used, raw.len);
	assert_int_equal(t.undo, 0);
	mask_names_unref(names);
	flow_free(f);
}

static void any_split_with_any_loss_gives_the_same_text(void **state)
{
	(void)state;
	srand(11);
	for (int round = 0; round < 12; round++) {
		char name[20], *text;
		struct buf raw, want;
		int64_t id, at = 0;

		buf_init(&raw, SIZE_MAX);
		make_log(&raw, (size_t)rand() % 300000);
		flow_at_once(buf_view(&raw), &want);
		snprintf(name, sizeof name, "round %d", round);
		id = a_step(name);
		while (at < (int64_t)raw.len) {
			size_t left = raw.len - (size_t)at,
			       n = (size_t)rand() % (rand() % 3 ? 400 : 70000) + 1;

			n = n < left ? n : left;
			assert_int_equal(append(id, at, (struct str){ raw.p + at, n }), ERR_OK);
			switch (rand() % 20) {
			case 0: /* the answer was lost: the same again */
				append(id, at, (struct str){ raw.p + at, n });
				at = place.offset;
				break;
			case 1:
				if (round % 3 == 0)
					restart();
				assert_int_equal(open_step(name), ERR_OK);
				at = place.offset;
				break;
			case 2:
				at = place.offset; /* what is held back again */
				break;
			default:
				at += (int64_t)n;
			}
		}
		assert_int_equal(finish(id, CONCLUSION_SUCCESS, (int64_t)raw.len), ERR_OK);
		text = text_of(id);
		assert_int_equal(strlen(text), want.len);
		assert_memory_equal(text, want.p, want.len);
		free(text);
		buf_done(&raw);
		buf_done(&want);
	}
}

static void a_log_of_megabytes_moves_into_its_file_while_it_grows(void **state)
{
	int64_t id = a_step("large");
	struct buf raw, want;
	char *text;
	(void)state;

	srand(5);
	buf_init(&raw, SIZE_MAX);
	while (raw.len < ((size_t)11 << 20))
		buf_fmt(&raw, "%d line with a number %d in it\n", rand(), rand());
	flow_at_once(buf_view(&raw), &want);
	for (size_t at = 0; at < raw.len; at += (size_t)200 << 10) {
		size_t n = raw.len - at < ((size_t)200 << 10) ? raw.len - at : (size_t)200 << 10;

		assert_int_equal(append(id, (int64_t)at, (struct str){ raw.p + at, n }), ERR_OK);
	}
	text = text_of(id); /* from file and rows, whatever the keeper has done by now */
	assert_int_equal(strlen(text), want.len);
	free(text);
	assert_int_equal(finish(id, CONCLUSION_FAILURE, (int64_t)raw.len), ERR_OK);
	text = text_of(id);
	assert_memory_equal(text, want.p, want.len);
	assert_int_equal(log_of(id).state, LOG_SEALED);
	free(text);
	buf_done(&raw);
	buf_done(&want);
}

static void one_line_of_60_megabytes_is_kept_in_whole(void **state)
{
	size_t len = (size_t)60 << 20, piece = (size_t)1 << 20;
	char *line = malloc(len), *text;
	int64_t id = a_step("one line");
	(void)state;

	assert_non_null(line);
	for (size_t i = 0; i < len; i++)
		line[i] = "abcdefghijklmnop"[(i * 7 + i / 1000) % 16];
	line[len - 1] = '\n';
	for (size_t at = 0; at < len; at += piece)
		assert_int_equal(append(id, (int64_t)at, (struct str){ line + at, piece }), ERR_OK);
	assert_int_equal(finish(id, CONCLUSION_SUCCESS, (int64_t)len), ERR_OK);
	text = text_of(id);
	assert_memory_equal(text, line, len);
	assert_int_equal(log_of(id).n_line_ends, 1);
	free(text);
	free(line);
}

/* ---- secrets ---- */

static void what_a_step_asks_to_mask_is_masked_in_the_run_from_then_on_and_after_a_restart(void **state)
{
	int64_t one = a_step("one"), two;
	(void)state;

	assert_int_equal(
		append(one, 0, STR("dyn-secret-1 before\n::add-mask::dyn-secret-1\ndyn-secret-1 x\n")),
		ERR_OK);
	has_text(one, "dyn-secret-1 before\n::add-mask::***\n*** x\n");
	two = a_step("two");
	assert_int_equal(append(two, 0, STR("dyn-secret-1\n")), ERR_OK);
	has_text(two, "***\n");
	restart();
	assert_int_equal(append(two, 13, STR("dyn-secret-1\n")), ERR_OK);
	has_text(two, "***\n***\n");
}

struct sql_op {
	struct store_op op;
	const char *sql;
};

static enum err_code apply_sql(struct store_op *op, struct db *db, struct err *e)
{
	return db_run(db, ((struct sql_op *)(void *)op)->sql, NULL, 0, NULL, e);
}

static void write_sql(const char *sql)
{
	struct sql_op x = { .op = { .apply = apply_sql, .bytes = sizeof x }, .sql = sql };
	struct err e;

	assert_int_equal(store_write(fx.store, &x.op, &e), ERR_OK);
}

/* The run has the value in memory for the sake of another step; a restart has to find it all the same. */
static void a_value_whose_commit_failed_is_kept_with_the_next_one(void **state)
{
	int64_t one = a_step("one"), two = a_step("two");
	(void)state;

	assert_int_equal(append(two, 0, STR("x\n")), ERR_OK);
	write_sql("CREATE TEMP TRIGGER no BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'no'); END");
	assert_int_not_equal(append(one, 0, STR("::add-mask::dyn-secret-1\n")), ERR_OK);
	write_sql("DROP TRIGGER no");
	assert_int_equal(append(one, 0, STR("::add-mask::dyn-secret-1\n")), ERR_OK);
	restart();
	assert_int_equal(append(two, 2, STR("dyn-secret-1\n")), ERR_OK);
	has_text(two, "x\n***\n");
}

/* ---- the account ---- */

static void the_context_of_a_failed_step_has_the_end_of_its_log(void **state)
{
	int64_t id = a_step("build"), at = 0;
	char *context;
	AUTO_BUF line;
	(void)state;

	for (int i = 0; i < 3000; i++) {
		buf_init(&line, 100);
		buf_fmt(&line, "\x1b[3%dmline %d\x1b[0m\n", i % 7, i);
		assert_int_equal(append(id, at, buf_view(&line)), ERR_OK);
		at += (int64_t)line.len;
		buf_done(&line);
	}
	context = context_of(ACCOUNT_MARKDOWN);
	assert_null(strstr(context, "line 2999")); /* it has not failed */
	free(context);
	assert_int_equal(finish(id, CONCLUSION_FAILURE, at), ERR_OK);
	context = context_of(ACCOUNT_MARKDOWN);
	assert_non_null(strstr(context, "last 200 of 3,000 lines"));
	assert_non_null(strstr(context, "\nline 2800\n"));
	assert_non_null(strstr(context, "\nline 2999\n"));
	assert_null(strstr(context, "line 2799"));
	free(context);
}

/* ---- silence ---- */

static void a_silent_stream_is_lost_with_what_had_come_and_lives_again_when_it_goes_on(void **state)
{
	int64_t id = a_step("build");
	(void)state;

	assert_int_equal(append(id, 0, STR("one\nhalf a li")), ERR_OK);
	pass(59000);
	assert_int_equal(log_of(id).conclusion, CONCLUSION_RUNNING);
	pass(2000);
	assert_int_equal(log_of(id).conclusion, CONCLUSION_RUNNER_LOST);
	has_text(id, "one\nhalf a li");

	restart(); /* which seals it */
	assert_int_equal(append(id, 4, STR("half a line\n")), ERR_OK);
	assert_int_equal(log_of(id).conclusion, CONCLUSION_RUNNING);
	has_text(id, "one\nhalf a line\n");
	assert_int_equal(finish(id, CONCLUSION_SUCCESS, 16), ERR_OK);
	has_text(id, "one\nhalf a line\n");
	assert_int_equal(log_of(id).conclusion, CONCLUSION_SUCCESS);
	assert_int_equal(log_of(id).state, LOG_SEALED);
}

static void a_heartbeat_keeps_a_stream_alive(void **state)
{
	int64_t id = a_step("build");
	(void)state;

	for (int i = 0; i < 4; i++) {
		atomic_fetch_add(&steady_now, 40000);
		assert_int_equal(append(id, 0, STR("")), ERR_OK);
		pass(0);
	}
	assert_int_equal(log_of(id).conclusion, CONCLUSION_RUNNING);
}

static void a_stream_that_was_opened_and_left_is_lost_too(void **state)
{
	int64_t id = a_step("build");
	(void)state;

	restart();
	pass(61000);
	assert_int_equal(log_of(id).conclusion, CONCLUSION_RUNNER_LOST);
}

/* ---- limits ---- */

static void a_log_over_its_limit_keeps_its_beginning_and_its_end(void **state)
{
	int64_t id = a_step("flood"), at = 0;
	struct log l;
	char *text;
	AUTO_BUF line;
	(void)state;

	fx.cfg->step_bytes = 64 * 1024;
	for (int i = 0; i < 20000; i += 100) {
		buf_init(&line, SIZE_MAX);
		for (int k = i; k < i + 100; k++)
			buf_fmt(&line, "line %05d\n", k);
		assert_int_equal(append(id, at, buf_view(&line)), ERR_OK);
		at += (int64_t)line.len;
		buf_done(&line);
		if (i == 10000)
			restart();
	}
	for (int sealed = 0; sealed < 2; sealed++) {
		size_t len;

		text = text_of(id);
		len = strlen(text);
		assert_true(len <= 64 * 1024 + 1024);
		assert_memory_equal(text, "line 00000\nline 00001\n", 22);
		assert_string_equal(text + len - 11, "line 19999\n");
		assert_non_null(strstr(text, "\n[sluice: "));
		free(text);
		if (!sealed)
			assert_int_equal(finish(id, CONCLUSION_FAILURE, at), ERR_OK);
	}
	l = log_of(id);
	assert_int_equal(l.n_line_ends, 20000);
	assert_true(l.gap_line_ends > 10000);
	assert_int_equal(l.state, LOG_SEALED);
}

static void a_log_just_under_its_limit_has_no_gap(void **state)
{
	int64_t id = a_step("nearly"), at = 0;
	AUTO_BUF want;
	(void)state;

	fx.cfg->step_bytes = 64 * 1024;
	buf_init(&want, SIZE_MAX);
	for (int i = 0; i < 56; i++) {
		size_t from = want.len;

		for (int k = 0; k < 100; k++)
			buf_fmt(&want, "line %04d\n", i * 100 + k);
		assert_int_equal(append(id, at, str_from(buf_view(&want), from)), ERR_OK);
		at += (int64_t)(want.len - from);
		if (i == 53)
			restart();
	}
	assert_true(log_of(id).gap_at > 0);
	has_text(id, buf_cstr(&want));
	assert_int_equal(finish(id, CONCLUSION_FAILURE, at), ERR_OK);
	has_text(id, buf_cstr(&want));
}

static void no_more_streams_than_the_bound_are_open(void **state)
{
	(void)state;
	fx.cfg->streams = 2;
	a_step("one");
	a_step("two");
	assert_int_equal(open_step("three"), ERR_UNAVAILABLE);
	assert_int_equal(finish(place.step_id, CONCLUSION_SUCCESS, -1), ERR_OK);
	assert_int_equal(open_step("three"), ERR_OK);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_sent_is_read_back_while_it_grows_and_when_it_is_sealed),
		TEST(opening_again_finds_the_step_and_tells_its_offset),
		TEST(a_wrong_offset_is_told_the_right_one_and_changes_nothing),
		TEST(bytes_that_come_after_the_end_are_refused_and_ending_again_is_fine),
		TEST(ending_again_is_fine_also_where_the_text_was_not_kept),
		TEST(a_restart_asks_for_what_was_held_back),
		TEST(an_empty_log_is_a_log),
		TEST(a_step_that_was_never_opened_takes_no_bytes),
		TEST(a_token_of_another_repo_writes_nothing),
		TEST(a_stream_replaces_a_tail_and_a_post_leaves_a_stream_alone),
		TEST(any_split_with_any_loss_gives_the_same_text),
		TEST(a_log_of_megabytes_moves_into_its_file_while_it_grows),
		TEST(one_line_of_60_megabytes_is_kept_in_whole),
		TEST(a_value_whose_commit_failed_is_kept_with_the_next_one),
		TEST(what_a_step_asks_to_mask_is_masked_in_the_run_from_then_on_and_after_a_restart),
		TEST(the_context_of_a_failed_step_has_the_end_of_its_log),
		TEST(a_silent_stream_is_lost_with_what_had_come_and_lives_again_when_it_goes_on),
		TEST(a_heartbeat_keeps_a_stream_alive),
		TEST(a_stream_that_was_opened_and_left_is_lost_too),
		TEST(a_log_over_its_limit_keeps_its_beginning_and_its_end),
		TEST(a_log_just_under_its_limit_has_no_gap),
		TEST(no_more_streams_than_the_bound_are_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
