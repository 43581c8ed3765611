#ifndef STORE_SUITE_NOUNS_H
#define STORE_SUITE_NOUNS_H
/*
 * suite_nouns: the suite (blobs.c, samples.c, regression_tests.c), in the manner of nouns.h. 0008-suite.sql is the essay on it.
 */
#include "model/suite.h"
#include "store/db.h"

/* ---- blobs.c: which files there are; the files are blob_file.h's ---- */

enum blob_state { BLOB_OK, BLOB_DEGRADED, BLOB_MISSING, BLOB_N_STATES };
const char *blob_state_name(enum blob_state state); /* as the results API says it: ok, degraded, missing */
bool blob_state_find(struct str name, enum blob_state *ret);

struct blob {
	struct str digest; /* 64 hex digits */
	int64_t n_bytes, added_at, checked_at;
	enum blob_state state;
};
/* W. The file is there, synced, and was hashed just now: its row, new or well again. */
MUST_CHECK enum err_code blobs_put(
	struct db *db, struct str digest, int64_t n_bytes, int64_t now, struct err *e);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err_code blobs_get(
	struct db *db, struct arena *a, struct str digest, struct blob *ret, struct err *e);
/* W. What hashing it found. */
MUST_CHECK enum err_code blobs_set_state(
	struct db *db, struct str digest, enum blob_state state, int64_t now, struct err *e);
/* Those that were not hashed since `before`, those first that it is longest ago for. */
MUST_CHECK enum err_code blobs_unchecked(struct db *db, struct arena *a, int64_t before, int64_t limit,
	struct blob **ret, size_t *ret_n, struct err *e);
/* Those that nothing speaks of, and that came before `before`: at most limit. */
MUST_CHECK enum err_code blobs_unused(struct db *db, struct arena *a, int64_t before, int64_t limit,
	struct blob **ret, size_t *ret_n, struct err *e);
/* W. The row of one that nothing speaks of still. *ret_gone false: something does. */
MUST_CHECK enum err_code blobs_remove(struct db *db, struct str digest, bool *ret_gone, struct err *e);

/* ---- samples.c ---- */

struct sample {
	int64_t id;
	struct str digest, name, extension;
	struct suite_words tags; /* in order */
	bool active;
	int64_t n_tests; /* that are active */
};
/* W. New, or as the document has it now; its blob has to be there (ERR_NOT_FOUND). file of s is a content. */
MUST_CHECK enum err_code samples_put(
	struct db *db, const struct suite_sample *s, int64_t now, int64_t *ret_id, struct err *e);
/* W. One with that file that is there stays as it is. */
MUST_CHECK enum err_code samples_add(
	struct db *db, const struct suite_sample *s, int64_t now, int64_t *ret_id, struct err *e);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err_code samples_get(
	struct db *db, struct arena *a, int64_t id, struct sample *ret, struct err *e);
struct sample_query { /* empty, -1: whichever */
	int active;
	bool of_suite;   /* not those that are there for tests alone that are run elsewhere */
	struct str name; /* a part of it, without regard to case */
	struct str tag, digest, extension; /* without regard to case */
	int64_t limit, offset;
};
/* In the order of their ids. */
MUST_CHECK enum err_code samples_list(struct db *db, struct arena *a, const struct sample_query *q,
	struct sample **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* ---- regression_tests.c ---- */

struct regression_test {
	int64_t id, sample_id;
	struct str name, sample_name, command, input_type, output_type, description;
	struct suite_words categories; /* in order */
	bool shell, active;
	int64_t expected_rc, timeout_ms;
};
/*
 * W. New, or as the document has it now, with its outputs; what of them is accepted is added, by whom. Its sample is sample_id. ERR_NOT_FOUND: the blob of
 * what is accepted.
 */
MUST_CHECK enum err_code regression_tests_put(struct db *db, const struct suite_test *t, int64_t sample_id,
	struct str by, int64_t now, int64_t *ret_id, struct err *e);
/* W. approvals.c: which contents of an output count follows from what was said of it; brought up to date. */
MUST_CHECK enum err_code approvals_settle(struct db *db, int64_t output_id, int64_t now, struct err *e);
struct regression_test_query { /* 0, empty, -1: whichever */
	int active;
	struct str category, tag; /* of the test, of its sample; without regard to case */
	int64_t sample_id;
	int64_t limit, offset;
};
/* In the order of their ids. */
MUST_CHECK enum err_code regression_tests_list(struct db *db, struct arena *a,
	const struct regression_test_query *q, struct regression_test **ret, size_t *ret_n,
	int64_t *ret_total, struct err *e);

/* Of all that there are, to max. */
MUST_CHECK enum err_code regression_tests_count(struct db *db, int64_t max, int64_t *ret, struct err *e);

/* ---- the document ---- */

/* All of it, files named by their content, samples and tests in the order in which they came. */
MUST_CHECK enum err_code suite_read_all(struct db *db, struct arena *a, struct suite *ret, struct err *e);
struct suite_counts {
	int64_t samples, tests; /* that are active */
};
MUST_CHECK enum err_code suite_count(struct db *db, struct suite_counts *ret, struct err *e);
/*
 * W. All samples and tests are not active, no output is, and no content of an output counts: what a document that is all of the suite says is put behind it, in
 * the same operation.
 */
MUST_CHECK enum err_code suite_clear(struct db *db, int64_t now, struct err *e);

#endif
