#ifndef AGENT_MASK_STREAM_H
#define AGENT_MASK_STREAM_H
/*
 * mask_stream: the output of a command as it passes -> the bytes of it that may go to a disk or a network, masked.
 *
 * What comes out, in whole, follows from the text and not from how it was cut on the way (two pipes aside: there the
 * order of their lines is that in which they end). No secret is cut in two by it: held back are the unfinished line
 * (merge.h) and lines in which a secret of several lines may have begun (text/mask_flow.h), MASK_HOLD bytes of each at
 * most.
 *
 * `::add-mask::` adds to the mask from its line on, and for what is still held back in front of it. Whoever wants to
 * know of such values (agent/job_masks.h) is told the command's line before it is masked.
 *
 * Bytes that are no UTF-8 and NULs pass as they are: the server settles them.
 */
#include "agent/merge.h"
#include "base/buf.h"
#include "text/mask_flow.h"

struct mask_stream {
	struct mask *mask; /* ours */
	struct merge merge;
	struct buf held;                             /* what has not gone yet, */
	size_t n_looked;                             /* of which so much was looked at */
	struct buf *out;                             /* while something is added */
	void (*learned)(void *arg, struct str line); /* or NULL */
	void *arg;
};

/* Takes over mask. The caller may set learned and arg afterwards. */
void mask_stream_init(struct mask_stream *s, struct mask *mask);
void mask_stream_done(struct mask_stream *s);
/* After mask_stream_end: the mask, with what the text named, is the caller's. */
struct mask *mask_stream_take_mask(struct mask_stream *s);
/* stream: 0 or 1. What may go by now is appended to out. */
void mask_stream_add(struct mask_stream *s, int stream, struct str bytes, struct buf *out);
/* No more will come: all the rest, appended to out. */
void mask_stream_end(struct mask_stream *s, struct buf *out);

#endif
