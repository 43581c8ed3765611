/* diff: what is in the log of a step and not in that of the last time that it passed. */
#include "tests/test.h"

#include "base/diag.h"
#include "tests/http/streaming.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* The same step in another run. */
static int64_t ended(int run, const char *name, struct str text, const char *conclusion)
{
	int64_t id = 0;
	char body[300];

	snprintf(body, sizeof body,
		"{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
		"\",\"run_id\":%d,\"job_name\":\"build\",\"branch\":\"main\",\"step_name\":\"%s\"}",
		run, name);
	AUTO_ANSWER r = ask((struct ask){
		.method = "POST", .target = "/internal/steps", .body = body, .token = INTERNAL });

	assert_true(json_int(json_get(json_of(&r), "step_id"), &id));
	for (int64_t at = 0; at < (int64_t)text.len; at += 500000) {
		struct str piece = str_from(text, (size_t)at);

		piece.len = piece.len < 500000 ? piece.len : 500000;
		stream_text(id, at, piece);
	}
	stream_end_of(id, conclusion);
	return id;
}

static struct answer diff_as(const char *token, int64_t id, const char *query)
{
	char target[200];

	snprintf(target, sizeof target, "/api/v1/steps/%lld/diff%s", (long long)id, query);
	return ask((struct ask){ .method = "GET", .target = target, .token = token });
}

static struct answer diff_of(int64_t id, const char *query)
{
	return diff_as(fx.admin.p, id, query);
}

static int64_t number(struct json *object, const char *key)
{
	int64_t n = -4711;

	json_int(json_get(object, key), &n);
	return n;
}

/* Each line that is told, "5 new text", a line; "--" between hunks. */
static const char *told(struct answer *r)
{
	struct json *hunks = json_get(json_of(r), "hunks");
	struct buf b;
	const char *ret;

	if (r->status != 200)
		fail_msg("%d: %s", r->status, r->body);
	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < json_len(hunks); i++) {
		struct json *lines = json_get(json_at(hunks, i), "lines");

		buf_z(&b, i ? "--\n" : "");
		assert_int_equal(number(json_at(hunks, i), "from_line"), number(json_at(lines, 0), "number"));
		assert_int_equal(number(json_at(hunks, i), "to_line"),
			number(json_at(lines, json_len(lines) - 1), "number"));
		for (size_t k = 0; k < json_len(lines); k++) {
			struct json *l = json_at(lines, k);

			buf_fmt(&b, "%lld %.*s %.*s\n", (long long)number(l, "number"),
				STR_FMT(json_str(json_get(l, "kind"))),
				STR_FMT(json_str(json_get(l, "text"))));
		}
	}
	ret = arena_cstr(&fx.arena, buf_view(&b));
	buf_done(&b);
	return ret;
}

#define GREEN "fetch\nconfigure\ncompile one\ncompile two\nlink\ntest\npack\nsend\nsweep\ndone\n"
#define RED                                                                                                  \
	"fetch\nconfigure\ncompile one\ncompile two\nlink\n\x1b[31mlost\x1b[0m the widget\ntest\npack\n"     \
	"send\nsweep\npack\n"

static void lines_that_the_last_green_log_does_not_have_are_told_with_those_around(void **state)
{
	int64_t green = ended(1, "told", STR(GREEN), "success"), red = ended(2, "told", STR(RED), "failure");
	AUTO_ANSWER one = diff_of(red, "?context=1"), none = diff_of(red, "?context=0"), r = diff_of(red, "");
	struct json *baseline = json_get(json_of(&r), "baseline");
	(void)state;

	assert_string_equal(told(&one),
		"5 known link\n6 new lost the widget\n7 known test\n--\n10 known sweep\n"
		"11 more pack\n");
	assert_string_equal(told(&none), "6 new lost the widget\n--\n11 more pack\n");
	assert_string_equal(told(&r), "3 known compile one\n4 known compile two\n5 known link\n6 new lost "
				      "the widget\n7 known test\n"
				      "8 known pack\n9 known send\n10 known sweep\n11 more pack\n");
	assert_int_equal(number(baseline, "step_id"), green);
	assert_true(number(baseline, "run_id") > 0);
	assert_true(str_eq(json_str(json_get(baseline, "head_sha")), STR(SHA)));
	assert_true(str_eq(json_str(json_get(baseline, "branch")), STR("main")));
	assert_true(json_is_true(json_get(json_of(&r), "complete")));
}

static void pages_put_together_are_the_whole(void **state)
{
	int64_t red;
	char query[60];
	struct buf text, pages;
	(void)state;

	buf_init(&text, SIZE_MAX);
	buf_init(&pages, SIZE_MAX);
	for (int i = 0; i < 300; i++)
		buf_fmt(&text, i % 7 ? "work on part %c%c\n" : "odd thing %c%c happened\n", 'a' + i % 26,
			'a' + i / 26);
	ended(3, "paged", STR("work on part bb\n"), "success");
	red = ended(4, "paged", buf_view(&text), "failure");
	AUTO_ANSWER all = diff_of(red, "?context=0&limit=2000");
	for (int64_t cursor = 1, next = 0; cursor > 0; cursor = next) {
		snprintf(query, sizeof query, "?context=0&limit=13&cursor=%lld", (long long)cursor);
		AUTO_ANSWER page = diff_of(red, query);
		const char *lines = told(&page);

		for (const char *l = lines; *l; l = strchr(l, '\n') + 1) /* hunks are cut by pages */
			if (*l != '-')
				buf_add(&pages, l, (size_t)(strchr(l, '\n') + 1 - l));
		if (!json_int(json_get(json_get(json_of(&page), "pagination"), "next_cursor"), &next))
			next = 0;
		assert_true(next == 0 || next > cursor);
	}
	const char *whole = told(&all);
	struct buf want;
	buf_init(&want, SIZE_MAX);
	for (const char *l = whole; *l; l = strchr(l, '\n') + 1)
		if (*l != '-')
			buf_add(&want, l, (size_t)(strchr(l, '\n') + 1 - l));
	assert_true(want.len > 1000);
	assert_string_equal(buf_cstr(&pages), buf_cstr(&want));
	assert_int_equal(
		json_kind(json_get(json_get(json_of(&all), "pagination"), "next_cursor")), JSON_NULL);
	buf_done(&want);
	buf_done(&text);
	buf_done(&pages);
}

static void the_largest_page_is_an_answer(void **state)
{
	int64_t red;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 2000; i++) {
		for (int k = 0; k < 1000; k++)
			buf_z(&text, "\x1b[31m\"\\\x01\x1b[0m\xf0\x9f\x98\x80");
		buf_char(&text, '\n');
	}
	ended(20, "large page", STR("small\n"), "success");
	red = ended(21, "large page", buf_view(&text), "failure");
	AUTO_ANSWER r = diff_of(red, "?limit=2000");
	int64_t next = 0;

	assert_int_equal(r.status, 200);
	assert_true(r.len > 2 << 20);
	assert_true(json_int(json_get(json_get(json_of(&r), "pagination"), "next_cursor"), &next));
	assert_true(next > 50 && next < 2000);
}

static void without_a_baseline_it_is_404_that_says_what_to_do(void **state)
{
	int64_t red = ended(5, "alone", STR("a\nb\n"), "failure"),
		other = ended(5, "other", STR("a\n"), "success");
	char query[60], self[60];
	AUTO_ANSWER none = diff_of(red, ""), green = diff_of(other, ""), nothing = diff_of(999999, "");
	(void)state;

	snprintf(query, sizeof query, "?context=0&baseline=%lld", (long long)other);
	snprintf(self, sizeof self, "?baseline=%lld", (long long)red);
	AUTO_ANSWER named = diff_of(red, query), itself = diff_of(red, self),
		    gone = diff_of(red, "?baseline=999999");

	assert_error(&none, 404, "not_found");
	assert_non_null(strstr(none.body, "name another step as baseline"));
	assert_error(&green, 404, "not_found"); /* a step is not its own baseline */
	assert_error(&nothing, 404, "not_found");
	assert_string_equal(told(&named), "2 new b\n");
	assert_error(&itself, 400, "validation_error");
	assert_wrong_field(&itself, "baseline");
	assert_error(&gone, 404, "not_found");
}

static void of_a_long_log_the_ends_are_compared_and_lines_keep_their_numbers(void **state)
{
	struct config *cfg = fixture_config(0, 0);
	int64_t red, from = 0, n_lines = 0;
	struct buf text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	for (int i = 0; text.len < 4 << 20; i++, n_lines++)
		buf_fmt(&text, "a line of work that is done %d times over\n", i);
	ended(6, "long", buf_view(&text), "success");
	buf_z(&text, "the end is new\n");
	red = ended(7, "long", buf_view(&text), "failure");
	cfg->explain_bytes = 1 << 20;
	config_swap(fx.app.config, cfg);
	AUTO_ANSWER r = diff_of(red, "?context=0");
	struct json *hunks = json_get(json_of(&r), "hunks");

	from = number(json_at(hunks, json_len(hunks) - 1), "to_line");
	assert_int_equal(r.status, 200);
	assert_false(json_is_true(json_get(json_of(&r), "complete")));
	assert_true(number(json_of(&r), "skipped_bytes") > 2 << 20);
	assert_true(number(json_get(json_of(&r), "baseline"), "skipped_bytes") > 2 << 20);
	assert_int_equal(from, n_lines + 1);
	config_swap(fx.app.config, fixture_config(0, 0));
	buf_done(&text);
}

static void a_text_that_expired_is_410_on_either_side(void **state)
{
	int64_t green = ended(8, "expires", STR("a\n"), "success"),
		red = ended(9, "expires", STR("b\n"), "failure");
	int64_t kept;
	char query[60];
	(void)state;

	atomic_fetch_add(&fx.wall, 15 * DAY_MS);
	kept = ended(10, "expires", STR("c\n"), "failure");
	AUTO_ANSWER janitor =
		ask((struct ask){ .method = "POST", .target = "/api/v1/janitor/run", .token = fx.admin.p });
	snprintf(query, sizeof query, "?baseline=%lld", (long long)green);
	AUTO_ANSWER mine = diff_of(red, ""), theirs = diff_of(kept, query), none = diff_of(kept, "");

	assert_int_equal(janitor.status, 200);
	assert_error(&mine, 410, "gone");
	assert_error(&theirs, 410, "gone");
	assert_error(&none, 404, "not_found");
	atomic_store(&fx.wall, NOW);
}

static void of_another_repo_a_bound_token_compares_nothing(void **state)
{
	int64_t red = ended(11, "bound", STR("a\n"), "failure"),
		other = ended(12, "else", STR("b\n"), "failure");
	struct str mine = token_of_repo(REPO), theirs = token_of_repo("acme/other");
	char query[60];
	(void)state;

	snprintf(query, sizeof query, "?baseline=%lld", (long long)other);
	AUTO_ANSWER may = diff_as(mine.p, red, query), may_not = diff_as(theirs.p, red, query);
	AUTO_ANSWER lacks = diff_as(token_with(SCOPE_BIT(SCOPE_LOGS_WRITE), ROLE_ADMIN).p, red, query);

	assert_int_equal(may.status, 200);
	assert_error(&may_not, 404, "not_found");
	assert_error(&lacks, 403, "forbidden");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_that_the_last_green_log_does_not_have_are_told_with_those_around),
		cmocka_unit_test(pages_put_together_are_the_whole),
		cmocka_unit_test(the_largest_page_is_an_answer),
		cmocka_unit_test(without_a_baseline_it_is_404_that_says_what_to_do),
		cmocka_unit_test(of_a_long_log_the_ends_are_compared_and_lines_keep_their_numbers),
		cmocka_unit_test(a_text_that_expired_is_410_on_either_side),
		cmocka_unit_test(of_another_repo_a_bound_token_compares_nothing),
	};

	diag_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC)); /* these tests make many errors */
	return cmocka_run_group_tests(tests, router_up, router_down);
}
