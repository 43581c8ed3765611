#ifndef SERVICE_RESULTS_H
#define SERVICE_RESULTS_H
/*
 * results: what became of the tests of a run: told by its worker, or imported; and read, for who may know of the run. Who may not is told that there is no such run
 * (ERR_NOT_FOUND).
 *
 * What a test wrote is a file by its content (store/blob_file.h): a content that is here already, as every accepted one, need not be sent. A result that tells which
 * contents there were is judged at once; the bytes come after it.
 */
#include "service/facts.h"
#include "service/queue.h"

/* ---- telling: the worker of t ---- */

struct told_back {
	int64_t test_id;
	enum result_status status;
	int64_t *wanted; /* output_ids whose bytes are to be sent */
	size_t n_wanted;
};
/*
 * Many at once, all or none; waits for the commit. ret: room for n, memory of a. ERR_UNPROCESSABLE: a test that the run does not have, an output that the test does
 * not. ERR_CONFLICT as queue_told().
 */
MUST_CHECK enum err_code results_tell(struct store *s, const struct telling *t,
	const struct result_told *told, size_t n, struct arena *a, struct told_back *ret, struct err *e);
/* The bytes of an output have come (store/blob_file.h): kept, and put down as what the test wrote. Errors also those of suite_file_keep(). */
struct blob_file;
MUST_CHECK enum err_code results_keep_output(struct store *s, const struct telling *t, int64_t output_id,
	struct blob_file *f, struct str digest, bool *ret_new, int64_t *ret_bytes, struct err *e);

/* ---- importing: tests that were run elsewhere ---- */

struct result_import {
	struct step_facts run; /* repo, forge and what says which run it is; made when it is not there */
	int64_t repo_id;
	const struct str *names;        /* of each: the test */
	const struct result_told *told; /* RESULT_PASS, _FAIL or _SKIPPED */
	size_t n;
	const struct identity *by;
	const struct config *cfg;
	int64_t now;
};
#define RESULTS_IMPORT_MAX 5000 /* at once */
MUST_CHECK enum err_code results_import(
	struct store *s, const struct result_import *in, int64_t *ret_run_id, struct err *e);

/* ---- reading ---- */

MUST_CHECK enum err_code results_of_run(struct store *s, const struct identity *id,
	const struct result_query *q, int64_t now, struct arena *a, struct result **ret, size_t *ret_n,
	int64_t *ret_total, struct err *e);

struct run_summary {
	struct run run;
	int64_t n[RESULT_N_STATUSES];
	int64_t n_errors;    /* of run_errors_list(), all of them */
	int64_t duration_ms; /* -1: it is not over */
};
MUST_CHECK enum err_code results_sum_up(struct store *s, const struct identity *id, int64_t run_id,
	int64_t now, struct arena *a, struct run_summary *ret, struct err *e);
/* status: of enum progress_status; -1: whichever. */
MUST_CHECK enum err_code results_progress(struct store *s, const struct identity *id, int64_t run_id,
	int status, int64_t limit, int64_t offset, int64_t now, struct arena *a, struct progress **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e);
/* The tests that were chosen, and the run. */
MUST_CHECK enum err_code results_config(struct store *s, const struct identity *id, int64_t run_id,
	int64_t now, struct arena *a, struct run *ret, int64_t **ret_tests, size_t *ret_n, struct err *e);
/* ERR_NOT_FOUND: no such sample. q: its repo_id, viewer and now are set here. */
MUST_CHECK enum err_code results_of_sample(struct store *s, const struct identity *id,
	const struct history_query *q, struct arena *a, struct history **ret, size_t *ret_n,
	int64_t *ret_total, struct err *e);
MUST_CHECK enum err_code results_output(struct store *s, const struct identity *id,
	const struct output_place *at, int64_t now, struct arena *a, struct output_pair *ret, struct err *e);
/* kinds: bits of enum artifact_kind. In the order of kinds. */
MUST_CHECK enum err_code results_artifacts(struct store *s, const struct identity *id, int64_t run_id,
	unsigned kinds, int64_t limit, int64_t offset, int64_t now, struct arena *a, struct artifact **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e);

#endif
