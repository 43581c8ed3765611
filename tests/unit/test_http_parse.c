/* http_parse: answers that are right, answers that are a trick, and any of them in any pieces. */
#include "tests/test.h"

#include "net/http_parse.h"

#include <string.h>

#define BODY_MAX 1000

struct parsed {
	struct http_answer answer;
	enum http_parse_state state;
	bool keep_alive;
};

static void parsed_done(struct parsed *p)
{
	http_answer_done(&p->answer);
}

#define AUTO_PARSED __attribute__((cleanup(parsed_done))) struct parsed

/* In pieces of n bytes, and then the end of the connection. */
static struct parsed parse_in(const char *text, size_t n, bool no_body)
{
	struct str rest = str_z(text);
	struct http_parse p;
	struct parsed r = { 0 };

	buf_init(&r.answer.body, BODY_MAX);
	http_parse_init(&p, &r.answer, no_body);
	while (rest.len > 0 && r.state == HTTP_MORE) {
		struct str piece = { rest.p, rest.len < n ? rest.len : n };

		r.state = http_parse_feed(&p, piece);
		rest = str_from(rest, piece.len);
	}
	if (r.state == HTTP_MORE)
		r.state = http_parse_end(&p);
	r.keep_alive = p.keep_alive && rest.len == 0;
	http_parse_done(&p);
	return r;
}

static struct parsed parse(const char *text)
{
	return parse_in(text, SIZE_MAX, false);
}

#define OK "HTTP/1.1 200 OK\r\n"

static const struct {
	const char *text, *body;
	int status;
	bool keep_alive;
} right[] = {
	{ OK "Content-Length: 3\r\n\r\nabc", "abc", 200, true },
	{ OK "content-length:3 \r\n\r\nabc", "abc", 200, true },
	{ OK "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "abc", 200, true },
	{ OK "Content-Length: 0\r\n\r\n", "", 200, true },
	{ OK "Content-Length: 3\r\nConnection: close\r\n\r\nabc", "abc", 200, false },
	{ OK "Content-Length: 3\r\nConnection: x, Close\r\n\r\nabc", "abc", 200, false },
	{ OK "Content-Length: 3\r\n\r\nabcd", "abc", 200, false }, /* it says more than it was asked */
	{ OK "\r\nto the end", "to the end", 200, false },
	{ OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n0\r\n\r\n",
		"abc0123456789", 200, true },
	{ OK "Transfer-Encoding: Chunked\r\n\r\n1\r\na\r\n000\r\nX-Trailer: y\r\n\r\n", "a", 200, true },
	{ "HTTP/1.1 204 No\r\n\r\n", "", 204, true },
	{ "HTTP/1.1 304 Same\r\nContent-Length: 3\r\n\r\n", "", 304, true },
	{ "HTTP/1.1 200\r\nContent-Length: 1\r\n\r\na", "a", 200, true },
	{ "HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\na", "a", 200, true },
	{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "a", 200, false },
	{ "HTTP/1.1 200 OK\nContent-Length: 1\n\na", "a", 200, true },
	{ "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 103 Hints\r\nContent-Length: 9\r\n\r\n" OK
	  "Content-Length: 1\r\n\r\na",
		"a", 200, true },
};

static void an_answer_ends_where_its_head_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		AUTO_PARSED r = parse(right[i].text);

		if (r.state != HTTP_WHOLE || strcmp(buf_cstr(&r.answer.body), right[i].body) != 0 ||
			r.answer.status != right[i].status || r.keep_alive != right[i].keep_alive)
			fail_msg("%zu: %s: %d %d \"%s\"", i, right[i].text, r.state, r.answer.status,
				buf_cstr(&r.answer.body));
	}
}

static void the_pieces_in_which_it_comes_make_no_difference(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		for (size_t n = 1; n < 20; n++) {
			AUTO_PARSED r = parse_in(right[i].text, n, false);

			assert_int_equal(r.state, HTTP_WHOLE);
			assert_string_equal(buf_cstr(&r.answer.body), right[i].body);
			assert_int_equal(r.keep_alive, right[i].keep_alive);
		}
}

static void an_answer_that_ends_early_is_cut_wherever_that_is(void **state)
{
	static const char *const whole[] = { OK "Content-Length: 3\r\n\r\nabc",
		OK "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 204 No\r\n\r\n" };
	char cut[200];
	(void)state;

	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		for (size_t n = 0; n < strlen(whole[i]); n++) {
			memcpy(cut, whole[i], n);
			cut[n] = '\0';
			AUTO_PARSED r = parse(cut);

			if (r.state != HTTP_CUT)
				fail_msg("%zu bytes of %s: %d", n, whole[i], r.state);
		}
}

/* What two readers could take for two different messages is taken by none. */
static void what_could_be_read_in_two_ways_is_refused(void **state)
{
	static const char *const tricks[] = {
		OK "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
		OK "Content-Length: 3, 4\r\n\r\nabcd",
		OK "Content-Length: -3\r\n\r\nabc",
		OK "Content-Length: +3\r\n\r\nabc",
		OK "Content-Length: 0x3\r\n\r\nabc",
		OK "Content-Length: 3 3\r\n\r\nabc",
		OK "Content-Length:\r\n\r\nabc",
		OK "Content-Length: 9223372036854775808\r\n\r\nabc",
		OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		OK "Transfer-Encoding: identity\r\n\r\nabc",
		OK "Content-Length : 3\r\n\r\nabc",
		OK " Content-Length: 3\r\n\r\nabc",
		OK "X: y\r\n Content-Length: 3\r\n\r\nabc",
		OK "no header\r\n\r\n",
		OK ": no name\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\na\r\n0\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n\r\n",
		"HTTP/1.1 101 Other\r\n\r\n",
		"HTTP/1.1 99 x\r\n\r\n",
		"HTTP/1.1 600 x\r\n\r\n",
		"HTTP/1.1 2000 x\r\n\r\n",
		"HTTP/1.1  200 x\r\n\r\n",
		"HTTP/2 200\r\n\r\n",
		"http/1.1 200 OK\r\n\r\n",
		"\r\nHTTP/1.1 200 OK\r\n\r\n",
	};
	(void)state;

	for (size_t i = 0; i < sizeof tricks / sizeof *tricks; i++) {
		AUTO_PARSED r = parse(tricks[i]);

		if (r.state != HTTP_WRONG)
			fail_msg("%s: %d", tricks[i], r.state);
	}
}

static void the_answer_to_head_has_no_body_whatever_it_says(void **state)
{
	AUTO_PARSED r = parse_in(OK "Content-Length: 3\r\n\r\n", SIZE_MAX, true);
	(void)state;

	assert_int_equal(r.state, HTTP_WHOLE);
	assert_true(r.keep_alive);
}

static void of_an_interim_answer_nothing_is_kept(void **state)
{
	AUTO_PARSED r =
		parse("HTTP/1.1 103 x\r\nRetry-After: 9\r\nUpload-Offset: 8\r\nContent-Type: x/y\r\n\r\n"
		      "HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n");
	AUTO_PARSED own =
		parse("HTTP/1.1 503 x\r\nRetry-After: 9\r\nUpload-Offset: 8\r\nContent-Type: x/y\r\n"
		      "Content-Length: 0\r\n\r\n");
	(void)state;

	assert_int_equal(r.answer.status, 503);
	assert_int_equal(r.answer.retry_after_s, 0);
	assert_int_equal(r.answer.upload_offset, -1);
	assert_string_equal(r.answer.content_type, "");
	assert_int_equal(own.answer.retry_after_s, 9);
	assert_int_equal(own.answer.upload_offset, 8);
	assert_string_equal(own.answer.content_type, "x/y");
}

static void a_head_without_end_is_refused(void **state)
{
	struct http_answer a = { 0 };
	enum http_parse_state s = HTTP_MORE;
	struct http_parse p;
	size_t n = 0;
	(void)state;

	buf_init(&a.body, BODY_MAX);
	http_parse_init(&p, &a, false);
	assert_int_equal(http_parse_feed(&p, STR(OK)), HTTP_MORE);
	for (; s == HTTP_MORE && n < 2 * HTTP_HEAD_MAX; n += 10)
		s = http_parse_feed(&p, n % 20 ? STR("X: 34567\r\n") : STR("Y: 34567\r\n"));
	assert_int_equal(s, HTTP_WRONG);
	assert_true(n <= HTTP_HEAD_MAX + 10);
	http_parse_done(&p);
	http_answer_done(&a);
}

static void a_body_over_its_ceiling_is_too_large_however_it_comes(void **state)
{
	static const char *const heads[] = { OK "\r\n", OK "Content-Length: 1001\r\n\r\n",
		OK "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" };
	char text[2000];
	(void)state;

	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		size_t n = strlen(heads[i]);

		memcpy(text, heads[i], n);
		memset(text + n, 'x', BODY_MAX + 1);
		text[n + BODY_MAX + 1] = '\0';
		AUTO_PARSED r = parse_in(text, 100, false);

		assert_int_equal(r.state, HTTP_TOO_LARGE);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_ends_where_its_head_says),
		cmocka_unit_test(the_pieces_in_which_it_comes_make_no_difference),
		cmocka_unit_test(an_answer_that_ends_early_is_cut_wherever_that_is),
		cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
		cmocka_unit_test(the_answer_to_head_has_no_body_whatever_it_says),
		cmocka_unit_test(of_an_interim_answer_nothing_is_kept),
		cmocka_unit_test(a_head_without_end_is_refused),
		cmocka_unit_test(a_body_over_its_ceiling_is_too_large_however_it_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
