/* settle_lines: a flat buffer. The window is small, so that moving what is behind a change costs less than an index. */
#include "text/settle_lines.h"

#include <string.h>

void settle_lines_init(struct settle_lines *l)
{
	*l = (struct settle_lines){ 0 };
	buf_init(&l->text, SIZE_MAX);
}

void settle_lines_done(struct settle_lines *l)
{
	buf_done(&l->text);
}

void settle_lines_begin(struct settle_lines *l, struct buf *out)
{
	l->out = out;
	l->out_start = out->len;
	l->n_undo = 0;
}

size_t settle_lines_end(struct settle_lines *l)
{
	l->out = NULL;
	return l->n_undo;
}

struct str settle_lines_part(const struct settle_lines *l, size_t from, size_t to)
{
	return to > from ? (struct str){ l->text.p + from, to - from } : STR("");
}

size_t settle_lines_start(const struct settle_lines *l, size_t end)
{
	const char *lf = end > 1 ? memrchr(l->text.p, '\n', end - 1) : NULL;

	return lf ? (size_t)(lf - l->text.p) + 1 : 0;
}

size_t settle_lines_window(const struct settle_lines *l)
{
	size_t at = l->bottom;

	for (int n = 0; n < SETTLE_BACK && at > 0; n++) {
		size_t start = settle_lines_start(l, at);

		if (l->bottom - start > SETTLE_BACK_BYTES)
			break;
		at = start;
	}
	return at;
}

size_t settle_lines_count(struct str text)
{
	size_t n = 0;

	while (text.len > 0) {
		size_t lf = str_find(text, '\n');

		n += lf < text.len;
		text = str_from(text, lf + 1);
	}
	return n;
}

void settle_lines_put(struct settle_lines *l, size_t end)
{
	if (end <= l->put)
		return;
	buf_str(l->out, settle_lines_part(l, l->put, end));
	l->put = end;
}

void settle_lines_drop(struct settle_lines *l, size_t at)
{
	if (at == 0)
		return;
	settle_lines_put(l, at);
	l->front = at - settle_lines_start(l, at);
	buf_drop(&l->text, at);
	l->bottom -= at;
	l->put -= at;
}

/* What was put out from at on is not so any more. What this call put out is the end of text[0..put), in out too. */
static void take_back(struct settle_lines *l, size_t at)
{
	size_t ours, n = l->put - at;

	if (l->put <= at)
		return;
	ours = l->out->len - l->out_start;
	if (ours > n)
		ours = n;
	buf_cut(l->out, l->out->len - ours);
	l->n_undo += settle_lines_count(settle_lines_part(l, at, l->put - ours));
	l->put = at;
}

void settle_lines_replace(struct settle_lines *l, size_t at, size_t end, struct str with)
{
	size_t behind = l->text.len - end;

	if (str_eq(settle_lines_part(l, at, end), with))
		return;
	take_back(l, at);
	if (at < l->bottom && end <= l->bottom)
		l->bottom = l->bottom - (end - at) + with.len;
	else if (at < l->bottom)
		l->bottom = at + with.len;           /* blank lines, and the bottom one among them */
	for (size_t i = end - at; i < with.len; i++) /* room, if it gets longer */
		buf_char(&l->text, ' ');
	if (behind > 0)
		memmove(l->text.p + at + with.len, l->text.p + end, behind);
	if (with.len > 0)
		memcpy(l->text.p + at, with.p, with.len);
	buf_cut(&l->text, at + with.len + behind);
}

void settle_lines_blank(struct settle_lines *l, size_t at, size_t end)
{
	size_t n = settle_lines_count(settle_lines_part(l, at, end));
	AUTO_BUF ends;

	buf_init(&ends, SIZE_MAX);
	for (size_t i = 0; i < n; i++)
		buf_char(&ends, '\n');
	settle_lines_replace(l, at, end, buf_view(&ends));
}
