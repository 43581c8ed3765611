#ifndef TEXT_TERMINAL_H
#define TEXT_TERMINAL_H
/*
 * terminal: a line of a log as it may go to the terminal of whoever reads it.
 *
 * Log text is hostile, and what stands in a terminal's input is a program: a sequence may set the title, write
 * over what is above, answer as if typed, put text on the clipboard. Of all of them two are let through, and
 * these are not copied but understood and written anew: colours and styles (SGR, but for the one that hides
 * text), and links (OSC 8) to http: and https: addresses. All others are taken out, and control, bidi and
 * invisible characters are shown as \u{..}, as text/visible.h does.
 *
 * The server settles text before it keeps it, so nothing of this changes what an honest one sends. It is done
 * again here, because a terminal should not have to trust whatever answers at a URL.
 */
#include "base/buf.h"

/*
 * line: one line without its line end, or a piece of one, not cut inside a sequence; valid UTF-8 (else U+FFFD).
 * colours: keep colours and links; without, no escape comes out. Appended to out, at most 25 times as long. What
 * is appended begins and ends with the terminal's default look. A line with a carriage return in it is as text_visible() shows
 * it, without colours. Plain ASCII is copied.
 */
void text_terminal(struct str line, bool colours, struct buf *out);

#endif
