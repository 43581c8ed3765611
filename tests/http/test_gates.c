/* gates: who may send is told, asked for one commit, and held to where steps come in; an error as text for who asks for that. */
#include "tests/test.h"

#include "base/metric.h"
#include "tests/http/fixture.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMITS 15
#define WINDOW 10

static char ids[COMMITS][41]; /* newest first */

static void make_repo(void)
{
	char path[100], command[300];
	FILE *f;

	snprintf(command, sizeof command,
		"git init -q --bare --initial-branch=main %s/r.git && git -C %s/r.git fast-import --quiet",
		fx.folder, fx.folder);
	f = popen(command, "w");
	for (int i = 0; i < COMMITS; i++)
		fprintf(f, "commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata 2\nx\n\n",
			1700000000 + i);
	assert_int_equal(pclose(f), 0);
	snprintf(path, sizeof path, "git -C %s/r.git log --format=%%H main", fx.folder);
	f = popen(path, "r");
	for (int i = 0; i < COMMITS; i++)
		assert_int_equal(fscanf(f, "%40s", ids[i]), 1);
	assert_int_equal(pclose(f), 0);
}

/* "fleet" goes by a repository, for episodes; "steps" by the same or by none, for the steps of REPO. */
static void configure(bool knows)
{
	struct config *c = fixture_config(0, 0);
	struct gate_config *g = arena_array(&c->arena, 2, sizeof *g);

	g[0] = (struct gate_config){ .name = STR("fleet"),
		.enabled = true,
		.guards_episodes = true,
		.window = WINDOW,
		.forge = { .branch = STR("main") },
		.path = arena_cstr(
			&c->arena, arena_fmt(&c->arena, "%s/%s", fx.folder, knows ? "r.git" : "nowhere.git")),
		.refresh_ms = INT64_C(1) << 40,
		.remediation = STR("Update to {head_commit}.") };
	g[1] = g[0];
	g[1].name = STR("steps");
	g[1].guards_episodes = false;
	g[1].guards_steps = true;
	g[1].forge.owner = STR("acme");
	g[1].forge.repo = STR("pump");
	c->gates = g;
	c->n_gates = 2;
	config_swap(fx.app.config, c);
}

static int64_t n_asked;

static void start(bool knows)
{
	struct err e;

	configure(knows);
	n_asked = metric_get(METRIC_GATE_REFRESHES) + 2;
	assert_int_equal(gates_start(fx.app.config, &fx.clock, &fx.app.gates, &e), ERR_OK);
	while (metric_get(METRIC_GATE_REFRESHES) < n_asked)
		sched_yield();
}

static int up(void **state)
{
	if (router_up(state) != 0)
		return -1;
	make_repo();
	return 0;
}

static int down(void **state)
{
	gates_free(fx.app.gates);
	fx.app.gates = NULL;
	return router_down(state);
}

static struct answer get(const char *target)
{
	return ask((struct ask){ .method = "GET", .target = target, .token = fx.admin.p });
}

static struct str member(struct answer *r, const char *name)
{
	return json_str(json_get(json_of(r), name));
}

static void gates_are_listed_with_what_they_know(void **state)
{
	struct json *gate;
	int64_t n = 0;
	(void)state;

	start(true);
	AUTO_ANSWER r = get("/api/v1/gates");
	assert_int_equal(r.status, 200);
	assert_int_equal(json_len(json_get(json_of(&r), "data")), 2);
	gate = json_at(json_get(json_of(&r), "data"), 0);
	assert_true(str_eq(json_str(json_get(gate, "name")), STR("fleet")));
	assert_true(str_eq(json_str(json_get(gate, "source")), STR("git")));
	assert_true(str_eq(json_str(json_get(gate, "head_commit")), str_z(ids[0])));
	assert_true(json_int(json_get(gate, "commits"), &n) && n == WINDOW);
	assert_true(json_int(json_get(gate, "age_seconds"), &n) && n == 0);
	assert_int_equal(json_kind(json_get(gate, "error")), JSON_NULL);
	AUTO_ANSWER second = get("/api/v1/gates?limit=1&offset=1");
	assert_int_equal(json_len(json_get(json_of(&second), "data")), 1);
	AUTO_ANSWER beyond = get("/api/v1/gates?offset=9");
	assert_int_equal(json_len(json_get(json_of(&beyond), "data")), 0);
}

static void a_gate_that_knows_nothing_says_why(void **state)
{
	struct json *gate;
	(void)state;

	start(false);
	AUTO_ANSWER r = get("/api/v1/gates");
	gate = json_at(json_get(json_of(&r), "data"), 0);
	assert_true(str_eq(json_str(json_get(gate, "source")), STR("none")));
	assert_int_equal(json_kind(json_get(gate, "age_seconds")), JSON_NULL);
	assert_true(str_find_str(json_str(json_get(gate, "error")), STR("no git repository")) <
		    json_str(json_get(gate, "error")).len);
}

static struct answer check(const char *commit)
{
	char target[300];

	snprintf(target, sizeof target, "/api/v1/gates/Fleet/commits/%s", commit);
	return get(target);
}

static void it_is_said_whether_a_commit_would_be_let_in(void **state)
{
	int64_t behind = 0;
	char most[14];
	(void)state;

	start(true);
	snprintf(most, sizeof most, "%.12s", ids[3]);
	AUTO_ANSWER in = check(most);
	assert_int_equal(in.status, 200);
	assert_true(str_eq(member(&in, "answer"), STR("admitted")));
	assert_true(str_eq(member(&in, "commit"), str_z(ids[3])));
	assert_true(json_int(json_get(json_of(&in), "behind"), &behind) && behind == 3);
	AUTO_ANSWER out = check(ids[12]);
	assert_true(str_eq(member(&out, "answer"), STR("outside")));
	assert_true(json_int(json_get(json_of(&out), "behind"), &behind) && behind == 12);
	assert_true(str_starts(member(&out, "remediation"), STR("Update to ")));
	AUTO_ANSWER malformed = check("main%2F..");
	assert_true(str_eq(member(&malformed, "answer"), STR("malformed")));
	AUTO_ANSWER no_gate = get("/api/v1/gates/nosuch/commits/0123456789ab");
	assert_error(&no_gate, 404, "not_found");
}

static void a_host_is_told_whether_what_it_makes_would_be_let_in(void **state)
{
	char target[200];
	int64_t behind = 0;
	(void)state;

	start(true);
	AUTO_ANSWER bare = get("/v1/fleet/whoami");
	assert_int_equal(bare.status, 200);
	assert_null(json_get(json_of(&bare), "gate"));
	snprintf(target, sizeof target, "/v1/fleet/whoami?commit=%s", ids[3]);
	AUTO_ANSWER in = get(target);
	assert_int_equal(in.status, 200);
	assert_true(str_eq(json_str(json_get(json_get(json_of(&in), "gate"), "answer")), STR("admitted")));
	assert_true(json_int(json_get(json_get(json_of(&in), "gate"), "behind"), &behind) && behind == 3);
	snprintf(target, sizeof target, "/v1/fleet/whoami?host=lab-07&commit=%s", ids[12]);
	AUTO_ANSWER out = get(target);
	assert_int_equal(out.status, 200);
	assert_true(str_eq(json_str(json_get(json_get(json_of(&out), "gate"), "answer")), STR("outside")));
	assert_true(str_starts(
		json_str(json_get(json_get(json_of(&out), "gate"), "remediation")), STR("Update to ")));
}

static void before_the_gates_are_asked_nothing_is_ready(void **state)
{
	(void)state;
	configure(true); /* and no thread asks */
	AUTO_ANSWER r = check(ids[0]);
	assert_int_equal(r.status, 200);
	assert_true(str_eq(member(&r, "answer"), STR("not-ready")));
}

/* ---- steps ---- */

static struct answer send(
	const char *target, const char *repo, const char *sha, const char *more, const char *accept)
{
	char body[500];

	snprintf(body, sizeof body,
		"{\"repo\":\"%s\",\"head_sha\":\"%s\",\"run_id\":7,\"step_name\":\"make\"%s}", repo, sha,
		more);
	return ask((struct ask){ .method = "POST",
		.target = target,
		.body = body,
		.token = INTERNAL,
		.header = { accept ? "Accept" : NULL, accept } });
}

static struct answer post(const char *sha)
{
	return send("/internal/ci-log", REPO, sha, ",\"log_tail\":\"boom\"", NULL);
}

static void steps_of_a_commit_outside_of_the_gate_are_refused_with_what_is_to_be_done(void **state)
{
	static const char *const targets[] = { "/internal/ci-log", "/internal/steps" };
	static const char *const more[] = { ",\"log_tail\":\"boom\"", "" };
	struct json *details;
	int64_t n = 0;
	(void)state;

	start(true);
	for (size_t i = 0; i < 2; i++) {
		AUTO_ANSWER in = send(targets[i], REPO, ids[9], more[i], NULL);
		AUTO_ANSWER out = send(targets[i], REPO, ids[10], more[i], NULL);

		assert_int_equal(in.status, i == 0 ? 204 : 201);
		assert_error(&out, 412, "precondition_failed");
		details = json_get(json_of(&out), "details");
		assert_true(str_eq(json_str(json_get(details, "your_commit")), str_z(ids[10])));
		assert_true(str_eq(json_str(json_get(details, "head_commit")), str_z(ids[0])));
		assert_true(json_int(json_get(details, "behind"), &n) && n == 10);
		assert_true(json_int(json_get(details, "window"), &n) && n == WINDOW);
		assert_true(str_starts(json_str(json_get(details, "remediation")), STR("Update to ")));
		AUTO_ANSWER unknown =
			send(targets[i], REPO, "0123456789abcdef0123456789abcdef01234567", more[i], NULL);
		assert_error(&unknown, 412, "precondition_failed");
		assert_int_equal(
			json_kind(json_get(json_get(json_of(&unknown), "details"), "behind")), JSON_NONE);
	}
}

static void of_other_repos_nothing_is_asked(void **state)
{
	(void)state;
	token_of_repo("acme/other");
	start(true);
	AUTO_ANSWER r = send("/internal/ci-log", "acme/other", "0123456789abcdef0123456789abcdef01234567",
		",\"log_tail\":\"boom\"", NULL);
	assert_int_equal(r.status, 204);
}

static void what_was_begun_is_found_whatever_the_gate_says_now(void **state)
{
	(void)state;
	AUTO_ANSWER before = send("/internal/steps", REPO, ids[12], "", NULL);
	assert_int_equal(before.status, 201);
	start(true);
	AUTO_ANSWER again = send("/internal/steps", REPO, ids[12], ",\"open\":false", NULL);
	assert_int_equal(again.status, 200);
}

static void before_the_gate_is_ready_it_is_said_why(void **state)
{
	(void)state;
	start(false);
	AUTO_ANSWER r = post(ids[0]);
	assert_error(&r, 503, "unavailable");
	assert_true(
		str_find_str(member(&r, "message"), STR("no git repository")) < member(&r, "message").len);
	assert_true(atoi(header_of(&r, "Retry-After")) > 0);
}

/* ---- as text ---- */

static void who_asks_for_text_is_told_the_message_and_the_remedy(void **state)
{
	char want[300];
	(void)state;

	start(true);
	AUTO_ANSWER r = send("/internal/ci-log", REPO, ids[12], ",\"log_tail\":\"boom\"", "text/plain");
	assert_int_equal(r.status, 412);
	assert_string_equal(header_of(&r, "Content-Type"), "text/plain; charset=utf-8");
	snprintf(want, sizeof want,
		"commit %s is not among the last 10 of main, whose head is %.12s, and 12 behind it (gate "
		"steps)\nUpdate to %s.\n",
		ids[12], ids[0], ids[0]);
	assert_string_equal(r.body, want);
	AUTO_ANSWER field = send("/internal/ci-log", REPO, "x", "", "text/plain;charset=utf-8, text/html");
	assert_int_equal(field.status, 400);
	assert_non_null(strstr(field.body, "\nhead_sha: "));
	assert_non_null(strstr(field.body, "\nlog_tail: "));
}

static void who_would_take_json_is_told_json(void **state)
{
	static const char *const accepts[] = { "*/*", "application/json", "text/plain, application/json",
		"text/plain;q=0.5, */*;q=0.1", "text/html", "text/plainer", "Text/Plain , Application/*" };
	(void)state;

	start(true);
	for (size_t i = 0; i < sizeof accepts / sizeof *accepts; i++) {
		AUTO_ANSWER r = send("/internal/ci-log", REPO, ids[12], ",\"log_tail\":\"boom\"", accepts[i]);

		assert_error(&r, 412, "precondition_failed");
	}
}

int main(void)
{
#define ROUTED(f) cmocka_unit_test_setup_teardown(f, up, down)
	const struct CMUnitTest tests[] = {
		ROUTED(gates_are_listed_with_what_they_know),
		ROUTED(a_gate_that_knows_nothing_says_why),
		ROUTED(it_is_said_whether_a_commit_would_be_let_in),
		ROUTED(a_host_is_told_whether_what_it_makes_would_be_let_in),
		ROUTED(before_the_gates_are_asked_nothing_is_ready),
		ROUTED(steps_of_a_commit_outside_of_the_gate_are_refused_with_what_is_to_be_done),
		ROUTED(of_other_repos_nothing_is_asked),
		ROUTED(what_was_begun_is_found_whatever_the_gate_says_now),
		ROUTED(before_the_gate_is_ready_it_is_said_why),
		ROUTED(who_asks_for_text_is_told_the_message_and_the_remedy),
		ROUTED(who_would_take_json_is_told_json),
	};

	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
