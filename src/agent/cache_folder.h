#ifndef AGENT_CACHE_FOLDER_H
#define AGENT_CACHE_FOLDER_H
/*
 * cache_folder: the folder of a file_cache, as anybody sees it who looks into it: files by their digest, files that come in, and what is no business of ours.
 *
 * Whoever uses a file holds a shared flock(2) on it. Whoever removes one for want of room holds it exclusively, has then seen that the name still means that
 * file, and only then takes the name away: so what is locked, and had its name afterwards, stays.
 */
#include "base/str.h"

#include <sys/stat.h>

#define CACHE_DIGEST_LEN 64
#define CACHE_INCOMING "incoming-"

bool cache_folder_is_digest(struct str s); /* 64 lower-case hex digits */
/* Is the regular file of that name this one? */
bool cache_folder_means(int dir, const char *name, const struct stat *file);
/* Removes those that were not used for longest (mtime), but none that is in use, until there are at most max_bytes. False: there are more, and in use. */
bool cache_folder_trim(int dir, int64_t max_bytes, void (*removed)(void *arg, struct str digest), void *arg);
/* Removes what was coming in, was last written to before that time (wall, ms), and is not in use. */
void cache_folder_sweep(int dir, int64_t before);

#endif
