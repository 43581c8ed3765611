#ifndef AGENT_SHIP_PACK_H
#define AGENT_SHIP_PACK_H
/*
 * ship_pack: the archive of an episode, outbox/ID.tar.zst. Written as .partial, synced, renamed, the folder synced: what has that name is whole. It has the same bytes whenever it
 * is made (pack/tarball_make.h), without shipped.marker; one that is there already is taken, unless the episode was finished after it.
 */
#include "agent/ship_folder.h"
#include "base/digest.h"

#include <stdatomic.h>

struct ship_archive {
	int fd; /* for reading; the caller closes it */
	int64_t bytes;
	struct sha256 digest;
};

/*
 * ERR_INVALID: something in it cannot be packed; ERR_CONFLICT: it changed meanwhile; ERR_NOT_FOUND: it is gone; ERR_UNAVAILABLE: told to stop; ERR_FULL,
 * ERR_STORAGE. No archive then, and no partial one.
 */
MUST_CHECK enum err_code ship_pack(const struct ship_folder *f, const char *id, int level,
	const atomic_bool *stop, struct ship_archive *ret, struct err *e);

#endif
