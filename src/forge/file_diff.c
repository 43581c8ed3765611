/*
 * file_diff: hunks.
 *
 * A regression is mostly a few lines in files that are otherwise the same. So what both files begin and end with is
 * taken off first, in whole lines, by memcmp; the lines between are listed and compared by line_changes.h; and the
 * hunks are put together here from the changes that come of it, with context from all of the file.
 *
 * When not all of what is between could be compared, what stands behind the last common line is not known to be a
 * change: of a file with ten lines more at its top the last ten that were looked at miss their partners, which come
 * later. That end is left out, unless it is most of what was looked at: two files with nothing in common would have a
 * diff with nothing in it.
 */
#include "forge/file_diff.h"

#include "base/utf8.h"
#include "forge/line_changes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BINARY_LOOK 8000
#define CONTEXT_MAX 50
#define LIMIT_MAX 100000
#define BLOCK ((size_t)64 * 1024)
#define ELLIPSIS "\xE2\x80\xA6"

/* What of one file stands between the lines that both begin and both end with. */
struct side {
	struct str middle;
	struct line_list list; /* of the middle */
	int64_t n_lines;       /* of the middle, when all of it is compared; of the list otherwise */
};

struct comparison {
	const struct file_diff_limits *limits;
	struct arena *arena;
	struct side expected, actual;
	bool partial;
	int64_t line_before; /* how many lines stand before the middle */
	/* The lines of the expected file around its middle, from it outwards. */
	struct str before[CONTEXT_MAX], after[CONTEXT_MAX];
	int64_t n_before, n_after;
	struct line_change *changes;
	size_t n_changes;
	int64_t n_known; /* expected lines of the middle, of which it is known whether they changed */
	size_t text_left;
	struct buf scratch;
};

/* ---- what both have ---- */

static bool is_binary(struct str s)
{
	size_t look = s.len < BINARY_LOOK ? s.len : BINARY_LOOK;

	return look > 0 && memchr(s.p, '\0', look);
}

/* Bytes that both begin with; by blocks, so that most of the time is memcmp's. */
static size_t common_start(struct str x, struct str y)
{
	size_t n = x.len < y.len ? x.len : y.len, at = 0;

	while (n - at >= BLOCK && memcmp(x.p + at, y.p + at, BLOCK) == 0)
		at += BLOCK;
	while (at < n && x.p[at] == y.p[at])
		at++;
	return at;
}

static size_t common_end(struct str x, struct str y)
{
	size_t n = x.len < y.len ? x.len : y.len, at = 0;

	while (n - at >= BLOCK && memcmp(x.p + x.len - at - BLOCK, y.p + y.len - at - BLOCK, BLOCK) == 0)
		at += BLOCK;
	while (at < n && x.p[x.len - at - 1] == y.p[y.len - at - 1])
		at++;
	return at;
}

/* Where the last line of s begins, which may be an empty one behind the last line end. */
static size_t last_line(struct str s)
{
	const char *end = s.len ? (const char *)memrchr(s.p, '\n', s.len) : NULL;

	return end ? (size_t)(end - s.p) + 1 : 0;
}

static bool begins_line(struct str s, size_t at)
{
	return at == 0 || s.p[at - 1] == '\n';
}

/* Bytes of the whole lines that both end with; each begins with a line. */
static size_t common_last_lines(struct str x, struct str y)
{
	size_t n = common_end(x, y), cut;

	if (n == 0 || (begins_line(x, x.len - n) && begins_line(y, y.len - n)))
		return n;
	cut = str_find(str_from(x, x.len - n), '\n') + 1;
	return cut < n ? n - cut : 0;
}

/* Eight bytes at a time: the compiler does not do it by itself, and the files may be large. */
static int64_t count_line_ends(struct str s)
{
	const uint64_t low = UINT64_C(0x7F7F7F7F7F7F7F7F), ones = UINT64_C(0x0101010101010101);
	const uint64_t pairs = UINT64_C(0x00FF00FF00FF00FF);
	int64_t n = 0;
	size_t i = 0;

	while (s.len - i >= 8) {
		uint64_t word, counts = 0;

		for (int k = 0; k < 255 && s.len - i >= 8; k++, i += 8) {
			memcpy(&word, s.p + i, 8);
			word ^= ones * '\n';
			word |= (word & low) + low; /* the high bit of each byte that is no line end */
			counts += ~word >> 7 & ones;
		}
		counts = (counts & pairs) + (counts >> 8 & pairs);
		n += (int64_t)((counts * UINT64_C(0x0001000100010001)) >> 48);
	}
	for (; i < s.len; i++)
		n += s.p[i] == '\n';
	return n;
}

static int64_t count_lines(struct str s)
{
	return count_line_ends(s) + (s.len > 0 && s.p[s.len - 1] != '\n');
}

static void side_init(struct side *s, struct str all, size_t start, size_t end)
{
	s->middle = str_from(all, start);
	s->middle.len -= end;
	line_list_init(&s->list, s->middle);
	s->n_lines = (int64_t)s->list.n;
}

static void find_context(struct comparison *c, struct str before, struct str after)
{
	while (c->n_before < (int64_t)c->limits->context_lines && before.len > 0) {
		size_t start = last_line((struct str){ before.p, before.len - 1 });

		c->before[c->n_before++] = str_from(before, start);
		before.len = start;
	}
	while (c->n_after < (int64_t)c->limits->context_lines && after.len > 0) {
		size_t end = str_find(after, '\n');

		end += end < after.len;
		c->after[c->n_after++] = (struct str){ after.p, end };
		after = str_from(after, end);
	}
}

/* ---- changes ---- */

/* One of the sides has no lines there: all of the other is one change, of any length. */
static void all_is_one_change(struct comparison *c)
{
	struct side *sides[] = { &c->expected, &c->actual };

	for (size_t i = 0; i < 2; i++)
		if (!sides[i]->list.whole)
			sides[i]->n_lines = count_lines(sides[i]->middle);
	c->changes = mem_alloc(sizeof *c->changes);
	c->n_changes = 1;
	c->changes[0] = (struct line_change){
		.n_removed = (size_t)c->expected.n_lines,
		.n_added = (size_t)c->actual.n_lines,
	};
}

/* What the essay says of the end of what was looked at. */
static void drop_the_end(struct comparison *c)
{
	const struct line_change *x = &c->changes[c->n_changes - 1];
	size_t n_expected = c->expected.list.n, n_actual = c->actual.list.n;

	if (x->expected + x->n_removed < n_expected ||
		2 * (x->n_removed + x->n_added) > n_expected + n_actual)
		return;
	c->n_known = (int64_t)x->expected;
	c->n_changes--;
}

static enum err_code find_changes(struct comparison *c, struct err *e)
{
	if (c->expected.middle.len == 0 || c->actual.middle.len == 0)
		all_is_one_change(c);
	else
		TRY(line_changes(&c->expected.list, &c->actual.list, &c->changes, &c->n_changes, e));
	c->n_known = c->expected.n_lines;
	if (c->partial)
		drop_the_end(c);
	return ERR_OK;
}

/* ---- hunks ---- */

/* A hunk while it is made: changes [first, last], expected lines [from, to), counted as context_line() does. */
struct making {
	struct comparison *c;
	struct file_diff_hunk *h;
	size_t first, last, room;
	int64_t from, to;
	int64_t shift; /* from an expected line to the same line of the actual file */
};

/* The i-th expected line of the middle; before 0 and from n_known on those around it. */
static struct str context_line(const struct comparison *c, int64_t i)
{
	assert(i >= -c->n_before && i < c->n_known + c->n_after);
	if (i < 0)
		return c->before[-i - 1];
	return i < c->n_known ? line_list_get(&c->expected.list, (size_t)i) : c->after[i - c->n_known];
}

/* At most max characters of the line, in scratch. No character comes of more than four bytes. */
static struct str harmless(struct str line, size_t max, struct buf *scratch, bool *ret_cut)
{
	size_t look = line.len < 4 * (max + 1) ? line.len : 4 * (max + 1), n = 0, last = 0;

	buf_reset(scratch);
	utf8_clean((struct str){ line.p, look }, scratch);
	for (size_t i = 0; i < scratch->len && n <= max; i++) {
		if (((unsigned char)scratch->p[i] & 0xC0) == 0x80)
			continue;
		if (++n == max)
			last = i;
	}
	*ret_cut = n > max;
	if (n > max) {
		buf_cut(scratch, last);
		buf_z(scratch, ELLIPSIS);
	}
	return buf_view(scratch);
}

/* Numbers from 0, of the middle; -1 for a file that does not have it. */
static void add_line(
	struct making *m, enum file_diff_kind kind, struct str line, int64_t expected, int64_t actual)
{
	struct comparison *c = m->c;
	struct file_diff_line x = { .kind = kind, .no_newline = !str_ends(line, STR("\n")) };

	if (m->h->cut || m->h->n == m->room) {
		m->h->cut = true;
		return;
	}
	if (!x.no_newline)
		line.len--;
	x.text = harmless(line, c->limits->max_line_chars, &c->scratch, &x.cut);
	if (x.text.len >= c->text_left) {
		c->text_left = 0;
		m->h->cut = true;
		return;
	}
	c->text_left -= x.text.len + 1;
	x.text = arena_str(c->arena, x.text);
	x.expected_line = kind == DIFF_ADDED ? 0 : c->line_before + expected + 1;
	x.actual_line = kind == DIFF_REMOVED ? 0 : c->line_before + actual + 1;
	m->h->lines[m->h->n++] = x;
}

static void add_context(struct making *m, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to && !m->h->cut; i++)
		add_line(m, DIFF_CONTEXT, context_line(m->c, i), i, i + m->shift);
}

static size_t least(size_t x, size_t y)
{
	return x < y ? x : y;
}

/* A change that is longer than the room left shares it out between its sides. Lists have no fewer lines than there
 * is room for, but where lines are very long. */
static void add_change(struct making *m, const struct line_change *x)
{
	const struct line_list *expected = &m->c->expected.list, *actual = &m->c->actual.list;
	size_t room = m->room - m->h->n;
	size_t n_removed = least(x->n_removed, room - least(x->n_added, room / 2));
	size_t n_added = least(x->n_added, room - n_removed);

	n_removed = least(n_removed, expected->n - x->expected);
	n_added = least(n_added, actual->n - x->actual);
	for (size_t i = x->expected; i < x->expected + n_removed; i++)
		add_line(m, DIFF_REMOVED, line_list_get(expected, i), (int64_t)i, -1);
	for (size_t i = x->actual; i < x->actual + n_added; i++)
		add_line(m, DIFF_ADDED, line_list_get(actual, i), -1, (int64_t)i);
	if (n_removed < x->n_removed || n_added < x->n_added)
		m->h->cut = true;
}

static void fill(struct making *m)
{
	int64_t at = m->from;

	for (size_t i = m->first; i <= m->last && !m->h->cut; i++) {
		const struct line_change *x = &m->c->changes[i];

		add_context(m, at, (int64_t)x->expected);
		add_change(m, x);
		at = (int64_t)(x->expected + x->n_removed);
		m->shift = (int64_t)(x->actual + x->n_added) - at;
	}
	add_context(m, at, m->to);
}

static void make_hunk(struct comparison *c, size_t first, size_t last, struct file_diff_hunk *h)
{
	const struct line_change *x = &c->changes[first], *y = &c->changes[last];
	int64_t context = (int64_t)c->limits->context_lines, removed = 0;
	struct making m = { .c = c, .h = h, .first = first, .last = last };

	m.from = (int64_t)x->expected - context;
	m.to = (int64_t)(y->expected + y->n_removed) + context;
	m.from = m.from < -c->n_before ? -c->n_before : m.from;
	m.to = m.to > c->n_known + c->n_after ? c->n_known + c->n_after : m.to;
	m.shift = (int64_t)x->actual - (int64_t)x->expected;
	for (size_t i = first; i <= last; i++)
		removed += (int64_t)c->changes[i].n_removed;
	h->expected_lines = m.to - m.from;
	h->actual_lines = h->expected_lines - (int64_t)(y->expected + y->n_removed) +
			  (int64_t)(y->actual + y->n_added) - m.shift;
	h->expected_start = c->line_before + m.from + (h->expected_lines > 0);
	h->actual_start = c->line_before + m.from + m.shift + (h->actual_lines > 0);
	m.room = least((size_t)(h->actual_lines + removed), c->limits->max_hunk_lines);
	h->lines = arena_array(c->arena, m.room, sizeof *h->lines);
	fill(&m);
}

/* The last change of the hunk that begins with this one: what is nearer than two contexts is in the same. */
static size_t end_of_hunk(const struct comparison *c, size_t at)
{
	for (; at + 1 < c->n_changes; at++) {
		const struct line_change *x = &c->changes[at];

		if (c->changes[at + 1].expected - x->expected - x->n_removed > 2 * c->limits->context_lines)
			break;
	}
	return at;
}

static void make_hunks(struct comparison *c, struct file_diff *d)
{
	size_t last;

	for (size_t i = 0; i < c->n_changes; i++) {
		d->removed += (int64_t)c->changes[i].n_removed;
		d->added += (int64_t)c->changes[i].n_added;
	}
	d->hunks = arena_array(c->arena, least(c->n_changes, c->limits->max_hunks), sizeof *d->hunks);
	for (size_t i = 0; i < c->n_changes; i = last + 1) {
		last = end_of_hunk(c, i);
		d->n_hunks++;
		if (d->n < c->limits->max_hunks && c->text_left > 0) {
			make_hunk(c, i, last, &d->hunks[d->n]);
			d->truncated = d->truncated || d->hunks[d->n].cut;
			d->n++;
		}
	}
	d->truncated = d->truncated || d->n_hunks > (int64_t)d->n;
}

static enum err_code compare(struct comparison *c, struct str expected, struct str actual, size_t start,
	struct file_diff *d, struct err *e)
{
	size_t end;

	start = last_line((struct str){ expected.p, start });
	end = common_last_lines(str_from(expected, start), str_from(actual, start));
	c->line_before = count_line_ends((struct str){ expected.p, start });
	side_init(&c->expected, expected, start, end);
	side_init(&c->actual, actual, start, end);
	c->partial = c->expected.middle.len > 0 && c->actual.middle.len > 0 &&
		     !(c->expected.list.whole && c->actual.list.whole);
	find_context(c, (struct str){ expected.p, start },
		c->partial ? STR("") : str_from(expected, expected.len - end));
	TRY(find_changes(c, e));
	d->partial = d->truncated = c->partial;
	make_hunks(c, d);
	return ERR_OK;
}

enum err_code file_diff_make(struct str expected, struct str actual, const struct file_diff_limits *l,
	struct arena *a, struct file_diff *ret_diff, struct err *e)
{
	struct comparison c = { .limits = l, .arena = a, .text_left = l->max_text_bytes };
	size_t start = common_start(expected, actual);
	struct file_diff d = { .identical = start == expected.len && start == actual.len };
	enum err_code code = ERR_OK;

	assert(l->context_lines > 0 && l->context_lines <= CONTEXT_MAX);
	assert(l->max_hunks > 0 && l->max_text_bytes > 0);
	assert(l->max_hunk_lines > 0 && l->max_hunk_lines <= LIMIT_MAX);
	assert(l->max_line_chars > 0 && l->max_line_chars <= LIMIT_MAX);
	d.binary = is_binary(expected) || is_binary(actual);
	if (!d.identical && !d.binary) {
		buf_init(&c.scratch, SIZE_MAX);
		code = compare(&c, expected, actual, start, &d, e);
		buf_done(&c.scratch);
		line_list_done(&c.expected.list);
		line_list_done(&c.actual.list);
		free(c.changes);
	}
	if (code == ERR_OK)
		*ret_diff = d;
	return code;
}
