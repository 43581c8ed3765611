/* runs: lists of runs, and the lines of a run's steps as one list. */
#include "tests/test.h"

#include "base/diag.h"
#include "tests/http/streaming.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OTHER_SHA "89abcdef0123456789abcdef0123456789abcdef"

static struct answer get(const char *target)
{
	return ask((struct ask){ .method = "GET", .target = target, .token = fx.admin.p });
}

static int64_t number(struct json *object, const char *key)
{
	int64_t n = -4711;

	json_int(json_get(object, key), &n);
	return n;
}

static struct str text(struct json *object, const char *key)
{
	return json_str(json_get(object, key));
}

/* One post of a step, at some time from now. */
static void post(int run, const char *more, int64_t in_ms)
{
	char body[600];

	snprintf(body, sizeof body, "{\"repo\":\"" REPO "\",\"run_id\":%d,\"log_tail\":\"a line of it\"%s%s}",
		run, strstr(more, "step_name") ? "" : ",\"step_name\":\"make\"",
		strstr(more, "head_sha") ? more
					 : arena_fmt(&fx.arena, ",\"head_sha\":\"" SHA "\"%s", more).p);
	atomic_store(&fx.wall, NOW + in_ms);
	AUTO_ANSWER r = ask((struct ask){
		.method = "POST", .target = "/internal/ci-log", .body = body, .token = INTERNAL });
	if (r.status != 204)
		fail_msg("%s", r.body);
}

static int64_t words_of(const char *list)
{
	int64_t n = *list != '\0';

	for (; *list; list++)
		n += *list == ' ';
	return n;
}

/* The forge's ids of the runs on all pages, like "3 2 1". */
static void assert_runs(const char *query, const char *want)
{
	char got[600] = "", target[300];
	int64_t offset = 0;

	do {
		snprintf(target, sizeof target, "/api/v1/runs?limit=2&offset=%lld%s", (long long)offset,
			query);
		AUTO_ANSWER r = get(target);
		struct json *data = json_get(json_of(&r), "data");

		if (r.status != 200)
			fail_msg("%s: %s", target, r.body);
		for (size_t i = 0; i < json_len(data); i++)
			snprintf(got + strlen(got), 20, "%s%.*s", *got ? " " : "",
				STR_FMT(text(json_at(data, i), "external_run_id")));
		assert_int_equal(number(json_get(json_of(&r), "pagination"), "total"), words_of(want));
		offset = -1;
		json_int(json_get(json_get(json_of(&r), "pagination"), "next_offset"), &offset);
	} while (offset >= 0);
	if (strcmp(got, want) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", query, got, want);
}

static int seven_runs(void **state)
{
	if (router_up(state) != 0)
		return -1;
	post(1, "", 0);
	post(2, ",\"conclusion\":\"success\",\"branch\":\"main\"", 1000);
	post(3, ",\"conclusion\":\"cancelled\",\"branch\":\"fix\",\"pull_request\":12", 2000);
	post(4, ",\"conclusion\":\"success\",\"head_sha\":\"" OTHER_SHA "\",\"platform\":\"macos\"", 3000);
	post(5, ",\"conclusion\":\"failure\",\"attempt\":1,\"job_name\":\"b\"", 4000);
	post(5, ",\"conclusion\":\"success\",\"attempt\":2,\"job_name\":\"b\"", 5000);
	post(6, ",\"conclusion\":\"skipped\"", 6000);
	post(6, ",\"conclusion\":\"success\",\"step_name\":\"late\"", 500000);
	post(7, ",\"conclusion\":\"success\",\"url\":\"https://git.example.org/acme/pump/actions/runs/7\"",
		7000);
	atomic_store(&fx.wall, NOW + 10000);
	return 0;
}

static void runs_are_sorted_and_paged(void **state)
{
	(void)state;
	assert_runs("", "7 6 5 4 3 2 1");
	assert_runs("&sort=created_at", "1 2 3 4 5 6 7");
	assert_runs("&sort=run_id", "1 2 3 4 5 6 7");
	assert_runs("&sort=-run_id", "7 6 5 4 3 2 1");
}

static void runs_are_found_by_what_they_are_of(void **state)
{
	(void)state;
	assert_runs("&branch=main", "2");
	assert_runs("&branch=mai", "");
	assert_runs("&commit_sha=" OTHER_SHA, "4");
	assert_runs("&commit_sha=89ABCDEF0123456789ABCDEF0123456789ABCDEF", "4");
	assert_runs("&platform=macos", "4");
	assert_runs("&repository=acme/PUMP&platform=linux", "7 6 5 3 2 1");
	assert_runs("&repository=acme/valve", "");
	assert_runs("&created_after=2026-09-21T14:13:23Z", "7 6 5 4");
	assert_runs("&created_before=2026-09-21T16:13:22%2B02:00", "3 2 1");
	assert_runs("&created_after=2026-09-21T14:13:21Z&created_before=2026-09-21T14:13:22.5Z&sort=run_id",
		"2 3");
}

static void a_status_is_derived_and_filtered_by_alike(void **state)
{
	(void)state;
	assert_runs("&status=fail", "1");
	assert_runs("&status=canceled", "3");
	assert_runs("&status=running", "7 6 5 4 2");
	assert_runs("&status=pass", "");
	atomic_store(&fx.wall, NOW + 700000);
	assert_runs("&status=pass", "7 5 4 2"); /* of 6 something was heard later */
	assert_runs("&status=pass&sort=created_at&branch=main", "2");
	assert_runs("&status=running", "6");
	assert_runs("&status=queued", "");
	atomic_store(&fx.wall, NOW + 10000);
}

static void a_run_is_told_in_the_shape_of_the_results_api(void **state)
{
	AUTO_ANSWER failed = get("/api/v1/runs/1");
	AUTO_ANSWER pr = get("/api/v1/runs/3");
	AUTO_ANSWER newest = get("/api/v1/runs?limit=1");
	AUTO_ANSWER none = get("/api/v1/runs/99");
	struct json *j = json_of(&failed), *last = json_at(json_get(json_of(&newest), "data"), 0);
	(void)state;

	assert_int_equal(failed.status, 200);
	assert_int_equal(number(j, "run_id"), 1);
	assert_true(str_eq(text(j, "status"), STR("fail")));
	assert_true(str_eq(text(j, "platform"), STR("linux")));
	assert_true(str_eq(text(j, "test_type"), STR("commit")));
	assert_true(str_eq(text(j, "repository"), STR(REPO)));
	assert_true(str_eq(text(j, "commit_sha"), STR(SHA)));
	assert_int_equal(json_kind(json_get(j, "branch")), JSON_NULL);
	assert_int_equal(json_kind(json_get(j, "pr_number")), JSON_NULL);
	assert_int_equal(json_kind(json_get(j, "queued_at")), JSON_NULL);
	assert_true(str_eq(text(j, "created_at"), STR("2026-09-21T14:13:20.000Z")));
	assert_true(str_eq(text(j, "started_at"), STR("2026-09-21T14:13:20.000Z")));
	assert_true(str_eq(text(j, "completed_at"), STR("2026-09-21T14:13:20.000Z")));
	assert_true(str_eq(text(json_of(&pr), "test_type"), STR("pr")));
	assert_int_equal(number(json_of(&pr), "pr_number"), 12);
	assert_int_equal(json_kind(json_get(last, "completed_at")), JSON_NULL);
	assert_true(
		str_eq(text(last, "github_link"), STR("https://git.example.org/acme/pump/actions/runs/7")));
	assert_error(&none, 404, "not_found");
}

/* 98 and 2 of two bytes each; the results API has 100 at most. */
#define B49 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void what_a_runner_called_a_branch_or_a_link_is_told_within_bounds(void **state)
{
	static const struct {
		const char *sent;
		bool told;
	} links[] = {
		{ "https://git.example.org/acme/pump/actions/runs/7", true },
		{ "http://localhost:3000", true },
		{ "http://[::1]:3000/a?b=c&d#e", true },
		{ "http://h/%41", true },
		{ "http://h/%4", false },
		{ "http://h/%", false },
		{ "http://h/a#b#c", false },
		{ "http://h/<b>", false },
		{ "http://h:x/", false },
		{ "http://h\\u0022", false },
		{ "http://user:secret@h/", false },
		{ "http://[::1", false },
		{ "http:///a", false },
		{ "http://?", false },
	};
	AUTO_ANSWER cut = (post(8, ",\"branch\":\"" B49 B49 "xééé\"", 0), get("/api/v1/runs/8"));
	(void)state;

	assert_true(str_eq(text(json_of(&cut), "branch"), STR(B49 B49 "x")));
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		post(9, arena_fmt(&fx.arena, ",\"url\":\"%s\"", links[i].sent).p, (int64_t)i);
		AUTO_ANSWER r = get("/api/v1/runs/9");
		if ((json_kind(json_get(json_of(&r), "github_link")) == JSON_STRING) != links[i].told)
			fail_msg("%s: %s", links[i].sent, r.body);
	}
}

static void a_query_for_runs_that_cannot_be_says_which_field_is_wrong(void **state)
{
	static const struct {
		const char *query, *field;
	} cases[] = {
		{ "status=passed", "status" },
		{ "commit_sha=abc", "commit_sha" },
		{ "repository=acme", "repository" },
		{ "platform=plan9", "platform" },
		{ "created_after=yesterday", "created_after" },
		{ "created_before=2026-02-30T00:00:00Z", "created_before" },
		{ "sort=branch", "sort" },
		{ "limit=101", "limit" },
		{ "offset=-1", "offset" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char target[200];

		snprintf(target, sizeof target, "/api/v1/runs?%s", cases[i].query);
		AUTO_ANSWER r = get(target);

		assert_wrong_field(&r, cases[i].field);
	}
}

/* ---- lines ---- */

static int64_t total_of(const char *status)
{
	char target[80];

	snprintf(target, sizeof target, "/api/v1/runs?status=%s", status);
	AUTO_ANSWER r = get(target);
	return number(json_get(json_of(&r), "pagination"), "total");
}

static void a_run_is_in_the_list_of_its_status_as_soon_as_its_step_changes(void **state)
{
	int64_t step;
	(void)state;

	post(1, ",\"conclusion\":\"success\",\"job_name\":\"build\"", 0);
	atomic_store(&fx.wall, NOW + 700000);
	assert_int_equal(total_of("pass"), 1);
	step = stream_step("of another run");
	assert_int_equal(total_of("running"), 1);
	stream_text(step, 0, STR("error: it broke\n"));
	stream_end_of(step, "failure");
	assert_int_equal(total_of("running"), 0);
	assert_int_equal(total_of("fail"), 1);
	post(1, ",\"conclusion\":\"cancelled\",\"job_name\":\"build\"", 700000);
	assert_int_equal(total_of("pass"), 0);
	assert_int_equal(total_of("canceled"), 1);
	atomic_store(&fx.wall, NOW);
}

static int64_t run_of(int64_t step_id)
{
	char target[60];

	snprintf(target, sizeof target, "/api/v1/steps/%lld", (long long)step_id);
	AUTO_ANSWER r = get(target);
	return number(json_of(&r), "run_id");
}

/* What the pages from a cursor on have, line ends as blanks; returns the last cursor that was told, or -1. */
static int64_t read_logs(int64_t run_id, const char *query, int64_t cursor, char *got, size_t size)
{
	int64_t last = -1;

	got[0] = '\0';
	do {
		char target[300];

		snprintf(target, sizeof target, "/api/v1/runs/%lld/logs?limit=2&cursor=%lld%s",
			(long long)run_id, (long long)cursor, query);
		AUTO_ANSWER r = get(target);
		struct json *data = json_get(json_of(&r), "data");

		if (r.status != 200)
			fail_msg("%s: %s", target, r.body);
		for (size_t i = 0; i < json_len(data); i++) {
			struct json *line = json_at(data, i);

			assert_int_equal(number(line, "run_id"), run_id);
			assert_int_equal(json_kind(json_get(line, "timestamp")), JSON_STRING);
			snprintf(got + strlen(got), size - strlen(got), "%s%.*s", *got ? " " : "",
				STR_FMT(text(line, "message")));
		}
		cursor = -1;
		json_int(json_get(json_get(json_of(&r), "pagination"), "next_cursor"), &cursor);
		last = cursor >= 0 ? cursor : last;
	} while (cursor >= 0);
	return last;
}

static void assert_logs(int64_t run_id, const char *query, const char *want)
{
	char got[4000];

	read_logs(run_id, query, 0, got, sizeof got);
	assert_string_equal(got, want);
}

static void the_lines_of_a_run_are_those_of_its_steps_in_the_order_they_began(void **state)
{
	int64_t one = stream_step("one"), two = stream_step("two"), three = stream_step("three");
	int64_t run = run_of(one);
	(void)state;

	stream_text(two, 0, STR("d\n\x1b[31merror: e\x1b[0m\n"));
	stream_text(one, 0, STR("a\nb\nc\n"));
	stream_text(three, 0, STR("f\n"));
	assert_logs(run, "", "a b c d error: e f");
	assert_logs(run, "&level=error", "error: e");
	assert_logs(run, "&contains=ERROR:", "error: e");
	assert_logs(run, "&source=build&contains=f", "f");
	assert_logs(run, "&source=web", "");
	stream_end_of(one, "failure");
	stream_end_of(two, "failure");
	stream_end_of(three, "failure");
	assert_logs(run, "", "a b c d error: e f");
}

static void a_cursor_stays_good_while_steps_grow_and_others_begin(void **state)
{
	int64_t one = stream_step("grows one"), two = stream_step("grows two"), run = run_of(one), cursor,
		more;
	char got[1000];
	(void)state;

	stream_text(one, 0, STR("a\nb\n"));
	stream_text(two, 0, STR("c\nd\n"));
	cursor = read_logs(run, "&contains=c", 0, got, sizeof got);
	assert_string_equal(got, "c");
	cursor = read_logs(run, "", 0, got, sizeof got);
	assert_string_equal(got, "a b c d");
	assert_true(cursor > 0);
	stream_text(one, 4, STR("late\n"));
	stream_text(two, 4, STR("e\n"));
	more = stream_step("grows three");
	stream_text(more, 0, STR("f\n"));
	read_logs(run, "", cursor, got, sizeof got);
	assert_string_equal(got, "e f");
	read_logs(run, "", 2, got, sizeof got); /* of the first step, numbers of lines */
	assert_string_equal(got, "late c d e f");
	read_logs(run, "", INT64_C(9007199254740991), got, sizeof got);
	assert_string_equal(got, "");
}

static void lines_that_are_not_there_are_an_empty_page_or_404_or_410(void **state)
{
	int64_t quiet = stream_step("quiet"), run = run_of(quiet);
	char target[80], got[100];
	(void)state;

	assert_logs(run, "", "");
	snprintf(target, sizeof target, "/internal/steps/%lld/finish", (long long)quiet);
	AUTO_ANSWER end = ask((struct ask){ .method = "POST",
		.target = target,
		.body = "{\"conclusion\":\"success\",\"keep\":false}",
		.token = INTERNAL });
	snprintf(target, sizeof target, "/api/v1/runs/%lld/logs", (long long)run);
	AUTO_ANSWER dropped = get(target);
	AUTO_ANSWER no_run = get("/api/v1/runs/999/logs");

	assert_int_equal(end.status, 204);
	assert_error(&dropped, 410, "gone");
	assert_error(&no_run, 404, "not_found");
	post(7, ",\"job_name\":\"build\",\"step_name\":\"posted\"", 0);
	read_logs(run, "", 0, got, sizeof got);
	assert_string_equal(got, "a line of it");
	atomic_store(&fx.wall, NOW + 15 * DAY_MS);
	AUTO_ANSWER janitor =
		ask((struct ask){ .method = "POST", .target = "/api/v1/janitor/run", .token = fx.admin.p });
	AUTO_ANSWER gone = get(target);

	assert_int_equal(janitor.status, 200);
	assert_error(&gone, 410, "gone");
	assert_int_equal(json_kind(json_get(json_get(json_of(&gone), "details"), "expired_at")), JSON_STRING);
	atomic_store(&fx.wall, NOW);
}

static void a_page_of_many_large_steps_is_an_answer(void **state)
{
	int64_t run = 0, cursor = 0, n = 0;
	AUTO_BUF line;
	(void)state;

	buf_init(&line, SIZE_MAX);
	for (int k = 0; k < 60; k++) {
		for (int i = 0; i < 4000; i++)
			buf_z(&line, i % 2 ? "\"" : "\\");
		buf_char(&line, '\n');
	}
	for (int i = 0; i < 12; i++) {
		char name[30];

		snprintf(name, sizeof name, "large %d", i);
		run = run_of(streamed(name, buf_view(&line)));
	}
	do {
		char target[100];

		snprintf(target, sizeof target, "/api/v1/runs/%lld/logs?limit=500&contains=%%5C&cursor=%lld",
			(long long)run, (long long)cursor);
		AUTO_ANSWER r = get(target);

		assert_int_equal(r.status, 200);
		n += (int64_t)json_len(json_get(json_of(&r), "data"));
		cursor = -1;
		json_int(json_get(json_get(json_of(&r), "pagination"), "next_cursor"), &cursor);
	} while (cursor >= 0);
	assert_int_equal(n, 12 * 60);
}

static void runs_and_their_lines_have_the_scopes_of_the_results_api(void **state)
{
	struct str runs = token_with(SCOPE_BIT(SCOPE_RUNS_READ), ROLE_USER),
		   system = token_with(SCOPE_BIT(SCOPE_SYSTEM_READ), ROLE_USER);
	struct ask list = { .method = "GET", .target = "/api/v1/runs", .token = runs.p };
	struct ask logs = { .method = "GET", .target = "/api/v1/runs/1/logs", .token = system.p };
	(void)state;

	AUTO_ANSWER may_list = ask(list);
	AUTO_ANSWER may_read = ask(logs);

	list.token = system.p;
	logs.token = runs.p;
	AUTO_ANSWER may_not_list = ask(list);
	AUTO_ANSWER may_not_read = ask(logs);

	assert_int_equal(may_list.status, 200);
	assert_int_not_equal(may_read.status, 403);
	assert_error(&may_not_list, 403, "forbidden");
	assert_error(&may_not_read, 403, "forbidden");
}

int main(void)
{
	static const struct CMUnitTest lists[] = {
		cmocka_unit_test(runs_are_sorted_and_paged),
		cmocka_unit_test(runs_are_found_by_what_they_are_of),
		cmocka_unit_test(a_status_is_derived_and_filtered_by_alike),
		cmocka_unit_test(a_run_is_told_in_the_shape_of_the_results_api),
		cmocka_unit_test(what_a_runner_called_a_branch_or_a_link_is_told_within_bounds),
		cmocka_unit_test(a_query_for_runs_that_cannot_be_says_which_field_is_wrong),
		cmocka_unit_test(runs_and_their_lines_have_the_scopes_of_the_results_api),
	};
#define TEST(f) cmocka_unit_test_setup_teardown(f, router_up, router_down)
	static const struct CMUnitTest lines[] = {
		TEST(a_run_is_in_the_list_of_its_status_as_soon_as_its_step_changes),
		TEST(the_lines_of_a_run_are_those_of_its_steps_in_the_order_they_began),
		TEST(a_cursor_stays_good_while_steps_grow_and_others_begin),
		TEST(lines_that_are_not_there_are_an_empty_page_or_404_or_410),
		TEST(a_page_of_many_large_steps_is_an_answer),
	};
	int failed;

	diag_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC)); /* these tests make many errors */
	failed = cmocka_run_group_tests(lists, seven_runs, router_down);
	return failed + cmocka_run_group_tests(lines, NULL, NULL);
}
