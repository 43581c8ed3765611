#ifndef TEXT_STYLED_H
#define TEXT_STYLED_H
/*
 * styled: a line of a log as pieces of text that look alike, for whoever shows it: a terminal (terminal.h), a page.
 *
 * Of all sequences two are understood: colours and styles (SGR, but for the one that hides text), and links (OSC 8) to
 * http: and https: addresses of printable ASCII; a link to elsewhere is none. All others are left out. The pieces are the text
 * between sequences as it stands: control, bidi and invisible characters are for the caller to show (visible.h).
 */
#include "text/settle_pen.h"

typedef void styled_fn(void *arg, const struct settle_pen *look, struct str text); /* text is not empty */

/* line: without its line end. Each line begins with the default look. look->link is a view of line. */
void text_styled(struct str line, styled_fn *each, void *arg);

#endif
