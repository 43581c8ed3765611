#include "tests/test.h"

#include "agent/env.h"
#include "tests/unit/help/place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define HEAD "fedcba9876543210fedcba9876543210fedcba98"

static struct arena arena;

static int set_up(void **state)
{
	arena_init(&arena);
	return place_make(state);
}

static int tear_down(void **state)
{
	arena_done(&arena);
	return place_remove(state);
}

#define ENV(...) ((char *const[]){ __VA_ARGS__, NULL })
#define assert_str(s, text)                                                                                  \
	do {                                                                                                 \
		struct str s_ = (s);                                                                         \
		assert_int_equal(s_.len, strlen(text));                                                      \
		assert_memory_equal(s_.p, text, s_.len);                                                     \
	} while (0)

static struct step_facts facts_of(char *const *env)
{
	struct flags flags = FLAGS_NONE;
	struct step_facts facts = { 0 };

	env_facts(env, &flags, &arena, &facts);
	return facts;
}

static char *event(const char *json)
{
	place_put("event.json", str_z(json));
	return arena_cstr(&arena, arena_fmt(&arena, "GITHUB_EVENT_PATH=%s/event.json", place_path));
}

static void forgejo_goes_before_gitea_before_github(void **state)
{
	(void)state;
	assert_int_equal(env_runner(ENV("GITHUB_ACTIONS=true", "GITEA_ACTIONS=true", "FORGEJO_ACTIONS=true")),
		RUNNER_FORGEJO);
	assert_int_equal(env_runner(ENV("GITHUB_ACTIONS=true", "GITEA_ACTIONS=true")), RUNNER_GITEA);
	assert_int_equal(env_runner(ENV("GITHUB_ACTIONS=true")), RUNNER_GITHUB);
	assert_int_equal(env_runner(ENV("GITHUB_ACTIONS=", "CI=true")), RUNNER_NONE);
}

static void a_name_is_found_whole_and_not_as_a_beginning(void **state)
{
	char *const *env = ENV("SLUICE_LEGS=a", "SLUICE_LE=b", "SLUICE_STEP=");
	(void)state;

	assert_false(env_has(env, "SLUICE_LEG"));
	assert_str(env_get(env, "SLUICE_LEG"), "");
	assert_true(env_has(env, "SLUICE_STEP"));
	assert_str(env_get(env, "SLUICE_STEP"), "");
	assert_str(env_ci(ENV("GITHUB_SHA=g", "FORGEJO_SHA=f"), "SHA"), "f");
	assert_str(env_ci(ENV("GITHUB_SHA=g", "FORGEJO_SHA="), "SHA"), "g");
}

static void a_push_on_github_is_known_in_full(void **state)
{
	struct step_facts f = facts_of(ENV("GITHUB_ACTIONS=true", "GITHUB_REPOSITORY=acme/widget",
		"GITHUB_SHA=" SHA, "GITHUB_RUN_ID=1658821493", "GITHUB_RUN_NUMBER=3", "GITHUB_RUN_ATTEMPT=2",
		"GITHUB_JOB=build", "GITHUB_WORKFLOW=CI", "GITHUB_REF=refs/heads/main",
		"GITHUB_REF_NAME=main", "GITHUB_HEAD_REF=", "GITHUB_SERVER_URL=https://github.com"));
	(void)state;

	assert_str(f.repo, "acme/widget");
	assert_str(f.head_sha, SHA);
	assert_str(f.external_run_id, "1658821493");
	assert_int_equal(f.attempt, 2);
	assert_str(f.job_name, "build");
	assert_str(f.workflow, "CI");
	assert_str(f.branch, "main");
	assert_int_equal(f.pull_request, 0);
	assert_str(f.url, "https://github.com/acme/widget/actions/runs/1658821493");
	assert_str(f.leg, "");
}

static void forgejo_and_gitea_call_a_run_by_its_number_in_the_url(void **state)
{
	struct step_facts f = facts_of(ENV("GITHUB_ACTIONS=true", "GITEA_ACTIONS=true",
		"FORGEJO_ACTIONS=true", "GITHUB_REPOSITORY=acme/widget", "FORGEJO_REPOSITORY=acme/widget",
		"FORGEJO_RUN_ID=900", "FORGEJO_RUN_NUMBER=12", "FORGEJO_SERVER_URL=https://forge.example/"));
	(void)state;

	assert_str(f.external_run_id, "900");
	assert_str(f.url, "https://forge.example/acme/widget/actions/runs/12");
	f = facts_of(ENV("GITHUB_ACTIONS=true", "GITEA_ACTIONS=true", "GITHUB_REPOSITORY=acme/widget",
		"GITHUB_RUN_ID=900", "GITHUB_RUN_NUMBER=12",
		"GITHUB_SERVER_URL=http://gitea.example:3000//"));
	assert_str(f.url, "http://gitea.example:3000/acme/widget/actions/runs/12");
}

static void a_url_is_made_only_of_what_is_known(void **state)
{
	(void)state;
	assert_str(facts_of(ENV("GITHUB_SERVER_URL=https://github.com", "GITHUB_RUN_NUMBER=1")).url, "");
	assert_str(facts_of(ENV("GITHUB_REPOSITORY=a/b", "GITHUB_RUN_NUMBER=1")).url, "");
	assert_str(facts_of(ENV("GITHUB_SERVER_URL=https://github.com", "GITHUB_REPOSITORY=a/b")).url, "");
}

static void no_password_in_the_forges_url_is_passed_on(void **state)
{
	(void)state;
	assert_str(facts_of(ENV("GITHUB_SERVER_URL=https://bot:pass@word@forge.example/git/",
				    "GITHUB_REPOSITORY=a/b", "GITHUB_RUN_NUMBER=1"))
			   .url,
		"https://forge.example/git/a/b/actions/runs/1");
	assert_str(facts_of(ENV("GITHUB_SERVER_URL=https://forge.example/@x", "GITHUB_REPOSITORY=a/b",
				    "GITHUB_RUN_NUMBER=1"))
			   .url,
		"https://forge.example/@x/a/b/actions/runs/1");
}

/* GITHUB_SHA is then a merge commit that exists nowhere else. */
static void the_head_of_a_pull_request_comes_from_the_event(void **state)
{
	char *path = event(
		"{\"number\": 7, \"pull_request\": {\"number\": 12, \"head\": {\"sha\": \"" HEAD "\"}}}");
	struct step_facts f =
		facts_of(ENV("GITHUB_ACTIONS=true", "GITHUB_SHA=" SHA, "GITHUB_REF=refs/pull/12/merge",
			"GITHUB_REF_NAME=12/merge", "GITHUB_HEAD_REF=feature/x", path));
	(void)state;

	assert_str(f.head_sha, HEAD);
	assert_int_equal(f.pull_request, 12);
	assert_str(f.branch, "feature/x");
}

static void the_number_of_a_pull_request_may_stand_at_the_top_of_the_event(void **state)
{
	(void)state;
	assert_int_equal(facts_of(ENV(event("{\"number\": 7, \"pull_request\": {}}"))).pull_request, 7);
}

static void without_an_event_the_ref_tells_the_pull_request(void **state)
{
	(void)state;
	assert_int_equal(facts_of(ENV("GITHUB_REF=refs/pull/31/merge", "GITHUB_SHA=" SHA)).pull_request, 31);
	assert_int_equal(facts_of(ENV("FORGEJO_REF=refs/pull/8/head", "GITHUB_SHA=" SHA)).pull_request, 8);
	assert_int_equal(facts_of(ENV("GITHUB_REF=refs/heads/pull/8/head")).pull_request, 0);
	assert_int_equal(facts_of(ENV("GITHUB_REF=refs/pull/x/head")).pull_request, 0);
	assert_str(facts_of(ENV("GITHUB_REF=refs/pull/31/merge", "GITHUB_SHA=" SHA)).head_sha, SHA);
}

static void an_event_of_a_push_changes_nothing(void **state)
{
	struct step_facts f = facts_of(
		ENV("GITHUB_SHA=" SHA, event("{\"ref\": \"refs/heads/main\", \"pull_request\": null}")));
	(void)state;

	assert_str(f.head_sha, SHA);
	assert_int_equal(f.pull_request, 0);
}

static void an_event_that_is_no_json_or_no_file_is_done_without(void **state)
{
	(void)state;
	assert_str(facts_of(ENV("GITHUB_SHA=" SHA, event("{\"pull_request\": "))).head_sha, SHA);
	assert_str(facts_of(ENV("GITHUB_SHA=" SHA, event(""))).head_sha, SHA);
	assert_str(facts_of(ENV("GITHUB_SHA=" SHA, event("[[1]]"))).head_sha, SHA);
	assert_str(facts_of(ENV("GITHUB_SHA=" SHA, event("{\"pull_request\": {\"head\": {\"sha\": \"main\"}, "
							 "\"number\": \"x\"}}")))
			   .head_sha,
		SHA);
	assert_str(facts_of(ENV("GITHUB_SHA=" SHA, "GITHUB_EVENT_PATH=/nowhere/event.json")).head_sha, SHA);
	assert_str(facts_of(ENV("GITHUB_SHA=" SHA, "GITHUB_EVENT_PATH=/tmp")).head_sha, SHA);
}

static void flags_go_over_the_environment(void **state)
{
	char *path = event("{\"pull_request\": {\"number\": 12, \"head\": {\"sha\": \"" HEAD "\"}}}");
	char *const *env = ENV("GITHUB_REPOSITORY=acme/widget", "GITHUB_SHA=" SHA, "GITHUB_RUN_ID=1",
		"GITHUB_RUN_ATTEMPT=2", "GITHUB_JOB=build", "GITHUB_WORKFLOW=CI", "GITHUB_REF_NAME=main",
		"GITHUB_SERVER_URL=https://github.com", "SLUICE_LEG=env", "SLUICE_FORGE=env", path);
	struct flags flags = FLAGS_NONE;
	struct step_facts f = { 0 };
	(void)state;

	flags.repo = "o/r";
	flags.sha = "ABCDEF6789abcdef0123456789abcdef01234567";
	flags.run_id = " 5\n";
	flags.attempt = 9;
	flags.job = "j";
	flags.job_id = "ji";
	flags.workflow = "w";
	flags.branch = "b";
	flags.run_url = "https://u.example/1";
	flags.leg = "l";
	flags.forge = "f";
	flags.platform = "bsd";
	flags.pull_request = 0;
	env_facts(env, &flags, &arena, &f);
	assert_str(f.repo, "o/r");
	assert_str(f.head_sha, "abcdef6789abcdef0123456789abcdef01234567");
	assert_str(f.external_run_id, "5");
	assert_int_equal(f.attempt, 9);
	assert_str(f.job_name, "j");
	assert_str(f.job_id, "ji");
	assert_str(f.workflow, "w");
	assert_str(f.branch, "b");
	assert_str(f.url, "https://u.example/1");
	assert_str(f.leg, "l");
	assert_str(f.forge, "f");
	assert_str(f.platform, "bsd");
	assert_int_equal(f.pull_request, 0);
	assert_str(env_repo(env, &flags), "o/r");
}

static void an_attempt_that_is_no_number_is_the_first(void **state)
{
	(void)state;
	assert_int_equal(facts_of(ENV("GITHUB_RUN_ATTEMPT=x")).attempt, 1);
	assert_int_equal(facts_of(ENV("GITHUB_RUN_ATTEMPT=")).attempt, 1);
	assert_int_equal(facts_of(ENV("GITHUB_RUN_ATTEMPT=3", "FORGEJO_RUN_ATTEMPT=4")).attempt, 4);
}

static void a_leg_may_be_named_and_no_leg_may_be_said_in_three_ways(void **state)
{
	char *temp = arena_cstr(&arena, arena_fmt(&arena, "RUNNER_TEMP=%s", place_path));
	(void)state;

	assert_str(facts_of(ENV(temp, "SLUICE_LEG={\"cc\": \"gcc\"}\n")).leg, "{\"cc\": \"gcc\"}");
	assert_str(facts_of(ENV(temp, "SLUICE_LEG=null")).leg, "");
	assert_str(facts_of(ENV(temp, "SLUICE_LEG={}")).leg, "");
	assert_str(facts_of(ENV(temp, "SLUICE_LEG=")).leg, "");
	assert_int_equal(place_n_files(place_path), 0);
}

static void legs_are_told_apart_by_their_temporary_folders(void **state)
{
	char *a = arena_cstr(&arena, arena_fmt(&arena, "RUNNER_TEMP=%s/a", place_path));
	char *b = arena_cstr(&arena, arena_fmt(&arena, "RUNNER_TEMP=%s/b", place_path));
	struct str first, again, other;
	(void)state;

	assert_int_equal(mkdir("a", 0700), 0);
	assert_int_equal(mkdir("b", 0700), 0);
	first = facts_of(ENV(a)).leg;
	again = facts_of(ENV(a)).leg;
	other = facts_of(ENV(b)).leg;
	assert_true(str_starts(first, STR("auto-")));
	assert_true(str_eq(first, again));
	assert_false(str_eq(first, other));
	assert_string_equal(place_only_file("a"), "sluice-leg");
}

static void a_leg_that_cannot_be_kept_is_none(void **state)
{
	char *temp = arena_cstr(&arena, arena_fmt(&arena, "RUNNER_TEMP=%s", place_path));
	(void)state;

	assert_str(facts_of(ENV("RUNNER_TEMP=/nowhere")).leg, "");
	place_put("sluice-leg", STR("auto-0123456g"));
	assert_str(facts_of(ENV(temp)).leg, "");
	place_put("sluice-leg", STR("auto-01234567\nmore"));
	assert_str(facts_of(ENV(temp)).leg, "");
	place_put("sluice-leg", STR("auto-01234567\n"));
	assert_str(facts_of(ENV(temp)).leg, "auto-01234567");
}

static void only_plain_files_are_read_and_no_more_than_asked_for(void **state)
{
	bool cut;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 100);
	assert_int_equal(mkfifo("fifo", 0600), 0); /* a reader that waits would wait for ever */
	assert_false(env_read_file("fifo", 10, &text, &cut));
	assert_false(env_read_file("/dev/zero", 10, &text, &cut));
	assert_false(env_read_file(".", 10, &text, &cut));
	assert_false(env_read_file("none", 10, &text, &cut));
	place_put("f", STR("0123456789"));
	assert_true(env_read_file("f", 10, &text, &cut));
	assert_false(cut);
	assert_string_equal(buf_cstr(&text), "0123456789");
	buf_reset(&text);
	assert_true(env_read_file("f", 9, &text, &cut));
	assert_true(cut);
	assert_string_equal(buf_cstr(&text), "012345678");
}

static void what_is_missing_is_said_with_how_to_give_it(void **state)
{
	struct step_facts f = facts_of(ENV("HOME=/"));
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 1000);
	facts_missing(&f, &text);
	assert_string_equal(buf_cstr(&text), "the repo (--repo, GITHUB_REPOSITORY), the commit (--sha, "
					     "GITHUB_SHA), the run's id (--run-id, "
					     "GITHUB_RUN_ID)");
	buf_reset(&text);
	f = facts_of(ENV("GITHUB_REPOSITORY=widget", "GITHUB_SHA=main", "GITHUB_RUN_ID= "));
	facts_missing(&f, &text);
	assert_non_null(strstr(buf_cstr(&text), "owner/name"));
	assert_non_null(strstr(buf_cstr(&text), "40 or 64"));
	assert_non_null(strstr(buf_cstr(&text), "--run-id"));
	buf_reset(&text);
	f = facts_of(ENV("GITHUB_REPOSITORY=a/b", "GITHUB_SHA=" SHA, "GITHUB_RUN_ID=1"));
	facts_missing(&f, &text);
	assert_int_equal(text.len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(forgejo_goes_before_gitea_before_github),
		TEST(a_name_is_found_whole_and_not_as_a_beginning),
		TEST(a_push_on_github_is_known_in_full),
		TEST(forgejo_and_gitea_call_a_run_by_its_number_in_the_url),
		TEST(a_url_is_made_only_of_what_is_known),
		TEST(no_password_in_the_forges_url_is_passed_on),
		TEST(the_head_of_a_pull_request_comes_from_the_event),
		TEST(the_number_of_a_pull_request_may_stand_at_the_top_of_the_event),
		TEST(without_an_event_the_ref_tells_the_pull_request),
		TEST(an_event_of_a_push_changes_nothing),
		TEST(an_event_that_is_no_json_or_no_file_is_done_without),
		TEST(flags_go_over_the_environment),
		TEST(an_attempt_that_is_no_number_is_the_first),
		TEST(a_leg_may_be_named_and_no_leg_may_be_said_in_three_ways),
		TEST(legs_are_told_apart_by_their_temporary_folders),
		TEST(a_leg_that_cannot_be_kept_is_none),
		TEST(only_plain_files_are_read_and_no_more_than_asked_for),
		TEST(what_is_missing_is_said_with_how_to_give_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
