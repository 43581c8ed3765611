/* A suite over HTTP: its files come first and are what they say, then the document, whole or not at all; then it is listed as the results API has it. */
#include "tests/test.h"

#include "base/digest.h"
#include "tests/http/fixture.h"

#include <stdio.h>
#include <string.h>

#define RAW "application/octet-stream"

static struct str editor; /* may send suites, and nothing else */

static int set_up(void **state)
{
	if (router_up(state) != 0)
		return -1;
	editor = token_with(SCOPE_BIT(SCOPE_BASELINES_WRITE), ROLE_ADMIN);
	return 0;
}

static const char *hex_of(const char *text)
{
	struct sha256 d = sha256_of(str_z(text));
	AUTO_BUF hex;

	buf_init(&hex, 100);
	hex_encode(d.b, sizeof d.b, &hex);
	return arena_str(&fx.arena, buf_view(&hex)).p;
}

static const char *path_of(const char *text)
{
	return arena_fmt(&fx.arena, "/api/v1/blobs/%s", hex_of(text)).p;
}

static struct answer send_file(const char *path, const char *bytes)
{
	return ask((struct ask){
		.method = "PUT", .target = path, .token = editor.p, .type = RAW, .body = bytes });
}

static void must_send(const char *text)
{
	AUTO_ANSWER r = send_file(path_of(text), text);

	if (r.status != 201 && r.status != 200)
		fail_msg("%d %s", r.status, r.body);
}

static struct answer send_suite(const char *yaml, const char *query)
{
	return ask((struct ask){ .method = "PUT",
		.target = arena_fmt(&fx.arena, "/api/v1/suite%s", query).p,
		.token = editor.p,
		.type = RAW,
		.body = yaml });
}

static struct answer get(const char *target)
{
	return ask((struct ask){ .method = "GET", .target = target, .token = fx.admin.p });
}

static int64_t number(const struct json *j, const char *name)
{
	int64_t n = -1;

	json_int(json_get(j, name), &n);
	return n;
}

static const char *document(void)
{
	return arena_fmt(&fx.arena,
		"samples: [{file: \"sha256:%s\", name: a.txt, tags: [small]}]\n"
		"tests: [{name: sort-a, sample: \"sha256:%s\", command: sort, categories: [basic], "
		"expected_rc: 1,\n"
		"  outputs: [{file: out, accepted: [\"sha256:%s\"]}]}]\n",
		hex_of("a"), hex_of("a"), hex_of("sorted"))
		.p;
}

/* ---- files ---- */

static void a_file_that_was_sent_is_read_back_whole_or_in_part(void **state)
{
	(void)state;
	AUTO_ANSWER first = send_file(path_of("some bytes"), "some bytes");
	AUTO_ANSWER again = ask((struct ask){ .method = "PUT",
		.target = path_of("some bytes"),
		.token = editor.p,
		.type = RAW,
		.body = "some bytes",
		.chunked = true });
	AUTO_ANSWER all = get(path_of("some bytes"));
	AUTO_ANSWER part = ask((struct ask){ .method = "GET",
		.target = path_of("some bytes"),
		.token = fx.admin.p,
		.header = { "Range", "bytes=5-" } });
	AUTO_ANSWER beyond = ask((struct ask){ .method = "GET",
		.target = path_of("some bytes"),
		.token = fx.admin.p,
		.header = { "Range", "bytes=10-" } });
	AUTO_ANSWER known = ask((struct ask){ .method = "GET",
		.target = path_of("some bytes"),
		.token = fx.admin.p,
		.header = { "If-None-Match", header_of(&all, "ETag") } });

	assert_int_equal(first.status, 201);
	assert_int_equal(number(json_of(&first), "size_bytes"), 10);
	assert_int_equal(again.status, 200);
	assert_int_equal(all.status, 200);
	assert_string_equal(all.body, "some bytes");
	assert_int_equal(part.status, 206);
	assert_string_equal(part.body, "bytes");
	assert_string_equal(header_of(&part, "Content-Range"), "bytes 5-9/10");
	assert_error(&beyond, 416, "range_not_satisfiable");
	assert_int_equal(known.status, 304);
}

static void an_empty_file_is_a_file(void **state)
{
	(void)state;
	AUTO_ANSWER put = ask((struct ask){ .method = "PUT",
		.target = path_of(""),
		.token = editor.p,
		.type = RAW,
		.body = "",
		.chunked = true });
	AUTO_ANSWER got = get(path_of(""));

	assert_int_equal(put.status, 201);
	assert_int_equal(got.status, 200);
	assert_int_equal(got.len, 0);
}

static void other_bytes_than_were_announced_are_refused(void **state)
{
	(void)state;
	AUTO_ANSWER r = send_file(path_of("some bytes"), "same bytes");
	AUTO_ANSWER got = get(path_of("some bytes"));
	AUTO_ANSWER other = get(path_of("same bytes"));

	assert_error(&r, 422, "unprocessable");
	assert_error(&got, 404, "not_found");
	assert_error(&other, 404, "not_found");
}

static void what_can_be_told_before_the_body_is_told_before_it(void **state)
{
	struct ask good = {
		.method = "PUT", .target = path_of("x"), .token = editor.p, .type = RAW, .body = "x"
	};
	struct ask a = good;
	(void)state;

	a.token = NULL;
	AUTO_ANSWER nobody = ask(a);
	a.token = token_with(SCOPE_BIT(SCOPE_RESULTS_READ), ROLE_ADMIN).p;
	AUTO_ANSWER scope = ask(a);
	a = good;
	a.type = "text/plain";
	AUTO_ANSWER type = ask(a);
	a = good;
	a.header[0] = "Content-Encoding";
	a.header[1] = "zstd";
	AUTO_ANSWER coding = ask(a);
	a = good;
	a.target = "/api/v1/blobs/abc";
	AUTO_ANSWER path = ask(a);
	a = good;
	a.length = (1 << 20) + 1;
	AUTO_ANSWER large = ask(a);

	assert_error(&nobody, 401, "unauthorized");
	assert_error(&scope, 403, "forbidden");
	assert_error(&type, 415, "unsupported_media_type");
	assert_error(&coding, 415, "unsupported_media_type");
	assert_error(&path, 400, "validation_error");
	assert_error(&large, 413, "payload_too_large");
	assert_non_null(strstr(large.body, "blob-bytes"));
	assert_true(nobody.before_body && scope.before_body && type.before_body && coding.before_body &&
		    path.before_body && large.before_body);
}

static void a_body_that_turns_out_too_large_is_refused(void **state)
{
	static char body[(1 << 20) + 1];
	(void)state;

	memset(body, 'x', sizeof body);
	AUTO_ANSWER r = ask((struct ask){ .method = "PUT",
		.target = path_of("x"),
		.token = editor.p,
		.type = RAW,
		.body = body,
		.body_len = sizeof body,
		.chunked = true });
	assert_error(&r, 413, "payload_too_large");
}

static void files_that_are_not_here_are_told(void **state)
{
	(void)state;
	must_send("here");
	AUTO_ANSWER r = ask((struct ask){ .method = "POST",
		.target = "/api/v1/blobs/missing",
		.token = editor.p,
		.body = arena_fmt(&fx.arena, "{\"sha256\":[\"%s\",\"%s\"]}", hex_of("here"), hex_of("not"))
				.p });
	const struct json *list = json_get(json_of(&r), "missing");

	assert_int_equal(r.status, 200);
	assert_int_equal(json_len(list), 1);
	assert_true(str_eq(json_str(json_at(list, 0)), str_z(hex_of("not"))));
}

/* ---- the document ---- */

static void a_suite_is_taken_told_and_listed(void **state)
{
	(void)state;
	must_send("a");
	must_send("sorted");
	AUTO_ANSWER put = send_suite(document(), "");
	AUTO_ANSWER told = get("/api/v1/suite");
	AUTO_ANSWER samples = get("/api/v1/samples?tag=SMALL&status=active");
	AUTO_ANSWER sample = get("/api/v1/samples/1");
	AUTO_ANSWER tests = get("/api/v1/regression-tests?category=basic");
	AUTO_ANSWER others = get("/api/v1/regression-tests?active=false");
	const struct json *s = json_at(json_get(json_of(&samples), "data"), 0),
			  *t = json_at(json_get(json_of(&tests), "data"), 0);

	assert_int_equal(put.status, 200);
	assert_int_equal(number(json_of(&put), "samples"), 1);
	assert_int_equal(number(json_of(&put), "regression_tests"), 1);
	assert_int_equal(told.status, 200);
	assert_non_null(strstr(told.body, "  - name: sort-a\n"));
	assert_int_equal(number(s, "sample_id"), 1);
	assert_int_equal(number(s, "regression_test_count"), 1);
	assert_true(str_ends(json_str(json_get(s, "filename")), STR(".txt")));
	assert_true(str_eq(json_str(json_get(json_of(&sample), "original_name")), STR("a.txt")));
	assert_int_equal(number(t, "regression_test_id"), 1);
	assert_int_equal(number(t, "expected_rc"), 1);
	assert_true(str_eq(json_str(json_get(t, "sample_name")), STR("a.txt")));
	assert_int_equal(json_kind(json_get(t, "description")), JSON_NULL);
	assert_int_equal(number(json_get(json_of(&others), "pagination"), "total"), 0);
}

static void what_a_suite_told_is_what_it_takes(void **state)
{
	(void)state;
	must_send("a");
	must_send("sorted");
	AUTO_ANSWER put = send_suite(document(), "");
	AUTO_ANSWER told = get("/api/v1/suite");
	AUTO_ANSWER again = send_suite(told.body, "?all=true");
	AUTO_ANSWER same = get("/api/v1/suite");

	assert_int_equal(put.status, 200);
	assert_int_equal(again.status, 200);
	assert_string_equal(told.body, same.body);
}

static void a_suite_that_speaks_of_a_file_that_is_not_here_is_not_taken(void **state)
{
	(void)state;
	must_send("a");
	AUTO_ANSWER r = send_suite(document(), "");
	AUTO_ANSWER samples = get("/api/v1/samples");

	assert_error(&r, 422, "unprocessable");
	assert_non_null(strstr(r.body, "line 2"));
	assert_int_equal(number(json_get(json_of(&samples), "pagination"), "total"), 0);
}

static void what_is_wrong_in_a_suite_is_told_with_its_line(void **state)
{
	(void)state;
	AUTO_ANSWER key = send_suite("samples:\n  - fille: a\n", "");
	AUTO_ANSWER path = send_suite("samples:\n  - file: a.txt\n", "");
	AUTO_ANSWER none = send_suite("", "");

	assert_error(&key, 400, "validation_error");
	assert_non_null(strstr(key.body, "line 2"));
	assert_error(&path, 400, "validation_error");
	assert_non_null(strstr(path.body, "sluice suite import"));
	assert_error(&none, 400, "validation_error");
}

static void all_of_a_suite_takes_the_rest_out(void **state)
{
	(void)state;
	must_send("a");
	must_send("sorted");
	AUTO_ANSWER put = send_suite(document(), "");
	AUTO_ANSWER empty = send_suite("samples: []\n", "?all=true");
	AUTO_ANSWER tests = get("/api/v1/regression-tests");
	AUTO_ANSWER inactive = get("/api/v1/samples?status=inactive");
	AUTO_ANSWER unknown = get("/api/v1/samples/99");

	assert_int_equal(put.status, 200);
	assert_int_equal(empty.status, 200);
	assert_int_equal(number(json_of(&empty), "regression_tests"), 0);
	assert_int_equal(number(json_get(json_of(&tests), "pagination"), "total"), 0);
	assert_int_equal(number(json_get(json_of(&inactive), "pagination"), "total"), 1);
	assert_error(&unknown, 404, "not_found");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, router_down)
	static const struct CMUnitTest tests[] = {
		T(a_file_that_was_sent_is_read_back_whole_or_in_part),
		T(an_empty_file_is_a_file),
		T(other_bytes_than_were_announced_are_refused),
		T(what_can_be_told_before_the_body_is_told_before_it),
		T(a_body_that_turns_out_too_large_is_refused),
		T(files_that_are_not_here_are_told),
		T(a_suite_is_taken_told_and_listed),
		T(what_a_suite_told_is_what_it_takes),
		T(a_suite_that_speaks_of_a_file_that_is_not_here_is_not_taken),
		T(what_is_wrong_in_a_suite_is_told_with_its_line),
		T(all_of_a_suite_takes_the_rest_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
