#ifndef STORE_EPISODE_FILE_H
#define STORE_EPISODE_FILE_H
/*
 * episode_file: the files of episodes: DATA/episodes/HOST/ID.tar.zst. They are kept as they came.
 *
 * One comes in pieces, into DATA/episodes/.incoming/HOST@ID, which says whose it is (no name has an '@' in it, and no host begins with a '.'): so one comes at a
 * time under a name, which is the caller's to see to. Synced, it is put in its place, where nothing is ever overwritten, and its folder is synced. What lies in
 * .incoming after a crash is known by its row (0011-fleet.sql) or is nothing.
 *
 *	episode_file_begin(), episode_file_add() .., episode_file_sync(), episode_file_place(); episode_file_end() in any case
 *
 * Folders are 0700, files 0600. Names are those of host_name_check() and episode_id_check(): nothing else comes into a path.
 *
 * Errors: ERR_FULL, ERR_STORAGE; ERR_NOT_FOUND where a file has to be there.
 */
#include "base/buf.h"
#include "base/digest.h"
#include "store/store.h"

struct episode_file; /* one that comes in */

/* What was there under that name in .incoming is gone. */
MUST_CHECK enum err_code episode_file_begin(
	struct store *s, struct str host, struct str id, struct episode_file **ret, struct err *e);
MUST_CHECK enum err_code episode_file_add(struct episode_file *f, struct str bytes, struct err *e);
int64_t episode_file_bytes(const struct episode_file *f);
/* For reading what came so far, with pread(); lives as long as f. Another thread may, up to what it was told came. */
int episode_file_fd(const struct episode_file *f);
MUST_CHECK enum err_code episode_file_sync(struct episode_file *f, struct err *e);
/* From now on the file in .incoming stays, also when f ends. */
void episode_file_leave(struct episode_file *f);
void episode_file_end(struct episode_file *f); /* what was not left is gone. NULL is fine */

/* From .incoming into its place. ERR_CONFLICT: there is one. ERR_NOT_FOUND: none of so many bytes has come. */
MUST_CHECK enum err_code episode_file_place(
	struct store *s, struct str host, struct str id, int64_t bytes, struct err *e);
/* What is in its place is synced, with all folders above it: for who does not know that it is. */
MUST_CHECK enum err_code episode_file_settle(struct store *s, struct str host, struct str id, struct err *e);
/* One that is not what it should be goes out of its place, to ID.tar.zst.damaged. */
MUST_CHECK enum err_code episode_file_set_aside(
	struct store *s, struct str host, struct str id, struct err *e);
/* For reading, and how long it is. */
MUST_CHECK enum err_code episode_file_open(
	struct store *s, struct str host, struct str id, int *ret_fd, int64_t *ret_bytes, struct err *e);
/* One without a name on the same disk: it goes when it is closed. */
MUST_CHECK enum err_code episode_file_nameless(struct store *s, int *ret_fd, struct err *e);
/* Bytes of the one in its place; -1: there is none. */
int64_t episode_file_size(struct store *s, struct str host, struct str id);
/* Reads all of it, from its beginning. */
MUST_CHECK enum err_code episode_file_hash(int fd, struct sha256 *ret, struct err *e);
/* All that lies in .incoming is gone; for when nothing comes. */
MUST_CHECK enum err_code episode_file_sweep(struct store *s, int64_t *ret_n, struct err *e);
/* Bytes that are free for us on that disk. */
MUST_CHECK enum err_code episode_file_room(struct store *s, int64_t *ret, struct err *e);
/* Each file that is in its place, in no order; others in these folders are passed by. changed_at: wall, ms. */
typedef enum err_code episode_file_each_fn(
	void *arg, struct str host, struct str id, int64_t bytes, int64_t changed_at, struct err *e);
MUST_CHECK enum err_code episode_file_each(
	struct store *s, episode_file_each_fn *each, void *arg, struct err *e);

#endif
