#ifndef SERVICE_OAUTH_CONFIG_H
#define SERVICE_OAUTH_CONFIG_H
/*
 * oauth_config: an [oauth "NAME"] of the settings: who is asked, who may come, and which role they get.
 *
 * allow, each line one of
 *	*		whoever has an account there
 *	LOGIN		an account of a forge, by its name, without regard to case. Of an OpenID provider its subject (`sub`), to the letter: what such
 *			a provider calls a user name may be changed by its owner, and may belong to two (OpenID Connect Core 1.0, 5.7)
 *	org:NAME	who is in that organisation of the forge, or in that group (`groups`) of the OpenID provider
 *	team:ORG/TEAM	who is in that team
 *	@DOMAIN		who has a verified e-mail address there
 *	NAME@DOMAIN	who has that verified e-mail address
 * Without any line nobody new may come; who has come before, or was tied to an account by an admin, still may.
 *
 * role = ROLE:ORG/TEAM (of an OpenID provider ROLE:GROUP; ROLE:org:NAME for a whole organisation).
 */
#include "forge/oauth.h"
#include "model/scope.h"

struct oauth_role {
	enum role role;
	bool is_org; /* name is of an organisation, not of a team */
	struct str name;
};

struct oauth_config {
	struct oauth_provider provider;
	struct str redirect_uri;
	struct str *allow;
	size_t n_allow;
	struct oauth_role *roles;
	size_t n_roles;
	bool members;    /* of a forge: it is asked who may read the repos that are for members */
	bool link_email; /* an account whose verified address a user here has already is that user's */
};

/* ERR_INVALID: no such line, and what there is. */
MUST_CHECK enum err_code oauth_allow_check(struct str line, struct err *e);
MUST_CHECK enum err_code oauth_role_parse(
	enum oauth_kind kind, struct str line, struct arena *a, struct oauth_role *ret, struct err *e);

/* What has to be asked for to judge: OAUTH_ORGS, OAUTH_TEAMS. */
unsigned oauth_config_asks(const struct oauth_config *c);
bool oauth_config_admits(const struct oauth_config *c, const struct oauth_person *who);
/* The highest role that a line gives, ROLE_USER if none does. False: roles are not given by lines at all. */
bool oauth_config_role(const struct oauth_config *c, const struct oauth_person *who, enum role *ret);

#endif
