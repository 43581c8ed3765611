/* repo: which names are names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/repo.h"

#include <string.h>

static void assert_repo(const char *name, enum err_code want)
{
	struct err e;
	enum err_code got = repo_name_check(str_z(name), &e);

	if (got != want)
		fail_msg("%s: %s", name, err_slug(got));
	if (got != ERR_OK)
		assert_non_null(strstr(e.text, "repo"));
}

static void owner_and_name_of_the_allowed_characters_are_a_repo(void **state)
{
	(void)state;
	assert_repo("a/b", ERR_OK);
	assert_repo("acme/widget", ERR_OK);
	assert_repo("A-b_c.9/...", ERR_OK);
	assert_repo(".github/.github", ERR_OK);
	assert_repo("-x/-", ERR_OK);
}

static void everything_else_is_refused(void **state)
{
	static const char *const wrong[] = { "", "/", "a", "a/", "/b", "a/b/c", "a//b", "a b/c", "a/b?",
		"a/b\n", "a/\xc3\xa9", "a\\b", "a/b#c", "a/%62", "a/b/", "https://x/a/b", "a/b\xff", "~/b" };

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_repo(wrong[i], ERR_INVALID);
	assert_int_equal(repo_name_check((struct str){ "a/b\0c", 5 }, NULL), ERR_INVALID);
}

static void a_half_of_dots_would_be_a_path(void **state)
{
	(void)state;
	assert_repo("./b", ERR_INVALID);
	assert_repo("../b", ERR_INVALID);
	assert_repo("a/.", ERR_INVALID);
	assert_repo("a/..", ERR_INVALID);
}

static void a_hundred_characters_are_the_most(void **state)
{
	char name[REPO_NAME_MAX + 2];

	(void)state;
	memset(name, 'x', sizeof name);
	name[50] = '/';
	assert_int_equal(repo_name_check((struct str){ name, REPO_NAME_MAX }, NULL), ERR_OK);
	assert_int_equal(repo_name_check((struct str){ name, REPO_NAME_MAX + 1 }, NULL), ERR_INVALID);
}

static void a_forge_has_a_name_of_the_same_characters(void **state)
{
	char name[FORGE_NAME_MAX + 1];

	(void)state;
	memset(name, 'f', sizeof name);
	assert_int_equal(forge_name_check(STR("default"), NULL), ERR_OK);
	assert_int_equal(forge_name_check(STR("codeberg.org"), NULL), ERR_OK);
	assert_int_equal(forge_name_check((struct str){ name, FORGE_NAME_MAX }, NULL), ERR_OK);
	assert_int_equal(forge_name_check((struct str){ name, FORGE_NAME_MAX + 1 }, NULL), ERR_INVALID);
	assert_int_equal(forge_name_check(STR(""), NULL), ERR_INVALID);
	assert_int_equal(forge_name_check(STR("a/b"), NULL), ERR_INVALID);
	assert_int_equal(forge_name_check(STR("a b"), NULL), ERR_INVALID);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(owner_and_name_of_the_allowed_characters_are_a_repo),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(a_half_of_dots_would_be_a_path),
		cmocka_unit_test(a_hundred_characters_are_the_most),
		cmocka_unit_test(a_forge_has_a_name_of_the_same_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
