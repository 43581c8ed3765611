/*
 * flow: a part after the other goes through the three.
 *
 * Parts are kept small enough for the second cache, since each step reads what the one before wrote. A carriage return in front of a line end, which half
 * of all logs have at each, is taken out first: it means nothing, and a line without it is plain.
 *
 * Masking comes first, because a part ends where no secret is cut, and settling moves text about. But what a program writes over
 * itself may be a secret only on the screen: so where a part has anything that moves the cursor or is taken out, what comes out of it is looked at
 * once more.
 */
#include "text/flow.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "text/settle.h"

#include <stdlib.h>
#include <string.h>

#define PART ((size_t)256 * 1024) /* at most; more than MASK_HOLD, so that there always is one */

struct flow {
	struct settle *settle;
	struct buf clean, ends, masked, lines, again; /* kept between calls for their memory */
};

static struct flow *with_settle(struct settle *s)
{
	struct flow *f = mem_alloc(sizeof *f);

	f->settle = s;
	buf_init(&f->clean, SIZE_MAX);
	buf_init(&f->ends, SIZE_MAX);
	buf_init(&f->masked, SIZE_MAX);
	buf_init(&f->lines, SIZE_MAX);
	buf_init(&f->again, SIZE_MAX);
	return f;
}

struct flow *flow_new(void)
{
	return with_settle(settle_new());
}

struct flow *flow_resume(struct str last_lines, struct str saved)
{
	return with_settle(settle_resume(last_lines, saved));
}

static void let_go(struct buf *b)
{
	buf_done(b);
	buf_init(b, SIZE_MAX);
}

/* A stream that has been quiet should not hold the memory of its busiest moment. */
static void let_memory_go(struct flow *f)
{
	let_go(&f->clean);
	let_go(&f->ends);
	let_go(&f->masked);
	let_go(&f->lines);
	let_go(&f->again);
}

void flow_free(struct flow *f)
{
	if (!f)
		return;
	settle_free(f->settle);
	let_memory_go(f);
	free(f);
}

/* Text with its secrets replaced: text itself when there are none. */
static struct str without_secrets(const struct mask *m, const struct mask_names *names, struct str text,
	struct buf *room, size_t *n_masked)
{
	AUTO_SPANS spans = { 0 };

	mask_find_flow(m, names, text, &spans);
	if (spans.n == 0)
		return text;
	buf_reset(room);
	*n_masked += spans_write(&spans, text, 0, room);
	return buf_view(room);
}

/* Takes the last n lines off the end of out; returns how many there were not. */
static size_t take_back(struct buf *out, size_t start, size_t n)
{
	while (n > 0 && out->len > start) {
		const char *lf =
			out->len - 1 > start ? memrchr(out->p + start, '\n', out->len - 1 - start) : NULL;

		buf_cut(out, lf ? (size_t)(lf - out->p) + 1 : start);
		n--;
	}
	return n;
}

static void put_out(struct flow *f, const struct mask *m, const struct mask_names *names, bool plain,
	size_t undo, size_t start, struct buf *out, struct flow_taken *t)
{
	struct str lines = buf_view(&f->lines);

	if (!plain)
		lines = without_secrets(m, names, lines, &f->again, &t->n_masked);
	t->undo += take_back(out, start, undo);
	buf_str(out, lines);
}

/* Without carriage returns in front of line ends. */
static void end_with_lf(struct str text, struct buf *out)
{
	for (size_t at = 0; at < text.len;) {
		struct str rest = str_from(text, at);
		size_t cr = str_find(rest, '\r'), behind = cr;

		while (behind < rest.len && rest.p[behind] == '\r')
			behind++;
		buf_add(out, rest.p, behind < rest.len && rest.p[behind] == '\n' ? cr : behind);
		at += behind;
	}
}

static struct str cleaned(struct flow *f, struct str part)
{
	if (utf8_valid(part) < part.len || memchr(part.p, '\0', part.len)) {
		buf_reset(&f->clean);
		utf8_clean(part, &f->clean);
		part = buf_view(&f->clean);
	}
	if (!memchr(part.p, '\r', part.len))
		return part;
	buf_reset(&f->ends);
	end_with_lf(part, &f->ends);
	return buf_view(&f->ends);
}

static void take(struct flow *f, const struct mask *m, const struct mask_names *names, struct str part,
	size_t start, struct buf *out, struct flow_taken *t)
{
	struct str text;
	size_t undo;

	if (part.len == 0)
		return;
	text = without_secrets(m, names, cleaned(f, part), &f->masked, &t->n_masked);
	buf_reset(&f->lines);
	undo = settle_add(f->settle, text, &f->lines);
	put_out(f, m, names, settle_is_plain(text), undo, start, out, t);
}

/* A line that names a value, and what comes after it, is masked with it. */
static void take_naming(struct flow *f, const struct mask *m, struct mask_names **names, struct str part,
	size_t start, struct buf *out, struct flow_taken *t)
{
	size_t done = 0;

	for (size_t at = 0; at < part.len;) {
		struct str rest = str_from(part, at), line = { rest.p, str_find(rest, '\n') };
		struct mask_names *more = NULL;
		size_t n_lost = 0;

		if (text_has_mask_command(line))
			more = mask_names_add(*names, line, &n_lost);
		if (more) {
			take(f, m, *names, (struct str){ part.p + done, at - done }, start, out, t);
			done = at;
			mask_names_unref(*names);
			*names = more;
			t->n_lost += n_lost;
		}
		at += line.len + 1;
	}
	take(f, m, *names, str_from(part, done), start, out, t);
}

/* How long the next part is. */
static size_t next_part(const struct mask *m, const struct mask_names *names, struct str raw, bool last)
{
	bool more = raw.len > PART;

	return mask_flow_ready(m, names, (struct str){ raw.p, more ? PART : raw.len }, last && !more);
}

void flow_add(struct flow *f, const struct mask *m, struct mask_names **names, struct str raw, bool last,
	struct buf *out, struct flow_taken *ret)
{
	struct flow_taken t = { 0 };
	size_t start = out->len, n;

	while ((n = next_part(m, *names, str_from(raw, t.used), last)) > 0) {
		struct str part = { raw.p + t.used, n };

		if (text_has_mask_command(part))
			take_naming(f, m, names, part, start, out, &t);
		else
			take(f, m, *names, part, start, out, &t);
		t.used += n;
	}
	if (last) {
		buf_reset(&f->lines);
		n = settle_end(f->settle, &f->lines);
		put_out(f, m, *names, false, n, start, out, &t);
	}
	if (f->lines.cap > MASK_HOLD)
		let_memory_go(f);
	*ret = t;
}

void flow_save(const struct flow *f, const struct mask *m, const struct mask_names *names, struct buf *out)
{
	AUTO_BUF saved;

	buf_init(&saved, SIZE_MAX);
	settle_save(f->settle, &saved);
	if (saved.len > 0)
		mask_flow_write(m, names, buf_view(&saved), out);
}
