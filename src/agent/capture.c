/* capture: lines out of pieces, secrets out of lines, a tail out of the rest. */
#include "agent/capture.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/utf8.h"
#include "text/mask_span.h"
#include "text/tail.h"

#include <stdlib.h>
#include <string.h>

void capture_init(struct capture *c, struct mask *mask)
{
	*c = (struct capture){ .mask = mask, .open = -1 };
	ring_init(&c->ring, CAPTURE_KEEP);
	for (int i = 0; i < 2; i++)
		c->lines[i].p = mem_alloc(CAPTURE_LINE_MAX);
}

void capture_done(struct capture *c)
{
	for (int i = 0; i < 2; i++) {
		secret_wipe(c->lines[i].p, CAPTURE_LINE_MAX);
		free(c->lines[i].p);
	}
	ring_done(&c->ring);
	mask_free(c->mask);
	*c = (struct capture){ 0 };
}

static void take(struct capture *c, int stream, struct str lines)
{
	if (lines.len == 0)
		return;
	if (c->open >= 0 && c->open != stream)
		ring_add(&c->ring, STR("\n"));
	if (text_has_mask_command(lines))
		mask_add_commands(c->mask, lines);
	ring_add(&c->ring, lines);
	c->open = lines.p[lines.len - 1] == '\n' ? -1 : stream;
}

static void take_line(struct capture *c, int stream)
{
	struct capture_line *l = &c->lines[stream];

	take(c, stream, (struct str){ l->p, l->len });
	l->len = 0;
}

/*
 * How much of a line that is too long to wait for its end may go: what the other stream puts between this
 * piece and the next would hide a secret that lies across. One that begins in front of the cut is in the line
 * as a whole. (A chain of secrets that touch, longer than the line, is cut all the same: each piece is one.)
 */
static size_t piece_of(const struct capture *c, struct str line)
{
	size_t cut = line.len - mask_longest(c->mask);
	AUTO_SPANS spans = { 0 };

	mask_find(c->mask, line, &spans);
	for (size_t i = 0; i < spans.n; i++)
		if (spans.p[i].at > 0 && spans.p[i].at < cut && spans.p[i].end > cut)
			return spans.p[i].at;
	return cut;
}

static void take_piece(struct capture *c, int stream)
{
	struct capture_line *l = &c->lines[stream];
	size_t n = piece_of(c, (struct str){ l->p, l->len });

	take(c, stream, (struct str){ l->p, n });
	memmove(l->p, l->p + n, l->len - n);
	l->len -= n;
}

static void keep_line(struct capture *c, int stream, struct str bytes)
{
	struct capture_line *l = &c->lines[stream];

	while (bytes.len > 0) {
		size_t room = CAPTURE_LINE_MAX - l->len, n = bytes.len < room ? bytes.len : room;

		memcpy(l->p + l->len, bytes.p, n);
		l->len += n;
		bytes = str_from(bytes, n);
		if (l->len == CAPTURE_LINE_MAX)
			take_piece(c, stream);
	}
}

void capture_add(struct capture *c, int stream, struct str bytes)
{
	struct capture_line *l = &c->lines[stream];
	const char *last = bytes.len > 0 ? memrchr(bytes.p, '\n', bytes.len) : NULL;
	size_t whole = last ? (size_t)(last - bytes.p) + 1 : 0;
	size_t first;

	if (whole > 0 && l->len > 0) {
		first = str_find(bytes, '\n') + 1;
		keep_line(c, stream, (struct str){ bytes.p, first });
		take_line(c, stream);
		bytes = str_from(bytes, first);
		whole -= first;
	}
	take(c, stream, (struct str){ bytes.p, whole });
	keep_line(c, stream, str_from(bytes, whole));
}

void capture_mask(const struct capture *c, struct str text, struct buf *out)
{
	AUTO_BUF literals;

	buf_init(&literals, 4 * text.len + 64);
	mask_literals(c->mask, text, 0, &literals);
	mask_shapes(buf_view(&literals), out);
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

	for (int i = 0; i < 2; i++)
		take_line(c, i);
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
