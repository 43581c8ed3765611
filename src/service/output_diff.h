#ifndef SERVICE_OUTPUT_DIFF_H
#define SERVICE_OUTPUT_DIFF_H
/*
 * output_diff: what a test wrote, beside what it was expected to write: their contents, and their differences.
 *
 * Files are as large as they are: they are mapped, not read, and what is told of them is bounded.
 */
#include "forge/file_diff.h"
#include "service/results.h"

/* The beginning of one side of an output, at most max bytes of it. */
struct output_content {
	struct output_pair pair;
	struct str digest;
	int64_t n_bytes; /* of all of it */
	struct str text; /* in the arena */
	enum blob_state state;
};
/*
 * ERR_NOT_FOUND: no such output; nothing was expected, or written. A file that is not here (any more) is
 * no error: state says so, and there is no text.
 */
MUST_CHECK enum err_code output_content_read(struct store *s, const struct identity *id,
	const struct output_place *at, bool actual, size_t max, int64_t now, struct arena *a,
	struct output_content *ret, struct err *e);

enum output_diff_status {
	OUTPUT_IDENTICAL,
	OUTPUT_DIFFERENT,
	OUTPUT_NO_EXPECTED,
	OUTPUT_NO_ACTUAL,
	OUTPUT_NOT_COMPARED
};
struct output_diff {
	enum output_diff_status status;
	struct str filename;
	struct file_diff diff; /* of OUTPUT_DIFFERENT */
};
struct output_diff_options {
	size_t context_lines;
	int64_t max_bytes; /* of either side; of a larger one nothing is compared: OUTPUT_NOT_COMPARED. 0: any */
};
/* ERR_GONE: bytes of one side are not here any more. */
MUST_CHECK enum err_code output_diff_make(struct store *s, const struct identity *id,
	const struct output_place *at, const struct output_diff_options *o, int64_t now, struct arena *a,
	struct output_diff *ret, struct err *e);

#endif
