/* queue: runs of the suite are asked for by who may, wait in their order, and are canceled. */
#include "tests/test.h"

#include "store/access_nouns.h"
#include "tests/http/suite_run.h"

#include <stdio.h>
#include <string.h>

/* ---- asking ---- */

static void a_run_that_was_asked_for_waits_with_all_active_tests(void **state)
{
	(void)state;
	AUTO_ANSWER r = ask_run(fx.admin.p, run_body(",\"branch\":\"fix/a\",\"pull_request\":12"));
	int64_t id = number(json_of(&r), "run_id");
	AUTO_ANSWER config = of_run(id, "/config");
	AUTO_ANSWER progress = of_run(id, "/progress");
	AUTO_ANSWER runs = get("/api/v1/runs?status=queued");
	struct json *tests = json_get(json_of(&config), "regression_test_ids");
	struct counts n = counts_of(id);

	assert_int_equal(r.status, 202);
	assert_text(json_of(&r), "status", "queued");
	assert_text(json_of(&r), "repository", REPO);
	assert_text(json_of(&r), "branch", "fix/a");
	assert_text(json_of(&r), "test_type", "pr");
	assert_text(json_of(&r), "queued_at", "2026-09-21T14:13:20.000Z");
	assert_null_member(json_of(&r), "started_at");
	assert_null_member(json_of(&r), "completed_at");
	assert_text(json_of(&config), "branch", "fix/a");
	assert_text(json_of(&config), "platform", "linux");
	assert_int_equal(json_len(tests), 4);
	for (size_t i = 0; i < 4; i++) {
		int64_t test = 0;

		assert_true(json_int(json_at(tests, i), &test) && test == (int64_t)i + 1);
	}
	assert_int_equal(n.all, 4);
	assert_int_equal(n.open, 4);
	assert_int_equal(total_of(&progress), 1);
	assert_text(json_at(data_of(&progress), 0), "message", "asked for by root@example.org");
	assert_int_equal(total_of(&runs), 1);
}

static void tests_are_chosen_and_the_commit_is_of_either_length_and_case(void **state)
{
	(void)state;
	AUTO_ANSWER r = ask_run(fx.admin.p,
		"{\"repository\":\"acme/PUMP\",\"commit_sha\":"
		"\"89ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef01234567\","
		"\"platform\":\"bsd\",\"pull_request\":null,\"regression_test_ids\":[4,2]}");
	AUTO_ANSWER config = of_run(number(json_of(&r), "run_id"), "/config");

	assert_int_equal(r.status, 202);
	assert_text(json_of(&r), "repository", REPO);
	assert_text(json_of(&config), "branch", "");
	assert_text(json_of(&config), "commit_sha",
		"89abcdef0123456789abcdef0123456789abcdef0123456789abcdef01234567");
	assert_int_equal(json_len(json_get(json_of(&config), "regression_test_ids")), 2);
}

/* n ids from 1 on. */
static const char *ids(size_t n)
{
	const char *text;
	AUTO_BUF b;

	buf_init(&b, SIZE_MAX);
	buf_z(&b, ",\"regression_test_ids\":[");
	for (size_t i = 1; i <= n; i++)
		buf_fmt(&b, "%s%zu", i > 1 ? "," : "", i);
	buf_z(&b, "]");
	text = arena_str(&fx.arena, buf_view(&b)).p;
	return text;
}

static const char *branch_of(size_t n)
{
	char name[200];

	memset(name, 'b', sizeof name);
	name[n] = '\0';
	return arena_fmt(&fx.arena, ",\"branch\":\"%s\"", name).p;
}

static void what_is_asked_has_bounds_and_what_is_wrong_is_named(void **state)
{
	const struct {
		const char *body, *field;
	} wrong[] = {
		{ "{\"commit_sha\":\"" SHA "\"," LINUX "}", "repository" },
		{ "{\"repository\":\"" REPO "\"," LINUX "}", "commit_sha" },
		{ "{\"repository\":\"" REPO "\",\"commit_sha\":\"" SHA "\"}", "platform" },
		{ run_body(",\"platform\":\"plan9\""), "platform" },
		{ run_body(",\"surprise\":1"), "surprise" },
		{ run_body(",\"pull_request\":0"), "pull_request" },
		{ run_body(",\"pull_request\":2147483648"), "pull_request" },
		{ run_body(",\"branch\":\"a//b\""), "branch" },
		{ run_body(",\"branch\":\"\""), "branch" },
		{ run_body(branch_of(101)), "branch" },
		{ run_body(",\"regression_test_ids\":[1,1]"), "regression_test_ids" },
		{ run_body(",\"regression_test_ids\":[0]"), "regression_test_ids" },
		{ run_body(",\"regression_test_ids\":[\"1\"]"), "regression_test_ids" },
		{ run_body(",\"regression_test_ids\":[2147483648]"), "regression_test_ids" },
		{ run_body(ids(501)), "regression_test_ids" },
		{ "{\"repository\":\"pump\",\"commit_sha\":\"" SHA "\"," LINUX "}", "repository" },
		{ "{\"repository\":\"" REPO "\",\"commit_sha\":\"0123456\"," LINUX "}", "commit_sha" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		AUTO_ANSWER r = ask_run(fx.admin.p, wrong[i].body);

		if (r.status != 400 || !strstr(r.body, wrong[i].field))
			fail_msg("%s: %d %s", wrong[i].body, r.status, r.body);
	}
	AUTO_ANSWER longest = ask_run(fx.admin.p, run_body(branch_of(100)));
	AUTO_ANSWER highest = ask_run(fx.admin.p, run_body(",\"pull_request\":2147483647"));
	AUTO_ANSWER many = ask_run(fx.admin.p, run_body(ids(500))); /* 5 is retired */
	AUTO_ANSWER none = get("/api/v1/runs?status=queued");
	assert_int_equal(longest.status, 202);
	assert_int_equal(highest.status, 202);
	assert_error(&many, 422, "unprocessable");
	assert_int_equal(total_of(&none), 2);
}

static void a_test_that_is_not_run_any_more_is_refused_by_its_number(void **state)
{
	static const int64_t tests[] = { RETIRED, 99 };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		AUTO_ANSWER r = ask_run(fx.admin.p,
			run_body(
				arena_fmt(&fx.arena, ",\"regression_test_ids\":[1,%lld]", (long long)tests[i])
					.p));

		assert_error(&r, 422, "unprocessable");
		assert_int_equal(number(json_get(json_of(&r), "details"), "regression_test_id"), tests[i]);
	}
	AUTO_ANSWER none = get("/api/v1/system/queue");
	assert_int_equal(total_of(&none), 0);
}

/* n more tests over alpha. */
static void more_tests(int n)
{
	AUTO_BUF yaml;

	buf_init(&yaml, SIZE_MAX);
	buf_fmt(&yaml, "samples: [{file: \"sha256:%s\", name: alpha.txt}]\ntests:\n", hex_of("alpha"));
	for (int i = 0; i < n; i++)
		buf_fmt(&yaml, "  - {name: t%d, sample: \"sha256:%s\", command: cat}\n", i, hex_of("alpha"));
	import_suite(buf_cstr(&yaml));
}

static void a_run_has_five_hundred_tests_and_not_one_more(void **state)
{
	(void)state;
	more_tests(496);
	AUTO_ANSWER full = ask_run(fx.admin.p, run_body(""));
	AUTO_ANSWER config = of_run(number(json_of(&full), "run_id"), "/config");
	more_tests(497);
	AUTO_ANSWER over = ask_run(fx.admin.p, run_body(""));

	assert_int_equal(full.status, 202);
	assert_int_equal(json_len(json_get(json_of(&config), "regression_test_ids")), 500);
	assert_error(&over, 422, "unprocessable");
	assert_non_null(strstr(over.body, "regression_test_ids"));
}

static void a_suite_without_tests_has_no_runs(void **state)
{
	(void)state;
	AUTO_ANSWER r = ask_run(fx.admin.p, run_body(""));

	assert_error(&r, 422, "unprocessable");
	assert_non_null(strstr(r.body, "suite import"));
}

static void a_full_queue_says_so_and_takes_again_when_it_is_not(void **state)
{
	struct config *c = fixture_config(0, 0);
	int64_t first;
	(void)state;

	c->suite_queue = 2;
	config_swap(fx.app.config, c);
	first = a_run("");
	a_run("");
	AUTO_ANSWER full = ask_run(fx.admin.p, run_body(""));
	AUTO_ANSWER gone = cancel(fx.admin.p, first, "{}");
	AUTO_ANSWER room = ask_run(fx.admin.p, run_body(""));
	AUTO_ANSWER again = ask_run(fx.admin.p, run_body(""));

	assert_error(&full, 503, "unavailable");
	assert_true(header_of(&full, "Retry-After")[0] != '\0');
	assert_int_equal(gone.status, 202);
	assert_int_equal(room.status, 202);
	assert_error(&again, 503, "unavailable");
	claimed_by("w1"); /* what a worker has does not wait */
	AUTO_ANSWER claimed = ask_run(fx.admin.p, run_body(""));
	assert_int_equal(claimed.status, 202);
}

/* ---- who may ask ---- */

#define FORK_OF_ANN "{\"repository\":\"Ann/pump\",\"commit_sha\":\"" SHA "\"," LINUX "}"

static void of_a_main_repo_a_contributor_or_an_admin_may_ask(void **state)
{
	(void)state;
	AUTO_ANSWER user = ask_run(token_of_a(ROLE_USER), run_body(""));
	AUTO_ANSWER tester = ask_run(token_of_a(ROLE_TESTER), run_body(""));
	AUTO_ANSWER contributor = ask_run(token_of_a(ROLE_CONTRIBUTOR), run_body(""));

	assert_error(&user, 403, "forbidden");
	assert_error(&tester, 403, "forbidden");
	assert_non_null(strstr(tester.body, "contributor or an admin"));
	assert_int_equal(contributor.status, 202);
}

static void of_a_fork_a_contributor_may_ask_and_of_a_stranger_nobody(void **state)
{
	(void)state;
	AUTO_ANSWER fork = ask_run(token_of_a(ROLE_CONTRIBUTOR), FORK_OF_ANN);
	AUTO_ANSWER again = ask_run(fx.admin.p, FORK_OF_ANN);
	AUTO_ANSWER stranger =
		ask_run(fx.admin.p, "{\"repository\":\"ann/valve\",\"commit_sha\":\"" SHA "\"," LINUX "}");
	AUTO_ANSWER runs = get("/api/v1/runs?repository=ann/pump");

	assert_int_equal(fork.status, 202);
	assert_text(json_of(&fork), "repository", "Ann/pump");
	assert_int_equal(again.status, 202);
	assert_error(&stranger, 422, "unprocessable");
	assert_non_null(strstr(stranger.body, "not watched"));
	assert_int_equal(total_of(&runs), 2);
}

struct login_op {
	struct store_op op;
	struct forge_login login;
};

static enum err_code apply_login(struct store_op *op, struct db *db, struct err *e)
{
	return forge_logins_put(db, &((struct login_op *)(void *)op)->login, e);
}

/* Whose token is the last that was made is known on the forge by this name, or not. */
static void known_as(int64_t user_id, const char *login)
{
	struct login_op w = { .op = { .apply = apply_login, .bytes = 100 },
		.login = { .user_id = user_id,
			.provider = STR("home"),
			.forge_user_id = str_z(login),
			.login = str_z(login),
			.stored_at = NOW } };
	struct err e;

	if (store_write(fx.app.store, &w.op, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

/* The forge "home" can be signed in with; nobody is there to be asked. */
static void forge_with_sign_in(void)
{
	struct config *c = fixture_config(0, 0);

	c->oauths = arena_array(&c->arena, 1, sizeof *c->oauths);
	c->n_oauths = 1;
	c->oauths[0] =
		(struct oauth_config){ .provider = { STR("home"), OAUTH_FORGEJO, STR("http://127.0.0.1:1"),
					       STR("sluice"), STR("secret") },
			.redirect_uri = STR("https://sluice.example.org/oauth/home/callback") };
	config_swap(fx.app.config, c);
}

/* The user who is behind the token. */
static int64_t user_behind(const char *role)
{
	AUTO_ANSWER r = get("/api/v1/users?limit=100");
	struct json *data = data_of(&r);

	for (size_t i = 0; i < json_len(data); i++)
		if (str_eq(json_str(json_get(json_at(data, i), "email")), str_z(role)))
			return number(json_at(data, i), "user_id");
	fail_msg("%s", r.body);
	return 0;
}

static void of_a_fork_its_owner_may_ask_whom_the_forge_knows_by_that_name(void **state)
{
	const char *tester = token_of_a(ROLE_TESTER);
	(void)state;

	forge_with_sign_in();
	AUTO_ANSWER unknown = ask_run(tester, FORK_OF_ANN);
	known_as(user_behind("tester"), "aNN");
	AUTO_ANSWER owner = ask_run(tester, FORK_OF_ANN);
	AUTO_ANSWER other =
		ask_run(tester, "{\"repository\":\"Anna/pump\",\"commit_sha\":\"" SHA "\"," LINUX "}");
	AUTO_ANSWER main_repo = ask_run(tester, run_body(""));
	AUTO_ANSWER runs = get("/api/v1/runs");

	assert_error(&unknown, 403, "forbidden");
	assert_non_null(strstr(unknown.body, "/login"));
	assert_non_null(strstr(unknown.body, "/account"));
	if (owner.status != 202)
		fail_msg("%s", owner.body);
	assert_error(&other, 403, "forbidden");
	assert_non_null(strstr(other.body, "aNN"));
	assert_error(&main_repo, 403, "forbidden");
	assert_int_equal(total_of(&runs), 1); /* who was refused left nothing */
}

static void where_nobody_can_sign_in_the_owner_of_a_fork_is_told_so(void **state)
{
	(void)state;
	AUTO_ANSWER r = ask_run(token_of_a(ROLE_TESTER), FORK_OF_ANN);

	assert_error(&r, 403, "forbidden");
}

static void a_token_that_is_bound_elsewhere_asks_for_nothing_here(void **state)
{
	const char *bound = token_of_repo("acme/valve").p, *here = token_of_repo(REPO).p;
	int64_t run = a_run("");
	(void)state;

	AUTO_ANSWER other = ask_run(bound, run_body(""));
	AUTO_ANSWER fork = ask_run(here, FORK_OF_ANN);
	AUTO_ANSWER mine = ask_run(here, run_body(""));
	AUTO_ANSWER canceled = cancel(bound, run, "{}");
	AUTO_ANSWER queue = get_as(bound, "/api/v1/system/queue");

	assert_error(&other, 422, "unprocessable");
	assert_error(&fork, 422, "unprocessable");
	assert_int_equal(mine.status, 202);
	assert_error(&canceled, 404, "not_found");
	assert_int_equal(total_of(&queue), 0);
	assert_run(run, "queued", NULL);
}

static void a_repo_for_members_is_not_there_for_others(void **state)
{
	const char *contributor = token_of_a(ROLE_CONTRIBUTOR);
	int64_t run = a_run("");
	(void)state;

	AUTO_ANSWER repos = get("/api/v1/repos");
	AUTO_ANSWER closed = ask((struct ask){ .method = "PATCH",
		.target = arena_fmt(&fx.arena, "/api/v1/repos/%lld",
			(long long)number(json_at(data_of(&repos), 0), "repo_id"))
				  .p,
		.token = fx.admin.p,
		.body = "{\"visibility\":\"members\"}" });
	AUTO_ANSWER r = ask_run(contributor, run_body(""));
	AUTO_ANSWER fork = ask_run(contributor, FORK_OF_ANN);
	AUTO_ANSWER queue = get_as(contributor, "/api/v1/system/queue");
	AUTO_ANSWER canceled = cancel(contributor, run, "{}");
	AUTO_ANSWER config = get_of_as(contributor, "/api/v1/runs/", run, "/config");

	if (closed.status != 200)
		fail_msg("%s", closed.body);
	assert_error(&r, 422, "unprocessable");
	assert_error(&fork, 422, "unprocessable");
	assert_int_equal(total_of(&queue), 0);
	assert_error(&canceled, 404, "not_found");
	assert_error(&config, 404, "not_found");
}

/* A fork is of its repo, also in who may see it. */
static void a_fork_of_a_repo_for_members_is_not_there_for_others(void **state)
{
	const char *contributor = token_of_a(ROLE_CONTRIBUTOR);
	(void)state;

	AUTO_ANSWER fork = ask_run(fx.admin.p, FORK_OF_ANN);
	AUTO_ANSWER before = get_as(contributor, "/api/v1/runs");
	AUTO_ANSWER closed = ask((struct ask){ .method = "PATCH",
		.target = "/api/v1/repos/1",
		.token = fx.admin.p,
		.body = "{\"visibility\":\"members\"}" });
	AUTO_ANSWER after = get_as(contributor, "/api/v1/runs");
	AUTO_ANSWER run = get_of_as(contributor, "/api/v1/runs/", number(json_of(&fork), "run_id"), "");
	assert_int_equal(fork.status, 202);
	assert_int_equal(total_of(&before), 1);
	assert_int_equal(closed.status, 200);
	assert_int_equal(total_of(&after), 0);
	assert_error(&run, 404, "not_found");
}

/* ---- the queue ---- */

/* Ids of the queue, like "3 1 2", with the place behind a colon where there is one. */
static void assert_queue(const char *query, const char *want)
{
	AUTO_ANSWER r = get(arena_fmt(&fx.arena, "/api/v1/system/queue?%s", query).p);
	struct json *data = data_of(&r);
	char got[300] = "";

	for (size_t i = 0; i < json_len(data); i++) {
		int64_t place = number(json_at(data, i), "position");

		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%lld", *got ? " " : "",
			(long long)number(json_at(data, i), "run_id"));
		if (place > 0)
			snprintf(got + strlen(got), sizeof got - strlen(got), ":%lld", (long long)place);
	}
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s, not %s", query, got, want);
}

static void the_queue_has_what_is_worked_at_and_then_what_waits_in_its_order(void **state)
{
	(void)state;
	assert_queue("", "");
	a_run("");
	a_run(",\"platform\":\"macos\"");
	a_run("");
	a_run(",\"platform\":\"macos\"");
	assert_queue("", "1:1 2:1 3:2 4:2");
	assert_queue("platform=macos", "2:1 4:2");
	assert_queue("platform=bsd", "");
	claimed_by("w1");
	assert_queue("", "1 2:1 3:1 4:2");
	assert_queue("status=running", "1");
	assert_queue("status=queued", "2:1 3:1 4:2");
	assert_queue("status=queued&platform=linux", "3:1");
	assert_queue("limit=2&offset=1", "2:1 3:1");
	AUTO_ANSWER r = get("/api/v1/system/queue");
	struct json *first = json_at(data_of(&r), 0);
	assert_text(first, "status", "running");
	assert_text(first, "worker", "w1");
	assert_null_member(first, "position");
	assert_text(first, "started_at", "2026-09-21T14:13:20.000Z");
	assert_int_equal(total_of(&r), 4);
}

/* ---- canceling ---- */

static void assert_cancel(int64_t run_id, const char *body, const char *status)
{
	AUTO_ANSWER r = cancel(fx.admin.p, run_id, body);

	if (r.status != 202)
		fail_msg("%s", r.body);
	assert_text(json_of(&r), "action", "cancel");
	assert_text(json_of(&r), "status", status);
	assert_int_equal(number(json_of(&r), "run_id"), run_id);
}

static void what_waits_or_is_worked_at_is_canceled_once(void **state)
{
	int64_t waits = a_run(""), worked;
	struct work w;
	(void)state;

	assert_cancel(waits, "{\"reason\":\"was a typo\"}", "accepted");
	assert_cancel(waits, "{\"reason\":\"was a typo\"}", "no_op");
	assert_run(waits, "canceled", NULL);
	worked = a_run("");
	w = claimed_by("w1");
	assert_int_equal(w.run_id, worked);
	assert_cancel(worked, NULL, "accepted");
	assert_run(worked, "canceled", NULL);
	AUTO_ANSWER progress = of_run(waits, "/progress?status=canceled");
	AUTO_ANSWER audit = get("/api/v1/audit");
	assert_int_equal(total_of(&progress), 1);
	assert_text(json_at(data_of(&progress), 0), "message", "canceled by root@example.org: was a typo");
	assert_non_null(strstr(audit.body, "was a typo"));
	AUTO_ANSWER run = of_run(waits, "");
	assert_text(json_of(&run), "completed_at", "2026-09-21T14:13:20.000Z");
}

static void a_run_that_is_over_stays_what_it_is(void **state)
{
	struct work w = a_work("");
	(void)state;

	all_well(&w);
	finish(&w);
	assert_run(w.run_id, "fail", NULL);
	assert_cancel(w.run_id, "{}", "no_op");
	assert_run(w.run_id, "fail", NULL);
	AUTO_ANSWER infra = of_run(w.run_id, "/infrastructure-errors");
	assert_int_equal(total_of(&infra), 0);
}

static void a_run_of_a_forge_is_canceled_there(void **state)
{
	int64_t run;
	(void)state;

	post(SHA, 7, "", &run);
	assert_cancel(run, "{}", "rejected");
}

static void a_cancellation_has_a_reason_of_five_characters_or_none(void **state)
{
	char longest[300];
	int64_t run = a_run("");
	(void)state;

	memset(longest, 'x', sizeof longest);
	longest[256] = '\0';
	AUTO_ANSWER four = cancel(fx.admin.p, run, "{\"reason\":\"oops\"}");
	AUTO_ANSWER many = cancel(fx.admin.p, run, arena_fmt(&fx.arena, "{\"reason\":\"%s\"}", longest).p);
	AUTO_ANSWER unknown = cancel(fx.admin.p, run, "{\"why\":\"was a typo\"}");
	AUTO_ANSWER tester = cancel(token_of_a(ROLE_TESTER), run, "{\"reason\":\"oops!\"}");
	AUTO_ANSWER user = cancel(token_of_a(ROLE_USER), run, "{}");
	AUTO_ANSWER none = cancel(fx.admin.p, 99, "{}");

	assert_wrong_field(&four, "reason");
	assert_wrong_field(&many, "reason");
	assert_error(&unknown, 400, "validation_error");
	assert_int_equal(tester.status, 202);
	assert_error(&user, 403, "forbidden");
	assert_error(&none, 404, "not_found");
	longest[255] = '\0';
	assert_cancel(a_run(""), arena_fmt(&fx.arena, "{\"reason\":\"%s\"}", longest).p, "accepted");
}

#define T(f) cmocka_unit_test_setup_teardown(f, suite_up, router_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_run_that_was_asked_for_waits_with_all_active_tests),
		T(tests_are_chosen_and_the_commit_is_of_either_length_and_case),
		T(what_is_asked_has_bounds_and_what_is_wrong_is_named),
		T(a_test_that_is_not_run_any_more_is_refused_by_its_number),
		T(a_run_has_five_hundred_tests_and_not_one_more),
		cmocka_unit_test_setup_teardown(a_suite_without_tests_has_no_runs, router_up, router_down),
		T(a_full_queue_says_so_and_takes_again_when_it_is_not),
		T(of_a_main_repo_a_contributor_or_an_admin_may_ask),
		T(of_a_fork_a_contributor_may_ask_and_of_a_stranger_nobody),
		T(of_a_fork_its_owner_may_ask_whom_the_forge_knows_by_that_name),
		T(where_nobody_can_sign_in_the_owner_of_a_fork_is_told_so),
		T(a_token_that_is_bound_elsewhere_asks_for_nothing_here),
		T(a_repo_for_members_is_not_there_for_others),
		T(a_fork_of_a_repo_for_members_is_not_there_for_others),
		T(the_queue_has_what_is_worked_at_and_then_what_waits_in_its_order),
		T(what_waits_or_is_worked_at_is_canceled_once),
		T(a_run_that_is_over_stays_what_it_is),
		T(a_run_of_a_forge_is_canceled_there),
		T(a_cancellation_has_a_reason_of_five_characters_or_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
