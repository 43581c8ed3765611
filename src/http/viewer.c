/* viewer: the one place where a page's request becomes somebody. */
#include "http/viewer.h"

#include "http/edge.h"
#include "http/html.h"

#define RETURN_MAX 2000 /* as pageLogin's parameter has it */

enum err_code page_viewer(struct call *c, struct viewer *ret, struct err *e)
{
	TRY(access_authenticate(c->app->access, &c->cfg->internal, REALM_API, call_header(c, "Authorization"),
		c->now, &c->arena, &c->identity, e));
	*ret = (struct viewer){
		.user_id = c->identity.token.user_id, .role = c->identity.role, .name = c->identity.token.name
	};
	return ERR_OK;
}

struct str page_return_path(struct str asked)
{
	if (asked.len == 0 || asked.len > RETURN_MAX || asked.p[0] != '/')
		return STR("/");
	if (asked.len > 1 && (asked.p[1] == '/' || asked.p[1] == '\\'))
		return STR("/");
	for (size_t i = 0; i < asked.len; i++)
		if (asked.p[i] <= ' ' || asked.p[i] > '~' || asked.p[i] == '\\')
			return STR("/");
	return asked;
}

const char *page_login_path(struct call *c)
{
	const struct request_head *head = &edge_of(c)->head;
	struct str back = arena_fmt(&c->arena, "%.*s%s%.*s", STR_FMT(head->path),
		head->query.len > 0 ? "?" : "", STR_FMT(head->query));
	struct html h;
	AUTO_BUF path;

	buf_init(&path, 3 * RETURN_MAX + 100);
	h.out = &path;
	back = page_return_path(back);
	html(&h, "/login");
	if (back.len > 1) {
		html(&h, "?return=");
		html_url(&h, back);
	}
	return arena_cstr(&c->arena, buf_view(&path));
}
