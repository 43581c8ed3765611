#ifndef EXPLAIN_GUESS_H
#define EXPLAIN_GUESS_H
/*
 * guess: what may have broken it when no rule knows a cause.
 *
 * Scripts of one's own say in their own words what is wrong and end with 1; all that rules know then is that
 * something ended badly. What was said right before is the best there is: with a baseline the last lines
 * before it that the baseline does not have, without one the last few lines.
 */
#include "explain/block.h"

/* More lines are not taken for one guess. */
#define GUESS_LINES_NEW 12
#define GUESS_LINES 4

/* Appends a block of guess_novel or guess_last, if rules found no cause. novelty: NULL when there is no baseline. */
void guess_block(const struct lines *l, const uint8_t *novelty, struct blocks *b);

extern const struct rule guess_novel, guess_last; /* told apart by their address */

#endif
