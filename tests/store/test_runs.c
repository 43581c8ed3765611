/* runs.c, tally.c: what is kept of the steps of a run is what counting says, and every list is what looking at every run gives. */
#include "tests/store/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed;

static enum err_code script_w(struct db *db, void *arg, struct err *e)
{
	return db_script(db, arg, e);
}

static void script(const char *sql)
{
	must_write(script_w, (void *)(uintptr_t)sql);
}

static unsigned draw(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 33) % n);
}

/* ---- what is kept ---- */

static struct run_kept *all_kept(size_t *ret_n)
{
	struct run_kept *kept = NULL;
	struct db *db = NULL;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(runs_kept(db, &fx.arena, 0, 1000, &kept, ret_n, &e), &e);
	store_reader_put(fx.store, db);
	return kept;
}

static void assert_tally(const struct run_tally *a, const struct run_tally *b)
{
	assert_int_equal(a->n_steps, b->n_steps);
	assert_int_equal(a->n_failed, b->n_failed);
	assert_int_equal(a->n_lost, b->n_lost);
	assert_int_equal(a->n_running, b->n_running);
	assert_int_equal(a->n_cancelled, b->n_cancelled);
	assert_int_equal(a->newest_at, b->newest_at);
}

/* By the account of a run too, which asks its steps in a way of its own. */
static void what_is_kept_is_what_the_steps_say(void)
{
	size_t n = 0;
	const struct run_kept *kept = all_kept(&n);

	for (size_t i = 0; i < n; i++) {
		struct account acc = account_of(&(struct step_query){ .run_id = kept[i].run_id }, 0);

		assert_tally(&kept[i].kept, &kept[i].counted);
		assert_tally(&kept[i].kept, &acc.tally);
		if (!kept[i].same)
			fail_msg("run %lld", (long long)kept[i].run_id);
	}
}

static struct step_facts some_step(char names[4][24])
{
	struct step_facts f = a_step("s");
	unsigned job = draw(3);

	snprintf(names[0], 24, "%u", draw(70));
	snprintf(names[1], 24, "s%u", draw(3));
	snprintf(names[2], 24, "j%u", job);
	snprintf(names[3], 24, draw(2) ? "auto-%u" : "leg-%u", draw(2));
	f.external_run_id = str_z(names[0]);
	f.step_name = str_z(names[1]);
	f.attempt = draw(6) ? 1 : 1 + draw(3);
	f.job_id = job > 1 ? str_z(names[2]) : STR("");
	f.job_name =
		job <= 1 || draw(2) ? str_z(names[2]) : STR(""); /* some tell their name later, or never */
	f.leg = draw(3) ? STR("") : str_z(names[3]);
	f.conclusion = draw(15) ? CONCLUSION_SUCCESS : (enum conclusion)draw(CONCLUSION_N);
	if (f.conclusion == CONCLUSION_RUNNING)
		f.conclusion = CONCLUSION_CANCELLED;
	f.branch = draw(3) ? STR("main") : STR("");
	return f;
}

static enum err_code post(
	struct db *db, int64_t repo_id, const struct step_facts *f, int64_t now, struct err *e)
{
	const struct tail_size size = { 0 };
	int64_t id;

	return steps_put(db, repo_id, f, &size, STR("x"), now, &id, e);
}

/* Opens the stream of a step, or takes what is there of it one step further in its life. */
static enum err_code stream(
	struct db *db, int64_t repo_id, const struct step_facts *f, int64_t now, struct err *e)
{
	struct step_end end = { .conclusion = f->conclusion, .duration_ms = -1, .at = now };
	int64_t step_id, run_id;
	struct log l;

	TRY(steps_open(db, repo_id, f, now, &step_id, &run_id, e));
	TRY(logs_get(db, &fx.arena, step_id, &l, e));
	if (l.state == LOG_NONE && draw(20) == 0)
		return ERR_OK;
	if (l.state == LOG_NONE) {
		TRY(logs_add(db, step_id, now, e));
		return draw(12) ? logs_end(db, &l, &end, e) : ERR_OK;
	}
	if (l.state == LOG_OPEN)
		return logs_end(db, &l, &end, e);
	if (l.state == LOG_ENDED)
		return logs_seal(db, step_id, 10, e);
	return draw(3) == 0 ? logs_revive(db, &l, STR(""), NULL, e) : logs_drop(db, step_id, now, e);
}

struct happening {
	int64_t repo_id[2], now;
};

static enum err_code happen(struct db *db, void *arg, struct err *e)
{
	struct happening *h = arg;

	for (unsigned i = 1 + draw(6); i > 0; i--) {
		char names[4][24];
		struct step_facts f = some_step(names);
		int64_t repo_id = h->repo_id[draw(2)], now = h->now + draw(2000000) - 1000000;

		h->now += draw(20000);
		TRY(draw(3) ? post(db, repo_id, &f, now, e) : stream(db, repo_id, &f, now, e));
	}
	return ERR_OK;
}

static void whatever_happens_to_steps_what_is_kept_of_their_run_is_what_counting_says(void **state)
{
	struct happening h = { .repo_id = { add_repo("home", "acme/pump"), add_repo("home", "acme/valve") },
		.now = T0 };
	(void)state;

	for (seed = 1; seed < 300; seed++) {
		uint64_t at = seed;

		seed *= UINT64_C(0x9e3779b97f4a7c15);
		must_write(happen, &h);
		seed = at;
		if (at % 4 == 0)
			what_is_kept_is_what_the_steps_say();
	}
	what_is_kept_is_what_the_steps_say();
	assert_true(ask("SELECT count(DISTINCT settled) FROM run") >= 4);
	assert_true(ask("SELECT count(*) FROM job WHERE attempt > 1") > 10);
}

static void a_step_that_is_sent_again_at_an_earlier_time_takes_the_newest_with_it(void **state)
{
	int64_t repo = add_repo("home", "acme/pump");
	struct step_facts one = a_step("one"), two = a_step("two");
	size_t n = 0;
	(void)state;

	put(repo, &one, "text", T0 + 5000);
	put(repo, &two, "text", T0 + 9000);
	put(repo, &two, "text", T0 + 7000); /* the clock was set back */
	assert_int_equal(all_kept(&n)[0].kept.newest_at, T0 + 7000);
	what_is_kept_is_what_the_steps_say();
	put(repo, &one, "text", T0 + 8000); /* it began first: now it did not */
	what_is_kept_is_what_the_steps_say();
}

static enum err_code fail_after_post(struct db *db, void *arg, struct err *e)
{
	struct step_facts f = a_step("late");

	TRY(post(db, *(int64_t *)arg, &f, T0 + 5, e));
	return err_set(e, ERR_INTERNAL, "as if");
}

static void a_change_that_is_undone_leaves_what_is_kept_as_it_was(void **state)
{
	int64_t repo = add_repo("home", "acme/pump");
	struct step_facts f = a_step("one");
	size_t n = 0;
	struct err e;
	(void)state;

	put(repo, &f, "text", T0);
	assert_int_equal(try_write(fail_after_post, &repo, &e), ERR_INTERNAL);
	assert_int_equal(all_kept(&n)[0].kept.n_steps, 1);
	what_is_kept_is_what_the_steps_say();
}

static enum err_code count_again_w(struct db *db, void *arg, struct err *e)
{
	return runs_count_again(db, *(int64_t *)arg, e);
}

static void what_is_kept_wrongly_is_seen_and_counted_again(void **state)
{
	static const char *const wrongs[] = { "n_steps = 7", "n_failed = 0", "n_lost = 1", "n_running = 1",
		"n_cancelled = 1", "newest_at = 5", "began_at = 5", "settled = 'pass'", "heard_minute = 0" };
	int64_t repo = add_repo("home", "acme/pump"), run_id = 1;
	struct step_facts f = a_step("one");
	char sql[100];
	size_t n = 0;
	(void)state;

	put(repo, &f, "text", T0);
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		assert_true(all_kept(&n)[0].same);
		snprintf(sql, sizeof sql, "UPDATE run SET %s", wrongs[i]);
		script(sql);
		if (all_kept(&n)[0].same)
			fail_msg("%s", wrongs[i]);
		must_write(count_again_w, &run_id);
	}
	what_is_kept_is_what_the_steps_say();
}

/* Number of the migration that these columns came with. */
static int migration(void)
{
	for (int i = 0; i < schema_n_migrations; i++)
		if (strstr(schema_migrations[i].name, "run-tally"))
			return schema_migrations[i].version;
	fail();
	return 0;
}

static const char old_rows[] =
	"INSERT INTO repo (forge, name, name_key, added_at) VALUES ('home', 'acme/pump', 'acme/pump', 1);"
	"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
	" INSERT INTO run (repo_id, head_sha, external_run_id, workflow, branch, pull_request, url, "
	"created_at)"
	" SELECT 1, printf('%040x', i), i, '', '', 0, '', 1790000000000 + i FROM n;"
	"WITH attempt (n) AS (VALUES (1), (2), (3)), name (job_key, job_name) AS (VALUES ('id:1', 'a'),"
	" ('id:2', 'a'), ('name:b', 'b'), ('id:4', '')), leg (leg) AS (VALUES (''), ('auto-1'), ('auto-2'), "
	"('x'))"
	" INSERT INTO job (run_id, attempt, job_key, leg, job_id, job_name, platform)"
	" SELECT run.id, attempt.n, job_key, leg.leg, '', job_name, '' FROM run, attempt, name, leg"
	" WHERE (run.id * 31 + attempt.n * 17 + length(leg.leg) * 7 + unicode(substr(job_key, -1))) % 11 = 0;"
	"WITH n (i) AS (VALUES (0), (1), (2)) INSERT INTO step (job_id, step_key, name, step_index, "
	"conclusion,"
	" received_at, n_lines, n_bytes, n_dropped_lines, n_dropped_bytes, log_expired_at, began_at)"
	" SELECT job.id, 'index:' || i, '', i, CASE (job.run_id + job.attempt) % 8 + 10 * i WHEN 0 THEN "
	"'failure' WHEN 1 THEN"
	" 'timed_out' WHEN 2 THEN 'cancelled' WHEN 3 THEN 'runner_lost' WHEN 4 THEN 'running' WHEN 5 THEN "
	"'skipped'"
	" ELSE 'success' END, 1790000000000 + (job.id * 7919) % 100003, 0, 0, 0, 0, 0,"
	" CASE WHEN job.id % 3 = 0 THEN 1790000000000 + (job.id * 13) % 777 ELSE 0 END FROM job, n"
	" WHERE (job.id + i) % 5 > 0;";

static void rows_from_before_get_what_counting_says(void **state)
{
	struct db *db = open_database();
	struct run_kept *kept = NULL;
	int64_t n_settled = 0;
	size_t n = 0;
	struct err e;
	(void)state;

	must(schema_migrate(db, migration() - 1, T0, &e), &e);
	must(db_script(db, old_rows, &e), &e);
	must(schema_migrate(db, schema_n_migrations, T0, &e), &e);
	must(runs_kept(db, &fx.arena, 0, 1000, &kept, &n, &e), &e);
	assert_int_equal(n, 200);
	for (size_t i = 0; i < n; i++)
		if (!kept[i].same)
			fail_msg("run %lld", (long long)kept[i].run_id);
	must(db_int(db, "SELECT count(DISTINCT settled) FROM run", NULL, 0, &n_settled, &e), &e);
	assert_int_equal(n_settled, 5);
	db_close(db);
}

/* ---- lists ---- */

#define N_RUNS 13000
#define BEGINNING (T0 + 100000000)

/* Made of numbers: two forges have acme/pump, and acme/valve has few. So that any status but `incomplete` may be that of more than 10,000. */
static int many_runs(void **state)
{
	if (store_up(state) != 0)
		return -1;
	add_repo("home", "Acme/Pump");
	add_repo("mirror", "acme/pump");
	add_repo("home", "acme/valve");
	script("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 13000)"
	       " INSERT INTO run (repo_id, head_sha, external_run_id, workflow, branch, pull_request, url,"
	       " created_at, n_steps, n_failed, n_lost, n_running, n_cancelled, newest_at, began_at)"
	       " SELECT CASE WHEN i % 100 = 1 THEN 3 WHEN i % 50 = 2 THEN 2 ELSE 1 END,"
	       " printf('%040x', i / 3), i, '', CASE WHEN i % 5 = 0 THEN 'fix' WHEN i % 1000 = 7 THEN 'rare'"
	       " ELSE 'main' END, 0, '', 1790100000000 + i * 1000 + (i * 37) % 5000,"
	       " 5, (i % 31 = 0) + (i % 41 = 0), i % 41 = 0, i % 43 = 0, i % 29 = 0,"
	       " 1790100000000 + i * 1000 + (i * 7919) % 1200000, 1 FROM n;"
	       "UPDATE run SET heard_minute = newest_at / 60000, settled = CASE WHEN n_failed > n_lost THEN"
	       " 'fail' WHEN n_running > 0 THEN 'running' WHEN n_lost > 0 THEN 'incomplete'"
	       " WHEN n_cancelled > 0 THEN 'canceled' ELSE 'pass' END;"
	       "INSERT INTO job (run_id, attempt, job_key, leg, job_id, job_name, platform)"
	       " SELECT id, 1, 'name:b', '', '', 'b', CASE WHEN id % 6 = 0 THEN 'macos' ELSE 'linux' END"
	       " FROM run;"
	       "INSERT INTO users (id, email, email_key, role, created_at) VALUES (1, 'u@x', 'u@x', 'user', "
	       "1);"
	       "UPDATE repo SET visibility = 'members' WHERE id > 1;"
	       "INSERT INTO member (user_id, repo_id, allowed, checked_at) VALUES (1, 2, 0, 1), (1, 3, 1, "
	       "1)");
	return 0;
}

static struct run *list(const struct run_query *q, size_t *ret_n, int64_t *ret_total)
{
	struct run *runs = NULL;
	struct db *db = NULL;
	struct err e;

	*ret_n = 0;
	must(store_reader_get(fx.store, &db, &e), &e);
	must(runs_list(db, &fx.arena, q, &runs, ret_n, ret_total, &e), &e);
	store_reader_put(fx.store, db);
	return runs;
}

static bool is_of(const struct run_query *q, const struct run *r)
{
	return (q->viewer != 1 || r->repo_id != 2) && (q->repo_id == 0 || r->repo_id == q->repo_id) &&
	       (q->run_id == 0 || r->id == q->run_id) &&
	       (q->status.len == 0 || str_eq(q->status, str_z(run_status_name(r->status)))) &&
	       (q->branch.len == 0 || str_eq(q->branch, r->branch)) &&
	       (q->head_sha.len == 0 || str_eq(q->head_sha, r->head_sha)) &&
	       (q->repo.len == 0 || str_eq_nocase(q->repo, r->repo)) &&
	       (q->platform.len == 0 || str_eq(q->platform, r->platform)) &&
	       r->created_at >= q->created_from && (q->created_to == 0 || r->created_at <= q->created_to);
}

static int by_time(const void *a, const void *b)
{
	const struct run *x = a, *y = b;

	if (x->created_at != y->created_at)
		return x->created_at < y->created_at ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void not_as_it_should(const struct run_query *q, size_t n_want, const char *what)
{
	fail_msg("%s: status \"%.*s\", branch \"%.*s\", repo \"%.*s\" %lld, commit \"%.*s\", order %d, "
		 "from %lld of %zu",
		what, STR_FMT(q->status), STR_FMT(q->branch), STR_FMT(q->repo), (long long)q->repo_id,
		STR_FMT(q->head_sha), (int)q->order, (long long)q->offset, n_want);
}

static void assert_list(struct run_query q, const struct run *all, size_t n_all)
{
	bool down = q.order == RUNS_NEWEST || q.order == RUNS_BY_ID_DOWN;
	size_t n_want = 0, n = 0, n_page;
	const struct run **want = arena_array(&fx.arena, n_all + 1, sizeof *want);
	const struct run *got;
	int64_t total;

	for (size_t i = 0; i < n_all; i++)
		if (is_of(&q, &all[down ? n_all - 1 - i : i]))
			want[n_want++] = &all[down ? n_all - 1 - i : i];
	q.limit = 20;
	q.offset = draw((unsigned)(draw(3) && n_want > 40 ? 40 : n_want + 1));
	n_page = n_want - (size_t)q.offset < 20 ? n_want - (size_t)q.offset : 20;
	got = list(&q, &n, &total);
	if (total != (n_want > 10000 ? -1 : (int64_t)n_want) || n != n_page)
		not_as_it_should(&q, n_want, "total or number");
	for (size_t i = 0; i < n; i++)
		if (got[i].id != want[(size_t)q.offset + i]->id ||
			got[i].status != want[(size_t)q.offset + i]->status)
			not_as_it_should(&q, n_want, "order or status");
}

static void assert_lists_at(int64_t now)
{
	const struct str statuses[] = { STR(""), STR("fail"), STR("running"), STR("incomplete"),
		STR("canceled"), STR("pass"), STR("queued") };
	const struct run_query filters[] = {
		{ 0 },
		{ .repo_id = 1 },
		{ .repo_id = 3 },
		{ .repo = STR("acme/pump") },
		{ .repo = STR("ACME/pump"), .repo_id = 2 },
		{ .repo = STR("acme/valve") },
		{ .repo = STR("acme/none") },
		{ .branch = STR("main") },
		{ .branch = STR("rare") },
		{ .branch = STR("fix"), .repo_id = 1 },
		{ .branch = STR("main"), .repo = STR("acme/pump") },
		{ .head_sha = STR("0000000000000000000000000000000000000100") },
		{ .head_sha = STR("0000000000000000000000000000000000000100"), .repo_id = 1 },
		{ .run_id = 4100 },
		{ .run_id = 4100, .repo_id = 3 },
		{ .platform = STR("macos") },
		{ .platform = STR("linux"), .repo_id = 1 },
		{ .viewer = 1 }, /* does not see the second repo */
		{ .viewer = 1, .repo = STR("acme/pump") },
		{ .viewer = 1, .repo_id = 2 },
		{ .viewer = 1, .repo_id = 3, .branch = STR("main") },
		{ .viewer = 1, .head_sha = STR("0000000000000000000000000000000000000032") },
		{ .created_from = BEGINNING + 1000000 },
		{ .created_to = BEGINNING + 11500000 },
		{ .created_from = BEGINNING + 500000, .created_to = BEGINNING + 900000, .repo_id = 1 },
	};
	struct run_query q = { .now = now, .limit = N_RUNS + 1, .order = RUNS_BY_ID };
	size_t n_all = 0;
	int64_t total;
	struct run *by_id = list(&q, &n_all, &total), *in_time;

	assert_int_equal(n_all, N_RUNS);
	in_time = arena_array(&fx.arena, n_all, sizeof *in_time);
	memcpy(in_time, by_id, n_all * sizeof *in_time);
	qsort(in_time, n_all, sizeof *in_time, by_time);
	for (size_t s = 0; s < sizeof statuses / sizeof *statuses; s++)
		for (size_t f = 0; f < sizeof filters / sizeof *filters; f++)
			for (int order = 0; order < 4; order++) {
				bool ids = order == RUNS_BY_ID || order == RUNS_BY_ID_DOWN;

				q = filters[f];
				q.status = statuses[s];
				q.now = now;
				q.order = (enum run_order)order;
				assert_list(q, ids ? by_id : in_time, n_all);
			}
}

static void every_list_is_what_looking_at_every_run_gives(void **state)
{
	(void)state;
	seed = 4711;
	assert_lists_at(BEGINNING); /* whatever went well runs still */
	assert_lists_at(BEGINNING + 7000000);
	assert_lists_at(BEGINNING + 13000000 + 100000);
	assert_lists_at(BEGINNING + INT64_C(100000000)); /* nothing runs that did not say so */
}

static void a_list_with_a_run_whose_counts_cannot_be_says_what_to_do(void **state)
{
	struct run_query q = { .now = T0, .run_id = 5, .limit = 1 };
	struct run *runs = NULL;
	struct db *db = NULL;
	int64_t total;
	size_t n = 0;
	struct err e;
	(void)state;

	tell("UPDATE run SET n_lost = 9 WHERE id = 5");
	must(store_reader_get(fx.store, &db, &e), &e);
	assert_int_equal(runs_list(db, &fx.arena, &q, &runs, &n, &total, &e), ERR_STORAGE);
	says(&e, "sluice verify --repair");
	store_reader_put(fx.store, db);
}

static enum err_code pull_sha(int64_t repo_id, int64_t pull_request, struct str *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	must(store_reader_get(fx.store, &db, e), e);
	code = runs_pull_sha(db, &fx.arena, repo_id, pull_request, ret, e);
	store_reader_put(fx.store, db);
	return code;
}

/* Before the third run of the first repo there are more than are looked at. */
static void the_commit_of_a_pull_request_is_that_of_its_newest_run(void **state)
{
	struct str sha = STR("untouched");
	struct err e;
	(void)state;

	tell("UPDATE run SET pull_request = 12 WHERE id IN (9000, 9500)");
	tell("UPDATE run SET pull_request = 13 WHERE id = 3");
	assert_int_equal(pull_sha(2, 12, &sha, &e), ERR_NOT_FOUND);
	assert_int_equal(pull_sha(1, 13, &sha, &e), ERR_NOT_FOUND);
	says(&e, "newest 10000");
	assert_true(str_eq(sha, STR("untouched")));
	must(pull_sha(1, 12, &sha, &e), &e);
	assert_true(str_eq(sha, STR("0000000000000000000000000000000000000c5e")));
}

#define T(name) cmocka_unit_test_setup_teardown(name, store_up, store_down)

int main(void)
{
	static const struct CMUnitTest kept[] = {
		T(whatever_happens_to_steps_what_is_kept_of_their_run_is_what_counting_says),
		T(a_step_that_is_sent_again_at_an_earlier_time_takes_the_newest_with_it),
		T(a_change_that_is_undone_leaves_what_is_kept_as_it_was),
		T(what_is_kept_wrongly_is_seen_and_counted_again),
		cmocka_unit_test_setup_teardown(
			rows_from_before_get_what_counting_says, folder_up, folder_down),
	};
	static const struct CMUnitTest lists[] = {
		cmocka_unit_test(every_list_is_what_looking_at_every_run_gives),
		cmocka_unit_test(the_commit_of_a_pull_request_is_that_of_its_newest_run),
		cmocka_unit_test(a_list_with_a_run_whose_counts_cannot_be_says_what_to_do),
	};
	int failed = cmocka_run_group_tests(kept, NULL, NULL);

	return failed + cmocka_run_group_tests(lists, many_runs, store_down);
}
