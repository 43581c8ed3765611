/* fleet_edge: what the edge does for machines of a fleet, over a table of operations of the test's own: two listeners, tokens and certificates, one host each. */
#include "tests/test.h"

#include "base/diag.h"
#include "tests/http/fixture.h"

#include <stdio.h>
#include <string.h>

#define EPISODE_BYTES 1000

/* --- operations */

static size_t n_taken; /* bytes that the sink was given */
static int n_begun;

static enum err_code take_bytes(void *arg, struct str bytes, struct err *e)
{
	(void)arg;
	(void)e;
	n_taken += bytes.len;
	return ERR_OK;
}

static enum err_code send_begin(struct call *c, struct err *e)
{
	(void)e;
	n_begun++;
	n_taken = 0;
	c->sink.write = take_bytes;
	return ERR_OK;
}

static enum err_code say_who(struct call *c, struct err *e)
{
	(void)e;
	reply_text(c, 200, "text/plain",
		arena_fmt(&c->arena, "%.*s by %.*s", STR_FMT(c->op->n_params ? arg_str(c, "host") : STR("-")),
			STR_FMT(c->identity.host.len ? c->identity.host : STR("any"))));
	return ERR_OK;
}

static const struct field host_number[] = {
	{ .name = "host",
		.types = FIELD_STRING,
		.required = true,
		.in_path = true,
		.min_len = 1,
		.max_len = 8 },
	{ .name = "number", .types = FIELD_INTEGER, .required = true, .min = 1, .max = 9, .max_len = -1 },
};

#define FOR_HOSTS                                                                                            \
	.auth = OP_AUTH_FLEET, .scope = SCOPE_BIT(SCOPE_EPISODES_WRITE), .params = host_number,              \
	.n_params = 2, .host_field = "host"
static const struct op ops[] = {
	{ .id = "say", .method = "GET", .path = "/hosts/{host}", .handler = say_who, FOR_HOSTS },
	{ .id = "send",
		.method = "PUT",
		.path = "/hosts/{host}",
		.handler = say_who,
		.begin = send_begin,
		.has_body = true,
		.raw_body = true,
		.any_media = true,
		.body_limit_of = OP_LIMIT_EPISODE,
		FOR_HOSTS },
	{ .id = "counted",
		.method = "GET",
		.path = "/counted",
		.handler = say_who,
		.auth = OP_AUTH_FLEET,
		.rate = OP_RATE_READ,
		.scope = SCOPE_BIT(SCOPE_EPISODES_WRITE) },
	{ .id = "reads",
		.method = "GET",
		.path = "/reads",
		.handler = say_who,
		.auth = OP_AUTH_FLEET,
		.scope = SCOPE_BIT(SCOPE_EPISODES_READ) },
	{ .id = "open", .method = "GET", .path = "/open", .handler = say_who },
	{ .id = "pageOpen", .method = "GET", .path = "/page", .handler = say_who, .page = true },
	{ .id = "token", .method = "GET", .path = "/token", .handler = say_who, .auth = OP_AUTH_TOKEN },
	{ .id = "login", .method = "GET", .path = "/login", .handler = say_who, .auth = OP_AUTH_LOGIN },
	{ .id = "inside", .method = "GET", .path = "/inside", .handler = say_who, .auth = OP_AUTH_INTERNAL },
	{ .id = "metrics", .method = "GET", .path = "/metrics", .handler = say_who, .auth = OP_AUTH_METRICS },
	{ .id = "hook", .method = "GET", .path = "/hook", .handler = say_who, .auth = OP_AUTH_SIGNATURE },
};
static const struct op_table table = { .ops = ops, .n = sizeof ops / sizeof ops[0] };

static struct answer get(const char *target, const char *token)
{
	return ask((struct ask){ .method = "GET", .target = target, .token = token, .table = &table });
}

static struct answer get_as(const char *target, const char *host)
{
	return ask((struct ask){
		.method = "GET", .target = target, .fleet = true, .host = host, .table = &table });
}

static const char *token_of_host(const char *host)
{
	const struct config *cfg = config_get(fx.app.config);
	struct identity by = {
		.kind = IDENTITY_NONE, .user_id = fx.admin_user, .scopes = SCOPE_ALL, .role = ROLE_ADMIN
	};
	struct token_request r = { .name = STR("bench"),
		.scopes = SCOPE_BIT(SCOPE_EPISODES_WRITE),
		.days = 7,
		.host = str_z(host) };
	struct token token;
	struct str copy;
	struct err e;
	AUTO_BUF text;

	buf_init(&text, 200);
	if (manage_token_create(fx.app.store, cfg, &by, &r, NOW, &fx.arena, &token, &text, &e) != ERR_OK)
		fail_msg("%s", e.text);
	config_put(fx.app.config, cfg);
	copy = arena_str(&fx.arena, buf_view(&text));
	return copy.p;
}

static void limits(int64_t reads)
{
	struct config *c = fixture_config(reads, reads);

	c->fleet.episode_bytes = EPISODE_BYTES;
	config_swap(fx.app.config, c);
}

static const char *message_of(struct answer *r)
{
	return json_str(json_get(json_of(r), "message")).p;
}

/* --- one host */

static void who_is_bound_to_a_host_speaks_for_it_and_for_no_other(void **state)
{
	static const char *const others[] = { "bench-8", "Bench-7", "bench-", "bench%2D8" };
	const char *token = token_of_host("bench-7");
	(void)state;

	for (int i = 0; i < 2; i++) {
		AUTO_ANSWER own = i ? get("/hosts/bench-7?number=1", token)
				    : get_as("/hosts/bench-7?number=1", "bench-7");
		AUTO_ANSWER spelled = i ? get("/hosts/bench%2D7?number=1", token)
					: get_as("/hosts/bench%2D7?number=1", "bench-7");

		assert_string_equal(own.body, "bench-7 by bench-7");
		assert_string_equal(spelled.body, "bench-7 by bench-7");
		for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
			char target[60];

			snprintf(target, sizeof target, "/hosts/%s?number=1", others[k]);
			AUTO_ANSWER other = i ? get(target, token) : get_as(target, "bench-7");

			assert_error(&other, 403, "forbidden");
			assert_non_null(strstr(message_of(&other),
				i ? "this token is bound to host bench-7; it cannot send for "
				  : "this certificate is of host bench-7; it cannot send for "));
		}
	}
}

static void who_is_bound_to_none_speaks_for_any(void **state)
{
	AUTO_ANSWER r = get("/hosts/bench-9?number=1", fx.admin.p);
	(void)state;

	assert_string_equal(r.body, "bench-9 by any");
}

static void that_it_is_anothers_host_is_told_before_all_else_that_is_wrong(void **state)
{
	const char *token = token_of_host("bench-7");
	AUTO_ANSWER other = get("/hosts/bench-8?number=x&nothing=1", token);
	AUTO_ANSWER own = get("/hosts/bench-7?number=x&nothing=1", token);
	AUTO_ANSWER packed = ask((struct ask){ .method = "PUT",
		.target = "/hosts/bench-8",
		.token = token,
		.header = { "Content-Encoding", "zstd" },
		.body = "x",
		.table = &table });
	(void)state;

	assert_error(&other, 403, "forbidden");
	assert_wrong_field(&own, "number");
	assert_wrong_field(&own, "nothing");
	assert_error(&packed, 403, "forbidden");
	assert_true(packed.before_body);
}

static void but_who_may_not_send_at_all_is_told_that_first(void **state)
{
	struct str reader = token_with(SCOPE_BIT(SCOPE_EPISODES_READ), ROLE_ADMIN);
	AUTO_ANSWER none = get("/hosts/bench-8?number=1", NULL);
	AUTO_ANSWER wrong = get("/hosts/bench-8?number=1", "slc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	AUTO_ANSWER reads = get("/hosts/bench-8?number=1", reader.p);
	(void)state;

	assert_error(&none, 401, "unauthorized");
	assert_error(&wrong, 401, "unauthorized");
	assert_error(&reads, 403, "forbidden");
	assert_non_null(strstr(message_of(&reads), "episodes:write"));
}

/* A name that no host can have is a mistake, not somebody else's. */
static void a_name_that_is_none_of_a_host_is_400(void **state)
{
	static const char *const bad[] = { "/hosts/a-very-long-one?number=1", "/hosts/%00?number=1",
		"/hosts/%zz?number=1", "/hosts/%ff?number=1" };
	const char *token = token_of_host("bench-7");
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTO_ANSWER r = get(bad[i], token);

		if (i == 0)
			assert_error(&r, 403, "forbidden"); /* a host may be called so, if not here */
		else
			assert_wrong_field(&r, "host");
	}
}

/* --- the listener of hosts */

static void on_the_listener_of_hosts_the_certificate_says_who_it_is(void **state)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "GET",
		.target = "/hosts/b?number=1",
		.token = fx.admin.p,
		.fleet = true,
		.host = "b",
		.table = &table });
	AUTO_ANSWER beside = ask((struct ask){ .method = "GET",
		.target = "/hosts/c?number=1",
		.token = fx.admin.p,
		.fleet = true,
		.host = "b",
		.table = &table });
	AUTO_ANSWER none = ask((struct ask){ .method = "GET",
		.target = "/hosts/b?number=1",
		.token = fx.admin.p,
		.fleet = true,
		.table = &table });
	AUTO_ANSWER reads = get_as("/reads", "b");
	(void)state;

	assert_string_equal(r.body, "b by b");
	assert_error(&beside, 403, "forbidden");
	assert_error(&none, 401, "unauthorized");
	assert_non_null(strstr(message_of(&none), "certificate"));
	assert_error(&reads, 403, "forbidden");
}

static void there_is_what_is_for_hosts_and_what_is_open_to_all_and_nothing_else(void **state)
{
	static const char *const closed[] = { "/page", "/token", "/login", "/inside", "/metrics", "/hook" };
	AUTO_ANSWER open = get_as("/open", "b");
	AUTO_ANSWER nothing = get_as("/nosuch", "b");
	(void)state;

	assert_int_equal(open.status, 200);
	assert_error(&nothing, 404, "not_found");
	for (size_t i = 0; i < sizeof closed / sizeof *closed; i++) {
		AUTO_ANSWER r = ask((struct ask){ .method = "GET",
			.target = closed[i],
			.token = fx.admin.p,
			.fleet = true,
			.host = "b",
			.loopback = true,
			.table = &table });

		if (r.status != 403)
			fail_msg("%s: %d", closed[i], r.status);
		assert_non_null(strstr(r.body, "this listener takes episodes of hosts only"));
	}
}

static void a_host_is_counted_by_its_name(void **state)
{
	(void)state;

	limits(3);
	for (int i = 0; i < 5; i++) {
		AUTO_ANSWER r = get_as("/counted", "bench-1");

		assert_int_equal(r.status, i < 3 ? 200 : 429);
		assert_string_equal(header_of(&r, "X-RateLimit-Limit"), "3");
	}
	AUTO_ANSWER other = get_as("/counted", "bench-2");

	assert_int_equal(other.status, 200);
	limits(0);
}

/* --- bodies */

static struct answer send(const char *type, const char *coding, uint64_t length, const char *body)
{
	return ask((struct ask){ .method = "PUT",
		.target = "/hosts/b?number=1",
		.fleet = true,
		.host = "b",
		.type = type,
		.header = { coding ? "Content-Encoding" : "X-Nothing", coding ? coding : "1" },
		.length = length,
		.body = body,
		.table = &table });
}

static void bytes_are_taken_whatever_they_are_called(void **state)
{
	static const char *const types[] = { "", "application/zstd", "application/octet-stream",
		"application/x-tar; a=b", "text/plain", "no type at all" };
	(void)state;

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		AUTO_ANSWER r = send(types[i], i % 2 ? "identity" : NULL, 0, "bytes");

		if (r.status != 200 || n_taken != 5)
			fail_msg("%s: %d, %zu taken", types[i], r.status, n_taken);
	}
}

static void but_not_compressed_beside(void **state)
{
	static const char *const codings[] = { "zstd", "gzip", "identity, gzip" };
	(void)state;

	for (size_t i = 0; i < sizeof codings / sizeof *codings; i++) {
		AUTO_ANSWER r = send("application/zstd", codings[i], 0, "bytes");

		assert_error(&r, 415, "unsupported_media_type");
		assert_true(r.before_body);
	}
}

static void an_episode_over_the_limit_is_told_which_setting_it_is(void **state)
{
	char body[EPISODE_BYTES + 2];
	(void)state;

	memset(body, 'x', sizeof body);
	body[EPISODE_BYTES] = '\0';
	n_begun = 0;
	AUTO_ANSWER at_once = send(NULL, NULL, EPISODE_BYTES + 1, NULL);
	assert_error(&at_once, 413, "payload_too_large");
	assert_non_null(strstr(message_of(&at_once), "[fleet] episode-bytes"));
	assert_true(at_once.before_body);
	assert_int_equal(n_begun, 1); /* whatever else there is to say is said first */
	AUTO_ANSWER just = send(NULL, NULL, 0, body);
	assert_int_equal(just.status, 200);
	body[EPISODE_BYTES] = 'x';
	body[EPISODE_BYTES + 1] = '\0';
	AUTO_ANSWER chunked = ask((struct ask){ .method = "PUT",
		.target = "/hosts/b?number=1",
		.fleet = true,
		.host = "b",
		.body = body,
		.chunked = true,
		.table = &table });
	assert_error(&chunked, 413, "payload_too_large");
}

static int up(void **state)
{
	int failed = fixture_up(state);

	if (!failed)
		limits(0);
	return failed;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_bound_to_a_host_speaks_for_it_and_for_no_other),
		cmocka_unit_test(who_is_bound_to_none_speaks_for_any),
		cmocka_unit_test(that_it_is_anothers_host_is_told_before_all_else_that_is_wrong),
		cmocka_unit_test(but_who_may_not_send_at_all_is_told_that_first),
		cmocka_unit_test(a_name_that_is_none_of_a_host_is_400),
		cmocka_unit_test(on_the_listener_of_hosts_the_certificate_says_who_it_is),
		cmocka_unit_test(there_is_what_is_for_hosts_and_what_is_open_to_all_and_nothing_else),
		cmocka_unit_test(a_host_is_counted_by_its_name),
		cmocka_unit_test(bytes_are_taken_whatever_they_are_called),
		cmocka_unit_test(but_not_compressed_beside),
		cmocka_unit_test(an_episode_over_the_limit_is_told_which_setting_it_is),
	};

	return cmocka_run_group_tests(tests, up, fixture_down);
}
