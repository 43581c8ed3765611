#ifndef STORE_DISPATCH_ROWS_H
#define STORE_DISPATCH_ROWS_H
/* dispatch_rows: how the files of dispatches read one out of a row. Internal to them. */
#include "store/dispatch_nouns.h"
#include "store/rows.h"

/* Where its agent's output is: as the agent told, or the step that `sluice fix` streams of the claim that counts (agent/fix_job.c), which is there while it runs and when the agent has died. */
#define DISPATCH_STEP                                                                                        \
	"CASE WHEN dispatch.step_id > 0 OR dispatch.n_claims = 0 THEN dispatch.step_id ELSE coalesce("       \
	"(SELECT max(step.id) FROM run JOIN job ON job.run_id = run.id JOIN step ON step.job_id = job.id"    \
	" WHERE run.repo_id = dispatch.repo_id AND run.head_sha = dispatch.head_sha AND run.external_run_id" \
	" = 'dispatch-' || dispatch.id AND job.attempt = dispatch.n_claims), 0) END"
#define DISPATCH_COLUMNS                                                                                     \
	"dispatch.id, dispatch.repo_id, repo.forge, repo.name, dispatch.head_sha, dispatch.attempt,"         \
	" dispatch.external_run_id, dispatch.run_id, dispatch.workflow, dispatch.branch,"                    \
	" dispatch.pull_request, dispatch.line, dispatch.url, dispatch.author, dispatch.group_id,"           \
	" dispatch.class, dispatch.message, dispatch.note, dispatch.fixed_sha, dispatch.state,"              \
	" dispatch.outcome, dispatch.refused_by, dispatch.reason, dispatch.verdicts, dispatch.created_at,"   \
	" dispatch.due_at, dispatch.decided_at, dispatch.handed_at, dispatch.over_at, dispatch.n_claims,"    \
	" dispatch.agent, dispatch.lease_until, dispatch.n_retries, " DISPATCH_STEP
#define DISPATCH_OPEN "('waiting', 'handing', 'offered', 'claimed', 'handed')"

/* Refused for what the run was itself: another run of the same commit may be another matter. */
#define DISPATCH_REFUSED_ITSELF(d) d ".state = 'refused' AND " d ".refused_by IN ('class', 'flaky', 'failed')"

/* Of a run that was sent: it is not what an agent that has a dispatch did, whose output is a step of that commit too (doc/fix.md). */
#define NOT_OF_AGENT(run) run ".external_run_id NOT LIKE 'dispatch-%'"

/* arg: rows of struct dispatch. */
enum err_code dispatch_take(void *arg, const struct db_row *row, struct err *e);

#endif
