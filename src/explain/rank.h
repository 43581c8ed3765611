#ifndef EXPLAIN_RANK_H
#define EXPLAIN_RANK_H
/*
 * rank: which of the blocks broke it, best first.
 *
 * One score of 0 to 1000 a block, that can be said in words: how sure its rule is, less when it is a consequence, less
 * when the baseline has its lines too, less when many lines of the log are like it and when the log goes
 * on for long behind it. Blocks of about the same score stand in the order of the log, because what broke first
 * broke the rest. What is far below the best is not needed, and dropped.
 */
#include "explain/block.h"
#include "explain/novelty.h"

struct rank_input {
	const struct lines *lines;
	const uint64_t *digests; /* of the lines */
	const uint8_t *novelty;  /* of each line; NULL: no baseline */
	const struct blocks *blocks;
	const size_t *ends; /* set by rank_blocks: blocks that end a run */
	size_t n_ends;
};

/* Appends to ret what is kept of the blocks, best first. Views of the lines are copied. */
void rank_blocks(const struct rank_input *in, struct findings *ret);

#endif
