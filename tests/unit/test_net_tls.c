/* net_tls: whom a client of net/http.h believes over TLS, directly and through a proxy. Built against both. */
#include "tests/test.h"

#include "base/arena.h"
#include "net/http.h"
#include "tests/unit/help/place.h"
#include "tests/unit/help/steady_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "slc_0123456789-a-token"
#define LARGE (8 * 1024 * 1024)

static struct steady_server *server;
static struct http_client *client;
static struct http_answer answer;
static struct err e;

static int tear_down(void **state)
{
	http_answer_done(&answer);
	answer = (struct http_answer){ 0 };
	http_client_free(client);
	client = NULL;
	steady_server_free(server);
	server = NULL;
	unsetenv("https_proxy");
	return place_remove(state);
}

static void serve(struct steady_options o)
{
	char path[200];

	server = steady_server_new(o, place_path);
	snprintf(path, sizeof path, "%s/ca.pem", place_path);
	setenv("SSL_CERT_FILE", path, 1);
	client = http_client_new();
}

static enum err_code ask_host(const char *host, struct http_request r)
{
	char url[200];

	http_answer_done(&answer);
	snprintf(url, sizeof url, "https://%s:%d/x", host, steady_server_port(server));
	r.url = url;
	r.method = r.method ? r.method : "GET";
	return http_send(client, &r, &answer, &e);
}

static void assert_refused(const char *host)
{
	assert_int_equal(ask_host(host, (struct http_request){ .bearer = TOKEN }), ERR_NETWORK);
	assert_int_equal(strncmp(e.text, host, strlen(host)), 0);
	assert_null(strstr(e.text, TOKEN));
	assert_int_equal(steady_server_n_requests(server), 0); /* it has not seen the token */
}

static void the_right_host_of_a_known_authority_is_believed(void **state)
{
	(void)state;
	serve((struct steady_options){ .cert_for = "DNS:localhost" });
	assert_int_equal(ask_host("localhost", (struct http_request){ .bearer = TOKEN }), ERR_OK);
	assert_int_equal(answer.status, 200);
	assert_string_equal(buf_cstr(&answer.body), "0");
	assert_non_null(strstr(steady_server_head(server, 0), "\r\nAuthorization: Bearer " TOKEN "\r\n"));
}

static void an_address_is_believed_by_its_own_certificate_alone(void **state)
{
	(void)state;
	serve((struct steady_options){ .cert_for = "IP:127.0.0.1" });
	assert_int_equal(ask_host("127.0.0.1", (struct http_request){ 0 }), ERR_OK);
	assert_int_equal(answer.status, 200);
}

static void a_certificate_of_another_host_is_refused(void **state)
{
	static const char *const others[] = { "DNS:s.example", "IP:127.0.0.2", "DNS:127.0.0.1",
		"DNS:*.0.0.1" };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		serve((struct steady_options){ .cert_for = others[i] });
		assert_refused("127.0.0.1");
		tear_down(state);
		place_make(state);
	}
}

static void an_unknown_authority_is_refused(void **state)
{
	char path[200];
	(void)state;

	serve((struct steady_options){ .cert_for = "IP:127.0.0.1" });
	snprintf(path, sizeof path, "%s/other.pem", place_path);
	setenv("SSL_CERT_FILE", path, 1);
	assert_refused("127.0.0.1");
	assert_non_null(strcasestr(e.text, "certificate"));
}

static void a_certificate_that_has_expired_is_refused(void **state)
{
	(void)state;
	serve((struct steady_options){ .cert_for = "IP:127.0.0.1", .expired = true });
	assert_refused("127.0.0.1");
	assert_non_null(strcasestr(e.text, "expired"));
}

static void a_file_of_authorities_that_is_none_is_an_error_that_names_it(void **state)
{
	(void)state;
	serve((struct steady_options){ .cert_for = "IP:127.0.0.1" });
	place_put("empty.pem", STR(""));
	setenv("SSL_CERT_FILE", "empty.pem", 1);
	assert_refused("127.0.0.1");
	setenv("SSL_CERT_FILE", "absent.pem", 1);
	assert_refused("127.0.0.1");
	assert_non_null(strstr(e.text, "absent.pem"));
}

static void a_server_that_hangs_in_the_handshake_is_left(void **state)
{
	(void)state;
	serve((struct steady_options){ .cert_for = "IP:127.0.0.1", .hangs = true });
	assert_int_equal(ask_host("127.0.0.1", (struct http_request){ .connect_ms = 100 }), ERR_NETWORK);
	assert_non_null(strcasestr(e.text, "time"));
	assert_int_equal(ask_host("127.0.0.1", (struct http_request){ .total_ms = 100 }), ERR_NETWORK);
	assert_non_null(strcasestr(e.text, "time"));
}

static void a_server_without_tls_is_no_server(void **state)
{
	(void)state;
	serve((struct steady_options){ 0 });
	assert_int_equal(ask_host("127.0.0.1", (struct http_request){ .total_ms = 2000 }), ERR_NETWORK);
}

/* Whoever can cut the connection could otherwise choose where the answer ends. libcurl takes a bare end for the
 * end where no length was said, and of a head; those that we ask say a length. */
static void an_answer_that_is_cut_inside_tls_is_no_answer(void **state)
{
	static const char *const cut[] = { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
#ifdef NET_SMALL
		"HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\n\r\nabc",
#endif
		"" };

	for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
		serve((struct steady_options){ .cert_for = "IP:127.0.0.1", .cut_answer = cut[i] });
		if (ask_host("127.0.0.1", (struct http_request){ 0 }) != ERR_NETWORK)
			fail_msg("taken for an answer: %s", cut[i]);
		tear_down(state);
		place_make(state);
	}
}

static void many_requests_go_over_one_connection(void **state)
{
	struct str large = { mem_alloc(LARGE), LARGE };
	(void)state;

	serve((struct steady_options){ .cert_for = "IP:127.0.0.1" });
	for (int i = 0; i < 6; i++) {
		assert_int_equal(ask_host("127.0.0.1", (struct http_request){ .method = "PATCH",
							       .content_type = "x/y",
							       .body = i % 2 ? large : STR("abc") }),
			ERR_OK);
		assert_string_equal(buf_cstr(&answer.body), i % 2 ? "8388608" : "3");
	}
	assert_int_equal(steady_server_n_connections(server), 1);
	free((char *)large.p);
}

static void a_connection_that_was_closed_meanwhile_is_made_anew(void **state)
{
	(void)state;
	serve((struct steady_options){ .cert_for = "IP:127.0.0.1", .leaves_after = 1 });
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask_host("127.0.0.1", (struct http_request){ 0 }), ERR_OK);
	assert_int_equal(steady_server_n_connections(server), 2);
}

/* --- through a proxy */

static enum err_code ask_through_proxy(struct http_request r)
{
	char proxy[100];

	http_answer_done(&answer);
	snprintf(proxy, sizeof proxy, "http://bot:s3s%%61m3@127.0.0.1:%d", steady_server_port(server));
	setenv("https_proxy", proxy, 1);
	r.url = "https://s.example/x";
	r.method = "GET";
	r.bearer = TOKEN;
	return http_send(client, &r, &answer, &e);
}

static void a_proxy_connects_and_hears_nothing_of_what_is_said(void **state)
{
	const char *head;
	(void)state;

	serve((struct steady_options){ .cert_for = "DNS:s.example" });
	assert_int_equal(ask_through_proxy((struct http_request){ 0 }), ERR_OK);
	assert_int_equal(answer.status, 200);
	head = steady_server_head(server, 0);
	assert_int_equal(strncmp(head, "CONNECT s.example:443 HTTP/1.1\r\n", 32), 0);
	assert_non_null(strstr(head, "\r\nHost: s.example:443\r\n"));
	assert_non_null(strstr(head, "\r\nProxy-Authorization: Basic Ym90OnMzc2FtMw==\r\n"));
	assert_null(strstr(head, TOKEN));
	head = steady_server_head(server, 1);
	assert_int_equal(strncmp(head, "GET /x HTTP/1.1\r\nHost: s.example\r\n", 34), 0);
	assert_null(strstr(head, "Proxy-"));
	assert_int_equal(ask_through_proxy((struct http_request){ 0 }), ERR_OK);
	assert_int_equal(steady_server_n_connections(server), 1);
}

static void behind_a_proxy_the_certificate_is_asked_for_all_the_same(void **state)
{
	(void)state;
	serve((struct steady_options){ .cert_for = "IP:127.0.0.1" });
	assert_int_equal(ask_through_proxy((struct http_request){ 0 }), ERR_NETWORK);
	assert_int_equal(steady_server_n_requests(server), 0);
}

static void a_proxy_that_refuses_is_told_by_what_it_answered(void **state)
{
	(void)state;
	serve((struct steady_options){ .cert_for = "DNS:s.example",
		.connect_answer = "HTTP/1.1 407 Who\r\nContent-Length: 3\r\nConnection: close\r\n\r\nwho" });
	assert_int_equal(ask_through_proxy((struct http_request){ 0 }), ERR_NETWORK);
	assert_int_equal(strncmp(e.text, "s.example:443: ", 15), 0);
	assert_non_null(strstr(e.text, "407"));
	assert_null(strstr(e.text, "s3sam3"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, place_make, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_right_host_of_a_known_authority_is_believed),
		TEST(an_address_is_believed_by_its_own_certificate_alone),
		TEST(a_certificate_of_another_host_is_refused),
		TEST(an_unknown_authority_is_refused),
		TEST(a_certificate_that_has_expired_is_refused),
		TEST(a_file_of_authorities_that_is_none_is_an_error_that_names_it),
		TEST(a_server_that_hangs_in_the_handshake_is_left),
		TEST(a_server_without_tls_is_no_server),
		TEST(an_answer_that_is_cut_inside_tls_is_no_answer),
		TEST(many_requests_go_over_one_connection),
		TEST(a_connection_that_was_closed_meanwhile_is_made_anew),
		TEST(a_proxy_connects_and_hears_nothing_of_what_is_said),
		TEST(behind_a_proxy_the_certificate_is_asked_for_all_the_same),
		TEST(a_proxy_that_refuses_is_told_by_what_it_answered),
	};

	/* Those of the machine are not asked. */
	unsetenv("HTTPS_PROXY");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	unsetenv("no_proxy");
	unsetenv("NO_PROXY");
	unsetenv("SSL_CERT_DIR");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
