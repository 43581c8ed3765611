/*
 * mask_span: a list of parts of a text, put in order, merged and written.
 */
#include "text/mask_span.h"

#include "base/arena.h"

#include <stdlib.h>

void spans_done(struct spans *s)
{
	free(s->p);
	*s = (struct spans){ 0 };
}

void spans_add(struct spans *s, size_t at, size_t end)
{
	struct span *last = s->n > 0 ? &s->p[s->n - 1] : NULL;

	if (at >= end)
		return;
	if (last && at >= last->at && at <= last->end) {
		if (end > last->end)
			last->end = end;
		return;
	}
	if (last && at < last->at)
		s->unsorted = true;
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		s->p = mem_grow(s->p, s->cap * sizeof *s->p);
	}
	s->p[s->n++] = (struct span){ at, end };
}

static int by_at(const void *va, const void *vb)
{
	const struct span *a = va, *b = vb;

	return (a->at > b->at) - (a->at < b->at);
}

size_t spans_write(struct spans *s, struct str text, size_t skip, struct buf *out)
{
	size_t n_replaced = 0, done = skip;

	if (s->unsorted)
		qsort(s->p, s->n, sizeof *s->p, by_at);
	for (size_t i = 0; i < s->n;) {
		struct span u = s->p[i++];

		for (; i < s->n && s->p[i].at <= u.end; i++)
			if (s->p[i].end > u.end)
				u.end = s->p[i].end;
		if (u.end <= skip)
			continue;
		if (u.at >= skip) {
			buf_add(out, text.p + done, u.at - done);
			buf_z(out, MASK_TEXT);
			n_replaced++;
		}
		done = u.end;
	}
	if (done < text.len)
		buf_add(out, text.p + done, text.len - done);
	return n_replaced;
}
