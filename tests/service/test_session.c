#include "tests/test.h"

#include "base/digest.h"
#include "service/session.h"
#include "tests/service/fixture.h"

#include <stdio.h>
#include <string.h>

#define MINUTE INT64_C(60000)
#define DAY (INT64_C(24) * 60 * MINUTE)

static struct err e;

struct user_op {
	struct store_op op;
	const char *email;
	int64_t id;
};

static enum err_code apply_add(struct store_op *op, struct db *db, struct err *why)
{
	struct user_op *w = (struct user_op *)(void *)op;

	return users_add(db, str_z(w->email), STR(""), ROLE_USER, NOW, &w->id, why);
}

static enum err_code apply_disable(struct store_op *op, struct db *db, struct err *why)
{
	return users_disable(db, ((struct user_op *)(void *)op)->id, NOW, why);
}

static int64_t add_user(const char *email)
{
	struct user_op w = { .op = { .apply = apply_add, .bytes = 100 }, .email = email };

	assert_int_equal(store_write(fx.store, &w.op, &e), ERR_OK);
	return w.id;
}

static void disable(int64_t id)
{
	struct user_op w = { .op = { .apply = apply_disable, .bytes = 100 }, .id = id };

	assert_int_equal(store_write(fx.store, &w.op, &e), ERR_OK);
}

static int set_up(void **state)
{
	if (fixture_up(state) != 0)
		return -1;
	fx.cfg->session_idle_ms = 7 * DAY;
	fx.cfg->session_longest_ms = 30 * DAY;
	fx.cfg->sessions_each = 3;
	return 0;
}

/* The text of the cookie. */
static struct str begin(int64_t user_id, int64_t now, struct session *ret)
{
	struct session_start start = {
		.user_id = user_id, .address = STR("192.0.2.7"), .agent = STR("a browser"), .how = "password"
	};
	struct str text;
	AUTO_BUF id;

	buf_init(&id, 100);
	if (session_begin(fx.store, fx.cfg, &start, now, &fx.arena, ret, &id, &e) != ERR_OK)
		fail_msg("%s", e.text);
	text = arena_str(&fx.arena, buf_view(&id));
	return text;
}

static enum err_code find(struct str id, int64_t now, struct session *ret)
{
	return session_find(fx.store, fx.cfg, id, now, &fx.arena, ret, &e);
}

static void a_session_is_found_by_its_cookie_and_nothing_else(void **state)
{
	int64_t user = add_user("ann@example.org");
	struct session made, s = { 0 };
	struct str id = begin(user, NOW, &made);
	AUTO_BUF hex;
	(void)state;

	buf_init(&hex, 100);
	assert_int_equal(id.len, SESSION_ID_LEN);
	assert_int_equal(find(id, NOW + 1, &s), ERR_OK);
	assert_int_equal(s.user_id, user);
	assert_true(str_eq(s.email, STR("ann@example.org")));
	assert_true(str_eq(s.agent, STR("a browser")));
	/* What is stored opens nothing. */
	hex_encode(made.digest.b, SHA256_LEN, &hex);
	assert_int_equal(find(buf_view(&hex), NOW + 1, &s), ERR_UNAUTHORIZED);
	assert_int_equal(
		find((struct str){ (const char *)made.digest.b, SHA256_LEN }, NOW + 1, &s), ERR_UNAUTHORIZED);
	assert_int_equal(find(STR(""), NOW + 1, &s), ERR_UNAUTHORIZED);
	assert_int_equal(find((struct str){ id.p, id.len - 1 }, NOW + 1, &s), ERR_UNAUTHORIZED);
	((char *)(uintptr_t)id.p)[5] ^= 1;
	assert_int_equal(find(id, NOW + 1, &s), ERR_UNAUTHORIZED);
}

static void ids_and_form_tokens_are_all_different(void **state)
{
	int64_t user = add_user("ann@example.org");
	struct session a, b;
	struct str one = begin(user, NOW, &a), two = begin(user, NOW, &b);
	(void)state;

	assert_false(str_eq(one, two));
	assert_false(str_eq(session_csrf(&a, &fx.arena), session_csrf(&b, &fx.arena)));
	assert_false(str_eq(session_csrf(&a, &fx.arena), one));
}

/* Waits for what nobody waits for: the writer does one after the other. */
static void settle(void)
{
	static int n;
	char email[40];

	snprintf(email, sizeof email, "settle%d@example.org", n++);
	add_user(email);
}

static void use_moves_the_end_and_only_so_far(void **state)
{
	struct session s;
	struct str id = begin(add_user("ann@example.org"), NOW, &s);
	int64_t now = NOW;
	(void)state;

	assert_int_equal(s.expires_at, NOW + 7 * DAY);
	assert_int_equal(find(id, NOW + 7 * DAY - 1, &s), ERR_OK);
	settle();
	assert_int_equal(find(id, NOW + 7 * DAY - 1, &s), ERR_OK);
	assert_int_equal(s.expires_at, NOW + 14 * DAY - 1);
	for (now = NOW + 8 * DAY; now < NOW + 30 * DAY; now += 5 * DAY) {
		assert_int_equal(find(id, now, &s), ERR_OK);
		settle();
	}
	assert_int_equal(find(id, NOW + 30 * DAY - 1, &s), ERR_OK);
	assert_int_equal(s.expires_at, NOW + 30 * DAY);
	assert_int_equal(find(id, NOW + 30 * DAY, &s), ERR_UNAUTHORIZED);
}

static void one_that_is_not_used_ends(void **state)
{
	struct session s;
	struct str id = begin(add_user("ann@example.org"), NOW, &s);
	(void)state;

	assert_int_equal(find(id, NOW + 7 * DAY, &s), ERR_UNAUTHORIZED);
}

static void settings_that_became_stricter_hold_for_those_that_are_there(void **state)
{
	struct session s;
	struct str id = begin(add_user("ann@example.org"), NOW, &s);
	(void)state;

	fx.cfg->session_longest_ms = DAY;
	assert_int_equal(find(id, NOW + DAY, &s), ERR_UNAUTHORIZED);
	assert_int_equal(find(id, NOW + DAY - 1, &s), ERR_OK);
}

static void that_it_was_seen_is_written_once_a_minute(void **state)
{
	struct session s;
	struct str id = begin(add_user("ann@example.org"), NOW, &s);
	(void)state;

	assert_int_equal(find(id, NOW + MINUTE - 1, &s), ERR_OK);
	settle();
	assert_int_equal(find(id, NOW + MINUTE - 1, &s), ERR_OK);
	assert_int_equal(s.seen_at, NOW);
	assert_int_equal(find(id, NOW + MINUTE, &s), ERR_OK);
	disable(add_user("other@example.org"));
	assert_int_equal(find(id, NOW + MINUTE, &s), ERR_OK);
	assert_int_equal(s.seen_at, NOW + MINUTE);
}

static void a_user_who_is_disabled_is_out_at_once(void **state)
{
	int64_t user = add_user("ann@example.org");
	struct session_start start = { .user_id = user, .how = "password" };
	struct session s;
	struct str id = begin(user, NOW, &s);
	AUTO_BUF none;
	(void)state;

	buf_init(&none, 100);
	disable(user);
	assert_int_equal(find(id, NOW + 1, &s), ERR_UNAUTHORIZED);
	assert_int_equal(
		session_begin(fx.store, fx.cfg, &start, NOW, &fx.arena, &s, &none, &e), ERR_FORBIDDEN);
	assert_int_equal(none.len, 0);
}

static void with_one_browser_too_many_the_oldest_is_signed_out(void **state)
{
	int64_t user = add_user("ann@example.org"), other = add_user("bob@example.org");
	struct str ids[5], others = { 0 };
	struct session s;
	(void)state;

	others = begin(other, NOW, &s);
	for (int i = 0; i < 5; i++)
		ids[i] = begin(user, NOW + i, &s);
	for (int i = 0; i < 5; i++)
		assert_int_equal(find(ids[i], NOW + 10, &s), i < 2 ? ERR_UNAUTHORIZED : ERR_OK);
	assert_int_equal(find(others, NOW + 10, &s), ERR_OK);
}

static void sessions_are_listed_and_ended_by_their_owner_alone(void **state)
{
	int64_t ann = add_user("ann@example.org"), bob = add_user("bob@example.org"), total;
	struct session a, b, c, s, *list;
	struct str ids[3] = { begin(ann, NOW, &a), begin(ann, NOW + 1, &b), begin(bob, NOW, &c) };
	struct session_by by = { .user_id = ann, .session_id = b.id, .email = STR("ann@example.org") };
	size_t n;
	(void)state;

	assert_int_equal(
		session_list(fx.store, ann, NOW + 2, 10, 0, &fx.arena, &list, &n, &total, &e), ERR_OK);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].id, b.id);
	assert_int_equal(session_revoke(fx.store, &by, c.id, NOW + 3, &e), ERR_NOT_FOUND);
	assert_int_equal(find(ids[2], NOW + 4, &s), ERR_OK);
	assert_int_equal(session_revoke(fx.store, &by, a.id, NOW + 3, &e), ERR_OK);
	assert_int_equal(find(ids[0], NOW + 4, &s), ERR_UNAUTHORIZED);
	assert_int_equal(find(ids[1], NOW + 4, &s), ERR_OK);
	ids[0] = begin(ann, NOW + 5, &a);
	assert_int_equal(session_revoke_others(fx.store, &by, NOW + 6, &e), ERR_OK);
	assert_int_equal(find(ids[0], NOW + 7, &s), ERR_UNAUTHORIZED);
	assert_int_equal(find(ids[1], NOW + 7, &s), ERR_OK);
}

static void beginning_and_ending_are_audited(void **state)
{
	int64_t user = add_user("ann@example.org"), total;
	struct audit_query q = { .user_id = user, .limit = 10 };
	struct audit_entry *list;
	struct session s;
	struct session_by by = { .user_id = user, .email = STR("ann@example.org") };
	struct db *db;
	size_t n;
	(void)state;

	begin(user, NOW, &s);
	by.session_id = s.id;
	assert_int_equal(session_revoke(fx.store, &by, s.id, NOW + 1, &e), ERR_OK);
	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	assert_int_equal(audit_list(db, &fx.arena, &q, &list, &n, &total, &e), ERR_OK);
	store_reader_put(fx.store, db);
	assert_int_equal(n, 2);
	assert_true(str_eq(list[1].action, STR("session.begin")));
	assert_true(str_eq(list[1].address, STR("192.0.2.7")));
	assert_true(str_eq(list[0].action, STR("session.revoke")));
	assert_int_equal(list[0].subject_id, s.id);
}

/* --- cookies */

static void the_cookie_is_for_tls_alone_where_there_is_tls(void **state)
{
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1000);
	fx.cfg->public_url = STR("https://sluice.example.org");
	session_cookie_write(fx.cfg, STR("ID"), &out);
	assert_string_equal(
		buf_cstr(&out), "__Host-sluice=ID; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure");
	buf_reset(&out);
	fx.cfg->public_url = STR("http://127.0.0.1:4500");
	session_cookie_write(fx.cfg, STR("ID"), &out);
	assert_string_equal(buf_cstr(&out), "sluice=ID; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax");
	buf_reset(&out);
	fx.cfg->public_url = STR("");
	session_cookie_clear(fx.cfg, &out);
	assert_string_equal(buf_cstr(&out), "sluice=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
}

#define ID "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNO-_"

static void a_cookie_is_found_among_others(void **state)
{
	static const struct {
		const char *header;
		bool found;
	} cases[] = {
		{ "sluice=" ID, true },
		{ "a=b; sluice=" ID "; c=d", true },
		{ "a=b;sluice=" ID, true },
		{ "  sluice = " ID " ", true },
		{ "xsluice=" ID, false },
		{ "sluice2=" ID, false },
		{ "a=sluice=" ID, false },
		{ "Sluice=" ID, false },
		{ "__Host-sluice=" ID, false },
		{ "sluice=" ID "x", false },
		{ "sluice=\"" ID "\"", false },
		{ "sluice=" ID "; sluice=" ID, false }, /* which of the two? */
		{ "sluice=x; sluice=" ID, false },
		{ "sluice=", false },
		{ "sluice", false },
		{ ";;;=;", false },
		{ "", false },
	};
	(void)state;

	_Static_assert(sizeof ID - 1 == SESSION_ID_LEN, "an id");
	fx.cfg->public_url = STR("");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str got = session_cookie_find(fx.cfg, str_z(cases[i].header));

		if (str_eq(got, STR(ID)) != cases[i].found || (got.len > 0) != cases[i].found)
			fail_msg("%s: %.*s", cases[i].header, STR_FMT(got));
	}
	fx.cfg->public_url = STR("https://x");
	assert_int_equal(session_cookie_find(fx.cfg, STR("sluice=" ID)).len, 0);
	assert_true(str_eq(session_cookie_find(fx.cfg, STR("sluice=x; __Host-sluice=" ID)), STR(ID)));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, fixture_down)
	static const struct CMUnitTest tests[] = {
		T(a_session_is_found_by_its_cookie_and_nothing_else),
		T(ids_and_form_tokens_are_all_different),
		T(use_moves_the_end_and_only_so_far),
		T(one_that_is_not_used_ends),
		T(settings_that_became_stricter_hold_for_those_that_are_there),
		T(that_it_was_seen_is_written_once_a_minute),
		T(a_user_who_is_disabled_is_out_at_once),
		T(with_one_browser_too_many_the_oldest_is_signed_out),
		T(sessions_are_listed_and_ended_by_their_owner_alone),
		T(beginning_and_ending_are_audited),
		T(the_cookie_is_for_tls_alone_where_there_is_tls),
		T(a_cookie_is_found_among_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
