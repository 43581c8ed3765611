#ifndef SERVICE_RUN_NAMES_H
#define SERVICE_RUN_NAMES_H
/*
 * run_names: what the steps of each run have asked to be masked (text/mask_names.h), shared by the streams of the run.
 *
 * A set is known from the first stream of a run on (run_names_get reads what earlier ones left in the database) until its last stream in
 * memory is gone. On disk the values are sealed (base/seal.h).
 */
#include "base/seal.h"
#include "store/store.h"
#include "text/mask_names.h"

struct run_names_table;

MUST_CHECK enum err_code run_names_table_new(struct store *s, struct run_names_table **ret, struct err *e);
void run_names_table_free(struct run_names_table *t); /* NULL is fine */

/* One more stream of this run. */
MUST_CHECK enum err_code run_names_hold(struct run_names_table *t, int64_t run_id, struct err *e);
void run_names_release(struct run_names_table *t, int64_t run_id);
/* The set as it stands, with a reference that is the caller's; NULL: nothing was asked. Of a run that is held. */
struct mask_names *run_names_get(struct run_names_table *t, int64_t run_id);
/* What `now` has beyond `before` (both may be NULL) is known to all from now on. */
void run_names_tell(struct run_names_table *t, int64_t run_id, const struct mask_names *before,
	const struct mask_names *now);
/* How many of a run's values, from the first on, are on disk; and that these are now. Of a run that is held. */
size_t run_names_saved(struct run_names_table *t, int64_t run_id);
void run_names_note_saved(struct run_names_table *t, int64_t run_id, size_t n);
/* A value as it is kept. */
void run_names_seal(struct run_names_table *t, struct str value, struct buf *out);

#endif
