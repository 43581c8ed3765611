/* baselines: see the header. */
#include "service/baselines.h"

#include "base/json.h"
#include "service/audit.h"
#include "service/facts.h"

struct change_op {
	struct store_op op;
	const struct identity *by;
	const struct output_place *at;
	bool revert, remove_variants;
	int64_t now;
};

static void write_detail(const struct change_op *w, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	json_put_int(&j, "sample_id", w->at->sample_id);
	json_put_int(&j, "regression_id", w->at->test_id);
	json_put_int(&j, "output_id", w->at->output_id);
	if (!w->revert)
		json_put_bool(&j, "remove_variants", w->remove_variants);
	json_close_object(&j);
}

static enum err_code note(struct db *db, const struct change_op *w, struct err *e)
{
	struct deed_done done = { .deed = w->revert ? DEED_BASELINE_REVERT : DEED_BASELINE_APPROVE,
		.subject_id = w->at->run_id,
		.at = w->now };
	AUTO_BUF detail, subject;

	buf_init(&detail, 500);
	buf_init(&subject, 100);
	write_detail(w, &detail);
	buf_fmt(&subject, "run %lld", (long long)w->at->run_id);
	done.detail = buf_view(&detail);
	done.subject = buf_view(&subject);
	return audit_deed(db, w->by, &done, e);
}

static enum err_code apply_change(struct store_op *op, struct db *db, struct err *e)
{
	struct change_op *w = (struct change_op *)(void *)op;

	TRY(access_still(db, w->by, w->now, e));
	if (w->revert)
		TRY(approvals_revert(db, w->at, w->now, e));
	else
		TRY(approvals_add(db, w->at, w->by->email, w->remove_variants, w->now, e));
	return note(db, w, e);
}

static enum err_code change(struct store *s, struct change_op *w, struct err *e)
{
	struct run run;
	AUTO_ARENA a;

	arena_init(&a);
	w->op = (struct store_op){ .apply = apply_change, .bytes = sizeof *w };
	TRY(facts_run(s, w->by, w->at->run_id, w->now, &a, &run, e));
	return store_write(s, &w->op, e);
}

enum err_code baselines_approve(struct store *s, const struct identity *by, const struct output_place *at,
	bool remove_variants, int64_t now, struct err *e)
{
	struct change_op w = { .by = by, .at = at, .remove_variants = remove_variants, .now = now };

	return change(s, &w, e);
}

enum err_code baselines_revert(
	struct store *s, const struct identity *by, const struct output_place *at, int64_t now, struct err *e)
{
	struct change_op w = { .by = by, .at = at, .revert = true, .now = now };

	return change(s, &w, e);
}
