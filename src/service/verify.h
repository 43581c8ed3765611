#ifndef SERVICE_VERIFY_H
#define SERVICE_VERIFY_H
/*
 * verify: is all text that the rows speak of there, and as it was stored?
 *
 * And is what is kept of each run what its steps say (0007-run-tally.sql)? Is each episode there (episode_verify.h)?
 *
 * Every tail and chunk is decompressed, every file read from end to end: the checksum of each frame, the index and the seek table
 * against the frames, the rows against the file. What is wrong is told, one line each, with the step it is of.
 *
 * The server may run meanwhile: a log that changes while it is looked at is looked at again. To mend, the store must be open for writing, and
 * nobody else may work on it.
 *
 * Not wrong, and counted apart: logs that have ended and are not sealed yet (the server seals them when it starts), and files that no row
 * counts (the janitor removes them).
 */
#include "base/buf.h"
#include "model/log.h"
#include "store/store.h"

enum verify_kind {
	VERIFY_WRONG,
	VERIFY_MENDED, /* what was done about the lines before it, of the same step or run */
	VERIFY_LEFT    /* why nothing could be done about them */
};
/* of: "step", "run" or "episode", which the id is of; 0: of none. */
typedef void verify_tell_fn(void *arg, enum verify_kind kind, const char *of, int64_t id, const char *what);

struct verify_sum {
	int64_t n_logs, n_tails, n_runs, n_episodes;
	int64_t bytes;            /* of logs, tails and episodes, as stored */
	int64_t n_wrong;          /* steps, runs and episodes something is wrong with */
	int64_t n_mended;         /* of them, nothing is wrong with these any more */
	int64_t n_ended;          /* not sealed yet; with mend: none */
	int64_t n_strays;         /* with mend: removed */
	int64_t n_stray_episodes; /* files that no row speaks of; `sluice reindex` takes them in */
};

/* now: wall, ms: what is lost is marked expired at that time. Fails when the database cannot be read, or not written. */
MUST_CHECK enum err_code verify_all(struct store *s, bool mend, int64_t now, verify_tell_fn *tell, void *arg,
	struct verify_sum *ret, struct err *e);

/*
 * One log, as its row said a moment ago. A line is appended to wrong for each thing that is wrong with it, without a final
 * line end. *ret_changed: it has changed meanwhile, so that what was found may be nothing.
 */
MUST_CHECK enum err_code verify_log(
	struct store *s, const struct log *l, struct buf *wrong, bool *ret_changed, struct err *e);

#endif
