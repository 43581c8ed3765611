/* errors_find() and groups_find(): what a context asks of many steps and groups at once. */
#include "tests/store/fixture.h"

#include "store/errors.h"

#include <stdio.h>

#define MANY 150

struct found { /* what explaining a step found */
	int64_t step_id;
	size_t n;
	const char *fingerprint;
	const char *failed;
};

static enum err_code explain_w(struct db *db, void *arg, struct err *e)
{
	const struct found *f = arg;
	struct error *errors = arena_array(&fx.arena, f->n + 1, sizeof *errors);
	struct str *templates = arena_array(&fx.arena, f->n + 1, sizeof *templates);
	struct due_step *due = NULL;
	size_t n_due = 0;

	TRY(explaining_due(db, &fx.arena, 1000, &due, &n_due, e));
	for (size_t i = 0; i < f->n; i++)
		errors[i] = (struct error){ .role = i < 2 ? ERROR_CAUSE : ERROR_CONSEQUENCE,
			.from_line = (int64_t)i,
			.to_line = (int64_t)i + 1,
			.message = arena_fmt(&fx.arena, "error %zu", i),
			.fingerprint = arena_fmt(&fx.arena, "%s-%zu", f->fingerprint, i) };
	for (size_t i = 0; i < n_due; i++) {
		struct explained x = { .step = due[i],
			.now = T0 + 5,
			.failed = str_z(f->failed ? f->failed : ""),
			.errors = errors,
			.templates = templates,
			.n = f->n };

		if (due[i].step_id == f->step_id)
			return errors_replace(db, &x, e);
	}
	return err_set(e, ERR_INTERNAL, "the step is not due");
}

static void explain(int64_t step_id, const char *fingerprint, size_t n)
{
	struct found f = { .step_id = step_id, .n = n, .fingerprint = fingerprint };

	must_write(explain_w, &f);
}

static int64_t a_step_of_run(int64_t repo_id, const char *name, const char *run, const char *branch)
{
	struct step_facts f = a_step(name);

	f.external_run_id = str_z(run);
	f.branch = str_z(branch);
	return put(repo_id, &f, "text", T0);
}

static size_t errors_of(const int64_t *ids, size_t n, int64_t each, struct found_errors **ret)
{
	struct db *db = NULL;
	struct err e;
	size_t n_found;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(errors_find(db, &fx.arena, ids, n, each, ret, &n_found, &e), &e);
	store_reader_put(fx.store, db);
	return n_found;
}

static size_t groups_of(const int64_t *ids, size_t n, struct group **ret)
{
	struct db *db = NULL;
	struct err e;
	size_t n_found;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(groups_find(db, &fx.arena, ids, n, T0 + DAY_MS, ret, &n_found, &e), &e);
	store_reader_put(fx.store, db);
	return n_found;
}

static void the_first_errors_of_each_step_are_found_in_the_order_asked_for(void **state)
{
	int64_t repo = add_repo("home", "acme/pump");
	int64_t one = a_step_of_run(repo, "one", "1", "main"), two = a_step_of_run(repo, "two", "1", "main");
	struct found_errors *found;
	(void)state;

	explain(one, "a", 5);
	explain(two, "b", 1);
	assert_int_equal(errors_of((const int64_t[]){ two, one }, 2, 3, &found), 2);
	assert_int_equal(found[0].step_id, two);
	assert_int_equal(found[0].n, 1);
	assert_int_equal(found[1].step_id, one);
	assert_int_equal(found[1].n, 3);
	assert_int_equal(found[1].total, 5);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(found[1].errors[i].number, i);
	equals(found[1].errors[1].message, "error 1");
	assert_int_equal(found[1].errors[1].repo_id, repo);
}

static void a_step_says_whether_it_was_explained(void **state)
{
	int64_t repo = add_repo("home", "acme/pump");
	int64_t clean = a_step_of_run(repo, "clean", "1", "main"),
		due = a_step_of_run(repo, "due", "1", "main");
	int64_t failed = a_step_of_run(repo, "failed", "1", "main");
	struct found why = { .step_id = failed, .fingerprint = "", .failed = "too long" };
	struct found_errors *found;
	(void)state;

	explain(clean, "a", 0);
	must_write(explain_w, &why);
	assert_int_equal(errors_of((const int64_t[]){ clean, due, failed, 999 }, 4, 3, &found), 3);
	assert_true(!found[0].due && found[0].explained_at == T0 + 5 && found[0].total == 0);
	assert_null(found[0].errors);
	assert_true(found[1].due && found[1].explained_at == 0);
	assert_false(found[2].due);
	equals(found[2].failed, "too long");
}

static void any_number_of_steps_is_one_list(void **state)
{
	int64_t repo = add_repo("home", "acme/pump"), ids[MANY];
	struct found_errors *found;
	char name[20];
	(void)state;

	for (size_t i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "step %zu", i);
		ids[i] = a_step_of_run(repo, name, "1", "main");
	}
	explain(ids[MANY - 1], "z", 2);
	assert_int_equal(errors_of(ids, MANY, 9, &found), MANY);
	assert_int_equal(found[MANY - 1].n, 2);
	assert_int_equal(errors_of(NULL, 0, 9, &found), 0);
}

static void groups_tell_in_how_many_runs_and_on_how_many_branches_they_were_seen(void **state)
{
	int64_t repo = add_repo("home", "acme/pump"), step = 0;
	struct found_errors *found;
	struct group *groups;
	char run[20];
	(void)state;

	for (size_t i = 0; i < 4; i++) {
		snprintf(run, sizeof run, "%zu", i);
		step = a_step_of_run(repo, "one", run, i % 2 ? "main" : "topic");
		explain(step, "same", 2);
	}
	assert_int_equal(errors_of(&step, 1, 9, &found), 1);
	assert_int_equal(
		groups_of((const int64_t[]){ found->errors[1].group_id, 999, found->errors[0].group_id }, 3,
			&groups),
		2);
	assert_int_equal(groups[0].id, found->errors[1].group_id);
	assert_int_equal(groups[1].id, found->errors[0].group_id);
	assert_int_equal(groups[1].counts.runs, 4);
	assert_int_equal(groups[1].counts.branches, 2);
	assert_int_equal(groups[1].counts.all, 4);
	assert_false(groups[1].counts.more);
	equals(groups[1].new_in_sha, SHA_A);
	assert_int_equal(groups_of(NULL, 0, &groups), 0);
}

static void a_group_with_more_errors_than_are_counted_is_counted_up_to_there(void **state)
{
	int64_t repo = add_repo("home", "acme/pump");
	int64_t step = a_step_of_run(repo, "one", "1", "main");
	struct found_errors *found;
	struct group *groups;
	char sql[1000];
	(void)state;

	explain(step, "same", 1);
	assert_int_equal(errors_of(&step, 1, 9, &found), 1);
	snprintf(sql, sizeof sql,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 600)"
		" INSERT INTO error SELECT step_id, i, run_id, group_id, occurred_at, from_line, to_line, "
		"head_line,"
		" start_byte, end_byte, role, class, severity, found_by, rule, tool, file, line, col, code, "
		"test,"
		" message, advice, why, fingerprint, score, flaky, reruns FROM error JOIN n WHERE step_id = "
		"%lld",
		(long long)step);
	tell(sql);
	assert_int_equal(groups_of(&found->errors[0].group_id, 1, &groups), 1);
	assert_int_equal(groups->counts.all, GROUPS_COUNTED);
	assert_int_equal(groups->counts.runs, 1);
	assert_true(groups->counts.more);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, store_up, store_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_first_errors_of_each_step_are_found_in_the_order_asked_for),
		TEST(a_step_says_whether_it_was_explained),
		TEST(any_number_of_steps_is_one_list),
		TEST(groups_tell_in_how_many_runs_and_on_how_many_branches_they_were_seen),
		TEST(a_group_with_more_errors_than_are_counted_is_counted_up_to_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
