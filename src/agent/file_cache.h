#ifndef AGENT_FILE_CACHE_H
#define AGENT_FILE_CACHE_H
/*
 * file_cache: files that tests need, kept by their content, as many as there is room for.
 *
 * A folder (0700) of files (0400), each named by the SHA-256 of its bytes in 64 lower-case hex digits; nothing else becomes part of a path. A file comes in
 * pieces, is hashed on the way, and gets its name only when its bytes are those of its name.
 *
 *	file_cache_get(c, digest, &path, e) == ERR_OK					.. use path .., file_cache_release(c, digest)
 *	ERR_NOT_FOUND: file_cache_begin(), file_incoming_add() .., file_incoming_keep()	.. likewise;  file_incoming_end() in any case
 *
 * What get and keep give is pinned: it stays until it is released, as often as it was given. Beyond max_bytes those go that were not used for longest; so there
 * is more than max_bytes only while more than that is pinned. Their mtime is when they were last used.
 *
 * What of a file is believed: it is read and hashed when a process first gets it, and again when its inode or its size has changed. One that is not what it is
 * named is removed, and ERR_NOT_FOUND: fetch it again. Nothing is synced, for what a crash spoils is found that way.
 *
 * What is promised against the command of a test: it cannot change a file by accident, by writing to where it was told to read. It can on purpose: it has our
 * user, who may chmod and unlink; and root may write to what is 0400. Give a command that is to change its input a copy.
 *
 * Several workers may share a folder, on one machine and a local file system: a pin is an flock(2), which ends with its process. Each may have a max_bytes of
 * its own; the smallest is in force. For one thread at a time; a thread may have a cache of its own on the same folder.
 *
 * Errors: ERR_FULL, ERR_STORAGE; ERR_INVALID: what is no digest.
 */
#include "base/clock.h"
#include "base/err.h"

/* What was coming in and was not written to for so long was left by somebody who is gone. */
#define FILE_CACHE_LEFT_MS (INT64_C(10) * 60 * 1000)

struct file_cache;
struct file_incoming;

/* Makes the folder, removes what killed workers left of files that were coming in, and what is over max_bytes. ERR_CONFIG: the folder is another's, or others can
 * reach it. The clock lives as long as the cache. */
MUST_CHECK enum err_code file_cache_open(const char *folder, int64_t max_bytes, const struct clock *clock,
	struct file_cache **ret, struct err *e);
void file_cache_close(struct file_cache *c); /* nothing is pinned any more. NULL is fine */

/* Its path, which lives until it is released. ERR_NOT_FOUND: it is not there, or no longer what it was. */
MUST_CHECK enum err_code file_cache_get(
	struct file_cache *c, struct str digest, const char **ret_path, struct err *e);
void file_cache_release(struct file_cache *c, struct str digest); /* of what was given by get or keep */

MUST_CHECK enum err_code file_cache_begin(struct file_cache *c, struct file_incoming **ret, struct err *e);
/* ERR_TOO_LARGE: more than the cache may hold. */
MUST_CHECK enum err_code file_incoming_add(struct file_incoming *f, struct str bytes, struct err *e);
/* All of it is there. Pins it, as get does. ERR_UNPROCESSABLE: what came is not what it is called. ERR_UNAVAILABLE: others stood in the way. */
MUST_CHECK enum err_code file_incoming_keep(
	struct file_incoming *f, struct str digest, const char **ret_path, struct err *e);
void file_incoming_end(struct file_incoming *f); /* what was not kept is gone. NULL is fine */

#endif
