/* slots.c, and the tokens that are kept in them: token_cache.c. */
#include "tests/test.h"

#include "service/slots.h"
#include "service/token_cache.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct thing {
	struct slot slot;
	int64_t worth, number;
};

static int64_t worth_of(const struct slot *s, int64_t now)
{
	const struct thing *t = (const struct thing *)(const void *)s;

	return t->worth < now ? -1 : t->worth;
}

static int n_dropped;

static void drop(struct slot *s)
{
	(void)s;
	n_dropped++;
}

static const struct slots_kind kind = { .size = sizeof(struct thing), .worth = worth_of, .drop = drop };

static void put(struct slots *t, int i, int64_t worth, int64_t now)
{
	char key[20];
	int n = snprintf(key, sizeof key, "key %d", i);
	struct thing *x = slots_take(t, (struct str){ key, (size_t)n }, now);

	x->worth = worth;
	x->number = i;
	slots_release(t, x);
}

static bool has(struct slots *t, int i)
{
	char key[20];
	int n = snprintf(key, sizeof key, "key %d", i);
	struct thing *x = slots_find(t, (struct str){ key, (size_t)n });

	if (x) {
		assert_int_equal(x->number, i);
		slots_release(t, x);
	}
	return x != NULL;
}

static void a_place_is_found_again_and_a_new_one_is_empty(void **state)
{
	struct slots *t = slots_new(&kind, SLOT_WAYS);
	struct thing *x = slots_take(t, STR("a"), 0);
	(void)state;

	assert_int_equal(x->number, 0);
	x->number = 7;
	slots_release(t, x);
	x = slots_take(t, STR("a"), 0);
	assert_int_equal(x->number, 7);
	slots_forget(t, x);
	assert_null(slots_find(t, STR("a")));
	assert_int_equal(slots_n_used(t), 0);
	x = slots_take(t, STR("a"), 0);
	assert_int_equal(x->number, 0);
	slots_release(t, x);
	slots_free(t);
}

static void what_is_worth_least_makes_room_and_what_is_worth_nothing_first(void **state)
{
	struct slots *t = slots_new(&kind, SLOT_WAYS); /* one set */
	(void)state;

	for (int i = 0; i < SLOT_WAYS; i++)
		put(t, i, 100 + i, 0);
	put(t, 100, 500, 0); /* 0 goes */
	assert_false(has(t, 0));
	assert_true(has(t, 1));
	put(t, 101, 500, 103); /* at 103 the worth of 1 and 2 is over */
	assert_true(has(t, 3));
	assert_true(has(t, 1) != has(t, 2));
	assert_int_equal(slots_n_used(t), SLOT_WAYS);
	slots_free(t);
}

static void what_a_place_owns_is_dropped_once(void **state)
{
	struct slots *t = slots_new(&kind, 4 * SLOT_WAYS);
	(void)state;

	n_dropped = 0;
	for (int i = 0; i < 1000; i++)
		put(t, i, i, 0);
	slots_free(t);
	assert_int_equal(n_dropped, 1000);
}

static void a_long_key_is_as_good_as_a_short_one(void **state)
{
	struct slots *t = slots_new(&kind, SLOT_WAYS);
	char key[1000];
	struct thing *x;
	(void)state;

	memset(key, 'k', sizeof key);
	x = slots_take(t, (struct str){ key, sizeof key }, 0);
	slots_release(t, x);
	assert_null(slots_find(t, (struct str){ key, sizeof key - 1 }));
	x = slots_find(t, (struct str){ key, sizeof key });
	assert_non_null(x);
	slots_release(t, x);
	slots_free(t);
}

static void *count_up(void *arg)
{
	for (int i = 0; i < 2000; i++) {
		struct thing *x = slots_take(arg, STR("shared"), 0);

		x->worth = 1;
		x->number++;
		slots_release(arg, x);
	}
	return NULL;
}

static void a_place_is_one_threads_while_it_is_held(void **state)
{
	struct slots *t = slots_new(&kind, SLOT_WAYS);
	pthread_t threads[8];
	struct thing *x;
	(void)state;

	for (size_t i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_up, t), 0);
	for (size_t i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	x = slots_find(t, STR("shared"));
	assert_int_equal(x->number, 16000);
	slots_release(t, x);
	slots_free(t);
}

/* ---- tokens ---- */

static struct token a_token(int i)
{
	struct token t = {
		.id = i, .name = STR("deploy"), .repo = STR("acme/pump"), .email = STR("a@example.org")
	};

	memcpy(t.digest.b, &i, sizeof i);
	return t;
}

static void what_was_read_before_a_revocation_is_never_taken_after_it(void **state)
{
	struct token_cache *c = token_cache_new();
	struct token t = a_token(1), got;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	token_cache_put(c, &t, 5, 0);
	assert_true(token_cache_get(c, &t.digest, 5, 0, &a, &got));
	assert_false(token_cache_get(c, &t.digest, 6, 0, &a, &got));
	/* Read under epoch 5, and put here only when it is 6 already. */
	token_cache_put(c, &t, 5, 0);
	assert_false(token_cache_get(c, &t.digest, 6, 0, &a, &got));
	token_cache_put(c, &t, 6, 0);
	assert_true(token_cache_get(c, &t.digest, 6, 0, &a, &got));
	token_cache_free(c);
}

static void a_token_comes_out_as_it_went_in(void **state)
{
	struct token_cache *c = token_cache_new();
	struct token t = a_token(1), got;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	t.scopes = 5;
	token_cache_put(c, &t, 1, 0);
	t.name = STR("another");
	assert_true(token_cache_get(c, &t.digest, 1, 0, &a, &got));
	assert_true(str_eq(got.name, STR("deploy")));
	assert_true(str_eq(got.repo, STR("acme/pump")));
	assert_true(str_eq(got.host, STR("")));
	assert_true(str_eq(got.email, STR("a@example.org")));
	assert_int_equal(got.id, 1);
	assert_int_equal(got.scopes, 5);
	t = a_token(2);
	assert_false(token_cache_get(c, &t.digest, 1, 0, &a, &got));
	token_cache_free(c);
}

static void a_use_is_to_be_written_down_once_a_minute_whatever_is_revoked_meanwhile(void **state)
{
	struct token_cache *c = token_cache_new();
	struct token t = a_token(1);
	(void)state;

	t.last_used_at = 1000;
	token_cache_put(c, &t, 1, 2000);
	assert_false(token_cache_touch(c, &t, 1000 + TOKEN_TOUCH_MS - 1));
	assert_true(token_cache_touch(c, &t, 1000 + TOKEN_TOUCH_MS));
	assert_false(token_cache_touch(c, &t, 1000 + TOKEN_TOUCH_MS));
	token_cache_put(c, &t, 2, 2000); /* read again, perhaps before the last use was written */
	assert_false(token_cache_touch(c, &t, 1000 + TOKEN_TOUCH_MS + 1));
	token_cache_free(c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_place_is_found_again_and_a_new_one_is_empty),
		cmocka_unit_test(what_is_worth_least_makes_room_and_what_is_worth_nothing_first),
		cmocka_unit_test(what_a_place_owns_is_dropped_once),
		cmocka_unit_test(a_long_key_is_as_good_as_a_short_one),
		cmocka_unit_test(a_place_is_one_threads_while_it_is_held),
		cmocka_unit_test(what_was_read_before_a_revocation_is_never_taken_after_it),
		cmocka_unit_test(a_token_comes_out_as_it_went_in),
		cmocka_unit_test(a_use_is_to_be_written_down_once_a_minute_whatever_is_revoked_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
