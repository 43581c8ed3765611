/*
 * rule_check: examples. `yes` are texts in which the rule has to be the one that their first line that any rule
 * matches is of; `no` are texts in which it must match nothing. A text may have several lines; with
 * `lines: N` the block of the first `yes` has to be that long.
 */
#include "explain/rule.h"

#include "base/yaml.h"
#include "explain/block.h"

#include <stdlib.h>

static enum err_code check_regexes(struct rule_regex *v, size_t n, const struct rule *rule, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (rule_regex_check(&v[i], e) != ERR_OK)
			return err_in(e, "rule %.*s", STR_FMT(rule->id));
	return ERR_OK;
}

static enum err_code check_patterns(struct rules *r, const struct rule *rule, struct err *e)
{
	struct extent *x = rule->extent;

	TRY(check_regexes(r->patterns + rule->first_pattern, rule->n_patterns, rule, e));
	TRY(check_regexes(rule->not, rule->n_not, rule, e));
	TRY(check_regexes(rule->within, rule->n_within, rule, e));
	TRY(check_regexes(&x->goes_on, 1, rule, e));
	TRY(check_regexes(&x->until, 1, rule, e));
	TRY(check_regexes(&x->through, 1, rule, e));
	return check_regexes(&x->before, 1, rule, e);
}

/* The block of the first line that this rule matches; none: from == to. */
static enum err_code match(struct rules *r, const struct rule *rule, struct str text, size_t *ret_from,
	size_t *ret_to, struct err *e)
{
	AUTO_LINES lines = { 0 };
	AUTO_BLOCKS blocks = { 0 };
	struct rule_hit *hits;
	size_t n;

	*ret_from = *ret_to = 0;
	TRY(lines_init(&lines, text, e));
	TRY(rules_match(r, &lines, &hits, &n, e));
	blocks_join(&lines, hits, n, &blocks);
	free(hits);
	for (size_t i = 0; i < blocks.n; i++)
		if (blocks.v[i].rule == rule) {
			*ret_from = blocks.v[i].from;
			*ret_to = blocks.v[i].to;
			return ERR_OK;
		}
	return ERR_OK;
}

static enum err_code check_example(
	struct rules *r, const struct rule *rule, const struct yaml *n, bool yes, struct err *e)
{
	size_t from, to;

	TRY(match(r, rule, yaml_str(n), &from, &to, e));
	if ((to > from) == yes)
		return ERR_OK;
	return err_set(e, ERR_INVALID, "rule %.*s, line %zu: %s \"%.200s\"", STR_FMT(rule->id), yaml_line(n),
		yes ? "is to match, but does not:" : "must not match, but does:", yaml_str(n).p);
}

static enum err_code check_length(
	struct rules *r, const struct rule *rule, const struct yaml *first, struct err *e)
{
	const struct yaml *n = yaml_get(rule->examples, "lines");
	size_t from, to;
	int64_t want;

	if (!n)
		return ERR_OK;
	if (!str_to_int(yaml_str(n), &want))
		return err_set(e, ERR_INVALID, "rule %.*s: lines is to be a number", STR_FMT(rule->id));
	TRY(match(r, rule, yaml_str(first), &from, &to, e));
	if ((int64_t)(to - from) == want)
		return ERR_OK;
	return err_set(e, ERR_INVALID, "rule %.*s, line %zu: the block is to have %lld lines and has %zu",
		STR_FMT(rule->id), yaml_line(first), (long long)want, to - from);
}

/* One that is not as it says is told, and the others are tried all the same. */
struct check {
	struct rules *rules;
	struct buf *story;
	size_t n, n_wrong;
};

static void tell(struct check *c, enum err_code code, const struct err *e)
{
	c->n_wrong += code != ERR_OK;
	if (code != ERR_OK)
		buf_fmt(c->story, "%s\n", e->text);
}

static void check_rule(struct check *c, const struct rule *rule)
{
	const struct yaml *yes = yaml_get(rule->examples, "yes"), *no = yaml_get(rule->examples, "no");
	struct err e;

	tell(c, check_patterns(c->rules, rule, &e), &e);
	if (rule->ignore || rule->stated)
		return;
	for (size_t i = 0; i < yaml_len(yes); i++)
		tell(c, check_example(c->rules, rule, yaml_at(yes, i), true, &e), &e);
	for (size_t i = 0; i < yaml_len(no); i++)
		tell(c, check_example(c->rules, rule, yaml_at(no, i), false, &e), &e);
	c->n += yaml_len(yes) + yaml_len(no);
	if (yaml_len(yes) == 0)
		tell(c,
			err_set(&e, ERR_INVALID, "rule %.*s has no example of what it matches",
				STR_FMT(rule->id)),
			&e);
	else
		tell(c, check_length(c->rules, rule, yaml_at(yes, 0), &e), &e);
}

enum err_code rules_check(struct rules *r, struct buf *story, size_t *ret_n, struct err *e)
{
	struct check c = { .rules = r, .story = story };

	for (size_t i = 0; i < r->n; i++)
		check_rule(&c, &r->v[i]);
	*ret_n = c.n;
	if (c.n_wrong > 0)
		return err_set(e, ERR_INVALID, "%zu of the rules' examples are not as they say", c.n_wrong);
	return ERR_OK;
}
