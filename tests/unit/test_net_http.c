#include "tests/test.h"

#include "base/arena.h"
#include "base/file.h"
#include "net/peer.h"
#include "tests/unit/help/little_server.h"
#include "tests/unit/help/steady_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "slc_0123456789-a-token"

static struct little_server *server;
static struct http_client *client;
static struct http_answer answer;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	server = little_server_new();
	client = http_client_new();
	answer = (struct http_answer){ 0 };
	e = (struct err){ 0 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	http_answer_done(&answer);
	http_client_free(client);
	little_server_free(server);
	return 0;
}

static enum err_code ask(const char *url, struct http_request r)
{
	http_answer_done(&answer);
	r.url = url;
	r.method = r.method ? r.method : "GET";
	return http_send(client, &r, &answer, &e);
}

static void head_token_type_and_body_arrive_as_they_are(void **state)
{
	const char *got;
	(void)state;

	little_server_status(server, 201, "{\"id\":1}");
	assert_int_equal(ask(little_server_url(server), (struct http_request){ .method = "POST",
								.bearer = TOKEN,
								.content_type = "application/json",
								.body = STR("{\"a\":\"\xC3\xA9\"}") }),
		ERR_OK);
	assert_int_equal(answer.status, 201);
	assert_string_equal(buf_cstr(&answer.body), "{\"id\":1}");
	assert_string_equal(answer.content_type, "application/json");
	got = little_server_request(server, 0);
	assert_int_equal(strncmp(got, "POST / HTTP/1.1\r\n", 17), 0);
	assert_non_null(strstr(got, "\r\nAuthorization: Bearer " TOKEN "\r\n"));
	assert_non_null(strstr(got, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(got, "\r\nContent-Length: 10\r\n"));
	assert_non_null(strstr(got, "\r\n\r\n{\"a\":\"\xC3\xA9\"}"));
	assert_null(strstr(got, "Expect:"));
}

static void every_status_is_an_answer(void **state)
{
	static const int statuses[] = { 204, 400, 401, 404, 413, 429, 500, 503 };
	(void)state;

	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
		little_server_status(server, statuses[i], statuses[i] == 204 ? "" : "{}");
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		assert_int_equal(ask(little_server_url(server), (struct http_request){ 0 }), ERR_OK);
		assert_int_equal(answer.status, statuses[i]);
	}
}

static void when_to_come_again_is_read(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_BYTES,
		"HTTP/1.1 503 Not now\r\nRetry-After: 17\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	assert_int_equal(ask(little_server_url(server), (struct http_request){ 0 }), ERR_OK);
	assert_int_equal(answer.retry_after_s, 17);
}

static void how_far_an_upload_has_come_is_read(void **state)
{
	static const struct {
		const char *header;
		int64_t offset;
	} cases[] = {
		{ "Upload-Offset: 0", 0 },
		{ "upload-offset:  281474976710657 ", INT64_C(281474976710657) },
		{ "X-Upload-Offset: 5", -1 },
		{ "Upload-Offset:", -1 },
		{ "Upload-Offset: -2", -1 },
		{ "Upload-Offset: 1k", -1 },
		{ "Upload-Offset: 9223372036854775808", -1 },
	};
	char text[200];
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(text, sizeof text, "HTTP/1.1 204 Done\r\n%s\r\nConnection: close\r\n\r\n",
			cases[i].header);
		little_server_say(server, LITTLE_BYTES, text);
	}
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(ask(little_server_url(server), (struct http_request){ 0 }), ERR_OK);
		if (answer.upload_offset != cases[i].offset)
			fail_msg("%s: %lld", cases[i].header, (long long)answer.upload_offset);
	}
}

/* --- a server that keeps its connections */

static struct steady_server *steady;

static int steady_down(void **state)
{
	steady_server_free(steady);
	steady = NULL;
	return tear_down(state);
}

static const char *steady_url(struct steady_options o, const char *host)
{
	static char url[100];

	if (!steady)
		steady = steady_server_new(o, ".");
	snprintf(url, sizeof url, "http://%s:%d/x", host, steady_server_port(steady));
	return url;
}

static void one_connection_carries_many_requests(void **state)
{
	const char *url = steady_url((struct steady_options){ 0 }, "127.0.0.1");
	(void)state;

	for (int i = 0; i < 10; i++) {
		assert_int_equal(ask(url, (struct http_request){ .method = "POST",
						  .content_type = "x/y",
						  .body = STR("abc") }),
			ERR_OK);
		assert_string_equal(buf_cstr(&answer.body), "3");
		assert_int_equal(ask(url, (struct http_request){ .method = "PATCH" }), ERR_OK);
		assert_string_equal(buf_cstr(&answer.body), "0");
	}
	assert_int_equal(steady_server_n_connections(steady), 1);
}

static void a_connection_that_the_server_has_left_is_made_anew(void **state)
{
	const char *url = steady_url((struct steady_options){ .leaves_after = 3 }, "127.0.0.1");
	(void)state;

	for (int i = 0; i < 6; i++)
		assert_int_equal(ask(url, (struct http_request){ .method = "POST",
						  .content_type = "x/y",
						  .body = STR("abc") }),
			ERR_OK);
	assert_int_equal(steady_server_n_connections(steady), 2);
}

static void a_refusal_that_comes_before_the_body_is_read_is_heard(void **state)
{
	const char *url = steady_url((struct steady_options){ .refuses_early = true }, "127.0.0.1");
	struct str large = { mem_alloc(32 * 1024 * 1024), 32 * 1024 * 1024 };
	(void)state;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(ask(url,
					 (struct http_request){
						 .method = "POST", .content_type = "x/y", .body = large }),
			ERR_OK);
		assert_int_equal(answer.status, 413);
	}
	free((char *)large.p);
}

/* The server listens on IPv4 alone; localhost is often ::1 first. */
static void of_several_addresses_the_one_that_answers_is_taken(void **state)
{
	(void)state;
	assert_int_equal(
		ask(steady_url((struct steady_options){ 0 }, "localhost"), (struct http_request){ 0 }),
		ERR_OK);
	assert_int_equal(answer.status, 200);
}

/* --- through a proxy */

static void set_proxy(const char *name, const char *user)
{
	char proxy[100];

	snprintf(proxy, sizeof proxy, "http://%s127.0.0.1:%d", user, little_server_port(server));
	setenv(name, proxy, 1);
}

static void a_proxy_is_asked_for_the_whole_url(void **state)
{
	static const char *const names[] = { "http_proxy", "all_proxy", "ALL_PROXY" };
	static const char begin[] = "GET http://s.invalid:81/?a=b HTTP/1.1\r\nHost: s.invalid:81\r\n";
	const char *got;
	(void)state;

	little_server_status(server, 200, "{}");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		set_proxy(names[i], "bot:s3s%61m3@");
		assert_int_equal(
			ask("http://s.invalid:81?a=b", (struct http_request){ .bearer = TOKEN }), ERR_OK);
		unsetenv(names[i]);
		got = little_server_request(server, i);
		assert_int_equal(strncmp(got, begin, strlen(begin)), 0);
		assert_non_null(strstr(got, "\r\nProxy-Authorization: Basic Ym90OnMzc2FtMw==\r\n"));
		assert_non_null(strstr(got, "\r\nAuthorization: Bearer " TOKEN "\r\n"));
	}
}

static void what_no_proxy_names_is_asked_directly(void **state)
{
	static const struct {
		const char *no_proxy, *host;
		bool direct;
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1", true },
		{ "x.example, 127.0.0.1", "127.0.0.1", true },
		{ "10.0.0.0/8,127.0.0.0/8", "127.0.0.1", true },
		{ "127.0.0.0/31", "127.0.0.1", true },
		{ "127.0.0.0/32", "127.0.0.1", false },
		{ "127.0.0.2", "127.0.0.1", false },
		{ "0.1", "127.0.0.1", false },
		{ "*", "127.0.0.1", true },
		{ "localhost", "localhost", true },
		{ ".LocalHost", "localhost", true },
		{ "host", "localhost", false },
		{ "x.localhost", "localhost", false },
		{ "localhost.example", "localhost", false },
	};
	(void)state;

	little_server_status(server, 200, "the proxy");
	set_proxy("http_proxy", "");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		http_client_free(client); /* the server serves one connection at a time */
		client = http_client_new();
		setenv("no_proxy", cases[i].no_proxy, 1);
		if (ask(steady_url((struct steady_options){ 0 }, cases[i].host),
			    (struct http_request){ 0 }) != ERR_OK)
			fail_msg("no_proxy=%s: %s", cases[i].no_proxy, e.text);
		unsetenv("no_proxy");
		if ((strcmp(buf_cstr(&answer.body), "the proxy") != 0) != cases[i].direct)
			fail_msg("%s with no_proxy=%s", cases[i].host, cases[i].no_proxy);
	}
	unsetenv("http_proxy");
}

static void a_redirect_is_an_answer_and_is_not_followed(void **state)
{
	struct little_server *elsewhere = little_server_new();
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 1000);
	for (int status = 301; status <= 308; status++) {
		buf_reset(&text);
		buf_fmt(&text,
			"HTTP/1.1 %d There\r\nLocation: %s/x\r\nContent-Length: 0\r\nConnection: "
			"close\r\n\r\n",
			status, little_server_url(elsewhere));
		little_server_say(server, LITTLE_BYTES, buf_cstr(&text));
	}
	for (int status = 301; status <= 308; status++) {
		assert_int_equal(
			ask(little_server_url(server), (struct http_request){ .bearer = TOKEN }), ERR_OK);
		assert_int_equal(answer.status, status);
	}
	assert_int_equal(little_server_n(elsewhere), 0);
	little_server_free(elsewhere);
}

static void a_server_that_says_nothing_is_waited_for_so_long_and_no_longer(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_SILENCE, "");
	assert_int_equal(
		ask(little_server_url(server), (struct http_request){ .total_ms = 100 }), ERR_NETWORK);
	assert_non_null(strstr(e.text, "127.0.0.1:"));
	assert_non_null(strstr(e.text, "timed out"));
}

static void a_server_that_never_ends_is_waited_for_no_longer_either(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_ENDLESS, "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(
		ask(little_server_url(server), (struct http_request){ .total_ms = 100 }), ERR_NETWORK);
}

static void a_giant_answer_is_cut_off_at_the_limit(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_BYTES,
		"HTTP/1.1 200 OK\r\nContent-Length: 11\r\nConnection: close\r\n\r\n0123456789\n");
	/* What it says again and again is the head first, then body without an end. */
	little_server_say(server, LITTLE_ENDLESS, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	assert_int_equal(
		ask(little_server_url(server), (struct http_request){ .max_answer = 10 }), ERR_TOO_LARGE);
	assert_non_null(strstr(e.text, "too large"));
	assert_int_equal(
		ask(little_server_url(server), (struct http_request){ .max_answer = 100000 }), ERR_TOO_LARGE);
	assert_int_equal(ask(little_server_url(server), (struct http_request){ 0 }), ERR_TOO_LARGE);
}

static void who_is_not_there_is_named(void **state)
{
	char url[100], host[100];
	int port, fd = nobody_listens(&port);
	(void)state;

	snprintf(url, sizeof url, "http://127.0.0.1:%d/x", port);
	snprintf(host, sizeof host, "127.0.0.1:%d", port);
	assert_int_equal(ask(url, (struct http_request){ .bearer = TOKEN }), ERR_NETWORK);
	assert_int_equal(strncmp(e.text, host, strlen(host)), 0);
	assert_null(strstr(e.text, TOKEN));
	fd_close(&fd);
}

/* Not "the URL is wrong": what cannot be mended by the caller may be better tomorrow. */
static void what_is_no_http_is_a_fault_of_the_network(void **state)
{
	static const char *const nonsense[] = { "", "SSH-2.0-OpenSSH_9.2\r\n", "\x15\x03\x01\x00\x02\x02\x46",
		"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut", "HTTP/9.9 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" };
	(void)state;

	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
		little_server_say(server, LITTLE_BYTES, nonsense[i]);
	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++)
		assert_int_equal(ask(little_server_url(server), (struct http_request){ 0 }), ERR_NETWORK);
	assert_int_equal(little_server_n(server), sizeof nonsense / sizeof *nonsense);
}

static void what_is_no_url_of_a_server_is_told_from_a_fault_of_the_network(void **state)
{
	static const char *const urls[] = { "", "x", "localhost:80", "ftp://127.0.0.1/", "file:///etc/passwd",
		"http://", "http://a b/", "http://127.0.0.1:99999/", "gopher://127.0.0.1/" };
	(void)state;

	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		if (ask(urls[i], (struct http_request){ .total_ms = 1000 }) != ERR_INVALID)
			fail_msg("%s: %s", urls[i], e.text);
		assert_non_null(strstr(e.text, "http"));
	}
}

static void no_password_is_in_an_error(void **state)
{
	char url[100];
	int port, fd = nobody_listens(&port);
	(void)state;

	snprintf(url, sizeof url, "http://bot:s3sam3@127.0.0.1:%d/?t=s3sam3", port);
	assert_int_equal(ask(url, (struct http_request){ 0 }), ERR_NETWORK);
	assert_null(strstr(e.text, "s3sam3"));
	snprintf(url, sizeof url, "http://bot:s3sam3@127.0.0.1:%d%%", port);
	assert_int_equal(ask(url, (struct http_request){ 0 }), ERR_INVALID);
	assert_null(strstr(e.text, "s3sam3"));
	fd_close(&fd);
}

static void no_password_of_a_proxy_is_in_an_error(void **state)
{
	static const char *const proxies[] = { "http://bot:s3sam3@127.0.0.1:port",
		"odd://bot:s3sam3@127.0.0.1:1", "http://bot:s3sam3@127.0.0.1:1", "bot:s3sam3@[::1" };
	(void)state;

	for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
		setenv("http_proxy", proxies[i], 1);
		assert_int_not_equal(
			ask("http://s.invalid/", (struct http_request){ .total_ms = 2000 }), ERR_OK);
		unsetenv("http_proxy");
		assert_null(strstr(e.text, "s3sam3"));
	}
}

static void a_request_leaves_the_signals_as_they_were(void **state)
{
	sigset_t before, after;
	(void)state;

	sigprocmask(SIG_BLOCK, NULL, &before);
	little_server_status(server, 200, "{}");
	assert_int_equal(ask(little_server_url(server), (struct http_request){ 0 }), ERR_OK);
	sigprocmask(SIG_BLOCK, NULL, &after);
	assert_int_equal(sigismember(&before, SIGPIPE), sigismember(&after, SIGPIPE));
}

static void one_request_leaves_nothing_to_the_next(void **state)
{
	struct http_header more = { "X-More", "1" };
	const char *second;
	(void)state;

	little_server_status(server, 200, "{}");
	assert_int_equal(ask(little_server_url(server), (struct http_request){ .method = "PUT",
								.bearer = TOKEN,
								.content_type = "text/plain",
								.body = STR("body"),
								.headers = &more,
								.n_headers = 1 }),
		ERR_OK);
	assert_non_null(strstr(little_server_request(server, 0), "\r\nX-More: 1\r\n"));
	assert_int_equal(ask(little_server_url(server), (struct http_request){ 0 }), ERR_OK);
	second = little_server_request(server, 1);
	assert_int_equal(strncmp(second, "GET / HTTP/1.1\r\n", 16), 0);
	assert_null(strstr(second, "Authorization"));
	assert_null(strstr(second, "X-More"));
	assert_null(strstr(second, "Content-"));
	assert_null(strstr(second, "body"));
}

static void a_body_may_be_empty(void **state)
{
	(void)state;
	little_server_status(server, 204, "");
	assert_int_equal(ask(little_server_url(server),
				 (struct http_request){ .method = "POST", .content_type = "x/y" }),
		ERR_OK);
	assert_non_null(strstr(little_server_request(server, 0), "\r\nContent-Length: 0\r\n"));
	assert_int_equal(answer.body.len, 0);
}

static void a_value_in_a_query_is_encoded(void **state)
{
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1000);
	url_encode(STR("aZ0-._~ /?&=+%\xC3\xA9\0"), &out);
	assert_string_equal(buf_cstr(&out), "aZ0-._~%20%2F%3F%26%3D%2B%25%C3%A9%00");
}

/* --- peer --- */

static enum err_code error_of(int status, const char *body)
{
	struct http_answer a = { .status = status };
	enum err_code code;
	AUTO_PEER peer;

	assert_int_equal(peer_init(&peer, "http://s.example/", NULL, &e), ERR_OK);
	buf_init(&a.body, 10000);
	buf_z(&a.body, body);
	code = peer_error(&peer, &a, &e);
	assert_int_equal(code, e.code);
	http_answer_done(&a);
	return code;
}

static void an_error_of_the_server_is_told_in_its_words(void **state)
{
	(void)state;
	assert_int_equal(
		error_of(400, "{\"code\":\"validation_error\",\"message\":\"no\",\"details\":{\"fields\":"
			      "{\"repo\":\"is missing\",\"x\":\"unknown\"}}}"),
		ERR_INVALID);
	assert_string_equal(e.text, "no (repo: is missing; x: unknown)");
	assert_int_equal(error_of(401, "{\"code\":\"unauthorized\",\"message\":\"who?\"}"), ERR_UNAUTHORIZED);
	assert_non_null(strstr(e.text, "SLUICE_TOKEN"));
	assert_int_equal(error_of(503, "{\"code\":\"not_configured\",\"message\":\"closed\"}"), ERR_CLOSED);
	assert_int_equal(error_of(503, "{\"code\":\"unavailable\",\"message\":\"later\"}"), ERR_UNAVAILABLE);
	assert_int_equal(
		error_of(413, "{\"code\":\"payload_too_large\",\"message\":\"big\"}"), ERR_TOO_LARGE);
}

static void an_answer_of_somebody_else_goes_by_its_status(void **state)
{
	(void)state;
	assert_int_equal(error_of(404, "<html>"), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "is the URL right?"));
	assert_int_equal(error_of(502, ""), ERR_NETWORK);
	assert_int_equal(error_of(599, ""), ERR_UNAVAILABLE);
	assert_int_equal(error_of(408, ""), ERR_UNAVAILABLE);
	assert_int_equal(error_of(425, ""), ERR_UNAVAILABLE);
	assert_int_equal(error_of(418, ""), ERR_INVALID);
}

static void an_unexpected_success_is_never_a_refusal(void **state)
{
	(void)state;
	assert_int_equal(error_of(200, "<html>log in</html>"), ERR_NETWORK);
	assert_int_equal(error_of(302, ""), ERR_NETWORK);
	assert_int_equal(error_of(200, "{\"code\":\"not_found\",\"message\":\"gone\"}"), ERR_NETWORK);
	assert_non_null(strstr(e.text, "answered 200"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#define STEADY(name) cmocka_unit_test_setup_teardown(name, set_up, steady_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(head_token_type_and_body_arrive_as_they_are),
		TEST(every_status_is_an_answer),
		TEST(when_to_come_again_is_read),
		TEST(how_far_an_upload_has_come_is_read),
		STEADY(one_connection_carries_many_requests),
		STEADY(a_connection_that_the_server_has_left_is_made_anew),
		STEADY(a_refusal_that_comes_before_the_body_is_read_is_heard),
		STEADY(of_several_addresses_the_one_that_answers_is_taken),
		STEADY(what_no_proxy_names_is_asked_directly),
		TEST(a_proxy_is_asked_for_the_whole_url),
		TEST(a_redirect_is_an_answer_and_is_not_followed),
		TEST(a_server_that_says_nothing_is_waited_for_so_long_and_no_longer),
		TEST(a_server_that_never_ends_is_waited_for_no_longer_either),
		TEST(a_giant_answer_is_cut_off_at_the_limit),
		TEST(who_is_not_there_is_named),
		TEST(what_is_no_http_is_a_fault_of_the_network),
		TEST(what_is_no_url_of_a_server_is_told_from_a_fault_of_the_network),
		TEST(no_password_is_in_an_error),
		TEST(no_password_of_a_proxy_is_in_an_error),
		TEST(a_request_leaves_the_signals_as_they_were),
		TEST(one_request_leaves_nothing_to_the_next),
		TEST(a_body_may_be_empty),
		TEST(a_value_in_a_query_is_encoded),
		TEST(an_error_of_the_server_is_told_in_its_words),
		TEST(an_answer_of_somebody_else_goes_by_its_status),
		TEST(an_unexpected_success_is_never_a_refusal),
	};

	/* Those of the machine are not asked. */
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	unsetenv("no_proxy");
	unsetenv("NO_PROXY");
	unsetenv("SLUICE_TOKEN");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
