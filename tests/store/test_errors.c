/* errors.c and groups.c: what broke in a step is replaced as a whole, and its groups say what is true of them. */
#include "tests/store/fixture.h"

#include "store/errors.h"

#include <stdio.h>
#include <string.h>

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

/* ---- saying what was found ---- */

static int64_t due_of(int64_t step_id)
{
	struct db *db = NULL;
	int64_t due = 0;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(db_int(db, "SELECT explain_due FROM step WHERE id = $1", DB_ARGS(DB_I(step_id)), &due, &e), &e);
	store_reader_put(fx.store, db);
	return due;
}

static enum err_code replace_w(struct db *db, void *arg, struct err *e)
{
	return errors_replace(db, arg, e);
}

static enum err_code mark_w(struct db *db, void *arg, struct err *e)
{
	return explaining_mark(db, *(int64_t *)arg, e);
}

/* A cause; change what matters. Its fingerprint is its message. */
static struct error cause(const char *message)
{
	return (struct error){ .role = ERROR_CAUSE,
		.class = CLASS_COMPILE,
		.severity = SEVERITY_ERROR,
		.by = FOUND_BY_RULE,
		.rule = STR("gcc/error"),
		.tool = STR("gcc"),
		.code = STR("C1"),
		.file = STR("src/pump.c"),
		.line = 12,
		.col = 3,
		.from_line = 10,
		.to_line = 14,
		.head_line = 10,
		.start_byte = 100,
		.end_byte = 200,
		.message = str_z(message),
		.fingerprint = str_z(message) };
}

static void replace(int64_t step_id, const struct error *errors, size_t n)
{
	struct str templates[32];
	struct explained x = { .step = { step_id, due_of(step_id) },
		.now = T0 + 1,
		.errors = errors,
		.templates = templates,
		.n = n };

	assert_true(n <= 32);
	for (size_t i = 0; i < n; i++)
		templates[i] = errors[i].message;
	must_write(replace_w, &x);
	assert_int_equal(due_of(step_id), 0);
}

/* One error each, with these messages; NULL ends them. */
static void found(int64_t step_id, const char *one, const char *two)
{
	struct error errors[2] = { cause(one ? one : ""), cause(two ? two : "") };

	if (two)
		errors[1].head_line = 20;
	replace(step_id, errors, one ? two ? 2 : 1 : 0);
}

/* ---- steps of a story ---- */

static int64_t repo;

static int one_repo(void **state)
{
	if (store_up(state) != 0)
		return -1;
	repo = add_repo("home", "acme/pump");
	return 0;
}

/* The step "test" of a run of a commit. */
static int64_t step_of(const char *sha, const char *run, const char *branch, enum conclusion c, int64_t at)
{
	struct step_facts f = a_step("test");

	f.head_sha = str_z(sha);
	f.external_run_id = str_z(run);
	f.branch = str_z(branch);
	f.conclusion = c;
	return put(repo, &f, "x", at);
}

static int64_t failed(const char *sha, const char *run, int64_t at)
{
	return step_of(sha, run, "main", CONCLUSION_FAILURE, at);
}

static int64_t passed(const char *sha, const char *run, int64_t at)
{
	int64_t id = step_of(sha, run, "main", CONCLUSION_SUCCESS, at);

	found(id, NULL, NULL);
	return id;
}

/* ---- asking ---- */

static struct error *list(const struct error_query *q, size_t *ret_n, int64_t *ret_total)
{
	struct error_query all = *q;
	struct error *errors = NULL;
	struct db *db = NULL;
	struct err e;

	all.limit = all.limit ? all.limit : 100;
	must(store_reader_get(fx.store, &db, &e), &e);
	must(errors_list(db, &fx.arena, &all, &errors, ret_n, ret_total, &e), &e);
	store_reader_put(fx.store, db);
	return errors;
}

/* Their messages, like "a b". */
static void assert_errors(const struct error_query *q, const char *want)
{
	char got[500] = "";
	int64_t total;
	size_t n = 0;
	struct error *errors = list(q, &n, &total);

	for (size_t i = 0; i < n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", *got ? " " : "",
			STR_FMT(errors[i].message));
	assert_string_equal(got, want);
	if (q->limit == 0)
		assert_int_equal(total, n);
}

static struct group *groups(const struct group_query *q, size_t *ret_n, int64_t *ret_total)
{
	struct group *list = NULL;
	struct group_query all = *q;
	struct db *db = NULL;
	struct err e;

	all.limit = all.limit ? all.limit : 100;
	all.now = all.now ? all.now : T0 + DAY;
	must(store_reader_get(fx.store, &db, &e), &e);
	must(groups_list(db, &fx.arena, &all, &list, ret_n, ret_total, &e), &e);
	store_reader_put(fx.store, db);
	return list;
}

static void assert_groups(const struct group_query *q, const char *want)
{
	char got[500] = "";
	int64_t total;
	size_t n = 0;
	struct group *list = groups(q, &n, &total);

	for (size_t i = 0; i < n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", *got ? " " : "",
			STR_FMT(list[i].fingerprint));
	assert_string_equal(got, want);
	if (q->limit == 0)
		assert_int_equal(total, n);
}

/* The group of this fingerprint, as it is at now. */
static struct group group_at(const char *fingerprint, int64_t now)
{
	struct group_query q = { .now = now };
	int64_t total;
	size_t n = 0;
	struct group *list = groups(&q, &n, &total);

	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].fingerprint, str_z(fingerprint)))
			return list[i];
	fail_msg("there is no group \"%s\"", fingerprint);
	return (struct group){ 0 };
}

static struct group group_of(const char *fingerprint)
{
	return group_at(fingerprint, T0 + DAY);
}

struct change_call {
	int64_t id, repo_id, now;
	struct group_change change;
};

static enum err_code change_w(struct db *db, void *arg, struct err *e)
{
	struct change_call *c = arg;

	return groups_change(db, c->id, c->repo_id, &c->change, c->now, e);
}

static void say(const char *fingerprint, enum group_state state, int64_t until, int64_t now)
{
	struct change_call c = { .id = group_of(fingerprint).id,
		.now = now,
		.change = { .has_state = true, .state = state, .snoozed_until = until } };

	must_write(change_w, &c);
}

static void link_issue(const char *fingerprint, const char *url)
{
	struct change_call c = { .id = group_of(fingerprint).id,
		.now = T0,
		.change = { .has_issue = true, .issue = str_z(url) } };

	must_write(change_w, &c);
}

/* ---- replacing ---- */

static void what_was_found_is_read_back_as_it_was(void **state)
{
	int64_t step = failed(SHA_A, "1", T0), total;
	struct error f = cause("undeclared"), *back;
	size_t n = 0;
	(void)state;

	f.flaky = true;
	f.reruns = 2;
	f.test = STR("T");
	f.advice = STR("declare it");
	f.why = STR("first");
	f.score = 7;
	replace(step, &f, 1);
	back = list(&(struct error_query){ .step_id = step }, &n, &total);
	assert_int_equal(n, 1);
	assert_int_equal(back->step_id, step);
	assert_int_equal(back->number, 0);
	assert_int_equal(back->repo_id, repo);
	assert_int_equal(back->occurred_at, T0);
	assert_int_equal(back->from_line, 10);
	assert_int_equal(back->to_line, 14);
	assert_int_equal(back->start_byte, 100);
	assert_int_equal(back->end_byte, 200);
	assert_int_equal(back->line, 12);
	assert_int_equal(back->col, 3);
	assert_int_equal(back->score, 7);
	assert_int_equal(back->reruns, 2);
	assert_true(back->flaky);
	equals(back->file, "src/pump.c");
	equals(back->test, "T");
	equals(back->advice, "declare it");
	equals(back->why, "first");
	assert_int_equal(back->group_id, group_of("undeclared").id);
}

static void replacing_twice_is_replacing_once(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct group before, after;
	(void)state;

	found(step, "a", "b");
	before = group_of("a");
	must_write(mark_w, &step);
	found(step, "a", "b");
	after = group_of("a");
	assert_errors(&(struct error_query){ .step_id = step }, "a b");
	assert_int_equal(after.id, before.id);
	assert_int_equal(after.counts.all, 1);
	assert_int_equal(after.first_seen_at, before.first_seen_at);
	assert_int_equal(after.reopened_at, 0);
	assert_int_equal(ask("SELECT count(*) FROM error_group"), 2);
}

static void a_step_that_changed_meanwhile_is_left_alone(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct error f = cause("of the old text");
	struct explained x = {
		.step = { step, due_of(step) }, .errors = &f, .templates = &f.message, .n = 1
	};
	(void)state;

	must_write(mark_w, &step); /* posted again */
	must_write(replace_w, &x);
	assert_errors(&(struct error_query){ .step_id = step }, "");
	assert_true(due_of(step) > 0);
	x.step.step_id = 999;
	must_write(replace_w, &x); /* gone */
	assert_int_equal(ask("SELECT count(*) FROM error_group"), 0);
}

static void only_causes_come_into_groups(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct error f[3] = { cause("a"), cause("make: ***"), cause("a hint") };
	(void)state;

	f[1].role = ERROR_CONSEQUENCE;
	f[2].role = ERROR_CONTEXT;
	replace(step, f, 3);
	assert_groups(&(struct group_query){ 0 }, "a");
	assert_errors(&(struct error_query){ .step_id = step }, "a make: *** a hint");
}

static void the_state_of_explaining_is_told(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct explained x = { .step = { step, due_of(step) }, .now = T0 + 5, .failed = STR("too large") };
	struct error_state s;
	struct db *db = NULL;
	struct err e;
	(void)state;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(errors_state(db, &fx.arena, step, &s, &e), &e);
	assert_true(s.due && s.explained_at == 0 && s.failed.len == 0);
	must_write(replace_w, &x);
	must(errors_state(db, &fx.arena, step, &s, &e), &e);
	assert_true(!s.due && s.explained_at == T0 + 5);
	equals(s.failed, "too large");
	assert_int_equal(errors_state(db, &fx.arena, 999, &s, &e), ERR_NOT_FOUND);
	store_reader_put(fx.store, db);
}

/* ---- lists ---- */

static void errors_are_filtered_by_role_class_and_severity(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	struct error f[4] = { cause("a"), cause("b"), cause("c"), cause("d") };
	(void)state;

	f[1].role = ERROR_CONSEQUENCE;
	f[2].class = CLASS_OUT_OF_MEMORY;
	f[3].class = CLASS_DISK;
	f[3].severity = SEVERITY_WARNING;
	replace(step, f, 4);
	assert_errors(&(struct error_query){ .step_id = step, .roles = 1u << ERROR_CONSEQUENCE }, "b");
	assert_errors(&(struct error_query){ .step_id = step, .classes = 1u << CLASS_OUT_OF_MEMORY }, "c");
	assert_errors(&(struct error_query){ .step_id = step,
			      .classes = 1u << CLASS_OUT_OF_MEMORY | 1u << CLASS_DISK },
		"c d");
	assert_errors(&(struct error_query){ .step_id = step, .severities = 1u << SEVERITY_WARNING }, "d");
	assert_errors(
		&(struct error_query){
			.step_id = step, .fatal = 1u << CLASS_DISK, .severities = 1u << SEVERITY_WARNING },
		"");
	assert_errors(
		&(struct error_query){
			.step_id = step, .fatal = 1u << CLASS_DISK, .severities = 1u << SEVERITY_FATAL },
		"d");
	assert_errors(&(struct error_query){ .step_id = step, .limit = 2, .offset = 1 }, "b c");
}

static int64_t job_step(const char *job, int64_t attempt, enum conclusion c, const char *message)
{
	struct step_facts f = a_step("test");
	int64_t id;

	f.job_name = str_z(job);
	f.attempt = attempt;
	f.conclusion = c;
	id = put(repo, &f, "x", T0 + attempt);
	found(id, message, NULL);
	return id;
}

static void errors_of_a_run_are_those_of_the_steps_that_make_it_fail(void **state)
{
	int64_t run = 1, due = -1, waiting;
	struct error_count *counts = NULL;
	struct db *db = NULL;
	size_t n = 0;
	struct err e;
	(void)state;

	job_step("one", 1, CONCLUSION_FAILURE, "old");
	job_step("one", 2, CONCLUSION_FAILURE, "new");
	job_step("two", 1, CONCLUSION_FAILURE, "mended");
	job_step("two", 2, CONCLUSION_SUCCESS, "of a report beside it");
	job_step("three", 1, CONCLUSION_CANCELLED, "stopped");
	waiting = job_step("four", 1, CONCLUSION_TIMED_OUT, "slow");
	assert_errors(&(struct error_query){ .run_id = run }, "new slow");
	must(store_reader_get(fx.store, &db, &e), &e);
	must(errors_count(db, &fx.arena, run, &counts, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_int_equal(counts[0].n, 2);
	must(errors_due(db, run, &due, &e), &e);
	assert_int_equal(due, 0);
	must_write(mark_w, &waiting);
	must(errors_due(db, run, &due, &e), &e);
	assert_int_equal(due, 1);
	store_reader_put(fx.store, db);
}

static void groups_are_filtered_and_sorted_both_ways(void **state)
{
	int64_t other = add_repo("home", "acme/valve"), mine = repo;
	struct error f = cause("disk full");
	(void)state;

	found(failed(SHA_A, "1", T0), "a", "b");
	found(failed(SHA_A, "2", T0 + HOUR), "b", "c");
	found(failed(SHA_A, "3", T0 + 2 * HOUR), "b", NULL);
	repo = other;
	f.class = CLASS_DISK;
	replace(failed(SHA_A, "4", T0 + 3 * HOUR), &f, 1);
	repo = mine;
	assert_groups(&(struct group_query){ .order = GROUPS_BY_COUNT }, "b disk full c a");
	assert_groups(&(struct group_query){ .order = GROUPS_BY_COUNT, .up = true }, "a c disk full b");
	assert_groups(&(struct group_query){ .order = GROUPS_NEWEST }, "disk full c b a");
	assert_groups(&(struct group_query){ .order = GROUPS_NEWEST, .up = true }, "a b c disk full");
	assert_groups(&(struct group_query){ .order = GROUPS_LAST_SEEN }, "disk full b c a");
	assert_groups(&(struct group_query){ .order = GROUPS_LAST_SEEN, .up = true }, "a c b disk full");
	assert_groups(&(struct group_query){ .repo_id = other }, "disk full");
	assert_groups(
		&(struct group_query){ .repo = STR("ACME/Valve"), .order = GROUPS_NEWEST }, "disk full");
	assert_groups(&(struct group_query){ .repo = STR("acme/valve"), .forge = STR("hub") }, "");
	assert_groups(&(struct group_query){ .repo = STR("acme/valve"), .repo_id = mine }, "");
	assert_groups(&(struct group_query){ .classes = 1u << CLASS_DISK }, "disk full");
	assert_groups(&(struct group_query){ .new_since = T0 + HOUR, .order = GROUPS_NEWEST }, "disk full c");
	assert_groups(&(struct group_query){ .order = GROUPS_NEWEST, .limit = 2, .offset = 1 }, "c b");
}

/* ---- what is counted ---- */

static void errors_of_a_group_are_counted_in_their_windows(void **state)
{
	int64_t now = T0 + 40 * DAY;
	struct group g;
	(void)state;

	found(failed(SHA_A, "1", now - 35 * DAY), "a", NULL);
	found(failed(SHA_A, "2", now - 20 * DAY), "a", NULL);
	found(step_of(SHA_B, "3", "fix", CONCLUSION_FAILURE, now - 3 * DAY), "a", NULL);
	found(failed(SHA_B, "4", now - HOUR), "a", "b");
	g = group_at("a", now);
	assert_int_equal(g.counts.hours_24, 1);
	assert_int_equal(g.counts.days_7, 2);
	assert_int_equal(g.counts.days_30, 3);
	assert_int_equal(g.counts.all, 4);
	assert_int_equal(g.counts.runs, 4);
	assert_int_equal(g.counts.branches, 2);
	assert_int_equal(g.first_seen_at, now - 35 * DAY);
	assert_int_equal(g.last_seen_at, now - HOUR);
	equals(g.new_in_sha, SHA_A);
	assert_errors(&(struct error_query){ .group_id = g.id }, "a a a a");
}

static void a_group_that_is_found_late_is_new_where_it_was_first(void **state)
{
	int64_t early = failed(SHA_A, "1", T0);
	(void)state;

	found(failed(SHA_B, "2", T0 + HOUR), "a", NULL);
	equals(group_of("a").new_in_sha, SHA_B);
	found(early, "a", NULL); /* explained behind the other */
	equals(group_of("a").new_in_sha, SHA_A);
	assert_int_equal(group_of("a").first_seen_at, T0);
	assert_int_equal(group_of("a").last_seen_at, T0 + HOUR);
}

/* ---- what steps say of groups ---- */

static void a_failure_that_passes_on_its_commit_is_flaky(void **state)
{
	(void)state;
	found(failed(SHA_A, "1", T0), "a", NULL);
	assert_int_equal(group_of("a").flaky_at, 0);
	passed(SHA_B, "2", T0 + HOUR);
	assert_int_equal(group_of("a").flaky_at, 0); /* another commit */
	passed(SHA_A, "3", T0 + 2 * HOUR);
	assert_int_equal(group_of("a").flaky_at, T0 + 2 * HOUR);
	equals(group_of("a").flaky_sha, SHA_A);
	assert_groups(&(struct group_query){ .flaky = true }, "a");
}

static void a_failure_of_a_commit_that_passed_before_is_flaky(void **state)
{
	(void)state;
	passed(SHA_A, "1", T0);
	found(failed(SHA_A, "2", T0 + HOUR), "a", NULL);
	found(failed(SHA_B, "3", T0 + 2 * HOUR), "b", NULL);
	assert_int_equal(group_of("a").flaky_at, T0 + HOUR);
	assert_int_equal(group_of("b").flaky_at, 0);
	assert_groups(&(struct group_query){ .flaky = true }, "a");
}

static void a_test_that_passed_when_it_was_tried_again_is_flaky(void **state)
{
	struct error f = cause("a");
	int64_t step = failed(SHA_A, "1", T0);
	(void)state;

	f.flaky = true;
	replace(step, &f, 1);
	assert_int_equal(group_of("a").flaky_at, T0);
	replace(failed(SHA_B, "2", T0 + HOUR), &f, 1);
	must_write(mark_w, &step); /* an old one looked at again does not put it back */
	replace(step, &f, 1);
	assert_int_equal(group_of("a").flaky_at, T0 + HOUR);
	equals(group_of("a").flaky_sha, SHA_B);
}

static void a_group_is_fixed_where_its_step_passes_on_its_branch_until_it_is_seen_again(void **state)
{
	(void)state;
	found(failed(SHA_A, "1", T0), "a", NULL);
	found(step_of(SHA_B, "2", "fix", CONCLUSION_SUCCESS, T0 + HOUR), NULL, NULL);
	equals(group_of("a").fixed_in, ""); /* another branch */
	passed(SHA_A, "3", T0 + 2 * HOUR);
	equals(group_of("a").fixed_in, ""); /* the same commit: flaky */
	passed(SHA_B, "4", T0 + 3 * HOUR);
	equals(group_of("a").fixed_in, SHA_B);
	assert_int_equal(group_of("a").fixed_at, T0 + 3 * HOUR);
	found(failed(SHA_A, "5", T0 + 4 * HOUR), "a", NULL);
	equals(group_of("a").fixed_in, "");
}

static void an_old_failure_found_late_does_not_undo_a_fix(void **state)
{
	int64_t late = failed(SHA_A, "1", T0);
	(void)state;

	found(failed(SHA_A, "2", T0 + HOUR), "a", NULL);
	passed(SHA_B, "3", T0 + 2 * HOUR);
	found(late, "a", NULL);
	equals(group_of("a").fixed_in, SHA_B);
}

/* ---- what people say ---- */

static void a_resolved_group_opens_again_when_it_is_seen_after_that(void **state)
{
	int64_t old = failed(SHA_A, "0", T0);
	(void)state;

	found(failed(SHA_A, "1", T0 + HOUR), "a", NULL);
	say("a", GROUP_RESOLVED, 0, T0 + 2 * HOUR);
	found(old, "a", NULL); /* was there before that */
	assert_int_equal(group_of("a").state, GROUP_RESOLVED);
	found(failed(SHA_B, "2", T0 + 3 * HOUR), "a", NULL);
	assert_int_equal(group_of("a").state, GROUP_OPEN);
	assert_int_equal(group_of("a").reopened_at, T0 + 3 * HOUR);
	say("a", GROUP_OPEN, 0, T0 + 4 * HOUR);
	assert_int_equal(group_of("a").reopened_at, 0);
}

static void a_snoozed_group_is_open_when_its_time_has_come(void **state)
{
	(void)state;
	found(failed(SHA_A, "1", T0), "a", NULL);
	say("a", GROUP_SNOOZED, T0 + 5 * DAY, T0);
	assert_int_equal(group_at("a", T0 + 5 * DAY - 1).state, GROUP_SNOOZED);
	assert_int_equal(group_at("a", T0 + 5 * DAY).state, GROUP_OPEN);
	assert_groups(&(struct group_query){ .states = 1u << GROUP_SNOOZED }, "a");
	assert_groups(&(struct group_query){ .states = 1u << GROUP_OPEN }, "");
	assert_groups(&(struct group_query){ .states = 1u << GROUP_OPEN, .now = T0 + 6 * DAY }, "a");
}

static void a_group_of_another_repo_is_not_changed(void **state)
{
	struct change_call c = { .now = T0, .change = { .has_state = true, .state = GROUP_RESOLVED } };
	struct err e;
	(void)state;

	found(failed(SHA_A, "1", T0), "a", NULL);
	c.id = group_of("a").id;
	c.repo_id = add_repo("home", "acme/valve");
	assert_int_equal(try_write(change_w, &c, &e), ERR_NOT_FOUND);
	assert_int_equal(group_of("a").state, GROUP_OPEN);
	c.repo_id = repo;
	must_write(change_w, &c);
	assert_int_equal(group_of("a").state, GROUP_RESOLVED);
}

static void what_people_said_follows_an_error_to_its_new_fingerprint(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	(void)state;

	found(step, "a", "b");
	link_issue("a", "https://tracker/1");
	say("a", GROUP_SNOOZED, T0 + 9 * DAY, T0);
	must_write(mark_w, &step);
	found(step, "a, better said", "b");
	equals(group_of("a, better said").issue, "https://tracker/1");
	assert_int_equal(group_of("a, better said").state, GROUP_SNOOZED);
	assert_int_equal(group_of("a, better said").snoozed_until, T0 + 9 * DAY);
	equals(group_of("b").issue, "");
	equals(group_of("a").issue, "https://tracker/1"); /* it stays, as it was said of it */
}

static void what_was_said_of_the_new_group_goes_before_what_is_carried_over(void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	(void)state;

	found(step, "a", NULL);
	found(failed(SHA_A, "2", T0 + HOUR), "b", NULL);
	link_issue("a", "https://tracker/1");
	link_issue("b", "https://tracker/2");
	must_write(mark_w, &step);
	found(step, "b", NULL);
	equals(group_of("b").issue, "https://tracker/2");
}

static void what_was_seen_again_after_somebody_resolved_it_is_not_put_off_by_what_was_said_of_another(
	void **state)
{
	int64_t step = failed(SHA_A, "1", T0);
	(void)state;

	found(step, "a", NULL);
	say("a", GROUP_SNOOZED, T0 + 9 * DAY, T0);
	found(failed(SHA_A, "2", T0), "b", NULL);
	say("b", GROUP_RESOLVED, 0, T0 + 1);
	found(failed(SHA_A, "3", T0 + HOUR), "b", NULL);
	must_write(mark_w, &step);
	found(step, "b", NULL);
	assert_int_equal(group_of("b").state, GROUP_OPEN);
	assert_int_equal(group_of("b").reopened_at, T0 + HOUR);
}

/* ---- going ---- */

static void a_group_goes_with_its_last_error_unless_somebody_said_something(void **state)
{
	int64_t one = failed(SHA_A, "1", T0), two = failed(SHA_A, "2", T0 + HOUR);
	(void)state;

	found(one, "a", "b");
	found(two, "a", NULL);
	link_issue("b", "https://tracker/1");
	must_write(mark_w, &one);
	found(one, NULL, NULL);
	assert_groups(&(struct group_query){ .order = GROUPS_NEWEST, .up = true }, "a b");
	assert_int_equal(group_of("b").counts.all, 0);
	must_write(mark_w, &two);
	found(two, NULL, NULL);
	assert_groups(&(struct group_query){ 0 }, "b");
}

static void a_group_that_loses_its_newest_error_tells_of_the_one_before(void **state)
{
	int64_t old = failed(SHA_A, "1", T0), new = step_of(SHA_A, "2", "fix", CONCLUSION_FAILURE, T0 + HOUR);
	struct error f = cause("as it was");
	(void)state;

	f.fingerprint = STR("a");
	replace(old, &f, 1);
	f.message = STR("as it is");
	f.class = CLASS_LINK;
	replace(new, &f, 1);
	equals(group_of("a").message, "as it is");
	must_write(mark_w, &new);
	found(new, NULL, NULL);
	equals(group_of("a").message, "as it was");
	assert_int_equal(group_of("a").class, CLASS_COMPILE);
	assert_int_equal(group_of("a").last_step_id, old);
	assert_int_equal(group_of("a").last_seen_at, T0);
	passed(SHA_B, "3", T0 + 2 * HOUR); /* on its branch */
	equals(group_of("a").fixed_in, SHA_B);
}

struct expire_call {
	int64_t before, limit, rows;
};

static enum err_code expire_w(struct db *db, void *arg, struct err *e)
{
	struct expire_call *c = arg;

	return errors_expire(db, c->before, c->limit, false, &c->rows, e);
}

static void old_errors_go_some_at_a_time_and_their_empty_groups_with_them(void **state)
{
	struct expire_call c = { .before = T0 + HOUR, .limit = 2 };
	struct db *db = NULL;
	int64_t rows = 0;
	struct err e;
	(void)state;

	found(failed(SHA_A, "1", T0), "a", "b");
	found(failed(SHA_A, "2", T0 + 1), "c", NULL);
	found(failed(SHA_A, "3", T0 + HOUR), "b", NULL);
	must(store_reader_get(fx.store, &db, &e), &e);
	must(errors_expire(db, c.before, c.limit, true, &rows, &e), &e);
	store_reader_put(fx.store, db);
	assert_int_equal(rows, 3);
	must_write(expire_w, &c);
	assert_int_equal(c.rows, 2);
	must_write(expire_w, &c);
	assert_int_equal(c.rows, 1);
	assert_groups(&(struct group_query){ 0 }, "b");
	assert_int_equal(group_of("b").counts.all, 1);
}

static enum err_code remove_w(struct db *db, void *arg, struct err *e)
{
	return repos_remove(db, *(int64_t *)arg, T0, e);
}

static void with_a_repo_go_its_errors_and_groups_and_no_others(void **state)
{
	int64_t gone = repo;
	(void)state;

	found(failed(SHA_A, "1", T0), "a", "b");
	link_issue("b", "https://tracker/1");
	repo = add_repo("home", "acme/valve");
	found(failed(SHA_A, "1", T0), "a", NULL);
	must_write(remove_w, &gone);
	assert_int_equal(ask("SELECT count(*) FROM error"), 1);
	assert_groups(&(struct group_query){ 0 }, "a");
	assert_int_equal(group_of("a").repo_id, repo);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, one_repo, store_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_was_found_is_read_back_as_it_was),
		TEST(replacing_twice_is_replacing_once),
		TEST(a_step_that_changed_meanwhile_is_left_alone),
		TEST(only_causes_come_into_groups),
		TEST(the_state_of_explaining_is_told),
		TEST(errors_are_filtered_by_role_class_and_severity),
		TEST(errors_of_a_run_are_those_of_the_steps_that_make_it_fail),
		TEST(groups_are_filtered_and_sorted_both_ways),
		TEST(errors_of_a_group_are_counted_in_their_windows),
		TEST(a_group_that_is_found_late_is_new_where_it_was_first),
		TEST(a_failure_that_passes_on_its_commit_is_flaky),
		TEST(a_failure_of_a_commit_that_passed_before_is_flaky),
		TEST(a_test_that_passed_when_it_was_tried_again_is_flaky),
		TEST(a_group_is_fixed_where_its_step_passes_on_its_branch_until_it_is_seen_again),
		TEST(an_old_failure_found_late_does_not_undo_a_fix),
		TEST(a_resolved_group_opens_again_when_it_is_seen_after_that),
		TEST(a_snoozed_group_is_open_when_its_time_has_come),
		TEST(a_group_of_another_repo_is_not_changed),
		TEST(what_people_said_follows_an_error_to_its_new_fingerprint),
		TEST(what_was_said_of_the_new_group_goes_before_what_is_carried_over),
		TEST(what_was_seen_again_after_somebody_resolved_it_is_not_put_off_by_what_was_said_of_another),
		TEST(a_group_goes_with_its_last_error_unless_somebody_said_something),
		TEST(a_group_that_loses_its_newest_error_tells_of_the_one_before),
		TEST(old_errors_go_some_at_a_time_and_their_empty_groups_with_them),
		TEST(with_a_repo_go_its_errors_and_groups_and_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
