#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H
/*
 * password: one read from whoever calls a command. Never from the command line, which every user of the machine can see and the shell writes down:
 * on a terminal it is asked for and not shown, else it is the first line of standard input.
 */
#include "base/buf.h"

#define PASSWORD_LINE_MAX 512 /* bytes; 128 characters */

/* Appended to out, without the line end. what: "Password of ada@example.org". twice: on a terminal, asked for again (ERR_INVALID when the two
 * differ). ERR_INVALID: nothing was typed, or too much. */
MUST_CHECK enum err_code password_read(const char *what, bool twice, struct buf *out, struct err *e);

#endif
