#include "tests/test.h"

#include "agent/work_folder.h"
#include "base/file.h"
#include "tests/unit/help/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err e;

static const char *in_place(const char *name)
{
	static char path[200];

	snprintf(path, sizeof path, "%s/%s", place_path, name);
	return path;
}

static struct work_folder *open_here(const char *parent)
{
	struct work_folder *f = NULL;

	assert_int_equal(work_folder_open(in_place(parent), &f, &e), ERR_OK);
	return f;
}

static void each_test_has_folders_of_its_own(void **state)
{
	struct work_folder *f = open_here("new/parent");
	struct work_place p, q;
	struct stat st;
	AUTO_ARENA a;

	(void)state;
	arena_init(&a);
	assert_int_equal(work_folder_make(f, &a, &p, &e), ERR_OK);
	assert_int_equal(work_folder_make(f, &a, &q, &e), ERR_OK);
	assert_string_not_equal(p.path, q.path);
	assert_true(file_exists(p.in) && file_exists(p.out) && file_exists(p.home));
	assert_int_equal(stat(p.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	work_folder_remove(f, &p);
	assert_false(file_exists(p.path));
	assert_true(file_exists(q.path));
	work_folder_close(f);
	assert_int_equal(place_n_files("new/parent"), 0);
}

static void a_folder_with_a_name_that_shells_read_is_refused(void **state)
{
	struct work_folder *f = NULL;

	(void)state;
	assert_int_equal(work_folder_open(in_place("a b"), &f, &e), ERR_INVALID);
	assert_int_equal(mkdir("c;d", 0700), 0);
	assert_int_equal(symlink("c;d", "link"), 0);
	assert_int_equal(work_folder_open(in_place("link"), &f, &e), ERR_INVALID);
	assert_null(f);
}

static void what_a_killed_worker_left_goes_and_what_is_in_use_stays(void **state)
{
	struct work_folder *f = open_here("parent"), *g;
	struct work_place p;
	pid_t pid = fork();
	int status;
	AUTO_ARENA a;

	(void)state;
	arena_init(&a);
	if (pid == 0) {
		struct work_folder *left = NULL;

		_exit(work_folder_open(in_place("parent"), &left, &e) == ERR_OK &&
					work_folder_make(left, &a, &p, &e) == ERR_OK
				? 0
				: 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	place_put("parent/sluice-work-file", STR("not a folder"));
	place_put("parent/sluice-work-backup/of-a-person", STR("x"));
	assert_int_equal(work_folder_make(f, &a, &p, &e), ERR_OK);

	g = open_here("parent");
	assert_int_equal(place_n_files("parent"), 4); /* f's, g's, and what is not ours */
	assert_true(file_exists(p.out));
	assert_true(file_exists(in_place("parent/sluice-work-file")));
	assert_true(file_exists(in_place("parent/sluice-work-backup/of-a-person")));
	work_folder_close(f);
	work_folder_close(g);
	work_folder_close(NULL);
	assert_int_equal(place_n_files("parent"), 2);
}

static bool take_down(const char *name)
{
	AUTO_FD here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return work_tree_remove(here, name);
}

static void links_are_not_followed(void **state)
{
	(void)state;
	place_put("kept/file", STR("x"));
	place_put("tree/sub/file", STR("x"));
	assert_int_equal(symlink("../kept", "tree/link"), 0);
	assert_int_equal(symlink("../../kept", "tree/sub/link"), 0);
	assert_int_equal(symlink("kept", "top"), 0);
	assert_true(take_down("tree"));
	assert_false(take_down("top"));
	assert_false(file_exists("tree"));
	assert_true(file_exists("kept/file"));
}

static void a_tree_of_any_depth_goes_with_few_descriptors(void **state)
{
	struct rlimit before, few;
	int depth = 300; /* of 25 bytes: longer than a path may be */

	(void)state;
	assert_int_equal(mkdir("tree", 0700), 0);
	assert_int_equal(chdir("tree"), 0);
	for (int i = 0; i < depth; i++) {
		assert_int_equal(mkdir("a-name-that-is-not-short", 0700), 0);
		assert_int_equal(mkdir(".0", 0700), 0); /* a name that we give too */
		place_put("file", STR("x"));
		assert_int_equal(chdir("a-name-that-is-not-short"), 0);
	}
	assert_int_equal(chdir(place_path), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 16;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_true(take_down("tree"));
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_false(file_exists("tree"));
}

/* As somebody who is held to modes. */
static void modes_stand_in_nobodys_way(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	place_put("tree/a/b/c/file", STR("x"));
	place_put("tree/a/other/file", STR("x"));
	assert_int_equal(chmod("tree/a/b/c", 0), 0);
	assert_int_equal(chmod("tree/a/b", 0), 0);
	assert_int_equal(chmod("tree/a/other", 0500), 0);
	assert_int_equal(chmod("tree/a", 0500), 0);
	assert_int_equal(chmod("tree", 0500), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0) {
			const char *all[] = { ".", "tree", "tree/a", "tree/a/b", "tree/a/b/c",
				"tree/a/b/c/file", "tree/a/other", "tree/a/other/file" };

			for (size_t i = 0; i < sizeof all / sizeof *all; i++)
				if (chown(all[i], 65534, 65534) != 0)
					_exit(2);
			if (setuid(65534) != 0)
				_exit(3);
		}
		_exit(take_down("tree") ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(file_exists("tree"));
}

static void what_is_not_there_is_not_removed(void **state)
{
	(void)state;
	assert_false(take_down("nothing"));
	place_put("file", STR("x"));
	assert_false(take_down("file"));
	assert_true(file_exists("file"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_test_has_folders_of_its_own, place_make, place_remove),
		cmocka_unit_test_setup_teardown(
			a_folder_with_a_name_that_shells_read_is_refused, place_make, place_remove),
		cmocka_unit_test_setup_teardown(
			what_a_killed_worker_left_goes_and_what_is_in_use_stays, place_make, place_remove),
		cmocka_unit_test_setup_teardown(links_are_not_followed, place_make, place_remove),
		cmocka_unit_test_setup_teardown(
			a_tree_of_any_depth_goes_with_few_descriptors, place_make, place_remove),
		cmocka_unit_test_setup_teardown(modes_stand_in_nobodys_way, place_make, place_remove),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_not_removed, place_make, place_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
