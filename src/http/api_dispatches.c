/* api_dispatches: failures that are handed over: listed, previewed, claimed, answered, called off. */
#include "api_table.h"

#include "http/step_facts.h"
#include "service/dispatch_json.h"
#include "service/dispatcher.h"

static struct dispatch_asker asker_of(const struct call *c)
{
	return (struct dispatch_asker){
		.store = c->app->store, .cfg = c->cfg, .by = &c->identity, .now = c->now
	};
}

static struct str text(const struct call *c, const char *name)
{
	return json_str(json_get(c->body, name));
}

/* ---- read ---- */

static struct dispatch_query query_of(const struct call *c)
{
	return (struct dispatch_query){ .repo = arg_str(c, "repo"),
		.forge = arg_str(c, "forge"),
		.state = arg_str(c, "state"),
		.outcome = arg_str(c, "outcome"),
		.branch = arg_str(c, "branch"),
		.head_sha = arg_str(c, "sha"),
		.group_id = arg_int(c, "group_id"),
		.since = arg_time(c, "since"),
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset") };
}

enum err_code api_list_dispatches(struct call *c, struct err *e)
{
	struct dispatch_asker q = asker_of(c);
	struct dispatch_query which = query_of(c);
	struct dispatch *all = NULL;
	struct json_out j;
	int64_t total = 0;
	size_t n = 0;

	TRY(dispatch_list(&q, &which, &c->arena, &all, &n, &total, e));
	j = reply_page(c, which.limit, which.offset, n, total);
	for (size_t i = 0; i < n; i++)
		dispatch_json(&j, NULL, &all[i]);
	reply_page_end(&j);
	return ERR_OK;
}

static void put_deeds(struct json_out *j, const struct dispatch_detail *d)
{
	json_open_array(j, "actions");
	for (size_t i = 0; i < d->n_deeds; i++) {
		const struct dispatch_deed *x = &d->deeds[i];

		json_open_object(j, NULL);
		json_put_str(j, "action", x->action);
		json_put_str(j, "state", x->state);
		json_put_int(j, "tries", x->n_tries);
		json_put_told(j, "ref", x->ref);
		json_put_told(j, "error", x->error);
		json_close_object(j);
	}
	json_close_array(j);
}

enum err_code api_get_dispatch(struct call *c, struct err *e)
{
	struct dispatch_asker q = asker_of(c);
	struct dispatch_detail d;
	struct json_out j;

	TRY(dispatch_get(&q, arg_int(c, "dispatch_id"), &c->arena, &d, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	dispatch_json_members(&j, &d.of);
	json_put_json(&j, "verdicts", d.of.verdicts.len > 0 ? d.of.verdicts : STR("[]"));
	json_put_told(&j, "prompt", d.prompt);
	put_deeds(&j, &d);
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_preview_dispatch(struct call *c, struct err *e)
{
	struct dispatch_asker q = asker_of(c);
	struct dispatch_previewed p;
	const struct guard_verdicts *v = &p.verdicts;
	struct json_out j;

	TRY(dispatch_preview(
		&q, arg_str(c, "repo"), arg_str(c, "forge"), arg_str(c, "sha"), &c->arena, &p, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_str(&j, "repo", p.of.repo);
	json_put_str(&j, "head_sha", p.of.head_sha);
	json_put_bool(&j, "goes", v->goes);
	json_put_z(&j, "refused_by", v->goes ? NULL : guard_check_name(v->first));
	json_put_told(&j, "reason", v->goes ? STR("") : v->of[v->first].text);
	json_put_number(&j, "dispatch_id", p.of.id > 0, p.of.id);
	guard_json(v, &j, "verdicts");
	json_put_str(&j, "prompt", p.prompt);
	json_close_object(&j);
	return ERR_OK;
}

static void put_figures(struct json_out *j, const struct dispatch_figures *f)
{
	json_put_int(j, "red_runs", f->red_runs);
	json_put_int(j, "dispatches", f->n);
	json_put_int(j, "handed", f->handed);
	json_put_int(j, "waiting", f->waiting);
	for (enum dispatch_outcome o = OUTCOME_NONE + 1; o < DISPATCH_N_OUTCOMES; o++)
		json_put_int(j, dispatch_outcome_name(o), f->outcomes[o]);
	json_put_int(j, "unknown", f->unknown);
	json_put_int(j, "canceled", f->canceled);
	json_open_array(j, "refused");
	for (size_t i = 0; i < f->n_refused; i++) {
		json_open_object(j, NULL);
		json_put_str(j, "check", f->refused[i].check);
		json_put_int(j, "count", f->refused[i].n);
		json_close_object(j);
	}
	json_close_array(j);
}

enum err_code api_get_dispatch_figures(struct call *c, struct err *e)
{
	struct dispatch_asker q = asker_of(c);
	int64_t days = arg_int(c, "days");
	struct dispatch_query which = {
		.repo = arg_str(c, "repo"), .forge = arg_str(c, "forge"), .since = c->now - days * DAY_MS
	};
	struct dispatch_figures f = { 0 };
	bool paused = false;
	struct json_out j;

	TRY(dispatch_figure(&q, &which, &c->arena, &f, &paused, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_told(&j, "repo", which.repo);
	json_put_int(&j, "days", days);
	json_put_bool(&j, "paused", paused);
	put_figures(&j, &f);
	json_close_object(&j);
	return ERR_OK;
}

/* ---- what agents say ---- */

enum err_code api_claim_dispatch(struct call *c, struct err *e)
{
	struct dispatch_asker q = asker_of(c);
	struct dispatch_claimed x;
	bool found = false;
	struct json_out j;

	TRY(dispatch_claim(
		&q, text(c, "agent"), text(c, "repo"), text(c, "forge"), &c->arena, &x, &found, e));
	if (!found) {
		reply_empty(c, 204);
		return ERR_OK;
	}
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	dispatch_json(&j, "dispatch", &x.of);
	json_put_int(&j, "claim", x.claim);
	json_put_int(&j, "lease_seconds", x.lease_ms / 1000);
	json_put_str(&j, "prompt", x.prompt);
	dispatch_json_facts(&j, "facts", &x);
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_renew_dispatch(struct call *c, struct err *e)
{
	struct dispatch_asker q = asker_of(c);
	int64_t lease_ms = 0;
	struct json_out j;

	TRY(dispatch_renew(&q, arg_int(c, "dispatch_id"), body_int(c, "claim", 0), body_int(c, "step_id", 0),
		&lease_ms, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_int(&j, "lease_seconds", lease_ms / 1000);
	json_close_object(&j);
	return ERR_OK;
}

static void reply_dispatch(struct call *c, const struct dispatch *d)
{
	struct json_out j = reply_json(c, 200);

	dispatch_json(&j, NULL, d);
	dispatcher_wake(c->app->dispatcher);
}

enum err_code api_tell_dispatch_result(struct call *c, struct err *e)
{
	struct dispatch_asker q = asker_of(c);
	struct dispatch_telling t = { .id = arg_int(c, "dispatch_id"),
		.claim = body_int(c, "claim", 0),
		.sha = text(c, "sha"),
		.note = text(c, "note"),
		.step_id = body_int(c, "step_id", 0) };
	struct dispatch d;

	if (!dispatch_outcome_find(text(c, "outcome"), &t.outcome))
		t.outcome = OUTCOME_NONE; /* note */
	TRY(dispatch_tell(&q, &t, &c->arena, &d, e));
	reply_dispatch(c, &d);
	return ERR_OK;
}

/* ---- what people say ---- */

enum err_code api_retry_dispatch(struct call *c, struct err *e)
{
	struct dispatch_asker q = asker_of(c);
	struct dispatch d;

	TRY(dispatch_retry(&q, arg_int(c, "dispatch_id"), &c->arena, &d, e));
	reply_dispatch(c, &d);
	return ERR_OK;
}

enum err_code api_cancel_dispatch(struct call *c, struct err *e)
{
	struct dispatch_asker q = asker_of(c);
	struct dispatch d;

	TRY(dispatch_cancel(&q, arg_int(c, "dispatch_id"), &c->arena, &d, e));
	reply_dispatch(c, &d);
	return ERR_OK;
}

enum err_code api_pause_dispatches(struct call *c, struct err *e)
{
	struct dispatch_asker q = asker_of(c);
	bool paused = json_is_true(json_get(c->body, "paused")), changed = false;
	struct json_out j;

	TRY(dispatch_pause(&q, text(c, "repo"), text(c, "forge"), paused, &changed, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_bool(&j, "paused", paused);
	json_put_told(&j, "repo", text(c, "repo"));
	json_put_bool(&j, "changed", changed);
	json_close_object(&j);
	dispatcher_wake(c->app->dispatcher);
	return ERR_OK;
}
