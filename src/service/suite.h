#ifndef SERVICE_SUITE_H
#define SERVICE_SUITE_H
/*
 * suite: what is run and what is expected of it: taken as a document, told as one, and listed; and the files that it speaks of.
 *
 * A document is taken whole or not at all. Its files are sent first (suite_file_keep), and suite_missing() says which are not here: so a second import sends
 * nothing twice.
 */
#include "base/clock.h"
#include "service/access.h"
#include "store/store.h"
#include "store/suite_nouns.h"

struct suite_import {
	struct str yaml; /* model/suite.h; every file a content */
	bool all; /* what is not in it is not active any more, and no content of an output counts that it does not have */
	const struct identity *by; /* an admin; who accepted what is accepted */
	int64_t now;
};
/*
 * Waits for the commit. ERR_INVALID: the line, and what is wrong there. ERR_UNPROCESSABLE: a file of it is not here; which. *ret: what there is now.
 */
MUST_CHECK enum err_code suite_import(
	struct store *s, const struct suite_import *w, struct suite_counts *ret, struct err *e);
/* The document of all there is, appended. */
MUST_CHECK enum err_code suite_export(struct store *s, struct buf *out, struct err *e);

/* A file that comes in: begun, added to, kept, and ended in any case; by one thread after the other. Errors are those of store/blob_file.h. */
struct blob_file;
MUST_CHECK enum err_code suite_file_begin(struct store *s, struct blob_file **ret, struct err *e);
MUST_CHECK enum err_code suite_file_add(struct blob_file *f, struct str bytes, struct err *e);
/* Syncs what came and keeps it, in place of what was there; waits for the commit. *ret_new: it was not there before. ERR_UNPROCESSABLE: it is not that. */
MUST_CHECK enum err_code suite_file_keep(struct store *s, struct blob_file *f, struct str digest, int64_t now,
	bool *ret_new, int64_t *ret_bytes, struct err *e);
void suite_file_end(struct blob_file *f); /* NULL is fine */
/* For reading. ERR_NOT_FOUND: none with this content was kept, or its file has gone; of that the row says so from now on. */
MUST_CHECK enum err_code suite_file_open(struct store *s, struct str digest, int64_t now, struct arena *a,
	int *ret_fd, int64_t *ret_bytes, struct err *e);
MUST_CHECK enum err_code suite_samples(struct store *s, const struct sample_query *q, struct arena *a,
	struct sample **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err_code suite_sample(
	struct store *s, int64_t id, struct arena *a, struct sample *ret, struct err *e);
MUST_CHECK enum err_code suite_tests(struct store *s, const struct regression_test_query *q, struct arena *a,
	struct regression_test **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* Those of n digests that are not here or not well; *ret has room for n. */
MUST_CHECK enum err_code suite_missing(struct store *s, const struct str *digests, size_t n, struct arena *a,
	struct str *ret, size_t *ret_n, struct err *e);

#endif
