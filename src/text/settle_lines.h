#ifndef TEXT_SETTLE_LINES_H
#define TEXT_SETTLE_LINES_H
/*
 * settle_lines: the lines that can still change, and which of them have been put out. Part of settle.
 *
 * The last line is the bottom one: it has no line end yet. Those above it have one, and are put out. When one of them
 * changes after that, it and those below are taken back: out of what this call has put out, or, beyond that, counted
 * in n_undo.
 *
 * The window is what a cursor can reach: the last SETTLE_BACK lines above the bottom one that have together at most
 * SETTLE_BACK_BYTES. Lines in front of it may be here too, until they are dropped. One that was dropped is final: the
 * window never moves up.
 */
#include "text/settle.h"

struct settle_lines {
	struct buf text; /* lines with their ends, and the bottom one */
	size_t bottom;   /* where the bottom one begins in text */
	size_t put;      /* text in front of this has been put out */
	size_t front;    /* bytes of the line that was dropped last; 0: none was */

	struct buf *out; /* during a call */
	size_t out_start, n_undo;
};

void settle_lines_init(struct settle_lines *l);
void settle_lines_done(struct settle_lines *l);

/* A call begins: what is put out goes to out. It ends: returns how many lines that earlier ones put out are void. */
void settle_lines_begin(struct settle_lines *l, struct buf *out);
size_t settle_lines_end(struct settle_lines *l);

/* text[from..to); empty when that is the wrong way round. */
struct str settle_lines_part(const struct settle_lines *l, size_t from, size_t to);
/* Where the line begins whose line end is in front of `end`. */
size_t settle_lines_start(const struct settle_lines *l, size_t end);
size_t settle_lines_window(const struct settle_lines *l); /* where it begins */
size_t settle_lines_count(struct str text);               /* line ends in it */

/* Text in front of `end` is put out, if it is not yet. */
void settle_lines_put(struct settle_lines *l, size_t end);
/* The same, and it is final: lines in front of at, the start of one, are forgotten. */
void settle_lines_drop(struct settle_lines *l, size_t at);
/* text[at..end), from the start of a line to the end of one or of the text, becomes `with`. */
void settle_lines_replace(struct settle_lines *l, size_t at, size_t end, struct str with);
/* text[at..end) keeps its line ends and nothing else. */
void settle_lines_blank(struct settle_lines *l, size_t at, size_t end);

#endif
