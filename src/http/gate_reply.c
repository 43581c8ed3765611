/* gate_reply: see the header. */
#include "http/gate_reply.h"

#include <assert.h>

static void detail(struct call *c, const char *name, struct str text)
{
	if (text.len > 0)
		call_detail(c, name, arena_cstr(&c->arena, text));
}

static enum err_code code_of(enum gate_answer answer)
{
	assert(answer != GATE_ADMITTED);
	return answer == GATE_OUTSIDE     ? ERR_PRECONDITION
	       : answer == GATE_MALFORMED ? ERR_INVALID
					  : ERR_UNAVAILABLE;
}

enum err_code gate_refuse(struct call *c, const struct gate_verdict *v, struct err *e)
{
	detail(c, "gate", v->gate);
	detail(c, "your_commit", v->commit);
	detail(c, "head_commit", v->head);
	if (v->behind >= 0)
		call_detail_int(c, "behind", v->behind);
	if (v->window >= 0)
		call_detail_int(c, "window", v->window);
	detail(c, "remediation", v->remediation);
	call_tell(c);
	return err_set(e, code_of(v->answer), "%s", arena_cstr(&c->arena, v->why));
}
