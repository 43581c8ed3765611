#ifndef TEXT_TAIL_H
#define TEXT_TAIL_H
/*
 * tail: the end of a text, cut where a reader would cut it.
 *
 * Line ends: CRLF is one, LF is one, a lone CR is none (a progress bar). A text that ends in a line end has
 * no empty line behind it.
 */
#include "base/buf.h"

/* CRLF becomes LF. Appended to out. */
void text_settle_line_ends(struct str text, struct buf *out);
/* Without one final "\n" (or "\r\n"), if it has one. Only one. */
struct str text_without_final_line_end(struct str text);
/* Number of lines; 0 for an empty text; the last one counts also without a line end. */
int64_t text_count_lines(struct str text);

struct tail {
	struct str text;       /* a view of the end of what was given */
	bool in_line;          /* text begins inside a line: that line is kept, in part */
	int64_t dropped_lines; /* gone in whole: with n_lines these are all there were */
	int64_t dropped_bytes; /* of these lines, and of the one that was cut */
	int64_t n_lines; /* in text, where an empty last line counts: its line end was taken off before */
};
/*
 * The last max_lines lines, at most max_bytes bytes of them, of valid UTF-8 without its final line end.
 * Begins at a line start where one lies within the limits; a single line over max_bytes is cut inside, never
 * in a character.
 */
struct tail text_tail(struct str text, int64_t max_lines, size_t max_bytes);

#endif
