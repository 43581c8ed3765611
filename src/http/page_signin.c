/*
 * page_signin: into a session and out of it, for browsers.
 *
 * A provider is set out for by a link and not by a form: form-action of our Content-Security-Policy holds for redirects of forms as well. That
 * somebody can be led to that link from elsewhere does no harm: whoever comes back is signed in as who they are at the provider, in the
 * browser that set out, and goes to a page of ours.
 *
 * The session's cookie is always a new one. A session that the browser had ends then, so that nobody who put one there stays in it.
 */
#include "http/page_signin.h"
#include "api_table.h"
#include "base/digest.h"
#include "http/edge.h"
#include "http/page_login.h"

#include "http/page.h"

#define FORM_COOKIE_S 86400

/* ---- cookies ---- */

static void set_cookie(struct call *c, struct str name, struct str value, int64_t max_age_s, bool with_error)
{
	AUTO_BUF text;

	buf_init(&text, 1000);
	cookie_write(c->cfg, name, value, max_age_s, &text);
	if (with_error)
		reply_keep_header(c, "Set-Cookie", buf_cstr(&text));
	else
		reply_header(c, "Set-Cookie", buf_cstr(&text));
}

static struct session_by by_session(const struct call *c, const struct session *s)
{
	return (struct session_by){ .user_id = s->user_id,
		.session_id = s->id,
		.email = s->email,
		.request_id = str_z(edge_of(c)->request_id),
		.address = c->address };
}

static void end_old_session(struct call *c)
{
	struct str id = session_cookie_find(c->cfg, call_header(c, "Cookie"));
	struct session_by by;
	struct session s;

	if (id.len == 0 || session_find(c->app->store, c->cfg, id, c->now, &c->arena, &s, NULL) != ERR_OK)
		return;
	/* If it cannot be ended now it ends by itself: that must not keep its owner from signing in. */
	by = by_session(c, &s);
	(void)!session_revoke(c->app->store, &by, s.id, c->now, NULL);
}

void page_signed_in(struct call *c, struct str session_id, struct str return_path)
{
	AUTO_BUF cookie;

	buf_init(&cookie, 1000);
	end_old_session(c);
	session_cookie_write(c->cfg, session_id, &cookie);
	reply_header(c, "Set-Cookie", buf_cstr(&cookie));
	reply_header(c, "Location", arena_cstr(&c->arena, page_return_path(return_path)));
	reply_empty(c, 303);
}

enum err_code page_logout(struct call *c, struct err *e)
{
	const struct session_by by = session_by_identity(&c->identity);
	AUTO_BUF cookie;

	buf_init(&cookie, 1000);
	TRY(session_revoke(c->app->store, &by, c->identity.session_id, c->now, e));
	session_cookie_clear(c->cfg, &cookie);
	reply_header(c, "Set-Cookie", buf_cstr(&cookie));
	reply_header(c, "Location", "/login");
	reply_empty(c, 303);
	return ERR_OK;
}

/* ---- the login page ---- */

/*
 * Before there is a session, the form's token is made from a cookie that the page sets: another site can send the form, but neither read the
 * one nor set the other. So it cannot sign anybody in as somebody else (login CSRF).
 */
static struct str form_cookie_name(struct call *c)
{
	return cookie_name(c->cfg, STR("sluice-form"), &c->arena);
}

static struct str csrf_of_cookie(struct call *c, struct str cookie)
{
	struct sha256 digest = sha256_of(arena_fmt(&c->arena, "login form %.*s", STR_FMT(cookie)));
	struct str text;
	AUTO_BUF out;

	buf_init(&out, 100);
	base64url_encode((struct str){ (const char *)digest.b, SHA256_LEN }, &out);
	text = arena_str(&c->arena, buf_view(&out));
	return text;
}

static struct str form_cookie(struct call *c)
{
	return cookie_find(call_header(c, "Cookie"), form_cookie_name(c));
}

/* The token for the form; the cookie is set when the browser has none. */
static struct str form_csrf(struct call *c)
{
	struct str cookie = form_cookie(c);
	AUTO_BUF made;

	buf_init(&made, SESSION_ID_LEN);
	if (cookie.len == 0) {
		session_new_id(&made);
		cookie = arena_str(&c->arena, buf_view(&made));
		set_cookie(c, form_cookie_name(c), cookie, FORM_COOKIE_S, false);
	}
	return csrf_of_cookie(c, cookie);
}

static enum err_code check_form(struct call *c, struct err *e)
{
	struct str cookie = form_cookie(c);
	struct sha256 want = sha256_of(csrf_of_cookie(c, cookie)),
		      got = sha256_of(json_str(json_get(c->body, "csrf")));

	if (cookie.len == 0 || !sha256_equal(&want, &got) ||
		str_eq(call_header(c, "Sec-Fetch-Site"), STR("cross-site")))
		return err_set(e, ERR_FORBIDDEN,
			"the form is not from a login page of this browser; load /login again and send it "
			"from there. "
			"Cookies must be allowed, and behind TLS server.public-url must say https");
	return ERR_OK;
}

static struct str without_scheme(struct str url)
{
	size_t at = str_find_str(url, STR("://"));

	return at < url.len ? str_from(url, at + 3) : url;
}

static void show_login(struct call *c, int status, struct str error, struct str email, struct str return_path)
{
	struct login_provider *providers = arena_array(&c->arena, c->cfg->n_oauths, sizeof *providers);
	struct html h = page_begin(c, status, STR("Sign in"));
	struct login_view v = { .passwords = true,
		.providers = providers,
		.n_providers = c->cfg->n_oauths,
		.error = error,
		.email = email,
		.return_path = page_return_path(return_path),
		.csrf = form_csrf(c) };

	for (size_t i = 0; i < v.n_providers; i++)
		providers[i] = (struct login_provider){ c->cfg->oauths[i].provider.name,
			without_scheme(c->cfg->oauths[i].provider.url) };
	page_login_put(&h, &v);
	page_end(c, &h);
}

enum err_code page_login(struct call *c, struct err *e)
{
	struct str id = session_cookie_find(c->cfg, call_header(c, "Cookie"));
	struct session s;
	(void)e;

	if (id.len > 0 && session_find(c->app->store, c->cfg, id, c->now, &c->arena, &s, NULL) == ERR_OK) {
		reply_header(c, "Location", arena_cstr(&c->arena, page_return_path(arg_str(c, "return"))));
		reply_empty(c, 303);
		return ERR_OK;
	}
	show_login(c, 200, STR(""), STR(""), arg_str(c, "return"));
	return ERR_OK;
}

/* A password is looked at on a thread of its own: it takes its time on purpose. */
struct
try {
	struct errand errand;
	struct call *call;
};

static enum err_code enter(struct call *c, struct err *e)
{
	struct session_start start = { .address = c->address,
		.agent = call_header(c, "User-Agent"),
		.request_id = str_z(edge_of(c)->request_id),
		.how = "password" };
	struct identity who = { 0 };
	struct session session;
	AUTO_BUF id;

	buf_init(&id, SESSION_ID_LEN);
	TRY(access_password(c->app->access, json_str(json_get(c->body, "email")),
		json_str(json_get(c->body, "password")), c->address, clock_steady_ms(c->app->clock),
		&c->arena, &who, e));
	start.user_id = who.user_id;
	start.by = &who;
	TRY(session_begin(c->app->store, c->cfg, &start, c->now, &c->arena, &session, &id, e));
	page_signed_in(c, buf_view(&id), json_str(json_get(c->body, "return")));
	return ERR_OK;
}

static void run_try(struct errand *errand)
{
	struct call *c = ((struct try *)(void *)errand)->call;
	struct err result = { .code = ERR_OK };
	enum err_code code = enter(c, &result);

	if (code == ERR_UNAUTHORIZED)
		code = guard_failed(c, &result); /* which may have become one too many */
	if (code == ERR_UNAUTHORIZED) {
		reply_header(c, "WWW-Authenticate", "Bearer"); /* RFC 9110, 15.5.2: there must be one */
		show_login(c, 401,
			STR("The address or the password is wrong, or it was tried too often; wait a minute "
			    "and try again."),
			json_str(json_get(c->body, "email")), json_str(json_get(c->body, "return")));
		result.code = ERR_OK;
	}
	call_finish(c, &result);
}

enum err_code page_login_try(struct call *c, struct err *e)
{
	struct try *t = arena_alloc(&c->arena, sizeof *t);
	enum err_code code;

	TRY(check_form(c, e));
	*t = (struct try){ .errand.run = run_try, .call = c };
	call_defer(c, NULL, NULL);
	code = errands_submit(c->app->passwords, &t->errand, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

/* ---- through a provider ---- */

struct out {
	struct call *call;
	struct signin_begin begin;
};

static void set_out(void *arg, const struct err *result)
{
	struct out *o = arg;
	struct call *c = o->call;

	if (result->code == ERR_OK) {
		set_cookie(c, signin_cookie_name(c->cfg, &c->arena), o->begin.browser, SIGNIN_MINUTES * 60,
			false);
		reply_header(c, "Location", arena_cstr(&c->arena, o->begin.location));
		reply_empty(c, 303);
	}
	call_finish(c, result);
}

/* A sign-in begins: tie_user_id 0, or to tie an account to a user; done shows the way out. */
static enum err_code begin(
	struct call *c, struct str return_path, int64_t tie_user_id, signin_done_fn *done, struct err *e)
{
	struct out *o = arena_alloc(&c->arena, sizeof *o);
	enum err_code code;

	*o = (struct out){ .call = c,
		.begin = { .provider = arg_str(c, "name"),
			.return_path = return_path,
			.tie_user_id = tie_user_id,
			.cfg = c->cfg,
			.now = c->now,
			.a = &c->arena,
			.done = done,
			.arg = o } };
	call_defer(c, NULL, NULL);
	code = signin_begin(c->app->signin, &o->begin, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

enum err_code page_oauth_start(struct call *c, struct err *e)
{
	return begin(c, page_return_path(arg_str(c, "return")), 0, set_out, e);
}

/* The way out is a link: a form whose answer leads to another site is stopped by the policy of our pages. */
static void show_way_out(void *arg, const struct err *result)
{
	struct out *o = arg;
	struct call *c = o->call;

	if (result->code == ERR_OK) {
		struct html h = page_begin(c, 200, STR("Tie an account"));

		set_cookie(c, signin_cookie_name(c->cfg, &c->arena), o->begin.browser, SIGNIN_MINUTES * 60,
			false);
		html(&h, "<h1>Tie an account</h1><p>The account that you sign in with there will be yours "
			 "here.</p><p><a class=\"button\" ");
		html_attr(&h, "href", o->begin.location);
		html(&h, ">Go on to ");
		html_name(&h, o->begin.provider, PAGE_NAME_MAX);
		html(&h, "</a></p>");
		page_end(c, &h);
	}
	call_finish(c, result);
}

enum err_code page_login_tie(struct call *c, struct err *e)
{
	return begin(c, STR("/account"), c->identity.user_id, show_way_out, e);
}

struct back {
	struct call *call;
	struct signin_end end;
};

static void came_back(void *arg, const struct err *result)
{
	struct back *b = arg;
	struct call *c = b->call;

	set_cookie(c, signin_cookie_name(c->cfg, &c->arena), STR(""), 0, true);
	if (result->code == ERR_OK)
		page_signed_in(c, b->end.session_id, b->end.return_path);
	call_finish(c, result);
}

enum err_code page_oauth_callback(struct call *c, struct err *e)
{
	struct back *b = arena_alloc(&c->arena, sizeof *b);
	enum err_code code;

	*b = (struct back){ .call = c,
		.end = { .provider = arg_str(c, "name"),
			.browser =
				cookie_find(call_header(c, "Cookie"), signin_cookie_name(c->cfg, &c->arena)),
			.state = arg_str(c, "state"),
			.code = arg_str(c, "code"),
			.error = arg_str(c, "error"),
			.iss = arg_str(c, "iss"),
			.address = c->address,
			.agent = call_header(c, "User-Agent"),
			.request_id = str_z(edge_of(c)->request_id),
			.cfg = c->cfg,
			.now = c->now,
			.a = &c->arena,
			.done = came_back,
			.arg = b } };
	call_defer(c, NULL, NULL);
	code = signin_end(c->app->signin, &b->end, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}
