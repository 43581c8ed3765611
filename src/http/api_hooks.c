/* api_hooks: what forges send when something happens. By the time this runs the signature holds (signed.c). */
#include "api_table.h"
#include "http/signed.h"

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
