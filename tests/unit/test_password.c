#include "tests/test.h"

#include "base/password.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool is_right(const char *phc, const char *password)
{
	bool right = false;
	struct err e;

	assert_int_equal(password_check(str_z(phc), str_z(password), &right, &e), ERR_OK);
	return right;
}

static void a_password_is_right_for_its_own_string_alone(void **state)
{
	struct err e;
	AUTO_BUF a, b;
	(void)state;

	buf_init(&a, 1000);
	buf_init(&b, 1000);
	assert_int_equal(password_hash(STR("correct horse"), &a, &e), ERR_OK);
	assert_int_equal(password_hash(STR("correct horse"), &b, &e), ERR_OK);
	assert_string_not_equal(buf_cstr(&a), buf_cstr(&b)); /* each has a salt of its own */
	assert_true(is_right(buf_cstr(&a), "correct horse"));
	assert_true(is_right(buf_cstr(&b), "correct horse"));
	assert_false(is_right(buf_cstr(&a), "correct hors"));
	assert_false(is_right(buf_cstr(&a), ""));
}

static void the_string_tells_the_parameters_that_are_documented(void **state)
{
	char begin[100];
	struct err e;
	AUTO_BUF a;
	(void)state;

	buf_init(&a, 1000);
	assert_int_equal(password_hash(STR("12345678"), &a, &e), ERR_OK);
	snprintf(begin, sizeof begin, "$argon2id$v=19$m=%d,t=%d,p=%d$", PASSWORD_MEMORY_KIB, PASSWORD_PASSES,
		PASSWORD_LANES);
	assert_true(str_starts(buf_view(&a), str_z(begin)));
	/* What OWASP names at least: 19 MiB and two passes. */
	assert_true(PASSWORD_MEMORY_KIB >= 19456 && PASSWORD_PASSES >= 2);
}

/* From the test vectors of the reference implementation (phc-winner-argon2, src/test.c): other parameters than ours. */
static void a_string_that_another_program_made_is_understood(void **state)
{
	static const char phc[] =
		"$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
	(void)state;

	assert_true(is_right(phc, "password"));
	assert_false(is_right(phc, "Password"));
}

static void a_damaged_string_is_no_passwords(void **state)
{
	static const char *const damaged[] = { "", "*", "$argon2id$", "password",
		"$argon2id$v=19$m=19456,t=2,p=1$AA$",
		"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc" };
	char much[1000];
	(void)state;

	for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
		assert_false(is_right(damaged[i], "password"));
	memset(much, '$', sizeof much - 1);
	much[sizeof much - 1] = '\0';
	assert_false(is_right(much, "password"));
}

static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t cost(const char *phc)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < 5; i++) {
		int64_t before = cpu_us(), took;

		assert_false(is_right(phc, "a wrong one"));
		took = cpu_us() - before;
		least = took < least ? took : least;
	}
	return least;
}

static void nobodys_password_costs_what_anybodys_does(void **state)
{
	int64_t nobody, somebody;
	struct err e;
	AUTO_BUF a;
	(void)state;

	buf_init(&a, 1000);
	assert_int_equal(password_hash(STR("12345678"), &a, &e), ERR_OK);
	nobody = cost("");
	somebody = cost(buf_cstr(&a));
	/* Processor time, the least of several: half or twice would be another way of doing it. */
	if (nobody < somebody / 2 || nobody > somebody * 2)
		fail_msg("%lld us for nobody, %lld us for somebody", (long long)nobody, (long long)somebody);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_is_right_for_its_own_string_alone),
		cmocka_unit_test(the_string_tells_the_parameters_that_are_documented),
		cmocka_unit_test(a_string_that_another_program_made_is_understood),
		cmocka_unit_test(a_damaged_string_is_no_passwords),
		cmocka_unit_test(nobodys_password_costs_what_anybodys_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
