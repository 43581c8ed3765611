/*
 * dispatch_hand: what a dispatch does outside.
 *
 * Three transactions: it is wanted (with the decision), it is being tried, and how that went. Between the second and the third the world is spoken to; who is killed there leaves a row that says so, and
 * it is not known then whether it got through. That is told (unknown), and not tried again, but for what is the same however often it is done.
 */
#include "service/dispatch_pass.h"

#include "base/diag.h"
#include "base/metric.h"
#include "service/dispatch_facts.h"
#include "service/dispatch_op.h"
#include "store/errors.h"

#define DUE_MAX 1000
#define TRIES_MAX 3
#define BACKOFF_MS 30000                    /* then four times as long */
#define AGAIN_MAX_MS (INT64_C(3600) * 1000) /* who says later is tried then */
#define WHY_MAX 300
#define CONTEXT_MAX (24 * 1024) /* bytes; a comment may have 64 KiB on GitHub */

/* ---- wanted ---- */

static const struct {
	const char *name;
	enum dispatch_action action;
	bool needs_pull; /* is done on a pull request alone */
	bool informs;    /* hands nothing over */
} actions[] = {
	{ "webhook", DISPATCH_WEBHOOK, false, false },
	{ "comment", DISPATCH_COMMENT, true, false },
	{ "issue", DISPATCH_ISSUE, false, false },
	{ "status", DISPATCH_STATUS, false, true },
};
#define N_ACTIONS (sizeof actions / sizeof *actions)

static bool is_for(size_t i, const struct dispatch *d, const struct dispatch_config *config)
{
	return (config->actions & actions[i].action) != 0 && (!actions[i].needs_pull || d->pull_request > 0);
}

bool dispatch_hand_can(const struct dispatch *d, const struct dispatch_config *config)
{
	for (size_t i = 0; i < N_ACTIONS; i++)
		if (is_for(i, d, config))
			return true;
	return false;
}

enum err_code dispatch_hand_want(struct db *db, const struct dispatch *d,
	const struct dispatch_config *config, int64_t now, struct err *e)
{
	for (size_t i = 0; i < N_ACTIONS; i++)
		if (is_for(i, d, config))
			TRY(dispatch_deeds_add(db, d->id, str_z(actions[i].name), now, e));
	return ERR_OK;
}

static bool informs_only(struct str action)
{
	for (size_t i = 0; i < N_ACTIONS; i++)
		if (str_eq(action, str_z(actions[i].name)))
			return actions[i].informs;
	return true; /* rerun */
}

/* ---- tried ---- */

struct one {
	const struct dispatch_pass *p;
	struct arena *a;
	struct dispatch of;
	struct dispatch_deed deed;
	struct str zstd, prompt, context, known, fingerprint;
	bool taken;
};

static bool is_for_people(const struct one *x)
{
	return str_eq(x->deed.action, STR("comment")) || str_eq(x->deed.action, STR("issue"));
}

static enum err_code read_context(struct one *x, struct err *e)
{
	AUTO_BUF text;

	buf_init(&text, 2 * CONTEXT_MAX);
	TRY(dispatch_account(x->p->store, x->p->cfg, &x->of, CONTEXT_MAX, x->p->now, &text, e));
	x->context = arena_str(x->a, buf_view(&text));
	return ERR_OK;
}

static enum err_code read_group(struct db *db, struct one *x, struct err *e)
{
	struct group *groups = NULL;
	size_t n = 0;

	if (x->of.group_id == 0)
		return ERR_OK;
	TRY(groups_find(db, x->a, &x->of.group_id, 1, x->p->now, &groups, &n, e));
	if (n > 0)
		x->fingerprint = groups[0].fingerprint;
	return dispatch_issue_of(db, x->a, x->of.group_id, &x->known, e);
}

static enum err_code read_one(struct one *x, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(x->p->store, &db, e));
	code = dispatches_get(db, x->a, x->deed.dispatch_id, 0, 0, &x->of, &x->zstd, e);
	if (code == ERR_OK && str_eq(x->deed.action, STR("comment")))
		code = forge_comment_get(db, x->a, x->of.repo_id, x->of.pull_request, &x->known, e);
	if (code == ERR_OK && str_eq(x->deed.action, STR("issue")))
		code = read_group(db, x, e);
	store_reader_put(x->p->store, db);
	return code;
}

static enum err_code read_words(struct one *x, struct err *e)
{
	TRY(dispatch_unpack(x->zstd, x->a, &x->prompt, e));
	return is_for_people(x) ? read_context(x, e) : ERR_OK;
}

static bool is_away(const struct one *x)
{
	const struct dispatch_outside *o = x->p->outside;

	return o->is_away &&
	       o->is_away(o->arg, &x->of, x->deed.action, config_dispatch(x->p->cfg, x->of.repo));
}

static enum err_code apply_try(void *arg, struct db *db, struct err *e)
{
	struct one *x = arg;

	return dispatch_deeds_try(db, &x->deed, &x->taken, e);
}

static enum err_code apply_tried(void *arg, struct db *db, struct err *e)
{
	struct one *x = arg;

	TRY(dispatch_deeds_tried(db, &x->deed, e));
	if (str_eq(x->deed.action, STR("comment")) && str_eq(x->deed.state, STR("done")) &&
		x->deed.ref.len > 0)
		return forge_comment_put(db, x->of.repo_id, x->of.pull_request, x->deed.ref, e);
	return ERR_OK;
}

static enum dispatch_did act(struct one *x, struct dispatch_made *made, struct err *e)
{
	const struct dispatch_pass *p = x->p;
	const struct dispatch_work w = { .of = &x->of,
		.action = x->deed.action,
		.cfg = p->cfg,
		.config = config_dispatch(p->cfg, x->of.repo),
		.prompt = x->prompt,
		.context = x->context,
		.page = dispatch_page(p->cfg, &x->of, x->a),
		.known = x->known,
		.fingerprint = x->fingerprint,
		.perhaps = x->deed.perhaps,
		.now = p->now };

	if (!w.config) {
		err_set(e, ERR_CONFIG, "the configuration has no [dispatch] of this repo any more");
		return DISPATCH_FAILED;
	}
	return p->outside->act(p->outside->arg, &w, x->a, made, e);
}

static int64_t due_at(const struct one *x, int64_t tries, int64_t again_ms)
{
	int64_t ms = tries < 2 ? BACKOFF_MS : 4 * BACKOFF_MS;

	if (again_ms > AGAIN_MAX_MS)
		again_ms = AGAIN_MAX_MS;
	return x->p->now + (again_ms > ms ? again_ms : ms);
}

static void take_note(
	struct one *x, enum dispatch_did did, const struct dispatch_made *made, const struct err *why)
{
	static const char *const words[] = { [DISPATCH_DID] = "done",
		[DISPATCH_AGAIN] = "wanted",
		[DISPATCH_PERHAPS_AGAIN] = "wanted",
		[DISPATCH_FAILED] = "failed",
		[DISPATCH_PERHAPS] = "unknown" };
	int64_t tries = x->deed.n_tries + 1;

	bool perhaps = did == DISPATCH_PERHAPS_AGAIN || (did == DISPATCH_AGAIN && x->deed.perhaps);

	if ((did == DISPATCH_AGAIN || did == DISPATCH_PERHAPS_AGAIN) && tries >= TRIES_MAX)
		did = perhaps ? DISPATCH_PERHAPS : DISPATCH_FAILED;
	x->deed.state = str_z(words[did]);
	x->deed.error = did == DISPATCH_DID
				? STR("")
				: arena_fmt(x->a, "%s%.*s", perhaps ? DEED_PERHAPS : "", WHY_MAX, why->text);
	x->deed.due_at = due_at(x, tries, made->again_ms);
	x->deed.ref = made->ref;
	if (did == DISPATCH_DID)
		return;
	metric_add(METRIC_DISPATCH_ACTIONS_FAILED, 1);
	diag(DIAG_WARNING, "dispatch %lld: %.*s: %s", (long long)x->of.id, STR_FMT(x->deed.action),
		why->text);
}

static enum err_code do_one(
	const struct dispatch_pass *p, const struct dispatch_deed *deed, struct arena *a, struct err *e)
{
	struct one x = { .p = p, .a = a, .deed = *deed };
	struct dispatch_made made = { 0 };
	struct err why = { .code = ERR_OK };
	enum dispatch_did did;

	TRY(read_one(&x, e));
	if (is_away(&x))
		return ERR_OK; /* it stays due, and this was no try */
	TRY(read_words(&x, e));
	TRY(dispatch_write(p->store, apply_try, &x, sizeof x, e));
	if (!x.taken)
		return ERR_OK;
	did = act(&x, &made, &why);
	take_note(&x, did, &made, &why);
	TRY(dispatch_write(p->store, apply_tried, &x, sizeof x + x.deed.error.len, e));
	return x.of.state == DISPATCH_HANDING ? dispatch_hand_end(p, &x.of, e) : ERR_OK;
}

enum err_code dispatch_hand_over(const struct dispatch_pass *p, struct err *e)
{
	struct dispatch_deed *deeds = NULL;
	struct db *db = NULL;
	size_t n = 0;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(p->store, &db, e));
	code = dispatch_deeds_due(db, &a, p->now, DUE_MAX, &deeds, &n, e);
	store_reader_put(p->store, db);
	for (size_t i = 0; i < n && code == ERR_OK && !dispatch_pass_is_stopped(p); i++) {
		AUTO_ARENA of_one;

		arena_init(&of_one);
		code = do_one(p, &deeds[i], &of_one, e);
		if (code == ERR_NOT_FOUND) /* its repo has gone */
			code = ERR_OK;
	}
	return code;
}

/* ---- and over ---- */

/* False: something is under way still. What hands over counts; where there is no such thing, what informs does. */
static bool judge(const struct dispatch_deed *deeds, size_t n, struct dispatch_word *w)
{
	bool done = false, unknown = false, hands = false;

	if (n == 0)
		w->note = STR("none of the actions of this repo could be done here: a comment needs a pull "
			      "request, and what is only run again is handed to nobody");
	for (size_t i = 0; i < n; i++)
		hands |= !informs_only(deeds[i].action);
	for (size_t i = 0; i < n; i++) {
		if (str_eq(deeds[i].state, STR("wanted")) || str_eq(deeds[i].state, STR("trying")))
			return false;
		if (hands && informs_only(deeds[i].action))
			continue;
		done |= str_eq(deeds[i].state, STR("done"));
		unknown |= str_eq(deeds[i].state, STR("unknown"));
		if (deeds[i].error.len > 0)
			w->note = deeds[i].error;
	}
	w->to = done ? DISPATCH_HANDED : unknown ? DISPATCH_UNKNOWN : DISPATCH_OVER;
	w->outcome = w->to == DISPATCH_OVER ? OUTCOME_FAILED : OUTCOME_NONE;
	return true;
}

enum err_code dispatch_hand_end(const struct dispatch_pass *p, const struct dispatch *d, struct err *e)
{
	struct dispatch_word w = { .id = d->id, .from = DISPATCH_HANDING, .claim = d->n_claims };
	struct dispatch_deed *deeds = NULL;
	struct db *db = NULL;
	bool done;
	size_t n = 0;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(p->store, &db, e));
	code = dispatch_deeds_of(db, &a, d->id, &deeds, &n, e);
	store_reader_put(p->store, db);
	TRY(code);
	return judge(deeds, n, &w) ? dispatch_write_word(p->store, &w, p->now, &done, e) : ERR_OK;
}
