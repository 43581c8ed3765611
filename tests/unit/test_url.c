/* url: what is a URL of a server, and what its parts are. */
#include "tests/test.h"

#include "net/proxy.h"
#include "net/url.h"

#include <string.h>

static void a_url_is_taken_apart(void **state)
{
	static const struct {
		const char *text, *user, *host, *target;
		int port;
		bool is_tls, is_v6;
	} cases[] = {
		{ "http://s.example", "", "s.example", "", 80, false, false },
		{ "https://s.example/", "", "s.example", "/", 443, true, false },
		{ "HTTPS://s.example:8443/a?b#c", "", "s.example", "/a?b", 8443, true, false },
		{ "http://s.example?b", "", "s.example", "?b", 80, false, false },
		{ "http://s.example:/x", "", "s.example", "/x", 80, false, false },
		{ "http://[::1]:81/x", "", "::1", "/x", 81, false, true },
		{ "http://[fe80::1]", "", "fe80::1", "", 80, false, true },
		{ "http://u:p@s.example/@x", "u:p", "s.example", "/@x", 80, false, false },
		{ "http://u:p@q@s.example", "u:p@q", "s.example", "", 80, false, false },
		{ "http://@s.example", "", "s.example", "", 80, false, false },
		{ "http://127.0.0.1:65535", "", "127.0.0.1", "", 65535, false, false },
	};
	struct url u;
	struct err e;
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (url_split(str_z(cases[i].text), &u, &e) != ERR_OK)
			fail_msg("%s: %s", cases[i].text, e.text);
		if (!str_eq(u.user, str_z(cases[i].user)) || !str_eq(u.host, str_z(cases[i].host)) ||
			!str_eq(u.target, str_z(cases[i].target)) || u.port != cases[i].port ||
			u.is_tls != cases[i].is_tls || u.is_v6 != cases[i].is_v6)
			fail_msg("%s: \"%.*s\" \"%.*s\" \"%.*s\" %d", cases[i].text, STR_FMT(u.user),
				STR_FMT(u.host), STR_FMT(u.target), u.port);
	}
}

static void what_is_none_is_refused_and_not_quoted(void **state)
{
	static const char *const bad[] = { "", "http", "http:/", "http://", "https://", "s3sam3", "s3sam3:80",
		"ftp://s3sam3", "http:///s3sam3", "http://:80", "http://s3sam3:0", "http://s3sam3:65536",
		"http://s3sam3:-1", "http://s3sam3:8x", "http://s3sam3:80:80", "http://[s3sam3]",
		"http://[::1", "http://[::1]x", "http://::1/", "http://s3 sam3/", "http://s3sam3/\r\nX: y",
		"http://s3sam3/\x7f", "http://s3sam3/\xC3\xA9", "http://s3s%61m3/", "http://s3sam3\\x/",
		"http://u:p@" };
	struct url u;
	struct err e;
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (url_split(str_z(bad[i]), &u, &e) != ERR_INVALID)
			fail_msg("%s is taken for a URL", bad[i]);
		assert_null(strstr(e.text, "s3sam3"));
	}
}

static void a_user_is_put_as_basic(void **state)
{
	static const char *const cases[][2] = {
		{ "bot:pw", "Basic Ym90OnB3" },
		{ "bot", "Basic Ym90Og==" },
		{ "b%6ft:p%3Aw%", "Basic Ym90OnA6dyU=" },
	};
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 100);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buf_reset(&out);
		proxy_put_basic(str_z(cases[i][0]), &out);
		assert_string_equal(buf_cstr(&out), cases[i][1]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_is_taken_apart),
		cmocka_unit_test(what_is_none_is_refused_and_not_quoted),
		cmocka_unit_test(a_user_is_put_as_basic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
