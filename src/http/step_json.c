/* step_json: what was not told is null. */
#include "http/step_json.h"

static void put_run(struct json_out *j, const struct step *s)
{
	const struct step_facts *f = &s->facts;

	json_put_int(j, "run_id", s->run_id);
	json_put_told(j, "external_run_id", f->external_run_id);
	json_put_told(j, "repo", f->repo);
	json_put_told(j, "forge", f->forge);
	json_put_told(j, "head_sha", f->head_sha);
	json_put_told(j, "workflow", f->workflow);
	json_put_told(j, "branch", f->branch);
	json_put_number(j, "pull_request", f->pull_request > 0, f->pull_request);
	json_put_told(j, "url", f->url);
}

/* Of a log that has not ended the step's row says nothing yet. */
static struct tail_size size_of(const struct step_view *v)
{
	const struct log *l = &v->log;

	if (l->state == LOG_NONE)
		return v->step.size;
	return (struct tail_size){ .n_lines = l->n_line_ends - l->gap_line_ends,
		.n_bytes = l->text_bytes - l->gap_bytes,
		.n_dropped_lines = l->gap_line_ends,
		.n_dropped_bytes = l->gap_bytes };
}

static void put_log(struct json_out *j, const struct step_view *v)
{
	struct tail_size size = size_of(v);

	json_open_object(j, "log");
	json_put_z(j, "state", log_state_name(v->log.state));
	json_put_int(j, "lines", v->has_text ? size.n_lines : 0);
	json_put_int(j, "bytes", v->has_text ? size.n_bytes : 0);
	json_put_int(j, "stored_bytes", v->stored_bytes);
	if (v->log.gap_bytes > 0) {
		json_open_object(j, "gap");
		json_put_int(j, "lines", v->log.gap_line_ends);
		json_put_int(j, "bytes", v->log.gap_bytes);
		json_close_object(j);
	} else {
		json_put_null(j, "gap");
	}
	json_put_time(j, "expired_at", v->step.log_expired_at);
	json_put_time(j, "pinned_at", v->step.pinned_at);
	json_close_object(j);
}

static void put_facts(struct json_out *j, const struct step *s)
{
	const struct step_facts *f = &s->facts;

	json_put_int(j, "step_id", s->id);
	put_run(j, s);
	json_put_told(j, "job", f->job_name);
	json_put_told(j, "leg", f->leg);
	json_put_told(j, "step", f->step_name);
	json_put_number(j, "step_index", f->step_index >= 0, f->step_index);
	json_put_told(j, "platform", f->platform);
	json_put_int(j, "attempt", f->attempt);
	json_put_z(j, "source", f->pulled ? "pull" : "push");
	json_put_z(j, "conclusion", conclusion_name(f->conclusion));
	json_put_number(j, "exit_code", f->has_exit_code, f->exit_code);
	json_put_time(j, "received_at", s->received_at);
	json_put_time(j, "began_at", s->began_at);
	json_put_time(j, "ended_at", s->ended_at);
	json_put_number(j, "duration_ms", s->duration_ms >= 0, s->duration_ms);
}

void step_json(struct json_out *j, const struct step_view *v)
{
	struct tail_size size = size_of(v);

	json_open_object(j, NULL);
	put_facts(j, &v->step);
	json_put_int(j, "lines", size.n_lines);
	json_put_int(j, "bytes", size.n_bytes);
	json_put_int(j, "dropped_lines", size.n_dropped_lines);
	json_put_int(j, "dropped_bytes", size.n_dropped_bytes);
	put_log(j, v);
	json_close_object(j);
}

void step_json_listed(struct json_out *j, const struct step *s)
{
	json_open_object(j, NULL);
	put_facts(j, s);
	json_put_time(j, "log_expired_at", s->log_expired_at);
	json_put_time(j, "pinned_at", s->pinned_at);
	json_close_object(j);
}
