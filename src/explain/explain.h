#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H
/*
 * explain: what went wrong in a log, best first.
 *
 * Lines (lines.h) are matched by rules (rule.h), joined to blocks (block.h), compared with a log that passed
 * (novelty.h), and ranked (rank.h). What structured inputs say, in the log and beside it, is put to that (input_merge.h, input_beside.h).
 */
#include "explain/finding.h"
#include "explain/rule.h"

/* Changes whenever the same log and rules may give other findings: what is kept is made again. */
#define EXPLAIN_VERSION "1"

struct explain_input {
	struct rules *rules; /* compiled */
	struct str log;
	struct str baseline; /* a log of the same step that passed */
	bool has_baseline;
	const struct findings *reports; /* beside the log (input_report), all together; NULL: none */
};

/* Appends to ret, best first; nothing is no error. ERR_TOO_LARGE: over LINES_TEXT_MAX. */
MUST_CHECK enum err_code explain_log(const struct explain_input *in, struct findings *ret, struct err *e);

/* As JSON: {"version":1,"lines":N,"bytes":N,"blocks":[..]}; lines are counted from 1 and end included there. */
void explain_json(const struct findings *f, struct str log, struct buf *out);
/* For a terminal, or as Markdown. At most `most` findings, and of each a few lines. */
void explain_text(const struct findings *f, struct str log, size_t most, struct buf *out);
void explain_markdown(const struct findings *f, struct str log, size_t most, struct buf *out);

#endif
