#ifndef PACK_TAR_HEAD_H
#define PACK_TAR_HEAD_H
/*
 * tar_head: what the bytes in front of an entry's data say, read strictly.
 *
 * libarchive reads archives to make the best of them: it passes over what it does not know, and does not say so (global headers, names with a NUL, sizes told twice). Another program
 * makes something else of such an archive. So what stands in front of each entry is read here once more, and whatever two readers might take differently is odd.
 *
 * Known are: ustar, GNU and old headers of files, folders and links; before them names that are too long (GNU, L and K) and pax headers (x), also global ones (g) that hold comments alone,
 * which git writes.
 *
 * Source: POSIX.1-2017 pax, "pax Interchange Format" and "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
#include "base/str.h"

#define TAR_BLOCK 512

struct tar_head {
	const char *
		odd; /* NULL: nothing; else what, to stand behind the name. The others are then what was read until there */
	char type;               /* '0' file, '1' hard link, '2' symbolic link, '5' folder */
	struct str path, target; /* bytes as they are; in what was read, or in name */
	int64_t bytes;           /* of data */
	char name[256];
};

/* head: all blocks of the entry before its data. *ret lies still afterwards, for its views may point into it. */
void tar_head_read(struct str head, struct tar_head *ret);

#endif
