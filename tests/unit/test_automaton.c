/* automaton: whatever ends at a place is found there, and nothing a stranger chooses makes that slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "text/automaton.h"

#include <string.h>

static void add(struct automaton *a, const char *z)
{
	assert_int_equal(automaton_add(a, str_z(z), NULL), ERR_OK);
}

static void assert_next(
	const struct automaton *a, const char *text, struct automaton_scan *scan, size_t end, size_t len)
{
	size_t got_end, got_len;

	if (!automaton_next(a, str_z(text), scan, &got_end, &got_len))
		fail_msg("nothing more ends in %s", text);
	assert_int_equal(got_end, end);
	assert_int_equal(got_len, len);
}

static void assert_no_more(const struct automaton *a, const char *text, struct automaton_scan *scan)
{
	size_t end, len;

	assert_false(automaton_next(a, str_z(text), scan, &end, &len));
}

static void the_longest_that_ends_at_a_place_is_told(void **state)
{
	struct automaton *a = automaton_new();
	struct automaton_scan scan = { 0 };

	(void)state;
	add(a, "she");
	add(a, "he");
	add(a, "hers");
	add(a, "rs");
	add(a, "he");
	automaton_seal(a);
	assert_next(a, "ushers he", &scan, 4, 3);
	assert_next(a, "ushers he", &scan, 6, 4);
	assert_next(a, "ushers he", &scan, 9, 2);
	assert_no_more(a, "ushers he", &scan);
	automaton_free(a);
	automaton_free(NULL);
}

static void an_empty_set_and_an_empty_string_find_nothing(void **state)
{
	struct automaton *a = automaton_new();
	struct automaton_scan scan = { 0 };

	(void)state;
	add(a, "");
	automaton_seal(a);
	assert_no_more(a, "anything", &scan);
	automaton_free(a);
}

static void beyond_its_bound_it_refuses_and_keeps_what_it_has(void **state)
{
	static char xs[AUTOMATON_BYTES_MAX];
	struct automaton *a = automaton_new();
	struct automaton_scan scan = { 0 };

	(void)state;
	memset(xs, 'x', sizeof xs);
	add(a, "kept");
	assert_int_equal(automaton_add(a, (struct str){ xs, sizeof xs }, NULL), ERR_INVALID);
	assert_int_equal(automaton_add(a, (struct str){ xs, sizeof xs - 4 }, NULL), ERR_OK);
	assert_int_equal(automaton_add(a, STR("y"), NULL), ERR_INVALID);
	automaton_seal(a);
	assert_next(a, "it is kept, y", &scan, 10, 4);
	assert_no_more(a, "it is kept, y", &scan);
	automaton_free(a);
}

/* A small linear congruential generator: the same texts on every machine. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static size_t naive(struct str text, size_t end, char words[][8], size_t n)
{
	size_t longest = 0;

	for (size_t k = 0; k < n; k++) {
		size_t len = strlen(words[k]);

		if (len > longest && end >= len && memcmp(text.p + end - len, words[k], len) == 0)
			longest = len;
	}
	return longest;
}

static void it_agrees_with_looking_at_every_place_for_every_string(void **state)
{
	uint32_t seed = 20262;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct automaton *a = automaton_new();
		struct automaton_scan scan = { 0 };
		char words[60][8], text[200];
		size_t n_words = 1 + next_random(&seed) % 60;

		for (size_t i = 0; i < n_words; i++) {
			size_t len = 1 + next_random(&seed) % 7;
			for (size_t k = 0; k < len; k++)
				words[i][k] = (char)('a' + next_random(&seed) % 3);
			words[i][len] = '\0';
			add(a, words[i]);
		}
		automaton_seal(a);
		for (size_t i = 0; i < sizeof text; i++)
			text[i] = (char)('a' + next_random(&seed) % 4);

		struct str t = { text, sizeof text };
		size_t got_end, got_len, len;
		for (size_t end = 1; end <= t.len; end++) {
			if ((len = naive(t, end, words, n_words)) == 0)
				continue;
			assert_true(automaton_next(a, t, &scan, &got_end, &got_len));
			assert_int_equal(got_end, end);
			assert_int_equal(got_len, len);
		}
		assert_false(automaton_next(a, t, &scan, &got_end, &got_len));
		automaton_free(a);
	}
}

static void strings_that_begin_alike_cost_no_more_than_others(void **state)
{
	static char text[1 << 20], word[300];
	struct automaton *a = automaton_new();
	struct automaton_scan scan = { 0 };
	int64_t start = clock_steady_ms(&clock_system);
	size_t end, len, n = 0;

	(void)state;
	memset(text, 'a', sizeof text);
	memset(word, 'a', sizeof word);
	for (size_t i = 3; i < sizeof word; i++)
		assert_int_equal(automaton_add(a, (struct str){ word, i }, NULL), ERR_OK);
	automaton_seal(a);
	while (automaton_next(a, (struct str){ text, sizeof text }, &scan, &end, &len))
		n++;
	assert_int_equal(n, sizeof text - 2);
	/* Trying every one of them at every place would be minutes. */
	assert_true(clock_steady_ms(&clock_system) - start < 20000);
	automaton_free(a);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_that_ends_at_a_place_is_told),
		cmocka_unit_test(an_empty_set_and_an_empty_string_find_nothing),
		cmocka_unit_test(beyond_its_bound_it_refuses_and_keeps_what_it_has),
		cmocka_unit_test(it_agrees_with_looking_at_every_place_for_every_string),
		cmocka_unit_test(strings_that_begin_alike_cost_no_more_than_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
