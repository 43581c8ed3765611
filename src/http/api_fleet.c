/* api_fleet: a machine of a fleet asks who it is to this server. */
#include "api_table.h"

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
	json_close_object(&j);
	return ERR_OK;
}
