/* results: see the header. */
#include "service/results.h"

#include "base/file.h"
#include "base/metric.h"
#include "service/ingest.h"
#include "service/run_errors.h"
#include "service/suite.h"
#include "store/blob_file.h"
#include "store/rows.h"

/* ---- telling ---- */

struct tell_op {
	struct store_op op;
	const struct telling *t;
	const struct result_told *told;
	size_t n;
	struct arena *a;
	struct told_back *back;
};

static enum err_code find_wanted(struct tell_op *w, struct db *db, size_t i, struct err *e)
{
	struct result_query q = {
		.run_id = w->t->run_id, .test_id = w->told[i].test_id, .status = -1, .limit = 1
	};
	struct result *r = NULL;
	int64_t total;
	size_t n = 0;

	TRY(results_list(db, w->a, &q, &r, &n, &total, e));
	w->back[i] = (struct told_back){ .test_id = q.test_id, .status = r->status };
	return results_wanted(db, w->a, q.run_id, q.test_id, &w->back[i].wanted, &w->back[i].n_wanted, e);
}

static enum err_code apply_tell(struct store_op *op, struct db *db, struct err *e)
{
	struct tell_op *w = (struct tell_op *)(void *)op;
	enum run_stage stage;

	TRY(queue_hold(db, w->t, false, &stage, e));
	for (size_t i = 0; i < w->n; i++)
		TRY(results_put(db, w->t->run_id, &w->told[i], w->t->now, e));
	TRY(results_count(db, w->t->run_id, e));
	for (size_t i = 0; i < w->n; i++)
		TRY(find_wanted(w, db, i, e));
	return ERR_OK;
}

static struct result_told *masked(
	const struct mask *mask, const struct result_told *told, size_t n, struct arena *a)
{
	struct result_told *copy = arena_array(a, n + 1, sizeof *copy);

	for (size_t i = 0; i < n; i++) {
		copy[i] = told[i];
		ingest_mask_text(mask, a, &copy[i].message);
	}
	return copy;
}

enum err_code results_tell(struct store *s, const struct telling *t, const struct result_told *told, size_t n,
	struct arena *a, struct told_back *ret, struct err *e)
{
	struct tell_op w = { .op = { .apply = apply_tell, .bytes = sizeof w + n * sizeof *told },
		.t = t,
		.told = masked(t->cfg->mask, told, n, a),
		.n = n,
		.a = a,
		.back = ret };

	TRY(store_write(s, &w.op, e));
	metric_add(METRIC_RESULTS, (int64_t)n);
	return ERR_OK;
}

struct output_op {
	struct store_op op;
	const struct telling *t;
	int64_t output_id, n_bytes;
	struct str digest;
};

static enum err_code apply_output(struct store_op *op, struct db *db, struct err *e)
{
	struct output_op *w = (struct output_op *)(void *)op;
	enum run_stage stage;

	TRY(queue_hold(db, w->t, true, &stage, e));
	TRY(results_put_output(
		db, w->t->run_id, w->output_id, w->digest, w->n_bytes, stage != STAGE_WORKING, w->t->now, e));
	return results_count(db, w->t->run_id, e);
}

/* The file first: until its row speaks of it, it is one that nothing speaks of, which is kept for a day. */
enum err_code results_keep_output(struct store *s, const struct telling *t, int64_t output_id,
	struct blob_file *f, struct str digest, bool *ret_new, int64_t *ret_bytes, struct err *e)
{
	struct output_op w = { .op = { .apply = apply_output, .bytes = sizeof w },
		.t = t,
		.output_id = output_id,
		.digest = digest };
	int64_t bytes = 0;
	bool is_new = false;

	TRY(suite_file_keep(s, f, digest, t->now, &is_new, &bytes, e));
	w.n_bytes = bytes;
	TRY(store_write(s, &w.op, e));
	*ret_new = is_new;
	*ret_bytes = bytes;
	return ERR_OK;
}

/* ---- importing ---- */

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define NO_INPUT "(no input)"

struct import_op {
	struct store_op op;
	const struct result_import *in;
	const struct result_told *told;
	int64_t run_id;
};

/* What is run elsewhere has no file of ours that it is run over: its sample is the empty one. */
static enum err_code keep_empty(struct store *s, int64_t now, struct err *e)
{
	struct str digest = STR(EMPTY_SHA256);
	struct blob_file *f = NULL;
	enum err_code code;
	bool is_new;
	int64_t bytes;
	size_t n_missing = 0;
	struct str missing;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(suite_missing(s, &digest, 1, &a, &missing, &n_missing, e));
	if (n_missing == 0)
		return ERR_OK;
	TRY(suite_file_begin(s, &f, e));
	code = suite_file_keep(s, f, digest, now, &is_new, &bytes, e);
	suite_file_end(f);
	return code;
}

static enum err_code check_names(struct db *db, const struct import_op *w, struct err *e)
{
	int64_t n = 0;

	TRY(regression_tests_count(db, w->in->cfg->suite_names + 1, &n, e));
	if (n <= w->in->cfg->suite_names)
		return ERR_OK;
	return err_set(e, ERR_UNPROCESSABLE,
		"there would be more than %lld tests ([suite] names): give tests names that stay the same "
		"from run "
		"to run",
		(long long)w->in->cfg->suite_names);
}

static enum err_code apply_import(struct store_op *op, struct db *db, struct err *e)
{
	struct import_op *w = (struct import_op *)(void *)op;
	const struct result_import *in = w->in;
	const struct suite_sample empty = {
		.file = STR("sha256:" EMPTY_SHA256), .name = STR(NO_INPUT), .active = false
	};
	int64_t sample_id = 0;
	bool any_new = false;

	TRY(access_still(db, in->by, in->now, e));
	TRY(queue_may_work(in->by, e));
	TRY(runs_open(db, in->repo_id, &in->run, in->now, &w->run_id, e));
	TRY(samples_add(db, &empty, in->now, &sample_id, e));
	TRY(results_may_import(db, w->run_id, e));
	for (size_t i = 0; i < in->n; i++) {
		bool is_new;

		TRY(results_put_foreign(
			db, w->run_id, in->names[i], sample_id, &w->told[i], in->now, &is_new, e));
		any_new = any_new || is_new;
	}
	if (any_new)
		TRY(check_names(db, w, e));
	return results_count(db, w->run_id, e);
}

enum err_code results_import(
	struct store *s, const struct result_import *in, int64_t *ret_run_id, struct err *e)
{
	struct import_op w = { .op = { .apply = apply_import, .bytes = in->n * 256 }, .in = in };
	struct result_import mine = *in;
	enum err_code code;
	struct str *names;
	AUTO_ARENA a;

	arena_init(&a);
	names = arena_array(&a, in->n + 1, sizeof *names);
	for (size_t i = 0; i < in->n; i++) {
		names[i] = in->names[i];
		ingest_mask_text(in->cfg->mask, &a, &names[i]);
	}
	mine.names = names;
	ingest_mask_names(&mine.run, in->cfg->mask, &a);
	w.in = &mine;
	w.told = masked(in->cfg->mask, in->told, in->n, &a);
	code = keep_empty(s, in->now, e);
	if (code == ERR_OK)
		code = store_write(s, &w.op, e);
	TRY(code);
	metric_add(METRIC_RESULTS, (int64_t)in->n);
	*ret_run_id = w.run_id;
	return ERR_OK;
}

/* ---- reading ---- */

/* A connection for a run that may be known of. */
static enum err_code open_run(struct store *s, const struct identity *id, int64_t run_id, int64_t now,
	struct arena *a, struct run *ret, struct db **ret_db, struct err *e)
{
	TRY(facts_run(s, id, run_id, now, a, ret, e));
	return store_reader_get(s, ret_db, e);
}

enum err_code results_of_run(struct store *s, const struct identity *id, const struct result_query *q,
	int64_t now, struct arena *a, struct result **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;
	struct run run;

	TRY(open_run(s, id, q->run_id, now, a, &run, &db, e));
	code = results_list(db, a, q, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}

static int64_t duration_of(const struct run *r)
{
	if (r->over_at > 0)
		return r->started_at > 0 ? r->over_at - r->started_at : 0;
	if (r->tally.stage != STAGE_NONE || r->status == RUN_RUNNING || r->began_at == 0)
		return -1;
	return r->tally.newest_at - r->began_at;
}

/* A list's total ends at ROWS_TOTAL_MAX; its buckets have them all. */
static enum err_code count_errors(struct store *s, const struct identity *id,
	const struct run_errors_query *q, struct arena *a, int64_t *ret, struct err *e)
{
	struct error_summary x;

	TRY(run_errors_summary(s, id, q, ERRORS_BY_TYPE, a, &x, e));
	*ret = 0;
	for (size_t i = 0; i < x.n; i++)
		*ret += x.buckets[i].n;
	return ERR_OK;
}

enum err_code results_sum_up(struct store *s, const struct identity *id, int64_t run_id, int64_t now,
	struct arena *a, struct run_summary *ret, struct err *e)
{
	struct run_errors_query q = { .run_id = run_id, .types = ERRORS_ALL_TYPES, .limit = 0, .now = now };
	struct run_summary sum = { 0 };
	struct run_errors errors;
	struct db *db = NULL;
	enum err_code code;

	TRY(open_run(s, id, run_id, now, a, &sum.run, &db, e));
	code = results_summary(db, run_id, sum.n, e);
	store_reader_put(s, db);
	TRY(code);
	TRY(run_errors_list(s, id, &q, a, &errors, e));
	sum.n_errors = errors.total;
	if (errors.total < 0)
		TRY(count_errors(s, id, &q, a, &sum.n_errors, e));
	sum.duration_ms = duration_of(&sum.run);
	*ret = sum;
	return ERR_OK;
}

enum err_code results_progress(struct store *s, const struct identity *id, int64_t run_id, int status,
	int64_t limit, int64_t offset, int64_t now, struct arena *a, struct progress **ret, size_t *ret_n,
	int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;
	struct run run;

	TRY(open_run(s, id, run_id, now, a, &run, &db, e));
	code = progress_list(db, a, run_id, status, limit, offset, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}

enum err_code results_config(struct store *s, const struct identity *id, int64_t run_id, int64_t now,
	struct arena *a, struct run *ret, int64_t **ret_tests, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(open_run(s, id, run_id, now, a, ret, &db, e));
	code = results_tests(db, a, run_id, ret_tests, ret_n, e);
	store_reader_put(s, db);
	return code;
}

enum err_code results_of_sample(struct store *s, const struct identity *id, const struct history_query *q,
	struct arena *a, struct history **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct history_query mine = *q;
	struct sample sample;
	struct db *db = NULL;
	enum err_code code;

	mine.repo_id = id->token.repo_id;
	mine.viewer = access_viewer(id);
	TRY(suite_sample(s, q->sample_id, a, &sample, e));
	TRY(store_reader_get(s, &db, e));
	code = results_history(db, a, &mine, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	TRY(code);
	for (size_t i = 0; i < *ret_n; i++)
		(*ret)[i].run.status = run_status_derive(&(*ret)[i].run.tally, q->now);
	return ERR_OK;
}

enum err_code results_output(struct store *s, const struct identity *id, const struct output_place *at,
	int64_t now, struct arena *a, struct output_pair *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;
	struct run run;

	TRY(open_run(s, id, at->run_id, now, a, &run, &db, e));
	code = outputs_get(db, a, at, ret, e);
	store_reader_put(s, db);
	return code;
}

/* Kind after kind: what of the page is not in one is looked for in the next. */
static enum err_code read_artifacts(struct db *db, int64_t run_id, unsigned kinds, int64_t limit,
	int64_t offset, struct arena *a, struct artifact *page, size_t *ret_n, int64_t *ret_total,
	struct err *e)
{
	int64_t total = 0;
	size_t n = 0;

	for (unsigned k = 0; k < ARTIFACT_N_KINDS; k++) {
		int64_t from = offset > total ? offset - total : 0, of_kind = 0;
		struct artifact *found = NULL;
		size_t n_found = 0;

		if (!(kinds >> k & 1))
			continue;
		TRY(artifacts_list(db, a, run_id, (enum artifact_kind)k, limit - (int64_t)n, from, &found,
			&n_found, &of_kind, e));
		for (size_t i = 0; i < n_found; i++)
			page[n++] = found[i];
		total = of_kind < 0 || total < 0 ? -1 : total + of_kind;
		if (total < 0)
			break;
	}
	*ret_n = n;
	*ret_total = total > ROWS_TOTAL_MAX ? -1 : total;
	return ERR_OK;
}

enum err_code results_artifacts(struct store *s, const struct identity *id, int64_t run_id, unsigned kinds,
	int64_t limit, int64_t offset, int64_t now, struct arena *a, struct artifact **ret, size_t *ret_n,
	int64_t *ret_total, struct err *e)
{
	struct artifact *page = arena_array(a, (size_t)limit + 1, sizeof *page);
	struct db *db = NULL;
	enum err_code code;
	struct run run;

	TRY(open_run(s, id, run_id, now, a, &run, &db, e));
	code = read_artifacts(db, run_id, kinds, limit, offset, a, page, ret_n, ret_total, e);
	store_reader_put(s, db);
	*ret = page;
	return code;
}
