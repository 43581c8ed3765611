#ifndef SERVICE_ACCOUNT_H
#define SERVICE_ACCOUNT_H
/*
 * account: the context of a commit or run, for whoever may read logs: finds the failed steps, and why there
 * are none, and has it written (explain/context.h).
 */
#include "base/buf.h"
#include "service/config.h"
#include "store/store.h"

enum account_format { ACCOUNT_MARKDOWN, ACCOUNT_JSON };

struct account_query {
	struct str repo, forge, head_sha, external_run_id; /* empty: not asked by it */
	int64_t run_id;
	enum account_format format;
	size_t budget;
	int64_t now;            /* ms: what has been quiet for long is over */
	bool silent_when_empty; /* an empty body when no failed step is there */
};

/* ERR_INVALID when not exactly one of (repo and sha), run_id, external_run_id is given, or forge without repo, or
 * one that is not configured, or an external_run_id that several repos have without the repo. ERR_NOT_FOUND:
 * another repo's than the token is bound to, or no such run_id. */
MUST_CHECK enum err_code account_write(struct store *store, const struct config *cfg,
	const struct identity *id, const struct account_query *q, struct buf *out, struct err *e);

#endif
