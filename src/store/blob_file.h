#ifndef STORE_BLOB_FILE_H
#define STORE_BLOB_FILE_H
/*
 * blob_file: files that are kept by their content: DATA/blobs/NN/DIGEST, where DIGEST is the SHA-256 of their bytes in 64 hex digits and NN its first two.
 *
 * One comes in pieces, is hashed on the way, and lies in DATA/blobs/incoming until all of it is there. Its name is what it is: it is kept only when its bytes
 * are those that it was announced as. Then it is synced, and in its place with its folder synced, when blob_file_keep() returns; so its row (blobs_put) comes
 * last. The same bytes sent again take the place of what is there: that mends a file that a disk has spoilt.
 *
 *	blob_file_begin(), blob_file_add() .., blob_file_keep(); blob_file_end() in any case
 *
 * Folders are 0700, files 0600. A digest is one of suite_digest(): nothing else comes into a path.
 *
 * Errors: ERR_FULL, ERR_STORAGE; ERR_NOT_FOUND where a file has to be there.
 */
#include "base/buf.h"
#include "store/store.h"

struct blob_file; /* one that comes in; for one thread at a time */

MUST_CHECK enum err_code blob_file_begin(struct store *s, struct blob_file **ret, struct err *e);
/* After an error what came is gone, and there is nothing to do but end it. */
MUST_CHECK enum err_code blob_file_add(struct blob_file *f, struct str bytes, struct err *e);
int64_t blob_file_bytes(const struct blob_file *f);
/* The digest of what came, 64 hex digits; nothing is added any more. Lives as long as f. */
struct str blob_file_digest(struct blob_file *f);
/* ERR_UNPROCESSABLE: what came is not what was announced. */
MUST_CHECK enum err_code blob_file_keep(struct blob_file *f, struct str digest, struct err *e);
void blob_file_end(struct blob_file *f); /* what was not kept is gone. NULL is fine */

/* For reading, and how long it is. */
MUST_CHECK enum err_code blob_file_open(
	struct store *s, struct str digest, int *ret_fd, int64_t *ret_bytes, struct err *e);
/* Reads all of it. *ret_same: its bytes are what its name says. */
MUST_CHECK enum err_code blob_file_check(struct store *s, struct str digest, bool *ret_same, struct err *e);
/*
 * It is put aside, then asked whether it is nobody's: then it goes, else it is put back, if no other has taken its place. It is no error that it is not there.
 */
MUST_CHECK enum err_code blob_file_remove_if(struct store *s, struct str digest,
	enum err_code (*is_nobodys)(void *arg, bool *ret, struct err *e), void *arg, struct err *e);
/* What a crash left of files that were coming in, last written before changed_before (wall, ms): how many are gone. */
MUST_CHECK enum err_code blob_file_sweep(
	struct store *s, int64_t changed_before, int64_t *ret_n, struct err *e);

#endif
