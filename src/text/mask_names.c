/*
 * mask_names: see the header. A set is its values and one automaton with all of their spellings: first the values
 * themselves, then their base64, then their escapes, so that what finds no room is what is met least.
 */
#include "text/mask_names.h"

#include "base/arena.h"
#include "base/digest.h"
#include "text/automaton.h"
#include "text/mask_command.h"
#include "text/mask_encode.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct mask_names {
	atomic_int n_refs;
	struct automaton *automaton;
	char **values; /* NUL-terminated copies */
	size_t *lens;
	size_t n, cap;
};

static struct str value_at(const struct mask_names *n, size_t i)
{
	return (struct str){ n->values[i], n->lens[i] };
}

static bool has(const struct mask_names *n, struct str value)
{
	for (size_t i = 0; i < n->n; i++)
		if (str_eq(value_at(n, i), value))
			return true;
	return false;
}

/* True: it is a new one. */
static bool keep(struct mask_names *n, struct str value)
{
	if (value.len < MASK_VALUE_MIN || n->n == MASK_NAMES_MAX || has(n, value))
		return false;
	if (n->n == n->cap) {
		n->cap = n->cap ? 2 * n->cap : 8;
		n->values = mem_grow(n->values, n->cap * sizeof *n->values);
		n->lens = mem_grow(n->lens, n->cap * sizeof *n->lens);
	}
	n->values[n->n] = mem_dup(value);
	n->lens[n->n++] = value.len;
	return true;
}

static bool keep_command_value(void *arg, struct str value, struct str written)
{
	struct mask_names *n = arg;

	keep(n, value);
	if (written.len > 0)
		keep(n, written);
	return n->n < MASK_NAMES_MAX;
}

static enum err_code add_spelling(void *arg, struct str spelling, struct err *e)
{
	return automaton_add(arg, spelling, e);
}

/* Returns how many values are not there in all their spellings. */
static size_t build(struct mask_names *n)
{
	size_t n_lost = 0;

	n->automaton = automaton_new();
	for (enum spelling kind = 0; kind < SPELLING_N; kind++) {
		size_t n_now = 0;

		for (size_t i = 0; i < n->n; i++)
			n_now += spellings_each(value_at(n, i), kind, add_spelling, n->automaton, NULL) !=
				 ERR_OK;
		n_lost = n_now > n_lost ? n_now : n_lost;
	}
	automaton_seal(n->automaton);
	return n_lost;
}

static struct mask_names *copy_of(const struct mask_names *from)
{
	struct mask_names *n = mem_alloc(sizeof *n);

	atomic_init(&n->n_refs, 1);
	for (size_t i = 0; from && i < from->n; i++)
		keep(n, value_at(from, i));
	return n;
}

static struct mask_names *finish(const struct mask_names *from, struct mask_names *n, size_t *ret_n_lost)
{
	size_t n_lost = 0;

	if (n->n == mask_names_count(from)) {
		mask_names_unref(n);
		n = NULL;
	} else {
		n_lost = build(n);
	}
	if (ret_n_lost)
		*ret_n_lost = n_lost;
	return n;
}

struct mask_names *mask_names_add(const struct mask_names *from, struct str text, size_t *ret_n_lost)
{
	struct mask_names *n = copy_of(from);

	mask_commands_each(text, keep_command_value, n);
	return finish(from, n, ret_n_lost);
}

struct mask_names *mask_names_add_value(const struct mask_names *from, struct str value, size_t *ret_n_lost)
{
	struct mask_names *n = copy_of(from);

	keep(n, value);
	return finish(from, n, ret_n_lost);
}

struct mask_names *mask_names_ref(struct mask_names *n)
{
	if (n)
		atomic_fetch_add(&n->n_refs, 1);
	return n;
}

void mask_names_unref(struct mask_names *n)
{
	if (!n || atomic_fetch_sub(&n->n_refs, 1) > 1)
		return;
	for (size_t i = 0; i < n->n; i++) {
		secret_wipe(n->values[i], n->lens[i]);
		free(n->values[i]);
	}
	free(n->values);
	free(n->lens);
	automaton_free(n->automaton);
	free(n);
}

size_t mask_names_count(const struct mask_names *n)
{
	return n ? n->n : 0;
}

struct str mask_names_value(const struct mask_names *n, size_t i)
{
	return value_at(n, i);
}

/* They come in the order of their ends: one that begins before others takes them in. */
static void add_found(struct spans *found, size_t at, size_t end)
{
	while (found->n > 0 && found->p[found->n - 1].at >= at)
		found->n--;
	spans_add(found, at, end);
}

void mask_names_find(const struct mask_names *n, struct str text, struct spans *ret_spans)
{
	struct automaton_scan scan = { 0 };
	size_t end, len;
	AUTO_SPANS found = { 0 };

	if (!n)
		return;
	while (automaton_next(n->automaton, text, &scan, &end, &len))
		add_found(&found, end - len, end);
	for (size_t i = 0; i < found.n; i++)
		spans_add(ret_spans, found.p[i].at, found.p[i].end);
}

size_t mask_names_partial(const struct mask_names *n, struct str text)
{
	size_t at = text.len;

	for (size_t i = 0; n && i < n->n; i++) {
		size_t from = mask_partial_of(value_at(n, i), text);

		at = from < at ? from : at;
	}
	return at;
}
