/* fixture: what the tests of the services stand on. */
#include "tests/test.h"

#include "tests/service/compiled_rules.h"
#include "tests/service/fixture.h"
#include "tests/store/migrated.h"

#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture fx;
const struct identity fixture_server = { .email = { "tests", 5 } };

struct config *fixture_config(void)
{
	struct config *c = config_new();

	c->tail_lines = 200;
	c->tail_bytes = 32768;
	c->post_bytes = 65536;
	c->chunk_bytes = 1 << 20;
	c->step_bytes = INT64_C(2) << 30;
	c->streams = 1000;
	c->lost_after_ms = 60000;
	c->suite_queue = 1000;
	c->suite_lease_ms = 60000;
	c->suite_names = 1000;
	c->scan_bytes = 64 << 20;
	c->scan_ms = 250;
	c->tails = 200;
	c->log_days = 14;
	c->janitor_mode = JANITOR_HEAL;
	c->mask = mask_new();
	c->forges = arena_array(&c->arena, 2, sizeof *c->forges);
	c->forges[0] = (struct forge_config){ .name = STR("home"), .url = STR("https://git.example.org") };
	c->forges[1] = (struct forge_config){ .name = STR("hub"), .url = STR("https://hub.example.org") };
	c->n_forges = 2;
	return c;
}

int fixture_up(void **state)
{
	struct store_options o = { .data = fx.folder };
	struct err e;
	bool is_new;
	(void)state;

	snprintf(fx.folder, sizeof fx.folder, "/tmp/sluice-test-XXXXXX");
	if (!mkdtemp(fx.folder) || migrated_put(fx.folder) != 0 || compiled_rules_share(fx.folder) != 0 ||
		store_open(&o, &fx.store, &e) != ERR_OK)
		return -1;
	arena_init(&fx.arena);
	fx.access = access_new(fx.store);
	fx.cfg = fixture_config();
	fx.internal = (struct identity){ .kind = IDENTITY_INTERNAL, .scopes = SCOPE_BIT(SCOPE_LOGS_WRITE) };
	if (manage_repo_add(fx.store, fx.cfg, &fixture_server, STR(""), STR("Acme/Pump"), NOW, &fx.arena,
		    &fx.repo, &is_new, &e) != ERR_OK)
		return -1;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

int fixture_down(void **state)
{
	(void)state;

	access_free(fx.access);
	store_close(fx.store);
	config_free(fx.cfg);
	arena_done(&fx.arena);
	if (nftw(fx.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) != 0)
		return -1;
	memset(&fx, 0, sizeof fx);
	return 0;
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t told;
	bool done;
	struct err result;
};

static void waiter_done(void *arg, const struct err *result)
{
	struct waiter *w = arg;

	pthread_mutex_lock(&w->lock);
	w->done = true;
	w->result = *result;
	pthread_cond_signal(&w->told);
	pthread_mutex_unlock(&w->lock);
}

enum err_code post_at(const struct ingest_post *post, int64_t now)
{
	struct waiter w = { .lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER };
	struct ingest *work = NULL;
	struct err e = { 0 };

	if (ingest_start(fx.store, fx.cfg, fx.repo.id, post, now, waiter_done, &w, &work, &e) != ERR_OK)
		return e.code;
	pthread_mutex_lock(&w.lock);
	while (!w.done)
		pthread_cond_wait(&w.told, &w.lock);
	pthread_mutex_unlock(&w.lock);
	ingest_free(work);
	return w.result.code;
}

struct ingest_post a_post(const char *step, struct str log)
{
	return (struct ingest_post){ .facts = { .repo = STR("Acme/Pump"),
					     .forge = STR("home"),
					     .head_sha = STR(SHA),
					     .external_run_id = STR("77"),
					     .attempt = 1,
					     .job_name = STR("build"),
					     .step_name = str_z(step),
					     .step_index = -1,
					     .platform = STR("linux"),
					     .conclusion = CONCLUSION_FAILURE,
					     .has_exit_code = true,
					     .exit_code = 2 },
		.log_tail = log };
}

void post_text(const char *step, const char *log)
{
	struct ingest_post p = a_post(step, str_z(log));

	assert_int_equal(post_at(&p, NOW), ERR_OK);
}

char *context_of(enum account_format format)
{
	struct account_query q = {
		.repo = STR("acme/pump"), .head_sha = STR(SHA), .format = format, .budget = 64 * 1024
	};
	struct identity id = { .kind = IDENTITY_TOKEN, .scopes = SCOPE_ALL };
	struct err e = { 0 };
	struct buf out;

	buf_init(&out, 1024 * 1024);
	if (account_write(fx.store, fx.cfg, &id, &q, &out, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return buf_take(&out);
}
