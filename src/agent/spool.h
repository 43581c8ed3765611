#ifndef AGENT_SPOOL_H
#define AGENT_SPOOL_H
/*
 * spool: posts that have not reached their server, kept in a folder until a later call sends them. (Logs that stream lie
 * in the same folder: stream_file.h.)
 *
 * Folder: $SLUICE_SPOOL, else $XDG_STATE_HOME/sluice/spool, else $HOME/.local/state/sluice/spool, else
 * $RUNNER_TEMP/sluice-spool. Mode 0700, its files 0600. A file is a line that says what it is, a line with
 * the server's URL (no user, no password), and the JSON, masked. The token is not in it: whoever sends it
 * shows its own. It is sent to that URL only.
 *
 * Names sort by age: MILLISECONDS-RANDOM.json. A post is written before it is sent, so that a call that is
 * killed on the way loses nothing. While somebody sends it, its name ends in .PID.claim: renaming claims it,
 * and of two calls one wins. A claim whose owner is dead or slower than any time-out is void; at worst a post
 * goes out twice, which the server takes for one.
 *
 * At most SPOOL_FILES files and SPOOL_BYTES bytes: the oldest go.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define SPOOL_FILES 64
#define SPOOL_BYTES (8 * 1024 * 1024)
#define SPOOL_POST_MAX (256 * 1024)
#define SPOOL_CLAIM_MS (10 * 60 * 1000)
#define SPOOL_LIST_MAX 1024 /* far above SPOOL_FILES: for a folder that others fill as well */

struct spool {
	struct str folder; /* empty: there is no place for one */
	struct arena *a;
	int64_t now; /* wall, ms */
	/* what there was when spool_next was first called */
	struct spool_entry *entries;
	size_t n, at;
};

struct spool_post {
	struct str path; /* of the claimed file */
	struct str url, body;
};

/* Finds the folder's name; touches nothing. Strings live in a. */
void spool_init(struct spool *s, char *const *env, int64_t now, struct arena *a);

/* Writes a post, claimed by the caller. ret_n_lost: how many old posts had to go for it. Makes the folder. */
MUST_CHECK enum err_code spool_add(struct spool *s, struct str url, struct str body, struct spool_post *ret,
	int *ret_n_lost, struct err *e);
/*
 * Claims the oldest post for that url that was there at the first call and has not been tried since. False:
 * there is none. ret_n_broken grows by each damaged file; it is removed.
 */
bool spool_next(struct spool *s, struct str url, struct spool_post *ret, int *ret_n_broken);
/* Is there anything at all? Cheap: for the many calls that have nothing to send. */
bool spool_is_empty(struct spool *s);
void spool_sent(struct spool *s, const struct spool_post *p);   /* or refused for good: it is removed */
void spool_unsent(struct spool *s, const struct spool_post *p); /* the claim is given up */

/* For stream_file.h, whose files lie in the same folder: the path of a new file, to be ended by ".SOMETHING". */
struct str spool_new_path(struct spool *s);
/* Names of files of ours that end so, by age; in the arena. Returns how many. */
size_t spool_names(struct spool *s, const char *end, const char ***ret_names);

#endif
