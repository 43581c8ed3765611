/*
 * scope, role: the names from scope.tbl and role.tbl, forth and back.
 *
 * An unknown name is an error and never dropped: a token that silently lacks a scope fails much later,
 * and one whose "runs:wirte" was taken as nothing would look more careful than it is.
 */
#include "model/scope.h"

#include <assert.h>

static const char *const scope_names[SCOPE_N] = {
#define SCOPE(name, text, prose) [SCOPE_##name] = text,
#include "model/scope.tbl"
#undef SCOPE
};

static const struct {
	const char *name;
	scope_set scopes;
} roles[ROLE_N] = {
#define ROLE(name, text, scopes, prose) [ROLE_##name] = { text, scopes },
#include "model/role.tbl"
#undef ROLE
};

const char *scope_name(enum scope s)
{
	assert(s < SCOPE_N);
	return scope_names[s];
}

bool scope_find(struct str name, enum scope *ret_scope)
{
	for (unsigned i = 0; i < SCOPE_N; i++) {
		if (str_eq(name, str_z(scope_names[i]))) {
			*ret_scope = (enum scope)i;
			return true;
		}
	}
	return false;
}

void scope_write(scope_set set, struct buf *out)
{
	const char *between = "";

	for (unsigned i = 0; i < SCOPE_N; i++) {
		if (!(set & SCOPE_BIT(i)))
			continue;
		buf_z(out, between);
		buf_z(out, scope_names[i]);
		between = " ";
	}
}

static enum err_code unknown_scope(struct str name, struct err *e)
{
	AUTO_BUF all;

	buf_init(&all, 1024);
	scope_write(SCOPE_ALL, &all);
	if (name.len > 40)
		name.len = 40;
	return err_set(e, ERR_INVALID, "\"%.*s\" is no scope; there are: %s", STR_FMT(name), buf_cstr(&all));
}

enum err_code scope_parse(struct str text, scope_set *ret_set, struct err *e)
{
	scope_set set = 0;

	for (size_t at = 0; at < text.len;) {
		size_t end = at;
		while (end < text.len && text.p[end] != ' ' && text.p[end] != ',')
			end++;

		struct str name = { text.p + at, end - at };
		enum scope s;
		if (name.len > 0) {
			if (!scope_find(name, &s))
				return unknown_scope(name, e);
			set |= SCOPE_BIT(s);
		}
		at = end + 1;
	}
	*ret_set = set;
	return ERR_OK;
}

const char *role_name(enum role r)
{
	assert(r < ROLE_N);
	return roles[r].name;
}

bool role_find(struct str name, enum role *ret_role)
{
	for (unsigned i = 0; i < ROLE_N; i++) {
		if (str_eq(name, str_z(roles[i].name))) {
			*ret_role = (enum role)i;
			return true;
		}
	}
	return false;
}

scope_set role_scopes(enum role r)
{
	assert(r < ROLE_N);
	return roles[r].scopes;
}
