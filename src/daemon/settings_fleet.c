/*
 * settings_fleet: what the receiver of episodes takes, and its gates.
 */
#include "daemon/settings_table.h"

#include "model/repo.h"

#include <string.h>

#define GATES_MAX 16
#define META_FIELDS_MAX 32
#define META_FIELD_LEN_MAX 100

static const char default_remediation[] =
	"This was made by commit {your_commit}, which is not among the last {window} of {branch} (head: "
	"{head_commit}). Update the code on {host}: git fetch origin && git checkout {branch} && git pull "
	"--ff-only; "
	"restart what makes episodes, and make them anew.";

static struct str text_of(const struct settings *s, enum setting id, struct str sub)
{
	const struct setting_entry *x = setting_last_of(s, id, sub);
	struct str def = str_z(setting_rows[id].def);

	if (setting_rows[id].kind == KIND_CHOICE)
		def.len = str_find(def, ' ');
	return x ? x->text : def;
}

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
	struct str text = text_of(s, id, sub);

	return text.len > 0 ? arena_cstr(&c->arena, text) : NULL;
}

static struct str without_slash(struct str url)
{
	while (url.len > 0 && url.p[url.len - 1] == '/')
		url.len--;
	return url;
}

static enum err_code read_guards(const struct settings *s, struct gate_config *g, struct err *e)
{
	for (const struct setting_entry *x = s->first; x; x = x->next) {
		if (x->id != SET_GATE_GUARDS || !str_eq_nocase(x->sub, g->name))
			continue;
		if (str_eq(x->text, STR("episodes")))
			g->guards_episodes = true;
		else if (str_eq(x->text, STR("steps")))
			g->guards_steps = true;
		else
			return err_set(e, ERR_CONFIG,
				"%s: gate.%.*s.guards: \"%.60s\" is not one of: episodes steps", x->from,
				STR_FMT(g->name), x->text.p);
	}
	if (!g->guards_steps)
		g->guards_episodes = true;
	return ERR_OK;
}

/* Without a line there are two usual places; an empty line says that there are none. */
static void read_fallbacks(const struct settings *s, struct config *c, struct gate_config *g)
{
	size_t n = setting_count_of(s, SET_GATE_FALLBACK, g->name);

	g->fallbacks = arena_array(&c->arena, n + 2, sizeof *g->fallbacks);
	if (n == 0 && g->forge.repo.len > 0) {
		g->fallbacks[g->n_fallbacks++] =
			arena_cstr(&c->arena, arena_fmt(&c->arena, "/opt/%.*s", STR_FMT(g->forge.repo)));
		g->fallbacks[g->n_fallbacks++] =
			arena_cstr(&c->arena, arena_fmt(&c->arena, "/srv/git/%.*s/%.*s.git",
						      STR_FMT(g->forge.owner), STR_FMT(g->forge.repo)));
	}
	for (const struct setting_entry *x = s->first; x; x = x->next)
		if (x->id == SET_GATE_FALLBACK && str_eq_nocase(x->sub, g->name) && x->text.len > 0)
			g->fallbacks[g->n_fallbacks++] = arena_cstr(&c->arena, x->text);
}

static enum err_code check_source(struct arena *a, const struct gate_config *g, struct err *e)
{
	bool has_repo = g->forge.owner.len > 0 && g->forge.repo.len > 0;

	if (g->forge.url.len > 0 && !has_repo)
		return err_set(e, ERR_CONFIG, "[gate \"%.*s\"]: url needs owner and repo beside it",
			STR_FMT(g->name));
	if (g->guards_steps && !has_repo)
		return err_set(e, ERR_CONFIG,
			"[gate \"%.*s\"]: guards = steps needs owner and repo: whose steps they are",
			STR_FMT(g->name));
	if (has_repo &&
		repo_name_check(arena_fmt(a, "%.*s/%.*s", STR_FMT(g->forge.owner), STR_FMT(g->forge.repo)),
			e) != ERR_OK) {
		err_in(e, "[gate \"%.*s\"]: owner and repo", STR_FMT(g->name));
		return e ? (e->code = ERR_CONFIG) : ERR_CONFIG;
	}
	if (g->enabled && g->forge.url.len == 0 && !g->path && g->n_fallbacks == 0)
		return err_set(e, ERR_CONFIG,
			"[gate \"%.*s\"] has nothing to ask: set url, owner and repo (a forge), or path (a "
			"repository "
			"on this machine)",
			STR_FMT(g->name));
	return ERR_OK;
}

static enum commits_kind kind_of(struct str word)
{
	return str_eq(word, STR("github"))  ? COMMITS_GITHUB
	       : str_eq(word, STR("gitea")) ? COMMITS_GITEA
					    : COMMITS_FORGEJO;
}

static enum err_code read_gate(const struct settings *s, struct config *c, struct str sub, struct err *e)
{
	struct gate_config *g = &c->gates[c->n_gates++];
	struct str remediation = text_of(s, SET_GATE_REMEDIATION, sub);

	g->name = arena_str(&c->arena, sub);
	g->enabled = number_of(s, SET_GATE_ENABLED, sub) != 0;
	g->window = (size_t)number_of(s, SET_GATE_WINDOW, sub);
	g->refresh_ms = number_of(s, SET_GATE_REFRESH, sub) * 1000;
	g->forge = (struct commits_forge){
		.kind = kind_of(text_of(s, SET_GATE_KIND, sub)),
		.url = arena_str(&c->arena, without_slash(text_of(s, SET_GATE_URL, sub))),
		.owner = arena_str(&c->arena, text_of(s, SET_GATE_OWNER, sub)),
		.repo = arena_str(&c->arena, text_of(s, SET_GATE_REPO, sub)),
		.branch = arena_str(&c->arena, text_of(s, SET_GATE_BRANCH, sub)),
		.token = STR(""),
	};
	g->token_file = path_of(s, c, SET_GATE_TOKEN_FILE, sub);
	g->path = path_of(s, c, SET_GATE_PATH, sub);
	g->remediation = arena_str(&c->arena, remediation.len > 0 ? remediation : str_z(default_remediation));
	TRY(read_guards(s, g, e));
	read_fallbacks(s, c, g);
	return check_source(&c->arena, g, e);
}

static bool is_of_gate(const struct setting_entry *x)
{
	return strncmp(setting_rows[x->id].name, "gate.", 5) == 0;
}

static bool has_gate(const struct config *c, struct str name)
{
	for (size_t i = 0; i < c->n_gates; i++)
		if (str_eq_nocase(c->gates[i].name, name))
			return true;
	return false;
}

static enum err_code read_gates(const struct settings *s, struct config *c, struct err *e)
{
	c->gates = arena_array(&c->arena, GATES_MAX, sizeof *c->gates);
	for (const struct setting_entry *x = s->first; x; x = x->next) {
		if (!is_of_gate(x) || has_gate(c, x->sub))
			continue;
		if (c->n_gates == GATES_MAX)
			return err_set(e, ERR_CONFIG, "%s: more than %d [gate] sections", x->from, GATES_MAX);
		TRY(read_gate(s, c, x->sub, e));
	}
	return ERR_OK;
}

static enum err_code read_meta(const struct settings *s, struct config *c, struct err *e)
{
	c->fleet.meta = arena_array(&c->arena, META_FIELDS_MAX, sizeof *c->fleet.meta);
	for (const struct setting_entry *x = s->first; x; x = x->next) {
		if (x->id != SET_FLEET_META)
			continue;
		if (c->fleet.n_meta == META_FIELDS_MAX || x->text.len > META_FIELD_LEN_MAX)
			return err_set(e, ERR_CONFIG,
				"%s: fleet.meta: at most %d fields, of at most %d bytes each", x->from,
				META_FIELDS_MAX, META_FIELD_LEN_MAX);
		c->fleet.meta[c->fleet.n_meta++] = arena_str(&c->arena, x->text);
	}
	return ERR_OK;
}

static enum err_code check_listener(const struct settings *s, struct err *e)
{
	static const enum setting beside[] = { SET_FLEET_CERTIFICATE, SET_FLEET_KEY, SET_FLEET_CLIENT_CA };

	if (setting_text(s, SET_FLEET_LISTEN).len == 0)
		return ERR_OK;
	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
		if (setting_text(s, beside[i]).len == 0)
			return err_set(e, ERR_CONFIG, "fleet.listen needs %s beside it",
				setting_rows[beside[i]].name);
	return ERR_OK;
}

enum err_code settings_fleet(const struct settings *s, struct config *c, struct err *e)
{
	c->fleet.check = setting_number(s, SET_FLEET_CHECK) != 0;
	c->fleet.episode_bytes = setting_number(s, SET_FLEET_EPISODE_BYTES);
	c->fleet.unpacked_bytes = setting_number(s, SET_FLEET_UNPACKED_BYTES);
	c->fleet.ratio = setting_number(s, SET_FLEET_RATIO);
	c->fleet.entries = setting_number(s, SET_FLEET_ENTRIES);
	c->fleet.file_bytes = setting_number(s, SET_FLEET_FILE_BYTES);
	c->fleet.uploads = setting_number(s, SET_FLEET_UPLOADS);
	c->fleet.hosts = setting_number(s, SET_FLEET_HOSTS);
	c->fleet.free_bytes = setting_number(s, SET_FLEET_FREE_BYTES);
	TRY(read_meta(s, c, e));
	TRY(check_listener(s, e));
	return read_gates(s, c, e);
}
