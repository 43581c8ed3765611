/*
 * rank: the score, the selection, and the finding made of what is kept.
 *
 * Every number that decides stands in the table below; tools/accuracy measures what a change of one does.
 */
#include "explain/rank.h"

#include "explain/fingerprint.h"
#include "explain/guess.h"

#include <stdlib.h>

/* Parts of a thousand. */
enum {
	NEW_UNSURE = 1600, /* not in the baseline: of rules that are not sure */
	TOLERATED = 300,   /* its tool ended after it, and ran again */
	KNOWN = 60,        /* the baseline has its head, where it was */
	MOVED = 200,       /* ... elsewhere, as often */
	MORE = 750,        /* ... but not so often */
	KNOWN_BODY = 600,  /* the head is known and most of the rest is not */
	OFTEN = 700,       /* many lines of the log are like it; of rules that are not sure */
	FAR = 400,         /* at the start of the log; of rules that are not sure */
	KEEP = 450,        /* of the best: what has less is not needed */
	CHEAP = 300,       /* of the best: what has less is not even kept when it takes few lines */
	CHEAP_LINES = 500, /* of the lines that are needed: as many may be added by what is not */
	STEP = 50,         /* scores in one such step are about the same */
};
#define STATED 700 /* at least this has what the runner's own column calls an error */
#define SURE 700   /* from which on neither place nor number count against it */
/* Of what is no more than a word that errors have too, the few nearest to the end. */
#define WEAK 300
#define WEAK_MOST 5
#define OFTEN_LINES 5
#define RANK_ENDS_MAX 16

struct rated {
	const struct block *block;
	int score;
	int step;            /* scores that are about the same have one */
	const char *novelty; /* what the baseline says, NULL: nothing */
	bool often, far, tolerated;
};

static int part(int score, int of_thousand)
{
	return score * of_thousand / 1000;
}

/* How many lines of the block the baseline does not have. */
static size_t new_lines(const struct rank_input *in, const struct block *b)
{
	size_t n = 0;

	for (size_t i = b->from; i < b->to; i++)
		n += in->novelty[i] >= NOVELTY_MORE;
	return n;
}

static int rate_novelty(const struct rank_input *in, struct rated *r)
{
	const struct block *b = r->block;
	enum novelty head = in->novelty[b->head];

	if (head == NOVELTY_NEW) {
		r->novelty = "not in the baseline";
		return r->score < SURE && b->rule->role == ERROR_CAUSE ? NEW_UNSURE : 1000;
	}
	if (head == NOVELTY_MORE) {
		r->novelty = "more often than in the baseline";
		return MORE;
	}
	if (2 * new_lines(in, b) > b->to - b->from) {
		r->novelty = "lines of it are not in the baseline";
		return KNOWN_BODY;
	}
	r->novelty = "in the baseline too";
	return head == NOVELTY_MOVED ? MOVED : KNOWN;
}

static int rate_place(const struct rank_input *in, const struct census *census, struct rated *r)
{
	const struct block *b = r->block;
	const struct census_row *same = census_find(census, in->digests[b->head]);
	size_t n = in->lines->n, last = b->to - 1;
	int factor = 1000;

	if (r->score >= SURE || b->rule == &guess_last) /* which stands where it ended */
		return factor;
	r->often = same && same->n > OFTEN_LINES;
	if (r->often)
		factor = part(factor, OFTEN);
	r->far = 4 * (n - last) > 3 * n;
	return part(factor, FAR + (int)((1000 - FAR) * last / n));
}

/* Did the block's tool end behind it, and then once more? Then the first end broke nothing. */
static bool is_tolerated(const struct rank_input *in, const struct block *b)
{
	const struct blocks *all = in->blocks;
	unsigned n = 0;

	for (size_t i = 0; i < in->n_ends && n < 2; i++) {
		const struct block *end = &all->v[in->ends[i]];

		if (end->head <= b->head)
			continue;
		for (size_t k = 0; k < end->rule->n_ends; k++)
			n += str_eq(end->rule->ends[k], b->rule->tool);
	}
	return n > 1;
}

static struct rated rate(const struct rank_input *in, const struct census *census, const struct block *b)
{
	bool alone = b->to == b->from + 1;
	struct rated r = { .block = b, .score = 10 * (int)(alone ? b->rule->alone : b->rule->weight) };

	if (in->lines->v[b->head].level >= LINE_ERROR && r.score < STATED)
		r.score = STATED;
	if (in->novelty)
		r.score = part(r.score, rate_novelty(in, &r));
	else
		r.score = part(r.score, rate_place(in, census, &r));
	r.tolerated = !in->novelty && is_tolerated(in, b);
	if (r.tolerated)
		r.score = part(r.score, TOLERATED);
	r.step = r.score / STEP;
	return r;
}

static int by_score(const void *a, const void *b)
{
	const struct rated *x = a, *y = b;

	if (x->step != y->step)
		return x->step > y->step ? -1 : 1;
	if (x->score < WEAK) /* nobody knows what broke it: what stands last is the best guess */
		return x->block->head > y->block->head ? -1 : x->block->head < y->block->head;
	return x->block->head < y->block->head ? -1 : x->block->head > y->block->head;
}

/* ---- what is said about it ---- */

static struct str why(struct findings *list, const struct rated *r)
{
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	buf_fmt(&text, "weight %lld", (long long)r->block->rule->weight);
	if (r->block->rule->role == ERROR_CONSEQUENCE)
		buf_z(&text, ", a consequence");
	if (r->novelty)
		buf_fmt(&text, ", %s", r->novelty);
	if (r->tolerated)
		buf_z(&text, ", its tool ended and ran again");
	if (r->often)
		buf_z(&text, ", many lines like it");
	if (r->far)
		buf_z(&text, ", far from the end");
	return findings_keep(list, buf_view(&text));
}

static int64_t number(struct str s)
{
	int64_t n = 0;

	return str_to_int(s, &n) && n > 0 ? n : 0;
}

static void place(const struct lines *l, size_t from, size_t to, struct finding *f)
{
	f->from = from;
	f->to = to;
	f->start_byte = l->v[from].start;
	f->end_byte = (size_t)l->v[to - 1].start + l->v[to - 1].len;
}

/* A rule knows that a test failed or a program crashed; its message and its code may know more. */
static enum error_class class_of(const struct block *b)
{
	static const struct {
		const char *word;
		enum error_class class;
	} rows[] = {
#define CLASS_OF(word, class) { word, CLASS_##class },
#include "explain/class_of.tbl"
#undef CLASS_OF
	};
	struct str code = b->captures[RULE_CODE];
	enum error_class class = b->rule->class;

	if (class != CLASS_TEST && class != CLASS_CRASH && class != CLASS_UNKNOWN && class != CLASS_CONFIG)
		return class;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_find_str(code, str_z(rows[i].word)) < code.len)
			return rows[i].class;
	return class == CLASS_TEST && code.len == 0 && b->captures[RULE_MESSAGE].len > 0 ? CLASS_ASSERTION
											 : class;
}

static void describe(const struct lines *l, const struct rated *r, struct findings *list, struct finding *f)
{
	const struct block *b = r->block;
	const struct rule *rule = b->rule;
	struct str message = b->captures[RULE_MESSAGE];

	f->head = b->head;
	f->role = rule->role;
	f->class = class_of(b);
	f->severity = rule->severity;
	f->by = rule == &guess_novel ? FOUND_BY_NOVELTY : rule == &guess_last ? FOUND_BY_LAST : FOUND_BY_RULE;
	f->rule = findings_keep(list, rule->id);
	f->advice = findings_keep(list, rule->advice);
	f->tool = findings_keep(list, b->captures[RULE_TOOL].len > 0 ? b->captures[RULE_TOOL] : rule->tool);
	f->file = findings_keep_message(list, b->captures[RULE_FILE]);
	f->line = number(b->captures[RULE_LINE]);
	f->col = number(b->captures[RULE_COL]);
	f->code = findings_keep_message(list, b->captures[RULE_CODE]);
	f->test = findings_keep_message(list, str_trim(b->captures[RULE_TEST]));
	f->message =
		findings_keep_message(list, str_trim(message.len > 0 ? message : lines_text(l, b->head)));
	f->score = r->score;
	f->why = why(list, r);
	fingerprint_set(list, f);
}

static void add_finding(const struct lines *l, const struct rated *r, struct findings *list)
{
	const struct block *b = r->block;
	struct finding *f = findings_add(list);

	if (!f)
		return;
	place(l, b->from, b->counted, f);
	describe(l, r, list, f);
	if (b->counted == b->to)
		return;
	struct finding head = *f;
	f = findings_add(list);
	if (!f)
		return;
	*f = head;
	place(l, b->counted, b->to, f);
	f->head = b->counted;
	f->role = ERROR_CONTEXT;
}

/* Rules that say so many are enough. */
static bool is_over_limit(const struct rule *rule, const struct rated *v, size_t n)
{
	int64_t same = 0;

	for (size_t i = 0; rule->limit > 0 && i < n; i++)
		same += v[i].block->rule == rule;
	return rule->limit > 0 && same >= rule->limit;
}

/* What is needed, then what else a reader gets for few lines more. */
static void add_findings(const struct lines *l, const struct rated *v, size_t n, struct findings *ret)
{
	size_t needed = 0, cheap = 0, i;

	for (i = 0; i < n && 1000 * v[i].score >= KEEP * v[0].score; i++) {
		if (is_over_limit(v[i].block->rule, v, i) || (v[i].score < WEAK && i >= WEAK_MOST))
			continue;
		add_finding(l, &v[i], ret);
		needed += v[i].block->counted - v[i].block->from;
	}
	for (; i < n && 1000 * v[i].score >= CHEAP * v[0].score; i++) {
		cheap += v[i].block->counted - v[i].block->from;
		if (1000 * cheap > CHEAP_LINES * needed)
			return;
		if (v[i].block->rule->role == ERROR_CONSEQUENCE)
			add_finding(l, &v[i], ret);
	}
}

/* The last ends of runs: more of them than these say nothing new. */
static void find_ends(struct rank_input *in, size_t ends[RANK_ENDS_MAX])
{
	for (size_t i = in->blocks->n; i-- > 0 && in->n_ends < RANK_ENDS_MAX;)
		if (in->blocks->v[i].rule->n_ends > 0)
			ends[in->n_ends++] = i;
	in->ends = ends;
}

void rank_blocks(const struct rank_input *given, struct findings *ret)
{
	struct rank_input copy = *given;
	const struct rank_input *in = &copy;
	size_t ends[RANK_ENDS_MAX];

	size_t n = in->blocks->n;
	struct rated *v = mem_alloc(n * sizeof *v);
	struct census census;

	find_ends(&copy, ends);
	census_init(&census, in->digests, in->lines->n);
	for (size_t i = 0; i < n; i++)
		v[i] = rate(in, &census, &in->blocks->v[i]);
	if (n > 0)
		qsort(v, n, sizeof *v, by_score);
	add_findings(in->lines, v, n, ret);
	census_done(&census);
	free(v);
}
