/* errors: what broke in a step and in a run, as the document has it. */
#include "tests/test.h"

#include "tests/http/findings.h"
#include "tests/http/streaming.h"

#include <stdio.h>
#include <string.h>

/* ---- of a step ---- */

static void all_that_is_known_of_an_error_is_told(void **state)
{
	int64_t step = post(SHA, 1, "", NULL);
	struct error f[2] = { an_error(CLASS_COMPILE, "undeclared"),
		{ .role = ERROR_CONTEXT, .message = STR("beside") } };
	struct json *j, *group;
	char id[60];
	(void)state;

	f[0].code = STR("C1");
	found(step, f, 2);
	AUTO_ANSWER r = get_of("/api/v1/steps/", step, "/errors");
	assert_int_equal(json_len(data_of(&r)), 2);
	j = json_at(data_of(&r), 0);
	snprintf(id, sizeof id, "s%lld-0", (long long)step);
	assert_text(j, "error_id", id);
	assert_int_equal(number(j, "step_id"), step);
	assert_text(j, "role", "cause");
	assert_text(j, "class", "compile");
	assert_text(j, "severity", "error");
	assert_text(j, "found_by", "rule");
	assert_text(j, "rule", "gcc/error");
	assert_text(j, "file", "src/pump.c");
	assert_int_equal(number(j, "line"), 12);
	assert_int_equal(number(j, "column"), 3);
	assert_text(j, "code", "C1");
	assert_null_member(j, "test");
	assert_text(j, "why", "the first");
	assert_int_equal(number(j, "from_line"), 2); /* from 1, both included */
	assert_int_equal(number(j, "to_line"), 3);
	assert_int_equal(number(j, "head_line"), 2);
	assert_int_equal(number(j, "start_byte"), 10);
	group = json_get(j, "group");
	assert_true(json_is_true(json_get(group, "new")));
	assert_text(group, "state", "open");
	assert_text(group, "new_in_sha", SHA);
	j = json_at(data_of(&r), 1);
	assert_null_member(j, "from_line");
	assert_null_member(j, "lines");
	assert_null_member(j, "start_byte");
	assert_null_member(j, "group");
	assert_null_member(j, "file");
}

static void the_link_leads_to_the_lines_of_the_error(void **state)
{
	int64_t step = post(SHA, 1, "", NULL);
	struct error f = an_error(CLASS_COMPILE, "undeclared");
	(void)state;

	found(step, &f, 1);
	AUTO_ANSWER r = get_of("/api/v1/steps/", step, "/errors");
	struct str link = json_str(json_get(json_at(data_of(&r), 0), "lines"));
	AUTO_ANSWER lines = get(arena_cstr(&fx.arena, link));

	assert_int_equal(json_len(data_of(&lines)), 2);
	assert_text(json_at(data_of(&lines), 0), "text", "two");
	assert_text(json_at(data_of(&lines), 1), "text", "three");
}

static void whether_a_step_is_explained_is_told(void **state)
{
	int64_t step = post(SHA, 1, "", NULL);
	AUTO_ANSWER before = get_of("/api/v1/steps/", step, "/errors");
	(void)state;

	assert_true(json_is_true(json_get(json_of(&before), "due")));
	assert_null_member(json_of(&before), "explained_at");
	found(step, NULL, 0);
	AUTO_ANSWER after = get_of("/api/v1/steps/", step, "/errors");
	assert_int_equal(json_kind(json_get(json_of(&after), "due")), JSON_BOOL);
	assert_false(json_is_true(json_get(json_of(&after), "due")));
	assert_text(json_of(&after), "explained_at", "2026-09-21T14:13:20.005Z");
	assert_null_member(json_of(&after), "failed");
}

static void errors_of_a_step_are_filtered_and_paged(void **state)
{
	int64_t step = post(SHA, 1, "", NULL);
	struct error f[4] = { an_error(CLASS_COMPILE, "a"), an_error(CLASS_LINK, "b"),
		an_error(CLASS_LINK, "c"), an_error(CLASS_LINK, "d") };
	(void)state;

	f[1].role = ERROR_CONSEQUENCE;
	f[2].severity = SEVERITY_FATAL;
	found(step, f, 4);
	AUTO_ANSWER role = get_of("/api/v1/steps/", step, "/errors?role=consequence");
	AUTO_ANSWER class = get_of("/api/v1/steps/", step, "/errors?class=compile");
	AUTO_ANSWER severity = get_of("/api/v1/steps/", step, "/errors?severity=fatal");
	AUTO_ANSWER page = get_of("/api/v1/steps/", step, "/errors?limit=2&offset=1");

	assert_text(json_at(data_of(&role), 0), "message", "b");
	assert_int_equal(total_of(&role), 1);
	assert_text(json_at(data_of(&class), 0), "message", "a");
	assert_int_equal(total_of(&class), 1);
	assert_text(json_at(data_of(&severity), 0), "message", "c");
	assert_int_equal(total_of(&severity), 1);
	assert_text(json_at(data_of(&page), 0), "message", "b");
	assert_int_equal(total_of(&page), 4);
	assert_int_equal(number(json_get(json_of(&page), "pagination"), "next_offset"), 3);
}

/* The part of the document between two texts has this word as an item of a list. */
static void assert_documented(const char *schema, const char *word)
{
	struct str doc = api_openapi_yaml;
	const char *from = memmem(doc.p, doc.len, schema, strlen(schema));
	size_t len = 600;

	assert_non_null(from);
	if (!memmem(from, len, word, strlen(word)))
		fail_msg("%s does not have %s", schema, word);
}

static void the_document_has_every_word(void **state)
{
	int64_t step = post(SHA, 1, "", NULL);
	char target[200];
	(void)state;

	for (unsigned i = 0; i < ERROR_N_CLASSES + ERROR_N_ROLES + ERROR_N_SEVERITIES; i++) {
		unsigned k = i, l = i - ERROR_N_CLASSES;
		const char *name = i < ERROR_N_CLASSES ? "class" : l < ERROR_N_ROLES ? "role" : "severity";

		snprintf(target, sizeof target, "/api/v1/steps/%lld/errors?%s=%s", (long long)step, name,
			i < ERROR_N_CLASSES ? error_class_name((enum error_class)k)
			: l < ERROR_N_ROLES ? error_role_name((enum error_role)l)
					    : error_severity_name((enum error_severity)(l - ERROR_N_ROLES)));
		AUTO_ANSWER r = get(target);
		assert_int_equal(r.status, 200);
	}
	for (unsigned i = 0; i < ERROR_N_BYS; i++)
		assert_documented("        found_by:", error_by_name((enum error_by)i));
	for (unsigned i = 0; i < ERROR_N_TYPES; i++)
		assert_documented("    ErrorType:", error_type_name((enum error_type)i));
	for (unsigned i = 0; i < GROUP_N_STATES; i++)
		assert_documented("    GroupState:", group_state_name((enum group_state)i));
}

static void errors_of_a_step_of_another_repo_are_not_there(void **state)
{
	int64_t run, step = post(SHA, 1, "", &run);
	struct error f = an_error(CLASS_DISK, "a");
	const char *bound = token_of_another_repo();
	struct {
		const char *before;
		int64_t id;
		const char *behind;
	} places[] = {
		{ "/api/v1/steps/", step, "/errors" },
		{ "/api/v1/runs/", run, "/errors" },
		{ "/api/v1/runs/", run, "/error-summary" },
		{ "/api/v1/runs/", run, "/infrastructure-errors" },
		{ "/api/v1/groups/", 0, "" },
	};
	int64_t group;
	(void)state;

	found(step, &f, 1);
	group = places[4].id = group_of(step);
	for (size_t i = 0; i < 5; i++) {
		AUTO_ANSWER theirs = get_of_as(bound, places[i].before, places[i].id, places[i].behind);
		AUTO_ANSWER mine = get_of(places[i].before, places[i].id, places[i].behind);

		assert_error(&theirs, 404, "not_found");
		assert_int_equal(mine.status, 200);
	}
	AUTO_ANSWER groups = get_as(bound, "/api/v1/groups");
	AUTO_ANSWER named = get_as(bound, "/api/v1/groups?repo=" REPO);
	AUTO_ANSWER changed = change_group(bound, group, "{\"state\":\"resolved\"}");

	assert_int_equal(total_of(&groups), 0);
	assert_int_equal(total_of(&named), 0);
	assert_error(&changed, 404, "not_found");
}

/* ---- of a run ---- */

/* A run with one error of each class, in one failed step. */
static int64_t run_of_all_classes(void)
{
	struct error f[ERROR_N_CLASSES];
	int64_t run, step = post(SHA, 1, "", &run);

	for (unsigned i = 0; i < ERROR_N_CLASSES; i++)
		f[i] = an_error((enum error_class)i, error_class_name((enum error_class)i));
	found(step, f, ERROR_N_CLASSES);
	return run;
}

static void each_class_is_in_the_lists_of_its_type(void **state)
{
	int64_t run = run_of_all_classes();
	AUTO_ANSWER errors = get_of("/api/v1/runs/", run, "/errors");
	AUTO_ANSWER tests = get_of("/api/v1/runs/", run, "/errors?type=test_failure");
	AUTO_ANSWER results = get_of("/api/v1/runs/", run, "/errors?type=diff_mismatch");
	AUTO_ANSWER infra = get_of("/api/v1/runs/", run, "/infrastructure-errors");
	AUTO_ANSWER checkout = get_of("/api/v1/runs/", run, "/infrastructure-errors?type=checkout");
	AUTO_ANSWER build = get_of("/api/v1/runs/", run, "/infrastructure-errors?type=build");
	AUTO_ANSWER built = get_of("/api/v1/runs/", run, "/errors?type=build");
	AUTO_ANSWER merge = get_of("/api/v1/runs/", run, "/infrastructure-errors?type=merge");
	AUTO_ANSWER wrong = get_of("/api/v1/runs/", run, "/errors?type=worker");
	(void)state;

	assert_messages(&errors, "unknown compile link test assertion crash sanitizer timeout out_of_memory "
				 "dependency config lint cancelled");
	assert_messages(&tests, "test assertion");
	assert_messages(&results, "");
	assert_messages(&infra,
		"unknown compile link crash sanitizer timeout out_of_memory dependency network "
		"permission config lint git disk infrastructure runner_lost");
	assert_messages(&checkout, "git");
	assert_messages(
		&build, "unknown compile link crash sanitizer timeout out_of_memory dependency config lint");
	assert_messages(&built, "unknown compile link crash sanitizer timeout out_of_memory dependency "
				"config lint cancelled");
	assert_messages(&merge, "");
	assert_wrong_field(&wrong, "type");
}

static void an_error_of_a_run_is_told_in_the_shape_of_the_results_api(void **state)
{
	int64_t run, step = post(SHA, 1, "", &run);
	struct error f[2] = { an_error(CLASS_ASSERTION, "expected 1"), an_error(CLASS_TEST, "T failed") };
	char longer[3000] = "";
	struct json *j;
	(void)state;

	for (size_t i = 0; i < 1200; i++)
		strcat(longer, "\xC3\xA4");
	f[0].test = STR("T.one");
	f[1].file = STR("");
	f[1].message = str_z(longer);
	found(step, f, 2);
	AUTO_ANSWER r = get_of("/api/v1/runs/", run, "/errors");
	j = json_at(data_of(&r), 0);
	assert_int_equal(number(j, "run_id"), run);
	assert_null_member(j, "sample_id");
	assert_null_member(j, "regression_id");
	assert_text(j, "type", "test_failure");
	assert_text(j, "severity", "error");
	assert_text(j, "message", "expected 1");
	assert_text(json_get(j, "location"), "file", "src/pump.c");
	assert_int_equal(number(json_get(j, "location"), "line"), 12);
	assert_int_equal(number(json_get(j, "location"), "column"), 3);
	assert_null_member(json_get(j, "location"), "sample_name");
	assert_text(j, "occurred_at", "2026-09-21T14:13:20.000Z");
	assert_int_equal(number(j, "step_id"), step);
	assert_text(j, "class", "assertion");
	assert_text(j, "role", "cause");
	assert_text(j, "test", "T.one");
	assert_int_equal(number(j, "from_line"), 2);
	assert_true(number(j, "group_id") > 0);
	assert_int_equal(json_kind(json_get(j, "stack")), JSON_NONE);
	j = json_at(data_of(&r), 1);
	assert_null_member(j, "location");
	assert_int_equal(json_str(json_get(j, "message")).len, 2 * 1000); /* characters */
	assert_int_equal(number(json_of(&r), "due_steps"), 0);
}

static void severities_are_those_of_the_results_api_and_storage_is_critical(void **state)
{
	int64_t run, step = post(SHA, 1, "", &run);
	struct error f[5] = { an_error(CLASS_NETWORK, "a"), an_error(CLASS_NETWORK, "b"),
		an_error(CLASS_NETWORK, "c"), an_error(CLASS_NETWORK, "d"), an_error(CLASS_DISK, "e") };
	static const char *const queries[] = { "info", "warning", "error", "critical" };
	static const char *const want[] = { "a", "b", "c", "d e" };
	(void)state;

	for (unsigned i = 0; i < 4; i++)
		f[i].severity = (enum error_severity)i;
	found(step, f, 5);
	for (size_t i = 0; i < 4; i++) {
		char target[120];

		snprintf(target, sizeof target, "/api/v1/runs/%lld/infrastructure-errors?severity=%s",
			(long long)run, queries[i]);
		AUTO_ANSWER r = get(target);

		assert_messages(&r, want[i]);
		for (size_t k = 0; k < json_len(data_of(&r)); k++)
			assert_text(json_at(data_of(&r), k), "severity", queries[i]);
	}
}

static void what_is_asked_of_samples_is_an_empty_page(void **state)
{
	int64_t run = run_of_all_classes();
	AUTO_ANSWER sample = get_of("/api/v1/runs/", run, "/errors?sample_id=1");
	AUTO_ANSWER samples = get_of("/api/v1/runs/", run, "/error-summary?group_by=sample_id");
	AUTO_ANSWER tests = get_of("/api/v1/runs/", run, "/error-summary?group_by=regression_id");
	AUTO_ANSWER none = get("/api/v1/runs/999/errors");
	(void)state;

	assert_int_equal(total_of(&sample), 0);
	assert_int_equal(json_len(data_of(&sample)), 0);
	assert_int_equal(total_of(&samples), 0);
	assert_int_equal(total_of(&tests), 0);
	assert_error(&none, 404, "not_found");
}

static int64_t sum_of(struct answer *r)
{
	struct json *data = data_of(r);
	int64_t sum = 0;

	for (size_t i = 0; i < json_len(data); i++)
		sum += number(json_at(data, i), "count");
	return sum;
}

/* The run fails because of one attempt of one job, and everything tells of that one alone. */
static void errors_summary_and_status_of_a_run_agree(void **state)
{
	struct error f[3] = { an_error(CLASS_TEST, "old"), an_error(CLASS_COMPILE, "b"),
		an_error(CLASS_TEST, "c") };
	int64_t run, step;
	(void)state;

	found(post(SHA, 1, ",\"job_name\":\"j\",\"attempt\":1", &run), f, 1);
	AUTO_ANSWER first = get_of("/api/v1/runs/", run, "/errors");
	assert_messages(&first, "old");
	found(post(SHA, 1, ",\"job_name\":\"j\",\"attempt\":2,\"conclusion\":\"success\"", &run), NULL, 0);
	atomic_store(&fx.wall, NOW + 3600000);
	AUTO_ANSWER status = get_of("/api/v1/runs/", run, "");
	AUTO_ANSWER second = get_of("/api/v1/runs/", run, "/errors");
	AUTO_ANSWER nothing = get_of("/api/v1/runs/", run, "/error-summary");
	assert_text(json_of(&status), "status", "pass");
	assert_messages(&second, "");
	assert_int_equal(total_of(&nothing), 0);
	step = post(SHA, 1, ",\"job_name\":\"k\"", &run);
	AUTO_ANSWER due = get_of("/api/v1/runs/", run, "/errors");
	assert_int_equal(number(json_of(&due), "due_steps"), 1);
	f[1].role = ERROR_CONSEQUENCE;
	found(step, f, 3);
	AUTO_ANSWER third = get_of("/api/v1/runs/", run, "/errors");
	AUTO_ANSWER by_type = get_of("/api/v1/runs/", run, "/error-summary");
	AUTO_ANSWER by_severity = get_of("/api/v1/runs/", run, "/error-summary?group_by=severity");
	assert_messages(&third, "old c");
	assert_int_equal(sum_of(&by_type), 2);
	assert_int_equal(sum_of(&by_severity), 2);
	atomic_store(&fx.wall, NOW);
}

static void the_summary_counts_by_type_and_by_severity(void **state)
{
	int64_t run, step = post(SHA, 1, "", &run);
	struct error f[4] = { an_error(CLASS_COMPILE, "a"), an_error(CLASS_TEST, "b"),
		an_error(CLASS_LINK, "c"), an_error(CLASS_DISK, "not one of these") };
	struct json *j;
	(void)state;

	f[2].severity = SEVERITY_WARNING;
	found(step, f, 4);
	AUTO_ANSWER types = get_of("/api/v1/runs/", run, "/error-summary");
	AUTO_ANSWER severities = get_of("/api/v1/runs/", run, "/error-summary?group_by=severity");
	AUTO_ANSWER warnings = get_of("/api/v1/runs/", run, "/error-summary?severity=warning");
	AUTO_ANSWER second = get_of("/api/v1/runs/", run, "/error-summary?limit=1&offset=1");
	AUTO_ANSWER behind = get_of("/api/v1/runs/", run, "/error-summary?offset=7");

	assert_int_equal(total_of(&types), 2);
	j = json_at(data_of(&types), 0);
	assert_text(j, "group_by", "type");
	assert_text(j, "key", "build");
	assert_int_equal(number(j, "count"), 2);
	assert_text(j, "severity", "error"); /* the worst in it */
	assert_int_equal(json_kind(json_get(j, "sample_ids")), JSON_ARRAY);
	assert_text(j, "first_seen_at", "2026-09-21T14:13:20.000Z");
	assert_text(json_at(data_of(&severities), 0), "key", "error");
	assert_text(json_at(data_of(&severities), 1), "key", "warning");
	assert_int_equal(sum_of(&warnings), 1);
	assert_text(json_at(data_of(&second), 0), "key", "test_failure");
	assert_int_equal(json_len(data_of(&second)), 1);
	assert_int_equal(json_len(data_of(&behind)), 0);
	assert_int_equal(total_of(&behind), 2);
}

/* ---- stacks ---- */

#define INFRA_STACK "/infrastructure-errors?include_stack=true"

static void stacks_are_for_admins_and_contributors(void **state)
{
	int64_t run = run_of_all_classes();
	char target[200];
	(void)state;

	snprintf(target, sizeof target, "/api/v1/runs/%lld" INFRA_STACK, (long long)run);
	AUTO_ANSWER tester = get_as(token_of_a(ROLE_TESTER), target);
	AUTO_ANSWER contributor = get_as(token_of_a(ROLE_CONTRIBUTOR), target);
	AUTO_ANSWER admin = get(target);
	AUTO_ANSWER without = get_of("/api/v1/runs/", run, "/infrastructure-errors");

	assert_error(&tester, 403, "forbidden");
	assert_int_equal(json_len(json_get(json_get(json_of(&tester), "details"), "required_roles")), 2);
	assert_int_equal(contributor.status, 200);
	assert_int_equal(json_len(json_get(json_at(data_of(&admin), 0), "stack")), 2);
	assert_int_equal(json_kind(json_get(json_at(data_of(&without), 0), "stack")), JSON_NONE);
}

static void a_stack_is_the_lines_of_the_log_within_bounds(void **state)
{
	int64_t step = stream_step("stack"), run;
	struct error f[2] = { an_error(CLASS_NETWORK, "a"), an_error(CLASS_NETWORK, "b") };
	struct json *stack;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 1 << 20);
	buf_z(&text, "\x1b[31mred\x1b[0m\n");
	for (int i = 0; i < 3000; i++)
		buf_z(&text, "\xC3\xA4");
	for (int i = 0; i < 100; i++)
		buf_fmt(&text, "\nline %d", i);
	stream_text(step, 0, buf_view(&text));
	stream_end_of(step, "failure");
	f[0].from_line = 0;
	f[0].to_line = 100;
	f[1].from_line = f[1].to_line = 0; /* told beside the log */
	found(step, f, 2);
	AUTO_ANSWER of_step = get_of("/api/v1/steps/", step, "");
	run = number(json_of(&of_step), "run_id");
	AUTO_ANSWER r = get_of("/api/v1/runs/", run, INFRA_STACK);
	stack = json_get(json_at(data_of(&r), 0), "stack");
	assert_int_equal(json_len(stack), 50);
	assert_true(str_eq(json_str(json_at(stack, 0)), STR("red")));
	assert_int_equal(json_str(json_at(stack, 1)).len, 2 * 2000);
	assert_true(str_eq(json_str(json_at(stack, 49)), STR("line 47")));
	assert_int_equal(json_kind(json_get(json_at(data_of(&r), 1), "stack")), JSON_NONE);
}

static void when_the_text_has_expired_there_is_no_stack_and_no_failure(void **state)
{
	int64_t run = run_of_all_classes();
	(void)state;

	atomic_store(&fx.wall, NOW + 15 * DAY_MS);
	AUTO_ANSWER janitor =
		ask((struct ask){ .method = "POST", .target = "/api/v1/janitor/run", .token = fx.admin.p });
	AUTO_ANSWER r = get_of("/api/v1/runs/", run, INFRA_STACK);
	assert_int_equal(janitor.status, 200);
	assert_true(json_len(data_of(&r)) > 0);
	assert_int_equal(json_kind(json_get(json_at(data_of(&r), 0), "stack")), JSON_NONE);
	atomic_store(&fx.wall, NOW);
}

static void a_page_of_large_stacks_is_cut_not_failed(void **state)
{
	int64_t step = stream_step("large stacks"), run;
	struct error f[100];
	size_t n_stacks = 0;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 60; i++) {
		for (int k = 0; k < 2500; k++)
			buf_char(&text, (char)('a' + i % 26));
		buf_char(&text, '\n');
	}
	stream_text(step, 0, buf_view(&text));
	stream_end_of(step, "failure");
	for (size_t i = 0; i < 100; i++) {
		f[i] = an_error(CLASS_NETWORK, "the same");
		f[i].from_line = 0;
		f[i].to_line = 60;
	}
	found(step, f, 100);
	AUTO_ANSWER of_step = get_of("/api/v1/steps/", step, "");
	run = number(json_of(&of_step), "run_id");
	AUTO_ANSWER r = get_of("/api/v1/runs/", run, INFRA_STACK "&limit=100");
	for (size_t i = 0; i < 100; i++)
		n_stacks += json_len(json_get(json_at(data_of(&r), i), "stack")) > 0;
	assert_in_range(n_stacks, 10, 12); /* of 100,000 bytes each */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, router_up, router_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(all_that_is_known_of_an_error_is_told),
		TEST(the_link_leads_to_the_lines_of_the_error),
		TEST(whether_a_step_is_explained_is_told),
		TEST(errors_of_a_step_are_filtered_and_paged),
		TEST(the_document_has_every_word),
		TEST(errors_of_a_step_of_another_repo_are_not_there),
		TEST(each_class_is_in_the_lists_of_its_type),
		TEST(an_error_of_a_run_is_told_in_the_shape_of_the_results_api),
		TEST(severities_are_those_of_the_results_api_and_storage_is_critical),
		TEST(what_is_asked_of_samples_is_an_empty_page),
		TEST(errors_summary_and_status_of_a_run_agree),
		TEST(the_summary_counts_by_type_and_by_severity),
		TEST(stacks_are_for_admins_and_contributors),
		TEST(a_stack_is_the_lines_of_the_log_within_bounds),
		TEST(when_the_text_has_expired_there_is_no_stack_and_no_failure),
		TEST(a_page_of_large_stacks_is_cut_not_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
