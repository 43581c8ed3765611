/* pages: what browsers get, asked in process with everything behind them for real. */
#include "tests/test.h"

#include "http/decisive.h"
#include "http/page.h"
#include "tests/http/streaming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POLICY                                                                                               \
	"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"         \
	" frame-ancestors 'none'"
#define SCRIPT "<script>alert(1)</script>"

static struct answer get(const char *target)
{
	return ask((struct ask){ .method = "GET", .target = target, .token = fx.admin.p });
}

static struct answer get_step(int64_t id, const char *rest)
{
	return get(arena_fmt(&fx.arena, "/steps/%lld%s", (long long)id, rest).p);
}

static struct answer without_token(const char *target, const char *name, const char *value)
{
	return ask((struct ask){ .method = "GET", .target = target, .header = { name, value } });
}

static bool has(const struct answer *r, const char *part)
{
	return strstr(r->body, part) != NULL;
}

static void assert_has(const struct answer *r, const char *part)
{
	if (!has(r, part))
		fail_msg("no %s in\n%s", part, r->body);
}

static size_t times(const struct answer *r, const char *part)
{
	size_t n = 0;

	for (const char *at = r->body; (at = strstr(at, part)); at += strlen(part))
		n++;
	return n;
}

static void assert_page(const struct answer *r, int status)
{
	if (r->status != status)
		fail_msg("%d, not %d: %s", r->status, status, r->body);
	assert_string_equal(header_of(r, "Content-Type"), "text/html; charset=utf-8");
	assert_string_equal(header_of(r, "Content-Security-Policy"), POLICY);
	assert_string_equal(header_of(r, "X-Content-Type-Options"), "nosniff");
	assert_string_equal(header_of(r, "Referrer-Policy"), "same-origin");
	assert_string_equal(header_of(r, "Cache-Control"), "no-store");
	assert_has(r, "<!doctype html><html lang=\"en\">");
	assert_has(r, "</html>");
	assert_int_equal(times(r, "<h1"), 1);
	assert_int_equal(times(r, "<script"), 0);
	assert_int_equal(times(r, " style="), 0);
}

static void post_as(const char *more)
{
	const char *body = arena_fmt(
		&fx.arena, "{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA "\",\"log_tail\":\"boom\"%s}", more)
				   .p;
	AUTO_ANSWER r = ask((struct ask){
		.method = "POST", .target = "/internal/ci-log", .body = body, .token = INTERNAL });

	if (r.status != 204)
		fail_msg("%s", r.body);
}

/* ---- who may ---- */

static void who_has_not_signed_in_is_sent_to_the_login_page_and_back(void **state)
{
	static const struct {
		const char *target, *location;
	} pages[] = {
		{ "/", "/login" },
		{ "/runs/7", "/login?return=%2Fruns%2F7" },
		{ "/steps/7?contains=a%20%22b&level=error",
			"/login?return=%2Fsteps%2F7%3Fcontains%3Da%2520%2522b%26level%3Derror" },
		{ "/r/acme/pump/" SHA, "/login?return=%2Fr%2Facme%2Fpump%2F" SHA },
		{ "/steps/7/log", "/login?return=%2Fsteps%2F7%2Flog" },
		{ "http://evil.example/runs/7", "/login" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		AUTO_ANSWER r = without_token(pages[i].target, NULL, NULL);

		assert_int_equal(r.status, 303);
		assert_string_equal(header_of(&r, "Location"), pages[i].location);
		assert_string_equal(header_of(&r, "WWW-Authenticate"), "");
		assert_int_equal(r.len, 0);
	}
}

static void a_visit_without_a_credential_is_no_guess_and_a_wrong_one_is(void **state)
{
	struct ask wrong = { .method = "GET",
		.target = "/",
		.token = "slc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		.peer = "192.0.2.77" };
	int refused = 0;
	(void)state;

	config_swap(fx.app.config, fixture_config(10, 0));
	for (int i = 0; i < 9; i++) {
		AUTO_ANSWER r = ask((struct ask){ .method = "GET", .target = "/", .peer = "192.0.2.78" });
		assert_int_equal(r.status, 303);
	}
	AUTO_ANSWER api = ask((struct ask){
		.method = "GET", .target = "/api/v1/repos", .peer = "192.0.2.78", .token = "x" });
	assert_int_equal(api.status, 401);
	for (int i = 0; i < 12; i++) {
		AUTO_ANSWER r = ask(wrong);
		refused += r.status == 429;
	}
	assert_int_equal(refused, 2);
	AUTO_ANSWER told = ask(wrong);
	assert_page(&told, 429);
	assert_string_not_equal(header_of(&told, "Retry-After"), "");
	config_swap(fx.app.config, fixture_config(0, 0));
}

static void a_token_shows_what_it_may_read_and_no_more(void **state)
{
	struct ask a = {
		.method = "GET", .target = "/", .token = token_with(SCOPE_BIT(SCOPE_RUNS_READ), ROLE_USER).p
	};
	(void)state;

	AUTO_ANSWER refused = ask(a);
	assert_page(&refused, 403);
	assert_has(&refused, "<code>logs:read</code>");
	a.token = token_with(SCOPE_BIT(SCOPE_LOGS_READ), ROLE_USER).p;
	AUTO_ANSWER shown = ask(a);
	assert_page(&shown, 200);
	a.token = INTERNAL;
	AUTO_ANSWER internal = ask(a);
	assert_int_equal(internal.status, 303);
}

/* ---- errors ---- */

static void errors_of_pages_are_pages_and_errors_of_the_api_are_not(void **state)
{
	static const struct {
		const char *target;
		int status;
	} pages[] = { { "/runs/99", 404 }, { "/steps/99", 404 }, { "/steps/99/log", 404 },
		{ "/steps/0", 400 }, { "/steps/x", 400 }, { "/steps/1?level=loud", 400 },
		{ "/?what=" SCRIPT, 400 }, { "/r/acme/pump/123", 400 }, { "/r/acme/../" SHA, 400 } };
	(void)state;

	for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
		AUTO_ANSWER r = get(pages[i].target);
		assert_page(&r, pages[i].status);
	}
	AUTO_ANSWER api = get("/api/v1/runs/99");
	assert_error(&api, 404, "not_found");
	AUTO_ANSWER posted = ask((struct ask){ .method = "POST", .target = "/", .token = fx.admin.p });
	assert_page(&posted, 405);
	assert_string_equal(header_of(&posted, "Allow"), "GET, HEAD");
}

static void a_path_that_there_is_not_is_a_page_for_browsers_alone(void **state)
{
	(void)state;
	AUTO_ANSWER browser =
		without_token("/wp-login.php", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
	AUTO_ANSWER program = without_token("/wp-login.php", "Accept", "*/*");
	AUTO_ANSWER api = without_token("/api/v1/nothing", "Accept", "text/html");
	assert_page(&browser, 404);
	assert_error(&program, 404, "not_found");
	assert_error(&api, 404, "not_found");
}

static void the_login_page_takes_no_way_back_to_elsewhere(void **state)
{
	(void)state;
	AUTO_ANSWER r = without_token("/login?return=//evil.example", NULL, NULL);
	assert_page(&r, 200);
	assert_int_equal(times(&r, "evil"), 0);
}

/* ---- the stylesheet ---- */

static void the_stylesheet_is_kept_by_its_digest(void **state)
{
	const char *named = arena_fmt(&fx.arena, "/style.css?v=%s", page_css_digest).p;
	(void)state;

	AUTO_ANSWER plain = without_token("/style.css", NULL, NULL);
	AUTO_ANSWER kept = without_token(named, NULL, NULL);
	AUTO_ANSWER known =
		without_token(named, "If-None-Match", arena_fmt(&fx.arena, "\"%s\"", page_css_digest).p);
	AUTO_ANSWER old = without_token("/style.css?v=0123456789abcdef", NULL, NULL);
	AUTO_ANSWER icon = without_token("/icon.svg", NULL, NULL);
	AUTO_ANSWER page = without_token("/login", NULL, NULL);

	assert_int_equal(plain.status, 200);
	assert_string_equal(header_of(&plain, "Content-Type"), "text/css; charset=utf-8");
	assert_string_equal(header_of(&plain, "Cache-Control"), "public, max-age=300");
	assert_string_equal(header_of(&old, "Cache-Control"), "public, max-age=300");
	assert_string_equal(header_of(&kept, "Cache-Control"), "public, max-age=31536000, immutable");
	assert_has(&plain, ".f255{");
	assert_int_equal(times(&plain, "url("), 0);
	assert_int_equal(times(&plain, "@import"), 0);
	assert_int_equal(known.status, 304);
	assert_int_equal(known.len, 0);
	assert_string_equal(header_of(&icon, "Content-Type"), "image/svg+xml");
	assert_has(&page, named);
}

/* ---- the pages ---- */

static void without_a_failure_the_first_page_says_how_to_send_one(void **state)
{
	AUTO_ANSWER r = get("/");
	(void)state;

	assert_page(&r, 200);
	assert_has(&r, "No failure to show");
	assert_has(&r, "sluice run -- make test");
}

static void the_first_page_has_the_newest_failures_with_ways_to_them(void **state)
{
	(void)state;
	post_as(",\"run_id\":1,\"step_name\":\"make\",\"job_name\":\"build\",\"branch\":\"main\","
		"\"workflow\":\"CI\"");
	post_as(",\"run_id\":2,\"step_name\":\"fine\",\"conclusion\":\"success\"");
	AUTO_ANSWER r = get("/");

	assert_page(&r, 200);
	assert_has(&r, "<a href=\"/runs/1\">build <span class=\"sep\">/</span> make</a>");
	assert_has(&r, "href=\"/r/Acme/Pump/" SHA "\">0123456789</a>");
	assert_has(&r, "<span class=\"badge bad\">failed</span>");
	assert_has(&r, "<time datetime=\"2026-09-21T14:13:20.000Z\" title=\"2026-09-21 14:13:20 UTC\">just "
		       "now</time>");
	assert_int_equal(times(&r, "fine"), 0);
}

static struct str bound_to(const char *repo)
{
	const struct config *cfg = config_get(fx.app.config);
	struct identity by = {
		.kind = IDENTITY_NONE, .user_id = fx.admin_user, .scopes = SCOPE_ALL, .role = ROLE_ADMIN
	};
	struct token_request q = { .name = STR("t"), .scopes = SCOPE_ALL, .days = 7, .repo = str_z(repo) };
	struct token token = { 0 };
	struct repo r = { 0 };
	bool is_new;
	struct err e;
	AUTO_BUF text;

	buf_init(&text, 200);
	if (manage_repo_add(fx.app.store, cfg, &fixture_server, STR(""), str_z(repo), NOW, &fx.arena, &r,
		    &is_new, &e) != ERR_OK ||
		manage_token_create(fx.app.store, cfg, &by, &q, NOW, &fx.arena, &token, &text, &e) != ERR_OK)
		fail_msg("%s", e.text);
	config_put(fx.app.config, cfg);
	return arena_str(&fx.arena, buf_view(&text));
}

static void of_a_repo_that_one_may_not_see_no_page_tells_anything(void **state)
{
	struct ask a = { .method = "GET", .token = bound_to("acme/valve").p };
	static const char *const targets[] = { "/runs/1", "/steps/1", "/steps/1/log", "/r/" REPO "/" SHA };
	(void)state;

	post_as(",\"run_id\":1,\"step_name\":\"make\"");
	a.target = "/";
	AUTO_ANSWER home = ask(a);
	assert_page(&home, 200);
	assert_int_equal(times(&home, REPO), 0);
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		a.target = targets[i];
		AUTO_ANSWER r = ask(a);
		assert_page(&r, 404);
		assert_int_equal(times(&r, "make"), 0);
	}
}

static void a_run_shows_the_end_of_each_log_that_failed_with_anchors(void **state)
{
	(void)state;
	streamed("first", STR("one\n\x1b[31mtwo\x1b[0m\nerror: three\n"));
	streamed("second", STR("alpha\n"));
	AUTO_ANSWER r = get("/runs/1");

	assert_page(&r, 200);
	assert_has(&r, "id=\"L2\"><a class=\"n\" href=\"/steps/1#L2\">2</a>");
	assert_has(&r, "<code><span class=\"f1\">two</span></code>");
	assert_has(&r, "<div class=\"line error\" id=\"L3\">");
	assert_has(&r, "id=\"S2-L1\"");
	assert_int_equal(times(&r, "<section class=\"failed\">"), 2);
	assert_has(&r, "<th scope=\"col\">Step</th>");
	AUTO_ANSWER commit = get("/r/" REPO "/" SHA);
	assert_page(&commit, 200);
	assert_has(&commit, "<a href=\"/runs/1\">");
	assert_int_equal(times(&commit, "<section class=\"failed\">"), 2);
}

static void a_commit_of_which_nothing_was_sent_is_told_so(void **state)
{
	AUTO_ANSWER r = get("/r/" REPO "/" SHA);
	AUTO_ANSWER unwatched = get("/r/some/where/" SHA);
	(void)state;

	assert_page(&r, 200);
	assert_has(&r, "Nothing was sent for this commit");
	assert_page(&unwatched, 200);
	assert_has(&unwatched, "Nothing was sent for this commit");
}

/* Numbers of the lines on a page: the first, the last and how many. */
static size_t lines_on(const struct answer *r, long *ret_first, long *ret_last)
{
	size_t n = 0;

	for (const char *at = r->body; (at = strstr(at, "id=\"L")); at += 5) {
		*ret_last = strtol(at + 5, NULL, 10);
		if (n++ == 0)
			*ret_first = *ret_last;
	}
	return n;
}

static int64_t numbered(const char *name, int n);

/* As decisive_put() does: beside a call that is not one of the router's. */
static struct answer errors_of(int64_t step_id, const struct decisive_error *errors, size_t n)
{
	struct call c = { .app = &fx.app, .cfg = config_get(fx.app.config), .now = NOW };
	struct html h = { &c.reply };
	struct answer r = { 0 };
	struct err e;

	arena_init(&c.arena);
	buf_init(&c.reply, 1 << 20);
	if (decisive_errors_put(&c, &h, step_id, errors, n, false, &e) != ERR_OK)
		fail_msg("%s", e.text);
	r.len = c.reply.len;
	r.body = buf_take(&c.reply);
	arena_done(&c.arena);
	config_put(fx.app.config, c.cfg);
	return r;
}

static void an_error_is_told_with_its_place_and_the_lines_around_it(void **state)
{
	int64_t id = numbered("long", 900);
	const struct decisive_error errors[] = {
		{ .role = STR("cause"),
			.class = STR("compile"),
			.message = STR("use of " SCRIPT),
			.file = STR("src/a<b>.c"),
			.group_id = 1,
			.line = 7,
			.first = 449,
			.last = 451 },
		{ .role = STR("cause"),
			.class = STR("compile"),
			.message = STR("near by"),
			.first = 453,
			.last = 453 },
		{ .role = STR("consequence"),
			.class = STR("test"),
			.message = STR("FAIL"),
			.first = 0,
			.last = 0,
			.group_id = 2,
			.known_since = NOW - 3600000,
			.is_flaky = true },
		{ .role = STR("cause"),
			.class = STR("test"),
			.message = STR("of a report"),
			.advice = STR("run <it> again"),
			.first = 0,
			.last = -1 },
		{ .role = STR("cause"),
			.class = STR("test"),
			.message = STR("very long"),
			.first = 600,
			.last = 800 },
	};
	long first = 0, last = 0;
	(void)state;

	AUTO_ANSWER r = errors_of(id, errors, 5);
	assert_has(&r,
		"<a href=\"/steps/1?from=401#L450\">line 450</a> to 452, <code>src/a&lt;b&gt;.c:7</code>");
	assert_has(&r, ">new</span> <strong>use of &lt;script&gt;alert(1)&lt;/script&gt;");
	assert_has(&r, "known since <time");
	assert_has(&r, ">flaky</span> <strong>FAIL");
	assert_has(&r, "run &lt;it&gt; again");
	assert_has(&r, "id=\"L448\"");
	assert_has(&r, "id=\"L454\"");
	assert_int_equal(times(&r, "id=\"L454\""), 1); /* of both; shown once */
	assert_int_equal(lines_on(&r, &first, &last), 7 + 3 + 16);
	assert_int_equal(last, 614);
}

static int64_t numbered(const char *name, int n)
{
	AUTO_BUF text;

	buf_init(&text, 1 << 20);
	for (int i = 1; i <= n; i++)
		buf_fmt(&text, "%s %d\n", i % 10 == 0 ? "error: ten" : "number", i);
	return streamed(name, buf_view(&text));
}

/* The address behind a link of the pager; empty: it has none. */
static const char *way(const struct answer *r, const char *name)
{
	const char *end = strstr(r->body, arena_fmt(&fx.arena, "\">%s</a>", name).p), *at = end;
	AUTO_BUF href;

	buf_init(&href, 1000);
	if (!end)
		return "";
	while (strncmp(at, "href=\"", 6) != 0)
		at--;
	for (at += 6; at < end; at++) {
		buf_char(&href, *at);
		if (strncmp(at, "&amp;", 5) == 0)
			at += 4;
	}
	return arena_cstr(&fx.arena, buf_view(&href));
}

static void pages_of_a_log_go_on_and_back_without_a_line_lost(void **state)
{
	int64_t id = numbered("long", 450);
	long first = 0, last = 0;
	(void)state;

	AUTO_ANSWER one = get_step(id, "");
	assert_page(&one, 200);
	assert_int_equal(lines_on(&one, &first, &last), 200);
	assert_int_equal(first, 1);
	assert_string_equal(way(&one, "Previous"), "");
	AUTO_ANSWER two = get(way(&one, "Next"));
	assert_int_equal(lines_on(&two, &first, &last), 200);
	assert_int_equal(first, 201);
	AUTO_ANSWER end = get(way(&one, "Last"));
	assert_int_equal(lines_on(&end, &first, &last), 200);
	assert_int_equal(last, 450);
	assert_string_equal(way(&end, "Next"), "");
	AUTO_ANSWER back = get(way(&end, "Previous"));
	assert_int_equal(lines_on(&back, &first, &last), 200);
	assert_int_equal(first, 51);
	assert_int_equal(last, 250);
	AUTO_ANSWER top = get(way(&back, "Previous"));
	assert_int_equal(lines_on(&top, &first, &last), 50);
	assert_int_equal(first, 1);
	assert_string_equal(way(&top, "Previous"), "");
	AUTO_ANSWER again = get(way(&top, "Next"));
	lines_on(&again, &first, &last);
	assert_int_equal(first, 51);
	AUTO_ANSWER there = get(way(&back, "First"));
	lines_on(&there, &first, &last);
	assert_int_equal(first, 1);
}

static void lines_are_found_by_text_and_level_page_by_page(void **state)
{
	int64_t id = numbered("long", 4500);
	long first = 0, last = 0;
	(void)state;

	AUTO_ANSWER r = get_step(id, "?contains=ten&level=warning");
	assert_page(&r, 200);
	assert_int_equal(lines_on(&r, &first, &last), 200);
	assert_int_equal(first, 10);
	assert_int_equal(last, 2000);
	assert_has(&r, "value=\"ten\"");
	assert_has(&r, "<option value=\"warning\" selected>");
	assert_has(&r, "href=\"/steps/1?from=1801#L2000\">2000</a>");
	AUTO_ANSWER next = get(way(&r, "Next"));
	lines_on(&next, &first, &last);
	assert_int_equal(first, 2010);
	assert_int_equal(last, 4000);
	AUTO_ANSWER back = get(way(&next, "Previous"));
	lines_on(&back, &first, &last);
	assert_int_equal(first, 10);
	assert_int_equal(last, 2000);
	AUTO_ANSWER end = get(way(&r, "Last"));
	lines_on(&end, &first, &last);
	assert_int_equal(last, 4500);
	AUTO_ANSWER none = get_step(id, "?contains=" SCRIPT);
	assert_page(&none, 200);
	assert_has(&none, "No line matches here");
	assert_has(&none, "value=\"&lt;script&gt;alert(1)&lt;/script&gt;\"");
	AUTO_ANSWER all = get_step(id, "?contains=&level=");
	lines_on(&all, &first, &last);
	assert_int_equal(last, 200);
}

static void a_page_of_very_long_lines_ends_early_and_goes_on(void **state)
{
	long first = 0, last = 0, so_far = 0;
	const char *target;
	int64_t id;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 4 << 20);
	for (int i = 0; i < 200; i++) {
		for (int k = 0; k < 800; k++)
			buf_z(&text, k % 2 ? "\x1b[1;3;4;31;42m<" : "\x1b[m<");
		buf_char(&text, '\n');
	}
	id = stream_step("wide");
	for (size_t at = 0; at < text.len; at += 500000)
		stream_text(id, (int64_t)at,
			(struct str){ text.p + at, text.len - at < 500000 ? text.len - at : 500000 });
	stream_end_of(id, "failure");
	target = arena_fmt(&fx.arena, "/steps/%lld", (long long)id).p;
	for (int page = 0; *target; page++) {
		AUTO_ANSWER r = get(target);

		assert_page(&r, 200);
		assert_true(r.len < 3 << 20);
		assert_true(lines_on(&r, &first, &last) > 0);
		assert_int_equal(first, so_far + 1);
		so_far = last;
		target = way(&r, "Next");
		assert_true(page < 20);
	}
	assert_int_equal(so_far, 200);
}

static void lines_that_were_not_kept_are_counted(void **state)
{
	long first = 0, last = 0;
	(void)state;

	post_as(",\"run_id\":1,\"step_name\":\"make\",\"dropped_lines\":5050");
	AUTO_ANSWER r = get_step(1, "");
	assert_page(&r, 200);
	assert_has(&r, "5,050 lines in front of them were not kept");
	assert_int_equal(lines_on(&r, &first, &last), 1);
	assert_int_equal(first, 5051);
	assert_string_equal(way(&r, "Previous"), "");
	assert_has(&r, "boom");
}

static void what_is_not_there_of_a_step_is_said_beside_its_facts(void **state)
{
	int64_t running = stream_step("running"), silent;
	(void)state;

	AUTO_ANSWER r = get_step(running, "");
	assert_page(&r, 200);
	assert_has(&r, "<span class=\"badge busy\">running</span>");
	assert_has(&r, "It has printed nothing yet");
	silent = streamed("silent", STR(""));
	AUTO_ANSWER s = get_step(silent, "");
	assert_page(&s, 200);
	assert_has(&s, "It printed nothing");
	AUTO_ANSWER run = get("/runs/1");
	assert_page(&run, 200);
	assert_has(&run, "It printed nothing");
}

static void the_raw_log_is_plain_text_that_runs_nothing(void **state)
{
	int64_t id = streamed("raw", STR("<b>\n\x1b[31mred\x1b[0m\n"));
	(void)state;

	AUTO_ANSWER r = get_step(id, "/log?ansi=strip");
	assert_int_equal(r.status, 200);
	assert_string_equal(r.body, "<b>\nred\n");
	assert_string_equal(header_of(&r, "Content-Type"), "text/plain; charset=utf-8");
	assert_string_equal(header_of(&r, "X-Content-Type-Options"), "nosniff");
	assert_non_null(strstr(header_of(&r, "Content-Security-Policy"), "sandbox"));
	AUTO_ANSWER kept = get_step(id, "/log");
	assert_string_equal(kept.body, "<b>\n\x1b[31mred\x1b[0m\n");
}

static void names_are_text_wherever_they_stand(void **state)
{
	static const char *const targets[] = { "/", "/runs/1", "/steps/1", "/r/" REPO "/" SHA };
	(void)state;

	post_as(",\"run_id\":\"" SCRIPT "\",\"step_name\":\"" SCRIPT "\",\"job_name\":\"" SCRIPT
		"\",\"leg\":\"" SCRIPT "\",\"workflow\":\"" SCRIPT "\",\"branch\":\"\\u202e" SCRIPT
		"\",\"url\":\"https://a/\\\"><b>" SCRIPT "\"");
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
		AUTO_ANSWER r = get(targets[i]);

		assert_page(&r, 200);
		assert_has(&r, "&lt;script&gt;alert(1)&lt;/script&gt;");
		assert_int_equal(times(&r, "\"><b>"), 0);
		assert_int_equal(times(&r, "\xe2\x80\xae"), 0);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, router_up, router_down)
	static const struct CMUnitTest tests[] = {
		TEST(who_has_not_signed_in_is_sent_to_the_login_page_and_back),
		TEST(a_visit_without_a_credential_is_no_guess_and_a_wrong_one_is),
		TEST(a_token_shows_what_it_may_read_and_no_more),
		TEST(errors_of_pages_are_pages_and_errors_of_the_api_are_not),
		TEST(a_path_that_there_is_not_is_a_page_for_browsers_alone),
		TEST(the_login_page_takes_no_way_back_to_elsewhere),
		TEST(the_stylesheet_is_kept_by_its_digest),
		TEST(without_a_failure_the_first_page_says_how_to_send_one),
		TEST(the_first_page_has_the_newest_failures_with_ways_to_them),
		TEST(of_a_repo_that_one_may_not_see_no_page_tells_anything),
		TEST(a_run_shows_the_end_of_each_log_that_failed_with_anchors),
		TEST(a_commit_of_which_nothing_was_sent_is_told_so),
		TEST(an_error_is_told_with_its_place_and_the_lines_around_it),
		TEST(pages_of_a_log_go_on_and_back_without_a_line_lost),
		TEST(lines_are_found_by_text_and_level_page_by_page),
		TEST(a_page_of_very_long_lines_ends_early_and_goes_on),
		TEST(lines_that_were_not_kept_are_counted),
		TEST(what_is_not_there_of_a_step_is_said_beside_its_facts),
		TEST(the_raw_log_is_plain_text_that_runs_nothing),
		TEST(names_are_text_wherever_they_stand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
