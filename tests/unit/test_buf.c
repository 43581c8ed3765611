#include "tests/test.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

static void what_was_added_is_followed_by_a_nul(void **state)
{
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 100);
	assert_string_equal(buf_cstr(&b), "");
	assert_int_equal(buf_view(&b).len, 0);
	buf_add(&b, "ab", 2);
	buf_str(&b, STR("cd"));
	buf_str(&b, (struct str){ NULL, 0 });
	buf_z(&b, "ef");
	buf_char(&b, 'g');
	buf_fmt(&b, "%d-%s", 12, "h");
	assert_string_equal(buf_cstr(&b), "abcdefg12-h");
	assert_int_equal(b.len, 11);
}

static void the_ceiling_itself_still_fits(void **state)
{
	struct err e;
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 5);
	buf_z(&b, "12");
	buf_fmt(&b, "%d", 345);
	assert_string_equal(buf_cstr(&b), "12345");
	assert_int_equal(buf_check(&b, "text", &e), ERR_OK);
	buf_char(&b, '6');
	assert_int_equal(buf_check(&b, "text", &e), ERR_TOO_LARGE);
}

static void what_goes_beyond_is_refused_in_whole_and_so_is_all_after_it(void **state)
{
	struct err e;
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 5);
	buf_z(&b, "123");
	buf_z(&b, "456");
	assert_string_equal(buf_cstr(&b), "123");
	buf_char(&b, '4');
	buf_fmt(&b, "%d", 5);
	assert_string_equal(buf_cstr(&b), "123");
	assert_int_equal(buf_check(&b, "the reply", &e), ERR_TOO_LARGE);
	assert_non_null(strstr(e.text, "the reply"));
	assert_non_null(strstr(e.text, "5 bytes"));
}

static void a_format_that_does_not_fit_adds_nothing(void **state)
{
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 5);
	buf_fmt(&b, "%s", "123456");
	assert_int_equal(b.len, 0);
	assert_true(b.full);
}

static void reset_makes_room_again(void **state)
{
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 3);
	buf_z(&b, "abcd");
	assert_true(b.full);
	buf_reset(&b);
	assert_string_equal(buf_cstr(&b), "");
	buf_z(&b, "abc");
	assert_string_equal(buf_cstr(&b), "abc");
}

static void memory_never_passes_the_ceiling_and_its_nul(void **state)
{
	(void)state;

	for (size_t ceiling = 0; ceiling < 2000; ceiling += 37) {
		AUTO_BUF b;

		buf_init(&b, ceiling);
		for (size_t i = 0; i < ceiling + 10; i++) {
			buf_char(&b, 'x');
			assert_true(b.cap <= ceiling + 1);
		}
		assert_int_equal(b.len, ceiling);
		assert_true(b.full);
	}
}

static void growth_is_geometric(void **state)
{
	size_t cap = 0, n_growths = 0;
	AUTO_BUF b;
	(void)state;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < 1000000; i++) {
		buf_char(&b, 'x');
		n_growths += b.cap != cap;
		cap = b.cap;
	}
	assert_in_range(n_growths, 1, 20);
	assert_int_equal(b.len, 1000000);
}

static void cutting_and_dropping_keep_the_rest(void **state)
{
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 100);
	buf_drop(&b, 0);
	buf_cut(&b, 0);
	buf_z(&b, "hello world");
	buf_drop(&b, 6);
	assert_string_equal(buf_cstr(&b), "world");
	buf_cut(&b, 2);
	assert_string_equal(buf_cstr(&b), "wo");
	buf_drop(&b, 2);
	assert_string_equal(buf_cstr(&b), "");
}

static void taken_bytes_are_the_callers_and_never_null(void **state)
{
	char *p;
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 4);
	p = buf_take(&b);
	assert_string_equal(p, "");
	free(p);
	buf_z(&b, "abcd");
	p = buf_take(&b);
	assert_string_equal(p, "abcd");
	free(p);
	assert_int_equal(b.len, 0);
	buf_z(&b, "efgh");
	assert_string_equal(buf_cstr(&b), "efgh");
	buf_done(&b);
	buf_done(&b);
}

static void what_a_library_writes_is_added_and_has_a_nul_behind(void **state)
{
	struct err e;
	AUTO_BUF b;
	char *room;
	(void)state;

	buf_init(&b, 8);
	buf_z(&b, "ab");
	room = buf_room(&b, 6);
	assert_ptr_equal(room, b.p + 2);
	memcpy(room, "cdefgh", 6);
	buf_wrote(&b, 3);
	assert_string_equal(buf_cstr(&b), "abcde");
	memcpy(buf_room(&b, 3), "xyz", 3);
	buf_wrote(&b, 0);
	assert_string_equal(buf_cstr(&b), "abcde");
	assert_null(buf_room(&b, 4));
	assert_int_equal(buf_check(&b, "text", &e), ERR_TOO_LARGE);
	assert_string_equal(buf_cstr(&b), "abcde");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_followed_by_a_nul),
		cmocka_unit_test(the_ceiling_itself_still_fits),
		cmocka_unit_test(what_goes_beyond_is_refused_in_whole_and_so_is_all_after_it),
		cmocka_unit_test(a_format_that_does_not_fit_adds_nothing),
		cmocka_unit_test(reset_makes_room_again),
		cmocka_unit_test(memory_never_passes_the_ceiling_and_its_nul),
		cmocka_unit_test(growth_is_geometric),
		cmocka_unit_test(cutting_and_dropping_keep_the_rest),
		cmocka_unit_test(taken_bytes_are_the_callers_and_never_null),
		cmocka_unit_test(what_a_library_writes_is_added_and_has_a_nul_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
