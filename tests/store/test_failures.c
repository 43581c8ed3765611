/* failures.c: the newest runs that failed. */
#include "tests/store/fixture.h"

#include <stdio.h>
#include <string.h>

static int64_t pump;

static int a_repo(void **state)
{
	if (store_up(state) != 0)
		return -1;
	pump = add_repo("home", "Acme/Pump");
	return 0;
}

/* A step of that run, at T0 and some seconds. */
static int64_t ends(int64_t repo, const char *run, const char *step, enum conclusion how, int64_t attempt,
	int64_t seconds)
{
	struct step_facts f = a_step(step);

	f.external_run_id = str_z(run);
	f.conclusion = how;
	f.attempt = attempt;
	return put(repo, &f, "text", T0 + 1000 * seconds);
}

struct list {
	struct failure *first;
	size_t n;
};

static struct list newest(int64_t repo_id, int64_t limit)
{
	struct list l = { 0 };
	struct db *db = NULL;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(failures_newest(db, &fx.arena, repo_id, 0, T0 + 100000, limit, &l.first, &l.n, &e), &e);
	store_reader_put(fx.store, db);
	return l;
}

/* The forge's ids of the runs, like "3 2 1". */
static void assert_newest(int64_t repo_id, int64_t limit, const char *want)
{
	struct list l = newest(repo_id, limit);
	char got[200] = "";

	for (size_t i = 0; i < l.n; i++)
		snprintf(got + strlen(got), 20, "%s%.*s", *got ? " " : "",
			STR_FMT(l.first[i].run.external_run_id));
	assert_string_equal(got, want);
}

static void those_that_failed_come_by_when_they_were_last_heard_of(void **state)
{
	(void)state;
	assert_newest(0, 10, "");
	ends(pump, "1", "make", CONCLUSION_FAILURE, 1, 1);
	ends(pump, "2", "make", CONCLUSION_SUCCESS, 1, 2);
	ends(pump, "3", "make", CONCLUSION_TIMED_OUT, 1, 3);
	ends(pump, "4", "make", CONCLUSION_CANCELLED, 1, 4);
	ends(pump, "5", "make", CONCLUSION_SKIPPED, 1, 5);
	assert_newest(0, 10, "3 1");
	ends(pump, "1", "test", CONCLUSION_SUCCESS, 1, 9);
	assert_newest(0, 10, "1 3");
	assert_newest(0, 1, "1");
}

static void what_went_well_when_it_was_run_again_is_no_failure(void **state)
{
	(void)state;
	ends(pump, "1", "make", CONCLUSION_FAILURE, 1, 1);
	ends(pump, "1", "make", CONCLUSION_SUCCESS, 2, 2);
	ends(pump, "2", "make", CONCLUSION_SUCCESS, 1, 3);
	ends(pump, "2", "make", CONCLUSION_FAILURE, 2, 4);
	assert_newest(0, 10, "2");
}

static void those_of_one_repo_are_its_own(void **state)
{
	int64_t valve = add_repo("home", "acme/valve");
	(void)state;

	ends(pump, "1", "make", CONCLUSION_FAILURE, 1, 1);
	ends(valve, "2", "make", CONCLUSION_FAILURE, 1, 2);
	assert_newest(0, 10, "2 1");
	assert_newest(pump, 10, "1");
	assert_newest(valve, 10, "2");
}

static void the_step_that_failed_first_is_told_with_its_run(void **state)
{
	int64_t first;
	struct list l;
	(void)state;

	ends(pump, "1", "checkout", CONCLUSION_SUCCESS, 1, 1);
	first = ends(pump, "1", "make", CONCLUSION_FAILURE, 1, 2);
	ends(pump, "1", "test", CONCLUSION_FAILURE, 1, 3);
	l = newest(0, 10);
	assert_int_equal(l.n, 1);
	assert_int_equal(l.first[0].step_id, first);
	equals(l.first[0].step_name, "make");
	equals(l.first[0].job_name, "build");
	equals(l.first[0].run.repo, "Acme/Pump");
	equals(l.first[0].run.head_sha, SHA_A);
	assert_int_equal(l.first[0].run.tally.n_failed, 2);
	assert_int_equal(l.first[0].run.tally.n_steps, 3);
	assert_int_equal(l.first[0].run.tally.newest_at, T0 + 3000);
	assert_int_equal(l.first[0].run.status, RUN_FAIL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, a_repo, store_down)
	static const struct CMUnitTest tests[] = {
		TEST(those_that_failed_come_by_when_they_were_last_heard_of),
		TEST(what_went_well_when_it_was_run_again_is_no_failure),
		TEST(those_of_one_repo_are_its_own),
		TEST(the_step_that_failed_first_is_told_with_its_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
