/*
 * session: cookies, and the life of a session.
 *
 * There is no cache: a use is one indexed query, and what was revoked a moment ago is revoked on every thread. That a session was seen is
 * written at most once a minute, by an operation that nobody waits for: if the queue is full it is not written, and the next use tries
 * again.
 */
#include "service/session.h"

#include "base/json.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define COOKIE STR("sluice")
#define AGENT_READ_MAX 1000 /* bytes of what a browser calls itself; fewer are kept */
#define COOKIES_MAX 200     /* pairs of a header that are looked at */

/* ---- cookies ---- */

bool behind_tls(const struct config *cfg)
{
	return str_starts(cfg->public_url, STR("https://"));
}

struct str cookie_name(const struct config *cfg, struct str name, struct arena *a)
{
	return behind_tls(cfg) ? arena_fmt(a, "__Host-%.*s", STR_FMT(name)) : name;
}

void cookie_write(
	const struct config *cfg, struct str name, struct str value, int64_t max_age_s, struct buf *out)
{
	buf_fmt(out, "%.*s=%.*s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s", STR_FMT(name),
		STR_FMT(value), (long long)max_age_s, behind_tls(cfg) ? "; Secure" : "");
}

static bool is_id(struct str value)
{
	if (value.len != SESSION_ID_LEN)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			    c == '-' || c == '_'))
			return false;
	}
	return true;
}

/*
 * Two of one name are none: without __Host- the second may have been put there by another host of the same domain, or by a plain
 * connection, and which of the two is ours cannot be told.
 */
struct str cookie_find(struct str header, struct str name)
{
	struct str found = STR("");

	for (int i = 0; header.len > 0 && i < COOKIES_MAX; i++) {
		struct str pair = { header.p, str_find(header, ';') };
		struct str key = str_trim((struct str){ pair.p, str_find(pair, '=') });

		header = str_from(header, pair.len + 1);
		if (!str_eq(key, name))
			continue;
		if (found.len > 0)
			return STR("");
		found = str_trim(str_from(pair, str_find(pair, '=') + 1));
	}
	return is_id(found) ? found : STR("");
}

static struct str session_cookie_name(const struct config *cfg)
{
	return behind_tls(cfg) ? STR("__Host-sluice") : COOKIE;
}

struct str session_cookie_find(const struct config *cfg, struct str header)
{
	return cookie_find(header, session_cookie_name(cfg));
}

void session_cookie_write(const struct config *cfg, struct str id, struct buf *out)
{
	cookie_write(cfg, session_cookie_name(cfg), id, cfg->session_longest_ms / 1000, out);
}

void session_cookie_clear(const struct config *cfg, struct buf *out)
{
	cookie_write(cfg, session_cookie_name(cfg), STR(""), 0, out);
}

/* ---- beginning ---- */

void session_new_id(struct buf *out)
{
	char bytes[32];

	random_bytes(bytes, sizeof bytes);
	base64url_encode((struct str){ bytes, sizeof bytes }, out);
	secret_wipe(bytes, sizeof bytes);
}

static int64_t end_of(const struct config *cfg, int64_t created_at, int64_t now)
{
	int64_t idle = now + cfg->session_idle_ms, longest = created_at + cfg->session_longest_ms;

	return idle < longest ? idle : longest;
}

/* {"how": .., "provider": ..} */
static struct str detail_of(const struct session_start *s, struct arena *a)
{
	struct json_out j;
	struct str text;
	AUTO_BUF out;

	buf_init(&out, 1000);
	json_out_init(&j, &out);
	json_open_object(&j, NULL);
	json_put_z(&j, "how", s->how);
	if (s->provider.len > 0)
		json_put_str(&j, "provider", s->provider);
	json_close_object(&j);
	text = arena_str(a, buf_view(&out));
	return text;
}

/* Room for one more: those beyond, which are the oldest, end. */
static enum err_code make_room(
	struct db *db, const struct config *cfg, int64_t user_id, int64_t now, struct arena *a, struct err *e)
{
	struct session *old = NULL;
	int64_t total = 0;
	size_t n = 0;

	TRY(sessions_list(db, a, user_id, now, 1000, cfg->sessions_each - 1, &old, &n, &total, e));
	for (size_t i = 0; i < n; i++)
		TRY(sessions_revoke(db, old[i].id, user_id, now, e));
	return ERR_OK;
}

enum err_code session_add(struct db *db, const struct config *cfg, const struct session_start *s,
	struct str id, int64_t now, struct arena *a, struct session *ret, struct err *e)
{
	struct session x = {
		.user_id = s->user_id,
		.digest = sha256_of(id),
		.created_at = now,
		.seen_at = now,
		.expires_at = end_of(cfg, now, now),
		.address = s->address,
	};
	struct audit_entry deed = { .at = now,
		.user_id = s->user_id,
		.action = str_z(deed_word(DEED_SESSION_BEGIN)),
		.subject_kind = str_z(deed_kind(DEED_SESSION_BEGIN)),
		.request_id = s->request_id,
		.address = s->address };
	struct user user;
	AUTO_BUF agent;

	buf_init(&agent, 16384);
	utf8_clean((struct str){ s->agent.p, s->agent.len < AGENT_READ_MAX ? s->agent.len : AGENT_READ_MAX },
		&agent);
	x.agent = buf_view(&agent);
	TRY(users_get(db, a, s->user_id, &user, e));
	TRY(make_room(db, cfg, s->user_id, now, a, e));
	random_bytes(x.csrf, sizeof x.csrf);
	TRY(sessions_add(db, &x, e));
	x.email = user.email;
	x.role = user.role;
	deed.actor = deed.subject = user.email;
	deed.session_id = deed.subject_id = x.id;
	deed.detail = detail_of(s, a);
	TRY(audit_add(db, &deed, e));
	x.agent = arena_str(a, x.agent);
	*ret = x;
	return ERR_OK;
}

struct begin_op {
	struct store_op op;
	const struct config *cfg;
	const struct session_start *start;
	struct str id;
	int64_t now;
	struct arena *a;
	struct session session;
};

static enum err_code apply_begin(struct store_op *op, struct db *db, struct err *e)
{
	struct begin_op *w = (struct begin_op *)(void *)op;

	if (w->start->by)
		TRY(access_still(db, w->start->by, w->now, e));
	return session_add(db, w->cfg, w->start, w->id, w->now, w->a, &w->session, e);
}

enum err_code session_begin(struct store *store, const struct config *cfg, const struct session_start *s,
	int64_t now, struct arena *a, struct session *ret, struct buf *ret_id, struct err *e)
{
	struct begin_op w = {
		.op = { .apply = apply_begin, .bytes = sizeof w }, .cfg = cfg, .start = s, .now = now, .a = a
	};
	AUTO_BUF id;

	buf_init(&id, SESSION_ID_LEN);
	session_new_id(&id);
	w.id = buf_view(&id);
	TRY(store_write(store, &w.op, e));
	buf_str(ret_id, buf_view(&id));
	secret_wipe(id.p, id.len);
	*ret = w.session;
	return ERR_OK;
}

/* ---- use ---- */

struct touch_op { /* frees itself */
	struct store_op op;
	int64_t id, seen_at, expires_at;
};

static enum err_code apply_touch(struct store_op *op, struct db *db, struct err *e)
{
	struct touch_op *w = (struct touch_op *)(void *)op;

	return sessions_touch(db, w->id, w->seen_at, w->expires_at, e);
}

static void touched(struct store_op *op, const struct err *result)
{
	(void)result;
	free(op);
}

static void touch(struct store *store, const struct config *cfg, const struct session *s, int64_t now)
{
	struct touch_op *w = mem_alloc(sizeof *w);

	*w = (struct touch_op){
		.op = { .apply = apply_touch, .done = touched, .bytes = sizeof *w },
		.id = s->id,
		.seen_at = now,
		.expires_at = end_of(cfg, s->created_at, now),
	};
	if (store_submit(store, &w->op, NULL) != ERR_OK)
		free(w);
}

static enum err_code nobody(struct err *e)
{
	return err_set(e, ERR_UNAUTHORIZED, "nobody has signed in here, or not for a while; sign in");
}

/* The settings may have become stricter since it was stored. */
static bool is_good(const struct config *cfg, const struct session *s, int64_t now)
{
	return s->revoked_at == 0 && s->disabled_at == 0 && now < s->expires_at &&
	       now < end_of(cfg, s->created_at, s->seen_at);
}

enum err_code session_find(struct store *store, const struct config *cfg, struct str id, int64_t now,
	struct arena *a, struct session *ret, struct err *e)
{
	struct sha256 digest;
	struct session s = { 0 };
	struct db *db = NULL;
	enum err_code code;

	if (!is_id(id))
		return nobody(e);
	digest = sha256_of(id);
	TRY(store_reader_get(store, &db, e));
	code = sessions_by_digest(db, a, &digest, &s, e);
	store_reader_put(store, db);
	if (code == ERR_NOT_FOUND)
		return nobody(e);
	TRY(code);
	if (!sha256_equal(&s.digest, &digest) || !is_good(cfg, &s, now))
		return nobody(e);
	if (now - s.seen_at >= SESSION_SEEN_MS)
		touch(store, cfg, &s, now);
	*ret = s;
	return ERR_OK;
}

struct str session_csrf(const struct session *s, struct arena *a)
{
	struct str text;
	AUTO_BUF out;

	buf_init(&out, 100);
	base64url_encode((struct str){ (const char *)s->csrf, SESSION_CSRF_LEN }, &out);
	text = arena_str(a, buf_view(&out));
	return text;
}

/* ---- end ---- */

enum err_code session_list(struct store *store, int64_t user_id, int64_t now, int64_t limit, int64_t offset,
	struct arena *a, struct session **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(store, &db, e));
	code = sessions_list(db, a, user_id, now, limit, offset, ret, ret_n, ret_total, e);
	store_reader_put(store, db);
	return code;
}

struct session_by session_by_identity(const struct identity *id)
{
	return (struct session_by){
		.user_id = id->user_id,
		.session_id = id->session_id,
		.token_id = id->kind == IDENTITY_TOKEN ? id->token.id : 0,
		.email = id->email,
		.request_id = id->request_id,
		.address = id->address,
	};
}

struct end_op {
	struct store_op op;
	const struct session_by *by;
	int64_t id; /* 0: all others */
	int64_t now;
};

static enum err_code apply_end(struct store_op *op, struct db *db, struct err *e)
{
	struct end_op *w = (struct end_op *)(void *)op;
	const struct session_by *by = w->by;
	struct audit_entry deed = { .at = w->now,
		.user_id = by->user_id,
		.token_id = by->token_id,
		.session_id = by->session_id,
		.actor = by->email,
		.action = str_z(deed_word(DEED_SESSION_REVOKE)),
		.subject_kind = str_z(deed_kind(DEED_SESSION_REVOKE)),
		.subject_id = w->id,
		.subject = w->id ? by->email : STR("all others"),
		.request_id = by->request_id,
		.address = by->address };

	if (w->id == 0)
		TRY(sessions_revoke_others(db, by->user_id, by->session_id, w->now, e));
	else
		TRY(sessions_revoke(db, w->id, by->user_id, w->now, e));
	return audit_add(db, &deed, e);
}

enum err_code session_revoke(
	struct store *store, const struct session_by *by, int64_t id, int64_t now, struct err *e)
{
	struct end_op w = { .op = { .apply = apply_end, .bytes = sizeof w }, .by = by, .id = id, .now = now };
	enum err_code code = store_write(store, &w.op, e);

	if (code == ERR_NOT_FOUND)
		return err_set(e, code, "there is no session %lld of yours", (long long)id);
	return code;
}

enum err_code session_revoke_others(
	struct store *store, const struct session_by *by, int64_t now, struct err *e)
{
	struct end_op w = { .op = { .apply = apply_end, .bytes = sizeof w }, .by = by, .now = now };

	return store_write(store, &w.op, e);
}
