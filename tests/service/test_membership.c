/* membership: what a forge says of who may read a repo is asked for, kept, and asked for again; and what it does not say changes nothing. */
#include "tests/test.h"

#include "base/seal.h"
#include "service/forge_token.h"
#include "service/membership.h"
#include "tests/service/fixture.h"
#include "tests/unit/help/little_server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct err e;
static struct little_server *server;
static struct membership *membership;
static struct config_box *box;
static const struct config *cfg;
static int64_t ann, one, two, elsewhere;
static _Atomic int64_t steady, wall;

/* ---- the forge: acme/one may be read, acme/two not ---- */

static struct {
	_Atomic int one, other, refreshed; /* statuses */
	const char *_Atomic good;          /* the token that it takes */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int n_asked, n_refreshed; /* guarded */
} forge = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static char *answer_with(int status, const char *json)
{
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	buf_fmt(&out, "HTTP/1.1 %d Answer\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status,
		strlen(json), json);
	return buf_take(&out);
}

static bool has(struct str request, const char *text)
{
	return str_find_str(request, str_z(text)) < request.len;
}

static enum little_kind answer(void *arg, struct str request, char **ret)
{
	char bearer[100];
	bool refresh = str_starts(request, STR("POST /login/oauth/access_token "));

	(void)arg;
	snprintf(bearer, sizeof bearer, "Authorization: Bearer %s\r\n", forge.good);
	pthread_mutex_lock(&forge.lock);
	forge.n_asked += !refresh;
	forge.n_refreshed += refresh;
	pthread_cond_broadcast(&forge.changed);
	pthread_mutex_unlock(&forge.lock);
	if (refresh && has(request, "grant_type=refresh_token&refresh_token=again&"))
		*ret = answer_with(forge.refreshed, forge.refreshed == 200
							    ? "{\"access_token\":\"new\",\"token_type\":"
							      "\"bearer\",\"refresh_token\":\"next\"}"
							    : "{\"error\":\"invalid_grant\"}");
	else if (!has(request, bearer))
		*ret = answer_with(401, "{}");
	else if (str_starts(request, STR("GET /api/v1/repos/acme/one ")))
		*ret = answer_with(forge.one, "{}");
	else
		*ret = answer_with(forge.other, "{}");
	return LITTLE_BYTES;
}

static void wait_until_asked(int n)
{
	pthread_mutex_lock(&forge.lock);
	while (forge.n_asked < n)
		pthread_cond_wait(&forge.changed, &forge.lock);
	pthread_mutex_unlock(&forge.lock);
}

/* ---- what there is ---- */

struct setup_op {
	struct store_op op;
	struct seal_key key;
};

static enum err_code add_repo(
	struct db *db, const char *where, const char *name, int64_t *ret, struct err *why)
{
	bool added;

	TRY(repos_add(db, str_z(where), str_z(name), NOW, ret, &added, why));
	return repos_set_visibility(db, *ret, VISIBLE_MEMBERS, why);
}

static enum err_code apply_setup(struct store_op *op, struct db *db, struct err *why)
{
	struct forge_login l = { .provider = STR("home"), .forge_user_id = STR("7"), .stored_at = NOW };
	const struct oauth_tokens t = { STR("old"), STR(""), STR("again") };
	AUTO_BUF sealed;

	buf_init(&sealed, SIZE_MAX);
	forge_token_seal(&((struct setup_op *)(void *)op)->key, &t, &sealed);
	TRY(users_add(db, STR("ann@example.org"), STR(""), ROLE_USER, NOW, &ann, why));
	TRY(add_repo(db, "HOME", "acme/one", &one, why));
	TRY(add_repo(db, "home", "acme/two", &two, why));
	TRY(add_repo(db, "mirror", "acme/one", &elsewhere, why));
	l.user_id = ann;
	l.token = buf_view(&sealed);
	return forge_logins_put(db, &l, why);
}

static int64_t now_steady(void *arg)
{
	(void)arg;
	return steady;
}

static int64_t now_wall(void *arg)
{
	(void)arg;
	return wall;
}

static const struct clock clock_here = { now_wall, now_steady, NULL };

static int set_up(void **state)
{
	struct setup_op setup = { .op = { .apply = apply_setup, .bytes = 1000 } };
	struct config *c;

	if (fixture_up(state) != 0)
		return -1;
	server = little_server_new();
	little_server_ask(server, answer, NULL);
	forge.one = forge.refreshed = 200;
	forge.other = 404;
	forge.good = "old";
	forge.n_asked = forge.n_refreshed = 0;
	steady = 1000;
	wall = NOW;
	c = fixture_config();
	c->oauths = arena_array(&c->arena, 1, sizeof *c->oauths);
	c->n_oauths = 1;
	c->oauths[0] = (struct oauth_config){ .members = true,
		.provider = { STR("home"), OAUTH_FORGEJO, str_z(little_server_url(server)), STR("sluice"),
			STR("secret") } };
	box = config_box_new(c);
	cfg = config_get(box);
	if (membership_start(fx.store, box, &clock_here, &membership, &e) != ERR_OK)
		fail_msg("%s", e.text);
	if (seal_key_load(arena_fmt(&fx.arena, "%s/access.key", fx.folder).p, &setup.key, &e) != ERR_OK ||
		store_write(fx.store, &setup.op, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return 0;
}

static int tear_down(void **state)
{
	membership_free(membership);
	config_put(box, cfg);
	config_box_free(box);
	little_server_free(server);
	return fixture_down(state);
}

static enum err_code ask(struct oauth_tokens *tokens)
{
	struct http_client *http = http_client_new();
	struct oauth_caller caller = { http, &clock_here, steady + 15000 };
	enum err_code code = membership_ask(membership, &cfg->oauths[0], ann, tokens, &fx.arena, &caller, &e);

	http_client_free(http);
	return code;
}

/* -1: not known. */
static int said(int64_t repo_id)
{
	bool allowed = false;
	int64_t at;
	struct db *db;
	enum err_code code;

	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	code = members_get(db, ann, repo_id, &allowed, &at, &e);
	store_reader_put(fx.store, db);
	return code == ERR_OK ? allowed : -1;
}

static bool sees(int64_t repo_id)
{
	bool visible = false;
	struct db *db;

	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	assert_int_equal(repo_is_visible(db, repo_id, ann, &visible, &e), ERR_OK);
	store_reader_put(fx.store, db);
	return visible;
}

/* ---- */

static void whoever_may_read_a_repo_there_sees_it_here_and_nobody_else(void **state)
{
	struct oauth_tokens t = { STR("old"), STR(""), STR("") };
	(void)state;

	assert_false(sees(one));
	assert_int_equal(ask(&t), ERR_OK);
	assert_true(sees(one));
	assert_false(sees(two));
	assert_int_equal(said(two), 0);
	assert_int_equal(said(elsewhere), -1); /* of another forge: not asked about */
	assert_int_equal(forge.n_asked, 2);
	forge.one = 404;
	assert_int_equal(ask(&t), ERR_OK);
	assert_false(sees(one));
}

static void a_token_that_has_expired_is_refreshed_and_the_new_one_kept(void **state)
{
	struct oauth_tokens t = { STR("old"), STR(""), STR("again") }, kept;
	struct forge_login l;
	struct seal_key key;
	struct db *db;
	(void)state;

	forge.good = "new";
	assert_int_equal(ask(&t), ERR_OK);
	assert_true(sees(one));
	assert_true(str_eq(t.access, STR("new")) && str_eq(t.refresh, STR("next")));
	assert_int_equal(forge.n_refreshed, 1);
	assert_int_equal(seal_key_load(arena_fmt(&fx.arena, "%s/access.key", fx.folder).p, &key, &e), ERR_OK);
	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	assert_int_equal(forge_token_login(db, &fx.arena, ann, STR("home"), &l, &e), ERR_OK);
	store_reader_put(fx.store, db);
	assert_int_equal(forge_token_open(&key, &l, &fx.arena, &kept, &e), ERR_OK);
	assert_true(str_eq(kept.access, STR("new")) && str_eq(kept.refresh, STR("next")));
}

static void whose_token_is_good_no_more_may_read_nothing(void **state)
{
	struct oauth_tokens t = { STR("old"), STR(""), STR("again") };
	(void)state;

	for (int i = 0; i < 3; i++) {
		forge.good = "old";
		t = (struct oauth_tokens){ STR("old"), STR(""), STR("again") };
		assert_int_equal(ask(&t), ERR_OK);
		assert_true(sees(one));
		forge.good =
			i == 2 ? "neither" : "new"; /* the account is locked: also with a token that is new */
		forge.refreshed = i == 0 ? 400 : 200;
		t.refresh = i == 1 ? STR("") : STR("again");
		assert_int_equal(ask(&t), i == 0 ? ERR_INVALID : ERR_UNAUTHORIZED);
		assert_false(sees(one));
	}
}

static void a_forge_that_is_away_changes_nothing(void **state)
{
	struct oauth_tokens t = { STR("old"), STR(""), STR("") };
	(void)state;

	assert_int_equal(ask(&t), ERR_OK);
	little_server_free(server);
	server = NULL;
	assert_int_equal(ask(&t), ERR_NETWORK);
	assert_true(sees(one));
}

static void of_what_a_forge_is_unsure_nothing_changes_and_the_others_are_asked_about(void **state)
{
	struct oauth_tokens t = { STR("old"), STR(""), STR("") };
	(void)state;

	forge.one = 301; /* it was renamed */
	forge.other = 200;
	assert_int_equal(ask(&t), ERR_OK);
	assert_int_equal(said(one), -1);
	assert_int_equal(said(two), 1);
	forge.one = 200;
	assert_int_equal(ask(&t), ERR_OK);
	forge.one = 502;
	forge.other = 403;
	assert_int_equal(ask(&t), ERR_OK);
	assert_int_equal(said(one), 1);
	assert_int_equal(said(two), 0);
}

static void what_was_said_before_a_failure_is_kept(void **state)
{
	struct oauth_tokens t = { STR("old"), STR(""), STR("") };
	(void)state;

	forge.other = 429;
	assert_int_equal(ask(&t), ERR_NETWORK);
	assert_int_equal(said(one), 1);
	assert_int_equal(said(two), -1);
	forge.one = 404;
	forge.other = 200;
	assert_int_equal(ask(&t), ERR_OK); /* begins with the one that was not asked about */
	assert_int_equal(said(one), 0);
	assert_int_equal(said(two), 1);
}

static void look(const struct config *with, int64_t user_id)
{
	if (membership_look(membership, with, user_id, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

/* Whether anybody is to be asked or not, and whatever the janitor does. */
static void what_was_said_too_long_ago_is_forgotten_when_they_come(void **state)
{
	struct config *without = fixture_config();
	struct oauth_tokens t = { STR("old"), STR(""), STR("") };
	(void)state;

	assert_int_equal(ask(&t), ERR_OK);
	wall += MEMBERSHIP_HOLDS_MS;
	look(without, ann);
	assert_true(sees(one));
	wall++;
	look(without, ann); /* came a moment ago */
	assert_true(sees(one));
	steady += MEMBERSHIP_AGAIN_MS;
	look(without, ann);
	assert_false(sees(one));
	config_free(without);
}

static void whoever_comes_is_asked_about_once_in_a_while(void **state)
{
	struct config *without = fixture_config();
	(void)state;

	assert_int_equal(membership_look(NULL, cfg, ann, &e), ERR_OK);
	look(cfg, 0);
	look(cfg, ann);
	wait_until_asked(2);
	for (int i = 0; i < 100; i++)
		look(cfg, ann);
	steady += MEMBERSHIP_AGAIN_MS;
	look(without, ann); /* no forge is to be asked */
	steady += MEMBERSHIP_AGAIN_MS;
	look(cfg, ann);
	wait_until_asked(4);
	membership_ask_anew(membership); /* another repo is for members now */
	look(cfg, ann);
	wait_until_asked(6);
	look(cfg, ann + 1000); /* has never signed in there */
	membership_stop(membership);
	assert_int_equal(forge.n_asked, 6);
	assert_false(sees(two));
	look(cfg, ann + 2000); /* after the end: put off for good */
	config_free(without);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		T(whoever_may_read_a_repo_there_sees_it_here_and_nobody_else),
		T(a_token_that_has_expired_is_refreshed_and_the_new_one_kept),
		T(whose_token_is_good_no_more_may_read_nothing),
		T(a_forge_that_is_away_changes_nothing),
		T(of_what_a_forge_is_unsure_nothing_changes_and_the_others_are_asked_about),
		T(what_was_said_before_a_failure_is_kept),
		T(what_was_said_too_long_ago_is_forgotten_when_they_come),
		T(whoever_comes_is_asked_about_once_in_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
