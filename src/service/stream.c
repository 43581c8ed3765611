/*
 * stream: the table of logs that are open, and the three things that happen to one.
 *
 * Whoever changes a stream has it for itself (`busy`) from the moment it is taken until the commit is told: the worker first, then the writer's
 * thread. So nothing of it needs a lock but what the table's lock guards.
 *
 * What is in memory is ahead of what is durable from the moment bytes are taken until the commit. If that fails, memory is forgotten, and
 * the next change begins from what is on disk (stream_state.c), as after a restart.
 */
#include "service/queue.h"
#include "service/stream_state.h"

#include "base/diag.h"
#include "base/metric.h"
#include "service/explainer.h"
#include "service/ingest.h"

#include <assert.h>
#include <stdlib.h>

/* ---- the table ---- */

static struct stream **place_of(struct streams *s, int64_t step_id)
{
	struct stream **at = &s->buckets[(uint64_t)step_id % STREAM_BUCKETS];

	while (*at && (*at)->step_id != step_id)
		at = &(*at)->next;
	return at;
}

/* The stream, busy now and the caller's, known or not. ERR_CONFLICT: somebody has it; then *ret_place says where it stands, as far as that is known. */
static enum err_code take(
	struct streams *s, int64_t step_id, struct stream_place *place, struct stream **ret, struct err *e)
{
	struct stream **at, *st;

	pthread_mutex_lock(&s->lock);
	at = place_of(s, step_id);
	st = *at;
	if (st && st->busy) {
		*place = (struct stream_place){ .step_id = step_id, .offset = st->told, .state = LOG_OPEN };
		pthread_mutex_unlock(&s->lock);
		return err_set(e, ERR_CONFLICT,
			"the log of step %lld is being changed; go on from the offset", (long long)step_id);
	}
	if (!st) {
		st = stream_new(step_id);
		*at = st;
		s->n++;
		metric_set(METRIC_STREAMS, (int64_t)s->n);
	}
	st->busy = true;
	st->heard_at = clock_steady_ms(s->clock);
	pthread_mutex_unlock(&s->lock);
	*ret = st;
	return ERR_OK;
}

/* A stream that is known not to be open is not kept. One that is not in memory: as the caller says, who knows whether it may be open. */
static void give(struct streams *s, struct stream *st, bool keep)
{
	struct stream *gone = NULL;

	pthread_mutex_lock(&s->lock);
	st->busy = false;
	if (st->loaded) {
		st->told = st->log.sent_bytes;
		keep = st->log.state == LOG_OPEN;
	}
	if (!keep) {
		struct stream **at = place_of(s, st->step_id);

		gone = st;
		*at = st->next;
		s->n--;
		metric_set(METRIC_STREAMS, (int64_t)s->n);
	}
	pthread_mutex_unlock(&s->lock);
	if (gone)
		stream_free(s, gone);
}

struct follow_table *streams_followers(struct streams *s)
{
	return s->followers;
}

enum err_code streams_run_names(struct streams *s, int64_t run_id, struct mask_names **ret, struct err *e)
{
	TRY(run_names_hold(s->names, run_id, e));
	*ret = run_names_get(s->names, run_id);
	run_names_release(s->names, run_id);
	return ERR_OK;
}

/* ---- opening ---- */

struct open_work {
	struct store_op op; /* first */
	struct streams *s;
	int64_t repo_id;
	struct step_facts facts;
	struct arena a;
	struct log log;
	bool is_new;
	struct stream_call call;
};

static enum err_code apply_open(struct store_op *op, struct db *db, struct err *e)
{
	struct open_work *w = (struct open_work *)(void *)op;
	int64_t step_id = 0, run_id = 0;

	TRY(steps_open(db, w->repo_id, &w->facts, w->call.now, &step_id, &run_id, e));
	TRY(logs_get(db, &w->a, step_id, &w->log, e));
	w->is_new = w->log.state == LOG_NONE;
	if (!w->is_new)
		return ERR_OK;
	TRY(logs_add(db, step_id, w->call.now, e));
	return logs_get(db, &w->a, step_id, &w->log, e);
}

/* That a step was opened and then nothing came has to be noticed as well. */
static void note_opened(struct streams *s, int64_t step_id)
{
	struct stream **at;

	pthread_mutex_lock(&s->lock);
	at = place_of(s, step_id);
	if (!*at) {
		*at = stream_new(step_id);
		s->n++;
		metric_set(METRIC_STREAMS, (int64_t)s->n);
	}
	(*at)->heard_at = clock_steady_ms(s->clock);
	pthread_mutex_unlock(&s->lock);
}

/* One that was given up can go on. */
static struct stream_place place_of_log(const struct log *log)
{
	bool lost = log->state != LOG_OPEN && log->lost_bytes >= 0 && log->gap_at < 0;

	return (struct stream_place){
		.step_id = log->step_id,
		.run_id = log->run_id,
		.offset = log->sent_bytes,
		.state = lost ? LOG_OPEN : log->state,
	};
}

static void opened(struct store_op *op, const struct err *result)
{
	struct open_work *w = (struct open_work *)(void *)op;
	struct stream_call call = w->call;

	if (result->code == ERR_OK) {
		*call.place = place_of_log(&w->log);
		call.place->is_new = w->is_new;
		if (w->log.state == LOG_OPEN)
			note_opened(w->s, w->log.step_id);
	}
	arena_done(&w->a);
	free(w);
	call.done(call.arg, result);
}

enum err_code stream_open(struct streams *s, const struct config *cfg, int64_t repo_id,
	const struct step_facts *facts, const struct stream_call *call, struct err *e)
{
	struct open_work *w;
	enum err_code code;
	bool full;

	pthread_mutex_lock(&s->lock);
	full = (int64_t)s->n >= cfg->streams;
	pthread_mutex_unlock(&s->lock);
	if (full)
		return err_set(e, ERR_UNAVAILABLE, "%lld steps are streaming, the bound is limits.streams",
			(long long)cfg->streams);
	w = mem_alloc(sizeof *w);
	*w = (struct open_work){ .op = { .apply = apply_open, .done = opened, .bytes = sizeof *w },
		.s = s,
		.repo_id = repo_id,
		.facts = *facts,
		.call = *call };
	arena_init(&w->a);
	ingest_mask_names(&w->facts, cfg->mask, &w->a);
	code = store_submit(s->store, &w->op, e);
	if (code != ERR_OK) {
		arena_done(&w->a);
		free(w);
	}
	return code;
}

static enum err_code find_log(struct db *db, int64_t repo_id, const struct step_facts *facts, struct arena *a,
	struct log *ret, struct err *e)
{
	int64_t step_id = 0;

	TRY(steps_find(db, repo_id, facts, &step_id, e));
	return logs_get(db, a, step_id, ret, e);
}

enum err_code stream_find(struct streams *s, const struct config *cfg, int64_t repo_id,
	const struct step_facts *facts, struct stream_place *ret, struct err *e)
{
	struct step_facts masked = *facts;
	struct db *db = NULL;
	enum err_code code;
	struct log log;
	AUTO_ARENA a;

	arena_init(&a);
	ingest_mask_names(&masked, cfg->mask, &a);
	TRY(store_reader_get(s->store, &db, e));
	code = find_log(db, repo_id, &masked, &a, &log, e);
	store_reader_put(s->store, db);
	TRY(code);
	*ret = place_of_log(&log);
	return ERR_OK;
}

/* ---- changing ---- */

/* One change on its way to the disk. */
struct change {
	struct store_op op; /* first */
	struct streams *s;
	struct stream *st;
	struct stream_put put;
	const struct stream_end *end; /* NULL: it goes on */
	struct step_end step;
	bool drop;
	struct stream_call call;
};

static enum err_code apply_change(struct store_op *op, struct db *db, struct err *e)
{
	struct change *c = (struct change *)(void *)op;

	TRY(stream_put_apply(&c->put, db, e));
	if (!c->end)
		return ERR_OK;
	TRY(logs_end(db, &c->put.log, &c->step, e));
	return c->drop ? logs_drop(db, c->put.log.step_id, c->call.now, e) : ERR_OK;
}

static void free_change(struct change *c)
{
	stream_put_done(&c->put);
	free(c);
}

struct sealing {
	struct stream_call call;
};

/* All of the text is durable, in one file or not: the keeper goes on trying, and the sender has no part in that. */
static void sealed(void *arg, const struct err *result)
{
	struct sealing *x = arg;
	struct stream_call call = x->call;
	struct err fine = { .code = ERR_OK };

	(void)result;
	free(x);
	call.done(call.arg, &fine);
}

static void after_end(struct streams *s, int64_t step_id, bool drop, const struct stream_call *call)
{
	struct sealing *x = mem_alloc(sizeof *x);

	x->call = *call;
	if (drop) {
		keeper_remove(s->keeper, step_id);
		sealed(x, NULL);
	} else {
		keeper_seal(s->keeper, step_id, sealed, x);
	}
}

static void changed(struct store_op *op, const struct err *result)
{
	struct change *c = (struct change *)(void *)op;
	struct streams *s = c->s;
	struct stream_call call = c->call;
	bool ended = c->end, drop = c->drop;
	int64_t step_id = c->st->step_id;

	c->put.change.ended = ended;
	if (result->code == ERR_OK) {
		follow_tell(s->followers,
			&c->put.change); /* before the stream is given back: in the order of the commits */
		metric_add(METRIC_STREAM_BYTES, c->put.log.sent_bytes - c->st->log.sent_bytes);
		run_names_note_saved(s->names, c->st->log.run_id, c->put.masks_upto);
		stream_put_take(c->st, &c->put);
		if (ended) {
			c->st->log.state = LOG_ENDED;
			explainer_wake(s->explainer);
		}
		call.place->offset = c->st->log.sent_bytes;
		call.place->state = c->st->log.state;
		stream_note_chunks(s, c->st, &c->put);
	} else {
		stream_forget(s, c->st);
	}
	give(s, c->st, true);
	free_change(c);
	if (result->code == ERR_OK && ended)
		after_end(s, step_id, drop, &call);
	else
		call.done(call.arg, result);
}

/* Nothing to write: what there is was heard. */
static enum err_code nothing_new(
	struct streams *s, struct stream *st, struct change *c, const struct stream_call *call)
{
	struct err fine = { .code = ERR_OK };

	call->place->offset = st->log.sent_bytes;
	call->place->state = st->log.state;
	give(s, st, true);
	free_change(c);
	call->done(call->arg, &fine);
	return ERR_OK;
}

static enum err_code start_change(struct streams *s, const struct config *cfg, struct stream *st,
	const struct stream_end *end, const struct stream_call *call, struct err *e)
{
	struct change *c = mem_alloc(sizeof *c);
	enum err_code code;

	*c = (struct change){
		.op = { .apply = apply_change, .done = changed }, .s = s, .st = st, .end = end, .call = *call
	};
	if (end) {
		c->step = end->step;
		c->step.at = call->now;
		c->drop = end->drop && end->step.conclusion == CONCLUSION_SUCCESS;
	}
	code = stream_put_make(s, cfg, st, end != NULL, call->now, &c->put, e);
	if (code == ERR_OK && !end && stream_put_is_empty(&c->put))
		return nothing_new(s, st, c, call);
	c->op.bytes = sizeof *c + c->put.bytes;
	if (code == ERR_OK)
		code = store_submit(s->store, &c->op, e);
	if (code != ERR_OK) {
		stream_forget(s, st);
		free_change(c);
	}
	return code;
}

static void note_place(const struct stream *st, struct stream_place *ret)
{
	*ret = (struct stream_place){ .step_id = st->step_id,
		.run_id = st->log.run_id,
		.offset = st->log.sent_bytes,
		.state = st->log.state };
}

/* Taken, loaded, of the repo, alive. On failure it is given back. */
static enum err_code take_alive(struct streams *s, int64_t repo_id, int64_t step_id,
	const struct stream_call *call, bool ended_is_fine, struct stream **ret, struct err *e)
{
	struct stream *st = NULL;
	enum err_code code;

	TRY(take(s, step_id, call->place, &st, e));
	code = stream_load(s, st, e);
	if ((code == ERR_OK || code == ERR_GONE) && repo_id != 0 && st->log.repo_id != repo_id)
		code = err_set(e, ERR_NOT_FOUND, "there is no step %lld for this token", (long long)step_id);
	if (code == ERR_OK)
		note_place(st, call->place);
	if (code == ERR_OK && st->log.state != LOG_OPEN && st->log.lost_bytes >= 0) {
		code = stream_revive(s, st, e);
		if (code == ERR_OK)
			note_place(st, call->place);
	}
	if (code == ERR_OK && st->log.state != LOG_OPEN && !ended_is_fine)
		code = err_set(e, ERR_CONFLICT, "the log of step %lld has ended", (long long)step_id);
	if (code != ERR_OK) {
		give(s, st, code != ERR_NOT_FOUND && code != ERR_GONE);
		return code;
	}
	*ret = st;
	return ERR_OK;
}

enum err_code stream_append(struct streams *s, const struct config *cfg, int64_t repo_id, int64_t step_id,
	int64_t offset, struct str bytes, const struct stream_call *call, struct err *e)
{
	struct stream *st = NULL;
	enum err_code code;

	TRY(take_alive(s, repo_id, step_id, call, false, &st, e));
	code = stream_hold(st, offset, bytes, e);
	if (code == ERR_OK)
		code = start_change(s, cfg, st, NULL, call, e);
	if (code != ERR_OK)
		give(s, st, true);
	return code;
}

static enum err_code check_all_there(const struct stream *st, int64_t bytes, struct err *e)
{
	int64_t have = st->log.sent_bytes + (int64_t)st->held.len;

	if (bytes < 0 || bytes == have)
		return ERR_OK;
	return err_set(e, ERR_CONFLICT,
		"%lld bytes of the log of step %lld are here, not %lld; send those from the offset on, then "
		"finish again",
		(long long)have, (long long)st->step_id, (long long)bytes);
}

enum err_code stream_finish(struct streams *s, const struct config *cfg, int64_t repo_id, int64_t step_id,
	const struct stream_end *end, const struct stream_call *call, struct err *e)
{
	struct err fine = { .code = ERR_OK };
	struct stream *st = NULL;
	enum err_code code;

	code = take_alive(s, repo_id, step_id, call, true, &st, e);
	if (code ==
		ERR_GONE) { /* finished, and its text was not kept: the answer was lost, and is asked for again */
		*call->place = (struct stream_place){
			.step_id = step_id, .offset = end->bytes > 0 ? end->bytes : 0, .state = LOG_SEALED
		};
		call->done(call->arg, &fine);
		return ERR_OK;
	}
	TRY(code);
	if (st->log.state != LOG_OPEN) {
		give(s, st, false);
		call->done(call->arg, &fine);
		return ERR_OK;
	}
	code = check_all_there(st, end->bytes, e);
	if (code == ERR_OK)
		code = start_change(s, cfg, st, end, call, e);
	if (code != ERR_OK)
		give(s, st, true);
	return code;
}

/* ---- giving up ---- */

/* The next stream that is silent, busy now and the caller's; NULL: there is none. */
static struct stream *take_silent(struct streams *s, int64_t before)
{
	struct stream *found = NULL;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < STREAM_BUCKETS && !found; i++)
		for (struct stream *st = s->buckets[i]; st && !found; st = st->next)
			if (!st->busy && st->heard_at < before)
				found = st;
	if (found)
		found->busy = true;
	pthread_mutex_unlock(&s->lock);
	return found;
}

struct lost_op {
	struct store_op op;
	struct stream_put *put;
	struct step_end end;
};

static enum err_code apply_lost(struct store_op *op, struct db *db, struct err *e)
{
	struct lost_op *l = (struct lost_op *)(void *)op;

	TRY(stream_put_apply(l->put, db, e));
	return logs_end(db, &l->put->log, &l->end, e);
}

/*
 * What is held back is put down, but not taken: its sender may come back and go on from where it was told. Unless it wrote over lines that
 * were put down before: those are gone, and so it is taken.
 */
static enum err_code give_up(struct streams *s, const struct config *cfg, struct stream *st, struct err *e)
{
	int64_t now = clock_wall_ms(s->clock), before;
	struct stream_put put = { 0 };
	struct lost_op l = { .op = { .apply = apply_lost, .bytes = sizeof l },
		.put = &put,
		.end = { .conclusion = CONCLUSION_RUNNER_LOST, .duration_ms = -1, .at = now } };
	enum err_code code;

	TRY(stream_load(s, st, e));
	if (st->log.state != LOG_OPEN)
		return ERR_OK;
	before = st->log.text_bytes;
	code = stream_put_make(s, cfg, st, true, now, &put, e);
	if (code == ERR_OK) {
		if (put.undone_bytes > 0) {
			put.log.lost_bytes = put.log.text_bytes;
			put.log.saved = STR("");
		} else {
			put.log.lost_bytes = before;
			put.log.sent_bytes = st->log.sent_bytes;
			put.log.saved = st->log.saved;
		}
		code = store_write(s->store, &l.op, e);
	}
	put.change.ended = true;
	if (code == ERR_OK) {
		run_names_note_saved(s->names, st->log.run_id, put.masks_upto);
		follow_tell(s->followers, &put.change);
	}
	stream_put_done(&put);
	TRY(code);
	metric_add(METRIC_STREAMS_LOST, 1);
	diag(DIAG_INFO, "step %lld: its runner has been silent; it counts as lost", (long long)st->step_id);
	return ERR_OK;
}

void streams_give_up_silent(struct streams *s, int64_t steady_now)
{
	const struct config *cfg = config_get(s->box);
	int64_t before = steady_now - cfg->lost_after_ms;
	struct stream *st;

	while ((st = take_silent(s, before))) {
		int64_t step_id = st->step_id;
		struct err e;
		enum err_code code = give_up(s, cfg, st, &e);

		/* A conflict: its repo has gone since it was loaded, or it has moved; it is looked at anew the next time. */
		if (code != ERR_OK && code != ERR_NOT_FOUND && code != ERR_CONFLICT)
			diag(DIAG_ERROR, "step %lld could not be given up: %s", (long long)step_id, e.text);
		stream_forget(s, st); /* loaded again, should it go on */
		st->heard_at = steady_now;
		give(s, st, code != ERR_OK && code != ERR_NOT_FOUND && code != ERR_GONE);
		if (code == ERR_OK) {
			explainer_wake(s->explainer);
			keeper_seal(s->keeper, step_id, NULL, NULL);
		}
	}
	config_put(s->box, cfg);
}

static void tick(void *arg)
{
	struct streams *s = arg;

	streams_give_up_silent(s, clock_steady_ms(s->clock));
	queue_tick(s->store, clock_wall_ms(s->clock));
	follow_tick(s->followers);
}

/* ---- life ---- */

/* What was open when the last process ended is waited for again; what had ended is sealed. */
static enum err_code recover(struct streams *s, struct err *e)
{
	int64_t after = 0;
	size_t n;

	do {
		struct log *logs = NULL;
		struct db *db = NULL;
		enum err_code code;
		AUTO_ARENA a;

		arena_init(&a);
		TRY(store_reader_get(s->store, &db, e));
		code = logs_unsealed(db, &a, after, 500, &logs, &n, e);
		store_reader_put(s->store, db);
		TRY(code);
		for (size_t i = 0; i < n; i++) {
			after = logs[i].step_id;
			if (logs[i].state == LOG_OPEN)
				note_opened(s, after);
			else
				keeper_seal(s->keeper, after, NULL, NULL);
		}
	} while (n > 0);
	return ERR_OK;
}

enum err_code streams_start(struct store *store, struct config_box *box, const struct clock *clock,
	struct explainer *explainer, struct streams **ret, struct err *e)
{
	struct streams *s = mem_alloc(sizeof *s);
	enum err_code code;

	s->store = store;
	s->box = box;
	s->clock = clock;
	s->explainer = explainer;
	pthread_mutex_init(&s->lock, NULL);
	s->followers = follow_table_new(store, clock);
	code = crew_start(crew_size_for_here(), &s->crew, e);
	if (code == ERR_OK)
		code = run_names_table_new(store, &s->names, e);
	if (code == ERR_OK)
		code = keeper_start(store, clock, tick, s, &s->keeper, e);
	if (code == ERR_OK)
		code = recover(s, e);
	if (code != ERR_OK)
		streams_stop(s);
	else
		*ret = s;
	return code;
}

void streams_stop(struct streams *s)
{
	if (!s)
		return;
	keeper_stop(s->keeper);
	for (size_t i = 0; i < STREAM_BUCKETS; i++) {
		for (struct stream *st = s->buckets[i], *next; st; st = next) {
			next = st->next;
			stream_free(s, st);
		}
	}
	metric_set(METRIC_STREAMS, 0);
	run_names_table_free(s->names);
	crew_stop(s->crew);
	pthread_mutex_destroy(&s->lock);
	follow_table_free(s->followers);
	free(s);
}
