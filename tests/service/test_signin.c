#include "tests/test.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/metric.h"
#include "base/seal.h"
#include "net/url.h"
#include "service/forge_token.h"
#include "service/signin.h"
#include "tests/service/fixture.h"
#include "tests/unit/help/little_server.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY (INT64_C(24) * 3600 * 1000)

static struct err e;
static struct signin *signin;
static struct little_server *server;

/* The account at the provider, and how it behaves. Set before a sign-in, read by the server's thread during it. */
static struct {
	const char *_Atomic user, *_Atomic emails, *_Atomic orgs, *_Atomic teams, *_Atomic token;
	atomic_bool silent, broken;
} there;

static char *answer_with(int status, const char *json)
{
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	buf_fmt(&out,
		"HTTP/1.1 %d Answer\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: "
		"close\r\n\r\n%s",
		status, strlen(json), json);
	return buf_take(&out);
}

static bool asks(struct str request, const char *begin)
{
	return str_starts(request, str_z(begin));
}

static enum little_kind provider(void *arg, struct str request, char **ret)
{
	(void)arg;
	if (there.silent) {
		*ret = mem_dup(STR(""));
		return LITTLE_SILENCE;
	}
	if (there.broken)
		*ret = answer_with(200, "<html>gateway");
	else if (asks(request, "POST /login/oauth/access_token "))
		*ret = there.token
			       ? answer_with(400, there.token)
			       : answer_with(200,
					 "{\"access_token\":\"the-forge-token\",\"token_type\":\"bearer\"}");
	else if (asks(request, "GET /api/v1/user/emails "))
		*ret = answer_with(200, there.emails);
	else if (asks(request, "GET /api/v1/user/orgs?"))
		*ret = answer_with(200, there.orgs);
	else if (asks(request, "GET /api/v1/user/teams?"))
		*ret = answer_with(200, there.teams);
	else if (asks(request, "GET /api/v1/user "))
		*ret = answer_with(200, there.user);
	else
		*ret = answer_with(404, "{}");
	return LITTLE_BYTES;
}

static void allow(size_t n, const char *const *lines)
{
	struct oauth_config *o = &fx.cfg->oauths[0];

	o->allow = arena_array(&fx.cfg->arena, n, sizeof *o->allow);
	o->n_allow = n;
	for (size_t i = 0; i < n; i++)
		o->allow[i] = str_z(lines[i]);
}
#define ALLOW(...)                                                                                           \
	allow(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *),                                 \
		(const char *const[]){ __VA_ARGS__ })

static int set_up(void **state)
{
	if (fixture_up(state) != 0)
		return -1;
	server = little_server_new();
	little_server_ask(server, provider, NULL);
	there.user = "{\"id\":7,\"login\":\"Ann\"}";
	there.emails = "[{\"email\":\"ann@example.org\",\"verified\":true,\"primary\":true}]";
	there.orgs = "[{\"name\":\"acme\"}]";
	there.teams = "[{\"name\":\"ops\",\"organization\":{\"name\":\"acme\"}}]";
	there.token = NULL;
	there.silent = there.broken = false;
	fx.cfg->session_idle_ms = 7 * DAY;
	fx.cfg->session_longest_ms = 30 * DAY;
	fx.cfg->sessions_each = 20;
	fx.cfg->sign_ins = 4;
	fx.cfg->public_url = STR("https://sluice.example.org");
	fx.cfg->oauths = arena_array(&fx.cfg->arena, 2, sizeof *fx.cfg->oauths);
	fx.cfg->n_oauths = 2;
	for (int i = 0; i < 2; i++)
		fx.cfg->oauths[i] = (struct oauth_config){
			.provider = { i ? STR("other") : STR("home"), OAUTH_FORGEJO,
				str_z(little_server_url(server)), STR("sluice"), STR("secret") },
			.redirect_uri = STR("https://sluice.example.org/oauth/home/callback"),
		};
	ALLOW("*");
	return signin_start(fx.store, fx.cfg, &clock_system, NULL, &signin, &e) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	signin_free(signin);
	signin = NULL;
	little_server_free(server);
	return fixture_down(state);
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t told;
	bool done;
	struct err result;
};
#define WAITER                                                                                               \
	{                                                                                                    \
		.lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER                          \
	}

static void told(void *arg, const struct err *result)
{
	struct waiter *w = arg;

	pthread_mutex_lock(&w->lock);
	w->done = true;
	w->result = *result;
	pthread_cond_signal(&w->told);
	pthread_mutex_unlock(&w->lock);
}

static enum err_code wait_for(struct waiter *w)
{
	pthread_mutex_lock(&w->lock);
	while (!w->done)
		pthread_cond_wait(&w->told, &w->lock);
	pthread_mutex_unlock(&w->lock);
	e = w->result;
	return w->result.code;
}

struct trip { /* of one browser */
	struct str browser, state, location;
};

static struct str param(struct str url, const char *name)
{
	struct str key = arena_fmt(&fx.arena, "&%s=", name);
	size_t at = str_find_str(url, key);
	struct str rest = str_from(url, at + key.len);

	assert_true(at < url.len);
	return (struct str){ rest.p, str_find(rest, '&') };
}

static int64_t tie_to; /* who sets out to tie an account; 0: to come in */

static struct trip set_out_at(const char *name, int64_t now)
{
	struct waiter waiter = WAITER;
	struct signin_begin *w = arena_alloc(&fx.arena, sizeof *w);

	*w = (struct signin_begin){ .provider = str_z(name),
		.return_path = STR("/runs/5"),
		.tie_user_id = tie_to,
		.cfg = fx.cfg,
		.now = now,
		.a = &fx.arena,
		.done = told,
		.arg = &waiter };
	assert_int_equal(signin_begin(signin, w, &e), ERR_OK);
	if (wait_for(&waiter) != ERR_OK)
		fail_msg("%s", e.text);
	return (struct trip){ w->browser, param(w->location, "state"), w->location };
}

static struct trip set_out(void)
{
	return set_out_at("home", NOW);
}

struct back { /* what is not said is as it should be */
	const char *provider, *code, *error, *iss;
	int64_t now;
};

static enum err_code come_back(struct trip t, struct back b, struct signin_end *ret)
{
	struct waiter waiter = WAITER;
	struct signin_end *w = arena_alloc(&fx.arena, sizeof *w);

	*w = (struct signin_end){ .provider = str_z(b.provider ? b.provider : "home"),
		.browser = t.browser,
		.state = t.state,
		.code = str_z(b.code ? b.code : "the-code"),
		.error = str_z(b.error),
		.iss = str_z(b.iss),
		.address = STR("192.0.2.7"),
		.agent = STR("a browser"),
		.cfg = fx.cfg,
		.now = b.now ? b.now : NOW + 1000,
		.a = &fx.arena,
		.done = told,
		.arg = &waiter };
	if (signin_end(signin, w, &e) != ERR_OK)
		return e.code;
	if (wait_for(&waiter) == ERR_OK && ret)
		*ret = *w;
	return e.code;
}

static enum err_code sign_in(struct signin_end *ret)
{
	return come_back(set_out(), (struct back){ 0 }, ret);
}

static struct user user_of(const char *email)
{
	struct user u = { 0 };
	struct db *db;

	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	if (users_by_email(db, &fx.arena, str_z(email), &u, &e) != ERR_OK)
		u.id = 0;
	store_reader_put(fx.store, db);
	return u;
}

struct user_op {
	struct store_op op;
	int64_t id;
	enum role role;
};

static enum err_code apply_user(struct store_op *op, struct db *db, struct err *why)
{
	struct user_op *w = (struct user_op *)(void *)op;

	return users_add(db, STR("ANN@example.org"), STR(""), w->role, NOW, &w->id, why);
}

static enum err_code apply_off(struct store_op *op, struct db *db, struct err *why)
{
	return users_disable(db, ((struct user_op *)(void *)op)->id, NOW, why);
}

static int64_t ann_is_here(enum role role)
{
	struct user_op w = { .op = { .apply = apply_user, .bytes = 100 }, .role = role };

	assert_int_equal(store_write(fx.store, &w.op, &e), ERR_OK);
	return w.id;
}

static enum err_code kept_of(int64_t user_id, const char *provider, struct oauth_tokens *ret)
{
	struct forge_login l;
	struct seal_key key;
	struct db *db;
	enum err_code code;

	assert_int_equal(seal_key_load(arena_fmt(&fx.arena, "%s/access.key", fx.folder).p, &key, &e), ERR_OK);
	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	code = forge_token_login(db, &fx.arena, user_id, str_z(provider), &l, &e);
	store_reader_put(fx.store, db);
	return code == ERR_OK ? forge_token_open(&key, &l, &fx.arena, ret, &e) : code;
}

/* --- the way */

static void who_may_come_gets_a_user_and_a_session(void **state)
{
	struct signin_end end;
	struct session s;
	struct user u;
	struct oauth_tokens tokens;
	(void)state;

	if (sign_in(&end) != ERR_OK)
		fail_msg("%s", e.text);
	assert_true(str_eq(end.return_path, STR("/runs/5")));
	assert_int_equal(
		session_find(fx.store, fx.cfg, end.session_id, NOW + 2000, &fx.arena, &s, &e), ERR_OK);
	assert_true(str_eq(s.email, STR("ann@example.org")));
	u = user_of("ann@example.org");
	assert_int_equal(u.id, s.user_id);
	assert_int_equal(u.role, ROLE_USER);
	assert_int_equal(u.password.len, 0);
	assert_int_equal(kept_of(u.id, "HOME", &tokens), ERR_OK);
	assert_true(str_eq(tokens.access, STR("the-forge-token")));
	assert_int_equal(tokens.refresh.len, 0);
	assert_int_equal(kept_of(u.id, "other", &tokens), ERR_NOT_FOUND);
}

static void whoever_comes_again_is_the_same_user_whatever_they_are_called_now(void **state)
{
	struct signin_end first, again;
	(void)state;

	assert_int_equal(sign_in(&first), ERR_OK);
	there.user = "{\"id\":7,\"login\":\"annie\"}";
	there.emails = "[]";
	assert_int_equal(sign_in(&again), ERR_OK);
	assert_int_equal(again.session.user_id, first.session.user_id);
	assert_false(str_eq(again.session_id, first.session_id));
	/* And who has the old name now is somebody else. */
	there.user = "{\"id\":8,\"login\":\"Ann\"}";
	there.emails = "[{\"email\":\"other@example.org\",\"verified\":true}]";
	assert_int_equal(sign_in(&again), ERR_OK);
	assert_int_not_equal(again.session.user_id, first.session.user_id);
}

static void no_secret_of_a_sign_in_lies_open_in_the_data_folder(void **state)
{
	struct trip t = set_out();
	struct signin_end end;
	char path[200];
	AUTO_BUF text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	assert_int_equal(come_back(t, (struct back){ 0 }, &end), ERR_OK);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/sluice.db%s", fx.folder, i ? "-wal" : "");
		assert_int_equal(file_read(path, 64 << 20, &text, &e), ERR_OK);
	}
	assert_true(text.len > 0);
	assert_true(str_find_str(buf_view(&text), STR("ann@example.org")) < text.len);
	assert_true(str_find_str(buf_view(&text), STR("the-forge-token")) == text.len);
	assert_true(str_find_str(buf_view(&text), t.state) == text.len);
	assert_true(str_find_str(buf_view(&text), t.browser) == text.len);
	assert_true(str_find_str(buf_view(&text), end.session_id) == text.len);
}

/* --- what goes wrong */

static void a_state_is_good_once_in_its_browser_for_its_provider_and_for_minutes(void **state)
{
	struct trip a = set_out(), b = set_out(), t;
	size_t asked = little_server_n(server);
	(void)state;

	t = (struct trip){ a.browser, b.state, a.location };
	assert_int_equal(come_back(t, (struct back){ 0 }, NULL), ERR_INVALID); /* another browser's */
	t = (struct trip){ STR(""), a.state, a.location };
	assert_int_equal(come_back(t, (struct back){ 0 }, NULL), ERR_INVALID);
	t = (struct trip){ a.browser, STR(""), a.location };
	assert_int_equal(come_back(t, (struct back){ 0 }, NULL), ERR_INVALID);
	assert_int_equal(
		come_back(a, (struct back){ .now = NOW + SIGNIN_MINUTES * 60000 }, NULL), ERR_INVALID);
	assert_int_equal(come_back(a, (struct back){ .provider = "nosuch" }, NULL), ERR_NOT_FOUND);
	assert_int_equal(little_server_n(server), asked); /* nobody was asked about any of these */
	assert_int_equal(come_back(b, (struct back){ .provider = "other" }, NULL), ERR_INVALID);
	assert_int_equal(come_back(a, (struct back){ 0 }, NULL), ERR_OK);
	assert_int_equal(come_back(a, (struct back){ 0 }, NULL), ERR_INVALID); /* used */
	assert_int_equal(come_back(b, (struct back){ 0 }, NULL),
		ERR_INVALID); /* taken to another provider, and so used */
}

static void a_state_is_used_up_by_whatever_comes_of_it(void **state)
{
	struct trip t = set_out();
	(void)state;

	assert_int_equal(come_back(t, (struct back){ .error = "access_denied" }, NULL), ERR_FORBIDDEN);
	assert_int_equal(come_back(t, (struct back){ 0 }, NULL), ERR_INVALID);
}

static void an_answer_of_another_issuer_is_not_taken(void **state)
{
	(void)state;
	assert_int_equal(
		come_back(set_out(), (struct back){ .iss = "https://evil.example" }, NULL), ERR_INVALID);
	assert_int_equal(
		come_back(set_out(), (struct back){ .iss = little_server_url(server) }, NULL), ERR_OK);
}

static void what_a_provider_says_is_wrong_is_not_shown_as_it_stands(void **state)
{
	(void)state;
	assert_int_equal(come_back(set_out(), (struct back){ .error = "<script>alert(1)</script>" }, NULL),
		ERR_CONFIG);
	assert_null(strstr(e.text, "script"));
	assert_int_equal(
		come_back(set_out(), (struct back){ .error = "temporarily_unavailable" }, NULL), ERR_NETWORK);
	assert_int_equal(come_back(set_out(), (struct back){ .code = "" }, NULL), ERR_INVALID);
}

static void a_code_that_the_provider_does_not_take_signs_nobody_in(void **state)
{
	(void)state;
	there.token = "{\"error\":\"invalid_grant\"}";
	assert_int_equal(sign_in(NULL), ERR_INVALID);
	there.token = "{\"error\":\"invalid_client\"}";
	assert_int_equal(sign_in(NULL), ERR_CONFIG);
	assert_int_equal(user_of("ann@example.org").id, 0);
}

static void a_provider_that_talks_nonsense_or_is_down_is_told_as_that(void **state)
{
	struct trip t = set_out();
	int port, fd = nobody_listens(&port);
	int64_t before = metric_get(METRIC_SIGN_INS_FAILED);
	(void)state;

	there.broken = true;
	assert_int_equal(come_back(t, (struct back){ 0 }, NULL), ERR_NETWORK);
	assert_non_null(strstr(e.text, "home"));
	there.broken = false;
	fx.cfg->oauths[0].provider.url = arena_fmt(&fx.cfg->arena, "http://127.0.0.1:%d", port);
	assert_int_equal(sign_in(NULL), ERR_NETWORK);
	assert_non_null(strstr(e.text, "could not be asked"));
	assert_int_equal(metric_get(METRIC_SIGN_INS_FAILED), before + 2);
	close(fd);
}

struct clocks {
	_Atomic int64_t steady;
};

static int64_t jumping(void *arg)
{
	return atomic_fetch_add(&((struct clocks *)arg)->steady, SIGNIN_TOTAL_MS - 300) + SIGNIN_TOTAL_MS -
	       300;
}

static void a_provider_that_is_slow_is_given_up(void **state)
{
	static struct clocks clocks;
	const struct clock clock = { clock_system.wall_ms, jumping, &clocks };
	struct signin *other;
	(void)state;

	/* A clock that jumps takes most of the time away that there is, so that the test need not wait for it. */
	assert_int_equal(signin_start(fx.store, fx.cfg, &clock, NULL, &other, &e), ERR_OK);
	signin_free(signin);
	signin = other;
	{
		struct trip t = set_out();

		there.silent = true;
		assert_int_equal(come_back(t, (struct back){ 0 }, NULL), ERR_NETWORK);
		assert_non_null(strstr(e.text, "home"));
		assert_int_equal(come_back(t, (struct back){ 0 }, NULL), ERR_INVALID);
	}
}

static void beyond_the_bound_who_comes_is_told_so_at_once(void **state)
{
	enum { N = SIGNIN_THREADS + 4 };
	struct waiter waiters[N];
	struct signin_end *w[N + 1];
	struct trip trips[N + 1];
	(void)state;

	for (int i = 0; i <= N; i++)
		trips[i] = set_out();
	there.silent = true;
	for (int i = 0; i <= N; i++) {
		w[i] = arena_alloc(&fx.arena, sizeof *w[i]);
		*w[i] = (struct signin_end){ .provider = STR("home"),
			.browser = trips[i].browser,
			.state = trips[i].state,
			.code = STR("c"),
			.cfg = fx.cfg,
			.now = NOW + 1,
			.a = &fx.arena,
			.done = told };
		if (i == N)
			break;
		waiters[i] = (struct waiter)WAITER;
		w[i]->a = arena_alloc(&fx.arena, sizeof(struct arena));
		arena_init(w[i]->a);
		w[i]->arg = &waiters[i];
		assert_int_equal(signin_end(signin, w[i], &e), ERR_OK);
		while (metric_get(METRIC_ERRANDS) > (i < SIGNIN_THREADS ? 0 : N)) /* until it is taken up */
			sched_yield();
	}
	assert_int_equal(signin_end(signin, w[N], &e), ERR_UNAVAILABLE);
	assert_int_equal(metric_get(METRIC_ERRANDS), N - SIGNIN_THREADS);
	little_server_free(server); /* which ends what is under way */
	server = little_server_new();
	for (int i = 0; i < N; i++) {
		assert_int_equal(wait_for(&waiters[i]), ERR_NETWORK);
		arena_done(w[i]->a);
	}
}

/* --- who may come */

static void whoever_is_on_no_list_is_told_what_to_ask_for(void **state)
{
	(void)state;
	ALLOW("bob", "org:other", "@other.example", "team:acme/dev");
	assert_int_equal(sign_in(NULL), ERR_FORBIDDEN);
	assert_non_null(strstr(e.text, "Ann may not come in"));
	assert_non_null(strstr(e.text, "[oauth \"home\"]"));
	allow(0, NULL);
	assert_int_equal(sign_in(NULL), ERR_FORBIDDEN);
	assert_int_equal(user_of("ann@example.org").id, 0);
}

static void each_kind_of_line_lets_in_whom_it_is_about(void **state)
{
	static const char *const lines[] = { "ann", "org:ACME", "team:acme/OPS", "@EXAMPLE.org",
		"Ann@Example.org", "*" };
	(void)state;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		allow(1, &lines[i]);
		if (sign_in(NULL) != ERR_OK)
			fail_msg("%s: %s", lines[i], e.text);
	}
}

static void addresses_that_look_like_ours_are_not(void **state)
{
	static const char *const emails[] = {
		"[{\"email\":\"ann@example.org.evil.example\",\"verified\":true}]",
		"[{\"email\":\"ann@evil-example.org\",\"verified\":true}]",
		"[{\"email\":\"ann@sub.example.org\",\"verified\":true}]",
		"[{\"email\":\"\\\"x@example.org\\\"@evil.example\",\"verified\":true}]",
		"[{\"email\":\"ann@example.org\",\"verified\":false}]",
		"[{\"email\":\"example.org\",\"verified\":true}]"
	};
	(void)state;

	ALLOW("@example.org");
	for (size_t i = 0; i < sizeof emails / sizeof *emails; i++) {
		there.emails = emails[i];
		if (sign_in(NULL) != ERR_FORBIDDEN)
			fail_msg("%s", emails[i]);
	}
}

static void whoever_left_does_not_come_again(void **state)
{
	(void)state;
	ALLOW("org:acme");
	assert_int_equal(sign_in(NULL), ERR_OK);
	there.orgs = "[]";
	assert_int_equal(sign_in(NULL), ERR_FORBIDDEN);
	allow(0, NULL); /* no list: who has come before may */
	assert_int_equal(sign_in(NULL), ERR_OK);
}

static void who_has_no_verified_address_is_told_so(void **state)
{
	(void)state;
	there.emails = "[{\"email\":\"ann@example.org\",\"verified\":false,\"primary\":true}]";
	assert_int_equal(sign_in(NULL), ERR_FORBIDDEN);
	assert_non_null(strstr(e.text, "verified e-mail"));
}

static void an_address_that_a_user_has_is_theirs_unless_it_is_configured(void **state)
{
	int64_t id = ann_is_here(ROLE_CONTRIBUTOR);
	struct signin_end end;
	(void)state;

	assert_int_equal(sign_in(NULL), ERR_FORBIDDEN);
	assert_non_null(strstr(e.text, "link-email"));
	fx.cfg->oauths[0].link_email = true;
	there.emails = "[{\"email\":\"ann@example.org\",\"verified\":false,\"primary\":true}]";
	assert_int_equal(sign_in(NULL), ERR_FORBIDDEN);
	there.emails = "[{\"email\":\"ann@example.org\",\"verified\":true}]";
	assert_int_equal(sign_in(&end), ERR_OK);
	assert_int_equal(end.session.user_id, id);
	assert_int_equal(end.session.role, ROLE_CONTRIBUTOR);
}

struct bob_op {
	struct store_op op;
	int64_t id;
};

static enum err_code apply_bob(struct store_op *op, struct db *db, struct err *why)
{
	return users_add(db, STR("bob@elsewhere.example"), STR(""), ROLE_TESTER, NOW,
		&((struct bob_op *)(void *)op)->id, why);
}

static int64_t bob_is_here(void)
{
	struct bob_op w = { .op = { .apply = apply_bob, .bytes = 100 } };

	assert_int_equal(store_write(fx.store, &w.op, &e), ERR_OK);
	return w.id;
}

static void an_account_is_tied_by_who_is_signed_in_whatever_its_address(void **state)
{
	struct signin_end end = { 0 };
	struct forge_login *logins = NULL;
	int64_t bob = bob_is_here();
	size_t n = 0;
	(void)state;

	ann_is_here(ROLE_USER); /* who has the address of the account */
	fx.cfg->oauths[0].roles = arena_array(&fx.cfg->arena, 1, sizeof *fx.cfg->oauths[0].roles);
	fx.cfg->oauths[0].roles[0] = (struct oauth_role){ ROLE_ADMIN, false, STR("acme/nobody") };
	fx.cfg->oauths[0].n_roles = 1;
	tie_to = bob;
	assert_int_equal(sign_in(&end), ERR_OK);
	assert_int_equal(end.session.user_id, bob);
	assert_int_equal(user_of("bob@elsewhere.example").role, ROLE_TESTER); /* whatever the lines say */
	assert_int_equal(signin_logins(fx.store, bob, &fx.arena, &logins, &n, &e), ERR_OK);
	assert_int_equal(n, 1);
	assert_true(str_eq(logins[0].login, STR("Ann")));
	assert_int_equal(logins[0].token.len, 0);
	assert_int_equal(sign_in(&end), ERR_OK); /* again is fine */
	tie_to = 0;
	assert_int_equal(sign_in(&end), ERR_OK); /* and from now on it is how bob comes in */
	assert_int_equal(end.session.user_id, bob);
}

static void an_account_of_somebody_else_is_not_tied(void **state)
{
	struct signin_end end = { 0 };
	int64_t bob = bob_is_here();
	(void)state;

	assert_int_equal(sign_in(&end), ERR_OK);
	tie_to = bob;
	assert_int_equal(sign_in(NULL), ERR_FORBIDDEN);
	assert_non_null(strstr(e.text, "another user"));
	tie_to = 0;
	assert_int_equal(sign_in(&end), ERR_OK);
	assert_true(end.session.user_id != bob);
	ALLOW("carol");
	there.user = "{\"id\":8,\"login\":\"Dave\"}";
	tie_to = bob;
	assert_int_equal(sign_in(NULL), ERR_FORBIDDEN); /* whom the lines do not let in */
	tie_to = 0;
}

static void a_disabled_user_does_not_come_in(void **state)
{
	struct user_op w = { .op = { .apply = apply_off, .bytes = 100 } };
	struct signin_end end;
	(void)state;

	assert_int_equal(sign_in(&end), ERR_OK);
	w.id = end.session.user_id;
	assert_int_equal(store_write(fx.store, &w.op, &e), ERR_OK);
	assert_int_equal(sign_in(NULL), ERR_FORBIDDEN);
	assert_non_null(strstr(e.text, "disabled"));
}

/* --- roles */

static void roles_are_those_of_the_teams_at_each_sign_in(void **state)
{
	struct oauth_role roles[] = { { ROLE_TESTER, true, STR("acme") },
		{ ROLE_ADMIN, false, STR("acme/Ops") }, { ROLE_CONTRIBUTOR, false, STR("acme/dev") } };
	struct signin_end end;
	struct signin_end other;
	(void)state;

	fx.cfg->oauths[0].roles = roles;
	fx.cfg->oauths[0].n_roles = 3;
	assert_int_equal(sign_in(&end), ERR_OK);
	assert_int_equal(end.session.role, ROLE_ADMIN);
	there.teams = "[]";
	assert_int_equal(sign_in(&end), ERR_OK); /* the last admin stays one */
	assert_int_equal(end.session.role, ROLE_ADMIN);
	there.user = "{\"id\":8,\"login\":\"bob\"}";
	there.emails = "[{\"email\":\"bob@example.org\",\"verified\":true}]";
	there.teams = "[{\"name\":\"ops\",\"organization\":{\"name\":\"acme\"}}]";
	assert_int_equal(sign_in(&other), ERR_OK);
	assert_int_equal(other.session.role, ROLE_ADMIN);
	there.teams = "[{\"name\":\"dev\",\"organization\":{\"name\":\"acme\"}}]";
	assert_int_equal(sign_in(&other), ERR_OK);
	assert_int_equal(other.session.role, ROLE_CONTRIBUTOR);
	there.teams = there.orgs = "[]";
	assert_int_equal(sign_in(&other), ERR_OK);
	assert_int_equal(other.session.role, ROLE_USER);
}

static void lines_mean_what_they_say_or_are_refused(void **state)
{
	static const char *const wrong[] = { "", "org:", "team:acme", "team:", "@", "a@", "a b", "a@b@c",
		"x,y" };
	static const char *const wrong_roles[] = { "", "admin", "admin:", "admin:ops", "root:acme/ops",
		"admin:org:", ":acme/ops" };
	struct oauth_role r;
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(oauth_allow_check(str_z(wrong[i]), &e), ERR_INVALID);
	for (size_t i = 0; i < sizeof wrong_roles / sizeof *wrong_roles; i++)
		assert_int_equal(
			oauth_role_parse(OAUTH_GITEA, str_z(wrong_roles[i]), &fx.arena, &r, &e), ERR_INVALID);
	assert_int_equal(oauth_role_parse(OAUTH_OIDC, STR("admin:ops"), &fx.arena, &r, &e), ERR_OK);
	assert_true(str_eq(r.name, STR("ops")));
	assert_int_equal(oauth_role_parse(OAUTH_GITEA, STR("tester:org:acme"), &fx.arena, &r, &e), ERR_OK);
	assert_true(r.is_org && r.role == ROLE_TESTER);
}

static void of_an_openid_provider_a_plain_line_is_a_subject(void **state)
{
	struct str line = STR("ann");
	struct oauth_config c = { .provider = { .kind = OAUTH_OIDC }, .allow = &line, .n_allow = 1 };
	struct oauth_person who = { .subject = STR("u-1"), .login = STR("ann") };
	(void)state;

	assert_false(oauth_config_admits(&c, &who));
	who.subject = STR("ANN");
	assert_false(oauth_config_admits(&c, &who));
	who.subject = STR("ann");
	assert_true(oauth_config_admits(&c, &who));
}

/* --- the login */

static enum err_code apply_bare(struct store_op *op, struct db *db, struct err *why)
{
	struct forge_login l = { .user_id = ((struct user_op *)(void *)op)->id,
		.provider = STR("home"),
		.forge_user_id = STR("7"),
		.login = STR(""),
		.token = STR(""),
		.stored_at = NOW };
	struct seal_key key;
	AUTO_BUF token;

	buf_init(&token, 1000);
	if (seal_key_load(arena_fmt(&fx.arena, "%s/access.key", fx.folder).p, &key, why) != ERR_OK)
		return why->code;
	seal_close(&key, STR("kept"), &token);
	l.token = buf_view(&token);
	return forge_logins_put(db, &l, why);
}

static void a_login_that_is_not_known_is_looked_up_once(void **state)
{
	struct user_op w = { .op = { .apply = apply_bare, .bytes = 1000 } };
	struct http_client *http = http_client_new();
	struct str login;
	(void)state;

	w.id = ann_is_here(ROLE_USER);
	assert_int_equal(signin_login(signin, fx.cfg, STR("home"), w.id, NOW, http, &fx.arena, &login, &e),
		ERR_NOT_FOUND);
	assert_int_equal(store_write(fx.store, &w.op, &e), ERR_OK);
	if (signin_login(signin, fx.cfg, STR("home"), w.id, NOW, http, &fx.arena, &login, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_true(str_eq(login, STR("Ann")));
	fx.cfg->oauths[0].provider.kind = OAUTH_OIDC; /* whose users may call themselves as they like */
	assert_int_equal(signin_login(signin, fx.cfg, STR("home"), w.id, NOW, http, &fx.arena, &login, &e),
		ERR_NOT_FOUND);
	fx.cfg->oauths[0].provider.kind = OAUTH_FORGEJO;
	there.broken = true; /* who asks again is told from here */
	assert_int_equal(
		signin_login(signin, fx.cfg, STR("home"), w.id, NOW, http, &fx.arena, &login, &e), ERR_OK);
	assert_true(str_eq(login, STR("Ann")));
	http_client_free(http);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		T(who_may_come_gets_a_user_and_a_session),
		T(whoever_comes_again_is_the_same_user_whatever_they_are_called_now),
		T(no_secret_of_a_sign_in_lies_open_in_the_data_folder),
		T(a_state_is_good_once_in_its_browser_for_its_provider_and_for_minutes),
		T(a_state_is_used_up_by_whatever_comes_of_it),
		T(an_answer_of_another_issuer_is_not_taken),
		T(what_a_provider_says_is_wrong_is_not_shown_as_it_stands),
		T(a_code_that_the_provider_does_not_take_signs_nobody_in),
		T(a_provider_that_talks_nonsense_or_is_down_is_told_as_that),
		T(a_provider_that_is_slow_is_given_up),
		T(beyond_the_bound_who_comes_is_told_so_at_once),
		T(whoever_is_on_no_list_is_told_what_to_ask_for),
		T(each_kind_of_line_lets_in_whom_it_is_about),
		T(addresses_that_look_like_ours_are_not),
		T(whoever_left_does_not_come_again),
		T(who_has_no_verified_address_is_told_so),
		T(an_address_that_a_user_has_is_theirs_unless_it_is_configured),
		T(an_account_is_tied_by_who_is_signed_in_whatever_its_address),
		T(an_account_of_somebody_else_is_not_tied),
		T(a_disabled_user_does_not_come_in),
		T(roles_are_those_of_the_teams_at_each_sign_in),
		T(lines_mean_what_they_say_or_are_refused),
		T(of_an_openid_provider_a_plain_line_is_a_subject),
		T(a_login_that_is_not_known_is_looked_up_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
