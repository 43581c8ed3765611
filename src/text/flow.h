#ifndef TEXT_FLOW_H
#define TEXT_FLOW_H
/*
 * flow: the bytes of a stream become the text that is kept of it: masked (mask_flow.h), valid UTF-8 (base/utf8.h), settled as on a
 * terminal (settle.h).
 *
 * Of what has come a part is taken, and the rest, at most MASK_HOLD bytes, is held back: the caller gives it again, with more
 * behind it. What comes out depends on the bytes of the stream and not on the pieces they came in.
 *
 * Lines come out as soon as they can. A program that goes back to earlier lines of its terminal changes them: then `undo` of the
 * last lines that earlier calls put out are void, and what comes out now stands in their place.
 *
 * The values that the stream names (`::add-mask::`) are masked from the line on that names them: *names is replaced by a larger set, which is then
 * the caller's as *names was.
 */
#include "base/crew.h"
#include "text/mask_flow.h"

struct flow;

struct flow *flow_new(void);
/* One that goes on where another stopped: the last lines that it had put out, and what flow_save() wrote. */
struct flow *flow_resume(struct str last_lines, struct str saved);
void flow_free(struct flow *f); /* NULL is fine */

struct flow_taken {
	size_t used;     /* bytes of raw that are taken; the rest is held back */
	size_t undo;     /* lines put out by earlier calls that are void */
	size_t n_masked; /* secrets */
	size_t n_lost;   /* values named that found no room */
};

/*
 * raw: all that has come and was not taken. last: nothing comes any more, so that all is taken. crew (NULL: nobody) helps with much text. m may be
 * NULL, and *names. Appends to out.
 */
void flow_add(struct flow *f, struct crew *crew, const struct mask *m, struct mask_names **names,
	struct str raw, bool last, struct buf *out, struct flow_taken *ret);
/* What was taken and has not come out, masked, for flow_resume(): appended to out; nothing nearly always. */
void flow_save(const struct flow *f, const struct mask *m, const struct mask_names *names, struct buf *out);

#endif
