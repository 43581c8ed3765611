/* Episodes over HTTP: what is refused before its body is read and in which order, what comes in, and what readers get of it. */
#include "tests/test.h"

#include "base/file.h"
#include "tests/http/fixture.h"
#include "tests/service/an_episode.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RAW "application/octet-stream"
#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define META "{\"code_version\": {\"commit\": \"" COMMIT "\"}, \"schema_version\": \"2\"}"

static struct str sender, reader; /* episodes:write alone, episodes:read alone */

static int set_up(void **state)
{
	if (router_up(state) != 0)
		return -1;
	sender = token_with(SCOPE_BIT(SCOPE_EPISODES_WRITE), ROLE_USER);
	reader = token_with(SCOPE_BIT(SCOPE_EPISODES_READ), ROLE_USER);
	return 0;
}

struct sent {
	const char *path, *header[2]; /* one more */
	struct str bytes;
	const char *sha256; /* NULL: the right one */
	bool chunked;
	uint64_t length; /* claim this, and send nothing */
};

static struct answer put(struct sent s)
{
	return ask((struct ask){ .method = "PUT",
		.target = s.path,
		.token = sender.p,
		.type = RAW,
		.header = { "X-Content-SHA256", s.sha256 ? s.sha256 : hex_digest(&fx.arena, s.bytes).p },
		.more = { s.header[0], s.header[1] },
		.body = s.length > 0 ? NULL : s.bytes.p,
		.body_len = s.bytes.len,
		.chunked = s.chunked,
		.length = s.length });
}

static void must_put(const char *path, struct str bytes, int status)
{
	AUTO_ANSWER r = put((struct sent){ .path = path, .bytes = bytes });

	if (r.status != status)
		fail_msg("%d %s", r.status, r.body);
}

static struct answer get(const char *target)
{
	return ask((struct ask){ .method = "GET", .target = target, .token = reader.p });
}

static int64_t number(const struct json *j, const char *name)
{
	int64_t n = -1;

	json_int(json_get(j, name), &n);
	return n;
}

static struct str a_good_one(void)
{
	return an_episode(&fx.arena, "ep", META, 4000);
}

#define PATH "/v1/episodes/lab-1/ep-1.tar.zst"

static void one_that_came_is_told_with_its_files_and_given_back(void **state)
{
	struct str bytes = a_good_one();
	struct json *j;
	(void)state;
	AUTO_ANSWER came = put((struct sent){ .path = PATH, .bytes = bytes, .chunked = true });

	assert_int_equal(came.status, 201);
	assert_int_equal(number(json_of(&came), "bytes"), (int64_t)bytes.len);
	must_put(PATH, bytes, 200);
	AUTO_ANSWER detail = get("/api/v1/episodes/lab-1/ep-1");
	AUTO_ANSWER bare = get("/api/v1/episodes/lab-1/ep-1?files=false");
	AUTO_ANSWER all = get("/api/v1/episodes/lab-1/ep-1/archive");
	AUTO_ANSWER part = ask((struct ask){ .method = "GET",
		.target = "/api/v1/episodes/lab-1/ep-1/archive",
		.token = reader.p,
		.header = { "Range", "bytes=3-9" } });
	AUTO_ANSWER known = ask((struct ask){ .method = "GET",
		.target = "/api/v1/episodes/lab-1/ep-1/archive",
		.token = reader.p,
		.header = { "If-None-Match",
			arena_fmt(&fx.arena, "\"%s\"", hex_digest(&fx.arena, bytes).p).p } });
	AUTO_ANSWER meta = get("/api/v1/episodes/lab-1/ep-1/file?path=ep/meta.json");
	AUTO_ANSWER none = get("/api/v1/episodes/lab-1/ep-1/file?path=ep/nothing");
	AUTO_ANSWER folder = get("/api/v1/episodes/lab-1/ep-1/file?path=../../sluice.db");

	j = json_get(json_of(&detail), "episode");
	assert_true(str_eq(json_str(json_get(j, "commit")), STR(COMMIT)));
	assert_true(str_eq(json_str(json_get(j, "schema_version")), STR("2")));
	assert_int_equal(json_len(json_get(json_of(&detail), "files")), 2);
	j = json_at(json_get(json_of(&detail), "files"), 1);
	assert_true(str_eq(json_str(json_get(j, "path")), STR("ep/data")));
	assert_int_equal(number(j, "bytes"), 4000);
	assert_int_equal(json_len(json_get(json_of(&bare), "files")), 0);
	assert_true(str_eq((struct str){ all.body, all.len }, bytes));
	assert_int_equal(part.status, 206);
	assert_true(str_eq((struct str){ part.body, part.len }, (struct str){ bytes.p + 3, 7 }));
	assert_int_equal(known.status, 304);
	assert_string_equal(meta.body, META);
	assert_error(&none, 404, "not_found");
	assert_error(&folder, 404, "not_found");
}

static void a_list_goes_on_where_the_page_before_ended(void **state)
{
	struct str cursor;
	(void)state;

	for (int i = 0; i < 3; i++)
		must_put(arena_fmt(&fx.arena, "/v1/episodes/lab-%d/ep.tar.zst", i % 2).p,
			an_episode(&fx.arena, "ep", META, (size_t)i), i < 2 ? 201 : 409);
	AUTO_ANSWER first = get("/api/v1/episodes?limit=1");
	cursor = json_str(json_get(json_of(&first), "next_cursor"));
	assert_true(cursor.len > 0);
	AUTO_ANSWER second =
		get(arena_fmt(&fx.arena, "/api/v1/episodes?limit=1&cursor=%.*s", STR_FMT(cursor)).p);
	AUTO_ANSWER by_host = get("/api/v1/episodes?host=lab-1&schema=2&commit=0123");
	AUTO_ANSWER wrong = get("/api/v1/episodes?commit=nothex");

	assert_int_equal(json_len(json_get(json_of(&second), "data")), 1);
	assert_int_equal(json_kind(json_get(json_of(&second), "next_cursor")), JSON_NULL);
	assert_int_equal(json_len(json_get(json_of(&by_host), "data")), 1);
	assert_wrong_field(&wrong, "commit");
}

static void hosts_are_told_with_what_was_refused_and_why(void **state)
{
	const struct json *host;
	(void)state;

	must_put(PATH, a_good_one(), 201);
	must_put(PATH, an_episode(&fx.arena, "ep", META, 1), 409);
	must_put("/v1/episodes/lab-2/ep.tar.zst", STR("no archive at all"), 422);
	must_put("/v1/episodes/lab-3/ep.tar.zst", a_good_one(),
		201); /* which is written down behind the others */
	AUTO_ANSWER r = get("/api/v1/hosts");
	host = json_at(json_get(json_of(&r), "data"), 0);
	assert_true(str_eq(json_str(json_get(host, "host")), STR("lab-1")));
	assert_int_equal(number(host, "accepted"), 1);
	assert_int_equal(number(host, "refused"), 1);
	assert_int_equal(number(host, "refused_status"), 409);
	host = json_at(json_get(json_of(&r), "data"), 1);
	assert_int_equal(number(host, "accepted"), 0);
	assert_int_equal(number(host, "refused_status"), 422);
	assert_int_equal(json_kind(json_get(host, "accepted_at")), JSON_NULL);
}

static void headers_that_do_not_agree_are_refused_before_the_body(void **state)
{
	static const struct {
		const char *path, *header[2], *field;
	} cases[] = {
		{ PATH, { "X-Lab-Host", "lab-2" }, "X-Lab-Host" },
		{ PATH, { "X-Episode-Id", "ep-2" }, "X-Episode-Id" },
		{ "/v1/episodes/lab-1/ep-1.tar", { NULL, NULL }, "file" },
		{ "/v1/episodes/lab-1/.tar.zst", { NULL, NULL }, "file" },
		{ "/v1/episodes/lab-1/..%2Fep.tar.zst", { NULL, NULL }, "file" },
		{ "/v1/episodes/..%2F..%2Fetc/ep.tar.zst", { NULL, NULL }, "host" },
		{ "/v1/episodes/-lab/ep.tar.zst", { NULL, NULL }, "host" },
		{ PATH, { "X-Schema-Version", "a\tb" }, "X-Schema-Version" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		AUTO_ANSWER r = put((struct sent){ .path = cases[i].path,
			.header = { cases[i].header[0], cases[i].header[1] },
			.bytes = a_good_one() });

		assert_wrong_field(&r, cases[i].field);
		assert_true(r.before_body);
	}
	AUTO_ANSWER unnamed = ask(
		(struct ask){ .method = "PUT", .target = PATH, .token = sender.p, .type = RAW, .body = "x" });
	AUTO_ANSWER not_hex = put((struct sent){ .path = PATH, .sha256 = "abc", .bytes = a_good_one() });

	assert_wrong_field(&unnamed, "X-Content-SHA256");
	assert_wrong_field(&not_hex, "X-Content-SHA256");
}

static void two_commits_that_differ_are_refused_and_the_same_twice_is_one(void **state)
{
	struct str bytes = a_good_one();
	const char *digest = hex_digest(&fx.arena, bytes).p;
	(void)state;
	AUTO_ANSWER r = ask((struct ask){ .method = "PUT",
		.target = arena_fmt(&fx.arena, PATH).p,
		.token = sender.p,
		.type = RAW,
		.header = { "X-Content-SHA256", digest },
		.more = { "X-Sluice-Code-Commit", COMMIT },
		.body = bytes.p,
		.body_len = bytes.len });

	assert_int_equal(r.status, 201);
	AUTO_ANSWER older = put((struct sent){ .path = "/v1/episodes/lab-1/ep-2.tar.zst",
		.header = { "X-Cis490-Code-Commit", "FEDCBA9876543210" },
		.bytes = bytes });
	AUTO_ANSWER detail = get("/api/v1/episodes/lab-1/ep-2?files=false");

	assert_int_equal(older.status, 201);
	assert_true(str_eq(json_str(json_get(json_get(json_of(&detail), "episode"), "commit")),
		STR("fedcba9876543210")));
}

static void what_is_here_need_not_be_sent_and_is_not_read_when_it_is(void **state)
{
	struct str bytes = a_good_one();
	(void)state;

	must_put(PATH, bytes, 201);
	AUTO_ANSWER asks = ask((struct ask){ .method = "PUT",
		.target = PATH,
		.token = sender.p,
		.type = RAW,
		.header = { "X-Content-SHA256", hex_digest(&fx.arena, bytes).p },
		.more = { "Expect", "100-continue" },
		.length = bytes.len });
	AUTO_ANSWER sends = put((struct sent){ .path = PATH, .bytes = bytes });
	AUTO_ANSWER other = put(
		(struct sent){ .path = PATH, .bytes = an_episode(&fx.arena, "ep", META, 1), .length = 100 });

	assert_int_equal(asks.status, 200);
	assert_true(asks.before_body);
	assert_int_equal(number(json_of(&asks), "bytes"), (int64_t)bytes.len);
	assert_int_equal(sends.status, 200);
	assert_false(sends.before_body);
	assert_error(&other, 409, "conflict");
	assert_true(other.before_body);
}

static void bad_bytes_leave_nothing(void **state)
{
	struct str bytes = a_good_one();
	(void)state;
	AUTO_ANSWER wrong = put(
		(struct sent){ .path = PATH, .sha256 = hex_digest(&fx.arena, STR("x")).p, .bytes = bytes });
	AUTO_ANSWER rubbish = put((struct sent){ .path = PATH, .bytes = STR("no archive") });
	AUTO_ANSWER none = put((struct sent){ .path = PATH, .bytes = STR("") });

	assert_error(&wrong, 422, "unprocessable");
	assert_error(&rubbish, 422, "unprocessable");
	assert_error(&none, 422, "unprocessable");
	AUTO_ANSWER list = get("/api/v1/episodes");
	assert_int_equal(json_len(json_get(json_of(&list), "data")), 0);
	assert_int_not_equal(access(arena_fmt(&fx.arena, "%s/episodes/lab-1", fx.folder).p, F_OK), 0);
	must_put(PATH, bytes, 201);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, router_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(one_that_came_is_told_with_its_files_and_given_back),
		T(a_list_goes_on_where_the_page_before_ended),
		T(hosts_are_told_with_what_was_refused_and_why),
		T(headers_that_do_not_agree_are_refused_before_the_body),
		T(two_commits_that_differ_are_refused_and_the_same_twice_is_one),
		T(what_is_here_need_not_be_sent_and_is_not_read_when_it_is),
		T(bad_bytes_leave_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
