/* step_list: the steps of a commit or a run, and the text of one from a line on. */
#include "tests/test.h"

#include "base/diag.h"
#include "tests/http/streaming.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#define OTHER_SHA "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct answer get(const char *target, const char *token)
{
	return ask((struct ask){ .method = "GET", .target = target, .token = token });
}

static void post(const char *repo, const char *sha, const char *facts)
{
	char body[500];

	snprintf(body, sizeof body, "{\"repo\":\"%s\",\"head_sha\":\"%s\",\"log_tail\":\"text\",%s}", repo,
		sha, facts);
	AUTO_ANSWER r = ask((struct ask){
		.method = "POST", .target = "/internal/ci-log", .body = body, .token = INTERNAL });
	assert_int_equal(r.status, 204);
}

/* The names of the steps of a page, with a blank between them. */
static const char *names_of(struct answer *r)
{
	static char names[1000];
	struct json *data = json_get(json_of(r), "data");

	names[0] = '\0';
	if (r->status != 200)
		fail_msg("%d: %s", r->status, r->body);
	for (size_t i = 0; i < json_len(data); i++) {
		struct str name = json_str(json_get(json_at(data, i), "step"));

		snprintf(names + strlen(names), sizeof names - strlen(names), "%s%.*s", i > 0 ? " " : "",
			STR_FMT(name));
	}
	return names;
}

static int64_t total_of(struct answer *r)
{
	int64_t total = -2;

	json_int(json_get(json_get(json_of(r), "pagination"), "total"), &total);
	return total;
}

static void those_that_failed_are_first_then_those_that_began_first(void **state)
{
	static const char of_commit[] = "/api/v1/steps?repo=" REPO "&sha=" SHA;
	(void)state;

	post(REPO, SHA, "\"run_id\":20,\"job_name\":\"j\",\"step_name\":\"a\",\"conclusion\":\"success\"");
	atomic_fetch_add(&fx.wall, 1000);
	post(REPO, SHA, "\"run_id\":20,\"job_name\":\"j\",\"step_name\":\"b\"");
	atomic_fetch_add(&fx.wall, 1000);
	stream_step("c");
	atomic_fetch_add(&fx.wall, 1000);
	post(REPO, SHA, "\"run_id\":20,\"job_name\":\"j\",\"step_name\":\"d\"");
	AUTO_ANSWER all = get(of_commit, fx.admin.p);
	AUTO_ANSWER failed = get("/api/v1/steps?repo=" REPO "&sha=" SHA "&failed=true", fx.admin.p);
	AUTO_ANSWER page = get("/api/v1/steps?repo=" REPO "&sha=" SHA "&limit=2&offset=1", fx.admin.p);
	AUTO_ANSWER beyond = get("/api/v1/steps?repo=" REPO "&sha=" SHA "&offset=4", fx.admin.p);
	struct json *first = json_at(json_get(json_of(&all), "data"), 0);

	assert_string_equal(names_of(&all), "b d a c");
	assert_int_equal(total_of(&all), 4);
	assert_true(str_eq(json_str(json_get(first, "conclusion")), STR("failure")));
	assert_true(str_eq(json_str(json_get(first, "repo")), STR(REPO)));
	assert_int_equal(json_kind(json_get(first, "log_expired_at")), JSON_NULL);
	assert_string_equal(names_of(&failed), "b d");
	assert_int_equal(total_of(&failed), 2);
	assert_string_equal(names_of(&page), "d a");
	assert_int_equal(total_of(&page), 4);
	assert_string_equal(names_of(&beyond), "");
	assert_int_equal(total_of(&beyond), 4);
	atomic_store(&fx.wall, NOW);
}

static void of_a_job_that_was_run_again_the_newest_attempt_counts(void **state)
{
	(void)state;
	post(REPO, OTHER_SHA, "\"run_id\":30,\"job_name\":\"j\",\"step_name\":\"old\",\"attempt\":1");
	post(REPO, OTHER_SHA, "\"run_id\":30,\"job_name\":\"j\",\"step_name\":\"new\",\"attempt\":2");
	post(REPO, OTHER_SHA, "\"run_id\":30,\"job_name\":\"k\",\"step_name\":\"once\",\"attempt\":1");
	AUTO_ANSWER r = get("/api/v1/steps?external_run_id=30", fx.admin.p);

	assert_string_equal(names_of(&r), "new once");
}

static void it_is_asked_in_exactly_one_way(void **state)
{
	static const char *const wrong[] = { "", "?repo=" REPO, "?sha=" SHA, "?run_id=1&external_run_id=7",
		"?run_id=1&repo=" REPO "&sha=" SHA, "?run_id=1&forge=default" };
	char target[200];
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		snprintf(target, sizeof target, "/api/v1/steps%s", wrong[i]);
		AUTO_ANSWER r = get(target, fx.admin.p);

		assert_error(&r, 400, "validation_error");
	}
	AUTO_ANSWER run = get("/api/v1/steps?run_id=999999", fx.admin.p);
	AUTO_ANSWER nothing = get("/api/v1/steps?repo=acme/nobody&sha=" SHA, fx.admin.p);

	assert_error(&run, 404, "not_found");
	assert_string_equal(names_of(&nothing), "");
	assert_int_equal(total_of(&nothing), 0);
}

static void of_other_repos_a_bound_token_learns_nothing(void **state)
{
	AUTO_ANSWER add = ask((struct ask){ .method = "POST",
		.target = "/api/v1/repos",
		.body = "{\"repo\":\"acme/beside\"}",
		.token = fx.admin.p });
	AUTO_ANSWER token = ask((struct ask){ .method = "POST",
		.target = "/api/v1/auth/tokens",
		.body = "{\"token_name\":\"t\",\"repository\":\"acme/beside\",\"scopes\":[\"logs:read\"]}",
		.token = fx.admin.p });
	struct str bound = json_str(json_get(json_of(&token), "token"));
	(void)state;

	assert_int_equal(add.status, 201);
	post(REPO, SHA, "\"run_id\":\"shared\",\"step_name\":\"here\"");
	post("acme/beside", SHA, "\"run_id\":\"shared\",\"step_name\":\"there\"");
	AUTO_ANSWER both = get("/api/v1/steps?external_run_id=shared", fx.admin.p);
	AUTO_ANSWER one = get("/api/v1/steps?external_run_id=shared&repo=" REPO, fx.admin.p);
	AUTO_ANSWER own = get("/api/v1/steps?external_run_id=shared", bound.p);
	AUTO_ANSWER other = get("/api/v1/steps?repo=" REPO "&sha=" SHA, bound.p);

	assert_error(&both, 400, "validation_error");
	assert_string_equal(names_of(&one), "here");
	assert_string_equal(names_of(&own), "there");
	assert_error(&other, 404, "not_found");
}

/* ---- the text from a line on ---- */

static struct answer get_from(int64_t id, int64_t line, const char *name, const char *value)
{
	char target[100];

	snprintf(target, sizeof target, "/api/v1/steps/%lld/log?from=%lld", (long long)id, (long long)line);
	return ask((struct ask){
		.method = "GET", .target = target, .token = fx.admin.p, .header = { name, value } });
}

/* What `tail -n +LINE` gives. */
static struct str from_line(struct str text, int64_t line)
{
	for (int64_t n = 1; n < line && text.len > 0; n++)
		text = str_from(text, str_find(text, '\n') + 1);
	return text;
}

static struct str many_lines(void)
{
	struct buf b;
	struct str ret;

	buf_init(&b, SIZE_MAX);
	for (int i = 1; i <= 40000; i++)
		buf_fmt(&b, "line %d of some words\n", i);
	ret = arena_str(&fx.arena, buf_view(&b));
	buf_done(&b);
	return ret;
}

static void assert_body(const struct answer *r, int status, struct str want)
{
	assert_int_equal(r->status, status);
	assert_int_equal(r->len, want.len);
	assert_memory_equal(r->body, want.p, want.len);
}

static void the_text_from_a_line_on_is_what_tail_gives(void **state)
{
	static const int64_t lines[] = { 1, 2, 3, 10000, 11000, 20000, 39999, 40000, 40001, 1000000 };
	struct str text = many_lines();
	int64_t sealed = streamed("from", text), open = stream_step("from open");
	char *out = arena_alloc(&fx.arena, text.len + 1);
	(void)state;

	stream_text(open, 0, (struct str){ text.p, 700000 });
	AUTO_ANSWER now = get_from(open, 1, NULL, NULL);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct str want = from_line(text, lines[i]);
		AUTO_ANSWER plain = get_from(sealed, lines[i], NULL, NULL);
		AUTO_ANSWER packed = get_from(sealed, lines[i], "Accept-Encoding", "zstd");
		AUTO_ANSWER growing = get_from(open, lines[i], NULL, NULL);
		size_t n = ZSTD_decompress(out, text.len, packed.body, packed.len);

		assert_body(&plain, 200, want);
		assert_int_equal(n, want.len);
		assert_memory_equal(out, want.p, n);
		assert_body(&growing, 200, from_line((struct str){ now.body, now.len }, lines[i]));
	}
}

static void ranges_count_from_that_line_on(void **state)
{
	int64_t id = streamed("from range", STR("one\ntwo\nthree\n"));
	(void)state;

	AUTO_ANSWER r = get_from(id, 2, "Range", "bytes=4-");
	AUTO_ANSWER beyond = get_from(id, 2, "Range", "bytes=10-");

	assert_body(&r, 206, STR("three\n"));
	assert_string_equal(header_of(&r, "Content-Range"), "bytes 4-9/10");
	assert_error(&beyond, 416, "range_not_satisfiable");
}

static void of_a_tail_lines_are_numbered_with_those_that_were_dropped(void **state)
{
	(void)state;
	AUTO_ANSWER p = ask((struct ask){ .method = "POST",
		.target = "/internal/ci-log",
		.body = "{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
			"\",\"run_id\":40,\"step_name\":\"t\",\"log_tail\":\"a\\nb\\nc\\n\",\"dropped_"
			"lines\":100}",
		.token = INTERNAL });
	AUTO_ANSWER steps = get("/api/v1/steps?external_run_id=40", fx.admin.p);
	int64_t id = 0;

	assert_int_equal(p.status, 204);
	assert_true(json_int(json_get(json_at(json_get(json_of(&steps), "data"), 0), "step_id"), &id));
	AUTO_ANSWER before = get_from(id, 50, NULL, NULL);
	AUTO_ANSWER second = get_from(id, 102, NULL, NULL);

	assert_body(&before, 200, STR("a\nb\nc"));
	assert_body(&second, 200, STR("b\nc"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(those_that_failed_are_first_then_those_that_began_first),
		cmocka_unit_test(of_a_job_that_was_run_again_the_newest_attempt_counts),
		cmocka_unit_test(it_is_asked_in_exactly_one_way),
		cmocka_unit_test(of_other_repos_a_bound_token_learns_nothing),
		cmocka_unit_test(the_text_from_a_line_on_is_what_tail_gives),
		cmocka_unit_test(ranges_count_from_that_line_on),
		cmocka_unit_test(of_a_tail_lines_are_numbered_with_those_that_were_dropped),
	};

	diag_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC)); /* these tests make many errors */
	return cmocka_run_group_tests(tests, router_up, router_down);
}
