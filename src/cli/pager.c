/*
 * pager: a pipe, a child, and what is to be heeded around them.
 *
 * PAGER is a command line of the shell by convention (POSIX, man(1)): "less -R +G" is one. It is run by sh -c as it is, and nothing from elsewhere
 * ever becomes a part of it: it is the user's own variable, as trustworthy as the shell it was set in.
 *
 * While the pager is there, ^C is its business: less stops reading with it. Were we to die of it, the shell would take the terminal back
 * with less still on it.
 */
#include "cli/pager.h"

#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAITING_MAX (64 * 1024)
#define WAITING_CEILING (SIZE_MAX / 4)
#define NOT_FOUND_BY_SHELL 127

/* Is there a program of this name for sh to find? */
static bool is_in_path(const char *name)
{
	const char *path = getenv("PATH");
	struct str rest = str_z(path ? path : "/usr/bin:/bin");
	AUTO_BUF file;

	buf_init(&file, 8192);
	while (rest.len > 0) {
		size_t n = str_find(rest, ':');

		buf_reset(&file);
		buf_fmt(&file, "%.*s/%s", (int)n, rest.p, name);
		if (!file.full && access(buf_cstr(&file), X_OK) == 0)
			return true;
		rest = str_from(rest, n + 1);
	}
	return false;
}

/* NULL: none. */
static const char *pager_command(void)
{
	const char *pager = getenv("PAGER");

	if (!pager)
		return is_in_path("less") ? "less" : NULL;
	return *pager && strcmp(pager, "cat") != 0 ? pager : NULL;
}

void pager_init(struct pager *p, bool may_page)
{
	*p = (struct pager){ .fd = STDOUT_FILENO };
	p->wanted = may_page && isatty(STDOUT_FILENO) && pager_command();
	buf_init(&p->waiting, WAITING_CEILING);
}

/* In the child: never comes back. */
static void become_pager(int from)
{
	if (dup2(from, STDIN_FILENO) < 0)
		_exit(NOT_FOUND_BY_SHELL);
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	execl("/bin/sh", "sh", "-c", pager_command(), (char *)NULL);
	_exit(NOT_FOUND_BY_SHELL);
}

static enum err_code start(struct pager *p, struct err *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return err_errno(e, ERR_INTERNAL, errno, "a pipe to the pager");
	p->pid = fork();
	if (p->pid == 0)
		become_pager(ends[0]);
	close(ends[0]);
	if (p->pid < 0) {
		p->pid = 0;
		close(ends[1]);
		return err_errno(e, ERR_INTERNAL, errno, "starting the pager");
	}
	p->fd = ends[1];
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	return ERR_OK;
}

bool pager_is_running(const struct pager *p)
{
	return p->pid > 0;
}

bool pager_is_left(struct pager *p)
{
	struct pollfd end = { .fd = p->fd };

	if (poll(&end, 1, 0) == 1 && (end.revents & (POLLERR | POLLNVAL)))
		p->has_left = p->has_failed = true;
	return p->has_left;
}

enum err_code pager_flush(struct pager *p, struct err *e)
{
	struct err own;
	enum err_code code;

	if (p->waiting.len == 0)
		return ERR_OK;
	if (p->wanted && !pager_is_running(p))
		TRY(start(p, e));
	code = fd_write_all(p->fd, buf_view(&p->waiting), &own);
	buf_reset(&p->waiting);
	if (code == ERR_OK)
		return ERR_OK;
	p->has_failed = true;
	if (pager_is_left(p))
		return err_set(e, ERR_GONE, "nobody reads what is printed");
	return err_set(e, code, "standard output: %s", own.text);
}

enum err_code pager_write(struct pager *p, struct str bytes, struct err *e)
{
	buf_str(&p->waiting, bytes);
	return p->waiting.len < WAITING_MAX ? ERR_OK : pager_flush(p, e);
}

/* The pager is gone when this returns. */
static enum err_code wait_for_pager(struct pager *p, struct err *e)
{
	int status = 0;

	close(p->fd);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	signal(SIGINT, SIG_DFL);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND_BY_SHELL)
		return err_set(e, ERR_CONFIG,
			"the pager \"%.100s\" does not run; set PAGER to another, or to cat",
			pager_command());
	return ERR_OK;
}

enum err_code pager_close(struct pager *p, enum err_code code, struct err *e)
{
	struct err own = { 0 };
	enum err_code how = p->has_failed ? ERR_OK : pager_flush(p, &own);

	if (p->has_left && code == ERR_GONE)
		code = ERR_OK;
	if (p->has_left && how == ERR_GONE)
		how = ERR_OK;
	if (pager_is_running(p)) {
		enum err_code ended = wait_for_pager(p, &own);

		how = ended != ERR_OK ? ended : how;
	}
	buf_done(&p->waiting);
	if (code != ERR_OK || how == ERR_OK)
		return code;
	if (e)
		*e = own;
	return how;
}
