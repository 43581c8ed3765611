/*
 * manage: repos, tokens and pins. Each change is one operation of the writer that is waited for: these are done by
 * people, a few a day.
 */
#include "service/manage.h"

#include "model/repo.h"

#include <string.h>

struct repo_add {
	struct store_op op;
	struct str forge, name;
	int64_t now, id;
	bool new;
};

static enum err_code apply_repo_add(struct store_op *op, struct db *db, struct err *e)
{
	struct repo_add *w = (struct repo_add *)(void *)op;

	return repos_add(db, w->forge, w->name, w->now, &w->id, &w->new, e);
}

static enum err_code read_repo(struct store *s, int64_t id, struct arena *a, struct repo *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = repos_get(db, a, id, ret, e);
	store_reader_put(s, db);
	return code;
}

enum err_code manage_repo_add(struct store *s, const struct config *cfg, struct str forge, struct str name,
	int64_t now, struct arena *a, struct repo *ret, bool *ret_new, struct err *e)
{
	struct repo_add w = {
		.op = { .apply = apply_repo_add, .bytes = sizeof w }, .name = name, .now = now
	};

	TRY(repo_name_check(name, e));
	TRY(config_forge(cfg, forge, &w.forge, e));
	TRY(store_write(s, &w.op, e));
	TRY(read_repo(s, w.id, a, ret, e));
	*ret_new = w.new;
	return ERR_OK;
}

struct by_id {
	struct store_op op;
	int64_t id;
	int64_t user_id; /* of a token */
	int64_t now;
};

static enum err_code apply_repo_remove(struct store_op *op, struct db *db, struct err *e)
{
	struct by_id *w = (struct by_id *)(void *)op;

	return repos_remove(db, w->id, w->now, e);
}

enum err_code manage_repo_remove(struct store *s, int64_t id, int64_t now, struct err *e)
{
	struct by_id w = { .op = { .apply = apply_repo_remove, .bytes = sizeof w }, .id = id, .now = now };
	enum err_code code = store_write(s, &w.op, e);

	if (code == ERR_NOT_FOUND)
		return err_set(
			e, code, "there is no repo %lld; `sluice repo list` shows them", (long long)id);
	return code;
}

enum err_code manage_repo_list(struct store *s, struct str forge, struct str repo, int64_t limit,
	int64_t offset, struct arena *a, struct repo **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = repos_list(db, a, forge, repo, limit, offset, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}

struct pin_op {
	struct store_op op;
	int64_t step_id, repo_id, now, expired_at;
};

static enum err_code apply_pin(struct store_op *op, struct db *db, struct err *e)
{
	struct pin_op *w = (struct pin_op *)(void *)op;

	return texts_pin(db, w->step_id, w->repo_id, w->now, &w->expired_at, e);
}

enum err_code manage_pin(
	struct store *s, const struct identity *by, int64_t step_id, bool pinned, int64_t now, struct err *e)
{
	struct pin_op w = { .op = { .apply = apply_pin, .bytes = sizeof w },
		.step_id = step_id,
		.repo_id = by->token.repo_id,
		.now = pinned ? now : 0 };
	char date[CLOCK_DATE_LEN];

	TRY(store_write(s, &w.op, e));
	if (pinned && w.expired_at > 0)
		return err_set(e, ERR_GONE, "the text of step %lld expired on %s; its facts are kept",
			(long long)step_id, clock_date(w.expired_at, date));
	return ERR_OK;
}

struct token_add {
	struct store_op op;
	struct token token;
};

static enum err_code apply_token_add(struct store_op *op, struct db *db, struct err *e)
{
	return tokens_add(db, &((struct token_add *)(void *)op)->token, e);
}

static enum err_code store_token(struct store *s, struct token *t, struct buf *ret_text, struct err *e)
{
	struct token_add w = { .op = { .apply = apply_token_add, .bytes = sizeof w }, .token = *t };
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

static enum err_code find_repo(
	struct store *s, struct str forge, struct str name, struct arena *a, struct repo *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = repos_find(db, a, forge, name, ret, e);
	store_reader_put(s, db);
	if (code == ERR_NOT_FOUND)
		return err_set(e, code, "repository is not watched; `sluice repo add` watches it");
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
	code = find_repo(s, forge, r->repo, a, &repo, e);
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

enum err_code manage_token_create(struct store *s, const struct config *cfg, const struct identity *by,
	const struct token_request *r, int64_t now, struct arena *a, struct token *ret, struct buf *ret_text,
	struct err *e)
{
	struct token t = {
		.user_id = by->user_id,
		.name = r->name,
		.scopes = r->scopes,
		.role = by->role,
		.created_at = now,
		.expires_at = now + r->days * DAY_MS,
	};

	TRY(access_allow(by, r->scopes, 0, e)); /* never more than its own */
	TRY(bind_repo(s, cfg, by, r, a, &t, e));
	TRY(store_token(s, &t, ret_text, e));
	*ret = t;
	return ERR_OK;
}

enum err_code manage_token_list(struct store *s, const struct identity *by, bool all, int64_t limit,
	int64_t offset, struct arena *a, struct token **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	if (all)
		TRY(access_allow(by, 0, ROLE_BIT(ROLE_ADMIN), e));
	TRY(store_reader_get(s, &db, e));
	code = tokens_list(db, a, all ? 0 : by->user_id, limit, offset, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}

static enum err_code apply_token_revoke(struct store_op *op, struct db *db, struct err *e)
{
	struct by_id *w = (struct by_id *)(void *)op;

	return tokens_revoke(db, w->id, w->user_id, w->now, e);
}

enum err_code manage_token_revoke(
	struct store *s, const struct identity *by, int64_t id, int64_t now, struct err *e)
{
	/* Somebody else's token is not there, rather than forbidden: ids must not be probed. */
	struct by_id w = { .op = { .apply = apply_token_revoke, .bytes = sizeof w },
		.id = id,
		.user_id = by->role == ROLE_ADMIN ? 0 : by->user_id,
		.now = now };
	enum err_code code = store_write(s, &w.op, e);

	if (code == ERR_NOT_FOUND)
		return err_set(e, code, "there is no token %lld of yours", (long long)id);
	return code;
}

struct first_admin {
	struct store_op op;
	struct str email;
	int64_t now, id;
	bool again;
};

static enum err_code apply_first_admin(struct store_op *op, struct db *db, struct err *e)
{
	struct first_admin *w = (struct first_admin *)(void *)op;
	enum err_code code = users_first_admin(db, &w->id, e);

	if (code == ERR_NOT_FOUND)
		return users_add(db, w->email, STR(""), ROLE_ADMIN, w->now, &w->id, e);
	TRY(code);
	if (!w->again)
		return err_set(
			e, ERR_CONFLICT, "there is an admin already; --new-token makes another token for it");
	return ERR_OK;
}

enum err_code manage_first_admin(struct store *s, struct str email, bool again, int64_t now,
	struct token *ret, struct buf *ret_text, struct err *e)
{
	struct first_admin w = { .op = { .apply = apply_first_admin, .bytes = sizeof w },
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
	TRY(store_token(s, &t, ret_text, e));
	*ret = t;
	return ERR_OK;
}
