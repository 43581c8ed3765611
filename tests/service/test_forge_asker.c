/* forge_asker: what was heard of is asked for, and a forge that says nothing holds up no other. */
#include "tests/test.h"

#include "service/forge_asker.h"
#include "tests/service/fixture.h"
#include "tests/unit/help/little_server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define LISTS 2000 /* bytes of a list of runs */

struct forge { /* one that stands in: it counts, and lists what it is told to */
	struct little_server *server;
	char runs[LISTS];
	bool silent;
	int n_asked;
};

static struct forge home, hub;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of these */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct forge_asker *asker;
static struct config_box *box;
static int64_t hub_repo;
static atomic_int_least64_t ahead; /* of the system's clock, ms */
static struct err e;

static enum little_kind answer(void *arg, struct str request, char **ret)
{
	struct forge *f = arg;
	enum little_kind kind;
	char body[LISTS + 100];
	struct buf out;
	(void)request;

	buf_init(&out, SIZE_MAX);
	pthread_mutex_lock(&lock);
	f->n_asked++;
	kind = f->silent ? LITTLE_SILENCE : LITTLE_BYTES;
	snprintf(body, sizeof body, "{\"total_count\":1,\"workflow_runs\":[%s]}", f->runs);
	buf_fmt(&out, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
		body);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	*ret = buf_take(&out);
	return kind;
}

static void has_failed_run(struct forge *f, int id)
{
	char date[CLOCK_RFC3339_LEN];

	pthread_mutex_lock(&lock);
	snprintf(f->runs, sizeof f->runs,
		"{\"id\":%d,\"run_attempt\":1,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"status\":\"completed\",\"conclusion\":\"failure\",\"updated_"
		"at\":\"%s\"}",
		id, clock_rfc3339(clock_wall_ms(&clock_system), date));
	pthread_mutex_unlock(&lock);
}

/* Until it was asked more often than that. */
static void wait_asked(struct forge *f, int more_than)
{
	pthread_mutex_lock(&lock);
	while (f->n_asked <= more_than)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static int asked(struct forge *f)
{
	int n;

	pthread_mutex_lock(&lock);
	n = f->n_asked;
	pthread_mutex_unlock(&lock);
	return n;
}

static int64_t wall_of(void *arg)
{
	(void)arg;
	return clock_wall_ms(&clock_system);
}

static int64_t steady_of(void *arg)
{
	(void)arg;
	return clock_steady_ms(&clock_system) + atomic_load(&ahead);
}

static const struct clock moved_clock = { wall_of, steady_of, NULL };

static void stand_in(struct forge *f, struct forge_config *config)
{
	*f = (struct forge){ .server = little_server_new() };
	little_server_ask(f->server, answer, f);
	config->url = str_z(little_server_url(f->server));
	config->kind = COMMITS_GITHUB; /* which is not asked first what it can do */
	config->has_kind = true;
	config->reconcile_ms = 600 * 1000;
}

static enum err_code apply_repo(struct store_op *op, struct db *db, struct err *oe)
{
	bool is_new;
	(void)op;

	return repos_add(db, STR("hub"), STR("acme/rig"), NOW, &hub_repo, &is_new, oe);
}

static void start(void)
{
	if (forge_asker_start(fx.store, box, &moved_clock, NULL, NULL, &asker, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static int set_up(void **state)
{
	struct store_op op = { .apply = apply_repo, .bytes = sizeof op };
	struct config *c = fixture_config();

	if (fixture_up(state) != 0 || store_write(fx.store, &op, &e) != ERR_OK)
		return -1;
	atomic_store(&ahead, 0);
	stand_in(&home, &c->forges[0]);
	stand_in(&hub, &c->forges[1]);
	box = config_box_new(c);
	return 0;
}

static int tear_down(void **state)
{
	forge_asker_stop(asker);
	asker = NULL;
	config_box_free(box);
	little_server_free(home.server);
	little_server_free(hub.server);
	return fixture_down(state);
}

static void heard(enum forge_event_kind kind, enum forge_conclusion conclusion)
{
	const struct hook_heard x = {
		.event = { .kind = kind, .conclusion = conclusion }, .forge = STR("hub"), .repo_id = hub_repo
	};

	forge_asker_heard(asker, &x);
}

/* The time comes at which what was heard of is asked for. */
static void later(void)
{
	atomic_fetch_add(&ahead, 3000);
	forge_asker_reload(asker);
}

static int64_t count(const char *sql)
{
	struct db *db = NULL;
	int64_t n = 0;

	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	assert_int_equal(db_int(db, sql, NULL, 0, &n, &e), ERR_OK);
	store_reader_put(fx.store, db);
	return n;
}

static void a_forge_that_says_nothing_holds_up_no_other(void **state)
{
	(void)state;
	home.silent = true;
	has_failed_run(&hub, 7);
	start();
	wait_asked(&home, 0);
	wait_asked(&hub, 0);
	heard(EVENT_STATUS, FORGE_FAILURE);
	later();
	wait_asked(&hub, 1); /* while home is waited for still */
	assert_int_equal(asked(&home), 1);
	forge_asker_stop(asker); /* which does not wait for it either */
	asker = NULL;
	assert_int_equal(count("SELECT count(*) FROM forge_run WHERE external_run_id = '7' AND due = 1"), 1);
}

static void what_ends_together_is_asked_for_once_and_what_runs_not_at_all(void **state)
{
	(void)state;
	home.silent = true;
	start();
	wait_asked(&hub, 0);
	heard(EVENT_JOB, FORGE_RUNNING);
	heard(EVENT_STATUS, FORGE_RUNNING);
	heard(EVENT_RUN, FORGE_FAILURE);
	later();
	heard(EVENT_JOB, FORGE_SUCCESS);
	heard(EVENT_JOB, FORGE_FAILURE);
	heard(EVENT_STATUS, FORGE_FAILURE);
	later();
	wait_asked(&hub, 1);
	heard(EVENT_STATUS, FORGE_FAILURE);
	later();
	wait_asked(&hub, 2);
	assert_int_equal(asked(&hub), 3);
}

static void a_forge_that_comes_with_the_configuration_is_asked(void **state)
{
	struct config *c = fixture_config();
	(void)state;

	config_swap(box, fixture_config()); /* which has no forge that can be asked */
	start();
	c->forges[1].url = str_z(little_server_url(hub.server));
	c->forges[1].kind = COMMITS_GITHUB;
	c->forges[1].has_kind = true;
	c->forges[1].reconcile_ms = 600 * 1000;
	config_swap(box, c);
	forge_asker_reload(asker);
	wait_asked(&hub, 0);
	assert_int_equal(asked(&home), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_forge_that_says_nothing_holds_up_no_other),
		TEST(what_ends_together_is_asked_for_once_and_what_runs_not_at_all),
		TEST(a_forge_that_comes_with_the_configuration_is_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
