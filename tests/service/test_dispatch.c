/*
 * dispatch: from a red run to a fixer, and no runaway. The world is the test's: it says where branches stand, and remembers what was done there.
 */
#include "tests/test.h"

#include "service/dispatch.h"
#include "service/dispatch_op.h"
#include "service/dispatch_pass.h"
#include "store/errors.h"
#include "store/pulled.h"
#include "tests/service/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

/* ---- the world ---- */

static struct {
	int64_t now;
	char head[65]; /* where every branch and pull request stands; empty: not reached */
	bool closed;
	const char *author; /* of what stands there */
	enum dispatch_did did;
	int64_t again_ms;              /* said with it */
	char done[2000];               /* "webhook:1 ", what was tried, in order */
	char known[40];                /* comment or issue that was told with the last one */
	bool perhaps, has_fingerprint; /* of the last one */
	int64_t attempt;               /* of what is posted; 0: the first */
	atomic_bool stop;
	bool stop_at_head, is_away;
	bool writes_fail; /* from what is done next on */
	bool broke_off;
} world;

static enum err_code ask_head(void *arg, const struct config *cfg, const struct dispatch *d, struct arena *a,
	struct forge_tip *ret, struct err *e)
{
	(void)arg;
	(void)cfg;
	(void)d;
	if (world.stop_at_head)
		atomic_store(&world.stop, true);
	if (!world.head[0])
		return err_set(e, ERR_NETWORK, "away");
	*ret = (struct forge_tip){ .head_sha = arena_str(a, str_z(world.head)),
		.author = str_z(world.author),
		.open = !world.closed };
	return ERR_OK;
}

static enum err_code apply_sql(void *arg, struct db *db, struct err *e)
{
	return db_run(db, arg, NULL, 0, NULL, e);
}

static void run_sql(char *sql)
{
	struct err e;

	if (dispatch_write(fx.store, apply_sql, sql, strlen(sql), &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void let_writes_fail(bool fail)
{
	static char set[] = "CREATE TRIGGER full BEFORE UPDATE ON dispatch_action BEGIN"
			    " SELECT RAISE(ABORT, 'no room'); END";
	static char unset[] = "DROP TRIGGER full";

	run_sql(fail ? set : unset);
}

static enum dispatch_did act(
	void *arg, const struct dispatch_work *w, struct arena *a, struct dispatch_made *ret, struct err *e)
{
	size_t n = strlen(world.done);

	(void)arg;
	snprintf(world.done + n, sizeof world.done - n, "%.*s:%lld ", STR_FMT(w->action),
		(long long)w->of->id);
	snprintf(world.known, sizeof world.known, "%.*s", STR_FMT(w->known));
	world.perhaps = w->perhaps;
	world.has_fingerprint = w->fingerprint.len > 0;
	if (world.writes_fail)
		let_writes_fail(true);
	if (world.did != DISPATCH_DID)
		err_set(e, ERR_NETWORK, "as the test wants it");
	else
		ret->ref = arena_fmt(a, "ref-%zu", n);
	ret->again_ms = world.again_ms;
	return world.did;
}

static bool is_away(
	void *arg, const struct dispatch *d, struct str action, const struct dispatch_config *config)
{
	(void)arg;
	(void)d;
	(void)action;
	assert_non_null(config);
	return world.is_away;
}

static const struct dispatch_outside outside = { .head = ask_head, .act = act, .is_away = is_away };

static struct dispatch_pass a_pass(void)
{
	return (struct dispatch_pass){ .store = fx.store,
		.cfg = fx.cfg,
		.outside = &outside,
		.now = world.now,
		.stop = &world.stop,
		.broke_off = &world.broke_off };
}

static void pass(void)
{
	struct dispatch_pass p = a_pass();
	struct err e;

	if (dispatch_pass(&p, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

/* The server was away. */
static void restart(void)
{
	struct dispatch_pass p = a_pass();
	struct err e;

	atomic_store(&world.stop, false);
	world.stop_at_head = false;
	if (dispatch_pass_begin(&p, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static struct dispatch_config *configure(unsigned actions)
{
	struct dispatch_config *c = arena_array(&fx.cfg->arena, 1, sizeof *c);

	*c = (struct dispatch_config){ .repo = STR("acme/pump"),
		.enabled = true,
		.say_empty = true,
		.actions = actions,
		.url = STR("http://127.0.0.1/"),
		.wait_ms = MINUTE,
		.max_attempts = 3,
		.cooldown_ms = 10 * MINUTE,
		.daily = 20,
		.no_fix_ms = 7 * DAY_MS,
		.lease_ms = 5 * MINUTE,
		.expire_ms = 24 * HOUR };
	fx.cfg->dispatches = c;
	fx.cfg->n_dispatches = 1;
	return c;
}

static int up(void **state)
{
	memset(&world, 0, sizeof world);
	world.now = NOW;
	world.author = "";
	if (fixture_up(state) != 0)
		return -1;
	configure(DISPATCH_CLAIM);
	return 0;
}

/* ---- what is heard ---- */

static const char *sha_of(int n)
{
	return arena_fmt(&fx.arena, "%040d", n).p;
}

static enum err_code apply_heard(void *arg, struct db *db, struct err *e)
{
	int64_t id = 0;
	bool due = false;

	return forge_runs_put(db, arg, &id, &due, e);
}

struct heard { /* a run of a branch, or of a pull request */
	int sha;
	const char *conclusion, *branch;
	int64_t pull_request, attempt;
	const char *workflow, *run; /* run: of the forge; else 1000 and the commit */
	int64_t said_at;
};

static struct str run_of(int sha, const char *run)
{
	return run ? str_z(run) : arena_fmt(&fx.arena, "%d", 1000 + sha);
}

static void hear_of(struct heard h)
{
	struct heard_run x = { .repo_id = fx.repo.id,
		.head_sha = str_z(sha_of(h.sha)),
		.external_run_id = run_of(h.sha, h.run),
		.attempt = h.attempt > 0 ? h.attempt : 1,
		.workflow = str_z(h.workflow ? h.workflow : "ci"),
		.branch = str_z(h.branch ? h.branch : "main"),
		.pull_request = h.pull_request,
		.author = STR("kim"),
		.conclusion = str_z(h.conclusion ? h.conclusion : "failure"),
		.said_at = h.said_at,
		.heard_at = world.now,
		.heard_by = STR("hook") };
	struct err e;

	if (dispatch_write(fx.store, apply_heard, &x, sizeof x, &e) != ERR_OK)
		fail_msg("%s", e.text);
}
#define hear(...) hear_of((struct heard){ .sha = __VA_ARGS__ })

static enum err_code apply_push(void *arg, struct db *db, struct err *e)
{
	bool changed = false;

	return forge_heads_put(db, fx.repo.id, arg, &changed, e);
}

static void push_by(const char *branch, int sha, const char *author)
{
	struct forge_head x = { .branch = str_z(branch),
		.head_sha = str_z(sha_of(sha)),
		.author = str_z(author),
		.heard_at = world.now };
	struct err e;

	assert_int_equal(dispatch_write(fx.store, apply_push, &x, sizeof x, &e), ERR_OK);
}

static void push(const char *branch, int sha)
{
	push_by(branch, sha, "");
}

static void open_pull(int64_t number, int sha)
{
	struct forge_head x = {
		.pull_request = number, .head_sha = str_z(sha_of(sha)), .heard_at = world.now
	};
	struct err e;

	assert_int_equal(dispatch_write(fx.store, apply_push, &x, sizeof x, &e), ERR_OK);
}

struct finding {
	struct explained x;
	struct error error;
	struct str template;
};

static enum err_code apply_finding(void *arg, struct db *db, struct err *e)
{
	struct finding *f = arg;

	TRY(db_int(db, "SELECT max(id) FROM step", NULL, 0, &f->x.step.step_id, e));
	TRY(db_int(db, "SELECT explain_due FROM step WHERE id = $1", DB_ARGS(DB_I(f->x.step.step_id)),
		&f->x.step.due, e));
	return errors_replace(db, &f->x, e);
}

/* A step that was sent of that commit's run, and what was found in it: its group is that of the message. */
static void post_error_of(int sha, const char *run, enum error_class class, const char *message)
{
	struct ingest_post p = a_post("test", STR("first\nsecond\nthird\n"));
	struct finding f = { .error = { .role = ERROR_CAUSE,
				     .class = class,
				     .severity = SEVERITY_ERROR,
				     .by = FOUND_BY_RULE,
				     .rule = STR("gcc/error"),
				     .from_line = 1,
				     .to_line = 2,
				     .message = str_z(message),
				     .fingerprint = str_z(message),
				     .why = STR("the first") } };
	struct err e;

	p.facts.head_sha = str_z(sha_of(sha));
	p.facts.external_run_id = run_of(sha, run);
	p.facts.attempt = world.attempt > 0 ? world.attempt : 1;
	p.facts.workflow = STR("ci");
	p.facts.branch = STR("main");
	assert_int_equal(post_at(&p, world.now), ERR_OK);
	f.template = str_z(message);
	f.x = (struct explained){ .now = world.now, .errors = &f.error, .templates = &f.template, .n = 1 };
	if (dispatch_write(fx.store, apply_finding, &f, sizeof f, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

/* A step that passed, of that commit's run. */
static void post_green(int sha, const char *step)
{
	struct ingest_post p = a_post(step, STR("well\n"));

	p.facts.head_sha = str_z(sha_of(sha));
	p.facts.external_run_id = arena_fmt(&fx.arena, "%d", 1000 + sha);
	p.facts.workflow = STR("ci");
	p.facts.branch = STR("main");
	p.facts.conclusion = CONCLUSION_SUCCESS;
	assert_int_equal(post_at(&p, world.now), ERR_OK);
}

static void post_error(int sha, enum error_class class, const char *message)
{
	post_error_of(sha, NULL, class, message);
}

/* Red, with its log at hand. */
static void red(int sha, const char *message)
{
	post_error(sha, CLASS_COMPILE, message);
	hear(sha, .branch = "main");
}

/* ---- what is there ---- */

static struct dispatch_asker asker(void)
{
	static const struct identity server = { .email = { "tests", 5 } };

	return (struct dispatch_asker){ fx.store, fx.cfg, &server, world.now };
}

static struct dispatch_detail get(int64_t id)
{
	struct dispatch_asker q = asker();
	struct dispatch_detail d;
	struct err e;

	if (dispatch_get(&q, id, &fx.arena, &d, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return d;
}

static size_t n_to_be_pulled(int64_t at)
{
	struct db *db = NULL;
	int64_t *ids;
	size_t n = 0;
	struct err e;

	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	assert_int_equal(pulls_due(db, &fx.arena, STR("home"), at, 10, &ids, &n, &e), ERR_OK);
	store_reader_put(fx.store, db);
	return n;
}

static int64_t count(const char *state)
{
	struct dispatch_asker q = asker();
	struct dispatch_query which = { .state = str_z(state), .limit = 100 };
	struct dispatch *all = NULL;
	int64_t total = 0;
	struct err e;
	size_t n = 0;

	assert_int_equal(dispatch_list(&q, &which, &fx.arena, &all, &n, &total, &e), ERR_OK);
	return total;
}

static void assert_state_at(int line, int64_t id, enum dispatch_state state, enum dispatch_outcome outcome)
{
	struct dispatch d = get(id).of;

	if (d.state != state || d.outcome != outcome)
		fail_msg("line %d: dispatch %lld is %s %s (%.*s: %.*s; %.*s)", line, (long long)id,
			dispatch_state_name(d.state), dispatch_outcome_name(d.outcome), STR_FMT(d.refused_by),
			STR_FMT(d.reason), STR_FMT(d.note));
}
#define assert_state(id, state, outcome) assert_state_at(__LINE__, id, state, outcome)

static void assert_refused_at(int line, int64_t id, const char *check)
{
	struct dispatch d = get(id).of;

	if (d.state != DISPATCH_REFUSED || !str_eq(d.refused_by, str_z(check)))
		fail_msg("line %d: dispatch %lld is %s by %.*s (%.*s)", line, (long long)id,
			dispatch_state_name(d.state), STR_FMT(d.refused_by), STR_FMT(d.reason));
}
#define assert_refused(id, check) assert_refused_at(__LINE__, id, check)

static struct dispatch_claimed claimed(void)
{
	struct dispatch_asker q = asker();
	struct dispatch_claimed x = { .claim = 0 };
	bool found = false;
	struct err e;

	if (dispatch_claim(&q, STR("agent-1"), STR(""), STR(""), &fx.arena, &x, &found, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return x;
}

static enum err_code tell(int64_t id, int64_t claim, enum dispatch_outcome outcome, const char *sha)
{
	struct dispatch_asker q = asker();
	const struct dispatch_telling t = {
		.id = id, .claim = claim, .outcome = outcome, .sha = str_z(sha), .note = STR("as it went")
	};
	struct dispatch d;
	struct err e;

	return dispatch_tell(&q, &t, &fx.arena, &d, &e);
}

/* ---- one dispatch for one failure ---- */

static void a_red_run_is_offered_once_however_often_it_is_heard(void **state)
{
	struct dispatch_claimed x;
	(void)state;

	red(1, "boom");
	pass();
	for (int i = 0; i < 5; i++) {
		world.now += 1000;
		hear(1, .conclusion = i % 2 ? "failure" : "other");
		hear(1);
		pass();
	}
	assert_int_equal(count(""), 1);
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
	x = claimed();
	assert_int_equal(x.claim, 1);
	assert_int_equal(x.try, 1);
	assert_true(str_find_str(x.prompt, STR("boom")) < x.prompt.len);
	assert_true(str_find_str(x.prompt, STR("## CI failure context")) < x.prompt.len);
	assert_int_equal(claimed().claim, 0);
	assert_true(str_eq(get(1).of.class, STR("compile")));
}

static void what_was_refused_leaves_room_for_another_workflow_of_the_commit(void **state)
{
	(void)state;
	post_error(1, CLASS_NETWORK, "no route");
	hear(1);
	pass();
	assert_refused(1, "class");
	hear(1, .run = "5", .workflow = "lint");
	pass();
	assert_state(1, DISPATCH_WAITING, OUTCOME_NONE); /* for its own log, not for that of the other */
	assert_true(str_eq(get(1).of.workflow, STR("lint")));
	assert_true(str_eq(get(1).of.external_run_id, STR("5")));
	assert_int_equal(get(1).of.due_at, world.now + MINUTE);
	post_error_of(1, "5", CLASS_COMPILE, "boom");
	pass();
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
	assert_int_equal(count(""), 1);
	hear(1, .run = "6", .workflow = "docs");
	pass();
	assert_true(str_eq(get(1).of.workflow, STR("lint")));
}

static void another_workflow_that_fails_while_the_first_waits_is_not_lost(void **state)
{
	(void)state;
	hear(1);
	hear(1, .run = "5", .workflow = "lint");
	pass();
	assert_true(str_eq(get(1).of.workflow, STR("ci")));
	post_error(1, CLASS_NETWORK, "no route");
	pass();
	assert_refused(1, "class");
	pass();
	assert_state(1, DISPATCH_WAITING, OUTCOME_NONE);
	assert_true(str_eq(get(1).of.workflow, STR("lint")));
	world.now += MINUTE;
	for (int i = 0; i < 3; i++)
		pass();
	assert_state(1, DISPATCH_OFFERED,
		OUTCOME_NONE); /* no log of it came, and what the first broke of says nothing of it */
	assert_true(str_eq(get(1).of.workflow, STR("lint")));
	assert_true(str_eq(get(1).of.class, STR("")));
}

static void what_code_can_fix_counts_of_whatever_workflow_of_the_commit(void **state)
{
	(void)state;
	post_error_of(1, "5", CLASS_COMPILE, "boom");
	post_error(1, CLASS_NETWORK, "no route");
	hear(1);
	hear(1, .run = "5", .workflow = "lint");
	pass();
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
	assert_true(str_eq(get(1).of.workflow, STR("ci")));
	assert_true(str_eq(get(1).of.class, STR("compile")));
	for (int i = 0; i < 3; i++)
		pass();
	assert_int_equal(count(""), 1);
}

static void of_runs_that_no_forge_told_of_each_has_one_turn(void **state)
{
	(void)state;
	post_error(1, CLASS_NETWORK, "no route");
	post_error_of(1, "5", CLASS_NETWORK, "no route either");
	world.now += MINUTE;
	pass();
	assert_refused(1, "class");
	assert_true(str_eq(get(1).of.external_run_id, STR("1001")));
	for (int i = 0; i < 3; i++)
		pass();
	assert_refused(1, "class");
	assert_true(str_eq(get(1).of.external_run_id, STR("5")));
	assert_int_equal(count(""), 1);
}

static void a_green_run_and_a_repo_without_a_section_are_nothing(void **state)
{
	(void)state;
	hear(1, .conclusion = "success");
	hear(2, .conclusion = "running");
	pass();
	fx.cfg->n_dispatches = 0;
	hear(3);
	pass();
	fx.cfg->n_dispatches = 1;
	pass();
	assert_int_equal(count(""), 0);
}

static void without_a_log_it_waits_for_one_and_goes_all_the_same(void **state)
{
	(void)state;
	hear(1);
	pass();
	assert_state(1, DISPATCH_WAITING, OUTCOME_NONE);
	world.now += MINUTE - 1;
	pass();
	assert_state(1, DISPATCH_WAITING, OUTCOME_NONE);
	world.now += 1;
	pass();
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
	assert_true(str_find_str(get(1).prompt, STR("## CI failure context")) < get(1).prompt.len);
}

static void what_is_silent_about_an_empty_log_says_nothing_of_it(void **state)
{
	(void)state;
	fx.cfg->dispatches[0].say_empty = false;
	hear(1);
	pass();
	world.now += MINUTE;
	pass();
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
	assert_true(str_find_str(get(1).prompt, STR("## CI failure context")) == get(1).prompt.len);
}

static void a_log_that_comes_while_it_waits_ends_the_wait(void **state)
{
	(void)state;
	hear(1);
	pass();
	world.now += 5000;
	post_error(1, CLASS_COMPILE, "boom");
	pass();
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
}

static void one_that_is_run_again_waits_for_its_own_log_and_is_judged_by_it(void **state)
{
	(void)state;
	fx.cfg->forges[0].has_kind = fx.cfg->forges[0].pull = true;
	red(1, "boom");
	pass();
	tell(1, claimed().claim, OUTCOME_FAILED, "");
	world.now += HOUR;
	hear(1, .attempt = 2);
	pass();
	assert_state(2, DISPATCH_WAITING, OUTCOME_NONE);
	assert_int_equal(n_to_be_pulled(world.now + MINUTE), 2);
	world.attempt = 2;
	post_error(1, CLASS_NETWORK, "cannot reach it");
	pass();
	assert_refused(2, "class");
}

static void without_a_hook_a_run_is_failed_after_a_minute_of_silence(void **state)
{
	(void)state;
	post_error(1, CLASS_COMPILE, "boom");
	world.now += MINUTE - 1;
	pass();
	assert_int_equal(count(""), 0);
	world.now += 1;
	pass();
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
	world.now += HOUR;
	pass();
	assert_int_equal(count(""), 1);
}

static void a_forge_that_says_it_runs_is_believed(void **state)
{
	(void)state;
	hear(1, .conclusion = "running");
	post_error(1, CLASS_COMPILE, "boom");
	world.now += HOUR;
	pass();
	assert_int_equal(count(""), 0);
}

static void fifty_red_runs_of_one_group_at_once_are_one_dispatch(void **state)
{
	(void)state;
	for (int i = 1; i <= 50; i++) {
		char *branch = arena_cstr(&fx.arena, arena_fmt(&fx.arena, "b%d", i));

		post_error(i, CLASS_COMPILE, "boom");
		hear(i, .branch = branch);
	}
	pass();
	assert_int_equal(count(""), 50);
	assert_int_equal(count("offered"), 1);
	assert_int_equal(count("refused"), 49);
	assert_refused(50, "open");
}

static void of_two_commits_of_a_branch_the_older_one_that_nobody_has_is_superseded(void **state)
{
	(void)state;
	red(1, "boom");
	pass();
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
	red(2, "boom");
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_SUPERSEDED);
	assert_state(2, DISPATCH_OFFERED, OUTCOME_NONE);
}

/* ---- the guard, with what is there ---- */

static void what_the_forge_says_of_the_head_counts(void **state)
{
	(void)state;
	snprintf(world.head, sizeof world.head, "%s", sha_of(7));
	red(1, "boom");
	pass();
	assert_refused(1, "head");
	push("main", 2); /* the hook's word, and the forge says the same as it */
	snprintf(world.head, sizeof world.head, "%s", sha_of(2));
	red(2, "bang");
	pass();
	assert_state(2, DISPATCH_OFFERED, OUTCOME_NONE);
}

/* No hook told of the run: what was sent of it does not say who caused it. */
static void who_caused_it_is_taken_from_the_push_or_the_forge(void **state)
{
	static struct str bots = { "renovate*", 9 };
	(void)state;

	fx.cfg->dispatches[0].ignored = (struct str_list){ &bots, 1 };
	post_error(1, CLASS_COMPILE, "boom");
	snprintf(world.head, sizeof world.head, "%s", sha_of(1));
	world.author = "Renovate-bot";
	world.now += MINUTE;
	pass();
	assert_refused(1, "author");
	assert_true(str_eq(get(1).of.author, STR("Renovate-bot")));
	world.author = "";
	push_by("main", 2, "renovate-bot");
	post_error(2, CLASS_COMPILE, "boom");
	world.now += MINUTE;
	pass();
	assert_refused(2, "author");
	push_by("main", 4, "renovate-bot"); /* who pushed another commit says nothing of this one */
	snprintf(world.head, sizeof world.head, "%s", sha_of(3));
	post_error(3, CLASS_COMPILE, "boom");
	world.now += MINUTE;
	pass();
	assert_state(3, DISPATCH_OFFERED, OUTCOME_NONE);
}

/* A push that no hook told of: where the branch stands is what the forge says when it is asked. */
static void where_the_forge_says_that_it_stands_is_remembered(void **state)
{
	(void)state;
	push("main", 1);
	red(1, "boom");
	pass();
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
	snprintf(world.head, sizeof world.head, "%s", sha_of(2));
	red(2, "bang");
	pass();
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_SUPERSEDED);
	assert_state(2, DISPATCH_OFFERED, OUTCOME_NONE);
}

static void what_is_offered_of_a_branch_that_moved_on_is_nobodys(void **state)
{
	(void)state;
	red(1, "boom");
	pass();
	push("main", 2);
	assert_int_equal(claimed().claim, 0);
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_SUPERSEDED);
}

static void what_code_cannot_fix_is_run_again_once(void **state)
{
	(void)state;
	fx.cfg->dispatches[0].actions = DISPATCH_CLAIM | DISPATCH_RERUN;
	post_error(1, CLASS_NETWORK, "no route");
	hear(1);
	pass();
	assert_refused(1, "class");
	assert_string_equal(world.done, "rerun:1 ");
	world.now += MINUTE;
	hear(1, .attempt = 2);
	pass();
	world.now += MINUTE;
	pass();
	assert_refused(2, "class");
	assert_string_equal(world.done, "rerun:1 ");
}

static void three_attempts_and_then_people_have_to_look(void **state)
{
	(void)state;
	for (int i = 1; i <= 3; i++) {
		struct dispatch_claimed x;

		red(i, i == 2 ? "bang" : "boom");
		pass();
		world.now += HOUR; /* the cool-down */
		pass();
		x = claimed();
		assert_int_equal(x.of.id, i);
		assert_int_equal(x.try, i);
		assert_int_equal(tell(i, x.claim, OUTCOME_FAILED, ""), ERR_OK);
		world.now += MINUTE;
	}
	red(4, "boom");
	pass();
	assert_refused(4, "attempts");
	assert_true(str_starts(get(4).of.reason, STR("3 attempts since its branch was green")));
	assert_true(str_find_str(get(3).prompt, STR("## What was tried before")) < get(3).prompt.len);
	world.now += MINUTE;
	hear(5, .conclusion = "success", .branch = "main"); /* of people */
	world.now += MINUTE;
	red(6, "bump");
	pass();
	assert_state(5, DISPATCH_OFFERED, OUTCOME_NONE);
}

static void another_workflow_that_is_green_forgives_no_attempt(void **state)
{
	(void)state;
	fx.cfg->dispatches[0].max_attempts = 1;
	red(1, "boom");
	pass();
	tell(1, claimed().claim, OUTCOME_FAILED, "");
	world.now += HOUR;
	hear(1, .conclusion = "success", .workflow = "docs", .attempt = 7);
	red(2, "boom");
	pass();
	assert_refused(2, "attempts");
}

static void who_answers_each_failure_with_a_new_branch_is_stopped_too(void **state)
{
	static const char *const branches[] = { "main", "fix/1", "fix/2", "fix/3" };
	(void)state;

	for (int i = 1; i <= 4; i++) {
		struct dispatch_claimed x;

		post_error(i, CLASS_COMPILE, "boom");
		hear(i, .branch = branches[i - 1]);
		pass();
		x = claimed();
		if (i < 4) /* it says so each time */
			assert_int_equal(tell(i, x.claim, OUTCOME_FIXED, sha_of(i + 1)), ERR_OK);
		world.now += MINUTE;
	}
	assert_refused(4, "attempts");
	assert_true(str_starts(get(4).of.reason, STR("3 attempts at the same group")));
}

static void the_cool_down_puts_off_and_goes_by_the_clock(void **state)
{
	(void)state;
	red(1, "boom");
	pass();
	tell(1, claimed().claim, OUTCOME_FAILED, "");
	world.now += MINUTE;
	red(2, "boom");
	pass();
	assert_state(2, DISPATCH_WAITING, OUTCOME_NONE);
	assert_true(str_eq(get(2).of.refused_by, STR("cooldown")));
	world.now += 9 * MINUTE - 1;
	pass();
	assert_state(2, DISPATCH_WAITING, OUTCOME_NONE);
	world.now += 1;
	pass();
	assert_state(2, DISPATCH_OFFERED, OUTCOME_NONE);
}

static void a_no_fix_is_remembered_for_its_group(void **state)
{
	(void)state;
	red(1, "boom");
	pass();
	tell(1, claimed().claim, OUTCOME_NO_FIX, "");
	world.now += 6 * DAY_MS;
	post_error(2, CLASS_COMPILE, "boom");
	hear(2, .branch = "other");
	pass();
	assert_refused(2, "no_fix");
	world.now += DAY_MS + HOUR;
	post_error(3, CLASS_COMPILE, "boom");
	hear(3, .branch = "third");
	pass();
	assert_state(3, DISPATCH_OFFERED, OUTCOME_NONE);
}

static void while_it_is_paused_nothing_goes_out_and_nobody_claims(void **state)
{
	struct dispatch_asker q = asker();
	bool changed = false;
	struct err e;
	(void)state;

	red(1, "boom");
	pass();
	assert_int_equal(dispatch_pause(&q, STR("ACME/pump"), STR(""), true, &changed, &e), ERR_OK);
	assert_true(changed);
	assert_int_equal(dispatch_pause(&q, STR("acme/pump"), STR(""), true, &changed, &e), ERR_OK);
	assert_false(changed);
	assert_int_equal(claimed().claim, 0);
	post_error(2, CLASS_COMPILE, "bang");
	hear(2, .branch = "other");
	pass();
	assert_refused(2, "paused");
	assert_int_equal(dispatch_pause(&q, STR("acme/pump"), STR(""), false, &changed, &e), ERR_OK);
	assert_int_equal(claimed().of.id, 1);
	assert_int_equal(dispatch_pause(&q, STR(""), STR(""), true, &changed, &e), ERR_OK);
	post_error(3, CLASS_COMPILE, "bump");
	hear(3, .branch = "third");
	pass();
	assert_refused(3, "paused");
}

static void what_failed_while_it_was_paused_is_decided_when_it_goes_on(void **state)
{
	struct dispatch_asker q = asker();
	bool changed = false;
	struct err e;
	(void)state;

	assert_int_equal(dispatch_pause(&q, STR("acme/pump"), STR(""), true, &changed, &e), ERR_OK);
	post_error(1, CLASS_COMPILE, "old");
	hear(1, .branch = "old");
	pass();
	world.now += DAY_MS;
	post_error(2, CLASS_COMPILE, "boom");
	hear(2, .branch = "topic");
	pass();
	post_error(3, CLASS_COMPILE, "bang");
	hear(3, .branch = "topic");
	post_error(4, CLASS_NETWORK, "no route");
	hear(4, .branch = "other");
	pass();
	for (int64_t id = 1; id <= 4; id++)
		assert_refused(id, "paused");
	q = asker();
	assert_int_equal(dispatch_pause(&q, STR("acme/pump"), STR(""), false, &changed, &e), ERR_OK);
	pass();
	assert_refused(1, "paused"); /* a day ago */
	assert_refused(2, "paused"); /* of a commit that was followed by another */
	assert_state(3, DISPATCH_OFFERED, OUTCOME_NONE);
	assert_refused(4, "class");
}

static void the_daily_cap_holds(void **state)
{
	(void)state;
	fx.cfg->dispatches[0].daily = 2;
	for (int i = 1; i <= 3; i++) {
		char *name = arena_cstr(&fx.arena, arena_fmt(&fx.arena, "b%d", i));

		post_error(i, CLASS_COMPILE, name);
		hear(i, .branch = name);
		pass();
		if (i < 3)
			assert_int_equal(claimed().of.id, i);
		world.now += MINUTE;
	}
	assert_state(3, DISPATCH_WAITING, OUTCOME_NONE);
	assert_true(str_eq(get(3).of.refused_by, STR("daily")));
	assert_int_equal(get(3).of.due_at, NOW + DAY_MS);
	tell(1, 1, OUTCOME_FAILED, "");
	world.now = NOW + DAY_MS - 1;
	pass();
	assert_state(3, DISPATCH_WAITING, OUTCOME_NONE);
	world.now += 1;
	pass();
	assert_state(3, DISPATCH_OFFERED, OUTCOME_NONE);
}

/* ---- agents ---- */

static void an_agent_that_is_not_heard_of_leaves_it_unknown_and_nobody_gets_it_again(void **state)
{
	struct dispatch_asker q;
	struct dispatch_claimed x;
	int64_t lease = 0;
	struct err e;
	(void)state;

	red(1, "boom");
	pass();
	x = claimed();
	world.now += 4 * MINUTE;
	q = asker();
	assert_int_equal(dispatch_renew(&q, 1, x.claim, 0, &lease, &e), ERR_OK);
	assert_int_equal(lease, 5 * MINUTE);
	world.now += 5 * MINUTE;
	pass();
	assert_state(1, DISPATCH_CLAIMED, OUTCOME_NONE);
	world.now += 1;
	pass();
	assert_state(1, DISPATCH_UNKNOWN, OUTCOME_NONE);
	assert_int_equal(claimed().claim, 0);
	q = asker();
	assert_int_equal(dispatch_renew(&q, 1, x.claim, 0, &lease, &e), ERR_CONFLICT);
	pass();
	assert_state(1, DISPATCH_UNKNOWN, OUTCOME_NONE);
	/* Its last word is better than nothing. */
	assert_int_equal(tell(1, x.claim, OUTCOME_FIXED, sha_of(2)), ERR_OK);
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
}

static void while_the_server_was_away_nobody_could_be_heard(void **state)
{
	(void)state;
	red(1, "boom");
	pass();
	claimed();
	world.now += HOUR;
	restart();
	pass();
	assert_state(1, DISPATCH_CLAIMED, OUTCOME_NONE);
	world.now += 5 * MINUTE + 1;
	pass();
	assert_state(1, DISPATCH_UNKNOWN, OUTCOME_NONE);
}

static void the_claim_of_one_who_was_given_up_counts_no_more(void **state)
{
	struct dispatch_asker q = asker();
	struct dispatch_claimed first, second;
	struct dispatch d;
	int64_t lease = 0;
	struct err e;
	(void)state;

	red(1, "boom");
	pass();
	first = claimed();
	world.now += HOUR;
	pass();
	assert_state(1, DISPATCH_UNKNOWN, OUTCOME_NONE);
	assert_int_equal(dispatch_retry(&q, 1, &fx.arena, &d, &e), ERR_OK);
	pass();
	second = claimed();
	assert_int_equal(second.claim, first.claim + 1);
	q = asker();
	assert_int_equal(dispatch_renew(&q, 1, first.claim, 0, &lease, &e), ERR_CONFLICT);
	assert_int_equal(tell(1, first.claim, OUTCOME_FIXED, sha_of(2)), ERR_CONFLICT);
	assert_int_equal(tell(1, 0, OUTCOME_FIXED, sha_of(2)), ERR_CONFLICT);
	assert_int_equal(tell(1, second.claim, OUTCOME_FIXED, sha_of(2)), ERR_OK);
	assert_int_equal(tell(1, second.claim, OUTCOME_FIXED, sha_of(2)), ERR_OK); /* twice is once */
	assert_int_equal(tell(1, second.claim, OUTCOME_FAILED, ""), ERR_CONFLICT);
}

static void what_was_called_off_is_told_to_its_agent(void **state)
{
	struct dispatch_asker q = asker();
	struct dispatch_claimed x;
	struct dispatch d;
	int64_t lease = 0;
	struct err e;
	(void)state;

	red(1, "boom");
	pass();
	x = claimed();
	assert_int_equal(dispatch_retry(&q, 1, &fx.arena, &d, &e), ERR_CONFLICT);
	assert_int_equal(dispatch_cancel(&q, 1, &fx.arena, &d, &e), ERR_OK);
	assert_int_equal(d.state, DISPATCH_CANCELED);
	assert_int_equal(dispatch_cancel(&q, 1, &fx.arena, &d, &e), ERR_CONFLICT);
	assert_int_equal(dispatch_renew(&q, 1, x.claim, 0, &lease, &e), ERR_CONFLICT);
	assert_int_equal(tell(1, x.claim, OUTCOME_FIXED, sha_of(2)), ERR_CONFLICT);
	assert_non_null(strstr(e.text, "canceled"));
}

static void fixed_names_the_commit(void **state)
{
	(void)state;
	red(1, "boom");
	pass();
	assert_int_equal(tell(1, claimed().claim, OUTCOME_FIXED, ""), ERR_INVALID);
}

static void what_an_agent_printed_is_no_run_of_ours(void **state)
{
	struct ingest_post p = a_post("fixer", STR("I give up\n"));
	struct dispatch_asker q;
	struct dispatch d;
	struct err e;
	(void)state;

	post_error(1, CLASS_COMPILE, "boom"); /* no hook */
	world.now += MINUTE;
	pass();
	p.facts.head_sha = str_z(sha_of(1));
	p.facts.external_run_id = STR("dispatch-1");
	p.facts.branch = STR("main");
	p.facts.job_name = STR("sluice-fix");
	p.facts.attempt = 2;
	assert_int_equal(post_at(&p, world.now + 1), ERR_OK);
	tell(1, claimed().claim, OUTCOME_NO_FIX, "");
	p.facts.step_name = STR("another");
	p.facts.conclusion = CONCLUSION_SUCCESS;
	p.facts.external_run_id = STR("dispatch-2");
	assert_int_equal(post_at(&p, world.now + 1), ERR_OK);
	world.now += HOUR;
	pass();
	assert_int_equal(count(""), 1);
	q = asker();
	assert_int_equal(dispatch_retry(&q, 1, &fx.arena, &d, &e), ERR_OK);
	pass();
	assert_true(str_eq(get(1).of.message, STR("boom")));
	assert_int_equal(claimed().of.run_id, 1);
	tell(1, 2, OUTCOME_NONE, "");
	world.now += HOUR;
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE); /* it is not green for that */
}

/* A runner of a fork calls its branch main, and so is ours called. */
static void the_branch_of_a_fork_is_not_taken_for_ours(void **state)
{
	(void)state;
	post_error(1, CLASS_COMPILE, "boom");
	hear(1, .branch = "", .pull_request = 12);
	post_error(2, CLASS_COMPILE, "bang");
	hear(2, .branch = "");
	pass();
	assert_true(str_eq(get(1).of.branch, STR("")));
	assert_true(str_eq(get(1).of.line, STR("pull:12")));
	assert_true(str_eq(get(2).of.branch, STR("main")));
}

static void where_its_output_is_is_known_before_the_agent_tells(void **state)
{
	struct ingest_post p = a_post("fix", STR("reading pump.c\n"));
	struct dispatch_claimed c;
	(void)state;

	red(1, "boom");
	pass();
	c = claimed();
	assert_int_equal(get(1).of.step_id, 0);
	p.facts.head_sha = str_z(sha_of(1));
	p.facts.external_run_id = STR("dispatch-1");
	p.facts.attempt = c.claim + 1; /* of another claim */
	assert_int_equal(post_at(&p, world.now), ERR_OK);
	assert_int_equal(get(1).of.step_id, 0);
	p.facts.attempt = c.claim;
	assert_int_equal(post_at(&p, world.now), ERR_OK);
	assert_true(get(1).of.step_id > 0);
}

/* ---- what is seen ---- */

static void a_later_green_run_is_seen_to_be_the_fix(void **state)
{
	struct dispatch_claimed x;
	(void)state;

	red(1, "boom");
	pass();
	x = claimed();
	assert_int_equal(tell(1, x.claim, OUTCOME_NONE, ""), ERR_OK);
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	world.now += MINUTE;
	push("main", 2);
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	hear(2, .conclusion = "success");
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
	assert_true(str_eq(get(1).of.fixed_sha, str_z(sha_of(2))));
	assert_true(str_eq(get(1).of.note, STR("as it went")));
}

static void a_later_red_run_supersedes_and_is_the_next_attempt(void **state)
{
	struct dispatch_claimed x;
	(void)state;

	red(1, "boom");
	pass();
	x = claimed();
	tell(1, x.claim, OUTCOME_NONE, "");
	world.now += HOUR;
	red(2, "boom");
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_SUPERSEDED);
	assert_state(2, DISPATCH_OFFERED, OUTCOME_NONE);
	assert_int_equal(claimed().try, 2);
	/* What somebody says is more than what was seen. */
	assert_int_equal(tell(1, x.claim, OUTCOME_FAILED, ""), ERR_OK);
	assert_state(1, DISPATCH_OVER, OUTCOME_FAILED);
}

static void a_pull_request_that_is_not_told_with_its_run_is_known_by_its_head(void **state)
{
	(void)state;
	open_pull(12, 1);
	hear(1, .branch = "topic");
	pass();
	assert_int_equal(get(1).of.pull_request, 12);
	assert_true(str_eq(get(1).of.line, STR("pull:12")));
	world.now += MINUTE;
	pass();
	tell(1, claimed().claim, OUTCOME_NONE, "");
	world.now += MINUTE;
	open_pull(12, 2);
	hear(2, .branch = "topic", .conclusion = "success");
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
}

static void silence_expires(void **state)
{
	(void)state;
	red(1, "boom");
	pass();
	tell(1, claimed().claim, OUTCOME_NONE, "");
	world.now += 24 * HOUR;
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	world.now += 1;
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_EXPIRED);
}

static void what_is_unknown_may_be_seen_to_be_fixed(void **state)
{
	(void)state;
	red(1, "boom");
	pass();
	claimed();
	world.now += HOUR;
	hear(2, .conclusion = "success");
	pass();
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
}

/* ---- what only ends later ---- */

/* Somebody has it. */
static void hand_out(int64_t id)
{
	struct dispatch_claimed x;

	pass();
	x = claimed();
	assert_int_equal(x.of.id, id);
	assert_int_equal(tell(id, x.claim, OUTCOME_NONE, ""), ERR_OK);
	assert_state(id, DISPATCH_HANDED, OUTCOME_NONE);
	world.now += MINUTE;
}

static void an_older_run_that_ends_late_is_not_the_fix(void **state)
{
	(void)state;
	hear(1, .conclusion = "running");
	red(2, "boom");
	hand_out(1);
	hear(1, .conclusion = "success");
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	push("main", 2); /* and so it is when it is known where the branch stands */
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	hear(3, .conclusion = "success");
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	push("main", 3);
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
	assert_true(str_eq(get(1).of.fixed_sha, str_z(sha_of(3))));
}

static void an_older_run_that_is_heard_of_when_it_ends_is_known_by_its_number(void **state)
{
	(void)state;
	red(2, "boom");
	hand_out(1);
	hear(1, .conclusion = "success");
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	hear(3, .conclusion = "success");
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
}

static void a_run_that_ended_before_is_not_the_fix(void **state)
{
	(void)state;
	post_error(1, CLASS_COMPILE, "boom");
	hear(1, .said_at = NOW);
	hand_out(1);
	hear(2, .conclusion = "success", .said_at = NOW - 1);
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	hear(3, .conclusion = "success", .said_at = NOW + 1);
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
	assert_true(str_eq(get(1).of.fixed_sha, str_z(sha_of(3))));
}

static void an_older_run_that_ends_late_supersedes_nothing(void **state)
{
	(void)state;
	hear(1, .conclusion = "running");
	red(2, "boom");
	hand_out(1);
	hear(1);
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	push("main", 2);
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	push("main", 3);
	hear(3);
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_SUPERSEDED);
}

static void the_same_commit_that_is_green_when_run_again_is_fixed_wherever_the_branch_stands(void **state)
{
	(void)state;
	red(1, "boom");
	hand_out(1);
	push("main", 2);
	hear(1, .attempt = 2, .conclusion = "success");
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
}

static void an_older_run_that_ends_late_forgives_no_attempt(void **state)
{
	(void)state;
	fx.cfg->dispatches[0].max_attempts = 1;
	hear(1, .conclusion = "running");
	red(2, "boom");
	pass();
	tell(1, claimed().claim, OUTCOME_FAILED, "");
	world.now += HOUR;
	hear(1, .conclusion = "success");
	world.now += MINUTE;
	red(3, "bang");
	pass();
	assert_refused(2, "attempts");
	hear(2, .conclusion = "success", .attempt = 2); /* the same again, not older */
	world.now += MINUTE;
	red(4, "bump");
	pass();
	assert_state(3, DISPATCH_OFFERED, OUTCOME_NONE);
}

static void a_green_run_forgives_attempts_though_the_branch_has_moved_on(void **state)
{
	(void)state;
	fx.cfg->dispatches[0].max_attempts = 1;
	push("main", 1);
	red(1, "boom");
	pass();
	tell(1, claimed().claim, OUTCOME_FAILED, "");
	world.now += HOUR;
	push("main", 2);
	hear(2, .conclusion = "success");
	world.now += MINUTE;
	push("main", 3);
	red(3, "bang");
	pass();
	assert_state(2, DISPATCH_OFFERED, OUTCOME_NONE);
}

static void an_older_run_that_ends_late_ends_no_cool_down(void **state)
{
	(void)state;
	hear(1, .conclusion = "running");
	red(2, "boom");
	pass();
	tell(1, claimed().claim, OUTCOME_FAILED, "");
	world.now += MINUTE;
	hear(1, .conclusion = "success");
	red(3, "bang");
	pass();
	assert_state(2, DISPATCH_WAITING, OUTCOME_NONE);
	assert_true(str_eq(get(2).of.refused_by, STR("cooldown")));
}

static void an_older_run_that_is_only_sent_forgives_no_attempt(void **state)
{
	(void)state;
	fx.cfg->dispatches[0].max_attempts = 1;
	post_green(1, "build");
	post_error(2, CLASS_COMPILE, "boom"); /* no hook */
	world.now += MINUTE;
	pass();
	tell(1, claimed().claim, OUTCOME_FAILED, "");
	world.now += MINUTE;
	post_green(1, "test");
	world.now += HOUR;
	post_error(3, CLASS_COMPILE, "bang");
	world.now += MINUTE;
	pass();
	assert_refused(2, "attempts");
	post_green(4, "build");
	world.now += HOUR;
	post_error(5, CLASS_COMPILE, "bump");
	world.now += MINUTE;
	pass();
	assert_state(3, DISPATCH_OFFERED, OUTCOME_NONE);
}

/* ---- what is done outside ---- */

static void a_webhook_is_handed_over_once(void **state)
{
	(void)state;
	configure(DISPATCH_WEBHOOK | DISPATCH_STATUS);
	red(1, "boom");
	pass();
	pass();
	assert_string_equal(world.done, "status:1 webhook:1 ");
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	assert_int_equal(tell(1, 0, OUTCOME_FIXED, sha_of(2)), ERR_OK);
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
}

static void what_did_not_get_through_is_tried_three_times(void **state)
{
	(void)state;
	configure(DISPATCH_WEBHOOK);
	world.did = DISPATCH_AGAIN;
	red(1, "boom");
	pass();
	pass();
	assert_string_equal(world.done, "webhook:1 ");
	assert_state(1, DISPATCH_HANDING, OUTCOME_NONE);
	world.now += 30000;
	pass();
	assert_string_equal(world.done, "webhook:1 webhook:1 ");
	world.now += 120000 - 1;
	pass();
	assert_string_equal(world.done, "webhook:1 webhook:1 ");
	world.now += 1;
	pass();
	assert_string_equal(world.done, "webhook:1 webhook:1 webhook:1 ");
	assert_state(1, DISPATCH_OVER, OUTCOME_FAILED);
	assert_true(str_eq(get(1).of.note, STR("as the test wants it")));
	assert_int_equal(get(1).deeds[0].n_tries, 3);
}

static void who_says_when_to_come_again_is_tried_then(void **state)
{
	(void)state;
	configure(DISPATCH_WEBHOOK);
	world.did = DISPATCH_AGAIN;
	world.again_ms = 10 * MINUTE;
	red(1, "boom");
	pass();
	world.now += 10 * MINUTE - 1;
	world.again_ms = DAY_MS;
	pass();
	assert_string_equal(world.done, "webhook:1 ");
	world.now += 1;
	pass();
	assert_string_equal(world.done, "webhook:1 webhook:1 ");
	world.now += HOUR; /* nobody is waited for longer */
	pass();
	assert_string_equal(world.done, "webhook:1 webhook:1 webhook:1 ");
}

static void who_is_away_is_left_alone_and_that_is_no_try(void **state)
{
	struct dispatch_detail d;
	(void)state;

	configure(DISPATCH_WEBHOOK);
	world.is_away = true;
	red(1, "boom");
	pass();
	world.now += HOUR;
	pass();
	d = get(1);
	assert_int_equal(d.n_deeds, 1);
	assert_int_equal(d.deeds[0].n_tries, 0);
	assert_true(str_eq(d.deeds[0].state, STR("wanted")));
	world.is_away = false;
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
}

static void what_may_have_got_through_is_unknown_and_not_repeated(void **state)
{
	(void)state;
	configure(DISPATCH_WEBHOOK);
	world.did = DISPATCH_PERHAPS;
	red(1, "boom");
	pass();
	assert_state(1, DISPATCH_UNKNOWN, OUTCOME_NONE);
	world.now += HOUR;
	pass();
	restart();
	pass();
	assert_string_equal(world.done, "webhook:1 ");
}

static void killed_between_deciding_and_handing_over_it_is_handed_over_once(void **state)
{
	(void)state;
	configure(DISPATCH_WEBHOOK);
	world.stop_at_head = true; /* the thread is told to stop while it decides */
	red(1, "boom");
	pass();
	assert_state(1, DISPATCH_HANDING, OUTCOME_NONE);
	assert_string_equal(world.done, "");
	restart();
	pass();
	assert_string_equal(world.done, "webhook:1 ");
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
}

struct trying {
	struct dispatch_deed deed;
	bool taken;
};

static enum err_code apply_try(void *arg, struct db *db, struct err *e)
{
	struct trying *t = arg;

	return dispatch_deeds_try(db, &t->deed, &t->taken, e);
}

static bool tries(int64_t id, const char *action)
{
	struct trying t = { .deed = { .dispatch_id = id, .action = str_z(action) } };
	struct err e;

	assert_int_equal(dispatch_write(fx.store, apply_try, &t, sizeof t, &e), ERR_OK);
	return t.taken;
}

/* As it stands when the server is killed while it does this. */
static void break_off(const char *action)
{
	world.stop_at_head = true;
	red(1, "boom");
	pass();
	assert_true(tries(1, action));
	restart();
}

static void killed_while_handing_over_it_is_unknown_and_never_repeated(void **state)
{
	(void)state;
	configure(DISPATCH_WEBHOOK);
	break_off("webhook");
	pass();
	world.now += HOUR;
	pass();
	assert_string_equal(world.done, "");
	assert_state(1, DISPATCH_UNKNOWN, OUTCOME_NONE);
}

static void what_is_the_same_when_it_is_done_twice_is_done_again(void **state)
{
	(void)state;
	configure(DISPATCH_STATUS);
	break_off("status");
	pass();
	assert_string_equal(world.done, "status:1 ");
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
}

static void a_comment_or_an_issue_that_broke_off_is_looked_for_and_then_made(void **state)
{
	(void)state;
	configure(DISPATCH_ISSUE);
	break_off("issue");
	assert_true(str_eq(get(1).deeds[0].state, STR("wanted")));
	world.did = DISPATCH_AGAIN; /* the forge is away */
	pass();
	assert_true(world.perhaps);
	world.now += MINUTE;
	pass();
	assert_true(world.perhaps); /* of the try before the last */
	world.now += 10 * MINUTE;
	pass();
	assert_state(1, DISPATCH_UNKNOWN, OUTCOME_NONE);
	assert_true(str_starts(get(1).deeds[0].error, STR("it may have got through: ")));
	assert_string_equal(world.done, "issue:1 issue:1 ");
}

static void what_may_have_got_through_and_is_the_same_again_is_tried_again(void **state)
{
	(void)state;
	configure(DISPATCH_ISSUE);
	world.did = DISPATCH_PERHAPS_AGAIN;
	red(1, "boom");
	pass();
	assert_false(world.perhaps);
	assert_state(1, DISPATCH_HANDING, OUTCOME_NONE);
	world.did = DISPATCH_DID;
	world.now += MINUTE;
	pass();
	assert_true(world.perhaps);
	assert_string_equal(world.done, "issue:1 issue:1 ");
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	assert_true(str_eq(get(1).deeds[0].error, STR("")));
}

/* The server lives on, and so do leases. */
static void a_write_that_fails_leaves_nothing_being_tried_for_ever(void **state)
{
	struct dispatch_pass p;
	struct err e;
	(void)state;

	configure(DISPATCH_CLAIM | DISPATCH_WEBHOOK | DISPATCH_STATUS);
	world.writes_fail = true;
	red(1, "boom");
	p = a_pass();
	assert_int_not_equal(dispatch_pass(&p, &e), ERR_OK);
	assert_string_equal(world.done, "status:1 ");
	assert_int_not_equal(dispatch_pass(&p, &e), ERR_OK);
	let_writes_fail(false);
	world.writes_fail = false;
	assert_int_equal(claimed().claim, 1);
	pass();
	assert_string_equal(world.done, "status:1 status:1 webhook:1 ");
	assert_true(str_eq(get(1).deeds[0].state, STR("done")));
	assert_int_equal(get(1).of.lease_until, world.now + 5 * MINUTE);
	world.now += 5 * MINUTE + 1;
	pass();
	assert_state(1, DISPATCH_UNKNOWN, OUTCOME_NONE);
}

static void what_may_not_be_repeated_is_unknown_after_a_write_that_fails(void **state)
{
	struct dispatch_pass p;
	struct err e;
	(void)state;

	configure(DISPATCH_WEBHOOK);
	world.writes_fail = true;
	red(1, "boom");
	p = a_pass();
	assert_int_not_equal(dispatch_pass(&p, &e), ERR_OK);
	let_writes_fail(false);
	world.writes_fail = false;
	pass();
	pass();
	assert_string_equal(world.done, "webhook:1 ");
	assert_state(1, DISPATCH_UNKNOWN, OUTCOME_NONE);
}

static void a_pull_request_has_one_comment_that_is_edited(void **state)
{
	(void)state;
	configure(DISPATCH_COMMENT);
	hear(1, .branch = "topic", .pull_request = 12);
	pass();
	world.now += MINUTE;
	pass();
	assert_string_equal(world.done, "comment:1 ");
	assert_string_equal(world.known, "");
	assert_true(str_eq(get(1).deeds[0].ref, STR("ref-0")));
	assert_int_equal(tell(1, 0, OUTCOME_FAILED, ""), ERR_OK);
	world.now += HOUR;
	hear(2, .branch = "topic", .pull_request = 12);
	pass();
	world.now += MINUTE;
	pass();
	assert_string_equal(world.done, "comment:1 comment:2 ");
	assert_string_equal(world.known, "ref-0");
}

static void where_no_action_can_be_done_it_is_over_and_no_attempt(void **state)
{
	static const unsigned only[] = { DISPATCH_COMMENT, DISPATCH_RERUN };
	(void)state;

	for (int i = 1; i <= 2; i++) { /* of the same branch and group */
		configure(only[i - 1])->cooldown_ms = HOUR;
		red(i, "boom");
		pass();
		assert_state(i, DISPATCH_OVER, OUTCOME_FAILED);
		assert_true(str_starts(get(i).of.note, STR("none of the actions of this repo")));
		assert_int_equal(get(i).of.handed_at, 0);
	}
	assert_string_equal(world.done, "");
	configure(DISPATCH_CLAIM | DISPATCH_COMMENT);
	red(3, "boom");
	pass();
	assert_state(3, DISPATCH_OFFERED, OUTCOME_NONE);
	assert_int_equal(claimed().try, 1);
}

static void when_too_much_was_tried_the_pull_request_says_so(void **state)
{
	(void)state;
	configure(DISPATCH_COMMENT)->max_attempts = 1;
	hear(1, .branch = "topic", .pull_request = 12);
	pass();
	world.now += MINUTE;
	pass();
	tell(1, 0, OUTCOME_FAILED, "");
	world.now += HOUR;
	hear(2, .branch = "topic", .pull_request = 12);
	pass();
	world.now += MINUTE;
	pass();
	assert_refused(2, "attempts");
	assert_string_equal(world.done, "comment:1 comment:2 ");
	assert_string_equal(world.known, "ref-0");
}

static void the_last_issue_of_a_group_is_told_to_who_makes_one(void **state)
{
	(void)state;
	configure(DISPATCH_ISSUE);
	red(1, "boom");
	pass();
	assert_int_equal(tell(1, 0, OUTCOME_FAILED, ""), ERR_OK);
	world.now += HOUR;
	red(2, "boom");
	pass();
	assert_state(2, DISPATCH_HANDED, OUTCOME_NONE);
	assert_string_equal(world.done, "issue:1 issue:2 "); /* who acts asks whether it is still open */
	assert_string_equal(world.known, "ref-0");
	assert_true(world.has_fingerprint);
}

static void what_was_called_off_is_not_done(void **state)
{
	struct dispatch_asker q = asker();
	struct dispatch d;
	struct err e;
	(void)state;

	configure(DISPATCH_WEBHOOK);
	world.stop_at_head = true;
	red(1, "boom");
	pass();
	assert_int_equal(dispatch_cancel(&q, 1, &fx.arena, &d, &e), ERR_OK);
	restart();
	pass();
	assert_string_equal(world.done, "");
	assert_state(1, DISPATCH_CANCELED, OUTCOME_NONE);
}

static void what_is_wanted_waits_while_it_is_paused(void **state)
{
	struct dispatch_asker q = asker();
	bool changed = false;
	struct err e;
	(void)state;

	configure(DISPATCH_WEBHOOK);
	world.did = DISPATCH_AGAIN;
	red(1, "boom");
	pass();
	world.did = DISPATCH_DID;
	world.now += MINUTE;
	for (int i = 0; i < 2; i++) {
		struct str repo = i ? STR("") : STR("acme/pump");

		assert_int_equal(dispatch_pause(&q, repo, STR(""), true, &changed, &e), ERR_OK);
		pass();
		assert_string_equal(world.done, "webhook:1 ");
		assert_true(str_eq(get(1).deeds[0].state, STR("wanted")));
		if (i == 0)
			assert_int_equal(dispatch_pause(&q, repo, STR(""), false, &changed, &e), ERR_OK);
	}
	assert_false(tries(1, "webhook"));
	assert_true(str_eq(get(1).deeds[0].state, STR("wanted")));
	assert_int_equal(dispatch_pause(&q, STR(""), STR(""), false, &changed, &e), ERR_OK);
	pass();
	assert_string_equal(world.done, "webhook:1 webhook:1 ");
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
}

static void what_is_wanted_for_one_that_is_over_is_not_done(void **state)
{
	(void)state;
	configure(DISPATCH_CLAIM | DISPATCH_STATUS);
	world.did = DISPATCH_AGAIN;
	red(1, "boom");
	pass();
	assert_int_equal(tell(1, claimed().claim, OUTCOME_FIXED, sha_of(2)), ERR_OK);
	world.now += MINUTE;
	pass();
	assert_string_equal(world.done, "status:1 ");
	assert_true(str_eq(get(1).deeds[0].state, STR("failed")));
}

/* ---- by hand ---- */

static void what_is_asked_for_again_goes_by_the_checks_that_hold_then(void **state)
{
	struct dispatch_asker q = asker();
	struct dispatch d;
	struct err e;
	(void)state;

	post_error(1, CLASS_NETWORK, "no route");
	hear(1);
	pass();
	assert_refused(1, "class");
	assert_int_equal(dispatch_retry(&q, 1, &fx.arena, &d, &e), ERR_OK);
	assert_int_equal(d.n_retries, 1);
	pass();
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
	assert_true(str_find_str(get(1).of.verdicts, STR("\"waived\"")) < get(1).of.verdicts.len);
	assert_int_equal(dispatch_cancel(&q, 1, &fx.arena, &d, &e), ERR_OK);
	assert_int_equal(dispatch_retry(&q, 1, &fx.arena, &d, &e), ERR_OK);
	snprintf(world.head, sizeof world.head, "%s", sha_of(9));
	pass();
	assert_refused(1, "head");
}

static void what_was_seen_before_does_not_end_what_is_asked_for_again(void **state)
{
	struct dispatch_asker q;
	struct dispatch d;
	struct err e;
	(void)state;

	red(1, "boom");
	hand_out(1);
	hear(1, .attempt = 2, .conclusion = "success");
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
	world.now += MINUTE;
	q = asker();
	assert_int_equal(dispatch_retry(&q, 1, &fx.arena, &d, &e), ERR_OK);
	pass();
	pass();
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
	hand_out(1);
	pass();
	assert_state(1, DISPATCH_HANDED, OUTCOME_NONE);
	hear(1, .attempt = 3, .conclusion = "success");
	pass();
	assert_state(1, DISPATCH_OVER, OUTCOME_FIXED);
}

static void a_preview_decides_and_does_nothing(void **state)
{
	struct dispatch_asker q;
	struct dispatch_previewed p;
	struct err e;
	(void)state;

	post_error(1, CLASS_COMPILE, "boom");
	q = asker();
	assert_int_equal(
		dispatch_preview(&q, STR("acme/pump"), STR(""), str_z(sha_of(1)), &fx.arena, &p, &e), ERR_OK);
	assert_true(p.verdicts.goes);
	assert_int_equal(p.of.id, 0);
	assert_true(str_find_str(p.prompt, STR("boom")) < p.prompt.len);
	assert_int_equal(count(""), 0);
	assert_int_equal(dispatch_preview(&q, STR("acme/pump"), STR(""), str_z(sha_of(2)), &fx.arena, &p, &e),
		ERR_NOT_FOUND);
}

static void figures_say_what_became_of_red_runs(void **state)
{
	struct dispatch_asker q;
	struct dispatch_query which = { .repo = STR("acme/pump"), .since = NOW - DAY_MS };
	struct dispatch_figures f;
	bool paused = true;
	struct err e;
	(void)state;

	red(1, "boom");
	pass();
	tell(1, claimed().claim, OUTCOME_FIXED, sha_of(2));
	post_error(2, CLASS_NETWORK, "no route");
	hear(2, .branch = "other");
	post_error(3, CLASS_DISK, "no room");
	hear(3, .branch = "third");
	hear(4, .conclusion = "success");
	pass();
	q = asker();
	assert_int_equal(dispatch_figure(&q, &which, &fx.arena, &f, &paused, &e), ERR_OK);
	assert_false(paused);
	assert_int_equal(f.red_runs, 3);
	assert_int_equal(f.n, 3);
	assert_int_equal(f.handed, 1);
	assert_int_equal(f.outcomes[OUTCOME_FIXED], 1);
	assert_int_equal(f.n_refused, 1);
	assert_true(str_eq(f.refused[0].check, STR("class")));
	assert_int_equal(f.refused[0].n, 2);
}

static int64_t janitor_rows(bool dry)
{
	struct chore_report reports[CHORE_N];
	struct err e;
	size_t n = 0;

	if (janitor_pass(fx.store, fx.cfg, dry, world.now, reports, &n, &e) != ERR_OK)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < n; i++)
		if (reports[i].chore == CHORE_DISPATCHES)
			return reports[i].rows;
	return -1;
}

static void old_dispatches_go_and_open_ones_stay(void **state)
{
	(void)state;
	fx.cfg->error_days = 30;
	fx.cfg->dispatches[0].expire_ms = 100 * DAY_MS;
	red(1, "boom");
	post_error(2, CLASS_NETWORK, "no route");
	hear(2, .branch = "other");
	pass();
	world.now += 30 * DAY_MS;
	assert_int_equal(janitor_rows(false), 0);
	world.now += 1;
	assert_int_equal(janitor_rows(true), 1);
	assert_int_equal(janitor_rows(false), 1);
	assert_int_equal(count(""), 1);
	assert_state(1, DISPATCH_OFFERED, OUTCOME_NONE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_red_run_is_offered_once_however_often_it_is_heard),
		T(what_was_refused_leaves_room_for_another_workflow_of_the_commit),
		T(another_workflow_that_fails_while_the_first_waits_is_not_lost),
		T(what_code_can_fix_counts_of_whatever_workflow_of_the_commit),
		T(of_runs_that_no_forge_told_of_each_has_one_turn),
		T(a_green_run_and_a_repo_without_a_section_are_nothing),
		T(without_a_log_it_waits_for_one_and_goes_all_the_same),
		T(what_is_silent_about_an_empty_log_says_nothing_of_it),
		T(a_log_that_comes_while_it_waits_ends_the_wait),
		T(one_that_is_run_again_waits_for_its_own_log_and_is_judged_by_it),
		T(without_a_hook_a_run_is_failed_after_a_minute_of_silence),
		T(a_forge_that_says_it_runs_is_believed),
		T(fifty_red_runs_of_one_group_at_once_are_one_dispatch),
		T(of_two_commits_of_a_branch_the_older_one_that_nobody_has_is_superseded),
		T(what_the_forge_says_of_the_head_counts),
		T(who_caused_it_is_taken_from_the_push_or_the_forge),
		T(where_the_forge_says_that_it_stands_is_remembered),
		T(what_is_offered_of_a_branch_that_moved_on_is_nobodys),
		T(what_code_cannot_fix_is_run_again_once),
		T(three_attempts_and_then_people_have_to_look),
		T(another_workflow_that_is_green_forgives_no_attempt),
		T(who_answers_each_failure_with_a_new_branch_is_stopped_too),
		T(the_cool_down_puts_off_and_goes_by_the_clock),
		T(a_no_fix_is_remembered_for_its_group),
		T(while_it_is_paused_nothing_goes_out_and_nobody_claims),
		T(what_failed_while_it_was_paused_is_decided_when_it_goes_on),
		T(the_daily_cap_holds),
		T(an_agent_that_is_not_heard_of_leaves_it_unknown_and_nobody_gets_it_again),
		T(while_the_server_was_away_nobody_could_be_heard),
		T(the_claim_of_one_who_was_given_up_counts_no_more),
		T(what_was_called_off_is_told_to_its_agent),
		T(fixed_names_the_commit),
		T(what_an_agent_printed_is_no_run_of_ours),
		T(the_branch_of_a_fork_is_not_taken_for_ours),
		T(where_its_output_is_is_known_before_the_agent_tells),
		T(a_later_green_run_is_seen_to_be_the_fix),
		T(a_later_red_run_supersedes_and_is_the_next_attempt),
		T(a_pull_request_that_is_not_told_with_its_run_is_known_by_its_head),
		T(silence_expires),
		T(what_is_unknown_may_be_seen_to_be_fixed),
		T(an_older_run_that_ends_late_is_not_the_fix),
		T(an_older_run_that_is_heard_of_when_it_ends_is_known_by_its_number),
		T(a_run_that_ended_before_is_not_the_fix),
		T(an_older_run_that_ends_late_supersedes_nothing),
		T(the_same_commit_that_is_green_when_run_again_is_fixed_wherever_the_branch_stands),
		T(an_older_run_that_ends_late_forgives_no_attempt),
		T(a_green_run_forgives_attempts_though_the_branch_has_moved_on),
		T(an_older_run_that_ends_late_ends_no_cool_down),
		T(an_older_run_that_is_only_sent_forgives_no_attempt),
		T(a_webhook_is_handed_over_once),
		T(what_did_not_get_through_is_tried_three_times),
		T(who_says_when_to_come_again_is_tried_then),
		T(who_is_away_is_left_alone_and_that_is_no_try),
		T(what_may_have_got_through_is_unknown_and_not_repeated),
		T(killed_between_deciding_and_handing_over_it_is_handed_over_once),
		T(killed_while_handing_over_it_is_unknown_and_never_repeated),
		T(what_is_the_same_when_it_is_done_twice_is_done_again),
		T(a_comment_or_an_issue_that_broke_off_is_looked_for_and_then_made),
		T(what_may_have_got_through_and_is_the_same_again_is_tried_again),
		T(a_write_that_fails_leaves_nothing_being_tried_for_ever),
		T(what_may_not_be_repeated_is_unknown_after_a_write_that_fails),
		T(a_pull_request_has_one_comment_that_is_edited),
		T(where_no_action_can_be_done_it_is_over_and_no_attempt),
		T(when_too_much_was_tried_the_pull_request_says_so),
		T(the_last_issue_of_a_group_is_told_to_who_makes_one),
		T(what_was_called_off_is_not_done),
		T(what_is_wanted_waits_while_it_is_paused),
		T(what_is_wanted_for_one_that_is_over_is_not_done),
		T(what_is_asked_for_again_goes_by_the_checks_that_hold_then),
		T(what_was_seen_before_does_not_end_what_is_asked_for_again),
		T(a_preview_decides_and_does_nothing),
		T(figures_say_what_became_of_red_runs),
		T(old_dispatches_go_and_open_ones_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
