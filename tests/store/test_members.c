/* members.c: which repos a forge is to be asked about, and how long what it said stays. */
#include "tests/store/fixture.h"

#include "store/access_nouns.h"

#include <stdio.h>
#include <string.h>

static int64_t ann, repos[4]; /* "home": a, b and for all c; "away": d */

static enum err_code user_w(struct db *db, void *arg, struct err *e)
{
	return users_add(db, STR("ann@example.org"), STR(""), ROLE_USER, T0, arg, e);
}

static enum err_code members_w(struct db *db, void *arg, struct err *e)
{
	return repos_set_visibility(db, *(int64_t *)arg, VISIBLE_MEMBERS, e);
}

static int set_up(void **state)
{
	static const char *const names[4] = { "acme/a", "acme/b", "acme/c", "acme/d" };

	if (store_up(state) != 0)
		return -1;
	must_write(user_w, &ann);
	for (int i = 0; i < 4; i++) {
		repos[i] = add_repo(i == 3 ? "away" : "home", names[i]);
		if (i != 2)
			must_write(members_w, &repos[i]);
	}
	return 0;
}

struct put_call {
	int repo;
	int64_t at;
};

static enum err_code put_w(struct db *db, void *arg, struct err *e)
{
	struct put_call *c = arg;

	return members_put(db, ann, repos[c->repo], true, c->at, e);
}

static void asked_about(int repo, int64_t at)
{
	struct put_call c = { repo, at };

	must_write(put_w, &c);
}

static void assert_next(const char *forge, int64_t limit, const char *want)
{
	struct member_repo *list = NULL;
	struct db *db = NULL;
	char got[100] = "";
	size_t n = 0;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(members_repos(db, &fx.arena, ann, str_z(forge), limit, &list, &n, &e), &e);
	store_reader_put(fx.store, db);
	for (size_t i = 0; i < n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s ", STR_FMT(list[i].name));
	assert_string_equal(got, want);
}

static void those_come_first_that_were_asked_about_longest_ago(void **state)
{
	(void)state;
	assert_next("HOME", 10, "acme/a acme/b ");
	asked_about(0, T0);
	assert_next("home", 10, "acme/b acme/a ");
	assert_next("home", 1, "acme/b ");
	asked_about(1, T0 + 1);
	assert_next("home", 10, "acme/a acme/b ");
	assert_next("away", 10, "acme/d ");
	assert_next("nowhere", 10, "");
}

static enum err_code fork_w(struct db *db, void *arg, struct err *e)
{
	struct repo of;

	TRY(repos_get(db, &fx.arena, repos[0], &of, e));
	return repos_add_fork(db, &of, STR("bo/a"), T0, arg, e);
}

/* It is seen as its repo is, so nobody needs to ask about it; until it is watched itself. */
static void no_forge_is_asked_about_a_fork(void **state)
{
	int64_t fork;
	(void)state;

	must_write(fork_w, &fork);
	assert_next("home", 10, "acme/a acme/b ");
	assert_int_equal(add_repo("home", "bo/a"), fork);
	assert_next("home", 10, "acme/a acme/b bo/a ");
}

struct expire_call {
	int64_t before, limit, rows;
};

static enum err_code expire_w(struct db *db, void *arg, struct err *e)
{
	struct expire_call *c = arg;

	return members_expire(db, c->before, c->limit, false, &c->rows, e);
}

static void what_was_said_long_ago_is_forgotten_some_at_a_time(void **state)
{
	struct expire_call c = { .before = T0 + 2, .limit = 1 };
	struct db *db = NULL;
	int64_t rows = 0;
	struct err e;
	(void)state;

	asked_about(0, T0);
	asked_about(1, T0 + 1);
	asked_about(3, T0 + 2);
	must(store_reader_get(fx.store, &db, &e), &e);
	must(members_expire(db, c.before, c.limit, true, &rows, &e), &e);
	store_reader_put(fx.store, db);
	assert_int_equal(rows, 2);
	for (int i = 0; i < 2; i++) {
		must_write(expire_w, &c);
		assert_int_equal(c.rows, 1);
	}
	must_write(expire_w, &c);
	assert_int_equal(c.rows, 0);
	assert_int_equal(ask("SELECT count(*) FROM member"), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_forge_is_asked_about_a_fork, set_up, store_down),
		cmocka_unit_test_setup_teardown(
			those_come_first_that_were_asked_about_longest_ago, set_up, store_down),
		cmocka_unit_test_setup_teardown(
			what_was_said_long_ago_is_forgotten_some_at_a_time, set_up, store_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
