/*
 * context_text: see the header.
 *
 * A text is taken apart at its line ends before it is made visible, piece by piece: so an escape that is left open in one piece changes nothing in the
 * next, and what line is where stays known.
 */
#include "explain/context_text.h"

#include "base/arena.h"
#include "text/tail.h"
#include "text/visible.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#define MARK_MAX 128 /* bytes of a line that stands for others */

static int by_from(const void *va, const void *vb)
{
	const struct context_range *a = va, *b = vb;

	return (a->from > b->from) - (a->from < b->from);
}

/* Sorted, within the lines [first, end), those that touch joined. Returns how many are left. */
static size_t join_ranges(struct context_range *r, size_t n, int64_t first, int64_t end)
{
	size_t left = 0;

	if (n > 0)
		qsort(r, n, sizeof *r, by_from);
	for (size_t i = 0; i < n; i++) {
		struct context_range x = { r[i].from > first ? r[i].from : first,
			r[i].to < end ? r[i].to : end };

		if (x.from >= x.to)
			continue;
		if (left > 0 && x.from <= r[left - 1].to)
			r[left - 1].to = x.to > r[left - 1].to ? x.to : r[left - 1].to;
		else
			r[left++] = x;
	}
	return left;
}

/* The next n lines off the front of text, with the end of the last one. */
static struct str take_lines(struct str *text, int64_t n)
{
	struct str lines = { text->p, 0 };

	while (n-- > 0 && lines.len < text->len)
		lines.len += str_find(str_from(*text, lines.len), '\n') + 1;
	if (lines.len > text->len)
		lines.len = text->len;
	*text = str_from(*text, lines.len);
	return lines;
}

static void put_mark(struct context_text *t, const struct context_range *r, bool last, struct buf *out)
{
	assert(t->n_marks < CONTEXT_RANGES_MAX);
	t->marks[t->n_marks++] = (struct context_mark){ out->len, r->to - r->from };
	if (r->to - r->from == 1)
		buf_fmt(out, "[line %" PRId64 " is above]", r->from + 1);
	else
		buf_fmt(out, "[lines %" PRId64 " to %" PRId64 " are above]", r->from + 1, r->to);
	buf_z(out, last ? "" : "\n");
}

void context_tail(const struct step *s, int64_t first_line, struct context_range *ranges, size_t n,
	struct buf *out, struct context_text *ret)
{
	int64_t at = first_line, n_lines = s->size.n_lines;
	struct str rest = s->text;

	*ret = (struct context_text){ .n_lines = n_lines };
	buf_reset(out);
	if (!s->has_text)
		return;
	if (first_line < 0)
		n = 0;
	n = join_ranges(ranges, n, first_line, first_line + n_lines);
	for (size_t i = 0; i < n; i++) {
		text_visible(take_lines(&rest, ranges[i].from - at), out);
		take_lines(&rest, ranges[i].to - ranges[i].from);
		put_mark(ret, &ranges[i], rest.len == 0 && ranges[i].to == first_line + n_lines, out);
		at = ranges[i].to;
	}
	text_visible(rest, out);
	if (n == 1 && ranges[0].to - ranges[0].from == n_lines)
		buf_reset(out);
	ret->text = buf_view(out);
}

int64_t context_marked_from(const struct context_text *t, size_t at)
{
	int64_t n = 0;

	for (size_t i = 0; i < t->n_marks; i++)
		n += t->marks[i].at >= at ? t->marks[i].n : 0;
	return n;
}

int64_t context_lines_from(const struct context_text *t, size_t at)
{
	int64_t n = text_tail(str_from(t->text, at), INT64_MAX, SIZE_MAX).n_lines;

	for (size_t i = 0; i < t->n_marks && t->text.len > 0; i++)
		n += t->marks[i].at >= at ? t->marks[i].n - 1 : 0;
	return n;
}

/* ---- the lines of an error ---- */

int64_t context_block_lines(const struct context_error *x)
{
	return x->n_head + x->n_end;
}

static int64_t all_lines(const struct context_error *x)
{
	return x->error->to_line - x->error->from_line;
}

bool context_block_is_whole(const struct context_error *x)
{
	return !x->cut && context_block_lines(x) >= all_lines(x);
}

static struct str last_lines(struct str text, int64_t n_lines, int64_t n)
{
	take_lines(&text, n_lines - n);
	return text;
}

void context_block(const struct context_error *x, int64_t n, struct buf *out)
{
	int64_t top = n - n / 3 < x->n_head ? n - n / 3 : x->n_head, bottom = n - top;
	int64_t gap = all_lines(x) - n;
	struct str head = x->head;

	buf_reset(out);
	if (n == 0)
		return;
	if (x->n_end > 0 && bottom > x->n_end) {
		bottom = x->n_end;
		top = n - bottom;
	} else if (n == x->n_head) { /* in one piece */
		top = n;
		bottom = 0;
	}
	text_visible(text_without_final_line_end(take_lines(&head, top)), out);
	if (gap > 0)
		buf_fmt(out, "%s[%" PRId64 " %s not shown]", out->len > 0 ? "\n" : "", gap,
			gap == 1 ? "line" : "lines");
	if (bottom == 0)
		return;
	buf_char(out, '\n');
	text_visible(
		x->n_end > 0 ? last_lines(x->end, x->n_end, bottom) : last_lines(x->head, x->n_head, bottom),
		out);
}

size_t context_block_ranges(const struct context_error *x, struct context_range *ranges, size_t n)
{
	const struct error *f = x->error;

	if (x->n_head > 0)
		ranges[n++] = (struct context_range){ f->from_line, f->from_line + x->n_head };
	if (x->n_end > 0)
		ranges[n++] = (struct context_range){ f->to_line - x->n_end, f->to_line };
	return n;
}

size_t context_text_ceiling(const struct context_input *in)
{
	size_t longest = 0;

	for (size_t i = 0; i < in->n_steps; i++) {
		const struct context_found *found = in->found ? &in->found[i] : NULL;

		if (in->steps[i].text.len > longest)
			longest = in->steps[i].text.len;
		for (size_t k = 0; found && k < found->n; k++)
			if (found->errors[k].head.len + found->errors[k].end.len > longest)
				longest = found->errors[k].head.len + found->errors[k].end.len;
	}
	/* "\u{1b}" for one byte is the worst */
	return 8 * longest + (CONTEXT_RANGES_MAX + 1) * MARK_MAX;
}
