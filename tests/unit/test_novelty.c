/* template and novelty: which lines are the same, and which a log that passed does not have. */
#include "tests/test.h"

#include "explain/novelty.h"
#include "explain/template.h"

#include <stdlib.h>
#include <string.h>

static void assert_template(const char *line, const char *want)
{
	char text[TEMPLATE_MAX];
	size_t n = template_write(str_z(line), text);

	if (n != strlen(want) || memcmp(text, want, n) != 0)
		fail_msg("\"%s\": \"%.*s\"", line, (int)n, text);
}

static void what_varies_is_taken_out(void **state)
{
	(void)state;
	assert_template("took 12.5 s", "took 0");
	assert_template("took 1 min 3 s", "took 0");
	assert_template("port 8080, pid 7", "port 0, pid 0");
	assert_template("v1.2.3-rc1", "v0-rc0");
	assert_template("commit 60a189413d732eccd0158591618422c7cad1aed7.", "commit #.");
	assert_template("at 0x7f5f778257ff", "at #");
	assert_template("id 123e4567-e89b-12d3-a456-426614174000", "id #");
	assert_template("run-18EsVg6gZqzY82yX", "run-#");
	assert_template("cp /home/a/b/c.txt .", "cp /c.txt .");
	assert_template("a  \t b   ", "a b");
	assert_template("", "");
}

static void words_names_and_places_stay(void **state)
{
	(void)state;
	assert_template("src/a.c: undeclared", "src/a.c: undeclared");
	assert_template("https://example.org/a/b", "https://example.org/a/b");
	assert_template("x = y / z", "x = y / z");
	assert_template("faded cafe", "faded cafe");
	assert_template("test_a2b failed", "test_a0b failed");
}

static void equal_templates_have_equal_digests_and_empty_lines_none(void **state)
{
	(void)state;
	assert_true(template_digest(STR("took 3 s")) == template_digest(STR("took 14 ms")));
	assert_true(template_digest(STR("took 3 s")) != template_digest(STR("gave 3 s")));
	assert_true(template_digest(STR("abcdefgh1")) != template_digest(STR("abcdefgi1")));
	assert_true(template_digest(STR("")) == 0);
	assert_true(template_digest(STR("  \t")) == 0);
}

/* Lines are letters: a log of "abc" has three. What is told of each: K M + N. */
static void assert_marks(const char *log, const char *baseline, const char *want)
{
	static const char marks[] = {
		[NOVELTY_KNOWN] = 'K', [NOVELTY_MOVED] = 'M', [NOVELTY_MORE] = '+', [NOVELTY_NEW] = 'N'
	};
	uint64_t a[64], b[64];
	uint8_t got[64];
	char text[65] = "";

	for (size_t i = 0; log[i]; i++)
		a[i] = log[i] == ' ' ? 0 : (uint64_t)log[i];
	for (size_t i = 0; baseline[i]; i++)
		b[i] = baseline[i] == ' ' ? 0 : (uint64_t)baseline[i];
	novelty_mark(a, strlen(log), b, strlen(baseline), got);
	for (size_t i = 0; log[i]; i++)
		text[i] = marks[got[i]];
	assert_string_equal(text, want);
}

static void lines_are_aligned_and_not_only_looked_up(void **state)
{
	(void)state;
	assert_marks("abc", "abc", "KKK");
	assert_marks("abXc", "abc", "KKNK");
	assert_marks("axbxc", "axbxc", "KKKKK");
	assert_marks("cab", "abc", "MKK");
	assert_marks("abca", "abc", "KKK+");
	assert_marks("xaxbx", "xaxb", "KKKK+");
	assert_marks("abc", "", "NNN");
	assert_marks("", "abc", "");
	assert_marks("a c", "abc", "KKK");
}

static void a_log_of_nothing_but_one_line_is_aligned_in_bounded_time(void **state)
{
	size_t n = 200000;
	uint64_t *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
	uint8_t *got = malloc(n);

	(void)state;
	assert_true(a && b && got);
	for (size_t i = 0; i < n; i++) {
		a[i] = 1 + i % 7;
		b[i] = 1 + i % 5;
	}
	novelty_mark(a, n, b, n, got);
	assert_int_equal(got[5], NOVELTY_NEW); /* 6 and 7 are not in b */
	free(a);
	free(b);
	free(got);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_varies_is_taken_out),
		cmocka_unit_test(words_names_and_places_stay),
		cmocka_unit_test(equal_templates_have_equal_digests_and_empty_lines_none),
		cmocka_unit_test(lines_are_aligned_and_not_only_looked_up),
		cmocka_unit_test(a_log_of_nothing_but_one_line_is_aligned_in_bounded_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
