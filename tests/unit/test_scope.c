/* scope and role: names forth and back, and refusals that help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/scope.h"

#include <string.h>

static void every_scope_has_a_name_that_finds_it(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SCOPE_N; i++) {
		enum scope s;

		assert_true(scope_find(str_z(scope_name((enum scope)i)), &s));
		assert_int_equal(s, i);
	}
}

static void a_set_survives_writing_and_parsing(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= SCOPE_N; i++) {
		scope_set set = i == SCOPE_N ? SCOPE_ALL : (scope_set)(SCOPE_BIT(i) | SCOPE_BIT(0)), back;
		AUTO_BUF text;

		buf_init(&text, 4096);
		scope_write(set, &text);
		assert_int_equal(scope_parse(buf_view(&text), &back, NULL), ERR_OK);
		assert_int_equal(back, set);
	}
}

static void names_are_written_in_the_order_of_the_table(void **state)
{
	scope_set set;
	AUTO_BUF text;

	(void)state;
	buf_init(&text, 4096);
	assert_int_equal(scope_parse(STR("repos:manage logs:read"), &set, NULL), ERR_OK);
	scope_write(set, &text);
	assert_string_equal(buf_cstr(&text), "logs:read repos:manage");
}

static void blanks_and_commas_separate(void **state)
{
	scope_set set;

	(void)state;
	assert_int_equal(scope_parse(STR(" logs:read,,logs:write  runs:read,"), &set, NULL), ERR_OK);
	assert_int_equal(
		set, SCOPE_BIT(SCOPE_LOGS_READ) | SCOPE_BIT(SCOPE_LOGS_WRITE) | SCOPE_BIT(SCOPE_RUNS_READ));
	assert_int_equal(scope_parse(STR(""), &set, NULL), ERR_OK);
	assert_int_equal(set, 0);
}

static void an_unknown_scope_is_named_beside_those_there_are(void **state)
{
	scope_set set = 77;
	struct err e;

	(void)state;
	assert_int_equal(scope_parse(STR("logs:read logs:rite"), &set, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "\"logs:rite\""));
	assert_non_null(strstr(e.text, "repos:manage"));
	assert_int_equal(set, 77);
	assert_int_equal(scope_parse(STR("LOGS:READ"), &set, NULL), ERR_INVALID);
}

static void a_long_unknown_scope_is_cut_in_the_message(void **state)
{
	char name[2000];
	scope_set set;
	struct err e;

	(void)state;
	memset(name, 'x', sizeof name);
	assert_int_equal(scope_parse((struct str){ name, sizeof name }, &set, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "repos:manage"));
}

static void every_role_has_a_name_that_finds_it(void **state)
{
	enum role r;

	(void)state;
	for (unsigned i = 0; i < ROLE_N; i++) {
		assert_true(role_find(str_z(role_name((enum role)i)), &r));
		assert_int_equal(r, i);
	}
	assert_false(role_find(STR("root"), &r));
	assert_false(role_find(STR(""), &r));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_scope_has_a_name_that_finds_it),
		cmocka_unit_test(a_set_survives_writing_and_parsing),
		cmocka_unit_test(names_are_written_in_the_order_of_the_table),
		cmocka_unit_test(blanks_and_commas_separate),
		cmocka_unit_test(an_unknown_scope_is_named_beside_those_there_are),
		cmocka_unit_test(a_long_unknown_scope_is_cut_in_the_message),
		cmocka_unit_test(every_role_has_a_name_that_finds_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
