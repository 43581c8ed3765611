/* follow: whoever follows is told each line, in order, whatever else goes on; and who is too slow is not waited for. */
#include "tests/test.h"

#include "service/follow.h"
#include "service/log_view.h"
#include "tests/service/streaming.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
	struct follow *follow;
	atomic_int n_wakes, n_dropped;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	struct arena arena;
	struct str *seen; /* by number; as it was told last */
	int64_t n_seen, cap;
	int64_t first, n_told;
};

static void on_wake(void *arg)
{
	struct reader *r = arg;

	pthread_mutex_lock(&r->lock);
	atomic_fetch_add(&r->n_wakes, 1);
	pthread_cond_signal(&r->woken);
	pthread_mutex_unlock(&r->lock);
}

static void on_dropped(void *arg)
{
	struct reader *r = arg;

	atomic_fetch_add(&r->n_dropped, 1);
}

static enum err_code try_join(struct reader *r, int64_t step_id, int64_t from, int64_t most, struct err *e)
{
	struct follow_options o = { .step_id = step_id,
		.from = from,
		.most = most,
		.wake = on_wake,
		.dropped = on_dropped,
		.arg = r };

	*r = (struct reader){
		.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER, .first = -1
	};
	arena_init(&r->arena);
	return follow_new(streams_followers(streams), &o, &r->follow, e);
}

static void join(struct reader *r, int64_t step_id, int64_t from)
{
	struct err e;

	if (try_join(r, step_id, from, 100, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void leave(struct reader *r)
{
	follow_free(r->follow);
	arena_done(&r->arena);
	free(r->seen);
}

static void note(struct reader *r, const struct log_line *l)
{
	if (l->number >= r->n_seen) {
		/* None is left out, but for those in front of the first. */
		if (r->first >= 0 && l->number != r->n_seen)
			fail_msg("line %lld is told behind %lld", (long long)l->number,
				(long long)r->n_seen - 1);
		r->n_seen = l->number + 1;
		if (r->n_seen > r->cap) {
			r->cap = 2 * r->n_seen;
			r->seen = mem_grow(r->seen, (size_t)r->cap * sizeof *r->seen);
		}
	}
	if (r->first < 0)
		r->first = l->number;
	r->seen[l->number] = arena_str(&r->arena, l->text);
	r->n_told++;
}

/* All that there is now, and what came instead of more. */
static enum follow_got take(struct reader *r)
{
	enum follow_got got;
	struct err e = { 0 };

	do {
		struct log_line *lines;
		size_t n = 0;
		AUTO_ARENA a;

		arena_init(&a);
		got = follow_next(r->follow, &a, &lines, &n, &e);
		for (size_t i = 0; got == FOLLOW_LINES && i < n; i++)
			note(r, &lines[i]);
	} while (got == FOLLOW_LINES);
	if (got == FOLLOW_FAILED)
		fail_msg("%s", e.text);
	return got;
}

static void has_seen(const struct reader *r, int64_t from, const char *const *want, size_t n)
{
	assert_int_equal(r->first, from);
	assert_int_equal(r->n_seen, from + (int64_t)n);
	for (size_t i = 0; i < n; i++)
		if (!str_eq(r->seen[from + (int64_t)i], str_z(want[i])))
			fail_msg("line %zu is \"%.*s\"", i, STR_FMT(r->seen[from + (int64_t)i]));
}
#define HAS_SEEN(r, from, ...)                                                                               \
	has_seen(r, from, (const char *const[]){ __VA_ARGS__ },                                              \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

/* All lines of a log, each cut as readers see it, are what was told last. */
static void assert_all(const struct reader *r, int64_t step_id)
{
	struct err e;
	AUTO_ARENA a;
	AUTO_BUF text;
	AUTO_LOG_VIEW v = { 0 };
	struct str rest;
	int64_t number = 0;

	arena_init(&a);
	buf_init(&text, SIZE_MAX);
	assert_int_equal(log_view_open(fx.store, step_id, false, &a, &v, &e), ERR_OK);
	for (size_t i = 0; i < v.n; i++)
		assert_int_equal(log_view_text(&v, i, &text, &e), ERR_OK);
	for (rest = buf_view(&text); rest.len > 0; number++) {
		bool truncated;
		struct str want = line_cut(line_take(&rest), &truncated);

		if (number < r->first)
			continue;
		assert_true(number < r->n_seen);
		if (!str_eq(r->seen[number], want))
			fail_msg("line %lld is \"%.*s\", was told as \"%.*s\"", (long long)number,
				STR_FMT(want), STR_FMT(r->seen[number]));
	}
	assert_int_equal(r->n_seen, number);
}

/* ---- */

static void lines_are_told_as_they_come_and_the_last_one_at_the_end(void **state)
{
	int64_t id = open_stream("build"), at;
	struct reader r;
	(void)state;

	at = append_text(id, 0, STR("one\ntwo\n"));
	join(&r, id, 0);
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	HAS_SEEN(&r, 0, "one", "two");
	append_text(id, at, STR("three\nhalf a"));
	assert_int_equal(atomic_load(&r.n_wakes), 1);
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	HAS_SEEN(&r, 0, "one", "two", "three");
	end_stream(id, CONCLUSION_FAILURE);
	assert_int_equal(take(&r), FOLLOW_ENDED);
	HAS_SEEN(&r, 0, "one", "two", "three", "half a");
	assert_int_equal(r.n_told, 4);
	leave(&r);
	join(&r, id, 2); /* of one that has ended */
	assert_int_equal(take(&r), FOLLOW_ENDED);
	HAS_SEEN(&r, 2, "three", "half a");
	leave(&r);
}

static void without_a_first_line_the_last_hundred_come(void **state)
{
	int64_t id = open_stream("build");
	struct reader r;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 250; i++)
		buf_fmt(&text, "line %d\n", i);
	append_text(id, 0, buf_view(&text));
	join(&r, id, -1);
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	assert_int_equal(r.first, 150);
	assert_int_equal(r.n_told, 100);
	leave(&r);
}

static void who_asks_for_a_line_that_is_not_there_yet_waits_for_it(void **state)
{
	int64_t id = open_stream("build"), at = append_text(id, 0, STR("one\n"));
	struct reader r;
	(void)state;

	join(&r, id, 2);
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	at = append_text(id, at, STR("two\n"));
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	assert_int_equal(r.n_told, 0);
	append_text(id, at, STR("three\n"));
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	HAS_SEEN(&r, 2, "three");
	leave(&r);
}

static void a_line_that_is_rewritten_is_told_again(void **state)
{
	int64_t id = open_stream("redraw"), at = append_text(id, 0, STR("first\na: wait\nb: wait\n"));
	struct reader r;
	(void)state;

	join(&r, id, 0);
	take(&r);
	at = append_text(id, at, STR("\x1b[2A\x1b[2Ka: done\x1b[2B\r"));
	append_text(id, at, STR("after\n"));
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	HAS_SEEN(&r, 0, "first", "a: done", "b: wait", "after");
	assert_int_equal(r.n_told, 6); /* first is not told again */
	leave(&r);
}

static void a_line_knows_its_level_and_its_group(void **state)
{
	int64_t id = open_stream("groups"), at;
	struct reader r;
	struct log_line *lines;
	struct err e;
	size_t n;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	at = append_text(id, 0, STR("::group::compile\nin it\n"));
	join(&r, id, 1);
	assert_int_equal(follow_next(r.follow, &a, &lines, &n, &e), FOLLOW_LINES);
	assert_true(str_eq(lines[0].group, STR("compile")));
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	append_text(id, at, STR("error: in it too\n::endgroup::\nout of it\n"));
	assert_int_equal(follow_next(r.follow, &a, &lines, &n, &e), FOLLOW_LINES);
	assert_int_equal(n, 3);
	assert_true(str_eq(lines[0].group, STR("compile")));
	assert_int_equal(lines[0].level, LINE_ERROR);
	assert_int_equal(lines[0].at_ms, NOW);
	assert_true(str_eq(lines[1].group, STR("compile")));
	assert_int_equal(lines[2].group.len, 0);
	leave(&r);
}

static void a_line_that_comes_in_pieces_is_told_once_and_whole(void **state)
{
	int64_t id = open_stream("long"), at = 0;
	struct reader early, late;
	AUTO_BUF piece;
	(void)state;

	buf_init(&piece, SIZE_MAX);
	for (int i = 0; i < 5000; i++)
		buf_fmt(&piece, "%d of a long line, ", i);
	join(&early, id, 0);
	for (int i = 0; i < 4; i++) {
		at = append_text(id, at, buf_view(&piece));
		assert_int_equal(take(&early), FOLLOW_NOTHING);
		assert_int_equal(early.n_told, 0);
		if (i == 2) {
			join(&late, id, 0); /* in the middle of it */
			assert_int_equal(take(&late), FOLLOW_NOTHING);
		}
		buf_reset(&piece);
		buf_z(&piece, "and more of it");
	}
	append_text(id, at, STR("\nnext\n"));
	assert_int_equal(take(&early), FOLLOW_NOTHING);
	assert_int_equal(take(&late), FOLLOW_NOTHING);
	assert_all(&early, id);
	assert_all(&late, id);
	assert_int_equal(early.n_told, 2);
	assert_int_equal(late.n_told, 2);
	leave(&early);
	leave(&late);
}

/* ---- slow ones ---- */

static int64_t flood(int64_t id, int64_t at, size_t bytes)
{
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	while (text.len < bytes)
		buf_fmt(&text, "%d line of a flood that nobody reads to its end\n", rand());
	return append_text(id, at, buf_view(&text));
}

static void who_is_passed_by_the_newest_catches_up_from_the_log(void **state)
{
	int64_t id = open_stream("flood"), at = flood(id, 0, 1000);
	struct reader r;
	(void)state;

	join(&r, id, 0);
	take(&r);
	for (int i = 0; i < 5; i++)
		at = flood(id, at, 900000);
	streaming_wait(FOLLOW_SLOW_MS - 1);
	follow_tick(streams_followers(streams));
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	streaming_wait(FOLLOW_SLOW_MS + 1);
	follow_tick(streams_followers(streams));
	assert_int_equal(atomic_load(&r.n_dropped), 0);
	end_stream(id, CONCLUSION_FAILURE);
	assert_int_equal(take(&r), FOLLOW_ENDED);
	assert_all(&r, id);
	leave(&r);
}

static void who_does_not_catch_up_is_dropped(void **state)
{
	int64_t id = open_stream("flood"), at = flood(id, 0, 1000);
	struct reader slow, fast, begins;
	(void)state;

	join(&slow, id, 0);
	join(&fast, id, 0);
	join(&begins, id, 0); /* has never been at the end: it may take its time */
	take(&slow);
	take(&fast);
	for (int i = 0; i < 3; i++) {
		at = flood(id, at, 900000);
		take(&fast);
	}
	streaming_wait(FOLLOW_SLOW_MS + 1);
	follow_tick(streams_followers(streams));
	assert_int_equal(atomic_load(&slow.n_dropped), 1);
	assert_int_equal(atomic_load(&fast.n_dropped), 0);
	assert_int_equal(atomic_load(&begins.n_dropped), 0);
	assert_int_equal(take(&slow), FOLLOW_DROPPED);
	assert_int_equal(take(&fast), FOLLOW_NOTHING);
	assert_int_equal(take(&begins), FOLLOW_NOTHING);
	assert_all(&fast, id);
	assert_all(&begins, id);
	leave(&slow);
	leave(&fast);
	leave(&begins);
}

static void who_waits_for_long_is_woken_and_told_that_it_is_quiet(void **state)
{
	int64_t id = open_stream("quiet");
	struct reader r;
	(void)state;

	join(&r, id, 0);
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	streaming_wait(FOLLOW_QUIET_MS - 1);
	follow_tick(streams_followers(streams));
	assert_int_equal(atomic_load(&r.n_wakes), 0);
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	streaming_wait(1);
	follow_tick(streams_followers(streams));
	assert_int_equal(atomic_load(&r.n_wakes), 1);
	assert_int_equal(take(&r), FOLLOW_QUIET);
	assert_int_equal(take(&r), FOLLOW_NOTHING);
	leave(&r);
}

static void no_more_follow_than_may(void **state)
{
	int64_t id = open_stream("busy");
	struct reader a, b, c;
	struct err e;
	(void)state;

	assert_int_equal(try_join(&a, id, 0, 2, &e), ERR_OK);
	assert_int_equal(try_join(&b, id, 0, 2, &e), ERR_OK);
	assert_int_equal(try_join(&c, id, 0, 2, &e), ERR_UNAVAILABLE);
	leave(&b);
	assert_int_equal(try_join(&b, id, 0, 2, &e), ERR_OK);
	leave(&a);
	leave(&b);
	assert_int_equal(try_join(&a, 4711, 0, 2, &e), ERR_NOT_FOUND);
}

/* ---- ends ---- */

/* The keeper's thread does that; the test's own time ends this. */
static void wait_until_it_is_sealed(int64_t step_id)
{
	enum log_state state = LOG_ENDED;

	while (state != LOG_SEALED) {
		struct err e;
		AUTO_ARENA a;
		AUTO_LOG_VIEW v = { 0 };

		arena_init(&a);
		if (log_view_open(fx.store, step_id, false, &a, &v, &e) == ERR_OK)
			state = v.log.state;
		poll(NULL, 0, 1);
	}
}

static void a_step_that_is_given_up_ends_and_one_that_comes_back_goes_on(void **state)
{
	int64_t id = open_stream("lost");
	struct reader here, asleep;
	(void)state;

	append_text(id, 0, STR("one\nhalf a li"));
	join(&here, id, 0);
	join(&asleep, id, 0);
	take(&here);
	take(&asleep);
	streaming_wait(61000);
	streams_give_up_silent(streams, clock_steady_ms(&still));
	assert_int_equal(take(&here), FOLLOW_ENDED);
	HAS_SEEN(&here, 0, "one", "half a li");
	wait_until_it_is_sealed(id);
	append_text(id, 4, STR("half a line\n")); /* from what was durable */
	assert_int_equal(take(&asleep), FOLLOW_NOTHING);
	HAS_SEEN(&asleep, 0, "one", "half a line");
	leave(&here);
	leave(&asleep);
}

static void who_follows_is_told_all_of_a_text_that_is_not_kept(void **state)
{
	int64_t id = open_stream("green"), at = append_text(id, 0, STR("one\n"));
	struct reader r, begins;
	(void)state;

	join(&r, id, 0);
	join(&begins, id, 0);
	take(&r);
	append_text(id, at, STR("two\n"));
	drop_stream(id);
	assert_int_equal(take(&r), FOLLOW_ENDED);
	HAS_SEEN(&r, 0, "one", "two");
	assert_int_equal(take(&begins), FOLLOW_ENDED);
	leave(&r);
	leave(&begins);
}

/* ---- many at once ---- */

static int64_t busy_step;

/* Comes at some moment, stays to the end. */
static void *follow_to_the_end(void *arg)
{
	struct reader *r = arg;
	enum follow_got got;

	while ((got = take(r)) != FOLLOW_ENDED) {
		if (got != FOLLOW_NOTHING)
			return (void *)1;
		pthread_mutex_lock(&r->lock);
		while (atomic_load(&r->n_wakes) == 0)
			pthread_cond_wait(&r->woken, &r->lock);
		atomic_store(&r->n_wakes, 0);
		pthread_mutex_unlock(&r->lock);
	}
	return NULL;
}

static int64_t append_something(int64_t id, int64_t at)
{
	AUTO_BUF b;

	buf_init(&b, SIZE_MAX);
	switch (rand() % 8) {
	case 0:
		buf_z(&b, "a: wait\nb: wait\n\x1b[2A\x1b[2Ka: done\x1b[2B\r");
		break;
	case 1:
		buf_z(&b, "\x1b[1A\x1b[2Kover the last one\n");
		break;
	case 2:
		for (int i = rand() % 4000; i > 0; i--)
			buf_fmt(&b, "%d of a long line, ", i);
		break;
	case 3:
		for (int i = rand() % 1000; i > 0; i--)
			buf_fmt(&b, "%d many lines\n", i);
		break;
	default:
		buf_fmt(&b, "line %d\n", rand());
	}
	return append_text(id, at, buf_view(&b));
}

static void whoever_comes_at_whatever_moment_has_the_whole_log_at_the_end(void **state)
{
	enum { N = 12 };
	static struct reader readers[N];
	pthread_t threads[N];
	int64_t at = 0;
	(void)state;

	busy_step = open_stream("busy");
	for (int i = 0; i < N; i++) {
		for (int k = 0; k < 15; k++)
			at = append_something(busy_step, at);
		join(&readers[i], busy_step, 0);
		assert_int_equal(pthread_create(&threads[i], NULL, follow_to_the_end, &readers[i]), 0);
	}
	for (int k = 0; k < 100; k++)
		at = append_something(busy_step, at);
	end_stream(busy_step, CONCLUSION_FAILURE);
	for (int i = 0; i < N; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
		assert_all(&readers[i], busy_step);
		leave(&readers[i]);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, streaming_up, streaming_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_are_told_as_they_come_and_the_last_one_at_the_end),
		TEST(without_a_first_line_the_last_hundred_come),
		TEST(who_asks_for_a_line_that_is_not_there_yet_waits_for_it),
		TEST(a_line_that_is_rewritten_is_told_again),
		TEST(a_line_knows_its_level_and_its_group),
		TEST(a_line_that_comes_in_pieces_is_told_once_and_whole),
		TEST(who_is_passed_by_the_newest_catches_up_from_the_log),
		TEST(who_does_not_catch_up_is_dropped),
		TEST(who_waits_for_long_is_woken_and_told_that_it_is_quiet),
		TEST(no_more_follow_than_may),
		TEST(a_step_that_is_given_up_ends_and_one_that_comes_back_goes_on),
		TEST(who_follows_is_told_all_of_a_text_that_is_not_kept),
		TEST(whoever_comes_at_whatever_moment_has_the_whole_log_at_the_end),
	};

	srand(9);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
