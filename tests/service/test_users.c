/* manage_users.c, manage_tokens.c and audit.c: who may come in, as admins say it, and what is written down of that. */
#include "tests/test.h"

#include "service/audit.h"
#include "service/janitor.h"
#include "service/session.h"
#include "service/tries.h"
#include "tests/service/fixture.h"

#include <string.h>

static struct identity admin_of(void)
{
	struct token t;
	struct identity id = { 0 };
	struct err e = { 0 };
	AUTO_BUF text, header;

	buf_init(&text, 200);
	buf_init(&header, 300);
	if (manage_first_admin(fx.store, STR("root@example.org"), false, NOW, &t, &text, &e) != ERR_OK)
		fail_msg("%s", e.text);
	buf_fmt(&header, "Bearer %s", buf_cstr(&text));
	assert_int_equal(access_authenticate(fx.access, &fx.cfg->internal, REALM_API, buf_view(&header), NOW,
				 &fx.arena, &id, &e),
		ERR_OK);
	id.request_id = STR("00000000000000ff");
	id.address = STR("192.0.2.1");
	return id;
}

static struct user add(const struct identity *by, const char *email, enum role role, const char *password)
{
	struct user u = { 0 };
	struct err e = { 0 };

	if (manage_user_add(fx.store, by, str_z(email), role, str_z(password), NOW, &u, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return u;
}

static enum err_code change(const struct identity *by, int64_t id, struct user_change c)
{
	struct err e = { 0 };

	return manage_user_change(fx.store, by, id, &c, NOW + 1, &e);
}

static int64_t steady;

static enum err_code log_in(const char *email, const char *password, struct identity *ret, struct err *e)
{
	steady += TRIES_ADDRESS_MAX_MS; /* no delay */
	return access_password(
		fx.access, str_z(email), str_z(password), STR("192.0.2.7"), steady, &fx.arena, ret, e);
}

static void a_password_lets_its_user_in_with_what_the_role_allows(void **state)
{
	struct identity admin = admin_of(), id;
	struct err e;
	(void)state;

	add(&admin, "Tess@example.org", ROLE_TESTER, "a long password");
	assert_int_equal(log_in("tess@EXAMPLE.org", "a long password", &id, &e), ERR_OK);
	assert_int_equal(id.kind, IDENTITY_PASSWORD);
	assert_int_equal(id.role, ROLE_TESTER);
	assert_int_equal(id.scopes, role_scopes(ROLE_TESTER));
	assert_true(str_eq(id.email, STR("Tess@example.org")));
}

static void whatever_is_wrong_with_a_password_is_told_alike(void **state)
{
	struct identity admin = admin_of(), id;
	struct err wrong, nobody, none, disabled, delayed = { 0 };
	struct user gone = add(&admin, "gone@example.org", ROLE_USER, "a long password");
	(void)state;

	add(&admin, "tess@example.org", ROLE_USER, "a long password");
	add(&admin, "none@example.org", ROLE_USER, "");
	assert_int_equal(
		change(&admin, gone.id, (struct user_change){ .has_disabled = true, .disabled = true }),
		ERR_OK);
	assert_int_equal(log_in("tess@example.org", "another password", &id, &wrong), ERR_UNAUTHORIZED);
	assert_int_equal(log_in("nobody@example.org", "another password", &id, &nobody), ERR_UNAUTHORIZED);
	assert_int_equal(log_in("none@example.org", "", &id, &none), ERR_UNAUTHORIZED);
	assert_int_equal(log_in("gone@example.org", "a long password", &id, &disabled), ERR_UNAUTHORIZED);
	for (int i = 0; i < 5; i++) /* at one moment, so that all but the first wait */
		assert_int_equal(access_password(fx.access, STR("tess@example.org"), STR("another password"),
					 STR("192.0.2.8"), steady, &fx.arena, &id, &delayed),
			ERR_UNAUTHORIZED);
	/* The right one is not looked at either now. */
	assert_int_equal(access_password(fx.access, STR("tess@example.org"), STR("a long password"),
				 STR("192.0.2.8"), steady, &fx.arena, &id, &delayed),
		ERR_UNAUTHORIZED);
	assert_string_equal(wrong.text, nobody.text);
	assert_string_equal(wrong.text, none.text);
	assert_string_equal(wrong.text, disabled.text);
	assert_string_equal(wrong.text, delayed.text);
}

static void a_password_is_changed_and_taken_away(void **state)
{
	struct identity admin = admin_of(), id;
	struct user u = add(&admin, "tess@example.org", ROLE_USER, "");
	struct err e;
	(void)state;

	assert_int_equal(
		change(&admin, u.id,
			(struct user_change){ .has_password = true, .password = STR("first password") }),
		ERR_OK);
	assert_int_equal(log_in("tess@example.org", "first password", &id, &e), ERR_OK);
	assert_int_equal(
		change(&admin, u.id,
			(struct user_change){ .has_password = true, .password = STR("second password") }),
		ERR_OK);
	assert_int_equal(log_in("tess@example.org", "first password", &id, &e), ERR_UNAUTHORIZED);
	assert_int_equal(log_in("tess@example.org", "second password", &id, &e), ERR_OK);
	assert_int_equal(change(&admin, u.id, (struct user_change){ .has_password = true }), ERR_OK);
	assert_int_equal(log_in("tess@example.org", "second password", &id, &e), ERR_UNAUTHORIZED);
}

static void users_are_for_admins_whose_token_is_not_bound(void **state)
{
	struct identity admin = admin_of(), bound = admin, tester = admin;
	struct user_page page = { 0 };
	struct user u;
	struct err e;
	(void)state;

	bound.token.repo_id = fx.repo.id;
	tester.role = ROLE_TESTER;
	for (int i = 0; i < 2; i++) {
		const struct identity *by = i ? &bound : &tester;
		struct user_query q = { .role = ROLE_N, .limit = 10 };

		assert_int_equal(manage_user_add(fx.store, by, STR("x@x"), ROLE_USER, STR(""), NOW, &u, &e),
			ERR_FORBIDDEN);
		assert_int_equal(change(by, admin.user_id, (struct user_change){ 0 }), ERR_FORBIDDEN);
		assert_int_equal(manage_user_list(fx.store, by, &q, &fx.arena, &page, &e), ERR_FORBIDDEN);
	}
}

static void a_change_is_made_as_a_whole_or_not_at_all(void **state)
{
	struct identity admin = admin_of();
	struct user_change c = { .has_password = true,
		.password = STR("a long password"),
		.has_disabled = true,
		.disabled = true };
	struct identity id;
	struct err e;
	(void)state;

	assert_int_equal(change(&admin, admin.user_id, c), ERR_CONFLICT); /* the last admin */
	assert_int_equal(log_in("root@example.org", "a long password", &id, &e), ERR_UNAUTHORIZED);
	assert_int_equal(change(&admin, 99, c), ERR_NOT_FOUND);
}

/* ---- tokens ---- */

static enum err_code make(const struct identity *by, struct token_request r, struct token *ret, struct err *e)
{
	AUTO_BUF text;

	buf_init(&text, 200);
	r.name = STR("t");
	r.days = r.days ? r.days : 7;
	return manage_token_create(fx.store, fx.cfg, by, &r, NOW, &fx.arena, ret, &text, e);
}

static void a_machines_token_lasts_longer_is_bound_and_does_not_rule(void **state)
{
	struct identity admin = admin_of(), tester = admin;
	struct token_request r = {
		.scopes = SCOPE_BIT(SCOPE_LOGS_WRITE), .repo = STR("acme/pump"), .machine_days = 365
	};
	struct token t = { 0 };
	struct err e = { 0 };
	(void)state;

	assert_int_equal(make(&admin, r, &t, &e), ERR_OK);
	assert_true(t.machine);
	assert_int_equal(t.expires_at, NOW + 365 * DAY_MS);
	r.repo = STR("");
	assert_int_equal(make(&admin, r, &t, &e), ERR_INVALID);
	assert_string_equal(e.field, "machine_days");
	r.repo = STR("acme/pump");
	r.scopes |= SCOPE_BIT(SCOPE_TOKENS_MANAGE);
	assert_int_equal(make(&admin, r, &t, &e), ERR_INVALID);
	assert_string_equal(e.field, "scopes");
	assert_non_null(strstr(e.text, "tokens:manage"));
	r.scopes = SCOPE_BIT(SCOPE_LOGS_WRITE);
	r.has_days = true;
	assert_int_equal(make(&admin, r, &t, &e), ERR_INVALID);
	r.has_days = false;
	tester.role = ROLE_CONTRIBUTOR;
	assert_int_equal(make(&tester, r, &t, &e), ERR_FORBIDDEN);
}

static void a_token_of_a_host_holds_what_says_a_host_and_makes_only_such(void **state)
{
	struct identity admin = admin_of(), bound = admin;
	struct token_request r = { .scopes = SCOPE_BIT(SCOPE_EPISODES_WRITE), .host = STR("bench-7") };
	struct token t = { 0 };
	struct err e = { 0 };
	(void)state;

	assert_int_equal(make(&admin, r, &t, &e), ERR_OK);
	assert_true(str_eq(t.host, STR("bench-7")));
	bound.token = t;
	r.host = STR("");
	assert_int_equal(make(&bound, r, &t, &e), ERR_OK);
	assert_true(str_eq(t.host, STR("bench-7")));
	r.host = STR("bench-8");
	assert_int_equal(make(&bound, r, &t, &e), ERR_FORBIDDEN);
	r.host = STR("../bench");
	assert_int_equal(make(&admin, r, &t, &e), ERR_INVALID);
	assert_string_equal(e.field, "host");
	r.host = STR("bench-7");
	r.scopes |= SCOPE_BIT(SCOPE_LOGS_READ);
	assert_int_equal(make(&admin, r, &t, &e), ERR_INVALID);
	assert_string_equal(e.field, "scopes");
}

static void a_list_of_tokens_shows_what_they_are_good_for_now(void **state)
{
	struct identity admin = admin_of(), tess = {
		.kind = IDENTITY_PASSWORD, .role = ROLE_CONTRIBUTOR, .scopes = role_scopes(ROLE_CONTRIBUTOR)
	};
	struct user u = add(&admin, "tess@example.org", ROLE_CONTRIBUTOR, "");
	struct token t, *list = NULL;
	size_t n = 0;
	int64_t total;
	struct err e = { 0 };
	(void)state;

	tess.user_id = u.id;
	assert_int_equal(
		make(&tess, (struct token_request){ .scopes = role_scopes(ROLE_CONTRIBUTOR) }, &t, &e),
		ERR_OK);
	assert_int_equal(
		change(&admin, u.id, (struct user_change){ .has_role = true, .role = ROLE_USER }), ERR_OK);
	tess.role = ROLE_USER;
	assert_int_equal(manage_token_list(fx.store, &tess, &(struct token_listing){ .limit = 10 }, &fx.arena,
				 &list, &n, &total, &e),
		ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(list[0].scopes, role_scopes(ROLE_USER));
}

/* ---- audit ---- */

static struct audit_entry *deeds(const struct identity *by, size_t *ret_n)
{
	struct audit_query q = { .limit = 100 };
	struct audit_entry *list = NULL;
	int64_t total = 0;
	struct err e = { 0 };

	if (audit_read(fx.store, by, &q, &fx.arena, &list, ret_n, &total, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(total, *ret_n);
	return list;
}

static void is_deed(const struct audit_entry *x, const char *action, const char *subject, const char *detail)
{
	assert_true(str_eq(x->action, str_z(action)));
	assert_true(str_eq(x->subject, str_z(subject)));
	if (!str_eq(x->detail, str_z(detail)))
		fail_msg("%.*s instead of %s", STR_FMT(x->detail), detail);
}

static void every_deed_leaves_a_row_with_who_and_from_where(void **state)
{
	struct identity admin = admin_of();
	struct user u = add(&admin, "tess@example.org", ROLE_USER, "");
	struct audit_entry *x;
	struct repo repo;
	size_t before, n;
	struct err e;
	(void)state;

	deeds(&admin, &before);
	assert_int_equal(change(&admin, u.id,
				 (struct user_change){ .has_role = true,
					 .role = ROLE_TESTER,
					 .has_password = true,
					 .password = STR("a long password"),
					 .has_disabled = true,
					 .disabled = true }),
		ERR_OK);
	assert_int_equal(manage_repo_set_visibility(fx.store, &admin, fx.repo.id, VISIBLE_MEMBERS, NOW + 2,
				 &fx.arena, &repo, &e),
		ERR_OK);
	assert_int_equal(manage_repo_remove(fx.store, &admin, fx.repo.id, NOW + 3, &e), ERR_OK);
	assert_int_equal(manage_token_revoke(fx.store, &admin, admin.token.id, NOW + 4, &e), ERR_OK);
	x = deeds(&admin, &n);
	assert_int_equal(n, before + 6);
	is_deed(&x[0], "token.revoke", "admin", "{\"user_id\":1}");
	is_deed(&x[1], "repo.remove", "Acme/Pump", "{}");
	is_deed(&x[2], "repo.visibility", "Acme/Pump", "{\"from\":\"users\",\"to\":\"members\"}");
	is_deed(&x[3], "user.password", "tess@example.org", "{\"set\":true}");
	is_deed(&x[4], "user.disable", "tess@example.org", "{}");
	is_deed(&x[5], "user.role", "tess@example.org", "{\"from\":\"user\",\"to\":\"tester\"}");
	is_deed(&x[6], "user.add", "tess@example.org", "{\"role\":\"user\",\"password\":false}");
	assert_int_equal(x[0].user_id, admin.user_id);
	assert_int_equal(x[0].token_id, admin.token.id);
	assert_true(str_eq(x[0].actor, STR("root@example.org")));
	assert_true(str_eq(x[0].request_id, STR("00000000000000ff")));
	assert_true(str_eq(x[0].address, STR("192.0.2.1")));
	assert_int_equal(x[0].at, NOW + 4);
}

static struct token token_of(const struct identity *by)
{
	struct token_request r = { .name = STR("another"), .scopes = SCOPE_ALL, .days = 7 };
	struct token t = { 0 };
	struct err e;
	AUTO_BUF text;

	buf_init(&text, 200);
	if (manage_token_create(fx.store, fx.cfg, by, &r, NOW, &fx.arena, &t, &text, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return t;
}

/* Each thing that people change, asked for by whoever was let in a moment ago. */
static void all_is_refused(const struct identity *by, enum err_code code)
{
	struct token_request r = { .name = STR("late"), .scopes = SCOPE_BIT(SCOPE_RUNS_READ), .days = 7 };
	struct token t;
	struct user u;
	struct repo repo;
	bool is_new;
	struct err e;
	AUTO_BUF text;

	buf_init(&text, 200);
	assert_int_equal(manage_token_create(fx.store, fx.cfg, by, &r, NOW, &fx.arena, &t, &text, &e), code);
	assert_int_equal(manage_token_revoke(fx.store, by, 1, NOW, &e), code);
	assert_int_equal(
		manage_user_add(fx.store, by, STR("late@example.org"), ROLE_ADMIN, STR(""), NOW, &u, &e),
		code);
	assert_int_equal(
		change(by, by->user_id,
			(struct user_change){ .has_disabled = true, .has_role = true, .role = ROLE_ADMIN }),
		code);
	assert_int_equal(manage_repo_add(fx.store, fx.cfg, by, STR(""), STR("late/repo"), NOW, &fx.arena,
				 &repo, &is_new, &e),
		code);
	assert_int_equal(manage_repo_set_visibility(
				 fx.store, by, fx.repo.id, VISIBLE_MEMBERS, NOW, &fx.arena, &repo, &e),
		code);
	assert_int_equal(manage_repo_remove(fx.store, by, fx.repo.id, NOW, &e), code);
}

static void what_was_asked_before_a_token_was_revoked_and_comes_after_is_refused(void **state)
{
	struct identity admin = admin_of(), late = admin;
	size_t before, n;
	struct err e;
	(void)state;

	late.token = token_of(&admin);
	assert_int_equal(manage_token_revoke(fx.store, &admin, late.token.id, NOW, &e), ERR_OK);
	deeds(&admin, &before);
	all_is_refused(&late, ERR_UNAUTHORIZED);
	deeds(&admin, &n);
	assert_int_equal(n, before);
}

static void what_was_asked_before_a_user_was_disabled_or_demoted_and_comes_after_is_refused(void **state)
{
	struct identity admin = admin_of(), late = admin;
	struct user other = add(&admin, "other@example.org", ROLE_ADMIN, "");
	struct token_request r = { .name = STR("t"), .scopes = SCOPE_ALL, .days = 7 };
	struct identity by = admin;
	struct err e;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 200);
	by.kind = IDENTITY_NONE;
	by.user_id = other.id;
	assert_int_equal(
		manage_token_create(fx.store, fx.cfg, &by, &r, NOW, &fx.arena, &late.token, &text, &e),
		ERR_OK);
	late.user_id = other.id;
	assert_int_equal(
		change(&admin, other.id, (struct user_change){ .has_role = true, .role = ROLE_USER }),
		ERR_OK);
	all_is_refused(&late, ERR_FORBIDDEN);
	assert_int_equal(change(&admin, other.id,
				 (struct user_change){ .has_role = true,
					 .role = ROLE_ADMIN,
					 .has_disabled = true,
					 .disabled = true }),
		ERR_OK);
	all_is_refused(&late, ERR_UNAUTHORIZED);
}

static void a_password_that_was_changed_meanwhile_lets_nobody_in(void **state)
{
	struct identity admin = admin_of(), id;
	struct user u = add(&admin, "tess@example.org", ROLE_USER, "the old password");
	struct token_request r = { .name = STR("t"), .scopes = SCOPE_BIT(SCOPE_RUNS_READ), .days = 7 };
	struct session_start start = { .user_id = u.id, .how = "password" };
	struct session session;
	struct token t;
	struct err e;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 200);
	assert_int_equal(log_in("tess@example.org", "the old password", &id, &e), ERR_OK);
	start.by = &id;
	assert_int_equal(
		change(&admin, u.id,
			(struct user_change){ .has_password = true, .password = STR("the new password") }),
		ERR_OK);
	assert_int_equal(session_begin(fx.store, fx.cfg, &start, NOW, &fx.arena, &session, &text, &e),
		ERR_UNAUTHORIZED);
	assert_int_equal(manage_token_create(fx.store, fx.cfg, &id, &r, NOW, &fx.arena, &t, &text, &e),
		ERR_UNAUTHORIZED);
	assert_int_equal(log_in("tess@example.org", "the new password", &id, &e), ERR_OK);
	assert_int_equal(
		session_begin(fx.store, fx.cfg, &start, NOW, &fx.arena, &session, &text, &e), ERR_OK);
}

static void what_changes_nothing_leaves_no_row(void **state)
{
	struct identity admin = admin_of();
	struct token other;
	struct repo repo;
	size_t before, n;
	bool is_new;
	struct err e;
	(void)state;

	other = token_of(&admin);
	assert_int_equal(manage_token_revoke(fx.store, &admin, other.id, NOW, &e), ERR_OK);
	deeds(&admin, &before);
	assert_int_equal(manage_token_revoke(fx.store, &admin, other.id, NOW, &e), ERR_OK);
	assert_int_equal(manage_token_revoke(fx.store, &admin, 999, NOW, &e), ERR_NOT_FOUND);
	assert_int_equal(
		change(&admin, admin.user_id,
			(struct user_change){ .has_role = true, .role = ROLE_ADMIN, .has_disabled = true }),
		ERR_OK);
	assert_int_equal(
		change(&admin, admin.user_id, (struct user_change){ .has_role = true, .role = ROLE_USER }),
		ERR_CONFLICT);
	assert_int_equal(manage_repo_add(fx.store, fx.cfg, &admin, STR(""), STR("ACME/pump"), NOW, &fx.arena,
				 &repo, &is_new, &e),
		ERR_OK);
	assert_int_equal(manage_repo_set_visibility(
				 fx.store, &admin, fx.repo.id, VISIBLE_USERS, NOW, &fx.arena, &repo, &e),
		ERR_OK);
	deeds(&admin, &n);
	assert_int_equal(n, before);
}

static void what_init_did_is_there_too(void **state)
{
	struct identity admin = admin_of();
	struct audit_entry *x;
	size_t n;
	(void)state;

	x = deeds(&admin, &n);
	assert_true(n >= 3); /* and the repo of the fixture */
	is_deed(&x[1], "user.add", "root@example.org", "{\"role\":\"admin\"}");
	assert_true(str_eq(x[0].action, STR("token.create")));
	assert_true(str_eq(x[0].actor, STR("sluice init")));
	assert_int_equal(x[0].user_id, 0);
}

static void the_audit_is_for_admins(void **state)
{
	struct identity tester = admin_of();
	struct audit_query q = { .limit = 10 };
	struct audit_entry *list;
	int64_t total;
	size_t n;
	struct err e;
	(void)state;

	tester.role = ROLE_CONTRIBUTOR;
	assert_int_equal(audit_read(fx.store, &tester, &q, &fx.arena, &list, &n, &total, &e), ERR_FORBIDDEN);
}

/* ---- how long it is kept ---- */

struct filled {
	struct store_op op;
	int64_t user_id;
};

static enum err_code fill(struct store_op *op, struct db *db, struct err *e)
{
	struct filled *w = (struct filled *)(void *)op;

	for (int i = 0; i < 120; i++) { /* more than one transaction of the janitor */
		struct session s = { .user_id = w->user_id, .expires_at = i < 60 ? NOW : NOW + 9 * DAY_MS };
		struct sign_in in = { .expires_at = i < 60 ? NOW : NOW + 9 * DAY_MS };

		memset(s.digest.b, i, sizeof s.digest.b);
		memset(in.state.b, i, sizeof in.state.b);
		TRY(sessions_add(db, &s, e));
		TRY(sign_ins_add(db, &in, e));
		TRY(audit_deed(db, &fixture_server,
			&(struct deed_done){
				DEED_REPO_ADD, 1, STR("x"), STR(""), NOW + (i < 60 ? 0 : 2) * DAY_MS },
			e));
	}
	return ERR_OK;
}

static int64_t forgotten(enum chore chore, bool dry, int64_t now)
{
	struct chore_report reports[CHORE_N];
	struct err e = { 0 };
	size_t n = 0;

	fx.cfg->chores_off = ~(1u << chore);
	if (janitor_pass(fx.store, fx.cfg, dry, now, reports, &n, &e) != ERR_OK ||
		reports[0].failed != ERR_OK)
		fail_msg("%s%s", e.text, reports[0].message);
	assert_int_equal(n, 1);
	return reports[0].rows;
}

static void sessions_and_deeds_go_when_their_time_is_over(void **state)
{
	struct identity admin = admin_of();
	struct filled w = { .op = { .apply = fill, .bytes = sizeof w }, .user_id = admin.user_id };
	struct err e;
	(void)state;

	assert_int_equal(store_write(fx.store, &w.op, &e), ERR_OK);
	assert_int_equal(forgotten(CHORE_SESSIONS, true, NOW + DAY_MS), 0);
	assert_int_equal(forgotten(CHORE_SESSIONS, true, NOW + DAY_MS + 1), 60); /* the sign-ins */
	assert_int_equal(forgotten(CHORE_SESSIONS, false, NOW + 7 * DAY_MS + 1), 120);
	assert_int_equal(forgotten(CHORE_SESSIONS, false, NOW + 7 * DAY_MS + 1), 0);
	fx.cfg->audit_days = 0;
	assert_int_equal(forgotten(CHORE_AUDIT, false, NOW + 9999 * DAY_MS), 0);
	fx.cfg->audit_days = 365;
	assert_int_equal(forgotten(CHORE_AUDIT, false, NOW + 365 * DAY_MS), 0);
	assert_int_equal(forgotten(CHORE_AUDIT, true, NOW + 366 * DAY_MS), 63); /* and those of the set-up */
	assert_int_equal(forgotten(CHORE_AUDIT, false, NOW + 366 * DAY_MS), 63);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_up, fixture_down)
int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_password_lets_its_user_in_with_what_the_role_allows),
		TEST(whatever_is_wrong_with_a_password_is_told_alike),
		TEST(a_password_is_changed_and_taken_away),
		TEST(users_are_for_admins_whose_token_is_not_bound),
		TEST(a_change_is_made_as_a_whole_or_not_at_all),
		TEST(a_machines_token_lasts_longer_is_bound_and_does_not_rule),
		TEST(a_token_of_a_host_holds_what_says_a_host_and_makes_only_such),
		TEST(a_list_of_tokens_shows_what_they_are_good_for_now),
		TEST(every_deed_leaves_a_row_with_who_and_from_where),
		TEST(what_was_asked_before_a_token_was_revoked_and_comes_after_is_refused),
		TEST(what_was_asked_before_a_user_was_disabled_or_demoted_and_comes_after_is_refused),
		TEST(a_password_that_was_changed_meanwhile_lets_nobody_in),
		TEST(what_changes_nothing_leaves_no_row),
		TEST(what_init_did_is_there_too),
		TEST(the_audit_is_for_admins),
		TEST(sessions_and_deeds_go_when_their_time_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
