#ifndef AGENT_CONFINED_H
#define AGENT_CONFINED_H
/*
 * confined: run a command, of a test or a fixer, within limits, and leave nothing of it behind.
 *
 * The command is not ours and may be wrong in every way, but it is not an enemy: this is no sandbox. It has the user, the network and the files of the worker.
 * What is promised:
 *
 * - It has a session and a process group of its own, stdin from /dev/null or a file, one pipe for stdout and stderr (so that their order is kept), no other descriptor,
 * no signal ignored or blocked, and exactly the environment that it is given.
 * - When it ends, runs out of time, or is told to stop, all that it started is killed and reaped before confined_run() returns, also what left its group and
 * session. What it wrote until then is passed on; what a process that it did not wait for had yet to write is lost.
 * - When the worker is gone, killed with SIGKILL too, the same happens within moments.
 *
 * That takes a process between the worker and the command (warden.h), which is nobody's parent but the command's. So several may run at once, on threads of one
 * process, and each ends its own.
 *
 * What is not promised:
 *
 * - Processes of another user (sudo) cannot be killed, nor those that another daemon starts on the command's behalf (docker, systemd-run, cron): they are no
 * descendants. Something that forks without end, in ever new sessions, may outrun us. After CONFINED_REAP_MS we go and say so (left_behind).
 * - Without /proc only the command's own group is killed.
 * - Should the command kill the warden, the command itself is killed by the kernel and we return ERR_UNAVAILABLE; what it had started lives on.
 */
#include "base/buf.h"
#include "base/err.h"

#define CONFINED_REAP_MS 10000

struct confined_command {
	/* NULL-terminated, not empty. The first, without a "/" in it, is looked up in env's PATH. */
	char *const *argv;
	char *const *env;   /* NULL-terminated */
	const char *folder; /* that it works in; NULL: ours */
	const char *input;  /* a file that it reads as stdin; NULL: /dev/null */
};

/* 0 is "without limit" in each, but for kill_grace_ms. Limits of our own that are stricter stay. */
struct confined_limits {
	int64_t timeout_ms;
	int64_t kill_grace_ms; /* from SIGTERM, to the command's group, to SIGKILL, to all; 0: SIGKILL at once */
	int64_t memory_bytes; /* address space of each process, so more than what it uses; not for what reserves much of it (Go, Java, ASan) */
	int64_t file_bytes;   /* of each file that is written */
	int64_t cpu_s;        /* of each process; SIGXCPU, two seconds later SIGKILL */
	int64_t n_processes; /* threads too, of the whole user, the worker's others among them; root is not held to it */
	int64_t output_bytes; /* that are passed on; the rest is read, so that the program does not wait, and counted */
};

/* Sees output as it comes, on the caller's thread. While it works the command may have to wait. */
struct confined_sink {
	void (*add)(void *arg, struct str bytes);
	void *arg;
};

struct confined_end {
	/* As a shell has it: 128 + N for signal N; 127 not found, 126 not executable or no such folder: then a line in the sink says why. */
	int exit_code;
	int signal;     /* that ended it, or 0 */
	bool timed_out; /* its time was up before it ended; it may have ended well all the same, at SIGTERM */
	bool stopped;   /* likewise, it was told to stop. Never both: whichever was first */
	bool left_behind;      /* something of it could not be ended */
	int64_t dropped_bytes; /* beyond output_bytes */
	int64_t runtime_ms;    /* until the command itself ended */
	int64_t max_rss_bytes; /* of the largest process; not less than what the worker itself had when it forked (getrusage(2)) */
};

/*
 * Returns when all is over. stop_fd: the command is told to stop when it is readable or at its end (an eventfd, a pipe); it is not read, so one may stop many;
 * -1: none. Safe to call from several threads at once.
 * ERR_STORAGE: its input cannot be read. ERR_UNAVAILABLE: no pipe or no process to be had, so nothing was run; or the warden was killed.
 */
MUST_CHECK enum err_code confined_run(const struct confined_command *command,
	const struct confined_limits *limits, int stop_fd, const struct confined_sink *sink,
	struct confined_end *ret, struct err *e);

/* What there is to say of an end that is not as usual, in a few words, appended: out of time, a signal, what could not be ended, what was not kept. */
void confined_describe(const struct confined_end *end, int64_t timeout_ms, struct buf *out);

#endif
