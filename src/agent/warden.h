#ifndef AGENT_WARDEN_H
#define AGENT_WARDEN_H
/*
 * warden: the process between confined_run() and its command. It starts the command, knows when its time is up, ends what is to end and tells how it went.
 *
 * Orphans among the command's descendants become its children (PR_SET_CHILD_SUBREAPER), and nothing else does: so whatever is its child is to be killed, and
 * when it has no child nothing is left. A thread of the worker could not tell them from the worker's other children.
 *
 * They speak over a socket of whole messages (SOCK_SEQPACKET): the worker sends one byte, stop; the warden sends warden_words, the last is WARDEN_ENDED. When
 * the worker's end closes without a word the worker is gone, and everything is killed at once.
 *
 * It is forked from a process with threads and never becomes another program, so only async-signal-safe calls are made in it, and bare system calls.
 */
#include "agent/confined.h"

enum warden_what {
	WARDEN_CANNOT_START, /* the warden or the command could not be set up; nothing was run, nothing follows */
	WARDEN_CANNOT_ENTER,   /* the working folder; exit code 126 follows */
	WARDEN_CANNOT_EXECUTE, /* exit code 126 or 127 follows */
	WARDEN_ENDED,
};

struct warden_word {
	enum warden_what what;
	int error;  /* errno of the first three; the rest is WARDEN_ENDED's */
	int status; /* as of wait(2) */
	bool timed_out, stopped, left_behind;
	int64_t runtime_ms, max_rss_bytes;
};

/* All that is made before the fork, for it cannot be made after. */
struct warden_task {
	const struct confined_limits *limits;
	const char *folder; /* NULL: where we are */
	char **paths;       /* to be tried in turn, NULL-terminated */
	char *const *argv, *const *env;
	char **argv_sh; /* for a script that does not name its interpreter: "/bin/sh", room for the path, the arguments */
	int in, out, line;
};

/* In the new process, with all signals blocked. */
_Noreturn void warden_be(const struct warden_task *t);

#endif
