/*
 * access_still: is whoever asked still good for it, at the moment in which it is done?
 *
 * A request is let in by its headers. Until its change is applied its body may have been slow, or a queue long: meanwhile its token may have been revoked, its user
 * disabled or given another role, its password changed. So what people change asks once more, on the writer's connection, in the transaction of the change:
 * there is only one order of things there, and whoever was told that a token is revoked finds nothing done with it behind that.
 */
#include "service/access.h"
#include "store/access_nouns.h"

static enum err_code same_role(const struct identity *by, enum role now_is, struct err *e)
{
	if (by->role == now_is)
		return ERR_OK;
	return err_set(e, ERR_FORBIDDEN, "the user's role was changed meanwhile to %s; ask again",
		role_name(now_is));
}

static enum err_code token_still(
	struct db *db, const struct identity *by, int64_t now, struct arena *a, struct err *e)
{
	struct token t;
	enum err_code code = tokens_get(db, a, by->token.id, &t, e);

	if (code == ERR_NOT_FOUND)
		return access_refuse(e);
	TRY(code);
	if (t.revoked_at != 0 || t.disabled_at != 0 || (t.expires_at != 0 && t.expires_at <= now))
		return access_refuse(e);
	return same_role(by, t.role, e);
}

static enum err_code session_still(
	struct db *db, const struct identity *by, int64_t now, struct arena *a, struct err *e)
{
	struct session s;
	enum err_code code = sessions_get(db, a, by->session_id, &s, e);

	if (code == ERR_NOT_FOUND)
		return access_refuse(e);
	TRY(code);
	if (s.revoked_at != 0 || s.disabled_at != 0 || s.expires_at <= now)
		return access_refuse(e);
	return same_role(by, s.role, e);
}

static enum err_code password_still(struct db *db, const struct identity *by, struct arena *a, struct err *e)
{
	struct user u;

	TRY(users_get(db, a, by->user_id, &u, e));
	if (u.disabled_at != 0 || !str_eq(u.password, by->password))
		return access_refuse(e);
	return same_role(by, u.role, e);
}

enum err_code access_still(struct db *db, const struct identity *by, int64_t now, struct err *e)
{
	enum err_code code = ERR_OK;
	AUTO_ARENA a;

	arena_init(&a);
	switch (by->kind) {
	case IDENTITY_NONE:
	case IDENTITY_INTERNAL:
	case IDENTITY_HOST: /* it was looked at when the connection came */
		break;
	case IDENTITY_TOKEN:
		code = token_still(db, by, now, &a, e);
		break;
	case IDENTITY_SESSION:
		code = session_still(db, by, now, &a, e);
		break;
	case IDENTITY_PASSWORD:
		code = password_still(db, by, &a, e);
		break;
	}
	return code;
}
