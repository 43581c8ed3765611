/* needles: found where they are and nowhere else, however many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "text/needles.h"

#include <stdlib.h>
#include <string.h>

static void add(struct needles *n, const char *z, int tag)
{
	assert_int_equal(needles_add(n, str_z(z), tag, NULL), ERR_OK);
}

static void assert_hit(const struct needles *n, const char *text, size_t from, size_t at, size_t len, int tag)
{
	struct needle_hit hit;

	if (!needles_next(n, str_z(text), from, &hit))
		fail_msg("nothing found in %s from %zu", text, from);
	assert_int_equal(hit.at, at);
	assert_int_equal(hit.len, len);
	assert_int_equal(hit.tag, tag);
}

static void assert_none(const struct needles *n, const char *text, size_t from)
{
	struct needle_hit hit;

	assert_false(needles_next(n, str_z(text), from, &hit));
}

static void a_needle_is_found_at_the_start_middle_and_end(void **state)
{
	struct needles *n = needles_new();

	(void)state;
	add(n, "abc", 7);
	assert_hit(n, "abc", 0, 0, 3, 7);
	assert_hit(n, "abc...", 0, 0, 3, 7);
	assert_hit(n, "..abc..", 0, 2, 3, 7);
	assert_hit(n, "....abc", 0, 4, 3, 7);
	assert_hit(n, "abcabc", 1, 3, 3, 7);
	assert_none(n, "ab", 0);
	assert_none(n, "", 0);
	assert_none(n, "xab", 0);
	assert_none(n, "abc", 1);
	assert_none(n, "abc", 100);
	needles_free(n);
}

static void the_longest_that_begins_there_wins_in_whatever_order_they_came(void **state)
{
	static const char *const all[] = { "secret", "secretword", "sec", "secretwo", "secretive" };

	(void)state;
	for (size_t first = 0; first < 5; first++) {
		struct needles *n = needles_new();

		for (size_t i = 0; i < 5; i++)
			add(n, all[(first + i) % 5], (int)((first + i) % 5));
		assert_hit(n, "a secretword", 0, 2, 10, 1);
		assert_hit(n, "a secretwor", 0, 2, 8, 3);
		assert_hit(n, "a secretw", 0, 2, 6, 0);
		assert_hit(n, "a secretive", 0, 2, 9, 4);
		assert_hit(n, "a secre", 0, 2, 3, 2);
		needles_free(n);
	}
}

static void overlapping_hits_are_found_one_after_the_other(void **state)
{
	struct needles *n = needles_new();

	(void)state;
	add(n, "abab", 1);
	add(n, "baba", 2);
	assert_hit(n, "xababab", 0, 1, 4, 1);
	assert_hit(n, "xababab", 2, 2, 4, 2);
	assert_hit(n, "xababab", 3, 3, 4, 1);
	assert_none(n, "xababab", 4);
	needles_free(n);
}

static void bytes_are_bytes_also_nul_and_above_127(void **state)
{
	struct needles *n = needles_new();
	struct needle_hit hit;

	(void)state;
	assert_int_equal(needles_add(n, (struct str){ "\0\0\0", 3 }, 1, NULL), ERR_OK);
	assert_int_equal(needles_add(n, (struct str){ "\xff\xfe\x80\0x", 5 }, 2, NULL), ERR_OK);
	assert_true(needles_next(n, (struct str){ "a\xff\xfe\x80\0x", 6 }, 0, &hit));
	assert_int_equal(hit.tag, 2);
	assert_true(needles_next(n, (struct str){ "ab\0\0\0", 5 }, 0, &hit));
	assert_int_equal(hit.at, 2);
	assert_false(needles_next(n, (struct str){ "ab\0\0", 4 }, 0, &hit));
	needles_free(n);
}

static void the_same_bytes_twice_are_one_with_the_first_tag(void **state)
{
	struct needles *n = needles_new();

	(void)state;
	add(n, "twice", 1);
	add(n, "twice", 2);
	assert_int_equal(needles_count(n), 1);
	assert_hit(n, "once twice", 0, 5, 5, 1);
	needles_free(n);
}

static void shorter_ones_at_the_same_place_are_told_one_by_one(void **state)
{
	struct needles *n = needles_new();
	struct needle_hit hit;

	(void)state;
	add(n, "abc", 1);
	add(n, "abcdef", 2);
	add(n, "abcd", 3);
	add(n, "abX", 4);
	assert_true(needles_next(n, STR("-abcdef"), 0, &hit));
	assert_int_equal(hit.tag, 2);
	assert_true(needles_shorter(n, STR("-abcdef"), &hit));
	assert_int_equal(hit.tag, 3);
	assert_true(needles_shorter(n, STR("-abcdef"), &hit));
	assert_int_equal(hit.tag, 1);
	assert_int_equal(hit.at, 1);
	assert_false(needles_shorter(n, STR("-abcdef"), &hit));
	assert_int_equal(hit.tag, 1);
	needles_free(n);
}

static void all_of_another_set_come_with_a_tag_on_top_of_what_is_there(void **state)
{
	struct needles *n = needles_new(), *more = needles_new();

	(void)state;
	add(n, "both", 1);
	add(n, "mine", 2);
	add(more, "both", 7);
	add(more, "yours", 7);
	assert_int_equal(needles_add_all(n, more, 1 << 8, NULL), ERR_OK);
	assert_int_equal(needles_count(n), 3);
	assert_hit(n, "both", 0, 0, 4, 1 | 1 << 8);
	assert_hit(n, "mine", 0, 0, 4, 2);
	assert_hit(n, "yours", 0, 0, 5, 1 << 8);
	needles_free(more);
	needles_free(n);
}

static void what_is_too_short_or_too_long_is_refused(void **state)
{
	char *big = calloc(1, NEEDLE_MAX + 1);
	struct needles *n = needles_new();
	struct err e;

	(void)state;
	assert_int_equal(needles_add(n, STR("ab"), 0, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "3 to 16384"));
	assert_int_equal(needles_add(n, (struct str){ big, NEEDLE_MAX + 1 }, 0, NULL), ERR_INVALID);
	assert_int_equal(needles_add(n, (struct str){ big, NEEDLE_MAX }, 0, NULL), ERR_OK);
	assert_int_equal(needles_longest(n), NEEDLE_MAX);
	needles_free(n);
	free(big);
}

static void the_number_of_needles_has_a_ceiling(void **state)
{
	struct needles *n = needles_new();
	char z[16];

	(void)state;
	for (unsigned i = 0; i < NEEDLES_MAX; i++) {
		memcpy(z, (char[]){ (char)i, (char)(i >> 8), (char)(i >> 16), 'x' }, 4);
		assert_int_equal(needles_add(n, (struct str){ z, 4 }, (int)i, NULL), ERR_OK);
	}
	assert_int_equal(needles_count(n), NEEDLES_MAX);
	assert_int_equal(needles_add(n, STR("one more"), 0, NULL), ERR_INVALID);
	assert_int_equal(needles_count(n), NEEDLES_MAX);
	needles_free(n);
}

static void an_empty_set_finds_nothing(void **state)
{
	struct needles *n = needles_new();

	(void)state;
	assert_none(n, "anything", 0);
	assert_int_equal(needles_longest(n), 0);
	needles_free(n);
	needles_free(NULL);
}

static void a_copy_lives_on_its_own(void **state)
{
	struct needles *n = needles_new(), *empty, *copy;

	(void)state;
	empty = needles_copy(n);
	add(n, "shared", 1);
	copy = needles_copy(n);
	add(copy, "added", 2);
	assert_int_equal(needles_count(empty), 0);
	assert_int_equal(needles_count(n), 1);
	assert_none(n, "added", 0);
	needles_free(n);
	needles_free(empty);
	assert_hit(copy, "shared and added", 0, 0, 6, 1);
	assert_hit(copy, "shared and added", 1, 11, 5, 2);
	needles_free(copy);
}

/* A small linear congruential generator: the same texts on every machine. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static bool naive(struct str text, size_t from, char words[][8], size_t n, struct needle_hit *ret)
{
	for (size_t i = from; i < text.len; i++) {
		ret->len = 0;
		for (size_t k = 0; k < n; k++) {
			size_t len = strlen(words[k]);

			if (len > ret->len && text.len - i >= len && memcmp(text.p + i, words[k], len) == 0)
				*ret = (struct needle_hit){ .at = i, .len = len, .tag = (int)k };
		}
		if (ret->len > 0)
			return true;
	}
	return false;
}

static void it_agrees_with_looking_at_every_place_for_every_needle(void **state)
{
	uint32_t seed = 20261;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct needles *n = needles_new();
		char words[60][8], text[200];
		size_t n_words = 1 + next_random(&seed) % 60;

		for (size_t i = 0; i < n_words; i++) {
			size_t len = 3 + next_random(&seed) % 5;
			for (size_t k = 0; k < len; k++)
				words[i][k] = (char)('a' + next_random(&seed) % 3);
			words[i][len] = '\0';
			add(n, words[i], (int)i);
		}
		for (size_t i = 0; i < sizeof text; i++)
			text[i] = (char)('a' + next_random(&seed) % 4);

		struct str t = { text, next_random(&seed) % sizeof text };
		struct needle_hit got, want;
		size_t from = 0;
		bool more = true;
		while (more) {
			more = naive(t, from, words, n_words, &want);
			assert_int_equal(needles_next(n, t, from, &got), more);
			if (more) {
				assert_int_equal(got.at, want.at);
				assert_int_equal(got.len, want.len);
				assert_string_equal(words[got.tag], words[want.tag]);
				from = got.at + 1;
			}
		}
		needles_free(n);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_needle_is_found_at_the_start_middle_and_end),
		cmocka_unit_test(the_longest_that_begins_there_wins_in_whatever_order_they_came),
		cmocka_unit_test(overlapping_hits_are_found_one_after_the_other),
		cmocka_unit_test(bytes_are_bytes_also_nul_and_above_127),
		cmocka_unit_test(the_same_bytes_twice_are_one_with_the_first_tag),
		cmocka_unit_test(shorter_ones_at_the_same_place_are_told_one_by_one),
		cmocka_unit_test(all_of_another_set_come_with_a_tag_on_top_of_what_is_there),
		cmocka_unit_test(what_is_too_short_or_too_long_is_refused),
		cmocka_unit_test(the_number_of_needles_has_a_ceiling),
		cmocka_unit_test(an_empty_set_finds_nothing),
		cmocka_unit_test(a_copy_lives_on_its_own),
		cmocka_unit_test(it_agrees_with_looking_at_every_place_for_every_needle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
