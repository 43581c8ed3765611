#ifndef MODEL_RESULT_H
#define MODEL_RESULT_H
/*
 * result: what became of a test in a run; and of each file that it was expected to write.
 *
 * A verdict looks for a missing output first, then at the exit code, then at the outputs against every content that is accepted (results API, "Status is
 * derived"): result_judge() is that rule, and nothing else is.
 */
#include "model/error.h"
#include "model/suite.h"

/* Of a result: name in C, name everywhere else, whether it is a verdict, and one that is not well. */
#define RESULT_STATUSES(X)                                                                                   \
	X(NOT_STARTED, "not_started", false, false)                                                          \
	X(RUNNING, "running", false, false)                                                                  \
	X(PASS, "pass", true, false)                                                                         \
	X(FAIL, "fail", true, true)                                                                          \
	X(MISSING_OUTPUT, "missing_output", true, true)                                                      \
	X(SKIPPED, "skipped", true, false)

enum result_status {
#define X(name, ...) RESULT_##name,
	RESULT_STATUSES(X)
#undef X
		RESULT_N_STATUSES
};
const char *result_status_name(enum result_status s);
bool result_status_find(struct str name, enum result_status *ret);
bool result_is_verdict(enum result_status s);

/* Of an output. The words of the results API. */
enum output_status { OUTPUT_PASS, OUTPUT_FAIL, OUTPUT_MISSING, OUTPUT_UNEXPECTED, OUTPUT_N_STATUSES };
const char *output_status_name(enum output_status s); /* pass, fail, missing_output, missing_expected */
bool output_status_find(struct str name, enum output_status *ret);

struct output { /* of a result */
	int64_t output_id;
	struct str filename;
	enum output_status status;
	struct str digest;   /* of what was written; empty: nothing was */
	struct str expected; /* the accepted content that it was compared with; empty: there is none */
	int64_t n_bytes;     /* -1: not told */
};

struct result {
	int64_t run_id, test_id, sample_id;
	struct str test_name, sample_name, command;
	struct suite_words categories; /* in order */
	enum result_status status;
	bool has_exit_code;
	int64_t exit_code, expected_rc;
	int64_t runtime_ms; /* -1: not told */
	int64_t tested_at;  /* ms; 0: not yet */
	struct str message; /* what the worker, or a report, has to say */
	struct str cause;   /* slug of an error_type; empty: it is well */
	struct output *outputs;
	size_t n_outputs;
};

struct verdict {
	enum result_status status;
	enum error_type cause; /* when status is not RESULT_PASS */
};
/* Of the exit code and the statuses of the outputs. */
struct verdict result_judge(const struct result *r);
/*
 * The same for the same failure, in whatever run: its cause, and a digest of the exit code, and of which outputs were wrong and what was in them. Memory of a. Empty: it
 * is well.
 */
struct str result_signature(const struct result *r, const struct verdict *v, struct arena *a);

/* How far a run is, as it is told. */
enum progress_status {
	PROGRESS_QUEUED,
	PROGRESS_PREPARATION,
	PROGRESS_TESTING,
	PROGRESS_COMPLETED,
	PROGRESS_CANCELED,
	PROGRESS_ERROR,
	PROGRESS_N_STATUSES
};
const char *progress_status_name(enum progress_status s);
bool progress_status_find(struct str name, enum progress_status *ret);

#endif
