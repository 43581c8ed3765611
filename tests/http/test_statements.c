/*
 * statements: what an answer costs the database does not grow with what there is.
 *
 * The linker puts ours in front of the functions that run a statement (store/db.h), and they are counted: those of one request over a run of few tests, and of one of
 * many.
 */
#include "tests/test.h"

#include "store/db.h"
#include "tests/http/suite_run.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_int n_statements;

#define COUNT(name, params, pass)                                                                            \
	enum err_code __real_##name params;                                                                  \
	enum err_code __wrap_##name params;                                                                  \
	enum err_code __wrap_##name params                                                                   \
	{                                                                                                    \
		atomic_fetch_add(&n_statements, 1);                                                          \
		return __real_##name pass;                                                                   \
	}
COUNT(db_run,
	(struct db * db, const char *sql, const struct db_value *args, size_t n, int64_t *ret, struct err *e),
	(db, sql, args, n, ret, e))
COUNT(db_int,
	(struct db * db, const char *sql, const struct db_value *args, size_t n, int64_t *ret, struct err *e),
	(db, sql, args, n, ret, e))
COUNT(db_each,
	(struct db * db, const char *sql, const struct db_value *args, size_t n, db_each_fn *each, void *arg,
		struct err *e),
	(db, sql, args, n, each, arg, e))
COUNT(db_each_once,
	(struct db * db, const char *sql, const struct db_value *args, size_t n, db_each_fn *each, void *arg,
		struct err *e),
	(db, sql, args, n, each, arg, e))

static int statements_once(const char *target)
{
	atomic_store(&n_statements, 0);
	AUTO_ANSWER r = get(target);
	if (r.status != 200)
		fail_msg("%s: %d %s", target, r.status, r.body);
	return atomic_load(&n_statements);
}

/* Of a request that goes well; not the first, so that the token is known already. The least of some, for a thread that looks after streams now and then has statements of its own. */
static int statements_of(const char *target)
{
	int least = statements_once(target);

	for (int i = 0; i < 3; i++) {
		int n = statements_once(target);

		least = n < least ? n : least;
	}
	return least;
}

/* n tests more, each over alpha, each to write one file of which one content is accepted. */
static void more_tests(int n)
{
	AUTO_BUF yaml;

	buf_init(&yaml, SIZE_MAX);
	buf_fmt(&yaml, "samples: [{file: \"sha256:%s\", name: alpha.txt}]\ntests:\n", hex_of("alpha"));
	for (int i = 0; i < n; i++)
		buf_fmt(&yaml,
			"  - {name: t%d, sample: \"sha256:%s\", command: cat, categories: [a, b],\n"
			"     outputs: [{file: out, accepted: [\"sha256:%s\"]}]}\n",
			i, hex_of("alpha"), hex_of(SORTED));
	import_suite(buf_cstr(&yaml));
}

/* A run of all there are, each of which wrote what it should not. */
static int64_t all_wrong(int n)
{
	struct work w = a_work("");

	must_tell(&w, result(SORT, 0, wrote("out", "wrong")));
	must_send_output(&w, OUT, "wrong");
	for (int i = 0; i < n; i++)
		must_tell(&w, result(RETIRED + 1 + i, 1 + i % 2, i % 3 ? wrote("out", "wrong") : ""));
	test_log(&w, "sort", "one", "failure");
	finish(&w);
	return w.run_id;
}

static void a_page_costs_as_many_statements_however_much_there_is(void **state)
{
	static const char *const of_runs[] = { "", "/summary", "/progress?limit=100", "/config",
		"/samples?limit=100", "/samples?limit=100&status=fail&tag=small&category=a&name=alpha",
		"/samples/1", "/errors?limit=100", "/errors?limit=100&type=missing_output&severity=error",
		"/error-summary?limit=100", "/error-summary?limit=100&group_by=regression_id",
		"/infrastructure-errors?limit=100", "/artifacts?limit=100", "/artifacts?limit=100&offset=50",
		"/samples/1/logs", "/samples/1/regression-tests/1/outputs/1/expected",
		"/samples/1/regression-tests/1/outputs/1/actual",
		"/samples/1/regression-tests/1/outputs/1/diff" };
	static const char *const others[] = { "/api/v1/samples/1/history?limit=100",
		"/api/v1/system/queue?limit=100", "/api/v1/runs?limit=100" };
	int few[sizeof of_runs / sizeof *of_runs], few_others[3];
	int64_t run = all_wrong(0);
	(void)state;

	for (size_t i = 0; i < sizeof few / sizeof *few; i++)
		few[i] = statements_of(
			arena_fmt(&fx.arena, "/api/v1/runs/%lld%s", (long long)run, of_runs[i]).p);
	for (size_t i = 0; i < 3; i++)
		few_others[i] = statements_of(others[i]);
	more_tests(200);
	run = all_wrong(200);
	for (int i = 0; i < 30; i++)
		a_run("");
	for (size_t i = 0; i < sizeof few / sizeof *few; i++) {
		int n = statements_of(
			arena_fmt(&fx.arena, "/api/v1/runs/%lld%s", (long long)run, of_runs[i]).p);

		if (n > few[i] || n == 0 || n > 16) /* a page that is full needs not look on */
			fail_msg("%s: %d statements of few, %d of many", of_runs[i], few[i], n);
	}
	for (size_t i = 0; i < 3; i++)
		assert_true(statements_of(others[i]) <= few_others[i]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_page_costs_as_many_statements_however_much_there_is, suite_up, router_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
