#ifndef SERVICE_LOG_STRAY_H
#define SERVICE_LOG_STRAY_H
/*
 * log_stray: files of logs that no row counts.
 *
 * They are what is left of a text that went (its rows go first), of a repo that was removed, or of a crash between a file and its
 * commit. A file counts for one row only, that of its step: of an open log the .part, of a sealed one the .zst. Of a log that has ended and is
 * not sealed yet both may, and the keeper alone knows.
 *
 * A step may be opened again at any moment, and then the same names are those of a new log. So whether a file counts is asked, and it
 * is removed, on the writer's thread: no row comes into being meanwhile.
 */
#include "model/log.h"
#include "store/store.h"

struct log_stray {
	int64_t step_id;
	bool sealed;   /* the .zst */
	int64_t bytes; /* as far as it is known: for how long removing it takes */
};

bool log_stray_is_one(enum log_state state, bool sealed);

/*
 * Those of them that are strays (still) and were last written before changed_before (wall, ms; INT64_MAX: whenever). In small operations; waits for them.
 * *ret_n and *ret_bytes: how many were there and went.
 */
MUST_CHECK enum err_code log_stray_remove(struct store *s, const struct log_stray *files, size_t n,
	int64_t changed_before, size_t *ret_n, int64_t *ret_bytes, struct err *e);

#endif
