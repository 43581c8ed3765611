/* errors.c: what broke in a step is replaced as a whole, listed, and goes. */
#include "tests/store/story.h"

/* ---- replacing ---- */

static void what_was_found_is_read_back_as_it_was(void **state)
{
	int64_t step = failed(SHA_A, "1", T0), total;
	struct error f = cause("undeclared"), *back;
	size_t n = 0;
	(void)state;

	f.flaky = true;
	f.reruns = 2;
	f.test = STR("T");
	f.advice = STR("declare it");
	f.why = STR("first");
	f.score = 7;
	replace(step, &f, 1);
	back = list(&(struct error_query){ .step_id = step }, &n, &total);
	assert_int_equal(n, 1);
	assert_int_equal(back->step_id, step);
	assert_int_equal(back->number, 0);
	assert_int_equal(back->repo_id, repo);
	assert_int_equal(back->occurred_at, T0);
	assert_int_equal(back->from_line, 10);
	assert_int_equal(back->to_line, 14);
	assert_int_equal(back->start_byte, 100);
	assert_int_equal(back->end_byte, 200);
	assert_int_equal(back->line, 12);
	assert_int_equal(back->col, 3);
	assert_int_equal(back->score, 7);
	assert_int_equal(back->reruns, 2);
	assert_true(back->flaky);
	equals(back->file, "src/pump.c");
	equals(back->test, "T");
	equals(back->advice, "declare it");
	equals(back->why, "first");
	assert_int_equal(back->group_id, group_of("undeclared").id);
}

static void replacing_twice_is_replacing_once(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct group before, after;
	(void)state;

	found(step, "a", "b");
	before = group_of("a");
	must_write(mark_w, &step);
	found(step, "a", "b");
	after = group_of("a");
	assert_errors(&(struct error_query){ .step_id = step }, "a b");
	assert_int_equal(after.id, before.id);
	assert_int_equal(after.counts.all, 1);
	assert_int_equal(after.first_seen_at, before.first_seen_at);
	assert_int_equal(after.reopened_at, 0);
	assert_int_equal(ask("SELECT count(*) FROM error_group"), 2);
}

static void a_step_that_changed_meanwhile_is_left_alone(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct error f = cause("of the old text");
	struct explained x = {
		.step = { step, due_of(step) }, .errors = &f, .templates = &f.message, .n = 1
	};
	(void)state;

	must_write(mark_w, &step); /* posted again */
	must_write(replace_w, &x);
	assert_errors(&(struct error_query){ .step_id = step }, "");
	assert_true(due_of(step) > 0);
	x.step.step_id = 999;
	must_write(replace_w, &x); /* gone */
	assert_int_equal(ask("SELECT count(*) FROM error_group"), 0);
}

static void only_causes_come_into_groups(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct error f[3] = { cause("a"), cause("make: ***"), cause("a hint") };
	(void)state;

	f[1].role = ERROR_CONSEQUENCE;
	f[2].role = ERROR_CONTEXT;
	replace(step, f, 3);
	assert_groups(&(struct group_query){ 0 }, "a");
	assert_errors(&(struct error_query){ .step_id = step }, "a make: *** a hint");
}

static void the_state_of_explaining_is_told(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct explained x = { .step = { step, due_of(step) }, .now = T0 + 5, .failed = STR("too large") };
	struct error_state s;
	struct db *db = NULL;
	struct err e;
	(void)state;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(errors_state(db, &fx.arena, step, &s, &e), &e);
	assert_true(s.due && s.explained_at == 0 && s.failed.len == 0);
	must_write(replace_w, &x);
	must(errors_state(db, &fx.arena, step, &s, &e), &e);
	assert_true(!s.due && s.explained_at == T0 + 5);
	equals(s.failed, "too large");
	assert_int_equal(errors_state(db, &fx.arena, 999, &s, &e), ERR_NOT_FOUND);
	store_reader_put(fx.store, db);
}

static void a_step_that_cannot_be_explained_or_has_lost_its_text_keeps_its_errors(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct error f = cause("how it ended");
	struct explained x = { .now = T0 + 9, .errors = &f, .templates = &f.message, .n = 1 };
	(void)state;

	found(step, "a", "b");
	for (int gone = 0; gone < 2; gone++) {
		must_write(mark_w, &step);
		x.step = (struct due_step){ step, due_of(step) };
		x.text_gone = gone;
		x.failed = gone ? STR("") : STR("its log is damaged");
		must_write(replace_w, &x);
		assert_errors(&(struct error_query){ .step_id = step }, "a b");
		assert_int_equal(due_of(step), 0);
		assert_int_equal(ask("SELECT explained_at FROM step"), T0 + 9);
	}
	must_write(mark_w, &step);
	found(step, NULL, NULL); /* it did not fail after all */
	assert_errors(&(struct error_query){ .step_id = step }, "");
}

/* ---- lists ---- */

static void errors_are_filtered_by_role_class_and_severity(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct error f[4] = { cause("a"), cause("b"), cause("c"), cause("d") };
	(void)state;

	f[1].role = ERROR_CONSEQUENCE;
	f[2].class = CLASS_OUT_OF_MEMORY;
	f[3].class = CLASS_DISK;
	f[3].severity = SEVERITY_WARNING;
	replace(step, f, 4);
	assert_errors(&(struct error_query){ .step_id = step, .roles = 1u << ERROR_CONSEQUENCE }, "b");
	assert_errors(&(struct error_query){ .step_id = step, .classes = 1u << CLASS_OUT_OF_MEMORY }, "c");
	assert_errors(&(struct error_query){ .step_id = step,
			      .classes = 1u << CLASS_OUT_OF_MEMORY | 1u << CLASS_DISK },
		"c d");
	assert_errors(&(struct error_query){ .step_id = step, .severities = 1u << SEVERITY_WARNING }, "d");
	assert_errors(
		&(struct error_query){
			.step_id = step, .fatal = 1u << CLASS_DISK, .severities = 1u << SEVERITY_WARNING },
		"");
	assert_errors(
		&(struct error_query){
			.step_id = step, .fatal = 1u << CLASS_DISK, .severities = 1u << SEVERITY_FATAL },
		"d");
	assert_errors(&(struct error_query){ .step_id = step, .limit = 2, .offset = 1 }, "b c");
}

static int64_t job_step(const char *job, int64_t attempt, enum conclusion c, const char *message)
{
	struct step_facts f = a_step("test");
	int64_t id;

	f.job_name = str_z(job);
	f.attempt = attempt;
	f.conclusion = c;
	id = put(repo, &f, "x", T0 + attempt);
	found(id, message, NULL);
	return id;
}

static void errors_of_a_run_are_those_of_the_steps_that_make_it_fail(void **state)
{
	int64_t run = 1, due = -1, waiting;
	struct error_count *counts = NULL;
	struct db *db = NULL;
	size_t n = 0;
	struct err e;
	(void)state;

	job_step("one", 1, CONCLUSION_FAILURE, "old");
	job_step("one", 2, CONCLUSION_FAILURE, "new");
	job_step("two", 1, CONCLUSION_FAILURE, "mended");
	job_step("two", 2, CONCLUSION_SUCCESS, "of a report beside it");
	job_step("three", 1, CONCLUSION_CANCELLED, "stopped");
	waiting = job_step("four", 1, CONCLUSION_TIMED_OUT, "slow");
	assert_errors(&(struct error_query){ .run_id = run }, "new slow");
	must(store_reader_get(fx.store, &db, &e), &e);
	must(errors_count(db, &fx.arena, run, &counts, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_int_equal(counts[0].n, 2);
	must(errors_due(db, run, &due, &e), &e);
	assert_int_equal(due, 0);
	must_write(mark_w, &waiting);
	must(errors_due(db, run, &due, &e), &e);
	assert_int_equal(due, 1);
	store_reader_put(fx.store, db);
}

static void groups_are_filtered_and_sorted_both_ways(void **state)
{
	int64_t other = add_repo("home", "acme/valve"), mine = repo;
	struct error f = cause("disk full");
	(void)state;

	found(failed(SHA_A, "1", T0), "a", "b");
	found(failed(SHA_A, "2", T0 + HOUR), "b", "c");
	found(failed(SHA_A, "3", T0 + 2 * HOUR), "b", NULL);
	repo = other;
	f.class = CLASS_DISK;
	replace(failed(SHA_A, "4", T0 + 3 * HOUR), &f, 1);
	repo = mine;
	assert_groups(&(struct group_query){ .order = GROUPS_BY_COUNT }, "b disk full c a");
	assert_groups(&(struct group_query){ .order = GROUPS_BY_COUNT, .up = true }, "a c disk full b");
	assert_groups(&(struct group_query){ .order = GROUPS_NEWEST }, "disk full c b a");
	assert_groups(&(struct group_query){ .order = GROUPS_NEWEST, .up = true }, "a b c disk full");
	assert_groups(&(struct group_query){ .order = GROUPS_LAST_SEEN }, "disk full b c a");
	assert_groups(&(struct group_query){ .order = GROUPS_LAST_SEEN, .up = true }, "a c b disk full");
	assert_groups(&(struct group_query){ .repo_id = other }, "disk full");
	assert_groups(
		&(struct group_query){ .repo = STR("ACME/Valve"), .order = GROUPS_NEWEST }, "disk full");
	assert_groups(&(struct group_query){ .repo = STR("acme/valve"), .forge = STR("hub") }, "");
	assert_groups(&(struct group_query){ .repo = STR("acme/valve"), .repo_id = mine }, "");
	assert_groups(&(struct group_query){ .classes = 1u << CLASS_DISK }, "disk full");
	assert_groups(&(struct group_query){ .new_since = T0 + HOUR, .order = GROUPS_NEWEST }, "disk full c");
	assert_groups(&(struct group_query){ .order = GROUPS_NEWEST, .limit = 2, .offset = 1 }, "c b");
}

/* ---- going ---- */

static void a_group_goes_with_its_last_error_unless_somebody_said_something(void **state)
{
	int64_t one = failed(SHA_A, "1", T0), two = failed(SHA_A, "2", T0 + HOUR);
	(void)state;

	found(one, "a", "b");
	found(two, "a", NULL);
	link_issue("b", "https://tracker/1");
	must_write(mark_w, &one);
	found(one, NULL, NULL);
	assert_groups(&(struct group_query){ .order = GROUPS_NEWEST, .up = true }, "a b");
	assert_int_equal(group_of("b").counts.all, 0);
	must_write(mark_w, &two);
	found(two, NULL, NULL);
	assert_groups(&(struct group_query){ 0 }, "b");
}

static void a_group_that_loses_its_newest_error_tells_of_the_one_before(void **state)
{
	int64_t old = failed(SHA_A, "1", T0), new = step_of(SHA_A, "2", "fix", CONCLUSION_FAILURE, T0 + HOUR);
	struct error f = cause("as it was");
	(void)state;

	f.fingerprint = STR("a");
	replace(old, &f, 1);
	f.message = STR("as it is");
	f.class = CLASS_LINK;
	replace(new, &f, 1);
	equals(group_of("a").message, "as it is");
	must_write(mark_w, &new);
	found(new, NULL, NULL);
	equals(group_of("a").message, "as it was");
	assert_int_equal(group_of("a").class, CLASS_COMPILE);
	assert_int_equal(group_of("a").last_step_id, old);
	assert_int_equal(group_of("a").last_seen_at, T0);
	passed(SHA_B, "3", T0 + 2 * HOUR); /* on its branch */
	equals(group_of("a").fixed_in, SHA_B);
}

struct expire_call {
	int64_t before, limit, rows;
};

static enum err_code expire_w(struct db *db, void *arg, struct err *e)
{
	struct expire_call *c = arg;

	return errors_expire(db, c->before, c->limit, false, &c->rows, e);
}

static void old_errors_go_some_at_a_time_and_their_empty_groups_with_them(void **state)
{
	struct expire_call c = { .before = T0 + HOUR, .limit = 2 };
	struct db *db = NULL;
	int64_t rows = 0;
	struct err e;
	(void)state;

	found(failed(SHA_A, "1", T0), "a", "b");
	found(failed(SHA_A, "2", T0 + 1), "c", NULL);
	found(failed(SHA_A, "3", T0 + HOUR), "b", NULL);
	must(store_reader_get(fx.store, &db, &e), &e);
	must(errors_expire(db, c.before, c.limit, true, &rows, &e), &e);
	store_reader_put(fx.store, db);
	assert_int_equal(rows, 3);
	must_write(expire_w, &c);
	assert_int_equal(c.rows, 2);
	must_write(expire_w, &c);
	assert_int_equal(c.rows, 1);
	assert_groups(&(struct group_query){ 0 }, "b");
	assert_int_equal(group_of("b").counts.all, 1);
}

static enum err_code remove_w(struct db *db, void *arg, struct err *e)
{
	return repos_remove(db, *(int64_t *)arg, T0, e);
}

static void with_a_repo_go_its_errors_and_groups_and_no_others(void **state)
{
	int64_t gone = repo;
	(void)state;

	found(failed(SHA_A, "1", T0), "a", "b");
	link_issue("b", "https://tracker/1");
	repo = add_repo("home", "acme/valve");
	found(failed(SHA_A, "1", T0), "a", NULL);
	must_write(remove_w, &gone);
	assert_int_equal(ask("SELECT count(*) FROM error"), 1);
	assert_groups(&(struct group_query){ 0 }, "a");
	assert_int_equal(group_of("a").repo_id, repo);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, one_repo, store_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_was_found_is_read_back_as_it_was),
		TEST(replacing_twice_is_replacing_once),
		TEST(a_step_that_changed_meanwhile_is_left_alone),
		TEST(only_causes_come_into_groups),
		TEST(the_state_of_explaining_is_told),
		TEST(a_step_that_cannot_be_explained_or_has_lost_its_text_keeps_its_errors),
		TEST(errors_are_filtered_by_role_class_and_severity),
		TEST(errors_of_a_run_are_those_of_the_steps_that_make_it_fail),
		TEST(groups_are_filtered_and_sorted_both_ways),
		TEST(a_group_goes_with_its_last_error_unless_somebody_said_something),
		TEST(a_group_that_loses_its_newest_error_tells_of_the_one_before),
		TEST(old_errors_go_some_at_a_time_and_their_empty_groups_with_them),
		TEST(with_a_repo_go_its_errors_and_groups_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
