#ifndef AGENT_FIX_API_H
#define AGENT_FIX_API_H
/*
 * fix_api: what `sluice fix` says to its server, and hears (api/openapi.yaml, operations claimDispatch, renewDispatch, tellDispatchResult). How a server is asked again
 * that is away: ask.h.
 *
 * Errors: ERR_CONFLICT: the dispatch is not ours any more; else those of ask.h.
 */
#include "agent/ask.h"
#include "agent/fix_facts.h"
#include "agent/fix_outcome.h"

/* *ret_found false: none waits. repo, forge (NULL: not said): of which one is wanted. What is read is not checked yet: fix_claim_check(). */
MUST_CHECK enum err_code fix_api_claim(struct ask *ask, const char *repo, const char *forge, const char *name,
	struct arena *a, struct fix_claim *ret, bool *ret_found, struct err *e);
/* Once, and within ms. *ret_lease_s is untouched when the server does not say it. */
MUST_CHECK enum err_code fix_api_renew(
	struct ask *ask, const struct fix_claim *c, int ms, int64_t *ret_lease_s, struct err *e);
/* step_id 0: not known. The note is one of fix_note_clean(). ms: for one try; 0: as ever. */
MUST_CHECK enum err_code fix_api_result(struct ask *ask, const struct fix_claim *c,
	const struct fix_said *said, int64_t step_id, int ms, struct err *e);

#endif
