/* api_janitor: a pass on request, and what earlier passes did. */
#include "api_table.h"

static void put_report(struct json_out *j, const struct chore_report *r)
{
	json_open_object(j, NULL);
	json_put_z(j, "chore", chore_name(r->chore));
	json_put_z(j, "what", chore_prose(r->chore));
	json_put_int(j, "rows", r->rows);
	json_put_int(j, "bytes", r->bytes);
	json_put_bool(j, "failed", r->failed != ERR_OK);
	json_put_z(j, "message", r->message);
	json_close_object(j);
}

/* A pass that was asked for heals whatever the mode is, unless the mode is off: then nothing is deleted
 * behind the back of who set that. */
enum err_code api_run_janitor(struct call *c, struct err *e)
{
	bool dry = json_is_true(json_get(c->body, "dry_run")) || c->cfg->janitor_mode == JANITOR_DRY_RUN;
	struct chore_report reports[CHORE_N];
	struct json_out j;
	size_t n = 0;

	if (!dry && c->cfg->janitor_mode == JANITOR_OFF)
		return err_set(
			e, ERR_CONFLICT, "the janitor is off ([janitor] mode = off); a dry run is possible");
	TRY(janitor_pass(c->app->store, c->cfg, dry, c->now, reports, &n, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_z(&j, "mode", dry ? "dry-run" : "heal");
	json_open_array(&j, "chores");
	for (size_t i = 0; i < n; i++)
		put_report(&j, &reports[i]);
	json_close_array(&j);
	json_close_object(&j);
	return ERR_OK;
}

static void put_action(struct json_out *j, const struct action *x)
{
	json_open_object(j, NULL);
	json_put_int(j, "action_id", x->id);
	json_put_time(j, "at", x->at);
	json_put_str(j, "chore", x->chore);
	json_put_str(j, "mode", x->mode);
	json_put_int(j, "rows", x->rows);
	json_put_int(j, "bytes", x->bytes);
	json_put_str(j, "message", x->message);
	json_close_object(j);
}

enum err_code api_list_janitor_actions(struct call *c, struct err *e)
{
	int64_t limit = arg_int(c, "limit"), offset = arg_int(c, "offset"), total;
	struct action *actions = NULL;
	struct json_out j;
	size_t n = 0;

	TRY(janitor_actions(c->app->store, limit, offset, &c->arena, &actions, &n, &total, e));
	j = reply_page(c, limit, offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_action(&j, &actions[i]);
	reply_page_end(&j);
	return ERR_OK;
}
