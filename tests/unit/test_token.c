/* token: what a new one looks like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/token.h"
#include "text/mask.h"

#include <string.h>

static void a_token_is_a_prefix_and_43_characters_of_base64url(void **state)
{
	AUTO_BUF token;

	(void)state;
	buf_init(&token, 100);
	token_make(&token);
	assert_int_equal(token.len, 4 + 43);
	assert_true(str_starts(buf_view(&token), STR("slc_")));
	assert_int_equal(strspn(buf_cstr(&token) + 4,
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
		43);
}

static void no_two_tokens_are_alike(void **state)
{
	AUTO_BUF tokens;

	(void)state;
	buf_init(&tokens, 100 * 47);
	for (int i = 0; i < 100; i++)
		token_make(&tokens);
	for (size_t i = 0; i < 100; i++)
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(tokens.p + 47 * i + 4, tokens.p + 47 * k + 4, 43);
}

static void a_token_is_appended(void **state)
{
	AUTO_BUF b;

	(void)state;
	buf_init(&b, 100);
	buf_z(&b, "token: ");
	token_make(&b);
	assert_true(str_starts(buf_view(&b), STR("token: slc_")));
}

static void a_token_that_was_printed_is_masked_by_its_looks(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		AUTO_BUF text;
		AUTO_BUF masked;

		buf_init(&text, 200);
		buf_init(&masked, 200);
		buf_z(&text, "made ");
		token_make(&text);
		buf_z(&text, " for you");
		assert_int_equal(mask_shapes(buf_view(&text), &masked), 1);
		assert_string_equal(buf_cstr(&masked), "made *** for you");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_a_prefix_and_43_characters_of_base64url),
		cmocka_unit_test(no_two_tokens_are_alike),
		cmocka_unit_test(a_token_is_appended),
		cmocka_unit_test(a_token_that_was_printed_is_masked_by_its_looks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
