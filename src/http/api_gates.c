/* api_gates: which commits may send, and whether one may. */
#include "api_table.h"

#include "http/gate_reply.h"

static void put_guards(struct json_out *j, const struct gate_status *g)
{
	json_open_array(j, "guards");
	if (g->guards_episodes)
		json_put_z(j, NULL, "episodes");
	if (g->guards_steps)
		json_put_z(j, NULL, "steps");
	json_close_array(j);
}

static void put_gate(struct json_out *j, const struct gate_status *g, int64_t now)
{
	int64_t age_s = (now - g->heard_at) / 1000;

	json_open_object(j, NULL);
	json_put_str(j, "name", g->name);
	json_put_bool(j, "enabled", g->enabled);
	put_guards(j, g);
	json_put_told(j, "repo", g->repo);
	json_put_str(j, "branch", g->branch);
	json_put_int(j, "window", g->window);
	json_put_int(j, "commits", g->n_commits);
	json_put_z(j, "source", gate_source_name(g->source));
	json_put_told(j, "from", g->from);
	json_put_told(j, "head_commit", g->head);
	json_put_time(j, "heard_at", g->heard_at);
	json_put_number(j, "age_seconds", g->heard_at > 0, age_s > 0 ? age_s : 0);
	json_put_time(j, "changed_at", g->changed_at);
	json_put_told(j, "error", g->error);
	json_put_time(j, "error_at", g->error_at);
	json_close_object(j);
}

enum err_code api_list_gates(struct call *c, struct err *e)
{
	int64_t limit = arg_int(c, "limit"), offset = arg_int(c, "offset");
	struct gate_status *gates = NULL;
	struct json_out j;
	size_t total = 0, from, n;
	(void)e;

	gates_status(c->app->gates, c->cfg, &c->arena, &gates, &total);
	from = offset < (int64_t)total ? (size_t)offset : total;
	n = total - from < (size_t)limit ? total - from : (size_t)limit;
	j = reply_page(c, limit, offset, n, (int64_t)total);
	for (size_t i = 0; i < n; i++)
		put_gate(&j, &gates[from + i], c->now);
	reply_page_end(&j);
	return ERR_OK;
}

enum err_code api_check_commit(struct call *c, struct err *e)
{
	struct gate_verdict v = { 0 };
	struct json_out j;

	TRY(gate_check_one(
		c->app->gates, c->cfg, arg_str(c, "name"), arg_str(c, "commit"), STR(""), &c->arena, &v, e));
	j = reply_json(c, 200);
	gate_put(&j, NULL, &v);
	return ERR_OK;
}
