/*
 * oauth: URLs and requests.
 *
 * Every request of one sign-in takes its time from the same purse: a provider that answers each of five questions in fourteen seconds is
 * as slow as one that does not answer. Redirects are not followed (net/http.h), so neither a code nor a token can be led elsewhere.
 */
#include "forge/oauth.h"

#include "base/digest.h"
#include "forge/oauth_answer.h"
#include "net/url.h"

#include <string.h>

#define ANSWER_MAX (1024 * 1024)
#define PAGES_MAX 20

/* ---- where ---- */

static bool is_loopback_name(struct str host)
{
	return str_eq(host, STR("127.0.0.1")) || str_eq(host, STR("::1")) ||
	       str_eq_nocase(host, STR("localhost"));
}

bool oauth_url_is_private(struct str url)
{
	struct url u;

	return url_split(url, &u, NULL) == ERR_OK && (u.is_tls || is_loopback_name(u.host));
}

enum err_code oauth_url_check(enum oauth_kind kind, struct str url, struct err *e)
{
	struct url u;

	if (url_split(url, &u, NULL) != ERR_OK)
		return err_set(
			e, ERR_CONFIG, "no address of a provider; write it as https://git.example.org");
	if (u.user.len > 0 || str_find(url, '?') != url.len || str_find(url, '#') != url.len)
		return err_set(e, ERR_CONFIG,
			"the address of a provider has no name, no query and no fragment in it");
	if (kind == OAUTH_OIDC && !oauth_url_is_private(url))
		return err_set(e, ERR_CONFIG,
			"an OpenID provider must be https: that it is who it says is known from its "
			"certificate alone");
	return ERR_OK;
}

bool oauth_endpoints_known(const struct oauth_provider *p, struct arena *a, struct oauth_endpoints *ret)
{
	if (p->kind == OAUTH_OIDC)
		return false;
	*ret = (struct oauth_endpoints){
		.authorize = arena_fmt(a, "%.*s/login/oauth/authorize", STR_FMT(p->url)),
		.token = arena_fmt(a, "%.*s/login/oauth/access_token", STR_FMT(p->url)),
		.post_secret = true,
	};
	if (p->kind == OAUTH_GITHUB && str_eq_nocase(p->url, STR("https://github.com")))
		ret->userinfo = STR("https://api.github.com/user");
	else
		ret->userinfo = arena_fmt(
			a, "%.*s/api/%s/user", STR_FMT(p->url), p->kind == OAUTH_GITHUB ? "v3" : "v1");
	return true;
}

/* ---- asking ---- */

static enum err_code ask(const struct oauth_provider *p, const struct oauth_caller *c, struct http_request *r,
	struct http_answer *ret, struct err *e)
{
	int64_t left = c->until - clock_steady_ms(c->clock);
	enum err_code code;
	struct err why;

	if (left <= 0)
		return err_set(e, ERR_NETWORK, "%.*s is too slow; try again later", STR_FMT(p->name));
	r->total_ms = left < HTTP_TOTAL_MS ? (int)left : HTTP_TOTAL_MS;
	r->connect_ms = left < HTTP_CONNECT_MS ? (int)left : HTTP_CONNECT_MS;
	r->max_answer = ANSWER_MAX;
	code = http_send(c->http, r, ret, &why);
	if (code != ERR_OK)
		return err_set(e, ERR_NETWORK, "%.*s could not be asked: %.300s", STR_FMT(p->name), why.text);
	return ERR_OK;
}

static enum err_code get(const struct oauth_provider *p, const struct oauth_caller *c, const char *url,
	const char *bearer, struct http_answer *ret, struct err *e)
{
	const struct http_header accept = { "Accept", "application/json" };
	struct http_request r = {
		.method = "GET", .url = url, .bearer = bearer, .headers = &accept, .n_headers = 1
	};
	struct http_answer answer = { 0 };

	TRY(ask(p, c, &r, &answer, e));
	if (answer.status != 200) {
		http_answer_done(&answer);
		return err_set(e, ERR_NETWORK, "%.*s answered %d to %s", STR_FMT(p->name), answer.status,
			bearer ? "a question about the person" : "the question where it is to be asked");
	}
	*ret = answer;
	return ERR_OK;
}

enum err_code oauth_endpoints(const struct oauth_provider *p, const struct oauth_caller *c, struct arena *a,
	struct oauth_endpoints *ret, struct err *e)
{
	struct http_answer answer = { 0 };
	enum err_code code;
	struct str url;

	if (oauth_endpoints_known(p, a, ret))
		return ERR_OK;
	url = arena_fmt(a, "%.*s/.well-known/openid-configuration", STR_FMT(p->url));
	TRY(get(p, c, url.p, NULL, &answer, e));
	code = oauth_read_discovery(p, buf_view(&answer.body), a, ret, e);
	http_answer_done(&answer);
	return code;
}

/* ---- the flow ---- */

static void add(struct buf *out, const char *name, struct str value)
{
	buf_fmt(out, "&%s=", name);
	url_encode(value, out);
}

/*
 * Never more than who somebody is, and what they may read where that is asked for. Forges that know no scopes of this kind give what they give; GitHub has
 * none that reads without writing.
 */
static void add_scope(const struct oauth_provider *p, const struct oauth_asking *q, struct buf *out)
{
	static const struct {
		const char *who, *groups, *repos;
	} scopes[] = {
		[OAUTH_FORGEJO] = { "read:user", " read:organization", " read:repository" },
		[OAUTH_GITEA] = { "read:user", " read:organization", " read:repository" },
		[OAUTH_GITHUB] = { "read:user user:email", " read:org", " repo" },
		[OAUTH_OIDC] = { "openid profile email", " groups", "" },
	};

	buf_z(out, "&scope=");
	url_encode(str_z(scopes[p->kind].who), out);
	if (q->wants_groups)
		url_encode(str_z(scopes[p->kind].groups), out);
	if (q->wants_repos)
		url_encode(str_z(scopes[p->kind].repos), out);
}

void oauth_authorize_url(const struct oauth_provider *p, const struct oauth_endpoints *x,
	const struct oauth_asking *q, struct buf *out)
{
	struct sha256 challenge = sha256_of(q->verifier);
	AUTO_BUF text;

	buf_init(&text, 100);
	base64url_encode((struct str){ (const char *)challenge.b, SHA256_LEN }, &text);
	buf_str(out, x->authorize);
	buf_fmt(out, "%sresponse_type=code", str_find(x->authorize, '?') < x->authorize.len ? "&" : "?");
	add(out, "client_id", p->client_id);
	add(out, "redirect_uri", q->redirect_uri);
	add_scope(p, q, out);
	add(out, "state", q->state);
	add(out, "code_challenge", buf_view(&text));
	add(out, "code_challenge_method", STR("S256"));
	if (p->kind == OAUTH_OIDC)
		add(out, "nonce", q->nonce);
}

static bool same_but_for_slash(struct str a, struct str b)
{
	if (a.len > 0 && a.p[a.len - 1] == '/')
		a.len--;
	if (b.len > 0 && b.p[b.len - 1] == '/')
		b.len--;
	return str_eq(a, b);
}

/* Of a forge the issuer is not known beforehand, but where it would be is: its own address, and with GitHub a path below. */
enum err_code oauth_iss_check(
	const struct oauth_provider *p, const struct oauth_endpoints *x, struct str iss, struct err *e)
{
	bool good = iss.len == 0        ? !x->sends_iss
		    : x->issuer.len > 0 ? str_eq(iss, x->issuer)
					: same_but_for_slash(iss, p->url);

	if (!good && p->kind == OAUTH_GITHUB && str_starts(iss, p->url))
		good = str_eq(str_from(iss, p->url.len), STR("/login/oauth"));
	if (!good)
		return err_set(
			e, ERR_INVALID, "the answer is not from %.*s; sign in again", STR_FMT(p->name));
	return ERR_OK;
}

/* RFC 6749, 2.3.1: both parts are form-encoded first. */
static void basic(const struct oauth_provider *p, struct buf *out)
{
	AUTO_BUF pair;

	buf_init(&pair, 16384);
	url_encode(p->client_id, &pair);
	buf_char(&pair, ':');
	url_encode(p->client_secret, &pair);
	buf_z(out, "Basic ");
	base64_encode(buf_view(&pair), out);
	secret_wipe(pair.p, pair.len);
}

static void add_client(const struct oauth_provider *p, const struct oauth_endpoints *x, struct buf *form)
{
	if (!x->post_secret)
		return;
	add(form, "client_id", p->client_id);
	add(form, "client_secret", p->client_secret);
}

static enum err_code ask_tokens(const struct oauth_provider *p, const struct oauth_endpoints *x,
	struct str form, const struct oauth_caller *c, struct arena *a, struct oauth_tokens *ret,
	struct err *e)
{
	struct http_header headers[2] = { { "Accept", "application/json" }, { "Authorization", NULL } };
	struct http_request r = { .method = "POST",
		.url = x->token.p,
		.content_type = "application/x-www-form-urlencoded",
		.body = form,
		.headers = headers,
		.n_headers = x->post_secret ? 1 : 2 };
	struct http_answer answer = { 0 };
	enum err_code how;
	AUTO_BUF secret;

	buf_init(&secret, 32 * 1024);
	basic(p, &secret);
	headers[1].value = buf_cstr(&secret);
	how = ask(p, c, &r, &answer, e);
	if (how == ERR_OK)
		how = oauth_read_tokens(p, answer.status, buf_view(&answer.body), a, ret, e);
	secret_wipe(secret.p, secret.len);
	secret_wipe(answer.body.p, answer.body.len);
	http_answer_done(&answer);
	return how;
}

enum err_code oauth_redeem(const struct oauth_provider *p, const struct oauth_endpoints *x,
	const struct oauth_asking *q, struct str code, const struct oauth_caller *c, struct arena *a,
	struct oauth_tokens *ret, struct err *e)
{
	enum err_code how;
	AUTO_BUF form;

	buf_init(&form, 64 * 1024);
	buf_z(&form, "grant_type=authorization_code");
	add(&form, "code", code);
	add(&form, "redirect_uri", q->redirect_uri);
	add(&form, "code_verifier", q->verifier);
	add_client(p, x, &form);
	how = ask_tokens(p, x, buf_view(&form), c, a, ret, e);
	secret_wipe(form.p, form.len);
	return how;
}

enum err_code oauth_refresh(const struct oauth_provider *p, const struct oauth_endpoints *x,
	struct str refresh, const struct oauth_caller *c, struct arena *a, struct oauth_tokens *ret,
	struct err *e)
{
	enum err_code how;
	AUTO_BUF form;

	buf_init(&form, 64 * 1024);
	buf_z(&form, "grant_type=refresh_token");
	add(&form, "refresh_token", refresh);
	add_client(p, x, &form);
	how = ask_tokens(p, x, buf_view(&form), c, a, ret, e);
	secret_wipe(form.p, form.len);
	if (how == ERR_OK && ret->refresh.len == 0)
		ret->refresh = arena_str(a, refresh); /* RFC 6749, 6: then it stays */
	return how;
}

/* ---- who ---- */

static enum err_code who_by_claims(const struct oauth_provider *p, const struct oauth_endpoints *x,
	const struct oauth_tokens *t, struct str nonce, int64_t now, const struct oauth_caller *c,
	struct arena *a, struct oauth_person *person, struct err *e)
{
	struct http_answer answer = { 0 };
	enum err_code code;

	TRY(oauth_read_id_token(p, x, t->id, nonce, now, a, person, e));
	TRY(get(p, c, x->userinfo.p, t->access.p, &answer, e));
	code = oauth_read_userinfo(p, buf_view(&answer.body), a, person, e);
	http_answer_done(&answer);
	return code;
}

/* A list that comes in pages: until one is not full. Forges hold a page to 50 whatever is asked for, GitHub to 100. */
static enum err_code ask_names(const struct oauth_provider *p, const struct oauth_endpoints *x,
	const struct oauth_tokens *t, bool teams, const struct oauth_caller *c, struct arena *a,
	struct oauth_names *ret, struct err *e)
{
	struct oauth_names names = { .v = arena_array(a, OAUTH_NAMES_MAX, sizeof *names.v) };
	const char *size = p->kind == OAUTH_GITHUB ? "per_page" : "limit";
	size_t n = 50;

	for (int page = 1; page <= PAGES_MAX && n >= 50 && names.n < OAUTH_NAMES_MAX; page++) {
		struct str url = arena_fmt(a, "%.*s/%s?%s=50&page=%d", STR_FMT(x->userinfo),
			teams ? "teams" : "orgs", size, page);
		struct http_answer answer = { 0 };
		enum err_code code;

		TRY(get(p, c, url.p, t->access.p, &answer, e));
		code = oauth_read_names(p, teams, buf_view(&answer.body), a, &names, &n, e);
		http_answer_done(&answer);
		TRY(code);
	}
	*ret = names;
	return ERR_OK;
}

static enum err_code who_by_api(const struct oauth_provider *p, const struct oauth_endpoints *x,
	const struct oauth_tokens *t, unsigned what, const struct oauth_caller *c, struct arena *a,
	struct oauth_person *person, struct err *e)
{
	struct str emails = arena_fmt(a, "%.*s/emails", STR_FMT(x->userinfo));
	struct http_answer answer = { 0 };
	enum err_code code;

	TRY(get(p, c, x->userinfo.p, t->access.p, &answer, e));
	code = oauth_read_user(p, buf_view(&answer.body), a, person, e);
	http_answer_done(&answer);
	TRY(code);
	answer = (struct http_answer){ 0 };
	TRY(get(p, c, emails.p, t->access.p, &answer, e));
	code = oauth_read_emails(p, buf_view(&answer.body), a, person, e);
	http_answer_done(&answer);
	TRY(code);
	if (what & OAUTH_ORGS)
		TRY(ask_names(p, x, t, false, c, a, &person->orgs, e));
	if (what & OAUTH_TEAMS)
		TRY(ask_names(p, x, t, true, c, a, &person->teams, e));
	return ERR_OK;
}

enum err_code oauth_who(const struct oauth_provider *p, const struct oauth_endpoints *x,
	const struct oauth_tokens *t, struct str nonce, unsigned what, int64_t now,
	const struct oauth_caller *c, struct arena *a, struct oauth_person *ret, struct err *e)
{
	struct oauth_person person = { 0 };

	if (p->kind == OAUTH_OIDC)
		TRY(who_by_claims(p, x, t, nonce, now, c, a, &person, e));
	else
		TRY(who_by_api(p, x, t, what, c, a, &person, e));
	*ret = person;
	return ERR_OK;
}

/* ---- what they may read ---- */

/* What follows /user is where a forge tells of the person; of repos it tells beside that. */
static struct str repo_url(const struct oauth_endpoints *x, struct str repo, struct arena *a)
{
	struct str base = { x->userinfo.p, x->userinfo.len - strlen("/user") };
	size_t slash = str_find(repo, '/');
	struct str url;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	buf_str(&out, base);
	buf_z(&out, "/repos/");
	url_encode((struct str){ repo.p, slash }, &out);
	buf_char(&out, '/');
	url_encode(str_from(repo, slash + 1), &out);
	url = arena_str(a, buf_view(&out));
	return url;
}

static enum err_code read_verdict(
	const struct oauth_provider *p, const struct http_answer *answer, enum oauth_may *ret, struct err *e)
{
	switch (answer->status) {
	case 200:
		*ret = oauth_read_pull(buf_view(&answer->body)) ? OAUTH_MAY : OAUTH_MAY_NOT;
		return ERR_OK;
	case 403:
	case 404:
	case 410:
	case 451:
		*ret = OAUTH_MAY_NOT;
		return ERR_OK;
	case 401:
		return err_set(e, ERR_UNAUTHORIZED, "%.*s takes the token no more", STR_FMT(p->name));
	case 429:
		return err_set(e, ERR_NETWORK, "%.*s was asked too often", STR_FMT(p->name));
	}
	*ret = OAUTH_UNSURE;
	return ERR_OK;
}

enum err_code oauth_may_read(const struct oauth_provider *p, const struct oauth_endpoints *x,
	struct str access, struct str repo, const struct oauth_caller *c, struct arena *a,
	enum oauth_may *ret, struct err *e)
{
	const struct http_header accept = { "Accept", "application/json" };
	struct str url = repo_url(x, repo, a);
	struct http_request r = {
		.method = "GET", .url = url.p, .bearer = access.p, .headers = &accept, .n_headers = 1
	};
	struct http_answer answer = { 0 };
	enum err_code code = ask(p, c, &r, &answer, e);

	if (code == ERR_OK)
		code = read_verdict(p, &answer, ret, e);
	http_answer_done(&answer);
	return code;
}
