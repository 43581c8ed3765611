#include "tests/test.h"

#include "base/digest.h"
#include "forge/oauth_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1790000000000)
#define NONCE "nonce-of-this-sign-in"

static const struct oauth_provider oidc = { { "idp", sizeof("idp") - 1 }, OAUTH_OIDC,
	{ "https://id.example.org", sizeof("https://id.example.org") - 1 },
	{ "sluice", sizeof("sluice") - 1 }, { "secret", sizeof("secret") - 1 } };
static const struct oauth_provider forge = { { "home", sizeof("home") - 1 }, OAUTH_FORGEJO,
	{ "https://git.example.org", sizeof("https://git.example.org") - 1 },
	{ "sluice", sizeof("sluice") - 1 }, { "secret", sizeof("secret") - 1 } };
static const struct oauth_endpoints at = { .issuer = { "https://id.example.org/",
						   sizeof("https://id.example.org/") - 1 } };

static struct arena a;
static struct oauth_person person;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	arena_init(&a);
	person = (struct oauth_person){ 0 };
	e = (struct err){ 0 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&a);
	return 0;
}

static void assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_z(want)))
		fail_msg("%.*s instead of %s", STR_FMT(got), want);
}

/* --- discovery */

#define DOCUMENT(issuer, authorize, token, userinfo, more)                                                   \
	"{\"issuer\":\"" issuer "\",\"authorization_endpoint\":\"" authorize                                 \
	"\",\"token_endpoint\":\"" token "\",\"userinfo_endpoint\":\"" userinfo "\"" more "}"
#define ID "https://id.example.org"

static enum err_code discover(const char *json, struct oauth_endpoints *ret)
{
	return oauth_read_discovery(&oidc, str_z(json), &a, ret, &e);
}

static void endpoints_are_discovered(void **state)
{
	struct oauth_endpoints x = { 0 };
	(void)state;

	assert_int_equal(
		discover(DOCUMENT(ID "/", ID "/auth", "https://other.example.org/token", ID "/me",
				 ",\"authorization_response_iss_parameter_supported\":true,"
				 "\"token_endpoint_auth_methods_supported\":[\"client_secret_post\"],"
				 "\"code_challenge_methods_supported\":[\"plain\",\"S256\"]"),
			&x),
		ERR_OK);
	assert_str(x.issuer, ID "/");
	assert_str(x.authorize, ID "/auth");
	assert_str(x.token, "https://other.example.org/token");
	assert_str(x.userinfo, ID "/me");
	assert_true(x.sends_iss);
	assert_true(x.post_secret);
	assert_int_equal(discover(DOCUMENT(ID, ID "/auth", ID "/token", ID "/me", ""), &x), ERR_OK);
	assert_false(x.sends_iss);
	assert_false(x.post_secret); /* what a provider takes that does not say */
}

static void a_document_that_is_of_another_issuer_or_leads_elsewhere_is_refused(void **state)
{
	static const char *const wrong[] = {
		DOCUMENT("https://evil.example.org", ID "/auth", ID "/token", ID "/me", ""),
		DOCUMENT(ID "//", ID "/auth", ID "/token", ID "/me", ""),
		DOCUMENT(ID, "http://id.example.org/auth", ID "/token", ID "/me", ""),
		DOCUMENT(ID, ID "/auth", "http://id.example.org/token", ID "/me", ""),
		DOCUMENT(ID, ID "/auth", "file:///etc/passwd", ID "/me", ""),
		DOCUMENT(ID, ID "/auth", ID "/token", "javascript:alert(1)", ""),
		DOCUMENT(ID, ID "/auth", "https://u:p@id.example.org/token", ID "/me", ""),
		DOCUMENT(ID, ID "/auth\\r\\nSet-Cookie: x=1", ID "/token", ID "/me", ""),
		DOCUMENT(ID, ID "/auth#fragment", ID "/token", ID "/me", ""),
		DOCUMENT(ID, ID "/auth", ID "/token", ID "/me",
			",\"code_challenge_methods_supported\":[\"plain\"]"),
		"{\"issuer\":\"" ID "\"}",
		"{}",
		"[]",
		"null",
		"",
		"<html>",
	};
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct oauth_endpoints x = { .sends_iss = true };

		if (discover(wrong[i], &x) == ERR_OK)
			fail_msg("taken: %s", wrong[i]);
		assert_true(x.sends_iss);
	}
}

/* --- tokens */

static void a_token_is_taken_and_a_refusal_says_whose_fault_it_is(void **state)
{
	static const struct {
		int status;
		const char *json;
		enum err_code code;
	} cases[] = {
		{ 200, "{\"access_token\":\"abc\",\"token_type\":\"bearer\"}", ERR_OK },
		{ 200, "{\"access_token\":\"abc\",\"token_type\":\"Bearer\",\"expires_in\":3600}", ERR_OK },
		{ 200, "{\"error\":\"bad_verification_code\"}", ERR_INVALID }, /* GitHub */
		{ 400, "{\"error\":\"invalid_grant\",\"error_description\":\"x\"}", ERR_INVALID },
		{ 401, "{\"error\":\"invalid_client\"}", ERR_CONFIG },
		{ 400, "{\"error\":\"redirect_uri_mismatch\"}", ERR_CONFIG },
		{ 400, "{\"error\":\"<script>\"}", ERR_NETWORK },
		{ 403, "{}", ERR_NETWORK },
		{ 502, "<html>", ERR_NETWORK },
		{ 200, "<html>", ERR_NETWORK },
		{ 200, "{\"access_token\":\"abc\",\"token_type\":\"mac\"}", ERR_NETWORK },
		{ 200, "{\"access_token\":\"\",\"token_type\":\"bearer\"}", ERR_NETWORK },
		{ 200, "{\"access_token\":7,\"token_type\":\"bearer\"}", ERR_NETWORK },
		{ 200, "{\"access_token\":\"a\\r\\nX: y\",\"token_type\":\"bearer\"}", ERR_NETWORK },
		{ 200, "{\"access_token\":\"a\\u0000b\",\"token_type\":\"bearer\"}", ERR_NETWORK },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct oauth_tokens t = { 0 };

		if (oauth_read_tokens(&forge, cases[i].status, str_z(cases[i].json), &a, &t, &e) !=
			cases[i].code)
			fail_msg("%d %s", cases[i].status, cases[i].json);
		assert_null(strstr(e.text, "<script>"));
		assert_int_equal(t.access.len, cases[i].code == ERR_OK ? 3 : 0);
	}
}

static void an_openid_provider_must_give_an_id_token_too(void **state)
{
	struct oauth_tokens t = { 0 };
	(void)state;

	assert_int_equal(oauth_read_tokens(&oidc, 200,
				 STR("{\"access_token\":\"abc\",\"token_type\":\"bearer\"}"), &a, &t, &e),
		ERR_NETWORK);
	assert_int_equal(
		oauth_read_tokens(&oidc, 200,
			STR("{\"access_token\":\"abc\",\"token_type\":\"bearer\",\"id_token\":\"x.y.z\"}"),
			&a, &t, &e),
		ERR_OK);
	assert_str(t.id, "x.y.z");
}

/* --- ID tokens */

static enum err_code read_id(const char *claims)
{
	AUTO_BUF text;

	buf_init(&text, 65536);
	base64url_encode(STR("{\"alg\":\"RS256\"}"), &text);
	buf_char(&text, '.');
	base64url_encode(str_z(claims), &text);
	buf_z(&text, ".c2ln");
	return oauth_read_id_token(&oidc, &at, buf_view(&text), STR(NONCE), NOW, &a, &person, &e);
}

#define CLAIMS(iss, aud, exp, iat, nonce, more)                                                              \
	"{\"iss\":\"" iss "\",\"sub\":\"u-17\",\"aud\":" aud ",\"exp\":" exp ",\"iat\":" iat                 \
	",\"nonce\":\"" nonce "\"" more "}"
#define GOOD(more) CLAIMS("https://id.example.org/", "\"sluice\"", "1790000100", "1790000000", NONCE, more)

static void the_claims_of_an_id_token_are_read(void **state)
{
	(void)state;
	assert_int_equal(
		read_id(GOOD(
			",\"email\":\"a@example.org\",\"email_verified\":true,\"preferred_username\":\"ann\","
			"\"groups\":[\"devs\",\"\\u0007\",\"admins\"]")),
		ERR_OK);
	assert_str(person.subject, "u-17");
	assert_str(person.login, "ann");
	assert_str(person.email, "a@example.org");
	assert_int_equal(person.orgs.n, 2);
	assert_str(person.orgs.v[1], "admins");
	assert_int_equal(read_id(CLAIMS("https://id.example.org/", "[\"sluice\",\"x\"]", "1790000100",
				 "1790000000", NONCE, ",\"azp\":\"sluice\"")),
		ERR_OK);
}

static void an_address_that_is_not_verified_is_none(void **state)
{
	(void)state;
	assert_int_equal(read_id(GOOD(",\"email\":\"a@example.org\"")), ERR_OK);
	assert_int_equal(person.email.len, 0);
	assert_int_equal(read_id(GOOD(",\"email\":\"a@example.org\",\"email_verified\":\"true\"")), ERR_OK);
	assert_int_equal(person.email.len, 0);
	assert_int_equal(
		read_id(GOOD(",\"email\":\"a@example.org\\r\\nBcc: b@example.org\",\"email_verified\":true")),
		ERR_OK);
	assert_int_equal(person.email.len, 0);
}

static void an_id_token_that_is_not_ours_is_refused(void **state)
{
	static const char *const wrong[] = {
		CLAIMS("https://id.example.org", "\"sluice\"", "1790000100", "1790000000", NONCE, ""),
		CLAIMS("https://evil.example.org/", "\"sluice\"", "1790000100", "1790000000", NONCE, ""),
		CLAIMS("https://id.example.org/", "\"another\"", "1790000100", "1790000000", NONCE, ""),
		CLAIMS("https://id.example.org/", "[\"another\"]", "1790000100", "1790000000", NONCE, ""),
		CLAIMS("https://id.example.org/", "[\"sluice\",\"another\"]", "1790000100", "1790000000",
			NONCE, ""),
		CLAIMS("https://id.example.org/", "\"sluice\"", "1790000100", "1790000000", NONCE,
			",\"azp\":\"another\""),
		CLAIMS("https://id.example.org/", "{}", "1790000100", "1790000000", NONCE, ""),
		CLAIMS("https://id.example.org/", "\"sluice\"", "1789999000", "1789998000", NONCE, ""),
		CLAIMS("https://id.example.org/", "\"sluice\"", "\"1790000100\"", "1790000000", NONCE, ""),
		CLAIMS("https://id.example.org/", "\"sluice\"", "9223372036854775807", "1790000000", NONCE,
			""),
		CLAIMS("https://id.example.org/", "\"sluice\"", "1790000100", "1790000900", NONCE, ""),
		CLAIMS("https://id.example.org/", "\"sluice\"", "1790000100", "1790000000", "another", ""),
		"{\"iss\":\"https://id.example.org/"
		"\",\"aud\":\"sluice\",\"exp\":1790000100,\"iat\":1790000000,\"nonce\":\"" NONCE "\"}",
		"{}",
		"7",
		"",
	};
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		if (read_id(wrong[i]) != ERR_NETWORK)
			fail_msg("taken: %s", wrong[i]);
		assert_int_equal(person.subject.len, 0);
	}
}

static void what_is_no_signed_jwt_is_refused(void **state)
{
	static const char *const wrong[] = { "", ".", "..", "a.b", "a.b.c.d", "a.b.c.d.e", "e30.e30=.c2ln",
		"e30.!!!.c2ln" };
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(
			oauth_read_id_token(&oidc, &at, str_z(wrong[i]), STR(NONCE), NOW, &a, &person, &e),
			ERR_NETWORK);
}

static void userinfo_is_of_the_same_person_or_refused(void **state)
{
	(void)state;
	assert_int_equal(read_id(GOOD(",\"email\":\"old@example.org\",\"email_verified\":true")), ERR_OK);
	assert_int_equal(
		oauth_read_userinfo(&oidc,
			STR("{\"sub\":\"u-18\",\"email\":\"b@example.org\",\"email_verified\":true}"), &a,
			&person, &e),
		ERR_NETWORK);
	assert_str(person.email, "old@example.org");
	assert_int_equal(oauth_read_userinfo(&oidc, STR("{\"email\":\"b@example.org\"}"), &a, &person, &e),
		ERR_NETWORK);
	assert_int_equal(
		oauth_read_userinfo(&oidc,
			STR("{\"sub\":\"u-17\",\"email\":\"b@example.org\",\"email_verified\":false}"), &a,
			&person, &e),
		ERR_OK);
	assert_int_equal(person.email.len, 0);
}

/* --- forges */

static void a_user_of_a_forge_has_an_id_and_a_login(void **state)
{
	static const char *const wrong[] = { "{\"id\":0,\"login\":\"ann\"}", "{\"id\":-3,\"login\":\"ann\"}",
		"{\"id\":\"7\",\"login\":\"ann\"}", "{\"id\":7}", "{\"id\":7,\"login\":\"a\\nb\"}",
		"{\"id\":7.5,\"login\":\"ann\"}", "{\"id\":99999999999999999999,\"login\":\"ann\"}", "[7]",
		"x" };
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(oauth_read_user(&forge, str_z(wrong[i]), &a, &person, &e), ERR_NETWORK);
	assert_int_equal(oauth_read_user(&forge, STR("{\"id\":7,\"login\":\"ann\",\"email\":\"x@y.z\"}"), &a,
				 &person, &e),
		ERR_OK);
	assert_str(person.subject, "7");
	assert_str(person.login, "ann");
	assert_int_equal(person.email.len, 0); /* whether it is verified is not said there */
}

static void the_primary_address_is_taken_if_it_is_verified(void **state)
{
	static const struct {
		const char *json, *want;
	} cases[] = {
		{ "[{\"email\":\"a@x\",\"verified\":true},{\"email\":\"b@x\",\"verified\":true,\"primary\":"
		  "true}]",
			"b@x" },
		{ "[{\"email\":\"b@x\",\"verified\":true,\"primary\":true},{\"email\":\"a@x\",\"verified\":"
		  "true}]",
			"b@x" },
		{ "[{\"email\":\"b@x\",\"verified\":false,\"primary\":true},{\"email\":\"a@x\",\"verified\":"
		  "true}]",
			"a@x" },
		{ "[{\"email\":\"b@x\",\"primary\":true}]", "" },
		{ "[{\"email\":7,\"verified\":true},7,null,[]]", "" },
		{ "[]", "" },
		{ "{}", "" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		person.email = STR("");
		assert_int_equal(oauth_read_emails(&forge, str_z(cases[i].json), &a, &person, &e), ERR_OK);
		assert_str(person.email, cases[i].want);
	}
}

static void organisations_and_teams_are_named_as_their_forge_names_them(void **state)
{
	struct oauth_names names = { .v = arena_array(&a, OAUTH_NAMES_MAX, sizeof *names.v) };
	size_t n = 0;
	(void)state;

	assert_int_equal(oauth_read_names(&forge, false,
				 STR("[{\"login\":\"hub\"},{\"name\":\"gitea\",\"username\":\"x\"},{"
				     "\"username\":\"old\"},{},7,{\"name\":\"a\\tb\"}]"),
				 &a, &names, &n, &e),
		ERR_OK);
	assert_int_equal(n, 6);
	assert_int_equal(names.n, 3);
	assert_str(names.v[0], "hub");
	assert_str(names.v[1], "gitea");
	assert_str(names.v[2], "old");
	names.n = 0;
	assert_int_equal(oauth_read_names(&forge, true,
				 STR("[{\"slug\":\"ops-team\",\"name\":\"Ops "
				     "team\",\"organization\":{\"login\":\"acme\"}},"
				     "{\"name\":\"Owners\",\"organization\":{\"name\":\"acme\"}},{\"name\":"
				     "\"lost\"}]"),
				 &a, &names, &n, &e),
		ERR_OK);
	assert_int_equal(names.n, 2);
	assert_str(names.v[0], "acme/ops-team");
	assert_str(names.v[1], "acme/Owners");
	assert_int_equal(
		oauth_read_names(&forge, true, STR("{\"message\":\"no\"}"), &a, &names, &n, &e), ERR_NETWORK);
}

static void what_is_too_much_is_left_out(void **state)
{
	struct oauth_names names = { .v = arena_array(&a, OAUTH_NAMES_MAX, sizeof *names.v) };
	size_t n = 0;
	AUTO_BUF json;
	(void)state;

	buf_init(&json, SIZE_MAX);
	buf_z(&json, "[");
	for (int i = 0; i < 3000; i++)
		buf_fmt(&json, "%s{\"login\":\"o%d\"}", i ? "," : "", i);
	buf_z(&json, "]");
	assert_int_equal(oauth_read_names(&forge, false, buf_view(&json), &a, &names, &n, &e), ERR_OK);
	assert_int_equal(names.n, OAUTH_NAMES_MAX);
	buf_reset(&json);
	buf_z(&json, "{\"id\":7,\"login\":\"");
	for (int i = 0; i < OAUTH_TEXT_MAX + 1; i++)
		buf_char(&json, 'x');
	buf_z(&json, "\"}");
	assert_int_equal(oauth_read_user(&forge, buf_view(&json), &a, &person, &e), ERR_NETWORK);
	buf_reset(&json);
	for (int i = 0; i < 100000; i++)
		buf_z(&json, "[");
	assert_int_equal(oauth_read_emails(&forge, buf_view(&json), &a, &person, &e), ERR_NETWORK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		T(endpoints_are_discovered),
		T(a_document_that_is_of_another_issuer_or_leads_elsewhere_is_refused),
		T(a_token_is_taken_and_a_refusal_says_whose_fault_it_is),
		T(an_openid_provider_must_give_an_id_token_too),
		T(the_claims_of_an_id_token_are_read),
		T(an_address_that_is_not_verified_is_none),
		T(an_id_token_that_is_not_ours_is_refused),
		T(what_is_no_signed_jwt_is_refused),
		T(userinfo_is_of_the_same_person_or_refused),
		T(a_user_of_a_forge_has_an_id_and_a_login),
		T(the_primary_address_is_taken_if_it_is_verified),
		T(organisations_and_teams_are_named_as_their_forge_names_them),
		T(what_is_too_much_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
