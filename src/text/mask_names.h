#ifndef TEXT_MASK_NAMES_H
#define TEXT_MASK_NAMES_H
/*
 * mask_names: the values that a run has asked to be masked (`::add-mask::`), for all that comes after in it.
 *
 * A set never changes once it is made: adding makes another one, so that any number of threads may look through the one they have.
 * Strangers choose these values, so they are looked for with an automaton, whose time does not depend on them, and there
 * is a bound to the spellings of all together (AUTOMATON_BYTES_MAX): beyond it a value finds no room, and is counted.
 *
 * Life cycle: mask_names_add() of NULL or of an earlier set gives a set of one reference; _ref, _unref.
 */
#include "text/mask_span.h"

#define MASK_NAMES_MAX 1000

struct mask_names;

/*
 * A set with the values of `from` (NULL: none; it keeps its reference) and those of the commands in text. NULL when there is nothing
 * new. ret_n_lost (may be NULL): values that found no room.
 */
struct mask_names *mask_names_add(const struct mask_names *from, struct str text, size_t *ret_n_lost);
/* The same with one value as it is. */
struct mask_names *mask_names_add_value(const struct mask_names *from, struct str value, size_t *ret_n_lost);
struct mask_names *mask_names_ref(struct mask_names *n); /* NULL is fine */
void mask_names_unref(struct mask_names *n); /* NULL is fine; the last one overwrites the values */

size_t mask_names_count(const struct mask_names *n);               /* 0 of NULL */
struct str mask_names_value(const struct mask_names *n, size_t i); /* in the order in which they came */

/* Where these values, in any spelling, are in text. n may be NULL. */
void mask_names_find(const struct mask_names *n, struct str text, struct spans *ret_spans);
/* As mask_partial(), of these. */
size_t mask_names_partial(const struct mask_names *n, struct str text);

#endif
