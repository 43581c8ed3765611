/* capture: a ring behind a merge, secrets out of the ring, a tail out of the rest. */
#include "agent/capture.h"

#include "base/utf8.h"
#include "text/tail.h"

static void take(void *arg, struct str lines)
{
	struct capture *c = arg;

	if (text_has_mask_command(lines))
		mask_add_commands(c->mask, lines);
	ring_add(&c->ring, lines);
}

void capture_init(struct capture *c, struct mask *mask)
{
	*c = (struct capture){ .mask = mask };
	ring_init(&c->ring, CAPTURE_KEEP);
	merge_init(&c->merge, mask, take, c);
}

void capture_done(struct capture *c)
{
	merge_done(&c->merge);
	ring_done(&c->ring);
	mask_free(c->mask);
	*c = (struct capture){ 0 };
}

void capture_add(struct capture *c, int stream, struct str bytes)
{
	merge_add(&c->merge, stream, bytes);
}

/* The text of the ring with its secrets out. If the text began before the ring, so may a secret have: as much
 * as one can be long is left out. */
static size_t mask_ring(const struct capture *c, const struct ring_view *v, struct buf *out)
{
	size_t skip = v->gone_bytes > 0 ? mask_longest(c->mask) : 0;
	AUTO_BUF literals;

	if (skip > v->text.len)
		skip = v->text.len;
	buf_init(&literals, 4 * CAPTURE_KEEP);
	mask_literals(c->mask, v->text, skip, &literals);
	mask_shapes(buf_view(&literals), out);
	return skip;
}

void capture_end(struct capture *c, struct captured *ret)
{
	struct ring_view v;
	struct tail tail;
	bool in_line;
	size_t skip;
	AUTO_BUF masked, clean;

	merge_end(&c->merge);
	v = ring_view(&c->ring);
	buf_init(&masked, 4 * CAPTURE_KEEP);
	buf_init(&clean, 12 * CAPTURE_KEEP);
	buf_init(&ret->storage, 12 * CAPTURE_KEEP);
	skip = mask_ring(c, &v, &masked);
	utf8_clean(buf_view(&masked), &clean);
	text_settle_line_ends(buf_view(&clean), &ret->storage);

	in_line = skip > 0 ? v.text.p[skip - 1] != '\n' : v.in_line;
	tail = text_tail(text_without_final_line_end(buf_view(&ret->storage)), TAIL_LINES, TAIL_BYTES);
	ret->text = tail.text;
	ret->dropped_bytes = tail.dropped_bytes + v.gone_bytes + (int64_t)skip;
	ret->dropped_lines = tail.dropped_lines + v.gone_lines + line_ends((struct str){ v.text.p, skip }) +
			     (tail.dropped_bytes == 0 && in_line);
}

void captured_done(struct captured *t)
{
	buf_done(&t->storage);
}
