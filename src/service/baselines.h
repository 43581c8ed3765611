#ifndef SERVICE_BASELINES_H
#define SERVICE_BASELINES_H
/* baselines: an admin accepts what a run wrote, and takes that back. Who and when stands with what is accepted, and in the audit. Both wait for the commit. */
#include "service/access.h"
#include "store/result_nouns.h"
#include "store/store.h"

/* ERR_NOT_FOUND: no such output of a run that may be known of. ERR_UNPROCESSABLE: there is nothing to accept (approvals_add). */
MUST_CHECK enum err_code baselines_approve(struct store *s, const struct identity *by,
	const struct output_place *at, bool remove_variants, int64_t now, struct err *e);
/* ERR_NOT_FOUND also: that run's approval was undone, or never was. */
MUST_CHECK enum err_code baselines_revert(struct store *s, const struct identity *by,
	const struct output_place *at, int64_t now, struct err *e);

#endif
