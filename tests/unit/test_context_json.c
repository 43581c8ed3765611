/* context_json: what a program finds in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain/context.h"
#include "tests/unit/help/contexts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void json_has_every_field(void **state)
{
	static const char *const fields[] = { "step_id", "run_id", "external_run_id", "repo", "forge",
		"head_sha", "workflow", "branch", "pull_request", "url", "job", "leg", "step", "step_index",
		"attempt", "conclusion", "exit_code", "received_at", "lines", "bytes", "dropped_lines",
		"dropped_bytes", "shown_lines", "truncated", "text", "log_expired_at" };
	struct step s = step_of("a\nb");
	struct context_input in = input_of(&s, 1);
	struct json_doc *doc = json(&in);
	struct json *root = json_root(doc), *step = json_at(json_get(root, "steps"), 0);
	int64_t n;
	AUTO_BUF out;
	AUTO_BUF key;

	(void)state;
	buf_init(&out, CEILING);
	buf_init(&key, 100);
	context_json(&in, &out);
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		buf_fmt(&key, "\"%s\":", fields[i]);
		assert_has(&out, buf_cstr(&key));
		buf_reset(&key);
	}
	assert_has(&out, "\"leg\":null");
	assert_true(str_eq(json_str(json_get(step, "text")), STR("a\nb")));
	assert_true(str_eq(json_str(json_get(step, "received_at")), STR("2026-01-02T03:04:05.678Z")));
	assert_true(str_eq(json_str(json_get(step, "conclusion")), STR("failure")));
	assert_true(json_int(json_get(step, "exit_code"), &n) && n == 2);
	assert_true(json_int(json_get(step, "shown_lines"), &n) && n == 2);
	assert_false(json_is_true(json_get(step, "truncated")));
	assert_true(str_eq(json_str(json_get(root, "repo")), STR("acme/widget")));
	assert_true(str_eq(json_str(json_get(root, "status")), STR("fail")));
	assert_int_equal(json_len(json_get(root, "reasons")), 0);
	json_free(doc);
}

static void json_says_what_was_cut(void **state)
{
	char *pool = fill_pool(32768);
	struct step s = big_step(pool, 32768, 0);
	struct context_input in = input_of(&s, 1);
	struct json *step, *omitted;
	struct json_doc *doc;
	int64_t shown, lines, cut;

	(void)state;
	in.budget = 4096;
	doc = json(&in);
	step = json_at(json_get(json_root(doc), "steps"), 0);
	omitted = json_get(json_root(doc), "omitted");
	assert_true(json_is_true(json_get(step, "truncated")));
	assert_true(json_int(json_get(step, "shown_lines"), &shown));
	assert_true(json_int(json_get(step, "lines"), &lines));
	assert_true(json_int(json_get(omitted, "lines"), &cut));
	assert_true(shown > 0 && shown < lines && cut >= lines - shown);
	assert_true(str_ends(s.text, json_str(json_get(step, "text"))));
	assert_true(
		str_starts(json_str(json_get(omitted, "command")), STR("sluice context acme/widget " SHA)));
	assert_true(str_starts(json_str(json_get(omitted, "request")), STR("GET /api/v1/context?run_id=7&")));
	json_free(doc);
	free(pool);
}

static void json_text_is_made_visible_too(void **state)
{
	struct step s = step_of("\x1b[31mred\x1b[0m \xe2\x80\xae\x01");
	struct context_input in = input_of(&s, 1);
	struct json_doc *doc = json(&in);

	(void)state;
	assert_true(str_eq(json_str(json_get(json_at(json_get(json_root(doc), "steps"), 0), "text")),
		STR("red \\u{202e}\\u{1}")));
	json_free(doc);
}

static void json_of_nothing_has_no_steps_and_a_message(void **state)
{
	struct context_input in = input_of(NULL, 0);
	struct json_doc *doc;

	(void)state;
	in.absence = CONTEXT_EXPIRED | CONTEXT_NOT_FAILED;
	in.expired_at = NOW;
	doc = json(&in);
	assert_int_equal(json_kind(json_get(json_root(doc), "steps")), JSON_ARRAY);
	assert_int_equal(json_len(json_get(json_root(doc), "steps")), 0);
	assert_int_equal(json_len(json_get(json_root(doc), "reasons")), 2);
	assert_true(str_eq(json_str(json_at(json_get(json_root(doc), "reasons"), 0)), STR("expired")));
	assert_true(
		str_find_str(json_str(json_get(json_root(doc), "message")), STR("expired on 2026-01-02")) <
		json_str(json_get(json_root(doc), "message")).len);
	assert_true(str_starts(json_str(json_get(json_root(doc), "expired_at")), STR("2026-01-02T")));
	json_free(doc);
}

static void json_of_what_nobody_sent_anything_about_has_no_status(void **state)
{
	static const struct {
		unsigned absence;
		bool has_status;
	} rows[] = { { CONTEXT_NOT_WATCHED, false }, { CONTEXT_NOTHING_POSTED, false },
		{ CONTEXT_EXPIRED, true }, { CONTEXT_NOT_FAILED, true } };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct context_input in = input_of(NULL, 0);
		struct json_doc *doc;

		in.absence = rows[i].absence;
		doc = json(&in);
		assert_int_equal(json_kind(json_get(json_root(doc), "status")),
			rows[i].has_status ? JSON_STRING : JSON_NULL);
		json_free(doc);
	}
}

static struct json *first_error(struct json_doc *doc, size_t step, size_t i)
{
	return json_at(json_get(json_at(json_get(json_root(doc), "steps"), step), "errors"), i);
}

static void assert_str(struct json *object, const char *key, const char *want)
{
	struct str got = json_str(json_get(object, key));

	if (!str_eq(got, str_z(want)))
		fail_msg("%s is \"%.*s\", not \"%s\"", key, (int)got.len, got.p, want);
}

static void assert_int(struct json *object, const char *key, int64_t want)
{
	int64_t n = -1;

	assert_true(json_int(json_get(object, key), &n));
	assert_int_equal(n, want);
}

static void an_error_has_every_field(void **state)
{
	struct step s = step_of("one\ntwo\nthree\nfour");
	struct error cause = error_of(&s, ERROR_CAUSE, 1, 3, "it \x01 broke");
	struct group group = group_of(9);
	struct context_error x;
	struct context_found found;
	struct context_input in = input_of(&s, 1);
	struct json_doc *doc;
	struct json *error, *g;

	(void)state;
	cause.file = STR("src/a.c");
	cause.line = 3;
	cause.code = STR("E7");
	cause.test = STR("unit");
	cause.advice = STR("Mend it.");
	cause.why = STR("nearest to the end");
	group.flaky_at = NOW;
	group.state = GROUP_SNOOZED;
	group.issue = STR("https://f.example/7");
	x = found_error(&s, &cause, &group);
	found = found_of(&x, 1);
	in.found = &found;
	doc = json(&in);
	error = first_error(doc, 0, 0);
	assert_str(error, "role", "cause");
	assert_str(error, "class", "compile");
	assert_str(error, "severity", "error");
	assert_str(error, "tool", "gcc");
	assert_str(error, "code", "E7");
	assert_str(error, "file", "src/a.c");
	assert_int(error, "line", 3);
	assert_int_equal(json_kind(json_get(error, "col")), JSON_NULL);
	assert_str(error, "test", "unit");
	assert_str(error, "message", "it \\u{1} broke");
	assert_str(error, "advice", "Mend it.");
	assert_str(error, "why", "nearest to the end");
	assert_int(error, "start_line", 2);
	assert_int(error, "end_line", 3);
	assert_str(error, "text", "two\nthree");
	assert_false(json_is_true(json_get(error, "truncated")));
	assert_int_equal(json_kind(json_get(error, "same_as_step_id")), JSON_NULL);
	assert_str(json_get(error, "links"), "page", "/steps/31#L2");
	assert_str(json_get(error, "links"), "request", "GET /api/v1/steps/31/lines?from=2&to=3");
	g = json_get(error, "group");
	assert_int(g, "id", 9);
	assert_int(g, "runs", 1);
	assert_int(g, "branches", 1);
	assert_true(json_is_true(json_get(g, "new")));
	assert_true(json_is_true(json_get(g, "flaky")));
	assert_str(g, "first_seen_at", "2026-01-02T03:04:05.678Z");
	assert_str(g, "state", "snoozed");
	assert_str(g, "issue", "https://f.example/7");
	/* the text of the step is the end of its log, as it is */
	assert_str(json_at(json_get(json_root(doc), "steps"), 0), "text", "one\ntwo\nthree\nfour");
	assert_str(json_at(json_get(json_root(doc), "steps"), 0), "explained", "done");
	json_free(doc);
	done_errors(&x, 1);
}

static void an_error_in_no_group_and_without_lines_has_nulls(void **state)
{
	struct step s = step_of("one");
	struct error then = error_of(&s, ERROR_CONSEQUENCE, 0, 0, "told");
	struct context_error x = found_error(&s, &then, NULL);
	struct context_found found = found_of(&x, 1);
	struct context_input in = input_of(&s, 1);
	struct json_doc *doc;
	struct json *error;

	(void)state;
	in.found = &found;
	doc = json(&in);
	error = first_error(doc, 0, 0);
	assert_str(error, "role", "consequence");
	assert_int_equal(json_kind(json_get(error, "group")), JSON_NULL);
	assert_int_equal(json_kind(json_get(error, "start_line")), JSON_NULL);
	assert_int_equal(json_kind(json_get(error, "text")), JSON_NULL);
	assert_false(json_is_true(json_get(error, "truncated")));
	json_free(doc);
}

static void the_same_cause_refers_to_the_step_that_has_it_in_full(void **state)
{
	struct step s[2] = { step_of("same"), step_of("same") };
	struct error cause[2] = { error_of(s, ERROR_CAUSE, 0, 1, "it"),
		error_of(s, ERROR_CAUSE, 0, 1, "it") };
	struct group group = group_of(9);
	struct context_error x[2] = { found_error(s, &cause[0], &group), found_error(s, &cause[1], &group) };
	struct context_found found[2] = { found_of(x, 1), found_of(x + 1, 1) };
	struct context_input in = input_of(s, 2);
	struct json_doc *doc;

	(void)state;
	s[1].id = 32;
	in.found = found;
	doc = json(&in);
	assert_str(first_error(doc, 0, 0), "text", "same");
	assert_int(first_error(doc, 1, 0), "same_as_step_id", 31);
	assert_int_equal(json_kind(json_get(first_error(doc, 1, 0), "text")), JSON_NULL);
	json_free(doc);
	done_errors(x, 2);
}

static void a_step_says_whether_it_was_explained(void **state)
{
	static const struct {
		enum context_explained explained;
		const char *word;
	} rows[] = { { CONTEXT_UNKNOWN, "" }, { CONTEXT_DUE, "not_yet" }, { CONTEXT_EXPLAINED, "done" },
		{ CONTEXT_NOT_EXPLAINED, "failed" } };
	struct step s = step_of("one");
	struct context_found found = { .why_not = STR("too long") };
	struct context_input in = input_of(&s, 1);

	(void)state;
	in.found = &found;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct json_doc *doc;
		struct json *step;

		found.explained = rows[i].explained;
		doc = json(&in);
		step = json_at(json_get(json_root(doc), "steps"), 0);
		assert_str(step, "explained", rows[i].word);
		assert_str(step, "explain_failed", "too long");
		assert_int_equal(json_len(json_get(step, "errors")), 0);
		json_free(doc);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_has_every_field),
		cmocka_unit_test(json_says_what_was_cut),
		cmocka_unit_test(json_text_is_made_visible_too),
		cmocka_unit_test(json_of_nothing_has_no_steps_and_a_message),
		cmocka_unit_test(json_of_what_nobody_sent_anything_about_has_no_status),
		cmocka_unit_test(an_error_has_every_field),
		cmocka_unit_test(an_error_in_no_group_and_without_lines_has_nulls),
		cmocka_unit_test(the_same_cause_refers_to_the_step_that_has_it_in_full),
		cmocka_unit_test(a_step_says_whether_it_was_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
