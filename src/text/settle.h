#ifndef TEXT_SETTLE_H
#define TEXT_SETTLE_H
/*
 * settle: what a terminal would show of a program's output, as lines.
 *
 * A program moves the cursor: carriage returns, backspaces, cursor moves and erases (ECMA-48 CUU CUD CUF CUB CNL
 * CPL CHA CUP HVP VPA ED EL ICH DCH ECH, ESC 7/8 and CSI s/u), tabs. Its lines end up as on a screen that has no
 * bottom and as many columns as are written. Of escapes only colours (SGR) and links (OSC 8) are kept; all others are
 * taken out, unfinished ones up to the end of their line too.
 *
 * Each line that is put out stands alone: it begins with the colours and the link that are in force where it begins,
 * if they are not the default, and ends with the default restored, if they are not then ("\x1b[0m", an
 * empty link). A line without any escape, when the default is in force, comes out as the bytes that went in.
 *
 * Lines are put out as soon as their line end is there, so that a reader can follow. A program that moves the
 * cursor up again changes lines that have been put out: then ret_undo says how many of the last ones (of all that were ever put
 * out, by earlier calls) are void, and out begins again with the first of these. Only the last SETTLE_BACK
 * lines that together have at most SETTLE_BACK_BYTES can be changed; a cursor that would go further up stays on the first of them.
 *
 * A line longer than SETTLE_LINE bytes is put out in pieces without a line end; what was put out of it stands, and a
 * carriage return then goes back to where the next piece begins.
 *
 * What comes out depends on the bytes that went in and not on how they were cut into calls (with undo applied).
 * One pass; text without control characters but LF is copied at the speed of memory.
 */
#include "base/buf.h"

#define SETTLE_BACK 100
#define SETTLE_BACK_BYTES (16 * 1024)
#define SETTLE_LINE (16 * 1024)

struct settle;

struct settle *settle_new(void);
void settle_free(struct settle *s); /* NULL is fine */
/*
 * text: valid UTF-8 without NUL (base/utf8.h), cut anywhere but inside a character. Lines that are complete are appended to out, each
 * with its "\n". Returns how many lines that earlier calls put out are void (0 nearly always).
 */
size_t settle_add(struct settle *s, struct str text, struct buf *out);
/* Nothing more comes: what stands on the last line without a line end is appended too, as it is. Undo as above. */
size_t settle_end(struct settle *s, struct buf *out);
/*
 * What is not put out yet, as text: added to a settle_new() that was given the last lines put out (settle_resume),
 * it leads to the same state. Empty when nothing is pending and the default is in force. Appended to out.
 */
void settle_save(const struct settle *s, struct buf *out);
/* A new one that goes on where another stopped: last lines that it had put out, in whole (the newest SETTLE_BACK are enough; fewer or
 * none: those in front cannot be changed), whether the last of them has no line end yet (a piece), and what settle_save wrote. */
struct settle *settle_resume(struct str last_lines, struct str saved);
/* Is there a character in text that settle would not just copy? For callers that can do without it. */
bool settle_is_plain(struct str text);

#endif
