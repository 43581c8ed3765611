#ifndef PACK_TARBALL_FILE_H
#define PACK_TARBALL_FILE_H
/*
 * tarball_file: what is in an archive that lies on the disk, and one file out of it. It may be of any content (it may have been kept unchecked): what is told of it is
 * bounded, and what it names is never opened.
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

enum tarball_kind { TARBALL_FILE, TARBALL_FOLDER, TARBALL_LINK, TARBALL_OTHER };

struct tarball_entry {
	enum tarball_kind kind;
	struct str path; /* as the archive has it; made valid UTF-8 */
	int64_t bytes;
};

/* fd is the caller's; it is read from its beginning, and its place stays. All: ERR_UNPROCESSABLE: it is no archive, or breaks off. ERR_TOO_LARGE: more than so many; or what was looked for did not come
 * among the first TARBALL_LOOK_MAX bytes unpacked, for of what was kept unchecked a few bytes may unpack to any number. */
#define TARBALL_LOOK_MAX ((int64_t)256 << 30)

/* *ret in the arena, in the order of the archive. ERR_TOO_LARGE: more than max entries, or more than max_bytes unpacked, or names of more than 64 MiB together. Names are cut at 4096 bytes. */
MUST_CHECK enum err_code tarball_list(int fd, int64_t max, int64_t max_bytes, struct arena *a,
	struct tarball_entry **ret, size_t *ret_n, struct err *e);
/* The first file of that path, as tarball_list() tells it, is written to out, and what is behind it is not read. ERR_NOT_FOUND: there is no such file; links and folders are none. ERR_TOO_LARGE: it has
 * more than max bytes, and nothing was written. After another error out may have got a part. */
MUST_CHECK enum err_code tarball_extract(
	int fd, struct str path, int64_t max, int out, int64_t *ret_bytes, struct err *e);
/* meta.json, as tarball_check() finds it; *ret_has: there is one, of at most TARBALL_META_MAX bytes. What is behind it is not read. */
MUST_CHECK enum err_code tarball_meta(int fd, struct arena *a, bool *ret_has, struct str *ret, struct err *e);

#endif
