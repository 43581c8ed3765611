#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H
/*
 * child: run a command as if we were not there.
 *
 * It has our stdin, environment, process group, terminal and signal dispositions. Its stdout and stderr go
 * through pipes of ours and come out untouched: one pipe when both are the same file (so that their order is
 * kept), else two. A stream that was closed stays closed. What it writes is copied as fast as our reader
 * takes it; a slow reader slows the command as it would without us, one that is gone gives it SIGPIPE.
 *
 * INT TERM HUP QUIT USR1 USR2 WINCH CONT that come to us are passed to it, but not those that the kernel sent
 * to the whole group of the terminal (^C), which it has already. Should we be killed in a way that cannot be
 * caught, so is it.
 *
 * When it is gone and something it left behind holds a pipe open, we wait CHILD_LINGER_MS for more and then
 * go: what the command itself wrote is copied in any case.
 */
#include "base/err.h"
#include "base/str.h"

#define CHILD_LINGER_MS 2000

struct child_sink { /* sees every byte; stream 0: stdout (or both), 1: stderr */
	void (*add)(void *arg, int stream, struct str bytes);
	void *arg;
};

struct child_end {
	int exit_code; /* as a shell has it: 128 + N for signal N; 127 not found, 126 not executable */
	int signal;    /* that ended it, or 0 */
};

/* ERR_UNAVAILABLE: no pipes or no process to be had; nothing was run. */
MUST_CHECK enum err_code child_run(
	char **command, const struct child_sink *sink, struct child_end *ret, struct err *e);
/* End as the child did: by the same signal, without a core file of our own; else return the exit code. */
int child_end_alike(const struct child_end *end);

#endif
