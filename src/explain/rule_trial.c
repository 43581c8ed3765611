/*
 * rule_trial: limits in front, small pieces behind.
 *
 * Measured (CPU time, vectorscan 5.4.9, patterns over bytes): what may be nothing is dear, because whatever is in front of it then meets whatever is behind:
 * nine of (.*\b.*){80}, written out, took 282 s. Within the limits 770 random sets of up to eight patterns of such parts took 475 ms at most;
 * eight of [ab].{0,100}[bc].{0,100}.. 390. The slowest of the rules in the program takes 90; they have 13 loose parts at most.
 *
 * A piece is so many lines that PIECE_BYTES are in it: each is scanned by itself, and only its hits are in memory. Blocks are followed in the whole
 * text, one by one.
 */
#include "explain/rule_trial.h"

#include "base/yaml.h"
#include "text/search_limit.h"

#include <stdlib.h>

#define PIECE_BYTES 65536

/* ---- limits ---- */

static enum err_code check_match(
	const struct rules *r, const struct rule *rule, struct search_size *sum, struct err *e)
{
	TRY(rule_patterns_check(r, rule, sum, e));
	if (sum->size > RULE_TRIAL_ALL_SIZE)
		return err_set(e, ERR_INVALID,
			"the patterns of match have more than %d characters together, once counts are "
			"written "
			"out; try fewer rules at once",
			RULE_TRIAL_ALL_SIZE);
	if (sum->loose > RULE_TRIAL_ALL_LOOSE)
		return err_set(e, ERR_INVALID,
			"the patterns of match have more than %d of *, ?, {..}, ^, $ and \\b together, once "
			"counts are written out; try fewer rules at once",
			RULE_TRIAL_ALL_LOOSE);
	return ERR_OK;
}

static size_t n_patterns_of(const struct rule *rule)
{
	const struct extent *x = rule->extent;

	return rule->n_patterns + rule->n_not + rule->n_within + (x->goes_on.text.len > 0) +
	       (x->until.text.len > 0) + (x->through.text.len > 0) + (x->before.text.len > 0);
}

static enum err_code check_limits(const struct rules *r, struct err *e)
{
	size_t n_patterns = 0, n_examples = 0;
	struct search_size sum = { 0 };

	if (r->n > RULE_TRIAL_RULES)
		return err_set(e, ERR_INVALID, "more than %d rules are not tried at once", RULE_TRIAL_RULES);
	for (size_t i = 0; i < r->n; i++) {
		n_patterns += n_patterns_of(&r->v[i]);
		n_examples += rule_n_examples(&r->v[i]);
		TRY(check_match(r, &r->v[i], &sum, e));
	}
	if (n_patterns > RULE_TRIAL_PATTERNS)
		return err_set(
			e, ERR_INVALID, "more than %d patterns are not tried at once", RULE_TRIAL_PATTERNS);
	if (n_examples > RULE_TRIAL_EXAMPLES)
		return err_set(
			e, ERR_INVALID, "more than %d examples are not tried at once", RULE_TRIAL_EXAMPLES);
	return ERR_OK;
}

static enum err_code load(struct rules *r, struct str yaml, struct err *e)
{
	if (yaml.len > RULE_TRIAL_TEXT_MAX)
		return err_set(e, ERR_INVALID, "must have at most %d bytes", RULE_TRIAL_TEXT_MAX);
	TRY(rules_add_default_extents(r, e));
	TRY(rules_add(r, "rule", yaml, e));
	TRY(check_limits(r, e));
	return rules_compile(r, NULL, e);
}

enum err_code rule_trial_load(struct str yaml, struct rules **ret, struct err *e)
{
	struct rules *r = rules_new();
	struct err why = { .code = ERR_OK };

	if (load(r, yaml, &why) != ERR_OK) {
		rules_free(r);
		return why.code >= ERR_INTERNAL ? err_set(e, why.code, "%s", why.text)
						: err_field(e, "rule", "%s", why.text);
	}
	*ret = r;
	return ERR_OK;
}

/* ---- trying ---- */

/* Lines [from, to) of l as lines of their own: a view, but for ret->v, which is the caller's to free. */
static void take_piece(const struct lines *l, size_t from, size_t to, struct lines *ret)
{
	size_t at = l->v[from].at, end = to < l->n ? l->v[to].at : l->text.len;

	*ret = (struct lines){ .log = l->log, .v = mem_alloc((to - from) * sizeof *ret->v), .n = to - from };
	ret->text = (struct buf){ .p = l->text.p + at, .len = end - at };
	for (size_t i = from; i < to; i++) {
		ret->v[i - from] = l->v[i];
		ret->v[i - from].at -= (uint32_t)at;
	}
}

static size_t piece_end(const struct lines *l, size_t from)
{
	size_t to = from + 1;

	while (to < l->n && l->v[to].at + (size_t)l->v[to].kept - l->v[from].at < PIECE_BYTES)
		to++;
	return to;
}

static bool tell(const struct rule_trial *trial, const struct lines *l, const struct rule_hit *hit)
{
	struct block head = { .rule = hit->rule, .from = hit->line, .to = hit->line + 1, .head = hit->line };
	AUTO_BLOCKS blocks = { 0 };
	bool more = true;

	if (trial->heads_only) {
		memcpy(head.captures, hit->captures, sizeof head.captures);
		return trial->each(trial->arg, l, &head);
	}
	blocks_join(l, hit, 1, &blocks);
	for (size_t i = 0; i < blocks.n && more; i++)
		more = trial->each(trial->arg, l, &blocks.v[i]);
	return more;
}

/* *ret_enough: no more is wanted; *ret_over: no more may be done. */
static enum err_code run_piece(struct rules *r, const struct lines *l, size_t from, size_t to,
	const struct rule_trial *trial, bool *ret_enough, bool *ret_over, struct err *e)
{
	struct rule_hit *hits = NULL;
	struct lines piece;
	enum err_code code;
	size_t n = 0;

	take_piece(l, from, to, &piece);
	code = rules_match(r, &piece, &hits, &n, e);
	for (size_t i = 0; code == ERR_OK && i < n && !*ret_enough && !*ret_over; i++) {
		hits[i].line += from;
		*ret_enough = !tell(trial, l, &hits[i]);
		*ret_over = !*ret_enough && !trial->may_go_on(trial->arg);
	}
	free(hits);
	free(piece.v);
	return code;
}

enum err_code rule_trial_run(
	struct rules *r, struct str text, const struct rule_trial *trial, bool *ret_complete, struct err *e)
{
	AUTO_LINES l = { 0 };
	bool enough = false, over = false;

	TRY(lines_init(&l, text, e));
	for (size_t from = 0, to; from < l.n && !enough && !over; from = to) {
		to = piece_end(&l, from);
		TRY(run_piece(r, &l, from, to, trial, &enough, &over, e));
		over = over || (to < l.n && !enough && !trial->may_go_on(trial->arg));
	}
	*ret_complete = !over;
	return ERR_OK;
}
