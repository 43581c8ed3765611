#include "tests/test.h"

#include "agent/body.h"
#include "base/json.h"
#include "base/utf8.h"

#include <string.h>

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define TEN(x) x x x x x x x x x x

static struct arena arena;
static struct mask *secrets;

static int set_up(void **state)
{
	(void)state;
	secrets = mask_new();
	arena_init(&arena);
	return mask_add(secrets, STR("hunter2hunter2"), NULL) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	mask_free(secrets);
	arena_done(&arena);
	return 0;
}

static struct step_facts plain_facts(void)
{
	return (struct step_facts){
		.repo = STR("acme/widget"),
		.head_sha = STR(SHA),
		.external_run_id = STR("17"),
		.attempt = 1,
		.job_name = STR("build"),
		.step_name = STR("make"),
		.step_index = -1,
		.conclusion = CONCLUSION_FAILURE,
	};
}

/* n times unit. */
static struct str times(size_t n, struct str unit)
{
	char *p = arena_alloc(&arena, n * unit.len + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(p + i * unit.len, unit.p, unit.len);
	return (struct str){ p, n * unit.len };
}

/* The body of these facts and this text, checked for its size and as JSON. Free the doc. */
static struct json_doc *body_of(struct step_facts *f, const struct captured *text, size_t *ret_len)
{
	struct json_doc *doc = NULL;
	struct err e = { 0 };
	AUTO_BUF out;

	buf_init(&out, BODY_MAX);
	body_settle(f, 255, secrets, &arena);
	body_write(f, text, &out);
	assert_false(out.full);
	assert_true(out.len <= BODY_MAX);
	if (json_parse(buf_view(&out), 0, &doc, &e) != ERR_OK)
		fail_msg("%s", e.text);
	if (ret_len)
		*ret_len = out.len;
	return doc;
}

static struct str member(struct json_doc *doc, const char *key)
{
	return json_str(json_get(json_root(doc), key));
}

static int64_t number(struct json_doc *doc, const char *key)
{
	int64_t n = -1;

	json_int(json_get(json_root(doc), key), &n);
	return n;
}

#define assert_member(doc, key, text) assert_string_equal(arena_cstr(&arena, member(doc, key)), text)

static void a_body_says_what_is_known_and_nothing_else(void **state)
{
	struct step_facts f = plain_facts();
	struct captured text = { .text = STR("a\nb"), .dropped_lines = 3, .dropped_bytes = 40 };
	AUTO_BUF out;
	(void)state;

	f.has_exit_code = true;
	f.exit_code = 2;
	f.pull_request = 12;
	f.step_index = 0;
	f.leg = STR("{\n  \"cc\": \"gcc\"\n}");
	body_settle(&f, 255, secrets, &arena);
	buf_init(&out, BODY_MAX);
	body_write(&f, &text, &out);
	assert_string_equal(buf_cstr(&out),
		"{\"repo\":\"acme/widget\",\"head_sha\":\"" SHA "\",\"run_id\":\"17\",\"attempt\":1,"
		"\"job_name\":\"build\",\"leg\":\"{ \\\"cc\\\": \\\"gcc\\\" }\",\"step_name\":\"make\","
		"\"step_index\":0,\"pull_request\":12,\"conclusion\":\"failure\",\"exit_code\":2,"
		"\"dropped_lines\":3,\"dropped_bytes\":40,\"log_tail\":\"a\\nb\"}");
}

static void a_stream_begins_with_the_facts_and_ends_with_the_outcome(void **state)
{
	struct step_facts f = plain_facts();
	AUTO_BUF out;
	(void)state;

	f.has_exit_code = true;
	f.exit_code = 2;
	body_settle(&f, 255, secrets, &arena);
	buf_init(&out, BODY_MAX);
	body_write_open(&f, &out);
	assert_string_equal(buf_cstr(&out),
		"{\"repo\":\"acme/widget\",\"head_sha\":\"" SHA "\",\"run_id\":\"17\",\"attempt\":1,"
		"\"job_name\":\"build\",\"step_name\":\"make\"}");
	buf_reset(&out);
	body_write_finish(&f, 1500, 17, false, &out);
	assert_string_equal(buf_cstr(&out), "{\"conclusion\":\"failure\",\"exit_code\":2,\"duration_ms\":"
					    "1500,\"bytes\":17,\"keep\":false}");
}

static void a_numbered_name_fits_and_still_tells_apart(void **state)
{
	struct str long_name = times(255, STR("x")), numbered;
	(void)state;

	assert_true(str_eq(body_numbered_name(STR("make"), 2, &arena), STR("make (2)")));
	numbered = body_numbered_name(long_name, 9, &arena);
	assert_in_range(numbered.len, 200, 255);
	assert_true(str_ends(numbered, STR(" (9)")));
}

/* Each byte of the text is six in JSON, or two, or three; lines of many lengths. */
static void any_text_fits_and_what_did_not_is_counted(void **state)
{
	static const struct str units[] = { { "\x01", 1 }, { "\"\\", 2 }, { "\x1b[31mred\x1b[0m\r", 14 },
		{ "\xC3\xA9", 2 }, { "\xF0\x9F\x92\xA5", 4 }, { "\xEF\xBF\xBD", 3 }, { "\n", 1 },
		{ "\x01\x02\x03\x04\n", 5 }, { "plain text, a whole line of it\n", 31 } };
	(void)state;

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		struct str all = times(TAIL_BYTES / units[i].len, units[i]);
		struct captured text = { .text = all, .dropped_bytes = 1000 };
		struct step_facts f = plain_facts();
		size_t len;
		struct json_doc *doc = body_of(&f, &text, &len);
		struct str kept = member(doc, "log_tail");

		assert_true(kept.len > 0);
		assert_int_equal(utf8_valid(kept), kept.len);
		assert_true(str_ends(all, kept));
		assert_int_equal(number(doc, "dropped_bytes"), 1000 + (int64_t)(all.len - kept.len));
		json_free(doc);
	}
}

static void a_body_that_is_cut_is_as_full_as_can_be(void **state)
{
	struct captured text = { .text = times(TAIL_BYTES, STR("\x01")) };
	struct step_facts f = plain_facts();
	size_t len;

	json_free(body_of(&f, &text, &len));
	/* But for the room of two long numbers and one more character. */
	assert_true(len > BODY_MAX - 60);
	(void)state;
}

static void the_cut_is_at_a_line_start_and_the_lines_before_it_are_counted(void **state)
{
	struct captured text = { .text = times(150, STR(TEN(TEN("\x01")) "\n")), .dropped_lines = 5 };
	struct step_facts f = plain_facts();
	struct json_doc *doc = body_of(&f, &text, NULL);
	struct str kept = member(doc, "log_tail");
	(void)state;

	assert_int_equal(kept.len % 101, 0);
	assert_int_equal(number(doc, "dropped_lines"), 5 + 150 - (int64_t)kept.len / 101);
	json_free(doc);
}

static void the_longest_names_of_the_worst_bytes_leave_room_for_text(void **state)
{
	struct str worst = times(120000, STR("\"\xff"));
	struct captured text = { .text = times(TAIL_BYTES, STR("\x01")) };
	struct step_facts f = plain_facts();
	struct json_doc *doc;
	(void)state;

	f.step_name = f.job_name = f.workflow = f.branch = f.leg = worst;
	f.external_run_id = f.job_id = f.forge = f.platform = f.url = worst;
	f.url = times(1, STR("https://x.example/"));
	f.attempt = f.step_index = f.pull_request = INT64_MAX;
	f.has_exit_code = true;
	f.exit_code = INT32_MIN;
	doc = body_of(&f, &text, NULL);
	assert_true(member(doc, "log_tail").len > 8000);
	assert_int_equal(member(doc, "step_name").len <= 255, 1);
	assert_int_equal(member(doc, "job_name").len <= 255, 1);
	assert_int_equal(member(doc, "workflow").len <= 255, 1);
	assert_int_equal(member(doc, "branch").len <= 255, 1);
	assert_int_equal(member(doc, "leg").len <= 1000, 1);
	assert_int_equal(member(doc, "run_id").len <= 100, 1);
	assert_int_equal(member(doc, "job_id").len <= 100, 1);
	assert_int_equal(number(doc, "attempt"), 1);
	assert_int_equal(number(doc, "step_index"), -1);
	assert_int_equal(number(doc, "pull_request"), -1);
	json_free(doc);
}

static void what_the_server_would_refuse_is_left_out(void **state)
{
	struct captured text = { .text = STR("x") };
	static const char *const urls[] = { "ftp://x", "https://a b", "https://\xC3\xA9", "javascript:1",
		"" };
	struct step_facts f = plain_facts();
	struct json_doc *doc;
	(void)state;

	f.forge = STR("no such/forge");
	f.platform = STR("plan9");
	doc = body_of(&f, &text, NULL);
	assert_int_equal(json_kind(json_get(json_root(doc), "forge")), JSON_NONE);
	assert_int_equal(json_kind(json_get(json_root(doc), "platform")), JSON_NONE);
	json_free(doc);
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		f = plain_facts();
		f.url = str_z(urls[i]);
		doc = body_of(&f, &text, NULL);
		assert_int_equal(json_kind(json_get(json_root(doc), "url")), JSON_NONE);
		json_free(doc);
	}
	f = plain_facts();
	f.forge = STR("main-forge_1.x");
	f.platform = STR("macOS");
	f.url = STR("https://forge.example/a/b/actions/runs/1");
	doc = body_of(&f, &text, NULL);
	assert_member(doc, "forge", "main-forge_1.x");
	assert_member(doc, "platform", "macos");
	assert_member(doc, "url", "https://forge.example/a/b/actions/runs/1");
	json_free(doc);
}

static void a_forge_name_of_any_length_leaves_valid_json(void **state)
{
	struct captured text = { .text = STR("x") };
	struct step_facts f = plain_facts();
	struct json_doc *doc;
	(void)state;

	f.forge = f.platform = times(70000, STR("f"));
	doc = body_of(&f, &text, NULL);
	assert_member(doc, "log_tail", "x");
	json_free(doc);
}

static void names_lose_control_characters_and_keep_at_least_one_letter(void **state)
{
	struct captured text = { .text = STR("x") };
	struct step_facts f = plain_facts();
	struct json_doc *doc;
	(void)state;

	f.step_name = STR(" \t build\r\n\x1b[1m  all\x7f\0 ");
	f.job_name = STR("\xff\xC3\xA9");
	f.external_run_id = STR("1\x02 7\xC3");
	doc = body_of(&f, &text, NULL);
	assert_member(doc, "step_name", "build [1m all \xEF\xBF\xBD");
	assert_member(doc, "job_name", "\xEF\xBF\xBD\xC3\xA9");
	assert_member(doc, "run_id", "1 7\xEF\xBF\xBD");
	json_free(doc);
	f = plain_facts();
	f.step_name = STR(" \n");
	doc = body_of(&f, &text, NULL);
	assert_member(doc, "step_name", "step");
	json_free(doc);
}

static void names_are_cut_at_a_character_and_say_so(void **state)
{
	struct step_facts f = plain_facts();
	(void)state;

	f.step_name = times(50, STR("\xC3\xA9"));
	body_settle(&f, 80, secrets, &arena);
	assert_int_equal(f.step_name.len, 80);
	assert_int_equal(utf8_valid(f.step_name), 80);
	assert_true(str_starts(str_from(f.step_name, 58), STR("\xC3\xA9... ")));
}

static void secrets_in_names_and_in_the_url_are_masked(void **state)
{
	struct captured text = { .text = STR("x") };
	struct step_facts f = plain_facts();
	struct json_doc *doc;
	(void)state;

	f.step_name = f.job_name = f.workflow = f.branch = f.leg = STR("a hunter2hunter2 b");
	f.url = STR("https://ci.example/?t=hunter2hunter2");
	doc = body_of(&f, &text, NULL);
	assert_member(doc, "step_name", "a *** b");
	assert_member(doc, "job_name", "a *** b");
	assert_member(doc, "workflow", "a *** b");
	assert_member(doc, "branch", "a *** b");
	assert_member(doc, "leg", "a *** b");
	assert_member(doc, "url", "https://ci.example/?t=***");
	json_free(doc);
}

static void a_secret_far_behind_in_a_long_name_is_found_as_a_whole(void **state)
{
	struct step_facts f = plain_facts();
	AUTO_BUF name;
	(void)state;

	/* Masking makes the name so much shorter that what stood at 16 KiB is shown. */
	buf_init(&name, 100000);
	while (name.len < 16384 - 20)
		buf_z(&name, "hunter2hunter2 ");
	while (name.len < 16384 - 5)
		buf_char(&name, '-');
	buf_z(&name, "hunter2hunter2");
	f.leg = buf_view(&name);
	body_settle(&f, 80, secrets, &arena);
	assert_int_equal(str_find_str(f.leg, STR("hunter")), f.leg.len);
	assert_int_equal(str_find_str(f.leg, STR("hunt")), f.leg.len);
	f.step_name = buf_view(&name);
	body_settle(&f, 100000, secrets, &arena);
	assert_int_equal(str_find_str(f.step_name, STR("hunt")), f.step_name.len);
}

static void long_legs_are_told_apart_by_their_ends(void **state)
{
	struct step_facts a = plain_facts(), b = plain_facts();
	AUTO_BUF x, y;
	(void)state;

	buf_init(&x, 100000);
	buf_str(&x, times(30000, STR("l")));
	buf_init(&y, 100000);
	buf_str(&y, buf_view(&x));
	buf_z(&x, "1");
	buf_z(&y, "2");
	a.leg = buf_view(&x);
	b.leg = buf_view(&y);
	body_settle(&a, 80, secrets, &arena);
	body_settle(&b, 80, secrets, &arena);
	assert_true(a.leg.len <= 1000);
	assert_int_equal(a.leg.len, b.leg.len);
	assert_false(str_eq(a.leg, b.leg));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_body_says_what_is_known_and_nothing_else),
		TEST(a_stream_begins_with_the_facts_and_ends_with_the_outcome),
		TEST(a_numbered_name_fits_and_still_tells_apart),
		TEST(any_text_fits_and_what_did_not_is_counted),
		TEST(a_body_that_is_cut_is_as_full_as_can_be),
		TEST(the_cut_is_at_a_line_start_and_the_lines_before_it_are_counted),
		TEST(the_longest_names_of_the_worst_bytes_leave_room_for_text),
		TEST(what_the_server_would_refuse_is_left_out),
		TEST(a_forge_name_of_any_length_leaves_valid_json),
		TEST(names_lose_control_characters_and_keep_at_least_one_letter),
		TEST(names_are_cut_at_a_character_and_say_so),
		TEST(secrets_in_names_and_in_the_url_are_masked),
		TEST(a_secret_far_behind_in_a_long_name_is_found_as_a_whole),
		TEST(long_legs_are_told_apart_by_their_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
