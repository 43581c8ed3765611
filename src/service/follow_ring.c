/*
 * follow_ring: text in one buffer and a list of where its lines are. What has left stays in front of both until it is as much as what is there: so
 * moving the rest costs each byte once.
 */
#include "service/follow_ring.h"

#include "base/utf8.h"
#include "service/follow.h"

#define LINE_KEPT (4 * LINE_TEXT_MAX + 4) /* more is never shown, and so much tells that it was cut */

void follow_ring_init(struct follow_ring *r)
{
	*r = (struct follow_ring){ 0 };
	buf_init(&r->text, SIZE_MAX);
	buf_init(&r->lines, SIZE_MAX);
	buf_init(&r->partial, SIZE_MAX);
}

void follow_ring_done(struct follow_ring *r)
{
	buf_done(&r->text);
	buf_done(&r->lines);
	buf_done(&r->partial);
}

void follow_ring_reset(struct follow_ring *r, int64_t first)
{
	r->first = first;
	r->n = r->gone = 0;
	buf_reset(&r->text);
	buf_reset(&r->lines);
	buf_reset(&r->partial);
}

static struct ring_line *lines_of(const struct follow_ring *r)
{
	return (struct ring_line *)(void *)r->lines.p + r->gone;
}

struct str follow_ring_get(const struct follow_ring *r, size_t i, int64_t *ret_at_ms)
{
	const struct ring_line *l = lines_of(r) + i;

	*ret_at_ms = l->at_ms;
	return (struct str){ r->text.p + l->at, l->len };
}

void follow_ring_cut(struct follow_ring *r, int64_t number)
{
	if (number <= r->first) {
		follow_ring_reset(r, number);
		return;
	}
	buf_reset(&r->partial);
	if (number >= r->first + (int64_t)r->n)
		return;
	r->n = (size_t)(number - r->first);
	buf_cut(&r->text, lines_of(r)[r->n].at);
	buf_cut(&r->lines, (r->gone + r->n) * sizeof(struct ring_line));
}

/* The oldest go, until no more is there than may be. The newest stays whatever its length. */
static void trim(struct follow_ring *r)
{
	size_t at;

	while (r->n > 1 && r->text.len - lines_of(r)->at > FOLLOW_RING) {
		r->gone++;
		r->first++;
		r->n--;
	}
	at = r->n > 0 ? lines_of(r)->at : 0;
	if (at < FOLLOW_RING)
		return;
	buf_drop(&r->text, at);
	buf_drop(&r->lines, r->gone * sizeof(struct ring_line));
	r->gone = 0;
	for (size_t i = 0; i < r->n; i++)
		lines_of(r)[i].at -= at;
}

static void keep(struct buf *out, struct str text)
{
	size_t room = out->len < LINE_KEPT ? LINE_KEPT - out->len : 0;

	if (text.len > room)
		text.len = utf8_floor(text, room);
	buf_str(out, text);
}

static void add_line(struct follow_ring *r, struct str text, int64_t at_ms)
{
	struct ring_line l = { .at_ms = at_ms, .at = r->text.len };

	if (text.len > LINE_KEPT)
		text.len = utf8_floor(text, LINE_KEPT);
	buf_str(&r->text, text);
	l.len = text.len;
	buf_add(&r->lines, &l, sizeof l);
	r->n++;
}

void follow_ring_end(struct follow_ring *r, int64_t at_ms)
{
	add_line(r, buf_view(&r->partial), at_ms);
	buf_reset(&r->partial);
	trim(r);
}

void follow_ring_add(struct follow_ring *r, struct str text, int64_t at_ms)
{
	while (text.len > 0) {
		size_t len = str_find(text, '\n');
		struct str line = { text.p, len };

		if (len == text.len) {
			keep(&r->partial, line);
			break;
		}
		if (r->partial.len > 0) {
			keep(&r->partial, line);
			follow_ring_end(r, at_ms);
		} else {
			add_line(r, line, at_ms);
		}
		text = str_from(text, len + 1);
	}
	trim(r);
}
