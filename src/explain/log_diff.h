#ifndef EXPLAIN_LOG_DIFF_H
#define EXPLAIN_LOG_DIFF_H
/*
 * log_diff: the lines of a log that its baseline does not have, and those around them.
 *
 * Two logs are compared as novelty.h does it: by templates, aligned. What is shown are the lines that are new, more or moved, and `context` lines
 * in front of and behind each. Views of the log: it has to live as long.
 */
#include "explain/novelty.h"

struct log_diff {
	struct lines lines; /* of the log */
	uint8_t *kinds;     /* of each of them an enum novelty */
};

/* ERR_TOO_LARGE over LINES_TEXT_MAX. */
MUST_CHECK enum err_code log_diff_make(
	struct str log, struct str baseline, struct log_diff *ret, struct err *e);
void log_diff_done(struct log_diff *d); /* also of a zeroed one */
/* The next line from `from` on that is shown; lines.n: there is none. Linear in the lines it passes. */
size_t log_diff_next(const struct log_diff *d, size_t from, size_t context);
const char *novelty_name(enum novelty n); /* "known", "moved", "more", "new" */

#define AUTO_LOG_DIFF __attribute__((cleanup(log_diff_done))) struct log_diff

#endif
