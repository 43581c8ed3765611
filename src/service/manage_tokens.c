/*
 * manage_tokens: tokens made, listed, revoked, each change with its row of the audit.
 *
 * A token never has more than the one that makes it: not more scopes, and what that one is bound to it is bound to as well. One that is made with a
 * password has at most what the role of its user allows, which bounds the others too.
 */
#include "service/manage.h"

#include "model/episode.h"
#include "service/audit.h"
#include "store/access_nouns.h"

#include <string.h>

struct token_add {
	struct store_op op;
	const struct identity *by;
	struct token token;
};

static void put_detail(const struct token *t, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	json_open_array(&j, "scopes");
	for (enum scope s = 0; s < SCOPE_N; s++)
		if (t->scopes & SCOPE_BIT(s))
			json_put_z(&j, NULL, scope_name(s));
	json_close_array(&j);
	json_put_time(&j, "expires_at", t->expires_at);
	if (t->repo_id != 0)
		json_put_str(&j, "repository", t->repo);
	if (t->host.len > 0)
		json_put_str(&j, "host", t->host);
	if (t->machine)
		json_put_bool(&j, "machine", true);
	json_close_object(&j);
}

static enum err_code apply_token_add(struct store_op *op, struct db *db, struct err *e)
{
	struct token_add *w = (struct token_add *)(void *)op;
	AUTO_BUF detail;

	buf_init(&detail, AUDIT_DETAIL_MAX);
	TRY(access_still(db, w->by, w->token.created_at, e));
	TRY(tokens_add(db, &w->token, e));
	put_detail(&w->token, &detail);
	TRY(buf_check(&detail, "detail", e));
	return audit_deed(db, w->by,
		&(struct deed_done){ DEED_TOKEN_CREATE, w->token.id, w->token.name, buf_view(&detail),
			w->token.created_at },
		e);
}

static enum err_code store_token(
	struct store *s, const struct identity *by, struct token *t, struct buf *ret_text, struct err *e)
{
	struct token_add w = { .op = { .apply = apply_token_add, .bytes = sizeof w }, .by = by, .token = *t };
	AUTO_BUF text;

	buf_init(&text, 200);
	token_make(&text);
	w.token.digest = sha256_of(buf_view(&text));
	TRY(store_write(s, &w.op, e));
	*t = w.token;
	buf_str(ret_text, buf_view(&text));
	secret_wipe(text.p, text.len);
	return ERR_OK;
}

/* One that its maker does not see is told as one that is not there. */
static enum err_code find_repo(struct store *s, struct str forge, struct str name, int64_t viewer,
	struct arena *a, struct repo *ret, struct err *e)
{
	struct db *db = NULL;
	bool visible = false;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = repos_find(db, a, forge, name, ret, e);
	if (code == ERR_OK)
		code = repo_is_visible(db, ret->id, viewer, &visible, e);
	store_reader_put(s, db);
	if (code == ERR_NOT_FOUND || (code == ERR_OK && !visible))
		return err_set(e, ERR_NOT_FOUND,
			"the repo is not watched; an admin watches it with sluice repo add");
	return code;
}

/* What the new token is bound to: what was asked for, within what its creator is bound to. */
static enum err_code bind_repo(struct store *s, const struct config *cfg, const struct identity *by,
	const struct token_request *r, struct arena *a, struct token *t, struct err *e)
{
	struct repo repo = { 0 };
	struct str forge;
	enum err_code code;

	if (r->repo.len == 0) {
		if (r->forge.len > 0)
			return err_field(e, "forge", "goes with repository only");
		t->repo_id = by->token.repo_id;
		t->repo = by->token.repo;
		return ERR_OK;
	}
	TRY(config_forge(cfg, r->forge, &forge, e));
	code = find_repo(s, forge, r->repo, access_viewer(by), a, &repo, e);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	if (by->token.repo_id != 0 && by->token.repo_id != repo.id)
		return err_set(e, ERR_FORBIDDEN,
			"a token that is bound to a repo makes only tokens bound to the same one");
	TRY(code);
	t->repo_id = repo.id;
	t->repo = repo.name;
	return ERR_OK;
}

static enum err_code bind_host(
	const struct identity *by, const struct token_request *r, struct token *t, struct err *e)
{
	struct err rule;

	if (r->host.len > 0 && host_name_check(r->host, &rule) != ERR_OK)
		return err_field(e, "host", "%s", rule.text);
	t->host = r->host.len > 0 ? r->host : by->token.host;
	if (by->token.host.len > 0 && !str_eq(by->token.host, t->host))
		return err_set(e, ERR_FORBIDDEN,
			"a token that is bound to a host makes only tokens bound to the same one");
	if (t->host.len > 0 && (r->scopes & ~(scope_set)SCOPES_OF_HOSTS))
		return err_field(e, "scopes",
			"a token that is bound to a host holds only episodes:read and episodes:write, which "
			"say a host");
	return ERR_OK;
}

/* A machine's token lasts longer than a person's, and so may do less, and is bound. */
static enum err_code check_machine(
	const struct identity *by, const struct token_request *r, struct token *t, struct err *e)
{
	AUTO_BUF scopes;

	buf_init(&scopes, 1000);
	if (r->machine_days == 0)
		return ERR_OK;
	TRY(access_allow_admin(by, e));
	if (r->has_days)
		return err_field(e, "expires_in_days", "goes without machine_days, which says it");
	if (t->repo_id == 0 && t->host.len == 0)
		return err_field(
			e, "machine_days", "goes with repository or host: a machine's token is bound");
	if (r->scopes & ~(scope_set)SCOPES_OF_MACHINES) {
		scope_write(r->scopes & ~(scope_set)SCOPES_OF_MACHINES, &scopes);
		return err_field(e, "scopes", "a machine's token cannot hold %s", buf_cstr(&scopes));
	}
	t->machine = true;
	t->expires_at = t->created_at + r->machine_days * DAY_MS;
	return ERR_OK;
}

enum err_code manage_token_create(struct store *s, const struct config *cfg, const struct identity *by,
	const struct token_request *r, int64_t now, struct arena *a, struct token *ret, struct buf *ret_text,
	struct err *e)
{
	struct token t = {
		.user_id = by->user_id,
		.email = by->email,
		.name = r->name,
		.scopes = r->scopes,
		.role = by->role,
		.created_at = now,
		.expires_at = now + r->days * DAY_MS,
	};

	TRY(access_allow(by, r->scopes, 0, e)); /* never more than its own */
	TRY(bind_repo(s, cfg, by, r, a, &t, e));
	TRY(bind_host(by, r, &t, e));
	TRY(check_machine(by, r, &t, e));
	TRY(store_token(s, by, &t, ret_text, e));
	*ret = t;
	return ERR_OK;
}

enum err_code manage_token_list(struct store *s, const struct identity *by, const struct token_listing *l,
	struct arena *a, struct token **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct token_query q = { .user_id = l->all ? 0 : by->user_id,
		.good_at = l->good_at,
		.limit = l->limit,
		.offset = l->offset };
	struct db *db = NULL;
	enum err_code code;

	if (l->all)
		TRY(access_allow_admin(by, e));
	if (by->kind == IDENTITY_TOKEN) { /* one that is bound learns of those alone that are bound alike */
		q.repo_id = by->token.repo_id;
		q.host = by->token.host;
	}
	TRY(store_reader_get(s, &db, e));
	code = tokens_list(db, a, &q, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	TRY(code);
	for (size_t i = 0; i < *ret_n; i++) /* what they are good for now, whatever they were made with */
		(*ret)[i].scopes &= role_scopes((*ret)[i].role);
	return ERR_OK;
}

struct token_revoke {
	struct store_op op;
	const struct identity *by;
	int64_t id, user_id, now; /* user_id 0: anybody's */
};

/* A token that is bound rules over those that are bound alike, and over itself. */
static bool is_within_binding(const struct identity *by, const struct token *t)
{
	const struct token *own = &by->token;

	if (by->kind != IDENTITY_TOKEN || t->id == own->id)
		return true;
	return (own->repo_id == 0 || own->repo_id == t->repo_id) &&
	       (own->host.len == 0 || str_eq(own->host, t->host));
}

static enum err_code apply_token_revoke(struct store_op *op, struct db *db, struct err *e)
{
	struct token_revoke *w = (struct token_revoke *)(void *)op;
	struct token t;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(access_still(db, w->by, w->now, e));
	TRY(tokens_get(db, &a, w->id, &t, e));
	if (!is_within_binding(w->by, &t))
		return err_set(e, ERR_NOT_FOUND, "there is no token %lld", (long long)w->id);
	TRY(tokens_revoke(db, w->id, w->user_id, w->now, e));
	if (t.revoked_at != 0)
		return ERR_OK;
	return audit_deed(db, w->by,
		&(struct deed_done){ DEED_TOKEN_REVOKE, t.id, t.name,
			arena_fmt(&a, "{\"user_id\":%lld}", (long long)t.user_id), w->now },
		e);
}

enum err_code manage_token_revoke(
	struct store *s, const struct identity *by, int64_t id, int64_t now, struct err *e)
{
	/* Somebody else's token is not there, rather than forbidden: ids must not be probed. */
	struct err not_admin;
	struct token_revoke w = { .op = { .apply = apply_token_revoke, .bytes = sizeof w },
		.by = by,
		.id = id,
		.user_id = access_allow_admin(by, &not_admin) == ERR_OK ? 0 : by->user_id,
		.now = now };
	enum err_code code = store_write(s, &w.op, e);

	if (code == ERR_NOT_FOUND)
		return err_set(e, code, "there is no token %lld of yours", (long long)id);
	return code;
}

struct first_admin {
	struct store_op op;
	const struct identity *by;
	struct str email;
	int64_t now, id;
	bool again;
};

static enum err_code apply_first_admin(struct store_op *op, struct db *db, struct err *e)
{
	struct first_admin *w = (struct first_admin *)(void *)op;
	enum err_code code = users_first_admin(db, &w->id, e);

	if (code == ERR_NOT_FOUND) {
		TRY(users_add(db, w->email, STR(""), ROLE_ADMIN, w->now, &w->id, e));
		return audit_deed(db, w->by,
			&(struct deed_done){
				DEED_USER_ADD, w->id, w->email, STR("{\"role\":\"admin\"}"), w->now },
			e);
	}
	TRY(code);
	if (!w->again)
		return err_set(
			e, ERR_CONFLICT, "there is an admin already; --new-token makes another token for it");
	return ERR_OK;
}

enum err_code manage_first_admin(struct store *s, struct str email, bool again, int64_t now,
	struct token *ret, struct buf *ret_text, struct err *e)
{
	const struct identity by = { .email = STR("sluice init") };
	struct first_admin w = { .op = { .apply = apply_first_admin, .bytes = sizeof w },
		.by = &by,
		.email = email,
		.now = now,
		.again = again };
	struct token t = {
		.name = STR("admin"),
		.scopes = SCOPE_ALL,
		.role = ROLE_ADMIN,
		.created_at = now,
		.expires_at = now + TOKEN_DAYS_MAX * DAY_MS,
	};

	TRY(store_write(s, &w.op, e));
	t.user_id = w.id;
	TRY(store_token(s, &by, &t, ret_text, e));
	*ret = t;
	return ERR_OK;
}
