/*
 * warden: see the header.
 *
 * What a reader would get wrong:
 * - A group may be killed by number only as long as its leader, the command, has not been reaped: after that the number may be another's. So the end of the
 * command is first looked at (WNOWAIT), then its group is killed, then it is reaped.
 * - What left the group is found as our child in /proc, one generation a round: the children of what is killed become ours before we learn of its death. Our
 * children's numbers are theirs until we reap them.
 */
#include "agent/warden.h"

#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE 3            /* our end of the socket, behind the three standard ones */
#define HIGH 10           /* over all numbers that are given out here */
#define LOOK_AGAIN_MS 100 /* while something is being killed that does not die */
#define XCPU_GRACE_S 2
#define FD_MAX (1 << 20)

struct warden {
	const struct warden_task *task;
	pid_t pid;
	int deaths;   /* signalfd of SIGCHLD */
	bool deaf;    /* the worker is gone */
	bool asked;   /* the command was asked to end */
	bool killing; /* everything is to go */
	bool gone;    /* the command is reaped */
	bool childless;
	int64_t started_at, next_at; /* next_at: its time, then the grace, then our patience is over */
	struct warden_word word;
};

static int64_t now_ms(void)
{
	return clock_steady_ms(&clock_system);
}

static void say(int line, struct warden_word word)
{
	if (send(line, &word, sizeof word, MSG_NOSIGNAL) < 0)
		return; /* nobody is there to be told */
}

static _Noreturn void fail(enum warden_what what, int exit_code)
{
	say(LINE, (struct warden_word){ .what = what, .error = errno });
	_exit(exit_code);
}

/* ---- the command's process, until it is the command ---- */

static void limit(__rlimit_resource_t resource, int64_t soft, int64_t hard)
{
	struct rlimit had, want = { .rlim_cur = (rlim_t)soft, .rlim_max = (rlim_t)hard };

	if (getrlimit(resource, &had) != 0)
		return;
	if (had.rlim_max < want.rlim_max)
		want.rlim_max = had.rlim_max;
	if (want.rlim_cur > want.rlim_max)
		want.rlim_cur = want.rlim_max;
	if (setrlimit(resource, &want) != 0)
		fail(WARDEN_CANNOT_EXECUTE, 126);
}

static void set_limits(const struct confined_limits *l)
{
	limit(RLIMIT_CORE, 0, 0);
	if (l->memory_bytes > 0)
		limit(RLIMIT_AS, l->memory_bytes, l->memory_bytes);
	if (l->file_bytes > 0)
		limit(RLIMIT_FSIZE, l->file_bytes, l->file_bytes);
	if (l->n_processes > 0)
		limit(RLIMIT_NPROC, l->n_processes, l->n_processes);
	if (l->cpu_s > 0)
		limit(RLIMIT_CPU, l->cpu_s, l->cpu_s + XCPU_GRACE_S);
}

static void forget_signals(void)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		sigaction(sig, &plain, NULL); /* refuses those that cannot be caught */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* As execvpe(3), which may allocate. Returns errno of what is worth telling: not that a folder of PATH lacks it. */
static int execute(const struct warden_task *t)
{
	int why = ENOENT;

	for (char **path = t->paths; *path; path++) {
		execve(*path, t->argv, t->env);
		if (errno == ENOEXEC) {
			t->argv_sh[1] = *path;
			execve(t->argv_sh[0], t->argv_sh, t->env);
		}
		if (errno == ENOENT || errno == ENOTDIR)
			continue;
		why = errno;
		if (errno != EACCES)
			break;
	}
	return why;
}

static _Noreturn void become(const struct warden_task *t, pid_t warden)
{
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != warden) /* it died before the prctl */
		_exit(128 + SIGKILL);
	if (t->folder && chdir(t->folder) != 0)
		fail(WARDEN_CANNOT_ENTER, 126);
	set_limits(t->limits);
	forget_signals();
	errno = execute(t);
	fail(WARDEN_CANNOT_EXECUTE, errno == ENOENT ? 127 : 126);
}

/* ---- setting up ---- */

static void close_from(unsigned first)
{
	struct rlimit most;

	if (close_range(first, UINT_MAX, 0) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &most) != 0 || most.rlim_cur > FD_MAX)
		most.rlim_cur = FD_MAX;
	for (int fd = (int)first; fd < (int)most.rlim_cur; fd++)
		close(fd);
}

/* Only what the command gets, and LINE; for another thread's pipe would stay open as long as we live. */
static bool place_files(const struct warden_task *t)
{
	int in = fcntl(t->in, F_DUPFD, HIGH), out = fcntl(t->out, F_DUPFD, HIGH),
	    line = fcntl(t->line, F_DUPFD, HIGH);

	if (in < 0 || out < 0 || line < 0)
		return false;
	if (dup3(line, LINE, O_CLOEXEC) < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		return false;
	close_from(LINE + 1);
	return true;
}

static int open_deaths(void)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigaction(SIGCHLD, &plain, NULL); /* ignored, it would take the status away */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void start(struct warden *w)
{
	int64_t timeout = w->task->limits->timeout_ms;
	pid_t warden = getpid();

	setsid(); /* a ^C is the worker's to act on */
	prctl(PR_SET_NAME, "sluice-warden");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		fail(WARDEN_CANNOT_START, 1);
	w->deaths = open_deaths();
	if (w->deaths < 0)
		fail(WARDEN_CANNOT_START, 1);
	w->started_at = now_ms();
	w->next_at = timeout > 0 && timeout < INT64_MAX - w->started_at ? w->started_at + timeout : INT64_MAX;
	w->pid = _Fork(); /* fork(3) calls what libraries registered */
	if (w->pid < 0)
		fail(WARDEN_CANNOT_START, 1);
	if (w->pid == 0)
		become(w->task, warden);
	dup2(0, 1); /* the pipe is the command's alone */
	dup2(0, 2);
}

/* ---- ending ---- */

static void kill_from_now_on(struct warden *w)
{
	if (w->killing)
		return;
	w->killing = true;
	w->next_at = now_ms() + CONFINED_REAP_MS;
}

static void ask_to_end(struct warden *w)
{
	int64_t grace = w->task->limits->kill_grace_ms;

	w->asked = true;
	if (grace <= 0) {
		kill_from_now_on(w);
		return;
	}
	if (kill(-w->pid, SIGTERM) != 0)
		kill(w->pid, SIGTERM); /* it has no group yet */
	kill(-w->pid, SIGCONT);
	w->next_at = grace < INT64_MAX - now_ms() ? now_ms() + grace : INT64_MAX;
}

/* "PID (NAME) STATE PARENT ..", where NAME may be anything. */
static pid_t parent_in(const char *stat, size_t len)
{
	const char *p = memrchr(stat, ')', len), *end = stat + len;
	pid_t parent = 0;

	if (!p || end - p < 5)
		return 0;
	for (p += 4; p < end && *p >= '0' && *p <= '9'; p++)
		parent = parent * 10 + (*p - '0');
	return parent;
}

/* name: of a folder in /proc that is a process. */
static pid_t parent_of(int proc, const char *name)
{
	char path[32], stat[512];
	size_t len = strlen(name);
	ssize_t n;
	int fd;

	if (len + sizeof "/stat" > sizeof path)
		return 0;
	memcpy(path, name, len);
	memcpy(path + len, "/stat", sizeof "/stat");
	fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, stat, sizeof stat);
	close(fd);
	return n > 0 ? parent_in(stat, (size_t)n) : 0;
}

static pid_t pid_named(const char *name)
{
	pid_t pid = 0;

	for (; *name >= '0' && *name <= '9' && pid < INT_MAX / 10; name++)
		pid = pid * 10 + (*name - '0');
	return *name ? 0 : pid;
}

/* Bare getdents(2): opendir(3) allocates. */
static void kill_children(void)
{
	_Alignas(struct dirent64) char entries[8192];
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	pid_t self = getpid();
	ssize_t n;

	if (proc < 0)
		return;
	while ((n = getdents64(proc, entries, sizeof entries)) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *entry = (const void *)(entries + at);
			pid_t pid = pid_named(entry->d_name);

			if (pid > 0 && parent_of(proc, entry->d_name) == self)
				kill(pid, SIGKILL);
			at += entry->d_reclen;
		}
	close(proc);
}

static void kill_all(struct warden *w)
{
	if (!w->gone) {
		kill(-w->pid, SIGKILL);
		kill(w->pid, SIGKILL);
	}
	kill_children();
}

static void note(struct warden *w, pid_t pid, int status, const struct rusage *used)
{
	int64_t rss = (int64_t)used->ru_maxrss * 1024;

	if (rss > w->word.max_rss_bytes)
		w->word.max_rss_bytes = rss;
	if (pid != w->pid)
		return;
	w->gone = true;
	w->word.status = status;
	w->word.runtime_ms = now_ms() - w->started_at;
	kill_from_now_on(w);
}

static void reap(struct warden *w)
{
	struct rusage used;
	siginfo_t dead;
	int status;

	for (;;) {
		dead.si_pid = 0;
		if (waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT | __WALL) != 0) {
			w->childless = errno == ECHILD;
			return;
		}
		if (dead.si_pid == 0)
			return;
		if (dead.si_pid == w->pid)
			kill(-w->pid, SIGKILL);
		if (wait4(dead.si_pid, &status, __WALL, &used) == dead.si_pid)
			note(w, dead.si_pid, status, &used);
	}
}

/* ---- the life of it ---- */

static void time_is_up(struct warden *w)
{
	if (w->killing) {
		w->word.left_behind = true;
	} else if (w->asked) {
		kill_from_now_on(w);
	} else {
		w->word.timed_out = true;
		ask_to_end(w);
	}
}

static void listen_to_worker(struct warden *w)
{
	char byte;
	ssize_t n = recv(LINE, &byte, 1, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		w->deaf = true;
		kill_from_now_on(w);
	} else if (!w->asked && !w->killing) {
		w->word.stopped = true;
		ask_to_end(w);
	}
}

static void wait_for_something(struct warden *w)
{
	int64_t left = w->next_at - now_ms(), most = w->killing ? LOOK_AGAIN_MS : INT_MAX;
	struct pollfd fds[] = { { .fd = w->deaf ? -1 : LINE, .events = POLLIN },
		{ .fd = w->deaths, .events = POLLIN } };
	struct signalfd_siginfo death;

	if (left < 0)
		left = 0;
	if (poll(fds, 2, (int)(left < most ? left : most)) <= 0)
		return;
	if (fds[0].revents)
		listen_to_worker(w);
	while (read(w->deaths, &death, sizeof death) > 0)
		; /* who it was, reap() finds out */
}

_Noreturn void warden_be(const struct warden_task *t)
{
	struct warden w = { .task = t, .word = { .what = WARDEN_ENDED, .status = SIGKILL } };

	if (!place_files(t)) {
		say(t->line, (struct warden_word){ .what = WARDEN_CANNOT_START, .error = errno });
		_exit(1);
	}
	start(&w);
	for (;;) {
		reap(&w);
		if (w.childless)
			break;
		if (now_ms() >= w.next_at)
			time_is_up(&w);
		if (w.killing)
			kill_all(&w);
		if (w.word.left_behind)
			break;
		wait_for_something(&w);
	}
	if (!w.gone)
		w.word.runtime_ms = now_ms() - w.started_at;
	say(LINE, w.word);
	_exit(0);
}
