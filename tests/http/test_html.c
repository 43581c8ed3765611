/* html, html_line, viewer, and the pages that are made of plain structs: what is not ours never becomes markup. */
#include "tests/test.h"

#include "http/html_line.h"
#include "http/page.h"
#include "http/page_account.h"
#include "http/page_login.h"

#include <stdio.h>
#include <string.h>

#define SCRIPT "<script>alert(1)</script>"
#define SCRIPT_SHOWN "&lt;script&gt;alert(1)&lt;/script&gt;"
#define NOW INT64_C(1790000000000)

static struct buf out;

static int fresh(void **state)
{
	(void)state;
	buf_done(&out);
	buf_init(&out, 1000000);
	return 0;
}

static struct html page(void)
{
	fresh(NULL);
	return (struct html){ &out };
}

static const char *text_of(struct str s)
{
	struct html h = page();

	html_text(&h, s);
	return buf_cstr(&out);
}

static const char *line_of(const char *line)
{
	struct html h = page();

	html_line(&h, str_z(line));
	return buf_cstr(&out);
}

static const char *with(void (*put)(struct html *h, struct str s), struct str s)
{
	struct html h = page();

	put(&h, s);
	return buf_cstr(&out);
}

/* ---- text ---- */

static void no_byte_of_a_text_is_markup(void **state)
{
	(void)state;
	assert_string_equal(text_of(STR("a<b>&\"'</b>")), "a&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;");
	assert_string_equal(text_of(STR("&lt;&#60;&amp;")), "&amp;lt;&amp;#60;&amp;amp;");
	for (int b = 0; b < 256; b++) {
		char bytes[3] = { 'x', (char)b, 'y' };
		const char *shown = text_of((struct str){ bytes, 3 });

		assert_null(strpbrk(shown, "<>\"'"));
		assert_non_null(strpbrk(shown, "xy"));
		assert_true(strchr(shown, '&') == NULL || strchr("&<>\"'", b) != NULL);
	}
}

static void what_cannot_be_seen_is_shown(void **state)
{
	(void)state;
	assert_string_equal(text_of((struct str){ "a\0b", 3 }), "a\\u{0}b");
	assert_string_equal(text_of(STR("\xe2\x80\xaegpj")), "\\u{202e}gpj");
	assert_string_equal(text_of(STR("\xe2\x80\xa8")), "\\u{2028}");
	assert_string_equal(text_of(STR("\xff<")), "\xef\xbf\xbd&lt;");
	assert_string_equal(text_of(STR("r\xc3\xa9sum\xc3\xa9\t\xf0\x9f\x98\x80")),
		"r\xc3\xa9sum\xc3\xa9\t\xf0\x9f\x98\x80");
	assert_string_equal(text_of(STR("\x1b[31mred\x1b[0m")), "red");
}

static void a_name_is_cut_and_stays_on_its_line(void **state)
{
	struct html h = page();
	(void)state;

	html_name(&h, STR("one\ntwo <b>"), 100);
	assert_string_equal(buf_cstr(&out), "one\\u{a}two &lt;b&gt;");
	h = page();
	html_name(&h, STR("a name that goes on"), 9);
	assert_string_equal(buf_cstr(&out), "a name...");
}

static void an_attribute_is_what_it_was_and_ends_where_it_ends(void **state)
{
	struct html h = page();
	(void)state;

	html_attr(&h, "value", STR("\" onfocus='x' <\n\xe2\x80\xae"));
	assert_string_equal(buf_cstr(&out), " value=\"&quot; onfocus=&#39;x&#39; &lt;\n\xe2\x80\xae\"");
}

static void a_part_of_an_address_stays_a_part(void **state)
{
	(void)state;
	assert_string_equal(
		with(html_url, STR("a b/c?d=e&f#g\"<\xc3\xa9")), "a%20b%2Fc%3Fd%3De%26f%23g%22%3C%C3%A9");
	assert_string_equal(with(html_path, STR("Acme/pump.x_y-z~?")), "Acme/pump.x_y-z~%3F");
	assert_string_equal(with(html_url, (struct str){ "\0", 1 }), "%00");
}

static void only_addresses_of_the_web_become_links(void **state)
{
	static const char *const wrong[] = { "javascript:alert(1)", "JAVASCRIPT:alert(1)", " http://a",
		"data:text/html,x", "//a.example", "http:/a", "https://a b", "http://a\n",
		"http://\xe2\x80\xae", "vbscript:x", "" };
	(void)state;

	assert_true(html_is_web(STR("http://a.example")));
	assert_true(html_is_web(STR("https://a.example/?q=1&r=\"<>")));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (html_is_web(str_z(wrong[i])))
			fail_msg("%s", wrong[i]);
	assert_string_equal(with(html_open_link, STR("https://a/\"><b>")),
		"<a href=\"https://a/&quot;&gt;&lt;b&gt;\" rel=\"noopener noreferrer nofollow\">");
	assert_null(strstr(with(html_open_link, STR("javascript:alert(1)")), "javascript"));
}

/* ---- numbers and times ---- */

static const char *count_of(int64_t n)
{
	struct html h = page();

	html_count(&h, n);
	return buf_cstr(&out);
}

static const char *ago_of(int64_t ms)
{
	struct html h = page();
	const char *shown;

	html_ago(&h, ms, NOW);
	shown = strchr(buf_cstr(&out), '>');
	return shown ? shown + 1 : buf_cstr(&out);
}

static void numbers_and_times_are_read_by_people_and_programs(void **state)
{
	struct html h;
	(void)state;

	assert_string_equal(count_of(0), "0");
	assert_string_equal(count_of(999), "999");
	assert_string_equal(count_of(1234567), "1,234,567");
	assert_string_equal(ago_of(0), "never");
	assert_string_equal(ago_of(NOW), "just now</time>");
	assert_string_equal(ago_of(NOW - 60000), "1 minute ago</time>");
	assert_string_equal(ago_of(NOW - 7199999), "1 hour ago</time>");
	assert_string_equal(ago_of(NOW - INT64_C(3) * 86400000), "3 days ago</time>");
	assert_string_equal(ago_of(NOW + 7200000), "in 2 hours</time>");
	h = page();
	html_time(&h, NOW - 120000, NOW);
	assert_string_equal(buf_cstr(&out),
		"<time datetime=\"2026-09-21T14:11:20.000Z\">2026-09-21 14:11:20 UTC (2 minutes ago)</time>");
}

/* ---- lines ---- */

static void colours_and_styles_are_classes(void **state)
{
	(void)state;
	assert_string_equal(line_of("plain"), "plain");
	assert_string_equal(line_of("\x1b[31mred\x1b[0m plain"), "<span class=\"f1\">red</span> plain");
	assert_string_equal(
		line_of("\x1b[1;3;4;9;92mx"), "<span class=\"f10 bold italic under strike\">x</span>");
	assert_string_equal(line_of("\x1b[38;5;208;48;5;17mx"), "<span class=\"f208 k g17\">x</span>");
	assert_string_equal(line_of("\x1b[44mx"), "<span class=\"g4\">x</span>");
	assert_string_equal(line_of("\x1b[2mx"), "<span class=\"faint\">x</span>");
	assert_string_equal(line_of("\x1b[5mx\x1b[8my"), "xy");
}

static void true_colours_are_the_nearest_of_the_palette(void **state)
{
	(void)state;
	assert_string_equal(line_of("\x1b[38;2;255;0;0mx"), "<span class=\"f196\">x</span>");
	assert_int_equal(html_line_nearest(0x000000), 16);
	assert_int_equal(html_line_nearest(0xffffff), 231);
	assert_int_equal(html_line_nearest(0x808080), 244);
	assert_int_equal(html_line_nearest(0x5f87af), 67);
	/* Nothing of the palette is nearer. */
	for (uint32_t rgb = 0; rgb < 0x1000000; rgb += 0x010f07 * 3 + 1) {
		static const int levels[] = { 0, 95, 135, 175, 215, 255 };
		int best = -1, least = INT32_MAX, got = (int)html_line_nearest(rgb), of_got = 0;

		for (int n = 16; n < 256; n++) {
			int grey = 8 + 10 * (n - 232), cube = n - 16;
			int r = n >= 232 ? grey : levels[cube / 36],
			    g = n >= 232 ? grey : levels[cube / 6 % 6],
			    b = n >= 232 ? grey : levels[cube % 6];
			int dr = r - (int)(rgb >> 16 & 255), dg = g - (int)(rgb >> 8 & 255),
			    db = b - (int)(rgb & 255);
			int far = dr * dr + dg * dg + db * db;

			if (far < least) {
				least = far;
				best = n;
			}
			of_got = n == got ? far : of_got;
		}
		if (of_got > least)
			fail_msg("%06x: %d, and %d is nearer", rgb, got, best);
	}
}

static void inverse_swaps_the_two_colours(void **state)
{
	(void)state;
	assert_string_equal(line_of("\x1b[7mx"), "<span class=\"fi gi\">x</span>");
	assert_string_equal(line_of("\x1b[7;31mx"), "<span class=\"fi g1\">x</span>");
	assert_string_equal(line_of("\x1b[7;31;42mx"), "<span class=\"f2 k g1\">x</span>");
	assert_string_equal(line_of("\x1b[7;42mx"), "<span class=\"f2 k gi\">x</span>");
}

static void links_of_a_log_are_links_to_the_web_alone(void **state)
{
	(void)state;
	assert_string_equal(line_of("\x1b]8;;https://a.example/?a=1&b=2\x07here\x1b]8;;\x07."),
		"<a href=\"https://a.example/?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\">here</a>.");
	assert_string_equal(line_of("\x1b]8;;javascript:alert(1)\x07here\x1b]8;;\x07"), "here");
	assert_string_equal(line_of("\x1b]8;;https://a/\"onclick=\"x\x07y"),
		"<a href=\"https://a/&quot;onclick=&quot;x\" rel=\"noopener noreferrer nofollow\">y</a>");
}

static void nothing_is_left_open_behind_a_line(void **state)
{
	(void)state;
	assert_string_equal(line_of("\x1b[31m\x1b]8;;http://a\x07" SCRIPT),
		"<a href=\"http://a\" rel=\"noopener noreferrer nofollow\"><span class=\"f1\">" SCRIPT_SHOWN
		"</span></a>");
	assert_string_equal(line_of("\x1b[31m"), "");
	assert_string_equal(line_of("\x1b[31mold\rnew\r"), "new");
}

/* ---- the way back ---- */

static void only_paths_of_this_server_are_ways_back(void **state)
{
	static const char *const good[] = { "/", "/runs/7", "/steps/7?contains=a%20b&level=error", "/r/a/b/c",
		"/?a=//b" };
	static const char *const bad[] = { "", "runs/7", "//evil.example", "//evil.example/runs",
		"/\\evil.example", "\\\\evil.example", "http://evil.example", "https:evil.example",
		"javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", " /runs",
		"/runs\r\nSet-Cookie: a=b", "/a\\b", "/runs/\xe2\x80\xae", "/\x7f" };
	char long_one[2100] = "/";
	(void)state;

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(str_eq(page_return_path(str_z(good[i])), str_z(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (!str_eq(page_return_path(str_z(bad[i])), STR("/")))
			fail_msg("%s is taken", bad[i]);
	memset(long_one + 1, 'a', 2050);
	assert_true(str_eq(page_return_path(str_z(long_one)), STR("/")));
	assert_true(str_eq(page_return_path((struct str){ "/a\0b", 4 }), STR("/")));
}

/* ---- pages of plain structs ---- */

static size_t times(const char *what)
{
	size_t n = 0;

	for (const char *at = buf_cstr(&out); (at = strstr(at, what)); at += strlen(what))
		n++;
	return n;
}

static void assert_has(const char *part)
{
	if (!strstr(buf_cstr(&out), part))
		fail_msg("no %s in %s", part, buf_cstr(&out));
}

static void the_login_page_has_a_form_with_its_token_and_links_to_the_forges(void **state)
{
	const struct login_provider forges[] = { { STR("home"), STR("git.example.org") },
		{ STR("a/b"), STR(SCRIPT) } };
	const struct login_view v = { .passwords = true,
		.providers = forges,
		.n_providers = 2,
		.error = STR("the address or the password is wrong " SCRIPT),
		.email = STR("a\"b@example.org"),
		.return_path = STR("/runs/7?a=b"),
		.csrf = STR("token-of-the-form") };
	struct html h = page();
	(void)state;

	page_login_put(&h, &v);
	assert_int_equal(times("<form"), 1);
	assert_has("method=\"post\" action=\"/login\"");
	assert_has("name=\"csrf\" value=\"token-of-the-form\"");
	assert_has("name=\"return\" value=\"/runs/7?a=b\"");
	assert_has("type=\"password\" autocomplete=\"current-password\"");
	assert_has("value=\"a&quot;b@example.org\"");
	assert_has("role=\"alert\"");
	assert_has("href=\"/oauth/home/start?return=%2Fruns%2F7%3Fa%3Db\">Sign in with git.example.org</a>");
	assert_has("href=\"/oauth/a%2Fb/start?return=");
	assert_int_equal(times(SCRIPT_SHOWN), 2);
	assert_int_equal(times("<script"), 0);
}

static void without_a_way_to_sign_in_the_login_page_says_so(void **state)
{
	const struct login_view v = { .return_path = STR("/") };
	struct html h = page();
	(void)state;

	page_login_put(&h, &v);
	assert_int_equal(times("<form"), 0);
	assert_has("no way to sign in");
}

static void the_account_page_has_its_token_in_every_form(void **state)
{
	const struct account_token tokens[] = {
		{ 3, STR("for " SCRIPT), STR("acme/pump"), SCOPE_BIT(SCOPE_LOGS_READ), NOW - 1000,
			NOW + 86400000, 0 },
		{ 4, STR("other"), STR(""), SCOPE_BIT(SCOPE_LOGS_READ), NOW - 1000, 0, NOW - 60000 },
	};
	const struct account_session sessions[] = {
		{ 8, STR("192.0.2.1"), STR("Firefox " SCRIPT), NOW - 1000, NOW, true },
		{ 9, STR("192.0.2.2"), STR("Chromium"), NOW - 1000, NOW - 60000, false },
	};
	const struct account_view v = { .email = STR("a@example.org"),
		.csrf = STR("token-of-the-form"),
		.role = ROLE_CONTRIBUTOR,
		.scopes = SCOPE_BIT(SCOPE_LOGS_READ) | SCOPE_BIT(SCOPE_RUNS_READ),
		.tokens = tokens,
		.n_tokens = 2,
		.sessions = sessions,
		.n_sessions = 2,
		.new_token = STR("slc_shown_once"),
		.error = STR(SCRIPT),
		.now = NOW };
	struct html h = page();
	(void)state;

	page_account_put(&h, &v);
	assert_int_equal(
		times("<form"), 5); /* two tokens, a new one, the other session, all other sessions */
	assert_int_equal(times("name=\"csrf\" value=\"token-of-the-form\""), 5);
	assert_int_equal(times("method=\"post\""), 5);
	assert_has("action=\"/account/tokens/3/revoke\"");
	assert_has("action=\"/account/sessions/9/revoke\"");
	assert_int_equal(times("/account/sessions/8/revoke"), 0); /* the one that asks: it signs out */
	assert_has("slc_shown_once");
	assert_has("value=\"logs:read\"");
	assert_int_equal(times("type=\"checkbox\""), 2);
	assert_int_equal(times("<script"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh)
	static const struct CMUnitTest tests[] = {
		TEST(no_byte_of_a_text_is_markup),
		TEST(what_cannot_be_seen_is_shown),
		TEST(a_name_is_cut_and_stays_on_its_line),
		TEST(an_attribute_is_what_it_was_and_ends_where_it_ends),
		TEST(a_part_of_an_address_stays_a_part),
		TEST(only_addresses_of_the_web_become_links),
		TEST(numbers_and_times_are_read_by_people_and_programs),
		TEST(colours_and_styles_are_classes),
		TEST(true_colours_are_the_nearest_of_the_palette),
		TEST(inverse_swaps_the_two_colours),
		TEST(links_of_a_log_are_links_to_the_web_alone),
		TEST(nothing_is_left_open_behind_a_line),
		TEST(only_paths_of_this_server_are_ways_back),
		TEST(the_login_page_has_a_form_with_its_token_and_links_to_the_forges),
		TEST(without_a_way_to_sign_in_the_login_page_says_so),
		TEST(the_account_page_has_its_token_in_every_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
