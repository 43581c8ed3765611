/* dispatch_claim: what agents say of dispatches: that they want one, are at work, and what came of it. */
#include "service/dispatch.h"

#include "base/diag.h"
#include "base/metric.h"
#include "base/utf8.h"
#include "service/audit.h"
#include "service/dispatch_facts.h"
#include "service/dispatch_op.h"
#include "service/ingest.h"

#define EARLIER_MAX 10

static int64_t lease_of(const struct config *cfg, struct str repo)
{
	const struct dispatch_config *c = config_dispatch(cfg, repo);

	return c ? c->lease_ms : DISPATCH_LEASE_MS;
}

/* ---- claiming ---- */

struct claim {
	const struct dispatch_asker *q;
	struct dispatch_claiming which;
	struct arena *a;
	struct dispatch_claimed got;
	struct str zstd;
	bool found;
};

static enum err_code read_facts(struct claim *w, struct db *db, struct err *e)
{
	const struct dispatch_config *c = config_dispatch(w->q->cfg, w->got.of.repo);
	struct dispatch_standing s;

	TRY(dispatches_get(db, w->a, w->got.of.id, 0, 0, &w->got.of, &w->zstd, e));
	TRY(dispatches_earlier(db, w->a, &w->got.of, EARLIER_MAX, &w->got.earlier, &w->got.n_earlier, e));
	TRY(dispatch_standing(db, w->a, &w->got.of, 0, w->q->now, &s, e));
	w->got.try = s.n_attempts + 1;
	w->got.tries_max = c ? c->max_attempts : 1;
	return ERR_OK;
}

static enum err_code apply_claim(void *arg, struct db *db, struct err *e)
{
	struct claim *w = arg;

	TRY(access_still(db, w->q->by, w->q->now, e));
	TRY(dispatches_offered(db, w->a, &w->which, &w->got.of, &w->found, e));
	if (!w->found)
		return ERR_OK;
	w->got.lease_ms = lease_of(w->q->cfg, w->got.of.repo);
	TRY(dispatches_claim(
		db, w->got.of.id, w->which.agent, w->q->now, w->q->now + w->got.lease_ms, &w->got.claim, e));
	return read_facts(w, db, e);
}

enum err_code dispatch_claim(const struct dispatch_asker *q, struct str agent, struct str repo,
	struct str forge, struct arena *a, struct dispatch_claimed *ret, bool *ret_found, struct err *e)
{
	struct claim w = { .q = q,
		.which = { .repo_id = dispatch_bound_repo(q->by),
			.viewer = access_viewer(q->by),
			.repo = repo,
			.forge = forge,
			.agent = agent },
		.a = a };

	ingest_mask_text(q->cfg->mask, a, &w.which.agent);
	TRY(dispatch_write(q->store, apply_claim, &w, sizeof w, e));
	*ret_found = w.found;
	if (!w.found)
		return ERR_OK;
	TRY(dispatch_unpack(w.zstd, a, &w.got.prompt, e));
	w.got.page = dispatch_page(q->cfg, &w.got.of, a);
	*ret = w.got;
	diag(DIAG_INFO, "dispatch %lld: %.*s has it", (long long)w.got.of.id, STR_FMT(w.which.agent));
	return ERR_OK;
}

/* ---- at work ---- */

static enum err_code find(struct db *db, const struct dispatch_asker *q, int64_t id, struct arena *a,
	struct dispatch *ret, struct err *e)
{
	TRY(access_still(db, q->by, q->now, e));
	return dispatches_get(db, a, id, dispatch_bound_repo(q->by), access_viewer(q->by), ret, NULL, e);
}

static enum err_code not_yours(const struct dispatch *d, int64_t claim, struct err *e)
{
	if (d->state == DISPATCH_CLAIMED && claim == 0)
		return err_set(e, ERR_CONFLICT, "an agent has dispatch %lld: only its claim counts",
			(long long)d->id);
	if (d->state == DISPATCH_CLAIMED)
		return err_set(e, ERR_CONFLICT, "dispatch %lld is claim %lld's now, not claim %lld's",
			(long long)d->id, (long long)d->n_claims, (long long)claim);
	return err_set(e, ERR_CONFLICT, "dispatch %lld is %s%s%s", (long long)d->id,
		dispatch_state_name(d->state), d->outcome == OUTCOME_NONE ? "" : ": ",
		dispatch_outcome_name(d->outcome));
}

struct renew {
	const struct dispatch_asker *q;
	int64_t id, claim, step_id, lease_ms;
};

static enum err_code apply_renew(void *arg, struct db *db, struct err *e)
{
	struct renew *w = arg;
	struct dispatch d;
	bool done = false;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(find(db, w->q, w->id, &a, &d, e));
	w->lease_ms = lease_of(w->q->cfg, d.repo);
	TRY(dispatches_renew(db, w->id, w->claim, w->q->now + w->lease_ms, w->step_id, &done, e));
	return done ? ERR_OK : not_yours(&d, w->claim, e);
}

enum err_code dispatch_renew(const struct dispatch_asker *q, int64_t id, int64_t claim, int64_t step_id,
	int64_t *ret_lease_ms, struct err *e)
{
	struct renew w = { .q = q, .id = id, .claim = claim, .step_id = step_id };

	TRY(dispatch_write(q->store, apply_renew, &w, sizeof w, e));
	*ret_lease_ms = w.lease_ms;
	return ERR_OK;
}

/* ---- what came of it ---- */

struct tell {
	const struct dispatch_asker *q;
	struct dispatch_telling t;
	struct arena *a;
	struct dispatch of;
};

static bool is_said_already(const struct dispatch *d, const struct dispatch_telling *t)
{
	if (t->claim > 0 && t->claim != d->n_claims)
		return false;
	if (t->outcome == OUTCOME_NONE)
		return d->state == DISPATCH_HANDED && str_eq(d->note, t->note);
	return d->state == DISPATCH_OVER && d->outcome == t->outcome &&
	       (t->sha.len == 0 || str_eq_nocase(d->fixed_sha, t->sha));
}

/*
 * Of one that an agent has, or had, its claim counts; of one that went out otherwise, anybody's word who may write. What was only seen, or given up, gives way to what somebody says.
 */
static bool may_tell(const struct dispatch *d, const struct dispatch_telling *t)
{
	bool is_its = t->claim == d->n_claims;

	switch (d->state) {
	case DISPATCH_CLAIMED:
		return is_its && t->claim > 0;
	case DISPATCH_HANDED:
	case DISPATCH_UNKNOWN:
		return is_its || t->claim == 0;
	case DISPATCH_OVER:
		return (is_its || t->claim == 0) && t->outcome != OUTCOME_NONE && d->handed_at > 0 &&
		       (d->outcome == OUTCOME_SUPERSEDED || d->outcome == OUTCOME_EXPIRED);
	case DISPATCH_HANDING: /* a webhook's receiver may be quick */
	case DISPATCH_OFFERED:
		return t->claim == 0 && d->n_claims == 0 && d->handed_at > 0 && t->outcome != OUTCOME_NONE;
	case DISPATCH_WAITING:
	case DISPATCH_REFUSED:
	case DISPATCH_CANCELED:
	case DISPATCH_N_STATES:
		break;
	}
	return false;
}

static enum err_code audit_result(struct tell *w, struct db *db, struct err *e)
{
	const struct deed_done done = { .deed = DEED_DISPATCH_RESULT,
		.subject_id = w->of.id,
		.subject = arena_fmt(w->a, "%.*s at %.*s", STR_FMT(w->of.repo), STR_FMT(w->of.head_sha)),
		.detail = arena_fmt(w->a, "{\"outcome\":\"%s\",\"claim\":%lld}",
			w->t.outcome == OUTCOME_NONE ? "note" : dispatch_outcome_name(w->t.outcome),
			(long long)w->t.claim),
		.at = w->q->now };

	return audit_deed(db, w->q->by, &done, e);
}

static enum err_code apply_tell(void *arg, struct db *db, struct err *e)
{
	struct tell *w = arg;
	const struct dispatch_telling *t = &w->t;
	struct dispatch_word word = { .id = t->id,
		.to = t->outcome == OUTCOME_NONE ? DISPATCH_HANDED : DISPATCH_OVER,
		.outcome = t->outcome,
		.note = t->note,
		.sha = t->sha,
		.step_id = t->step_id };
	bool done = false;

	TRY(find(db, w->q, t->id, w->a, &w->of, e));
	if (is_said_already(&w->of, t))
		return ERR_OK;
	if (!may_tell(&w->of, t))
		return not_yours(&w->of, t->claim, e);
	word.from = w->of.state;
	word.claim = w->of.n_claims;
	TRY(dispatches_set(db, &word, w->q->now, &done, e));
	if (!done)
		return err_set(
			e, ERR_INTERNAL, "dispatch %lld changed while it was changed", (long long)t->id);
	TRY(audit_result(w, db, e));
	return dispatches_get(db, w->a, t->id, 0, 0, &w->of, NULL, e);
}

enum err_code dispatch_tell(const struct dispatch_asker *q, const struct dispatch_telling *t, struct arena *a,
	struct dispatch *ret, struct err *e)
{
	struct tell w = { .q = q, .t = *t, .a = a };

	if (t->outcome == OUTCOME_FIXED && t->sha.len == 0)
		return err_field(e, "sha", "is needed with fixed: the commit that fixes it");
	if (t->outcome != OUTCOME_FIXED)
		w.t.sha = STR("");
	ingest_mask_text(q->cfg->mask, a, &w.t.note);
	w.t.note.len =
		utf8_floor(w.t.note, w.t.note.len < DISPATCH_NOTE_MAX ? w.t.note.len : DISPATCH_NOTE_MAX);
	TRY(dispatch_write(q->store, apply_tell, &w, sizeof w + w.t.note.len, e));
	if (t->outcome == OUTCOME_FIXED)
		metric_add(METRIC_DISPATCHES_FIXED, 1);
	*ret = w.of;
	return ERR_OK;
}
