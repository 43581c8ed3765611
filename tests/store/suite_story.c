/* suite_story: see the header. */
#include "tests/store/suite_story.h"

#include <string.h>

struct str digest_of(char c)
{
	static char text[128][65];
	char *p = text[(unsigned char)c];

	memset(p, c, 64);
	return (struct str){ p, 64 };
}

static enum err_code put_blob(struct db *db, char c, struct err *e)
{
	return blobs_put(db, digest_of(c), 10, T0, e);
}

static enum err_code put_tests(struct db *db, struct err *e)
{
	struct str file = arena_fmt(&fx.arena, "sha256:%.*s", STR_FMT(digest_of('a')));
	struct suite_words accepted = { &file, 1 };
	struct suite_output out = { STR("out.txt"), accepted };
	const struct suite_sample sample = { .file = arena_fmt(
						     &fx.arena, "sha256:%.*s", STR_FMT(digest_of('5'))),
		.name = STR("s"),
		.active = true };
	const struct suite_test tests[] = {
		{ .name = STR("one"),
			.command = STR("sort"),
			.active = true,
			.outputs = &out,
			.n_outputs = 1 },
		{ .name = STR("two"), .command = STR("wc"), .active = true },
	};
	int64_t sample_id = 0, id;

	TRY(samples_put(db, &sample, T0, &sample_id, e));
	for (size_t i = 0; i < 2; i++)
		TRY(regression_tests_put(db, &tests[i], sample_id, STR("ann@example.org"), T0, &id, e));
	return ERR_OK;
}

enum err_code suite_w(struct db *db, void *arg, struct err *e)
{
	int64_t id;
	bool is_new;

	(void)arg;
	TRY(repos_add(db, STR("home"), STR("acme/pump"), T0, &id, &is_new, e));
	TRY(put_blob(db, '5', e));
	for (char c = 'a'; c <= 'c'; c++)
		TRY(put_blob(db, c, e));
	return put_tests(db, e);
}

enum err_code ask_w(struct db *db, void *arg, struct err *e)
{
	static int number;
	struct asked *x = arg;
	const struct run_request q = { .repo_id = 1,
		.head_sha = STR(SHA_A),
		.external_run_id = arena_fmt(&fx.arena, "suite-%d", ++number),
		.platform = STR("linux"),
		.asked_by = STR("ann@example.org") };

	return queue_add(db, &q, 100, T0, &x->run_id, &x->test, e);
}

enum err_code claim_w(struct db *db, void *arg, struct err *e)
{
	struct claiming *x = arg;

	return queue_take(db, &fx.arena, STR("linux"), str_z(x->worker), 0, 0, x->now, x->now + 60000,
		&x->claim, &x->found, e);
}

enum err_code tell_w(struct db *db, void *arg, struct err *e)
{
	const struct told_one *x = arg;
	struct output_told out = { .filename = STR("out.txt"), .n_bytes = 10 };
	const struct result_told told = { .test_id = x->test_id,
		.has_exit_code = true,
		.exit_code = x->exit_code,
		.runtime_ms = 5,
		.has_outputs = true,
		.outputs = &out,
		.n_outputs = x->digest != 0 };

	out.digest = digest_of(x->digest);
	TRY(results_put(db, x->run_id, &told, T0 + 2, e));
	return results_count(db, x->run_id, e);
}

enum err_code approve_w(struct db *db, void *arg, struct err *e)
{
	const struct approving *x = arg;

	if (x->revert)
		return approvals_revert(db, &x->at, T0 + 9, e);
	return approvals_add(db, &x->at, STR("bo@example.org"), x->remove_others, T0 + 8, e);
}

enum err_code finish_w(struct db *db, void *arg, struct err *e)
{
	return queue_end(db, *(const int64_t *)arg, false, T0 + 5, e);
}

struct run run_at(int64_t run_id, int64_t now)
{
	const struct run_query q = { .run_id = run_id, .now = now, .limit = 1 };
	struct run *runs = NULL;
	struct db *db = NULL;
	int64_t total;
	size_t n = 0;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(runs_list(db, &fx.arena, &q, &runs, &n, &total, &e), &e);
	store_reader_put(fx.store, db);
	assert_int_equal(n, 1);
	return runs[0];
}
