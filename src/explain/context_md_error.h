#ifndef EXPLAIN_CONTEXT_MD_ERROR_H
#define EXPLAIN_CONTEXT_MD_ERROR_H
/*
 * context_md_error: what an error is, in a few lines of Markdown: what broke where, new or known since when, what to do, where its lines are.
 * Internal to context_md.c.
 */
#include "explain/context_plan.h"

/* Appended to out; the lines of the error themselves are another piece. All that is not ours stands in code spans, cut. */
void md_error(const struct context_input *in, const struct piece *x, struct buf *out);

#endif
