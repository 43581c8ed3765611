/* repos.c, users.c, tokens.c, actions.c. */
#include "tests/store/fixture.h"

#include <stdio.h>
#include <string.h>

/* ---- repos ---- */

struct add_call {
	const char *name;
	int64_t id;
	bool is_new;
};

static enum err_code add_w(struct db *db, void *arg, struct err *e)
{
	struct add_call *c = arg;

	return repos_add(db, STR("home"), str_z(c->name), T0, &c->id, &c->is_new, e);
}

static void a_repo_added_again_in_another_case_is_the_same(void **state)
{
	struct add_call a = { .name = "Acme/Pump" }, b = { .name = "acme/PUMP" },
			c = { .name = "acme/valve" };
	(void)state;

	must_write(add_w, &a);
	must_write(add_w, &b);
	must_write(add_w, &c);
	assert_true(a.is_new);
	assert_false(b.is_new);
	assert_int_equal(a.id, b.id);
	assert_true(c.is_new);
	assert_int_equal(c.id, a.id + 1);
}

static struct db *reader(void)
{
	struct db *db = NULL;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	return db;
}

static void a_repo_is_found_without_case_and_shown_as_it_was_added(void **state)
{
	struct add_call a = { .name = "Acme/Pump" };
	struct repo r;
	struct db *db;
	struct err e;
	(void)state;

	must_write(add_w, &a);
	db = reader();
	must(repos_find(db, &fx.arena, STR("home"), STR("ACME/pump"), &r, &e), &e);
	equals(r.name, "Acme/Pump");
	equals(r.forge, "home");
	assert_int_equal(r.id, a.id);
	assert_int_equal(r.added_at, T0);
	must(repos_get(db, &fx.arena, a.id, &r, &e), &e);
	equals(r.name, "Acme/Pump");
	assert_int_equal(repos_find(db, &fx.arena, STR("hub"), STR("acme/pump"), &r, &e), ERR_NOT_FOUND);
	assert_int_equal(repos_get(db, &fx.arena, 99, &r, &e), ERR_NOT_FOUND);
	store_reader_put(fx.store, db);
}

static void repos_are_listed_by_name_and_filtered(void **state)
{
	struct repo *list = NULL;
	size_t n = 0;
	int64_t total = 0;
	struct db *db;
	struct err e;
	(void)state;

	add_repo("hub", "b/b");
	add_repo("home", "B/b");
	add_repo("home", "a/a");
	db = reader();
	must(repos_list(db, &fx.arena, STR(""), STR(""), 2, 0, &list, &n, &total, &e), &e);
	assert_int_equal(n, 2);
	assert_int_equal(total, 3);
	equals(list[0].name, "a/a");
	equals(list[1].name, "B/b");
	must(repos_list(db, &fx.arena, STR(""), STR(""), 2, 2, &list, &n, &total, &e), &e);
	assert_int_equal(n, 1);
	equals(list[0].forge, "hub");
	must(repos_list(db, &fx.arena, STR("home"), STR("b/B"), 10, 0, &list, &n, &total, &e), &e);
	assert_int_equal(n, 1);
	assert_int_equal(total, 1);
	must(repos_list(db, &fx.arena, STR("nowhere"), STR(""), 10, 0, &list, &n, &total, &e), &e);
	assert_int_equal(n, 0);
	assert_int_equal(total, 0);
	store_reader_put(fx.store, db);
}

static enum err_code add_many_w(struct db *db, void *arg, struct err *e)
{
	int *n = arg;
	char name[30];
	int64_t id;
	bool is_new;

	for (int i = 0; i < *n; i++) {
		snprintf(name, sizeof name, "many/%d", i);
		TRY(repos_add(db, STR("home"), str_z(name), T0, &id, &is_new, e));
	}
	return ERR_OK;
}

static int64_t total_of_repos(void)
{
	struct repo *list;
	size_t n;
	int64_t total = 0;
	struct db *db = reader();
	struct err e;

	must(repos_list(db, &fx.arena, STR(""), STR(""), 1, 0, &list, &n, &total, &e), &e);
	store_reader_put(fx.store, db);
	return total;
}

static void a_total_is_exact_to_ten_thousand_and_unknown_beyond(void **state)
{
	int n = 10000;
	(void)state;

	must_write(add_many_w, &n);
	assert_int_equal(total_of_repos(), 10000);
	add_repo("home", "one/more");
	assert_int_equal(total_of_repos(), -1);
}

static enum err_code remove_w(struct db *db, void *arg, struct err *e)
{
	return repos_remove(db, *(int64_t *)arg, T0 + 5, e);
}

static enum err_code add_user_w(struct db *db, void *arg, struct err *e)
{
	return users_add(db, STR("Ada@example.org"), STR(""), ROLE_ADMIN, T0, arg, e);
}

static struct token a_token(int64_t user_id, char digest, int64_t repo_id)
{
	struct token t = {
		.user_id = user_id,
		.name = STR("runner"),
		.scopes = SCOPE_BIT(SCOPE_LOGS_WRITE) | SCOPE_BIT(SCOPE_LOGS_READ),
		.repo_id = repo_id,
		.created_at = T0,
		.expires_at = T0 + 1000,
	};

	memset(t.digest.b, digest, sizeof t.digest.b);
	return t;
}

static enum err_code add_token_w(struct db *db, void *arg, struct err *e)
{
	return tokens_add(db, arg, e);
}

static struct token token_with(char digest)
{
	struct token t = { 0 };
	struct sha256 d;
	struct db *db = reader();
	struct err e;

	memset(d.b, digest, sizeof d.b);
	must(tokens_by_digest(db, &fx.arena, &d, &t, &e), &e);
	store_reader_put(fx.store, db);
	return t;
}

static void a_repo_goes_with_all_it_has_and_takes_nothing_else(void **state)
{
	int64_t gone = add_repo("home", "acme/pump"), stays = add_repo("home", "acme/valve"), user;
	struct step_facts f = a_step("make");
	struct token bound, other, free_one;
	(void)state;

	must_write(add_user_w, &user);
	bound = a_token(user, 1, gone);
	other = a_token(user, 2, stays);
	free_one = a_token(user, 3, 0);
	must_write(add_token_w, &bound);
	must_write(add_token_w, &other);
	must_write(add_token_w, &free_one);
	put(gone, &f, "x", T0);
	put(stays, &f, "y", T0);
	must_write(remove_w, &gone);
	assert_int_equal(ask("SELECT count(*) FROM repo"), 1);
	assert_int_equal(ask("SELECT count(*) FROM run"), 1);
	assert_int_equal(ask("SELECT count(*) FROM job"), 1);
	assert_int_equal(ask("SELECT count(*) FROM step"), 1);
	assert_int_equal(ask("SELECT count(*) FROM tail"), 1);
	equals(account_of_sha(stays, SHA_A).steps[0].text, "y");
	assert_int_equal(token_with(1).revoked_at, T0 + 5);
	assert_int_equal(token_with(1).repo_id, gone); /* still not good for any other repo */
	assert_int_equal(token_with(2).revoked_at, 0);
	assert_int_equal(token_with(3).revoked_at, 0);
}

static void removing_a_repo_that_is_not_there_says_so(void **state)
{
	int64_t id = 17;
	struct err e;
	(void)state;

	assert_int_equal(try_write(remove_w, &id, &e), ERR_NOT_FOUND);
}

static void ids_are_never_given_twice(void **state)
{
	int64_t first = add_repo("home", "acme/pump"), second;
	struct step_facts f = a_step("make");
	int64_t run;
	(void)state;

	put(first, &f, "x", T0);
	run = ask("SELECT max(id) FROM run");
	must_write(remove_w, &first);
	store_again();
	second = add_repo("home", "acme/valve");
	assert_true(second > first);
	put(second, &f, "x", T0);
	assert_true(ask("SELECT max(id) FROM run") > run);
}

/* ---- users ---- */

static void an_address_has_one_user(void **state)
{
	int64_t id = 0;
	struct err e;
	(void)state;

	must_write(add_user_w, &id);
	assert_int_equal(try_write(add_user_w, &id, &e), ERR_CONFLICT);
	assert_int_equal(ask("SELECT count(*) FROM users"), 1);
}

static void the_first_admin_is_found_once_there_is_one(void **state)
{
	struct db *db = reader();
	int64_t id = 0, found = 0;
	struct err e;
	(void)state;

	assert_int_equal(users_first_admin(db, &found, &e), ERR_NOT_FOUND);
	must_write(add_user_w, &id);
	must(users_first_admin(db, &found, &e), &e);
	assert_int_equal(found, id);
	store_reader_put(fx.store, db);
}

/* ---- tokens ---- */

static void a_token_is_read_back_with_its_users_role_and_its_repos_name(void **state)
{
	int64_t repo = add_repo("home", "Acme/Pump"), user;
	struct token t, got;
	(void)state;

	must_write(add_user_w, &user);
	t = a_token(user, 7, repo);
	must_write(add_token_w, &t);
	got = token_with(7);
	assert_int_equal(got.id, t.id);
	assert_int_equal(got.user_id, user);
	equals(got.name, "runner");
	assert_int_equal(got.scopes, t.scopes);
	assert_int_equal(got.role, ROLE_ADMIN);
	assert_int_equal(got.repo_id, repo);
	equals(got.repo, "Acme/Pump");
	assert_int_equal(got.created_at, T0);
	assert_int_equal(got.expires_at, T0 + 1000);
	assert_int_equal(got.revoked_at, 0);
	assert_true(sha256_equal(&got.digest, &t.digest));
}

static void an_unknown_digest_is_not_found(void **state)
{
	struct token t;
	struct sha256 d = { { 9 } };
	struct db *db = reader();
	struct err e;
	(void)state;

	assert_int_equal(tokens_by_digest(db, &fx.arena, &d, &t, &e), ERR_NOT_FOUND);
	store_reader_put(fx.store, db);
}

static void a_digest_is_stored_once(void **state)
{
	int64_t user;
	struct token t;
	struct err e;
	(void)state;

	must_write(add_user_w, &user);
	t = a_token(user, 7, 0);
	must_write(add_token_w, &t);
	assert_int_equal(try_write(add_token_w, &t, &e), ERR_CONFLICT);
}

static void a_token_whose_scope_is_unknown_here_is_refused(void **state)
{
	int64_t user;
	struct token t;
	struct db *db;
	struct err e;
	(void)state;

	must_write(add_user_w, &user);
	t = a_token(user, 7, 0);
	must_write(add_token_w, &t);
	tell("UPDATE token SET scopes = 'logs:read world:rule'");
	db = reader();
	assert_int_equal(tokens_by_digest(db, &fx.arena, &t.digest, &t, &e), ERR_STORAGE);
	store_reader_put(fx.store, db);
}

struct revoke_call {
	int64_t id, user_id, now;
};

static enum err_code revoke_w(struct db *db, void *arg, struct err *e)
{
	struct revoke_call *c = arg;

	return tokens_revoke(db, c->id, c->user_id, c->now, e);
}

static void a_revocation_keeps_its_first_time_and_is_held_to_the_owner(void **state)
{
	int64_t user;
	struct token t;
	struct revoke_call c;
	struct err e;
	(void)state;

	must_write(add_user_w, &user);
	t = a_token(user, 7, 0);
	must_write(add_token_w, &t);
	c = (struct revoke_call){ t.id, user + 1, T0 + 1 };
	assert_int_equal(try_write(revoke_w, &c, &e), ERR_NOT_FOUND);
	assert_int_equal(token_with(7).revoked_at, 0);
	c.user_id = user;
	must_write(revoke_w, &c);
	c.user_id = 0;
	c.now = T0 + 2;
	must_write(revoke_w, &c);
	assert_int_equal(token_with(7).revoked_at, T0 + 1);
	c.id = 4711;
	assert_int_equal(try_write(revoke_w, &c, &e), ERR_NOT_FOUND);
}

static void tokens_are_listed_newest_first_and_by_user(void **state)
{
	struct token t, *list = NULL;
	int64_t user, total = 0;
	size_t n = 0;
	struct db *db;
	struct err e;
	(void)state;

	must_write(add_user_w, &user);
	for (char i = 1; i <= 5; i++) {
		t = a_token(user, i, 0);
		must_write(add_token_w, &t);
	}
	db = reader();
	must(tokens_list(db, &fx.arena, &(struct token_query){ .user_id = user, .limit = 3, .offset = 1 },
		     &list, &n, &total, &e),
		&e);
	assert_int_equal(n, 3);
	assert_int_equal(total, 5);
	assert_int_equal(list[0].digest.b[0], 4);
	must(tokens_list(db, &fx.arena, &(struct token_query){ .user_id = user + 1, .limit = 3 }, &list, &n,
		     &total, &e),
		&e);
	assert_int_equal(n, 0);
	assert_int_equal(total, 0);
	must(tokens_list(db, &fx.arena, &(struct token_query){ .limit = 50 }, &list, &n, &total, &e), &e);
	assert_int_equal(n, 5);
	store_reader_put(fx.store, db);
}

/* ---- actions ---- */

static enum err_code add_action_w(struct db *db, void *arg, struct err *e)
{
	struct action x = { .at = *(int64_t *)arg,
		.rows = 3,
		.bytes = 4,
		.chore = STR("log_retention"),
		.mode = STR("heal"),
		.message = STR("deleted") };

	return actions_add(db, &x, 5, e);
}

static void only_the_newest_actions_are_kept(void **state)
{
	struct action *list = NULL;
	int64_t total = 0;
	size_t n = 0;
	struct db *db;
	struct err e;
	(void)state;

	for (int64_t at = 1; at <= 8; at++)
		must_write(add_action_w, &at);
	db = reader();
	must(actions_list(db, &fx.arena, 3, 1, &list, &n, &total, &e), &e);
	store_reader_put(fx.store, db);
	assert_int_equal(total, 5);
	assert_int_equal(n, 3);
	assert_int_equal(list[0].at, 7);
	assert_int_equal(list[0].rows, 3);
	assert_int_equal(list[0].bytes, 4);
	equals(list[0].chore, "log_retention");
	equals(list[0].mode, "heal");
	equals(list[0].message, "deleted");
	assert_int_equal(list[2].at, 5);
}

#define T(name) cmocka_unit_test_setup_teardown(name, store_up, store_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_repo_added_again_in_another_case_is_the_same),
		T(a_repo_is_found_without_case_and_shown_as_it_was_added),
		T(repos_are_listed_by_name_and_filtered),
		T(a_total_is_exact_to_ten_thousand_and_unknown_beyond),
		T(a_repo_goes_with_all_it_has_and_takes_nothing_else),
		T(removing_a_repo_that_is_not_there_says_so),
		T(ids_are_never_given_twice),
		T(an_address_has_one_user),
		T(the_first_admin_is_found_once_there_is_one),
		T(a_token_is_read_back_with_its_users_role_and_its_repos_name),
		T(an_unknown_digest_is_not_found),
		T(a_digest_is_stored_once),
		T(a_token_whose_scope_is_unknown_here_is_refused),
		T(a_revocation_keeps_its_first_time_and_is_held_to_the_owner),
		T(tokens_are_listed_newest_first_and_by_user),
		T(only_the_newest_actions_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
