/* steps: what is told of a step, and its text: all of it, in pieces, without escapes, compressed. */
#include "tests/test.h"

#include "base/diag.h"
#include "service/log_view.h"
#include "tests/http/streaming.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static struct answer get_with(
	const char *token, int64_t id, const char *rest, const char *name, const char *value)
{
	char target[400];

	snprintf(target, sizeof target, "/api/v1/steps/%lld%s", (long long)id, rest);
	return ask(
		(struct ask){ .method = "GET", .target = target, .token = token, .header = { name, value } });
}

static struct answer get_log(int64_t id, const char *header, const char *value)
{
	return get_with(fx.admin.p, id, "/log", header, value);
}

static int64_t number(struct json *object, const char *key)
{
	int64_t n = -4711;

	json_int(json_get(object, key), &n);
	return n;
}

/* ---- the step ---- */

static void a_step_is_told_while_it_runs_and_after(void **state)
{
	int64_t id = stream_step("told");
	(void)state;

	stream_text(id, 0, STR("one\ntwo\nthr"));
	AUTO_ANSWER running = get_with(fx.admin.p, id, "", NULL, NULL);
	stream_text(id, 11, STR("ee\n"));
	stream_end_of(id, "timed_out");
	AUTO_ANSWER ended = get_with(fx.admin.p, id, "", NULL, NULL);
	struct json *r = json_of(&running), *e = json_of(&ended);

	assert_int_equal(running.status, 200);
	assert_true(str_eq(json_str(json_get(r, "conclusion")), STR("running")));
	assert_true(str_eq(json_str(json_get(r, "repo")), STR(REPO)));
	assert_true(str_eq(json_str(json_get(r, "step")), STR("told")));
	assert_int_equal(json_kind(json_get(r, "ended_at")), JSON_NULL);
	assert_true(str_eq(json_str(json_get(json_get(r, "log"), "state")), STR("open")));
	assert_int_equal(number(json_get(r, "log"), "lines"), 2);
	assert_int_equal(number(json_get(r, "log"), "bytes"), 8);
	assert_true(number(json_get(r, "log"), "stored_bytes") > 0);
	assert_true(str_eq(json_str(json_get(e, "conclusion")), STR("timed_out")));
	assert_int_equal(number(e, "exit_code"), 2);
	assert_int_equal(number(e, "duration_ms"), 1500);
	assert_int_equal(json_kind(json_get(e, "ended_at")), JSON_STRING);
	assert_true(str_eq(json_str(json_get(json_get(e, "log"), "state")), STR("sealed")));
	assert_int_equal(number(json_get(e, "log"), "lines"), 3);
	assert_int_equal(number(json_get(e, "log"), "bytes"), 14);
	assert_int_equal(json_kind(json_get(json_get(e, "log"), "gap")), JSON_NULL);
}

static void of_another_repo_a_bound_token_learns_nothing(void **state)
{
	int64_t id = streamed("mine", STR("text\n"));
	struct str mine = token_of_repo(REPO), other = token_of_repo("acme/other");
	static const char *const paths[] = { "", "/log", "/lines" };
	(void)state;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		AUTO_ANSWER may = get_with(mine.p, id, paths[i], NULL, NULL);
		AUTO_ANSWER may_not = get_with(other.p, id, paths[i], NULL, NULL);
		AUTO_ANSWER nothing = get_with(mine.p, 999999, paths[i], NULL, NULL);

		assert_int_equal(may.status, 200);
		assert_error(&may_not, 404, "not_found");
		assert_error(&nothing, 404, "not_found");
	}
}

/* ---- the text ---- */

/* About so many bytes, in lines, some with colours, one longer than a frame. */
static struct str a_text(size_t about)
{
	struct buf b;
	struct str ret;

	buf_init(&b, SIZE_MAX);
	for (int i = 0; b.len < about; i++) {
		buf_fmt(&b, i % 7 ? "line %d: some words of it\n" : "\x1b[31mline %d\x1b[0m in red\n", i);
		if (i == 1000) {
			for (int k = 0; k < 30000; k++)
				buf_fmt(&b, "\x1b[32mlong %d\x1b[0m ", k);
			buf_char(&b, '\n');
		}
	}
	ret = arena_str(&fx.arena, buf_view(&b));
	buf_done(&b);
	return ret;
}

static void assert_text(const struct answer *r, struct str want)
{
	assert_int_equal(r->len, want.len);
	assert_memory_equal(r->body, want.p, want.len);
}

/* All text of a log, by the service. */
static struct str stored_text(int64_t id)
{
	struct err e;
	struct str ret;
	AUTO_ARENA a;
	AUTO_BUF out;
	AUTO_LOG_VIEW v = { 0 };

	arena_init(&a);
	buf_init(&out, SIZE_MAX);
	assert_int_equal(log_view_open(fx.app.store, id, false, &a, &v, &e), ERR_OK);
	for (size_t i = 0; i < v.n; i++)
		assert_int_equal(log_view_text(&v, i, &out, &e), ERR_OK);
	ret = arena_str(&fx.arena, buf_view(&out));
	return ret;
}

static void the_text_is_there_while_it_grows_and_when_it_is_sealed(void **state)
{
	struct str text = a_text(900000);
	int64_t id = stream_step("grows");
	size_t half = 400000 + str_find(str_from(text, 400000), '\n') + 1;
	(void)state;

	stream_text(id, 0, (struct str){ text.p, half });
	AUTO_ANSWER growing = get_log(id, NULL, NULL);
	assert_int_equal(growing.status, 200);
	assert_string_equal(header_of(&growing, "ETag"), "");
	assert_string_equal(header_of(&growing, "Content-Type"), "text/plain; charset=utf-8");
	assert_text(&growing, stored_text(id));
	stream_text(id, (int64_t)half, str_from(text, half));
	stream_end_of(id, "failure");
	AUTO_ANSWER sealed = get_log(id, NULL, NULL);

	assert_text(&sealed, stored_text(id));
	assert_string_not_equal(header_of(&sealed, "ETag"), "");
	assert_memory_equal(sealed.body, growing.body, growing.len);
	assert_true(sealed.len > growing.len);
}

static void a_range_is_a_piece_of_the_text(void **state)
{
	int64_t id = streamed("ranges", a_text(700000));
	struct str text = stored_text(id);
	long long n = (long long)text.len;
	static const struct {
		const char *range;
		long long from, to; /* negative: from the end */
	} cases[] = {
		{ "bytes=0-0", 0, 0 },
		{ "bytes=0-99", 0, 99 },
		{ "bytes=262140-262150", 262140, 262150 },
		{ "bytes=300000-", 300000, -1 },
		{ "bytes=-1", -1, -1 },
		{ "bytes=-500000", -500000, -1 },
		{ "bytes=-99999999", 0, -1 },
		{ "Bytes = 5 - 99999999", 5, -1 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		long long from = cases[i].from < 0 ? n + cases[i].from : cases[i].from;
		long long to = cases[i].to < 0 ? n + cases[i].to : cases[i].to;
		char want[80];
		AUTO_ANSWER r = get_log(id, "Range", cases[i].range);

		snprintf(want, sizeof want, "bytes %lld-%lld/%lld", from, to, n);
		assert_int_equal(r.status, 206);
		assert_string_equal(header_of(&r, "Content-Range"), want);
		assert_text(&r, (struct str){ text.p + from, (size_t)(to - from + 1) });
	}
}

static void a_range_that_is_not_understood_is_none_and_one_that_is_not_there_is_416(void **state)
{
	int64_t id = streamed("bad ranges", STR("0123456789\n")), empty = streamed("empty", STR(""));
	static const char *const none[] = { "bytes=5-4", "bytes=", "bytes=-", "lines=1-2", "bytes=1-2,4-5",
		"bytes=x-5", "bytes=99999999999999999999-" };
	static const char *const beyond[] = { "bytes=11-", "bytes=11-20", "bytes=-0" };
	(void)state;

	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		AUTO_ANSWER r = get_log(id, "Range", none[i]);

		assert_int_equal(r.status, 200);
		assert_string_equal(r.body, "0123456789\n");
	}
	for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) {
		AUTO_ANSWER r = get_log(id, "Range", beyond[i]);

		assert_error(&r, 416, "range_not_satisfiable");
		assert_string_equal(header_of(&r, "Content-Range"), "bytes */11");
	}
	AUTO_ANSWER all = get_log(empty, NULL, NULL);
	AUTO_ANSWER r = get_log(empty, "Range", "bytes=0-");

	assert_int_equal(all.status, 200);
	assert_int_equal(all.len, 0);
	assert_error(&r, 416, "range_not_satisfiable");
}

static void a_piece_of_another_text_is_not_given(void **state)
{
	int64_t id = streamed("if range", STR("0123456789\n"));
	char target[80];
	struct ask a = {
		.method = "GET", .target = target, .token = fx.admin.p, .header = { "Range", "bytes=2-3" }
	};
	AUTO_ANSWER all = get_log(id, NULL, NULL);
	const char *tag = header_of(&all, "ETag");
	(void)state;

	snprintf(target, sizeof target, "/api/v1/steps/%lld/log", (long long)id);
	a.more[0] = "If-Range";
	a.more[1] = tag;
	AUTO_ANSWER same = ask(a);
	a.more[1] = "\"another\"";
	AUTO_ANSWER other = ask(a);
	AUTO_ANSWER known = get_log(id, "If-None-Match", tag);

	assert_string_equal(same.body, "23");
	assert_int_equal(other.status, 200);
	assert_string_equal(other.body, "0123456789\n");
	assert_int_equal(known.status, 304);
	assert_int_equal(known.len, 0);
}

static void stripped_is_without_escapes_wherever_a_frame_ends(void **state)
{
	int64_t id = streamed("strip", a_text(900000));
	AUTO_ANSWER all = get_log(id, NULL, NULL);
	AUTO_ANSWER r = get_with(fx.admin.p, id, "/log?ansi=strip", "Range", "bytes=0-1");
	size_t n = 0;
	(void)state;

	assert_int_equal(r.status, 200);
	assert_string_equal(header_of(&r, "Accept-Ranges"), "none");
	for (const char *p = all.body; *p; p++) {
		if (*p == '\x1b')
			p = strchr(p, 'm');
		else
			all.body[n++] = *p;
	}
	assert_text(&r, (struct str){ all.body, n });
}

static void who_takes_zstd_is_sent_frames(void **state)
{
	struct str text = a_text(900000);
	int64_t ids[3] = { streamed("zstd", text), stream_step("zstd growing"), 0 };
	static const char *const takes[] = { "zstd", "gzip, ZSTD;q=0.5", "br,zstd" };
	static const char *const not [] = { "gzip", "zstd;q=0", "zstd; q=0.0, gzip", "", "zstandard" };
	(void)state;

	stream_text(ids[1], 0, STR("a line\n"));
	stream_text(ids[1], 7, STR("a line more\n"));
	AUTO_ANSWER p = ask((struct ask){ .method = "POST",
		.target = "/internal/ci-log",
		.body = "{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
			"\",\"run_id\":7,\"step_name\":\"p\",\"log_tail\":\"boom\"}",
		.token = INTERNAL });
	ids[2] = ids[1] + 1;
	assert_int_equal(p.status, 204);
	for (size_t i = 0; i < 3; i++) {
		AUTO_ANSWER plain = get_log(ids[i], "Accept-Encoding", not [i]);
		AUTO_ANSWER r = get_log(ids[i], "Accept-Encoding", takes[i]);
		char *out = mem_alloc(plain.len + 1);

		assert_string_equal(header_of(&plain, "Content-Encoding"), "");
		assert_string_equal(header_of(&r, "Content-Encoding"), "zstd");
		assert_string_equal(header_of(&r, "Vary"), "Accept-Encoding");
		assert_int_equal(ZSTD_decompress(out, plain.len, r.body, r.len), plain.len);
		assert_memory_equal(out, plain.body, plain.len);
		assert_true(r.len < plain.len || plain.len < 100);
		if (i == 0)
			assert_string_not_equal(header_of(&r, "ETag"), header_of(&plain, "ETag"));
		free(out);
	}
	for (size_t i = 3; i < 5; i++) {
		AUTO_ANSWER r = get_log(ids[0], "Accept-Encoding", not [i]);

		assert_string_equal(header_of(&r, "Content-Encoding"), "");
	}
}

/* ---- lines ---- */

static struct answer get_lines(int64_t id, const char *query)
{
	char rest[300];

	snprintf(rest, sizeof rest, "/lines%s", query);
	return get_with(fx.admin.p, id, rest, NULL, NULL);
}

#define BUILD                                                                                                \
	"##[group]compile\ncc a.c\na.c:3:5: error: expected a "                                              \
	"semicolon\n##[endgroup]\n\x1b[33mwarning:\x1b[0m late\nok\n"

static void lines_count_from_1_and_tell_what_they_are(void **state)
{
	int64_t id = streamed("lines", STR(BUILD));
	AUTO_ANSWER r = get_lines(id, "?from=2&to=3");
	struct json *data = json_get(json_of(&r), "data"), *line = json_at(data, 1);
	(void)state;

	assert_int_equal(r.status, 200);
	assert_int_equal(json_len(data), 2);
	assert_int_equal(number(line, "number"), 3);
	assert_true(str_eq(json_str(json_get(line, "level")), STR("error")));
	assert_true(str_eq(json_str(json_get(line, "source")), STR("build")));
	assert_true(str_eq(json_str(json_get(line, "text")), STR("a.c:3:5: error: expected a semicolon")));
	assert_true(str_eq(json_str(json_get(line, "group")), STR("compile")));
	assert_int_equal(json_kind(json_get(line, "timestamp")), JSON_STRING);
	assert_true(json_is_true(json_get(line, "match")));
	assert_false(json_is_true(json_get(line, "truncated")));
	assert_int_equal(json_kind(json_get(json_get(json_of(&r), "pagination"), "next_cursor")), JSON_NULL);
	assert_true(json_is_true(json_get(json_of(&r), "complete")));
}

/* The numbers of the lines of all pages, like "1 2 3". */
static void assert_numbers(int64_t id, const char *query, const char *want)
{
	char got[300] = "", target[300];
	int64_t cursor = -1;

	do {
		snprintf(target, sizeof target, "?limit=2%s", query);
		if (cursor >= 0)
			snprintf(target + strlen(target), 50, "&cursor=%lld", (long long)cursor);
		AUTO_ANSWER r = get_lines(id, target);
		struct json *data = json_get(json_of(&r), "data");

		if (r.status != 200)
			fail_msg("%s: %s", target, r.body);
		for (size_t i = 0; i < json_len(data); i++) {
			struct json *line = json_at(data, i);

			snprintf(got + strlen(got), 30, "%s%lld%s", *got ? " " : "",
				(long long)number(line, "number"),
				json_is_true(json_get(line, "match")) ? "" : "-");
		}
		cursor = -1;
		json_int(json_get(json_get(json_of(&r), "pagination"), "next_cursor"), &cursor);
	} while (cursor >= 0);
	assert_string_equal(got, want);
}

static void lines_are_filtered_ordered_and_paged(void **state)
{
	int64_t id = streamed("filtered", STR(BUILD));
	(void)state;

	assert_numbers(id, "", "1 2 3 4 5 6");
	assert_numbers(id, "&order=desc", "6 5 4 3 2 1");
	assert_numbers(id, "&level=error", "3");
	assert_numbers(id, "&min_level=warning", "3 5");
	assert_numbers(id, "&min_level=warning&order=desc", "5 3");
	assert_numbers(id, "&level=error&before=1&after=5", "2- 3 4- 5- 6-");
	assert_numbers(id, "&source=web", "");
	assert_numbers(id, "&contains=ERROR", "3");
	assert_numbers(id, "&contains=warning:+late", "5");
	assert_numbers(id, "&regex=%5E.%7B0,6%7D%24", "2 6");
	assert_numbers(id, "&contains=a.c&regex=cc", "2");
	assert_numbers(id, "&from=4&to=5", "4 5");
	assert_numbers(id, "&from=5&to=4", "");
	assert_numbers(id, "&cursor=99", "");
}

static void a_query_for_lines_that_cannot_be_says_which_field_is_wrong(void **state)
{
	int64_t id = streamed("wrong", STR(BUILD));
	static const struct {
		const char *query, *field;
	} cases[] = {
		{ "?level=error&min_level=info", "min_level" },
		{ "?level=fatal", "level" },
		{ "?source=x", "source" },
		{ "?regex=(", "regex" },
		{ "?regex=(a%7B9%7D)%7B9%7D", "regex" },
		{ "?regex=(a)%5C1", "regex" },
		{ "?from=0", "from" },
		{ "?cursor=0", "cursor" },
		{ "?before=51", "before" },
		{ "?limit=501", "limit" },
		{ "?order=up", "order" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = get_lines(id, cases[i].query);

		assert_wrong_field(&r, cases[i].field);
	}
}

static void the_largest_page_is_an_answer(void **state)
{
	AUTO_BUF text;
	int64_t id;
	(void)state;

	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 500; i++) {
		for (int k = 0; k < 1000; k++)
			buf_z(&text, "\x1b[31m\"\\\xf0\x9f\x98\x80\x1b[0m");
		buf_char(&text, '\n');
	}
	id = streamed("large page", buf_view(&text));
	AUTO_ANSWER r = get_lines(id, "?limit=500");

	assert_int_equal(r.status, 200);
	assert_true(json_len(json_get(json_of(&r), "data")) > 50);
	assert_int_equal(number(json_get(json_of(&r), "pagination"), "next_cursor"),
		(int64_t)json_len(json_get(json_of(&r), "data")) + 1);
}

/* ---- without a text ---- */

static void a_text_that_was_not_kept_or_expired_is_410_with_the_date(void **state)
{
	int64_t id = stream_step("dropped");
	char target[80];
	(void)state;

	snprintf(target, sizeof target, "/internal/steps/%lld/finish", (long long)id);
	AUTO_ANSWER end = ask((struct ask){ .method = "POST",
		.target = target,
		.body = "{\"conclusion\":\"success\",\"keep\":false}",
		.token = INTERNAL });
	AUTO_ANSWER dropped = get_log(id, NULL, NULL);
	AUTO_ANSWER step = get_with(fx.admin.p, id, "", NULL, NULL);
	AUTO_ANSWER post = ask((struct ask){ .method = "POST",
		.target = "/internal/ci-log",
		.body = "{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
			"\",\"run_id\":8,\"step_name\":\"p\",\"log_tail\":\"boom\"}",
		.token = INTERNAL });
	AUTO_ANSWER here = get_log(id + 1, NULL, NULL);

	assert_int_equal(end.status, 204);
	assert_error(&dropped, 410, "gone");
	assert_int_equal(step.status, 200);
	assert_int_equal(post.status, 204);
	assert_string_equal(here.body, "boom");
	atomic_fetch_add(&fx.wall, 15 * DAY_MS);
	AUTO_ANSWER janitor =
		ask((struct ask){ .method = "POST", .target = "/api/v1/janitor/run", .token = fx.admin.p });
	AUTO_ANSWER gone = get_log(id + 1, NULL, NULL);
	AUTO_ANSWER facts = get_with(fx.admin.p, id + 1, "", NULL, NULL);
	char date[CLOCK_RFC3339_LEN];

	assert_int_equal(janitor.status, 200);
	assert_error(&gone, 410, "gone");
	assert_true(str_eq(json_str(json_get(json_get(json_of(&gone), "details"), "expired_at")),
		str_z(clock_rfc3339(NOW + 15 * DAY_MS, date))));
	assert_int_equal(facts.status, 200);
	atomic_store(&fx.wall, NOW);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_is_told_while_it_runs_and_after),
		cmocka_unit_test(of_another_repo_a_bound_token_learns_nothing),
		cmocka_unit_test(the_text_is_there_while_it_grows_and_when_it_is_sealed),
		cmocka_unit_test(a_range_is_a_piece_of_the_text),
		cmocka_unit_test(a_range_that_is_not_understood_is_none_and_one_that_is_not_there_is_416),
		cmocka_unit_test(a_piece_of_another_text_is_not_given),
		cmocka_unit_test(stripped_is_without_escapes_wherever_a_frame_ends),
		cmocka_unit_test(who_takes_zstd_is_sent_frames),
		cmocka_unit_test(lines_count_from_1_and_tell_what_they_are),
		cmocka_unit_test(lines_are_filtered_ordered_and_paged),
		cmocka_unit_test(a_query_for_lines_that_cannot_be_says_which_field_is_wrong),
		cmocka_unit_test(the_largest_page_is_an_answer),
		cmocka_unit_test(a_text_that_was_not_kept_or_expired_is_410_with_the_date),
	};

	diag_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC)); /* these tests make many errors */
	return cmocka_run_group_tests(tests, router_up, router_down);
}
