/*
 * confined: what the worker's side does: make all that the warden needs, fork it, and copy output until it says that all is over.
 */
#include "agent/confined.h"

#include "agent/env.h"
#include "agent/warden.h"
#include "base/arena.h"
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE (64 * 1024)
#define DEFAULT_PATH STR("/usr/local/bin:/usr/bin:/bin")

struct run {
	int out, line, stop;
	int64_t room, dropped; /* room: what may still be passed on */
	const struct confined_sink *sink;
	struct warden_word refused, ended; /* refused.error is 0 when it was executed */
	char bytes[PIECE];
};

/* What execvp(3) would try. An empty part of PATH is the working folder. */
static char **paths_to_try(const struct confined_command *c, struct arena *a)
{
	struct str path = env_get(c->env, "PATH");
	size_t n_parts = 1, n = 0;
	char **paths;

	if (strchr(c->argv[0], '/') || c->argv[0][0] == '\0') {
		paths = arena_array(a, 2, sizeof *paths);
		paths[0] = arena_cstr(a, str_z(c->argv[0]));
		return paths;
	}
	if (!env_has(c->env, "PATH"))
		path = DEFAULT_PATH;
	for (size_t i = 0; i < path.len; i++)
		n_parts += path.p[i] == ':';
	paths = arena_array(a, n_parts + 1, sizeof *paths);
	for (; n < n_parts; n++) {
		struct str part = { path.p, str_find(path, ':') };

		paths[n] = arena_cstr(
			a, arena_fmt(a, "%.*s/%s", STR_FMT(part.len ? part : STR(".")), c->argv[0]));
		path = str_from(path, part.len + 1);
	}
	return paths;
}

static char **argv_for_sh(char *const *argv, struct arena *a)
{
	size_t n = 0;
	char **sh;

	while (argv[n])
		n++;
	sh = arena_array(a, n + 2, sizeof *sh);
	sh[0] = arena_cstr(a, STR("/bin/sh"));
	memcpy(sh + 2, argv + 1, (n - 1) * sizeof *sh);
	return sh;
}

/* All signals are blocked, so that no handler of ours runs in the new process. */
static enum err_code fork_warden(const struct warden_task *t, pid_t *ret, struct err *e)
{
	sigset_t all, before;
	pid_t pid;
	int why;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	why = errno;
	if (pid == 0)
		warden_be(t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return err_errno(e, ERR_UNAVAILABLE, why, "no process for the command");
	*ret = pid;
	return ERR_OK;
}

/* r gets our ends; the others are closed when the warden has them. */
static enum err_code start(struct run *r, const char *input, struct warden_task *t, pid_t *ret, struct err *e)
{
	AUTO_FD in = open(input ? input : "/dev/null", O_RDONLY | O_CLOEXEC);
	AUTO_FD out = -1;
	AUTO_FD line = -1;
	int ends[2];

	if (in < 0)
		return err_errno(
			e, input ? ERR_STORAGE : ERR_UNAVAILABLE, errno, "%s", input ? input : "/dev/null");
	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(e, ERR_UNAVAILABLE, errno, "no pipe for the command's output");
	r->out = ends[0];
	out = ends[1];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return err_errno(e, ERR_UNAVAILABLE, errno, "no socket to its warden");
	r->line = ends[0];
	line = ends[1];
	t->in = in;
	t->out = out;
	t->line = line;
	return fork_warden(t, ret, e);
}

static void pass_on(struct run *r, struct str bytes)
{
	size_t n = (uint64_t)r->room < bytes.len ? (size_t)r->room : bytes.len;

	r->room -= (int64_t)n;
	r->dropped += (int64_t)(bytes.len - n);
	if (n > 0)
		r->sink->add(r->sink->arg, (struct str){ bytes.p, n });
}

/* At most `most` bytes; how many. 0: there will be no more. */
static size_t read_output(struct run *r, size_t most)
{
	ssize_t n;

	do
		n = read(r->out, r->bytes, most < sizeof r->bytes ? most : sizeof r->bytes);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		fd_close(&r->out);
		return 0;
	}
	pass_on(r, (struct str){ r->bytes, (size_t)n });
	return (size_t)n;
}

/* What is in the pipe now is all there is. Its end is not waited for: a process that is no descendant may hold it. */
static void read_rest(struct run *r)
{
	int left = 0;

	if (r->out < 0 || ioctl(r->out, FIONREAD, &left) != 0)
		return;
	while (left > 0) {
		size_t n = read_output(r, (size_t)left);

		if (n == 0)
			return;
		left -= (int)n;
	}
}

static void tell_to_stop(struct run *r)
{
	r->stop = -1;
	if (send(r->line, "s", 1, MSG_NOSIGNAL) < 0)
		return; /* it is gone; its last word is waiting */
}

static enum err_code hear(struct run *r, bool *ret_over, struct err *e)
{
	struct warden_word word;
	ssize_t n = recv(r->line, &word, sizeof word, 0);

	if (n < 0 && errno == EINTR)
		return ERR_OK;
	if (n != (ssize_t)sizeof word)
		return err_set(e, ERR_UNAVAILABLE, "the process that watches over the command was killed");
	switch (word.what) {
	case WARDEN_CANNOT_START:
		return err_errno(e, ERR_UNAVAILABLE, word.error, "no process for the command");
	case WARDEN_CANNOT_ENTER:
	case WARDEN_CANNOT_EXECUTE:
		r->refused = word;
		break;
	case WARDEN_ENDED:
		r->ended = word;
		*ret_over = true;
		break;
	}
	return ERR_OK;
}

static enum err_code attend(struct run *r, struct err *e)
{
	bool over = false;

	while (!over) {
		struct pollfd fds[] = { { .fd = r->line, .events = POLLIN },
			{ .fd = r->out, .events = POLLIN }, { .fd = r->stop, .events = POLLIN } };

		if (poll(fds, 3, -1) < 0)
			continue; /* EINTR */
		if (fds[1].revents)
			read_output(r, PIECE);
		if (fds[2].revents)
			tell_to_stop(r);
		if (fds[0].revents)
			TRY(hear(r, &over, e));
	}
	read_rest(r);
	return ERR_OK;
}

static void say_why(struct run *r, const struct confined_command *c)
{
	const struct warden_word *w = &r->refused;
	struct str line;
	AUTO_ARENA a;

	arena_init(&a);
	if (w->what == WARDEN_CANNOT_ENTER)
		line = arena_fmt(&a, "sluice: cannot work in %s: %s\n", c->folder, strerror(w->error));
	else
		line = arena_fmt(&a, "sluice: %s: %s\n", c->argv[0],
			w->error == ENOENT ? "command not found" : strerror(w->error));
	pass_on(r, line);
}

static void tell_end(const struct run *r, struct confined_end *ret)
{
	const struct warden_word *w = &r->ended;
	int signal = WIFSIGNALED(w->status) ? WTERMSIG(w->status) : 0;

	*ret = (struct confined_end){ .exit_code = signal ? 128 + signal : WEXITSTATUS(w->status),
		.signal = signal,
		.timed_out = w->timed_out,
		.stopped = w->stopped,
		.left_behind = w->left_behind,
		.dropped_bytes = r->dropped,
		.runtime_ms = w->runtime_ms,
		.max_rss_bytes = w->max_rss_bytes };
}

static enum err_code run(struct run *r, const char *input, struct warden_task *t, struct err *e)
{
	enum err_code code;
	pid_t warden = 0;

	TRY(start(r, input, t, &warden, e));
	code = attend(r, e);
	fd_close(&r->line); /* should it still be there, it ends */
	while (waitpid(warden, NULL, 0) < 0 && errno == EINTR)
		;
	return code;
}

enum err_code confined_run(const struct confined_command *command, const struct confined_limits *limits,
	int stop_fd, const struct confined_sink *sink, struct confined_end *ret, struct err *e)
{
	struct warden_task t = {
		.limits = limits, .folder = command->folder, .argv = command->argv, .env = command->env
	};
	struct run *r = mem_alloc(sizeof *r);
	enum err_code code;
	AUTO_ARENA a;

	assert(command->argv[0]);
	arena_init(&a);
	t.paths = paths_to_try(command, &a);
	t.argv_sh = argv_for_sh(command->argv, &a);
	*r = (struct run){ .out = -1, .line = -1, .stop = stop_fd, .sink = sink };
	r->room = limits->output_bytes > 0 ? limits->output_bytes : INT64_MAX;
	code = run(r, command->input, &t, e);
	if (code == ERR_OK) {
		if (r->refused.error)
			say_why(r, command);
		tell_end(r, ret);
	}
	fd_close(&r->out);
	fd_close(&r->line);
	free(r);
	return code;
}

/* ---- in words ---- */

static const char *comma(const struct buf *out, size_t before)
{
	return out->len > before ? "; " : "";
}

void confined_describe(const struct confined_end *end, int64_t timeout_ms, struct buf *out)
{
	const char *name = sigabbrev_np(end->signal);
	size_t before = out->len;

	if (end->timed_out)
		buf_fmt(out, "timed out after %g s", (double)timeout_ms / 1000);
	else if (end->signal > 0)
		buf_fmt(out, "killed by signal %d%s%s%s", end->signal, name ? " (SIG" : "", name ? name : "",
			name ? ")" : "");
	if (end->left_behind)
		buf_fmt(out, "%ssomething that it started could not be ended", comma(out, before));
	if (end->dropped_bytes > 0)
		buf_fmt(out, "%s%lld bytes of what it printed are over the limit and not kept",
			comma(out, before), (long long)end->dropped_bytes);
}
