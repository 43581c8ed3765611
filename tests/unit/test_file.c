#include "tests/test.h"

#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[32];

static int make_folder(void **state)
{
	(void)state;

	strcpy(folder, "/tmp/test_file.XXXXXX");
	assert_non_null(mkdtemp(folder));
	return chdir(folder);
}

static void remove_all(const char *path)
{
	char below[600];
	DIR *d = opendir(path);

	for (struct dirent *x; d && (x = readdir(d));) {
		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof below, "%s/%s", path, x->d_name);
		if (unlink(below) != 0)
			remove_all(below);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

static int remove_folder(void **state)
{
	(void)state;

	remove_all(folder);
	return chdir("/");
}

static size_t n_entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void assert_holds(const char *path, const char *text)
{
	AUTO_BUF b;

	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(path, 1 << 20, &b, NULL), ERR_OK);
	assert_string_equal(buf_cstr(&b), text);
}

static void reading_appends_the_whole_file(void **state)
{
	AUTO_BUF b;
	(void)state;

	assert_int_equal(file_write_atomic("f", STR("x\0y"), 0600, NULL), ERR_OK);
	buf_init(&b, 100);
	buf_z(&b, "ab");
	assert_int_equal(file_read("f", 3, &b, NULL), ERR_OK);
	assert_int_equal(b.len, 5);
	assert_memory_equal(b.p, "abx\0y", 5);
}

static void a_missing_file_is_not_found_and_is_named(void **state)
{
	struct err e;
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 100);
	assert_int_equal(file_read("none", 100, &b, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "none"));
	assert_int_equal(file_read("none/below", 100, &b, &e), ERR_NOT_FOUND);
	assert_int_equal(file_read(".", 100, &b, &e), ERR_STORAGE);
	assert_false(file_exists("none"));
	assert_true(file_exists("."));
}

static void a_file_over_the_limit_leaves_the_buffer_as_it_was(void **state)
{
	struct err e;
	AUTO_BUF b;
	(void)state;

	assert_int_equal(file_write_atomic("f", STR("12345"), 0600, NULL), ERR_OK);
	buf_init(&b, 6);
	buf_z(&b, "ab");
	assert_int_equal(file_read("f", 4, &b, &e), ERR_TOO_LARGE);
	assert_int_equal(file_read("f", 100, &b, &e), ERR_TOO_LARGE);
	assert_int_equal(file_read("/dev/zero", SIZE_MAX, &b, &e), ERR_TOO_LARGE);
	assert_string_equal(buf_cstr(&b), "ab");
	assert_false(b.full);
}

static void writing_replaces_and_leaves_nothing_beside(void **state)
{
	(void)state;

	assert_int_equal(file_write_atomic("f", STR("old"), 0600, NULL), ERR_OK);
	assert_int_equal(mode_of("f"), 0600);
	assert_int_equal(file_write_atomic("f", STR("new"), 0644, NULL), ERR_OK);
	assert_int_equal(mode_of("f"), 0644);
	assert_holds("f", "new");
	assert_int_equal(n_entries("."), 1);
}

static void a_failed_write_leaves_the_old_file_and_nothing_beside(void **state)
{
	struct err e;
	(void)state;

	assert_int_equal(mkdir("f", 0700), 0);
	assert_int_equal(mkdir("f/x", 0700), 0);
	assert_int_equal(file_write_atomic("f", STR("new"), 0600, &e), ERR_STORAGE);
	assert_int_equal(n_entries("."), 1);
	assert_int_equal(file_write_atomic("none/f", STR("new"), 0600, &e), ERR_STORAGE);
	assert_non_null(strstr(e.text, "none/f"));
}

static void creating_never_replaces(void **state)
{
	struct err e;
	(void)state;

	assert_int_equal(file_create("f", STR("first"), 0640, &e), ERR_OK);
	assert_int_equal(mode_of("f"), 0640);
	assert_int_equal(file_create("f", STR("second"), 0600, &e), ERR_CONFLICT);
	assert_holds("f", "first");
	assert_int_equal(n_entries("."), 1);
}

static void a_full_disk_is_called_full(void **state)
{
	AUTO_FD fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err e;
	(void)state;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, STR("x"), &e), ERR_FULL);
	assert_int_equal(e.code, ERR_FULL);
}

static void folders_are_made_with_their_parents(void **state)
{
	struct err e;
	(void)state;

	assert_int_equal(dir_make("a/b//c/", 0700, &e), ERR_OK);
	assert_int_equal(mode_of("a/b/c"), 0700);
	assert_int_equal(dir_make("a/b/c", 0755, &e), ERR_OK);
	assert_int_equal(mode_of("a/b/c"), 0700);
	assert_int_equal(dir_make("/", 0700, &e), ERR_OK);
	assert_int_equal(dir_make("", 0700, &e), ERR_STORAGE);
	assert_int_equal(dir_sync("a/b", &e), ERR_OK);
}

static void a_file_in_the_way_is_named(void **state)
{
	struct err e;
	(void)state;

	assert_int_equal(file_create("a", STR(""), 0600, &e), ERR_OK);
	assert_int_equal(dir_make("a", 0700, &e), ERR_STORAGE);
	assert_string_equal(e.text, "a is there and is no folder");
	assert_int_equal(dir_make("a/b", 0700, &e), ERR_STORAGE);
	assert_int_equal(dir_sync("a", &e), ERR_STORAGE);
	assert_int_equal(dir_sync("none", &e), ERR_STORAGE);
}

static void *drain(void *arg)
{
	char piece[700];
	ssize_t n;
	size_t *total = arg;

	while ((n = read((int)*total, piece, sizeof piece)) > 0)
		total[1] += (size_t)n;
	return NULL;
}

static void a_long_write_to_a_pipe_arrives_in_whole(void **state)
{
	static char big[300000];
	size_t reader[2] = { 0, 0 };
	pthread_t thread;
	int fds[2];
	(void)state;

	assert_int_equal(pipe(fds), 0);
	reader[0] = (size_t)fds[0];
	assert_int_equal(pthread_create(&thread, NULL, drain, reader), 0);
	assert_int_equal(fd_write_all(fds[1], (struct str){ big, sizeof big }, NULL), ERR_OK);
	fd_close(&fds[1]);
	pthread_join(thread, NULL);
	assert_int_equal(reader[1], sizeof big);
	fd_close(&fds[0]);
	assert_int_equal(fds[0], -1);
	fd_close(&fds[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reading_appends_the_whole_file),
		TEST(a_missing_file_is_not_found_and_is_named),
		TEST(a_file_over_the_limit_leaves_the_buffer_as_it_was),
		TEST(writing_replaces_and_leaves_nothing_beside),
		TEST(a_failed_write_leaves_the_old_file_and_nothing_beside),
		TEST(creating_never_replaces),
		TEST(a_full_disk_is_called_full),
		TEST(folders_are_made_with_their_parents),
		TEST(a_file_in_the_way_is_named),
		TEST(a_long_write_to_a_pipe_arrives_in_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
