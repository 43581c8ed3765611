#ifndef SERVICE_EXPLAIN_STEP_H
#define SERVICE_EXPLAIN_STEP_H
/*
 * explain_step: what broke in a step: its log, the reports beside it, and the log of the last time that it passed, put to the explainer; and what
 * comes out as it is kept.
 *
 * Of a step that did not fail only the reports are looked at. Nothing is written here.
 */
#include "explain/explain.h"
#include "model/error.h"
#include "store/store.h"

struct explain_limits {
	int64_t log_bytes; /* of text that is looked at; of a longer log its beginning and its end */
	int64_t errors;    /* kept: the best */
};

struct explanation {
	struct error *errors; /* the best first */
	struct str *templates;
	size_t n;
	bool text_gone; /* it had a text, that has expired */
	/* explain_step.c's */
	struct findings found;
	struct arena arena;
};

/*
 * A step whose text is gone, or that never had any, is explained by what is left: how it ended. A baseline that is damaged is none. ERR_NOT_FOUND: no such
 * step. ERR_CONFLICT: its log, or that of the baseline, moves just now; try again. ERR_UNPROCESSABLE: its log is damaged. Rules belong to the caller's
 * thread.
 */
MUST_CHECK enum err_code explain_step(struct store *s, struct rules *rules,
	const struct explain_limits *limits, int64_t step_id, struct explanation *ret, struct err *e);
void explanation_done(struct explanation *x); /* also of a zeroed one */

#define AUTO_EXPLANATION __attribute__((cleanup(explanation_done))) struct explanation

#endif
