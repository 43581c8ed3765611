/* rules: those in force, and those that are tried before they are. */
#include "tests/test.h"

#include "base/diag.h"
#include "base/file.h"
#include "service/explainer.h"
#include "tests/http/streaming.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static int64_t number(struct json *object, const char *key)
{
	int64_t n = -4711;

	json_int(json_get(object, key), &n);
	return n;
}

static bool says(struct json *object, const char *key, const char *value)
{
	return str_eq(json_str(json_get(object, key)), str_z(value));
}

/* ---- those in force ---- */

static struct answer list(const char *query)
{
	char target[200];

	snprintf(target, sizeof target, "/api/v1/rules%s", query);
	for (;;) { /* the explainer loads them when it starts */
		struct answer r = ask((struct ask){ .method = "GET", .target = target, .token = fx.admin.p });

		if (r.status != 503)
			return r;
		answer_done(&r);
		sched_yield();
	}
}

static void the_rules_of_the_program_are_listed_with_their_version(void **state)
{
	AUTO_ANSWER r = list("?limit=3"), rest = list("?limit=3&offset=3");
	struct json *j = json_of(&r), *first = json_at(json_get(j, "data"), 0);
	(void)state;

	assert_int_equal(r.status, 200);
	assert_int_equal(json_len(json_get(j, "data")), 3);
	assert_true(number(json_get(j, "pagination"), "total") > 100);
	assert_int_equal(number(json_get(j, "pagination"), "next_offset"), 3);
	assert_int_equal(json_str(json_get(j, "version")).len, 64);
	assert_int_equal(json_kind(json_get(j, "problem")), JSON_NULL);
	assert_true(json_is_true(json_get(first, "built_in")));
	assert_true(str_ends(json_str(json_get(first, "file")), STR(".yaml")));
	assert_true(number(first, "patterns") > 0 && number(first, "examples") > 0);
	assert_false(str_eq(json_str(json_get(first, "id")),
		json_str(json_get(json_at(json_get(json_of(&rest), "data"), 0), "id"))));
}

static void rules_are_filtered_by_class_and_by_tool(void **state)
{
	AUTO_ANSWER all = list("?limit=1"), link = list("?class=link&limit=100"),
		    tool = list("?tool=PyTest&limit=100");
	AUTO_ANSWER both = list("?class=link&tool=pytest"), wrong = list("?class=sad");
	struct json *links = json_get(json_of(&link), "data"), *tools = json_get(json_of(&tool), "data");
	(void)state;

	assert_true(json_len(links) > 0 && json_len(tools) > 0);
	assert_true(number(json_get(json_of(&link), "pagination"), "total") <
		    number(json_get(json_of(&all), "pagination"), "total"));
	for (size_t i = 0; i < json_len(links); i++)
		assert_true(says(json_at(links, i), "class", "link"));
	for (size_t i = 0; i < json_len(tools); i++)
		assert_true(says(json_at(tools, i), "tool", "pytest"));
	assert_int_equal(json_len(json_get(json_of(&both), "data")), 0);
	assert_wrong_field(&wrong, "class");
}

static void put_file(const char *name, const char *text)
{
	char path[200];
	struct err e;

	snprintf(path, sizeof path, "%s/own/%s", fx.folder, name);
	if (file_write_atomic(path, str_z(text), 0600, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void use_folder(void)
{
	struct config *cfg = fixture_config(0, 0);
	static char *folders[1];

	folders[0] = (char *)arena_fmt(&fx.arena, "%s/own", fx.folder).p;
	cfg->rule_folders = folders;
	cfg->n_rule_folders = 1;
	config_swap(fx.app.config, cfg);
	explainer_wake(fx.app.explainer);
}

/* Until the list says so. */
static void wait_until(const char *query, bool (*is_so)(struct json *root))
{
	for (bool so = false; !so;) {
		AUTO_ANSWER r = list(query);

		so = is_so(json_of(&r));
		sched_yield();
	}
}

static bool has_one(struct json *root)
{
	return json_len(json_get(root, "data")) == 1;
}

static bool has_problem(struct json *root)
{
	return json_kind(json_get(root, "problem")) == JSON_STRING;
}

static void rules_of_a_folder_are_listed_and_that_wrong_ones_are_not_in_force_is_told(void **state)
{
	char path[200];
	struct err e;
	(void)state;

	snprintf(path, sizeof path, "%s/own", fx.folder);
	assert_int_equal(dir_make(path, 0700, &e), ERR_OK);
	put_file("widget.yaml", "rules: [{id: own.w, tool: widgetd, match: x, advice: Look., examples: {yes: "
				"[x], no: [y]}}]");
	use_folder();
	wait_until("?tool=widgetd", has_one);
	AUTO_ANSWER r = list("?tool=widgetd");
	struct json *own = json_at(json_get(json_of(&r), "data"), 0);

	assert_true(
		says(own, "id", "own.w") && says(own, "file", "widget.yaml") && says(own, "advice", "Look."));
	assert_false(json_is_true(json_get(own, "built_in")));
	assert_int_equal(number(own, "examples"), 2);
	put_file("wrong.yaml", "rules: [{id: 7 wrong");
	use_folder();
	wait_until("?limit=1", has_problem);
	AUTO_ANSWER after = list("?limit=1");
	assert_true(number(json_get(json_of(&after), "pagination"), "total") > 100);
	assert_null(strstr(after.body, fx.folder)); /* paths are nothing for who reads logs */
	config_swap(fx.app.config, fixture_config(0, 0));
	explainer_wake(fx.app.explainer);
}

/* ---- trying ---- */

static struct answer try_with(const char *token, const char *rule, const char *more)
{
	struct json_out j;
	struct answer r;
	AUTO_BUF body;

	buf_init(&body, SIZE_MAX);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	json_put_z(&j, "rule", rule);
	buf_z(&body, more); /* behind a comma, or empty */
	json_close_object(&j);
	r = ask((struct ask){
		.method = "POST", .target = "/api/v1/rules/test", .token = token, .body = buf_cstr(&body) });
	return r;
}

static struct answer try(const char *rule, const char *more)
{
	return try_with(fx.admin.p, rule, more);
}

#define WIDGET                                                                                               \
	"rules:\n- id: own.widget\n  class: config\n  tool: widgetd\n"                                       \
	"  match: ['^widget (?<code>W\\d+): (?<message>.+)$']\n  extent: indented\n"                         \
	"  examples: {yes: ['widget W7: lost'], no: ['widget seven']}\n"

static void a_rule_is_tried_on_a_text(void **state)
{
	AUTO_ANSWER r = try(
		WIDGET, ",\"text\":\"start\\nwidget W12: lost\\n   in the mud\\nend\\nwidget W1: found\\n\"");
	struct json *j = json_of(&r), *hits = json_get(j, "hits"), *one = json_at(hits, 0);
	(void)state;

	assert_int_equal(r.status, 200);
	assert_int_equal(json_len(json_get(j, "problems")), 0);
	assert_int_equal(number(j, "examples"), 2);
	assert_int_equal(json_len(hits), 2);
	assert_int_equal(json_kind(json_get(one, "step_id")), JSON_NULL);
	assert_true(says(one, "rule", "own.widget"));
	assert_int_equal(number(one, "line"), 2);
	assert_int_equal(number(one, "from_line"), 2);
	assert_int_equal(number(one, "to_line"), 3);
	assert_true(says(one, "message", "lost"));
	assert_true(says(json_get(one, "captures"), "code", "W12"));
	assert_int_equal(number(json_at(json_get(j, "rules"), 0), "hits"), 2);
	assert_true(json_is_true(json_get(json_get(j, "looked"), "complete")));
}

static void examples_that_are_not_as_they_say_are_told(void **state)
{
	AUTO_ANSWER r = try(
		"rules: [{id: a, match: 'x', examples: {yes: ['y'], no: ['x']}}, {id: b, match: 'z'}]", "");
	struct json *problems = json_get(json_of(&r), "problems");
	(void)state;

	assert_int_equal(r.status, 200);
	assert_int_equal(json_len(problems), 3);
	assert_non_null(strstr(r.body, "rule a, line 1: is to match, but does not"));
	assert_non_null(strstr(r.body, "rule b has no example"));
}

static void refused_for(const char *rule, const char *why)
{
	AUTO_ANSWER r = try(rule, "");

	if (r.status != 400)
		fail_msg("\"%s\" is taken", rule);
	assert_error(&r, 400, "validation_error");
	assert_wrong_field(&r, "rule");
	if (str_find_str(wrong_with(&r, "rule"), str_z(why)) == wrong_with(&r, "rule").len)
		fail_msg("\"%.*s\" does not say \"%s\"", STR_FMT(wrong_with(&r, "rule")), why);
}

static void a_rule_that_cannot_be_loaded_or_would_be_slow_is_refused_with_the_reason(void **state)
{
	struct buf many;
	(void)state;

	refused_for("rules: [{id: a, match: x, colour: red}]", "colour");
	refused_for("rules: [{id: a", "rule");
	refused_for("rules: [{id: a, match: '(x'}]", "rule a");
	refused_for("rules: [{id: a, match: '(?=x)y'}]", "rule a");
	refused_for("rules: [{id: a, match: '(a{1,50}b){1,50}'}]", "counted repeat");
	refused_for("rules: [{id: a, match: 'a{1,600}'}]", "512");
	refused_for("rules: [{id: a, match: ['(abcdefghij){250}', '(abcdefghij){250}']}]", "4096");
	buf_init(&many, SIZE_MAX);
	buf_z(&many, "rules:\n");
	for (int i = 0; i < 21; i++)
		buf_fmt(&many, "- {id: r%d, match: x%d}\n", i, i);
	refused_for(buf_cstr(&many), "20 rules");
	buf_done(&many);
	buf_init(&many, SIZE_MAX);
	buf_z(&many, "rules:\n- id: a\n  match: x\n  advice: ");
	while (many.len <= 65536)
		buf_z(&many, "more ");
	refused_for(buf_cstr(&many), "65536");
	buf_done(&many);
}

static void post(int run, const char *step, const char *conclusion, const char *text)
{
	struct json_out j;
	AUTO_BUF body;

	buf_init(&body, SIZE_MAX);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	json_put_z(&j, "repo", REPO);
	json_put_z(&j, "head_sha", SHA);
	json_put_int(&j, "run_id", run);
	json_put_z(&j, "step_name", step);
	json_put_z(&j, "conclusion", conclusion);
	json_put_z(&j, "log_tail", text);
	json_close_object(&j);
	AUTO_ANSWER r = ask((struct ask){
		.method = "POST", .target = "/internal/ci-log", .body = buf_cstr(&body), .token = INTERNAL });

	assert_int_equal(r.status, 204);
}

static void a_rule_is_tried_on_steps_and_on_the_newest_failed_ones_of_a_repo(void **state)
{
	int64_t id = streamed("tried", STR("one\ntwo\nwidget W3: lost\n"));
	char more[60];
	(void)state;

	snprintf(more, sizeof more, ",\"step_ids\":[%lld]", (long long)id);
	AUTO_ANSWER named = try(WIDGET, more), of_repo = try(WIDGET, ",\"repo\":\"" REPO "\"");
	AUTO_ANSWER nothing = try(WIDGET, ",\"step_ids\":[999999]"),
		    unwatched = try(WIDGET, ",\"repo\":\"a/b\"");
	struct json *hit = json_at(json_get(json_of(&named), "hits"), 0);

	assert_int_equal(named.status, 200);
	assert_int_equal(number(hit, "step_id"), id);
	assert_int_equal(number(hit, "line"), 3);
	assert_int_equal(number(json_get(json_of(&named), "looked"), "steps"), 1);
	assert_int_equal(number(json_at(json_get(json_of(&of_repo), "hits"), 0), "step_id"), id);
	assert_error(&nothing, 404, "not_found");
	assert_error(&unwatched, 404, "not_found");
}

static void a_rule_that_hits_more_than_a_tenth_of_the_green_steps_is_refused_with_the_figure(void **state)
{
	(void)state;

	for (int i = 0; i < 10; i++)
		post(100 + i, "green", "success",
			i < 2   ? "fine\nwidget W1: polished\n"
			: i < 3 ? "gadget 1\n"
				: "fine\n");
	AUTO_ANSWER refused = try(WIDGET, "");
	AUTO_ANSWER passes =
		try("rules: [{id: g, match: '^gadget \\d$', examples: {yes: ['gadget 1'], no: [x]}}]", "");
	struct json *details = json_get(json_of(&refused), "details"),
		    *green = json_get(json_of(&passes), "green");

	assert_error(&refused, 422, "unprocessable");
	assert_int_equal(number(details, "green_hit_percent"), 20);
	assert_int_equal(number(details, "green_hits"), 2);
	assert_int_equal(number(details, "green_looked_at"), 10);
	assert_true(says(details, "rule", "own.widget"));
	assert_true(json_str(json_get(details, "green_step_ids")).len > 0);
	assert_int_equal(passes.status, 200);
	assert_int_equal(number(green, "steps"), 10);
	assert_int_equal(number(green, "hits"), 1);
	assert_int_equal(number(green, "hit_percent"), 10);
	assert_int_equal(json_len(json_get(green, "hit_step_ids")), 1);
}

static void a_bound_token_tries_on_its_own_repo_alone(void **state)
{
	int64_t id = streamed("not theirs", STR("widget W3: lost\n"));
	struct str other = token_of_repo("acme/other");
	char more[60];
	(void)state;

	snprintf(more, sizeof more, ",\"step_ids\":[%lld]", (long long)id);
	AUTO_ANSWER theirs = try_with(other.p, WIDGET, more),
		    repo = try_with(other.p, WIDGET, ",\"repo\":\"" REPO "\"");
	AUTO_ANSWER green = try_with(other.p, WIDGET, "");
	AUTO_ANSWER lacks = try_with(token_with(SCOPE_BIT(SCOPE_LOGS_READ), ROLE_ADMIN).p, WIDGET, "");

	assert_error(&theirs, 404, "not_found");
	assert_error(&repo, 404, "not_found");
	assert_int_equal(green.status, 200);
	assert_int_equal(number(json_get(json_of(&green), "green"), "steps"), 0);
	assert_error(&lacks, 403, "forbidden");
}

static void what_is_read_has_the_limits_of_a_scan(void **state)
{
	struct config *cfg = fixture_config(0, 0);
	struct buf text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	buf_z(&text, ",\"text\":\"");
	while (text.len < 1000000)
		buf_z(&text, "nothing of note\\n");
	buf_z(&text, "\"");
	cfg->scan_ms = 0;
	config_swap(fx.app.config, cfg);
	AUTO_ANSWER r = try(WIDGET, buf_cstr(&text));
	struct json *looked = json_get(json_of(&r), "looked"), *green = json_get(json_of(&r), "green");

	assert_int_equal(r.status, 200);
	assert_false(json_is_true(json_get(looked, "complete")));
	assert_false(json_is_true(json_get(green, "complete")));
	assert_int_equal(number(green, "steps"), 0);
	config_swap(fx.app.config, fixture_config(0, 0));
	buf_done(&text);
}

static void the_most_hits_are_an_answer(void **state)
{
	struct buf text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	buf_z(&text, ",\"text\":\"");
	for (int i = 0; i < 150; i++) {
		buf_z(&text, "bad ");
		for (int k = 0; k < 2000; k++)
			buf_z(&text, "\\u0001");
		buf_z(&text, "\\n");
	}
	buf_z(&text, "\"");
	AUTO_ANSWER r =
		try("rules: [{id: a, match: '^bad (?<message>(?<file>(?<code>(?<test>(?<tool>.*)))))$'}]",
			buf_cstr(&text));

	assert_int_equal(r.status, 200);
	assert_int_equal(json_len(json_get(json_of(&r), "hits")), 100);
	assert_int_equal(number(json_at(json_get(json_of(&r), "rules"), 0), "hits"), 150);
	buf_done(&text);
}

static void a_text_that_is_too_long_and_a_forge_without_a_repo_are_refused(void **state)
{
	AUTO_ANSWER forge = try(WIDGET, ",\"forge\":\"home\"");
	struct buf text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	buf_z(&text, ",\"text\":\"");
	while (text.len < 1200000)
		buf_z(&text, "nothing of note\\n");
	buf_z(&text, "\"");
	AUTO_ANSWER r = try(WIDGET, buf_cstr(&text));

	assert_wrong_field(&r, "text");
	assert_wrong_field(&forge, "forge");
	buf_done(&text);
}

static int up(void **state)
{
	struct err e;

	return router_up(state) != 0 ||
	       explainer_start(fx.app.store, fx.app.config, &fx.clock, &fx.app.explainer, &e);
}

static int down(void **state)
{
	explainer_stop(fx.app.explainer);
	return router_down(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_rules_of_the_program_are_listed_with_their_version),
		cmocka_unit_test(rules_are_filtered_by_class_and_by_tool),
		cmocka_unit_test(rules_of_a_folder_are_listed_and_that_wrong_ones_are_not_in_force_is_told),
		cmocka_unit_test(a_rule_is_tried_on_a_text),
		cmocka_unit_test(examples_that_are_not_as_they_say_are_told),
		cmocka_unit_test(a_rule_that_cannot_be_loaded_or_would_be_slow_is_refused_with_the_reason),
		cmocka_unit_test(a_rule_is_tried_on_steps_and_on_the_newest_failed_ones_of_a_repo),
		cmocka_unit_test(
			a_rule_that_hits_more_than_a_tenth_of_the_green_steps_is_refused_with_the_figure),
		cmocka_unit_test(a_bound_token_tries_on_its_own_repo_alone),
		cmocka_unit_test(what_is_read_has_the_limits_of_a_scan),
		cmocka_unit_test(the_most_hits_are_an_answer),
		cmocka_unit_test(a_text_that_is_too_long_and_a_forge_without_a_repo_are_refused),
	};

	diag_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC)); /* these tests make many errors */
	return cmocka_run_group_tests(tests, up, down);
}
