/*
 * account: which failed steps a context is of, and if there are none, why.
 *
 * That no log arrived is told with its reasons and is no error: silence would hide a dead pipe. Only what the
 * token may not see is.
 */
#include "service/account.h"

#include "explain/context.h"
#include "service/account_found.h"
#include "service/account_results.h"
#include "service/subject.h"

#include <string.h>

#define STEPS_MAX 200 /* of one context: the newest; what is beyond is counted */

static struct subject subject_of(const struct account_query *q)
{
	return (struct subject){ .repo = q->repo,
		.forge = q->forge,
		.head_sha = q->head_sha,
		.external_run_id = q->external_run_id,
		.run_id = q->run_id };
}

/* A reader that is given back on every way out. */
static void put_reader(struct store *const *store, struct db **db)
{
	store_reader_put(*store, *db);
	*db = NULL;
}

struct found {
	struct step *steps;
	size_t n;
	struct run_tally tally;
	int64_t expired_at;
	struct context_found *errors; /* of each step */
	struct result_account results;
	struct context_result *unwell; /* tests that did not pass */
	size_t n_unwell;
};

static enum err_code find_steps(struct db *db, struct arena *a, const struct config *cfg,
	const struct identity *id, const struct subject *subject, int64_t now, struct found *ret,
	bool *ret_watched, struct err *e)
{
	struct step_query sq;

	TRY(subject_find(db, a, cfg, id, subject, &sq, ret_watched, e));
	if (!*ret_watched)
		return ERR_OK;
	TRY(steps_failed(db, a, &sq, STEPS_MAX, &ret->steps, &ret->n, &ret->tally, &ret->expired_at, e));
	TRY(results_account(db, a, &sq, ACCOUNT_RESULTS_MAX, &ret->results, e));
	ret->tally.n_results = ret->results.n_results;
	ret->tally.n_bad = ret->results.n_bad;
	ret->tally.n_open = ret->results.n_open;
	return account_find_errors(db, a, ret->steps, ret->n, now, &ret->errors, e);
}

/* Ids of a forge's runs are its own: runs of two repos with the same one have nothing to do with each other, and
 * one account of both would blame the one for the other. */
static enum err_code check_one_repo(const struct found *f, struct err *e)
{
	for (size_t i = 1; i < f->n; i++)
		if (f->steps[i].repo_id != f->steps[0].repo_id)
			return err_field(e, "repo", "is needed: runs of several repos have this id");
	return ERR_OK;
}

static unsigned absence_of(const struct found *f, bool watched)
{
	bool failed_expired = f->tally.n_failed > 0;

	if (!watched)
		return CONTEXT_NOT_WATCHED;
	if (f->n_unwell > 0)
		return 0;
	if (f->tally.n_steps + f->tally.n_results + f->tally.n_open == 0)
		return CONTEXT_NOTHING_POSTED;
	return failed_expired ? CONTEXT_EXPIRED : CONTEXT_NOT_FAILED;
}

/* A step whose text has expired is told beside those that have theirs. Where none has, that is the whole story:
 * and none has, because those that have come first into the list. */
static void forget_if_no_text(struct found *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->steps[i].has_text)
			return;
	f->n = 0;
}

/* Of several runs the worst; those of the suite say themselves what they are. */
static enum run_status status_of(const struct found *f, int64_t now)
{
	enum run_status of_forge = run_status_derive(&f->tally, now);

	if (f->results.n_of_suite == 0)
		return of_forge;
	return f->results.n_of_forge == 0 ? f->results.suites : run_status_worse(of_forge, f->results.suites);
}

static void write(const struct config *cfg, const struct account_query *q, const struct found *f,
	bool watched, struct buf *out)
{
	struct context_input in = {
		.query = { .repo = q->repo,
			.head_sha = q->head_sha,
			.external_run_id = q->external_run_id,
			.run_id = q->run_id },
		.steps = f->steps,
		.n_steps = f->n,
		.found = f->errors,
		.n_beyond = f->n > 0 ? f->tally.n_failed - (int64_t)f->n : 0,
		.results = f->unwell,
		.n_results = f->n_unwell,
		.n_results_beyond = f->results.n_bad - (int64_t)f->n_unwell,
		.status = status_of(f, q->now),
		.absence = f->n == 0 ? absence_of(f, watched) : 0,
		.expired_at = f->expired_at,
		.log_days = cfg->log_days,
		.budget = q->budget,
	};

	if (f->n == 0 && f->n_unwell == 0 && q->silent_when_empty)
		return;
	if (q->format == ACCOUNT_JSON)
		context_json(&in, out);
	else
		context_markdown(&in, out);
}

enum err_code account_write(struct store *store, const struct config *cfg, const struct identity *id,
	const struct account_query *q, struct buf *out, struct err *e)
{
	struct found f = { 0 };
	struct subject subject = subject_of(q);
	struct db *db = NULL;
	bool watched = true;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(subject_check(&subject, e));
	TRY(store_reader_get(store, &db, e));
	code = find_steps(db, &a, cfg, id, &subject, q->now, &f, &watched, e);
	put_reader(&store, &db);
	TRY(code);
	TRY(check_one_repo(&f, e));
	if (q->run_id > 0 && f.tally.n_steps + f.tally.n_results + f.tally.n_open == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no run %lld, or the token is not for its repo",
			(long long)q->run_id);
	TRY(account_read_texts(store, cfg, q->budget, f.steps, f.errors, f.n, &a, e));
	TRY(account_results(store, id, &f.results, q->now, &a, &f.unwell, &f.n_unwell, e));
	forget_if_no_text(&f);
	write(cfg, q, &f, watched, out);
	return buf_check(out, "context", e);
}
