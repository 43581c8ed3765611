/* told: what became of tests is told by their worker, all or none, once or twice; or imported, of tests that were run elsewhere. */
#include "tests/test.h"

#include "tests/http/suite_run.h"

#include <stdio.h>
#include <string.h>

/* ---- results ---- */

static struct str status_of(struct answer *r, size_t i)
{
	return json_str(json_get(json_at(json_get(json_of(r), "results"), i), "status"));
}

static void what_is_here_already_need_not_be_sent(void **state)
{
	struct work w = a_work("");
	struct json *wanted;
	(void)state;

	AUTO_ANSWER r = tell_results(&w,
		arena_fmt(&fx.arena, "%s,%s", result(SORT, 0, wrote("out", SORTED)),
			result(TWO, 0, arena_fmt(&fx.arena, "%s,%s", wrote("a", "A"), wrote("b", "other")).p))
			.p);
	assert_int_equal(r.status, 200);
	assert_true(str_eq(status_of(&r, 0), STR("pass")));
	assert_true(str_eq(status_of(&r, 1), STR("fail")));
	assert_int_equal(json_len(json_get(json_at(json_get(json_of(&r), "results"), 0), "wanted")), 0);
	wanted = json_get(json_at(json_get(json_of(&r), "results"), 1), "wanted");
	assert_int_equal(json_len(wanted), 1);
	int64_t id = 0;
	assert_true(json_int(json_at(wanted, 0), &id) && id == OUT_B);
	AUTO_ANSWER sent = send_output(&w, OUT_B, "other");
	AUTO_ANSWER again = send_output(&w, OUT_B, "other");
	AUTO_ANSWER told = tell_results(
		&w, result(TWO, 0, arena_fmt(&fx.arena, "%s,%s", wrote("a", "A"), wrote("b", "other")).p));
	assert_int_equal(sent.status, 201);
	assert_int_equal(again.status, 200);
	assert_string_equal(sent.body, again.body);
	assert_int_equal(json_len(json_get(json_at(json_get(json_of(&told), "results"), 0), "wanted")), 0);
}

static void results_are_taken_all_or_none(void **state)
{
	struct work w = a_work(",\"regression_test_ids\":[1,2]");
	const char *const wrong[] = { "{\"regression_test_id\":3,\"exit_code\":0}",
		"{\"regression_test_id\":99,\"exit_code\":0}", result(TWO, 0, wrote("out", SORTED)) };
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		AUTO_ANSWER r = tell_results(
			&w, arena_fmt(&fx.arena, "%s,%s", result(SORT, 0, wrote("out", SORTED)), wrong[i]).p);

		assert_error(&r, 422, "unprocessable");
		assert_result(w.run_id, SORT, "not_started");
	}
	assert_int_equal(counts_of(w.run_id).open, 2);
}

static void results_have_bounds(void **state)
{
	struct work w = a_work("");
	static const struct {
		const char *result;
		int status;
	} cases[] = {
		{ "{\"regression_test_id\":1}", 400 },
		{ "{\"exit_code\":1}", 400 },
		{ "{\"regression_test_id\":0,\"exit_code\":1}", 400 },
		{ "{\"regression_test_id\":1,\"exit_code\":1,\"surprise\":1}", 400 },
		{ "{\"regression_test_id\":1,\"status\":\"pass\"}", 400 },
		{ "{\"regression_test_id\":1,\"exit_code\":-2147483649}", 400 },
		{ "{\"regression_test_id\":1,\"exit_code\":-2147483648}", 200 },
		{ "{\"regression_test_id\":1,\"exit_code\":4294967296}", 400 },
		{ "{\"regression_test_id\":1,\"exit_code\":4294967295}", 200 },
		{ "{\"regression_test_id\":1,\"exit_code\":1,\"runtime_ms\":-1}", 400 },
		{ "{\"regression_test_id\":1,\"exit_code\":1,\"runtime_ms\":0}", 200 },
		{ "{\"regression_test_id\":1,\"exit_code\":1,\"runtime_ms\":9007199254740992}", 400 },
		{ "{\"regression_test_id\":1,\"exit_code\":1,\"outputs\":[{\"filename\":\"out\"}]}", 400 },
		{ "{\"regression_test_id\":1,\"exit_code\":1,\"outputs\":[{\"filename\":\"out\",\"sha256\":"
		  "\"abc\"}]}",
			400 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = tell_results(&w, cases[i].result);

		if (r.status != cases[i].status)
			fail_msg("%s: %d %s", cases[i].result, r.status, r.body);
	}
	AUTO_ANSWER none = tell_results(&w, "");
	assert_wrong_field(&none, "results");
}

static void a_result_that_is_told_again_changes_nothing_and_another_takes_its_place(void **state)
{
	struct work w = a_work("");
	const char *bad = result(SORT, 0, wrote("out", "else"));
	(void)state;

	AUTO_ANSWER first = tell_results(&w, bad);
	AUTO_ANSWER one = of_run(w.run_id, "/samples/1");
	atomic_store(&fx.wall, NOW + 5000);
	AUTO_ANSWER second = tell_results(&w, bad);
	AUTO_ANSWER two = of_run(w.run_id, "/samples/1");
	assert_string_equal(first.body, second.body);
	assert_string_equal(one.body, two.body);
	must_tell(&w, result(SORT, 0, wrote("out", SORTED)));
	assert_result(w.run_id, SORT, "pass");
	AUTO_ANSWER late = send_output(&w, OUT, "else"); /* the result says another now */
	assert_error(&late, 422, "unprocessable");
	assert_int_equal(counts_of(w.run_id).errors, 0);
}

/* What a result says was written is all that was. */
static void of_a_result_that_is_told_again_with_less_the_rest_was_not_written(void **state)
{
	struct work w = a_work("");
	(void)state;

	must_tell(&w, result(TWO, 0, arena_fmt(&fx.arena, "%s,%s", wrote("a", "A"), wrote("b", "B")).p));
	assert_result(w.run_id, TWO, "pass");
	must_tell(&w, result(TWO, 0, wrote("a", "A")));
	assert_result(w.run_id, TWO, "missing_output");
}

static void a_test_that_begins_runs_and_one_that_cannot_is_skipped(void **state)
{
	struct work w = a_work("");
	(void)state;

	must_tell(&w, "{\"regression_test_id\":1,\"status\":\"running\"}");
	assert_int_equal(counts_of(w.run_id).running, 1);
	must_tell(&w, "{\"regression_test_id\":1,\"status\":\"skipped\",\"message\":\"no such program\"}");
	must_tell(&w, "{\"regression_test_id\":1,\"status\":\"running\"}"); /* said late */
	assert_result(w.run_id, SORT, "skipped");
	AUTO_ANSWER r = of_run(w.run_id, "/samples/1");
	assert_text(json_of(&r), "message", "no such program");
	assert_int_equal(counts_of(w.run_id).skipped, 1);
	assert_int_equal(counts_of(w.run_id).running, 0);
	must_tell(&w, result(SORT, 0, wrote("out", SORTED)));
	assert_result(w.run_id, SORT, "pass");
}

static void bytes_before_their_result_are_of_it_and_bytes_of_nothing_are_refused(void **state)
{
	struct work w = a_work(",\"regression_test_ids\":[1]");
	(void)state;

	AUTO_ANSWER early = send_output(&w, OUT, SORTED_TOO);
	AUTO_ANSWER other = send_output(&w, OUT_A, "A"); /* of a test that was not chosen */
	AUTO_ANSWER none = send_output(&w, 99, "A");
	assert_int_equal(early.status, 200); /* it is accepted, so it is here */
	assert_error(&other, 404, "not_found");
	assert_error(&none, 404, "not_found");
	assert_result(w.run_id, SORT, "not_started");
	must_tell(&w, "{\"regression_test_id\":1,\"exit_code\":0}");
	assert_result(w.run_id, SORT, "pass");
}

static void bytes_that_are_not_those_of_the_digest_are_not_kept(void **state)
{
	struct work w = a_work("");
	const char *path = arena_fmt(&fx.arena, "/internal/runs/%lld/outputs/4?claim=1&sha256=%s",
		(long long)w.run_id, hex_of("c"))
				   .p;
	(void)state;

	AUTO_ANSWER r = ask((struct ask){ .method = "PUT",
		.target = path,
		.token = INTERNAL,
		.type = "application/octet-stream",
		.body = "d" });
	AUTO_ANSWER none = ask((struct ask){ .method = "GET",
		.target = arena_fmt(&fx.arena, "/internal/blobs/%s", hex_of("d")).p,
		.token = INTERNAL });
	AUTO_ANSWER type = ask((struct ask){
		.method = "PUT", .target = path, .token = INTERNAL, .type = "text/plain", .body = "c" });
	AUTO_ANSWER large = ask((struct ask){ .method = "PUT",
		.target = path,
		.token = INTERNAL,
		.type = "application/octet-stream",
		.length = (1 << 20) + 1 });
	AUTO_ANSWER digest = ask((struct ask){ .method = "PUT",
		.target = "/internal/runs/1/outputs/4?claim=1&sha256=abc",
		.token = INTERNAL,
		.type = "application/octet-stream",
		.body = "c" });
	AUTO_ANSWER claim = ask((struct ask){ .method = "PUT",
		.target = arena_fmt(&fx.arena, "/internal/runs/1/outputs/4?sha256=%s", hex_of("c")).p,
		.token = INTERNAL,
		.type = "application/octet-stream",
		.body = "c" });
	assert_error(&r, 422, "unprocessable");
	assert_error(&none, 404, "not_found");
	assert_error(&type, 415, "unsupported_media_type");
	assert_error(&large, 413, "payload_too_large");
	assert_wrong_field(&digest, "sha256");
	assert_wrong_field(&claim, "claim");
	assert_result(w.run_id, NEW, "not_started");
}

static void a_file_of_the_suite_is_fetched_whole_or_in_part(void **state)
{
	struct ask a = { .method = "GET",
		.target = arena_fmt(&fx.arena, "/internal/blobs/%s", hex_of("alpha")).p,
		.token = INTERNAL };
	(void)state;

	AUTO_ANSWER all = ask(a);
	a.header[0] = "Range";
	a.header[1] = "bytes=2-";
	AUTO_ANSWER part = ask(a);
	a.header[1] = "bytes=5-";
	AUTO_ANSWER beyond = ask(a);
	a.header[0] = "If-None-Match";
	a.header[1] = header_of(&all, "ETag");
	AUTO_ANSWER known = ask(a);
	a = (struct ask){ .method = "GET", .target = "/internal/blobs/abc", .token = INTERNAL };
	AUTO_ANSWER wrong = ask(a);
	a.target = arena_fmt(&fx.arena, "/internal/blobs/%s", hex_of("nothing")).p;
	AUTO_ANSWER none = ask(a);
	assert_string_equal(all.body, "alpha");
	assert_int_equal(part.status, 206);
	assert_string_equal(part.body, "pha");
	assert_error(&beyond, 416, "range_not_satisfiable");
	assert_int_equal(known.status, 304);
	assert_error(&wrong, 400, "validation_error");
	assert_error(&none, 404, "not_found");
}

/* ---- tests that were run elsewhere ---- */

#define IMPORT(run, results)                                                                                 \
	"{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA "\",\"run_id\":" run ",\"results\":[" results "]}"
#define JUNIT                                                                                                \
	"{\"name\":\"A.one\",\"status\":\"pass\",\"runtime_ms\":3},"                                         \
	"{\"name\":\"A.two\",\"status\":\"fail\",\"message\":\"expected 1\"},"                               \
	"{\"name\":\"A.three\",\"status\":\"skipped\"}"

static struct answer import(const char *token, const char *body)
{
	return ask((struct ask){
		.method = "POST", .target = "/internal/results", .token = token, .body = body });
}

static void results_of_elsewhere_are_of_the_run_that_they_name(void **state)
{
	int64_t run;
	(void)state;

	post(SHA, 7, ",\"conclusion\":\"success\"", &run);
	AUTO_ANSWER r = import(INTERNAL, IMPORT("7", JUNIT));
	AUTO_ANSWER again = import(INTERNAL, IMPORT("7", JUNIT));
	AUTO_ANSWER other = import(INTERNAL, IMPORT("\"8\"", JUNIT));
	struct counts n = counts_of(run);
	AUTO_ANSWER errors = of_run(run, "/errors");
	AUTO_ANSWER tests = get("/api/v1/regression-tests");

	assert_int_equal(r.status, 200);
	assert_int_equal(number(json_of(&r), "run_id"), run);
	assert_int_equal(number(json_of(&r), "results"), 3);
	assert_string_equal(r.body, again.body);
	assert_true(number(json_of(&other), "run_id") != run);
	assert_int_equal(n.all, 3);
	assert_int_equal(n.pass, 1);
	assert_int_equal(n.fail, 1);
	assert_int_equal(n.skipped, 1);
	assert_int_equal(total_of(&errors), 1);
	assert_text(json_at(data_of(&errors), 0), "type", "test_failure");
	assert_non_null(strstr(errors.body, "expected 1"));
	assert_run(run, "fail", NULL);
	assert_int_equal(total_of(&tests), 4); /* of those that are run here it is none */
}

static void what_is_imported_has_bounds(void **state)
{
	static const struct {
		const char *body;
		int status;
	} cases[] = {
		{ IMPORT("7", ""), 400 },
		{ IMPORT("7", "{\"name\":\"\",\"status\":\"pass\"}"), 400 },
		{ IMPORT("7", "{\"name\":\"a\\nb\",\"status\":\"pass\"}"), 400 },
		{ IMPORT("7", "{\"name\":\"a\",\"status\":\"running\"}"), 400 },
		{ IMPORT("7", "{\"name\":\"a\"}"), 400 },
		{ IMPORT("7", "{\"name\":\"a\",\"status\":\"pass\",\"surprise\":1}"), 400 },
		{ IMPORT("\"\"", "{\"name\":\"a\",\"status\":\"pass\"}"), 400 },
		{ IMPORT("-1", "{\"name\":\"a\",\"status\":\"pass\"}"), 400 },
		{ IMPORT("0", "{\"name\":\"a\",\"status\":\"pass\"}"), 200 },
		{ "{\"repo\":\"acme/none\",\"head_sha\":\"" SHA
		  "\",\"run_id\":7,\"results\":[{\"name\":\"a\",\"status\":\"pass\"}]}",
			404 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = import(INTERNAL, cases[i].body);

		if (r.status != cases[i].status)
			fail_msg("%s: %d %s", cases[i].body, r.status, r.body);
	}
	AUTO_ANSWER elsewhere = import(token_of_repo("acme/valve").p, IMPORT("7", JUNIT));
	assert_error(&elsewhere, 404, "not_found");
}

static void what_is_imported_is_nothing_of_the_suite(void **state)
{
	struct work w = a_work("");
	(void)state;

	AUTO_ANSWER name = import(INTERNAL, IMPORT("7", "{\"name\":\"sort\",\"status\":\"pass\"}"));
	AUTO_ANSWER into = import(INTERNAL, arena_fmt(&fx.arena,
						    "{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
						    "\",\"run_id\":\"%s\",\"results\":[" JUNIT "]}",
						    w.external_id)
						    .p);
	assert_error(&name, 422, "unprocessable");
	assert_non_null(strstr(name.body, "another name"));
	assert_error(&into, 409, "conflict");
	assert_int_equal(counts_of(w.run_id).all, 4);
	assert_result(w.run_id, SORT, "not_started");
}

/* n results, each of a test of its own. */
static struct answer import_all(int from, int n, const char *status)
{
	AUTO_BUF body;

	buf_init(&body, SIZE_MAX);
	buf_z(&body, "{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA "\",\"run_id\":7,\"results\":[");
	for (int i = 0; i < n; i++)
		buf_fmt(&body, "%s{\"name\":\"t%d\",\"status\":\"%s\"}", i ? "," : "", from + i, status);
	buf_z(&body, "]}");
	return import(INTERNAL, buf_cstr(&body));
}

static struct answer import_many(int from, int n)
{
	return import_all(from, n, "pass");
}

static void names_that_change_from_run_to_run_do_not_fill_the_suite(void **state)
{
	struct config *c = fixture_config(0, 0);
	(void)state;

	c->suite_names = 10; /* five there are */
	config_swap(fx.app.config, c);
	AUTO_ANSWER five = import_many(0, 5);
	AUTO_ANSWER same = import_many(0, 5);
	AUTO_ANSWER more = import_many(100, 1);
	assert_int_equal(five.status, 200);
	assert_int_equal(same.status, 200);
	assert_error(&more, 422, "unprocessable");
	assert_non_null(strstr(more.body, "stay the same"));
}

static void five_thousand_results_come_at_once_and_not_one_more(void **state)
{
	struct config *c = fixture_config(0, 0);
	(void)state;

	c->suite_names = 100000;
	config_swap(fx.app.config, c);
	AUTO_ANSWER over = import_many(0, 5001);
	AUTO_ANSWER most = import_many(0, 5000);
	assert_wrong_field(&over, "results");
	assert_int_equal(most.status, 200);
	assert_int_equal(counts_of(number(json_of(&most), "run_id")).pass, 5000);
	AUTO_ANSWER config = of_run(number(json_of(&most), "run_id"), "/config");
	assert_int_equal(json_len(json_get(json_of(&config), "regression_test_ids")), 500);
}

static void errors_beyond_what_a_list_counts_are_summed_up(void **state)
{
	struct config *c = fixture_config(0, 0);
	int64_t run_id = 0;
	(void)state;

	c->suite_names = 100000;
	config_swap(fx.app.config, c);
	for (int i = 0; i < 3; i++) {
		AUTO_ANSWER r = import_all(i * 3500, 3500, "fail");

		assert_int_equal(r.status, 200);
		run_id = number(json_of(&r), "run_id");
	}
	assert_int_equal(counts_of(run_id).errors, 10500);
	AUTO_ANSWER list = of_run(run_id, "/errors?limit=1");
	assert_int_equal(total_of(&list), -1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, suite_up, router_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(what_is_here_already_need_not_be_sent),
		T(results_are_taken_all_or_none),
		T(results_have_bounds),
		T(a_result_that_is_told_again_changes_nothing_and_another_takes_its_place),
		T(of_a_result_that_is_told_again_with_less_the_rest_was_not_written),
		T(a_test_that_begins_runs_and_one_that_cannot_is_skipped),
		T(bytes_before_their_result_are_of_it_and_bytes_of_nothing_are_refused),
		T(bytes_that_are_not_those_of_the_digest_are_not_kept),
		T(a_file_of_the_suite_is_fetched_whole_or_in_part),
		T(results_of_elsewhere_are_of_the_run_that_they_name),
		T(what_is_imported_has_bounds),
		T(names_that_change_from_run_to_run_do_not_fill_the_suite),
		T(errors_beyond_what_a_list_counts_are_summed_up),
		T(what_is_imported_is_nothing_of_the_suite),
		T(five_thousand_results_come_at_once_and_not_one_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
