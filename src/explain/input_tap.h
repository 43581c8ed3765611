#ifndef EXPLAIN_INPUT_TAP_H
#define EXPLAIN_INPUT_TAP_H
/*
 * input_tap: the Test Anything Protocol, 13 and 14 (testanything.org), with what its writers do besides.
 *
 *   TAP version 14
 *   1..2
 *   # Subtest: parent          subtests are indented by four; also "ok 1 - parent {" .. "}" of node-tap
 *       not ok 1 - child
 *         ---                  a YAML block: message, error, severity, at, file, line, location, stack, ..
 *         ...
 *       1..1
 *   not ok 1 - parent          is a consequence of its child, and not told
 *   not ok 2 - x # TODO later  is expected, and so is SKIP
 *   #   Failed test 'x'        what follows a test in comments is its message (Perl, Bats)
 *   Bail out! reason
 *
 * Lines that are none of these are other output, and passed over. Fewer tests than planned is a failure too.
 */
#include "explain/input.h"

#define TAP_MAX_DEPTH 16

/* Does the log have a stream? *ret_from: the line from which it is worth reading. */
bool input_tap_find(const struct lines *log, size_t *ret_from);
/*
 * Lines from.. of l, whose finding get those lines; in->log may be NULL (the lines are of a report beside the log).
 * n_points: how many tests were seen.
 */
void input_tap(struct input *in, const struct lines *l, size_t from, size_t *ret_n_points);

#endif
