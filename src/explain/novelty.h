#ifndef EXPLAIN_NOVELTY_H
#define EXPLAIN_NOVELTY_H
/*
 * novelty: which lines of a failed log its baseline, a log that passed, does not have.
 *
 * Lines are compared as templates (template.h). The two logs are aligned, as by diff, rather than compared as
 * sets: a line that is in the baseline, but somewhere else, is not the same as one that is where it
 * was. Time and memory are linear in the logs but for a bounded amount of exact alignment in the gaps.
 */
#include "explain/lines.h"

enum novelty {
	NOVELTY_KNOWN, /* stands where it stood */
	NOVELTY_MOVED, /* the baseline has as many of it, elsewhere */
	NOVELTY_MORE,  /* the baseline has it, but not so often */
	NOVELTY_NEW,   /* the baseline has no such line */
};

/* The template of each line, 0 of an empty one. mem_alloc'd, free() it. */
uint64_t *novelty_digests(const struct lines *l);

/* ret[i] for each of the n_log lines. */
void novelty_mark(
	const uint64_t *log, size_t n_log, const uint64_t *baseline, size_t n_baseline, uint8_t *ret);

/* How many lines have each digest. */
struct census {
	struct census_row {
		uint64_t digest; /* 0: free */
		uint32_t n;
		uint32_t at; /* the last one */
	} * rows;
	size_t mask;
};
void census_init(struct census *t, const uint64_t *v, size_t n);
void census_done(struct census *t);
const struct census_row *census_find(const struct census *t, uint64_t digest); /* NULL: none has it */

#endif
