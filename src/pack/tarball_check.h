#ifndef PACK_TARBALL_CHECK_H
#define PACK_TARBALL_CHECK_H
/*
 * tarball_check: is this an archive (tar, ustar or pax or GNU; in zstd) that anybody can unpack without harm. It is read once, from front to end, in bounded memory.
 *
 * Held to: zstd frames that are whole, with windows of 8 MiB at most, and nothing behind them; a tar with its end, and nothing but zeros behind that; at most so many
 * entries, so many bytes unpacked, so many times the packed size. Names are relative, have no "..", no NUL, no control characters, are UTF-8, at most 4096 bytes, 255 between two '/', 100 folders deep; no
 * two entries have one name, but for folders, and none stands in what is no folder. Entries are files, folders, symbolic links whose target stays inside the archive (it is relative, and has ".." at its
 * beginning alone, for behind the name of a link it would lead elsewhere), and hard links to a file that came before. No devices, no sockets, no pipes; no sparse files. Nor what
 * two programs take for different things: headers that say something twice, global ones that say more than comments.
 *
 * Source: RFC 8878 (zstd), POSIX.1-2017 pax (tar), libarchive's tar(5).
 */
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

#define TARBALL_META "meta.json"
#define TARBALL_META_MAX (1024 * 1024)

struct tarball_limits {
	int64_t unpacked_bytes; /* of the tar, headers and all */
	int64_t entries; /* also folders that names imply, so that what is remembered of names is bounded: some 70 bytes each */
	int64_t ratio;      /* unpacked to packed, at least 1 */
	int64_t free_bytes; /* unpacked, beyond which the ratio counts */
};

struct tarball_found {
	int64_t n_entries, packed_bytes, unpacked_bytes;
	bool has_meta;
	/* What is in the file meta.json at the top, or in the folder at the top that the first entry is or stands in: the first of the two that comes, when it has at most
	 * TARBALL_META_MAX bytes. In the arena. */
	struct str meta;
};

/* Fills room with up to max bytes; *ret_n 0: there are no more. May wait. An error ends the reading, and is returned by it. */
typedef enum err_code tarball_read_fn(void *arg, char *room, size_t max, size_t *ret_n, struct err *e);

/*
 * ERR_UNPROCESSABLE: it is no such archive; the text names the entry, made harmless, and what is wrong with it. ERR_TOO_LARGE: over one of the limits; names the setting ([fleet]
 * unpacked-bytes, entries, ratio). Else what read returns. *ret is written on success only.
 */
MUST_CHECK enum err_code tarball_check(tarball_read_fn *read, void *arg, const struct tarball_limits *limits,
	struct arena *a, struct tarball_found *ret, struct err *e);

#endif
