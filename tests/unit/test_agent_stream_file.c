#include "tests/test.h"

#include "agent/stream_file.h"
#include "base/clock.h"
#include "base/file.h"
#include "tests/unit/help/place.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define URL STR("http://s.example")
#define OPEN STR("{\"repo\":\"a/b\"}")
#define FINISH STR("{\"conclusion\":\"failure\"}")
#define MANY (64 * 1024 * 1024)

static struct arena arena;
static int64_t now;

static int set_up(void **state)
{
	now = clock_wall_ms(&clock_system);
	arena_init(&arena);
	return place_make(state);
}

static int tear_down(void **state)
{
	arena_done(&arena);
	return place_remove(state);
}

#define ENV(...) ((char *const[]){ __VA_ARGS__, NULL })

static struct spool spool_here(void)
{
	struct spool s;

	spool_init(&s, ENV("SLUICE_SPOOL=spool"), now++, &arena);
	return s;
}

static struct stream_file created(int64_t bytes_max, int *ret_n_lost)
{
	struct spool s = spool_here();
	struct stream_file f;
	struct err e;

	stream_file_create(&s, URL, OPEN, bytes_max, &f, ret_n_lost, &e);
	assert_true(f.fd >= 0);
	assert_int_equal(e.code, ERR_OK);
	return f;
}

/* As a call leaves it that could not send. */
static void leave(const char *text)
{
	int n_lost;
	struct stream_file f = created(MANY, &n_lost);

	assert_int_equal(stream_file_write(&f, 0, str_z(text), NULL), ERR_OK);
	assert_int_equal(stream_file_set_finish(&f, FINISH, NULL), ERR_OK);
	stream_file_leave(&f);
}

static bool next(struct str url, struct stream_file *ret)
{
	struct spool s = spool_here();
	int n_broken = 0;
	bool any = stream_file_next(&s, url, NULL, ret, &n_broken);

	assert_int_equal(n_broken, 0);
	return any;
}

static void assert_text(struct stream_file *f, const char *text)
{
	char p[1000];

	assert_int_equal(f->length, strlen(text));
	assert_int_equal(stream_file_read(f, 0, p, strlen(text), NULL), ERR_OK);
	assert_memory_equal(p, text, strlen(text));
}

static void what_was_left_is_found_as_it_was(void **state)
{
	struct stream_file f;
	(void)state;

	leave("one\ntwo\n");
	assert_true(next(URL, &f));
	assert_text(&f, "one\ntwo\n");
	assert_true(str_eq(f.url, URL));
	assert_true(str_eq(f.open, OPEN));
	assert_true(str_eq(f.finish, FINISH));
	assert_int_equal(f.acked, 0);
	stream_file_remove(&f);
	assert_false(next(URL, &f));
	assert_int_equal(place_n_files("spool"), 0);
}

static void it_is_ours_alone_and_starts_with_what_it_is(void **state)
{
	struct stat st;
	char path[400];
	AUTO_BUF text;
	(void)state;

	leave("x");
	snprintf(path, sizeof path, "spool/%s", place_only_file("spool"));
	assert_true(str_ends(str_z(path), STR(".stream")));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	buf_init(&text, 1024 * 1024);
	place_get(path, &text);
	assert_true(str_starts(buf_view(&text), STR("sluice stream 1\nacked ")));
}

static void one_that_is_worked_on_is_left_in_peace(void **state)
{
	struct stream_file f, other;
	int n_lost;
	(void)state;

	f = created(MANY, &n_lost);
	assert_false(next(URL, &other));
	stream_file_leave(&f);
	assert_true(next(URL, &other));
	stream_file_leave(&other);
}

static void one_whose_owner_was_killed_is_found_without_a_finish(void **state)
{
	struct stream_file f;
	int status;
	pid_t pid = fork();
	(void)state;

	if (pid == 0) {
		int n_lost;
		struct stream_file mine = created(MANY, &n_lost);

		(void)!stream_file_write(&mine, 0, STR("what it said\n"), NULL);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_true(next(URL, &f));
	assert_text(&f, "what it said\n");
	assert_int_equal(f.finish.len, 0);
	stream_file_remove(&f);
}

static void they_are_sent_oldest_first_and_to_their_own_server_only(void **state)
{
	struct stream_file f;
	(void)state;

	leave("first");
	leave("second");
	assert_false(next(STR("http://other.example"), &f));
	assert_true(next(URL, &f));
	assert_text(&f, "first");
	stream_file_remove(&f);
	assert_true(next(URL, &f));
	assert_text(&f, "second");
	stream_file_leave(&f);
}

static void what_is_durable_elsewhere_is_given_back_and_its_place_known(void **state)
{
	static char piece[1024 * 1024];
	struct stream_file f;
	struct stat before, after;
	int n_lost;
	(void)state;

	memset(piece, 'x', sizeof piece);
	f = created(MANY, &n_lost);
	for (int i = 0; i < 8; i++)
		assert_int_equal(stream_file_write(&f, i * (int64_t)sizeof piece,
					 (struct str){ piece, sizeof piece }, NULL),
			ERR_OK);
	fstat(f.fd, &before);
	stream_file_ack(&f, 6 * sizeof piece, false);
	fstat(f.fd, &after);
	if (f.given_back > 0)
		assert_true(after.st_blocks * 512 < before.st_blocks * 512 - 5 * (long)sizeof piece);
	stream_file_leave(&f);
	assert_true(next(URL, &f));
	assert_int_equal(f.acked, 6 * sizeof piece);
	assert_int_equal(f.length, 8 * sizeof piece);
	assert_int_equal(stream_file_read(&f, f.acked, piece, sizeof piece, NULL), ERR_OK);
	assert_int_equal(piece[0], 'x');
	stream_file_remove(&f);
}

static void other_facts_replace_the_first_and_a_finish_outlives_that(void **state)
{
	struct stream_file f;
	int n_lost;
	(void)state;

	f = created(MANY, &n_lost);
	assert_int_equal(stream_file_set_finish(&f, FINISH, NULL), ERR_OK);
	assert_int_equal(
		stream_file_set_open(&f, STR("{\"repo\":\"a/b\",\"step_name\":\"make (2)\"}"), NULL), ERR_OK);
	assert_int_equal(stream_file_set_open(&f, STR("{}"), NULL), ERR_OK);
	stream_file_leave(&f);
	assert_true(next(URL, &f));
	assert_true(str_eq(f.open, STR("{}")));
	assert_true(str_eq(f.finish, FINISH));
	stream_file_remove(&f);
}

static void damaged_ones_are_removed_and_counted(void **state)
{
	struct spool s = spool_here();
	struct stream_file f;
	int n_broken = 0;
	(void)state;

	place_put("spool/000000000000001-00000001.stream", STR("half"));
	assert_false(stream_file_next(&s, URL, NULL, &f, &n_broken));
	assert_int_equal(n_broken, 1);
	assert_int_equal(place_n_files("spool"), 0);
}

static void the_oldest_go_when_there_are_too_many_or_too_much(void **state)
{
	static char text[100001];
	struct stream_file f;
	int n_lost;
	(void)state;

	memset(text, 'x', sizeof text - 1);
	for (int i = 0; i < 10; i++)
		leave(text);
	f = created(500000, &n_lost);
	assert_in_range(n_lost, 5, 8);
	stream_file_remove(&f);
	for (int i = 0; i < STREAM_FILES + 5; i++)
		leave("x");
	assert_int_equal(place_n_files("spool"), STREAM_FILES);
}

static void without_a_folder_there_is_a_file_without_a_name(void **state)
{
	struct spool s;
	struct stream_file f;
	struct err e;
	char p[3];
	int n_lost;
	(void)state;

	spool_init(&s, ENV("A=b"), now, &arena);
	stream_file_create(&s, URL, OPEN, MANY, &f, &n_lost, &e);
	assert_true(f.fd >= 0);
	assert_int_equal(e.code, ERR_STORAGE);
	assert_int_equal(f.path.len, 0);
	assert_int_equal(stream_file_write(&f, 0, STR("abc"), NULL), ERR_OK);
	assert_int_equal(stream_file_read(&f, 0, p, 3, NULL), ERR_OK);
	stream_file_leave(&f);
}

static void posts_and_streams_in_one_folder_do_not_touch_each_other(void **state)
{
	struct spool s = spool_here();
	struct spool_post post;
	struct stream_file f;
	int n = 0;
	(void)state;

	leave("x");
	now += 2 * SPOOL_CLAIM_MS; /* far older than any claim of a post can be */
	assert_int_equal(spool_add(&s, URL, OPEN, &post, &n, NULL), ERR_OK);
	spool_unsent(&s, &post);
	s = spool_here();
	assert_true(spool_next(&s, URL, &post, &n));
	spool_sent(&s, &post);
	assert_false(spool_next(&s, URL, &post, &n));
	assert_int_equal(n, 0);
	assert_true(next(URL, &f));
	stream_file_remove(&f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_was_left_is_found_as_it_was),
		TEST(it_is_ours_alone_and_starts_with_what_it_is),
		TEST(one_that_is_worked_on_is_left_in_peace),
		TEST(one_whose_owner_was_killed_is_found_without_a_finish),
		TEST(they_are_sent_oldest_first_and_to_their_own_server_only),
		TEST(what_is_durable_elsewhere_is_given_back_and_its_place_known),
		TEST(other_facts_replace_the_first_and_a_finish_outlives_that),
		TEST(damaged_ones_are_removed_and_counted),
		TEST(the_oldest_go_when_there_are_too_many_or_too_much),
		TEST(without_a_folder_there_is_a_file_without_a_name),
		TEST(posts_and_streams_in_one_folder_do_not_touch_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
