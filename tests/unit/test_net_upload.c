/* http_upload: a body out of a file. */
#include "tests/test.h"

#include "base/file.h"
#include "net/http.h"
#include "tests/unit/help/little_server.h"
#include "tests/unit/help/steady_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct little_server *server;
static struct http_client *client;
static struct http_answer answer;
static struct err e;
static int fd;
static int64_t sent, speed;
static atomic_bool stop;
static bool stops_when_asked;

static int set_up(void **state)
{
	char path[] = "/tmp/sluice-upload-XXXXXX";
	(void)state;

	server = little_server_new();
	client = http_client_new();
	answer = (struct http_answer){ 0 };
	e = (struct err){ 0 };
	fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(fd_write_all(fd, STR("..the body"), &e), ERR_OK);
	sent = speed = 0;
	stops_when_asked = false;
	atomic_store(&stop, false);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_answer_done(&answer);
	http_client_free(client);
	little_server_free(server);
	fd_close(&fd);
	return 0;
}

static int64_t look(void *arg, int64_t n)
{
	(void)arg;
	sent = n;
	if (stops_when_asked)
		atomic_store(&stop, true);
	return speed;
}

static const char *authorities;

/* Little servers say no "100 Continue". */
static enum err_code upload_to(const char *url, struct http_upload u)
{
	const struct http_header more = { "X-Content-SHA256", "00" };
	struct http_request r = { .method = "PUT",
		.url = url,
		.bearer = "token",
		.content_type = "application/zstd",
		.headers = &more,
		.n_headers = 1,
		.authorities = authorities };

	http_answer_done(&answer);
	u.fd = fd;
	u.progress = look;
	u.stop = &stop;
	u.expect_ms = u.expect_ms ? u.expect_ms : 1;
	return http_upload(client, &r, &u, &answer, &e);
}

static enum err_code upload(struct http_upload u)
{
	return upload_to(little_server_url(server), u);
}

static void the_bytes_of_the_file_arrive_and_no_others(void **state)
{
	const char *got;
	(void)state;

	little_server_status(server, 201, "{}");
	assert_int_equal(upload((struct http_upload){ .at = 2, .bytes = 8 }), ERR_OK);
	assert_int_equal(answer.status, 201);
	got = little_server_request(server, 0);
	assert_int_equal(strncmp(got, "PUT / HTTP/1.1\r\n", 16), 0);
	assert_non_null(strstr(got, "\r\nContent-Length: 8\r\n"));
	assert_non_null(strstr(got, "\r\nExpect: 100-continue\r\n"));
	assert_non_null(strstr(got, "\r\nContent-Type: application/zstd\r\n"));
	assert_non_null(strstr(got, "\r\nAuthorization: Bearer token\r\n"));
	assert_non_null(strstr(got, "\r\nX-Content-SHA256: 00\r\n"));
	assert_null(strstr(got, "Transfer-Encoding"));
	assert_string_equal(strstr(got, "\r\n\r\n") + 4, "the body");
	assert_int_equal(sent, 8);
}

static void a_file_may_be_empty(void **state)
{
	(void)state;
	little_server_status(server, 201, "{}");
	assert_int_equal(upload((struct http_upload){ .bytes = 0 }), ERR_OK);
	assert_non_null(strstr(little_server_request(server, 0), "\r\nContent-Length: 0\r\n"));
}

static void a_file_that_is_shorter_than_was_said_is_no_upload(void **state)
{
	(void)state;
	little_server_status(server, 201, "{}");
	assert_int_equal(upload((struct http_upload){ .bytes = 11 }), ERR_STORAGE);
	assert_non_null(strstr(e.text, "shorter"));
}

static void who_is_told_to_stop_stops(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_SILENCE, "");
	stops_when_asked = true;
	assert_int_equal(upload((struct http_upload){ .bytes = 8 }), ERR_UNAVAILABLE);
}

static void silence_is_waited_for_so_long_and_no_longer(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_SILENCE, "");
	assert_int_equal(upload((struct http_upload){ .bytes = 8, .silence_ms = 100 }), ERR_NETWORK);
	assert_non_null(strstr(e.text, "127.0.0.1:"));
	assert_non_null(strstr(e.text, "imeout"));
}

static void an_answer_that_does_not_end_is_cut_off(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_ENDLESS, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	assert_int_equal(upload((struct http_upload){ .bytes = 8 }), ERR_TOO_LARGE);
}

static void a_refusal_before_the_body_costs_no_body(void **state)
{
	struct steady_server *early =
		steady_server_new((struct steady_options){ .refuses_early = true }, NULL);
	char url[100];
	(void)state;

	snprintf(url, sizeof url, "http://127.0.0.1:%d/", steady_server_port(early));
	assert_int_equal(upload_to(url, (struct http_upload){ .bytes = 8, .expect_ms = 60000 }), ERR_OK);
	assert_int_equal(answer.status, 413);
	assert_int_equal(sent, 0);
	steady_server_free(early);
}

static void a_request_after_it_is_as_any(void **state)
{
	const struct http_request r = { .method = "GET", .url = little_server_url(server) };
	const char *got;
	(void)state;

	little_server_status(server, 200, "{}");
	speed = 1 << 20;
	assert_int_equal(upload((struct http_upload){ .bytes = 8 }), ERR_OK);
	http_answer_done(&answer);
	assert_int_equal(http_send(client, &r, &answer, &e), ERR_OK);
	got = little_server_request(server, 1);
	assert_int_equal(strncmp(got, "GET / HTTP/1.1\r\n", 16), 0);
	assert_null(strstr(got, "Expect"));
	assert_null(strstr(got, "Content-"));
}

static void files_of_tls_that_are_not_there_are_an_error(void **state)
{
	(void)state;
	authorities = "/nonexistent/ca.pem";
	assert_int_equal(upload_to("https://127.0.0.1:1/", (struct http_upload){ .bytes = 8 }), ERR_NETWORK);
	authorities = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_bytes_of_the_file_arrive_and_no_others),
		TEST(a_file_may_be_empty),
		TEST(a_file_that_is_shorter_than_was_said_is_no_upload),
		TEST(who_is_told_to_stop_stops),
		TEST(silence_is_waited_for_so_long_and_no_longer),
		TEST(an_answer_that_does_not_end_is_cut_off),
		TEST(a_refusal_before_the_body_costs_no_body),
		TEST(a_request_after_it_is_as_any),
		TEST(files_of_tls_that_are_not_there_are_an_error),
	};

	/* Those of the machine are not asked. */
	unsetenv("http_proxy");
	unsetenv("https_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	unsetenv("HTTPS_PROXY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
