#ifndef SERVICE_DOWNLOADS_H
#define SERVICE_DOWNLOADS_H
/*
 * downloads: files that this server gives to anybody, with their digests: sluice-run, so that a runner needs
 * nothing but curl and this server to become one.
 *
 * The files lie in one folder and are put there by whoever installs; they may be replaced while we run. A
 * digest is made when a file is first asked for, and again when the file has become another one. Safe from any
 * thread.
 */
#include "base/digest.h"
#include "base/err.h"

#define DOWNLOAD_MAX (64 * 1024 * 1024) /* bytes of a file */

struct download {
	int fd; /* the caller's to close */
	int64_t size;
	struct sha256 digest;
};

struct downloads;
struct downloads *downloads_new(void);
void downloads_free(struct downloads *d);
/* name: one of few, which the caller has checked; it becomes part of a path. ERR_NOT_FOUND: it is not there, and
 * the text says how it would be. ERR_STORAGE: it cannot be read, or is no plain file of at most DOWNLOAD_MAX. */
MUST_CHECK enum err_code downloads_open(
	struct downloads *d, const char *folder, const char *name, struct download *ret, struct err *e);

#endif
