/*
 * line_changes: libgit2 over numbers that stand for lines.
 *
 * xdiff, which is what compares inside libgit2, has tables whose hash anybody can make collide: 100,000 such lines of
 * 34 bytes keep it busy for 16 seconds, twice as many for a minute. It also hashes and keeps all bytes of all lines.
 * So it never sees them. Lines are numbered here, equal ones alike, by a hash whose key is drawn for each call, and
 * libgit2 is given texts in which each line is the number of a line. With those its own hash has no collisions (see
 * put_number()), and what it takes depends on the number of lines alone.
 *
 * It is asked for no context: all that is wanted is which lines changed, and those who show them know better what
 * stands around.
 */
#include "forge/line_changes.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"

#include <assert.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

/* ---- lines ---- */

void line_list_init(struct line_list *l, struct str text)
{
	size_t room = text.len < LINE_LIST_MAX_LINES ? text.len : LINE_LIST_MAX_LINES;
	size_t end;

	*l = (struct line_list){ .text = text, .at = mem_alloc((room + 1) * sizeof *l->at) };
	while (l->n < LINE_LIST_MAX_LINES && l->at[l->n] < text.len) {
		end = l->at[l->n] + str_find(str_from(text, l->at[l->n]), '\n');
		if (end < text.len)
			end++;
		if (l->n > 0 && end > LINE_LIST_MAX_BYTES)
			break;
		l->at[++l->n] = end;
	}
	l->whole = l->at[l->n] == text.len;
}

void line_list_done(struct line_list *l)
{
	free(l->at);
	*l = (struct line_list){ 0 };
}

struct str line_list_get(const struct line_list *l, size_t i)
{
	assert(i < l->n);
	return (struct str){ l->text.p + l->at[i], l->at[i + 1] - l->at[i] };
}

/* ---- numbers ---- */

#define PRIME ((UINT64_C(1) << 61) - 1)
#define DIGITS 4
#define PER_LINE (DIGITS + 1)

_Static_assert(2 * LINE_LIST_MAX_LINES < 1 << (5 * DIGITS), "each line can have a number of its own");

struct numbers {
	uint64_t key, spread;
	struct known {
		struct str line;
		uint64_t hash;
	} * known; /* by number */
	uint32_t n;
	uint32_t *slots; /* a number + 1, or 0; 2^bits of them, so that half are free at least */
	unsigned bits;
};

/*
 * A polynomial over the bytes, seven at a time, at a point that nobody outside knows: two lines of n bytes have the
 * same value for at most n / 7 of 2^61 points (Carter and Wegman, 1979).
 */
static uint64_t hash_of(struct str line, uint64_t key)
{
	uint64_t h = line.len & PRIME;

	for (size_t i = 0; i < line.len; i += 7) {
		uint64_t word = 0;
		wide x;

		memcpy(&word, line.p + i, line.len - i < 7 ? line.len - i : 7);
		x = (wide)h * key + word;
		h = (uint64_t)(x & PRIME) + (uint64_t)(x >> 61);
		h = h >= PRIME ? h - PRIME : h;
	}
	return h;
}

static void numbers_init(struct numbers *ns, size_t n_lines)
{
	*ns = (struct numbers){ .bits = 1 };
	while ((size_t)1 << ns->bits < 2 * n_lines)
		ns->bits++;
	ns->known = mem_alloc(n_lines * sizeof *ns->known);
	ns->slots = mem_alloc(((size_t)1 << ns->bits) * sizeof *ns->slots);
	random_bytes(&ns->key, sizeof ns->key);
	random_bytes(&ns->spread, sizeof ns->spread);
	ns->key = ns->key % (PRIME - 1) + 1;
	ns->spread |= 1;
}

static void numbers_done(struct numbers *ns)
{
	free(ns->known);
	free(ns->slots);
}

/* A line that alone is over the bound is taken to be like no other, for reading it would take too long. */
static uint32_t number_of(struct numbers *ns, struct str line)
{
	bool huge = line.len > LINE_LIST_MAX_BYTES;
	uint64_t hash = huge ? 0 : hash_of(line, ns->key);
	size_t mask = ((size_t)1 << ns->bits) - 1, slot = (size_t)(hash * ns->spread >> (64 - ns->bits));

	for (; ns->slots[slot] != 0; slot = (slot + 1) & mask) {
		const struct known *k = &ns->known[ns->slots[slot] - 1];

		if (!huge && k->hash == hash && str_eq(k->line, line))
			return ns->slots[slot] - 1;
	}
	ns->known[ns->n] = (struct known){ line, hash };
	ns->slots[slot] = ns->n + 1;
	return ns->n++;
}

/*
 * xdiff hashes by h * 33 ^ byte. Digits that differ in their low five bits alone make that one to one: h * 33 without
 * its low five bits is h + h / 32 rounded down, which is greater for each greater h, and tells h; h and the sum tell
 * the digit.
 */
static void put_number(struct buf *out, uint32_t number)
{
	char text[PER_LINE] = { [DIGITS] = '\n' };

	for (int i = DIGITS - 1; i >= 0; i--, number >>= 5)
		text[i] = (char)(0x40 | (number & 31));
	buf_add(out, text, sizeof text);
}

static void put_numbers(struct numbers *ns, const struct line_list *l, struct buf *out)
{
	for (size_t i = 0; i < l->n; i++)
		put_number(out, number_of(ns, line_list_get(l, i)));
}

/* ---- libgit2 ---- */

struct changes {
	struct line_change *p;
	size_t n, cap;
};

/* In libgit2's words, as in unified text, no lines begin behind the line before them. */
static int on_hunk(const git_diff_delta *delta, const git_diff_hunk *h, void *arg)
{
	struct changes *c = arg;

	(void)delta;
	if (c->n == c->cap) {
		c->cap = c->cap ? 2 * c->cap : 64;
		c->p = mem_grow(c->p, c->cap * sizeof *c->p);
	}
	c->p[c->n++] = (struct line_change){
		.expected = (size_t)h->old_start - (h->old_lines > 0),
		.n_removed = (size_t)h->old_lines,
		.actual = (size_t)h->new_start - (h->new_lines > 0),
		.n_added = (size_t)h->new_lines,
	};
	return 0;
}

/* libgit2 does not pass on that xdiff gave up, for want of memory: then there are no changes. What is between the
 * changes must be as long in both texts, or else nothing of it may be believed. */
static bool add_up(const struct changes *c, size_t n_expected, size_t n_actual)
{
	size_t i = 0, k = 0;

	for (size_t at = 0; at < c->n; at++) {
		const struct line_change *x = &c->p[at];

		if (x->expected < i || x->actual < k || x->expected - i != x->actual - k)
			return false;
		i = x->expected + x->n_removed;
		k = x->actual + x->n_added;
	}
	return i <= n_expected && k <= n_actual && n_expected - i == n_actual - k;
}

static enum err_code compare(struct str expected, struct str actual, struct changes *c, struct err *e)
{
	git_diff_options options;
	const git_error *last;
	int rc;

	if (git_libgit2_init() < 0)
		return err_set(e, ERR_INTERNAL, "libgit2 does not start");
	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.context_lines = 0;
	options.flags = GIT_DIFF_FORCE_TEXT;
	rc = git_diff_buffers(expected.p, expected.len, NULL, actual.p, actual.len, NULL, &options, NULL,
		NULL, on_hunk, NULL, c);
	last = rc != 0 ? git_error_last() : NULL;
	if (rc != 0)
		err_set(e, ERR_INTERNAL, "libgit2 cannot compare: %s",
			last ? last->message : "no reason given");
	git_libgit2_shutdown();
	if (rc != 0)
		return ERR_INTERNAL;
	if (!add_up(c, expected.len / PER_LINE, actual.len / PER_LINE) ||
		(c->n == 0 && !str_eq(expected, actual)))
		return err_set(e, ERR_INTERNAL, "libgit2 cannot compare: memory may be out");
	return ERR_OK;
}

enum err_code line_changes(const struct line_list *expected, const struct line_list *actual,
	struct line_change **ret_changes, size_t *ret_n, struct err *e)
{
	struct changes c = { 0 };
	struct numbers ns;
	enum err_code code;
	AUTO_BUF x;
	AUTO_BUF y;

	buf_init(&x, LINE_LIST_MAX_LINES * PER_LINE);
	buf_init(&y, LINE_LIST_MAX_LINES * PER_LINE);
	numbers_init(&ns, expected->n + actual->n);
	put_numbers(&ns, expected, &x);
	put_numbers(&ns, actual, &y);
	numbers_done(&ns);
	code = compare(buf_view(&x), buf_view(&y), &c, e);
	if (code != ERR_OK) {
		free(c.p);
		return code;
	}
	*ret_changes = c.p;
	*ret_n = c.n;
	return ERR_OK;
}
