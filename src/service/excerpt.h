#ifndef SERVICE_EXCERPT_H
#define SERVICE_EXCERPT_H
/*
 * excerpt: the lines of an error out of the text of its step, for a context: all of them, or of many the first and the last ones
 * (CONTEXT_BLOCK_HEAD, CONTEXT_BLOCK_END), each cut to EXCERPT_LINE_MAX bytes. Lines that are not in the text are left out, and what is behind them.
 *
 * Sets head, end, n_head, n_end and cut of the error it is given; n_head is 0 when there is nothing. Memory of a.
 */
#include "explain/context.h"
#include "service/line_reader.h"

#define EXCERPT_LINE_MAX 1000

/* first_line: number of the first line of text, from 0. */
void excerpt_from_text(struct str text, int64_t first_line, struct context_error *x, struct arena *a);
/* Reads only frames that have some of the lines. Errors are those of log_view_text(). */
MUST_CHECK enum err_code excerpt_from_log(
	struct line_reader *r, struct context_error *x, struct arena *a, struct err *e);

#endif
