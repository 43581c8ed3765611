/*
 * dispatch_facts: see the header.
 *
 * The first cause is that of the first failed step of the commit whose class code can fix, of whatever workflow, else of the first failed step: a run in which a test fails and the runner of another job
 * is lost is one that code can fix. That another workflow broke in a way that code cannot fix says nothing of a run of which no failure was sent.
 */
#include "service/dispatch_facts.h"

#include "base/diag.h"
#include "base/file.h"
#include "base/utf8.h"
#include "explain/context.h"
#include "service/account.h"
#include "service/dispatch_prompt.h"
#include "store/errors.h"

#define STEPS_MAX 100
#define ERRORS_EACH 4 /* causes come first */
#define EARLIER_MAX 10
#define MESSAGE_MAX 500

/* ---- the first cause ---- */

struct cause {
	const struct error *error;
	const struct group *group;
	enum rank {
		CAUSE_CAN_BE_FIXED,
		CAUSE_IS_FLAKY,
		CAUSE_IS_NO_CODE,
		CAUSE_NONE
	} rank; /* the least is the best */
};

static const struct error *cause_of(const struct found_errors *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->errors[i].role == ERROR_CAUSE)
			return &s->errors[i];
	return NULL;
}

static bool is_flaky(const struct group *g, struct str head_sha)
{
	return g && g->flaky_at > 0 && str_eq_nocase(g->flaky_sha, head_sha);
}

static enum err_code group_of(struct db *db, struct arena *a, const struct error *x, int64_t now,
	const struct group **ret, struct err *e)
{
	struct group *groups = NULL;
	size_t n = 0;

	if (x->group_id > 0)
		TRY(groups_find(db, a, &x->group_id, 1, now, &groups, &n, e));
	*ret = n > 0 ? groups : NULL;
	return ERR_OK;
}

static enum err_code find_cause(struct db *db, struct arena *a, const struct found_errors *steps, size_t n,
	struct str head_sha, int64_t now, struct cause *ret, struct err *e)
{
	struct cause best = { .rank = CAUSE_NONE };

	for (size_t i = 0; i < n && best.rank != CAUSE_CAN_BE_FIXED; i++) {
		struct cause x = { .error = cause_of(&steps[i]) };

		if (!x.error)
			continue;
		TRY(group_of(db, a, x.error, now, &x.group, e));
		x.rank = !error_class_is_for_code(x.error->class) ? CAUSE_IS_NO_CODE
			 : is_flaky(x.group, head_sha)            ? CAUSE_IS_FLAKY
								  : CAUSE_CAN_BE_FIXED;
		if (x.rank < best.rank)
			best = x;
	}
	*ret = best;
	return ERR_OK;
}

static void take_cause(const struct cause *c, struct dispatch_facts *f)
{
	struct str message;

	if (!c->error)
		return;
	message = c->error->message;
	f->of.group_id = c->error->group_id;
	f->of.class = str_z(error_class_name(c->error->class));
	f->of.message = (struct str){ message.p,
		utf8_floor(message, message.len < MESSAGE_MAX ? message.len : MESSAGE_MAX) };
	f->guard.has_class = true;
	f->guard.class = c->error->class;
	f->guard.flaky = is_flaky(c->group, f->of.head_sha);
}

/* ---- what was sent ---- */

/* What an agent did at this very commit is no failure of it (doc/fix.md). */
static bool is_of_agent(const struct step *s)
{
	return str_starts(s->facts.external_run_id, STR("dispatch-"));
}

/* Another workflow of the commit may have sent its logs long ago. */
static bool is_of_run(const struct step *s, const struct dispatch *d)
{
	return d->external_run_id.len == 0 || s->facts.external_run_id.len == 0 ||
	       str_eq(s->facts.external_run_id, d->external_run_id);
}

/* It may have been run again: what failed before says little of what failed then. */
static bool is_of_attempt(const struct step *s, const struct dispatch *d)
{
	return is_of_run(s, d) && s->facts.attempt >= d->attempt;
}

static bool any_of_attempt(const struct steps_page *page, const struct dispatch *d)
{
	for (size_t i = 0; i < page->n; i++)
		if (conclusion_failed(page->steps[i].facts.conclusion) && !is_of_agent(&page->steps[i]) &&
			is_of_attempt(&page->steps[i], d))
			return true;
	return false;
}

/* ids: of those that failed. *ret_own: one of them is of the run itself, if of an attempt before. */
static void look_at_steps(const struct steps_page *page, struct dispatch_facts *f, int64_t *ids,
	size_t *ret_failed, bool *ret_own)
{
	bool runs = false, own = false, has = any_of_attempt(page, &f->of);
	size_t n = 0;

	for (size_t i = 0; i < page->n; i++) {
		const struct step *s = &page->steps[i];

		if (is_of_agent(s))
			continue;
		runs |= s->facts.conclusion == CONCLUSION_RUNNING;
		if (!conclusion_failed(s->facts.conclusion) ||
			(has && is_of_run(s, &f->of) && !is_of_attempt(s, &f->of)))
			continue;
		ids[n++] = s->id;
		if (!is_of_run(s, &f->of))
			continue;
		own = true;
		if (f->of.run_id == 0)
			f->of.run_id = s->run_id;
	}
	f->logs_are_in = has && !runs;
	*ret_failed = n;
	*ret_own = own;
}

static enum err_code look_at_errors(struct db *db, struct arena *a, const int64_t *ids, size_t n_failed,
	bool own, int64_t now, struct dispatch_facts *f, struct err *e)
{
	struct found_errors *found = NULL;
	struct cause cause;
	size_t n = 0;

	TRY(errors_find(db, a, ids, n_failed, ERRORS_EACH, &found, &n, e));
	for (size_t i = 0; i < n; i++)
		f->logs_are_in &= !found[i].due;
	TRY(find_cause(db, a, found, n, f->of.head_sha, now, &cause, e));
	if (own || cause.rank == CAUSE_CAN_BE_FIXED)
		take_cause(&cause, f);
	return ERR_OK;
}

static enum err_code look_at_commit(
	struct db *db, struct arena *a, int64_t now, struct dispatch_facts *f, struct err *e)
{
	const struct step_query q = { .repo_id = f->of.repo_id, .head_sha = f->of.head_sha };
	struct steps_page page = { .limit = STEPS_MAX };
	int64_t ids[STEPS_MAX];
	size_t n_failed = 0;
	bool own = false;

	TRY(steps_list(db, a, &q, &page, e));
	look_at_steps(&page, f, ids, &n_failed, &own);
	return n_failed > 0 ? look_at_errors(db, a, ids, n_failed, own, now, f, e) : ERR_OK;
}

/* ---- together ---- */

void dispatch_facts_author(struct dispatch_facts *f, struct str login)
{
	if (f->of.author.len == 0)
		f->of.author = f->guard.author = login;
}

static void take_standing(const struct dispatch_standing *s, struct dispatch_facts *f)
{
	struct guard_facts *g = &f->guard;

	g->paused = s->paused;
	g->open_id = s->open_id;
	g->open_same_group = s->same_group;
	g->n_attempts = s->n_attempts;
	g->last_attempt_at = s->last_attempt_at;
	g->n_of_group = s->n_of_group;
	g->no_fix_id = s->no_fix_id;
	g->no_fix_at = s->no_fix_at;
	g->n_today = s->n_today;
	g->oldest_today_at = s->oldest_today_at;
	g->now_at = s->known_head;
	if (s->known_gone)
		g->head = GUARD_HEAD_GONE;
	else if (s->known_head.len > 0)
		g->head = str_eq_nocase(s->known_head, f->of.head_sha) ? GUARD_HEAD_SAME : GUARD_HEAD_MOVED;
	if (g->head == GUARD_HEAD_SAME)
		dispatch_facts_author(f, s->known_author);
}

enum err_code dispatch_facts_gather(struct db *db, const struct config *cfg, const struct dispatch *d,
	bool over, bool failed, int64_t now, struct arena *a, struct dispatch_facts *ret, struct err *e)
{
	struct dispatch_facts f = { .of = *d, .config = config_dispatch(cfg, d->repo) };
	struct dispatch_standing s;

	f.guard = (struct guard_facts){ .config = f.config,
		.by_hand = d->n_retries > 0,
		.over = over,
		.failed = failed,
		.branch = d->branch,
		.author = d->author,
		.pull_request = d->pull_request,
		.failed_at = d->created_at > 0 ? d->created_at : now, /* of a preview it is now */
		.now = now };
	TRY(look_at_commit(db, a, now, &f, e));
	TRY(dispatch_standing(db, a, &f.of, now - (f.config ? f.config->no_fix_ms : 0), now, &s, e));
	take_standing(&s, &f);
	TRY(dispatches_earlier(db, a, &f.of, EARLIER_MAX, &f.earlier, &f.n_earlier, e));
	*ret = f;
	return ERR_OK;
}

/* ---- the prompt ---- */

struct str dispatch_page(const struct config *cfg, const struct dispatch *d, struct arena *a)
{
	if (cfg->public_url.len == 0)
		return STR("");
	return arena_fmt(
		a, "%.*s/r/%.*s/%.*s", STR_FMT(cfg->public_url), STR_FMT(d->repo), STR_FMT(d->head_sha));
}

/* A file that cannot be read must not stop the loop. */
static struct str read_file(const char *path, const char *what, struct arena *a)
{
	struct str text = STR("");
	struct err e;
	AUTO_BUF file;

	buf_init(&file, PROMPT_FILE_MAX);
	if (!path)
		return text;
	if (file_read(path, PROMPT_FILE_MAX, &file, &e) == ERR_OK)
		text = arena_str(a, buf_view(&file));
	else
		diag(DIAG_WARNING, "[dispatch] %s: a prompt is made without it: %s", what, e.text);
	return text;
}

enum err_code dispatch_account(struct store *s, const struct config *cfg, const struct dispatch *d,
	size_t budget, int64_t now, struct buf *out, struct err *e)
{
	const struct dispatch_config *c = config_dispatch(cfg, d->repo);
	const struct identity us = { .kind = IDENTITY_NONE };
	const struct account_query q = { .repo = d->repo,
		.forge = d->forge,
		.head_sha = d->head_sha,
		.format = ACCOUNT_MARKDOWN,
		.budget = budget,
		.now = now,
		.silent_when_empty = c && !c->say_empty };

	return account_write(s, cfg, &us, &q, out, e);
}

enum err_code dispatch_facts_prompt(struct store *s, const struct config *cfg, const struct dispatch_facts *f,
	int64_t now, struct arena *a, struct str *ret, struct err *e)
{
	const struct dispatch_config *c = f->config;
	struct str template = read_file(c ? c->template_file : NULL, "template", a);
	struct prompt_facts p = { .dispatch = &f->of,
		.try = f->guard.n_attempts + 1,
		.tries_max = c ? c->max_attempts : 1,
		.page = dispatch_page(cfg, &f->of, a),
		.earlier = f->earlier,
		.n_earlier = f->n_earlier,
		.appendix = read_file(c ? c->appendix_file : NULL, "appendix", a) };
	AUTO_BUF context;
	AUTO_BUF out;

	buf_init(&context, CONTEXT_BUDGET_MAX);
	buf_init(&out, PROMPT_MAX);
	TRY(dispatch_account(s, cfg, &f->of, CONTEXT_BUDGET_DEFAULT, now, &context, e));
	p.context = buf_view(&context);
	dispatch_prompt(template.len > 0 ? template : str_z(dispatch_prompt_default), &p, &out);
	TRY(buf_check(&out, "prompt", e));
	*ret = arena_str(a, buf_view(&out));
	return ERR_OK;
}
