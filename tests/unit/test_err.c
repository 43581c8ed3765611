#include "tests/test.h"

#include "base/err.h"

#include "base/str.h"
#include "base/utf8.h"

#include <errno.h>
#include <string.h>

static void failing_fills_the_struct_and_returns_the_code(void **state)
{
	struct err e;
	(void)state;

	assert_int_equal(err_set(&e, ERR_CONFLICT, "run %d is there", 7), ERR_CONFLICT);
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_string_equal(e.text, "run 7 is there");
}

static void nobody_has_to_want_the_story(void **state)
{
	(void)state;

	assert_int_equal(err_set(NULL, ERR_GONE, "%s", "x"), ERR_GONE);
	assert_int_equal(err_errno(NULL, ERR_STORAGE, EIO, "x"), ERR_STORAGE);
	assert_int_equal(err_errno(NULL, ERR_STORAGE, ENOSPC, "x"), ERR_FULL);
	assert_int_equal(err_in(NULL, "x"), ERR_INTERNAL);
}

static void errno_says_why_and_a_full_disk_has_its_own_code(void **state)
{
	struct err e;
	(void)state;

	assert_int_equal(err_errno(&e, ERR_STORAGE, EIO, "write %s", "a"), ERR_STORAGE);
	assert_string_equal(e.text, "write a: Input/output error");
	assert_int_equal(err_errno(&e, ERR_STORAGE, ENOSPC, "write"), ERR_FULL);
	assert_int_equal(e.code, ERR_FULL);
	assert_string_equal(e.text, "write: No space left on device");
	assert_int_equal(err_errno(&e, ERR_STORAGE, EDQUOT, "write"), ERR_FULL);
}

static void context_goes_in_front_and_the_code_stays(void **state)
{
	struct err e;
	(void)state;

	err_set(&e, ERR_STORAGE, "disk I/O error");
	assert_int_equal(err_in(&e, "open store %s", "x.db"), ERR_STORAGE);
	assert_string_equal(e.text, "open store x.db: disk I/O error");
}

static void a_wrong_field_is_named_until_something_else_fails(void **state)
{
	struct err e;
	(void)state;

	assert_int_equal(err_field(&e, "forge", "no forge %s", "x"), ERR_INVALID);
	assert_int_equal(err_in(&e, "add repo"), ERR_INVALID);
	assert_string_equal(e.field, "forge");
	assert_string_equal(e.text, "add repo: no forge x");
	err_set(&e, ERR_INVALID, "something else");
	assert_null(e.field);
	assert_int_equal(err_field(NULL, "forge", "x"), ERR_INVALID);
}

static void a_message_may_quote_the_one_it_replaces(void **state)
{
	struct err e;
	(void)state;

	err_set(&e, ERR_STORAGE, "inner");
	err_set(&e, ERR_CONFIG, "outer (%s)", e.text);
	assert_string_equal(e.text, "outer (inner)");
	err_in(&e, "%s", e.text);
	assert_string_equal(e.text, "outer (inner): outer (inner)");
}

static void a_text_that_is_cut_ends_in_a_whole_character(void **state)
{
	static const char *const wide[] = { "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80" };
	char many[600];
	struct err e;
	(void)state;

	for (size_t w = 0; w < 3; w++) {
		for (size_t lead = 0; lead < 4; lead++) {
			size_t len = lead;

			memset(many, 'x', lead);
			while (len + 4 < sizeof many) {
				memcpy(many + len, wide[w], strlen(wide[w]));
				len += strlen(wide[w]);
			}
			many[len] = '\0';
			err_set(&e, ERR_INVALID, "%s", many);
			assert_int_equal(utf8_valid(str_z(e.text)), strlen(e.text));
			assert_in_range(strlen(e.text), sizeof e.text - 4, sizeof e.text - 1);
			err_in(&e, "%s", many);
			assert_int_equal(utf8_valid(str_z(e.text)), strlen(e.text));
		}
	}
}

static enum err_code pass_on(enum err_code code)
{
	TRY(code);
	return ERR_CONFLICT;
}

static void try_returns_failures_and_goes_on_after_success(void **state)
{
	(void)state;

	assert_int_equal(pass_on(ERR_GONE), ERR_GONE);
	assert_int_equal(pass_on(ERR_OK), ERR_CONFLICT);
}

static void every_code_has_a_slug_a_status_and_an_exit_code(void **state)
{
	(void)state;

	for (enum err_code c = ERR_OK; c < ERR_N_CODES; c++) {
		assert_non_null(err_slug(c));
		assert_true(c == ERR_OK ? err_http(c) == 200 : err_http(c) >= 400 && err_http(c) <= 599);
		assert_true((err_exit(c) == 0) == (c == ERR_OK));
	}
	assert_string_equal(err_slug(ERR_TOO_LARGE), "payload_too_large");
	assert_int_equal(err_http(ERR_FULL), 507);
	assert_int_equal(err_exit(ERR_CONFIG), 10);
	assert_true(err_may_retry(ERR_UNAVAILABLE));
	assert_false(err_may_retry(ERR_INVALID));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(failing_fills_the_struct_and_returns_the_code),
		cmocka_unit_test(nobody_has_to_want_the_story),
		cmocka_unit_test(errno_says_why_and_a_full_disk_has_its_own_code),
		cmocka_unit_test(context_goes_in_front_and_the_code_stays),
		cmocka_unit_test(a_wrong_field_is_named_until_something_else_fails),
		cmocka_unit_test(a_message_may_quote_the_one_it_replaces),
		cmocka_unit_test(a_text_that_is_cut_ends_in_a_whole_character),
		cmocka_unit_test(try_returns_failures_and_goes_on_after_success),
		cmocka_unit_test(every_code_has_a_slug_a_status_and_an_exit_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
