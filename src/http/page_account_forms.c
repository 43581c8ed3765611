/*
 * page_account_forms: what /account shows, and what its forms do. Who may what is for the services to say, as with a token: a session has all
 * scopes that the role of its user allows.
 */
#include "api_table.h"
#include "http/page.h"
#include "http/page_account.h"

#include "service/manage.h"
#include "service/session.h"

#define SHOWN 100 /* tokens, and sessions, at most */

static enum err_code read_tokens(struct call *c, struct account_view *v, struct err *e)
{
	struct account_token *shown = arena_array(&c->arena, SHOWN, sizeof *shown);
	const struct token_listing l = { .good_at = c->now, .limit = SHOWN };
	struct token *tokens = NULL;
	int64_t total;
	size_t n = 0;

	TRY(manage_token_list(c->app->store, &c->identity, &l, &c->arena, &tokens, &n, &total, e));
	for (size_t i = 0; i < n; i++)
		shown[v->n_tokens++] = (struct account_token){ .id = tokens[i].id,
			.name = tokens[i].name,
			.repo = tokens[i].repo,
			.scopes = tokens[i].scopes,
			.created_at = tokens[i].created_at,
			.expires_at = tokens[i].expires_at,
			.used_at = tokens[i].last_used_at };
	v->more_tokens = total < 0 || total > (int64_t)n;
	v->tokens = shown;
	return ERR_OK;
}

static enum err_code read_sessions(struct call *c, struct account_view *v, struct err *e)
{
	struct account_session *shown = arena_array(&c->arena, SHOWN, sizeof *shown);
	struct session *list = NULL;
	int64_t total;

	TRY(session_list(c->app->store, c->identity.user_id, c->now, SHOWN, 0, &c->arena, &list,
		&v->n_sessions, &total, e));
	for (size_t i = 0; i < v->n_sessions; i++)
		shown[i] = (struct account_session){ .id = list[i].id,
			.address = list[i].address,
			.agent = list[i].agent,
			.began_at = list[i].created_at,
			.seen_at = list[i].seen_at,
			.is_this = list[i].id == c->identity.session_id };
	v->sessions = shown;
	return ERR_OK;
}

static enum err_code read_logins(struct call *c, struct account_view *v, struct err *e)
{
	struct account_login *shown = arena_array(&c->arena, c->cfg->n_oauths + 1, sizeof *shown);
	struct forge_login *logins = NULL;
	size_t n = 0;

	TRY(signin_logins(c->app->store, c->identity.user_id, &c->arena, &logins, &n, e));
	for (size_t i = 0; i < c->cfg->n_oauths; i++) {
		struct account_login *l = &shown[v->n_logins++];

		l->provider = c->cfg->oauths[i].provider.name;
		for (size_t k = 0; k < n; k++)
			if (str_eq_nocase(logins[k].provider, l->provider)) {
				l->tied = true;
				l->login = logins[k].login;
			}
	}
	v->logins = shown;
	return ERR_OK;
}

static enum err_code show(struct call *c, int status, struct str new_token, struct str error, struct err *e)
{
	struct account_view v = { .email = c->identity.email,
		.csrf = c->viewer.csrf,
		.role = c->identity.role,
		.scopes = c->identity.scopes,
		.new_token = new_token,
		.error = error,
		.now = c->now };
	struct html h;

	TRY(read_tokens(c, &v, e));
	TRY(read_sessions(c, &v, e));
	TRY(read_logins(c, &v, e));
	h = page_begin(c, status, STR("Account"));
	page_account_put(&h, &v);
	page_end(c, &h);
	return ERR_OK;
}

static enum err_code back_to_account(struct call *c)
{
	reply_header(c, "Location", "/account");
	reply_empty(c, 303);
	return ERR_OK;
}

/* Where its user is signed in, and what else they hold, is nothing of one repo. */
enum err_code page_account(struct call *c, struct err *e)
{
	if (c->identity.token.repo_id != 0 || c->identity.token.host.len > 0)
		return err_set(e, ERR_FORBIDDEN,
			"a token that is bound to a repo or a host does not reach its user's account");
	return show(c, 200, STR(""), STR(""), e);
}

static scope_set scopes_of(const struct call *c)
{
	struct json *list = json_get(c->body, "scope");
	scope_set set = 0;
	enum scope s;

	for (size_t i = 0; i < json_len(list); i++)
		if (scope_find(json_str(json_at(list, i)), &s))
			set |= SCOPE_BIT(s);
	return set;
}

enum err_code page_token_create(struct call *c, struct err *e)
{
	struct token_request r = { .name = json_str(json_get(c->body, "name")),
		.scopes = scopes_of(c),
		.repo = json_str(json_get(c->body, "repo")) };
	struct token token;
	enum err_code code;
	struct err why;
	AUTO_BUF text;

	buf_init(&text, 200);
	json_int(json_get(c->body, "days"), &r.days);
	code = r.scopes == 0 ? err_set(&why, ERR_INVALID, "a token without scopes can do nothing; tick some")
			     : manage_token_create(c->app->store, c->cfg, &c->identity, &r, c->now, &c->arena,
				       &token, &text, &why);
	if (code == ERR_OK) {
		code = show(c, 200, buf_view(&text), STR(""), e);
		secret_wipe(text.p, text.len);
		return code;
	}
	if (err_http(code) < 500)
		return show(c, err_http(code), STR(""), str_z(why.text), e);
	*e = why;
	return code;
}

enum err_code page_token_revoke(struct call *c, struct err *e)
{
	TRY(manage_token_revoke(c->app->store, &c->identity, arg_int(c, "token_id"), c->now, e));
	return back_to_account(c);
}

enum err_code page_session_revoke(struct call *c, struct err *e)
{
	const struct session_by by = session_by_identity(&c->identity);

	TRY(session_revoke(c->app->store, &by, arg_int(c, "session_id"), c->now, e));
	return back_to_account(c);
}

enum err_code page_session_revoke_others(struct call *c, struct err *e)
{
	const struct session_by by = session_by_identity(&c->identity);

	TRY(session_revoke_others(c->app->store, &by, c->now, e));
	return back_to_account(c);
}
