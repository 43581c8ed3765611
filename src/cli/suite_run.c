/* suite_run: see the header. A run that is waited for is asked about every second or so; what of it did not go well is told at the end. */
#include "cli/suite_run.h"

#include "cli/client.h"
#include "cli/patience.h"
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ASK_EVERY_MS 1000
#define ERRORS_SHOWN 50

struct asking {
	const char *repo, *sha, *branch, *platform;
	int64_t pull_request;
	struct opt_many tests;
	bool wait, as_json;
};

static enum err_code write_request(const struct asking *q, struct buf *out, struct err *e)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	json_put_z(&j, "repository", q->repo);
	json_put_z(&j, "commit_sha", q->sha);
	json_put_z(&j, "platform", q->platform ? q->platform : "linux");
	if (q->branch)
		json_put_z(&j, "branch", q->branch);
	if (q->pull_request > 0)
		json_put_int(&j, "pull_request", q->pull_request);
	if (q->tests.n > 0)
		json_open_array(&j, "regression_test_ids");
	for (size_t i = 0; i < q->tests.n; i++) {
		int64_t id;

		if (!str_to_int(str_z(q->tests.values[i]), &id))
			return err_set(e, ERR_INVALID, "--test takes the number of a test, not \"%s\"",
				q->tests.values[i]);
		json_put_int(&j, NULL, id);
	}
	if (q->tests.n > 0)
		json_close_array(&j);
	json_close_object(&j);
	return buf_check(out, "the request", e);
}

static bool is_over(struct str status)
{
	return !str_eq(status, STR("queued")) && !str_eq(status, STR("running"));
}

static void pause_ms(int64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };

	while (nanosleep(&t, &t) != 0)
		;
}

/* What the server cannot tell now it can later: a run is longer than a restart. */
static enum err_code wait_for(struct client *c, const char *path, struct err *e)
{
	struct patience patience = { 0 };

	for (;;) {
		enum err_code code = client_call(c, "GET", path, NULL, e);
		int64_t ms = ASK_EVERY_MS;

		if (code == ERR_OK) {
			patience_reset(&patience);
			if (is_over(json_str(json_get(client_root(c), "status"))))
				return ERR_OK;
		} else {
			ms = patience_next(&patience, code, c->retry_after_s, (uint32_t)rand());
			if (ms < 0)
				return code;
		}
		pause_ms(ms);
	}
}

static enum err_code put_error(void *arg, struct json *item, struct err *e)
{
	struct table *t = arg;

	(void)e;
	table_put(t, json_str(json_get(item, "type")));
	table_put(t, json_str(json_get(item, "test")));
	table_put(t, json_str(json_get(item, "message")));
	return ERR_OK;
}

static enum err_code tell_errors(struct client *c, const char *run_path, struct err *e)
{
	static const char *const headings[] = { "ERROR", "TEST", "WHAT" };
	AUTO_TABLE t = { 0 };
	AUTO_BUF path;

	buf_init(&path, 200);
	buf_fmt(&path, "%s/errors", run_path);
	table_init(&t, headings, 3);
	TRY(client_each_first(c, buf_cstr(&path), ERRORS_SHOWN, put_error, &t, e));
	return t.n_rows > 0 ? table_print(&t, isatty(STDOUT_FILENO), e) : ERR_OK;
}

static enum err_code tell(
	struct client *c, const struct asking *q, const char *path, bool *ret_well, struct err *e)
{
	struct json *run = client_root(c);
	struct str status = json_str(json_get(run, "status")), reason = json_str(json_get(run, "reason"));
	int64_t id = 0;

	json_int(json_get(run, "run_id"), &id);
	*ret_well = str_eq(status, STR("pass")) || !is_over(status);
	if (q->as_json) {
		TRY(print_all(buf_view(&c->body), e));
		return print_all(STR("\n"), e);
	}
	printf("run %lld: %.*s%s%.*s\n", (long long)id, STR_FMT(status), reason.len > 0 ? ", " : "",
		STR_FMT(reason));
	fflush(stdout);
	return *ret_well ? ERR_OK : tell_errors(c, path, e);
}

static enum err_code ask(
	const struct client_flags *flags, const struct asking *q, bool *ret_well, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	int64_t id = 0;
	char path[64];
	AUTO_BUF body;

	buf_init(&body, 65536);
	TRY(write_request(q, &body, e));
	TRY(client_init(&c, flags, e));
	TRY(client_call(&c, "POST", "/api/v1/runs", &body, e));
	json_int(json_get(client_root(&c), "run_id"), &id);
	snprintf(path, sizeof path, "/api/v1/runs/%lld", (long long)id);
	if (q->wait) {
		command_say("suite run", "run %lld waits for a worker", (long long)id);
		TRY(wait_for(&c, path, e));
	}
	return tell(&c, q, path, ret_well, e);
}

static void asking_done(struct asking *q)
{
	free(q->tests.values);
}

int suite_run(int argc, char **argv)
{
	__attribute__((cleanup(asking_done))) struct asking q = { 0 };
	struct client_flags flags = { 0 };
	const struct opt opts[] = { { "repo", 0, OPT_STRING, "O/R", "repo, or a fork of yours", &q.repo },
		{ "sha", 0, OPT_STRING, "HEX", "commit, 40 or 64 digits", &q.sha },
		{ "branch", 0, OPT_STRING, "NAME", "branch", &q.branch },
		{ "pull-request", 0, OPT_INT, "N", "number of the pull request", &q.pull_request },
		{ "platform", 0, OPT_STRING, "NAME", "linux (if not said), windows, macos or bsd",
			&q.platform },
		{ "test", 0, OPT_MANY, "ID", "number of a test to be run; without one all that are active",
			&q.tests },
		{ "wait", 'w', OPT_FLAG, NULL, "until it is over; exit code 1 when it did not pass",
			&q.wait },
		{ "json", 0, OPT_FLAG, NULL, "the run as the server tells it", &q.as_json },
		CLIENT_OPTS(&flags), { 0 } };
	const struct command_usage usage = { .name = "suite run",
		.synopsis = "--repo O/R --sha HEX [OPTIONS]",
		.prose = "Asks for a run of the suite, which a worker (sluice work) does.",
		.opts = opts };
	bool well = true;
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (!q.repo || !q.sha || argc > 0)
		return command_usage_fail("suite run", "--repo and --sha are needed, and nothing else");
	if (ask(&flags, &q, &well, &e) != ERR_OK)
		return command_fail("suite run", &e);
	return well ? 0 : 1;
}
