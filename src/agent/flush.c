/*
 * flush: `sluice flush`, for the end of a job whose folder is thrown away with it: what earlier steps could not send goes now, while there is somebody to send it.
 *
 * `sluice run` does the same after its own log, for a shorter while. Here nothing else is to be done, so a server that is slow, or comes back, is waited for. It ends
 * well also when something is left, and says so: the logs of a job are no reason for its failure.
 */
#include "agent/agent.h"
#include "agent/left.h"
#include "agent/stream.h"
#include "agent/stream_file.h"
#include "base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define AGAIN_MS 500 /* between two rounds */
#define WAIT_S 15    /* for a server, if nothing else is said */
#define WAIT_MAX_S 3600

/* As it is now: a spool remembers what there was when it was first asked. */
static void look_again(struct sending *to)
{
	spool_init(&to->spool, to->env, clock_wall_ms(&clock_system), &to->arena);
}

/* Is there anything that was left for this server? What somebody else writes or sends just now is none of it. */
static bool is_left(struct sending *to)
{
	struct str url = buf_view(&to->peer.shown);
	struct stream_file file;
	struct spool_post post;
	int n_broken = 0;

	look_again(to);
	if (spool_is_empty(&to->spool))
		return false;
	if (stream_file_next(&to->spool, url, NULL, &file, &n_broken)) {
		stream_file_leave(&file);
		return true;
	}
	if (!spool_next(&to->spool, url, &post, &n_broken))
		return false;
	spool_unsent(&to->spool, &post);
	return true;
}

/* True: a thread hangs in a request. */
static bool send_all(struct sending *to, int64_t wait_s)
{
	int64_t until = clock_steady_ms(&clock_system) + wait_s * 1000;

	while (is_left(to)) {
		look_again(to);
		if (left_send(to, stream_spool_limit(to)))
			return true;
		if (!is_left(to))
			break;
		if (clock_steady_ms(&clock_system) >= until) {
			command_say("flush",
				"%s could not be reached in time, or would not have all of them; logs wait "
				"still in %s",
				buf_cstr(&to->peer.shown), to->spool.folder.p);
			break;
		}
		(void)!poll(NULL, 0, AGAIN_MS); /* one that is cut short is a round too many */
	}
	return false;
}

static int flush(const struct flags *flags, int64_t wait_s)
{
	bool running = false;
	struct sending to;

	sending_init(&to, "flush", flags, environ, NULL);
	if (to.no_peer.code != ERR_OK)
		command_say("flush", "%s", to.no_peer.text);
	else if (to.peer.token.len > 0)
		running = send_all(&to, wait_s);
	else if (is_left(&to))
		command_say("flush",
			"logs wait in %s, and no token is known; set SLUICE_TOKEN or give --token-file FILE",
			to.spool.folder.p);
	if (running) {
		fflush(NULL);
		_exit(0); /* nothing may be torn down under it */
	}
	sending_done(&to);
	return 0;
}

int cmd_flush(int argc, char **argv)
{
	AUTO_FLAGS flags = FLAGS_NONE;
	int64_t wait_s = WAIT_S;
	const struct opt opts[] = { { "wait", 0, OPT_INT, "S",
					    "seconds for a server that is away, at most (15)", &wait_s },
		{ "repo", 0, OPT_STRING, "O/R", "repo that the token is for (else the job's)", &flags.repo },
		{ "url", 0, OPT_STRING, "URL",
			"the Sluice server (else $SLUICE_URL, else http://127.0.0.1:4500)", &flags.url },
		{ "token-file", 0, OPT_STRING, "FILE", "file with the token (else $SLUICE_TOKEN)",
			&flags.token_file },
		{ 0 } };
	const struct command_usage usage = { .name = "flush",
		.synopsis = "[OPTIONS]",
		.prose = "Sends what earlier steps could not: for the end of a job whose folder goes with "
			 "it.\n"
			 "Ends with 0 also when something is left, and says so.",
		.opts = opts };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 0)
		return command_usage_fail("flush", "\"%.60s\" is too much", argv[0]);
	if (wait_s < 0 || wait_s > WAIT_MAX_S)
		return command_usage_fail("flush", "--wait is a number from 0 to %d", WAIT_MAX_S);
	return flush(&flags, wait_s);
}
