#ifndef CLI_PAGER_H
#define CLI_PAGER_H
/*
 * pager: standard output, through the reader's pager when that is a terminal and the output may be long.
 *
 * Which pager: $PAGER, else less if it is there. None when standard output is no terminal, or PAGER is empty or "cat". less is told
 * (by $LESS, unless the user has set it) to end by itself when all fits on the screen and to show colours: so it is
 * right for short output too. It starts with the first bytes: a command that fails before has its error on a clean
 * terminal.
 *
 * When the reader has left the pager, or what stands behind a pipe has ended, writing fails with ERR_GONE and has_left is true: that
 * is no failure of the command. (SIGPIPE may end it first, but not while libcurl has control: net/http.c blocks it.)
 *
 * Life cycle: pager_init(), pager_write() and pager_flush(), pager_close(), which waits until the reader is done.
 */
#include "base/buf.h"

#include <sys/types.h>

struct pager {
	bool wanted; /* and not started yet, while pid is 0 */
	bool has_left;
	bool has_failed; /* what was written did not all arrive, for whatever reason */
	int fd;
	pid_t pid;
	struct buf waiting; /* not written yet */
};

/* may_page: false for output that has to be seen as it comes. */
void pager_init(struct pager *p, bool may_page);
/* Gathered, and written when there is enough of it. ERR_GONE: nobody reads; ERR_STORAGE, ERR_FULL: standard output does not take it. */
MUST_CHECK enum err_code pager_write(struct pager *p, struct str bytes, struct err *e);
MUST_CHECK enum err_code pager_flush(struct pager *p, struct err *e);
bool pager_is_running(const struct pager *p);
/* Does nobody look any more? For who works long without writing. */
bool pager_is_left(struct pager *p);
/* Writes the rest, and waits for the pager. code: how the work went before, which is returned if it is an error other than that
 * nobody reads. ERR_CONFIG: there is no such pager. */
MUST_CHECK enum err_code pager_close(struct pager *p, enum err_code code, struct err *e);

#endif
