/* forge_runs.c: what is known of a run is never less than what was heard, in whatever order that came. */
#include "tests/store/fixture.h"

#include "store/dispatch_nouns.h"

#include <stdio.h>
#include <string.h>

static int64_t repo;

static int set_up(void **state)
{
	if (store_up(state) != 0)
		return -1;
	repo = add_repo("home", "acme/pump");
	return 0;
}

/* ---- deliveries ---- */

struct take_call {
	const char *hook, *delivery;
	bool is_new;
};

static enum err_code take_w(struct db *db, void *arg, struct err *e)
{
	struct take_call *c = arg;

	return deliveries_take(db, str_z(c->hook), str_z(c->delivery), T0, &c->is_new, e);
}

static bool takes(const char *hook, const char *delivery)
{
	struct take_call c = { .hook = hook, .delivery = delivery };

	must_write(take_w, &c);
	return c.is_new;
}

static void a_delivery_is_new_once_a_hook(void **state)
{
	(void)state;
	assert_true(takes("forgejo", "a"));
	assert_false(takes("forgejo", "a"));
	assert_true(takes("gitea", "a"));
	assert_true(takes("forgejo", "A"));
	assert_int_equal(ask("SELECT count(*) FROM hook_delivery"), 3);
}

/* ---- runs ---- */

struct put_call {
	struct heard_run x;
	int64_t id;
	bool due;
};

static enum err_code put_w(struct db *db, void *arg, struct err *e)
{
	struct put_call *c = arg;

	return forge_runs_put(db, &c->x, &c->id, &c->due, e);
}

static struct put_call hear(struct heard_run x)
{
	struct put_call c = { .x = x };

	must_write(put_w, &c);
	return c;
}

/* What is told of run 7, at its barest. */
static struct heard_run said(const char *conclusion, int64_t said_at)
{
	return (struct heard_run){ .repo_id = repo,
		.head_sha = STR(SHA_A),
		.external_run_id = STR("7"),
		.attempt = 1,
		.conclusion = str_z(conclusion),
		.said_at = said_at,
		.heard_at = T0 + said_at,
		.heard_by = STR("hook") };
}

static struct heard_run known(int64_t attempt)
{
	struct heard_run x = { 0 };
	struct db *db = NULL;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(forge_runs_find(db, &fx.arena, repo, STR("7"), attempt, &x, &e), &e);
	store_reader_put(fx.store, db);
	return x;
}

static void a_run_is_due_when_it_is_over(void **state)
{
	struct put_call c = hear(said("running", 1));
	struct heard_run x;
	(void)state;

	assert_false(c.due);
	assert_false(known(1).due);
	c = hear(said("failure", 2));
	assert_true(c.due);
	x = known(1);
	assert_int_equal(x.id, c.id);
	assert_true(x.due);
	equals(x.conclusion, "failure");
	assert_int_equal(x.heard_at, T0 + 2);
	assert_int_equal(ask("SELECT count(*) FROM forge_run"), 1);
}

static void what_is_over_does_not_run_again_in_the_same_attempt(void **state)
{
	struct heard_run second = said("running", 5);
	(void)state;

	hear(said("failure", 0));
	hear(said("running", 0));
	equals(known(1).conclusion, "failure");
	hear(said("running", 4));
	equals(known(1).conclusion, "failure");
	second.attempt = 2;
	assert_false(hear(second).due);
	equals(known(1).conclusion, "failure");
	equals(known(2).conclusion, "running");
}

static void the_later_of_two_conclusions_stands_in_whichever_order_they_come(void **state)
{
	(void)state;
	hear(said("success", 9));
	hear(said("failure", 8)); /* it was held up */
	equals(known(1).conclusion, "success");
	assert_int_equal(known(1).said_at, 9);
	hear(said("failure", 10));
	equals(known(1).conclusion, "failure");
	hear(said("success", 0)); /* without a time: what is heard last */
	equals(known(1).conclusion, "success");
	assert_int_equal(known(1).said_at, 10);
}

static void what_is_not_told_takes_nothing_away(void **state)
{
	struct heard_run full = said("running", 5), bare = said("failure", 6), stale = said("running", 1), x;
	(void)state;

	full.branch = STR("main");
	full.workflow = STR("ci.yml");
	full.url = STR("https://git.example.org/1");
	full.author = STR("ada");
	hear(full);
	bare.head_sha = STR("");
	bare.workflow = STR("CI");
	hear(bare);
	stale.branch = STR("old");
	stale.target_branch = STR("main");
	stale.pull_request = 12;
	hear(stale);
	x = known(1);
	equals(x.head_sha, SHA_A);
	equals(x.branch, "main");
	equals(x.workflow, "CI");
	equals(x.url, "https://git.example.org/1");
	equals(x.author, "ada");
	equals(x.target_branch, "main"); /* stale, but better than nothing */
	assert_int_equal(x.pull_request, 12);
	equals(x.conclusion, "failure");
}

static void no_attempt_is_the_first(void **state)
{
	struct heard_run x = said("failure", 0);
	(void)state;

	x.attempt = 0;
	hear(x);
	assert_int_equal(known(1).attempt, 1);
}

/* Gitea's hooks, and Forgejo's: a run that is run again keeps its id, and nobody counts. */
static void without_attempts_what_begins_after_the_end_is_the_next(void **state)
{
	struct heard_run x = said("failure", 20);
	(void)state;

	x.attempt = 0;
	x.began_at = 10;
	hear(x);
	x.said_at = 21; /* told again, as it was */
	assert_int_equal(hear(x).id, known(1).id);
	x.conclusion = STR("running"); /* it waits: it has not begun */
	x.began_at = 0;
	x.said_at = 0;
	assert_int_equal(hear(x).id, known(1).id);
	equals(known(0).conclusion, "failure");
	x.conclusion = STR("failure"); /* that it ran was not told */
	x.began_at = 22;
	x.said_at = 30;
	assert_true(hear(x).due);
	assert_int_equal(known(0).attempt, 2);
	equals(known(1).conclusion, "failure");
	x.conclusion = STR("running");
	x.began_at = 31;
	x.said_at = 31;
	assert_false(hear(x).due);
	x.conclusion = STR("success");
	x.said_at = 40;
	assert_true(hear(x).due);
	assert_int_equal(known(0).attempt, 3);
	equals(known(3).conclusion, "success");
	assert_int_equal(ask("SELECT count(*) FROM forge_run"), 3);
}

/* Who counts is believed. */
static void an_attempt_that_is_told_is_that_one_whenever_it_began(void **state)
{
	struct heard_run x = said("failure", 20);
	(void)state;

	hear(x);
	x.began_at = 22;
	x.said_at = 30;
	hear(x);
	assert_int_equal(ask("SELECT count(*) FROM forge_run"), 1);
}

static enum err_code settle_w(struct db *db, void *arg, struct err *e)
{
	return forge_runs_settle(db, arg, e);
}

static size_t n_due(void)
{
	struct heard_run *runs = NULL;
	struct db *db = NULL;
	struct err e;
	size_t n = 0;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(forge_runs_due(db, &fx.arena, 10, &runs, &n, &e), &e);
	store_reader_put(fx.store, db);
	for (size_t i = 1; i < n; i++)
		assert_true(runs[i - 1].heard_at <= runs[i].heard_at);
	return n;
}

static void what_was_looked_at_is_due_again_only_when_something_else_was_heard(void **state)
{
	struct heard_run as_read;
	(void)state;

	hear(said("failure", 1));
	assert_int_equal(n_due(), 1);
	as_read = known(1);
	hear(said("success", 2)); /* while it was looked at */
	must_write(settle_w, &as_read);
	assert_int_equal(n_due(), 1);
	as_read = known(1);
	must_write(settle_w, &as_read);
	assert_int_equal(n_due(), 0);
	hear(said("success", 3));
	assert_int_equal(n_due(), 0);
	hear(said("failure", 4));
	assert_int_equal(n_due(), 1);
}

static void due_runs_come_in_the_order_in_which_they_were_heard_of(void **state)
{
	struct heard_run x = said("failure", 0);
	(void)state;

	for (int i = 0; i < 5; i++) {
		char id[10];

		snprintf(id, sizeof id, "%d", 100 + i);
		x.external_run_id = str_z(id);
		x.heard_at = T0 + 100 - i;
		hear(x);
	}
	assert_int_equal(n_due(), 5);
}

static void a_run_that_nothing_was_heard_of_is_not_found(void **state)
{
	struct heard_run x;
	struct db *db = NULL;
	struct err e;
	(void)state;

	hear(said("failure", 0));
	must(store_reader_get(fx.store, &db, &e), &e);
	assert_int_equal(forge_runs_find(db, &fx.arena, repo, STR("7"), 2, &x, &e), ERR_NOT_FOUND);
	assert_int_equal(forge_runs_get(db, &fx.arena, 99, &x, &e), ERR_NOT_FOUND);
	must(forge_runs_get(db, &fx.arena, known(1).id, &x, &e), &e);
	store_reader_put(fx.store, db);
	equals(x.external_run_id, "7");
}

/* ---- heads ---- */

struct head_call {
	struct forge_head x;
	bool changed;
};

static enum err_code head_w(struct db *db, void *arg, struct err *e)
{
	struct head_call *c = arg;

	return forge_heads_put(db, repo, &c->x, &c->changed, e);
}

static bool push(const char *before, const char *after)
{
	struct head_call c = { .x = { .branch = STR("main"),
				       .head_sha = str_z(after),
				       .before_sha = str_z(before),
				       .author = STR("ada"),
				       .heard_at = T0 } };

	must_write(head_w, &c);
	return c.changed;
}

static bool pull(int64_t number, const char *sha, int64_t said_at)
{
	struct head_call c = { .x = { .pull_request = number, .head_sha = str_z(sha), .said_at = said_at } };

	must_write(head_w, &c);
	return c.changed;
}

static struct str head_of(const char *branch, int64_t number)
{
	struct forge_head x = { 0 };
	struct db *db = NULL;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(forge_heads_get(db, &fx.arena, repo, str_z(branch), number, &x, &e), &e);
	store_reader_put(fx.store, db);
	return x.head_sha;
}

static void a_branch_stands_where_its_last_push_led(void **state)
{
	(void)state;
	assert_true(push("", "a"));
	assert_false(push("", "a"));
	assert_true(push("b", "c")); /* a -> b comes late */
	assert_false(push("a", "b"));
	equals(head_of("main", 0), "c");
	assert_true(push("c", "b")); /* and back again by force */
	equals(head_of("main", 0), "b");
	assert_true(push("b", ""));
	equals(head_of("main", 0), "");
	assert_true(push("", "d"));
	assert_true(push("x", "")); /* of what stood at x nothing was heard */
	equals(head_of("main", 0), "");
}

static void a_pull_request_stands_where_the_forge_said_last(void **state)
{
	struct forge_head x;
	struct db *db = NULL;
	struct err e;
	(void)state;

	assert_true(pull(12, "a", 5));
	assert_true(pull(12, "b", 7));
	assert_false(pull(12, "c", 6));
	equals(head_of("", 12), "b");
	assert_true(pull(12, "", 8));
	equals(head_of("", 12), "");
	must(store_reader_get(fx.store, &db, &e), &e);
	assert_int_equal(forge_heads_get(db, &fx.arena, repo, STR("12"), 0, &x, &e), ERR_NOT_FOUND);
	assert_int_equal(forge_heads_get(db, &fx.arena, repo, STR(""), 1, &x, &e), ERR_NOT_FOUND);
	store_reader_put(fx.store, db);
}

/* ---- what goes ---- */

typedef enum err_code expire_fn(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

struct expire_call {
	expire_fn *fn;
	int64_t before, limit, rows;
};

static enum err_code expire_w(struct db *db, void *arg, struct err *e)
{
	struct expire_call *c = arg;

	return c->fn(db, c->before, c->limit, false, &c->rows, e);
}

static int64_t expired(expire_fn *fn, int64_t before, int64_t limit)
{
	struct expire_call c = { fn, before, limit, 0 };

	must_write(expire_w, &c);
	return c.rows;
}

static int64_t would_expire(expire_fn *fn, int64_t before)
{
	struct db *db = NULL;
	int64_t n = 0;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(fn(db, before, 0, true, &n, &e), &e);
	store_reader_put(fx.store, db);
	return n;
}

static void what_is_old_goes_some_at_a_time(void **state)
{
	struct heard_run x = said("failure", 0);
	(void)state;

	takes("forgejo", "a");
	takes("forgejo", "b");
	hear(x);
	x.external_run_id = STR("8");
	hear(x);
	push("", "a");
	pull(1, "", 0);
	assert_int_equal(would_expire(deliveries_expire, T0), 0);
	assert_int_equal(would_expire(deliveries_expire, T0 + 1), 2);
	assert_int_equal(expired(deliveries_expire, T0 + 1, 1), 1);
	assert_int_equal(expired(deliveries_expire, T0 + 1, 10), 1);
	assert_true(takes("forgejo", "a"));
	assert_int_equal(would_expire(forge_runs_expire, T0), 0);
	assert_int_equal(would_expire(forge_runs_expire, T0 + 1), 2);
	assert_int_equal(expired(forge_runs_expire, T0 + 1, 1), 1);
	assert_int_equal(expired(forge_runs_expire, T0 + 1, 10), 1);
	assert_int_equal(would_expire(forge_heads_expire, T0 + 1), 1);
	assert_int_equal(expired(forge_heads_expire, T0 + 1, 10), 1);
	equals(head_of("main", 0), "a"); /* a branch that is there stays */
}

static enum err_code remove_w(struct db *db, void *arg, struct err *e)
{
	(void)arg;
	return repos_remove(db, repo, T0, e);
}

static void with_the_repo_goes_what_was_heard_of_it(void **state)
{
	(void)state;
	hear(said("failure", 0));
	push("", "a");
	must_write(remove_w, NULL);
	assert_int_equal(ask("SELECT count(*) FROM forge_run") + ask("SELECT count(*) FROM forge_head"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, store_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_delivery_is_new_once_a_hook),
		TEST(a_run_is_due_when_it_is_over),
		TEST(what_is_over_does_not_run_again_in_the_same_attempt),
		TEST(the_later_of_two_conclusions_stands_in_whichever_order_they_come),
		TEST(what_is_not_told_takes_nothing_away),
		TEST(no_attempt_is_the_first),
		TEST(an_attempt_that_is_told_is_that_one_whenever_it_began),
		TEST(without_attempts_what_begins_after_the_end_is_the_next),
		TEST(what_was_looked_at_is_due_again_only_when_something_else_was_heard),
		TEST(due_runs_come_in_the_order_in_which_they_were_heard_of),
		TEST(a_run_that_nothing_was_heard_of_is_not_found),
		TEST(a_branch_stands_where_its_last_push_led),
		TEST(a_pull_request_stands_where_the_forge_said_last),
		TEST(what_is_old_goes_some_at_a_time),
		TEST(with_the_repo_goes_what_was_heard_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
