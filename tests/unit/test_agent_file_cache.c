#include "tests/test.h"

#include "agent/file_cache.h"
#include "base/arena.h"
#include "base/digest.h"
#include "tests/unit/help/place.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena arena;
static int64_t now;
static struct file_cache *cache; /* with room for 1000 bytes, in "cache" */

static int64_t tell_now(void *arg)
{
	(void)arg;
	return now;
}

static const struct clock test_clock = { .wall_ms = tell_now, .steady_ms = tell_now };

static struct file_cache *open_with(int64_t max_bytes)
{
	struct file_cache *c = NULL;
	struct err e = { 0 };

	if (file_cache_open("cache", max_bytes, &test_clock, &c, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return c;
}

static void reopen(int64_t max_bytes)
{
	file_cache_close(cache);
	cache = open_with(max_bytes);
}

static int set_up(void **state)
{
	now = clock_wall_ms(&clock_system);
	arena_init(&arena);
	if (place_make(state) != 0)
		return -1;
	cache = open_with(1000);
	return 0;
}

static int tear_down(void **state)
{
	file_cache_close(cache);
	arena_done(&arena);
	return place_remove(state);
}

static struct str digest_of(struct str bytes)
{
	struct sha256 d = sha256_of(bytes);
	AUTO_BUF hex;

	buf_init(&hex, 100);
	hex_encode(d.b, sizeof d.b, &hex);
	return arena_str(&arena, buf_view(&hex));
}

/* A file of this size that is like no other of another n. */
static struct str bytes_of(size_t size, int n)
{
	return arena_fmt(&arena, "%-*d", (int)size, n);
}

static enum err_code try_put(
	struct file_cache *c, struct str bytes, struct str digest, const char **ret_path, struct err *e)
{
	struct file_incoming *f = NULL;
	enum err_code code = file_cache_begin(c, &f, e);

	/* In two pieces. */
	if (code == ERR_OK)
		code = file_incoming_add(f, (struct str){ bytes.p, bytes.len / 2 }, e);
	if (code == ERR_OK)
		code = file_incoming_add(f, str_from(bytes, bytes.len / 2), e);
	if (code == ERR_OK)
		code = file_incoming_keep(f, digest, ret_path, e);
	file_incoming_end(f);
	return code;
}

/* Kept, and still pinned. */
static const char *put_pinned(struct file_cache *c, struct str bytes)
{
	const char *path = NULL;
	struct err e = { 0 };

	now += 1000;
	if (try_put(c, bytes, digest_of(bytes), &path, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return path;
}

static struct str put(struct file_cache *c, struct str bytes)
{
	put_pinned(c, bytes);
	file_cache_release(c, digest_of(bytes));
	return digest_of(bytes);
}

static const char *get_pinned(struct file_cache *c, struct str digest)
{
	const char *path = NULL;
	struct err e = { 0 };

	now += 1000;
	if (file_cache_get(c, digest, &path, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return path;
}

static bool is_there(struct file_cache *c, struct str digest)
{
	const char *path = NULL;
	enum err_code code = file_cache_get(c, digest, &path, NULL);

	if (code == ERR_OK)
		file_cache_release(c, digest);
	else
		assert_int_equal(code, ERR_NOT_FOUND);
	return code == ERR_OK;
}

static const char *path_of(struct str digest)
{
	return arena_fmt(&arena, "cache/%.*s", STR_FMT(digest)).p;
}

/* Without asking the cache, for which asking is using. */
static bool is_in_folder(struct str digest)
{
	return access(path_of(digest), F_OK) == 0;
}

static void assert_holds(const char *path, struct str bytes)
{
	AUTO_BUF have;

	buf_init(&have, 10000);
	place_get(path, &have);
	assert_true(str_eq(buf_view(&have), bytes));
}

/* ---- in and out ---- */

static void what_was_kept_is_given_again(void **state)
{
	struct str bytes = STR("what a test needs"), digest = digest_of(bytes);
	(void)state;

	assert_false(is_there(cache, digest));
	assert_holds(put_pinned(cache, bytes), bytes);
	file_cache_release(cache, digest);
	assert_holds(get_pinned(cache, digest), bytes);
	file_cache_release(cache, digest);
	reopen(1000);
	assert_holds(get_pinned(cache, digest), bytes);
	file_cache_release(cache, digest);
	assert_int_equal(place_n_files("cache"), 1);
}

static void an_empty_file_is_a_file(void **state)
{
	(void)state;
	assert_true(is_there(cache, put(cache, STR(""))));
}

static void what_is_not_what_it_is_called_is_not_kept(void **state)
{
	const char *path = "untouched";
	struct err e;
	(void)state;

	assert_int_equal(
		try_put(cache, STR("came"), digest_of(STR("announced")), &path, &e), ERR_UNPROCESSABLE);
	assert_non_null(strstr(e.text, digest_of(STR("came")).p));
	assert_string_equal(path, "untouched");
	assert_int_equal(place_n_files("cache"), 0);
}

static void what_was_not_kept_leaves_nothing(void **state)
{
	struct file_incoming *f;
	(void)state;

	assert_int_equal(file_cache_begin(cache, &f, NULL), ERR_OK);
	assert_int_equal(file_incoming_add(f, STR("half"), NULL), ERR_OK);
	assert_int_equal(place_n_files("cache"), 1);
	file_incoming_end(f);
	assert_int_equal(place_n_files("cache"), 0);
	file_incoming_end(NULL);
}

static void only_a_digest_becomes_part_of_a_path(void **state)
{
	char digest[65];
	const char *path;
	(void)state;

	memset(digest, 'a', sizeof digest);
	for (size_t len = 0; len <= 65; len++)
		assert_int_equal(file_cache_get(cache, (struct str){ digest, len }, &path, NULL),
			len == 64 ? ERR_NOT_FOUND : ERR_INVALID);
	for (const char *c = "/.gAF \n"; *c; c++) {
		digest[63] = *c;
		assert_int_equal(file_cache_get(cache, (struct str){ digest, 64 }, &path, NULL), ERR_INVALID);
		assert_int_equal(
			try_put(cache, STR("x"), (struct str){ digest, 64 }, &path, NULL), ERR_INVALID);
	}
	digest[63] = '\0';
	assert_int_equal(file_cache_get(cache, (struct str){ digest, 64 }, &path, NULL), ERR_INVALID);
	assert_int_equal(place_n_files("cache"), 0);
}

static void the_folder_is_ours_alone_and_files_are_for_reading(void **state)
{
	struct stat st;
	(void)state;

	assert_int_equal(stat("cache", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(path_of(put(cache, STR("x"))), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
}

static void a_folder_that_others_can_reach_is_refused_and_left_as_it_is(void **state)
{
	struct file_cache *c;
	struct stat st;
	struct err e;
	(void)state;

	assert_int_equal(mkdir("open", 0700), 0);
	assert_int_equal(chmod("open", 0755), 0);
	assert_int_equal(file_cache_open("open", 1000, &test_clock, &c, &e), ERR_CONFIG);
	assert_non_null(strstr(e.text, "chmod 700"));
	assert_int_equal(stat("open", &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	place_put("file", STR("in the way"));
	assert_int_equal(file_cache_open("file", 1000, &test_clock, &c, &e), ERR_STORAGE);
}

/* ---- what is rotten ---- */

static void spoil(struct str digest, struct str bytes)
{
	assert_int_equal(unlink(path_of(digest)), 0);
	place_put(path_of(digest), bytes);
}

static void a_rotten_file_is_removed_and_can_be_fetched_again(void **state)
{
	struct str bytes = STR("as it should be"), digest = put(cache, bytes);
	(void)state;

	spoil(digest, STR("as it should bE"));
	reopen(1000);
	assert_false(is_there(cache, digest));
	assert_false(is_in_folder(digest));
	assert_true(is_there(cache, put(cache, bytes)));
}

static void one_that_was_exchanged_is_read_again(void **state)
{
	struct str digest = put(cache, STR("as it should be"));
	(void)state;

	assert_true(is_there(cache, digest));
	spoil(digest, STR("another"));
	assert_false(is_there(cache, digest));
}

static void a_rotten_one_in_the_place_of_what_comes_in_is_replaced(void **state)
{
	struct str bytes = STR("as it should be"), digest = digest_of(bytes);
	(void)state;

	place_put(path_of(digest), STR("rotten"));
	assert_holds(put_pinned(cache, bytes), bytes);
	file_cache_release(cache, digest);
	assert_int_equal(place_n_files("cache"), 1);
}

static void what_one_process_has_read_it_does_not_read_again(void **state)
{
	struct str digest = put(cache, STR("as it should be"));
	int fd;
	(void)state;

	/* The same inode and size: so what is given is what was believed, until another process asks. */
	assert_int_equal(chmod(path_of(digest), 0600), 0);
	fd = open(path_of(digest), O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "AS", 2), 2);
	close(fd);
	assert_true(is_there(cache, digest));
	reopen(1000);
	assert_false(is_there(cache, digest));
}

static void a_folder_or_a_link_with_such_a_name_is_not_given(void **state)
{
	struct str a = digest_of(STR("a")), b = digest_of(STR("b"));
	const char *path;
	(void)state;

	assert_int_equal(mkdir(path_of(a), 0700), 0);
	place_put("outside", STR("b"));
	assert_int_equal(symlink("../outside", path_of(b)), 0);
	assert_int_equal(file_cache_get(cache, a, &path, NULL), ERR_STORAGE);
	assert_int_equal(file_cache_get(cache, b, &path, NULL), ERR_STORAGE);
}

/* ---- room ---- */

static void what_was_not_used_for_longest_goes_first(void **state)
{
	struct str d[6];
	(void)state;

	for (int i = 0; i < 4; i++)
		d[i] = put(cache, bytes_of(250, i));
	get_pinned(cache, d[0]);
	file_cache_release(cache, d[0]);
	d[4] = put(cache, bytes_of(250, 4));
	assert_false(is_in_folder(d[1]));
	d[5] = put(cache, bytes_of(250, 5));
	assert_false(is_in_folder(d[2]));
	assert_true(is_in_folder(d[0]) && is_in_folder(d[3]) && is_in_folder(d[4]) && is_in_folder(d[5]));
}

static void as_many_go_as_are_in_the_way_and_no_more(void **state)
{
	struct str d[4], large;
	(void)state;

	for (int i = 0; i < 4; i++)
		d[i] = put(cache, bytes_of(250, i));
	large = put(cache, bytes_of(500, 9));
	assert_false(is_in_folder(d[0]) || is_in_folder(d[1]));
	assert_true(is_in_folder(d[2]) && is_in_folder(d[3]) && is_in_folder(large));
}

static void a_cache_that_was_made_smaller_holds_less(void **state)
{
	struct str d[4];
	(void)state;

	for (int i = 0; i < 4; i++)
		d[i] = put(cache, bytes_of(250, i));
	reopen(600);
	assert_false(is_in_folder(d[0]) || is_in_folder(d[1]));
	assert_true(is_in_folder(d[2]) && is_in_folder(d[3]));
}

static void what_is_pinned_stays_and_goes_when_it_is_released(void **state)
{
	struct str first = digest_of(bytes_of(600, 1)), second;
	(void)state;

	put_pinned(cache, bytes_of(600, 1));
	assert_string_equal(get_pinned(cache, first), path_of(first)); /* twice */
	second = digest_of(bytes_of(600, 2));
	put_pinned(cache, bytes_of(600, 2));
	assert_true(is_in_folder(first) && is_in_folder(second));
	file_cache_release(cache, first);
	assert_true(is_in_folder(first));
	file_cache_release(cache, first);
	assert_false(is_in_folder(first));
	assert_holds(path_of(second), bytes_of(600, 2));
	file_cache_release(cache, second);
	assert_true(is_in_folder(second));
}

static void what_alone_is_too_large_is_refused_and_costs_no_other_its_place(void **state)
{
	struct str small = put(cache, bytes_of(500, 1)), large = bytes_of(1001, 2);
	const char *path;
	(void)state;

	assert_int_equal(try_put(cache, large, digest_of(large), &path, NULL), ERR_TOO_LARGE);
	assert_true(is_in_folder(small));
	assert_int_equal(place_n_files("cache"), 1);
	put(cache, bytes_of(1000, 3));
	assert_false(is_in_folder(small));
}

static void files_of_others_are_neither_counted_nor_removed(void **state)
{
	(void)state;
	place_put("cache/README", bytes_of(5000, 1));
	place_put("cache/ABCDEF", bytes_of(5000, 1));
	now += 10 * FILE_CACHE_LEFT_MS;
	reopen(1000);
	assert_true(is_in_folder(put(cache, bytes_of(900, 1))));
	assert_int_equal(place_n_files("cache"), 3);
}

/* ---- several ---- */

static void what_one_keeps_another_gets(void **state)
{
	struct file_cache *other = open_with(1000);
	struct str digest = put(cache, STR("shared"));
	(void)state;

	assert_true(is_there(other, digest));
	file_cache_close(other);
}

static void what_another_uses_is_not_removed(void **state)
{
	struct file_cache *other = open_with(1000);
	struct str first = put(cache, bytes_of(600, 1));
	(void)state;

	get_pinned(other, first);
	put(cache, bytes_of(600, 2));
	assert_true(is_in_folder(first));
	file_cache_close(other); /* with it its pins go */
	put(cache, bytes_of(600, 3));
	assert_false(is_in_folder(first));
}

static void what_another_removed_is_fetched_again(void **state)
{
	struct file_cache *other = open_with(1000);
	struct str first = put(cache, bytes_of(600, 1));
	(void)state;

	put(other, bytes_of(600, 2));
	assert_false(is_there(cache, first));
	assert_true(is_there(cache, put(cache, bytes_of(600, 1))));
	file_cache_close(other);
}

static void both_may_keep_the_same_at_the_same_time(void **state)
{
	struct file_cache *other = open_with(1000);
	struct str bytes = bytes_of(600, 1), digest = digest_of(bytes);
	struct stat before, after;
	struct file_incoming *f;
	const char *path;
	(void)state;

	assert_int_equal(file_cache_begin(other, &f, NULL), ERR_OK);
	assert_int_equal(file_incoming_add(f, bytes, NULL), ERR_OK);
	put_pinned(cache, bytes);
	assert_int_equal(stat(path_of(digest), &before), 0);
	assert_int_equal(file_incoming_keep(f, digest, &path, NULL), ERR_OK);
	file_incoming_end(f);
	/* What is pinned by the one has not been replaced by the other's. */
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	file_cache_release(cache, digest);
	put(cache, bytes_of(600, 2));
	assert_true(is_in_folder(digest));
	file_cache_close(other);
	assert_int_equal(place_n_files("cache"), 1);
}

static void what_was_removed_by_hand_while_pinned_can_be_kept_again(void **state)
{
	struct str bytes = STR("x"), digest = digest_of(bytes);
	(void)state;

	put_pinned(cache, bytes);
	assert_int_equal(unlink(path_of(digest)), 0);
	assert_false(is_there(cache, digest));
	assert_holds(put_pinned(cache, bytes), bytes);
	file_cache_release(cache, digest);
	file_cache_release(cache, digest);
	assert_true(is_there(cache, digest));
}

static void a_killed_process_holds_no_pin(void **state)
{
	struct str first = put(cache, bytes_of(600, 1));
	int ready[2];
	char byte;
	pid_t pid;
	(void)state;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		get_pinned(open_with(1000), first);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	put(cache, bytes_of(600, 2));
	assert_true(is_in_folder(first));
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	put(cache, bytes_of(600, 3));
	assert_false(is_in_folder(first));
	close(ready[0]);
	close(ready[1]);
}

/* Each of many gets what it asks for, whatever the others do, and what it gets is right. */
static void many_processes_in_a_cache_that_is_too_small(void **state)
{
	enum { PROCESSES = 4, ROUNDS = 60, FILES = 6 };
	int status;
	(void)state;

	for (int p = 0; p < PROCESSES; p++)
		if (fork() == 0) {
			struct file_cache *c = open_with(1000);

			for (int i = 0; i < ROUNDS; i++) {
				struct str bytes = bytes_of(300, (i * (p + 1)) % FILES),
					   digest = digest_of(bytes);
				const char *path;

				if (file_cache_get(c, digest, &path, NULL) != ERR_OK)
					path = put_pinned(c, bytes);
				assert_holds(path, bytes);
				file_cache_release(c, digest);
			}
			_exit(0);
		}
	for (int p = 0; p < PROCESSES; p++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	reopen(1000);
	assert_true(place_n_files("cache") <= 3);
}

/* ---- what goes wrong ---- */

static void what_a_killed_one_left_goes_after_a_while(void **state)
{
	struct file_cache *other = open_with(1000);
	struct file_incoming *f;
	const char *path;
	(void)state;

	place_put("cache/incoming-00000000000000000000000000000000", STR("half of i"));
	assert_int_equal(file_cache_begin(other, &f, NULL), ERR_OK);
	reopen(1000);
	assert_int_equal(place_n_files("cache"), 2);
	now += FILE_CACHE_LEFT_MS + 60000;
	reopen(1000);
	/* One that is only slow is not left. */
	assert_int_equal(place_n_files("cache"), 1);
	assert_int_equal(file_incoming_add(f, STR("slow"), NULL), ERR_OK);
	assert_int_equal(file_incoming_keep(f, digest_of(STR("slow")), &path, NULL), ERR_OK);
	file_incoming_end(f);
	file_cache_close(other);
}

static void a_write_that_fails_leaves_nothing_and_costs_no_other_its_place(void **state)
{
	struct rlimit before, few;
	struct str bytes = bytes_of(900, 1), small = put(cache, bytes_of(500, 2));
	struct file_incoming *f;
	const char *path = "untouched";
	enum err_code code, kept;
	struct err e;
	(void)state;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(file_cache_begin(cache, &f, NULL), ERR_OK);
	assert_int_equal(file_incoming_add(f, STR("good"), NULL), ERR_OK);
	few = (struct rlimit){ .rlim_cur = 400, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	code = file_incoming_add(f, bytes, &e);
	/* What could be written of it is in the file, so it is not what was hashed. */
	kept = file_incoming_keep(f, digest_of(STR("good")), &path, NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	file_incoming_end(f);
	assert_int_equal(code, ERR_STORAGE);
	assert_int_equal(kept, ERR_STORAGE);
	assert_string_equal(path, "untouched");
	assert_true(is_in_folder(small));
	assert_int_equal(place_n_files("cache"), 1);
}

static void no_descriptor_is_left(void **state)
{
	size_t n_before = place_n_files("/proc/self/fd");
	const char *path;
	(void)state;

	for (int i = 0; i < 5; i++) {
		put(cache, bytes_of(600, i));
		is_there(cache, digest_of(bytes_of(600, i - 1)));
		assert_int_equal(
			try_put(cache, STR("x"), digest_of(STR("y")), &path, NULL), ERR_UNPROCESSABLE);
		assert_int_equal(
			try_put(cache, bytes_of(2000, i), digest_of(STR("y")), &path, NULL), ERR_TOO_LARGE);
	}
	assert_int_equal(place_n_files("/proc/self/fd"), n_before);
	put_pinned(cache, STR("x"));
	put_pinned(cache, STR("x"));
	assert_int_equal(place_n_files("/proc/self/fd"), n_before + 1);
	reopen(1000);
	assert_int_equal(place_n_files("/proc/self/fd"), n_before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_was_kept_is_given_again),
		TEST(an_empty_file_is_a_file),
		TEST(what_is_not_what_it_is_called_is_not_kept),
		TEST(what_was_not_kept_leaves_nothing),
		TEST(only_a_digest_becomes_part_of_a_path),
		TEST(the_folder_is_ours_alone_and_files_are_for_reading),
		TEST(a_folder_that_others_can_reach_is_refused_and_left_as_it_is),
		TEST(a_rotten_file_is_removed_and_can_be_fetched_again),
		TEST(one_that_was_exchanged_is_read_again),
		TEST(a_rotten_one_in_the_place_of_what_comes_in_is_replaced),
		TEST(what_one_process_has_read_it_does_not_read_again),
		TEST(a_folder_or_a_link_with_such_a_name_is_not_given),
		TEST(what_was_not_used_for_longest_goes_first),
		TEST(as_many_go_as_are_in_the_way_and_no_more),
		TEST(a_cache_that_was_made_smaller_holds_less),
		TEST(what_is_pinned_stays_and_goes_when_it_is_released),
		TEST(what_alone_is_too_large_is_refused_and_costs_no_other_its_place),
		TEST(files_of_others_are_neither_counted_nor_removed),
		TEST(what_one_keeps_another_gets),
		TEST(what_another_uses_is_not_removed),
		TEST(what_another_removed_is_fetched_again),
		TEST(both_may_keep_the_same_at_the_same_time),
		TEST(what_was_removed_by_hand_while_pinned_can_be_kept_again),
		TEST(a_killed_process_holds_no_pin),
		TEST(many_processes_in_a_cache_that_is_too_small),
		TEST(what_a_killed_one_left_goes_after_a_while),
		TEST(a_write_that_fails_leaves_nothing_and_costs_no_other_its_place),
		TEST(no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
