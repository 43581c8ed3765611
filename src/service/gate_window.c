/*
 * gate_window: ids in the order of the branch, and their numbers in the order of the ids, in which an id, or what it begins with, is found by halving. With 10,000 of them that
 * is fourteen comparisons.
 */
#include "service/gate_window.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ID_MAX 64

struct id {
	char hex[ID_MAX];
	unsigned char len;
};

struct gate_window {
	atomic_int n_refs;
	size_t n, n_sorted, n_heard, asked; /* n_sorted: of those order tells */
	struct id *ids;                     /* newest first */
	uint32_t *order;                    /* numbers of ids, in the order of their text */
};

struct str gate_window_at(const struct gate_window *w, size_t i)
{
	assert(i < w->n);
	return (struct str){ w->ids[i].hex, w->ids[i].len };
}

static int compare(struct str a, struct str b)
{
	int c = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return c != 0 ? c : (a.len > b.len) - (a.len < b.len);
}

static int by_text(const void *a, const void *b, void *arg)
{
	const struct gate_window *w = arg;

	return compare(gate_window_at(w, *(const uint32_t *)a), gate_window_at(w, *(const uint32_t *)b));
}

static void add(struct gate_window *w, struct str id)
{
	struct id *x = &w->ids[w->n++];

	assert(id.len <= ID_MAX);
	memcpy(x->hex, id.p, id.len);
	x->len = (unsigned char)id.len;
}

static void sort(struct gate_window *w)
{
	for (size_t i = 0; i < w->n; i++)
		w->order[i] = (uint32_t)i;
	w->n_sorted = w->n;
	qsort_r(w->order, w->n, sizeof *w->order, by_text, w);
}

/* Where in order the first stands that is not before digits. */
static size_t lower_bound(const struct gate_window *w, struct str digits)
{
	size_t from = 0, to = w->n_sorted;

	while (from < to) {
		size_t mid = from + (to - from) / 2;

		if (compare(gate_window_at(w, w->order[mid]), digits) < 0)
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

struct gate_place gate_window_find(const struct gate_window *w, struct str digits, size_t window)
{
	struct gate_place p = { .at = SIZE_MAX };
	size_t in = window < w->n_heard ? window : w->n_heard;

	for (size_t k = lower_bound(w, digits); k < w->n_sorted; k++) {
		size_t i = w->order[k];

		if (!str_starts(gate_window_at(w, i), digits))
			break;
		p.n_all++;
		p.n_in += i < in;
		p.at = i < p.at ? i : p.at;
	}
	return p;
}

/* Behind the last that was heard. With merges that is near the truth and not always it, so nothing of it is let in. */
static void keep_old(struct gate_window *w, const struct gate_window *old, size_t room)
{
	struct gate_place last = gate_window_find(old, gate_window_at(w, w->n - 1), 0);

	if (last.n_all != 1)
		return;
	for (size_t i = last.at + 1; i < old->n && w->n < room; i++)
		if (gate_window_find(w, gate_window_at(old, i), 0).n_all == 0)
			add(w, gate_window_at(old, i));
}

struct gate_window *gate_window_new(
	const struct commit_list *list, size_t asked, const struct gate_window *old)
{
	bool goes_on = old && list->n >= asked;
	size_t room = goes_on && list->n < GATE_HELD_MAX ? GATE_HELD_MAX : list->n;
	struct gate_window *w = mem_alloc(sizeof *w);

	assert(list->n > 0);
	if (goes_on && room > list->n + old->n)
		room = list->n + old->n;
	*w = (struct gate_window){ .n_heard = list->n,
		.asked = asked,
		.ids = mem_alloc(room * sizeof *w->ids),
		.order = mem_alloc(room * sizeof *w->order) };
	atomic_init(&w->n_refs, 1);
	for (size_t i = 0; i < list->n; i++)
		add(w, list->ids[i]);
	sort(w);
	if (!goes_on)
		return w;
	keep_old(w, old, room);
	if (w->n > w->n_sorted)
		sort(w);
	return w;
}

struct gate_window *gate_window_get(struct gate_window *w)
{
	if (w)
		atomic_fetch_add(&w->n_refs, 1);
	return w;
}

void gate_window_put(struct gate_window *w)
{
	if (!w || atomic_fetch_sub(&w->n_refs, 1) > 1)
		return;
	free(w->ids);
	free(w->order);
	free(w);
}

struct str gate_window_head(const struct gate_window *w)
{
	return gate_window_at(w, 0);
}

size_t gate_window_asked(const struct gate_window *w)
{
	return w->asked;
}

size_t gate_window_len(const struct gate_window *w)
{
	return w->n;
}

size_t gate_window_heard(const struct gate_window *w)
{
	return w->n_heard;
}
