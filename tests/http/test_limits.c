/* What is counted, of whom, and what every answer tells of it: guard.c, client.c. */
#include "tests/test.h"

#include "tests/http/fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define POST                                                                                                 \
	"{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA                                                         \
	"\",\"run_id\":7,\"step_name\":\"make\",\"log_tail\":\"x\\n\"}"

static void limits(int64_t reads, int64_t writes, int64_t logins)
{
	struct config *c = fixture_config(reads, writes);

	c->logins_per_window = logins;
	config_swap(fx.app.config, c);
}

static void with_proxies(int64_t reads, const char *const *nets, size_t n)
{
	struct config *c = fixture_config(reads, reads);

	c->proxies = arena_array(&c->arena, n, sizeof *c->proxies);
	c->n_proxies = n;
	for (size_t i = 0; i < n; i++)
		assert_true(ip_net_parse(str_z(nets[i]), &c->proxies[i]));
	config_swap(fx.app.config, c);
}

static bool is_number(const char *text)
{
	return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

static void every_answer_says_where_its_limit_stands(void **state)
{
	struct ask asks[] = {
		{ .method = "GET", .target = "/api/v1/repos", .token = fx.admin.p },
		{ .method = "GET", .target = "/api/v1/repos" },                                /* 401 */
		{ .method = "GET", .target = "/api/v1/repos?nothing=1", .token = fx.admin.p }, /* 400 */
		{ .method = "GET", .target = "/nothing" },                                     /* 404 */
		{ .method = "PUT", .target = "/api/v1/repos", .token = fx.admin.p },           /* 405 */
		{ .method = "POST", .target = "/api/v1/repos", .length = 1 << 30 },            /* 413 */
		{ .method = "DELETE",
			.target = "/api/v1/repos/99",
			.token = fx.admin.p }, /* 404 of a handler */
		{ .method = "POST", .target = "/api/v1/auth/tokens", .body = "{}" },
		{ .method = "POST", .target = "/internal/ci-log", .body = POST, .token = INTERNAL },
		{ .method = "POST", .target = "/internal/ci-log", .body = "{}", .token = "wrong" },
		{ .method = "GET", .target = "/healthz" },
		{ .method = "GET", .target = "/readyz" },
		{ .method = "GET", .target = "/metrics", .loopback = true },
		{ .method = "GET", .target = "/metrics" },
		{ .method = "GET", .target = "/openapi.json" },
		{ .method = "GET", .target = "/docs", .bad_framing = true },
	};
	(void)state;

	limits(100, 100, 100);
	for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
		AUTO_ANSWER r = ask(asks[i]);

		if (!is_number(header_of(&r, "X-RateLimit-Limit")) ||
			!is_number(header_of(&r, "X-RateLimit-Remaining")) ||
			!is_number(header_of(&r, "X-RateLimit-Reset")))
			fail_msg("%s %s: %d without limits", asks[i].method, asks[i].target, r.status);
	}
	limits(0, 0, 0);
}

static void a_token_that_is_none_has_no_window_of_its_own(void **state)
{
	(void)state;

	limits(5, 5, 5);
	for (int i = 0; i < 8; i++) {
		char token[40];

		snprintf(token, sizeof token, "slc_made_up_%d", i);
		AUTO_ANSWER r = ask((struct ask){
			.method = "GET", .target = "/api/v1/repos", .token = token, .peer = "192.0.2.31" });

		assert_int_equal(r.status, i < 5 ? 401 : 429);
		if (i < 5)
			assert_int_equal(header_of(&r, "X-RateLimit-Remaining")[0] - '0', 4 - i);
	}
	limits(0, 0, 0);
}

static void one_host_is_one_address_whatever_the_last_64_bits_are(void **state)
{
	(void)state;

	limits(3, 3, 3);
	for (int i = 0; i < 5; i++) {
		char peer[40];

		snprintf(peer, sizeof peer, "2001:db8:0:1::%d", i + 1);
		AUTO_ANSWER r = ask((struct ask){ .method = "GET", .target = "/openapi.json", .peer = peer });

		assert_int_equal(r.status, i < 3 ? 200 : 429);
	}
	AUTO_ANSWER other =
		ask((struct ask){ .method = "GET", .target = "/openapi.json", .peer = "2001:db8:0:2::1" });

	assert_int_equal(other.status, 200);
	limits(0, 0, 0);
}

/* ---- tokens are asked for ---- */

static int ask_for_a_token(const char *peer)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "POST",
		.target = "/api/v1/auth/tokens",
		.body = "{\"email\":\"a@example.org\",\"password\":\"not the "
			"password\",\"token_name\":\"t\"}",
		.peer = peer });

	if (r.status == 429)
		assert_true(is_number(header_of(&r, "Retry-After")));
	return r.status;
}

static void tokens_are_asked_for_five_times_in_fifteen_minutes_an_address(void **state)
{
	(void)state;

	limits(100, 100, 5);
	for (int i = 0; i < 7; i++)
		assert_int_equal(ask_for_a_token("192.0.2.41"), i < 5 ? 401 : 429);
	assert_int_equal(ask_for_a_token("192.0.2.42"), 401);
	atomic_fetch_add(&fx.steady, 14 * 60000 + 59999);
	assert_int_equal(ask_for_a_token("192.0.2.41"), 429);
	atomic_fetch_add(&fx.steady, 1);
	assert_int_equal(ask_for_a_token("192.0.2.41"), 401);
	limits(0, 0, 0);
}

/* ---- proxies ---- */

/* How many of two requests in a row are let through when one is the limit: 1 if both are of one client. */
static bool are_one_client(struct ask a, struct ask b)
{
	a.method = b.method = "GET";
	a.target = b.target = "/openapi.json";
	AUTO_ANSWER first = ask(a);
	AUTO_ANSWER second = ask(b);

	assert_int_equal(first.status, 200);
	atomic_fetch_add(&fx.steady, 60001); /* all is forgotten for the next pair */
	return second.status == 429;
}

#define FROM(peer_, xff)                                                                                     \
	(struct ask)                                                                                         \
	{                                                                                                    \
		.peer = peer_, .header = { "X-Forwarded-For", xff }                                          \
	}
#define FROM2(peer_, xff, more_)                                                                             \
	(struct ask)                                                                                         \
	{                                                                                                    \
		.peer = peer_, .header = { "X-Forwarded-For", xff }, .more = { "X-Forwarded-For", more_ }    \
	}

static void without_proxies_nobody_is_believed(void **state)
{
	(void)state;

	with_proxies(1, NULL, 0);
	assert_true(are_one_client(FROM("192.0.2.1", "198.51.100.1"), FROM("192.0.2.1", "198.51.100.2")));
	limits(0, 0, 0);
}

static void a_proxy_of_ours_is_believed_about_who_spoke_to_it_and_no_more(void **state)
{
	static const char *const nets[] = { "10.0.0.0/8", "2001:db8::1" };
	(void)state;

	with_proxies(1, nets, 2);
	assert_false(are_one_client(FROM("10.1.1.1", "198.51.100.1"), FROM("10.1.1.1", "198.51.100.2")));
	assert_false(
		are_one_client(FROM("2001:db8::1", "198.51.100.1"), FROM("2001:db8::1", "198.51.100.2")));
	/* What the client wrote itself stands in front, and says nothing. */
	assert_true(are_one_client(FROM("10.1.1.1", "203.0.113.1, 198.51.100.1"),
		FROM("10.1.1.1", "203.0.113.2, 198.51.100.1")));
	/* Through two of ours. */
	assert_false(are_one_client(
		FROM("10.1.1.1", "198.51.100.1, 10.2.2.2"), FROM("10.1.1.1", "198.51.100.2, 10.2.2.2")));
	/* Somebody else's peer is not asked. */
	assert_true(are_one_client(FROM("192.0.2.1", "198.51.100.1"), FROM("192.0.2.1", "198.51.100.2")));
	/* One proxy, whichever way the client comes. */
	assert_true(
		are_one_client(FROM("10.1.1.1", "198.51.100.1:1000"), FROM("10.1.1.2", "198.51.100.1:2000")));
	limits(0, 0, 0);
}

static void a_second_header_counts_from_the_end_too(void **state)
{
	static const char *const nets[] = { "10.0.0.0/8" };
	(void)state;

	with_proxies(1, nets, 1);
	/* The proxy added a header of its own behind the client's. */
	assert_true(are_one_client(FROM2("10.1.1.1", "203.0.113.1", "198.51.100.1"),
		FROM2("10.1.1.1", "203.0.113.2", "198.51.100.1")));
	assert_false(are_one_client(FROM2("10.1.1.1", "198.51.100.1", "10.2.2.2"),
		FROM2("10.1.1.1", "198.51.100.2", "10.2.2.2")));
	limits(0, 0, 0);
}

static void what_is_no_address_leaves_the_proxy_as_the_client(void **state)
{
	static const char *const nets[] = { "10.0.0.0/8" };
	(void)state;

	with_proxies(1, nets, 1);
	assert_true(are_one_client(FROM("10.1.1.1", "unknown"), FROM("10.1.1.1", "198.51.100.1, _x")));
	assert_true(are_one_client(FROM("10.1.1.1", ""), FROM("10.1.1.1", ",,,")));
	assert_true(are_one_client(FROM("10.1.1.1", "10.1.1.1"), (struct ask){ .peer = "10.1.1.1" }));
	limits(0, 0, 0);
}

/* ---- many at once ---- */

static atomic_int n_let_through, n_refused;

static void *ask_many(void *arg)
{
	for (int i = 0; i < 4; i++) {
		AUTO_ANSWER r = ask((struct ask){ .method = "GET", .target = "/api/v1/repos", .token = arg });

		atomic_fetch_add(r.status == 200 ? &n_let_through : &n_refused, 1);
	}
	return NULL;
}

static void sixty_four_threads_are_let_through_exactly_as_often_as_the_limit_says(void **state)
{
	pthread_t threads[64];
	struct str token = token_with(SCOPE_ALL, ROLE_ADMIN);
	(void)state;

	limits(120, 20, 5);
	for (size_t i = 0; i < 64; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_many, (void *)(uintptr_t)token.p), 0);
	for (size_t i = 0; i < 64; i++)
		pthread_join(threads[i], NULL);
	limits(0, 0, 0);
	assert_int_equal(n_let_through, 120);
	assert_int_equal(n_refused, 64 * 4 - 120);
}

static void what_runners_send_is_bounded_in_flight(void **state)
{
	struct config *one = fixture_config(0, 0);
	struct ask a = { .method = "POST", .target = "/internal/ci-log", .body = POST, .token = INTERNAL };
	(void)state;

	one->ingest_requests = 1;
	config_swap(fx.app.config, one);
	for (int i = 0; i < 3; i++) { /* one after the other: each has the place to itself */
		AUTO_ANSWER r = ask(a);

		assert_int_equal(r.status, 204);
		assert_string_equal(header_of(&r, "X-RateLimit-Limit"), "1");
		assert_string_equal(header_of(&r, "X-RateLimit-Remaining"), "0");
	}
	a.token = "wrong"; /* takes no place, whatever becomes of it */
	AUTO_ANSWER wrong = ask(a);
	assert_int_equal(wrong.status, 401);
	a.token = INTERNAL;
	AUTO_ANSWER last = ask(a);
	assert_int_equal(last.status, 204);
	limits(0, 0, 0);
}

static struct str fixed_header(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "Authorization") == 0 ? STR("Bearer " INTERNAL) : STR("");
}

static void one_more_than_may_be_in_flight_is_told_to_come_again(void **state)
{
	struct config *one = fixture_config(0, 0);
	struct request_head head = { .method = STR("POST"),
		.path = STR("/internal/ci-log"),
		.peer = STR("192.0.2.1"),
		.headers = { .get = fixed_header },
		.has_length = true,
		.length = 10 };
	struct call_events events = { 0 };
	struct call *held;
	(void)state;

	one->ingest_requests = 1;
	config_swap(fx.app.config, one);
	held = router_begin(&router_api, &fx.app, &head, &events); /* its body is on the way */
	assert_false(router_replied(held));
	AUTO_ANSWER over = ask((struct ask){
		.method = "POST", .target = "/internal/ci-log", .body = POST, .token = INTERNAL });
	router_free(held);
	AUTO_ANSWER after = ask((struct ask){
		.method = "POST", .target = "/internal/ci-log", .body = POST, .token = INTERNAL });

	assert_error(&over, 429, "rate_limited");
	assert_true(over.before_body);
	assert_string_equal(header_of(&over, "Retry-After"), "1");
	assert_int_equal(after.status, 204);
	limits(0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_says_where_its_limit_stands),
		cmocka_unit_test(a_token_that_is_none_has_no_window_of_its_own),
		cmocka_unit_test(one_host_is_one_address_whatever_the_last_64_bits_are),
		cmocka_unit_test(tokens_are_asked_for_five_times_in_fifteen_minutes_an_address),
		cmocka_unit_test(without_proxies_nobody_is_believed),
		cmocka_unit_test(a_proxy_of_ours_is_believed_about_who_spoke_to_it_and_no_more),
		cmocka_unit_test(a_second_header_counts_from_the_end_too),
		cmocka_unit_test(what_is_no_address_leaves_the_proxy_as_the_client),
		cmocka_unit_test(sixty_four_threads_are_let_through_exactly_as_often_as_the_limit_says),
		cmocka_unit_test(what_runners_send_is_bounded_in_flight),
		cmocka_unit_test(one_more_than_may_be_in_flight_is_told_to_come_again),
	};

	return cmocka_run_group_tests(tests, router_up, router_down);
}
