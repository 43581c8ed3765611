/* api_queue: runs of the suite are asked for, waited for, and canceled. */
#include "api_table.h"

#include "http/run_json.h"
#include "http/step_facts.h"
#include "service/queue.h"

/* ---- asking ---- */

struct asking { /* in the call's arena */
	struct call *call;
	struct run_asking q;
	struct signin_who who;
};

static struct run_asking asking_of(struct call *c)
{
	const struct json *ids = json_get(c->body, "regression_test_ids");
	size_t n = json_len(ids);
	int64_t *tests = n > 0 ? arena_array(&c->arena, n + 1, sizeof *tests) : NULL;

	for (size_t i = 0; i < n; i++)
		json_int(json_at(ids, i), &tests[i]);
	return (struct run_asking){ .repository = json_str(json_get(c->body, "repository")),
		.branch = json_str(json_get(c->body, "branch")),
		.head_sha = json_str(json_get(c->body, "commit_sha")),
		.platform = json_str(json_get(c->body, "platform")),
		.pull_request = body_int(c, "pull_request", 0),
		.test_ids = tests,
		.n_tests = n,
		.by = &c->identity,
		.cfg = c->cfg,
		.now = c->now };
}

static enum err_code ask(struct call *c, const struct run_asking *q, struct err *e)
{
	int64_t test = 0;
	struct run run;
	enum err_code code = queue_ask(c->app->store, q, &c->arena, &run, &test, e);
	struct json_out j;

	if (code == ERR_UNPROCESSABLE && test > 0)
		call_detail_int(c, "regression_test_id", test);
	TRY(code);
	j = reply_json(c, 202);
	run_json(&j, NULL, &run, c->now);
	return ERR_OK;
}

/* On a thread of signin's. */
static void go_on(void *arg, const struct err *result)
{
	struct asking *w = arg;
	struct err e = *result;

	w->q.login = w->who.login;
	if (e.code == ERR_OK ||
		e.code == ERR_NOT_FOUND) /* that nobody knows who it is, is said by queue_ask() */
		e = (struct err){ .code = ERR_OK };
	if (e.code == ERR_OK)
		e.code = ask(w->call, &w->q, &e);
	call_finish(w->call, &e);
}

enum err_code api_create_run(struct call *c, struct err *e)
{
	struct asking *w = arena_alloc(&c->arena, sizeof *w);
	struct str provider;
	enum err_code code;

	*w = (struct asking){ .call = c, .q = asking_of(c) };
	TRY(queue_may_ask(c->app->store, &w->q, &c->arena, &provider, e));
	if (provider.len == 0 || !c->app->signin)
		return ask(c, &w->q, e);
	w->who = (struct signin_who){ .provider = provider,
		.user_id = c->identity.user_id,
		.cfg = c->cfg,
		.now = c->now,
		.a = &c->arena,
		.done = go_on,
		.arg = w };
	call_defer(c, NULL, NULL);
	code = signin_who(c->app->signin, &w->who, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

/* ---- the queue ---- */

static void put_job(struct json_out *j, const struct queue_job *x)
{
	json_open_object(j, NULL);
	json_put_int(j, "run_id", x->run_id);
	json_put_z(j, "status", x->position > 0 ? "queued" : "running");
	json_put_str(j, "platform", x->platform);
	json_put_time(j, "queued_at", x->queued_at);
	json_put_time(j, "started_at", x->started_at);
	json_put_number(j, "position", x->position > 0, x->position);
	json_put_told(j, "worker", x->worker);
	json_close_object(j);
}

static enum run_stage stage_of(struct str status)
{
	if (status.len == 0)
		return STAGE_NONE;
	return str_eq(status, STR("queued")) ? STAGE_QUEUED : STAGE_WORKING;
}

enum err_code api_get_queue(struct call *c, struct err *e)
{
	struct queue_query q = { .platform = arg_str(c, "platform"),
		.stage = stage_of(arg_str(c, "status")),
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset") };
	struct queue_job *jobs = NULL;
	int64_t total = 0;
	struct json_out j;
	size_t n = 0;

	TRY(queue_jobs(c->app->store, &c->identity, &q, &c->arena, &jobs, &n, &total, e));
	j = reply_page(c, q.limit, q.offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_job(&j, &jobs[i]);
	reply_page_end(&j);
	return ERR_OK;
}

/* ---- canceling ---- */

static const struct {
	const char *status, *message;
} outcomes[STAGE_N] = {
	[STAGE_NONE] = { "rejected", "it is a run of the forge: cancel it there" },
	[STAGE_DONE] = { "no_op", "it is over already" },
	[STAGE_WORKING] = { "accepted", "its worker is told with its next word" },
	[STAGE_QUEUED] = { "accepted", "it is taken out of the queue" },
	[STAGE_LOST] = { "no_op", "it is over already" },
	[STAGE_FAILED] = { "no_op", "it is over already" },
	[STAGE_CANCELED] = { "no_op", "it is canceled already" },
};

enum err_code api_cancel_run(struct call *c, struct err *e)
{
	int64_t run_id = arg_int(c, "run_id");
	enum run_stage stage;
	struct json_out j;

	TRY(queue_cancel(c->app->store, c->cfg, &c->identity, run_id, json_str(json_get(c->body, "reason")),
		c->now, &stage, e));
	j = reply_json(c, 202);
	json_open_object(&j, NULL);
	json_put_int(&j, "run_id", run_id);
	json_put_z(&j, "action", "cancel");
	json_put_z(&j, "status", outcomes[stage].status);
	json_put_z(&j, "message", outcomes[stage].message);
	json_close_object(&j);
	return ERR_OK;
}
