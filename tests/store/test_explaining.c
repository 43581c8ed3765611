/* explaining: the newest steps that have their text, and what a step is compared with. */
#include "tests/store/fixture.h"

#include "store/errors.h"

static int64_t put_as(
	int64_t repo, const char *name, const char *run, enum conclusion conclusion, int64_t now)
{
	struct step_facts f = a_step(name);

	f.external_run_id = str_z(run);
	f.conclusion = conclusion;
	return put(repo, &f, "text\n", now);
}

/* The newest, as ids with blanks between them. */
static void newest_are(int64_t repo, bool failed, int64_t limit, const char *want)
{
	struct db *db = NULL;
	int64_t *ids = NULL;
	struct err e;
	size_t n = 0;
	AUTO_BUF got;

	buf_init(&got, SIZE_MAX);
	must(store_reader_get(fx.store, &db, &e), &e);
	must(explaining_newest(db, &fx.arena, repo, 0, failed, limit, &ids, &n, &e), &e);
	store_reader_put(fx.store, db);
	for (size_t i = 0; i < n; i++)
		buf_fmt(&got, "%s%lld", i ? " " : "", (long long)ids[i]);
	assert_string_equal(buf_cstr(&got), want);
}

static void the_newest_that_passed_or_failed_and_have_their_text_are_found(void **state)
{
	int64_t a = add_repo("home", "acme/pump"), b = add_repo("home", "acme/valve");
	(void)state;

	assert_int_equal(put_as(a, "one", "1", CONCLUSION_SUCCESS, T0), 1);
	assert_int_equal(put_as(a, "two", "1", CONCLUSION_FAILURE, T0 + 1), 2);
	assert_int_equal(put_as(b, "one", "1", CONCLUSION_SUCCESS, T0 + 2), 3);
	assert_int_equal(put_as(a, "three", "1", CONCLUSION_TIMED_OUT, T0 + 3), 4);
	assert_int_equal(put_as(a, "four", "1", CONCLUSION_SUCCESS, T0 + 4), 5);
	assert_int_equal(put_as(a, "five", "1", CONCLUSION_SKIPPED, T0 + 5), 6);
	newest_are(a, false, 10, "5 1");
	newest_are(a, false, 1, "5");
	newest_are(b, false, 10, "3");
	newest_are(0, false, 10, "5 3 1");
	newest_are(a, true, 10, "4 2");
	newest_are(b, true, 10, "");
	tell("UPDATE step SET log_expired_at = 1 WHERE id = 5");
	newest_are(0, false, 10, "3 1");
}

static int64_t baseline_of(int64_t step_id)
{
	struct db *db = NULL;
	int64_t id = -1;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(explaining_baseline(db, step_id, false, &id, &e), &e);
	store_reader_put(fx.store, db);
	return id;
}

static void a_step_is_compared_with_another_time_that_it_passed(void **state)
{
	int64_t repo = add_repo("home", "acme/pump");
	int64_t first = put_as(repo, "one", "1", CONCLUSION_SUCCESS, T0);
	int64_t red = put_as(repo, "one", "2", CONCLUSION_FAILURE, T0 + 1);
	int64_t second = put_as(repo, "one", "3", CONCLUSION_SUCCESS, T0 + 2);
	(void)state;

	assert_int_equal(baseline_of(red), second);
	assert_int_equal(baseline_of(second), first); /* not with itself */
	assert_int_equal(baseline_of(put_as(repo, "two", "3", CONCLUSION_FAILURE, T0 + 3)), 0);
}

static enum err_code mark_again(struct db *db, void *arg, struct err *e)
{
	int64_t *after = arg;

	return explaining_again(db, *after, 2, after, e);
}

static void all_failed_steps_that_have_their_text_are_due_again_a_few_at_a_time(void **state)
{
	int64_t repo = add_repo("home", "acme/pump"), after = 0;
	int rounds = 0;
	(void)state;

	for (int i = 0; i < 5; i++)
		put_as(repo,
			i == 0   ? "a"
			: i == 1 ? "b"
			: i == 2 ? "c"
			: i == 3 ? "d"
				 : "e",
			"1", i == 1 ? CONCLUSION_SUCCESS : CONCLUSION_FAILURE, T0 + i);
	tell("UPDATE step SET explain_due = 0");
	tell("UPDATE step SET log_expired_at = 1 WHERE id = 3");
	tell("UPDATE step SET stored_bytes = 0 WHERE id = 4"); /* its log is not sealed yet */
	do {
		must_write(mark_again, &after);
		rounds++;
	} while (after > 0);
	assert_int_equal(rounds, 3);
	assert_int_equal(ask("SELECT count(*) FROM step WHERE explain_due = 1 AND id IN (1, 4, 5)"), 3);
	assert_int_equal(ask("SELECT count(*) FROM step WHERE explain_due <> 0"), 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			the_newest_that_passed_or_failed_and_have_their_text_are_found, store_up, store_down),
		cmocka_unit_test_setup_teardown(
			a_step_is_compared_with_another_time_that_it_passed, store_up, store_down),
		cmocka_unit_test_setup_teardown(
			all_failed_steps_that_have_their_text_are_due_again_a_few_at_a_time, store_up,
			store_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
