#ifndef SERVICE_FOLLOW_RING_H
#define SERVICE_FOLLOW_RING_H
/*
 * follow_ring: the newest lines of a log that grows, about FOLLOW_RING bytes of them. Internal to follow*.c; its owner's lock guards it.
 */
#include "base/buf.h"

struct ring_line {
	int64_t at_ms;
	size_t at, len; /* in text; without its end; of a very long one the beginning */
};

struct follow_ring {
	int64_t first; /* number of the first line in it */
	size_t n;
	/* follow_ring.c's */
	struct buf text;
	struct buf lines; /* struct ring_line; the first `gone` of them have left */
	size_t gone;
	struct buf partial; /* the beginning of line first + n, which has no end yet */
};

void follow_ring_init(struct follow_ring *r);
void follow_ring_done(struct follow_ring *r);
/* Empty, and line `first` is the next. */
void follow_ring_reset(struct follow_ring *r, int64_t first);
/* Lines from this number on are void; it is the next then. */
void follow_ring_cut(struct follow_ring *r, int64_t number);
/* Text that goes on where the last one stopped. */
void follow_ring_add(struct follow_ring *r, struct str text, int64_t at_ms);
/* The last line will have no end: it is one now. */
void follow_ring_end(struct follow_ring *r, int64_t at_ms);
/* Line first + i. The text is good until the ring changes. */
struct str follow_ring_get(const struct follow_ring *r, size_t i, int64_t *ret_at_ms);

#endif
