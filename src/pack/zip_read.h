#ifndef PACK_ZIP_READ_H
#define PACK_ZIP_READ_H
/*
 * zip_read: the files of a zip (APPNOTE.TXT 6.3), in memory, from anybody: which there are, and what is in one. The only file that reads zips.
 *
 * Errors: ERR_UNPROCESSABLE: it is no zip that can be read. ERR_TOO_LARGE: more entries or bytes than are taken.
 */
#include "base/arena.h"
#include "base/buf.h"

#define ZIP_ENTRIES_MAX 10000
#define ZIP_NAME_MAX 1024 /* bytes; entries of longer names are left out */

bool zip_is_one(struct str bytes); /* by its first bytes */
/* Names of the files in it, in its order: UTF-8 or whatever they are, without NULs. Folders and links are left out. */
MUST_CHECK enum err_code zip_list(
	struct str bytes, struct arena *a, struct str **ret, size_t *ret_n, struct err *e);
/* What is in the first file of that name, appended to out, whose ceiling is the limit. ERR_NOT_FOUND. */
MUST_CHECK enum err_code zip_read(struct str bytes, struct str name, struct buf *out, struct err *e);

#endif
