/*
 * access: from an Authorization header to an identity.
 *
 * The order of the two looks matters little for time: the internal tokens are compared all, always, before
 * the database is asked. What the index of the database is searched with is a digest: whoever can time
 * that search learns about digests, which are of no use for finding a token.
 */
#include "service/access.h"

#include "base/metric.h"
#include "base/password.h"
#include "service/token_cache.h"
#include "service/tries.h"
#include "store/access_nouns.h"
#include "store/store.h"

#include <stdlib.h>

struct access {
	struct store *store;
	struct token_cache *cache;
	struct tries *tries;
};

struct access *access_new(struct store *store)
{
	struct access *x = mem_alloc(sizeof *x);

	x->store = store;
	x->cache = token_cache_new();
	x->tries = tries_new();
	return x;
}

void access_free(struct access *x)
{
	if (!x)
		return;
	token_cache_free(x->cache);
	tries_free(x->tries);
	free(x);
}

enum err_code access_refuse(struct err *e)
{
	return err_set(e, ERR_UNAUTHORIZED,
		"the bearer token is missing, wrong, expired or revoked; send Authorization: Bearer TOKEN");
}

static enum err_code refuse(const struct internal_tokens *internal, enum access_realm realm, struct err *e)
{
	if (realm == REALM_INTERNAL && internal->n == 0)
		return err_set(e, ERR_CLOSED,
			"no internal token is configured, so /internal takes only a slc_ token with "
			"logs:write; set [internal] token-file in sluice.conf");
	return access_refuse(e);
}

/* RFC 6750: the scheme is compared without case, then one or more blanks. False: not a bearer token. */
static bool bearer_of(struct str authorization, struct str *ret_token)
{
	struct str scheme = { authorization.p, str_find(authorization, ' ') };
	struct str token;

	if (!str_eq_nocase(scheme, STR("bearer")))
		return false;
	token = str_trim(str_from(authorization, scheme.len));
	if (token.len == 0 || token.len > ACCESS_TOKEN_MAX)
		return false;
	*ret_token = token;
	return true;
}

uint64_t access_epoch(const struct access *x)
{
	return store_access_epoch(x->store);
}

static bool is_internal(const struct internal_tokens *internal, const struct sha256 *digest)
{
	bool equal = false;

	for (size_t i = 0; i < internal->n; i++)
		equal |= sha256_equal(&internal->digest[i], digest);
	return equal;
}

static enum err_code read_token(
	struct store *store, const struct sha256 *digest, struct arena *a, struct token *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(store, &db, e));
	code = tokens_by_digest(db, a, digest, ret, e);
	store_reader_put(store, db);
	return code;
}

static bool has_expired(const struct token *t, int64_t now)
{
	return t->expires_at != 0 && t->expires_at <= now;
}

/* Those that are not good go all the same way, to the database; who measures learns nothing of which kind it was. */
static enum err_code find_good(struct access *x, const struct sha256 *digest, int64_t now, struct arena *a,
	struct token *ret, struct err *e)
{
	uint64_t epoch = store_access_epoch(x->store); /* before anything is read */
	struct token t;
	bool known = token_cache_get(x->cache, digest, epoch, now, a, &t) && !has_expired(&t, now);

	if (!known)
		TRY(read_token(x->store, digest, a, &t, e));
	if (!sha256_equal(&t.digest, digest) || t.revoked_at != 0 || t.disabled_at != 0 ||
		has_expired(&t, now))
		return err_set(e, ERR_NOT_FOUND, "it is not good any more");
	if (!known)
		token_cache_put(x->cache, &t, epoch, now);
	*ret = t;
	return ERR_OK;
}

struct touch {
	struct store_op op;
	int64_t id, at;
};

static enum err_code apply_touch(struct store_op *op, struct db *db, struct err *e)
{
	struct touch *w = (struct touch *)(void *)op;

	return tokens_touch(db, w->id, w->at, e);
}

static void touch_done(struct store_op *op, const struct err *result)
{
	(void)result; /* the next use tells a newer time */
	free(op);
}

/* Nobody waits for it; when the writer has no room, it is left out. */
static void note_use(struct access *x, const struct token *t, int64_t now)
{
	struct touch *w;
	struct err e;

	if (!token_cache_touch(x->cache, t, now))
		return;
	w = mem_alloc(sizeof *w);
	*w = (struct touch){
		.op = { .apply = apply_touch, .done = touch_done, .bytes = sizeof *w }, .id = t->id, .at = now
	};
	if (store_submit(x->store, &w->op, &e) != ERR_OK)
		free(w);
}

enum err_code access_authenticate(struct access *x, const struct internal_tokens *internal,
	enum access_realm realm, struct str authorization, int64_t now, struct arena *a, struct identity *ret,
	struct err *e)
{
	struct str presented;
	struct sha256 digest;
	struct token token = { 0 };
	enum err_code code;

	if (!bearer_of(authorization, &presented))
		return refuse(internal, realm, e);
	digest = sha256_of(presented);
	if (is_internal(internal, &digest)) {
		if (realm != REALM_INTERNAL)
			return refuse(internal, realm, e);
		*ret = (struct identity){ .kind = IDENTITY_INTERNAL,
			.scopes = SCOPE_BIT(SCOPE_LOGS_WRITE) | SCOPE_BIT(SCOPE_RUNS_WRITE),
			.role = ROLE_USER };
		return ERR_OK;
	}
	if (!str_starts(presented, STR(TOKEN_PREFIX)))
		return refuse(internal, realm, e);
	code = find_good(x, &digest, now, a, &token, e);
	if (code == ERR_NOT_FOUND)
		return refuse(internal, realm, e);
	TRY(code);
	note_use(x, &token, now);
	*ret = (struct identity){ .kind = IDENTITY_TOKEN,
		.token = token,
		.user_id = token.user_id,
		.email = token.email,
		.host = token.host,
		.scopes = token.scopes & role_scopes(token.role),
		.role = token.role };
	return ERR_OK;
}

struct identity access_of_host(struct str name, struct arena *a)
{
	return (struct identity){ .kind = IDENTITY_HOST,
		.email = arena_fmt(a, "host:%.*s", STR_FMT(name)),
		.host = arena_str(a, name),
		.scopes = SCOPE_BIT(SCOPE_EPISODES_WRITE),
		.role = ROLE_CONTRIBUTOR };
}

/* ---- passwords ---- */

static enum err_code wrong_password(struct err *e)
{
	return err_set(e, ERR_UNAUTHORIZED,
		"the e-mail address or the password is wrong; after several that were, wait a while before "
		"the next one");
}

/* Of nobody there is an empty password: it is looked at like any other. */
static enum err_code read_user(
	struct store *store, struct str email, struct arena *a, struct user *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(store, &db, e));
	code = users_by_email(db, a, email, ret, e);
	store_reader_put(store, db);
	if (code != ERR_NOT_FOUND)
		return code;
	*ret = (struct user){ .id = 0 };
	return ERR_OK;
}

static struct str lower(struct str s, struct arena *a)
{
	char *p = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	return (struct str){ p, s.len };
}

enum err_code access_password(struct access *x, struct str email, struct str password, struct str address,
	int64_t steady_ms, struct arena *a, struct identity *ret, struct err *e)
{
	struct str key = lower(email, a);
	struct user user = { 0 };
	bool right = false;

	if (!tries_begin(x->tries, key, address, steady_ms)) {
		metric_add(METRIC_PASSWORDS_DELAYED, 1);
		return wrong_password(e);
	}
	TRY(read_user(x->store, email, a, &user, e));
	TRY(password_check(user.password, password, &right, e));
	if (!right || user.id == 0 || user.disabled_at != 0) {
		metric_add(METRIC_PASSWORDS_WRONG, 1);
		return wrong_password(e);
	}
	tries_right(x->tries, key, address);
	*ret = (struct identity){ .kind = IDENTITY_PASSWORD,
		.user_id = user.id,
		.email = user.email,
		.password = user.password,
		.scopes = role_scopes(user.role),
		.role = user.role };
	return ERR_OK;
}

/* ---- what they may ---- */

static void write_roles(unsigned roles, struct buf *out)
{
	for (enum role r = 0; r < ROLE_N; r++)
		if (roles & ROLE_BIT(r))
			buf_fmt(out, "%s%s", out->len ? " " : "", role_name(r));
}

enum err_code access_allow(const struct identity *id, scope_set required, unsigned roles, struct err *e)
{
	AUTO_BUF need, held;

	buf_init(&need, 1024);
	buf_init(&held, 1024);
	if ((id->scopes & required) != required) {
		scope_write(required, &need);
		scope_write(id->scopes, &held);
		return err_set(e, ERR_FORBIDDEN, "the token lacks a scope: required %s; held: %s",
			buf_cstr(&need), held.len ? buf_cstr(&held) : "none");
	}
	if ((required & SCOPE_BIT(SCOPE_REPOS_MANAGE)) && id->token.repo_id != 0)
		return err_set(e, ERR_FORBIDDEN,
			"the token is bound to a repo; which repos are watched is for tokens that are not");
	if (roles != 0 && !(roles & ROLE_BIT(id->role))) {
		write_roles(roles, &need);
		return err_set(e, ERR_FORBIDDEN,
			"the token's user lacks the role: required one of %s; held: %s", buf_cstr(&need),
			role_name(id->role));
	}
	return ERR_OK;
}

int64_t access_viewer(const struct identity *id)
{
	bool sees_all = id->kind == IDENTITY_NONE || id->kind == IDENTITY_INTERNAL ||
			id->kind == IDENTITY_HOST || id->role == ROLE_ADMIN ||
			(id->kind == IDENTITY_TOKEN && id->token.machine);

	return sees_all ? 0 : id->user_id;
}

enum err_code access_allow_host(const struct identity *id, struct str host, struct err *e)
{
	if (id->host.len == 0 || str_eq(id->host, host))
		return ERR_OK;
	return err_set(e, ERR_FORBIDDEN, "%s host %.*s; it cannot send for %.*s",
		id->kind == IDENTITY_HOST ? "this certificate is of" : "this token is bound to",
		STR_FMT(id->host), STR_FMT(host));
}

enum err_code access_allow_admin(const struct identity *id, struct err *e)
{
	TRY(access_allow(id, 0, ROLE_BIT(ROLE_ADMIN), e));
	if (id->token.repo_id != 0 || id->token.host.len > 0 || id->token.machine)
		return err_set(e, ERR_FORBIDDEN,
			"the token is bound to a repo, a host or a machine; users and the audit are for "
			"tokens that are not");
	return ERR_OK;
}
