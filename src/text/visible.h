#ifndef TEXT_VISIBLE_H
#define TEXT_VISIBLE_H
/*
 * visible: hostile text made harmless to look at, in a fence or a terminal.
 *
 * Escape sequences (ECMA-48 CSI, OSC, DCS, SOS, PM, APC, charset and two-byte ones, unfinished ones too) are
 * removed; what is left of control characters (C0 but TAB and LF, DEL, C1), bidi controls (U+061C, U+200E-F,
 * U+202A-E, U+2066-9), zero-width and other invisible characters (U+200B-D, U+2060-4, U+FEFF, U+00AD,
 * U+2028-9, tags U+E0000-7F, variation selectors supplement) is shown as \u{..}. (Unicode TR 36 and "Trojan
 * Source", CVE-2021-42574.) A lone CR shows what a terminal would: what comes behind it is written over the
 * line from its start, one column a character, and of what stood there the rest stays, unless it is erased (EL).
 * A CR or an erasure at the end of a line is dropped itself.
 */
#include "base/buf.h"

/* Appended to out. text is valid UTF-8 (else U+FFFD). One pass, linear. */
void text_visible(struct str text, struct buf *out);
/* As above for a name in a heading or a table: line ends and tabs are shown as \u{..} too, at most max_bytes
 * in all, the last three of them "..." when it was cut. */
void text_visible_name(struct str name, size_t max_bytes, struct buf *out);
/* Length of the longest run of c in text. */
size_t text_longest_run(struct str text, char c);

#endif
