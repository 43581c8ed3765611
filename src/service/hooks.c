/*
 * hooks: from a signed delivery to rows.
 *
 * A forge waits five seconds and does not send again, so what is done here is one look for the repo and one commit. Both the delivery's id and what it says are in that commit: there is no moment in
 * which one is known without the other, so a delivery that comes again after a crash is either new in whole or known in whole.
 *
 * What is answered before the commit is not remembered: whoever adds the repo, or mends the hook, may have the forge send the same again.
 *
 * A job that is over says nothing of its run, but that there is one: the run's row is made, or filled in. A status of a commit leaves nothing at all: it names no run, and an id is not to be read
 * out of its URL. Both are told to whoever listens, who may ask the forge.
 */
#include "service/hooks.h"

#include "base/metric.h"
#include "service/ingest.h"
#include "store/dispatch_nouns.h"
#include "store/nouns.h"

#include <stdlib.h>

/* ---- who signed ---- */

enum err_code hooks_open(const struct config *cfg, const struct hook_delivery *d, struct err *e)
{
	const char *kind = hook_kind_name(d->kind);

	if (cfg->hooks[d->kind].secret.len == 0)
		return err_set(e, ERR_CLOSED,
			"no secret is configured for hooks of %s; set [hook \"%s\"] secret-file in "
			"sluice.conf, and the "
			"same secret at the forge",
			kind, kind);
	if (str_trim(d->signature).len == 0) {
		metric_add(METRIC_HOOKS_REFUSED, 1);
		return err_set(e, ERR_UNAUTHORIZED,
			"the delivery is not signed; give the hook the secret of [hook \"%s\"] at the forge",
			kind);
	}
	return ERR_OK;
}

enum err_code hooks_signed(const struct config *cfg, const struct hook_delivery *d, struct err *e)
{
	const char *kind = hook_kind_name(d->kind);

	TRY(hooks_open(cfg, d, e));
	if (hook_signature_holds(cfg->hooks[d->kind].secret, d->body, str_trim(d->signature)))
		return ERR_OK;
	metric_add(METRIC_HOOKS_REFUSED, 1);
	return err_set(e, ERR_UNAUTHORIZED,
		"the signature is not that of this body under the secret of [hook \"%s\"]; is it the same at "
		"the forge?",
		kind);
}

/* ---- what it says ---- */

const char *hook_done_name(enum hook_done d)
{
	static const char *const names[] = { [HOOK_PONG] = "pong",
		[HOOK_IGNORED] = "ignored",
		[HOOK_KEPT] = "kept",
		[HOOK_REPLAYED] = "replayed" };

	return names[d];
}

/* As those of steps are, so that they can be compared. */
static void mask_names(struct forge_event *x, const struct mask *mask, struct arena *a)
{
	struct str *const names[] = { &x->branch, &x->target_branch, &x->workflow, &x->job_name, &x->url };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ingest_mask_text(mask, a, names[i]);
}

static bool has_gate(const struct config *cfg, struct str repo)
{
	size_t slash = str_find(repo, '/');

	for (size_t i = 0; i < cfg->n_gates; i++)
		if (str_eq_nocase(cfg->gates[i].forge.owner, (struct str){ repo.p, slash }) &&
			str_eq_nocase(cfg->gates[i].forge.repo, str_from(repo, slash + 1)))
			return true;
	return false;
}

/* A fork that was let in with its main repo's runs is not watched itself. */
static enum err_code find_repo(struct store *store, const struct config *cfg, enum hook_kind kind,
	const struct forge_event *x, struct arena *a, int64_t *ret_id, struct err *e)
{
	struct str forge = cfg->hooks[kind].forge;
	struct repo repo = { 0 };
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(store, &db, e));
	code = repos_find(db, a, forge, x->repo, &repo, e);
	store_reader_put(store, db);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	*ret_id = code == ERR_OK && repo.fork_of == 0 ? repo.id : 0;
	if (*ret_id > 0 || (x->kind == EVENT_PUSH && has_gate(cfg, x->repo)))
		return ERR_OK;
	return err_set(e, ERR_NOT_FOUND,
		"%.*s is not watched on the forge %.*s; `sluice repo add --forge %.*s %.*s` watches it",
		STR_FMT(x->repo), STR_FMT(forge), STR_FMT(forge), STR_FMT(x->repo));
}

enum err_code hooks_read(struct store *store, const struct config *cfg, const struct hook_delivery *d,
	struct arena *a, struct hook_heard *ret, struct err *e)
{
	struct hook_heard h = { .forge = cfg->hooks[d->kind].forge, .done = HOOK_KEPT };

	TRY(hook_delivery_check(d->id, e));
	TRY(hook_read(d->kind, d->event, d->body, a, &h.event, e));
	if (h.event.kind == EVENT_PING || h.event.kind == EVENT_OTHER) {
		h.done = h.event.kind == EVENT_PING ? HOOK_PONG : HOOK_IGNORED;
		*ret = h;
		return ERR_OK;
	}
	TRY(find_repo(store, cfg, d->kind, &h.event, a, &h.repo_id, e));
	mask_names(&h.event, cfg->mask, a);
	*ret = h;
	return ERR_OK;
}

/* ---- keeping it ---- */

struct hook_keeping {
	struct store_op op; /* first: the writer hands it back */
	const struct hook_heard *heard;
	struct str hook, id;
	struct gates *gates;
	struct hook_ear ear;
	int64_t now;
	bool is_new;
	void (*done)(void *arg, enum hook_done how, const struct err *result);
	void *arg;
};

static enum err_code put_run(struct hook_keeping *k, struct db *db, struct err *e)
{
	const struct forge_event *x = &k->heard->event;
	bool is_job = x->kind == EVENT_JOB, due;
	struct heard_run run = {
		.repo_id = k->heard->repo_id,
		.head_sha = x->head_sha,
		.external_run_id = x->external_run_id,
		.attempt = x->attempt,
		.workflow = x->workflow,
		.branch = x->branch,
		.target_branch = x->target_branch,
		.url = is_job ? STR("") : x->url,
		.author = x->author,
		.pull_request = x->pull_request,
		.conclusion = str_z(forge_conclusion_name(is_job ? FORGE_RUNNING : x->conclusion)),
		.said_at = is_job ? 0 : x->said_at,
		.began_at = x->began_at,
		.heard_at = k->now,
		.heard_by = STR("hook"),
	};
	int64_t id;

	return forge_runs_put(db, &run, &id, &due, e);
}

static enum err_code put_head(struct hook_keeping *k, struct db *db, struct err *e)
{
	const struct forge_event *x = &k->heard->event;
	bool is_pull = x->kind == EVENT_PULL, changed;
	struct forge_head head = {
		.branch = is_pull ? STR("") : x->branch,
		.pull_request = x->pull_request,
		.head_sha = x->closed || x->deleted ? STR("") : x->head_sha,
		.before_sha = x->before_sha,
		.author = x->author,
		.said_at = x->said_at,
		.heard_at = k->now,
	};

	return forge_heads_put(db, k->heard->repo_id, &head, &changed, e);
}

static enum err_code apply(struct store_op *op, struct db *db, struct err *e)
{
	struct hook_keeping *k = (struct hook_keeping *)(void *)op;

	TRY(deliveries_take(db, k->hook, k->id, k->now, &k->is_new, e));
	if (!k->is_new || k->heard->repo_id == 0)
		return ERR_OK;
	switch (k->heard->event.kind) {
	case EVENT_RUN:
	case EVENT_JOB:
		return put_run(k, db, e);
	case EVENT_PUSH:
	case EVENT_PULL:
		return put_head(k, db, e);
	case EVENT_STATUS:
	case EVENT_PING:
	case EVENT_OTHER:
		break;
	}
	return ERR_OK;
}

static void kept(struct store_op *op, const struct err *result)
{
	struct hook_keeping *k = (struct hook_keeping *)(void *)op;
	const struct hook_heard *h = k->heard;

	if (result->code == ERR_OK)
		metric_add(k->is_new ? METRIC_HOOKS : METRIC_HOOKS_REPLAYED, 1);
	if (result->code == ERR_OK && k->is_new) {
		if (h->event.kind == EVENT_PUSH)
			gates_wake(k->gates, h->event.repo);
		if (k->ear.heard && h->repo_id > 0)
			k->ear.heard(k->ear.arg, h);
	}
	k->done(k->arg, k->is_new ? HOOK_KEPT : HOOK_REPLAYED, result);
}

enum err_code hooks_keep(struct store *store, struct gates *gates, struct hook_ear ear,
	const struct hook_delivery *d, const struct hook_heard *heard, int64_t now,
	void (*done)(void *arg, enum hook_done how, const struct err *result), void *arg,
	struct hook_keeping **ret, struct err *e)
{
	struct hook_keeping *k = mem_alloc(sizeof *k);
	enum err_code code;

	*k = (struct hook_keeping){ .op = { .apply = apply, .done = kept, .bytes = sizeof *k + 4096 },
		.heard = heard,
		.hook = str_z(hook_kind_name(d->kind)),
		.id = d->id,
		.gates = gates,
		.ear = ear,
		.now = now,
		.done = done,
		.arg = arg };
	*ret = k; /* before the submit: done may be called before it returns */
	code = store_submit(store, &k->op, e);
	if (code != ERR_OK) {
		*ret = NULL;
		hooks_keeping_free(k);
	}
	return code;
}

void hooks_keeping_free(struct hook_keeping *k)
{
	free(k);
}
