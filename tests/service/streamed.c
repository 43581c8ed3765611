/* streamed: see the header. */
#include "tests/test.h"

#include "tests/service/streamed.h"

#include "service/log_view.h"

#include <pthread.h>

struct streams *streamed;
int64_t streamed_now = NOW;
static struct config_box *box;

static int64_t wall_of(void *arg)
{
	(void)arg;
	return streamed_now;
}

static int64_t steady_of(void *arg)
{
	(void)arg;
	return 1000000;
}

static const struct clock still = { wall_of, steady_of, NULL };

void streamed_start(void)
{
	struct err e = { 0 };

	if (streams_start(fx.store, box, &still, &streamed, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

void streamed_stop(void)
{
	streams_stop(streamed);
	streamed = NULL;
}

int streamed_up(void **state)
{
	if (fixture_up(state) != 0)
		return -1;
	streamed_now = NOW;
	box = config_box_new(fixture_config());
	streamed_start();
	return 0;
}

int streamed_down(void **state)
{
	streamed_stop();
	config_box_free(box);
	return fixture_down(state);
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t told;
	bool done;
	struct err result;
	struct stream_place place;
	struct stream_call call;
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

static void prepare(struct waiter *w)
{
	*w = (struct waiter){ .lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER };
	w->call = (struct stream_call){ .done = tell, .arg = w, .place = &w->place, .now = streamed_now };
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

int64_t streamed_open(const char *step, const char *run)
{
	struct ingest_post p = a_post(step, STR(""));
	struct waiter w;
	struct err e = { 0 };

	prepare(&w);
	p.facts.external_run_id = str_z(run);
	wait_for(&w, stream_open(streamed, fx.cfg, fx.repo.id, &p.facts, &w.call, &e), &e);
	return w.place.step_id;
}

void streamed_append(int64_t step_id, int64_t offset, struct str bytes)
{
	struct waiter w;
	struct err e = { 0 };

	prepare(&w);
	wait_for(&w, stream_append(streamed, fx.cfg, 0, step_id, offset, bytes, &w.call, &e), &e);
}

void streamed_finish(int64_t step_id, enum conclusion conclusion)
{
	struct stream_end end = { .step = { .conclusion = conclusion, .duration_ms = 5 }, .bytes = -1 };
	struct waiter w;
	struct err e = { 0 };

	prepare(&w);
	wait_for(&w, stream_finish(streamed, fx.cfg, 0, step_id, &end, &w.call, &e), &e);
}

int64_t streamed_log(const char *step, const char *run, struct str text, enum conclusion conclusion)
{
	int64_t id = streamed_open(step, run);

	for (size_t at = 0; at < text.len;) {
		size_t n = text.len - at < 1 << 20 ? text.len - at : 1 << 20;

		streamed_append(id, (int64_t)at, (struct str){ text.p + at, n });
		at += n;
	}
	streamed_finish(id, conclusion);
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
