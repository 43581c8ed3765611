/*
 * reports: masked first, and whatever looks at it afterwards, now or when the step is explained, sees what is kept.
 *
 * It is read here to tell the sender at once what it is, and that it is nothing that is read; what it says is found again from the kept text by
 * the explainer, which may have other rules by then.
 */
#include "service/reports.h"

#include "base/metric.h"
#include "base/zst.h"
#include "store/errors.h"
#include "text/mask_document.h"

#include <stdlib.h>

struct report_work {
	struct store_op op; /* first: the writer hands it back */
	int64_t step_id, max;
	struct report row;
	struct report_read read;
	struct arena arena;
	struct buf frame;
	void (*done)(void *arg, const struct err *result);
	void *arg;
};

static enum err_code find_step(
	struct store *store, struct arena *a, const struct report_post *post, struct log *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(store, &db, e));
	code = logs_get(db, a, post->step_id, ret, e);
	store_reader_put(store, db);
	if (code == ERR_NOT_FOUND || (code == ERR_OK && post->repo_id != 0 && ret->repo_id != post->repo_id))
		return err_set(
			e, ERR_NOT_FOUND, "there is no step %lld for this token", (long long)post->step_id);
	TRY(code);
	if (ret->log_expired_at > 0)
		return err_set(e, ERR_GONE, "the text of step %lld has expired, so no report of it is taken",
			(long long)post->step_id);
	return ERR_OK;
}

static enum err_code mask(struct streams *streams, const struct config *cfg, int64_t run_id,
	const struct report_post *post, struct report_work *w, struct buf *text, struct err *e)
{
	struct mask_names *names = NULL;
	size_t n;
	AUTO_BUF name;

	buf_init(&name, SIZE_MAX);
	TRY(streams_run_names(streams, run_id, &names, e));
	n = mask_document(cfg->mask, names, post->text, text);
	n += mask_document(cfg->mask, names, post->name, &name);
	mask_names_unref(names);
	metric_add(METRIC_SECRETS_MASKED, (int64_t)n);
	w->row.name = arena_str(&w->arena, buf_view(&name));
	return ERR_OK;
}

static void count(const struct findings *found, struct report_read *ret)
{
	ret->n_findings = found->n;
	for (size_t i = 0; i < found->n; i++)
		ret->n_failures += found->v[i].role == ERROR_CAUSE && !found->v[i].flaky;
}

/* One that is cut says what it said until there. */
static enum err_code read_report(struct report_work *w, struct str text, struct err *e)
{
	AUTO_FINDINGS found;
	enum err_code code;
	struct err why;

	findings_init(&found);
	code = input_report(text, &found, &w->read.kind, &why);
	if (code == ERR_MEDIA || code == ERR_UNPROCESSABLE)
		return err_set(e, ERR_MEDIA,
			"%s; read are JUnit XML, SARIF 2.1.0, TAP 13 and 14, rdjson and rdjsonl", why.text);
	if (code != ERR_OK)
		w->read.problem = arena_str(&w->arena, str_z(why.text));
	count(&found, &w->read);
	w->row.kind = str_z(input_kind_name(w->read.kind));
	return ERR_OK;
}

static enum err_code prepare(struct store *store, struct streams *streams, const struct config *cfg,
	const struct report_post *post, struct report_work *w, struct err *e)
{
	struct log log;
	AUTO_BUF text;

	buf_init(&text, 4 * post->text.len + 4096); /* what a mask is longer than a secret */
	TRY(find_step(store, &w->arena, post, &log, e));
	TRY(mask(streams, cfg, log.run_id, post, w, &text, e));
	TRY(buf_check(&text, "the report", e));
	TRY(read_report(w, buf_view(&text), e));
	TRY(zst_compress(buf_view(&text), 1, &w->frame, e));
	w->row.n_bytes = (int64_t)text.len;
	w->row.zstd = buf_view(&w->frame);
	return ERR_OK;
}

static enum err_code apply(struct store_op *op, struct db *db, struct err *e)
{
	struct report_work *w = (struct report_work *)(void *)op;

	return reports_put(db, w->step_id, &w->row, w->max, e);
}

static void stored(struct store_op *op, const struct err *result)
{
	struct report_work *w = (struct report_work *)(void *)op;

	if (result->code == ERR_OK) {
		metric_add(METRIC_REPORTS, 1);
		metric_add(METRIC_REPORT_BYTES, w->row.n_bytes);
	}
	w->done(w->arg, result);
}

enum err_code reports_take(struct store *store, struct streams *streams, const struct config *cfg,
	const struct report_post *post, void (*done)(void *arg, const struct err *result), void *arg,
	struct report_work **ret, struct err *e)
{
	struct report_work *w = mem_alloc(sizeof *w);
	enum err_code code;

	*w = (struct report_work){ .op = { .apply = apply, .done = stored },
		.step_id = post->step_id,
		.max = cfg->reports,
		.row.received_at = post->now,
		.done = done,
		.arg = arg };
	arena_init(&w->arena);
	buf_init(&w->frame, SIZE_MAX);
	code = prepare(store, streams, cfg, post, w, e);
	if (code == ERR_OK) {
		w->op.bytes = sizeof *w + w->frame.len;
		*ret = w; /* before the submit: done may be called before it returns */
		code = store_submit(store, &w->op, e);
	}
	if (code != ERR_OK) {
		*ret = NULL;
		reports_free(w);
	}
	return code;
}

const struct report_read *reports_read(const struct report_work *w)
{
	return &w->read;
}

void reports_free(struct report_work *w)
{
	if (!w)
		return;
	buf_done(&w->frame);
	arena_done(&w->arena);
	free(w);
}
