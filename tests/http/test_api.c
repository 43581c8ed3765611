/* api: the operations of the document, asked in process with everything behind them for real. */
#include "tests/test.h"

#include "base/diag.h"
#include "base/file.h"
#include "tests/http/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define POST_OF(repo, more)                                                                                  \
	"{\"repo\":\"" repo "\",\"head_sha\":\"" SHA                                                         \
	"\",\"run_id\":7,\"step_name\":\"make\",\"log_tail\":\"boom\\n\"" more "}"
#define GOOD POST_OF(REPO, "")

static struct answer post_log(const char *body, const char *token)
{
	return ask(
		(struct ask){ .method = "POST", .target = "/internal/ci-log", .body = body, .token = token });
}

static struct answer get(const char *target)
{
	return ask((struct ask){ .method = "GET", .target = target, .token = fx.admin.p });
}

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* --- who may */

/* Each with its guard, and what it answers without a token, with one of no scopes, and with a wrong one. */
static const struct {
	const char *id, *method, *target, *guard;
	int without, with_none,
		with_wrong; /* status without a token; with one of no scopes; with a wrong one */
} routes[] = {
	{ "postCiLog", "POST", "/internal/ci-log", "internal", 401, 403, 401 },
	{ "openStep", "POST", "/internal/steps", "internal", 401, 403, 401 },
	{ "appendStepLog", "PATCH", "/internal/steps/999/log", "internal", 401, 403, 401 },
	{ "finishStep", "POST", "/internal/steps/999/finish", "internal", 401, 403, 401 },
	{ "postStepReport", "POST", "/internal/steps/999/reports", "internal", 401, 403, 401 },
	{ "listSteps", "GET", "/api/v1/steps?run_id=1", "token", 401, 403, 401 },
	{ "getStep", "GET", "/api/v1/steps/999", "token", 401, 403, 401 },
	{ "getStepLog", "GET", "/api/v1/steps/999/log", "token", 401, 403, 401 },
	{ "pinStep", "PUT", "/api/v1/steps/999/pin", "token", 401, 403, 401 },
	{ "unpinStep", "DELETE", "/api/v1/steps/999/pin", "token", 401, 403, 401 },
	{ "getStepLines", "GET", "/api/v1/steps/999/lines", "token", 401, 403, 401 },
	{ "getStepTail", "GET", "/api/v1/steps/999/tail", "token", 401, 403, 401 },
	{ "listRuns", "GET", "/api/v1/runs", "token", 401, 403, 401 },
	{ "getRun", "GET", "/api/v1/runs/999", "token", 401, 403, 401 },
	{ "getRunLogs", "GET", "/api/v1/runs/999/logs", "token", 401, 403, 401 },
	{ "getContext", "GET", "/api/v1/context?run_id=1", "token", 401, 403, 401 },
	{ "listDispatches", "GET", "/api/v1/dispatches", "token", 401, 403, 401 },
	{ "claimDispatch", "POST", "/api/v1/dispatches/claim", "token", 401, 403, 401 },
	{ "pauseDispatches", "POST", "/api/v1/dispatches/pause", "token", 401, 403, 401 },
	{ "previewDispatch", "GET",
		"/api/v1/dispatches/preview?repo=acme/widget&sha=0123456789012345678901234567890123456789",
		"token", 401, 403, 401 },
	{ "getDispatchFigures", "GET", "/api/v1/dispatches/figures", "token", 401, 403, 401 },
	{ "getDispatch", "GET", "/api/v1/dispatches/999", "token", 401, 403, 401 },
	{ "renewDispatch", "POST", "/api/v1/dispatches/999/heartbeat", "token", 401, 403, 401 },
	{ "tellDispatchResult", "POST", "/api/v1/dispatches/999/result", "token", 401, 403, 401 },
	{ "retryDispatch", "POST", "/api/v1/dispatches/999/retry", "token", 401, 403, 401 },
	{ "cancelDispatch", "POST", "/api/v1/dispatches/999/cancel", "token", 401, 403, 401 },
	{ "listRepos", "GET", "/api/v1/repos", "token", 401, 403, 401 },
	{ "addRepo", "POST", "/api/v1/repos", "token", 401, 403, 401 },
	{ "removeRepo", "DELETE", "/api/v1/repos/999", "token", 401, 403, 401 },
	{ "changeRepo", "PATCH", "/api/v1/repos/999", "token", 401, 403, 401 },
	{ "listUsers", "GET", "/api/v1/users", "token", 401, 403, 401 },
	{ "addUser", "POST", "/api/v1/users", "token", 401, 403, 401 },
	{ "getUser", "GET", "/api/v1/users/999", "token", 401, 403, 401 },
	{ "changeUser", "PATCH", "/api/v1/users/999", "token", 401, 403, 401 },
	{ "listAudit", "GET", "/api/v1/audit", "token", 401, 403, 401 },
	{ "listStepErrors", "GET", "/api/v1/steps/999/errors", "token", 401, 403, 401 },
	{ "listRunErrors", "GET", "/api/v1/runs/999/errors", "token", 401, 403, 401 },
	{ "getErrorSummary", "GET", "/api/v1/runs/999/error-summary", "token", 401, 403, 401 },
	{ "listInfraErrors", "GET", "/api/v1/runs/999/infrastructure-errors", "token", 401, 403, 401 },
	{ "getSuite", "GET", "/api/v1/suite", "token", 401, 403, 401 },
	{ "putSuite", "PUT", "/api/v1/suite", "token", 401, 403, 401 },
	{ "findMissingBlobs", "POST", "/api/v1/blobs/missing", "token", 401, 403, 401 },
	{ "getBlob", "GET", "/api/v1/blobs/" DIGEST, "token", 401, 403, 401 },
	{ "putBlob", "PUT", "/api/v1/blobs/" DIGEST, "token", 401, 403, 401 },
	{ "putEpisode", "PUT", "/v1/episodes/lab/ep.tar.zst", "fleet", 401, 403, 401 },
	{ "listEpisodes", "GET", "/api/v1/episodes", "token", 401, 403, 401 },
	{ "getEpisode", "GET", "/api/v1/episodes/lab/ep", "token", 401, 403, 401 },
	{ "downloadEpisode", "GET", "/api/v1/episodes/lab/ep/archive", "token", 401, 403, 401 },
	{ "getEpisodeFile", "GET", "/api/v1/episodes/lab/ep/file?path=a", "token", 401, 403, 401 },
	{ "listHosts", "GET", "/api/v1/hosts", "token", 401, 403, 401 },
	{ "listSamples", "GET", "/api/v1/samples", "token", 401, 403, 401 },
	{ "getSample", "GET", "/api/v1/samples/999", "token", 401, 403, 401 },
	{ "listRegressionTests", "GET", "/api/v1/regression-tests", "token", 401, 403, 401 },
	{ "createRun", "POST", "/api/v1/runs", "token", 401, 403, 401 },
	{ "getRunSummary", "GET", "/api/v1/runs/999/summary", "token", 401, 403, 401 },
	{ "getRunProgress", "GET", "/api/v1/runs/999/progress", "token", 401, 403, 401 },
	{ "cancelRun", "POST", "/api/v1/runs/999/cancel", "token", 401, 403, 401 },
	{ "getRunConfig", "GET", "/api/v1/runs/999/config", "token", 401, 403, 401 },
	{ "listRunSamples", "GET", "/api/v1/runs/999/samples", "token", 401, 403, 401 },
	{ "getRunSample", "GET", "/api/v1/runs/999/samples/999", "token", 401, 403, 401 },
	{ "getExpectedOutput", "GET",
		"/api/v1/runs/999/samples/999/regression-tests/999/outputs/999/expected", "token", 401, 403,
		401 },
	{ "getActualOutput", "GET", "/api/v1/runs/999/samples/999/regression-tests/999/outputs/999/actual",
		"token", 401, 403, 401 },
	{ "getDiff", "GET", "/api/v1/runs/999/samples/999/regression-tests/999/outputs/999/diff", "token",
		401, 403, 401 },
	{ "approveBaseline", "POST", "/api/v1/runs/999/samples/999/baseline-approval", "token", 401, 403,
		401 },
	{ "revertBaseline", "DELETE",
		"/api/v1/runs/999/samples/999/baseline-approval?regression_id=999&output_id=999", "token",
		401, 403, 401 },
	{ "getSampleLogs", "GET", "/api/v1/runs/999/samples/999/logs", "token", 401, 403, 401 },
	{ "listArtifacts", "GET", "/api/v1/runs/999/artifacts", "token", 401, 403, 401 },
	{ "getSampleHistory", "GET", "/api/v1/samples/999/history", "token", 401, 403, 401 },
	{ "getQueue", "GET", "/api/v1/system/queue", "token", 401, 403, 401 },
	{ "claimRun", "POST", "/internal/queue/claim", "internal", 401, 403, 401 },
	{ "tellProgress", "POST", "/internal/runs/999/progress", "internal", 401, 403, 401 },
	{ "tellResults", "POST", "/internal/runs/999/results", "internal", 401, 403, 401 },
	{ "putOutput", "PUT", "/internal/runs/999/outputs/999?claim=1&sha256=" DIGEST, "internal", 401, 403,
		401 },
	{ "finishRun", "POST", "/internal/runs/999/finish", "internal", 401, 403, 401 },
	{ "importResults", "POST", "/internal/results", "internal", 401, 403, 401 },
	{ "fetchBlob", "GET", "/internal/blobs/" DIGEST, "internal", 401, 403, 401 },
	{ "listGroups", "GET", "/api/v1/groups", "token", 401, 403, 401 },
	{ "getGroup", "GET", "/api/v1/groups/999", "token", 401, 403, 401 },
	{ "changeGroup", "PATCH", "/api/v1/groups/999", "token", 401, 403, 401 },
	{ "getStepDiff", "GET", "/api/v1/steps/999/diff", "token", 401, 403, 401 },
	{ "listRules", "GET", "/api/v1/rules", "token", 401, 403, 401 },
	{ "testRules", "POST", "/api/v1/rules/test", "token", 401, 403, 401 },
	{ "listTokens", "GET", "/api/v1/auth/tokens", "token", 401, 403, 401 },
	{ "createToken", "POST", "/api/v1/auth/tokens", "login", 400, 400,
		400 }, /* the body may be a login */
	{ "revokeToken", "DELETE", "/api/v1/auth/tokens/999", "token", 401, 404, 401 },
	{ "revokeCurrentToken", "DELETE", "/api/v1/auth/tokens/current", "token", 401, 204, 401 },
	{ "listSessions", "GET", "/api/v1/sessions", "token", 401, 403, 401 },
	{ "revokeSession", "DELETE", "/api/v1/sessions/999", "token", 401, 403, 401 },
	{ "runJanitor", "POST", "/api/v1/janitor/run", "token", 401, 403, 401 },
	{ "listJanitorActions", "GET", "/api/v1/janitor/actions", "token", 401, 403, 401 },
	{ "listGates", "GET", "/api/v1/gates", "token", 401, 403, 401 },
	{ "checkCommit", "GET", "/api/v1/gates/fleet/commits/0123456789ab", "token", 401, 403, 401 },
	{ "mcp", "POST", "/mcp", "token", 401, 400, 401 },
	{ "installHook", "POST", "/api/v1/hooks/install", "token", 401, 403, 401 },
	{ "testHook", "POST", "/api/v1/hooks/test", "token", 401, 403, 401 },
	{ "postHook", "POST", "/hooks/forgejo", "signature", 503, 503, 503 }, /* no secret is configured */
	{ "whoAmIFleet", "GET", "/v1/fleet/whoami", "fleet", 401, 403, 401 },
	{ "getDownload", "GET", "/dl/sluice-run-linux-x86_64", "none", 404, 404, 404 },
	{ "getHealthz", "GET", "/healthz", "none", 200, 200, 200 },
	{ "getReadyz", "GET", "/readyz", "none", 200, 200, 200 },
	{ "getHealth", "GET", "/api/v1/system/health", "none", 200, 200, 200 },
	{ "getMetrics", "GET", "/metrics", "metrics", 401, 403, 401 },
	{ "getOpenapiYaml", "GET", "/openapi.yaml", "none", 200, 200, 200 },
	{ "getOpenapiJson", "GET", "/openapi.json", "none", 200, 200, 200 },
	{ "getDocs", "GET", "/docs", "none", 200, 200, 200 },
	{ "pageHome", "GET", "/", "session", 303, 403, 303 },
	{ "pageCommit", "GET", "/r/acme/pump/" SHA, "session", 303, 403, 303 },
	{ "pageRun", "GET", "/runs/999", "session", 303, 403, 303 },
	{ "pageStep", "GET", "/steps/999", "session", 303, 403, 303 },
	{ "pageStepLog", "GET", "/steps/999/log", "session", 303, 403, 303 },
	{ "pageLogin", "GET", "/login", "none", 200, 200, 200 },
	{ "pageStyle", "GET", "/style.css", "none", 200, 200, 200 },
	{ "pageIcon", "GET", "/icon.svg", "none", 200, 200, 200 },
	{ "pageLoginTry", "POST", "/login", "none", 400, 400, 400 },
	{ "pageLogout", "POST", "/logout", "session", 303, 400, 303 },
	{ "pageOauthStart", "GET", "/oauth/nosuch/start", "none", 404, 404, 404 },
	{ "pageOauthCallback", "GET", "/oauth/nosuch/callback", "none", 404, 404, 404 },
	{ "pageAccount", "GET", "/account", "session", 303, 403, 303 },
	{ "pageLoginTie", "POST", "/account/logins/nosuch", "session", 303, 403, 303 },
	{ "pageTokenCreate", "POST", "/account/tokens", "session", 303, 403, 303 },
	{ "pageTokenRevoke", "POST", "/account/tokens/999/revoke", "session", 303, 403, 303 },
	{ "pageSessionRevoke", "POST", "/account/sessions/999/revoke", "session", 303, 403, 303 },
	{ "pageSessionRevokeOthers", "POST", "/account/sessions/revoke-others", "session", 303, 403, 303 },
};

static void every_route_has_its_guard(void **state)
{
	static const char *const guards[] = { [OP_AUTH_NONE] = "none",
		[OP_AUTH_TOKEN] = "token",
		[OP_AUTH_LOGIN] = "login",
		[OP_AUTH_INTERNAL] = "internal",
		[OP_AUTH_METRICS] = "metrics",
		[OP_AUTH_SESSION] = "session",
		[OP_AUTH_FLEET] = "fleet",
		[OP_AUTH_SIGNATURE] = "signature" };
	size_t n = sizeof routes / sizeof routes[0], n_known = 0;
	(void)state;

	assert_int_equal(n, api_n_ops); /* whoever adds a route says here who may use it */
	for (size_t i = 0; i < n; i++) {
		struct ask a = { .method = routes[i].method, .target = routes[i].target };
		struct ask none = a, wrong = a;

		none.token = token_with(0, ROLE_USER).p;
		wrong.token = "slc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
		AUTO_ANSWER r = ask(a);
		AUTO_ANSWER with_none = ask(none);
		AUTO_ANSWER with_wrong = ask(wrong);

		if (r.status != routes[i].without || with_none.status != routes[i].with_none ||
			with_wrong.status != routes[i].with_wrong)
			fail_msg("%s: %d %d %d", routes[i].id, r.status, with_none.status, with_wrong.status);
		for (size_t k = 0; k < api_n_ops; k++) {
			if (strcmp(api_ops[k].id, routes[i].id) != 0)
				continue;
			n_known++;
			if (strcmp(guards[api_ops[k].auth], routes[i].guard) != 0)
				fail_msg("%s: %s", routes[i].id, guards[api_ops[k].auth]);
		}
		if (r.status == 401)
			assert_string_equal(header_of(&r, "WWW-Authenticate"), "Bearer");
	}
	assert_int_equal(n_known, n); /* all names are those of the document */
}

static void a_refused_scope_is_told_with_what_is_held(void **state)
{
	struct str token = token_with(SCOPE_BIT(SCOPE_LOGS_READ) | SCOPE_BIT(SCOPE_RUNS_READ), ROLE_USER);
	AUTO_ANSWER r = post_log(GOOD, token.p);
	struct json *details;
	(void)state;

	assert_error(&r, 403, "forbidden");
	assert_true(r.before_body);
	details = json_get(json_of(&r), "details");
	assert_int_equal(json_len(json_get(details, "required_scopes")), 1);
	assert_true(str_eq(json_str(json_at(json_get(details, "required_scopes"), 0)), STR("logs:write")));
	assert_int_equal(json_len(json_get(details, "held_scopes")), 2);
}

static void while_nothing_is_configured_internal_is_closed_with_503(void **state)
{
	struct config *closed = fixture_config(0, 0);
	(void)state;

	closed->internal.n = 0;
	config_swap(fx.app.config, closed);
	AUTO_ANSWER none = post_log(GOOD, NULL);
	AUTO_ANSWER wrong = post_log(GOOD, INTERNAL);
	AUTO_ANSWER good = post_log(GOOD, token_with(SCOPE_BIT(SCOPE_LOGS_WRITE), ROLE_USER).p);
	AUTO_ANSWER elsewhere = ask((struct ask){ .method = "GET", .target = "/api/v1/repos", .token = "x" });
	config_swap(fx.app.config, fixture_config(0, 0));

	assert_error(&none, 503, "not_configured");
	assert_string_equal(header_of(&none, "Retry-After"), "60");
	assert_error(&wrong, 503, "not_configured");
	assert_int_equal(good.status, 204);
	assert_error(&elsewhere, 401, "unauthorized");
}

static void the_internal_token_opens_internal_and_nothing_else(void **state)
{
	AUTO_ANSWER in = post_log(GOOD, INTERNAL);
	AUTO_ANSWER out =
		ask((struct ask){ .method = "GET", .target = "/api/v1/context?run_id=1", .token = INTERNAL });
	(void)state;

	assert_int_equal(in.status, 204);
	assert_int_equal(in.len, 0);
	assert_string_equal(header_of(&in, "Content-Type"), "");
	assert_error(&out, 401, "unauthorized");
}

static void metrics_are_free_on_this_machine_and_not_through_a_proxy_on_it(void **state)
{
	struct ask a = { .method = "GET", .target = "/metrics", .loopback = true };
	struct ask forwarded = a, standard = a, token = a;
	(void)state;

	forwarded.header[0] = "X-Forwarded-For";
	forwarded.header[1] = "203.0.113.9";
	standard.header[0] = "Forwarded";
	standard.header[1] = "for=203.0.113.9";
	token.loopback = false;
	token.token = token_with(SCOPE_BIT(SCOPE_SYSTEM_READ), ROLE_USER).p;
	AUTO_ANSWER r = ask(a);
	AUTO_ANSWER f = ask(forwarded);
	AUTO_ANSWER s = ask(standard);
	AUTO_ANSWER t = ask(token);

	assert_int_equal(r.status, 200);
	assert_string_equal(header_of(&r, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
	assert_non_null(strstr(r.body, "\nsluice_store_bytes "));
	assert_int_equal(f.status, 401);
	assert_int_equal(s.status, 401);
	assert_int_equal(t.status, 200);
}

/* --- in which order */

static void refusals_come_in_the_order_of_the_design(void **state)
{
	static const char bad[] = "{\"repo\":\"acme/unknown\",\"head_sha\":\"x\"}";
	struct str reader = token_with(SCOPE_BIT(SCOPE_LOGS_READ), ROLE_USER);
	(void)state;

	AUTO_ANSWER path =
		ask((struct ask){ .method = "GET", .target = "/internal/ci-log", .length = 10000000 });
	AUTO_ANSWER size =
		ask((struct ask){ .method = "POST", .target = "/internal/ci-log", .length = 10000000 });
	AUTO_ANSWER token = ask((struct ask){
		.method = "POST", .target = "/internal/ci-log", .body = bad, .type = "text/plain" });
	AUTO_ANSWER scope = ask((struct ask){ .method = "POST",
		.target = "/internal/ci-log",
		.body = bad,
		.type = "text/plain",
		.token = reader.p });
	AUTO_ANSWER media = ask((struct ask){ .method = "POST",
		.target = "/internal/ci-log",
		.body = bad,
		.type = "text/plain",
		.token = INTERNAL });
	AUTO_ANSWER repo = post_log(bad, INTERNAL);
	AUTO_ANSWER fields = post_log("{\"repo\":\"" REPO "\",\"head_sha\":\"x\"}", INTERNAL);

	assert_error(&path, 405, "method_not_allowed");
	assert_error(&size, 413, "payload_too_large");
	assert_error(&token, 401, "unauthorized");
	assert_error(&scope, 403, "forbidden");
	assert_error(&media, 415, "unsupported_media_type");
	assert_error(&repo, 404, "not_found");
	assert_wrong_field(&fields, "head_sha");
}

static void a_repo_whose_name_is_malformed_is_a_wrong_field_and_not_404(void **state)
{
	AUTO_ANSWER r = post_log(POST_OF("acme", ""), INTERNAL);
	AUTO_ANSWER dots = post_log(POST_OF("acme/..", ""), INTERNAL);
	(void)state;

	assert_wrong_field(&r, "repo");
	assert_wrong_field(&dots, "repo");
}

static void a_forge_that_is_not_configured_is_a_wrong_field_beside_the_others(void **state)
{
	AUTO_ANSWER r = post_log(POST_OF(REPO, ",\"forge\":\"nosuch\",\"attempt\":-1"), INTERNAL);
	AUTO_ANSWER s = post_log(POST_OF(REPO, ",\"forge\":\"no such\""), INTERNAL);
	(void)state;

	assert_wrong_field(&r, "forge");
	assert_wrong_field(&r, "attempt");
	assert_wrong_field(&s, "forge");
}

static void the_url_of_a_run_tells_its_forge(void **state)
{
	AUTO_ANSWER home =
		post_log(POST_OF(REPO, ",\"url\":\"https://git.example.org/acme/pump/runs/1\""), INTERNAL);
	AUTO_ANSWER hub =
		post_log(POST_OF(REPO, ",\"url\":\"https://hub.example.org/acme/pump/runs/1\""), INTERNAL);
	AUTO_ANSWER named = post_log(
		POST_OF(REPO, ",\"forge\":\"home\",\"url\":\"https://hub.example.org/acme/pump\""), INTERNAL);
	(void)state;

	assert_int_equal(home.status, 204);
	assert_error(&hub, 404, "not_found"); /* not watched there */
	assert_int_equal(named.status, 204);
}

static void output_of_programs_is_repaired_in_a_post_and_in_no_other_body(void **state)
{
	AUTO_ANSWER log =
		post_log("{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
			 "\",\"run_id\":7,\"step_name\":\"make\",\"log_tail\":\"a\xff\\ud800\\u0000b\"}",
			INTERNAL);
	AUTO_ANSWER repo = ask((struct ask){ .method = "POST",
		.target = "/api/v1/repos",
		.body = "{\"repo\":\"a/b\xff\"}",
		.token = fx.admin.p });
	(void)state;

	assert_int_equal(log.status, 204);
	assert_error(&repo, 400, "validation_error");
}

static void the_limit_of_a_post_is_a_setting(void **state)
{
	struct config *small = fixture_config(0, 0);
	(void)state;

	small->post_bytes = 100;
	config_swap(fx.app.config, small);
	AUTO_ANSWER r = post_log(GOOD, INTERNAL);
	config_swap(fx.app.config, fixture_config(0, 0));

	assert_error(&r, 413, "payload_too_large");
	assert_true(r.before_body);
}

/* --- how often */

static void reads_and_writes_have_limits_of_their_own_a_token(void **state)
{
	struct str one = token_with(SCOPE_ALL, ROLE_ADMIN), two = token_with(SCOPE_ALL, ROLE_ADMIN);
	struct ask read = { .method = "GET", .target = "/api/v1/repos", .token = one.p };
	struct ask write = { .method = "DELETE", .target = "/api/v1/repos/999", .token = one.p };
	struct ask other = { .method = "GET", .target = "/api/v1/repos", .token = two.p };
	(void)state;

	config_swap(fx.app.config, fixture_config(3, 2));
	for (int i = 0; i < 5; i++) {
		AUTO_ANSWER r = ask(read);
		AUTO_ANSWER w = ask(write);

		assert_int_equal(r.status, i < 3 ? 200 : 429);
		assert_int_equal(w.status, i < 2 ? 404 : 429);
		if (i >= 3) {
			assert_error(&r, 429, "rate_limited");
			assert_string_equal(header_of(&r, "Retry-After"), "60");
			assert_string_equal(header_of(&r, "X-RateLimit-Remaining"), "0");
		}
	}
	AUTO_ANSWER r = ask(other);

	assert_int_equal(r.status, 200);
	atomic_fetch_add(&fx.steady, 60001);
	AUTO_ANSWER again = ask(read);

	assert_int_equal(again.status, 200);
	config_swap(fx.app.config, fixture_config(0, 0));
}

static void one_token_has_one_window_however_it_is_spelled(void **state)
{
	struct str token = token_with(SCOPE_ALL, ROLE_ADMIN);
	static const struct {
		const char *before, *after;
	} forms[] = { { "Bearer ", "" }, { "bearer ", "" }, { "BEARER   ", "" }, { " Bearer ", " " },
		{ "Bearer \t", "" } };
	(void)state;

	config_swap(fx.app.config,
		fixture_config(3, 3)); /* the fourth is none that is known: it is not counted here */
	for (int i = 0; i < 5; i++) {
		char header[200];

		snprintf(header, sizeof header, "%s%s%s", forms[i].before, token.p, forms[i].after);
		AUTO_ANSWER r = ask(
			(struct ask){ .method = "GET", .target = "/api/v1/repos", .authorization = header });

		if (i == 4)
			assert_int_equal(r.status, 429);
	}
	config_swap(fx.app.config, fixture_config(0, 0));
}

static void what_is_public_is_limited_by_address(void **state)
{
	(void)state;

	config_swap(fx.app.config, fixture_config(2, 2));
	for (int i = 0; i < 3; i++) {
		char token[40];

		snprintf(token, sizeof token, "another%d", i); /* does not matter */
		AUTO_ANSWER r = ask((struct ask){
			.method = "GET", .target = "/openapi.json", .token = token, .peer = "192.0.2.50" });

		assert_int_equal(r.status, i < 2 ? 200 : 429);
	}
	AUTO_ANSWER r = ask((struct ask){ .method = "GET", .target = "/openapi.json", .peer = "192.0.2.51" });

	assert_int_equal(r.status, 200);
	config_swap(fx.app.config, fixture_config(0, 0));
}

static void posts_of_runners_health_and_metrics_have_no_such_limit(void **state)
{
	(void)state;

	config_swap(fx.app.config, fixture_config(1, 1));
	for (int i = 0; i < 5; i++) {
		AUTO_ANSWER log = post_log(GOOD, INTERNAL);
		AUTO_ANSWER health = ask((struct ask){ .method = "GET", .target = "/healthz" });
		AUTO_ANSWER metrics =
			ask((struct ask){ .method = "GET", .target = "/metrics", .loopback = true });

		assert_int_equal(log.status, 204);
		assert_int_equal(health.status, 200);
		assert_int_equal(metrics.status, 200);
		assert_string_equal(header_of(&log, "X-RateLimit-Limit"), "1000"); /* at once, not a minute */
		assert_string_equal(header_of(&log, "X-RateLimit-Remaining"), "999");
		assert_string_equal(header_of(&health, "X-RateLimit-Remaining"), "1"); /* told, not counted */
	}
	config_swap(fx.app.config, fixture_config(0, 0));
}

static void who_guesses_tokens_is_stopped_by_address_and_a_good_token_from_there_is_not(void **state)
{
	struct ask guess = {
		.method = "POST", .target = "/internal/ci-log", .body = GOOD, .peer = "192.0.2.99"
	};
	(void)state;

	config_swap(fx.app.config, fixture_config(3, 3));
	for (int i = 0; i < 5; i++) {
		char token[40];

		snprintf(token, sizeof token, "slc_guess%d", i);
		guess.token = token;
		AUTO_ANSWER r = ask(guess);

		assert_int_equal(r.status, i < 3 ? 401 : 429);
		assert_int_equal(header_of(&r, "Retry-After")[0] != '\0', i >= 3);
	}
	guess.token = INTERNAL;
	AUTO_ANSWER good = ask(guess);

	guess.token = "slc_guess";
	guess.peer = "192.0.2.98";
	AUTO_ANSWER elsewhere = ask(guess);

	assert_int_equal(good.status, 204);
	assert_int_equal(elsewhere.status, 401);
	config_swap(fx.app.config, fixture_config(0, 0));
}

/* --- what is answered */

static void a_post_is_read_back(void **state)
{
	AUTO_ANSWER p = post_log(GOOD, INTERNAL);
	AUTO_ANSWER md = get("/api/v1/context?repo=acme%2Fpump&sha=" SHA);
	AUTO_ANSWER json = get("/api/v1/context?repo=acme/pump&sha=" SHA "&format=json");
	(void)state;

	assert_int_equal(p.status, 204);
	assert_string_equal(header_of(&md, "Content-Type"), "text/markdown; charset=utf-8");
	assert_non_null(strstr(md.body, "boom"));
	assert_true(json_len(json_get(json_of(&json), "steps")) > 0);
}

static void a_context_says_that_a_step_is_not_explained_yet(void **state)
{
	AUTO_ANSWER p = post_log(GOOD, INTERNAL);
	AUTO_ANSWER md = get("/api/v1/context?repo=acme%2Fpump&sha=" SHA);
	AUTO_ANSWER json = get("/api/v1/context?repo=acme/pump&sha=" SHA "&format=json");
	struct json *step = json_at(json_get(json_of(&json), "steps"), 0);
	(void)state;

	assert_int_equal(p.status, 204);
	assert_non_null(strstr(md.body, "Not explained yet"));
	assert_true(str_eq(json_str(json_get(step, "explained")), STR("not_yet")));
	assert_int_equal(json_kind(json_get(step, "errors")), JSON_ARRAY);
	assert_int_equal(json_len(json_get(step, "errors")), 0);
}

static void a_context_is_asked_for_in_one_way(void **state)
{
	AUTO_ANSWER none = get("/api/v1/context");
	AUTO_ANSWER two = get("/api/v1/context?run_id=1&external_run_id=7");
	AUTO_ANSWER budget = get("/api/v1/context?run_id=1&budget=1023");
	(void)state;

	assert_error(&none, 400, "validation_error");
	assert_error(&two, 400, "validation_error");
	assert_wrong_field(&budget, "budget");
}

static void a_repo_is_added_once_listed_and_removed(void **state)
{
	struct ask add = { .method = "POST",
		.target = "/api/v1/repos",
		.body = "{\"repo\":\"acme/valve\",\"forge\":\"hub\"}",
		.token = fx.admin.p };
	AUTO_ANSWER first = ask(add);
	AUTO_ANSWER again = ask(add);
	AUTO_ANSWER list = get("/api/v1/repos?forge=hub");
	char target[60];
	int64_t id;
	(void)state;

	assert_int_equal(first.status, 201);
	assert_int_equal(again.status, 200);
	assert_true(json_int(json_get(json_of(&first), "repo_id"), &id));
	assert_int_equal(json_len(json_get(json_of(&list), "data")), 1);
	snprintf(target, sizeof target, "/api/v1/repos/%lld", (long long)id);
	AUTO_ANSWER gone = ask((struct ask){ .method = "DELETE", .target = target, .token = fx.admin.p });
	AUTO_ANSWER twice = ask((struct ask){ .method = "DELETE", .target = target, .token = fx.admin.p });

	assert_int_equal(gone.status, 204);
	assert_error(&twice, 404, "not_found");
}

static void a_token_revokes_itself_under_current_and_is_401_from_then_on(void **state)
{
	struct str token = token_with(0, ROLE_USER);
	struct ask a = { .method = "DELETE", .target = "/api/v1/auth/tokens/current", .token = token.p };
	AUTO_ANSWER first = ask(a);
	AUTO_ANSWER second = ask(a);
	(void)state;

	assert_int_equal(first.status, 204);
	assert_error(&second, 401, "unauthorized");
}

static void a_token_is_made_with_at_most_16_scopes_each_once(void **state)
{
	struct ask a = { .method = "POST", .target = "/api/v1/auth/tokens", .token = fx.admin.p };
	(void)state;

	a.body = "{\"token_name\":\"bot\",\"scopes\":[\"logs:read\",\"logs:read\"]}";
	AUTO_ANSWER twice = ask(a);
	a.body = "{\"token_name\":\"a bot\"}";
	AUTO_ANSWER name = ask(a);
	a.body = "{\"token_name\":\"bot\",\"expires_in_days\":31}";
	AUTO_ANSWER days = ask(a);
	a.body = "{\"token_name\":\"bot\"}";
	AUTO_ANSWER good = ask(a);

	assert_wrong_field(&twice, "scopes");
	assert_wrong_field(&name, "token_name");
	assert_wrong_field(&days, "expires_in_days");
	assert_int_equal(good.status, 201);
	assert_int_equal(json_len(json_get(json_of(&good), "scopes")), 2);
}

static void a_janitor_run_needs_no_body(void **state)
{
	struct ask a = { .method = "POST", .target = "/api/v1/janitor/run", .token = fx.admin.p };
	AUTO_ANSWER none = ask(a);
	(void)state;

	a.body = "{\"dry_run\":true}";
	AUTO_ANSWER dry = ask(a);
	a.body = "{\"dry_run\":1}";
	AUTO_ANSWER bad = ask(a);

	assert_int_equal(none.status, 200);
	assert_int_equal(dry.status, 200);
	assert_wrong_field(&bad, "dry_run");
}

static void health_tells_of_each_dependency(void **state)
{
	static const char *const names[] = { "database", "disk", "explainer" };
	const struct json *list;
	(void)state;

	AUTO_ANSWER r = ask((struct ask){ .method = "GET", .target = "/api/v1/system/health" });
	list = json_get(json_of(&r), "dependencies");
	assert_int_equal(r.status, 200);
	assert_int_equal(json_len(list), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_true(str_eq(json_str(json_get(json_at(list, i), "name")), str_z(names[i])));
		assert_true(json_str(json_get(json_at(list, i), "status")).len > 0);
	}
	assert_true(str_eq(json_str(json_get(json_at(list, 0), "status")), STR("ok")));
	fx.ready = false;
	AUTO_ANSWER starting = ask((struct ask){ .method = "GET", .target = "/api/v1/system/health" });
	fx.ready = true;
	assert_error(&starting, 503, "unavailable");
}

static void readiness_is_refused_while_starting_and_health_is_not(void **state)
{
	(void)state;

	atomic_store(&fx.ready, false);
	AUTO_ANSWER ready = ask((struct ask){ .method = "GET", .target = "/readyz" });
	AUTO_ANSWER health = ask((struct ask){ .method = "GET", .target = "/healthz" });
	atomic_store(&fx.ready, true);

	assert_error(&ready, 503, "unavailable");
	assert_string_not_equal(header_of(&ready, "Retry-After"), "");
	assert_string_equal(health.body, "{\"status\":\"ok\"}");
}

/* --- the document */

static void the_document_is_told_as_yaml_as_json_and_as_a_page_that_may_load_nothing(void **state)
{
	AUTO_ANSWER yaml = ask((struct ask){ .method = "GET", .target = "/openapi.yaml" });
	AUTO_ANSWER json = ask((struct ask){ .method = "GET", .target = "/openapi.json" });
	AUTO_ANSWER page = ask((struct ask){ .method = "GET", .target = "/docs" });
	(void)state;

	assert_non_null(strstr(yaml.body, "\nopenapi: 3.0.3\n"));
	assert_true(str_eq(json_str(json_get(json_of(&json), "openapi")), STR("3.0.3")));
	assert_non_null(strstr(header_of(&page, "Content-Security-Policy"), "default-src 'none'"));
	assert_null(strstr(page.body, "<script"));
	for (size_t i = 0; i < api_n_ops; i++) {
		assert_non_null(strstr(page.body, api_ops[i].path));
		assert_non_null(strstr(page.body, api_ops[i].id));
		assert_non_null(json_get(json_get(json_of(&json), "paths"), api_ops[i].path));
	}
}

static struct json *schema(struct answer *document, const char *name)
{
	return json_get(json_get(json_get(json_of(document), "components"), "schemas"), name);
}

static void the_words_of_the_document_are_those_of_the_program(void **state)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "GET", .target = "/openapi.json" });
	struct json *scopes = json_get(schema(&r, "Scope"), "enum");
	struct json *conclusions = json_get(schema(&r, "Conclusion"), "enum");
	(void)state;

	assert_int_equal(json_len(scopes), SCOPE_N);
	for (enum scope s = 0; s < SCOPE_N; s++)
		assert_true(str_eq(json_str(json_at(scopes, s)), str_z(scope_name(s))));
	assert_int_equal(json_len(conclusions), CONCLUSION_N);
	for (enum conclusion k = 0; k < CONCLUSION_N; k++)
		assert_true(str_eq(json_str(json_at(conclusions, k)), str_z(conclusion_name(k))));
}

/* Every status that this file has seen is documented: the errors of the edge are, by the generator; here the
 * shape of the rest. */
static void every_operation_has_a_handler_and_a_limit_where_it_takes_a_body(void **state)
{
	(void)state;

	for (size_t i = 0; i < api_n_ops; i++) {
		assert_non_null(api_ops[i].handler);
		assert_int_equal(api_ops[i].has_body,
			api_ops[i].body_limit > 0 || api_ops[i].body_limit_of != OP_LIMIT_FIXED);
		assert_true(api_ops[i].auth == OP_AUTH_NONE || api_ops[i].auth == OP_AUTH_LOGIN ||
			    api_ops[i].auth == OP_AUTH_SIGNATURE || api_ops[i].scope != 0 ||
			    strstr(api_ops[i].id, "revoke") || strcmp(api_ops[i].id, "pageLogout") == 0 ||
			    strcmp(api_ops[i].id, "mcp") == 0 /* each of its tools has one */);
	}
}

static void what_takes_tokens_of_hosts_says_which_parameter_names_the_host(void **state)
{
	(void)state;

	for (size_t i = 0; i < api_n_ops; i++)
		for (size_t k = 0; k < api_ops[i].n_params; k++)
			if (api_ops[i].auth == OP_AUTH_FLEET && api_ops[i].params[k].in_path &&
				strcmp(api_ops[i].params[k].name, "host") == 0 &&
				(!api_ops[i].host_field || strcmp(api_ops[i].host_field, "host") != 0))
				fail_msg("%s has no x-host-field: host", api_ops[i].id);
}

/* --- downloads */

#define PROGRAM "sluice-run-linux-aarch64"
/* SHA-256 of "abc", FIPS 180-2. */
#define ABC_HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ABC_BASE64 "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="

static void put_program(const char *text)
{
	char path[200];
	struct err e;

	snprintf(path, sizeof path, "%s/" PROGRAM, fx.folder);
	assert_int_equal(file_write_atomic(path, str_z(text), 0644, &e), ERR_OK);
}

static struct answer get_program(const char *if_none_match)
{
	return ask((struct ask){
		.method = "GET", .target = "/dl/" PROGRAM, .header = { "If-None-Match", if_none_match } });
}

static void a_download_carries_its_digest(void **state)
{
	(void)state;
	put_program("abc");
	for (int i = 0; i < 2; i++) { /* hashed, remembered */
		AUTO_ANSWER r = get_program("");

		assert_int_equal(r.status, 200);
		assert_int_equal(r.len, 3);
		assert_memory_equal(r.body, "abc", 3);
		assert_string_equal(header_of(&r, "Content-Type"), "application/octet-stream");
		assert_string_equal(header_of(&r, "ETag"), "\"" ABC_HEX "\"");
		assert_string_equal(header_of(&r, "Repr-Digest"), "sha-256=:" ABC_BASE64 ":");
	}
	AUTO_ANSWER sum = get("/dl/" PROGRAM ".sha256");

	assert_int_equal(sum.status, 200);
	assert_string_equal(sum.body, ABC_HEX "  " PROGRAM "\n");
}

static void a_download_that_was_replaced_has_a_new_digest(void **state)
{
	(void)state;
	put_program("abc");
	AUTO_ANSWER first = get_program("");
	put_program("abd");
	AUTO_ANSWER second = get_program("");

	assert_string_equal(second.body, "abd");
	assert_string_not_equal(header_of(&second, "ETag"), header_of(&first, "ETag"));
}

static void who_has_the_download_is_told_so(void **state)
{
	static const struct {
		const char *has;
		int status;
	} cases[] = {
		{ "\"" ABC_HEX "\"", 304 },
		{ "\"x\", W/\"" ABC_HEX "\"", 304 },
		{ "*", 304 },
		{ "\"x\"", 200 },
		{ ABC_HEX, 200 },
	};
	(void)state;

	put_program("abc");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = get_program(cases[i].has);

		assert_int_equal(r.status, cases[i].status);
		assert_int_equal(r.len, r.status == 304 ? 0 : 3);
		assert_string_equal(header_of(&r, "ETag"), "\"" ABC_HEX "\"");
	}
}

static void a_download_that_is_not_there_says_how_it_would_be(void **state)
{
	static const char *const targets[] = { "/dl/sluice-run-linux-x86_64",
		"/dl/sluice-run-linux-x86_64.sha256" };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		AUTO_ANSWER r = get(targets[i]);

		assert_error(&r, 404, "not_found");
		assert_non_null(strstr(r.body, "make sluice-run"));
		assert_non_null(strstr(r.body, "server.downloads"));
		assert_null(strstr(r.body, fx.folder));
	}
}

/* --- pins */

static struct answer pin(const char *method, int64_t step_id, const char *token)
{
	char target[80];

	snprintf(target, sizeof target, "/api/v1/steps/%lld/pin", (long long)step_id);
	return ask((struct ask){ .method = method, .target = target, .token = token });
}

static void a_step_is_pinned_and_unpinned_as_often_as_one_likes(void **state)
{
	struct str writer = token_with(SCOPE_BIT(SCOPE_LOGS_WRITE), ROLE_USER);
	AUTO_ANSWER posted = post_log(GOOD, INTERNAL);
	AUTO_ANSWER context = get("/api/v1/context?repo=acme/pump&sha=" SHA "&format=json");
	int64_t id = 0;
	(void)state;

	assert_int_equal(posted.status, 204);
	assert_true(json_int(json_get(json_at(json_get(json_of(&context), "steps"), 0), "step_id"), &id));
	for (int i = 0; i < 4; i++) {
		AUTO_ANSWER r = pin(i < 2 ? "PUT" : "DELETE", id, writer.p);

		assert_int_equal(r.status, 204);
		assert_int_equal(r.len, 0);
	}
	AUTO_ANSWER none = pin("PUT", 999999, writer.p);
	AUTO_ANSWER internal = pin("PUT", id, INTERNAL);
	AUTO_ANSWER malformed =
		ask((struct ask){ .method = "PUT", .target = "/api/v1/steps/x/pin", .token = writer.p });

	assert_error(&none, 404, "not_found");
	assert_error(&internal, 401, "unauthorized");
	assert_wrong_field(&malformed, "step_id");
}

static void no_other_file_is_given(void **state)
{
	static const char *const targets[] = { "/dl/sluice.db", "/dl/..%2Fsluice.db", "/dl/%2e%2e", "/dl/x",
		"/dl/sluice-run-linux-x86_64.sha256.sha256" };
	(void)state;

	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		AUTO_ANSWER r = get(targets[i]);

		assert_wrong_field(&r, "file");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_route_has_its_guard),
		cmocka_unit_test(a_refused_scope_is_told_with_what_is_held),
		cmocka_unit_test(while_nothing_is_configured_internal_is_closed_with_503),
		cmocka_unit_test(the_internal_token_opens_internal_and_nothing_else),
		cmocka_unit_test(metrics_are_free_on_this_machine_and_not_through_a_proxy_on_it),
		cmocka_unit_test(refusals_come_in_the_order_of_the_design),
		cmocka_unit_test(a_repo_whose_name_is_malformed_is_a_wrong_field_and_not_404),
		cmocka_unit_test(a_forge_that_is_not_configured_is_a_wrong_field_beside_the_others),
		cmocka_unit_test(the_url_of_a_run_tells_its_forge),
		cmocka_unit_test(output_of_programs_is_repaired_in_a_post_and_in_no_other_body),
		cmocka_unit_test(the_limit_of_a_post_is_a_setting),
		cmocka_unit_test(reads_and_writes_have_limits_of_their_own_a_token),
		cmocka_unit_test(one_token_has_one_window_however_it_is_spelled),
		cmocka_unit_test(what_is_public_is_limited_by_address),
		cmocka_unit_test(posts_of_runners_health_and_metrics_have_no_such_limit),
		cmocka_unit_test(who_guesses_tokens_is_stopped_by_address_and_a_good_token_from_there_is_not),
		cmocka_unit_test(a_post_is_read_back),
		cmocka_unit_test(a_context_says_that_a_step_is_not_explained_yet),
		cmocka_unit_test(a_context_is_asked_for_in_one_way),
		cmocka_unit_test(a_repo_is_added_once_listed_and_removed),
		cmocka_unit_test(a_token_revokes_itself_under_current_and_is_401_from_then_on),
		cmocka_unit_test(a_token_is_made_with_at_most_16_scopes_each_once),
		cmocka_unit_test(a_janitor_run_needs_no_body),
		cmocka_unit_test(health_tells_of_each_dependency),
		cmocka_unit_test(readiness_is_refused_while_starting_and_health_is_not),
		cmocka_unit_test(the_document_is_told_as_yaml_as_json_and_as_a_page_that_may_load_nothing),
		cmocka_unit_test(the_words_of_the_document_are_those_of_the_program),
		cmocka_unit_test(every_operation_has_a_handler_and_a_limit_where_it_takes_a_body),
		cmocka_unit_test(what_takes_tokens_of_hosts_says_which_parameter_names_the_host),
		cmocka_unit_test(a_download_that_is_not_there_says_how_it_would_be),
		cmocka_unit_test(a_download_carries_its_digest),
		cmocka_unit_test(a_download_that_was_replaced_has_a_new_digest),
		cmocka_unit_test(who_has_the_download_is_told_so),
		cmocka_unit_test(no_other_file_is_given),
		cmocka_unit_test(a_step_is_pinned_and_unpinned_as_often_as_one_likes),
	};

	diag_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC)); /* these tests make many errors */
	return cmocka_run_group_tests(tests, router_up, router_down);
}
