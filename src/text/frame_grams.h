#ifndef TEXT_FRAME_GRAMS_H
#define TEXT_FRAME_GRAMS_H
/*
 * frame_grams: which four-byte sequences ("grams") occur in a text, as a bitmap of hashes. Internal to frame_*.c.
 */
#include "base/arena.h"

#define FRAME_HASHES 16384u
#define FRAME_GRAMS_LEN (FRAME_HASHES / 8) /* of a bitmap; bit h % 8 of byte h / 8 is that of hash h */
#define FRAME_ASKED_MAX 32

/* The bitmap of text (memory of a). has_escapes: whether there are any to be taken out. */
struct str frame_grams_make(struct str text, bool has_escapes, struct arena *a);
/* The hashes that a text with this needle in it has. Returns how many. Of a long needle some, from all over it. */
size_t frame_grams_ask(struct str needle, uint16_t ret[FRAME_ASKED_MAX]);

#endif
