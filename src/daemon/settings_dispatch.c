/*
 * settings_dispatch: hooks that are listened to, and what is dispatched.
 */
#include "daemon/settings_table.h"

#include "base/file.h"
#include "model/repo.h"

#include <stdlib.h>
#include <string.h>

#define DISPATCHES_MAX 1000
#define SECRET_FILE_MAX 4096
#define SECRET_MIN 8

/* A secret out of a file; masked, should it ever be printed in a log. */
static enum err_code read_secret(
	struct config *c, const char *path, const char *setting, struct str *ret, struct err *e)
{
	enum err_code code;
	struct str text;
	AUTO_BUF file;

	buf_init(&file, SECRET_FILE_MAX);
	code = file_read(path, SECRET_FILE_MAX, &file, e);
	if (code != ERR_OK)
		return err_set(e, ERR_CONFIG, "%s: %.200s cannot be read (%s)", setting, path,
			code == ERR_NOT_FOUND ? "no such file" : "see its permissions and size");
	text = str_trim(buf_view(&file));
	if (text.len >= SECRET_MIN)
		*ret = arena_str(&c->arena, text);
	secret_wipe(file.p, file.len);
	if (ret->len < SECRET_MIN)
		return err_set(e, ERR_CONFIG, "%s: the secret in %.200s has fewer than %d bytes", setting,
			path, SECRET_MIN);
	return ret->len <= MASK_VALUE_MAX ? mask_add(c->mask, *ret, e) : ERR_OK;
}

/* ---- hooks ---- */

/* The first forge of that kind, else the default one. */
static struct str forge_of_kind(const struct config *c, enum hook_kind kind)
{
	for (size_t i = 0; i < c->n_forges; i++)
		if (c->forges[i].has_kind && (int)c->forges[i].kind == (int)kind)
			return c->forges[i].name;
	return c->forges[0].name;
}

static enum err_code read_hook(const struct settings *s, struct config *c, enum hook_kind kind, struct err *e)
{
	struct str name = str_z(hook_kind_name(kind));
	const struct setting_entry *secret = setting_last_of(s, SET_HOOK_SECRET, name),
				   *file = setting_last_of(s, SET_HOOK_SECRET_FILE, name),
				   *forge = setting_last_of(s, SET_HOOK_FORGE, name);
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	struct hook_config *h = &c->hooks[kind];

	h->secret = STR("");
	h->forge = forge_of_kind(c, kind);
	if (forge && config_forge(c, forge->text, &h->forge, e) != ERR_OK) {
		err_in(e, "%s: hook.%s.forge", forge->from, hook_kind_name(kind));
		return e ? (e->code = ERR_CONFIG) : ERR_CONFIG;
	}
	if (file)
		return read_secret(c, file->text.p, "hook.*.secret-file", &h->secret, e);
	if (secret) {
		if (str_trim(secret->text).len < SECRET_MIN)
			return err_set(e, ERR_CONFIG, "%s: hook.%s.secret: a secret has %d bytes or more",
				secret->from, hook_kind_name(kind), SECRET_MIN);
		h->secret = arena_str(&c->arena, str_trim(secret->text));
		return h->secret.len <= MASK_VALUE_MAX ? mask_add(c->mask, h->secret, e) : ERR_OK;
	}
	if (credentials && *credentials) {
		const char *path = arena_fmt(&c->arena, "%s/hook-%s", credentials, hook_kind_name(kind)).p;

		if (file_exists(path))
			return read_secret(c, path, "the credential hook-NAME", &h->secret, e);
	}
	return ERR_OK;
}

static enum err_code read_hooks(const struct settings *s, struct config *c, struct err *e)
{
	enum hook_kind kind;

	for (const struct setting_entry *x = s->first; x; x = x->next)
		if (strncmp(setting_rows[x->id].name, "hook.", 5) == 0 && !hook_kind_find(x->sub, &kind))
			return err_set(e, ERR_CONFIG,
				"%s: [hook \"%.*s\"]: a hook is named after the forge that sends it: "
				"forgejo, gitea or "
				"github",
				x->from, STR_FMT(x->sub));
	for (enum hook_kind k = 0; k < HOOK_N_KINDS; k++)
		TRY(read_hook(s, c, k, e));
	return ERR_OK;
}

/* ---- dispatch ---- */

static int64_t number_of(const struct settings *s, enum setting id, struct str sub)
{
	const struct setting_entry *x = setting_last_of(s, id, sub);
	enum err_code code;
	int64_t n = 0;

	if (x)
		return x->number;
	code = setting_parse(&setting_rows[id], str_z(setting_rows[id].def), &n, NULL);
	return code == ERR_OK ? n : 0;
}

static char *path_of(const struct settings *s, struct config *c, enum setting id, struct str sub)
{
	const struct setting_entry *x = setting_last_of(s, id, sub);

	return x ? arena_cstr(&c->arena, x->text) : NULL;
}

static struct str_list list_of(const struct settings *s, struct config *c, enum setting id, struct str sub)
{
	struct str_list list = { 0 };

	list.v = arena_array(&c->arena, setting_count_of(s, id, sub) + 1, sizeof *list.v);
	for (const struct setting_entry *x = s->first; x; x = x->next)
		if (x->id == id && str_eq_nocase(x->sub, sub))
			list.v[list.n++] = arena_str(&c->arena, x->text);
	return list;
}

static enum err_code read_actions(const struct settings *s, struct dispatch_config *d, struct err *e)
{
	static const struct {
		const char *word;
		enum dispatch_action action;
	} words[] = { { "claim", DISPATCH_CLAIM }, { "webhook", DISPATCH_WEBHOOK },
		{ "comment", DISPATCH_COMMENT }, { "issue", DISPATCH_ISSUE }, { "status", DISPATCH_STATUS },
		{ "rerun", DISPATCH_RERUN } };

	for (const struct setting_entry *x = s->first; x; x = x->next) {
		bool found = false;

		if (x->id != SET_DISPATCH_ACTION || !str_eq_nocase(x->sub, d->repo))
			continue;
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (str_eq(x->text, str_z(words[i].word))) {
				d->actions |= words[i].action;
				found = true;
			}
		if (!found)
			return err_set(e, ERR_CONFIG,
				"%s: dispatch.%.*s.action: \"%.60s\" is not one of: claim webhook comment "
				"issue status "
				"rerun",
				x->from, STR_FMT(d->repo), x->text.p);
	}
	if (d->actions == 0)
		d->actions = DISPATCH_CLAIM;
	return ERR_OK;
}

static enum err_code read_dispatch(const struct settings *s, struct config *c, struct str sub, struct err *e)
{
	struct dispatch_config *d = &c->dispatches[c->n_dispatches++];
	const struct setting_entry *url = setting_last_of(s, SET_DISPATCH_URL, sub),
				   *empty = setting_last_of(s, SET_DISPATCH_EMPTY, sub);
	const char *secret = path_of(s, c, SET_DISPATCH_SECRET_FILE, sub);

	d->repo = arena_str(&c->arena, sub);
	d->enabled = number_of(s, SET_DISPATCH_ENABLED, sub) != 0;
	d->say_empty = !empty || str_eq(empty->text, STR("say"));
	d->url = url ? arena_str(&c->arena, url->text) : STR("");
	d->template_file = path_of(s, c, SET_DISPATCH_TEMPLATE, sub);
	d->appendix_file = path_of(s, c, SET_DISPATCH_APPENDIX, sub);
	d->wait_ms = number_of(s, SET_DISPATCH_WAIT, sub) * 1000;
	d->max_attempts = number_of(s, SET_DISPATCH_ATTEMPTS, sub);
	d->cooldown_ms = number_of(s, SET_DISPATCH_COOLDOWN, sub) * 1000;
	d->daily = number_of(s, SET_DISPATCH_DAILY, sub);
	d->no_fix_ms = number_of(s, SET_DISPATCH_NO_FIX, sub) * DAY_MS;
	d->lease_ms = number_of(s, SET_DISPATCH_LEASE, sub) * 1000;
	d->expire_ms = number_of(s, SET_DISPATCH_EXPIRE, sub) * 1000;
	d->branches = list_of(s, c, SET_DISPATCH_BRANCH, sub);
	d->ignored = list_of(s, c, SET_DISPATCH_IGNORE, sub);
	TRY(read_actions(s, d, e));
	if (d->actions & DISPATCH_WEBHOOK && d->url.len == 0)
		return err_set(
			e, ERR_CONFIG, "[dispatch \"%.*s\"]: action = webhook needs url", STR_FMT(sub));
	return secret ? read_secret(c, secret, "dispatch.*.secret-file", &d->secret, e) : ERR_OK;
}

enum err_code settings_dispatch(const struct settings *s, struct config *c, struct err *e)
{
	size_t n = 0;

	TRY(read_hooks(s, c, e));
	for (const struct setting_entry *x = s->first; x; x = x->next)
		n += strncmp(setting_rows[x->id].name, "dispatch.", 9) == 0;
	c->dispatches = arena_array(&c->arena, n + 1, sizeof *c->dispatches);
	for (const struct setting_entry *x = s->first; x; x = x->next) {
		if (strncmp(setting_rows[x->id].name, "dispatch.", 9) != 0 || config_dispatch(c, x->sub))
			continue;
		if (c->n_dispatches == DISPATCHES_MAX)
			return err_set(e, ERR_CONFIG, "%s: more than %d [dispatch] sections", x->from,
				DISPATCHES_MAX);
		TRY(read_dispatch(s, c, x->sub, e));
	}
	return ERR_OK;
}
