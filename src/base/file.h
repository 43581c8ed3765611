#ifndef BASE_FILE_H
#define BASE_FILE_H
/*
 * file: the few things done with files, each with its error and none half done.
 */
#include "base/buf.h"
#include "base/err.h"
#include <sys/types.h>

/* The whole file, at most max bytes (ERR_TOO_LARGE beyond). ERR_NOT_FOUND when it is not there. Appends to
 * out. */
MUST_CHECK enum err_code file_read(const char *path, size_t max, struct buf *out, struct err *e);
/* The whole of a regular file, however large, as memory that is read when it is looked at; file_unmap(). Who shortens it meanwhile kills the reader: for files of
 * one's own. ERR_NOT_FOUND; ERR_INVALID: it is no regular file. */
MUST_CHECK enum err_code file_map(const char *path, struct str *ret, struct err *e);
/* The same of one that is open; name: for errors. fd may be closed then. */
MUST_CHECK enum err_code file_map_open(int fd, const char *name, struct str *ret, struct err *e);
void file_unmap(struct str *file); /* also of a zeroed one */
#define AUTO_FILE __attribute__((cleanup(file_unmap))) struct str
/* Written beside, synced, renamed over path, folder synced: readers see the old bytes or the new, also after
 * a crash. */
MUST_CHECK enum err_code file_write_atomic(const char *path, struct str bytes, mode_t mode, struct err *e);
/* As above but never over an existing file: ERR_CONFLICT. */
MUST_CHECK enum err_code file_create(const char *path, struct str bytes, mode_t mode, struct err *e);
/* For writing, a file that is not there yet: ERR_CONFLICT. */
MUST_CHECK enum err_code file_open_new(const char *path, mode_t mode, int *ret_fd, struct err *e);
/* Make path and its missing parents (mode for the new ones). It is no error that it is there. */
MUST_CHECK enum err_code dir_make(const char *path, mode_t mode, struct err *e);
/* fsync of a folder. */
MUST_CHECK enum err_code dir_sync(const char *path, struct err *e);
bool file_exists(const char *path);
/* All of it or an error; retries EINTR and short writes. */
MUST_CHECK enum err_code fd_write_all(int fd, struct str bytes, struct err *e);
/* len bytes from at on, appended to out. ERR_STORAGE when there are fewer. Retries EINTR and short reads. */
MUST_CHECK enum err_code fd_read_at(int fd, int64_t at, size_t len, struct buf *out, struct err *e);
void fd_close(int *fd); /* closes when >= 0 and sets -1 */

#define AUTO_FD __attribute__((cleanup(fd_close))) int

#endif
