/*
 * block: each head is followed as far as its rule's extent says.
 *
 * The work is bounded: a block has at most RULE_EXTENT_MAX lines, and lines that several blocks share are
 * looked at by at most DEPTH_MAX of them.
 */
#include "explain/block.h"

#include <stdlib.h>

#define BEFORE_MAX 40
#define DEPTH_MAX 8

void blocks_done(struct blocks *b)
{
	free(b->v);
	*b = (struct blocks){ 0 };
}

struct block *blocks_add(struct blocks *b)
{
	if (b->n == b->cap) {
		b->cap = b->cap > 0 ? 2 * b->cap : 64;
		b->v = mem_grow(b->v, b->cap * sizeof *b->v);
	}
	b->v[b->n] = (struct block){ 0 };
	return &b->v[b->n++];
}

/* Where a runner says that a step ended, or that another part of it begins, nothing goes on. */
static bool is_runners(struct str line)
{
	if (str_starts(line, STR("Post job cleanup.")))
		return true;
	if (!str_starts(line, STR("##[")))
		return false;
	line = str_from(line, 3);
	return str_starts(line, STR("group]")) || str_starts(line, STR("endgroup]")) ||
	       str_starts(line, STR("section]")) || str_starts(line, STR("error]Process completed with"));
}

/* Does the block go on over line i, which is not blank? */
static bool goes_on(struct extent *x, const struct lines *l, size_t head, size_t i)
{
	if (x->indented && l->v[i].indent > l->v[head].indent)
		return true;
	if (x->goes_on.text.len > 0)
		return rule_regex_match(&x->goes_on, lines_text(l, i), NULL);
	return !x->indented;
}

/* The next line from i on over which it goes on, among those that may be bridged; 0: none. */
static size_t bridged(struct extent *x, const struct lines *l, size_t head, size_t i)
{
	for (size_t k = 1; k <= (size_t)x->bridge && i + k < l->n; k++) {
		struct str line = lines_text(l, i + k);

		if (rule_regex_match(&x->until, line, NULL))
			return 0;
		if (line.len > 0 && goes_on(x, l, head, i + k))
			return i + k;
	}
	return 0;
}

/* Behind the last line of the block of that head. */
static size_t extent_end(struct extent *x, const struct lines *l, size_t head)
{
	size_t end = head + 1; /* behind the last line that is not blank */
	int64_t blanks = 0;

	if (x->none)
		return end;
	for (size_t i = end; i < l->n && i - head <= (size_t)x->max; i++) {
		struct str line = lines_text(l, i);

		if (line.len == 0) {
			if (++blanks > x->blanks)
				break;
			continue;
		}
		if (is_runners(line) || rule_regex_match(&x->until, line, NULL))
			break;
		if (rule_regex_match(&x->through, line, NULL))
			return i + 1;
		if (!goes_on(x, l, head, i)) {
			i = l->v[end - 1].indent > l->v[head].indent ? 0 : bridged(x, l, head, i);
			if (i == 0)
				break;
		}
		blanks = 0;
		end = i + 1;
	}
	return end;
}

static size_t extent_start(struct extent *x, const struct lines *l, size_t head)
{
	size_t from = head;

	while (from > 0 && head - from < BEFORE_MAX &&
		rule_regex_match(&x->before, lines_text(l, from - 1), NULL))
		from--;
	return from;
}

static void measure(struct block *b, const struct lines *l, const struct rule_hit *hit)
{
	b->from = hit->line;
	b->to = hit->line + 1;
	for (size_t i = 0; i < hit->n_extents; i++) {
		size_t from = extent_start(hit->extents[i], l, hit->line);
		size_t to = extent_end(hit->extents[i], l, hit->line);

		b->from = from < b->from ? from : b->from;
		b->to = to > b->to ? to : b->to;
	}
}

/*
 * Behind the last line that counts. Where a runner writes levels in front of lines, those of the block that it calls
 * no errors are shown and do not count.
 */
static size_t counted_to(const struct block *b, const struct lines *l)
{
	if (b->rule->extent->context)
		return b->head + 1;
	for (size_t i = b->head + 1; i < b->to && l->v[b->head].level >= LINE_ERROR; i++)
		if (l->v[i].said && l->v[i].level < LINE_ERROR)
			return i;
	return b->to;
}

/* What the other lines add to what the head said. */
static void capture_within(struct block *b, const struct lines *l)
{
	const struct rule *rule = b->rule;
	bool own[RULE_N_CAPTURES];

	for (size_t k = 0; k < RULE_N_CAPTURES; k++)
		own[k] = b->captures[k].len > 0;
	for (size_t i = b->from; i < b->to && rule->n_within > 0; i++)
		for (size_t p = 0; p < rule->n_within && i != b->head; p++) {
			struct str got[RULE_N_CAPTURES];

			if (!rule_regex_match(&rule->within[p], lines_text(l, i), got))
				continue;
			for (size_t k = 0; k < RULE_N_CAPTURES; k++)
				if (got[k].len > 0 && !own[k] &&
					(rule->within_last || b->captures[k].len == 0))
					b->captures[k] = got[k];
		}
}

/* Is the hit a part of the block that surrounds it? */
static bool is_part(const struct rule_hit *hit, struct str line, const struct block *outer)
{
	if (hit->rule == outer->rule)
		return rule_regex_match(&hit->rule->extent->goes_on, line, NULL) &&
		       !rule_regex_match(&hit->rule->extent->until, line, NULL);
	return hit->rule->weight <= outer->rule->weight;
}

void blocks_join(const struct lines *l, const struct rule_hit *hits, size_t n, struct blocks *ret)
{
	size_t open[DEPTH_MAX], n_open = 0; /* blocks that reach over the line at hand */

	for (size_t i = 0; i < n && ret->n < FINDINGS_MAX; i++) {
		const struct rule_hit *hit = &hits[i];
		bool part = false;

		while (n_open > 0 && ret->v[open[n_open - 1]].to <= hit->line)
			n_open--;
		for (size_t k = 0; k < n_open && !part; k++)
			part = ret->v[open[k]].to > hit->line &&
			       !(l->v[hit->line].level >= LINE_ERROR &&
				       hit->line >= ret->v[open[k]].counted) &&
			       is_part(hit, lines_text(l, hit->line), &ret->v[open[k]]);
		if (part || n_open == DEPTH_MAX)
			continue;

		struct block *b = blocks_add(ret);
		b->rule = hit->rule;
		b->head = hit->line;
		memcpy(b->captures, hit->captures, sizeof b->captures);
		measure(b, l, hit);
		if (b->to - b->from == 1 && hit->rule->alone_rule)
			b->rule = hit->rule->alone_rule;
		b->counted = counted_to(b, l);
		capture_within(b, l);
		open[n_open++] = ret->n - 1;
	}
}
