#ifndef HTTP_DECISIVE_H
#define HTTP_DECISIVE_H
/*
 * decisive: of a step that failed, what a reader has to see: its errors, each with the lines it stands on and a few around. This is the one place of the pages that decides it.
 *
 * Of a step that is still to be explained, or in which nothing was found, it is the end of the log.
 */
#include "http/call.h"
#include "http/html.h"
#include "service/facts.h"

struct decisive_error {  /* one error of a step, as it is shown */
	struct str role; /* "cause", "consequence" */
	struct str class, message, file;
	int64_t line;        /* in the file; 0: not known */
	int64_t first, last; /* lines of the log, from 0; last before first: it was told beside the log */
	struct str advice;   /* empty: there is none */
	int64_t group_id;    /* 0: it is of none, and neither new nor known */
	int64_t known_since; /* ms; 0: it is new */
	bool is_flaky;       /* the step passed as well, on one commit */
};

/*
 * The errors of a step, or the end of its log, as a part of the page; what is wrong with its text (it expired, it never came) is told in its place. prefixed: as
 * log_rows.h has it. Only what hinders all of the page is an error.
 */
MUST_CHECK enum err_code decisive_put(
	struct call *c, struct html *h, const struct step *step, bool prefixed, struct err *e);
/* The errors, the best first: new or known, message, role, class, place, and of the first few the lines. */
MUST_CHECK enum err_code decisive_errors_put(struct call *c, struct html *h, int64_t step_id,
	const struct decisive_error *errors, size_t n, bool prefixed, struct err *e);

#endif
