/*
 * signin: out to the provider, and back.
 *
 * What is said of a failure here is read by the person who wants in; what their admin needs to know beyond that is in diag. Neither has a
 * code, a token or a state in it.
 */
#include "service/signin.h"

#include "base/diag.h"
#include "base/metric.h"
#include "base/seal.h"
#include "service/signin_enter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define RANDOM_LEN SESSION_ID_LEN /* of state, verifier and nonce, as text: RFC 7636 asks for 43 at least */
#define KNOWN_MAX 16
#define MEMBERS_MS 3000 /* for what they may read: they are in already, and others wait to come in */
#define KNOWN_MS (INT64_C(3600) * 1000)

/* What an OpenID provider said of itself: kept for a while, because every sign-in asks twice. */
struct known {
	struct str name, url;
	struct oauth_endpoints endpoints;
	int64_t until; /* steady */
	struct arena arena;
};

struct signin {
	struct store *store;
	const struct clock *clock;
	struct errands *errands;
	struct membership *membership;
	struct seal_key key;
	pthread_mutex_t lock; /* guards known */
	struct known known[KNOWN_MAX];
	size_t n_known;
};

enum err_code signin_start(struct store *store, const struct config *cfg, const struct clock *clock,
	struct membership *membership, struct signin **ret, struct err *e)
{
	struct signin *s = mem_alloc(sizeof *s);
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	s->store = store;
	s->clock = clock;
	s->membership = membership;
	pthread_mutex_init(&s->lock, NULL);
	code = seal_key_load(arena_fmt(&a, "%s/access.key", store_folder(store)).p, &s->key, e);
	if (code == ERR_OK)
		code = errands_start(SIGNIN_THREADS, (size_t)cfg->sign_ins, &s->errands, e);
	if (code != ERR_OK) {
		signin_free(s);
		return code;
	}
	*ret = s;
	return ERR_OK;
}

void signin_stop(struct signin *s)
{
	if (s)
		errands_stop(s->errands);
}

void signin_free(struct signin *s)
{
	if (!s)
		return;
	errands_free(s->errands);
	for (size_t i = 0; i < s->n_known; i++)
		arena_done(&s->known[i].arena);
	pthread_mutex_destroy(&s->lock);
	secret_wipe(&s->key, sizeof s->key);
	free(s);
}

/* ---- where a provider is asked ---- */

static struct oauth_endpoints copy(struct arena *a, const struct oauth_endpoints *x)
{
	return (struct oauth_endpoints){
		.issuer = arena_str(a, x->issuer),
		.authorize = arena_str(a, x->authorize),
		.token = arena_str(a, x->token),
		.userinfo = arena_str(a, x->userinfo),
		.sends_iss = x->sends_iss,
		.post_secret = x->post_secret,
	};
}

static bool recall(
	struct signin *s, const struct oauth_provider *p, struct arena *a, struct oauth_endpoints *ret)
{
	int64_t now = clock_steady_ms(s->clock);
	bool found = false;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->n_known && !found; i++) {
		const struct known *k = &s->known[i];

		found = str_eq(k->name, p->name) && str_eq(k->url, p->url) && now < k->until;
		if (found)
			*ret = copy(a, &k->endpoints);
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

/* In place of what was known of it, else of the one that is known for longest. */
static void remember(struct signin *s, const struct oauth_provider *p, const struct oauth_endpoints *x)
{
	size_t at = 0;
	struct known *k;

	pthread_mutex_lock(&s->lock);
	while (at < s->n_known && !str_eq(s->known[at].name, p->name))
		at++;
	if (at == KNOWN_MAX) {
		at = 0;
		for (size_t i = 1; i < KNOWN_MAX; i++)
			at = s->known[i].until < s->known[at].until ? i : at;
	}
	k = &s->known[at];
	if (at == s->n_known)
		s->n_known++;
	else
		arena_done(&k->arena);
	arena_init(&k->arena);
	k->name = arena_str(&k->arena, p->name);
	k->url = arena_str(&k->arena, p->url);
	k->endpoints = copy(&k->arena, x);
	k->until = clock_steady_ms(s->clock) + KNOWN_MS;
	pthread_mutex_unlock(&s->lock);
}

static enum err_code find_endpoints(struct signin *s, const struct oauth_provider *p,
	const struct oauth_caller *c, struct arena *a, struct oauth_endpoints *ret, struct err *e)
{
	if (oauth_endpoints_known(p, a, ret) || recall(s, p, a, ret))
		return ERR_OK;
	TRY(oauth_endpoints(p, c, a, ret, e));
	remember(s, p, ret);
	return ERR_OK;
}

static struct oauth_caller caller_of(const struct signin *s, struct http_client *http)
{
	return (struct oauth_caller){ http, s->clock, clock_steady_ms(s->clock) + SIGNIN_TOTAL_MS };
}

static enum err_code find_provider(
	const struct config *cfg, struct str name, const struct oauth_config **ret, struct err *e)
{
	const struct oauth_config *c = config_oauth(cfg, name);

	if (!c)
		return err_set(e, ERR_NOT_FOUND,
			"nobody signs in through a provider of this name; the ways in are at /login");
	*ret = c;
	return ERR_OK;
}

static void count(const struct err *result)
{
	switch ((int)result->code) {
	case ERR_OK:
		break;
	case ERR_NETWORK:
	case ERR_CONFIG:
		metric_add(METRIC_SIGN_INS_FAILED, 1);
		break;
	case ERR_INVALID:
	case ERR_FORBIDDEN:
		metric_add(METRIC_SIGN_INS_REFUSED, 1);
		break;
	}
}

/* ---- out ---- */

struct out_op {
	struct store_op op;
	struct sign_in row;
};

static enum err_code apply_out(struct store_op *op, struct db *db, struct err *e)
{
	struct out_op *w = (struct out_op *)(void *)op;
	int64_t n = 0;

	TRY(sign_ins_expire(db, w->row.created_at, 100, false, &n, e));
	TRY(sign_ins_count(db, w->row.created_at, &n, e));
	if (n >= SIGNIN_WAITING_MAX)
		return err_set(e, ERR_UNAVAILABLE,
			"%d sign-ins have set out and not come back; try again in some minutes",
			SIGNIN_WAITING_MAX);
	return sign_ins_add(db, &w->row, e);
}

static struct str random_text(struct arena *a)
{
	struct str text;
	AUTO_BUF out;

	buf_init(&out, RANDOM_LEN);
	session_new_id(&out);
	text = arena_str(a, buf_view(&out));
	return text;
}

static enum err_code set_out(struct signin_begin *w, const struct oauth_endpoints *x, struct err *e)
{
	struct arena *a = w->a;
	struct oauth_asking q = { .redirect_uri = w->oauth->redirect_uri,
		.state = random_text(a),
		.verifier = random_text(a),
		.nonce = random_text(a),
		.wants_groups = oauth_config_asks(w->oauth) != 0,
		.wants_repos = w->oauth->members };
	struct str browser = random_text(a);
	struct out_op out = { .op = { .apply = apply_out, .bytes = 4096 },
		.row = { .state = sha256_of(q.state),
			.browser = sha256_of(browser),
			.provider = w->oauth->provider.name,
			.return_path = w->return_path,
			.user_id = w->tie_user_id,
			.created_at = w->now,
			.expires_at = w->now + SIGNIN_MINUTES * 60000 } };
	AUTO_BUF secret, url;

	buf_init(&secret, 1000);
	buf_init(&url, 16384);
	seal_close(&w->s->key, arena_fmt(a, "%.*s%.*s", STR_FMT(q.verifier), STR_FMT(q.nonce)), &secret);
	out.row.secret = buf_view(&secret);
	oauth_authorize_url(&w->oauth->provider, x, &q, &url);
	TRY(buf_check(&url, "the provider's address", e));
	TRY(store_write(w->s->store, &out.op, e));
	w->location = arena_str(a, buf_view(&url));
	w->browser = browser;
	return ERR_OK;
}

static enum err_code begin(struct signin_begin *w, struct http_client *http, struct err *e)
{
	struct oauth_caller caller = caller_of(w->s, http);
	struct oauth_endpoints x;

	TRY(find_endpoints(w->s, &w->oauth->provider, &caller, w->a, &x, e));
	return set_out(w, &x, e);
}

static void run_begin(struct errand *errand)
{
	struct signin_begin *w = (struct signin_begin *)(void *)errand;
	struct http_client *http = http_client_new();
	struct err result = { .code = ERR_OK };

	if (begin(w, http, &result) != ERR_OK)
		count(&result);
	http_client_free(http);
	w->done(w->arg, &result);
}

enum err_code signin_begin(struct signin *s, struct signin_begin *w, struct err *e)
{
	TRY(find_provider(w->cfg, w->provider, &w->oauth, e));
	w->s = s;
	w->errand.run = run_begin;
	return errands_submit(s->errands, &w->errand, e);
}

struct str signin_cookie_name(const struct config *cfg, struct arena *a)
{
	return cookie_name(cfg, STR("sluice-signin"), a);
}

/* ---- back ---- */

struct back_op {
	struct store_op op;
	struct sha256 state, browser;
	int64_t now;
	struct arena *a;
	struct sign_in row;
};

static enum err_code apply_back(struct store_op *op, struct db *db, struct err *e)
{
	struct back_op *w = (struct back_op *)(void *)op;

	return sign_ins_take(db, w->a, &w->state, &w->browser, w->now, &w->row, e);
}

/* Taken before anything of the answer is looked at: whatever comes of it, it is not taken again. */
static enum err_code take(struct signin_end *w, struct sign_in *ret, struct err *e)
{
	struct back_op back = { .op = { .apply = apply_back, .bytes = 1024 },
		.state = sha256_of(w->state),
		.browser = sha256_of(w->browser),
		.now = w->now,
		.a = w->a };
	enum err_code code = w->state.len > 0 && w->browser.len > 0 ? store_write(w->s->store, &back.op, e)
								    : ERR_NOT_FOUND;

	if (code == ERR_NOT_FOUND ||
		(code == ERR_OK && !str_eq_nocase(back.row.provider, w->oauth->provider.name)))
		return err_set(e, ERR_INVALID,
			"this sign-in was not begun in this browser, is more than %d minutes old, or was "
			"used already; sign in again",
			SIGNIN_MINUTES);
	TRY(code);
	*ret = back.row;
	return ERR_OK;
}

static enum err_code open_secret(
	const struct signin_end *w, const struct sign_in *row, struct oauth_asking *q, struct err *e)
{
	struct str text;
	AUTO_BUF out;

	buf_init(&out, 1000);
	TRY(seal_open(&w->s->key, row->secret, &out, e));
	if (out.len != 2 * RANDOM_LEN)
		return err_set(e, ERR_STORAGE, "a sign-in in the database is damaged");
	text = arena_str(w->a, buf_view(&out));
	secret_wipe(out.p, out.len);
	q->redirect_uri = w->oauth->redirect_uri;
	q->verifier = (struct str){ text.p, RANDOM_LEN };
	q->nonce = str_from(text, RANDOM_LEN);
	return ERR_OK;
}

/* RFC 6749, 4.1.2.1. What else stands in the answer is the provider's own words, and is not shown. */
static enum err_code check_answer(const struct signin_end *w, struct err *e)
{
	struct str name = w->oauth->provider.name;

	if (str_eq(w->error, STR("access_denied")))
		return err_set(e, ERR_FORBIDDEN,
			"%.*s was told not to let you sign in here; if that was a mistake, sign in again",
			STR_FMT(name));
	if (str_eq(w->error, STR("temporarily_unavailable")) || str_eq(w->error, STR("server_error")))
		return err_set(e, ERR_NETWORK, "%.*s cannot do this now; try again later", STR_FMT(name));
	if (w->error.len > 0)
		return err_set(e, ERR_CONFIG,
			"%.*s refused the sign-in: client-id, the redirect URI registered there, or its "
			"scopes are wrong",
			STR_FMT(name));
	if (w->code.len == 0)
		return err_set(e, ERR_INVALID, "%.*s sent no code; sign in again", STR_FMT(name));
	return ERR_OK;
}

/* They are in, whatever comes of this: what they may read is asked again when they come again. */
static void ask_membership(
	struct signin_end *w, struct oauth_tokens *tokens, const struct oauth_caller *caller)
{
	struct oauth_caller brief = *caller;
	int64_t until = clock_steady_ms(w->s->clock) + MEMBERS_MS;
	struct err e;

	brief.until = until < brief.until ? until : brief.until;
	if (!w->s->membership)
		return;
	if (membership_ask(w->s->membership, w->oauth, w->session.user_id, tokens, w->a, &brief, &e) ==
		ERR_OK)
		membership_note(w->s->membership, w->session.user_id);
	else
		diag(DIAG_WARNING, "what user %lld may read is not known: %s", (long long)w->session.user_id,
			e.text);
}

static enum err_code end(struct signin_end *w, struct http_client *http, struct err *e)
{
	const struct oauth_provider *p = &w->oauth->provider;
	struct oauth_caller caller = caller_of(w->s, http);
	struct oauth_asking q = { 0 };
	struct oauth_endpoints x;
	struct oauth_tokens tokens;
	struct oauth_person who;
	struct sign_in row = { 0 };
	struct signin_enter enter = {
		.store = w->s->store, .key = &w->s->key, .end = w, .who = &who, .tokens = &tokens
	};

	TRY(take(w, &row, e));
	TRY(find_endpoints(w->s, p, &caller, w->a, &x, e));
	TRY(oauth_iss_check(p, &x, w->iss, e));
	TRY(check_answer(w, e));
	TRY(open_secret(w, &row, &q, e));
	TRY(oauth_redeem(p, &x, &q, w->code, &caller, w->a, &tokens, e));
	TRY(oauth_who(p, &x, &tokens, q.nonce, oauth_config_asks(w->oauth), w->now, &caller, w->a, &who, e));
	enter.tie_user_id = row.user_id;
	TRY(signin_enter(&enter, e));
	w->return_path = row.return_path;
	ask_membership(w, &tokens, &caller);
	return ERR_OK;
}

static void run_end(struct errand *errand)
{
	struct signin_end *w = (struct signin_end *)(void *)errand;
	struct http_client *http = http_client_new();
	struct err result = { .code = ERR_OK };

	if (end(w, http, &result) == ERR_OK)
		metric_add(METRIC_SIGN_INS, 1);
	else
		count(&result);
	http_client_free(http);
	w->done(w->arg, &result);
}

enum err_code signin_end(struct signin *s, struct signin_end *w, struct err *e)
{
	TRY(find_provider(w->cfg, w->provider, &w->oauth, e));
	w->s = s;
	w->errand.run = run_end;
	return errands_submit(s->errands, &w->errand, e);
}

/* ---- later ---- */

enum err_code signin_logins(struct store *store, int64_t user_id, struct arena *a, struct forge_login **ret,
	size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(store, &db, e));
	code = forge_logins_of(db, a, user_id, ret, ret_n, e);
	store_reader_put(store, db);
	TRY(code);
	for (size_t i = 0; i < *ret_n; i++)
		(*ret)[i].token = STR("");
	return ERR_OK;
}

static enum err_code find_login(struct signin *s, struct str provider, int64_t user_id, struct arena *a,
	struct forge_login *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s->store, &db, e));
	code = forge_token_login(db, a, user_id, provider, ret, e);
	store_reader_put(s->store, db);
	return code;
}

struct keep_op {
	struct store_op op;
	struct forge_login login;
};

static enum err_code apply_keep(struct store_op *op, struct db *db, struct err *e)
{
	return forge_logins_put(db, &((struct keep_op *)(void *)op)->login, e);
}

/* What an OpenID provider calls a user name may be changed by its owner to somebody else's: it is no forge's login, and never taken for one. */
enum err_code signin_login(struct signin *s, const struct config *cfg, struct str provider, int64_t user_id,
	int64_t now, struct http_client *http, struct arena *a, struct str *ret, struct err *e)
{
	const struct oauth_config *c = NULL;
	struct oauth_caller caller = caller_of(s, http);
	struct keep_op keep = { .op = { .apply = apply_keep, .bytes = 4096 } };
	struct oauth_tokens t = { 0 };
	struct oauth_person who = { 0 };
	struct oauth_endpoints x;
	struct forge_login l = { 0 };

	TRY(find_provider(cfg, provider, &c, e));
	if (!oauth_endpoints_known(&c->provider, a, &x))
		return err_set(e, ERR_NOT_FOUND, "%.*s is no forge", STR_FMT(provider));
	TRY(find_login(s, provider, user_id, a, &l, e));
	if (l.login.len == 0) {
		TRY(forge_token_open(&s->key, &l, a, &t, e));
		TRY(oauth_who(&c->provider, &x, &t, STR(""), 0, now, &caller, a, &who, e));
		if (!str_eq(who.subject, l.forge_user_id))
			return err_set(e, ERR_CONFLICT,
				"the token kept of this user for %.*s is of another account",
				STR_FMT(provider));
		l.login = who.login;
		l.stored_at = now;
		keep.login = l;
		keep.login.token = STR("");
		TRY(store_write(s->store, &keep.op, e));
	}
	*ret = l.login;
	return ERR_OK;
}

static void run_who(struct errand *errand)
{
	struct signin_who *w = (struct signin_who *)(void *)errand;
	struct http_client *http = http_client_new();
	struct err result = { .code = ERR_OK };
	enum err_code code =
		signin_login(w->s, w->cfg, w->provider, w->user_id, w->now, http, w->a, &w->login, &result);

	(void)code; /* it stands in result */
	http_client_free(http);
	w->done(w->arg, &result);
}

enum err_code signin_who(struct signin *s, struct signin_who *w, struct err *e)
{
	w->s = s;
	w->errand.run = run_who;
	return errands_submit(s->errands, &w->errand, e);
}
