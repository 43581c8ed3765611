/* guess: from the line that says that it ended badly, backwards. */
#include "explain/guess.h"

#include "explain/novelty.h"

#define LOOK_BACK 200  /* lines, for one that is new */
#define SURE_ENOUGH 40 /* a cause of this weight needs no guess beside it */
#define TELLS_MORE 60  /* a consequence of this weight has the message of its cause */
#define CLUSTER 3      /* lines between two consequences that say the same */

static struct extent nothing_more = { .none = true };

const struct rule guess_novel = { .severity = SEVERITY_ERROR,
	.role = ERROR_CAUSE,
	.class = CLASS_UNKNOWN,
	.weight = 50,
	.alone = 50,
	.extent = &nothing_more };
const struct rule guess_last = { .severity = SEVERITY_ERROR,
	.role = ERROR_CAUSE,
	.class = CLASS_UNKNOWN,
	.weight = 46,
	.alone = 46,
	.extent = &nothing_more };

static bool is_new(const uint8_t *novelty, size_t i)
{
	return !novelty || novelty[i] >= NOVELTY_MORE;
}

static bool has_cause(const uint8_t *novelty, const struct blocks *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct rule *rule = b->v[i].rule;

		if (rule->weight >= (rule->role == ERROR_CAUSE ? SURE_ENOUGH : TELLS_MORE) &&
			rule->role != ERROR_CONTEXT && is_new(novelty, b->v[i].head))
			return true;
	}
	return false;
}

/* The line that first says that it ended badly, of the last ones that do. False: none does. */
static bool find_end(const uint8_t *novelty, const struct blocks *b, size_t *ret)
{
	bool found = false;

	for (size_t i = b->n; i-- > 0;) {
		const struct block *x = &b->v[i];

		if (x->rule->role != ERROR_CONSEQUENCE || !is_new(novelty, x->head))
			continue;
		if (found && x->to + CLUSTER < *ret)
			break;
		*ret = x->from;
		found = true;
	}
	return found;
}

/* Marks of the runner and what it shows of scripts were not said by what broke. */
static bool is_said(const struct lines *l, size_t i)
{
	return !lines_is_blank(l, i) && !l->v[i].echoed && !str_starts(lines_text(l, i), STR("##["));
}

static void add(struct blocks *b, const struct rule *rule, size_t from, size_t to)
{
	struct block *x = blocks_add(b);

	*x = (struct block){ .rule = rule, .from = from, .to = to, .head = from, .counted = to };
}

static void add_new_lines(const struct lines *l, const uint8_t *novelty, size_t end, struct blocks *b)
{
	size_t to = end, from;

	while (to > 0 && end - to < LOOK_BACK && !(novelty[to - 1] == NOVELTY_NEW && is_said(l, to - 1)))
		to--;
	for (from = to; from > 0 && to - from < GUESS_LINES_NEW; from--)
		if (novelty[from - 1] != NOVELTY_NEW || !is_said(l, from - 1))
			break;
	if (from < to)
		add(b, &guess_novel, from, to);
}

static void add_last_lines(const struct lines *l, size_t end, struct blocks *b)
{
	size_t to = end, from;

	while (to > 0 && lines_is_blank(l, to - 1))
		to--;
	for (from = to; from > 0 && to - from < GUESS_LINES && is_said(l, from - 1);)
		from--;
	if (from < to)
		add(b, &guess_last, from, to);
}

void guess_block(const struct lines *l, const uint8_t *novelty, struct blocks *b)
{
	size_t end = l->n;

	if (has_cause(novelty, b))
		return;
	if (novelty) {
		(void)find_end(novelty, b, &end);
		add_new_lines(l, novelty, end, b);
	} else if (find_end(novelty, b, &end)) {
		add_last_lines(l, end, b);
	}
}
