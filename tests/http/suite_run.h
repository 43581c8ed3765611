#ifndef TESTS_HTTP_SUITE_RUN_H
#define TESTS_HTTP_SUITE_RUN_H
/*
 * suite_run: a small suite, runs of it, and the worker that does them; all over HTTP. What a test does not ask about goes well, or the test fails.
 *
 * Samples: alpha.txt (tags small, text) and beta.bin (large). Tests, by their ids:
 *
 *	SORT	over alpha, category basic; has to write `out`: SORTED, or the variant SORTED_TOO
 *	TWO	over alpha, basic and Odd; has to write `a` and `b`
 *	FAILS	over beta; has to exit with 3
 *	NEW	over beta; has to write `c`, of which nothing is accepted yet
 *	RETIRED	over beta, not active
 */
#include "tests/http/findings.h"

enum { ALPHA = 1, BETA };
enum { SORT = 1, TWO, FAILS, NEW, RETIRED };
enum { OUT = 1, OUT_A, OUT_B, OUT_C };
#define SORTED "1\n2\n3\n"
#define SORTED_TOO "1\r\n2\r\n3\r\n"
#define LINUX "\"platform\":\"linux\""

/* router_up(), and the suite. */
int suite_up(void **state);

const char *hex_of(const char *text); /* SHA-256 of it */
/* A suite document is taken. */
void import_suite(const char *yaml);

/* ---- asking ---- */

/* Body of POST /runs: of REPO at SHA, on linux; more: members with a comma in front, or "". */
const char *run_body(const char *more);
struct answer ask_run(const char *token, const char *body);
int64_t a_run(const char *more); /* asked for by the admin; its id */
struct answer cancel(const char *token, int64_t run_id, const char *body);

/* ---- doing ---- */

struct work { /* a run that a worker has */
	int64_t run_id, claim;
	char external_id[60]; /* by which its steps are told */
};
struct answer claim_as(const char *token, const char *worker, const char *platform);
struct work claimed_by(const char *worker); /* of linux */
struct work a_work(const char *more);       /* asked for, and claimed by "w1" */

/* POST /internal/runs/{run_id}/{what} with the claim and these members (with a comma in front). */
struct answer say(const struct work *w, const char *what, const char *members);
void must_say(const struct work *w, const char *what, const char *members);
void finish(const struct work *w);

/* {"filename":..,"sha256":..,"size_bytes":..}, of an output with this text. */
const char *wrote(const char *file, const char *text);
/* A result; outputs: of wrote(), with commas between them. */
const char *result(int64_t test_id, int exit_code, const char *outputs);
struct answer tell_results(const struct work *w, const char *results); /* with commas between them */
void must_tell(const struct work *w, const char *results);
struct answer send_output(const struct work *w, int64_t output_id, const char *text);
void must_send_output(const struct work *w, int64_t output_id, const char *text);
/* All of it went well: SORT, TWO, FAILS; and NEW wrote "c\n", which is sent too. */
void all_well(const struct work *w);
/* The log of a test: a step of the job that has its name. Its id. */
int64_t test_log(const struct work *w, const char *test, const char *log, const char *conclusion);

/* ---- reading ---- */

/* Asked by the admin: /api/v1/runs/{run_id}{behind}. */
struct answer of_run(int64_t run_id, const char *behind);
/* .../samples/{sample}/regression-tests/{test}/outputs/{output}/{what} */
struct answer of_output(int64_t run_id, int64_t sample, int64_t test, int64_t output, const char *what);
void assert_run(int64_t run_id, const char *status, const char *reason); /* reason NULL: none is told */
/* Numbers of a summary. */
struct counts {
	int64_t all, pass, fail, skipped, missing, running, open, errors;
};
struct counts counts_of(int64_t run_id);
/* Status of one test, like "pass". */
void assert_result(int64_t run_id, int64_t test_id, const char *status);

#endif
