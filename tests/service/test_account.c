

#include "tests/test.h"

#include "base/zst.h"
#include "store/nouns.h"
#include "tests/service/fixture.h"

#include <string.h>

static const struct identity reader = { .kind = IDENTITY_TOKEN, .scopes = SCOPE_ALL };

static enum err_code ask(const struct identity *id, struct account_query q, struct buf *out)
{
	struct err e = { 0 };

	q.budget = q.budget ? q.budget : 64 * 1024;
	buf_reset(out);
	return account_write(fx.store, fx.cfg, id, &q, out, &e);
}

static struct account_query by_sha(const char *repo, const char *sha)
{
	return (struct account_query){ .repo = str_z(repo), .head_sha = str_z(sha), .format = ACCOUNT_JSON };
}

static void exactly_one_way_of_asking(void **state)
{
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	assert_int_equal(ask(&reader, (struct account_query){ .repo = STR("acme/pump") }, &out), ERR_INVALID);
	assert_int_equal(ask(&reader, (struct account_query){ .head_sha = STR(SHA) }, &out), ERR_INVALID);
	assert_int_equal(
		ask(&reader, (struct account_query){ .run_id = 1, .external_run_id = STR("7") }, &out),
		ERR_INVALID);
}

static void nothing_posted_is_told_with_its_reason(void **state)
{
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	assert_int_equal(ask(&reader, by_sha("acme/pump", SHA), &out), ERR_OK);
	assert_non_null(strstr(buf_cstr(&out), "\"steps\":[]"));
	assert_non_null(strstr(buf_cstr(&out), "nothing_posted"));
	assert_int_equal(ask(&reader, by_sha("acme/valve", SHA), &out), ERR_OK);
	assert_non_null(strstr(buf_cstr(&out), "not_watched"));
}

static void a_green_commit_is_not_a_dead_pipe(void **state)
{
	struct ingest_post p = a_post("test", STR("fine"));
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	p.facts.conclusion = CONCLUSION_SUCCESS;
	assert_int_equal(post_at(&p, NOW), ERR_OK);
	assert_int_equal(ask(&reader, by_sha("acme/pump", SHA), &out), ERR_OK);
	assert_non_null(strstr(buf_cstr(&out), "not_failed"));
}

static void silence_is_possible_for_who_appends_it(void **state)
{
	struct account_query q = by_sha("acme/pump", SHA);
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	q.silent_when_empty = true;
	assert_int_equal(ask(&reader, q, &out), ERR_OK);
	assert_int_equal(out.len, 0);
	post_text("compile", "broken");
	assert_int_equal(ask(&reader, q, &out), ERR_OK);
	assert_true(out.len > 0);
}

static void the_newest_attempt_of_a_job_counts_and_the_other_jobs_stay(void **state)
{
	struct ingest_post one = a_post("test", STR("first try")), two = a_post("test", STR("second try"));
	struct ingest_post other = a_post("lint", STR("lint is unhappy"));
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	two.facts.attempt = 2;
	other.facts.job_name = STR("lint");
	assert_int_equal(post_at(&one, NOW), ERR_OK);
	assert_int_equal(post_at(&other, NOW + 1), ERR_OK);
	assert_int_equal(post_at(&two, NOW + 2), ERR_OK);
	assert_int_equal(ask(&reader, by_sha("acme/pump", SHA), &out), ERR_OK);
	assert_null(strstr(buf_cstr(&out), "first try"));
	assert_non_null(strstr(buf_cstr(&out), "second try"));
	assert_non_null(strstr(buf_cstr(&out), "lint is unhappy"));
}

/* acme/valve is not on the default forge, but on two others. Posts go to the one on the last. */
static void watch_on_two_others(int64_t ret_id[2])
{
	static const char *const forges[] = { "hub", "lab" };
	struct err e;
	bool is_new;

	fx.cfg->forges = arena_array(&fx.cfg->arena, 3, sizeof *fx.cfg->forges);
	fx.cfg->forges[0] = (struct forge_config){ .name = STR("home"), .url = STR("") };
	for (size_t i = 0; i < 2; i++)
		fx.cfg->forges[i + 1] = (struct forge_config){ .name = str_z(forges[i]), .url = STR("") };
	fx.cfg->n_forges = 3;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(manage_repo_add(fx.store, fx.cfg, &fixture_server, str_z(forges[i]),
					 STR("acme/valve"), NOW, &fx.arena, &fx.repo, &is_new, &e),
			ERR_OK);
		ret_id[i] = fx.repo.id;
	}
}

static void of_forges_that_have_the_repo_the_one_that_something_was_sent_from_is_meant(void **state)
{
	struct account_query q = by_sha("acme/valve", SHA);
	int64_t id[2];
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	watch_on_two_others(id);
	assert_int_equal(ask(&reader, q, &out), ERR_OK);
	assert_non_null(strstr(buf_cstr(&out), "nothing_posted"));
	post_text("compile", "broken valve");
	assert_int_equal(ask(&reader, q, &out), ERR_OK);
	assert_non_null(strstr(buf_cstr(&out), "broken valve"));
	assert_non_null(strstr(buf_cstr(&out), "\"forge\":\"lab\""));
	q.forge = STR("hub"); /* said is said */
	assert_int_equal(ask(&reader, q, &out), ERR_OK);
	assert_non_null(strstr(buf_cstr(&out), "nothing_posted"));
}

static void of_forges_that_have_the_repo_a_bound_tokens_own_is_meant(void **state)
{
	struct identity bound = reader;
	int64_t id[2];
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	watch_on_two_others(id);
	for (size_t i = 0; i < 2; i++) {
		bound.token.repo_id = id[i];
		assert_int_equal(ask(&bound, by_sha("acme/valve", SHA), &out), ERR_OK);
		assert_non_null(strstr(buf_cstr(&out), "nothing_posted"));
	}
	post_text("compile", "broken valve");
	assert_int_equal(ask(&bound, by_sha("acme/valve", SHA), &out), ERR_OK);
	assert_non_null(strstr(buf_cstr(&out), "broken valve"));
	bound.token.repo_id = id[0];
	assert_int_equal(ask(&bound, by_sha("acme/valve", SHA), &out), ERR_OK);
	assert_null(strstr(buf_cstr(&out), "broken valve"));
}

static void runs_are_found_by_either_id(void **state)
{
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	post_text("compile", "broken pump");
	assert_int_equal(ask(&reader, (struct account_query){ .external_run_id = STR("77") }, &out), ERR_OK);
	assert_non_null(strstr(buf_cstr(&out), "broken pump"));
	assert_int_equal(ask(&reader, (struct account_query){ .run_id = 1 }, &out), ERR_OK);
	assert_non_null(strstr(buf_cstr(&out), "broken pump"));
	assert_int_equal(ask(&reader, (struct account_query){ .run_id = 999 }, &out), ERR_NOT_FOUND);
}

static void a_bound_token_reads_its_repo_alone(void **state)
{
	struct identity bound = reader;
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	post_text("compile", "broken pump");
	bound.token.repo_id = fx.repo.id + 1;
	assert_int_equal(ask(&bound, by_sha("acme/pump", SHA), &out), ERR_NOT_FOUND);
	assert_int_equal(ask(&bound, by_sha("acme/unknown", SHA), &out), ERR_NOT_FOUND);
	assert_int_equal(ask(&bound, (struct account_query){ .run_id = 1 }, &out), ERR_NOT_FOUND);
	assert_int_equal(ask(&bound, (struct account_query){ .external_run_id = STR("77") }, &out), ERR_OK);
	assert_null(strstr(buf_cstr(&out), "broken pump"));
	bound.token.repo_id = fx.repo.id;
	assert_int_equal(ask(&bound, by_sha("acme/pump", SHA), &out), ERR_OK);
	assert_non_null(strstr(buf_cstr(&out), "broken pump"));
}

static void an_expired_log_is_told_with_its_date(void **state)
{
	struct chore_report reports[CHORE_N];
	struct err e;
	size_t n;
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	post_text("compile", "broken pump");
	assert_int_equal(janitor_pass(fx.store, fx.cfg, false, NOW + 15 * DAY_MS, reports, &n, &e), ERR_OK);
	assert_int_equal(ask(&reader, by_sha("acme/pump", SHA), &out), ERR_OK);
	assert_null(strstr(buf_cstr(&out), "broken pump"));
	assert_non_null(strstr(buf_cstr(&out), "expired"));
	assert_non_null(strstr(buf_cstr(&out), "\"steps\":[]"));
}

#define N_OLD 201 /* one more than a context lists */

static enum err_code apply_many(struct store_op *op, struct db *db, struct err *e)
{
	struct step_facts f = a_post("", STR("")).facts;
	struct tail_size size = { .n_lines = 1, .n_bytes = 1 };
	int64_t id;
	AUTO_BUF frame;

	(void)op;
	buf_init(&frame, 1024);
	TRY(zst_compress(STR("x"), 1, &frame, e));
	for (f.step_index = 0; f.step_index < N_OLD; f.step_index++)
		TRY(steps_put(db, fx.repo.id, &f, &size, buf_view(&frame), NOW, &id, e));
	return ERR_OK;
}

static void a_fresh_failure_is_told_however_many_expired_ones_there_are(void **state)
{
	struct store_op old = { .apply = apply_many, .bytes = 1000 };
	struct chore_report reports[CHORE_N];
	struct ingest_post fresh = a_post("link", STR("broken last night"));
	struct account_query q = by_sha("acme/pump", SHA);
	struct err e;
	size_t n;
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	assert_int_equal(store_write(fx.store, &old, &e), ERR_OK);
	assert_int_equal(post_at(&fresh, NOW + 14 * DAY_MS), ERR_OK);
	assert_int_equal(janitor_pass(fx.store, fx.cfg, false, NOW + 15 * DAY_MS, reports, &n, &e), ERR_OK);
	for (q.budget = 1024; q.budget <= 1024 * 1024; q.budget *= 32) {
		q.format = ACCOUNT_MARKDOWN;
		assert_int_equal(ask(&reader, q, &out), ERR_OK);
		assert_non_null(strstr(buf_cstr(&out), "broken last night"));
		assert_non_null(strstr(buf_cstr(&out), "202 failed steps"));
		q.format = ACCOUNT_JSON;
		assert_int_equal(ask(&reader, q, &out), ERR_OK);
		assert_non_null(strstr(buf_cstr(&out), "202 failed steps"));
		if (q.budget > 1024) /* at the least one, JSON has room for no step's facts */
			assert_non_null(strstr(buf_cstr(&out), "broken last night"));
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_up, fixture_down)
static void a_failed_step_without_its_text_is_told_beside_one_that_has_it(void **state)
{
	struct chore_report reports[CHORE_N];
	struct ingest_post later = a_post("link", STR("still here"));
	struct err e;
	size_t n;
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1 << 20);
	post_text("compile", "broken pump");
	assert_int_equal(post_at(&later, NOW + 14 * DAY_MS), ERR_OK);
	assert_int_equal(janitor_pass(fx.store, fx.cfg, false, NOW + 15 * DAY_MS, reports, &n, &e), ERR_OK);
	assert_int_equal(ask(&reader, by_sha("acme/pump", SHA), &out), ERR_OK);
	assert_null(strstr(buf_cstr(&out), "broken pump"));
	assert_non_null(strstr(buf_cstr(&out), "\"step\":\"compile\""));
	assert_non_null(strstr(buf_cstr(&out), "\"text\":null"));
	assert_non_null(strstr(buf_cstr(&out), "still here"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(exactly_one_way_of_asking),
		TEST(nothing_posted_is_told_with_its_reason),
		TEST(a_green_commit_is_not_a_dead_pipe),
		TEST(silence_is_possible_for_who_appends_it),
		TEST(the_newest_attempt_of_a_job_counts_and_the_other_jobs_stay),
		TEST(of_forges_that_have_the_repo_the_one_that_something_was_sent_from_is_meant),
		TEST(of_forges_that_have_the_repo_a_bound_tokens_own_is_meant),
		TEST(runs_are_found_by_either_id),
		TEST(a_bound_token_reads_its_repo_alone),
		TEST(an_expired_log_is_told_with_its_date),
		TEST(a_failed_step_without_its_text_is_told_beside_one_that_has_it),
		TEST(a_fresh_failure_is_told_however_many_expired_ones_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
