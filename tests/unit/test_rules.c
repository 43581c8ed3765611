/* rules: what is loaded and refused, which rule a line is of, and how far a block goes. */
#include "tests/test.h"

#include "explain/block.h"
#include "explain/rule.h"
#include "tests/unit/help/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rules *compiled(const char *yaml)
{
	struct rules *r = rules_new();
	struct err e;

	if (rules_add(r, "test.yaml", str_z(yaml), &e) != ERR_OK || rules_compile(r, NULL, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return r;
}

static void assert_refused(const char *yaml, const char *what)
{
	struct rules *r = rules_new();
	struct err e = { 0 };
	enum err_code code = rules_add(r, "test.yaml", str_z(yaml), &e);

	if (code == ERR_OK)
		code = rules_compile(r, NULL, &e);
	assert_int_not_equal(code, ERR_OK);
	if (!strstr(e.text, what))
		fail_msg("\"%s\": \"%s\" does not say \"%s\"", yaml, e.text, what);
	rules_free(r);
}

static void a_rule_that_is_wrong_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_refused("rules: [{id: a, match: x, colour: red}]", "colour");
	assert_refused("rules:\n- id: a\n  class: sad\n  match: x", "test.yaml:3");
	assert_refused("rules: [{id: a, match: x, role: king}]", "king");
	assert_refused("rules: [{id: a, match: x, weight: 101}]", "100");
	assert_refused("rules: [{id: a, match: x, ignore: maybe}]", "maybe");
	assert_refused("rules: [{id: a, match: x}, {id: a, match: y}]", "id");
	assert_refused("rules: [{match: x}]", "id");
	assert_refused("rules: [{id: a}]", "match");
	assert_refused("rules: [{id: a, match: x, extent: far}]", "far");
	assert_refused("rules: [{id: a, match: x, extent: {max: 1000000}}]", "2000");
	assert_refused("rules: [{id: a, match: '(x'}]", "rule a");
	assert_refused("rules: [{id: a, match: '(?<!y)x'}]", "rule a");
	assert_refused("rules: [{id: a, match: x, alone_rule: b}]", "no rule b");
	assert_refused(
		"rules: [{id: a, match: x, alone_rule: b}, {id: b, match: y, ignore: true}]", "no rule b");
	assert_refused("rules: [x]", "mapping");
	assert_refused("", "mapping");
	assert_refused("rules: []", "none");
}

/* The rules of the lines of a text: "a-b" says that line 0 is of rule a, 1 of none, 2 of b. */
static void assert_hits(struct rules *r, const char *text, const char *want)
{
	struct rule_hit *hits;
	char got[64] = "";
	struct lines l;
	struct err e;
	size_t n;

	assert_int_equal(lines_init(&l, str_z(text), &e), ERR_OK);
	assert_int_equal(rules_match(r, &l, &hits, &n, &e), ERR_OK);
	memset(got, '-', l.n);
	for (size_t i = 0; i < n; i++)
		got[hits[i].line] = hits[i].rule->id.p[0];
	assert_string_equal(got, want);
	free(hits);
	lines_done(&l);
}

static void a_line_is_of_the_rule_of_highest_precedence_then_weight(void **state)
{
	struct rules *r =
		compiled("rules:\n"
			 "- {id: a, match: error, weight: 90, precedence: 10}\n"
			 "- {id: b, match: ['bad error', 'no error'], weight: 40, not: 'no error'}\n"
			 "- {id: c, match: 'bad', weight: 60}\n"
			 "- {id: d, match: '0 errors', ignore: true}\n");

	(void)state;
	assert_hits(r, "error\nbad error\nno error\nbad\n0 errors\nwell\n", "acac--");
	rules_free(r);
}

static void a_pattern_does_not_reach_over_a_line_end(void **state)
{
	struct rules *r = compiled("rules: [{id: a, match: 'one\\s+two'}, {id: b, match: 'x[^y]z'}]");

	(void)state;
	assert_hits(r, "one\ntwo\none two\nx\nz\n", "--a--");
	rules_free(r);
}

/* What a text is made into: blocks, which are views of its lines. */
struct made {
	struct lines l;
	struct rule_hit *hits;
	struct blocks blocks;
};

static void make_blocks(struct made *m, struct rules *r, const char *text)
{
	struct err e;
	size_t n;

	*m = (struct made){ 0 };
	assert_int_equal(lines_init(&m->l, str_z(text), &e), ERR_OK);
	assert_int_equal(rules_match(r, &m->l, &m->hits, &n, &e), ERR_OK);
	blocks_join(&m->l, m->hits, n, &m->blocks);
}

static void made_done(struct made *m)
{
	free(m->hits);
	blocks_done(&m->blocks);
	lines_done(&m->l);
}

static void captures_come_from_the_line_and_the_lines_behind_it(void **state)
{
	struct rules *r = compiled("rules:\n"
				   "- id: a\n"
				   "  match: '^(?<file>\\S+):(?<line>\\d+): (?<message>.+)$'\n"
				   "  within: '^ in (?<test>\\w+)'\n"
				   "  extent: {indented: true}\n");
	struct made m;

	(void)state;
	make_blocks(&m, r, "a.c:3: no\n in f\n in g\nend\n");
	assert_int_equal(m.blocks.n, 1);
	assert_int_equal(m.blocks.v[0].to, 3);
	assert_true(str_eq(m.blocks.v[0].captures[RULE_FILE], STR("a.c")));
	assert_true(str_eq(m.blocks.v[0].captures[RULE_LINE], STR("3")));
	assert_true(str_eq(m.blocks.v[0].captures[RULE_MESSAGE], STR("no")));
	assert_true(str_eq(m.blocks.v[0].captures[RULE_TEST], STR("f")));
	made_done(&m);
	rules_free(r);
}

static void a_block_of_one_line_is_of_the_rule_that_is_for_such(void **state)
{
	struct rules *r = compiled(
		"rules:\n"
		"- {id: a, match: '^error: (?<message>.+)$', alone_rule: b, extent: {indented: true}}\n"
		"- {id: b, match: '^error: ', weight: 30, precedence: 5}\n");
	struct made m;

	(void)state;
	make_blocks(&m, r, "error: one\n  more\nerror: two\n");
	assert_int_equal(m.blocks.n, 2);
	assert_true(str_eq(m.blocks.v[0].rule->id, STR("a")));
	assert_true(str_eq(m.blocks.v[1].rule->id, STR("b")));
	assert_true(str_eq(m.blocks.v[1].captures[RULE_MESSAGE], STR("two")));
	made_done(&m);
	rules_free(r);
}

/* The block of the first line that says "head", as "from-to". */
static void assert_extent(const char *extent, const char *text, const char *want)
{
	AUTO_BUF yaml;
	struct rules *r;
	struct made m;
	char got[32];

	buf_init(&yaml, 10000);
	buf_fmt(&yaml, "rules: [{id: a, match: 'head', extent: %s}]", extent);
	r = compiled(buf_cstr(&yaml));
	make_blocks(&m, r, text);
	assert_true(m.blocks.n > 0);
	snprintf(got, sizeof got, "%zu-%zu", m.blocks.v[0].from, m.blocks.v[0].to);
	if (strcmp(got, want) != 0)
		fail_msg("%s over \"%s\": %s", extent, text, got);
	made_done(&m);
	rules_free(r);
}

static void a_block_goes_on_as_its_extent_says(void **state)
{
	(void)state;
	assert_extent("{max: 2}", "head\na\nb\nc\n", "0-3");
	assert_extent("{max: 0}", "head\na\n", "0-1");
	assert_extent("{indented: true}", "  head\n    a\n  b\n", "0-2");
	assert_extent("{while: '^>'}", "head\n>a\n>b\nc\n>d\n", "0-3");
	assert_extent("{until: '^end'}", "head\na\nend\n", "0-2");
	assert_extent("{through: '^end'}", "head\na\nend\nb\n", "0-3");
	assert_extent("{until: '^end'}", "head\na\n\nb\nend\n", "0-2");
	assert_extent("{until: '^end', blanks: 1}", "head\na\n\nb\nend\n", "0-4");
	assert_extent("{blanks: 5}", "head\na\n\n\n", "0-2");
	assert_extent("{while: '^>', bridge: 2}", "head\nx\n>a\nb\n", "0-3");
	assert_extent("{while: '^>', bridge: 1}", "head\nx\ny\n>a\n", "0-1");
	assert_extent("{max: 0, before: '^in '}", "a\nin b\nin c\nhead\n", "1-4");
}

static void hostile_lines_and_rules_take_bounded_time(void **state)
{
	struct rules *r = compiled("rules:\n"
				   "- {id: a, match: '(a+)+$', extent: {while: '^(a+)+$', max: 2000}}\n"
				   "- {id: b, match: '\\w+', weight: 1}\n");
	size_t line = 3000, n_lines = 400, n;
	AUTO_BUF text;
	struct blocks blocks = { 0 };
	struct rule_hit *hits;
	struct lines l;
	struct err e;

	(void)state;
	buf_init(&text, SIZE_MAX);
	for (size_t i = 0; i < n_lines; i++) {
		for (size_t k = 0; k < line; k++)
			buf_char(&text, 'a');
		buf_z(&text, i % 2 ? "\n" : "!\n");
	}
	assert_int_equal(lines_init(&l, buf_view(&text), &e), ERR_OK);
	assert_int_equal(rules_match(r, &l, &hits, &n, &e), ERR_OK);
	blocks_join(&l, hits, n, &blocks);
	assert_true(n <= n_lines);
	free(hits);
	blocks_done(&blocks);
	lines_done(&l);
	rules_free(r);
}

static void every_rule_of_the_program_is_as_its_examples_say(void **state)
{
	struct rules *r = rules_new();
	AUTO_BUF story;
	struct err e;
	size_t n;

	(void)state;
	buf_init(&story, SIZE_MAX);
	assert_int_equal(rules_add_default(r, &e), ERR_OK);
	assert_int_equal(rules_compile(r, NULL, &e), ERR_OK);
	if (rules_check(r, &story, &n, &e) != ERR_OK)
		fail_msg("%s", buf_cstr(&story));
	assert_true(n >= r->n);
	rules_free(r);
}

static void an_example_that_is_not_so_is_told(void **state)
{
	struct rules *r = compiled("rules:\n"
				   "- {id: a, match: x, examples: {yes: [y], no: [x]}}\n"
				   "- {id: b, match: z}\n");
	AUTO_BUF story;
	struct err e;
	size_t n;

	(void)state;
	buf_init(&story, SIZE_MAX);
	assert_int_equal(rules_check(r, &story, &n, &e), ERR_INVALID);
	assert_non_null(strstr(buf_cstr(&story), "rule a, line 2: is to match, but does not: \"y\""));
	assert_non_null(strstr(buf_cstr(&story), "rule a, line 2: must not match, but does: \"x\""));
	assert_non_null(strstr(buf_cstr(&story), "rule b has no example"));
	rules_free(r);
}

static void compiled_rules_are_kept_and_made_again_when_damaged(void **state)
{
	struct str yaml = STR("rules: [{id: a, match: x}]");
	AUTO_BUF path;
	struct err e;

	(void)state;
	buf_init(&path, 1000);
	for (int round = 0; round < 3; round++) {
		struct rules *r = rules_new();

		assert_int_equal(rules_add(r, "test.yaml", yaml, &e), ERR_OK);
		assert_int_equal(rules_compile(r, "cache", &e), ERR_OK);
		assert_int_equal(place_n_files("cache"), 1);
		assert_hits(r, "x\n", "a");
		buf_reset(&path);
		buf_fmt(&path, "cache/rules-%s.db", r->digest.z);
		rules_free(r);
		if (round == 1)
			place_put(buf_cstr(&path), STR("damaged"));
	}
}

static void of_the_compiled_rules_the_newest_are_kept(void **state)
{
	char yaml[64];
	struct err e;
	(void)state;

	place_put("cache/rules-of-mine.db", STR("kept"));
	for (int i = 0; i < 12; i++) {
		struct rules *r = rules_new();

		snprintf(yaml, sizeof yaml, "rules: [{id: a, match: x%d}]", i);
		assert_int_equal(rules_add(r, "test.yaml", str_z(yaml), &e), ERR_OK);
		assert_int_equal(rules_compile(r, "cache", &e), ERR_OK);
		rules_free(r);
	}
	assert_int_equal(place_n_files("cache"), 8 + 1);
}

static void a_set_that_says_something_else_has_another_version(void **state)
{
	struct rules *a = compiled("rules: [{id: a, match: x, weight: 50}]"), *same, *other;
	(void)state;

	same = compiled("rules: [{id: a, match: x, weight: 50}]");
	other = compiled("rules: [{id: a, match: x, weight: 51}]");
	assert_string_equal(a->version.z, same->version.z);
	assert_string_not_equal(a->version.z, other->version.z);
	assert_string_equal(a->digest.z, other->digest.z); /* the patterns are the same */
	assert_true(str_eq(a->v[0].file, STR("test.yaml")));
	assert_false(a->v[0].built_in);
	rules_free(a);
	rules_free(same);
	rules_free(other);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rule_that_is_wrong_is_refused_with_its_place),
		cmocka_unit_test(a_line_is_of_the_rule_of_highest_precedence_then_weight),
		cmocka_unit_test(a_pattern_does_not_reach_over_a_line_end),
		cmocka_unit_test(captures_come_from_the_line_and_the_lines_behind_it),
		cmocka_unit_test(a_block_of_one_line_is_of_the_rule_that_is_for_such),
		cmocka_unit_test(a_block_goes_on_as_its_extent_says),
		cmocka_unit_test(hostile_lines_and_rules_take_bounded_time),
		cmocka_unit_test(every_rule_of_the_program_is_as_its_examples_say),
		cmocka_unit_test(an_example_that_is_not_so_is_told),
		cmocka_unit_test(a_set_that_says_something_else_has_another_version),
		cmocka_unit_test_setup_teardown(
			compiled_rules_are_kept_and_made_again_when_damaged, place_make, place_remove),
		cmocka_unit_test_setup_teardown(
			of_the_compiled_rules_the_newest_are_kept, place_make, place_remove),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
