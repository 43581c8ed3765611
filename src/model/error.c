/* error: the names of its words, of which error.tbl has one row each. */
#include "model/error.h"

#include <assert.h>

static const char *const role_names[] = {
#define ROLE(name, slug, ...) [ERROR_##name] = slug,
#include "model/error.tbl"
};

static const char *const class_names[] = {
#define CLASS(name, slug, ...) [CLASS_##name] = slug,
#include "model/error.tbl"
};

static const char *const severity_names[] = {
#define SEVERITY(name, slug, ...) [SEVERITY_##name] = slug,
#include "model/error.tbl"
};

static const char *const by_names[] = {
#define BY(name, slug, ...) [FOUND_BY_##name] = slug,
#include "model/error.tbl"
};

static const char *const type_names[] = {
#define TYPE(name, slug, ...) [TYPE_##name] = slug,
#include "model/error.tbl"
};

static const char *const state_names[] = {
#define STATE(name, slug, ...) [GROUP_##name] = slug,
#include "model/error.tbl"
};

static const struct {
	bool infrastructure;
	enum error_type type;
} classes[] = {
#define CLASS(name, slug, infrastructure, type, meaning) [CLASS_##name] = { infrastructure, TYPE_##type },
#include "model/error.tbl"
};

static const struct {
	bool in_errors, in_infrastructure;
} types[] = {
#define TYPE(name, slug, in_errors, in_infrastructure) [TYPE_##name] = { in_errors, in_infrastructure },
#include "model/error.tbl"
};

/* The place of a name in a list of n; n when it has none. */
static unsigned place(struct str name, const char *const *names, unsigned n)
{
	unsigned i = 0;

	while (i < n && !str_eq(name, str_z(names[i])))
		i++;
	return i;
}

const char *error_role_name(enum error_role r)
{
	assert(r < ERROR_N_ROLES);
	return role_names[r];
}

bool error_role_find(struct str name, enum error_role *ret)
{
	unsigned i = place(name, role_names, ERROR_N_ROLES);

	if (i < ERROR_N_ROLES)
		*ret = (enum error_role)i;
	return i < ERROR_N_ROLES;
}

const char *error_class_name(enum error_class c)
{
	assert(c < ERROR_N_CLASSES);
	return class_names[c];
}

bool error_class_find(struct str name, enum error_class *ret)
{
	unsigned i = place(name, class_names, ERROR_N_CLASSES);

	if (i < ERROR_N_CLASSES)
		*ret = (enum error_class)i;
	return i < ERROR_N_CLASSES;
}

const char *error_severity_name(enum error_severity s)
{
	assert(s < ERROR_N_SEVERITIES);
	return severity_names[s];
}

bool error_severity_find(struct str name, enum error_severity *ret)
{
	unsigned i = place(name, severity_names, ERROR_N_SEVERITIES);

	if (i < ERROR_N_SEVERITIES)
		*ret = (enum error_severity)i;
	return i < ERROR_N_SEVERITIES;
}

const char *error_by_name(enum error_by b)
{
	assert(b < ERROR_N_BYS);
	return by_names[b];
}

bool error_by_find(struct str name, enum error_by *ret)
{
	unsigned i = place(name, by_names, ERROR_N_BYS);

	if (i < ERROR_N_BYS)
		*ret = (enum error_by)i;
	return i < ERROR_N_BYS;
}

const char *error_type_name(enum error_type t)
{
	assert(t < ERROR_N_TYPES);
	return type_names[t];
}

bool error_type_find(struct str name, enum error_type *ret)
{
	unsigned i = place(name, type_names, ERROR_N_TYPES);

	if (i < ERROR_N_TYPES)
		*ret = (enum error_type)i;
	return i < ERROR_N_TYPES;
}

const char *group_state_name(enum group_state s)
{
	assert(s < GROUP_N_STATES);
	return state_names[s];
}

bool group_state_find(struct str name, enum group_state *ret)
{
	unsigned i = place(name, state_names, GROUP_N_STATES);

	if (i < GROUP_N_STATES)
		*ret = (enum group_state)i;
	return i < GROUP_N_STATES;
}

bool error_class_is_infrastructure(enum error_class c)
{
	assert(c < ERROR_N_CLASSES);
	return classes[c].infrastructure;
}

enum error_type error_type_of(enum error_class c)
{
	assert(c < ERROR_N_CLASSES);
	return classes[c].type;
}

bool error_type_in_errors(enum error_type t)
{
	assert(t < ERROR_N_TYPES);
	return types[t].in_errors;
}

bool error_type_in_infrastructure(enum error_type t)
{
	assert(t < ERROR_N_TYPES);
	return types[t].in_infrastructure;
}
