/* work_api: see the header. What is sent is made and what comes is read here and nowhere else in the worker. */
#include "agent/work_api.h"

#include <stdio.h>

#define URL_MAX 4096
#define SILENCE_MS 60000      /* of a server that sends a sample */
#define SLOWEST (64 * 1024)   /* bytes a second that an output is sent with at least, */
#define SLOWEST_BASE_MS 60000 /* and what goes before that */

/* ---- claiming ---- */

static void read_test(const struct json *j, struct arena *a, struct work_test *ret)
{
	const struct json *sample = json_get(j, "sample"), *outputs = json_get(j, "outputs");

	*ret = (struct work_test){ .test_id = ask_number(j, "regression_test_id"),
		.expected_rc = ask_number(j, "expected_rc"),
		.timeout_ms = ask_number(j, "timeout_ms"),
		.name = ask_text(j, "name", a),
		.command = ask_text(j, "command", a),
		.shell = json_is_true(json_get(j, "shell")),
		.done = json_is_true(json_get(j, "done")),
		.digest = ask_text(sample, "sha256", a),
		.sample_name = ask_text(sample, "name", a),
		.extension = ask_text(sample, "extension", a),
		.n_outputs = json_len(outputs) };
	ret->outputs = arena_array(a, ret->n_outputs + 1, sizeof *ret->outputs);
	for (size_t i = 0; i < ret->n_outputs; i++)
		ret->outputs[i] = (struct work_output){ ask_number(json_at(outputs, i), "output_id"),
			ask_text(json_at(outputs, i), "filename", a) };
}

static void read_claim(const struct json *run, struct arena *a, struct work_claim *ret)
{
	const struct json *tests = json_get(run, "tests");

	*ret = (struct work_claim){ .run_id = ask_number(run, "run_id"),
		.number = ask_number(run, "claim"),
		.lease_s = ask_number(run, "lease_seconds"),
		.repo = ask_text(run, "repository", a),
		.forge = ask_text(run, "forge", a),
		.head_sha = ask_text(run, "commit_sha", a),
		.external_run_id = ask_text(run, "external_run_id", a),
		.branch = ask_text(run, "branch", a),
		.platform = ask_text(run, "platform", a),
		.n_tests = json_len(tests) };
	ret->tests = arena_array(a, ret->n_tests + 1, sizeof *ret->tests);
	for (size_t i = 0; i < ret->n_tests; i++)
		read_test(json_at(tests, i), a, &ret->tests[i]);
}

enum err_code work_api_claim(struct ask *api, const char *platform, const char *name, struct arena *a,
	struct work_claim *ret, bool *ret_found, struct err *e)
{
	struct json_doc *doc = NULL;
	const struct json *run;
	struct json_out j;
	AUTO_BUF body;

	buf_init(&body, ASK_BODY_MAX);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	json_put_z(&j, "platform", platform);
	json_put_z(&j, "worker", name);
	json_close_object(&j);
	TRY(ask_post(api, "/internal/queue/claim", &body, &doc, e));
	run = json_get(json_root(doc), "run");
	*ret_found = json_kind(run) == JSON_OBJECT;
	if (*ret_found)
		read_claim(run, a, ret);
	json_free(doc);
	return ERR_OK;
}

/* ---- while it is worked at ---- */

static void path_of(const struct work_claim *c, const char *what, char ret[static 80])
{
	snprintf(ret, 80, "/internal/runs/%lld/%s", (long long)c->run_id, what);
}

enum err_code work_api_renew(
	struct ask *api, const struct work_claim *c, int ms, int64_t *ret_lease_s, struct err *e)
{
	char path[80];

	path_of(c, "progress", path);
	return ask_renew(api, path, c->number, ms, ret_lease_s, e);
}

static enum err_code tell(struct ask *api, const struct work_claim *c, const char *what, const char *status,
	struct str message, struct json_doc **ret, struct err *e)
{
	struct json_out j;
	char path[80];
	AUTO_BUF body;

	buf_init(&body, ASK_BODY_MAX);
	path_of(c, what, path);
	ask_open_claim(&j, &body, c->number);
	json_put_z(&j, "status", status);
	if (message.len > 0)
		json_put_str(&j, "message", message);
	json_close_object(&j);
	return ask_lost(ask_post(api, path, &body, ret, e), e);
}

enum err_code work_api_progress(
	struct ask *api, const struct work_claim *c, const char *status, struct str message, struct err *e)
{
	struct json_doc *doc = NULL;

	TRY(tell(api, c, "progress", status, message, &doc, e));
	json_free(doc);
	return ERR_OK;
}

static void copy_word(const struct json *j, char ret[static 32])
{
	struct str word = json_str(j);

	snprintf(ret, 32, "%.*s", (int)(word.len < 31 ? word.len : 31), word.len > 0 ? word.p : "");
}

enum err_code work_api_finish(struct ask *api, const struct work_claim *c, struct str message,
	char ret_status[static 32], struct err *e)
{
	struct json_doc *doc = NULL;

	TRY(tell(api, c, "finish", message.len > 0 ? "error" : "completed", message, &doc, e));
	copy_word(json_get(json_root(doc), "status"), ret_status);
	json_free(doc);
	return ERR_OK;
}

/* ---- tests ---- */

static void put_written(struct json_out *j, const struct work_written *w)
{
	json_open_object(j, NULL);
	json_put_str(j, "filename", w->output->filename);
	json_put_str(j, "sha256", w->digest);
	json_put_int(j, "size_bytes", w->n_bytes);
	json_close_object(j);
}

static void put_result(struct json_out *j, const struct work_result *r)
{
	json_open_array(j, "results");
	json_open_object(j, NULL);
	json_put_int(j, "regression_test_id", r->test_id);
	if (r->status) {
		json_put_z(j, "status", r->status);
	} else {
		json_put_int(j, "exit_code", r->exit_code);
		json_put_int(j, "runtime_ms", r->runtime_ms);
	}
	if (r->message.len > 0)
		json_put_str(j, "message", r->message);
	json_open_array(j, "outputs");
	for (size_t i = 0; i < r->n_written; i++)
		put_written(j, &r->written[i]);
	json_close_array(j);
	json_close_object(j);
	json_close_array(j);
}

static void read_verdict(const struct json *j, struct work_verdict *ret)
{
	const struct json *wanted = json_get(j, "wanted");

	*ret = (struct work_verdict){ .n_wanted = 0 };
	copy_word(json_get(j, "status"), ret->status);
	for (size_t i = 0; i < json_len(wanted) && i < sizeof ret->wanted / sizeof *ret->wanted; i++)
		if (json_int(json_at(wanted, i), &ret->wanted[ret->n_wanted]))
			ret->n_wanted++;
}

enum err_code work_api_result(struct ask *api, const struct work_claim *c, const struct work_result *r,
	struct work_verdict *ret, struct err *e)
{
	struct json_doc *doc = NULL;
	struct json_out j;
	char path[80];
	AUTO_BUF body;

	buf_init(&body, ASK_BODY_MAX);
	path_of(c, "results", path);
	ask_open_claim(&j, &body, c->number);
	put_result(&j, r);
	json_close_object(&j);
	TRY(ask_lost(ask_post(api, path, &body, &doc, e), e));
	read_verdict(json_at(json_get(json_root(doc), "results"), 0), ret);
	json_free(doc);
	return ERR_OK;
}

static int slowest_ms(size_t n_bytes)
{
	size_t ms = SLOWEST_BASE_MS + n_bytes / SLOWEST * 1000;

	return ms < INT32_MAX ? (int)ms : INT32_MAX;
}

enum err_code work_api_output(struct ask *api, const struct work_claim *c, const struct work_written *w,
	struct str bytes, struct err *e)
{
	struct http_request r = { .method = "PUT",
		.content_type = "application/octet-stream",
		.body = bytes,
		.total_ms = slowest_ms(bytes.len) };
	struct json_doc *doc = NULL;
	char path[200];

	snprintf(path, sizeof path, "/internal/runs/%lld/outputs/%lld?claim=%lld&sha256=%.64s",
		(long long)c->run_id, (long long)w->output->output_id, (long long)c->number, w->digest.p);
	TRY(ask_until(api, &r, path, &doc, e));
	json_free(doc);
	return ERR_OK;
}

enum err_code work_api_fetch(struct ask *api, struct str digest, http_take_fn *take, void *arg, struct err *e)
{
	struct http_request r = { .method = "GET", .bearer = peer_token(api->peer), .total_ms = SILENCE_MS };
	struct http_answer answer = { 0 };
	enum err_code code;
	AUTO_BUF url;

	buf_init(&url, URL_MAX);
	buf_fmt(&url, "%s/internal/blobs/%.*s", buf_cstr(&api->peer->url), STR_FMT(digest));
	r.url = buf_cstr(&url);
	api->retry_after_s = 0;
	TRY(http_fetch(api->http, &r, 200, take, arg, &answer, e));
	code = ask_status(api, &answer, e);
	http_answer_done(&answer);
	if (code == ERR_OK)
		api->n_failures = 0;
	return code;
}
