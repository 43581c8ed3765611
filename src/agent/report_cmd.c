/*
 * report_cmd: `sluice report --step NAME FILE...`, for reports of a step whose log was sent by another call, of the same job or (by its number) of any.
 * What earlier calls had to leave goes first: the step may be among it.
 */
#include "agent/agent.h"

#include "agent/glob_files.h"
#include "agent/left.h"
#include "agent/report.h"
#include "agent/stream.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct paths { /* zeroed at birth */
	char **v;
	size_t n;
};

static void add_path(void *arg, const char *path, const struct stat *st)
{
	struct paths *p = arg;

	(void)st;
	p->v = mem_grow(p->v, (p->n + 1) * sizeof *p->v);
	p->v[p->n++] = mem_dup(str_z(path));
}

static void paths_done(struct paths *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->v[i]);
	free(p->v);
}

/* A pattern that the shell has left, because it was quoted, or matches nothing. */
static enum err_code expand(const char *operand, struct paths *out, struct err *e)
{
	size_t before = out->n;

	if (file_exists(operand) || !glob_is_pattern(str_z(operand))) {
		add_path(out, operand, NULL);
		return ERR_OK;
	}
	if (!glob_files_each(operand, add_path, out))
		return err_set(e, ERR_TOO_LARGE,
			"'%s': over %d files were looked at; begin the pattern with a folder", operand,
			GLOB_LOOK_MAX);
	if (out->n == before)
		return err_set(
			e, ERR_NOT_FOUND, "no file matches '%s'; did the tool write its report?", operand);
	return ERR_OK;
}

static void tell(const char *path, const struct report_answer *r)
{
	printf("%s: %.*s, %lld failure%s", path, STR_FMT(r->kind), (long long)r->n_failures,
		r->n_failures == 1 ? "" : "s");
	if (r->n_findings > r->n_failures)
		printf(", %lld other finding%s", (long long)(r->n_findings - r->n_failures),
			r->n_findings - r->n_failures == 1 ? "" : "s");
	if (r->problem.len > 0)
		printf("; cut there: %.*s", STR_FMT(r->problem));
	putchar('\n');
}

/* All that can be; the first error is the one that counts. */
static enum err_code send_all(struct sending *to, struct report_call *call, const struct paths *paths)
{
	enum err_code first = ERR_OK, code = ERR_OK;

	for (size_t i = 0; i < paths->n && !(code != ERR_OK && report_is_of_server(code)); i++) {
		struct report_answer answer;
		struct err e;
		AUTO_ARENA a;

		arena_init(&a);
		code = report_send(call, paths->v[i], &a, &answer, &e);
		if (code == ERR_OK)
			tell(paths->v[i], &answer);
		else
			command_fail(to->command, &e);
		first = first == ERR_OK ? code : first;
	}
	return first;
}

static enum err_code find_step(struct sending *to, struct report_call *call, struct err *e)
{
	enum err_code code = report_find_step(call, &to->facts, &call->step_id, e);

	if (code == ERR_NOT_FOUND)
		return err_in(e, "step \"%.*s\" of job \"%.*s\": was its log sent? --step-id names any step",
			STR_FMT(to->facts.step_name), STR_FMT(to->facts.job_name));
	return code;
}

static enum err_code report(struct sending *to, int64_t step_id, const struct paths *paths)
{
	struct report_call call = {
		.peer = &to->peer, .mask = to->mask, .step_id = step_id, .until = INT64_MAX
	};
	enum err_code code = ERR_OK;
	struct err e;

	call.http = http_client_new();
	if (step_id == 0)
		code = find_step(to, &call, &e);
	if (code != ERR_OK)
		command_fail(to->command, &e);
	else
		code = send_all(to, &call, paths);
	http_client_free(call.http);
	return code;
}

static enum err_code check(const struct sending *to, int64_t step_id, struct err *e)
{
	return step_id > 0 ? report_check(to, e) : sending_check(to, e);
}

static int run(const struct flags *flags, int64_t step_id, const struct paths *paths)
{
	enum err_code code;
	struct sending to;
	bool running = false;
	struct err e;

	sending_init(&to, "report", flags, environ, NULL);
	code = check(&to, step_id, &e);
	if (code != ERR_OK) {
		command_fail("report", &e);
	} else {
		running = left_send(&to, stream_spool_limit(&to));
		code = report(&to, step_id, paths);
	}
	if (running) {
		fflush(NULL);
		_exit(err_exit(code)); /* a thread hangs in a request: nothing may be torn down under it */
	}
	sending_done(&to);
	return err_exit(code);
}

static int expand_and_run(const struct flags *flags, int64_t step_id, char **operands)
{
	struct paths paths = { 0 };
	enum err_code code = ERR_OK;
	struct err e;
	int exit_code;

	for (; *operands && code == ERR_OK; operands++)
		code = expand(*operands, &paths, &e);
	exit_code = code == ERR_OK ? run(flags, step_id, &paths) : command_fail("report", &e);
	paths_done(&paths);
	return exit_code;
}

int cmd_report(int argc, char **argv)
{
	AUTO_FLAGS flags = FLAGS_NONE;
	int64_t step_id = 0;
	const struct opt opts[] = { FLAGS_OPTS(&flags),
		{ "step-id", 0, OPT_INT, "N", "Sluice's number of the step, in place of all facts",
			&step_id },
		{ 0 } };
	const struct command_usage usage = { .name = "report",
		.synopsis = "--step NAME|--step-id N [OPTIONS] FILE...",
		.prose = "Sends reports that tools wrote for machines (JUnit XML, SARIF, TAP, rdjson,\n"
			 "rdjsonl) beside the log of a step of this job: what they say comes to its\n"
			 "errors. They are masked before they leave this machine. The same file again\n"
			 "replaces what was sent before. A quoted pattern may have ** for any folders.",
		.opts = opts };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (step_id < 0)
		return command_usage_fail("report", "--step-id is a number from 1 on");
	if (step_id == 0 && !flags.step && env_get(environ, "SLUICE_STEP").len == 0)
		return command_usage_fail(
			"report", "--step or --step-id is missing: which step are the reports of?");
	if (argc == 0)
		return command_usage_fail("report", "which file? '**"
						    "/junit.xml' for instance");
	return expand_and_run(&flags, step_id, argv);
}
