/* oauth_config: lines against what a provider says of a person. Names of forges are compared without case, as forges do. */
#include "service/oauth_config.h"

#define ORG STR("org:")
#define TEAM STR("team:")

enum err_code oauth_allow_check(struct str line, struct err *e)
{
	size_t at = str_find(line, '@');
	struct str rest = str_starts(line, ORG)    ? str_from(line, ORG.len)
			  : str_starts(line, TEAM) ? str_from(line, TEAM.len)
						   : line;
	bool good = rest.len > 0 && rest.len <= OAUTH_TEXT_MAX;

	for (size_t i = 0; i < rest.len; i++)
		good &= (unsigned char)rest.p[i] > ' ' && rest.p[i] != ',';
	if (at < line.len)
		good &= at + 1 < line.len && str_find(str_from(line, at + 1), '@') == line.len - at - 1;
	if (str_starts(line, TEAM))
		good &= str_find(rest, '/') < rest.len;
	if (!good)
		return err_set(e, ERR_INVALID,
			"\"%.80s\" is none of: *, LOGIN, org:NAME, team:ORG/TEAM, @DOMAIN, NAME@DOMAIN; one "
			"a line",
			line.p);
	return ERR_OK;
}

enum err_code oauth_role_parse(
	enum oauth_kind kind, struct str line, struct arena *a, struct oauth_role *ret, struct err *e)
{
	size_t colon = str_find(line, ':');
	struct oauth_role r = { .name = str_from(line, colon + 1) };

	r.is_org = str_starts(r.name, ORG);
	if (r.is_org)
		r.name = str_from(r.name, ORG.len);
	if (!role_find((struct str){ line.p, colon }, &r.role) || r.name.len == 0 ||
		r.name.len > OAUTH_TEXT_MAX ||
		(kind != OAUTH_OIDC && !r.is_org && str_find(r.name, '/') == r.name.len))
		return err_set(e, ERR_INVALID,
			"\"%.80s\" is not ROLE:%s, or ROLE:org:NAME; roles are admin, contributor, tester "
			"and user",
			line.p, kind == OAUTH_OIDC ? "GROUP" : "ORG/TEAM");
	r.name = arena_str(a, r.name);
	*ret = r;
	return ERR_OK;
}

unsigned oauth_config_asks(const struct oauth_config *c)
{
	unsigned what = 0;

	for (size_t i = 0; i < c->n_allow; i++)
		what |= str_starts(c->allow[i], ORG)    ? OAUTH_ORGS
			: str_starts(c->allow[i], TEAM) ? OAUTH_TEAMS
							: 0;
	for (size_t i = 0; i < c->n_roles; i++)
		what |= c->roles[i].is_org ? OAUTH_ORGS : OAUTH_TEAMS;
	return what;
}

static bool same(const struct oauth_config *c, struct str a, struct str b)
{
	return c->provider.kind == OAUTH_OIDC ? str_eq(a, b) : str_eq_nocase(a, b);
}

static bool is_in(const struct oauth_config *c, const struct oauth_names *names, struct str name)
{
	for (size_t i = 0; i < names->n; i++)
		if (same(c, names->v[i], name))
			return true;
	return false;
}

/* From the last @ on: what stands before may be quoted and have one in it (RFC 5321, 4.1.2). */
static struct str domain_of(struct str email)
{
	size_t at = email.len;

	while (at > 0 && email.p[at - 1] != '@')
		at--;
	return at > 0 ? str_from(email, at) : STR("");
}

static bool admits(const struct oauth_config *c, struct str line, const struct oauth_person *who)
{
	if (str_eq(line, STR("*")))
		return true;
	if (str_starts(line, ORG))
		return is_in(c, &who->orgs, str_from(line, ORG.len));
	if (str_starts(line, TEAM))
		return is_in(c, &who->teams, str_from(line, TEAM.len));
	if (line.p[0] == '@')
		return str_eq_nocase(domain_of(who->email), str_from(line, 1));
	if (str_find(line, '@') < line.len)
		return str_eq_nocase(who->email, line);
	return same(c, c->provider.kind == OAUTH_OIDC ? who->subject : who->login, line);
}

bool oauth_config_admits(const struct oauth_config *c, const struct oauth_person *who)
{
	for (size_t i = 0; i < c->n_allow; i++)
		if (admits(c, c->allow[i], who))
			return true;
	return false;
}

bool oauth_config_role(const struct oauth_config *c, const struct oauth_person *who, enum role *ret)
{
	enum role best = ROLE_USER;

	if (c->n_roles == 0)
		return false;
	for (size_t i = 0; i < c->n_roles; i++)
		if (c->roles[i].role > best &&
			is_in(c, c->roles[i].is_org ? &who->orgs : &who->teams, c->roles[i].name))
			best = c->roles[i].role;
	*ret = best;
	return true;
}
