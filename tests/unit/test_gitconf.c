#include "tests/test.h"

#include "base/gitconf.h"

#include "base/buf.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[40];

static int make_folder(void **state)
{
	(void)state;

	strcpy(folder, "/tmp/test_gitconf.XXXXXX");
	assert_non_null(mkdtemp(folder));
	return chdir(folder);
}

static int remove_folder(void **state)
{
	(void)state;

	unlink("t.conf");
	unlink("other.conf");
	rmdir(folder);
	return chdir("/");
}

static enum err_code list(void *arg, const struct gitconf_entry *entry, struct err *e)
{
	(void)e;
	buf_fmt(arg, "%s=%s%s\n", entry->name, entry->has_value ? "" : "(none)", entry->value);
	return ERR_OK;
}

static enum err_code read_text(struct str text, struct buf *out, struct err *e)
{
	assert_int_equal(file_write_atomic("t.conf", text, 0600, NULL), ERR_OK);
	return gitconf_each("t.conf", list, out, e);
}

static void assert_lists(struct str text, const char *want)
{
	struct err e = { .text = "" };
	AUTO_BUF out;

	buf_init(&out, 10000);
	if (read_text(text, &out, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_string_equal(buf_cstr(&out), want);
}

/* ERR_CONFIG with these words, and not one entry handed on. */
static void assert_refused(struct str text, const char *where, const char *why)
{
	struct err e;
	AUTO_BUF out;

	buf_init(&out, 10000);
	assert_int_equal(read_text(text, &out, &e), ERR_CONFIG);
	assert_int_equal(out.len, 0);
	if (!strstr(e.text, where) || !strstr(e.text, why))
		fail_msg("%s; wanted: %s %s", e.text, where, why);
}

static void entries_come_in_file_order_with_their_subsections(void **state)
{
	(void)state;

	assert_lists(STR("# c\n[HTTP]\n\tListen = 127.0.0.1:80 ; c\n[forge \"Code.Example\"]\nUrl = "
			 "\"https://x/#a\"\n"
			 "[http]\nlisten=b\nflag\nempty=\n"),
		"http.listen=127.0.0.1:80\nforge.Code.Example.url=https://x/"
		"#a\nhttp.listen=b\nhttp.flag=(none)\n"
		"http.empty=\n");
}

static void values_are_unquoted_and_joined(void **state)
{
	(void)state;

	assert_lists(STR("[a]\nx = \" two  words \"\ny = a\\\n  b\nz = \"\\t\\\"\\\\\"\n"),
		"a.x= two  words \na.y=a  b\na.z=\t\"\\\n");
	assert_lists(STR("[a]\r\nx=1\r\n"), "a.x=1\n");
	assert_lists(STR("\xEF\xBB\xBF[a]\nx=1"), "a.x=1\n");
	assert_lists(STR(""), "");
}

static void a_missing_file_is_not_found(void **state)
{
	struct err e;
	(void)state;

	assert_int_equal(gitconf_each("none.conf", list, NULL, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "none.conf"));
	assert_int_equal(gitconf_each(".", list, NULL, &e), ERR_CONFIG);
	assert_int_equal(gitconf_each(".", list, NULL, NULL), ERR_CONFIG);
}

static void a_mistake_is_told_with_file_and_line(void **state)
{
	(void)state;

	assert_refused(STR("[a]\nx=1\n[b\ny=1\n"), "t.conf:3", "section header");
	assert_refused(STR("[a]\nx=1\n!=1\n"), "t.conf:3", "invalid");
	assert_refused(STR("[a]\nx=\"\\\\\"\nx=a\\qb\n"), "t.conf:3", "invalid escape");
	assert_refused(STR("x=1\n[a]\ny=1\n"), "t.conf", "\"x\" stands before the first [section]");
}

static void an_error_does_not_quote_a_value(void **state)
{
	struct err e;
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 100);
	assert_int_equal(read_text(STR("[a]\ntoken = abc\\qsecret\n"), &out, &e), ERR_CONFIG);
	assert_null(strstr(e.text, "secret"));
	assert_int_equal(read_text(STR("[a]\n!token = secret\n"), &out, &e), ERR_CONFIG);
	assert_null(strstr(e.text, "secret"));
}

static void a_nul_does_not_cut_a_value_short(void **state)
{
	(void)state;

	assert_refused(STR("[a]\nx=secret\0tail\n"), "t.conf:2", "NUL");
	assert_refused(STR("[a]\n\0"), "t.conf:2", "NUL");
}

static void other_files_are_never_read_in(void **state)
{
	const struct str texts[] = {
		STR("[a]\nx=1\n[include]\npath = other.conf\n"),
		STR("[a]\nx=1\n\t[INCLUDE] path = other.conf\n"),
		STR("[a]\nx=1\n[include \"x\"]\npath = other.conf\n"),
		STR("[a]\nx=1\n[includeIf \"gitdir:/\"]\npath = other.conf\n"),
		STR("[a]\nx=1\n[b] [include] path = other.conf\n"),
		STR("[a]\nx=1\n[include.x]\npath = other.conf\n"),
		STR("[a]\nx=1\n[include]\npath = missing.conf\n"),
		STR("[a]\nx=1\n[include]\n"),
	};
	(void)state;

	assert_int_equal(file_write_atomic("other.conf", STR("[secret]\nx=1\n"), 0600, NULL), ERR_OK);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		assert_refused(texts[i], "t.conf", "cannot be included");
	assert_refused(texts[0], "t.conf:3", "cannot be included");
	assert_lists(
		STR("[includes]\nx=1\n[included]\ny=[include]\n"), "includes.x=1\nincluded.y=[include]\n");
}

static void a_file_over_a_mebibyte_is_refused(void **state)
{
	static char big[(1 << 20) + 1];
	(void)state;

	memset(big, '\n', sizeof big);
	assert_refused((struct str){ big, sizeof big }, "t.conf", "limit");
}

static enum err_code refuse_second(void *arg, const struct gitconf_entry *entry, struct err *e)
{
	int *n = arg;

	return ++*n == 2 ? err_set(e, ERR_CONFLICT, "no %s", entry->name) : ERR_OK;
}

static void the_receivers_error_ends_it_and_is_passed_on(void **state)
{
	struct err e;
	int n = 0;
	(void)state;

	assert_int_equal(file_write_atomic("t.conf", STR("[a]\nx=1\ny=2\nz=3\n"), 0600, NULL), ERR_OK);
	assert_int_equal(gitconf_each("t.conf", refuse_second, &n, &e), ERR_CONFLICT);
	assert_string_equal(e.text, "no a.y");
	assert_int_equal(n, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(entries_come_in_file_order_with_their_subsections),
		TEST(values_are_unquoted_and_joined),
		TEST(a_missing_file_is_not_found),
		TEST(a_mistake_is_told_with_file_and_line),
		TEST(an_error_does_not_quote_a_value),
		TEST(a_nul_does_not_cut_a_value_short),
		TEST(other_files_are_never_read_in),
		TEST(a_file_over_a_mebibyte_is_refused),
		TEST(the_receivers_error_ends_it_and_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
