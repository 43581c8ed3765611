#ifndef EXPLAIN_OUTCOME_H
#define EXPLAIN_OUTCOME_H
/*
 * outcome: what the way in which a step ended says, beside its log.
 *
 * That its runner was lost or that it took too long is known to who ran it and may stand nowhere in the log. And an exit code means something
 * by convention (128 + a signal: POSIX shell, 2.8.2; 124: timeout(1); 126, 127: POSIX shell) where the log says nothing.
 */
#include "explain/finding.h"
#include "model/step.h"

/*
 * What it adds stands in front of all others: a cause of its own, at the last of the log's n_lines lines, whose bytes are [last_start, log_len).
 * Of an exit code it says something only where nothing but a guess is a cause.
 */
void outcome_add(struct findings *ranked, const struct step_facts *f, size_t n_lines, size_t last_start,
	size_t log_len);

#endif
