/*
 * run: `sluice run -- CMD`, a command whose output streams to the server while it runs.
 *
 *	secrets, name, facts -> the command, its output masked and sent as it passes -> the rest, or the spool ->
 *	its reports -> end as it ended
 *
 * A signal that ends the command counts as a failure as well: a cancelled job cannot be told from one that
 * ran into its time limit, and of the latter the log is wanted.
 */
#include "agent/agent.h"

#include "agent/child.h"
#include "agent/report.h"
#include "agent/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void pass(void *arg, int stream, struct str bytes)
{
	stream_add(arg, stream, bytes);
}

/* No pipes, no processes: then without us, as well as that goes. */
static int run_plainly(char **command, const struct err *why)
{
	int no;

	command_say("run", "%s; the output is not captured", why->text);
	execvp(command[0], command);
	no = errno;
	command_say("run", "%s: %s", command[0], strerror(no));
	return no == ENOENT ? 127 : 126;
}

static enum err_code read_on_success(const struct flags *flags, bool *ret_keep, struct err *e)
{
	struct str word =
		flags->on_success ? str_z(flags->on_success) : env_get(environ, "SLUICE_ON_SUCCESS");

	*ret_keep = !str_eq(word, STR("drop"));
	if (word.len == 0 || !*ret_keep || str_eq(word, STR("keep")))
		return ERR_OK;
	return err_set(
		e, ERR_INVALID, "--on-success (SLUICE_ON_SUCCESS) is keep or drop, not \"%.40s\"", word.p);
}

static void set_outcome(struct step_facts *facts, int exit_code)
{
	facts->conclusion = exit_code == 0 ? CONCLUSION_SUCCESS : CONCLUSION_FAILURE;
	facts->has_exit_code = true;
	facts->exit_code = exit_code;
}

static int run(const struct flags *flags, bool keep, char **command)
{
	struct stream_end how = { .keep = keep };
	struct child_sink sink = { .add = pass };
	struct timespec begun = report_now();
	struct child_end end;
	struct stream *s;
	struct sending to;
	struct err e;

	sending_init(&to, "run", flags, environ, command);
	s = stream_begin(&to);
	sink.arg = s;
	if (child_run(command, &sink, &end, &e) != ERR_OK) {
		stream_cancel(s);
		_exit(run_plainly(command, &e)); /* a thread is waiting for output */
	}
	set_outcome(&to.facts, end.exit_code);
	(void)!stream_end(s, &how);
	if (keep || end.exit_code != 0) /* beside a text that is not kept no report is */
		report_of_run(&to, how.running ? 0 : how.step_id, begun);
	if (how.running) {
		int code = child_end_alike(&end);

		fflush(NULL);
		_exit(code); /* a thread hangs in a request: nothing may be torn down under it */
	}
	sending_done(&to);
	return child_end_alike(&end);
}

int cmd_run(int argc, char **argv)
{
	AUTO_FLAGS flags = FLAGS_NONE;
	const struct opt opts[] = { FLAGS_OPTS(&flags),
		{ "on-success", 0, OPT_STRING, "WORD",
			"keep (if not said) or drop the log of a step that succeeds (also "
			"$SLUICE_ON_SUCCESS)",
			&flags.on_success },
		{ "report", 0, OPT_MANY, "GLOB",
			"reports (JUnit, SARIF, TAP, ..) that COMMAND writes, sent when it has ended "
			"(also $SLUICE_REPORT)",
			&flags.reports },
		{ 0 } };
	const struct command_usage usage = { .name = "run",
		.synopsis = "[OPTIONS] -- COMMAND [ARGUMENT...]",
		.prose = "Runs COMMAND with its output untouched and ends as it ended: same exit code, or\n"
			 "same signal. What it prints is masked and streamed to the server while it runs.\n"
			 "The network never holds it up; with the server down a line says so and the next\n"
			 "call sends the log. The facts are read from the environment of Forgejo, Gitea\n"
			 "and GitHub runners; options go over it. As a custom shell:\n"
			 "sluice run -- bash -e {0}",
		.opts = opts,
		.stop_at_operand = true };
	struct err e;
	bool keep;
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc == 0)
		return command_usage_fail("run", "there is no command to run: sluice run -- COMMAND");
	if (read_on_success(&flags, &keep, &e) != ERR_OK)
		return command_fail("run", &e);
	return run(&flags, keep, argv);
}
