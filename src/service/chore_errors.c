/* chore_errors: errors outlive the text that they were found in, and go when they are old. */
#include "service/chore.h"
#include "store/errors.h"

#include <stdio.h>

struct errors_op {
	struct store_op op; /* first */
	int64_t before, rows;
};

static enum err_code apply_errors(struct store_op *op, struct db *db, struct err *e)
{
	struct errors_op *w = (struct errors_op *)(void *)op;

	return errors_expire(db, w->before, CHORE_BATCH, false, &w->rows, e);
}

static enum err_code count_errors(struct store *s, int64_t before, struct chore_report *r, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = errors_expire(db, before, 0, true, &r->rows, e);
	store_reader_put(s, db);
	return code;
}

static enum err_code delete_errors(
	const struct chore_call *c, int64_t before, struct chore_report *r, struct err *e)
{
	struct errors_op w = { .rows = 1 };

	while (w.rows > 0 && !chore_stopped(c)) {
		w = (struct errors_op){ .op = { .apply = apply_errors, .bytes = sizeof w },
			.before = before };
		TRY(store_write(c->store, &w.op, e));
		r->rows += w.rows;
	}
	return ERR_OK;
}

enum err_code chore_old_errors(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	int64_t before = c->now - c->cfg->error_days * DAY_MS;

	if (c->cfg->error_days == 0) {
		snprintf(r->message, sizeof r->message, "errors are kept for ever (error-days is 0)");
		return ERR_OK;
	}
	TRY(c->dry ? count_errors(c->store, before, r, e) : delete_errors(c, before, r, e));
	snprintf(r->message, sizeof r->message, "%s %lld errors older than %lld days",
		c->dry ? "would delete" : "deleted", (long long)r->rows, (long long)c->cfg->error_days);
	return ERR_OK;
}
