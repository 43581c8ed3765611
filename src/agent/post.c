/*
 * post: `sluice post --step NAME [FILE|-]`, for a log that exists. The file may be of any size: it streams
 * through the same capture as a command's output. Unlike `run` this fails when the server does not have the
 * log at the end, also if it is kept for the next call: whoever calls it wants to know.
 */
#include "agent/agent.h"

#include "agent/report.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static enum err_code read_log(const char *path, struct capture *c, struct err *e)
{
	bool from_stdin = strcmp(path, "-") == 0;
	AUTO_FD fd = from_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char piece[64 * 1024];

	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_STORAGE, errno, "%s", path);
	for (;;) {
		ssize_t n = read(fd, piece, sizeof piece);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_STORAGE, errno, "%s", path);
		if (n == 0)
			return ERR_OK;
		capture_add(c, 0, (struct str){ piece, (size_t)n });
	}
}

static enum err_code set_outcome(const struct flags *flags, struct step_facts *facts, struct err *e)
{
	facts->conclusion = CONCLUSION_FAILURE;
	if (flags->conclusion && !conclusion_find(str_z(flags->conclusion), &facts->conclusion))
		return err_set(e, ERR_INVALID,
			"--conclusion is success, failure, cancelled, skipped or timed_out, not \"%.40s\"",
			flags->conclusion);
	if (flags->exit_code == INT64_MIN)
		return ERR_OK;
	if (flags->exit_code < INT32_MIN || flags->exit_code > INT32_MAX)
		return err_set(e, ERR_INVALID, "--exit-code has at most 32 bits");
	facts->has_exit_code = true;
	facts->exit_code = flags->exit_code;
	return ERR_OK;
}

static int post(const struct flags *flags, const char *path)
{
	enum err_code code;
	struct report r;
	struct err e;
	int exit_code;

	report_init(&r, "post", flags, environ, NULL);
	code = set_outcome(flags, &r.facts, &e);
	if (code == ERR_OK)
		code = read_log(path, &r.capture, &e);
	exit_code = code == ERR_OK ? err_exit(report_send(&r)) : command_fail("post", &e);
	report_done(&r);
	return exit_code;
}

int cmd_post(int argc, char **argv)
{
	AUTO_FLAGS flags = FLAGS_NONE;
	const struct opt opts[] = { FLAGS_OPTS(&flags),
		{ "exit-code", 0, OPT_INT, "N", "with which the step ended", &flags.exit_code },
		{ "conclusion", 0, OPT_STRING, "WORD",
			"success, failure (if not said), cancelled, skipped, timed_out", &flags.conclusion },
		{ 0 } };
	const struct command_usage usage = { .name = "post",
		.synopsis = "--step NAME [OPTIONS] [FILE|-]",
		.prose = "Sends the end of a log that exists: of FILE, or of standard input. It is masked\n"
			 "before it leaves this machine. Exits with 0 when the server has stored it; a log\n"
			 "that could only be kept for the next call is a failure here.",
		.opts = opts };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (!flags.step && env_get(environ, "SLUICE_STEP").len == 0)
		return command_usage_fail("post", "--step is missing: which step is the log of?");
	if (argc > 1)
		return command_usage_fail("post", "one log at a time, not \"%.60s\" as well", argv[1]);
	return post(&flags, argc == 1 ? argv[0] : "-");
}
