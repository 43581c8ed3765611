#ifndef PACK_TAR_META_H
#define PACK_TAR_META_H
/*
 * tar_meta: which entry of an archive is its meta.json, told while the entries come; one rule for tarball_check() and tarball_meta().
 *
 * It is the file "meta.json" at the top, or in the folder at the top which the first entry is or stands in: the first of these that comes.
 */
#include "base/arena.h"
#include "pack/tar_read.h"

struct tar_meta {
	bool seen; /* it came; no other counts any more */
	bool has;  /* it is not over TARBALL_META_MAX */
	struct str bytes;
	bool begun;
	size_t top_len;
	char top[256];
};

/* To be called for each entry until one was seen. path: its name, plain. Reads the entry's data if it is the one; bytes are in the arena then. */
MUST_CHECK enum err_code tar_meta_look(struct tar_meta *m, struct tar_read *r, const struct tar_entry *x,
	struct str path, struct arena *a, struct err *e);

#endif
