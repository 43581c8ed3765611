#ifndef SERVICE_EPISODE_VERIFY_H
#define SERVICE_EPISODE_VERIFY_H
/*
 * episode_verify: is each episode there, as it was acknowledged: its file with its digest, and one line of index.jsonl. And is nothing else there?
 *
 * reindex makes the index anew from the rows; files that no row speaks of become rows first, with what an old index and their own meta.json say of them: so all of it comes back when the database is
 * gone. Not while a server runs.
 */
#include "service/gate_config.h"
#include "service/verify.h"

struct episode_sum {
	int64_t n_episodes, bytes;
	int64_t n_wrong;  /* episodes that something is wrong with, also with their line */
	int64_t n_strays; /* files that no row speaks of */
};
/* of: "episode". The server may run meanwhile. */
MUST_CHECK enum err_code episode_verify(
	struct store *s, verify_tell_fn *tell, void *arg, struct episode_sum *ret, struct err *e);

struct reindex_sum {
	int64_t n_lines;   /* of the index as it is now */
	int64_t n_adopted; /* files that had no row */
	int64_t n_lost; /* rows whose file is not there: they keep row and line, and are taken when they are sent again */
	int64_t n_gone;   /* lines of the old index whose episode has neither row nor file: they go */
	int64_t n_differ; /* adopted, and the old index says other bytes of them: they may be damaged */
};
MUST_CHECK enum err_code episode_reindex(struct store *s, const struct fleet_config *fleet, int64_t max_hosts,
	struct reindex_sum *ret, struct err *e);

#endif
