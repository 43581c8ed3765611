/* reports: what a tool wrote for machines comes beside a log: what it is, what is kept of it, and what becomes of it. */
#include "tests/test.h"

#include "base/zst.h"
#include "service/explainer.h"
#include "store/errors.h"
#include "tests/http/streaming.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* explain/rule.h has another struct pattern than http/op.h. */
void rules_free(struct rules *r);

#define JUNIT                                                                                                \
	"<testsuite name=\"pytest\"><testcase classname=\"tests.test_a\" name=\"test_b\">"                   \
	"<failure message=\"assert 1 == 2\">tests/test_a.py:7: AssertionError</failure></testcase>"          \
	"<testcase classname=\"tests.test_a\" name=\"test_c\"/></testsuite>"
#define SARIF                                                                                                \
	"{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"name\":\"lint\"}},\"results\":["          \
	"{\"ruleId\":\"E1\",\"level\":\"error\",\"message\":{\"text\":\"bad\"}},"                            \
	"{\"ruleId\":\"W1\",\"level\":\"warning\",\"message\":{\"text\":\"poor\"}}]}]}"
#define TAP13 "TAP version 13\n1..2\nok 1 - one\nnot ok 2 - two\n"
#define RDJSON                                                                                               \
	"{\"source\":{\"name\":\"x\"},\"diagnostics\":[{\"message\":\"m\",\"severity\":\"ERROR\","           \
	"\"location\":{\"path\":\"a.c\",\"range\":{\"start\":{\"line\":3}}}}]}"
#define RDJSONL                                                                                              \
	"{\"message\":\"m\",\"severity\":\"ERROR\",\"location\":{\"path\":\"a.c\",\"range\":{\"start\":{"    \
	"\"line\":3}}}}\n"

static struct answer send_as(
	const char *token, int64_t step_id, const char *query, struct str text, const char *coding)
{
	char target[600];

	snprintf(target, sizeof target, "/internal/steps/%lld/reports%s", (long long)step_id, query);
	return ask((struct ask){ .method = "POST",
		.target = target,
		.token = token,
		.type = "application/octet-stream",
		.header = { "Content-Encoding", coding },
		.body = text.p,
		.body_len = text.len });
}

static struct answer send_report(int64_t step_id, const char *query, struct str text)
{
	return send_as(INTERNAL, step_id, query, text, "identity");
}

static void is_taken(struct answer *r, const char *kind, int64_t findings, int64_t failures)
{
	int64_t n = -1, f = -1;

	if (r->status != 201)
		fail_msg("%d: %s", r->status, r->body);
	json_int(json_get(json_of(r), "findings"), &n);
	json_int(json_get(json_of(r), "failures"), &f);
	if (!str_eq(json_str(json_get(json_of(r), "kind")), str_z(kind)) || n != findings || f != failures)
		fail_msg("%s", r->body);
}

static struct report *kept(int64_t step_id, size_t *ret_n)
{
	struct report *reports = NULL;
	struct db *db = NULL;
	struct err e;

	if (store_reader_get(fx.app.store, &db, &e) != ERR_OK ||
		reports_list(db, &fx.arena, step_id, &reports, ret_n, &e) != ERR_OK)
		fail_msg("%s", e.text);
	store_reader_put(fx.app.store, db);
	return reports;
}

static struct str text_of(const struct report *r)
{
	struct str text;
	struct err e;
	AUTO_BUF b;

	buf_init(&b, SIZE_MAX);
	if (zst_decompress(r->zstd, 1 << 26, &b, &e) != ERR_OK)
		fail_msg("%s", e.text);
	text = arena_str(&fx.arena, buf_view(&b));
	assert_int_equal(text.len, r->n_bytes);
	return text;
}

static void change_config(void (*change)(struct config *c))
{
	struct config *c = fixture_config(0, 0);

	change(c);
	config_swap(fx.app.config, c);
}

/* What waits is explained; the errors of a step. */
static struct error *explained(int64_t step_id, size_t *ret_n)
{
	const struct config *cfg = config_get(fx.app.config);
	struct error_query q = { .step_id = step_id, .limit = 100 };
	struct error *errors = NULL;
	struct rules *rules = NULL;
	struct db *db = NULL;
	int64_t total = 0;
	size_t n = 0;
	struct err e;

	if (explainer_rules(fx.app.store, cfg, &rules, &e) != ERR_OK ||
		explainer_pass(fx.app.store, rules, cfg, NOW, 100, &n, &e) != ERR_OK ||
		store_reader_get(fx.app.store, &db, &e) != ERR_OK ||
		errors_list(db, &fx.arena, &q, &errors, ret_n, &total, &e) != ERR_OK)
		fail_msg("%s", e.text);
	store_reader_put(fx.app.store, db);
	rules_free(rules);
	config_put(fx.app.config, cfg);
	return errors;
}

/* ---- what is taken ---- */

static void each_kind_is_known_by_its_text(void **state)
{
	int64_t id = stream_step("kinds");
	(void)state;

	AUTO_ANSWER junit = send_report(id, "?name=a", STR(JUNIT));
	AUTO_ANSWER sarif = send_report(id, "?name=b", STR(SARIF));
	AUTO_ANSWER tap = send_report(id, "?name=c", STR(TAP13));
	AUTO_ANSWER rdjson = send_report(id, "?name=d", STR(RDJSON));
	AUTO_ANSWER rdjsonl = send_report(id, "?name=e", STR(RDJSONL));

	is_taken(&junit, "junit", 1, 1);
	is_taken(&sarif, "sarif", 2, 1);
	is_taken(&tap, "tap", 1, 1);
	is_taken(&rdjson, "rdjson", 1, 1);
	is_taken(&rdjsonl, "rdjsonl", 1, 1);
	assert_int_equal(json_kind(json_get(json_of(&junit), "problem")), JSON_NULL);
}

static void what_is_no_report_is_415_and_the_message_says_what_is(void **state)
{
	static const char *const texts[] = { "make: *** [all] Error 1\n", "<html><body>no</body></html>",
		"{\"a\":1}", "<!DOCTYPE x><testsuite/>", "\x89PNG\r\n" };
	int64_t id = stream_step("none");
	size_t n = 0;
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		AUTO_ANSWER r = send_report(id, "", str_z(texts[i]));

		assert_error(&r, 415, "unsupported_media_type");
		assert_non_null(strstr(r.body, "JUnit XML, SARIF 2.1.0, TAP 13 and 14, rdjson and rdjsonl"));
	}
	kept(id, &n);
	assert_int_equal(n, 0);
}

static void one_that_is_cut_is_taken_up_to_there_and_says_so(void **state)
{
	int64_t id = stream_step("cut");
	struct str whole = STR(JUNIT);
	(void)state;

	AUTO_ANSWER r = send_report(id, "",
		(struct str){ whole.p,
			str_find_str(whole, STR("<testcase classname=\"tests.test_a\" name=\"test_c\"")) });

	is_taken(&r, "junit", 1, 1);
	assert_true(json_str(json_get(json_of(&r), "problem")).len > 0);
}

static void a_body_may_be_compressed(void **state)
{
	int64_t id = stream_step("zstd");
	AUTO_BUF frame;
	struct err e;
	size_t n = 0;
	(void)state;

	buf_init(&frame, SIZE_MAX);
	assert_int_equal(zst_compress(STR(JUNIT), 1, &frame, &e), ERR_OK);
	AUTO_ANSWER r = send_as(INTERNAL, id, "?name=junit.xml", buf_view(&frame), "zstd");
	AUTO_ANSWER damaged = send_as(INTERNAL, id, "", STR("(\xb5/\xfdxxxxxxxx"), "zstd");
	struct report *reports = kept(id, &n);

	is_taken(&r, "junit", 1, 1);
	assert_error(&damaged, 400, "validation_error");
	assert_int_equal(n, 1);
	assert_true(str_eq(reports[0].name, STR("junit.xml")));
	assert_true(str_eq(text_of(&reports[0]), STR(JUNIT)));
}

static void the_same_name_replaces_and_without_one_it_is_report(void **state)
{
	int64_t id = stream_step("again");
	size_t n = 0;
	struct report *reports;
	(void)state;

	for (int i = 0; i < 2; i++) {
		AUTO_ANSWER one = send_report(id, "", STR(JUNIT));
		AUTO_ANSWER other = send_report(id, "?name=target%2Fa%20b.xml", STR(TAP13));

		is_taken(&one, "junit", 1, 1);
		is_taken(&other, "tap", 1, 1);
	}
	AUTO_ANSWER replaced = send_report(id, "?name=report", STR(SARIF));
	is_taken(&replaced, "sarif", 2, 1);
	reports = kept(id, &n);
	assert_int_equal(n, 2);
	assert_true(str_eq(reports[0].name, STR("report")));
	assert_true(str_eq(reports[0].kind, STR("sarif")));
	assert_true(str_eq(reports[1].name, STR("target/a b.xml")));
}

/* ---- what is refused ---- */

static void small_limits(struct config *c)
{
	c->report_bytes = 2000;
	c->reports = 2;
}

static void a_report_over_the_limit_is_413_compressed_or_not(void **state)
{
	int64_t id = stream_step("large");
	struct err e;
	AUTO_BUF large, frame;
	(void)state;

	buf_init(&large, SIZE_MAX);
	buf_init(&frame, SIZE_MAX);
	buf_z(&large, JUNIT);
	while (large.len < 1999)
		buf_char(&large, '\n');
	change_config(small_limits);
	buf_char(&large, '\n');
	AUTO_ANSWER fits = send_report(id, "", buf_view(&large));
	buf_char(&large, '\n');
	AUTO_ANSWER plain = send_report(id, "", buf_view(&large));
	assert_int_equal(zst_compress(buf_view(&large), 1, &frame, &e), ERR_OK);
	AUTO_ANSWER compressed = send_as(INTERNAL, id, "", buf_view(&frame), "zstd");
	while (large.len < 10000)
		buf_char(&large, '\n');
	AUTO_ANSWER before = send_report(id, "", buf_view(&large));
	struct answer *refused[] = { &plain, &compressed, &before };

	is_taken(&fits, "junit", 1, 1);
	assert_true(before.before_body);
	for (size_t i = 0; i < 3; i++) {
		assert_error(refused[i], 413, "payload_too_large");
		assert_non_null(strstr(refused[i]->body, "2000 bytes"));
		assert_non_null(strstr(refused[i]->body, "[limits] report-bytes"));
	}
}

static void more_reports_than_a_step_may_have_are_413_and_one_of_a_known_name_is_not(void **state)
{
	int64_t id = stream_step("many");
	(void)state;

	change_config(small_limits);
	AUTO_ANSWER a = send_report(id, "?name=a", STR(TAP13));
	AUTO_ANSWER b = send_report(id, "?name=b", STR(TAP13));
	AUTO_ANSWER c = send_report(id, "?name=c", STR(TAP13));
	AUTO_ANSWER again = send_report(id, "?name=b", STR(JUNIT));

	is_taken(&a, "tap", 1, 1);
	is_taken(&b, "tap", 1, 1);
	assert_error(&c, 413, "payload_too_large");
	assert_non_null(strstr(c.body, "[limits] reports"));
	is_taken(&again, "junit", 1, 1);
}

static void a_name_is_one_line_of_1_to_255_characters(void **state)
{
	int64_t id = stream_step("names");
	char longest[300] = "?name=", longer[300] = "?name=";
	(void)state;

	memset(longest + 6, 'x', 255);
	memset(longer + 6, 'x', 256);
	AUTO_ANSWER fits = send_report(id, longest, STR(TAP13));
	AUTO_ANSWER too_long = send_report(id, longer, STR(TAP13));
	AUTO_ANSWER empty = send_report(id, "?name=", STR(TAP13));
	AUTO_ANSWER lines = send_report(id, "?name=a%0Ab", STR(TAP13));

	is_taken(&fits, "tap", 1, 1);
	assert_wrong_field(&too_long, "name");
	assert_wrong_field(&empty, "name");
	assert_wrong_field(&lines, "name");
}

static void a_body_is_needed_and_of_bytes(void **state)
{
	int64_t id = stream_step("body");
	char target[80];
	(void)state;

	snprintf(target, sizeof target, "/internal/steps/%lld/reports", (long long)id);
	AUTO_ANSWER none = ask((struct ask){ .method = "POST", .target = target, .token = INTERNAL });
	AUTO_ANSWER json =
		ask((struct ask){ .method = "POST", .target = target, .token = INTERNAL, .body = SARIF });

	assert_error(&none, 400, "validation_error");
	assert_error(&json, 415, "unsupported_media_type");
}

static struct str a_bound_token(const char *repo)
{
	const struct config *cfg = config_get(fx.app.config);
	struct identity by = {
		.kind = IDENTITY_NONE, .user_id = fx.admin_user, .scopes = SCOPE_ALL, .role = ROLE_ADMIN
	};
	struct token_request r = { .name = STR("t"), .scopes = SCOPE_ALL, .days = 7, .repo = str_z(repo) };
	struct token token = { 0 };
	struct err e;
	AUTO_BUF text;

	buf_init(&text, 200);
	if (manage_token_create(fx.app.store, cfg, &by, &r, NOW, &fx.arena, &token, &text, &e) != ERR_OK)
		fail_msg("%s", e.text);
	config_put(fx.app.config, cfg);
	return arena_str(&fx.arena, buf_view(&text));
}

static void of_a_step_that_is_not_there_or_of_another_repo_it_is_404(void **state)
{
	int64_t id = stream_step("mine");
	AUTO_ANSWER add = ask((struct ask){ .method = "POST",
		.target = "/api/v1/repos",
		.body = "{\"repo\":\"acme/other\"}",
		.token = fx.admin.p });
	struct str mine = a_bound_token(REPO), other = a_bound_token("acme/other");
	size_t n = 0;
	(void)state;

	assert_int_equal(add.status, 201);
	AUTO_ANSWER nothing = send_report(999999, "", STR(TAP13));
	AUTO_ANSWER may_not = send_as(other.p, id, "", STR(TAP13), "identity");
	kept(id, &n);
	assert_int_equal(n, 0);
	AUTO_ANSWER may = send_as(mine.p, id, "", STR(TAP13), "identity");
	AUTO_ANSWER reader =
		send_as(token_with(SCOPE_BIT(SCOPE_LOGS_READ), ROLE_ADMIN).p, id, "", STR(TAP13), "identity");
	AUTO_ANSWER nobody = send_as(NULL, id, "", STR(TAP13), "identity");

	assert_error(&nothing, 404, "not_found");
	assert_error(&may_not, 404, "not_found");
	is_taken(&may, "tap", 1, 1);
	assert_error(&reader, 403, "forbidden");
	assert_error(&nobody, 401, "unauthorized");
}

static void a_step_whose_text_was_dropped_takes_no_report_and_loses_those_it_had(void **state)
{
	int64_t id = stream_step("dropped");
	char target[80];
	size_t n = 1;
	(void)state;

	AUTO_ANSWER before = send_report(id, "", STR(JUNIT));
	snprintf(target, sizeof target, "/internal/steps/%lld/finish", (long long)id);
	AUTO_ANSWER end = ask((struct ask){ .method = "POST",
		.target = target,
		.token = INTERNAL,
		.body = "{\"conclusion\":\"success\",\"keep\":false}" });
	AUTO_ANSWER after = send_report(id, "", STR(JUNIT));

	is_taken(&before, "junit", 1, 1);
	assert_int_equal(end.status, 204);
	assert_error(&after, 410, "gone");
	kept(id, &n);
	assert_int_equal(n, 0);
}

/* ---- secrets ---- */

#define SECRET "sentinel&of<the>\"config\"'4711"
#define NAMED "sentinel-that-the-run-named"
#define OWN "sentinel-that-the-report-names"
#define SHAPED                                                                                               \
	"ghp_"                                                                                               \
	"0123456789abcdefghijABCDEFGHIJ012345"

static void with_a_secret(struct config *c)
{
	assert_int_equal(mask_add(c->mask, STR(SECRET), NULL), ERR_OK);
}

static void has_no_sentinel(struct str text)
{
	if (str_find_str(text, STR("sentinel")) < text.len || str_find_str(text, STR("ghp_")) < text.len)
		fail_msg("%.*s", STR_FMT(text));
}

static void no_secret_is_kept_in_whatever_spelling_a_writer_of_xml_has(void **state)
{
	static const char *const spellings[] = {
		"sentinel&amp;of&lt;the&gt;&quot;config&quot;&apos;4711", /* all that XML has */
		"sentinel&amp;of&lt;the>\"config\"'4711",                 /* ElementTree's text */
		"sentinel&amp;of&lt;the&gt;&#34;config&#34;&#39;4711",    /* Go */
		"sentinel&#38;of&#x3C;the&#x3e;&#x22;config&#x22;&#x27;4711",
		"<![CDATA[sentinel&of<the>\"config\"'4711]]>",
		"&#115;&#x65;ntinel&amp;of&lt;the&gt;\"config\"'471&#49;",
		NAMED,
		"sentinel&#45;that-the-run-named",
		OWN,
		SHAPED,
		"&#103;hp_0123456789abcdefghijABCDEFGHIJ012345",
	};
	int64_t id = stream_step("secrets");
	size_t n = 0, n_errors = 0;
	struct report *reports;
	struct error *errors;
	AUTO_BUF xml;
	(void)state;

	change_config(with_a_secret);
	stream_text(id, 0, STR("::add-mask::" NAMED "\nworking\n"));
	buf_init(&xml, SIZE_MAX);
	buf_z(&xml, "<testsuite>\n");
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
		buf_fmt(&xml,
			"<testcase classname=\"c\" name=\"t%zu\"><failure>got %s, wanted "
			"1</failure></testcase>\n",
			i, spellings[i]);
	buf_z(&xml, "<testcase name=\"t\"><system-out>\n::add-mask::" OWN
		    "\n</system-out></testcase></testsuite>");
	AUTO_ANSWER r = send_report(id, "?name=a-" NAMED ".xml", buf_view(&xml));
	stream_end_of(id, "failure");
	is_taken(&r, "junit", sizeof spellings / sizeof *spellings, sizeof spellings / sizeof *spellings);
	reports = kept(id, &n);
	assert_int_equal(n, 1);
	assert_true(str_eq(reports[0].name, STR("a-***.xml")));
	has_no_sentinel(text_of(&reports[0]));
	errors = explained(id, &n_errors);
	assert_true(n_errors >= sizeof spellings / sizeof *spellings);
	for (size_t i = 0; i < n_errors; i++) {
		has_no_sentinel(errors[i].message);
		has_no_sentinel(errors[i].test);
	}
	assert_true(str_find_str(errors[0].message, STR("got ***, wanted 1")) < errors[0].message.len);
}

static void in_json_as_well(void **state)
{
	static const char *const spellings[] = { "sentinel&of<the>\\\"config\\\"'4711",
		"sentinel\\u0026of\\u003cthe\\u003e\\\"config\\\"\\u00274711", NAMED, SHAPED };
	int64_t id = stream_step("json secrets");
	size_t n = 0;
	struct report *reports;
	AUTO_BUF json;
	(void)state;

	change_config(with_a_secret);
	stream_text(id, 0, STR("::add-mask::" NAMED "\nworking\n"));
	buf_init(&json, SIZE_MAX);
	for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
		buf_fmt(&json,
			"{\"message\":\"got %s.\",\"severity\":\"ERROR\",\"location\":{\"path\":\"a.c\"}}\n",
			spellings[i]);
	AUTO_ANSWER r = send_report(id, "", buf_view(&json));
	is_taken(&r, "rdjsonl", 4, 4);
	reports = kept(id, &n);
	has_no_sentinel(text_of(&reports[0]));
}

/* ---- what becomes of it ---- */

static void what_a_report_says_comes_to_the_errors_of_the_step(void **state)
{
	int64_t id = streamed("explained", STR("running\n1 failed, 1 passed\n"));
	struct error *errors;
	size_t n = 0;
	(void)state;

	explained(id, &n);
	AUTO_ANSWER r = send_report(id, "", STR(JUNIT));
	AUTO_ANSWER again = send_report(id, "", STR(JUNIT));
	is_taken(&r, "junit", 1, 1);
	is_taken(&again, "junit", 1, 1);
	errors = explained(id, &n);
	assert_true(n >= 1);
	assert_true(str_eq(errors[0].test, STR("tests.test_a.test_b")));
	assert_true(str_eq(errors[0].file, STR("tests/test_a.py")));
	assert_int_equal(errors[0].line, 7);
	assert_int_equal(errors[0].by, FOUND_BY_INPUT);
	for (size_t i = 1; i < n; i++)
		assert_false(str_eq(errors[i].test, errors[0].test));
}

static void a_report_of_a_step_that_runs_is_looked_at_at_once(void **state)
{
	int64_t id = stream_step("running");
	size_t n = 0;
	struct error *errors;
	(void)state;

	AUTO_ANSWER r = send_report(id, "", STR(JUNIT));
	is_taken(&r, "junit", 1, 1);
	errors = explained(id, &n);
	assert_int_equal(n, 1);
	assert_int_equal(errors[0].from_line, errors[0].to_line);
}

/* ---- finding the step ---- */

#define FACTS "\"repo\":\"" REPO "\",\"head_sha\":\"" SHA "\",\"run_id\":7,\"job_name\":\"build\""

static struct answer find(const char *more)
{
	char body[500];

	snprintf(body, sizeof body, "{" FACTS ",\"open\":false,%s}", more);
	return ask((struct ask){
		.method = "POST", .target = "/internal/steps", .body = body, .token = INTERNAL });
}

static int64_t id_of(struct answer *r)
{
	int64_t id = 0;

	if (r->status != 200)
		fail_msg("%d: %s", r->status, r->body);
	json_int(json_get(json_of(r), "step_id"), &id);
	return id;
}

static bool is_state(struct answer *r, const char *state)
{
	return str_eq(json_str(json_get(json_of(r), "state")), str_z(state));
}

static void open_false_finds_a_step_and_opens_none(void **state)
{
	int64_t id = stream_step("here");
	(void)state;

	AUTO_ANSWER open = find("\"step_name\":\"here\"");
	stream_text(id, 0, STR("abc\n"));
	stream_end_of(id, "failure");
	AUTO_ANSWER ended = find("\"step_name\":\"here\"");
	for (int i = 0; i < 2; i++) {
		AUTO_ANSWER none = find("\"step_name\":\"not here\"");
		AUTO_ANSWER other_job = find("\"step_name\":\"here\",\"job_id\":\"9\"");
		AUTO_ANSWER other_leg = find("\"step_name\":\"here\",\"leg\":\"x\"");
		AUTO_ANSWER other_attempt = find("\"step_name\":\"here\",\"attempt\":2");

		assert_error(&none, 404, "not_found");
		assert_error(&other_job, 404, "not_found");
		assert_error(&other_leg, 404, "not_found");
		assert_error(&other_attempt, 404, "not_found");
	}
	assert_int_equal(id_of(&open), id);
	assert_true(is_state(&open, "open"));
	assert_int_equal(id_of(&ended), id);
	assert_true(is_state(&ended, "sealed"));
	assert_string_equal(header_of(&ended, "Upload-Offset"), "4");
}

static void a_posted_step_is_found_and_stays_as_it_is(void **state)
{
	(void)state;

	AUTO_ANSWER post = ask((struct ask){ .method = "POST",
		.target = "/internal/ci-log",
		.token = INTERNAL,
		.body = "{" FACTS ",\"step_name\":\"posted\",\"log_tail\":\"text\"}" });
	AUTO_ANSWER found = find("\"step_name\":\"posted\"");
	char target[80];

	assert_int_equal(post.status, 204);
	assert_true(id_of(&found) > 0);
	assert_true(is_state(&found, "none"));
	snprintf(target, sizeof target, "/api/v1/steps/%lld/log", (long long)id_of(&found));
	AUTO_ANSWER log = ask((struct ask){ .method = "GET", .target = target, .token = fx.admin.p });
	assert_int_equal(log.status, 200);
	assert_string_equal(log.body, "text");
	AUTO_ANSWER r = send_report(id_of(&found), "", STR(JUNIT));
	is_taken(&r, "junit", 1, 1);
}

static void a_step_that_is_known_by_its_index_is_found_by_its_name_too(void **state)
{
	AUTO_ANSWER opened = ask((struct ask){ .method = "POST",
		.target = "/internal/steps",
		.token = INTERNAL,
		.body = "{" FACTS ",\"step_name\":\"Run make\",\"step_index\":3}" });
	AUTO_ANSWER by_name = find("\"step_name\":\"Run make\"");
	AUTO_ANSWER by_index = find("\"step_name\":\"another\",\"step_index\":3");
	AUTO_ANSWER other_index = find("\"step_name\":\"Run make\",\"step_index\":4");
	int64_t id = 0;
	(void)state;

	assert_int_equal(opened.status, 201);
	json_int(json_get(json_of(&opened), "step_id"), &id);
	assert_int_equal(id_of(&by_name), id);
	assert_int_equal(id_of(&by_index), id);
	assert_error(&other_index, 404, "not_found");
}

#define T(name) cmocka_unit_test_setup_teardown(name, router_up, router_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_kind_is_known_by_its_text),
		T(what_is_no_report_is_415_and_the_message_says_what_is),
		T(one_that_is_cut_is_taken_up_to_there_and_says_so),
		T(a_body_may_be_compressed),
		T(the_same_name_replaces_and_without_one_it_is_report),
		T(a_report_over_the_limit_is_413_compressed_or_not),
		T(more_reports_than_a_step_may_have_are_413_and_one_of_a_known_name_is_not),
		T(a_name_is_one_line_of_1_to_255_characters),
		T(a_body_is_needed_and_of_bytes),
		T(of_a_step_that_is_not_there_or_of_another_repo_it_is_404),
		T(a_step_whose_text_was_dropped_takes_no_report_and_loses_those_it_had),
		T(no_secret_is_kept_in_whatever_spelling_a_writer_of_xml_has),
		T(in_json_as_well),
		T(what_a_report_says_comes_to_the_errors_of_the_step),
		T(a_report_of_a_step_that_runs_is_looked_at_at_once),
		T(open_false_finds_a_step_and_opens_none),
		T(a_posted_step_is_found_and_stays_as_it_is),
		T(a_step_that_is_known_by_its_index_is_found_by_its_name_too),
	};

	return cmocka_run_group_tests_name("reports", tests, NULL, NULL);
}
