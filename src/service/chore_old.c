/*
 * chore_old: what goes by its age alone: sessions, the audit, errors, what forges said, and what tests wrote.
 *
 * A session that is over stays for a week, so that its user can see it; a sign-in that is over stays for a day, so that its state cannot be used again. Revoked and
 * expired tokens stay: they are few, and what the audit says of them can be looked up.
 */
#include "service/chore.h"
#include "service/membership.h"
#include "store/access_nouns.h"
#include "store/dispatch_nouns.h"
#include "store/errors.h"
#include "store/result_nouns.h"

#include <stdio.h>

#define SESSIONS_KEPT_MS (7 * DAY_MS)
#define SIGN_INS_KEPT_MS DAY_MS
#define DELIVERIES_KEPT_MS (7 * DAY_MS)

typedef enum err_code expire_fn(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

struct expire_op {
	struct store_op op;
	expire_fn *expire;
	int64_t before, rows;
};

static enum err_code apply_expire(struct store_op *op, struct db *db, struct err *e)
{
	struct expire_op *w = (struct expire_op *)(void *)op;

	return w->expire(db, w->before, CHORE_BATCH, false, &w->rows, e);
}

static enum err_code count(
	const struct chore_call *c, expire_fn *expire, int64_t before, int64_t *ret_rows, struct err *e)
{
	struct db *db = NULL;
	int64_t rows = 0;
	enum err_code code;

	TRY(store_reader_get(c->store, &db, e));
	code = expire(db, before, 0, true, &rows, e);
	store_reader_put(c->store, db);
	*ret_rows += rows;
	return code;
}

static enum err_code expire(
	const struct chore_call *c, expire_fn *fn, int64_t before, int64_t *ret_rows, struct err *e)
{
	struct expire_op w = { .rows = 1 };

	if (c->dry)
		return count(c, fn, before, ret_rows, e);
	while (w.rows > 0 && !chore_stopped(c)) {
		w = (struct expire_op){
			.op = { .apply = apply_expire, .bytes = sizeof w }, .expire = fn, .before = before
		};
		TRY(store_write(c->store, &w.op, e));
		*ret_rows += w.rows;
	}
	return ERR_OK;
}

enum err_code chore_sessions(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	TRY(expire(c, sessions_expire, c->now - SESSIONS_KEPT_MS, &r->rows, e));
	TRY(expire(c, sign_ins_expire, c->now - SIGN_INS_KEPT_MS, &r->rows, e));
	TRY(expire(c, members_expire, c->now - MEMBERSHIP_HOLDS_MS, &r->rows, e));
	snprintf(r->message, sizeof r->message,
		"%s %lld sessions and sign-ins that are over, and old answers of forges about members",
		c->dry ? "would forget" : "forgot", (long long)r->rows);
	return ERR_OK;
}

/* No forge offers to send a delivery again after a week. What forges said of runs is of use as long as the errors of these. */
enum err_code chore_hooks(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	int64_t before = c->now - c->cfg->error_days * DAY_MS, deliveries;

	TRY(expire(c, deliveries_expire, c->now - DELIVERIES_KEPT_MS, &r->rows, e));
	deliveries = r->rows;
	if (c->cfg->error_days > 0) {
		TRY(expire(c, forge_runs_expire, before, &r->rows, e));
		TRY(expire(c, forge_heads_expire, before, &r->rows, e));
	}
	snprintf(r->message, sizeof r->message,
		"%s %lld deliveries of more than 7 days ago, and %lld rows of what forges said of runs and "
		"branches",
		c->dry ? "would forget" : "forgot", (long long)deliveries, (long long)(r->rows - deliveries));
	return ERR_OK;
}

/* What was tried, and what came of it, is worth as much as the errors that it was about. */
enum err_code chore_dispatches(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	if (c->cfg->error_days == 0) {
		snprintf(r->message, sizeof r->message, "dispatches are kept for ever (error-days is 0)");
		return ERR_OK;
	}
	TRY(expire(c, dispatches_expire, c->now - c->cfg->error_days * DAY_MS, &r->rows, e));
	snprintf(r->message, sizeof r->message, "%s %lld dispatches of more than %lld days ago",
		c->dry ? "would forget" : "forgot", (long long)r->rows, (long long)c->cfg->error_days);
	return ERR_OK;
}

enum err_code chore_audit(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	if (c->cfg->audit_days == 0) {
		snprintf(r->message, sizeof r->message, "audit-days is 0: the audit is kept for ever");
		return ERR_OK;
	}
	TRY(expire(c, audit_expire, c->now - c->cfg->audit_days * DAY_MS, &r->rows, e));
	snprintf(r->message, sizeof r->message, "%s %lld deeds of more than %lld days ago",
		c->dry ? "would forget" : "forgot", (long long)r->rows, (long long)c->cfg->audit_days);
	return ERR_OK;
}

/* Errors outlive the text that they were found in. */
enum err_code chore_old_errors(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	if (c->cfg->error_days == 0) {
		snprintf(r->message, sizeof r->message, "errors are kept for ever (error-days is 0)");
		return ERR_OK;
	}
	TRY(expire(c, errors_expire, c->now - c->cfg->error_days * DAY_MS, &r->rows, e));
	snprintf(r->message, sizeof r->message, "%s %lld errors older than %lld days",
		c->dry ? "would delete" : "deleted", (long long)r->rows, (long long)c->cfg->error_days);
	return ERR_OK;
}

/* The files themselves go with the chore of blobs, if nothing else speaks of them. */
enum err_code chore_outputs(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	if (c->cfg->output_days == 0) {
		snprintf(r->message, sizeof r->message,
			"what tests wrote is kept for ever (output-days is 0)");
		return ERR_OK;
	}
	TRY(expire(c, outputs_expire, c->now - c->cfg->output_days * DAY_MS, &r->rows, e));
	snprintf(r->message, sizeof r->message, "%s %lld files that tests wrote more than %lld days ago",
		c->dry ? "would let go of" : "let go of", (long long)r->rows, (long long)c->cfg->output_days);
	return ERR_OK;
}
