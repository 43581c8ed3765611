/*
 * sender: one lock, two bells. The thread is a loop that asks what is due, does that one request without the lock, and
 * reads the answer with it.
 *
 * What a reader would get wrong:
 * - An answer that was lost leaves open whether the bytes arrived. They are sent again at the same offset; the server
 *   says 409 and where it is if they did.
 * - What is durable may be less than what was sent. The next chunk goes on behind what was sent, for the server
 *   remembers the rest; only when it says that it does not (409) do we go back.
 */
#include "agent/sender.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define MOVED_MAX 10 /* times in a row that the server may tell us another place before we take a breath */

struct sender {
	/* the thread's alone */
	struct upload upload;
	char *chunk;

	/* never changed while it runs */
	struct sender_job job;
	pthread_t thread;

	pthread_mutex_t lock; /* guards all below, and the file behind the backlog */
	pthread_cond_t work;  /* rung for the thread */
	pthread_cond_t news;  /* rung by it */
	struct backlog backlog;
	int64_t sent;       /* of the backlog; a request may be under way with more */
	int64_t started_at; /* all times steady, ms */
	int64_t waiting_since;
	int64_t said_at; /* last request that was answered well */
	int64_t retry_at;
	int64_t progress_at;
	int64_t request_at;
	int n_failures, n_moved;
	int64_t step_id; /* as upload has it when no request is under way */
	size_t n_opens;  /* other names that were tried */
	bool closed;     /* no more bytes */
	bool finishing;  /* and it is known how it ended, if it ever will be */
	struct str finish_json;
	bool in_request, answered, hung;
	bool taken_back; /* the caller has waited enough: hands off */
	bool over;       /* the thread has nothing more to do */
	enum sender_end end;
	struct err why;
};

static int64_t now_ms(void)
{
	return clock_steady_ms(&clock_system);
}

static void wait_until(struct sender *s, pthread_cond_t *bell, int64_t at)
{
	struct timespec until = { .tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000) * 1000000 };

	pthread_cond_timedwait(bell, &s->lock, &until);
}

static int64_t n_waiting(const struct sender *s)
{
	return s->backlog.end - s->sent;
}

static void give_up(struct sender *s, enum sender_end end)
{
	s->over = true;
	s->end = end;
}

/* With jitter: a thousand runners that lost one server do not come back together. */
static void try_later(struct sender *s, int64_t retry_after_s)
{
	int64_t ms = s->job.pace.retry_first_ms;
	uint16_t random;

	for (int i = 0; i < s->n_failures && ms < s->job.pace.retry_most_ms; i++)
		ms *= 2;
	s->n_failures++;
	if (retry_after_s > 0 && ms < retry_after_s * 1000)
		ms = retry_after_s * 1000;
	if (ms > s->job.pace.retry_most_ms)
		ms = s->job.pace.retry_most_ms;
	random_bytes(&random, sizeof random);
	s->retry_at = now_ms() + ms / 2 + ms / 2 * random / UINT16_MAX;
}

static void note_success(struct sender *s)
{
	s->n_failures = 0;
	s->said_at = s->progress_at = now_ms();
	pthread_cond_signal(&s->news);
}

static void lost(struct sender *s, int64_t offset)
{
	err_set(&s->why, ERR_CONFLICT,
		"the server wants the log from byte %" PRId64 " on; %" PRId64 " to %" PRId64 " are here",
		offset, s->backlog.front, s->backlog.end);
	give_up(s, SENDER_REFUSED);
}

/* The server is at another place than we thought. */
static void move_to(struct sender *s, int64_t offset)
{
	if (offset < s->backlog.front || offset > s->backlog.end) {
		lost(s, offset);
		return;
	}
	s->sent = offset;
	backlog_ack(&s->backlog, offset);
	note_success(s);
	if (++s->n_moved > MOVED_MAX)
		try_later(s, 0);
}

/* What every request has in common when it did not go well. */
static void read_failure(struct sender *s, const struct upload_answer *a)
{
	s->why = a->why;
	switch (a->verdict) {
	case UPLOAD_MOVED:
		move_to(s, a->offset);
		break;
	case UPLOAD_SEALED:
	case UPLOAD_REFUSED:
		give_up(s, SENDER_REFUSED);
		break;
	case UPLOAD_KEEP:
		give_up(s, SENDER_KEEP);
		break;
	case UPLOAD_AGAIN:
	case UPLOAD_OK:
		try_later(s, a->retry_after_s);
		/* It was never there in our time, and is not now: nobody waits for it. */
		if (s->finishing && !s->answered)
			give_up(s, SENDER_KEEP);
		break;
	}
}

/* Unlocked for the time of a request. */
static void begin_request(struct sender *s)
{
	s->in_request = true;
	s->request_at = now_ms();
	pthread_mutex_unlock(&s->lock);
}

static bool is_slow(const struct sender *s)
{
	return now_ms() - s->request_at >= s->job.pace.slow_ms;
}

/* False: the caller did not wait for its end. */
static bool end_request(struct sender *s, const struct upload_answer *a)
{
	pthread_mutex_lock(&s->lock);
	s->in_request = false;
	s->answered |= a->answered;
	s->hung = !a->answered && is_slow(s);
	return !s->taken_back;
}

/* A new log whose name has one already, from an earlier call in the same job. */
static bool is_taken(const struct sender *s, const struct upload_answer *a)
{
	return (a->verdict == UPLOAD_SEALED || (a->verdict == UPLOAD_OK && a->offset > 0)) &&
	       s->n_opens < s->job.n_other_opens;
}

static void take_other_name(struct sender *s)
{
	struct err e;

	s->upload.step_id = 0;
	if (stream_file_set_open(s->job.file, s->job.other_opens[s->n_opens++], &e) != ERR_OK) {
		s->why = e;
		give_up(s, SENDER_REFUSED);
	}
}

static void open_step(struct sender *s)
{
	struct str open = s->job.file->open;
	struct upload_answer a;

	begin_request(s);
	upload_open(&s->upload, open, &a);
	if (!end_request(s, &a))
		return;
	s->step_id = s->upload.step_id;
	if (is_taken(s, &a)) {
		take_other_name(s);
	} else if (a.verdict == UPLOAD_SEALED && s->finishing && a.offset == s->backlog.end) {
		give_up(s, SENDER_SENT); /* it was finished by a request whose answer was lost */
	} else if (a.verdict == UPLOAD_OK) {
		move_to(s, a.offset);
	} else {
		read_failure(s, &a);
	}
}

static bool read_chunk(struct sender *s, int64_t at, size_t n)
{
	struct err e;

	if (backlog_read(&s->backlog, at, s->chunk, n, &e) == ERR_OK)
		return true;
	s->why = e;
	give_up(s, SENDER_REFUSED);
	return false;
}

static void append(struct sender *s, size_t n)
{
	struct upload_answer a;
	int64_t at = s->sent;

	if (!read_chunk(s, at, n))
		return;
	begin_request(s);
	upload_append(&s->upload, at, (struct str){ s->chunk, n }, &a);
	if (!end_request(s, &a))
		return;
	if (a.verdict != UPLOAD_OK) {
		read_failure(s, &a);
		return;
	}
	if (a.offset < s->backlog.front || a.offset > at + (int64_t)n) {
		lost(s, a.offset);
		return;
	}
	s->n_moved = 0;
	s->sent = at + (int64_t)n;
	s->waiting_since = now_ms();
	backlog_ack(&s->backlog, a.offset);
	note_success(s);
}

static void finish(struct sender *s)
{
	struct upload_answer a;

	if (s->finish_json.len == 0) {
		give_up(s, SENDER_SENT);
		return;
	}
	begin_request(s);
	upload_finish(&s->upload, s->finish_json, &a);
	if (!end_request(s, &a))
		return;
	if (a.verdict == UPLOAD_OK || (a.verdict == UPLOAD_SEALED && s->sent == s->backlog.end)) {
		backlog_ack(&s->backlog, s->backlog.end);
		note_success(s);
		give_up(s, SENDER_SENT);
	} else {
		read_failure(s, &a);
	}
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When something is to be done, if nobody rings before. */
static int64_t due_at(const struct sender *s)
{
	int64_t at = INT64_MAX;

	if (s->upload.step_id == 0)
		at = s->backlog.end > 0 || s->finishing ? 0 : s->started_at + s->job.pace.open_ms;
	else if (n_waiting(s) >= UPLOAD_CHUNK || s->finishing || (s->closed && n_waiting(s) > 0))
		at = 0;
	else if (n_waiting(s) > 0)
		at = earlier(s->waiting_since + s->job.pace.flush_ms, s->said_at + s->job.pace.heartbeat_ms);
	else
		at = s->said_at + s->job.pace.heartbeat_ms;
	return at > s->retry_at ? at : s->retry_at;
}

static void do_what_is_due(struct sender *s)
{
	int64_t n = n_waiting(s);

	if (s->upload.step_id == 0)
		open_step(s);
	else if (n == 0 && s->finishing)
		finish(s);
	else
		append(s, n < UPLOAD_CHUNK ? (size_t)n : UPLOAD_CHUNK);
}

static void *work(void *arg)
{
	struct sender *s = arg;

	/* The first thing is to wait: the command is started by a fork, and that should find us at rest. */
	pthread_mutex_lock(&s->lock);
	while (!s->over && !s->taken_back && due_at(s) > now_ms())
		wait_until(s, &s->work, due_at(s));
	pthread_mutex_unlock(&s->lock);

	s->chunk = mem_alloc(UPLOAD_CHUNK);
	upload_init(&s->upload, s->job.peer, s->job.pace.connect_ms, s->job.pace.total_ms);
	pthread_mutex_lock(&s->lock);
	while (!s->over && !s->taken_back) {
		if (due_at(s) > now_ms())
			wait_until(s, &s->work, due_at(s));
		else
			do_what_is_due(s);
	}
	s->over = true;
	pthread_cond_signal(&s->news);
	pthread_mutex_unlock(&s->lock);
	upload_done(&s->upload);
	free(s->chunk);
	return NULL;
}

static void init_bells(struct sender *s)
{
	pthread_condattr_t steady;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&s->work, &steady);
	pthread_cond_init(&s->news, &steady);
	pthread_condattr_destroy(&steady);
}

static void destroy(struct sender *s)
{
	backlog_done(&s->backlog);
	pthread_cond_destroy(&s->work);
	pthread_cond_destroy(&s->news);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

enum err_code sender_start(const struct sender_job *job, struct sender **ret, struct err *e)
{
	struct sender *s = mem_alloc(sizeof *s);
	sigset_t all, before;
	int no;

	s->job = *job;
	s->started_at = s->progress_at = now_ms();
	backlog_init(&s->backlog, job->file, job->limit);
	s->sent = s->backlog.front;
	init_bells(s);

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	no = pthread_create(&s->thread, NULL, work, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (no != 0) {
		destroy(s);
		return err_errno(e, ERR_UNAVAILABLE, no, "no thread");
	}
	*ret = s;
	return ERR_OK;
}

void sender_add(struct sender *s, struct str bytes)
{
	int64_t before;

	pthread_mutex_lock(&s->lock);
	before = n_waiting(s);
	if (!(s->over && s->end == SENDER_REFUSED))
		backlog_add(&s->backlog, bytes);
	if (before == 0)
		s->waiting_since = now_ms();
	if (before == 0 || (before < UPLOAD_CHUNK && n_waiting(s) >= UPLOAD_CHUNK))
		pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}

void sender_wait_for_room(struct sender *s, int quiet_ms)
{
	pthread_mutex_lock(&s->lock);
	while (!s->over && s->backlog.end - s->backlog.front > s->backlog.limit / 2 &&
		now_ms() < s->progress_at + quiet_ms)
		wait_until(s, &s->news, s->progress_at + quiet_ms);
	pthread_mutex_unlock(&s->lock);
}

enum err_code sender_close(struct sender *s, int64_t *ret_total, struct err *e)
{
	enum err_code code;

	pthread_mutex_lock(&s->lock);
	code = backlog_end(&s->backlog, e);
	s->closed = true;
	*ret_total = s->backlog.end;
	pthread_mutex_unlock(&s->lock);
	return code;
}

enum err_code sender_set_finish(struct sender *s, struct str finish_json, struct err *e)
{
	enum err_code code;

	pthread_mutex_lock(&s->lock);
	code = stream_file_set_finish(s->job.file, finish_json, e);
	pthread_mutex_unlock(&s->lock);
	return code;
}

/* The file is the caller's from here on, whatever the thread is at. */
static void take_back(struct sender *s, struct sender_result *ret)
{
	s->taken_back = true;
	*ret = (struct sender_result){ .end = s->over ? s->end : SENDER_KEEP,
		.why = s->why,
		.step_id = s->step_id,
		.answered = s->answered,
		.hung = s->hung || (s->in_request && is_slow(s)),
		.n_dropped = s->backlog.n_dropped };
	if (s->in_request || ret->why.code == ERR_OK)
		err_set(&ret->why, ERR_NETWORK, "no answer in time");
	stream_file_ack(s->backlog.file, s->backlog.front, true);
	pthread_cond_signal(&s->work);
}

void sender_finish(
	struct sender *s, struct str finish_json, struct sender_wait wait, struct sender_result *ret)
{
	int64_t from, until;

	pthread_mutex_lock(&s->lock);
	from = now_ms();
	s->finish_json = finish_json;
	s->finishing = true;
	s->progress_at = from;
	s->retry_at = 0; /* once more, now */
	pthread_cond_signal(&s->work);
	while (!s->over && (s->answered || !wait.if_answered)) {
		int64_t now = now_ms();

		until = earlier(from + wait.total_ms, s->progress_at + wait.quiet_ms);
		if (now >= until)
			break;
		wait_until(s, &s->news, until);
	}
	take_back(s, ret);
	pthread_mutex_unlock(&s->lock);
}

bool sender_free(struct sender *s, bool wait)
{
	bool gone;

	pthread_mutex_lock(&s->lock);
	s->taken_back = true;
	pthread_cond_signal(&s->work);
	gone = !s->in_request;
	pthread_mutex_unlock(&s->lock);
	if (!gone && !wait)
		return false;
	pthread_join(s->thread, NULL);
	destroy(s);
	return true;
}
