#ifndef TEXT_SETTLE_PEN_H
#define TEXT_SETTLE_PEN_H
/*
 * settle_pen: how a character looks on a terminal: its colours and styles (SGR of ECMA-48 8.3.117, with the 256 and
 * RGB colours of ISO 8613-6 in both spellings) and its link (OSC 8). Part of settle.
 *
 * Many sequences lead to the same look; settle_pen_change() writes one of them, always the same. So text that looks
 * the same is the same bytes.
 */
#include "base/buf.h"

#define SETTLE_PEN_LINK_MAX 2083 /* bytes of an address; the limit of other terminals, taken from browsers */

struct settle_pen { /* all zero: the default */
	uint32_t
		style; /* bit n: SGR n is on; bold 1, faint 2, italic 3, underline 4, blink 5, inverse 7, ... */
	uint32_t fg, bg;
	struct str link; /* borrowed */
};

bool settle_pen_is_default(const struct settle_pen *p);
bool settle_pen_eq(const struct settle_pen *a, const struct settle_pen *b);
/* params: what stands between CSI and "m". What is unknown in it changes nothing. */
void settle_pen_sgr(struct settle_pen *p, struct str params);
/* osc: what stands between OSC and its end. False when it is no link; an empty *ret_link ends one. A view of osc. */
bool settle_pen_link(struct str osc, struct str *ret_link);
/* What leads from one to the other, appended to out, if there is one. Returns its length. */
size_t settle_pen_change(const struct settle_pen *from, const struct settle_pen *to, struct buf *out);
/* A copy whose link is held in own. */
void settle_pen_copy(struct settle_pen *to, const struct settle_pen *from, struct buf *own);

#endif
