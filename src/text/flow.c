/*
 * flow: a part after the other goes through the three.
 *
 * Masking comes first, because a part ends where no secret is cut, and settling moves text about. But what a program writes over
 * itself may be a secret only on the screen: so where a part has anything that moves the cursor or is taken out, what comes out of it is looked at
 * once more.
 *
 * Settling goes through the text in order, masking need not: parts are small enough for the second cache, and some of them are
 * masked at once. Whoever has masked the part whose turn it is settles it, and those behind it that are masked, and masks what
 * comes out again. Only a part that names a value is taken alone, since it says how those behind it are masked.
 *
 * A carriage return in front of a line end, which half of all logs have at each, is taken out before anything else: it
 * means nothing, and a line without it is plain.
 */
#include "text/flow.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "text/settle.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PART                                                                                                 \
	((size_t)126 *                                                                                       \
		1024) /* at most; more than MASK_HOLD, so that there always is one, and with room in buffers of 128 KiB */
#define PARTS 4 /* at once */

struct part {
	struct str raw, text; /* as it came; cleaned and masked */
	bool names;           /* has a command that names a value to mask */
	bool plain;           /* nothing in it moves the cursor or is taken out */
	bool passed;          /* settling left it as it was */
	bool masked_once;
	size_t undo, n_masked;
	struct buf clean, ends, masked, lines, again; /* kept from part to part for their memory */
};

struct flow {
	struct settle *settle;
	struct part parts[PARTS];
};

static void init_buffers(struct part *p)
{
	buf_init(&p->clean, SIZE_MAX);
	buf_init(&p->ends, SIZE_MAX);
	buf_init(&p->masked, SIZE_MAX);
	buf_init(&p->lines, SIZE_MAX);
	buf_init(&p->again, SIZE_MAX);
}

static struct flow *with_settle(struct settle *s)
{
	struct flow *f = mem_alloc(sizeof *f);

	f->settle = s;
	for (size_t i = 0; i < PARTS; i++)
		init_buffers(&f->parts[i]);
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

static void let_go(struct buf *b, size_t at_most)
{
	if (b->cap > at_most)
		buf_done(b);
}

/* A stream that has been quiet should not hold the memory of its busiest moment: buffers of more than at_most bytes go. */
static void let_memory_go(struct flow *f, size_t at_most)
{
	for (size_t i = 0; i < PARTS; i++) {
		struct part *p = &f->parts[i];

		let_go(&p->clean, at_most);
		let_go(&p->ends, at_most);
		let_go(&p->masked, at_most);
		let_go(&p->lines, at_most);
		let_go(&p->again, at_most);
	}
}

void flow_free(struct flow *f)
{
	if (!f)
		return;
	settle_free(f->settle);
	let_memory_go(f, 0);
	free(f);
}

/* Text with its secrets replaced: text itself when there are none. */
static struct str without_secrets(const struct mask *m, const struct mask_names *names, struct str text,
	struct buf *room, size_t *n_masked)
{
	AUTO_BUF before;

	buf_init(&before, SIZE_MAX);
	for (int round = 0; round < MASK_ROUNDS; round++) {
		AUTO_SPANS spans = { 0 };

		mask_find_flow(m, names, text, &spans);
		if (spans.n == 0)
			break;
		if (round > 0) { /* text is in room */
			buf_reset(&before);
			buf_str(&before, text);
			text = buf_view(&before);
		}
		buf_reset(room);
		*n_masked += spans_write(&spans, text, 0, room);
		text = buf_view(room);
	}
	return text;
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

/* Without carriage returns in front of line ends. */
static void end_with_lf(struct str text, struct buf *out)
{
	char *to = buf_room(out, text.len);
	size_t n = 0;

	for (size_t at = 0; at < text.len;) {
		struct str rest = str_from(text, at);
		size_t cr = str_find(rest, '\r'), behind = cr, kept;

		while (behind < rest.len && rest.p[behind] == '\r')
			behind++;
		kept = behind < rest.len && rest.p[behind] == '\n' ? cr : behind;
		memcpy(to + n, rest.p, kept);
		n += kept;
		at += behind;
	}
	buf_wrote(out, n);
}

/* Growing bit by bit would copy all that is there, again and again. */
static void make_room(struct buf *b, size_t n)
{
	if (buf_room(b, n))
		buf_wrote(b, 0);
}

static struct str cleaned(struct part *p)
{
	struct str text = p->raw;

	if (utf8_valid(text) < text.len || memchr(text.p, '\0', text.len)) {
		buf_reset(&p->clean);
		utf8_clean(text, &p->clean);
		text = buf_view(&p->clean);
	}
	if (!memchr(text.p, '\r', text.len))
		return text;
	buf_reset(&p->ends);
	end_with_lf(text, &p->ends);
	return buf_view(&p->ends);
}

/* ---- the steps of a part ---- */

struct parts {
	struct part *p;
	size_t n;
	const struct mask *m;
	const struct mask_names *names;
	struct settle *settle;
	pthread_mutex_t lock; /* guards what follows, and masked of each */
	size_t n_settled;
	bool settling;
};

static void settle_part(struct settle *s, struct part *p)
{
	p->undo = 0;
	p->passed = p->plain && settle_pass(s, p->text);
	if (p->passed)
		return;
	buf_reset(&p->lines);
	make_room(&p->lines, p->text.len);
	p->undo = p->plain ? settle_add_plain(s, p->text, &p->lines) : settle_add(s, p->text, &p->lines);
}

/* Nothing new stands on the screen where settling has copied the text, and nothing stood in front of it. */
static void mask_again(const struct parts *parts, struct part *p)
{
	struct str lines = buf_view(&p->lines);
	bool copied = p->undo == 0 && str_eq(lines, p->text);

	if (p->passed)
		return;
	p->text = copied ? lines : without_secrets(parts->m, parts->names, lines, &p->again, &p->n_masked);
}

/* Part i is masked. Settles the parts whose turn it is, unless another thread does: that one sees part i when it comes to it. */
static void settle_in_turn(struct parts *parts, size_t i)
{
	pthread_mutex_lock(&parts->lock);
	parts->p[i].masked_once = true;
	while (!parts->settling && parts->n_settled < parts->n && parts->p[parts->n_settled].masked_once) {
		struct part *p = &parts->p[parts->n_settled];

		parts->settling = true;
		pthread_mutex_unlock(&parts->lock);
		settle_part(parts->settle, p);
		pthread_mutex_lock(&parts->lock);
		parts->settling = false;
		parts->n_settled++;
		pthread_mutex_unlock(&parts->lock);
		mask_again(parts, p);
		pthread_mutex_lock(&parts->lock);
	}
	pthread_mutex_unlock(&parts->lock);
}

static void take_part(void *arg, size_t i)
{
	struct parts *parts = arg;
	struct part *p = &parts->p[i];

	p->n_masked = 0;
	p->text = without_secrets(parts->m, parts->names, cleaned(p), &p->masked, &p->n_masked);
	p->plain = settle_is_plain(p->text);
	settle_in_turn(parts, i);
}

static void put_out(const struct part *p, size_t start, struct buf *out, struct flow_taken *t)
{
	t->undo += take_back(out, start, p->undo);
	t->n_masked += p->n_masked;
	buf_str(out, p->text);
}

static void take_parts(struct flow *f, struct crew *crew, struct parts *parts, size_t start, struct buf *out,
	struct flow_taken *t)
{
	parts->settle = f->settle;
	parts->n_settled = 0;
	for (size_t i = 0; i < parts->n; i++)
		parts->p[i].masked_once = false;
	pthread_mutex_init(&parts->lock, NULL);
	crew_each(crew, parts->n, take_part, parts);
	pthread_mutex_destroy(&parts->lock);
	for (size_t i = 0; i < parts->n; i++)
		put_out(&parts->p[i], start, out, t);
}

static void take(struct flow *f, const struct mask *m, const struct mask_names *names, struct str raw,
	size_t start, struct buf *out, struct flow_taken *t)
{
	struct parts one = { .p = f->parts, .n = 1, .m = m, .names = names };

	if (raw.len == 0)
		return;
	one.p->raw = raw;
	take_parts(f, NULL, &one, start, out, t);
}

/* `at`, a line's start, or that of a later line where a secret reaches over it. */
static size_t line_outside(const struct spans *secrets, struct str part, size_t at)
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < secrets->n; i++) {
			size_t end = secrets->p[i].end;

			if (secrets->p[i].at >= at || end <= at)
				continue;
			end += str_find(str_from(part, end), '\n');
			at = end < part.len ? end + 1 : part.len;
			moved = true;
		}
	}
	return at;
}

/* The line from `at` to `behind` names values: it is masked with them, and what is in front of it is not. Returns how much is taken. */
static size_t take_named(struct flow *f, const struct mask *m, struct mask_names **names,
	struct mask_names *more, struct str part, size_t at, size_t behind, size_t start, struct buf *out,
	struct flow_taken *t)
{
	AUTO_SPANS secrets = { 0 };

	mask_find_flow(m, *names, part, &secrets);
	at = line_outside(&secrets, part, at);
	behind = line_outside(&secrets, part, behind);
	take(f, m, *names, (struct str){ part.p, at }, start, out, t);
	mask_names_unref(*names);
	*names = more;
	if (behind > at)
		take(f, m, *names, (struct str){ part.p + at, behind - at }, start, out, t);
	return behind > at ? behind : at;
}

/* A part with commands, up to the end of the first line that names a value: it says how what follows is cut and masked. Returns how much is taken. */
static size_t take_naming(struct flow *f, const struct mask *m, struct mask_names **names, struct str part,
	size_t start, struct buf *out, struct flow_taken *t)
{
	for (size_t at = 0; at < part.len;) {
		struct str rest = str_from(part, at), line = { rest.p, str_find(rest, '\n') };
		size_t behind = line.len < rest.len ? at + line.len + 1 : part.len, n_lost = 0;
		struct mask_names *more =
			text_has_mask_command(line) ? mask_names_add(*names, line, &n_lost) : NULL;

		if (more) {
			t->n_lost += n_lost;
			return take_named(f, m, names, more, part, at, behind, start, out, t);
		}
		at = behind;
	}
	take(f, m, *names, part, start, out, t);
	return part.len;
}

/* ---- all of it ---- */

/* How long the next part is. */
static size_t next_part(const struct mask *m, const struct mask_names *names, struct str raw, bool last)
{
	bool more = raw.len > PART;

	return mask_flow_ready(m, names, (struct str){ raw.p, more ? PART : raw.len }, last && !more);
}

/* As many parts as go together, or one that names a value. Returns their length. */
static size_t cut_parts(struct flow *f, const struct mask *m, const struct mask_names *names, struct str raw,
	bool last, size_t *ret_n)
{
	size_t used = 0, n = 0, len;

	while (n < PARTS && (len = next_part(m, names, str_from(raw, used), last)) > 0) {
		struct part *p = &f->parts[n];

		p->raw = (struct str){ raw.p + used, len };
		p->names = text_has_mask_command(p->raw);
		if (p->names && n > 0)
			break; /* it comes first next time */
		used += len;
		n++;
		if (p->names)
			break;
	}
	*ret_n = n;
	return used;
}

/* What stands on the terminal at the end. */
static void take_rest(struct flow *f, const struct mask *m, const struct mask_names *names, size_t start,
	struct buf *out, struct flow_taken *t)
{
	struct part *p = &f->parts[0];

	buf_reset(&p->lines);
	p->undo = settle_end(f->settle, &p->lines);
	p->n_masked = 0;
	p->text = without_secrets(m, names, buf_view(&p->lines), &p->again, &p->n_masked);
	put_out(p, start, out, t);
}

void flow_add(struct flow *f, struct crew *crew, const struct mask *m, struct mask_names **names,
	struct str raw, bool last, struct buf *out, struct flow_taken *ret)
{
	struct parts parts = { .p = f->parts, .m = m };
	struct flow_taken t = { 0 };
	size_t start = out->len, len;

	make_room(out, raw.len);
	while ((len = cut_parts(f, m, *names, str_from(raw, t.used), last, &parts.n)) > 0) {
		parts.names = *names;
		if (f->parts[0].names)
			len = take_naming(f, m, names, f->parts[0].raw, start, out, &t);
		else
			take_parts(f, crew, &parts, start, out, &t);
		t.used += len;
	}
	if (last)
		take_rest(f, m, *names, start, out, &t);
	let_memory_go(f, MASK_HOLD);
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
