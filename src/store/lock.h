#ifndef STORE_LOCK_H
#define STORE_LOCK_H
/*
 * lock: who may write to a data folder. One process at a time, until it ends, however it ends.
 */
#include "base/err.h"

/* ERR_UNAVAILABLE naming the process that has it. Close *ret_fd to give the lock back. */
MUST_CHECK enum err_code lock_take(const char *data, int *ret_fd, struct err *e);

#endif
