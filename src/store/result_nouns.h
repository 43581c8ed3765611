#ifndef STORE_RESULT_NOUNS_H
#define STORE_RESULT_NOUNS_H
/*
 * result_nouns: runs of the suite and what became of their tests (queue.c, progress.c, results.c, result_lists.c, result_outputs.c, approvals.c), in the manner of
 * nouns.h. 0010-results.sql is the essay on it.
 */
#include "base/buf.h"
#include "model/result.h"
#include "model/run.h"
#include "store/suite_nouns.h"

/* ---- queue.c: a run from when it is asked for until it is over ---- */

struct run_request {
	int64_t repo_id, pull_request; /* 0: none */
	struct str head_sha;           /* lower case */
	struct str external_run_id;    /* by which its steps know it: no other run has it */
	struct str branch, platform, asked_by;
	const int64_t *test_ids; /* NULL: all that are active */
	size_t n_tests;
};
#define RUN_TESTS_MAX 500 /* that one run may have: the results API tells no more */
/*
 * W. It waits, with its tests. ERR_UNPROCESSABLE: a test that is not there or not active (*ret_test says which; 0: there are none at all, -1: there are more
 * than RUN_TESTS_MAX). ERR_UNAVAILABLE: max_waiting runs wait already.
 */
MUST_CHECK enum err_code queue_add(struct db *db, const struct run_request *q, int64_t max_waiting,
	int64_t now, int64_t *ret_run_id, int64_t *ret_test, struct err *e);

/* What a worker gets: the run, and the number of its claim. */
struct claim {
	int64_t run_id, number;
	struct str repo, forge, head_sha, external_run_id, branch;
	int64_t pull_request;
	bool again; /* it had it already: its answer was lost, or it was restarted */
};
/*
 * W. The run that has waited longest for a worker of this platform is the worker's until lease_until. A worker that has one gets that again. repo_id: of which it
 * may be; 0: any. viewer: who sees its repo. *ret_found false: none waits.
 */
MUST_CHECK enum err_code queue_take(struct db *db, struct arena *a, struct str platform, struct str worker,
	int64_t repo_id, int64_t viewer, int64_t now, int64_t lease_until, struct claim *ret, bool *ret_found,
	struct err *e);
struct claim_key {
	int64_t run_id, number;
	int64_t repo_id, viewer; /* who says so: a token of this repo, this user; 0: any */
	bool done_too;           /* it may have finished it */
};
/*
 * The worker of that claim has the run. ERR_NOT_FOUND: no such run of the suite, for this token. ERR_CONFLICT: it is not that claim's; the text says what it is.
 * ret_stage: STAGE_WORKING, or when done_too and that claim finished it STAGE_DONE or STAGE_FAILED.
 */
MUST_CHECK enum err_code queue_stands(
	struct db *db, const struct claim_key *k, enum run_stage *ret_stage, struct err *e);
/* W. The same, and it has it until lease_until. */
MUST_CHECK enum err_code queue_renew(struct db *db, const struct claim_key *k, int64_t lease_until,
	enum run_stage *ret_stage, struct err *e);
/* W. A run that a worker has is over; failed: its worker could not do it. */
MUST_CHECK enum err_code queue_end(struct db *db, int64_t run_id, bool failed, int64_t now, struct err *e);
/* W. *ret_stage: what it was. One that waits, or that a worker has, is canceled; of others nothing is changed. ERR_NOT_FOUND. */
MUST_CHECK enum err_code queue_drop(
	struct db *db, int64_t run_id, int64_t now, enum run_stage *ret_stage, struct err *e);
/* W. No lease is over before that. */
MUST_CHECK enum err_code queue_extend(struct db *db, int64_t lease_until, struct err *e);
/* A run whose worker was not heard of until its lease was over. */
struct lost_claim {
	int64_t run_id, number;
	struct str worker;
};
MUST_CHECK enum err_code queue_lost(struct db *db, struct arena *a, int64_t now, int64_t limit,
	struct lost_claim **ret, size_t *ret_n, struct err *e);
/* W. It waits again at its old place, if it was claimed once; else it is given up. If it is still so. *ret_stage: STAGE_WORKING, when it was not. */
MUST_CHECK enum err_code queue_give_back(
	struct db *db, const struct lost_claim *l, int64_t now, enum run_stage *ret_stage, struct err *e);

struct queue_job {
	int64_t run_id, queued_at, started_at,
		position; /* position: from 1 among those that wait for the platform; 0: a worker has it */
	struct str platform, worker;
};
struct queue_query { /* 0, empty: whichever */
	int64_t repo_id, viewer;
	struct str platform;
	enum run_stage stage; /* STAGE_QUEUED, STAGE_WORKING; STAGE_NONE: both */
	int64_t limit, offset;
};
/* What is worked at, then what waits, in its order. */
MUST_CHECK enum err_code queue_list(struct db *db, struct arena *a, const struct queue_query *q,
	struct queue_job **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* ---- progress.c ---- */

struct progress {
	int64_t at, step; /* step: -1: none was told */
	enum progress_status status;
	struct str message;
	bool is_error; /* it tells an error of this type: of infrastructure */
	enum error_type type;
	enum error_severity severity;
	int64_t number; /* when it is read */
};
#define PROGRESS_MAX 1000 /* of a run */
/* W. What a worker tells, behind those that there are; the same as the last one is that one. ERR_TOO_LARGE: there are PROGRESS_MAX. */
MUST_CHECK enum err_code progress_add(struct db *db, int64_t run_id, const struct progress *p, struct err *e);
/* W. What becomes of a run itself is never refused: each is told once or twice in its life. */
MUST_CHECK enum err_code progress_note(
	struct db *db, int64_t run_id, const struct progress *p, struct err *e);
/* status: -1: whichever. In their order. */
MUST_CHECK enum err_code progress_list(struct db *db, struct arena *a, int64_t run_id, int status,
	int64_t limit, int64_t offset, struct progress **ret, size_t *ret_n, int64_t *ret_total,
	struct err *e);
/* Those that tell errors of these types (bits of enum error_type) and severities (bits; 0: all). */
MUST_CHECK enum err_code progress_errors(struct db *db, struct arena *a, int64_t run_id, unsigned types,
	unsigned severities, int64_t limit, int64_t offset, struct progress **ret, size_t *ret_n,
	int64_t *ret_total, struct err *e);

/* ---- results.c ---- */

struct output_told {
	int64_t output_id;   /* 0: by its name */
	struct str filename; /* as the test has it */
	struct str digest;   /* 64 hex digits, lower case; empty: it was not written */
	int64_t n_bytes;     /* -1: not told */
};
struct result_told {
	int64_t test_id;
	enum result_status
		status; /* RESULT_RUNNING, RESULT_SKIPPED, or of a report RESULT_PASS and RESULT_FAIL; RESULT_NOT_STARTED: it is to be judged */
	bool has_exit_code;
	int64_t exit_code, runtime_ms;
	struct str message;
	bool has_outputs; /* all of them are told: what is expected and is not among them was not written */
	const struct output_told *outputs;
	size_t n_outputs;
};
/*
 * W. What was told of a test of the run, judged. Again with the same changes nothing. ERR_UNPROCESSABLE: the run does not have the test, or the test not the
 * output; the text says which. The caller brings the run's counts up to date (results_count).
 */
MUST_CHECK enum err_code results_put(
	struct db *db, int64_t run_id, const struct result_told *r, int64_t now, struct err *e);
/* W. The content of one output of a result, when it comes with the bytes. ERR_NOT_FOUND: the run has no such output. ERR_UNPROCESSABLE: another content was told of it. told_only: of what no
 * content was told nothing is taken (ERR_CONFLICT). */
MUST_CHECK enum err_code results_put_output(struct db *db, int64_t run_id, int64_t output_id,
	struct str digest, int64_t n_bytes, bool told_only, int64_t now, struct err *e);
/* W. Judged again by what is accepted now. */
MUST_CHECK enum err_code results_judge_again(struct db *db, int64_t run_id, int64_t test_id, struct err *e);
/* W. The run's columns say what its results do. */
MUST_CHECK enum err_code results_count(struct db *db, int64_t run_id, struct err *e);
/* May results be imported into it? ERR_CONFLICT: it is of the suite. */
MUST_CHECK enum err_code results_may_import(struct db *db, int64_t run_id, struct err *e);
/* W. A test that is run elsewhere, known by its name: found, or made over the sample, not active; and a part of the run. ERR_UNPROCESSABLE: the suite has one of
 * that name. */
MUST_CHECK enum err_code results_put_foreign(struct db *db, int64_t run_id, struct str name,
	int64_t sample_id, const struct result_told *r, int64_t now, bool *ret_new, struct err *e);
/* Of the outputs that a result told, those whose bytes are not here: output_ids of the run, at most limit. */
MUST_CHECK enum err_code results_wanted(struct db *db, struct arena *a, int64_t run_id, int64_t test_id,
	int64_t **ret, size_t *ret_n, struct err *e);

/* ---- result_lists.c ---- */

struct result_query { /* 0, empty, -1: whichever */
	int64_t run_id, test_id;
	int status; /* of enum result_status */
	struct str name, tag,
		category; /* a part of the sample's name; of its tags; of the test's: without regard to case */
	int64_t limit, offset;
};
/* In the order of their tests: four statements, however many. */
MUST_CHECK enum err_code results_list(struct db *db, struct arena *a, const struct result_query *q,
	struct result **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* By status. */
MUST_CHECK enum err_code results_summary(
	struct db *db, int64_t run_id, int64_t ret[static RESULT_N_STATUSES], struct err *e);
/* The tests of a run, in order; at most RUN_TESTS_MAX. */
MUST_CHECK enum err_code results_tests(
	struct db *db, struct arena *a, int64_t run_id, int64_t **ret, size_t *ret_n, struct err *e);

/* A test of a run as its worker does it. */
struct run_test {
	int64_t test_id, sample_id;
	struct str name, command;
	bool shell;
	int64_t expected_rc, timeout_ms;
	struct str digest, sample_name, extension; /* of the sample */
	bool done;                                 /* it has a verdict, and what it wrote has come */
	struct output *outputs;                    /* output_id and filename of what is expected */
	size_t n_outputs;
};
/* In order, at most RUN_TESTS_MAX. Two statements. */
MUST_CHECK enum err_code results_to_do(
	struct db *db, struct arena *a, int64_t run_id, struct run_test **ret, size_t *ret_n, struct err *e);

struct history_query { /* 0, empty: whichever */
	int64_t sample_id, repo_id, viewer;
	struct str branch, platform;
	struct str status; /* of the run */
	int64_t created_from, created_to, now;
	int64_t limit, offset;
};
struct history {
	struct run run; /* id, head_sha, branch, platform, status */
	int64_t test_id, tested_at;
	enum result_status status;
	struct str signature;
};
/* The newest first. */
MUST_CHECK enum err_code results_history(struct db *db, struct arena *a, const struct history_query *q,
	struct history **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* What went wrong with results, a row each: of one with a missing output each of these, of one with a wrong output each of those. */
struct result_error {
	int64_t run_id, test_id, sample_id, output_id; /* output_id 0: it is of none */
	enum error_type type;
	int64_t occurred_at;
	bool has_exit_code;
	int64_t exit_code, expected_rc;
	struct str sample_name, test_name, filename, message;
	bool has_expected; /* of an output: there is something accepted */
	int64_t n_bytes;   /* of what was written; results_account() alone */
};
/* What is wrong, in a sentence, appended. */
void result_error_write(const struct result_error *x, struct buf *out);
struct result_error_query { /* 0: whichever */
	int64_t run_id, sample_id;
	unsigned types; /* bits of enum error_type */
	int64_t limit, offset;
};
MUST_CHECK enum err_code result_errors_list(struct db *db, struct arena *a,
	const struct result_error_query *q, struct result_error **ret, size_t *ret_n, int64_t *ret_total,
	struct err *e);
/* The same, counted: a row each type, sample and test. */
struct result_error_count {
	enum error_type type;
	int64_t sample_id, test_id, n, first_at, last_at;
};
MUST_CHECK enum err_code result_errors_count(struct db *db, struct arena *a, int64_t run_id,
	struct result_error_count **ret, size_t *ret_n, struct err *e);

/* ---- result_account.c ---- */

struct step_query;
/* Of the runs that a context is of, together. */
struct result_account {
	int64_t n_results, n_bad, n_open;
	int64_t n_of_forge, n_of_suite; /* runs */
	enum run_status suites;         /* the worst of those of the suite */
	struct result_error
		*unwell; /* of the newest run first, of each test the first output that is not well */
	size_t n;
};
MUST_CHECK enum err_code results_account(struct db *db, struct arena *a, const struct step_query *q,
	int64_t limit, struct result_account *ret, struct err *e);

/* ---- result_outputs.c ---- */

struct output_place {
	int64_t run_id, sample_id, test_id, output_id;
};
struct output_file {       /* one side of it */
	struct str digest; /* empty: there is none */
	int64_t n_bytes;
	bool here; /* a file of it was kept and is wanted still */
	enum blob_state state;
};
struct output_pair {
	struct output output;
	struct str output_type;
	struct output_file expected, actual;
};
/* ERR_NOT_FOUND: the run has no such output of that test and sample. */
MUST_CHECK enum err_code outputs_get(struct db *db, struct arena *a, const struct output_place *at,
	struct output_pair *ret, struct err *e);

enum artifact_kind {
	ARTIFACT_LOG,
	ARTIFACT_STDOUT,
	ARTIFACT_ACTUAL,
	ARTIFACT_EXPECTED,
	ARTIFACT_DIFF,
	ARTIFACT_N_KINDS
};
struct artifact {
	enum artifact_kind kind;
	int64_t step_id; /* of a log */
	int64_t sample_id, test_id, output_id;
	struct str filename, digest;
	int64_t n_bytes; /* -1: not known */
	bool here;
	enum blob_state state; /* of what is a blob; of a log BLOB_OK */
};
/* Those of one kind, in order. */
MUST_CHECK enum err_code artifacts_list(struct db *db, struct arena *a, int64_t run_id,
	enum artifact_kind kind, int64_t limit, int64_t offset, struct artifact **ret, size_t *ret_n,
	int64_t *ret_total, struct err *e);

/* W, or a reader when dry. The bytes of outputs that were written before are not wanted any more, unless they are accepted: of at most limit. */
MUST_CHECK enum err_code outputs_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

/* ---- approvals.c ---- */

/*
 * W. What the run wrote there is accepted from now on, said by whom; remove_others: and nothing that was accepted before. The result of the run is judged again. Again changes
 * nothing. ERR_NOT_FOUND as outputs_get(); ERR_UNPROCESSABLE: it wrote nothing there, or its bytes are not here.
 */
MUST_CHECK enum err_code approvals_add(struct db *db, const struct output_place *at, struct str by,
	bool remove_others, int64_t now, struct err *e);
/* W. What that run's newest approval did is undone: what is accepted is as if it had never been. ERR_NOT_FOUND: none stands. */
MUST_CHECK enum err_code approvals_revert(
	struct db *db, const struct output_place *at, int64_t now, struct err *e);

#endif
