/*
 * results_cmd: `sluice results import`: what became of tests that something else ran, from the reports that it wrote.
 *
 * It stands here because it needs both halves: which run this is, as runners know it (agent/env.h), and what a report says (explain/input_case.h). Names and messages
 * are masked before they leave this machine. All reports of a call are one import, taken whole or not at all but for its parts of RESULTS_AT_ONCE; sent again it
 * changes nothing.
 */
#include "agent/sending.h"
#include "base/file.h"
#include "base/utf8.h"
#include "cli/client.h"
#include "cli/sub.h"
#include "daemon/daemon.h"
#include "explain/input_case.h"
#include "text/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define RESULTS_AT_ONCE 2000
#define BODY_MAX ((size_t)8 << 20)
#define NAME_MAX_BYTES 255
#define MESSAGE_MAX_BYTES 1000

struct reports { /* files, of a kind that was said or of any */
	struct opt_many junit, tap, sarif;
	char **others;
};

/* ---- reading ---- */

static enum err_code read_one(const char *path, enum input_kind wanted, struct input_cases *c, struct err *e)
{
	enum input_kind kind = INPUT_NONE;
	AUTO_FILE text = { 0 };

	TRY(file_map(path, &text, e));
	if (input_cases_read(text, c, &kind, e) != ERR_OK)
		return err_in(e, "%s", path);
	if (wanted != INPUT_NONE && kind != wanted)
		return err_set(e, ERR_MEDIA, "%s is %s, not %s", path, input_kind_name(kind),
			input_kind_name(wanted));
	if (kind == INPUT_RDJSON || kind == INPUT_RDJSONL)
		return err_set(e, ERR_MEDIA,
			"%s is %s, which tells problems and no tests: sluice report sends it", path,
			input_kind_name(kind));
	return ERR_OK;
}

static enum err_code read_many(
	const struct opt_many *paths, enum input_kind kind, struct input_cases *c, struct err *e)
{
	for (size_t i = 0; i < paths->n; i++)
		TRY(read_one(paths->values[i], kind, c, e));
	return ERR_OK;
}

static enum err_code read_all(const struct reports *r, struct input_cases *c, struct err *e)
{
	TRY(read_many(&r->junit, INPUT_JUNIT, c, e));
	TRY(read_many(&r->tap, INPUT_TAP, c, e));
	TRY(read_many(&r->sarif, INPUT_SARIF, c, e));
	for (char **path = r->others; *path; path++)
		TRY(read_one(*path, INPUT_NONE, c, e));
	if (c->n == 0)
		return err_set(e, ERR_UNPROCESSABLE, "there is no test in the reports");
	return ERR_OK;
}

/* ---- sending ---- */

static void put_masked(
	struct json_out *j, const char *name, const struct mask *mask, struct str text, size_t max)
{
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	mask_all(mask, text, &out);
	buf_cut(&out, out.len > max ? utf8_floor(buf_view(&out), max) : out.len);
	json_put_str(j, name, buf_view(&out));
}

static void put_if_told(struct json_out *j, const char *name, struct str text)
{
	if (text.len > 0)
		json_put_str(j, name, text);
}

static void put_run(struct json_out *j, const struct step_facts *f)
{
	json_put_str(j, "repo", f->repo);
	put_if_told(j, "forge", f->forge);
	json_put_str(j, "head_sha", f->head_sha);
	json_put_str(j, "run_id", f->external_run_id);
	put_if_told(j, "workflow", f->workflow);
	put_if_told(j, "branch", f->branch);
	put_if_told(j, "target_branch", f->target_branch);
	put_if_told(j, "url", f->url);
	if (f->pull_request > 0)
		json_put_int(j, "pull_request", f->pull_request);
}

static void put_case(struct json_out *j, const struct mask *mask, const struct input_case *c)
{
	static const char *const outcomes[] = {
		[CASE_SKIPPED] = "skipped", [CASE_PASSED] = "pass", [CASE_FAILED] = "fail"
	};

	json_open_object(j, NULL);
	put_masked(j, "name", mask, c->name, NAME_MAX_BYTES);
	json_put_z(j, "status", outcomes[c->outcome]);
	if (c->runtime_ms >= 0)
		json_put_int(j, "runtime_ms", c->runtime_ms);
	if (c->message.len > 0)
		put_masked(j, "message", mask, c->message, MESSAGE_MAX_BYTES);
	json_close_object(j);
}

static enum err_code send_part(struct client *c, const struct sending *to, const struct input_case *cases,
	size_t n, int64_t *ret_run_id, struct err *e)
{
	struct json_out j;
	AUTO_BUF body;

	buf_init(&body, BODY_MAX);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	put_run(&j, &to->facts);
	json_open_array(&j, "results");
	for (size_t i = 0; i < n; i++)
		put_case(&j, to->mask, &cases[i]);
	json_close_array(&j);
	json_close_object(&j);
	TRY(buf_check(&body, "the results", e));
	TRY(client_call(c, "POST", "/internal/results", &body, e));
	json_int(json_get(client_root(c), "run_id"), ret_run_id);
	return ERR_OK;
}

static void tell(const struct input_cases *c, int64_t run_id)
{
	size_t n[3] = { 0 };

	for (size_t i = 0; i < c->n; i++)
		n[c->v[i].outcome]++;
	printf("run %lld: %zu tests, %zu passed, %zu failed, %zu skipped\n", (long long)run_id, c->n,
		n[CASE_PASSED], n[CASE_FAILED], n[CASE_SKIPPED]);
}

static enum err_code import(struct sending *to, const struct reports *r, struct err *e)
{
	const struct client_flags flags = { to->flags->url, to->flags->token_file };
	int64_t run_id = 0;
	AUTO_CLIENT client = { 0 };
	AUTO_CASES cases;

	input_cases_init(&cases);
	TRY(sending_check(to, e));
	TRY(read_all(r, &cases, e));
	TRY(client_init(&client, &flags, e));
	for (size_t at = 0; at < cases.n; at += RESULTS_AT_ONCE) {
		size_t left = cases.n - at;

		TRY(send_part(&client, to, &cases.v[at], left < RESULTS_AT_ONCE ? left : RESULTS_AT_ONCE,
			&run_id, e));
	}
	tell(&cases, run_id);
	return ERR_OK;
}

static void reports_done(struct reports *r)
{
	free(r->junit.values);
	free(r->tap.values);
	free(r->sarif.values);
}
#define AUTO_REPORTS __attribute__((cleanup(reports_done))) struct reports

static int run_import(int argc, char **argv)
{
	AUTO_FLAGS flags = FLAGS_NONE;
	AUTO_REPORTS reports = { 0 };
	const struct opt opts[] = { { "junit", 0, OPT_MANY, "FILE", "a report in JUnit's XML",
					    &reports.junit },
		{ "tap", 0, OPT_MANY, "FILE", "a report in the Test Anything Protocol", &reports.tap },
		{ "sarif", 0, OPT_MANY, "FILE", "a report in SARIF: its rules are the tests",
			&reports.sarif },
		FLAGS_OPTS(&flags), { 0 } };
	const struct command_usage usage = { .name = "results import",
		.synopsis = "[OPTIONS] [FILE...]",
		.prose = "Sends what became of tests that something else ran, from its reports: the tests\n"
			 "of a run of the forge, each by its name. Which run it is the runner's environment\n"
			 "says; options go over it. A FILE without an option is of the kind that it looks\n"
			 "like. The same again changes nothing.",
		.opts = opts };
	enum err_code code;
	struct sending to;
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	reports.others = argv;
	if ((size_t)argc + reports.junit.n + reports.tap.n + reports.sarif.n == 0)
		return command_usage_fail("results import", "which report? --junit FILE for instance");
	if (!flags.step)
		flags.step = "results";
	sending_init(&to, "results import", &flags, environ, NULL);
	code = import(&to, &reports, &e);
	sending_done(&to);
	return code == ERR_OK ? 0 : command_fail("results import", &e);
}

int cmd_results(int argc, char **argv)
{
	static const struct sub subs[] = { { "import", run_import,
		"send what became of tests, from reports" } };

	return sub_run("results", "Results of tests.", subs, sizeof subs / sizeof *subs, argc, argv);
}
