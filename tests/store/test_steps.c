/* steps.c: what one post leaves, what a commit's account holds, and what retention takes. */
#include "tests/store/fixture.h"

#include "base/zst.h"

#include <stdio.h>
#include <string.h>

#define ROWS_OF_ALL                                                                                          \
	"SELECT (SELECT count(*) FROM run) * 1000000 + (SELECT count(*) FROM job) * 10000"                   \
	" + (SELECT count(*) FROM step) * 100 + (SELECT count(*) FROM tail)"
#define ONE_OF_EACH 1010101

/* ---- keys ---- */

static enum err_code put_a_hundred_times(struct db *db, void *arg, struct err *e)
{
	struct step_facts f = a_step("make");
	struct tail_size size = { .n_lines = 1, .n_bytes = 4 };
	int64_t id = 0, *first = arg;
	AUTO_BUF zstd;

	buf_init(&zstd, 1024);
	TRY(zst_compress(STR("boom"), 1, &zstd, e));
	for (int i = 0; i < 100; i++) {
		TRY(steps_put(db, 1, &f, &size, buf_view(&zstd), T0 + i, &id, e));
		if (*first == 0)
			*first = id;
		if (id != *first)
			return err_set(e, ERR_CONFLICT, "the id changed");
	}
	return ERR_OK;
}

static void ten_thousand_retries_leave_one_row_and_one_id(void **state)
{
	int64_t id = 0;
	(void)state;

	assert_int_equal(add_repo("default", "acme/pump"), 1);
	for (int i = 0; i < 100; i++)
		must_write(put_a_hundred_times, &id);
	assert_int_equal(ask(ROWS_OF_ALL), ONE_OF_EACH);
}

static void a_retry_replaces_the_text_and_what_is_the_steps_own(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	struct account acc;
	(void)state;

	put(repo, &f, "first", T0);
	f.exit_code = 7;
	f.conclusion = CONCLUSION_TIMED_OUT;
	put(repo, &f, "second", T0 + 1);
	acc = account_of_sha(repo, SHA_A);
	assert_int_equal(acc.n, 1);
	equals(acc.steps[0].text, "second");
	assert_int_equal(acc.steps[0].facts.exit_code, 7);
	assert_int_equal(acc.steps[0].facts.conclusion, CONCLUSION_TIMED_OUT);
	assert_int_equal(acc.steps[0].received_at, T0 + 1);
	assert_int_equal(ask(ROWS_OF_ALL), ONE_OF_EACH);
}

static void two_legs_of_a_matrix_never_replace_each_other(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts a = a_step("make"), b = a_step("make");
	struct account acc;
	(void)state;

	a.leg = STR("gcc");
	a.platform = STR("linux");
	b.leg = STR("clang");
	b.platform = STR("macos");
	put(repo, &a, "from gcc", T0);
	put(repo, &b, "from clang", T0 + 1);
	put(repo, &a, "from gcc again", T0 + 2);
	acc = account_of_sha(repo, SHA_A);
	assert_int_equal(acc.n, 2);
	equals(acc.steps[0].facts.leg, "clang");
	equals(acc.steps[0].text, "from clang");
	equals(acc.steps[0].facts.platform, "macos");
	equals(acc.steps[1].facts.leg, "gcc");
	equals(acc.steps[1].text, "from gcc again");
	equals(acc.steps[1].facts.platform, "linux");
}

/* The least that a post may tell. */
static struct step_facts bare(void)
{
	return (struct step_facts){ .head_sha = STR(SHA_A),
		.external_run_id = STR("1"),
		.attempt = 1,
		.step_name = STR("s"),
		.step_index = -1 };
}

static void a_post_that_tells_the_least_has_a_whole_key_too(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = bare();
	(void)state;

	put(repo, &f, "one", T0);
	put(repo, &f, "two", T0 + 1);
	assert_int_equal(ask(ROWS_OF_ALL), ONE_OF_EACH);
	assert_int_equal(ask("SELECT count(*) FROM job WHERE job_key = 'name:' AND leg = ''"), 1);
	assert_int_equal(ask("SELECT count(*) FROM step WHERE step_key = 'name:s'"), 1);
}

static void no_part_of_a_key_can_be_null(void **state)
{
	static const char *const refused[] = {
		"UPDATE repo SET forge = NULL",
		"UPDATE repo SET name_key = NULL",
		"UPDATE run SET repo_id = NULL",
		"UPDATE run SET head_sha = NULL",
		"UPDATE run SET external_run_id = NULL",
		"UPDATE job SET run_id = NULL",
		"UPDATE job SET attempt = NULL",
		"UPDATE job SET job_key = NULL",
		"UPDATE job SET leg = NULL",
		"UPDATE step SET job_id = NULL",
		"UPDATE step SET step_key = NULL",
		"UPDATE tail SET step_id = NULL",
	};
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = bare();
	struct err e;
	(void)state;

	put(repo, &f, "one", T0);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_int_equal(try_tell(refused[i], &e), ERR_INTERNAL);
}

static void an_id_or_index_tells_jobs_and_steps_apart_that_have_one_name(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	int64_t ids[4];
	(void)state;

	ids[0] = put(repo, &f, "a", T0);
	f.step_index = 3;
	ids[1] = put(repo, &f, "b", T0);
	f.step_index = 4;
	ids[2] = put(repo, &f, "c", T0);
	f.job_id = STR("9001");
	ids[3] = put(repo, &f, "d", T0);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			assert_int_not_equal(ids[i], ids[k]);
	f.step_name = STR("another name of the same step");
	assert_int_equal(put(repo, &f, "e", T0), ids[3]);
}

static void a_name_that_looks_like_an_id_or_index_is_still_a_name(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts by_name = a_step("index:3"), by_index = a_step("x");
	(void)state;

	by_index.step_index = 3;
	assert_int_not_equal(put(repo, &by_name, "a", T0), put(repo, &by_index, "b", T0));
	by_name = by_index = a_step("x");
	by_name.job_name = STR("id:5");
	by_index.job_id = STR("5");
	assert_int_not_equal(put(repo, &by_name, "a", T0), put(repo, &by_index, "b", T0));
}

static void mirrors_on_two_forges_do_not_collide(void **state)
{
	int64_t here = add_repo("home", "acme/pump"), there = add_repo("hub", "acme/pump");
	struct step_facts f = a_step("make");
	(void)state;

	put(here, &f, "from home", T0);
	put(there, &f, "from hub", T0);
	equals(account_of_sha(here, SHA_A).steps[0].text, "from home");
	equals(account_of_sha(there, SHA_A).steps[0].text, "from hub");
	equals(account_of_sha(there, SHA_A).steps[0].facts.forge, "hub");
}

static void what_a_later_post_does_not_tell_stays(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	struct step_facts told;
	(void)state;

	f.pull_request = 12;
	put(repo, &f, "a", T0);
	f.workflow = f.branch = f.url = f.platform = STR("");
	f.pull_request = 0;
	put(repo, &f, "b", T0);
	told = account_of_sha(repo, SHA_A).steps[0].facts;
	equals(told.workflow, "ci.yaml");
	equals(told.branch, "main");
	equals(told.platform, "linux");
	equals(told.url, "https://git.example.org/acme/pump/actions/runs/77");
	assert_int_equal(told.pull_request, 12);
}

static void a_post_for_a_repo_that_is_gone_is_refused(void **state)
{
	struct step_facts f = a_step("make");
	int64_t id;
	struct err e;
	(void)state;

	assert_int_equal(try_put(4711, &f, STR("x"), T0, &id, &e), ERR_CONFLICT);
	assert_int_equal(ask(ROWS_OF_ALL), 0);
}

/* ---- the account ---- */

static void everything_told_is_read_back(void **state)
{
	int64_t repo = add_repo("default", "Acme/Pump");
	struct step_facts f = a_step("make 'it'; DROP TABLE step; --");
	struct step s;
	(void)state;

	f.job_id = STR("9001");
	f.leg = STR("gcc, \"x\"");
	f.step_index = 4;
	f.attempt = 3;
	f.pull_request = 8;
	f.exit_code = -11;
	put(repo, &f, "caf\303\251 \001 \033[1m", T0);
	s = account_of_sha(repo, SHA_A).steps[0];
	assert_int_equal(s.repo_id, repo);
	equals(s.facts.repo, "Acme/Pump");
	equals(s.facts.forge, "default");
	equals(s.facts.head_sha, SHA_A);
	equals(s.facts.external_run_id, "77");
	assert_int_equal(s.facts.attempt, 3);
	equals(s.facts.job_id, "9001");
	equals(s.facts.job_name, "build");
	equals(s.facts.leg, "gcc, \"x\"");
	equals(s.facts.step_name, "make 'it'; DROP TABLE step; --");
	assert_int_equal(s.facts.step_index, 4);
	assert_int_equal(s.facts.pull_request, 8);
	assert_true(s.facts.has_exit_code);
	assert_int_equal(s.facts.exit_code, -11);
	assert_true(s.has_text);
	equals(s.text, "caf\303\251 \001 \033[1m");
	assert_int_equal(s.size.n_bytes, 12);
	assert_int_equal(s.received_at, T0);
	assert_int_equal(s.log_expired_at, 0);
}

static void an_exit_code_that_was_not_told_is_not_made_up(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	(void)state;

	f.has_exit_code = false;
	put(repo, &f, "x", T0);
	assert_false(account_of_sha(repo, SHA_A).steps[0].facts.has_exit_code);
}

static void an_empty_text_is_kept_as_an_empty_text(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	struct account acc;
	(void)state;

	put(repo, &f, "", T0);
	acc = account_of_sha(repo, SHA_A);
	assert_true(acc.steps[0].has_text);
	assert_int_equal(acc.steps[0].text.len, 0);
}

static void only_failed_steps_are_listed_and_all_are_counted(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct account acc;
	(void)state;

	for (enum conclusion c = 0; c < CONCLUSION_N; c++) {
		struct step_facts f = a_step(conclusion_name(c));

		f.conclusion = c;
		put(repo, &f, "x", T0 + c);
	}
	acc = account_of_sha(repo, SHA_A);
	assert_int_equal(acc.tally.n_steps, CONCLUSION_N);
	assert_int_equal(acc.tally.n_failed, 3);
	assert_int_equal(acc.n, 3);
	equals(acc.steps[0].facts.step_name, "failure");
	equals(acc.steps[1].facts.step_name, "timed_out");
	equals(acc.steps[2].facts.step_name, "runner_lost");
}

static void a_commit_that_nobody_posted_for_has_nothing(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct account acc = account_of_sha(repo, SHA_B);
	(void)state;

	assert_int_equal(acc.n, 0);
	assert_int_equal(acc.tally.n_steps, 0);
	assert_int_equal(acc.expired_at, 0);
}

static void steps_come_in_the_order_they_were_received(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct account acc;
	(void)state;

	for (int i = 0; i < 5; i++) {
		static const char *const names[] = { "c", "e", "a", "d", "b" };
		struct step_facts f = a_step(names[i]);

		put(repo, &f, "x", T0 + (names[i][0] - 'a'));
	}
	acc = account_of_sha(repo, SHA_A);
	assert_int_equal(acc.n, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(acc.steps[i].facts.step_name.p[0], 'a' + (int)i);
}

static void the_limit_holds_the_list_to_the_newest_and_not_the_count(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct account acc;
	char name[20];
	(void)state;

	for (int i = 0; i < 12; i++) {
		struct step_facts f;

		snprintf(name, sizeof name, "step %d", i);
		f = a_step(name);
		put(repo, &f, "x", T0 + i);
	}
	acc = account_of(&(struct step_query){ .repo_id = repo, .head_sha = STR(SHA_A) }, 5);
	assert_int_equal(acc.n, 5);
	assert_int_equal(acc.tally.n_failed, 12);
	equals(acc.steps[0].facts.step_name, "step 7");
	equals(acc.steps[4].facts.step_name, "step 11");
}

static void the_newest_attempt_of_each_job_is_taken(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	struct account acc;
	(void)state;

	put(repo, &f, "build, first attempt", T0);
	f.job_name = STR("lint");
	put(repo, &f, "lint, never run again", T0 + 1);
	f.job_name = STR("build");
	f.attempt = 2;
	put(repo, &f, "build, second attempt", T0 + 2);
	acc = account_of_sha(repo, SHA_A);
	assert_int_equal(acc.n, 2);
	equals(acc.steps[0].text, "lint, never run again");
	equals(acc.steps[1].text, "build, second attempt");
	assert_int_equal(acc.tally.n_steps, 2);
	assert_int_equal(ask("SELECT count(*) FROM step"), 3);
}

static void a_job_that_passes_at_last_is_no_failure_any_more(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	struct account acc;
	(void)state;

	put(repo, &f, "flaky", T0);
	f.attempt = 2;
	f.conclusion = CONCLUSION_SUCCESS;
	put(repo, &f, "fine", T0 + 1);
	acc = account_of_sha(repo, SHA_A);
	assert_int_equal(acc.n, 0);
	assert_int_equal(acc.tally.n_steps, 1);
	assert_int_equal(acc.tally.n_failed, 0);
}

static void an_attempt_with_a_new_job_id_is_the_same_job_by_its_name(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	struct account acc;
	(void)state;

	f.job_id = STR("100");
	put(repo, &f, "old", T0);
	f.job_id = STR("200");
	f.attempt = 2;
	put(repo, &f, "new", T0 + 1);
	f.leg = STR("another leg, first attempt");
	f.job_id = STR("101");
	f.attempt = 1;
	put(repo, &f, "leg", T0 + 2);
	acc = account_of_sha(repo, SHA_A);
	assert_int_equal(acc.n, 2);
	equals(acc.steps[0].text, "new");
	equals(acc.steps[1].text, "leg");
}

static void a_leg_that_was_made_up_does_not_keep_an_old_attempt_alive(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	struct account acc;
	(void)state;

	f.leg = STR("auto-11111111");
	put(repo, &f, "first attempt", T0);
	f.leg = STR("debian");
	put(repo, &f, "a leg that was told", T0 + 1);
	f.attempt = 2;
	f.leg = STR("auto-22222222");
	put(repo, &f, "second attempt, one leg", T0 + 2);
	f.leg = STR("auto-33333333");
	put(repo, &f, "second attempt, another", T0 + 3);
	acc = account_of_sha(repo, SHA_A);
	assert_int_equal(acc.n, 3);
	equals(acc.steps[0].text, "a leg that was told");
	equals(acc.steps[1].text, "second attempt, one leg");
	equals(acc.steps[2].text, "second attempt, another");
	assert_int_equal(ask("SELECT count(*) FROM step"), 4);
}

static void an_attempt_of_one_run_does_not_hide_another_run(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	(void)state;

	put(repo, &f, "run 77", T0);
	f.external_run_id = STR("78");
	f.attempt = 2;
	put(repo, &f, "run 78", T0 + 1);
	assert_int_equal(account_of_sha(repo, SHA_A).n, 2);
}

static void a_commit_is_found_in_whatever_case(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	(void)state;

	put(repo, &f, "x", T0);
	assert_int_equal(account_of_sha(repo, "0123456789ABCDEF0123456789ABCDEF01234567").n, 1);
}

static void a_run_is_found_by_both_its_ids_and_held_to_the_repo(void **state)
{
	int64_t a = add_repo("default", "acme/pump"), b = add_repo("default", "acme/valve");
	struct step_facts f = a_step("make");
	struct account acc;
	(void)state;

	put(a, &f, "pump", T0);
	put(b, &f, "valve", T0 + 1);
	acc = account_of(&(struct step_query){ .external_run_id = STR("77") }, 10);
	assert_int_equal(acc.n, 2);
	acc = account_of(&(struct step_query){ .external_run_id = STR("77"), .repo_id = b }, 10);
	assert_int_equal(acc.n, 1);
	equals(acc.steps[0].text, "valve");
	acc = account_of(&(struct step_query){ .run_id = acc.steps[0].run_id }, 10);
	assert_int_equal(acc.n, 1);
	equals(acc.steps[0].text, "valve");
	acc = account_of(&(struct step_query){ .run_id = acc.steps[0].run_id, .repo_id = a }, 10);
	assert_int_equal(acc.tally.n_steps, 0);
}

static void a_query_that_names_nothing_is_refused(void **state)
{
	struct account acc;
	struct step_query q = { 0 };
	struct db *db = NULL;
	struct err e;
	(void)state;

	must(store_reader_get(fx.store, &db, &e), &e);
	assert_int_equal(
		steps_failed(db, &fx.arena, &q, 10, &acc.steps, &acc.n, &acc.tally, &acc.expired_at, &e),
		ERR_INVALID);
	store_reader_put(fx.store, db);
}

static void damaged_text_is_said_with_its_step(void **state)
{
	struct account acc;
	struct step_query q = { .external_run_id = STR("77") };
	struct step_facts f = a_step("make");
	struct db *db = NULL;
	struct err e;
	(void)state;

	put(add_repo("default", "acme/pump"), &f, "x", T0);
	tell("UPDATE tail SET zstd = 'not a frame'");
	must(store_reader_get(fx.store, &db, &e), &e);
	assert_int_equal(
		steps_failed(db, &fx.arena, &q, 10, &acc.steps, &acc.n, &acc.tally, &acc.expired_at, &e),
		ERR_STORAGE);
	says(&e, "step 1 is damaged");
	store_reader_put(fx.store, db);
}

#define T(name) cmocka_unit_test_setup_teardown(name, store_up, store_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(ten_thousand_retries_leave_one_row_and_one_id),
		T(a_retry_replaces_the_text_and_what_is_the_steps_own),
		T(two_legs_of_a_matrix_never_replace_each_other),
		T(a_post_that_tells_the_least_has_a_whole_key_too),
		T(no_part_of_a_key_can_be_null),
		T(an_id_or_index_tells_jobs_and_steps_apart_that_have_one_name),
		T(a_name_that_looks_like_an_id_or_index_is_still_a_name),
		T(mirrors_on_two_forges_do_not_collide),
		T(what_a_later_post_does_not_tell_stays),
		T(a_post_for_a_repo_that_is_gone_is_refused),
		T(everything_told_is_read_back),
		T(an_exit_code_that_was_not_told_is_not_made_up),
		T(an_empty_text_is_kept_as_an_empty_text),
		T(only_failed_steps_are_listed_and_all_are_counted),
		T(a_commit_that_nobody_posted_for_has_nothing),
		T(steps_come_in_the_order_they_were_received),
		T(the_limit_holds_the_list_to_the_newest_and_not_the_count),
		T(the_newest_attempt_of_each_job_is_taken),
		T(a_job_that_passes_at_last_is_no_failure_any_more),
		T(an_attempt_with_a_new_job_id_is_the_same_job_by_its_name),
		T(a_leg_that_was_made_up_does_not_keep_an_old_attempt_alive),
		T(an_attempt_of_one_run_does_not_hide_another_run),
		T(a_commit_is_found_in_whatever_case),
		T(a_run_is_found_by_both_its_ids_and_held_to_the_repo),
		T(a_query_that_names_nothing_is_refused),
		T(damaged_text_is_said_with_its_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
