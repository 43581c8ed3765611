/*
 * automaton: states in an array, edges in one open hash table by (state, byte).
 *
 * A state is a beginning of a string. Its fail link leads to the longest end of it that is a beginning as well:
 * where the search goes on when no edge fits. `longest` is of the strings that end there, by way of fail links
 * too, so that a search looks at one state a byte.
 */
#include "text/automaton.h"

#include "base/arena.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STATES_MIN 256u
#define ROOT 0u

struct state {
	uint32_t fail, longest;
	uint32_t child, sibling; /* ROOT: none */
	uint8_t byte;            /* of the edge that leads here */
};

struct edge {
	uint32_t key; /* state * 256 + byte */
	uint32_t to;  /* ROOT: a free place, as no edge leads there */
};

struct automaton {
	struct state *states;
	struct edge *edges; /* twice as many places as states, a power of two */
	size_t n, cap;
	size_t n_bytes;
	unsigned shift; /* of a hash, to a place */
	bool sealed;
};

static_assert(AUTOMATON_BYTES_MAX < (size_t)1 << 24, "the number of a state and a byte have to fit 32 bits");

static struct edge *place_of(const struct automaton *a, uint32_t key)
{
	size_t mask = 2 * a->cap - 1;
	size_t i = (key * 0x9e3779b1u) >> a->shift; /* Knuth's multiplicative hash */

	while (a->edges[i].to != ROOT && a->edges[i].key != key)
		i = (i + 1) & mask;
	return &a->edges[i];
}

static uint32_t key_of(uint32_t state, uint8_t byte)
{
	return state << 8 | byte;
}

static uint32_t child_of(const struct automaton *a, uint32_t state, uint8_t byte)
{
	return place_of(a, key_of(state, byte))->to;
}

static void set_size(struct automaton *a, size_t cap)
{
	a->cap = cap;
	a->shift = 32 - (unsigned)__builtin_ctzll(2 * cap);
	a->edges = mem_alloc(2 * cap * sizeof *a->edges);
}

struct automaton *automaton_new(void)
{
	struct automaton *a = mem_alloc(sizeof *a);

	set_size(a, STATES_MIN);
	a->states = mem_alloc(a->cap * sizeof *a->states);
	a->n = 1;
	return a;
}

static void forget(void *p, size_t len)
{
	explicit_bzero(p, len);
	free(p);
}

void automaton_free(struct automaton *a)
{
	if (!a)
		return;
	forget(a->states, a->cap * sizeof *a->states);
	forget(a->edges, 2 * a->cap * sizeof *a->edges);
	free(a);
}

static void grow(struct automaton *a)
{
	struct state *states = a->states;
	struct edge *edges = a->edges;
	size_t cap = a->cap;

	set_size(a, 2 * cap);
	a->states = mem_alloc(a->cap * sizeof *a->states);
	memcpy(a->states, states, cap * sizeof *states);
	for (size_t i = 0; i < 2 * cap; i++)
		if (edges[i].to != ROOT)
			*place_of(a, edges[i].key) = edges[i];
	forget(states, cap * sizeof *states);
	forget(edges, 2 * cap * sizeof *edges);
}

static uint32_t child_make(struct automaton *a, uint32_t state, uint8_t byte)
{
	uint32_t made = (uint32_t)a->n;

	if (a->n == a->cap)
		grow(a);
	a->n++;
	a->states[made] = (struct state){ .byte = byte, .sibling = a->states[state].child };
	a->states[state].child = made;
	*place_of(a, key_of(state, byte)) = (struct edge){ key_of(state, byte), made };
	return made;
}

enum err_code automaton_add(struct automaton *a, struct str s, struct err *e)
{
	uint32_t state = ROOT;

	assert(!a->sealed);
	if (s.len > AUTOMATON_BYTES_MAX - a->n_bytes)
		return err_set(e, ERR_INVALID, "more texts to look for than have room");
	a->n_bytes += s.len;
	for (size_t i = 0; i < s.len; i++) {
		uint8_t byte = (uint8_t)s.p[i];
		uint32_t next = child_of(a, state, byte);

		state = next != ROOT ? next : child_make(a, state, byte);
	}
	if (s.len > 0)
		a->states[state].longest = (uint32_t)s.len;
	return ERR_OK;
}

static uint32_t step(const struct automaton *a, uint32_t state, uint8_t byte)
{
	for (;;) {
		uint32_t next = child_of(a, state, byte);

		if (next != ROOT || state == ROOT)
			return next;
		state = a->states[state].fail;
	}
}

/* By length of beginnings, because the fail link of a state leads to a shorter one. */
void automaton_seal(struct automaton *a)
{
	uint32_t *queue = mem_alloc(a->n * sizeof *queue); /* begins with ROOT */

	for (size_t done = 0, n = 1; done < n; done++) {
		uint32_t state = queue[done];

		for (uint32_t c = a->states[state].child; c != ROOT; c = a->states[c].sibling) {
			struct state *child = &a->states[c];

			child->fail = state == ROOT ? ROOT : step(a, a->states[state].fail, child->byte);
			if (child->longest == 0)
				child->longest = a->states[child->fail].longest;
			queue[n++] = c;
		}
	}
	free(queue);
	a->sealed = true;
}

bool automaton_next(const struct automaton *a, struct str text, struct automaton_scan *scan, size_t *ret_end,
	size_t *ret_len)
{
	assert(a->sealed);
	while (scan->at < text.len) {
		scan->state = step(a, scan->state, (uint8_t)text.p[scan->at++]);
		if (a->states[scan->state].longest > 0) {
			*ret_end = scan->at;
			*ret_len = a->states[scan->state].longest;
			return true;
		}
	}
	return false;
}
