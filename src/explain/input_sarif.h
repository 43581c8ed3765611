#ifndef EXPLAIN_INPUT_SARIF_H
#define EXPLAIN_INPUT_SARIF_H
/*
 * input_sarif: SARIF 2.1.0 (OASIS, 2020): what linters, compilers and scanners write.
 *
 * Of each run the results that are problems now: not those whose kind is pass, open, review, informational or
 * notApplicable, whose baselineState is "absent", or that are suppressed. The level is the result's own, else its
 * rule's (3.27.10), else "warning". Messages may stand in the rule, with {0} for arguments (3.11). Notifications of
 * level "error" say that the tool itself failed; they are told too.
 *
 * Findings have no lines: JSON is read as a tree.
 */
#include "base/json.h"
#include "explain/input.h"

/* The root of a document. ERR_MEDIA when it has no runs. */
MUST_CHECK enum err_code input_sarif(struct input *in, const struct json *root, struct err *e);

#endif
