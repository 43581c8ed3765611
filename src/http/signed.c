/*
 * signed: a signature is over the body, so that who sent it is only known when all of it is here. What can be told before that is told before: that nothing is configured, and that there is no
 * signature at all. A body is kept but not looked at until its signature holds: no type, no length, no JSON.
 *
 * A signature that does not hold is a failed authentication like another, and is counted as one.
 */
#include "http/signed.h"

#include "http/edge.h"

static struct str first_header(const struct call *c, const char *const *names)
{
	struct str s = STR("");

	for (; s.len == 0 && *names; names++)
		s = str_trim(call_header(c, *names));
	return s;
}

struct hook_delivery signed_delivery(const struct call *c)
{
	struct hook_delivery d = { .kind = HOOK_FORGEJO };
	const struct hook_headers *h;

	hook_kind_find(arg_str(c, "kind"), &d.kind); /* the document has the same list */
	h = hook_headers_of(d.kind);
	d.event = first_header(c, h->event);
	d.id = first_header(c, h->delivery);
	d.signature = first_header(c, h->signature);
	d.body = (struct str){ edge_of(c)->body, edge_of(c)->body_len };
	return d;
}

static enum err_code counted(struct call *c, enum err_code code, struct err *e)
{
	return code == ERR_UNAUTHORIZED || code == ERR_CLOSED ? guard_failed(c, e) : code;
}

enum err_code signed_admit(struct call *c, struct err *e)
{
	struct hook_delivery d;

	args_read(c);
	TRY(edge_problems_check(c, e));
	d = signed_delivery(c);
	return counted(c, hooks_open(c->cfg, &d, e), e);
}

enum err_code signed_check(struct call *c, struct err *e)
{
	struct hook_delivery d = signed_delivery(c);

	return counted(c, hooks_signed(c->cfg, &d, e), e);
}
