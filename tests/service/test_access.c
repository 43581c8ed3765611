

#include "tests/test.h"

#include "base/digest.h"
#include "service/token_cache.h"
#include "tests/service/fixture.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static enum err_code present(
	const char *authorization, enum access_realm realm, int64_t now, struct identity *ret)
{
	struct err e = { 0 };

	return access_authenticate(
		fx.access, &fx.cfg->internal, realm, str_z(authorization), now, &fx.arena, ret, &e);
}

static enum err_code present_token(
	const struct buf *token, enum access_realm realm, int64_t now, struct identity *ret)
{
	char header[200];

	snprintf(header, sizeof header, "Bearer %s", buf_cstr(token));
	return present(header, realm, now, ret);
}

static void set_internal(const char *token)
{
	fx.cfg->internal.digest[0] = sha256_of(str_z(token));
	fx.cfg->internal.n = 1;
}

static void make_admin(struct buf *ret_text, struct identity *ret)
{
	struct token t;
	struct err e = { 0 };

	if (manage_first_admin(fx.store, STR("a@example.org"), false, NOW, &t, ret_text, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(present_token(ret_text, REALM_API, NOW, ret), ERR_OK);
}

static void internal_is_closed_until_a_token_is_configured(void **state)
{
	struct identity id;
	(void)state;

	assert_int_equal(present("", REALM_INTERNAL, NOW, &id), ERR_CLOSED);
	assert_int_equal(present("Bearer x", REALM_INTERNAL, NOW, &id), ERR_CLOSED);
	assert_int_equal(present("", REALM_API, NOW, &id), ERR_UNAUTHORIZED);
	set_internal("the team's token");
	assert_int_equal(present("", REALM_INTERNAL, NOW, &id), ERR_UNAUTHORIZED);
	assert_int_equal(present("Bearer x", REALM_INTERNAL, NOW, &id), ERR_UNAUTHORIZED);
	assert_int_equal(present("Bearer the team's token", REALM_INTERNAL, NOW, &id), ERR_OK);
	assert_int_equal(id.kind, IDENTITY_INTERNAL);
}

static void a_host_with_a_certificate_sends_its_episodes_and_nothing_else(void **state)
{
	char name[] = "bench-7";
	struct identity id = access_of_host(str_z(name), &fx.arena), any = { .kind = IDENTITY_TOKEN };
	struct err e;
	(void)state;

	name[0] = 'X'; /* the identity has a copy */
	assert_true(str_eq(id.host, STR("bench-7")));
	assert_true(str_eq(id.email, STR("host:bench-7"))); /* no user and no token is called so */
	assert_int_equal(access_allow(&id, SCOPE_BIT(SCOPE_EPISODES_WRITE), 0, &e), ERR_OK);
	for (enum scope s = 0; s < SCOPE_N; s++)
		if (s != SCOPE_EPISODES_WRITE)
			assert_int_equal(access_allow(&id, SCOPE_BIT(s), 0, &e), ERR_FORBIDDEN);
	assert_int_equal(access_allow_admin(&id, &e), ERR_FORBIDDEN);
	assert_int_equal(access_allow_host(&id, STR("bench-7"), &e), ERR_OK);
	assert_int_equal(access_allow_host(&id, STR("Bench-7"), &e), ERR_FORBIDDEN);
	assert_int_equal(access_allow_host(&id, STR("bench-70"), &e), ERR_FORBIDDEN);
	assert_int_equal(access_allow_host(&any, STR("bench-8"), &e), ERR_OK);
	assert_int_equal(access_still(NULL, &id, NOW, &e), ERR_OK);
}

static void the_internal_token_sends_logs_and_nothing_else(void **state)
{
	struct identity id;
	struct err e;
	(void)state;

	set_internal("team");
	assert_int_equal(present("bearer   team", REALM_INTERNAL, NOW, &id), ERR_OK);
	assert_int_equal(access_allow(&id, SCOPE_BIT(SCOPE_LOGS_WRITE), 0, &e), ERR_OK);
	assert_int_equal(access_allow(&id, SCOPE_BIT(SCOPE_LOGS_READ), 0, &e), ERR_FORBIDDEN);
	assert_int_equal(present("Bearer team", REALM_API, NOW, &id), ERR_UNAUTHORIZED);
}

/* What is compared are digests, of one length whatever was presented: a prefix or an extension differs like
 * anything else. */
static void tokens_that_differ_only_in_length_are_refused_alike(void **state)
{
	struct identity id;
	struct err longer = { 0 }, shorter = { 0 }, other = { 0 };
	(void)state;

	set_internal("abcdefgh");
	assert_int_equal(access_authenticate(fx.access, &fx.cfg->internal, REALM_INTERNAL,
				 STR("Bearer abcdefg"), NOW, &fx.arena, &id, &shorter),
		ERR_UNAUTHORIZED);
	assert_int_equal(access_authenticate(fx.access, &fx.cfg->internal, REALM_INTERNAL,
				 STR("Bearer abcdefghi"), NOW, &fx.arena, &id, &longer),
		ERR_UNAUTHORIZED);
	assert_int_equal(access_authenticate(fx.access, &fx.cfg->internal, REALM_INTERNAL,
				 STR("Bearer zzzzzzzz"), NOW, &fx.arena, &id, &other),
		ERR_UNAUTHORIZED);
	assert_string_equal(longer.text, shorter.text);
	assert_string_equal(longer.text, other.text);
}

/*
 * Constant time cannot be measured here, but what it hangs on can be seen: whatever is presented, its digest is
 * compared with each accepted one by sha256_equal() (and that with libcrypto's constant-time comparison, which
 * test_digest.c sees), all of them, always; and that comparison alone decides. So its answer is made up here: whoever
 * looks at lengths or bytes before or beside it comes to another result.
 */
enum answer { AS_IT_IS, ALWAYS_EQUAL, NEVER_EQUAL };

static struct {
	bool watched; /* else this is not touched: other tests have threads */
	enum answer answer;
	int n_calls;
	int n_presented; /* calls in which one side was the digest of what was presented */
	struct sha256 presented;
} compared;

bool __real_sha256_equal(const struct sha256 *a, const struct sha256 *b);
bool __wrap_sha256_equal(const struct sha256 *a, const struct sha256 *b);

bool __wrap_sha256_equal(const struct sha256 *a, const struct sha256 *b)
{
	if (!compared.watched)
		return __real_sha256_equal(a, b);
	compared.n_calls++;
	compared.n_presented +=
		__real_sha256_equal(a, &compared.presented) || __real_sha256_equal(b, &compared.presented);
	if (compared.answer != AS_IT_IS)
		return compared.answer == ALWAYS_EQUAL;
	return __real_sha256_equal(a, b);
}

static enum err_code present_compared(const char *token, enum access_realm realm, enum answer answer)
{
	struct identity id;
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, 1000);
	buf_z(&text, token);
	memset(&compared, 0, sizeof compared);
	compared.watched = true;
	compared.answer = answer;
	compared.presented = sha256_of(str_z(token));
	code = present_token(&text, realm, NOW, &id);
	compared.watched = false;
	compared.answer = AS_IT_IS;
	assert_int_equal(compared.n_presented, compared.n_calls);
	return code;
}

static void an_internal_token_is_compared_by_digest_with_all_of_them_and_by_nothing_else(void **state)
{
	static const char *const texts[] = { "abcdefgh", "second token", "the third", "wrong", "abcdefg",
		"abcdefghi", "zbcdefgh", "abcdefgz", "x" };
	(void)state;

	for (size_t i = 0; i < 3; i++)
		fx.cfg->internal.digest[i] = sha256_of(str_z(texts[i]));
	fx.cfg->internal.n = 3;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(present_compared(texts[i], REALM_INTERNAL, AS_IT_IS),
			i < 3 ? ERR_OK : ERR_UNAUTHORIZED);
		assert_int_equal(compared.n_calls, 3);
		assert_int_equal(present_compared(texts[i], REALM_INTERNAL, ALWAYS_EQUAL), ERR_OK);
		assert_int_equal(compared.n_calls, 3);
		assert_int_equal(present_compared(texts[i], REALM_INTERNAL, NEVER_EQUAL), ERR_UNAUTHORIZED);
		assert_int_equal(compared.n_calls, 3);
	}
}

static void a_token_of_the_database_is_compared_by_digest_too(void **state)
{
	struct identity id;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 200);
	make_admin(&token, &id);
	assert_int_equal(present_compared(buf_cstr(&token), REALM_API, AS_IT_IS), ERR_OK);
	assert_int_equal(compared.n_calls, 1);
	assert_int_equal(present_compared(buf_cstr(&token), REALM_API, NEVER_EQUAL), ERR_UNAUTHORIZED);
	assert_int_equal(compared.n_calls, 1);
}

static void malformed_headers_are_no_token(void **state)
{
	static const char *const wrong[] = { "Bearer", "Bearer ", "Basic abc", "Token abc", "bearerabc",
		" Bearer x" };
	struct identity id;
	(void)state;

	set_internal("abc");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(present(wrong[i], REALM_INTERNAL, NOW, &id), ERR_UNAUTHORIZED);
}

static void a_token_of_the_database_works_even_while_internal_is_closed(void **state)
{
	struct identity id;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 200);
	make_admin(&token, &id);
	assert_int_equal(present_token(&token, REALM_INTERNAL, NOW, &id), ERR_OK);
	assert_int_equal(id.role, ROLE_ADMIN);
}

static void expired_and_revoked_are_told_like_unknown(void **state)
{
	struct identity id;
	struct err e;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 200);
	make_admin(&token, &id);
	assert_int_equal(present_token(&token, REALM_API, NOW + 31 * DAY_MS, &id), ERR_UNAUTHORIZED);
	assert_int_equal(present_token(&token, REALM_API, NOW, &id), ERR_OK);
	assert_int_equal(manage_token_revoke(fx.store, &id, id.token.id, NOW, &e), ERR_OK);
	assert_int_equal(present_token(&token, REALM_API, NOW, &id), ERR_UNAUTHORIZED);
}

static void no_token_makes_one_with_more_scopes(void **state)
{
	struct token_request r = { .name = STR("t"), .scopes = SCOPE_BIT(SCOPE_LOGS_READ), .days = 7 };
	struct identity id, weak;
	struct token t;
	struct err e;
	AUTO_BUF token, made;
	(void)state;

	buf_init(&token, 200);
	buf_init(&made, 200);
	make_admin(&token, &id);
	assert_int_equal(
		manage_token_create(fx.store, fx.cfg, &id, &r, NOW, &fx.arena, &t, &made, &e), ERR_OK);
	assert_int_equal(t.expires_at, NOW + 7 * DAY_MS);
	assert_int_equal(present_token(&made, REALM_API, NOW, &weak), ERR_OK);
	r.scopes |= SCOPE_BIT(SCOPE_LOGS_WRITE);
	assert_int_equal(manage_token_create(fx.store, fx.cfg, &weak, &r, NOW, &fx.arena, &t, &made, &e),
		ERR_FORBIDDEN);
	assert_non_null(strstr(e.text, "logs:write"));
}

static void a_bound_token_makes_only_bound_tokens(void **state)
{
	struct token_request r = {
		.name = STR("t"), .scopes = SCOPE_ALL, .days = 7, .repo = STR("acme/pump")
	};
	bool is_new;
	struct repo other;
	struct identity id, bound;
	struct token t;
	struct err e;
	AUTO_BUF token, made;
	(void)state;

	buf_init(&token, 200);
	buf_init(&made, 1000);
	make_admin(&token, &id);
	assert_int_equal(
		manage_token_create(fx.store, fx.cfg, &id, &r, NOW, &fx.arena, &t, &made, &e), ERR_OK);
	assert_int_equal(t.repo_id, fx.repo.id);
	assert_int_equal(present_token(&made, REALM_API, NOW, &bound), ERR_OK);
	assert_int_equal(bound.token.repo_id, fx.repo.id);
	r.repo = STR("");
	r.scopes = SCOPE_BIT(SCOPE_LOGS_WRITE);
	assert_int_equal(
		manage_token_create(fx.store, fx.cfg, &bound, &r, NOW, &fx.arena, &t, &made, &e), ERR_OK);
	assert_int_equal(t.repo_id, fx.repo.id);
	/* Of another it is not told whether it is watched. */
	assert_int_equal(manage_repo_add(fx.store, fx.cfg, &fixture_server, STR(""), STR("acme/other"), NOW,
				 &fx.arena, &other, &is_new, &e),
		ERR_OK);
	r.repo = STR("acme/other");
	assert_int_equal(manage_token_create(fx.store, fx.cfg, &bound, &r, NOW, &fx.arena, &t, &made, &e),
		ERR_FORBIDDEN);
	r.repo = STR("acme/nothing");
	assert_int_equal(manage_token_create(fx.store, fx.cfg, &bound, &r, NOW, &fx.arena, &t, &made, &e),
		ERR_FORBIDDEN);
	r.repo = STR("acme/nothing");
	assert_int_equal(
		manage_token_create(fx.store, fx.cfg, &id, &r, NOW, &fx.arena, &t, &made, &e), ERR_NOT_FOUND);
}

static void a_bound_token_manages_no_repos(void **state)
{
	struct identity id;
	struct err e;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 200);
	make_admin(&token, &id);
	assert_int_equal(access_allow(&id, SCOPE_BIT(SCOPE_REPOS_MANAGE), 0, &e), ERR_OK);
	id.token.repo_id = fx.repo.id;
	assert_int_equal(access_allow(&id, SCOPE_BIT(SCOPE_REPOS_MANAGE), 0, &e), ERR_FORBIDDEN);
	assert_int_equal(access_allow(&id, SCOPE_BIT(SCOPE_LOGS_WRITE), 0, &e), ERR_OK);
}

static void a_second_admin_is_not_made_by_init(void **state)
{
	struct identity id;
	struct token t;
	struct err e;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 1000);
	make_admin(&token, &id);
	assert_int_equal(
		manage_first_admin(fx.store, STR("b@example.org"), false, NOW, &t, &token, &e), ERR_CONFLICT);
	buf_reset(&token);
	assert_int_equal(
		manage_first_admin(fx.store, STR("b@example.org"), true, NOW, &t, &token, &e), ERR_OK);
	assert_int_equal(present_token(&token, REALM_API, NOW, &id), ERR_OK);
}

/* ---- what is kept of tokens ---- */

struct change {
	struct store_op op;
	enum err_code (*fn)(struct db *db, int64_t id, struct err *e);
	int64_t id;
};

static enum err_code apply_change(struct store_op *op, struct db *db, struct err *e)
{
	struct change *w = (struct change *)(void *)op;

	return w->fn(db, w->id, e);
}

static void change(enum err_code (*fn)(struct db *db, int64_t id, struct err *e), int64_t id)
{
	struct change w = { .op = { .apply = apply_change, .bytes = sizeof w }, .fn = fn, .id = id };
	struct err e = { 0 };

	if (store_write(fx.store, &w.op, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static enum err_code demote(struct db *db, int64_t id, struct err *e)
{
	return users_set_role(db, id, ROLE_USER, e);
}

static enum err_code disable(struct db *db, int64_t id, struct err *e)
{
	return users_disable(db, id, NOW + 1, e);
}

static enum err_code enable(struct db *db, int64_t id, struct err *e)
{
	return users_enable(db, id, e);
}

static enum err_code revoke(struct db *db, int64_t id, struct err *e)
{
	return tokens_revoke(db, id, 0, NOW + 1, e);
}

static enum err_code add_second_admin(struct db *db, int64_t id, struct err *e)
{
	(void)id;
	return users_add(db, STR("b@example.org"), STR(""), ROLE_ADMIN, NOW, &id, e);
}

static void hide_change(struct db *db)
{
	db->access_changed = false;
}

static enum err_code revoke_unseen(struct db *db, int64_t id, struct err *e)
{
	TRY(tokens_revoke(db, id, 0, NOW + 1, e));
	hide_change(db);
	return ERR_OK;
}

static void a_known_token_asks_no_database_until_something_was_revoked(void **state)
{
	struct identity id;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 200);
	make_admin(&token, &id);
	change(revoke_unseen, id.token.id); /* behind the back of what keeps tokens */
	assert_int_equal(present_token(&token, REALM_API, NOW, &id), ERR_OK);
	change(add_second_admin, 0);
	change(enable, id.user_id); /* whatever it is that changes, all is looked up again */
	assert_int_equal(present_token(&token, REALM_API, NOW, &id), ERR_UNAUTHORIZED);
}

static void a_token_that_is_kept_expires_like_any_other(void **state)
{
	struct identity id;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 200);
	make_admin(&token, &id);
	assert_int_equal(present_token(&token, REALM_API, id.token.expires_at - 1, &id), ERR_OK);
	assert_int_equal(present_token(&token, REALM_API, id.token.expires_at, &id), ERR_UNAUTHORIZED);
}

static void a_role_that_is_taken_away_counts_at_once_for_tokens_made_before(void **state)
{
	struct identity id;
	struct err e;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 200);
	make_admin(&token, &id);
	assert_int_equal(id.scopes, SCOPE_ALL);
	change(add_second_admin, 0);
	change(demote, id.user_id);
	assert_int_equal(present_token(&token, REALM_API, NOW, &id), ERR_OK);
	assert_int_equal(id.role, ROLE_USER);
	assert_int_equal(id.scopes, role_scopes(ROLE_USER));
	assert_int_equal(access_allow(&id, SCOPE_BIT(SCOPE_LOGS_WRITE), 0, &e), ERR_FORBIDDEN);
}

static void the_token_of_a_disabled_user_is_refused_like_an_unknown_one(void **state)
{
	struct identity id;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 200);
	make_admin(&token, &id);
	change(add_second_admin, 0);
	change(disable, id.user_id);
	assert_int_equal(present_token(&token, REALM_API, NOW, &id), ERR_UNAUTHORIZED);
}

static int64_t last_use(int64_t token_id)
{
	struct db *db = NULL;
	struct token t = { 0 };
	struct err e;

	change(enable, 1); /* behind whatever was submitted before */
	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	assert_int_equal(tokens_get(db, &fx.arena, token_id, &t, &e), ERR_OK);
	store_reader_put(fx.store, db);
	return t.last_used_at;
}

static void the_last_use_is_written_down_once_a_minute(void **state)
{
	struct identity id;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 200);
	make_admin(&token, &id);
	assert_int_equal(last_use(id.token.id), NOW);
	assert_int_equal(present_token(&token, REALM_API, NOW + TOKEN_TOUCH_MS - 1, &id), ERR_OK);
	assert_int_equal(last_use(id.token.id), NOW);
	assert_int_equal(present_token(&token, REALM_API, NOW + TOKEN_TOUCH_MS, &id), ERR_OK);
	assert_int_equal(last_use(id.token.id), NOW + TOKEN_TOUCH_MS);
}

/* ---- revocation, and threads that do not wait for it ---- */

#define N_THREADS 8
#define N_ROUNDS 60

struct crowd {
	const struct buf *token;
	atomic_bool revoked; /* whoever sees this before asking must be refused */
	atomic_bool stop;
	atomic_int n_asked, n_late;
};

static void *ask_again_and_again(void *arg)
{
	struct crowd *c = arg;

	while (!atomic_load(&c->stop)) {
		bool revoked = atomic_load(&c->revoked);
		struct identity id;
		struct err e;
		enum err_code code;
		AUTO_ARENA a;
		AUTO_BUF header;

		arena_init(&a);
		buf_init(&header, 300);
		buf_fmt(&header, "Bearer %s", c->token->p);
		code = access_authenticate(
			fx.access, &fx.cfg->internal, REALM_API, buf_view(&header), NOW, &a, &id, &e);
		atomic_fetch_add(&c->n_asked, 1);
		if (revoked && code == ERR_OK)
			atomic_fetch_add(&c->n_late, 1);
	}
	return NULL;
}

static void one_round(const struct identity *admin, int *ret_late)
{
	struct token_request r = { .name = STR("t"), .scopes = SCOPE_BIT(SCOPE_LOGS_READ), .days = 7 };
	struct crowd c = { 0 };
	pthread_t threads[N_THREADS];
	struct token t = { 0 };
	struct err e;
	int before;
	AUTO_BUF text;

	buf_init(&text, 200);
	assert_int_equal(
		manage_token_create(fx.store, fx.cfg, admin, &r, NOW, &fx.arena, &t, &text, &e), ERR_OK);
	c.token = &text;
	for (size_t i = 0; i < N_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_again_and_again, &c), 0);
	while (atomic_load(&c.n_asked) < 2 * N_THREADS)
		sched_yield();
	change(revoke, t.id);
	atomic_store(&c.revoked, true);
	before = atomic_load(&c.n_asked);
	while (atomic_load(&c.n_asked) < before + 4 * N_THREADS)
		sched_yield();
	atomic_store(&c.stop, true);
	for (size_t i = 0; i < N_THREADS; i++)
		pthread_join(threads[i], NULL);
	*ret_late += atomic_load(&c.n_late);
}

static void a_revocation_is_in_force_on_every_thread_once_the_revoker_was_told(void **state)
{
	struct identity admin;
	int late = 0;
	AUTO_BUF token;
	(void)state;

	buf_init(&token, 200);
	make_admin(&token, &admin);
	for (int i = 0; i < N_ROUNDS; i++)
		one_round(&admin, &late);
	assert_int_equal(late, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fixture_up, fixture_down)
int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(internal_is_closed_until_a_token_is_configured),
		TEST(a_host_with_a_certificate_sends_its_episodes_and_nothing_else),
		TEST(the_internal_token_sends_logs_and_nothing_else),
		TEST(tokens_that_differ_only_in_length_are_refused_alike),
		TEST(an_internal_token_is_compared_by_digest_with_all_of_them_and_by_nothing_else),
		TEST(a_token_of_the_database_is_compared_by_digest_too),
		TEST(malformed_headers_are_no_token),
		TEST(a_token_of_the_database_works_even_while_internal_is_closed),
		TEST(expired_and_revoked_are_told_like_unknown),
		TEST(no_token_makes_one_with_more_scopes),
		TEST(a_bound_token_makes_only_bound_tokens),
		TEST(a_bound_token_manages_no_repos),
		TEST(a_second_admin_is_not_made_by_init),
		TEST(a_known_token_asks_no_database_until_something_was_revoked),
		TEST(a_token_that_is_kept_expires_like_any_other),
		TEST(a_role_that_is_taken_away_counts_at_once_for_tokens_made_before),
		TEST(the_token_of_a_disabled_user_is_refused_like_an_unknown_one),
		TEST(the_last_use_is_written_down_once_a_minute),
		TEST(a_revocation_is_in_force_on_every_thread_once_the_revoker_was_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
