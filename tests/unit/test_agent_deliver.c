#include "tests/test.h"

#include "agent/deliver.h"
#include "agent/left.h"
#include "agent/sending.h"
#include "base/arena.h"
#include "base/file.h"
#include "tests/unit/help/little_server.h"
#include "tests/unit/help/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define SECRET "hunter2-correct-horse"
#define REFUSED "{\"code\":\"validation_error\",\"message\":\"no such field\"}"

static struct little_server *server;
static struct arena arena;
static struct peer peer;
static int64_t now, steady, step;

static int64_t tick(void *arg)
{
	(void)arg;
	return steady += step;
}

static const struct clock fake = { .wall_ms = tick, .steady_ms = tick };

static int set_up(void **state)
{
	struct err e;

	arena_init(&arena);
	server = little_server_new();
	now = clock_wall_ms(&clock_system);
	step = 0;
	if (place_make(state) != 0)
		return -1;
	place_put("token", STR("slc_token\n"));
	return peer_init(&peer, little_server_url(server), "token", &e) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	peer_done(&peer);
	little_server_free(server);
	arena_done(&arena);
	return place_remove(state);
}

#define ENV(...) ((char *const[]){ __VA_ARGS__, NULL })

static const char *heard;

static struct deliver new_call(struct spool *s)
{
	spool_init(s, ENV("SLUICE_SPOOL=spool"), now++, &arena);
	return (struct deliver){ "run", &peer, s, &fake, STR("a/b") };
}

/* A call that has a log to send. */
static enum err_code send_one(const char *body)
{
	enum err_code code;
	struct spool s;
	struct deliver d = new_call(&s);

	place_listen(2);
	code = deliver(&d, str_z(body));
	heard = place_heard();
	return code;
}

/* A call that has none. */
static void send_old_ones(void)
{
	struct spool s;
	struct deliver d = new_call(&s);

	place_listen(2);
	deliver_old(&d);
	heard = place_heard();
}

/* As a call leaves it that found no server. */
static void left(const char *body)
{
	struct spool s;
	struct spool_post post;
	int n_lost;

	new_call(&s);
	assert_int_equal(spool_add(&s, buf_view(&peer.shown), str_z(body), &post, &n_lost, NULL), ERR_OK);
	spool_unsent(&s, &post);
}

#define assert_heard(text) assert_non_null(strstr(heard, text))
#define assert_request(i, text) assert_non_null(strstr(little_server_request(server, i), text))

static size_t n_lines(const char *z)
{
	size_t n = 0;

	for (; *z; z++)
		n += *z == '\n';
	return n;
}

static void what_is_stored_is_said_by_nobody_and_kept_nowhere(void **state)
{
	(void)state;
	little_server_status(server, 204, "");
	assert_int_equal(send_one("{\"n\":1}"), ERR_OK);
	assert_string_equal(heard, "");
	assert_int_equal(place_n_files("spool"), 0);
	assert_request(0, "POST /internal/ci-log HTTP/1.1\r\n");
	assert_request(0, "\r\nAuthorization: Bearer slc_token\r\n");
	assert_request(0, "\r\n\r\n{\"n\":1}");
}

static void what_may_be_better_tomorrow_is_kept_and_said_in_one_line(void **state)
{
	static const struct {
		int status;
		const char *body;
	} answers[] = { { 500, "{\"code\":\"internal_error\",\"message\":\"a fault\"}" },
		{ 503, "{\"code\":\"unavailable\",\"message\":\"later\"}" },
		{ 503, "{\"code\":\"not_configured\",\"message\":\"closed\"}" },
		{ 401, "{\"code\":\"unauthorized\",\"message\":\"who?\"}" },
		{ 403, "{\"code\":\"forbidden\",\"message\":\"no\"}" }, { 429, "" }, { 408, "" }, { 200, "" },
		{ 302, "" }, { 502, "<html>" } };

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		little_server_status(server, answers[i].status, answers[i].body);
		assert_int_not_equal(send_one("{}"), ERR_OK);
		assert_int_equal(n_lines(heard), 1);
		assert_heard("kept in spool; the next call sends it");
		assert_int_equal(place_n_files("spool"), 1);
		tear_down(state);
		set_up(state);
	}
}

static void what_is_refused_is_said_and_dropped(void **state)
{
	(void)state;
	little_server_status(server, 400, REFUSED);
	little_server_status(server, 404, "{\"code\":\"not_found\",\"message\":\"not watched\"}");
	little_server_status(server, 413, "{\"code\":\"payload_too_large\",\"message\":\"too big\"}");
	assert_int_equal(send_one("{}"), ERR_INVALID);
	assert_heard("not taken");
	assert_heard("no such field");
	assert_int_equal(send_one("{}"), ERR_NOT_FOUND);
	assert_int_equal(send_one("{}"), ERR_TOO_LARGE);
	assert_int_equal(n_lines(heard), 1);
	assert_int_equal(place_n_files("spool"), 0);
}

static void with_nobody_there_a_post_is_kept_and_the_next_call_sends_it_first(void **state)
{
	char url[60];
	int port, fd = nobody_listens(&port);
	struct spool_post post;
	struct spool s;
	(void)state;

	snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
	peer_done(&peer);
	assert_int_equal(peer_init(&peer, url, "token", NULL), ERR_OK);
	assert_int_equal(send_one("{\"n\":1}"), ERR_NETWORK);
	assert_heard(url);
	assert_int_equal(n_lines(heard), 1);
	assert_int_equal(send_one("{\"n\":2}"), ERR_NETWORK);
	assert_int_equal(place_n_files("spool"), 2);
	fd_close(&fd);

	new_call(&s);
	assert_true(spool_next(&s, str_z(url), &post, &(int){ 0 }));
	assert_true(str_eq(post.body, STR("{\"n\":1}")));
	spool_unsent(&s, &post);
}

static void old_posts_go_before_the_new_one_oldest_first(void **state)
{
	(void)state;
	left("{\"n\":1}");
	left("{\"n\":2}");
	little_server_status(server, 204, "");
	assert_int_equal(send_one("{\"n\":3}"), ERR_OK);
	assert_int_equal(little_server_n(server), 3);
	assert_request(0, "{\"n\":1}");
	assert_request(1, "{\"n\":2}");
	assert_request(2, "{\"n\":3}");
	assert_int_equal(place_n_files("spool"), 0);
	assert_string_equal(heard, "");
}

static void the_first_failure_to_send_ends_the_sending(void **state)
{
	(void)state;
	left("{\"n\":1}");
	left("{\"n\":2}");
	little_server_status(server, 503, "");
	assert_int_equal(send_one("{\"n\":3}"), ERR_UNAVAILABLE);
	assert_int_equal(little_server_n(server), 1);
	assert_int_equal(place_n_files("spool"), 3);
	assert_int_equal(n_lines(heard), 1);
}

static void a_call_with_nothing_new_says_nothing_of_a_server_that_is_down(void **state)
{
	(void)state;
	left("{\"n\":1}");
	little_server_status(server, 503, "");
	send_old_ones();
	assert_string_equal(heard, "");
	assert_int_equal(place_n_files("spool"), 1);
}

static void one_post_at_which_the_server_stumbles_does_not_hold_up_the_others(void **state)
{
	(void)state;
	left("{\"n\":1}");
	left("{\"n\":2}");
	little_server_status(server, 500, "{\"code\":\"internal_error\",\"message\":\"a fault\"}");
	little_server_status(server, 204, "");
	assert_int_equal(send_one("{\"n\":3}"), ERR_OK);
	assert_int_equal(little_server_n(server), 3);
	assert_int_equal(place_n_files("spool"), 1);
}

static void an_old_post_that_is_refused_is_said_and_dropped(void **state)
{
	(void)state;
	left("{\"n\":1}");
	left("{\"n\":2}");
	little_server_status(server, 400, REFUSED);
	little_server_status(server, 400, REFUSED);
	little_server_status(server, 204, "");
	assert_int_equal(send_one("{\"n\":3}"), ERR_OK);
	assert_heard("2 kept logs were not taken by the server and dropped: no such field");
	assert_int_equal(place_n_files("spool"), 0);
}

/* Its token is good for its own repo; ours is not, and the server says so with 404. */
static void a_post_of_another_repo_is_left_to_a_call_of_that_repo(void **state)
{
	(void)state;
	left("{\"repo\":\"other/one\"}");
	left("{\"repo\":\"A/b\"}");
	little_server_status(server, 404, "{\"code\":\"not_found\",\"message\":\"no repo\"}");
	little_server_status(server, 404, "{\"code\":\"not_found\",\"message\":\"no repo\"}");
	little_server_status(server, 204, "");
	assert_int_equal(send_one("{\"n\":3}"), ERR_OK);
	assert_heard("1 kept log was not taken");
	assert_int_equal(little_server_n(server), 3);
	assert_int_equal(place_n_files("spool"), 1);
	send_old_ones();
	assert_request(3, "other/one");
	assert_int_equal(place_n_files("spool"), 0);
}

static void old_posts_have_so_much_time_and_no_more(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		left("{\"n\":1}");
	step = DELIVER_OLD_MS / 4;
	little_server_status(server, 204, "");
	assert_int_equal(send_one("{\"n\":2}"), ERR_OK);
	assert_true(little_server_n(server) < 6);
	assert_int_equal(place_n_files("spool"), 11 - little_server_n(server));
	assert_request(little_server_n(server) - 1, "{\"n\":2}");
}

static void damaged_files_are_said(void **state)
{
	(void)state;
	place_put("spool/000000000000001-00000001.json", STR("half"));
	little_server_status(server, 204, "");
	assert_int_equal(send_one("{}"), ERR_OK);
	assert_heard("1 damaged file was in spool removed");
	assert_int_equal(place_n_files("spool"), 0);
}

static void without_a_spool_it_is_said_that_the_log_is_lost(void **state)
{
	(void)state;
	place_put("spool", STR("in the way"));
	little_server_status(server, 503, "");
	assert_int_equal(send_one("{}"), ERR_UNAVAILABLE);
	assert_heard("it is lost");
	assert_heard("no folder");
	assert_int_equal(n_lines(heard), 1);
}

static void without_a_spool_it_is_sent_all_the_same(void **state)
{
	(void)state;
	place_put("spool", STR("in the way"));
	little_server_status(server, 204, "");
	assert_int_equal(send_one("{}"), ERR_OK);
	assert_string_equal(heard, "");
}

static void a_giant_answer_is_not_read_and_the_post_kept(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_ENDLESS, "HTTP/1.1 400 No\r\n\r\n");
	assert_int_equal(send_one("{}"), ERR_NETWORK);
	assert_heard("too large");
	assert_int_equal(place_n_files("spool"), 1);
}

static void what_a_server_says_does_not_move_the_cursor(void **state)
{
	(void)state;
	little_server_status(
		server, 400, "{\"code\":\"validation_error\",\"message\":\"\\u001b[2Jgone\\n\"}");
	assert_int_equal(send_one("{}"), ERR_INVALID);
	assert_heard("\\x1b[2Jgone\\x0a");
	assert_int_equal(n_lines(heard), 1);
}

/* --- from the command's output to the wire and to the disk --- */

static enum err_code post_failure(char *const *env, const struct flags *flags)
{
	enum err_code code;
	struct capture c;
	struct sending r;

	place_listen(2);
	sending_init(&r, "post", flags, env, NULL);
	capture_init(&c, r.mask);
	r.mask = NULL;
	capture_add(&c, 0, STR("key=hunter2-co"));
	capture_add(&c, 0, STR("rrect-horse named=abc\nbase64 aHVudGVyMi1jb3JyZWN0LWhvcnNl\n"));
	r.facts.conclusion = CONCLUSION_FAILURE;
	code = sending_tail(&r, &c);
	capture_done(&c);
	sending_done(&r);
	heard = place_heard();
	return code;
}

static struct flags flags_to_server(void)
{
	struct flags flags = FLAGS_NONE;

	flags.url = little_server_url(server);
	flags.token_file = "token";
	return flags;
}

#define FACTS "GITHUB_REPOSITORY=a/b", "GITHUB_SHA=" SHA, "GITHUB_RUN_ID=1", "SLUICE_SPOOL=spool"

static void assert_masked(const char *text)
{
	assert_null(strstr(text, "hunter2"));
	assert_null(strstr(text, "rrect-horse"));
	assert_null(strstr(text, "aHVudGVyMi1"));
	assert_non_null(strstr(text, "key=*** named=***"));
}

static void secrets_are_masked_before_the_network(void **state)
{
	struct flags flags = flags_to_server();
	const char *got;
	(void)state;

	little_server_status(server, 204, "");
	assert_int_equal(post_failure(ENV(FACTS, "API_KEY=" SECRET, "SHORT=abc",
					      "SLUICE_MASK_ENV=NONE, SHORT", "GITHUB_JOB=job " SECRET),
				 &flags),
		ERR_OK);
	got = little_server_request(server, 0);
	assert_masked(got);
	assert_non_null(strstr(got, "\"job_name\":\"job ***\""));
}

static void secrets_are_masked_before_the_spool(void **state)
{
	struct flags flags = flags_to_server();
	AUTO_BUF text;
	(void)state;

	little_server_status(server, 503, "");
	assert_int_equal(
		post_failure(ENV(FACTS, "API_KEY=" SECRET, "SHORT=abc", "SLUICE_MASK_ENV=SHORT"), &flags),
		ERR_UNAVAILABLE);
	buf_init(&text, 100000);
	assert_int_equal(chdir("spool"), 0);
	place_get(place_only_file("."), &text);
	assert_masked(buf_cstr(&text));
	assert_null(strstr(buf_cstr(&text), "slc_token"));
}

static void a_named_value_of_any_length_is_masked_in_whole(void **state)
{
	const char *names[] = { "KUBECONFIG_TEXT" };
	struct flags flags = flags_to_server();
	struct sending r;
	AUTO_BUF value, env, out;
	(void)state;

	buf_init(&value, 20000);
	for (int i = 0; value.len < 9001; i++)
		buf_fmt(&value, "x%dy", i * 7919);
	buf_init(&env, 20000);
	buf_fmt(&env, "KUBECONFIG_TEXT=%s", buf_cstr(&value));
	flags.mask_env = (struct opt_many){ names, 1 };
	place_listen(2);
	sending_init(&r, "run", &flags, ENV(env.p), NULL);
	heard = place_heard();
	buf_init(&out, 100000);
	mask_all(r.mask, buf_view(&value), &out);
	sending_done(&r);
	assert_string_equal(heard, "");
	assert_string_equal(buf_cstr(&out), "***");
}

static void what_is_not_known_is_said_and_nothing_is_sent(void **state)
{
	struct flags flags = flags_to_server();
	(void)state;

	assert_int_equal(post_failure(ENV("SLUICE_SPOOL=spool", "GITHUB_SHA=" SHA), &flags), ERR_INVALID);
	assert_heard("--repo");
	assert_heard("--run-id");
	assert_int_equal(n_lines(heard), 1);
	flags.url = "s.example";
	assert_int_equal(post_failure(ENV(FACTS), &flags), ERR_INVALID);
	assert_heard("http://");
	assert_int_equal(little_server_n(server), 0);
	assert_int_equal(place_n_files("spool"), 0);
}

static void a_call_that_was_served_sends_what_was_left(void **state)
{
	struct flags flags = flags_to_server();
	struct sending r;
	(void)state;

	left("{\"repo\":\"a/b\"}");
	little_server_status(server, 204, "");
	sending_init(&r, "run", &flags, ENV(FACTS), ENV("make"));
	assert_false(left_send(&r, 1000));
	sending_done(&r);
	assert_int_equal(little_server_n(server), 1);
	assert_int_equal(place_n_files("spool"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_stored_is_said_by_nobody_and_kept_nowhere),
		TEST(what_may_be_better_tomorrow_is_kept_and_said_in_one_line),
		TEST(what_is_refused_is_said_and_dropped),
		TEST(with_nobody_there_a_post_is_kept_and_the_next_call_sends_it_first),
		TEST(old_posts_go_before_the_new_one_oldest_first),
		TEST(the_first_failure_to_send_ends_the_sending),
		TEST(a_call_with_nothing_new_says_nothing_of_a_server_that_is_down),
		TEST(one_post_at_which_the_server_stumbles_does_not_hold_up_the_others),
		TEST(an_old_post_that_is_refused_is_said_and_dropped),
		TEST(a_post_of_another_repo_is_left_to_a_call_of_that_repo),
		TEST(old_posts_have_so_much_time_and_no_more),
		TEST(damaged_files_are_said),
		TEST(without_a_spool_it_is_said_that_the_log_is_lost),
		TEST(without_a_spool_it_is_sent_all_the_same),
		TEST(a_giant_answer_is_not_read_and_the_post_kept),
		TEST(what_a_server_says_does_not_move_the_cursor),
		TEST(secrets_are_masked_before_the_network),
		TEST(secrets_are_masked_before_the_spool),
		TEST(a_named_value_of_any_length_is_masked_in_whole),
		TEST(what_is_not_known_is_said_and_nothing_is_sent),
		TEST(a_call_that_was_served_sends_what_was_left),
	};

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	unsetenv("SLUICE_TOKEN");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
