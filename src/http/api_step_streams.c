/*
 * api_step_streams: a runner opens a step, appends to its log, and finishes it.
 *
 * Each is answered after the commit. A sender that is not where the log is gets 409 and the right offset, in a header for
 * machines and in the details for people.
 */
#include "api_table.h"
#include "http/step_facts.h"

struct work { /* in the call's arena */
	struct call *c;
	struct stream_place place;
	struct stream_end end;
};

/* A token that is bound to a repo writes to that one alone. */
static int64_t only_repo(const struct call *c)
{
	return c->identity.token.repo_id;
}

static void tell_offset(struct call *c, const struct stream_place *p)
{
	reply_keep_header(c, "Upload-Offset", arena_fmt(&c->arena, "%lld", (long long)p->offset).p);
}

static void tell_conflict(struct call *c, const struct stream_place *p)
{
	tell_offset(c, p);
	call_detail_int(c, "offset", p->offset);
	call_detail(c, "state", log_state_name(p->state));
}

static struct work *new_work(struct call *c)
{
	struct work *w = arena_alloc(&c->arena, sizeof *w);

	w->c = c;
	return w;
}

/* What could not even be started. */
static enum err_code not_started(struct call *c, const struct work *w, enum err_code code)
{
	call_undefer(c);
	if (code == ERR_CONFLICT)
		tell_conflict(c, &w->place);
	return code;
}

static void tell_step(struct call *c, const struct stream_place *p)
{
	struct json_out j = reply_json(c, p->is_new ? 201 : 200);

	json_open_object(&j, NULL);
	json_put_int(&j, "step_id", p->step_id);
	json_put_int(&j, "run_id", p->run_id);
	json_put_int(&j, "offset", p->offset);
	json_put_z(&j, "state", log_state_name(p->state));
	json_close_object(&j);
	tell_offset(c, p);
}

static void opened(void *arg, const struct err *result)
{
	struct work *w = arg;

	if (result->code == ERR_OK)
		tell_step(w->c, &w->place);
	call_finish(w->c, result);
}

static enum err_code find(struct call *c, const struct step_facts *facts, struct err *e)
{
	struct stream_place place;

	TRY(stream_find(c->app->streams, c->cfg, c->repo.id, facts, &place, e));
	tell_step(c, &place);
	return ERR_OK;
}

enum err_code api_open_step(struct call *c, struct err *e)
{
	struct step_facts facts = step_facts_of(c);
	struct work *w = new_work(c);
	struct stream_call call = { .done = opened, .arg = w, .place = &w->place, .now = c->now };
	struct json *open = json_get(c->body, "open");
	enum err_code code;

	if (open && !json_is_true(open))
		return find(c, &facts, e);
	TRY(step_facts_admit(c, &facts, e));
	call_defer(c, NULL, NULL);
	code = stream_open(c->app->streams, c->cfg, c->repo.id, &facts, &call, e);
	return code == ERR_OK ? code : not_started(c, w, code);
}

static void appended(void *arg, const struct err *result)
{
	struct work *w = arg;

	if (result->code == ERR_OK) {
		reply_empty(w->c, 204);
		tell_offset(w->c, &w->place);
	} else if (result->code == ERR_CONFLICT) {
		tell_conflict(w->c, &w->place);
	}
	call_finish(w->c, result);
}

enum err_code api_append_step_log(struct call *c, struct err *e)
{
	struct work *w = new_work(c);
	struct stream_call call = { .done = appended, .arg = w, .place = &w->place, .now = c->now };
	enum err_code code;

	call_defer(c, NULL, NULL);
	code = stream_append(c->app->streams, c->cfg, only_repo(c), arg_int(c, "step_id"),
		arg_int(c, "Upload-Offset"), c->raw, &call, e);
	return code == ERR_OK ? code : not_started(c, w, code);
}

enum err_code api_finish_step(struct call *c, struct err *e)
{
	struct work *w = new_work(c);
	struct stream_call call = { .done = appended, .arg = w, .place = &w->place, .now = c->now };
	struct json *keep = json_get(c->body, "keep");
	enum err_code code;

	w->end.step.duration_ms = body_int(c, "duration_ms", -1);
	w->end.bytes = body_int(c, "bytes", -1);
	w->end.step.has_exit_code = json_int(json_get(c->body, "exit_code"), &w->end.step.exit_code);
	conclusion_find(json_str(json_get(c->body, "conclusion")), &w->end.step.conclusion);
	w->end.drop = keep && !json_is_true(keep);
	call_defer(c, NULL, NULL);
	code = stream_finish(c->app->streams, c->cfg, only_repo(c), arg_int(c, "step_id"), &w->end, &call, e);
	return code == ERR_OK ? code : not_started(c, w, code);
}
