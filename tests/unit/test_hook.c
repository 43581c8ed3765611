/*
 * hook: who signed, and what each forge says. The payloads in tests/unit/hooks are made after what the senders write; GitHub's own examples are read by tests/e2e/test_hook_examples.py.
 */
#include "tests/test.h"

#include "base/file.h"
#include "forge/hook.h"

#include <stdio.h>
#include <string.h>

#define SECRET STR("It's a Secret to Everybody")
#define HEX "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define SHA "c8d9f3a1b2e4c8d9f3a1b2e4c8d9f3a1b2e4c8d9"
#define OTHER_SHA "0a1b2c3d4e5f0a1b2c3d4e5f0a1b2c3d4e5f0a1b"
#define ZEROS "0000000000000000000000000000000000000000"

static struct arena arena;

static int up(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int down(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static void equals(struct str s, const char *want)
{
	if (!str_eq(s, str_z(want)))
		fail_msg("\"%.*s\" instead of \"%s\"", STR_FMT(s), want);
}

/* ---- signatures ---- */

static void the_documented_signature_holds_with_and_without_its_prefix(void **state)
{
	AUTO_BUF made;
	(void)state;

	buf_init(&made, 200);
	assert_true(hook_signature_holds(SECRET, STR("Hello, World!"), STR("sha256=" HEX)));
	assert_true(hook_signature_holds(SECRET, STR("Hello, World!"), STR(HEX)));
	hook_sign(SECRET, STR("Hello, World!"), &made);
	assert_string_equal(buf_cstr(&made), "sha256=" HEX);
}

static void nothing_else_holds(void **state)
{
	char hex[] = HEX, empty[100];
	AUTO_BUF of_nothing;
	(void)state;

	buf_init(&of_nothing, 200);
	for (size_t i = 0; i < 64; i++) { /* each digit counts */
		hex[i] = (char)(hex[i] == '0' ? '1' : '0');
		assert_false(hook_signature_holds(SECRET, STR("Hello, World!"), str_z(hex)));
		hex[i] = HEX[i];
	}
	assert_true(hook_signature_holds(SECRET, STR("Hello, World!"), str_z(hex)));
	assert_false(hook_signature_holds(SECRET, STR("Hello, World?"), STR(HEX)));
	assert_false(hook_signature_holds(STR("another"), STR("Hello, World!"), STR(HEX)));
	assert_false(hook_signature_holds(SECRET, STR("Hello, World!"), STR("")));
	assert_false(hook_signature_holds(SECRET, STR("Hello, World!"), STR("sha256=")));
	assert_false(hook_signature_holds(SECRET, STR("Hello, World!"), STR("sha1=" HEX)));
	assert_false(hook_signature_holds(SECRET, STR("Hello, World!"), STR(HEX "00")));
	assert_false(hook_signature_holds(SECRET, STR("Hello, World!"), STR("sha256=sha256=" HEX)));
	/* Without a secret not even what is signed with none. */
	hook_sign(STR(""), STR("x"), &of_nothing);
	snprintf(empty, sizeof empty, "%s", buf_cstr(&of_nothing));
	assert_false(hook_signature_holds(STR(""), STR("x"), str_z(empty)));
}

static void an_id_of_a_delivery_is_short_and_plain(void **state)
{
	char most[HOOK_DELIVERY_MAX + 2] = "";
	struct err e;
	(void)state;

	assert_int_equal(hook_delivery_check(STR("f6266f16-1bf3-46a5-9ea4-602e06ead473"), &e), ERR_OK);
	memset(most, 'a', HOOK_DELIVERY_MAX);
	assert_int_equal(hook_delivery_check(str_z(most), &e), ERR_OK);
	most[HOOK_DELIVERY_MAX] = 'a';
	assert_int_equal(hook_delivery_check(str_z(most), &e), ERR_INVALID);
	assert_int_equal(hook_delivery_check(STR(""), &e), ERR_INVALID);
	assert_int_equal(hook_delivery_check(STR("a b"), &e), ERR_INVALID);
	assert_int_equal(hook_delivery_check(STR("a\0b"), &e), ERR_INVALID);
}

/* ---- what is said ---- */

static struct forge_event read_text(enum hook_kind kind, const char *event, struct str body)
{
	struct forge_event x = { .kind = EVENT_OTHER };
	struct err e;

	if (hook_read(kind, str_z(event), body, &arena, &x, &e) != ERR_OK)
		fail_msg("%s: %s", event, e.text);
	return x;
}

static struct forge_event read_file(enum hook_kind kind, const char *event, const char *name)
{
	char path[500];
	struct forge_event x;
	struct err e;
	struct buf body;

	snprintf(path, sizeof path, SOURCE_ROOT "/tests/unit/hooks/%s.json", name);
	buf_init(&body, HOOK_BODY_MAX);
	if (file_read(path, HOOK_BODY_MAX, &body, &e) != ERR_OK)
		fail_msg("%s", e.text);
	x = read_text(kind, event, buf_view(&body)); /* nothing of it may be a view of the body */
	memset(body.p, 'x', body.len);
	buf_done(&body);
	return x;
}

static void forgejo_tells_of_a_failed_run_of_a_branch(void **state)
{
	struct forge_event x = read_file(HOOK_FORGEJO, "action_run_failure", "forgejo-action_run_failure");
	(void)state;

	assert_int_equal(x.kind, EVENT_RUN);
	equals(x.repo, "acme/pump");
	equals(x.head_sha, SHA);
	equals(x.external_run_id, "4711");
	equals(x.branch, "main");
	equals(x.workflow, "ci.yml");
	equals(x.url, "https://git.example.org/acme/pump/actions/runs/12");
	equals(x.author, "ada");
	assert_int_equal(x.conclusion, FORGE_FAILURE);
	assert_int_equal(x.attempt, 0);
	assert_int_equal(x.pull_request, 0);
	assert_true(x.said_at == INT64_C(1780309353000));
}

static void of_a_pull_request_forgejo_tells_the_branches_and_the_head(void **state)
{
	struct forge_event x = read_file(HOOK_FORGEJO, "action_run_failure", "forgejo-action_run_pull");
	(void)state;

	assert_int_equal(x.pull_request, 12);
	equals(x.branch, "fix-valve");
	equals(x.target_branch, "main");
	equals(x.head_sha, OTHER_SHA);
	assert_int_equal(x.conclusion, FORGE_FAILURE);
}

#define RUN(status, more)                                                                                    \
	"{\"run\":{\"id\":7,\"repository\":{\"full_name\":\"a/b\"},\"commit_sha\":\"" SHA                    \
	"\",\"status\":\"" status "\"" more "}}"

static void a_failure_event_is_a_failure_only_when_its_status_says_so(void **state)
{
	(void)state;
	assert_int_equal(read_text(HOOK_FORGEJO, "action_run_failure", STR(RUN("failure", ""))).conclusion,
		FORGE_FAILURE);
	assert_int_equal(read_text(HOOK_FORGEJO, "action_run_failure", STR(RUN("cancelled", ""))).conclusion,
		FORGE_CANCELLED);
	assert_int_equal(read_text(HOOK_FORGEJO, "action_run_failure", STR(RUN("skipped", ""))).conclusion,
		FORGE_OTHER);
	assert_int_equal(
		read_text(HOOK_FORGEJO, "action_run_failure", STR(RUN("", ""))).conclusion, FORGE_OTHER);
	assert_int_equal(read_text(HOOK_FORGEJO, "action_run_recover", STR(RUN("success", ""))).conclusion,
		FORGE_SUCCESS);
	assert_int_equal(
		read_text(HOOK_FORGEJO, "action_run_success", STR(RUN("", ""))).conclusion, FORGE_SUCCESS);
}

static void a_run_of_a_tag_has_no_branch_and_a_broken_payload_no_meaning(void **state)
{
	struct forge_event tag = read_text(HOOK_FORGEJO, "action_run_success",
		STR(RUN("success",
			",\"prettyref\":\"v1\",\"event_payload\":\"{\\\"ref\\\":\\\"refs/tags/v1\\\"}\"")));
	struct forge_event broken = read_text(HOOK_FORGEJO, "action_run_success",
		STR(RUN("success", ",\"prettyref\":\"main\",\"event_payload\":\"{\\\"ref\"")));
	struct forge_event object = read_text(HOOK_FORGEJO, "action_run_success",
		STR(RUN("success", ",\"prettyref\":\"#x\",\"event_payload\":{}")));
	(void)state;

	equals(tag.branch, "");
	equals(broken.branch, "main");
	equals(object.branch, "#x");
	assert_int_equal(object.pull_request, 0);
}

static void gitea_tells_of_a_run_and_a_job(void **state)
{
	struct forge_event run = read_file(HOOK_GITEA, "workflow_run", "gitea-workflow_run");
	struct forge_event job = read_file(HOOK_GITEA, "workflow_job", "gitea-workflow_job");
	(void)state;

	assert_int_equal(run.kind, EVENT_RUN);
	equals(run.repo, "acme/pump");
	equals(run.external_run_id, "88");
	equals(run.head_sha, SHA);
	equals(run.branch, "main");
	equals(run.workflow, "ci.yml");
	equals(run.author, "ada");
	assert_int_equal(run.attempt, 0);
	assert_int_equal(run.conclusion, FORGE_FAILURE);
	assert_true(run.said_at == INT64_C(1780309353000));

	assert_int_equal(job.kind, EVENT_JOB);
	equals(job.external_run_id, "88");
	equals(job.job_id, "201");
	equals(job.job_name, "build");
	equals(job.head_sha, SHA);
	equals(job.workflow, "");
	assert_int_equal(job.conclusion, FORGE_RUNNING);
	assert_true(job.said_at == INT64_C(1780309300000)); /* not the year 1 */
}

static void github_tells_of_a_run_with_its_pull_request(void **state)
{
	struct forge_event x = read_file(HOOK_GITHUB, "workflow_run", "github-workflow_run");
	(void)state;

	equals(x.external_run_id, "1589141559");
	equals(x.workflow, "CI");
	equals(x.branch, "fix-valve");
	equals(x.target_branch, "main");
	equals(x.author, "ada");
	assert_int_equal(x.pull_request, 3);
	assert_int_equal(x.attempt, 2);
	assert_int_equal(x.conclusion, FORGE_FAILURE);
}

static void a_pull_request_may_stand_in_the_place_of_a_branch(void **state)
{
	static const char *const refs[] = { "#12", "refs/pull/12/head", "refs/pull/12/merge" };
	char body[600];
	(void)state;

	for (size_t i = 0; i < sizeof refs / sizeof *refs; i++) {
		struct forge_event x;

		snprintf(body, sizeof body,
			"{\"workflow_run\":{\"id\":7,\"head_sha\":\"" SHA
			"\",\"head_branch\":\"%s\",\"status\":\"completed\",\"conclusion\":\"failure\","
			"\"started_at\":\"2026-06-01T10:00:00Z\"},"
			"\"repository\":{\"full_name\":\"a/b\"}}",
			refs[i]);
		x = read_text(HOOK_GITEA, "workflow_run", str_z(body));
		assert_int_equal(x.pull_request, 12);
		equals(x.branch, "");
		assert_int_equal(x.began_at, INT64_C(1780308000000));
	}
}

static void the_branch_of_a_fork_is_none_of_ours(void **state)
{
	static const struct {
		const char *head, *branch;
	} rows[] = {
		{ "\"head_repository\":{\"full_name\":\"eve/pump\"},", "" },
		{ "\"head_repository\":null,", "" }, /* the fork is gone */
		{ "\"head_repository\":{\"full_name\":\"Acme/Pump\"},", "main" },
		{ "\"head_repository\":{},", "main" },
		{ "", "main" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str body = arena_fmt(&arena,
			"{\"workflow_run\":{%s\"id\":3,\"head_sha\":\"" SHA "\",\"head_branch\":\"main\","
			"\"pull_requests\":[{\"number\":7}]},"
			"\"workflow_job\":{%s\"id\":4,\"run_id\":3,\"head_sha\":\"" SHA
			"\",\"head_branch\":\"main\"},"
			"\"repository\":{\"full_name\":\"acme/pump\"}}",
			rows[i].head, rows[i].head);
		struct forge_event run = read_text(HOOK_GITHUB, "workflow_run", body);
		struct forge_event job = read_text(HOOK_GITHUB, "workflow_job", body);

		equals(run.branch, rows[i].branch);
		equals(job.branch, ""); /* a job never says whose branch it is */
		equals(run.repo, "acme/pump");
		assert_int_equal(run.pull_request, 7);
	}
}

static void what_is_not_over_is_running_whatever_its_conclusion_says(void **state)
{
	static const struct {
		const char *status, *conclusion;
		enum forge_conclusion means;
	} rows[] = {
		{ "completed", "success", FORGE_SUCCESS },
		{ "completed", "timed_out", FORGE_FAILURE },
		{ "completed", "startup_failure", FORGE_FAILURE },
		{ "completed", "cancelled", FORGE_CANCELLED },
		{ "completed", "action_required", FORGE_OTHER },
		{ "completed", "a word of next year", FORGE_OTHER },
		{ "completed", "", FORGE_RUNNING },
		{ "queued", "", FORGE_RUNNING },
		{ "in_progress", "failure", FORGE_RUNNING },
		{ "", "failure", FORGE_FAILURE },
		{ "", "", FORGE_RUNNING },
		{ "failure", "", FORGE_FAILURE },
		{ "skipped", "", FORGE_OTHER },
		{ "finished", "failure", FORGE_FAILURE },
	};
	enum forge_conclusion back = FORGE_OTHER;
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(
			forge_conclusion_of(str_z(rows[i].status), str_z(rows[i].conclusion)), rows[i].means);
	for (enum forge_conclusion c = 0; c < FORGE_N_CONCLUSIONS; c++) {
		assert_true(forge_conclusion_find(str_z(forge_conclusion_name(c)), &back));
		assert_int_equal(back, c);
	}
	assert_false(forge_conclusion_find(STR(""), &back));
}

static void a_push_tells_where_a_branch_stands(void **state)
{
	struct forge_event x = read_file(HOOK_FORGEJO, "push", "forgejo-push");
	struct forge_event gone = read_text(HOOK_GITHUB, "push",
		STR("{\"ref\":\"refs/heads/old\",\"before\":\"" SHA "\",\"after\":\"" ZEROS
		    "\",\"deleted\":true,\"repository\":{\"full_name\":\"a/b\"}}"));
	struct forge_event new = read_text(HOOK_GITHUB, "push",
		STR("{\"ref\":\"refs/heads/a/b\",\"before\":\"" ZEROS "\",\"after\":\"" SHA
		    "\",\"repository\":{\"full_name\":\"a/b\"},\"pusher\":{\"name\":\"ada\"}}"));
	struct forge_event tag = read_text(HOOK_GITHUB, "push", STR("{\"ref\":\"refs/tags/v1\"}"));
	(void)state;

	assert_int_equal(x.kind, EVENT_PUSH);
	equals(x.repo, "acme/pump");
	equals(x.branch, "main");
	equals(x.head_sha, SHA);
	equals(x.before_sha, OTHER_SHA);
	equals(x.author, "ada");
	assert_false(x.deleted);
	assert_true(gone.deleted);
	equals(gone.head_sha, "");
	equals(gone.before_sha, SHA);
	equals(new.branch, "a/b");
	equals(new.before_sha, "");
	equals(new.author, "ada");
	assert_int_equal(tag.kind, EVENT_OTHER);
}

static void a_pull_request_tells_its_head_and_whether_it_is_closed(void **state)
{
	struct forge_event x = read_file(HOOK_GITEA, "pull_request", "gitea-pull_request");
	struct forge_event closed = read_text(HOOK_GITEA, "pull_request_sync",
		STR("{\"number\":4,\"pull_request\":{\"state\":\"closed\",\"head\":{\"sha\":\"" SHA
		    "\"}},\"repository\":{\"full_name\":\"a/b\"}}"));
	struct forge_event beside =
		read_text(HOOK_GITEA, "pull_request_comment", STR("{\"comment\":{\"body\":\"x\"}}"));
	struct forge_event review = read_text(HOOK_GITHUB, "pull_request_review", STR("no JSON"));
	(void)state;

	assert_int_equal(x.kind, EVENT_PULL);
	assert_int_equal(x.pull_request, 12);
	equals(x.head_sha, SHA);
	equals(x.branch, "fix-valve");
	equals(x.target_branch, "main");
	equals(x.author, "ada");
	assert_false(x.closed);
	assert_int_equal(closed.pull_request, 4);
	assert_true(closed.closed);
	assert_int_equal(beside.kind, EVENT_OTHER);
	assert_int_equal(review.kind, EVENT_OTHER);
}

static void a_status_is_of_a_commit(void **state)
{
	struct forge_event x = read_file(HOOK_GITEA, "status", "gitea-status");
	(void)state;

	assert_int_equal(x.kind, EVENT_STATUS);
	equals(x.head_sha, SHA);
	equals(x.workflow, "ci / build (push)");
	equals(x.url, "https://git.example.org/acme/pump/actions/runs/12/jobs/0");
	assert_int_equal(x.conclusion, FORGE_FAILURE);
}

static void a_ping_is_one_and_what_nobody_reads_is_not_looked_at(void **state)
{
	static const char *const others[] = { "issues", "fork", "create", "delete", "check_run", "release",
		"Push", "push ", "workflow_runs" };
	(void)state;

	assert_int_equal(read_text(HOOK_GITHUB, "ping", STR("{\"zen\":\"x\"}")).kind, EVENT_PING);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_int_equal(read_text(HOOK_GITHUB, others[i], STR("{\"")).kind, EVENT_OTHER);
}

static void what_an_event_has_to_have_is_named_when_it_is_not_there(void **state)
{
#define REPO "\"repository\":{\"full_name\":\"a/b\"}"
	static const struct {
		const char *event, *body, *names;
	} rows[] = {
		{ "", "{}", "which event" },
		{ "a\nb", "{}", "which event" },
		{ "push", "", "push" },
		{ "push", "[]", "JSON object" },
		{ "push", "{}", "ref" },
		{ "push", "{\"ref\":\"refs/heads/\",\"after\":\"" SHA "\"," REPO "}", "ref" },
		{ "push", "{\"ref\":\"refs/heads/m\",\"after\":\"" SHA "\"}", "repository.full_name" },
		{ "push", "{\"ref\":\"refs/heads/m\",\"after\":\"123\"," REPO "}", "after" },
		{ "push",
			"{\"ref\":\"refs/heads/m\",\"after\":\"" SHA
			"\",\"repository\":{\"full_name\":\"../x\"}}",
			"repository.full_name" },
		{ "pull_request", "{" REPO "}", "number" },
		{ "pull_request", "{\"number\":1," REPO "}", "head.sha" },
		{ "workflow_run", "{" REPO "}", "workflow_run.id" },
		{ "workflow_run", "{\"workflow_run\":{\"id\":-3}," REPO "}", "workflow_run.id" },
		{ "workflow_run", "{\"workflow_run\":{\"id\":3,\"head_sha\":\"" ZEROS "\"}," REPO "}",
			"head_sha" },
		{ "workflow_job", "{\"workflow_job\":{\"id\":3}," REPO "}", "run_id" },
		{ "status", "{" REPO "}", "sha" },
		{ "action_run_failure", "{\"run\":{" REPO "}}", "run.id" },
		{ "action_run_failure", "{\"run\":{\"id\":3," REPO "}}", "commit_sha" },
		{ "action_run_failure", "{\"run\":{\"id\":3}}", "repository.full_name" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct forge_event x = { .attempt = 77 };
		struct err e;

		assert_int_equal(
			hook_read(HOOK_GITEA, str_z(rows[i].event), str_z(rows[i].body), &arena, &x, &e),
			ERR_INVALID);
		if (!strstr(e.text, rows[i].names))
			fail_msg("%s is not in: %s", rows[i].names, e.text);
		assert_int_equal(x.attempt, 77);
	}
}

static void texts_are_bounded_and_clean_and_urls_are_of_the_web(void **state)
{
	char body[4000], longer[HOOK_TEXT_MAX + 2] = "";
	struct forge_event x;
	(void)state;

	memset(longer, 'n', HOOK_TEXT_MAX + 1);
	snprintf(body, sizeof body,
		"{\"workflow_run\":{\"id\":\"3\",\"head_sha\":\"%s\",\"name\":\"%s\",\"head_branch\":"
		"\"a\\u001bb\","
		"\"html_url\":\"javascript:alert(1)\",\"run_attempt\":-1,\"updated_at\":\"0001-01-01T00:00:"
		"00Z\"}," REPO "}",
		"ABCDEF0123456789ABCDEF0123456789ABCDEF01", longer);
	x = read_text(HOOK_GITHUB, "workflow_run", str_z(body));
	equals(x.workflow, "");
	equals(x.branch, "");
	equals(x.url, "");
	equals(x.external_run_id, "3");
	equals(x.head_sha, "abcdef0123456789abcdef0123456789abcdef01");
	assert_int_equal(x.attempt, 0);
	assert_int_equal(x.said_at, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_documented_signature_holds_with_and_without_its_prefix),
		cmocka_unit_test(nothing_else_holds),
		cmocka_unit_test(an_id_of_a_delivery_is_short_and_plain),
		cmocka_unit_test(forgejo_tells_of_a_failed_run_of_a_branch),
		cmocka_unit_test(of_a_pull_request_forgejo_tells_the_branches_and_the_head),
		cmocka_unit_test(a_failure_event_is_a_failure_only_when_its_status_says_so),
		cmocka_unit_test(a_run_of_a_tag_has_no_branch_and_a_broken_payload_no_meaning),
		cmocka_unit_test(gitea_tells_of_a_run_and_a_job),
		cmocka_unit_test(github_tells_of_a_run_with_its_pull_request),
		cmocka_unit_test(a_pull_request_may_stand_in_the_place_of_a_branch),
		cmocka_unit_test(the_branch_of_a_fork_is_none_of_ours),
		cmocka_unit_test(what_is_not_over_is_running_whatever_its_conclusion_says),
		cmocka_unit_test(a_push_tells_where_a_branch_stands),
		cmocka_unit_test(a_pull_request_tells_its_head_and_whether_it_is_closed),
		cmocka_unit_test(a_status_is_of_a_commit),
		cmocka_unit_test(a_ping_is_one_and_what_nobody_reads_is_not_looked_at),
		cmocka_unit_test(what_an_event_has_to_have_is_named_when_it_is_not_there),
		cmocka_unit_test(texts_are_bounded_and_clean_and_urls_are_of_the_web),
	};

	return cmocka_run_group_tests(tests, up, down);
}
