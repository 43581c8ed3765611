/*
 * child: fork, and one poll loop until all is said and done.
 *
 * What a reader would get wrong:
 * - Our own stdout and stderr must not be made non-blocking: that is a property of the open file, which
 * others share. So we write when poll(2) says so, at most PIPE_BUF bytes to what is no plain file: as much as
 * a pipe that is ready takes at once (pipe(7)).
 * - SIGCHLD inherited as ignored would take the exit code away from us; SIGPIPE must be ignored here and as
 * before in the child.
 * - After the child's end only what is in the pipes at that moment is its own. That is copied however long
 * the reader takes. What comes later is from something it left behind.
 */
#include "agent/child.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE (64 * 1024)

static const int passed_on[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT };

struct pump {          /* from the child's pipe to our own stdout or stderr */
	int from;      /* -1: closed, by either side */
	int child_end; /* write end, until the child is there */
	int to;
	size_t at, len;    /* what has been read and not yet written */
	size_t own;        /* bytes still to be read that are the child's own, once it is gone */
	bool any_amount;   /* to is a plain file: writing never waits */
	bool tells_of_end; /* to is a pipe: poll(2) says when its reader is gone */
	char bytes[PIECE];
};

struct child {
	pid_t pid;
	bool gone;
	bool hurry; /* we were told to end while waiting for what it left behind */
	int64_t gone_at;
	int status;
	int signals; /* signalfd */
	sigset_t mask_before;
	struct sigaction chld_before, pipe_before;
	struct pump pumps[2];
	int n_pumps;
	const struct child_sink *sink;
};

/* A closed 0, 1 or 2 would be given to the next file opened, a pipe perhaps. Filled, for us only, they stay
 * closed for the child. */
static void fill_standard_files(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static bool is_open_for_child(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static enum err_code add_pump(struct child *c, int to, struct err *e)
{
	struct pump *p = &c->pumps[c->n_pumps];
	struct stat st;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(e, ERR_UNAVAILABLE, errno, "no pipe for the command's output");
	*p = (struct pump){ .from = ends[0], .child_end = ends[1], .to = to };
	c->n_pumps++;
	fcntl(p->from, F_SETFL, O_NONBLOCK);
	if (fstat(to, &st) == 0) {
		p->any_amount = S_ISREG(st.st_mode);
		p->tells_of_end = S_ISFIFO(st.st_mode);
	}
	return ERR_OK;
}

static enum err_code add_pumps(struct child *c, struct err *e)
{
	bool out = is_open_for_child(STDOUT_FILENO), err = is_open_for_child(STDERR_FILENO);

	if (out)
		TRY(add_pump(c, STDOUT_FILENO, e));
	if (err && !(out && same_file(STDOUT_FILENO, STDERR_FILENO)))
		TRY(add_pump(c, STDERR_FILENO, e));
	return ERR_OK;
}

static void give_signals_back(struct child *c)
{
	sigaction(SIGCHLD, &c->chld_before, NULL);
	sigaction(SIGPIPE, &c->pipe_before, NULL);
	sigprocmask(SIG_SETMASK, &c->mask_before, NULL);
}

static enum err_code take_signals(struct child *c, struct err *e)
{
	struct sigaction plain = { .sa_handler = SIG_DFL }, ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
		sigaddset(&set, passed_on[i]);
	sigprocmask(SIG_BLOCK, &set, &c->mask_before);
	sigaction(SIGCHLD, &plain, &c->chld_before);
	sigaction(SIGPIPE, &ignore, &c->pipe_before);
	c->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (c->signals >= 0)
		return ERR_OK;
	give_signals_back(c);
	return err_errno(e, ERR_UNAVAILABLE, errno, "no signalfd");
}

/* In the new process. What it says goes through the pipe like all of the command's output. */
static _Noreturn void become(struct child *c, char **command, pid_t parent)
{
	for (int i = 0; i < c->n_pumps; i++)
		dup2(c->pumps[i].child_end, c->pumps[i].to);
	if (c->n_pumps == 1 && c->pumps[0].to == STDOUT_FILENO && is_open_for_child(STDERR_FILENO))
		dup2(STDOUT_FILENO, STDERR_FILENO);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent) /* it died before the prctl */
		_exit(128 + SIGKILL);
	give_signals_back(c);
	execvp(command[0], command);

	int why = errno;
	command_say("run", "%s: %s", command[0], why == ENOENT ? "command not found" : strerror(why));
	_exit(why == ENOENT ? 127 : 126);
}

static enum err_code start(struct child *c, char **command, struct err *e)
{
	pid_t parent = getpid();

	fflush(NULL);
	c->pid = fork();
	if (c->pid < 0)
		return err_errno(e, ERR_UNAVAILABLE, errno, "no process for the command");
	if (c->pid == 0)
		become(c, command, parent);
	for (int i = 0; i < c->n_pumps; i++)
		fd_close(&c->pumps[i].child_end);
	return ERR_OK;
}

static void note_end(struct child *c)
{
	int left;

	if (c->gone || waitpid(c->pid, &c->status, WNOHANG) != c->pid)
		return;
	c->gone = true;
	c->gone_at = clock_steady_ms(&clock_system);
	for (int i = 0; i < c->n_pumps; i++)
		if (c->pumps[i].from >= 0 && ioctl(c->pumps[i].from, FIONREAD, &left) == 0 && left > 0)
			c->pumps[i].own = (size_t)left;
}

static void read_signals(struct child *c)
{
	struct signalfd_siginfo s;

	while (read(c->signals, &s, sizeof s) == (ssize_t)sizeof s) {
		int sig = (int)s.ssi_signo;

		if (sig == SIGCHLD)
			note_end(c);
		else if (c->gone)
			c->hurry |= sig != SIGWINCH && sig != SIGCONT;
		else if (s.ssi_code <=
			 0) /* from a process; the kernel's own are positive and went to the whole group */
			kill(c->pid, sig);
	}
}

static void pump_read(struct child *c, int stream)
{
	struct pump *p = &c->pumps[stream];
	ssize_t n = read(p->from, p->bytes, sizeof p->bytes);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fd_close(&p->from);
		return;
	}
	p->at = 0;
	p->len = (size_t)n;
	p->own -= p->len < p->own ? p->len : p->own;
	c->sink->add(c->sink->arg, stream, (struct str){ p->bytes, p->len });
}

static void pump_write(struct pump *p)
{
	size_t left = p->len - p->at, most = p->any_amount ? left : PIPE_BUF;
	ssize_t n = write(p->to, p->bytes + p->at, left < most ? left : most);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		/* Nobody reads, or the disk is full: with its pipe closed the command learns it at its next
		 * write. */
		fd_close(&p->from);
		p->at = p->len = 0;
		return;
	}
	p->at += (size_t)n;
}

static bool has_pending(const struct pump *p)
{
	return p->at < p->len;
}

static int64_t linger_left(const struct child *c)
{
	int64_t left = c->gone_at + CHILD_LINGER_MS - clock_steady_ms(&clock_system);

	return c->hurry || left < 0 ? 0 : left;
}

/* Is there anything that this stream may still bring? Closes what has had its time. */
static bool is_active(struct child *c, struct pump *p)
{
	if (c->hurry)
		p->at = p->len = p->own = 0;
	if (has_pending(p))
		return true;
	if (p->from >= 0 && c->gone && p->own == 0 && linger_left(c) == 0)
		fd_close(&p->from);
	return p->from >= 0;
}

/* fds[0]: the pipe, fds[1]: where it goes. An fd of -1 is passed over by poll(2). */
static void ask(const struct pump *p, struct pollfd fds[2])
{
	fds[0] = (struct pollfd){ .fd = has_pending(p) ? -1 : p->from, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = has_pending(p) || p->tells_of_end ? p->to : -1,
		.events = has_pending(p) ? POLLOUT : 0 };
}

static void serve(struct child *c, int stream, const struct pollfd fds[2])
{
	struct pump *p = &c->pumps[stream];

	if (has_pending(p) && fds[1].revents)
		pump_write(p);
	else if (fds[1].revents &
		 POLLERR) /* its reader is gone; the command is to know before it writes again */
		fd_close(&p->from);
	else if (fds[0].revents)
		pump_read(c, stream);
}

/* One round: what is ready is done. False: nothing more will come. */
static bool turn(struct child *c)
{
	struct pollfd fds[5] = { { .fd = c->signals, .events = POLLIN } };
	bool active[2] = { false, false }, any = false, writing = false;
	int wait_ms = -1;

	for (int i = 0; i < c->n_pumps; i++) {
		active[i] = is_active(c, &c->pumps[i]);
		any |= active[i];
		writing |= has_pending(&c->pumps[i]);
		if (active[i])
			ask(&c->pumps[i], &fds[1 + 2 * i]);
		else
			fds[1 + 2 * i].fd = fds[2 + 2 * i].fd = -1;
	}
	if (c->gone && !any)
		return false;
	if (c->gone && !writing)
		wait_ms = (int)linger_left(c) + 1;
	if (poll(fds, (nfds_t)(1 + 2 * c->n_pumps), wait_ms) < 0)
		return true; /* EINTR, after a stop and a continue */
	for (int i = 0; i < c->n_pumps; i++)
		if (active[i])
			serve(c, i, &fds[1 + 2 * i]);
	if (fds[0].revents)
		read_signals(c);
	return true;
}

static void tell_end(const struct child *c, struct child_end *ret)
{
	*ret = (struct child_end){ 0 };
	if (WIFSIGNALED(c->status))
		ret->signal = WTERMSIG(c->status);
	ret->exit_code = ret->signal ? 128 + ret->signal : WEXITSTATUS(c->status);
}

static enum err_code start_all(struct child *c, char **command, struct err *e)
{
	fill_standard_files();
	TRY(add_pumps(c, e));
	TRY(take_signals(c, e));
	enum err_code code = start(c, command, e);
	if (code != ERR_OK)
		give_signals_back(c);
	return code;
}

static void close_all(struct child *c)
{
	for (int i = 0; i < c->n_pumps; i++) {
		fd_close(&c->pumps[i].from);
		fd_close(&c->pumps[i].child_end);
	}
	fd_close(&c->signals);
}

enum err_code child_run(char **command, const struct child_sink *sink, struct child_end *ret, struct err *e)
{
	struct child *c = mem_alloc(sizeof *c);
	enum err_code code;

	c->sink = sink;
	c->signals = -1;
	code = start_all(c, command, e);
	if (code == ERR_OK) {
		while (turn(c))
			;
		tell_end(c, ret);
		/* SIGPIPE stays ignored: a closed stderr must not end us with another code than the
		 * command's. */
		sigaction(SIGCHLD, &c->chld_before, NULL);
		sigprocmask(SIG_SETMASK, &c->mask_before, NULL);
	}
	close_all(c);
	free(c);
	return code;
}

int child_end_alike(const struct child_end *end)
{
	struct rlimit no_core = { 0, 0 };
	sigset_t set;

	if (end->signal == 0)
		return end->exit_code;
	setrlimit(RLIMIT_CORE, &no_core);
	signal(end->signal, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, end->signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(end->signal);
	return end->exit_code; /* process 1 of a container is spared by signals it sends itself */
}
