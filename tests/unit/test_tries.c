/* tries.c and errands.c: how often passwords are looked at. */
#include "tests/test.h"

#include "service/errands.h"
#include "service/tries.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

static void the_delay_grows_and_has_an_end(void **state)
{
	static const int64_t delays[] = { 0, 0, 0, 1000, 2000, 4000, 8000, 16000, 32000, TRIES_USER_MAX_MS,
		TRIES_USER_MAX_MS, TRIES_USER_MAX_MS };
	struct tries *t = tries_new();
	char address[30];
	int64_t now = 1000;
	(void)state;

	for (size_t i = 0; i < sizeof delays / sizeof *delays; i++) { /* each from an address of its own */
		struct str from = { address, (size_t)snprintf(address, sizeof address, "192.0.2.%zu", i) };

		assert_true(tries_begin(t, STR("a@x"), from, now));
		now += delays[i];
		if (delays[i] > 0)
			assert_false(tries_begin(t, STR("a@x"), STR("198.51.100.1"), now - 1));
	}
	tries_free(t);
}

static void an_address_that_tries_many_users_is_slowed_down_too(void **state)
{
	struct tries *t = tries_new();
	char user[30];
	int64_t now = 0;
	int n_looked_at = 0;
	(void)state;

	for (int i = 0; i < 1000; i++, now += 1000) {
		int n = snprintf(user, sizeof user, "user%d@x", i);

		n_looked_at += tries_begin(t, (struct str){ user, (size_t)n }, STR("192.0.2.1"), now);
	}
	assert_in_range(n_looked_at, 10, 14); /* 3, and then after 1, 2, 4, .. 512 s */
	assert_true(tries_begin(t, STR("user999@x"), STR("192.0.2.2"), now)); /* no one else is */
	tries_free(t);
}

static void who_is_refused_for_the_address_is_not_counted_against_the_user(void **state)
{
	struct tries *t = tries_new();
	(void)state;

	for (int i = 0; i < 4; i++)
		assert_true(tries_begin(t, STR("other@x"), STR("192.0.2.1"), i * 100000));
	for (int i = 0; i < 100; i++)
		assert_false(tries_begin(t, STR("a@x"), STR("192.0.2.1"), 300001));
	assert_true(tries_begin(t, STR("a@x"), STR("192.0.2.2"), 300002));
	tries_free(t);
}

static void a_right_password_forgets_the_user_and_not_the_address(void **state)
{
	struct tries *t = tries_new();
	int64_t now = 0;
	(void)state;

	for (int i = 0; i < TRIES_FREE; i++)
		assert_true(tries_begin(t, STR("a@x"), STR("192.0.2.1"), now));
	assert_true(
		tries_begin(t, STR("a@x"), STR("192.0.2.1"), now)); /* the fourth: a second from here on */
	tries_right(t, STR("a@x"), STR("192.0.2.1"));
	assert_true(tries_begin(t, STR("a@x"), STR("192.0.2.1"), now)); /* its own try is taken back */
	assert_false(tries_begin(t, STR("b@x"), STR("192.0.2.1"), now));
	assert_true(tries_begin(t, STR("a@x"), STR("192.0.2.9"), now)); /* the user is as new: */
	assert_true(tries_begin(t, STR("a@x"), STR("192.0.2.9"), now));
	tries_free(t);
}

static void all_is_forgotten_after_an_hour_of_peace(void **state)
{
	struct tries *t = tries_new();
	int64_t now = 0;
	(void)state;

	for (int i = 0; i < 6; i++, now += 10000)
		assert_true(tries_begin(t, STR("a@x"), STR("192.0.2.1"), now));
	assert_true(tries_begin(t, STR("a@x"), STR("192.0.2.1"), now));
	assert_false(tries_begin(t, STR("a@x"), STR("192.0.2.1"), now + 1));
	now += TRIES_FORGET_MS;
	for (int i = 0; i < TRIES_FREE; i++)
		assert_true(tries_begin(t, STR("a@x"), STR("192.0.2.1"), now));
	tries_free(t);
}

static void a_flood_of_other_names_forgives_nobody(void **state)
{
	struct tries *t = tries_new();
	char name[30];
	(void)state;

	for (int i = 0; i < 4; i++)
		assert_true(tries_begin(t, STR("a@x"), STR("192.0.2.1"), 0));
	for (int i = 0; i < 20 * TRIES_KEYS_MAX; i++) {
		int n = snprintf(name, sizeof name, "n%d", i);

		assert_true(
			tries_begin(t, (struct str){ name, (size_t)n }, (struct str){ name, (size_t)n }, 1));
	}
	assert_false(tries_begin(t, STR("a@x"), STR("192.0.2.77"), 2));
	assert_false(tries_begin(t, STR("b@x"), STR("192.0.2.1"), 2));
	tries_free(t);
}

struct crowd {
	struct tries *tries;
	atomic_int n;
};

static void *try_at_once(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < 50; i++)
		if (tries_begin(c->tries, STR("a@x"), STR("192.0.2.1"), 5))
			atomic_fetch_add(&c->n, 1);
	return NULL;
}

static void many_tries_at_once_are_many(void **state)
{
	struct crowd c = { .tries = tries_new() };
	pthread_t threads[16];
	(void)state;

	for (size_t i = 0; i < 16; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, try_at_once, &c), 0);
	for (size_t i = 0; i < 16; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(c.n, TRIES_FREE + 1);
	tries_free(c.tries);
}

/* ---- errands ---- */

struct slow {
	struct errand errand;
	pthread_mutex_t *gate; /* is held while it must not go on */
	atomic_int *n_running, *most, *n_done;
};

static void run_slow(struct errand *x)
{
	struct slow *s = (struct slow *)(void *)x;
	int now = atomic_fetch_add(s->n_running, 1) + 1, most = atomic_load(s->most);

	while (now > most && !atomic_compare_exchange_weak(s->most, &most, now))
		;
	pthread_mutex_lock(s->gate);
	pthread_mutex_unlock(s->gate);
	atomic_fetch_sub(s->n_running, 1);
	atomic_fetch_add(s->n_done, 1);
}

static void so_many_run_so_many_wait_and_the_rest_is_told_to_come_again(void **state)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	atomic_int n_running = 0, most = 0, n_done = 0;
	struct slow s[20];
	struct errands *errands = NULL;
	int n_taken = 0;
	struct err e;
	(void)state;

	assert_int_equal(errands_start(2, 5, &errands, &e), ERR_OK);
	pthread_mutex_lock(&gate);
	for (int i = 0; i < 20; i++) {
		enum err_code code;

		s[i] = (struct slow){ { .run = run_slow }, &gate, &n_running, &most, &n_done };
		code = errands_submit(errands, &s[i].errand, &e);
		n_taken += code == ERR_OK;
		if (code != ERR_OK)
			assert_int_equal(code, ERR_UNAVAILABLE);
	}
	assert_in_range(n_taken, 5, 7);
	pthread_mutex_unlock(&gate);
	errands_stop(errands); /* runs what it took */
	assert_int_equal(errands_submit(errands, &s[0].errand, &e), ERR_UNAVAILABLE);
	errands_free(errands);
	assert_int_equal(n_done, n_taken);
	assert_in_range(most, 1, 2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_delay_grows_and_has_an_end),
		cmocka_unit_test(an_address_that_tries_many_users_is_slowed_down_too),
		cmocka_unit_test(who_is_refused_for_the_address_is_not_counted_against_the_user),
		cmocka_unit_test(a_right_password_forgets_the_user_and_not_the_address),
		cmocka_unit_test(all_is_forgotten_after_an_hour_of_peace),
		cmocka_unit_test(a_flood_of_other_names_forgives_nobody),
		cmocka_unit_test(many_tries_at_once_are_many),
		cmocka_unit_test(so_many_run_so_many_wait_and_the_rest_is_told_to_come_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
