#ifndef TEXT_FRAME_GRAMS_H
#define TEXT_FRAME_GRAMS_H
/*
 * frame_grams: which three-byte sequences occur in a text, as a bitmap of hashes. Internal to frame_*.c.
 *
 * A bitmap is 2^k bytes, FRAME_GRAMS_MIN to FRAME_GRAMS_MAX.
 */
#include "base/arena.h"

#define FRAME_GRAMS_MIN 64
#define FRAME_GRAMS_MAX 8192

/* The bitmap of text (memory of a). has_escapes: whether there are any to be taken out. */
struct str frame_grams_make(struct str text, bool has_escapes, struct arena *a);

#endif
