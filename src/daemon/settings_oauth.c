/*
 * settings_oauth: where people reach us, and through whom they may sign in.
 *
 * What is wrong here would otherwise be found by the first person who wants in, as an error page of somebody else's server. So everything
 * that can be known beforehand is checked when the settings are read: that each provider has all it needs, that its lines mean something, and
 * that there is an address for browsers to come back to, which is never taken from a request (whoever sends a request chooses its Host).
 */
#include "daemon/settings_table.h"

#include "base/file.h"
#include "net/url.h"

#include <stdlib.h>
#include <string.h>

#define SECRET_FILE_MAX 4096
#define PROVIDERS_MAX 16

static struct str without_slashes(struct str url)
{
	while (url.len > 0 && url.p[url.len - 1] == '/')
		url.len--;
	return url;
}

static enum err_code read_public_url(const struct settings *s, struct config *c, struct err *e)
{
	struct str url = without_slashes(setting_text(s, SET_PUBLIC_URL));
	struct url parts;

	if (url.len > 0 && (url_split(url, &parts, NULL) != ERR_OK || parts.target.len > 0 ||
				   parts.user.len > 0 || str_find(url, '#') < url.len))
		return err_set(e, ERR_CONFIG,
			"server.public-url: \"%.80s\" is not the address of a server alone; write it as "
			"https://sluice.example.org",
			url.p);
	c->public_url = arena_str(&c->arena, url);
	return ERR_OK;
}

static bool is_of_oauth(const struct setting_entry *x)
{
	return strncmp(setting_rows[x->id].name, "oauth.", 6) == 0;
}

static enum err_code must_have(const struct settings *s, enum setting id, struct str sub,
	const struct setting_entry **ret, struct err *e)
{
	const struct setting_entry *x = setting_last_of(s, id, sub);

	if (!x)
		return err_set(e, ERR_CONFIG, "[oauth \"%.*s\"] has no %s", STR_FMT(sub),
			strrchr(setting_rows[id].name, '.') + 1);
	*ret = x;
	return ERR_OK;
}

/* It goes into a header and a form: visible ASCII, as RFC 6749 (appendix A.2) has it. Masked, should it ever be printed in a log. */
static enum err_code take_secret(
	struct config *c, struct str text, const char *path, struct str *ret, struct err *e)
{
	text = str_trim(text);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < ' ' || text.p[i] > '~')
			return err_set(e, ERR_CONFIG,
				"%s: the client secret has a character that is not visible ASCII", path);
	if (text.len == 0)
		return err_set(e, ERR_CONFIG, "%s: the client secret is empty", path);
	if (text.len >= MASK_ENV_MIN && text.len <= MASK_VALUE_MAX)
		TRY(mask_add(c->mask, text, e));
	*ret = arena_str(&c->arena, text);
	return ERR_OK;
}

static const char *secret_path(const struct settings *s, struct config *c, struct str sub)
{
	const struct setting_entry *file = setting_last_of(s, SET_OAUTH_CLIENT_SECRET_FILE, sub);
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	const char *path = file ? file->text.p : NULL;

	if (!path && credentials && *credentials) {
		path = arena_fmt(&c->arena, "%s/oauth-%.*s", credentials, STR_FMT(sub)).p;
		path = file_exists(path) ? path : NULL;
	}
	return path;
}

static enum err_code read_secret(
	const struct settings *s, struct config *c, struct str sub, struct str *ret, struct err *e)
{
	const char *path = secret_path(s, c, sub);
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, SECRET_FILE_MAX);
	if (!path)
		return err_set(e, ERR_CONFIG, "[oauth \"%.*s\"] has no client-secret-file", STR_FMT(sub));
	code = file_read(path, SECRET_FILE_MAX, &text, e);
	if (code != ERR_OK)
		return err_set(e, ERR_CONFIG, "oauth.%.*s.client-secret-file: %s cannot be read (%s)",
			STR_FMT(sub), path,
			code == ERR_NOT_FOUND ? "no such file" : "see its permissions and size");
	code = take_secret(c, buf_view(&text), path, ret, e);
	secret_wipe(text.p, text.len);
	return code;
}

static enum oauth_kind kind_of(struct str word)
{
	static const char *const words[] = { [OAUTH_FORGEJO] = "forgejo",
		[OAUTH_GITEA] = "gitea",
		[OAUTH_GITHUB] = "github",
		[OAUTH_OIDC] = "oidc" };

	for (enum oauth_kind k = OAUTH_FORGEJO; k < OAUTH_OIDC; k++)
		if (str_eq(word, str_z(words[k])))
			return k;
	return OAUTH_OIDC; /* the table has checked the word */
}

/* The code of an err_set() that a caller knows better. */
static enum err_code as_config(struct err *e)
{
	if (e)
		e->code = ERR_CONFIG;
	return ERR_CONFIG;
}

static enum err_code read_lines(
	const struct settings *s, struct config *c, struct oauth_config *o, struct err *e)
{
	struct str sub = o->provider.name;

	o->allow = arena_array(&c->arena, setting_count_of(s, SET_OAUTH_ALLOW, sub), sizeof *o->allow);
	o->roles = arena_array(&c->arena, setting_count_of(s, SET_OAUTH_ROLE, sub), sizeof *o->roles);
	for (const struct setting_entry *x = s->first; x; x = x->next) {
		if (!str_eq_nocase(x->sub, sub))
			continue;
		if (x->id == SET_OAUTH_ALLOW) {
			if (oauth_allow_check(x->text, e) != ERR_OK) {
				err_in(e, "%s: oauth.%.*s.allow", x->from, STR_FMT(sub));
				return as_config(e);
			}
			o->allow[o->n_allow++] = arena_str(&c->arena, x->text);
		} else if (x->id == SET_OAUTH_ROLE) {
			if (oauth_role_parse(o->provider.kind, x->text, &c->arena, &o->roles[o->n_roles++],
				    e) != ERR_OK) {
				err_in(e, "%s: oauth.%.*s.role", x->from, STR_FMT(sub));
				return as_config(e);
			}
		}
	}
	return ERR_OK;
}

/* Whose answer is taken for whose repos: another forge must not say who reads these. */
static enum err_code check_forge(
	const struct config *c, const struct oauth_config *o, const char *from, struct err *e)
{
	struct str name = o->provider.name, url = o->provider.url;

	for (size_t i = 0; i < c->n_forges; i++) {
		const struct forge_config *f = &c->forges[i];

		if (!str_eq_nocase(f->name, name))
			continue;
		if (f->url.len > 0 && str_eq_nocase(f->url, url))
			return ERR_OK;
		return err_set(e, ERR_CONFIG,
			"%s: oauth.%.*s.members: [forge \"%.*s\"] has the url %.*s, and [oauth \"%.*s\"] "
			"%.*s: they "
			"must be one, for its answers say who reads the repos of that forge",
			from, STR_FMT(name), STR_FMT(name), STR_FMT(f->url.len > 0 ? f->url : STR("(none)")),
			STR_FMT(name), STR_FMT(url));
	}
	return err_set(e, ERR_CONFIG,
		"%s: oauth.%.*s.members: there is no [forge \"%.*s\"]; it says who reads the repos of the "
		"forge of "
		"that name: write one, with url = %.*s",
		from, STR_FMT(name), STR_FMT(name), STR_FMT(url));
}

static enum err_code read_provider(const struct settings *s, struct config *c, struct str sub, struct err *e)
{
	struct oauth_config *o = &c->oauths[c->n_oauths];
	const struct setting_entry *kind, *url, *id, *link = setting_last_of(s, SET_OAUTH_LINK_EMAIL, sub),
						     *members = setting_last_of(s, SET_OAUTH_MEMBERS, sub);

	if (str_eq(sub, STR(".")) || str_eq(sub, STR("..")))
		return err_set(e, ERR_CONFIG, "[oauth \"%.*s\"]: the name is part of a path; take another",
			STR_FMT(sub));
	TRY(must_have(s, SET_OAUTH_KIND, sub, &kind, e));
	TRY(must_have(s, SET_OAUTH_URL, sub, &url, e));
	TRY(must_have(s, SET_OAUTH_CLIENT_ID, sub, &id, e));
	o->provider = (struct oauth_provider){
		.name = arena_str(&c->arena, sub),
		.kind = kind_of(kind->text),
		.url = arena_str(&c->arena, without_slashes(url->text)),
		.client_id = arena_str(&c->arena, id->text),
	};
	if (oauth_url_check(o->provider.kind, o->provider.url, e) != ERR_OK)
		return err_in(e, "%s: oauth.%.*s.url", url->from, STR_FMT(sub));
	o->members = members && members->number;
	if (o->members && o->provider.kind == OAUTH_OIDC)
		return err_set(e, ERR_CONFIG,
			"%s: oauth.%.*s.members: an OpenID provider has no repos; this is for a forge",
			members->from, STR_FMT(sub));
	if (o->members)
		TRY(check_forge(c, o, members->from, e));
	TRY(read_secret(s, c, sub, &o->provider.client_secret, e));
	TRY(read_lines(s, c, o, e));
	o->link_email = link && link->number;
	o->redirect_uri =
		arena_fmt(&c->arena, "%.*s/oauth/%.*s/callback", STR_FMT(c->public_url), STR_FMT(sub));
	c->n_oauths++;
	return ERR_OK;
}

enum err_code settings_oauth(const struct settings *s, struct config *c, struct err *e)
{
	TRY(read_public_url(s, c, e));
	c->oauths = arena_array(&c->arena, PROVIDERS_MAX, sizeof *c->oauths);
	for (const struct setting_entry *x = s->first; x; x = x->next) {
		if (!is_of_oauth(x) || config_oauth(c, x->sub))
			continue;
		if (c->public_url.len == 0)
			return err_set(e, ERR_CONFIG,
				"%s: [oauth \"%.*s\"] needs server.public-url: browsers come back to there",
				x->from, STR_FMT(x->sub));
		if (c->n_oauths == PROVIDERS_MAX)
			return err_set(
				e, ERR_CONFIG, "%s: more than %d [oauth] sections", x->from, PROVIDERS_MAX);
		TRY(read_provider(s, c, x->sub, e));
	}
	return ERR_OK;
}
