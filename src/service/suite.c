/* suite: see the header. */
#include "service/suite.h"

#include "base/file.h"
#include "base/json.h"
#include "base/metric.h"
#include "service/audit.h"
#include "store/blob_file.h"

#include <stdlib.h>
#include <string.h>

/* ---- a document ---- */

struct import_op {
	struct store_op op;
	const struct suite_import *in;
	struct suite suite;
	struct arena *a;
	struct suite_counts counts;
};

/* A file that is not here is the document's fault, and told with its line. */
static enum err_code at_line(enum err_code code, size_t line, struct err *e)
{
	struct err why;

	if (code != ERR_NOT_FOUND || !e)
		return code;
	why = *e;
	return err_set(e, ERR_UNPROCESSABLE,
		"line %zu: %s; send it with PUT /api/v1/blobs/{sha256}, and the document again", line,
		why.text);
}

struct placed { /* a sample of the document, and where it is */
	struct str file;
	int64_t id;
};

static int by_file(const void *x, const void *y)
{
	const struct placed *a = x, *b = y;

	return memcmp(a->file.p, b->file.p, a->file.len); /* all are of one length */
}

static enum err_code put_samples(struct import_op *w, struct db *db, struct placed *placed, struct err *e)
{
	for (size_t i = 0; i < w->suite.n_samples; i++) {
		const struct suite_sample *s = &w->suite.samples[i];

		placed[i].file = s->file;
		TRY(at_line(samples_put(db, s, w->in->now, &placed[i].id, e), s->line, e));
	}
	if (w->suite.n_samples > 0)
		qsort(placed, w->suite.n_samples, sizeof *placed, by_file);
	return ERR_OK;
}

static enum err_code put_tests(struct import_op *w, struct db *db, const struct placed *placed, struct err *e)
{
	struct str by = w->in->by->email.len > 0 ? w->in->by->email : STR("server");

	for (size_t i = 0; i < w->suite.n_tests; i++) {
		const struct suite_test *t = &w->suite.tests[i];
		const struct placed key = { t->sample, 0 },
				    *sample = bsearch(
					    &key, placed, w->suite.n_samples, sizeof *placed, by_file);
		int64_t id;

		TRY(at_line(regression_tests_put(db, t, sample->id, by, w->in->now, &id, e), t->line, e));
	}
	return ERR_OK;
}

static struct str detail_of(const struct import_op *w)
{
	struct json_out j;
	struct str text;
	AUTO_BUF out;

	buf_init(&out, 500);
	json_out_init(&j, &out);
	json_open_object(&j, NULL);
	json_put_int(&j, "samples", (int64_t)w->suite.n_samples);
	json_put_int(&j, "tests", (int64_t)w->suite.n_tests);
	json_put_bool(&j, "all", w->in->all);
	json_close_object(&j);
	text = arena_str(w->a, buf_view(&out));
	return text;
}

static enum err_code apply_import(struct store_op *op, struct db *db, struct err *e)
{
	struct import_op *w = (struct import_op *)(void *)op;
	struct placed *placed = arena_array(w->a, w->suite.n_samples + 1, sizeof *placed);
	struct deed_done done = { .deed = DEED_SUITE_IMPORT, .subject = STR("suite"), .at = w->in->now };

	TRY(access_still(db, w->in->by, w->in->now, e));
	if (w->in->all)
		TRY(suite_clear(db, w->in->now, e));
	TRY(put_samples(w, db, placed, e));
	TRY(put_tests(w, db, placed, e));
	TRY(suite_count(db, &w->counts, e));
	done.detail = detail_of(w);
	return audit_deed(db, w->in->by, &done, e);
}

static enum err_code is_content(void *arg, struct str *file, struct err *e)
{
	(void)arg;
	return suite_digest(*file).len > 0 ? ERR_OK
					   : err_set(e, ERR_INVALID,
						     "\"%.*s\" is a path: over HTTP a file is named by its "
						     "content, as sha256:..; `sluice suite "
						     "import` does that",
						     (int)(file->len < 100 ? file->len : 100), file->p);
}

enum err_code suite_import(
	struct store *s, const struct suite_import *in, struct suite_counts *ret, struct err *e)
{
	struct import_op w = { .op = { .apply = apply_import, .bytes = 2 * in->yaml.len + sizeof w },
		.in = in };
	AUTO_ARENA a;

	arena_init(&a);
	w.a = &a;
	TRY(suite_parse(in->yaml, &a, &w.suite, e));
	TRY(suite_each_file(&w.suite, is_content, NULL, e));
	TRY(store_write(s, &w.op, e));
	*ret = w.counts;
	return ERR_OK;
}

enum err_code suite_export(struct store *s, struct buf *out, struct err *e)
{
	struct suite suite = { 0 };
	struct db *db = NULL;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(s, &db, e));
	code = suite_read_all(db, &a, &suite, e);
	store_reader_put(s, db);
	TRY(code);
	suite_write(&suite, out);
	return buf_check(out, "the document", e);
}

/* ---- files ---- */

struct file_op {
	struct store_op op;
	struct str digest;
	int64_t n_bytes, now;
	enum blob_state state;
	bool was_there;
};

static enum err_code apply_file(struct store_op *op, struct db *db, struct err *e)
{
	struct file_op *w = (struct file_op *)(void *)op;
	struct blob before;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	code = blobs_get(db, &a, w->digest, &before, e);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	w->was_there = code == ERR_OK;
	return blobs_put(db, w->digest, w->n_bytes, w->now, e);
}

/* The chore that removes what nothing speaks of may have looked between the file and its row. */
static enum err_code still_there(struct store *s, struct str digest, struct err *e)
{
	int64_t bytes;
	AUTO_FD fd = -1;

	if (blob_file_open(s, digest, &fd, &bytes, e) == ERR_NOT_FOUND)
		return err_set(e, ERR_UNAVAILABLE, "the file was being removed when it came; send it again");
	return fd >= 0 ? ERR_OK : e->code;
}

enum err_code suite_file_begin(struct store *s, struct blob_file **ret, struct err *e)
{
	return blob_file_begin(s, ret, e);
}

enum err_code suite_file_add(struct blob_file *f, struct str bytes, struct err *e)
{
	return blob_file_add(f, bytes, e);
}

void suite_file_end(struct blob_file *f)
{
	blob_file_end(f);
}

enum err_code suite_file_keep(struct store *s, struct blob_file *f, struct str digest, int64_t now,
	bool *ret_new, int64_t *ret_bytes, struct err *e)
{
	struct file_op w = { .op = { .apply = apply_file, .bytes = sizeof w },
		.digest = digest,
		.n_bytes = blob_file_bytes(f),
		.now = now };

	TRY(blob_file_keep(f, digest, e));
	TRY(store_write(s, &w.op, e));
	TRY(still_there(s, digest, e));
	metric_add(METRIC_BLOBS, 1);
	metric_add(METRIC_BLOB_BYTES, w.n_bytes);
	*ret_new = !w.was_there;
	*ret_bytes = w.n_bytes;
	return ERR_OK;
}

static enum err_code find_blob(
	struct store *s, struct arena *a, struct str digest, struct blob *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = blobs_get(db, a, digest, ret, e);
	store_reader_put(s, db);
	return code;
}

static enum err_code apply_state(struct store_op *op, struct db *db, struct err *e)
{
	struct file_op *w = (struct file_op *)(void *)op;

	return blobs_set_state(db, w->digest, w->state, w->now, e);
}

enum err_code suite_file_open(struct store *s, struct str digest, int64_t now, struct arena *a, int *ret_fd,
	int64_t *ret_bytes, struct err *e)
{
	struct file_op w = { .op = { .apply = apply_state, .bytes = sizeof w },
		.digest = digest,
		.now = now,
		.state = BLOB_MISSING };
	struct blob blob;
	enum err_code code;

	TRY(find_blob(s, a, digest, &blob, e));
	code = blob_file_open(s, digest, ret_fd, ret_bytes, e);
	if (code != ERR_NOT_FOUND)
		return code;
	if (blob.state != BLOB_MISSING)
		TRY(store_write(s, &w.op, e));
	return err_set(
		e, ERR_NOT_FOUND, "the file with the SHA-256 %.*s was lost; send it again", STR_FMT(digest));
}

enum err_code suite_missing(struct store *s, const struct str *digests, size_t n, struct arena *a,
	struct str *ret, size_t *ret_n, struct err *e)
{
	enum err_code code = ERR_OK;
	struct db *db = NULL;
	size_t n_missing = 0;

	TRY(store_reader_get(s, &db, e));
	for (size_t i = 0; i < n && (code == ERR_OK || code == ERR_NOT_FOUND); i++) {
		struct blob blob;

		code = blobs_get(db, a, digests[i], &blob, e);
		if (code == ERR_NOT_FOUND || (code == ERR_OK && blob.state != BLOB_OK))
			ret[n_missing++] = digests[i];
	}
	store_reader_put(s, db);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	*ret_n = n_missing;
	return ERR_OK;
}

/* ---- lists ---- */

enum err_code suite_samples(struct store *s, const struct sample_query *q, struct arena *a,
	struct sample **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = samples_list(db, a, q, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}

enum err_code suite_sample(struct store *s, int64_t id, struct arena *a, struct sample *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = samples_get(db, a, id, ret, e);
	store_reader_put(s, db);
	return code;
}

enum err_code suite_tests(struct store *s, const struct regression_test_query *q, struct arena *a,
	struct regression_test **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = regression_tests_list(db, a, q, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}
