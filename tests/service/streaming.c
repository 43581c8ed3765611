/* streaming: see the header. */
#include "tests/test.h"

#include "tests/service/streaming.h"

#include "service/log_view.h"

#include <pthread.h>

struct streams *streams;
int64_t streaming_wall = NOW;
static int64_t steady = 1000000;
static struct config_box *box;

static int64_t wall_of(void *arg)
{
	(void)arg;
	return __atomic_load_n(&streaming_wall, __ATOMIC_RELAXED);
}

static int64_t steady_of(void *arg)
{
	(void)arg;
	return __atomic_load_n(&steady, __ATOMIC_RELAXED);
}

void streaming_wait(int64_t ms)
{
	__atomic_fetch_add(&steady, ms, __ATOMIC_RELAXED);
}

const struct clock still = { wall_of, steady_of, NULL };

void streaming_start(void)
{
	struct err e = { 0 };

	if (streams_start(fx.store, box, &still, NULL, &streams, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

void streaming_stop(void)
{
	streams_stop(streams);
	streams = NULL;
}

int streaming_up(void **state)
{
	if (fixture_up(state) != 0)
		return -1;
	streaming_wall = NOW;
	steady = 1000000;
	box = config_box_new(fixture_config());
	streaming_start();
	return 0;
}

int streaming_down(void **state)
{
	streaming_stop();
	config_box_free(box);
	return fixture_down(state);
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t told;
	bool done;
	struct err result;
	struct stream_place place;
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

static void wait_for(struct waiter *w, enum err_code code, const struct err *e)
{
	if (code != ERR_OK)
		fail_msg("%s", e->text);
	pthread_mutex_lock(&w->lock);
	while (!w->done)
		pthread_cond_wait(&w->told, &w->lock);
	pthread_mutex_unlock(&w->lock);
	if (w->result.code != ERR_OK)
		fail_msg("%s", w->result.text);
}

#define WAITER                                                                                               \
	{                                                                                                    \
		.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER                          \
	}
#define CALL(w)                                                                                              \
	{                                                                                                    \
		.done = tell, .arg = &(w), .place = &(w).place, .now = streaming_wall                        \
	}

int64_t stream_of_run(const char *name, const char *run)
{
	struct waiter w = WAITER;
	struct stream_call call = CALL(w);
	struct ingest_post p = a_post(name, STR(""));
	struct err e = { 0 };

	p.facts.external_run_id = str_z(run);
	wait_for(&w, stream_open(streams, fx.cfg, fx.repo.id, &p.facts, &call, &e), &e);
	return w.place.step_id;
}

int64_t open_stream(const char *name)
{
	return stream_of_run(name, "77");
}

int64_t append_text(int64_t step_id, int64_t offset, struct str text)
{
	struct waiter w = WAITER;
	struct stream_call call = CALL(w);
	struct err e;

	wait_for(&w, stream_append(streams, fx.cfg, 0, step_id, offset, text, &call, &e), &e);
	return offset + (int64_t)text.len;
}

static void finish(int64_t step_id, enum conclusion conclusion, bool drop)
{
	struct waiter w = WAITER;
	struct stream_call call = CALL(w);
	struct stream_end end = {
		.step = { .conclusion = conclusion, .duration_ms = 5 }, .bytes = -1, .drop = drop
	};
	struct err e;

	wait_for(&w, stream_finish(streams, fx.cfg, 0, step_id, &end, &call, &e), &e);
}

void end_stream(int64_t step_id, enum conclusion conclusion)
{
	finish(step_id, conclusion, false);
}

void drop_stream(int64_t step_id)
{
	finish(step_id, CONCLUSION_SUCCESS, true);
}

int64_t streamed(const char *name, struct str text, size_t piece, bool ended)
{
	int64_t id = open_stream(name);

	for (size_t at = 0; at < text.len; at += piece) {
		struct str part = str_from(text, at);

		part.len = part.len < piece ? part.len : piece;
		append_text(id, (int64_t)at, part);
	}
	if (ended)
		end_stream(id, CONCLUSION_FAILURE);
	return id;
}

int64_t streamed_log(const char *step, const char *run, struct str text, enum conclusion conclusion)
{
	int64_t id = stream_of_run(step, run);

	for (size_t at = 0; at < text.len;) {
		size_t n = text.len - at < 1 << 20 ? text.len - at : 1 << 20;

		append_text(id, (int64_t)at, (struct str){ text.p + at, n });
		at += n;
	}
	end_stream(id, conclusion);
	assert_int_equal(streamed_row(id).state, LOG_SEALED);
	return id;
}

struct log streamed_row(int64_t step_id)
{
	struct db *db = NULL;
	struct log l;
	struct err e;

	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	assert_int_equal(logs_get(db, &fx.arena, step_id, &l, &e), ERR_OK);
	store_reader_put(fx.store, db);
	return l;
}

struct str streamed_text(int64_t step_id)
{
	struct err e = { 0 };
	struct str text;
	AUTO_BUF out;
	AUTO_LOG_VIEW v = { 0 };

	buf_init(&out, SIZE_MAX);
	if (log_view_open(fx.store, step_id, false, &fx.arena, &v, &e) != ERR_OK)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < v.n; i++)
		if (log_view_text(&v, i, &out, &e) != ERR_OK)
			fail_msg("%s", e.text);
	text = arena_str(&fx.arena, buf_view(&out));
	return text;
}

struct str streamed_lines(size_t n)
{
	char *p = arena_alloc(&fx.arena, n);
	uint32_t seed = 7;

	for (size_t i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		p[i] = i % 61 == 60 || i == n - 1 ? '\n' : (char)('0' + (seed >> 27));
	}
	return (struct str){ p, n };
}

const char *streamed_path(int64_t step_id, bool sealed)
{
	return arena_fmt(&fx.arena, "%s/logs/%03lld/%lld.%s", fx.folder, (long long)(step_id / 1000),
		(long long)step_id, sealed ? "zst" : "part")
		.p;
}
