#ifndef TEXT_AUTOMATON_H
#define TEXT_AUTOMATON_H
/*
 * automaton: find any of many strings that a stranger chose, in time that does not depend on which.
 *
 * needles.h is faster on strings that nobody made to be slow; this is for those that a text brings along. It is
 * the automaton of Aho and Corasick (1975): building takes a step a byte of the strings, searching two a byte of
 * the text, whatever they are. And there is a bound to the strings.
 *
 * Life cycle: new, add as often as wanted, seal once, scan; free.
 */
#include "base/err.h"
#include "base/str.h"

#define AUTOMATON_BYTES_MAX ((size_t)1 << 17) /* of all strings, those given again too */

struct automaton;

struct automaton *automaton_new(void);
void automaton_free(struct automaton *a); /* NULL is fine; overwrites what it knew */
/* ERR_INVALID beyond the bound; what was added before stays. An empty string is no string. */
MUST_CHECK enum err_code automaton_add(struct automaton *a, struct str s, struct err *e);
void automaton_seal(struct automaton *a);

struct automaton_scan { /* zeroed at birth */
	size_t at;
	uint32_t state;
};
/*
 * The next place where a string ends: *ret_end is behind it, *ret_len the length of the longest that ends there.
 * In the order of ends; false: no more.
 */
bool automaton_next(const struct automaton *a, struct str text, struct automaton_scan *scan, size_t *ret_end,
	size_t *ret_len);

#endif
