#ifndef PACK_TARBALL_MAKE_H
#define PACK_TARBALL_MAKE_H
/*
 * tarball_make: a folder as tar + zstd, the same bytes whenever and wherever it is packed by this version (and that of libzstd): in each folder names in the order of their bytes, owners and
 * groups 0, modes 0644 or 0755, times of files in whole seconds, of folders and links none.
 *
 * Taken are files, folders, and symbolic links whose target stays inside the folder. Anything else is an error that names it, for what is left out silently is lost; so is a name that
 * tarball_check() would refuse: what is made here passes there, but for its limits. Of hard links each is a file of its own, and holes are zeros. A file that changes while it is packed is an error too.
 */
#include "base/digest.h"
#include "base/err.h"
#include "base/str.h"

#include <stdatomic.h>
#include <stddef.h>

struct tarball_source {
	const char *folder; /* not a link to one */
	struct str prefix;  /* the folder's name in the archive: entries are PREFIX/.. Empty: it has none */
	const char *const *skip; /* names at the top of the folder that are left out */
	size_t n_skip;
	int level;                /* of zstd, 1 to 19; 1 is the house's */
	const atomic_bool *stop;  /* looked at between pieces: ERR_UNAVAILABLE. NULL: never */
	int64_t bytes_per_second; /* read; 0: no limit */
};

struct tarball_made {
	struct sha256 digest;                            /* of the archive */
	int64_t packed_bytes, unpacked_bytes, n_entries; /* as tarball_check() counts them */
};

/*
 * Written to out, from where that stands, not synced; after an error out has got a part. ERR_INVALID: something in the folder cannot be packed; ERR_CONFLICT: it changed meanwhile;
 * ERR_NOT_FOUND: no such folder; ERR_FULL, ERR_STORAGE; ERR_UNAVAILABLE: stopped. A second thread hashes and writes what the first has packed.
 */
MUST_CHECK enum err_code tarball_make(
	const struct tarball_source *from, int out, struct tarball_made *ret, struct err *e);

#endif
