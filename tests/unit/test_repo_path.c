/* repo_path: what runners put in front of a path goes, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain/repo_path.h"

#include <stdio.h>
#include <string.h>

static void assert_path(const char *path, const char *want)
{
	AUTO_ARENA a;

	arena_init(&a);
	struct str got = repo_path(str_z(path), &a);
	if (!str_eq(got, str_z(want)))
		fail_msg("%s: \"%.*s\" is not \"%s\"", path, STR_FMT(got), want);
}

static void what_is_relative_to_the_repo_stays(void **state)
{
	(void)state;
	assert_path("src/a.c", "src/a.c");
	assert_path("./src//b/../a.c", "src/a.c");
	assert_path("  a.c ", "a.c");
	assert_path("../other/a.c", "../other/a.c");
	assert_path("a/../../b.c", "../b.c");
	assert_path("src\\win\\a.cs", "src/win/a.cs");
	assert_path("dir/odd\\name.c", "dir/odd\\name.c");
	assert_path("src/", "src/");
	assert_path("", "");
	assert_path("/", "/");
}

static void checkouts_of_runners_are_taken_off(void **state)
{
	static const char *const prefixes[] = { "/home/runner/work/app/app/", "/Users/runner/work/app/app/",
		"/__w/app/app/", "/github/workspace/", "D:\\a\\app\\app\\", "c:/a/app/app/",
		"/builds/owner/repo/", "/home/vsts/work/1/s/", "/opt/actions-runner/_work/app/app/",
		"/root/.cache/act/0123abcd/hostexecutor/", "/var/lib/jenkins/workspace/job/",
		"/home/circleci/project/", "/drone/src/", "/woodpecker/src/git.example/owner/repo/",
		"/builds/worker/checkouts/gecko/", "C:\\agents\\7\\_work\\app\\app\\" };

	(void)state;
	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		char path[200];

		snprintf(path, sizeof path, "%ssrc/a.c", prefixes[i]);
		assert_path(path, "src/a.c");
	}
}

static void a_folder_that_only_looks_alike_stays(void **state)
{
	(void)state;
	assert_path("/home/runner/work/app/other/a.c", "/home/runner/work/app/other/a.c");
	assert_path("/usr/include/stdio.h", "/usr/include/stdio.h");
	assert_path("/builds/owner/repo", "/builds/owner/repo");
	assert_path("/home/runner/work/app/app/", "/home/runner/work/app/app/");
	assert_path("builds/owner/repo/a.c", "builds/owner/repo/a.c");
	assert_path("C:\\Program Files\\x.h", "C:/Program Files/x.h");
}

static void uris_are_decoded(void **state)
{
	(void)state;
	assert_path("file:///home/runner/work/app/app/a%20b.c", "a b.c");
	assert_path("file:///D:/a/app/app/src/a.cs", "src/a.cs");
	assert_path("file:///etc/x%2", "/etc/x%2");
	assert_path("file://host/x/a.c", "/x/a.c");
	assert_path("file:", "");
}

static void what_is_too_long_is_no_path(void **state)
{
	char path[REPO_PATH_MAX + 2];

	(void)state;
	memset(path, 'a', sizeof path);
	path[REPO_PATH_MAX + 1] = '\0';
	assert_path(path, "");
	path[REPO_PATH_MAX] = '\0';
	assert_path(path, path);
	for (size_t i = 0; i < REPO_PATH_MAX; i++)
		path[i] = i % 2 ? '/' : '_';
	assert_path(path, path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_relative_to_the_repo_stays),
		cmocka_unit_test(checkouts_of_runners_are_taken_off),
		cmocka_unit_test(a_folder_that_only_looks_alike_stays),
		cmocka_unit_test(uris_are_decoded),
		cmocka_unit_test(what_is_too_long_is_no_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
