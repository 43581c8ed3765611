/* What an answer means, and what of it is told. */
#include "tests/test.h"

#include "agent/ship_answer.h"

#include <stdio.h>
#include <string.h>

static struct arena arena;
static struct ship_answer got;
static const struct sha256 digest = { { 0xAB, 0xCD } };
#define DIGEST "abcd000000000000000000000000000000000000000000000000000000000000"

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&arena);
	return 0;
}

static void read_answer(int status, const char *type, const char *body)
{
	struct http_answer a = { .status = status };

	buf_init(&a.body, 100000);
	buf_z(&a.body, body);
	snprintf(a.content_type, sizeof a.content_type, "%s", type);
	ship_answer_read(&a, &digest, &arena, &got);
	http_answer_done(&a);
}

static void says(const char *message)
{
	assert_int_equal(got.message.len, strlen(message));
	assert_memory_equal(got.message.p, message, got.message.len);
}

static void each_status_means_one_thing(void **state)
{
	static const int taken[] = { 200, 201, 202, 204, 299 }, refused[] = { 400, 409, 412, 413, 422 },
			 again[] = { 408, 429, 500, 502, 503, 504, 507, 599 },
			 wrong[] = { 100, 300, 301, 308, 401, 403, 404, 405, 410, 411, 415, 418, 451, 499 };
	(void)state;

	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		assert_int_equal(ship_verdict_of(taken[i]), SHIP_TAKEN);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_int_equal(ship_verdict_of(refused[i]), SHIP_REFUSED);
	for (size_t i = 0; i < sizeof again / sizeof *again; i++)
		assert_int_equal(ship_verdict_of(again[i]), SHIP_AGAIN);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(ship_verdict_of(wrong[i]), SHIP_MISCONFIGURED);
}

static void a_page_is_no_receiver(void **state)
{
	(void)state;
	read_answer(200, "text/html; charset=utf-8", "<html>Please log in</html>");
	assert_int_equal(got.verdict, SHIP_MISCONFIGURED);
	read_answer(201, "text/plain", "stored");
	assert_int_equal(got.verdict, SHIP_TAKEN);
	read_answer(204, "", "");
	assert_int_equal(got.verdict, SHIP_TAKEN);
}

static void other_bytes_are_not_ours(void **state)
{
	(void)state;
	read_answer(201, "application/json", "{\"sha256\":\"" DIGEST "\"}");
	assert_int_equal(got.verdict, SHIP_TAKEN);
	read_answer(201, "application/json",
		"{\"sha256\":\"ABCD000000000000000000000000000000000000000000000000000000000000\"}");
	assert_int_equal(got.verdict, SHIP_TAKEN);
	read_answer(201, "application/json",
		"{\"sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\"}");
	assert_int_equal(got.verdict, SHIP_MISCONFIGURED);
}

static void a_way_out_is_found_whole_wherever_it_stands(void **state)
{
	static const char *const bodies[] = {
		"{\"code\":\"precondition_failed\",\"message\":\"old\",\"details\":{\"remediation\":"
		"\"one\\ntwo\\n\"}}",
		"{\"error\":\"old\",\"remediation\":\"one\\ntwo\\n\"}",
		"{\"detail\":{\"remediation\":\"one\\ntwo\\n\"},\"message\":\"old\"}",
	};
	(void)state;

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		read_answer(412, "application/json", bodies[i]);
		assert_int_equal(got.verdict, SHIP_REFUSED);
		says("old");
		assert_int_equal(got.remediation.len, 8);
		assert_memory_equal(got.remediation.p, "one\ntwo\n", 8);
	}
}

static void plain_text_is_all_there_is_to_say(void **state)
{
	(void)state;
	read_answer(412, "text/plain", "\nupdate first:\n  git pull\n");
	says("update first:");
	assert_int_equal(got.remediation.len, strlen("update first:\n  git pull"));
	read_answer(409, "text/plain", "other bytes\n");
	says("other bytes");
	assert_int_equal(got.remediation.len, 0);
}

static void nothing_that_is_said_is_told_at_any_length(void **state)
{
	char body[5000];
	(void)state;

	memset(body, 'x', sizeof body - 1);
	memcpy(body + 298, "\xC3\xA9\xC3\xA9", 4);
	body[sizeof body - 1] = '\0';
	read_answer(500, "text/plain", body);
	assert_int_equal(got.message.len, 300);
	body[299] = 'x'; /* now a half character stands there */
	read_answer(500, "text/plain", body);
	assert_int_equal(got.message.len, 298);
	read_answer(500, "text/html", body);
	says("");
	read_answer(500, "", "\n\n");
	says("");
}

static void who_set_this_host_up_is_told_where_to_look(void **state)
{
	(void)state;
	read_answer(401, "application/json", "{\"message\":\"who?\"}");
	assert_true(str_starts(got.message, STR("who?; the token")));
	read_answer(403, "", "");
	assert_true(str_starts(got.message, STR("the token has not the scope")));
	read_answer(404, "text/html", "<p>");
	assert_true(str_starts(got.message, STR("is that the URL")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(each_status_means_one_thing),
		TEST(a_page_is_no_receiver),
		TEST(other_bytes_are_not_ours),
		TEST(a_way_out_is_found_whole_wherever_it_stands),
		TEST(plain_text_is_all_there_is_to_say),
		TEST(nothing_that_is_said_is_told_at_any_length),
		TEST(who_set_this_host_up_is_told_where_to_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
