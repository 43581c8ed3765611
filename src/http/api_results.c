/* api_results: what became of the tests of a run, as the results API has it. */
#include "api_table.h"

#include "base/utf8.h"
#include "http/run_json.h"
#include "service/results.h"

/* ---- the run ---- */

enum err_code api_get_run_summary(struct call *c, struct err *e)
{
	struct run_summary s;
	struct json_out j;
	int64_t all = 0;

	TRY(results_sum_up(c->app->store, &c->identity, arg_int(c, "run_id"), c->now, &c->arena, &s, e));
	for (unsigned i = 0; i < RESULT_N_STATUSES; i++)
		all += s.n[i];
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_int(&j, "run_id", s.run.id);
	json_put_z(&j, "status", run_status_name(s.run.status));
	json_put_int(&j, "total_samples", all);
	json_put_int(&j, "pass_count", s.n[RESULT_PASS]);
	json_put_int(&j, "fail_count", s.n[RESULT_FAIL]);
	json_put_int(&j, "skipped_count", s.n[RESULT_SKIPPED]);
	json_put_int(&j, "missing_output_count", s.n[RESULT_MISSING_OUTPUT]);
	json_put_int(&j, "running_count", s.n[RESULT_RUNNING]);
	json_put_int(&j, "not_started_count", s.n[RESULT_NOT_STARTED]);
	json_put_int(&j, "error_count", s.n_errors);
	json_put_number(&j, "duration_ms", s.duration_ms >= 0, s.duration_ms);
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_get_run_config(struct call *c, struct err *e)
{
	int64_t *tests = NULL;
	struct json_out j;
	struct run run;
	size_t n = 0;

	TRY(results_config(
		c->app->store, &c->identity, arg_int(c, "run_id"), c->now, &c->arena, &run, &tests, &n, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_int(&j, "run_id", run.id);
	json_put_str(&j, "platform", run.platform.len > 0 ? run.platform : STR("linux"));
	json_put_str(&j, "branch", branch_told(run.branch));
	json_put_str(&j, "commit_sha", run.head_sha);
	json_open_array(&j, "regression_test_ids");
	for (size_t i = 0; i < n; i++)
		json_put_int(&j, NULL, tests[i]);
	json_close_array(&j);
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_get_run_progress(struct call *c, struct err *e)
{
	int64_t limit = arg_int(c, "limit"), offset = arg_int(c, "offset"), total = 0;
	enum progress_status status;
	struct progress *events = NULL;
	struct json_out j;
	size_t n = 0;

	TRY(results_progress(c->app->store, &c->identity, arg_int(c, "run_id"),
		progress_status_find(arg_str(c, "status"), &status) ? (int)status : -1, limit, offset, c->now,
		&c->arena, &events, &n, &total, e));
	j = reply_page(c, limit, offset, n, total);
	for (size_t i = 0; i < n; i++) {
		json_open_object(&j, NULL);
		json_put_time(&j, "timestamp", events[i].at);
		json_put_z(&j, "status", progress_status_name(events[i].status));
		json_put_str(&j, "message", events[i].message);
		json_put_number(&j, "step", events[i].step >= 0, events[i].step);
		json_close_object(&j);
	}
	reply_page_end(&j);
	return ERR_OK;
}

/* ---- results ---- */

static void put_outputs(struct json_out *j, const struct result *r)
{
	json_open_array(j, "outputs");
	for (size_t i = 0; i < r->n_outputs; i++) {
		json_open_object(j, NULL);
		json_put_int(j, "output_id", r->outputs[i].output_id);
		json_put_str(j, "filename", r->outputs[i].filename);
		json_put_z(j, "status", output_status_name(r->outputs[i].status));
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_result(struct json_out *j, const struct result *r)
{
	json_open_object(j, NULL);
	json_put_int(j, "regression_test_id", r->test_id);
	json_put_int(j, "sample_id", r->sample_id);
	json_put_str(j, "sample_name", r->sample_name);
	json_put_str(j, "name", r->test_name);
	json_open_array(j, "categories");
	for (size_t i = 0; i < r->categories.n; i++)
		json_put_str(j, NULL, r->categories.v[i]);
	json_close_array(j);
	json_put_str(j, "command", r->command);
	json_put_z(j, "status", result_status_name(r->status));
	json_put_number(j, "runtime_ms", r->runtime_ms >= 0, r->runtime_ms);
	json_put_number(j, "exit_code", r->has_exit_code, r->exit_code);
	json_put_int(j, "expected_rc", r->expected_rc);
	json_put_told(j, "message", r->message);
	json_put_time(j, "tested_at", r->tested_at);
	put_outputs(j, r);
	json_close_object(j);
}

enum err_code api_list_run_samples(struct call *c, struct err *e)
{
	enum result_status status;
	struct result_query q = { .run_id = arg_int(c, "run_id"),
		.status = result_status_find(arg_str(c, "status"), &status) ? (int)status : -1,
		.name = arg_str(c, "name"),
		.tag = arg_str(c, "tag"),
		.category = arg_str(c, "category"),
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset") };
	struct result *results = NULL;
	int64_t total = 0;
	struct json_out j;
	size_t n = 0;

	TRY(results_of_run(c->app->store, &c->identity, &q, c->now, &c->arena, &results, &n, &total, e));
	j = reply_page(c, q.limit, q.offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_result(&j, &results[i]);
	reply_page_end(&j);
	return ERR_OK;
}

enum err_code api_get_run_sample(struct call *c, struct err *e)
{
	struct result_query q = { .run_id = arg_int(c, "run_id"),
		.test_id = arg_int(c, "regression_test_id"),
		.status = -1,
		.limit = 1 };
	struct result *results = NULL;
	int64_t total = 0;
	struct json_out j;
	size_t n = 0;

	TRY(results_of_run(c->app->store, &c->identity, &q, c->now, &c->arena, &results, &n, &total, e));
	if (n == 0)
		return err_set(e, ERR_NOT_FOUND, "run %lld has no test %lld", (long long)q.run_id,
			(long long)q.test_id);
	j = reply_json(c, 200);
	put_result(&j, results);
	return ERR_OK;
}

/* ---- history ---- */

static void put_history(struct json_out *j, const struct history *h)
{
	json_open_object(j, NULL);
	json_put_int(j, "run_id", h->run.id);
	json_put_int(j, "regression_test_id", h->test_id);
	json_put_z(j, "status", result_status_name(h->status));
	json_put_z(j, "run_status", run_status_name(h->run.status));
	json_put_str(j, "platform", h->run.platform.len > 0 ? h->run.platform : STR("linux"));
	json_put_told(j, "branch", branch_told(h->run.branch));
	json_put_told(j, "commit_sha", h->run.head_sha);
	json_put_time(j, "tested_at", h->tested_at);
	json_put_told(j, "failure_signature", h->signature);
	json_close_object(j);
}

enum err_code api_get_sample_history(struct call *c, struct err *e)
{
	struct history_query q = { .sample_id = arg_int(c, "sample_id"),
		.branch = arg_str(c, "branch"),
		.platform = arg_str(c, "platform"),
		.status = arg_str(c, "status"),
		.created_from = arg_time(c, "created_after"),
		.created_to = arg_time(c, "created_before"),
		.now = c->now,
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset") };
	struct history *entries = NULL;
	int64_t total = 0;
	struct json_out j;
	size_t n = 0;

	TRY(results_of_sample(c->app->store, &c->identity, &q, &c->arena, &entries, &n, &total, e));
	j = reply_page(c, q.limit, q.offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_history(&j, &entries[i]);
	reply_page_end(&j);
	return ERR_OK;
}

/* ---- artifacts ---- */

static const struct {
	const char *type, *content_type, *end; /* end: of the filename */
} kinds[ARTIFACT_N_KINDS] = {
	[ARTIFACT_LOG] = { "build_log", "text/plain; charset=utf-8", ".log" },
	[ARTIFACT_STDOUT] = { "combined_stdout", "text/plain; charset=utf-8", ".log" },
	[ARTIFACT_ACTUAL] = { "sample_output", "application/octet-stream", "" },
	[ARTIFACT_EXPECTED] = { "expected_output", "application/octet-stream", "" },
	[ARTIFACT_DIFF] = { "diff", "application/json", ".diff" },
};

static unsigned kinds_of(const struct call *c)
{
	unsigned set = 0;

	for (unsigned i = 0; i < ARTIFACT_N_KINDS; i++)
		if (!arg_has(c, "type") || str_eq(arg_str(c, "type"), str_z(kinds[i].type)))
			set |= 1u << i;
	return set;
}

static struct str url_of(struct call *c, int64_t run_id, const struct artifact *x)
{
	struct str base = call_base_url(c);

	if (x->step_id > 0)
		return arena_fmt(
			&c->arena, "%.*s/api/v1/steps/%lld/log", STR_FMT(base), (long long)x->step_id);
	if (x->kind == ARTIFACT_DIFF)
		return arena_fmt(&c->arena,
			"%.*s/api/v1/runs/%lld/samples/%lld/regression-tests/%lld/outputs/%lld/"
			"diff?format=unified",
			STR_FMT(base), (long long)run_id, (long long)x->sample_id, (long long)x->test_id,
			(long long)x->output_id);
	return arena_fmt(&c->arena, "%.*s/api/v1/blobs/%.*s", STR_FMT(base), STR_FMT(x->digest));
}

static void put_artifact(struct call *c, struct json_out *j, int64_t run_id, const struct artifact *x)
{
	const char *end = kinds[x->kind].end;
	struct str name = x->filename;

	if (name.len + 5 > 255)
		name.len = utf8_floor(name, 250);
	json_open_object(j, NULL);
	json_put_str(j, "artifact_id",
		x->step_id > 0 ? arena_fmt(&c->arena, "s%lld", (long long)x->step_id)
			       : arena_fmt(&c->arena, "%s-%lld-%lld", kinds[x->kind].type,
					 (long long)x->test_id, (long long)x->output_id));
	json_put_int(j, "run_id", run_id);
	json_put_number(j, "sample_id", x->sample_id > 0, x->sample_id);
	json_put_number(j, "regression_id", x->test_id > 0, x->test_id);
	json_put_z(j, "type", kinds[x->kind].type);
	json_put_str(j, "filename", arena_fmt(&c->arena, "%.*s%s", STR_FMT(name), end));
	json_put_z(j, "content_type", kinds[x->kind].content_type);
	json_put_number(j, "size_bytes", x->n_bytes >= 0 && x->kind != ARTIFACT_DIFF, x->n_bytes);
	json_put_z(j, "storage_status", blob_state_name(x->state));
	json_put_told(j, "download_url", x->here ? url_of(c, run_id, x) : STR(""));
	json_close_object(j);
}

enum err_code api_list_artifacts(struct call *c, struct err *e)
{
	int64_t run_id = arg_int(c, "run_id"), limit = arg_int(c, "limit"), offset = arg_int(c, "offset");
	struct artifact *found = NULL;
	int64_t total = 0;
	struct json_out j;
	size_t n = 0;

	TRY(results_artifacts(c->app->store, &c->identity, run_id, kinds_of(c), limit, offset, c->now,
		&c->arena, &found, &n, &total, e));
	j = reply_page(c, limit, offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_artifact(c, &j, run_id, &found[i]);
	reply_page_end(&j);
	return ERR_OK;
}
