#ifndef SERVICE_SUBJECT_H
#define SERVICE_SUBJECT_H
/*
 * subject: whose steps a question is about: those of a commit, of a run, or of the forge's run; and whether who asks may know of
 * them.
 */
#include "service/config.h"
#include "store/nouns.h"

struct subject { /* empty, 0: not asked by it */
	struct str repo, forge, head_sha, external_run_id;
	int64_t run_id;
};

/* ERR_INVALID when not exactly one of (repo and sha), run_id, external_run_id is given, or forge without repo. */
MUST_CHECK enum err_code subject_check(const struct subject *s, struct err *e);
/*
 * For the database. Without a forge the repo is the default one's; else, of the other forges' of that name, a bound token's own, or
 * the first from which something was sent, or the first. *ret_watched: false when there is no such repo; then *ret finds nothing.
 * ERR_NOT_FOUND: it is another repo than the token is bound to. ERR_INVALID: a forge that is not configured.
 */
MUST_CHECK enum err_code subject_find(struct db *db, struct arena *a, const struct config *cfg,
	const struct identity *id, const struct subject *s, struct step_query *ret, bool *ret_watched,
	struct err *e);
/*
 * Of a repo alone, as above: *ret_repo_id 0 when *ret_watched is false. Of several forges' repos of that name, where none is the default forge's and no token
 * is bound to one, it is the first.
 */
MUST_CHECK enum err_code subject_find_repo(struct db *db, struct arena *a, const struct config *cfg,
	const struct identity *id, struct str repo, struct str forge, int64_t *ret_repo_id, bool *ret_watched,
	struct err *e);

#endif
