/*
 * api_worker: what a worker of the suite says: that it wants a run, how far it is, what became of tests, and that it is done.
 *
 * The document's checks have looked at every member by then. What a worker sends is told with its claim; that it is the run's is the service's to say.
 */
#include "api_table.h"

#include "http/step_facts.h"
#include "http/upload.h"
#include "service/results.h"
#include "service/suite.h"

static struct str text(const struct json *object, const char *name)
{
	return json_str(json_get(object, name));
}

static int64_t integer(const struct json *object, const char *name, int64_t absent)
{
	int64_t value = absent;

	json_int(json_get(object, name), &value);
	return value;
}

static struct telling telling_of(struct call *c, int64_t claim)
{
	return (struct telling){ .run_id = arg_int(c, "run_id"),
		.claim = claim,
		.by = &c->identity,
		.cfg = c->cfg,
		.now = c->now };
}

static void put_lease(struct json_out *j, const struct call *c)
{
	json_put_int(j, "lease_seconds", c->cfg->suite_lease_ms / 1000);
}

/* ---- claiming ---- */

static void put_test(struct json_out *j, const struct run_test *t)
{
	json_open_object(j, NULL);
	json_put_int(j, "regression_test_id", t->test_id);
	json_put_str(j, "name", t->name);
	json_put_str(j, "command", t->command);
	json_put_bool(j, "shell", t->shell);
	json_put_int(j, "expected_rc", t->expected_rc);
	json_put_number(j, "timeout_ms", t->timeout_ms > 0, t->timeout_ms);
	json_put_bool(j, "done", t->done);
	json_open_object(j, "sample");
	json_put_int(j, "sample_id", t->sample_id);
	json_put_str(j, "sha256", t->digest);
	json_put_str(j, "name", t->sample_name);
	json_put_str(j, "extension", t->extension);
	json_close_object(j);
	json_open_array(j, "outputs");
	for (size_t i = 0; i < t->n_outputs; i++) {
		json_open_object(j, NULL);
		json_put_int(j, "output_id", t->outputs[i].output_id);
		json_put_str(j, "filename", t->outputs[i].filename);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}

static void put_claim(
	struct call *c, struct json_out *j, const struct claim *x, const struct run_test *tests, size_t n)
{
	json_open_object(j, "run");
	json_put_int(j, "run_id", x->run_id);
	json_put_int(j, "claim", x->number);
	put_lease(j, c);
	json_put_str(j, "repository", x->repo);
	json_put_str(j, "forge", x->forge);
	json_put_str(j, "commit_sha", x->head_sha);
	json_put_str(j, "external_run_id", x->external_run_id);
	json_put_told(j, "branch", x->branch);
	json_put_number(j, "pr_number", x->pull_request > 0, x->pull_request);
	json_put_str(j, "platform", text(c->body, "platform"));
	json_open_array(j, "tests");
	for (size_t i = 0; i < n; i++)
		put_test(j, &tests[i]);
	json_close_array(j);
	json_close_object(j);
}

enum err_code api_claim_run(struct call *c, struct err *e)
{
	struct run_test *tests = NULL;
	struct claim claim;
	struct json_out j;
	bool found = false;
	size_t n = 0;

	TRY(queue_claim(c->app->store, c->cfg, &c->identity, text(c->body, "platform"),
		text(c->body, "worker"), c->now, &c->arena, &claim, &found, e));
	if (found)
		TRY(queue_tests(c->app->store, claim.run_id, &c->arena, &tests, &n, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	if (found)
		put_claim(c, &j, &claim, tests, n);
	else
		json_put_null(&j, "run");
	json_close_object(&j);
	return ERR_OK;
}

/* ---- progress ---- */

enum err_code api_tell_progress(struct call *c, struct err *e)
{
	struct telling t = telling_of(c, body_int(c, "claim", 0));
	struct progress p = {
		.at = c->now, .step = body_int(c, "step", -1), .message = text(c->body, "message")
	};
	bool has = progress_status_find(text(c->body, "status"), &p.status);
	struct json_out j;

	if (!has && p.message.len > 0)
		return err_field(e, "status", "goes with a message: what is told is of a status");
	TRY(queue_told(c->app->store, &t, has ? &p : NULL, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	put_lease(&j, c);
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_finish_run(struct call *c, struct err *e)
{
	bool failed = str_eq(text(c->body, "status"), STR("error"));
	struct telling t = telling_of(c, body_int(c, "claim", 0));
	struct progress p = { .at = c->now,
		.step = -1,
		.status = failed ? PROGRESS_ERROR : PROGRESS_COMPLETED,
		.message = text(c->body, "message") };
	struct json_out j;
	struct run run;

	if (failed && p.message.len == 0)
		return err_field(e, "message", "is needed with status error: what went wrong");
	TRY(queue_finish(c->app->store, &t, &p, e));
	TRY(facts_run(c->app->store, &c->identity, t.run_id, c->now, &c->arena, &run, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_int(&j, "run_id", run.id);
	json_put_z(&j, "status", run_status_name(run.status));
	json_close_object(&j);
	return ERR_OK;
}

/* ---- results ---- */

static void read_outputs(struct call *c, const struct json *list, struct result_told *told)
{
	size_t n = json_len(list);
	struct output_told *outputs = arena_array(&c->arena, n + 1, sizeof *outputs);

	for (size_t i = 0; i < n; i++) {
		const struct json *o = json_at(list, i);

		outputs[i] = (struct output_told){ .filename = text(o, "filename"),
			.digest = upload_digest(c, text(o, "sha256")),
			.n_bytes = integer(o, "size_bytes", -1) };
	}
	told->has_outputs = list != NULL;
	told->outputs = outputs;
	told->n_outputs = n;
}

/* A result says how it ended, or that it did not. */
static enum err_code read_result(
	struct call *c, const struct json *r, struct result_told *told, struct err *e)
{
	struct str status = text(r, "status");
	int64_t exit_code = 0;

	*told = (struct result_told){ .test_id = integer(r, "regression_test_id", 0),
		.has_exit_code = json_int(json_get(r, "exit_code"), &exit_code),
		.exit_code = exit_code,
		.runtime_ms = integer(r, "runtime_ms", -1),
		.message = text(r, "message"),
		.status = RESULT_NOT_STARTED };
	if (status.len > 0)
		result_status_find(status, &told->status);
	if (status.len == 0 && !told->has_exit_code)
		return err_field(
			e, "results", "a result needs its exit_code, or a status (running, skipped)");
	read_outputs(c, json_get(r, "outputs"), told);
	return ERR_OK;
}

static void put_back(struct json_out *j, const struct told_back *b)
{
	json_open_object(j, NULL);
	json_put_int(j, "regression_test_id", b->test_id);
	json_put_z(j, "status", result_status_name(b->status));
	json_open_array(j, "wanted");
	for (size_t i = 0; i < b->n_wanted; i++)
		json_put_int(j, NULL, b->wanted[i]);
	json_close_array(j);
	json_close_object(j);
}

enum err_code api_tell_results(struct call *c, struct err *e)
{
	const struct json *list = json_get(c->body, "results");
	struct telling t = telling_of(c, body_int(c, "claim", 0));
	size_t n = json_len(list);
	struct result_told *told = arena_array(&c->arena, n + 1, sizeof *told);
	struct told_back *back = arena_array(&c->arena, n + 1, sizeof *back);
	struct json_out j;

	for (size_t i = 0; i < n; i++)
		TRY(read_result(c, json_at(list, i), &told[i], e));
	TRY(results_tell(c->app->store, &t, told, n, &c->arena, back, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_open_array(&j, "results");
	for (size_t i = 0; i < n; i++)
		put_back(&j, &back[i]);
	json_close_array(&j);
	json_close_object(&j);
	return ERR_OK;
}

/* ---- what a test wrote ---- */

static enum err_code keep(struct call *c, struct blob_file *f, struct str digest, bool *ret_new,
	int64_t *ret_bytes, struct err *e)
{
	struct telling t = telling_of(c, arg_int(c, "claim"));

	return results_keep_output(
		c->app->store, &t, arg_int(c, "output_id"), f, digest, ret_new, ret_bytes, e);
}

enum err_code api_put_output_begin(struct call *c, struct err *e)
{
	struct telling t = telling_of(c, arg_int(c, "claim"));

	TRY(queue_may_tell(c->app->store, &t, e));
	return upload_begin(c, upload_digest(c, arg_str(c, "sha256")), keep, e);
}

enum err_code api_put_output(struct call *c, struct err *e)
{
	return upload_end(c, e);
}
/* ---- of elsewhere ---- */

enum err_code api_import_results(struct call *c, struct err *e)
{
	const struct json *list = json_get(c->body, "results");
	size_t n = json_len(list);
	struct str *names = arena_array(&c->arena, n + 1, sizeof *names);
	struct result_told *told = arena_array(&c->arena, n + 1, sizeof *told);
	struct result_import in = { .run = step_facts_of(c),
		.repo_id = c->repo.id,
		.names = names,
		.told = told,
		.n = n,
		.by = &c->identity,
		.cfg = c->cfg,
		.now = c->now };
	int64_t run_id = 0;
	struct json_out j;

	for (size_t i = 0; i < n; i++) {
		const struct json *r = json_at(list, i);

		names[i] = text(r, "name");
		told[i] = (struct result_told){ .message = text(r, "message"),
			.runtime_ms = integer(r, "runtime_ms", -1) };
		result_status_find(text(r, "status"), &told[i].status);
	}
	TRY(results_import(c->app->store, &in, &run_id, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_int(&j, "run_id", run_id);
	json_put_int(&j, "results", (int64_t)n);
	json_close_object(&j);
	return ERR_OK;
}
