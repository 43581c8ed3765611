#include "tests/test.h"

#include "forge/oauth.h"
#include "tests/unit/help/little_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" /* of RFC 7636, appendix B */
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
#define NOW INT64_C(1790000000000)

static struct little_server *server;
static struct http_client *http;
static struct oauth_caller caller;
static struct oauth_provider provider;
static struct oauth_endpoints at;
static struct arena a;
static struct err e;

static const struct oauth_asking asking = {
	.redirect_uri = { "https://sluice.example.org/oauth/home/callback", 46 },
	.state = { "the-state", 9 },
	.verifier = { VERIFIER, sizeof VERIFIER - 1 },
	.nonce = { "the-nonce", 9 },
};

static int set_up(void **state)
{
	(void)state;
	arena_init(&a);
	e = (struct err){ 0 };
	server = little_server_new();
	http = http_client_new();
	caller = (struct oauth_caller){ http, &clock_system, clock_steady_ms(&clock_system) + 15000 };
	provider = (struct oauth_provider){ STR("home"), OAUTH_FORGEJO, str_z(little_server_url(server)),
		STR("sluice"), STR("s3cr&t") };
	assert_true(oauth_endpoints_known(&provider, &a, &at));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_client_free(http);
	little_server_free(server);
	arena_done(&a);
	return 0;
}

static void the_browser_is_sent_with_state_and_challenge_and_no_secret(void **state)
{
	AUTO_BUF url;
	(void)state;

	buf_init(&url, 4096);
	provider.url = STR("https://git.example.org");
	assert_true(oauth_endpoints_known(&provider, &a, &at));
	oauth_authorize_url(&provider, &at, &asking, &url);
	assert_string_equal(buf_cstr(&url),
		"https://git.example.org/login/oauth/authorize?response_type=code&client_id=sluice"
		"&redirect_uri=https%3A%2F%2Fsluice.example.org%2Foauth%2Fhome%2Fcallback&scope=read%3Auser&"
		"state=the-state"
		"&code_challenge=" CHALLENGE "&code_challenge_method=S256");
}

static void github_is_asked_at_its_own_places(void **state)
{
	(void)state;
	provider.kind = OAUTH_GITHUB;
	provider.url = STR("https://github.com");
	assert_true(oauth_endpoints_known(&provider, &a, &at));
	assert_string_equal(at.authorize.p, "https://github.com/login/oauth/authorize");
	assert_string_equal(at.userinfo.p, "https://api.github.com/user");
	provider.url = STR("https://ghe.example.org");
	assert_true(oauth_endpoints_known(&provider, &a, &at));
	assert_string_equal(at.userinfo.p, "https://ghe.example.org/api/v3/user");
}

static void a_code_is_redeemed_with_verifier_and_secret(void **state)
{
	struct oauth_tokens t = { 0 };
	const char *got;
	(void)state;

	little_server_status(server, 200, "{\"access_token\":\"abc\",\"token_type\":\"bearer\"}");
	assert_int_equal(oauth_redeem(&provider, &at, &asking, STR("c&de"), &caller, &a, &t, &e), ERR_OK);
	assert_true(str_eq(t.access, STR("abc")));
	got = little_server_request(server, 0);
	assert_int_equal(strncmp(got, "POST /login/oauth/access_token HTTP/1.1\r\n", 41), 0);
	assert_non_null(strstr(got, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
	assert_non_null(
		strstr(got, "\r\n\r\ngrant_type=authorization_code&code=c%26de&redirect_uri=https%3A%2F%2F"));
	assert_non_null(strstr(got, "&code_verifier=" VERIFIER "&client_id=sluice&client_secret=s3cr%26t"));
	assert_null(strstr(got, "Authorization"));
}

static void an_openid_provider_gets_the_secret_as_basic(void **state)
{
	struct oauth_tokens t = { 0 };
	const char *got;
	(void)state;

	provider.kind = OAUTH_OIDC;
	at.post_secret = false;
	little_server_status(
		server, 200, "{\"access_token\":\"abc\",\"token_type\":\"bearer\",\"id_token\":\"x.y.z\"}");
	assert_int_equal(oauth_redeem(&provider, &at, &asking, STR("code"), &caller, &a, &t, &e), ERR_OK);
	got = little_server_request(server, 0);
	assert_non_null(
		strstr(got, "\r\nAuthorization: Basic c2x1aWNlOnMzY3IlMjZ0\r\n")); /* sluice:s3cr%26t */
	assert_null(strstr(got, "client_secret"));
}

static void a_person_is_asked_for_with_address_organisations_and_teams(void **state)
{
	const struct oauth_tokens t = { .access = STR("abc") };
	struct oauth_person who = { 0 };
	(void)state;

	little_server_status(server, 200, "{\"id\":7,\"login\":\"ann\"}");
	little_server_status(
		server, 200, "[{\"email\":\"ann@example.org\",\"verified\":true,\"primary\":true}]");
	little_server_status(server, 200, "[{\"name\":\"acme\"}]");
	little_server_status(server, 200, "[{\"name\":\"ops\",\"organization\":{\"name\":\"acme\"}}]");
	assert_int_equal(
		oauth_who(&provider, &at, &t, STR(""), OAUTH_ORGS | OAUTH_TEAMS, NOW, &caller, &a, &who, &e),
		ERR_OK);
	assert_string_equal(who.subject.p, "7");
	assert_string_equal(who.login.p, "ann");
	assert_string_equal(who.email.p, "ann@example.org");
	assert_string_equal(who.orgs.v[0].p, "acme");
	assert_string_equal(who.teams.v[0].p, "acme/ops");
	assert_int_equal(strncmp(little_server_request(server, 0), "GET /api/v1/user HTTP/1.1\r\n", 27), 0);
	assert_int_equal(strncmp(little_server_request(server, 1), "GET /api/v1/user/emails ", 24), 0);
	assert_int_equal(
		strncmp(little_server_request(server, 2), "GET /api/v1/user/orgs?limit=50&page=1 ", 38), 0);
	assert_int_equal(
		strncmp(little_server_request(server, 3), "GET /api/v1/user/teams?limit=50&page=1 ", 39), 0);
	for (size_t i = 0; i < 4; i++)
		assert_non_null(
			strstr(little_server_request(server, i), "\r\nAuthorization: Bearer abc\r\n"));
}

static void full_pages_are_followed_to_their_end_and_not_for_ever(void **state)
{
	const struct oauth_tokens t = { .access = STR("abc") };
	struct oauth_person who = { 0 };
	AUTO_BUF page;
	(void)state;

	buf_init(&page, SIZE_MAX);
	for (int i = 0; i < 50; i++)
		buf_fmt(&page, "%s{\"name\":\"o%d\"}", i ? "," : "[", i);
	buf_z(&page, "]");
	little_server_status(server, 200, "{\"id\":7,\"login\":\"ann\"}");
	little_server_status(server, 200, "[]");
	little_server_status(server, 200, buf_cstr(&page)); /* again and again */
	assert_int_equal(
		oauth_who(&provider, &at, &t, STR(""), OAUTH_ORGS, NOW, &caller, &a, &who, &e), ERR_OK);
	assert_int_equal(who.orgs.n, OAUTH_NAMES_MAX);
	assert_int_equal(little_server_n(server), 22);
}

static void a_refreshed_token_takes_the_place_of_both(void **state)
{
	struct oauth_tokens t = { 0 };
	const char *got;
	(void)state;

	little_server_status(server, 200,
		"{\"access_token\":\"abc\",\"token_type\":\"bearer\",\"refresh_token\":\"next\"}");
	little_server_status(server, 200, "{\"access_token\":\"abd\",\"token_type\":\"bearer\"}");
	little_server_status(server, 400, "{\"error\":\"invalid_grant\"}");
	assert_int_equal(oauth_refresh(&provider, &at, STR("o&ld"), &caller, &a, &t, &e), ERR_OK);
	assert_true(str_eq(t.access, STR("abc")) && str_eq(t.refresh, STR("next")));
	got = little_server_request(server, 0);
	assert_non_null(strstr(got, "\r\n\r\ngrant_type=refresh_token&refresh_token=o%26ld&client_id=sluice&"
				    "client_secret=s3cr%26t"));
	assert_int_equal(oauth_refresh(&provider, &at, STR("same"), &caller, &a, &t, &e), ERR_OK);
	assert_true(str_eq(t.access, STR("abd")) && str_eq(t.refresh, STR("same")));
	assert_int_equal(oauth_refresh(&provider, &at, STR("used"), &caller, &a, &t, &e), ERR_INVALID);
}

static void a_forge_says_yes_or_no_to_a_repo_and_nothing_else_is_either(void **state)
{
	static const struct {
		int status;
		enum err_code code;
		const char *body;
		enum oauth_may may;
	} answers[] = { { 200, ERR_OK, "{}", OAUTH_MAY },
		{ 200, ERR_OK, "{\"permissions\":{\"pull\":true}}", OAUTH_MAY },
		{ 200, ERR_OK, "{\"permissions\":{\"admin\":false,\"pull\":false}}", OAUTH_MAY_NOT },
		{ 200, ERR_OK, "<html>gateway", OAUTH_MAY_NOT }, { 404, ERR_OK, "{}", OAUTH_MAY_NOT },
		{ 403, ERR_OK, "{}", OAUTH_MAY_NOT }, { 410, ERR_OK, "", OAUTH_MAY_NOT },
		{ 451, ERR_OK, "{}", OAUTH_MAY_NOT }, { 301, ERR_OK, "{}", OAUTH_UNSURE },
		{ 500, ERR_OK, "{}", OAUTH_UNSURE }, { 401, ERR_UNAUTHORIZED, "{}", OAUTH_UNSURE },
		{ 429, ERR_NETWORK, "{}", OAUTH_UNSURE } };
	(void)state;

	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		enum oauth_may may = OAUTH_UNSURE;

		little_server_status(server, answers[i].status, answers[i].body);
		assert_int_equal(oauth_may_read(&provider, &at, STR("tok"), STR("ac me/wid?get"), &caller, &a,
					 &may, &e),
			answers[i].code);
		assert_int_equal(may, answers[i].may);
	}
	assert_int_equal(strncmp(little_server_request(server, 0),
				 "GET /api/v1/repos/ac%20me/wid%3Fget HTTP/1.1\r\n", 46),
		0);
	assert_non_null(strstr(little_server_request(server, 0), "\r\nAuthorization: Bearer tok\r\n"));
}

static void repos_are_asked_for_only_where_they_are_needed(void **state)
{
	struct oauth_asking q = asking;
	AUTO_BUF url;
	(void)state;

	buf_init(&url, 4096);
	q.wants_groups = q.wants_repos = true;
	oauth_authorize_url(&provider, &at, &q, &url);
	assert_non_null(
		strstr(buf_cstr(&url), "&scope=read%3Auser%20read%3Aorganization%20read%3Arepository&"));
	provider.kind = OAUTH_GITHUB;
	q.wants_groups = false;
	buf_reset(&url);
	oauth_authorize_url(&provider, &at, &q, &url);
	assert_non_null(strstr(buf_cstr(&url), "&scope=read%3Auser%20user%3Aemail%20repo&"));
	buf_reset(&url);
	oauth_authorize_url(&provider, &at, &asking, &url);
	assert_non_null(strstr(buf_cstr(&url), "&scope=read%3Auser%20user%3Aemail&"));
}

static void a_redirect_of_the_token_endpoint_is_not_followed(void **state)
{
	struct little_server *other = little_server_new();
	struct oauth_tokens t = { 0 };
	char answer[200];
	(void)state;

	snprintf(answer, sizeof answer,
		"HTTP/1.1 307 Go\r\nLocation: %s/\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
		little_server_url(other));
	little_server_say(server, LITTLE_BYTES, answer);
	assert_int_equal(
		oauth_redeem(&provider, &at, &asking, STR("code"), &caller, &a, &t, &e), ERR_NETWORK);
	assert_int_equal(little_server_n(other), 0);
	little_server_free(other);
}

static void a_provider_that_is_silent_takes_no_longer_than_it_is_given(void **state)
{
	struct oauth_tokens t = { 0 };
	int64_t before = clock_steady_ms(&clock_system);
	(void)state;

	little_server_say(server, LITTLE_SILENCE, "");
	caller.until = before + 200;
	assert_int_equal(
		oauth_redeem(&provider, &at, &asking, STR("the-code"), &caller, &a, &t, &e), ERR_NETWORK);
	assert_true(clock_steady_ms(&clock_system) - before < 5000);
	assert_non_null(strstr(e.text, "home"));
	assert_null(strstr(e.text, "the-code"));
	assert_int_equal(
		oauth_redeem(&provider, &at, &asking, STR("the-code"), &caller, &a, &t, &e), ERR_NETWORK);
	assert_non_null(strstr(e.text, "too slow"));
}

static void an_answer_without_end_is_cut(void **state)
{
	struct oauth_tokens t = { 0 };
	(void)state;

	little_server_say(server, LITTLE_BYTES, "HTTP/1.1 200 OK\r\nContent-Length: 2000000000\r\n\r\n{");
	assert_int_equal(
		oauth_redeem(&provider, &at, &asking, STR("code"), &caller, &a, &t, &e), ERR_NETWORK);
}

static void a_provider_that_is_down_is_told_from_one_that_refuses(void **state)
{
	struct oauth_tokens t = { 0 };
	int port, fd = nobody_listens(&port);
	(void)state;

	little_server_status(server, 400, "{\"error\":\"invalid_grant\"}");
	assert_int_equal(
		oauth_redeem(&provider, &at, &asking, STR("code"), &caller, &a, &t, &e), ERR_INVALID);
	at.token = arena_fmt(&a, "http://127.0.0.1:%d/", port);
	assert_int_equal(
		oauth_redeem(&provider, &at, &asking, STR("code"), &caller, &a, &t, &e), ERR_NETWORK);
	assert_non_null(strstr(e.text, "could not be asked"));
	close(fd);
}

static void an_answer_of_another_issuer_is_refused(void **state)
{
	struct oauth_provider github = { STR("hub"), OAUTH_GITHUB, STR("https://github.com"), STR(""),
		STR("") };
	struct oauth_endpoints idp = { .issuer = STR("https://id.example.org/"), .sends_iss = true };
	(void)state;

	assert_int_equal(oauth_iss_check(&provider, &at, STR(""), &e), ERR_OK);
	assert_int_equal(oauth_iss_check(&provider, &at, provider.url, &e), ERR_OK);
	assert_int_equal(oauth_iss_check(&provider, &at, STR("https://evil.example.org"), &e), ERR_INVALID);
	assert_int_equal(oauth_iss_check(&github, &at, STR("https://github.com/login/oauth"), &e), ERR_OK);
	assert_int_equal(
		oauth_iss_check(&github, &at, STR("https://github.com.evil.example/login/oauth"), &e),
		ERR_INVALID);
	assert_int_equal(oauth_iss_check(&provider, &idp, STR("https://id.example.org/"), &e), ERR_OK);
	assert_int_equal(oauth_iss_check(&provider, &idp, STR("https://id.example.org"), &e), ERR_INVALID);
	assert_int_equal(
		oauth_iss_check(&provider, &idp, STR(""), &e), ERR_INVALID); /* it says that it sends it */
}

static void an_openid_provider_must_have_tls(void **state)
{
	(void)state;
	assert_int_equal(oauth_url_check(OAUTH_OIDC, STR("https://id.example.org/realms/x"), &e), ERR_OK);
	assert_int_equal(oauth_url_check(OAUTH_OIDC, STR("http://127.0.0.1:8080"), &e), ERR_OK);
	assert_int_equal(oauth_url_check(OAUTH_OIDC, STR("http://id.example.org"), &e), ERR_CONFIG);
	assert_int_equal(oauth_url_check(OAUTH_OIDC, STR("http://127.0.0.1.evil.example"), &e), ERR_CONFIG);
	assert_int_equal(oauth_url_check(OAUTH_GITEA, STR("http://git.lan:3000"), &e), ERR_OK);
	assert_int_equal(oauth_url_check(OAUTH_GITEA, STR("ftp://git.lan"), &e), ERR_CONFIG);
	assert_int_equal(oauth_url_check(OAUTH_GITEA, STR("https://git.lan/?x"), &e), ERR_CONFIG);
	assert_int_equal(oauth_url_check(OAUTH_GITEA, STR("https://u:p@git.lan"), &e), ERR_CONFIG);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		T(the_browser_is_sent_with_state_and_challenge_and_no_secret),
		T(github_is_asked_at_its_own_places),
		T(a_code_is_redeemed_with_verifier_and_secret),
		T(an_openid_provider_gets_the_secret_as_basic),
		T(a_person_is_asked_for_with_address_organisations_and_teams),
		T(full_pages_are_followed_to_their_end_and_not_for_ever),
		T(a_refreshed_token_takes_the_place_of_both),
		T(a_forge_says_yes_or_no_to_a_repo_and_nothing_else_is_either),
		T(repos_are_asked_for_only_where_they_are_needed),
		T(a_redirect_of_the_token_endpoint_is_not_followed),
		T(a_provider_that_is_silent_takes_no_longer_than_it_is_given),
		T(an_answer_without_end_is_cut),
		T(a_provider_that_is_down_is_told_from_one_that_refuses),
		T(an_answer_of_another_issuer_is_refused),
		T(an_openid_provider_must_have_tls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
