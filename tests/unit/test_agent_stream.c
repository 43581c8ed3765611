#include "tests/test.h"

#include "agent/hung.h"
#include "agent/left.h"
#include "agent/stream.h"
#include "base/clock.h"
#include "base/file.h"
#include "tests/unit/help/place.h"
#include "tests/unit/help/step_server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define SECRET "hunter2-correct-horse"
#define ENV(...) ((char *const[]){ __VA_ARGS__, NULL })
#define FACTS                                                                                                \
	"GITHUB_REPOSITORY=a/b", "GITHUB_SHA=" SHA, "GITHUB_RUN_ID=1", "SLUICE_SPOOL=spool",                 \
		"RUNNER_TEMP=.", "API_KEY=" SECRET

static struct step_server *server;
static const char *heard;
static bool running;

static int set_up(void **state)
{
	server = step_server_new();
	if (place_make(state) != 0)
		return -1;
	place_put("token", STR("slc_token\n"));
	return 0;
}

static int tear_down(void **state)
{
	step_server_free(server);
	return place_remove(state);
}

static struct flags flags_to_server(void)
{
	struct flags flags = FLAGS_NONE;

	flags.url = step_server_url(server);
	flags.token_file = "token";
	return flags;
}

/* `sluice run -- make ARGUMENT`, which prints text and ends with 2. */
static enum err_code run(char *const *env, const char *argument, const char *text)
{
	char *command[] = { (char[]){ "make" }, (char *)(uintptr_t)argument, NULL };
	struct flags flags = flags_to_server();
	struct stream_end how = { .keep = true };
	enum err_code code;
	struct stream *s;
	struct sending r;

	place_listen(2);
	sending_init(&r, "run", &flags, env, command);
	s = stream_begin(&r);
	for (; *text; text++)
		stream_add(s, 0, (struct str){ text, 1 });
	r.facts.conclusion = CONCLUSION_FAILURE;
	r.facts.has_exit_code = true;
	r.facts.exit_code = 2;
	code = stream_end(s, &how);
	running = how.running;
	if (!running)
		sending_done(&r);
	heard = place_heard();
	return code;
}

static void assert_text(size_t i, const char *text)
{
	struct str got = step_server_text(server, i);

	if (!str_eq(got, str_z(text)))
		fail_msg("there: %.*s", STR_FMT(got));
}

static size_t n_lines(const char *z)
{
	size_t n = 0;

	for (; *z; z++)
		n += *z == '\n';
	return n;
}

#define assert_heard(text) assert_non_null(strstr(heard, text))

static void a_log_is_streamed_masked_and_nothing_is_said_or_kept(void **state)
{
	(void)state;
	assert_int_equal(run(ENV(FACTS, "GITHUB_JOB=job " SECRET), "test", "key=" SECRET "\nend"), ERR_OK);
	assert_text(0, "key=***\nend");
	assert_string_equal(heard, "");
	assert_int_equal(place_n_files("spool"), 0);
	assert_non_null(strstr(step_server_open(server, 0), "\"job_name\":\"job ***\""));
	assert_non_null(strstr(step_server_open(server, 0), "\"step_name\":\"make test\""));
	assert_null(strstr(step_server_open(server, 0), "exit_code"));
	assert_non_null(
		strstr(step_server_finish(server, 0), "{\"conclusion\":\"failure\",\"exit_code\":2,"));
	assert_non_null(strstr(step_server_finish(server, 0), "\"bytes\":11,\"keep\":true}"));
}

static void two_commands_of_one_name_in_a_job_are_two_steps(void **state)
{
	(void)state;
	assert_int_equal(run(ENV(FACTS), "test", "first\n"), ERR_OK);
	assert_int_equal(run(ENV(FACTS), "test", "second\n"), ERR_OK);
	assert_int_equal(run(ENV(FACTS), "test", "third\n"), ERR_OK);
	assert_text(0, "first\n");
	assert_text(1, "second\n");
	assert_text(2, "third\n");
	assert_non_null(strstr(step_server_open(server, 2), "\"step_name\":\"make test (3)\""));
	assert_string_equal(heard, "");
}

static void a_value_that_one_step_named_is_masked_in_the_next(void **state)
{
	(void)state;
	assert_int_equal(run(ENV(FACTS), "a", "::add-mask::swordfish-7\n"), ERR_OK);
	assert_int_equal(run(ENV(FACTS, "GITHUB_JOB=for swordfish-7"), "b", "it is swordfish-7\n"), ERR_OK);
	assert_text(0, "::add-mask::***\n");
	assert_text(1, "it is ***\n");
	assert_non_null(strstr(step_server_open(server, 1), "\"job_name\":\"for ***\""));
}

static void what_is_not_known_is_said_in_a_line_and_nothing_is_sent(void **state)
{
	(void)state;
	assert_int_equal(run(ENV("SLUICE_SPOOL=spool", "GITHUB_SHA=" SHA), "test", "text\n"), ERR_INVALID);
	assert_heard("the log was not sent: not known: ");
	assert_heard("--run-id");
	assert_int_equal(n_lines(heard), 1);
	assert_int_equal(step_server_n_requests(server), 0);
	assert_int_equal(place_n_files("spool"), 0);
}

/* As of a call that found the server busy until its patience ended; but without the waiting. */
static void leave(char *const *env, const char *argument, const char *text)
{
	step_server_all(server, FORBIDDEN);
	assert_int_not_equal(run(env, argument, text), ERR_OK);
	step_server_all(server, NO_TROUBLE);
}

static void what_cannot_be_sent_is_kept_masked_and_said_in_one_line(void **state)
{
	AUTO_BUF text;
	char path[400];
	(void)state;

	leave(ENV(FACTS), "test", "key=" SECRET "\n");
	assert_heard("It is kept in spool; the next call sends it");
	assert_int_equal(n_lines(heard), 1);
	snprintf(path, sizeof path, "spool/%s", place_only_file("spool"));
	buf_init(&text, 1024 * 1024);
	place_get(path, &text);
	assert_true(str_ends(buf_view(&text), STR("key=***\n")));
	assert_true(str_find_str(buf_view(&text), STR(SECRET)) == text.len);
	assert_true(str_find_str(buf_view(&text), STR("slc_token")) == text.len);
	assert_true(str_find_str(buf_view(&text), STR("{\"conclusion\":\"failure\"")) < text.len);
}

static void the_next_call_sends_what_was_kept(void **state)
{
	size_t first;
	(void)state;
	leave(ENV(FACTS), "one", "first\n");
	leave(ENV(FACTS), "two", "second\n");
	assert_int_equal(place_n_files("spool"), 2);
	assert_int_equal(run(ENV(FACTS), "three", "third\n"), ERR_OK);
	assert_string_equal(heard, "");
	assert_int_equal(place_n_files("spool"), 0);
	assert_text(0, "third\n"); /* one's own goes first */
	first = str_eq(step_server_text(server, 1), STR("first\n")) ? 1 : 2;
	assert_text(first, "first\n"); /* kept in one ms, they have no order */
	assert_text(3 - first, "second\n");
	assert_non_null(strstr(step_server_finish(server, 1), "\"exit_code\":2"));
}

static void a_kept_log_that_is_refused_is_said_and_dropped(void **state)
{
	(void)state;
	leave(ENV(FACTS), "one", "first\n");
	step_server_trouble(server, 3, REMOVED); /* behind opening, appending and finishing our own */
	assert_int_equal(run(ENV(FACTS), "two", "second\n"), ERR_OK);
	assert_heard("1 kept log was not taken by the server and dropped: no such step");
	assert_int_equal(place_n_files("spool"), 0);
}

static void one_of_another_repo_is_left_to_a_call_of_that_repo(void **state)
{
	(void)state;
	leave(ENV(FACTS, "FORGEJO_REPOSITORY=other/one"), "one", "first\n");
	step_server_trouble(server, 3, REMOVED);
	assert_int_equal(run(ENV(FACTS), "two", "second\n"), ERR_OK);
	assert_string_equal(heard, "");
	assert_int_equal(place_n_files("spool"), 1);
}

/* kill -9 in the middle: the bytes arrive, the step stays open, for nobody knows how it ended. */
static void the_log_of_a_killed_call_is_sent_by_the_next_as_far_as_it_goes(void **state)
{
	int status;
	pid_t pid;
	(void)state;

	step_server_all(server, FORBIDDEN);
	pid = fork();
	if (pid == 0) {
		char *command[] = { (char[]){ "make" }, NULL };
		struct flags flags = flags_to_server();
		struct stream *s;
		struct sending r;

		sending_init(&r, "run", &flags, ENV(FACTS), command);
		s = stream_begin(&r);
		stream_add(s, 0, STR("what it said\nand half a li"));
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	step_server_all(server, NO_TROUBLE);
	assert_int_equal(run(ENV(FACTS), "next", "x\n"), ERR_OK);
	assert_text(1, "what it said\n");
	assert_string_equal(step_server_finish(server, 1), "");
	assert_int_equal(place_n_files("spool"), 0);
}

static void a_server_that_hung_is_remembered_for_a_minute(void **state)
{
	struct spool s;
	AUTO_ARENA arena;
	(void)state;

	arena_init(&arena);
	spool_init(&s, ENV("SLUICE_SPOOL=spool"), clock_wall_ms(&clock_system), &arena);
	assert_false(hung_lately(&s, STR("http://a")));
	hung_note(&s, STR("http://a"));
	s.now = clock_wall_ms(&clock_system) + 1000;
	assert_true(hung_lately(&s, STR("http://a")));
	assert_false(hung_lately(&s, STR("http://b")));
	s.now += HUNG_MS;
	assert_false(hung_lately(&s, STR("http://a")));
	s.now -= HUNG_MS;
	hung_forget(&s, STR("http://b"));
	assert_true(hung_lately(&s, STR("http://a")));
	hung_forget(&s, STR("http://a"));
	assert_false(hung_lately(&s, STR("http://a")));
}

/* In another process, which ends as `sluice run` does: with a thread in a request. */
static void a_server_that_hung_is_not_waited_for_by_the_next_step(void **state)
{
	struct spool s;
	AUTO_ARENA arena;
	int status;
	pid_t pid;
	(void)state;

	arena_init(&arena);
	spool_init(&s, ENV("SLUICE_SPOOL=spool"), clock_wall_ms(&clock_system), &arena);
	hung_note(&s, str_z(step_server_url(server)));
	step_server_all(server, HANGING);
	pid = fork();
	if (pid == 0) {
		int64_t begun = clock_steady_ms(&clock_system);
		bool kept = run(ENV(FACTS), "test", "text\n") == ERR_NETWORK;

		/* A twentieth of what it would have waited. */
		_exit(kept && clock_steady_ms(&clock_system) - begun < STREAM_QUIET_MS ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(place_n_files("spool"), 2); /* the log and the stamp */
}

static void without_a_spool_a_log_is_sent_all_the_same_or_its_loss_said(void **state)
{
	(void)state;
	place_put("spool", STR("in the way"));
	assert_int_equal(run(ENV(FACTS), "one", "text\n"), ERR_OK);
	assert_text(0, "text\n");
	assert_string_equal(heard, "");
	step_server_all(server, FORBIDDEN);
	assert_int_equal(run(ENV(FACTS), "two", "text\n"), ERR_FORBIDDEN);
	assert_heard("it is lost");
	assert_heard("no folder");
	assert_int_equal(n_lines(heard), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_log_is_streamed_masked_and_nothing_is_said_or_kept),
		TEST(two_commands_of_one_name_in_a_job_are_two_steps),
		TEST(a_value_that_one_step_named_is_masked_in_the_next),
		TEST(what_is_not_known_is_said_in_a_line_and_nothing_is_sent),
		TEST(what_cannot_be_sent_is_kept_masked_and_said_in_one_line),
		TEST(the_next_call_sends_what_was_kept),
		TEST(a_kept_log_that_is_refused_is_said_and_dropped),
		TEST(one_of_another_repo_is_left_to_a_call_of_that_repo),
		TEST(the_log_of_a_killed_call_is_sent_by_the_next_as_far_as_it_goes),
		TEST(a_server_that_hung_is_remembered_for_a_minute),
		TEST(a_server_that_hung_is_not_waited_for_by_the_next_step),
		TEST(without_a_spool_a_log_is_sent_all_the_same_or_its_loss_said),
	};

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	unsetenv("SLUICE_TOKEN");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
