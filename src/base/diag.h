#ifndef BASE_DIAG_H
#define BASE_DIAG_H
/*
 * diag: the daemon's own messages, a line each, to stderr. Library code does not call this: it returns
 * errors, and the caller that decides what happens says so here. Never secrets, never log text.
 *
 * Control bytes in a message are shown as \xNN, so that nothing from outside can forge a line.
 * Under the journal (JOURNAL_STREAM is set) a line begins with "<N>" (sd-daemon(3)) and has no time.
 */
#include <stdbool.h>

enum diag_level { DIAG_ERROR = 3, DIAG_WARNING = 4, DIAG_INFO = 6, DIAG_DEBUG = 7 };

void diag_set_level(enum diag_level max); /* default DIAG_INFO */
void diag_set_fd(int fd);                 /* default 2; tests read a pipe */
void diag(enum diag_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
