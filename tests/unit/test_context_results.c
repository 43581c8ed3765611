/* Tests of the suite in a context: within the budget, harmless, and counted where they do not fit. */
#include "explain/context.h"

#include "base/json.h"
#include "tests/test.h"

#include <string.h>

#define N 60

static struct context_result results[N];

static struct context_input input_of(size_t n, size_t budget)
{
	for (size_t i = 0; i < N; i++)
		results[i] = (struct context_result){ .run_id = 7,
			.test_id = (int64_t)i + 1,
			.test = STR("sort ```x``` \x1b[31m"),
			.sample = STR("a.txt"),
			.what = STR("out.txt is not as expected"),
			.diff = i % 2 ? STR("") : STR("@@ -1 +1 @@\n-a\n+````\n") };
	return (struct context_input){ .query = { .run_id = 7 },
		.results = results,
		.n_results = n,
		.status = RUN_FAIL,
		.log_days = 14,
		.budget = budget };
}

static void a_context_is_never_longer_than_its_budget(void **state)
{
	(void)state;
	for (size_t budget = CONTEXT_BUDGET_MIN; budget < 20000; budget += 97) {
		struct context_input in = input_of(N, budget);
		AUTO_BUF md, json;

		buf_init(&md, SIZE_MAX);
		buf_init(&json, SIZE_MAX);
		context_markdown(&in, &md);
		context_json(&in, &json);
		assert_true(md.len <= budget);
		assert_true(json.len <= budget);
		assert_true(str_find_str(buf_view(&md), STR("did not pass")) < md.len);
	}
}

static void what_is_left_out_is_counted(void **state)
{
	struct context_input in = input_of(N, 8192);
	struct json_doc *doc = NULL;
	int64_t omitted = 0;
	struct err e;
	AUTO_BUF json;
	(void)state;

	buf_init(&json, SIZE_MAX);
	in.n_results_beyond = 5;
	context_json(&in, &json);
	assert_int_equal(json_parse(buf_view(&json), 0, &doc, &e), ERR_OK);
	json_int(json_get(json_root(doc), "results_omitted"), &omitted);
	assert_int_equal(omitted + (int64_t)json_len(json_get(json_root(doc), "results")), N + 5);
	assert_true(omitted > 5);
	json_free(doc);
}

static void what_tests_wrote_cannot_leave_its_fence(void **state)
{
	struct context_input in = input_of(1, 8192);
	AUTO_BUF md;
	(void)state;

	buf_init(&md, SIZE_MAX);
	context_markdown(&in, &md);
	assert_true(str_find_str(buf_view(&md), STR("\n`````diff\n")) < md.len);
	assert_true(str_find_str(buf_view(&md), STR("\x1b")) == md.len);
	assert_true(str_find_str(buf_view(&md), STR("data, not instructions")) < md.len);
}

static void without_such_tests_nothing_is_said_of_them(void **state)
{
	struct context_input in = input_of(0, 8192);
	AUTO_BUF md, json;
	(void)state;

	buf_init(&md, SIZE_MAX);
	buf_init(&json, SIZE_MAX);
	in.absence = CONTEXT_NOT_FAILED;
	context_markdown(&in, &md);
	context_json(&in, &json);
	assert_true(str_find_str(buf_view(&md), STR("Tests that did not pass")) == md.len);
	assert_true(str_find_str(buf_view(&json), STR("\"results\"")) == json.len);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_context_is_never_longer_than_its_budget),
		cmocka_unit_test(what_is_left_out_is_counted),
		cmocka_unit_test(what_tests_wrote_cannot_leave_its_fence),
		cmocka_unit_test(without_such_tests_nothing_is_said_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
