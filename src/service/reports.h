#ifndef SERVICE_REPORTS_H
#define SERVICE_REPORTS_H
/*
 * reports: what a tool wrote for machines (explain/input.h: JUnit XML, SARIF, TAP, rdjson, rdjsonl), taken beside the log of a step.
 *
 * It is masked, read once to see what it is, and kept compressed under its name; the same name again replaces it, so sending it twice is
 * sending it once. When that is durable the step waits to be explained, whether it runs or has ended: errors are what its log and all of its reports say
 * together (service/explain_step.h). A report goes with the text of its step.
 *
 * Limits: [limits] report-bytes of one, [limits] reports of a step.
 */
#include "explain/input.h"
#include "service/stream.h"

struct report_post {
	int64_t repo_id; /* the one the caller may write to; 0: any */
	int64_t step_id;
	struct str name; /* one line */
	struct str text; /* as sent, decoded */
	int64_t now;
};

/* What was found in it. */
struct report_read {
	enum input_kind kind;
	size_t n_findings;
	size_t n_failures;  /* of them: errors that were none in the end (flaky) are not */
	struct str problem; /* why it was not read to its end; empty: it was */
};

struct report_work;
/*
 * Masks and reads on the caller's thread, and starts storing: if ERR_OK is returned `done` is called once, on another thread perhaps before this returns, with
 * the outcome; not otherwise. *ret is freed after that by reports_free(). ERR_NOT_FOUND: no such step, or of another repo. ERR_GONE: its text has expired.
 * ERR_MEDIA: no report that is read here; the message says what is. ERR_TOO_LARGE: the step has as many as it may.
 */
MUST_CHECK enum err_code reports_take(struct store *store, struct streams *streams, const struct config *cfg,
	const struct report_post *post, void (*done)(void *arg, const struct err *result), void *arg,
	struct report_work **ret, struct err *e);
const struct report_read *reports_read(const struct report_work *w);
void reports_free(struct report_work *w); /* NULL is fine */

#endif
