#ifndef STORE_EPISODE_INDEX_H
#define STORE_EPISODE_INDEX_H
/*
 * episode_index: DATA/episodes/index.jsonl, a line (JSON, UTF-8) an episode, for whoever reads the folder without a server. Lines are added and never changed.
 *
 * What a crash tore off at its end is cut off when it is opened. A line that cannot be written in whole, or synced, is taken back. Any thread may call; one line is
 * written at a time.
 *
 * Lines that another program wrote before may lack what ours have.
 */
#include "base/arena.h"
#include "store/store.h"

#define EPISODE_INDEX_LINE_MAX (64 * 1024)

struct episode_index;
MUST_CHECK enum err_code episode_index_open(struct store *s, struct episode_index **ret, struct err *e);
void episode_index_close(struct episode_index *x); /* NULL is fine */
/* How long it is: the next line is not before there. */
int64_t episode_index_len(struct episode_index *x);
/* line: without its end. Synced when it returns. ERR_FULL, ERR_STORAGE: it is as it was. */
MUST_CHECK enum err_code episode_index_add(struct episode_index *x, struct str line, struct err *e);
/* For a line that was found: it is synced, whoever wrote it. */
MUST_CHECK enum err_code episode_index_sync(struct episode_index *x, struct err *e);
/* Does a line tell of this episode that begins at that offset or behind it? within: not more than so many bytes behind; 0: to the end. */
MUST_CHECK enum err_code episode_index_has(struct episode_index *x, int64_t from, int64_t within,
	struct str host, struct str id, bool *ret, struct err *e);

/* Each line of the file, without its end, with where it begins; those that are longer than EPISODE_INDEX_LINE_MAX are passed by. None when there is no file. */
typedef enum err_code episode_index_each_fn(void *arg, struct str line, int64_t at, struct err *e);
MUST_CHECK enum err_code episode_index_each(
	struct store *s, int64_t from, episode_index_each_fn *each, void *arg, struct err *e);

/*
 * Made anew: begun beside, lines added, and in one step in place of the one that is there, synced. Not while it is open elsewhere.
 */
struct episode_index_new;
MUST_CHECK enum err_code episode_index_begin(struct store *s, struct episode_index_new **ret, struct err *e);
MUST_CHECK enum err_code episode_index_put(
	struct episode_index_new *n, struct str line, int64_t *ret_at, struct err *e);
MUST_CHECK enum err_code episode_index_replace(struct episode_index_new *n, struct err *e);
void episode_index_end(struct episode_index_new *n); /* NULL is fine */

#endif
