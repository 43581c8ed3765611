#ifndef EXPLAIN_BLOCK_H
#define EXPLAIN_BLOCK_H
/*
 * block: from lines that a rule matches to the things they belong to: a traceback with its frames, a compiler's
 * error with its notes and carets.
 *
 * A hit inside a block of another that is at least as sure is part of it, and so is one of the same rule that is
 * written like what goes on; any other is a block of its own, which the outer one still surrounds. So is a line that
 * the runner calls an error in the part of a block that does not count.
 */
#include "explain/rule.h"

struct block {
	const struct rule *rule; /* NULL: found by novelty */
	size_t from, to, head;   /* lines, to excluded */
	size_t counted; /* behind the last line that is the error itself; from there to `to` is context */
	struct str captures[RULE_N_CAPTURES]; /* views of the lines' text */
};

struct blocks {
	struct block *v; /* by head */
	size_t n, cap;
};

void blocks_done(struct blocks *b);
struct block *blocks_add(struct blocks *b);
/* Appends a block for each hit that is none of another's; at most FINDINGS_MAX. */
void blocks_join(const struct lines *l, const struct rule_hit *hits, size_t n, struct blocks *ret);

#define AUTO_BLOCKS __attribute__((cleanup(blocks_done))) struct blocks

#endif
