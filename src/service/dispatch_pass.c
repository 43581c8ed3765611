/* dispatch_pass: see the header. What is handed over is dispatch_hand.c. */
#include "service/dispatch_pass.h"

#include "base/diag.h"
#include "base/metric.h"
#include "service/dispatch_facts.h"
#include "service/dispatch_op.h"
#include "store/pulled.h"

#define TAKE_MAX 100                               /* runs at once */
#define OPEN_AT_ONCE 200                           /* dispatches */
#define SEEN_BACK_MS DAY_MS                        /* a run that began before is no news */
#define SEEN_QUIET_MS 60000                        /* after which what was sent is taken for all */
#define LEASE_AFTER_START_MS (INT64_C(300) * 1000) /* an agent has so long to be heard again */
#define UNKNOWN_BACK_MS (7 * DAY_MS)               /* what came of it is looked for so long */
#define PULL_AFTER_MS 10000                        /* what a runner sends may be on its way */

/* ---- taken ---- */

struct take {
	const struct red_run *run;
	const struct dispatch_config *config; /* NULL: it is only said that it was looked at */
	int64_t now, id;
	bool pull;
	enum dispatch_added added;
};

static enum err_code apply_take(void *arg, struct db *db, struct err *e)
{
	struct take *w = arg;
	struct dispatch d = w->run->of;

	w->added = DISPATCH_IS_THERE;
	if (w->config) {
		d.due_at = w->now + w->config->wait_ms;
		TRY(dispatches_add(db, &d, w->now, &w->id, &w->added, e));
	}
	if (w->run->heard.id == 0)
		return ERR_OK;
	if (w->pull)
		TRY(pulls_want(db, w->run->heard.id, w->now + PULL_AFTER_MS, e));
	if (w->added == DISPATCH_ADD_LATER)
		return ERR_OK; /* it stays due */
	return forge_runs_settle(db, &w->run->heard, e);
}

/* Whether a runner has told of that attempt is looked at when it is fetched. */
static bool is_to_be_pulled(const struct dispatch_pass *p, const struct red_run *r)
{
	const struct forge_config *f = config_forge_of(p->cfg, r->of.forge);

	return r->over && r->failed && f && f->pull && f->has_kind && f->url.len > 0;
}

static enum err_code take_one(const struct dispatch_pass *p, const struct red_run *r, struct err *e)
{
	struct take w = { .run = r,
		.config = r->over && r->failed ? config_dispatch(p->cfg, r->of.repo) : NULL,
		.now = p->now,
		.pull = is_to_be_pulled(p, r) };

	TRY(dispatch_write(p->store, apply_take, &w, sizeof w, e));
	if (w.config && w.added == DISPATCH_ADDED)
		diag(DIAG_INFO, "dispatch %lld: %.*s failed at %.*s", (long long)w.id, STR_FMT(r->of.repo),
			STR_FMT(r->of.head_sha));
	return ERR_OK;
}

static enum err_code take_told(const struct dispatch_pass *p, struct arena *a, struct err *e)
{
	struct red_run *runs = NULL;
	struct db *db = NULL;
	enum err_code code;
	size_t n = 0;

	TRY(store_reader_get(p->store, &db, e));
	code = red_runs_told(db, a, TAKE_MAX, &runs, &n, e);
	store_reader_put(p->store, db);
	for (size_t i = 0; i < n && code == ERR_OK && !dispatch_pass_is_stopped(p); i++)
		code = take_one(p, &runs[i], e);
	return code;
}

/* Of repos of which somebody wants to know alone. */
static enum err_code take_seen(const struct dispatch_pass *p, struct arena *a, struct err *e)
{
	enum err_code code = ERR_OK;

	for (size_t i = 0; i < p->cfg->n_dispatches && code == ERR_OK; i++) {
		struct red_run *runs = NULL;
		struct db *db = NULL;
		size_t n = 0;

		TRY(store_reader_get(p->store, &db, e));
		code = red_runs_seen(db, a, p->cfg->dispatches[i].repo, p->now - SEEN_BACK_MS,
			p->now - SEEN_QUIET_MS, TAKE_MAX, &runs, &n, e);
		store_reader_put(p->store, db);
		for (size_t k = 0; k < n && code == ERR_OK && !dispatch_pass_is_stopped(p); k++)
			code = take_one(p, &runs[k], e);
	}
	return code;
}

/* ---- given up ---- */

struct give_up {
	int64_t now, n;
};

static enum err_code apply_give_up(void *arg, struct db *db, struct err *e)
{
	struct give_up *w = arg;

	return dispatches_give_up(db, w->now, &w->n, e);
}

static bool any_is_late(const struct dispatch *d, size_t n, int64_t now)
{
	for (size_t i = 0; i < n; i++)
		if (d[i].state == DISPATCH_CLAIMED && d[i].lease_until < now)
			return true;
	return false;
}

static enum err_code give_up(const struct dispatch_pass *p, const struct dispatch *d, size_t n, struct err *e)
{
	struct give_up w = { .now = p->now };

	if (!any_is_late(d, n, p->now))
		return ERR_OK;
	TRY(dispatch_write(p->store, apply_give_up, &w, sizeof w, e));
	if (w.n > 0)
		diag(DIAG_WARNING, "%lld dispatches are unknown now: nothing was heard of their agents",
			(long long)w.n);
	return ERR_OK;
}

/* ---- settled ---- */

static enum err_code set_over(const struct dispatch_pass *p, const struct dispatch *d,
	enum dispatch_outcome outcome, struct str note, struct str sha, struct err *e)
{
	const struct dispatch_word w = { .id = d->id,
		.from = d->state,
		.to = DISPATCH_OVER,
		.claim = d->n_claims,
		.outcome = outcome,
		.note = d->note.len > 0 ? STR("") : note,
		.sha = sha };
	bool done = false;

	TRY(dispatch_write_word(p->store, &w, p->now, &done, e));
	if (done && outcome == OUTCOME_FIXED)
		metric_add(METRIC_DISPATCHES_FIXED, 1);
	return ERR_OK;
}

static bool is_settled_by_sight(const struct dispatch *d)
{
	return d->state == DISPATCH_OFFERED || d->state == DISPATCH_HANDED || d->state == DISPATCH_UNKNOWN;
}

/* Asked for again, it keeps when it first went out; what was seen before it was decided anew has ended it once, and does not again. */
static int64_t went_out_at(const struct dispatch *d)
{
	return d->handed_at > d->decided_at ? d->handed_at : d->decided_at;
}

static bool has_expired(const struct dispatch_pass *p, const struct dispatch *d)
{
	const struct dispatch_config *c = config_dispatch(p->cfg, d->repo);

	return d->state != DISPATCH_UNKNOWN && p->now - went_out_at(d) > (c ? c->expire_ms : DAY_MS);
}

/* That the branch stands elsewhere says enough of one that nobody has; of one that somebody has, only what a run says of that does. */
static enum err_code look_at_it(const struct dispatch_pass *p, const struct dispatch *d, struct arena *a,
	struct dispatch_seen *ret, bool *ret_moved, struct err *e)
{
	struct dispatch since = *d;
	struct dispatch_standing s = { 0 };
	struct db *db = NULL;
	enum err_code code;

	since.handed_at = went_out_at(d);
	TRY(store_reader_get(p->store, &db, e));
	code = dispatch_seen(db, a, &since, p->now, ret, e);
	if (code == ERR_OK && d->state == DISPATCH_OFFERED)
		code = dispatch_standing(db, a, d, 0, p->now, &s, e);
	store_reader_put(p->store, db);
	*ret_moved = s.known_gone || (s.known_head.len > 0 && !str_eq_nocase(s.known_head, d->head_sha));
	return code;
}

static enum err_code settle(
	const struct dispatch_pass *p, const struct dispatch *d, struct arena *a, struct err *e)
{
	struct dispatch_seen seen = { 0 };
	bool moved = false;

	TRY(look_at_it(p, d, a, &seen, &moved, e));
	if (seen.green_sha.len > 0)
		return set_over(p, d, OUTCOME_FIXED, STR("seen to be green"), seen.green_sha, e);
	if (seen.newer_red.len > 0)
		return set_over(p, d, OUTCOME_SUPERSEDED,
			arena_fmt(a, "it failed again at %.*s", STR_FMT(seen.newer_red)), STR(""), e);
	if (moved)
		return set_over(p, d, OUTCOME_SUPERSEDED, STR("the branch has moved on"), STR(""), e);
	if (has_expired(p, d))
		return set_over(p, d, OUTCOME_EXPIRED, STR("nothing was heard of it"), STR(""), e);
	return ERR_OK;
}

/* ---- decided ---- */

struct decide {
	struct dispatch_decision x;
	const struct dispatch_facts *facts;
	bool goes, rerun, tells, done;
	bool was_asked;         /* where it stands: the forge said head */
	struct forge_head head; /* with where it stood, as far as that was known, before it */
	int64_t now;
};

/* Unless something else was heard while it was asked. */
static enum err_code put_head(struct decide *w, struct db *db, struct err *e)
{
	const struct dispatch *d = &w->facts->of;
	struct forge_head known = { .head_sha = STR("") };
	struct err why = { 0 };
	enum err_code code;
	bool changed;
	AUTO_ARENA a;

	arena_init(&a);
	code = forge_heads_get(db, &a, d->repo_id, w->head.branch, w->head.pull_request, &known, &why);
	if (code != ERR_OK && code != ERR_NOT_FOUND) {
		*e = why;
		return code;
	}
	if (!str_eq(known.head_sha, w->head.before_sha))
		return ERR_OK;
	w->head.said_at = known.said_at; /* it is as new as that at least */
	return forge_heads_put(db, d->repo_id, &w->head, &changed, e);
}

static enum err_code apply_decide(void *arg, struct db *db, struct err *e)
{
	struct decide *w = arg;

	if (w->was_asked)
		TRY(put_head(w, db, e));
	TRY(dispatches_decide(db, &w->x, w->now, &w->done, e));
	if (!w->done)
		return ERR_OK;
	if (w->rerun)
		TRY(dispatch_deeds_add(db, w->x.id, STR("rerun"), w->now, e));
	if (w->tells)
		TRY(dispatch_deeds_add(db, w->x.id, STR("comment"), w->now, e));
	return w->goes ? dispatch_hand_want(db, &w->facts->of, w->facts->config, w->now, e) : ERR_OK;
}

/* What a hook said may be older than the commit; what a forge says is so now. */
static void ask_head(
	const struct dispatch_pass *p, struct dispatch_facts *f, struct arena *a, struct decide *w)
{
	struct forge_tip tip = { .head_sha = STR("") };
	struct str before = f->guard.now_at;
	struct err why;
	enum err_code code;

	if (f->guard.head == GUARD_HEAD_SAME || f->of.line.len == 0 || !f->config || !f->config->enabled)
		return;
	code = p->outside->head(p->outside->arg, p->cfg, &f->of, a, &tip, &why);
	if (code == ERR_NOT_FOUND || (code == ERR_OK && !tip.open))
		f->guard.head = GUARD_HEAD_GONE;
	else if (code == ERR_OK)
		f->guard.head =
			str_eq_nocase(tip.head_sha, f->of.head_sha) ? GUARD_HEAD_SAME : GUARD_HEAD_MOVED;
	if (code == ERR_OK) {
		f->guard.now_at = tip.head_sha;
		w->was_asked = true;
		w->head = (struct forge_head){ .branch = f->of.pull_request > 0 ? STR("") : f->of.branch,
			.pull_request = f->of.pull_request,
			.head_sha = tip.open ? tip.head_sha : STR(""),
			.before_sha = before,
			.author = tip.author,
			.heard_at = p->now };
	}
	if (f->guard.head == GUARD_HEAD_SAME)
		dispatch_facts_author(f, tip.author);
}

static enum err_code gather(const struct dispatch_pass *p, const struct dispatch *d, struct arena *a,
	struct dispatch_facts *ret, struct err *e)
{
	struct red_run run = { .over = true, .failed = true };
	struct db *db = NULL;
	bool found = false;
	enum err_code code;

	TRY(store_reader_get(p->store, &db, e));
	code = red_run_of_dispatch(db, a, d, &run, &found, e);
	if (code == ERR_OK)
		code = dispatch_facts_gather(
			db, p->cfg, d, !found || run.over, !found || run.failed, p->now, a, ret, e);
	store_reader_put(p->store, db);
	return code;
}

/* Where it went out at once that is an attempt; where an agent has to claim it first, that is; where nothing can be done, nothing is. */
static bool goes_out_at_once(const struct dispatch_facts *f)
{
	unsigned actions = f->config->actions;

	return (actions & DISPATCH_WEBHOOK) != 0 ||
	       ((actions & DISPATCH_CLAIM) == 0 && dispatch_hand_can(&f->of, f->config));
}

static enum err_code fill_prompt(const struct dispatch_pass *p, const struct dispatch_facts *f,
	struct arena *a, struct decide *w, struct err *e)
{
	struct str prompt;

	TRY(dispatch_facts_prompt(p->store, p->cfg, f, p->now, a, &prompt, e));
	TRY(dispatch_pack(prompt, a, &w->x.prompt, e));
	w->x.state = f->config->actions & DISPATCH_CLAIM ? DISPATCH_OFFERED : DISPATCH_HANDING;
	w->x.handed_at = goes_out_at_once(f) ? p->now : 0;
	return ERR_OK;
}

static struct str verdicts_json(const struct guard_verdicts *v, struct arena *a)
{
	struct json_out j;
	struct str text;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	json_out_init(&j, &out);
	guard_json(v, &j, NULL);
	text = arena_str(a, buf_view(&out));
	return text;
}

static enum err_code find_rerun(const struct dispatch_pass *p, const struct dispatch_facts *f,
	const struct guard_verdicts *v, bool *ret, struct err *e)
{
	bool was = true;
	struct db *db = NULL;
	enum err_code code;

	*ret = false;
	if (!guard_is_for_rerun(v) || (f->config->actions & DISPATCH_RERUN) == 0 ||
		f->of.external_run_id.len == 0)
		return ERR_OK;
	TRY(store_reader_get(p->store, &db, e));
	code = dispatch_was_rerun(db, f->of.repo_id, f->of.head_sha, &was, e);
	store_reader_put(p->store, db);
	*ret = !was;
	return code;
}

/* When too much was tried people have to look, and the pull request says so. */
static bool is_told(const struct dispatch_facts *f, const struct guard_verdicts *v)
{
	return !v->goes && !v->waits && v->first == GUARD_ATTEMPTS && f->of.pull_request > 0 &&
	       (f->config->actions & DISPATCH_COMMENT) != 0;
}

static void tell_decision(const struct decide *w, const struct guard_verdicts *v)
{
	if (!w->done)
		return;
	metric_add(v->goes ? METRIC_DISPATCHES : METRIC_DISPATCHES_REFUSED, v->goes || !v->waits);
	diag(DIAG_INFO, "dispatch %lld: %s%s", (long long)w->x.id,
		v->goes    ? "goes out"
		: v->waits ? "waits: "
			   : "refused: ",
		v->goes ? "" : guard_check_name(v->first));
}

static enum err_code judge(
	const struct dispatch_pass *p, struct dispatch_facts *f, struct arena *a, struct err *e)
{
	struct guard_verdicts v;
	struct decide w = { .facts = f, .now = p->now };

	ask_head(p, f, a, &w);
	guard_judge(&f->guard, a, &v);
	w.x = (struct dispatch_decision){ .id = f->of.id,
		.n_retries = f->of.n_retries,
		.state = v.waits ? DISPATCH_WAITING : DISPATCH_REFUSED,
		.due_at = v.again_at,
		.group_id = f->of.group_id,
		.run_id = f->of.run_id,
		.class = f->of.class,
		.message = f->of.message,
		.author = f->of.author,
		.verdicts = verdicts_json(&v, a),
		.refused_by = v.goes ? STR("") : str_z(guard_check_name(v.first)),
		.reason = v.goes ? STR("") : v.of[v.first].text };
	w.goes = v.goes;
	w.tells = is_told(f, &v);
	TRY(find_rerun(p, f, &v, &w.rerun, e));
	if (v.goes)
		TRY(fill_prompt(p, f, a, &w, e));
	TRY(dispatch_write(p->store, apply_decide, &w,
		sizeof w + w.x.prompt.len + w.x.verdicts.len + w.x.message.len, e));
	tell_decision(&w, &v);
	return w.x.state == DISPATCH_HANDING && w.done ? dispatch_hand_end(p, &f->of, e) : ERR_OK;
}

static enum err_code decide(
	const struct dispatch_pass *p, const struct dispatch *d, struct arena *a, struct err *e)
{
	struct dispatch_facts f;

	if (d->decided_at > 0 && p->now < d->due_at)
		return ERR_OK; /* it was put off */
	TRY(gather(p, d, a, &f, e));
	if (!f.logs_are_in && p->now < d->due_at)
		return ERR_OK;
	return judge(p, &f, a, e);
}

/* ---- all of it ---- */

static enum err_code list_open(const struct dispatch_pass *p, int64_t after, struct arena *a,
	struct dispatch **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(p->store, &db, e));
	code = dispatches_open(db, a, after, p->now - UNKNOWN_BACK_MS, OPEN_AT_ONCE, ret, ret_n, e);
	store_reader_put(p->store, db);
	return code;
}

typedef enum err_code step_fn(
	const struct dispatch_pass *p, const struct dispatch *d, struct arena *a, struct err *e);

static enum err_code end_handing(
	const struct dispatch_pass *p, const struct dispatch *d, struct arena *a, struct err *e)
{
	(void)a;
	return dispatch_hand_end(p, d, e);
}

static step_fn *step_of(const struct dispatch *d, bool decides)
{
	if (decides)
		return d->state == DISPATCH_WAITING ? decide : NULL;
	if (d->state == DISPATCH_HANDING)
		return end_handing;
	return is_settled_by_sight(d) ? settle : NULL;
}

/* The next so many behind `after`; *ret_last: the last of them, 0: that were all. */
static enum err_code some(
	const struct dispatch_pass *p, bool decides, int64_t after, int64_t *ret_last, struct err *e)
{
	struct dispatch *all = NULL;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(list_open(p, after, &a, &all, &n, e));
	if (!decides)
		TRY(give_up(p, all, n, e));
	for (size_t i = 0; i < n && !dispatch_pass_is_stopped(p); i++) {
		step_fn *step = step_of(&all[i], decides);
		struct err why;
		AUTO_ARENA of_one;

		arena_init(&of_one);
		if (step && step(p, &all[i], &of_one, &why) != ERR_OK)
			diag(DIAG_ERROR, "dispatch %lld: %s", (long long)all[i].id, why.text);
	}
	*ret_last = n == OPEN_AT_ONCE ? all[n - 1].id : 0;
	return ERR_OK;
}

/* What came of others is seen before something is decided, which may hang on it. */
static enum err_code each(const struct dispatch_pass *p, bool decides, struct err *e)
{
	int64_t after = 0;

	do
		TRY(some(p, decides, after, &after, e));
	while (after > 0 && !dispatch_pass_is_stopped(p));
	return ERR_OK;
}

static enum err_code pass(const struct dispatch_pass *p, struct err *e)
{
	AUTO_ARENA a;

	arena_init(&a);
	TRY(take_told(p, &a, e));
	TRY(take_seen(p, &a, e));
	TRY(each(p, false, e));
	TRY(each(p, true, e));
	TRY(dispatch_hand_over(p, e));
	return ERR_OK;
}

struct begin {
	int64_t now, n;
	bool extends;
};

static enum err_code apply_begin(void *arg, struct db *db, struct err *e)
{
	struct begin *w = arg;

	if (w->extends)
		TRY(dispatches_extend(db, w->now + LEASE_AFTER_START_MS, e));
	return dispatch_deeds_broken_off(db, w->now, &w->n, e);
}

static enum err_code begin(const struct dispatch_pass *p, bool extends, struct err *e)
{
	struct begin w = { .now = p->now, .extends = extends };

	TRY(dispatch_write(p->store, apply_begin, &w, sizeof w, e));
	if (w.n > 0)
		diag(DIAG_WARNING,
			"%lld things that were being done for dispatches broke off; they are unknown, and "
			"not done again",
			(long long)w.n);
	return ERR_OK;
}

enum err_code dispatch_pass_begin(const struct dispatch_pass *p, struct err *e)
{
	return begin(p, true, e);
}

/* Agents could be heard all the while: their leases stay as they are. */
enum err_code dispatch_pass(const struct dispatch_pass *p, struct err *e)
{
	if (*p->broke_off)
		TRY(begin(p, false, e));
	*p->broke_off = true;
	TRY(pass(p, e));
	*p->broke_off = false;
	return ERR_OK;
}
