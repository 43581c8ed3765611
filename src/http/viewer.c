/* viewer: the one place where a page's request becomes somebody. */
#include "http/viewer.h"

#include "base/digest.h"
#include "http/edge.h"
#include "http/html.h"

#define RETURN_MAX 2000 /* as pageLogin's parameter has it */

static enum err_code by_session(struct call *c, struct viewer *ret, struct err *e)
{
	struct str id = session_cookie_find(c->cfg, call_header(c, "Cookie"));
	struct session s;

	TRY(session_find(c->app->store, c->cfg, id, c->now, &c->arena, &s, e));
	c->identity = (struct identity){
		.kind = IDENTITY_SESSION,
		.user_id = s.user_id,
		.email = s.email,
		.session_id = s.id,
		.scopes = role_scopes(s.role),
		.role = s.role,
	};
	*ret = (struct viewer){
		.user_id = s.user_id, .role = s.role, .name = s.email, .csrf = session_csrf(&s, &c->arena)
	};
	return ERR_OK;
}

enum err_code page_viewer(struct call *c, struct viewer *ret, struct err *e)
{
	if (call_header(c, "Authorization").len == 0)
		return by_session(c, ret, e);
	TRY(access_authenticate(c->app->access, &c->cfg->internal, REALM_API, call_header(c, "Authorization"),
		c->now, &c->arena, &c->identity, e));
	*ret = (struct viewer){
		.user_id = c->identity.user_id, .role = c->identity.role, .name = c->identity.token.name
	};
	return ERR_OK;
}

enum err_code viewer_form_check(struct call *c, struct err *e)
{
	struct str token = json_str(json_get(c->body, "csrf")), site = call_header(c, "Sec-Fetch-Site");
	struct sha256 want = sha256_of(c->viewer.csrf), got = sha256_of(token);

	if (c->viewer.csrf.len == 0)
		return err_set(e, ERR_FORBIDDEN,
			"forms are for browsers that have signed in; programs use the HTTP interface");
	if (!sha256_equal(&want, &got) || str_eq(site, STR("cross-site")))
		return err_set(e, ERR_FORBIDDEN,
			"the form is not from a page of this session; go back, load the page again and send "
			"it from there");
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
	/* What was sent by a form cannot be gone back to. */
	back = str_eq(head->method, STR("GET")) ? page_return_path(back) : STR("/");
	html(&h, "/login");
	if (back.len > 1) {
		html(&h, "?return=");
		html_url(&h, back);
	}
	return arena_cstr(&c->arena, buf_view(&path));
}
