/* worker: a run is claimed under a lease, told of and finished; what is said twice is said once; a worker that is lost loses nothing but its turn. */
#include "tests/test.h"

#include "service/queue.h"
#include "tests/http/suite_run.h"

#include <stdio.h>
#include <string.h>

#define LEASE_MS 60000

/* ---- claiming ---- */

static void who_claims_gets_what_waited_longest_with_all_that_is_to_be_done(void **state)
{
	(void)state;
	a_run(",\"platform\":\"macos\"");
	int64_t first = a_run(",\"branch\":\"main\",\"pull_request\":3");
	a_run("");
	AUTO_ANSWER r = claim_as(INTERNAL, "w1", "linux");
	struct json *run = json_get(json_of(&r), "run"), *tests = json_get(run, "tests");
	struct json *two = json_at(tests, 1);

	assert_int_equal(number(run, "run_id"), first);
	assert_int_equal(number(run, "claim"), 1);
	assert_int_equal(number(run, "lease_seconds"), LEASE_MS / 1000);
	assert_int_equal(number(run, "pr_number"), 3);
	assert_text(run, "repository", REPO);
	assert_text(run, "forge", "home");
	assert_text(run, "branch", "main");
	assert_text(run, "commit_sha", SHA);
	assert_int_equal(json_len(tests), 4);
	assert_text(two, "name", "two");
	assert_text(two, "command", "split");
	assert_text(json_get(two, "sample"), "sha256", hex_of("alpha"));
	assert_text(json_get(two, "sample"), "extension", "txt");
	assert_int_equal(json_len(json_get(two, "outputs")), 2);
	assert_text(json_at(json_get(two, "outputs"), 1), "filename", "b");
	assert_int_equal(number(json_at(json_get(two, "outputs"), 1), "output_id"), OUT_B);
	assert_int_equal(number(json_at(tests, 2), "expected_rc"), 3);
	assert_run(first, "running", NULL);
	AUTO_ANSWER told = of_run(first, "");
	assert_text(json_of(&told), "started_at", "2026-09-21T14:13:20.000Z");
}

static void a_worker_that_claims_again_has_what_it_has(void **state)
{
	int64_t first = a_run(""), second = a_run("");
	struct work one = claimed_by("w1"), again = claimed_by("w1"), other = claimed_by("w2");
	(void)state;

	assert_int_equal(one.run_id, first);
	assert_int_equal(again.run_id, first);
	assert_int_equal(again.claim, one.claim);
	assert_int_equal(other.run_id, second);
	AUTO_ANSWER progress = of_run(first, "/progress?status=preparation");
	assert_int_equal(total_of(&progress), 1);
}

static void where_nothing_waits_there_is_no_run(void **state)
{
	(void)state;
	AUTO_ANSWER none = claim_as(INTERNAL, "w1", "linux");
	a_run("");
	AUTO_ANSWER other = claim_as(INTERNAL, "w1", "windows");

	assert_null_member(json_of(&none), "run");
	assert_null_member(json_of(&other), "run");
}

static void a_worker_with_a_token_of_a_repo_gets_runs_of_that_repo(void **state)
{
	const char *other = token_of_repo("acme/valve").p, *here = token_of_repo(REPO).p;
	int64_t run = a_run("");
	(void)state;

	AUTO_ANSWER none = claim_as(other, "w1", "linux");
	AUTO_ANSWER mine = claim_as(here, "w2", "linux");
	assert_null_member(json_of(&none), "run");
	assert_int_equal(number(json_get(json_of(&mine), "run"), "run_id"), run);
}

/* Who works speaks for the repo. */
static void a_worker_is_the_internal_token_or_a_contributors(void **state)
{
	int64_t run_id = a_run("");
	(void)state;

	AUTO_ANSWER tester = claim_as(token_of_a(ROLE_TESTER), "w1", "linux");
	assert_int_equal(tester.status, 403);
	assert_run(run_id, "queued", NULL);
	AUTO_ANSWER contributor = claim_as(token_of_a(ROLE_CONTRIBUTOR), "w2", "linux");
	assert_int_equal(contributor.status, 200);
	assert_run(run_id, "running", NULL);
}

static void a_claim_names_its_worker_and_platform(void **state)
{
	static const struct {
		const char *worker, *platform;
		int status;
	} cases[] = { { "", "linux", 400 }, { "a b", "linux", 400 }, { "w1", "plan9", 400 },
		{ "A.b_c:d-9", "linux", 200 } };
	char name[120];
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = claim_as(INTERNAL, cases[i].worker, cases[i].platform);

		assert_int_equal(r.status, cases[i].status);
	}
	memset(name, 'w', sizeof name);
	name[101] = '\0';
	AUTO_ANSWER many = claim_as(INTERNAL, name, "linux");
	name[100] = '\0';
	AUTO_ANSWER most = claim_as(INTERNAL, name, "linux");
	assert_wrong_field(&many, "worker");
	assert_int_equal(most.status, 200);
}

/* ---- the lease ---- */

static void tick(int64_t at)
{
	atomic_store(&fx.wall, at);
	queue_tick(fx.app.store, at);
}

static void each_word_of_a_worker_renews_its_lease(void **state)
{
	struct work w = a_work("");
	int64_t at = NOW;
	(void)state;

	for (int i = 0; i < 4; i++) {
		tick(at += LEASE_MS - 1);
		if (i == 0)
			must_say(&w, "progress", "");
		else if (i == 1)
			must_tell(&w, result(FAILS, 3, ""));
		else if (i == 2)
			must_send_output(&w, OUT_C, "c\n");
		else
			claimed_by("w1");
		assert_run(w.run_id, "running", NULL);
	}
	tick(at + LEASE_MS);
	assert_run(w.run_id, "running", NULL);
	tick(at + LEASE_MS + 1);
	assert_run(w.run_id, "queued", NULL);
}

static void a_worker_that_is_lost_once_gives_its_run_back_with_what_it_told(void **state)
{
	struct work w = a_work(""), next;
	(void)state;

	must_tell(&w, result(SORT, 0, wrote("out", SORTED)));
	must_tell(&w, "{\"regression_test_id\":2,\"status\":\"running\"}");
	assert_result(w.run_id, TWO, "running");
	tick(NOW + LEASE_MS + 1);
	assert_run(w.run_id, "queued", NULL);
	assert_result(w.run_id, SORT, "pass");
	assert_result(w.run_id, TWO, "not_started");
	AUTO_ANSWER late = say(&w, "progress", "");
	assert_error(&late, 409, "conflict");
	next = claimed_by("w2");
	assert_int_equal(next.run_id, w.run_id);
	assert_int_equal(next.claim, 2);
	AUTO_ANSWER later = tell_results(&w, result(TWO, 9, ""));
	AUTO_ANSWER bytes = send_output(&w, OUT_C, "c\n");
	AUTO_ANSWER end = say(&w, "finish", "");
	assert_error(&later, 409, "conflict");
	assert_error(&bytes, 409, "conflict");
	assert_error(&end, 409, "conflict");
	assert_result(w.run_id, TWO, "not_started");
	all_well(&next);
	finish(&next);
	AUTO_ANSWER infra = of_run(w.run_id, "/infrastructure-errors");
	assert_int_equal(total_of(&infra), 1);
	assert_text(json_at(data_of(&infra), 0), "severity", "warning");
}

static void what_the_first_worker_did_the_second_is_told(void **state)
{
	struct work w = a_work("");
	struct json *tests;
	(void)state;

	must_tell(&w, result(SORT, 0, wrote("out", SORTED)));
	tick(NOW + LEASE_MS + 1);
	AUTO_ANSWER r = claim_as(INTERNAL, "w2", "linux");
	tests = json_get(json_get(json_of(&r), "run"), "tests");
	assert_true(json_is_true(json_get(json_at(tests, 0), "done")));
	assert_false(json_is_true(json_get(json_at(tests, 1), "done")));
}

static void a_run_whose_worker_is_lost_twice_is_incomplete_with_an_infrastructure_error(void **state)
{
	struct work w = a_work("");
	(void)state;

	tick(NOW + LEASE_MS + 1);
	claimed_by("w2");
	tick(NOW + 2 * (LEASE_MS + 1));
	tick(NOW + 2 * (LEASE_MS + 1));
	assert_run(w.run_id, "incomplete", "worker_lost");
	AUTO_ANSWER infra = of_run(w.run_id, "/infrastructure-errors?type=worker&severity=critical");
	AUTO_ANSWER errors = of_run(w.run_id, "/errors");
	AUTO_ANSWER queue = get("/api/v1/system/queue");
	AUTO_ANSWER again = say(&w, "progress", "");
	assert_int_equal(total_of(&infra), 1);
	assert_text(json_at(data_of(&infra), 0), "type", "worker");
	assert_non_null(strstr(infra.body, "w2"));
	assert_int_equal(total_of(&errors), 0);
	assert_int_equal(total_of(&queue), 0);
	assert_error(&again, 409, "conflict");
}

static void a_cancellation_is_no_error_of_infrastructure(void **state)
{
	struct work w = a_work("");
	(void)state;

	AUTO_ANSWER r = cancel(fx.admin.p, w.run_id, "{\"reason\":\"not needed\"}");
	AUTO_ANSWER word = say(&w, "progress", ",\"status\":\"error\",\"message\":\"killed\"");
	AUTO_ANSWER results = tell_results(&w, result(SORT, 1, ""));
	AUTO_ANSWER end = say(&w, "finish", ",\"status\":\"error\",\"message\":\"killed\"");
	tick(NOW + LEASE_MS + 1);
	tick(NOW + 9 * LEASE_MS);
	AUTO_ANSWER infra = of_run(w.run_id, "/infrastructure-errors");
	AUTO_ANSWER none = claim_as(INTERNAL, "w1", "linux");
	assert_int_equal(r.status, 202);
	assert_error(&word, 409, "conflict");
	assert_non_null(strstr(word.body, "canceled"));
	assert_error(&results, 409, "conflict");
	assert_error(&end, 409, "conflict");
	assert_int_equal(total_of(&infra), 0);
	assert_run(w.run_id, "canceled", NULL);
	assert_null_member(json_of(&none), "run");
}

static void a_server_that_was_away_gives_every_worker_a_lease_more(void **state)
{
	const struct config *cfg = config_get(fx.app.config);
	struct work w = a_work("");
	struct err e;
	(void)state;

	atomic_store(&fx.wall, NOW + 9 * LEASE_MS);
	assert_int_equal(queue_resume(fx.app.store, cfg, NOW + 9 * LEASE_MS, &e), ERR_OK);
	config_put(fx.app.config, cfg);
	tick(NOW + 10 * LEASE_MS);
	assert_run(w.run_id, "running", NULL);
	tick(NOW + 10 * LEASE_MS + 1);
	assert_run(w.run_id, "queued", NULL);
}

static void a_claim_of_somebody_else_is_refused_in_every_word(void **state)
{
	static const char *const what[] = { "progress", "results", "finish" };
	struct work w = a_work(""), not_mine = w, nothing = w;
	const char *bound = token_of_repo("acme/valve").p;
	(void)state;

	not_mine.claim = 2;
	nothing.run_id = 99;
	for (size_t i = 0; i < 3; i++) {
		const char *members =
			i == 1 ? ",\"results\":[{\"regression_test_id\":1,\"exit_code\":0}]" : "";
		AUTO_ANSWER other = say(&not_mine, what[i], members);
		AUTO_ANSWER none = say(&nothing, what[i], members);
		AUTO_ANSWER elsewhere = ask((struct ask){ .method = "POST",
			.target = arena_fmt(&fx.arena, "/internal/runs/1/%s", what[i]).p,
			.token = bound,
			.body = arena_fmt(&fx.arena, "{\"claim\":1%s}", members).p });

		assert_error(&other, 409, "conflict");
		assert_error(&none, 404, "not_found");
		assert_error(&elsewhere, 404, "not_found");
	}
	AUTO_ANSWER bytes = send_output(&not_mine, OUT_C, "c");
	AUTO_ANSWER none = send_output(&nothing, OUT_C, "c");
	assert_error(&bytes, 409, "conflict");
	assert_error(&none, 404, "not_found");
	post(SHA, 7, "", &nothing.run_id); /* of a forge */
	AUTO_ANSWER forge = say(&nothing, "progress", "");
	assert_error(&forge, 404, "not_found");
	assert_run(w.run_id, "running", NULL);
}

/* ---- progress ---- */

static void progress_is_told_in_its_order_and_filtered(void **state)
{
	struct work w = a_work("");
	static const char *const want[] = { "queued", "preparation", "preparation", "testing", "completed" };
	(void)state;

	must_say(&w, "progress", ",\"status\":\"preparation\",\"message\":\"fetching samples\",\"step\":0");
	must_say(&w, "progress", ",\"status\":\"testing\",\"message\":\"2 of 4\",\"step\":2");
	must_say(&w, "progress", ",\"status\":\"testing\",\"message\":\"2 of 4\",\"step\":2");
	finish(&w);
	finish(&w);
	AUTO_ANSWER all = of_run(w.run_id, "/progress");
	AUTO_ANSWER testing = of_run(w.run_id, "/progress?status=testing");
	AUTO_ANSWER page = of_run(w.run_id, "/progress?limit=2&offset=1");
	AUTO_ANSWER wrong = of_run(w.run_id, "/progress?status=resting");
	assert_int_equal(total_of(&all), 5);
	for (size_t i = 0; i < 5; i++)
		assert_text(json_at(data_of(&all), i), "status", want[i]);
	assert_int_equal(number(json_at(data_of(&all), 2), "step"), 0);
	assert_null_member(json_at(data_of(&all), 0), "step");
	assert_int_equal(total_of(&testing), 1);
	assert_int_equal(number(json_at(data_of(&testing), 0), "step"), 2);
	assert_int_equal(json_len(data_of(&page)), 2);
	assert_int_equal(number(json_get(json_of(&page), "pagination"), "next_offset"), 3);
	assert_wrong_field(&wrong, "status");
}

static void of_progress_a_message_needs_a_status_and_has_a_bound(void **state)
{
	char text[600];
	struct work w = a_work("");
	(void)state;

	memset(text, 'x', sizeof text);
	text[501] = '\0';
	AUTO_ANSWER many = say(
		&w, "progress", arena_fmt(&fx.arena, ",\"status\":\"testing\",\"message\":\"%s\"", text).p);
	text[500] = '\0';
	AUTO_ANSWER most = say(
		&w, "progress", arena_fmt(&fx.arena, ",\"status\":\"testing\",\"message\":\"%s\"", text).p);
	AUTO_ANSWER alone = say(&w, "progress", ",\"message\":\"hm\"");
	AUTO_ANSWER step = say(&w, "progress", ",\"status\":\"testing\",\"step\":1000001");
	AUTO_ANSWER steps = say(&w, "progress", ",\"status\":\"testing\",\"step\":1000000");
	AUTO_ANSWER word = say(&w, "progress", ",\"status\":\"completed\"");
	assert_wrong_field(&many, "message");
	assert_int_equal(most.status, 200);
	assert_wrong_field(&alone, "status");
	assert_wrong_field(&step, "step");
	assert_int_equal(steps.status, 200);
	assert_wrong_field(&word, "status");
}

static void a_run_tells_a_thousand_events_and_its_end_comes_through(void **state)
{
	struct work w = a_work("");
	(void)state;

	for (int i = 2; i < 1000; i++) /* two there are */
		must_say(&w, "progress", arena_fmt(&fx.arena, ",\"status\":\"testing\",\"step\":%d", i).p);
	AUTO_ANSWER over = say(&w, "progress", ",\"status\":\"testing\",\"step\":1000");
	AUTO_ANSWER only_alive = say(&w, "progress", "");
	assert_error(&over, 413, "payload_too_large");
	assert_int_equal(only_alive.status, 200);
	finish(&w);
	AUTO_ANSWER all = of_run(w.run_id, "/progress?limit=1&offset=1000");
	assert_text(json_at(data_of(&all), 0), "status", "completed");
}

static void an_error_that_a_worker_tells_is_one_of_infrastructure_by_its_words(void **state)
{
	static const struct {
		const char *message, *type;
	} cases[] = { { "No space left on /var", "storage" }, { "merge conflict in a.c", "merge" },
		{ "git clone failed", "checkout" }, { "could not boot the VM", "vm_provisioning" },
		{ "the scheduler went away", "queue" }, { "502 Bad Gateway", "web_server" },
		{ "cmake said no", "build" }, { "digit imagemagick remake", "worker" } };
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct work w = a_work("");
		const char *members =
			arena_fmt(&fx.arena, ",\"status\":\"error\",\"message\":\"%s\"", cases[i].message).p;

		must_say(&w, "finish", members);
		must_say(&w, "finish", members);
		AUTO_ANSWER r = of_run(w.run_id, "/infrastructure-errors");
		AUTO_ANSWER of_type = of_run(
			w.run_id, arena_fmt(&fx.arena, "/infrastructure-errors?type=%s", cases[i].type).p);
		assert_int_equal(total_of(&r), 1);
		assert_text(json_at(data_of(&r), 0), "type", cases[i].type);
		assert_text(json_at(data_of(&r), 0), "severity", "critical");
		assert_text(json_at(data_of(&r), 0), "message", cases[i].message);
		assert_int_equal(total_of(&of_type), 1);
		assert_run(w.run_id, "incomplete", "worker_failed");
	}
	struct work w = a_work("");
	AUTO_ANSWER silent = say(&w, "finish", ",\"status\":\"error\"");
	assert_wrong_field(&silent, "message");
}

/* ---- the end ---- */

static void a_run_passes_when_all_was_told_and_all_is_well(void **state)
{
	struct work w = a_work(",\"regression_test_ids\":[1,3]");
	(void)state;

	must_tell(&w,
		arena_fmt(&fx.arena, "%s,%s", result(SORT, 0, wrote("out", SORTED)), result(FAILS, 3, "")).p);
	assert_run(w.run_id, "running", NULL);
	atomic_store(&fx.wall, NOW + 4000);
	AUTO_ANSWER first = say(&w, "finish", ",\"message\":\"all done\"");
	atomic_store(&fx.wall, NOW + 9000);
	AUTO_ANSWER again = say(&w, "finish", ",\"message\":\"all done\"");
	AUTO_ANSWER run = of_run(w.run_id, "");
	AUTO_ANSWER sum = of_run(w.run_id, "/summary");
	assert_int_equal(first.status, 200);
	assert_text(json_of(&first), "status", "pass");
	assert_string_equal(first.body, again.body);
	assert_run(w.run_id, "pass", NULL);
	assert_text(json_of(&run), "completed_at", "2026-09-21T14:13:24.000Z");
	assert_int_equal(number(json_of(&sum), "duration_ms"), 4000);
	AUTO_ANSWER late = say(&w, "progress", "");
	AUTO_ANSWER result_late = tell_results(&w, result(SORT, 1, ""));
	assert_error(&late, 409, "conflict");
	assert_error(&result_late, 409, "conflict");
	assert_run(w.run_id, "pass", NULL);
}

static void bytes_may_come_when_the_run_is_over(void **state)
{
	struct work w = a_work(",\"regression_test_ids\":[4]");
	(void)state;

	must_tell(&w, result(NEW, 0, wrote("c", "c\n")));
	finish(&w);
	must_send_output(&w, OUT_C, "c\n");
	AUTO_ANSWER r = of_output(w.run_id, BETA, NEW, OUT_C, "actual?format=text");
	assert_text(json_of(&r), "content", "c\n");
}

static void a_run_of_which_something_was_not_told_never_passes(void **state)
{
	struct work w = a_work(""), nothing;
	(void)state;

	must_tell(&w, result(SORT, 0, wrote("out", SORTED)));
	finish(&w);
	assert_run(w.run_id, "incomplete", "missing_results");
	nothing = a_work("");
	finish(&nothing);
	assert_run(nothing.run_id, "incomplete", "no_results");
}

static void a_run_of_which_a_test_was_skipped_never_passes(void **state)
{
	struct work w = a_work(",\"regression_test_ids\":[1,3]");
	(void)state;

	must_tell(&w, result(SORT, 0, wrote("out", SORTED)));
	must_tell(&w, "{\"regression_test_id\":3,\"status\":\"skipped\",\"message\":\"no such program\"}");
	finish(&w);
	assert_run(w.run_id, "incomplete", "missing_results");
	assert_int_equal(counts_of(w.run_id).skipped, 1);
}

/* A run that could not be done is not one that went well, whatever was told of it before. */
static void a_run_whose_worker_could_not_do_it_never_passes(void **state)
{
	struct work w = a_work("");
	(void)state;

	all_well(&w);
	must_say(&w, "finish", ",\"status\":\"error\",\"message\":\"the disk is full\"");
	assert_run(w.run_id, "incomplete", "worker_failed");
}

static void of_a_run_that_is_over_only_what_was_told_may_come(void **state)
{
	struct work w = a_work("");
	(void)state;

	must_tell(&w, result(SORT, 0, ""));
	finish(&w);
	AUTO_ANSWER r = send_output(&w, OUT, SORTED);
	assert_error(&r, 409, "conflict");
	assert_result(w.run_id, SORT, "missing_output");
}

static void of_a_run_that_was_canceled_no_test_is_running(void **state)
{
	struct work w = a_work("");
	(void)state;

	must_tell(&w, "{\"regression_test_id\":1,\"status\":\"running\"}");
	AUTO_ANSWER r = cancel(fx.admin.p, w.run_id, "{\"reason\":\"not needed\"}");
	assert_int_equal(r.status, 202);
	assert_result(w.run_id, SORT, "not_started");
}

/* A run is held to what was expected when it was asked for. */
static void a_suite_that_grows_meanwhile_changes_nothing_of_a_run(void **state)
{
	int64_t run_id = a_run("");
	struct work w;
	(void)state;

	import_suite(arena_fmt(&fx.arena,
		"samples: [{file: \"sha256:%s\", name: alpha.txt}]\n"
		"tests:\n"
		"  - {name: sort, sample: \"sha256:%s\", command: \"sort {input}\",\n"
		"     outputs: [{file: out, accepted: [\"sha256:%s\"]}, {file: more}]}\n",
		hex_of("alpha"), hex_of("alpha"), hex_of(SORTED))
			     .p);
	AUTO_ANSWER r = claim_as(INTERNAL, "w1", "linux");
	struct json *tests = json_get(json_get(json_of(&r), "run"), "tests");
	assert_int_equal(json_len(json_get(json_at(tests, 0), "outputs")), 1);
	w = claimed_by("w1");
	assert_int_equal(w.run_id, run_id);
	must_tell(&w, result(SORT, 0, wrote("out", SORTED)));
	assert_result(run_id, SORT, "pass");
}

/* Who may not see a repo does no work for it. */
static void a_worker_gets_no_run_of_a_repo_that_is_not_for_it(void **state)
{
	const char *contributor = token_of_a(ROLE_CONTRIBUTOR);
	struct work w;
	(void)state;

	a_run("");
	AUTO_ANSWER mine = claim_as(contributor, "w1", "linux");
	w = (struct work){ .run_id = number(json_get(json_of(&mine), "run"), "run_id"), .claim = 1 };
	a_run("");
	AUTO_ANSWER closed = ask((struct ask){ .method = "PATCH",
		.target = "/api/v1/repos/1",
		.token = fx.admin.p,
		.body = "{\"visibility\":\"members\"}" });
	AUTO_ANSWER again = claim_as(contributor, "w1", "linux");
	AUTO_ANSWER other = claim_as(contributor, "w2", "linux");
	AUTO_ANSWER word = ask((struct ask){ .method = "POST",
		.target = arena_fmt(&fx.arena, "/internal/runs/%lld/progress", (long long)w.run_id).p,
		.token = contributor,
		.body = "{\"claim\":1}" });
	assert_int_equal(closed.status, 200);
	assert_null_member(json_of(&again), "run");
	assert_null_member(json_of(&other), "run");
	assert_error(&word, 404, "not_found");
}

/* ---- the account of a commit ---- */

static void assert_account(const char *status)
{
	AUTO_ANSWER r = get("/api/v1/context?repo=" REPO "&sha=" SHA "&format=json");

	if (r.status != 200)
		fail_msg("%s", r.body);
	assert_text(json_of(&r), "status", status);
}

static void of_the_runs_of_a_commit_the_worst_is_told(void **state)
{
	struct work good = a_work(",\"regression_test_ids\":[3]"), bad, lost;
	(void)state;

	must_tell(&good, result(FAILS, 3, ""));
	assert_account("running");
	finish(&good);
	assert_account("pass");
	lost = a_work(",\"regression_test_ids\":[3]");
	must_say(&lost, "finish", ",\"status\":\"error\",\"message\":\"no disk\"");
	assert_account("incomplete");
	a_run("");
	assert_account("queued");
	bad = claimed_by("w1");
	assert_account("running");
	must_tell(&bad, result(FAILS, 1, ""));
	finish(&bad);
	assert_account("fail");
	good = a_work(",\"regression_test_ids\":[3]");
	must_tell(&good, result(FAILS, 3, ""));
	finish(&good);
	assert_account("fail");
}

#define T(f) cmocka_unit_test_setup_teardown(f, suite_up, router_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(who_claims_gets_what_waited_longest_with_all_that_is_to_be_done),
		T(a_worker_that_claims_again_has_what_it_has),
		T(where_nothing_waits_there_is_no_run),
		T(a_worker_with_a_token_of_a_repo_gets_runs_of_that_repo),
		T(a_worker_is_the_internal_token_or_a_contributors),
		T(a_claim_names_its_worker_and_platform),
		T(each_word_of_a_worker_renews_its_lease),
		T(a_worker_that_is_lost_once_gives_its_run_back_with_what_it_told),
		T(what_the_first_worker_did_the_second_is_told),
		T(a_run_whose_worker_is_lost_twice_is_incomplete_with_an_infrastructure_error),
		T(a_cancellation_is_no_error_of_infrastructure),
		T(a_server_that_was_away_gives_every_worker_a_lease_more),
		T(a_claim_of_somebody_else_is_refused_in_every_word),
		T(progress_is_told_in_its_order_and_filtered),
		T(of_progress_a_message_needs_a_status_and_has_a_bound),
		T(a_run_tells_a_thousand_events_and_its_end_comes_through),
		T(an_error_that_a_worker_tells_is_one_of_infrastructure_by_its_words),
		T(a_run_passes_when_all_was_told_and_all_is_well),
		T(bytes_may_come_when_the_run_is_over),
		T(a_run_of_which_something_was_not_told_never_passes),
		T(a_run_of_which_a_test_was_skipped_never_passes),
		T(a_run_whose_worker_could_not_do_it_never_passes),
		T(of_a_run_that_is_over_only_what_was_told_may_come),
		T(of_a_run_that_was_canceled_no_test_is_running),
		T(a_suite_that_grows_meanwhile_changes_nothing_of_a_run),
		T(a_worker_gets_no_run_of_a_repo_that_is_not_for_it),
		T(of_the_runs_of_a_commit_the_worst_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
