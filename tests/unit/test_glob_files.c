/* glob_files: patterns name the files that a shell with "**" would, and nothing else. */
#include "tests/test.h"

#include "agent/glob_files.h"
#include "base/buf.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char before[4096], folder[64];

static void put(const char *path)
{
	char copy[200];
	struct err e;

	snprintf(copy, sizeof copy, "%s", path);
	if (strrchr(copy, '/')) {
		*strrchr(copy, '/') = '\0';
		assert_int_equal(dir_make(copy, 0700, &e), ERR_OK);
	}
	assert_int_equal(file_create(path, STR("x"), 0600, &e), ERR_OK);
}

static int up(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/sluice-test-XXXXXX");
	if (!getcwd(before, sizeof before) || !mkdtemp(folder) || chdir(folder) != 0)
		return -1;
	put("a.xml");
	put("b.txt");
	put(".hidden.xml");
	put("d/a.xml");
	put("d/e/TEST-1.xml");
	put("d/e/TEST-2.xml");
	put("d/.git/a.xml");
	put("with [brackets]/a.xml");
	if (symlink("d", "link") != 0 || symlink("..", "d/up") != 0 || symlink("gone", "broken.xml") != 0 ||
		symlink("d/a.xml", "linked.xml") != 0 || mkdir("folder.xml", 0700) != 0)
		return -1;
	return 0;
}

static int down(void **state)
{
	char command[100];
	(void)state;

	snprintf(command, sizeof command, "rm -r %s", folder);
	return chdir(before) != 0 || system(command) != 0;
}

struct taken {
	char paths[50][200];
	size_t n;
};

static void take(void *arg, const char *path, const struct stat *st)
{
	struct taken *t = arg;

	assert_true(S_ISREG(st->st_mode));
	assert_true(t->n < 50);
	snprintf(t->paths[t->n++], sizeof t->paths[0], "%s", path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void matches(const char *pattern, const char *want)
{
	struct taken t = { .n = 0 };
	AUTO_BUF got;

	buf_init(&got, SIZE_MAX);
	assert_true(glob_files_each(pattern, take, &t));
	qsort(t.paths, t.n, sizeof t.paths[0], by_name);
	for (size_t i = 0; i < t.n; i++)
		buf_fmt(&got, "%s%s", i > 0 ? " " : "", t.paths[i]);
	if (strcmp(buf_cstr(&got), want) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", pattern, buf_cstr(&got), want);
}

static void names_and_wildcards(void **state)
{
	(void)state;
	matches("a.xml", "a.xml");
	matches("nobody.xml", "");
	matches("*.xml", "a.xml linked.xml");
	matches("?.xml", "a.xml");
	matches("[bc].txt", "b.txt");
	matches("*/a.xml", "d/a.xml link/a.xml with [brackets]/a.xml");
	matches("d/*/*.xml", "d/e/TEST-1.xml d/e/TEST-2.xml d/up/a.xml d/up/linked.xml");
	matches("./d//a.xml", "./d/a.xml");
	matches("d/../a.xml", "d/../a.xml");
	matches(".hidden.xml", ".hidden.xml");
	matches(".*.xml", ".hidden.xml");
	matches("", "");
	matches("/", "");
	matches("d/", "");
}

static void two_stars_go_through_folders_and_not_through_links_or_hidden_ones(void **state)
{
	(void)state;
	matches("**/TEST-*.xml", "d/e/TEST-1.xml d/e/TEST-2.xml");
	matches("**/a.xml", "a.xml d/a.xml with [brackets]/a.xml");
	matches("d/**/*.xml", "d/a.xml d/e/TEST-1.xml d/e/TEST-2.xml");
	matches("d/**", "d/a.xml d/e/TEST-1.xml d/e/TEST-2.xml");
	matches("d/**/e/TEST-1.xml", "d/e/TEST-1.xml");
}

static void from_the_root_as_well(void **state)
{
	char pattern[200], want[200];
	(void)state;

	snprintf(pattern, sizeof pattern, "%s/d/*/TEST-1.xml", folder);
	snprintf(want, sizeof want, "%s/d/e/TEST-1.xml", folder);
	matches(pattern, want);
}

static void a_pattern_that_goes_down_for_ever_ends(void **state)
{
	struct taken t = { .n = 0 };
	char deep[3 * 200 + 20] = "";
	(void)state;

	for (int i = 0; i < 200; i++)
		strcat(deep, "d/u");
	strcat(deep, "*");
	glob_files_each(deep, take, &t);
	glob_files_each("d/up/d/up/d/up/d/up/d/up/d/up/d/up/d/up/d/up/d/up/d/up/d/up/d/up/d/up/d/up/d/up/d/"
			"up/d/up/d/up/d/up/"
			"d/up/d/up/d/up/d/up/d/up/a.xml",
		take, &t);
	assert_int_equal(t.n, 0);
}

static void what_is_a_pattern(void **state)
{
	(void)state;
	assert_true(glob_is_pattern(STR("*.xml")));
	assert_true(glob_is_pattern(STR("a?")));
	assert_true(glob_is_pattern(STR("[ab]")));
	assert_false(glob_is_pattern(STR("a/b.xml")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_wildcards),
		cmocka_unit_test(two_stars_go_through_folders_and_not_through_links_or_hidden_ones),
		cmocka_unit_test(from_the_root_as_well),
		cmocka_unit_test(a_pattern_that_goes_down_for_ever_ends),
		cmocka_unit_test(what_is_a_pattern),
	};

	return cmocka_run_group_tests_name("glob_files", tests, up, down);
}
