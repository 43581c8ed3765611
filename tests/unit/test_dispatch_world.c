/* dispatch_world: a webhook is signed and says all; comments and issues are looked for before they are made; of what became of it is told what is certain, and no more. */
#include "tests/test.h"

#include "base/json.h"
#include "forge/hook.h"
#include "service/dispatch_world.h"
#include "tests/unit/help/little_server.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECRET "a secret of ours"

static struct little_server *server;
static struct dispatch_world *world;
static struct dispatch_config config;
static struct arena a;
static atomic_bool stop;
static struct dispatch_made made;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	arena_init(&a);
	server = little_server_new();
	atomic_store(&stop, false);
	world = dispatch_world_new(&clock_system, &stop);
	config = (struct dispatch_config){ .url = arena_fmt(&a, "%s/red", little_server_url(server)),
		.secret = STR(SECRET) };
	e = (struct err){ .code = ERR_OK };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	dispatch_world_free(world);
	little_server_free(server);
	arena_done(&a);
	return 0;
}

static enum dispatch_did hand_over(void)
{
	static const struct dispatch d = { .id = 12,
		.n_retries = 3,
		.repo = { "acme/pump", 9 },
		.forge = { "home", 4 },
		.head_sha = { "0123456789abcdef0123456789abcdef01234567", 40 },
		.attempt = 1,
		.created_at = 1790000000000 };
	const struct dispatch_work w = { .of = &d,
		.action = STR("webhook"),
		.config = &config,
		.prompt = STR("Fix it.\n"),
		.page = STR("") };
	const struct dispatch_outside o = dispatch_world_outside(world);

	made = (struct dispatch_made){ 0 };
	return o.act(o.arg, &w, &a, &made, &e);
}

static void it_is_signed_and_says_all(void **state)
{
	struct json_doc *doc = NULL;
	const char *request, *body, *signature;
	AUTO_BUF want;
	(void)state;

	buf_init(&want, 200);
	little_server_status(server, 204, "");
	assert_int_equal(hand_over(), DISPATCH_DID);
	request = little_server_request(server, 0);
	body = strstr(request, "\r\n\r\n") + 4;
	hook_sign(STR(SECRET), str_z(body), &want);
	signature = strstr(request, "X-Sluice-Signature-256: ");
	assert_true(strncmp(request, "POST /red HTTP/1.1\r\n", 20) == 0);
	assert_non_null(signature);
	assert_memory_equal(signature + strlen("X-Sluice-Signature-256: "), buf_cstr(&want), want.len);
	assert_non_null(strstr(request, "X-Sluice-Event: dispatch\r\n"));
	assert_non_null(strstr(request, "X-Sluice-Delivery: 12-3\r\n"));
	assert_non_null(strstr(request, "Content-Type: application/json\r\n"));
	assert_int_equal(json_parse(str_z(body), 0, &doc, &e), ERR_OK);
	assert_true(str_eq(json_str(json_get(json_root(doc), "delivery")), STR("12-3")));
	assert_true(str_eq(json_str(json_get(json_root(doc), "prompt")), STR("Fix it.\n")));
	assert_true(
		str_eq(json_str(json_get(json_get(json_root(doc), "dispatch"), "repo")), STR("acme/pump")));
	json_free(doc);
}

static void without_a_secret_it_is_not_signed(void **state)
{
	(void)state;
	config.secret = STR("");
	little_server_status(server, 200, "{}");
	assert_int_equal(hand_over(), DISPATCH_DID);
	assert_null(strstr(little_server_request(server, 0), "Signature"));
}

static void who_says_that_it_was_not_taken_is_asked_again_or_not(void **state)
{
	static const struct {
		int status;
		enum dispatch_did did;
	} rows[] = { { 200, DISPATCH_DID }, { 202, DISPATCH_DID }, { 302, DISPATCH_FAILED },
		{ 400, DISPATCH_FAILED }, { 401, DISPATCH_FAILED }, { 404, DISPATCH_FAILED },
		{ 429, DISPATCH_AGAIN }, { 503, DISPATCH_AGAIN }, { 500, DISPATCH_PERHAPS },
		{ 502, DISPATCH_PERHAPS }, { 504, DISPATCH_PERHAPS } };
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		little_server_status(server, rows[i].status, "{}");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (hand_over() != rows[i].did)
			fail_msg("%d", rows[i].status);
	assert_null(strstr(e.text, SECRET));
}

static void when_to_come_again_is_heard(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_BYTES,
		"HTTP/1.1 503 No\r\nRetry-After: 120\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	assert_int_equal(hand_over(), DISPATCH_AGAIN);
	assert_int_equal(made.again_ms, 120000);
}

static void what_was_sent_and_not_answered_may_have_got_through(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_BYTES, "");
	assert_int_equal(hand_over(), DISPATCH_PERHAPS);
	little_server_say(server, LITTLE_BYTES, "HTTP/1.1 2");
	assert_int_equal(hand_over(), DISPATCH_PERHAPS);
}

static void where_nobody_listens_nothing_got_through(void **state)
{
	int port = 0, fd = nobody_listens(&port);
	(void)state;

	config.url = arena_fmt(&a, "http://127.0.0.1:%d/red", port);
	assert_int_equal(hand_over(), DISPATCH_AGAIN);
	close(fd);
	config.url = STR("");
	assert_int_equal(hand_over(), DISPATCH_FAILED);
}

/* ---- a forge ---- */

#define COMMENTS "/api/v1/repos/acme/pump/issues/5/comments"
#define ISSUES "/api/v1/repos/acme/pump/issues"
#define COMMENT_MARK "<!-- sluice: dispatch -->\\n"
#define ISSUE_MARK "<!-- sluice: group v1:0a -->\\n"

/* What it says; "": the connection is cut; NULL: 403. */
static struct {
	const char *user, *comments, *issue, *issues, *posted;
	int n_posts, n_patches;
	char body[4000]; /* of the last POST */
} said;

static const char *said_to(struct str request)
{
	if (str_starts(request, STR("POST "))) {
		said.n_posts++;
		snprintf(said.body, sizeof said.body, "%.*s", STR_FMT(request));
		return said.posted;
	}
	if (str_starts(request, STR("PATCH " ISSUES "/comments/77 "))) {
		said.n_patches++;
		return "{}";
	}
	if (str_starts(request, STR("PATCH ")))
		return "404";
	if (str_starts(request, STR("GET /api/v1/user ")))
		return said.user;
	if (str_starts(request, STR("GET " COMMENTS "?")))
		return said.comments;
	return str_starts(request, STR("GET " ISSUES "/12 ")) ? said.issue : said.issues;
}

static enum little_kind answer(void *arg, struct str request, char **ret)
{
	const char *body = said_to(request);
	struct buf out;
	(void)arg;

	buf_init(&out, SIZE_MAX);
	if (!body || str_eq(str_z(body), STR("404")))
		buf_fmt(&out, "HTTP/1.1 %s No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
			body ? body : "403");
	else if (*body)
		buf_fmt(&out, "HTTP/1.1 200 Fine\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
			strlen(body), body);
	*ret = buf_take(&out);
	return LITTLE_BYTES;
}

static struct dispatch_work on_forge(const char *action)
{
	static const struct dispatch d = { .id = 12,
		.repo = { "acme/pump", 9 },
		.forge = { "home", 4 },
		.head_sha = { "0123456789abcdef0123456789abcdef01234567", 40 },
		.pull_request = 5,
		.attempt = 1 };
	static struct forge_config forge;
	static struct config cfg;

	said.user = "{\"login\":\"sluice\"}";
	said.comments = said.issues = "[]";
	said.posted = "{\"id\":77,\"number\":13}";
	said.issue = NULL;
	said.n_posts = said.n_patches = 0;
	little_server_ask(server, answer, NULL);
	forge = (struct forge_config){ .name = STR("home"),
		.url = str_z(little_server_url(server)),
		.has_kind = true,
		.kind = COMMITS_FORGEJO };
	cfg = (struct config){ .forges = &forge, .n_forges = 1 };
	return (struct dispatch_work){
		.of = &d, .action = str_z(action), .cfg = &cfg, .config = &config, .fingerprint = STR("v1:0a")
	};
}

static enum dispatch_did act(const struct dispatch_work *w)
{
	const struct dispatch_outside o = dispatch_world_outside(world);

	made = (struct dispatch_made){ 0 };
	return o.act(o.arg, w, &a, &made, &e);
}

static void a_comment_is_made_once_though_nobody_heard_that_it_was(void **state)
{
	struct dispatch_work w = on_forge("comment");
	(void)state;

	said.posted = "";
	assert_int_equal(act(&w), DISPATCH_PERHAPS_AGAIN);
	assert_non_null(strstr(said.body, "{\"body\":\"" COMMENT_MARK));
	w.perhaps = true;
	said.comments = "[{\"id\":77,\"user\":{\"login\":\"sluice\"},\"body\":\"" COMMENT_MARK "\"}]";
	assert_int_equal(act(&w), DISPATCH_DID);
	assert_true(str_eq(made.ref, STR("77")));
	assert_int_equal(said.n_posts, 1);
	assert_int_equal(said.n_patches, 1);
}

static void a_comment_that_was_deleted_is_made_anew(void **state)
{
	struct dispatch_work w = on_forge("comment");
	(void)state;

	w.known = STR("77");
	assert_int_equal(act(&w), DISPATCH_DID);
	assert_int_equal(said.n_posts, 0);
	assert_int_equal(said.n_patches, 1);
	w.known = STR("78");
	assert_int_equal(act(&w), DISPATCH_DID);
	assert_true(str_eq(made.ref, STR("77")));
	assert_int_equal(said.n_posts, 1);
}

static void the_mark_of_another_account_is_nothing(void **state)
{
	struct dispatch_work w = on_forge("comment");
	(void)state;

	said.comments = "[{\"id\":77,\"user\":{\"login\":\"mallory\"},\"body\":\"" COMMENT_MARK "\"}]";
	assert_int_equal(act(&w), DISPATCH_DID);
	assert_int_equal(said.n_posts, 1);
	assert_int_equal(said.n_patches, 0);
}

/* A token that may not ask whose it is. */
static void where_nothing_can_be_looked_for_what_may_be_there_is_not_made_again(void **state)
{
	static const char *const actions[] = { "comment", "issue" };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct dispatch_work w = on_forge(actions[i]);

		said.user = NULL;
		assert_int_equal(act(&w), DISPATCH_DID);
		said.posted = "";
		assert_int_equal(act(&w), DISPATCH_PERHAPS);
		w.perhaps = true;
		assert_int_equal(act(&w), DISPATCH_PERHAPS);
		assert_int_equal(said.n_posts, 2);
	}
}

static void before_anything_is_written_a_forge_that_is_away_is_asked_again(void **state)
{
	static const char *const actions[] = { "comment", "issue" };
	int port = 0, fd = nobody_listens(&port);
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		struct dispatch_work w = on_forge(actions[i]);

		said.user = "";
		assert_int_equal(act(&w), DISPATCH_AGAIN);
		assert_int_equal(said.n_posts, 0);
		w.cfg->forges[0].url = arena_fmt(&a, "http://127.0.0.1:%d", port);
		w.action = STR("status");
		assert_int_equal(act(&w), DISPATCH_AGAIN);
	}
	close(fd);
}

static void an_issue_that_is_open_is_enough(void **state)
{
	struct dispatch_work w = on_forge("issue");
	(void)state;

	w.known = STR("12");
	said.issue = "{\"state\":\"open\"}";
	assert_int_equal(act(&w), DISPATCH_DID);
	assert_true(str_eq(made.ref, STR("12")));
	said.issue = "";
	assert_int_equal(act(&w), DISPATCH_AGAIN);
	assert_int_equal(said.n_posts, 0);
}

static void after_an_issue_that_was_closed_there_is_a_new_one(void **state)
{
	struct dispatch_work w = on_forge("issue");
	(void)state;

	w.known = STR("12");
	said.issue = "{\"state\":\"closed\"}";
	assert_int_equal(act(&w), DISPATCH_DID);
	assert_true(str_eq(made.ref, STR("13")));
	assert_non_null(strstr(said.body, "Again after #12"));
	assert_non_null(strstr(said.body, "\"body\":\"" ISSUE_MARK));
	w.known = STR("");
	assert_int_equal(act(&w), DISPATCH_DID);
	assert_null(strstr(said.body, "Again after"));
}

static void an_issue_is_made_once_though_nobody_heard_that_it_was(void **state)
{
	struct dispatch_work w = on_forge("issue");
	(void)state;

	said.posted = "";
	assert_int_equal(act(&w), DISPATCH_PERHAPS_AGAIN);
	w.perhaps = true;
	said.issues = "[{\"number\":14,\"user\":{\"login\":\"sluice\"},\"body\":\"<!-- sluice: group v1:0 "
		      "-->\"},{\"number\":15,\"user\":{\"login\":\"sluice\"},\"body\":\"" ISSUE_MARK "\"}]";
	assert_int_equal(act(&w), DISPATCH_DID);
	assert_true(str_eq(made.ref, STR("15")));
	assert_int_equal(said.n_posts, 1);
}

/* ---- who keeps everybody waiting ---- */

static atomic_int_least64_t ahead; /* of the steady clock */
static atomic_int n_cut;

static int64_t wall_of(void *arg)
{
	(void)arg;
	return clock_wall_ms(&clock_system);
}

static int64_t steady_of(void *arg)
{
	(void)arg;
	return clock_steady_ms(&clock_system) + atomic_load(&ahead);
}

static const struct clock moved_clock = { wall_of, steady_of, NULL };

/* It takes its time, and says nothing in the end. */
static enum little_kind cut(void *arg, struct str request, char **ret)
{
	(void)arg;
	(void)request;
	atomic_fetch_add(&ahead, 5000);
	atomic_fetch_add(&n_cut, 1);
	*ret = mem_dup(STR(""));
	return LITTLE_BYTES;
}

static void who_kept_us_waiting_for_nothing_is_left_alone_for_a_while(void **state)
{
	struct dispatch_work w = on_forge("status");
	struct dispatch_world *waiting = dispatch_world_new(&moved_clock, &stop);
	const struct dispatch_outside o = dispatch_world_outside(waiting);
	struct forge_tip tip = { 0 };
	int before;
	(void)state;

	little_server_ask(server, cut, NULL);
	assert_false(o.is_away(o.arg, w.of, STR("status"), &config));
	assert_int_equal(o.head(o.arg, w.cfg, w.of, &a, &tip, &e), ERR_NETWORK);
	assert_true(o.is_away(o.arg, w.of, STR("status"), &config));
	assert_false(o.is_away(o.arg, w.of, STR("webhook"), &config)); /* that is somebody else */
	before = atomic_load(&n_cut);
	assert_true(before > 0);
	assert_int_equal(o.head(o.arg, w.cfg, w.of, &a, &tip, &e), ERR_NETWORK);
	assert_int_equal(atomic_load(&n_cut), before);
	atomic_fetch_add(&ahead, 60000);
	assert_false(o.is_away(o.arg, w.of, STR("status"), &config));
	w.action = STR("webhook");
	assert_int_equal(o.act(o.arg, &w, &a, &made, &e), DISPATCH_PERHAPS);
	assert_true(o.is_away(o.arg, w.of, STR("webhook"), &config));
	dispatch_world_free(waiting);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(it_is_signed_and_says_all),
		T(without_a_secret_it_is_not_signed),
		T(who_says_that_it_was_not_taken_is_asked_again_or_not),
		T(when_to_come_again_is_heard),
		T(what_was_sent_and_not_answered_may_have_got_through),
		T(where_nobody_listens_nothing_got_through),
		T(a_comment_is_made_once_though_nobody_heard_that_it_was),
		T(a_comment_that_was_deleted_is_made_anew),
		T(the_mark_of_another_account_is_nothing),
		T(where_nothing_can_be_looked_for_what_may_be_there_is_not_made_again),
		T(before_anything_is_written_a_forge_that_is_away_is_asked_again),
		T(an_issue_that_is_open_is_enough),
		T(after_an_issue_that_was_closed_there_is_a_new_one),
		T(an_issue_is_made_once_though_nobody_heard_that_it_was),
		T(who_kept_us_waiting_for_nothing_is_left_alone_for_a_while),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
