/* api_users: people, for admins. What hashes a password does so beside the requests (errands). */
#include "api_table.h"

#include "service/manage.h"

static void put_login(struct json_out *j, const struct forge_login *l)
{
	json_open_object(j, NULL);
	json_put_str(j, "provider", l->provider);
	if (l->login.len > 0)
		json_put_str(j, "login", l->login);
	else
		json_put_null(j, "login");
	json_close_object(j);
}

/* logins: those of this user are among them. */
static void put_user(struct json_out *j, const struct user *u, const struct forge_login *logins, size_t n)
{
	json_open_object(j, NULL);
	json_put_int(j, "user_id", u->id);
	json_put_str(j, "email", u->email);
	json_put_z(j, "role", role_name(u->role));
	json_put_z(j, "state", u->disabled_at != 0 ? "disabled" : "active");
	json_put_bool(j, "has_password", u->password.len > 0);
	json_open_array(j, "logins");
	for (size_t i = 0; i < n; i++)
		if (logins[i].user_id == u->id)
			put_login(j, &logins[i]);
	json_close_array(j);
	json_put_time(j, "created_at", u->created_at);
	json_put_time(j, "disabled_at", u->disabled_at);
	json_close_object(j);
}

enum err_code api_list_users(struct call *c, struct err *e)
{
	struct user_query q = { .email = arg_str(c, "email"),
		.role = ROLE_N,
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset") };
	struct user_page page = { 0 };
	struct json_out j;

	if (arg_has(c, "role") && !role_find(arg_str(c, "role"), &q.role))
		return err_field(e, "role", "is not known");
	if (arg_has(c, "state"))
		q.state = str_eq(arg_str(c, "state"), STR("disabled")) ? USERS_DISABLED : USERS_ACTIVE;
	TRY(manage_user_list(c->app->store, &c->identity, &q, &c->arena, &page, e));
	j = reply_page(c, q.limit, q.offset, page.n, page.total);
	for (size_t i = 0; i < page.n; i++)
		put_user(&j, &page.users[i], page.logins, page.n_logins);
	reply_page_end(&j);
	return ERR_OK;
}

static enum err_code reply_user(struct call *c, int status, int64_t id, struct err *e)
{
	struct forge_login *logins = NULL;
	struct user user;
	struct json_out j;
	size_t n = 0;

	TRY(manage_user_get(c->app->store, &c->identity, id, &c->arena, &user, &logins, &n, e));
	j = reply_json(c, status);
	put_user(&j, &user, logins, n);
	return ERR_OK;
}

enum err_code api_get_user(struct call *c, struct err *e)
{
	return reply_user(c, 200, arg_int(c, "user_id"), e);
}

/* ---- changes ---- */

struct work {
	struct errand errand;
	struct call *call;
	enum err_code (*fn)(struct call *c, struct err *e);
};

static void run_work(struct errand *x)
{
	struct work *w = (struct work *)(void *)x;
	struct call *c = w->call;
	struct err e = { .code = ERR_OK };

	e.code = w->fn(c, &e);
	call_finish(c, &e);
}

/* With a password in the body: beside the requests. */
static enum err_code do_change(
	struct call *c, enum err_code (*fn)(struct call *c, struct err *e), struct err *e)
{
	struct work *w;
	enum err_code code;

	if (json_kind(json_get(c->body, "password")) != JSON_STRING)
		return fn(c, e);
	w = arena_alloc(&c->arena, sizeof *w);
	*w = (struct work){ .errand = { .run = run_work }, .call = c, .fn = fn };
	call_defer(c, NULL, NULL);
	code = errands_submit(c->app->passwords, &w->errand, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

static enum err_code add(struct call *c, struct err *e)
{
	struct json *role_word = json_get(c->body, "role");
	enum role role = ROLE_USER;
	struct user user = { 0 };

	if (role_word && !role_find(json_str(role_word), &role))
		return err_field(e, "role", "is not known");
	TRY(manage_user_add(c->app->store, &c->identity, json_str(json_get(c->body, "email")), role,
		json_str(json_get(c->body, "password")), c->now, &user, e));
	return reply_user(c, 201, user.id, e);
}

enum err_code api_add_user(struct call *c, struct err *e)
{
	return do_change(c, add, e);
}

static enum err_code change(struct call *c, struct err *e)
{
	struct json *role = json_get(c->body, "role"), *state = json_get(c->body, "state"),
		    *password = json_get(c->body, "password");
	struct user_change x = {
		.has_role = role != NULL,
		.has_disabled = state != NULL,
		.disabled = str_eq(json_str(state), STR("disabled")),
		.has_password = json_kind(password) != JSON_NONE,
		.password = json_str(password),
	};

	if (role && !role_find(json_str(role), &x.role))
		return err_field(e, "role", "is not known");
	TRY(manage_user_change(c->app->store, &c->identity, arg_int(c, "user_id"), &x, c->now, e));
	return reply_user(c, 200, arg_int(c, "user_id"), e);
}

enum err_code api_change_user(struct call *c, struct err *e)
{
	if (json_len(c->body) == 0)
		return err_set(e, ERR_INVALID, "nothing is to be changed: tell role, state or password");
	return do_change(c, change, e);
}
