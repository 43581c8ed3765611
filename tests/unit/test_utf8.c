#include "tests/test.h"

#include "base/utf8.h"

#include "base/clock.h"

#include <string.h>

#define R "\xEF\xBF\xBD"

static void every_code_point_survives_the_round_trip(void **state)
{
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 8);
	for (uint32_t c = 0; c <= 0x10FFFF; c++) {
		uint32_t back = 0;
		size_t n;

		buf_reset(&b);
		utf8_encode(c, &b);
		n = utf8_decode(b.p, b.len, &back);
		if (n != b.len || back != (c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c))
			fail_msg("U+%04X", (unsigned)c);
	}
	buf_reset(&b);
	utf8_encode(0x110000, &b);
	assert_string_equal(buf_cstr(&b), R);
}

static void only_the_well_formed_are_decoded(void **state)
{
	const struct str bad[] = { STR(""), STR("\x80"), STR("\xBF"), STR("\xC0\x80"), STR("\xC1\xBF"),
		STR("\xE0\x80\x80"), STR("\xE0\x9F\xBF"), STR("\xED\xA0\x80"), STR("\xED\xBF\xBF"),
		STR("\xF0\x80\x80\x80"), STR("\xF0\x8F\xBF\xBF"), STR("\xF4\x90\x80\x80"),
		STR("\xF5\x80\x80\x80"), STR("\xFE"), STR("\xFF"), STR("\xC3"), STR("\xE2\x82"),
		STR("\xF0\x9F\x98"), STR("\xC3("), STR("\xE2\x82("), STR("\xF0\x9F\x98(") };
	uint32_t code = 42;
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(utf8_decode(bad[i].p, bad[i].len, &code), 0);
		if (bad[i].len > 0)
			assert_int_equal(utf8_valid(bad[i]), 0);
	}
	assert_int_equal(code, 42);
	assert_int_equal(utf8_decode("\xED\x9F\xBF", 3, &code), 3);
	assert_int_equal(code, 0xD7FF);
	assert_int_equal(utf8_decode("\xF4\x8F\xBF\xBF", 4, &code), 4);
	assert_int_equal(code, 0x10FFFF);
}

static void the_first_bad_byte_is_found_wherever_it_stands(void **state)
{
	char text[40];
	(void)state;

	for (size_t len = 1; len <= sizeof text; len++) {
		for (size_t at = 0; at < len; at++) {
			memset(text, 'a', len);
			assert_int_equal(utf8_valid((struct str){ text, len }), len);
			text[at] = '\xFF';
			assert_int_equal(utf8_valid((struct str){ text, len }), at);
		}
	}
	assert_int_equal(utf8_valid(STR("\xC3\xA9"
					"abcdefgh\xE2\x82")),
		10);
	assert_int_equal(utf8_valid((struct str){ NULL, 0 }), 0);
}

/* The first rows are table 3-8 to 3-11 of the Unicode Standard 15, chapter 3.9. */
static void one_replacement_for_each_maximal_subpart(void **state)
{
	const struct {
		struct str in;
		const char *out;
	} rows[] = {
		{ STR("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41"), R R R R R R R R "A" },
		{ STR("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41"), R R R R R R R R "A" },
		{ STR("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42"), R R R R R "A" R R "B" },
		{ STR("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), R R R R "A" },
		{ STR(""), "" },
		{ STR("plain"), "plain" },
		{ STR("a\0b\0"), "a" R "b" R },
		{ STR("\xE2\x82"), R },
		{ STR("\xE2\x82\0\xFF"), R R R },
		{ STR("caf\xC3\xA9 \xF0\x9F\x98\x80"), "caf\xC3\xA9 \xF0\x9F\x98\x80" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		AUTO_BUF b;

		buf_init(&b, 1000);
		utf8_clean(rows[i].in, &b);
		assert_string_equal(buf_cstr(&b), rows[i].out);
	}
}

static void cleaning_takes_linear_time_whatever_the_bytes(void **state)
{
	static char nuls[1 << 20];
	int64_t start = clock_steady_ms(&clock_system);
	AUTO_BUF b;
	(void)state;

	buf_init(&b, 16 << 20);
	utf8_clean((struct str){ nuls, sizeof nuls }, &b);
	assert_int_equal(b.len, 3 * sizeof nuls);
	buf_reset(&b);
	for (size_t i = 0; i < sizeof nuls; i += 2)
		nuls[i] = '\xFF';
	utf8_clean((struct str){ nuls, sizeof nuls }, &b);
	assert_int_equal(b.len, 3 * sizeof nuls);
	/* Quadratic would be half an hour. */
	assert_true(clock_steady_ms(&clock_system) - start < 20000);
}

static void offsets_are_moved_out_of_characters(void **state)
{
	struct str s = STR("a\xC3\xA9\xF0\x9F\x98\x80z");
	static const size_t floors[] = { 0, 1, 1, 3, 3, 3, 3, 7, 8, 8 },
			    ceils[] = { 0, 1, 3, 3, 7, 7, 7, 7, 8, 8 };
	(void)state;

	for (size_t at = 0; at < 10; at++) {
		assert_int_equal(utf8_floor(s, at), floors[at]);
		assert_int_equal(utf8_ceil(s, at), ceils[at]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_code_point_survives_the_round_trip),
		cmocka_unit_test(only_the_well_formed_are_decoded),
		cmocka_unit_test(the_first_bad_byte_is_found_wherever_it_stands),
		cmocka_unit_test(one_replacement_for_each_maximal_subpart),
		cmocka_unit_test(cleaning_takes_linear_time_whatever_the_bytes),
		cmocka_unit_test(offsets_are_moved_out_of_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
