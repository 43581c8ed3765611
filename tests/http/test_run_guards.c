/*
 * run_guards: who may not, of which thing, and how far, for each operation of the results API: the wrong scope, the wrong role, somebody else's thing, what is not
 * there, and the bounds of what is asked for.
 */
#include "tests/test.h"

#include "model/scope.h"
#include "tests/http/suite_run.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT "/api/v1/runs/%d/samples/1/regression-tests/1/outputs/1/"
#define BLOB "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Of the run 1, which is there when a test begins; %d: the run. */
static const struct {
	const char *method, *target, *body;
	enum scope scope;
	int status; /* when all is right */
} operations[] = {
	{ "GET", "/api/v1/runs/%d", NULL, SCOPE_RUNS_READ, 200 },
	{ "GET", "/api/v1/runs/%d/summary", NULL, SCOPE_RUNS_READ, 200 },
	{ "GET", "/api/v1/runs/%d/progress", NULL, SCOPE_RUNS_READ, 200 },
	{ "GET", "/api/v1/runs/%d/config", NULL, SCOPE_RUNS_READ, 200 },
	{ "GET", "/api/v1/runs/%d/samples", NULL, SCOPE_RUNS_READ, 200 },
	{ "GET", "/api/v1/runs/%d/samples/1", NULL, SCOPE_RUNS_READ, 200 },
	{ "GET", OUTPUT "expected", NULL, SCOPE_RESULTS_READ, 200 },
	{ "GET", OUTPUT "actual", NULL, SCOPE_RESULTS_READ, 200 },
	{ "GET", OUTPUT "diff", NULL, SCOPE_RESULTS_READ, 200 },
	{ "GET", "/api/v1/runs/%d/errors", NULL, SCOPE_RESULTS_READ, 200 },
	{ "GET", "/api/v1/runs/%d/error-summary", NULL, SCOPE_RESULTS_READ, 200 },
	{ "GET", "/api/v1/runs/%d/infrastructure-errors", NULL, SCOPE_SYSTEM_READ, 200 },
	{ "GET", "/api/v1/runs/%d/artifacts", NULL, SCOPE_RESULTS_READ, 200 },
	{ "GET", "/api/v1/runs/%d/logs", NULL, SCOPE_SYSTEM_READ, 200 },
	{ "GET", "/api/v1/runs/%d/samples/1/logs", NULL, SCOPE_SYSTEM_READ, 200 },
	{ "POST", "/api/v1/runs/%d/samples/1/baseline-approval", "{\"regression_id\":1,\"output_id\":1}",
		SCOPE_BASELINES_WRITE, 200 },
	{ "DELETE", "/api/v1/runs/%d/samples/1/baseline-approval?regression_id=1&output_id=1", NULL,
		SCOPE_BASELINES_WRITE, 204 },
	{ "POST", "/internal/runs/%d/progress", "{\"claim\":1}", SCOPE_RUNS_WRITE, 200 },
	{ "POST", "/internal/runs/%d/results",
		"{\"claim\":1,\"results\":[{\"regression_test_id\":3,\"exit_code\":3}]}", SCOPE_RUNS_WRITE,
		200 },
	{ "POST", "/internal/runs/%d/finish", "{\"claim\":1}", SCOPE_RUNS_WRITE, 200 },
	{ "POST", "/api/v1/runs/%d/cancel", "{}", SCOPE_RUNS_WRITE, 202 },
};
enum { N = sizeof operations / sizeof *operations };

static int one_run(void **state)
{
	struct work w;

	if (suite_up(state) != 0)
		return -1;
	w = a_work("");
	must_tell(&w, result(SORT, 0, wrote("out", "new")));
	must_send_output(&w, OUT, "new");
	test_log(&w, "sort", "one", "failure");
	return 0;
}

static struct answer operate(size_t i, const char *token, int run)
{
	char target[200];

	snprintf(target, sizeof target, "%.*s%d%s",
		(int)(strstr(operations[i].target, "%d") - operations[i].target), operations[i].target, run,
		strstr(operations[i].target, "%d") + 2);
	return ask((struct ask){ .method = operations[i].method,
		.target = target,
		.token = token,
		.body = operations[i].body });
}

static void each_operation_is_done_for_its_scope_and_for_no_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++) {
		scope_set scope = SCOPE_BIT(operations[i].scope);
		AUTO_ANSWER none = operate(i, NULL, 1);
		AUTO_ANSWER others = operate(i, token_with(SCOPE_ALL & ~scope, ROLE_ADMIN).p, 1);
		AUTO_ANSWER its_own = operate(i, token_with(scope, ROLE_ADMIN).p, 1);

		assert_error(&none, 401, "unauthorized");
		assert_error(&others, 403, "forbidden");
		assert_true(str_eq(
			json_str(json_at(
				json_get(json_get(json_of(&others), "details"), "required_scopes"), 0)),
			str_z(scope_name(operations[i].scope))));
		if (its_own.status != operations[i].status)
			fail_msg("%s: %d %s", operations[i].target, its_own.status, its_own.body);
	}
}

static void somebody_elses_run_and_one_that_is_not_there_are_told_alike(void **state)
{
	const char *bound = token_of_repo("acme/valve").p;
	(void)state;

	for (size_t i = 0; i < N; i++) {
		AUTO_ANSWER theirs = operate(i, bound, 1);
		AUTO_ANSWER none = operate(i, fx.admin.p, 99);
		AUTO_ANSWER zero = operate(i, fx.admin.p, 0);
		AUTO_ANSWER negative = operate(i, fx.admin.p, -1);

		if (theirs.status != 404)
			fail_msg("%s: %d %s", operations[i].target, theirs.status, theirs.body);
		assert_error(&theirs, 404, "not_found");
		assert_error(&none, 404, "not_found");
		assert_wrong_field(&zero, "run_id");
		assert_wrong_field(&negative, "run_id");
	}
}

static void a_parameter_that_is_not_known_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < N; i++) {
		char target[200];

		snprintf(target, sizeof target, "%.*s1%s%csurprise=1",
			(int)(strstr(operations[i].target, "%d") - operations[i].target),
			operations[i].target, strstr(operations[i].target, "%d") + 2,
			strchr(operations[i].target, '?') ? '&' : '?');
		AUTO_ANSWER r = ask((struct ask){ .method = operations[i].method,
			.target = target,
			.token = fx.admin.p,
			.body = operations[i].body });

		assert_error(&r, 400, "validation_error");
	}
}

/* What those may who may not do all. */
static void each_role_does_what_is_its_own(void **state)
{
	static const struct {
		enum role role;
		int cancel, approve, progress;
	} cases[] = { { ROLE_USER, 403, 403, 200 }, { ROLE_TESTER, 202, 403, 200 },
		{ ROLE_CONTRIBUTOR, 202, 403, 200 }, { ROLE_ADMIN, 202, 200, 200 } };
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *token = token_of_a(cases[i].role);
		AUTO_ANSWER canceled = operate(N - 1, token, 1);
		AUTO_ANSWER approved = operate(15, token, 1);
		AUTO_ANSWER progress = operate(2, token, 1);

		assert_int_equal(canceled.status, cases[i].cancel);
		assert_int_equal(approved.status, cases[i].approve);
		assert_int_equal(progress.status, cases[i].progress);
	}
}

static void pages_have_a_hundred_items_at_most_and_begin_anywhere(void **state)
{
	static const char *const lists[] = { "/api/v1/runs/1/progress?", "/api/v1/runs/1/samples?",
		"/api/v1/runs/1/errors?", "/api/v1/runs/1/error-summary?",
		"/api/v1/runs/1/infrastructure-errors?", "/api/v1/runs/1/artifacts?",
		"/api/v1/samples/1/history?", "/api/v1/system/queue?" };
	static const struct {
		const char *query;
		int status;
	} cases[] = { { "limit=0", 400 }, { "limit=1", 200 }, { "limit=100", 200 }, { "limit=101", 400 },
		{ "limit=ten", 400 }, { "offset=-1", 400 }, { "offset=0", 200 }, { "offset=2147483647", 200 },
		{ "offset=2147483648", 400 }, { "limit=1&limit=2", 400 }, { "cursor=0", 400 } };
	(void)state;

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
			AUTO_ANSWER r = get(arena_fmt(&fx.arena, "%s%s", lists[i], cases[k].query).p);

			if (r.status != cases[k].status)
				fail_msg("%s%s: %d %s", lists[i], cases[k].query, r.status, r.body);
		}
}

/* n characters. */
static const char *long_text(size_t n)
{
	static char text[200];

	memset(text, 'a', n);
	text[n] = '\0';
	return text;
}

static void filters_are_words_of_the_document_or_texts_of_bounded_length(void **state)
{
	static const struct {
		const char *target;
		size_t n; /* characters at most; 0: words */
	} filters[] = {
		{ "/api/v1/runs/1/samples?name=", 100 },
		{ "/api/v1/runs/1/samples?tag=", 50 },
		{ "/api/v1/runs/1/samples?category=", 50 },
		{ "/api/v1/runs/1/samples?status=", 0 },
		{ "/api/v1/samples/1/history?branch=", 100 },
		{ "/api/v1/samples/1/history?platform=", 0 },
		{ "/api/v1/samples/1/history?status=", 0 },
		{ "/api/v1/samples/1/history?created_before=", 0 },
		{ "/api/v1/runs/1/errors?type=", 0 },
		{ "/api/v1/runs/1/errors?severity=", 0 },
		{ "/api/v1/runs/1/errors?sample_id=", 0 },
		{ "/api/v1/runs/1/error-summary?group_by=", 0 },
		{ "/api/v1/runs/1/error-summary?severity=", 0 },
		{ "/api/v1/runs/1/infrastructure-errors?type=", 0 },
		{ "/api/v1/runs/1/infrastructure-errors?severity=", 0 },
		{ "/api/v1/runs/1/infrastructure-errors?include_stack=", 0 },
		{ "/api/v1/runs/1/artifacts?type=", 0 },
		{ "/api/v1/runs/1/progress?status=", 0 },
		{ "/api/v1/system/queue?platform=", 0 },
		{ "/api/v1/system/queue?status=", 0 },
		{ "/api/v1/runs/1/samples/1/logs?contains=", 100 },
		{ "/api/v1/runs/1/samples/1/logs?level=", 0 },
		{ "/api/v1/runs/1/samples/1/logs?cursor=", 0 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
		size_t n = filters[i].n;
		AUTO_ANSWER wrong = get(arena_fmt(&fx.arena, "%s%s", filters[i].target, long_text(n + 1)).p);

		if (wrong.status != 400)
			fail_msg("%s: %d", filters[i].target, wrong.status);
		if (n == 0)
			continue;
		AUTO_ANSWER longest = get(arena_fmt(&fx.arena, "%s%s", filters[i].target, long_text(n)).p);
		assert_int_equal(longest.status, 200);
	}
}

/* Of a repo for members whoever is none learns as little as of one that is not there. */
static void a_run_of_a_repo_for_members_is_not_there_for_others(void **state)
{
	const char *contributor = token_of_a(ROLE_CONTRIBUTOR);
	(void)state;

	AUTO_ANSWER closed = ask((struct ask){ .method = "PATCH",
		.target = "/api/v1/repos/1",
		.token = fx.admin.p,
		.body = "{\"visibility\":\"members\"}" });
	assert_int_equal(closed.status, 200);
	for (size_t i = 0; i < N; i++) {
		AUTO_ANSWER r = operate(i, contributor, 1);

		if (operations[i].scope != SCOPE_BASELINES_WRITE &&
			strncmp(operations[i].target, "/internal", 9) != 0 && r.status != 404)
			fail_msg("%s: %d %s", operations[i].target, r.status, r.body);
	}
	AUTO_ANSWER history = get_as(contributor, "/api/v1/samples/1/history");
	assert_int_equal(total_of(&history), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, one_run, router_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(each_operation_is_done_for_its_scope_and_for_no_other),
		T(somebody_elses_run_and_one_that_is_not_there_are_told_alike),
		T(a_parameter_that_is_not_known_is_refused),
		T(each_role_does_what_is_its_own),
		T(pages_have_a_hundred_items_at_most_and_begin_anywhere),
		T(filters_are_words_of_the_document_or_texts_of_bounded_length),
		T(a_run_of_a_repo_for_members_is_not_there_for_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
