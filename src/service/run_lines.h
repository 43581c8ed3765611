#ifndef SERVICE_RUN_LINES_H
#define SERVICE_RUN_LINES_H
/*
 * run_lines: the lines of all steps of a run as one list: step after step, in the order in which they began.
 *
 * A cursor says which step and which line of it: the step's place in that order times RUN_LINES_STEP, and the line. So it is the number of the line in a
 * run's first step, it grows through the run, and it stays good while steps grow and others begin. What a page costs does not grow with it.
 */
#include "service/lines.h"

#define RUN_LINES_STEP (INT64_C(1) << 36) /* more lines than a log can have (64 GiB of them) */

struct run_lines_query {
	int64_t run_id;
	int64_t sample_id; /* only of tests over it; 0: of all steps */
	bool may_come;     /* it is one of the suite that is not over: each of its tests may have a log yet */
	unsigned levels, sources;   /* as lines_query has them */
	struct str contains, regex; /* as lines_query has them */
	int64_t cursor;
	size_t limit;
	int64_t scan_bytes, scan_ms; /* for all of the page */
	const struct clock *clock;
};

struct run_line {
	int64_t step_id;
	int64_t sample_id;  /* of the test that its step is; 0: of none */
	int64_t arrived_at; /* of its step, ms */
	struct log_line line;
};

struct run_lines_page {
	struct run_line *lines;
	size_t n;
	int64_t next; /* -1: there is no more now */
};

/*
 * Memory of a. ERR_NOT_FOUND: no text ever came of any step, and none may come; or the run has no test over the sample. ERR_GONE: all that came has expired; the error says when the last did, and so does
 * *ret_expired_at. ERR_INVALID: contains or regex cannot be searched for.
 */
MUST_CHECK enum err_code run_lines_read(struct store *s, const struct run_lines_query *q, struct arena *a,
	struct run_lines_page *ret, int64_t *ret_expired_at, struct err *e);

#endif
