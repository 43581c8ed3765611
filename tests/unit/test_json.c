#include "tests/test.h"

#include "base/json.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define R "\xEF\xBF\xBD"

static struct json_doc *parsed(struct str text, unsigned flags)
{
	struct json_doc *doc = NULL;
	struct err e;

	if (json_parse(text, flags, &doc, &e) != ERR_OK)
		fail_msg("%.*s: %s", STR_FMT(text), e.text);
	return doc;
}

static struct json *value_of(struct json_doc *doc)
{
	return json_get(json_root(doc), "v");
}

/* Refused at that byte, for a reason with those words in it, and the output not touched. */
static void assert_refused(struct str text, unsigned flags, size_t at, const char *why)
{
	/* A copy of its own size, so that the sanitizer sees a step too far. */
	char *copy = malloc(text.len ? text.len : 1), where[40];
	struct json_doc *doc = (struct json_doc *)&text;
	struct err e;

	if (text.len)
		memcpy(copy, text.p, text.len);
	if (json_parse((struct str){ copy, text.len }, flags, &doc, &e) != ERR_INVALID)
		fail_msg("taken: %.*s", STR_FMT(text));
	free(copy);
	assert_ptr_equal(doc, &text);
	snprintf(where, sizeof where, "at byte %zu:", at);
	if (!strstr(e.text, where) || !strstr(e.text, why))
		fail_msg("%.*s: %s, not at %zu: %s", STR_FMT(text), e.text, at, why);
}

static void every_kind_is_told_from_every_other(void **state)
{
	static const enum json_kind kinds[] = { JSON_NULL, JSON_BOOL, JSON_BOOL, JSON_NUMBER, JSON_NUMBER,
		JSON_STRING, JSON_ARRAY, JSON_OBJECT };
	struct json_doc *doc = parsed(STR(" [null,true , false,1,1.5,\"s\",[],{}]\n"), 0);
	struct json *root = json_root(doc);
	int64_t v = 42;
	(void)state;

	assert_int_equal(json_kind(root), JSON_ARRAY);
	assert_int_equal(json_len(root), 8);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(json_kind(json_at(root, i)), kinds[i]);
		assert_true(json_is_true(json_at(root, i)) == (i == 1));
		assert_true(json_int(json_at(root, i), &v) == (i == 3));
		assert_int_equal(json_str(json_at(root, i)).len, i == 5);
		assert_null(json_get(json_at(root, i), "x"));
		assert_null(json_at(json_at(root, i), 0));
	}
	assert_int_equal(v, 1);
	assert_null(json_at(root, 8));
	json_free(doc);
}

static void a_root_may_be_any_value(void **state)
{
	static const struct {
		const char *text;
		enum json_kind kind;
	} rows[] = { { "null", JSON_NULL }, { "true", JSON_BOOL }, { "0", JSON_NUMBER },
		{ "-1.5e+10", JSON_NUMBER }, { "\"\"", JSON_STRING }, { "[]", JSON_ARRAY },
		{ "\t{ }\r\n", JSON_OBJECT } };
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct json_doc *doc = parsed(str_z(rows[i].text), 0);

		assert_int_equal(json_kind(json_root(doc)), rows[i].kind);
		json_free(doc);
	}
	json_free(NULL);
}

static bool stop_at_b(void *arg, struct str key, struct json *value)
{
	buf_str(arg, key);
	buf_fmt(arg, "=%d ", (int)json_kind(value));
	return !str_eq(key, STR("b"));
}

static void nothing_at_all_reads_as_nothing(void **state)
{
	int64_t v = 42;
	(void)state;

	assert_int_equal(json_kind(NULL), JSON_NONE);
	assert_null(json_get(NULL, "x"));
	assert_null(json_at(NULL, 0));
	assert_int_equal(json_str(NULL).len, 0);
	assert_int_equal(json_len(NULL), 0);
	assert_false(json_int(NULL, &v));
	assert_false(json_is_true(NULL));
	json_each(NULL, stop_at_b, NULL);
	assert_int_equal(v, 42);
}

static void members_come_in_document_order_until_told_to_stop(void **state)
{
	struct json_doc *doc = parsed(STR("{\"z\":1,\"a\":null,\"b\":{},\"y\":2,\"\":3}"), 0);
	AUTO_BUF seen;
	(void)state;

	buf_init(&seen, 100);
	json_each(json_root(doc), stop_at_b, &seen);
	assert_string_equal(buf_cstr(&seen), "z=3 a=1 b=6 ");
	assert_int_equal(json_len(json_root(doc)), 5);
	assert_int_equal(json_kind(json_get(json_root(doc), "a")), JSON_NULL);
	assert_int_equal(json_kind(json_get(json_root(doc), "")), JSON_NUMBER);
	assert_null(json_get(json_root(doc), "absent"));
	json_free(doc);
}

static void strings_are_decoded_with_their_nuls(void **state)
{
	const struct {
		const char *json;
		struct str want;
	} rows[] = {
		{ "{\"v\":\"\"}", STR("") },
		{ "{\"v\":\"a\\u0000b\"}", STR("a\0b") },
		{ "{\"v\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", STR("\"\\/\b\f\n\r\t") },
		{ "{\"v\":\"\\u00e9\\u20AC\\ud83d\\ude00\"}", STR("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80") },
		{ "{\"v\":\"caf\xC3\xA9 \xF0\x9F\x98\x80 and \\u0041\"}",
			STR("caf\xC3\xA9 \xF0\x9F\x98\x80 and A") },
		{ "{\"v\":\"\x7F \xE2\x80\xA8\"}", STR("\x7F \xE2\x80\xA8") },
		{ "{\"v\":\"\\uDBFF\\uDFFF\"}", STR("\xF4\x8F\xBF\xBF") },
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct json_doc *doc = parsed(str_z(rows[i].json), 0);

		assert_true(str_eq(json_str(value_of(doc)), rows[i].want));
		json_free(doc);
	}
}

static void a_string_ends_where_it_ends_at_any_length(void **state)
{
	char text[64];
	(void)state;

	/* The scan goes eight bytes at a time: each special byte at each place in the eight. */
	for (size_t len = 0; len < 40; len++) {
		for (size_t at = 0; at < len; at++) {
			struct json_doc *doc;

			memset(text, 'x', sizeof text);
			text[0] = text[len + 3] = '"';
			text[1 + at] = '\\';
			text[2 + at] = 'n';
			doc = parsed((struct str){ text, len + 4 }, 0);
			assert_int_equal(json_str(json_root(doc)).len, len + 1);
			assert_int_equal(json_str(json_root(doc)).p[at], '\n');
			json_free(doc);
			text[1 + at] = '\x1F';
			assert_refused(
				(struct str){ text, len + 4 }, JSON_REPAIR_TEXT, 1 + at, "control character");
			text[1 + at] = '\xFF';
			assert_refused((struct str){ text, len + 4 }, 0, 1 + at, "UTF-8");
			text[1 + at] = '"';
			assert_refused((struct str){ text, len + 4 }, 0, 2 + at, "follows the value");
		}
	}
}

static void only_whole_numbers_that_fit_are_integers(void **state)
{
	static const struct {
		const char *text;
		bool is_int;
		int64_t value;
	} rows[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "-17", true, -17 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "18446744073709551615", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "1000000000000000000000000000000", false, 0 },
		{ "-1000000000000000000000000000000", false, 0 },
		{ "1.0", false, 0 },
		{ "1e2", false, 0 },
		{ "1E+400", false, 0 },
		{ "-0.0e-0", false, 0 },
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct json_doc *doc = parsed(str_z(rows[i].text), 0);
		int64_t v = 42;

		assert_int_equal(json_kind(json_root(doc)), JSON_NUMBER);
		assert_true(json_int(json_root(doc), &v) == rows[i].is_int);
		assert_true(v == (rows[i].is_int ? rows[i].value : 42));
		json_free(doc);
	}
}

static void what_is_outside_the_grammar_is_refused_with_its_place(void **state)
{
	const struct {
		struct str text;
		size_t at;
		const char *why;
	} rows[] = {
		{ STR(" "), 1, "ends too early" },
		{ STR("nul"), 0, "value" },
		{ STR("True"), 0, "value" },
		{ STR("NaN"), 0, "value" },
		{ STR("Infinity"), 0, "value" },
		{ STR("-Infinity"), 1, "minus" },
		{ STR("{'a':1}"), 1, "double quotes" },
		{ STR("'a'"), 0, "value" },
		{ STR("{a:1}"), 1, "double quotes" },
		{ STR("{\"a\":1,}"), 7, "double quotes" },
		{ STR("{,}"), 1, "double quotes" },
		{ STR("{\"a\" 1}"), 5, "colon" },
		{ STR("{\"a\":}"), 5, "value" },
		{ STR("{\"a\":1 \"b\":2}"), 7, "comma" },
		{ STR("{\"a\":1]"), 6, "comma or }" },
		{ STR("[1,]"), 3, "value" },
		{ STR("[,1]"), 1, "value" },
		{ STR("[1 2]"), 3, "comma or ]" },
		{ STR("[1}"), 2, "comma or ]" },
		{ STR("[1] // c"), 4, "follows" },
		{ STR("/* c */1"), 0, "value" },
		{ STR("1 2"), 2, "follows" },
		{ STR("{}{}"), 2, "follows" },
		{ STR("1\0"), 1, "follows" },
		{ STR("01"), 0, "zero in front" },
		{ STR("-012"), 0, "zero in front" },
		{ STR("+1"), 0, "value" },
		{ STR(".5"), 0, "value" },
		{ STR("1."), 2, "ends too early" },
		{ STR("1.e1"), 2, "point" },
		{ STR("1e"), 2, "ends too early" },
		{ STR("1e+x"), 3, "exponent" },
		{ STR("0x10"), 1, "follows" },
		{ STR("--1"), 1, "minus" },
		{ STR("\"a\nb\""), 2, "control character" },
		{ STR("\"a\0b\""), 2, "control character" },
		{ STR("\"\\x41\""), 2, "escape" },
		{ STR("\"\\'\""), 2, "escape" },
		{ STR("\"\\\0\""), 2, "escape" },
		{ STR("\"\\u12g4\""), 5, "hex" },
		{ STR("\"\\u-123\""), 3, "hex" },
		{ STR("\"\\U0041\""), 2, "escape" },
		{ STR("\xEF\xBB\xBF{}"), 0, "value" },
		{ STR("[\v1]"), 1, "value" },
		{ STR("[\xC2\xA0"
		      "1]"),
			1, "value" },
		{ STR("{\"\\u0000\":1}"), 2, "NUL in a key" },
		{ STR("{\"a\\u0000b\":1}"), 3, "NUL in a key" },
		{ STR("{\"a\0\":1}"), 3, "control character" },
	};
	struct err e;
	struct json_doc *doc;
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_refused(rows[i].text, 0, rows[i].at, rows[i].why);
		assert_refused(rows[i].text, JSON_REPAIR_TEXT, rows[i].at, rows[i].why);
	}
	assert_int_equal(json_parse(STR(""), 0, &doc, &e), ERR_INVALID);
	assert_int_equal(json_parse((struct str){ NULL, 0 }, 0, &doc, NULL), ERR_INVALID);
}

static void a_text_cut_anywhere_is_refused(void **state)
{
	const struct str whole =
		STR("{\"a\":[1,-2.5e-3,true,false,null,\"x\\n\\u00e9\\ud83d\\ude00\xE2\x82\xAC\"],\"b\":{}}");
	(void)state;

	json_free(parsed(whole, 0));
	for (size_t len = 1; len < whole.len; len++) {
		for (unsigned flags = 0; flags <= JSON_REPAIR_TEXT; flags++) {
			struct json_doc *doc = NULL;
			char *copy = malloc(len);
			struct err e;

			memcpy(copy, whole.p, len);
			assert_int_equal(json_parse((struct str){ copy, len }, flags, &doc, &e), ERR_INVALID);
			assert_null(doc);
			free(copy);
		}
	}
}

static void a_key_stands_once_in_an_object_however_it_is_spelt(void **state)
{
	(void)state;

	assert_refused(STR("{\"a\":1,\"a\":1}"), 0, 7, "there already");
	assert_refused(STR("{\"a\":1,\"\\u0061\":2}"), 0, 7, "there already");
	assert_refused(STR("{\"\":1,\"b\":{},\"\":null}"), 0, 13, "there already");
	assert_refused(STR("{\"\xC3\xA9\":null,\"\\u00e9\":null}"), JSON_REPAIR_TEXT, 11, "there already");
	assert_refused(STR("[{\"x\":{\"a\":0,\"b\":0,\"a\":0}}]"), 0, 19, "there already");
	json_free(parsed(STR("{\"a\":{\"a\":[{\"a\":1}]},\"A\":1,\"b\":{\"a\":1}}"), 0));
}

static void many_keys_take_linear_time(void **state)
{
	int64_t start = clock_steady_ms(&clock_system);
	struct json_doc *doc;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 8 << 20);
	for (int i = 0; i < 100000; i++)
		buf_fmt(&text, "%s\"k%d\":0", i ? "," : "{", i);
	buf_z(&text, "}");
	doc = parsed(buf_view(&text), 0);
	assert_int_equal(json_len(json_root(doc)), 100000);
	json_free(doc);
	buf_cut(&text, text.len - 1);
	buf_z(&text, ",\"k\\u0039\":0}");
	assert_refused(buf_view(&text), 0, text.len - 13 + 1, "there already");
	/* Each with each would be a minute and more. */
	assert_true(clock_steady_ms(&clock_system) - start < 20000);
}

static void depth_and_number_of_containers_are_bounded(void **state)
{
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < JSON_MAX_DEPTH; i++)
		buf_z(&text, i % 2 ? "{\"a\":" : "[");
	buf_z(&text, "1");
	for (int i = JSON_MAX_DEPTH; i-- > 0;)
		buf_z(&text, i % 2 ? "}" : "]");
	json_free(parsed(buf_view(&text), 0));
	buf_reset(&text);
	for (int i = 0; i < 100000; i++)
		buf_char(&text, '[');
	assert_refused(buf_view(&text), 0, JSON_MAX_DEPTH, "more than 32 levels");
	buf_reset(&text);
	buf_char(&text, '[');
	for (int i = 1; i < JSON_MAX_CONTAINERS; i++)
		buf_z(&text, "[],");
	buf_z(&text, "0]");
	json_free(parsed(buf_view(&text), 0));
	buf_cut(&text, text.len - 2);
	buf_z(&text, "{}]");
	assert_refused(buf_view(&text), 0, text.len - 3, "more than 50000 objects");
}

static void lone_surrogates_are_refused_or_repaired(void **state)
{
	static const struct {
		const char *json;
		size_t at;
		const char *repaired;
	} rows[] = {
		{ "{\"v\":\"\\ud800\"}", 6, R },
		{ "{\"v\":\"\\udc00\"}", 6, R },
		{ "{\"v\":\"a\\udbffb\"}", 7, "a" R "b" },
		{ "{\"v\":\"\\udc00\\ud800\"}", 6, R R },
		{ "{\"v\":\"\\ud800\\ud800\\udc00\"}", 6, R "\xF0\x90\x80\x80" },
		{ "{\"v\":\"\\ud800\\n\"}", 6, R "\n" },
		{ "{\"v\":\"\\ud800\\u0041\"}", 6, R "A" },
		{ "{\"v\":\"\\ud83d\\ude00\\ude00\"}", 18, "\xF0\x9F\x98\x80" R },
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct json_doc *doc;

		assert_refused(str_z(rows[i].json), 0, rows[i].at, "surrogate");
		doc = parsed(str_z(rows[i].json), JSON_REPAIR_TEXT);
		assert_true(str_eq(json_str(value_of(doc)), str_z(rows[i].repaired)));
		json_free(doc);
	}
	assert_refused(STR("{\"\\ud800\":1}"), JSON_REPAIR_TEXT, 2, "surrogate");
	assert_refused(STR("\"\\ud800\\u12\""), JSON_REPAIR_TEXT, 11, "hex");
}

static void invalid_bytes_are_refused_or_repaired_as_utf8_clean_does(void **state)
{
	const struct str texts[] = { STR("\xFF"), STR("a\xC3"), STR("\xE2\x82z"), STR("\xED\xA0\x80"),
		STR("ok \xC3\xA9 \xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41 \xF0\x9F\x98\x80"),
		STR("\x80\x80\xC3\xA9") };
	(void)state;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct json_doc *doc;
		AUTO_BUF text;
		AUTO_BUF clean;

		buf_init(&text, 1000);
		buf_init(&clean, 1000);
		buf_fmt(&text, "{\"v\":\"%s\"}", texts[i].p);
		utf8_clean(texts[i], &clean);
		assert_refused(buf_view(&text), 0, 6 + utf8_valid(texts[i]), "UTF-8");
		doc = parsed(buf_view(&text), JSON_REPAIR_TEXT);
		assert_true(str_eq(json_str(value_of(doc)), buf_view(&clean)));
		json_free(doc);
	}
	assert_refused(STR("{\"\xFF\":1}"), JSON_REPAIR_TEXT, 2, "UTF-8");
	assert_refused(STR("[\xFF]"), JSON_REPAIR_TEXT, 1, "value");
}

/* ---- writing ---- */

static void writing_puts_commas_and_nests(void **state)
{
	struct json_out j;
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1000);
	json_out_init(&j, &out);
	json_open_object(&j, NULL);
	json_put_str(&j, "s", STR("x"));
	json_put_z(&j, "z", NULL);
	json_open_array(&j, "a");
	json_put_int(&j, NULL, INT64_MIN);
	json_open_object(&j, NULL);
	json_close_object(&j);
	json_open_array(&j, NULL);
	json_put_bool(&j, NULL, true);
	json_put_bool(&j, NULL, false);
	json_close_array(&j);
	json_close_array(&j);
	json_put_null(&j, "n");
	json_put_time(&j, "t", 1);
	json_put_time(&j, "never", 0);
	json_close_object(&j);
	assert_string_equal(buf_cstr(&out),
		"{\"s\":\"x\",\"z\":null,\"a\":[-9223372036854775808,{},[true,false]],"
		"\"n\":null,\"t\":\"1970-01-01T00:00:00.001Z\",\"never\":null}");
}

static void sixty_levels_can_be_written(void **state)
{
	struct json_out j;
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 1000);
	json_out_init(&j, &out);
	for (int i = 0; i < 60; i++)
		json_open_array(&j, NULL);
	for (int i = 0; i < 60; i++) {
		json_close_array(&j);
		if (i < 59)
			json_put_int(&j, NULL, 1);
	}
	assert_non_null(strstr(buf_cstr(&out), "[[]"));
	assert_non_null(strstr(buf_cstr(&out), "],1],1]"));
}

static void what_is_written_is_valid_whatever_the_bytes(void **state)
{
	const struct {
		struct str in;
		const char *out;
	} rows[] = {
		{ { NULL, 0 }, "\"\"" },
		{ STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
		{ STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
		{ STR("\0\x1B[31m\x7F"), "\"\\u0000\\u001b[31m\\u007f\"" },
		{ STR("<>&\xE2\x80\xA8 caf\xC3\xA9"), "\"<>&\xE2\x80\xA8 caf\xC3\xA9\"" },
		{ STR("a\xE2\x82z\xFF\xC3"), "\"a" R "z" R R "\"" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct json_out j;
		AUTO_BUF out;

		buf_init(&out, 1000);
		json_out_init(&j, &out);
		json_put_str(&j, NULL, rows[i].in);
		assert_string_equal(buf_cstr(&out), rows[i].out);
		assert_int_equal(json_str_size(rows[i].in), out.len);
	}
}

static void what_is_written_reads_back_clean(void **state)
{
	unsigned char bytes[200];
	uint32_t seed = 1;
	(void)state;

	for (int round = 0; round < 300; round++) {
		struct json_doc *doc;
		struct json_out j;
		struct str text = { (const char *)bytes, (size_t)round % sizeof bytes };
		AUTO_BUF out;
		AUTO_BUF clean;

		for (size_t i = 0; i < sizeof bytes; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (unsigned char)(seed >> 24 ? seed >> 24 : 1);
		}
		buf_init(&out, 10000);
		buf_init(&clean, 10000);
		json_out_init(&j, &out);
		json_open_object(&j, NULL);
		json_put_str(&j, "v", text);
		json_close_object(&j);
		utf8_clean(text, &clean);
		doc = parsed(buf_view(&out), 0);
		assert_true(str_eq(json_str(value_of(doc)), buf_view(&clean)));
		json_free(doc);
	}
}

static void a_full_buffer_is_seen_at_the_end(void **state)
{
	struct json_out j;
	struct err e;
	AUTO_BUF out;
	(void)state;

	buf_init(&out, 10);
	json_out_init(&j, &out);
	json_open_object(&j, NULL);
	json_put_z(&j, "key", "a long value");
	json_close_object(&j);
	assert_int_equal(buf_check(&out, "reply", &e), ERR_TOO_LARGE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_told_from_every_other),
		cmocka_unit_test(a_root_may_be_any_value),
		cmocka_unit_test(nothing_at_all_reads_as_nothing),
		cmocka_unit_test(members_come_in_document_order_until_told_to_stop),
		cmocka_unit_test(strings_are_decoded_with_their_nuls),
		cmocka_unit_test(a_string_ends_where_it_ends_at_any_length),
		cmocka_unit_test(only_whole_numbers_that_fit_are_integers),
		cmocka_unit_test(what_is_outside_the_grammar_is_refused_with_its_place),
		cmocka_unit_test(a_text_cut_anywhere_is_refused),
		cmocka_unit_test(a_key_stands_once_in_an_object_however_it_is_spelt),
		cmocka_unit_test(many_keys_take_linear_time),
		cmocka_unit_test(depth_and_number_of_containers_are_bounded),
		cmocka_unit_test(lone_surrogates_are_refused_or_repaired),
		cmocka_unit_test(invalid_bytes_are_refused_or_repaired_as_utf8_clean_does),
		cmocka_unit_test(writing_puts_commas_and_nests),
		cmocka_unit_test(sixty_levels_can_be_written),
		cmocka_unit_test(what_is_written_is_valid_whatever_the_bytes),
		cmocka_unit_test(what_is_written_reads_back_clean),
		cmocka_unit_test(a_full_buffer_is_seen_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
