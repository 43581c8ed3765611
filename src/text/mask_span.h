#ifndef TEXT_MASK_SPAN_H
#define TEXT_MASK_SPAN_H
/*
 * mask_span: which parts of a text are secret; what the two halves of mask find and have in common.
 * For mask_*.c, and for who has to know where secrets lie before it replaces them (agent/capture.c).
 *
 * Everything is looked for in the text as it came, and replaced afterwards in one go: a value that is half
 * of a longer token must not hide that token from the shapes.
 */
#include "text/mask.h"

struct span {
	size_t at, end;
};

struct spans { /* zeroed at birth */
	struct span *p;
	size_t n, cap;
	bool unsorted;
};

void spans_done(struct spans *s);
/* In any order; in ascending order they are merged at once. Empty ones are left out. */
void spans_add(struct spans *s, size_t at, size_t end);
/*
 * text from skip on, with each union of overlapping or touching spans replaced by MASK_TEXT, appended to out.
 * A union that begins before skip is cut out without a replacement. Returns how many were replaced.
 */
size_t spans_write(struct spans *s, struct str text, size_t skip, struct buf *out);

/* The values of m in text. In mask_literal.c. */
void mask_find(const struct mask *m, struct str text, struct spans *ret_spans);
/*
 * What has the needles of `more` and, with `tag` added, those of m: a text is then gone through once for both. Made when first asked for,
 * always with the same; of m. NULL: they have no room. In mask_literal.c.
 */
struct needles;
const struct needles *mask_needles_and(const struct mask *m, const struct needles *more, int tag);

/*
 * Where in text a value of several lines begins that goes on behind the end of text, which is a line end, for all that can
 * be seen: the earliest such place, or text.len. In mask_literal.c.
 */
size_t mask_partial(const struct mask *m, struct str text);
size_t mask_partial_of(struct str value, struct str text); /* of one value */

/*
 * All that is secret in text, a part of a stream that is cut as mask_flow.h cuts it: the values of m and names (each may be NULL) and shapes,
 * but for what only the beginning of a text can lack. In mask_shape.c.
 */
struct mask_names;
void mask_find_flow(
	const struct mask *m, const struct mask_names *names, struct str text, struct spans *ret_spans);

#define AUTO_SPANS __attribute__((cleanup(spans_done))) struct spans

#endif
