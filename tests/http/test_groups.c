/* groups: errors that are the same over runs and branches: listed, told, and what people say of them. */
#include "tests/test.h"

#include "tests/http/findings.h"

#include <stdio.h>
#include <string.h>

#define OTHER_SHA "89abcdef0123456789abcdef0123456789abcdef"

static void groups_are_listed_by_what_they_are(void **state)
{
	int64_t one = post(SHA, 1, "", NULL), two = post(OTHER_SHA, 2, "", NULL);
	struct error f[2] = { an_error(CLASS_COMPILE, "a"), an_error(CLASS_DISK, "b") };
	static const struct {
		const char *query, *want;
	} cases[] = {
		{ "", "b a" },
		{ "?sort=count", "b a" },
		{ "?sort=-count", "a b" },
		{ "?sort=newest", "a b" },
		{ "?sort=-newest", "b a" },
		{ "?sort=last_seen", "a b" },
		{ "?class=disk", "b" },
		{ "?state=open", "b a" },
		{ "?state=resolved", "" },
		{ "?flaky=true", "" },
		{ "?repo=acme/PUMP", "b a" },
		{ "?repo=acme/valve", "" },
		{ "?forge=home&class=compile", "a" },
		{ "?new=true", "b a" },
		{ "?new=true&days=1", "b a" },
		{ "?new_since=2026-09-21T14:13:20.001Z", "" },
	};
	(void)state;

	found(one, f, 1);
	found(two, f, 2);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char target[200];

		snprintf(target, sizeof target, "/api/v1/groups%s", cases[i].query);
		AUTO_ANSWER r = get(target);
		assert_messages(&r, cases[i].want);
	}
	atomic_store(&fx.wall, NOW + 2 * DAY_MS);
	AUTO_ANSWER late = get("/api/v1/groups?new=true&days=1");
	assert_messages(&late, "");
	atomic_store(&fx.wall, NOW);
}

static void a_query_for_groups_that_cannot_be_says_which_field_is_wrong(void **state)
{
	static const struct {
		const char *query, *field;
	} cases[] = {
		{ "state=closed", "state" },
		{ "class=disc", "class" },
		{ "sort=age", "sort" },
		{ "days=3", "days" },
		{ "new=true&days=0", "days" },
		{ "new=true&new_since=2026-09-21T14:13:20Z", "new_since" },
		{ "new_since=yesterday", "new_since" },
		{ "repo=acme", "repo" },
		{ "flaky=1", "flaky" },
		{ "limit=101", "limit" },
		{ "what=ever", "what" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char target[200];

		snprintf(target, sizeof target, "/api/v1/groups?%s", cases[i].query);
		AUTO_ANSWER r = get(target);

		assert_wrong_field(&r, cases[i].field);
	}
}

static void a_group_says_why_it_is_one_how_often_it_was_seen_and_what_it_has(void **state)
{
	int64_t one = post(SHA, 1, ",\"branch\":\"main\"", NULL),
		two = post(OTHER_SHA, 2, ",\"branch\":\"fix\"", NULL);
	struct error f = an_error(CLASS_COMPILE, "use of undeclared rate");
	struct json *j;
	(void)state;

	f.code = STR("C7");
	found(one, &f, 1);
	found(two, &f, 1);
	AUTO_ANSWER r = get_of("/api/v1/groups/", group_of(one), "");
	j = json_of(&r);
	assert_text(j, "repo", REPO);
	assert_text(j, "state", "open");
	assert_text(j, "message", "use of undeclared rate");
	assert_int_equal(number(json_get(j, "counts"), "hours_24"), 2);
	assert_int_equal(number(json_get(j, "counts"), "days_7"), 2);
	assert_int_equal(number(json_get(j, "counts"), "days_30"), 2);
	assert_int_equal(number(j, "runs"), 2);
	assert_int_equal(number(j, "branches"), 2);
	assert_text(j, "new_in_sha", SHA);
	assert_null_member(j, "fixed_in");
	assert_null_member(j, "reopened_at");
	assert_null_member(j, "issue");
	assert_int_equal(json_len(json_get(j, "why")), 4);
	assert_true(str_eq(json_str(json_at(json_get(j, "why"), 0)), STR("the same tool: gcc")));
	assert_true(str_eq(json_str(json_at(json_get(j, "why"), 2)),
		STR("a file of the same name, in whatever folder and line: pump.c")));
	assert_text(json_get(j, "parts"), "code", "C7");
	assert_null_member(json_get(j, "parts"), "test");
	assert_int_equal(json_len(json_get(j, "errors")), 2);
	assert_int_equal(number(json_at(json_get(j, "errors"), 0), "step_id"), two); /* the newest first */
	AUTO_ANSWER none = get("/api/v1/groups/999");
	assert_error(&none, 404, "not_found");
}

static void of_a_group_that_has_little_in_common_little_is_told(void **state)
{
	int64_t step = post(SHA, 1, "", NULL);
	struct error f = { .role = ERROR_CAUSE, .message = STR("it broke"), .fingerprint = STR("f") };
	(void)state;

	found(step, &f, 1);
	AUTO_ANSWER r = get_of("/api/v1/groups/", group_of(step), "");
	assert_int_equal(json_len(json_get(json_of(&r), "why")), 1);
	assert_null_member(json_get(json_of(&r), "parts"), "tool");
	assert_null_member(json_at(json_get(json_of(&r), "errors"), 0), "location");
}

static void what_is_said_of_a_group_is_kept(void **state)
{
	int64_t step = post(SHA, 1, "", NULL), id;
	struct error f = an_error(CLASS_COMPILE, "a");
	(void)state;

	found(step, &f, 1);
	id = group_of(step);
	AUTO_ANSWER snoozed = change_group(fx.admin.p, id,
		"{\"state\":\"snoozed\",\"snoozed_until\":\"2026-10-01T00:00:00Z\",\"issue\":\"https://t/"
		"1\"}");
	AUTO_ANSWER nothing = change_group(fx.admin.p, id, "{}");
	AUTO_ANSWER resolved = change_group(fx.admin.p, id, "{\"state\":\"resolved\"}");
	AUTO_ANSWER unlinked = change_group(fx.admin.p, id, "{\"issue\":null}");

	assert_int_equal(snoozed.status, 200);
	assert_text(json_of(&snoozed), "state", "snoozed");
	assert_text(json_of(&snoozed), "snoozed_until", "2026-10-01T00:00:00.000Z");
	assert_text(json_of(&snoozed), "issue", "https://t/1");
	assert_text(json_of(&nothing), "state", "snoozed");
	assert_text(json_of(&resolved), "state", "resolved");
	assert_null_member(json_of(&resolved), "snoozed_until");
	assert_text(json_of(&resolved), "issue", "https://t/1");
	assert_text(json_of(&unlinked), "state", "resolved");
	assert_null_member(json_of(&unlinked), "issue");
}

static void a_change_that_cannot_be_says_which_field_is_wrong(void **state)
{
	static const struct {
		const char *body, *field;
	} cases[] = {
		{ "{\"state\":\"closed\"}", "state" },
		{ "{\"state\":null}", "state" },
		{ "{\"state\":\"snoozed\"}", "snoozed_until" },
		{ "{\"state\":\"snoozed\",\"snoozed_until\":\"2026-09-21T14:13:20Z\"}", "snoozed_until" },
		{ "{\"state\":\"snoozed\",\"snoozed_until\":\"soon\"}", "snoozed_until" },
		{ "{\"state\":\"open\",\"snoozed_until\":\"2027-01-01T00:00:00Z\"}", "snoozed_until" },
		{ "{\"snoozed_until\":\"2027-01-01T00:00:00Z\"}", "snoozed_until" },
		{ "{\"issue\":\"javascript:alert(1)\"}", "issue" },
		{ "{\"issue\":7}", "issue" },
		{ "{\"assignee\":\"me\"}", "assignee" },
	};
	int64_t step = post(SHA, 1, "", NULL), id;
	struct error f = an_error(CLASS_COMPILE, "a");
	(void)state;

	found(step, &f, 1);
	id = group_of(step);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = change_group(fx.admin.p, id, cases[i].body);

		assert_wrong_field(&r, cases[i].field);
	}
	AUTO_ANSWER none = change_group(fx.admin.p, 999, "{\"state\":\"open\"}");
	AUTO_ANSWER reader = change_group(
		token_with(SCOPE_BIT(SCOPE_LOGS_READ), ROLE_ADMIN).p, id, "{\"state\":\"open\"}");
	AUTO_ANSWER still = get_of("/api/v1/groups/", id, "");

	assert_error(&none, 404, "not_found");
	assert_error(&reader, 403, "forbidden");
	assert_text(json_of(&still), "state", "open");
	assert_null_member(json_of(&still), "issue");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, router_up, router_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(groups_are_listed_by_what_they_are),
		TEST(a_query_for_groups_that_cannot_be_says_which_field_is_wrong),
		TEST(a_group_says_why_it_is_one_how_often_it_was_seen_and_what_it_has),
		TEST(of_a_group_that_has_little_in_common_little_is_told),
		TEST(what_is_said_of_a_group_is_kept),
		TEST(a_change_that_cannot_be_says_which_field_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
