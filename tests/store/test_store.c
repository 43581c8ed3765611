/* Opening a data folder, and what may be wrong with it. */
#include "tests/store/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static enum err_code open_here(struct err *e)
{
	struct store_options o = { .data = fx.folder, .busy_ms = 50 };

	return store_open(&o, &fx.store, e);
}

static void refused_with(enum err_code code, const char *text)
{
	struct err e = { .text = "" };

	assert_int_equal(open_here(&e), code);
	assert_null(fx.store);
	says(&e, text);
}

static unsigned mode_of(const char *name)
{
	char path[100];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", fx.folder, name);
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void what_is_made_is_readable_by_nobody_else(void **state)
{
	mode_t before = umask(0);
	(void)state;

	store_again();
	assert_int_equal(mode_of("sluice.db"), 0600);
	assert_int_equal(mode_of("sluice.db-wal"), 0600);
	assert_int_equal(mode_of("sluice.lock"), 0600);
	umask(before);
}

static void a_missing_folder_is_made_for_the_owner_alone(void **state)
{
	char folder[100], path[120];
	struct store_options o = { .data = folder };
	struct stat st;
	struct err e;
	(void)state;

	snprintf(folder, sizeof folder, "%s-more", fx.folder);
	must(store_open(&o, &fx.store, &e), &e);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	store_close(fx.store);
	fx.store = NULL;
	snprintf(path, sizeof path, "%s/sluice.db", folder);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof path, "%s/sluice.lock", folder);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(folder), 0); /* and nothing else was left there */
}

static void what_was_stored_is_there_after_closing_and_opening(void **state)
{
	int64_t repo;
	struct step_facts f = a_step("make");
	struct account acc;
	(void)state;

	store_again();
	repo = add_repo("home", "acme/pump");
	put(repo, &f, "boom", T0);
	store_again();
	acc = account_of_sha(repo, SHA_A);
	assert_int_equal(acc.n, 1);
	equals(acc.steps[0].text, "boom");
}

static void ping_and_size_answer_on_an_open_store(void **state)
{
	struct err e;
	(void)state;

	store_again();
	must(store_ping(fx.store, &e), &e);
	assert_true(store_bytes(fx.store) > 0);
}

/* ---- other processes ---- */

/* A child that does its part, says so, and then holds what it has until it is killed. */
static pid_t child_that(void (*does)(void))
{
	int fds[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		does();
		if (write(fds[1], "x", 1) == 1)
			pause();
		_exit(0);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &byte, 1), 1);
	close(fds[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void opens_the_store(void)
{
	struct err e;

	if (open_here(&e) != ERR_OK)
		_exit(1);
}

static void two_processes_never_write_to_one_folder(void **state)
{
	pid_t pid = child_that(opens_the_store);
	char text[60];
	(void)state;

	snprintf(text, sizeof text, "in use by process %d", (int)pid);
	refused_with(ERR_UNAVAILABLE, text);
	end(pid);
	store_again(); /* the lock went with the process */
	assert_int_equal(add_repo("home", "acme/pump"), 1);
}

static void reading_only_is_possible_beside_a_writing_process(void **state)
{
	struct store_options o = { .data = fx.folder, .read_only = true };
	struct store *s = NULL;
	struct store_op op = { .bytes = 1 };
	struct err e;
	pid_t pid;
	(void)state;

	pid = child_that(opens_the_store);
	must(store_open(&o, &s, &e), &e);
	must(store_ping(s, &e), &e);
	assert_int_equal(store_write(s, &op, &e), ERR_UNAVAILABLE);
	says(&e, "reading only");
	store_close(s);
	end(pid);
}

static void reading_only_needs_a_database(void **state)
{
	struct store_options o = { .data = fx.folder, .read_only = true };
	struct store *s = NULL;
	struct err e;
	(void)state;

	assert_int_equal(store_open(&o, &s, &e), ERR_NOT_FOUND);
	says(&e, "sluice init");
}

static void locks_the_database(void)
{
	struct err e;

	if (db_begin(open_database(), &e) != ERR_OK) /* as somebody's sqlite3 shell may */
		_exit(1);
}

static void a_database_locked_by_another_process_is_told_and_recovers(void **state)
{
	struct step_facts f = a_step("make");
	int64_t repo, id;
	struct err e;
	pid_t pid;
	(void)state;

	store_again();
	repo = add_repo("home", "acme/pump");
	pid = child_that(locks_the_database);
	assert_int_equal(try_put(repo, &f, STR("x"), T0, &id, &e), ERR_UNAVAILABLE);
	says(&e, "locked");
	must(store_ping(fx.store, &e), &e); /* reading goes on */
	end(pid);
	put(repo, &f, "y", T0);
	equals(account_of_sha(repo, SHA_A).steps[0].text, "y");
}

/* ---- damage ---- */

static void write_file(const char *name, const void *bytes, size_t len, off_t at)
{
	char path[100];
	int fd;

	snprintf(path, sizeof path, "%s/%s", fx.folder, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), len);
	close(fd);
}

static void a_file_that_is_no_database_is_refused_and_left_alone(void **state)
{
	static const char text[] = "Dear diary, today I was put where a database belongs. "
				   "It is cold here, and they want my pages.";
	char path[100], back[sizeof text];
	int fd;
	(void)state;

	write_file("sluice.db", text, sizeof text, 0);
	refused_with(ERR_STORAGE, "restore a backup");
	snprintf(path, sizeof path, "%s/sluice.db", fx.folder);
	fd = open(path, O_RDONLY);
	assert_int_equal(read(fd, back, sizeof back), sizeof text);
	close(fd);
	assert_memory_equal(back, text, sizeof text);
}

static void a_damaged_page_is_an_error_and_not_an_answer(void **state)
{
	char noise[4096];
	struct step_facts f = a_step("make");
	struct step_query q = { .head_sha = STR(SHA_A) };
	struct account acc = { 0 };
	struct db *db = NULL;
	struct err e;
	int64_t bytes;
	(void)state;

	store_again();
	q.repo_id = add_repo("home", "acme/pump");
	put(q.repo_id, &f, "x", T0);
	store_close(fx.store);
	fx.store = NULL;
	bytes = db_sqlite.bytes(fx.database);
	memset(noise, 0xa5, sizeof noise);
	for (off_t at = 4096; at < bytes; at += 4096) /* every page but the first, which lists the tables */
		write_file("sluice.db", noise, sizeof noise, at);
	if (open_here(&e) != ERR_OK) {
		assert_int_equal(e.code, ERR_STORAGE);
		says(&e, "restore a backup");
		return;
	}
	must(store_reader_get(fx.store, &db, &e), &e);
	assert_int_equal(
		steps_failed(db, &fx.arena, &q, 10, &acc.steps, &acc.n, &acc.tally, &acc.expired_at, &e),
		ERR_STORAGE);
	says(&e, "malformed");
	store_reader_put(fx.store, db);
}

static void a_folder_that_is_a_file_is_refused(void **state)
{
	char path[100];
	struct store_options o = { .data = path };
	struct err e;
	(void)state;

	write_file("sluice.db", "", 0, 0);
	snprintf(path, sizeof path, "%s/sluice.db", fx.folder);
	assert_int_equal(store_open(&o, &fx.store, &e), ERR_STORAGE);
	says(&e, "sluice.db");
}

/* Root may write everywhere: as root the part is played by somebody else, in a child. */
static int as_somebody_else(int (*does)(void))
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && (setegid(65534) != 0 || seteuid(65534) != 0))
			_exit(99);
		_exit(does());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int is_refused_for_its_mode(void)
{
	struct err e = { .text = "" };

	if (open_here(&e) != ERR_STORAGE)
		return 1;
	return strstr(e.text, fx.folder) && strstr(e.text, "ermission denied") ? 0 : 2;
}

static void a_folder_that_cannot_be_written_is_told_with_its_path(void **state)
{
	(void)state;
	assert_int_equal(chmod(fx.folder, 0555), 0);
	assert_int_equal(as_somebody_else(is_refused_for_its_mode), 0);
	assert_int_equal(chmod(fx.folder, 0700), 0);
}

static int is_refused_as_read_only(void)
{
	struct err e = { .text = "" };

	if (open_here(&e) != ERR_STORAGE)
		return 1;
	return strstr(e.text, "sluice.db") && strstr(e.text, "must be writable") ? 0 : 2;
}

static void a_database_that_cannot_be_written_is_told_with_the_remedy(void **state)
{
	(void)state;
	store_again();
	store_close(fx.store);
	fx.store = NULL;
	assert_int_equal(chmod(fx.folder, 0777), 0);
	assert_int_equal(chmod(fx.database, 0444), 0);
	write_file("sluice.lock", "", 0, 0);
	{
		char path[100];

		snprintf(path, sizeof path, "%s/sluice.lock", fx.folder);
		assert_int_equal(chmod(path, 0666), 0);
	}
	assert_int_equal(as_somebody_else(is_refused_as_read_only), 0);
}

/* ---- readers ---- */

static void a_reader_cannot_write(void **state)
{
	struct db *db = NULL;
	struct err e;
	(void)state;

	store_again();
	add_repo("home", "acme/pump");
	must(store_reader_get(fx.store, &db, &e), &e);
	assert_int_equal(db_run(db, "DELETE FROM repo", NULL, 0, NULL, &e), ERR_STORAGE);
	store_reader_put(fx.store, db);
	assert_int_equal(ask("SELECT count(*) FROM repo"), 1);
}

static void a_store_that_failed_to_open_leaves_no_lock(void **state)
{
	static const char text[200] = "this is no database";

	(void)state;
	write_file("sluice.db", text, sizeof text, 0);
	refused_with(ERR_STORAGE, "restore a backup");
	assert_int_equal(unlink(fx.database), 0);
	store_again();
}

static int close_and_clean(void **state)
{
	store_close(fx.store);
	fx.store = NULL;
	return folder_down(state);
}

#define T(name) cmocka_unit_test_setup_teardown(name, folder_up, close_and_clean)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(what_is_made_is_readable_by_nobody_else),
		T(a_missing_folder_is_made_for_the_owner_alone),
		T(what_was_stored_is_there_after_closing_and_opening),
		T(ping_and_size_answer_on_an_open_store),
		T(two_processes_never_write_to_one_folder),
		T(reading_only_is_possible_beside_a_writing_process),
		T(reading_only_needs_a_database),
		T(a_database_locked_by_another_process_is_told_and_recovers),
		T(a_file_that_is_no_database_is_refused_and_left_alone),
		T(a_damaged_page_is_an_error_and_not_an_answer),
		T(a_folder_that_is_a_file_is_refused),
		T(a_folder_that_cannot_be_written_is_told_with_its_path),
		T(a_database_that_cannot_be_written_is_told_with_the_remedy),
		T(a_reader_cannot_write),
		T(a_store_that_failed_to_open_leaves_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
