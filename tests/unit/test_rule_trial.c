/* rule_trial: rules of a stranger are loaded within limits, and tried in pieces as if in one. */
#include "tests/test.h"

#include "base/arena.h"
#include "explain/rule_trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rules *loaded(const char *yaml)
{
	struct rules *r = NULL;
	struct err e;

	if (rule_trial_load(str_z(yaml), &r, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return r;
}

static void assert_refused(const char *yaml, const char *why)
{
	struct rules *r = NULL;
	struct err e = { 0 };

	assert_int_equal(rule_trial_load(str_z(yaml), &r, &e), ERR_INVALID);
	assert_null(r);
	assert_string_equal(e.field, "rule");
	if (!strstr(e.text, why))
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
}

struct taken {
	char text[400]; /* "3-5 " a block, lines from 0 */
	size_t n, most; /* enough after so many */
	int may;        /* go on so often; -1: always */
};

static bool may_go_on(void *arg)
{
	struct taken *t = arg;

	return t->may < 0 || t->may-- > 0;
}

static bool take(void *arg, const struct lines *l, const struct block *b)
{
	struct taken *t = arg;
	size_t len = strlen(t->text);

	assert_true(b->to <= l->n);
	snprintf(t->text + len, sizeof t->text - len, "%zu-%zu ", b->from, b->to);
	return ++t->n < t->most;
}

static bool run(struct rules *r, struct str text, bool heads_only, struct taken *t)
{
	struct rule_trial trial = {
		.heads_only = heads_only, .may_go_on = may_go_on, .each = take, .arg = t
	};
	bool complete = false;
	struct err e;

	if (rule_trial_run(r, text, &trial, &complete, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return complete;
}

#define RULE "rules: [{id: a, match: '^bad (?<code>\\d+)$', extent: {indented: true}}]"

/* Lines without end, of which those whose numbers are told are bad, with one behind them that belongs to it. */
static struct buf a_text(size_t n_lines, size_t every)
{
	struct buf b;

	buf_init(&b, SIZE_MAX);
	for (size_t i = 0; i < n_lines; i++)
		if (i % every == every - 1)
			buf_fmt(&b, "bad %zu\n", i);
		else
			buf_fmt(&b, "%sa line of the text\n", i % every == 0 && i > 0 ? "  " : "");
	return b;
}

static void blocks_are_found_wherever_a_piece_ends(void **state)
{
	struct rules *r = loaded(RULE);
	struct buf text = a_text(40000, 5000);
	struct taken t = { .most = SIZE_MAX, .may = -1 }, heads = t;
	(void)state;

	assert_true(text.len > 8 * 65536);
	assert_true(run(r, buf_view(&text), false, &t));
	assert_string_equal(t.text,
		"4999-5001 9999-10001 14999-15001 19999-20001 24999-25001 29999-30001 34999-35001 "
		"39999-40000 ");
	assert_true(run(r, buf_view(&text), true, &heads));
	assert_int_equal(heads.n, 8);
	assert_non_null(strstr(heads.text, "4999-5000 "));
	buf_done(&text);
	rules_free(r);
}

static void it_stops_when_it_is_enough_and_when_it_may_not_go_on(void **state)
{
	struct rules *r = loaded(RULE);
	struct buf text = a_text(40000, 5000);
	struct taken enough = { .most = 2, .may = -1 }, over = { .most = SIZE_MAX, .may = 2 },
		     last = { .most = 9 };
	(void)state;

	assert_true(run(r, buf_view(&text), false, &enough));
	assert_int_equal(enough.n, 2);
	assert_false(run(r, buf_view(&text), false, &over));
	assert_true(over.n < 8);
	assert_true(run(r, STR("one piece\n"), false, &last)); /* there is nothing left to go on to */
	buf_done(&text);
	rules_free(r);
}

static void the_extents_of_the_program_may_be_named(void **state)
{
	struct rules *r = loaded("rules: [{id: a, match: x, extent: java_trace}]");
	(void)state;

	assert_int_equal(r->n, 1);
	assert_false(r->v[0].built_in);
	rules_free(r);
}

static void what_would_be_slow_to_compile_is_refused_before_it_is(void **state)
{
	char yaml[1000], long_one[700];
	(void)state;

	memset(long_one, 'x', 513);
	snprintf(long_one + 513, 2, "y");
	snprintf(yaml, sizeof yaml, "rules: [{id: a, match: ['b', '%s']}]", long_one);
	assert_refused(yaml, "rule a, pattern 2 of match");
	assert_refused(yaml, "512 bytes");
	assert_refused("rules: [{id: a, match: '(a.?b.?..){64}{9}'}]", "counted repeat");
	assert_refused("rules: [{id: a, match: 'a{1,300}b{1,300}'}]", "512");
	assert_refused("rules: [{id: a, match: '(abcdefghijklmnopqrst){300}'}]", "4096");
	assert_refused("rules: [{id: a, match: ['(abcdefghijklm){200}', '(abcdefghijklm){200}']}]", "4096");
	assert_refused("rules: [{id: a, match: '(*UCP)a'}]", "not taken");
	assert_refused("rules: [{id: a, match: '(.*\\b){20}x'}]", "at most 32 of");
	assert_refused("rules: [{id: a, match: "
		       "'a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?x'}]",
		"at most 32 of");
	assert_refused("rules: []", "none");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_are_found_wherever_a_piece_ends),
		cmocka_unit_test(it_stops_when_it_is_enough_and_when_it_may_not_go_on),
		cmocka_unit_test(the_extents_of_the_program_may_be_named),
		cmocka_unit_test(what_would_be_slow_to_compile_is_refused_before_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
