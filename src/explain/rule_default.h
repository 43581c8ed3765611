#ifndef EXPLAIN_RULE_DEFAULT_H
#define EXPLAIN_RULE_DEFAULT_H
/* rule_default: the files of rules/, as tools/embed_rules.py puts them into the program. */
#include <stddef.h>

struct rule_default {
	const char *name; /* "rules/java.yaml" */
	const char *text;
};

extern const struct rule_default rule_defaults[]; /* by name */
extern const size_t rule_n_defaults;

#endif
