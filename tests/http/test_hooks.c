/* hooks: who may tell, in which order that is looked at, and what is kept of it. */
#include "tests/test.h"

#include "base/metric.h"
#include "http/signed.h"
#include "store/dispatch_nouns.h"
#include "tests/http/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "the secret of the hook"
#define OTHER "the secret of another hook"
#define RUN                                                                                                  \
	"{\"action\":\"failure\",\"run\":{\"id\":4711,\"repository\":{\"full_name\":\"acme/pump\"},"         \
	"\"commit_sha\":\"" SHA                                                                              \
	"\",\"status\":\"failure\",\"prettyref\":\"main\",\"workflow_id\":\"ci.yml\"}}"
#define PUSH                                                                                                 \
	"{\"ref\":\"refs/heads/"                                                                             \
	"main\",\"before\":\"1123456789abcdef0123456789abcdef01234567\",\"after\":\"" SHA                    \
	"\",\"repository\":{\"full_name\":\"acme/pump\"},\"pusher\":{\"login\":\"ada\"}}"

static void configure(void)
{
	struct config *c = fixture_config(100, 0);

	c->hooks[HOOK_FORGEJO] = (struct hook_config){ STR(SECRET), STR("home") };
	c->hooks[HOOK_GITEA] = (struct hook_config){ STR(""), STR("home") };
	c->hooks[HOOK_GITHUB] = (struct hook_config){ STR(OTHER), STR("hub") };
	config_swap(fx.app.config, c);
}

static struct {
	int n;
	int64_t repo_id;
	enum forge_event_kind kind;
	enum forge_conclusion conclusion;
	bool is_at_home;
} ear;

static void hear(void *arg, const struct hook_heard *x)
{
	assert_ptr_equal(arg, &ear);
	ear.n++;
	ear.repo_id = x->repo_id;
	ear.kind = x->event.kind;
	ear.conclusion = x->event.conclusion;
	ear.is_at_home = str_eq(x->forge, STR("home"));
}

static int up(void **state)
{
	if (router_up(state) != 0)
		return -1;
	configure();
	memset(&ear, 0, sizeof ear);
	fx.app.ear = (struct hook_ear){ hear, &ear };
	return 0;
}

struct send { /* what is not said is as it should be; a text that is "-" is not sent */
	const char *kind, *event, *id, *secret, *signature, *body, *type;
	size_t body_len;
	bool chunked;
};

static struct answer send(struct send s)
{
	char target[100], signature[100];
	const char *headers[9];
	size_t n = 0;
	AUTO_BUF made;

	buf_init(&made, 100);
	s.kind = s.kind ? s.kind : "forgejo";
	s.body = s.body ? s.body : RUN;
	s.body_len = s.body_len ? s.body_len : strlen(s.body);
	hook_sign(str_z(s.secret ? s.secret : SECRET), (struct str){ s.body, s.body_len }, &made);
	snprintf(signature, sizeof signature, "%s", s.signature ? s.signature : buf_cstr(&made));
	snprintf(target, sizeof target, "/hooks/%s", s.kind);
	if (strcmp(signature, "-") != 0) {
		headers[n++] = "x-hub-signature-256";
		headers[n++] = signature;
	}
	if (!s.event || strcmp(s.event, "-") != 0) {
		headers[n++] = strcmp(s.kind, "github") == 0 ? "X-GitHub-Event" : "x-forgejo-event";
		headers[n++] = s.event ? s.event : "action_run_failure";
	}
	if (!s.id || strcmp(s.id, "-") != 0) {
		headers[n++] = strcmp(s.kind, "github") == 0 ? "X-GitHub-Delivery" : "X-FORGEJO-DELIVERY";
		headers[n++] = s.id ? s.id : "f6266f16-1bf3-46a5-9ea4-602e06ead473";
	}
	headers[n] = NULL;
	return ask((struct ask){ .method = "POST",
		.target = target,
		.type = s.type,
		.headers = headers,
		.body = s.body,
		.body_len = s.body_len,
		.chunked = s.chunked });
}

static void assert_done(struct answer *r, const char *how)
{
	if (r->status != 200)
		fail_msg("%d: %s", r->status, r->body);
	if (!str_eq(json_str(json_get(json_of(r), "done")), str_z(how)))
		fail_msg("not %s: %s", how, r->body);
}

static size_t due(struct heard_run **ret)
{
	struct db *db = NULL;
	struct err e;
	size_t n = 0;

	assert_int_equal(store_reader_get(fx.app.store, &db, &e), ERR_OK);
	assert_int_equal(forge_runs_due(db, &fx.arena, 100, ret, &n, &e), ERR_OK);
	store_reader_put(fx.app.store, db);
	return n;
}

static size_t n_due(void)
{
	struct heard_run *runs;

	return due(&runs);
}

/* ---- what is kept ---- */

static void a_failed_run_is_kept_is_due_and_is_heard_of(void **state)
{
	struct heard_run *runs = NULL;
	(void)state;

	AUTO_ANSWER r = send((struct send){ .type = "text/anything" });
	assert_done(&r, "kept");
	assert_true(str_eq(json_str(json_get(json_of(&r), "event")), STR("action_run_failure")));
	assert_true(str_eq(
		json_str(json_get(json_of(&r), "delivery")), STR("f6266f16-1bf3-46a5-9ea4-602e06ead473")));
	assert_int_equal(due(&runs), 1);
	assert_true(str_eq(runs[0].external_run_id, STR("4711")));
	assert_true(str_eq(runs[0].conclusion, STR("failure")));
	assert_true(str_eq(runs[0].branch, STR("main")));
	assert_true(str_eq(runs[0].heard_by, STR("hook")));
	assert_int_equal(runs[0].attempt, 1);
	assert_int_equal(runs[0].heard_at, NOW);
	assert_int_equal(ear.n, 1);
	assert_int_equal(ear.kind, EVENT_RUN);
	assert_int_equal(ear.conclusion, FORGE_FAILURE);
	assert_int_equal(ear.repo_id, runs[0].repo_id);
}

static void a_replay_is_answered_and_does_nothing(void **state)
{
	int64_t replayed = metric_get(METRIC_HOOKS_REPLAYED);
	(void)state;

	AUTO_ANSWER first = send((struct send){ .body = PUSH, .event = "push" });
	AUTO_ANSWER again = send((struct send){ 0 }); /* another event even, under the same id */
	AUTO_ANSWER other = send((struct send){ .id = "another" });
	assert_done(&first, "kept");
	assert_done(&again, "replayed");
	assert_done(&other, "kept");
	assert_int_equal(metric_get(METRIC_HOOKS_REPLAYED), replayed + 1);
	assert_int_equal(ear.n, 2);
	assert_int_equal(n_due(), 1);
}

static void a_push_and_a_pull_request_say_where_heads_are(void **state)
{
	struct forge_head head = { 0 };
	struct db *db = NULL;
	struct err e;
	(void)state;

	AUTO_ANSWER push = send((struct send){ .body = PUSH, .event = "push", .id = "1" });
	AUTO_ANSWER pull = send((struct send){ .event = "pull_request",
		.id = "2",
		.body = "{\"number\":12,\"action\":\"closed\",\"pull_request\":{\"state\":\"closed\","
			"\"head\":{\"sha\":\"" SHA "\"}},\"repository\":{\"full_name\":\"Acme/Pump\"}}" });
	assert_done(&push, "kept");
	assert_done(&pull, "kept");
	assert_int_equal(store_reader_get(fx.app.store, &db, &e), ERR_OK);
	assert_int_equal(forge_heads_get(db, &fx.arena, ear.repo_id, STR("main"), 0, &head, &e), ERR_OK);
	assert_true(str_eq(head.head_sha, STR(SHA)));
	assert_int_equal(forge_heads_get(db, &fx.arena, ear.repo_id, STR(""), 12, &head, &e), ERR_OK);
	assert_int_equal(head.head_sha.len, 0);
	store_reader_put(fx.app.store, db);
	assert_int_equal(n_due(), 0);
}

static void a_job_that_failed_is_no_run_that_failed(void **state)
{
	struct heard_run run = { 0 };
	struct db *db = NULL;
	struct err e;
	(void)state;

	AUTO_ANSWER r = send((struct send){ .event = "workflow_job",
		.body = "{\"workflow_job\":{\"id\":1,\"run_id\":88,\"run_attempt\":2,\"name\":\"b\",\"head_"
			"sha\":\"" SHA "\",\"status\":\"completed\",\"conclusion\":\"failure\",\"html_url\":"
			"\"https://x.example/job\"},"
			"\"repository\":{\"full_name\":\"acme/pump\"}}" });
	assert_done(&r, "kept");
	assert_int_equal(n_due(), 0);
	assert_int_equal(ear.kind, EVENT_JOB);
	assert_int_equal(ear.conclusion, FORGE_FAILURE);
	assert_int_equal(store_reader_get(fx.app.store, &db, &e), ERR_OK);
	assert_int_equal(forge_runs_find(db, &fx.arena, ear.repo_id, STR("88"), 2, &run, &e), ERR_OK);
	store_reader_put(fx.app.store, db);
	assert_true(str_eq(run.conclusion, STR("running")));
	assert_int_equal(run.url.len, 0);
}

static void a_status_is_heard_of(void **state)
{
	(void)state;
	AUTO_ANSWER r = send((struct send){ .event = "status",
		.body = "{\"sha\":\"" SHA
			"\",\"state\":\"error\",\"repository\":{\"full_name\":\"acme/pump\"}}" });
	assert_done(&r, "kept");
	assert_int_equal(ear.kind, EVENT_STATUS);
	assert_int_equal(ear.conclusion, FORGE_FAILURE);
	assert_int_equal(n_due(), 0);
}

static void a_ping_needs_no_repo_and_what_is_not_read_leaves_nothing(void **state)
{
	(void)state;
	AUTO_ANSWER ping = send((struct send){
		.kind = "github", .secret = OTHER, .event = "ping", .body = "{\"zen\":\"x\"}" });
	AUTO_ANSWER issues = send((struct send){ .event = "issues", .body = "not JSON, and of no matter" });
	AUTO_ANSWER after = send((struct send){ 0 }); /* under the id of what was ignored */
	assert_done(&ping, "pong");
	assert_done(&issues, "ignored");
	assert_done(&after, "kept");
	assert_int_equal(ear.n, 1);
}

static void gitea_and_forgejo_may_sign_in_headers_of_their_own(void **state)
{
	const char *headers[] = { "X-Hub-Signature-256", "", "X-Gitea-Signature", NULL, "X-Gitea-Event",
		"action_run_failure", "X-Gitea-Delivery", "7", NULL };
	struct ask a = { .method = "POST", .target = "/hooks/forgejo", .headers = headers, .body = RUN };
	AUTO_BUF made;
	(void)state;

	buf_init(&made, 100);
	hook_sign(STR(SECRET), STR(RUN), &made);
	headers[3] = buf_cstr(&made) + strlen("sha256="); /* the digits alone */
	AUTO_ANSWER r = ask(a);
	assert_done(&r, "kept");
	headers[1] = "sha256=00"; /* the common header counts where it is there */
	AUTO_ANSWER wrong = ask(a);
	assert_error(&wrong, 401, "unauthorized");
}

/* ---- who may not ---- */

static void assert_nothing_happened(void)
{
	assert_int_equal(ear.n, 0);
	assert_int_equal(n_due(), 0);
}

static void unsigned_is_refused_before_the_body(void **state)
{
	int64_t refused = metric_get(METRIC_HOOKS_REFUSED);
	(void)state;

	AUTO_ANSWER none = send((struct send){ .signature = "-" });
	AUTO_ANSWER empty = send((struct send){ .signature = "" });
	AUTO_ANSWER blank = send((struct send){ .signature = "  " });
	assert_error(&none, 401, "unauthorized");
	assert_error(&empty, 401, "unauthorized");
	assert_error(&blank, 401, "unauthorized");
	assert_true(none.before_body && empty.before_body && blank.before_body);
	assert_string_equal(header_of(&none, "WWW-Authenticate"), "HMAC-SHA256");
	assert_int_equal(metric_get(METRIC_HOOKS_REFUSED), refused + 3);
	assert_nothing_happened();
}

static void a_forged_signature_is_refused_whatever_it_looks_like(void **state)
{
	static const char *const forged[] = { "sha256=", "sha256", "0", "sha1=00",
		"sha256=0000000000000000000000000000000000000000000000000000000000000000",
		"sha256=zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz" };
	(void)state;

	for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
		AUTO_ANSWER r = send((struct send){ .signature = forged[i] });
		assert_error(&r, 401, "unauthorized");
	}
	AUTO_ANSWER other = send((struct send){ .secret = OTHER }); /* of another hook */
	AUTO_ANSWER nobody = send((struct send){ .secret = "" });   /* of a hook without one */
	assert_error(&other, 401, "unauthorized");
	assert_error(&nobody, 401, "unauthorized");
	assert_nothing_happened();
}

static void one_byte_more_or_less_or_another_breaks_the_signature(void **state)
{
	char body[] = RUN;
	AUTO_BUF made;
	(void)state;

	buf_init(&made, 100);
	hook_sign(STR(SECRET), STR(RUN), &made);
	for (size_t i = 0; i < strlen(body); i += 37) {
		body[i] ^= 1;
		AUTO_ANSWER r = send((struct send){ .signature = buf_cstr(&made), .body = body });
		assert_error(&r, 401, "unauthorized");
		body[i] ^= 1;
	}
	AUTO_ANSWER shorter =
		send((struct send){ .signature = buf_cstr(&made), .body = RUN, .body_len = strlen(RUN) - 1 });
	AUTO_ANSWER longer = send((struct send){ .signature = buf_cstr(&made), .body = RUN "\n" });
	assert_error(&shorter, 401, "unauthorized");
	assert_error(&longer, 401, "unauthorized");
	assert_nothing_happened();
	AUTO_ANSWER whole = send((struct send){ .signature = buf_cstr(&made), .chunked = true });
	assert_done(&whole, "kept");
}

static void without_a_secret_a_hook_is_closed(void **state)
{
	(void)state;
	AUTO_ANSWER r = send((struct send){ .kind = "gitea", .secret = "" });
	AUTO_ANSWER none = send((struct send){ .kind = "gitea", .signature = "-" });
	assert_error(&r, 503, "not_configured");
	assert_error(&none, 503, "not_configured");
	assert_true(r.before_body);
	assert_string_equal(header_of(&r, "Retry-After"), "60");
	assert_nothing_happened();
}

static void a_token_opens_no_hook(void **state)
{
	(void)state;
	AUTO_ANSWER token = ask((struct ask){
		.method = "POST", .target = "/hooks/forgejo", .body = RUN, .token = fx.admin.p });
	AUTO_ANSWER internal = ask(
		(struct ask){ .method = "POST", .target = "/hooks/forgejo", .body = RUN, .token = INTERNAL });
	AUTO_ANSWER kind = ask((struct ask){ .method = "POST", .target = "/hooks/gitlab", .body = RUN });
	AUTO_ANSWER get = ask((struct ask){ .method = "GET", .target = "/hooks/forgejo" });
	assert_error(&token, 401, "unauthorized");
	assert_error(&internal, 401, "unauthorized");
	assert_wrong_field(&kind, "kind");
	assert_error(&get, 405, "method_not_allowed");
}

static void who_forges_too_often_is_told_to_wait_and_stands_in_nobodys_way(void **state)
{
	int last = 0;
	(void)state;

	for (int i = 0; i < 101; i++) {
		AUTO_ANSWER r = send((struct send){ .secret = "a guess" });
		last = r.status;
		if (i < 100)
			assert_int_equal(r.status, 401);
	}
	assert_int_equal(last, 429);
	AUTO_ANSWER good = send((struct send){ 0 });
	assert_done(&good, "kept");
}

/* ---- in which order ---- */

static void nothing_of_the_body_or_the_headers_is_told_before_the_signature_holds(void **state)
{
	static const struct send wrong[] = { { .body = "{" }, { .id = "-" }, { .id = "a b" },
		{ .event = "-" }, { .type = "application/x-www-form-urlencoded", .body = "payload=%7B%7D" },
		{ .body = "{\"ref\":\"refs/heads/m\",\"after\":\"" SHA
			  "\",\"repository\":{\"full_name\":\"acme/other\"}}",
			.event = "push" } };
	static const int then[] = { 400, 400, 400, 400, 415, 404 };
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct send forged = wrong[i];

		forged.secret = "not this";
		AUTO_ANSWER no = send(forged);
		AUTO_ANSWER yes = send(wrong[i]);
		assert_error(&no, 401, "unauthorized");
		if (yes.status != then[i])
			fail_msg("%zu: %d: %s", i, yes.status, yes.body);
	}
	assert_nothing_happened();
}

static void a_form_is_told_what_to_choose_at_the_forge(void **state)
{
	(void)state;
	AUTO_ANSWER r = send((struct send){ .type = "Application/X-WWW-Form-Urlencoded; charset=utf-8",
		.body = "payload=%7B%7D",
		.id = "-" });
	assert_error(&r, 415, "unsupported_media_type");
	assert_non_null(strstr(r.body, "choose content type application/json"));
}

static void the_id_is_asked_for_before_the_event_and_that_before_the_repo(void **state)
{
	(void)state;
	AUTO_ANSWER id = send((struct send){ .id = "-", .body = "{" });
	AUTO_ANSWER event =
		send((struct send){ .body = "{\"run\":{\"repository\":{\"full_name\":\"no/such\"}}}" });
	AUTO_ANSWER repo = send((struct send){ .event = "push",
		.body = "{\"ref\":\"refs/heads/m\",\"after\":\"" SHA
			"\",\"repository\":{\"full_name\":\"no/such\"}}" });
	assert_error(&id, 400, "validation_error");
	assert_non_null(strstr(id.body, "has no id"));
	assert_error(&event, 400, "validation_error");
	assert_non_null(strstr(event.body, "run.id"));
	assert_error(&repo, 404, "not_found");
	assert_non_null(strstr(repo.body, "sluice repo add --forge home no/such"));
}

/* The repo of a hook is looked for on the forge of that hook. */
static void a_repo_of_another_forge_is_another_repo(void **state)
{
	(void)state;
	AUTO_ANSWER r =
		send((struct send){ .kind = "github", .secret = OTHER, .event = "push", .body = PUSH });
	assert_error(&r, 404, "not_found");
}

static void a_refused_delivery_may_come_again(void **state)
{
	(void)state;
	AUTO_ANSWER before = send((struct send){ .event = "push",
		.body = "{\"ref\":\"refs/heads/m\",\"after\":\"" SHA
			"\",\"repository\":{\"full_name\":\"acme/new\"}}" });
	assert_error(&before, 404, "not_found");
	token_of_repo("acme/new");
	AUTO_ANSWER after = send((struct send){ .event = "push",
		.body = "{\"ref\":\"refs/heads/m\",\"after\":\"" SHA
			"\",\"repository\":{\"full_name\":\"acme/new\"}}" });
	assert_done(&after, "kept");
}

static void a_push_to_the_repo_of_a_gate_is_taken_though_it_is_not_watched(void **state)
{
	struct config *c = fixture_config(0, 0);
	(void)state;

	c->hooks[HOOK_FORGEJO] = (struct hook_config){ STR(SECRET), STR("home") };
	c->gates = arena_array(&c->arena, 1, sizeof *c->gates);
	c->gates[0] = (struct gate_config){ .name = STR("g"),
		.forge = { .owner = STR("Acme"), .repo = STR("fleet") } };
	c->n_gates = 1;
	config_swap(fx.app.config, c);
	AUTO_ANSWER r = send((struct send){ .event = "push",
		.body = "{\"ref\":\"refs/heads/m\",\"after\":\"" SHA
			"\",\"repository\":{\"full_name\":\"acme/fleet\"}}" });
	AUTO_ANSWER run = send((struct send){ .id = "2",
		.body = "{\"run\":{\"id\":1,\"commit_sha\":\"" SHA
			"\",\"repository\":{\"full_name\":\"acme/fleet\"}}}" });
	assert_done(&r, "kept");
	assert_error(&run, 404, "not_found");
	assert_nothing_happened();
}

/* ---- how much ---- */

static void a_body_of_two_mebibytes_is_taken_and_no_more(void **state)
{
	size_t most = HOOK_BODY_MAX;
	char *body = mem_alloc(most + 2);
	(void)state;

	memset(body, ' ', most + 1);
	memcpy(body, RUN, strlen(RUN));
	AUTO_ANSWER all = send((struct send){ .body = body, .body_len = most });
	AUTO_ANSWER over = send((struct send){ .body = body, .body_len = most + 1 });
	AUTO_ANSWER drip = send((struct send){ .body = body, .body_len = most + 1, .chunked = true });
	free(body);
	assert_done(&all, "kept");
	assert_error(&over, 413, "payload_too_large");
	assert_true(over.before_body);
	assert_error(&drip, 413, "payload_too_large");
}

static void an_empty_body_is_looked_at_like_any_other(void **state)
{
	const char *headers[] = { "X-Hub-Signature-256", NULL, "X-Forgejo-Event", "push",
		"X-Forgejo-Delivery", "1", NULL };
	struct ask a = { .method = "POST", .target = "/hooks/forgejo", .headers = headers };
	AUTO_BUF made;
	(void)state;

	buf_init(&made, 100);
	hook_sign(STR(SECRET), STR(""), &made);
	headers[1] = "sha256=00";
	AUTO_ANSWER forged = ask(a);
	headers[1] = buf_cstr(&made);
	AUTO_ANSWER is_signed = ask(a);
	assert_error(&forged, 401, "unauthorized");
	assert_error(&is_signed, 400, "validation_error");
}

static void secrets_in_names_are_masked_as_those_of_steps_are(void **state)
{
	struct heard_run *runs = NULL;
	struct config *c = fixture_config(0, 0);
	struct err e;
	(void)state;

	c->hooks[HOOK_FORGEJO] = (struct hook_config){ STR(SECRET), STR("home") };
	assert_int_equal(mask_add(c->mask, STR("hunter2hunter2"), &e), ERR_OK);
	config_swap(fx.app.config, c);
	AUTO_ANSWER r =
		send((struct send){ .body = "{\"run\":{\"id\":1,\"commit_sha\":\"" SHA
					    "\",\"status\":\"failure\",\"prettyref\":\"try-hunter2hunter2\","
					    "\"repository\":{\"full_name\":\"acme/pump\"}}}" });
	assert_done(&r, "kept");
	assert_int_equal(due(&runs), 1);
	assert_true(str_find_str(runs[0].branch, STR("hunter2")) == runs[0].branch.len);
	assert_true(str_starts(runs[0].branch, STR("try-")));
}

/* ---- made and tried, without a forge ---- */

static struct answer set_up(const char *what, const char *body)
{
	char target[100];

	snprintf(target, sizeof target, "/api/v1/hooks/%s", what);
	return ask((struct ask){ .method = "POST", .target = target, .token = fx.admin.p, .body = body });
}

/* All that is needed, but nobody listens there. */
static struct config *settings_for_a_hook(void)
{
	struct config *c = fixture_config(0, 0);

	c->hooks[HOOK_FORGEJO] = (struct hook_config){ STR(SECRET), STR("home") };
	c->forges[0].has_kind = true;
	c->forges[0].kind = COMMITS_FORGEJO;
	c->forges[0].url = STR("http://127.0.0.1:1");
	return c;
}

static void what_a_hook_needs_is_named_before_a_forge_is_asked(void **state)
{
	static const char *const names[] = { "public-url", "kind and url", "secret-file",
		"[hook \\\"forgejo\\\"] forge", "token-file" };
	(void)state;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct config *c = settings_for_a_hook();

		if (i == 0)
			c->public_url = STR("");
		if (i == 1)
			c->forges[0].has_kind = false;
		if (i == 2)
			c->hooks[HOOK_FORGEJO].secret = STR("");
		if (i == 3)
			c->hooks[HOOK_FORGEJO].forge = STR("hub");
		if (i == 4)
			c->forges[0].token_file = arena_cstr(&c->arena, STR("/nonexistent/token"));
		config_swap(fx.app.config, c);
		for (int k = 0; k < 2; k++) {
			AUTO_ANSWER r = set_up(k ? "test" : "install", "{\"repo\":\"acme/pump\"}");

			assert_error(&r, 422, "unprocessable");
			if (!strstr(r.body, names[i]))
				fail_msg("%s is not in %s", names[i], r.body);
		}
	}
}

static void a_forge_that_is_away_is_told_as_such_and_a_repo_that_is_not_watched_is_404(void **state)
{
	(void)state;
	config_swap(fx.app.config, settings_for_a_hook());
	AUTO_ANSWER install = set_up("install", "{\"repo\":\"acme/pump\"}");
	AUTO_ANSWER test = set_up("test", "{\"repo\":\"acme/pump\"}");
	AUTO_ANSWER other = set_up("install", "{\"repo\":\"acme/other\"}");
	assert_error(&install, 502, "network_error");
	assert_error(&test, 502, "network_error");
	assert_error(&other, 404, "not_found");
}

static void hooks_are_made_by_admins(void **state)
{
	struct str token = token_with(SCOPE_BIT(SCOPE_DISPATCH_WRITE), ROLE_CONTRIBUTOR);
	AUTO_ANSWER r = ask((struct ask){ .method = "POST",
		.target = "/api/v1/hooks/install",
		.token = token.p,
		.body = "{\"repo\":\"acme/pump\"}" });
	(void)state;

	assert_error(&r, 403, "forbidden");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, router_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_failed_run_is_kept_is_due_and_is_heard_of),
		TEST(a_replay_is_answered_and_does_nothing),
		TEST(a_push_and_a_pull_request_say_where_heads_are),
		TEST(a_job_that_failed_is_no_run_that_failed),
		TEST(a_status_is_heard_of),
		TEST(a_ping_needs_no_repo_and_what_is_not_read_leaves_nothing),
		TEST(gitea_and_forgejo_may_sign_in_headers_of_their_own),
		TEST(unsigned_is_refused_before_the_body),
		TEST(a_forged_signature_is_refused_whatever_it_looks_like),
		TEST(one_byte_more_or_less_or_another_breaks_the_signature),
		TEST(without_a_secret_a_hook_is_closed),
		TEST(a_token_opens_no_hook),
		TEST(who_forges_too_often_is_told_to_wait_and_stands_in_nobodys_way),
		TEST(nothing_of_the_body_or_the_headers_is_told_before_the_signature_holds),
		TEST(a_form_is_told_what_to_choose_at_the_forge),
		TEST(the_id_is_asked_for_before_the_event_and_that_before_the_repo),
		TEST(a_repo_of_another_forge_is_another_repo),
		TEST(a_refused_delivery_may_come_again),
		TEST(a_push_to_the_repo_of_a_gate_is_taken_though_it_is_not_watched),
		TEST(a_body_of_two_mebibytes_is_taken_and_no_more),
		TEST(an_empty_body_is_looked_at_like_any_other),
		TEST(secrets_in_names_are_masked_as_those_of_steps_are),
		TEST(what_a_hook_needs_is_named_before_a_forge_is_asked),
		TEST(a_forge_that_is_away_is_told_as_such_and_a_repo_that_is_not_watched_is_404),
		TEST(hooks_are_made_by_admins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
