/* reconcile: what hooks did not tell is heard all the same, once, and not what lies far behind. */
#include "tests/test.h"

#include "service/reconcile.h"
#include "tests/service/fixture.h"
#include "tests/unit/help/little_server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define SHA2 "ffff456789abcdef0123456789abcdef01234567"
#define RUN(id, conclusion, at)                                                                              \
	"{\"id\":" id ",\"name\":\"ci\",\"run_attempt\":1,\"head_sha\":\"" SHA                               \
	"\",\"head_branch\":\"main\",\"status\":"                                                            \
	"\"completed\",\"conclusion\":\"" conclusion "\",\"updated_at\":\"" at "\"}"
#define AGAIN(conclusion, began, at)                                                                         \
	"{\"id\":7,\"name\":\"ci\",\"run_attempt\":0,\"head_sha\":\"" SHA                                    \
	"\",\"head_branch\":\"main\",\"status\":\"completed\",\"conclusion\":\"" conclusion                  \
	"\",\"run_started_at\":\"" began "\",\"updated_at\":\"" at "\"}"
#define TODAY "2026-09-21T14:00:00Z" /* NOW is 14:13:20 that day */

static struct little_server *server;
static char body[RECONCILE_RUNS * 250 + 100], extra[100];
static int status, n_asked;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of these, for the server reads and counts them */
static int64_t wall;
static atomic_int_least64_t ahead, slow; /* of the steady clock; by so much with each answer */
static struct err e;
static struct reconcile_mark mark;
static size_t n_new;
static int n_told;
static enum err_code told_code;
static bool told_repo;

static int64_t wall_of(void *arg)
{
	(void)arg;
	return wall;
}

static int64_t steady_of(void *arg)
{
	(void)arg;
	return clock_steady_ms(&clock_system) + atomic_load(&ahead);
}

static const struct clock set_clock = { wall_of, steady_of, NULL };

static enum err_code apply_more_repos(struct store_op *op, struct db *db, struct err *oe)
{
	int64_t id;
	bool is_new;
	(void)op;

	TRY(repos_add(db, STR("home"), STR("acme/one"), NOW, &id, &is_new, oe));
	return repos_add(db, STR("home"), STR("acme/two"), NOW, &id, &is_new, oe);
}

static struct more_repos {
	struct store_op op;
} more_repos = { { .apply = apply_more_repos, .bytes = sizeof more_repos } };

static enum little_kind answer(void *arg, struct str request, char **ret)
{
	struct buf out;
	(void)arg;
	(void)request;

	pthread_mutex_lock(&lock);
	n_asked++;
	atomic_fetch_add(&ahead, slow);
	buf_init(&out, SIZE_MAX);
	buf_fmt(&out, "HTTP/1.1 %d Status\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s", status,
		extra, strlen(body), body);
	pthread_mutex_unlock(&lock);
	*ret = buf_take(&out);
	return LITTLE_BYTES;
}

static void told(void *arg, const struct forge_config *forge, const struct repo *repo, const struct err *why)
{
	(void)arg;
	assert_non_null(forge);
	n_told++;
	told_code = why->code;
	told_repo = repo != NULL;
}

static void has(const char *runs)
{
	pthread_mutex_lock(&lock);
	snprintf(body, sizeof body, "{\"total_count\":1,\"workflow_runs\":[%s]}", runs);
	pthread_mutex_unlock(&lock);
}

static void answers(int with, const char *headers)
{
	pthread_mutex_lock(&lock);
	status = with;
	snprintf(extra, sizeof extra, "%s", headers);
	pthread_mutex_unlock(&lock);
}

static int asked(void)
{
	int n;

	pthread_mutex_lock(&lock);
	n = n_asked;
	pthread_mutex_unlock(&lock);
	return n;
}

static int set_up(void **state)
{
	struct forge_config *f;

	if (fixture_up(state) != 0)
		return -1;
	e = (struct err){ 0 };
	n_asked = n_told = 0;
	answers(200, "");
	has("");
	server = little_server_new();
	little_server_ask(server, answer, NULL);
	wall = NOW;
	atomic_store(&slow, 0);
	f = &fx.cfg->forges[0];
	f->url = arena_str(&fx.arena, str_z(little_server_url(server)));
	f->kind = COMMITS_GITHUB;
	f->has_kind = true;
	f->reconcile_ms = 600 * 1000;
	mark = (struct reconcile_mark){ 0 };
	return 0;
}

static int tear_down(void **state)
{
	little_server_free(server);
	return fixture_down(state);
}

static void tick(void)
{
	const struct reconcile r = { fx.store, &fx.cfg->forges[0], &set_clock, NULL, told, NULL };

	if (reconcile_forge(&r, &mark, &n_new, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static int64_t ask(const char *sql)
{
	struct db *db = NULL;
	int64_t n = 0;

	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	if (db_int(db, sql, NULL, 0, &n, &e) != ERR_OK)
		fail_msg("%s", e.text);
	store_reader_put(fx.store, db);
	return n;
}

struct hook_op {
	struct store_op op;
	const char *conclusion;
};

static enum err_code apply_hook(struct store_op *op, struct db *db, struct err *oe)
{
	struct heard_run x = { .repo_id = fx.repo.id,
		.head_sha = STR(SHA),
		.external_run_id = STR("7"),
		.attempt = 1,
		.conclusion = str_z(((struct hook_op *)(void *)op)->conclusion),
		.heard_at = NOW,
		.heard_by = STR("hook") };
	int64_t id;
	bool due;

	TRY(forge_runs_put(db, &x, &id, &due, oe));
	TRY(forge_runs_get(db, &fx.arena, id, &x, oe));
	return forge_runs_settle(db, &x, oe);
}

static void a_hook_told(const char *conclusion)
{
	struct hook_op op = { .op = { .apply = apply_hook, .bytes = sizeof op }, .conclusion = conclusion };

	assert_int_equal(store_write(fx.store, &op.op, &e), ERR_OK);
}

static void what_no_hook_told_is_heard_and_due(void **state)
{
	(void)state;
	has(RUN("8", "success", TODAY) "," RUN("7", "failure", TODAY));
	tick();
	assert_int_equal(n_new, 2);
	assert_int_equal(ask("SELECT count(*) FROM forge_run WHERE due = 1 AND heard_by = 'reconcile'"), 2);
	assert_int_equal(
		ask("SELECT count(*) FROM forge_run WHERE external_run_id = '7' AND conclusion = 'failure'"
		    " AND head_sha = '" SHA "' AND branch = 'main' AND workflow = 'ci' AND attempt = 1"),
		1);
	wall += 601 * 1000;
	tick();
	assert_int_equal(n_new, 0);
	assert_int_equal(asked(), 2);
}

static void what_a_hook_told_is_not_told_again(void **state)
{
	(void)state;
	a_hook_told("failure");
	has(RUN("7", "success", TODAY));
	tick();
	assert_int_equal(n_new, 0);
	assert_int_equal(ask("SELECT count(*) FROM forge_run WHERE conclusion = 'failure' AND due = 0"), 1);
}

static void what_ran_again_is_heard_although_the_forge_counts_no_attempts(void **state)
{
	(void)state;
	has(AGAIN("failure", "2026-09-21T13:00:00Z", "2026-09-21T13:10:00Z"));
	tick();
	assert_int_equal(n_new, 1);
	wall += 601 * 1000;
	tick();
	assert_int_equal(n_new, 0);
	has(AGAIN("failure", "2026-09-21T14:14:00Z", "2026-09-21T14:20:00Z"));
	wall += 601 * 1000;
	tick();
	assert_int_equal(n_new, 1);
	assert_int_equal(
		ask("SELECT count(*) FROM forge_run WHERE external_run_id = '7' AND attempt = 2"), 1);
}

static void what_was_heard_of_as_running_is_over_when_the_forge_says_so(void **state)
{
	(void)state;
	a_hook_told("running");
	has(RUN("7", "failure", TODAY));
	tick();
	assert_int_equal(n_new, 1);
	assert_int_equal(ask("SELECT count(*) FROM forge_run WHERE conclusion = 'failure' AND due = 1"), 1);
}

static void what_runs_and_what_lies_far_behind_is_let_lie(void **state)
{
	(void)state;
	has(RUN("8", "", TODAY) "," RUN("7", "failure", "2026-09-20T14:13:19Z") "," RUN(
		"6", "failure", "2026-09-20T14:13:21Z"));
	tick();
	assert_int_equal(ask("SELECT count(*) FROM forge_run WHERE external_run_id = '7'"), 0);
	assert_int_equal(ask("SELECT count(*) FROM forge_run WHERE external_run_id = '6'"), 1);
}

static void a_forge_is_asked_when_its_time_has_come(void **state)
{
	(void)state;
	tick();
	assert_int_equal(asked(), 1);
	assert_true(mark.next == wall + 600 * 1000);
	wall += 599 * 1000;
	tick();
	assert_int_equal(asked(), 1);
	wall += 1000;
	tick();
	assert_int_equal(asked(), 2);
	wall -= INT64_C(90) * 24 * 3600 * 1000; /* a clock that was set */
	tick();
	assert_int_equal(asked(), 3);
	fx.cfg->forges[0].reconcile_ms = 10 * 1000; /* a setting that changed */
	wall += 11 * 1000;
	tick();
	assert_int_equal(asked(), 4);
	fx.cfg->forges[0].reconcile_ms = 0;
	wall += 601 * 1000;
	tick();
	assert_int_equal(asked(), 4);
}

static void a_forge_where_nothing_is_watched_is_not_asked_and_soon_looked_at_again(void **state)
{
	(void)state;
	fx.cfg->forges[0].name = STR("elsewhere");
	tick();
	assert_int_equal(asked(), 0);
	assert_true(mark.next == wall + 60 * 1000);
	fx.cfg->forges[0].name = STR("home");
	wall += 60 * 1000;
	tick();
	assert_int_equal(asked(), 1);
}

static void a_forge_that_cannot_is_told_of_and_left_alone(void **state)
{
	(void)state;
	answers(429, "Retry-After: 5000\r\n");
	tick();
	assert_int_equal(n_told, 1);
	assert_int_equal(told_code, ERR_RATE_LIMITED);
	assert_false(told_repo);
	wall += 601 * 1000;
	tick();
	assert_int_equal(asked(), 1);
	wall += 4400 * 1000;
	answers(404, "");
	tick();
	assert_int_equal(n_told, 2);
	assert_int_equal(told_code, ERR_NOT_FOUND);
	assert_true(told_repo);
}

static size_t ask_some(void)
{
	const struct reconcile r = { fx.store, &fx.cfg->forges[0], &set_clock, NULL, told, NULL };
	const int64_t ids[] = { fx.repo.id, 9999 };

	if (reconcile_some(&r, &mark, ids, 2, &n_new, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return n_new;
}

static void some_are_asked_for_though_it_is_not_their_time(void **state)
{
	(void)state;
	tick();
	has(RUN("7", "failure", TODAY));
	tick();
	assert_int_equal(n_new, 0);
	assert_int_equal(ask_some(), 1);
	assert_int_equal(asked(), 2);
	answers(429, "Retry-After: 50\r\n");
	assert_int_equal(ask_some(), 0);
	assert_int_equal(asked(), 3);
	assert_int_equal(ask_some(), 0); /* it wants to be left alone */
	assert_int_equal(asked(), 3);
	wall += 51 * 1000;
	ask_some();
	assert_int_equal(asked(), 4);
}

/* An answer has no more than the page that is asked for, and the second is asked for again from its beginning. */
static void where_all_that_came_is_new_more_is_asked_for(void **state)
{
	char runs[RECONCILE_RUNS * 250] = "";
	(void)state;

	for (int i = RECONCILE_RUNS + 9; i >= 10; i--) {
		size_t len = strlen(runs);

		snprintf(runs + len, sizeof runs - len, "%s" RUN("%d", "failure", TODAY), len > 0 ? "," : "",
			i);
	}
	has(runs);
	tick();
	assert_int_equal(n_new, RECONCILE_RUNS);
	assert_int_equal(asked(), 2);
	wall += 601 * 1000;
	tick();
	assert_int_equal(asked(), 3);
}

static void a_forge_that_takes_long_is_asked_for_the_rest_the_next_time(void **state)
{
	const struct reconcile r = { fx.store, &fx.cfg->forges[0], &set_clock, NULL, told, NULL };
	(void)state;

	atomic_store(&slow, RECONCILE_TURN_MS);
	assert_int_equal(store_write(fx.store, &more_repos.op, &e), ERR_OK);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(reconcile_forge(&r, &mark, &n_new, &e), ERR_OK);
		assert_int_equal(asked(), i); /* each takes more than a turn */
		assert_int_equal(mark.next > wall, i == 3);
	}
}

static void a_forge_that_nobody_can_ask_is_passed_over(void **state)
{
	(void)state;
	fx.cfg->forges[0].has_kind = false;
	tick();
	assert_int_equal(n_told, 0);
	assert_int_equal(asked(), 0);
	fx.cfg->forges[0].has_kind = true;
	fx.cfg->forges[0].token_file = "/nonexistent/token";
	tick();
	assert_int_equal(n_told, 1);
	assert_int_equal(told_code, ERR_CONFIG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_no_hook_told_is_heard_and_due),
		TEST(what_a_hook_told_is_not_told_again),
		TEST(what_ran_again_is_heard_although_the_forge_counts_no_attempts),
		TEST(what_was_heard_of_as_running_is_over_when_the_forge_says_so),
		TEST(what_runs_and_what_lies_far_behind_is_let_lie),
		TEST(a_forge_is_asked_when_its_time_has_come),
		TEST(a_forge_where_nothing_is_watched_is_not_asked_and_soon_looked_at_again),
		TEST(a_forge_that_cannot_is_told_of_and_left_alone),
		TEST(some_are_asked_for_though_it_is_not_their_time),
		TEST(where_all_that_came_is_new_more_is_asked_for),
		TEST(a_forge_that_takes_long_is_asked_for_the_rest_the_next_time),
		TEST(a_forge_that_nobody_can_ask_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
