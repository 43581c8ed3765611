/* keeping.c: which text goes, how it goes, and what keeps it. */
#include "tests/store/fixture.h"

#include <stdio.h>
#include <string.h>

struct expire_call {
	enum texts which;
	int64_t number, limit;
	int64_t rows, bytes;
};

static enum err_code expire_w(struct db *db, void *arg, struct err *e)
{
	struct expire_call *c = arg;
	struct text *texts = NULL;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(texts_find(db, &a, c->which, c->number, c->limit, &texts, &n, e));
	TRY(texts_expire(db, texts, n, T0 + 1000, e));
	for (size_t i = 0; i < n; i++) {
		c->rows += texts[i].expired;
		c->bytes += texts[i].expired ? texts[i].bytes : 0;
	}
	return ERR_OK;
}

static struct expire_call expire_of(enum texts which, int64_t number, int64_t limit)
{
	struct expire_call c = { .which = which, .number = number, .limit = limit };

	must_write(expire_w, &c);
	return c;
}

static struct expire_call expire(int64_t before, int64_t limit)
{
	return expire_of(TEXTS_OLD, before, limit);
}

static struct expire_call count_of(enum texts which, int64_t number)
{
	struct expire_call c = { .which = which };
	struct db *db = NULL;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e); /* a reader: it cannot delete */
	must(texts_count(db, which, number, &c.rows, &c.bytes, &e), &e);
	store_reader_put(fx.store, db);
	return c;
}

static struct expire_call expire_dry(int64_t before)
{
	return count_of(TEXTS_OLD, before);
}

static struct text_totals totals(void)
{
	struct text_totals t;
	struct db *db = NULL;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(texts_total(db, &t, &e), &e);
	store_reader_put(fx.store, db);
	return t;
}

struct pin_call {
	int64_t step_id, repo_id, now, expired_at;
	bool changed;
};

static enum err_code pin_w(struct db *db, void *arg, struct err *e)
{
	struct pin_call *c = arg;

	return texts_pin(db, c->step_id, c->repo_id, c->now, &c->expired_at, &c->changed, e);
}

static void pin(int64_t step_id, int64_t now)
{
	struct pin_call c = { .step_id = step_id, .now = now };

	must_write(pin_w, &c);
	assert_int_equal(c.expired_at, 0);
}

static int64_t put_green(int64_t repo, const char *step, const char *run, int64_t now)
{
	struct step_facts f = a_step(step);

	f.conclusion = CONCLUSION_SUCCESS;
	f.external_run_id = str_z(run);
	return put(repo, &f, step, now);
}

/* Ten steps, received at T0 to T0 + 9. */
static int64_t ten_steps(void)
{
	int64_t repo = add_repo("default", "acme/pump");
	char name[20];

	for (int i = 0; i < 10; i++) {
		struct step_facts f;

		snprintf(name, sizeof name, "step %d", i);
		f = a_step(name);
		put(repo, &f, name, T0 + i);
	}
	return repo;
}

static void old_text_goes_and_young_text_stays(void **state)
{
	int64_t repo = ten_steps();
	struct account acc;
	(void)state;

	assert_int_equal(expire(T0 + 4, 100).rows, 4);
	acc = account_of_sha(repo, SHA_A);
	assert_int_equal(acc.n, 10);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(acc.steps[i].has_text, i >= 4);
		assert_int_equal(acc.steps[i].log_expired_at, i >= 4 ? 0 : T0 + 1000);
		assert_int_equal(acc.steps[i].size.n_bytes, 6); /* the fact stays */
	}
	assert_int_equal(acc.expired_at, T0 + 1000);
	assert_int_equal(ask("SELECT count(*) FROM tail"), 6);
	assert_int_equal(expire(T0 + 4, 100).rows, 0);
}

static void the_limit_leaves_out_expired_steps_before_live_ones(void **state)
{
	int64_t repo = ten_steps();
	struct step_facts f = a_step("sent again by a machine whose clock is behind");
	struct account acc;
	(void)state;

	assert_int_equal(expire(T0 + 10, 100).rows, 10);
	put(repo, &f, "alive", T0 - 1);
	acc = account_of(&(struct step_query){ .repo_id = repo, .head_sha = STR(SHA_A) }, 3);
	assert_int_equal(acc.n, 3);
	assert_int_equal(acc.tally.n_failed, 11);
	equals(acc.steps[0].text, "alive");
	equals(acc.steps[1].facts.step_name, "step 8");
	equals(acc.steps[2].facts.step_name, "step 9");
}

static void a_pass_in_pieces_takes_the_oldest_first(void **state)
{
	(void)state;
	ten_steps();
	assert_int_equal(expire(T0 + 8, 5).rows, 5);
	assert_int_equal(ask("SELECT max(received_at) FROM step WHERE log_expired_at <> 0"), T0 + 4);
	assert_int_equal(expire(T0 + 8, 5).rows, 3);
	assert_int_equal(expire(T0 + 8, 5).rows, 0);
	assert_int_equal(ask("SELECT count(*) FROM tail"), 2);
}

static void a_dry_run_reports_what_a_heal_would_do_and_deletes_nothing(void **state)
{
	struct expire_call dry, heal;
	(void)state;

	ten_steps();
	dry = expire_dry(T0 + 7);
	assert_int_equal(ask("SELECT count(*) FROM tail"), 10);
	assert_int_equal(ask("SELECT count(*) FROM step WHERE log_expired_at <> 0"), 0);
	heal = expire(T0 + 7, 100);
	assert_int_equal(dry.rows, 7);
	assert_int_equal(heal.rows, 7);
	assert_true(dry.bytes > 0);
	assert_int_equal(dry.bytes, heal.bytes);
	assert_int_equal(expire_dry(T0 + 7).rows, 0);
	assert_int_equal(expire_dry(T0 + 7).bytes, 0);
}

static enum err_code expire_and_fail(struct db *db, void *arg, struct err *e)
{
	TRY(expire_w(db, arg, e));
	return err_set(e, ERR_CONFLICT, "undone");
}

/* More than a savepoint keeps in memory: on its way to a file nothing may be lost. */
static void megabytes_of_text_go_in_one_operation_or_come_back(void **state)
{
	static char text[12000];
	int64_t repo = add_repo("default", "acme/pump"), n = 300;
	struct expire_call c = { .which = TEXTS_OLD, .number = T0 + n, .limit = n };
	uint32_t seed = 1;
	struct err e;
	(void)state;

	for (int64_t i = 0; i < n; i++) {
		struct step_facts f = a_step("make");

		for (size_t k = 0; k < sizeof text; k++)
			text[k] = (char)('0' + ((seed = seed * 1664525u + 1013904223u) >> 26));
		f.step_index = i;
		must(try_put(repo, &f, (struct str){ text, sizeof text }, T0 + i, &(int64_t){ 0 }, &e), &e);
	}
	assert_int_equal(try_write(expire_and_fail, &c, &e), ERR_CONFLICT);
	assert_int_equal(ask("SELECT count(*) FROM tail"), n);
	assert_int_equal(expire(T0 + n, n).rows, n);
	assert_int_equal(ask("SELECT count(*) FROM tail"), 0);
}

static void a_step_sent_again_after_its_text_expired_has_text_again(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("make");
	struct account acc;
	(void)state;

	put(repo, &f, "old", T0);
	expire(T0 + 1, 10);
	put(repo, &f, "new", T0 + 2);
	acc = account_of_sha(repo, SHA_A);
	equals(acc.steps[0].text, "new");
	assert_int_equal(acc.steps[0].log_expired_at, 0);
	assert_int_equal(expire(T0 + 2, 10).rows, 0);
	assert_int_equal(expire(T0 + 3, 10).rows, 1);
}

/* ---- budgets ---- */

static void over_a_budget_the_oldest_go_until_it_is_enough(void **state)
{
	int64_t each;
	(void)state;

	ten_steps();
	each = totals().other.bytes / 10;
	assert_int_equal(count_of(TEXTS_OVER, 1).rows, 1);
	assert_int_equal(count_of(TEXTS_OVER, each).rows, 1);
	assert_int_equal(count_of(TEXTS_OVER, each + 1).rows, 2);
	assert_int_equal(count_of(TEXTS_OVER, 0).rows, 0);
	assert_int_equal(count_of(TEXTS_OVER, INT64_MAX).rows, 10);
	assert_int_equal(expire_of(TEXTS_OVER, 3 * each, 100).rows, 3);
	assert_int_equal(ask("SELECT max(received_at) FROM step WHERE log_expired_at <> 0"), T0 + 2);
	assert_int_equal(totals().other.bytes, 7 * each);
}

static void a_limit_ends_a_batch_and_not_the_budget(void **state)
{
	(void)state;
	ten_steps();
	assert_int_equal(expire_of(TEXTS_OVER, INT64_MAX, 4).rows, 4);
	assert_int_equal(expire_of(TEXTS_OVER, INT64_MAX, 4).rows, 4);
	assert_int_equal(expire_of(TEXTS_OVER, INT64_MAX, 4).rows, 2);
}

static void green_and_other_text_are_two_budgets(void **state)
{
	int64_t repo = ten_steps();
	struct text_totals before = totals();
	(void)state;

	assert_int_equal(before.green.bytes, 0);
	put_green(repo, "green", "77", T0 - 5);
	assert_int_equal(totals().other.bytes, before.other.bytes);
	assert_true(totals().green.bytes > 0);
	assert_int_equal(count_of(TEXTS_OVER, INT64_MAX).rows, 10);
	assert_int_equal(expire_of(TEXTS_OVER_GREEN, INT64_MAX, 100).rows, 1);
	assert_int_equal(totals().green.bytes, 0);
	assert_int_equal(totals().other.bytes, before.other.bytes);
}

static void the_sum_of_what_is_stored_is_what_is_stored(void **state)
{
	int64_t repo = ten_steps();
	struct step_facts f = a_step("step 3");
	(void)state;

	put(repo, &f, "sent again, and longer than it was before that", T0 + 20);
	assert_int_equal(totals().other.bytes, ask("SELECT sum(length(zstd)) FROM tail"));
	expire(T0 + 5, 100);
	assert_int_equal(totals().other.bytes, ask("SELECT sum(length(zstd)) FROM tail"));
}

/* ---- greens ---- */

static void of_each_step_that_succeeded_the_newest_stay(void **state)
{
	int64_t repo = add_repo("default", "acme/pump"), other = add_repo("default", "acme/valve");
	char run[20];
	(void)state;

	for (int i = 0; i < 6; i++) {
		snprintf(run, sizeof run, "%d", 100 + i);
		put_green(repo, "build", run, T0 + i);
		put_green(repo, "test", run, T0 + i);
		put_green(other, "build", run, T0 + i);
	}
	assert_int_equal(count_of(TEXTS_SURPLUS_GREEN, 3).rows, 9);
	assert_int_equal(expire_of(TEXTS_SURPLUS_GREEN, 3, 100).rows, 9);
	assert_int_equal(ask("SELECT count(*) FROM step WHERE log_expired_at = 0"), 9);
	assert_int_equal(ask("SELECT min(received_at) FROM step WHERE log_expired_at = 0"), T0 + 3);
	assert_int_equal(expire_of(TEXTS_SURPLUS_GREEN, 3, 100).rows, 0);
}

static void a_step_is_the_same_by_its_names_whatever_ids_its_job_and_made_up_leg_have(void **state)
{
	static const char *const legs[] = { LEG_MADE_UP "1", LEG_MADE_UP "2" };
	int64_t repo = add_repo("default", "acme/pump");
	struct step_facts f = a_step("build");
	(void)state;

	f.conclusion = CONCLUSION_SUCCESS;
	for (int i = 0; i < 2; i++) {
		f.job_id = i ? STR("12") : STR("11");
		f.leg = str_z(legs[i]);
		put(repo, &f, "x", T0 + i);
	}
	assert_int_equal(count_of(TEXTS_SURPLUS_GREEN, 1).rows, 1);
	f.leg = STR("debian");
	put(repo, &f, "x", T0 + 2);
	assert_int_equal(count_of(TEXTS_SURPLUS_GREEN, 1).rows, 1);
	f.workflow = STR("release.yaml");
	f.external_run_id = STR("78");
	put(repo, &f, "x", T0 + 3);
	assert_int_equal(count_of(TEXTS_SURPLUS_GREEN, 1).rows, 1);
}

static void what_failed_is_no_green_log(void **state)
{
	(void)state;
	ten_steps();
	assert_int_equal(count_of(TEXTS_SURPLUS_GREEN, 0).rows, 0);
}

/* ---- pins ---- */

static void a_pinned_text_is_touched_by_nothing(void **state)
{
	int64_t repo = ten_steps(), green = put_green(repo, "green", "77", T0);
	(void)state;

	pin(1, T0 + 50);
	pin(green, T0 + 50);
	assert_int_equal(count_of(TEXTS_OVER, INT64_MAX).rows, 9);
	assert_int_equal(count_of(TEXTS_OVER_GREEN, INT64_MAX).rows, 0);
	assert_int_equal(count_of(TEXTS_SURPLUS_GREEN, 0).rows, 0);
	assert_int_equal(expire(T0 + 100, 100).rows, 9);
	assert_int_equal(ask("SELECT count(*) FROM tail"), 2);
	assert_true(totals().other.pinned > 0);
	assert_int_equal(totals().other.pinned, totals().other.bytes);
	assert_true(totals().green.pinned > 0);
	pin(1, 0);
	assert_int_equal(expire(T0 + 100, 100).rows, 1);
}

static void a_text_that_is_pinned_after_it_was_found_stays(void **state)
{
	struct text t = { .step_id = 1, .received_at = T0 };
	struct db *db = open_database();
	struct err e;
	(void)state;

	ten_steps();
	pin(1, T0 + 1);
	must(texts_expire(db, &t, 1, T0 + 2, &e), &e);
	assert_false(t.expired);
	t = (struct text){ .step_id = 2, .received_at = T0 }; /* and so does one that was sent again */
	must(texts_expire(db, &t, 1, T0 + 2, &e), &e);
	assert_false(t.expired);
	t.received_at = T0 + 1;
	must(texts_expire(db, &t, 1, T0 + 2, &e), &e);
	assert_true(t.expired);
	assert_false(t.had_log);
	db_close(db);
}

static void pinning_again_keeps_the_first_time_and_unpinning_again_is_fine(void **state)
{
	(void)state;
	ten_steps();
	pin(4, T0 + 7);
	pin(4, T0 + 9);
	assert_int_equal(ask("SELECT pinned_at FROM step WHERE id = 4"), T0 + 7);
	pin(4, 0);
	pin(4, 0);
	assert_int_equal(ask("SELECT pinned_at FROM step WHERE id = 4"), 0);
}

static void a_step_of_another_repo_or_none_cannot_be_pinned(void **state)
{
	int64_t repo = ten_steps();
	struct pin_call c = { .step_id = 1, .repo_id = repo + 1, .now = T0 };
	struct err e;
	(void)state;

	assert_int_equal(try_write(pin_w, &c, &e), ERR_NOT_FOUND);
	c.step_id = 999;
	c.repo_id = 0;
	assert_int_equal(try_write(pin_w, &c, &e), ERR_NOT_FOUND);
	c.step_id = 1;
	c.repo_id = repo;
	must(try_write(pin_w, &c, &e), &e);
}

static void what_has_expired_is_not_pinned_any_more(void **state)
{
	struct pin_call c = { .step_id = 1, .now = T0 + 2 };
	(void)state;

	ten_steps();
	expire(T0 + 1, 100);
	must_write(pin_w, &c);
	assert_int_equal(c.expired_at, T0 + 1000);
	assert_int_equal(ask("SELECT pinned_at FROM step WHERE id = 1"), 0);
}

/* ---- logs ---- */

static enum err_code add_log_w(struct db *db, void *arg, struct err *e)
{
	return logs_add(db, *(int64_t *)arg, T0, e);
}

static enum err_code seal_w(struct db *db, void *arg, struct err *e)
{
	return logs_seal(db, *(int64_t *)arg, 5000, e);
}

static void a_log_may_go_when_it_is_sealed_and_not_before(void **state)
{
	int64_t id = put_green(add_repo("default", "acme/pump"), "build", "77", T0);
	struct text t = { .step_id = id, .received_at = T0 };
	struct db *db = open_database();
	struct err e;
	(void)state;

	must_write(add_log_w, &id);
	tell("INSERT INTO chunk (step_id, number, entry, zstd) VALUES (1, 0, 'abc', 'defg')");
	tell("UPDATE log SET file_bytes = 1000");
	assert_int_equal(totals().unsealed, 1007);
	assert_int_equal(totals().other.bytes, 0);
	assert_int_equal(count_of(TEXTS_OLD, T0 + 1).rows, 0);
	must(texts_expire(db, &t, 1, T0 + 2, &e), &e);
	assert_false(t.expired);

	must_write(seal_w, &id);
	assert_int_equal(totals().unsealed, 0);
	assert_int_equal(totals().other.bytes, 5000);
	assert_int_equal(count_of(TEXTS_OLD, T0 + 1).bytes, 5000);
	must(texts_expire(db, &t, 1, T0 + 2, &e), &e);
	assert_true(t.expired);
	assert_true(t.had_log);
	assert_int_equal(ask("SELECT count(*) FROM log"), 0);
	assert_int_equal(ask("SELECT stored_bytes FROM step"), 0);
	db_close(db);
}

/* ---- masks ---- */

static enum err_code add_mask_w(struct db *db, void *arg, struct err *e)
{
	return run_masks_add(db, *(int64_t *)arg, STR("sealed"), e);
}

struct masks_call {
	bool dry;
	int64_t rows, bytes;
};

static enum err_code expire_masks_w(struct db *db, void *arg, struct err *e)
{
	struct masks_call *c = arg;

	return run_masks_expire(db, T0 + 100, 1, c->dry, &c->rows, &c->bytes, e);
}

static int64_t a_run_with_masks(int64_t repo, const char *run, int64_t received_at)
{
	int64_t id = put_green(repo, "build", run, received_at), run_id;

	run_id = ask("SELECT max(id) FROM run");
	must_write(add_mask_w, &run_id);
	must_write(add_mask_w, &run_id);
	return id;
}

static void masks_of_silent_runs_go_a_run_at_a_time(void **state)
{
	int64_t repo = add_repo("default", "acme/pump");
	struct masks_call c = { .dry = true };
	(void)state;

	a_run_with_masks(repo, "1", T0);
	a_run_with_masks(repo, "2", T0 + 99);
	a_run_with_masks(repo, "3", T0 + 100);
	must_write(expire_masks_w, &c);
	assert_int_equal(c.rows, 4);
	assert_int_equal(c.bytes, 4 * 6);
	assert_int_equal(ask("SELECT count(*) FROM run_mask"), 6);
	c.dry = false;
	must_write(expire_masks_w, &c);
	assert_int_equal(c.rows, 2);
	must_write(expire_masks_w, &c);
	assert_int_equal(c.rows, 2);
	must_write(expire_masks_w, &c);
	assert_int_equal(c.rows, 0);
	assert_int_equal(ask("SELECT count(*) FROM run_mask"), 2);
}

static void masks_stay_while_a_step_of_the_run_streams(void **state)
{
	int64_t id = a_run_with_masks(add_repo("default", "acme/pump"), "1", T0);
	struct masks_call c = { 0 };
	(void)state;

	must_write(add_log_w, &id);
	must_write(expire_masks_w, &c);
	assert_int_equal(c.rows, 0);
	must_write(seal_w, &id);
	must_write(expire_masks_w, &c);
	assert_int_equal(c.rows, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, store_up, store_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(old_text_goes_and_young_text_stays),
		T(the_limit_leaves_out_expired_steps_before_live_ones),
		T(a_pass_in_pieces_takes_the_oldest_first),
		T(a_dry_run_reports_what_a_heal_would_do_and_deletes_nothing),
		T(megabytes_of_text_go_in_one_operation_or_come_back),
		T(a_step_sent_again_after_its_text_expired_has_text_again),
		T(over_a_budget_the_oldest_go_until_it_is_enough),
		T(a_limit_ends_a_batch_and_not_the_budget),
		T(green_and_other_text_are_two_budgets),
		T(the_sum_of_what_is_stored_is_what_is_stored),
		T(of_each_step_that_succeeded_the_newest_stay),
		T(a_step_is_the_same_by_its_names_whatever_ids_its_job_and_made_up_leg_have),
		T(what_failed_is_no_green_log),
		T(a_pinned_text_is_touched_by_nothing),
		T(a_text_that_is_pinned_after_it_was_found_stays),
		T(pinning_again_keeps_the_first_time_and_unpinning_again_is_fine),
		T(a_step_of_another_repo_or_none_cannot_be_pinned),
		T(what_has_expired_is_not_pinned_any_more),
		T(a_log_may_go_when_it_is_sealed_and_not_before),
		T(masks_of_silent_runs_go_a_run_at_a_time),
		T(masks_stay_while_a_step_of_the_run_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
