/* run_json: see the header. */
#include "http/run_json.h"

static int64_t completed_at(const struct run *r)
{
	if (r->status == RUN_RUNNING || r->status == RUN_QUEUED)
		return 0;
	return r->tally.stage == STAGE_NONE ? r->tally.newest_at : r->over_at;
}

void run_json(struct json_out *j, const char *name, const struct run *r, int64_t now)
{
	const char *reason = run_reason(&r->tally, now);

	json_open_object(j, name);
	json_put_int(j, "run_id", r->id);
	json_put_z(j, "status", run_status_name(r->status));
	if (reason)
		json_put_z(j, "reason", reason);
	json_put_str(j, "platform", r->platform.len > 0 ? r->platform : STR("linux"));
	json_put_z(j, "test_type", r->pull_request > 0 ? "pr" : "commit");
	json_put_str(j, "repository", r->repo);
	json_put_str(j, "forge", r->forge);
	json_put_told(j, "branch", r->branch);
	json_put_str(j, "commit_sha", r->head_sha);
	json_put_told(j, "workflow", r->workflow);
	json_put_told(j, "external_run_id", r->external_run_id);
	json_put_number(j, "pr_number", r->pull_request > 0, r->pull_request);
	json_put_time(j, "created_at", r->created_at);
	json_put_time(j, "queued_at", r->queued_at);
	json_put_time(j, "started_at", r->tally.stage == STAGE_NONE ? r->began_at : r->started_at);
	json_put_time(j, "completed_at", completed_at(r));
	json_put_told(j, "github_link", r->url);
	json_close_object(j);
}
