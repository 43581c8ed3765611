#ifndef TEXT_MASK_FLOW_H
#define TEXT_MASK_FLOW_H
/*
 * mask_flow: secrets out of a stream, in whatever pieces it comes.
 *
 * A secret that is cut in two is found by nobody. So of what has come of a stream only a part is let go, and what is held back, at most
 * MASK_HOLD bytes, is kept by the caller until more comes: the line that has not ended, a private key whose END has not
 * come, a value of several lines that has begun. Where the parts end depends on the bytes of the stream alone and
 * not on the pieces in which they came: so a stream has one masked text.
 *
 * Of a line longer than MASK_HOLD parts are let go that end before a carriage return, else where no secret of up to half of
 * MASK_HOLD, no character and no escape sequence is cut.
 *
 * Each part is masked by itself: mask_flow_write().
 */
#include "text/mask_names.h"

#define MASK_HOLD ((size_t)16 * 1024)

/*
 * text: what has come of a stream and was not let go yet. How many bytes at its start may go now, as one part; 0: none before more comes. last:
 * nothing more comes. Call it again for what is left. m and names may be NULL.
 */
size_t mask_flow_ready(const struct mask *m, const struct mask_names *names, struct str text, bool last);
/* A part with its secrets replaced, appended to out. Returns how many were replaced. */
size_t mask_flow_write(
	const struct mask *m, const struct mask_names *names, struct str part, struct buf *out);

#endif
