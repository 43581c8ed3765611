/*
 * rule_match: one pass of the database over the log says which patterns may match which lines; those lines are looked
 * at again, the rule of the highest precedence first, until one matches and none of its `not` does.
 *
 * A pattern that goes on for ever is told once a byte (text/pattern_set.h): the last line of each pattern is
 * kept, so that a line counts once. Candidates have a ceiling; a log that has more is one in which
 * nothing can be told apart.
 */
#include "explain/rule.h"

#include <stdlib.h>

#define CANDIDATES_MAX 2000000

struct candidate {
	uint32_t line, pattern;
};

struct scan {
	const struct rules *rules;
	const struct lines *lines;
	size_t line;    /* that the last match ended in */
	uint32_t *last; /* of each pattern: its last line, counted from 1 */
	struct candidate *v;
	size_t n, cap;
};

static void add(struct scan *s, size_t line, size_t pattern)
{
	if (s->n == s->cap) {
		s->cap = s->cap > 0 ? 2 * s->cap : 1024;
		s->v = mem_grow(s->v, s->cap * sizeof *s->v);
	}
	s->v[s->n++] = (struct candidate){ (uint32_t)line, (uint32_t)pattern };
}

static bool found(void *arg, unsigned id, size_t end)
{
	struct scan *s = arg;
	const struct lines *l = s->lines;

	while (s->line + 1 < l->n && l->v[s->line + 1].at < end)
		s->line++;
	if (s->last[id] == s->line + 1 || l->v[s->line].echoed)
		return true;
	s->last[id] = (uint32_t)s->line + 1;
	add(s, s->line, id);
	return s->n < CANDIDATES_MAX;
}

static const struct rule *rule_of(const struct rules *r, const struct candidate *c)
{
	return &r->v[r->rule_of[c->pattern]];
}

/* In which order the rules of a line are tried: the highest first, and all are different. */
static int64_t order(const struct rules *r, const struct candidate *c)
{
	const struct rule *rule = rule_of(r, c);

	return (rule->precedence * 128 + rule->weight) * RULES_PATTERNS_MAX - (int64_t)c->pattern;
}

/* The first of the candidates that have not been tried; n when all were. */
static size_t first_left(const struct rules *r, const struct candidate *v, size_t n, int64_t below)
{
	size_t best = n;

	for (size_t i = 0; i < n; i++)
		if (order(r, &v[i]) < below && (best == n || order(r, &v[i]) > order(r, &v[best])))
			best = i;
	return best;
}

static bool is_excluded(const struct rule *rule, struct str line)
{
	for (size_t i = 0; i < rule->n_not; i++)
		if (rule_regex_match(&rule->not [i], line, NULL))
			return true;
	return false;
}

/* What another rule knows of the same line. */
static void add_to_hit(
	struct rule_hit *hit, const struct rule *rule, const struct str captures[RULE_N_CAPTURES])
{
	if (!rule->extent->none && hit->n_extents < RULE_HIT_EXTENTS)
		hit->extents[hit->n_extents++] = rule->extent;
	for (size_t i = 0; i < RULE_N_CAPTURES; i++)
		if (hit->captures[i].len == 0)
			hit->captures[i] = captures[i];
}

/*
 * Which of the candidates of one line it is: the first that matches; what those behind it know is added. False:
 * none, or it is one that is to be ignored (then ret->rule is set).
 */
static bool settle(
	struct rules *r, const struct lines *l, const struct candidate *v, size_t n, struct rule_hit *ret)
{
	struct str line = lines_text(l, v[0].line), captures[RULE_N_CAPTURES];
	int64_t below = INT64_MAX;

	*ret = (struct rule_hit){ .line = v[0].line };
	for (size_t i = first_left(r, v, n, below); i < n; i = first_left(r, v, n, below)) {
		const struct rule *rule = rule_of(r, &v[i]);

		below = order(r, &v[i]);
		if (!rule_regex_match(&r->patterns[v[i].pattern], line, captures) || is_excluded(rule, line))
			continue;
		if (!ret->rule)
			ret->rule = rule;
		if (rule->ignore)
			break;
		add_to_hit(ret, rule, captures);
	}
	return ret->rule && !ret->rule->ignore;
}

static bool is_stated(const struct rules *r, const struct lines *l, size_t i)
{
	return r->stated && l->v[i].level >= LINE_ERROR && l->v[i].kept > 0 &&
	       !is_excluded(r->stated, lines_text(l, i));
}

struct hits {
	struct rule_hit *v;
	size_t n, cap;
};

static void keep(struct hits *h, const struct rule_hit *hit)
{
	if (h->n == h->cap) {
		h->cap = h->cap > 0 ? 2 * h->cap : 256;
		h->v = mem_grow(h->v, h->cap * sizeof *h->v);
	}
	h->v[h->n++] = *hit;
}

/* Lines between two that have candidates may have been called errors by the runner. */
static void keep_stated(struct rules *r, const struct lines *l, size_t from, size_t to, struct hits *h)
{
	for (size_t i = from; r->stated && i < to; i++)
		if (is_stated(r, l, i))
			keep(h, &(struct rule_hit){ .line = i, .rule = r->stated });
}

static int by_line(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->pattern < y->pattern ? -1 : x->pattern > y->pattern;
}

enum err_code rules_match(
	struct rules *r, const struct lines *l, struct rule_hit **ret, size_t *ret_n, struct err *e)
{
	struct scan s = { .rules = r, .lines = l, .last = mem_alloc(r->n_patterns * sizeof(uint32_t)) };
	struct hits h = { 0 };
	enum err_code code = ERR_OK;
	size_t from = 0;

	if (l->n > 0)
		code = pattern_set_scan(r->database, buf_view(&l->text), found, &s, e);
	if (s.n > 0)
		qsort(s.v, s.n, sizeof *s.v, by_line);
	for (size_t i = 0, end; code == ERR_OK && i < s.n; i = end) {
		struct rule_hit hit;

		for (end = i + 1; end < s.n && s.v[end].line == s.v[i].line;)
			end++;
		keep_stated(r, l, from, s.v[i].line, &h);
		from = s.v[i].line + 1;
		if (settle(r, l, s.v + i, end - i, &hit))
			keep(&h, &hit);
		else if (hit.rule == NULL || !hit.rule->ignore)
			keep_stated(r, l, s.v[i].line, from, &h);
	}
	keep_stated(r, l, from, l->n, &h);
	free(s.last);
	free(s.v);
	if (code != ERR_OK) {
		free(h.v);
		return code;
	}
	*ret = h.v;
	*ret_n = h.n;
	return ERR_OK;
}
