/* dispatches over the API: an agent's way from the claim to the outcome, what people say, what each may see; every answer is as the document has it (conform.h). */
#include "tests/test.h"

#include "service/dispatch_guard.h"
#include "service/dispatch_op.h"
#include "service/dispatch_pass.h"
#include "store/access_nouns.h"
#include "tests/http/findings.h"

#include <stdio.h>
#include <string.h>

#define OTHER_SHA "89abcdef0123456789abcdef0123456789abcdef"

/* ---- the world, which is not reached ---- */

static enum err_code no_head(void *arg, const struct config *cfg, const struct dispatch *d, struct arena *a,
	struct str *ret, bool *ret_open, struct err *e)
{
	(void)arg;
	(void)cfg;
	(void)d;
	(void)a;
	(void)ret;
	(void)ret_open;
	return err_set(e, ERR_NETWORK, "away");
}

static enum dispatch_did no_act(
	void *arg, const struct dispatch_work *w, struct arena *a, struct str *ret_ref, struct err *e)
{
	(void)arg;
	(void)w;
	(void)a;
	(void)ret_ref;
	err_set(e, ERR_NETWORK, "away");
	return DISPATCH_PERHAPS;
}

static void pass(void)
{
	static const struct dispatch_outside outside = { no_head, no_act, NULL };
	const struct config *cfg = config_get(fx.app.config);
	bool broke_off = false;
	const struct dispatch_pass p = { .store = fx.app.store,
		.cfg = cfg,
		.outside = &outside,
		.now = (int64_t)atomic_load(&fx.wall),
		.broke_off = &broke_off };
	struct err e;

	if (dispatch_pass(&p, &e) != ERR_OK)
		fail_msg("%s", e.text);
	config_put(fx.app.config, cfg);
}

static void configure(unsigned actions)
{
	struct config *c = fixture_config(0, 0);

	c->dispatches = arena_array(&c->arena, 1, sizeof *c->dispatches);
	c->dispatches[0] = (struct dispatch_config){ .repo = STR("acme/pump"),
		.enabled = true,
		.say_empty = true,
		.actions = actions,
		.url = STR("http://127.0.0.1/"),
		.wait_ms = 60000,
		.max_attempts = 3,
		.daily = 20,
		.no_fix_ms = 7 * DAY_MS,
		.lease_ms = 300000,
		.expire_ms = DAY_MS };
	c->n_dispatches = 1;
	config_swap(fx.app.config, c);
}

static int up(void **state)
{
	if (router_up(state) != 0)
		return -1;
	configure(DISPATCH_CLAIM);
	return 0;
}

static enum err_code apply_heard(void *arg, struct db *db, struct err *e)
{
	struct heard_run *x = arg;
	int64_t id = 0;
	bool due = false;

	TRY(db_int(db, "SELECT id FROM repo WHERE name_key = 'acme/pump'", NULL, 0, &x->repo_id, e));
	return forge_runs_put(db, x, &id, &due, e);
}

static void hear(const char *sha, int run, const char *branch)
{
	struct heard_run x = { .head_sha = str_z(sha),
		.external_run_id = arena_fmt(&fx.arena, "%d", run),
		.workflow = STR("ci"),
		.branch = str_z(branch),
		.pull_request = 12,
		.url = STR("https://git.example.org/acme/pump/actions/runs/7"),
		.author = STR("kim"),
		.conclusion = STR("failure"),
		.heard_at = NOW,
		.heard_by = STR("hook") };
	struct err e;

	if (dispatch_write(fx.app.store, apply_heard, &x, sizeof x, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

/* A red run with its log, decided. */
static void red(const char *sha, int run, enum error_class class, const char *message)
{
	struct error f = an_error(class, message);

	found(post(sha, run, "", NULL), &f, 1);
	hear(sha, run, "topic");
	pass();
}

/* ---- asking ---- */

#define D "/api/v1/dispatches"

static struct answer say_as(const char *token, const char *target, const char *body)
{
	return ask((struct ask){ .method = "POST", .target = target, .token = token, .body = body });
}

static struct answer say(const char *target, const char *body)
{
	return say_as(fx.admin.p, target, body);
}

static struct answer claim(void)
{
	return say(D "/claim", "{\"agent\":\"fixer-1\"}");
}

static struct json *dispatch_of(struct answer *r)
{
	if (r->status != 200)
		fail_msg("%d: %s", r->status, r->body);
	return json_get(json_of(r), "dispatch");
}

/* ---- an agent's way ---- */

static void an_agent_claims_works_and_says_what_came_of_it(void **state)
{
	(void)state;
	red(SHA, 7, CLASS_COMPILE, "boom");
	AUTO_ANSWER c = claim();
	AUTO_ANSWER none = claim();
	AUTO_ANSWER beat = say(D "/1/heartbeat", "{\"claim\":1,\"step_id\":1}");
	AUTO_ANSWER result = say(D "/1/result", "{\"claim\":1,\"outcome\":\"fixed\",\"sha\":\"" OTHER_SHA
						"\",\"note\":\"a semicolon\",\"step_id\":1}");
	AUTO_ANSWER again =
		say(D "/1/result", "{\"claim\":1,\"outcome\":\"fixed\",\"sha\":\"" OTHER_SHA "\"}");
	AUTO_ANSWER one = get(D "/1");
	AUTO_ANSWER audit = get("/api/v1/audit?action=dispatch.result");
	struct json *d = dispatch_of(&c);

	assert_int_equal(number(d, "dispatch_id"), 1);
	assert_text(d, "state", "claimed");
	assert_text(d, "agent", "fixer-1");
	assert_text(d, "head_sha", SHA);
	assert_text(d, "branch", "topic");
	assert_int_equal(number(d, "pull_request"), 12);
	assert_text(d, "author", "kim");
	assert_text(d, "class", "compile");
	assert_text(d, "message", "boom");
	assert_int_equal(number(json_of(&c), "claim"), 1);
	assert_int_equal(number(json_of(&c), "lease_seconds"), 300);
	assert_int_equal(number(json_get(json_of(&c), "facts"), "try"), 1);
	assert_int_equal(number(json_get(json_of(&c), "facts"), "tries_max"), 3);
	assert_true(str_find_str(json_str(json_get(json_of(&c), "prompt")), STR("boom")) <
		    json_str(json_get(json_of(&c), "prompt")).len);
	assert_int_equal(none.status, 204);
	assert_int_equal(number(json_of(&beat), "lease_seconds"), 300);
	assert_int_equal(result.status, 200);
	assert_text(json_of(&result), "state", "over");
	assert_text(json_of(&result), "outcome", "fixed");
	assert_text(json_of(&result), "fixed_sha", OTHER_SHA);
	assert_text(json_of(&result), "note", "a semicolon");
	assert_int_equal(number(json_of(&result), "step_id"), 1);
	assert_int_equal(again.status, 200);
	assert_int_equal(one.status, 200);
	assert_int_equal(json_len(json_get(json_of(&one), "verdicts")), GUARD_N);
	assert_true(str_eq(
		json_str(json_get(json_of(&one), "prompt")), json_str(json_get(json_of(&c), "prompt"))));
	assert_int_equal(total_of(&audit), 1);
}

static void what_is_wrong_with_what_an_agent_says_is_told(void **state)
{
	(void)state;
	red(SHA, 7, CLASS_COMPILE, "boom");
	AUTO_ANSWER nameless = say(D "/claim", "{}");
	AUTO_ANSWER of_whom = say(D "/claim", "{\"agent\":\"a b\"}");
	AUTO_ANSWER early = say(D "/1/result", "{\"outcome\":\"failed\"}");
	AUTO_ANSWER c = claim();
	AUTO_ANSWER other = say(D "/1/heartbeat", "{\"claim\":2}");
	AUTO_ANSWER unclaimed = say(D "/1/result", "{\"outcome\":\"failed\"}");
	AUTO_ANSWER no_sha = say(D "/1/result", "{\"claim\":1,\"outcome\":\"fixed\"}");
	AUTO_ANSWER no_word = say(D "/1/result", "{\"claim\":1,\"outcome\":\"superseded\"}");
	AUTO_ANSWER nothing = say(D "/99/result", "{\"claim\":1,\"outcome\":\"failed\"}");
	AUTO_ANSWER dead = say(D "/99/heartbeat", "{\"claim\":1}");

	assert_error(&nameless, 400, "validation_error");
	assert_wrong_field(&nameless, "agent");
	assert_wrong_field(&of_whom, "agent");
	assert_error(&early, 409, "conflict");
	assert_int_equal(c.status, 200);
	assert_error(&other, 409, "conflict");
	assert_error(&unclaimed, 409, "conflict");
	assert_error(&no_sha, 400, "validation_error");
	assert_wrong_field(&no_sha, "sha");
	assert_wrong_field(&no_word, "outcome");
	assert_error(&nothing, 404, "not_found");
	assert_error(&dead, 404, "not_found");
}

static void a_note_leaves_it_to_be_seen(void **state)
{
	(void)state;
	red(SHA, 7, CLASS_COMPILE, "boom");
	AUTO_ANSWER c = claim();
	AUTO_ANSWER note =
		say(D "/1/result", "{\"claim\":1,\"outcome\":\"note\",\"note\":\"pushed \\ud800 it\"}");
	AUTO_ANSWER then = say(D "/1/result", "{\"claim\":1,\"outcome\":\"no_fix\",\"note\":\"no\"}");

	assert_int_equal(c.status, 200);
	assert_text(json_of(&note), "state", "handed");
	assert_null_member(json_of(&note), "outcome");
	assert_text(json_of(&note), "note", "pushed \xef\xbf\xbd it");
	assert_text(json_of(&then), "outcome", "no_fix");
}

/* ---- people ---- */

static void people_call_off_ask_again_and_pause(void **state)
{
	(void)state;
	red(SHA, 7, CLASS_NETWORK, "no route");
	AUTO_ANSWER refused = get(D "/1");
	AUTO_ANSWER call_off = say(D "/1/cancel", NULL);
	AUTO_ANSWER retry = say(D "/1/retry", NULL);
	pass();
	AUTO_ANSWER twice = say(D "/1/retry", NULL);
	AUTO_ANSWER cancel = say(D "/1/cancel", NULL);
	AUTO_ANSWER pause = say(D "/pause", "{\"paused\":true,\"repo\":\"acme/pump\"}");
	AUTO_ANSWER figures = get(D "/figures?repo=acme/pump");
	AUTO_ANSWER resume = say(D "/pause", "{\"paused\":false,\"repo\":\"acme/pump\"}");
	AUTO_ANSWER again = say(D "/pause", "{\"paused\":false}");
	AUTO_ANSWER nowhere = say(D "/pause", "{\"paused\":true,\"repo\":\"acme/nothing\"}");
	AUTO_ANSWER audit = get("/api/v1/audit?subject_kind=dispatch");

	assert_text(json_of(&refused), "state", "refused");
	assert_text(json_of(&refused), "refused_by", "class");
	assert_null_member(json_of(&refused), "prompt");
	assert_error(&call_off, 409, "conflict");
	assert_text(json_of(&retry), "state", "waiting");
	assert_int_equal(number(json_of(&retry), "retries"), 1);
	assert_error(&twice, 409, "conflict");
	assert_text(json_of(&cancel), "state", "canceled");
	assert_true(json_is_true(json_get(json_of(&pause), "changed")));
	assert_true(json_is_true(json_get(json_of(&figures), "paused")));
	assert_int_equal(number(json_of(&figures), "red_runs"), 1);
	assert_int_equal(number(json_of(&figures), "canceled"), 1);
	assert_false(json_is_true(json_get(json_of(&resume), "paused")));
	assert_false(json_is_true(json_get(json_of(&again), "changed")));
	assert_error(&nowhere, 404, "not_found");
	assert_int_equal(total_of(&audit), 2);
}

static void a_preview_shows_verdicts_and_prompt(void **state)
{
	struct error f = an_error(CLASS_NETWORK, "no route");
	(void)state;

	found(post(SHA, 7, "", NULL), &f, 1);
	AUTO_ANSWER p = get(D "/preview?repo=acme/pump&sha=" SHA);
	AUTO_ANSWER nothing = get(D "/preview?repo=acme/pump&sha=" OTHER_SHA);
	AUTO_ANSWER nowhere = get(D "/preview?repo=acme/nothing&sha=" SHA);
	AUTO_ANSWER without = get(D "/preview?repo=acme/pump");
	AUTO_ANSWER list = get(D);

	assert_int_equal(p.status, 200);
	assert_false(json_is_true(json_get(json_of(&p), "goes")));
	assert_text(json_of(&p), "refused_by", "class");
	assert_int_equal(json_len(json_get(json_of(&p), "verdicts")), GUARD_N);
	assert_true(str_find_str(json_str(json_get(json_of(&p), "prompt")), STR("## CI failure context")) <
		    json_str(json_get(json_of(&p), "prompt")).len);
	assert_error(&nothing, 404, "not_found");
	assert_error(&nowhere, 404, "not_found");
	assert_error(&without, 400, "validation_error");
	assert_int_equal(total_of(&list), 0);
}

static void actions_are_told_with_it(void **state)
{
	struct json *action;
	(void)state;

	configure(DISPATCH_WEBHOOK);
	red(SHA, 7, CLASS_COMPILE, "boom");
	AUTO_ANSWER one = get(D "/1");

	action = json_at(json_get(json_of(&one), "actions"), 0);
	assert_text(json_of(&one), "state", "unknown");
	assert_text(action, "action", "webhook");
	assert_text(action, "state", "unknown");
	assert_int_equal(number(action, "tries"), 1);
	assert_text(action, "error", "away");
}

/* ---- the list ---- */

static void assert_list(const char *query, const char *want)
{
	char target[300], got[100] = "";
	struct json *data;

	snprintf(target, sizeof target, D "%s", query);
	AUTO_ANSWER r = get(target);
	data = data_of(&r);
	for (size_t i = 0; i < json_len(data); i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%s%lld", *got ? " " : "",
			(long long)number(json_at(data, i), "dispatch_id"));
	if (strcmp(got, want) != 0)
		fail_msg("%s: %s, not %s", query, got, want);
}

static void the_list_is_filtered_and_the_newest_come_first(void **state)
{
	char by_group[60];
	(void)state;

	red(SHA, 7, CLASS_COMPILE, "boom");
	red(OTHER_SHA, 8, CLASS_NETWORK, "no route");
	AUTO_ANSWER one = get(D "/1");
	snprintf(by_group, sizeof by_group, "?group_id=%lld", (long long)number(json_of(&one), "group_id"));
	assert_list("", "2 1");
	assert_list("?limit=1", "2");
	assert_list("?limit=1&offset=1", "1");
	assert_list("?state=refused", "2");
	assert_list("?state=over&outcome=superseded", "1");
	assert_list("?repo=ACME/pump&branch=topic", "2 1");
	assert_list("?branch=main", "");
	assert_list("?repo=acme/valve", "");
	assert_list("?forge=nowhere", "");
	assert_list(by_group, "1");
	assert_list("?sha=" SHA, "1");
	assert_list("?since=2026-09-21T00:00:00Z", "2 1");
	assert_list("?since=2027-01-01T00:00:00Z", "");
	AUTO_ANSWER wrong = get(D "?state=nonsense");
	assert_wrong_field(&wrong, "state");
}

/* ---- who may ---- */

static void each_needs_its_scope_and_people_a_role(void **state)
{
	struct str reads = token_with(SCOPE_BIT(SCOPE_DISPATCH_READ), ROLE_ADMIN);
	struct str writes = token_with(SCOPE_BIT(SCOPE_DISPATCH_WRITE), ROLE_ADMIN);
	const char *contributor = token_of_a(ROLE_CONTRIBUTOR);
	(void)state;

	red(SHA, 7, CLASS_COMPILE, "boom");
	AUTO_ANSWER list = get_as(reads.p, D);
	AUTO_ANSWER no_list = get_as(writes.p, D);
	AUTO_ANSWER no_claim = say_as(reads.p, D "/claim", "{\"agent\":\"a\"}");
	AUTO_ANSWER claimed = say_as(writes.p, D "/claim", "{\"agent\":\"a\"}");
	AUTO_ANSWER no_retry = say_as(token_of_a(ROLE_TESTER), D "/1/retry", NULL);
	AUTO_ANSWER no_pause = say_as(token_of_a(ROLE_USER), D "/pause", "{\"paused\":true}");
	AUTO_ANSWER pause = say_as(contributor, D "/pause", "{\"paused\":true}");
	AUTO_ANSWER cancel = say_as(contributor, D "/1/cancel", NULL);

	assert_int_equal(list.status, 200);
	assert_error(&no_list, 403, "forbidden");
	assert_error(&no_claim, 403, "forbidden");
	assert_int_equal(claimed.status, 200);
	assert_error(&no_retry, 403, "forbidden");
	assert_error(&no_pause, 403, "forbidden");
	assert_int_equal(pause.status, 200);
	assert_int_equal(cancel.status, 200);
}

static void who_is_bound_to_another_repo_knows_of_none(void **state)
{
	const char *other = token_of_repo("acme/valve").p;
	(void)state;

	red(SHA, 7, CLASS_COMPILE, "boom");
	AUTO_ANSWER list = get_as(other, D);
	AUTO_ANSWER one = get_as(other, D "/1");
	AUTO_ANSWER none = say_as(other, D "/claim", "{\"agent\":\"a\"}");
	AUTO_ANSWER named = say_as(other, D "/claim", "{\"agent\":\"a\",\"repo\":\"acme/pump\"}");
	AUTO_ANSWER result = say_as(other, D "/1/result", "{\"outcome\":\"failed\"}");
	AUTO_ANSWER retry = say_as(other, D "/1/retry", NULL);
	AUTO_ANSWER preview = get_as(other, D "/preview?repo=acme/pump&sha=" SHA);
	AUTO_ANSWER figures = get_as(other, D "/figures?repo=acme/pump");
	AUTO_ANSWER all = get_as(other, D "/figures");
	AUTO_ANSWER pause = say_as(other, D "/pause", "{\"paused\":true,\"repo\":\"acme/pump\"}");
	AUTO_ANSWER pause_all = say_as(other, D "/pause", "{\"paused\":true}");

	assert_int_equal(total_of(&list), 0);
	assert_error(&one, 404, "not_found");
	assert_int_equal(none.status, 204);
	assert_int_equal(named.status, 204);
	assert_error(&result, 404, "not_found");
	assert_error(&retry, 404, "not_found");
	assert_error(&preview, 404, "not_found");
	assert_error(&figures, 404, "not_found");
	if (all.status != 200)
		fail_msg("%s", all.body);
	assert_int_equal(number(json_of(&all), "red_runs"), 0);
	assert_int_equal(number(json_of(&all), "dispatches"), 0);
	assert_error(&pause, 404, "not_found");
	assert_error(&pause_all, 403, "forbidden");
}

static enum err_code apply_members_only(void *arg, struct db *db, struct err *e)
{
	(void)arg;
	return db_run(
		db, "UPDATE repo SET visibility = 'members' WHERE name_key = 'acme/pump'", NULL, 0, NULL, e);
}

static void of_a_repo_for_members_others_know_of_none(void **state)
{
	const char *stranger = token_of_a(ROLE_CONTRIBUTOR);
	struct err e;
	(void)state;

	red(SHA, 7, CLASS_COMPILE, "boom");
	assert_int_equal(dispatch_write(fx.app.store, apply_members_only, NULL, 0, &e), ERR_OK);
	AUTO_ANSWER list = get_as(stranger, D);
	AUTO_ANSWER one = get_as(stranger, D "/1");
	AUTO_ANSWER none = say_as(stranger, D "/claim", "{\"agent\":\"a\"}");
	AUTO_ANSWER preview = get_as(stranger, D "/preview?repo=acme/pump&sha=" SHA);
	AUTO_ANSWER figures = get_as(stranger, D "/figures");
	AUTO_ANSWER of_it = get_as(stranger, D "/figures?repo=acme/pump");
	AUTO_ANSWER pause = say_as(stranger, D "/pause", "{\"paused\":true,\"repo\":\"acme/pump\"}");
	AUTO_ANSWER cancel = say_as(stranger, D "/1/cancel", NULL);
	AUTO_ANSWER admin = claim();

	assert_int_equal(total_of(&list), 0);
	assert_error(&one, 404, "not_found");
	assert_int_equal(none.status, 204);
	assert_error(&preview, 404, "not_found");
	assert_int_equal(number(json_of(&figures), "red_runs"), 0);
	assert_error(&of_it, 404, "not_found");
	assert_error(&pause, 404, "not_found");
	assert_error(&cancel, 404, "not_found");
	assert_int_equal(admin.status, 200);
}

#define T(name) cmocka_unit_test_setup_teardown(name, up, router_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(an_agent_claims_works_and_says_what_came_of_it),
		T(what_is_wrong_with_what_an_agent_says_is_told),
		T(a_note_leaves_it_to_be_seen),
		T(people_call_off_ask_again_and_pause),
		T(a_preview_shows_verdicts_and_prompt),
		T(actions_are_told_with_it),
		T(the_list_is_filtered_and_the_newest_come_first),
		T(each_needs_its_scope_and_people_a_role),
		T(who_is_bound_to_another_repo_knows_of_none),
		T(of_a_repo_for_members_others_know_of_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
