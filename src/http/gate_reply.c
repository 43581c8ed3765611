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

static const char *answer_name(enum gate_answer a)
{
	static const char *const names[] = { [GATE_ADMITTED] = "admitted",
		[GATE_NOT_READY] = "not-ready",
		[GATE_MALFORMED] = "malformed",
		[GATE_OUTSIDE] = "outside" };

	return names[a];
}

void gate_put(struct json_out *j, const char *key, const struct gate_verdict *v)
{
	json_open_object(j, key);
	json_put_told(j, "gate", v->gate);
	json_put_z(j, "answer", answer_name(v->answer));
	json_put_told(j, "commit", v->commit);
	json_put_told(j, "head_commit", v->head);
	json_put_number(j, "behind", v->behind >= 0, v->behind);
	json_put_number(j, "window", v->window >= 0, v->window);
	json_put_told(j, "message", v->why);
	json_put_told(j, "remediation", v->remediation);
	json_close_object(j);
}
