/* What is said of an episode: out of its meta.json, and in the head of the request. */
#include "tests/test.h"

#include "agent/ship_send.h"
#include "base/file.h"
#include "tests/unit/help/little_server.h"
#include "tests/unit/help/ship_place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct err e;
static struct ship_meta meta;

static enum err_code read_meta(const char *text)
{
	place_put("episodes/a/meta.json", str_z(text));
	meta = (struct ship_meta){ .commit = "untouched" };
	return ship_meta_read(&ship_place, "a", &meta, &e);
}

static void commit_and_schema_are_read(void **state)
{
	(void)state;
	assert_int_equal(read_meta("{\"schema_version\": 3, \"code_version\": {\"commit\": \"" SHIP_COMMIT
				   "\", \"dirty\": true}}"),
		ERR_OK);
	assert_string_equal(meta.commit, SHIP_COMMIT);
	assert_string_equal(meta.schema, "3");
	assert_int_equal(
		read_meta(
			"{\"schema_version\": \"2.1-rc\", \"code_version\": {\"commit\": \"ABCDEF012345\"}}"),
		ERR_OK);
	assert_string_equal(meta.commit, "ABCDEF012345");
	assert_string_equal(meta.schema, "2.1-rc");
	assert_int_equal(read_meta("{\"code_version\": {\"commit\": \"" SHIP_COMMIT "\"}}"), ERR_OK);
	assert_string_equal(meta.schema, "");
}

static void a_schema_that_cannot_stand_in_a_head_is_not_told(void **state)
{
	(void)state;
	assert_int_equal(read_meta("{\"schema_version\": \"3\\r\\nX-Lab-Host: other\", \"code_version\": "
				   "{\"commit\": \"" SHIP_COMMIT "\"}}"),
		ERR_OK);
	assert_string_equal(meta.schema, "");
	assert_int_equal(
		read_meta("{\"schema_version\": {\"a\": 1}, \"code_version\": {\"commit\": \"" SHIP_COMMIT
			  "\"}}"),
		ERR_OK);
	assert_string_equal(meta.schema, "");
}

static void without_a_commit_it_says_what_is_missing(void **state)
{
	static const char *const texts[] = { "{}", "{\"code_version\": 3}", "{\"code_version\": {}}",
		"{\"code_version\": {\"commit\": null}}", "{\"code_version\": {\"commit\": \"\"}}",
		"{\"code_version\": {\"commit\": \"v1.2.3\"}}",
		"{\"code_version\": {\"commit\": \"0123456789a\"}}",
		"{\"code_version\": {\"commit\": \"" SHIP_COMMIT "\\n\"}}", "not json", "", "[]" };
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (read_meta(texts[i]) != ERR_INVALID)
			fail_msg("%s: %s", texts[i], e.text);
		assert_string_equal(meta.commit, "untouched");
		assert_non_null(strstr(e.text, "meta.json"));
	}
	ship_place_remove("episodes/a/meta.json");
	assert_int_equal(ship_meta_read(&ship_place, "a", &meta, &e), ERR_NOT_FOUND);
	assert_int_equal(mkfifo("episodes/a/meta.json", 0600), 0);
	assert_int_equal(ship_meta_read(&ship_place, "a", &meta, &e), ERR_INVALID);
}

/* The head of what is sent with these options. */
static const char *send_with(struct little_server *server, struct ship_options *o, struct peer *peer)
{
	struct http_client *http = http_client_new();
	const struct ship_sending s = { .options = o, .peer = peer };
	struct ship_archive archive;
	struct http_answer answer;

	ship_place_episode("a");
	assert_int_equal(ship_meta_read(&ship_place, "a", &meta, &e), ERR_OK);
	assert_int_equal(ship_pack(&ship_place, "a", 1, NULL, &archive, &e), ERR_OK);
	little_server_status(server, 201, "{}");
	assert_int_equal(ship_send(http, &s, "a", &meta, &archive, &answer, &e), ERR_OK);
	assert_int_equal(answer.status, 201);
	http_answer_done(&answer);
	fd_close(&archive.fd);
	http_client_free(http);
	return little_server_request(server, 0);
}

static void has(const char *head, const char *line)
{
	char text[200];

	snprintf(text, sizeof text, "\r\n%s\r\n", line);
	if (!strstr(head, text))
		fail_msg("no %s in\n%s", line, head);
}

static void the_head_says_who_what_and_by_which_code(void **state)
{
	struct little_server *server = little_server_new();
	struct ship_options o = { .host = "h1",
		.header = "X-Sluice-Code-Commit",
		.path = "/v1/episodes/{host}/{id}.tar.zst",
		.timeout_s = 60 };
	const char *head;
	AUTO_PEER peer;
	(void)state;

	setenv("SLUICE_TOKEN", "slc_token", 1);
	assert_int_equal(peer_init(&peer, little_server_url(server), NULL, &e), ERR_OK);
	head = send_with(server, &o, &peer);
	assert_int_equal(strncmp(head, "PUT /v1/episodes/h1/a.tar.zst HTTP/1.1\r\n", 40), 0);
	has(head, "Authorization: Bearer slc_token");
	has(head, "X-Lab-Host: h1");
	has(head, "X-Episode-Id: a");
	has(head, "X-Sluice-Code-Commit: " SHIP_COMMIT);
	has(head, "X-Schema-Version: 3");
	has(head, "Content-Type: application/zstd");
	has(head, "Expect: 100-continue");
	assert_non_null(strstr(head, "\r\nX-Content-SHA256: "));
	assert_non_null(strstr(head, "\r\nContent-Length: "));
	little_server_free(server);
}

static void header_path_and_schema_are_settings(void **state)
{
	struct little_server *server = little_server_new();
	struct ship_options o = { .host = "h1",
		.header = "X-Cis490-Code-Commit",
		.path = "/old/{id}",
		.schema_version = "9",
		.timeout_s = 60 };
	const char *head;
	AUTO_PEER peer;
	(void)state;

	setenv("SLUICE_TOKEN", "slc_token", 1);
	assert_int_equal(peer_init(&peer, little_server_url(server), NULL, &e), ERR_OK);
	head = send_with(server, &o, &peer);
	assert_int_equal(strncmp(head, "PUT /old/a HTTP/1.1\r\n", 21), 0);
	has(head, "X-Cis490-Code-Commit: " SHIP_COMMIT);
	has(head, "X-Schema-Version: 9");
	assert_null(strstr(head, "X-Sluice-Code-Commit"));
	little_server_free(server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ship_place_set_up, ship_place_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(commit_and_schema_are_read),
		TEST(a_schema_that_cannot_stand_in_a_head_is_not_told),
		TEST(without_a_commit_it_says_what_is_missing),
		TEST(the_head_says_who_what_and_by_which_code),
		TEST(header_path_and_schema_are_settings),
	};

	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
