/* check: values against the rows that the document became. */
#include "tests/test.h"

#include "http/edge.h"
#include "http/router.h"

#include <stdio.h>
#include <string.h>

static struct arena arena;

static int up(void **state)
{
	struct err e;
	(void)state;

	arena_init(&arena);
	return router_init(&router_api, &e) == ERR_OK ? 0 : -1;
}

static int down(void **state)
{
	(void)state;

	router_done(&router_api);
	arena_done(&arena);
	return 0;
}

/* What is wrong with a JSON text for a row; empty: nothing. */
static const char *wrong(const struct field *f, const char *text)
{
	struct json_doc *doc = NULL;
	struct str why = STR("");
	const char *ret;
	struct err e;

	if (json_parse(str_z(text), JSON_REPAIR_TEXT, &doc, &e) != ERR_OK)
		fail_msg("%s: %s", text, e.text);
	ret = check_value(&arena, f, json_root(doc), &why) ? "" : arena_cstr(&arena, why);
	json_free(doc);
	return ret;
}

static const struct field *field_of(const char *op, const char *name)
{
	for (size_t i = 0; i < api_n_ops; i++)
		for (size_t k = 0; k < api_ops[i].n_fields && strcmp(api_ops[i].id, op) == 0; k++)
			if (strcmp(api_ops[i].fields[k].name, name) == 0)
				return &api_ops[i].fields[k];
	fail_msg("%s has no %s", op, name);
	return NULL;
}

static void assert_good(const struct field *f, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (wrong(f, texts[i])[0])
			fail_msg("%s: %s %s", texts[i], f->name, wrong(f, texts[i]));
}

static void assert_bad(const struct field *f, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!wrong(f, texts[i])[0])
			fail_msg("%s is taken for %s", texts[i], f->name);
}

#define GOOD(f, ...)                                                                                         \
	do {                                                                                                 \
		static const char *const texts_[] = { __VA_ARGS__ };                                         \
		assert_good(f, texts_, sizeof texts_ / sizeof texts_[0]);                                    \
	} while (0)
#define BAD(f, ...)                                                                                          \
	do {                                                                                                 \
		static const char *const texts_[] = { __VA_ARGS__ };                                         \
		assert_bad(f, texts_, sizeof texts_ / sizeof texts_[0]);                                     \
	} while (0)

static void an_integer_is_within_its_bounds_and_no_fraction(void **state)
{
	const struct field f = { .name = "n", .types = FIELD_INTEGER, .min = 1, .max = 10 };
	(void)state;

	GOOD(&f, "1", "10");
	BAD(&f, "0", "11", "-1", "1.0", "1e0", "1.5", "\"1\"", "true", "null", "[]", "{}",
		"99999999999999999999");
	assert_string_equal(wrong(&f, "11"), "must be from 1 to 10");
	assert_string_equal(wrong(&f, "1.5"), "must be an integer of 64 bits");
}

static void the_ends_of_64_bits_are_integers(void **state)
{
	const struct field f = { .name = "n", .types = FIELD_INTEGER, .min = INT64_MIN, .max = INT64_MAX };
	const struct field from = { .name = "n", .types = FIELD_INTEGER, .min = 0, .max = INT64_MAX };
	(void)state;

	GOOD(&f, "9223372036854775807", "-9223372036854775808");
	BAD(&f, "9223372036854775808", "-9223372036854775809", "1e30");
	assert_string_equal(wrong(&from, "-1"), "must be 0 at least");
}

static void length_is_counted_in_characters_and_not_in_bytes(void **state)
{
	const struct field f = { .name = "s", .types = FIELD_STRING, .min_len = 2, .max_len = 3 };
	(void)state;

	GOOD(&f, "\"ab\"", "\"abc\"", "\"\xc3\xa4\xc3\xb6\xc3\xbc\"",
		"\"\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80\"", "\"\\ud83d\\ude00\\ud83d\\ude00\"",
		"\"\\u0000\\u0000\"");
	BAD(&f, "\"\"", "\"a\"", "\"abcd\"", "\"\xc3\xa4\"", "\"\xf0\x9f\x98\x80\"",
		"\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\xa4\"");
	assert_string_equal(wrong(&f, "\"abcd\""), "must have 3 characters at most");
	assert_string_equal(wrong(&f, "\"a\""), "must have 2 characters at least");
}

static void a_value_of_an_enumeration_is_exactly_one_of_it(void **state)
{
	const struct field *f = field_of("postCiLog", "conclusion");
	(void)state;

	GOOD(f, "\"success\"", "\"timed_out\"");
	BAD(f, "\"Success\"", "\"succes\"", "\"success \"", "\"\"", "\"success\\u0000\"", "1");
	assert_string_equal(wrong(f, "1"), "must be a string");
	assert_non_null(strstr(wrong(f, "\"x\""), "success, failure, cancelled, skipped, timed_out"));
}

static void a_string_with_a_nul_matches_no_pattern(void **state)
{
	(void)state;

	BAD(field_of("postCiLog", "repo"), "\"acme/pump\\u0000\"", "\"acme/pump\\u0000/../x\"",
		"\"\\u0000\"");
	BAD(field_of("postCiLog", "step_name"), "\"make\\u0000\"");
	BAD(field_of("postCiLog", "url"), "\"\\u0000\"", "\"https://x\\u0000\"");
}

static void a_repo_is_two_names_of_which_none_is_a_dot(void **state)
{
	const struct field *f = field_of("postCiLog", "repo");
	(void)state;

	GOOD(f, "\"a/b\"", "\"acme/pump\"", "\"A.b-c_d/.e\"", "\"a/...\"", "\".../b\"", "\"a./.b\"",
		"\"..a/b..\"", "\"-/_\"", "\"a/b.git\"");
	BAD(f, "\"\"", "\"/\"", "\"a\"", "\"a/\"", "\"/b\"", "\"a/b/c\"", "\"a//b\"", "\"./b\"", "\"a/.\"",
		"\"../b\"", "\"a/..\"", "\"a b/c\"", "\"a/b\\n\"", "\"\\na/b\"", "\"a/b \"", "\"\xc3\xa4/b\"",
		"\"a\\\\b\"", "\"a/b?\"", "1", "null", "[\"a/b\"]");
	assert_non_null(strstr(wrong(f, "\"a\""), "owner/name"));
}

static void a_repo_has_a_hundred_characters_at_most(void **state)
{
	const struct field *f = field_of("postCiLog", "repo");
	char text[110];
	(void)state;

	memset(text, 'a', sizeof text);
	text[0] = '"';
	text[50] = '/';
	memcpy(text + 101, "\"", 2);
	assert_string_equal(wrong(f, text), "");
	memcpy(text + 101, "a\"", 3);
	assert_string_equal(wrong(f, text), "must have 100 characters at most");
}

static void a_commit_is_40_or_64_hexadecimal_digits(void **state)
{
	const struct field *f = field_of("postCiLog", "head_sha");
	static const char digits[] =
		"0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789";
	char text[80];
	(void)state;

	for (int n = 0; n <= 70; n++) {
		snprintf(text, sizeof text, "\"%.*s\"", n, digits);
		if ((wrong(f, text)[0] == '\0') != (n == 40 || n == 64))
			fail_msg("%d digits: %s", n, wrong(f, text));
	}
	BAD(f, "\"g123456789abcdef0123456789abcdef01234567\"",
		"\"0123456789abcdef0123456789abcdef01234567\\n\"",
		"\" 0123456789abcdef0123456789abcdef0123456\"");
}

static void an_id_of_a_forge_is_a_string_or_an_integer(void **state)
{
	const struct field *f = field_of("postCiLog", "run_id");
	(void)state;

	GOOD(f, "\"1\"", "0", "1", "9223372036854775807", "\"1000000000000000000000000000000\"", "\"a b\"");
	BAD(f, "\"\"", "-1", "1.5", "1000000000000000000000000000000", "true", "null", "[]", "{}",
		"\"a\\nb\"", "\"a\\u007fb\"");
	assert_string_equal(wrong(f, "true"), "must be a string or an integer of 64 bits");
}

static void a_name_is_one_line(void **state)
{
	const struct field *f = field_of("postCiLog", "job_name");
	(void)state;

	GOOD(f, "\"\"", "\"build (gcc)\"", "\"\xc3\xa4 \xf0\x9f\x98\x80\"", "\"\\u0080\"");
	BAD(f, "\"a\\nb\"", "\"a\\rb\"", "\"a\\tb\"", "\"\\u001b[31m\"", "\"\\u0000\"", "\"\\u007f\"");
	GOOD(field_of("postCiLog", "leg"), "\"{\\n  \\\"cc\\\": \\\"gcc\\\"\\n}\"");
}

static void null_is_taken_only_where_the_document_says_so(void **state)
{
	(void)state;

	GOOD(field_of("postCiLog", "pull_request"), "null", "1", "2147483647");
	BAD(field_of("postCiLog", "pull_request"), "0", "2147483648", "\"1\"");
	BAD(field_of("postCiLog", "branch"), "null");
}

static void a_list_is_checked_item_by_item_and_for_doubles(void **state)
{
	const struct field *f = field_of("createToken", "scopes");
	(void)state;

	GOOD(f, "[]", "[\"logs:read\"]", "[\"logs:read\",\"logs:write\"]");
	BAD(f, "[\"logs:read\",\"logs:read\"]", "[\"logs:reed\"]", "[1]", "[null]", "[[]]", "\"logs:read\"",
		"{}");
	assert_non_null(strstr(wrong(f, "[\"logs:read\",\"x\"]"), "item 2 must be one of"));
}

static void a_list_has_a_limit(void **state)
{
	const struct field item = { .name = "", .types = FIELD_INTEGER, .min = 0, .max = 9 };
	const struct field f = {
		.name = "l", .types = FIELD_ARRAY, .min_len = 1, .max_len = 2, .items = &item, .unique = true
	};
	(void)state;

	GOOD(&f, "[1]", "[1,2]");
	BAD(&f, "[]", "[1,2,3]", "[1,1]", "[10]");
}

static void a_pattern_that_does_not_compile_stops_the_start(void **state)
{
	struct pattern patterns[] = { { .text = "^a$" }, { .text = "^(a$" }, { .text = NULL } };
	struct err e;
	(void)state;

	assert_int_equal(patterns_compile(patterns, &e), ERR_INTERNAL);
	assert_non_null(strstr(e.text, "pattern"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_integer_is_within_its_bounds_and_no_fraction),
		cmocka_unit_test(the_ends_of_64_bits_are_integers),
		cmocka_unit_test(length_is_counted_in_characters_and_not_in_bytes),
		cmocka_unit_test(a_value_of_an_enumeration_is_exactly_one_of_it),
		cmocka_unit_test(a_string_with_a_nul_matches_no_pattern),
		cmocka_unit_test(a_repo_is_two_names_of_which_none_is_a_dot),
		cmocka_unit_test(a_repo_has_a_hundred_characters_at_most),
		cmocka_unit_test(a_commit_is_40_or_64_hexadecimal_digits),
		cmocka_unit_test(an_id_of_a_forge_is_a_string_or_an_integer),
		cmocka_unit_test(a_name_is_one_line),
		cmocka_unit_test(null_is_taken_only_where_the_document_says_so),
		cmocka_unit_test(a_list_is_checked_item_by_item_and_for_doubles),
		cmocka_unit_test(a_list_has_a_limit),
		cmocka_unit_test(a_pattern_that_does_not_compile_stops_the_start),
	};

	return cmocka_run_group_tests(tests, up, down);
}
