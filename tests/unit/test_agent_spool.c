#include "tests/test.h"

#include "agent/spool.h"
#include "base/clock.h"
#include "tests/unit/help/place.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define URL STR("http://s.example")
#define BODY STR("{\"repo\":\"a/b\"}")

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

static struct spool spool_at(int64_t at)
{
	struct spool s;

	spool_init(&s, ENV("SLUICE_SPOOL=spool"), at, &arena);
	return s;
}

static struct spool_post add(struct str url, struct str body, int *ret_n_lost)
{
	struct spool s = spool_at(now++);
	struct spool_post post;
	struct err e = { 0 };
	int n_lost = 0;

	if (spool_add(&s, url, body, &post, &n_lost, &e) != ERR_OK)
		fail_msg("%s", e.text);
	if (ret_n_lost)
		*ret_n_lost = n_lost;
	return post;
}

/* As a call leaves it that could not send. */
static void leave(struct str url, struct str body)
{
	struct spool s = spool_at(now);
	struct spool_post post = add(url, body, NULL);

	spool_unsent(&s, &post);
}

static bool next(struct spool *s, struct str url, struct spool_post *ret)
{
	int n_broken = 0;
	bool any = spool_next(s, url, ret, &n_broken);

	assert_int_equal(n_broken, 0);
	return any;
}

/* A body of this size and with this number in it. */
static struct str body_of(size_t size, int n)
{
	struct str body = arena_fmt(&arena, "{\"n\":%d,\"x\":\"%*s\"}", n, (int)size - 24, "");

	return body;
}

static void the_folder_is_the_first_place_that_the_environment_names(void **state)
{
	struct spool s;
	(void)state;

	spool_init(&s, ENV("RUNNER_TEMP=/t", "HOME=/h", "XDG_STATE_HOME=/x", "SLUICE_SPOOL=/s"), 0, &arena);
	assert_string_equal(s.folder.p, "/s");
	spool_init(&s, ENV("RUNNER_TEMP=/t", "HOME=/h", "XDG_STATE_HOME=/x"), 0, &arena);
	assert_string_equal(s.folder.p, "/x/sluice/spool");
	spool_init(&s, ENV("RUNNER_TEMP=/t", "HOME=/h", "XDG_STATE_HOME="), 0, &arena);
	assert_string_equal(s.folder.p, "/h/.local/state/sluice/spool");
	spool_init(&s, ENV("RUNNER_TEMP=/t"), 0, &arena);
	assert_string_equal(s.folder.p, "/t/sluice-spool");
}

static void without_a_place_nothing_is_kept_and_that_is_said(void **state)
{
	struct spool_post post;
	struct spool s;
	struct err e;
	int n_lost;
	(void)state;

	spool_init(&s, ENV("CI=true"), 0, &arena);
	assert_true(spool_is_empty(&s));
	assert_false(next(&s, URL, &post));
	assert_int_equal(spool_add(&s, URL, BODY, &post, &n_lost, &e), ERR_STORAGE);
	assert_non_null(strstr(e.text, "SLUICE_SPOOL"));
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
	struct spool s = spool_at(now);
	struct spool_post post;
	struct err e;
	int n_lost;
	(void)state;

	place_put("spool", STR("in the way"));
	assert_int_equal(spool_add(&s, URL, BODY, &post, &n_lost, &e), ERR_STORAGE);
	assert_non_null(strstr(e.text, "spool"));
	assert_true(spool_is_empty(&s));
}

static void a_post_comes_back_as_it_was_and_only_to_its_server(void **state)
{
	struct spool_post post;
	struct spool s;
	(void)state;

	leave(URL, BODY);
	s = spool_at(now);
	assert_false(next(&s, STR("http://other.example"), &post));
	s = spool_at(now);
	assert_false(spool_is_empty(&s));
	assert_true(next(&s, URL, &post));
	assert_true(str_eq(post.url, URL));
	assert_true(str_eq(post.body, BODY));
	assert_false(next(&s, URL, &post));
	spool_sent(&s, &post);
	assert_int_equal(place_n_files("spool"), 0);
}

static void nobody_else_may_read_it_and_no_token_stands_in_it(void **state)
{
	struct stat st;
	AUTO_BUF text;
	(void)state;

	leave(URL, BODY);
	assert_int_equal(stat("spool", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(chdir("spool"), 0);
	assert_int_equal(stat(place_only_file("."), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	buf_init(&text, 1000);
	place_get(place_only_file("."), &text);
	assert_string_equal(buf_cstr(&text), "sluice spool 1\nhttp://s.example\n{\"repo\":\"a/b\"}");
}

static void the_oldest_goes_first(void **state)
{
	struct spool_post post;
	struct spool s;
	(void)state;

	for (int i = 0; i < 20; i++)
		leave(URL, body_of(40, i));
	s = spool_at(now);
	for (int i = 0; i < 20; i++) {
		assert_true(next(&s, URL, &post));
		assert_true(str_eq(post.body, body_of(40, i)));
		spool_unsent(&s, &post);
	}
	assert_false(next(&s, URL, &post)); /* what could not be sent is not tried twice by one call */
	assert_int_equal(place_n_files("spool"), 20);
}

static void so_many_files_and_no_more(void **state)
{
	int n_lost;
	(void)state;

	for (int i = 0; i < SPOOL_FILES; i++)
		leave(URL, body_of(40, i));
	assert_int_equal(place_n_files("spool"), SPOOL_FILES);
	for (int i = 0; i < 3; i++) {
		struct spool s = spool_at(now);
		struct spool_post post = add(URL, body_of(40, 100 + i), &n_lost);

		assert_int_equal(n_lost, 1);
		spool_unsent(&s, &post);
		assert_int_equal(place_n_files("spool"), SPOOL_FILES);
	}
	struct spool s = spool_at(now);
	struct spool_post post;
	assert_true(next(&s, URL, &post));
	assert_true(str_eq(post.body, body_of(40, 3)));
}

static size_t bytes_in(const char *folder)
{
	struct spool s = spool_at(now);
	size_t n = 0;
	struct spool_post post;

	assert_string_equal(s.folder.p, folder);
	while (next(&s, URL, &post)) {
		n += post.body.len;
		spool_unsent(&s, &post);
	}
	return n;
}

static void so_many_bytes_and_no_more(void **state)
{
	int n_lost;
	(void)state;

	for (int i = 0; i < 40; i++) {
		leave(URL, body_of(250 * 1024, i));
		assert_true(bytes_in("spool") <= SPOOL_BYTES);
	}
	assert_int_equal(place_n_files("spool"), SPOOL_BYTES / (250 * 1024 + 32));
	add(URL, body_of(10, 1), &n_lost);
	assert_int_equal(n_lost, 0);
}

static void a_post_over_the_limit_is_refused_and_costs_no_other_its_place(void **state)
{
	struct spool s = spool_at(now);
	struct spool_post post;
	struct err e;
	int n_lost = 0;
	(void)state;

	leave(URL, BODY);
	assert_int_equal(spool_add(&s, URL, body_of(SPOOL_POST_MAX, 1), &post, &n_lost, &e), ERR_TOO_LARGE);
	assert_int_equal(n_lost, 0);
	assert_int_equal(place_n_files("spool"), 1);
}

static void damaged_files_are_counted_and_removed_and_the_others_sent(void **state)
{
	static const char *const damaged[] = { "", "sluice spool 1", "sluice spool 1\nhttp://s.example",
		"sluice spool 2\nhttp://s.example\n{}",
		"sluice spool 1\nhttp://s.example\n{\"repo\":", "sluice spool 1\nhttp://s.example\n[]",
		"sluice spool 1\nhttp://s.example\n{} {}" };
	struct spool s = spool_at(now);
	struct spool_post post;
	int n_broken = 0;
	char path[100];
	(void)state;

	for (int i = 0; i < (int)(sizeof damaged / sizeof *damaged); i++) {
		snprintf(path, sizeof path, "spool/%015" PRId64 "-0000000%d.json", now - 100, i);
		place_put(path, str_z(damaged[i]));
	}
	snprintf(path, sizeof path, "spool/%015" PRId64 "-0000000a.json", now - 100);
	place_put(path, body_of(2 * SPOOL_POST_MAX, 0));
	leave(URL, BODY);
	assert_true(spool_next(&s, URL, &post, &n_broken));
	assert_int_equal(n_broken, 8);
	assert_true(str_eq(post.body, BODY));
	assert_int_equal(place_n_files("spool"), 1);
}

static void what_is_not_ours_is_not_touched(void **state)
{
	struct spool s;
	struct spool_post post;
	int n_lost;
	AUTO_BUF text;
	(void)state;

	/* Names as ours, but links, a folder, a pipe; and files with names of others. */
	place_put("outside", STR("sluice spool 1\nhttp://s.example\n{}"));
	assert_int_equal(mkdir("spool", 0700), 0);
	assert_int_equal(symlink("../outside", "spool/000000000000001-00000001.json"), 0);
	assert_int_equal(symlink("../outside", "spool/000000000000001-00000002.1.claim"), 0);
	assert_int_equal(symlink("nowhere", "spool/000000000000001-00000003.json"), 0);
	assert_int_equal(mkdir("spool/000000000000001-00000004.json", 0700), 0);
	assert_int_equal(mkfifo("spool/000000000000001-00000005.json", 0600), 0);
	place_put("spool/notes.json", STR("mine"));
	place_put("spool/1-00000001.json", STR("mine"));
	place_put("spool/000000000000001-0000000G.json", STR("mine"));
	place_put("spool/000000000000001-000000001.json", STR("mine"));
	s = spool_at(now);
	assert_true(spool_is_empty(&s));
	assert_false(next(&s, URL, &post));
	for (int i = 0; i < SPOOL_FILES + 5; i++)
		leave(URL, body_of(40, i));
	add(URL, BODY, &n_lost);
	assert_int_equal(n_lost, 1);
	assert_int_equal(place_n_files("spool"), SPOOL_FILES + 9);
	buf_init(&text, 100);
	place_get("outside", &text);
	assert_int_equal(text.len, 34);
}

static void files_of_another_user_are_not_touched(void **state)
{
	struct spool s;
	(void)state;

	if (geteuid() != 0)
		skip();
	leave(URL, BODY);
	assert_int_equal(chdir("spool"), 0);
	assert_int_equal(lchown(place_only_file("."), 65534, 65534), 0);
	assert_int_equal(chdir(".."), 0);
	s = spool_at(now);
	assert_true(spool_is_empty(&s));
}

static void what_is_being_sent_is_nobody_elses(void **state)
{
	struct spool mine = spool_at(now), other = spool_at(now);
	struct spool_post post, none;
	(void)state;

	leave(URL, BODY);
	assert_false(spool_is_empty(&other)); /* it has looked, and saw it waiting */
	assert_true(next(&mine, URL, &post));
	assert_false(next(&other, URL, &none));
	other = spool_at(now);
	assert_false(next(&other, URL, &none));
	/* Given back it may be taken by the next. */
	spool_unsent(&mine, &post);
	other = spool_at(now);
	assert_true(next(&other, URL, &none));
}

static void a_post_that_was_just_added_is_claimed_from_the_first_moment(void **state)
{
	struct spool other;
	struct spool_post post;
	(void)state;

	add(URL, BODY, NULL);
	other = spool_at(now);
	assert_false(next(&other, URL, &post));
	assert_true(str_ends(str_z(place_only_file("spool")), STR(".claim")));
}

/* A process that added a post, claimed at its end, and is gone without a word. */
static pid_t killed_while_sending(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		add(URL, BODY, NULL);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return pid;
}

static void the_claim_of_a_dead_process_is_taken_over_by_one(void **state)
{
	struct spool a = spool_at(now), b = spool_at(now);
	struct spool_post post;
	(void)state;

	killed_while_sending();
	assert_false(spool_is_empty(&a));
	assert_false(spool_is_empty(&b));
	assert_true(next(&a, URL, &post));
	assert_true(str_eq(post.body, BODY));
	assert_false(next(&b, URL, &post));
	b = spool_at(now);
	assert_false(next(&b, URL, &post));
}

static void a_claim_that_takes_too_long_is_void_though_its_process_lives(void **state)
{
	struct spool s = spool_at(now + SPOOL_CLAIM_MS / 2);
	struct spool_post post;
	(void)state;

	add(URL, BODY, NULL);
	assert_false(next(&s, URL, &post));
	s = spool_at(now + SPOOL_CLAIM_MS + 60000);
	assert_true(next(&s, URL, &post));
}

static void a_claim_is_counted_from_when_it_was_made(void **state)
{
	struct timespec long_ago[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct spool mine = spool_at(now), other;
	struct spool_post post;
	char path[400];
	(void)state;

	leave(URL, BODY);
	snprintf(path, sizeof path, "spool/%s", place_only_file("spool"));
	assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
	assert_true(next(&mine, URL, &post));
	other = spool_at(now);
	assert_false(next(&other, URL, &post));
}

static void what_was_never_written_to_its_end_goes_after_a_while(void **state)
{
	struct spool s;
	struct spool_post post;
	(void)state;

	place_put("spool/000000000000001-00000001.77.claim.Ab12Cd", STR("sluice spo"));
	s = spool_at(now);
	assert_false(next(&s, URL, &post));
	assert_int_equal(place_n_files("spool"), 1);
	s = spool_at(now + SPOOL_CLAIM_MS + 60000);
	assert_false(next(&s, URL, &post));
	assert_int_equal(place_n_files("spool"), 0);
}

/* Many at once over the same posts: each is taken by exactly one, and nothing is lost. */
static void of_many_processes_each_post_has_one(void **state)
{
	enum { POSTS = 40, PROCESSES = 6 };
	char taken[PROCESSES * POSTS];
	int ends[2], status;
	size_t n = 0;
	ssize_t got;
	int seen[POSTS] = { 0 };
	(void)state;

	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < POSTS; i++)
		leave(URL, body_of(40, i));
	for (int p = 0; p < PROCESSES; p++)
		if (fork() == 0) {
			struct spool s = spool_at(now);
			struct spool_post post;
			int n_broken = 0;

			while (spool_next(&s, URL, &post, &n_broken)) {
				char which = (char)strtol(post.body.p + strlen("{\"n\":"), NULL, 10);

				if (write(ends[1], &which, 1) != 1)
					_exit(1);
				spool_sent(&s, &post);
			}
			_exit(n_broken);
		}
	close(ends[1]);
	while ((got = read(ends[0], taken + n, sizeof taken - n)) > 0)
		n += (size_t)got;
	close(ends[0]);
	for (int p = 0; p < PROCESSES; p++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(n, POSTS);
	for (size_t i = 0; i < n; i++)
		seen[(int)taken[i]]++;
	for (int i = 0; i < POSTS; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(place_n_files("spool"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_folder_is_the_first_place_that_the_environment_names),
		TEST(without_a_place_nothing_is_kept_and_that_is_said),
		TEST(a_folder_that_cannot_be_made_is_named),
		TEST(a_post_comes_back_as_it_was_and_only_to_its_server),
		TEST(nobody_else_may_read_it_and_no_token_stands_in_it),
		TEST(the_oldest_goes_first),
		TEST(so_many_files_and_no_more),
		TEST(so_many_bytes_and_no_more),
		TEST(a_post_over_the_limit_is_refused_and_costs_no_other_its_place),
		TEST(damaged_files_are_counted_and_removed_and_the_others_sent),
		TEST(what_is_not_ours_is_not_touched),
		TEST(files_of_another_user_are_not_touched),
		TEST(what_is_being_sent_is_nobody_elses),
		TEST(a_post_that_was_just_added_is_claimed_from_the_first_moment),
		TEST(the_claim_of_a_dead_process_is_taken_over_by_one),
		TEST(a_claim_that_takes_too_long_is_void_though_its_process_lives),
		TEST(a_claim_is_counted_from_when_it_was_made),
		TEST(what_was_never_written_to_its_end_goes_after_a_while),
		TEST(of_many_processes_each_post_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
