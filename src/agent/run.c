/*
 * run: `sluice run -- CMD`, a command whose output is remembered in case it fails.
 *
 *	secrets and name -> the command, its output passing by -> if it failed: mask, cut, post or spool ->
 *	end as it ended
 *
 * A signal that ends the command counts as a failure as well: a cancelled job cannot be told from one that
 * ran into its time limit, and of the latter the log is wanted.
 */
#include "agent/agent.h"

#include "agent/child.h"
#include "agent/report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void remember(void *arg, int stream, struct str bytes)
{
	capture_add(arg, stream, bytes);
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

static int run(const struct flags *flags, char **command)
{
	struct child_sink sink = { .add = remember };
	struct child_end end;
	struct report r;
	struct err e;

	report_init(&r, "run", flags, environ, command);
	sink.arg = &r.capture;
	if (child_run(command, &sink, &end, &e) != ERR_OK) {
		report_done(&r);
		return run_plainly(command, &e);
	}
	if (end.exit_code != 0) {
		r.facts.conclusion = CONCLUSION_FAILURE;
		r.facts.has_exit_code = true;
		r.facts.exit_code = end.exit_code;
		(void)!report_send(&r);
	} else {
		report_flush(&r);
	}
	report_done(&r);
	return child_end_alike(&end);
}

int cmd_run(int argc, char **argv)
{
	AUTO_FLAGS flags = FLAGS_NONE;
	const struct opt opts[] = { FLAGS_OPTS(&flags), { 0 } };
	const struct command_usage usage = { .name = "run",
		.synopsis = "[OPTIONS] -- COMMAND [ARGUMENT...]",
		.prose = "Runs COMMAND with its output untouched and ends as it ended: same exit code, or\n"
			 "same signal. When it fails, the end of its output is masked and sent to the\n"
			 "server. With the server down a line says so and the next call sends it. The\n"
			 "facts are read from the environment of Forgejo, Gitea and GitHub runners;\n"
			 "options go over it. As a custom shell: sluice run -- bash -e {0}",
		.opts = opts,
		.stop_at_operand = true };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc == 0)
		return command_usage_fail("run", "there is no command to run: sluice run -- COMMAND");
	return run(&flags, argv);
}
