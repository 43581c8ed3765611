/*
 * signin_enter: who may come in, as whom, with which role.
 *
 * It is decided inside the transaction that stores it, because two browsers of one new person may come at once: the second finds what the
 * first has made. The audit tells each deed that came of it.
 */
#include "service/signin_enter.h"

#include "base/json.h"
#include "base/utf8.h"

#define NAME_SHOWN 60 /* bytes of a name in a refusal */

struct enter_op {
	struct store_op op;
	const struct signin_enter *in;
	struct str token, id; /* sealed; of the session */
	struct session session;
};

/* Shown to the person, so it names what their admin has to write. */
static enum err_code deny(const struct signin_end *w, const struct oauth_person *who, struct err *e)
{
	struct str name = who->login.len > 0 ? who->login : who->subject;
	int shown = (int)utf8_floor(name, NAME_SHOWN);

	if (w->oauth->n_allow == 0)
		return err_set(e, ERR_FORBIDDEN,
			"%.*s may not come in: [oauth \"%.*s\"] lets nobody new in; ask who runs this "
			"server to write `allow` there",
			shown, name.p, STR_FMT(w->oauth->provider.name));
	return err_set(e, ERR_FORBIDDEN,
		"%.*s may not come in: no `allow` of [oauth \"%.*s\"] is about you; ask who runs this "
		"server to add you, one of your "
		"organisations, or the domain of your verified e-mail address",
		shown, name.p, STR_FMT(w->oauth->provider.name));
}

static struct str detail_of(const struct enter_op *w, const char *key, const char *value)
{
	const struct signin_end *end = w->in->end;
	struct json_out j;
	struct str text;
	AUTO_BUF out;

	buf_init(&out, 2000);
	json_out_init(&j, &out);
	json_open_object(&j, NULL);
	json_put_str(&j, "provider", end->oauth->provider.name);
	json_put_str(&j, "login", w->in->who->login);
	if (key)
		json_put_z(&j, key, value);
	json_close_object(&j);
	text = arena_str(end->a, buf_view(&out));
	return text;
}

/* What came of a sign-in was done by who signed in. */
static enum err_code tell(struct db *db, const struct enter_op *w, enum deed deed, int64_t user_id,
	struct str email, const char *key, const char *value, struct err *e)
{
	const struct signin_end *end = w->in->end;
	struct audit_entry x = { .at = end->now,
		.user_id = user_id,
		.actor = email,
		.action = str_z(deed_word(deed)),
		.subject_kind = str_z(deed_kind(deed)),
		.subject_id = user_id,
		.subject = email,
		.detail = detail_of(w, key, value),
		.request_id = end->request_id,
		.address = end->address };

	return audit_add(db, &x, e);
}

static enum err_code add_user(struct db *db, const struct enter_op *w, int64_t *ret_id, struct err *e)
{
	const struct signin_end *end = w->in->end;
	struct str email = w->in->who->email;
	enum role role = ROLE_USER;

	if (!oauth_config_admits(end->oauth, w->in->who))
		return deny(end, w->in->who, e);
	oauth_config_role(end->oauth, w->in->who, &role);
	TRY(users_add(db, email, STR(""), role, end->now, ret_id, e));
	return tell(db, w, DEED_USER_ADD, *ret_id, email, "role", role_name(role), e);
}

/* Of an account that has not come before. */
static enum err_code user_by_email(struct db *db, const struct enter_op *w, int64_t *ret_id, struct err *e)
{
	const struct signin_end *end = w->in->end;
	struct str email = w->in->who->email, name = end->oauth->provider.name;
	struct user user = { 0 };
	enum err_code code;

	if (end->oauth->n_allow > 0 && !oauth_config_admits(end->oauth, w->in->who))
		return deny(end, w->in->who, e);
	if (str_find(email, '@') == email.len)
		return err_set(e, ERR_FORBIDDEN,
			"%.*s tells no verified e-mail address of you; verify one there, and sign in again",
			STR_FMT(name));
	code = users_by_email(db, end->a, email, &user, e);
	if (code == ERR_NOT_FOUND)
		return add_user(db, w, ret_id, e);
	TRY(code);
	if (!end->oauth->link_email)
		return err_set(e, ERR_FORBIDDEN,
			"a user here has your e-mail address already; sign in as that user with the "
			"password and tie this account at /account, or ask who runs this server to set "
			"link-email in [oauth \"%.*s\"], which "
			"makes accounts there those of the users with their addresses",
			STR_FMT(name));
	*ret_id = user.id;
	return ERR_OK;
}

/* Of an account that has come before, or that somebody who is signed in wants to be theirs. */
static enum err_code check_tie(const struct enter_op *w, const struct forge_login *found, struct err *e)
{
	struct str name = w->in->end->oauth->provider.name;

	if (w->in->tie_user_id == 0 || found->user_id == w->in->tie_user_id)
		return ERR_OK;
	return err_set(e, ERR_FORBIDDEN,
		"this account at %.*s is another user's here already; sign out there and in with yours",
		STR_FMT(name));
}

static enum err_code find_user(
	struct db *db, const struct enter_op *w, struct forge_login *login, struct err *e)
{
	const struct signin_end *end = w->in->end;
	const struct oauth_person *who = w->in->who;
	enum err_code code = forge_logins_find(db, end->a, end->oauth->provider.name, who->subject, login, e);

	if (code == ERR_NOT_FOUND && w->in->tie_user_id == 0)
		return user_by_email(db, w, &login->user_id, e);
	if (code == ERR_NOT_FOUND)
		*login = (struct forge_login){ .user_id = w->in->tie_user_id };
	else
		TRY(code);
	TRY(check_tie(w, login, e));
	if (end->oauth->n_allow > 0 && !oauth_config_admits(end->oauth, who))
		return deny(end, who, e);
	return ERR_OK;
}

/* The last admin stays one, whatever the teams say: somebody has to be able to mend the settings. */
static enum err_code settle_role(
	struct db *db, const struct enter_op *w, const struct user *user, struct err *e)
{
	enum role role;
	enum err_code code;

	if (!oauth_config_role(w->in->end->oauth, w->in->who, &role) || role == user->role)
		return ERR_OK;
	code = users_set_role(db, user->id, role, e);
	if (code == ERR_CONFLICT)
		return ERR_OK;
	TRY(code);
	return tell(db, w, DEED_USER_ROLE, user->id, user->email, "role", role_name(role), e);
}

static enum err_code keep_login(struct db *db, const struct enter_op *w, const struct forge_login *found,
	const struct user *user, struct err *e)
{
	const struct signin_end *end = w->in->end;
	struct forge_login login = { .user_id = user->id,
		.provider = end->oauth->provider.name,
		.forge_user_id = w->in->who->subject,
		.login = w->in->who->login,
		.token = w->token,
		.stored_at = end->now };

	TRY(forge_logins_put(db, &login, e));
	return found->id != 0 ? ERR_OK : tell(db, w, DEED_USER_LOGIN, user->id, user->email, NULL, NULL, e);
}

static enum err_code apply_enter(struct store_op *op, struct db *db, struct err *e)
{
	struct enter_op *w = (struct enter_op *)(void *)op;
	const struct signin_end *end = w->in->end;
	struct session_start start = { .address = end->address,
		.agent = end->agent,
		.request_id = end->request_id,
		.how = "provider",
		.provider = end->oauth->provider.name };
	struct forge_login login = { 0 };
	struct user user = { 0 };

	TRY(find_user(db, w, &login, e));
	TRY(users_get(db, end->a, login.user_id, &user, e));
	if (user.disabled_at != 0)
		return err_set(e, ERR_FORBIDDEN, "your user is disabled here; ask who runs this server");
	TRY(keep_login(db, w, &login, &user, e));
	if (w->in->tie_user_id == 0) /* who ties an account stays who they are */
		TRY(settle_role(db, w, &user, e));
	start.user_id = user.id;
	return session_add(db, end->cfg, &start, w->id, end->now, end->a, &w->session, e);
}

enum err_code signin_enter(struct signin_enter *in, struct err *e)
{
	struct enter_op w = { .op = { .apply = apply_enter, .bytes = 131072 }, .in = in };
	AUTO_BUF token, id;

	buf_init(&token, SIZE_MAX);
	buf_init(&id, SESSION_ID_LEN);
	forge_token_seal(in->key, in->tokens, &token);
	session_new_id(&id);
	w.token = buf_view(&token);
	w.id = buf_view(&id);
	TRY(store_write(in->store, &w.op, e));
	in->end->session = w.session;
	in->end->session_id = arena_str(in->end->a, buf_view(&id));
	return ERR_OK;
}
