/* Runs of the suite in the database: the queue, leases, verdicts, approvals, and that what is kept of a run is what counting says. */
#include "tests/store/suite_story.h"

static int64_t run_id;

static int suite_up(void **state)
{
	struct asked asked = { 0 };

	if (store_up(state) != 0)
		return -1;
	must_write(suite_w, NULL);
	must_write(ask_w, &asked);
	run_id = asked.run_id;
	return 0;
}

static enum run_status status(void)
{
	return run_at(run_id, T0 + 10).status;
}

static const char *reason(void)
{
	struct run r = run_at(run_id, T0);

	return run_reason(&r.tally, T0);
}

static struct claim claim(const char *worker, int64_t now)
{
	struct claiming x = { .worker = worker, .now = now };

	must_write(claim_w, &x);
	assert_true(x.found);
	return x.claim;
}

static void tell_one(int64_t test_id, int64_t exit_code, char digest)
{
	struct told_one x = { run_id, test_id, exit_code, digest };

	must_write(tell_w, &x);
}

static void finish(void)
{
	must_write(finish_w, &run_id);
}

static void is_well_kept(void)
{
	struct run_kept *kept = NULL;
	struct db *db = NULL;
	size_t n = 0;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(runs_kept(db, &fx.arena, 0, 100, &kept, &n, &e), &e);
	store_reader_put(fx.store, db);
	for (size_t i = 0; i < n; i++)
		assert_true(kept[i].same);
}

static const char *result_of(int64_t test_id, const char **ret_cause)
{
	const struct result_query q = { .run_id = run_id, .test_id = test_id, .status = -1, .limit = 1 };
	struct result *r = NULL;
	struct db *db = NULL;
	int64_t total;
	size_t n = 0;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(results_list(db, &fx.arena, &q, &r, &n, &total, &e), &e);
	store_reader_put(fx.store, db);
	assert_int_equal(n, 1);
	*ret_cause = arena_cstr(&fx.arena, r->cause);
	return result_status_name(r->status);
}

static void has_verdict(int64_t test_id, const char *want, const char *want_cause)
{
	const char *cause, *is = result_of(test_id, &cause);

	assert_string_equal(is, want);
	assert_string_equal(cause, want_cause);
}

static void a_run_goes_from_queued_over_running_to_its_end(void **state)
{
	(void)state;
	assert_int_equal(status(), RUN_QUEUED);
	claim("w1", T0);
	assert_int_equal(status(), RUN_RUNNING);
	tell_one(1, 0, 'a');
	assert_int_equal(status(), RUN_RUNNING);
	tell_one(2, 0, 0);
	is_well_kept();
	finish();
	assert_int_equal(status(), RUN_PASS); /* at once: it says itself when it is over */
	is_well_kept();
}

static void a_test_without_a_result_makes_a_run_incomplete(void **state)
{
	(void)state;
	claim("w1", T0);
	tell_one(1, 0, 'a');
	finish();
	assert_int_equal(status(), RUN_INCOMPLETE);
	assert_string_equal(reason(), "missing_results");
	is_well_kept();
}

static void verdicts_look_for_a_missing_output_then_the_exit_code_then_the_outputs(void **state)
{
	(void)state;
	claim("w1", T0);
	tell_one(1, 3, 0);
	has_verdict(1, "missing_output", "missing_output");
	tell_one(1, 3, 'b');
	has_verdict(1, "fail", "exit_code_mismatch");
	tell_one(1, 0, 'b');
	has_verdict(1, "fail", "diff_mismatch");
	tell_one(1, 0, 'a');
	has_verdict(1, "pass", "");
	tell_one(1, 0, 'a'); /* again */
	has_verdict(1, "pass", "");
	tell_one(2, 1, 0);
	has_verdict(2, "fail", "exit_code_mismatch");
	is_well_kept();
}

static void an_approval_is_judged_at_once_and_can_be_undone_to_the_letter(void **state)
{
	struct approving x = { .at = { run_id, 1, 1, 1 }, .remove_others = true };
	(void)state;

	claim("w1", T0);
	tell_one(1, 0, 'b');
	tell_one(2, 0, 0);
	finish();
	assert_int_equal(status(), RUN_FAIL);
	must_write(approve_w, &x);
	has_verdict(1, "pass", "");
	assert_int_equal(status(), RUN_PASS);
	assert_int_equal(ask("SELECT count(*) FROM baseline WHERE removed_at = 0"), 1);
	must_write(approve_w, &x); /* again */
	x.revert = true;
	must_write(approve_w, &x);
	has_verdict(1, "fail", "diff_mismatch");
	assert_int_equal(status(), RUN_FAIL);
	assert_int_equal(ask("SELECT count(*) FROM baseline WHERE removed_at = 0 AND run_id = 0"), 1);
	is_well_kept();
}

/* Also who said it first, and when. */
static void what_was_accepted_before_it_was_approved_is_as_it_was(void **state)
{
	struct approving x = { .at = { run_id, 1, 1, 1 }, .remove_others = true };
	(void)state;

	claim("w1", T0);
	tell_one(1, 0, 'a');
	must_write(approve_w, &x);
	assert_int_equal(
		ask("SELECT count(*) FROM baseline WHERE removed_at = 0 AND run_id = 1"
		    " AND approved_by = 'bo@example.org' AND approved_at = (SELECT at FROM approval)"),
		1);
	x.revert = true;
	must_write(approve_w, &x);
	assert_int_equal(ask("SELECT count(*) FROM baseline WHERE removed_at = 0 AND run_id = 0"
			     " AND approved_by = 'ann@example.org' AND approved_at = imported_at"),
		1);
	has_verdict(1, "pass", "");
}

static void what_another_run_approves_changes_nothing_of_this_one(void **state)
{
	struct approving x = { .at = { 0, 1, 1, 1 } };
	struct asked second = { 0 };
	int64_t first = run_id;
	(void)state;

	claim("w1", T0);
	tell_one(1, 0, 'b');
	finish();
	must_write(ask_w, &second);
	run_id = second.run_id;
	claim("w1", T0);
	tell_one(1, 0, 'b');
	x.at.run_id = run_id;
	must_write(approve_w, &x);
	has_verdict(1, "pass", "");
	run_id = first;
	has_verdict(1, "fail", "diff_mismatch");
}

static enum err_code give_back_w(struct db *db, void *arg, struct err *e)
{
	struct lost_claim *lost = NULL;
	enum run_stage *stage = arg;
	size_t n = 0;

	TRY(queue_lost(db, &fx.arena, T0 + 200000, 10, &lost, &n, e));
	assert_int_equal(n, 1);
	return queue_give_back(db, &lost[0], T0 + 200000, stage, e);
}

static enum err_code renew_w(struct db *db, void *arg, struct err *e)
{
	const struct claim_key key = { .run_id = run_id, .number = *(const int64_t *)arg };
	enum run_stage stage;

	return queue_renew(db, &key, T0 + 60000, &stage, e);
}

static void a_worker_that_was_given_up_is_refused_and_the_second_one_is_the_last(void **state)
{
	int64_t first = 1, second = 2;
	enum run_stage stage;
	struct err e;
	(void)state;

	assert_int_equal(claim("w1", T0).number, 1);
	tell_one(1, 0, 'a');
	must_write(give_back_w, &stage);
	assert_int_equal(stage, STAGE_QUEUED);
	assert_int_equal(status(), RUN_QUEUED);
	assert_int_equal(try_write(renew_w, &first, &e), ERR_CONFLICT);
	assert_int_equal(claim("w2", T0).number, 2);
	assert_int_equal(try_write(renew_w, &first, &e), ERR_CONFLICT);
	assert_int_equal(try_write(renew_w, &second, &e), ERR_OK);
	has_verdict(1, "pass", ""); /* what the first one told stays */
	must_write(give_back_w, &stage);
	assert_int_equal(stage, STAGE_LOST);
	assert_int_equal(status(), RUN_INCOMPLETE);
	assert_string_equal(reason(), "worker_lost");
	is_well_kept();
}

static size_t n_failures(void)
{
	struct failure *found = NULL;
	struct db *db = NULL;
	size_t n = 0;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(failures_newest(db, &fx.arena, 0, 0, T0 + 10, 10, &found, &n, &e), &e);
	store_reader_put(fx.store, db);
	return n;
}

static enum err_code fail_w(struct db *db, void *arg, struct err *e)
{
	return queue_end(db, *(const int64_t *)arg, true, T0 + 5, e);
}

/* No step failed in it. */
static void a_run_that_did_not_go_well_is_among_the_newest_failures(void **state)
{
	struct asked second = { 0 };
	(void)state;

	claim("w1", T0);
	tell_one(1, 0, 'b');
	tell_one(2, 0, 0);
	assert_int_equal(n_failures(), 0);
	finish();
	assert_int_equal(n_failures(), 1);
	must_write(ask_w, &second);
	run_id = second.run_id;
	claim("w1", T0);
	must_write(fail_w, &run_id);
	assert_int_equal(n_failures(), 2);
}

static enum err_code lost_log_w(struct db *db, void *arg, struct err *e)
{
	struct step_facts f = { .repo = STR("acme/pump"),
		.forge = STR("home"),
		.head_sha = run_at(run_id, T0).head_sha,
		.external_run_id = run_at(run_id, T0).external_run_id,
		.attempt = 1,
		.job_name = STR("one"),
		.step_name = STR("s"),
		.step_index = -1,
		.conclusion = CONCLUSION_RUNNER_LOST };

	return steps_put(db, 1, &f, &(struct tail_size){ 0 }, STR(""), T0 + 1, arg, e);
}

/* The result says what became of the test, whatever its log did. */
static void a_log_that_broke_off_is_no_failure_of_a_test_that_passed(void **state)
{
	const struct step_query q = { .run_id = run_id };
	struct step *steps = NULL;
	struct run_tally tally;
	struct db *db = NULL;
	int64_t step_id, expired;
	size_t n = 1;
	struct err e;
	(void)state;

	claim("w1", T0);
	must_write(lost_log_w, &step_id);
	tell_one(1, 0, 'a');
	tell_one(2, 0, 0);
	finish();
	assert_int_equal(status(), RUN_PASS);
	must(store_reader_get(fx.store, &db, &e), &e);
	must(steps_failed(db, &fx.arena, &q, 10, &steps, &n, &tally, &expired, &e), &e);
	store_reader_put(fx.store, db);
	assert_int_equal(n, 0);
	is_well_kept();
}

static void a_worker_that_comes_again_under_its_name_has_its_run(void **state)
{
	struct claim x;
	(void)state;

	assert_int_equal(claim("w1", T0).number, 1);
	x = claim("w1", T0 + 5);
	assert_int_equal(x.number, 1);
	assert_int_equal(x.run_id, run_id);
	assert_true(x.again);
}

static void the_signature_of_a_failure_is_the_same_in_every_run(void **state)
{
	struct asked second = { 0 };
	(void)state;

	claim("w1", T0);
	tell_one(1, 0, 'b');
	finish();
	must_write(ask_w, &second);
	run_id = second.run_id;
	claim("w1", T0);
	tell_one(1, 0, 'b');
	assert_int_equal(
		ask("SELECT count(DISTINCT signature) FROM result WHERE test_id = 1 AND signature <> ''"), 1);
	tell_one(1, 0, 'c');
	assert_int_equal(
		ask("SELECT count(DISTINCT signature) FROM result WHERE test_id = 1 AND signature <> ''"), 2);
	tell_one(1, 0, 'a');
	assert_int_equal(
		ask("SELECT count(DISTINCT signature) FROM result WHERE test_id = 1 AND signature <> ''"), 1);
}

static enum err_code expire_w(struct db *db, void *arg, struct err *e)
{
	return outputs_expire(db, T0 + 100, 10, false, arg, e);
}

static void outputs_that_are_old_are_nobodys_but_what_is_accepted_stays(void **state)
{
	struct blob *unused = NULL;
	struct db *db = NULL;
	int64_t rows = 0;
	size_t n = 0;
	struct err e;
	(void)state;

	claim("w1", T0);
	tell_one(1, 0, 'b');
	must(store_reader_get(fx.store, &db, &e), &e);
	must(blobs_unused(db, &fx.arena, T0 + 1000, 10, &unused, &n, &e), &e);
	assert_int_equal(n, 1); /* 'c' */
	store_reader_put(fx.store, db);
	must_write(expire_w, &rows);
	assert_int_equal(rows, 1);
	must(store_reader_get(fx.store, &db, &e), &e);
	must(blobs_unused(db, &fx.arena, T0 + 1000, 10, &unused, &n, &e), &e);
	store_reader_put(fx.store, db);
	assert_int_equal(n, 2);
	has_verdict(1, "fail", "diff_mismatch");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, suite_up, store_down)
int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_run_goes_from_queued_over_running_to_its_end),
		TEST(a_test_without_a_result_makes_a_run_incomplete),
		TEST(verdicts_look_for_a_missing_output_then_the_exit_code_then_the_outputs),
		TEST(an_approval_is_judged_at_once_and_can_be_undone_to_the_letter),
		TEST(what_was_accepted_before_it_was_approved_is_as_it_was),
		TEST(what_another_run_approves_changes_nothing_of_this_one),
		TEST(a_worker_that_was_given_up_is_refused_and_the_second_one_is_the_last),
		TEST(a_run_that_did_not_go_well_is_among_the_newest_failures),
		TEST(a_log_that_broke_off_is_no_failure_of_a_test_that_passed),
		TEST(a_worker_that_comes_again_under_its_name_has_its_run),
		TEST(the_signature_of_a_failure_is_the_same_in_every_run),
		TEST(outputs_that_are_old_are_nobodys_but_what_is_accepted_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
