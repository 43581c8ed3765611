/*
 * password: see password.h. While one is typed the terminal does not show it; what it shows is put back also when the program is told to end
 * meanwhile: the signal ends the reading, and is raised again once all is as it was.
 */
#include "cli/password.h"

#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static volatile sig_atomic_t ended_by;

static void note_end(int sig)
{
	ended_by = sig;
}

/* A byte at a time: what comes after the line is not ours. */
static enum err_code read_line(int fd, struct buf *out, struct err *e)
{
	char c;
	ssize_t n;

	while ((n = read(fd, &c, 1)) != 0) {
		if (n < 0 && errno == EINTR && !ended_by)
			continue;
		if (n < 0)
			return err_errno(e, ERR_STORAGE, errno, "read the password");
		if (c == '\n')
			break;
		if (out->len == PASSWORD_LINE_MAX)
			return err_set(
				e, ERR_INVALID, "the password is longer than %d bytes", PASSWORD_LINE_MAX);
		buf_char(out, c);
	}
	if (out->len > 0 && out->p[out->len - 1] == '\r')
		out->len--;
	return out->len > 0 ? ERR_OK : err_set(e, ERR_INVALID, "no password was given");
}

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define N_ENDS (sizeof ends / sizeof *ends)

static enum err_code ask(int tty, const char *prompt, struct buf *out, struct err *e)
{
	struct sigaction note = { .sa_handler = note_end },
			 before[N_ENDS]; /* without SA_RESTART: read() ends */
	struct termios shown, quiet;
	enum err_code code;

	if (tcgetattr(tty, &shown) != 0)
		return err_errno(e, ERR_STORAGE, errno, "ask the terminal");
	quiet = shown;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	quiet.c_lflag |= ECHONL;
	ended_by = 0;
	for (size_t i = 0; i < N_ENDS; i++)
		sigaction(ends[i], &note, &before[i]);
	tcsetattr(tty, TCSAFLUSH,
		&quiet); /* before anybody is asked: what is typed at once is neither shown nor lost */
	dprintf(tty, "%s: ", prompt);
	code = read_line(tty, out, e);
	tcsetattr(tty, TCSAFLUSH, &shown);
	for (size_t i = 0; i < N_ENDS; i++)
		sigaction(ends[i], &before[i], NULL);
	if (ended_by)
		raise(ended_by);
	return code;
}

static enum err_code ask_again(int tty, struct buf *out, struct err *e)
{
	enum err_code code;
	AUTO_BUF again;

	buf_init(&again, PASSWORD_LINE_MAX + 1);
	code = ask(tty, "Again", &again, e);
	if (code == ERR_OK && !str_eq(buf_view(&again), buf_view(out)))
		code = err_set(e, ERR_INVALID, "the two differ; nothing was changed");
	secret_wipe(again.p, again.len);
	return code;
}

enum err_code password_read(const char *what, bool twice, struct buf *out, struct err *e)
{
	enum err_code code;
	int tty;

	if (!isatty(STDIN_FILENO))
		return read_line(STDIN_FILENO, out, e);
	tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0)
		return err_errno(e, ERR_STORAGE, errno, "open the terminal");
	code = ask(tty, what, out, e);
	if (code == ERR_OK && twice)
		code = ask_again(tty, out, e);
	close(tty);
	return code;
}
