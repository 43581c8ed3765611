/* What a worker says to a asking.server, and what it makes of answers; and when it asks again. */
#include "tests/test.h"

#include "agent/lease.h"
#include "agent/work_api.h"
#include "base/clock.h"
#include "tests/unit/help/asking.h"
#include "tests/unit/help/place.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct work_claim claim = { .run_id = 7, .number = 2, .lease_s = 1 };

static enum err_code renew(struct ask *ask, const void *of, int ms, int64_t *ret_lease_s, struct err *ret)
{
	return work_api_renew(ask, of, ms, ret_lease_s, ret);
}

static const struct lease_terms terms = { .lease_s = 1, .renew = renew, .claim = &claim };

static void a_claim_is_read(void **state)
{
	struct work_claim c;
	bool found = false;

	(void)state;
	little_server_status(asking.server, 200,
		"{\"run\":{\"run_id\":7,\"claim\":2,\"lease_seconds\":60,\"repository\":\"a/"
		"b\",\"forge\":\"f\","
		"\"commit_sha\":\"abc\",\"external_run_id\":\"suite-7\",\"branch\":null,\"platform\":"
		"\"linux\","
		"\"tests\":[{\"regression_test_id\":3,\"name\":\"t\",\"command\":\"sort "
		"{input}\",\"shell\":true,"
		"\"expected_rc\":1,\"timeout_ms\":null,\"done\":false,\"sample\":{\"sample_id\":1,\"sha256\":"
		"\"dd\","
		"\"name\":\"w.txt\",\"extension\":\"txt\"},\"outputs\":[{\"output_id\":9,\"filename\":\"o\"}]"
		"},"
		"{\"regression_test_id\":4,\"name\":\"u\",\"command\":\"x\",\"shell\":false,\"expected_rc\":"
		"0,"
		"\"timeout_ms\":5000,\"done\":true,\"sample\":{\"sample_id\":1,\"sha256\":\"dd\",\"name\":"
		"\"w\"},"
		"\"outputs\":[]}]}}");
	assert_int_equal(
		work_api_claim(&asking.ask, "linux", "me", &asking.a, &c, &found, &asking.e), ERR_OK);
	assert_true(found);
	assert_asked(0, "POST /internal/queue/claim ");
	assert_asked(0, "Bearer slc_token");
	assert_asked(0, "{\"platform\":\"linux\",\"worker\":\"me\"}");
	assert_int_equal(c.run_id, 7);
	assert_int_equal(c.number, 2);
	assert_int_equal(c.lease_s, 60);
	assert_int_equal(c.branch.len, 0);
	assert_int_equal(c.n_tests, 2);
	assert_true(c.tests[0].shell && !c.tests[0].done && c.tests[1].done);
	assert_int_equal(c.tests[0].timeout_ms, 0);
	assert_int_equal(c.tests[1].timeout_ms, 5000);
	assert_string_equal(c.tests[0].command.p, "sort {input}");
	assert_string_equal(c.tests[0].outputs[0].filename.p, "o");
	assert_int_equal(c.tests[0].outputs[0].output_id, 9);
}

static void that_none_waits_is_no_error(void **state)
{
	struct work_claim c;
	bool found = true;

	(void)state;
	little_server_status(asking.server, 200, "{\"run\":null}");
	assert_int_equal(
		work_api_claim(&asking.ask, "linux", "me", &asking.a, &c, &found, &asking.e), ERR_OK);
	assert_false(found);
}

static void a_result_is_told_whole_and_the_verdict_read(void **state)
{
	const struct work_output o = { 9, STR("out \"1\"") };
	const struct work_written w = { &o,
		STR("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), 12 };
	const struct work_result r = { .test_id = 3,
		.exit_code = 139,
		.runtime_ms = 5,
		.message = STR("killed"),
		.written = &w,
		.n_written = 1 };
	struct work_verdict v;

	(void)state;
	little_server_status(asking.server, 200,
		"{\"results\":[{\"regression_test_id\":3,\"status\":\"fail\",\"wanted\":[9,10]}]}");
	assert_int_equal(work_api_result(&asking.ask, &claim, &r, &v, &asking.e), ERR_OK);
	assert_asked(0, "POST /internal/runs/7/results ");
	assert_asked(0,
		"{\"claim\":2,\"results\":[{\"regression_test_id\":3,\"exit_code\":139,\"runtime_ms\":5,"
		"\"message\":\"killed\",\"outputs\":[{\"filename\":\"out \\\"1\\\"\",\"sha256\":\"aaaa");
	assert_asked(0, "\"size_bytes\":12}]}]}");
	assert_string_equal(v.status, "fail");
	assert_int_equal(v.n_wanted, 2);
	assert_int_equal(v.wanted[1], 10);
	assert_int_equal(work_api_output(&asking.ask, &claim, &w, STR("the bytes"), &asking.e), ERR_OK);
	assert_asked(1, "PUT /internal/runs/7/outputs/9?claim=2&sha256=aaaa");
	assert_asked(1, "\r\n\r\nthe bytes");
}

static void a_server_that_is_away_is_asked_again(void **state)
{
	char status[32];

	(void)state;
	little_server_say(asking.server, LITTLE_BYTES, "");
	little_server_status(
		asking.server, 503, "{\"code\":\"unavailable\",\"message\":\"m\",\"details\":{}}");
	little_server_status(asking.server, 200, "{\"run_id\":7,\"status\":\"pass\"}");
	assert_int_equal(work_api_finish(&asking.ask, &claim, STR(""), status, &asking.e), ERR_OK);
	assert_string_equal(status, "pass");
	assert_int_equal(little_server_n(asking.server), 3);
	assert_asked(2, "{\"claim\":2,\"status\":\"completed\"}");
	assert_int_equal(asking.ask.n_failures, 0);
	assert_non_null(strstr(place_heard(), "it is tried again"));
}

static void what_is_refused_is_not_asked_again(void **state)
{
	struct work_result r = { .test_id = 3, .status = "running" };
	struct work_verdict v;

	(void)state;
	little_server_status(asking.server, 409,
		"{\"code\":\"conflict\",\"message\":\"run 7 was canceled\",\"details\":{}}");
	little_server_status(asking.server, 404, "{\"code\":\"not_found\",\"message\":\"m\",\"details\":{}}");
	little_server_status(
		asking.server, 422, "{\"code\":\"unprocessable\",\"message\":\"m\",\"details\":{}}");
	assert_int_equal(work_api_result(&asking.ask, &claim, &r, &v, &asking.e), ERR_CONFLICT);
	assert_string_equal(asking.e.text, "run 7 was canceled");
	assert_int_equal(work_api_result(&asking.ask, &claim, &r, &v, &asking.e), ERR_CONFLICT);
	assert_int_equal(work_api_result(&asking.ask, &claim, &r, &v, &asking.e), ERR_UNPROCESSABLE);
	assert_int_equal(little_server_n(asking.server), 3);
}

static void a_stop_ends_the_asking(void **state)
{
	char status[32];

	(void)state;
	little_server_status(
		asking.server, 503, "{\"code\":\"unavailable\",\"message\":\"m\",\"details\":{}}");
	raise(SIGTERM);
	assert_true(work_stop_is_ending(&asking.stop));
	assert_int_equal(work_api_finish(&asking.ask, &claim, STR(""), status, &asking.e), ERR_UNAVAILABLE);
	assert_int_equal(little_server_n(asking.server), 1);
	assert_string_equal(asking.e.text, "told to stop");
}

static void who_wants_an_end_to_the_asking_gets_one(void **state)
{
	struct work_claim c;
	bool found;

	(void)state;
	little_server_status(
		asking.server, 503, "{\"code\":\"unavailable\",\"message\":\"m\",\"details\":{}}");
	asking.ask.n_tries = 2;
	assert_int_equal(work_api_claim(&asking.ask, "linux", "me", &asking.a, &c, &found, &asking.e),
		ERR_UNAVAILABLE);
	assert_int_equal(little_server_n(asking.server), 2);
}

static void waits_double_to_their_most(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_in_range(ask_wait_ms(0, 10000), 125, 250);
		assert_in_range(ask_wait_ms(2, 10000), 500, 1000);
		assert_in_range(ask_wait_ms(1000, 10000), 5000, 10000);
		assert_in_range(ask_wait_ms(1000, 100), 50, 100);
	}
}

static void the_lease_is_renewed_until_it_is_ended(void **state)
{
	struct pollfd none = { .fd = -1 };
	struct lease *l = NULL;

	(void)state;
	little_server_status(
		asking.server, 500, "{\"code\":\"internal_error\",\"message\":\"m\",\"details\":{}}");
	little_server_status(asking.server, 200, "{\"lease_seconds\":1}");
	assert_int_equal(lease_begin("work", &asking.peer, &asking.stop, &terms, &l, &asking.e), ERR_OK);
	while (little_server_n(asking.server) < 3)
		poll(&none, 1, 10);
	lease_end(l, &asking.e);
	assert_int_equal(asking.e.code, ERR_OK);
	assert_asked(2, "POST /internal/runs/7/progress ");
	assert_asked(2, "{\"claim\":2}");
	assert_false(work_stop_is_set(&asking.stop));
	lease_end(NULL, &asking.e);
}

static void a_run_that_was_taken_away_is_told_to_all(void **state)
{
	struct lease *l = NULL;

	(void)state;
	little_server_status(asking.server, 409,
		"{\"code\":\"conflict\",\"message\":\"run 7 was canceled\",\"details\":{}}");
	assert_int_equal(lease_begin("work", &asking.peer, &asking.stop, &terms, &l, &asking.e), ERR_OK);
	assert_true(work_stop_wait(&asking.stop, 60000));
	assert_true(work_stop_is_lost(&asking.stop));
	assert_false(work_stop_is_ending(&asking.stop));
	lease_end(l, &asking.e);
	assert_int_equal(asking.e.code, ERR_CONFLICT);
	assert_string_equal(asking.e.text, "run 7 was canceled");
	work_stop_forget(&asking.stop);
	assert_false(work_stop_is_set(&asking.stop));
}

static void a_second_signal_ends_the_process(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		raise(SIGINT);
		raise(SIGTERM);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGTERM);
	assert_true(work_stop_wait(&asking.stop, 0)); /* the descriptor is one for both */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_claim_is_read, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(that_none_waits_is_no_error, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(
			a_result_is_told_whole_and_the_verdict_read, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(
			a_server_that_is_away_is_asked_again, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_refused_is_not_asked_again, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(a_stop_ends_the_asking, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(
			who_wants_an_end_to_the_asking_gets_one, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(waits_double_to_their_most, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(
			the_lease_is_renewed_until_it_is_ended, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(
			a_run_that_was_taken_away_is_told_to_all, asking_set_up, asking_tear_down),
		cmocka_unit_test_setup_teardown(
			a_second_signal_ends_the_process, asking_set_up, asking_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
