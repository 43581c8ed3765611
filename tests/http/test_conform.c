/* conform: what holds the answers of the other tests to the document has to notice when one does not fit. */
#include "tests/test.h"

#include "tests/http/conform.h"

#include <stdio.h>

static bool fits(const char *schema, const char *value)
{
	struct json_doc *s = NULL, *v = NULL;
	struct err e;
	bool ret;
	AUTO_BUF why;

	buf_init(&why, SIZE_MAX);
	assert_int_equal(json_parse(str_z(schema), 0, &s, &e), ERR_OK);
	assert_int_equal(json_parse(str_z(value), 0, &v, &e), ERR_OK);
	ret = conform_fits(json_root(s), json_root(v), &why);
	assert_true(ret == (why.len == 0)); /* what does not fit is said */
	json_free(s);
	json_free(v);
	return ret;
}

static void each_word_of_a_schema_is_held(void **state)
{
	static const struct {
		const char *schema, *good, *bad;
	} cases[] = {
		{ "{\"type\":\"integer\"}", "1", "1.5" },
		{ "{\"type\":\"integer\"}", "-7", "\"1\"" },
		{ "{\"type\":\"integer\",\"minimum\":1}", "1", "0" },
		{ "{\"type\":\"integer\",\"maximum\":5}", "5", "6" },
		{ "{\"type\":\"integer\",\"nullable\":true}", "null", "true" },
		{ "{\"type\":\"integer\"}", "0", "null" },
		{ "{\"type\":\"boolean\"}", "false", "0" },
		{ "{\"type\":\"number\"}", "1.5", "\"1.5\"" },
		{ "{\"type\":\"string\",\"maxLength\":2}", "\"\xC3\xA4\xC3\xA4\"", "\"abc\"" },
		{ "{\"type\":\"string\",\"minLength\":1}", "\"a\"", "\"\"" },
		{ "{\"type\":\"string\",\"pattern\":\"^[a-f]{2}$\"}", "\"ab\"", "\"ag\"" },
		{ "{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}", "\"b\"", "\"c\"" },
		{ "{\"type\":\"string\",\"format\":\"date-time\"}", "\"2026-09-21T14:13:20.000Z\"",
			"\"2026-09-21T14:13:20\"" },
		{ "{\"type\":\"string\",\"format\":\"date-time\"}", "\"2026-09-21T14:13:20Z\"",
			"\"2026-09-21T16:13:20+02:00\"" },
		{ "{\"type\":\"string\",\"format\":\"uri\"}", "\"https://sluice.example.org/a?b=1\"",
			"\"/a\"" },
		{ "{\"type\":\"array\",\"maxItems\":1}", "[1]", "[1,2]" },
		{ "{\"type\":\"array\",\"minItems\":1}", "[1]", "[]" },
		{ "{\"type\":\"array\",\"uniqueItems\":true}", "[1,2]", "[1,2,1]" },
		{ "{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}", "[1]", "[1,\"a\"]" },
		{ "{\"type\":\"object\",\"required\":[\"a\"]}", "{\"a\":null}", "{\"b\":1}" },
		{ "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"b\":\"x\"}",
			"{\"a\":\"x\"}" },
		{ "{\"type\":\"object\",\"properties\":{\"a\":{}},\"additionalProperties\":false}",
			"{\"a\":1}", "{\"a\":1,\"b\":2}" },
		{ "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}", "{\"a\":\"x\"}",
			"{\"a\":1}" },
		{ "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}", "1", "true" },
		{ "{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"integer\",\"maximum\":5}]}", "6", "5" },
		{ "{\"$ref\":\"#/components/schemas/RunStatus\"}", "\"pass\"", "\"passed\"" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (!fits(cases[i].schema, cases[i].good))
			fail_msg("%s does not take %s", cases[i].schema, cases[i].good);
		if (fits(cases[i].schema, cases[i].bad))
			fail_msg("%s takes %s", cases[i].schema, cases[i].bad);
	}
}

static void a_word_that_is_not_known_is_not_passed_over(void **state)
{
	(void)state;
	assert_false(fits("{\"type\":\"integer\",\"multipleOf\":2}", "2"));
	assert_false(fits("{\"type\":\"string\",\"format\":\"uuid\"}", "\"a\""));
	assert_false(fits("{\"type\":\"money\"}", "1"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_word_of_a_schema_is_held),
		cmocka_unit_test(a_word_that_is_not_known_is_not_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
