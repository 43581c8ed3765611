/*
 * api_hooks: what forges send when something happens; by the time that runs the signature holds (signed.c). And hooks, made and tried for admins, beside the requests, because a forge is asked for that.
 */
#include "api_table.h"
#include "http/signed.h"
#include "service/hook_setup.h"

struct delivery { /* in the call's arena */
	struct call *c;
	struct hook_delivery told;
	struct hook_heard heard;
	struct hook_keeping *keeping;
};

static void answer(struct call *c, const struct hook_delivery *d, enum hook_done how)
{
	struct json_out j = reply_json(c, 200);

	json_open_object(&j, NULL);
	json_put_str(&j, "delivery", d->id);
	json_put_str(&j, "event", d->event);
	json_put_z(&j, "done", hook_done_name(how));
	json_close_object(&j);
}

static void kept(void *arg, enum hook_done how, const struct err *result)
{
	struct delivery *d = arg;

	answer(d->c, &d->told, how);
	call_finish(d->c, result);
}

static void free_keeping(void *arg)
{
	struct delivery *d = arg;

	hooks_keeping_free(d->keeping);
}

/* GitHub and Gitea offer this beside JSON, and GitHub offers it first. */
static enum err_code refuse_form(const struct call *c, struct err *e)
{
	struct str type = call_header(c, "Content-Type");

	type = str_trim((struct str){ type.p, str_find(type, ';') });
	if (!str_eq_nocase(type, STR("application/x-www-form-urlencoded")))
		return ERR_OK;
	return err_set(e, ERR_MEDIA,
		"the hook sends a form; where it is set up at the forge, choose content type "
		"application/json");
}

enum err_code api_post_hook(struct call *c, struct err *e)
{
	struct delivery *d = arena_alloc(&c->arena, sizeof *d);
	enum err_code code;

	*d = (struct delivery){ .c = c, .told = signed_delivery(c) };
	TRY(refuse_form(c, e));
	TRY(hooks_read(c->app->store, c->cfg, &d->told, &c->arena, &d->heard, e));
	if (d->heard.done != HOOK_KEPT) {
		answer(c, &d->told, d->heard.done);
		return ERR_OK;
	}
	call_defer(c, free_keeping, d);
	code = hooks_keep(c->app->store, c->app->gates, c->app->ear, &d->told, &d->heard, c->now, kept, d,
		&d->keeping, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

/* ---- made and tried ---- */

struct setting_up {
	struct errand errand;
	struct call *c;
	bool test;
};

static enum err_code set_up(struct call *c, bool test, struct err *e)
{
	struct hook_setup done = { .is_new = false };
	struct json_out j;

	if (test)
		TRY(hook_test(c->cfg, c->app->clock, &c->repo, &c->arena, &done, e));
	else
		TRY(hook_install(
			c->app->store, c->cfg, c->app->clock, &c->identity, &c->repo, &c->arena, &done, e));
	j = reply_json(c, done.is_new ? 201 : 200);
	json_open_object(&j, NULL);
	json_put_str(&j, "repo", c->repo.name);
	json_put_z(&j, "kind", hook_kind_name(done.kind));
	json_put_str(&j, "url", done.url);
	json_put_bool(&j, "is_new", done.is_new);
	json_close_object(&j);
	return ERR_OK;
}

static void run_setting_up(struct errand *x)
{
	struct setting_up *s = (struct setting_up *)(void *)x;
	struct call *c = s->c; /* s lies in its arena */
	struct err e = { .code = ERR_OK };

	if (set_up(c, s->test, &e) == ERR_OK)
		e.code = ERR_OK;
	call_finish(c, &e);
}

static enum err_code defer_setting_up(struct call *c, bool test, struct err *e)
{
	struct setting_up *s = arena_alloc(&c->arena, sizeof *s);
	enum err_code code;

	*s = (struct setting_up){ .errand = { .run = run_setting_up }, .c = c, .test = test };
	call_defer(c, NULL, NULL);
	code = errands_submit(c->app->forges, &s->errand, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

enum err_code api_install_hook(struct call *c, struct err *e)
{
	return defer_setting_up(c, false, e);
}

enum err_code api_test_hook(struct call *c, struct err *e)
{
	return defer_setting_up(c, true, e);
}
