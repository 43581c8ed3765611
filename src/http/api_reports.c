/* api_reports: what a tool wrote for machines comes beside the log of a step. Answered after the commit, with what was found in it. */
#include "api_table.h"

#include "service/explainer.h"
#include "service/reports.h"

struct work { /* in the call's arena */
	struct call *c;
	struct report_work *taking;
};

static void stored(void *arg, const struct err *result)
{
	struct work *w = arg;

	if (result->code == ERR_OK) {
		const struct report_read *r = reports_read(w->taking);
		struct json_out j = reply_json(w->c, 201);

		json_open_object(&j, NULL);
		json_put_z(&j, "kind", input_kind_name(r->kind));
		json_put_int(&j, "findings", (int64_t)r->n_findings);
		json_put_int(&j, "failures", (int64_t)r->n_failures);
		if (r->problem.len > 0)
			json_put_str(&j, "problem", r->problem);
		else
			json_put_null(&j, "problem");
		json_close_object(&j);
		explainer_wake(w->c->app->explainer);
	}
	call_finish(w->c, result);
}

static void drop(void *arg)
{
	struct work *w = arg;

	reports_free(w->taking);
}

enum err_code api_post_step_report(struct call *c, struct err *e)
{
	struct work *w = arena_alloc(&c->arena, sizeof *w);
	struct report_post post = {
		.repo_id = c->identity.token.repo_id,
		.step_id = arg_int(c, "step_id"),
		.name = arg_str(c, "name"),
		.text = c->raw,
		.now = c->now,
	};
	enum err_code code;

	w->c = c;
	call_defer(c, drop, w);
	code = reports_take(c->app->store, c->app->streams, c->cfg, &post, stored, w, &w->taking, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}
