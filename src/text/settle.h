#ifndef TEXT_SETTLE_H
#define TEXT_SETTLE_H
/*
 * settle: what a terminal would show of a program's output, as lines.
 *
 * A program moves the cursor: carriage returns, backspaces, cursor moves and erases (ECMA-48 CUU CUD CUF CUB CNL
 * CPL CHA CUP HVP VPA ED EL ICH DCH ECH, ESC 7/8 and CSI s/u), tabs. Its lines end up as on a screen that has no
 * bottom and as many columns as are written. Of escapes only colours (SGR) and links (OSC 8) are kept; all others are
 * taken out, unfinished ones up to the end of their line too, and so are other control characters.
 *
 * How high the screen was is not known, so a move to an absolute line (CUP, VPA) goes to the next line, if
 * something stands on this one: nothing is written over by mistake.
 *
 * Each line that is put out stands alone: it begins with the colours and the link that are in force where its text
 * begins, if they are not the default, and ends with the default restored, if they are not then ("\x1b[0m", an
 * empty link). A line without any escape, when the default is in force, comes out as the bytes that went in.
 *
 * Lines are put out as soon as their line end is there, so that a reader can follow. A program that moves the
 * cursor up again changes lines that have been put out: then the value returned says how many of the last ones (of
 * all that were ever put out, by earlier calls) are void, and out begins again with the first of these. Only the last
 * SETTLE_BACK lines that together (the one the cursor is on aside) have at most SETTLE_BACK_BYTES can be changed; a
 * cursor that would go further up stays on the first of them.
 *
 * A line longer than SETTLE_LINE bytes is put out in pieces without a line end; what was put out of it stands, as
 * does all before it, and a carriage return then goes back to where the next piece begins. A line further up that
 * becomes too long goes on as a new last line.
 *
 * A character is one cell wide but for marks that combine with the one before (settle_row.h); a tab is one cell.
 *
 * What comes out depends on the bytes that went in and not on how they were cut into calls (with undo applied).
 * One pass; text without control characters but LF is copied at the speed of memory. Memory is bounded, some hundred
 * KiB. Not for two threads at once.
 */
#include "base/buf.h"

#define SETTLE_BACK 100
#define SETTLE_BACK_BYTES (16 * 1024)
#define SETTLE_LINE (16 * 1024)

struct settle;

struct settle *settle_new(void);
void settle_free(struct settle *s); /* NULL is fine */
/*
 * text: valid UTF-8 without NUL (base/utf8.h), cut anywhere but inside a character. Lines that are complete are
 * appended to out, each with its "\n". Returns how many lines that earlier calls put out are void (0 nearly always).
 * Programs that redraw may put out the same lines again in each call: out has at most those and what is new.
 */
size_t settle_add(struct settle *s, struct str text, struct buf *out);
/*
 * The same for a text that settle_is_plain(): true when nothing is void and what comes out is text itself, which nobody then has to copy. False:
 * nothing was added.
 */
bool settle_pass(struct settle *s, struct str text);
/* The same for any text that settle_is_plain(), which then need not be looked through again. */
size_t settle_add_plain(struct settle *s, struct str text, struct buf *out);
/* Nothing more comes: what stands on the last line without a line end is appended too, as it is. Undo as above. */
size_t settle_end(struct settle *s, struct buf *out);
/*
 * What is not put out yet, as text without a line end, and where the cursor is if that is not at its end: given to
 * settle_resume() it leads to the same state. Empty when nothing is pending and the default is in force. Appended to
 * out; at most some 40 KiB. For settle_resume() alone: it begins with a sequence of our own when it has to.
 */
void settle_save(const struct settle *s, struct buf *out);
/*
 * A new one that goes on where another stopped. last_lines: what it had put out at last, undo applied, in whole lines
 * (the newest SETTLE_BACK are enough, all are fine; fewer or none: those in front cannot be changed). When it ends
 * without a line end, the last of it is a piece. saved: what settle_save() wrote.
 */
struct settle *settle_resume(struct str last_lines, struct str saved);
/* Is there no character in text that settle would not just copy? For callers that can do without it. */
bool settle_is_plain(struct str text);

#endif
