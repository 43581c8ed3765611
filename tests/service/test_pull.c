/* pull: the logs of a run that no runner told of come from the forge, as whole logs of steps; and what a runner tells stands above them. */
#include "tests/test.h"

#include "service/forge_open.h"
#include "service/pull.h"
#include "store/nouns.h"
#include "store/pulled.h"
#include "tests/service/streaming.h"
#include "tests/unit/help/little_server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define T "2026-01-02T15:04:05.0000000Z "
#define STAR "\xe2\xad\x90 Run Main "
#define BOM "\xef\xbb\xbf"
#define SWAGGER                                                                                              \
	"\"/repos/{owner}/{repo}/actions/runs/{run}/jobs\" "                                                 \
	"\"/repos/{owner}/{repo}/actions/jobs/{job_id}/logs\""
#define GITEA_JOBS                                                                                           \
	"{\"jobs\":[{\"id\":6,\"name\":\"lint\",\"status\":\"completed\",\"conclusion\":\"success\"},"       \
	"{\"id\":5,\"name\":\"test\",\"status\":\"completed\",\"conclusion\":\"failure\"},"                  \
	"{\"id\":4,\"name\":\"deploy\",\"status\":\"completed\",\"conclusion\":\"skipped\"}],\"total_"       \
	"count\":3}"
#define LOG_5                                                                                                \
	T "runner\n" T STAR "checkout\n" T STAR "make\n" T "a.c:1:1: error: x\n" T "exitcode '2': failure\n"
#define LOG_6 T "::group::Run lint\n" T "lint\n" T "shell: sh\n" T "::endgroup::\n" T "fine\n"

static struct little_server *server;
static struct route {
	const char *to, *body, *headers;
	int status;
} routes[10];
static size_t n_routes;
static int n_asked;
static atomic_bool stop;
static int stops_at, silent_at;                          /* the so many-th request; 0: none */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of these, for the server reads and counts them */
static struct heard_run run;
static struct err e;

static enum little_kind answer(void *arg, struct str request, char **ret)
{
	const struct route *r = NULL;
	struct buf out;
	(void)arg;

	pthread_mutex_lock(&lock);
	n_asked++;
	if (n_asked == stops_at)
		atomic_store(&stop, true);
	if (n_asked == silent_at) {
		pthread_mutex_unlock(&lock);
		*ret = NULL;
		return LITTLE_SILENCE;
	}
	for (size_t i = 0; i < n_routes && !r; i++)
		if (str_starts(request, str_z(routes[i].to)))
			r = &routes[i];
	buf_init(&out, SIZE_MAX);
	buf_fmt(&out, "HTTP/1.1 %d Status\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
		r ? r->status : 404, r ? r->headers : "", r ? strlen(r->body) : 0, r ? r->body : "");
	pthread_mutex_unlock(&lock);
	*ret = buf_take(&out);
	return LITTLE_BYTES;
}

static int asked(void)
{
	int n;

	pthread_mutex_lock(&lock);
	n = n_asked;
	pthread_mutex_unlock(&lock);
	return n;
}

/* Another answer than before to what was said i-th. */
static void says_then(size_t i, int status, const char *headers, const char *body)
{
	pthread_mutex_lock(&lock);
	routes[i].status = status;
	routes[i].headers = headers;
	if (body)
		routes[i].body = body;
	pthread_mutex_unlock(&lock);
}

static void says(const char *to, int status, const char *body)
{
	pthread_mutex_lock(&lock);
	assert_true(n_routes < sizeof routes / sizeof *routes);
	routes[n_routes++] = (struct route){ to, body, "", status };
	pthread_mutex_unlock(&lock);
}

static void forge_is(enum commits_kind kind)
{
	struct forge_config *f = &fx.cfg->forges[0];

	f->name = fx.repo.forge;
	f->url = arena_str(&fx.arena, str_z(little_server_url(server)));
	f->kind = kind;
	f->has_kind = f->pull = true;
	pthread_mutex_lock(&lock);
	n_routes = 0;
	pthread_mutex_unlock(&lock);
	says("GET /swagger.v1.json", 200, SWAGGER);
}

static int set_up(void **state)
{
	if (streaming_up(state) != 0)
		return -1;
	e = (struct err){ 0 };
	n_asked = stops_at = silent_at = 0;
	atomic_store(&stop, false);
	server = little_server_new();
	little_server_ask(server, answer, NULL);
	run = (struct heard_run){ .repo_id = fx.repo.id,
		.head_sha = STR(SHA),
		.external_run_id = STR("77"),
		.attempt = 1,
		.workflow = STR("ci.yml"),
		.branch = STR("main"),
		.conclusion = STR("failure"),
		.heard_at = NOW,
		.heard_by = STR("hook") };
	return 0;
}

static int tear_down(void **state)
{
	little_server_free(server);
	return streaming_down(state);
}

static struct pull a_pull(void)
{
	return (struct pull){ .store = fx.store, .streams = streams, .cfg = fx.cfg, .clock = &clock_system };
}

static enum err_code pull(enum pull_outcome *ret)
{
	struct pull p = a_pull();
	struct forge_api *f = NULL;
	enum err_code code;

	TRY(forge_open(&fx.cfg->forges[0], &clock_system, &f, &e));
	code = pull_run(&p, f, &fx.repo, &run, ret, &e);
	forge_api_free(f);
	return code;
}

static void pulls(enum pull_outcome wanted)
{
	enum pull_outcome got = PULL_NONE;

	if (pull(&got) != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(got, wanted);
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

static int64_t step_named(const char *name)
{
	char sql[200];

	snprintf(sql, sizeof sql, "SELECT id FROM step WHERE name = '%s'", name);
	return ask(sql);
}

static void says_what_gitea_says(void)
{
	says("GET /api/v1/repos/Acme/Pump/actions/runs/77/jobs?", 200, GITEA_JOBS);
	says("GET /api/v1/repos/Acme/Pump/actions/jobs/5/logs ", 200, LOG_5);
	says("GET /api/v1/repos/Acme/Pump/actions/jobs/6/logs ", 200, LOG_6);
}

static void the_logs_of_jobs_become_logs_of_steps(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA);
	says_what_gitea_says();
	pulls(PULL_DONE);
	assert_int_equal(ask("SELECT count(*) FROM step"), 4);
	assert_int_equal(ask("SELECT count(*) FROM job WHERE source = 'pull'"), 2);
	assert_int_equal(
		ask("SELECT count(*) FROM step WHERE conclusion = 'failure' AND exit_code IS NULL"), 0);
	assert_int_equal(ask("SELECT count(*) FROM step WHERE conclusion = 'failure'"), 1);
	assert_int_equal(ask("SELECT exit_code FROM step WHERE name = 'make'"), 2);
	assert_int_equal(ask("SELECT n_failed FROM run WHERE workflow = 'ci.yml' AND branch = 'main'"), 1);
	assert_string_equal(streamed_text(step_named("make")).p,
		T STAR "make\n" T "a.c:1:1: error: x\n" T "exitcode '2': failure\n");
	assert_int_equal(ask("SELECT count(*) FROM log WHERE state = 'open'"), 0);
}

static void again_is_no_harm(void **state)
{
	int64_t id;
	(void)state;

	forge_is(COMMITS_GITEA);
	says_what_gitea_says();
	pulls(PULL_DONE);
	id = step_named("make");
	pulls(PULL_DONE);
	assert_int_equal(ask("SELECT count(*) FROM step"), 4);
	assert_int_equal(step_named("make"), id);
}

static void forgejo_is_asked_for_one_step_after_the_other(void **state)
{
	(void)state;
	forge_is(COMMITS_FORGEJO);
	says("GET /api/v1/repos/Acme/Pump/actions/runs/77/jobs?", 200,
		"[{\"id\":5,\"name\":\"test\",\"attempt\":1,\"status\":\"failure\"}]");
	says("GET /api/v1/repos/Acme/Pump/actions/jobs/5/logs?step=1 ", 200, T STAR "checkout\n");
	says("GET /api/v1/repos/Acme/Pump/actions/jobs/5/logs?step=2 ", 200, "");
	says("GET /api/v1/repos/Acme/Pump/actions/jobs/5/logs?step=3 ", 200,
		T STAR "make\n" T "exitcode '2': failure\n");
	pulls(PULL_DONE);
	assert_int_equal(ask("SELECT count(*) FROM step"), 3);
	assert_int_equal(
		ask("SELECT count(*) FROM step WHERE name = 'step 2' AND conclusion = 'success'"), 1);
	assert_int_equal(
		ask("SELECT step_index FROM step WHERE name = 'make' AND conclusion = 'failure'"), 2);
}

static void a_forgejo_that_does_not_know_of_steps_after_all_gives_the_whole(void **state)
{
	(void)state;
	forge_is(COMMITS_FORGEJO);
	says("GET /api/v1/repos/Acme/Pump/actions/runs/77/jobs?", 200,
		"[{\"id\":5,\"name\":\"test\",\"attempt\":1,\"status\":\"failure\"}]");
	says("GET /api/v1/repos/Acme/Pump/actions/jobs/5/logs", 200, LOG_5);
	pulls(PULL_DONE);
	assert_int_equal(ask("SELECT count(*) FROM step"), 3);
	assert_true(asked() < 8);
}

static void github_is_followed_and_has_its_boms_taken_out(void **state)
{
	char location[100];
	(void)state;

	forge_is(COMMITS_GITHUB);
	snprintf(location, sizeof location, "Location: %s/store/5\r\n", little_server_url(server));
	says("GET /api/v3/repos/Acme/Pump/actions/runs/77/jobs?", 200,
		"{\"total_count\":1,\"jobs\":[{\"id\":5,\"name\":\"test\",\"conclusion\":\"failure\","
		"\"steps\":[{\"name\":\"Set up job\","
		"\"number\":1,\"conclusion\":\"success\"},{\"name\":\"Tests\",\"number\":2,\"conclusion\":"
		"\"failure\"}]}]}");
	says("GET /api/v3/repos/Acme/Pump/actions/jobs/5/logs ", 302, "");
	says_then(n_routes - 1, 302, location, NULL);
	says("GET /store/5 ", 200,
		BOM T "hello\n" BOM T "##[group]Run make\n" T
		      "##[error]Process completed with exit code 2.\n");
	pulls(PULL_DONE);
	assert_string_equal(streamed_text(step_named("Set up job")).p, T "hello\n");
	assert_int_equal(ask("SELECT exit_code FROM step WHERE name = 'Tests'"), 2);
}

static void a_long_log_comes_whole(void **state)
{
	AUTO_BUF log;
	struct str lines = streamed_lines(700000);
	(void)state;

	buf_init(&log, SIZE_MAX);
	buf_z(&log, T STAR "make\n");
	buf_str(&log, lines);
	fx.cfg->chunk_bytes = 64 * 1024;
	forge_is(COMMITS_GITEA);
	says("GET /api/v1/repos/Acme/Pump/actions/runs/77/jobs?", 200,
		"{\"jobs\":[{\"id\":5,\"name\":\"test\",\"conclusion\":\"failure\"}]}");
	says("GET /api/v1/repos/Acme/Pump/actions/jobs/5/logs ", 200, buf_cstr(&log));
	pulls(PULL_DONE);
	assert_true(str_eq(streamed_text(step_named("job")), buf_view(&log)));
}

static void a_run_that_a_runner_told_of_is_not_asked_for(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA);
	says_what_gitea_says();
	streamed("build", STR("pushed\n"), 100, true);
	pulls(PULL_TOLD);
	assert_int_equal(asked(), 0);
}

static void what_a_runner_tells_later_takes_its_place(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA);
	says_what_gitea_says();
	pulls(PULL_DONE);
	streamed("build", STR("pushed\n"), 100, true);
	assert_int_equal(ask("SELECT count(*) FROM step"), 1);
	assert_int_equal(ask("SELECT n_failed FROM run"), 1);
	pulls(PULL_TOLD);
}

static void a_forge_without_logs_has_none(void **state)
{
	(void)state;
	forge_is(COMMITS_FORGEJO);
	says_then(0, 200, "", "\"/repos/{owner}/{repo}/actions/tasks\"");
	pulls(PULL_NONE);
}

static void a_job_without_a_log_is_passed_over(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA);
	says_what_gitea_says();
	says_then(2, 404, "", NULL); /* of job 5 */
	pulls(PULL_DONE);
	assert_int_equal(ask("SELECT count(*) FROM step"), 1);
}

struct heard {
	pthread_mutex_t lock;
	pthread_cond_t told;
	bool done;
	struct err result;
	struct stream_place place;
};

static void hear(void *arg, const struct err *result)
{
	struct heard *h = arg;

	pthread_mutex_lock(&h->lock);
	h->result = *result;
	h->done = true;
	pthread_cond_signal(&h->told);
	pthread_mutex_unlock(&h->lock);
}

static enum err_code wait_for(struct heard *h, enum err_code started)
{
	if (started != ERR_OK)
		return started;
	pthread_mutex_lock(&h->lock);
	while (!h->done)
		pthread_cond_wait(&h->told, &h->lock);
	h->done = false;
	pthread_mutex_unlock(&h->lock);
	return h->result.code;
}

static void a_runner_that_tells_in_the_midst_ends_it(void **state)
{
	struct heard h = { .lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER };
	struct stream_call call = { .done = hear, .arg = &h, .place = &h.place, .now = NOW };
	struct step_facts facts = a_post("half", STR("")).facts;
	struct stream_end end = { .step = { .conclusion = CONCLUSION_FAILURE }, .bytes = 4 };
	enum err_code code;
	int64_t id;
	(void)state;

	facts.pulled = true;
	facts.job_id = STR("5");
	assert_int_equal(wait_for(&h, stream_open(streams, fx.cfg, fx.repo.id, &facts, &call, &e)), ERR_OK);
	id = h.place.step_id;
	assert_int_equal(
		wait_for(&h, stream_append(streams, fx.cfg, 0, id, 0, STR("ab\n"), &call, &e)), ERR_OK);
	streamed("build", STR("pushed\n"), 100, true);
	code = wait_for(&h, stream_append(streams, fx.cfg, 0, id, 3, STR("c\n"), &call, &e));
	assert_true(code == ERR_NOT_FOUND || code == ERR_CONFLICT);
	code = wait_for(&h, stream_finish(streams, fx.cfg, 0, id, &end, &call, &e));
	assert_true(code == ERR_NOT_FOUND || code == ERR_CONFLICT);
	code = wait_for(&h, stream_open(streams, fx.cfg, fx.repo.id, &facts, &call, &e));
	assert_int_equal(code, ERR_CONFLICT);
	streaming_wait(INT64_C(3600) * 1000 * 24); /* and whoever gives up what is silent finds nothing */
	streams_give_up_silent(streams, still.steady_ms(still.arg));
	assert_int_equal(ask("SELECT count(*) FROM step"), 1);
	assert_int_equal(ask("SELECT count(*) FROM chunk WHERE step_id NOT IN (SELECT id FROM step)"), 0);
}

/* ---- what is due ---- */

struct put_op {
	struct store_op op;
	int64_t id;
};

static enum err_code apply_put(struct store_op *op, struct db *db, struct err *oe)
{
	struct put_op *p = (struct put_op *)(void *)op;
	bool due;

	TRY(forge_runs_put(db, &run, &p->id, &due, oe));
	return pulls_want(db, p->id, 1, oe);
}

static void what_fails_is_tried_again_later_and_then_is_done(void **state)
{
	struct put_op op = { .op = { .apply = apply_put, .bytes = sizeof op } };
	struct pull p = a_pull();
	size_t n = 0;
	(void)state;

	forge_is(COMMITS_GITEA);
	says_what_gitea_says();
	says_then(1, 429, "Retry-After: 4000\r\n", NULL);
	assert_int_equal(store_write(fx.store, &op.op, &e), ERR_OK);
	assert_int_equal(pull_due(&p, &fx.cfg->forges[0], 10, &n, &e), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(
		ask("SELECT count(*) FROM forge_run WHERE pull_state = 'wanted' AND pull_tries = 1"), 1);
	assert_true(ask("SELECT pull_at FROM forge_run") > clock_wall_ms(&clock_system) + 3900 * 1000);
	assert_int_equal(pull_due(&p, &fx.cfg->forges[0], 10, &n, &e), ERR_OK);
	assert_int_equal(n, 0);
	says_then(1, 200, "", NULL);
	p.clock = &still; /* a day that is later */
	streaming_wall = clock_wall_ms(&clock_system) + INT64_C(5000) * 1000;
	assert_int_equal(pull_due(&p, &fx.cfg->forges[0], 10, &n, &e), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(ask("SELECT count(*) FROM forge_run WHERE pull_state = 'done'"), 1);
	assert_int_equal(ask("SELECT count(*) FROM step"), 4);
}

/* Requests: what it knows, the jobs, the logs of 5 and of 6. The forge says nothing to the call that it is stopped in. */
static void when_it_is_stopped_no_forge_is_waited_for(void **state)
{
	struct put_op op = { .op = { .apply = apply_put, .bytes = sizeof op } };
	struct pull p = a_pull();
	size_t n = 0;
	(void)state;

	p.stop = &stop;
	forge_is(COMMITS_GITEA);
	says_what_gitea_says();
	assert_int_equal(store_write(fx.store, &op.op, &e), ERR_OK);
	stops_at = 3;
	assert_int_equal(pull_due(&p, &fx.cfg->forges[0], 10, &n, &e), ERR_OK);
	assert_int_equal(asked(), 3);
	assert_int_equal(
		ask("SELECT count(*) FROM forge_run WHERE pull_state = 'wanted' AND pull_tries = 0"), 1);
	atomic_store(&stop, false);
	stops_at = silent_at = asked() + 2;
	assert_int_equal(pull_due(&p, &fx.cfg->forges[0], 10, &n, &e), ERR_OK);
	assert_int_equal(
		ask("SELECT count(*) FROM forge_run WHERE pull_state = 'wanted' AND pull_tries = 0"), 1);
}

static void when_its_time_is_over_it_goes_on_the_next_time(void **state)
{
	struct put_op op = { .op = { .apply = apply_put, .bytes = sizeof op } };
	struct pull_mark mark = { 0 };
	struct pull p = a_pull();
	size_t n = 0;
	int before;
	(void)state;

	p.mark = &mark;
	p.until = 1; /* long ago */
	forge_is(COMMITS_GITEA);
	says_what_gitea_says();
	assert_int_equal(store_write(fx.store, &op.op, &e), ERR_OK);
	assert_int_equal(pull_due(&p, &fx.cfg->forges[0], 10, &n, &e), ERR_OK);
	assert_true(step_named("make") > 0);
	assert_int_equal(ask("SELECT count(*) FROM step WHERE name = 'Run lint'"), 0);
	assert_int_equal(
		ask("SELECT count(*) FROM forge_run WHERE pull_state = 'wanted' AND pull_tries = 0"), 1);
	before = asked();
	p.until = 0;
	assert_int_equal(pull_due(&p, &fx.cfg->forges[0], 10, &n, &e), ERR_OK);
	assert_int_equal(ask("SELECT count(*) FROM step WHERE name = 'Run lint'"), 1);
	assert_int_equal(asked() - before, 3); /* and does not ask for the first job's log again */
	assert_int_equal(ask("SELECT count(*) FROM forge_run WHERE pull_state = 'done'"), 1);
}

static void a_forge_that_is_not_to_be_pulled_from_is_not_asked(void **state)
{
	struct put_op op = { .op = { .apply = apply_put, .bytes = sizeof op } };
	struct pull p = a_pull();
	size_t n = 0;
	(void)state;

	forge_is(COMMITS_GITEA);
	fx.cfg->forges[0].pull = false;
	assert_int_equal(store_write(fx.store, &op.op, &e), ERR_OK);
	assert_int_equal(pull_due(&p, &fx.cfg->forges[0], 10, &n, &e), ERR_OK);
	assert_int_equal(ask("SELECT count(*) FROM forge_run WHERE pull_state = 'none'"), 1);
	assert_int_equal(asked(), 0);
}

static void a_forge_without_a_kind_cannot_be_asked(void **state)
{
	enum pull_outcome got;
	(void)state;

	forge_is(COMMITS_GITEA);
	fx.cfg->forges[0].has_kind = false;
	assert_int_equal(pull(&got), ERR_CONFIG);
	fx.cfg->forges[0].has_kind = true;
	fx.cfg->forges[0].token_file = "/nonexistent/token";
	assert_int_equal(pull(&got), ERR_CONFIG);
	assert_non_null(strstr(e.text, "token-file"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_logs_of_jobs_become_logs_of_steps),
		TEST(again_is_no_harm),
		TEST(forgejo_is_asked_for_one_step_after_the_other),
		TEST(a_forgejo_that_does_not_know_of_steps_after_all_gives_the_whole),
		TEST(github_is_followed_and_has_its_boms_taken_out),
		TEST(a_long_log_comes_whole),
		TEST(a_run_that_a_runner_told_of_is_not_asked_for),
		TEST(what_a_runner_tells_later_takes_its_place),
		TEST(a_runner_that_tells_in_the_midst_ends_it),
		TEST(a_forge_without_logs_has_none),
		TEST(a_job_without_a_log_is_passed_over),
		TEST(what_fails_is_tried_again_later_and_then_is_done),
		TEST(when_it_is_stopped_no_forge_is_waited_for),
		TEST(when_its_time_is_over_it_goes_on_the_next_time),
		TEST(a_forge_that_is_not_to_be_pulled_from_is_not_asked),
		TEST(a_forge_without_a_kind_cannot_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
