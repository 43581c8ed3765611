/*
 * explain: `sluice explain LOG`, offline: what broke, from the text of a log alone. And `sluice diff PASS FAIL`:
 * the same with a log that passed; with --step the server is asked (diff_step.h).
 */
#include "cli/cli.h"

#include "base/command.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/diff_step.h"
#include "cli/local_rules.h"
#include "explain/explain.h"
#include "explain/input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_MAX LINES_TEXT_MAX
#define FINDINGS_SHOWN 10

struct request {
	const char *baseline, *format, *log;
	struct opt_many folders, reports;
};

/* A file, or standard input for "-". */
static enum err_code read_log(const char *path, struct buf *out, struct err *e)
{
	if (strcmp(path, "-") != 0)
		return file_read(path, LOG_MAX, out, e);
	for (;;) {
		char *room = buf_room(out, 1 << 16);
		ssize_t n;

		if (!room)
			return buf_check(out, "standard input", e);
		n = read(STDIN_FILENO, room, 1 << 16);
		if (n < 0 && errno != EINTR)
			return err_errno(e, ERR_STORAGE, errno, "standard input");
		buf_wrote(out, n > 0 ? (size_t)n : 0);
		if (n == 0)
			return ERR_OK;
	}
}

/* One that is cut says what it said until there. */
static enum err_code read_report(const char *path, struct findings *ret, struct err *e)
{
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, INPUT_REPORT_MAX);
	TRY(file_read(path, INPUT_REPORT_MAX, &text, e));
	code = input_report(buf_view(&text), ret, NULL, e);
	if (code == ERR_MEDIA || code == ERR_UNPROCESSABLE)
		return err_in(e, "%s", path);
	if (code != ERR_OK)
		command_say("explain", "%s is read up to there: %s", path, e->text);
	return ERR_OK;
}

static enum err_code read_reports(const struct opt_many *paths, struct findings *ret, struct err *e)
{
	for (size_t i = 0; i < paths->n; i++)
		TRY(read_report(paths->values[i], ret, e));
	return ERR_OK;
}

static enum err_code print(const struct request *r, const struct findings *f, struct str log, struct err *e)
{
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	if (strcmp(r->format, "json") == 0)
		explain_json(f, log, &out);
	else if (strcmp(r->format, "md") == 0)
		explain_markdown(f, log, FINDINGS_SHOWN, &out);
	else
		explain_text(f, log, FINDINGS_SHOWN, &out);
	return print_all(buf_view(&out), e);
}

static enum err_code explain(const struct request *r, struct err *e)
{
	AUTO_BUF log, baseline;
	AUTO_FINDINGS found, reports;
	AUTO_RULES rules = NULL;

	buf_init(&log, LOG_MAX);
	buf_init(&baseline, LOG_MAX);
	findings_init(&found);
	findings_init(&reports);
	TRY(local_rules(&r->folders, &rules, e));
	TRY(read_log(r->log, &log, e));
	if (r->baseline)
		TRY(read_log(r->baseline, &baseline, e));
	TRY(read_reports(&r->reports, &reports, e));

	struct explain_input in = { .rules = rules,
		.log = buf_view(&log),
		.baseline = buf_view(&baseline),
		.has_baseline = r->baseline != NULL,
		.reports = &reports };
	TRY(explain_log(&in, &found, e));
	return print(r, &found, buf_view(&log), e);
}

static bool is_format(const char *format)
{
	return strcmp(format, "text") == 0 || strcmp(format, "json") == 0 || strcmp(format, "md") == 0;
}

static int run(const char *command, struct request *r)
{
	struct err e;

	if (!is_format(r->format))
		return command_usage_fail(command, "--format is text, json or md, not \"%.60s\"", r->format);
	return explain(r, &e) == ERR_OK ? 0 : command_fail(command, &e);
}

int cmd_explain(int argc, char **argv)
{
	struct request r = { .format = "text" };
	const struct opt opts[] = {
		{ "baseline", 'b', OPT_STRING, "PASS.log", "a log of the same step that passed",
			&r.baseline },
		{ "format", 0, OPT_STRING, "text|json|md", "how to say it (text)", &r.format },
		{ "report", 0, OPT_MANY, "FILE",
			"what a tool wrote beside it: JUnit XML, SARIF, TAP, rdjson, rdjsonl", &r.reports },
		{ "rules", 0, OPT_MANY, "DIR", "more rules: each *.yaml of that folder", &r.folders },
		{ 0 },
	};
	const struct command_usage usage = { .name = "explain",
		.synopsis = "[OPTIONS] LOG",
		.prose = "Says what broke, from the text of a log (- is standard input), best first.\n"
			 "No server is asked.",
		.opts = opts };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail("explain", "one log; - is standard input");
	r.log = argv[0];
	exit_code = run("explain", &r);
	free(r.folders.values);
	free(r.reports.values);
	return exit_code;
}

static int diff_steps(const struct request *r, struct diff_step *d, int argc)
{
	struct err e;

	if (argc > 0 || r->folders.n > 0)
		return command_usage_fail(
			"diff", "--step is of the server: there are no logs and no --rules");
	if (strcmp(r->format, "text") != 0 && strcmp(r->format, "json") != 0)
		return command_usage_fail(
			"diff", "--format is text or json with --step, not \"%.60s\"", r->format);
	if (d->step_id < 1 || d->baseline_id < 0)
		return command_usage_fail("diff", "--step and --baseline are numbers of steps");
	d->json = strcmp(r->format, "json") == 0;
	return diff_step_print(d, &e) == ERR_OK ? 0 : command_fail("diff", &e);
}

static int diff(struct request *r, struct diff_step *d, int argc, char **argv)
{
	if (d->step_id != 0)
		return diff_steps(r, d, argc);
	if (d->baseline_id != 0 || d->context >= 0)
		return command_usage_fail("diff", "--baseline and --context go with --step");
	if (argc != 2)
		return command_usage_fail(
			"diff", "two logs: one that passed, and one that failed; or --step N");
	r->baseline = argv[0];
	r->log = argv[1];
	return run("diff", r);
}

int cmd_diff(int argc, char **argv)
{
	struct request r = { .format = "text" };
	struct diff_step d = { .context = -1 };
	const struct opt opts[] = {
		{ "format", 0, OPT_STRING, "text|json|md", "how to say it (text)", &r.format },
		{ "rules", 0, OPT_MANY, "DIR", "more rules: each *.yaml of that folder", &r.folders },
		{ "step", 0, OPT_INT, "N", "ask the server what is new in the log of step N", &d.step_id },
		{ "baseline", 'b', OPT_INT, "N",
			"compare it with step N, not with the last time that it passed", &d.baseline_id },
		{ "context", 'C', OPT_INT, "LINES", "lines around each that is new (3)", &d.context },
		CLIENT_OPTS(&d.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = "diff",
		.synopsis = "[OPTIONS] PASS.log FAIL.log | --step N",
		.prose = "Says what broke in the second log that was not so in the first; no server is "
			 "asked.\n"
			 "With --step: the lines of a step's log that are not in that of the last time that "
			 "it\n"
			 "passed: + is new, * there are more of it, ~ stands elsewhere.",
		.opts = opts };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	exit_code = diff(&r, &d, argc, argv);
	free(r.folders.values);
	return exit_code;
}
