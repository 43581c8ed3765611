/* http_fetch: an answer that is taken while it comes. */
#include "tests/test.h"

#include "net/http.h"
#include "tests/unit/help/little_server.h"

#include <stdlib.h>
#include <string.h>

static struct little_server *server;
static struct http_client *client;
static struct http_answer answer;
static struct buf taken;
static size_t take_at_most; /* then an error of ours */
static struct err e;

static int set_up(void **state)
{
	(void)state;
	server = little_server_new();
	client = http_client_new();
	answer = (struct http_answer){ 0 };
	buf_init(&taken, 10 * 1024 * 1024);
	take_at_most = SIZE_MAX;
	e = (struct err){ 0 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_done(&taken);
	http_answer_done(&answer);
	http_client_free(client);
	little_server_free(server);
	return 0;
}

static enum err_code take(void *arg, struct str bytes, struct err *err)
{
	buf_str(arg, bytes);
	if (taken.len > take_at_most)
		return err_set(err, ERR_CONFLICT, "enough");
	return ERR_OK;
}

static enum err_code fetch(struct http_request r)
{
	http_answer_done(&answer);
	buf_reset(&taken);
	r.url = little_server_url(server);
	r.method = "GET";
	return http_fetch(client, &r, 200, take, &taken, &answer, &e);
}

static void what_comes_is_taken_and_not_kept(void **state)
{
	(void)state;
	little_server_status(server, 200, "{\"a\":1}");
	assert_int_equal(fetch((struct http_request){ .max_answer = 1 }), ERR_OK);
	assert_string_equal(buf_cstr(&taken), "{\"a\":1}");
	assert_int_equal(answer.status, 200);
	assert_int_equal(answer.body.len, 0);
	assert_string_equal(answer.content_type, "application/json");
}

static void an_answer_that_is_not_the_wanted_one_is_kept_and_not_taken(void **state)
{
	static const int statuses[] = { 206, 301, 404, 410, 503 };
	(void)state;

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		little_server_status(server, statuses[i], "{\"code\":\"no\"}");
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		assert_int_equal(fetch((struct http_request){ 0 }), ERR_OK);
		assert_int_equal(answer.status, statuses[i]);
		assert_int_equal(taken.len, 0);
		assert_string_equal(buf_cstr(&answer.body), "{\"code\":\"no\"}");
	}
	assert_int_equal(fetch((struct http_request){ .max_answer = 5 }), ERR_TOO_LARGE);
}

static void an_answer_that_is_cut_is_an_error_and_what_came_of_it_was_taken(void **state)
{
	static const char *const answers[] = {
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
	};
	(void)state;

	for (size_t i = 0; i < 2; i++)
		little_server_say(server, LITTLE_BYTES, answers[i]);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fetch((struct http_request){ 0 }), ERR_NETWORK);
		assert_string_equal(buf_cstr(&taken), "hello");
		assert_non_null(strstr(e.text, "127.0.0.1:"));
	}
}

static void who_takes_may_have_enough(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_ENDLESS, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	take_at_most = 100000;
	assert_int_equal(fetch((struct http_request){ 0 }), ERR_CONFLICT);
	assert_string_equal(e.text, "enough");
	/* And the client is as good as before. */
	take_at_most = 200000;
	assert_int_equal(fetch((struct http_request){ 0 }), ERR_CONFLICT);
	assert_true(taken.len > 200000);
}

static void silence_is_waited_for_so_long_and_no_longer(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_SILENCE, "");
	assert_int_equal(fetch((struct http_request){ .total_ms = 100 }), ERR_NETWORK);
	assert_non_null(strstr(e.text, "127.0.0.1:"));
	assert_non_null(strstr(e.text, "imeout"));
}

static void one_request_leaves_nothing_to_the_next(void **state)
{
	struct http_request r = { .method = "GET" };
	(void)state;

	little_server_status(server, 200, "{\"a\":1}");
	assert_int_equal(fetch((struct http_request){ 0 }), ERR_OK);
	assert_non_null(strstr(little_server_request(server, 0), "Accept-Encoding: "));
	buf_reset(&taken);
	r.url = little_server_url(server);
	assert_int_equal(http_send(client, &r, &answer, &e), ERR_OK);
	assert_int_equal(taken.len, 0);
	assert_string_equal(buf_cstr(&answer.body), "{\"a\":1}");
	assert_null(strstr(little_server_request(server, 1), "Accept-Encoding"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_comes_is_taken_and_not_kept),
		TEST(an_answer_that_is_not_the_wanted_one_is_kept_and_not_taken),
		TEST(an_answer_that_is_cut_is_an_error_and_what_came_of_it_was_taken),
		TEST(who_takes_may_have_enough),
		TEST(silence_is_waited_for_so_long_and_no_longer),
		TEST(one_request_leaves_nothing_to_the_next),
	};

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
