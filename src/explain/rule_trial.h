#ifndef EXPLAIN_RULE_TRIAL_H
#define EXPLAIN_RULE_TRIAL_H
/*
 * rule_trial: rules of a stranger, tried on texts before anybody takes them.
 *
 * They are read as a file of rules is (they may refer to the extents of the program by name) and stand alone: what other rules would have said of the
 * same line is not known here. Before a library sees a pattern it is measured: what is refused here compiles slowly, not wrongly. Within the
 * limits below rules compile in well under a second at worst, in milliseconds mostly (rule_trial.c has the measurements).
 *
 * Looking for matches is linear in the text, what is then done with each line that has one has a limit a line: a text can still be made for which
 * that is slow. So a trial asks after each piece whether it may go on.
 */
#include "explain/block.h"

#define RULE_TRIAL_TEXT_MAX 65536 /* bytes of YAML */
#define RULE_TRIAL_RULES 20
#define RULE_TRIAL_PATTERNS 100  /* of all kinds */
#define RULE_TRIAL_EXAMPLES 200  /* of all rules */
#define RULE_TRIAL_ALL_LOOSE 256 /* of all: what RULE_PATTERN_LOOSE says of one */
#define RULE_TRIAL_ALL_SIZE 4096 /* of all patterns of `match` together: characters, counts written out */

/* ERR_INVALID, field "rule": what is wrong, and where. Compiled; rules_free(). */
MUST_CHECK enum err_code rule_trial_load(struct str yaml, struct rules **ret, struct err *e);

struct rule_trial {
	bool heads_only;              /* only which lines: blocks are one line long */
	bool (*may_go_on)(void *arg); /* asked after each piece */
	/* Something that a rule matches, in the order of lines; valid for the call. False: enough. */
	bool (*each)(void *arg, const struct lines *l, const struct block *b);
	void *arg;
};

/* *ret_complete: all of the text was looked at, or it was enough. */
MUST_CHECK enum err_code rule_trial_run(
	struct rules *r, struct str text, const struct rule_trial *trial, bool *ret_complete, struct err *e);

#endif
