/*
 * repo: which names a repo and a forge may have.
 *
 * The rule is the narrowest that all three forges keep, and narrow enough that a checked name may stand in
 * a URL, a path or a command without quoting: "." and ".." are out. Whether such a repo is there, or
 * watched, is not asked here.
 */
#include "model/repo.h"

#include <assert.h>

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '.' || c == '-';
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_name_char(s.p[i]))
			return false;
	return s.len > 0;
}

static bool is_dots(struct str s)
{
	return str_eq(s, STR(".")) || str_eq(s, STR(".."));
}

enum err_code repo_name_check(struct str name, struct err *e)
{
	if (name.len > REPO_NAME_MAX)
		return err_set(e, ERR_INVALID, "repo has %zu characters; at most %d are allowed", name.len,
			REPO_NAME_MAX);

	size_t slash = str_find(name, '/');
	if (slash == name.len)
		return err_set(e, ERR_INVALID, "repo must be owner/name; there is no '/' in it");

	struct str owner = { name.p, slash }, rest = str_from(name, slash + 1);
	if (owner.len == 0 || rest.len == 0)
		return err_set(e, ERR_INVALID, "repo must be owner/name; one half of it is empty");
	if (!is_name(owner) || !is_name(rest))
		return err_set(e, ERR_INVALID,
			"repo must be owner/name, each of letters, digits and '_', '.', '-' only");
	if (is_dots(owner) || is_dots(rest))
		return err_set(e, ERR_INVALID, "neither half of a repo may be \".\" or \"..\"");
	return ERR_OK;
}

enum err_code forge_name_check(struct str name, struct err *e)
{
	if (name.len > FORGE_NAME_MAX)
		return err_set(e, ERR_INVALID, "forge has %zu characters; at most %d are allowed", name.len,
			FORGE_NAME_MAX);
	if (!is_name(name))
		return err_set(e, ERR_INVALID,
			"forge must be a name of letters, digits and '_', '.', '-', as in [forge \"NAME\"]");
	return ERR_OK;
}

static const char *const visibilities[VISIBILITY_N] = {
	[VISIBLE_USERS] = "users", [VISIBLE_MEMBERS] = "members"
};

const char *visibility_name(enum visibility v)
{
	assert(v < VISIBILITY_N);
	return visibilities[v];
}

bool visibility_find(struct str name, enum visibility *ret)
{
	for (unsigned i = 0; i < VISIBILITY_N; i++) {
		if (str_eq(name, str_z(visibilities[i]))) {
			*ret = (enum visibility)i;
			return true;
		}
	}
	return false;
}
