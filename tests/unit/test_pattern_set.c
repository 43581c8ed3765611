/* pattern_set: many patterns in one pass, and saved. */
#include "tests/test.h"

#include "text/pattern_set.h"

#include <string.h>

struct seen {
	unsigned ids[16];
	size_t ends[16], n, most;
};

static bool see(void *arg, unsigned id, size_t end)
{
	struct seen *s = arg;

	s->ids[s->n] = id;
	s->ends[s->n++] = end;
	return s->n < s->most;
}

static struct pattern_set *compiled(void)
{
	static const struct pattern v[] = { { "^error: ", 7 }, { "(?i)failed$", 8 }, { "x{3}", 9 } };
	struct pattern_set *p = NULL;
	struct err e;

	if (pattern_set_new(v, 3, &p, NULL, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return p;
}

static void scan(const struct pattern_set *p, struct str text, struct seen *s)
{
	struct err e;

	*s = (struct seen){ .most = 16 };
	assert_int_equal(pattern_set_scan(p, text, see, s, &e), ERR_OK);
}

static void lines_are_what_anchors_mean(void **state)
{
	struct pattern_set *p = compiled();
	struct seen s;

	(void)state;
	scan(p, STR("an error: no\nerror: yes\nit FAILED\nfailed too\nxxx\n"), &s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.ids[0], 7);
	assert_int_equal(s.ends[0], 20);
	assert_int_equal(s.ids[1], 8);
	assert_int_equal(s.ids[2], 9);
	pattern_set_free(p);
}

static void bytes_that_are_no_utf8_are_text_like_any(void **state)
{
	struct pattern_set *p = compiled();
	struct seen s;

	(void)state;
	scan(p, STR("\xff\xfe\nerror: \xff\n"), &s);
	assert_int_equal(s.n, 1);
	scan(p, STR(""), &s);
	assert_int_equal(s.n, 0);
	pattern_set_free(p);
}

static void enough_is_enough(void **state)
{
	struct pattern_set *p = compiled();
	struct seen s = { .most = 1 };
	struct err e;

	(void)state;
	assert_int_equal(pattern_set_scan(p, STR("xxx\nxxx\nxxx\n"), see, &s, &e), ERR_OK);
	assert_int_equal(s.n, 1);
	pattern_set_free(p);
}

static void what_was_saved_finds_the_same_and_damage_is_noticed(void **state)
{
	struct pattern_set *p = compiled(), *again = NULL;
	struct seen s;
	struct err e;
	AUTO_BUF bytes;

	(void)state;
	buf_init(&bytes, SIZE_MAX);
	assert_int_equal(pattern_set_save(p, &bytes, &e), ERR_OK);
	assert_int_equal(pattern_set_load(buf_view(&bytes), &again, &e), ERR_OK);
	scan(again, STR("error: \n"), &s);
	assert_int_equal(s.n, 1);
	pattern_set_free(again);
	again = NULL;
	for (size_t i = 0; i < bytes.len; i += 1 + bytes.len / 50) {
		bytes.p[i] ^= 1;
		assert_int_equal(pattern_set_load(buf_view(&bytes), &again, &e), ERR_INVALID);
		assert_null(again);
		bytes.p[i] ^= 1;
	}
	assert_int_equal(pattern_set_load((struct str){ bytes.p, bytes.len / 2 }, &again, &e), ERR_INVALID);
	assert_int_equal(pattern_set_load(STR(""), &again, &e), ERR_INVALID);
	pattern_set_free(p);
}

static void the_pattern_that_is_wrong_is_named(void **state)
{
	static const struct pattern v[] = { { "fine", 1 }, { "(?<=not here)x", 2 } };
	struct pattern_set *p = NULL;
	size_t bad = 99;
	struct err e;

	(void)state;
	assert_int_equal(pattern_set_new(v, 2, &p, &bad, &e), ERR_INVALID);
	assert_int_equal(bad, 1);
	assert_null(p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_what_anchors_mean),
		cmocka_unit_test(bytes_that_are_no_utf8_are_text_like_any),
		cmocka_unit_test(enough_is_enough),
		cmocka_unit_test(what_was_saved_finds_the_same_and_damage_is_noticed),
		cmocka_unit_test(the_pattern_that_is_wrong_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
