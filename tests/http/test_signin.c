/* signin: the way in and out of browsers, with a provider that the test plays; and what others may try on that way. */
#include "tests/test.h"

#include "base/metric.h"
#include "service/session.h"
#include "tests/http/fixture.h"
#include "tests/unit/help/little_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct little_server *server;
static struct {
	const char *_Atomic user, *_Atomic emails;
	atomic_bool broken;
} there;

static enum little_kind provider(void *arg, struct str request, char **ret)
{
	const char *json = "{\"access_token\":\"the-forge-token\",\"token_type\":\"bearer\"}";
	AUTO_BUF out;
	(void)arg;

	buf_init(&out, 65536);
	if (str_starts(request, STR("GET /api/v1/user/emails ")))
		json = there.emails;
	else if (str_starts(request, STR("GET /api/v1/user ")))
		json = there.user;
	if (there.broken)
		json = "<html>";
	buf_fmt(&out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(json),
		json);
	*ret = buf_take(&out);
	return LITTLE_BYTES;
}

static void configure(const char *allow)
{
	struct config *c = fixture_config(0, 0);

	c->oauths = arena_array(&c->arena, 1, sizeof *c->oauths);
	c->n_oauths = 1;
	c->oauths[0] = (struct oauth_config){
		.provider = { STR("home"), OAUTH_FORGEJO,
			arena_str(&c->arena, str_z(little_server_url(server))), STR("sluice"),
			STR("secret") },
		.redirect_uri = STR("https://sluice.example.org/oauth/home/callback"),
		.allow = arena_array(&c->arena, 1, sizeof(struct str)),
		.n_allow = 1,
	};
	c->oauths[0].allow[0] = arena_str(&c->arena, str_z(allow));
	config_swap(fx.app.config, c);
}

static int set_up(void **state)
{
	if (router_up(state) != 0)
		return -1;
	server = little_server_new();
	little_server_ask(server, provider, NULL);
	there.user = "{\"id\":7,\"login\":\"ann\"}";
	there.emails = "[{\"email\":\"ann@example.org\",\"verified\":true}]";
	there.broken = false;
	configure("*");
	return 0;
}

static int tear_down(void **state)
{
	little_server_free(server);
	return router_down(state);
}

/* --- a browser */

struct browser { /* its cookies: name=value; */
	struct str session, form, signin;
};

static void keep_cookie(struct str *where, const char *name, const char *set_cookie)
{
	struct str text = str_z(set_cookie), begin = arena_fmt(&fx.arena, "%s=", name);

	if (!str_starts(text, begin))
		return;
	text = arena_str(&fx.arena, (struct str){ text.p, str_find(text, ';') });
	*where = text.len > begin.len ? text : STR("");
}

static void keep_cookies(struct browser *b, const struct answer *r)
{
	for (size_t i = 0; i < r->n_headers; i++) {
		if (strcmp(r->headers[i].name, "Set-Cookie") != 0)
			continue;
		keep_cookie(&b->session, "__Host-sluice", r->headers[i].value);
		keep_cookie(&b->form, "__Host-sluice-form", r->headers[i].value);
		keep_cookie(&b->signin, "__Host-sluice-signin", r->headers[i].value);
	}
}

static struct answer browse(struct browser *b, struct ask a)
{
	struct str cookies = arena_fmt(
		&fx.arena, "%.*s; %.*s; %.*s", STR_FMT(b->session), STR_FMT(b->form), STR_FMT(b->signin));
	struct answer r;

	a.header[0] = "Cookie";
	a.header[1] = cookies.p;
	a.method = a.method ? a.method : "GET";
	a.type = a.body ? "application/x-www-form-urlencoded" : NULL;
	r = ask(a);
	keep_cookies(b, &r);
	return r;
}

static struct answer visit(struct browser *b, const char *target)
{
	return browse(b, (struct ask){ .target = target });
}

static struct answer send_form(struct browser *b, const char *target, const char *body)
{
	return browse(b, (struct ask){ .method = "POST", .target = target, .body = body });
}

static const char *between(const char *text, const char *begin, const char *end)
{
	const char *at = strstr(text, begin), *to;

	if (!at)
		fail_msg("no %s in %s", begin, text);
	at += strlen(begin);
	to = strstr(at, end);
	return arena_str(&fx.arena, (struct str){ at, to ? (size_t)(to - at) : strlen(at) }).p;
}

/* The state that the browser was sent away with. */
static const char *set_out(struct browser *b, const char *return_path)
{
	AUTO_ANSWER r = visit(b,
		arena_fmt(&fx.arena, "/oauth/home/start%s%s", *return_path ? "?return=" : "", return_path).p);

	if (r.status != 303)
		fail_msg("%d %s", r.status, r.body);
	return between(header_of(&r, "Location"), "&state=", "&");
}

static struct answer come_back(struct browser *b, const char *state)
{
	return visit(b, arena_fmt(&fx.arena, "/oauth/home/callback?code=the-code&state=%s", state).p);
}

static void sign_in(struct browser *b)
{
	AUTO_ANSWER r = come_back(b, set_out(b, ""));

	if (r.status != 303 || b->session.len == 0)
		fail_msg("%d %s", r.status, r.body);
}

static void assert_page(const struct answer *r, int status, const char *has)
{
	if (r->status != status)
		fail_msg("%d instead of %d: %s", r->status, status, r->body);
	assert_string_equal(header_of(r, "Content-Type"), "text/html; charset=utf-8");
	if (!strstr(r->body, has))
		fail_msg("no %s in %s", has, r->body);
}

/* --- the way */

static void the_login_page_offers_passwords_and_each_provider(void **state)
{
	struct browser b = { 0 };
	AUTO_ANSWER r = visit(&b, "/login?return=/runs/5");
	(void)state;

	assert_page(&r, 200, "href=\"/oauth/home/start?return=%2Fruns%2F5\"");
	assert_non_null(strstr(r.body, "name=\"password\""));
	assert_true(b.form.len > 0);
	assert_null(strstr(
		r.body, b.form.p + strlen("__Host-sluice-form="))); /* the form's token is not the cookie */
}

static void whoever_signs_in_comes_to_the_page_that_was_asked_for(void **state)
{
	struct browser b = { 0 };
	(void)state;

	{
		const char *sent = set_out(&b, "/account%3Fa%3Db");
		AUTO_ANSWER r = come_back(&b, sent);

		assert_int_equal(r.status, 303);
		assert_string_equal(header_of(&r, "Location"), "/account?a=b");
		assert_int_equal(b.signin.len, 0); /* that cookie is taken away */
	}
	AUTO_ANSWER home = visit(&b, "/");
	AUTO_ANSWER login = visit(&b, "/login?return=/runs/5");

	assert_page(&home, 200, "ann@example.org");
	assert_int_equal(login.status, 303);
	assert_string_equal(header_of(&login, "Location"), "/runs/5");
}

static void cookies_are_not_for_scripts_nor_for_other_sites_nor_without_tls(void **state)
{
	struct browser b = { 0 };
	const char *sent = set_out(&b, "");
	AUTO_ANSWER r = come_back(&b, sent);
	int n = 0;
	(void)state;

	for (size_t i = 0; i < r.n_headers; i++) {
		if (strcmp(r.headers[i].name, "Set-Cookie") != 0)
			continue;
		n++;
		assert_int_equal(strncmp(r.headers[i].value, "__Host-", 7), 0);
		assert_non_null(strstr(r.headers[i].value, "; HttpOnly"));
		assert_non_null(strstr(r.headers[i].value, "; SameSite=Lax"));
		assert_non_null(strstr(r.headers[i].value, "; Secure"));
		assert_non_null(strstr(r.headers[i].value, "; Path=/;"));
		assert_null(strstr(r.headers[i].value, "Domain"));
	}
	assert_int_equal(n, 2);
}

static void a_provider_may_add_to_its_answer_what_it_likes(void **state)
{
	struct browser b = { 0 };
	const char *sent = set_out(&b, "");
	AUTO_ANSWER r = visit(
		&b, arena_fmt(&fx.arena,
			    "/oauth/home/callback?session_state=1&code=c&scope=a+b&state=%s&hd=x&hd=y", sent)
			    .p);
	(void)state;

	assert_int_equal(r.status, 303);
}

static void who_may_not_come_is_shown_why_and_what_to_do(void **state)
{
	struct browser b = { 0 };
	const char *sent;
	(void)state;

	there.user = "{\"id\":7,\"login\":\"<b>ann</b>\"}";
	configure("org:acme");
	sent = set_out(&b, "");
	there.broken = false;
	AUTO_ANSWER r = come_back(&b, sent);
	assert_int_equal(b.session.len, 0);
	/* The provider of the test tells no organisations, which is nonsense to us. */
	assert_page(&r, 502, "nonsense");
	configure("bob");
	sent = set_out(&b, "");
	AUTO_ANSWER denied = come_back(&b, sent);
	assert_page(&denied, 403, "&lt;b&gt;ann&lt;/b&gt; may not come in");
	assert_non_null(strstr(denied.body, "href=\"/login\""));
	assert_int_equal(b.session.len, 0);
}

static void a_provider_that_talks_nonsense_is_a_page_too(void **state)
{
	struct browser b = { 0 };
	const char *sent = set_out(&b, "");
	(void)state;

	there.broken = true;
	AUTO_ANSWER r = come_back(&b, sent);
	assert_page(&r, 502, "home answered nonsense");
}

/* --- what others try */

static void a_session_that_somebody_put_there_is_not_the_one_that_is_signed_in(void **state)
{
	struct browser mallory = { 0 }, ann = { 0 };
	struct str planted;
	(void)state;

	there.user = "{\"id\":66,\"login\":\"mallory\"}";
	there.emails = "[{\"email\":\"mallory@example.org\",\"verified\":true}]";
	sign_in(&mallory);
	there.user = "{\"id\":7,\"login\":\"ann\"}";
	there.emails = "[{\"email\":\"ann@example.org\",\"verified\":true}]";
	planted = ann.session = mallory.session;
	sign_in(&ann);
	assert_false(str_eq(ann.session, planted));
	AUTO_ANSWER r = visit(&mallory, "/account");
	assert_int_equal(r.status, 303); /* what was planted is over, and was never hers */
	AUTO_ANSWER hers = visit(&ann, "/account");
	assert_page(&hers, 200, "ann@example.org");
	/* Nor does one that was made up become a session. */
	ann.session = STR("__Host-sluice=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	sign_in(&ann);
	assert_false(str_eq(ann.session, STR("__Host-sluice=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")));
}

static void a_code_cannot_be_put_into_somebody_elses_browser(void **state)
{
	struct browser mallory = { 0 }, ann = { 0 };
	const char *sent = set_out(&mallory, "");
	(void)state;

	AUTO_ANSWER without = come_back(&ann, sent);
	assert_page(&without, 400, "not begun in this browser");
	set_out(&ann, "");
	AUTO_ANSWER with_hers = come_back(&ann, sent);
	assert_page(&with_hers, 400, "not begun in this browser");
	assert_int_equal(ann.session.len, 0);
}

static void a_state_is_good_once(void **state)
{
	struct browser b = { 0 };
	const char *sent = set_out(&b, "");
	struct str signin = b.signin;
	(void)state;

	AUTO_ANSWER first = come_back(&b, sent);
	assert_int_equal(first.status, 303);
	b.signin = signin;
	AUTO_ANSWER again = come_back(&b, sent);
	assert_page(&again, 400, "used already");
}

static void nobody_is_led_to_another_site(void **state)
{
	static const char *const elsewhere[] = { "https://evil.example/", "//evil.example/",
		"/%5Cevil.example/", "%5C%5Cevil.example", "/%09/evil.example", "/%0D%0A/evil.example",
		"javascript:alert(1)", "evil.example", "/%5C%5Cevil.example", "%20/evil.example",
		"/%E2%80%AE/x", "http:evil.example", "///evil.example", "/%00/" };
	(void)state;

	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
		struct browser b = { 0 };
		AUTO_ANSWER out =
			visit(&b, arena_fmt(&fx.arena, "/oauth/home/start?return=%s", elsewhere[i]).p);

		if (out.status == 400)
			continue;
		assert_int_equal(out.status, 303);
		AUTO_ANSWER r = come_back(&b, between(header_of(&out, "Location"), "&state=", "&"));
		if (r.status != 303 || strcmp(header_of(&r, "Location"), "/") != 0)
			fail_msg("%s: %d %s", elsewhere[i], r.status, header_of(&r, "Location"));
		AUTO_ANSWER login = visit(&b, arena_fmt(&fx.arena, "/login?return=%s", elsewhere[i]).p);
		assert_string_equal(header_of(&login, "Location"), "/");
	}
}

static void nothing_that_comes_becomes_a_header(void **state)
{
	static const char *const targets[] = {
		"/oauth/home/start?return=/x%0d%0aSet-Cookie:%20evil=1",
		"/oauth/home%0d%0aevil/start",
		"/oauth/home/callback?state=a%0d%0aSet-Cookie:%20evil=1&code=x",
		"/oauth/home/callback?state=x&code=a%0d%0aHost:%20evil",
		"/oauth/home/callback?state=x&error=a%0d%0aevil",
		"/login?return=/x%0d%0aSet-Cookie:%20evil=1",
	};
	(void)state;

	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		struct browser b = { 0 };
		AUTO_ANSWER r = visit(&b, targets[i]);

		for (size_t k = 0; k < r.n_headers; k++) {
			assert_null(strpbrk(r.headers[k].value, "\r\n"));
			if (strstr(r.headers[k].value, "evil"))
				fail_msg("%s: %s: %s", targets[i], r.headers[k].name, r.headers[k].value);
		}
	}
}

static void what_comes_is_shown_as_text_or_not_at_all(void **state)
{
	struct browser b = { 0 };
	const char *sent = set_out(&b, "");
	AUTO_ANSWER r = visit(&b,
		arena_fmt(&fx.arena,
			"/oauth/home/callback?state=%s&error=%%3Cscript%%3E&error_description=%%3Cscript%%3E",
			sent)
			.p);
	AUTO_ANSWER wrong = visit(&b, "/oauth/home/callback?state=%3Cscript%3E&code=%3Cscript%3E");
	(void)state;

	assert_null(strstr(r.body, "script"));
	assert_null(strstr(wrong.body, "script"));
	assert_null(strstr(r.body, sent));
}

static void paths_that_are_spelled_in_another_way_lead_nowhere(void **state)
{
	static const char *const targets[] = { "/oauth/../login", "/oauth/%2e%2e/start", "/oauth/./start",
		"/oauth/home%2Fstart", "/oauth/home/start/", "//oauth/home/start", "/oauth//start",
		"/OAUTH/home/start", "/oauth/home/%73tart", "/oauth/home;x/start",
		"/oauth/home/../home/start", "/oauth/%00/start", "/account/", "/account/../account",
		"/account%2Ftokens", "/account/sessions/0/revoke", "/account/sessions/-1/revoke",
		"/account/sessions/1%2F/revoke" };
	(void)state;

	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		struct browser b = { 0 };
		sign_in(&b);
		AUTO_ANSWER r = visit(&b, targets[i]);
		if (r.status != 404 && r.status != 400 && r.status != 405)
			fail_msg("%s: %d", targets[i], r.status);
	}
}

/* --- forms */

static const char *csrf_of(struct browser *b, const char *page)
{
	AUTO_ANSWER r = visit(b, page);

	return between(r.body, "name=\"csrf\" value=\"", "\"");
}

static void a_form_without_the_token_of_its_session_does_nothing(void **state)
{
	static const char *const targets[] = { "/logout", "/account/tokens", "/account/sessions/1/revoke",
		"/account/sessions/revoke-others", "/account/tokens/1/revoke", "/account/logins/home" };
	struct browser ann = { 0 }, other = { 0 };
	const char *token, *others;
	(void)state;

	sign_in(&ann);
	sign_in(&other);
	token = csrf_of(&ann, "/account");
	others = csrf_of(&other, "/account");
	assert_string_not_equal(token, others);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		const char *more = i == 1 ? "&name=t&days=7&scope=runs:read" : "";
		AUTO_ANSWER none = send_form(&ann, targets[i], "x=y");
		AUTO_ANSWER empty = send_form(&ann, targets[i], arena_fmt(&fx.arena, "csrf=%s", more).p);
		AUTO_ANSWER another =
			send_form(&ann, targets[i], arena_fmt(&fx.arena, "csrf=%s%s", others, more).p);
		AUTO_ANSWER foreign =
			browse(&ann, (struct ask){ .method = "POST",
					     .target = targets[i],
					     .body = arena_fmt(&fx.arena, "csrf=%s%s", token, more).p,
					     .more = { "Sec-Fetch-Site", "cross-site" } });

		assert_page(&none, 403, "not from a page of this session");
		assert_page(&empty, 403, "not from a page of this session");
		assert_page(&another, 403, "not from a page of this session");
		assert_page(&foreign, 403, "not from a page of this session");
	}
	AUTO_ANSWER still = visit(&ann, "/account");
	assert_int_equal(still.status, 200);
}

static void the_login_form_is_taken_from_its_own_page_alone(void **state)
{
	struct browser ann = { 0 }, mallory = { 0 };
	const char *hers = csrf_of(&ann, "/login"), *his = csrf_of(&mallory, "/login");
	(void)state;

	AUTO_ANSWER right = send_form(
		&ann, "/login", arena_fmt(&fx.arena, "csrf=%s&email=a@b.c&password=xxxxxxxx", hers).p);
	AUTO_ANSWER his_own = send_form(
		&ann, "/login", arena_fmt(&fx.arena, "csrf=%s&email=a@b.c&password=xxxxxxxx", his).p);
	assert_page(&right, 401, "password is wrong");
	assert_page(&his_own, 403, "not from a login page of this browser");
	ann.form = STR("");
	AUTO_ANSWER no_cookie = send_form(
		&ann, "/login", arena_fmt(&fx.arena, "csrf=%s&email=a@b.c&password=xxxxxxxx", hers).p);
	assert_page(&no_cookie, 403, "Cookies must be allowed");
}

#define PASSWORD "correct horse battery"

static void has_password(const char *email)
{
	struct identity by = {
		.kind = IDENTITY_NONE, .user_id = fx.admin_user, .scopes = SCOPE_ALL, .role = ROLE_ADMIN
	};
	struct user user;
	struct err e;

	if (manage_user_add(fx.app.store, &by, str_z(email), ROLE_USER, STR(PASSWORD), NOW, &user, &e) !=
		ERR_OK)
		fail_msg("%s", e.text);
}

static struct answer try_password(
	struct browser *b, const char *email, const char *password, const char *return_path)
{
	return send_form(b, "/login",
		arena_fmt(&fx.arena, "csrf=%s&email=%s&password=%s&return=%s", csrf_of(b, "/login"), email,
			password, return_path)
			.p);
}

static void whoever_has_a_password_signs_in_with_it(void **state)
{
	struct browser b = { 0 };
	(void)state;

	has_password("bob@example.org");
	AUTO_ANSWER r = try_password(&b, "BOB%40example.org", "correct+horse+battery", "/runs/7");
	assert_int_equal(r.status, 303);
	assert_string_equal(header_of(&r, "Location"), "/runs/7");
	AUTO_ANSWER page = visit(&b, "/account");
	assert_page(&page, 200, "bob@example.org");
	struct browser away = { 0 };
	AUTO_ANSWER elsewhere =
		try_password(&away, "bob@example.org", "correct+horse+battery", "//evil.example/");
	assert_int_equal(elsewhere.status, 303);
	assert_string_equal(header_of(&elsewhere, "Location"), "/");
}

static void a_wrong_password_is_told_like_a_user_that_there_is_not(void **state)
{
	struct browser b = { 0 };
	(void)state;

	has_password("bob@example.org");
	AUTO_ANSWER wrong = try_password(&b, "bob@example.org", "wrong", "/runs/7");
	AUTO_ANSWER nobody = try_password(&b, "eve@example.org", "wrong", "/runs/7");
	assert_page(&wrong, 401, "password is wrong");
	assert_page(&nobody, 401, "password is wrong");
	assert_null(strstr(wrong.body, ">wrong<"));
	assert_non_null(strstr(wrong.body, "value=\"bob@example.org\"")); /* which need not be typed again */
	assert_non_null(strstr(wrong.body, "value=\"/runs/7\""));
	assert_int_equal(wrong.len - strlen("bob"), nobody.len - strlen("eve"));
	assert_int_equal(b.session.len, 0);
}

static void guessing_passwords_takes_ever_longer(void **state)
{
	struct browser b = { 0 };
	(void)state;

	has_password("bob@example.org");
	for (int i = 0; i < 8; i++) {
		AUTO_ANSWER r = try_password(&b, "bob@example.org", "wrong", "/");
		assert_int_equal(r.status, 401);
	}
	AUTO_ANSWER right = try_password(&b, "bob@example.org", "correct+horse+battery", "/");
	assert_page(&right, 401, "tried too often");
	atomic_fetch_add(&fx.steady, 3600 * 1000);
	AUTO_ANSWER later = try_password(&b, "bob@example.org", "correct+horse+battery", "/");
	assert_int_equal(later.status, 303);
}

static void signing_out_ends_the_session_and_not_just_the_cookie(void **state)
{
	struct browser b = { 0 }, copy;
	(void)state;

	sign_in(&b);
	copy = b;
	AUTO_ANSWER out =
		send_form(&b, "/logout", arena_fmt(&fx.arena, "csrf=%s", csrf_of(&b, "/account")).p);
	AUTO_ANSWER after = visit(&copy, "/account");

	assert_int_equal(out.status, 303);
	assert_string_equal(header_of(&out, "Location"), "/login");
	assert_int_equal(b.session.len, 0);
	assert_int_equal(after.status, 303);
	AUTO_ANSWER again = send_form(&copy, "/logout", "csrf=x");
	assert_int_equal(again.status, 303);
	assert_string_equal(
		header_of(&again, "Location"), "/login"); /* and not back to what cannot be gone to */
}

static void another_browser_is_signed_out_from_the_account_page(void **state)
{
	struct browser b = { 0 }, other = { 0 }, third = { 0 };
	const char *token, *id;
	(void)state;

	sign_in(&other);
	sign_in(&third);
	sign_in(&b);
	token = csrf_of(&b, "/account");
	AUTO_ANSWER page = visit(&b, "/account");
	id = between(page.body, "action=\"/account/sessions/", "/revoke");
	AUTO_ANSWER one = send_form(&b, arena_fmt(&fx.arena, "/account/sessions/%s/revoke", id).p,
		arena_fmt(&fx.arena, "csrf=%s", token).p);
	assert_int_equal(one.status, 303);
	assert_string_equal(header_of(&one, "Location"), "/account");
	AUTO_ANSWER gone = visit(&third, "/account");
	assert_int_equal(gone.status, 303);
	AUTO_ANSWER others =
		send_form(&b, "/account/sessions/revoke-others", arena_fmt(&fx.arena, "csrf=%s", token).p);
	AUTO_ANSWER gone_too = visit(&other, "/account");
	AUTO_ANSWER still = visit(&b, "/account");

	assert_int_equal(others.status, 303);
	assert_int_equal(gone_too.status, 303);
	assert_int_equal(still.status, 200);
}

static void a_token_is_made_on_the_account_page_and_works(void **state)
{
	struct browser b = { 0 };
	const char *token, *made;
	(void)state;

	sign_in(&b);
	token = csrf_of(&b, "/account");
	AUTO_ANSWER r = send_form(&b, "/account/tokens",
		arena_fmt(&fx.arena, "csrf=%s&name=mine&days=3&repo=&scope=runs:read&scope=logs:read", token)
			.p);
	assert_page(&r, 200, "slc_");
	made = between(r.body, "<pre>", "</pre>");
	AUTO_ANSWER used = ask((struct ask){ .method = "GET", .target = "/api/v1/runs", .token = made });
	assert_int_equal(used.status, 200);
	AUTO_ANSWER page = visit(&b, "/account");
	assert_non_null(strstr(page.body, "mine"));
	assert_null(strstr(page.body, made)); /* it is shown once */
	AUTO_ANSWER too_much = send_form(&b, "/account/tokens",
		arena_fmt(&fx.arena, "csrf=%s&name=more&days=3&scope=repos:manage", token).p);
	assert_page(&too_much, 403, "repos:manage");
	AUTO_ANSWER none =
		send_form(&b, "/account/tokens", arena_fmt(&fx.arena, "csrf=%s&name=none&days=3", token).p);
	assert_page(&none, 400, "tick some");
	AUTO_ANSWER gone = send_form(&b,
		arena_fmt(&fx.arena, "/account/tokens/%s/revoke",
			between(page.body, "action=\"/account/tokens/", "/"))
			.p,
		arena_fmt(&fx.arena, "csrf=%s", token).p);
	assert_int_equal(gone.status, 303);
	AUTO_ANSWER after = ask((struct ask){ .method = "GET", .target = "/api/v1/runs", .token = made });
	assert_int_equal(after.status, 401);
}

static void a_session_that_is_idle_for_too_long_is_over(void **state)
{
	struct browser b = { 0 };
	(void)state;

	sign_in(&b);
	atomic_fetch_add(&fx.wall, 7 * DAY_MS);
	AUTO_ANSWER r = visit(&b, "/account");
	assert_int_equal(r.status, 303);
	assert_string_equal(header_of(&r, "Location"), "/login?return=%2Faccount");
}

/* Ann has a password here, and another address at the forge: from /account she goes there by a link, and comes back as herself. */
static void an_account_is_tied_from_the_page_of_ones_own(void **state)
{
	struct browser ann = { 0 }, thief = { 0 };
	const char *sent, *csrf;
	(void)state;

	has_password("tied@elsewhere.example");
	{
		AUTO_ANSWER in =
			try_password(&ann, "tied@elsewhere.example", "correct+horse+battery", "/account");
		AUTO_ANSWER account = visit(&ann, "/account");

		assert_int_equal(in.status, 303);
		assert_page(&account, 200, "action=\"/account/logins/home\"");
	}
	csrf = csrf_of(&ann, "/account");
	AUTO_ANSWER wrong = send_form(&ann, "/account/logins/home", "csrf=x");
	AUTO_ANSWER unknown =
		send_form(&ann, "/account/logins/nosuch", arena_fmt(&fx.arena, "csrf=%s", csrf).p);
	AUTO_ANSWER page = send_form(&ann, "/account/logins/home", arena_fmt(&fx.arena, "csrf=%s", csrf).p);

	assert_page(&wrong, 403, "");
	assert_page(&unknown, 404, "");
	assert_page(&page, 200, "Go on to home");
	sent = between(page.body, "&amp;state=", "&amp;");
	AUTO_ANSWER stolen = come_back(&thief, sent); /* it is good in her browser alone */
	AUTO_ANSWER back = come_back(&ann, sent);
	AUTO_ANSWER after = visit(&ann, "/account");

	assert_page(&stolen, 400, "");
	assert_int_equal(back.status, 303);
	assert_string_equal(header_of(&back, "Location"), "/account");
	assert_page(&after, 200, "tied@elsewhere.example");
	assert_null(strstr(after.body, "action=\"/account/logins/home\""));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		T(the_login_page_offers_passwords_and_each_provider),
		T(whoever_signs_in_comes_to_the_page_that_was_asked_for),
		T(cookies_are_not_for_scripts_nor_for_other_sites_nor_without_tls),
		T(a_provider_may_add_to_its_answer_what_it_likes),
		T(who_may_not_come_is_shown_why_and_what_to_do),
		T(a_provider_that_talks_nonsense_is_a_page_too),
		T(a_session_that_somebody_put_there_is_not_the_one_that_is_signed_in),
		T(a_code_cannot_be_put_into_somebody_elses_browser),
		T(a_state_is_good_once),
		T(nobody_is_led_to_another_site),
		T(nothing_that_comes_becomes_a_header),
		T(what_comes_is_shown_as_text_or_not_at_all),
		T(paths_that_are_spelled_in_another_way_lead_nowhere),
		T(a_form_without_the_token_of_its_session_does_nothing),
		T(the_login_form_is_taken_from_its_own_page_alone),
		T(whoever_has_a_password_signs_in_with_it),
		T(an_account_is_tied_from_the_page_of_ones_own),
		T(a_wrong_password_is_told_like_a_user_that_there_is_not),
		T(guessing_passwords_takes_ever_longer),
		T(signing_out_ends_the_session_and_not_just_the_cookie),
		T(another_browser_is_signed_out_from_the_account_page),
		T(a_token_is_made_on_the_account_page_and_works),
		T(a_session_that_is_idle_for_too_long_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
