#ifndef SERVICE_RUN_ERRORS_H
#define SERVICE_RUN_ERRORS_H
/*
 * run_errors: what went wrong in a run, as the results API has it: two lists, one of what the change may have broken, one of infrastructure, by the types of
 * model/error.tbl; `build` stands in both.
 *
 * There are three sources: results (exit codes, missing outputs, differences), the logs of steps, and events of the run that tell an error. The first list has the
 * errors of results, then those of logs; the second what events tell, then those of logs. Of logs both look at the steps that make the run fail (of the newest attempt of
 * each job those that failed), and at causes alone: so a run that passed has neither, and the summary counts exactly what the first list has.
 */
#include "service/config.h"
#include "service/facts.h"
#include "store/errors.h"
#include "store/result_nouns.h"

struct run_errors_query {
	int64_t run_id;
	bool infrastructure;
	unsigned types; /* bits of enum error_type: those asked for; others than the list's are not in it */
	unsigned severities; /* bits; 0: whichever */
	int64_t sample_id;   /* 0: whichever */
	int64_t limit, offset;
	int64_t now;
};
/* What of type storage there is is fatal, whatever it was called where it was found. */
#define ERRORS_ALL_TYPES ((1u << ERROR_N_TYPES) - 1)

struct run_error { /* one of these is set */
	const struct result_error *result;
	const struct progress *event;
	const struct error *log;
};
struct run_errors {
	struct run_error *errors;
	size_t n;
	int64_t total; /* -1: more than 10,000 */
	int64_t n_due; /* steps that are still to be explained: more may come */
};
/* ERR_NOT_FOUND: no such run, or not for this token. */
MUST_CHECK enum err_code run_errors_list(struct store *s, const struct identity *id,
	const struct run_errors_query *q, struct arena *a, struct run_errors *ret, struct err *e);
enum error_severity run_error_severity(enum error_type type); /* of a result */

enum errors_by { ERRORS_BY_TYPE, ERRORS_BY_SEVERITY, ERRORS_BY_SAMPLE, ERRORS_BY_TEST };
struct error_bucket {
	int64_t key;                  /* the type, severity, sample or test */
	enum error_severity severity; /* the worst in it */
	int64_t n, first_at, last_at;
	int64_t *samples; /* the first ERRORS_SAMPLES that it is of, in order */
	size_t n_samples;
};
#define ERRORS_SAMPLES 1000
struct error_summary {
	struct error_bucket *buckets; /* the fullest first */
	size_t n;
	int64_t total; /* n, or -1: more than 10,000 */
};
/* The list that is not of infrastructure, counted; by sample and test what is of one. types, limit and offset are not read. */
MUST_CHECK enum err_code run_errors_summary(struct store *s, const struct identity *id,
	const struct run_errors_query *q, enum errors_by by, struct arena *a, struct error_summary *ret,
	struct err *e);

#endif
