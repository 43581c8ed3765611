#ifndef AGENT_RING_H
#define AGENT_RING_H
/*
 * ring: the last bytes of a text of any length, and how much went before them.
 *
 * Not really a ring: a buffer of twice the size, whose newer half moves to the front when it is full. Each
 * byte moves once at most, and what is kept lies in one piece. Memory does not depend on the length of the
 * text.
 */
#include "base/str.h"

struct ring {
	char *p;
	size_t keep, len;
	int64_t gone_bytes, gone_lines; /* bytes, and line ends in them, that are no longer in p */
	char last_gone;
};

struct ring_view {
	struct str text;                /* the last `keep` bytes, or all; valid until the next ring_add */
	int64_t gone_bytes, gone_lines; /* in front of them */
	bool in_line;                   /* text does not begin where a line does */
};

void ring_init(struct ring *r, size_t keep);
void ring_done(struct ring *r);
void ring_add(struct ring *r, struct str bytes);
struct ring_view ring_view(const struct ring *r);
int64_t line_ends(struct str text);

#endif
