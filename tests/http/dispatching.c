/* dispatching: see the header. */
#include "tests/test.h"

#include "tests/http/dispatching.h"

#include "service/dispatch_op.h"
#include "service/dispatch_pass.h"
#include "store/access_nouns.h"
#include "tests/http/findings.h"

static enum err_code no_head(void *arg, const struct config *cfg, const struct dispatch *d, struct arena *a,
	struct forge_tip *ret, struct err *e)
{
	(void)arg;
	(void)cfg;
	(void)d;
	(void)a;
	(void)ret;
	return err_set(e, ERR_NETWORK, "away");
}

static enum dispatch_did no_act(
	void *arg, const struct dispatch_work *w, struct arena *a, struct dispatch_made *ret, struct err *e)
{
	(void)arg;
	(void)w;
	(void)a;
	(void)ret;
	err_set(e, ERR_NETWORK, "away");
	return DISPATCH_PERHAPS;
}

void dispatching_pass(void)
{
	static const struct dispatch_outside outside = { .head = no_head, .act = no_act };
	const struct config *cfg = config_get(fx.app.config);
	bool broke_off = false;
	const struct dispatch_pass p = { .store = fx.app.store,
		.cfg = cfg,
		.outside = &outside,
		.now = (int64_t)atomic_load(&fx.wall),
		.broke_off = &broke_off };
	struct err e;

	if (dispatch_pass(&p, &e) != ERR_OK)
		fail_msg("%s", e.text);
	config_put(fx.app.config, cfg);
}

void dispatching_configure(unsigned actions)
{
	struct config *c = fixture_config(0, 0);

	c->dispatches = arena_array(&c->arena, 1, sizeof *c->dispatches);
	c->dispatches[0] = (struct dispatch_config){ .repo = STR("acme/pump"),
		.enabled = true,
		.say_empty = true,
		.actions = actions,
		.url = STR("http://127.0.0.1/"),
		.wait_ms = 60000,
		.max_attempts = 3,
		.daily = 20,
		.no_fix_ms = 7 * DAY_MS,
		.lease_ms = 300000,
		.expire_ms = DAY_MS };
	c->n_dispatches = 1;
	config_swap(fx.app.config, c);
}

static enum err_code apply_heard(void *arg, struct db *db, struct err *e)
{
	struct heard_run *x = arg;
	int64_t id = 0;
	bool due = false;

	TRY(db_int(db, "SELECT id FROM repo WHERE name_key = 'acme/pump'", NULL, 0, &x->repo_id, e));
	return forge_runs_put(db, x, &id, &due, e);
}

static void hear(const char *sha, int run, const char *branch)
{
	struct heard_run x = { .head_sha = str_z(sha),
		.external_run_id = arena_fmt(&fx.arena, "%d", run),
		.workflow = STR("ci"),
		.branch = str_z(branch),
		.pull_request = 12,
		.url = STR("https://git.example.org/acme/pump/actions/runs/7"),
		.author = STR("kim"),
		.conclusion = STR("failure"),
		.heard_at = NOW,
		.heard_by = STR("hook") };
	struct err e;

	if (dispatch_write(fx.app.store, apply_heard, &x, sizeof x, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

void dispatching_red(const char *sha, int run, enum error_class class, const char *message)
{
	struct error f = an_error(class, message);

	found(post(sha, run, "", NULL), &f, 1);
	hear(sha, run, "topic");
	dispatching_pass();
}
