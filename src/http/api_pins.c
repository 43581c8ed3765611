/* api_pins: the text of a step is pinned, or not any more. */
#include "api_table.h"

#include "service/manage.h"

static enum err_code pin(struct call *c, bool pinned, struct err *e)
{
	TRY(manage_pin(c->app->store, &c->identity, arg_int(c, "step_id"), pinned, c->now, e));
	reply_empty(c, 204);
	return ERR_OK;
}

enum err_code api_pin_step(struct call *c, struct err *e)
{
	return pin(c, true, e);
}

enum err_code api_unpin_step(struct call *c, struct err *e)
{
	return pin(c, false, e);
}
