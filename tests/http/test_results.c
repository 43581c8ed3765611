/* results: verdicts, and that everything which is told of them agrees: status, summary, lists, errors, buckets, history. */
#include "tests/test.h"

#include "service/queue.h"
#include "tests/http/suite_run.h"

#include <stdio.h>
#include <string.h>

#define BOTH(a_text, b_text) arena_fmt(&fx.arena, "%s,%s", wrote("a", a_text), wrote("b", b_text)).p

/* ---- verdicts ---- */

/* Errors of a run, like "TWO missing_output b": test and type, and of which file; with a semicolon between them. */
static void assert_errors(int64_t run_id, const char *query, const char *want)
{
	AUTO_ANSWER r = of_run(run_id, arena_fmt(&fx.arena, "/errors%s", query).p);
	struct json *data = data_of(&r);
	char got[2000] = "";

	for (size_t i = 0; i < json_len(data); i++) {
		struct json *x = json_at(data, i);
		struct str file = json_str(json_get(json_get(x, "location"), "file"));

		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%lld %.*s%s%.*s", *got ? "; " : "",
			(long long)number(x, "regression_id"), STR_FMT(json_str(json_get(x, "type"))),
			file.len > 0 ? " " : "", STR_FMT(file));
	}
	if (strcmp(got, want) != 0)
		fail_msg("\"%s\", not \"%s\"", got, want);
	assert_int_equal(total_of(&r), json_len(data));
}

static void a_verdict_looks_for_missing_outputs_then_the_exit_code_then_the_outputs(void **state)
{
	const struct {
		const char *result, *status, *errors;
	} cases[] = {
		{ result(TWO, 0, BOTH("A", "B")), "pass", "" },
		{ result(TWO, 9, wrote("a", "wrong")), "missing_output", "2 missing_output b" },
		{ result(TWO, 9, ""), "missing_output", "2 missing_output a; 2 missing_output b" },
		{ result(TWO, 9, BOTH("wrong", "B")), "fail", "2 exit_code_mismatch" },
		{ result(TWO, 9, BOTH("A", "B")), "fail", "2 exit_code_mismatch" },
		{ result(TWO, 0, BOTH("wrong", "B")), "fail", "2 diff_mismatch a" },
		{ result(TWO, 0, BOTH("B", "A")), "fail", "2 diff_mismatch a; 2 diff_mismatch b" },
		{ result(SORT, 0, wrote("out", SORTED)), "pass", "" },
		{ result(SORT, 0, wrote("out", SORTED_TOO)), "pass", "" },
		{ result(FAILS, 3, ""), "pass", "" },
		{ result(FAILS, 0, ""), "fail", "3 exit_code_mismatch" },
		{ result(FAILS, -9, ""), "fail", "3 exit_code_mismatch" },
		{ result(NEW, 0, wrote("c", "c\n")), "fail", "4 diff_mismatch c" },
		{ "{\"regression_test_id\":1,\"status\":\"skipped\"}", "skipped", "" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct work w = a_work("");
		AUTO_ANSWER r = tell_results(&w, cases[i].result);

		if (!strstr(r.body, arena_fmt(&fx.arena, "\"status\":\"%s\"", cases[i].status).p))
			fail_msg("%s: %s", cases[i].result, r.body);
		assert_errors(w.run_id, "", cases[i].errors);
		finish(&w);
		assert_errors(w.run_id, "", cases[i].errors);
	}
}

static void a_result_is_told_with_its_test_its_sample_and_each_output(void **state)
{
	struct work w = a_work("");
	struct json *outputs;
	(void)state;

	must_tell(&w, arena_fmt(&fx.arena, "%s,%s", result(TWO, 0, wrote("b", "wrong")),
			      result(NEW, 0, wrote("c", "c\n")))
			      .p);
	AUTO_ANSWER two = of_run(w.run_id, "/samples/2");
	AUTO_ANSWER new = of_run(w.run_id, "/samples/4");
	AUTO_ANSWER open = of_run(w.run_id, "/samples/1");
	AUTO_ANSWER retired = of_run(w.run_id, "/samples/5");
	AUTO_ANSWER zero = of_run(w.run_id, "/samples/0");
	outputs = json_get(json_of(&two), "outputs");
	assert_int_equal(number(json_of(&two), "sample_id"), ALPHA);
	assert_text(json_of(&two), "sample_name", "alpha.txt");
	assert_text(json_of(&two), "name", "two");
	assert_text(json_of(&two), "command", "split");
	assert_int_equal(json_len(json_get(json_of(&two), "categories")), 2);
	assert_int_equal(number(json_of(&two), "runtime_ms"), 7);
	assert_int_equal(number(json_of(&two), "exit_code"), 0);
	assert_int_equal(number(json_of(&two), "expected_rc"), 0);
	assert_text(json_at(outputs, 0), "status", "missing_output");
	assert_text(json_at(outputs, 1), "status", "fail");
	assert_text(json_at(outputs, 1), "filename", "b");
	assert_text(json_at(json_get(json_of(&new), "outputs"), 0), "status", "missing_expected");
	assert_text(json_of(&open), "status", "not_started");
	assert_null_member(json_of(&open), "exit_code");
	assert_null_member(json_of(&open), "runtime_ms");
	assert_error(&retired, 404, "not_found");
	assert_error(&zero, 400, "validation_error");
}

/* Test ids of a list, like "1 2". */
static void assert_tests(int64_t run_id, const char *query, const char *want)
{
	AUTO_ANSWER r = of_run(run_id, arena_fmt(&fx.arena, "/samples?%s", query).p);
	struct json *data = data_of(&r);
	char got[200] = "";

	for (size_t i = 0; i < json_len(data); i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%lld", *got ? " " : "",
			(long long)number(json_at(data, i), "regression_test_id"));
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s, not %s", query, got, want);
}

static void results_are_filtered_by_status_name_tag_and_category(void **state)
{
	struct work w = a_work("");
	(void)state;

	must_tell(&w, arena_fmt(&fx.arena, "%s,%s,%s,{\"regression_test_id\":4,\"status\":\"running\"}",
			      result(SORT, 0, wrote("out", SORTED)), result(TWO, 0, ""), result(FAILS, 0, ""))
			      .p);
	assert_tests(w.run_id, "", "1 2 3 4");
	assert_tests(w.run_id, "status=pass", "1");
	assert_tests(w.run_id, "status=missing_output", "2");
	assert_tests(w.run_id, "status=fail", "3");
	assert_tests(w.run_id, "status=running", "4");
	assert_tests(w.run_id, "status=skipped", "");
	assert_tests(w.run_id, "status=not_started", "");
	assert_tests(w.run_id, "name=ALPHA", "1 2");
	assert_tests(w.run_id, "name=a", "1 2 3 4");
	assert_tests(w.run_id, "name=%25", "");
	assert_tests(w.run_id, "name=_", "");
	assert_tests(w.run_id, "tag=Small", "1 2");
	assert_tests(w.run_id, "tag=smal", "");
	assert_tests(w.run_id, "category=odd", "2");
	assert_tests(w.run_id, "category=basic&status=pass", "1");
	assert_tests(w.run_id, "limit=2&offset=1", "2 3");
	assert_tests(w.run_id, "limit=1&offset=4", "");
}

/* ---- the history of a sample ---- */

static void a_history_is_filtered_and_its_newest_run_comes_first(void **state)
{
	static const struct {
		const char *query;
		int64_t total;
	} cases[] = { { "", 6 }, { "?status=fail", 2 }, { "?status=incomplete", 2 }, { "?status=queued", 2 },
		{ "?status=pass", 0 }, { "?branch=main", 2 }, { "?branch=mai", 0 }, { "?platform=macos", 2 },
		{ "?created_after=2026-09-21T14:13:21Z", 4 }, { "?created_before=2026-09-21T14:13:20Z", 2 },
		{ "?created_after=2026-09-21T14:13:21Z&created_before=2026-09-21T14:13:21Z", 2 },
		{ "?limit=1&offset=5", 6 } };
	struct work bad = a_work(",\"branch\":\"main\"");
	(void)state;

	must_tell(&bad, arena_fmt(&fx.arena, "%s,%s", result(SORT, 0, wrote("out", "x")),
				result(TWO, 0, BOTH("A", "B")))
				.p);
	finish(&bad);
	atomic_store(&fx.wall, NOW + 1000);
	struct work lost = a_work("");
	finish(&lost);
	atomic_store(&fx.wall, NOW + 2000);
	int64_t waits = a_run(",\"platform\":\"macos\"");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = get(arena_fmt(&fx.arena, "/api/v1/samples/1/history%s", cases[i].query).p);

		data_of(&r);
		if (total_of(&r) != cases[i].total)
			fail_msg("%s: %s", cases[i].query, r.body);
	}
	AUTO_ANSWER all = get("/api/v1/samples/1/history");
	struct json *first = json_at(data_of(&all), 0), *last = json_at(data_of(&all), 5);
	assert_int_equal(number(first, "run_id"), waits);
	assert_text(first, "status", "not_started");
	assert_text(first, "run_status", "queued");
	assert_text(first, "platform", "macos");
	assert_null_member(first, "tested_at");
	assert_null_member(first, "branch");
	assert_int_equal(number(last, "run_id"), bad.run_id);
	assert_int_equal(number(last, "regression_test_id"), SORT);
	assert_text(last, "run_status", "fail");
	assert_text(last, "tested_at", "2026-09-21T14:13:20.000Z");
	AUTO_ANSWER none = get("/api/v1/samples/99/history");
	AUTO_ANSWER wrong = get("/api/v1/samples/1/history?created_after=yesterday");
	AUTO_ANSWER bound = get_as(token_of_repo("acme/valve").p, "/api/v1/samples/1/history");
	assert_error(&none, 404, "not_found");
	assert_wrong_field(&wrong, "created_after");
	assert_int_equal(total_of(&bound), 0);
}

static struct str signature_of(int64_t run_id)
{
	AUTO_ANSWER r = get("/api/v1/samples/1/history?limit=100");
	struct json *data = data_of(&r);

	for (size_t i = 0; i < json_len(data); i++)
		if (number(json_at(data, i), "run_id") == run_id)
			return arena_str(
				&fx.arena, json_str(json_get(json_at(data, i), "failure_signature")));
	fail_msg("%s", r.body);
	return STR("");
}

static void a_failure_has_the_same_signature_in_whatever_run(void **state)
{
	const char *const results[] = { result(SORT, 0, wrote("out", "x")),
		result(SORT, 0, wrote("out", "x")), result(SORT, 0, wrote("out", "y")),
		result(SORT, 1, wrote("out", "x")), result(SORT, 0, ""),
		result(SORT, 0, wrote("out", SORTED)) };
	struct str s[6];
	(void)state;

	for (size_t i = 0; i < 6; i++) {
		struct work w = a_work(",\"regression_test_ids\":[1]");

		atomic_store(&fx.wall, NOW + 1000 * (int64_t)i);
		must_tell(&w, results[i]);
		finish(&w);
		s[i] = signature_of(w.run_id);
	}
	assert_true(s[0].len > 0 && str_eq(s[0], s[1]));
	assert_int_equal(s[5].len, 0);
	for (size_t i = 1; i < 6; i++)
		for (size_t k = i + 1; k < 6; k++)
			assert_false(str_eq(s[i], s[k]));
}

/* ---- all of it agrees ---- */

static uint32_t seed;

static unsigned draw(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 16) % n;
}

static const char *a_result(int64_t test)
{
	static const char *const texts[] = { SORTED, SORTED_TOO, "A", "B", "wrong" };
	const char *const outputs[] = { "",
		wrote(test == SORT    ? "out"
			: test == NEW ? "c"
				      : "a",
			texts[draw(5)]),
		BOTH(texts[draw(5)], texts[draw(5)]) };
	unsigned n = test == FAILS ? 1 : test == TWO ? 3 : 2;

	if (draw(6) == 0)
		return arena_fmt(&fx.arena, "{\"regression_test_id\":%lld,\"status\":\"%s\"}",
			(long long)test, draw(2) ? "running" : "skipped")
			.p;
	return result(test, draw(3) ? (test == FAILS ? 3 : 0) : (int)draw(5), outputs[draw(n)]);
}

/* Logs of some of its tests, and of the run itself, in which something was found. */
static void some_logs(const struct work *w)
{
	static const char *const names[] = { "sort", "two", "fails", "build" };
	struct error f[3];

	for (size_t i = 0; i < 4; i++) {
		size_t n = draw(4);
		int64_t step;

		if (n == 0)
			continue;
		step = test_log(w, names[i], "one\\ntwo\\nthree", draw(4) ? "failure" : "success");
		for (size_t k = 0; k < n; k++) {
			f[k % 3] = an_error((enum error_class)draw(ERROR_N_CLASSES), "m");
			f[k % 3].severity = (enum error_severity)draw(ERROR_N_SEVERITIES);
		}
		found(step, f, n);
	}
}

static int64_t total(int64_t run_id, const char *behind)
{
	AUTO_ANSWER r = of_run(run_id, behind);

	data_of(&r);
	return total_of(&r);
}

/* Each of the list once, page by page, however long a page is; in one order. */
static void assert_pages_are_the_list(int64_t run_id, const char *list)
{
	AUTO_ANSWER all = of_run(run_id, arena_fmt(&fx.arena, "%slimit=100", list).p);
	size_t n = json_len(data_of(&all));

	assert_int_equal(total_of(&all), n);
	for (size_t limit = 1; limit <= 4; limit++)
		for (size_t at = 0; at <= n; at += limit) {
			AUTO_ANSWER r = of_run(
				run_id, arena_fmt(&fx.arena, "%slimit=%zu&offset=%zu", list, limit, at).p);
			struct json *data = data_of(&r);
			int64_t next = number(json_get(json_of(&r), "pagination"), "next_offset");

			assert_int_equal(total_of(&r), n);
			assert_int_equal(json_len(data), at + limit <= n ? limit : n - at);
			assert_int_equal(next, at + limit < n ? (int64_t)(at + limit) : -4711);
			for (size_t i = 0; i < json_len(data); i++) {
				AUTO_BUF one, other;

				buf_init(&one, SIZE_MAX);
				buf_init(&other, SIZE_MAX);
				json_write(json_at(data, i), &one);
				json_write(json_at(data_of(&all), at + i), &other);
				assert_true(str_eq(buf_view(&one), buf_view(&other)));
			}
		}
}

static void assert_no_two_have_one_id(int64_t run_id, const char *list)
{
	AUTO_ANSWER r = of_run(run_id, list);
	struct json *data = data_of(&r);

	for (size_t i = 0; i < json_len(data); i++)
		for (size_t k = 0; k < i; k++)
			assert_false(str_eq(json_str(json_get(json_at(data, i), "error_id")),
				json_str(json_get(json_at(data, k), "error_id"))));
}

/* What the filter lets through, over all its values, is the list: none twice and none left out. */
static void assert_parts_are_the_whole(
	int64_t run_id, const char *list, const char *filter, const char *const *values, int64_t whole)
{
	int64_t sum = 0;

	for (; *values; values++)
		sum += total(run_id, arena_fmt(&fx.arena, "%s%s=%s", list, filter, *values).p);
	if (sum != whole)
		fail_msg("%s%s: %lld in all, not %lld", list, filter, (long long)sum, (long long)whole);
}

static int64_t bucket_sum(int64_t run_id, const char *group_by, const char *more)
{
	AUTO_ANSWER r = of_run(
		run_id, arena_fmt(&fx.arena, "/error-summary?group_by=%s&limit=100%s", group_by, more).p);
	struct json *data = data_of(&r);
	int64_t sum = 0;

	assert_int_equal(total_of(&r), json_len(data));
	for (size_t i = 0; i < json_len(data); i++) {
		sum += number(json_at(data, i), "count");
		assert_text(json_at(data, i), "group_by", group_by);
	}
	return sum;
}

/* Each bucket has as many as the list with its key as the filter. */
static void assert_buckets_are_filters(int64_t run_id, const char *group_by, const char *filter)
{
	AUTO_ANSWER r =
		of_run(run_id, arena_fmt(&fx.arena, "/error-summary?group_by=%s&limit=100", group_by).p);
	struct json *data = data_of(&r);

	for (size_t i = 0; i < json_len(data); i++) {
		struct str key = json_str(json_get(json_at(data, i), "key"));

		assert_int_equal(number(json_at(data, i), "count"),
			total(run_id, arena_fmt(&fx.arena, "/errors?%s=%.*s", filter, STR_FMT(key)).p));
	}
}

static int64_t of_a_test(int64_t run_id, const char *member)
{
	AUTO_ANSWER r = of_run(run_id, "/errors?limit=100");
	struct json *data = data_of(&r);
	int64_t n = 0;

	for (size_t i = 0; i < json_len(data); i++)
		n += number(json_at(data, i), member) > 0;
	return n;
}

static void assert_all_agrees(int64_t run_id)
{
	static const char *const types[] = { "test_failure", "exit_code_mismatch", "missing_output",
		"diff_mismatch", "build", NULL };
	static const char *const infra[] = { "queue", "vm_provisioning", "checkout", "merge", "build",
		"worker", "web_server", "storage", NULL };
	static const char *const severities[] = { "info", "warning", "error", "critical", NULL };
	static const char *const statuses[] = { "pass", "fail", "skipped", "missing_output", "running",
		"not_started", NULL };
	struct counts n = counts_of(run_id);
	int64_t n_infra = total(run_id, "/infrastructure-errors");

	assert_int_equal(n.all, n.pass + n.fail + n.skipped + n.missing + n.running + n.open);
	assert_int_equal(n.all, total(run_id, "/samples"));
	assert_int_equal(n.pass, total(run_id, "/samples?status=pass"));
	assert_int_equal(n.fail, total(run_id, "/samples?status=fail"));
	assert_int_equal(n.missing, total(run_id, "/samples?status=missing_output"));
	assert_parts_are_the_whole(run_id, "/samples?", "status", statuses, n.all);
	assert_int_equal(n.errors, total(run_id, "/errors"));
	assert_parts_are_the_whole(run_id, "/errors?", "type", types, n.errors);
	assert_parts_are_the_whole(run_id, "/errors?", "severity", severities, n.errors);
	assert_parts_are_the_whole(run_id, "/infrastructure-errors?", "type", infra, n_infra);
	assert_parts_are_the_whole(run_id, "/infrastructure-errors?", "severity", severities, n_infra);
	assert_int_equal(bucket_sum(run_id, "type", ""), n.errors);
	assert_int_equal(bucket_sum(run_id, "severity", ""), n.errors);
	assert_int_equal(bucket_sum(run_id, "sample_id", ""), of_a_test(run_id, "sample_id"));
	assert_int_equal(bucket_sum(run_id, "regression_id", ""), of_a_test(run_id, "regression_id"));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
			bucket_sum(run_id, "type", arena_fmt(&fx.arena, "&severity=%s", severities[i]).p),
			total(run_id, arena_fmt(&fx.arena, "/errors?severity=%s", severities[i]).p));
	assert_buckets_are_filters(run_id, "type", "type");
	assert_buckets_are_filters(run_id, "severity", "severity");
	assert_buckets_are_filters(run_id, "sample_id", "sample_id");
	assert_pages_are_the_list(run_id, "/errors?");
	assert_pages_are_the_list(run_id, "/infrastructure-errors?");
	assert_pages_are_the_list(run_id, "/samples?");
	assert_pages_are_the_list(run_id, "/artifacts?");
	assert_pages_are_the_list(run_id, "/progress?");
	assert_no_two_have_one_id(run_id, "/errors?limit=100");
	assert_no_two_have_one_id(run_id, "/infrastructure-errors?limit=100");
}

/* A run that passed has no errors, and one whose tests went wrong did not pass. */
static void assert_status_agrees(int64_t run_id)
{
	AUTO_ANSWER r = of_run(run_id, "");
	struct str status = json_str(json_get(json_of(&r), "status"));
	struct counts n = counts_of(run_id);

	if (str_eq(status, STR("pass"))) {
		assert_int_equal(n.errors, 0);
		assert_int_equal(n.pass + n.skipped, n.all);
	}
	if (n.fail + n.missing > 0)
		assert_true(str_eq(status, STR("fail")));
}

/* Its worker, and the one after that. */
static void lose(const struct work *w)
{
	for (int i = 0; i < 2; i++) {
		if (i > 0)
			assert_int_equal(claimed_by("w2").run_id, w->run_id);
		atomic_fetch_add(&fx.wall, 60001);
		queue_tick(fx.app.store, atomic_load(&fx.wall));
	}
	assert_run(w->run_id, "incomplete", "worker_lost");
}

static void whatever_is_told_of_a_run_agrees_in_every_state(void **state)
{
	int64_t n_errors = 0, n_infra = 0;
	(void)state;

	seed = 4711;
	for (int round = 0; round < 24; round++) {
		struct work w = a_work("");

		assert_all_agrees(w.run_id);
		for (int64_t test = SORT; test <= NEW; test++)
			if (round % 3 == 0 || draw(4))
				must_tell(&w, a_result(test));
		some_logs(&w);
		if (draw(4) == 0)
			must_say(&w, "progress", ",\"status\":\"error\",\"message\":\"the disk, again\"");
		assert_all_agrees(w.run_id);
		if (round % 4 == 1) {
			AUTO_ANSWER r = cancel(fx.admin.p, w.run_id, "{}");

			assert_int_equal(r.status, 202);
		} else if (round % 4 == 2) {
			lose(&w);
		} else {
			finish(&w);
			assert_status_agrees(w.run_id);
		}
		assert_all_agrees(w.run_id);
		n_errors += total(w.run_id, "/errors");
		n_infra += total(w.run_id, "/infrastructure-errors");
	}
	assert_true(n_errors > 50 && n_infra > 50); /* there was something to agree on */
}

/* ---- errors ---- */

static void an_error_of_a_result_is_told_in_the_shape_of_the_results_api(void **state)
{
	struct work w = a_work("");
	struct json *j;
	(void)state;

	must_tell(&w, arena_fmt(&fx.arena,
			      "%s,{\"regression_test_id\":3,\"exit_code\":1,\"message\":\"took too long\"}",
			      result(TWO, 0, BOTH("A", "wrong")))
			      .p);
	AUTO_ANSWER r = of_run(w.run_id, "/errors");
	j = json_at(data_of(&r), 0);
	assert_text(j, "type", "diff_mismatch");
	assert_text(j, "severity", "warning");
	assert_int_equal(number(j, "run_id"), w.run_id);
	assert_int_equal(number(j, "sample_id"), ALPHA);
	assert_int_equal(number(j, "regression_id"), TWO);
	assert_int_equal(number(j, "output_id"), OUT_B);
	assert_text(json_get(j, "location"), "sample_name", "alpha.txt");
	assert_text(json_get(j, "location"), "file", "b");
	assert_text(j, "occurred_at", "2026-09-21T14:13:20.000Z");
	j = json_at(data_of(&r), 1);
	assert_text(j, "type", "exit_code_mismatch");
	assert_text(j, "severity", "error");
	assert_null_member(json_get(j, "location"), "file");
	assert_non_null(strstr(r.body, "took too long"));
}

static void buckets_say_the_worst_the_samples_and_when(void **state)
{
	struct work w = a_work("");
	struct json *j;
	(void)state;

	must_tell(&w, result(TWO, 0, BOTH("B", "A")));
	atomic_store(&fx.wall, NOW + 5000);
	must_tell(
		&w, arena_fmt(&fx.arena, "%s,%s", result(NEW, 0, wrote("c", "c\n")), result(FAILS, 0, "")).p);
	AUTO_ANSWER types = of_run(w.run_id, "/error-summary");
	AUTO_ANSWER samples = of_run(w.run_id, "/error-summary?group_by=sample_id");
	AUTO_ANSWER tests = of_run(w.run_id, "/error-summary?group_by=regression_id&limit=1&offset=1");
	j = json_at(data_of(&types), 0);
	assert_text(j, "key", "diff_mismatch");
	assert_int_equal(number(j, "count"), 3);
	assert_int_equal(json_len(json_get(j, "sample_ids")), 2);
	assert_text(j, "first_seen_at", "2026-09-21T14:13:20.000Z");
	assert_text(j, "last_seen_at", "2026-09-21T14:13:25.000Z");
	j = json_at(data_of(&samples), 1);
	assert_text(j, "key", "2");
	assert_int_equal(number(j, "count"), 2);
	assert_text(j, "severity", "error");
	assert_text(json_at(data_of(&tests), 0), "key", "3");
	assert_int_equal(total_of(&tests), 3);
}

#define T(f) cmocka_unit_test_setup_teardown(f, suite_up, router_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_verdict_looks_for_missing_outputs_then_the_exit_code_then_the_outputs),
		T(a_result_is_told_with_its_test_its_sample_and_each_output),
		T(results_are_filtered_by_status_name_tag_and_category),
		T(a_history_is_filtered_and_its_newest_run_comes_first),
		T(a_failure_has_the_same_signature_in_whatever_run),
		T(whatever_is_told_of_a_run_agrees_in_every_state),
		T(an_error_of_a_result_is_told_in_the_shape_of_the_results_api),
		T(buckets_say_the_worst_the_samples_and_when),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
