#include "tests/test.h"

#include "agent/sender.h"
#include "base/clock.h"
#include "tests/unit/help/place.h"
#include "tests/unit/help/step_server.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FINISH STR("{\"conclusion\":\"failure\"}")
#define LIMIT (4 * 1024 * 1024)

/* Nothing is awaited that does not come: these are only short so that tests are. */
static const struct sender_pace fast = { .open_ms = 1,
	.flush_ms = 1,
	.heartbeat_ms = 60000,
	.retry_first_ms = 1,
	.retry_most_ms = 4,
	.slow_ms = 10000,
	.connect_ms = 5000,
	.total_ms = 20000 };
static const struct sender_wait patient = { .total_ms = 60000, .quiet_ms = 60000 };

static struct step_server *server;
static struct arena arena;
static struct peer peer;
static struct spool spool;
static struct stream_file file;
static struct sender_job job;
static struct sender *sender;
static struct buf text;
static uint64_t seed;

static int set_up(void **state)
{
	struct err e;
	int n_lost;

	if (place_make(state) != 0)
		return -1;
	arena_init(&arena);
	server = step_server_new();
	place_put("token", STR("slc_token\n"));
	if (peer_init(&peer, step_server_url(server), "token", &e) != ERR_OK)
		return -1;
	spool_init(&spool, (char *const[]){ "SLUICE_SPOOL=spool", NULL }, 1, &arena);
	stream_file_create(
		&spool, buf_view(&peer.shown), STR("{\"step_name\":\"make\"}"), LIMIT, &file, &n_lost, &e);
	job = (struct sender_job){ .peer = &peer, .file = &file, .limit = LIMIT, .pace = fast };
	sender = NULL;
	buf_init(&text, 64 * LIMIT);
	seed = 7;
	return 0;
}

static int tear_down(void **state)
{
	step_server_free(server); /* first: it may hang on purpose */
	if (sender)
		sender_free(sender, true);
	stream_file_leave(&file);
	peer_done(&peer);
	arena_done(&arena);
	buf_done(&text);
	return place_remove(state);
}

static void start(void)
{
	struct err e;

	if (sender_start(&job, &sender, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void add(const char *z)
{
	buf_z(&text, z);
	sender_add(sender, str_z(z));
}

static struct sender_result finish(struct sender_wait wait)
{
	struct sender_result got;
	int64_t total;

	assert_int_equal(sender_close(sender, &total, NULL), ERR_OK);
	sender_finish(sender,
		arena_fmt(&arena, "{\"conclusion\":\"failure\",\"bytes\":%lld}", (long long)total), wait,
		&got);
	return got;
}

static void assert_sent(struct sender_result got)
{
	if (got.end != SENDER_SENT)
		fail_msg("not sent: %s", got.why.text);
	if (!str_eq(step_server_text(server, 0), buf_view(&text)))
		fail_msg("there: %.*s\nwritten: %s", STR_FMT(step_server_text(server, 0)), buf_cstr(&text));
	assert_int_equal(file.acked, text.len);
}

static size_t random_below(size_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(seed >> 33) % n;
}

static void add_lines(int n)
{
	for (int i = 0; i < n; i++) {
		char line[200];

		snprintf(line, sizeof line, "line %d %0*zu%s", i, (int)random_below(100) + 1,
			random_below(1000000), random_below(10) ? "\n" : "");
		add(line);
	}
}

static void a_log_arrives_as_it_was_written_and_then_its_end(void **state)
{
	(void)state;
	start();
	add("one\n");
	add("two\nno line end");
	assert_sent(finish(patient));
	assert_string_equal(step_server_open(server, 0), "{\"step_name\":\"make\"}");
	assert_string_equal(step_server_finish(server, 0), "{\"conclusion\":\"failure\",\"bytes\":19}");
}

static void a_command_that_says_nothing_is_a_step_too(void **state)
{
	(void)state;
	job.pace.open_ms = 60000;
	start();
	assert_sent(finish(patient));
	assert_int_equal(step_server_n_requests(server), 2);
	assert_int_not_equal(strlen(step_server_finish(server, 0)), 0);
}

static void the_step_is_opened_and_lives_although_nothing_is_said(void **state)
{
	(void)state;
	job.pace.heartbeat_ms = 1;
	start();
	step_server_wait(server, 5);
	assert_true(step_server_n_beats(server) >= 4);
	assert_sent(finish(patient));
}

static void bytes_are_sent_while_the_command_runs(void **state)
{
	(void)state;
	start();
	add("early\n");
	step_server_wait(server, 2);
	assert_true(str_eq(step_server_text(server, 0), STR("early\n")));
	add("late\n");
	assert_sent(finish(patient));
}

static void much_is_sent_in_chunks(void **state)
{
	(void)state;
	job.limit = 64 * 1024 * 1024;
	job.pace.open_ms = job.pace.flush_ms = 60000;
	start();
	add_lines(20000);
	assert_sent(finish(patient));
	assert_in_range(step_server_n_requests(server), 3, 3 + text.len / (UPLOAD_CHUNK / 4));
}

static void whatever_goes_wrong_on_the_way_no_byte_is_doubled_or_lost(void **state)
{
	for (unsigned round = 0; round < 10; round++) {
		job.limit = 64 * 1024 * 1024;
		step_server_random(server, 2, round);
		start();
		for (int i = 0; i < 20; i++)
			add_lines(400);
		assert_sent(finish(patient));
		assert_int_not_equal(strlen(step_server_finish(server, 0)), 0);
		assert_int_equal(step_server_n_steps(server), 1);
		tear_down(state);
		set_up(state);
	}
}

static void an_answer_that_is_lost_is_no_second_log(void **state)
{
	(void)state;
	for (size_t n = 0; n < 4; n++)
		step_server_trouble(server, 2 * n, ANSWER_LOST);
	start();
	add("one\ntwo\nhalf");
	step_server_wait(server, 2); /* before an answer nobody waits at the end */
	assert_sent(finish(patient));
	assert_int_equal(step_server_n_steps(server), 1);
}

static void a_server_that_forgot_what_it_held_back_gets_it_again(void **state)
{
	(void)state;
	start();
	add("whole\nhalf a li");
	step_server_wait(server, 2);
	step_server_trouble(server, 0, RESTARTED);
	add("ne\nand the end");
	step_server_wait(server, 3);
	step_server_trouble(server, 1, RESTARTED);
	assert_sent(finish(patient));
}

static void the_log_of_a_step_whose_repo_was_removed_is_given_up(void **state)
{
	struct sender_result got;
	(void)state;

	start();
	add("one\n");
	step_server_wait(server, 2);
	step_server_all(server, REMOVED);
	add("two\n");
	got = finish(patient);
	assert_int_equal(got.end, SENDER_REFUSED);
	assert_int_equal(got.why.code, ERR_NOT_FOUND);
}

static void a_token_that_is_not_good_is_not_tried_again_but_the_log_is_kept(void **state)
{
	struct sender_result got;
	(void)state;

	step_server_all(server, FORBIDDEN);
	start();
	add("one\n");
	step_server_wait(server, 1);
	got = finish(patient);
	assert_int_equal(got.end, SENDER_KEEP);
	assert_int_equal(got.why.code, ERR_FORBIDDEN);
	assert_int_equal(step_server_n_requests(server), 1);
}

static void nobody_waits_for_a_server_that_refuses_and_was_never_there(void **state)
{
	struct sender_result got;
	(void)state;

	step_server_free(server);
	server = step_server_new(); /* on another port, most likely; the old one is closed */
	if (strcmp(step_server_url(server), buf_cstr(&peer.url)) == 0)
		skip();
	job.pace.open_ms = 60000;
	start();
	got = finish(patient);
	assert_int_equal(got.end, SENDER_KEEP);
	assert_false(got.answered);
	assert_false(got.hung);
}

static void a_server_that_hangs_is_waited_for_so_long_and_not_longer(void **state)
{
	struct sender_result got;
	int64_t begun;
	(void)state;

	step_server_all(server, HANGING);
	job.pace.slow_ms = 10;
	start();
	add("one\n");
	step_server_wait(server, 1);
	begun = clock_steady_ms(&clock_system);
	got = finish((struct sender_wait){ .total_ms = 60000, .quiet_ms = 20 });
	assert_true(clock_steady_ms(&clock_system) - begun >= 20);
	assert_int_equal(got.end, SENDER_KEEP);
	assert_true(got.hung);
	assert_false(sender_free(sender, false));
}

static void one_that_hung_before_is_not_waited_for_at_all(void **state)
{
	struct sender_result got;
	(void)state;

	step_server_all(server, HANGING);
	start();
	add("one\n");
	step_server_wait(server, 1);
	got = finish((struct sender_wait){ .total_ms = INT_MAX, .quiet_ms = INT_MAX, .if_answered = true });
	assert_int_equal(got.end, SENDER_KEEP);
}

static void whoever_adds_never_waits_for_a_server_that_hangs(void **state)
{
	(void)state;
	step_server_all(server, HANGING);
	start();
	add("one\n");
	step_server_wait(server, 1);
	add_lines(2000); /* would never end */
	assert_int_equal(finish((struct sender_wait){ .total_ms = 1, .quiet_ms = 1 }).end, SENDER_KEEP);
}

/* As the next call does. */
static void what_was_not_sent_is_sent_from_the_file_that_was_left(void **state)
{
	struct sender_result got;
	int64_t total;
	(void)state;

	start();
	add("one\n");
	step_server_wait(server, 2);
	step_server_all(server, BUSY);
	add("two\nhalf");
	got = finish((struct sender_wait){ .total_ms = 10, .quiet_ms = 10 });
	assert_int_equal(got.end, SENDER_KEEP);
	sender_free(sender, true);
	assert_int_equal(stream_file_set_finish(&file, FINISH, NULL), ERR_OK);
	stream_file_leave(&file);

	step_server_all(server, NO_TROUBLE);
	assert_true(stream_file_next(&spool, buf_view(&peer.shown), NULL, &file, &(int){ 0 }));
	assert_true(str_eq(file.finish, FINISH));
	start();
	assert_int_equal(sender_close(sender, &total, NULL), ERR_OK);
	assert_int_equal(total, text.len);
	sender_finish(sender, file.finish, patient, &got);
	assert_sent(got);
	assert_int_equal(step_server_n_steps(server), 1);
}

static void a_log_that_nobody_knows_the_end_of_is_sent_and_left_open(void **state)
{
	struct sender_result got;
	int64_t total;
	(void)state;

	start();
	add("one\ntwo\n");
	assert_int_equal(sender_close(sender, &total, NULL), ERR_OK);
	sender_finish(sender, STR(""), patient, &got);
	assert_sent(got);
	assert_string_equal(step_server_finish(server, 0), "");
}

static void a_second_log_of_one_name_is_a_step_of_its_own(void **state)
{
	const struct str others[] = { STR("{\"step_name\":\"make (2)\"}"),
		STR("{\"step_name\":\"make (3)\"}") };

	start();
	add("first\n");
	assert_sent(finish(patient));
	for (size_t i = 1; i < 3; i++) {
		sender_free(sender, true);
		stream_file_remove(&file);
		stream_file_create(&spool, buf_view(&peer.shown), STR("{\"step_name\":\"make\"}"), LIMIT,
			&file, &(int){ 0 }, &(struct err){ 0 });
		job.other_opens = others;
		job.n_other_opens = 2;
		start();
		add("another\n");
		assert_int_equal(finish(patient).end, SENDER_SENT);
		assert_int_equal(step_server_n_steps(server), i + 1);
		assert_true(str_eq(step_server_text(server, i), STR("another\n")));
		assert_true(str_eq(file.open, others[i - 1]));
	}
	assert_true(str_eq(step_server_text(server, 0), STR("first\n")));
	(void)state;
}

/* Without other names to try: it is said, and the first log stays. */
static void a_finished_log_is_not_replaced(void **state)
{
	struct sender_result got;
	(void)state;

	start();
	add("first\n");
	assert_sent(finish(patient));
	sender_free(sender, true);
	stream_file_remove(&file);
	stream_file_create(&spool, buf_view(&peer.shown), STR("{\"step_name\":\"make\"}"), LIMIT, &file,
		&(int){ 0 }, &(struct err){ 0 });
	start();
	sender_add(sender, STR("second\n"));
	got = finish(patient);
	assert_int_equal(got.end, SENDER_REFUSED);
	assert_non_null(strstr(got.why.text, "finished log of this step"));
	assert_true(str_eq(step_server_text(server, 0), STR("first\n")));
}

static void what_does_not_fit_is_dropped_from_the_middle_and_told(void **state)
{
	struct sender_result got;
	(void)state;

	step_server_all(server, BUSY);
	start();
	add_lines(100000);
	assert_true(text.len > LIMIT + 2 * BACKLOG_LAST);
	step_server_all(server, NO_TROUBLE);
	got = finish(patient);
	assert_int_equal(got.end, SENDER_SENT);
	assert_true(got.n_dropped > 0);
	assert_true(str_find_str(step_server_text(server, 0), STR("bytes were dropped here")) <
		    step_server_text(server, 0).len);
	assert_true(str_ends(step_server_text(server, 0), str_from(buf_view(&text), text.len - 1000)));
}

static void whoever_can_wait_loses_nothing(void **state)
{
	(void)state;
	start();
	for (int i = 0; i < 300; i++) {
		sender_wait_for_room(sender, 60000);
		add_lines(500);
	}
	assert_true(text.len > 2 * LIMIT);
	assert_sent(finish(patient));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_log_arrives_as_it_was_written_and_then_its_end),
		TEST(a_command_that_says_nothing_is_a_step_too),
		TEST(the_step_is_opened_and_lives_although_nothing_is_said),
		TEST(bytes_are_sent_while_the_command_runs),
		TEST(much_is_sent_in_chunks),
		TEST(whatever_goes_wrong_on_the_way_no_byte_is_doubled_or_lost),
		TEST(an_answer_that_is_lost_is_no_second_log),
		TEST(a_server_that_forgot_what_it_held_back_gets_it_again),
		TEST(the_log_of_a_step_whose_repo_was_removed_is_given_up),
		TEST(a_token_that_is_not_good_is_not_tried_again_but_the_log_is_kept),
		TEST(nobody_waits_for_a_server_that_refuses_and_was_never_there),
		TEST(a_server_that_hangs_is_waited_for_so_long_and_not_longer),
		TEST(one_that_hung_before_is_not_waited_for_at_all),
		TEST(whoever_adds_never_waits_for_a_server_that_hangs),
		TEST(what_was_not_sent_is_sent_from_the_file_that_was_left),
		TEST(a_log_that_nobody_knows_the_end_of_is_sent_and_left_open),
		TEST(a_second_log_of_one_name_is_a_step_of_its_own),
		TEST(a_finished_log_is_not_replaced),
		TEST(what_does_not_fit_is_dropped_from_the_middle_and_told),
		TEST(whoever_can_wait_loses_nothing),
	};

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	unsetenv("SLUICE_TOKEN");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
