#ifndef AGENT_CAPTURE_H
#define AGENT_CAPTURE_H
/*
 * capture: what is remembered of a text while it passes, and the tail that is posted of it in one go (`sluice post
 * --tail`).
 *
 * Lines are made of pieces by merge. `::add-mask::` lines add to the set of secrets as they pass: they count also when
 * they are long gone from the end of the text that is kept.
 *
 * Posting goes: mask, make valid UTF-8, settle line ends, take the tail. Masking comes before cutting: so
 * that a secret across the cut is found, more is kept than will be posted. Shapes of tokens are looked for
 * here too, and not on the server alone: it gets the cut text, and half a private key has no shape.
 */
#include "agent/merge.h"
#include "agent/ring.h"
#include "text/mask.h"

#define CAPTURE_KEEP                                                                                         \
	(80 * 1024) /* over the tail and the longest needle (16 KiB) together, with room for what masking    \
		       takes out */
#define TAIL_LINES 200
#define TAIL_BYTES (32 * 1024)

struct capture {
	struct mask *mask; /* ours */
	struct ring ring;
	struct merge merge;
};

struct captured {
	struct buf storage; /* captured_done frees */
	struct str text;    /* masked, valid UTF-8, at most TAIL_LINES and TAIL_BYTES */
	int64_t dropped_lines, dropped_bytes;
};

/* Takes over mask. */
void capture_init(struct capture *c, struct mask *mask);
void capture_done(struct capture *c);
/* stream: 0 or 1. */
void capture_add(struct capture *c, int stream, struct str bytes);
/* No more will come: unfinished lines count too. Then the text, once. */
void capture_end(struct capture *c, struct captured *ret);
void captured_done(struct captured *t);

#endif
