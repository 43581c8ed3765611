#ifndef TEXT_SETTLE_ROW_H
#define TEXT_SETTLE_ROW_H
/*
 * settle_row: a line of a terminal as cells, to write and erase anywhere in it. Part of settle.
 *
 * A row is loaded from the text of a line and stored as such again: the same cells give the same text. A cell is one
 * code point, whatever its width on a screen, and the marks that combine with it. A tab is one cell too: that is
 * how it survives.
 *
 * The text of a row never gets longer than SETTLE_ROW_MAX: what writes says false instead and changes nothing.
 */
#include "base/arena.h"
#include "text/settle_pen.h"

#define SETTLE_ROW_MAX (16 * 1024)

struct settle_cell {
	uint32_t at, len; /* its characters, in pool */
	uint32_t pen;     /* in pens */
};

struct settle_row {
	size_t n; /* cells */
	/* The rest is settle_row.c's. */
	struct settle_cell *cells;
	size_t cells_cap;
	struct buf pool;
	struct settle_pen *pens; /* the first is the default */
	size_t n_pens, pens_cap;
	struct arena links;
	size_t size; /* bytes of its text */
};

void settle_row_init(struct settle_row *r);
void settle_row_done(struct settle_row *r);
/* text: a line without its end, as settle_row_store() and settle write it. */
void settle_row_load(struct settle_row *r, struct str text);
/* Its text, appended; it ends with the default look. */
void settle_row_store(const struct settle_row *r, struct buf *out);

/* Writes a character over the cell at col; what is missing in front of it becomes blanks. */
bool settle_row_write(struct settle_row *r, size_t col, struct str chars, const struct settle_pen *pen);
/* Adds a mark to the cell at col, which is there. */
bool settle_row_mark(struct settle_row *r, size_t col, struct str mark);
/* Cells from..to-1 become blanks; those at the end of the row go. */
void settle_row_erase(struct settle_row *r, size_t from, size_t to);
void settle_row_delete(struct settle_row *r, size_t col, size_t n); /* those behind move up */
void settle_row_insert(struct settle_row *r, size_t col, size_t n); /* blanks; what gets too far right goes */

/* Does it stick to the character before? Marks of most scripts in use, joiners and selectors; not a full table. */
bool settle_row_is_mark(uint32_t code);
/* Bytes of the character that text begins with, at least 1, and its code point. */
size_t settle_row_char(struct str text, uint32_t *ret_code);
/* How many cells the text of a line has. */
size_t settle_row_cells(struct str text);

#endif
