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
	bool by_code;
	enum error_type type;
} classes[] = {
#define CLASS(name, slug, by_code, type, meaning) [CLASS_##name] = { by_code, TYPE_##type },
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

/* The two ways of a kind of words: from the value to its name, and back. */
#define WORDS(kind, n, names)                                                                                \
	const char *kind##_name(enum kind x)                                                                 \
	{                                                                                                    \
		assert((unsigned)x < (n));                                                                   \
		return names[x];                                                                             \
	}                                                                                                    \
                                                                                                             \
	bool kind##_find(struct str name, enum kind *ret)                                                    \
	{                                                                                                    \
		unsigned i = place(name, names, n);                                                          \
                                                                                                             \
		if (i < (n))                                                                                 \
			*ret = (enum kind)i;                                                                 \
		return i < (n);                                                                              \
	}

WORDS(error_role, ERROR_N_ROLES, role_names)
WORDS(error_class, ERROR_N_CLASSES, class_names)
WORDS(error_severity, ERROR_N_SEVERITIES, severity_names)
WORDS(error_by, ERROR_N_BYS, by_names)
WORDS(error_type, ERROR_N_TYPES, type_names)
WORDS(group_state, GROUP_N_STATES, state_names)

bool error_class_is_for_code(enum error_class c)
{
	assert(c < ERROR_N_CLASSES);
	return classes[c].by_code;
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
