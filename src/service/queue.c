/* queue: see the header. Who may ask for a run is queue_ask.c. */
#include "service/queue.h"

#include "base/diag.h"
#include "base/json.h"
#include "base/metric.h"
#include "base/utf8.h"
#include "service/audit.h"
#include "service/facts.h"
#include "service/ingest.h"
#include "service/progress_type.h"

#define LOST_AT_ONCE 100

/* ---- claiming ---- */

enum err_code queue_may_work(const struct identity *by, struct err *e)
{
	if (by->kind == IDENTITY_INTERNAL)
		return ERR_OK;
	return access_allow(by, 0, ROLE_BIT(ROLE_ADMIN) | ROLE_BIT(ROLE_CONTRIBUTOR), e);
}

struct claim_op {
	struct store_op op;
	const struct config *cfg;
	const struct identity *by;
	struct str platform, worker;
	int64_t now;
	struct arena *a;
	struct claim claim;
	bool found;
};

static enum err_code apply_claim(struct store_op *op, struct db *db, struct err *e)
{
	struct claim_op *w = (struct claim_op *)(void *)op;
	struct progress p = { .at = w->now, .step = -1, .status = PROGRESS_PREPARATION };

	TRY(access_still(db, w->by, w->now, e));
	TRY(queue_may_work(w->by, e));
	TRY(queue_take(db, w->a, w->platform, w->worker, w->by->token.repo_id, access_viewer(w->by), w->now,
		w->now + w->cfg->suite_lease_ms, &w->claim, &w->found, e));
	if (!w->found || w->claim.again)
		return ERR_OK;
	p.message = arena_fmt(w->a, "worker %.*s has it", STR_FMT(w->worker));
	return progress_note(db, w->claim.run_id, &p, e);
}

enum err_code queue_claim(struct store *s, const struct config *cfg, const struct identity *by,
	struct str platform, struct str worker, int64_t now, struct arena *a, struct claim *ret,
	bool *ret_found, struct err *e)
{
	struct claim_op w = { .op = { .apply = apply_claim, .bytes = sizeof w },
		.cfg = cfg,
		.by = by,
		.platform = platform,
		.worker = worker,
		.now = now,
		.a = a };

	ingest_mask_text(cfg->mask, a, &w.worker);
	TRY(store_write(s, &w.op, e));
	*ret = w.claim;
	*ret_found = w.found;
	return ERR_OK;
}

enum err_code queue_tests(
	struct store *s, int64_t run_id, struct arena *a, struct run_test **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = results_to_do(db, a, run_id, ret, ret_n, e);
	store_reader_put(s, db);
	return code;
}

/* ---- while it is done ---- */

static struct claim_key key_of(const struct telling *t, bool done_too)
{
	return (struct claim_key){ .run_id = t->run_id,
		.number = t->claim,
		.repo_id = t->by->token.repo_id,
		.viewer = access_viewer(t->by),
		.done_too = done_too };
}

enum err_code queue_hold(
	struct db *db, const struct telling *t, bool done_too, enum run_stage *ret_stage, struct err *e)
{
	struct claim_key key = key_of(t, done_too);

	TRY(access_still(db, t->by, t->now, e));
	TRY(queue_may_work(t->by, e));
	return queue_renew(db, &key, t->now + t->cfg->suite_lease_ms, ret_stage, e);
}

enum err_code queue_may_tell(struct store *s, const struct telling *t, struct err *e)
{
	struct claim_key key = key_of(t, true);
	enum run_stage stage;
	struct db *db = NULL;
	enum err_code code;

	TRY(queue_may_work(t->by, e));
	TRY(store_reader_get(s, &db, e));
	code = queue_stands(db, &key, &stage, e);
	store_reader_put(s, db);
	return code;
}

struct tell_op {
	struct store_op op;
	const struct telling *t;
	struct progress progress;
	bool has_progress, finish;
};

static enum err_code apply_tell(struct store_op *op, struct db *db, struct err *e)
{
	struct tell_op *w = (struct tell_op *)(void *)op;
	enum run_stage stage;

	TRY(queue_hold(db, w->t, w->finish, &stage, e));
	if (stage != STAGE_WORKING)
		return ERR_OK;
	if (!w->finish)
		return w->has_progress ? progress_add(db, w->t->run_id, &w->progress, e) : ERR_OK;
	TRY(progress_note(db, w->t->run_id, &w->progress, e));
	return queue_end(db, w->t->run_id, w->progress.is_error, w->t->now, e);
}

static enum err_code tell(
	struct store *s, const struct telling *t, const struct progress *p, bool finish, struct err *e)
{
	struct tell_op w = { .op = { .apply = apply_tell, .bytes = sizeof w },
		.t = t,
		.has_progress = p != NULL,
		.finish = finish };
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	if (p) {
		w.progress = *p;
		ingest_mask_text(t->cfg->mask, &a, &w.progress.message);
	}
	if (p && p->status == PROGRESS_ERROR) {
		w.progress.is_error = true;
		w.progress.type = progress_type_of(w.progress.message);
		w.progress.severity = SEVERITY_FATAL;
	}
	code = store_write(s, &w.op, e);
	return code;
}

enum err_code queue_told(struct store *s, const struct telling *t, const struct progress *p, struct err *e)
{
	return tell(s, t, p, false, e);
}

enum err_code queue_finish(struct store *s, const struct telling *t, const struct progress *p, struct err *e)
{
	return tell(s, t, p, true, e);
}

/* ---- canceling ---- */

struct cancel_op {
	struct store_op op;
	const struct identity *by;
	struct str reason;
	int64_t run_id, now;
	enum run_stage stage;
};

static struct str reason_json(struct str reason, struct arena *a)
{
	struct json_out j;
	struct str text;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	json_out_init(&j, &out);
	json_open_object(&j, NULL);
	json_put_told(&j, "reason", reason);
	json_close_object(&j);
	text = arena_str(a, buf_view(&out));
	return text;
}

static enum err_code apply_cancel(struct store_op *op, struct db *db, struct err *e)
{
	struct cancel_op *w = (struct cancel_op *)(void *)op;
	struct str who = w->by->email.len > 0 ? w->by->email : STR("server");
	struct progress p = { .at = w->now, .step = -1, .status = PROGRESS_CANCELED };
	struct deed_done done = { .deed = DEED_RUN_CANCEL, .subject_id = w->run_id, .at = w->now };
	AUTO_ARENA a;

	arena_init(&a);
	TRY(access_still(db, w->by, w->now, e));
	TRY(queue_drop(db, w->run_id, w->now, &w->stage, e));
	if (w->stage != STAGE_QUEUED && w->stage != STAGE_WORKING)
		return ERR_OK;
	p.message = arena_fmt(&a, "canceled by %.*s%s%.*s", (int)utf8_floor(who, 200), who.p,
		w->reason.len > 0 ? ": " : "", STR_FMT(w->reason));
	done.subject = arena_fmt(&a, "run %lld", (long long)w->run_id);
	done.detail = reason_json(w->reason, &a);
	TRY(progress_note(db, w->run_id, &p, e));
	return audit_deed(db, w->by, &done, e);
}

enum err_code queue_cancel(struct store *s, const struct config *cfg, const struct identity *by,
	int64_t run_id, struct str reason, int64_t now, enum run_stage *ret_stage, struct err *e)
{
	struct cancel_op w = { .op = { .apply = apply_cancel, .bytes = sizeof w + reason.len },
		.by = by,
		.reason = reason,
		.run_id = run_id,
		.now = now };
	enum err_code code;
	struct run run;
	AUTO_ARENA a;

	arena_init(&a);
	ingest_mask_text(cfg->mask, &a, &w.reason);
	code = facts_run(s, by, run_id, now, &a, &run, e);
	if (code == ERR_OK)
		code = store_write(s, &w.op, e);
	*ret_stage = w.stage;
	return code;
}

/* ---- the list ---- */

enum err_code queue_jobs(struct store *s, const struct identity *by, const struct queue_query *q,
	struct arena *a, struct queue_job **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct queue_query mine = *q;
	struct db *db = NULL;
	enum err_code code;

	mine.repo_id = by->token.repo_id;
	mine.viewer = access_viewer(by);
	TRY(store_reader_get(s, &db, e));
	code = queue_list(db, a, &mine, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}

/* ---- workers that are lost ---- */

struct resume_op {
	struct store_op op;
	int64_t lease_until;
};

static enum err_code apply_resume(struct store_op *op, struct db *db, struct err *e)
{
	return queue_extend(db, ((struct resume_op *)(void *)op)->lease_until, e);
}

enum err_code queue_resume(struct store *s, const struct config *cfg, int64_t now, struct err *e)
{
	struct resume_op w = { .op = { .apply = apply_resume, .bytes = sizeof w },
		.lease_until = now + cfg->suite_lease_ms };

	return store_write(s, &w.op, e);
}

struct lost_op {
	struct store_op op;
	const struct lost_claim *lost;
	int64_t now;
	enum run_stage stage;
};

static enum err_code apply_lost(struct store_op *op, struct db *db, struct err *e)
{
	struct lost_op *w = (struct lost_op *)(void *)op;
	struct progress p = { .at = w->now, .step = -1, .is_error = true, .type = TYPE_WORKER };
	AUTO_ARENA a;

	arena_init(&a);
	TRY(queue_give_back(db, w->lost, w->now, &w->stage, e));
	if (w->stage == STAGE_WORKING)
		return ERR_OK;
	p.status = w->stage == STAGE_LOST ? PROGRESS_ERROR : PROGRESS_QUEUED;
	p.severity = w->stage == STAGE_LOST ? SEVERITY_FATAL : SEVERITY_WARNING;
	p.message = arena_fmt(&a, "worker %.*s was not heard of any more%s", STR_FMT(w->lost->worker),
		w->stage == STAGE_LOST ? ", the second one: the run is given up" : ": the run waits again");
	return progress_note(db, w->lost->run_id, &p, e);
}

static enum err_code find_lost(
	struct store *s, struct arena *a, int64_t now, struct lost_claim **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = queue_lost(db, a, now, LOST_AT_ONCE, ret, ret_n, e);
	store_reader_put(s, db);
	return code;
}

void queue_tick(struct store *s, int64_t now)
{
	struct lost_claim *lost = NULL;
	size_t n = 0;
	struct err e;
	AUTO_ARENA a;

	arena_init(&a);
	if (find_lost(s, &a, now, &lost, &n, &e) != ERR_OK)
		return; /* it is looked for again in a second */
	for (size_t i = 0; i < n; i++) {
		struct lost_op w = {
			.op = { .apply = apply_lost, .bytes = sizeof w }, .lost = &lost[i], .now = now
		};

		if (store_write(s, &w.op, &e) != ERR_OK || w.stage == STAGE_WORKING)
			continue;
		metric_add(METRIC_WORKERS_LOST, 1);
		diag(DIAG_WARNING, "worker %.*s of run %lld was not heard of any more",
			STR_FMT(lost[i].worker), (long long)lost[i].run_id);
	}
}
