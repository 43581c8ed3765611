#ifndef TEXT_ESCAPE_H
#define TEXT_ESCAPE_H
/*
 * escape: where the escape sequences of terminals are in a text (ECMA-48: CSI, OSC, DCS, SOS, PM, APC, charset and
 * two-byte ones, in their one-character forms too).
 */
#include "base/buf.h"

/* A sequence begins with one of these. */
#define ESCAPE_FIRST '\x1b'
#define ESCAPE_FIRST_C1 '\xc2' /* of the two bytes of U+0080-9F */

/* Behind the sequence that begins at i; i when none does. */
size_t escape_end(struct str s, size_t i);
/* s without its sequences, appended to out. */
void escape_take_out(struct str s, struct buf *out);

#endif
