/*
 * finding: the list, and the names of the words of which finding.tbl has one row each.
 */
#include "explain/finding.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdlib.h>

static const char *const role_names[] = {
#define ROLE(name, slug, meaning) [FINDING_##name] = slug,
#include "explain/finding.tbl"
};
static const char *const class_names[] = {
#define CLASS(name, slug, infrastructure, meaning) [FINDING_##name] = slug,
#include "explain/finding.tbl"
};
static const bool class_is_infrastructure[] = {
#define CLASS(name, slug, infrastructure, meaning) [FINDING_##name] = infrastructure,
#include "explain/finding.tbl"
};
static const char *const severity_names[] = {
#define SEVERITY(name, slug, meaning) [FINDING_##name] = slug,
#include "explain/finding.tbl"
};
static const char *const by_names[] = {
#define BY(name, slug, meaning) [FINDING_BY_##name] = slug,
#include "explain/finding.tbl"
};

void findings_init(struct findings *f)
{
	*f = (struct findings){ 0 };
	arena_init(&f->arena);
}

void findings_done(struct findings *f)
{
	free(f->v);
	arena_done(&f->arena);
	*f = (struct findings){ 0 };
}

struct finding *findings_add(struct findings *f)
{
	if (f->n == FINDINGS_MAX) {
		f->full = true;
		return NULL;
	}
	if (f->n == f->cap) {
		f->cap = f->cap > 0 ? 2 * f->cap : 64;
		f->v = mem_grow(f->v, f->cap * sizeof *f->v);
	}
	f->v[f->n] = (struct finding){ 0 };
	return &f->v[f->n++];
}

struct str findings_keep(struct findings *f, struct str s)
{
	return s.len > 0 ? arena_str(&f->arena, s) : STR("");
}

struct str findings_keep_message(struct findings *f, struct str s)
{
	AUTO_BUF clean;

	if (s.len > FINDING_MESSAGE_MAX)
		s.len = FINDING_MESSAGE_MAX;
	buf_init(&clean, SIZE_MAX);
	utf8_clean(s, &clean);
	struct str kept = buf_view(&clean);
	if (kept.len > FINDING_MESSAGE_MAX)
		kept.len = utf8_floor(kept, FINDING_MESSAGE_MAX);
	return findings_keep(f, kept);
}

const char *finding_role_name(enum finding_role r)
{
	assert(r < FINDING_N_ROLES);
	return role_names[r];
}

const char *finding_class_name(enum finding_class c)
{
	assert(c < FINDING_N_CLASSES);
	return class_names[c];
}

const char *finding_severity_name(enum finding_severity s)
{
	assert(s < FINDING_N_SEVERITIES);
	return severity_names[s];
}

const char *finding_by_name(enum finding_by b)
{
	assert(b < FINDING_N_BYS);
	return by_names[b];
}

bool finding_class_is_infrastructure(enum finding_class c)
{
	assert(c < FINDING_N_CLASSES);
	return class_is_infrastructure[c];
}

/* The place of a name in a list of n; n when it has none. */
static unsigned place(struct str name, const char *const *names, unsigned n)
{
	unsigned i = 0;

	while (i < n && !str_eq(name, str_z(names[i])))
		i++;
	return i;
}

bool finding_role_find(struct str name, enum finding_role *ret)
{
	unsigned i = place(name, role_names, FINDING_N_ROLES);

	if (i < FINDING_N_ROLES)
		*ret = (enum finding_role)i;
	return i < FINDING_N_ROLES;
}

bool finding_class_find(struct str name, enum finding_class *ret)
{
	unsigned i = place(name, class_names, FINDING_N_CLASSES);

	if (i < FINDING_N_CLASSES)
		*ret = (enum finding_class)i;
	return i < FINDING_N_CLASSES;
}

bool finding_severity_find(struct str name, enum finding_severity *ret)
{
	unsigned i = place(name, severity_names, FINDING_N_SEVERITIES);

	if (i < FINDING_N_SEVERITIES)
		*ret = (enum finding_severity)i;
	return i < FINDING_N_SEVERITIES;
}
