/*
 * A repo that is for its members: for everybody else it is as if nothing of it were there, wherever they look; for members, and for admins, all is.
 */
#include "tests/test.h"

#include "service/explainer.h"
#include "service/manage.h"
#include "store/access_nouns.h"
#include "tests/http/streaming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BROKEN "cc a.c\na.c:3:9: error: 'x' undeclared (first use in this function)\n"

void rules_free(struct rules *r); /* explain/rule.h has a struct pattern of its own, and so has http/op.h */

static int64_t somebody;
static const char *token;

static void must(enum err_code code, const struct err *e)
{
	if (code != ERR_OK)
		fail_msg("%s", e->text);
}

static void explain_all(void)
{
	const struct config *cfg = config_get(fx.app.config);
	struct rules *rules = NULL;
	struct err e = { 0 };
	size_t n = 0;

	must(explainer_rules(fx.app.store, cfg, &rules, &e), &e);
	must(explainer_pass(fx.app.store, rules, cfg, NOW, 10, &n, &e), &e);
	assert_true(n > 0);
	rules_free(rules);
	config_put(fx.app.config, cfg);
}

static void make_somebody(void)
{
	const struct config *cfg = config_get(fx.app.config);
	struct identity admin = { .kind = IDENTITY_NONE, .role = ROLE_ADMIN, .scopes = SCOPE_ALL };
	struct token_request r = { .name = STR("t"), .scopes = role_scopes(ROLE_CONTRIBUTOR), .days = 7 };
	struct token t = { 0 };
	struct user u = { 0 };
	struct err e = { 0 };
	AUTO_BUF text;

	buf_init(&text, 200);
	must(manage_user_add(
		     fx.app.store, &admin, STR("some@example.org"), ROLE_CONTRIBUTOR, STR(""), NOW, &u, &e),
		&e);
	struct identity by = { .kind = IDENTITY_PASSWORD,
		.user_id = u.id,
		.role = ROLE_CONTRIBUTOR,
		.scopes = role_scopes(ROLE_CONTRIBUTOR) };
	must(manage_token_create(fx.app.store, cfg, &by, &r, NOW, &fx.arena, &t, &text, &e), &e);
	token = arena_cstr(&fx.arena, buf_view(&text));
	somebody = u.id;
	config_put(fx.app.config, cfg);
}

struct member_op {
	struct store_op op; /* first */
	bool allowed;
	int64_t at;
};

static enum err_code apply_member(struct store_op *op, struct db *db, struct err *e)
{
	struct member_op *w = (struct member_op *)(void *)op;

	return members_put(db, somebody, 1, w->allowed, w->at, e);
}

static void forge_says(bool allowed)
{
	static int64_t at = NOW;
	struct member_op w = {
		.op = { .apply = apply_member, .bytes = sizeof w }, .allowed = allowed, .at = at++
	};
	struct err e = { 0 };

	must(store_write(fx.app.store, &w.op, &e), &e);
}

static void only_for_members(void)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "PATCH",
		.target = "/api/v1/repos/1",
		.token = fx.admin.p,
		.body = "{\"visibility\":\"members\"}" });

	assert_int_equal(r.status, 200);
}

/* The run is one of a pull request: what is told of a run again is kept. */
static void of_pull_request(void)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "POST",
		.target = "/internal/steps",
		.body = "{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA "\",\"run_id\":7,\"job_name\":\"build\","
			"\"step_name\":\"build\",\"pull_request\":7}",
		.token = INTERNAL });

	assert_int_equal(r.status, 200);
}

static int up(void **state)
{
	if (router_up(state) != 0)
		return -1;
	streamed("build", STR(BROKEN));
	of_pull_request();
	explain_all();
	make_somebody();
	return 0;
}

static int down(void **state)
{
	return router_down(state);
}

/* Of one thing: 404 to those who do not see it. */
static const struct {
	const char *method, *target, *body;
	int found;
} things[] = {
	{ "GET", "/api/v1/runs/1", NULL, 200 },
	{ "GET", "/api/v1/runs/1/logs", NULL, 200 },
	{ "GET", "/api/v1/runs/1/errors", NULL, 200 },
	{ "GET", "/api/v1/runs/1/error-summary", NULL, 200 },
	{ "GET", "/api/v1/runs/1/infrastructure-errors", NULL, 200 },
	{ "GET", "/api/v1/steps/1", NULL, 200 },
	{ "GET", "/api/v1/steps/1/log", NULL, 200 },
	{ "GET", "/api/v1/steps/1/lines", NULL, 200 },
	{ "GET", "/api/v1/steps/1/errors", NULL, 200 },
	{ "GET", "/api/v1/steps?run_id=1", NULL, 200 },
	{ "GET", "/api/v1/context?run_id=1", NULL, 200 },
	{ "GET", "/api/v1/steps/1/log?ansi=strip", NULL, 200 },
	{ "GET", "/api/v1/groups/1", NULL, 200 },
	{ "PATCH", "/api/v1/groups/1", "{\"state\":\"resolved\"}", 200 },
	{ "PUT", "/api/v1/steps/1/pin", NULL, 204 },
	{ "DELETE", "/api/v1/steps/1/pin", NULL, 204 },
	{ "GET", "/runs/1", NULL, 200 },
	{ "GET", "/steps/1", NULL, 200 },
	{ "GET", "/steps/1/log", NULL, 200 },
};

/* Lists: without it for those who do not see it. */
static const char *const lists[] = { "/api/v1/runs", "/api/v1/runs?status=fail",
	("/api/v1/runs?repository=" REPO), "/api/v1/groups", "/api/v1/groups?sort=-count" };

static int64_t total_of(const char *target, const char *who)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "GET", .target = target, .token = who });
	int64_t total = -1;

	if (r.status != 200)
		fail_msg("%s: %d %s", target, r.status, r.body);
	json_int(json_get(json_get(json_of(&r), "pagination"), "total"), &total);
	return total;
}

/* The same by POST /mcp: an error to those who do not see it, or nothing. */
static const struct {
	const char *tool, *args;
	bool lists;
} tools[] = {
	{ "failure_context", "\"run_id\":1", false },
	{ "failure_context", "\"repo\":\"" REPO "\",\"pull_request\":7", false },
	{ "step_log", "\"step_id\":1", false },
	{ "search_log", "\"step_id\":1,\"contains\":\"undeclared\"", false },
	{ "search_log", "\"run_id\":1,\"contains\":\"undeclared\"", false },
	{ "list_errors", "\"run_id\":1", false },
	{ "list_errors", "\"step_id\":1", false },
	{ "error_group", "\"group_id\":1", false },
	{ "failure_context", "\"external_run_id\":\"7\"", true },
	{ "failure_context", "\"repo\":\"" REPO "\",\"sha\":\"" SHA "\"", true },
	{ "list_failures", "", true },
	{ "list_failures", "\"repo\":\"" REPO "\"", true },
	{ "list_errors", "\"repo\":\"" REPO "\"", true },
	{ "list_runs", "", true },
};

static void looks_by_tools(const char *who, bool sees)
{
	char body[400];

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
		snprintf(body, sizeof body,
			"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\","
			"\"arguments\":{%s}}}",
			tools[i].tool, tools[i].args);
		AUTO_ANSWER r =
			ask((struct ask){ .method = "POST", .target = "/mcp", .token = who, .body = body });
		struct json *result = json_get(json_of(&r), "result");
		bool refused = json_is_true(json_get(result, "isError"));
		bool told = strstr(r.body, "undeclared") || strstr(r.body, "\"run_id\":1") ||
			    strstr(r.body, "run 1:");

		if (!result || refused != (!sees && !tools[i].lists) || told != sees)
			fail_msg("%s %s: %s", tools[i].tool, tools[i].args, r.body);
	}
}

static void looks(const char *who, bool sees)
{
	looks_by_tools(who, sees);
	for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
		AUTO_ANSWER r = ask((struct ask){ .method = things[i].method,
			.target = things[i].target,
			.token = who,
			.body = things[i].body });

		if (r.status != (sees ? things[i].found : 404))
			fail_msg("%s %s: %d %s", things[i].method, things[i].target, r.status, r.body);
	}
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (total_of(lists[i], who) != sees)
			fail_msg("%s: %lld", lists[i], (long long)total_of(lists[i], who));
	AUTO_ANSWER home = ask((struct ask){ .method = "GET", .target = "/", .token = who });
	assert_int_equal(home.status, 200);
	assert_int_equal(strstr(home.body, REPO) != NULL, sees);
	AUTO_ANSWER context = ask((struct ask){
		.method = "GET", .target = "/api/v1/context?format=json&external_run_id=7", .token = who });
	assert_int_equal(context.status, 200);
	assert_int_equal(strstr(context.body, "undeclared") != NULL, sees);
	assert_int_equal(total_of("/api/v1/steps?external_run_id=7", who), sees);
}

static void of_a_repo_for_members_nobody_else_learns_anything(void **state)
{
	(void)state;

	looks(token, true);
	only_for_members();
	looks(token, false);
	looks(fx.admin.p, true);
}

/* A token that was bound to it while it was open to its user. */
static const char *bound_token(int *ret_status)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "POST",
		.target = "/api/v1/auth/tokens",
		.token = token,
		.body = "{\"token_name\":\"bound\",\"repository\":\"" REPO
			"\",\"scopes\":[\"logs:read\",\"logs:write\","
			"\"runs:read\",\"results:read\",\"system:read\"]}" });

	*ret_status = r.status;
	return r.status == 201 ? arena_cstr(&fx.arena, json_str(json_get(json_of(&r), "token"))) : NULL;
}

static void a_token_that_is_bound_to_it_sees_no_more_than_its_user(void **state)
{
	int status;
	const char *bound = bound_token(&status);
	(void)state;

	assert_int_equal(status, 201);
	looks(bound, true);
	only_for_members();
	looks(bound, false);
	assert_null(bound_token(&status));
	assert_int_equal(status, 404);
	forge_says(true);
	looks(bound, true);
}

static void members_see_it_as_long_as_the_forge_says_so(void **state)
{
	(void)state;

	only_for_members();
	forge_says(true);
	looks(token, true);
	forge_says(false);
	looks(token, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_a_repo_for_members_nobody_else_learns_anything, up, down),
		cmocka_unit_test_setup_teardown(
			a_token_that_is_bound_to_it_sees_no_more_than_its_user, up, down),
		cmocka_unit_test_setup_teardown(members_see_it_as_long_as_the_forge_says_so, up, down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
