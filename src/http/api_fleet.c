/* api_fleet: a machine of a fleet asks who it is to this server. */
#include "api_table.h"

#include "http/gate_reply.h"

/* What the gate would say of an episode made by this commit, for who is about to make some. */
static void put_verdict(struct call *c, struct json_out *j)
{
	struct gate_verdict v = { .answer = GATE_ADMITTED, .behind = -1, .window = -1 };

	if (c->app->gates)
		gate_check(c->app->gates, c->cfg, GATE_GUARDS_EPISODES, STR(""), arg_str(c, "commit"),
			c->identity.host.len > 0 ? c->identity.host : arg_str(c, "host"), &c->arena, &v);
	gate_put(j, "gate", &v);
}

enum err_code api_who_am_i_fleet(struct call *c, struct err *e)
{
	const struct identity *id = &c->identity;
	struct json_out j = reply_json(c, 200);
	(void)e;

	json_open_object(&j, NULL);
	if (id->host.len == 0)
		json_put_null(&j, "host");
	else
		json_put_str(&j, "host", id->host);
	json_put_z(&j, "by", id->kind == IDENTITY_HOST ? "certificate" : "token");
	json_put_time(&j, "server_time", c->now);
	if (arg_has(c, "commit"))
		put_verdict(c, &j);
	json_close_object(&j);
	return ERR_OK;
}
