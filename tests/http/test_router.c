/* router: the manners of every answer, over a table of operations of the test's own. */
#include "tests/test.h"

#include "base/diag.h"
#include "tests/http/fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int silence; /* where diag goes: these tests make many errors */

/* --- operations that do what a test wants */

static enum err_code say_args(struct call *c, struct err *e)
{
	struct json_out j = reply_json(c, 200);
	(void)e;

	json_open_object(&j, NULL);
	json_put_bool(&j, "has_text", arg_has(c, "text"));
	json_put_str(&j, "text", arg_str(c, "text"));
	json_put_bool(&j, "has_number", arg_has(c, "number"));
	json_put_int(&j, "number", arg_int(c, "number"));
	json_put_bool(&j, "flag", arg_bool(c, "flag"));
	json_put_str(&j, "word", arg_str(c, "word"));
	json_close_object(&j);
	return ERR_OK;
}

static enum err_code say_id(struct call *c, struct err *e)
{
	AUTO_BUF text;
	(void)e;

	buf_init(&text, 100);
	buf_fmt(&text, "%lld %s", (long long)arg_int(c, "id"),
		arg_str(c, "name").len ? arg_str(c, "name").p : "");
	reply_text(c, 200, "text/plain", buf_view(&text));
	return ERR_OK;
}

static enum err_code say_mine(struct call *c, struct err *e)
{
	(void)e;
	reply_header(c, "X-Mine", "yes");
	reply_text(c, 200, "text/plain", STR("mine"));
	return ERR_OK;
}

static enum err_code fail_inside(struct call *c, struct err *e)
{
	buf_z(&c->reply, "half a reply");
	reply_header(c, "X-Mine", "yes");
	return err_set(e, ERR_INTERNAL, "a secret of the inside");
}

static enum err_code fail_store(struct call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_STORAGE, "table tail: malformed");
}

static enum err_code reply_endlessly(struct call *c, struct err *e)
{
	(void)e;
	reply_text(c, 200, "text/plain", STR(""));
	for (int i = 0; i < 5000; i++)
		buf_fmt(&c->reply, "%1000d", i);
	return ERR_OK;
}

static int last_file; /* descriptor that the latest file reply was given */

static int ten_digits(void)
{
	int fd = memfd_create("digits", MFD_CLOEXEC);

	assert_int_equal(pwrite(fd, "0123456789", 10, 0), 10);
	return last_file = fd;
}

static enum err_code say_file(struct call *c, struct err *e)
{
	(void)e;
	reply_header(c, "X-Mine", str_eq(call_header(c, "x-asked"), STR("so")) ? "asked" : "not asked");
	reply_file(c, 206, "text/x-digits", ten_digits(), 3, 4);
	return ERR_OK;
}

static enum err_code fail_after_file(struct call *c, struct err *e)
{
	reply_file(c, 200, "text/x-digits", ten_digits(), 0, 10);
	return err_set(e, ERR_CONFLICT, "not so");
}

static int n_freed;

static void count_free(void *arg)
{
	(void)arg;
	n_freed++;
}

static void *finish_well(void *c)
{
	call_finish(c, &(struct err){ .code = ERR_OK });
	return NULL;
}

static void *finish_badly(void *c)
{
	call_finish(c, &(struct err){ .code = ERR_FULL, .text = "disk" });
	return NULL;
}

static enum err_code defer_to(struct call *c, void *(*what)(void *))
{
	pthread_t t;

	reply_text(c, 201, "text/plain", STR("later"));
	call_defer(c, count_free, NULL);
	assert_int_equal(pthread_create(&t, NULL, what, c), 0);
	pthread_detach(t);
	return ERR_OK;
}

static enum err_code defer_well(struct call *c, struct err *e)
{
	(void)e;
	return defer_to(c, finish_well);
}

static enum err_code defer_badly(struct call *c, struct err *e)
{
	(void)e;
	return defer_to(c, finish_badly);
}

static enum err_code defer_at_once(struct call *c, struct err *e)
{
	(void)e;
	reply_text(c, 201, "text/plain", STR("at once"));
	call_defer(c, count_free, NULL);
	finish_well(c);
	return ERR_OK;
}

static enum err_code defer_not(struct call *c, struct err *e)
{
	reply_empty(c, 204);
	call_defer(c, count_free, NULL);
	call_undefer(c);
	return err_set(e, ERR_UNAVAILABLE, "the queue is full");
}

static enum err_code page(struct call *c, struct err *e)
{
	static const struct {
		int64_t limit, offset;
		size_t n;
		int64_t total;
	} pages[] = { { 2, 0, 2, 5 }, { 2, 4, 1, 5 }, { 2, 3, 2, 5 }, { 2, 10000, 2, -1 } };
	int64_t i = arg_int(c, "id");
	struct json_out j = reply_page(c, pages[i].limit, pages[i].offset, pages[i].n, pages[i].total);
	(void)e;

	json_put_z(&j, NULL, "x");
	reply_page_end(&j);
	return ERR_OK;
}

#define ANY .min = INT64_MIN, .max = INT64_MAX, .max_len = -1
static const char *const words[] = { "one", "two", NULL };
static const struct field query[] = {
	{ .name = "text", .types = FIELD_STRING, .min = INT64_MIN, .max = INT64_MAX, .max_len = 10 },
	{ .name = "number", .types = FIELD_INTEGER, .min = -5, .max = 100, .max_len = -1, .def = "7" },
	{ .name = "flag", .types = FIELD_BOOLEAN, ANY, .def = "false" },
	{ .name = "word", .types = FIELD_STRING, ANY, .values = words },
};
static const struct field path_id[] = {
	{ .name = "id",
		.types = FIELD_INTEGER,
		.required = true,
		.in_path = true,
		.min = 1,
		.max = INT64_MAX,
		.max_len = -1 },
	{ .name = "name", .types = FIELD_STRING, ANY },
};
static const struct field page_id[] = {
	{ .name = "id", .types = FIELD_INTEGER, .required = true, .min = 0, .max = 3, .max_len = -1 },
};
static const struct field two_names[] = {
	{ .name = "id",
		.types = FIELD_INTEGER,
		.required = true,
		.in_path = true,
		.min = 1,
		.max = INT64_MAX,
		.max_len = -1 },
	{ .name = "name", .types = FIELD_STRING, .required = true, .in_path = true, ANY },
};
static const struct field members[] = {
	{ .name = "a", .types = FIELD_INTEGER, .required = true, .min = 1, .max = 9, .max_len = -1 },
	{ .name = "b", .types = FIELD_STRING, .required = true, .max_len = 3 },
	{ .name = "c", .types = FIELD_BOOLEAN, ANY },
};

#define OP(id_, method_, path_, handler_) .id = id_, .method = method_, .path = path_, .handler = handler_
#define PARAMS(p) .params = p, .n_params = sizeof p / sizeof p[0]
#define BODY(limit)                                                                                          \
	.fields = members, .n_fields = 3, .has_body = true, .body_required = true, .body_limit = limit
static const struct op ops[] = {
	{ OP("sayArgs", "GET", "/args", say_args), PARAMS(query) },
	{ OP("sayMine", "GET", "/things/mine", say_mine) },
	{ OP("sayId", "GET", "/things/{id}", say_id), PARAMS(path_id) },
	{ OP("dropId", "DELETE", "/things/{id}", say_id), PARAMS(path_id) },
	{ OP("sayTwo", "GET", "/things/{id}/parts/{name}", say_id), PARAMS(two_names) },
	{ OP("failInside", "GET", "/fail", fail_inside) },
	{ OP("failStore", "GET", "/fail-store", fail_store) },
	{ OP("endless", "GET", "/endless", reply_endlessly) },
	{ OP("deferWell", "POST", "/defer/well", defer_well) },
	{ OP("deferBadly", "POST", "/defer/badly", defer_badly) },
	{ OP("deferAtOnce", "POST", "/defer/at-once", defer_at_once) },
	{ OP("deferNot", "POST", "/defer/not", defer_not) },
	{ OP("page", "GET", "/page", page), PARAMS(page_id) },
	{ OP("put", "POST", "/body", say_mine), BODY(100) },
	{ OP("putHuge", "POST", "/huge", say_mine), BODY(30 * 1024 * 1024) },
	{ OP("file", "GET", "/file", say_file) },
	{ OP("noFile", "GET", "/no-file", fail_after_file) },
	{ OP("limited", "GET", "/limited", say_mine), .rate = OP_RATE_PUBLIC },
};
static const struct op_table table = { .ops = ops, .n = sizeof ops / sizeof ops[0] };

static struct answer get(const char *target)
{
	return ask((struct ask){ .method = "GET", .target = target, .table = &table });
}

static struct answer post(const char *target, const char *body)
{
	return ask((struct ask){ .method = "POST", .target = target, .body = body, .table = &table });
}

/* --- routes */

static void a_path_that_is_not_in_the_document_is_404(void **state)
{
	static const char *const paths[] = { "/", "", "*", "/nosuch", "/args/", "//args", "/args/x",
		"/things", "/things/", "/things//parts/x", "/things/1/parts/", "/things/1/parts", "/Args",
		"/%61rgs", "/./args", "args", "http://x", "/things/1/2/3/4/5/6/7/8/9/10/11" };
	(void)state;

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		AUTO_ANSWER r = get(paths[i]);

		assert_error(&r, 404, "not_found");
	}
}

static void a_method_that_is_not_there_is_405_and_allow_says_which_are(void **state)
{
	static const char *const methods[] = { "POST", "PUT", "OPTIONS", "TRACE", "get", "BREW", "" };
	(void)state;

	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		AUTO_ANSWER r =
			ask((struct ask){ .method = methods[i], .target = "/things/1", .table = &table });

		assert_error(&r, 405, "method_not_allowed");
		assert_string_equal(header_of(&r, "Allow"), "GET, HEAD, DELETE");
	}
	AUTO_ANSWER r = ask((struct ask){ .method = "HEAD", .target = "/body", .table = &table });

	assert_error(&r, 405, "method_not_allowed");
	assert_string_equal(header_of(&r, "Allow"), "POST");
}

static void head_is_served_as_get(void **state)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "HEAD", .target = "/things/mine", .table = &table });
	(void)state;

	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "mine");
}

static void a_literal_segment_wins_over_a_name(void **state)
{
	AUTO_ANSWER mine = get("/things/mine");
	AUTO_ANSWER one = get("/things/12");
	(void)state;

	assert_string_equal(mine.body, "mine");
	assert_string_equal(one.body, "12 ");
}

static void an_id_in_a_path_is_an_integer_from_1_else_400(void **state)
{
	static const char *const bad[] = { "0", "-1", "abc", "1.5", "1e3", "9223372036854775808", "%30", "+1",
		"%201", "1%00", "%zz", "%", "%1", "1a", "\xff" };
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char target[60];

		snprintf(target, sizeof target, "/things/%s", bad[i]);
		AUTO_ANSWER r = get(target);

		assert_wrong_field(&r, "id");
	}
	AUTO_ANSWER r = get("/things/9223372036854775807");
	AUTO_ANSWER spelled = get("/things/%31%32");

	assert_string_equal(r.body, "9223372036854775807 ");
	assert_string_equal(spelled.body, "12 ");
}

static void two_names_in_a_path_keep_their_order_and_may_hold_an_encoded_slash(void **state)
{
	AUTO_ANSWER r = get("/things/5/parts/a%2Fb+c");
	(void)state;

	assert_string_equal(r.body, "5 a/b+c");
}

static void a_target_with_scheme_and_host_is_taken_by_its_path(void **state)
{
	AUTO_ANSWER r = get("http://example.org/things/3?name=x");
	AUTO_ANSWER s = get("https://example.org:8080/things/mine");
	(void)state;

	assert_string_equal(r.body, "3 x");
	assert_string_equal(s.body, "mine");
}

/* --- parameters */

static void parameters_are_decoded_and_typed_and_have_their_defaults(void **state)
{
	AUTO_ANSWER none = get("/args");
	AUTO_ANSWER all = get("/args?text=%C3%A4+b%2Bc&number=-5&flag=true&word=two");
	AUTO_ANSWER empty = get("/args?&&text=&");
	int64_t n;
	(void)state;

	assert_false(json_is_true(json_get(json_of(&none), "has_text")));
	assert_true(json_is_true(json_get(json_of(&none), "has_number")));
	assert_true(json_int(json_get(json_of(&none), "number"), &n) && n == 7);
	assert_true(str_eq(json_str(json_get(json_of(&all), "text")), STR("\xc3\xa4 b+c")));
	assert_true(json_int(json_get(json_of(&all), "number"), &n) && n == -5);
	assert_true(json_is_true(json_get(json_of(&all), "flag")));
	assert_true(str_eq(json_str(json_get(json_of(&all), "word")), STR("two")));
	assert_true(json_is_true(json_get(json_of(&empty), "has_text")));
}

static void a_malformed_parameter_is_400_and_named(void **state)
{
	static const char *const bad[][2] = { { "text=12345678901", "text" }, { "text=%00", "text" },
		{ "text=a%00b", "text" }, { "text=%ff", "text" }, { "text=%c3", "text" },
		{ "text=%", "text" }, { "text=%4", "text" }, { "text=%4g", "text" }, { "number=", "number" },
		{ "number", "number" }, { "number=x", "number" }, { "number=101", "number" },
		{ "number=-6", "number" }, { "number=1.0", "number" }, { "number=0x10", "number" },
		{ "number=+1", "number" }, { "number=%201", "number" },
		{ "number=99999999999999999999", "number" }, { "flag=1", "flag" }, { "flag=True", "flag" },
		{ "flag=", "flag" }, { "word=three", "word" }, { "word=One", "word" }, { "word=", "word" },
		{ "text=a&text=a", "text" }, { "number=1&number=2", "number" }, { "Text=a", "Text" },
		{ "other=1", "other" }, { "=1", "" }, { "id=1", "id" } };
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		char target[100];

		snprintf(target, sizeof target, "/args?%s", bad[i][0]);
		AUTO_ANSWER r = get(target);

		assert_wrong_field(&r, bad[i][1]);
	}
}

static void all_that_is_wrong_is_told_at_once(void **state)
{
	AUTO_ANSWER r = get("/args?number=x&flag=y&nosuch=1&text=12345678901");
	(void)state;

	assert_error(&r, 400, "validation_error");
	assert_int_equal(json_len(json_get(json_get(json_of(&r), "details"), "fields")), 4);
}

static void a_flood_of_unknown_parameters_makes_a_short_answer_of_distinct_members(void **state)
{
	AUTO_BUF target;
	(void)state;

	buf_init(&target, 1 << 20);
	buf_z(&target, "/args?");
	for (int i = 0; i < 5000; i++)
		buf_fmt(&target, "p%d=1&", i);
	AUTO_ANSWER r = get(buf_cstr(&target));

	assert_error(&r, 400, "validation_error");
	assert_true(r.len < 4096);
	/* Bytes that become the same text when they are made valid; names that are the same where they are
	 * cut. */
	buf_reset(&target);
	buf_z(&target, "/args?%ff=1&%fe=1&");
	for (int i = 0; i < 3; i++)
		buf_fmt(&target, "%0100d%d=1&", 0, i);
	AUTO_ANSWER same = get(buf_cstr(&target));

	assert_error(&same, 400, "validation_error");
	assert_int_equal(json_len(json_get(json_get(json_of(&same), "details"), "fields")), 2);
}

/* --- bodies */

static void a_body_is_json_of_the_right_type_else_415(void **state)
{
	static const char *const bad[] = { "text/plain", "", "application/jsonx",
		"application/x-www-form-urlencoded", "json", "; application/json" };
	static const char *const good[] = { "application/json", "Application/JSON",
		"application/json; charset=utf-8", " application/json ;x" };
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		AUTO_ANSWER r = ask((struct ask){ .method = "POST",
			.target = "/body",
			.body = "{\"a\":1,\"b\":\"x\"}",
			.type = bad[i],
			.table = &table });

		assert_error(&r, 415, "unsupported_media_type");
	}
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		AUTO_ANSWER r = ask((struct ask){ .method = "POST",
			.target = "/body",
			.body = "{\"a\":1,\"b\":\"x\"}",
			.type = good[i],
			.table = &table });

		assert_int_equal(r.status, 200);
	}
}

static void a_compressed_body_is_415(void **state)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "POST",
		.target = "/body",
		.body = "{\"a\":1,\"b\":\"x\"}",
		.header = { "Content-Encoding", "gzip" },
		.table = &table });
	(void)state;

	assert_error(&r, 415, "unsupported_media_type");
}

static void what_is_no_json_object_is_400(void **state)
{
	static const char *const bad[] = { "x", "[]", "1", "null", "\"a\"", "{", "{'a':1}",
		"{\"a\":1,\"a\":1,\"b\":\"x\"}", "{\"a\":NaN}", "{\"a\":1,\"b\":\"x\"}{}",
		"{\"a\":1,\"b\":\"\xff\"}", "{\"a\":1,\"b\":\"\\ud800\"}" };
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		AUTO_ANSWER r = post("/body", bad[i]);

		assert_error(&r, 400, "validation_error");
	}
}

static void a_body_that_is_needed_and_not_there_is_400(void **state)
{
	AUTO_ANSWER empty = post("/body", "");
	AUTO_ANSWER none = post("/body", NULL);
	(void)state;

	assert_error(&empty, 400, "validation_error");
	assert_error(&none, 400, "validation_error");
}

static void every_wrong_member_of_a_body_is_named(void **state)
{
	AUTO_ANSWER r = post("/body", "{\"a\":0,\"c\":\"true\",\"d\":1,\"A\":1}");
	struct json *fields;
	(void)state;

	assert_error(&r, 400, "validation_error");
	fields = json_get(json_get(json_of(&r), "details"), "fields");
	assert_int_equal(json_len(fields), 5);
	assert_true(str_eq(json_str(json_get(fields, "b")), STR("is required")));
	assert_true(str_eq(json_str(json_get(fields, "d")), STR("is not a field of this body")));
	assert_true(str_eq(json_str(json_get(fields, "a")), STR("must be from 1 to 9")));
}

static void a_body_over_the_limit_is_413_at_its_headers(void **state)
{
	AUTO_ANSWER over =
		ask((struct ask){ .method = "POST", .target = "/body", .length = 101, .table = &table });
	AUTO_ANSWER far = ask(
		(struct ask){ .method = "POST", .target = "/body", .length = UINT64_MAX, .table = &table });
	(void)state;

	assert_error(&over, 413, "payload_too_large");
	assert_true(over.before_body);
	assert_error(&far, 413, "payload_too_large");
}

static void a_body_of_exactly_the_limit_is_taken_in_one_piece_and_in_chunks(void **state)
{
	char body[200];
	(void)state;

	for (int extra = 0; extra < 2; extra++) {
		snprintf(body, sizeof body, "{\"a\":1,\"b\":\"x\"%*s}", 85 + extra, "");
		assert_int_equal(strlen(body), 100 + extra);
		AUTO_ANSWER whole = post("/body", body);
		AUTO_ANSWER chunked = ask((struct ask){ .method = "POST",
			.target = "/body",
			.body = body,
			.chunked = true,
			.table = &table });

		assert_int_equal(whole.status, extra ? 413 : 200);
		assert_int_equal(chunked.status, extra ? 413 : 200);
	}
}

static void a_body_where_none_is_taken_is_413_and_an_empty_one_is_fine(void **state)
{
	AUTO_ANSWER r = ask((struct ask){ .method = "GET", .target = "/args", .body = "x", .table = &table });
	AUTO_ANSWER chunked = ask((struct ask){
		.method = "DELETE", .target = "/things/1", .body = "x", .chunked = true, .table = &table });
	AUTO_ANSWER empty =
		ask((struct ask){ .method = "GET", .target = "/args", .body = "", .table = &table });
	(void)state;

	assert_error(&r, 413, "payload_too_large");
	assert_error(&chunked, 413, "payload_too_large");
	assert_int_equal(empty.status, 200);
}

static void a_message_whose_end_is_uncertain_is_400(void **state)
{
	AUTO_ANSWER r = ask(
		(struct ask){ .method = "POST", .target = "/body", .bad_framing = true, .table = &table });
	(void)state;

	assert_error(&r, 400, "validation_error");
	assert_true(r.before_body);
}

static void many_chunks_make_one_body(void **state)
{
	AUTO_BUF body;
	(void)state;

	buf_init(&body, 1 << 20);
	buf_fmt(&body, "{\"a\":1,%*s\"b\":\"x\"}", 200000, "");
	AUTO_ANSWER r = ask((struct ask){ .method = "POST",
		.target = "/huge",
		.body = buf_cstr(&body),
		.chunked = true,
		.table = &table });

	assert_int_equal(r.status, 200);
}

static struct str no_header(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return STR("");
}

static void never_ready(void *arg, struct call *c)
{
	(void)arg;
	(void)c;
}

static void bodies_together_are_bounded_and_the_next_is_told_503(void **state)
{
	struct request_head head = { .method = STR("POST"),
		.path = STR("/huge"),
		.peer = STR("192.0.2.1"),
		.headers = { no_header, NULL, NULL },
		.has_length = true,
		.length = 30 * 1024 * 1024 };
	struct call *a = router_begin(&table, &fx.app, &head, &(struct call_events){ .ready = never_ready });
	struct call *b = router_begin(&table, &fx.app, &head, &(struct call_events){ .ready = never_ready });
	(void)state;

	assert_false(router_replied(a));
	assert_false(router_replied(b));
	{
		AUTO_ANSWER r = ask((struct ask){
			.method = "POST", .target = "/huge", .length = 30 * 1024 * 1024, .table = &table });

		assert_error(&r, 503, "unavailable");
		assert_string_equal(header_of(&r, "Retry-After"), "1");
		assert_true(r.before_body);
	}
	router_free(a);
	router_free(b);
	struct call *c = router_begin(&table, &fx.app, &head, &(struct call_events){ .ready = never_ready });

	assert_false(router_replied(c));
	router_free(c);
}

/* --- answers */

static void every_answer_has_a_request_id_of_its_own_and_the_headers_that_all_have(void **state)
{
	static const char *const targets[] = { "/args", "/nosuch", "/args?x=1", "/fail", "/things/mine" };
	char seen[100][20];
	size_t n = 0;
	(void)state;

	for (size_t i = 0; i < 100; i++) {
		AUTO_ANSWER r = get(targets[i % 5]);
		const char *id = header_of(&r, "X-Request-Id");

		assert_int_equal(strlen(id), 16);
		assert_true(is_hex(str_z(id)));
		for (size_t k = 0; k < n; k++)
			assert_string_not_equal(seen[k], id);
		snprintf(seen[n++], sizeof seen[0], "%s", id);
		assert_string_equal(header_of(&r, "X-Content-Type-Options"), "nosniff");
		assert_string_equal(header_of(&r, "Cache-Control"), "no-store");
	}
}

static void a_fault_inside_is_told_by_its_id_and_its_story_goes_to_diag(void **state)
{
	char told[2000] = "";
	int fd = memfd_create("diag", MFD_CLOEXEC);
	(void)state;

	diag_set_fd(fd);
	AUTO_ANSWER r = get("/fail");
	AUTO_ANSWER s = get("/fail-store");
	diag_set_fd(silence);

	assert_error(&r, 500, "internal_error");
	assert_null(strstr(r.body, "secret"));
	assert_null(strstr(r.body, "half"));
	assert_string_equal(header_of(&r, "X-Mine"), "");
	assert_error(&s, 503, "storage_error");
	assert_null(strstr(s.body, "malformed"));
	assert_string_not_equal(header_of(&s, "Retry-After"), "");
	assert_true(pread(fd, told, sizeof told - 1, 0) > 0);
	assert_non_null(strstr(told, header_of(&r, "X-Request-Id")));
	assert_non_null(strstr(told, "failInside: internal_error: a secret of the inside"));
	assert_non_null(strstr(told, "malformed"));
	close(fd);
}

static void a_reply_that_grows_without_end_becomes_a_500(void **state)
{
	AUTO_ANSWER r = get("/endless");
	(void)state;

	assert_error(&r, 500, "internal_error");
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void a_reply_may_be_a_piece_of_a_file(void **state)
{
	struct request_head head = { .method = STR("GET"),
		.path = STR("/file"),
		.query = STR(""),
		.headers = { no_header, NULL, NULL } };
	struct call *c;
	(void)state;

	AUTO_ANSWER r = ask((struct ask){
		.method = "GET", .target = "/file", .header = { "X-Asked", "so" }, .table = &table });
	assert_int_equal(r.status, 206);
	assert_int_equal(r.len, 4);
	assert_memory_equal(r.body, "3456", 4);
	assert_string_equal(header_of(&r, "Content-Type"), "text/x-digits");
	assert_string_equal(header_of(&r, "X-Mine"), "asked");
	assert_int_equal(strlen(header_of(&r, "X-Request-Id")), 16);

	/* Whoever does not take it leaves it to be closed. */
	c = router_begin(&table, &fx.app, &head, &(struct call_events){ .ready = never_ready });
	router_end(c);
	assert_true(is_open(last_file));
	router_free(c);
	assert_false(is_open(last_file));
}

static void an_error_takes_the_place_of_a_file(void **state)
{
	AUTO_ANSWER r = get("/no-file");
	(void)state;

	assert_error(&r, 409, "conflict");
	assert_false(is_open(last_file));
}

static void a_header_of_the_handler_goes_out(void **state)
{
	AUTO_ANSWER r = get("/things/mine");
	(void)state;

	assert_string_equal(header_of(&r, "X-Mine"), "yes");
	assert_string_equal(header_of(&r, "Content-Type"), "text/plain");
}

static void a_deferred_answer_comes_from_another_thread_well_or_badly(void **state)
{
	(void)state;

	n_freed = 0;
	for (int i = 0; i < 100; i++) {
		AUTO_ANSWER well = post("/defer/well", NULL);
		AUTO_ANSWER badly = post("/defer/badly", NULL);
		AUTO_ANSWER at_once = post("/defer/at-once", NULL);

		assert_int_equal(well.status, 201);
		assert_string_equal(well.body, "later");
		assert_error(&badly, 507, "insufficient_storage");
		assert_int_equal(at_once.status, 201);
	}
	assert_int_equal(n_freed, 300);
}

static void a_deferral_that_is_taken_back_is_an_error_like_any(void **state)
{
	(void)state;

	n_freed = 0;
	AUTO_ANSWER r = post("/defer/not", NULL);

	assert_error(&r, 503, "unavailable");
	assert_string_equal(header_of(&r, "Retry-After"), "1");
	assert_int_equal(n_freed, 0);
}

static void a_page_says_where_the_next_one_begins(void **state)
{
	static const int64_t next[] = { 2, -1, -1, 10002 };
	(void)state;

	for (int i = 0; i < 4; i++) {
		char target[40];
		int64_t n = -1;

		snprintf(target, sizeof target, "/page?id=%d", i);
		AUTO_ANSWER r = get(target);
		struct json *p = json_get(json_of(&r), "pagination");

		assert_int_equal(r.status, 200);
		assert_int_equal(json_int(json_get(p, "next_offset"), &n), next[i] >= 0);
		assert_int_equal(n, next[i]);
		assert_int_equal(json_kind(json_get(json_of(&r), "data")), JSON_ARRAY);
	}
}

static void a_parameter_that_is_required_is_asked_for(void **state)
{
	AUTO_ANSWER r = get("/page");
	(void)state;

	assert_wrong_field(&r, "id");
}

static void the_limit_is_told_on_every_answer_of_a_limited_operation_also_on_errors(void **state)
{
	(void)state;

	config_swap(fx.app.config, fixture_config(3, 3));
	for (int i = 0; i < 2; i++) {
		AUTO_ANSWER r = ask((struct ask){ .method = "GET",
			.target = i ? "/limited?x=1" : "/limited",
			.peer = "192.0.2.77",
			.table = &table });
		AUTO_ANSWER large = ask((struct ask){ .method = "GET",
			.target = "/limited",
			.length = 1,
			.peer = "192.0.2.77",
			.table = &table });

		assert_int_equal(r.status, i ? 400 : 200);
		assert_string_equal(header_of(&r, "X-RateLimit-Limit"), "3");
		assert_string_equal(header_of(&r, "X-RateLimit-Remaining"), i ? "1" : "2");
		assert_string_equal(header_of(&r, "X-RateLimit-Reset"), "60");
		assert_int_equal(large.status, 413);
		assert_string_equal(
			header_of(&large, "X-RateLimit-Remaining"), i ? "1" : "2"); /* shown, not counted */
	}
	config_swap(fx.app.config, fixture_config(0, 0));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_that_is_not_in_the_document_is_404),
		cmocka_unit_test(a_method_that_is_not_there_is_405_and_allow_says_which_are),
		cmocka_unit_test(head_is_served_as_get),
		cmocka_unit_test(a_literal_segment_wins_over_a_name),
		cmocka_unit_test(an_id_in_a_path_is_an_integer_from_1_else_400),
		cmocka_unit_test(two_names_in_a_path_keep_their_order_and_may_hold_an_encoded_slash),
		cmocka_unit_test(a_target_with_scheme_and_host_is_taken_by_its_path),
		cmocka_unit_test(parameters_are_decoded_and_typed_and_have_their_defaults),
		cmocka_unit_test(a_malformed_parameter_is_400_and_named),
		cmocka_unit_test(all_that_is_wrong_is_told_at_once),
		cmocka_unit_test(a_flood_of_unknown_parameters_makes_a_short_answer_of_distinct_members),
		cmocka_unit_test(a_body_is_json_of_the_right_type_else_415),
		cmocka_unit_test(a_compressed_body_is_415),
		cmocka_unit_test(what_is_no_json_object_is_400),
		cmocka_unit_test(a_body_that_is_needed_and_not_there_is_400),
		cmocka_unit_test(every_wrong_member_of_a_body_is_named),
		cmocka_unit_test(a_body_over_the_limit_is_413_at_its_headers),
		cmocka_unit_test(a_body_of_exactly_the_limit_is_taken_in_one_piece_and_in_chunks),
		cmocka_unit_test(a_body_where_none_is_taken_is_413_and_an_empty_one_is_fine),
		cmocka_unit_test(a_message_whose_end_is_uncertain_is_400),
		cmocka_unit_test(many_chunks_make_one_body),
		cmocka_unit_test(bodies_together_are_bounded_and_the_next_is_told_503),
		cmocka_unit_test(every_answer_has_a_request_id_of_its_own_and_the_headers_that_all_have),
		cmocka_unit_test(a_fault_inside_is_told_by_its_id_and_its_story_goes_to_diag),
		cmocka_unit_test(a_reply_that_grows_without_end_becomes_a_500),
		cmocka_unit_test(a_reply_may_be_a_piece_of_a_file),
		cmocka_unit_test(an_error_takes_the_place_of_a_file),
		cmocka_unit_test(a_header_of_the_handler_goes_out),
		cmocka_unit_test(a_deferred_answer_comes_from_another_thread_well_or_badly),
		cmocka_unit_test(a_deferral_that_is_taken_back_is_an_error_like_any),
		cmocka_unit_test(a_page_says_where_the_next_one_begins),
		cmocka_unit_test(a_parameter_that_is_required_is_asked_for),
		cmocka_unit_test(the_limit_is_told_on_every_answer_of_a_limited_operation_also_on_errors),
	};

	silence = open("/dev/null", O_WRONLY | O_CLOEXEC);
	diag_set_fd(silence);
	return cmocka_run_group_tests(tests, fixture_up, fixture_down);
}
