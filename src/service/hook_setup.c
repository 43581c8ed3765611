/*
 * hook_setup: what is needed for a hook is in four places of the settings; each that is missing is named before the forge is asked.
 *
 * What the forge answers is told as it is meant for who asked: that the forge does not know our token is nothing that another token of Sluice would mend, so none of its refusals becomes one of ours.
 * That a hook is asked for is written into the audit before, so that none is made without a row.
 */
#include "service/hook_setup.h"

#include "service/audit.h"
#include "service/forge_open.h"

#define TOTAL_MS 10000 /* somebody waits, who waits for 15 s */

static enum err_code plan(const struct config *cfg, const struct repo *repo, struct arena *a,
	const struct forge_config **ret_forge, struct hook_setup *ret, struct err *e)
{
	const struct forge_config *forge = config_forge_of(cfg, repo->forge);
	const char *kind;

	if (cfg->public_url.len == 0)
		return err_set(e, ERR_UNPROCESSABLE,
			"set [server] public-url in sluice.conf: a forge has to be told where this server "
			"is");
	if (!forge || !forge->has_kind || forge->url.len == 0)
		return err_set(e, ERR_UNPROCESSABLE,
			"set kind and url of [forge \"%.*s\"] in sluice.conf: without them it cannot be "
			"asked",
			STR_FMT(repo->forge));
	ret->kind = (enum hook_kind)forge->kind; /* the same three, in the same order */
	kind = hook_kind_name(ret->kind);
	if (cfg->hooks[ret->kind].secret.len == 0)
		return err_set(e, ERR_UNPROCESSABLE,
			"set [hook \"%s\"] secret-file in sluice.conf: without a secret /hooks/%s is closed",
			kind, kind);
	if (!str_eq_nocase(cfg->hooks[ret->kind].forge, forge->name))
		return err_set(e, ERR_UNPROCESSABLE,
			"what comes to /hooks/%s is taken as of the forge %.*s, and %.*s is on %.*s; set "
			"[hook \"%s\"] "
			"forge",
			kind, STR_FMT(cfg->hooks[ret->kind].forge), STR_FMT(repo->name), STR_FMT(forge->name),
			kind);
	ret->url = arena_fmt(a, "%.*s/hooks/%s", STR_FMT(cfg->public_url), kind);
	*ret_forge = forge;
	return ERR_OK;
}

_Static_assert((int)HOOK_FORGEJO == (int)COMMITS_FORGEJO && (int)HOOK_GITEA == (int)COMMITS_GITEA &&
		       (int)HOOK_GITHUB == (int)COMMITS_GITHUB,
	"a forge and its hook are of one kind");

static enum err_code refused(enum err_code code, struct err *e)
{
	struct err why = *e;

	if (code == ERR_OK || code == ERR_NETWORK)
		return code;
	return err_set(e, ERR_UNPROCESSABLE, "%s", why.text);
}

static enum err_code open_forge(
	const struct forge_config *forge, const struct clock *clock, struct forge_api **ret, struct err *e)
{
	TRY(refused(forge_open(forge, clock, ret, e), e));
	forge_api_set_total(*ret, TOTAL_MS);
	return ERR_OK;
}

struct deed_op {
	struct store_op op;
	const struct identity *by;
	const struct repo *repo;
	int64_t now;
};

static enum err_code apply_deed(struct store_op *op, struct db *db, struct err *e)
{
	struct deed_op *w = (struct deed_op *)(void *)op;

	TRY(access_still(db, w->by, w->now, e));
	return audit_deed(db, w->by,
		&(struct deed_done){ DEED_HOOK_INSTALL, w->repo->id, w->repo->name, STR(""), w->now }, e);
}

enum err_code hook_install(struct store *store, const struct config *cfg, const struct clock *clock,
	const struct identity *by, const struct repo *repo, struct arena *a, struct hook_setup *ret,
	struct err *e)
{
	struct deed_op w = { .op = { .apply = apply_deed, .bytes = sizeof w },
		.by = by,
		.repo = repo,
		.now = clock_wall_ms(clock) };
	struct hook_setup x = { .is_new = false };
	const struct forge_config *forge;
	struct forge_api *f = NULL;
	enum err_code code;

	TRY(plan(cfg, repo, a, &forge, &x, e));
	TRY(open_forge(forge, clock, &f, e));
	code = store_write(store, &w.op, e);
	if (code == ERR_OK)
		code = refused(
			forge_put_hook(f, repo->name, x.url, cfg->hooks[x.kind].secret, &x.is_new, e), e);
	forge_api_free(f);
	if (code == ERR_OK)
		*ret = x;
	return code;
}

enum err_code hook_test(const struct config *cfg, const struct clock *clock, const struct repo *repo,
	struct arena *a, struct hook_setup *ret, struct err *e)
{
	struct hook_setup x = { .is_new = false };
	const struct forge_config *forge;
	struct forge_api *f = NULL;
	enum err_code code;
	bool found = false;

	TRY(plan(cfg, repo, a, &forge, &x, e));
	TRY(open_forge(forge, clock, &f, e));
	code = refused(forge_test_hook(f, repo->name, x.url, &found, e), e);
	forge_api_free(f);
	TRY(code);
	if (!found)
		return err_set(e, ERR_NOT_FOUND,
			"%.*s has no hook to %.*s; `sluice hook install %.*s` makes it", STR_FMT(repo->name),
			STR_FMT(x.url), STR_FMT(repo->name));
	*ret = x;
	return ERR_OK;
}
