#ifndef PACK_TAR_READ_H
#define PACK_TAR_READ_H
/*
 * tar_read: the entries of a tar in zstd, one after the other, from anybody, in bounded memory. The only file that reads with libarchive.
 *
 *	tar_read_open(); tar_read_next() until there is none, between them tar_read_data() as wanted; tar_read_close() in any case
 *
 * It holds to the format and to the limits. What the entries are, and what they are called, is for the caller to judge; whether their headers are such that all who read them take them for the
 * same, `odd` says.
 *
 * Errors: ERR_UNPROCESSABLE: it is no such archive, or breaks off, or something stands behind its end. ERR_TOO_LARGE: over a limit. Else what the caller's read returns. After an error there is
 * only tar_read_close().
 */
#include "pack/tarball_check.h"
#include "pack/tarball_file.h"

struct tar_entry {
	const char *odd; /* see tar_head.h */
	enum tarball_kind kind;
	bool hard;               /* of a link */
	struct str path, target; /* bytes as they are, no NULs among them; target of links */
	int64_t bytes;           /* of data */
};

struct tar_read;
/* Nothing is read yet. named: the limits are settings, and messages name them. */
struct tar_read *tar_read_open(
	tarball_read_fn *read, void *arg, const struct tarball_limits *limits, bool named);
void tar_read_close(struct tar_read *r); /* NULL is fine */
/* *ret lives until the next call. NULL: there are no more; then all was read, and all of it was whole. */
MUST_CHECK enum err_code tar_read_next(struct tar_read *r, const struct tar_entry **ret, struct err *e);
/* A piece of the entry's data, which lives until the next call; empty: that was all. */
MUST_CHECK enum err_code tar_read_data(struct tar_read *r, struct str *ret, struct err *e);

struct tar_totals {
	int64_t entries, packed_bytes, unpacked_bytes;
};
struct tar_totals tar_read_totals(const struct tar_read *r); /* until now */

#endif
