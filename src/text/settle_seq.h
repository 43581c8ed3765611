#ifndef TEXT_SETTLE_SEQ_H
#define TEXT_SETTLE_SEQ_H
/*
 * settle_seq: an escape sequence that arrives in pieces. Part of settle.
 *
 * The grammar is that of text/escape.h, which needs the sequence whole. What is held of one is bounded: one that
 * grows beyond SETTLE_SEQ_MAX is none that anybody knows, and only its end is waited for.
 */
#include "base/buf.h"

#define SETTLE_SEQ_MAX 4096

enum settle_seq_state {
	SETTLE_SEQ_NONE,
	SETTLE_SEQ_ESC,       /* behind ESC, or ESC and intermediate bytes */
	SETTLE_SEQ_CSI,       /* in its parameters */
	SETTLE_SEQ_STRING,    /* in an OSC, DCS, SOS, PM or APC */
	SETTLE_SEQ_STRING_ESC /* the same, behind an ESC that may be its end */
};

struct settle_seq {
	enum settle_seq_state state;
	struct buf bytes; /* since its ESC, in its two-byte form */
};

/* What a whole one is. */
struct settle_seq_got {
	char kind; /* '[' CSI, ']' OSC, another final byte of an ESC; 0: nothing that matters, or cut short */
	char final;      /* of a CSI */
	struct str body; /* parameters of a CSI, text of an OSC; until the next one begins */
};

void settle_seq_init(struct settle_seq *q);
void settle_seq_done(struct settle_seq *q);
/* Is there one at i? Then it has begun, and the place behind its first bytes is returned; else i. */
size_t settle_seq_begin(struct settle_seq *q, struct str text, size_t i);
/* Takes what belongs to it from i on and returns the place behind. While state is not NONE it goes on
 * in the next text; else it ended, and *ret says what it is. */
size_t settle_seq_take(struct settle_seq *q, struct str text, size_t i, struct settle_seq_got *ret);
/* What leads to this state from none, appended. */
void settle_seq_save(const struct settle_seq *q, struct buf *out);

#endif
