#ifndef TEXT_PATTERN_SET_H
#define TEXT_PATTERN_SET_H
/*
 * pattern_set: hundreds of regular expressions looked for in a text at once, in one pass and in linear time
 * (Hyperscan or vectorscan). For one expression of a stranger there is text/search.h.
 *
 * The text is bytes; lines end in LF. Syntax as in search.h, but over bytes and with case mattering unless a
 * pattern says (?i). ^ and $ are the ends of a line. What is told is where a match ends: one call for each
 * end of each match, so a pattern should not end in what can go on (`.*`, `\w+`): it would be told at each
 * byte. [^x] and \s also match line ends, so a match may begin in an earlier line; who cares looks at the
 * line again with base/regex.h.
 *
 * Life cycle: pattern_set_new() once, any number of threads scan, pattern_set_free(). Compiling 400 takes about a second:
 * pattern_set_save() gives bytes that pattern_set_load() takes on the same kind of machine and the same version of
 * the library, pattern_set_stamp(); anything else it refuses.
 */
#include "base/buf.h"

struct pattern_set;

struct pattern {
	const char *regex; /* NUL-terminated */
	unsigned id;       /* told when it is found */
};

/* ERR_INVALID says which one, ret_bad (may be NULL) its place in v; SIZE_MAX: none of them alone. */
MUST_CHECK enum err_code pattern_set_new(
	const struct pattern *v, size_t n, struct pattern_set **ret, size_t *ret_bad, struct err *e);
void pattern_set_free(struct pattern_set *p); /* NULL is fine */

/* Version and processor of the library: what a saved one depends on beside its patterns. */
void pattern_set_stamp(struct buf *out);
MUST_CHECK enum err_code pattern_set_save(const struct pattern_set *p, struct buf *out, struct err *e);
/* ERR_INVALID: made elsewhere, or damaged. */
MUST_CHECK enum err_code pattern_set_load(struct str bytes, struct pattern_set **ret, struct err *e);

/* A match of pattern id ends in front of byte `end`. False: enough. */
typedef bool pattern_set_fn(void *arg, unsigned id, size_t end);
/* Ends come in ascending order. text: at most 2 GiB. */
MUST_CHECK enum err_code pattern_set_scan(
	const struct pattern_set *p, struct str text, pattern_set_fn *each, void *arg, struct err *e);

#endif
