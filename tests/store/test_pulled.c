/* pulled.c: of an attempt of a run there is what its runners told, or what was fetched, and never both. */
#include "tests/store/fixture.h"

#include "store/dispatch_nouns.h"
#include "store/errors.h"
#include "store/pulled.h"

static int64_t repo;

static int set_up(void **state)
{
	if (store_up(state) != 0)
		return -1;
	repo = add_repo("home", "acme/pump");
	return 0;
}

static struct step_facts a_pulled_step(const char *name, const char *job_id)
{
	struct step_facts f = a_step(name);

	f.pulled = true;
	f.job_id = str_z(job_id);
	return f;
}

static bool is_told(int64_t attempt)
{
	struct db *db = NULL;
	bool told = false;
	struct err e = { 0 };

	must(store_reader_get(fx.store, &db, &e), &e);
	must(pulled_is_told(db, repo, STR(SHA_A), STR("77"), attempt, &told, &e), &e);
	store_reader_put(fx.store, db);
	return told;
}

static void what_a_runner_tells_takes_the_place_of_what_was_pulled(void **state)
{
	struct step_facts one = a_pulled_step("make", "501"), two = a_pulled_step("test", "502"),
			  told = a_step("all");
	struct account account;
	(void)state;

	put(repo, &one, "a", T0);
	put(repo, &two, "b", T0 + 1);
	assert_false(is_told(1));
	assert_int_equal(account_of_sha(repo, SHA_A).n, 2);
	assert_int_equal(ask("SELECT n_failed FROM run"), 2);
	put(repo, &told, "c", T0 + 2);
	assert_true(is_told(1));
	account = account_of_sha(repo, SHA_A);
	assert_int_equal(account.n, 1);
	equals(account.steps[0].facts.step_name, "all");
	assert_false(account.steps[0].facts.pulled);
	assert_int_equal(ask("SELECT n_failed FROM run"), 1);
	assert_int_equal(ask("SELECT n_steps FROM run"), 1);
	assert_int_equal(ask("SELECT count(*) FROM job"), 1);
	assert_int_equal(ask("SELECT count(*) FROM step"), 1);
	assert_int_equal(ask("SELECT count(*) FROM tail"), 1);
}

static void a_job_that_both_know_by_its_id_is_the_runners(void **state)
{
	struct step_facts pulled = a_pulled_step("make", "501"), told = a_step("make");
	(void)state;

	told.job_id = STR("501");
	put(repo, &pulled, "a", T0);
	put(repo, &told, "b", T0 + 1);
	assert_int_equal(ask("SELECT count(*) FROM step"), 1);
	assert_int_equal(ask("SELECT count(*) FROM job WHERE source = 'push'"), 1);
}

static void other_attempts_and_runs_keep_what_was_pulled(void **state)
{
	struct step_facts first = a_pulled_step("make", "501"), other = a_pulled_step("make", "601"),
			  told = a_step("make");
	(void)state;

	other.external_run_id = STR("78");
	told.attempt = 2;
	put(repo, &first, "a", T0);
	put(repo, &other, "b", T0);
	put(repo, &told, "c", T0 + 1);
	assert_int_equal(ask("SELECT count(*) FROM job WHERE source = 'pull'"), 2);
	assert_false(is_told(1));
	assert_true(is_told(2));
}

static void nothing_is_pulled_where_a_runner_told(void **state)
{
	struct step_facts told = a_step("make"), pulled = a_pulled_step("make", "501");
	struct err e = { 0 };
	int64_t id;
	(void)state;

	put(repo, &told, "a", T0);
	assert_int_equal(try_put(repo, &pulled, STR("b"), T0 + 1, &id, &e), ERR_CONFLICT);
	says(&e, "a runner has told");
	assert_int_equal(ask("SELECT count(*) FROM job"), 1);
}

static void a_step_that_was_pulled_says_so(void **state)
{
	struct step_facts pulled = a_pulled_step("make", "501");
	(void)state;

	put(repo, &pulled, "a", T0);
	put(repo, &pulled, "a", T0 + 1);
	assert_true(account_of_sha(repo, SHA_A).steps[0].facts.pulled);
	assert_int_equal(ask("SELECT count(*) FROM step"), 1);
}

/* ---- groups ---- */

static enum err_code explain_w(struct db *db, void *arg, struct err *e)
{
	static const struct error errors[] = { { .from_line = 1, .to_line = 2, .role = ERROR_CAUSE } };
	struct error f = errors[0];
	const struct str templates[] = { STR("x") };
	struct explained x = { .now = T0, .errors = &f, .templates = templates, .n = 1 };
	struct due_step *due;
	size_t n;
	AUTO_ARENA a;

	arena_init(&a);
	(void)arg;
	f.fingerprint = STR("f1");
	f.message = STR("x");
	TRY(explaining_due(db, &a, 10, &due, &n, e));
	for (size_t i = 0; i < n; i++) {
		x.step = due[i];
		TRY(errors_replace(db, &x, e));
	}
	return ERR_OK;
}

static void groups_go_with_the_last_of_what_was_pulled(void **state)
{
	struct step_facts pulled = a_pulled_step("make", "501"), told = a_step("make");
	(void)state;

	put(repo, &pulled, "a", T0);
	must_write(explain_w, NULL);
	assert_int_equal(ask("SELECT count(*) FROM error_group"), 1);
	put(repo, &told, "a", T0 + 1);
	assert_int_equal(ask("SELECT count(*) FROM error"), 0);
	assert_int_equal(ask("SELECT count(*) FROM error_group"), 0);
}

/* ---- which runs ---- */

struct wanted {
	int64_t id;
};

static enum err_code add_w(struct db *db, void *arg, struct err *e)
{
	struct wanted *w = arg;
	struct heard_run x = { .repo_id = repo,
		.head_sha = STR(SHA_A),
		.external_run_id = STR("77"),
		.attempt = 1,
		.conclusion = STR("failure"),
		.heard_at = T0,
		.heard_by = STR("hook") };
	bool due;

	return forge_runs_put(db, &x, &w->id, &due, e);
}

static enum err_code want_w(struct db *db, void *arg, struct err *e)
{
	return pulls_want(db, ((struct wanted *)arg)->id, T0 + 1000, e);
}

static enum err_code fail_w(struct db *db, void *arg, struct err *e)
{
	return pulls_note(db, ((struct wanted *)arg)->id, "wanted", 1, T0 + 5000, e);
}

static enum err_code done_w(struct db *db, void *arg, struct err *e)
{
	return pulls_note(db, ((struct wanted *)arg)->id, "done", 2, 0, e);
}

static size_t due_of(struct str forge, int64_t now)
{
	struct db *db = NULL;
	int64_t *ids;
	size_t n = 0;
	struct err e = { 0 };

	must(store_reader_get(fx.store, &db, &e), &e);
	must(pulls_due(db, &fx.arena, forge, now, 10, &ids, &n, &e), &e);
	store_reader_put(fx.store, db);
	return n;
}

static size_t due_at(int64_t now)
{
	return due_of(STR("home"), now);
}

static void a_run_is_pulled_when_it_is_wanted_and_until_it_is_done(void **state)
{
	struct wanted w;
	(void)state;

	must_write(add_w, &w);
	assert_int_equal(due_at(T0 + 9999), 0);
	must_write(want_w, &w);
	assert_int_equal(due_at(T0 + 999), 0);
	assert_int_equal(due_at(T0 + 1000), 1);
	assert_int_equal(due_of(STR("hub"), T0 + 1000), 0);
	must_write(fail_w, &w);
	assert_int_equal(due_at(T0 + 1000), 0);
	must_write(want_w, &w); /* which says nothing new */
	assert_int_equal(due_at(T0 + 1000), 0);
	assert_int_equal(due_at(T0 + 5000), 1);
	must_write(done_w, &w);
	must_write(want_w, &w);
	assert_int_equal(due_at(T0 + 9999), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, store_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_runner_tells_takes_the_place_of_what_was_pulled),
		TEST(a_job_that_both_know_by_its_id_is_the_runners),
		TEST(other_attempts_and_runs_keep_what_was_pulled),
		TEST(nothing_is_pulled_where_a_runner_told),
		TEST(a_step_that_was_pulled_says_so),
		TEST(groups_go_with_the_last_of_what_was_pulled),
		TEST(a_run_is_pulled_when_it_is_wanted_and_until_it_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
