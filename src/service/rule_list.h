#ifndef SERVICE_RULE_LIST_H
#define SERVICE_RULE_LIST_H
/*
 * rule_list: which rules are in force, as plain facts: an immutable list that is shared by reference count, so that who wants to tell of the rules needs
 * not load them.
 *
 * The explainer makes one whenever it has loaded rules (explainer_rule_list). It has as many rules as a set may have (RULES_MAX), and of each text of a
 * rule at most RULE_LIST_TEXT_MAX bytes.
 */
#include "base/arena.h"
#include "model/error.h"

#define RULE_LIST_TEXT_MAX 2000

struct rule_fact {
	struct str id, tool, advice, file;
	enum error_class class;
	enum error_severity severity;
	enum error_role role;
	int64_t weight, precedence;
	size_t n_patterns, n_examples;
	bool ignore, built_in;
};

struct rule_list {
	struct rule_fact *v; /* in the order in which they were loaded */
	size_t n;
	size_t n_matchers;  /* problem matchers, beside the rules */
	struct str version; /* digest of all that they say */
	struct str problem; /* why those of the folders are not the newest; empty: they are */

	/* rule_list.c's */
	struct arena arena;
	int n_refs;
};

/* problem: NULL or its text. With one reference. */
struct rules;
struct rule_list *rule_list_new(const struct rules *rules, const char *problem);
struct rule_list *rule_list_ref(struct rule_list *l);
void rule_list_unref(struct rule_list *l); /* NULL is fine */

#endif
