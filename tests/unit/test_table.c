#include "tests/test.h"

#include "cli/table.h"
#include "tests/unit/help/place.h"

#include <string.h>

static const char *const headings[] = { "ID", "NAME", "STATE" };

static const char *printed(struct table *t, bool for_terminal)
{
	struct err e = { 0 };
	enum err_code code;
	const char *text;

	place_listen(1);
	code = table_print(t, for_terminal, &e);
	text = place_heard();
	assert_int_equal(code, ERR_OK);
	return text;
}

static void a_terminal_gets_headings_and_columns(void **state)
{
	AUTO_TABLE t;
	(void)state;

	table_init(&t, headings, 3);
	table_put_int(&t, -12345);
	table_put(&t, STR("x"));
	table_put(&t, STR("on"));
	table_put_int(&t, 1);
	table_put(&t, STR("r\xC3\xA9sum\xC3\xA9"));
	table_put(&t, STR("off"));
	assert_string_equal(printed(&t, true), "ID      NAME    STATE\n"
					       "-12345  x       on\n"
					       "1       r\xC3\xA9sum\xC3\xA9  off\n");
}

static void a_pipe_gets_tabs_and_no_headings(void **state)
{
	AUTO_TABLE t;
	(void)state;

	table_init(&t, headings, 3);
	for (int i = 1; i < 3; i++) {
		table_put_int(&t, i);
		table_put(&t, STR("a b"));
		table_put(&t, STR(""));
	}
	assert_string_equal(printed(&t, false), "1\ta b\t\n2\ta b\t\n");
}

static void an_empty_table_is_its_headings_or_nothing(void **state)
{
	AUTO_TABLE t;
	(void)state;

	table_init(&t, headings, 3);
	assert_string_equal(printed(&t, false), "");
	assert_string_equal(printed(&t, true), "ID  NAME  STATE\n");
}

static void one_column_has_no_blanks_behind_it(void **state)
{
	AUTO_TABLE t;
	(void)state;

	table_init(&t, headings, 1);
	table_put(&t, STR("longer than its heading"));
	assert_string_equal(printed(&t, true), "ID\nlonger than its heading\n");
}

static void cells_never_break_the_rows_nor_reach_the_terminal(void **state)
{
	AUTO_TABLE t;
	const char *text;
	(void)state;

	table_init(&t, headings, 3);
	table_put(&t, STR("a\tb\nc\rd"));
	table_put(&t, STR("\x1b[31mred\x1b[0m \x1b]0;title\x07"
			  "\x9b"
			  "\xC2\x9b"));
	table_put(&t, STR("\xE2\x80\xAE"
			  "fdp.exe\0"));
	text = printed(&t, false);
	for (const char *p = text; *p; p++)
		assert_true((unsigned char)*p >= ' ' || *p == '\t' || *p == '\n');
	assert_int_equal(strcspn(text, "\n") + 1, strlen(text));
	assert_non_null(strstr(text, "a\\u{9}b\\u{a}c\\u{d}d\tred "));
	assert_non_null(strstr(text, "\\u{202e}fdp.exe\\u{0}"));
	assert_null(strstr(text, "\xC2\x9b"));
}

static void a_long_cell_is_cut_and_says_so(void **state)
{
	static char longer[1000000];
	AUTO_TABLE t;
	const char *text;
	(void)state;

	memset(longer, 'x', sizeof longer);
	for (size_t len = 300; len <= sizeof longer; len += sizeof longer - 300) {
		table_init(&t, headings, 2);
		table_put(&t, (struct str){ longer, len });
		table_put(&t, STR("y"));
		text = printed(&t, false);
		assert_int_equal(strlen(text), 300 + 3);
		assert_int_equal(strstr(text, "...\ty\n") != NULL, len > 300);
		table_done(&t);
	}
	/* Bytes that are shown as many. */
	memset(longer, 1, sizeof longer);
	table_init(&t, headings, 1);
	table_put(&t, (struct str){ longer, sizeof longer });
	text = printed(&t, false);
	assert_true(strlen(text) <= 301);
	assert_non_null(strstr(text, "...\n"));
}

static void many_rows_are_all_printed(void **state)
{
	AUTO_TABLE t;
	const char *text;
	(void)state;

	table_init(&t, headings, 1);
	for (int i = 0; i < 10000; i++)
		table_put_int(&t, i % 10);
	text = printed(&t, false);
	assert_int_equal(strlen(text), 20000);
	assert_int_equal(strncmp(text, "0\n1\n2\n", 6), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_terminal_gets_headings_and_columns),
		cmocka_unit_test(a_pipe_gets_tabs_and_no_headings),
		cmocka_unit_test(an_empty_table_is_its_headings_or_nothing),
		cmocka_unit_test(one_column_has_no_blanks_behind_it),
		cmocka_unit_test(cells_never_break_the_rows_nor_reach_the_terminal),
		cmocka_unit_test(a_long_cell_is_cut_and_says_so),
		cmocka_unit_test(many_rows_are_all_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
