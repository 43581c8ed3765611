/*
 * manage_users: people added, changed, disabled, by admins. What of a user changes in one request changes in one transaction, with a row of the
 * audit for each.
 */
#include "service/manage.h"

#include "service/audit.h"

#include <string.h>

static enum err_code hash_if_given(const struct str *password, struct buf *out, struct err *e)
{
	return password && password->len > 0 ? password_hash(*password, out, e) : ERR_OK;
}

struct user_add {
	struct store_op op;
	const struct identity *by;
	struct user user;
};

static enum err_code apply_user_add(struct store_op *op, struct db *db, struct err *e)
{
	struct user_add *w = (struct user_add *)(void *)op;
	struct user *u = &w->user;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(access_still(db, w->by, u->created_at, e));
	TRY(users_add(db, u->email, u->password, u->role, u->created_at, &u->id, e));
	return audit_deed(db, w->by,
		&(struct deed_done){ DEED_USER_ADD, u->id, u->email,
			arena_fmt(&a, "{\"role\":\"%s\",\"password\":%s}", role_name(u->role),
				u->password.len > 0 ? "true" : "false"),
			u->created_at },
		e);
}

enum err_code manage_user_add(struct store *s, const struct identity *by, struct str email, enum role role,
	struct str password, int64_t now, struct user *ret, struct err *e)
{
	struct user_add w = { .op = { .apply = apply_user_add, .bytes = sizeof w },
		.by = by,
		.user = { .email = email, .role = role, .created_at = now } };
	enum err_code code;
	AUTO_BUF phc;

	buf_init(&phc, 1000);
	TRY(access_allow_admin(by, e));
	TRY(hash_if_given(&password, &phc, e));
	w.user.password = buf_view(&phc);
	code = store_write(s, &w.op, e);
	TRY(code);
	*ret = w.user;
	ret->password = phc.len > 0 ? STR("*") : STR("");
	return ERR_OK;
}

struct user_op {
	struct store_op op;
	const struct identity *by;
	const struct user_change *change;
	struct str phc;
	int64_t id, now;
};

static enum err_code tell(const struct user_op *w, struct db *db, const struct user *u, enum deed d,
	struct str detail, struct err *e)
{
	return audit_deed(db, w->by, &(struct deed_done){ d, u->id, u->email, detail, w->now }, e);
}

static enum err_code change_role(
	const struct user_op *w, struct db *db, const struct user *u, struct arena *a, struct err *e)
{
	enum role to = w->change->role;

	if (!w->change->has_role || to == u->role)
		return ERR_OK;
	TRY(users_set_role(db, u->id, to, e));
	return tell(w, db, u, DEED_USER_ROLE,
		arena_fmt(a, "{\"from\":\"%s\",\"to\":\"%s\"}", role_name(u->role), role_name(to)), e);
}

static enum err_code change_state(const struct user_op *w, struct db *db, const struct user *u, struct err *e)
{
	if (!w->change->has_disabled || w->change->disabled == (u->disabled_at != 0))
		return ERR_OK;
	TRY(w->change->disabled ? users_disable(db, u->id, w->now, e) : users_enable(db, u->id, e));
	return tell(w, db, u, w->change->disabled ? DEED_USER_DISABLE : DEED_USER_ENABLE, STR(""), e);
}

/* Who could sign in with the old one must do so again: browsers are signed out. Tokens have a life of their own. */
static enum err_code change_password(
	const struct user_op *w, struct db *db, const struct user *u, struct err *e)
{
	if (!w->change->has_password)
		return ERR_OK;
	TRY(users_set_password(db, u->id, w->phc, e));
	TRY(sessions_revoke_others(db, u->id, 0, w->now, e));
	return tell(w, db, u, DEED_USER_PASSWORD,
		w->phc.len > 0 ? STR("{\"set\":true}") : STR("{\"set\":false}"), e);
}

static enum err_code apply_user_change(struct store_op *op, struct db *db, struct err *e)
{
	struct user_op *w = (struct user_op *)(void *)op;
	struct user u;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(access_still(db, w->by, w->now, e));
	TRY(users_get(db, &a, w->id, &u, e));
	TRY(change_role(w, db, &u, &a, e));
	TRY(change_state(w, db, &u, e));
	return change_password(w, db, &u, e);
}

enum err_code manage_user_change(struct store *s, const struct identity *by, int64_t id,
	const struct user_change *change, int64_t now, struct err *e)
{
	struct user_op w = { .op = { .apply = apply_user_change, .bytes = sizeof w },
		.by = by,
		.change = change,
		.id = id,
		.now = now };
	AUTO_BUF phc;

	buf_init(&phc, 1000);
	TRY(access_allow_admin(by, e));
	TRY(hash_if_given(change->has_password ? &change->password : NULL, &phc, e));
	w.phc = buf_view(&phc);
	return store_write(s, &w.op, e);
}

enum err_code manage_user_get(struct store *s, const struct identity *by, int64_t id, struct arena *a,
	struct user *ret, struct forge_login **ret_logins, size_t *ret_n_logins, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(access_allow_admin(by, e));
	TRY(store_reader_get(s, &db, e));
	code = users_get(db, a, id, ret, e);
	if (code == ERR_OK)
		code = forge_logins_of(db, a, id, ret_logins, ret_n_logins, e);
	store_reader_put(s, db);
	return code;
}

enum err_code manage_user_list(struct store *s, const struct identity *by, const struct user_query *q,
	struct arena *a, struct user_page *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(access_allow_admin(by, e));
	TRY(store_reader_get(s, &db, e));
	code = users_list(db, a, q, &ret->users, &ret->n, &ret->total, e);
	if (code == ERR_OK && ret->n > 0)
		code = forge_logins_between(
			db, a, ret->users[0].id, ret->users[ret->n - 1].id, &ret->logins, &ret->n_logins, e);
	store_reader_put(s, db);
	return code;
}
