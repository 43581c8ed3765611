/* groups: what errors, steps and people say of them. */
#include "tests/store/story.h"

#define SHA_C "fedcba9876543210fedcba9876543210fedcba98"

/* ---- what is counted ---- */

static void errors_of_a_group_are_counted_in_their_windows(void **state)
{
	int64_t now = T0 + 40 * DAY;
	struct group g;
	(void)state;

	found(failed(SHA_A, "1", now - 35 * DAY), "a", NULL);
	found(failed(SHA_A, "2", now - 20 * DAY), "a", NULL);
	found(step_of(SHA_B, "3", "fix", CONCLUSION_FAILURE, now - 3 * DAY), "a", NULL);
	found(failed(SHA_B, "4", now - HOUR), "a", "b");
	g = group_at("a", now);
	assert_int_equal(g.counts.hours_24, 1);
	assert_int_equal(g.counts.days_7, 2);
	assert_int_equal(g.counts.days_30, 3);
	assert_int_equal(g.counts.all, 4);
	assert_int_equal(g.counts.runs, 4);
	assert_int_equal(g.counts.branches, 2);
	assert_int_equal(g.first_seen_at, now - 35 * DAY);
	assert_int_equal(g.last_seen_at, now - HOUR);
	equals(g.new_in_sha, SHA_A);
	assert_errors(&(struct error_query){ .group_id = g.id }, "a a a a");
}

static void a_group_that_is_found_late_is_new_where_it_was_first(void **state)
{
	int64_t early = failed(SHA_A, "1", T0);
	(void)state;

	found(failed(SHA_B, "2", T0 + HOUR), "a", NULL);
	equals(group_of("a").new_in_sha, SHA_B);
	found(early, "a", NULL); /* explained behind the other */
	equals(group_of("a").new_in_sha, SHA_A);
	assert_int_equal(group_of("a").first_seen_at, T0);
	assert_int_equal(group_of("a").last_seen_at, T0 + HOUR);
}

/* ---- what steps say of groups ---- */

static void a_failure_that_passes_on_its_commit_is_flaky(void **state)
{
	(void)state;
	found(failed(SHA_A, "1", T0), "a", NULL);
	assert_int_equal(group_of("a").flaky_at, 0);
	passed(SHA_B, "2", T0 + HOUR);
	assert_int_equal(group_of("a").flaky_at, 0); /* another commit */
	passed(SHA_A, "3", T0 + 2 * HOUR);
	assert_int_equal(group_of("a").flaky_at, T0 + 2 * HOUR);
	equals(group_of("a").flaky_sha, SHA_A);
	assert_groups(&(struct group_query){ .flaky = true }, "a");
}

static void a_failure_of_a_commit_that_passed_before_is_flaky(void **state)
{
	(void)state;
	passed(SHA_A, "1", T0);
	found(failed(SHA_A, "2", T0 + HOUR), "a", NULL);
	found(failed(SHA_B, "3", T0 + 2 * HOUR), "b", NULL);
	assert_int_equal(group_of("a").flaky_at, T0 + HOUR);
	assert_int_equal(group_of("b").flaky_at, 0);
	assert_groups(&(struct group_query){ .flaky = true }, "a");
}

static void a_test_that_passed_when_it_was_tried_again_is_flaky(void **state)
{
	struct error f = cause("a");
	int64_t step = failed(SHA_A, "1", T0);
	(void)state;

	f.flaky = true;
	replace(step, &f, 1);
	assert_int_equal(group_of("a").flaky_at, T0);
	replace(failed(SHA_B, "2", T0 + HOUR), &f, 1);
	must_write(mark_w, &step); /* an old one looked at again does not put it back */
	replace(step, &f, 1);
	assert_int_equal(group_of("a").flaky_at, T0 + HOUR);
	equals(group_of("a").flaky_sha, SHA_B);
}

static void a_group_is_fixed_where_its_step_passes_on_its_branch_until_it_is_seen_again(void **state)
{
	(void)state;
	found(failed(SHA_A, "1", T0), "a", NULL);
	found(step_of(SHA_B, "2", "fix", CONCLUSION_SUCCESS, T0 + HOUR), NULL, NULL);
	equals(group_of("a").fixed_in, ""); /* another branch */
	passed(SHA_A, "3", T0 + 2 * HOUR);
	equals(group_of("a").fixed_in, ""); /* the same commit: flaky */
	passed(SHA_B, "4", T0 + 3 * HOUR);
	equals(group_of("a").fixed_in, SHA_B);
	assert_int_equal(group_of("a").fixed_at, T0 + 3 * HOUR);
	found(failed(SHA_A, "5", T0 + 4 * HOUR), "a", NULL);
	equals(group_of("a").fixed_in, "");
}

static void an_old_failure_found_late_does_not_undo_a_fix(void **state)
{
	int64_t late = failed(SHA_A, "1", T0);
	(void)state;

	found(failed(SHA_A, "2", T0 + HOUR), "a", NULL);
	passed(SHA_B, "3", T0 + 2 * HOUR);
	found(late, "a", NULL);
	equals(group_of("a").fixed_in, SHA_B);
}

static void a_failure_that_is_explained_after_the_step_has_passed_again_is_fixed(void **state)
{
	int64_t late = failed(SHA_A, "1", T0);
	(void)state;

	passed(SHA_B, "2", T0 + HOUR);
	passed(SHA_B, "3", T0 + 2 * HOUR);
	found(late, "a", NULL);
	equals(group_of("a").fixed_in, SHA_B);
	assert_int_equal(group_of("a").fixed_at, T0 + HOUR);
	found(step_of(SHA_A, "4", "fix", CONCLUSION_FAILURE, T0), "b", NULL);
	equals(group_of("b").fixed_in, ""); /* passed on another branch */
	found(failed(SHA_B, "5", T0), "c", NULL);
	equals(group_of("c").fixed_in, ""); /* on the same commit: flaky */
	found(failed(SHA_A, "6", T0 + 3 * HOUR), "d", NULL);
	equals(group_of("d").fixed_in, ""); /* before */
}

/* ---- what people say ---- */

static void a_resolved_group_opens_again_when_it_is_seen_after_that(void **state)
{
	int64_t old = failed(SHA_A, "0", T0);
	(void)state;

	found(failed(SHA_A, "1", T0 + HOUR), "a", NULL);
	say("a", GROUP_RESOLVED, 0, T0 + 2 * HOUR);
	found(old, "a", NULL); /* was there before that */
	assert_int_equal(group_of("a").state, GROUP_RESOLVED);
	found(failed(SHA_B, "2", T0 + 3 * HOUR), "a", NULL);
	assert_int_equal(group_of("a").state, GROUP_OPEN);
	assert_int_equal(group_of("a").reopened_at, T0 + 3 * HOUR);
	say("a", GROUP_OPEN, 0, T0 + 4 * HOUR);
	assert_int_equal(group_of("a").reopened_at, 0);
}

static void a_snoozed_group_is_open_when_its_time_has_come(void **state)
{
	(void)state;
	found(failed(SHA_A, "1", T0), "a", NULL);
	say("a", GROUP_SNOOZED, T0 + 5 * DAY, T0);
	assert_int_equal(group_at("a", T0 + 5 * DAY - 1).state, GROUP_SNOOZED);
	assert_int_equal(group_at("a", T0 + 5 * DAY).state, GROUP_OPEN);
	assert_groups(&(struct group_query){ .states = 1u << GROUP_SNOOZED }, "a");
	assert_groups(&(struct group_query){ .states = 1u << GROUP_OPEN }, "");
	assert_groups(&(struct group_query){ .states = 1u << GROUP_OPEN, .now = T0 + 6 * DAY }, "a");
}

static void a_group_of_another_repo_is_not_changed(void **state)
{
	struct change_call c = { .now = T0, .change = { .has_state = true, .state = GROUP_RESOLVED } };
	struct err e;
	(void)state;

	found(failed(SHA_A, "1", T0), "a", NULL);
	c.id = group_of("a").id;
	c.repo_id = add_repo("home", "acme/valve");
	assert_int_equal(try_write(change_w, &c, &e), ERR_NOT_FOUND);
	assert_int_equal(group_of("a").state, GROUP_OPEN);
	c.repo_id = repo;
	must_write(change_w, &c);
	assert_int_equal(group_of("a").state, GROUP_RESOLVED);
}

static void what_people_said_follows_an_error_to_its_new_fingerprint(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	(void)state;

	found(step, "a", "b");
	link_issue("a", "https://tracker/1");
	say("a", GROUP_SNOOZED, T0 + 9 * DAY, T0);
	must_write(mark_w, &step);
	found(step, "a, better said", "b");
	equals(group_of("a, better said").issue, "https://tracker/1");
	assert_int_equal(group_of("a, better said").state, GROUP_SNOOZED);
	assert_int_equal(group_of("a, better said").snoozed_until, T0 + 9 * DAY);
	equals(group_of("b").issue, "");
	equals(group_of("a").issue, "https://tracker/1"); /* it stays, as it was said of it */
}

static void another_text_is_another_error_whatever_lines_it_has(void **state)
{
	struct step_facts f = a_step("test");
	int64_t step;
	(void)state;

	f.branch = STR("main");
	f.conclusion = CONCLUSION_FAILURE;
	step = put(repo, &f, "x", T0);
	found(step, "a", NULL);
	say("a", GROUP_SNOOZED, T0 + 9 * DAY, T0);
	assert_int_equal(put(repo, &f, "y", EXPLAINED_AT + HOUR), step); /* posted again */
	found(step, "b", NULL);
	assert_int_equal(group_of("b").state, GROUP_OPEN);
}

static void an_error_without_lines_is_carried_nowhere(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct error f = cause("of a report");
	(void)state;

	f.from_line = f.to_line = 12; /* within the lines of a */
	found(step, "a", NULL);
	say("a", GROUP_SNOOZED, T0 + 9 * DAY, T0);
	must_write(mark_w, &step);
	replace(step, &f, 1);
	assert_int_equal(group_of("of a report").state, GROUP_OPEN);
}

static void a_new_fingerprint_is_as_old_and_as_fixed_as_the_one_before(void **state)
{
	int64_t first = failed(SHA_A, "1", T0), second = failed(SHA_B, "2", T0 + HOUR);
	struct error f = cause("a");
	struct step_facts green = a_step("test");
	struct group g;
	(void)state;

	green.head_sha = STR(SHA_C);
	green.external_run_id = STR("3");
	green.branch = STR("main");
	green.conclusion = CONCLUSION_SUCCESS;
	found(first, "a", NULL);
	found(second, "a", NULL);
	found(put(repo, &green, "", T0 + 2 * HOUR), NULL, NULL); /* its text is not kept */
	must_write(mark_w, &second); /* the text of the first has expired: it is not looked at again */
	f.fingerprint = STR("new a");
	f.from_line++;
	replace(second, &f, 1);
	g = group_of("new a");
	equals(g.new_in_sha, SHA_A);
	assert_int_equal(g.first_seen_at, T0);
	assert_int_equal(g.last_seen_at, T0 + HOUR);
	equals(g.fixed_in, SHA_C);
	assert_int_equal(g.fixed_at, T0 + 2 * HOUR);
}

static void what_was_said_of_the_new_group_goes_before_what_is_carried_over(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	(void)state;

	found(step, "a", NULL);
	found(failed(SHA_A, "2", T0 + HOUR), "b", NULL);
	link_issue("a", "https://tracker/1");
	link_issue("b", "https://tracker/2");
	must_write(mark_w, &step);
	found(step, "b", NULL);
	equals(group_of("b").issue, "https://tracker/2");
}

static void what_was_seen_again_after_somebody_resolved_it_is_not_put_off_by_what_was_said_of_another(
	void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	(void)state;

	found(step, "a", NULL);
	say("a", GROUP_SNOOZED, T0 + 9 * DAY, T0);
	found(failed(SHA_A, "2", T0), "b", NULL);
	say("b", GROUP_RESOLVED, 0, T0 + 1);
	found(failed(SHA_A, "3", T0 + HOUR), "b", NULL);
	must_write(mark_w, &step);
	found(step, "b", NULL);
	assert_int_equal(group_of("b").state, GROUP_OPEN);
	assert_int_equal(group_of("b").reopened_at, T0 + HOUR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, one_repo, store_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(errors_of_a_group_are_counted_in_their_windows),
		TEST(a_group_that_is_found_late_is_new_where_it_was_first),
		TEST(a_failure_that_passes_on_its_commit_is_flaky),
		TEST(a_failure_of_a_commit_that_passed_before_is_flaky),
		TEST(a_test_that_passed_when_it_was_tried_again_is_flaky),
		TEST(a_group_is_fixed_where_its_step_passes_on_its_branch_until_it_is_seen_again),
		TEST(an_old_failure_found_late_does_not_undo_a_fix),
		TEST(a_failure_that_is_explained_after_the_step_has_passed_again_is_fixed),
		TEST(a_resolved_group_opens_again_when_it_is_seen_after_that),
		TEST(a_snoozed_group_is_open_when_its_time_has_come),
		TEST(a_group_of_another_repo_is_not_changed),
		TEST(what_people_said_follows_an_error_to_its_new_fingerprint),
		TEST(another_text_is_another_error_whatever_lines_it_has),
		TEST(an_error_without_lines_is_carried_nowhere),
		TEST(a_new_fingerprint_is_as_old_and_as_fixed_as_the_one_before),
		TEST(what_was_said_of_the_new_group_goes_before_what_is_carried_over),
		TEST(what_was_seen_again_after_somebody_resolved_it_is_not_put_off_by_what_was_said_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
