#ifndef SERVICE_STEP_DIFF_H
#define SERVICE_STEP_DIFF_H
/*
 * step_diff: what is in a step's log and not in that of the last time that the step passed: pages of the lines that are new, more or moved
 * (explain/novelty.h), with the lines around them.
 *
 * The lines that are shown are one list in the order of their numbers; a page is the next `limit` of it from a cursor on, which is the number of a line. Each
 * page compares the logs anew. Of each log no more than max_bytes are looked at: of a longer one the beginning and the end, and it is told how much was
 * not. Lines are numbered as in log_view.h.
 */
#include "service/facts.h"
#include "service/line_reader.h"

#define STEP_DIFF_CONTEXT_MAX 10
#define STEP_DIFF_LIMIT_MAX 2000
#define STEP_DIFF_PAGE_BYTES (2 * 1024 * 1024) /* of the text on a page as JSON, or one line */

struct step_diff_query {
	int64_t step_id, baseline_id;
	size_t context, limit;
	int64_t cursor; /* the line to begin with */
	int64_t max_bytes;
};

struct diff_line {
	int64_t number;
	struct str text; /* without escapes, at most LINE_TEXT_MAX characters */
	bool truncated;
	const char *kind; /* known, moved, more, new */
};

struct step_diff {
	struct diff_line *lines;
	size_t n;
	int64_t next; /* -1: that were all */
	int64_t skipped_bytes, baseline_skipped_bytes;
};

/*
 * The step that `id` is compared with: wanted (0: the one that explaining_baseline() finds), if whoever asks may know of it. ERR_NOT_FOUND: there is none,
 * with what to do; ERR_GONE: its text has expired; ERR_INVALID, field "baseline": it is the step itself.
 */
MUST_CHECK enum err_code step_diff_baseline(struct store *s, const struct identity *id,
	const struct step_view *step, int64_t wanted, struct arena *a, struct step_view *ret, struct err *e);
/* Memory of a. Errors are those of log_view_open(), and ERR_UNAVAILABLE while a log does not stand still. */
MUST_CHECK enum err_code step_diff_read(struct store *s, const struct step_diff_query *q, struct arena *a,
	struct step_diff *ret, struct err *e);

#endif
