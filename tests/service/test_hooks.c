/* hooks: what was kept goes again with the janitor; what is kept is all of a delivery, or nothing. */
#include "tests/test.h"

#include "service/hooks.h"
#include "store/dispatch_nouns.h"
#include "tests/service/fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define PULL(state)                                                                                          \
	"{\"number\":12,\"pull_request\":{\"state\":\"" state "\",\"head\":{\"sha\":\"" SHA                  \
	"\"}},\"repository\":{\"full_name\":\"acme/pump\"}}"
#define RUN(id)                                                                                              \
	"{\"run\":{\"id\":" id ",\"repository\":{\"full_name\":\"acme/pump\"},\"commit_sha\":\"" SHA         \
	"\",\"status\":\"failure\"}}"

static struct {
	pthread_mutex_t lock;
	pthread_cond_t told;
	int n;
	enum hook_done how;
	enum err_code code;
} told = { .lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER };

static void tell(void *arg, enum hook_done how, const struct err *result)
{
	(void)arg;
	pthread_mutex_lock(&told.lock);
	told.n++;
	told.how = how;
	told.code = result->code;
	pthread_cond_signal(&told.told);
	pthread_mutex_unlock(&told.lock);
}

static enum hook_done keep(const char *id, const char *event, const char *body, int64_t now)
{
	struct hook_delivery d = {
		.kind = HOOK_FORGEJO, .event = str_z(event), .id = str_z(id), .body = str_z(body)
	};
	struct hook_heard heard = { .repo_id = 0 };
	struct hook_keeping *k = NULL;
	struct err e;

	told.n = 0;
	if (hooks_read(fx.store, fx.cfg, &d, &fx.arena, &heard, &e) != ERR_OK ||
		hooks_keep(fx.store, NULL, (struct hook_ear){ 0 }, &d, &heard, now, tell, NULL, &k, &e) !=
			ERR_OK)
		fail_msg("%s", e.text);
	pthread_mutex_lock(&told.lock);
	while (told.n == 0)
		pthread_cond_wait(&told.told, &told.lock);
	pthread_mutex_unlock(&told.lock);
	assert_int_equal(told.code, ERR_OK);
	hooks_keeping_free(k);
	return told.how;
}

static int up(void **state)
{
	if (fixture_up(state) != 0)
		return -1;
	fx.cfg->hooks[HOOK_FORGEJO].forge = fx.repo.forge;
	return 0;
}

static struct chore_report pass(bool dry, int64_t days)
{
	struct chore_report reports[CHORE_N];
	struct err e = { 0 };
	size_t n = 0;

	fx.cfg->chores_off = ~(scope_set)(1u << CHORE_HOOKS);
	if (janitor_pass(fx.store, fx.cfg, dry, NOW + days * DAY_MS + 1, reports, &n, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(n, 1);
	assert_int_equal(reports[0].failed, ERR_OK);
	return reports[0];
}

static void a_delivery_is_forgotten_after_a_week(void **state)
{
	(void)state;
	fx.cfg->error_days = 0;
	assert_int_equal(keep("1", "action_run_failure", RUN("1"), NOW), HOOK_KEPT);
	assert_int_equal(pass(false, 6).rows, 0);
	assert_int_equal(keep("1", "action_run_failure", RUN("1"), NOW), HOOK_REPLAYED);
	assert_int_equal(pass(true, 7).rows, 1);
	assert_int_equal(keep("1", "action_run_failure", RUN("1"), NOW), HOOK_REPLAYED);
	assert_int_equal(pass(false, 7).rows, 1);
	assert_int_equal(keep("1", "action_run_failure", RUN("1"), NOW), HOOK_KEPT);
	assert_int_equal(pass(false, 10000).rows, 1); /* the run stays for ever, as errors do */
}

static void what_forges_said_goes_with_the_errors_of_its_age(void **state)
{
	(void)state;
	fx.cfg->error_days = 30;
	keep("1", "action_run_failure", RUN("1"), NOW);
	keep("2", "action_run_failure", RUN("2"), NOW + 20 * DAY_MS);
	keep("3", "pull_request", PULL("closed"), NOW);
	pass(false, 29); /* the deliveries */
	assert_int_equal(pass(true, 30).rows, 2);
	assert_int_equal(pass(false, 30).rows, 2);
	assert_int_equal(pass(false, 49).rows, 0);
	assert_int_equal(pass(false, 50).rows, 1);
}

static void the_head_of_an_open_pull_request_stays(void **state)
{
	(void)state;
	fx.cfg->error_days = 30;
	keep("1", "pull_request", PULL("open"), NOW);
	assert_int_equal(pass(false, 1000).rows, 1); /* the delivery */
	assert_int_equal(pass(false, 1000).rows, 0);
}

static void hundreds_go_in_small_transactions(void **state)
{
	char id[20];
	(void)state;

	for (int i = 0; i < 130; i++) {
		snprintf(id, sizeof id, "d%d", i);
		keep(id, "status", "{\"sha\":\"" SHA "\",\"repository\":{\"full_name\":\"acme/pump\"}}", NOW);
	}
	assert_int_equal(pass(false, 7).rows, 130);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, fixture_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_delivery_is_forgotten_after_a_week),
		TEST(what_forges_said_goes_with_the_errors_of_its_age),
		TEST(the_head_of_an_open_pull_request_stays),
		TEST(hundreds_go_in_small_transactions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
