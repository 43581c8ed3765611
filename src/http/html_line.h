#ifndef HTTP_HTML_LINE_H
#define HTTP_HTML_LINE_H
/*
 * html_line: a line of a log in a page, with its colours and links.
 *
 * Looks are classes, because the pages' Content-Security-Policy allows no style in an element; tools/gen_style.py writes the rules of the colours, for light
 * and dark. fN and gN: number N of the palette of 256, as foreground and background (true colours become the nearest of its cube and greys); k: beside fN,
 * a background is set; fi and gi: the page's own two colours, swapped; bold faint italic under strike. Blinking is not shown. Links (OSC 8) are <a>.
 */
#include "http/html.h"

/* line: without its line end, as text/terminal.h has it. Text and elements are balanced, whatever it is. */
void html_line(struct html *h, struct str line);
/* The number in the palette of 256 that is nearest to 0xrrggbb, from 16 up: the first sixteen are each terminal's own. */
unsigned html_line_nearest(uint32_t rgb);

#endif
