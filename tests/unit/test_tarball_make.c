#include "tests/test.h"

#include "pack/tarball_make.h"

#include "base/clock.h"
#include "base/file.h"
#include "pack/tarball_check.h"
#include "pack/tarball_file.h"
#include "tests/unit/help/place.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err e;

static void set_mtime(const char *path, time_t at)
{
	struct timespec times[2] = { { at, 5 }, { at, 7 } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static enum err_code make_into(const char *folder, const char *path, struct tarball_made *ret)
{
	static const char *const skip[] = { "done.marker", "shipped.marker" };
	struct tarball_source from = {
		.folder = folder, .prefix = STR("ep-1"), .skip = skip, .n_skip = 2, .level = 1
	};
	AUTO_FD out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(out >= 0);
	return tarball_make(&from, out, ret, &e);
}

static enum err_code make(const char *folder)
{
	struct tarball_made made;

	return make_into(folder, "refused.tar.zst", &made);
}

static void assert_refused(const char *folder, enum err_code code, const char *why)
{
	enum err_code came = make(folder);

	if (came != code || !strstr(e.text, why))
		fail_msg("%d, not \"%s\" but \"%s\"", came, why, came == ERR_OK ? "" : e.text);
}

/* Of everything that may be in one. */
static void put_folder(const char *folder)
{
	char path[400], name[256];
	char *large = mem_alloc(3 << 20);

	memset(name, 'n', 240);
	name[240] = '\0';
	random_bytes(large, 1 << 20);
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(chdir(folder), 0);
	place_put("meta.json", STR("{\"code_version\": {}}"));
	place_put("done.marker", STR(""));
	place_put("sub/done.marker", STR("is taken"));
	place_put("sub/h\xC3\xA4\xC3\x9F", STR("text"));
	place_put("sub/run", STR("#!/bin/sh\n"));
	place_put("empty file", STR(""));
	place_put("large", (struct str){ large, 3 << 20 });
	place_put("odd", (struct str){ large, 12345 });
	assert_int_equal(chmod("sub/run", 0750), 0);
	assert_int_equal(mkdir("empty", 0700), 0);
	snprintf(path, sizeof path, "%.130s/%s", name, name);
	place_put(path, STR("deep"));
	assert_int_equal(symlink("../large", "sub/link"), 0);
	assert_int_equal(symlink(path, "long link"), 0);
	assert_int_equal(symlink("nowhere", "sub/dangling"), 0);
	assert_int_equal(link("large", "hard"), 0);
	set_mtime("meta.json", 1700000000);
	set_mtime("sub/done.marker", 1);
	set_mtime("sub/h\xC3\xA4\xC3\x9F", -5);
	set_mtime("sub/run", (time_t)1 << 33);
	set_mtime("empty file", 1700000001);
	set_mtime("large", 1700000002);
	set_mtime("odd", 1700000003);
	set_mtime(path, 1700000004);
	assert_int_equal(chdir(place_path), 0);
	free(large);
}

static enum err_code read_file(void *arg, char *room, size_t max, size_t *ret_n, struct err *err)
{
	ssize_t n = read(*(int *)arg, room, max);

	(void)err;
	assert_true(n >= 0);
	*ret_n = (size_t)n;
	return ERR_OK;
}

static enum err_code check(const char *path, struct arena *a, struct tarball_found *ret)
{
	const struct tarball_limits limits = { 64 << 20, 1000, 1000, 64 << 20 };
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	return tarball_check(read_file, &fd, &limits, a, ret, &e);
}

/* ---- what is made ---- */

static void what_is_made_is_what_is_taken(void **state)
{
	struct tarball_made made;
	struct tarball_found found;
	struct sha256 digest;
	AUTO_ARENA a;
	AUTO_BUF bytes;

	(void)state;
	arena_init(&a);
	buf_init(&bytes, 16 << 20);
	put_folder("ep");
	assert_int_equal(make_into("ep", "made.tar.zst", &made), ERR_OK);
	assert_int_equal(check("made.tar.zst", &a, &found), ERR_OK);
	place_get("made.tar.zst", &bytes);
	digest = sha256_of(buf_view(&bytes));
	assert_true(sha256_equal(&digest, &made.digest));
	assert_int_equal(made.packed_bytes, bytes.len);
	assert_int_equal(found.packed_bytes, bytes.len);
	assert_int_equal(found.unpacked_bytes, made.unpacked_bytes);
	assert_int_equal(found.n_entries, made.n_entries);
	assert_true(str_eq(found.meta, STR("{\"code_version\": {}}")));
}

static void it_lists_what_was_in_the_folder(void **state)
{
	static const char *const paths[] = { "ep-1/", "ep-1/empty/", "ep-1/empty file", "ep-1/hard",
		"ep-1/large", "ep-1/long link", "ep-1/meta.json", "", "", "ep-1/odd", "ep-1/sub/",
		"ep-1/sub/dangling", "ep-1/sub/done.marker", "ep-1/sub/h\xC3\xA4\xC3\x9F", "ep-1/sub/link",
		"ep-1/sub/run" };
	struct tarball_entry *list;
	struct tarball_made made;
	size_t n = 0;
	AUTO_ARENA a;
	AUTO_FD fd = -1;

	(void)state;
	arena_init(&a);
	put_folder("ep");
	assert_int_equal(make_into("ep", "made.tar.zst", &made), ERR_OK);
	fd = open("made.tar.zst", O_RDONLY | O_CLOEXEC);
	assert_int_equal(tarball_list(fd, 100, INT64_MAX, &a, &list, &n, &e), ERR_OK);
	assert_int_equal(n, sizeof paths / sizeof *paths);
	for (size_t i = 0; i < n; i++)
		if (*paths[i] && !str_eq(list[i].path, str_z(paths[i])))
			fail_msg("%.*s, not %s", STR_FMT(list[i].path), paths[i]);
	assert_int_equal(list[8].path.len, strlen("ep-1/") + 130 + 1 + 240);
	assert_int_equal(list[7].path.len, strlen("ep-1/") + 130 + 1); /* with its '/' */
	assert_int_equal(list[4].bytes, 3 << 20);
	assert_int_equal(list[5].kind, TARBALL_LINK);
	assert_int_equal(list[3].kind, TARBALL_FILE); /* hard links are files of their own */
}

/* The same files, written in another order, at another time. */
static void a_copy_of_the_folder_is_the_same_bytes(void **state)
{
	struct tarball_made first, again, copy;

	(void)state;
	put_folder("ep");
	assert_int_equal(make_into("ep", "1", &first), ERR_OK);
	assert_int_equal(make_into("ep", "2", &again), ERR_OK);
	assert_true(sha256_equal(&first.digest, &again.digest));
	assert_int_equal(system("mkdir copy && cd ep && find . -mindepth 1 -maxdepth 1 | sort -r | "
				"while IFS= read -r f; do cp -a \"$f\" ../copy || exit 1; done"),
		0);
	set_mtime("copy/sub", 5);
	assert_int_equal(chmod("copy/meta.json", 0640), 0);
	assert_int_equal(make_into("copy", "3", &copy), ERR_OK);
	assert_true(sha256_equal(&first.digest, &copy.digest));
	set_mtime("copy/meta.json", 5);
	assert_int_equal(make_into("copy", "3", &copy), ERR_OK);
	assert_false(sha256_equal(&first.digest, &copy.digest));
}

static void other_programs_unpack_it_to_the_same_tree(void **state)
{
	struct tarball_made made;

	(void)state;
	if (system("tar --version 2>&1 | grep -q GNU && zstd --version >/dev/null 2>&1") != 0)
		skip();
	put_folder("ep");
	assert_int_equal(make_into("ep", "made.tar.zst", &made), ERR_OK);
	assert_int_equal(
		system("zstd -q -t made.tar.zst && zstd -q -d -c made.tar.zst | tar xf - 2>/dev/null && rm "
		       "ep/done.marker && "
		       "diff -r --no-dereference ep ep-1 && test -x ep-1/sub/run && test -d ep-1/empty"),
		0);
}

static void there_may_be_no_folder_in_the_archive(void **state)
{
	struct tarball_source from = { .folder = "ep", .prefix = STR(""), .level = 3 };
	struct tarball_made made;
	struct tarball_found found;
	AUTO_ARENA a;
	AUTO_FD out = open("made", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	arena_init(&a);
	place_put("ep/meta.json", STR("{}"));
	assert_int_equal(tarball_make(&from, out, &made, &e), ERR_OK);
	assert_int_equal(check("made", &a, &found), ERR_OK);
	assert_int_equal(found.n_entries, 1);
	assert_true(found.has_meta);
}

/* ---- what is refused ---- */

static void what_cannot_be_packed_is_named(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "ep/c/socket" };
	AUTO_FD s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	place_put("ep/a/x", STR("x"));
	assert_int_equal(mkfifo("ep/a/pipe", 0600), 0);
	assert_refused("ep", ERR_INVALID, "ep-1/a/pipe");
	assert_int_equal(unlink("ep/a/pipe"), 0);
	place_put("ep/c/x", STR("x"));
	assert_int_equal(bind(s, (struct sockaddr *)&at, sizeof at), 0);
	assert_refused("ep", ERR_INVALID, "ep-1/c/socket");
	assert_int_equal(unlink("ep/c/socket"), 0);
	assert_int_equal(make("ep"), ERR_OK);
}

static void links_that_lead_out_are_refused(void **state)
{
	static const char *const targets[] = { "/etc/passwd", "..", "../x", "sub/../../..", "a/../b",
		"b\nc" };

	(void)state;
	place_put("ep/x", STR("x"));
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		assert_int_equal(symlink(targets[i], "ep/link"), 0);
		/* ".." of the top is in the archive, but not in the folder. */
		assert_refused("ep", ERR_INVALID, "ep-1/link");
		assert_int_equal(unlink("ep/link"), 0);
	}
}

static void names_that_would_not_be_taken_are_refused(void **state)
{
	char deep[250];

	(void)state;
	place_put("ep/a\nb", STR("x"));
	assert_refused("ep", ERR_INVALID, "control character");
	assert_int_equal(unlink("ep/a\nb"), 0);
	place_put("ep/a\xFF", STR("x"));
	assert_refused("ep", ERR_INVALID, "UTF-8");
	assert_int_equal(unlink("ep/a\xFF"), 0);
	for (size_t i = 0; i < sizeof deep; i++)
		deep[i] = i % 2 ? '/' : 'd';
	deep[199] = '\0';
	memcpy(deep, "ep", 2);
	deep[2] = '/';
	assert_int_equal(dir_make(deep, 0700, NULL), ERR_OK);
	assert_int_equal(make("ep"), ERR_OK);
	strcat(deep, "/d/d/d");
	assert_int_equal(dir_make(deep, 0700, NULL), ERR_OK);
	assert_refused("ep", ERR_INVALID, "100 folders deep");
}

static void a_folder_has_to_be_one(void **state)
{
	struct tarball_source from = { .folder = "ep", .level = 1 };
	struct tarball_made made;

	(void)state;
	assert_int_equal(make("missing"), ERR_NOT_FOUND);
	place_put("file", STR("x"));
	assert_int_equal(make("file"), ERR_INVALID);
	place_put("ep/x", STR("x"));
	assert_int_equal(symlink("ep", "link"), 0);
	assert_int_equal(make("link"), ERR_INVALID);
	from.prefix = STR("../x");
	assert_int_equal(tarball_make(&from, -1, &made, &e), ERR_INVALID);
	from.prefix = STR("x/");
	assert_int_equal(tarball_make(&from, -1, &made, &e), ERR_INVALID);
}

/* ---- what changes meanwhile ---- */

struct change {
	int in;
	size_t read;
	void (*change)(void);
	bool changed;
};

/* Reads what is packed from a pipe, and changes the folder after the first bytes of it: the pipe is small, so packing is not much further. */
static void *change_meanwhile(void *arg)
{
	struct change *c = arg;
	static char room[65536];
	ssize_t n;

	while ((n = read(c->in, room, sizeof room)) > 0) {
		if (!c->changed)
			c->change();
		c->changed = true;
		c->read += (size_t)n;
	}
	return NULL;
}

static enum err_code make_while(void (*change)(void))
{
	struct tarball_source from = { .folder = "ep", .prefix = STR("ep-1"), .level = 1 };
	struct change c = { .change = change };
	struct tarball_made made;
	enum err_code code;
	pthread_t thread;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	c.in = ends[0];
	assert_int_equal(pthread_create(&thread, NULL, change_meanwhile, &c), 0);
	code = tarball_make(&from, ends[1], &made, &e);
	close(ends[1]);
	pthread_join(thread, NULL);
	close(ends[0]);
	assert_true(c.changed);
	return code;
}

/* What does not fit into the pieces between, so that packing waits for the pipe while the last of it is still to be read. */
static void put_noise(const char *path)
{
	size_t len = 12 << 20;
	char *p = mem_alloc(len);
	AUTO_FD fd = -1;

	random_bytes(p, len);
	assert_int_equal(dir_make("ep", 0700, NULL), ERR_OK);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(fd_write_all(fd, (struct str){ p, len }, &e), ERR_OK);
	free(p);
}

static void shorten(void)
{
	assert_int_equal(truncate("ep/noise", (12 << 20) - 1), 0);
}

static void lengthen(void)
{
	assert_int_equal(truncate("ep/noise", (12 << 20) + 1), 0);
}

static void touch(void)
{
	set_mtime("ep/noise", 5);
}

static void remove_later(void)
{
	assert_int_equal(unlink("ep/then/later"), 0);
}

static void link_instead(void)
{
	assert_int_equal(rename("ep/then", "then"), 0);
	assert_int_equal(symlink("../then", "ep/then"), 0);
}

static void a_file_that_changes_is_an_error(void **state)
{
	static void (*const changes[])(void) = { shorten, lengthen, touch };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		put_noise("ep/noise");
		assert_int_equal(make_while(changes[i]), ERR_CONFLICT);
		assert_non_null(strstr(e.text, "ep-1/noise"));
		assert_int_equal(unlink("ep/noise"), 0);
	}
}

static void what_is_put_in_a_folders_place_is_not_followed(void **state)
{
	(void)state;
	put_noise("ep/noise");
	place_put("ep/then/later", STR("x"));
	assert_int_equal(make_while(remove_later), ERR_OK); /* it was not looked at yet */
	place_put("ep/then/later", STR("x"));
	assert_int_equal(make_while(link_instead), ERR_INVALID);
	assert_non_null(strstr(e.text, "ep-1/then"));
}

/* ---- writing ---- */

static void a_full_disk_is_an_error(void **state)
{
	struct tarball_source from = { .folder = "ep", .prefix = STR("ep-1"), .level = 1 };
	struct tarball_made made;
	AUTO_FD full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	put_noise("ep/noise");
	assert_int_equal(tarball_make(&from, full, &made, &e), ERR_FULL);
	assert_int_equal(tarball_make(&from, full, &made, NULL), ERR_FULL);
	assert_int_equal(unlink("ep/noise"), 0);
	assert_int_equal(tarball_make(&from, full, &made, &e), ERR_FULL); /* in the only piece, too */
	assert_int_equal(tarball_make(&from, -1, &made, &e), ERR_STORAGE);
}

static void a_limit_on_files_is_an_error(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	put_noise("ep/noise");
	pid = fork();
	if (pid == 0) {
		struct rlimit limit = { 5 << 20, 5 << 20 };

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(make("ep") == ERR_STORAGE ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- stopping and pace ---- */

static void it_stops_when_it_is_told(void **state)
{
	atomic_bool stop = true;
	struct tarball_source from = { .folder = "ep", .prefix = STR("ep-1"), .level = 1, .stop = &stop };
	struct tarball_made made = { .n_entries = 7 };
	AUTO_FD out = open("made", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	place_put("ep/x", STR("x"));
	assert_int_equal(tarball_make(&from, out, &made, &e), ERR_UNAVAILABLE);
	assert_int_equal(made.n_entries, 7);
	stop = false;
	assert_int_equal(tarball_make(&from, out, &made, &e), ERR_OK);
	assert_int_equal(made.n_entries, 2);
}

static void *say_stop(void *arg)
{
	atomic_store((atomic_bool *)arg, true);
	return NULL;
}

/* At a byte a second it would take 12 million seconds. */
static void a_slow_one_stops_too(void **state)
{
	atomic_bool stop = false;
	struct tarball_source from = {
		.folder = "ep", .prefix = STR("ep-1"), .level = 1, .stop = &stop, .bytes_per_second = 1
	};
	struct tarball_made made;
	pthread_t thread;
	AUTO_FD out = open("made", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	put_noise("ep/noise");
	assert_int_equal(pthread_create(&thread, NULL, say_stop, &stop), 0);
	assert_int_equal(tarball_make(&from, out, &made, &e), ERR_UNAVAILABLE);
	pthread_join(thread, NULL);
}

static void it_reads_no_faster_than_it_may(void **state)
{
	struct tarball_source from = {
		.folder = "ep", .prefix = STR("ep-1"), .level = 1, .bytes_per_second = (int64_t)1 << 20
	};
	struct tarball_made slow, fast;
	int64_t began = clock_steady_ms(&clock_system);
	char *p = mem_alloc(1 << 18);
	AUTO_FD out = open("made", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	(void)state;
	place_put("ep/x", (struct str){ p, 1 << 18 });
	free(p);
	assert_int_equal(tarball_make(&from, out, &slow, &e), ERR_OK);
	assert_true(clock_steady_ms(&clock_system) - began >= 240);
	assert_int_equal(make_into("ep", "fast", &fast), ERR_OK);
	assert_true(sha256_equal(&slow.digest, &fast.digest));
}

#define T(name) cmocka_unit_test_setup_teardown(name, place_make, place_remove)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(what_is_made_is_what_is_taken),
		T(it_lists_what_was_in_the_folder),
		T(a_copy_of_the_folder_is_the_same_bytes),
		T(other_programs_unpack_it_to_the_same_tree),
		T(there_may_be_no_folder_in_the_archive),
		T(what_cannot_be_packed_is_named),
		T(links_that_lead_out_are_refused),
		T(names_that_would_not_be_taken_are_refused),
		T(a_folder_has_to_be_one),
		T(a_file_that_changes_is_an_error),
		T(what_is_put_in_a_folders_place_is_not_followed),
		T(a_full_disk_is_an_error),
		T(a_limit_on_files_is_an_error),
		T(it_stops_when_it_is_told),
		T(a_slow_one_stops_too),
		T(it_reads_no_faster_than_it_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
