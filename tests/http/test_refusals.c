/* refusals: what an answer says about why it refuses, beyond its status; and what a bound token may learn. */
#include "tests/test.h"

#include "tests/http/fixture.h"

#include <string.h>

#define POST_OF(repo, run)                                                                                   \
	"{\"repo\":\"" repo "\",\"head_sha\":\"" SHA "\",\"run_id\":" run                                    \
	",\"step_name\":\"make\",\"log_tail\":\"boom\\n\"}"
#define NEW_TOKEN "{\"token_name\":\"t\",\"scopes\":[\"logs:read\"]"

static struct answer get_as(const char *target, const char *token)
{
	return ask((struct ask){ .method = "GET", .target = target, .token = token });
}

static struct answer post(const char *target, const char *body, const char *token)
{
	return ask((struct ask){ .method = "POST", .target = target, .body = body, .token = token });
}

static struct json *detail(struct answer *r, const char *name)
{
	return json_get(json_get(json_of(r), "details"), name);
}

static bool has(const struct json *list, const char *word)
{
	for (size_t i = 0; i < json_len(list); i++)
		if (str_eq(json_str(json_at(list, i)), str_z(word)))
			return true;
	return false;
}

/* Bound to REPO. */
static const char *bound_token(void)
{
	AUTO_ANSWER r = post("/api/v1/auth/tokens",
		"{\"token_name\":\"bound\",\"repository\":\"" REPO
		"\",\"scopes\":[\"logs:read\",\"tokens:manage\"]}",
		fx.admin.p);

	assert_int_equal(r.status, 201);
	return arena_cstr(&fx.arena, json_str(json_get(json_of(&r), "token")));
}

static void a_forge_that_is_not_configured_is_a_wrong_field_wherever_it_is_named(void **state)
{
	AUTO_ANSWER repo = post("/api/v1/repos", "{\"repo\":\"a/b\",\"forge\":\"nosuch\"}", fx.admin.p);
	AUTO_ANSWER token = post("/api/v1/auth/tokens",
		NEW_TOKEN ",\"repository\":\"" REPO "\",\"forge\":\"nosuch\"}", fx.admin.p);
	AUTO_ANSWER context = get_as("/api/v1/context?repo=" REPO "&sha=" SHA "&forge=nosuch", fx.admin.p);
	(void)state;

	assert_wrong_field(&repo, "forge");
	assert_wrong_field(&token, "forge");
	assert_wrong_field(&context, "forge");
}

static void a_forge_without_a_repo_is_refused_and_not_ignored(void **state)
{
	AUTO_ANSWER token = post("/api/v1/auth/tokens", NEW_TOKEN ",\"forge\":\"home\"}", fx.admin.p);
	AUTO_ANSWER context = get_as("/api/v1/context?external_run_id=7&forge=home", fx.admin.p);
	(void)state;

	assert_wrong_field(&token, "forge");
	assert_wrong_field(&context, "forge");
}

static void a_forge_is_named_in_whatever_case(void **state)
{
	AUTO_ANSWER sent = post("/internal/ci-log",
		"{\"repo\":\"" REPO "\",\"forge\":\"HOME\",\"head_sha\":\"" SHA
		"\",\"run_id\":7,\"step_name\":\"make\",\"log_tail\":\"boom\\n\"}",
		INTERNAL);
	AUTO_ANSWER context = get_as("/api/v1/context?repo=" REPO "&sha=" SHA "&forge=Home", fx.admin.p);
	AUTO_ANSWER repos = get_as("/api/v1/repos?forge=HOME", fx.admin.p);
	(void)state;

	assert_int_equal(sent.status, 204);
	assert_non_null(strstr(context.body, "boom"));
	assert_int_equal(json_len(json_get(json_of(&repos), "data")), 1);
}

static void a_commit_without_its_repo_is_a_wrong_field(void **state)
{
	AUTO_ANSWER r = get_as("/api/v1/context?sha=" SHA, fx.admin.p);
	(void)state;

	assert_wrong_field(&r, "repo");
}

static void runs_of_two_repos_with_one_id_are_not_one_account(void **state)
{
	AUTO_ANSWER added = post("/api/v1/repos", "{\"repo\":\"acme/valve\"}", fx.admin.p);
	AUTO_ANSWER pump = post("/internal/ci-log", POST_OF(REPO, "4711"), INTERNAL);
	AUTO_ANSWER one = get_as("/api/v1/context?external_run_id=4711", fx.admin.p);
	AUTO_ANSWER valve = post("/internal/ci-log", POST_OF("acme/valve", "4711"), INTERNAL);
	AUTO_ANSWER both = get_as("/api/v1/context?external_run_id=4711", fx.admin.p);
	AUTO_ANSWER said = get_as("/api/v1/context?external_run_id=4711&repo=acme/valve", fx.admin.p);
	AUTO_ANSWER bound = get_as("/api/v1/context?external_run_id=4711", bound_token());
	(void)state;

	assert_int_equal(added.status, 201);
	assert_int_equal(pump.status, 204);
	assert_int_equal(valve.status, 204);
	assert_non_null(strstr(one.body, REPO));
	assert_wrong_field(&both, "repo");
	assert_non_null(strstr(said.body, "acme/valve"));
	assert_non_null(strstr(bound.body, REPO));
}

static void a_token_that_would_have_more_scopes_is_refused_with_those_that_are_missing(void **state)
{
	struct str token = token_with(SCOPE_BIT(SCOPE_TOKENS_MANAGE), ROLE_USER);
	AUTO_ANSWER r = post("/api/v1/auth/tokens", NEW_TOKEN "}", token.p);
	(void)state;

	assert_error(&r, 403, "forbidden");
	assert_true(has(detail(&r, "required_scopes"), "logs:read"));
	assert_int_equal(json_len(detail(&r, "held_scopes")), 1);
	assert_true(has(detail(&r, "held_scopes"), "tokens:manage"));
}

struct user_add {
	struct store_op op;
	int64_t id;
};

static enum err_code apply_user(struct store_op *op, struct db *db, struct err *e)
{
	struct user_add *w = (struct user_add *)(void *)op;

	return users_add(db, STR("someone@example.org"), STR(""), ROLE_TESTER, NOW, &w->id, e);
}

/* A token with all scopes of a user who is no admin. */
static const char *tester_token(void)
{
	const struct config *cfg = config_get(fx.app.config);
	struct user_add user = { .op = { .apply = apply_user, .bytes = sizeof user } };
	struct identity by = { .kind = IDENTITY_NONE, .scopes = SCOPE_ALL };
	struct token_request r = { .name = STR("t"), .scopes = SCOPE_ALL, .days = 7 };
	struct token token = { 0 };
	struct err e;
	AUTO_BUF text;

	buf_init(&text, 200);
	assert_int_equal(store_write(fx.app.store, &user.op, &e), ERR_OK);
	by.user_id = user.id;
	if (manage_token_create(fx.app.store, cfg, &by, &r, NOW, &fx.arena, &token, &text, &e) != ERR_OK)
		fail_msg("%s", e.text);
	config_put(fx.app.config, cfg);
	return arena_cstr(&fx.arena, buf_view(&text));
}

static void tokens_of_everybody_are_refused_with_the_role_that_is_missing(void **state)
{
	AUTO_ANSWER r = get_as("/api/v1/auth/tokens?all=true", tester_token());
	(void)state;

	assert_error(&r, 403, "forbidden");
	assert_true(has(detail(&r, "required_roles"), "admin"));
	assert_true(has(detail(&r, "held_roles"), "tester"));
}

static void a_bound_token_cannot_tell_a_repo_that_is_watched_from_one_that_is_not(void **state)
{
	const char *token = bound_token();
	AUTO_ANSWER added = post("/api/v1/repos", "{\"repo\":\"acme/other\"}", fx.admin.p);
	AUTO_ANSWER watched = get_as("/api/v1/context?repo=acme/other&sha=" SHA, token);
	AUTO_ANSWER unwatched = get_as("/api/v1/context?repo=acme/nosuch&sha=" SHA, token);
	AUTO_ANSWER own = get_as("/api/v1/context?repo=" REPO "&sha=" SHA, token);
	(void)state;

	assert_int_equal(added.status, 201);
	assert_error(&watched, 404, "not_found");
	assert_error(&unwatched, 404, "not_found");
	assert_string_equal(watched.body, unwatched.body);
	assert_int_equal(own.status, 200);
}

static void who_guesses_is_told_the_limit_that_stops_them(void **state)
{
	AUTO_ANSWER first = { 0 }, last = { 0 };
	(void)state;

	config_swap(fx.app.config, fixture_config(1, 1));
	first = get_as("/api/v1/repos", "slc_one");
	last = get_as("/api/v1/repos", "slc_two"); /* another guess, and the address is the same */
	config_swap(fx.app.config, fixture_config(0, 0));

	assert_error(&first, 401, "unauthorized");
	assert_error(&last, 429, "rate_limited");
	assert_string_equal(header_of(&last, "X-RateLimit-Remaining"), "0");
	assert_string_equal(header_of(&last, "X-RateLimit-Reset"), header_of(&last, "Retry-After"));
}

/* Size, who, rate, may they: of two reasons to refuse the one that comes first is told. */
static void of_several_reasons_size_comes_first_then_who_then_rate_and_what_they_may(void **state)
{
	const char *powerless = token_with(0, ROLE_USER).p;
	struct ask add = { .method = "POST", .target = "/api/v1/repos", .body = "{\"repo\":\"a/b\"}" };
	struct ask large = { .method = "POST", .target = "/api/v1/repos", .length = 1 << 30 };
	(void)state;

	AUTO_ANSWER large_nobody = ask(large);
	large.token = add.token = powerless;
	AUTO_ANSWER large_powerless = ask(large);
	config_swap(fx.app.config, fixture_config(1, 1));
	AUTO_ANSWER within = ask(add);
	AUTO_ANSWER over = ask(add);
	AUTO_ANSWER over_large = ask(large);
	large.token = add.token = "slc_wrong";
	large.peer = add.peer = "192.0.2.99"; /* that has guessed nothing yet */
	AUTO_ANSWER within_wrong = ask(add);
	AUTO_ANSWER over_wrong = ask(add);
	AUTO_ANSWER over_large_wrong = ask(large);
	config_swap(fx.app.config, fixture_config(0, 0));

	assert_error(&large_nobody, 413, "payload_too_large");
	assert_error(&large_powerless, 413, "payload_too_large");
	assert_error(&within, 403, "forbidden");
	assert_error(&over, 429, "rate_limited");
	assert_true(over.before_body);
	assert_error(&over_large, 413, "payload_too_large");
	assert_string_equal(header_of(&over_large, "X-RateLimit-Remaining"), "0");
	assert_error(&within_wrong, 401, "unauthorized");
	assert_error(&over_wrong, 429, "rate_limited");
	assert_non_null(strstr(over_wrong.body, "failed authentications of this address"));
	assert_error(&over_large_wrong, 413, "payload_too_large");
}

static void an_empty_answer_is_never_called_json(void **state)
{
	AUTO_ANSWER r = get_as("/api/v1/context?repo=" REPO
			       "&sha=ffffffffffffffffffffffffffffffffffffffff&format=json&when_empty=silent",
		fx.admin.p);
	(void)state;

	assert_int_equal(r.status, 200);
	assert_int_equal(r.len, 0);
	assert_string_equal(header_of(&r, "Content-Type"), "text/markdown; charset=utf-8");
}

static void metrics_are_not_free_behind_whatever_a_proxy_leaves(void **state)
{
	static const char *const left[] = { "X-Forwarded-For", "Forwarded", "X-Real-IP", "Via" };
	(void)state;

	for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
		AUTO_ANSWER r = ask((struct ask){ .method = "GET",
			.target = "/metrics",
			.loopback = true,
			.header = { left[i], "203.0.113.9" } });

		assert_error(&r, 401, "unauthorized");
	}
}

static struct str slow_token;

static void revoke_it(void)
{
	AUTO_ANSWER r = ask((struct ask){
		.method = "DELETE", .target = "/api/v1/auth/tokens/current", .token = slow_token.p });

	assert_int_equal(r.status, 204);
}

/* Its headers let it in; what it sends comes when its token is good no more. */
static void a_body_that_comes_after_its_token_was_revoked_is_refused(void **state)
{
	static const struct {
		const char *method, *target, *body, *type;
	} slow[] = {
		{ "POST", "/api/v1/repos", "{\"repo\":\"acme/late\"}", NULL },
		{ "POST", "/internal/ci-log",
			"{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
			"\",\"run_id\":\"1\",\"step_name\":\"s\",\"log_tail\":\"x\"}",
			NULL },
		{ "PUT", "/api/v1/suite", "samples: []", "application/octet-stream" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof slow / sizeof slow[0]; i++) {
		slow_token = token_with(SCOPE_ALL, ROLE_ADMIN);
		AUTO_ANSWER r = ask((struct ask){ .method = slow[i].method,
			.target = slow[i].target,
			.token = slow_token.p,
			.type = slow[i].type,
			.body = slow[i].body,
			.between = revoke_it });
		assert_false(r.before_body);
		assert_error(&r, 401, "unauthorized");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forge_that_is_not_configured_is_a_wrong_field_wherever_it_is_named),
		cmocka_unit_test(a_forge_without_a_repo_is_refused_and_not_ignored),
		cmocka_unit_test(a_forge_is_named_in_whatever_case),
		cmocka_unit_test(a_commit_without_its_repo_is_a_wrong_field),
		cmocka_unit_test(runs_of_two_repos_with_one_id_are_not_one_account),
		cmocka_unit_test(a_token_that_would_have_more_scopes_is_refused_with_those_that_are_missing),
		cmocka_unit_test(tokens_of_everybody_are_refused_with_the_role_that_is_missing),
		cmocka_unit_test(a_bound_token_cannot_tell_a_repo_that_is_watched_from_one_that_is_not),
		cmocka_unit_test(who_guesses_is_told_the_limit_that_stops_them),
		cmocka_unit_test(of_several_reasons_size_comes_first_then_who_then_rate_and_what_they_may),
		cmocka_unit_test(an_empty_answer_is_never_called_json),
		cmocka_unit_test(metrics_are_not_free_behind_whatever_a_proxy_leaves),
		cmocka_unit_test(a_body_that_comes_after_its_token_was_revoked_is_refused),
	};

	return cmocka_run_group_tests(tests, router_up, router_down);
}
