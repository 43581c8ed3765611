/*
 * post: `sluice post --step NAME [FILE|-]`, for a log that exists. It streams as a command's output does (run.c), but
 * that nobody is held up by waiting: so a file of any size goes in whole. With --tail its end goes in one request.
 * Unlike `run` this fails when the server does not have the log at the end, also if it is kept for the next call:
 * whoever calls it wants to know.
 */
#include "agent/agent.h"

#include "agent/stream.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void add_fn(void *arg, struct str bytes);

static enum err_code open_log(const char *path, int *ret_fd, struct err *e)
{
	int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_STORAGE, errno, "%s", path);
	*ret_fd = fd;
	return ERR_OK;
}

static enum err_code read_log(int fd, add_fn *add, void *arg, struct err *e)
{
	char piece[64 * 1024];

	for (;;) {
		ssize_t n = read(fd, piece, sizeof piece);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_STORAGE, errno, "the log cannot be read");
		if (n == 0)
			return ERR_OK;
		add(arg, (struct str){ piece, (size_t)n });
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

static void add_to_stream(void *arg, struct str bytes)
{
	stream_wait_for_room(arg);
	stream_add(arg, 0, bytes);
}

static void add_to_capture(void *arg, struct str bytes)
{
	capture_add(arg, 0, bytes);
}

/* What was read of a log that cannot be read to its end is sent all the same; but it is no success. */
static enum err_code post_whole(struct sending *to, int fd, bool *ret_running)
{
	struct stream_end how = { .keep = true, .patient = true };
	struct stream *s = stream_begin(to);
	enum err_code code, sent;
	struct err e;

	code = read_log(fd, add_to_stream, s, &e);
	if (code != ERR_OK)
		command_fail(to->command, &e);
	sent = stream_end(s, &how);
	*ret_running = how.running;
	return code != ERR_OK ? code : sent;
}

static enum err_code post_tail(struct sending *to, int fd)
{
	struct capture c;
	enum err_code code;
	struct err e;

	capture_init(&c, to->mask);
	to->mask = NULL;
	code = read_log(fd, add_to_capture, &c, &e);
	if (code == ERR_OK)
		code = sending_tail(to, &c);
	else
		command_fail(to->command, &e);
	capture_done(&c);
	return code;
}

static int post(const struct flags *flags, const char *path)
{
	bool running = false;
	enum err_code code;
	struct sending to;
	struct err e;
	AUTO_FD fd = -1;

	if (open_log(path, &fd, &e) != ERR_OK)
		return command_fail("post", &e);
	sending_init(&to, "post", flags, environ, NULL);
	code = set_outcome(flags, &to.facts, &e);
	if (code != ERR_OK)
		command_fail("post", &e);
	else
		code = flags->tail ? post_tail(&to, fd) : post_whole(&to, fd, &running);
	if (running) {
		fflush(NULL);
		_exit(err_exit(code)); /* a thread hangs in a request: nothing may be torn down under it */
	}
	sending_done(&to);
	return err_exit(code);
}

int cmd_post(int argc, char **argv)
{
	AUTO_FLAGS flags = FLAGS_NONE;
	const struct opt opts[] = { FLAGS_OPTS(&flags),
		{ "exit-code", 0, OPT_INT, "N", "with which the step ended", &flags.exit_code },
		{ "conclusion", 0, OPT_STRING, "WORD",
			"success, failure (if not said), cancelled, skipped, timed_out", &flags.conclusion },
		{ "tail", 0, OPT_FLAG, NULL, "send no more than the last 200 lines or 32 KiB, in one request",
			&flags.tail },
		{ 0 } };
	const struct command_usage usage = { .name = "post",
		.synopsis = "--step NAME [OPTIONS] [FILE|-]",
		.prose = "Sends a log that exists: FILE, or standard input. It is masked before it leaves\n"
			 "this machine. Exits with 0 when the server has stored it; a log that could only\n"
			 "be kept for the next call is a failure here.",
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
