#ifndef SERVICE_DISPATCH_H
#define SERVICE_DISPATCH_H
/*
 * dispatch: failures that are handed over to who fixes them, as people, agents and bots see it; what is decided, and done outside, is the dispatcher's (dispatcher.h).
 *
 *	dispatch_claim()	an agent has one that is offered, under a lease: until [dispatch] lease after it was last heard of
 *	dispatch_renew()	.. is at work still
 *	dispatch_tell()		what came of it: by the agent, with its claim; or by whoever it was handed to
 *	dispatch_cancel()	nobody wants it any more: an agent is told with its next word
 *	dispatch_retry()	somebody wants it once more: it is decided anew
 *	dispatch_pause()	nothing goes out any more, of a repo or of all; or it does again
 *	dispatch_preview()	what would be decided of a commit; nothing is done
 *
 * A claim has a number, which the agent names with all that it says: what comes of a claim that was given up meanwhile is refused (ERR_CONFLICT), but for the last word of the last one, which is better
 * than not to know.
 *
 * Who is bound to a repo knows of no other, and of repos that are for members know those who see these. Changes wait for the writer and ask again there whether they may; those of people are audited.
 * Errors besides those that are named: ERR_NOT_FOUND: no such dispatch, or not for this token; those of the store.
 */
#include "service/config.h"
#include "service/dispatch_guard.h"
#include "store/dispatch_nouns.h"
#include "store/store.h"

#define DISPATCH_NOTE_MAX 4000                  /* bytes of what is said of one */
#define DISPATCH_LEASE_MS (INT64_C(300) * 1000) /* of a repo that has no [dispatch] any more */

struct dispatch_asker {
	struct store *store;
	const struct config *cfg;
	const struct identity *by;
	int64_t now;
};

struct dispatch_claimed {
	struct dispatch of;
	int64_t claim, lease_ms;
	struct str prompt, page;
	int64_t try, tries_max;
	struct dispatch *earlier; /* attempts at the same line or group, the newest first */
	size_t n_earlier;
};
/* repo, forge: filters, may be empty. *ret_found false: none is offered. */
MUST_CHECK enum err_code dispatch_claim(const struct dispatch_asker *q, struct str agent, struct str repo,
	struct str forge, struct arena *a, struct dispatch_claimed *ret, bool *ret_found, struct err *e);
/* step_id: that has the agent's output; 0: not told. ERR_CONFLICT: it is not this claim's. */
MUST_CHECK enum err_code dispatch_renew(const struct dispatch_asker *q, int64_t id, int64_t claim,
	int64_t step_id, int64_t *ret_lease_ms, struct err *e);

struct dispatch_telling {
	int64_t id, claim;             /* claim 0: by who has none */
	enum dispatch_outcome outcome; /* OUTCOME_NONE: done with it; what came of it will be seen */
	struct str sha, note;
	int64_t step_id;
};
/* ERR_INVALID: fixed without a sha. ERR_CONFLICT: an agent has it and this is not its claim; it is over otherwise, or was never handed to anybody. */
MUST_CHECK enum err_code dispatch_tell(const struct dispatch_asker *q, const struct dispatch_telling *t,
	struct arena *a, struct dispatch *ret, struct err *e);

/* ERR_CONFLICT: it is not open. */
MUST_CHECK enum err_code dispatch_cancel(
	const struct dispatch_asker *q, int64_t id, struct arena *a, struct dispatch *ret, struct err *e);
/* ERR_CONFLICT: it is open. */
MUST_CHECK enum err_code dispatch_retry(
	const struct dispatch_asker *q, int64_t id, struct arena *a, struct dispatch *ret, struct err *e);
/* repo empty: of all, which a token that is bound to a repo may not say (ERR_FORBIDDEN). ERR_NOT_FOUND: not watched, or not for this token. */
MUST_CHECK enum err_code dispatch_pause(const struct dispatch_asker *q, struct str repo, struct str forge,
	bool paused, bool *ret_changed, struct err *e);

/* q's repo_id and viewer are set here. */
MUST_CHECK enum err_code dispatch_list(const struct dispatch_asker *q, const struct dispatch_query *which,
	struct arena *a, struct dispatch **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

struct dispatch_detail {
	struct dispatch of;
	struct str prompt; /* empty: none went out */
	struct dispatch_deed *deeds;
	size_t n_deeds;
};
MUST_CHECK enum err_code dispatch_get(const struct dispatch_asker *q, int64_t id, struct arena *a,
	struct dispatch_detail *ret, struct err *e);

struct dispatch_previewed {
	struct dispatch of; /* id 0: there is none of this commit yet */
	struct guard_verdicts verdicts;
	struct str prompt;
};
/* ERR_NOT_FOUND: nothing is known of that commit; or the repo is not watched, or not for this token. */
MUST_CHECK enum err_code dispatch_preview(const struct dispatch_asker *q, struct str repo, struct str forge,
	struct str head_sha, struct arena *a, struct dispatch_previewed *ret, struct err *e);
/* Of which's repo, forge and since. *ret_paused: all, or that repo. */
MUST_CHECK enum err_code dispatch_figure(const struct dispatch_asker *q, const struct dispatch_query *which,
	struct arena *a, struct dispatch_figures *ret, bool *ret_paused, struct err *e);

#endif
