/* find_step: the date is told to programs too. */
#include "http/find_step.h"

enum err_code find_step_text(struct call *c, struct step_view *ret, struct err *e)
{
	char date[CLOCK_RFC3339_LEN];

	TRY(facts_step(c->app->store, &c->identity, arg_int(c, "step_id"), &c->arena, ret, e));
	if (ret->step.log_expired_at > 0)
		call_detail(c, "expired_at",
			arena_cstr(&c->arena, str_z(clock_rfc3339(ret->step.log_expired_at, date))));
	return facts_text(ret, e);
}
