/* users.c, forge_logins.c, tokens.c, sessions.c, sign_ins.c, members.c, audit.c: who may come in, and what they did. */
#include "tests/store/fixture.h"

#include <stdio.h>
#include <string.h>

static struct db *reader(void)
{
	struct db *db = NULL;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	return db;
}

/* ---- users ---- */

struct user_call {
	const char *email;
	enum role role;
	int64_t id;
	struct str password;
};

static enum err_code add_w(struct db *db, void *arg, struct err *e)
{
	struct user_call *c = arg;

	return users_add(db, str_z(c->email), c->password, c->role, T0, &c->id, e);
}

static int64_t add_user(const char *email, enum role role)
{
	struct user_call c = { .email = email, .role = role };

	must_write(add_w, &c);
	return c.id;
}

static enum err_code disable_w(struct db *db, void *arg, struct err *e)
{
	return users_disable(db, *(int64_t *)arg, T0 + 9, e);
}

static enum err_code enable_w(struct db *db, void *arg, struct err *e)
{
	return users_enable(db, *(int64_t *)arg, e);
}

static enum err_code role_w(struct db *db, void *arg, struct err *e)
{
	struct user_call *c = arg;

	return users_set_role(db, c->id, c->role, e);
}

static enum err_code password_w(struct db *db, void *arg, struct err *e)
{
	struct user_call *c = arg;

	return users_set_password(db, c->id, c->password, e);
}

static struct user user_of(int64_t id)
{
	struct db *db = reader();
	struct user u = { 0 };
	struct err e;

	must(users_get(db, &fx.arena, id, &u, &e), &e);
	store_reader_put(fx.store, db);
	return u;
}

static void a_user_is_found_by_id_and_by_address_without_case(void **state)
{
	struct user_call c = {
		.email = "Ada@example.org", .role = ROLE_TESTER, .password = STR("$argon2id$")
	};
	struct user u;
	struct db *db;
	struct err e;
	(void)state;

	must_write(add_w, &c);
	u = user_of(c.id);
	equals(u.email, "Ada@example.org");
	equals(u.password, "$argon2id$");
	assert_int_equal(u.role, ROLE_TESTER);
	assert_int_equal(u.created_at, T0);
	assert_int_equal(u.disabled_at, 0);
	db = reader();
	must(users_by_email(db, &fx.arena, STR("aDA@EXAMPLE.org"), &u, &e), &e);
	assert_int_equal(u.id, c.id);
	assert_int_equal(users_by_email(db, &fx.arena, STR("b@example.org"), &u, &e), ERR_NOT_FOUND);
	assert_int_equal(users_get(db, &fx.arena, 99, &u, &e), ERR_NOT_FOUND);
	store_reader_put(fx.store, db);
}

static void an_address_that_is_taken_uses_no_number_up(void **state)
{
	struct user_call again = { .email = "ADA@example.org", .role = ROLE_USER };
	int64_t first = add_user("ada@example.org", ROLE_ADMIN);
	struct err e;
	(void)state;

	assert_int_equal(try_write(add_w, &again, &e), ERR_CONFLICT);
	assert_int_equal(add_user("bob@example.org", ROLE_USER), first + 1);
}

static size_t listed(struct user_query q, int64_t *ret_first, int64_t *ret_total)
{
	struct user *list = NULL;
	struct db *db = reader();
	size_t n = 0;
	struct err e;

	must(users_list(db, &fx.arena, &q, &list, &n, ret_total, &e), &e);
	store_reader_put(fx.store, db);
	*ret_first = n > 0 ? list[0].id : 0;
	return n;
}

static void users_are_listed_by_id_and_filtered(void **state)
{
	int64_t a = add_user("a@example.org", ROLE_ADMIN), b = add_user("b@example.org", ROLE_USER),
		c = add_user("c@example.org", ROLE_USER), first, total;
	(void)state;

	must_write(disable_w, &c);
	assert_int_equal(listed((struct user_query){ .role = ROLE_N, .limit = 2 }, &first, &total), 2);
	assert_int_equal(first, a);
	assert_int_equal(total, 3);
	assert_int_equal(
		listed((struct user_query){ .role = ROLE_N, .limit = 2, .offset = 2 }, &first, &total), 1);
	assert_int_equal(first, c);
	assert_int_equal(listed((struct user_query){ .role = ROLE_USER, .limit = 9 }, &first, &total), 2);
	assert_int_equal(first, b);
	assert_int_equal(listed((struct user_query){ .role = ROLE_N, .state = USERS_DISABLED, .limit = 9 },
				 &first, &total),
		1);
	assert_int_equal(first, c);
	assert_int_equal(listed((struct user_query){ .role = ROLE_USER, .state = USERS_ACTIVE, .limit = 9 },
				 &first, &total),
		1);
	assert_int_equal(first, b);
	assert_int_equal(
		listed((struct user_query){ .email = STR("B@example.org"), .role = ROLE_N, .limit = 9 },
			&first, &total),
		1);
	assert_int_equal(total, 1);
}

static void the_last_admin_can_be_neither_disabled_nor_demoted(void **state)
{
	int64_t a = add_user("a@example.org", ROLE_ADMIN), b = add_user("b@example.org", ROLE_ADMIN);
	struct user_call demote = { .id = a, .role = ROLE_USER }, same = { .id = a, .role = ROLE_ADMIN };
	struct err e;
	(void)state;

	must_write(disable_w, &b);
	assert_int_equal(try_write(disable_w, &a, &e), ERR_CONFLICT); /* b is disabled, and does not count */
	says(&e, "last admin");
	assert_int_equal(try_write(role_w, &demote, &e), ERR_CONFLICT);
	must_write(role_w, &same);
	must_write(enable_w, &b);
	must_write(role_w, &demote);
	assert_int_equal(user_of(a).role, ROLE_USER);
	assert_int_equal(try_write(disable_w, &b, &e), ERR_CONFLICT);
	must_write(disable_w, &a);
}

static void changing_a_user_who_is_not_there_says_so(void **state)
{
	int64_t id = 17;
	struct user_call c = { .id = 17, .role = ROLE_ADMIN };
	struct err e;
	(void)state;

	assert_int_equal(try_write(disable_w, &id, &e), ERR_NOT_FOUND);
	assert_int_equal(try_write(enable_w, &id, &e), ERR_NOT_FOUND);
	assert_int_equal(try_write(role_w, &c, &e), ERR_NOT_FOUND);
	assert_int_equal(try_write(password_w, &c, &e), ERR_NOT_FOUND);
}

static void a_password_is_set_and_taken_away(void **state)
{
	struct user_call c = { .id = add_user("a@example.org", ROLE_USER), .password = STR("$argon2id$x") };
	(void)state;

	must_write(password_w, &c);
	equals(user_of(c.id).password, "$argon2id$x");
	c.password = STR("");
	must_write(password_w, &c);
	equals(user_of(c.id).password, "");
}

/* ---- tokens and sessions of a user ---- */

static enum err_code add_token_w(struct db *db, void *arg, struct err *e)
{
	return tokens_add(db, arg, e);
}

static struct token a_token(int64_t user_id, char digest)
{
	struct token t = { .user_id = user_id,
		.name = STR("t"),
		.scopes = SCOPE_BIT(SCOPE_LOGS_READ),
		.created_at = T0,
		.expires_at = T0 + 1000 };

	memset(t.digest.b, digest, sizeof t.digest.b);
	return t;
}

static struct token token_of(int64_t id)
{
	struct db *db = reader();
	struct token t = { 0 };
	struct err e;

	must(tokens_get(db, &fx.arena, id, &t, &e), &e);
	store_reader_put(fx.store, db);
	return t;
}

static enum err_code add_session_w(struct db *db, void *arg, struct err *e)
{
	return sessions_add(db, arg, e);
}

static struct session a_session(int64_t user_id, char digest)
{
	struct session s = { .user_id = user_id,
		.created_at = T0,
		.seen_at = T0,
		.expires_at = T0 + 1000,
		.address = STR("192.0.2.1"),
		.agent = STR("Browser/1") };

	memset(s.digest.b, digest, sizeof s.digest.b);
	memset(s.csrf, digest + 1, sizeof s.csrf);
	return s;
}

static struct session session_with(char digest)
{
	struct db *db = reader();
	struct session s = { 0 };
	struct sha256 d;
	struct err e;

	memset(d.b, digest, sizeof d.b);
	must(sessions_by_digest(db, &fx.arena, &d, &s, &e), &e);
	store_reader_put(fx.store, db);
	return s;
}

static void disabling_a_user_revokes_tokens_and_sessions_with_it(void **state)
{
	int64_t a = add_user("a@example.org", ROLE_ADMIN), b = add_user("b@example.org", ROLE_USER);
	struct token of_a = a_token(a, 1), of_b = a_token(b, 2);
	struct session s = a_session(b, 3), other = a_session(a, 4);
	(void)state;

	must_write(add_token_w, &of_a);
	must_write(add_token_w, &of_b);
	must_write(add_session_w, &s);
	must_write(add_session_w, &other);
	must_write(disable_w, &b);
	assert_int_equal(token_of(of_b.id).revoked_at, T0 + 9);
	assert_int_equal(token_of(of_b.id).disabled_at, T0 + 9);
	assert_int_equal(session_with(3).revoked_at, T0 + 9);
	assert_int_equal(token_of(of_a.id).revoked_at, 0);
	assert_int_equal(session_with(4).revoked_at, 0);
	must_write(enable_w, &b);
	assert_int_equal(token_of(of_b.id).revoked_at, T0 + 9); /* who is enabled again starts anew */
	assert_int_equal(user_of(b).disabled_at, 0);
}

static void a_disabled_user_gets_neither_token_nor_session(void **state)
{
	int64_t a = add_user("a@example.org", ROLE_ADMIN), b = add_user("b@example.org", ROLE_USER);
	struct token t = a_token(b, 2), nobodys = a_token(99, 5);
	struct session s = a_session(b, 3);
	struct err e;
	(void)state;
	(void)a;

	must_write(disable_w, &b);
	assert_int_equal(try_write(add_token_w, &t, &e), ERR_FORBIDDEN);
	assert_int_equal(try_write(add_session_w, &s, &e), ERR_FORBIDDEN);
	assert_int_equal(try_write(add_token_w, &nobodys, &e), ERR_FORBIDDEN);
}

static void what_a_token_is_bound_to_is_read_back(void **state)
{
	int64_t a = add_user("a@example.org", ROLE_ADMIN);
	struct token t = a_token(a, 1), got;
	(void)state;

	t.host = STR("bench-7");
	t.machine = true;
	must_write(add_token_w, &t);
	got = token_of(t.id);
	equals(got.host, "bench-7");
	assert_true(got.machine);
	equals(got.email, "a@example.org");
	assert_int_equal(got.last_used_at, 0);
}

struct touch_call {
	int64_t id, at, until;
};

static enum err_code touch_token_w(struct db *db, void *arg, struct err *e)
{
	struct touch_call *c = arg;

	return tokens_touch(db, c->id, c->at, e);
}

static void the_last_use_of_a_token_never_goes_back(void **state)
{
	struct token t = a_token(add_user("a@example.org", ROLE_ADMIN), 1);
	struct touch_call c;
	(void)state;

	must_write(add_token_w, &t);
	c = (struct touch_call){ t.id, T0 + 50, 0 };
	must_write(touch_token_w, &c);
	c.at = T0 + 20;
	must_write(touch_token_w, &c);
	assert_int_equal(token_of(t.id).last_used_at, T0 + 50);
}

static enum err_code remove_repo_w(struct db *db, void *arg, struct err *e)
{
	return repos_remove(db, *(int64_t *)arg, T0 + 5, e);
}

static enum err_code fork_w(struct db *db, void *arg, struct err *e)
{
	int64_t *id = arg; /* of the repo, and then of its fork */
	struct repo of;

	TRY(repos_get(db, &fx.arena, *id, &of, e));
	return repos_add_fork(db, &of, STR("bo/pump"), T0, id, e);
}

static void with_a_repo_go_the_tokens_of_its_forks(void **state)
{
	int64_t user = add_user("a@example.org", ROLE_ADMIN);
	int64_t repo = add_repo("home", "acme/pump"), fork = repo;
	struct token t = a_token(user, 1), other = a_token(user, 2);
	(void)state;

	must_write(fork_w, &fork);
	t.repo_id = fork;
	must_write(add_token_w, &t);
	must_write(add_token_w, &other);
	must_write(remove_repo_w, &repo);
	assert_true(token_of(t.id).revoked_at > 0);
	assert_int_equal(token_of(other.id).revoked_at, 0);
}

static enum err_code revoke_token_w(struct db *db, void *arg, struct err *e)
{
	return tokens_revoke(db, *(int64_t *)arg, 0, T0 + 1, e);
}

static void whatever_a_token_is_good_for_changes_the_epoch_before_it_is_told(void **state)
{
	int64_t a = add_user("a@example.org", ROLE_ADMIN), b = add_user("b@example.org", ROLE_ADMIN),
		repo = add_repo("home", "acme/pump");
	struct token t = a_token(a, 1);
	struct user_call demote = { .id = b, .role = ROLE_USER };
	uint64_t epoch;
	(void)state;

	must_write(add_token_w, &t);
	epoch = store_access_epoch(fx.store);
	must_write(revoke_token_w, &t.id);
	assert_int_not_equal(store_access_epoch(fx.store), epoch);
	epoch = store_access_epoch(fx.store);
	must_write(role_w, &demote);
	assert_int_not_equal(store_access_epoch(fx.store), epoch);
	epoch = store_access_epoch(fx.store);
	must_write(disable_w, &b);
	assert_int_not_equal(store_access_epoch(fx.store), epoch);
	epoch = store_access_epoch(fx.store);
	add_repo("home", "acme/valve");
	assert_int_equal(store_access_epoch(fx.store), epoch); /* this revokes nothing */
	tell("DELETE FROM session");
	assert_int_equal(store_access_epoch(fx.store), epoch);
	must_write(remove_repo_w, &repo);
	assert_int_not_equal(store_access_epoch(fx.store), epoch);
}

/* ---- sessions ---- */

static void a_session_is_read_back_with_its_user(void **state)
{
	struct session s = a_session(add_user("Ada@example.org", ROLE_TESTER), 3), got;
	struct sha256 unknown = { { 9 } };
	struct db *db;
	struct err e;
	(void)state;

	must_write(add_session_w, &s);
	got = session_with(3);
	assert_int_equal(got.id, s.id);
	assert_memory_equal(got.csrf, s.csrf, SESSION_CSRF_LEN);
	assert_int_equal(got.created_at, T0);
	assert_int_equal(got.expires_at, T0 + 1000);
	equals(got.address, "192.0.2.1");
	equals(got.agent, "Browser/1");
	equals(got.email, "Ada@example.org");
	assert_int_equal(got.role, ROLE_TESTER);
	db = reader();
	assert_int_equal(sessions_by_digest(db, &fx.arena, &unknown, &got, &e), ERR_NOT_FOUND);
	store_reader_put(fx.store, db);
}

static enum err_code touch_session_w(struct db *db, void *arg, struct err *e)
{
	struct touch_call *c = arg;

	return sessions_touch(db, c->id, c->at, c->until, e);
}

static enum err_code revoke_session_w(struct db *db, void *arg, struct err *e)
{
	struct touch_call *c = arg;

	return sessions_revoke(db, c->id, c->until, c->at, e);
}

static void a_session_slides_while_it_is_good_and_not_after(void **state)
{
	int64_t user = add_user("a@example.org", ROLE_ADMIN);
	struct session s = a_session(user, 3);
	struct touch_call c;
	struct err e;
	(void)state;

	must_write(add_session_w, &s);
	c = (struct touch_call){ s.id, T0 + 900, T0 + 1900 };
	must_write(touch_session_w, &c);
	assert_int_equal(session_with(3).expires_at, T0 + 1900);
	assert_int_equal(session_with(3).seen_at, T0 + 900);
	c = (struct touch_call){ s.id, T0 + 1900, T0 + 2900 }; /* it has expired */
	must_write(touch_session_w, &c);
	assert_int_equal(session_with(3).expires_at, T0 + 1900);
	c = (struct touch_call){ s.id, T0 + 1000, user + 1 }; /* somebody else's */
	assert_int_equal(try_write(revoke_session_w, &c, &e), ERR_NOT_FOUND);
	c.until = user;
	must_write(revoke_session_w, &c);
	c = (struct touch_call){ s.id, T0 + 1100, T0 + 3000 };
	must_write(touch_session_w, &c);
	assert_int_equal(session_with(3).revoked_at, T0 + 1000);
	assert_int_equal(session_with(3).seen_at, T0 + 900);
}

static void a_long_agent_is_cut_between_characters(void **state)
{
	struct session s = a_session(add_user("a@example.org", ROLE_ADMIN), 3);
	char agent[300];
	(void)state;

	memset(agent, 'a', sizeof agent);
	memcpy(agent + SESSION_AGENT_MAX - 1, "\xc3\xa4", 2);
	s.agent = (struct str){ agent, sizeof agent };
	must_write(add_session_w, &s);
	assert_int_equal(session_with(3).agent.len, SESSION_AGENT_MAX - 1);
}

static enum err_code revoke_others_w(struct db *db, void *arg, struct err *e)
{
	struct session *s = arg;

	return sessions_revoke_others(db, s->user_id, s->id, T0 + 5, e);
}

static enum err_code expire_sessions_w(struct db *db, void *arg, struct err *e)
{
	return sessions_expire(db, T0 + 1001, 1, false, arg, e);
}

static void sessions_are_listed_and_the_others_revoked_and_the_old_ones_go(void **state)
{
	int64_t user = add_user("a@example.org", ROLE_ADMIN), total = 0, rows = 0;
	struct session s[3] = { a_session(user, 1), a_session(user, 2), a_session(user, 3) }, *list = NULL;
	size_t n = 0;
	struct db *db;
	struct err e;
	(void)state;

	s[2].expires_at = T0 + 5000;
	for (int i = 0; i < 3; i++)
		must_write(add_session_w, &s[i]);
	must_write(revoke_others_w, &s[1]);
	db = reader();
	must(sessions_list(db, &fx.arena, user, T0 + 10, 10, 0, &list, &n, &total, &e), &e);
	assert_int_equal(total, 1);
	assert_int_equal(list[0].id, s[1].id);
	must(sessions_list(db, &fx.arena, user, 0, 2, 0, &list, &n, &total, &e), &e);
	assert_int_equal(total, 3);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].id, s[2].id);
	must(sessions_expire(db, T0 + 1001, 1, true, &rows, &e), &e);
	assert_int_equal(rows, 2);
	store_reader_put(fx.store, db);
	must_write(expire_sessions_w, &rows);
	assert_int_equal(rows, 1);
	must_write(expire_sessions_w, &rows);
	must_write(expire_sessions_w, &rows);
	assert_int_equal(rows, 0);
	assert_int_equal(ask("SELECT count(*) FROM session"), 1);
}

/* ---- forge logins ---- */

static enum err_code put_login_w(struct db *db, void *arg, struct err *e)
{
	return forge_logins_put(db, arg, e);
}

static void a_forge_account_keeps_its_user_and_follows_its_name(void **state)
{
	int64_t a = add_user("a@example.org", ROLE_ADMIN), b = add_user("b@example.org", ROLE_USER);
	struct forge_login l = { .user_id = a,
		.provider = STR("Home"),
		.forge_user_id = STR("17"),
		.login = STR("ada"),
		.token = STR("sealed"),
		.stored_at = T0 },
			   got, *list = NULL;
	size_t n = 0;
	struct db *db;
	struct err e;
	int64_t id;
	(void)state;

	must_write(put_login_w, &l);
	id = l.id;
	l.login = STR("ada2");
	l.token = STR("");
	l.stored_at = T0 + 1;
	must_write(put_login_w, &l);
	assert_int_equal(l.id, id);
	db = reader();
	must(forge_logins_find(db, &fx.arena, STR("hOME"), STR("17"), &got, &e), &e);
	assert_int_equal(got.user_id, a);
	equals(got.login, "ada2");
	equals(got.token, "sealed"); /* what was not told stays */
	assert_int_equal(got.stored_at, T0 + 1);
	must(forge_logins_of(db, &fx.arena, a, &list, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_int_equal(forge_logins_find(db, &fx.arena, STR("home"), STR("18"), &got, &e), ERR_NOT_FOUND);
	store_reader_put(fx.store, db);
	l.user_id = b;
	assert_int_equal(try_write(put_login_w, &l, &e), ERR_CONFLICT);
}

/* ---- sign-ins ---- */

struct sign_in_call {
	struct sign_in in, out;
	int64_t at;
};

static enum err_code begin_w(struct db *db, void *arg, struct err *e)
{
	return sign_ins_add(db, &((struct sign_in_call *)arg)->in, e);
}

static enum err_code take_w(struct db *db, void *arg, struct err *e)
{
	struct sign_in_call *c = arg;

	return sign_ins_take(db, &fx.arena, &c->in.state, &c->in.browser, c->at, &c->out, e);
}

static enum err_code expire_sign_ins_w(struct db *db, void *arg, struct err *e)
{
	return sign_ins_expire(db, T0 + 1001, 10, false, arg, e);
}

static void a_sign_in_is_taken_once_in_its_browser_and_in_time(void **state)
{
	struct sign_in_call c = { .in = { .state = { { 1 } },
					  .browser = { { 2 } },
					  .provider = STR("home"),
					  .secret = STR("sealed"),
					  .return_path = STR("/runs/1"),
					  .created_at = T0,
					  .expires_at = T0 + 1000 },
		.at = T0 + 1000 };
	int64_t n = 0;
	struct db *db;
	struct err e;
	(void)state;

	must_write(begin_w, &c);
	assert_int_equal(try_write(take_w, &c, &e), ERR_NOT_FOUND); /* too late */
	c.at = T0 + 999;
	c.in.browser.b[0] = 3;
	assert_int_equal(try_write(take_w, &c, &e), ERR_NOT_FOUND);
	c.in.browser.b[0] = 2;
	must_write(take_w, &c);
	equals(c.out.provider, "home");
	equals(c.out.secret, "sealed");
	equals(c.out.return_path, "/runs/1");
	assert_int_equal(try_write(take_w, &c, &e), ERR_NOT_FOUND); /* a replay */
	db = reader();
	must(sign_ins_count(db, T0 + 999, &n, &e), &e);
	assert_int_equal(n, 1);
	must(sign_ins_count(db, T0 + 1000, &n, &e), &e);
	assert_int_equal(n, 0);
	store_reader_put(fx.store, db);
	must_write(expire_sign_ins_w, &n);
	assert_int_equal(n, 1);
}

/* ---- members ---- */

struct member_call {
	int64_t user, repo, at;
	bool allowed;
};

static enum err_code put_member_w(struct db *db, void *arg, struct err *e)
{
	struct member_call *c = arg;

	return members_put(db, c->user, c->repo, c->allowed, c->at, e);
}

static enum err_code forget_member_w(struct db *db, void *arg, struct err *e)
{
	struct member_call *c = arg;

	return members_forget(db, c->user, c->repo, e);
}

static void the_newest_word_of_a_forge_about_a_member_stands(void **state)
{
	struct member_call c = { add_user("a@example.org", ROLE_USER), add_repo("home", "acme/pump"), T0,
		true };
	struct db *db = reader();
	bool allowed = false;
	int64_t at = 0;
	struct err e;
	(void)state;

	assert_int_equal(members_get(db, c.user, c.repo, &allowed, &at, &e), ERR_NOT_FOUND);
	must_write(put_member_w, &c);
	c.allowed = false;
	c.at = T0 - 1; /* an answer that was late */
	must_write(put_member_w, &c);
	must(members_get(db, c.user, c.repo, &allowed, &at, &e), &e);
	assert_true(allowed);
	assert_int_equal(at, T0);
	c.at = T0 + 1;
	must_write(put_member_w, &c);
	must(members_get(db, c.user, c.repo, &allowed, &at, &e), &e);
	assert_false(allowed);
	c.repo = 0;
	must_write(forget_member_w, &c);
	assert_int_equal(members_get(db, c.user, 1, &allowed, &at, &e), ERR_NOT_FOUND);
	store_reader_put(fx.store, db);
	c.repo = 99;
	assert_int_equal(try_write(put_member_w, &c, &e), ERR_CONFLICT);
}

static enum err_code hide_w(struct db *db, void *arg, struct err *e)
{
	return repos_set_visibility(db, *(int64_t *)arg, VISIBLE_MEMBERS, e);
}

static void a_repo_is_for_all_users_until_it_is_said_otherwise(void **state)
{
	int64_t id = add_repo("home", "acme/pump"), none = 99;
	struct db *db = reader();
	struct repo r;
	struct err e;
	(void)state;

	must(repos_get(db, &fx.arena, id, &r, &e), &e);
	assert_int_equal(r.visibility, VISIBLE_USERS);
	must_write(hide_w, &id);
	must(repos_get(db, &fx.arena, id, &r, &e), &e);
	assert_int_equal(r.visibility, VISIBLE_MEMBERS);
	store_reader_put(fx.store, db);
	assert_int_equal(try_write(hide_w, &none, &e), ERR_NOT_FOUND);
}

/* ---- audit ---- */

static enum err_code add_entry_w(struct db *db, void *arg, struct err *e)
{
	return audit_add(db, arg, e);
}

static void audit(int64_t at, enum deed d, int64_t user, int64_t subject)
{
	struct audit_entry x = { .at = at,
		.user_id = user,
		.token_id = 5,
		.actor = STR("ada@example.org"),
		.action = str_z(deed_word(d)),
		.subject_kind = str_z(deed_kind(d)),
		.subject_id = subject,
		.subject = STR("acme/pump"),
		.request_id = STR("00ff"),
		.address = STR("192.0.2.1") };

	must_write(add_entry_w, &x);
}

static size_t audited(struct audit_query q, struct audit_entry **ret, int64_t *ret_total)
{
	struct db *db = reader();
	size_t n = 0;
	struct err e;

	q.limit = q.limit ? q.limit : 50;
	must(audit_list(db, &fx.arena, &q, ret, &n, ret_total, &e), &e);
	store_reader_put(fx.store, db);
	return n;
}

static void deeds_are_listed_newest_first_and_filtered(void **state)
{
	struct audit_entry *x = NULL;
	int64_t total = 0;
	(void)state;

	audit(T0, DEED_REPO_ADD, 1, 7);
	audit(T0 + 1, DEED_STEP_PIN, 2, 7);
	audit(T0 + 2, DEED_REPO_REMOVE, 1, 8);
	assert_int_equal(audited((struct audit_query){ .limit = 2 }, &x, &total), 2);
	assert_int_equal(total, 3);
	equals(x[0].action, "repo.remove");
	equals(x[0].subject_kind, "repo");
	equals(x[0].subject, "acme/pump");
	equals(x[0].detail, "{}");
	equals(x[0].actor, "ada@example.org");
	equals(x[0].request_id, "00ff");
	equals(x[0].address, "192.0.2.1");
	assert_int_equal(x[0].token_id, 5);
	assert_int_equal(x[0].session_id, 0);
	assert_int_equal(x[0].at, T0 + 2);
	assert_int_equal(audited((struct audit_query){ .user_id = 1 }, &x, &total), 2);
	assert_int_equal(audited((struct audit_query){ .action = STR("step.pin") }, &x, &total), 1);
	assert_int_equal(
		audited((struct audit_query){ .subject_kind = STR("repo"), .subject_id = 7 }, &x, &total), 1);
	assert_int_equal(x[0].at, T0);
	assert_int_equal(audited((struct audit_query){ .from = T0 + 1, .to = T0 + 2 }, &x, &total), 1);
	assert_int_equal(x[0].user_id, 2);
}

static enum err_code expire_audit_w(struct db *db, void *arg, struct err *e)
{
	return audit_expire(db, T0 + 2, 1, false, arg, e);
}

static void deeds_go_by_age_alone_the_oldest_first(void **state)
{
	struct db *db = reader();
	int64_t rows = 0;
	struct err e;
	(void)state;

	for (int64_t i = 0; i < 4; i++)
		audit(T0 + i, DEED_REPO_ADD, 1, i);
	must(audit_expire(db, T0 + 2, 1, true, &rows, &e), &e);
	assert_int_equal(rows, 2);
	store_reader_put(fx.store, db);
	must_write(expire_audit_w, &rows);
	assert_int_equal(rows, 1);
	assert_int_equal(ask("SELECT min(at) FROM audit"), T0 + 1);
	must_write(expire_audit_w, &rows);
	must_write(expire_audit_w, &rows);
	assert_int_equal(rows, 0);
	assert_int_equal(ask("SELECT count(*) FROM audit"), 2);
}

static void a_deed_that_fails_leaves_no_row(void **state)
{
	int64_t before = ask("SELECT count(*) FROM audit");
	struct audit_entry x = { .action = STR("repo.add") }; /* nobody did it */
	struct err e;
	(void)state;

	assert_int_not_equal(try_write(add_entry_w, &x, &e), ERR_OK);
	assert_int_equal(ask("SELECT count(*) FROM audit"), before);
}

#define T(name) cmocka_unit_test_setup_teardown(name, store_up, store_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_user_is_found_by_id_and_by_address_without_case),
		T(an_address_that_is_taken_uses_no_number_up),
		T(users_are_listed_by_id_and_filtered),
		T(the_last_admin_can_be_neither_disabled_nor_demoted),
		T(changing_a_user_who_is_not_there_says_so),
		T(a_password_is_set_and_taken_away),
		T(disabling_a_user_revokes_tokens_and_sessions_with_it),
		T(a_disabled_user_gets_neither_token_nor_session),
		T(what_a_token_is_bound_to_is_read_back),
		T(the_last_use_of_a_token_never_goes_back),
		T(whatever_a_token_is_good_for_changes_the_epoch_before_it_is_told),
		T(with_a_repo_go_the_tokens_of_its_forks),
		T(a_session_is_read_back_with_its_user),
		T(a_session_slides_while_it_is_good_and_not_after),
		T(a_long_agent_is_cut_between_characters),
		T(sessions_are_listed_and_the_others_revoked_and_the_old_ones_go),
		T(a_forge_account_keeps_its_user_and_follows_its_name),
		T(a_sign_in_is_taken_once_in_its_browser_and_in_time),
		T(the_newest_word_of_a_forge_about_a_member_stands),
		T(a_repo_is_for_all_users_until_it_is_said_otherwise),
		T(deeds_are_listed_newest_first_and_filtered),
		T(deeds_go_by_age_alone_the_oldest_first),
		T(a_deed_that_fails_leaves_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
