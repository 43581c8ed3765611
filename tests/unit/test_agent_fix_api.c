/* What `sluice fix` says to a asking.server, and what it makes of answers. */
#include "tests/test.h"

#include "agent/fix_api.h"
#include "tests/unit/help/asking.h"
#include "tests/unit/help/place.h"

#include <string.h>

#define SHA "0123456789abcdef0123456789abcdef01234567"

static const struct fix_claim claim = { .dispatch_id = 7, .number = 2, .lease_s = 1 };

static void a_claim_is_read(void **state)
{
	struct fix_claim c;
	bool found = false;

	(void)state;
	little_server_status(asking.server, 200,
		"{\"dispatch\":{\"dispatch_id\":7,\"repo\":\"acme/"
		"widget\",\"forge\":\"f\",\"head_sha\":\"" SHA "\","
		"\"attempt\":3,\"run_id\":null,\"branch\":\"main\",\"pull_request\":12,\"url\":\"https://x/"
		"1\",\"group_id\":5,\"class\":\"compile\",\"state\":\"claimed\"},\"claim\":2,\"lease_"
		"seconds\":60,"
		"\"prompt\":\"one\\ntwo\\u0000`$(x)`\",\"facts\":{\"try\":1,\"tries_max\":3,\"page_url\":"
		"\"https://y\",\"earlier\":[]}}");
	assert_int_equal(
		fix_api_claim(&asking.ask, "acme/widget", NULL, "me", &asking.a, &c, &found, &asking.e),
		ERR_OK);
	assert_true(found);
	assert_asked(0, "POST /api/v1/dispatches/claim ");
	assert_asked(0, "Bearer slc_token");
	assert_asked(0, "{\"agent\":\"me\",\"repo\":\"acme/widget\"}");
	assert_int_equal(c.dispatch_id, 7);
	assert_int_equal(c.number, 2);
	assert_int_equal(c.lease_s, 60);
	assert_int_equal(c.run_id, 0);
	assert_int_equal(c.pull_request, 12);
	assert_int_equal(c.try, 1);
	assert_int_equal(c.tries_max, 3);
	assert_true(str_eq(c.prompt, STR("one\ntwo\0`$(x)`")));
	assert_true(str_eq(c.page_url, STR("https://y")));
	assert_int_equal(fix_claim_check(&c, STR("acme/widget"), &asking.e), ERR_OK);
	assert_int_equal(
		fix_api_claim(&asking.ask, "acme/widget", "g", "me", &asking.a, &c, &found, &asking.e),
		ERR_OK);
	assert_asked(1, "\"forge\":\"g\"}");
}

static void that_none_waits_is_no_error(void **state)
{
	struct fix_claim c;
	bool found = true;

	(void)state;
	little_server_say(asking.server, LITTLE_BYTES, "HTTP/1.1 204 No Content\r\n\r\n");
	assert_int_equal(
		fix_api_claim(&asking.ask, "a/b", NULL, "me", &asking.a, &c, &found, &asking.e), ERR_OK);
	assert_false(found);
}

static void a_result_is_told_whole(void **state)
{
	const struct fix_said fixed = { FIX_FIXED, STR(SHA), STR("a \"note\"\nof two lines") };
	const struct fix_said plain = { .word = FIX_NOTE };

	(void)state;
	little_server_status(asking.server, 200, "{}");
	assert_int_equal(fix_api_result(&asking.ask, &claim, &fixed, 9, 0, &asking.e), ERR_OK);
	assert_asked(0, "POST /api/v1/dispatches/7/result ");
	assert_asked(0, "{\"claim\":2,\"outcome\":\"fixed\",\"sha\":\"" SHA
			"\",\"note\":\"a \\\"note\\\"\\nof two lines\",\"step_id\":9}");
	assert_int_equal(fix_api_result(&asking.ask, &claim, &plain, 0, 0, &asking.e), ERR_OK);
	assert_asked(1, "{\"claim\":2,\"outcome\":\"note\"}");
}

static void a_dispatch_that_is_gone_is_one_that_was_taken_away(void **state)
{
	const struct fix_said plain = { .word = FIX_NO_FIX };
	int64_t lease_s = 5;

	(void)state;
	little_server_status(asking.server, 200, "{\"lease_seconds\":30}");
	little_server_status(asking.server, 404, "{\"code\":\"not_found\",\"message\":\"m\",\"details\":{}}");
	little_server_status(
		asking.server, 409, "{\"code\":\"conflict\",\"message\":\"it was canceled\",\"details\":{}}");
	assert_int_equal(fix_api_renew(&asking.ask, &claim, 5000, &lease_s, &asking.e), ERR_OK);
	assert_asked(0, "POST /api/v1/dispatches/7/heartbeat ");
	assert_asked(0, "{\"claim\":2}");
	assert_int_equal(lease_s, 30);
	assert_int_equal(fix_api_renew(&asking.ask, &claim, 5000, &lease_s, &asking.e), ERR_CONFLICT);
	assert_int_equal(fix_api_result(&asking.ask, &claim, &plain, 0, 0, &asking.e), ERR_CONFLICT);
	assert_string_equal(asking.e.text, "it was canceled");
	assert_int_equal(lease_s, 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_claim_is_read, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(that_none_waits_is_no_error, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(a_result_is_told_whole, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(
			a_dispatch_that_is_gone_is_one_that_was_taken_away, asking_set_up, asking_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
