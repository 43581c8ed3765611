/* rule_list: see the header. */
#include "service/rule_list.h"

#include "base/utf8.h"
#include "explain/matcher.h"
#include "explain/rule.h"

#include <stdlib.h>

static struct str keep(struct rule_list *l, struct str s)
{
	if (s.len > RULE_LIST_TEXT_MAX)
		s.len = utf8_floor(s, RULE_LIST_TEXT_MAX);
	return arena_str(&l->arena, s);
}

struct rule_list *rule_list_new(const struct rules *rules, const char *problem)
{
	struct rule_list *l = mem_alloc(sizeof *l);

	*l = (struct rule_list){ .n = rules->n, .n_matchers = matchers_count(rules->matchers), .n_refs = 1 };
	arena_init(&l->arena);
	l->v = arena_array(&l->arena, l->n, sizeof *l->v);
	l->version = arena_str(&l->arena, str_z(rules->version.z));
	l->problem = arena_str(&l->arena, str_z(problem));
	for (size_t i = 0; i < l->n; i++) {
		const struct rule *r = &rules->v[i];

		l->v[i] = (struct rule_fact){
			.id = keep(l, r->id),
			.tool = keep(l, r->tool),
			.advice = keep(l, r->advice),
			.file = keep(l, r->file),
			.class = r->class,
			.severity = r->severity,
			.role = r->role,
			.weight = r->weight,
			.precedence = r->precedence,
			.n_patterns = r->n_patterns,
			.n_examples = rule_n_examples(r),
			.ignore = r->ignore,
			.built_in = r->built_in,
		};
	}
	return l;
}

struct rule_list *rule_list_ref(struct rule_list *l)
{
	__atomic_add_fetch(&l->n_refs, 1, __ATOMIC_RELAXED);
	return l;
}

void rule_list_unref(struct rule_list *l)
{
	if (!l || __atomic_sub_fetch(&l->n_refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	arena_done(&l->arena);
	free(l);
}
