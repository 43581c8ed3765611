#ifndef TEXT_SETTLE_SCREEN_H
#define TEXT_SETTLE_SCREEN_H
/*
 * settle_screen: the lines that can still change, and a cursor among them. Part of settle.
 *
 * The lines are in settle_lines.h; what the cursor can reach of them is their window.
 */
#include "text/settle_lines.h"
#include "text/settle_pen.h"
#include "text/settle_row.h"

/* A terminal is taken to have so many columns, as Buildkite's agent and others set it, where it matters: the cursor
 * does not move further right but by writing. */
#define SETTLE_COLUMNS 160

struct settle_screen {
	struct settle_lines lines;
	size_t piece; /* bytes of the bottom line that were put out as pieces, which are not in lines any more */
	size_t n_ends; /* line ends there were, at most SETTLE_BACK */

	/* The cursor. At most one of up and below is not 0: lines above or below the bottom one. */
	size_t up, below, col;
	bool has_saved;
	size_t saved_line, saved_col; /* line of the terminal, from its top */

	struct settle_pen pen; /* what is written looks like this */
	struct buf pen_link;

	/* The bottom line while it was only appended to: lines has it without its return to the default. */
	bool appending;
	size_t n_cols; /* its cells */
	struct settle_pen tail;
	struct buf tail_link;

	bool open; /* the line the cursor is on is in row, and lines has it as it was */
	struct settle_row row;
};

void settle_screen_init(struct settle_screen *s);
void settle_screen_done(struct settle_screen *s);

/* A call begins: what is put out goes to out. */
void settle_screen_begin(struct settle_screen *s, struct buf *out);
/* It ends: all lines above the bottom one are put out. Returns how many of earlier calls are void. */
size_t settle_screen_flush(struct settle_screen *s);

/* Between calls: would text, as below, be put out as it is? Then it is noted, and not put out. */
bool settle_screen_pass(struct settle_screen *s, struct str text);

/* Text without control characters but LF and tab. */
void settle_screen_write(struct settle_screen *s, struct str text);
void settle_screen_line_feed(struct settle_screen *s); /* to the start of the next line */
void settle_screen_set_link(struct settle_screen *s, struct str link);

/* Cursor moves stay within the window, and within the columns there are. */
void settle_screen_up(struct settle_screen *s, size_t n);
void settle_screen_down(struct settle_screen *s, size_t n);
void settle_screen_column(struct settle_screen *s, size_t col);
void settle_screen_save_cursor(struct settle_screen *s);
void settle_screen_restore_cursor(struct settle_screen *s); /* nothing when none was saved */

bool settle_screen_line_is_empty(struct settle_screen *s); /* the one the cursor is on */
void settle_screen_erase_line(struct settle_screen *s);
void settle_screen_erase_chars(struct settle_screen *s, size_t from, size_t to); /* SIZE_MAX: to the end */
void settle_screen_delete_chars(struct settle_screen *s, size_t n);
void settle_screen_insert_chars(struct settle_screen *s, size_t n);
/* Whole lines of the window become empty. */
void settle_screen_erase_above(struct settle_screen *s);
void settle_screen_erase_below(struct settle_screen *s);

/* ---- for settle_save and settle_resume ---- */
/* The text of the bottom line as it would be put out. Not during a call. */
void settle_screen_bottom(const struct settle_screen *s, struct buf *out);
/* Takes lines that were put out as those above; the last may be a piece. New screens only. */
void settle_screen_load(struct settle_screen *s, struct str lines);
void settle_screen_keep(struct settle_screen *s, size_t n_lines); /* those in front cannot be changed */
size_t settle_screen_lines_below_max(const struct settle_screen *s);

#endif
