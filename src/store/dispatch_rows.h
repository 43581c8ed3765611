#ifndef STORE_DISPATCH_ROWS_H
#define STORE_DISPATCH_ROWS_H
/* dispatch_rows: how the files of dispatches read one out of a row. Internal to them. */
#include "store/dispatch_nouns.h"
#include "store/rows.h"

#define DISPATCH_COLUMNS                                                                                     \
	"dispatch.id, dispatch.repo_id, repo.forge, repo.name, dispatch.head_sha, dispatch.attempt,"         \
	" dispatch.external_run_id, dispatch.run_id, dispatch.workflow, dispatch.branch,"                    \
	" dispatch.pull_request, dispatch.line, dispatch.url, dispatch.author, dispatch.group_id,"           \
	" dispatch.class, dispatch.message, dispatch.note, dispatch.fixed_sha, dispatch.state,"              \
	" dispatch.outcome, dispatch.refused_by, dispatch.reason, dispatch.verdicts, dispatch.created_at,"   \
	" dispatch.due_at, dispatch.decided_at, dispatch.handed_at, dispatch.over_at, dispatch.n_claims,"    \
	" dispatch.agent, dispatch.lease_until, dispatch.n_retries, dispatch.step_id"
#define DISPATCH_OPEN "('waiting', 'handing', 'offered', 'claimed', 'handed')"

/* Refused for what the run was itself: another run of the same commit may be another matter. */
#define DISPATCH_REFUSED_ITSELF(d) d ".state = 'refused' AND " d ".refused_by IN ('class', 'flaky', 'failed')"

/* Of a run that was sent: it is not what an agent that has a dispatch did, whose output is a step of that commit too (doc/fix.md). */
#define NOT_OF_AGENT(run) run ".external_run_id NOT LIKE 'dispatch-%'"

/* arg: rows of struct dispatch. */
enum err_code dispatch_take(void *arg, const struct db_row *row, struct err *e);

#endif
