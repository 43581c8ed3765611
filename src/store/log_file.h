#ifndef STORE_LOG_FILE_H
#define STORE_LOG_FILE_H
/*
 * log_file: the files in which the text of logs is: DATA/logs/NNN/ID.part while a log grows, ID.zst once it is sealed, where
 * NNN is the step's id by the thousand. What the bytes mean is the caller's.
 *
 * How much of a .part counts is in the database. What is behind that was written for a commit that did not come, and is written
 * over. Folders are 0700, files 0600.
 *
 * Errors: ERR_FULL, ERR_STORAGE; ERR_NOT_FOUND where a file has to be there.
 */
#include "base/buf.h"
#include "store/store.h"

/* Writes bytes at `at` of the step's .part, which it makes if need be and cuts off behind, and syncs it and, when it is new, its folders. */
MUST_CHECK enum err_code log_file_append(
	struct store *s, int64_t step_id, int64_t at, struct str bytes, struct err *e);
/* For reading. The .zst when sealed, else the .part. */
MUST_CHECK enum err_code log_file_open(
	struct store *s, int64_t step_id, bool sealed, int *ret_fd, struct err *e);
/* The .part, whose bytes are all synced, is the .zst from now on; the folder is synced. Again is no error. */
MUST_CHECK enum err_code log_file_seal(struct store *s, int64_t step_id, struct err *e);
/* The .zst is a .part again, of which so many bytes count. Again is no error. */
MUST_CHECK enum err_code log_file_unseal(struct store *s, int64_t step_id, int64_t bytes, struct err *e);
/* A .part of the first bytes of the .zst, which stays. */
MUST_CHECK enum err_code log_file_copy_back(struct store *s, int64_t step_id, int64_t bytes, struct err *e);
/* The .zst alone, if it is there. */
MUST_CHECK enum err_code log_file_remove_sealed(struct store *s, int64_t step_id, struct err *e);
bool log_file_exists(struct store *s, int64_t step_id, bool sealed);
/* One of them, if it was last written before changed_before (wall, ms). *ret_removed: it was there and is gone. */
MUST_CHECK enum err_code log_file_remove_old(struct store *s, int64_t step_id, bool sealed,
	int64_t changed_before, bool *ret_removed, struct err *e);
struct log_file {
	int64_t step_id;
	bool sealed;
	int64_t bytes, changed_at; /* wall, ms: when it was last written */
};
/* Calls back for each file there is; stops on an error, which it passes on. Others than ours are passed by. A file that is removed meanwhile may be told or not. */
MUST_CHECK enum err_code log_file_each(struct store *s,
	enum err_code (*each)(void *arg, const struct log_file *f, struct err *e), void *arg, struct err *e);

#endif
