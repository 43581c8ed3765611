/*
 * api_tokens: tokens made, listed and revoked, to the letter of the results API.
 *
 * One is made with a password, which is looked at beside the requests (errands), or with a token that is good; the guard has let both through.
 */
#include "api_table.h"

#include "service/manage.h"

static void put_scopes(struct json_out *j, scope_set set)
{
	json_open_array(j, "scopes");
	for (enum scope s = 0; s < SCOPE_N; s++)
		if (set & SCOPE_BIT(s))
			json_put_z(j, NULL, scope_name(s));
	json_close_array(j);
}

static void put_binding(struct json_out *j, const struct token *t)
{
	if (t->repo_id == 0)
		json_put_null(j, "repository");
	else
		json_put_str(j, "repository", t->repo);
	if (t->host.len == 0)
		json_put_null(j, "host");
	else
		json_put_str(j, "host", t->host);
	json_put_bool(j, "machine", t->machine);
}

static void put_token(struct json_out *j, const struct token *t)
{
	json_open_object(j, NULL);
	json_put_int(j, "id", t->id);
	json_put_int(j, "user_id", t->user_id);
	json_put_str(j, "token_name", t->name);
	put_scopes(j, t->scopes);
	put_binding(j, t);
	json_put_time(j, "last_used_at", t->last_used_at);
	json_put_time(j, "created_at", t->created_at);
	json_put_time(j, "expires_at", t->expires_at);
	json_put_bool(j, "is_revoked", t->revoked_at != 0);
	json_put_time(j, "revoked_at", t->revoked_at);
	json_close_object(j);
}

enum err_code api_list_tokens(struct call *c, struct err *e)
{
	const struct token_listing l = {
		.all = arg_bool(c, "all"), .limit = arg_int(c, "limit"), .offset = arg_int(c, "offset")
	};
	struct token *tokens = NULL;
	int64_t total;
	struct json_out j;
	size_t n = 0;

	if (arg_bool(c, "all"))
		call_needs(c, 0, ROLE_BIT(ROLE_ADMIN));
	TRY(manage_token_list(c->app->store, &c->identity, &l, &c->arena, &tokens, &n, &total, e));
	j = reply_page(c, l.limit, l.offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_token(&j, &tokens[i]);
	reply_page_end(&j);
	return ERR_OK;
}

static scope_set scopes_of(const struct call *c)
{
	struct json *list = json_get(c->body, "scopes");
	scope_set set = 0;
	enum scope s;

	if (!list)
		return SCOPE_BIT(SCOPE_RUNS_READ) | SCOPE_BIT(SCOPE_RESULTS_READ);
	for (size_t i = 0; i < json_len(list); i++)
		if (scope_find(json_str(json_at(list, i)), &s))
			set |= SCOPE_BIT(s);
	return set;
}

static struct token_request request_of(const struct call *c)
{
	struct token_request r = {
		.name = json_str(json_get(c->body, "token_name")),
		.scopes = scopes_of(c),
		.days = TOKEN_DAYS_DEFAULT,
		.repo = json_str(json_get(c->body, "repository")),
		.forge = json_str(json_get(c->body, "forge")),
		.host = json_str(json_get(c->body, "host")),
	};

	r.has_days = json_int(json_get(c->body, "expires_in_days"), &r.days);
	json_int(json_get(c->body, "machine_days"), &r.machine_days);
	return r;
}

static enum err_code create(struct call *c, struct err *e)
{
	struct token_request r = request_of(c);
	struct token token;
	struct json_out j;
	AUTO_BUF text;

	buf_init(&text, 200);
	call_needs(c, r.scopes, r.machine_days > 0 ? ROLE_BIT(ROLE_ADMIN) : 0);
	TRY(manage_token_create(
		c->app->store, c->cfg, &c->identity, &r, c->now, &c->arena, &token, &text, e));
	j = reply_json(c, 201);
	json_open_object(&j, NULL);
	json_put_str(&j, "token", buf_view(&text));
	json_put_z(&j, "token_type", "bearer");
	json_put_int(&j, "id", token.id);
	json_put_str(&j, "token_name", token.name);
	put_scopes(&j, token.scopes);
	put_binding(&j, &token);
	json_put_time(&j, "expires_at", token.expires_at);
	json_close_object(&j);
	secret_wipe(text.p, text.len);
	return ERR_OK;
}

struct login {
	struct errand errand;
	struct call *call;
};

static enum err_code log_in(struct call *c, struct err *e)
{
	struct identity who = { 0 };
	enum err_code code = access_password(c->app->access, json_str(json_get(c->body, "email")),
		json_str(json_get(c->body, "password")), c->address, clock_steady_ms(c->app->clock),
		&c->arena, &who, e);

	if (code == ERR_UNAUTHORIZED)
		return guard_failed(c, e);
	TRY(code);
	who.address = c->identity.address;
	who.request_id = c->identity.request_id;
	c->identity = who;
	return ERR_OK;
}

static void run_login(struct errand *x)
{
	struct login *l = (struct login *)(void *)x;
	struct call *c = l->call; /* l lies in its arena */
	struct err e = { .code = ERR_OK };

	if (log_in(c, &e) == ERR_OK && create(c, &e) == ERR_OK)
		e.code = ERR_OK;
	call_finish(c, &e);
}

static enum err_code create_with_password(struct call *c, struct err *e)
{
	struct login *l = arena_alloc(&c->arena, sizeof *l);
	enum err_code code;

	*l = (struct login){ .errand = { .run = run_login }, .call = c };
	call_defer(c, NULL, NULL);
	code = errands_submit(c->app->passwords, &l->errand, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

enum err_code api_create_token(struct call *c, struct err *e)
{
	bool has_email = json_get(c->body, "email") != NULL,
	     has_password = json_get(c->body, "password") != NULL;

	if (has_email && has_password)
		return create_with_password(c, e);
	if (has_email || has_password)
		return err_field(
			e, has_email ? "password" : "email", "goes with the other: both, or a token");
	if (c->identity.kind == IDENTITY_TOKEN) {
		call_needs(c, SCOPE_BIT(SCOPE_TOKENS_MANAGE), 0);
		TRY(access_allow(&c->identity, SCOPE_BIT(SCOPE_TOKENS_MANAGE), 0, e));
		return create(c, e);
	}
	if (call_header(c, "Authorization").len == 0)
		return err_field(e, "email", "is needed, with password; or send Authorization: Bearer TOKEN");
	access_refuse(e);
	return guard_failed(c, e);
}

enum err_code api_revoke_token(struct call *c, struct err *e)
{
	TRY(manage_token_revoke(c->app->store, &c->identity, arg_int(c, "token_id"), c->now, e));
	reply_empty(c, 204);
	return ERR_OK;
}

enum err_code api_revoke_current_token(struct call *c, struct err *e)
{
	TRY(manage_token_revoke(c->app->store, &c->identity, c->identity.token.id, c->now, e));
	reply_empty(c, 204);
	return ERR_OK;
}
