/* sessions: listed and ended with a token. */
#include "tests/test.h"

#include "service/session.h"
#include "tests/http/fixture.h"

#include <stdio.h>
#include <string.h>

static struct session begin(struct buf *id)
{
	struct session_start start = { .user_id = fx.admin_user,
		.address = STR("192.0.2.9"),
		.agent = STR("<b>a browser</b>"),
		.how = "password" };
	const struct config *cfg = config_get(fx.app.config);
	struct session s = { 0 };
	struct err e;

	if (session_begin(fx.app.store, cfg, &start, NOW, &fx.arena, &s, id, &e) != ERR_OK)
		fail_msg("%s", e.text);
	config_put(fx.app.config, cfg);
	return s;
}

static enum err_code find(const struct buf *id)
{
	const struct config *cfg = config_get(fx.app.config);
	struct session s;
	struct err e;
	enum err_code code = session_find(fx.app.store, cfg, buf_view(id), NOW, &fx.arena, &s, &e);

	config_put(fx.app.config, cfg);
	return code;
}

static struct answer end(int64_t id)
{
	char target[100];

	snprintf(target, sizeof target, "/api/v1/sessions/%lld", (long long)id);
	return ask((struct ask){ .method = "DELETE", .target = target, .token = fx.admin.p });
}

static void sessions_are_listed_without_what_opens_them(void **state)
{
	AUTO_BUF one, two;
	(void)state;

	buf_init(&one, 100);
	buf_init(&two, 100);
	begin(&one);
	begin(&two);
	AUTO_ANSWER r = ask(
		(struct ask){ .method = "GET", .target = "/api/v1/sessions?limit=1", .token = fx.admin.p });
	struct json *data = json_get(json_of(&r), "data");

	assert_int_equal(r.status, 200);
	assert_int_equal(json_len(data), 1);
	assert_true(str_eq(json_str(json_get(json_at(data, 0), "agent")), STR("<b>a browser</b>")));
	assert_true(str_eq(json_str(json_get(json_at(data, 0), "address")), STR("192.0.2.9")));
	assert_null(strstr(r.body, buf_cstr(&one)));
	assert_null(strstr(r.body, buf_cstr(&two)));
	assert_null(strstr(r.body, "csrf"));
	assert_null(strstr(r.body, "digest"));
}

static void a_session_that_is_ended_is_over_at_once(void **state)
{
	struct session a, b;
	AUTO_BUF one, two;
	(void)state;

	buf_init(&one, 100);
	buf_init(&two, 100);
	a = begin(&one);
	b = begin(&two);
	AUTO_ANSWER r = end(a.id);
	AUTO_ANSWER again = end(a.id);
	AUTO_ANSWER nobodys = end(b.id + 1000);

	assert_int_equal(r.status, 204);
	assert_int_equal(again.status, 204);
	assert_error(&nobodys, 404, "not_found");
	assert_int_equal(find(&one), ERR_UNAUTHORIZED);
	assert_int_equal(find(&two), ERR_OK);
}

/* The gate of sessions guards pages and nothing else: a cookie opens no interface, and so no other site can use it there. */
static void a_session_opens_no_interface(void **state)
{
	static const char *const targets[] = { "/api/v1/sessions", "/api/v1/runs", "/api/v1/repos",
		"/metrics" };
	struct str cookie;
	AUTO_BUF id;
	(void)state;

	buf_init(&id, 100);
	begin(&id);
	cookie = arena_fmt(&fx.arena, "__Host-sluice=%s; sluice=%s", buf_cstr(&id), buf_cstr(&id));
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		AUTO_ANSWER r = ask((struct ask){
			.method = "GET", .target = targets[i], .header = { "Cookie", cookie.p } });
		AUTO_ANSWER as_token =
			ask((struct ask){ .method = "GET", .target = targets[i], .token = buf_cstr(&id) });

		assert_error(&r, 401, "unauthorized");
		assert_error(&as_token, 401, "unauthorized");
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, router_up, router_down)
	static const struct CMUnitTest tests[] = {
		T(sessions_are_listed_without_what_opens_them),
		T(a_session_that_is_ended_is_over_at_once),
		T(a_session_opens_no_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
