/* dispatch_json: see the header. */
#include "service/dispatch_json.h"

static void put_outcome(struct json_out *j, enum dispatch_outcome o)
{
	json_put_z(j, "outcome", o == OUTCOME_NONE ? NULL : dispatch_outcome_name(o));
}

void dispatch_json_members(struct json_out *j, const struct dispatch *d)
{
	json_put_int(j, "dispatch_id", d->id);
	json_put_str(j, "repo", d->repo);
	json_put_str(j, "forge", d->forge);
	json_put_str(j, "head_sha", d->head_sha);
	json_put_int(j, "attempt", d->attempt);
	json_put_told(j, "external_run_id", d->external_run_id);
	json_put_number(j, "run_id", d->run_id > 0, d->run_id);
	json_put_told(j, "workflow", d->workflow);
	json_put_told(j, "branch", d->branch);
	json_put_number(j, "pull_request", d->pull_request > 0, d->pull_request);
	json_put_told(j, "url", d->url);
	json_put_told(j, "author", d->author);
	json_put_number(j, "group_id", d->group_id > 0, d->group_id);
	json_put_told(j, "class", d->class);
	json_put_told(j, "message", d->message);
	json_put_z(j, "state", dispatch_state_name(d->state));
	put_outcome(j, d->outcome);
	json_put_told(j, "refused_by", d->refused_by);
	json_put_told(j, "reason", d->reason);
	json_put_told(j, "note", d->note);
	json_put_told(j, "fixed_sha", d->fixed_sha);
	json_put_told(j, "agent", d->agent);
	json_put_time(j, "lease_until", d->state == DISPATCH_CLAIMED ? d->lease_until : 0);
	json_put_number(j, "step_id", d->step_id > 0, d->step_id);
	json_put_int(j, "retries", d->n_retries);
	json_put_time(j, "created_at", d->created_at);
	json_put_time(j, "decided_at", d->decided_at);
	json_put_time(j, "handed_at", d->handed_at);
	json_put_time(j, "over_at", d->over_at);
}

void dispatch_json(struct json_out *j, const char *key, const struct dispatch *d)
{
	json_open_object(j, key);
	dispatch_json_members(j, d);
	json_close_object(j);
}

static void put_earlier(struct json_out *j, const struct dispatch *d)
{
	json_open_object(j, NULL);
	json_put_int(j, "dispatch_id", d->id);
	json_put_str(j, "head_sha", d->head_sha);
	json_put_z(j, "state", dispatch_state_name(d->state));
	put_outcome(j, d->outcome);
	json_put_told(j, "note", d->note);
	json_put_told(j, "fixed_sha", d->fixed_sha);
	json_put_time(j, "created_at", d->created_at);
	json_close_object(j);
}

void dispatch_json_facts(struct json_out *j, const char *key, const struct dispatch_claimed *x)
{
	json_open_object(j, key);
	json_put_int(j, "try", x->try);
	json_put_int(j, "tries_max", x->tries_max);
	json_put_told(j, "page_url", x->page);
	json_open_array(j, "earlier");
	for (size_t i = 0; i < x->n_earlier; i++)
		put_earlier(j, &x->earlier[i]);
	json_close_array(j);
	json_close_object(j);
}
