#ifndef EXPLAIN_INPUT_MERGE_H
#define EXPLAIN_INPUT_MERGE_H
/*
 * input_merge: what structured inputs know, put to what rules have found in the same log.
 *
 * Both see the same lines: a rule knows "##[error]a.c:1:2: x" by its beginning, the input knows file, line and message.
 * So an input's finding that shares lines with one of a rule is not told again; what it knows and the other does not
 * (file, line, column, code, test, class, flaky, reruns) goes there. One that nobody else has found is put in by
 * its score, if it is a cause; at most INPUT_MERGE_MAX of them, the first. What is context or a consequence is never put
 * in by itself: rules have those.
 */
#include "explain/finding.h"

#define INPUT_MERGE_MAX 100
/* Of 1000: above what rules only suspect, below what they are sure of. */
#define INPUT_MERGE_SCORE 800

/* ranked: of the same log, best first, and so it stays. Strings are copied; inputs may go. */
void input_merge(const struct findings *inputs, struct findings *ranked);

/* What x knows and f, of ranked, does not goes to f. And those that nobody found, in their order, by their score: best first it stays. */
void input_enrich(struct findings *ranked, struct finding *f, const struct finding *x);
void input_put_in(struct findings *ranked, const struct finding *const *v, size_t n);

/*
 * Diagnostics (diagnostic.h) behind all that: where a tool names a file and a line, that belongs to the finding of these
 * lines, if it names none; else it stands at the end, as context. Where nothing is a cause, the first INPUT_MERGE_MAX
 * errors among them are, or else the first of all: it is the log of a linter that nobody knows.
 */
void input_append(const struct findings *diagnostics, struct findings *ranked);

#endif
