#ifndef EXPLAIN_CONTEXT_TEXT_H
#define EXPLAIN_CONTEXT_TEXT_H
/*
 * context_text: the texts of a context, made visible: the lines of an error, and the end of a log without those of its lines that are told above.
 * Internal to context_*.c.
 */
#include "explain/context.h"

/* Lines of a log by their numbers, from 0; `to` excluded. */
struct context_range {
	int64_t from, to;
};
#define CONTEXT_RANGES_MAX (2 * CONTEXT_ERRORS_MAX) /* a head and an end of each error */

/* A line in a text that stands for others. */
struct context_mark {
	size_t at; /* where it begins */
	int64_t n; /* for so many */
};

struct context_text {
	struct str text; /* in the buffer it was made in */
	int64_t n_lines; /* of the log: shown, or stood for by a mark */
	struct context_mark marks[CONTEXT_RANGES_MAX];
	size_t n_marks;
};

/*
 * The end of the log of a step in place of what out held. Lines in ranges (sorted here) are left out, a line says so where they were. Nothing but
 * such a line is left: the text is empty.
 */
void context_tail(const struct step *s, int64_t first_line, struct context_range *ranges, size_t n,
	struct buf *out, struct context_text *ret);
/* The same of the end of such a text, from offset `at` on. */
int64_t context_lines_from(const struct context_text *t, size_t at);
int64_t context_marked_from(const struct context_text *t, size_t at); /* lines stood for */

/* How many lines of an error there are to show. */
int64_t context_block_lines(const struct context_error *x);
/* n of them in place of what out held: the first ones and, half as many, the last ones; a line between them says how many are not shown. */
void context_block(const struct context_error *x, int64_t n, struct buf *out);
/* All lines that the error has are shown by context_block() with all there are. */
bool context_block_is_whole(const struct context_error *x);
/* The lines that are then shown. Adds at most two; returns how many there are now. */
size_t context_block_ranges(const struct context_error *x, struct context_range *ranges, size_t n);

/* A ceiling for buffers of such texts which none reaches. */
size_t context_text_ceiling(const struct context_input *in);

#endif
